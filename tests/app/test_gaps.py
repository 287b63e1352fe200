"""What the Gaps page and the command `gaps` say and write."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import gaps
from app.analysis import analyse
from geo.gaps import COLUMNS, FEWER, IN_RECORDS, MORE, Gaps
from geo.publication import attack_together
from mapping.access import Viewer

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]
DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"
# Forty girls and forty boys of one age; twenty of the boys were referred and none of the girls.
PEOPLE = "person_id,date_of_birth,sex,ethnicity\n" + "".join(
    f"{sex}{number:02},2010-06-01,{sex},{'WBRI' if number else 'REFU'}\n"
    for sex in "FM"
    for number in range(40)
)
REFERRALS = "referral_id,person_id,received_on\n" + "".join(
    f"R{number:02},M{number:02},2025-0{1 + number % 2}-01\n" for number in range(20)
)


@pytest.fixture(scope="module")
def demo() -> Gaps:
    """The gaps of the demo."""
    return gaps.find_gaps(analyse(DEMO, wait=False))


def row(**values: Any) -> dict[str, Any]:
    """A row of the table, by default 5 of 50 boys."""
    plain = {
        "dimension": "sex",
        "group_code": "M",
        "group": "boys",
        "base": IN_RECORDS,
        "children": 50,
        "referrals": 6,
        "children_referred": 5,
        "expected": 10.0,
        "ratio": 0.5,
        "ratio_low": 0.2,
        "ratio_high": 0.9,
        "p_value": 0.01,
        "q_value": 0.02,
        "finding": FEWER,
        "children_not_recorded": 0.1,
        "referred_not_recorded": float("nan"),
    }
    return {**plain, **values}


def of(*rows: dict[str, Any]) -> Gaps:
    """Gaps with these rows."""
    return Gaps(pd.DataFrame(list(rows), columns=[*COLUMNS]), date(2025, 1, 1), date(2025, 6, 30), ())


# The command ----------------------------------------------------------------------------------------


def test_the_command_writes_the_table_and_says_what_stands_out(
    run: Any, write_case: Any, tmp_path: Path
) -> None:
    case = write_case(people=PEOPLE, referrals=REFERRALS)
    out = tmp_path / "out"
    code, printed, _ = run("gaps", case, "--out", out)
    assert code == 0
    written = pd.read_parquet(out / "gaps.parquet")
    assert written.columns.tolist() == list(COLUMNS)
    found = written[written["dimension"] == "sex"]
    columns = ["group", "children", "referrals", "children_referred", "expected", "finding"]
    assert found[columns].values.tolist() == [
        ["girls", 40, 0, 0, 10.0, FEWER],
        ["boys", 40, 20, 20, 10.0, MORE],
    ]
    lines = printed.splitlines()
    assert (
        "Fewer than expected: girls: 0 of 40 children in the records were referred, 10.0 expected;" in printed
    )
    assert "Sex not recorded: 0.0% of children in the records, 0.0% of those referred." in printed, (
        "the share of missing data stands beside each"
    )
    assert lines[-1].endswith(f"referrals between 1 January 2025 and 1 February 2025.) Written to {out}.")
    summary = json.loads((out / "summary.json").read_text())
    assert summary["settings"] == {"viewer": "analyst", "since": "2025-01-01", "until": "2025-02-01"}
    assert summary["results"] == {"groups": 5, "fewer_than_expected": 1, "more_than_expected": 1}


def test_a_period_can_be_given_and_cannot_begin_after_it_ends(
    run: Any, write_case: Any, tmp_path: Path
) -> None:
    case = write_case(people=PEOPLE, referrals=REFERRALS)
    out = tmp_path / "out"
    code, _, _ = run("gaps", case, "--out", out, "--since", "2025-01-15")
    assert code == 0
    found = pd.read_parquet(out / "gaps.parquet")
    assert found.loc[found["group_code"] == "M", "children_referred"].tolist() == [10]
    code, _, complaint = run("gaps", case, "--out", tmp_path / "other", "--since", "2026-01-01")
    assert code == 1
    assert "The period begins on 2026-01-01, after the as-of date 2025-02-01." in complaint
    assert not (tmp_path / "other").exists()


def test_the_command_leaves_a_folder_of_other_things_alone(run: Any, write_case: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    code, _, complaint = run("gaps", write_case(people=PEOPLE), "--out", tmp_path)
    assert code == 1
    assert "holds other things than an earlier result" in complaint


def test_a_case_without_referrals_compares_nothing(run: Any, write_case: Any, tmp_path: Path) -> None:
    dated = "episode_id,person_id,reported_at\nE1,F01,2025-03-01T10:00\n"
    code, printed, _ = run("gaps", write_case(people=PEOPLE, missing=dated), "--out", tmp_path / "out")
    assert code == 0
    assert "No child is recorded as referred between 1 March 2025 and 1 March 2025" in printed
    code, printed, _ = run("gaps", write_case("undated", people=PEOPLE), "--out", tmp_path / "other")
    assert (code, gaps.NOBODY in printed) == (0, True)


def test_nothing_recorded_of_anybody_compares_nothing_but_says_so(write_case: Any) -> None:
    """Keeps out an error where no child has a sex, an ethnicity or a school on record."""
    people = "person_id,date_of_birth\nC1,2010-06-01\nC2,2010-06-01\n"
    referrals = "referral_id,person_id,received_on\nR1,C1,2025-01-01\n"
    found = gaps.find_gaps(analyse(write_case(people=people, referrals=referrals), wait=False))
    assert found.table.empty
    assert gaps.parts(found) == []
    assert gaps.first_part(found) is None
    assert gaps.answer(found) == gaps.NOBODY
    assert gaps.sentences(found) == []


# The answers ----------------------------------------------------------------------------------------


def test_a_row_in_words() -> None:
    assert gaps.sentence(row()) == (
        "boys: 5 of 50 children in the records were referred, 10.0 expected; 0.50 times as many (95% interval 0.20 to 0.90). "
        "Sex not recorded: 10.0% of children in the records, not known of those referred."
    )
    assert gaps.called(row(dimension="ward", group="Alder")) == "Alder (ward)"
    assert gaps.missing(row(dimension="ward", referred_not_recorded=0.0)) == (
        "Ward not recorded, or not on the map: 10.0% of children in the records, 0.0% of those referred."
    )


def test_the_answer_names_both_directions() -> None:
    more = row(group_code="F", group="girls", children_referred=30, finding=MORE)
    assert gaps.answer(of(row(), more)) == (
        "1 group has fewer children referred than expected: boys, 5 against 10 expected. "
        "1 group has more children referred than expected: girls, 30 against 10 expected. "
        "(2 groups compared, referrals between 1 January 2025 and 30 June 2025.)"
    )
    assert gaps.answer(of(row(finding=""))) == (
        "No group has fewer or more children referred than chance explains "
        "(1 group compared, referrals between 1 January 2025 and 30 June 2025)."
    )
    assert gaps.answer(of(row(children_referred=0, finding=""))) == (
        "No child is recorded as referred between 1 January 2025 and 30 June 2025, so nothing can be compared."
    )


def test_findings_come_by_the_children_away_from_expected_and_each_group_once() -> None:
    small = row(dimension="ethnicity", group_code="Asian", group="Asian", children_referred=8)
    twice = [row(dimension=name, group_code="F White", group="girls, White", children_referred=2) for name in ("sex and ethnicity", "sex and background")]  # fmt: skip
    found = gaps.findings(of(small, row(), *twice), FEWER)
    assert found[["dimension", "group"]].values.tolist() == [
        ["sex and ethnicity", "girls, White"],
        ["sex", "boys"],
        ["ethnicity", "Asian"],
    ]


def test_the_rows_of_a_part_are_rounded_and_in_words() -> None:
    found = gaps.part(of(row(ratio=0.512, expected=9.96), row(group_code="F", ratio=0.1, finding="")), "sex")
    columns = ["group_code", "said", "expected", "ratio", "children_not_recorded_percent"]
    assert found[columns].values.tolist() == [
        ["F", gaps.AS_EXPECTED, 10.0, 0.1, 10.0],
        ["M", FEWER, 10.0, 0.51, 10.0],
    ]


def test_where_nobody_was_expected_nothing_is_called_chance() -> None:
    nobody = {"children_referred": 0, "expected": 0.0, "finding": "", **dict.fromkeys(("ratio", "ratio_low", "ratio_high"))}  # fmt: skip
    found = gaps.part(of(row(), row(group_code="F", **nobody)), "sex").set_index("group_code")
    assert found.loc["F", ["said", "interval"]].tolist() == ["nobody expected", "not known"]
    assert found.loc["M", ["said", "interval"]].tolist() == [FEWER, "0.20 to 0.90"]


def test_a_part_is_labelled_with_its_findings() -> None:
    assert gaps.part_label(of(row(), row(finding=""), row(dimension="ward")), "sex") == "Sex (1)"


def test_the_findings_of_all_parts_add_up_to_those_of_the_answer(demo: Gaps) -> None:
    """White girls and boys are a group of ethnicity and one of background: they count once, and are listed once."""
    assert gaps.parts(demo) == ["ward", "school", "sex", "ethnicity", "sex and ethnicity"]
    assert len({gaps.part_label(demo, name) for name in gaps.parts(demo)}) == 5
    found = [int((gaps.part(demo, name)["finding"] != "").sum()) for name in gaps.parts(demo)]
    assert sum(found) == len(gaps.findings(demo, FEWER)) + len(gaps.findings(demo, MORE)) == 14
    both = gaps.part(demo, gaps.first_part(demo) or "")
    assert not both["group"].duplicated().any()
    assert "girls, Black, dual heritage and other minority ethnic" in both["group"].tolist()


def test_the_group_that_few_refer_in_the_demo_is_found(demo: Gaps) -> None:
    """Girls of Black, dual heritage and other minority ethnic groups are planted as under-identified."""
    found = gaps.findings(demo, FEWER)["group"].tolist()
    assert found[:2] == ["girls", "girls, Black, dual heritage and other minority ethnic"]
    assert "girls, Black, dual heritage and other minority ethnic, 29 against 66 expected" in gaps.answer(
        demo
    )


def test_a_planner_sees_wards_only(demo: Gaps) -> None:
    found = gaps.find_gaps(analyse(DEMO, wait=False, viewer=Viewer("planner")))
    assert set(found.table["dimension"]) == {"ward"}
    assert found.notes[-1] == gaps.WARDS_ONLY
    counts = ["group_code", "children", "children_referred", "expected", "ratio_low"]
    wards = demo.table[demo.table["dimension"] == "ward"]
    pd.testing.assert_frame_equal(found.table[counts], wards[counts].reset_index(drop=True))


# The page -------------------------------------------------------------------------------------------


def test_the_page_says_both_directions_and_what_is_missing(
    open_app: OpenApp, shown: Shown, write_case: Any
) -> None:
    app = open_app(write_case(people=PEOPLE, referrals=REFERRALS), "gaps")
    assert not app.exception
    said = shown(app)
    assert '<h1 class="cm-title">Gaps</h1>' in said
    assert said.count("Nothing here beyond what could be chance.") == 2
    assert "Sex and ethnicity not recorded: 2.5% of children in the records, 5.0% of those referred." in said
    assert "Silence can be good news, or nobody looking" in said
    app.segmented_control(key="gaps_dimension").set_value("sex").run()
    said = shown(app)
    assert "<b>Girls</b>: 0 referred, 10.0 expected: 0.00 times as many" in said
    assert "<b>Boys</b>: 20 referred, 10.0 expected: 2.00 times as many" in said
    assert app.dataframe[0].value["Referred"].tolist() == [0, 20]
    assert app.dataframe[0].value["Against expected"].tolist() == [FEWER, MORE]


def test_the_page_of_a_case_without_children_says_so(
    open_app: OpenApp, shown: Shown, write_case: Any
) -> None:
    app = open_app(write_case(people="person_id,date_of_birth\nA1,1980-01-01\n"), "gaps")
    assert not app.exception
    assert gaps.NOBODY in shown(app)


def test_a_planner_opens_the_page_by_ward_only(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, role="planner")
    app.switch_page("views/gaps.py").run()
    assert not app.exception
    assert gaps.WARDS_ONLY in shown(app)
    everything = shown(app) + "".join(frame.value.to_csv() for frame in app.dataframe)
    for other in ("Hill School", "C001", "Quill", "Ada"):
        assert other not in everything


def test_text_of_the_case_is_shown_and_not_obeyed() -> None:
    card = gaps.card(row(dimension="school", group="<img src=x onerror=alert(1)>"))
    assert "<img" not in card
    assert "&lt;img src=x onerror=alert(1)&gt; (school)" in card


# For a wider audience ---------------------------------------------------------------------------------


def test_published_gaps_are_text_and_the_command_writes_nothing_else(
    run: Any, write_case: Any, tmp_path: Path
) -> None:
    case = write_case(people=PEOPLE, referrals=REFERRALS)
    out = tmp_path / "out"
    code, printed, _ = run("gaps", case, "--out", out, "--publish")
    assert (code, printed) == (0, f"Counts with small numbers hidden were written to {out}.\n")
    assert sorted(path.name for path in out.iterdir()) == ["gap_counts.parquet", "summary.json"]
    written = pd.read_parquet(out / "gap_counts.parquet")
    assert written.columns.tolist() == list(gaps.PUBLISHED)
    # One girl and one boy of forty have no ethnicity recorded: with them, one more of each is hidden.
    found = written[["dimension", "group", "children", "children_referred", "finding"]]
    assert found.values.tolist() == [
        ["sex", "girls", "40", "0", FEWER],
        ["sex", "boys", "40", "20", MORE],
        ["ethnicity", "White", "c", "c", "c"],
        ["sex and background", "girls, White", "c", "0", "c"],
        ["sex and background", "boys, White", "c", "c", "c"],
    ]
    summary = json.loads((out / "summary.json").read_text())
    assert sorted(summary) == ["as_of", "files", "notes", "settings", "version"]
    # Again without: the earlier result is replaced.
    assert run("gaps", case, "--out", out)[0] == 0
    assert sorted(path.name for path in out.iterdir()) == ["gaps.parquet", "summary.json"]


def test_nothing_published_of_the_demo_can_be_worked_back() -> None:
    """Whoever has the whole file adds up wards, schools, and sex by background with the groups it is made of."""
    analysis = analyse(DEMO, linked=False)
    found = gaps.publishable(analysis)
    assert set(found["children"]) & set("12345") == set()
    assert set(found["children_referred"]) & set("12345") == set()
    counts = [*gaps.PUBLISHED[2:4]]
    lists = {
        name: found[found["dimension"] == name].set_index("group")[counts] for name in ("ward", "school")
    }
    tables = {
        f"{name} {column}": table[[column]].set_axis([""], axis=1)
        for name, table in lists.items()
        for column in counts
        if (name, column) != ("ward", "children")
    }
    both = found[found["dimension"] == "sex and background"].set_index("group")
    of = {name: found[found["dimension"] == name].set_index("group") for name in ("sex", "ethnicity")}
    for column in counts:
        # A reader knows rows and their totals; how many have no ethnicity recorded is not told.
        tables[f"sex {column}"] = pd.DataFrame(
            [
                [both.at[f"{sex}, {name}", column] for name in ("White", gaps.MINORITY)]
                for sex in ("girls", "boys")
            ]
        )
        minority = of["ethnicity"][column].drop("White")
        tables[f"ethnicity {column}"] = minority.to_frame("")
    found_back = attack_together(tables, within=[("school children_referred", "school children")])
    assert len(found_back) == 3
    assert found_back[found_back["lowest"] == found_back["highest"]].empty
    # The group that nobody sees is still seen.
    girls = both.loc[f"girls, {gaps.MINORITY}"]
    assert (girls["children_referred"], girls["finding"]) == ("29", FEWER)
