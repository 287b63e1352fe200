"""Write a network as an i2 Analyst's Notebook exchange file: entities, links, a card for each record, three grades."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from os import PathLike
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as etree

import networkx as nx
import pandas as pd

from mapping.codes import load_codes
from mapping.layout import Positions, chart_positions, spread
from mapping.symbols import Link, Node, link_colour, link_words, links_of, nodes_of
from mapping.text import one_line, shortened, visible, xml_safe

SCHEMA = "7.0.0.1"
NOT_GRADED = "not graded"
GRADES: Mapping[str, str] = {
    "GradeOne": "source_grade",
    "GradeTwo": "information_grade",
    "GradeThree": "handling",
}
"""The three gradings of a chart and the code list of each; the first grade of each is NOT_GRADED."""

ICONS: Mapping[str, str] = {
    "place": "Place",
    "park": "Place",
    "home": "House",
    "school": "School",
    "childrens_home": "House",
    "transport": "Bus",
    "shop": "Shop",
    "online": "Internet",
    "thing": "Item",
    "phone": "Phone",
    "vehicle": "Car",
    "online_account": "Email",
    "bank_account": "Account",
    "event": "Event",
}
"""Icons of Analyst's Notebook by kind; people have "Person". One that is not installed is shown as a plain one."""

STRENGTHS: Mapping[str, tuple[str, str]] = {
    "stated": ("Stated", "DotStyleSolid"),
    "seen": ("Seen together", "DotStyleDashed"),
    "both": ("Stated and seen together", "DotStyleSolid"),
}
ATTRIBUTES = ("age_band", "group_id", "lives_in_ward")
"""Attributes of nodes that become attributes of the chart, where a node has them."""
Places = Mapping[str, Mapping[str, int]]
LABEL, TEXT = 250, 4_000
"""Characters that fit a label, and the text of a card."""


@dataclass(frozen=True)
class Card:
    """One record that a link rests on.

    Attributes
    ----------
    summary : what kind of record.
    reference : the sources and rows it stands in.
    agency : who recorded it.
    first, last : when it happened; None where not recorded.
    source_grade, information_grade, handling : codes of 3x5x2; "" where not graded.
    text : what was written.
    """

    summary: str
    reference: str = ""
    agency: str = ""
    first: date | None = None
    last: date | None = None
    source_grade: str = ""
    information_grade: str = ""
    handling: str = ""
    text: str = ""


def network_to_anx(
    graph: nx.Graph[Any],
    path: str | PathLike[str],
    *,
    cards: Mapping[frozenset[Hashable], Sequence[Card]],
    title: str,
    marking: str = "OFFICIAL-SENSITIVE",
    note: str = "",
    positions: Positions | None = None,
) -> None:
    """Write a network as .anx, which Analyst's Notebook 7 and later open.

    Each link has a card for each record it rests on, with its date, source and three grades: of the source (grade one),
    of the information (grade two) and of handling (grade three). A link itself bears the best grade of its records and
    the strictest handling. Grades are lists of words in the file; nothing is computed from them. Elements stand in
    the order of i2's chart schema. The same input gives the same bytes.

    Parameters
    ----------
    graph : as for `mapping.page.network_to_html`; edges may have best_grade ("1A").
    cards : for each edge, as the set of its two ends.
    positions : node to (x, y), y downwards; worked out where not given.

    Raises
    ------
    ValueError
        An edge has no card, or a node is of no known kind.
    """
    nodes = nodes_of(graph)
    links = links_of(graph, nodes, as_of=None, half_life=None)
    bare = [link for link in links if not cards.get(frozenset({nodes[link.one].key, nodes[link.other].key}))]
    if bare:
        one, other = nodes[bare[0].one].key, nodes[bare[0].other].key
        msg = f"{len(bare)} links have no card, {one} to {other} first. Give the records that each rests on."
        raise ValueError(msg)
    placed = chart_positions(graph) if positions is None else spread(positions, graph)
    chart = etree.Element("Chart", SchemaVersion=SCHEMA, IdReferenceLinking="true", Rigorous="true")
    _grades(chart)
    _strengths(chart)
    _attribute_classes(chart)
    _types(chart, nodes, links)
    _summary(chart, title, marking, note)
    items, places = _add(chart, "ChartItemCollection"), _places()
    for number, node in enumerate(nodes):
        _entity(items, places, node, number, graph.nodes[node.key], placed[node.key])
    for number, link in enumerate(links):
        pair = frozenset({nodes[link.one].key, nodes[link.other].key})
        values = graph.edges[nodes[link.one].key, nodes[link.other].key]
        _link(items, places, link, number, cards[pair], values)
    etree.indent(chart)
    Path(path).write_bytes(etree.tostring(chart, encoding="UTF-8", xml_declaration=True))


