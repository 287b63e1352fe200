"""What the Placements page and the command `placements` say, show to whom, and write."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import analysis as analysing
from app import placements
from app.analysis import analyse
from app.placement_page import bars, distance, explained_lines, hot, ranked, scale, values
from app.placements import Placed, find_placements
from geo.disclosure import TOTAL
from geo.publication import attack_together
from geo.residents import ONLY_WITH, ONLY_WITHOUT, STAYS
from geo.ssda903 import read_return
from mapping.access import Viewer

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]
Run = Callable[..., tuple[int, str, str]]
DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"


def found_in(case: Path, role: str = "analyst") -> Placed:
    places = analysing.load_geography(case)
    return find_placements(analyse(case, viewer=Viewer(role), linked=False), places)


@pytest.fixture(scope="module")
def demo() -> Placed:
    return found_in(DEMO)


# The demo ------------------------------------------------------------------------------------


def test_the_demo_says_what_placed_children_explain(demo: Placed) -> None:
    assert placements.totals(demo) == {
        "episodes": 13113,
        "episodes_others": 2894,
        "children": 2865,
        "children_others": 332,
    }
    assert placements.answer(demo) == (
        "On 31 March 2026, 121 of 209 children placed on this map were placed by other authorities; children so placed "
        "account for 2,894 of 13,113 missing episodes since 1 April 2023 (22%)."
    )
    assert placements.further(demo) == [
        "14 more are placed elsewhere, or nobody recorded where.",
        "Children placed here by others are 332 of the 2,865 children missing.",
        "Without them 2 of 6 hotspots (children missing at least once) would not be one: Brenquill and Aldrith. Norrisquay would become one.",
        "Of 102 children for whom Quillmarsk is responsible, 14 are placed outside it (half of them 22 km or more from home).",
    ]


def test_the_demos_ward_of_placed_children_is_explained_by_them(demo: Placed) -> None:
    rows = placements.hotspots_explained(demo)
    first = rows[rows["measure"] == "children_missing"].iloc[0]

    assert (first["area_name"], first["rank"], first["rank_without"]) == ("Dunvell", 1, 2)
    assert (first["episodes_others"], first["episodes"]) == (703, 1320)
    assert (first["children_only_others"], first["children"]) == (80, 214)
    assert first["share_of_episodes"] == pytest.approx(703 / 1320)
    assert first["share_of_children"] == pytest.approx(80 / 214) == first["explained"]
    assert first["rate_difference"] == pytest.approx(first["rate"] * 80 / 214)
    changes = rows.groupby(["measure", "change"])["area_name"].agg(sorted).to_dict()
    assert changes == {
        ("children_missing", ONLY_WITH): ["Aldrith", "Brenquill"],
        ("children_missing", ONLY_WITHOUT): ["Norrisquay"],
        ("children_missing", STAYS): ["Dunvell", "Garrowmel", "Hexwold", "Ivelquay"],
        ("missing_episodes", ONLY_WITH): ["Aldrith", "Corvash"],
        ("missing_episodes", STAYS): ["Brenquill", "Dunvell", "Garrowmel", "Ivelquay"],
    }
    assert any("Dunvell</b>: 53% of episodes" in line for line in explained_lines(demo, "children_missing"))


def test_what_is_missing_is_counted(demo: Placed) -> None:
    assert demo.gaps[["what", "rows", "of"]].values.tolist() == [
        [
            "No sign on record that anybody here was told (no referral or contact since the stay began)",
            113,
            121,
        ],
        ["Missing during the stay and back, and no return interview on record", 13, 121],
        ["The placement is outside every ward of this map", 14, 223],
        ["The episode lies outside every ward of this map", 37, 13150],
    ]


def test_children_are_counted_by_the_authority_responsible_for_them(demo: Placed) -> None:
    people = pd.read_csv(DEMO / "people.csv", dtype=str).set_index("person_id")["responsible_authority"]
    rows = pd.read_csv(DEMO / "placements.csv", dtype=str)
    now = rows[rows["ended_on"].isna() | (rows["ended_on"] >= "2026-03-31")].drop_duplicates("person_id")

    found = placements.by_authority(demo)

    assert found["children"].sum() == len(now)
    named = found.set_index("responsible_authority")["children"].rename({"Quillmarsk": "E08999001"})
    assert named.to_dict() == now["person_id"].map(people).value_counts().to_dict()
    assert found["out_of_area"].tolist() == [45, 40, 25, 11, 14]


def test_where_children_gather_names_providers_places_and_wards(demo: Placed) -> None:
    found = placements.gathered(demo)

    assert found.groupby("by")["children"].sum().to_dict() == {"Place": 223, "Provider": 223, "Ward": 223}
    assert found.iloc[0][["called", "children", "placed_by_others"]].tolist() == [
        "Northlight Bobbin Homes",
        69,
        28,
    ]
    wards = found[found["by"] == "Ward"]
    assert wards.iloc[0][["called", "children"]].tolist() == ["Dunvell", 33]
    assert "not on this map" in set(wards["called"])


def test_what_is_published_cannot_be_worked_back(demo: Placed) -> None:
    shown = placements.publishable(demo).set_index("area_code")

    tables = {
        name: shown[[f"{name}_not_placed_by_others", f"{name}_placed_by_others", f"{name}_total"]].set_axis(
            ["rest", "placed", TOTAL], axis=1
        )
        for name in ("children", "episodes")
    }
    weak = attack_together(tables, within=[("children", "episodes")])
    assert len(weak)
    assert (weak["lowest"] < weak["highest"]).all()
    split = demo.split.set_index("ward_code")
    few = split.index[split["children_only_others"].between(1, 5)]
    assert len(few)
    assert (shown.loc[few, "children_placed_by_others"] == "c").all()
    assert not shown.isin(["1", "2", "3", "4", "5"]).any(axis=None)


# Pictures ------------------------------------------------------------------------------------


def test_the_switch_never_moves_the_scale(demo: Placed) -> None:
    for shade in ("rate", "share", "placed_now_by_others"):
        both = [values(demo, shade, on) for on in (True, False)]
        assert scale(demo, shade).tolist() == pytest.approx(np.concatenate(both), nan_ok=True)
    assert (values(demo, "rate", False) <= values(demo, "rate", True)).all()
    assert len(hot(demo, "children_missing", True)) == 6
    assert len(hot(demo, "children_missing", False)) == 5


def test_bars_hold_the_numbers_of_the_table(demo: Placed) -> None:
    last = ranked(demo, "children_missing")["ward_code"].iloc[-1]
    chart = bars(demo, "children_missing", last)

    assert chart is not None
    drawn = pd.DataFrame(chart["data"]["values"])
    top = demo.split.set_index("ward_name").loc["Dunvell"]
    assert drawn[drawn["ward"] == "Dunvell"]["episodes"].sum() == top["episodes"]
    assert drawn["ward"].nunique() == 13
    assert drawn["ward"].str.endswith("(chosen)").sum() == drawn["here"].nunique()


@pytest.mark.parametrize(("km", "said"), [(None, "not known"), (0.4, "under 1 km"), (12.4, "12 km")])
def test_a_distance_is_said_or_not_known(km: float | None, said: str) -> None:
    assert distance(float("nan") if km is None else km) == said


# Other cases ---------------------------------------------------------------------------------


def test_a_case_without_placements_or_without_a_map_says_so(
    write_case: Callable[..., Path], small_case: ModuleType, tmp_path: Path
) -> None:
    nothing = found_in(write_case())
    assert placements.answer(nothing) == (
        "No placement is on record, so nothing can be said of placed children. Check that the case has a placements table."
    )
    case = write_case(
        "placed",
        locations=[{"location_id": "L1", "kind": "childrens_home"}],
        placements=[{"person_id": "C1", "location_id": "L1", "started_on": "2024-01-01"}],
    )
    placed = found_in(case)
    assert (placements.further(nothing), placements.further(placed)) == ([], [])
    assert placements.answer(placed) == (
        "On 1 January 2024 1 child is placed. The case has no ward boundaries, so it cannot be said who is placed here by "
        "other authorities."
    )
    with pytest.raises(ValueError, match="No ward of a known authority"):
        placements.publishable(placed)


def test_a_planner_gets_no_child(demo: Placed, case: Path) -> None:
    seen = found_in(case, "planner")

    assert len(seen.now) == 1
    assert (len(seen.notified), len(placements.out_of_area(seen))) == (0, 0)
    results = placements.results(seen)
    assert {name: len(table) for name, table in results.items() if "person_id" in table} == {
        "placements": 0,
        "notifications": 0,
    }
    assert "told" not in " ".join(seen.gaps["what"])
    # The wards are those of colleagues who see people.
    assert seen.split.equals(found_in(case, "social_worker").split)
    # A foster home is somebody's home: no row of its own.
    listed = [placements.gathered(replace(demo, sees_people=sees)) for sees in (True, False)]
    homes = [rows.loc[rows["by"] == "Place", "called"].str.contains("Foster home").sum() for rows in listed]
    assert homes[0] > 50
    assert homes[1] == 0


# The page ------------------------------------------------------------------------------------


def test_the_page_lists_children_by_initials(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "placements")

    assert not app.exception
    said = shown(app)
    assert "On 30 May 2024, 1 of 1 child placed on this map was placed by other authorities" in said
    listed = next(table.value for table in app.dataframe if "Sign that we were told" in table.value)
    assert listed[["Child", "Placed by", "Placement", "Sign that we were told"]].values.tolist() == [
        ["EQ (C005)", "E08000098", "Brook House", "none on record"]
    ]
    assert "Quill (C005)" not in said + listed.to_string()


def test_a_planner_sees_wards_and_no_child(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "placements", role="planner")
    app.switch_page("views/placements.py").run()

    assert not app.exception
    assert "Children are not listed for this role." in shown(app)
    text = "".join(table.value.to_string() for table in app.dataframe)
    assert "C005" not in text + shown(app)
    assert "(C0" not in text


def test_hostile_names_stay_text(
    open_app: OpenApp, shown: Shown, small_case: ModuleType, hostile: dict[str, str], tmp_path: Path
) -> None:
    app = open_app(small_case.write_case(tmp_path / "hostile", name=hostile["markup"]), "placements")

    assert not app.exception
    assert "<img" not in shown(app)


# The command ---------------------------------------------------------------------------------


def test_the_command_writes_every_table(run: Run, case: Path, tmp_path: Path) -> None:
    code, printed, _ = run("placements", case, "--out", tmp_path / "out")

    assert code == 0
    assert "On 30 May 2024, 1 of 1 child placed on this map was placed by other authorities" in printed
    held = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert held == [
        "gatherings.parquet",
        "notifications.parquet",
        "placed_hotspots.parquet",
        "placed_wards.parquet",
        "placements.parquet",
        "placements_missing.parquet",
        "summary.json",
    ]
    rows = pd.read_parquet(tmp_path / "out" / "placements.parquet")
    assert rows[["person_id", "placed_by", "out_of_area"]].values.tolist() == [["C005", "E08000098", False]]


def test_the_command_publishes_counts_only(run: Run, case: Path, tmp_path: Path) -> None:
    code, printed, _ = run("placements", case, "--out", tmp_path / "out", "--publish")

    assert (code, printed) == (0, f"Counts with small numbers hidden were written to {tmp_path / 'out'}.\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "placed_counts.parquet",
        "summary.json",
    ]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert sorted(summary) == ["as_of", "files", "settings", "version"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give either a case, or --ssda903"),
        (("CASE", "--ssda903", "DIR"), "Give either a case, or --ssda903"),
        (("CASE", "--authority", "E08000002"), "--authority and --as-case go with --ssda903"),
    ],
)
def test_wrong_usage_is_refused(run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    code, _, complained = run("placements", *arguments, "--out", tmp_path / "out")

    assert code == 2
    assert said in complained


# A return as it is ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def places(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Greater Manchester's wards and postcodes in one folder."""
    folder = tmp_path_factory.mktemp("gm")
    for path in ("wards/gm_wards_WD25.geojson", "postcodes/gm_codepoint_open_may2025.csv"):
        (folder / Path(path).name).symlink_to(realdata / path)
    return folder


