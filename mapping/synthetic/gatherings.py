"""Write down occasions: events that people took part in, and sightings of people at one place within the hour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from mapping.synthetic.calendar import AFTER_SCHOOL, at_hour, clock
from mapping.synthetic.calibration import Dates, Floats, Ints, Texts, words
from mapping.synthetic.circles import Circles
from mapping.synthetic.evidence import Evidence

EVENTS = {"incident": 40, "stop_search": 16, "contact": 18, "intelligence": 14, "arrest": 6, "other": 6}
ROLES = {"present": 56, "harmed": 22, "may_have_harmed": 12, "witness": 10}
SUMMARIES = {
    "incident": "Disturbance; young people spoken to and taken home",
    "stop_search": "Stop and search",
    "contact": "Outreach contact",
    "intelligence": "Meeting described in information received",
    "arrest": "Arrest; children treated as possible victims",
    "other": "Mentioned together",
}
AT_PLACE = 0.5
"""Share of a group's events recorded at a named place; of the others only the spot is known."""
STRAYS = 0.06
ONLINE = 0.35
"""Shares of those who took part in events who belong to no group, and of a half's sightings that are online."""


def gathered(
    rng: np.random.Generator, members: pd.DataFrame, group: Ints, date: Dates, size: Ints, side: Ints
) -> pd.DataFrame:
    """Choose who of a group takes part in each item.

    Args:
        rng: of the evidence.
        members: person, group, joined_on, side.
        group: the group of each item.
        date: its day; only people who had joined by then take part.
        size: how many take part at most.
        side: the half of the group that takes part, or -1 for anybody.

    Returns:
        item, person; items with fewer than two people are left out.
    """
    items = {"item": np.arange(len(group)), "group": group, "date": date, "size": size, "half": side}
    table = pd.DataFrame(items).merge(members, on="group")
    fit = (table["joined_on"] <= table["date"]) & (
        table["half"].eq(-1) | table["side"].eq(-1) | table["half"].eq(table["side"])
    )
    table = table[fit]
    table = table.assign(draw=rng.random(len(table))).sort_values(["item", "draw"])
    table = table[table.groupby("item").cumcount() < table["size"]]
    several = table.groupby("item")["person"].transform("size") > 1
    return table.loc[several, ["item", "person"]].reset_index(drop=True)


def add_event(
    evidence: Evidence,
    *,
    kind: Texts,
    date: Dates,
    place: Ints,
    at: Floats,
    source: Ints,
    summary: Texts | None = None,
    hours: npt.ArrayLike = AFTER_SCHOOL,
) -> Ints:
    """Add events at a place (-1: none named) and a spot, and return their numbers; of two in five the end is known."""
    rng = evidence.rng
    start = at_hour(rng, date, hours)
    end = clock(start + rng.integers(65, 200, len(start)).astype("timedelta64[m]"))
    known = (rng.random(len(start)) < 0.4) & (end > start)
    return evidence.add(
        "events",
        kind=kind,
        started_at=start,
        ended_at=np.where(known, end, np.datetime64("NaT", "m")),
        place=place,
        easting=np.round(at[:, 0]),
        northing=np.round(at[:, 1]),
        summary=[SUMMARIES[str(name)] for name in kind] if summary is None else summary,
        source=source,
    )


def add_participation(evidence: Evidence, event: Ints, person: Ints, role: Texts, source: Ints) -> None:
    """Add who took part, each person once an event."""
    table = pd.DataFrame({"event": event, "person": person, "role": role, "source": source})
    table = table.drop_duplicates(["event", "person"])
    evidence.add("participation", **{str(name): table[name].to_numpy() for name in table})


def add_group_events(
    evidence: Evidence, circles: Circles, group: Ints, date: Dates, size: Ints, strays: Ints
) -> None:
    """Add events of groups: of one half at their place, or of anybody near it; now and then somebody else is there."""
    rng = evidence.rng
    half = np.where(rng.random(len(group)) < AT_PLACE, rng.integers(0, 2, len(group)), -1)
    who = gathered(rng, circles.members, group, date, size, half)
    kept = np.unique(who["item"])
    group, date, half = group[kept], date[kept], half[kept]
    kind = words(rng, EVENTS, len(kept))
    near = circles.meeting[group, np.where(half < 0, 2, half)]
    source = evidence.cite(kind, date, who.drop_duplicates("item")["person"].to_numpy(), near)
    at = evidence.spots[near] + rng.normal(0, 60, (len(kept), 2))
    place = np.where(half < 0, -1, near)
    event = add_event(evidence, kind=kind, date=date, place=place, at=at, source=source)
    person = who["person"].to_numpy().copy()
    stray = rng.random(len(person)) < (STRAYS if len(strays) else 0)
    person[stray] = rng.choice(strays, int(stray.sum())) if len(strays) else person[stray]
    order = np.searchsorted(kept, who["item"].to_numpy())
    add_participation(evidence, event[order], person, words(rng, ROLES, len(person)), source[order])


def add_group_sightings(evidence: Evidence, circles: Circles, group: Ints, date: Dates, size: Ints) -> None:
    """Add people of one half of a group seen at their place, or online, within an hour and a quarter."""
    rng = evidence.rng
    half = rng.integers(0, 2, len(group))
    who = gathered(rng, circles.members, group, date, size, half)
    kept = np.unique(who["item"])
    group, half, date = group[kept], half[kept], date[kept]
    online = (circles.online[group] >= 0) & (half == 0) & (rng.random(len(kept)) < ONLINE)
    place = np.where(online, circles.online[group], circles.meeting[group, half])
    topic = np.where(online, "online", "seen").astype(object)
    source = evidence.cite(topic, date, who.drop_duplicates("item")["person"].to_numpy(), place)
    start = at_hour(rng, date, AFTER_SCHOOL)
    order = np.searchsorted(kept, who["item"].to_numpy())
    seen = clock(start[order] + rng.integers(0, 76, len(order)).astype("timedelta64[m]"))
    people = who["person"].to_numpy()
    evidence.add("presence", person=people, place=place[order], seen_at=seen, source=source[order])
