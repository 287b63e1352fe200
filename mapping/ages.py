"""Work out ages, and the bands of age that reports print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

GROWN = 18
BANDS: Mapping[str, tuple[int, int]] = {
    "under_11": (0, 10),
    "11_12": (11, 12),
    "13_14": (13, 14),
    "15_16": (15, 16),
    "17": (17, 17),
    "18_and_over": (18, 200),
}
"""Bands of whole years, first and last year of each."""


def age_at(born: pd.Series[Any], when: pd.Series[Any] | pd.Timestamp) -> pd.Series[Any]:
    """Return whole years of age, on a day for all or a day for each.

    Somebody born on 29 February turns a year older on 1 March in other years, as the law of England has it.

    Parameters
    ----------
    born : dates of birth.
    when : one moment, or one for each on the same index.

    Returns
    -------
    Whole numbers on the index of `born`; missing where either is not recorded, or the moment lies before the birth.
    """
    days = when if isinstance(when, pd.Series) else pd.Series(when, index=born.index)
    born, days = pd.to_datetime(born), pd.to_datetime(days)
    early = (days.dt.month * 100 + days.dt.day) < (born.dt.month * 100 + born.dt.day)
    years = (days.dt.year - born.dt.year - early.astype("int64")).astype("Int64")
    return years.mask(days.isna() | born.isna() | (years < 0))


def age_band(age: pd.Series[Any]) -> pd.Series[Any]:
    """Return the band of each age, missing where it is not known."""
    bands = {years: name for name, (first, last) in BANDS.items() for years in range(first, last + 1)}
    return age.map(bands).astype("object")
