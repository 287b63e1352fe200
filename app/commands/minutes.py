"""The command `minutes`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.options import Case, DecisionsOption, Role, RoleOption, Stopped


def minutes(
    case: Case,
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The document: FILE.docx, FILE.pdf or FILE.html.")
    ],
    meeting: Annotated[
        str | None,
        typer.Option("--meeting", metavar="ID", help="Which meeting; by default the last that was closed."),
    ] = None,
    decisions: DecisionsOption = None,
    viewer: RoleOption = Role.analyst,
) -> None:
    """Write the minutes of a daily meeting that was held in the app."""
    from app.documents.files import save_document, validate_document
    from app.meeting import minutes as drawn
    from mapping.access import Viewer
    from mapping.store import store_url

    reader = Viewer(viewer.value)
    if not reader.sees_people:
        msg = "This viewer sees wards, not people, and so no minutes."
        raise Stopped(msg)
    validate_document(out)
    paper = drawn(store_url(case, decisions), case=case.resolve().name, viewer=reader, meeting_id=meeting)
    save_document(paper, out)
    print(f"Written to {out.resolve()}.")