def _add(parent: etree.Element, tag: str, /, **given: str) -> etree.Element:
    return etree.SubElement(parent, tag, given)


def _plain(value: object, length: int = LABEL) -> str:
    return shortened(xml_safe(one_line(value)), length)


def _grades(chart: etree.Element) -> None:
    for element, codes in GRADES.items():
        strings = _add(_add(chart, element), "StringCollection")
        listed = [NOT_GRADED, *(f"{code}: {meaning}" for code, meaning in load_codes()[codes].items())]
        for number, text in enumerate(listed):
            _add(strings, "String", Id=f"{element}{number}", Text=text)


def _places() -> Places:
    """Return for each grading the place of each code in its list; what is not in it is at 0, not graded."""
    return {
        element: {code: 1 + place for place, code in enumerate(load_codes()[codes])}
        for element, codes in GRADES.items()
    }


def _graded(places: Places, source: str, information: str, handling: str) -> dict[str, str]:
    """Return the three grades as places in their lists."""
    given = zip(places.items(), (source, information, handling), strict=True)
    return {f"{element}Index": str(codes.get(code, 0)) for (element, codes), code in given}


def _strengths(chart: etree.Element) -> None:
    held = _add(chart, "StrengthCollection")
    for name, (words, dots) in STRENGTHS.items():
        _add(held, "Strength", Id=f"Strength-{name}", Name=words, DotStyle=dots)


def _attribute_classes(chart: etree.Element) -> None:
    held = _add(chart, "AttributeClassCollection")
    for name in (*ATTRIBUTES, "records", "sources", "nature"):
        kind = "AttNumber" if name in ("records", "sources") else "AttText"
        _add(held, "AttributeClass", Id=f"Attribute-{name}", Name=name.replace("_", " "), Type=kind)


def _types(chart: etree.Element, nodes: Iterable[Node], links: Iterable[Link]) -> None:
    held = _add(chart, "EntityTypeCollection")
    for kind in dict.fromkeys(node.kind for node in nodes):
        _add(
            held,
            "EntityType",
            Id=f"Entity-{kind.name}",
            Name=kind.label,
            Colour=_colour(kind.colour),
            IconFile=ICONS.get(kind.name, "Person"),
            PreferredRepresentation="RepresentAsIcon",
        )
    held = _add(chart, "LinkTypeCollection")
    for name, colour in sorted({(_link_type(link), link_colour(link)) for link in links}):
        _add(held, "LinkType", Id=_link_id(name), Name=name, Colour=_colour(colour))


def _link_type(link: Link) -> str:
    if link.nature == "protective":
        return "Protective link"
    return "Harm by an adult of concern" if link.harm else "Link"


def _link_id(name: str) -> str:
    return f"Link-{name.replace(' ', '-').lower()}"


