"""Write the evidence that the planted peer groups, and ordinary friendships, leave in the records."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import AFTER_SCHOOL, age_on, at_hour, clock, days_between
from mapping.synthetic.calibration import AS_OF, CHILDREN, Dates, Floats, Ints, allocate
from mapping.synthetic.circles import JOINED, Circles
from mapping.synthetic.evidence import Evidence
from mapping.synthetic.names import Texts

EVENTS = {"incident": 40, "stop_search": 16, "contact": 18, "intelligence": 14, "arrest": 6, "other": 6}
ROLES = {"present": 56, "harmed": 22, "may_have_harmed": 12, "witness": 10}
FRIENDS = {"peer": 62, "school": 20, "online": 12, "group": 6}
NATURES = {"neutral": 58, "protective": 22, "unknown": 14, "harmful": 6}
THINGS = {"phone": 45, "online_account": 35, "bank_account": 10, "other": 10}
EVENTS_EACH, SIGHTINGS_EACH, FRIENDS_EACH = 1.3, 1.5, 0.7
"""Events, sightings and friendships beyond a spanning tree, for each member of a group."""
STRAYS = 0.06
PAIRS = 360
"""Friendships outside the groups."""


def add_groups(evidence: Evidence, circles: Circles, spots: Floats, strays: Ints) -> None:
    """Add friendships, events, sightings and shared things of every planted group.

    Args:
        evidence: filled.
        circles: the groups.
        spots: easting and northing by place.
        strays: children who turn up at a group's events now and then.
    """
    rng = evidence.rng
    members = circles.members
    sizes = members.groupby("group").size().to_numpy()
    _friendships(evidence, members, circles)
    count = np.maximum(1, np.round(EVENTS_EACH * sizes)).astype(np.int64)
    group = np.repeat(np.arange(len(sizes)), count)
    date = days_between(rng, circles.start[group], np.full(len(group), AS_OF - 1), 0.8)
    add_events(evidence, circles, spots, group, date, rng.integers(2, 6, len(group)), strays)
    count = np.maximum(1, np.round(SIGHTINGS_EACH * sizes)).astype(np.int64)
    group = np.repeat(np.arange(len(sizes)), count)
    date = days_between(rng, circles.start[group], np.full(len(group), AS_OF - 1), 0.8)
    add_sightings(evidence, circles, group, date, rng.integers(2, 5, len(group)))
    _things(evidence, members, len(sizes))
    _gains(evidence, circles, spots)


def gathered(
    rng: np.random.Generator, members: pd.DataFrame, group: Ints, date: Dates, size: Ints
) -> pd.DataFrame:
    """Choose who of a group takes part in each item: item, person; only people who had joined by then."""
    items = pd.DataFrame({"item": np.arange(len(group)), "group": group, "date": date, "size": size})
    table = items.merge(members, on="group")
    table = table[table["joined_on"] <= table["date"]]
    table = table.assign(draw=rng.random(len(table))).sort_values(["item", "draw"])
    table = table[table.groupby("item").cumcount() < table["size"]]
    return table.loc[table.groupby("item")["person"].transform("size") > 1, ["item", "person"]].reset_index(
        drop=True
    )


def add_events(
    evidence: Evidence, circles: Circles, spots: Floats, group: Ints, date: Dates, size: Ints, strays: Ints
) -> None:
    """Add events of groups at or near where they meet."""
    rng = evidence.rng
    who = gathered(rng, circles.members, group, date, size)
    kept = np.unique(who["item"])
    group, date = group[kept], date[kept]
    kind = words(rng, EVENTS, len(kept))
    place = circles.meeting[group, (rng.random(len(kept)) < 0.35).astype(np.int64)]
    first = who.drop_duplicates("item")["person"].to_numpy()
    source = evidence.cite(kind, date, first, place)
    at = spots[place] + rng.normal(0, 60, (len(kept), 2))
    start = at_hour(rng, date, AFTER_SCHOOL)
    named = np.where(rng.random(len(kept)) < 0.75, place, -1)
    event = evidence.add(
        "events", kind=kind, started_at=start, ended_at=ended(rng, start), place=named, easting=np.round(at[:, 0]),
        northing=np.round(at[:, 1]), summary=summaries(kind), source=source,
    )  # fmt: skip
    person = who["person"].to_numpy().copy()
    stray = (rng.random(len(person)) < STRAYS) & (len(strays) > 0)
    person[stray] = rng.choice(strays, int(stray.sum())) if len(strays) else person[stray]
    order = np.searchsorted(kept, who["item"].to_numpy())
    add_participation(evidence, event[order], person, words(rng, ROLES, len(person)), source[order])


def add_participation(evidence: Evidence, event: Ints, person: Ints, role: Texts, source: Ints) -> None:
    """Add who took part, each person once an event."""
    table = pd.DataFrame({"event": event, "person": person, "role": role, "source": source})
    table = table.drop_duplicates(["event", "person"])
    evidence.add("participation", **{name: table[name].to_numpy() for name in table})


def add_sightings(evidence: Evidence, circles: Circles, group: Ints, date: Dates, size: Ints) -> None:
    """Add people of a group seen at one place within an hour and a quarter."""
    rng = evidence.rng
    who = gathered(rng, circles.members, group, date, size)
    kept = np.unique(who["item"])
    group, date = group[kept], date[kept]
    place = circles.meeting[group, (rng.random(len(kept)) < 0.35).astype(np.int64)]
    source = evidence.cite("seen", date, who.drop_duplicates("item")["person"].to_numpy(), place)
    start = at_hour(rng, date, AFTER_SCHOOL)
    order = np.searchsorted(kept, who["item"].to_numpy())
    seen = clock(start[order] + rng.integers(0, 76, len(order)).astype("timedelta64[m]"))
    evidence.add(
        "presence", person=who["person"].to_numpy(), place=place[order], seen_at=seen, source=source[order]
    )


def ended(rng: np.random.Generator, start: Dates) -> Dates:
    """End four events in ten after a quarter of an hour to two hours; of the others the end is not recorded."""
    end = clock(start + rng.integers(65, 200, len(start)).astype("timedelta64[m]"))
    return np.where((rng.random(len(start)) < 0.4) & (end > start), end, np.datetime64("NaT", "m"))


def summaries(kind: Texts) -> Texts:
    """Say in a few words what each kind of event is."""
    short = {
        "incident": "Disturbance; young people spoken to and taken home",
        "stop_search": "Stop and search",
        "contact": "Outreach contact",
        "intelligence": "Meeting described in information received",
        "arrest": "Arrest; children treated as possible victims",
        "other": "Mentioned together",
    }
    return np.array([short[str(name)] for name in kind], dtype=object)


def words(rng: np.random.Generator, shares: dict[str, int], count: int) -> Texts:
    """Return shuffled words in exact shares."""
    return rng.permutation(
        np.repeat(np.array(list(shares), dtype=object), allocate(count, list(shares.values())))
    )


def add_associations(
    evidence: Evidence, a: Ints, b: Ints, kind: Texts, nature: Texts, first: Dates, topic: str
) -> None:
    """Add stated associations, each with its own source; the last date is when it was last said to hold."""
    rng = evidence.rng
    nowhere = np.full(len(a), -1, dtype=np.int64)
    last = days_between(rng, first, np.full(len(first), AS_OF - 1), 0.9)
    source = evidence.cite(topic, last, b, nowhere)
    evidence.add(
        "associations",
        person_a=a,
        person_b=b,
        kind=kind,
        nature=nature,
        first_seen=first,
        last_seen=last,
        source=source,
    )


def _friendships(evidence: Evidence, members: pd.DataFrame, circles: Circles) -> None:
    """Join each group's members by a tree and some more friendships."""
    rng = evidence.rng
    pairs: list[tuple[int, int]] = []
    for _, rows in members.groupby("group"):
        order = rows.sort_values(["joined_on", "person"])["person"].to_numpy()
        tree = {(int(order[rng.integers(0, place)]), int(order[place])) for place in range(1, len(order))}
        others = sorted(set(combinations(order.tolist(), 2)) - tree)
        extra = rng.permutation(len(others))[: int(round(FRIENDS_EACH * len(order)))]
        pairs += sorted(tree) + [others[index] for index in extra]
    a, b = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    joined = members.set_index("person")["joined_on"]
    late = np.maximum(joined.loc[a].to_numpy(), joined.loc[b].to_numpy()).astype("datetime64[D]")
    first = days_between(rng, late, np.minimum(late + 120, AS_OF - 1))
    add_associations(evidence, a, b, words(rng, FRIENDS, len(a)), words(rng, NATURES, len(a)), first, "peer")


