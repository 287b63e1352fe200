"""Hold one section of a problem profile, and write its grids and the words around its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from app import words
from app.documents.paper import Bullets, Grid, Heading, Part, Picture, Text
from app.profile import Scope, column, shares_of

NOT_WIDER = "Left out of a version for a wider audience: it is about few people."

FIRST = 10
"""Rows of a table that lists contexts; the app has all of them."""

NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Section:
    """One section as drawn up from the case.

    Attributes
    ----------
    figures : what the text rests on, by name; a change in them is a reason to read the text again.
    sentences : the generated text.
    parts : tables, charts and maps, which stand under the text.
    """

    figures: Mapping[str, str] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """Return all that a reader is told: the sentences, and what stands in tables and in the words of pictures."""
        return (*self.sentences, *(text for part in self.parts for text in _told(part)))


def _told(part: Part) -> list[str]:
    if isinstance(part, Grid):
        return [part.caption, *("\t".join(row) for row in (part.columns, *part.rows))]
    if isinstance(part, Picture):
        return [part.caption, part.alt]
    if isinstance(part, Bullets):
        return [*part.items]
    return [part.text] if isinstance(part, Heading | Text) else []


def counts_grid(what: str, counted: str, counts: pd.Series, scope: Scope, *, caption: str = "") -> Grid:
    """Return the grid of counts that add up, with their total and shares."""
    shown = column(counts, scope.wide)
    rows = [
        [str(label), value, share]
        for (label, value), share in zip(shown.items(), shares_of(shown), strict=True)
    ]
    return Grid(
        [what, counted, "Share"], rows, caption or f"{counted} by {what[:1].lower()}{what[1:]}", (4, 1, 1)
    )


def as_shown(counts: pd.Series, wide: bool) -> pd.Series:
    """Return counts as text without their total; of a wider audience's, as if they added up: a reader may know that they nearly do."""
    return column(counts, wide).drop("Total")


def most_of(shown: pd.Series) -> str:
    """Return the label with the highest number that is shown, with the number."""
    numbers = numbers_shown(shown).drop("not recorded", errors="ignore")
    if numbers.dropna().empty or not numbers.max():
        return NOT_KNOWN
    return f"{numbers.idxmax()} ({shown[numbers.idxmax()]})"


def numbers_shown(shown: pd.Series) -> pd.Series:
    """Return the numbers of a shown column, missing where hidden."""
    return pd.to_numeric(shown.str.replace(",", ""), errors="coerce")


def counted_words(shown: str, one: str, many: str | None = None) -> str:
    """Return a number that may be hidden with its noun."""
    return f"{'no' if shown == '0' else shown} {one if shown == '1' else many or one + 's'}"


def as_sentence(text: str) -> str:
    """Return a sentence with a capital where it begins with a word; the sign "c" stays as it is."""
    return text if text.startswith("c ") else text[:1].upper() + text[1:]


def where_said(scope: Scope) -> str:
    """Return where the profile is of, as it stands in a sentence."""
    return f"in {scope.area}" if scope.asked.area else "in all that is on record"


def of_concern(scope: Scope) -> str:
    """Return the concern asked about in brackets; "" where it is every concern."""
    return f" (concern: {words.concern(scope.asked.concern)})" if scope.asked.concern else ""
