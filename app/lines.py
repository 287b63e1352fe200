"""Write one row of a short list as a line of HTML, its text escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from app import words
from app.names import label_of
from app.text import markup, plain


def missing_now(row: Mapping[str, Any], label: pd.Series, place: pd.Series) -> str:
    """Return who is missing: since when, from where, and when they were missing before."""
    where = (
        place.get(row["missing_from"], "a place not recorded")
        if plain(row["missing_from"])
        else "a place not recorded"
    )
    before = (
        f"last missing before: {words.day(row['last_missing'])}"
        if pd.notna(row["last_missing"])
        else "first episode on record"
    )
    return _row(
        f"<b>{markup(label_of(row['person_id'], label))}</b> for <span class='cm-figure'>{words.lasting(row['hours'])}</span>",
        f"since {words.moment(row['since'])}, from {markup(where, limit=80)}",
        f"{before}; {words.count(row['episodes'], 'episode')} on record",
    )


def interview_due(row: Mapping[str, Any], label: pd.Series) -> str:
    """Return whose return interview is due and how many hours are left."""
    offered = {"Y": "offered", "N": "not offered yet"}.get(plain(row["offered"]), "no offer recorded")
    delay = (
        f"; reason for delay: {markup(row['delay_reason'], limit=90)}" if plain(row["delay_reason"]) else ""
    )
    return _row(
        f"<b>{markup(label_of(row['person_id'], label))}</b> <span class='cm-figure'>{words.time_left(row['hours_left'])}</span>",
        f"returned {words.moment(row['found_at'])}; {offered}{delay}",
    )


def referral(row: Mapping[str, Any], label: pd.Series) -> str:
    """Return who was referred, when and about what."""
    source = f" from {markup(row['source_agency'], limit=60)}" if plain(row["source_agency"]) else ""
    return _row(
        f"New referral: <b>{markup(label_of(row['person_id'], label))}</b>",
        f"{words.day(row['received_on'])}{source}; concern: {markup(words.concern(row['concern']) or 'not recorded')}",
    )


def _row(first: str, *more: str) -> str:
    rest = "".join(f'<div class="cm-quiet">{line}</div>' for line in more)
    return f'<div class="cm-row"><div>{first}</div>{rest}</div>'
