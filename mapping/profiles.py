"""State what a problem profile holds: what is asked, its sections, the analyst's own words and recommendations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from mapping.codes import load_codes
from mapping.markings import marking_fault

SECTIONS: Mapping[str, str] = {
    "terms": "Terms of reference",
    "sources": "Sources and their grades",
    "summary": "Summary",
    "victims": "Current picture: children harmed and at risk",
    "concern": "Current picture: people of concern",
    "places": "Current picture: places",
    "times": "Current picture: times",
    "methods": "Current picture: methods",
    "networks": "Networks: groups, shared contacts, operations",
    "geography": "Geography: deprivation, hotspots, across boundaries",
    "comparison": "Compared with earlier periods",
    "disproportionality": "Disproportionality, and who is missing from the data",
    "gaps": "Intelligence gaps, and what would fill them",
    "analysis": "Analysis: SARA and the problem-analysis triangle",
    "recommendations": "Recommendations: Pursue, Prevent, Protect, Prepare",
    "method": "Method and limits",
    "grading": "Grading key",
}
"""The sections of a problem profile by key, in the order in which they are printed."""

AIMS: Mapping[str, str] = {
    "pursue": "Pursue",
    "prevent": "Prevent",
    "protect": "Protect",
    "prepare": "Prepare",
}
LONGEST = 20_000
"""Characters of the analyst's own words on one section."""
TABLES_CHANGED = "Some in the tables of this section."


