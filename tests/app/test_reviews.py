"""Today says what people promised to do or look at again, and opens where it is dealt with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

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
    app.button(key="due_1").click().run()
    assert '<h1 class="cm-title">Contexts</h1>' in shown(app)
