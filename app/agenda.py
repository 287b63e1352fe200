"""Draw up the agenda of the daily meeting: what changed since the last one, who is missing, and what is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa

from app import answers, changes, comparison, data, hotspot_page, recent, words
from app.data import Loaded, kept
from app.hotspots import Counts
from app.names import label_of
from app.text import plain
from geo import measures
from geo.hotspots import gi_star, standardised_rate
from mapping.change import Standing
from mapping.change import changes as every_change
from mapping.entries import Entry
from mapping.meetings import Item, Meeting, Snapshot, actions

SECTIONS: Mapping[str, str] = {
    "actions": "Actions due",
    "missing": "Missing now",
    "interviews": "Return interviews due",
    "referrals": "New referrals",
    "groups": "Groups that changed",
    "contacts": "Shared contacts that reached another group",
    "hotspots": "Hotspots that moved",
}
# Actions due within so many days are on the agenda.
SOON = 1
WINDOW = 28
"""Hotspots are compared over the missing episodes of so many days."""


@dataclass(frozen=True)
class Opened:
    """An item of the agenda with the page that shows its evidence.

    Attributes
    ----------
    item : what is decided about.
    more : a second line, in a quieter voice.
    page, what, chosen : where the evidence is: a page's file name, the kind of thing chosen there, and which.
    """

    item: Item
    more: str = ""
    page: str = ""
    what: str = ""
    chosen: str = ""


def take_snapshot(loaded: Loaded) -> Snapshot:
    """Return what a meeting has before it now, for the next one to be compared with."""
    standing = comparison.standing(loaded.analysis, links=False)
    groups = standing.groups.to_pandas()
    large = groups[groups["group_id"].map(groups["group_id"].value_counts()) > 1]
    called = answers.group_labels(loaded)
    return Snapshot(
        tuple(sorted(zip(large["person_id"], large["group_id"], strict=True))),
        called[called.index.isin(large["group_id"])].to_dict(),
        _in_order(standing.ties, "contact_type", "contact_id", "person_id"),
        tuple(sorted(_hot(loaded, loaded.day))),
        tuple(sorted(answers.table(loaded, "referrals")["referral_id"])),
    )


def _in_order(table: pa.Table, *names: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a table of text in the order of these columns."""
    ordered = table.select(list(names)).sort_by([(name, "ascending") for name in names])
    return tuple(zip(*(ordered[name].to_pylist() for name in names), strict=True))


def view(loaded: Loaded) -> tuple[str, str]:
    """Return whose view of the case it is, and which grades of information."""
    return loaded.question.viewer.role, loaded.question.grades


def before(loaded: Loaded, last: Meeting | None, since: date) -> Snapshot:
    """Return what the meeting compares with.

    It is what the last meeting had before it, where that was the same viewer's and of the same grades; else
    what this viewer would have been shown on that day, since nobody may learn from a difference what they
    may not see.
    """
    return _kept_snapshot(loaded, last) or _snapshot_of(loaded, since)


def begin(loaded: Loaded, last: Meeting | None, since: date) -> None:
    """Start working out what the meeting compares with, where that was not kept, beside what is there now."""
    if _kept_snapshot(loaded, last) is None:
        data.begin(since)


def _kept_snapshot(loaded: Loaded, last: Meeting | None) -> Snapshot | None:
    if last is None or (last.role, last.grades) != view(loaded):
        return None
    return last.snapshot


@kept
def _snapshot_of(loaded: Loaded, since: date) -> Snapshot:  # noqa: ARG001  the key of the answer
    return take_snapshot(data.load(since))


def agenda(loaded: Loaded, compared: Snapshot, asked: Sequence[Entry]) -> list[Opened]:
    """Return every item of the agenda, in the order of SECTIONS; people by their initials, as minutes keep them.

    Parameters
    ----------
    compared : from `before`.
    asked : the entries of actions.
    """
    found = _compared(loaded, compared)
    return [
        *due_actions(asked, loaded.day),
        *_missing(loaded),
        *_interviews(loaded),
        *_referrals(loaded, compared),
        *_groups(loaded, compared, found),
        *_contacts(loaded, found),
        *_hotspots(loaded, compared),
    ]


