"""A store in a file that is encrypted: what is in it, who can open it, and how it becomes plain and back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from mapping import cipher
from mapping.entries import keep_entry, load_entries
from mapping.store import open_store

MARKED = "Quillon Marrowfat"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the keys; the one in hub.key is given."""
    folder = tmp_path / "keys"
    folder.mkdir()
    monkeypatch.setenv(cipher.KEY_FILE, str(folder / "hub.key"))
    cipher.write_key()
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "stores").mkdir()
    return tmp_path / "stores" / "case.decisions.sqlite"


def keep(path: Path, *names: str) -> None:
    with open_store(f"sqlite:///{path}") as store:
        for name in names:
            keep_entry(store, "action", {"text": f"{MARKED} {name}"}, by=f"{MARKED}, police")


def kept(path: Path) -> list[str]:
    return [
        entry.content["text"].removeprefix(f"{MARKED} ")
        for entry in load_entries(f"sqlite:///{path}", "action")
    ]


def in_the_clear(path: Path) -> bool:
    """Say whether anything of a store can be read by whoever has its file."""
    found = path.read_bytes()
    return any(each in found for each in (MARKED.encode(), b"entries", b"SQLite"))


def test_a_key_is_for_its_owner_alone_and_never_written_over(keys: Path) -> None:
    made = keys / "hub.key"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert len(bytes.fromhex(str(cipher.read_key()))) == 32
    before = made.read_text()
    with pytest.raises(OSError, match=r"is there already\. It may be the key of another store"):
        cipher.write_key()
    assert made.read_text() == before


def test_no_setting_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cipher.KEY_FILE, raising=False)
    assert cipher.read_key() is None
    with pytest.raises(
        ValueError, match=r"No key is given\. Set CONTEXTMAP_KEY_FILE to the file that holds it"
    ):
        cipher.write_key()


