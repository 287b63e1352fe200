from __future__ import annotations

import itertools
from pathlib import Path

import geopandas
import libpysal
import numpy as np
import pandas as pd
import pytest
import shapely
from esda import G_Local
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph

from geo.boundaries import load_boundaries
from geo.hotspots import (
    area_hotspots,
    describe_not_tested,
    false_discovery,
    fewest_found,
    gi_star,
    local_moran,
    local_moran_rate,
    moran,
    normal_scores,
    standardised_rate,
)
from geo.neighbours import build_neighbours

SIDE = 8
CODES = [f"E{row}{column}" for row in range(SIDE) for column in range(SIDE)]


@pytest.fixture(scope="module")
def squares() -> Graph:
    """Sixty-four square areas; those that share an edge or a corner are neighbours."""
    shapes = [shapely.box(column, row, column + 1, row + 1) for row in range(SIDE) for column in range(SIDE)]
    return Graph.build_contiguity(geopandas.GeoSeries(shapes, index=CODES), rook=False)


def lumpy(seed: int = 0) -> pd.Series:
    """Make figures with a high corner of nine areas."""
    values = pd.Series(np.random.default_rng(seed).normal(10, 1, SIDE * SIDE), index=CODES)
    values[[f"E{row}{column}" for row in range(3) for column in range(3)]] += 6
    return values


def published(name: str, dbf: str, column: str) -> tuple[pd.Series, Graph]:
    """Load one of libpysal's data sets, with the neighbours that come with it."""
    folder = Path(libpysal.examples.get_path(dbf)).parent
    weights = libpysal.io.open(str(folder / f"{name}.gal"))
    table = geopandas.read_file(folder / dbf)
    graph = Graph.from_W(weights.read())
    weights.close()
    return pd.Series(table[column].to_numpy(), index=graph.unique_ids), graph


def test_moran_of_sudden_infant_deaths_and_of_homicides_as_esda_publishes_it() -> None:
    # The values in esda's documentation, with the neighbours of the data sets.
    assert moran(*published("sids2", "sids2.dbf", "SIDR74")).moran == pytest.approx(
        0.24772519320480135, abs=1e-12
    )
    homicides = moran(*published("stl", "stl_hom.dbf", "HR8893"))
    assert homicides.moran == pytest.approx(0.24365582621771659, abs=1e-12)
    assert (homicides.areas, homicides.expected) == (78, pytest.approx(-1 / 77))
    assert homicides.p_value <= 0.01


def test_gi_star_on_the_six_points_of_getis_and_ord() -> None:
    points = shapely.points([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)])
    near = Graph.build_distance_band(geopandas.GeoSeries(points, index=list("abcdef")), threshold=15)
    values = pd.Series([2, 3, 3.2, 5, 8, 7], index=list("abcdef"))

    found = gi_star(values, near)

    published_z = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
    assert found["gi_star_z"].tolist() == pytest.approx(published_z, abs=1e-8)
    assert G_Local(values.to_numpy(), near, transform="B", permutations=0).Zs[0] == pytest.approx(
        -1.0136729, abs=1e-7
    )


def test_gi_star_by_its_formula_and_its_p_value_by_enumeration(squares: Graph) -> None:
    # Nine areas in a square: every way of dealing the other eight figures to the neighbours can be listed.
    codes = [f"E{row}{column}" for row in range(3) for column in range(3)]
    values = pd.Series([9.0, 7, 4, 8, 3, 1, 2, 6, 5], index=codes)
    near = squares.subgraph(codes)

    found = gi_star(values, near, permutations=19_999)

    x, n = values.to_numpy(), 9
    assert found["not_tested"].to_dict() == {
        code: "every other area is its neighbour" if code == "E11" else "" for code in codes
    }
    assert found.loc["E11"].drop("not_tested").isna().all()
    for at, code in enumerate(codes):
        if code == "E11":
            continue
        beside = [codes.index(other) for other in near[code].index]
        inside, k = x[at] + x[beside].sum(), len(beside) + 1
        z = (inside - k * x.mean()) / (x.std() * np.sqrt((n * k - k**2) / (n - 1)))
        assert found["gi_star_z"][code] == pytest.approx(z)
        dealt = [sum(hand) for hand in itertools.combinations(np.delete(x, at), len(beside))]
        chance = np.mean(np.array(dealt) >= x[beside].sum())
        assert found["gi_star_p"][code] == pytest.approx(chance, abs=4 * np.sqrt(0.25 / 19_999))


