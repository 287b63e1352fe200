"""Keep what one user does on a child's peer map: saved maps, changes by hand, records added, undo and redo."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from app import desk, log, state, words
from app.text import plain
from mapping.access import Viewer, reaches_others
from mapping.additions import PREFIX, Addition, add_record, additions
from mapping.entries import EnteredMeanwhileError, Entry
from mapping.peer_maps import (
    KIND,
    PURPOSES,
    Action,
    PeerMap,
    Sheet,
    View,
    overlay,
    peer_map_from_dict,
    renewed,
    same_name,
    sheet_faults,
    validate_peer_map,
)
from mapping.statements import Statement, statement_rows, validate_statement
from mapping.store import open_store

AGENCIES = {
    "social_worker": "children's social care",
    "analyst": "police",
    "chair": "complex safeguarding hub",
}
"""Whose record it is that a user of each role adds by hand."""


@dataclass(frozen=True)
class Saved:
    """A saved map: the entry it is kept as, and what it says."""

    entry: Entry
    found: PeerMap

    @property
    def others_read(self) -> bool:
        """Whether some read it who may not see all that this user sees: then this user changes a copy of it."""
        return reaches_others(self.entry.content, Viewer(state.role()))


@dataclass(frozen=True)
class Step:
    """One thing this user did that can be undone: a change of the sheet, or records that were added."""

    what: str
    before: Sheet | None = None
    after: Sheet | None = None
    records: tuple[Entry, ...] = ()


@dataclass
class Work:
    """What this user does on the map of one child in this session.

    Attributes
    ----------
    saved : the saved map that is open; None while the map is not saved.
    base : the sheet as it was last kept.
    sheet : the sheet as it is drawn; it differs from `base` while a change waits to be kept.
    done, undone : steps that can be undone, and made again.
    trouble : why a change waits, in words.
    news : what somebody else changed while the map was open, until this user changes something.
    fresh : whether the user began a new map although there are saved ones.
    copy_of : the map that this one, not saved yet, was begun from.
    """

    child: str
    saved: Saved | None = None
    base: Sheet = field(default_factory=Sheet)
    sheet: Sheet = field(default_factory=Sheet)
    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)
    trouble: str = ""
    news: str = ""
    fresh: bool = False
    copy_of: Saved | None = None

    @property
    def waits(self) -> bool:
        """Whether a change of a saved map is not kept yet."""
        return self.saved is not None and self.sheet != self.base


def every_map(entries: Iterable[Entry]) -> list[Saved]:
    """Return the saved maps, the latest change first; what is no map is passed over."""
    found = []
    for entry in entries:
        with suppress(ValueError):
            found.append(Saved(entry, peer_map_from_dict(entry.content)))
    return sorted(found, key=lambda each: (each.entry.at, each.entry.entry_id), reverse=True)


def saved_maps(child: str, entries: Iterable[Entry]) -> list[Saved]:
    """Return the saved maps of one child in the same way."""
    return every_map(entry for entry in entries if entry.content.get("child") == child)


def work_on(child: str, saved: Sequence[Saved], *, today: date) -> Work:
    """Return what this user does on a child's map, with the saved map as it now is; a closed one is not opened."""
    works = state.peer_work()
    work: Work = works.setdefault(child, Work(child))
    opened = [each for each in saved if not each.found.closed(today)]
    if work.saved is None:
        if opened and not work.fresh and work.sheet == Sheet():
            _open(work, opened[0])
        return work
    same = next((each for each in opened if each.entry.entry_id == work.saved.entry.entry_id), None)
    if same is None:
        works[child] = Work(child)
        return work_on(child, saved, today=today)
    if same.entry.turn > work.saved.entry.turn and not work.waits:
        _adopt(work, same)
        work.news = f"{same.entry.by} changed this map while you had it open ({same.entry.why}); you see it as it is now."
    return work


def _open(work: Work, saved: Saved) -> None:
    _adopt(work, saved)
    work.done, work.undone, work.fresh = [step for step in work.done if step.records], [], False
    work.copy_of = None


def _adopt(work: Work, saved: Saved) -> None:
    work.saved, work.base, work.sheet = saved, saved.found.sheet, saved.found.sheet
    work.trouble, work.news = "", ""


def open_saved(work: Work, saved: Saved | None) -> None:
    """Open another saved map of the same child, or with None begin a new one."""
    if saved is None:
        work.saved, work.base, work.sheet, work.copy_of = None, Sheet(), Sheet(), None
        work.done, work.undone, work.trouble, work.news, work.fresh = [], [], "", "", True
    else:
        _open(work, saved)


def change(work: Work, what: str, after: Sheet, *, today: date) -> None:
    """Make one change by hand; where the map is saved it is kept at once.

    A map that others read who may not see all that this user sees is left as it is: what is moved or marked may
    be there by a restricted report alone. The change begins a copy.
    """
    if after == work.sheet:
        return
    if work.saved is not None and work.saved.others_read:
        work.saved, work.copy_of, work.fresh = None, work.saved, True
    work.done.append(Step(what, work.sheet, after))
    work.undone.clear()
    work.sheet = after
    keep_change(work, what, today=today)


