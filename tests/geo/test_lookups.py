from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from geo.files import Geography, read_geography
from geo.lookups import (
    GeographyMismatch,
    change_pairs,
    positions,
    validate_lookups,
    ward_authorities,
    ward_lookup,
)

Folder = Callable[..., Path]
Write = Callable[..., str]
TWO = [("E05000001", 0, 0, 1000, 1000), ("E05000002", 1000, 0, 2000, 1000)]
# Old 1 is unchanged, 2 is split, 3 and 4 are merged, 5 is in fragments.
CHANGES = """LSOA11CD,LSOA21CD,CHGIND
E01000001,E01000001,U
E01000002,E01000021,S
E01000002,E01000022,S
E01000003,E01000034,M
E01000004,E01000034,M
E01000005,E01000051,X
E01000005,E01000052,X
"""
BEST_FIT = """LSOA21CD,WD25CD
E01000001,E05000001
E01000021,E05000001
E01000022,E05000002
E01000034,E05000002
E01000051,E05000002
E01000052,E05000002
"""


@pytest.fixture
def chain(folder: Folder, squares: Write) -> Geography:
    return read_geography(
        folder({"w.geojson": squares(TWO), "changes.csv": CHANGES, "bestfit.csv": BEST_FIT})
    )


def test_positions_are_those_of_the_value_or_minus_one() -> None:
    among = pd.Series(["b", "a", "c"])

    assert positions(pd.Series(["a", None, "z", "c", "b"]), among).tolist() == [1, -1, -1, 2, 0]
    assert positions(pd.Series(["a"], dtype=object), pd.Series([], dtype=str)).tolist() == [-1]
    assert positions(pd.Series([None], dtype=object), among).tolist() == [-1]


def test_a_direct_lookup_is_taken_as_it_is(chain: Geography) -> None:
    lookup, notes = ward_lookup(chain, "LSOA21")

    assert lookup is not None
    assert lookup.frame["share"].tolist() == [1.0] * 6
    assert lookup.route == "LSOA21 to WD25 by bestfit.csv"
    assert notes == []


def test_an_older_lsoa_goes_through_the_change_table_with_its_shares(chain: Geography) -> None:
    lookup, _ = ward_lookup(chain, "LSOA11")

    assert lookup is not None
    assert lookup.frame.values.tolist() == [
        ["E01000001", "E05000001", 1.0],
        ["E01000002", "E05000001", 0.5],
        ["E01000002", "E05000002", 0.5],
        ["E01000003", "E05000002", 1.0],
        ["E01000004", "E05000002", 1.0],
        ["E01000005", "E05000002", 1.0],
    ]
    assert lookup.route == "LSOA11 to LSOA21 by changes.csv, LSOA21 to WD25 by bestfit.csv"


def test_the_change_table_is_read_in_both_directions(chain: Geography) -> None:
    found = change_pairs(chain, "LSOA21")

    assert found is not None
    merged = found[1][found[1]["lsoa_code"] == "E01000034"]
    assert merged.values.tolist() == [["E01000034", "E01000003", 0.5], ["E01000034", "E01000004", 0.5]]


def test_shares_of_every_real_lsoa_add_up_to_one(realdata: Path, folder: Folder) -> None:
    place = folder(None, realdata / "lookups/lookup_lsoa11_lsoa21_ltla22.csv")
    for vintage, count in (("LSOA11", 34753), ("LSOA21", 35672)):
        found = change_pairs(read_geography(place), vintage)
        assert found is not None
        sums = found[1].groupby("lsoa_code")["share"].sum()
        assert (len(sums), sums.sub(1).abs().max() < 1e-12) == (count, True)


