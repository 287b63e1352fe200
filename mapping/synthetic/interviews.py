"""Offer, accept and hold return interviews, to the published counts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import clock
from mapping.synthetic.calibration import AS_OF, NOW, YEARS, Bools, Dates, Ints, Year, share

DAY = np.timedelta64(1440, "m")
OFFERED, ACCEPTED = 92, 75
"""Per cent of episodes after which an interview is offered, and of the offers that are accepted."""
LATELY, FRESH = 20 * DAY, 50 * np.timedelta64(60, "m")
"""Before the end of the records: interviews of this time are held, declined or due; of this time, still due."""
REASONS = (
    "Asked to be seen by their own worker, who is back next week",
    "Moved to another home; the new home is arranging it",
    "Asked for time first; a safe adult is keeping in touch",
    "Unwell; to be seen when better",
    "Interpreter being arranged",
    "Worker was not available in time",
)


def with_interviews(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    """Add interview_offered, interview_accepted, interview_held_at and delay_reason to episodes.

    Args:
        rng: of the case.
        table: year, found_at, and fixed ("just" and "long" mark children whose interview is still to be held).
    """
    parts = []
    for index, year in enumerate(YEARS):
        rows = table[table["year"] == index]
        found = rows["found_at"].to_numpy().astype("datetime64[m]")
        waiting = rows["fixed"].isin(["just", "long"]).to_numpy()
        parts.append(_answers(rng, year, found, waiting).set_index(rows.index))
    return table.join(pd.concat(parts))


def _answers(rng: np.random.Generator, year: Year, found: Dates, waiting: Bools) -> pd.DataFrame:
    """Offer, accept and hold one year's interviews, each a part of the one before."""
    end = min((year.end + 1).astype("datetime64[m]"), NOW)
    back = ~np.isnat(found)
    lately = back & (found >= end - LATELY)
    soon_at, late_at = _working_day(rng, found, 1, 3), _working_day(rng, found, 4, 14)
    offered = min(share(OFFERED, len(found)), int(back.sum()))
    accepted = share(ACCEPTED, offered)
    number, in_time = _held_counts(year, len(found), accepted)
    soon = pick(rng, back & ~waiting & (soon_at < end), in_time, last=rng.random(len(found)) < ~lately * 0.3)
    late = pick(rng, back & ~waiting & ~soon & (late_at < end), number - in_time)
    due = waiting | (back & ~soon & (found >= end - FRESH))
    yes = soon | late | (back & due)
    yes |= pick(rng, back & ~yes, accepted - int(yes.sum()), last=lately)
    no = pick(rng, back & ~yes, int(back.sum()) - offered, last=lately)
    open_ended = yes & ~soon & ~late & ~due
    reasons = np.array(REASONS, dtype=object)[rng.integers(0, len(REASONS), len(found))]
    return pd.DataFrame(
        {
            "interview_offered": np.where(back & ~no, "Y", np.where(no, "N", "")),
            "interview_accepted": np.where(yes, "Y", np.where(back & ~no, "N", "")),
            "interview_held_at": clock(
                np.where(soon, soon_at, np.where(late, late_at, np.datetime64("NaT", "m")))
            ),
            "delay_reason": np.where(open_ended | (late & (rng.random(len(found)) < 0.6)), reasons, ""),
        }
    )


def _held_counts(year: Year, reports: int, accepted: int) -> tuple[int, int]:
    """Return how many interviews are held and how many within 72 hours, in proportion to the reports."""
    number = min(int(np.floor(year.interviews * reports / year.reports + 0.5)), accepted)
    return number, min(share(100 * year.in_time / year.interviews, number), number)


def pick(rng: np.random.Generator, fit: Bools, count: int, *, last: Bools | None = None) -> Bools:
    """Choose some of those that fit by chance; those marked last only when there are too few others."""
    rows = rng.permutation(np.flatnonzero(fit))
    if last is not None:
        rows = rows[np.argsort(last[rows], kind="stable")]
    chosen = np.zeros(len(fit), dtype=bool)
    chosen[rows[: max(count, 0)]] = True
    return chosen


def _working_day(rng: np.random.Generator, found: Dates, first: int, last: int) -> Dates:
    """Return a time between nine and six, from `first` to before `last` days after the child came back."""
    day = np.where(np.isnat(found), AS_OF, found.astype("datetime64[D]"))
    wait: Ints = rng.integers(first, last, len(found))
    minute = rng.integers(9 * 60, 18 * 60, len(found)).astype("timedelta64[m]")
    return np.asarray((day + wait.astype("timedelta64[D]")).astype("datetime64[m]") + minute)
