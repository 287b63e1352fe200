from __future__ import annotations

import pytest

from geo.columns import choose, code_level, recognise, vintage, year_in_name


@pytest.mark.parametrize(
    ("name", "role", "held"),
    [
        ("WD25CD", "ward_code", "WD25"),
        ("wd17cd", "ward_code", "WD17"),
        ("ward24_code", "ward_code", "WD24"),
        ("ward_code", "ward_code", "unknown vintage"),
        ("Ward 2023 Code", "ward_code", "WD23"),
        ("WD25NM", "ward_name", "WD25"),
        ("LSOA code (2011)", "lsoa_code", "LSOA11"),
        ("\ufeffLSOA code (2011)", "lsoa_code", "LSOA11"),
        ("LSOA21CD", "lsoa_code", "LSOA21"),
        ("lsoa11_code", "lsoa_code", "LSOA11"),
        ("LSOA 2021 Code", "lsoa_code", "LSOA21"),
        ("Local Authority District code (2019)", "authority_code", "LAD19"),
        ("ltla24_code", "authority_code", "LAD24"),
        ("UTLACD", "upper_authority_code", "unknown vintage"),
    ],
)
def test_a_code_column_tells_its_area_and_year(name: str, role: str, held: str) -> None:
    (column,) = recognise([name])

    assert (column.role, column.vintage) == (role, held)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("area_code", "area_code"),
        ("Index of Multiple Deprivation (IMD) Rank", "imd_rank"),
        ("Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)", "imd_rank"),
        ("Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)", "imd_decile"),
        ("IMD_rank", "imd_rank"),
        ("CHGIND", "change"),
        ("change_code", "change"),
        ("children_10_17", "children_10_17"),
        ("all_ages", "total"),
        ("total_pop", "total"),
        ("Total population: mid 2015 (excluding prisoners)", "total"),
        ("17", "age"),
        ("90+", "age"),
        ("Age 12", "age"),
        ("F10", "age_female"),
        ("M90", "age_male"),
        ("pcds", "postcode"),
        ("oseast1m", "easting"),
        ("osnrth1m", "northing"),
        ("osward", "postcode_ward"),
        ("oslaua", "postcode_authority"),
        ("lsoa21", "postcode_lsoa"),
    ],
)
def test_a_column_tells_what_it_holds(name: str, role: str) -> None:
    assert [column.role for column in recognise([name])] == [role]


def test_columns_that_mean_nothing_here_are_left_out() -> None:
    assert recognise(["FID", "GlobalID", "Crime ID", "Income_rank", "LONG", "WD25NMW", "Month"]) == []


def test_an_age_column_tells_the_age() -> None:
    assert [column.age for column in recognise(["0", "Age 12", "F17", "90+"])] == [0, 12, 17, 90]


def test_the_latest_year_of_a_role_is_chosen() -> None:
    chosen = choose(recognise(["WD22CD", "WD25CD", "WD24CD"]), "ward_code")

    assert chosen is not None
    assert chosen.name == "WD25CD"
    assert choose(recognise(["WD22CD"]), "lsoa_code") is None


def test_codes_and_file_names_tell_levels_and_years() -> None:
    assert [code_level(code) for code in ("E05014152", "W01000001", "E08000002", "E47000001", "")] == [
        "ward",
        "lsoa",
        "",
        "",
        "",
    ]
    assert year_in_name("gm_wd16_mid2016_single_year_age.csv", "wd|wards?") == "16"
    assert year_in_name("gm_wd16_mid2016_single_year_age.csv", "mid") == "2016"
    assert year_in_name("crowd16.csv", "wd|wards?") == ""
    assert vintage("ward", "2025") == "WD25"
