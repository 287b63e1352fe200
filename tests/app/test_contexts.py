"""The Contexts page: a case is opened, kept, followed over time and closed; restricted ones stay with those who see them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import docx
import pytest
from streamlit.testing.v1 import AppTest

from app.documents.context import draw_context
from app.documents.word import to_docx
from mapping.contexts import ContextCase, Outcome
from mapping.entries import keep_entry, load_entries
from mapping.store import open_store

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
    assert len(entry.content["children"]) >= 2
    app.text_area(key=f"plan_{entry.entry_id}_1").input("Ask the company to end the line")
    app.button(key=f"FormSubmitter:context_{entry.entry_id}_1-Keep").click().run()
    assert "The case is kept." in shown(app)
    (entry,) = load_entries(store, "context")
    assert (entry.turn, entry.content["plan"]) == (2, "Ask the company to end the line")
