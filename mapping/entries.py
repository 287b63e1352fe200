"""Keep what people enter: each entry with all its turns, who wrote them, when and why."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from mapping.store import Store, as_utc, day_end, load, metadata, now, reading, writing

KINDS: Mapping[str, str] = {
    "meeting": "The meeting",
    "action": "The action",
    "peer_map": "The peer map",
    "context": "The case of a context",
    "profile": "The problem profile",
    "plan": "The plan",
    "visit_result": "The result of a visit",
    "record": "The record",
}
LONGEST = 2_000
_entries = sa.Table(
    "entries",
    metadata,
    sa.Column("entry_n", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("entry_id", sa.String(200), nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("removed", sa.Boolean, nullable=False),
    sa.UniqueConstraint("kind", "entry_id", "turn"),
)


class EnteredMeanwhileError(ValueError):
    """Somebody else changed the same entry since it was looked at."""


@dataclass(frozen=True)
class Entry:
    """One turn of something that was entered.

    Attributes
    ----------
    turn : its place among the turns of this entry, from 1; the last stands.
    content : what was entered: text, whole numbers, yes or no, lists and mappings of these.
    at : when, in UTC.
    removed : whether this turn took the entry away; `content` is then what it was before.
    """

    kind: str
    entry_id: str
    turn: int
    content: dict[str, Any]
    by: str
    at: datetime
    why: str = ""
    removed: bool = False


def keep_entry(
    store: Store,
    kind: str,
    content: Mapping[str, Any],
    *,
    by: str,
    why: str = "",
    entry_id: str | None = None,
    after: int | None = None,
    at: datetime | None = None,
) -> Entry:
    """Keep an entry; an earlier turn of it stays in its history.

    Parameters
    ----------
    kind : one of KINDS.
    content : what to keep, as JSON can hold it.
    by, why : who enters it, and why where there is a reason to give; `by` may not be empty.
    entry_id : which entry this is the next turn of; None for a new one, which gets an id of its own.
    after : the turn that whoever enters this has seen, 0 where there was none; None to write whatever
        anybody else has written meanwhile.
    at : when; by default now.

    Raises
    ------
    ValueError
        The kind is not one of KINDS, or nobody is named.
    EnteredMeanwhileError
        There is a later turn than the one seen.
    OSError
        The store cannot be written.
    """
    return _write(store, kind, dict(content), by=by, why=why, entry_id=entry_id, after=after, at=at)


def merged_text(current: str, before: str, after: str) -> str:
    """Return text with what somebody changed in it, where somebody else may have changed it meanwhile.

    It is merged by whole lines, so that nothing anybody wrote is lost: lines taken out are taken out, lines
    added are added below what is there.

    Parameters
    ----------
    current : the text as it now stands.
    before, after : the text as this user saw it, and as they left it.
    """
    if current in (before, after):
        return after
    was, now = before.splitlines(), after.splitlines()
    kept = [line for line in current.splitlines() if not line.strip() or line not in was or line in now]
    return "\n".join(
        [*kept, *(line for line in now if line.strip() and line not in was and line not in kept)]
    )


def remove_entry(
    store: Store,
    kind: str,
    entry_id: str,
    *,
    by: str,
    why: str,
    after: int | None = None,
    at: datetime | None = None,
) -> Entry:
    """Take an entry away: it no longer stands, and all its turns stay in its history.

    Raises
    ------
    ValueError
        There is no such entry that stands, or who or why is missing.
    EnteredMeanwhileError
        There is a later turn than the one seen.
    """
    if not why.strip():
        msg = "No reason is given for taking this away. Say why in a few words."
        raise ValueError(msg)
    return _write(store, kind, None, by=by, why=why, entry_id=entry_id, after=after, at=at)


def _write(
    store: Store,
    kind: str,
    content: dict[str, Any] | None,
    *,
    by: str,
    why: str,
    entry_id: str | None,
    after: int | None,
    at: datetime | None,
) -> Entry:
    if kind not in KINDS:
        msg = f"{kind!r} is not a kind of entry: use one of {', '.join(KINDS)}."
        raise ValueError(msg)
    if not by.strip():
        msg = f"{KINDS[kind]} was not kept: nobody is named as having entered it. Give your name first."
        raise ValueError(msg)
    known = entry_id or uuid.uuid4().hex[:12]
    said = {"by": by.strip()[:200], "why": why.strip()[:LONGEST], "at": now() if at is None else as_utc(at)}
    try:
        with writing(store, KINDS[kind]) as connection:
            last = _last(connection, kind, known)
            turn = 0 if last is None else last.turn
            if after is not None and after != turn:
                raise EnteredMeanwhileError(_MEANWHILE.format(KINDS[kind]))
            if content is None and (last is None or last.removed):
                msg = f"{KINDS[kind]} {known} is not there, so it cannot be taken away."
                raise ValueError(msg)
            row = {
                **said,
                "kind": kind,
                "entry_id": known,
                "turn": turn + 1,
                "content": last.content if content is None and last is not None else content,
                "removed": content is None,
            }
            connection.execute(sa.insert(_entries).values(row))
    except sa.exc.IntegrityError as error:
        raise EnteredMeanwhileError(_MEANWHILE.format(KINDS[kind])) from error
    return _entry(row)


_MEANWHILE = "{} was changed by somebody else since you opened it. Look at what they wrote first, then enter yours again."


def _last(connection: sa.Connection, kind: str, entry_id: str) -> Entry | None:
    query = (
        sa.select(_entries)
        .where(_entries.c.kind == kind, _entries.c.entry_id == entry_id)
        .order_by(_entries.c.turn.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else _entry(dict(row))


def _entry(row: Mapping[str, Any]) -> Entry:
    content, at = dict(row["content"]), row["at"].replace(tzinfo=UTC)
    plain = {name: row[name] for name in ("kind", "entry_id", "turn", "by", "why", "removed")}
    return Entry(**plain, content=content, at=at)


def standing_entries(store: Store, kind: str, *, as_of: date | None = None) -> list[Entry]:
    """Return the entries of a kind that stand, each in its last turn, in the order in which they were begun.

    Parameters
    ----------
    as_of : those that stood at the end of this day, London time; None for now.
    """
    of_kind = [_entries.c.kind == kind]
    if as_of is not None:
        of_kind.append(_entries.c.at < day_end(as_of))
    ends = (
        sa.select(
            _entries.c.entry_id,
            sa.func.min(_entries.c.entry_n).label("begun"),
            sa.func.max(_entries.c.turn).label("last"),
        )
        .where(*of_kind)
        .group_by(_entries.c.entry_id)
        .subquery()
    )
    last = sa.and_(_entries.c.entry_id == ends.c.entry_id, _entries.c.turn == ends.c.last)
    query = sa.select(_entries).join(ends, last).where(*of_kind, ~_entries.c.removed).order_by(ends.c.begun)
    return _read(store, query)


def entry_history(store: Store, kind: str, entry_id: str) -> list[Entry]:
    """Return every turn of one entry, the first first."""
    query = (
        sa.select(_entries)
        .where(_entries.c.kind == kind, _entries.c.entry_id == entry_id)
        .order_by(_entries.c.turn)
    )
    return _read(store, query)


def load_entries(url: str, kind: str, *, as_of: date | None = None) -> list[Entry]:
    """Return the entries at a URL as `standing_entries` does; none where there is no store yet."""
    return load(url, lambda store: standing_entries(store, kind, as_of=as_of)) or []


def _read(store: Store, query: sa.Select[Any]) -> list[Entry]:
    with reading(store) as connection:
        return [_entry(dict(row)) for row in connection.execute(query).mappings()]