def _things(evidence: Evidence, members: pd.DataFrame, groups: int) -> None:
    """Let three groups in five share a phone, an account or the like."""
    rng = evidence.rng
    old = members[members["joined_on"] < AS_OF - 120]
    chosen = np.flatnonzero(rng.random(groups) < 0.6)
    who = gathered(rng, old, chosen, np.full(len(chosen), AS_OF), rng.integers(3, 6, len(chosen)))
    kept = np.unique(who["item"])
    kind = words(rng, THINGS, len(kept))
    thing = evidence.add("things", kind=kind, label=labels(evidence, kind))
    order = np.searchsorted(kept, who["item"].to_numpy())
    add_use(evidence, thing[order], who["person"].to_numpy(), np.datetime64("2025-06-01"), "thing")


def labels(evidence: Evidence, kind: Texts) -> Texts:
    """Label things; the phone numbers are of the range kept for drama, the account names are invented."""
    number = evidence.counts.get("things", 0) + np.arange(len(kind))
    text = {
        "phone": "Phone 07700 900{0:03d}",
        "online_account": "Account bobbin_otter_{0}",
        "bank_account": "Bank account ending {0:04d}",
        "vehicle": "Grey hatchback, partial plate Q{0:02d}",
        "other": "Key safe {0}",
    }
    return np.array(
        [text[str(name)].format(int(n) % 1000) for name, n in zip(kind, number, strict=True)], dtype=object
    )


