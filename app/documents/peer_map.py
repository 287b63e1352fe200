"""Write a child's peer map as a document of one page, and as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from app import words
from app.charts import CONTEXTS
from app.documents.network_picture import chart_png, chart_svg
from app.documents.paper import Grid, Paper, Part, Picture, Text
from app.text import plain, short
from mapping.peer_maps import PURPOSES, VIEWS, PeerMap, Sheet

HIGHEST_CM, LOWEST_CM = 10.5, 5.0
"""Height of the picture: what is left of the page when the rest has its room, but never more or less than this."""

_PAGE_CM, _AROUND_CM, _LINE_CM, _LETTERS = 25.7, 7.2, 0.62, 78
"""Height between the margins, what title, particulars and limits take, a line of a table, and letters on it."""

MOST_NAMED, MOST_ACTIONS, MOST_PLACES, LONGEST_NOTES = 9, 5, 8, 320
NOT_PROOF = (
    "A name on a map is not proof. Every line rests on dated records that can be opened in the hub, with who said it and how "
    "reliable that is. What the young person says of a place is their word, not a grade."
)


@dataclass(frozen=True)
class Drawn:
    """All that the documents of one peer map say.

    Attributes
    ----------
    child : what to call the child.
    nodes, edges : the chart, as `app.network.peer_map` gives it, with mark on nodes.
    rows : everyone and everything linked to the child, as `app.answers.surroundings`, with who.
    sheet : what was put on the map by hand.
    saved : the saved map; None where it is not saved.
    names : what to call each node.
    """

    child: str
    nodes: pd.DataFrame
    edges: pd.DataFrame
    rows: pd.DataFrame
    sheet: Sheet
    saved: PeerMap | None
    names: Mapping[str, str]
    as_of: date | None
    today: date


def paper(drawn: Drawn) -> Paper:
    """Return the peer map as a document of one A4 page."""
    tables = _tables(drawn)
    notes = f"Notes: {short(drawn.sheet.notes, limit=LONGEST_NOTES)}" if drawn.sheet.notes else ""
    height = _height(tables, notes)
    parts: list[Part] = [
        Text(" ".join(particulars(drawn))),
        Picture(
            chart_png(drawn.nodes, drawn.edges, width_cm=17.0, height_cm=height),
            in_words(drawn),
            width_cm=17.0,
        ),
        *tables,
        *([Text(notes)] if notes else []),
        Text(NOT_PROOF, "quiet"),
    ]
    return Paper(f"Peer map of {drawn.child}", parts, subtitle=f"As of {words.day(drawn.as_of)}")


def _tables(drawn: Drawn) -> list[Grid]:
    """Return who and what is on the map, what the young person says of places, and what is to be done."""
    nobody = [["", "Nobody and nothing is on the map."]]
    tables = [
        Grid(
            ["Part of life", "Who and what"],
            [[context, listed] for context, listed in _contexts(drawn.rows)] or nobody,
            widths=[0.22, 0.78],
        )
    ]
    if places := _places(drawn):
        tables.append(Grid(["By the young person's word", "Places"], places, widths=[0.22, 0.78]))
    if actions := _actions(drawn.sheet):
        columns = ["What is to be done", "By whom", "By when"]
        tables.append(Grid(columns, actions, widths=[0.56, 0.24, 0.2]))
    return tables


def _height(tables: Sequence[Grid], notes: str) -> float:
    """Return the height of the picture with which everything is on one page, in whole millimetres."""
    rows = [row for table in tables for row in (table.columns, *table.rows)]
    longest = [max(len(text) / (_LETTERS * share) for text, share in _wide(row)) for row in rows]
    lines = sum(math.ceil(length) for length in longest) + math.ceil(len(notes) / 100) + len(tables)
    return round(min(HIGHEST_CM, max(LOWEST_CM, _PAGE_CM - _AROUND_CM - lines * _LINE_CM)), 1)


def _wide(row: Sequence[str]) -> list[tuple[str, float]]:
    """Return each text of a row with its column's share of the letters that fit on the widest."""
    shares = (0.3, 1.0) if len(row) == 2 else (0.7, 0.3, 0.27)
    return list(zip(row, shares, strict=True))


def particulars(drawn: Drawn) -> list[str]:
    """Return why there is this map, who answers for it and until when, each as a short sentence."""
    printed = f"Printed on {words.day(drawn.today)}."
    if drawn.saved is None:
        return ["Not a saved map: it has no purpose, owner or review date, and is not to be kept.", printed]
    saved = drawn.saved
    return [
        f"{PURPOSES[saved.purpose]}.",
        f"Owner: {short(saved.owner, limit=60)}. Review on {words.day(saved.review_on)}; closes on {words.day(saved.expires_on)}. {printed}",
    ]


def in_words(drawn: Drawn) -> str:
    """Return in words what the picture shows."""
    said = [f"{context}: {listed}" for context, listed in _contexts(drawn.rows)]
    marked = [f"{word}: {listed}" for word, listed in _places(drawn)]
    return f"{words.peer_answer(drawn.rows)} {'. '.join([*said, *marked])}."


def _contexts(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the parts of life, each with who and what is in it, protective and harmful said."""
    out = []
    for context in CONTEXTS.values():
        inside = rows[rows["context"] == context].drop_duplicates("other") if len(rows) else rows
        said = [f"{short(row['who'], limit=40)}{_nature(row)}" for row in inside.to_dict("records")]
        if said:
            out.append((context.capitalize(), _some(said, MOST_NAMED)))
    return out


def _nature(row: Mapping[str, object]) -> str:
    """Return what is recorded of the link; harm is said of what is between them, never of a child."""
    nature = plain(row["nature"])
    if nature == "harmful":
        return " (harms)" if row["kind"] == "adult_of_concern" else " (harm recorded between them)"
    return {"protective": " (protective)", "mixed": " (statements contradict)"}.get(nature, "")


def _some(said: Sequence[str], most: int) -> str:
    more = f" and {words.number(len(said) - most)} more" if len(said) > most else ""
    return ", ".join(said[:most]) + more


def _places(drawn: Drawn) -> list[list[str]]:
    out = []
    for view, word in VIEWS.items():
        said = [
            short(drawn.names[node], limit=40) + (f" (“{short(each.words, limit=80)}”)" if each.words else "")
            for node, each in sorted(drawn.sheet.views.items())
            if each.view == view and node in drawn.names
        ]
        if said:
            out.append([word.capitalize(), _some(said, MOST_PLACES)])
    return out


def _actions(sheet: Sheet) -> list[list[str]]:
    ordered = sorted(
        sheet.actions.items(), key=lambda each: (each[1].done_on is not None, each[1].due_on, each[0])
    )
    rows = [
        [
            short(action.what, limit=110),
            short(action.owner, limit=40),
            f"done {words.day(action.done_on)}" if action.done_on else words.day(action.due_on),
        ]
        for _, action in ordered
    ]
    if len(rows) > MOST_ACTIONS:
        return [
            *rows[:MOST_ACTIONS],
            [f"and {words.number(len(rows) - MOST_ACTIONS)} more on the map", "", ""],
        ]
    return rows


def svg(drawn: Drawn) -> str:
    """Return the peer map as an SVG picture that asks no host for anything."""
    return chart_svg(
        drawn.nodes,
        drawn.edges,
        title=f"Peer map of {drawn.child}",
        words=in_words(drawn),
        lines=particulars(drawn),
    )
