"""Spread events over the hours of the week, also where only an interval is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

HOUR = 3_600
HOURS = 168
WEEK = HOUR * HOURS
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# 1 January 1970 was a Thursday: three days after the Monday from which hours are counted.
MONDAY = 3 * 24 * HOUR
# How many events are spread at a time.
BLOCK = 50_000


def aoristic_weights(started_at: pd.Series[Any], ended_at: pd.Series[Any] | None = None) -> pd.DataFrame:
    """Share each event out over the hours of the week in which it may have happened.

    An event known to lie between two times counts in each hour by the part of the interval that lies in it (Ratcliffe
    and McCullagh 1998, International Journal of Geographical Information Science 12, 751-764; Ratcliffe 2002, Journal
    of Quantitative Criminology 18, 23-43). That takes every moment of the interval for equally likely. Times are taken
    as the clock showed them: an interval over the change of the clocks is an hour out.

    Parameters
    ----------
    started_at, ended_at : times, the earliest and the latest at which the event may have begun. Without an end, or
        with an end at the same time, all of it counts in its hour.

    Returns
    -------
    On the same index, columns 0 (Monday 00:00 to 01:00) to 167 (Sunday 23:00 to 24:00): weights that add up to 1;
    missing where there is no start.

    Raises
    ------
    ValueError
        An event ends before it starts.
    """
    start, end = _intervals(started_at, ended_at)
    weights = np.full((len(start), HOURS), np.nan)
    known = np.flatnonzero(~np.isnan(start))
    for block in np.array_split(known, len(known) // BLOCK + 1):
        weights[block] = _spread(start[block].astype(np.int64), end[block].astype(np.int64))
    return pd.DataFrame(weights, index=started_at.index, columns=range(HOURS))


def hours_of_week(started_at: pd.Series[Any], ended_at: pd.Series[Any] | None = None) -> pd.DataFrame:
    """Add up events by hour of the week, each by its aoristic weights.

    Returns
    -------
    168 rows, from Monday 00:00: weekday ("Monday"), hour (0 to 23), weight (how many events are to be expected to have
    happened in that hour; over the week they add up to the number of events with a start), certain (how many are known
    to lie in it whole) and share (of the week). Parameters and errors are those of `aoristic_weights`.
    """
    start, end = _intervals(started_at, ended_at)
    dated = ~np.isnan(start)
    first, last = start[dated].astype(np.int64), end[dated].astype(np.int64)
    # An event of one time, as most are, lies in its hour whole: only the others have to be spread.
    lasting = last > first
    certain = np.bincount(first[~lasting] % WEEK // HOUR, minlength=HOURS)
    weight = certain.astype(np.float64)
    for block in np.array_split(np.flatnonzero(lasting), lasting.sum() // BLOCK + 1):
        spread = _spread(first[block], last[block])
        weight += spread.sum(axis=0)
        certain = certain + (spread == 1).sum(axis=0)
    table = pd.DataFrame({"weekday": np.repeat(DAYS, 24), "hour": np.tile(np.arange(24), 7)})
    table["weight"], table["certain"] = weight, certain
    table["share"] = weight / len(first) if len(first) else np.nan
    return table


def _intervals(started_at: pd.Series[Any], ended_at: pd.Series[Any] | None) -> tuple[Floats, Floats]:
    """Return both ends of each event in seconds, the same where no end is given; refuse an end before its start."""
    start = end = _seconds(started_at)
    if ended_at is not None:
        late = _seconds(ended_at.reindex(started_at.index))
        end = np.where(np.isnan(late), end, late)
    wrong = np.flatnonzero(end < start)
    if len(wrong):
        at = wrong[0]
        msg = (
            f"Row {started_at.index[at]} ends at {ended_at.iloc[at] if ended_at is not None else ''}, before it starts "
            f"at {started_at.iloc[at]}; so do {len(wrong) - 1} others. Put the two times right, or leave the end empty."
        )
        raise ValueError(msg)
    return start, end


def _seconds(times: pd.Series[Any]) -> Floats:
    """Return times as seconds since Monday 29 December 1969, missing as not a number."""
    stamps = pd.to_datetime(times, format="ISO8601")
    seconds = stamps.to_numpy(dtype="datetime64[s]").astype(np.int64) + MONDAY
    return np.where(stamps.isna(), np.nan, seconds.astype(np.float64))


def _spread(start: Ints, end: Ints) -> Floats:
    """Return the share of each interval that lies in each hour of the week; an instant lies in its hour whole."""
    length = np.maximum(end - start, 1)
    weeks, rest = np.divmod(length, WEEK)
    begin = start % WEEK
    hours = np.arange(2 * HOURS) * HOUR
    inside = np.minimum((begin + rest)[:, None], hours + HOUR) - np.maximum(begin[:, None], hours)
    inside = inside.clip(0)
    seconds = inside[:, :HOURS] + inside[:, HOURS:] + (weeks * HOUR)[:, None]
    return np.asarray(seconds / length[:, None])
