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


class WriteCase(Protocol):
    """What the fixture `write_case` gives: tables in, the case folder out."""

    def __call__(
        self, name: str = "case", *, geography: Mapping[str, str] | None = None, **tables: Rows
    ) -> Path: ...


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
