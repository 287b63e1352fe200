from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from mapping.contacts import build_ties
from mapping.evidence import mentions
from mapping.interruption import (
    HarmNetwork,
    best_set,
    build_harm_network,
    interruption,
    measurable,
    part_around,
    standing,
    still_joining,
)
from mapping.links import build_links
from mapping.people import age_bands
from mapping.records import Records, read_case
from mapping.scope import latest_date

DEMO = Path(__file__).parents[2] / "data" / "synthetic" / "demo"

PEOPLE = """
    person_id,date_of_birth
    A1,1980-01-01
    A2,1980-01-01
    A3,1980-01-01
    A4,1980-01-01
    C1,2010-01-01
    C2,2010-01-01
    C3,2010-01-01
    C4,2010-01-01
    C5,2010-01-01
"""
# A flat and a phone join C1, C2 and C3; a park joins C3 and C4; C4 harmed C5. A1 is of concern and was at the
# flat; A2 helps, A3 teaches, of A4 people say both.
CASE = {
    "people": PEOPLE,
    "locations": "location_id,kind\nL1,other\nL2,park\nL3,childrens_home\nL4,school\n",
    "things": "thing_id,kind\nT1,phone\n",
    "thing_use": "thing_id,person_id,last_seen\nT1,C1,2025-02-01\nT1,C2,2025-02-01\nT1,C3,2025-02-01\n",
    "presence": """
        person_id,location_id,seen_at
        A1,L1,2025-01-01
        C1,L1,2025-01-01
        C2,L1,2025-01-02
        C3,L1,2025-01-03
        C3,L2,2025-01-04
        C4,L2,2025-01-05
        C1,L3,2025-01-06
        C4,L3,2025-01-07
    """,
    "placements": "person_id,location_id,started_on\nC1,L3,2025-01-01\nC5,L3,2025-01-01\n",
    "associations": """
        person_a,person_b,kind,nature,last_seen
        A1,C1,exploitation,,2025-02-01
        A1,C2,other,unknown,2025-02-01
        A2,C1,other,protective,2025-02-01
        A2,C5,other,protective,2025-02-01
        A3,C1,school,neutral,2025-02-01
        A3,C5,school,neutral,2025-02-01
        A4,C3,other,harmful,2025-02-01
        A4,C5,other,protective,2025-02-01
        C1,C5,peer,unknown,2025-02-01
    """,
    "events": "event_id,kind,started_at\nE1,incident,2025-01-08\n",
    "participation": "event_id,person_id,role\nE1,C4,may_have_harmed\nE1,C5,harmed\n",
}


def network_of(case: Path, **options: bool) -> tuple[Records, HarmNetwork]:
    records = read_case(case)
    as_of = latest_date(records)
    bands = age_bands(records, as_of)
    evidence = mentions(records, as_of=as_of)
    links = build_links(evidence, as_of=as_of)
    ties = build_ties(evidence, links, bands)
    return records, build_harm_network(evidence, links, ties, bands, **options)


def plain(frame: pd.DataFrame) -> list[list[object]]:
    return frame.astype(object).where(frame.notna(), None).values.tolist()


def test_what_is_in_the_network_of_harm(write_case) -> None:
    records, network = network_of(write_case(**CASE))
    assert plain(network.contacts) == [
        ["person", "A1", None, 2, True],
        ["thing", "T1", "phone", 3, None],
        ["location", "L1", "other", 3, True],
        ["location", "L2", "park", 2, False],
    ]
    ids = dict(records.execute("SELECT person_n, person_id FROM {people}"))
    assert [ids[n] for n in network.children.tolist()] == ["C1", "C2", "C3", "C4", "C5"]
    assert network.harmful_links == 1
    assert network.whole


def test_only_places_where_harm_or_an_adult_of_concern_is_on_record(write_case) -> None:
    _, network = network_of(write_case(**CASE), on_record=True)
    assert network.contacts["contact_id"].tolist() == ["A1", "T1", "L1"]


@pytest.mark.parametrize(
    "told",
    [
        {"presence": "person_id,location_id,seen_at\nA1,L3,2025-01-01\nC1,L3,2025-01-01\nC4,L3,2025-01-01\n"},
        # E1: C4 was harmed there.
        {
            "events": "event_id,kind,started_at,location_id\nE1,incident,2025-01-08,L3\nE2,other,2025-01-09,L3\n",
            "participation": "event_id,person_id,role\nE1,C4,harmed\nE2,C5,present\n",
        },
    ],
)
def test_a_childrens_home_is_in_it_only_where_harm_there_is_on_record(write_case, told) -> None:
    assert "L3" not in network_of(write_case(**CASE))[1].contacts["contact_id"].tolist()
    _, network = network_of(write_case("told", **{**CASE, **told}))
    found = network.contacts.set_index("contact_id")
    assert found.loc["L3", ["children", "on_record"]].tolist() == [3 if "events" in told else 2, True]


