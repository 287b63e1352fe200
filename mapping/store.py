"""Open the store of what people enter: SQLite in one file, encrypted where a key is given, or PostgreSQL for a hub."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from mapping import cipher
from mapping.storage import store_url as store_url

# The migrations in mapping/migrations/versions, in order; the last is the version of a store of today.
VERSIONS = ("0001", "0002", "0003")
LONDON = ZoneInfo("Europe/London")
# The number by which writers to one PostgreSQL database wait for each other, as a file's do by its lock.
_LOCK = 903_352
Found = TypeVar("Found")

metadata = sa.MetaData()


class StoreError(OSError):
    """The store cannot be opened or written; `plain` says why in words for whoever enters something, "" where none are known."""

    def __init__(self, msg: str, *, plain: str = "") -> None:
        """Say it for whoever looks after the store, and plainly for whoever enters something."""
        super().__init__(msg)
        self.plain = plain


@dataclass(frozen=True)
class Store:
    """A store, open for reading and writing; `close` it when done."""

    engine: sa.Engine

    @property
    def where(self) -> str:
        """Where it is kept, without any password or key."""
        return shown_url(self.engine.url)

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        """Return the store itself."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Close it."""
        self.close()


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # the one of a port that is no number says what stands there
        # Whoever wrote it may not have written their password as an address needs it: nothing before the last @ is said.
        hidden = re.sub(r"(?s)^([A-Za-z+]*:/+)?.*@", r"\1***@", url)
        msg = f"{hidden!r} is neither a file nor a database URL, such as sqlite:///PATH. Check what --decisions or CONTEXTMAP_STORE says."
        raise ValueError(msg) from None


def shown_url(url: str | sa.URL) -> str:
    """Return the address of a store as it may be shown: without password or key."""
    parsed = _parsed(url) if isinstance(url, str) else url
    if parsed.get_backend_name() == "sqlite":
        return f"sqlite:///{parsed.database}"
    return parsed.render_as_string()


def store_file(url: str) -> Path | None:
    """Return the file a store is kept in; None for one on a server."""
    parsed = _parsed(url)
    return Path(str(parsed.database or "")) if parsed.get_backend_name() == "sqlite" else None


def store_exists(url: str) -> bool:
    """Say whether there is a store at a URL; of a database that is not a file, it is taken that there is."""
    path = store_file(url)
    return path is None or path.is_file()


def open_store(url: str) -> Store:
    """Open a store, bringing its tables to the version of today.

    Parameters
    ----------
    url : from `store_url`; SQLite in one file, or any database SQLAlchemy has a driver for. A file is opened
        with SQLCipher where CONTEXTMAP_KEY_FILE names the file of a key.

    Raises
    ------
    ValueError
        The store was written by a later version, the address is not one of a database, or what should hold
        the key does not.
    OSError
        The file or the database cannot be opened or written, or not with the key given.
    """
    store = Store(_engine(url))
    try:
        found = _version(store)
        if found is not None and found not in VERSIONS:
            msg = f"The store {store.where} is of version {found}; this Contextmap knows version {VERSIONS[-1]}. Open it with the Contextmap that wrote it, or a newer one."
            raise ValueError(msg)
        if found != VERSIONS[-1]:
            _migrate(store)
    except sa.exc.DatabaseError as error:
        store.close()
        path = store_file(url)
        why = cipher.unread(path) if path and _said(error) == cipher.NO_DATABASE else _said(error)
        msg = f"The store {store.where} cannot be opened: {why}. Check that it is a store and can be written, or name another place with CONTEXTMAP_STORE or --decisions."
        raise StoreError(
            msg, plain=_plainly("What is entered about this case cannot be reached", error)
        ) from error
    except ValueError:
        store.close()
        raise
    return store


def load(url: str, read: Callable[[Store], Found]) -> Found | None:
    """Return what `read` finds in the store at a URL; None where there is no store yet."""
    if not store_exists(url):
        return None
    with open_store(url) as store:
        return read(store)


@contextmanager
def reading(store: Store) -> Iterator[sa.Connection]:
    """Give a connection that reads and does not keep writers waiting."""
    with store.engine.connect().execution_options(reading=True) as connection:
        yield connection


