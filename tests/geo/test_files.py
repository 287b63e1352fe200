from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from geo.files import read_geography

Folder = Callable[..., Path]
Write = Callable[..., str]
IMD_2019 = (
    "LSOA code (2011),LSOA name (2011),Local Authority District code (2019),Local Authority District name (2019),"
    "Index of Multiple Deprivation (IMD) Rank,Index of Multiple Deprivation (IMD) Decile\n"
)


def test_a_folder_of_published_files_is_recognised(realdata: Path, folder: Folder) -> None:
    names = [
        path
        for part in ("deprivation", "lookups", "population", "postcodes")
        for path in (realdata / part).iterdir()
    ]
    place = folder(
        None,
        realdata / "wards/gm_wards_WD25.geojson",
        realdata / "wards/gm_lsoa2021_super_generalised.geojson",
        *names,
    )

    geography = read_geography(place)

    held = geography.contents()
    assert held[["kind", "vintage", "edition", "rows"]].sort_values(["kind", "vintage"]).values.tolist() == [
        ["centroids", "LSOA21", "", 35672],
        ["deprivation", "LSOA11", "2019", 32844],
        ["deprivation", "LSOA21", "2025", 33755],
        ["lsoa boundaries", "LSOA21", "", 1702],
        ["lsoa to lsoa", "LSOA11 to LSOA21", "", 35795],
        ["lsoa to ward", "LSOA11 to WD17", "", 1673],
        ["lsoa to ward", "LSOA21 to WD22", "", 1702],
        ["lsoa to ward", "LSOA21 to WD24", "", 35672],
        ["population", "LSOA11", "2016", 1673],
        ["population", "WD17", "2016", 215],
        ["postcodes", "", "", 72135],
        ["ward boundaries", "WD25", "", 215],
        ["ward to authority", "WD17 to LAD17", "", 215],
        ["ward to authority", "WD22 to LAD22", "", 215],
        ["ward to authority", "WD24 to LAD24", "", 7536],
    ]
    assert [note for note in geography.notes if "left out" in note or "IMD2019" in note] == [
        "gm_wd16_mid2016_single_year_age.csv: 11 rows of larger areas or totals were left out (10 E08, 1 E47), so that nobody is counted twice.",
        "imd2019_england_lsoa11.csv says nothing that File_1_-_IMD2019_Index_of_Multiple_Deprivation.csv does not; it was not needed.",
    ]


def test_the_name_of_a_file_does_not_matter(realdata: Path, folder: Folder) -> None:
    place = folder()
    (place / "b.CSV").symlink_to(realdata / "deprivation/File_1_-_IMD2019_Index_of_Multiple_Deprivation.csv")
    (place / "c.csv").symlink_to(realdata / "lookups/lookup_lsoa21_ward24_ltla24.csv")
    (place / "a.json").symlink_to(realdata / "wards/gm_wards_WD25.geojson")

    held = read_geography(place).contents()

    assert held[["kind", "vintage", "edition"]].values.tolist() == [
        ["ward boundaries", "WD25", ""],
        ["deprivation", "LSOA11", "2019"],
        ["lsoa to ward", "LSOA21 to WD24", ""],
        ["ward to authority", "WD24 to LAD24", ""],
    ]


def test_people_are_counted_once_in_a_file_with_totals(realdata: Path, folder: Folder) -> None:
    # The file's own row for Greater Manchester (E47000001) says 2,782,141 people, 257,817 of them aged 10 to 17.
    place = folder(None, *(realdata / "population").iterdir())

    tables = {table.level: table.frame for table in read_geography(place).of_kind("population")}

    assert {
        level: (len(frame), frame["total"].sum(), frame["children_10_17"].sum())
        for level, frame in tables.items()
    } == {
        "lsoa": (1673, 2_782_141, 257_817),
        "ward": (215, 2_782_141, 257_817),
    }


def test_a_vintage_no_column_names_is_that_of_the_file_that_shares_its_codes(
    realdata: Path, folder: Folder
) -> None:
    population = realdata / "population/gm_wd16_mid2016_single_year_age.csv"
    alone, beside = folder(None, population), folder(None, population, realdata / "lookups/gm_wd17_lad17.csv")

    assert (
        read_geography(alone).of_kind("population")[0].vintage == "WD16"
    )  # by its file name, as nothing else says
    assert read_geography(beside).of_kind("population")[0].vintage == "WD17"


