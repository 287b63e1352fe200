"""The agenda of the daily meeting, and what a meeting held by one role shows to another."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docx
import pytest

from app import meeting
from app.agenda import SECTIONS, Opened
from app.meeting_page import answer, before_answer
from mapping.entries import Entry, keep_entry, load_entries
from mapping.meetings import Action, Item, Snapshot, begin_meeting, close_meeting, decide
from mapping.store import open_store, store_url


def hold(url: str, *, role: str, meeting_id: str) -> None:
    """Keep a closed meeting with one decision and one action."""
    item = Item("group:G1", "groups", "AB's group gained 2 members")
    begun = begin_meeting(
        as_of=date(2026, 5, 4),
        since=date(2026, 5, 1),
        chair="Jo",
        present=["Jo", "Al"],
        role=role,
        grades="all",
    )
    closed = close_meeting(decide(begun, item, "assessment", why="new links"), Snapshot())
    with open_store(url) as store:
        keep_entry(store, "meeting", closed.to_dict(), by="Jo", entry_id=meeting_id)
        action = Action("Visit the school", "Al", date(2026, 5, 8), item.key, item.said, meeting_id)
        keep_entry(store, "action", action.to_dict(), by="Jo")


def test_the_minutes_of_the_last_meeting_are_written_as_a_document(run: Any, tmp_path: Path) -> None:
    case = tmp_path / "hub"
    case.mkdir()
    hold(store_url(case), role="chair", meeting_id="m1")
    assert run("minutes", case, "--out", tmp_path / "m.docx", "--viewer", "social_worker").code == 0
    found = docx.Document(io.BytesIO((tmp_path / "m.docx").read_bytes()))
    assert [[[cell.text for cell in row.cells] for row in table.rows] for table in found.tables][1:] == [
        [["About", "Decision", "Why"], ["AB's group gained 2 members", "Assessment", "new links"]],
        [
            ["What", "Who", "By", "About", "State"],
            ["Visit the school", "Al", "8 May 2026", "AB's group gained 2 members", "open"],
        ],
    ]
    assert "Case hub" in "\n".join(paragraph.text for paragraph in found.paragraphs)


def test_a_meeting_on_restricted_reports_is_there_for_those_only_who_see_them(
    run: Any, tmp_path: Path
) -> None:
    case = tmp_path / "hub"
    case.mkdir()
    hold(store_url(case), role="analyst", meeting_id="m1")
    ran = run("minutes", case, "--out", tmp_path / "m.html", "--viewer", "chair")
    assert (ran.code, "No meeting has been closed in the store of this case" in ran.err) == (1, True)
    ran = run("minutes", case, "--out", tmp_path / "m.html", "--viewer", "planner")
    assert (ran.code, "This viewer sees wards, not people" in ran.err) == (1, True)
    assert not (tmp_path / "m.html").exists()
    assert run("minutes", case, "--out", tmp_path / "m.html").code == 0
    ran = run("minutes", case, "--out", tmp_path / "m.pdf", "--meeting", "nosuch")
    assert (ran.code, "There is no meeting nosuch" in ran.err) == (1, True)


def test_a_meeting_on_the_page_from_what_was_learnt_late_to_the_next(
    open_app: Any, shown: Any, small_case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = small_case.write_case(tmp_path / "hub")
    monkeypatch.setenv("CONTEXTMAP_STORE", f"sqlite:///{tmp_path}/hub.sqlite")
    begin = {"meeting_chair": "Jo", "meeting_present": "Jo\nAl"}

    def opened() -> Any:
        app = open_app(case, "meeting")
        app.session_state["user_name"] = "Jo"
        return app.run()

    def referrals(app: Any) -> list[str]:
        found = app.dataframe[0].value
        return found.loc[found["Part"] == "New referrals", "What"].tolist()

    app = opened()
    for key, text in begin.items():
        next(box for box in (*app.text_input, *app.text_area) if box.key == key).input(text)
    app.run()
    other = opened()
    app.button(key="meeting_begin").click().run()
    assert "The meeting has begun." in shown(app)
    for key, text in begin.items():
        next(box for box in (*other.text_input, *other.text_area) if box.key == key).input(text)
    other.button(key="meeting_begin").click().run()
    assert "A meeting has begun already, on another screen" in shown(other)

    # Two screens: names typed on one stay while the other decides, and a decision is not replaced unseen.
    def box(of: Any, label: str) -> Any:
        return next(each for each in (*of.text_input, *of.text_area) if each.label == label)

    def decide(of: Any, decision: str) -> str:
        next(each for each in of.segmented_control if each.label == "Decision").set_value(decision)
        next(button for button in of.button if button.label == "Record and go on").click().run()
        return str(shown(of))

    other.run()
    box(other, "One a line: name and team").input("Jo\nAl\nKim")
    app.session_state["chosen"] = other.session_state["chosen"] = {}
    assert "Recorded." in decide(app.run(), "advice")
    assert "Somebody else has decided this meanwhile" in decide(other, "assessment")
    assert "Recorded." in decide(other, "assessment")
    other.button(key="meeting_keep_present").click().run()
    held = [entry.content for entry in load_entries(f"sqlite:///{tmp_path}/hub.sqlite", "meeting")]
    assert [(each["present"], [one["decision"] for one in each["decided"].values()]) for each in held] == [
        (["Jo", "Al", "Kim"], ["assessment"])
    ]

    # What was typed stays where it was refused, and is gone when it is kept.
    what = next(box for box in app.text_input if box.label == "Action")
    what.input("Ring the school")
    next(button for button in app.button if button.label == "Record and go on").click().run()
    assert "The action was not kept: say who does it." in shown(app)
    assert next(box for box in app.text_input if box.label == "Action").value == "Ring the school"
    next(box for box in app.text_input if box.label == "Who does it").input("Al")
    next(button for button in app.button if button.label == "Record and go on").click().run()
    assert "Recorded." in shown(app)
    assert next(box for box in app.text_input if box.label == "Action").value == ""
    app.button(key="meeting_close").click().run()
    assert "The meeting is closed. Its minutes are here." in shown(app)
    buttons = app.get("download_button")
    documents = [button.proto for button in buttons if button.proto.label in ("Word", "PDF", "Web page")]
    # A page that is drawn anew forgets what its buttons would write: the next one pressed would give nothing.
    assert [(each.label, each.ignore_rerun) for each in documents] == [("Word", True), ("PDF", True), ("Web page", True)]  # fmt: skip

    # What came of an action is said before it is due too, and without a meeting.
    (asked,) = load_entries(f"sqlite:///{tmp_path}/hub.sqlite", "action")
    app.session_state["chosen"] = {"action": asked.entry_id}
    assert "Al: due 6 June 2024. About: " in shown(app.run())
    box(app, "What came of it").input("The school rang back")
    next(button for button in app.button if button.label == "Done").click().run()
    assert "The school rang back" in shown(app)
    assert app.dataframe[1].value["State"].tolist() == ["done"]

    # Recorded after the meeting, received long before it.
    assert referrals(app) == []
    with (case / "referrals.csv").open("a") as file:
        columns = (case / "referrals.csv").read_text().splitlines()[0].split(",")
        row = {"referral_id": "RLATE", "person_id": "C003", "received_on": "2024-01-05", "concern": "cce"}
        file.write(",".join(row.get(column, "") for column in columns) + "\n")
    app = opened()
    (late,) = referrals(app)
    assert "referred on 5 January 2024" in late
    assert "1 new referral" in shown(app)


def test_minutes_say_what_came_of_the_actions_of_earlier_meetings_that_their_readers_may_see(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    for meeting_id, role in (("m1", "chair"), ("m2", "analyst")):
        hold(url, role=role, meeting_id=meeting_id)
    with open_store(url) as store:
        for entry in load_entries(url, "action"):
            done = {**entry.content, "state": "done", "outcome": f"done of {entry.content['meeting_id']}"}
            keep_entry(store, "action", done, by="Jo", entry_id=entry.entry_id)
        (first, *_) = load_entries(url, "meeting")
        later = datetime.now(UTC) + timedelta(hours=1)
        for meeting_id, role in (("m3", "chair"), ("m4", "analyst")):
            content = {**first.content, "role": role, "decided": {}}
            keep_entry(store, "meeting", content, by="Jo", entry_id=meeting_id, at=later)
    said = {each: str(meeting.minutes(url, case="hub", meeting_id=each).parts) for each in ("m1", "m3", "m4")}
    assert {each: [m for m in ("m1", "m2") if f"done: done of {m}" in text and "What came of" in text] for each, text in said.items()} == {"m1": [], "m3": ["m1"], "m4": ["m1", "m2"]}  # fmt: skip


def test_a_meeting_left_open_overnight_ends_on_the_day_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = begin_meeting(
        as_of=date(2026, 5, 4),
        since=date(2026, 5, 1),
        chair="Jo",
        present=["Jo"],
        role="chair",
        grades="all",
    )
    monkeypatch.setattr("app.meeting.agenda.take_snapshot", lambda _: Snapshot())
    monkeypatch.setattr("app.meeting.desk.keep", lambda _, content, **__: content)
    entry, later = Entry("meeting", "m", 1, {}, "Jo", datetime(2026, 5, 4, 9, tzinfo=UTC)), date(2026, 5, 5)
    kept: Any = meeting.close(SimpleNamespace(day=later), entry, begun)  # type: ignore[arg-type]
    assert kept["as_of"] == "2026-05-05"
    assert "known by the end of 5 May 2026" in answer([], begun, later)


def test_things_on_the_agenda_are_counted_in_words() -> None:
    def some(*sections: str) -> list[Opened]:
        return [Opened(Item(f"{section}:{at}", section, "x")) for at, section in enumerate(sections)]

    since = date(2026, 5, 1)
    assert before_answer(some(*SECTIONS), None, since) == (
        "No meeting has been closed yet; 7 things on the agenda, compared with 1 May 2026: 1 action due, 1 missing now, 1 return interview due, "
        "1 new referral, 1 group that changed, 1 shared contact that reached another group and 1 hotspot that moved."
    )
    assert before_answer(some("groups", "groups", "missing", "missing"), None, since).endswith(
        ": 2 missing now and 2 groups that changed."
    )
    assert before_answer([], None, since).endswith("no things on the agenda, compared with 1 May 2026: nothing new.")  # fmt: skip
