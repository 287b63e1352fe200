from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.boundaries import Boundaries, load_boundaries, merge_boundaries, points_to_areas

Write = Callable[..., str]
FOUR = [
    ("E05000004", 1000, 1000, 2000, 2000),
    ("E05000002", 1000, 0, 2000, 1000),
    ("E05000001", 0, 0, 1000, 1000),
    ("E05000003", 0, 1000, 1000, 2000),
]


def load(path: Path, text: str | None = None) -> Boundaries:
    if text is not None:
        path.write_text(text)
    area, _ = load_boundaries(path)
    assert area is not None
    return area


@pytest.fixture(scope="module")
def manchester(realdata: Path) -> Boundaries:
    return load(realdata / "wards" / "gm_wards_WD25.geojson")


def test_published_boundaries_are_read_whole(manchester: Boundaries) -> None:
    bury = manchester.frame[manchester.frame["authority_code"] == "E08000002"]

    assert (manchester.level, manchester.vintage, len(manchester)) == ("ward", "WD25", 215)
    assert manchester.codes.is_monotonic_increasing
    assert bury.iloc[0].to_dict() == {
        "code": "E05014152",
        "name": "Besses",
        "authority_code": "E08000002",
        "authority_name": "Bury",
        "upper_authority_code": "E08000002",
    }
    assert len(bury) == 17


@pytest.mark.parametrize(
    ("name", "level", "vintage", "hint", "count"),
    [
        ("gm_wards_2017_trafforddatalab.geojson", "ward", "unknown vintage", "WD17", 215),
        ("gm_wards_WD22_geographr.geojson", "ward", "WD22", "WD22", 215),
        ("gm_lsoa2021_super_generalised.geojson", "lsoa", "unknown vintage", "LSOA21", 1702),
    ],
)
def test_other_publishers_columns_are_recognised(
    realdata: Path, name: str, level: str, vintage: str, hint: str, count: int
) -> None:
    area = load(realdata / "wards" / name)

    assert (area.level, area.vintage, area.hint, len(area)) == (level, vintage, hint, count)


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson"])
@pytest.mark.parametrize("crs", [27700, 4326, 3857])
def test_every_format_and_system_gives_the_same_areas(
    manchester: Boundaries, tmp_path: Path, suffix: str, crs: int
) -> None:
    few = manchester.to_geopandas().rename(columns={"code": "WD25CD", "name": "WD25NM"})[
        ["WD25CD", "WD25NM", "geometry"]
    ][:9]
    few.to_crs(crs).to_file(tmp_path / f"w.{suffix}")

    again = load(tmp_path / f"w.{suffix}")

    assert again.codes.tolist() == few["WD25CD"].tolist()
    assert [
        one.hausdorff_distance(two) < 1.0 for one, two in zip(again.geometry, few.geometry, strict=True)
    ] == [True] * 9


def test_a_shapefile_without_its_prj_is_placed_by_its_numbers(manchester: Boundaries, tmp_path: Path) -> None:
    few = manchester.to_geopandas().rename(columns={"code": "WD25CD"})[["WD25CD", "geometry"]][:3]
    few.to_file(tmp_path / "w.shp")
    (tmp_path / "w.prj").unlink()

    again = load(tmp_path / "w.shp")

    assert [
        one.hausdorff_distance(two) < 1.0 for one, two in zip(again.geometry, few.geometry, strict=True)
    ] == [True] * 3


def test_a_file_without_ward_or_lsoa_codes_is_not_recognised(tmp_path: Path, squares: Write) -> None:
    (tmp_path / "parks.geojson").write_text(squares(FOUR, column="park", WD25NM="x", authority=None))

    area, notes = load_boundaries(tmp_path / "parks.geojson")

    assert area is None
    assert notes == ["parks.geojson was not recognised: no column holds ward or LSOA codes of areas."]


@pytest.mark.parametrize("text", ["", "not json", '{"type": "FeatureCollection", "features": []}'])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "w.geojson").write_text(text)

    with pytest.raises(ValueError, match=r"w\.geojson (cannot be read as a boundary file|has no shapes)"):
        load_boundaries(tmp_path / "w.geojson")


def test_a_ward_in_several_features_is_joined(tmp_path: Path, squares: Write) -> None:
    twice = [("E05000001", 0, 0, 10, 10), ("E05000001", 20, 0, 30, 10), ("E05000002", 10, 0, 20, 10)]
    (tmp_path / "w.geojson").write_text(squares(twice))

    area, notes = load_boundaries(tmp_path / "w.geojson")

    assert area is not None
    assert [shape.area for shape in area.geometry] == [200.0, 100.0]
    assert notes == ["w.geojson: areas drawn in several features were joined by their code."]


def test_a_shape_that_crosses_itself_is_put_right(tmp_path: Path, squares: Write) -> None:
    text = squares([("E05000001", 0, 0, 10, 10)]).replace("[10, 0], [10, 10]", "[10, 10], [10, 0]")
    (tmp_path / "w.geojson").write_text(text)

    area, notes = load_boundaries(tmp_path / "w.geojson")

    assert area is not None
    assert area.geometry[0].is_valid
    assert notes == ["w.geojson: 1 shapes that cross themselves were put right."]


