"""Synthetic cases: the published figures exactly, the planted stories, and rows that hold together at any size."""

from __future__ import annotations

import filecmp
import json
import re
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping import synthetic
from mapping.records import read_case
from mapping.synthetic import demo_case, write_demo
from mapping.synthetic.calibration import CHILDREN, allocate

BUNDLED = Path(__file__).parents[2] / "data" / "synthetic" / "demo"
BOROUGH = "E08999001"
MINORITY = {
    "MWBC",
    "MWBA",
    "MWAS",
    "MOTH",
    "AIND",
    "APKN",
    "ABAN",
    "CHNE",
    "AOTH",
    "BCRB",
    "BAFR",
    "BOTH",
    "OOTH",
}
LAST, BEFORE = ("2025-04-01", "2026-03-31"), ("2024-04-01", "2025-03-31")
OUTCOMES = ("re_engaged_education", "stable_accommodation", "positive_relationship", "fewer_missing")
Tables = dict[str, pd.DataFrame]


def read_tables(folder: Path) -> Tables:
    """Read a case as it is written: text, nothing where empty."""
    return {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in folder.glob("*.csv")}


def read_truth(folder: Path, name: str) -> dict[str, dict[str, list[str]]]:
    """Read one truth file."""
    return json.loads((folder / "truth" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def demo() -> Tables:
    """The bundled demo."""
    return read_tables(BUNDLED)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Cases of several sizes; the default one is the bundled demo."""
    folder = tmp_path_factory.mktemp("cases")
    small = {size: write_demo(folder / str(size), children=size, seed=size) for size in (20, 200, 2000)}
    return {**small, CHILDREN: BUNDLED}


def ages(people: pd.DataFrame, ids: pd.Series, on: pd.Series | str) -> pd.Series:
    """Return whole years of age of people on a day, or on a day each."""
    born = pd.to_datetime(ids.map(people.set_index("person_id")["date_of_birth"]))
    day = pd.to_datetime(on)
    month, date = (day.dt.month, day.dt.day) if isinstance(day, pd.Series) else (day.month, day.day)
    year = day.dt.year if isinstance(day, pd.Series) else day.year
    early = (born.dt.month > month) | ((born.dt.month == month) & (born.dt.day > date))
    return year - born.dt.year - early


def between(table: pd.DataFrame, column: str, year: tuple[str, str]) -> pd.DataFrame:
    """Return the rows dated in a year."""
    return table[table[column].str[:10].between(*year)]


def hours(rows: pd.DataFrame) -> pd.Series:
    """Return hours from return to interview."""
    return (pd.to_datetime(rows["interview_held_at"]) - pd.to_datetime(rows["found_at"])) / pd.Timedelta(
        hours=1
    )


def year_figures(demo: Tables, year: tuple[str, str]) -> dict[str, int]:
    """Count what the hub's annual report counts."""
    people = demo["people"].set_index("person_id")
    received = between(demo["referrals"], "received_on", year)
    closed = between(demo["referrals"], "closed_on", year)
    missing = between(demo["missing"], "reported_at", year)
    held = missing[missing["interview_held_at"] != ""]
    sex = received["person_id"].map(people["sex"])
    placed = missing.merge(demo["placements"], on="person_id")
    placed = placed[placed["placing_authority"] != BOROUGH]
    there = (placed["started_on"] <= placed["reported_at"].str[:10]) & (
        (placed["ended_on"] == "") | (placed["ended_on"] >= placed["reported_at"].str[:10])
    )
    return {
        "referrals": len(received),
        "cce": int((received["concern"] == "cce").sum()),
        "cse": int((received["concern"] == "cse").sum()),
        "boys": int((sex == "M").sum()),
        "girls": int((sex == "F").sum()),
        "closed": len(closed),
        **{name: int((closed[name] == "Y").sum()) for name in OUTCOMES},
        "missing_reports": missing["episode_id"].nunique(),
        "children_missing": missing["person_id"].nunique(),
        "with_ehcp": int((people.loc[missing["person_id"].unique(), "ehcp"] == "Y").sum()),
        "interviews_offered": int((missing["interview_offered"] == "Y").sum()),
        "interviews_accepted": int((missing["interview_accepted"] == "Y").sum()),
        "interviews_held": len(held),
        "within_72_hours": int((hours(held) <= 72).sum()),
        "by_children_placed_by_others": placed.loc[there, "episode_id"].nunique(),
    }


def test_the_published_figures_of_both_years_are_met_exactly(demo: Tables) -> None:
    # Manchester 2022/23 and the year before; shares of placed children, plans and offers: Bury 2023.
    assert year_figures(demo, LAST) == {
        "referrals": 242,
        "cce": 145,  # 60%
        "cse": 53,  # 22%
        "boys": 174,  # 72%
        "girls": 68,  # 28%
        "closed": 200,
        "re_engaged_education": 146,  # 73%
        "stable_accommodation": 182,  # 91%
        "positive_relationship": 180,  # 90%
        "fewer_missing": 120,  # 60%
        "missing_reports": 4958,
        "children_missing": 1381,
        "with_ehcp": 276,  # 20%
        "interviews_offered": 4561,  # 92%
        "interviews_accepted": 3421,  # three quarters
        "interviews_held": 2976,
        "within_72_hours": 2179,  # 73.22%
        "by_children_placed_by_others": 1091,  # 22%
    }
    before = year_figures(demo, BEFORE)
    wanted = {
        "referrals": 240,
        "cce": 144,
        "cse": 53,
        "boys": 173,
        "girls": 67,
        "missing_reports": 4280,
        "children_missing": 1353,
        "with_ehcp": 271,
        "by_children_placed_by_others": 942,
    }
    assert {name: before[name] for name in wanted} == wanted
    assert round(100 * 2179 / 2976, 2) == 73.22


def open_rows(demo: Tables) -> pd.DataFrame:
    """Return the referrals open at the end."""
    referrals = demo["referrals"]
    return referrals[(referrals["opened_on"] != "") & (referrals["closed_on"] == "")].reset_index(drop=True)


def home_wards(demo: Tables, ids: pd.Series) -> pd.DataFrame:
    """Return ward and decile of people's homes by the lookups of the case."""
    lookup = pd.read_csv(BUNDLED / "geography" / "lsoa21_to_ward25.csv").set_index("LSOA21CD")["WD25CD"]
    decile = pd.read_csv(BUNDLED / "geography" / "imd2025_lsoa21.csv").set_index("lsoa21_code")["IMD_decile"]
    lsoa = ids.map(demo["people"].set_index("person_id")["home_lsoa"])
    return pd.DataFrame({"ward": lsoa.map(lookup), "decile": lsoa.map(decile)})


def test_the_open_children_are_of_the_published_ages_and_places(demo: Tables) -> None:
    rows = open_rows(demo)
    people = demo["people"].set_index("person_id").loc[rows["person_id"]]
    age = ages(demo["people"], rows["person_id"], "2026-03-31")
    wards = home_wards(demo, rows["person_id"])["ward"].value_counts()
    episodes = between(demo["missing"], "reported_at", LAST).groupby("person_id").size()
    count = rows["person_id"].map(episodes).fillna(0)
    referrals = demo["referrals"]
    earlier = referrals[referrals["closed_on"] != ""].groupby("person_id")["closed_on"].max()
    closed_before = pd.to_datetime(rows["person_id"].map(earlier))
    since = pd.to_datetime(rows["opened_on"]) - closed_before
    closed = between(referrals, "closed_on", LAST)["person_id"]
    assert {
        "children": rows["person_id"].nunique(),
        "aged 15-16": int(age.isin([15, 16]).sum()),
        "aged 11-12": int(age.isin([11, 12]).sum()),
        "under 11": int((age < 11).sum()),
        "18 or over": int((age > 17).sum()),
        "in the five wards with most": int(wards.iloc[:5].sum()),
        "EHCP": int((people["ehcp"] == "Y").sum()),
        "in care or on protection plans": int(people["care_status"].isin(["cla", "cp"]).sum()),
        "opened in the last three months": int((rows["opened_on"] > "2025-12-31").sum()),
        "no missing episode in the year": int((count == 0).sum()),
        "three or more": int((count >= 3).sum()),
        "open before": int(closed_before.notna().sum()),
        "reopened within six months": int((since <= pd.Timedelta(days=183)).sum()),
        "closed from deciles 1 to 3": int((home_wards(demo, closed)["decile"] <= 3).sum()),
    } == {
        "children": 100,
        "aged 15-16": 48,
        "aged 11-12": 6,
        "under 11": 2,
        "18 or over": 0,
        "in the five wards with most": 53,
        "EHCP": 20,
        "in care or on protection plans": 20,
        "opened in the last three months": 52,
        "no missing episode in the year": 48,
        "three or more": 25,
        "open before": 24,
        "reopened within six months": 10,
        "closed from deciles 1 to 3": 131,  # of 200: just under two thirds
    }
    assert wards.iloc[4] > wards.iloc[5]
    assert sorted(wards.index[:5]) == read_truth(BUNDLED, "figures")["busy_wards"]


def test_over_half_of_the_children_open_in_the_year_live_in_the_five_wards(demo: Tables) -> None:
    referrals = demo["referrals"]
    opened = (referrals["opened_on"] != "") & (referrals["opened_on"] <= LAST[1])
    rows = referrals[opened & ((referrals["closed_on"] == "") | (referrals["closed_on"] >= LAST[0]))]
    children = rows["person_id"].drop_duplicates().reset_index(drop=True)
    share = home_wards(demo, children)["ward"].isin(read_truth(BUNDLED, "figures")["busy_wards"]).mean()
    assert 0.5 < share < 0.56


def test_many_episodes_are_repeats_and_peak_ages_differ(demo: Tables) -> None:
    # Bury: 14-15 the peak age for one or two episodes, 16-17 for three or more.
    rows = between(demo["missing"], "reported_at", LAST).sort_values("reported_at")
    rows = rows.assign(age=ages(demo["people"], rows["person_id"], rows["reported_at"].str[:10]))
    each = rows.groupby("person_id").agg(episodes=("age", "size"), age=("age", "last"))
    few, many = (
        each.loc[part, "age"].value_counts() for part in (each["episodes"] < 3, each["episodes"] > 2)
    )
    assert (each["episodes"] > 1).sum() == 525  # 38% of 1,381
    assert set(few.index[:2]) == {14, 15}
    assert set(many.index[:2]) == {16, 17}


def test_girls_of_minority_backgrounds_are_under_identified_and_boys_are_not(demo: Tables) -> None:
    people = demo["people"][demo["people"]["ethnicity"] != ""]
    referred = people["person_id"].isin(demo["referrals"]["person_id"])
    minority = people["ethnicity"].isin(MINORITY)
    share = {
        (sex, of): round(100 * minority[(people["sex"] == sex) & (referred == of)].mean())
        for sex in "FM"
        for of in (True, False)
    }
    assert share[("F", True)] == pytest.approx(16, abs=2)
    assert share[("M", True)] == pytest.approx(38, abs=2)
    assert share[("F", False)] == share[("M", False)] == 38
    truth = read_truth(BUNDLED, "figures")["under_identified"]
    counted = int((referred & minority & (people["sex"] == "F")).sum())
    assert truth["girls"]["referred_of_minority_backgrounds"] == counted


def test_the_truth_file_states_what_the_tables_hold(demo: Tables) -> None:
    said = read_truth(BUNDLED, "figures")["years"]["2025/26"]
    counted = year_figures(demo, LAST)
    names = {
        "with_ehcp": "children_missing_with_ehcp",
        "within_72_hours": "interviews_within_72_hours",
        "by_children_placed_by_others": "reports_of_children_placed_by_others",
    }
    assert said == {names.get(name, name): value for name, value in counted.items()}


def test_the_bundled_demo_is_what_the_generator_writes(tmp_path: Path) -> None:
    fresh = write_demo(tmp_path / "demo")
    files = sorted(path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(BUNDLED) for path in BUNDLED.rglob("*") if path.is_file())
    _, different, unreadable = filecmp.cmpfiles(fresh, BUNDLED, [str(path) for path in files], shallow=False)
    assert (different, unreadable) == ([], []), "write it again with: contextmap demo data/synthetic/demo"
    assert sum((BUNDLED / path).stat().st_size for path in files) < 6_000_000
    assert not any(b"\r" in (BUNDLED / path).read_bytes() for path in files)


def test_a_seed_decides_every_byte() -> None:
    first, again, other = (demo_case(children=200, seed=seed) for seed in (5, 5, 6))
    text = [{name: table.to_csv() for name, table in case.tables.items()} for case in (first, again, other)]
    assert text[0] == text[1]
    assert (first.geography, first.truth) == (again.geography, again.truth)
    assert all(text[0][name] != text[2][name] for name in text[0])
    assert first.geography != other.geography


REFERENCES = {
    "people": {"school_id": "locations"},
    "associations": {"person_a": "people", "person_b": "people"},
    "events": {"location_id": "locations"},
    "participation": {"event_id": "events", "person_id": "people"},
    "presence": {"person_id": "people", "location_id": "locations"},
    "thing_use": {"thing_id": "things", "person_id": "people"},
    "missing": {"person_id": "people", "missing_from": "locations", "found_at_location": "locations"},
    "placements": {"person_id": "people", "location_id": "locations"},
    "referrals": {"person_id": "people"},
}
KEYS = {"people": "person_id", "locations": "location_id", "things": "thing_id", "events": "event_id"}
ORDER = (
    ("events", "started_at", "ended_at"),
    ("missing", "reported_at", "found_at"),
    ("missing", "found_at", "interview_held_at"),
    ("placements", "started_on", "ended_on"),
    ("referrals", "opened_on", "closed_on"),
)
NOT_BEFORE = (("thing_use", "first_seen", "last_seen"), ("associations", "first_seen", "last_seen"),
              ("referrals", "received_on", "opened_on"))  # fmt: skip


def faults(tables: Tables) -> list[str]:
    """Return what is wrong with a case, checked here and not by the reader."""
    found = []
    for name, columns in REFERENCES.items():
        wanted = {**columns, **({"source_id": "sources"} if "source_id" in tables[name] else {})}
        for column, table in wanted.items():
            ids = set(tables[table][KEYS.get(table, "source_id")]) | {""}
            found += [f"{name}.{column}: {value}" for value in set(tables[name][column]) - ids]
    for name, key in {
        **KEYS,
        "sources": "source_id",
        "missing": "episode_id",
        "referrals": "referral_id",
    }.items():
        found += [f"{name}: {key} twice"] * int(tables[name][key].duplicated().any())
    for name, first, second in ORDER:
        both = tables[name][(tables[name][first] != "") & (tables[name][second] != "")]
        found += [f"{name}: {second} not after {first}"] * int((both[second] <= both[first]).any())
    for name, first, second in NOT_BEFORE:
        both = tables[name][tables[name][second] != ""]
        found += [f"{name}: {second} before {first}"] * int((both[second] < both[first]).any())
    return found + time_faults(tables)


def time_faults(tables: Tables) -> list[str]:
    """Return episodes that overlap, children of 18, and dates after the end of the records."""
    missing = tables["missing"].sort_values(["person_id", "reported_at"])
    same = missing["person_id"] == missing["person_id"].shift(-1)
    found = ["missing: overlap"] * int(
        (same & (missing["found_at"] >= missing["reported_at"].shift(-1))).any()
    )
    known = tables["people"][tables["people"]["date_of_birth"] != ""]["person_id"]
    for name, column in (("missing", "reported_at"), ("referrals", "received_on")):
        rows = tables[name][tables[name]["person_id"].isin(known)]
        age = ages(tables["people"], rows["person_id"], rows[column].str[:10])
        found += [f"{name}: aged {age.min()} to {age.max()}"] * int(age.max() > 17 or age.min() < 8)
    last = max(
        rows[column].str[:10].max() for rows in tables.values() for column in rows if DATED.search(column)
    )
    return found + [f"a date {last} after the end"] * int(last > "2026-03-31")


DATED = re.compile(r"_(on|at|seen)$")


@pytest.mark.parametrize("size", [20, 200, 2000, CHILDREN])
def test_every_row_holds_together_at_any_size(cases: dict[int, Path], size: int) -> None:
    tables = read_tables(cases[size])
    assert faults(tables) == []
    assert int((tables["people"]["responsible_authority"] != "").sum()) == size
    assert all(len(tables[name]) for name in tables)


def test_a_case_larger_than_the_default_gets_more_wards_and_holds_together() -> None:
    case = demo_case(children=12_000, seed=4)
    wards = json.loads(case.geography["wards_WD25.geojson"])["features"]
    assert len(wards) == 113  # 32 wards for 3,400 children
    assert faults(case.tables) == []


@pytest.mark.parametrize("size", [20, 200, CHILDREN])
def test_the_reader_finds_no_fault(cases: dict[int, Path], size: int) -> None:
    codes = pd.read_csv(cases[size] / "geography" / "postcodes.csv")["postcode"]
    records = read_case(cases[size], postcodes=codes)
    assert len(records.rejected) == 0
    assert records.notes == ()


@settings(max_examples=8, deadline=None)
@given(st.integers(20, 400), st.integers(0, 10_000))
def test_any_seed_and_size_gives_a_case_without_faults(children: int, seed: int) -> None:
    case = demo_case(children=children, seed=seed)
    assert faults(case.tables) == []
    assert other_links(case.tables, json.loads(case.truth["stories.json"])["online_account"]) == set()


def pairs(rows: pd.DataFrame, by: list[str]) -> set[tuple[str, str]]:
    """Return the pairs of people who share a row's value."""
    return {
        pair for _, people in rows.groupby(by)["person_id"] for pair in combinations(sorted(set(people)), 2)
    }


def other_links(tables: Tables, account: dict[str, object]) -> set[tuple[str, str]]:
    """Return the pairs of the account's users whom anything but the account links."""
    users = set(account["children"])  # type: ignore[call-overload]
    own = {name: rows[rows["person_id"].isin(users)] for name, rows in tables.items() if "person_id" in rows}
    both = tables["associations"][["person_a", "person_b"]].isin(users).all(axis=1)
    stated = {
        tuple(sorted(pair)) for pair in tables["associations"].loc[both, ["person_a", "person_b"]].to_numpy()
    }
    things = own["thing_use"][own["thing_use"]["thing_id"] != account["thing_id"]]
    seen = own["presence"].merge(own["presence"], on="location_id")
    apart = (pd.to_datetime(seen["seen_at_x"]) - pd.to_datetime(seen["seen_at_y"])).abs()
    seen = seen[(apart <= pd.Timedelta(hours=2)) & (seen["person_id_x"] < seen["person_id_y"])]
    gone = own["missing"][own["missing"]["found_at_location"] != ""]
    gone = gone.merge(gone, on="found_at_location")
    overlap = (gone["reported_at_x"] < gone["found_at_y"]) & (gone["reported_at_y"] < gone["found_at_x"])
    gone = gone[overlap & (gone["person_id_x"] < gone["person_id_y"])]
    together = {
        tuple(pair) for rows in (seen, gone) for pair in rows[["person_id_x", "person_id_y"]].to_numpy()
    }
    return stated | pairs(own["participation"], ["event_id"]) | pairs(things, ["thing_id"]) | together


@pytest.mark.parametrize("size", [20, 200, 2000, CHILDREN])
def test_the_users_of_the_account_do_not_know_each_other(cases: dict[int, Path], size: int) -> None:
    tables, account = read_tables(cases[size]), read_truth(cases[size], "stories")["online_account"]
    use = tables["thing_use"][tables["thing_use"]["thing_id"] == account["thing_id"]]
    assert sorted(use["person_id"]) == sorted(account["children"])
    assert tables["things"].set_index("thing_id").loc[account["thing_id"], "kind"] == "online_account"
    assert len(account["children"]) == {20: 3, 200: 7}.get(size, 7)
    assert other_links(tables, account) == set()


def test_the_county_line_ties_ten_children_to_two_adults_a_phone_and_a_vehicle(demo: Tables) -> None:
    line = read_truth(BUNDLED, "stories")["county_line"]
    use = demo["thing_use"].groupby("thing_id")["person_id"].agg(set)
    kinds = demo["things"].set_index("thing_id")["kind"]
    harm = demo["associations"][demo["associations"]["kind"] == "exploitation"]
    roles = demo["participation"][demo["participation"]["person_id"].isin(line["adults"])]["role"]
    assert (len(line["children"]), len(line["adults"])) == (10, 2)
    assert [kinds[line["phone"]], kinds[line["vehicle"]]] == ["phone", "vehicle"]
    assert use[line["phone"]] == {*line["children"], *line["adults"]}
    assert len(use[line["vehicle"]] & set(line["children"])) == 9
    assert set(harm.loc[harm["person_a"].isin(line["adults"]), "person_b"]) == set(line["children"])
    assert set(roles) == {"adult_of_concern"}
    born = demo["people"].set_index("person_id").loc[line["adults"], "date_of_birth"]
    assert sorted(born.eq("")) == [False, True]  # one adult's age is not known


def test_incidents_cluster_in_the_park_in_the_evening(demo: Tables) -> None:
    park = read_truth(BUNDLED, "stories")["park"]
    events = demo["events"].set_index("event_id")
    gap = np.hypot(
        events["easting"].astype(float) - float(park["easting"]),  # type: ignore[arg-type]
        events["northing"].astype(float) - float(park["northing"]),  # type: ignore[arg-type]
    )
    near = events[(gap < 250) & (events["kind"] == "incident")]
    there = demo["participation"][demo["participation"]["event_id"].isin(park["incidents"])]
    assert set(park["incidents"]) <= set(near.index)
    assert len(park["incidents"]) == 28
    assert (near["started_at"].str[11:13].astype(int) >= 17).mean() > 0.7
    assert set(there["person_id"]) == set(park["children"])
    assert len(park["children"]) == 16
    elsewhere = events.drop(near.index)
    others = (
        elsewhere[elsewhere["kind"] == "incident"].groupby("location_id").size().drop("", errors="ignore")
    )
    assert others.max() < len(near) / 2


def test_the_stories_are_the_contacts_that_reach_most_groups(demo: Tables) -> None:
    truth = read_truth(BUNDLED, "stories")
    group = pd.read_csv(BUNDLED / "truth" / "groups.csv").set_index("person_id")["group"].astype(str)
    children = demo["people"][demo["people"]["responsible_authority"] != ""]["person_id"]
    events = demo["participation"].merge(demo["events"][["event_id", "location_id"]], on="event_id")
    found = demo["missing"].rename(columns={"found_at_location": "location_id"})
    ties = [
        demo["thing_use"].rename(columns={"thing_id": "contact"}),
        *(table.rename(columns={"location_id": "contact"}) for table in (events, demo["presence"], found)),
        demo["placements"].rename(columns={"location_id": "contact"}),
        demo["associations"].rename(columns={"person_a": "contact", "person_b": "person_id"}),
    ]
    every = pd.concat([table[["contact", "person_id"]] for table in ties])
    every = every[every["person_id"].isin(children) & (every["contact"] != "")].drop_duplicates()
    every = every.assign(group=every["person_id"].map(group).fillna(every["person_id"]))
    reach = every[~every["contact"].isin(children)].groupby("contact")["group"].nunique()
    reach = reach.sort_values(ascending=False)
    line = truth["county_line"]
    strongest = [truth["online_account"]["thing_id"], line["phone"], truth["park"]["location_id"]]
    story = [*strongest, line["vehicle"], *line["adults"]]
    assert reach[strongest].min() >= 7
    assert reach.drop(story).max() <= 6


def test_today_has_something_to_show(demo: Tables) -> None:
    missing, now = demo["missing"], pd.Timestamp("2026-03-31T23:59")
    out = missing[missing["found_at"] == ""]
    waiting = missing[
        (missing["found_at"] >= "2026-03-24")
        & (missing["interview_held_at"] == "")
        & (missing["interview_accepted"] == "Y")
        & (missing["delay_reason"] == "")
    ]
    past = (now - pd.to_datetime(waiting["found_at"])) > pd.Timedelta(hours=72)
    joined = pd.read_csv(BUNDLED / "truth" / "groups.csv")["joined_on"]
    assert len(out) == 6
    assert (out["reported_at"] >= "2026-03-27").all()
    assert past.sum() >= 5
    assert (~past).sum() >= 10
    assert (joined >= "2026-03-24").sum() == 4
    assert (demo["referrals"]["received_on"] >= "2026-03-28").sum() == 6
    assert (demo["sources"]["recorded_on"] >= "2026-03-29").sum() >= 20


def test_sources_are_graded_by_analysts_only_and_some_are_handled_with_conditions(demo: Tables) -> None:
    sources = demo["sources"]
    graded = sources["source_grade"] != ""
    conditions = sources["handling"] == "C"
    assert set(sources.loc[graded, "kind"]) == {"intelligence", "police_record"}
    assert graded[sources["kind"] == "intelligence"].all()
    assert 0.1 < graded[sources["kind"] == "police_record"].mean() < 0.9
    assert (graded == (sources["information_grade"] != "")).all()
    assert (graded == sources["handling"].isin(["P", "C"])).all()
    assert (conditions == (sources["action_code"] != "")).all()
    assert (conditions == (sources["sanitisation_code"] != "")).all()
    assert 0.1 <= conditions.mean() <= 0.15
    assert (sources["recorded_on"] != "").all()
    assert (sources["text"] != "").all()


def test_some_people_are_recorded_twice_and_some_only_look_so(demo: Tables) -> None:
    truth = pd.read_csv(BUNDLED / "truth" / "duplicates.csv")
    stories = read_truth(BUNDLED, "stories")
    told = {child for story in stories.values() for child in story["children"]}
    people = demo["people"].set_index("person_id")
    new = people.loc["P003572":]
    assert truth["judgement"].value_counts().to_dict() == {"same": 12, "different": 4}
    assert truth["how"].nunique() == 16
    assert len(new) == 20  # four more are known to the police alone
    assert set(truth["person_b"]) < set(new.index)
    assert not told & {*truth["person_a"], *truth["person_b"]}
    assert (new[["responsible_authority", "ethnicity", "home_easting", "care_status"]] == "").all(axis=None)
    tied = {*demo["presence"]["person_id"], *demo["thing_use"]["person_id"]}
    tied |= {*demo["associations"]["person_a"], *demo["associations"]["person_b"]}
    assert set(new.index) <= tied
    assert not set(new.index) & {*demo["missing"]["person_id"], *demo["referrals"]["person_id"]}


def test_the_records_of_the_police_follow_the_others_and_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = demo_case(children=200, seed=5)
    monkeypatch.setattr("mapping.synthetic.case.add_doubles", lambda tables, *_: (tables, ""))
    plain = demo_case(children=200, seed=5)
    for name, table in plain.tables.items():
        kept = whole.tables[name].iloc[: len(table)]
        pd.testing.assert_frame_equal(kept, table, check_dtype=False)
    assert {**whole.truth, "duplicates.csv": ""} == plain.truth


BLAMING = re.compile(
    r"associating with|in a relationship|at risk|choos|promiscuous|money mule|prostitut|lifestyle|sexual activity"
    r"|refuse|gang|offender|suspect|drug runner|absconded",
    re.IGNORECASE,
)


def test_no_word_blames_a_child(demo: Tables) -> None:
    said = pd.concat([demo["sources"]["text"], demo["events"]["summary"], demo["missing"]["delay_reason"]])
    assert said[said.str.contains(BLAMING)].to_list() == []
    assert not said.str.contains("{", regex=False).any()


def test_the_wards_are_whole_and_everything_lies_where_it_says() -> None:
    folder = BUNDLED / "geography"
    wards = gpd.read_file(folder / "wards_WD25.geojson")
    lsoas = pd.read_csv(folder / "lsoa21_to_ward25.csv")
    whole = wards.union_all()
    assert wards.crs == "EPSG:27700"
    assert len(wards) == 32
    assert wards.is_valid.all()
    assert set(wards.geom_type) == {"Polygon"}
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0
    assert whole.area == pytest.approx(wards.area.sum(), rel=1e-12)
    assert set(lsoas["WD25CD"]) == set(wards["WD25CD"])
    assert lsoas.groupby("WD25CD").size().between(6, 8).all()
    for file, code, ward in (("postcodes", "postcode", "ward"), ("lsoa21_centroids", "LSOA21CD", None)):
        table = pd.read_csv(folder / f"{file}.csv").rename(columns={"x": "easting", "y": "northing"})
        if ward is None:
            table = table.merge(lsoas[["LSOA21CD", "WD25CD"]]).rename(columns={"WD25CD": "ward"})
        table = table[table["ward"].isin(wards["WD25CD"])]
        points = gpd.GeoDataFrame(
            table, geometry=gpd.points_from_xy(table["easting"], table["northing"]), crs=27700
        )
        joined = points.sjoin(wards, rsuffix="polygon")
        assert table[code].is_unique
        assert (len(joined), (joined["ward"] == joined.filter(regex="^WD25CD").iloc[:, -1]).all()) == (
            len(table),
            True,
        )


def test_deprivation_is_on_englands_scale_of_2025() -> None:
    table = pd.read_csv(BUNDLED / "geography" / "imd2025_lsoa21.csv")
    assert table["IMD_rank"].is_unique
    assert table["IMD_rank"].between(1, 33_755).all()
    # Deciles are equal tenths of the 33,755 LSOAs of 2021 in England, 1 the most deprived.
    assert (table["IMD_decile"] == np.ceil(table["IMD_rank"] * 10 / 33_755)).all()
    assert set(table["IMD_decile"]) == set(range(1, 11))


def test_population_covers_every_age_of_every_lsoa() -> None:
    table = pd.read_csv(BUNDLED / "geography" / "population_lsoa21.csv")
    years = [*map(str, range(90)), "90+"]
    assert list(table.columns[3:]) == years
    assert (table["total_pop"] == table[years].sum(axis=1)).all()
    assert table["total_pop"].between(1_000, 2_400).all()


def test_homes_lie_at_their_postcode_and_placed_children_come_from_elsewhere(demo: Tables) -> None:
    codes = pd.read_csv(BUNDLED / "geography" / "postcodes.csv", dtype=str).set_index("postcode")
    people = demo["people"][demo["people"]["home_easting"] != ""]
    where = codes.loc[people["home_postcode"]]
    assert (people["home_easting"].to_numpy() == where["easting"].to_numpy()).all()
    assert (people["home_northing"].to_numpy() == where["northing"].to_numpy()).all()
    assert (people["responsible_authority"].to_numpy() == where["lad"].to_numpy()).all()
    placed = demo["placements"][demo["placements"]["placing_authority"] != BOROUGH]["person_id"]
    away = people.set_index("person_id").loc[placed.unique(), "responsible_authority"]
    assert set(away) == {"E08999002", "E08999003", "E08999004", "E08999005"}
    assert (people["home_lsoa"].eq("") == people["responsible_authority"].ne(BOROUGH)).all()


def test_codes_and_numbers_cannot_be_mistaken_for_real_ones(demo: Tables) -> None:
    codes = pd.read_csv(BUNDLED / "geography" / "postcodes.csv", dtype=str)
    lookup = pd.read_csv(BUNDLED / "geography" / "lsoa21_to_ward25.csv", dtype=str)
    assert codes["postcode"].str.fullmatch(r"Q[DE]\d{1,2} \d[ABD-HJLNP-UW-Z]{2}").all()
    assert codes["ward"].str.fullmatch(r"E0599[89]\d{3}").all()
    assert codes["lad"].str.fullmatch(r"E0899900[1-5]").all()
    assert lookup["LSOA21CD"].str.fullmatch(r"E01999\d{3}").all()
    phones = demo["things"][demo["things"]["kind"] == "phone"]["label"]
    assert phones.str.fullmatch(r"Phone 07700 900\d{3}").all()  # Ofcom keeps this range for drama


def test_nobody_and_nowhere_bears_the_name_of_a_real_place(demo: Tables, realdata: Path) -> None:
    real = pd.read_csv(realdata / "lookups" / "lookup_lsoa21_ward24_ltla24.csv", dtype=str)
    names = real[["ward24_name", "ltla24_name"]].stack().drop_duplicates().str.lower()
    names = set(names) | set(real["lsoa21_name"].str.replace(r" \w+$", "", regex=True).str.lower())
    wards = gpd.read_file(BUNDLED / "geography" / "wards_WD25.geojson")
    invented = pd.concat(
        [demo["people"]["given_name"], demo["people"]["family_name"], wards["WD25NM"], wards["LAD25NM"],
         demo["locations"]["name"].str.split().str[0].dropna()]
    )  # fmt: skip
    assert sorted(set(invented.str.lower()) & names) == []


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="not empty and holds no earlier demo"):
        write_demo(tmp_path, children=20)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(NotADirectoryError, match="it is a file"):
        write_demo(tmp_path / "notes.txt", children=20)


def test_an_earlier_demo_is_replaced_whole_and_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    folder = write_demo(tmp_path / "case", children=30, seed=2)
    (folder / "stray.csv").write_text("left over")
    assert write_demo(folder, children=20, seed=3) == folder
    assert not (folder / "stray.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_nothing_is_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_demo(tmp_path / "case", children=20)
    before = (folder / "people.csv").read_bytes()

    def fail(case: synthetic.Case, into: Path) -> None:
        into.mkdir()
        raise OSError("the disk is full")

    monkeypatch.setattr(synthetic, "save_case", fail)
    with pytest.raises(OSError, match="the disk is full"):
        write_demo(folder, children=25)
    assert (folder / "people.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_too_few_children_are_refused() -> None:
    with pytest.raises(ValueError, match="the planted stories need 20 at least"):
        demo_case(children=19)


@given(st.integers(0, 500), st.lists(st.integers(1, 50), min_size=1, max_size=12))
def test_allocation_by_largest_remainder_keeps_the_total_and_the_quota(
    total: int, weights: list[int]
) -> None:
    shares = allocate(total, weights)
    quota = total * np.array(weights) / sum(weights)
    assert shares.sum() == total
    assert (np.abs(shares - quota) < 1).all()


def test_allocation_respects_limits_and_refuses_what_does_not_fit() -> None:
    # Hare quotas 4.8, 3.6, 1.6: the two largest remainders (0.8, then the earlier 0.6) take the seats left.
    assert allocate(10, [48, 36, 16]).tolist() == [5, 4, 1]
    assert allocate(10, [1, 1, 8], most=[9, 9, 2]).tolist() == [4, 4, 2]
    with pytest.raises(ValueError, match="the shares may hold 3 at most"):
        allocate(4, [1, 1], most=[1, 2])
