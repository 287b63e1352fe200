"""Match the groups of two moments one to one by the people they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mapping.partition import Integers

# Two groups are related where they share at least this many people ...
SHARED = 2


@dataclass(frozen=True)
class Matched:
    """How the groups of one moment relate to those of another, by place in each list.

    Attributes
    ----------
    continues : earlier group to the later group that continues it, one to one.
    related : every related pair (earlier, later), the matched ones among them, the most shared first.
    """

    continues: Mapping[int, int]
    related: Sequence[tuple[int, int]]


def match_groups(
    before: Integers, after: Integers, *, before_order: Sequence[str], after_order: Sequence[str]
) -> Matched:
    """Match groups one to one: the pair that shares most people first.

    Two groups are related where they share at least two people and at least half of the smaller of the
    two. Of related pairs, the one that shares most people is matched first, then the one of higher
    Jaccard similarity, then by the ids given; each group is matched at most once.

    Parameters
    ----------
    before, after : group of each person at the two moments, shape (n,); -1 for in none.
    before_order, after_order : a text for each group that settles ties.

    Source: Greene, Doyle and Cunningham 2010 (Tracking the evolution of communities in dynamic social
    networks) match by Jaccard similarity above a threshold; half of the smaller group is used here so
    that a small group absorbed by a large one is seen as merged, not lost.
    """
    sizes_before = np.bincount(before[before >= 0], minlength=len(before_order))
    sizes_after = np.bincount(after[after >= 0], minlength=len(after_order))
    both = (before >= 0) & (after >= 0)
    pairs, shared = np.unique(np.stack([before[both], after[both]]), axis=1, return_counts=True)
    one, other = sizes_before[pairs[0]], sizes_after[pairs[1]]
    kept = (shared >= SHARED) & (2 * shared >= np.minimum(one, other))
    candidates = [
        (-int(s), int(union), before_order[b], after_order[a], int(b), int(a))
        for s, union, b, a in zip(
            shared[kept], (one + other - shared)[kept], *pairs[:, kept].tolist(), strict=True
        )
    ]
    continues: dict[int, int] = {}
    taken: set[int] = set()
    related = []
    # With equal people shared, the smaller union is the higher Jaccard similarity.
    for *_, b, a in sorted(candidates):
        related.append((b, a))
        if b not in continues and a not in taken:
            continues[b] = a
            taken.add(a)
    return Matched(continues, related)
