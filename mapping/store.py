"""Keep what people decide about records: who decided what, when and why, superseded and never overwritten."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

from mapping.merging import beside

VERSION = 1
# How long one writer waits for another.
PATIENCE = 30.0
LONDON = ZoneInfo("Europe/London")
JUDGEMENTS: Mapping[str, str] = {
    "same": "the two records are of one person",
    "different": "the two records are of two people",
    "unsure": "nobody can tell yet",
    "withdrawn": "the earlier decision no longer stands",
}
LONGEST = 2_000

_metadata = sa.MetaData()
_version = sa.Table(
    "schema_version",
    _metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime, nullable=False),
)
# A pair's decisions are numbered by turn: the latest stands, and no two writers can take the same turn.
_judgements = sa.Table(
    "judgements",
    _metadata,
    sa.Column("judgement_id", sa.Integer, primary_key=True),
    sa.Column("person_a", sa.String(200), nullable=False),
    sa.Column("person_b", sa.String(200), nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("judgement", sa.String(20), nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.UniqueConstraint("person_a", "person_b", "turn"),
    sa.CheckConstraint("person_a < person_b"),
)
COLUMNS = ("person_a", "person_b", "turn", "judgement", "by", "at", "why", "superseded_at")


class JudgedMeanwhileError(ValueError):
    """Somebody else decided about the same pair since it was looked at."""


@dataclass(frozen=True)
class Store:
    """A store of decisions, open for reading and writing; `close` it when done."""

    engine: sa.Engine

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        """Return the store itself."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Close it."""
        self.close()


def store_url(case: Path | str, given: Path | str | None = None) -> str:
    """Return where the decisions about a case are kept, as a database URL.

    It is what is given (a file or a URL), else what CONTEXTMAP_STORE names, else the file
    `CASE.decisions.sqlite` beside the case. One store is for one case: decisions name people by their ids.
    """
    chosen = str(given or os.environ.get("CONTEXTMAP_STORE") or "")
    if "://" in chosen:
        return chosen
    path = Path(chosen).expanduser().resolve() if chosen else beside(case)
    return f"sqlite:///{path}"


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except sa.exc.ArgumentError as error:
        msg = f"{url!r} is neither a file nor a database URL, such as sqlite:///PATH. Check what --decisions or CONTEXTMAP_STORE says."
        raise ValueError(msg) from error


def store_exists(url: str) -> bool:
    """Say whether there is a store at a URL; of a database that is not a file, it is taken that there is."""
    parsed = _parsed(url)
    return parsed.get_backend_name() != "sqlite" or (
        bool(parsed.database) and Path(str(parsed.database)).is_file()
    )


def open_store(url: str) -> Store:
    """Open a store, making its tables where there are none yet.

    Parameters
    ----------
    url : from `store_url`; SQLite in one file, or any database SQLAlchemy has a driver for.

    Raises
    ------
    ValueError
        The store was written by a later version, or is not a store of decisions.
    OSError
        The file cannot be written.
    """
    engine = _engine(url)
    where = engine.url.render_as_string()
    try:
        found = _version_of(engine)
        if found is None:
            found = _make(engine)
    except sa.exc.DatabaseError as error:
        engine.dispose()
        msg = f"The store of decisions {where} cannot be opened: {error.orig}. Check that it is a store and can be written, or name another place with CONTEXTMAP_STORE or --decisions."
        raise OSError(msg) from error
    if found > VERSION:
        engine.dispose()
        msg = f"The store of decisions {where} is of version {found}; this Contextmap knows version {VERSION}. Open it with the Contextmap that wrote it, or a newer one."
        raise ValueError(msg)
    return Store(engine)


def _engine(url: str) -> sa.Engine:
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        try:
            return sa.create_engine(parsed)
        except (ImportError, sa.exc.ArgumentError) as error:
            msg = f"The store of decisions {parsed.render_as_string()} needs a database driver that is not there: {error}. Install it beside Contextmap, or keep decisions in a file."
            raise ValueError(msg) from error
    if parsed.database in (None, "", ":memory:"):
        msg = f"A store of decisions is a file, and {url} names none. Say sqlite:///PATH."
        raise ValueError(msg)
    _create_file(Path(str(parsed.database)))
    engine = sa.create_engine(parsed, poolclass=sa.NullPool, connect_args={"timeout": PATIENCE})
    sa.event.listen(engine, "connect", _without_own_begin)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _create_file(path: Path) -> None:
    """Create the file of a store, for its owner alone, where it is not there."""
    if not path.exists():
        try:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as error:
            msg = f"The store of decisions {path} cannot be created: {error.strerror}. Name another place with CONTEXTMAP_STORE or --decisions."
            raise OSError(msg) from error


def _without_own_begin(connection: Any, _record: object) -> None:
    """Leave the beginning of transactions to `_begin`: Python's driver would begin them too late."""
    connection.isolation_level = None