def keep_change(work: Work, what: str, *, today: date) -> None:
    """Keep what has changed on a saved map; where that cannot be, say why and let the change wait."""
    work.trouble, work.news = "", ""
    if work.saved is None or not work.waits:
        return
    found = replace(work.saved.found, sheet=work.sheet)
    entry = work.saved.entry
    try:
        if found.closed(today):
            msg = "This map has closed, so nothing more is kept on it. Renew it first."
            raise ValueError(msg)
        if faults := sheet_faults(work.sheet):
            msg = f"The change was not kept: {'; '.join(faults)}."
            raise ValueError(msg)
        kept = desk.keep(KIND, found.to_dict(), why=what, entry_id=entry.entry_id, after=entry.turn)
    except EnteredMeanwhileError:
        work.trouble = "Somebody else saved this map while you worked on it. Your change is not kept yet: look at theirs, or put yours on top of it."
        return
    except (ValueError, OSError) as error:
        work.trouble = log.said(error)
        return
    work.saved, work.base = Saved(kept, found), work.sheet


def put_on_top(work: Work, theirs: Saved, *, today: date) -> None:
    """Put the change that waits on top of what somebody else has saved."""
    mine = overlay(theirs.found.sheet, work.base, work.sheet)
    _adopt(work, theirs)
    work.sheet = mine
    keep_change(work, "put on top of what was saved meanwhile", today=today)


def said_otherwise(work: Work, theirs: Saved) -> list[str]:
    """Return the places of which this user has said one thing and somebody else another meanwhile."""
    was, mine, now = work.base.views, work.sheet.views, theirs.found.sheet.views
    return sorted(
        place
        for place in {*mine, *now}
        if was.get(place) not in (mine.get(place), now.get(place)) and mine.get(place) != now.get(place)
    )


def drop_change(work: Work, theirs: Saved) -> None:
    """Leave what waits to be kept, and show the map as it is saved."""
    while work.done and work.sheet != work.base:
        step = work.done.pop()
        if step.before is not None and step.after is not None:
            work.sheet = overlay(work.sheet, step.after, step.before)
    work.undone.clear()
    _adopt(work, theirs)


def undo(work: Work, *, today: date) -> None:
    """Take back the last thing this user did; what others did meanwhile stays."""
    _turn(work, work.done, work.undone, back=True, today=today)


def redo(work: Work, *, today: date) -> None:
    """Do again what was undone last."""
    _turn(work, work.undone, work.done, back=False, today=today)


def _turn(work: Work, steps: list[Step], others: list[Step], *, back: bool, today: date) -> None:
    """Take the last of these steps back, or do it again, and put it among the others."""
    if not steps:
        return
    step = steps.pop()
    why = f"{'undone' if back else 'done again'}: {step.what}"
    if step.records:
        step, work.trouble = _turn_records(step, back=back, why=why)
        if work.trouble:
            steps.append(step)
            return
    elif step.before is not None and step.after is not None:
        was, then = (step.after, step.before) if back else (step.before, step.after)
        work.sheet = overlay(work.sheet, was, then)
        keep_change(work, why, today=today)
    others.append(step)
    if not work.trouble:
        state.say_once(f"{'Taken back' if back else 'Done again'}: {step.what}.")


def _turn_records(step: Step, *, back: bool, why: str) -> tuple[Step, str]:
    """Take records away, the link before who or what it is to, or enter them again; all stay in the history."""

    def act(entry: Entry) -> Entry:
        if back:
            return desk.remove("record", entry.entry_id, why=why, after=entry.turn)
        return desk.keep("record", entry.content, why=why, entry_id=entry.entry_id, after=entry.turn)

    order = -1 if back else 1
    records, trouble = _each(step.records[::order], act)
    return replace(step, records=records[::order]), trouble


def _each(entries: Sequence[Entry], act: Callable[[Entry], Entry]) -> tuple[tuple[Entry, ...], str]:
    """Act on each entry; one that cannot be written stays as it was, and what went wrong is said."""
    out, trouble = [], ""
    for entry in entries:
        try:
            out.append(act(entry))
        except (ValueError, OSError) as error:
            out.append(entry)
            trouble = log.said(error)
    return tuple(out), trouble


def save(work: Work, found: PeerMap, *, today: date) -> None:
    """Save a map for the first time, or with other particulars.

    Raises
    ------
    ValueError
        The map lacks what a saved map needs, nobody is named, or somebody else saved it meanwhile.
    OSError
        It could not be kept.
    """
    validate_peer_map(found, today=today)
    before = None if work.saved is None or work.saved.others_read else work.saved.entry
    kept = desk.keep(
        KIND,
        found.to_dict(),
        why="saved" if before is None or work.saved is None else _changed(work.saved.found, found),
        entry_id=None if before is None else before.entry_id,
        after=None if before is None else before.turn,
    )
    work.saved, work.base, work.sheet, work.trouble = Saved(kept, found), found.sheet, found.sheet, ""
    work.fresh, work.copy_of = False, None


