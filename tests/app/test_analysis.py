from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from app.analysis import ITEMS_UP_TO, RESULTS, Analysis, analyse, save_results
from geo.lookups import GeographyMismatch
from mapping.access import Viewer
from mapping.tables import CaseError

DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"


@pytest.fixture(scope="module")
def found() -> Analysis:
    """The demo as the command line analyses it: only read by the tests that share it."""
    return analyse(DEMO)


def test_the_demo_comes_out_whole(found: Analysis) -> None:
    truth = pd.read_csv(DEMO / "truth" / "groups.csv").merge(found.groups, on="person_id")
    stories = json.loads((DEMO / "truth" / "stories.json").read_text())
    contacts = found.shared_contacts.set_index(["contact_type", "contact_id"])
    account = stories["online_account"]
    assert found.rejected.empty
    assert len(found.wards) == 32
    assert adjusted_mutual_info_score(truth["group"], truth["group_id"].astype("category").cat.codes) > 0.95
    assert found.contact_children("thing", account["thing_id"]) == sorted(account["children"])
    assert bool(contacts.loc[("thing", account["thing_id"]), "not_otherwise_linked"])
    line = stories["county_line"]
    assert set(found.contact_children("thing", line["phone"])) == set(line["children"])
    for adult in line["adults"]:
        assert contacts.loc[("person", adult), "nature"] == "harmful"
    assert set(found.contact_children("location", stories["park"]["location_id"])) >= set(
        stories["park"]["children"]
    )


def test_people_are_linked_only_when_somebody_asks(write_case) -> None:
    """A command about places waits for no network, and gets the same counts and, if it asks, the same links."""
    case = write_case(
        people="person_id,date_of_birth\nC1,2012-01-01\nC2,2012-01-01\n",
        associations="person_a,person_b,kind,last_seen\nC1,C2,peer,2024-03-01\n",
    )
    whole, lazy = analyse(case), analyse(case, linked=False)

    assert "linking people" not in [stage["stage"] for stage in lazy.clock.stages]
    assert lazy.counts == whole.counts
    assert lazy.counts["rows"]["associations"]["used"] == 1
    assert "linking people" not in [stage["stage"] for stage in lazy.clock.stages]
    pd.testing.assert_frame_equal(lazy.links, whole.links)


def test_every_link_opens_to_as_many_items_as_it_says(found: Analysis) -> None:
    sample = found.links.sample(40, random_state=1)
    for link in sample.itertuples():
        opened = found.link_items(link.person_b, link.person_a)
        items = opened.drop_duplicates(["table", "row", "other_table", "other_row"])
        assert len(items) == link.items
        assert items["weight"].sum() == pytest.approx(link.weight, abs=1e-8)
        assert opened["source_id"].dropna().nunique() == link.sources
        assert set("|".join(items["kind"]).split("|")) == set(link.kinds.split("|"))
        assert opened["date_to"].max() == link.last_seen


def test_as_of_a_day_is_what_was_known_then(write_case) -> None:
    """Two clocks: the report of March was written in June, so May does not know it and July ages it from March."""
    case = write_case(
        people="person_id,date_of_birth\nC1,2012-01-01\nC2,2012-01-01\nC3,2012-01-01\n",
        sources="source_id,kind,recorded_on\nS1,intelligence,2025-06-10\n",
        associations="""
            person_a,person_b,kind,first_seen,last_seen,source_id
            C1,C2,peer,2025-03-01,2025-03-01,S1
            C2,C3,peer,2025-04-01,2025-08-01,
        """,
    )
    may, july = analyse(case, as_of=date(2025, 5, 1)), analyse(case, as_of=date(2025, 7, 1))
    assert may.links[["person_a", "person_b", "weight"]].values.tolist() == [["C2", "C3", 1.0]]
    assert july.links[["person_a", "person_b"]].values.tolist() == [["C1", "C2"], ["C2", "C3"]]
    assert july.links["weight"].tolist() == pytest.approx([0.5 ** (122 / 180), 1.0])
    assert may.summary["rows"]["associations"] == {
        "read": 2,
        "set_aside": 0,
        "not_known_yet": 1,
        "used": 1,
        "ungraded": 0,
        "graded_lower": 0,
    }


