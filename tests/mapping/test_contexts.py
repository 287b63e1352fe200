"""The case of a context: what it must have, how outcomes follow each other, and what came to it since."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mapping.contexts import (
    ContextCase,
    Outcome,
    children_since,
    context_from_dict,
    contexts,
    with_outcome,
)
from mapping.entries import Entry

OPENED = date(2026, 5, 4)
CASE = ContextCase(
    "location",
    "L1",
    "The park",
    "chair",
    "Adults give children alcohol here",
    "Al, police",
    OPENED,
    date(2026, 6, 1),
    strengths="A youth worker is there on Fridays",
    weights={"neighbourhood": "most", "school": "little"},
    children=("C1", "C2"),
)


def changed(**said: Any) -> ContextCase:
    return replace(CASE, **said)


def test_a_case_is_kept_whole_with_its_outcomes_in_order() -> None:
    later = with_outcome(CASE, Outcome(date(2026, 6, 1), "same", "seen on patrol"))
    both = with_outcome(later, Outcome(date(2026, 5, 20), "worse", "two reports"))
    assert [each.on.day for each in both.outcomes] == [20, 1]
    closed = replace(both, closed_on=date(2026, 7, 1), closed_because="lights are on again")
    assert context_from_dict(closed.to_dict()) == closed
    with pytest.raises(ValueError, match="the case was opened on 2026-05-04, after 2026-05-01"):
        with_outcome(CASE, Outcome(date(2026, 5, 1), "same", "x"))


def test_every_fault_of_a_case_is_said_at_once() -> None:
    with pytest.raises(
        ValueError,
        match=r"'person' cannot have a case \(use one of group, location, thing\); say what the concern is; say who answers for it; "
        r"the review lies before the day it was opened; say why it is closed; 'street' is not one of home.*; 'high' is not one of most",
    ):
        changed(
            kind="person",
            concerns=" ",
            owner="",
            review_on=date(2026, 5, 1),
            closed_on=OPENED,
            weights={"street": "most", "home": "high"},
        )
    with pytest.raises(
        ValueError,
        match="The outcome was not kept: 'better' is not one of these: safer than before, no change",
    ):
        Outcome(OPENED, "better", "x")
    with pytest.raises(ValueError, match="say how it is known"):
        Outcome(OPENED, "safer", " ")
    with pytest.raises(ValueError, match="This is not what the case of a context keeps"):
        context_from_dict({"kind": "group"})


def test_open_cases_come_first_by_their_review() -> None:
    at = datetime(2026, 5, 4, tzinfo=UTC)
    cases = {
        "a": changed(closed_on=OPENED, closed_because="done", review_on=OPENED),
        "b": CASE,
        "c": changed(review_on=date(2026, 5, 10)),
    }
    entries = [Entry("context", key, 1, case.to_dict(), "Jo", at) for key, case in cases.items()]
    assert [entry.entry_id for entry, _ in contexts(entries)] == ["c", "b", "a"]
    assert [case.overdue(date(2026, 5, 11)) for _, case in contexts(entries)] == [True, False, False]


def test_children_who_came_to_the_context_since_are_told_apart() -> None:
    assert children_since(CASE, ["C2", "C4", "C3"]) == (("C3", "C4"), ("C1",))
