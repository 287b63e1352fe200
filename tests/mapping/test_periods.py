"""Periods: whole months, the one before, and which days they hold."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.periods import Period, months_to, year_of

DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("since", "until", "months", "before"),
    [
        ("2025-04-01", "2026-03-31", 12, ("2024-04-01", "2025-03-31")),
        ("2024-02-01", "2024-02-29", 1, ("2024-01-01", "2024-01-31")),  # a leap year's February
        ("2024-03-01", "2024-03-31", 1, ("2024-02-01", "2024-02-29")),
        ("2025-01-01", "2025-03-31", 3, ("2024-10-01", "2024-12-31")),
        ("2025-01-15", "2025-02-14", 1, ("2024-12-15", "2025-01-14")),
        ("2025-01-15", "2025-02-15", 0, ("2024-12-14", "2025-01-14")),  # 32 days, so 32 days before
        ("2025-05-05", "2025-05-05", 0, ("2025-05-04", "2025-05-04")),
    ],
)
def test_the_period_before_is_as_long(since: str, until: str, months: int, before: tuple[str, str]) -> None:
    period = Period(date.fromisoformat(since), date.fromisoformat(until))
    assert period.months == months
    assert period.before() == Period(*map(date.fromisoformat, before))


@settings(deadline=None, max_examples=100)
@given(DAYS, st.integers(0, 2000))
def test_the_period_before_ends_the_day_before_and_no_day_is_in_both(since: date, days: int) -> None:
    period = Period(since, since + timedelta(days=days))
    before = period.before()
    assert before.until == period.since - timedelta(days=1)
    assert before.since <= before.until
    assert abs((before.until - before.since).days - days) <= (4 if period.months else 0)


@settings(deadline=None, max_examples=100)
@given(DAYS)
def test_a_day_is_in_its_own_year(day: date) -> None:
    year = year_of(day)
    assert year.since <= day <= year.until
    assert (year.since.month, year.since.day, year.until.month, year.until.day) == (4, 1, 3, 31)
    assert year.months == 12
    assert year_of(year.since) == year_of(year.until) == year


def test_a_period_holds_its_first_and_its_last_day_whole() -> None:
    when = pd.Series(
        pd.to_datetime(
            ["2025-03-31T23:59", "2025-04-01", "2026-03-31T23:59", "2026-04-01", None], format="ISO8601"
        )
    )
    assert Period(date(2025, 4, 1), date(2026, 3, 31)).holds(when).tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_months_to_a_day() -> None:
    assert months_to(date(2026, 3, 31), 12) == Period(date(2025, 4, 1), date(2026, 3, 31))
    assert months_to(date(2025, 11, 12), 3) == Period(date(2025, 8, 13), date(2025, 11, 12))
    with pytest.raises(ValueError, match=r"A period of 0 months was asked for\. Ask for 1 to 1200\."):
        months_to(date(2025, 1, 1), 0)


def test_a_period_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="begins on 2025-02-01 and ends on 2025-01-31, before it begins"):
        Period(date(2025, 2, 1), date(2025, 1, 31))