def test_a_return_is_analysed_like_a_case(run: Run, realdata: Path, places: Path, tmp_path: Path) -> None:
    arguments = ("--ssda903", realdata / "ssda903", "--authority", "E08000010", "--geography", places)
    code, printed, complained = run(
        "placements", *arguments, "--as-case", tmp_path / "case", "--out", tmp_path / "out"
    )

    assert (code, "Traceback" in complained) == (0, False)
    assert "header: 2,675 rows read, 2,675 kept, 0 set aside; no faults." in printed
    assert "episodes: 5,050 rows read, 5,050 kept, 0 set aside; 9,343 faults." in printed
    assert "missing: 43 rows read, 43 kept, 0 set aside; no faults." in printed
    assert (
        "episodes PL_POST (70 rows, row 75, 'WA13 3UB' first): is not in the postcode file, which covers its district"
        in printed
    )
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["return"]["episodes"] == {
        "read": 5050,
        "kept": 5050,
        "set_aside": 0,
        "faults": 9343,
        "short_breaks": 803,
    }
    assert summary["rows"]["placements"] == {"read": 4247, "set_aside": 0, "not_known_yet": 0, "used": 4247}
    assert summary["rejected"] == {}
    # The twelve placements that are at a postcode of Greater Manchester are found in the ward of that postcode.
    assert summary["coverage"]["placements"] == {"total": 4247, "in_ward": 12, "outside": 0, "no_place": 4235}
    rows = pd.read_parquet(tmp_path / "out" / "placements.parquet")
    plain = pd.read_csv(realdata / "ssda903" / "episodes.csv", dtype=str, keep_default_na=False)
    # An episode that nobody ended is over where the next of the child begins.
    last = plain.assign(start=pd.to_datetime(plain["DECOM"], dayfirst=True)).sort_values(["CHILD", "start"])
    last = last.drop_duplicates("CHILD", keep="last")
    open_now = last[last["DEC"].isin(["", "01/04/2018"]) & ~last["LS"].isin(["V3", "V4"])]
    assert len(rows) == len(open_now) == 1196
    assert len(pd.read_parquet(tmp_path / "out" / "return_faults.parquet")) == 9343
    again = found_in(tmp_path / "case")
    assert len(again.now) == len(rows)


