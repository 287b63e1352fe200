from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mapping.match import Matched, match_groups


def matched(before: list[int], after: list[int], **names: list[str]) -> Matched:
    one = names.get("before_order", [f"b{i}" for i in range(max(before, default=-1) + 1)])
    other = names.get("after_order", [f"a{i}" for i in range(max(after, default=-1) + 1)])
    return match_groups(np.array(before), np.array(after), before_order=one, after_order=other)


def test_the_pair_that_shares_most_people_is_matched_first() -> None:
    """Four of group 0 go with three of group 1: the whole continues group 0, and group 1 is related to it."""
    found = matched([0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0])
    assert found == Matched({0: 0}, [(0, 0), (1, 0)])


def test_a_group_that_splits_goes_on_in_its_larger_part() -> None:
    assert matched([0, 0, 0, 0, 0], [1, 1, 0, 0, 0]) == Matched({0: 0}, [(0, 0), (0, 1)])


def test_two_of_ten_who_join_twenty_others_are_not_their_group_going_on() -> None:
    assert matched([0] * 10 + [-1] * 20, [-1] * 8 + [0] * 2 + [0] * 20) == Matched({}, [])


def test_one_shared_person_relates_nothing() -> None:
    assert matched([0, 0, -1], [0, -1, 0]) == Matched({}, [])


def test_ties_are_settled_by_the_ids_given() -> None:
    assert matched([0, 0, 1, 1], [0, 0, 0, 0]).continues == {0: 0}
    assert matched([0, 0, 1, 1], [0, 0, 0, 0], before_order=["z", "y"]).continues == {1: 0}


def test_with_equal_people_shared_the_more_alike_is_matched_first() -> None:
    """Both later groups have two of the earlier one; the smaller is more like it."""
    found = matched([0, 0, 0, 0, -1, -1], [0, 0, 1, 1, 0, 0])
    assert found == Matched({0: 1}, [(0, 1), (0, 0)])


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), max_size=40), st.randoms())
def test_matching_is_one_to_one_and_does_not_depend_on_the_order_of_people(pairs, random) -> None:
    before, after = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    order = [f"g{i}" for i in range(5)]
    found = match_groups(before, after, before_order=order, after_order=order)
    assert len(set(found.continues.values())) == len(found.continues)
    shuffled = list(range(len(pairs)))
    random.shuffle(shuffled)
    assert match_groups(before[shuffled], after[shuffled], before_order=order, after_order=order) == found
