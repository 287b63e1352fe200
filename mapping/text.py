"""Make text from a case safe to show, to hand on in a spreadsheet and to write as XML."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

BYTE_ORDER_MARK = "\ufeff"
"""What Excel looks for at the start of a file before it reads it as UTF-8."""

# Characters that show nothing yet change what is read: controls (tab and line
# ends are ordinary text), joiners and spaces of no width, marks and overrides
# of direction, line separators, tag characters, halves of a surrogate pair.
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# The characters outside https://www.w3.org/TR/xml/#charsets (XML 1.0, production 2).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HALVES = re.compile("[\ud800-\udfff]")
# A spreadsheet may pass over spaces and unseen characters before a formula, and
# takes the full-width signs of East Asian keyboards for the plain ones.
_FORMULA = re.compile(rf"[\t\r\n]|[\s{_UNSEEN.pattern[1:-1]}]*[=+\-@＝＋－＠]")
_NEGATIVE_NUMBER = re.compile(r"-[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def _as_text(value: object) -> str:
    """Return the value as text: "" where nothing is recorded, ISO 8601 for a date, a list with "; " between."""
    if isinstance(value, str):
        return value
    if (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float | np.floating) and value != value)
    ):
        return ""
    if isinstance(value, list | tuple | np.ndarray):
        return "; ".join(_as_text(part) for part in value)
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _marked(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match.group()):04X}⟩"


def visible(text: object) -> str:
    """Return the text with every character that hides itself written out, as ``⟨U+202E⟩``.

    Ordinary text, tabs, line ends and emoji stay as they are. Nothing recorded
    is "". The marks follow Unicode Technical Report 36 (bidirectional text
    spoofing): what is shown is what is stored.
    """
    return _UNSEEN.sub(_marked, _as_text(text))


def xml_safe(text: object) -> str:
    """Return the text with the characters that XML 1.0 cannot hold written out, as ``⟨U+0000⟩``."""
    return _NOT_XML.sub(_marked, _as_text(text))


def one_line(text: object) -> str:
    """Return the visible text on one line: any run of spaces, tabs and line ends is one space."""
    return " ".join(visible(text).split())


def shortened(text: object, length: int = 120) -> str:
    """Return the text cut to at most `length` characters, the last of them an ellipsis where it was cut."""
    if length < 1:
        msg = f"A text cannot be shortened to {length} characters: give a length of 1 or more."
        raise ValueError(msg)
    whole = _as_text(text)
    return whole if len(whole) <= length else whole[: length - 1].rstrip() + "…"


NO_INITIALS = "??"


def initials(given: object, family: object) -> str:
    """Return the first letter of each name as a capital, "?" for a name that is not recorded: "AQ"."""
    return _first_letter(given) + _first_letter(family)


def _first_letter(name: object) -> str:
    # A name of 10,000 characters gives up its first letter as fast as any other.
    return next((letter.upper()[0] for letter in _as_text(name)[:200] if letter.isalnum()), "?")


def csv_safe(value: object) -> str:
    """Return the value as text that a spreadsheet shows and never runs as a formula.

    A text that begins with ``=``, ``+``, ``-`` or ``@`` (spaces and unseen
    characters before it do not count), a tab or a line end gets an apostrophe
    before it, as OWASP advises on CSV injection. A plain negative number stays
    a number. Nothing recorded is "". Half of a surrogate pair, which no file
    can hold, is written out as in `visible`.
    """
    text = _HALVES.sub(_marked, _as_text(value))
    return f"'{text}" if _FORMULA.match(text) and not _NEGATIVE_NUMBER.fullmatch(text) else text


def visible_column(texts: pd.Series) -> pd.Series:
    """Return `visible` of every value as objects on the same index; missing values stay missing."""
    return _of_each(texts, visible)


def csv_safe_column(texts: pd.Series) -> pd.Series:
    """Return `csv_safe` of every value as objects on the same index; missing values stay missing."""
    return _of_each(texts, csv_safe)


def shortened_column(texts: pd.Series, length: int = 120) -> pd.Series:
    """Return `shortened` of every value as objects on the same index; missing values stay missing."""
    return _of_each(texts, lambda text: shortened(text, length))


def initials_column(given: pd.Series, family: pd.Series) -> pd.Series:
    """Return `initials` of every person, on the index of `given`."""
    pairs = zip(given, family, strict=True)
    return pd.Series([initials(*pair) for pair in pairs], index=given.index, dtype=object, name="initials")


def _of_each(texts: pd.Series, change: Callable[[object], Any]) -> pd.Series:
    # Not Series.map: it would make Arrow text of the result, which cannot hold half a surrogate pair.
    values = [value if missing else change(value) for value, missing in zip(texts, texts.isna(), strict=True)]
    return pd.Series(values, index=texts.index, dtype=object, name=texts.name)


def write_csv(frame: pd.DataFrame, path_or_buffer: str | PathLike[str] | IO[Any]) -> None:
    """Write a table as CSV that Excel opens as UTF-8 and in which no cell or header is a formula.

    Parameters
    ----------
    frame
        any table; its index is not written. Text is made safe with `csv_safe`,
        numbers stay numbers, dates are ISO 8601, missing values are empty.
    path_or_buffer
        a path, or an open file or buffer of text or bytes.
    """
    safe = frame.copy()
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if not pd.api.types.is_numeric_dtype(column.dtype):
            safe.isetitem(place, _written(column).array)
    safe.columns = pd.Index([csv_safe(name) for name in frame.columns])
    text = BYTE_ORDER_MARK + safe.to_csv(index=False, lineterminator="\r\n")
    _write(text, path_or_buffer)


def _written(column: pd.Series) -> pd.Series:
    """Return a column as it is written: moments as ISO 8601, text made safe, numbers as they are."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        known = column.dropna()
        days = known.dt.tz is None and (known == known.dt.normalize()).all()
        return _of_each(column, lambda moment: _as_text(moment)[: 10 if days else None])
    return _of_each(column, lambda value: value if isinstance(value, int | float) else csv_safe(value))


def _write(text: str, path_or_buffer: str | PathLike[str] | IO[Any]) -> None:
    content = text.encode()
    if isinstance(path_or_buffer, str | PathLike):
        Path(path_or_buffer).write_bytes(content)
    elif isinstance(path_or_buffer, io.TextIOBase):
        path_or_buffer.write(text)
    else:
        path_or_buffer.write(content)