def test_a_high_corner_is_a_hotspot_and_row_order_makes_no_difference(squares: Graph) -> None:
    values = lumpy()

    found = gi_star(values, squares)
    shuffled = gi_star(values.sample(frac=1, random_state=1), squares)

    # The corner but for its own three corners, whose neighbours are mostly outside it.
    assert found.index[found["hotspot"]].tolist() == ["E00", "E01", "E10", "E11", "E12", "E21"]
    pd.testing.assert_frame_equal(found, shuffled.loc[CODES])
    assert found["gi_star_p"].min() == pytest.approx(1 / 10_000)
    assert not gi_star(values, squares, side="low")["coldspot"].loc[found.index[found["hotspot"]]].any()


def test_the_low_side_is_the_high_side_turned_round(squares: Graph) -> None:
    high, low = gi_star(lumpy(), squares), gi_star(-lumpy(), squares, side="low")

    assert low["gi_star_z"].to_numpy() == pytest.approx(-high["gi_star_z"].to_numpy())
    assert low["gi_star_p"].tolist() == high["gi_star_p"].tolist()
    assert low["coldspot"].tolist() == high["hotspot"].tolist()


def test_local_moran_tells_the_four_kinds_apart(squares: Graph) -> None:
    values = lumpy()
    values["E11"] = 2.0

    found = local_moran(values, squares)

    assert found["local_moran_kind"]["E11"] == "low among high"
    assert found["local_moran_kind"]["E00"] != "low among low"
    assert found["local_moran_kind"].dropna().isin(["high among high", "low among high"]).all()
    assert (found["local_moran_kind"].notna() == (found["local_moran_q"] <= 0.05)).all()


def test_the_rate_form_has_the_quarters_esda_publishes() -> None:
    # esda's documentation of Moran_Local_Rate: SID79 over BIR79, the first ten counties.
    deaths, graph = published("sids2", "sids2.dbf", "SID79")
    births, _ = published("sids2", "sids2.dbf", "BIR79")

    found = local_moran_rate(deaths, births, graph, level=0.999999, permutations=99)

    quarters = {"high among high": 1, "low among high": 2, "low among low": 3, "high among low": 4}
    assert found["local_moran_kind"].map(quarters).iloc[:10].tolist() == [2, 4, 3, 1, 2, 1, 1, 4, 2, 4]


def test_the_standardised_rates_esda_publishes() -> None:
    # esda's documentation of assuncao_rate.
    observed = pd.Series([30, 25, 25, 15, 33, 21, 30, 20], index=list("abcdefgh"))
    population = pd.Series([100, 100, 110, 90, 100, 90, 110, 90], index=list("abcdefgh"))

    found = standardised_rate(observed, population)

    assert found.iloc[:4].tolist() == pytest.approx(
        [1.03843594, -0.04099089, -0.56250375, -1.73061861], abs=1e-8
    )
    pd.testing.assert_series_equal(standardised_rate(observed[::-1], population)[::-1], found)


def test_areas_without_a_figure_or_a_neighbour_are_left_out_and_named(squares: Graph) -> None:
    observed = pd.Series(np.random.default_rng(1).poisson(9, 64), index=CODES).astype("Int64")
    population = pd.Series(100.0, index=CODES)
    # E77 keeps its figure, and loses all three neighbours that have one.
    observed[["E66", "E67"]] = pd.NA
    population["E76"] = 0.0
    population["E00"] = np.nan
    observed["elsewhere"], population["elsewhere"] = 4, 100.0

    found = area_hotspots(observed, population, squares, permutations=99)

    assert describe_not_tested(found) == [
        "1 area was left out: no boundary is known (elsewhere).",
        "2 areas were left out: no figure is known (E66, E67).",
        "1 area was left out: no neighbour with a figure (E77).",
        "1 area was left out: nobody lives there (E76).",
        "1 area was left out: population is not known (E00).",
    ]
    out = ["E66", "E67", "E76", "E77", "E00", "elsewhere"]
    assert found.loc[out].drop(columns="not_tested").isna().all(axis=None)
    assert found.drop(index=out).drop(columns="local_moran_kind").notna().all(axis=None)


