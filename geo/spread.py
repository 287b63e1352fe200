"""Say how a period's referrals, open children and missing children are spread over wards and deciles of deprivation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from geo.areas import Areas
from geo.inequality import DecileChildren, share_by_decile
from geo.measures import area_counts
from geo.rates import crude_rate
from mapping.periods import Period
from mapping.shares import NOT_RECORDED, TOTAL

PLACED, LIVING_HERE, ELSEWHERE = "placed_by_others", "living_here", "elsewhere"
PARTS = (LIVING_HERE, PLACED, ELSEWHERE)
COUNTS = ("referrals", "children_referred", "children_open", "missing_episodes", "children_missing")
BY_CHILD = ("children_referred", "children_missing")


def in_period(occurrences: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return the referrals, episodes and incidents of `build_occurrences` that are dated in a period."""
    return occurrences[period.holds(occurrences["on"])]


def placed_parts(occurrences: pd.DataFrame, counted: str) -> pd.DataFrame:
    """Say of each referral or episode whether it is of a child whom another authority has placed here.

    Parameters
    ----------
    occurrences : from `build_occurrences`, of the period.
    counted : "episode" or "referral".

    Returns
    -------
    On the same index: part (`placed_by_others`, `living_here`: everyone else in the wards, `elsewhere`: outside every ward
    or not known where) and person.
    """
    rows = occurrences[occurrences["counted"] == counted]
    placed = rows["placed"].fillna(False).to_numpy(dtype=bool)
    part = np.select([rows["area_code"].isna(), placed], [ELSEWHERE, PLACED], LIVING_HERE)
    return pd.DataFrame({"part": pd.Series(part, index=rows.index, dtype="object"), "person": rows["person"]})


def ward_spread(
    occurrences: pd.DataFrame, areas: Areas, *, open_homes: pd.Series[str], per: float = 1000
) -> pd.DataFrame:
    """Count referrals, open children, missing episodes and children in each ward, with the rates of children.

    A referral is counted in the ward the child lived in that day, an open child in the ward of their home, an
    episode in the ward of the place the child was missing from: three different places. Rates are of children, for 1,000
    aged 10 to 17 who live in the ward, with Garwood's exact interval; children missing from a ward may be placed there and are
    not all among those.

    Parameters
    ----------
    occurrences : from `build_occurrences`, of the period.
    areas : wards, from `build_areas`.
    open_homes : the ward of each open child's home, missing where not known.

    Returns
    -------
    area_code, area_name, population, the counts of `COUNTS`, referred_rate, missing_rate with _low and _high; one row a
    ward in code order, then `not_recorded` (outside every ward, or not known where) and `total`, without rates. Children in
    several wards count in each, once in the total.

    Source: Garwood 1936, Biometrika 28, 437-442.
    """
    table = areas.table[["area_name", "population"]].copy()
    rows = {name: _rows(occurrences, name) for name in COUNTS if name != "children_open"}
    for name in COUNTS:
        if name == "children_open":
            table[name] = open_homes.value_counts().reindex(table.index)
        elif name == "children_referred":
            table[name] = rows[name].drop_duplicates(["area_code", "person"])["area_code"].value_counts()
        else:
            table[name] = area_counts(occurrences, areas, name)
        table[name] = table[name].fillna(0).astype("int64")
    for name, counted in (("referred", "children_referred"), ("missing", "children_missing")):
        rate = crude_rate(table[counted].astype("float64"), table["population"].astype("float64"), per=per)
        table[[f"{name}_rate", f"{name}_rate_low", f"{name}_rate_high"]] = rate[
            ["rate", "rate_low", "rate_high"]
        ]
    last = pd.DataFrame({name: _outside(rows.get(name), name, open_homes, table.index) for name in COUNTS})
    ends = last.set_axis([NOT_RECORDED, TOTAL])
    return pd.concat([table, ends]).astype(dict.fromkeys(COUNTS, "int64")).rename_axis("area_code")


def _rows(occurrences: pd.DataFrame, name: str) -> pd.DataFrame:
    counted = "referral" if name in ("referrals", "children_referred") else "episode"
    return occurrences[occurrences["counted"] == counted]


def _outside(
    rows: pd.DataFrame | None, name: str, open_homes: pd.Series[str], wards: pd.Index[Any]
) -> list[int]:
    """Return how many are in no ward, and how many there are."""
    if rows is None:
        return [int((~open_homes.isin(wards)).sum()), len(open_homes)]
    outside = rows[~rows["area_code"].isin(wards)]
    if name in BY_CHILD:
        return [int(outside["person"].nunique()), int(rows["person"].nunique())]
    return [len(outside), len(rows)]


def decile_spread(
    deciles: Mapping[str, pd.Series[int]], everyone: DecileChildren, *, edition: str
) -> pd.DataFrame:
    """Compare the share of children in each decile with the share of all children, for several counts at once.

    Parameters
    ----------
    deciles : for each count the decile of each child's home, missing where not known.
    everyone : all children aged 10 to 17 by decile.
    edition : which edition the deciles of homes are of.

    Returns
    -------
    dimension (the name of the count), group_code ("1" the most deprived to "10", then `not_recorded` and `total`), count, percent
    (of those whose decile is known), population, population_percent, ratio, ratio_low, ratio_high; see `share_by_decile`.

    Raises
    ------
    MixedEditions
        The two rest on different editions.
    """
    parts = []
    for name, values in deciles.items():
        shares = share_by_decile(
            values, everyone.children, edition=edition, population_edition=everyone.edition
        )
        table = pd.DataFrame(
            {
                "dimension": name,
                "group_code": shares.index.astype(str),
                "count": shares["children"].to_numpy(),
                "percent": 100 * shares["share"].to_numpy(dtype=float),
                "population": shares["population"].to_numpy(dtype=float),
                "population_percent": 100 * shares["population_share"].to_numpy(dtype=float),
                **{each: shares[each].to_numpy(dtype=float) for each in ("ratio", "ratio_low", "ratio_high")},
            }
        )
        ends = {"dimension": name, "group_code": [NOT_RECORDED, TOTAL]}
        unknown = int(values.isna().sum())
        parts += [table, pd.DataFrame({**ends, "count": [unknown, len(values)]})]
    return pd.concat(parts, ignore_index=True)
