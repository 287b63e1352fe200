"""Analyst's Notebook files: every reference resolves, every link has its cards, every card its three grades."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import networkx as nx
import pytest
from lxml import etree

from mapping.anx import GRADES, Card, network_to_anx
from mapping.codes import load_codes

# The order in which i2's chart schema (7.0) has the parts of a chart.
ORDER = ["GradeOne", "GradeTwo", "GradeThree", "StrengthCollection", "AttributeClassCollection", "EntityTypeCollection", "LinkTypeCollection", "Summary", "ChartItemCollection"]  # fmt: skip
HOSTILE = "<Card/>\x00 & \"' \u202e =cmd()"
CARDS = {
    frozenset({"person:C1", "person:C2"}): [
        Card("friend or peer", "S1; associations row 2", "School", date(2024, 3, 1), date(2024, 5, 20), "1", "A", "P", "Seen\ntogether."),
        Card("seen at the same place", "presence row 4", last=date(2024, 5, 21)),
    ],
    frozenset({"person:C1", "person:A1"}): [Card("exploitation", "S2", "Police", None, None, "2", "C", "C", HOSTILE)],
}  # fmt: skip


def network() -> nx.Graph:
    graph = nx.Graph()
    graph.add_node(
        "person:C1", label="AQ (C1)", kind="child", age_band="child", group_id="g1", lives_in_ward=None
    )
    graph.add_node("person:C2", label=HOSTILE, kind="child")
    graph.add_node("person:A1", label="UV (A1)", kind="adult_of_concern")
    graph.add_edge(
        "person:C1",
        "person:C2",
        kinds="peer|presence",
        items=2,
        sources=1,
        last_seen=date(2024, 5, 21),
        best_grade="1A",
    )
    graph.add_edge(
        "person:C1",
        "person:A1",
        kinds="exploitation",
        nature="harmful",
        items=1,
        sources=1,
        last_seen=None,
        best_grade="2C",
    )
    return graph


@pytest.fixture
def chart(tmp_path: Path) -> etree._Element:
    network_to_anx(network(), tmp_path / "n.anx", cards=CARDS, title="Group 3FA9", note="Not proof.")
    return etree.fromstring((tmp_path / "n.anx").read_bytes())


def grades(item: etree._Element) -> tuple[str, ...]:
    return tuple(item.get(f"{grade}Index") for grade in GRADES)


def test_parts_stand_in_the_order_of_the_schema(chart: etree._Element) -> None:
    assert (chart.tag, [part.tag for part in chart]) == ("Chart", ORDER)
    ids = [each.get("Id") for each in chart.iter() if each.get("Id")]
    assert len(ids) == len(set(ids))
    assert all(identity[0].isalpha() for identity in ids)


def test_every_reference_resolves(chart: etree._Element) -> None:
    named = {
        "EntityTypeReference": {each.get("Id"): each.get("Name") for each in chart.iter("EntityType")},
        "LinkTypeReference": {each.get("Id"): each.get("Name") for each in chart.iter("LinkType")},
        "StrengthReference": {each.get("Id"): each.get("Name") for each in chart.iter("Strength")},
        "AttributeClassReference": {
            each.get("Id"): each.get("Name") for each in chart.iter("AttributeClass")
        },
    }
    by_name = {"EntityTypeReference": "Type", "LinkTypeReference": "Type", "StrengthReference": "Strength", "AttributeClassReference": "AttributeClass"}  # fmt: skip
    found = [(each, name) for each in chart.iter() for name in named if each.get(name)]
    assert {name for _, name in found} == set(named)
    assert all(named[name][each.get(name)] == each.get(by_name[name]) for each, name in found)
    entities = {each.get("EntityId") for each in chart.iter("Entity")}
    assert {
        end for link in chart.iter("Link") for end in (link.get("End1Id"), link.get("End2Id"))
    } <= entities
    assert len(entities) == 3


def test_every_link_has_its_cards_and_three_grades(chart: etree._Element) -> None:
    links = [item for item in chart.iter("ChartItem") if item.find("Link") is not None]
    held = {item.find("Link").get("End2Id"): item for item in links}
    peer, harm = (
        next(item for item in links if len(item.findall("Link/CardCollection/Card")) == count)
        for count in (2, 1)
    )
    assert len(held) == len(links) == 2
    assert grades(peer) == ("1", "1", "1")
    assert grades(harm) == ("2", "3", "2")
    cards = peer.findall("Link/CardCollection/Card")
    assert [grades(card) for card in cards] == [("1", "1", "1"), ("0", "0", "0")]
    assert dict(cards[0].attrib) == {
        "Summary": "friend or peer", "SourceReference": "S1; associations row 2", "SourceType": "School", "Text": "Seen\ntogether.",
        "DateTimeDescription": "2024-03-01 to 2024-05-20", "DateSet": "true", "TimeSet": "false", "DateTime": "2024-05-20T00:00:00.000",
        "GradeOneIndex": "1", "GradeTwoIndex": "1", "GradeThreeIndex": "1",
    }  # fmt: skip
    assert harm.find("Link/CardCollection/Card").get("DateSet") == "false"
    assert harm.find("Link/LinkStyle").get("ArrowStyle") == "ArrowOnHead"
    entities = {each.get("EntityId"): each.get("Identity") for each in chart.iter("Entity")}
    assert entities[harm.find("Link").get("End2Id")] == "person:C1"


def test_the_grades_of_the_chart_are_the_code_lists(chart: etree._Element) -> None:
    for element, codes in GRADES.items():
        listed = [each.get("Text") for each in chart.findall(f"{element}/StringCollection/String")]
        assert listed == ["not graded", *(f"{code}: {said}" for code, said in load_codes()[codes].items())]
    limits = {element: len(chart.findall(f"{element}/StringCollection/String")) for element in GRADES}
    graded = [each for each in chart.iter() if each.get("GradeOneIndex")]
    assert all(int(each.get(f"{element}Index")) < limits[element] for each in graded for element in GRADES)


def test_hostile_text_stays_text(chart: etree._Element) -> None:
    labels = [item.get("Label") for item in chart.iter("ChartItem")]
    assert "<Card/>⟨U+0000⟩ & \"' ⟨U+202E⟩ =cmd()" in labels
    assert len(list(chart.iter("Card"))) == 3


def test_the_marking_is_in_the_summary(chart: etree._Element) -> None:
    fields = {each.get("Type"): each.get("Field") for each in chart.iter("Field")}
    assert fields == {
        "SummaryFieldTitle": "Group 3FA9",
        "SummaryFieldCategory": "OFFICIAL-SENSITIVE",
        "SummaryFieldComments": "OFFICIAL-SENSITIVE. Not proof.",
    }


def test_a_link_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match=r"1 links have no card, person:C1 to person:A1 first|1 links have no card, person:A1 to person:C1 first",
    ):
        network_to_anx(
            network(),
            tmp_path / "n.anx",
            cards={frozenset({"person:C1", "person:C2"}): [Card("x")]},
            title="",
        )
    assert not (tmp_path / "n.anx").exists()


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    graph = network()
    turned = nx.Graph()
    turned.add_nodes_from(reversed(list(graph.nodes(data=True))))
    turned.add_edges_from((b, a, values) for a, b, values in reversed(list(graph.edges(data=True))))
    for name, each in (("a", graph), ("b", turned)):
        network_to_anx(each, tmp_path / name, cards=CARDS, title="")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
