"""Share what more than one test file needs."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Protocol

import pandas as pd
import pytest

BESIDE = Path(__file__).resolve().parents[2] / "shared"
PEOPLE = "person_id\nC1\nC2\nC3\n"
Rows = str | Iterable[Mapping[str, object]] | pd.DataFrame
# The files that take longest, longest first. They begin first, so that at the end of a run on several cores
# no core waits long for another.
LONGEST = (
    "app/test_axe.py",
    "app/test_browser.py",
    "app/test_pages.py",
    "app/test_browser_profile.py",
    "app/test_browser_peer_map.py",
    "mapping/test_access.py",
    "app/test_browser_bands.py",
    "mapping/test_links.py",
    "mapping/test_contacts.py",
    "app/test_browser_week.py",
    "app/test_browser_places.py",
    "app/test_browser_meeting.py",
    "app/test_cli.py",
    "app/test_analysis.py",
    "app/test_bands.py",
    "mapping/test_page.py",
    "mapping/test_groups.py",
    "test_notebooks.py",
)


class WriteCase(Protocol):
    """What the fixture `write_case` gives: tables in, the case folder out."""

    def __call__(
        self, name: str = "case", *, geography: Mapping[str, str] | None = None, **tables: Rows
    ) -> Path: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first; the order within a file stays."""
    here = Path(__file__).parent
    turn = {here / file: number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: turn.get(item.path, len(turn)))


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real open data beside the checkout (CONTEXTMAP_SHARED names another place)."""
    folder = Path(os.environ.get("CONTEXTMAP_SHARED", BESIDE)) / "realdata"
    if not folder.is_dir():
        pytest.skip(f"the real open data are not there ({folder})")
    return folder


@pytest.fixture
def write_case(tmp_path: Path) -> WriteCase:
    """A function that writes a case folder under `tmp_path` and returns its path.

    A table is CSV text (dedented and stripped), a list of dicts or a DataFrame; without `people` the case
    holds C1, C2 and C3, nothing else known of them. `geography` is file name to text. A second case in
    one test needs a name of its own; the same name again replaces what that case held.
    """

    def write(name: str = "case", *, geography: Mapping[str, str] | None = None, **tables: Rows) -> Path:
        case = tmp_path / name
        case.mkdir(parents=True, exist_ok=True)
        for old in case.glob("*.csv"):
            old.unlink()
        for table, rows in {"people": PEOPLE, **tables}.items():
            (case / f"{table}.csv").write_text(_csv(rows), encoding="utf-8", newline="")
        for file, text in (geography or {}).items():
            (case / "geography").mkdir(exist_ok=True)
            (case / "geography" / file).write_text(text, encoding="utf-8")
        return case

    return write


def _csv(rows: Rows) -> str:
    if isinstance(rows, str):
        return dedent(rows).strip() + "\n"
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    return frame.to_csv(index=False, quoting=csv.QUOTE_ALL)
