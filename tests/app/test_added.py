"""What was added by hand just now is drawn as the network will draw it, and only what is around the child."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from app import added, answers
from mapping.entries import Entry

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
SOURCE = {
    "source_id": "S",
    "kind": "social_care",
    "agency": "children's social care",
    "recorded_on": "2026-05-04",
    "text": "she told me",
}


def entry(number: int, table: str, **row: str) -> Entry:
    return Entry("record", str(number), 1, {"table": table, "row": row, "source": SOURCE}, "Jo", AT)


FRIEND = entry(1, "associations", person_a="C2", person_b="C1", kind="peer", nature="unknown", first_seen="2026-05-04", last_seen="2026-05-04")  # fmt: skip
NEW = entry(2, "people", person_id="N1", given_name="Una", family_name="Vane")
HELP = entry(3, "associations", person_a="C1", person_b="N1", kind="other", nature="protective", first_seen="2026-05-04", last_seen="2026-05-04")  # fmt: skip
PARK = entry(4, "locations", location_id="N2", kind="park", name="Quarry Field")
SEEN = entry(5, "presence", person_id="C1", location_id="N2", seen_at="2026-05-04")
PHONE = entry(6, "thing_use", thing_id="T1", person_id="C9")


def test_rows_become_edges_and_new_nodes() -> None:
    found = added.added([FRIEND, NEW, HELP, PARK, SEEN, PHONE])
    drawn = found.edges[["id", "source", "target", "kinds", "nature", "stated", "seen"]]
    assert drawn.to_dict("records") == [
        {"id": "link:C1|C2", "source": "person:C1", "target": "person:C2", "kinds": "peer", "nature": "unknown", "stated": True, "seen": False},
        {"id": "link:C1|N1", "source": "person:C1", "target": "person:N1", "kinds": "other", "nature": "protective", "stated": True, "seen": False},
        {"id": "tie:person:C1|location:N2", "source": "person:C1", "target": "location:N2", "kinds": "seen there", "nature": "unknown", "stated": True, "seen": False},
        {"id": "tie:person:C9|thing:T1", "source": "person:C9", "target": "thing:T1", "kinds": "used it", "nature": "unknown", "stated": True, "seen": False},
    ]  # fmt: skip
    assert found.new == {"location:N2": "park", "person:N1": "protective_adult"}
    assert found.called["location"].to_dict() == {"N2": "Quarry Field"}
    labels = added.labels(pd.Series({"C1": "AQ (C1)"}, dtype=object), found, shown=False)
    assert labels.to_dict() == {"C1": "AQ (C1)", "N1": "UV (N1)"}


def test_who_harms_is_an_adult_of_concern_and_whose_age_nobody_said_is_of_unknown_age() -> None:
    harms = entry(7, "associations", person_a="C1", person_b="N1", kind="exploitation", nature="harmful")
    knows = entry(7, "associations", person_a="C1", person_b="N1", kind="peer", nature="unknown")
    assert added.added([NEW, harms]).new == {"person:N1": "adult_of_concern"}
    assert added.added([NEW, knows]).new == {"person:N1": "unknown_age"}


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.setattr(answers, "person_kinds", lambda _: pd.Series({"C1": "child", "C2": "child"}))
    return SimpleNamespace()


def near() -> answers.Around:
    nodes = pd.DataFrame({"id": ["person:C1"], "ref": ["C1"], "step": [0], "kind": ["child"], "kinds": [""], "near": [False]})  # fmt: skip
    columns = ["id", "source", "target", "person_a", "person_b", "kinds", "nature", "items", "first_seen"]
    return answers.Around(nodes, pd.DataFrame(columns=columns), 0)


def test_only_what_touches_the_picture_is_drawn(loaded: SimpleNamespace) -> None:
    late = added.added([FRIEND, NEW, HELP, PARK, SEEN, PHONE])
    found = added.around(loaded, near(), late, late)
    drawn = found.nodes.set_index("id")
    assert drawn["kind"].to_dict() == {
        "person:C1": "child",
        "person:C2": "child",
        "person:N1": "protective_adult",
        "location:N2": "park",
    }
    assert drawn["near"].to_dict() == {
        "person:C1": False,
        "person:C2": False,
        "person:N1": True,
        "location:N2": False,
    }
    assert sorted(found.edges["id"]) == ["link:C1|C2", "link:C1|N1", "tie:person:C1|location:N2"]
    assert found.edges["added"].tolist() == [1, 1, 1]


def test_a_link_the_network_has_is_marked_and_not_drawn_twice(loaded: SimpleNamespace) -> None:
    before = near()
    edge = {"id": "link:C1|C2", "source": "person:C1", "target": "person:C2", "person_a": "C1", "person_b": "C2", "kinds": "event", "nature": "unknown", "items": 2}  # fmt: skip
    nodes = pd.concat([before.nodes, before.nodes.assign(id="person:C2", ref="C2", step=1)])
    late = added.added([FRIEND])
    found = added.around(loaded, answers.Around(nodes, pd.DataFrame([edge]), 0), late, late)
    assert found.edges[["id", "items", "added"]].to_dict("records") == [
        {"id": "link:C1|C2", "items": 2, "added": 1}
    ]


def test_somebody_entered_as_keeping_a_child_safe_is_drawn_so_when_the_network_knows_them(
    loaded: SimpleNamespace,
) -> None:
    before = near()
    nodes = pd.concat([before.nodes, before.nodes.assign(id="person:N1", ref="N1", kind="unknown_age")])
    ever = added.added([NEW, HELP])
    found = added.around(loaded, answers.Around(nodes, before.edges, 0), added.added([]), ever)
    assert found.nodes["kind"].tolist() == ["child", "protective_adult"]


def test_a_card_says_who_how_and_that_nobody_graded_it(hostile: dict[str, str]) -> None:
    nasty = Entry("record", "8", 1, {"table": "associations", "row": {"person_a": "C1", "person_b": "C2", "kind": "peer"}, "source": {**SOURCE, "text": hostile["markup"]}}, hostile["markup"], AT)  # fmt: skip
    said = added.cards([FRIEND, nasty])
    assert "4 May 2026" in said
    assert "Stated: peers" in said
    assert "she told me" in said
    assert "not graded" in said
    assert "<img" not in said


def test_what_was_taken_back_is_gone_and_what_rests_on_more_stays() -> None:
    before = near()
    nodes = pd.concat(
        [
            before.nodes,
            *(before.nodes.assign(id=f"person:{one}", ref=one, step=1) for one in ("C2", "C3", "N1")),
        ]
    )
    columns = ["id", "source", "target", "items"]
    edges = pd.DataFrame(
        [
            ("link:C1|C2", "person:C1", "person:C2", 1),
            ("link:C1|C3", "person:C1", "person:C3", 2),
            ("link:C1|N1", "person:C1", "person:N1", 1),
        ],
        columns=columns,
    )
    other = entry(9, "associations", person_a="C1", person_b="C3", kind="peer", nature="unknown")
    found = added.without(answers.Around(nodes, edges, 0), added.added([FRIEND, other, NEW, HELP]))
    assert found.nodes["id"].tolist() == ["person:C1", "person:C3"]
    assert found.edges["id"].tolist() == ["link:C1|C3"]
    alone = added.without(answers.Around(nodes.head(2), edges.head(1), 0), added.added([FRIEND]))
    assert alone.nodes["id"].tolist() == ["person:C1"]
    assert added.without(answers.Around(nodes, edges, 0), added.added([])).edges is edges


def test_what_is_new_is_drawn_among_what_is_of_the_same_part_of_life() -> None:
    nodes = pd.DataFrame(
        [
            ("person:C1", "child", ""),
            ("location:L1", "park", ""),
            ("person:C2", "child", "peer"),
            ("location:N2", "park", ""),
            ("location:N3", "school", ""),
        ],
        columns=["id", "kind", "kinds"],
    )
    where = pd.DataFrame(
        {"x": [0.0, 600.0, -600.0], "y": 0.0, "half": 9.0}, index=nodes["id"].head(3).tolist()
    )
    found = added.in_context(nodes, where)
    assert found.index.tolist() == [*where.index, "location:N2"]
    assert math.hypot(found.loc["location:N2", "x"] - 600, found.loc["location:N2", "y"]) < 200
    assert found.head(3).equals(where)
    assert added.in_context(nodes.head(3), where) is where
