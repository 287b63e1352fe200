"""Caseload: what is open on a day, what moved in a period, who came back, and how soon."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.caseload import (
    closed_in,
    flow,
    one_each,
    open_for,
    open_on,
    opened_again,
    opened_in,
    received_in,
)
from mapping.periods import Period

YEAR = Period(date(2025, 4, 1), date(2026, 3, 31))
COLUMNS = ["referral_id", "person_id", "received_on", "opened_on", "closed_on"]


def referrals(*rows: tuple[str, str, str, str | None, str | None]) -> pd.DataFrame:
    """Referrals with these days."""
    table = pd.DataFrame(list(rows), columns=COLUMNS)
    return table.assign(**{name: pd.to_datetime(table[name]) for name in COLUMNS[2:]})


TABLE = referrals(
    ("R1", "C1", "2025-01-01", "2025-01-02", "2025-04-01"),  # closed on the first day
    ("R2", "C1", "2025-09-30", "2025-10-01", None),  # six months later to the day: re-opened
    ("R3", "C2", "2025-01-01", "2025-01-02", "2025-03-31"),  # closed the day before the period
    ("R4", "C2", "2025-10-01", "2025-10-01", "2026-03-31"),  # a day over six months; closed on the last day
    ("R5", "C3", "2025-06-01", None, None),  # never opened
    ("R6", "C4", "2025-06-01", None, "2025-07-01"),  # only its closure is recorded
    ("R7", "C5", "2026-03-31", "2026-03-31", None),
    ("R8", "C6", "2026-04-01", "2026-04-01", None),  # after the period
    ("R9", "C1", "2026-01-05", "2026-01-06", None),  # the same child open twice
)


def ids(rows: pd.DataFrame) -> str:
    return " ".join(row[1:] for row in rows["referral_id"])


def test_the_first_and_the_last_day_belong_to_the_period() -> None:
    assert ids(received_in(TABLE, YEAR)) == "2 4 5 6 7 9"
    assert ids(opened_in(TABLE, YEAR)) == "2 4 6 7 9"
    assert ids(closed_in(TABLE, YEAR)) == "1 4 6"
    assert ids(open_on(TABLE, date(2025, 3, 31))) == "1"
    assert ids(open_on(TABLE, date(2026, 3, 31))) == "2 7 9"
    assert flow(TABLE, YEAR).to_dict() == {"open_at_start": 1, "opened": 5, "closed": 3, "open_at_end": 3}


def test_a_child_is_reopened_within_six_months_of_the_latest_closure() -> None:
    assert opened_again(TABLE, TABLE).tolist() == [
        "first_time",
        "reopened",
        "first_time",
        "open_before",
        "first_time",
        "first_time",
        "first_time",
        "first_time",
        "open_before",  # R1 closed nine months earlier; R2 is still open
    ]
    assert opened_again(TABLE.iloc[[1]], TABLE).to_dict() == {1: "reopened"}


def test_six_months_after_the_last_of_august_is_the_last_of_february() -> None:
    table = referrals(
        ("R1", "C1", "2024-05-01", "2024-05-01", "2024-08-31"),
        ("R2", "C1", "2025-02-28", "2025-02-28", None),
        ("R3", "C2", "2024-05-01", "2024-05-01", "2024-08-31"),
        ("R4", "C2", "2025-03-01", "2025-03-01", None),
    )
    assert opened_again(table, table).tolist()[1::2] == ["reopened", "open_before"]


def test_a_closure_on_the_day_of_the_opening_counts_as_before_it() -> None:
    table = referrals(
        ("R1", "C1", "2025-01-01", "2025-01-01", "2025-03-01"),
        ("R2", "C1", "2025-03-01", "2025-03-01", None),
        ("R3", "C2", "2025-01-01", "2025-01-01", "2025-03-02"),
        ("R4", "C2", "2025-03-01", "2025-03-01", None),
    )
    assert opened_again(table, table).tolist()[1::2] == ["reopened", "first_time"]


def test_a_child_open_twice_counts_once_by_the_referral_opened_last() -> None:
    assert ids(one_each(open_on(TABLE, date(2026, 3, 31)))) == "7 9"


def test_how_long_a_referral_has_been_open() -> None:
    table = referrals(
        *(
            (f"R{day}", f"C{day}", day, day, None)
            for day in ("2026-01-01", "2025-12-31", "2025-09-30", "2025-03-31")
        )
    )
    said = ["under_3_months", "3_to_6_months", "6_to_12_months", "over_12_months"]
    assert open_for(table, date(2026, 3, 31)).tolist() == said


DAY = st.integers(0, 900)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(DAY, st.one_of(st.none(), DAY), st.one_of(st.none(), DAY)), max_size=12), DAY, DAY)
def test_what_was_open_and_opened_is_what_was_closed_and_is_open(
    rows: list[tuple[int, int | None, int | None]], first: int, last: int
) -> None:
    start = date(2024, 1, 1)

    def day(after: int | None) -> str | None:
        return None if after is None else str(start + timedelta(days=after))

    # The contract refuses a referral closed before it was opened.
    kept = [row for row in rows if row[1] is None or row[2] is None or row[1] <= row[2]]
    table = referrals(
        *((f"R{at}", "C1", str(day(row[0])), day(row[1]), day(row[2])) for at, row in enumerate(kept))
    )
    period = Period(start + timedelta(days=min(first, last)), start + timedelta(days=max(first, last)))
    moved = flow(table, period)
    assert moved["open_at_start"] + moved["opened"] == moved["closed"] + moved["open_at_end"]
