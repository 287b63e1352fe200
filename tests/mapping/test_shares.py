"""Shares: every row is in a group, children count once, and the period before stands beside."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.shares import compared, shares


def test_rows_children_and_percentages() -> None:
    group = pd.Series(["b", "a", "b", None, "b"], index=[5, 3, 9, 1, 2])
    child = pd.Series(["C1", "C1", "C1", "C2", "C3"], index=group.index)
    assert shares(group, child=child, order=["a", "z"]).to_dict("index") == {
        "a": {"count": 1, "children": 1, "percent": 20.0},
        "z": {"count": 0, "children": 0, "percent": 0.0},
        "b": {"count": 3, "children": 2, "percent": 60.0},
        "not_recorded": {"count": 1, "children": 1, "percent": 20.0},
        "total": {"count": 5, "children": 3, "percent": 100.0},
    }


def test_nobody_is_a_total_of_nought_without_a_percentage() -> None:
    table = shares(pd.Series([], dtype="object"))
    assert table[["count", "children"]].to_dict("index") == {"total": {"count": 0, "children": 0}}
    assert table["percent"].isna().all()


def test_groups_empty_in_both_periods_are_left_out() -> None:
    now, before = (shares(pd.Series(rows), order=["a", "b", "c"]) for rows in (["a", "a"], ["b", "d"]))
    both = compared(now, before)
    assert both[["count", "count_before"]].to_dict("index") == {
        "a": {"count": 2, "count_before": 0},
        "b": {"count": 0, "count_before": 1},
        "d": {"count": 0, "count_before": 1},
        "total": {"count": 2, "count_before": 2},
    }
    assert both["percent"].tolist() == [100, 0, 0, 100]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 4))), st.randoms())
def test_the_order_of_rows_does_not_matter_and_all_are_counted(rows: list[tuple[str, int]], chance) -> None:
    def of(table: list[tuple[str, int]]) -> pd.DataFrame:
        group, child = zip(*table, strict=True) if table else ((), ())
        return shares(pd.Series(group, dtype="object"), child=pd.Series(child, dtype="int64"))

    mixed = list(rows)
    chance.shuffle(mixed)
    pd.testing.assert_frame_equal(of(rows), of(mixed))
    assert of(rows).drop(index="total")["count"].sum() == len(rows)
