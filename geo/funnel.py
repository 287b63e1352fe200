"""Draw the funnel of what chance alone gives, and say which areas lie outside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.rates import Floats, to_floats, validate_counts, validate_population

Family = Literal["poisson", "binomial"]

LEVELS = {"95": 0.95, "998": 0.998}
POSITIONS = ("below 99.8%", "below 95%", "within", "above 95%", "above 99.8%")


def funnel(
    count: pd.Series[float],
    population: pd.Series[float],
    *,
    target: float | None = None,
    family: Family = "poisson",
    per: float = 1000,
    repeat_factor: float = 1.0,
) -> pd.DataFrame:
    """Place each area in a funnel plot: is its rate further from the rest than its size explains?

    Parameters
    ----------
    count, population : as in `crude_rate`; for a standardised ratio give the expected count as population and per=1.
    target : the rate the funnel stands around (per `per`); by default that of all areas together.
    family : "poisson" for events; "binomial" where each child counts at most once.
    repeat_factor : from `repeat_factor`; widens a Poisson funnel of episodes for repeats of the same child.

    Returns
    -------
    rate, target, low_95, high_95, low_998, high_998 (per `per`) and position, one of `POSITIONS` or missing. An area
    lies outside a limit where a count so far out, or further, has a probability of at most 2.5% (0.1%) at that end.

    Raises
    ------
    ValueError
        As in `crude_rate`; or no area has a population; or family is binomial and a count is above its population.

    Source: Spiegelhalter 2005, Statistics in Medicine 24, 1185-1202. Limits as in `funnel_limits`.
    """
    people, counted = validate_population(population, count), validate_counts(count)
    known = (people > 0) & ~np.isnan(counted)
    if target is None and not known.any():
        msg = "No area has both a count and a population above 0, so there is no rate to put a funnel around. Give target."
        raise ValueError(msg)
    if family == "binomial":
        _validate_shares(count, counted, people)
    centre = counted[known].sum() / people[known].sum() if target is None else target / per
    sizes = pd.Series(np.where(people > 0, people, np.nan), index=count.index)
    limits = _limits(to_floats(sizes), centre, family, repeat_factor)
    table = pd.DataFrame({"rate": per * counted / sizes, "target": per * centre}, index=count.index)
    for name, limit in limits.items():
        table[name] = per * np.maximum(limit, 0) / sizes
    table["position"] = _position(counted, limits, known, count.index)
    return table


def funnel_limits(
    population: pd.Series[float],
    *,
    target: float,
    family: Family = "poisson",
    per: float = 1000,
    repeat_factor: float = 1.0,
) -> pd.DataFrame:
    """Return the limits within which an area of each size is expected to lie, to draw a funnel with.

    Limits are exact: from the Poisson distribution with mean population x target, or the binomial one. Counts are
    whole, so a limit that cuts off exactly 2.5% (0.1%) is interpolated between two of them in the way Spiegelhalter
    does, at both ends from the outside in: a count lies on or outside a limit exactly when its own exact
    probability, or that of one further out, is at most 2.5% (0.1%). The line goes through the points that the
    Fingertips technical guidance tabulates. A limit below 0 is drawn at 0, and nothing can lie below it.

    Parameters
    ----------
    population : sizes; those of the areas, or evenly spaced ones to draw a line through.
    target : the rate the funnel stands around (per `per`).

    Returns
    -------
    low_95, high_95, low_998, high_998 (per `per`) on the index of `population`; missing where it is 0 or missing.
    """
    sizes = np.where(to_floats(population) > 0, to_floats(population), np.nan)
    limits = _limits(sizes, target / per, family, repeat_factor)
    return pd.DataFrame(
        {name: per * np.maximum(limit, 0) / sizes for name, limit in limits.items()}, index=population.index
    )


def dispersion(count: pd.Series[float], population: pd.Series[float], *, trim: float = 0.1) -> float:
    """Return how much more areas differ than chance explains: about 1 for chance alone.

    The mean of the squared standardised differences (count - expected) / sqrt(expected), the most extreme tenth at
    each end pulled in to the next, so that a few true hotspots do not hide what the rest are like. Well above 1 the
    funnel flags areas for what all areas have in common, such as repeats of the same child.

    Source: Spiegelhalter 2005, appendix A.3 (the winsorised estimate of over-dispersion).
    """
    people, counted = validate_population(population, count), validate_counts(count)
    known = (people > 0) & ~np.isnan(counted)
    expected = people[known] * counted[known].sum() / max(people[known].sum(), 1)
    scores = np.sort((counted[known] - expected) / np.sqrt(np.where(expected > 0, expected, np.nan)))
    if not len(scores) or np.isnan(scores).any():
        return float("nan")
    cut = int(trim * len(scores))
    return float(np.mean(np.clip(scores, scores[cut], scores[len(scores) - 1 - cut]) ** 2))


def _limits(sizes: Floats, rate: float, family: Family, factor: float) -> dict[str, Floats]:
    """Return limits as counts, below 0 where nothing can lie below them; missing where the size is."""
    if family == "binomial" and factor != 1:
        msg = "A binomial funnel is of children who count once each, so it takes no repeat factor. Use family='poisson'."
        raise ValueError(msg)
    limits: dict[str, Floats] = {}
    for name, level in LEVELS.items():
        low, high = _exact_limits(sizes / factor, rate, family, (1 - level) / 2)
        limits[f"low_{name}"], limits[f"high_{name}"] = factor * low, factor * high
    return limits


def _exact_limits(sizes: Floats, rate: float, family: Family, tail: float) -> tuple[Floats, Floats]:
    """Interpolate the counts that cut off `tail` at each end."""
    from scipy.stats import binom, poisson

    low, high = np.full(len(sizes), np.nan), np.full(len(sizes), np.nan)
    known = np.flatnonzero(~np.isnan(sizes))
    law = poisson(sizes[known] * rate) if family == "poisson" else binom(sizes[known], rate)
    with np.errstate(invalid="ignore", divide="ignore"):
        lower, upper = law.ppf(tail), law.isf(tail)
        low[known] = lower - (law.cdf(lower) - tail) / law.pmf(lower)
        high[known] = upper + 1 - (tail - law.sf(upper)) / law.pmf(upper)
    return low, high


def _position(
    counted: Floats, limits: Mapping[str, Floats], known: npt.NDArray[np.bool_], index: pd.Index
) -> pd.Series[str]:
    """Say where each count lies; what is on a limit is outside it."""
    with np.errstate(invalid="ignore"):
        outside = [
            counted <= limits["low_998"],
            counted <= limits["low_95"],
            counted >= limits["high_998"],
            counted >= limits["high_95"],
        ]
    words = [POSITIONS[0], POSITIONS[1], POSITIONS[4], POSITIONS[3]]
    return pd.Series(np.select(outside, words, default=POSITIONS[2]), index=index, dtype="str").where(known)


def _validate_shares(count: pd.Series[float], counted: Floats, people: Floats) -> None:
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(counted > people)
    if len(wrong):
        at = wrong[0]
        msg = (
            f"{count.index[at]} counts {counted[at]:g} of {people[at]:g} children. In a binomial funnel each child counts "
            f"at most once; use family='poisson' for episodes."
        )
        raise ValueError(msg)