def test_a_missing_area_is_not_taken_for_nought(squares: Graph) -> None:
    values = lumpy()
    values[["E55", "E56"]] = np.nan
    kept = squares.subgraph([code for code in CODES if code not in ("E55", "E56")])

    found = gi_star(values, squares)

    pd.testing.assert_frame_equal(found.dropna(), gi_star(values.dropna(), kept))


def test_nothing_is_tested_where_all_is_alike(squares: Graph) -> None:
    same = pd.Series(3.0, index=CODES)

    found = area_hotspots(same * 0, same, squares)

    assert found["not_tested"].unique().tolist() == ["all areas have the same figure"]
    assert found["hotspot"].isna().all()
    assert local_moran(same, squares)["local_moran_p"].isna().all()
    with pytest.raises(ValueError, match="fewer than three areas with differing figures"):
        moran(same, squares)


def test_false_discovery_by_its_definition() -> None:
    p_values = pd.Series([0.01, np.nan, 0.04, 0.03, 0.5], index=list("abcde"))

    # Benjamini and Hochberg: p x tests / rank, then the smallest of it and all that follow.
    expected = pd.Series([0.04, np.nan, 0.16 / 3, 0.16 / 3, 0.5], index=list("abcde"))
    pd.testing.assert_series_equal(false_discovery(p_values), expected)
    assert false_discovery(p_values[1:2]).isna().all()


@given(st.integers(1, 40_000), st.sampled_from([99, 999, 9_999]), st.sampled_from([0.01, 0.05]))
def test_fewer_areas_than_said_cannot_be_found(areas: int, permutations: int, level: float) -> None:
    needed = fewest_found(areas, permutations=permutations, level=level)

    smallest = 1 / (permutations + 1)
    assert smallest * areas / needed <= level * (1 + 1e-9)
    assert needed == 1 or smallest * areas / (needed - 1) > level


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 100), st.floats(-50, 50))
def test_gi_star_does_not_depend_on_the_unit(squares: Graph, seed: int, scale: float, shift: float) -> None:
    first, other = (
        gi_star(values, squares, permutations=49) for values in (lumpy(seed), lumpy(seed) * scale + shift)
    )

    assert other["gi_star_z"].to_numpy() == pytest.approx(first["gi_star_z"].to_numpy(), abs=1e-6)
    assert other["gi_star_p"].tolist() == first["gi_star_p"].tolist()


def test_numpys_own_generator_is_left_as_it_was(squares: Graph) -> None:
    np.random.seed(5)
    expected = np.random.default_rng(5), np.random.get_state()[1].copy()

    moran(lumpy(), squares)
    gi_star(lumpy(), squares, permutations=9)

    assert (np.random.get_state()[1] == expected[1]).all()


def test_options_are_checked(squares: Graph) -> None:
    with pytest.raises(ValueError, match=r"permutations is 0; .* level is 1; "):
        gi_star(lumpy(), squares, permutations=0, level=1.0)
    with pytest.raises(ValueError, match="E00 comes more than once"):
        gi_star(pd.concat([lumpy(), lumpy()[:1]]), squares)


def test_every_lsoa_of_greater_manchester_is_tested(realdata: Path) -> None:
    lsoas, _ = load_boundaries(realdata / "wards/gm_lsoa2021_super_generalised.geojson")
    assert lsoas is not None
    rng = np.random.default_rng(0)
    population = pd.Series(rng.integers(80, 300, len(lsoas)), index=lsoas.codes.to_list())
    observed = pd.Series(rng.poisson(population * 0.03), index=population.index)

    found = area_hotspots(observed, population, build_neighbours(lsoas), permutations=999)

    assert (found["not_tested"] == "").all()
    # Counts drawn with one rate everywhere: one p-value in twenty is below 0.05, and no area is a hotspot.
    assert (found["gi_star_p"] <= 0.05).mean() == pytest.approx(0.05, abs=0.02)
    assert found["hotspot"].sum() == 0
    assert found["local_moran_kind"].isna().all()


def test_normal_scores_are_those_of_blom_and_keep_order_and_gaps() -> None:
    found = normal_scores(pd.Series([3.0, np.nan, 1.0, 1_000.0, 3.0]))
    # Quantiles of (r - 3/8) / 4.25 for the ranks 2.5, 1, 4, 2.5, from a table of the normal curve.
    assert found.round(3).tolist()[0] == found.round(3).tolist()[4] == 0.0
    assert found.round(3).tolist()[2:4] == [-1.049, 1.049]
    assert np.isnan(found[1])