def test_what_each_contact_would_interrupt(write_case) -> None:
    _, network = network_of(write_case(**CASE))
    # Ten pairs. One step: the three of the flat and phone, C3-C4, C4-C5. Two: C1 and C2 with C4, C3-C5. Three: C1 and C2 with C5.
    assert standing(network) == {
        "children": 5,
        "pairs": 10,
        "joined": 10,
        "fragmentation": 0,
        "distance_weighted": pytest.approx(1 - (5 + 3 / 2 + 2 / 3) / 10),
    }
    found = interruption(network)
    assert plain(found.drop(columns=["distance_weighted", "reach"])) == [
        # Without the park C4 and C5 are apart from the others: six pairs.
        ["location", "L2", "park", 2, 1, 1, 6, 0.6],
        ["person", "A1", None, 2, 1, 0, 0, 0],
        ["thing", "T1", "phone", 3, 3, 0, 0, 0],
        ["location", "L1", "other", 3, 3, 0, 0, 0],
    ]
    assert found["distance_weighted"].tolist() == pytest.approx([0.6, *[1 - (5 + 3 / 2 + 2 / 3) / 10] * 3])
    # The park reaches two children at one step, the three others at two.
    assert found["reach"].tolist()[0] == pytest.approx((2 + 3 / 2) / 5)


def test_a_shorter_way_counts_or_does_not(write_case) -> None:
    _, network = network_of(write_case(**CASE))
    assert standing(network, within=1)["joined"] == 5
    assert standing(network, within=2)["joined"] == 8
    assert standing(network, within=None) == standing(network)


def test_what_still_joins_the_children_of_a_contact(write_case) -> None:
    _, network = network_of(write_case(**CASE))
    assert plain(still_joining(network, "thing", "T1")) == [
        ["location", "L1", "other", 3, 3],
        ["person", "A1", None, 2, 1],
    ]
    assert plain(still_joining(network, "thing", "T1", most=1)) == [["location", "L1", "other", 3, 3]]


def test_a_set_counts_its_effect_up(write_case) -> None:
    _, network = network_of(write_case(**CASE))
    found = best_set(network, 2)
    assert plain(found.drop(columns="distance_weighted")) == [
        # The phone and the flat each join what the other joins; without both, only C1 and C2 are left joined.
        ["thing", "T1", "phone", 3, 0, 0],
        ["location", "L1", "other", 3, 6, 0.6],
    ]
    assert plain(best_set(network, 1)[["contact_id", "pairs_cut"]]) == [["L2", 6]]
    assert len(best_set(network, 9)) == 4


def test_contacts_that_hide_one_another_are_found_together(write_case) -> None:
    """C1 and C2 are also joined by A1: all three must go before C1, C2 and C3 are apart."""
    _, network = network_of(write_case(**CASE))
    found = best_set(network, 3, contact=("thing", "T1"))
    assert plain(found.drop(columns="distance_weighted")) == [
        ["thing", "T1", "phone", 3, 0, 0],
        ["location", "L1", "other", 3, 2, 2 / 3],
        ["person", "A1", None, 3, 3, 1],
    ]


def test_refusals(write_case, monkeypatch: pytest.MonkeyPatch) -> None:
    _, network = network_of(write_case(**CASE))
    with pytest.raises(
        ValueError, match=r"^person A3 is not in the network of harm: only places, things and"
    ):
        interruption(network, [("person", "A3")])
    with pytest.raises(ValueError, match=r"^person C1 is not in the network of harm"):
        best_set(network, contact=("person", "C1"))
    with pytest.raises(ValueError, match=r"^A set of 0 contexts cannot be chosen\. Ask for 1 or more\.$"):
        best_set(network, 0)
    monkeypatch.setattr("mapping.interruption.MOST_CHILDREN", 4)
    assert not measurable(network)
    with pytest.raises(ValueError, match=r"^More than 4 children are joined .* Ask about one contact"):
        interruption(network)
    with pytest.raises(ValueError, match=r"^More than 4 children are joined"):
        best_set(network)
    assert len(interruption(network, [("thing", "T1")])) == 1


def test_a_case_without_harm(write_case) -> None:
    _, network = network_of(write_case())
    assert network.contacts.empty
    assert interruption(network).empty
    assert best_set(network).empty
    assert standing(network)["joined"] == 0


def test_the_order_of_rows_does_not_matter(write_case) -> None:
    def turned(table: object) -> object:
        if not isinstance(table, str):
            return table
        head, *rows = [line.strip() for line in table.strip().splitlines()]
        return "\n".join([head, *reversed(rows)])

    one = network_of(write_case(**CASE))[1]
    other = network_of(write_case("turned", **{name: turned(rows) for name, rows in CASE.items()}))[1]
    pd.testing.assert_frame_equal(interruption(one), interruption(other))
    pd.testing.assert_frame_equal(best_set(one), best_set(other))


