"""Describe a document once, so that it can leave as Word, as a web page or as PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mapping.markings import MARKING, marking_fault
from mapping.text import visible, xml_safe

DRAFT = "Drafted from the records; not yet read by anyone."


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is a section of the document, 2 and 3 are inside one."""

    text: str
    level: Literal[1, 2, 3] = 1


@dataclass(frozen=True)
class Text:
    """A paragraph of plain text; `draft` is text that was drawn up from the records and nobody has read yet."""

    text: str
    kind: Literal["plain", "quiet", "draft"] = "plain"


@dataclass(frozen=True)
class Bullets:
    """A list of short texts."""

    items: Sequence[str]


@dataclass(frozen=True)
class Grid:
    """A table of texts; `widths` are shares of the page's width, one a column."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    widths: Sequence[float] | None = None


@dataclass(frozen=True)
class Picture:
    """A picture (PNG) with what it shows in words, for those who do not see it."""

    png: bytes
    alt: str
    caption: str = ""
    width_cm: float = 16.0


@dataclass(frozen=True)
class Break:
    """The end of a page."""


Part = Heading | Text | Bullets | Grid | Picture | Break


@dataclass(frozen=True)
class Paper:
    """A whole document.

    Raises
    ------
    ValueError
        The marking is not one that may be used here, a row has more or fewer cells than the table has
        columns, or a picture has no text alternative.
    """

    title: str
    parts: Sequence[Part]
    marking: str = MARKING
    subtitle: str = ""

    def __post_init__(self) -> None:
        """Check what every document must hold to."""
        if fault := marking_fault(self.marking):
            raise ValueError(fault)
        for part in self.parts:
            _validate(part)


def lines(text: object) -> list[str]:
    """Return the lines of a text that have something on them, with nothing in them that hides itself or that no file can hold."""
    safe = xml_safe(visible(text)).replace("\t", " ")
    return [line.strip() for line in safe.splitlines() if line.strip()]


def one_line(text: object) -> str:
    """Return the lines of a text as one, for a cell, a heading or a caption."""
    return " ".join(lines(text))


def shares(grid: Grid) -> list[float]:
    """Return how the page's width is shared among a table's columns; the shares add up to 1.

    Where a table does not say, a column gets more the longer its texts are, and no column gets less than
    a third of an even share.
    """
    if grid.widths is not None:
        given = [float(width) for width in grid.widths]
    else:
        longest = [max(map(len, column)) for column in zip(grid.columns, *grid.rows, strict=True)]
        capped = [min(max(length, 6), 60) for length in longest]
        least = sum(capped) / len(capped) / 3
        given = [max(length, least) for length in capped]
    return [width / sum(given) for width in given]


def _validate(part: Part) -> None:
    if isinstance(part, Picture) and not part.alt.strip():
        msg = "A picture has no text that says what it shows. Give `alt`."
        raise ValueError(msg)
    if isinstance(part, Grid) and not part.columns:
        msg = f"The table {part.caption!r} has no columns."
        raise ValueError(msg)
    if isinstance(part, Grid):
        wrong = [row for row in part.rows if len(row) != len(part.columns)]
        if wrong or (part.widths is not None and len(part.widths) != len(part.columns)):
            msg = f"The table {part.caption or part.columns[0]!r} has {len(part.columns)} columns, but a row or its widths have another number: {wrong[:1]}."
            raise ValueError(msg)
