"""Count missing episodes, and the children they are of: always both."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mapping.ages import GROWN, age_at
from mapping.periods import Period

TIMES = ("once", "twice", "three_or_more")


def episodes_in(missing: pd.DataFrame, born: pd.Series[Any], period: Period) -> pd.DataFrame:
    """Return the episodes reported in a period of those who were under 18 that day, or of unknown age.

    Parameters
    ----------
    missing : person_id, reported_at, and any other columns.
    born : dates of birth by person_id.
    """
    rows = missing[period.holds(missing["reported_at"])]
    age = age_at(rows["person_id"].map(born), rows["reported_at"])
    return rows[~(age >= GROWN).fillna(False).to_numpy(dtype=bool)]


def times_missing(person: pd.Series[Any]) -> pd.Series[Any]:
    """Say of each child with an episode how often: once, twice, or three times or more; on person_id."""
    each = person.value_counts().sort_index()
    return each.clip(upper=len(TIMES)).map(dict(enumerate(TIMES, start=1))).rename_axis("person_id")


def figures(person: pd.Series[Any]) -> pd.Series[int]:
    """Count episodes, children, children with two or more and with three or more, and episodes that are a repeat.

    A repeat is a child's second or later episode of those given.
    """
    each = person.value_counts()
    return pd.Series(
        {
            "episodes": int(each.sum()),
            "children": len(each),
            "children_repeat": int((each > 1).sum()),
            "children_three_or_more": int((each > 2).sum()),
            "episodes_repeat": int(each.sum()) - len(each),
        }
    )
