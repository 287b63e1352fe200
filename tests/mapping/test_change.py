from __future__ import annotations

from datetime import date

import pandas as pd
import pyarrow as pa

from mapping.change import COLUMNS, KINDS, Standing, changes

EMPTY = {
    "groups": ("person_id", "group_id"),
    "links": ("person_a", "person_b", "items", "last_seen"),
    "ties": ("contact_type", "contact_id", "person_id"),
    "missing": ("person_id", "reported_at", "missing_from"),
}
KIND = {"items": pa.int64(), "last_seen": pa.date32(), "reported_at": pa.timestamp("us")}


def standing(day: str, **tables: list[tuple[object, ...]]) -> Standing:
    """A standing from plain rows."""
    made = {
        name: pa.table(
            {
                column: pa.array([row[k] for row in tables.get(name, [])], KIND.get(column, pa.string()))
                for k, column in enumerate(columns)
            }
        )
        for name, columns in EMPTY.items()
    }
    return Standing(date.fromisoformat(day), **made)


def members(**groups: str) -> list[tuple[str, str]]:
    return [(person, group) for group, people in groups.items() for person in people]


def found(before: Standing, after: Standing, half_life: float | None = 180) -> list[tuple[str | None, ...]]:
    """Every change as a row without its empty cells."""
    table = changes(before, after, half_life=half_life)
    assert tuple(table.columns) == COLUMNS
    assert set(table["kind"]) <= set(KINDS)
    return [tuple(value for value in row if pd.notna(value)) for row in table.itertuples(index=False)]


def test_nothing_changed() -> None:
    same = standing("2025-01-01", groups=members(g1="ABC"), links=[("A", "B", 1, date(2025, 1, 1))])
    assert found(same, same) == [("continued", "g1", "0 joined, 0 left; 3 members, 3 before")]


def test_groups_that_formed_grew_shrank_and_dissolved() -> None:
    before = standing("2025-01-01", groups=members(g1="ABC", g2="DEFG", g3="HI", alone="J", other="K"))
    after = standing("2025-02-01", groups=members(g1="ABCX", g2="DEF", alone="H", single="I", g9="JK"))
    assert found(before, after) == [
        ("formed", "g9", "2 members"),
        ("grown", "g1", "1 joined, 0 left; 4 members, 3 before"),
        ("shrunk", "g2", "0 joined, 1 left; 3 members, 4 before"),
        ("dissolved", "g3", "it had 2 members"),
        ("joined", "g1", "X", "from no group"),
        ("left", "g2", "G", "to no group"),
    ]


def test_groups_that_merged() -> None:
    before = standing("2025-01-01", groups=members(g1="ABCD", g2="EFG"))
    after = standing("2025-02-01", groups=members(g1="ABCDEFG"))
    assert found(before, after) == [
        ("merged", "g1", "g2", "3 of 3 are now in it; it has 7 members"),
        ("joined", "g1", "g2", "E", "from another group"),
        ("joined", "g1", "g2", "F", "from another group"),
        ("joined", "g1", "g2", "G", "from another group"),
    ]


def test_a_group_that_split() -> None:
    before = standing("2025-01-01", groups=members(g1="ABCDEFG"))
    after = standing("2025-02-01", groups=members(g1="ABCD", g5="EFG"))
    assert found(before, after) == [
        ("split", "g1", "g5", "3 of its 7 members are now a group of 3"),
        ("left", "g1", "g5", "E", "to another group"),
        ("left", "g1", "g5", "F", "to another group"),
        ("left", "g1", "g5", "G", "to another group"),
    ]


def test_a_group_known_by_another_id_keeps_the_one_it_had() -> None:
    before = standing("2025-01-01", groups=members(g1="ABC"))
    after = standing("2025-02-01", groups=members(g7="ABCD"))
    assert found(before, after) == [
        ("grown", "g1", "g7", "1 joined, 0 left; 4 members, 3 before"),
        ("joined", "g1", "D", "from no group"),
    ]


