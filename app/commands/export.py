"""The command `export`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from app.options import (
    AsOfOption,
    Case,
    Dates,
    DatesOption,
    DecisionsOption,
    GeographyOption,
    Grades,
    GradesOption,
    Role,
    RoleOption,
    usage,
    viewed,
)

FORMATS = ("graphml", "gexf", "anx", "html", "csv", "svg", "geojson", "gpkg")
OF_THE_MAP = ("geojson", "gpkg")
SHORTEST = 4
"""Characters a reason has at least, as on the pages."""
Format = Enum("Format", {name: name for name in FORMATS}, type=str)


def export(
    case: Case,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to write; for csv the folder of three tables.")
    ],
    *,
    to: Annotated[
        Format,
        typer.Option(
            "--format",
            help="The network: graphml and gexf (Gephi, networkx), anx (i2 Analyst's Notebook), html (opens anywhere), svg (a picture), csv (tables). The map: geojson, gpkg (QGIS).",
        ),
    ],
    geography: GeographyOption = None,
    decisions: DecisionsOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    grades: GradesOption = Grades.all,
    viewer: RoleOption = Role.analyst,
    group: Annotated[
        str | None, typer.Option(metavar="GROUP_ID", help="Only this group and what touches it.")
    ] = None,
    around: Annotated[
        str | None,
        typer.Option(metavar="PERSON_ID", help="Only this person and who and what is linked to them."),
    ] = None,
    names: Annotated[
        bool,
        typer.Option(
            "--names", help="Full names in place of initials, and the text of records; needs --reason."
        ),
    ] = False,
    reason: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Why full names are needed; the log on this computer keeps it."),
    ] = "",
) -> None:
    """Write the network, or the map, for another tool."""
    if group is not None and around is not None:
        usage("--group and --around are two ways of choosing whom to show. Give one of them.")
    if to.value in OF_THE_MAP and (group or around):
        usage(f"--format {to.value} is the map of the whole case. Leave --group and --around out.")
    if names and len(reason.strip()) < SHORTEST:
        usage("--names needs --reason: say in a few words why full names are needed. The log keeps it.")
    from app import analysis, log
    from app import export as writing

    places = analysis.load_geography(case, geography) if to.value in OF_THE_MAP else None
    result = analysis.analyse(
        case,
        geography=geography,
        decisions=decisions,
        dates=dates.value,
        grades=grades.value,
        **viewed(as_of, viewer),
    )
    if names:
        # Kept before anything is written: without the log there are no names.
        log.append(
            "full names exported",
            role=viewer.value,
            reason=reason.strip(),
            case=case.resolve().name,
            format=to.value,
            file=str(out),
        )
    writing.export(result, out, form=to.value, group=group, around=around, names=names, geography=places)
    print(f"Wrote {out}.")
