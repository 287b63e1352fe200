"""What a saved map holds, when it closes, who may renew it, and one user's change on top of another's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.peer_maps import (
    PURPOSES,
    Action,
    PeerMap,
    Sheet,
    View,
    overlay,
    peer_map_from_dict,
    renewed,
    sheet_faults,
    validate_peer_map,
)

TODAY = date(2026, 5, 4)
SHEET = Sheet(
    positions={"person:C1": (0, 0), "location:L1": (-120, 45)},
    views={"location:L1": View("unsafe", date(2026, 5, 1), "older people wait at the gate")},
    actions={"a": Action("Ask the school about lunch", "Jo", date(2026, 5, 11))},
    notes="Made together on the phone.",
)
MAP = PeerMap("C1", "with_young_person", "Jo Reed", date(2026, 6, 1), date(2026, 8, 3), SHEET)


def test_practice_allows_two_purposes() -> None:
    assert list(PURPOSES) == ["with_young_person", "coordination"]


def test_a_map_comes_back_from_json_as_it_was() -> None:
    kept = json.loads(json.dumps(MAP.to_dict()))
    assert peer_map_from_dict(kept) == MAP
    assert kept == {
        "child": "C1",
        "purpose": "with_young_person",
        "owner": "Jo Reed",
        "review_on": "2026-06-01",
        "expires_on": "2026-08-03",
        "positions": {"location:L1": [-120, 45], "person:C1": [0, 0]},
        "views": {
            "location:L1": {
                "view": "unsafe",
                "said_on": "2026-05-01",
                "words": "older people wait at the gate",
            }
        },
        "actions": {
            "a": {
                "what": "Ask the school about lunch",
                "owner": "Jo",
                "due_on": "2026-05-11",
                "done_on": None,
            }
        },
        "notes": "Made together on the phone.",
    }


@pytest.mark.parametrize(
    "change",
    [{"positions": {"a": [1]}}, {"review_on": "soon"}, {"views": 4}, {"actions": {"a": {"what": "x"}}}],
)
def test_content_that_is_no_map_is_said_to_be_none(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="This entry is not a peer map"):
        peer_map_from_dict({**MAP.to_dict(), **change})


def test_all_that_is_wrong_with_a_map_is_said_at_once() -> None:
    bad = PeerMap(
        "",
        "watching",
        " ",
        TODAY - timedelta(days=1),
        TODAY,
        Sheet(
            positions={"person:C1": (10**7, 0)},
            views={"location:L1": View("risky", TODAY)},
            actions={"a": Action("", "Jo", TODAY)},
            notes="x" * 2001,
        ),
    )
    with pytest.raises(ValueError, match="The map was not kept") as raised:
        validate_peer_map(bad, today=TODAY)
    assert [
        part in str(raised.value)
        for part in (
            "whose map it is",
            "no purpose",
            "no owner",
            "would close on 04/05/2026, which is not after today",
            "the day of its review has passed",
            "2,001 characters",
            "'risky' is not what can be said of a place: use one of safe, not safe, it depends",
            "too far out",
            "does not say what is to be done",
        )
    ] == [True] * 9
    late = replace(MAP, expires_on=TODAY + timedelta(days=367), review_on=TODAY + timedelta(days=368))
    with pytest.raises(ValueError, match=r"more than a year from today.*; it would be reviewed after it"):
        validate_peer_map(late, today=TODAY)


def test_a_map_is_open_on_its_last_day_and_closed_after_it() -> None:
    assert [MAP.closed(MAP.expires_on + timedelta(days=days)) for days in (-1, 0, 1)] == [False, False, True]


def test_only_the_owner_renews_a_closed_map_and_says_why() -> None:
    after = date(2026, 9, 1)
    dates = {"review_on": date(2026, 9, 20), "expires_on": date(2026, 11, 1), "today": after}
    with pytest.raises(ValueError, match="Jo Reed owns it and can renew it with a reason"):
        renewed(MAP, by="Sam", why="still needed", **dates)
    with pytest.raises(ValueError, match="Say why it is still needed"):
        renewed(MAP, by="Jo Reed", why=" ", **dates)
    with pytest.raises(ValueError, match="not after today"):
        renewed(MAP, by="Jo Reed", why="still needed", **{**dates, "expires_on": after})
    found = renewed(MAP, by="  jo  REED ", why="the plan runs on", purpose="coordination", **dates)
    assert found == replace(
        MAP, purpose="coordination", review_on=date(2026, 9, 20), expires_on=date(2026, 11, 1)
    )


def test_no_map_has_more_than_sixty_actions() -> None:
    every = {str(n): Action("Ring", "Jo", TODAY) for n in range(61)}
    assert sheet_faults(Sheet(actions=every)) == ["it has 61 actions, and 60 is the most"]


NODES = st.sampled_from(["person:A", "person:B", "location:L", "thing:T"])
PLACES = st.tuples(st.integers(-500, 500), st.integers(-500, 500))
SHEETS = st.builds(
    Sheet,
    positions=st.dictionaries(NODES, PLACES),
    views=st.dictionaries(
        NODES, st.builds(View, st.sampled_from(["safe", "unsafe", "depends"]), st.just(TODAY))
    ),
    actions=st.dictionaries(
        NODES, st.builds(Action, st.sampled_from(["a", "b"]), st.just("Jo"), st.just(TODAY))
    ),
    notes=st.lists(st.sampled_from(["one", "two", "three"]), max_size=3).map("\n".join),
)


@given(SHEETS, SHEETS)
def test_a_change_made_undone_and_made_again_is_the_same_change(before: Sheet, after: Sheet) -> None:
    assert overlay(before, before, after) == after
    assert overlay(after, after, before) == before
    assert overlay(before, after, after) == before


@given(SHEETS, SHEETS, SHEETS)
def test_undoing_ones_own_change_leaves_what_another_has_not_shared_with_it(
    before: Sheet, after: Sheet, theirs: Sheet
) -> None:
    together = overlay(theirs, before, after)
    mine = {
        node
        for node in {*before.positions, *after.positions}
        if before.positions.get(node) != after.positions.get(node)
    }
    assert {node: place for node, place in together.positions.items() if node not in mine} == {
        node: place for node, place in theirs.positions.items() if node not in mine
    }
    assert all(together.positions.get(node) == after.positions.get(node) for node in mine)
    assert overlay(together, before, after) == together
    # Of notes, no line is lost that either of them wrote.
    mine_written = {*after.notes.split()} - {*before.notes.split()}
    theirs_written = {*theirs.notes.split()} - {*before.notes.split()}
    assert {*together.notes.split()} >= mine_written | theirs_written
