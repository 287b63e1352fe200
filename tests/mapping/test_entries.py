"""What people enter: every turn is kept, the last stands, and nobody writes over what they have not seen."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mapping.entries import (
    EnteredMeanwhileError,
    Entry,
    entry_history,
    keep_entry,
    load_entries,
    merged_text,
    remove_entry,
    standing_entries,
)
from mapping.store import open_store


def at(day: int, hour: int = 12) -> datetime:
    """Return a moment of May 2026, in UTC."""
    return datetime(2026, 5, day, hour, tzinfo=UTC)


def test_the_last_turn_stands_and_every_turn_stays_in_the_history(url: str) -> None:
    content: dict[str, Any] = {"title": "Café <b>Ł</b>", "owners": ["Jo", "Al"], "open": True, "turns": 3}
    with open_store(url) as store:
        first = keep_entry(store, "action", content, by=" Jo ", at=at(1))
        other = keep_entry(store, "action", {"title": "call"}, by="Al", entry_id="a2", at=at(2))
        second = keep_entry(
            store, "action", {"title": "visit"}, by="Sam", why="better", entry_id=first.entry_id, at=at(3)
        )
        keep_entry(store, "meeting", {"title": "another kind"}, by="Al", entry_id="a2", at=at(3))
        assert first == Entry("action", first.entry_id, 1, content, "Jo", at(1))
        assert second == Entry("action", first.entry_id, 2, {"title": "visit"}, "Sam", at(3), "better")
        assert standing_entries(store, "action") == [second, other]
        assert standing_entries(store, "action", as_of=date(2026, 5, 2)) == [first, other]
        assert entry_history(store, "action", first.entry_id) == [first, second]
    assert load_entries(url, "action") == [second, other]


def test_what_is_taken_away_no_longer_stands_but_stays_and_can_come_back(url: str) -> None:
    with open_store(url) as store:
        kept = keep_entry(store, "context", {"name": "park"}, by="Jo", at=at(1))
        gone = remove_entry(store, "context", kept.entry_id, by="Al", why="twice", at=at(2))
        assert gone == Entry("context", kept.entry_id, 2, {"name": "park"}, "Al", at(2), "twice", True)
        assert standing_entries(store, "context") == []
        assert standing_entries(store, "context", as_of=date(2026, 5, 1)) == [kept]
        with pytest.raises(ValueError, match="is not there, so it cannot be taken away"):
            remove_entry(store, "context", kept.entry_id, by="Al", why="again")
        with pytest.raises(ValueError, match="is not there, so it cannot be taken away"):
            remove_entry(store, "context", "nosuch", by="Al", why="again")
        with pytest.raises(ValueError, match="No reason is given"):
            remove_entry(store, "context", kept.entry_id, by="Al", why=" ")
        back = keep_entry(store, "context", {"name": "park"}, by="Jo", entry_id=kept.entry_id, at=at(3))
        assert (back.turn, standing_entries(store, "context")) == (3, [back])


def test_nobody_writes_over_what_they_have_not_seen(url: str) -> None:
    with open_store(url) as store:
        kept = keep_entry(store, "plan", {"days": 5}, by="Jo", entry_id="week", after=0)
        keep_entry(store, "plan", {"days": 4}, by="Al", entry_id="week", after=kept.turn)
        with pytest.raises(EnteredMeanwhileError, match="The plan was changed by somebody else since"):
            keep_entry(store, "plan", {"days": 3}, by="Jo", entry_id="week", after=kept.turn)
        with pytest.raises(EnteredMeanwhileError, match="The plan was changed by somebody else since"):
            remove_entry(store, "plan", "week", by="Jo", why="old", after=kept.turn)
        assert [entry.content for entry in standing_entries(store, "plan")] == [{"days": 4}]


def test_several_writers_at_once_lose_nothing(url: str) -> None:
    def write(name: str) -> None:
        with open_store(url) as store:
            for number in range(6):
                keep_entry(store, "action", {"n": number}, by=name, entry_id="one")

    threads = [threading.Thread(target=write, args=(f"user {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_store(url) as store:
        history = entry_history(store, "action", "one")
    assert [entry.turn for entry in history] == list(range(1, 25))
    assert {name: [e.content["n"] for e in history if e.by == name] for name in {e.by for e in history}} == {
        f"user {n}": list(range(6)) for n in range(4)
    }


def test_a_kind_or_a_name_that_is_missing_is_said_and_nothing_is_kept(url: str) -> None:
    with open_store(url) as store:
        with pytest.raises(ValueError, match="'score' is not a kind of entry: use one of meeting, action"):
            keep_entry(store, "score", {}, by="Jo")
        with pytest.raises(ValueError, match="The meeting was not kept: nobody is named"):
            keep_entry(store, "meeting", {}, by=" ")
        assert standing_entries(store, "meeting") == []


def test_no_store_is_no_entries() -> None:
    assert load_entries("sqlite:////nowhere/store.sqlite", "action") == []


@pytest.mark.parametrize(
    ("current", "before", "after", "merged"),
    [
        ("one", "one", "one\ntwo", "one\ntwo"),
        ("by Jo", "", "by Sam", "by Jo\nby Sam"),
        ("one\nby Jo", "one", "one by Sam", "by Jo\none by Sam"),
        ("one\n\nby Jo", "one", "", "\nby Jo"),
        ("by Jo", "one", "one", "by Jo"),
        ("by Jo\nby Sam", "by Sam", "", "by Jo"),
    ],
)
def test_of_what_two_write_at_once_the_lines_of_both_stay(
    current: str, before: str, after: str, merged: str
) -> None:
    assert merged_text(current, before, after) == merged
