"""Nothing of a restricted report leaves, by any page, file or command, for whoever may not see it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mapping.judgements import judge
from mapping.store import open_store

MARKS = (b"zqxvj7", b"2024-06-09", b"9 june 2024", b"9 jun 2024", b"09/06/2024")
"""The first stands in every text and id that rests on a restricted report, the others are its day; they are nowhere else."""


def restricted(folder: Path) -> Path:
    """Add to a small case what an analyst alone may see; everything of it is called after the mark."""
    said = {"source_id": "ZQXVJ7S"}
    more: dict[str, list[dict[str, str]]] = {
        "sources": [
            {**said, "kind": "intelligence", "agency": "zqxvj7 agency", "recorded_on": "2024-06-09", "source_grade": "1", "information_grade": "B", "handling": "C", "text": "zqxvj7 text"},
            {"source_id": "ZQXVJ7S2", "kind": "intelligence", "agency": "zqxvj72", "recorded_on": "2024-05-30", "handling": "zqxvj7handling", "text": "zqxvj72 text"},
            {**said, "kind": "intelligence", "agency": "zqxvj7 again", "recorded_on": "2024-05-30", "handling": "C", "text": "zqxvj7 again"},
        ],
        "associations": [
            {"person_a": "C001", "person_b": "C007", "kind": "other", "last_seen": "2024-05-30", **said},
            {"person_a": "C002", "person_b": "C008", "kind": "zqxvj7kind", "last_seen": "2024-05-30", **said},
            {"person_a": "C002", "person_b": "C009", "kind": "peer", "last_seen": "2024-05-30", "source_id": "ZQXVJ7S2"},
            {"person_a": "C002", "person_b": "C010", "kind": "peer", "last_seen": "2024-05-30", "source_id": "ZQXVJ7LOST"},
            {"person_a": "C002", "person_b": "ZQXVJ7NOBODY", "kind": "peer", "last_seen": "2024-05-30", **said},
        ],
        "events": [
            {"event_id": "ZQXVJ7E", "kind": "incident", "started_at": "2024-05-19T21:30", "location_id": "L1", "summary": "zqxvj7 summary", **said},
            {"event_id": "ZQXVJ7E2", "kind": "incident", "started_at": "zqxvj7when", "location_id": "L1", "summary": "zqxvj7 summary", **said},
        ],
        "participation": [
            {"event_id": "ZQXVJ7E", "person_id": child, "role": "harmed"} for child in ("C001", "C008", "A1")
        ],
        "presence": [{"person_id": child, "location_id": "L2", "seen_at": "2024-05-21T19:00", **said} for child in ("C003", "C009")],
        "things": [{"thing_id": "ZQXVJ7T", "kind": "vehicle", "label": "zqxvj7 label", **said}],
        "thing_use": [{"thing_id": "ZQXVJ7T", "person_id": child, "last_seen": "2024-05-25", **said} for child in ("C001", "C008", "A1")],
        "missing": [
            {"episode_id": "ZQXVJ7M", "person_id": "C006", "reported_at": "2024-05-28T20:00", "found_at": "2024-05-29T09:00", "delay_reason": "zqxvj7 delay", **said},
            {"episode_id": "ZQXVJ7M2", "person_id": "C006", "reported_at": "2024-05-30T20:00", "found_at": "zqxvj7found", **said},
        ],
        "referrals": [{"referral_id": "ZQXVJ7R", "person_id": "C006", "received_on": "2024-05-29", "source_agency": "zqxvj7 referrer", "concern": "cce", "decision": "zqxvj7 decision", **said}],
    }  # fmt: skip
    for table, rows in more.items():
        path = folder / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            before = list(csv.DictReader(file))
        columns = list(dict.fromkeys([*before[0], *(name for row in rows for name in row)]))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [*columns, "remark"], restval="")
            writer.writeheader()
            writer.writerows([*before, *({**row, "remark": "zqxvj7 remark"} for row in rows)])
    return folder


@pytest.fixture(scope="module")
def marked(small_case: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return restricted(small_case.write_case(tmp_path_factory.mktemp("leaks") / "case"))


def found(data: bytes, where: str) -> list[str]:
    """Return where the mark stands in a file, whatever it is packed in."""
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return [one for name in packed.namelist() for one in found(packed.read(name), f"{where}/{name}")]
    if data[:4] == b"PAR1":
        data = pd.read_parquet(io.BytesIO(data)).to_csv().encode()
    return [where] if any(mark in data.lower() for mark in MARKS) else []


def sent(node: Any) -> Iterator[bytes]:
    """Give all that an app sent to the browser, hidden or shown: text, tables, charts, maps, options, keys."""
    if (proto := getattr(node, "proto", None)) is not None and hasattr(proto, "SerializeToString"):
        yield proto.SerializeToString()
    for child in getattr(node, "children", {}).values():
        yield from sent(child)


def leaks(app: AppTest, where: str) -> list[str]:
    assert [error.value for error in app.exception] == [], where
    heard = [one for data in sent(app._tree) for one in found(data, where)]
    return [*heard, *found(repr(app.query_params).encode(), f"{where} (address)")]


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the buttons of a page would save."""
    held: dict[str, bytes] = {}
    real = st.download_button

    def button(label: str, data: Any, file_name: str | None = None, **options: Any) -> bool:
        # A document is the same in every form, and a profile is on its page as it is in its file.
        skipped = str(file_name).endswith(".pdf") or str(file_name).startswith("problem")
        content = b"" if skipped else data() if callable(data) else data
        held[str(file_name)] = content.encode() if isinstance(content, str) else bytes(content)
        return real(label, content, file_name, **options)

    monkeypatch.setattr(st, "download_button", button)
    return held


