from __future__ import annotations

import pandas as pd
import pyarrow as pa

from app.changes import banner, contact_changes, group_changes
from mapping.change import Standing, changes


def standing(ties: tuple[tuple[str, str, str], ...] = (), **groups: str) -> Standing:
    rows = [(person, group) for group, people in groups.items() for person in people]
    text = pa.string()

    def table(columns: tuple[str, ...], rows: list) -> pa.Table:
        return pa.table({name: pa.array([row[k] for row in rows], text) for k, name in enumerate(columns)})

    return Standing(
        None,
        table(("person_id", "group_id"), rows),
        pa.table(
            {
                n: pa.array([], k)
                for n, k in {
                    "person_a": text,
                    "person_b": text,
                    "items": pa.int64(),
                    "last_seen": pa.date32(),
                }.items()
            }
        ),
        table(("contact_type", "contact_id", "person_id"), list(ties)),
        pa.table(
            {
                n: pa.array([], k)
                for n, k in {
                    "person_id": text,
                    "reported_at": pa.timestamp("us"),
                    "missing_from": text,
                }.items()
            }
        ),
    )


BEFORE = standing(g1="ABCD", g2="EFG", g3="HIJ", g4="KL", g5="MNOPQ", g6="RST")
AFTER = standing(g1="ABCDEFG", g9="HIJX", g5="MNO", g7="PQ", g8="UVW")
CALLED = {name: f"Group {name[1:]}" for name in ("g1", "g2", "g3", "g5", "g7", "g8", "g9")}


def shown(before: Standing, after: Standing) -> pd.DataFrame:
    found = changes(before, after, half_life=None)
    return group_changes(found, after.groups.to_pandas(), before.groups.to_pandas(), CALLED, smallest=3)


def test_every_group_of_three_that_changed_has_one_row() -> None:
    """g3 is known as g9 now; K and L were a pair and have no row; so is the pair that came out of g5."""
    assert shown(BEFORE, AFTER).values.tolist() == [
        ["g8", "formed", "formed", (), (), 3, 0],
        ["g1", "merged", "took in Group 2; gained 3 members", ("E", "F", "G"), (), 7, 4],
        ["g5", "split", "split: 2 members now in Group 7", (), ("P", "Q"), 3, 5],
        ["g9", "grown", "gained 1 member", ("X",), (), 4, 3],
        ["g6", "dissolved", "is no longer a group", (), (), 0, 3],
    ]


def test_the_banner_counts_them() -> None:
    assert (
        banner(shown(BEFORE, AFTER), "24 March 2026")
        == "Of the groups of three or more, since 24 March 2026: 1 formed, 1 merged, 1 split, 1 grew and 1 are no longer one."
    )
    assert (
        banner(shown(BEFORE, BEFORE), "24 March 2026")
        == "No group of three or more has changed since 24 March 2026."
    )


def test_contacts_that_reached_another_group() -> None:
    phone = [("thing", "T1", person) for person in "AB"]
    before = standing(tuple(phone), g1="ABC", g2="DEF")
    after = standing((*phone, ("thing", "T1", "D")), g1="ABC", g2="DEF")
    found = contact_changes(changes(before, after, half_life=None))
    assert found.values.tolist() == [["thing", "T1", ("g2",)]]