def test_thousands_separators_and_a_byte_order_mark_are_read(folder: Folder) -> None:
    text = "\ufeff" + IMD_2019 + 'E01000001,"City, 001A",E09000001,City of London,"29,199",9\n'

    table = read_geography(folder({"imd.csv": text})).of_kind("deprivation")[0]

    assert (table.edition, table.vintage) == ("2019", "LSOA11")
    assert table.frame.to_dict("records") == [
        {"lsoa_code": "E01000001", "imd_rank": 29199.0, "imd_decile": 9.0}
    ]


@pytest.mark.parametrize(
    ("header", "name", "expected"),
    [
        (IMD_2019.replace("(2019)", "(2013)"), "imd.csv", ("2015", "LSOA11")),
        (IMD_2019.replace("(2019)", "(2024)").replace("(2011)", "(2021)"), "imd.csv", ("2025", "LSOA21")),
        ("lsoa21_code,x1,x2,x3,IMD_rank,IMD_decile\n", "any.csv", ("2025", "LSOA21")),
        ("lsoa11_code,x1,x2,x3,IMD_rank,IMD_decile\n", "imd2015_england.csv", ("2015", "LSOA11")),
        ("lsoa11_code,x1,x2,x3,IMD_rank,IMD_decile\n", "any.csv", ("2019", "LSOA11")),
        ("lsoa_code,x1,x2,x3,IMD2015 rank,IMD2015 decile\n", "any.csv", ("2015", "LSOA11")),
    ],
)
def test_the_edition_is_read_from_the_columns(
    folder: Folder, header: str, name: str, expected: tuple[str, str]
) -> None:
    table = read_geography(folder({name: header + "E01000001,a,b,c,100,1\n"})).of_kind("deprivation")[0]

    assert (table.edition, table.vintage) == expected


def test_windows_1252_is_read(folder: Folder) -> None:
    text = "WD24CD,WD24NM,LAD24CD,LAD24NM\nW05000001,Môn,W06000001,Ynys Môn\n"

    table = read_geography(folder({"wards.csv": text.encode("cp1252")})).of_kind("ward_to_authority")[0]

    assert table.frame["authority_name"].tolist() == ["Ynys Môn"]


def test_code_point_open_has_no_header_and_is_recognised(folder: Folder) -> None:
    text = '"BL0 0AA",10,379448,416851,"E92000001","E19000001","E18000002","","E08000002","E05014163"\n"M1  1AE",90,0,0,"E92000001","","","","",""\n'

    postcodes = read_geography(folder({"bl.csv": text})).postcodes

    assert postcodes is not None
    assert postcodes.fillna("none").values.tolist() == [
        ["BL00AA", 379448.0, 416851.0],
        ["M11AE", "none", "none"],
    ]


@pytest.mark.parametrize(
    "header",
    [
        "pcd,pcd2,pcds,dointr,oscty,oslaua,osward,oseast1m,osnrth1m,lsoa11,lsoa21",
        "PCD7,PCD8,PCDS,DOINTR,CTY25CD,LAD25CD,WD25CD,EAST1M,NORTH1M,LSOA11CD,LSOA21CD",
    ],
)
def test_postcode_directories_are_recognised(folder: Folder, header: str) -> None:
    text = (
        header
        + "\nBL0 0AA,BL0  0AA,BL0 0AA,198001,E99999999,E08000002,E05014163,0379448,0416851,E01005001,E01035001\n"
    )

    geography = read_geography(folder({"directory.csv": text}))

    assert [table.kind for table in geography.tables] == ["postcodes"]
    assert geography.postcodes is not None
    assert geography.postcodes.to_dict("records") == [
        {
            "postcode": "BL00AA",
            "easting": 379448.0,
            "northing": 416851.0,
            "LSOA11": "E01005001",
            "LSOA21": "E01035001",
        }
    ]


