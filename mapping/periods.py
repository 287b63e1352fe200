"""Cut time into the period that is asked about and the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

# A year begins on 1 April in the reports of councils, of health and of the police.
YEAR_BEGINS = (4, 1)
YEAR = 12
MOST_MONTHS = 1200


@dataclass(frozen=True, order=True)
class Period:
    """The days from `since` to `until`, both included.

    Raises
    ------
    ValueError
        It ends before it begins.
    """

    since: date
    until: date

    def __post_init__(self) -> None:
        """Refuse a period that ends before it begins."""
        if self.since > self.until:
            msg = f"The period begins on {self.since} and ends on {self.until}, before it begins. Give the earlier day first."
            raise ValueError(msg)

    @property
    def months(self) -> int:
        """How many whole months it is, from any day of a month to the day before it in another; 0 where it is not."""
        first, after = pd.Timestamp(self.since), pd.Timestamp(self.until) + pd.Timedelta(days=1)
        months = (after.year - first.year) * YEAR + after.month - first.month
        return months if months > 0 and first + pd.DateOffset(months=months) == after else 0

    def before(self) -> Period:
        """Return the period that ends the day before this one begins: as many whole months long, else as many days."""
        last = self.since - timedelta(days=1)
        if self.months:
            return Period((pd.Timestamp(self.since) - pd.DateOffset(months=self.months)).date(), last)
        return Period(last - (self.until - self.since), last)

    def holds(self, when: pd.Series[Any]) -> pd.Series[bool]:
        """Tell which days or times lie in the period; what is not recorded does not."""
        after = pd.Timestamp(self.until) + pd.Timedelta(days=1)
        return (when >= pd.Timestamp(self.since)) & (when < after)


def year_of(day: date) -> Period:
    """Return the reporting year, 1 April to 31 March, that a day lies in."""
    first = date(day.year, *YEAR_BEGINS)
    begins = first if day >= first else date(day.year - 1, *YEAR_BEGINS)
    return Period(begins, date(begins.year + 1, *YEAR_BEGINS) - timedelta(days=1))


def months_to(day: date, months: int) -> Period:
    """Return so many months that end with a day.

    Raises
    ------
    ValueError
        The number is not between 1 and 1,200.
    """
    if not 1 <= months <= MOST_MONTHS:
        msg = f"A period of {months} months was asked for. Ask for 1 to {MOST_MONTHS}."
        raise ValueError(msg)
    after = pd.Timestamp(day) + pd.Timedelta(days=1)
    return Period((after - pd.DateOffset(months=months)).date(), day)
