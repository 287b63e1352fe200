from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import log
from mapping.store import StoreError


def test_each_look_at_names_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTEXTMAP_LOG_DIR", str(tmp_path / "log"))
    log.append("full names shown", role="chair", reason="strategy\nmeeting", case="demo")
    path = log.append("full names shown", role="analyst", reason="second", case="demo")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(line["action"], line["role"], line["reason"]) for line in lines] == [
        ("full names shown", "chair", "strategy\nmeeting"),
        ("full names shown", "analyst", "second"),
    ]
    assert all(line["at"].endswith("+00:00") for line in lines)
    assert path.stat().st_mode & 0o077 == 0


def test_a_log_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CONTEXTMAP_LOG_DIR", str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"exists|directory"):
        log.append("full names shown", reason="x")


def test_users_are_told_in_plain_words_and_the_log_keeps_what_went_wrong_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTEXTMAP_LOG_DIR", str(tmp_path))
    assert log.said(StoreError("sqlite:////srv/hub is readonly", plain="It cannot be written.")) == "It cannot be written."  # fmt: skip
    assert log.said(StoreError("disk I/O error")) == "disk I/O error"
    assert log.said(OSError()) == "OSError"
    (file,) = tmp_path.iterdir()
    assert [json.loads(line)["error"] for line in file.read_text().splitlines()] == ["sqlite:////srv/hub is readonly"]  # fmt: skip
