"""What an analyst enters on restricted reports never reaches another role through the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import desk
from geo.weeks import Choices, Figures, PlannedVisit, VisitResult, Week
from mapping.access import Viewer, may_read, visible
from mapping.additions import add_record, correct_record, load_additions
from mapping.contexts import ContextCase
from mapping.entries import keep_entry, load_entries
from mapping.meetings import Action, Item, Snapshot, begin_meeting, close_meeting, decide
from mapping.peer_maps import PeerMap, Sheet
from mapping.profiles import Asked, Profile, Words
from mapping.records import read_case
from mapping.row_keys import row_key
from mapping.store import open_store

OpenApp = Callable[..., AppTest]
LATER = date(2024, 6, 2)


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store of its own."""
    found = f"sqlite:///{tmp_path}/hub.sqlite"
    monkeypatch.setenv("CONTEXTMAP_STORE", found)
    return found


def keep(url: str, kind: str, content: dict[str, Any]) -> str:
    with open_store(url) as store:
        return keep_entry(store, kind, content, by="Al, analyst").entry_id


def everything(app: AppTest) -> str:
    """Return all that a page says: its text, boxes, buttons and tables."""
    assert not app.exception
    said = [str(element.proto) for kind in ("html", "markdown") for element in app.get(kind)]
    said += [f"{box.label} {box.options}" for box in app.selectbox]
    said += [f"{box.label} {box.value}" for box in (*app.text_input, *app.text_area)]
    said += [button.label for button in app.button]
    said += [table.value.to_csv() for table in app.dataframe]
    return "\n".join(said)


KINDS = ("meeting", "action", "context", "profile", "peer_map", "plan", "record", "correction")
"""Each is written with a word of its own, so that a leak says what leaked."""


def word(kind: str) -> str:
    return f"Quillon{KINDS.index(kind)}"


def a_week(said: str, role: str) -> Week:
    start = date(2024, 6, 3)
    choices = Choices(start, 5, 3, 2, (14, 24), 400, ("park",))
    visit = PlannedVisit("v1", start, 1, 14, 19, 1, "L1", said, "park", "", "W1", "Alder", 1, 1, 3, 3)
    return Week(said, choices, (visit,), Figures(3, 3, 3, 3, 3, 3, 1), role, briefing=(said,))


def all_of_an_analyst(url: str) -> dict[str, str]:
    """Keep one entry of every kind as an analyst; return their ids."""
    item = Item("group:G1", "groups", word("meeting"))
    begun = begin_meeting(as_of=date(2024, 5, 1), since=date(2024, 4, 1), chair=word("meeting"), present=["Al"], role="analyst", grades="all")  # fmt: skip
    closed = close_meeting(decide(begun, item, "assessment", why=word("meeting")), Snapshot())
    meeting = keep(url, "meeting", closed.to_dict())
    action = Action(word("action"), "Al", date(2024, 5, 2), item.key, word("action"), meeting)
    held = ContextCase("location", "L1", word("context"), "analyst", word("context"), "Al", date(2024, 3, 1), date(2024, 3, 29))  # fmt: skip
    profile = Profile(Asked(word("profile")), words={"summary": Words(word("profile"))})
    found = PeerMap("C001", "coordination", word("peer_map"), LATER, LATER, Sheet(notes=word("peer_map")))
    row = {"person_a": "C001", "person_b": "C007", "kind": "other", "last_seen": "2024-05-30"}
    told = {"by": "Al", "agency": "police", "recorded_on": date(2024, 5, 30), "role": "analyst"}
    with open_store(url) as store:
        add_record(store, "associations", row, how=word("record"), handling="C", **told)
        correct_record(store, "people", "C001", {"family_name": "Ames"}, by="Al", why=word("correction"))
    return {
        "meeting": meeting,
        "action": keep(url, "action", action.to_dict()),
        "context": keep(url, "context", held.to_dict()),
        "profile": keep(url, "profile", {**profile.to_dict(), "role": "analyst"}),
        "peer_map": keep(url, "peer_map", {**found.to_dict(), "role": "analyst"}),
        "plan": keep(url, "plan", a_week(word("plan"), "analyst").to_dict()),
    }


PAGES = ("meeting", "contexts", "problem_profile", "peer_map", "week_of_action", "import_case")