# The demo -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo() -> tuple[Records, str, HarmNetwork]:
    records = read_case(DEMO)
    as_of = latest_date(records)
    bands = age_bands(records, as_of)
    evidence = mentions(records, as_of=as_of)
    links = build_links(evidence, as_of=as_of)
    network = build_harm_network(evidence, links, build_ties(evidence, links, bands), bands)
    return records, bands, network


def test_children_protective_people_and_events_are_never_what_is_taken_out(demo) -> None:
    records, bands, network = demo
    assert set(network.contacts["contact_type"]) == {"person", "thing", "location"}
    adults = network.contacts.loc[network.contacts["contact_type"] == "person", "contact_id"]
    known = records.sql(
        f"SELECT person_id, age_band, of_concern FROM {bands} JOIN {{people}} USING (person_n)"
    ).df()
    assert "child" not in set(known.loc[known["person_id"].isin(adults), "age_band"])
    calm = set(known.loc[~known["of_concern"], "person_id"])
    kind = "nature IN ('harmful') OR kind = 'exploitation'"
    harmful = records.sql(
        f"SELECT person_a FROM (SELECT a.person_id AS person_a, b.person_id AS person_b, t.* FROM {{associations}} t JOIN {{people}} a ON a.person_n = t.person_a_n JOIN {{people}} b ON b.person_n = t.person_b_n) WHERE {kind} UNION SELECT person_b FROM (SELECT b.person_id AS person_b, t.* FROM {{associations}} t JOIN {{people}} b ON b.person_n = t.person_b_n) WHERE {kind} UNION SELECT person_id FROM {{participation}} JOIN {{people}} USING (person_n) WHERE role = 'may_have_harmed'"
    ).df()["person_a"]
    assert set(adults) & calm <= set(harmful)


def test_the_effect_of_each_contact_worked_out_by_networkx(demo) -> None:
    _, _, network = demo
    children = len(network.children)
    whole = nx.Graph(
        (node, int(child)) for node in range(children, network.graph.nodes) for child in network.tied(node)
    )
    found = interruption(network).set_index(["contact_type", "contact_id"])
    for (kind, contact), row in found.iloc[::11].iterrows():
        node = network.node(kind, contact)
        left = whole.subgraph(set(whole) - {node})
        near = [
            nx.single_source_shortest_path_length(left, child, cutoff=6) if child in left else {}
            for child in range(children)
        ]
        joined = [near[a][b] for a in range(children) for b in near[a] if b < a]
        own = network.tied(node).tolist()
        pairs = children * (children - 1) // 2
        assert row["fragmentation"] == pytest.approx(1 - len(joined) / pairs)
        assert row["distance_weighted"] == pytest.approx(1 - sum(2 / d for d in joined) / pairs)
        assert row["pairs_interrupted"] == sum(b not in near[a] for a in own for b in own if b < a)


def test_a_part_says_of_its_contact_what_the_whole_says(demo) -> None:
    _, _, network = demo
    alone = ["contact_type", "contact_id", "children_reached", "pairs_reached", "pairs_interrupted"]
    for kind, contact in network.contacts[["contact_type", "contact_id"]].itertuples(index=False):
        part = part_around(network, kind, contact)
        assert not part.whole
        assert plain(interruption(part, [(kind, contact)])[alone]) == plain(
            interruption(network, [(kind, contact)])[alone]
        )


@pytest.fixture(scope="module")
def stories() -> dict[str, dict[str, object]]:
    return json.loads((DEMO / "truth" / "stories.json").read_text(encoding="utf-8"))


def test_the_account_that_joins_strangers_is_what_interrupts_most(demo, stories) -> None:
    """The demo plants an online account that writes to seven children who do not know each other."""
    _, _, network = demo
    first = best_set(network, 3).iloc[0]
    assert (first["contact_type"], first["contact_id"]) == ("thing", stories["online_account"]["thing_id"])


def test_a_county_line_is_interrupted_only_as_a_whole(demo, stories) -> None:
    """Two adults, a phone and a vehicle join the same ten children, so each of them hides the others."""
    _, _, network = demo
    line = stories["county_line"]
    phone = ("thing", line["phone"])
    alone = interruption(network, [phone])["pairs_interrupted"].iloc[0]
    found = best_set(network, 4, contact=phone)
    planted = {phone, ("thing", line["vehicle"]), *(("person", adult) for adult in line["adults"])}
    assert set(zip(found["contact_type"], found["contact_id"], strict=True)) == planted
    assert found["pairs_cut"].iloc[-1] > 4 * alone
    assert found["pairs_cut"].is_monotonic_increasing
