"""The store that holds what people enter: where it is, its versions, and stores that are not ours."""

from __future__ import annotations

import re
import sqlite3
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mapping import entries, imports, judgements
from mapping.store import (
    VERSIONS,
    StoreError,
    metadata,
    open_store,
    reading,
    store_exists,
    store_url,
    writing,
)


def test_the_store_is_beside_the_case_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = tmp_path / "hub.xlsx"
    path = tmp_path / "hub.xlsx.decisions.sqlite"
    assert store_url(case) == f"sqlite:///{path}"
    open_store(store_url(case)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.setenv("CONTEXTMAP_STORE", str(tmp_path / "elsewhere.sqlite"))
    assert store_url(case) == f"sqlite:///{tmp_path}/elsewhere.sqlite"
    assert store_url(case, tmp_path / "given.sqlite") == f"sqlite:///{tmp_path}/given.sqlite"
    assert store_url(case, "postgresql://hub/decisions") == "postgresql://hub/decisions"


def test_opening_a_store_again_changes_nothing(tmp_path: Path) -> None:
    url = store_url(tmp_path / "case")
    with open_store(url) as store:
        judgements.judge(store, "A", "B", "same", by="Jo", why="one home")
    path = Path(url.removeprefix("sqlite:///"))
    before = path.read_bytes()
    for _ in range(2):
        open_store(url).close()
    assert path.read_bytes() == before
    with sqlite3.connect(path) as plain:
        assert plain.execute("SELECT version_num FROM alembic_version").fetchall() == [(VERSIONS[-1],)]


def test_a_store_of_a_later_version_or_no_store_at_all_is_refused(tmp_path: Path) -> None:
    url = store_url(tmp_path / "case")
    open_store(url).close()
    with sqlite3.connect(url.removeprefix("sqlite:///")) as plain:
        plain.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ValueError, match=f"is of version 9999; this Contextmap knows version {VERSIONS[-1]}"):
        open_store(url)
    (tmp_path / "letter.txt").write_text("no store" * 100)
    with pytest.raises(OSError, match=r"letter\.txt cannot be opened"):
        open_store(store_url(tmp_path / "case", tmp_path / "letter.txt"))
    with pytest.raises(ValueError, match="is a file, and sqlite:// names none"):
        open_store("sqlite://")
    with pytest.raises(StoreError, match="cannot be created: No such file or directory") as refused:
        open_store(store_url(tmp_path / "case", tmp_path / "nowhere" / "store.sqlite"))
    assert refused.value.plain.startswith("Nothing can be kept yet: the folder it is to be kept in cannot be written.")  # fmt: skip


def test_what_is_no_place_is_refused(tmp_path: Path) -> None:
    for ask in (store_exists, open_store):
        with pytest.raises(ValueError, match="is neither a file nor a database URL"):
            ask(store_url(tmp_path, "://"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://jo:se@cr:et@localhost/hub", "postgresql://***@localhost/hub"),
        ("postgresql://jo:secret@localhost:x/hub", "postgresql://***@localhost:x/hub"),
        ("jo:se:cr@et@localhost", "***@localhost"),
    ],
)
def test_an_address_that_cannot_be_read_is_said_without_its_password(url: str, shown: str) -> None:
    """A password that was not written as an address needs it makes the address one that cannot be read."""
    for ask in (store_exists, open_store):
        with pytest.raises(ValueError, match=f"^{re.escape(repr(shown))} is neither a file nor") as raised:
            ask(url)
        assert raised.value.__cause__ is None


def test_a_database_without_its_driver_is_said_without_its_password() -> None:
    with pytest.raises(
        ValueError, match=r"nosuch://jo:\*\*\*@localhost/hub needs a database driver"
    ) as raised:
        open_store("nosuch://jo:secret@localhost/hub")
    assert "secret" not in str(raised.value)


def test_the_migrations_make_the_tables_that_the_code_reads_and_writes(url: str) -> None:
    assert {entries.keep_entry, imports.undo_import, judgements.judge}  # each adds its tables to `metadata`
    with open_store(url) as store, reading(store) as connection:
        found = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(found, metadata) == []


def test_a_store_from_before_the_migrations_keeps_its_decisions(tmp_path: Path) -> None:
    path = tmp_path / "case.decisions.sqlite"
    with sqlite3.connect(path) as plain:
        plain.executescript(
            """CREATE TABLE schema_version (version INTEGER PRIMARY KEY, at DATETIME NOT NULL);
            INSERT INTO schema_version VALUES (1, '2026-05-01 12:00:00');
            CREATE TABLE judgements (judgement_id INTEGER PRIMARY KEY, person_a VARCHAR(200) NOT NULL,
                person_b VARCHAR(200) NOT NULL, turn INTEGER NOT NULL, judgement VARCHAR(20) NOT NULL,
                by VARCHAR(200) NOT NULL, at DATETIME NOT NULL, why TEXT NOT NULL,
                UNIQUE (person_a, person_b, turn), CHECK (person_a < person_b));
            INSERT INTO judgements VALUES (1, 'C1', 'C2', 1, 'same', 'Jo', '2026-05-01 12:00:00', 'one home');"""
        )
    with open_store(f"sqlite:///{path}") as store:
        found = judgements.judgements(store)
        assert found[["person_a", "person_b", "judgement", "by", "why"]].values.tolist() == [
            ["C1", "C2", "same", "Jo", "one home"]
        ]
        assert found["at"].tolist() == [datetime(2026, 5, 1, 12, tzinfo=UTC)]
        with reading(store) as connection:
            assert sorted(sa.inspect(connection).get_table_names()) == [
                "alembic_version", "case_rows", "entries", "imports", "judgements"
            ]  # fmt: skip


def test_many_who_open_a_new_store_at_once_make_one(url: str) -> None:
    faults: list[Exception] = []

    def begin() -> None:
        try:
            open_store(url).close()
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with open_store(url) as store, reading(store) as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchall()
        assert [tuple(row) for row in found] == [(VERSIONS[-1],)]


def test_a_postgresql_server_that_is_not_there_is_said_without_its_password() -> None:
    with pytest.raises(
        OSError, match=r"postgresql\+psycopg://jo:\*\*\*@127\.0\.0\.1:1/hub cannot be opened"
    ) as raised:
        open_store("postgresql://jo:secret@127.0.0.1:1/hub")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("attempt to write a readonly database", "the file it is kept in cannot be written"),
        ("database is locked", "somebody else is writing there and did not finish in time"),
        ("database or disk is full", "there is no room left on the disk it is kept on"),
        ("disk I/O error", ""),
    ],
)
def test_why_something_could_not_be_kept_is_said_in_plain_words_too(
    tmp_path: Path, said: str, reason: str
) -> None:
    with open_store(f"sqlite:///{tmp_path}/hub.sqlite") as store, pytest.raises(StoreError) as refused, writing(store, "The record"):  # fmt: skip
        raise sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError(said))
    assert f"The record could not be kept: {said}. Try again" in str(refused.value)
    assert refused.value.plain == (
        f"The record could not be kept: {reason}. Nothing that was kept before is lost. "
        "Try again in a minute; if it happens again, tell whoever looks after Contextmap."
        if reason
        else ""
    )


def test_a_server_that_does_not_answer_is_said_in_plain_words() -> None:
    with pytest.raises(StoreError) as refused:
        open_store("postgresql://jo:secret@127.0.0.1:1/hub")
    assert refused.value.plain.startswith(
        "What is entered about this case cannot be reached: the database it is kept in does not answer."
    )