def test_women_and_men_counted_apart_are_added(folder: Folder) -> None:
    ages = [f"{sex}{age}" for sex in "FM" for age in range(91)]
    text = ",".join(["LAD 2023 Code", "LSOA 2021 Code", "LSOA 2021 Name", "Total", *ages]) + "\n"
    text += ",".join(["E08000002", "E01000001", "Here", "273", *["1"] * 91, *["2"] * 91]) + "\n"

    table = read_geography(folder({"mid-2022.csv": text})).of_kind("population")[0]

    assert (table.vintage, table.edition) == ("LSOA21", "2022")
    whole = {"code": "E01000001", "name": "Here", "total": 273.0, "children_10_17": 24.0}
    young = {f"{sex}_{age}": n for sex, n in (("female", 1.0), ("male", 2.0)) for age in range(18)}
    assert table.frame.to_dict("records") == [whole | young]


def by_age(code: str, each: int) -> str:
    header = ",".join(["LSOA21CD", "LSOA21NM", *map(str, range(91))])
    return f"{header}\n{code},Here,{','.join([str(each)] * 91)}\n"


def test_a_file_of_women_and_one_of_men_are_one(folder: Folder) -> None:
    pair = {
        "lsoa21_mid2022_females.csv": by_age("E01000001", 1),
        "lsoa21_mid2022_males.csv": by_age("E01000001", 2) + by_age("E01000002", 5).split("\n")[1] + "\n",
    }

    geography = read_geography(folder(pair))

    (table,) = geography.of_kind("population")
    assert (table.vintage, table.edition, table.file) == (
        "LSOA21",
        "2022",
        "lsoa21_mid2022_females.csv, lsoa21_mid2022_males.csv",
    )
    whole = {"code": "E01000001", "name": "Here", "total": 273.0, "children_10_17": 24.0}
    young = {f"{sex}_{age}": n for sex, n in (("female", 1.0), ("male", 2.0)) for age in range(18)}
    assert table.frame.to_dict("records") == [whole | young]
    assert geography.notes == (
        "lsoa21_mid2022_females.csv and lsoa21_mid2022_males.csv are added up.",
        "1 areas that only one of them has are left out.",
    )


def test_a_file_of_both_sexes_beside_the_two_is_not_needed(folder: Folder) -> None:
    files = {f"lsoa21_mid2022_{who}.csv": by_age("E01000001", n) for who, n in (("females", 1), ("males", 2), ("persons", 3))}  # fmt: skip
    geography = read_geography(folder(files))
    (table,) = geography.of_kind("population")
    assert table.frame["female_10"].tolist() == [1.0]
    assert geography.notes[-1] == (
        "lsoa21_mid2022_persons.csv says nothing that lsoa21_mid2022_females.csv, lsoa21_mid2022_males.csv does not; "
        "it was not needed."
    )


def test_one_sex_alone_is_not_taken_for_everyone(folder: Folder) -> None:
    geography = read_geography(folder({"lsoa21_mid2022_males.csv": by_age("E01000001", 2)}))
    assert geography.of_kind("population") == []
    assert geography.notes == (
        "lsoa21_mid2022_males.csv counts one sex only (male) and no file of the other is there: it is not used.",
    )


