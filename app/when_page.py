"""Work out what the When page shows, once for everyone who may see the same."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from app import when
from app.data import Loaded, kept
from app.text import markup

MOST_MONTHS = 6
"""Months listed in the panel."""


@kept
def moments(loaded: Loaded) -> when.Moments:
    """List everything that is dated."""
    return when.build_moments(loaded.analysis, loaded.work.reading.places)


@kept
def found(loaded: Loaded, what: str, area: str | None, years: int, placed: bool) -> when.When:
    """Work out when one kind of thing happened, in a ward or everywhere, in the last so many years (0 for all)."""
    return when.find_when(moments(loaded), what, area=area, since=since(loaded, years), placed=placed)


def since(loaded: Loaded, years: int) -> date | None:
    """Return the first day of a period of so many years; None is from the first record."""
    if years == 0:
        return None
    first = pd.Timestamp(loaded.day) - pd.DateOffset(years=years) + pd.Timedelta(days=1)
    return first.date()


def there(loaded: Loaded) -> list[str]:
    """Return the kinds that are on record, in a fixed order; all of them where none is."""
    counted = set(moments(loaded).rows.dropna(subset=["on"])["counted"])
    return [name for name, kind in when.KINDS.items() if kind.counted in counted] or list(when.KINDS)


def month_lines(shown: when.When) -> list[str]:
    """Return the latest months that chance does not explain as HTML, with their interval."""
    rows = shown.months[shown.months["q_value"] <= when.LEVEL]
    called = {when.EPISODES: when.KINDS[shown.what].many, when.CHILDREN: "children"}
    return [
        f'<div class="cm-row"><b>{markup(when.month_name(row["month"]))}</b>: <span class="cm-figure">{int(row["observed"]):,}</span> '
        f"{called[row['counted']]}, where {row['usual']:,.0f} would be usual: {_ratio(row)}</div>"
        for row in rows.iloc[::-1].head(MOST_MONTHS).to_dict("records")
    ]


def _ratio(row: dict[Any, Any]) -> str:
    if row["ratio"] == float("inf"):
        return "none before"
    return (
        f"{row['ratio']:.2f} times as many (95% interval {row['ratio_low']:.2f} to {row['ratio_high']:.2f})"
    )
