"""The command `profile`."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    SeedOption,
    analysed,
    print_notes,
    usage,
    viewed,
)

if TYPE_CHECKING:
    from app.analysis import Analysis
    from geo.files import Geography
    from mapping.profiles import Profile

Marking = Enum("Marking", {"OFFICIAL": "OFFICIAL", "OFFICIAL_SENSITIVE": "OFFICIAL-SENSITIVE"}, type=str)


def profile(
    case: Case,
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE", help="The document to write: FILE.docx, FILE.html or FILE.pdf."
        ),
    ],
    area: Annotated[
        str,
        typer.Option(metavar="CODE", help="Code of a ward or authority; by default everywhere on record."),
    ] = "",
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day; by default the first on record."
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day; by default the last on record."
        ),
    ] = None,
    concern: Annotated[
        str, typer.Option(metavar="CODE", help="Only this concern, such as cce; by default every concern.")
    ] = "",
    question: Annotated[
        str, typer.Option(metavar="TEXT", help="The question, as the document prints it.")
    ] = "",
    owner: Annotated[str, typer.Option(metavar="NAME", help="Who answers for the document.")] = "",
    next_update: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="When the document is brought up to date."),
    ] = None,
    marking: Annotated[
        Marking, typer.Option(help="OFFICIAL is for a wider audience: counts of 1 to 5 are hidden.")
    ] = Marking.OFFICIAL_SENSITIVE,
    saved: Annotated[
        str,
        typer.Option(
            metavar="ID",
            help="A problem profile kept in the app: its question, sections, own words and recommendations, with the figures of now.",
        ),
    ] = "",
    decisions: DecisionsOption = None,
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    grades: GradesOption = Grades.all,
    viewer: RoleOption = Role.analyst,
    seed: SeedOption = 0,
) -> None:
    """Write a problem profile: tables, charts and maps of one area and period, with a draft text for an analyst to read."""
    from app.documents.files import validate_document
    from app.profile import validate_viewer
    from mapping.profiles import Asked, Profile

    validate_viewer(viewed(as_of, viewer)["viewer"])
    validate_document(out)
    days = [None if day is None else day.date() for day in (since, until, next_update)]
    asked = Asked(question, area, days[0], days[1], concern, marking.value, owner, days[2])
    if saved and asked != Asked():
        usage(
            "--saved brings its own question, area, period, concern, owner and marking: leave those options out."
        )
    chosen = _saved(case, saved, decisions, viewer.value) if saved else Profile(asked)
    from app import analysis

    result = analysed(
        case,
        geography=geography,
        dates=dates,
        as_of=as_of,
        viewer=viewer,
        decisions=decisions,
        seed=seed,
        grades=grades.value,
    )
    _write(chosen, result, analysis.load_geography(case, geography), out)


def _saved(case: Path, entry_id: str, decisions: str | None, role: str) -> Profile:
    """Return a problem profile that was kept in the app, of those that may be read in a role."""
    from mapping.access import Viewer, may_read
    from mapping.entries import load_entries
    from mapping.profiles import profile_from_dict
    from mapping.store import store_url

    entries = {
        entry.entry_id: entry
        for entry in load_entries(store_url(case, decisions), "profile")
        if may_read(entry.content, Viewer(role))
    }
    if entry_id not in entries:
        usage(
            f"No problem profile {entry_id} is kept for this case. Kept are: {', '.join(entries) or 'none'}."
        )
    return profile_from_dict(entries[entry_id].content)


def _write(chosen: Profile, result: Analysis, places: Geography | None, out: Path) -> None:
    from app.documents.files import save_document
    from app.documents.profile import draw_up, profile_paper
    from app.profile import build_scope

    scope = build_scope(result, places, chosen.asked)
    sections = draw_up(scope)
    save_document(profile_paper(chosen, scope, sections), out)
    print_notes(result.summary["notes"])
    for sentence in sections["summary"].sentences:
        print(sentence)
    print(f"Written to {out.resolve()}.")
