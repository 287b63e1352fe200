"""What one user does on a peer map: kept at once, undone, made again, put on top of what another kept meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app import desk, peer_maps, state
from app.peer_maps import Saved, Work
from mapping.additions import additions
from mapping.entries import Entry, entry_history
from mapping.peer_maps import Action, PeerMap, Sheet, View
from mapping.statements import Statement
from mapping.store import open_store

TODAY = date(2026, 5, 4)
MAP = PeerMap("C1", "with_young_person", "Jo", date(2026, 6, 1), date(2026, 8, 3))
FIELD, GATE = "location:L1", "location:L2"


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The name of who works, in a store and a log of their own."""
    user = {"name": "Jo"}
    works: dict[str, Work] = {}
    monkeypatch.setenv("CONTEXTMAP_STORE", str(tmp_path / "store.sqlite"))
    monkeypatch.setenv("CONTEXTMAP_CASE", str(tmp_path))
    monkeypatch.setenv("CONTEXTMAP_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.setattr(state, "user", lambda: user["name"])
    monkeypatch.setattr(state, "role", lambda: "social_worker")
    monkeypatch.setattr(state, "peer_work", lambda: works)
    return user


def stored() -> list[Saved]:
    return peer_maps.saved_maps("C1", desk.entries("peer_map"))


def turns() -> list[tuple[int, str, str]]:
    with open_store(desk.url()) as store:
        return [
            (turn.turn, turn.by, turn.why)
            for turn in entry_history(store, "peer_map", stored()[0].entry.entry_id)
        ]


def marked(sheet: Sheet, place: str, view: str | None) -> Sheet:
    return peer_maps.said_of(sheet, place, view, "", today=TODAY)


def saved_work() -> Work:
    work = Work("C1")
    peer_maps.save(work, MAP, today=TODAY)
    return work


def test_a_map_without_a_purpose_an_owner_or_a_name_is_not_kept(name: dict[str, str]) -> None:
    work = Work("C1")
    with pytest.raises(ValueError, match="it has no purpose; choose why this map is made; it has no owner"):
        peer_maps.save(work, replace(MAP, purpose="", owner=""), today=TODAY)
    name["name"] = ""
    with pytest.raises(ValueError, match="Give your name first"):
        peer_maps.save(work, MAP, today=TODAY)
    assert stored() == []


def test_before_it_is_saved_a_change_stays_in_the_session_and_after_it_each_is_kept(
    name: dict[str, str],
) -> None:
    work = Work("C1")
    peer_maps.change(work, "moved", peer_maps.moved(work.sheet, {FIELD: (10.4, -3.6)}), today=TODAY)
    assert stored() == []
    peer_maps.save(work, replace(MAP, sheet=work.sheet), today=TODAY)
    peer_maps.change(work, "Field: not safe", marked(work.sheet, FIELD, "unsafe"), today=TODAY)
    (found,) = stored()
    assert found.found.sheet == Sheet(
        positions={FIELD: (10, -4)}, views={FIELD: View("unsafe", TODAY)}, actions={}, notes=""
    )
    assert turns() == [(1, "Jo", "saved"), (2, "Jo", "Field: not safe")]
    assert not work.waits


def test_undo_and_redo_write_new_turns_and_delete_none(name: dict[str, str]) -> None:
    work = saved_work()
    peer_maps.change(work, "one", marked(work.sheet, FIELD, "safe"), today=TODAY)
    peer_maps.change(work, "two", marked(work.sheet, GATE, "unsafe"), today=TODAY)
    peer_maps.undo(work, today=TODAY)
    assert sorted(stored()[0].found.sheet.views) == [FIELD]
    peer_maps.undo(work, today=TODAY)
    peer_maps.undo(work, today=TODAY)
    assert stored()[0].found.sheet == Sheet()
    peer_maps.redo(work, today=TODAY)
    assert sorted(stored()[0].found.sheet.views) == [FIELD]
    assert [why for _, _, why in turns()] == [
        "saved",
        "one",
        "two",
        "undone: two",
        "undone: one",
        "done again: one",
    ]
    peer_maps.change(work, "three", marked(work.sheet, GATE, "depends"), today=TODAY)
    assert work.undone == []


def test_two_people_at_once_neither_loses_anything(name: dict[str, str]) -> None:
    mine = saved_work()
    theirs = Work("C1", saved=mine.saved)
    name["name"] = "Sam"
    peer_maps.change(theirs, "gate", marked(theirs.sheet, GATE, "unsafe"), today=TODAY)
    name["name"] = "Jo"
    peer_maps.change(mine, "field", marked(mine.sheet, FIELD, "safe"), today=TODAY)
    assert mine.waits
    assert mine.trouble == (
        "Somebody else saved this map while you worked on it. Your change is not kept yet: look at theirs, or put yours on top of it."
    )
    assert sorted(stored()[0].found.sheet.views) == [GATE]
    peer_maps.put_on_top(mine, stored()[0], today=TODAY)
    assert sorted(stored()[0].found.sheet.views) == [FIELD, GATE]
    assert (mine.trouble, mine.waits) == ("", False)
    peer_maps.undo(mine, today=TODAY)
    assert sorted(stored()[0].found.sheet.views) == [GATE]
    assert [by for _, by, _ in turns()] == ["Jo", "Sam", "Jo", "Jo"]


def test_of_notes_and_words_that_two_write_at_once_none_are_lost_or_replaced_unseen(
    name: dict[str, str],
) -> None:
    mine = saved_work()
    theirs = Work("C1", saved=mine.saved)
    said = marked(theirs.sheet, GATE, "unsafe")
    peer_maps.change(theirs, "notes", replace(said, notes="Jo: spoke to mum"), today=TODAY)
    said = marked(marked(mine.sheet, GATE, "safe"), FIELD, "safe")
    peer_maps.change(mine, "notes", replace(said, notes="Sam: she is calmer"), today=TODAY)
    assert peer_maps.said_otherwise(mine, stored()[0]) == [GATE]
    peer_maps.put_on_top(mine, stored()[0], today=TODAY)
    assert stored()[0].found.sheet.notes == "Jo: spoke to mum\nSam: she is calmer"
    peer_maps.undo(mine, today=TODAY)
    assert stored()[0].found.sheet.notes == "Jo: spoke to mum"


def test_one_may_leave_ones_own_change_and_look_at_theirs(name: dict[str, str]) -> None:
    mine = saved_work()
    theirs = Work("C1", saved=mine.saved)
    peer_maps.change(theirs, "gate", marked(theirs.sheet, GATE, "unsafe"), today=TODAY)
    peer_maps.change(mine, "field", marked(mine.sheet, FIELD, "safe"), today=TODAY)
    peer_maps.change(mine, "field", marked(mine.sheet, FIELD, "depends"), today=TODAY)
    peer_maps.drop_change(mine, stored()[0])
    assert (mine.sheet, mine.done, mine.trouble) == (stored()[0].found.sheet, [], "")
    assert sorted(mine.sheet.views) == [GATE]


def test_what_another_saved_is_seen_the_next_time_the_page_is_drawn(name: dict[str, str]) -> None:
    work = peer_maps.work_on("C1", [], today=TODAY)
    peer_maps.save(work, MAP, today=TODAY)
    other = Work("C1", saved=work.saved)
    peer_maps.change(other, "gate", marked(other.sheet, GATE, "unsafe"), today=TODAY)
    assert peer_maps.work_on("C1", stored(), today=TODAY) is work
    assert sorted(work.sheet.views) == [GATE]
    assert work.news.endswith(" changed this map while you had it open (gate); you see it as it is now.")
    peer_maps.change(work, "gate", marked(work.sheet, GATE, "safe"), today=TODAY)
    assert work.news == ""


def test_without_a_name_a_change_waits_and_says_so(name: dict[str, str]) -> None:
    work = saved_work()
    name["name"] = ""
    peer_maps.change(work, "field", marked(work.sheet, FIELD, "safe"), today=TODAY)
    assert work.waits
    assert "Give your name first" in work.trouble
    name["name"] = "Jo"
    peer_maps.keep_change(work, "field", today=TODAY)
    assert not work.waits


def test_the_map_is_there_tomorrow_and_closed_after_its_last_day(name: dict[str, str]) -> None:
    saved_work()
    state.peer_work().clear()
    assert peer_maps.work_on("C1", stored(), today=MAP.expires_on).saved is not None
    state.peer_work().clear()
    after = date(2026, 8, 4)
    work = peer_maps.work_on("C1", stored(), today=after)
    assert (work.saved, work.sheet) == (None, Sheet())


def test_a_map_that_closes_while_it_is_open_is_closed(name: dict[str, str]) -> None:
    peer_maps.save(peer_maps.work_on("C1", [], today=TODAY), MAP, today=TODAY)
    after = date(2026, 8, 4)
    work = state.peer_work()["C1"]
    peer_maps.change(work, "field", marked(work.sheet, FIELD, "safe"), today=after)
    assert "has closed, so nothing more is kept on it" in work.trouble
    assert peer_maps.work_on("C1", stored(), today=after).saved is None
    assert stored()[0].found.sheet == Sheet()


def test_its_owner_renews_a_closed_map_for_a_reason_that_stays_in_the_log(
    name: dict[str, str], tmp_path: Path
) -> None:
    saved_work()
    after, dates = date(2026, 9, 1), {"review_on": date(2026, 9, 20), "expires_on": date(2026, 11, 1)}
    name["name"] = "Sam"
    with pytest.raises(ValueError, match="Jo owns it and can renew it with a reason"):
        peer_maps.renew(stored()[0], why="still needed", today=after, **dates)
    assert not peer_maps.may_renew(stored()[0])
    name["name"] = "jo "
    assert peer_maps.may_renew(stored()[0])
    peer_maps.renew(stored()[0], why="the plan runs on", today=after, **dates)
    assert peer_maps.work_on("C1", stored(), today=after).saved is not None
    assert turns()[-1] == (2, "jo", "renewed: the plan runs on")
    assert "the plan runs on" in "".join(path.read_text() for path in (tmp_path / "log").iterdir())


def test_a_statement_becomes_records_with_a_source_of_their_own_and_can_be_taken_back(
    name: dict[str, str],
) -> None:
    work = Work("C1")
    said = Statement("C1", None, "Una Vane", "protective", "Una told me on Monday", TODAY)
    person, link = peer_maps.add(work, said, "added somebody new", today=TODAY)
    assert person.content["row"]["given_name"] == "Una"
    assert link.content["row"]["nature"] == "protective"
    assert (link.content["row"]["person_a"], link.content["row"]["person_b"]) == (
        "C1",
        person.content["row"]["person_id"],
    )
    source = link.content["source"]
    assert (source["kind"], source["agency"], source["text"]) == (
        "social_care",
        "children's social care",
        "Una told me on Monday",
    )
    assert not {"source_grade", "information_grade"} & set(source)
    assert len(desk.entries("record")) == 2
    peer_maps.undo(work, today=TODAY)
    assert desk.entries("record") == []
    peer_maps.redo(work, today=TODAY)
    assert [entry.turn for entry in desk.entries("record")] == [3, 3]
    peer_maps.undo(work, today=TODAY)
    assert desk.entries("record") == []


def test_a_record_that_somebody_changed_meanwhile_is_not_taken_back(name: dict[str, str]) -> None:
    work = Work("C1")
    (link,) = peer_maps.add(work, Statement("C1", "C2", "", "peer", "told me", TODAY), "x", today=TODAY)
    desk.keep("record", link.content, why="checked", entry_id=link.entry_id, after=1)
    peer_maps.undo(work, today=TODAY)
    assert "was changed by somebody else" in work.trouble
    assert (len(work.done), work.undone, len(desk.entries("record"))) == (1, [], 1)


def test_nothing_is_added_without_a_name_or_with_a_box_empty(name: dict[str, str]) -> None:
    work = Work("C1")
    with pytest.raises(ValueError, match="Nothing was added: say how you know"):
        peer_maps.add(work, Statement("C1", "C2", "", "peer", " ", TODAY), "x", today=TODAY)
    name["name"] = ""
    with pytest.raises(ValueError, match="Give your name first"):
        peer_maps.add(work, Statement("C1", "C2", "", "peer", "told me", TODAY), "x", today=TODAY)
    assert (desk.entries("record"), work.done) == ([], [])


def test_what_the_network_knows_already_is_not_drawn_by_hand(name: dict[str, str]) -> None:
    work = Work("C1")
    (first,) = peer_maps.add(work, Statement("C1", "C2", "", "peer", "told me", TODAY), "x", today=TODAY)
    (second,) = peer_maps.add(work, Statement("C1", "C3", "", "peer", "told me", TODAY), "x", today=TODAY)
    assert peer_maps.just_added([first, second], additions([first])) == [second]
    assert peer_maps.taken_back([first, second], additions([first])) == []
    (gone,) = peer_maps.taken_back([second], additions([first, second]))
    assert gone.content == {"table": "associations", "row": first.content["row"]}


def test_content_that_is_no_map_is_passed_over() -> None:
    at = datetime(2026, 5, 4, tzinfo=UTC)
    entries = [
        Entry("peer_map", "a", 1, {"child": "C1"}, "Jo", at),
        Entry("peer_map", "b", 1, MAP.to_dict(), "Jo", at),
        Entry("peer_map", "c", 1, replace(MAP, child="C2").to_dict(), "Jo", at),
    ]
    assert [each.entry.entry_id for each in peer_maps.saved_maps("C1", entries)] == ["b"]


def test_actions_are_added_changed_and_taken_off() -> None:
    action = Action("Ring the school", "Jo", TODAY)
    added = peer_maps.with_action(Sheet(), "a", action)
    assert added.actions == {"a": action}
    done = peer_maps.with_action(added, "a", replace(action, done_on=TODAY))
    assert done.actions["a"].done_on == TODAY
    assert peer_maps.with_action(done, "a", None) == Sheet()
    assert peer_maps.new_key() != peer_maps.new_key()