@pytest.mark.parametrize(("role", "seen"), [("analyst", KINDS), ("social_worker", ()), ("planner", ())])
def test_every_kind_of_entry_is_there_for_those_only_who_may_see_it(
    url: str, open_app: OpenApp, case: Path, role: str, seen: tuple[str, ...]
) -> None:
    all_of_an_analyst(url)
    app = open_app(case, role=role)
    said = everything(app)
    app.session_state["week_step"] = "Pack"
    for page in PAGES if role != "planner" else ("week_of_action",):
        app.switch_page(f"views/{page}.py").run()
        said += everything(app)
        if page == "import_case":
            app.segmented_control(key="import_step").set_value("Enter by hand").run()
            said += everything(app)
        if page == "peer_map":
            for chosen in ({"child": "C001"}, {"child": "C001", "link": "link:C001|C007"}):
                app.session_state["chosen"] = chosen
                app.run()
                said += everything(app)
    assert [kind for kind in KINDS if word(kind) in said] == list(seen)


def test_nor_do_commands_tell(url: str, case: Path, run: Any, tmp_path: Path) -> None:
    kept = all_of_an_analyst(url)
    out = tmp_path / "p.html"
    ran = run("profile", case, "--saved", kept["profile"], "--viewer", "social_worker", "--out", out)
    assert (ran.code, "Kept are: none." in ran.err) == (2, True)
    ran = run("minutes", case, "--viewer", "social_worker", "--out", out)
    assert (ran.code, "No meeting has been closed" in ran.err) == (1, True)
    ran = run("pack", case, "--viewer", "planner", "--out", tmp_path / "pack")
    assert (ran.code, "No week of action is saved" in ran.err) == (1, True)
    assert not [*tmp_path.glob("p*")]
    keep(url, "plan", a_week("Ours", "chair").to_dict())
    ran = run("pack", case, "--viewer", "planner", "--out", tmp_path / "pack")
    assert (ran.code, "Ours" in ran.out, word("plan") in ran.out) == (0, True, False)


def test_what_names_no_role_is_for_those_who_see_everything() -> None:
    roles = ("analyst", "chair", "social_worker", "planner")
    assert [may_read({}, Viewer(role)) for role in roles] == [True, False, False, False]
    assert [may_read({"role": "nobody"}, Viewer(role)) for role in roles] == [True, False, False, False]
    assert [may_read({"viewer": "planner"}, Viewer(role)) for role in roles] == [True, True, True, True]


def test_a_record_entered_under_conditions_is_in_the_records_of_analysts_only(url: str, case: Path) -> None:
    all_of_an_analyst(url)
    records = read_case(case, additions=load_additions(case))
    there = {}
    for role in ("analyst", "social_worker", "chair"):
        rows = visible(records, Viewer(role)).table("associations")
        there[role] = ("C001", "C007") in set(zip(rows["person_a"], rows["person_b"], strict=True))
    assert there == {"analyst": True, "social_worker": False, "chair": False}


def test_a_saved_map_to_be_reviewed_is_on_today_for_those_only_who_may_read_it(
    url: str, open_app: OpenApp, case: Path
) -> None:
    found = PeerMap("C001", "coordination", "Quillon", LATER, LATER)
    keep(url, "peer_map", {**found.to_dict(), "role": "analyst"})
    said = {role: everything(open_app(case, role=role)) for role in ("analyst", "social_worker", "chair")}
    assert {role: "Quillon" in text for role, text in said.items()} == {"analyst": True, "social_worker": False, "chair": False}  # fmt: skip
    assert {role: "1 action or review due" in text for role, text in said.items()} == {"analyst": True, "social_worker": False, "chair": False}  # fmt: skip


def test_what_an_analyst_changes_on_a_map_that_others_read_is_a_copy_for_analysts(
    url: str, open_app: OpenApp, case: Path
) -> None:
    begun = PeerMap("C001", "coordination", "Jo", LATER, LATER, Sheet(notes="ours"))
    keep(url, "peer_map", {**begun.to_dict(), "role": "social_worker"})
    app = open_app(case, "peer_map", role="analyst")
    app.session_state["user_name"] = "Al, analyst"
    app.session_state["chosen"] = {"child": "C001"}
    app.run()
    assert "read it: what you change becomes a copy for analysts" in everything(app)
    next(area for area in app.text_area if area.value == "ours").set_value("ours, and Quillon").run()
    said = everything(app)
    assert "<b>A copy, not saved yet.</b> The map of Jo is as it was" in said
    assert "Analysts alone read a map that an analyst saves" in said
    (entry,) = load_entries(url, "peer_map")
    assert (entry.turn, entry.content["notes"]) == (1, "ours")
    app.radio[0].set_value("coordination")
    next(button for button in app.button if button.label == "Save the copy").click().run()
    first, second = load_entries(url, "peer_map")
    assert (first.turn, first.content["notes"], first.content["role"]) == (1, "ours", "social_worker")
    assert (second.content["notes"], second.content["role"]) == ("ours, and Quillon", "analyst")
    app = open_app(case, "peer_map", role="social_worker")
    app.session_state["chosen"] = {"child": "C001"}
    app.run()
    said = everything(app)
    assert ("owner Jo" in said, "every change is kept</p>" in said, "Quillon" in said) == (True, True, False)