@dataclass(frozen=True)
class Asked:
    """What a problem profile is asked to answer.

    Attributes
    ----------
    question : in words.
    area : code of a ward or an authority; "" for everywhere.
    since, until : the period, both days included; None for as long as there is data.
    concern : a code of the list `concern`; "" for every concern.
    marking : OFFICIAL hides counts of 1 to 5, and what is about fewer people.
    owner : who answers for it.
    next_update : when it is brought up to date; None where nobody has said.

    Raises
    ------
    ValueError
        The period ends before it begins, or the concern or marking is not in its list.
    """

    question: str = ""
    area: str = ""
    since: date | None = None
    until: date | None = None
    concern: str = ""
    marking: str = "OFFICIAL-SENSITIVE"
    owner: str = ""
    next_update: date | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be answered."""
        if self.since is not None and self.until is not None and self.since > self.until:
            msg = f"The period begins on {self.since} and ends on {self.until}, before it begins. Give the earlier day first."
            raise ValueError(msg)
        known = load_codes()["concern"]
        if self.concern and self.concern not in known:
            msg = f"{self.concern!r} is not a concern. Use one of {', '.join(known)}, or none for all."
            raise ValueError(msg)
        if fault := marking_fault(self.marking):
            raise ValueError(fault)

    @property
    def figures(self) -> Asked:
        """Return the part of the question that the figures depend on."""
        return Asked(area=self.area, since=self.since, until=self.until, concern=self.concern, marking=self.marking)  # fmt: skip


@dataclass(frozen=True)
class Words:
    """What the analyst has done with one section.

    Attributes
    ----------
    own : the analyst's own words, in place of the generated text; "" where the generated text stands.
    read : the mark of what a reader was told, text and tables (`mark`), when somebody had read it or wrote their own
        words over it; "" where nobody has. What has changed since is a draft again.
    against : the figures of the section when the own words were written, by name.
    """

    own: str = ""
    read: str = ""
    against: Mapping[str, str] = field(default_factory=dict)

    def is_read(self, told: Iterable[str]) -> bool:
        """Tell whether somebody has read just this."""
        return bool(self.read) and self.read == mark(told)

    def changes(self, figures: Mapping[str, str], told: Iterable[str] | None = None) -> list[str]:
        """Return which figures have changed since the own words were written, as sentences.

        Parameters
        ----------
        told : all that a reader of the section is told now; where only that has changed it is said without names.
        """
        if not self.own:
            return []
        gone = "no longer there"
        names = [*figures, *(name for name in self.against if name not in figures)]
        pairs = [(name, self.against.get(name, "not there"), figures.get(name, gone)) for name in names]
        changed = [f"{name}: {before} then, {now} now." for name, before, now in pairs if before != now]
        if not changed and self.read and told is not None and not self.is_read(told):
            return [TABLES_CHANGED]
        return changed


@dataclass(frozen=True)
class Recommendation:
    """One thing to do, under one of the four aims, with who does it by when.

    Raises
    ------
    ValueError
        The aim is not one of the four, nothing is to be done, or nobody is to do it.
    """

    aim: str
    action: str
    owner: str
    due: date

    def __post_init__(self) -> None:
        """Refuse a recommendation that nobody could act on."""
        if self.aim not in AIMS:
            msg = f"{self.aim!r} is not an aim: use one of {', '.join(AIMS)}."
            raise ValueError(msg)
        if not self.action.strip() or not self.owner.strip():
            msg = f"A recommendation needs what is to be done and who does it; of {self.action or self.owner!r} one is missing."
            raise ValueError(msg)


@dataclass(frozen=True)
class Profile:
    """A problem profile as the analyst keeps it; its figures are worked out anew each time.

    Attributes
    ----------
    asked : what it is asked.
    sections : the keys of the sections in the document.
    words : what the analyst has done with each section, by key.
    recommendations : in the order in which they were entered.

    Raises
    ------
    ValueError
        A section is not one of SECTIONS, or own words are too long.
    """

    asked: Asked = field(default_factory=Asked)
    sections: tuple[str, ...] = tuple(SECTIONS)
    words: Mapping[str, Words] = field(default_factory=dict)
    recommendations: tuple[Recommendation, ...] = ()

    def __post_init__(self) -> None:
        """Refuse sections that do not exist."""
        odd = [key for key in (*self.sections, *self.words) if key not in SECTIONS]
        if odd:
            msg = f"{odd[0]!r} is not a section of a problem profile: use {', '.join(SECTIONS)}."
            raise ValueError(msg)
        long = [SECTIONS[key] for key, words in self.words.items() if len(words.own) > LONGEST]
        if long:
            msg = f"The words on {long[0]!r} are longer than {LONGEST:,} characters. Shorten them."
            raise ValueError(msg)

    def said(self, section: str) -> Words:
        """Return what the analyst has done with a section."""
        return self.words.get(section, Words())

    def with_words(self, section: str, words: Words) -> Profile:
        """Return the profile with other words on one section."""
        return replace(self, words={**self.words, section: words})

    def to_dict(self) -> dict[str, Any]:
        """Return what is kept of the profile, as JSON can hold it."""
        asked = self.asked
        return {
            "asked": {
                **{name: getattr(asked, name) for name in _TEXTS},
                **{name: _written(getattr(asked, name)) for name in _DAYS},
            },
            "sections": [key for key in SECTIONS if key in self.sections],
            "words": {
                key: {"own": each.own, "read": each.read, "against": dict(each.against)}
                for key, each in self.words.items()
            },
            "recommendations": [
                {"aim": each.aim, "action": each.action, "owner": each.owner, "due": each.due.isoformat()}
                for each in self.recommendations
            ],
        }


_TEXTS = ("question", "area", "concern", "marking", "owner")
_DAYS = ("since", "until", "next_update")


def profile_from_dict(content: Mapping[str, Any]) -> Profile:
    """Return the profile that `Profile.to_dict` wrote.

    Raises
    ------
    ValueError
        The content is not that of a problem profile; the message says what is wrong with it.
    """
    try:
        asked = content["asked"]
        given: dict[str, Any] = {name: str(asked[name]) for name in _TEXTS}
        given |= {name: _read(asked[name]) for name in _DAYS}
        return Profile(
            Asked(**given),
            tuple(str(key) for key in content["sections"]),
            {str(key): _words(each) for key, each in content["words"].items()},
            tuple(_recommendation(each) for each in content["recommendations"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"What is kept is not a problem profile: {error!r}."
        raise ValueError(msg) from error


def mark(told: Iterable[str]) -> str:
    """Return a short text that changes whenever one of the texts does."""
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _words(content: Mapping[str, Any]) -> Words:
    figures = {str(name): str(value) for name, value in content["against"].items()}
    return Words(str(content["own"]), str(content["read"]), figures)


def _recommendation(content: Mapping[str, Any]) -> Recommendation:
    texts = {name: str(content[name]) for name in ("aim", "action", "owner")}
    return Recommendation(**texts, due=date.fromisoformat(content["due"]))


def _written(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _read(day: str | None) -> date | None:
    return None if day is None else date.fromisoformat(day)
