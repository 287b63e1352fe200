"""State what a saved peer map holds: its purpose, owner, dates and actions, and what was put on it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from mapping.entries import merged_text

KIND = "peer_map"
"""The kind of entry a saved map is kept as."""

PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "with_young_person": "With the young person: to know who matters for their safety",
        "coordination": "To draw together what is already held, so that work with linked children is coordinated",
    }
)
"""The two purposes practice allows. A map without one of them is not kept."""

VIEWS: Mapping[str, str] = MappingProxyType({"safe": "safe", "unsafe": "not safe", "depends": "it depends"})
"""What a young person says of a place. It is their word about the place, and no grade of anything."""

REVIEW_DAYS, LIFE_DAYS, LONGEST_DAYS = 28, 91, 366
"""Days after which a new map is reviewed and closes unless other dates are given, and the most that may be given."""

LONGEST_TEXT = 2_000
MOST_ACTIONS = 60
_REACH = 100_000
Value = TypeVar("Value")


@dataclass(frozen=True)
class View:
    """What the young person said of one place, when, and in which words."""

    view: str
    said_on: date
    words: str = ""


@dataclass(frozen=True)
class Action:
    """Something to be done: what, by whom, by when; and when it was done."""

    what: str
    owner: str
    due_on: date
    done_on: date | None = None


@dataclass(frozen=True)
class Sheet:
    """What somebody put on a map by hand.

    Attributes
    ----------
    positions : node id to x and y in screen units, y downwards.
    views : node id of a place to what the young person says of it.
    actions : action id to action.
    notes : free text.
    """

    positions: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    notes: str = ""


@dataclass(frozen=True)
class PeerMap:
    """A saved map of one child: why there is one, who answers for it, until when, and what is on it."""

    child: str
    purpose: str
    owner: str
    review_on: date
    expires_on: date
    sheet: Sheet = field(default_factory=Sheet)

    def closed(self, today: date) -> bool:
        """Say whether the map may no longer be opened: it is open on its last day, and closed after it."""
        return today > self.expires_on

    def to_dict(self) -> dict[str, Any]:
        """Return the map as it is kept: text, whole numbers, lists and dicts."""
        return {
            "child": self.child,
            "purpose": self.purpose,
            "owner": self.owner,
            "review_on": self.review_on.isoformat(),
            "expires_on": self.expires_on.isoformat(),
            "positions": {node: list(place) for node, place in sorted(self.sheet.positions.items())},
            "views": {
                node: {"view": said.view, "said_on": said.said_on.isoformat(), "words": said.words}
                for node, said in sorted(self.sheet.views.items())
            },
            "actions": {key: _action_to_dict(action) for key, action in sorted(self.sheet.actions.items())},
            "notes": self.sheet.notes,
        }


def _action_to_dict(action: Action) -> dict[str, Any]:
    return {
        "what": action.what,
        "owner": action.owner,
        "due_on": action.due_on.isoformat(),
        "done_on": action.done_on.isoformat() if action.done_on else None,
    }


def peer_map_from_dict(content: Mapping[str, Any]) -> PeerMap:
    """Return a saved map as it was kept.

    Raises
    ------
    ValueError
        The content is not that of a peer map.
    """
    try:
        sheet = Sheet(
            positions={
                str(node): (int(place[0]), int(place[1])) for node, place in content["positions"].items()
            },
            views={
                str(node): View(str(said["view"]), date.fromisoformat(said["said_on"]), str(said["words"]))
                for node, said in content["views"].items()
            },
            actions={str(key): _action_from_dict(action) for key, action in content["actions"].items()},
            notes=str(content["notes"]),
        )
        review_on, expires_on = (date.fromisoformat(content[name]) for name in ("review_on", "expires_on"))
        who = {name: str(content[name]) for name in ("child", "purpose", "owner")}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        msg = f"This entry is not a peer map: {error!r}. It may have been written by a later version; nothing was changed."
        raise ValueError(msg) from error
    return PeerMap(**who, review_on=review_on, expires_on=expires_on, sheet=sheet)


def _action_from_dict(content: Mapping[str, Any]) -> Action:
    done = content.get("done_on")
    return Action(
        str(content["what"]),
        str(content["owner"]),
        date.fromisoformat(content["due_on"]),
        date.fromisoformat(done) if done else None,
    )


def validate_peer_map(found: PeerMap, *, today: date) -> None:
    """Check a map before it is kept.

    Raises
    ------
    ValueError
        It has no child, purpose or owner, its dates do not follow each other, or it says more than a map
        may. All faults are named at once.
    """
    faults = [*_header_faults(found, today), *sheet_faults(found.sheet)]
    if faults:
        msg = f"The map was not kept: {'; '.join(faults)}."
        raise ValueError(msg)


def _header_faults(found: PeerMap, today: date) -> list[str]:
    faults = []
    if not found.child:
        faults.append("it is not said whose map it is")
    if found.purpose not in PURPOSES:
        faults.append("it has no purpose; choose why this map is made")
    if not found.owner.strip():
        faults.append("it has no owner; say who answers for it")
    if found.expires_on <= today:
        faults.append(
            f"it would close on {found.expires_on:%d/%m/%Y}, which is not after today; choose a later day"
        )
    if found.expires_on > today + timedelta(days=LONGEST_DAYS):
        faults.append(
            f"it would close on {found.expires_on:%d/%m/%Y}, more than a year from today; choose an earlier day and renew it then"
        )
    if found.review_on > found.expires_on:
        faults.append("it would be reviewed after it has closed; choose an earlier day for the review")
    if found.review_on < today:
        faults.append("the day of its review has passed; choose a later one")
    return faults


def sheet_faults(sheet: Sheet) -> list[str]:
    """Return what is wrong with what was put on a map, as parts of a sentence."""
    faults = []
    if len(sheet.notes) > LONGEST_TEXT:
        faults.append(f"the notes have {len(sheet.notes):,} characters, and {LONGEST_TEXT:,} is the most")
    if unknown := sorted({said.view for said in sheet.views.values()} - set(VIEWS)):
        faults.append(
            f"{unknown[0]!r} is not what can be said of a place: use one of {', '.join(VIEWS.values())}"
        )
    if any(abs(part) > _REACH for place in sheet.positions.values() for part in place):
        faults.append("something was put too far out to be drawn; arrange the map by context")
    if len(sheet.actions) > MOST_ACTIONS:
        faults.append(f"it has {len(sheet.actions)} actions, and {MOST_ACTIONS} is the most")
    if any(not action.what.strip() or not action.owner.strip() for action in sheet.actions.values()):
        faults.append("an action does not say what is to be done, or by whom")
    return faults


def overlay(current: Sheet, before: Sheet, after: Sheet) -> Sheet:
    """Return `current` with whatever differs between `before` and `after` set as in `after`.

    With it one user's change is made, undone (before and after the other way round), made again, or put on
    top of what somebody else has kept meanwhile, and nothing that they did not touch is changed; of notes that
    both wrote, what both wrote stays.
    """
    return Sheet(
        positions=_overlaid(current.positions, before.positions, after.positions),
        views=_overlaid(current.views, before.views, after.views),
        actions=_overlaid(current.actions, before.actions, after.actions),
        notes=merged_text(current.notes, before.notes, after.notes)
        if before.notes != after.notes
        else current.notes,
    )


def _overlaid(
    current: Mapping[str, Value], before: Mapping[str, Value], after: Mapping[str, Value]
) -> dict[str, Value]:
    out = dict(current)
    for key in sorted({*before, *after}):
        if key not in after:
            out.pop(key, None)
        elif key not in before or before[key] != after[key]:
            out[key] = after[key]
    return out


def renewed(
    found: PeerMap,
    *,
    by: str,
    why: str,
    review_on: date,
    expires_on: date,
    today: date,
    purpose: str | None = None,
) -> PeerMap:
    """Return a map with new dates, so that it can be opened again.

    Only its owner renews it, and says why. Somebody else makes a new map, for a purpose of their own; what
    was on the closed one does not come with it.

    Raises
    ------
    ValueError
        Somebody else than the owner asks, there is no reason, or the dates will not do.
    """
    if not same_name(by, found.owner):
        msg = f"This map has closed. {found.owner} owns it and can renew it with a reason; you can make a new map for a purpose of your own."
        raise ValueError(msg)
    if not why.strip():
        msg = "This map has closed. Say why it is still needed, and it can be renewed."
        raise ValueError(msg)
    out = replace(found, purpose=purpose or found.purpose, review_on=review_on, expires_on=expires_on)
    validate_peer_map(out, today=today)
    return out


def same_name(one: str, other: str) -> bool:
    """Say whether two names are the same, whatever their capitals and spaces."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
