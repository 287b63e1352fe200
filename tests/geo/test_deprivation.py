from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from geo.deprivation import build_deprivation, decile_counts, lsoa_deciles, rank_to_decile
from geo.files import Geography, read_geography
from geo.lookups import GeographyMismatch

Folder = Callable[..., Path]
Write = Callable[..., str]
TWO = [("E05000001", 0, 0, 10, 10), ("E05000002", 10, 0, 20, 10)]
BEST_FIT = "LSOA21CD,WD25CD\nE01000001,E05000001\nE01000002,E05000001\nE01000003,E05000002\n"
RANKS = "LSOA21CD,IMD_rank,IMD_decile\nE01000001,100,1\nE01000002,10100,3\nE01000003,33755,10\n"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def manchester(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Geography:
    place = tmp_path_factory.mktemp("manchester")
    for name in (
        "wards/gm_wards_WD25.geojson",
        "deprivation/File_1_-_IMD2019_Index_of_Multiple_Deprivation.csv",
        "deprivation/imd2025_england_lsoa21.csv",
        "lookups/lookup_lsoa11_lsoa21_ltla22.csv",
        "lookups/lookup_lsoa21_ward24_ltla24.csv",
        "population/gm_lsoa11_mid2016_single_year_age.csv",
    ):
        (place / Path(name).name).symlink_to(realdata / name)
    return read_geography(place)


@pytest.mark.parametrize("edition", ["2019", "2025"])
def test_every_ward_of_greater_manchester_gets_a_decile(manchester: Geography, edition: str) -> None:
    found = build_deprivation(manchester, edition=edition)

    assert found.edition == edition
    assert found.wards["imd_decile"].between(1, 10).sum() == 215


def test_ward_means_of_2019_are_those_worked_out_row_by_row(manchester: Geography, realdata: Path) -> None:
    # The same sums in plain Python from the published files: an independent implementation.
    imd = {
        row["LSOA code (2011)"]: int(row["Index of Multiple Deprivation (IMD) Rank"].replace(",", ""))
        for row in rows(realdata / "deprivation/File_1_-_IMD2019_Index_of_Multiple_Deprivation.csv")
    }
    people = {
        row["lsoa11cd"]: int(float(row["total_pop"]))
        for row in rows(realdata / "population/gm_lsoa11_mid2016_single_year_age.csv")
    }
    wards = {
        row["lsoa21_code"]: row["ward24_code"]
        for row in rows(realdata / "lookups/lookup_lsoa21_ward24_ltla24.csv")
    }
    changes = rows(realdata / "lookups/lookup_lsoa11_lsoa21_ltla22.csv")
    parts = defaultdict(list)
    for row in changes:
        parts[row["lsoa11_code"]].append(row["lsoa21_code"])
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for old, new in parts.items():
        for code in new:
            if old in people:
                sums[wards[code]][0] += imd[old] * people[old] / len(new)
                sums[wards[code]][1] += people[old] / len(new)
    assert manchester.wards is not None
    expected = [sums[code][0] / sums[code][1] for code in manchester.wards.codes]

    found = build_deprivation(manchester, edition="2019").wards

    assert found["imd_rank_mean"].tolist() == pytest.approx(expected)
    assert found["imd_decile"].tolist() == [math.ceil(rank * 10 / 32844) for rank in expected]


@pytest.mark.parametrize(("edition", "most_deprived"), [("2019", 12), ("2025", 13)])
def test_bury_has_its_120_lsoas_and_those_in_decile_1(
    manchester: Geography, realdata: Path, edition: str, most_deprived: int
) -> None:
    bury = [
        row["lsoa21_code"]
        for row in rows(realdata / "lookups/lookup_lsoa21_ward24_ltla24.csv")
        if row["ltla24_name"] == "Bury"
    ]

    deciles = lsoa_deciles(pd.Series(bury), build_deprivation(manchester, edition=edition))

    assert (len(bury), deciles.notna().sum(), (deciles == 1).sum()) == (120, 120, most_deprived)


def test_the_later_edition_is_used_alone_and_that_is_said(manchester: Geography) -> None:
    found = build_deprivation(manchester)

    assert (found.edition, found.vintage) == ("2025", "LSOA21")
    assert found.notes == [
        "IMD 2025 is used and IMD 2019 (File_1_-_IMD2019_Index_of_Multiple_Deprivation.csv) is not: editions are never mixed.",
        "IMD 2025 on LSOA21 (imd2025_england_lsoa21.csv) reaches wards by LSOA21 to WD24 by lookup_lsoa21_ward24_ltla24.csv.",
        "No population on LSOA21 is there: every LSOA weighs the same in the mean rank of its ward.",
    ]


@pytest.mark.parametrize(
    ("edition", "file"), [("2019", "imd2019_england_lsoa11.csv"), ("2025", "imd2025_england_lsoa21.csv")]
)
def test_deciles_cut_from_ranks_are_the_published_ones(realdata: Path, edition: str, file: str) -> None:
    published = pd.read_csv(realdata / "deprivation" / file)

    assert rank_to_decile(published["IMD_rank"], edition).tolist() == published["IMD_decile"].tolist()


def test_lsoas_are_weighted_by_their_people(folder: Folder, squares: Write) -> None:
    files = {"w.geojson": squares(TWO), "l.csv": BEST_FIT, "imd.csv": RANKS}
    people = {"mid2022.csv": "LSOA21CD,total\nE01000001,3000\nE01000002,1000\nE01000003,500\n"}

    alone, weighted = (build_deprivation(read_geography(folder(held))) for held in (files, files | people))

    assert alone.wards.values.tolist() == [[5100.0, 2.0], [33755.0, 10.0]]
    assert weighted.wards.values.tolist() == [[2600.0, 1.0], [33755.0, 10.0]]
    assert weighted.notes[-1] == "LSOAs are weighted by mid-2022 population by LSOA21 (mid2022.csv)."


def test_merged_split_and_fragmented_lsoas_keep_their_ranks(folder: Folder, squares: Write) -> None:
    # Ward 1: old 1 (rank 1000, 300 people) unchanged and half of old 2 (4000, 200) -> (300*1000 + 100*4000) / 400.
    # Ward 2: the other half of 2, merged 3 and 4 (8000, 100 and 16000, 300), 5 (32000, 100) in fragments.
    place = folder({
        "w.geojson": squares(TWO),
        "c.csv": "LSOA11CD,LSOA21CD,CHGIND\nE01000001,E01000001,U\nE01000002,E01000021,S\nE01000002,E01000022,S\n"
        "E01000003,E01000034,M\nE01000004,E01000034,M\nE01000005,E01000051,X\nE01000005,E01000052,X\n",
        "l.csv": "LSOA21CD,WD25CD\nE01000001,E05000001\nE01000021,E05000001\nE01000022,E05000002\n"
        "E01000034,E05000002\nE01000051,E05000002\nE01000052,E05000002\n",
        "imd.csv": "LSOA code (2011),Local Authority District code (2019),IMD Rank,IMD Decile\nE01000001,x,1000,\n"
        "E01000002,x,4000,\nE01000003,x,8000,\nE01000004,x,16000,\nE01000005,x,32000,\n",
        "p.csv": "LSOA11CD,total\nE01000001,300\nE01000002,200\nE01000003,100\nE01000004,300\nE01000005,100\n",
    })  # fmt: skip

    found = build_deprivation(read_geography(place))

    assert found.wards["imd_rank_mean"].tolist() == [
        1750.0,
        (100 * 4000 + 100 * 8000 + 300 * 16000 + 100 * 32000) / 600,
    ]
    codes = pd.Series(["E01000001", "E01000021", "E01000034", "E01000051", "E01000002", "E01999999", None])
    assert lsoa_deciles(codes, found).fillna(0).tolist() == [1, 2, 4, 10, 2, 0, 0]


def test_an_edition_that_does_not_join_gives_way_to_one_that_does(folder: Folder, squares: Write) -> None:
    place = folder({
        "w.geojson": squares(TWO),
        "l.csv": BEST_FIT.replace("LSOA21CD", "LSOA11CD"),
        "old.csv": RANKS.replace("LSOA21CD", "lsoa11_code").replace("33755", "32844"),
        "new.csv": RANKS,
    })  # fmt: skip

    found = build_deprivation(read_geography(place))

    assert found.edition == "2019"
    assert (
        found.notes[0]
        == "IMD 2025 is by LSOA21 and no file leads from there to wards: wards have no decile from it."
    )


def test_an_edition_that_is_not_there_is_refused(manchester: Geography) -> None:
    with pytest.raises(
        ValueError, match=r"There is no IMD 2015 in the geography folder; it holds 2019, 2025\."
    ):
        build_deprivation(manchester, edition="2015")


def test_a_rank_beyond_the_edition_is_refused(folder: Folder) -> None:
    place = folder({"imd.csv": RANKS.replace("33755", "33756")})

    with pytest.raises(
        ValueError, match=r"imd\.csv gives E01000003 rank 33756, but IMD 2025 ranks 33,755 LSOAs"
    ):
        build_deprivation(read_geography(place))


def test_a_file_that_leaves_a_ward_of_england_empty_is_refused(folder: Folder, squares: Write) -> None:
    place = folder(
        {"w.geojson": squares(TWO), "l.csv": BEST_FIT, "imd.csv": RANKS.replace("E01000003,33755,10\n", "")}
    )

    with pytest.raises(
        GeographyMismatch,
        match=r"1 of 2 wards of w\.geojson \(WD25\) have no LSOA in imd\.csv \(IMD 2025 on LSOA21\)",
    ):
        build_deprivation(read_geography(place))


def test_a_ward_of_wales_has_no_english_decile(folder: Folder, squares: Write) -> None:
    place = folder({
        "w.geojson": squares([("E05000001", 0, 0, 10, 10), ("W05000002", 10, 0, 20, 10)]),
        "l.csv": BEST_FIT.replace("E01000003,E05000002", "W01000003,W05000002"),
        "imd.csv": RANKS,
    })  # fmt: skip

    assert build_deprivation(read_geography(place)).wards["imd_decile"].fillna(0).tolist() == [2, 0]


def test_without_a_file_all_is_empty_and_said(folder: Folder, squares: Write) -> None:
    found = build_deprivation(read_geography(folder({"w.geojson": squares(TWO)})))

    assert found.wards.isna().all(axis=None)
    assert found.notes == ["No file gives deprivation: imd_rank_mean and imd_decile are empty."]
    assert lsoa_deciles(pd.Series(["E01000001"]), found).isna().all()


def test_deciles_that_do_not_follow_from_ranks_are_said(folder: Folder) -> None:
    found = build_deprivation(read_geography(folder({"imd.csv": RANKS.replace("100,1\n", "100,2\n", 1)})))

    assert found.notes == [
        "imd.csv: 1 deciles are not those that follow from their ranks; they are used as given."
    ]


def test_lsoas_of_each_ward_by_decile(folder: Folder, squares: Write) -> None:
    """An old LSOA of decile 3 whose halves lie in two wards counts half in each."""
    place = folder({
        "w.geojson": squares(TWO),
        "l.csv": "LSOA21CD,WD25CD\nE01000011,E05000001\nE01000012,E05000002\nE01000002,E05000001\n",
        "c.csv": "LSOA11CD,LSOA21CD,CHGIND\nE01000001,E01000011,S\nE01000001,E01000012,S\nE01000002,E01000002,U\n",
        "imd2019.csv": "lsoa11_code,IMD_rank,IMD_decile\nE01000001,8000,\nE01000002,32844,10\n",
    })  # fmt: skip

    counts, notes = decile_counts(read_geography(place), edition="2019")

    assert counts.loc[:, [3, 10]].to_dict("index") == {
        "E05000001": {3: 0.5, 10: 1.0},
        "E05000002": {3: 0.5, 10: 0.0},
    }
    assert (list(counts.columns), counts.to_numpy().sum()) == (list(range(1, 11)), 2.0)
    assert notes == [
        "IMD 2019 on LSOA11 (imd2019.csv), by LSOA11 to LSOA21 by c.csv, LSOA21 to WD25 by l.csv."
    ]


def test_lsoas_cannot_be_counted_without_an_edition_and_a_way(folder: Folder, squares: Write) -> None:
    wards = {"w.geojson": squares(TWO)}
    with pytest.raises(ValueError, match="There is no IMD 2019 in the geography folder"):
        decile_counts(read_geography(folder({**wards, "imd.csv": RANKS})), edition="2019")
    with pytest.raises(ValueError, match=r"No file leads from LSOA21 \(imd\.csv\) to wards"):
        decile_counts(read_geography(folder({**wards, "imd.csv": RANKS})), edition="2025")
    with pytest.raises(ValueError, match="There are no ward boundaries"):
        decile_counts(read_geography(folder({"imd.csv": RANKS})), edition="2025")
