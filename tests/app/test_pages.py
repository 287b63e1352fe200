"""Open each page on a small case: what it says, what it rests on, and who may see it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from app.analysis import analyse
from mapping.access import Viewer

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]
S2 = "rests on one report (Police, 28 May 2024, S2)"
RESTS = {
    "UV (A1)": S2,
    "handset ending 041": S2,
    "incident, 18 May 2024": S2,
    "Brook House": "",
    "Quarry Field": "",
}
S1 = "rests on one report (Missing from home team, 20 May 2024, S1); there in 41 of 100 resamples"
# What each page says of a case that has only people: what is missing, or what to do.
MISSING = {
    "today": "No missing episode is on record at all. Import a case",
    "meeting": "Nothing is on the agenda.",
    "groups": "No three people are linked closely enough to be a group",
    "shared_contacts": "Nothing on record ties two or more children together",
    "peer_map": "Find one below to see who and what surrounds them.",
    "contexts": "Nothing here links two or more children, so there is nothing to open a case for.",
    "operations": "Otherwise record who harmed whom",
    "connect": "this case has people and no other records",
    "import_case": "nothing has been imported into the store yet",
    "duplicates": "waits for a decision",
    "wards": "Put official ward boundaries into a folder called geography",
    "hotspots": "There are no ward boundaries: put an official boundary file",
    "placements": "Check that the case has a placements table.",
    "when": "and nothing else that has a date.",
    "gaps": "there are no children of this period whose ward, school, sex or ethnicity is on record",
    "deprivation": "Put ward boundaries, an Index of Deprivation and a lookup into a folder called geography",
    "problem_profile": "so there is nothing to profile.",
    "dashboard": "No referral is on record at all",
    "boundaries": "There are no ward boundaries: put an official boundary file",
    "week_of_action": "No concern with a place and a time is recorded",
}
PAGES = tuple(MISSING)


def box(app: AppTest, label: str) -> Selectbox:
    return next(found for found in app.selectbox if found.label == label)


def choose(app: AppTest, **chosen: str) -> AppTest:
    """Choose as a click in a picture does."""
    app.session_state["chosen"] = {**app.session_state["chosen"], **chosen}
    return app.run()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", ["analyst", "social_worker", "chair"])
def test_every_page_opens_for_everyone_who_sees_people(
    open_app: OpenApp, shown: Shown, case: Path, page: str, role: str
) -> None:
    app = open_app(case, page, role=role)
    assert not app.exception
    assert shown(app).count("OFFICIAL-SENSITIVE") == 2
    assert '<h1 class="cm-title">' in shown(app)


def test_the_box_of_roles_begins_with_the_role_there_is(open_app: OpenApp, case: Path) -> None:
    """A browser draws the box when it is opened first and sends what it began with: a look made an analyst of anybody."""
    app = open_app(case, role="chair").run()
    roles = box(app, "Role")
    assert roles.options[roles.proto.default] == "chair of the daily meeting"


def test_today_says_who_is_missing_and_what_is_due(open_app: OpenApp, shown: Shown, case: Path) -> None:
    said = shown(open_app(case))
    assert (
        "1 child missing now; 1 return interview due within 72 hours of the child&#x27;s return and 1 past that time."
        in said
    )
    assert "<b>AQ (C001)</b> for <span class='cm-figure'>1 hour</span>" in said
    assert "since Thursday 30 May, 22:00, from Brook House" in said
    assert "last missing before: 1 May 2024; 2 episodes on record" in said
    assert "<b>BQ (C002)</b> <span class='cm-figure'>2 days left</span>" in said
    assert "New referral: <b>DQ (C004)</b>" in said


def test_a_group_opens_to_the_items_of_one_link(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "groups")
    assert "2 groups of three or more, 12 children and young people in them; 0 more are in pairs" in shown(
        app
    )
    box(app, "Group").select_index(1).run()
    said = shown(app)
    assert "6 children, 9 links" in said
    assert "Links in Group" in said
    app = choose(app, link="link:C007|C008")
    assert not app.exception
    said = shown(app)
    assert "GQ (C007) and HQ (C008)" in said
    assert "Linked: peers. 1 item, 1 March 2024 to 20 May 2024." in said
    assert "reliable source, known directly to the source" in said
    assert "Missing from home team" in said
    assert "associations row" in said


def test_names_in_reports_are_initials_until_a_reason_is_given(
    open_app: OpenApp, shown: Shown, case: Path, tmp_path: Path
) -> None:
    app = choose(open_app(case, "peer_map"), child="C001", link="link:C001|C002")
    assert "A.Q. says she and B.Q. were at the park together." in shown(app)
    assert "Ada" not in shown(app)
    next(button for button in app.button if button.label == "Show full names").click().run()
    assert "Type the reason first" in shown(app)
    next(field for field in app.text_input if field.label == "Why do you need full names?").set_value(
        "strategy meeting"
    ).run()
    next(button for button in app.button if button.label == "Show full names").click().run()
    assert "Ada Quill says she and Ben Quill were at the park together." in shown(app)
    assert "Peer map of Ada Quill (C001)" in shown(app)
    (log,) = (tmp_path / "log").iterdir()
    (line,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert (line["action"], line["role"], line["reason"], line["case"]) == (
        "full names shown",
        "social_worker",
        "strategy meeting",
        "small",
    )
    box(app, "Role").set_value("chair").run()
    assert "Ada" not in shown(app)


def test_names_stay_initials_where_the_log_cannot_be_written(
    open_app: OpenApp, shown: Shown, case: Path, tmp_path: Path
) -> None:
    app = open_app(case)
    (tmp_path / "log").write_text("in the way")
    next(field for field in app.text_input if field.label == "Why do you need full names?").set_value(
        "strategy meeting"
    ).run()
    next(button for button in app.button if button.label == "Show full names").click().run()
    assert "names stay as initials" in shown(app)
    assert "Ada" not in shown(app)


def test_a_shared_contact_shows_whom_it_connects_and_where_they_live(
    open_app: OpenApp, shown: Shown, case: Path
) -> None:
    app = open_app(case, "shared_contacts")
    said = shown(app)
    assert (
        "1 adult, 1 phone, vehicle or account, 2 places and 1 event each connect two or more children."
        in said
    )
    app = choose(app, contact="thing:T1")
    said = shown(app)
    assert "2 children in 2 groups, 2 wards and 1 authority. Nothing else links any two of them." in said
    assert "Where these children live: 2 wards" in said
    tables = [frame.value for frame in app.dataframe]
    assert any(
        list(table.columns) == ["Who", "Age", "Group", "Lives in ward", "Links to others here"]
        for table in tables
    )


def test_only_contacts_whose_children_are_not_otherwise_linked(open_app: OpenApp, case: Path) -> None:
    app = open_app(case, "shared_contacts")
    next(toggle for toggle in app.toggle if toggle.label.startswith("Only where")).set_value(True).run()
    assert not app.exception
    contacts = next(frame.value for frame in app.dataframe if "Contact" in frame.value.columns)
    assert contacts["The children are"].unique().tolist() == ["not otherwise linked"]


def test_a_peer_map_shows_who_protects_and_who_is_of_concern(
    open_app: OpenApp, shown: Shown, case: Path
) -> None:
    app = choose(open_app(case, "peer_map"), child="C001")
    said = shown(app)
    assert "Recorded as protective (1)" in said
    assert "Adults of concern (1)" in said
    assert "harm by an adult of concern (arrow to the child)" in said
    rows = next(frame.value for frame in app.dataframe if "Who or what" in frame.value.columns)
    assert {"Quarry Field", "Hill School", "WX (A2)", "UV (A1)"} <= set(rows["Who or what"])
    next(field for field in app.get("button_group") if field.label == "Steps from the child")
    app.session_state["peer_steps"] = 2
    app.run()
    assert not app.exception


def test_a_ward_has_a_profile(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "wards")
    assert "Children known who live here: 12 in all" in shown(app)
    app = choose(app, ward="E05000003")
    said = shown(app)
    assert "Deprivation decile: <b>6 of 10 (1 is the most deprived tenth of areas in England)</b>" in said
    assert "<b>3</b> missing episodes, <b>2</b> children, 33% of episodes are repeats" in said
    next(toggle for toggle in app.toggle if toggle.label.startswith("With children placed")).set_value(
        False
    ).run()
    assert "without children placed here by other authorities: 11 in all" in shown(app)


def test_a_ward_says_who_placed_children_there(open_app: OpenApp) -> None:
    """The demo's Dunvell; the same counts come from the CSV files by geopandas.sjoin."""
    demo = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"
    app = choose(open_app(demo, "wards"), ward="E05999004")
    wanted = ["Placed by", "Another authority", "Placements", "Children"]
    table = next(t.value for t in app.dataframe if list(t.value.columns) == wanted)
    assert table.values.tolist() == [
        ["E08999001", "no", 18, 16],
        ["E08999002", "yes", 40, 37],
        ["E08999003", "yes", 23, 22],
        ["E08999004", "yes", 35, 34],
        ["E08999005", "yes", 5, 5],
    ]