def _begin(connection: sa.Connection) -> None:
    """Take the right to write at the beginning, so that what was read is still so when it is written."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _version_of(engine: sa.Engine) -> int | None:
    """Return the version of a store; None where its tables are not there yet."""
    with engine.connect().execution_options(reading=True) as connection:
        if not sa.inspect(connection).has_table(_version.name):
            return None
        found = connection.execute(sa.select(sa.func.max(_version.c.version))).scalar()
    return None if found is None else int(found)


def _make(engine: sa.Engine) -> int:
    """Make the tables of a store; where another is making them at the same time, theirs stand."""
    with engine.begin() as connection:
        _metadata.create_all(connection)
        found = connection.execute(sa.select(sa.func.max(_version.c.version))).scalar()
        if found is None:
            connection.execute(sa.insert(_version).values(version=VERSION, at=_now()))
    return VERSION if found is None else int(found)


def judge(
    store: Store,
    person_a: str,
    person_b: str,
    judgement: str,
    *,
    by: str,
    why: str,
    at: datetime | None = None,
    after: int | None = None,
) -> int:
    """Keep one decision about two people; the earlier one stays in the history.

    Parameters
    ----------
    judgement : one of JUDGEMENTS; "withdrawn" takes the standing decision back.
    by, why : who decides, and the reason in words; neither may be empty.
    at : when; by default now.
    after : the turn of the decision that the decider saw, 0 where there was none; None to decide whatever
        anybody else has decided meanwhile.

    Returns
    -------
    The turn of this decision among those about the pair, from 1.

    Raises
    ------
    ValueError
        The judgement is not one of JUDGEMENTS, the two are one record, or who or why is missing.
    JudgedMeanwhileError
        There is a later decision than the one the decider saw.
    """
    _validate(person_a, person_b, judgement, by, why)
    pair = {"person_a": min(person_a, person_b), "person_b": max(person_a, person_b)}
    when = _now() if at is None else _as_utc(at)
    said = {"judgement": judgement, "by": by.strip()[:200], "why": why.strip()[:LONGEST], "at": when}
    try:
        with store.engine.begin() as connection:
            turn = _last_turn(connection, pair)
            if after is not None and after != turn:
                raise JudgedMeanwhileError(_MEANWHILE)
            if judgement == "withdrawn" and turn == 0:
                msg = f"Nobody has decided about {pair['person_a']} and {pair['person_b']}, so there is nothing to withdraw."
                raise ValueError(msg)
            connection.execute(sa.insert(_judgements).values(**pair, **said, turn=turn + 1))
    except sa.exc.IntegrityError as error:
        raise JudgedMeanwhileError(_MEANWHILE) from error
    except sa.exc.OperationalError as error:
        msg = f"The decision could not be kept: {error.orig}. Try again; if it happens again, check that {store.engine.url.render_as_string()} can be written."
        raise OSError(msg) from error
    return turn + 1


_MEANWHILE = "Somebody else has decided about these two since you opened them. Look at their decision first, then decide again."


def judgements(store: Store, *, as_of: date | None = None, history: bool = False) -> pd.DataFrame:
    """Return the decisions that stand, or with `history` all there ever were.

    Parameters
    ----------
    as_of : the decisions made by the end of this day, London time; None for all.
    history : superseded and withdrawn decisions too.

    Returns
    -------
    person_a < person_b, turn, judgement, by, at (UTC), why and superseded_at (when the next decision about
        the pair was made; empty where this one stands), by pair and turn.
    """
    query = sa.select(_judgements).order_by(
        _judgements.c.person_a, _judgements.c.person_b, _judgements.c.turn
    )
    if as_of is not None:
        end = datetime.combine(as_of + timedelta(days=1), time(), LONDON)
        query = query.where(_judgements.c.at < _as_utc(end))
    with store.engine.connect().execution_options(reading=True) as connection:
        rows = connection.execute(query).mappings().all()
    return _framed([dict(row) for row in rows], history=history)


def _framed(rows: Sequence[Mapping[str, Any]], *, history: bool) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=list(_judgements.c.keys()))
    text = dict.fromkeys(("person_a", "person_b", "judgement", "by", "why"), "str")
    found = found.astype({**text, "turn": "int64", "at": "datetime64[s]"})
    found["at"] = found["at"].dt.tz_localize("UTC")
    found["superseded_at"] = found.groupby(["person_a", "person_b"])["at"].shift(-1)
    if not history:
        found = found[found["superseded_at"].isna() & (found["judgement"] != "withdrawn")]
    return found[list(COLUMNS)].reset_index(drop=True)


def load_judgements(url: str, *, as_of: date | None = None, history: bool = False) -> pd.DataFrame:
    """Return the decisions at a URL as `judgements` does, none where there is no store yet."""
    if not store_exists(url):
        return _framed([], history=history)
    with open_store(url) as store:
        return judgements(store, as_of=as_of, history=history)


def _validate(person_a: str, person_b: str, judgement: str, by: str, why: str) -> None:
    faults = []
    if judgement not in JUDGEMENTS:
        faults.append(f"{judgement!r} is not a decision: use one of {', '.join(JUDGEMENTS)}")
    if person_a == person_b:
        faults.append(f"{person_a} is one record, and a decision is about two")
    if not by.strip():
        faults.append("nobody is named as having decided")
    if not why.strip():
        faults.append("no reason is given")
    if faults:
        msg = f"The decision was not kept: {'; '.join(faults)}."
        raise ValueError(msg)


def _last_turn(connection: sa.Connection, pair: Mapping[str, str]) -> int:
    query = sa.select(sa.func.max(_judgements.c.turn)).where(
        *(_judgements.c[side] == person for side, person in pair.items())
    )
    return int(connection.execute(query).scalar() or 0)


def _now() -> datetime:
    return _as_utc(datetime.now(UTC))


def _as_utc(moment: datetime) -> datetime:
    """Return a moment as it is kept: in UTC, to the second; one without a zone is London time."""
    zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=LONDON)
    return zoned.astimezone(UTC).replace(tzinfo=None, microsecond=0)
