"""Run a meeting on the store: begin it, decide, ask for actions, close it, and draw up its minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from app import agenda, desk
from app.data import Loaded
from app.documents.minutes import draw_minutes
from app.documents.paper import Paper
from mapping.access import Viewer
from mapping.entries import Entry, load_entries
from mapping.meetings import (
    ACTION_KIND,
    KIND,
    Action,
    Item,
    Meeting,
    actions,
    begin_meeting,
    close_meeting,
    decide,
    last_meeting,
    meeting_from_dict,
    open_meeting,
)


def begin(loaded: Loaded, *, since: date, chair: str, present: list[str], last: Meeting | None) -> Entry:
    """Begin a meeting and keep it.

    Raises
    ------
    ValueError
        Somebody else has begun one meanwhile, or as `begin_meeting` does.
    """
    if current(loaded)[0] is not None:
        msg = "A meeting has begun already, on another screen. Go on with that one."
        raise ValueError(msg)
    role, grades = agenda.view(loaded)
    begun = begin_meeting(
        as_of=loaded.day,
        since=since,
        chair=chair,
        present=present,
        role=role,
        grades=grades,
        last=last,
        chosen=loaded.question.as_of is not None,
    )
    return desk.keep(KIND, begun.to_dict())


def record(
    entry: Entry,
    meeting: Meeting,
    item: Item,
    *,
    decision: str | None,
    why: str,
    action: tuple[str, str, date] | None,
) -> None:
    """Keep a decision about an item, an action that follows from it, or both.

    Parameters
    ----------
    action : what, who and by when.

    Raises
    ------
    ValueError
        There is neither, or one of them has a fault; nothing is then kept.
    """
    if decision is None and action is None:
        msg = "Choose a decision, or say what is to be done, by whom and by when."
        raise ValueError(msg)
    asked = None if action is None else Action(*action, item.key, item.said, entry.entry_id)
    if decision is not None:
        decided = decide(meeting, item, decision, why=why)
        desk.keep(KIND, decided.to_dict(), entry_id=entry.entry_id, after=entry.turn)
    if asked is not None:
        desk.keep(ACTION_KIND, asked.to_dict())


def set_present(entry: Entry, meeting: Meeting, present: list[str]) -> None:
    """Keep who is present."""
    content = {
        **meeting.to_dict(),
        "present": list(dict.fromkeys(name.strip() for name in present if name.strip())),
    }
    desk.keep(KIND, content, entry_id=entry.entry_id, after=entry.turn)


def close(loaded: Loaded, entry: Entry, meeting: Meeting) -> Entry:
    """Close a meeting; the next one is compared with what this one had before it, by the day on which it ended."""
    ended = replace(meeting, as_of=max(meeting.as_of, loaded.day))
    closed = close_meeting(ended, agenda.take_snapshot(loaded))
    return desk.keep(KIND, closed.to_dict(), entry_id=entry.entry_id, after=entry.turn)


def finish(entry: Entry, *, state: str, outcome: str) -> Entry:
    """Keep that an action is done or no longer needed, and what came of it."""
    changed = {**entry.content, "state": state, "outcome": outcome.strip()}
    Action(**{**changed, "due_on": date.fromisoformat(changed["due_on"])})
    return desk.keep(ACTION_KIND, changed, entry_id=entry.entry_id, after=entry.turn)


def minutes(url: str, *, case: str, viewer: Viewer | None = None, meeting_id: str | None = None) -> Paper:
    """Return the minutes of a meeting: the one named, else the last that was closed.

    Parameters
    ----------
    viewer : who reads them; a meeting held on restricted reports is there for those only who see them.

    Raises
    ------
    ValueError
        There is no such meeting for this viewer.
    """
    entries = [entry for entry in load_entries(url, KIND) if _may_see(entry, viewer)]
    held: tuple[Entry, Meeting] | None
    if meeting_id is None:
        held = last_meeting(entries)
    else:
        named = [entry for entry in entries if entry.entry_id == meeting_id]
        held = (named[0], meeting_from_dict(named[0].content)) if named else None
    if held is None:
        which = "No meeting has been closed" if meeting_id is None else f"There is no meeting {meeting_id}"
        msg = (
            f"{which} in the store of this case, so there are no minutes. Hold it on the page Daily meeting."
        )
        raise ValueError(msg)
    every = actions(load_entries(url, ACTION_KIND))
    asked = [each for each in every if each[1].meeting_id == held[0].entry_id]
    finished = _finished(held, entries, every)
    return draw_minutes(held[1], asked, case=case, sections=agenda.SECTIONS, held=held[0], finished=finished)


def _finished(
    held: tuple[Entry, Meeting], meetings: list[Entry], every: list[tuple[Entry, Action]]
) -> list[tuple[Entry, Action]]:
    """Return the actions of earlier meetings of which it was said since the last one what came of them.

    Those of a meeting on restricted reports are in the minutes of such meetings alone.
    """
    shared = [entry for entry in meetings if _may_see(entry, Viewer(held[1].role))]
    earlier = {entry.entry_id: entry.at for entry in shared if entry.at < held[0].at}
    last = max(
        (entry.at for entry in shared if entry.at < held[0].at and meeting_from_dict(entry.content).closed),
        default=None,
    )
    return [
        (entry, action)
        for entry, action in every
        if action.state != "open"
        and action.meeting_id in earlier
        and (last is None or entry.at >= last)
        and (not held[1].closed or entry.at <= held[0].at)
    ]


def _may_see(entry: Entry, viewer: Viewer | None) -> bool:
    if viewer is None or viewer.sees_restricted:
        return True
    return viewer.sees_people and not Viewer(str(entry.content.get("role", "analyst"))).sees_restricted


def current(loaded: Loaded) -> tuple[tuple[Entry, Meeting] | None, tuple[Entry, Meeting] | None]:
    """Return the meeting that is open, and the last that was closed, of those this viewer may read."""
    entries = [entry for entry in desk.entries(KIND) if _may_see(entry, loaded.question.viewer)]
    return open_meeting(entries), last_meeting(entries)


def last_day(loaded: Loaded) -> date | None:
    """Return the day that the last closed meeting looked at; None where there was none."""
    _, last = current(loaded)
    return None if last is None else last[1].as_of


def asked(loaded: Loaded) -> list[Entry]:
    """Return the entries of actions, of the meetings that this viewer may read."""
    hidden = {entry.entry_id for entry in desk.entries(KIND) if not _may_see(entry, loaded.question.viewer)}
    return [entry for entry in desk.entries(ACTION_KIND) if entry.content["meeting_id"] not in hidden]
