"""The command `placements`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.options import (
    AsOfOption,
    Dates,
    DatesOption,
    GeographyOption,
    OutOption,
    PublishOption,
    Role,
    RoleOption,
    SeedOption,
    analysed,
    print_notes,
    report,
    usage,
    viewed,
)

WHICH = "Give either a case, or --ssda903 with the folder of a return."


def placements(
    case: Annotated[
        Path | None,
        typer.Argument(
            metavar="CASE",
            help="Case folder of CSV or Parquet tables, or an .xlsx workbook; left out with --ssda903.",
        ),
    ] = None,
    *,
    out: OutOption,
    ssda903: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Read an SSDA903 return instead: the folder of its header, episodes and missing CSV files, or its XML file.",
        ),
    ] = None,
    authority: Annotated[
        str | None,
        typer.Option(metavar="GSS", help="With --ssda903: the authority that makes the return (E08000002)."),
    ] = None,
    as_case: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="With --ssda903: also write the return as a case folder, for `serve` and every other command.",
        ),
    ] = None,
    publish: PublishOption = False,
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    viewer: RoleOption = Role.analyst,
    seed: SeedOption = 0,
) -> None:
    """Say who is placed where and by whom, and how much of each hotspot placed children explain."""
    if (case is None) == (ssda903 is None):
        usage(WHICH)
    if ssda903 is None and (authority or as_case):
        usage("--authority and --as-case go with --ssda903. Leave them out, or give the folder of a return.")
    from app import placements as finding
    from app.results import validate_out

    out = out.resolve()
    validate_out(out, finding.FILES)
    if as_case is not None:
        finding.validate_as_case(as_case)
    from app import analysis

    returned = None
    if ssda903 is not None:
        places = analysis.load_geography(ssda903, geography)
        returned = finding.read_returned(ssda903, places, authority=authority)
        for line in finding.return_lines(returned):
            print(line)
        result = finding.analyse_return(returned, places, progress=report, seed=seed, **viewed(as_of, viewer))
        if as_case is not None:
            returned.save(as_case)
    else:
        assert case is not None
        places = analysis.load_geography(case, geography)
        result = analysed(
            case, geography=geography, dates=dates, as_of=as_of, viewer=viewer, linked=False, seed=seed
        )
    found = finding.find_placements(result, places, seed=seed)
    finding.save(result, found, out, returned=returned, publish=publish)
    if publish:
        print(f"Counts with small numbers hidden were written to {out}.")
        return
    print_notes((*(returned.notes if returned else ()), *result.records.notes, *found.notes))
    for line in finding.gap_lines(found):
        print(line)
    print(" ".join([finding.answer(found), *finding.further(found), f"Written to {out}."]))