def test_a_correction_of_a_restricted_row_is_not_even_counted(url: str, write_case: Any) -> None:
    case: Path = write_case(
        people=[{"person_id": "C1", "date_of_birth": "2010-01-01"}, {"person_id": "C2", "date_of_birth": "2010-01-01"}],
        sources=[{"source_id": "S1", "kind": "intelligence", "agency": "police", "recorded_on": "2024-05-01", "handling": "C"}],
        associations=[{"person_a": "C1", "person_b": "C2", "kind": "peer", "last_seen": "2024-05-01", "source_id": "S1"}],
    )  # fmt: skip
    row = {"person_a": "C1", "person_b": "C2", "kind": "peer", "source_id": "S1"}
    with open_store(url) as store:
        key = row_key("associations", row)
        correct_record(store, "associations", key, {"last_seen": "2024-05-02"}, by="Al", why="misread")
        correct_record(store, "associations", "C9|C2|peer|", {"last_seen": "2024-05-02"}, by="Al", why="misread")  # fmt: skip
    records = read_case(case, additions=load_additions(case))
    assert [note for note in records.notes if "correct" in note] == [
        "associations: 1 row corrected.",
        "associations: the row 'C9|C2|peer|' that somebody corrected or took out is not in the case any more.",
    ]
    seen = visible(records, Viewer("social_worker"))
    assert (seen.notes, len(seen.table("associations"))) == ((), 0)


def test_the_result_of_a_visit_that_an_analyst_enters_is_for_analysts(
    url: str, open_app: OpenApp, case: Path
) -> None:
    plan = keep(url, "plan", a_week("Ours", "planner").to_dict())
    ours = VisitResult(plan, "v1", True, {"staff": 2}, found="Spoke to the staff")
    begun = keep(url, "visit_result", {**ours.to_dict(), "role": "planner"})
    app = open_app(case, role="analyst")
    app.session_state["user_name"] = "Al, analyst"
    app.session_state["week_step"] = "Results"
    app.session_state["chosen"] = {"visit": "v1"}
    app.switch_page("views/week_of_action.py").run()
    said = everything(app)
    assert ("Spoke to the staff" in said, "A result that an analyst enters is for analysts" in said) == (True, True)  # fmt: skip
    next(area for area in app.text_area if area.value == "Spoke to the staff").set_value("Quillon was there")
    next(button for button in app.button if button.label == "Keep the result").click().run()
    assert "The result is kept." in everything(app)
    found = load_entries(url, "visit_result")
    assert [(entry.turn, entry.content["found"], entry.content["role"]) for entry in found] == [
        (1, "Spoke to the staff", "planner"),
        (1, "Quillon was there", "analyst"),
    ]
    assert found[0].entry_id == begun
    for role, seen in {"analyst": (True, False), "chair": (False, True), "planner": (False, True)}.items():
        app = open_app(case, role=role)
        app.session_state["week_step"] = "Results"
        app.session_state["chosen"] = {"visit": "v1"}
        app.switch_page("views/week_of_action.py").run()
        said = everything(app)
        assert ("Quillon" in said, "Spoke to the staff" in said) == seen, role


def test_a_profile_that_an_analyst_saves_over_a_social_workers_is_for_analysts_from_then_on(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.desk.url", lambda: url)
    monkeypatch.setattr("app.desk.named", lambda: "Al, analyst")

    def seen(role: str) -> list[str]:
        monkeypatch.setattr("app.state.role", lambda: role)
        return [entry.content["words"]["summary"]["own"] for entry in desk.entries("profile")]

    def save(role: str, text: str, entry_id: str | None = None) -> str:
        monkeypatch.setattr("app.state.role", lambda: role)
        content = Profile(Asked("What we see"), words={"summary": Words(text)}).to_dict()
        return desk.keep("profile", content, entry_id=entry_id).entry_id

    kept = save("social_worker", "Ours")
    save("chair", "Ours, and more", kept)
    assert [seen(role) for role in ("social_worker", "chair", "analyst")] == [["Ours, and more"]] * 3
    save("analyst", "Quillon", kept)
    assert {role: seen(role) for role in ("social_worker", "chair", "planner", "analyst")} == {
        "social_worker": [],
        "chair": [],
        "planner": [],
        "analyst": ["Quillon"],
    }
