"""What a meeting keeps: decisions that supersede, a close that holds, and actions with somebody to do them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mapping.entries import Entry
from mapping.meetings import (
    Action,
    Decided,
    Item,
    Meeting,
    Snapshot,
    action_from_dict,
    actions,
    begin_meeting,
    close_meeting,
    decide,
    last_meeting,
    meeting_from_dict,
    open_meeting,
)

DAY = date(2026, 5, 4)
ITEM = Item("group:G1", "groups", "AB's group gained 2 members")
SNAPSHOT = Snapshot(
    (("C1", "G1"), ("C2", "G1")), {"G1": "AB's group"}, (("thing", "T1", "C1"),), ("E05",), ("R1",)
)


def begun(**said: Any) -> Meeting:
    return begin_meeting(
        **{
            "as_of": DAY,
            "since": DAY - timedelta(days=7),
            "chair": " Jo ",
            "present": ["Jo", " Al", "Jo", ""],
            "role": "chair",
            "grades": "all",
            **said,
        }
    )


def entry(kind: str, entry_id: str, content: dict[str, Any], day: int) -> Entry:
    return Entry(kind, entry_id, 1, content, "Jo", datetime(2026, 5, day, tzinfo=UTC))


def test_a_meeting_from_its_beginning_to_its_close_is_kept_whole() -> None:
    meeting = begun()
    assert meeting == Meeting(DAY, date(2026, 4, 27), "Jo", "chair", "all", ("Jo", "Al"))
    decided = decide(
        decide(meeting, ITEM, "advice", why="first"), ITEM, "strategy_meeting", why=" more is known "
    )
    assert decided.decided == {"group:G1": Decided(ITEM, "strategy_meeting", "more is known")}
    closed = close_meeting(decided, SNAPSHOT)
    assert (decided.closed, closed.closed) == (False, True)
    assert meeting_from_dict(closed.to_dict()) == closed
    assert meeting_from_dict(decided.to_dict()) == decided


def test_the_next_meeting_starts_from_the_last() -> None:
    last = close_meeting(begun(), SNAPSHOT)
    following = begun(as_of=DAY + timedelta(days=1), since=date(2020, 1, 1), last=last)
    assert following.since == DAY
    with pytest.raises(
        ValueError, match="the last one looked at 2026-05-04, and this one would look at 2026-05-03"
    ):
        begun(as_of=date(2026, 5, 3), last=last)
    assert begun(as_of=DAY, last=last).since == DAY  # a second meeting on one day


def test_what_a_meeting_may_not_do_is_said() -> None:
    with pytest.raises(ValueError, match="nobody is named as its chair"):
        begun(chair=" ")
    with pytest.raises(
        ValueError, match="'watch' is not a decision of a meeting: use one of advice, early_help"
    ):
        decide(begun(), ITEM, "watch", why="")
    with pytest.raises(ValueError, match="Other does not say it"):
        decide(begun(), ITEM, "other", why=" ")
    with pytest.raises(ValueError, match="say who was present"):
        close_meeting(begun(present=[]), SNAPSHOT)
    closed = close_meeting(begun(), SNAPSHOT)
    with pytest.raises(ValueError, match="This meeting is closed"):
        decide(closed, ITEM, "advice", why="")
    with pytest.raises(ValueError, match="This meeting is closed"):
        close_meeting(closed, SNAPSHOT)
    with pytest.raises(ValueError, match="This is not what a meeting keeps: 'decided' is missing"):
        meeting_from_dict({"as_of": "2026-05-04"})


def test_the_open_meeting_and_the_last_closed_one_are_found() -> None:
    early = entry("meeting", "a", close_meeting(begun(), SNAPSHOT).to_dict(), 4)
    late = entry("meeting", "b", close_meeting(begun(as_of=DAY + timedelta(days=1)), SNAPSHOT).to_dict(), 5)
    running = entry("meeting", "c", begun().to_dict(), 6)
    assert open_meeting([early, late]) is None
    assert last_meeting([running]) is None
    found, last = open_meeting([early, running, late]), last_meeting([late, early, running])
    assert (found and found[0], last and last[0]) == (running, late)


def test_actions_have_somebody_and_come_open_ones_first() -> None:
    action = Action("Visit", "Al", DAY, "group:G1", ITEM.said, "a")
    done = Action("Call", "Sam", DAY - timedelta(days=2), "group:G1", ITEM.said, "a", "done", "spoke to them")
    later = Action("Write", "Jo", DAY + timedelta(days=2), "group:G1", ITEM.said, "a")
    entries = [entry("action", str(n), each.to_dict(), 4) for n, each in enumerate([later, done, action])]
    assert [each for _, each in actions(entries)] == [action, later, done]
    assert action_from_dict(done.to_dict()) == done
    with pytest.raises(ValueError, match="say what is to be done; say who does it; 'late' is not a state"):
        Action(" ", "", DAY, "", "", "a", "late", "x")
    with pytest.raises(ValueError, match="say what came of it"):
        Action("Visit", "Al", DAY, "", "", "a", "done")
    with pytest.raises(ValueError, match="This is not what an action keeps"):
        action_from_dict({"what": "Visit"})
