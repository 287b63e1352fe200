from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geo.street_crime import crime_by_type, load_street_crime

HEADER = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,Last outcome category,Context\n"


def row(crime_id: str, month: str, kind: str, where: str = "-2.2,53.5") -> str:
    return f"{crime_id},{month},GMP,GMP,{where},On or near A Road,E01005098,Manchester 001A,{kind},,\n"


def test_rows_are_read_as_published(tmp_path: Path) -> None:
    file = tmp_path / "2019-06-street.csv"
    rows = [
        row("a1", "2019-06", "Robbery"),
        row("", "2019-06", "Anti-social behaviour"),
        row("a2", "2019-07", "Robbery", ","),
    ]
    file.write_text("\ufeff" + HEADER + "".join(rows), encoding="utf-8")

    crime = load_street_crime(file)

    assert crime.rows.columns.tolist() == [
        "crime_id",
        "lsoa_code",
        "month",
        "crime_type",
        "easting",
        "northing",
    ]
    assert crime.rows["crime_id"].isna().tolist() == [False, True, False]
    assert np.isnan(crime.rows["easting"]).tolist() == [False, False, True]
    assert crime.notes == ["1 of 3 rows have no crime ID (Anti-social behaviour)."]
    assert crime_by_type(crime).to_dict("index") == {
        "Robbery": {"2019-06": 1, "2019-07": 1, "without_id": 0},
        "Anti-social behaviour": {"2019-06": 1, "2019-07": 0, "without_id": 1},
    }


def test_the_names_that_r_writes_are_known(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text("Month,Crime.type,Longitude,Latitude\n2016-02,Burglary,-2.4,53.6\n")
    crime = load_street_crime(file)
    assert crime.rows["crime_type"].tolist() == ["Burglary"]
    assert crime.notes == ["The file gives no crime ID: rows that are the same cannot be told from repeats."]


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text("Month,Longitude,Latitude\n2016-02,-2.4,53.6\n")
    with pytest.raises(ValueError, match=r"points\.csv has no column crime type\. Give a street-level file"):
        load_street_crime(file)
    file.write_text("Month,Crime type,Longitude,Latitude\n2016-02,Burglary,-2,53\nJune,Burglary,-2,53\n")
    with pytest.raises(ValueError, match=r"points\.csv, row 3: June is not a month"):
        load_street_crime(file)
