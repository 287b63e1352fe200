"""The command `lock`: a store encrypted and made plain again, and what every other command says without its key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app import desk
from mapping.cipher import KEY_FILE


@pytest.fixture
def store(write_case: Any, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(KEY_FILE, raising=False)
    case = write_case(people="person_id,given_name\nC1,Marrowfat\nC2,Bea\n")
    path = tmp_path / "hub.sqlite"
    monkeypatch.setenv("CONTEXTMAP_STORE", f"sqlite:///{path}")  # else whoever reads the store's case sets it
    assert run("import", case, "--store", path).code == 0
    assert b"Marrowfat" in path.read_bytes()
    return path


def test_a_store_is_encrypted_used_and_made_plain_again(
    store: Path, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "hub.key"
    ran = run("lock", store, "--new-key")
    assert (ran.code, ran.err) == (
        1,
        f"contextmap: No key is given. Set {KEY_FILE} to the file that holds it, or that --new-key is to write it to.\n",
    )
    monkeypatch.setenv(KEY_FILE, str(key))
    ran = run("lock", store, "--new-key")
    assert ran.code == 0
    assert ran.out.startswith(f"A new key is in {key}. Keep a copy of it away from this machine")
    assert b"Marrowfat" not in store.read_bytes()
    url = f"sqlite:///{store}"
    ran = run("check", url)
    assert (ran.code, ran.out) == (0, "2 rows read in 1 table; no faults.\n")
    monkeypatch.delenv(KEY_FILE)
    for command in (("check", url), ("import", tmp_path / "case", "--store", store)):
        ran = run(*command)
        assert ran.code == 1
        assert f"it is encrypted and {KEY_FILE} does not name the file that holds its key" in ran.err
        assert key.read_text().strip() not in ran.err
    monkeypatch.setenv(KEY_FILE, str(key))
    assert run("lock", store, "--undo").code == 0
    assert b"Marrowfat" in store.read_bytes()


def test_wrong_usage_and_a_server_are_refused(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("lock", "hub.sqlite", "--undo", "--new-key").code == 2
    ran = run("lock", "postgresql://hub:secret@localhost/hub")
    assert ran.code == 1
    assert "a database server has its own ways" in ran.err


def test_the_page_says_how_what_is_entered_is_kept(
    write_case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTEXTMAP_CASE", str(write_case(people="person_id\nC1\n")))
    monkeypatch.setenv("CONTEXTMAP_STORE", "")
    monkeypatch.delenv(KEY_FILE, raising=False)
    assert "kept in a plain file" in desk.safekeeping()
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "hub.key"))
    assert "kept in an encrypted file" in desk.safekeeping()
    monkeypatch.setenv("CONTEXTMAP_STORE", "postgresql://hub@localhost/hub")
    assert "in a database on a server" in desk.safekeeping()


def test_a_page_says_calmly_that_the_key_is_gone(
    store: Path, run: Any, open_app: Any, shown: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "hub.key"))
    assert run("lock", store, "--new-key").code == 0
    (tmp_path / "hub.key").rename(tmp_path / "taken.key")
    app = open_app(f"sqlite:///{store}")
    assert not app.exception
    assert "Without the key the store cannot be opened." in shown(app)
