"""Follow hotspots from month to month: which are new, which stay, which fade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.hotspots import false_discovery, gi_star, standardised_rate
from geo.scan import numbers

if TYPE_CHECKING:
    from libpysal.graph import Graph

NO_DATA = "no data for this month"
# With fewer months a trend cannot be told from chance, however steep.
FEWEST_MONTHS = 4


def monthly_hotspots(
    counts: pd.DataFrame,
    neighbours: Graph,
    *,
    population: pd.Series[Any] | None = None,
    permutations: int = 999,
    level: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Look for hotspots in each month by itself.

    Each month is compared with the other areas in the same month, so a season that is busy everywhere makes no
    hotspot. The false-discovery rate is controlled within each month, as its map is looked at by itself.

    Parameters
    ----------
    counts : events by area (rows) and month (columns, in order of time), as `month_table` gives them: missing, not 0,
        where there is no data.
    population : people by area. With it hotspots are of the standardised rate, without it of the counts.
    permutations, level, seed : see `gi_star`; each month draws from a seed of its own.

    Returns
    -------
    One row an area and month, by month and then by area: area_code, month, observed, gi_star_z, gi_star_p, gi_star_q,
    hotspot, not_tested.
    """
    parts = []
    for number, month in enumerate(counts.columns):
        observed = pd.Series(numbers(counts[month]), index=counts.index).sort_index()
        values = observed if population is None else standardised_rate(observed, population)
        found = gi_star(values, neighbours, permutations=permutations, level=level, seed=seed + number)
        if observed.isna().all():
            found["not_tested"] = NO_DATA
        found.insert(0, "observed", observed)
        found.insert(0, "month", month)
        parts.append(found.rename_axis("area_code").reset_index())
    return pd.concat(parts, ignore_index=True)


def hotspot_trends(
    monthly: pd.DataFrame, *, recent: int = 3, share: float = 0.75, level: float = 0.05
) -> pd.DataFrame:
    """Sort areas by how their hot months lie in time.

    The first that holds, over the months for which there is data:

    - "persistent": hot in at least `share` of the months, and not falling;
    - "emerging": hot in the latest month, and either rising or not hot before the latest `recent` months;
    - "fading": falling after at least `recent` hot months, or hot in half the months before the latest `recent` and in
      none of those;
    - "occasional": hot in some month;
    - "never".

    Rising and falling are the Mann-Kendall trend of Gi* (`mann_kendall`), controlled for false discoveries over all
    areas. The idea, not the definitions, is that of emerging hot spot analysis (Esri's Space Time Pattern Mining
    tools, "How Emerging Hot Spot Analysis works"), whose seventeen kinds are drawn together into these.

    Parameters
    ----------
    monthly : from `monthly_hotspots`.
    recent : how many months count as lately.
    share : of the months, for a hotspot to be called persistent.
    level : of false discoveries among trends.

    Returns
    -------
    One row an area, by code: months (with data), hot_months, hot_recent, first_hot, last_hot, trend (Kendall's tau,
    -1 to 1), trend_p, trend_q, kind. All missing but `months`, which is 0, where an area was never tested.

    Raises
    ------
    ValueError
        `recent` is less than one, or `share` or `level` not between 0 and 1.
    """
    if recent < 1 or not 0 < share <= 1 or not 0 < level < 1:
        msg = f"recent is {recent}, share {share:g} and level {level:g}; give at least 1, and two shares from 0 to 1."
        raise ValueError(msg)
    months = list(dict.fromkeys(monthly["month"]))
    scores = monthly.pivot(index="area_code", columns="month", values="gi_star_z")[months].astype("float64")
    flags = monthly.assign(hotspot=monthly["hotspot"].fillna(False).astype(bool))
    hot = flags.pivot(index="area_code", columns="month", values="hotspot")[months]
    tested = scores.notna()
    table = pd.DataFrame({"months": tested.sum(axis=1), "hot_months": hot.sum(axis=1)})
    # The latest months with data: an area's own, since it may lack some.
    age = tested.iloc[:, ::-1].cumsum(axis=1).iloc[:, ::-1]
    late = hot & (age <= recent)
    table["hot_recent"] = late.sum(axis=1)
    table["first_hot"], table["last_hot"] = _ends(hot)
    trend = mann_kendall(scores)
    table = table.join(trend.drop(columns="trend_z"))
    table["trend_q"] = false_discovery(table["trend_p"])
    now = (hot & (age == 1)).any(axis=1)
    table["kind"] = _kinds(table, now, recent=recent, share=share, level=level)
    return table


def mann_kendall(values: pd.DataFrame) -> pd.DataFrame:
    """Test each row for a rise or a fall along its columns.

    Mann-Kendall: whether later values are more often higher than lower, with allowance for ties, and for gaps, which
    are passed over (Mann 1945, Econometrica 13, 245-259; Kendall 1975, Rank Correlation Methods). It takes
    months to be independent of each other; where one busy month makes the next busy its p-values are too small.

    Returns
    -------
    On the same index: trend (Kendall's tau-b), trend_z, trend_p (two-sided, normal approximation with
    continuity correction); missing for a row with fewer than four values or with all the same.
    """
    from scipy.stats import norm

    x = values.to_numpy(dtype=float)
    count = np.isfinite(x).sum(axis=1)
    first, last = np.triu_indices(x.shape[1], k=1)
    differences = np.nan_to_num(np.sign(x[:, last] - x[:, first]))
    total = differences.sum(axis=1)
    same = (x[:, :, None] == x[:, None, :]).sum(
        axis=2
    )  # for each value, how many are like it, itself included
    pairs = count * (count - 1) / 2
    tied = (same - 1).clip(0).sum(axis=1) / 2
    ties = np.where(same > 0, (same - 1) * (2 * same + 5), 0).sum(axis=1)
    variance = (count * (count - 1) * (2 * count + 5) - ties) / 18
    usable = (count >= FEWEST_MONTHS) & (variance > 0) & (pairs > tied)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(usable, (total - np.sign(total)) / np.sqrt(variance), np.nan)
        tau = np.where(usable, total / np.sqrt(pairs * (pairs - tied)), np.nan)
    return pd.DataFrame({"trend": tau, "trend_z": z, "trend_p": 2 * norm.sf(np.abs(z))}, index=values.index)


def _ends(hot: pd.DataFrame) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Return the first and the last hot month of each area, missing where there is none."""
    some = hot.any(axis=1)
    first = hot.idxmax(axis=1).where(some, None)
    last = hot.iloc[:, ::-1].idxmax(axis=1).where(some, None)
    return first, last


def _kinds(
    table: pd.DataFrame, now: pd.Series[bool], *, recent: int, share: float, level: float
) -> pd.Series[str]:
    sure = table["trend_q"] <= level
    rising, falling = sure & (table["trend"] > 0), sure & (table["trend"] < 0)
    before = table["hot_months"] - table["hot_recent"]
    earlier = table["months"] - table["months"].clip(upper=recent)
    often = (before * 2 >= earlier) & (before > 0)
    tests = {
        "persistent": (table["hot_months"] >= share * table["months"]) & ~falling & (table["hot_months"] > 0),
        "emerging": now & (rising | (before == 0)),
        "fading": (falling & (table["hot_months"] >= recent)) | (often & (table["hot_recent"] == 0)),
        "occasional": table["hot_months"] > 0,
    }
    kind = np.select([test.to_numpy() for test in tests.values()], list(tests), "never")
    return pd.Series(kind, index=table.index).where(table["months"] > 0, None)
