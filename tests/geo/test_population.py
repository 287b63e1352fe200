from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from geo.files import read_geography
from geo.lookups import GeographyMismatch
from geo.population import ward_population

Folder = Callable[..., Path]
Write = Callable[..., str]
THREE = [("E05000001", 0, 0, 10, 10), ("E05000002", 10, 0, 20, 10), ("E05000003", 20, 0, 30, 10)]


def test_a_table_by_ward_is_read_as_it_is(folder: Folder, squares: Write) -> None:
    place = folder({
        "w.geojson": squares(THREE),
        "p.csv": 'WD25CD,children_10_17\nE05000003,"1,234"\nE05000001,10\nE05000002,20\nE05000009,99\nE08000002,1363\n',
    })  # fmt: skip

    found = ward_population(read_geography(place))

    assert found.children.tolist() == [10.0, 20.0, 1234.0]
    assert found.source == "population by WD25 (p.csv)"


def test_a_table_by_lsoa_is_added_up_and_keeps_its_total(folder: Folder, squares: Write) -> None:
    # One old LSOA of 5 children was split between two wards: 2.5 each, of which one is rounded up.
    place = folder({
        "w.geojson": squares(THREE),
        "c.csv": "LSOA11CD,LSOA21CD,CHGIND\nE01000001,E01000011,S\nE01000001,E01000012,S\nE01000002,E01000002,U\n",
        "l.csv": "LSOA21CD,WD25CD\nE01000011,E05000001\nE01000012,E05000002\nE01000002,E05000003\n",
        "p.csv": "LSOA11CD,children_10_17\nE01000001,5\nE01000002,7\n",
    })  # fmt: skip

    assert ward_population(read_geography(place)).children.tolist() == [3.0, 2.0, 7.0]


def test_real_lsoas_add_up_to_257_817_in_wards_of_2025(realdata: Path, folder: Folder) -> None:
    place = folder(
        None,
        realdata / "wards/gm_wards_WD25.geojson",
        realdata / "population/gm_lsoa11_mid2016_single_year_age.csv",
        realdata / "lookups/lookup_lsoa11_lsoa21_ltla22.csv",
        realdata / "lookups/lookup_lsoa21_ward24_ltla24.csv",
    )

    found = ward_population(read_geography(place))

    assert (found.children.sum(), found.children.isna().sum(), found.children.min() > 100) == (
        257_817,
        0,
        True,
    )
    assert found.source == (
        "mid-2016 population by LSOA11 (gm_lsoa11_mid2016_single_year_age.csv), LSOA11 to LSOA21 by "
        "lookup_lsoa11_lsoa21_ltla22.csv, LSOA21 to WD24 by lookup_lsoa21_ward24_ltla24.csv"
    )


@pytest.mark.parametrize(("beside", "vintage"), [("gm_wd17_lad17.csv", "WD17"), (None, "WD16")])
def test_the_population_of_other_wards_is_refused(
    realdata: Path, folder: Folder, beside: str | None, vintage: str
) -> None:
    links = [
        realdata / "wards/gm_wards_WD25.geojson",
        realdata / "population/gm_wd16_mid2016_single_year_age.csv",
    ]
    place = folder(None, *links, *([realdata / "lookups" / beside] if beside else []))

    expected = rf"215 of 215 ward codes of gm_wards_WD25\.geojson \(WD25\) are not in gm_wd16_mid2016_single_year_age\.csv \({vintage}\)"
    with pytest.raises(GeographyMismatch, match=expected):
        ward_population(read_geography(place))


def test_the_population_of_other_wards_is_refused_even_beside_one_by_lsoa(
    realdata: Path, folder: Folder
) -> None:
    place = folder(
        None,
        realdata / "wards/gm_wards_WD25.geojson",
        *(realdata / "population").iterdir(),
        realdata / "lookups/lookup_lsoa11_lsoa21_ltla22.csv",
        realdata / "lookups/lookup_lsoa21_ward24_ltla24.csv",
    )

    with pytest.raises(GeographyMismatch, match="215 of 215"):
        ward_population(read_geography(place))


def test_the_same_population_joins_the_wards_it_was_made_for(realdata: Path, folder: Folder) -> None:
    place = folder(
        None,
        realdata / "wards/gm_wards_2017_trafforddatalab.geojson",
        realdata / "population/gm_wd16_mid2016_single_year_age.csv",
    )

    assert ward_population(read_geography(place)).children.sum() == 257_817


def test_the_latest_year_that_joins_is_used(folder: Folder, squares: Write) -> None:
    place = folder({
        "w.geojson": squares(THREE[:1]),
        "mid2020.csv": "WD25CD,children_10_17\nE05000001,20\n",
        "mid2021.csv": "WD25CD,children_10_17\nE05000001,21\n",
        "mid2022.csv": "WD21CD,children_10_17\nE05000099,22\n",
    })  # fmt: skip

    found = ward_population(read_geography(place))

    assert (found.children.tolist(), found.source) == ([21.0], "mid-2021 population by WD25 (mid2021.csv)")
    assert found.notes == ["mid2022.csv (WD21) was not used: 1 of 1 ward codes are not in it."]


def test_lsoas_that_leave_a_ward_empty_are_refused(folder: Folder, squares: Write) -> None:
    place = folder({
        "w.geojson": squares(THREE[:2]),
        "l.csv": "LSOA21CD,WD25CD\nE01000001,E05000001\nE01000002,E05000002\n",
        "p.csv": "LSOA21CD,children_10_17\nE01000001,5\n",
    })  # fmt: skip

    with pytest.raises(
        GeographyMismatch,
        match=r"1 of 2 wards of w\.geojson \(WD25\) have no LSOA in p\.csv \(LSOA21\), E05000002",
    ):
        ward_population(read_geography(place))


def test_what_is_missing_is_said(folder: Folder, squares: Write) -> None:
    none = ward_population(read_geography(folder({"w.geojson": squares(THREE)})))
    no_way = ward_population(
        read_geography(
            folder({"w.geojson": squares(THREE), "p.csv": "LSOA21CD,children_10_17\nE01000001,5\n"})
        )
    )

    assert none.children.isna().all()
    assert none.notes == ["No file gives the population aged 10 to 17: children_10_17 is empty."]
    assert no_way.notes == [
        "p.csv is by LSOA21 and no file leads from there to wards: it is not used.",
        "children_10_17 is empty.",
    ]