def test_what_is_said_once_does_not_move_the_tabs_of_a_profile(open_app: OpenApp, case: Path) -> None:
    """Tabs that move are new to a browser, which then opens the first: after each section kept, and again after that."""

    def place(within: Any, path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
        deeper = getattr(within, "children", {}).items()
        here = [path] if any(getattr(child, "type", "") == "tab" for _, child in deeper) else []
        return here + [each for at, child in deeper for each in place(child, (*path, at))]

    app = open_app(case, "problem_profile")
    before = place(app.main)
    app.session_state["said_once"] = "Kept: Summary."
    assert before
    assert [place(app.run().main), place(app.run().main)] == [before, before]


def test_a_planner_sees_wards_and_no_people(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, role="planner")
    assert not app.exception
    said = shown(app)
    assert '<h1 class="cm-title">Wards</h1>' in said
    assert not [button for button in app.button if button.label == "Show full names"]
    everything = said + "".join(frame.value.to_csv() for frame in app.dataframe)
    for person in ("C001", "AQ", "Ada", "Quill", "Brook House"):
        assert person not in everything


def test_what_an_analyst_sees_is_not_left_behind_for_others(
    open_app: OpenApp, shown: Shown, small_case: ModuleType, tmp_path: Path
) -> None:
    """Caches are shared by all users: what one role may see must not answer another's question."""
    case = small_case.write_case(tmp_path / "case")
    stated = (case / "associations.csv").read_text()
    (case / "associations.csv").write_text(stated + "C001,C012,peer,unknown,2024-05-01,2024-05-28,S3\n")
    analyst = choose(open_app(case, "peer_map", role="analyst"), child="C001")
    assert "1 report here reaches analysts only" in shown(analyst)
    assert "C012" in "".join(frame.value.to_csv() for frame in analyst.dataframe)
    worker = choose(open_app(case, "peer_map"), child="C001")
    assert "analysts only" not in shown(worker)
    assert "LQ (C012)" not in "".join(frame.value.to_csv() for frame in worker.dataframe)


def test_the_grade_band_filters_what_links_rest_on(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "shared_contacts")
    assert "1 phone, vehicle or account" in shown(app)
    app.session_state["grade_band"] = "A-B"
    app.run()
    assert "1 phone, vehicle or account" not in shown(app)


def test_an_earlier_day_shows_what_was_known_then(open_app: OpenApp, shown: Shown, case: Path) -> None:
    from datetime import date

    app = open_app(case)
    app.session_state["as_of"] = date(2024, 5, 25)
    app.run()
    assert not app.exception
    assert "as of <b>25 May 2024</b>" in shown(app)
    assert "no children missing now" in shown(app).lower()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda case: (case / "people.csv").unlink(), "has no table people"),
        (lambda case: (case / "people.csv").write_bytes(b""), "people"),
        (lambda case: (case / "people.csv").write_bytes(b"PK\x03\x04rest"), "people.csv"),
        (lambda case: (case / "geography" / "people.csv").write_text("WD17CD,children_10_17\nE05009999,5\n"), "WD17"),
    ],
)  # fmt: skip
def test_a_faulty_case_is_explained_in_plain_words(
    open_app: OpenApp,
    shown: Shown,
    small_case: ModuleType,
    tmp_path: Path,
    spoil: Callable[[Path], object],
    said: str,
) -> None:
    case = small_case.write_case(tmp_path / "case")
    spoil(case)
    app = open_app(case)
    assert not app.exception
    text = shown(app)
    assert "This case cannot be shown." in text
    assert said in text
    for inside in ("Traceback", "duckdb", "SELECT", ".py"):
        assert inside not in text


