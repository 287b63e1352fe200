"""The command line: every command calls the same functions as the pages and the notebooks."""

from __future__ import annotations

import atexit
import io
import json
import math
import os
import subprocess
import sys
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mapping.tables import Fault

cli = typer.Typer(
    name="contextmap",
    help="Map who and what is linked, and where, from the records a safeguarding hub already holds.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Dates = Enum("Dates", {"iso": "iso", "dmy": "dmy"}, type=str)
Engine = Enum("Engine", {"duckdb": "duckdb", "spark": "spark"}, type=str)
Grades = Enum("Grades", {"A_B": "A-B", "A_C": "A-C", "all": "all"}, type=str)
Role = Enum("Role", {role: role for role in ("analyst", "social_worker", "chair", "planner")}, type=str)
Format = Enum(
    "Format", {name: name for name in ("graphml", "gexf", "anx", "html", "csv", "geojson")}, type=str
)
# The widest window there can be a use for.
YEAR_HOURS = 8760
WRITTEN_NOW = ("graphml", "html")

Case = Annotated[
    Path, typer.Argument(metavar="CASE", help="Case folder of CSV or Parquet tables, or an .xlsx workbook.")
]
DatesOption = Annotated[
    Dates, typer.Option(help="How dates are written: iso reads 2025-03-31; dmy also reads 31/03/2025.")
]
GeographyOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of official open files; by default geography/ in the case."),
]
AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        metavar="DATE",
        help="What the hub knew by this day; by default the latest date in the records.",
    ),
]
GradesOption = Annotated[
    Grades,
    typer.Option(
        help="Only evidence whose information grade is in this band; ungraded rows count under all only."
    ),
]
RoleOption = Annotated[
    Role,
    typer.Option(
        "--viewer", help="Whose view: what that role may not see is left out before anything is computed."
    ),
]
SeedOption = Annotated[int, typer.Option(help="Seed, wherever chance enters.")]


class Stopped(Exception):
    """A fault of the input, already put into words."""


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
        _print_faults(error.faults)
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
        _print_notes(records.notes)
        _print_faults(faults)
        read = sum(counts["read"] for counts in records.counts.values())
        print(
            f"{read:,} rows read in {sum(1 for c in records.counts.values() if c['read'])} tables; {len(faults):,} faults."
        )
    raise typer.Exit(1 if faults else 0)


@cli.command()
def analyse(
    case: Case,
    *,
    out: Annotated[
        Path,
        typer.Option(metavar="OUT", help="Folder for the results; a new or empty one, or an earlier result."),
    ],
    geography: GeographyOption = None,
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
) -> None:
    """Find links, groups, shared contacts and ward figures, and write them as Parquet."""
    if engine is Engine.spark:
        _usage("--engine spark is not there yet. Use duckdb, the default.")
    if not 0 < window <= YEAR_HOURS:
        _usage(f"--window {window} is not a number of hours above zero, up to a year ({YEAR_HOURS}).")
    if resolution is not None and not 0 < resolution < math.inf:
        _usage(f"--resolution {resolution} is not a number above zero.")
    out = out.resolve()
    from app import analysis

    settings: dict[str, Any] = {
        "seed": seed,
        "grades": grades.value,
        "half_life": _half_life(half_life),
        "window_hours": window,
        **_viewed(as_of, viewer),
    }
    if resolution is not None:
        settings["resolution"] = resolution
    analysis.validate_out(out)
    result = analysis.analyse(
        case, geography=geography, dates=dates.value, strict=strict, wait=False, progress=_report, **settings
    )
    analysis.save_results(result, out, with_items=items)
    _print_summary(result.summary, out)


@cli.command()
def serve(
    case: Annotated[
        Path | None, typer.Argument(metavar="[CASE]", help="Case folder; by default the bundled demo.")
    ] = None,
    *,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8501,
    dates: DatesOption = Dates.iso,
) -> None:
    """Open the app on 127.0.0.1; nothing leaves this machine."""
    chosen = case or Path(__file__).parents[1] / "data" / "synthetic" / "demo"
    if not chosen.exists():
        msg = f"There is no case {chosen}. Write one with: contextmap demo DIR"
        raise Stopped(msg)
    app = Path(__file__).with_name("main.py")
    print(f"Contextmap opens on http://127.0.0.1:{port} with {chosen}. Stop it with Ctrl+C.", flush=True)
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
    environment = {**os.environ, "CONTEXTMAP_CASE": str(chosen.resolve()), "CONTEXTMAP_DATES": dates.value}
    raise SystemExit(
        subprocess.run([*command, *settings], env=environment, cwd=app.parent, check=False).returncode
    )


@cli.command()
def export(
    case: Case,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    *,
    to: Annotated[
        Format,
        typer.Option(
            "--format", help="graphml for other network tools, html for a file that opens anywhere."
        ),
    ],
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    grades: GradesOption = Grades.all,
    viewer: RoleOption = Role.analyst,
    group: Annotated[
        str | None, typer.Option(metavar="GROUP_ID", help="Only this group and what touches it.")
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="Full names in place of initials.")] = False,
) -> None:
    """Write the network for another tool."""
    if to.value not in WRITTEN_NOW:
        _usage(f"--format {to.value} is not there yet. Use {' or '.join(WRITTEN_NOW)}.")
    from app import analysis
    from app import export as writing

    result = analysis.analyse(
        case, geography=geography, dates=dates.value, grades=grades.value, **_viewed(as_of, viewer)
    )
    writing.export(result, out, form=to.value, group=group, names=names)
    print(f"Wrote {out}.")


def _viewed(as_of: datetime | None, viewer: Role) -> dict[str, Any]:
    from mapping.access import Viewer

    day: date | None = None if as_of is None else as_of.date()
    return {"as_of": day, "viewer": Viewer(viewer.value)}


def _half_life(text: str) -> float | None:
    if text.lower() == "none":
        return None
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days < math.inf:
        _usage(f"--half-life {text!r} is not a number of days above zero, nor 'none'.")
    return days


def _usage(message: str) -> NoReturn:
    print(f"contextmap: {message}", file=sys.stderr)
    raise typer.Exit(2)


def _report(stage: str, seconds: float) -> None:
    print(f"{stage:<36} {seconds:8.2f} s", file=sys.stderr, flush=True)


def _print_summary(summary: dict[str, Any], out: Path) -> None:
    results, faults = summary["results"], sum(summary["rejected"].values())
    _print_notes((*summary["notes"], *summary["geography"]["notes"]))
    found = ", ".join(
        f"{results[name]:,} {name.replace('_', ' ')}"
        for name in ("links", "groups", "shared_contacts", "wards")
        if name in results
    )
    print(f"As of {summary['as_of'] or 'no date'}: {found}; {faults:,} faults set aside. Written to {out}.")


def _print_notes(notes: Iterable[str]) -> None:
    from mapping.text import one_line

    for note in notes:
        print(f"Note: {one_line(note)}")


def _print_faults(faults: Iterable[Fault]) -> None:
    """Print one line a fault: table, row, column, value, reason."""
    from mapping.text import one_line, shortened, visible

    for fault in faults:
        where = " ".join(
            part
            for part in (fault.table, f"row {fault.row}" if fault.row is not None else "", fault.column or "")
            if part
        )
        value = (
            f" {shortened(visible(fault.value), 60)!r}"
            if fault.value is not None and fault.row is not None
            else ""
        )
        reason = one_line(fault.reason)
        print(f"{one_line(where)}:{value} {reason}" if where else reason)
