"""Reckon birthdays, ages and clock times on whole arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mapping.synthetic.calibration import NOW, Dates, Ints

CLOCKS_CHANGE = np.array(
    ["2023-10-29", "2024-03-31", "2024-10-27", "2025-03-30", "2025-10-26", "2026-03-29"],
    dtype="datetime64[D]",
)
EVENING = np.array([3, 2, 1, 1, 0.5, 0, 0, 1, 1.5, 1.5, 1.5, 1.5, 2, 2, 2, 3, 4, 5, 6, 7, 9, 10, 10, 7])
"""How often children are reported missing by hour of the day, from midnight; never between 5 and 7, which parts the days."""
AFTER_SCHOOL = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0.5, 1, 1, 2, 2, 2, 5, 8, 9, 10, 10, 9, 7, 4, 2])
"""How often young people are seen out, by hour of the day."""


def birthday(born: Dates, age: npt.ArrayLike) -> Dates:
    """Return the day somebody reaches an age; 29 February becomes 1 March in other years."""
    month = born.astype("datetime64[M]")
    day = born - month.astype("datetime64[D]")
    then = month + 12 * np.asarray(age, dtype=np.int64)
    return np.asarray(then.astype("datetime64[D]") + day)


def age_on(born: Dates, date: npt.ArrayLike) -> Ints:
    """Return ages in whole years on a date, or on one date each."""
    day = np.asarray(date, dtype="datetime64[D]")
    years = (day.astype("datetime64[Y]") - born.astype("datetime64[Y]")).astype(np.int64)
    return np.asarray(years - (birthday(born, years) > day), dtype=np.int64)


def born_at(rng: np.random.Generator, date: npt.ArrayLike, age: npt.ArrayLike) -> Dates:
    """Return dates of birth of people who are these ages on these dates."""
    ages = np.asarray(age, dtype=np.int64)
    day = np.broadcast_to(np.asarray(date, dtype="datetime64[D]"), ages.shape)
    back = birthday(day, -ages)
    return np.asarray(back - rng.integers(2, 360, ages.shape).astype("timedelta64[D]"))


def at_hour(rng: np.random.Generator, date: Dates, hours: npt.ArrayLike) -> Dates:
    """Return times to the minute on these dates, the hours drawn by weight; a night belongs to the day before it."""
    weight = np.asarray(hours, dtype=float)
    hour = rng.choice(24, len(date), p=weight / weight.sum())
    hour = np.where(hour < 6, hour + 24, hour)
    minutes = hour * 60 + rng.integers(0, 60, len(date))
    return clock(date.astype("datetime64[m]") + minutes.astype("timedelta64[m]"))


def clock(time: Dates) -> Dates:
    """Move times out of the hour that is missing or doubled when the clocks change, keeping their order."""
    day = time.astype("datetime64[D]")
    within = (time - day.astype("datetime64[m]")).astype(np.int64)
    moved = np.isin(day, CLOCKS_CHANGE) & (within >= 60) & (within < 120)
    fixed = np.where(moved, day.astype("datetime64[m]") + np.timedelta64(59, "m"), time)
    return np.minimum(fixed, NOW)


def days_between(
    rng: np.random.Generator, first: npt.ArrayLike, last: npt.ArrayLike, power: float = 1.0
) -> Dates:
    """Return dates from first to last, each included; a power below one leans towards the last."""
    low, high = np.asarray(first, dtype="datetime64[D]"), np.asarray(last, dtype="datetime64[D]")
    low, high = np.broadcast_arrays(low, np.maximum(low, high))
    span = (high - low).astype(np.int64) + 1
    step = np.floor(span * rng.random(span.shape) ** power).astype(np.int64)
    return np.asarray(low + np.minimum(step, span - 1).astype("timedelta64[D]"))