def test_no_case_folder(open_app: OpenApp, shown: Shown, tmp_path: Path) -> None:
    assert "There is no case folder at" in shown(open_app(tmp_path / "nowhere"))


def test_nobody_without_geography_is_lost(
    open_app: OpenApp, shown: Shown, small_case: ModuleType, tmp_path: Path
) -> None:
    import shutil

    case = small_case.write_case(tmp_path / "case")
    shutil.rmtree(case / "geography")
    assert "There is no map: the case has no ward boundaries." in shown(open_app(case, "wards"))
    for page in ("today", "groups", "shared_contacts"):
        assert not open_app(case, page).exception


@pytest.fixture(scope="module")
def people_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case that knows two children and nothing of them."""
    folder = tmp_path_factory.mktemp("alone") / "alone"
    folder.mkdir()
    (folder / "people.csv").write_text("person_id,date_of_birth\nC1,2010-01-01\nC2,2011-01-01\n")
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_a_case_of_people_alone_says_on_every_page_what_is_missing(
    open_app: OpenApp, shown: Shown, people_alone: Path, page: str
) -> None:
    app = open_app(people_alone, page)
    assert not app.exception
    assert MISSING[page] in shown(app)
    if page == "peer_map":
        assert not choose(app, child="C1").exception


@pytest.mark.parametrize("kinds", [["direction", "markup"], ["formula", "markdown"], ["long"]])
def test_hostile_names_are_text_on_every_page(
    open_app: OpenApp,
    shown: Shown,
    small_case: ModuleType,
    tmp_path: Path,
    hostile: dict[str, str],
    kinds: list[str],
) -> None:
    # Nothing is cut off before it has begun: whatever is shortened keeps the first 24 characters.
    case = small_case.write_case(tmp_path / "case", name=" ".join(hostile[kind] for kind in kinds))
    app = open_app(case, role="analyst")
    app.session_state["names_shown"] = True
    for page in PAGES:
        app.switch_page(f"views/{page}.py").run()
        if page == "groups":
            box(app, "Group").select_index(1).run()
        app = choose(app, child="C001", link="link:C001|C002", contact="thing:T1", ward="E05000003")
        assert not app.exception, page
        text = shown(app)
        assert "<img src=x" not in text
        assert "\u202e" not in text
        labels = [
            element.label
            for kind_of in ("button", "toggle", "selectbox", "text_input", "expander", "tab")
            for element in app.get(kind_of)
            if hasattr(element, "label")
        ]
        assert not [label for label in labels if "![x](" in str(label)], page
        # What is folded away is whole; an image in the text of the page is one long word.
        open_text = re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL).replace(">", " ")
        words = [word for word in open_text.split() if not word.startswith('src="data:')]
        assert max(map(len, words)) < 600, page
        for frame in app.dataframe:
            for column in frame.value.select_dtypes(exclude="number"):
                cells = [str(cell) for cell in frame.value[column]]
                assert not [cell for cell in cells if "\u202e" in cell]
                assert max(map(len, cells), default=0) <= 160


def until_checked(app: AppTest, doing: str = "Working out how sure") -> AppTest:
    """Draw the page again until it has been worked out how sure groups are, or what else takes long."""
    for _ in range(300):
        if not any(doing in str(said.value) for said in app.caption):
            return app
        time.sleep(0.1)
        app.run()
    raise AssertionError(f"it was still {doing} after half a minute")


def test_groups_are_shown_before_it_is_known_how_sure_they_are(open_app: OpenApp, case: Path) -> None:
    app = open_app(case, "groups", checked=True)
    assert not app.exception
    assert "How sure" not in app.dataframe[-1].value.columns
    app = until_checked(app)
    found = app.dataframe[-1].value
    assert found["Group"].tolist() == [label for label in box(app, "Group").options if label != "All groups"]
    assert found["How sure"].tolist() == [S1, S1]
    assert sorted(found["Stability"]) == [0.57, 0.64]


def test_what_would_not_be_seen_is_worked_out_while_the_page_can_be_used(
    open_app: OpenApp, case: Path
) -> None:
    app = until_checked(open_app(case, "groups", checked=True))
    app.toggle(key="groups_missing_asked").set_value(True).run()
    assert not app.exception
    app = until_checked(app, "Leaving people out and looking again")
    found = next(frame.value for frame in app.dataframe if "Groups not found (%)" in frame.value.columns)
    expected = analyse(case, viewer=Viewer("social_worker")).omissions().shares
    assert found["Children and young people left out (%)"].tolist() == [2, 5, 10]
    assert found["Groups not found (%)"].tolist() == (expected["groups_dissolved"] * 100).round(1).tolist()
    assert (
        found["Shared contacts not found (%)"].tolist() == (expected["contacts_lost"] * 100).round(1).tolist()
    )


def test_contacts_say_what_they_rest_on(open_app: OpenApp, case: Path) -> None:
    app = until_checked(open_app(case, "shared_contacts", checked=True))
    assert not app.exception
    table = next(frame.value for frame in app.dataframe if "Rests on" in frame.value.columns)
    assert dict(zip(table["Contact"], table["Rests on"], strict=True)) == RESTS
