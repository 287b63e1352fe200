from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from geo import scan
from geo.scan import openshaw_circles, space_time_scan, spatial_scan


@pytest.fixture
def grid() -> pd.DataFrame:
    """Sixty-four areas, a kilometre apart, with a hundred children each."""
    codes = pd.Index([f"E{row}{column}" for row in range(8) for column in range(8)], name="area_code")
    east, north = np.meshgrid(np.arange(8) * 1000.0, np.arange(8) * 1000.0)
    return pd.DataFrame({"easting": east.ravel(), "northing": north.ravel(), "population": 100}, index=codes)


@pytest.fixture
def sids(realdata: Path) -> pd.DataFrame:
    table = pd.read_csv(realdata / "spatial/nc_sids/nc_sids_spData.csv").set_index("county")
    # x and y are kilometres (UTM zone 18).
    return table.assign(easting=table["x"] * 1000, northing=table["y"] * 1000)


def cross(middle: str) -> list[str]:
    """Name an area and the four next to it: the smallest circle of more than one area."""
    row, column = int(middle[1]), int(middle[2])
    near = [(row, column), (row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return sorted(f"E{each[0]}{each[1]}" for each in near)


def planted(grid: pd.DataFrame, seed: int = 0) -> pd.Series:
    """Draw two events an area, but ten in each area of two crosses: a middle and the four areas next to it."""
    hot = [*cross("E11"), *cross("E66")]
    rate = pd.Series(2.0, index=grid.index).where(~grid.index.isin(hot), 10.0)
    return pd.Series(np.random.default_rng(seed).poisson(rate), index=grid.index)


def test_planted_clusters_are_found_with_their_areas(grid: pd.DataFrame) -> None:
    found = spatial_scan(planted(grid), grid["population"], grid)

    assert found.clusters[["direction", "areas", "area_codes", "p_value"]].to_dict("list") == {
        "direction": ["high", "high"],
        "areas": [5, 5],
        "area_codes": ["|".join(cross("E11")), "|".join(cross("E66"))],
        "p_value": [0.001, 0.001],
    }
    assert found.areas["scan_cluster"].dropna().to_dict() == {
        **dict.fromkeys(cross("E11"), 1),
        **dict.fromkeys(cross("E66"), 2),
    }
    assert found.notes == []


def test_the_figures_of_a_cluster(grid: pd.DataFrame) -> None:
    observed = planted(grid)
    cluster = spatial_scan(observed, grid["population"], grid, replications=99).clusters.iloc[0]
    inside, total = observed[cross("E11")].sum(), observed.sum()

    assert cluster["radius"] == pytest.approx(1000.0)
    assert (cluster["observed"], cluster["population"]) == (inside, 500)
    assert cluster["expected"] == pytest.approx(total * 5 / 64)
    assert cluster["ratio"] == pytest.approx(inside / (total * 5 / 64))
    assert cluster["relative_risk"] == pytest.approx((inside / 500) / ((total - inside) / 5900))
    assert (cluster["first_period"], cluster["last_period"]) == (None, None)


def test_row_order_makes_no_difference(grid: pd.DataFrame) -> None:
    observed = planted(grid)
    shuffled = observed.sample(frac=1, random_state=4)

    first = spatial_scan(observed, grid["population"], grid, replications=99)
    other = spatial_scan(shuffled, grid["population"], grid.sample(frac=1, random_state=5), replications=99)

    pd.testing.assert_frame_equal(first.clusters, other.clusters)
    pd.testing.assert_frame_equal(first.areas, other.areas.loc[observed.index])
    assert (first.chance == other.chance).all()


def test_low_clusters_are_found_when_asked_for(grid: pd.DataFrame) -> None:
    observed = pd.Series(5, index=grid.index)
    observed[cross("E33")] = 0
    observed["E00"] = 40

    low = spatial_scan(observed, grid["population"], grid, direction="low").clusters
    both = spatial_scan(observed, grid["population"], grid, direction="both").clusters

    assert low["area_codes"].tolist() == ["|".join(cross("E33"))]
    assert low["ratio"].tolist() == [0.0]
    assert both[["direction", "area_codes"]].to_numpy().tolist() == [
        ["high", "E00"],
        ["low", "|".join(cross("E33"))],
    ]


def test_expected_events_take_the_place_of_population(grid: pd.DataFrame) -> None:
    observed = planted(grid)

    found = spatial_scan(observed, grid["population"], grid, expected=observed + 0.5, replications=99)

    assert found.clusters["p_value"].iloc[0] > 0.5
    assert found.areas["scan_p"].dropna().unique().tolist() == [found.clusters["p_value"].iloc[0]]


def test_areas_that_cannot_be_scanned_are_left_out_and_named(grid: pd.DataFrame) -> None:
    observed = planted(grid).astype("Int64")
    observed["E00"] = pd.NA
    population = grid["population"].astype(float)
    population["E01"] = 0.0
    population["E02"] = np.nan
    observed["E01"] = 3
    centres = grid.drop(index="E03")

    found = spatial_scan(observed, population, centres, replications=99)

    assert found.notes == [
        "1 area was left out: no figure is recorded (E00).",
        f"1 area was left out: population is not known, and {observed['E02']} events with it (E02).",
        "1 area was left out: nobody lives there, and 3 events with it (E01).",
        f"1 area was left out: position is not known, and {observed['E03']} events with it (E03).",
    ]
    assert found.areas.loc[["E00", "E01", "E02", "E03"]].isna().all(axis=None)
    assert found.clusters["area_codes"].iloc[0] == "|".join(cross("E66"))


def test_an_even_map_has_no_cluster(grid: pd.DataFrame) -> None:
    found = spatial_scan(pd.Series(3, index=grid.index), grid["population"], grid, replications=9)

    assert found.clusters.empty
    assert found.clusters.dtypes["observed"] == np.int64
    assert found.areas.isna().all(axis=None)


def test_circles_of_a_few_areas_see_a_part_and_say_so(grid: pd.DataFrame) -> None:
    found = spatial_scan(planted(grid), grid["population"], grid, max_areas=4, replications=99)
    assert found.clusters["areas"].max() <= 4
    assert found.notes == [
        "A circle holds at most 4 of 64 areas, so a wider cluster is seen in part, or as several."
    ]
    wide = spatial_scan(planted(grid), grid["population"], grid, max_areas=32, replications=99)
    assert wide.notes == []
    pd.testing.assert_frame_equal(
        wide.clusters, spatial_scan(planted(grid), grid["population"], grid, replications=99).clusters
    )
    with pytest.raises(ValueError, match=r"^max_areas is 0; give at least 1"):
        spatial_scan(planted(grid), grid["population"], grid, max_areas=0)


def test_on_a_map_of_very_many_areas_circles_are_kept_small(
    grid: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "MANY_AREAS", 63)
    monkeypatch.setattr(scan, "MOST_IN_CIRCLE", 5)
    found = spatial_scan(planted(grid), grid["population"], grid, replications=9)
    assert found.clusters["area_codes"].tolist()[0] == "|".join(cross("E11"))
    assert found.notes[0].startswith("A circle holds at most 5 of 64 areas")
    months = pd.DataFrame({"a": planted(grid), "b": planted(grid, seed=1)})
    assert space_time_scan(months, grid, replications=9).notes[0].startswith("A circle holds at most 5 of 64")


def test_faults_are_named(grid: pd.DataFrame) -> None:
    observed = planted(grid).astype(float)
    with pytest.raises(ValueError, match=r"^max_share is 0.9; .* replications is 0; "):
        spatial_scan(observed, grid["population"], grid, max_share=0.9, replications=0)
    with pytest.raises(ValueError, match="no events in the areas"):
        spatial_scan(observed * 0, grid["population"], grid)
    with pytest.raises(ValueError, match="fewer than two areas"):
        spatial_scan(observed, grid["population"] * np.nan, grid)
    with pytest.raises(ValueError, match="E00 comes more than once among the areas \\(1 rows too many\\)"):
        spatial_scan(pd.concat([observed, observed[:1]]), grid["population"], grid)
    observed["E05"], observed["E06"] = 1.5, -1
    with pytest.raises(
        ValueError, match=r"^E05 has 1.5 events. Counts are whole numbers from 0 up; 2 of them are"
    ):
        spatial_scan(observed, grid["population"], grid)


def test_p_values_are_uniform_on_random_maps() -> None:
    # Kulldorff's test is exact: on maps without clusters its p-values are uniform, whatever the populations.
    rng = np.random.default_rng(20)
    p_values = []
    for _ in range(300):
        codes = [f"E{at:02}" for at in range(15)]
        centres = pd.DataFrame(rng.uniform(0, 10_000, (15, 2)), index=codes, columns=["easting", "northing"])
        population = pd.Series(rng.integers(50, 800, 15), index=codes)
        observed = pd.Series(rng.multinomial(200, population / population.sum()), index=codes)
        found = spatial_scan(
            observed, population, centres, replications=99, seed=int(rng.integers(1_000_000))
        )
        p_values.append(found.clusters["p_value"].iloc[0])

    # A p-value stands for the hundredth below it: spread it there, so that steps do not look like a departure.
    spread = np.array(p_values) - rng.uniform(0, 0.01, 300)
    assert kstest(spread, "uniform").pvalue > 0.05
    assert 0.02 < np.mean(np.array(p_values) <= 0.05) < 0.09


def test_p_values_of_the_permutation_model_are_uniform_though_places_and_months_differ() -> None:
    rng = np.random.default_rng(8)
    p_values = []
    for _ in range(150):
        codes = [f"E{at:02}" for at in range(9)]
        centres = pd.DataFrame(rng.uniform(0, 10_000, (9, 2)), index=codes, columns=["easting", "northing"])
        cells = np.outer(rng.integers(1, 9, 9), rng.integers(1, 5, 6)).ravel()
        drawn = rng.multinomial(150, cells / cells.sum()).reshape(9, 6)
        found = space_time_scan(pd.DataFrame(drawn, index=codes), centres, replications=49)
        p_values.append(found.clusters["p_value"].iloc[0])

    spread = np.array(p_values) - rng.uniform(0, 0.02, 150)
    assert kstest(spread, "uniform").pvalue > 0.05


def test_a_burst_is_found_where_and_when_it_was(grid: pd.DataFrame) -> None:
    rng = np.random.default_rng(2)
    months = [f"2024-{month:02}" for month in range(1, 13)]
    # Some areas and some months are always busier: the permutation model takes no notice of that.
    busy = np.outer(rng.integers(1, 4, 64), rng.integers(1, 4, 12))
    observed = pd.DataFrame(rng.poisson(busy), index=grid.index, columns=months)
    observed.loc[cross("E11"), ["2024-05", "2024-06"]] += 12

    found = space_time_scan(observed, grid, replications=99)

    first = found.clusters.iloc[0]
    assert first[["area_codes", "first_period", "last_period", "p_value"]].tolist() == [
        "|".join(cross("E11")),
        "2024-05",
        "2024-06",
        0.01,
    ]
    assert np.isnan(first["population"])
    expected = observed.loc[cross("E11")].to_numpy().sum() * observed[["2024-05", "2024-06"]].to_numpy().sum()
    assert first["expected"] == pytest.approx(expected / observed.to_numpy().sum())


def test_a_scan_month_by_month_looks_only_at_what_goes_on_now(grid: pd.DataFrame) -> None:
    rng = np.random.default_rng(2)
    observed = pd.DataFrame(rng.poisson(3, (64, 8)), index=grid.index, columns=range(8))
    observed.loc[cross("E11"), [2, 3]] += 30
    observed.loc[cross("E66"), [6, 7]] += 10

    found = space_time_scan(observed, grid, current=True, max_periods=3, replications=99).clusters

    assert (found["last_period"] == 7).all()
    assert found.iloc[0][["area_codes", "first_period"]].tolist() == ["|".join(cross("E66")), 6]


def test_population_by_month_is_used_where_given(grid: pd.DataFrame) -> None:
    rng = np.random.default_rng(2)
    observed = pd.DataFrame(rng.poisson(3, (64, 6)), index=grid.index, columns=range(6))
    observed.loc["E40"] += 9  # always busy: a cluster against population, none for the permutation model
    people = pd.DataFrame(100, index=grid.index, columns=range(6))

    by_people = space_time_scan(observed, grid, population=people, replications=99).clusters
    the_same = space_time_scan(observed, grid, population=people[0], replications=99).clusters
    permuted = space_time_scan(observed, grid, replications=99).clusters

    assert (by_people.iloc[0]["area_codes"], by_people.iloc[0]["p_value"]) == ("E40", 0.01)
    pd.testing.assert_frame_equal(by_people, the_same)
    assert permuted.iloc[0]["p_value"] > 0.05


def test_a_month_without_data_is_left_out_not_taken_for_nought(grid: pd.DataFrame) -> None:
    rng = np.random.default_rng(2)
    observed = pd.DataFrame(rng.poisson(3, (64, 6)), index=grid.index, columns=list("abcdef")).astype("Int64")
    without = observed.drop(columns="c")
    observed["c"] = pd.NA
    observed.loc["E00", "a"] = pd.NA

    found = space_time_scan(observed, grid, replications=49)

    assert found.notes == [
        "1 area was left out: no figure is recorded (E00).",
        "Left out because there is no data for them: c.",
    ]
    pd.testing.assert_frame_equal(
        found.clusters, space_time_scan(without.drop(index="E00"), grid, replications=49).clusters
    )


def test_a_scan_over_time_needs_time(grid: pd.DataFrame) -> None:
    observed = pd.DataFrame(1, index=grid.index, columns=["2024-01"])
    with pytest.raises(ValueError, match="Periods with data: 1; longest run asked for: 0"):
        space_time_scan(observed, grid)


def test_runs_are_half_of_the_time_unless_asked_and_never_all_of_it() -> None:
    single = [[0, 0], [1, 1], [2, 2]]
    assert scan._runs(3, None, current=False).tolist() == single
    assert scan._runs(3, 9, current=False).tolist() == [*single, [0, 1], [1, 2]]
    assert scan._runs(4, None, current=True).tolist() == [[3, 3], [2, 3]]


def test_openshaw_circles_reproduce(sids: pd.DataFrame) -> None:
    # R's DCluster: opgam(radius=30, step=10, alpha=.002) on nc.sids, 1974-78 (kilometres there).
    expected = sids["BIR74"] * sids["SID74"].sum() / sids["BIR74"].sum()

    found = openshaw_circles(sids["SID74"], expected, sids, radius=30_000, step=10_000)

    at = found.set_index([found["easting"].round(), found["northing"].round()])
    for east, north, observed, areas, p_value in [
        (151_960, 3_816_920, 54, 3, 7.116023e-07),
        (151_960, 3_776_920, 15, 1, 1.743356e-03),
        (271_960, 4_016_920, 27, 2, 3.051285e-06),
        (51_960, 3_896_920, 18, 2, 9.141815e-06),
    ]:
        circle = at.loc[(east, north)]
        assert (circle["observed"], circle["areas"]) == (observed, areas)
        assert circle["p_value"] == pytest.approx(p_value, rel=1e-6)
    assert len(found) == 106


def test_sudden_infant_deaths_of_both_periods(sids: pd.DataFrame) -> None:
    deaths, births = sids["SID74"] + sids["SID79"], sids["BIR74"] + sids["BIR79"]

    found = spatial_scan(deaths, births, sids).clusters

    assert (deaths.sum(), births.sum()) == (1503, 752_354)
    assert found[["area_codes", "observed", "population"]].to_numpy().tolist() == [
        ["Bladen|Columbus|Hoke|Robeson|Scotland", 139, 36_376],
        ["Halifax|Hertford|Northampton", 59, 14_388],
        ["Anson", 19, 3_445],
    ]
    assert found["p_value"].is_monotonic_increasing
    assert found["p_value"].max() <= 0.05
