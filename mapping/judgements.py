"""Keep who is judged to be one person: who decided what, when and why, superseded and never overwritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from mapping.store import Store, as_utc, day_end, load, metadata, now, reading, writing

JUDGEMENTS: Mapping[str, str] = {
    "same": "the two records are of one person",
    "different": "the two records are of two people",
    "unsure": "nobody can tell yet",
    "withdrawn": "the earlier decision no longer stands",
}
LONGEST = 2_000
# A pair's decisions are numbered by turn: the latest stands, and no two writers can take the same turn.
_judgements = sa.Table(
    "judgements",
    metadata,
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
    when = now() if at is None else as_utc(at)
    said = {"judgement": judgement, "by": by.strip()[:200], "why": why.strip()[:LONGEST], "at": when}
    try:
        with writing(store, "The decision") as connection:
            turn = _last_turn(connection, pair)
            if after is not None and after != turn:
                raise JudgedMeanwhileError(_MEANWHILE)
            if judgement == "withdrawn" and turn == 0:
                msg = f"Nobody has decided about {pair['person_a']} and {pair['person_b']}, so there is nothing to withdraw."
                raise ValueError(msg)
            connection.execute(sa.insert(_judgements).values(**pair, **said, turn=turn + 1))
    except sa.exc.IntegrityError as error:
        raise JudgedMeanwhileError(_MEANWHILE) from error
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
        query = query.where(_judgements.c.at < day_end(as_of))
    with reading(store) as connection:
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
    found = load(url, lambda store: judgements(store, as_of=as_of, history=history))
    return _framed([], history=history) if found is None else found


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
