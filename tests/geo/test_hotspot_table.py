"""The table of hotspots on a chequerboard of 25 wards with one busy corner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.areas import Areas, build_areas
from geo.boundaries import points_to_areas
from geo.files import read_geography
from geo.funnel import funnel
from geo.grid import lonlat_to_grid
from geo.hotspot_table import COLUMNS, build_hotspots, describe_runs
from geo.hotspots import area_hotspots, gi_star, standardised_rate
from geo.rates import crude_rate
from geo.scan import spatial_scan
from geo.strata import Strata

Folder = Callable[..., Path]
Write = Callable[..., str]
BUSY = {(0, 0), (0, 1), (1, 0), (1, 1)}
CELLS = [(row, column) for row in range(5) for column in range(5)]


@pytest.fixture
def areas(folder: Folder, squares: Write) -> Areas:
    """25 square wards with 400 children each, but nobody in the last but one and no figure for the last."""
    drawn = [
        (f"E050000{10 + at}", 380000 + 1000 * c, 400000 + 1000 * r, 381000 + 1000 * c, 401000 + 1000 * r)
        for at, (r, c) in enumerate(CELLS)
    ]
    people = [400] * 23 + [0, 400]
    rows = "".join(f"{code[0]},{n}\n" for code, n in zip(drawn, people, strict=True))
    return build_areas(
        read_geography(folder({"w.geojson": squares(drawn), "p.csv": "WD25CD,children_10_17\n" + rows}))
    )


@pytest.fixture
def observed(areas: Areas) -> pd.Series[float]:
    counts = [30.0 if cell in BUSY else float(8 + (3 * cell[0] + cell[1]) % 5) for cell in CELLS]
    counts[-1] = np.nan
    counts[-2] = 0.0
    return pd.Series(counts, index=areas.table.index)


def test_each_column_is_what_its_own_function_gives(areas: Areas, observed: pd.Series[float]) -> None:
    found = build_hotspots(observed, areas, permutations=999, replications=99)
    table = found.table.set_index("area_code")
    assert found.table.columns.tolist() == list(COLUMNS)
    people = areas.table["population"]
    rates = crude_rate(observed, people)
    for name in ("rate", "rate_low", "rate_high"):
        np.testing.assert_array_equal(table[name], rates[name])
    total, children = observed.iloc[:23].sum(), 23 * 400
    np.testing.assert_allclose(table["expected"].iloc[:23], 400 * total / children)
    assert table["funnel_position"].equals(funnel(observed, people)["position"])
    gi = gi_star(standardised_rate(observed, people), areas.neighbours, permutations=999)
    for name in ("gi_star_z", "gi_star_p"):
        np.testing.assert_array_equal(table[name], gi[name])
    scan = spatial_scan(observed, people, areas.centres, replications=99)
    pd.testing.assert_frame_equal(found.clusters, scan.clusters)
    corner = [code for code, cell in zip(table.index, CELLS, strict=True) if cell in BUSY]
    hot = set(table.index[table["hotspot"].fillna(False).astype(bool)])
    assert corner[0] in hot <= set(corner)
    assert set(corner) <= set(found.clusters.loc[0, "area_codes"].split("|"))


def test_areas_that_cannot_be_tested_say_why(areas: Areas, observed: pd.Series[float]) -> None:
    found = build_hotspots(observed, areas, permutations=99, replications=9)
    last = found.table.tail(2)
    assert last["not_tested"].tolist() == ["nobody lives there", "no figure is known"]
    assert (
        last[["expected", "rate", "smoothed_rate", "gi_star_p", "hotspot", "scan_cluster"]].isna().all(None)
    )
    assert found.notes[0] == "1 area was left out: no figure is known (E05000034)."


def test_where_nothing_is_counted_nothing_is_called_a_hotspot(
    areas: Areas, observed: pd.Series[float]
) -> None:
    found = build_hotspots(observed * 0, areas, permutations=99, replications=9)
    assert not found.table["hotspot"].fillna(False).any()
    assert found.clusters.empty
    assert found.table["rate"].iloc[:23].tolist() == [0.0] * 23
    assert "Nothing is counted in any area, so there is nothing to test." in found.notes


def test_runs_widen_intervals_and_are_said(areas: Areas, observed: pd.Series[float]) -> None:
    plain = build_hotspots(observed, areas, permutations=99, replications=9).table
    wide = build_hotspots(observed, areas, permutations=99, replications=9, repeat_factor=2.0).table
    assert (wide["rate_high"] > plain["rate_high"])[:23].all()
    assert describe_runs("children_missing", 1.0) == []
    assert describe_runs("missing_episodes", 2.0) == [
        "Several missing episodes may be of one child: over all missing episodes, the child concerned has 2.0 on "
        "average. Intervals allow for that; the tests for hotspots and clusters do not, so read them beside "
        "children_missing or children_known."
    ]


def test_burglaries_of_greater_manchester_by_ward(realdata: Path, folder: Folder) -> None:
    """36 months on 215 wards: one ward far out leaves Gi* nothing to find, and the scan and the funnel find it."""
    files = (
        "wards/gm_wards_2017_trafforddatalab.geojson",
        "population/gm_lsoa11_mid2016_single_year_age.csv",
        "lookups/gm_lsoa11_to_wd17_bestfit.csv",
    )
    areas = build_areas(read_geography(folder(None, *(realdata / name for name in files))))
    points = pd.read_csv(realdata / "police/gmp_burglary_points_2016-02_onward.csv")
    east, north = lonlat_to_grid(points["Longitude"].to_numpy(), points["Latitude"].to_numpy())
    at = points_to_areas(east, north, areas.boundaries)
    counts = np.bincount(at[at >= 0], minlength=len(areas.table))
    observed = pd.Series(counts.astype(float), index=areas.table.index)

    found = build_hotspots(observed, areas, permutations=999, replications=99)

    assert (len(found.table), observed.sum()) == (215, 92_626)
    assert not found.table["hotspot"].any()
    robust = area_hotspots(observed, areas.table["population"], areas.neighbours, robust=True)
    assert robust["hotspot"].sum() == 10
    assert (found.table["funnel_position"] == "above 99.8%").sum() == 50
    first = found.clusters.iloc[0]
    assert (first["centre"], first["areas"], first["observed"]) == ("E05000697", 1, 2150)
    assert first["relative_risk"] == pytest.approx(18.26, abs=0.01)


AGES = pd.MultiIndex.from_product([[""], range(10, 18)], names=["sex", "age"])


def by_age(areas: Areas, people: np.ndarray, rate: np.ndarray) -> Strata:
    """Children of each ward by age, and a count that is exactly what their age leads one to expect."""
    index = areas.table.index
    counts = pd.DataFrame((people * rate).round(), index=index, columns=AGES)
    return Strata(counts, pd.DataFrame(people.astype(float), index=index, columns=AGES), "age", [])


def test_a_scan_by_uniform_strata_is_the_plain_scan(areas: Areas, observed: pd.Series[float]) -> None:
    people = np.repeat(areas.table["population"].to_numpy()[:, None] / 8, 8, axis=1)
    share = np.zeros((25, 8))
    share[:, 3], share[:, 7] = 0.5, 0.5
    counts = pd.DataFrame(observed.to_numpy()[:, None] * share, index=observed.index, columns=AGES)
    strata = Strata(counts, pd.DataFrame(people, index=observed.index, columns=AGES), "age", [])
    options = {"permutations": 99, "replications": 199}
    plain = build_hotspots(observed, areas, strata=strata, **options)
    found = build_hotspots(observed, areas, strata=strata, scan_standardised=True, **options)
    pd.testing.assert_frame_equal(found.clusters, plain.clusters)
    pd.testing.assert_frame_equal(found.table, plain.table)
    assert len(found.notes) == len(plain.notes) + 1


def test_a_cluster_that_is_only_of_age_goes_away(areas: Areas) -> None:
    """Twice as many aged 16 and 17 in the corner, at whose age it happens ten times as often everywhere."""
    people = np.tile(np.array([50] * 8), (25, 1))
    people[[cell in BUSY for cell in CELLS]] = [25] * 6 + [125] * 2
    people[23] = 0
    rate = np.array([0.02] * 6 + [0.2] * 2)
    strata = by_age(areas, people, rate)
    observed = strata.counts.sum(axis=1)
    plain = build_hotspots(observed, areas, strata=strata, permutations=99)
    corner = {code for code, cell in zip(observed.index, CELLS, strict=True) if cell in BUSY}
    assert plain.clusters.loc[0, "p_value"] == 0.001
    assert corner <= set(plain.clusters.loc[0, "area_codes"].split("|"))
    found = build_hotspots(observed, areas, strata=strata, scan_standardised=True, permutations=99)
    assert (found.clusters["p_value"] > 0.5).all()
    # One that is more than its age stays.
    counts = strata.counts.copy()
    counts.iloc[:2, 7] += 40
    more = Strata(counts, strata.people, "age", [])
    kept = build_hotspots(counts.sum(axis=1), areas, strata=more, scan_standardised=True, permutations=99)
    assert kept.clusters.loc[0, "p_value"] <= 0.01
    assert set(observed.index[:2]) <= set(kept.clusters.loc[0, "area_codes"].split("|"))


def test_a_scan_cannot_be_standardised_by_nothing(areas: Areas, observed: pd.Series[float]) -> None:
    with pytest.raises(ValueError, match="There is nothing to standardise the scan by"):
        build_hotspots(observed, areas, scan_standardised=True)


def test_an_area_where_nobody_lives_is_said_once(areas: Areas, observed: pd.Series[float]) -> None:
    notes = build_hotspots(observed, areas, permutations=99, replications=9).notes
    assert len(notes) == len({*notes})
    assert sum("nobody lives there" in note for note in notes) == 1