def test_results_are_written_whole_and_the_same_each_time(tmp_path: Path, found: Analysis) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for run, out in ((found, first), (analyse(DEMO), second)):
        run.save(out)
    assert sorted(path.name for path in first.iterdir()) == sorted(
        [*(f"{name}.parquet" for name in RESULTS), "summary.json"]
    )
    for name in RESULTS:
        assert (first / f"{name}.parquet").read_bytes() == (second / f"{name}.parquet").read_bytes(), name
    one, other = (json.loads((out / "summary.json").read_text()) for out in (first, second))
    assert {**one, "stages": None} == {**other, "stages": None}
    assert [stage["stage"] for stage in one["stages"]][-1] == "writing results"


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, found: Analysis) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="holds other things than an earlier result"):
        found.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_nothing_is_left_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Analysis
) -> None:
    out = tmp_path / "out"
    found.save(out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def broken(*args: object, **options: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("app.results.json", SimpleNamespace(dumps=broken))
    with pytest.raises(OSError, match="disk is full"):
        found.save(out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_beside_the_results_is_not_touched(tmp_path: Path, found: Analysis) -> None:
    """A folder named OUT.partial, or a brace in a name, is the user's own business."""
    beside = tmp_path / "{people}.partial"
    beside.mkdir()
    (beside / "letter.txt").write_text("mine")
    for _ in range(2):
        found.save(tmp_path / "{people}")
    assert (beside / "letter.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["{people}", "{people}.partial"]


def test_items_are_written_by_size_or_when_asked(tmp_path: Path, found: Analysis) -> None:
    assert ITEMS_UP_TO == 1_000_000
    save_results(found, tmp_path / "without", with_items=False)
    assert not (tmp_path / "without" / "link_items.parquet").exists()
    assert json.loads((tmp_path / "without" / "summary.json").read_text())["files"] == [
        n for n in RESULTS if n != "link_items"
    ]
    save_results(found, tmp_path / "with")
    assert len(pd.read_parquet(tmp_path / "with" / "link_items.parquet")) == found.links["items"].sum()


def test_a_planner_gets_wards_and_nobody(tmp_path: Path) -> None:
    planner, worker = analyse(DEMO, viewer=Viewer("planner")), analyse(DEMO, viewer=Viewer("social_worker"))
    pd.testing.assert_frame_equal(planner.wards, worker.wards)
    assert [
        len(planner.fetch(name))
        for name in ("links", "link_items", "groups", "group_summary", "shared_contacts")
    ] == [0] * 5
    assert planner.people.empty
    assert list(planner.links.columns) == list(worker.links.columns)
    with pytest.raises(PermissionError, match="sees wards, not people"):
        planner.link_items("P000001", "P000002")
    planner.save(tmp_path / "out")
    named = worker.people[["person_id", "given_name", "family_name"]].dropna().head(200).to_numpy().ravel()
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())
    assert not [name for name in named if len(name) > 5 and name.encode() in written]


def test_a_planner_works_with_the_same_day(write_case) -> None:
    """The last thing known is a sighting, which a planner does not see; the day it sets holds for them as well."""
    case = write_case(
        locations="location_id,kind\nL1,park\n",
        presence="person_id,location_id,seen_at\nC1,L1,2025-06-30T10:00\n",
        referrals="referral_id,person_id,received_on\nR1,C1,2025-01-01\n",
    )
    days = {
        role: analyse(case, viewer=Viewer(role)).as_of for role in ("analyst", "social_worker", "planner")
    }
    assert days == dict.fromkeys(days, date(2025, 6, 30))


def test_geography_that_does_not_join_stops_before_anything_is_computed(write_case, realdata: Path) -> None:
    """WD17 population against WD25 wards: both files, both vintages and 215 codes are named."""
    case = write_case()
    folder = case / "geography"
    folder.mkdir()
    for name in (
        "wards/gm_wards_WD25.geojson",
        "population/gm_wd16_mid2016_single_year_age.csv",
        "lookups/gm_lsoa11_to_wd17_bestfit.csv",
    ):
        (folder / Path(name).name).symlink_to(realdata / name)
    stages: list[str] = []
    with pytest.raises(GeographyMismatch, match=r"215 of 215") as caught:
        analyse(case, progress=lambda stage, _: stages.append(stage))
    assert all(words in str(caught.value) for words in ("gm_wards_WD25.geojson", "WD25", "WD17"))
    assert stages == []


def test_no_geography_leaves_wards_empty_and_says_so(write_case) -> None:
    found = analyse(write_case(associations="person_a,person_b,kind\nC1,C2,peer\n"))
    assert len(found.wards) == 0
    assert len(found.links) == 1
    assert any("ward boundaries" in note for note in found.summary["geography"]["notes"])


def test_a_geography_folder_that_is_not_there(write_case) -> None:
    with pytest.raises(FileNotFoundError, match="no geography folder /nowhere"):
        analyse(write_case(), geography="/nowhere")


def test_strict_refuses_a_case_with_a_fault(write_case) -> None:
    case = write_case(associations="person_a,person_b,kind\nC1,C9,peer\n")
    assert len(analyse(case).rejected) == 1
    with pytest.raises(CaseError, match="is not in the table people"):
        analyse(case, strict=True)


def test_crimes_of_june_2019_as_events_land_in_wards(write_case, realdata: Path) -> None:
    """8,828 street-level crimes of Manchester: every one is in a ward of Greater Manchester."""
    crimes = pd.read_csv(realdata / "police" / "2019-06-greater-manchester-street_MANCHESTER-LA-SUBSET.csv")
    locations = pd.DataFrame(
        {
            "location_id": [f"L{i}" for i in range(len(crimes))],
            "kind": "other",
            "longitude": crimes["Longitude"],
            "latitude": crimes["Latitude"],
        }
    )
    events = pd.DataFrame(
        {
            "event_id": [f"E{i}" for i in range(len(crimes))],
            "kind": "incident",
            "started_at": "2019-06-30",
            "location_id": locations["location_id"],
        }
    )
    case = write_case(locations=locations, events=events)
    (case / "geography").mkdir()
    (case / "geography" / "wards.geojson").symlink_to(realdata / "wards" / "gm_wards_WD25.geojson")
    found = analyse(case)
    assert len(crimes) == 8828
    assert found.summary["geography"]["coverage"]["events"] == {
        "total": 8828,
        "in_ward": 8828,
        "outside": 0,
        "no_place": 0,
    }
    assert found.wards["incidents"].sum() == 8828
    manchester = found.wards[found.wards["authority_code"] == "E08000003"]
    assert manchester["incidents"].sum() == 8820


def bury_case(folder: Path, realdata: Path) -> Path:
    """The people of the demo, moved onto the real wards of Bury: each home and place at a random point of a ward."""
    wards = gpd.read_file(realdata / "wards" / "E08000002_wards_WD25.geojson").to_crs(27700)
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for path in DEMO.glob("*.csv"):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        for east, north in (("home_easting", "home_northing"), ("easting", "northing")):
            if east in frame:
                chosen = wards.geometry.iloc[rng.integers(0, len(wards), len(frame))].reset_index(drop=True)
                points = chosen.representative_point()
                there = frame[east] != ""
                frame.loc[there, east] = points.x.round().astype(int).astype(str)[there]
                frame.loc[there, north] = points.y.round().astype(int).astype(str)[there]
        frame = frame.drop(columns=[c for c in ("home_postcode", "home_lsoa", "postcode") if c in frame])
        for column in ("responsible_authority", "placing_authority"):
            if column in frame:
                frame[column] = frame[column].replace({"E08999001": "E08000002"})
        frame.to_csv(folder / path.name, index=False)
    (folder / "geography").mkdir(exist_ok=True)
    for name in (
        "wards/E08000002_wards_WD25.geojson",
        "deprivation/imd2025_england_lsoa21.csv",
        "lookups/lookup_lsoa21_ward24_ltla24.csv",
    ):
        link = folder / "geography" / Path(name).name
        if not link.exists():
            link.symlink_to(realdata / name)
    return folder


def test_the_demo_people_on_the_wards_of_bury(tmp_path: Path, realdata: Path, found: Analysis) -> None:
    bury = analyse(bury_case(tmp_path / "bury", realdata))
    assert bury.rejected.empty
    # Nothing of who knows whom depends on where they live.
    pd.testing.assert_frame_equal(bury.links, found.links)
    pd.testing.assert_frame_equal(bury.groups, found.groups)
    assert len(bury.wards) == 17
    assert bury.wards["imd_decile"].notna().all()
    assert set(bury.wards["authority_name"]) == {"Bury"}
    coverage = bury.summary["geography"]["coverage"]
    assert coverage["missing"]["in_ward"] == coverage["missing"]["total"]
    assert bury.wards["missing_episodes"].sum() > bury.wards["missing_episodes_residents"].sum() > 0


@pytest.mark.parametrize("people", [2000])
def test_planted_groups_and_contacts_of_the_bench_case(tmp_path: Path, realdata: Path, people: int) -> None:
    """The case that timings are made on: AMI at least 0.95 for any seed, and every planted contact exactly."""
    bench = realdata.parent / "bench" / "make_scale_data.py"
    subprocess.run(
        [sys.executable, str(bench), str(people), str(tmp_path / "case")], check=True, capture_output=True
    )
    groups = pd.read_parquet(tmp_path / "case" / "truth" / "groups.parquet")
    planted = pd.read_parquet(tmp_path / "case" / "truth" / "contacts.parquet").query("children >= 2")
    for seed in (0, 1, 2):
        found = analyse(tmp_path / "case", seed=seed)
        both = groups.merge(found.groups, on="person_id")
        assert (
            adjusted_mutual_info_score(both["group"], both["group_id"].astype("category").cat.codes) >= 0.95
        )
    contacts = found.shared_contacts.query("contact_type == 'person'")[["contact_id", "children"]]
    pd.testing.assert_frame_equal(
        contacts.reset_index(drop=True),
        planted.sort_values("contact_id", ignore_index=True),
        check_dtype=False,
    )


def test_the_same_case_says_how_sure_it_is(case: Path) -> None:
    """What `surely` finds is what the command line writes, also when nothing else holds on to the plain analysis."""
    sure = analyse(case).surely()
    asked = analyse(case, resamples=None, chance=None)
    assert (sure.resamples, sure.tests_chance) == (asked.resamples, asked.tests_chance) == (100, True)
    for result in ("links", "groups", "group_summary", "shared_contacts"):
        pd.testing.assert_frame_equal(sure.fetch(result), asked.fetch(result))
    assert asked.summary["certainty"] == {"resamples": 100, "tested_against_chance": True, "notes": []}


def test_a_large_case_says_why_it_is_not_resampled(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.analysis.CAREFUL_UP_TO", 3)
    found = analyse(case, resamples=None, chance=None)
    assert found.groups[["confidence", "rests_on"]].isna().all(axis=None)
    assert found.links[["p_value", "validated"]].isna().all(axis=None)
    assert found.summary["certainty"] == {
        "resamples": 0,
        "tested_against_chance": False,
        "notes": [
            "Groups were not resampled: there are more than 3 people. Ask for it with --resamples 100.",
            "Links and contacts were not tested against chance: there are more than 3 people. Ask for it with --chance.",
        ],
    }
