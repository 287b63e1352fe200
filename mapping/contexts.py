"""State what the case of a context holds: a group, place, school, online space or thing that is assessed and changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from mapping.entries import Entry

KIND = "context"

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "group": "a group",
        "location": "a place, school or online space",
        "thing": "a phone line, vehicle or account",
    }
)
"""What can have a case: a context, never a child."""

WEIGHTS: Mapping[str, str] = MappingProxyType(
    {"most": "most weight", "some": "some weight", "little": "little weight", "unknown": "not known yet"}
)
"""How much a context weighs on the safety of the children in it, in words: contexts have weight, children no score."""

AROUND: Mapping[str, str] = MappingProxyType(
    {
        "home": "Home",
        "peers": "Peers",
        "school": "School",
        "neighbourhood": "Neighbourhood",
        "online": "Online",
        "this": "This context itself",
    }
)
"""The contexts whose weight is set side by side (contextual safeguarding: Firmin, 2017)."""

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "safer": "safer than before",
        "same": "no change",
        "worse": "less safe than before",
        "unknown": "cannot be told yet",
    }
)
LONGEST = 4_000


@dataclass(frozen=True)
class Outcome:
    """What came of the work on a context by a day: one of OUTCOMES, and in words how that is known."""

    on: date
    found: str
    how: str

    def __post_init__(self) -> None:
        """Check that it says something.

        Raises
        ------
        ValueError
            It is not one of OUTCOMES, or nothing says how it is known.
        """
        if self.found not in OUTCOMES:
            said = f"{self.found!r} is not one of these" if self.found else "nothing is said of how it is now"
            msg = f"The outcome was not kept: {said}: {', '.join(OUTCOMES.values())}."
            raise ValueError(msg)
        if not self.how.strip():
            msg = "The outcome was not kept: say how it is known."
            raise ValueError(msg)


@dataclass(frozen=True)
class ContextCase:
    """The case of one context.

    Attributes
    ----------
    kind, key : one of KINDS, and the id of the group, place or thing.
    called : what it is called.
    role : whose view it was opened in; one opened on restricted reports is for those who see them.
    concerns, strengths, plan : in words.
    weights : key of AROUND to key of WEIGHTS.
    owner, review_on : who answers for it, and when it is looked at again.
    children : ids of the children it is linked to.
    opened_on, closed_on : its days; `closed_because` says why it was closed.
    outcomes : in the order of their days.
    """

    kind: str
    key: str
    called: str
    role: str
    concerns: str
    owner: str
    opened_on: date
    review_on: date
    strengths: str = ""
    plan: str = ""
    weights: Mapping[str, str] = field(default_factory=dict)
    children: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    closed_on: date | None = None
    closed_because: str = ""

    def __post_init__(self) -> None:
        """Check what every case must have.

        Raises
        ------
        ValueError
            Something is missing or is not of its list; everything is said at once.
        """
        faults = []
        if self.kind not in KINDS:
            faults.append(f"{self.kind!r} cannot have a case (use one of {', '.join(KINDS)})")
        if not self.concerns.strip():
            faults.append("say what the concern is")
        if not self.owner.strip():
            faults.append("say who answers for it")
        if self.review_on < self.opened_on:
            faults.append("the review lies before the day it was opened")
        if self.closed_on is not None and not self.closed_because.strip():
            faults.append("say why it is closed")
        faults += [
            f"{name!r} is not one of {', '.join(AROUND)}" for name in self.weights if name not in AROUND
        ]
        faults += [
            f"{weight!r} is not one of {', '.join(WEIGHTS)}"
            for weight in self.weights.values()
            if weight not in WEIGHTS
        ]
        if faults:
            msg = f"The case was not kept: {'; '.join(faults)}."
            raise ValueError(msg)

    def overdue(self, day: date) -> bool:
        """Say whether it is open and its review day has passed."""
        return self.closed_on is None and self.review_on < day

    def to_dict(self) -> dict[str, Any]:
        """Return the case as it is kept."""
        return {
            **vars(self),
            "weights": dict(self.weights),
            "children": list(self.children),
            "opened_on": self.opened_on.isoformat(),
            "review_on": self.review_on.isoformat(),
            "closed_on": None if self.closed_on is None else self.closed_on.isoformat(),
            "outcomes": [
                {"on": each.on.isoformat(), "found": each.found, "how": each.how} for each in self.outcomes
            ],
        }


def context_from_dict(content: Mapping[str, Any]) -> ContextCase:
    """Return the case of a context as it was kept.

    Raises
    ------
    ValueError
        The content is not that of a context.
    """
    try:
        return ContextCase(
            **{
                **content,
                "opened_on": date.fromisoformat(content["opened_on"]),
                "review_on": date.fromisoformat(content["review_on"]),
                "closed_on": None
                if content["closed_on"] is None
                else date.fromisoformat(content["closed_on"]),
                "children": tuple(content["children"]),
                "outcomes": tuple(
                    Outcome(date.fromisoformat(each["on"]), each["found"], each["how"])
                    for each in content["outcomes"]
                ),
            }
        )
    except (KeyError, TypeError) as error:
        msg = f"This is not what the case of a context keeps: {error}. Look at its history in the store."
        raise ValueError(msg) from error


def with_outcome(case: ContextCase, outcome: Outcome) -> ContextCase:
    """Return the case with one more outcome, in the order of their days.

    Raises
    ------
    ValueError
        It is from before the case was opened.
    """
    if outcome.on < case.opened_on:
        msg = f"The outcome was not kept: the case was opened on {case.opened_on.isoformat()}, after {outcome.on.isoformat()}."
        raise ValueError(msg)
    ordered = sorted((*case.outcomes, outcome), key=lambda each: each.on)
    return replace(case, outcomes=tuple(ordered))


def contexts(entries: Iterable[Entry]) -> list[tuple[Entry, ContextCase]]:
    """Return the cases with their entries: open ones first, by the day of their review."""
    found = [(entry, context_from_dict(entry.content)) for entry in entries]
    return sorted(
        found, key=lambda each: (each[1].closed_on is not None, each[1].review_on, each[0].entry_id)
    )


def children_since(case: ContextCase, now: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the children whom the records tie to the context and the case does not name, and those the other way."""
    known, tied = set(case.children), set(now)
    return tuple(sorted(tied - known)), tuple(sorted(known - tied))