# A social worker and a planner see the same places, the planner fewer of their rows: what only counts is opened once.
PAGES = {
    "social_worker": ("today", "meeting", "peer_map", "groups", "shared_contacts", "contexts", "operations", "connect", "problem_profile", "dashboard", "import_case", "duplicates", "wards", "when", "placements", "boundaries", "week_of_action"),
    "planner": ("wards", "hotspots", "gaps", "deprivation"),
}  # fmt: skip
CHOSEN = {"child": "C001", "contact": "thing:ZQXVJ7T", "link": "link:C001|C007", "person": "C001", "ward": "E05000001", "connect_one": "person:C001", "connect_other": "person:C008"}  # fmt: skip


def opened(app: AppTest, pages: tuple[str, ...]) -> list[str]:
    """Open pages, with something chosen on each, and return where anything restricted was sent."""
    seen = []
    for page in pages:
        app.session_state["chosen"] = dict(CHOSEN)
        app.switch_page(f"views/{page}.py").run()
        seen += leaks(app, page)
    return seen


@pytest.mark.parametrize("role", ["social_worker", "planner"])
def test_no_page_sends_or_saves_it_even_to_whoever_was_an_analyst_before(
    role: str,
    marked: Path,
    open_app: Callable[..., AppTest],
    saved: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    monkeypatch.setenv("CONTEXTMAP_STORE", url)
    with open_store(url) as store:
        judge(store, "C001", "C002", "different", by="Al, police analyst", why="zqxvj7 reason")
    app = open_app(marked, role="analyst")
    first = ("peer_map", "duplicates", "week_of_action") if role == "social_worker" else ("wards",)
    seen = opened(app, first)
    assert {*first} <= {*seen}, "what is planted is not there to be seen"
    saved.clear()
    app.selectbox(key="role").set_value(role).run()
    seen = leaks(app, "start")
    seen += opened(app, PAGES[role])
    assert saved
    assert [*seen, *(one for name, data in saved.items() for one in found(data, name))] == []


def test_no_command_prints_or_writes_it(marked: Path, run: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    seen = []
    for command in (
        ("analyse", marked, "--out", out / "analysis", "--no-chance", "--resamples", 0, "--strict"),
        ("connect", marked, "C001", "C008"),
        ("export", marked, out / "chart.anx", "--format", "anx"),
    ):
        ran = run(*command, "--viewer", "social_worker")
        assert ran.code == 0, ran.err
        seen += found(f"{ran.out}{ran.err}".encode(), str(command[0]))
    assert [*seen, *(one for path in out.rglob("*.*") for one in found(path.read_bytes(), path.name))] == []


def test_a_case_with_faults_is_refused_to_whoever_may_see_them(
    marked: Path, run: Any, tmp_path: Path
) -> None:
    ran = run("analyse", marked, "--out", tmp_path / "out", "--strict")
    assert (ran.code, "zqxvj7kind" in ran.out) == (1, True)
