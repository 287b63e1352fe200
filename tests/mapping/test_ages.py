"""Ages in whole years, against the calendar, and the bands of reports."""

from __future__ import annotations

from datetime import date

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.ages import age_at, age_band


def birthdays(born: date, on: date) -> int:
    """Count the birthdays somebody has had, one by one; that of 29 February is on 1 March in other years."""

    def birthday(year: int) -> date:
        try:
            return born.replace(year=year)
        except ValueError:
            return date(year, 3, 1)

    return sum(birthday(year) <= on for year in range(born.year + 1, on.year + 1))


@settings(deadline=None, max_examples=100)
@given(st.dates(date(1995, 1, 1), date(2020, 1, 1)), st.dates(date(2020, 1, 2), date(2030, 1, 1)))
def test_an_age_is_the_number_of_birthdays(born: date, on: date) -> None:
    found = age_at(pd.Series([pd.Timestamp(born)]), pd.Timestamp(on))
    assert found.tolist() == [birthdays(born, on)]


def test_what_is_not_recorded_has_no_age() -> None:
    born = pd.Series(pd.to_datetime(["2010-02-28", None, "2010-02-28", "2030-01-01"]))
    when = pd.Series(pd.to_datetime(["2024-02-27T23:00", "2024-01-01", None, "2024-01-01"], format="ISO8601"))
    assert age_at(born, when).tolist() == [13, pd.NA, pd.NA, pd.NA]


def test_bands_meet_without_gap() -> None:
    ages = pd.Series([0, 10, 11, 12, 13, 14, 15, 16, 17, 18, 40, None], dtype="Int64")
    assert age_band(ages).tolist()[:-1] == [
        *["under_11"] * 2,
        *["11_12"] * 2,
        *["13_14"] * 2,
        *["15_16"] * 2,
        "17",
        *["18_and_over"] * 2,
    ]
    assert pd.isna(age_band(ages).iloc[-1])
