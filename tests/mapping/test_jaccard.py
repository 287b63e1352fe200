from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.jaccard import best_matches


def test_each_group_and_its_best_match() -> None:
    """0 comes back with one more; 1 is split in halves; 2 is a pair of which one is alone; nobody is in -1."""
    group = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, -1])
    community = np.array([5, 5, 5, 6, 6, 7, 7, 8, 9, 5])
    found = best_matches(group, community, groups=3)
    assert found.jaccard.tolist() == [0.75, 0.5, 0.5]
    assert found.core.tolist() == [5, -1, -1]
    assert found.there.tolist() == [True, False, False]


def test_a_group_taken_into_a_larger_one_keeps_its_core() -> None:
    found = best_matches(np.array([0, 0, -1, -1]), np.array([3, 3, 3, 3]), groups=1)
    assert (found.jaccard.tolist(), found.core.tolist(), found.there.tolist()) == ([0.5], [3], [False])


def test_people_in_no_community_are_not_counted() -> None:
    found = best_matches(np.array([0, 0, 0, 1]), np.array([2, 2, -1, -1]), groups=2)
    assert found.jaccard.tolist() == [2 / 3, 0.0]
    assert found.core.tolist() == [2, -1]


labels = st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 6)), min_size=1, max_size=25)


@given(labels)
@settings(max_examples=100, deadline=None)
def test_as_sets_have_it(pairs: list[tuple[int, int]]) -> None:
    """Worked out again from the definition, with sets."""
    group, community = (np.array(each) for each in zip(*pairs, strict=True))
    found = best_matches(group, community, groups=5)
    for k in range(5):
        mine = set(np.flatnonzero(group == k).tolist())
        others = {c: set(np.flatnonzero(community == c).tolist()) for c in range(7) if (community == c).any()}
        similar = {c: len(mine & other) / len(mine | other) for c, other in others.items() if mine & other}
        assert found.jaccard[k] == max(similar.values(), default=0)
        several = {c: similar[c] for c in similar if len(mine & others[c]) > 1}
        best = [c for c in several if several[c] == max(several.values())]
        assert found.core[k] == (best[0] if len(best) == 1 else -1)
