"""The agenda of the daily meeting, and what a meeting held by one role shows to another."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import docx

from mapping.entries import keep_entry
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
