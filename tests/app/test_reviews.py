"""Today says what people promised to do or look at again, and opens where it is dealt with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mapping import peer_maps
from mapping.contexts import ContextCase
from mapping.entries import keep_entry
from mapping.meetings import Action, Snapshot, begin_meeting, close_meeting
from mapping.store import open_store


def test_what_is_due_is_on_today_and_changes_can_start_from_the_last_meeting(
    open_app: Callable[..., AppTest],
    shown: Callable[[AppTest], str],
    case: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    monkeypatch.setenv("CONTEXTMAP_STORE", url)
    context = ContextCase(
        "location", "L1", "Quarry Field", "chair", "Alcohol", "Al", date(2024, 3, 1), date(2024, 5, 1)
    )
    meeting = begin_meeting(
        as_of=date(2024, 5, 10),
        since=date(2024, 5, 1),
        chair="Jo",
        present=["Jo"],
        role="chair",
        grades="all",
    )
    with open_store(url) as store:
        keep_entry(store, "context", context.to_dict(), by="Jo", entry_id="k1")
        keep_entry(store, "context", {**context.to_dict(), "review_on": "2025-01-01"}, by="Jo")
        keep_entry(store, "meeting", close_meeting(meeting, Snapshot()).to_dict(), by="Jo", entry_id="m1")
        late = Action("Visit", "Al", date(2024, 5, 20), "group:G1", "AB's group formed", "m1")
        keep_entry(store, "action", late.to_dict(), by="Jo", entry_id="a1")
    app = open_app(case, "today")
    assert not app.exception
    assert "2 actions and reviews due." in shown(app)
    labels = [
        button.label.replace("\\", "") for button in app.button if (button.key or "").startswith("due_")
    ]
    assert labels[1] == "Quarry Field: review 1 May 2024 (Al)"
    assert labels[0].startswith("Visit (Al, ")
    assert labels[0].endswith(" late)")
    assert "Since the last meeting" in app.segmented_control(key="since_days").options
    app.button(key="due_0").click().run()
    assert '<h2 class="cm-panel-title">Visit</h2>' in shown(app)
    app = open_app(case, "today")
    app.button(key="due_1").click().run()
    assert '<h1 class="cm-title">Contexts</h1>' in shown(app)


# The last day of the small case, on which people work on it.
TODAY = date(2024, 5, 30)


def peer_map(child: str, review_on: date, expires_on: date, **done: date | None) -> dict[str, object]:
    """A saved map with an action due today for each name, done or not."""
    actions = {what: peer_maps.Action(what, "Jo", TODAY, when) for what, when in done.items()}
    found = peer_maps.PeerMap(
        child, "coordination", "Jo Reed", review_on, expires_on, peer_maps.Sheet(actions=actions)
    )
    return {**found.to_dict(), "role": "social_worker"}


def test_actions_on_saved_maps_and_maps_that_close_are_on_today(
    open_app: Callable[..., AppTest],
    shown: Callable[[AppTest], str],
    case: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    monkeypatch.setenv("CONTEXTMAP_STORE", url)
    with open_store(url) as store:
        for content in (
            peer_map("C001", date(2024, 6, 20), date(2024, 7, 20), Ring=None, Visit=date(2024, 5, 29)),
            peer_map("C002", date(2024, 6, 4), date(2024, 6, 5)),
            peer_map("C003", date(2024, 5, 1), date(2024, 5, 29), Ask=None),
            peer_map("C004", date(2024, 5, 1), date(2024, 5, 2), Ask=None),
        ):
            keep_entry(store, "peer_map", content, by="Jo")
        keep_entry(store, "peer_map", {"child": "C005", "role": "social_worker"}, by="A later version")
    app = open_app(case, "today")
    assert not app.exception
    labels = [
        button.label.replace("\\", "") for button in app.button if (button.key or "").startswith("due_")
    ]
    assert labels == [
        "CQ (C003): peer map closed 29 May 2024 (Jo Reed can renew it)",
        "BQ (C002): peer map, review 4 June 2024, closes 5 June 2024 (Jo Reed)",
        "AQ (C001): Ring (Jo, due 30 May 2024)",
    ]