def test_what_is_entered_cannot_be_read_from_the_file(
    keys: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(path, "one")
    assert not in_the_clear(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept(path) == ["one"]
    monkeypatch.delenv(cipher.KEY_FILE)
    keep(path.with_name("plain.sqlite"), "one")
    assert in_the_clear(path.with_name("plain.sqlite"))


def test_neither_is_what_is_being_written(keys: Path, path: Path) -> None:
    keep(path, "one")
    with open_store(f"sqlite:///{path}") as store, store.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE entries SET by = 'Lamp'")
        connection.exec_driver_sql("PRAGMA cache_spill = 1")
        journal = path.with_name(f"{path.name}-journal")
        assert journal.is_file()
        assert not in_the_clear(journal)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            "other.key",
            r"sqlite cannot be opened: the key in \S+/other\.key is not its key, or it is no store\.",
        ),
        (
            "",
            r"sqlite cannot be opened: it is no store, or it is encrypted and CONTEXTMAP_KEY_FILE does not name",
        ),
        (
            "lost.key",
            r"lost\.key, which CONTEXTMAP_KEY_FILE names, cannot be read: No such file or directory\.",
        ),
        (
            "letter.txt",
            r"letter\.txt, which CONTEXTMAP_KEY_FILE names, does not hold a key: a key is 64 hexadecimal",
        ),
    ],
)
def test_another_key_or_none_opens_nothing_and_writes_nothing(
    given: str,
    sentence: str,
    keys: Path,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    keep(path, "one")
    (keys / "other.key").write_text("0" * 64)
    (keys / "letter.txt").write_text("Dear colleague, the key is " + "0" * 64)
    monkeypatch.setenv(cipher.KEY_FILE, str(keys / given) if given else "")
    before = path.read_bytes()
    for attempt in (kept, keep, cipher.unlock):
        with pytest.raises((OSError, ValueError)) as raised:
            attempt(path)
        assert "0000" not in str(raised.value)
    with pytest.raises((OSError, ValueError), match=sentence):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert capfd.readouterr() == ("", "")


def test_where_the_key_cannot_be_read_no_store_is_begun(keys: Path, path: Path) -> None:
    (keys / "hub.key").unlink()
    with pytest.raises(OSError, match="Without the key the store cannot be opened"):
        open_store(f"sqlite:///{path}")
    assert not path.exists()


def test_an_address_holds_no_key(keys: Path, path: Path) -> None:
    with pytest.raises(
        ValueError, match="The address of a store in a file holds no key: name a file"
    ) as raised:
        open_store(f"sqlite://:secret@/{path}")
    assert "secret" not in str(raised.value)


def test_a_store_becomes_encrypted_and_plain_again(
    keys: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(cipher.KEY_FILE)
    keep(path, "one", "two")
    path.chmod(0o660)
    monkeypatch.setenv(cipher.KEY_FILE, str(keys / "hub.key"))
    with pytest.raises(
        OSError, match=r"it is not encrypted, though CONTEXTMAP_KEY_FILE names a key; encrypt it with"
    ):
        keep(path, "three")
    cipher.lock(path)
    assert not in_the_clear(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    with pytest.raises(ValueError, match="is not a plain store: it is encrypted already"):
        cipher.lock(path)
    keep(path, "three")
    shutil.copy(path, path.with_name("backup.sqlite"))
    cipher.unlock(path)
    with pytest.raises(ValueError, match="is not an encrypted store: it is plain already"):
        cipher.unlock(path)
    assert kept(path.with_name("backup.sqlite")) == ["one", "two", "three"]
    monkeypatch.delenv(cipher.KEY_FILE)
    assert kept(path) == ["one", "two", "three"]
    assert sorted(each.name for each in path.parent.iterdir()) == ["backup.sqlite", path.name]


def test_the_store_that_a_link_names_is_encrypted_and_not_the_link(
    keys: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(cipher.KEY_FILE)
    keep(path, "one")
    link = path.with_name("link.sqlite")
    link.symlink_to(path)
    monkeypatch.setenv(cipher.KEY_FILE, str(keys / "hub.key"))
    cipher.lock(link)
    assert link.is_symlink()
    assert not in_the_clear(path)


def test_what_is_no_store_is_left_alone(keys: Path, path: Path) -> None:
    path.write_text("no store" * 500)
    for attempt in (cipher.lock, cipher.unlock):
        with pytest.raises((OSError, ValueError)):
            attempt(path)
    assert path.read_text() == "no store" * 500
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_store_that_somebody_writes_to_is_left_alone(
    keys: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(cipher.KEY_FILE)
    monkeypatch.setattr(cipher, "PATIENCE", 0.1)
    keep(path, "one")
    monkeypatch.setenv(cipher.KEY_FILE, str(keys / "hub.key"))
    # Two libraries of SQLite in one program undo one another's locks; so the same one as the code.
    with closing(dbapi2.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(
            OSError, match=r"is as it was: database is locked\. Close what has it open and try again"
        ):
            cipher.lock(path)
    assert cipher.is_plain(path)


@pytest.mark.parametrize("step", ["_copy", "_compare", "_hand_over"])
def test_killed_half_way_it_is_as_it_was_and_can_be_done_again(
    step: str, keys: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(path, "one")
    killed = f"""
import os, signal
from pathlib import Path
from mapping import cipher
step = cipher.{step}
def do(*arguments):
    step(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
cipher.{step} = do
cipher.unlock(Path({str(path)!r}))
"""
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -9
    assert not in_the_clear(path)
    left = path.with_name(f".{path.name}.new")
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    assert kept(path) == ["one"]
    cipher.unlock(path)
    assert in_the_clear(path)
    assert not left.exists()


@pytest.mark.parametrize("step", ["_copy", "_compare", "_hand_over"])
def test_what_cannot_be_written_or_read_back_leaves_the_store_as_it_was(
    step: str, keys: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(path, "one")
    before, real = path.read_bytes(), getattr(cipher, step)

    def failing(*arguments: object) -> None:
        real(*arguments)
        raise OSError("No space left on device")

    monkeypatch.setattr(cipher, step, failing)
    with pytest.raises(OSError, match="No space left on device"):
        cipher.unlock(path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_row_that_was_not_written_is_seen(keys: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(path, "one", "two")
    real = cipher._copy

    def forgetful(source: Path, was: str | None, new: Path, to: str | None) -> None:
        real(source, was, new, to)
        with sqlite3.connect(new) as written:
            written.execute("DELETE FROM entries WHERE entry_n = 1")

    monkeypatch.setattr(cipher, "_copy", forgetful)
    with pytest.raises(OSError, match=r"could not be read back the same\. The store is as it was"):
        cipher.unlock(path)
    assert kept(path) == ["one", "two"]


_WRITER = """
import sys
from mapping.entries import keep_entry
from mapping.store import open_store
with open_store(sys.argv[1]) as store:
    print("open", flush=True)
    sys.stdin.readline()
    print("asking", flush=True)
    try:
        keep_entry(store, "action", {"text": "two"}, by="Jo")
    except OSError as error:
        print(error)
"""


@pytest.mark.parametrize("to", ["encrypted", "plain"])
def test_whoever_waits_to_write_meanwhile_is_told_that_it_was_not_kept(
    to: str, keys: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if to == "encrypted":
        monkeypatch.delenv(cipher.KEY_FILE)
    keep(path, "one")
    writing = subprocess.Popen(
        [sys.executable, "-c", _WRITER, f"sqlite:///{path}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writing.stdin is not None
    assert writing.stdout is not None
    assert writing.stdout.readline() == "open\n"
    real = cipher._hand_over

    def slow(*arguments: Path) -> None:
        writing.stdin.write("now\n")
        writing.stdin.flush()
        assert writing.stdout.readline() == "asking\n"
        time.sleep(0.3)
        real(*arguments)

    monkeypatch.setattr(cipher, "_hand_over", slow)
    monkeypatch.setenv(cipher.KEY_FILE, str(keys / "hub.key"))
    (cipher.lock if to == "encrypted" else cipher.unlock)(path)
    assert writing.communicate()[0].partition(":")[0] == "The action could not be kept"
    if to == "plain":
        monkeypatch.delenv(cipher.KEY_FILE)
    assert kept(path) == ["one"]


def test_the_key_is_in_no_message_and_no_description(keys: Path, path: Path) -> None:
    key = str(cipher.read_key())
    with open_store(f"sqlite:///{path}") as store:
        shown = f"{store} {store.where} {store.engine} {store.engine.url}"
        assert store.where == f"sqlite:///{path}"
    assert key not in shown
    assert key not in " ".join([*os.environ.values(), *sys.argv])
