from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph
from scipy.stats import kendalltau

from geo.boundaries import load_boundaries, points_to_areas
from geo.grid import lonlat_to_grid
from geo.months import month_table
from geo.neighbours import build_neighbours
from geo.trends import hotspot_trends, mann_kendall, monthly_hotspots

MONTHS = [f"2024-{month:02}" for month in range(1, 13)]


def monthly(flags: dict[str, str], scores: dict[str, list[float]] | None = None) -> pd.DataFrame:
    """Make monthly hotspots from one letter a month: h hot, . not, - no data."""
    rng = np.random.default_rng(0)
    rows = []
    for code, letters in flags.items():
        z = (scores or {}).get(code, rng.permutation(len(letters)).tolist())
        for month, letter, score in zip(MONTHS, letters, z, strict=False):
            known = letter != "-"
            rows.append((code, month, score if known else np.nan, letter == "h" if known else pd.NA))
    table = pd.DataFrame(rows, columns=["area_code", "month", "gi_star_z", "hotspot"])
    return table.astype({"hotspot": "boolean"}).sort_values(["month", "area_code"], ignore_index=True)


def test_the_kinds_by_how_hot_months_lie() -> None:
    found = hotspot_trends(
        monthly({
            "always": "hhhhhhhhhhhh",
            "mostly": "hhh.hhh.hhh.",
            "fresh": "..........hh",
            "latest": "...........h",
            "over": "hhhh.hhhh...",
            "once": "..h.........",
            "on_and_off": "h...h...h..h",
            "never": "............",
            "unknown": "------------",
        })
    )  # fmt: skip

    assert found["kind"].fillna("").to_dict() == {
        "always": "persistent",
        "mostly": "persistent",
        "fresh": "emerging",
        "latest": "emerging",
        "over": "fading",
        "once": "occasional",
        "on_and_off": "occasional",
        "never": "never",
        "unknown": "",
    }
    assert found.loc["mostly", ["months", "hot_months", "hot_recent", "first_hot", "last_hot"]].tolist() == [
        *[12, 9, 2, "2024-01", "2024-11"]
    ]
    assert found.loc["never", ["first_hot", "last_hot"]].isna().all()
    assert found.loc["unknown", ["months", "hot_months"]].tolist() == [0, 0]


def test_rising_and_falling_areas_are_told_from_steady_ones() -> None:
    up, down = list(range(12)), list(range(12, 0, -1))
    found = hotspot_trends(
        monthly({"rises": ".h.h.h.h...h", "falls": "hhhhhhhhhh.h"}, {"rises": up, "falls": down})
    )

    assert found["kind"].to_dict() == {"rises": "emerging", "falls": "fading"}
    assert found["trend"].to_dict() == {"rises": 1.0, "falls": -1.0}


def test_a_month_without_data_counts_neither_as_hot_nor_as_cool() -> None:
    found = hotspot_trends(monthly({"late": "------..---h", "ends_early": "hhhhhh------"}))

    assert found.loc["late", ["months", "hot_months", "hot_recent", "kind"]].tolist() == [3, 1, 1, "emerging"]
    assert found.loc["ends_early", ["months", "hot_recent", "kind"]].tolist() == [6, 3, "persistent"]
    assert np.isnan(found.loc["late", "trend"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 6)), min_size=4, max_size=20))
def test_mann_kendall_by_plain_counting_and_by_scipy(values: list[int | None]) -> None:
    found = mann_kendall(pd.DataFrame([values], dtype=float)).iloc[0]

    known = [(at, value) for at, value in enumerate(values) if value is not None]
    x = [value for _, value in known]
    n = len(x)
    if n < 4 or len(set(x)) == 1:
        assert found.isna().all()
        return
    total = sum(np.sign(x[b] - x[a]) for a in range(n) for b in range(a + 1, n))
    ties = sum(x.count(each) * (x.count(each) - 1) * (2 * x.count(each) + 5) for each in set(x))
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    assert found["trend_z"] == pytest.approx((total - np.sign(total)) / variance**0.5)
    assert found["trend"] == pytest.approx(kendalltau([at for at, _ in known], x).statistic)


def test_each_month_is_compared_with_the_other_areas_in_it() -> None:
    shapes = [shapely.box(column, row, column + 1, row + 1) for row in range(6) for column in range(6)]
    codes = [f"E{row}{column}" for row in range(6) for column in range(6)]
    near = Graph.build_contiguity(geopandas.GeoSeries(shapes, index=codes), rook=False)
    rng = np.random.default_rng(4)
    # A season: every area has three times as many in summer.
    season = np.array([1, 1, 1, 1, 2, 3, 3, 2, 1, 1, 1, 1])
    counts = pd.DataFrame(rng.poisson(20 * season, (36, 12)).astype(float), index=codes, columns=MONTHS)
    corner = ["E00", "E01", "E10", "E11"]
    counts.loc[corner, MONTHS[-3:]] *= 4
    counts["2024-02"] = np.nan
    counts.loc["E55", "2024-03"] = np.nan

    table = monthly_hotspots(counts, near, population=pd.Series(100, index=codes))
    found = hotspot_trends(table)

    assert len(table) == 36 * 12
    assert table.loc[table["month"] == "2024-02", "not_tested"].unique().tolist() == [
        "no data for this month"
    ]
    assert table.loc[
        table["not_tested"] == "no figure is known", ["area_code", "month"]
    ].to_numpy().tolist() == [["E55", "2024-03"]]
    # The fourth of the corner borders on five quiet areas.
    assert found.loc[corner[:3], "kind"].unique().tolist() == ["emerging"]
    assert (found["months"] == pd.Series(11, index=codes).sub(pd.Series({"E55": 1}), fill_value=0)).all()
    # A season is no hotspot: hardly any area away from the corner is ever hot.
    away = [code for code in codes if int(code[1]) > 2 or int(code[2]) > 2]
    assert (found.loc[away, "kind"] == "never").mean() > 0.9


def test_burglaries_in_greater_manchester_by_month(realdata: Path) -> None:
    table = pd.read_csv(realdata / "police/gmp_burglary_points_2016-02_onward.csv")
    place = lonlat_to_grid(table["Longitude"].to_numpy(), table["Latitude"].to_numpy())
    wards, _ = load_boundaries(realdata / "wards/gm_wards_WD25.geojson")
    assert wards is not None
    at = points_to_areas(*place, wards)
    area = pd.Series(wards.codes.array.take(at, allow_fill=True), index=table.index, dtype="object")
    counts = month_table(table["Month"], area, areas=wards.codes)

    found = hotspot_trends(monthly_hotspots(counts.iloc[:, -12:], build_neighbours(wards), permutations=999))

    assert (counts.shape, counts.isna().any(axis=None)) == ((215, 36), False)
    assert counts.to_numpy().sum() == (at >= 0).sum()
    assert (found["months"] == 12).all()
    names = dict(zip(wards.codes, wards.frame["name"], strict=True))
    assert {names[code] for code in found.index[found["kind"] == "persistent"]} == {
        "Ardwick",
        "Burnage",
        "Fallowfield",
    }


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match=r"recent is 0, share 2 and level 0\.05"):
        hotspot_trends(monthly({"a": "h."}), recent=0, share=2)
