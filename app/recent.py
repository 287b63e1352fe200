"""Find who is missing, what is due and what changed, as of one moment."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd

INTERVIEW_HOURS = 72
"""A return interview is due within 72 hours of the child's return (statutory guidance, 2014)."""

OVERDUE_DAYS = 14
"""Interviews overdue by longer than this are counted, not listed."""


def now(as_of: date, *, clock: datetime | None = None) -> datetime:
    """Return the moment a page speaks of: the end of the as-of day, or this minute where that is earlier."""
    return min(end_of(as_of), clock or datetime.now())


def end_of(day: date) -> datetime:
    """Return the last minute of a day."""
    return datetime.combine(day, datetime.min.time()) + timedelta(days=1) - timedelta(minutes=1)


def missing_now(missing: pd.DataFrame, *, at: datetime) -> pd.DataFrame:
    """Return the children missing at a moment, the longest missing first.

    Parameters
    ----------
    missing
        the `missing` table as known by then.

    Returns
    -------
    pandas.DataFrame
        person_id, episode_id, since, hours, missing_from, risk_level,
        last_missing (start of the episode before), episodes (this one included).
    """
    begun = missing[missing["reported_at"] <= at].sort_values(
        ["person_id", "reported_at", "episode_id"], ignore_index=True
    )
    before = begun.groupby("person_id")["reported_at"].shift()
    counted = begun.groupby("person_id").cumcount() + 1
    out = begun.assign(last_missing=before, episodes=counted)
    # An episode without an end is over where a later one of the same child begins after it.
    last = ~out["person_id"].duplicated(keep="last")
    open_ = out[last & (out["found_at"].isna() | (out["found_at"] > at))]
    hours = (at - open_["reported_at"]).dt.total_seconds() / 3600
    columns = [
        "person_id",
        "episode_id",
        "since",
        "hours",
        "missing_from",
        "risk_level",
        "last_missing",
        "episodes",
    ]
    open_ = open_.assign(since=open_["reported_at"], hours=hours)[columns]
    return open_.sort_values(["since", "person_id"], ignore_index=True)


def interviews_due(missing: pd.DataFrame, *, at: datetime) -> pd.DataFrame:
    """Return the return interviews not yet held, by hours left; those past their time have fewer than 0.

    An interview that was offered and not accepted is not listed: it was not
    missed by the service.

    Returns
    -------
    pandas.DataFrame
        person_id, episode_id, found_at, due_at, hours_left, offered (Y, N or
        nothing), delay_reason.
    """
    back = missing[
        (missing["found_at"] <= at)
        & missing["interview_held_at"].isna()
        & (missing["interview_accepted"] != "N")
    ]
    due = back["found_at"] + pd.Timedelta(hours=INTERVIEW_HOURS)
    left = (due - at).dt.total_seconds() / 3600
    out = back.assign(due_at=due, hours_left=left, offered=back["interview_offered"])
    columns = ["person_id", "episode_id", "found_at", "due_at", "hours_left", "offered", "delay_reason"]
    return out[columns].sort_values(["hours_left", "person_id"], ascending=[False, True], ignore_index=True)


def newest_referrals(referrals: pd.DataFrame, *, since: date, until: date) -> pd.DataFrame:
    """Return the referrals received after one day and up to another, newest first."""
    received = referrals["received_on"]
    kept = referrals[(received > pd.Timestamp(since)) & (received <= pd.Timestamp(until))]
    return kept.sort_values(["received_on", "referral_id"], ascending=[False, True], ignore_index=True)


def new_links(links: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Return the links that were not there before: what was learnt, whenever it happened."""
    before = pd.MultiIndex.from_frame(earlier[["person_a", "person_b"]])
    here = pd.MultiIndex.from_frame(links[["person_a", "person_b"]])
    kept = links[~here.isin(before)]
    return kept.sort_values(
        ["last_seen", "person_a", "person_b"], ascending=[False, True, True], ignore_index=True
    )