def _changed(before: PeerMap, after: PeerMap) -> str:
    """Return which particulars of a map are others now, and what they are."""
    said = {
        "purpose": PURPOSES[after.purpose].partition(":")[0],
        "owner": f"owner {after.owner}",
        "review_on": f"review {words.day(after.review_on)}",
        "expires_on": f"closes {words.day(after.expires_on)}",
    }
    changed = [text for name, text in said.items() if getattr(before, name) != getattr(after, name)]
    return "; ".join(changed) or "looked at again"


def renew(saved: Saved, *, why: str, review_on: date, expires_on: date, today: date) -> None:
    """Renew a closed map, by its owner and for a reason.

    Raises
    ------
    ValueError
        Somebody else than the owner asks, there is no reason, the dates will not do, or somebody else
        renewed it meanwhile.
    OSError
        It could not be kept, or not logged.
    """
    found = renewed(
        saved.found, by=state.user(), why=why, review_on=review_on, expires_on=expires_on, today=today
    )
    log.append("peer map renewed", role=state.role(), reason=why, map=saved.entry.entry_id)
    desk.keep(
        KIND, found.to_dict(), why=f"renewed: {why}", entry_id=saved.entry.entry_id, after=saved.entry.turn
    )


def add(work: Work, said: Statement, what: str, *, today: date) -> tuple[Entry, ...]:
    """Add to the case what somebody says of a child: who or what is new, and the link.

    Raises
    ------
    ValueError
        Something is missing from the statement, or nobody is named as saying it.
    OSError
        It could not be kept.
    """
    validate_statement(said, today=today)
    if not state.user():
        raise ValueError(desk.NAMELESS)
    new_id = f"{PREFIX}-{uuid.uuid4().hex[:8]}"
    agency = AGENCIES.get(state.role(), "")
    with open_store(desk.url()) as store:
        kept = tuple(
            add_record(
                store,
                table,
                row,
                by=state.user(),
                how=said.how,
                agency=agency,
                role=state.role(),
                recorded_on=today,
            )
            for table, row in statement_rows(said, new_id=new_id)
        )
    work.done.append(Step(what, records=kept))
    work.undone.clear()
    return kept


def just_added(entries: Iterable[Entry], known: Sequence[Addition]) -> list[Entry]:
    """Return the records added by hand that are not in the network yet.

    Parameters
    ----------
    known : the additions the network was worked out with.
    """
    there = set(known)
    return [
        entry for entry in entries if not entry.content.get("key") and not set(additions([entry])) <= there
    ]


def taken_back(entries: Iterable[Entry], known: Sequence[Addition]) -> list[Entry]:
    """Return the records added by hand that are in the network and have been taken back since it was worked out.

    Parameters
    ----------
    known : the additions the network was worked out with.
    """
    standing = set(additions(entries))
    gone = [each for each in known if not each.key and each.table != "sources" and each not in standing]
    at = datetime.now(UTC)
    return [Entry("record", "", 1, {"table": each.table, "row": dict(each.row)}, "", at) for each in gone]


def moved(sheet: Sheet, places: Mapping[str, tuple[float, float]]) -> Sheet:
    """Return the sheet with nodes where they were put, to the whole unit."""
    put = {node: (round(x), round(y)) for node, (x, y) in places.items()}
    return replace(sheet, positions={**sheet.positions, **put})


def arranged(sheet: Sheet, places: Mapping[str, tuple[float, float]]) -> Sheet:
    """Return the sheet with every node where its context puts it."""
    return replace(sheet, positions={node: (round(x), round(y)) for node, (x, y) in places.items()})


def said_of(sheet: Sheet, place: str, view: str | None, words: str, *, today: date) -> Sheet:
    """Return the sheet with what the young person says of a place, or with None nothing said of it."""
    others = {node: said for node, said in sheet.views.items() if node != place}
    if view is not None:
        others[place] = View(view, today, plain(words)[:300])
    return replace(sheet, views=others)


def with_action(sheet: Sheet, key: str, action: Action | None) -> Sheet:
    """Return the sheet with an action added or changed, or with None taken off."""
    others = {name: each for name, each in sheet.actions.items() if name != key}
    return replace(sheet, actions=others if action is None else {**others, key: action})


def new_key() -> str:
    """Return the key of an action that is new: two users who add one at a time have two."""
    return uuid.uuid4().hex[:8]


def may_renew(saved: Saved) -> bool:
    """Say whether this user owns a map."""
    return bool(state.user()) and same_name(state.user(), saved.found.owner)
