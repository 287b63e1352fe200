from __future__ import annotations

import pandas as pd

from app import peers


def links(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["person_a", "person_b", "kinds", "nature"])
    return frame.assign(items=1, last_seen=pd.Timestamp("2026-03-01"))


def test_a_link_is_stated_seen_or_both() -> None:
    drawn = peers.links_drawn(
        links(
            ("a", "b", "peer", "unknown"),
            ("a", "c", "event|presence", "unknown"),
            ("b", "c", "family|event", "protective"),
        )
    )
    assert drawn[["id", "source", "target", "stated", "seen"]].to_dict("records") == [
        {"id": "link:a|b", "source": "person:a", "target": "person:b", "stated": True, "seen": False},
        {"id": "link:a|c", "source": "person:a", "target": "person:c", "stated": False, "seen": True},
        {"id": "link:b|c", "source": "person:b", "target": "person:c", "stated": True, "seen": True},
    ]


def test_adults_are_drawn_by_what_records_say_of_them() -> None:
    people = pd.DataFrame(
        {
            "person_id": list("abcdef"),
            "age_band": ["child", "adult", "adult", "adult", "young_adult", "unknown_age"],
            "of_concern": [False, False, True, False, True, False],
        }
    )
    found = peers.person_kinds(
        people, links(("a", "b", "other", "protective"), ("a", "d", "peer", "unknown")), {"c"}
    )
    assert found.to_dict() == {
        "a": "child",
        "b": "protective_adult",
        "c": "adult_of_concern",
        "d": "adult",
        "e": "adult_of_concern",
        "f": "unknown_age",
    }


NO_TIES = pd.DataFrame(
    {
        name: pd.Series(dtype=object)
        for name in ("person_id", "contact_type", "contact_id", "contact_kind", "tie", "day")
    }
)


def test_one_step_holds_those_linked_to_the_child_and_two_steps_those_linked_to_them() -> None:
    drawn = peers.links_drawn(
        links(("a", "b", "peer", "unknown"), ("b", "c", "peer", "unknown"), ("c", "d", "peer", "unknown"))
    )
    kind = pd.Series(dict.fromkeys("abcd", "child"))
    one, edges, out = peers.around("a", drawn, NO_TIES, kind, steps=1)
    assert (one["ref"].tolist(), edges["id"].tolist(), out) == (["a", "b"], ["link:a|b"], 0)
    two, edges, out = peers.around("a", drawn, NO_TIES, kind, steps=2)
    assert (two["ref"].tolist(), edges["id"].tolist(), out) == (["a", "b", "c"], ["link:a|b", "link:b|c"], 0)


def test_a_picture_that_would_be_too_full_says_how_many_are_left_out() -> None:
    rows = [("a", "b", "peer", "unknown"), *(("b", f"p{n:02}", "peer", "unknown") for n in range(20))]
    nodes, _, out = peers.around(
        "a", peers.links_drawn(links(*rows)), NO_TIES, pd.Series(dtype=object), steps=2, most=10
    )
    assert (len(nodes), out) == (10, 12)


def test_contexts_of_a_peer_map() -> None:
    nodes = pd.DataFrame(
        {
            "kind": [
                "child",
                "child",
                "child",
                "child",
                "adult_of_concern",
                "school",
                "phone",
                "online_account",
            ],
            "kinds": ["peer", "family|peer", "school", "online", "exploitation", "", "", ""],
        }
    )
    assert peers.contexts(nodes).tolist() == [
        "peers",
        "home",
        "school",
        "online",
        "concern",
        "school",
        "things",
        "online",
    ]


def test_of_very_many_those_with_the_firmest_links_are_drawn_and_the_same_every_time() -> None:
    rows = [("a", f"p{number:04}", "event", "unknown") for number in range(5_000)]
    rows += [
        ("a", "friend", "peer", "unknown"),
        ("a", "aunt", "event", "protective"),
        ("a", "man", "event", "harmful"),
    ]
    found = links(*rows)
    found.loc[found["person_b"] == "p4999", "items"] = 3
    found.loc[found["person_b"] == "p4998", "last_seen"] = pd.Timestamp("2026-03-02")
    kind = pd.Series({"man": "adult_of_concern"})
    nodes, edges, _ = peers.around("a", peers.links_drawn(found), NO_TIES, kind)
    drawn, lines = peers.pictured(nodes, edges, most=7)
    assert drawn["ref"].tolist() == ["a", "p0000", "p4998", "p4999", "friend", "aunt", "man"]
    assert sorted(lines["person_b"]) == ["aunt", "friend", "man", "p0000", "p4998", "p4999"]
    shuffled, _ = peers.pictured(
        nodes.sample(frac=1, random_state=1), edges.sample(frac=1, random_state=1), most=7
    )
    assert set(shuffled["id"]) == set(drawn["id"])
    whole, _ = peers.pictured(nodes, edges, most=len(nodes))
    assert whole is nodes