class _Key:
    """A snapshot as part of a key: told from another by what it is, quickly."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot, self.hash = snapshot, hash((snapshot.groups, snapshot.ties))

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.hash == other.hash and self.snapshot == other.snapshot


def _compared(loaded: Loaded, compared: Snapshot) -> pd.DataFrame:
    return _changes(loaded, _Key(compared))


@kept
def _changes(loaded: Loaded, compared: _Key) -> pd.DataFrame:
    now = comparison.standing(loaded.analysis, links=False)
    held = compared.snapshot
    then = Standing(
        None,
        pa.table(_columns(held.groups, "person_id", "group_id")),
        now.links,
        pa.table(_columns(held.ties, "contact_type", "contact_id", "person_id")),
        now.missing,
    )
    return every_change(then, now, half_life=loaded.analysis.settings.half_life)


def _columns(rows: Sequence[tuple[str, ...]], *names: str) -> dict[str, pa.Array]:
    return {name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)}


def due_actions(entries: Sequence[Entry], day: date) -> Iterable[Opened]:
    """Return the open actions that are late, or due by the next day."""
    for entry, action in actions(entries):
        if action.state == "open" and is_due(action.due_on, day):
            when = due_in_words(action.due_on, day)
            item = Item(f"action:{entry.entry_id}", "actions", f"{action.what} ({action.owner}, {when})")
            yield Opened(item, f"About: {action.said}")


def is_due(due_on: date, day: date) -> bool:
    """Say whether something to be done by a day is late, or due by the next day."""
    return due_on <= day + timedelta(days=SOON)


def due_in_words(due_on: date, day: date) -> str:
    """Return by when something is due, or how late it is."""
    late = (day - due_on).days
    return f"{words.count(late, 'day')} late" if late > 0 else f"due {words.day(due_on)}"


def _missing(loaded: Loaded) -> Iterable[Opened]:
    label, place = answers.labels(loaded, False), answers.place_names(loaded)
    for row in answers.missing_now(loaded, recent.now(loaded.day)).to_dict("records"):
        where = place.get(row["missing_from"], "a place not recorded")
        who = label_of(row["person_id"], label)
        said = f"{who} missing since {words.moment(row['since'])}, from {where}"
        before = (
            f"last missing before: {words.day(row['last_missing'])}"
            if pd.notna(row["last_missing"])
            else "first episode on record"
        )
        more = f"{words.count(row['episodes'], 'episode')} on record; {before}"
        yield Opened(
            Item(f"episode:{row['episode_id']}", "missing", said), more, "peer_map", "child", row["person_id"]
        )


def _interviews(loaded: Loaded) -> Iterable[Opened]:
    label = answers.labels(loaded, False)
    due = answers.interviews_due(loaded, recent.now(loaded.day))
    due = due[due["hours_left"] >= -24 * recent.OVERDUE_DAYS].sort_values(["due_at", "person_id"])
    for row in due.to_dict("records"):
        late = row["hours_left"] < 0
        said = f"{label_of(row['person_id'], label)}: return interview {'was due' if late else 'due by'} {words.moment(row['due_at'])}"
        offered = {"Y": "offered", "N": "not offered yet"}.get(plain(row["offered"]), "no offer recorded")
        reason = f"; reason for delay: {plain(row['delay_reason'])}" if plain(row["delay_reason"]) else ""
        more = f"Returned {words.moment(row['found_at'])}; {offered}{reason}"
        yield Opened(
            Item(f"interview:{row['episode_id']}", "interviews", said),
            more,
            "peer_map",
            "child",
            row["person_id"],
        )


def _referrals(loaded: Loaded, compared: Snapshot) -> Iterable[Opened]:
    """Return the referrals that were not known before, whenever they were received: some are recorded late."""
    label = answers.labels(loaded, False)
    found = answers.table(loaded, "referrals")
    found = found[~found["referral_id"].isin(compared.referrals)]
    found = found.sort_values(["received_on", "referral_id"], ascending=[False, True])
    for row in found.to_dict("records"):
        source = f" by {plain(row['source_agency'])}" if plain(row["source_agency"]) else ""
        said = f"{label_of(row['person_id'], label)} referred on {words.day(row['received_on'])}{source}: {words.concern(row['concern']) or 'concern not recorded'}"
        item = Item(f"referral:{row['referral_id']}", "referrals", said)
        yield Opened(item, "", "peer_map", "child", row["person_id"])


def _groups(loaded: Loaded, compared: Snapshot, found: pd.DataFrame) -> Iterable[Opened]:
    called = {**compared.called, **answers.group_labels(loaded).to_dict()}
    then = pd.DataFrame(list(compared.groups), columns=["person_id", "group_id"])
    rows = changes.group_changes(found, loaded.analysis.groups, then, called, smallest=answers.SMALLEST)
    for row in rows.itertuples(index=False):
        item = Item(f"group:{row.group_id}", "groups", f"{called.get(row.group_id, 'A pair')} {row.said}")
        there = ("groups", "group", row.group_id) if row.size else ("", "", "")
        yield Opened(item, f"{words.count(row.size, 'member')} now, {words.number(row.was)} before", *there)


def _contacts(loaded: Loaded, found: pd.DataFrame) -> Iterable[Opened]:
    group = answers.group_labels(loaded)
    called = answers.contact_table(loaded, False).set_index("key")["called"]
    for row in changes.contact_changes(found).itertuples(index=False):
        key = f"{row.contact_type}:{row.contact_id}"
        reached = words.listing([group.get(each, "a pair") for each in row.groups])
        item = Item(f"contact:{key}", "contacts", f"{called.get(key, key)} reached {reached}")
        yield Opened(item, "", "shared_contacts", "contact", key)


def _hotspots(loaded: Loaded, compared: Snapshot) -> Iterable[Opened]:
    """Return the wards that became a hotspot of missing episodes, or are one no longer.

    Hotspots are those of the four weeks up to each of the two days, by Gi* with false-discovery control; see
    `geo.hotspots.gi_star`.
    """
    now, then = _hot(loaded, loaded.day), frozenset(compared.hot)
    if now == then:
        return
    counts, names = hotspot_page.counts(loaded), answers.ward_names(loaded)
    after = recent_episodes(counts, loaded.day)
    for ward in sorted(now ^ then):
        said = "became a hotspot" if ward in now else "is no longer a hotspot"
        item = Item(f"ward:{ward}", "hotspots", f"{names.get(ward, ward)} {said} of missing episodes")
        more = (
            f"{words.count(int(after.get(ward, 0)), 'episode')} in the four weeks to {words.day(loaded.day)}"
        )
        yield Opened(item, more, "hotspots", "ward", ward)


def _hot(loaded: Loaded, day: date) -> frozenset[str]:
    return frozenset() if isinstance(hotspot_page.areas(loaded), str) else hot_wards(loaded, day)


def recent_episodes(counts: Counts, day: date) -> pd.Series:
    """Count the missing episodes of the four weeks up to a day, by ward."""
    on = counts.occurrences["on"]
    end = pd.Timestamp(day) + pd.Timedelta(days=1)
    within = counts.occurrences[(on < end) & (on >= end - pd.Timedelta(days=WINDOW))]
    return measures.area_counts(within, counts.areas, "missing_episodes")


@kept
def hot_wards(loaded: Loaded, day: date) -> frozenset[str]:
    """Return the wards that are hotspots over the four weeks up to a day."""
    counts = hotspot_page.counts(loaded)
    observed = recent_episodes(counts, day)
    rates = standardised_rate(observed, counts.areas.table["population"])
    tested = gi_star(rates, counts.areas.neighbours)
    return frozenset(tested.index[tested["hotspot"].fillna(False).astype(bool)])