def test_files_of_two_authorities_are_put_together(realdata: Path, manchester: Boundaries) -> None:
    bury, city = (load(realdata / "wards" / f"E0800000{digit}_wards_WD25.geojson") for digit in (2, 3))

    both, notes = merge_boundaries(city, bury)

    expected = manchester.frame[manchester.frame["authority_name"].isin(["Bury", "Manchester"])]
    assert both.frame.to_dict("records") == expected.to_dict("records")
    assert both.file == "E08000003_wards_WD25.geojson, E08000002_wards_WD25.geojson"
    assert notes == []


def test_the_same_areas_twice_are_used_once(realdata: Path, manchester: Boundaries) -> None:
    whole, notes = merge_boundaries(manchester, load(realdata / "wards" / "E08000002_wards_WD25.geojson"))

    assert len(whole) == 215
    assert notes == [
        "gm_wards_WD25.geojson and E08000002_wards_WD25.geojson both hold 17 areas of WD25; they are used once."
    ]


def test_two_vintages_are_refused_by_name(realdata: Path, manchester: Boundaries) -> None:
    older = load(realdata / "wards" / "gm_wards_WD22_geographr.geojson")

    expected = r"gm_wards_WD25\.geojson \(WD25, 215 areas\) and gm_wards_WD22_geographr\.geojson \(WD22, 215 areas\), with 89 codes in both"
    with pytest.raises(ValueError, match=expected):
        merge_boundaries(manchester, older)


def test_the_same_code_drawn_differently_is_refused(tmp_path: Path, squares: Write) -> None:
    one = load(tmp_path / "one.geojson", squares([("E05000001", 0, 0, 10, 10)]))
    two = load(tmp_path / "two.geojson", squares([("E05000001", 0, 0, 10, 20)]))

    with pytest.raises(
        ValueError, match=r"one\.geojson and two\.geojson draw 1 areas differently, E05000001 for one"
    ):
        merge_boundaries(one, two)


def test_a_point_on_a_shared_edge_belongs_to_the_lowest_code(tmp_path: Path, squares: Write) -> None:
    four = load(tmp_path / "w.geojson", squares(FOUR))
    easting = [1000.0, 1000.0, 500.0, 1500.0, 2000.0, 2000.1, np.nan, 1.0]
    northing = [1000.0, 1500.0, 1000.0, 1000.0, 2000.0, 0.0, 1.0, np.nan]

    assert points_to_areas(easting, northing, four).tolist() == [0, 2, 0, 1, 3, -1, -1, -1]


def test_no_points_and_no_areas_are_no_trouble(tmp_path: Path, squares: Write) -> None:
    four = load(tmp_path / "w.geojson", squares(FOUR))

    assert points_to_areas([], [], four).tolist() == []


def test_random_points_agree_with_a_spatial_join(manchester: Boundaries) -> None:
    # geopandas.sjoin is the independent implementation.
    rng = np.random.default_rng(7)
    west, south, east, north = manchester.to_geopandas().total_bounds
    easting, northing = rng.uniform(west, east, 20_000), rng.uniform(south, north, 20_000)
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(easting, northing), crs=27700)
    joined = geopandas.sjoin(points, manchester.to_geopandas(), how="left", predicate="intersects")
    expected = joined.sort_values("code").groupby(level=0)["index_right"].first().fillna(-1).astype(int)

    assert points_to_areas(easting, northing, manchester).tolist() == expected.tolist()


whole = st.integers(0, 8).map(lambda number: number * 250.0)


@settings(max_examples=60, deadline=None)
@given(points=st.lists(st.tuples(whole, whole), min_size=1, max_size=40), data=st.data())
def test_the_order_of_points_and_areas_does_not_matter(
    points: list[tuple[float, float]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # Points on a quarter-kilometre lattice, so that edges and corners are hit often.
    place = tmp_path_factory.getbasetemp() / "lattice.geojson"
    if not place.exists():
        import json

        ring = lambda w, s, e, n: [[[w, s], [e, s], [e, n], [w, n], [w, s]]]  # noqa: E731
        place.write_text(json.dumps({
            "type": "FeatureCollection",
            "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}},
            "features": [
                {"type": "Feature", "properties": {"WD25CD": code}, "geometry": {"type": "Polygon", "coordinates": ring(*box)}}
                for code, *box in FOUR
            ],
        }))  # fmt: skip
    area = load(place)
    order = data.draw(st.permutations(range(len(points))))
    straight = points_to_areas([x for x, _ in points], [y for _, y in points], area)
    mixed = points_to_areas([points[i][0] for i in order], [points[i][1] for i in order], area)

    assert [straight[i] for i in order] == mixed.tolist()
    # By hand: the lower cell on an edge, outside beyond 2,000 m.
    expected = [int(x > 1000) + 2 * int(y > 1000) if max(x, y) <= 2000 else -1 for x, y in points]
    assert straight.tolist() == expected
