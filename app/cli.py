"""The command line: every command calls the same functions as the pages and the notebooks."""

from __future__ import annotations

import atexit
import io
import json
import math
import os
import signal
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from app.commands.compare import compare
from app.commands.connect import connect
from app.commands.dashboard import dashboard
from app.commands.duplicates import duplicates
from app.commands.evaluate import evaluate
from app.commands.export import export
from app.commands.flows import flows
from app.commands.gaps import gaps
from app.commands.hotspots import hotspots
from app.commands.import_case import import_case
from app.commands.lock import lock
from app.commands.minutes import minutes
from app.commands.operations import operations
from app.commands.pack import pack
from app.commands.placements import placements
from app.commands.plan import plan
from app.commands.profile import profile
from app.commands.times import times
from app.options import (
    AsOfOption,
    Case,
    Dates,
    DatesOption,
    DecisionsOption,
    GeographyOption,
    Grades,
    GradesOption,
    OutOption,
    Role,
    RoleOption,
    SeedOption,
    Stopped,
    found_case,
    print_faults,
    print_notes,
    report,
    usage,
    viewed,
)

cli = typer.Typer(
    name="contextmap",
    help="Map who and what is linked, and where, from the records a safeguarding hub already holds.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Engine = Enum("Engine", {"duckdb": "duckdb", "spark": "spark"}, type=str)
# The widest window there can be a use for.
YEAR_HOURS = 8760


def main() -> NoReturn:
    """Run the command line: exit 0 done, 1 the input has faults, 2 wrong usage."""
    raise SystemExit(_run())


def start() -> NoReturn:
    """Run the command line as a process of its own, and end it at once."""
    code = _run()
    # Taking the interpreter apart would free, in a quarter of a second, what ends with the process anyway.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run() -> int:
    from mapping.tables import CaseError
    from mapping.text import visible

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal cannot show is written out, not fatal
            stream.reconfigure(errors="backslashreplace")
    try:
        cli(standalone_mode=True)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except CaseError as error:
        print_faults(error.faults)
    except (Stopped, OSError, ValueError, KeyError) as error:
        sentence = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"contextmap: {visible(str(sentence))}", file=sys.stderr)
    return 1


@cli.command()
def demo(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Where to write the case; a new or empty folder, or an earlier demo."
        ),
    ],
    children: Annotated[
        int | None,
        typer.Option(min=20, metavar="N", help="How many children; by default the calibrated demo."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Another seed gives another invented borough.")] = 1,
) -> None:
    """Write a synthetic case with its own invented geography, calibrated to published hub figures."""
    from mapping.synthetic import write_demo

    written = write_demo(folder, children=children, seed=seed)
    print(
        f"Wrote a synthetic case to {written}. Everyone and every place in it is invented. See it with: contextmap serve {written}"
    )


@cli.command()
def check(
    case: Case,
    *,
    dates: DatesOption = Dates.iso,
    as_json: Annotated[bool, typer.Option("--json", help="Print the faults as JSON for programs.")] = False,
) -> None:
    """Validate every row of a case against the contract and print each fault."""
    from app.analysis import load_case, load_geography
    from mapping.records import rejected_faults
    from mapping.tables import CaseError

    try:
        records = load_case(case, load_geography(case), dates=dates.value)
    except CaseError as error:
        if as_json:
            faults = [vars(fault) for fault in error.faults]
            print(
                json.dumps(
                    {"readable": False, "faults": faults, "rows": {}, "notes": []},
                    indent=2,
                    ensure_ascii=False,
                )
            )
            raise typer.Exit(1) from None
        raise
    faults = rejected_faults(records.rejected)
    if as_json:
        print(
            json.dumps(
                {
                    "readable": True,
                    "faults": [vars(fault) for fault in faults],
                    "rows": records.counts,
                    "notes": list(records.notes),
                },
                indent=2,
                ensure_ascii=False,
            )
        )
    else:
        print_notes(records.notes)
        print_faults(faults)
        from app import words

        read = sum(counts["read"] for counts in records.counts.values())
        print(
            f"{words.count(read, 'row')} read in {words.count(sum(1 for c in records.counts.values() if c['read']), 'table')}; {words.count(len(faults), 'fault')}."
        )
    raise typer.Exit(1 if faults else 0)


@cli.command()
def analyse(
    case: Case,
    *,
    out: OutOption,
    geography: GeographyOption = None,
    decisions: DecisionsOption = None,
    as_of: AsOfOption = None,
    seed: SeedOption = 0,
    engine: Annotated[Engine, typer.Option(help="What runs the joins.")] = Engine.duckdb,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Refuse a case with any fault, instead of setting faulty rows aside."),
    ] = False,
    dates: DatesOption = Dates.iso,
    grades: GradesOption = Grades.all,
    viewer: RoleOption = Role.analyst,
    half_life: Annotated[
        str, typer.Option(metavar="DAYS", help="Days after which an item counts half, or 'none'.")
    ] = "180",
    window: Annotated[
        float, typer.Option(metavar="HOURS", help="How far apart two sightings at a place may be.")
    ] = 2.0,
    items: Annotated[
        bool | None,
        typer.Option(
            "--items/--no-items", help="Write the items of every link; by default up to a million links."
        ),
    ] = None,
    resolution: Annotated[
        float | None,
        typer.Option(help="How closely linked a group is; docs/methods.md says how the default was chosen."),
    ] = None,
    resamples: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="How often reports are resampled to say how sure each group is; by default 100 up to 5,000 people, none above.",
        ),
    ] = None,
    chance: Annotated[
        bool | None,
        typer.Option(
            "--chance/--no-chance",
            help="Test links of co-presence and shared contacts against chance; by default up to 5,000 people.",
        ),
    ] = None,
) -> None:
    """Find links, groups, shared contacts and ward figures, and write them as Parquet."""
    if engine is Engine.spark:
        usage("--engine spark is not there yet. Use duckdb, the default.")
    if not 0 < window <= YEAR_HOURS:
        usage(f"--window {window} is not a number of hours above zero, up to a year ({YEAR_HOURS}).")
    if resolution is not None and not 0 < resolution < math.inf:
        usage(f"--resolution {resolution} is not a number above zero.")
    out = out.resolve()
    from app import analysis
    from app.results import validate_out

    settings: dict[str, Any] = {
        "seed": seed,
        "grades": grades.value,
        "half_life": _half_life(half_life),
        "window_hours": window,
        "resamples": resamples,
        "chance": chance,
        **viewed(as_of, viewer),
    }
    if resolution is not None:
        settings["resolution"] = resolution
    validate_out(out, analysis.FILES)
    result = analysis.analyse(
        case,
        geography=geography,
        decisions=decisions,
        dates=dates.value,
        strict=strict,
        wait=False,
        progress=report,
        **settings,
    )
    analysis.save_results(result, out, with_items=items)
    _print_summary(result.summary, out)


