from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from geo.areas import build_areas
from geo.files import read_geography

Folder = Callable[..., Path]
Write = Callable[..., str]
WARDS = [("E05000001", 0, 0, 1000, 1000), ("E05000002", 1000, 0, 2000, 1000)]
LSOAS = [
    ("E01000001", 0, 0, 500, 1000),
    ("E01000002", 500, 0, 1000, 1000),
    ("E01000003", 1000, 0, 2000, 1000),
]
DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"
AGES = ",".join(str(age) for age in range(18))


def people(column: str, **each: int) -> str:
    """Write a population file: so many of each age under 18."""
    rows = "".join(f"{code},Place {code[-1]},{','.join([str(n)] * 18)}\n" for code, n in each.items())
    return f"{column},{column.replace('CD', 'NM')},{AGES}\n{rows}"


def test_drawn_lsoas_come_before_centroids(folder: Folder, squares: Write) -> None:
    place = folder({
        "w.geojson": squares(WARDS),
        "l.geojson": squares(LSOAS, authority=None, column="LSOA21CD"),
        "c.csv": "LSOA21CD,x,y\nE01000001,100,500\nE01000002,600,500\n",
        "mid2022.csv": people("LSOA21CD", E01000001=1, E01000002=2, E01000003=3),
        "imd.csv": "LSOA21CD,IMD_rank,IMD_decile\nE01000001,1,1\nE01000002,33755,10\nE01000003,5000,2\n",
    })  # fmt: skip

    areas = build_areas(read_geography(place), level="lsoa")

    assert areas.table.astype(object).where(areas.table.notna(), None).values.tolist() == [
        ["Place 1", "E08000002", None, 8.0, 1.0],
        ["Place 2", "E08000002", None, 16.0, 10.0],
        ["Place 3", "E08000002", None, 24.0, 2.0],
    ]
    assert areas.centres.values.tolist() == [
        [100.0, 500.0, True],
        [600.0, 500.0, True],
        [1500.0, 500.0, False],
    ]
    assert areas.notes == [
        "Areas: LSOA21 (l.geojson). Children aged 10 to 17: mid-2022 population by LSOA21 (mid2022.csv).",
        "Deprivation: IMD 2025 on LSOA21.",
        "The middle of an area is where its people live (c.csv); 1 without any take the middle of their shape.",
    ]
    assert areas.imd_edition == "IMD 2025 on LSOA21"
    assert areas.ages.loc["E01000002"].to_dict() == {("", age): 2.0 for age in range(10, 18)}


def test_a_population_of_the_other_census_is_led_over(folder: Folder, squares: Write) -> None:
    """01 was split into 1 and 2 with 5 children of each age; 03 and 04 were merged into 3; 05 is not in the file."""
    place = folder({
        "w.geojson": squares(WARDS),
        "l.geojson": squares([*LSOAS, ("E01000005", 0, 1000, 500, 2000)], authority=None, column="LSOA21CD"),
        "changes.csv": "LSOA11CD,LSOA21CD,CHGIND\nE01000091,E01000001,S\nE01000091,E01000002,S\n"
        "E01000093,E01000003,M\nE01000094,E01000003,M\nE01000093,E01000005,X\nE01000095,E01000005,X\n",
        "mid2016.csv": people("LSOA11CD", E01000091=5, E01000093=4, E01000094=1),
    })  # fmt: skip

    areas = build_areas(read_geography(place), level="lsoa")

    assert areas.table["population"].fillna(-1).tolist() == [20.0, 20.0, 24.0, -1.0]
    assert areas.ages.loc["E01000001"].tolist() == [2.5] * 8
    assert areas.population_source == (
        "mid-2016 population by LSOA11 (mid2016.csv), LSOA11 to LSOA21 by changes.csv"
    )
    assert "1 of 4 LSOAs are not in mid2016.csv and have no population." in areas.notes
    assert areas.imd_edition == ""


def test_centroids_do_where_no_lsoas_are_drawn(folder: Folder, squares: Write) -> None:
    place = folder({
        "w.geojson": squares(WARDS),
        "c.csv": "LSOA21CD,x,y\nE01000001,250,500\nE01000002,750,500\nE01000009,9000,500\n",
        "p.csv": people("LSOA21CD", E01000001=1, E01000002=2, E01000009=3),
    })  # fmt: skip

    areas = build_areas(read_geography(place), level="lsoa")

    assert areas.table["population"].to_dict() == {"E01000001": 8.0, "E01000002": 16.0}
    assert areas.notes[1] == (
        "There are no LSOA boundaries: each LSOA is the ground nearer to its population-weighted centroid (c.csv) than "
        "to any other, so that what is near an edge may count next door."
    )
    assert areas.beside == {"E01000001": ["E01000002"], "E01000002": ["E01000001"]}


def test_without_either_a_sentence_says_what_to_do(folder: Folder, squares: Write) -> None:
    bare = read_geography(folder({"w.geojson": squares(WARDS)}))
    with pytest.raises(
        ValueError, match="There are no LSOA boundaries, nor population-weighted centroids of LSOAs"
    ):
        build_areas(bare, level="lsoa")
    nobody = read_geography(
        folder({"w.geojson": squares(WARDS), "c.csv": "LSOA21CD,x,y\nE01000001,250,500\n"})
    )
    with pytest.raises(ValueError, match="No file gives the population aged 10 to 17 by LSOA"):
        build_areas(nobody, level="lsoa")


def test_the_demo_has_lsoas_by_their_centroids() -> None:
    places = read_geography(DEMO / "geography")
    lsoas, wards = build_areas(places, level="lsoa"), build_areas(places)
    assert (len(lsoas.table), len(wards.table)) == (232, 32)
    assert lsoas.table.isna().sum().to_dict() == {
        "area_name": 0,
        "authority_code": 0,
        "upper_authority_code": 232,
        "population": 0,
        "imd_decile": 0,
    }
    assert lsoas.table["population"].sum() == wards.table["population"].sum()
    assert lsoas.ages.to_numpy().sum() == lsoas.table["population"].sum()
    assert len(lsoas.neighbours.isolates) == 0
