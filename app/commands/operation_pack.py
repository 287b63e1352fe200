"""Write the pack of a candidate operation, for the command `pack`."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_operation(
    case: Path,
    out: Path,
    operation: str,
    *,
    geography: Path | None,
    decisions: str | None,
    dates: str,
    **settings: Any,
) -> None:
    """Write what is known of one candidate operation as Word, web page or PDF.

    Parameters
    ----------
    operation : the id of the candidate, or its number in the list.
    decisions : the store of what people decided about the case; by default that of the case.
    **settings : what `app.options.viewed` returns.
    """
    from app.documents.files import save_document, validate_document
    from app.operations import validate_viewer
    from app.options import print_notes, report

    validate_viewer(settings["viewer"])
    validate_document(out)
    from app import analysis

    asked = {"geography": geography, "decisions": decisions, "dates": dates, "progress": report}
    found = analysis.analyse(case, **asked, **settings)
    places = analysis.load_geography(case, geography)
    # Streamlit is wanted by what the page and the pack share, and takes a second to begin.
    from app.documents.operation_pack import find_operation, loaded_from, operation_paper

    loaded = loaded_from(found, places, case)
    paper = operation_paper(loaded, find_operation(loaded, operation))
    save_document(paper, out)
    print_notes((*found.summary["notes"], *found.operations.notes))
    print(f"{paper.title}. {paper.subtitle} Written to {out.resolve()}.")
