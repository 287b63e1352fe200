"""Hold the published figures a synthetic case is calibrated to, and divide whole numbers exactly.

At the default size every count below is met exactly. A published percentage becomes the integer nearest to it:

| figure | published | base | count | as written |
| --- | --- | --- | --- | --- |
| referrals, last year (the year before) | 242 (240) | - | 242 (240) | |
| child criminal exploitation | 60% | 242 (240) | 145 (144) | 59.9% |
| child sexual exploitation | 22% | 242 (240) | 53 (53) | 21.9% |
| other and several concerns | the rest | 242 (240) | 44 (43) | 18.2% |
| boys | 72% | 242 (240) | 174 (173) | 71.9% |
| girls | 28% | 242 (240) | 68 (67) | 28.1% |
| open children aged 15-16 | 48% | 100 | 48 | |
| open children aged 11-12 | 6% | 100 | 6 | |
| open children under 11 | 2% | 100 | 2 | |
| closed: back in education, employment or training | 73% | 200 | 146 | |
| closed: stable accommodation | 91% | 200 | 182 | |
| closed: at least one positive relationship | 90% | 200 | 180 | |
| closed: fewer missing episodes | 60% | 200 | 120 | |
| missing reports (the year before) | 4,958 (4,280) | - | the same | |
| children reported missing (the year before) | 1,381 (1,353) | - | the same | |
| return interviews held | 2,976 | - | 2,976 | |
| within 72 hours of return | 73.22% | 2,976 | 2,179 | 73.22% |
| return interview offered | 92% | 4,958 | 4,561 | 92.0% |
| accepted | three quarters | 4,561 | 3,421 | 75.0% |
| episodes of children placed by other authorities | 22% | 4,958 (4,280) | 1,091 (942) | 22.0% |
| open children living in five wards | over half | 100 | 53 | |
| closed from the three most deprived deciles | just under two thirds | 200 | 131 | 65.5% |
| open children with an EHCP | 20% | 100 | 20 | |
| children reported missing with an EHCP | 20% | 1,381 (1,353) | 276 (271) | 20.0% |
| open children in care or on protection plans | a fifth | 100 | 20 | |
| open children with no missing episode in the year | slightly under half | 100 | 48 | |
| open children with three or more | a quarter | 100 | 25 | |
| open children opened in the last three months | over 50% | 100 | 52 | |
| open children who were open before | just under a quarter | 100 | 24 | |
| of them reopened within six months | 6 of 58 | 100 | 10 | |

The totals are Manchester's of 2022/23 and the year before, the shares of wards, deciles, placed children, plans and
offers are Bury's of 2023. Where both publish the same figure (interviews within 72 hours, sex) Manchester's is met.
How many were open and how many were closed is not published; 100 and 200 make every percentage a whole child.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Dates = npt.NDArray[np.datetime64]
Texts = npt.NDArray[np.object_]

CHILDREN = 3_400
"""Children in the calibrated case: everybody reported missing, referred or placed in three years, and their siblings."""

AS_OF = np.datetime64("2026-03-31", "D")
NOW = np.datetime64("2026-03-31T08:30", "m")
"""The records are as they stood before the daily meeting of the as-of date."""

BOROUGH = "E08999001"


@dataclass(frozen=True)
class Year:
    """One reporting year with the figures it must show at the default size."""

    name: str
    start: np.datetime64
    end: np.datetime64
    reports: int
    children_own: int
    children_placed: int
    interviews: int
    in_time: int


def _year(first: int, figures: tuple[int, int, int, int, int]) -> Year:
    start = np.datetime64(f"{first}-04-01", "D")
    end = np.datetime64(f"{first + 1}-03-31", "D")
    return Year(f"{first}/{(first + 1) % 100}", start, end, *figures)


YEARS = (
    _year(2023, (3_912, 1_188, 121, 2_190, 1_402)),
    _year(2024, (4_280, 1_225, 128, 2_482, 1_663)),
    _year(2025, (4_958, 1_245, 136, 2_976, 2_179)),
)
"""The last two years play the published ones; the first has no published counterpart."""

AGES = np.arange(10, 18)
ONE_OR_TWO = np.array([2, 4, 9, 15, 25, 24, 13, 8], dtype=float)
THREE_OR_MORE = np.array([0, 2, 5, 9, 15, 19, 27, 23], dtype=float)
"""Shares by age of the children with one or two episodes in a year, and with three or more (aged 10 to 17)."""

REPEATS = {False: (0.1117, 0.2329), True: (0.1177, 0.5882)}
"""Share of missing children with two episodes and with three or more, by whether placed by another authority."""

CARRIED = {False: 0.6, True: 0.3}
"""Share of a cohort's missing children who are reported missing in the next year as well."""

PLACED_NOT_MISSING = 60


@dataclass(frozen=True)
class Fate:
    """What became of referrals: the year they came, the year they closed (None: never opened or still open)."""

    name: str
    received: int
    closed: int | None
    opened: bool
    count: int


FATES = (
    Fate("open_recent", 2, None, True, 52),
    Fate("open", 2, None, True, 40),
    Fate("closed", 2, 2, True, 114),
    Fate("not_opened", 2, None, False, 36),
    Fate("open", 1, None, True, 8),
    Fate("closed_later", 1, 2, True, 86),
    Fate("closed", 1, 1, True, 110),
    Fate("not_opened", 1, None, False, 36),
    Fate("closed_later", 0, 1, True, 90),
    Fate("closed", 0, 0, True, 104),
    Fate("not_opened", 0, None, False, 34),
)