@contextmanager
def writing(store: Store, what: str) -> Iterator[sa.Connection]:
    """Give a connection whose changes are kept all together, or not at all.

    Raises
    ------
    StoreError
        The store cannot be written; `what` names what could not be kept.
    """
    try:
        with store.engine.begin() as connection:
            _take_turn(connection)
            yield connection
    except sa.exc.IntegrityError:
        raise
    except sa.exc.DatabaseError as error:
        msg = f"{what} could not be kept: {_said(error)}. Try again; if it happens again, check that {store.where} can be written."
        raise StoreError(msg, plain=_plainly(f"{what} could not be kept", error)) from error


def _take_turn(connection: sa.Connection) -> None:
    """Wait until nobody else is writing, so that what is read in this transaction is still so when it is written."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def now() -> datetime:
    """Return this moment as it is kept."""
    return as_utc(datetime.now(UTC))


def as_utc(moment: datetime) -> datetime:
    """Return a moment as it is kept: in UTC, to the second; one without a zone is London time."""
    zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=LONDON)
    return zoned.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def day_end(day: date) -> datetime:
    """Return the first moment after a day in London, as it is kept."""
    return as_utc(datetime.combine(day + timedelta(days=1), time(), LONDON))


def _said(error: sa.exc.DBAPIError) -> str:
    """Return what the database said, in one line."""
    return " ".join(str(error.orig).split()).rstrip(".")


# What a database says in its own words, and what it means to whoever enters something.
_REASONS = {
    "readonly": "the file it is kept in cannot be written",
    "read-only": "the database it is kept in cannot be written",
    "unable to open": "the file it is kept in cannot be opened",
    "locked": "somebody else is writing there and did not finish in time",
    "full": "there is no room left on the disk it is kept on",
    "no space": "there is no room left on the disk it is kept on",
    "connect": "the database it is kept in does not answer",
}


def _plainly(what: str, error: sa.exc.DBAPIError) -> str:
    """Return what failed and why in plain words; "" where the database gives a reason that has none."""
    said = _said(error).casefold()
    reason = next((words for sign, words in _REASONS.items() if sign in said), "")
    return _told(what, reason) if reason else ""


def _told(what: str, reason: str) -> str:
    return f"{what}: {reason}. Nothing that was kept before is lost. Try again in a minute; if it happens again, tell whoever looks after Contextmap."


def _engine(url: str) -> sa.Engine:
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        try:
            return sa.create_engine(parsed, poolclass=sa.NullPool)
        except (ImportError, sa.exc.ArgumentError) as error:
            msg = f"The store {parsed.render_as_string()} needs a database driver that is not there: {error}. Install it beside Contextmap, or keep the store in a file."
            raise ValueError(msg) from error
    if parsed.database in (None, "", ":memory:"):
        msg = f"A store is a file, and {url} names none. Say sqlite:///PATH."
        raise ValueError(msg)
    keyed = cipher.keyed(parsed)
    _create_file(Path(str(parsed.database)))
    engine = sa.create_engine(keyed, poolclass=sa.NullPool, connect_args={"timeout": cipher.PATIENCE})
    if keyed is not parsed:
        sa.event.listen(engine, "connect", cipher.quiet, insert=True)
    sa.event.listen(engine, "connect", _without_own_begin)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _create_file(path: Path) -> None:
    """Create the file of a store, for its owner alone, where it is not there."""
    if not path.exists():
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            msg = f"The store {path} cannot be created: {error.strerror}. Name another place with CONTEXTMAP_STORE or --decisions."
            plain = _told("Nothing can be kept yet", "the folder it is to be kept in cannot be written")
            raise StoreError(msg, plain=plain) from error


def _without_own_begin(connection: Any, _record: object) -> None:
    """Leave the beginning of transactions to `_begin`: Python's driver would begin them too late."""
    connection.isolation_level = None


def _begin(connection: sa.Connection) -> None:
    """Take the right to write at the beginning, so that what was read is still so when it is written."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _version(store: Store) -> str | None:
    """Return the version of a store; None where its tables are not there yet."""
    with reading(store) as connection:
        tables = sa.inspect(connection).get_table_names()
        if "alembic_version" in tables:
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    # Stores were numbered by hand before they had migrations.
    return VERSIONS[0] if "schema_version" in tables else None


def _migrate(store: Store) -> None:
    """Bring the tables of a store to the version of today; where another is doing so, theirs stand."""
    from alembic import command
    from alembic.config import Config

    with store.engine.begin() as connection:
        _take_turn(connection)
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        if sa.inspect(connection).has_table("schema_version") and not sa.inspect(connection).has_table(
            "alembic_version"
        ):
            command.stamp(config, VERSIONS[0])
        command.upgrade(config, VERSIONS[-1])