def test_a_lookup_of_another_vintage_is_set_aside_where_one_joins(realdata: Path, folder: Folder) -> None:
    place = folder(None, realdata / "wards/gm_wards_WD25.geojson", *(realdata / "lookups").glob("*lsoa*"))

    lookup, notes = ward_lookup(read_geography(place), "LSOA11")

    assert lookup is not None
    # Checked against the two published files joined row by row.
    wards = {
        row["lsoa21_code"]: row["ward24_code"]
        for row in rows(realdata / "lookups/lookup_lsoa21_ward24_ltla24.csv")
    }
    chained = {
        (row["lsoa11_code"], wards[row["lsoa21_code"]])
        for row in rows(realdata / "lookups/lookup_lsoa11_lsoa21_ltla22.csv")
    }
    assert set(zip(lookup.frame["lsoa_code"], lookup.frame["ward_code"], strict=True)) == chained
    assert notes == [
        "gm_lsoa11_to_wd17_bestfit.csv (WD17) was not used: 215 of 215 ward codes of gm_wards_WD25.geojson (WD25) are not "
        "in it. lookup_lsoa21_ward24_ltla24.csv (WD24) knows them all."
    ]


def test_a_lookup_of_other_wards_alone_is_refused(realdata: Path, folder: Folder) -> None:
    place = folder(
        None, realdata / "wards/gm_wards_WD25.geojson", realdata / "lookups/gm_lsoa11_to_wd17_bestfit.csv"
    )

    expected = r"215 of 215 ward codes of gm_wards_WD25\.geojson \(WD25\) are not in gm_lsoa11_to_wd17_bestfit\.csv \(WD17\), E05011350 for one"
    with pytest.raises(GeographyMismatch, match=expected):
        validate_lookups(read_geography(place))


def test_of_two_files_of_one_year_the_one_with_rows_missing_is_named(folder: Folder, squares: Write) -> None:
    """It keeps out the advice to have both of WD25 or of WD25."""
    place = folder({"w.geojson": squares(TWO), "bestfit.csv": "LSOA21CD,WD25CD\nE01000001,E05000001\n"})
    with pytest.raises(
        GeographyMismatch,
        match=r"E05000002 for one\. Both say that they are of WD25, so rows are missing or codes are wrong there: put the whole",
    ):
        validate_lookups(read_geography(place))


def test_a_lookup_that_knows_some_of_the_wards_is_refused_with_the_number(
    realdata: Path, folder: Folder
) -> None:
    place = folder(
        None, realdata / "wards/gm_wards_WD25.geojson", realdata / "lookups/gm_lsoa21_to_wd22_bestfit.csv"
    )

    with pytest.raises(GeographyMismatch, match=r"126 of 215 ward codes .* \(WD25\) .* \(WD22\)"):
        validate_lookups(read_geography(place))


def test_without_a_lookup_centroids_tell_the_ward(realdata: Path, folder: Folder) -> None:
    place = folder(
        None, realdata / "wards/gm_wards_WD25.geojson", realdata / "lookups/lsoa21_pwc_england_wales_bng.csv"
    )

    lookup, notes = ward_lookup(read_geography(place), "LSOA21")

    # ONS's own best-fit lookup names the same ward for 99.82 % of the 1,702.
    best_fit = {
        row["lsoa21_code"]: row["ward24_code"]
        for row in rows(realdata / "lookups/lookup_lsoa21_ward24_ltla24.csv")
    }
    assert lookup is not None
    own = lookup.frame["lsoa_code"].map(best_fit) == lookup.frame["ward_code"]
    assert (len(own), round(100 * own.mean(), 2)) == (1702, 99.82)
    assert notes == [
        "No lookup from LSOA to ward is there; the ward that the population-weighted centroid of each LSOA lies in "
        "(lsoa21_pwc_england_wales_bng.csv) is used."
    ]


def test_authorities_come_from_a_lookup_where_the_boundaries_name_none(
    folder: Folder, squares: Write
) -> None:
    place = folder({
        "w.geojson": squares(TWO, authority=None),
        "a.csv": "WD25CD,LAD25CD,LAD25NM\nE05000001,E08000002,Bury\nE05000002,E08000003,Manchester\n",
    })  # fmt: skip

    frame, notes = ward_authorities(read_geography(place))

    assert frame["authority_name"].tolist() == ["Bury", "Manchester"]
    assert notes == []


def test_unknown_authorities_are_said(folder: Folder, squares: Write) -> None:
    frame, notes = ward_authorities(read_geography(folder({"w.geojson": squares(TWO, authority=None)})))

    assert frame["authority_code"].isna().all()
    assert notes == [
        "No file says which authority a ward is in: what needs it (_residents, placed_by_others) is empty."
    ]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
