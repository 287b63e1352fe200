"""Wards and deciles: each thing in its own place, children once, and nothing that is not recorded left out."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo.areas import Areas
from geo.inequality import DecileChildren, MixedEditions
from geo.spread import decile_spread, in_period, placed_parts, ward_spread
from mapping.periods import Period

OCCURRENCES = pd.DataFrame(
    [
        ("episode", 1, "2025-04-01T09:00", "W1", False),
        ("episode", 1, "2025-05-01T09:00", "W1", False),
        ("episode", 1, "2025-06-01T09:00", "W2", False),
        ("episode", 2, "2025-06-01T09:00", "W2", True),
        ("episode", 3, "2025-06-01T09:00", None, False),
        ("episode", 4, "2026-04-01T00:00", "W1", False),  # the day after the period
        ("referral", 1, "2025-04-02", "W1", False),
        ("referral", 1, "2025-09-02", "W1", False),
        ("referral", 2, "2025-09-02", None, None),
        ("child", 1, None, "W1", False),
    ],
    columns=["counted", "person", "on", "area_code", "placed"],
)
OCCURRENCES = OCCURRENCES.assign(
    on=pd.to_datetime(OCCURRENCES["on"], format="ISO8601"), placed=OCCURRENCES["placed"].astype("boolean")
)
YEAR = Period(date(2025, 4, 1), date(2026, 3, 31))


@pytest.fixture
def areas() -> Areas:
    """Two wards; nobody knows how many children live in the second."""
    table = pd.DataFrame(
        {"area_name": ["Ash", "Beech"], "authority_code": "E08000001", "population": [1000.0, np.nan]},
        index=pd.Index(["W1", "W2"], name="area_code"),
    )
    return Areas(None, table, pd.DataFrame())  # type: ignore[arg-type]


def test_wards_count_referrals_homes_and_places_children_were_missing_from(areas: Areas) -> None:
    found = ward_spread(in_period(OCCURRENCES, YEAR), areas, open_homes=pd.Series(["W2", "W2", None, "W9"]))
    columns = ["referrals", "children_referred", "children_open", "missing_episodes", "children_missing"]
    assert found[columns].to_dict("split", index=True)["data"] == [
        [2, 1, 0, 2, 1],
        [0, 0, 2, 2, 2],
        [1, 1, 2, 1, 1],
        [3, 2, 4, 5, 3],  # child 1 was missing from two wards, and is one child
    ]
    assert found.index.tolist() == ["W1", "W2", "not_recorded", "total"]
    # One child of 1,000: Garwood's exact interval, 0.025 and 5.572 (Garwood 1936, table).
    rate = found.loc["W1", ["missing_rate", "missing_rate_low", "missing_rate_high"]].astype(float)
    assert rate.round(3).tolist() == [1.0, 0.025, 5.572]
    assert found.loc["W2":, "missing_rate"].isna().all()


def test_placed_children_are_told_apart_from_those_outside_the_wards() -> None:
    found = placed_parts(in_period(OCCURRENCES, YEAR), "episode")
    assert found["part"].tolist() == ["living_here"] * 3 + ["placed_by_others", "elsewhere"]
    assert found["person"].tolist() == [1, 1, 1, 2, 3]
    assert placed_parts(in_period(OCCURRENCES, YEAR), "referral")["part"].tolist() == [
        *["living_here"] * 2,
        "elsewhere",
    ]


def test_deciles_are_compared_with_all_children_and_the_unknown_are_counted() -> None:
    population = pd.Series([30.0, 10.0, *[7.5] * 8], index=pd.RangeIndex(1, 11, name="decile"))
    everyone = DecileChildren(population, 0.0, "2025", "file")
    found = decile_spread({"open": pd.Series([1.0, 1.0, 2.0, np.nan])}, everyone, edition="2025")
    rows = found.set_index("group_code")
    assert rows["count"].tolist() == [2, 1, *[0] * 8, 1, 4]
    assert rows.loc[["1", "2"], "percent"].round(1).tolist() == [66.7, 33.3]
    assert rows.loc["1", ["population_percent", "ratio"]].round(2).tolist() == [30.0, 2.22]
    # Two of three by Clopper and Pearson is 0.0943 to 0.9916 (their method, by the beta distribution), over 0.3.
    assert rows.loc["1", ["ratio_low", "ratio_high"]].astype(float).round(3).tolist() == [0.314, 3.305]
    assert rows.loc[["not_recorded", "total"], "percent"].isna().all()
    with pytest.raises(MixedEditions, match="mix 2019 and 2025"):
        decile_spread({"open": pd.Series([1.0])}, everyone, edition="2019")
