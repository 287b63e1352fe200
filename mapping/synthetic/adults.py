"""Invent the adults in children's lives, and young people whose age nobody wrote down."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import born_at
from mapping.synthetic.calibration import AS_OF, CHILDREN, Ints
from mapping.synthetic.names import person_names

COUNTS = {"young_adult": 26, "unknown_peer": 8, "line_adult": 2, "concern": 30, "worker": 45, "relative": 60}
AGES = {
    "young_adult": (18, 23),
    "line_adult": (24, 36),
    "concern": (22, 52),
    "worker": (25, 60),
    "relative": (28, 68),
}
NO_BIRTH_DATE = {"concern": 0.35, "worker": 0.7, "relative": 0.3}
"""Share whose date of birth is not recorded, by part played."""


def build_adults(children: int, seed: int) -> pd.DataFrame:
    """Invent the people who are not among the children.

    Returns:
        One row a person, numbered from `children` on: part (young_adult, unknown_peer, line_adult, concern, worker,
        relative), born (missing where not recorded), sex, given_name, family_name.
    """
    rng = np.random.default_rng([seed, 7])
    counts = {part: max(2, round(count * children / CHILDREN)) for part, count in COUNTS.items()}
    counts["line_adult"] = COUNTS["line_adult"]
    part = np.repeat(np.array(list(counts), dtype=object), list(counts.values()))
    low = np.array([AGES.get(name, (15, 16))[0] for name in part])
    high = np.array([AGES.get(name, (15, 16))[1] for name in part])
    born = born_at(rng, AS_OF, rng.integers(low, high + 1))
    unknown = rng.random(len(part)) < np.array([NO_BIRTH_DATE.get(name, 0.0) for name in part])
    unknown |= part == "unknown_peer"
    unknown[np.flatnonzero(part == "line_adult")[1]] = True
    given, family = person_names(rng, len(part))
    sex = np.where(rng.random(len(part)) < np.where(part == "worker", 0.35, 0.7), "M", "F").astype(object)
    table = pd.DataFrame(
        {"part": part, "born": np.where(unknown, np.datetime64("NaT", "D"), born), "sex": sex}
    )
    table.index = pd.RangeIndex(children, children + len(part))
    return table.assign(given_name=given, family_name=family)


def of_part(adults: pd.DataFrame, part: str) -> Ints:
    """Return the person numbers of the adults who play a part."""
    return np.asarray(adults.index[adults["part"] == part], dtype=np.int64)
