"""Small counts in tables that rest on one another cannot be worked back, alone or together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.disclosure import attack, suppress
from geo.publication import attack_together, publish, suppress_together

pytestmark = pytest.mark.filterwarnings("error")
WARDS = [f"W{at}" for at in range(1, 5)]


def of(*values: int) -> pd.Series:
    return pd.Series(values, index=WARDS[: len(values)])


def worked_back(found: pd.DataFrame) -> pd.DataFrame:
    return found[found["lowest"] == found["highest"]]


def test_children_give_their_episodes_away_and_then_one_more_is_hidden() -> None:
    """W1 has 1 episode of one child, W2 10 episodes of 10 children: each table is safe, both together are not."""
    episodes, children = of(1, 10, 20, 30), of(0, 10, 12, 14)
    alone = {"children": suppress(children).to_frame(""), "episodes": suppress(episodes).to_frame("")}
    assert alone["episodes"][""].tolist() == ["c", "c", "20", "30", "61"]
    both = [("children", "episodes")]
    assert worked_back(attack_together(alone))["row"].tolist() == []
    assert worked_back(attack_together(alone, within=both))["row"].tolist() == ["W1", "W2"]

    found = suppress_together({"children": children, "episodes": episodes}, within=both)

    assert found["children"][""].tolist() == ["0", "10", "12", "14", "36"]
    assert found["episodes"][""].tolist() == ["c", "c", "c", "30", "61"]
    assert worked_back(attack_together(found, within=both)).empty


def test_the_attack_on_one_table_is_that_of_disclosure() -> None:
    table = pd.DataFrame([[3, 9, 2], [8, 7, 12], [1, 30, 6]], index=WARDS[:3], columns=list("abc"))
    shown = suppress(table)
    plain = attack(shown)
    found = attack_together({"one": shown})
    pd.testing.assert_frame_equal(
        found.drop(columns="table"), plain, check_dtype=False, check_column_type=False
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=6))
def test_no_attack_on_both_succeeds(rows: list[tuple[int, int]]) -> None:
    index = [f"W{at}" for at in range(len(rows))]
    children = pd.Series([child for child, _ in rows], index=index)
    episodes = children + pd.Series([more if child else 0 for child, more in rows], index=index)
    both = [("children", "episodes")]
    try:
        found = suppress_together({"children": children, "episodes": episodes}, within=both)
    except RuntimeError:
        # So few counts that nothing can hide them: told, not published.
        assert (children > 0).sum() < 4
        return
    assert worked_back(attack_together(found, within=both)).empty
    for name, counts in (("children", children), ("episodes", episodes)):
        small = counts.between(1, 5)
        assert (found[name][""].reindex(index)[small] == "c").all()


def test_a_published_table_is_text_with_a_total_and_figures_hidden_beside_counts() -> None:
    table = pd.DataFrame(
        {
            "ward": WARDS,
            "name": ["Alder", "Beech", None, "Dogwood"],
            "decile": pd.array([1, 2, None, 10], dtype="Int64"),
            "children": [3, 12, 8, 20],
            "episodes": pd.array([9, 40, None, 21], dtype="Int64"),
            "rate": [1.54, 2.0, np.nan, 4.25],
        }
    )
    found = publish(
        table,
        names=["ward", "name", "decile"],
        counts=["children", "episodes"],
        beside={"rate": ("children",)},
        within=[("children", "episodes")],
    )
    assert found.columns.tolist() == ["ward", "name", "decile", "children", "episodes", "rate"]
    assert found.values.tolist() == [
        ["W1", "Alder", "1", "c", "9", "c"],
        ["W2", "Beech", "2", "12", "40", "2.0"],
        ["W3", "", "", "c", ":", "c"],
        ["W4", "Dogwood", "10", "20", "21", "4.3"],
        ["Total", "", "", "43", "70", ""],
    ]


def test_counts_that_do_not_add_up_are_refused() -> None:
    wrong = pd.DataFrame({"": ["c", "7", "5"]}, index=["W1", "W2", "Total"])
    with pytest.raises(ValueError, match="No table of counts agrees with the numbers and totals shown"):
        attack_together({"one": wrong})
