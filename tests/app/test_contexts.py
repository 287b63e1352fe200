"""The Contexts page: a case is opened, kept, followed over time and closed; restricted ones stay with those who see them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import docx
import pytest
from streamlit.testing.v1 import AppTest

from app.documents.context import draw_context
from app.documents.word import to_docx
from mapping.contexts import ContextCase, Outcome, with_outcome
from mapping.entries import keep_entry, load_entries
from mapping.store import StoreError, open_store

CASE = ContextCase(
    "location",
    "L1",
    "The <b>park</b>",
    "chair",
    "Adults give children alcohol here",
    "Al, police",
    date(2024, 3, 1),
    date(2024, 3, 29),
    weights={"neighbourhood": "most"},
    children=("C1", "C2"),
    outcomes=(Outcome(date(2024, 3, 10), "same", "seen on patrol"),),
)


def test_a_case_leaves_as_a_document() -> None:
    paper = draw_context(CASE, {"C1": "AB (C1)"}, case_name="hub")
    found = docx.Document(io.BytesIO(to_docx(paper)))
    assert [[[cell.text for cell in row.cells] for row in table.rows] for table in found.tables] == [
        [
            ["Context", "What it is", "Opened", "Review", "Who answers for it", "State"],
            [
                "The <b>park</b>",
                "a place, school or online space",
                "1 March 2024",
                "29 March 2024",
                "Al, police",
                "open",
            ],
        ],
        [["Context", "Weight"], ["Neighbourhood", "most weight"]],
        [["On", "Outcome", "How it is known"], ["10 March 2024", "no change", "seen on patrol"]],
    ]
    lines = [paragraph.text for paragraph in found.paragraphs]
    assert [line for line in ("AB (C1)", "C2") if line in lines] == ["AB (C1)", "C2"]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    monkeypatch.setenv("CONTEXTMAP_STORE", url)
    return url


def test_cases_are_listed_late_ones_said_and_one_of_restricted_reports_kept_back(
    store: str, open_app: Callable[..., AppTest], shown: Callable[[AppTest], str], case: Path
) -> None:
    with open_store(store) as opened:
        keep_entry(opened, "context", CASE.to_dict(), by="Jo", entry_id="k1")
        keep_entry(opened, "context", replace(CASE, role="analyst", called="Secret").to_dict(), by="Jo")
    app = open_app(case, "contexts")
    assert not app.exception
    assert "1 context with an open case, 1 past the day of review; 0 closed." in shown(app)
    assert app.dataframe[0].value[
        ["Context", "State", "Children linked", "Last outcome"]
    ].values.tolist() == [["The <b>park</b>", "review is late", 2, "no change"]]
    everything = open_app(case, "contexts", role="analyst")
    assert "2 contexts with an open case" in shown(everything)


def test_a_case_is_opened_changed_followed_and_closed(
    store: str, open_app: Callable[..., AppTest], shown: Callable[[AppTest], str], case: Path
) -> None:
    app = open_app(case, "contexts")
    app.button(key="context_open").click().run()
    assert "Choose what the case is about." in shown(app)
    app.session_state["chosen"] = {**app.session_state["chosen"], "context_of": "thing:T1"}
    app.session_state["user_name"] = "Jo, social work"
    app.run()
    app.text_area(key="context_concerns").input("One phone calls children; a lifestyle choice").run()
    assert "You decide; nothing is held back." in shown(app)
    app.button(key="context_open").click().run()
    assert "The case was not kept: say who answers for it." in shown(app)
    app.text_input(key="context_owner").input("Al, police").run()
    app.button(key="context_open").click().run()
    assert "The case is open." in shown(app)
    (entry,) = load_entries(store, "context")
    assert (entry.by, entry.content["key"], entry.content["owner"]) == ("Jo, social work", "T1", "Al, police")
    assert entry.content["children"] == ["C002", "C011"]
    write(app, "Plan", "Ask the company to end the line")
    press(app, "Keep")
    assert "The case is kept." in shown(app)
    (entry,) = load_entries(store, "context")
    assert (entry.turn, entry.content["plan"]) == (2, "Ask the company to end the line")


def write(app: AppTest, label: str, text: str) -> None:
    next(box for box in (*app.text_area, *app.text_input) if box.label == label).input(text)


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()


def a_case(store: str, **changed: Any) -> str:
    with open_store(store) as opened:
        content = replace(CASE, opened_on=date(2024, 5, 1), review_on=date(2024, 6, 20), **changed).to_dict()
        return keep_entry(
            opened, "context", content, by="Jo", entry_id=f"k_{changed.get('role', '')}"
        ).entry_id


def reading(open_app: Callable[..., AppTest], case: Path, entry_id: str, role: str = "chair") -> AppTest:
    app = open_app(case, "contexts", role=role)
    app.session_state["user_name"] = "Sam"
    app.session_state["chosen"] = {"context": entry_id}
    return app.run()


def test_schools_and_places_of_one_child_can_have_a_case_and_homes_cannot(
    open_app: Callable[..., AppTest], write_case: Any, store: str
) -> None:
    child = {"person_id": "C1", "date_of_birth": "2010-01-01", "school_id": "L2"}
    folder = write_case(
        people=[child],
        locations=[{"location_id": place, "kind": kind} for place, kind in (("L1", "park"), ("L2", "school"), ("L3", "home"), ("L4", "online"))],
        presence=[{"person_id": "C1", "location_id": "L1", "seen_at": "2024-05-30T12:00"}],
        things=[{"thing_id": "T1", "kind": "vehicle", "label": "KX21"}],
    )  # fmt: skip
    app = open_app(folder, "contexts")
    box = next(box for box in app.selectbox if box.label == "What is it about?")
    assert box.options == ["Type to find it", "park or open space L1 (park or open space)", "school L2 (school)", "online space L4 (online space)", "KX21 (vehicle)"]  # fmt: skip
    for key, linked in (("location:L1", ["C1"]), ("location:L2", [])):
        app.session_state["chosen"] = {"context_of": key}
        app.session_state["user_name"] = "Jo"
        app.run()
        write(app, "What is the concern?", "Adults wait here")
        write(app, "Who answers for it?", "Jo")
        press(app, "Open the case")
        (entry,) = (each for each in load_entries(store, "context") if each.content["key"] == key[-2:])
        assert entry.content["children"] == linked
    # Its pupils are offered, and none is linked by that alone.
    app.multiselect[0].select("C1")
    press(app, "Keep these children")
    (entry,) = (each for each in load_entries(store, "context") if each.content["key"] == "L2")
    assert (entry.content["children"], entry.why) == (["C1"], "children linked")


def test_no_context_has_two_open_cases_of_those_who_see_the_same(
    store: str, open_app: Callable[..., AppTest], shown: Callable[[AppTest], str], case: Path
) -> None:
    entry_id = a_case(store)
    app = open_app(case, "contexts", role="social_worker")
    app.session_state["chosen"] = {"context_of": "location:L1"}
    assert "has an open case already" in shown(app.run())
    press(app, "Open that case")
    assert (app.session_state["chosen"]["context"], app.session_state["chosen"]["context_of"]) == (
        entry_id,
        None,
    )
    analyst = open_app(case, "contexts", role="analyst")
    analyst.session_state["chosen"] = {"context_of": "location:L1"}
    assert "has an open case already" not in shown(analyst.run())


def test_what_is_typed_is_not_lost_while_somebody_else_keeps_the_case(
    store: str, open_app: Callable[..., AppTest], shown: Callable[[AppTest], str], case: Path
) -> None:
    entry_id = a_case(store)
    app = reading(open_app, case, entry_id)
    with open_store(store) as opened:
        theirs = replace(CASE, strengths="The owner knows them", owner="Kim", plan="Kim: cameras").to_dict()
        keep_entry(opened, "context", theirs, by="Kim", entry_id=entry_id, after=1)
    write(app, "Plan", "Lighting")
    press(app, "Keep")
    said = shown(app)
    assert "Nothing was kept yet, and what you typed is still here" in said
    assert "Kim kept this case at" in said
    assert "<b>Strengths: what protects here</b>: The owner knows them" in said
    press(app, "Keep")
    (entry,) = load_entries(store, "context")
    kept = {name: entry.content[name] for name in ("plan", "strengths", "owner")}
    assert (entry.turn, entry.by, entry.why) == (3, "Sam", "plan")
    assert kept == {"plan": "Kim: cameras\nLighting", "strengths": "The owner knows them", "owner": "Kim"}
    assert [box.value for box in app.text_area if box.label == "Plan"] == ["Kim: cameras\nLighting"]


def test_what_is_typed_is_there_again_after_the_store_did_not_answer_for_a_while(
    store: str,
    open_app: Callable[..., AppTest],
    shown: Callable[[AppTest], str],
    case: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = reading(open_app, case, a_case(store))
    write(app, "Plan", "Lighting")

    def silent(*_: object) -> None:
        raise StoreError("no answer", plain="The database does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr("app.data.load_identities", silent)
        press(app, "Keep")
        assert "The database does not answer." in shown(app)
        assert app.text_area.len == 0
    (plan,) = [box for box in app.run().text_area if box.label == "Plan"]
    # The browser forgets what was typed with the box it was typed in, unless it is sent again.
    assert (plan.value, plan.proto.set_value) == ("Lighting", True)
    assert not app.warning


def test_an_outcome_and_children_that_two_enter_at_once_are_both_kept(
    store: str, open_app: Callable[..., AppTest], shown: Callable[[AppTest], str], case: Path
) -> None:
    entry_id = a_case(store)
    app = reading(open_app, case, entry_id)
    write(app, "How do you know?", "seen by the warden")
    next(box for box in app.segmented_control if box.label == "How is it now?").set_value("safer")
    with open_store(store) as opened:
        theirs = with_outcome(
            replace(CASE, children=("C005",)), Outcome(CASE.opened_on, "worse", "Kim saw it")
        )
        keep_entry(opened, "context", theirs.to_dict(), by="Kim", entry_id=entry_id, after=1)
    press(app, "Add")
    next(box for box in app.multiselect).set_value([*CASE.children, "C006"])
    press(app, "Keep these children")
    (entry,) = load_entries(store, "context")
    hows = [each["how"] for each in entry.content["outcomes"]]
    assert hows == ["Kim saw it", "seen on patrol", "seen by the warden"]
    assert entry.content["children"] == ["C005", "C006"]


def test_the_boxes_stay_as_they_are_filled_while_an_outcome_is_added(
    store: str, open_app: Callable[..., AppTest], shown: Callable[[AppTest], str], case: Path
) -> None:
    entry_id = a_case(store)
    app = reading(open_app, case, entry_id)
    # What is typed and not sent is in the browser alone, as long as its box has the same key.
    boxes = [box.key for box in app.text_area]
    press(app, "Add")
    assert "The outcome was not kept: nothing is said of how it is now: safer than before" in shown(app)
    write(app, "How do you know?", "seen by the warden")
    # Whoever comes back in another session gives their name here.
    write(app, "Your name, kept with what you enter", "Sam, police")
    app.segmented_control(key=f"found_{entry_id}_0").set_value("safer")
    press(app, "Add")
    (entry,) = load_entries(store, "context")
    assert [each["found"] for each in entry.content["outcomes"]] == ["same", "safer"]
    assert entry.by == "Sam, police"
    assert [box.key for box in app.text_area] == boxes
    write(app, "Plan", "Lighting")
    press(app, "Keep")
    (entry,) = load_entries(store, "context")
    assert (entry.turn, entry.content["plan"], len(entry.content["outcomes"])) == (3, "Lighting", 2)


def test_an_analyst_is_told_beside_each_button_who_reads_a_case_and_links_nobody_by_what_others_may_not_see(
    store: str, open_app: Callable[..., AppTest], shown: Callable[[AppTest], str], case: Path
) -> None:
    shared, own = a_case(store), a_case(store, role="analyst")
    told = "Social workers and the chair of the meeting read this case too."
    said = {
        (role, entry_id): shown(reading(open_app, case, entry_id, role))
        for role, entry_id in (("analyst", shared), ("analyst", own), ("chair", shared))
    }
    assert {key: text.count(told) for key, text in said.items()} == {("analyst", shared): 3, ("analyst", own): 0, ("chair", shared): 0}  # fmt: skip
    assert "Analysts alone read it." in said["analyst", own]
    buttons = {
        entry_id: [button.label for button in reading(open_app, case, entry_id, "analyst").button]
        for entry_id in (shared, own)
    }
    offered = {entry_id: "Link these children to the case" in labels for entry_id, labels in buttons.items()}
    assert offered == {shared: False, own: True}
