"""Read the dated code lists that a case folder is checked against."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

BUNDLED = Path(__file__).with_name("codes.toml")


@dataclass(frozen=True)
class Codes:
    """The code lists of one edition.

    Attributes
    ----------
    as_of : date
        The day the lists were last checked.
    lists : mapping of list name to mapping of code to its meaning in words.
    postcode_areas : frozenset of str
        The letters a postcode may begin with.
    """

    as_of: date
    lists: Mapping[str, Mapping[str, str]]
    postcode_areas: frozenset[str]

    def __getitem__(self, name: str) -> Mapping[str, str]:
        """Return one list, code to meaning."""
        return self.lists[name]

    def meaning(self, name: str, code: object) -> str:
        """Return what a code means in words, or the code itself where it is not in the list."""
        return self.lists[name].get(str(code), str(code))


def load_codes(path: Path | None = None) -> Codes:
    """Load the code lists from `path`, the file CONTEXTMAP_CODES names, or the bundled edition.

    Raises
    ------
    FileNotFoundError
        The named file does not exist.
    ValueError
        The file is not a code list: a list or the date is missing.
    """
    chosen = path or Path(os.environ.get("CONTEXTMAP_CODES", BUNDLED))
    return _load(chosen)


@lru_cache(maxsize=8)
def _load(path: Path) -> Codes:
    with path.open("rb") as file:
        content = tomllib.load(file)
    try:
        as_of = content.pop("as_of")
        areas = content.pop("postcode_area")
    except KeyError as error:
        msg = f"{path} is not a code list: it has no {error}. Start from a copy of {BUNDLED.name}."
        raise ValueError(msg) from None
    missing = REQUIRED_LISTS - set(content)
    if missing:
        msg = f"{path} is not a whole code list: {', '.join(sorted(missing))} missing. Start from a copy of {BUNDLED.name}."
        raise ValueError(msg)
    letters = frozenset(" ".join(areas.values()).split())
    return Codes(as_of=as_of, lists=content, postcode_areas=letters)


REQUIRED_LISTS = frozenset(
    {
        "sex",
        "ethnicity",
        "care_status",
        "yes_no",
        "nrm_status",
        "location_kind",
        "source_kind",
        "source_grade",
        "information_grade",
        "handling",
        "action_code",
        "sanitisation_code",
        "association_kind",
        "nature",
        "event_kind",
        "role",
        "thing_kind",
        "risk_level",
        "placement_type",
        "concern",
    }
)