def test_a_return_says_who_is_out_of_area_where_that_can_be_told(realdata: Path, places: Path) -> None:
    """Of five children placed at a Greater Manchester postcode now, three are outside Wigan by the postcode file alone."""
    plain = pd.read_csv(realdata / "ssda903" / "episodes.csv", dtype=str, keep_default_na=False)
    codes = pd.read_csv(realdata / "postcodes" / "gm_codepoint_open_may2025.csv", dtype=str).set_index(
        "postcode"
    )
    here = plain[plain["PL_POST"].isin(codes.index) & plain["DEC"].eq("") & ~plain["LS"].isin(["V3", "V4"])]
    authority = here["PL_POST"].map(codes["lad"])
    geography = analysing.load_geography(places, places)
    returned = read_return(
        realdata / "ssda903",
        authority="E08000010",
        postcodes=geography.postcodes["postcode"] if geography else None,
    )

    found = find_placements(placements.analyse_return(returned, geography), geography)

    now = found.now.set_index("person_id")
    assert now["out_of_area"].isna().sum() == len(now) - len(here)
    away = placements.out_of_area(found)
    assert set(away["person_id"]) == set(here.loc[authority != "E08000010", "CHILD"])
    assert away["distance_km"].isna().all()
    assert "where 1,191 are placed is not known" in " ".join(placements.further(found))


