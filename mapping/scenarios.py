"""Lay the groups of one band of grades beside those of others: which are there in each, and who is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from mapping.jaccard import DISSOLVED

COLUMNS = (
    *("group_id", "size", "band", "other_group_id", "jaccard", "there"),
    *("kept", "lost", "joined", "lost_people"),
)


def scenarios(present: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Compare each group of two or more with its best match in each other band.

    Grades are categories: a band chooses the rows that count, and nothing here is a probability.

    Parameters
    ----------
    present : the `groups` result of the band that is shown: person_id, group_id.
    others : the same of other bands, by the name of the band.

    Returns
    -------
    DataFrame
        One row for each group and band, in order of group_id and as the bands were given: group_id, size,
        band, other_group_id (of the groups there that hold two or more of its members, the one of highest
        Jaccard similarity, ties by id; empty where there is none), jaccard (0 where there is none), there
        (similarity above a half),
        kept, lost, joined (how many people), lost_people (ids joined by "|").
    """
    here = _people(present)
    inside = {
        band: dict(zip(table["person_id"], table["group_id"], strict=True)) for band, table in others.items()
    }
    there = {band: _people(table) for band, table in others.items()}
    rows = [
        (group_id, len(people), band, *_best(people, inside[band], there[band]))
        for group_id, people in sorted(here.items())
        if len(people) > 1
        for band in others
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _people(groups: pd.DataFrame) -> dict[str, set[str]]:
    """Return the people of each group."""
    found: dict[str, set[str]] = {}
    for person, group in zip(groups["person_id"], groups["group_id"], strict=True):
        found.setdefault(group, set()).add(person)
    return found


def _best(people: set[str], inside: Mapping[str, str], groups: Mapping[str, set[str]]) -> tuple[object, ...]:
    """Return the best match of some people, and what became of them: what follows `band` in COLUMNS."""
    shared = Counter(inside[person] for person in people if person in inside)
    similar = {
        group: count / (len(people) + len(groups[group]) - count)
        for group, count in shared.items()
        if count > 1
    }
    best = min(similar, key=lambda group: (-similar[group], group), default=None)
    if best is None:
        return None, 0.0, False, 0, len(people), 0, "|".join(sorted(people))
    kept, lost = people & groups[best], people - groups[best]
    joined = len(groups[best]) - len(kept)
    there = similar[best] > DISSOLVED
    return best, similar[best], there, len(kept), len(lost), joined, "|".join(sorted(lost))
