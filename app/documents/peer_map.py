"""Write a child's peer map as a document of one page, and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from app import words
from app.charts import CONTEXTS
from app.documents.network_picture import chart_png, chart_svg, frame
from app.documents.paper import Grid, Paper, Part, Picture, Text
from app.documents.portable import room_left
from app.text import plain, short
from mapping.peer_maps import PURPOSES, VIEWS, PeerMap, Sheet

WIDTH_CM = 17.0
LOWEST_CM, READABLE_CM = 5.0, 11.0
"""The least height of the picture, and the one for which the names beside it are cut short first."""

NAMED, MOST_ACTIONS, MOST_PLACES, LONGEST_NOTES = (9, 5, 3, 1), 5, 8, 320
"""Names in each part of life, fewer where the picture, which has them all, would be too low to be read."""

_SPARE_CM = 0.5
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
    """Return the peer map as a document of one A4 page: the picture has the room that its words leave."""
    for most in NAMED:
        before, after = [Text(" ".join(particulars(drawn)))], _words(drawn, most)
        room = room_left(_paper(drawn, [*before, *after])) - _SPARE_CM
        if room >= READABLE_CM:
            break
    height = round(max(LOWEST_CM, min(room, _natural_cm(drawn))), 1)
    png = chart_png(drawn.nodes, drawn.edges, width_cm=WIDTH_CM, height_cm=height)
    return _paper(drawn, [*before, Picture(png, in_words(drawn), width_cm=WIDTH_CM), *after])


def _paper(drawn: Drawn, parts: Sequence[Part]) -> Paper:
    return Paper(f"Peer map of {drawn.child}", parts, subtitle=f"As of {words.day(drawn.as_of)}")


def _natural_cm(drawn: Drawn) -> float:
    """Return the height at which the chart fills the width of the page."""
    _, _, width, height = frame(drawn.nodes)
    return WIDTH_CM * height / width


def _words(drawn: Drawn, most: int) -> list[Part]:
    """Return what stands under the picture."""
    notes = [Text(f"Notes: {short(drawn.sheet.notes, limit=LONGEST_NOTES)}")] if drawn.sheet.notes else []
    return [*_tables(drawn, most), *notes, Text(NOT_PROOF, "quiet")]


def _tables(drawn: Drawn, most: int) -> list[Grid]:
    """Return who and what is on the map, what the young person says of places, and what is to be done."""
    nobody = [["", "Nobody and nothing is on the map."]]
    tables = [
        Grid(
            ["Part of life", "Who and what"],
            [[context, listed] for context, listed in _contexts(drawn.rows, most)] or nobody,
            widths=[0.22, 0.78],
        )
    ]
    if places := _places(drawn):
        tables.append(Grid(["By the young person's word", "Places"], places, widths=[0.22, 0.78]))
    if actions := _actions(drawn.sheet):
        columns = ["What is to be done", "By whom", "By when"]
        tables.append(Grid(columns, actions, widths=[0.56, 0.24, 0.2]))
    return tables


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
    said = [f"{context}: {listed}" for context, listed in _contexts(drawn.rows, NAMED[0])]
    marked = [f"{word}: {listed}" for word, listed in _places(drawn)]
    return f"{words.peer_answer(drawn.rows)} {'. '.join([*said, *marked])}."


def _contexts(rows: pd.DataFrame, most: int) -> list[tuple[str, str]]:
    """Return the parts of life, each with who and what is in it, protective and harmful said."""
    out = []
    for context in CONTEXTS.values():
        inside = rows[rows["context"] == context].drop_duplicates("other") if len(rows) else rows
        said = [f"{short(row['who'], limit=40)}{_nature(row)}" for row in inside.to_dict("records")]
        if said:
            out.append((context.capitalize(), _some(said, most)))
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