def test_a_case_and_a_return_of_the_same_children_say_the_same(demo: Placed, tmp_path: Path) -> None:
    """The demo's own placed children, written as their authority would return them."""
    own = "E08999001"
    case = {name: pd.read_csv(DEMO / f"{name}.csv", dtype=str) for name in ("people", "placements", "locations", "missing")}  # fmt: skip
    rows = case["placements"][case["placements"]["placing_authority"] == own].merge(
        case["people"], on="person_id"
    )
    rows = rows[rows["responsible_authority"] == own].merge(case["locations"], on="location_id")

    def written(days: pd.Series) -> pd.Series:
        return pd.to_datetime(days.str[:10]).dt.strftime("%d/%m/%Y")

    header = rows.drop_duplicates("person_id")
    pd.DataFrame(
        {"CHILD": header["person_id"], "SEX": header["sex"].map({"M": "1", "F": "2"}), "DOB": written(header["date_of_birth"]), "ETHNIC": header["ethnicity"]}
    ).to_csv(tmp_path / "header.csv", index=False)  # fmt: skip
    pd.DataFrame(
        {"CHILD": rows["person_id"], "DECOM": written(rows["started_on"]), "LS": "C2", "PLACE": rows["placement_type"], "PLACE_PROVIDER": "PR4",
         "DEC": written(rows["ended_on"]), "HOME_POST": rows["home_postcode"], "PL_POST": rows["postcode"], "URN": rows["location_id"].str[1:]}
    ).to_csv(tmp_path / "episodes.csv", index=False)  # fmt: skip
    gone = case["missing"][case["missing"]["person_id"].isin(header["person_id"])]
    pd.DataFrame(
        {"CHILD": gone["person_id"], "MISSING": "M", "MIS_START": written(gone["reported_at"]), "MIS_END": written(gone["found_at"])}
    ).to_csv(tmp_path / "missing.csv", index=False)  # fmt: skip
    geography = analysing.load_geography(DEMO)

    returned = placements.read_returned(tmp_path, geography, authority=own)
    found = find_placements(placements.analyse_return(returned, geography, as_of=demo.on), geography)

    aside = {name: part["set_aside"] for name, part in returned.counts.items()}
    assert aside == {"header": 0, "episodes": 0, "missing": 0}
    now = demo.now[demo.now["person_id"].isin(header["person_id"])].set_index("person_id").sort_index()
    again = found.now.set_index("person_id").sort_index()
    assert len(again) == len(now) == 102
    same = [
        "ward_code",
        "authority_code",
        "responsible_authority",
        "placed_by",
        "since",
        "kind",
        "out_of_area",
    ]
    assert again[same].astype(object).fillna("none").equals(now[same].astype(object).fillna("none"))
    # A return has postcodes where the case has points of its own.
    assert (again["distance_km"] - now["distance_km"]).abs().max() < 1.0
    theirs = demo.episodes[demo.episodes["person_id"].isin(header["person_id"])]
    assert len(found.episodes) == len(theirs)


def test_a_return_is_not_written_over_anything(run: Run, realdata: Path, case: Path, tmp_path: Path) -> None:
    code, _, complained = run(
        "placements", "--ssda903", realdata / "ssda903", "--as-case", case, "--out", tmp_path / "out"
    )

    assert code == 1
    assert "holds something already. Give --as-case a new or empty folder." in complained