OPEN_AGES = {9: 1, 10: 1, 11: 2, 12: 4, 13: 10, 14: 19, 15: 25, 16: 23, 17: 15}
OPEN_MISSING = {"none": 48, "one_or_two": 27, "three_or_more": 25}
BUSY_WARDS = (13, 11, 10, 10, 9)
"""Open children in the five wards that hold over half of them."""

REST_CONCERNS = {
    "county_lines": 14,
    "serious_violence": 10,
    "missing": 7,
    "modern_slavery": 5,
    "other": 5,
    "radicalisation": 3,
}
"""How the referrals that are neither CCE nor CSE are spread: 44 in the last year."""


def allocate(total: int, weights: npt.ArrayLike, *, most: npt.ArrayLike | None = None) -> Ints:
    """Divide a whole number in proportion to weights by the largest remainder.

    Args:
        total: what is divided, zero or more.
        weights: one weight a share, none negative.
        most: the largest share each may have; what is cut off goes to the others.

    Returns:
        Whole numbers in the order of the weights that sum to the total; ties go to the earlier share.

    Raises:
        ValueError: if nothing may take what is to be divided.
    """
    weight = np.asarray(weights, dtype=float)
    room = np.full(len(weight), np.inf) if most is None else np.asarray(most, dtype=float)
    shares = np.zeros(len(weight), dtype=np.int64)
    while (left := total - int(shares.sum())) > 0:
        free = np.where(shares < room, weight, 0.0)
        if free.sum() <= 0:
            free = (shares < room).astype(float)
        if free.sum() <= 0:
            msg = f"Cannot divide {total}: the shares may hold {int(room.sum())} at most. Raise the limits or divide less."
            raise ValueError(msg)
        shares = np.minimum(shares + _largest_remainder(left, free), room).astype(np.int64)
    return shares


def _largest_remainder(total: int, weights: Floats) -> Ints:
    quota = total * weights / weights.sum()
    shares: Ints = np.floor(quota).astype(np.int64)
    order = np.argsort(-(quota - shares), kind="stable")
    shares[order[: total - int(shares.sum())]] += 1
    return shares


def words(rng: np.random.Generator, shares: Mapping[str, int], count: int) -> Texts:
    """Return words in exact shares, shuffled."""
    return np.asarray(
        rng.permutation(
            np.repeat(np.array(list(shares), dtype=object), allocate(count, list(shares.values())))
        )
    )


def share(percent: float, base: int) -> int:
    """Return the integer nearest to a percentage of a base."""
    return int(np.floor(percent * base / 100 + 0.5))


def scaled(count: int, children: int) -> int:
    """Return a count of the default case in proportion to a case of another size."""
    return int(np.floor(count * children / CHILDREN + 0.5))


def children_cells(children: int) -> pd.DataFrame:
    """Count children by who placed them, cohort and the years they are reported missing in.

    Returns:
        placed (bool), cohort (age on 1 October 2025; 0 where no year is set), y0, y1, y2 (bool: reported missing
        in that year), count. The counts sum to `children`.
    """
    cells = pd.concat([_missing_cells(False), _missing_cells(True)], ignore_index=True)
    cells.loc[len(cells)] = [True, 0, False, False, False, PLACED_NOT_MISSING]
    cells.loc[len(cells)] = [False, 0, False, False, False, CHILDREN - int(cells["count"].sum())]
    placed = cells["placed"].to_numpy(dtype=bool)
    counts = cells["count"].to_numpy(dtype=float)
    parts = allocate(children, [counts[~placed].sum(), counts[placed].sum()])
    result = np.zeros(len(cells), dtype=np.int64)
    result[~placed] = allocate(int(parts[0]), counts[~placed])
    result[placed] = allocate(int(parts[1]), counts[placed])
    return cells.assign(count=result)


def _missing_cells(placed: bool) -> pd.DataFrame:
    of_year = [year.children_placed if placed else year.children_own for year in YEARS]
    often = REPEATS[placed][1]
    by_age = (1 - often) * ONE_OR_TWO / ONE_OR_TWO.sum() + often * THREE_OR_MORE / THREE_OR_MORE.sum()
    cohorts = np.arange(AGES[0], AGES[-1] + 3)
    missing = np.zeros((3, len(cohorts)), dtype=np.int64)
    for index, total in enumerate(of_year):
        first = 2 - index
        missing[index, first : first + len(AGES)] = allocate(total, by_age)
    both_early = np.floor(CARRIED[placed] * np.minimum(missing[0], missing[1])).astype(np.int64)
    both_late = np.floor(CARRIED[placed] * np.minimum(missing[1], missing[2])).astype(np.int64)
    every = np.minimum(both_early, both_late) // 2
    patterns = {
        (True, True, True): every,
        (False, True, True): both_late - every,
        (True, True, False): both_early - every,
        (False, False, True): missing[2] - both_late,
        (False, True, False): missing[1] - both_late - both_early + every,
        (True, False, False): missing[0] - both_early,
    }
    return pd.DataFrame(
        [
            [placed, int(cohort), *pattern, int(count)]
            for pattern, counts in patterns.items()
            for cohort, count in zip(cohorts, counts, strict=True)
        ],
        columns=["placed", "cohort", "y0", "y1", "y2", "count"],
    )