def add_use(evidence: Evidence, thing: Ints, person: Ints, since: np.datetime64, topic: str) -> None:
    """Add who used what, from a date on."""
    rng = evidence.rng
    first = days_between(rng, np.full(len(thing), since), AS_OF - 20)
    last = days_between(rng, first, np.full(len(first), AS_OF - 2), 0.7)
    source = evidence.cite(topic, last, person, np.full(len(thing), -1))
    evidence.add("thing_use", thing=thing, person=person, first_seen=first, last_seen=last, source=source)


def _gains(evidence: Evidence, circles: Circles, spots: Floats) -> None:
    """Show the members of the last days with their groups: an event and two sightings each, all this week."""
    new = circles.members[circles.members["joined_on"] == JOINED]
    for person, group in zip(new["person"], new["group"], strict=True):
        others = circles.members[
            (circles.members["group"] == group) & (circles.members["joined_on"] < JOINED)
        ]
        few = pd.concat(
            [others.sample(min(3, len(others)), random_state=int(person)), new[new["person"] == person]]
        )
        few = few.assign(joined_on=JOINED)
        near = Circles(**{**vars(circles), "members": few})
        size = np.full(2, len(few))
        add_events(
            evidence,
            near,
            spots,
            np.array([group]),
            np.array([AS_OF - 2]),
            size[:1],
            np.array([], dtype=np.int64),
        )
        add_sightings(evidence, near, np.array([group, group]), np.array([AS_OF - 3, AS_OF - 1]), size)


def add_friends(
    evidence: Evidence, people: pd.DataFrame, where: Floats, outside: Ints, spots: Floats, circles: Circles
) -> None:
    """Add ordinary friendships outside the groups, and events of one or two of these children."""
    rng = evidence.rng
    number = min(int(round(PAIRS * len(people) / CHILDREN)), len(outside) // 3)
    age = age_on(people["born"].to_numpy().astype("datetime64[D]"), AS_OF)
    order = outside[np.lexsort((where[outside, 0] // 900, where[outside, 1] // 900, age[outside] // 2))]
    first = rng.choice(len(order) - 1, number, replace=False) if number else np.array([], dtype=np.int64)
    a, b = order[first], order[first + 1]
    since = days_between(rng, np.full(len(a), np.datetime64("2023-09-01")), AS_OF - 5)
    add_associations(evidence, a, b, words(rng, FRIENDS, len(a)), words(rng, NATURES, len(a)), since, "peer")
    _events_of_few(evidence, a, b, where, spots, circles)


def _events_of_few(
    evidence: Evidence, a: Ints, b: Ints, where: Floats, spots: Floats, circles: Circles
) -> None:
    """Add events of one child, or of two friends, near home or at a child's usual place."""
    rng = evidence.rng
    pick = rng.permutation(len(a))[: len(a) * 4 // 5]
    one, two = a[pick], np.where(rng.random(len(pick)) < 0.45, b[pick], -1)
    date = days_between(rng, np.full(len(pick), np.datetime64("2023-05-01")), AS_OF - 1)
    kind = words(rng, EVENTS, len(pick))
    place = circles.usual[one]
    at = np.where(
        (place >= 0)[:, None], spots[np.maximum(place, 0)], where[one] + rng.normal(0, 350, (len(pick), 2))
    )
    start = at_hour(rng, date, AFTER_SCHOOL)
    source = evidence.cite(kind, date, one, place)
    event = evidence.add(
        "events", kind=kind, started_at=start, ended_at=ended(rng, start), place=place, easting=np.round(at[:, 0]),
        northing=np.round(at[:, 1]), summary=summaries(kind), source=source,
    )  # fmt: skip
    both = np.concatenate([one, two[two >= 0]])
    of = np.concatenate([event, event[two >= 0]])
    add_participation(
        evidence, of, both, words(rng, ROLES, len(both)), np.concatenate([source, source[two >= 0]])
    )


def add_usual(evidence: Evidence, circles: Circles) -> None:
    """Add sightings of children outside the groups at their usual place."""
    rng = evidence.rng
    child = np.repeat(np.flatnonzero(circles.usual >= 0), 2)
    child = child[rng.random(len(child)) < 0.8]
    date = days_between(rng, np.full(len(child), np.datetime64("2024-01-01")), AS_OF - 1, 0.8)
    place = circles.usual[child]
    source = evidence.cite("seen", date, child, place)
    evidence.add(
        "presence", person=child, place=place, seen_at=at_hour(rng, date, AFTER_SCHOOL), source=source
    )
