"""Count the caseload: who was referred, who is open, who was opened again, and what had changed at closure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from mapping.periods import Period

OUTCOMES = ("re_engaged_education", "stable_accommodation", "positive_relationship", "fewer_missing")
AGAIN_WITHIN = 6
"""Months after a closure within which a child who is opened again counts as re-opened."""
REOPENED, OPEN_BEFORE, FIRST = "reopened", "open_before", "first_time"
LENGTHS: Mapping[str, int] = {"under_3_months": 3, "3_to_6_months": 6, "6_to_12_months": 12}
LONGER = "over_12_months"


def received_in(referrals: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return the referrals received in a period, whatever was decided of them."""
    return referrals[period.holds(referrals["received_on"])]


def opened_in(referrals: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return the referrals opened in a period; see `opened_days`."""
    return referrals[period.holds(opened_days(referrals))]


def closed_in(referrals: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return the referrals closed in a period, whenever they were received."""
    return referrals[period.holds(referrals["closed_on"])]


def open_on(referrals: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return the referrals open at the end of a day: opened by then, and not closed by then."""
    end = pd.Timestamp(day)
    return referrals[(opened_days(referrals) <= end) & ~(referrals["closed_on"] <= end)]


def opened_days(referrals: pd.DataFrame) -> pd.Series[Any]:
    """Return the day each referral was opened, missing where it never was.

    Where only its closure is recorded, it was open before that: from the day it was received, or that of the closure if
    that is earlier.
    """
    first = referrals[["received_on", "closed_on"]].min(axis=1).where(referrals["closed_on"].notna())
    return pd.to_datetime(referrals["opened_on"]).fillna(pd.to_datetime(first))


def flow(referrals: pd.DataFrame, period: Period) -> pd.Series[int]:
    """Count referrals open when a period began, opened and closed in it, and open when it ended.

    Returns
    -------
    open_at_start, opened, closed, open_at_end; the first two sum to the last two.
    """
    return pd.Series(
        {
            "open_at_start": len(open_on(referrals, period.since - timedelta(days=1))),
            "opened": len(opened_in(referrals, period)),
            "closed": len(closed_in(referrals, period)),
            "open_at_end": len(open_on(referrals, period.until)),
        }
    )


def opened_again(rows: pd.DataFrame, referrals: pd.DataFrame) -> pd.Series[Any]:
    """Say of each referral that was opened whether the child had been open before.

    Parameters
    ----------
    rows : some of the referrals, on their index.
    referrals : all of them: referral_id, person_id, received_on, opened_on, closed_on.

    Returns
    -------
    On the index of `rows`: `reopened` (the child's latest closure lies no more than six months before this opening),
    `open_before` (it lies further back), `first_time`. A closure on the day of the opening counts as before it.
    """
    asked = pd.DataFrame(
        {
            "row": range(len(rows)),
            "own": rows["referral_id"].to_numpy(),
            "person_id": rows["person_id"].to_numpy(),
            "opened": opened_days(rows).to_numpy(),
        }
    )
    earlier = referrals.loc[referrals["closed_on"].notna(), ["referral_id", "person_id", "closed_on"]]
    both = asked.merge(earlier, on="person_id")
    both = both[(both["referral_id"] != both["own"]) & (both["closed_on"] <= both["opened"])]
    closed = pd.to_datetime(both.groupby("row")["closed_on"].max().reindex(asked["row"]))
    soon = asked["opened"].to_numpy() <= (closed + pd.DateOffset(months=AGAIN_WITHIN)).to_numpy()
    said = pd.Series(FIRST, index=rows.index, dtype="object")
    said[closed.notna().to_numpy()] = OPEN_BEFORE
    said[closed.notna().to_numpy() & soon] = REOPENED
    return said


def open_for(rows: pd.DataFrame, day: date) -> pd.Series[Any]:
    """Say how long each open referral has been open at the end of a day, in the words of `LENGTHS`.

    Opened after 31 December is under 3 months at the end of 31 March.
    """
    opened, said = opened_days(rows), pd.Series(LONGER, index=rows.index, dtype="object")
    for name, months in reversed(list(LENGTHS.items())):
        after = pd.Timestamp(day) + pd.Timedelta(days=1) - pd.DateOffset(months=months)
        said[opened >= after] = name
    return said


def one_each(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep one open referral a child: the one opened last, and of several that day the one with the highest id."""
    ordered = rows.assign(_opened=opened_days(rows)).sort_values(["_opened", "referral_id"], kind="stable")
    return rows.loc[ordered.drop_duplicates("person_id", keep="last").index].sort_index()
