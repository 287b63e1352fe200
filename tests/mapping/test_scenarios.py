from __future__ import annotations

import pandas as pd

from mapping.scenarios import COLUMNS, scenarios


def groups(**members: str) -> pd.DataFrame:
    """The `groups` result: group_id to its people, one letter each."""
    rows = [(person, group) for group, people in members.items() for person in people]
    return pd.DataFrame(rows, columns=["person_id", "group_id"])


def test_each_group_beside_its_best_match_in_each_band() -> None:
    """g1 loses C and gains X in A-C, and is gone in A-B; g2 is split in halves; g3 is a group of one."""
    present = groups(g1="ABC", g2="DEFG", g3="H")
    graded = groups(k1="ABX", k2="DE", k3="FG", k4="C", k5="H")
    best = groups(k1="A", k2="B", k3="C", k4="DEFG")
    found = scenarios(present, {"A-C": graded, "A-B": best})
    assert tuple(found.columns) == COLUMNS
    assert found.astype(object).where(found.notna(), None).values.tolist() == [
        ["g1", 3, "A-C", "k1", 0.5, False, 2, 1, 1, "C"],
        ["g1", 3, "A-B", None, 0.0, False, 0, 3, 0, "A|B|C"],
        ["g2", 4, "A-C", "k2", 0.5, False, 2, 2, 0, "F|G"],
        ["g2", 4, "A-B", "k4", 1.0, True, 4, 0, 0, ""],
    ]


def test_a_person_whom_a_band_does_not_group_is_lost() -> None:
    found = scenarios(groups(g1="ABC"), {"A-B": groups(k1="AB")})
    assert found[["kept", "lost", "there", "lost_people"]].values.tolist() == [[2, 1, True, "C"]]


def test_nothing_to_compare_keeps_the_columns() -> None:
    assert tuple(scenarios(groups(), {"A-B": groups()}).columns) == COLUMNS
    assert scenarios(groups(g1="AB"), {}).empty
