from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from geo.grid import geometry_to_grid, lonlat_to_grid


def test_the_ordnance_surveys_own_ward_centres_come_out_within_3_metres(realdata: Path) -> None:
    # BNG_E, BNG_N and LONG, LAT of each ward are published side by side, converted with OSTN15 by ONS.
    features = json.loads((realdata / "wards" / "gm_wards_WD25.geojson").read_text())["features"]
    held = np.array(
        [[feature["properties"][name] for name in ("BNG_E", "BNG_N", "LONG", "LAT")] for feature in features]
    )

    easting, northing = lonlat_to_grid(held[:, 2], held[:, 3])

    assert np.hypot(easting - held[:, 0], northing - held[:, 1]).max() < 3.0


def test_what_is_not_a_number_stays_so() -> None:
    easting, northing = lonlat_to_grid(np.array([np.nan, -2.27664]), np.array([53.5, 53.54966]))

    assert np.isnan([easting[0], northing[0]]).all()
    assert np.hypot(easting[1] - 381768, northing[1] - 405926) < 3.0


@pytest.mark.parametrize("crs", [None, "EPSG:27700"])
def test_national_grid_stays_as_it_is(crs: str | None) -> None:
    shapes = np.array([shapely.box(380000, 405000, 381000, 406000)], dtype=object)

    assert geometry_to_grid(shapes, crs, file="w.shp")[0].equals(shapes[0])


def test_national_grid_as_a_shapefile_names_it_stays_as_it_is() -> None:
    esri = (
        'PROJCS["British_National_Grid",GEOGCS["GCS_OSGB_1936",DATUM["D_OSGB_1936",SPHEROID["Airy_1830",6377563.396,'
        '299.3249646]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
        'PARAMETER["False_Easting",400000.0],PARAMETER["False_Northing",-100000.0],PARAMETER["Central_Meridian",-2.0],'
        'PARAMETER["Scale_Factor",0.9996012717],PARAMETER["Latitude_Of_Origin",49.0],UNIT["Meter",1.0]]'
    )
    shapes = np.array([shapely.box(380000, 405000, 381000, 406000)], dtype=object)

    assert geometry_to_grid(shapes, esri, file="w.shp")[0].equals(shapes[0])


@pytest.mark.parametrize("crs", [None, "EPSG:4326", "OGC:CRS84"])
def test_degrees_become_metres(crs: str | None) -> None:
    shapes = np.array([shapely.Point(-2.27664, 53.54966)], dtype=object)

    moved = geometry_to_grid(shapes, crs, file="w.geojson")[0]

    assert np.hypot(moved.x - 381768, moved.y - 405926) < 3.0


def test_any_other_system_is_converted() -> None:
    # The centre of Besses in web Mercator, by the projection's own formula.
    radius, longitude, latitude = 6_378_137.0, np.radians(-2.27664), np.radians(53.54966)
    web = shapely.Point(radius * longitude, radius * np.log(np.tan(np.pi / 4 + latitude / 2)))

    moved = geometry_to_grid(np.array([web], dtype=object), "EPSG:3857", file="w.gpkg")[0]

    assert np.hypot(moved.x - 381768, moved.y - 405926) < 10.0


def test_an_unnamed_system_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match=r"odd\.shp does not say its coordinate reference system"):
        geometry_to_grid(np.array([shapely.Point(-253434.4, 7083604.0)], dtype=object), None, file="odd.shp")