def test_someone_who_moved_left_one_group_and_joined_another() -> None:
    before = standing("2025-01-01", groups=members(g1="ABCD", g2="EFG"))
    after = standing("2025-02-01", groups=members(g1="ABC", g2="DEFG"))
    assert found(before, after) == [
        ("grown", "g2", "1 joined, 0 left; 4 members, 3 before"),
        ("shrunk", "g1", "0 joined, 1 left; 3 members, 4 before"),
        ("joined", "g2", "g1", "D", "from another group"),
        ("left", "g1", "g2", "D", "to another group"),
    ]


def test_links_new_renewed_faded_and_gone() -> None:
    old, fresh = date(2024, 9, 1), date(2025, 2, 20)
    before = standing(
        "2025-02-01",
        links=[("A", "B", 1, old), ("A", "C", 1, old), ("A", "D", 2, old), ("A", "E", 1, None)],
    )
    after = standing(
        "2025-03-01",
        links=[("A", "B", 2, fresh), ("A", "C", 1, old), ("A", "E", 1, None), ("B", "C", 1, fresh)],
    )
    assert found(before, after) == [
        ("link_new", "B", "C", "1 item, newest 2025-02-20"),
        ("link_renewed", "A", "B", "2 items, 1 before; newest 2025-02-20"),
        ("link_faded", "A", "C", "1 item, 1 before; newest 2024-09-01"),
        ("link_gone", "A", "D", "it had 2 items, newest 2024-09-01"),
    ]
    assert [row[0] for row in found(before, after, half_life=None)] == [
        "link_new",
        "link_renewed",
        "link_gone",
    ]


def test_a_link_fades_when_its_newest_item_becomes_older_than_the_half_life() -> None:
    # 180 days before 1 February is 5 August, and before 1 March it is 2 September.
    newest = {"B": date(2024, 8, 4), "C": date(2024, 8, 5), "D": date(2024, 9, 1), "E": date(2024, 9, 2)}
    links = [("A", other, 1, day) for other, day in newest.items()]
    before, after = (standing(day, links=links) for day in ("2025-02-01", "2025-03-01"))
    assert [row[:3] for row in found(before, after)] == [("link_faded", "A", "C"), ("link_faded", "A", "D")]


def test_contacts_new_gone_and_reaching_another_group() -> None:
    """The phone was with two of g1; now with one of g2 as well. The flat's third child was in g1 all along."""
    groups = members(g1="ABC", g2="DE")
    before = standing(
        "2025-01-01",
        groups=groups,
        ties=[("thing", "phone", p) for p in "AB"]
        + [("location", "flat", p) for p in "AB"]
        + [("event", "e", p) for p in "AB"],
    )
    after = standing(
        "2025-02-01",
        groups=groups,
        ties=[("thing", "phone", p) for p in "ABD"]
        + [("location", "flat", p) for p in "ABC"]
        + [("person", "X", p) for p in "CD"],
    )
    unchanged = [
        ("continued", "g1", "0 joined, 0 left; 3 members, 3 before"),
        ("continued", "g2", "0 joined, 0 left; 2 members, 2 before"),
    ]
    assert found(before, after) == [
        *unchanged,
        ("contact_new", "person", "X", "2 children"),
        ("contact_reached_group", "g2", "thing", "phone", "1 child of the group"),
        ("contact_gone", "event", "e", "it had 2 children"),
    ]


def test_a_contact_does_not_reach_a_group_because_its_child_joined_one() -> None:
    ties = [("thing", "phone", p) for p in "AD"]
    before = standing("2025-01-01", groups=members(g1="ABC", g2="EF"), ties=ties)
    after = standing("2025-02-01", groups=members(g1="ABC", g2="DEF"), ties=ties)
    assert [row[0] for row in found(before, after)] == ["grown", "continued", "joined"]


def test_children_missing_and_found() -> None:
    at = pd.Timestamp("2025-01-30T20:15")
    before = standing("2025-01-01", missing=[("A", pd.Timestamp("2024-12-31T09:00"), None), ("B", at, "L1")])
    after = standing("2025-02-01", missing=[("B", at, "L1"), ("C", at, "L2")])
    assert found(before, after) == [
        ("missing", "C", "since 2025-01-30 20:15, from L2"),
        ("found", "A", "missing since 2024-12-31 09:00"),
    ]