def _colour(colour: str) -> str:
    """Return "#rrggbb" as the number Windows has for it: blue, green, red."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return str(blue << 16 | green << 8 | red)


def _summary(chart: etree.Element, title: str, marking: str, note: str) -> None:
    fields = _add(_add(chart, "Summary"), "FieldCollection")
    for name, value in (("Title", title), ("Category", marking), ("Comments", f"{marking}. {note}")):
        _add(fields, "Field", Type=f"SummaryField{name}", Field=_plain(value, 1_000))


def _entity(
    items: etree.Element,
    places: Places,
    node: Node,
    number: int,
    values: Mapping[str, Any],
    point: tuple[float, float],
) -> None:
    item = _add(
        items, "ChartItem", Id=f"item-n{number}", Label=_plain(node.name), **_graded(places, "", "", "")
    )
    end = _add(item, "End", X=f"{point[0]:.0f}", Y=f"{point[1]:.0f}", Z="0")
    entity = _add(
        end, "Entity", EntityId=f"n{number}", Identity=_plain(node.key, 400), LabelIsIdentity="false"
    )
    icon = _add(entity, "Icon", TextX="0", TextY="16")
    reference = f"Entity-{node.kind.name}"
    _add(icon, "IconStyle", Type=node.kind.label, EntityTypeReference=reference)
    _attributes(item, {name: values.get(name) for name in ATTRIBUTES})


def _attributes(item: etree.Element, values: Mapping[str, object]) -> None:
    known = {name: _plain(value) for name, value in values.items()}
    if not any(known.values()):
        return
    held = _add(item, "AttributeCollection")
    for name, text in known.items():
        if text:
            _add(
                held,
                "Attribute",
                AttributeClass=name.replace("_", " "),
                AttributeClassReference=f"Attribute-{name}",
                Value=text,
            )


def _link(
    items: etree.Element,
    places: Places,
    link: Link,
    number: int,
    cards: Sequence[Card],
    values: Mapping[str, Any],
) -> None:
    best = one_line(values.get("best_grade"))
    handling = sorted({card.handling for card in cards} - {""})
    shared = {"Label": _plain(link.row["how"]), "Description": _plain(link_words(link), 1_000)}
    dates = _dated(values.get("last_seen"))
    item = _add(
        items,
        "ChartItem",
        Id=f"item-l{number}",
        **shared,
        **dates,
        **_graded(places, best[:-1], best[-1:], "C" if "C" in handling else "".join(handling[:1])),
    )
    drawn = _add(item, "Link", End1Id=f"n{link.one}", End2Id=f"n{link.other}")
    held = _add(drawn, "CardCollection")
    for card in cards:
        _card(held, places, card)
    name, kind = STRENGTHS[link.basis][0], _link_type(link)
    style = {
        "ArrowStyle": "ArrowOnHead" if link.harm else "ArrowNone",
        "LineColour": _colour(link_colour(link)),
        "LineWidth": str(link.step),
        "Strength": name,
        "StrengthReference": f"Strength-{link.basis}",
        "Type": kind,
        "LinkTypeReference": _link_id(kind),
    }
    _add(drawn, "LinkStyle", **style)
    figures = {name: values.get(column) for name, column in (("records", "items"), ("sources", "sources"))}
    numbers = {
        name: None if value is None or pd.isna(value) else int(value) for name, value in figures.items()
    }
    _attributes(item, {**numbers, "nature": values.get("nature")})


def _card(held: etree.Element, places: Places, card: Card) -> None:
    given = {
        "Summary": _plain(card.summary),
        "SourceReference": _plain(card.reference),
        "SourceType": _plain(card.agency),
        "Text": shortened(xml_safe(visible(card.text)), TEXT),
        "DateTimeDescription": _span(card.first, card.last),
    }
    graded = _graded(places, card.source_grade, card.information_grade, card.handling)
    known = {name: text for name, text in given.items() if text}
    _add(held, "Card", **known, **_dated(card.last), **graded)


def _dated(value: object) -> dict[str, str]:
    """Return a day as a chart writes it; nothing where there is none."""
    if not isinstance(value, date) or pd.isna(value):
        return {"DateSet": "false", "TimeSet": "false"}
    day = value.date() if isinstance(value, datetime) else value
    return {"DateSet": "true", "TimeSet": "false", "DateTime": f"{day.isoformat()}T00:00:00.000"}


def _span(first: date | None, last: date | None) -> str:
    known = [one_line(value)[:10] for value in (first, last) if one_line(value)]
    return " to ".join(dict.fromkeys(known)) if len(set(known)) > 1 else ""