@cli.command()
def serve(
    case: Annotated[
        str | None,
        typer.Argument(
            metavar="[CASE]",
            help="Case folder, or the URL of a store; by default what CONTEXTMAP_CASE names, else the bundled demo.",
        ),
    ] = None,
    *,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8501,
    dates: DatesOption = Dates.iso,
) -> None:
    """Open the app on 127.0.0.1; nothing leaves this machine."""
    from mapping.checkouts import is_store

    named = (
        case
        or os.environ.get("CONTEXTMAP_CASE")
        or str(Path(__file__).parents[1] / "data" / "synthetic" / "demo")
    )
    chosen = found_case(named)
    if not chosen.exists():
        msg = f"There is no case {chosen}. Write one with: contextmap demo DIR"
        raise Stopped(msg)
    app = Path(__file__).with_name("main.py")
    print(
        f"Contextmap opens on http://127.0.0.1:{port} with {_shown(named)}. Stop it with Ctrl+C.", flush=True
    )
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(app),
        "--server.address=127.0.0.1",
        f"--server.port={port}",
    ]
    settings = ["--server.headless=true", "--browser.gatherUsageStats=false"]
    shown = named if is_store(named) else str(chosen.resolve())
    environment = {**os.environ, "CONTEXTMAP_CASE": shown, "CONTEXTMAP_DATES": dates.value}
    with subprocess.Popen([*command, *settings], env=environment, cwd=app.parent) as running:
        # The app clears away what it wrote out for this run, if it is asked to end and given the time.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: running.terminate())
    raise SystemExit(running.returncode)


cli.command()(compare)
cli.command()(connect)
cli.command()(operations)
cli.command()(hotspots)
cli.command()(times)
cli.command()(placements)
cli.command()(plan)
cli.command()(pack)
cli.command()(profile)
cli.command()(duplicates)
cli.command()(gaps)
cli.command()(dashboard)
cli.command()(flows)
cli.command()(export)
cli.command()(evaluate)
cli.command("import")(import_case)
cli.command()(minutes)
cli.command()(lock)


def _shown(named: str) -> str:
    """Return what names a case as it may be printed."""
    from mapping.checkouts import is_store

    if not is_store(named):
        return named
    from mapping.store import shown_url

    return shown_url(named)


def _half_life(text: str) -> float | None:
    if text.lower() == "none":
        return None
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days < math.inf:
        usage(f"--half-life {text!r} is not a number of days above zero, nor 'none'.")
    return days


def _print_summary(summary: dict[str, Any], out: Path) -> None:
    results, faults = summary["results"], sum(summary["rejected"].values())
    print_notes((*summary["notes"], *summary["geography"]["notes"], *summary["certainty"].get("notes", ())))
    found = ", ".join(
        f"{results[name]:,} {name.replace('_', ' ')}"
        for name in ("links", "groups", "shared_contacts", "wards")
        if name in results
    )
    print(f"As of {summary['as_of'] or 'no date'}: {found}; {faults:,} faults set aside. Written to {out}.")
