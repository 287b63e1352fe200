"""State what a meeting keeps: who was there, what was on the agenda, what was decided, and the actions that follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from mapping.entries import Entry

KIND, ACTION_KIND = "meeting", "action"

DECISIONS: Mapping[str, str] = MappingProxyType(
    {
        "advice": "Advice",
        "early_help": "Early help",
        "assessment": "Assessment",
        "strategy_meeting": "Strategy meeting",
        "joint_investigation": "Joint investigation",
        "other": "Other",
    }
)
"""What a daily risk meeting may decide about an item."""

STATES: Mapping[str, str] = MappingProxyType({"open": "open", "done": "done", "dropped": "no longer needed"})
LONGEST = 2_000


@dataclass(frozen=True)
class Item:
    """One thing on the agenda.

    Attributes
    ----------
    key : what it is about, the same from one meeting to the next, such as "group:G-12".
    section : the part of the agenda it stands in.
    said : what was shown, in words.
    """

    key: str
    section: str
    said: str


@dataclass(frozen=True)
class Decided:
    """What was decided about one item; `said` is what was shown when it was."""

    item: Item
    decision: str
    why: str


@dataclass(frozen=True)
class Snapshot:
    """What a meeting had before it when it was closed, so that the next one is shown what differs from it.

    A day alone would not tell: a meeting is held in the morning, and more is recorded later the same day.

    Attributes
    ----------
    groups : person_id, group_id of those in groups of two or more.
    called : group_id to what it was called.
    ties : contact_type, contact_id, person_id of each child of each shared contact.
    hot : the wards that were hotspots.
    referrals : every referral that was known.
    """

    groups: tuple[tuple[str, str], ...] = ()
    called: Mapping[str, str] = field(default_factory=dict)
    ties: tuple[tuple[str, str, str], ...] = ()
    hot: tuple[str, ...] = ()
    referrals: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the snapshot as it is kept."""
        return {
            "groups": [list(row) for row in self.groups],
            "called": dict(self.called),
            "ties": [list(row) for row in self.ties],
            "hot": list(self.hot),
            "referrals": list(self.referrals),
        }


def _snapshot_from_dict(content: Mapping[str, Any]) -> Snapshot:
    return Snapshot(
        tuple((str(person), str(group)) for person, group in content["groups"]),
        dict(content["called"]),
        tuple((str(kind), str(contact), str(person)) for kind, contact, person in content["ties"]),
        tuple(content["hot"]),
        tuple(content["referrals"]),
    )


