"""What the command `hotspots` writes and the Hotspots page says."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from app import hotspot_page, hotspots, state
from app.commands.hotspots import MEASURES
from geo import measures
from geo.clusters import COLUMNS as CLUSTERS
from geo.hotspot_table import COLUMNS, Hotspots

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]
DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"


def table(hot: list[bool | None], *, not_tested: list[str] | None = None) -> Hotspots:
    count = len(hot)
    frame = pd.DataFrame(
        {
            "area_code": [f"W{at}" for at in range(count)],
            "area_name": [f"Ward {at}" for at in range(count)],
            "gi_star_z": range(count),
            "hotspot": pd.array(hot, dtype="boolean"),
            "funnel_position": "within",
            "not_tested": not_tested or [""] * count,
            "observed": [3.0, 12.0, 4.0, 20.0][:count],
            "rate": [1.5, 6.0, 2.0, 10.0][:count],
        }
    )
    return Hotspots(frame, pd.DataFrame())


# The command ----------------------------------------------------------------------------------------


def test_the_command_writes_every_ward_and_cluster(run: Any, case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ("--measure", "missing_episodes", "--as-of", "2024-06-30", "--viewer", "planner")
    code, printed, _ = run("hotspots", case, "--out", out, "--months", *asked)
    assert (code, printed.endswith(f"Written to {out}.\n")) == (0, True)
    assert sorted(path.name for path in out.iterdir()) == [
        "hotspot_months.parquet",
        "hotspots.parquet",
        "scan_clusters.parquet",
        "summary.json",
    ]
    written = pd.read_parquet(out / "hotspots.parquet")
    assert written.columns.tolist() == list(COLUMNS)
    assert len(written) == 4
    months = pd.read_parquet(out / "hotspot_months.parquet")
    assert months["observed"].sum() == written["observed"].sum()
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["measure"], summary["by"], summary["viewer"]) == ("missing_episodes", "ward", "planner")
    # Again without months: the earlier result is replaced.
    assert run("hotspots", case, "--out", out)[0] == 0
    assert not (out / "hotspot_months.parquet").exists()


def test_lsoas_of_the_demo_by_their_centroids(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, printed, _ = run("hotspots", DEMO, "--out", out, "--by", "lsoa", "--measure", "missing_episodes")
    assert (code, " of 232 LSOAs, taken with those around them, are higher than" in printed) == (0, True)
    written = pd.read_parquet(out / "hotspots.parquet")
    assert written["area_code"].nunique() == len(written) == 232
    assert written["standardised_by"].unique().tolist() == ["age"]
    assert written[
        ["imd_edition", "area_vintage", "population_source"]
    ].drop_duplicates().values.tolist() == [
        ["IMD 2025 on LSOA21", "LSOA21", "population by LSOA21 (population_lsoa21.csv)"]
    ]
    notes = json.loads((out / "summary.json").read_text())["notes"]
    assert any(
        note.startswith("There are no LSOA boundaries: each LSOA is the ground nearer to") for note in notes
    )
    assert any(
        " missing episodes are in none of these areas: their place is outside all" in note for note in notes
    )


def test_what_is_published_hides_small_counts(run: Any, case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("hotspots", case, "--out", out, "--publish")[0] == 0
    assert sorted(path.name for path in out.iterdir()) == ["hotspot_counts.parquet", "summary.json"]
    written = pd.read_parquet(out / "hotspot_counts.parquet")
    assert not set(written["observed"]) & {"1", "2", "3", "4", "5"}
    summary = json.loads((out / "summary.json").read_text())
    assert "rows" not in summary
    assert not any("are in none of these areas" in note for note in summary["notes"])
    assert run("hotspots", case, "--out", out, "--publish", "--months")[0] == 0
    assert pd.read_parquet(out / "hotspot_month_counts.parquet")["area_code"].tolist()[-1] == "Total"


def test_a_rate_is_hidden_beside_its_count() -> None:
    found = hotspots.publishable(table([False] * 4))
    assert found.values.tolist() == [
        ["W0", "Ward 0", "c", "c"],
        ["W1", "Ward 1", "12", "6.0"],
        ["W2", "Ward 2", "c", "c"],
        ["W3", "Ward 3", "20", "10.0"],
        ["Total", "", "39", ""],
    ]


def test_without_population_a_sentence_and_exit_1(run: Any, write_case: Any, tmp_path: Path) -> None:
    case = write_case(people="person_id\nC1\n")
    code, _, said = run("hotspots", case, "--out", tmp_path / "out")
    assert code == 1
    assert "There are no ward boundaries: put an official boundary file into the geography folder" in said
    assert not (tmp_path / "out").exists()


def test_what_does_not_go_together_is_wrong_usage(run: Any, case: Path, tmp_path: Path) -> None:
    asked = ("hotspots", case, "--out", tmp_path / "out", "--months")
    code, _, said = run(
        "hotspots", case, "--out", tmp_path / "out", "--measure", "incidents", "--standardised"
    )
    assert (code, "Incidents are of places and have no age" in said, "Leave out --standardised" in said) == (
        1,
        True,
        True,
    )
    code, _, said = run(*asked, "--publish", "--by", "lsoa")
    assert (code, "In an LSOA nearly every count of a month is small" in said) == (2, True)
    code, _, said = run(*asked, "--measure", "children_known")
    assert (code, "children_known is a count at one day and has no months." in said) == (2, True)


def test_without_anything_dated_there_are_no_months(run: Any, small_case: ModuleType, tmp_path: Path) -> None:
    case = small_case.write_case(tmp_path / "case")
    (case / "referrals.csv").write_text((case / "referrals.csv").read_text().splitlines()[0] + "\n")
    code, _, said = run("hotspots", case, "--out", tmp_path / "out", "--measure", "referrals", "--months")
    assert (code, "Nothing that referrals counts has a date here" in said) == (1, True)
    assert not (tmp_path / "out").exists()


def test_every_column_is_explained() -> None:
    page = (DEMO.parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    part = page.split("### hotspots\n")[1].split("### scan_clusters\n")[0]
    named = {
        name.strip()
        for line in part.splitlines()
        for name in line.split("|")[1:2]
        for name in name.split(",")
    }
    assert named - {"column", "---"} == set(COLUMNS)
    part = page.split("### scan_clusters\n")[1].split("### hotspot_months\n")[0]
    named = {
        name.strip()
        for line in part.splitlines()
        for name in line.split("|")[1:2]
        for name in name.split(",")
    }
    assert named - {"column", "---"} == set(CLUSTERS)


def test_the_command_knows_every_measure() -> None:
    assert tuple(MEASURES) == measures.MEASURES


# The answer -----------------------------------------------------------------------------------------


def test_the_answer_counts_wards_and_what_is_left_without_placed_children() -> None:
    found = table([True, True, False])
    assert hotspots.answer(found, table([True, False, False])) == (
        "2 of 3 wards, taken with those around them, are higher than chance explains: Ward 1 and Ward 0. "
        "1 of them is not when children placed here by other authorities are left out."
    )
    assert hotspots.answer(found, found).endswith(
        "That stays so when children placed here by other authorities are left out."
    )
    assert hotspots.answer(found, table([None] * 3)).endswith(
        "What is left without placed children is not known."
    )
    assert hotspots.answer(table([False, False]), None) == (
        "None of 2 wards, taken with those around it, is higher than chance explains."
    )
    alone = table([False, False])
    alone.table["funnel_position"] = ["above 99.8%", "within"]
    assert hotspots.answer(alone, None) == (
        "None of 2 wards, taken with those around it, is higher than chance explains; "
        "by itself 1 ward is, Ward 0 most of all."
    )
    assert hotspots.answer(table([None], not_tested=["nobody lives there"]), None) == (
        "No ward can be told from chance: there is too little to compare."
    )


# The page -------------------------------------------------------------------------------------------


def test_the_ratio_by_age_is_shown_with_its_interval_and_never_without() -> None:
    row = {
        **dict.fromkeys(("rate", "rate_low", "rate_high", "smoothed_rate", "expected"), 1.0),
        **{
            "observed": 12,
            "hotspot": True,
            "gi_star_p": 0.01,
            "not_tested": "",
            "standardised_by": "age and sex",
        },
        **{"standardised_ratio": 1.237, "standardised_low": 1.05, "standardised_high": 1.472},
    }
    said = hotspot_page.profile_html(row, name="Children", kind=None)
    assert (
        "Allowing for age and sex: <b>1.24</b> times what its children lead one to expect, 95% interval <b>1.05 to 1.47</b></div>"
        in said
    )
    unclear = hotspot_page.profile_html(row | {"standardised_low": 0.9}, name="Children", kind=None)
    assert "<b>0.90 to 1.47</b>, which chance could explain</div>" in unclear
    # Incidents have no age; a single month has no such ratio.
    for without in (
        row | {"standardised_ratio": np.nan},
        {key: row[key] for key in row if "standard" not in key},
    ):
        assert "Allowing for" not in hotspot_page.profile_html(without, name="Incidents", kind=None)
    rows = pd.DataFrame([row, row | {"standardised_ratio": np.nan}])
    found = hotspot_page.standardised(rows)
    assert (found["by_age"].tolist()[0], found["by_age_interval"]) == (1.24, ["1.05 to 1.47", ""])
    assert hotspot_page.standardised(rows.iloc[1:]) == {}
    assert hotspot_page.standardised(rows.drop(columns="standardised_ratio")) == {}


def test_the_page_says_how_many_wards_and_that_the_scale_stays(
    open_app: OpenApp, shown: Shown, case: Path
) -> None:
    app = open_app(case, "hotspots")
    assert not app.exception
    assert "Children missing at least once: " in shown(app)
    assert "Getis-Ord Gi*" in shown(app)
    legend = [
        element.proto.body for element in app.get("html") if "What the colours mean" in element.proto.body
    ]
    app.toggle[0].set_value(False).run()
    assert not app.exception
    assert "without children placed here by other authorities" in shown(app)
    now = [element.proto.body for element in app.get("html") if "What the colours mean" in element.proto.body]
    assert now == legend


def test_every_measure_and_shade_opens(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "hotspots")
    for measure, label in hotspot_page.LABELS.items():
        next(found for found in app.selectbox if found.label == "Measure").select(measure).run()
        assert not app.exception
        assert f"{label}: " in shown(app)
    for shade in hotspot_page.SHADES:
        next(found for found in app.selectbox if found.label == "Shaded by").select(shade).run()
        assert not app.exception


def test_a_month_by_itself(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "hotspots")
    # By its last day nothing is known of the whole of May yet.
    assert not app.select_slider
    app.session_state[state.AS_OF] = date(2024, 6, 30)
    app.run()
    app.select_slider[0].set_value("2024-05").run()
    assert not app.exception
    assert "Children missing at least once, in May 2024: " in shown(app)
    assert "Clusters are looked for over all months together." in shown(app)


def test_choosing_a_ward_shows_its_rate_with_its_interval(
    open_app: OpenApp, shown: Shown, case: Path
) -> None:
    app = open_app(case, "hotspots")
    app.session_state["chosen"] = {**app.session_state["chosen"], "ward": "E05000003"}
    app.run()
    assert not app.exception
    assert "Cedar</h2>" in shown(app)
    assert "95% interval <b>" in shown(app)


def test_a_planner_sees_hotspots_too(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, role="planner")
    app.switch_page("views/hotspots.py").run()
    assert not app.exception
    assert "Children missing at least once: " in shown(app)
    next(found for found in app.selectbox if found.label == "Measure").select("incidents").run()
    app.toggle[0].set_value(False).run()
    assert not app.exception
    assert "so incidents_residents is not known." in shown(app)


def test_without_wards_the_page_says_what_to_do(open_app: OpenApp, shown: Shown, write_case: Any) -> None:
    app = open_app(write_case(people="person_id,date_of_birth\nC1,2010-01-01\n"), "hotspots")
    assert not app.exception
    assert "Nothing can be compared. There are no ward boundaries" in shown(app)