def test_a_file_that_is_not_recognised_is_said_and_is_no_error(folder: Folder) -> None:
    place = folder({
        "crimes.csv": "Crime ID,Month,Longitude,Latitude\n1,2019-06,-2.2,53.5\n",
        "readme.txt": "hello",
        "wards.xlsx": b"PK",
        "package.json": "{}",
    })  # fmt: skip

    geography = read_geography(place)

    assert geography.tables == ()
    assert geography.notes == (
        "crimes.csv was not recognised by its columns (Crime ID, Month, Longitude, Latitude) and is not used.",
        "package.json was not read: it is neither a boundary file nor a CSV table.",
        "readme.txt was not read: it is neither a boundary file nor a CSV table.",
        "wards.xlsx was not read: it is a workbook; save the sheet that is wanted as CSV (UTF-8).",
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "f.csv is empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "f.csv is empty"),
        (b"LSOA21CD,WD24CD\n", "f.csv has a header row and nothing under it"),
        (b"PK\x03\x04\x00\x00", "f.csv is not CSV: it looks like a binary file"),
        (b"<!DOCTYPE html><html>", "f.csv is not CSV: it looks like a web page"),
        (b"LSOA21CD,WD24CD\nE01000001,E05000001,extra\n", "f.csv is not a CSV file that can be read"),
        (b"LSOA21CD,LSOA21CD,WD24CD\na,b,c\n", "f.csv has two columns of the same name: LSOA21CD"),
        (
            b"ward_code,children_10_17\nE05000001,1\nE05000001,2\n",
            "f.csv has 2 rows for codes that are there more than once",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_error(folder: Folder, content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_geography(folder({"f.csv": content}))


def test_all_faults_are_said_at_once(folder: Folder) -> None:
    with pytest.raises(
        ValueError, match=r"a\.csv is empty.*\n.*b\.csv is not CSV.*\n.*w\.geojson cannot be read"
    ):
        read_geography(folder({"a.csv": "", "b.csv": "<html>", "w.geojson": "{"}))


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="There is no geography folder /nowhere"):
        read_geography("/nowhere")


def test_an_empty_folder_holds_nothing(folder: Folder) -> None:
    geography = read_geography(folder())

    assert (geography.wards, geography.tables, geography.notes) == (None, (), ())
    assert geography.contents().empty


def test_extracts_of_one_file_are_put_together_and_repeats_used_once(folder: Folder) -> None:
    place = folder({
        "bury.csv": "LSOA21CD,WD24CD\nE01000001,E05000001\nE01000002,E05000001\n",
        "city.csv": "LSOA21CD,WD24CD\nE01000002,E05000001\nE01000003,E05000002\n",
    })  # fmt: skip

    geography = read_geography(place)

    (table,) = geography.of_kind("lsoa_to_ward")
    assert table.file == "bury.csv, city.csv"
    assert dict(table.frame.values.tolist()) == {
        "E01000001": "E05000001",
        "E01000002": "E05000001",
        "E01000003": "E05000002",
    }
    assert geography.notes == ("bury.csv and city.csv both hold 1 of the same codes; they are used once.",)


def test_files_that_contradict_each_other_are_refused(folder: Folder) -> None:
    place = folder({
        "one.csv": "LSOA21CD,WD24CD\nE01000001,E05000001\n",
        "two.csv": "LSOA21CD,WD24CD\nE01000001,E05000002\n",
    })  # fmt: skip

    with pytest.raises(
        ValueError,
        match=r"one\.csv and two\.csv are both lsoa to ward tables of LSOA21 and differ for 1 codes, E01000001",
    ):
        read_geography(place)


def test_boundaries_in_a_folder_of_their_own_are_found_and_joined(realdata: Path, folder: Folder) -> None:
    place = folder(None, realdata / "wards/E08000002_wards_WD25.geojson")
    (place / "more").mkdir()
    (place / "more" / "m.geojson").symlink_to(realdata / "wards/E08000003_wards_WD25.geojson")

    wards = read_geography(place).wards

    assert wards is not None
    assert wards.frame["authority_name"].value_counts().to_dict() == {"Manchester": 32, "Bury": 17}


def test_a_geopackage_may_hold_several_layers(realdata: Path, folder: Folder, tmp_path: Path) -> None:
    import geopandas

    for name, column in (("gm_wards_WD25", "WD25CD"), ("gm_lsoa2021_super_generalised", "area_code")):
        areas = geopandas.read_file(realdata / "wards" / f"{name}.geojson")[[column, "geometry"]]
        areas.rename(columns={"area_code": "LSOA21CD"}).to_file(tmp_path / "both.gpkg", layer=name)

    geography = read_geography(folder(None, tmp_path / "both.gpkg"))

    assert geography.wards is not None
    assert (len(geography.wards), {name: len(part) for name, part in geography.lsoas.items()}) == (
        215,
        {"LSOA21": 1702},
    )


def test_row_order_of_a_file_does_not_matter(realdata: Path, folder: Folder) -> None:
    lines = (realdata / "lookups/gm_lsoa11_to_wd17_bestfit.csv").read_text().splitlines()
    straight = read_geography(folder({"l.csv": "\n".join(lines)})).of_kind("lsoa_to_ward")[0].frame
    turned = (
        read_geography(folder({"l.csv": "\n".join([lines[0], *reversed(lines[1:])])}))
        .of_kind("lsoa_to_ward")[0]
        .frame
    )

    pd.testing.assert_frame_equal(straight, turned)
