"""Read the dated list of short forms and other spellings of given names."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

BUNDLED = Path(__file__).with_name("nicknames.toml")


@dataclass(frozen=True)
class Nicknames:
    """The list of one edition.

    Attributes
    ----------
    as_of : the day the list was last checked.
    names : word to the names it may stand for, itself among them; a word that is not in it stands for itself.
    not_names : words that stand in a name's place when nobody knew it.
    """

    as_of: date
    names: Mapping[str, frozenset[str]]
    not_names: frozenset[str]

    def forms(self, words: Iterable[str]) -> list[str]:
        """Return the names that any of these words, in small letters, may stand for, in order."""
        return sorted({name for word in words for name in self.names.get(word, (word,))})

    def is_name(self, words: Iterable[str]) -> bool:
        """Say whether any of these words, in small letters, is a name."""
        return any(word not in self.not_names for word in words)


def load_nicknames(path: Path | None = None) -> Nicknames:
    """Load the list from `path`, the file CONTEXTMAP_NICKNAMES names, or the bundled edition.

    Raises
    ------
    FileNotFoundError
        The named file does not exist.
    ValueError
        The file is not such a list: a part of it or the date is missing.
    """
    return _load(path or Path(os.environ.get("CONTEXTMAP_NICKNAMES", BUNDLED)))


@lru_cache(maxsize=8)
def _load(path: Path) -> Nicknames:
    with path.open("rb") as file:
        content = tomllib.load(file)
    missing = sorted({"as_of", "not_names", "forms"} - set(content))
    if missing:
        msg = f"{path} is not a list of short forms: {', '.join(missing)} missing. Start from a copy of {BUNDLED.name}."
        raise ValueError(msg)
    names: dict[str, set[str]] = {}
    for name, forms in content["forms"].items():
        for word in (name, *forms.split()):
            names.setdefault(word, {word}).add(name)
    found = {word: frozenset(under) for word, under in names.items()}
    return Nicknames(content["as_of"], found, frozenset(content["not_names"].split()))
