"""Count events by month, telling no data from nought, and compare months with the years before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

YEAR = 12


def month_counts(
    when: pd.Series[Any],
    *,
    distinct: pd.Series[Any] | None = None,
    covered: Iterable[str] | None = None,
    through: date | None = None,
) -> pd.Series[float]:
    """Count events in each month.

    Parameters
    ----------
    when : dates, times, or months written as 2024-05; what is missing is not counted.
    distinct : on the same index, for example person ids: count how many different ones there are in a month, so as to
        have children beside episodes.
    covered : the months for which there is data. By default those in which anything is recorded: a month without a
        single record is taken for a month whose data is not there.
    through : the last day that the data reaches. A month that it cuts short is missing.

    Returns
    -------
    One number a month from the first to the last, named 2024-05: missing, not 0, where there is no data.
    """
    month = _months(when)
    known = month.notna()
    what = pd.Series(range(len(month)), index=month.index) if distinct is None else distinct
    counted = what[known].groupby(month[known]).nunique().reindex(_span(month, covered))
    return _blank(counted.to_frame("count"), month, covered, through)["count"]


def month_table(
    when: pd.Series[Any],
    area: pd.Series[Any],
    *,
    areas: Iterable[str],
    distinct: pd.Series[Any] | None = None,
    covered: Iterable[str] | None = None,
    through: date | None = None,
) -> pd.DataFrame:
    """Count events in each area and month.

    Parameters
    ----------
    area : on the index of `when`, the area of each event; events in none of `areas` are not counted, though they
        show that there is data for their month.
    areas : every area that the data covers: in a month with data an area without events has 0.

    Returns
    -------
    Areas (rows, ascending) by months (columns): missing, not 0, where there is no data. The other parameters are those
    of `month_counts`.
    """
    month = _months(when)
    codes = sorted(set(areas))
    inside = month.notna() & area.isin(codes)
    what = pd.Series(range(len(month)), index=month.index) if distinct is None else distinct
    counted = what[inside].groupby([area[inside], month[inside]]).nunique().unstack()
    span = _span(month, covered)
    table = counted.reindex(index=pd.Index(codes, name="area_code"), columns=span)
    return _blank(table.T, month, covered, through).T


def months_compared(
    counts: pd.Series[Any], *, level: float = 0.95, repeat_factor: float = 1.0
) -> pd.DataFrame:
    """Compare each month with the same month of the two years before.

    Counts are taken for Poisson counts and set against the days of the months they are from, so that a leap year makes
    no difference. The interval and the p-value are exact, given the sum of the months compared (Przyborowski and
    Wilenski 1940, Biometrika 31, 313-323). Events that come in runs, such as episodes of the same child, vary more than
    that: compare children as well.

    Parameters
    ----------
    counts : from `month_counts`.
    level : of the interval.
    repeat_factor : how many of these one child brings in a month, as `geo.rates.repeat_factor` weighs them: interval and
        p-value are those of as many fewer events that do not come in runs (Stukel and others 1994, Statistics in Medicine
        13, 1781-1791, for rates). With 1 they are exact.

    Returns
    -------
    On the same index: observed, year_before, two_years_before, years (how many of the two have data), usual (what the
    days of this month would have had at the rate of those), ratio (observed over usual), ratio_low, ratio_high, p_value
    (two-sided). Missing where this month, or both earlier ones, have no data; the ratio also where there was nothing.

    Raises
    ------
    ValueError
        The level is not between 0 and 1, or the repeat factor is below 1.
    """
    if repeat_factor < 1:
        msg = f"The repeat factor is {repeat_factor:g}. Give 1 where events do not come in runs, and more where they do."
        raise ValueError(msg)
    if not 0 < level < 1:
        msg = f"The level of an interval is between 0 and 1, and {level:g} was asked for. Use 0.95 for 95%."
        raise ValueError(msg)
    months = pd.PeriodIndex(counts.index, freq="M")
    by_month = pd.Series(counts.to_numpy(dtype=float, na_value=np.nan), index=months)
    table = pd.DataFrame({"observed": by_month})
    table["year_before"] = by_month.reindex(months - YEAR).to_numpy()
    table["two_years_before"] = by_month.reindex(months - 2 * YEAR).to_numpy()
    earlier = table[["year_before", "two_years_before"]].to_numpy()
    days = np.column_stack([(months - YEAR).days_in_month, (months - 2 * YEAR).days_in_month])
    here, there = months.days_in_month.to_numpy(), np.where(np.isnan(earlier), 0, days).sum(axis=1)
    table["years"] = (~np.isnan(earlier)).sum(axis=1)
    before = np.where(there > 0, np.nansum(earlier, axis=1), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        table["usual"] = before * here / there
    figures = _ratio(by_month.to_numpy(), before, here, there, level, repeat_factor)
    return table.assign(**figures).set_axis(counts.index)


def _ratio(
    observed: np.ndarray[Any, Any],
    before: np.ndarray[Any, Any],
    here: np.ndarray[Any, Any],
    there: np.ndarray[Any, Any],
    level: float,
    factor: float,
) -> dict[str, np.ndarray[Any, Any]]:
    """Compare two Poisson counts by the days they were counted over, exactly where they do not come in runs."""
    from scipy.stats import beta, binomtest

    observed, before = observed / factor, before / factor
    both = observed + before
    known = ~np.isnan(both)
    tail = (1 - level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(observed > 0, beta.ppf(tail, observed, before + 1), 0.0)
        high = np.where(before > 0, beta.ppf(1 - tail, observed + 1, before), 1.0)
        days = there / here
        ratio, odds_low, odds_high = (
            observed / before * days,
            low / (1 - low) * days,
            high / (1 - high) * days,
        )
    p_value = np.full(len(observed), np.nan)
    for at in np.flatnonzero(known & (both > 0)):
        share = here[at] / (here[at] + there[at])
        if factor == 1:
            p_value[at] = binomtest(int(observed[at]), int(both[at]), share).pvalue
            continue
        # The tails of the binomial distribution, which its beta form gives for counts that are not whole as well.
        upper = beta.cdf(share, observed[at], before[at] + 1) if observed[at] > 0 else 1.0
        lower = beta.sf(share, observed[at] + 1, before[at]) if before[at] > 0 else 1.0
        p_value[at] = min(1.0, 2 * min(upper, lower))
    some = known & (both > 0)
    figures = {"ratio": ratio, "ratio_low": odds_low, "ratio_high": odds_high}
    return {name: np.where(some, values, np.nan) for name, values in figures.items()} | {"p_value": p_value}


def _months(when: pd.Series[Any]) -> pd.Series[Any]:
    """Return the month of each event as 2024-05, missing where it is not known."""
    stamps = pd.to_datetime(when, format="ISO8601")
    return stamps.dt.strftime("%Y-%m").astype("object").where(stamps.notna(), None)


def _span(month: pd.Series[Any], covered: Iterable[str] | None) -> pd.Index[Any]:
    """List every month from the first to the last of those recorded or covered."""
    held = sorted({*month.dropna(), *(covered or ())})
    months = list(pd.period_range(held[0], held[-1], freq="M").strftime("%Y-%m")) if held else []
    span: pd.Index[Any] = pd.Index(months, dtype="object", name="month")
    return span


def _blank(
    counted: pd.DataFrame, month: pd.Series[Any], covered: Iterable[str] | None, through: date | None
) -> pd.DataFrame:
    """Fill months (rows) that have data with 0 where nothing was counted, and leave the others missing."""
    held = set(month.dropna()) if covered is None else set(covered)
    if through is not None:
        cut = pd.Period(through, freq="M")
        last = str(cut if through == cut.end_time.date() else cut - 1)
        held = {each for each in held if each <= last}
    filled = counted.fillna(0).astype("float64")
    filled.loc[~filled.index.isin(held)] = np.nan
    return filled
