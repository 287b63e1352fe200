"""Say how each node and each link of a network is drawn, whatever draws it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

import networkx as nx
import pandas as pd

from mapping.codes import load_codes
from mapping.kinds import HARM_COLOUR, KINDS, LINK_COLOUR, PROTECTIVE_COLOUR, SHIELD, Kind
from mapping.text import one_line, shortened

Basis = Literal["stated", "seen", "both"]

_OCCASIONS = {
    "event": "at the same event",
    "presence": "seen at the same place",
    "thing": "used the same phone, vehicle or account",
    "missing": "found at the same place after going missing at the same time",
}


@dataclass(frozen=True)
class Node:
    """One symbol of the picture."""

    key: Hashable
    name: str
    kind: Kind


@dataclass(frozen=True)
class Link:
    """One line of the picture: from and to are places in the list of nodes."""

    one: int
    other: int
    basis: Basis
    nature: str
    harm: bool
    step: int
    faded: bool
    row: dict[str, str]


class Entry(NamedTuple):
    """One line of a legend: the symbol of a kind, or a line drawn as SVG 46 by 18; and its words."""

    kind: Kind | None
    drawn: str
    words: str


def nodes_of(graph: nx.Graph[Any]) -> list[Node]:
    """Return the nodes of a graph in the order of a legend, then of their ids.

    Raises
    ------
    ValueError
        A node is of no known kind.
    """
    unknown = sorted(
        {str(kind) for kind in (graph.nodes[node].get("kind") for node in graph) if kind not in KINDS}
    )
    if unknown:
        msg = (
            f"No such kind of node: {', '.join(unknown[:5])}. Give every node a kind of mapping.kinds.KINDS."
        )
        raise ValueError(msg)
    order = list(KINDS)
    nodes = [
        Node(node, _name(node, graph.nodes[node]), KINDS[graph.nodes[node]["kind"]])
        for node in sorted(graph, key=str)
    ]
    return sorted(nodes, key=lambda node: order.index(node.kind.name))


def _name(node: Hashable, values: Mapping[str, Any]) -> str:
    return shortened(one_line(values.get("label")) or one_line(node))


def links_of(
    graph: nx.Graph[Any], nodes: list[Node], *, as_of: date | None, half_life: float | None
) -> list[Link]:
    """Return the links of a graph in the order of its nodes.

    Parameters
    ----------
    nodes : from `nodes_of`.
    as_of, half_life : a link whose newest item is more than `half_life` days older than `as_of` is faded.
    """
    place = {node.key: number for number, node in enumerate(nodes)}
    links = []
    for one, other, values in graph.edges(data=True):
        first, second = sorted((place[one], place[other]))
        links.append(_link(first, second, nodes, values, as_of=as_of, half_life=half_life))
    return sorted(links, key=lambda link: (link.one, link.other))


def _link(
    one: int,
    other: int,
    nodes: list[Node],
    values: Mapping[str, Any],
    *,
    as_of: date | None,
    half_life: float | None,
) -> Link:
    kinds = kinds_of(values.get("kinds"))
    nature = one_line(values.get("nature"))
    concern = [nodes[end].kind.name == "adult_of_concern" for end in (one, other)]
    harm = nature == "harmful" and concern[0] != concern[1]
    if harm and concern[1]:
        one, other = other, one
    items = values.get("items")
    last = values.get("last_seen")
    return Link(
        one,
        other,
        basis=values.get("basis") or _basis(kinds),
        nature=nature,
        harm=harm,
        step=1 if pd.isna(items) else 1 + (items >= 2) + (items >= 5),
        faded=as_of is not None
        and half_life is not None
        and not pd.isna(last)
        and (as_of - _day(last)).days > half_life,
        row={
            "one": shortened(nodes[one].name, 60),
            "other": shortened(nodes[other].name, 60),
            "how": "; ".join(kind_words(kind) for kind in kinds),
            "nature": shortened(load_codes().meaning("nature", nature), 60),
            "records": _count(items),
            "sources": _count(values.get("sources")),
            "first_seen": date_words(values.get("first_seen")),
            "last_seen": date_words(last),
            "grade": shortened(one_line(values.get("best_grade")), 10),
        },
    )


def kinds_of(kinds: Any) -> list[str]:
    """Return the kinds of a link from a list or from text such as "peer|event", in order."""
    if kinds is None or isinstance(kinds, float):
        return []
    parts = kinds.split("|") if isinstance(kinds, str) else kinds
    return sorted({one_line(part) for part in parts} - {""})


def _basis(kinds: Iterable[str]) -> Basis:
    """Return whether somebody stated a link, the two were seen together, or both."""
    stated = {kind in load_codes()["association_kind"] for kind in kinds}
    if stated == {True, False}:
        return "both"
    return "seen" if stated == {False} else "stated"


def kind_words(kind: str) -> str:
    """Return in words how somebody knows of a link."""
    words = _OCCASIONS.get(kind) or load_codes()["association_kind"].get(kind) or kind.replace("_", " ")
    return shortened(words, 80)


def _count(value: Any) -> str:
    return "" if pd.isna(value) else f"{int(value):,}"


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def date_words(value: date | None) -> str:
    """Return a date as "31 March 2023", or nothing where there is none."""
    if value is None or pd.isna(value):
        return ""
    return f"{value.day} {value:%B %Y}"


def link_words(link: Link) -> str:
    """Return what a line says when it is pointed at."""
    row = link.row
    lines = [
        f"{row['one']} {'→' if link.harm else '–'} {row['other']}",
        row["how"],
        f"Nature: {row['nature']}" if row["nature"] else "",
        f"Rests on {counted(row['records'], 'record')} from {counted(row['sources'] or 'no', 'source')}"
        if row["records"]
        else "",
        _seen(row["first_seen"], row["last_seen"]),
        f"Best grade {row['grade']}" if row["grade"] else "Not graded",
    ]
    return "\n".join(line for line in lines if line)


def _seen(first: str, last: str) -> str:
    if not last:
        return "No date recorded"
    return f"First seen {first}, last seen {last}" if first else f"Last seen {last}"


def counted(count: str, noun: str) -> str:
    """Return "1 link" or "2 links"."""
    return f"{count} {noun}" if count == "1" else f"{count} {noun}s"


def link_colour(link: Link) -> str:
    """Return the colour of a line: what protects and what harms have one of their own."""
    if link.nature == "protective":
        return PROTECTIVE_COLOUR
    return HARM_COLOUR if link.harm else LINK_COLOUR


def legend(nodes: list[Node], links: list[Link], half_life: float | None) -> list[Entry]:
    """Return symbol and words of what the picture holds, and nothing else."""
    counts = {kind: sum(node.kind.name == kind for node in nodes) for kind in KINDS}
    entries = [
        Entry(KINDS[kind], "", f"{KINDS[kind].label} ({count})") for kind, count in counts.items() if count
    ]
    grey = LINK_COLOUR
    offered = [
        ("stated", f'<path d="M1 9h44" stroke="{grey}" stroke-width="3"/>', "somebody stated the link"),
        (
            "seen",
            f'<path d="M1 9h44" stroke="{grey}" stroke-width="3" stroke-dasharray="8 6"/>',
            "at the same place or event, or used the same thing",
        ),
        ("both", f'<path d="M1 6h44M1 12h44" stroke="{grey}" stroke-width="2.5"/>', "both stated and seen"),
    ]
    entries += [
        Entry(None, drawn, said)
        for basis, drawn, said in offered
        if any(link.basis == basis for link in links)
    ]
    shield = f'<path d="M1 9h44" stroke="{PROTECTIVE_COLOUR}" stroke-width="3"/><path fill="{PROTECTIVE_COLOUR}" fill-rule="evenodd" stroke="#fff" transform="translate(15 1) scale(.66)" d="{SHIELD}"/>'
    arrow = f'<path d="M1 9h36" stroke="{HARM_COLOUR}" stroke-width="3"/><path fill="{HARM_COLOUR}" d="M45 9l-12-6v12z"/>'
    steps = f'<path d="M1 3h44" stroke="{grey}" stroke-width="1.5"/><path d="M1 8h44" stroke="{grey}" stroke-width="3"/><path d="M1 14.5h44" stroke="{grey}" stroke-width="5"/>'
    pale = f'<path d="M1 9h44" stroke="{grey}" stroke-opacity=".35" stroke-width="3"/>'
    entries += [Entry(None, shield, "protective link")] * any(link.nature == "protective" for link in links)
    entries += [
        Entry(None, arrow, "harm by an adult of concern: the arrow points to the person harmed")
    ] * any(link.harm for link in links)
    entries += [Entry(None, steps, "thicker: 1 record, 2 to 4 records, 5 or more")] * bool(links)
    entries += [Entry(None, pale, f"faded: nothing new for {half_life:g} days" if half_life else "")] * any(
        link.faded for link in links
    )
    return entries