@dataclass(frozen=True)
class Meeting:
    """One meeting, open until it is closed.

    Attributes
    ----------
    as_of : the day whose knowledge it looked at.
    since : the day with which that was compared.
    chair, present : who led it, and who was there.
    decided : by item key.
    role, grades : whose view it looked at, and which grades of information.
    snapshot : what it had before it, kept when it is closed; None while it is open.
    """

    as_of: date
    since: date
    chair: str
    role: str
    grades: str
    present: tuple[str, ...] = ()
    decided: Mapping[str, Decided] = field(default_factory=dict)
    snapshot: Snapshot | None = None

    @property
    def closed(self) -> bool:
        """Whether it is over."""
        return self.snapshot is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the meeting as it is kept."""
        return {
            "as_of": self.as_of.isoformat(),
            "since": self.since.isoformat(),
            "chair": self.chair,
            "role": self.role,
            "grades": self.grades,
            "present": list(self.present),
            "decided": {
                key: {**vars(found.item), "decision": found.decision, "why": found.why}
                for key, found in sorted(self.decided.items())
            },
            "snapshot": None if self.snapshot is None else self.snapshot.to_dict(),
        }


def meeting_from_dict(content: Mapping[str, Any]) -> Meeting:
    """Return a meeting as it was kept.

    Raises
    ------
    ValueError
        The content is not that of a meeting.
    """
    try:
        decided = {
            key: Decided(Item(each["key"], each["section"], each["said"]), each["decision"], each["why"])
            for key, each in content["decided"].items()
        }
        return Meeting(
            date.fromisoformat(content["as_of"]),
            date.fromisoformat(content["since"]),
            str(content["chair"]),
            str(content["role"]),
            str(content["grades"]),
            tuple(content["present"]),
            decided,
            None if content["snapshot"] is None else _snapshot_from_dict(content["snapshot"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"This is not what a meeting keeps: {error} is missing or is something else. Look at its history in the store."
        raise ValueError(msg) from error


def begin_meeting(
    *,
    as_of: date,
    since: date,
    chair: str,
    present: Iterable[str],
    role: str,
    grades: str,
    last: Meeting | None = None,
    chosen: bool = True,
) -> Meeting:
    """Begin a meeting.

    Parameters
    ----------
    since : the day to compare with where there was no meeting before; else it is the last meeting's.
    chosen : whether somebody chose the day it looks at; else it is the last day of the records, which is
        an earlier one than the last meeting's where an import was undone since.

    Raises
    ------
    ValueError
        Nobody chairs it, or somebody chose an earlier day than the last meeting looked at.
    """
    if not chair.strip():
        msg = "The meeting was not begun: nobody is named as its chair."
        raise ValueError(msg)
    if chosen and last is not None and as_of < last.as_of:
        msg = f"The meeting was not begun: the last one looked at {last.as_of.isoformat()}, and this one would look at {as_of.isoformat()}, before it. Choose a later day, or the latest in the records, under Seen as."
        raise ValueError(msg)
    people = tuple(dict.fromkeys(name.strip() for name in present if name.strip()))
    return Meeting(as_of, since if last is None else last.as_of, chair.strip(), role, grades, people)


def decide(meeting: Meeting, item: Item, decision: str, *, why: str) -> Meeting:
    """Return the meeting with a decision about an item; a second about the same item supersedes the first.

    Raises
    ------
    ValueError
        The meeting is closed, the decision is not one of DECISIONS, or "other" is not explained.
    """
    _validate_open(meeting)
    if decision not in DECISIONS:
        msg = f"{decision!r} is not a decision of a meeting: use one of {', '.join(DECISIONS)}."
        raise ValueError(msg)
    if decision == "other" and not why.strip():
        msg = "Say in a few words what was decided: Other does not say it."
        raise ValueError(msg)
    found = Decided(item, decision, why.strip()[:LONGEST])
    return replace(meeting, decided={**meeting.decided, item.key: found})


def close_meeting(meeting: Meeting, snapshot: Snapshot) -> Meeting:
    """Return the meeting closed, with what it had before it.

    Raises
    ------
    ValueError
        It is closed already, or nobody is named as present.
    """
    _validate_open(meeting)
    if not meeting.present:
        msg = "The meeting was not closed: say who was present."
        raise ValueError(msg)
    return replace(meeting, snapshot=snapshot)


def _validate_open(meeting: Meeting) -> None:
    if meeting.closed:
        msg = "This meeting is closed. What it decided stays as it was; begin a new one."
        raise ValueError(msg)


def open_meeting(entries: Sequence[Entry]) -> tuple[Entry, Meeting] | None:
    """Return the meeting that is open, the one begun last where there are several; None where there is none."""
    found = [(entry, meeting_from_dict(entry.content)) for entry in entries]
    return next((each for each in reversed(found) if not each[1].closed), None)


def last_meeting(entries: Sequence[Entry]) -> tuple[Entry, Meeting] | None:
    """Return the meeting that was closed last; None where none was."""
    found = [(entry, meeting_from_dict(entry.content)) for entry in entries]
    return max(
        (each for each in found if each[1].closed),
        key=lambda each: (each[0].at, each[0].entry_id),
        default=None,
    )


@dataclass(frozen=True)
class Action:
    """Something a meeting asked for: what, of whom, by when, and about what.

    Attributes
    ----------
    about, said : the key of the item, and what was shown of it.
    meeting_id : the entry of the meeting.
    state : one of STATES; `outcome` says what came of it.
    """

    what: str
    owner: str
    due_on: date
    about: str
    said: str
    meeting_id: str
    state: str = "open"
    outcome: str = ""

    def __post_init__(self) -> None:
        """Check that somebody has something to do.

        Raises
        ------
        ValueError
            What or who is missing, or the state is not one of STATES.
        """
        faults = []
        if not self.what.strip():
            faults.append("say what is to be done")
        if not self.owner.strip():
            faults.append("say who does it")
        if self.state not in STATES:
            faults.append(f"{self.state!r} is not a state of an action (use one of {', '.join(STATES)})")
        if self.state != "open" and not self.outcome.strip():
            faults.append("say what came of it")
        if faults:
            msg = f"The action was not kept: {'; '.join(faults)}."
            raise ValueError(msg)

    def to_dict(self) -> dict[str, Any]:
        """Return the action as it is kept."""
        return {**vars(self), "due_on": self.due_on.isoformat()}


def action_from_dict(content: Mapping[str, Any]) -> Action:
    """Return an action as it was kept.

    Raises
    ------
    ValueError
        The content is not that of an action.
    """
    try:
        return Action(**{**content, "due_on": date.fromisoformat(content["due_on"])})
    except (KeyError, TypeError) as error:
        msg = f"This is not what an action keeps: {error}. Look at its history in the store."
        raise ValueError(msg) from error


def actions(entries: Iterable[Entry]) -> list[tuple[Entry, Action]]:
    """Return the actions with their entries, open ones first, then by the day they are due."""
    found = [(entry, action_from_dict(entry.content)) for entry in entries]
    return sorted(found, key=lambda each: (each[1].state != "open", each[1].due_on, each[0].entry_id))
