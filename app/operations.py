"""Put candidate operations into the words, tables and files that the page and the command show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import words
from app.results import save_tables
from mapping.operations import Operations

if TYPE_CHECKING:
    from app.analysis import Analysis
    from mapping.access import Viewer

FILES = ("operations.parquet", "operation_cells.parquet", "operation_summary.parquet", "summary.json")
SEES_NO_PEOPLE = "This viewer sees wards, not people, and so no operations."
FIRST = 10
"""Candidates printed at the command line; the files hold all."""

NOT_FACTS = "They are candidates that the records suggest, for people to decide on. None of them is a fact."


def validate_viewer(viewer: Viewer) -> None:
    """Refuse a viewer who sees no people.

    Raises
    ------
    PermissionError
        The viewer sees no people.
    """
    if not viewer.sees_people:
        raise PermissionError(SEES_NO_PEOPLE)


def save(analysis: Analysis, out: Path) -> None:
    """Write the operations of an analysis to a folder, whole or not at all.

    Raises
    ------
    FileExistsError
        The folder holds something that is not an earlier result.
    PermissionError
        The viewer sees no people.
    """
    validate_viewer(analysis.settings.viewer)
    found = analysis.operations
    missing = found.summary["what_is_missing"].map("\n".join)
    tables = {
        "operations": found.table(),
        "operation_cells": found.cells,
        "operation_summary": found.summary.assign(what_is_missing=missing),
    }
    kept = ("version", "as_of", "settings", "rows", "rejected", "notes", "stages")
    summary = {name: analysis.summary[name] for name in kept}
    counts = {"operations": len(found.summary), "cells": len(found.cells), "shapes": _shapes(found)}
    save_tables(out, tables, {**summary, "results": counts, "limits": list(found.notes)})


def _shapes(found: Operations) -> dict[str, int]:
    return {str(shape): int(n) for shape, n in found.summary["shape"].value_counts().sort_index().items()}


def listed(found: Operations, *, first: int = FIRST) -> list[str]:
    """Return the first candidates as lines of text: rank, id, shape in words, how many children and contacts."""
    return [
        f"{row['rank']:>3}  {row['operation_id']}  {row['shape_words']}: {reaches(row)}"
        for row in found.summary.head(first).to_dict("records")
    ]


def reaches(row: Mapping[Any, Any]) -> str:
    """Return how many children and contacts a candidate has, in words."""
    return f"{words.count(row['victims'], 'child', 'children')}, {words.count(row['contacts'], 'contact')}"


def answer(found: Operations) -> str:
    """Return the sentence that answers the page: how many candidates, of which shapes, and how far the first reach."""
    if found.summary.empty:
        return "No adult, thing or place on record brings together children in a way that makes a candidate operation."
    counts = found.summary["shape"].value_counts()
    parts = [
        words.count(int(counts[shape]), one, many)
        for shape, (one, many) in COUNTED.items()
        if shape in counts
    ]
    return f"{words.count(len(found.summary), 'candidate operation').capitalize()}: {words.listing(parts)}."


COUNTED: Mapping[str, tuple[str, str]] = {
    "several_people": ("with several people", "with several people"),
    "one_person": ("around one person", "around one person each"),
    "online_account": ("around an online account", "around an online account each"),
    "phone": ("around a phone line", "around a phone line each"),
    "vehicle": ("around a vehicle", "around a vehicle each"),
    "bank_account": ("around a bank account", "around a bank account each"),
    "thing": ("around a thing", "around a thing each"),
    "things": ("around several things", "around several things"),
    "place": ("around one place", "around one place each"),
    "online_space": ("around an online space", "around an online space each"),
    "places": ("around several places", "around several places"),
    "things_and_places": ("around things and places", "around things and places"),
}
