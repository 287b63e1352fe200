from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from sklearn.neighbors import KernelDensity

from geo import density
from geo.boundaries import Boundaries, load_boundaries, points_to_areas
from geo.density import dense_places, kernel_density
from geo.grid import lonlat_to_grid


def scattered(seed: int = 0, count: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.uniform(0, 2_000, (count, 2)), columns=["easting", "northing"])


def square(side: float) -> Boundaries:
    frame = pd.DataFrame({"code": pd.Series(["A"], dtype="str")})
    return Boundaries(
        "ward", "WD25", "a.geojson", frame, np.array([shapely.box(0, 0, side, side)], dtype=object)
    )


@pytest.fixture
def bury(realdata: Path) -> pd.DataFrame:
    table = pd.read_csv(realdata / "police/gmp_burglary_points_2016-02_onward.csv")
    easting, northing = lonlat_to_grid(table["Longitude"].to_numpy(), table["Latitude"].to_numpy())
    wards, _ = load_boundaries(realdata / "wards/E08000002_wards_WD25.geojson")
    assert wards is not None
    inside = points_to_areas(easting, northing, wards) >= 0
    return pd.DataFrame({"easting": easting, "northing": northing})[inside]


def test_the_epanechnikov_surface_is_scikit_learns() -> None:
    points = scattered()
    points = pd.concat([points, points[:10]])  # some at the same spot

    found = kernel_density(points, bandwidth=350, cell=90, kernel="epanechnikov")

    model = KernelDensity(kernel="epanechnikov", bandwidth=350).fit(points.to_numpy())
    per_point = np.exp(model.score_samples(found[["easting", "northing"]].to_numpy()))
    assert found["density"].to_numpy() == pytest.approx(per_point * len(points) * 1e6, rel=1e-9)


def test_the_quartic_surface_by_its_formula() -> None:
    points = scattered(1)

    found = kernel_density(points, bandwidth=400, cell=100)

    for cell in found.sample(20, random_state=1).itertuples():
        apart = np.hypot(points["easting"] - cell.easting, points["northing"] - cell.northing) / 400
        height = (3 / np.pi / 0.4**2 * (1 - apart[apart < 1] ** 2) ** 2).sum()
        assert cell.density == pytest.approx(height)


def test_a_surface_holds_every_incident_once() -> None:
    for kernel in ("quartic", "epanechnikov"):
        found = kernel_density(scattered(2), bandwidth=500, cell=20, kernel=kernel)
        assert found["density"].sum() * 0.02**2 == pytest.approx(60, rel=1e-3)


def test_cells_lie_on_multiples_and_row_order_and_blocks_make_no_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = scattered(3)
    points.loc[99] = [np.nan, 5.0]
    found = kernel_density(points, bandwidth=300, cell=100)

    monkeypatch.setattr(density, "PAIRS", 1)

    pd.testing.assert_frame_equal(kernel_density(points[::-1], bandwidth=300, cell=100), found)
    assert (found[["easting", "northing"]] % 100 == 50).all(axis=None)
    assert found.equals(found.sort_values(["easting", "northing"], ignore_index=True))


def test_the_share_of_the_circle_inside_is_told_and_cells_outside_are_left_out() -> None:
    found = kernel_density(scattered(4), bandwidth=300, cell=20, within=square(2_000)).set_index(
        ["easting", "northing"]
    )

    share = found["edge_share"]
    assert found.index.get_level_values("easting").max() < 2_000
    assert share[share.index.get_level_values(0).to_series().between(300, 1700).to_numpy()].max() == 1
    # On a straight edge half of the circle is outside; in a corner three quarters.
    edge = share[
        (share.index.get_level_values(0) == 10) & share.index.get_level_values(1).isin(range(330, 1700))
    ]
    assert edge.to_numpy() == pytest.approx(0.52, abs=0.02)
    corner = kernel_density(
        pd.DataFrame({"easting": [5.0], "northing": [5.0]}), bandwidth=300, cell=20, within=square(2_000)
    )
    assert corner["edge_share"].iloc[0] == pytest.approx(0.27, abs=0.02)
    assert kernel_density(scattered(4), bandwidth=300)["edge_share"].isna().all()


def test_no_incidents_make_no_surface_and_cells_are_smaller_than_the_bandwidth() -> None:
    assert kernel_density(scattered()[:0], bandwidth=300).empty
    with pytest.raises(ValueError, match="bandwidth is 100 metres and a cell 100"):
        kernel_density(scattered(), bandwidth=100)


def test_burglaries_of_all_greater_manchester_are_drawn(realdata: Path) -> None:
    table = pd.read_csv(realdata / "police/gmp_burglary_points_2016-02_onward.csv")
    easting, northing = lonlat_to_grid(table["Longitude"].to_numpy(), table["Latitude"].to_numpy())

    found = kernel_density(pd.DataFrame({"easting": easting, "northing": northing}), bandwidth=500, cell=200)

    assert found["density"].sum() * 0.2**2 == pytest.approx(92_666, rel=2e-3)


def test_planted_places_are_found_whatever_the_order_of_rows() -> None:
    rng = np.random.default_rng(5)
    clumps = [((2_000, 3_000), 40, 50), ((8_000, 8_000), 25, 120), ((2_600, 9_000), 15, 30)]
    parts = [rng.normal(middle, spread, (count, 2)) for middle, count, spread in clumps]
    points = pd.DataFrame(
        np.vstack([*parts, rng.uniform(0, 10_000, (30, 2))]), columns=["easting", "northing"]
    )
    points.loc[len(points)] = [np.nan, 1.0]

    found = dense_places(points, minimum=12)

    assert found.places["place"].tolist() == [1, 2, 3]
    assert (found.places["incidents"] >= [40, 25, 15]).all()
    middles = np.array([middle for middle, _, _ in clumps])
    assert np.abs(found.places[["easting", "northing"]].to_numpy() - middles).max() < 100
    assert found.place.iloc[:40].eq(1).all()
    assert found.place.isna().sum() == len(points) - found.places["incidents"].sum()
    shuffled = dense_places(points.sample(frac=1, random_state=3), minimum=12)
    pd.testing.assert_series_equal(shuffled.place.loc[points.index], found.place)
    pd.testing.assert_frame_equal(shuffled.places, found.places)


def test_too_few_incidents_make_no_place() -> None:
    found = dense_places(scattered()[:5], minimum=6)

    assert found.places.empty
    assert found.place.isna().all()
    with pytest.raises(ValueError, match="make a place are 1"):
        dense_places(scattered(), minimum=1)


def test_dense_places_of_burglaries_in_bury(bury: pd.DataFrame) -> None:
    found = dense_places(bury, minimum=30)

    assert len(bury) == 5528
    assert found.places["incidents"].min() >= 30
    assert found.places["incidents"].sum() == found.place.notna().sum()
    assert found.place.value_counts().sort_index().tolist() == found.places["incidents"].tolist()
