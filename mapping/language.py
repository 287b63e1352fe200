"""Find words that blame a child in free text, and say what to write instead: a hint, never a block."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

BUNDLED = Path(__file__).with_name("language.toml")

LONGEST = 20_000
"""Characters of a text that are looked at."""


@dataclass(frozen=True)
class Hint:
    """Words found in a text, and what to write instead."""

    found: str
    say: str


@dataclass(frozen=True)
class Language:
    """The hints of one edition: the day they were last checked, and each expression with what to say instead."""

    as_of: date
    hints: tuple[tuple[re.Pattern[str], str], ...]


def load_language(path: Path | None = None) -> Language:
    """Load the hints from `path`, the file CONTEXTMAP_LANGUAGE names, or the bundled edition.

    Raises
    ------
    FileNotFoundError
        The named file does not exist.
    ValueError
        The file is not a list of hints: the date, words or what to say is missing.
    """
    return _load(path or Path(os.environ.get("CONTEXTMAP_LANGUAGE", BUNDLED)))


@lru_cache(maxsize=8)
def _load(path: Path) -> Language:
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
        hints = tuple((_expression(hint["words"]), str(hint["say"])) for hint in content["hint"])
        as_of = content["as_of"]
    except (KeyError, TypeError, AttributeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path} is not a list of language hints: {error!r}. It needs as_of and [[hint]] tables with words and say; see mapping/language.toml."
        raise ValueError(msg) from error
    return Language(as_of, hints)


def _expression(words: list[str]) -> re.Pattern[str]:
    # Longest first, so that the whole expression is shown and not its beginning.
    parts = [r"\s+".join(re.escape(word) for word in words.split()) for words in sorted(words, key=_longest)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def _longest(words: str) -> tuple[int, str]:
    return -len(words), words


def hints(text: str, *, language: Language | None = None) -> list[Hint]:
    """Return a hint for each expression in a text that blames a child or hides who does harm.

    Parameters
    ----------
    text : what somebody typed; the first LONGEST characters are looked at.
    language : the hints to use; by default the edition in use.

    Returns
    -------
    The hints in the order in which the words stand in the text, each hint once. A text is never refused or
    changed because of them.

    >>> [hint.found for hint in hints("He is associating  with older boys.")]
    ['associating with']
    """
    looked_at = text.replace("’", "'")[:LONGEST]
    found = []
    for expression, say in (language or load_language()).hints:
        match = expression.search(looked_at)
        if match is not None:
            found.append((match.start(), Hint(" ".join(match.group().split()), say)))
    return [hint for _, hint in sorted(found, key=lambda each: (each[0], each[1].found))]
