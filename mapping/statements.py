"""Turn what somebody says about a young person (who or what, and how they know each other) into rows of the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

Of = Literal["person", "location", "thing"]
Rows = list[tuple[str, dict[str, str]]]


@dataclass(frozen=True)
class Way:
    """One way in which a young person and somebody or something are known to be linked.

    Attributes
    ----------
    words : what is chosen on screen, and what the map says of the link.
    of : what the other end is.
    kind : for a person the kind of association; for a place or thing that is new, its own kind.
    nature : for a person, the nature of the association.
    """

    name: str
    words: str
    of: Of
    kind: str
    nature: str = ""


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        way.name: way
        for way in (
            Way("peer", "friends, or spend time together", "person", "peer", "unknown"),
            Way("family", "family", "person", "family", "unknown"),
            Way("partner", "partners of like age", "person", "partner", "unknown"),
            Way("school", "same school or class", "person", "school", "unknown"),
            Way("online_peer", "in contact online", "person", "online", "unknown"),
            Way("protective", "someone who keeps them safe", "person", "other", "protective"),
            Way("harmful", "someone who harms or exploits them", "person", "exploitation", "harmful"),
            Way("other", "know each other in another way", "person", "other", "unknown"),
            Way("park", "spends time there: park or open space", "location", "park"),
            Way("shop", "spends time there: shop or food outlet", "location", "food_outlet"),
            Way("transport", "spends time there: stop or station", "location", "transport"),
            Way("home", "stays there: somebody's home", "location", "home"),
            Way("at_school", "learns there: school or college", "location", "school"),
            Way("place", "spends time there: another place", "location", "other"),
            Way("online_space", "spends time there: online", "location", "online"),
            Way("phone", "uses this phone", "thing", "phone"),
            Way("vehicle", "travels in this vehicle", "thing", "vehicle"),
            Way("account", "uses this account online", "thing", "online_account"),
            Way("thing", "uses this thing", "thing", "other"),
        )
    }
)
"""The ways in the order of the list on screen."""

LONGEST_NAME, LONGEST_TEXT = 200, 2_000


@dataclass(frozen=True)
class Statement:
    """Something said about a person: with whom or what they are linked, in which way, and how one knows.

    Attributes
    ----------
    person : the id of whom it is said.
    other : the id of somebody or something in the case; None where `called` is new to it.
    called : the name of somebody or something new.
    way : a key of WAYS.
    how : how whoever enters it knows. It stands in place of a grade.
    seen_on : the day it was so.
    """

    person: str
    other: str | None
    called: str
    way: str
    how: str
    seen_on: date


def validate_statement(statement: Statement, *, today: date) -> None:
    """Check a statement before it is entered.

    Raises
    ------
    ValueError
        A box is empty, the way is not one of WAYS, somebody is linked with themselves, or the day is to
        come. All faults are named at once.
    """
    faults = []
    if statement.other is None and not statement.called.strip():
        faults.append("say who or what")
    if len(statement.called) > LONGEST_NAME:
        faults.append(f"the name is longer than {LONGEST_NAME} characters")
    if statement.way not in WAYS:
        faults.append("say how they know each other")
    elif WAYS[statement.way].of == "person" and statement.other == statement.person:
        faults.append("nobody is linked with themselves; choose somebody else")
    if len(statement.how.strip()) < 3:
        faults.append("say how you know: who told you or what you saw, in a few words")
    if len(statement.how) > LONGEST_TEXT:
        faults.append(f"how you know is longer than {LONGEST_TEXT:,} characters")
    if statement.seen_on > today:
        faults.append(f"{statement.seen_on:%d/%m/%Y} is still to come; give the day it was so")
    if faults:
        msg = f"Nothing was added: {'; '.join(faults)}."
        raise ValueError(msg)


def statement_rows(statement: Statement, *, new_id: str) -> Rows:
    """Return the rows of the case a statement stands for, in the order in which they are added.

    Parameters
    ----------
    new_id : the id of whoever or whatever is new to the case.

    Returns
    -------
    (table, row) for each: who or what is new, then the link. A place carries the day without a time, so
    that two children who both spend time there are not taken to have been seen together.
    """
    way = WAYS[statement.way]
    other = statement.other if statement.other is not None else new_id
    day = statement.seen_on.isoformat()
    link: Mapping[Of, tuple[str, dict[str, str]]] = {
        "person": (
            "associations",
            {
                "person_a": min(statement.person, other),
                "person_b": max(statement.person, other),
                "kind": way.kind,
                "nature": way.nature,
                "first_seen": day,
                "last_seen": day,
            },
        ),
        "location": ("presence", {"person_id": statement.person, "location_id": other, "seen_at": day}),
        "thing": (
            "thing_use",
            {"thing_id": other, "person_id": statement.person, "first_seen": day, "last_seen": day},
        ),
    }
    made = [] if statement.other is not None else [_new(statement, way, new_id)]
    return [*made, link[way.of]]


def _new(statement: Statement, way: Way, new_id: str) -> tuple[str, dict[str, str]]:
    called = " ".join(statement.called.split())
    if way.of == "location":
        return "locations", {"location_id": new_id, "kind": way.kind, "name": called}
    if way.of == "thing":
        return "things", {"thing_id": new_id, "kind": way.kind, "label": called}
    given, _, family = called.rpartition(" ")
    return "people", {
        "person_id": new_id,
        "given_name": given or family,
        "family_name": family if given else "",
    }
