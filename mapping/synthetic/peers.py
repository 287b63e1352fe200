"""Write the evidence that the planted peer groups, and ordinary friendships, leave in the records."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import AFTER_SCHOOL, age_on, at_hour, days_between
from mapping.synthetic.calibration import AS_OF, CHILDREN, Dates, Floats, Ints, Texts, words
from mapping.synthetic.circles import JOINED, Circles
from mapping.synthetic.evidence import Evidence
from mapping.synthetic.gatherings import (
    EVENTS,
    ROLES,
    add_event,
    add_group_events,
    add_group_sightings,
    add_participation,
    gathered,
)
from mapping.synthetic.texts import SOURCE_KINDS

FRIENDS = {"peer": 60, "school": 20, "online": 11, "group": 5, "partner": 4}
NATURES = {"neutral": 58, "protective": 22, "unknown": 14, "harmful": 6}
THINGS = {"phone": 45, "online_account": 35, "bank_account": 10, "other": 10}
LABELS = {
    "phone": "Phone 07700 900{0:03d}",
    "online_account": "Account bobbin_otter_{0}",
    "bank_account": "Bank account ending {0:04d}",
    "other": "Key safe {0}",
}
EVENTS_EACH, SIGHTINGS_EACH, FRIENDS_EACH = 1.4, 1.6, 0.7
"""Events, sightings and friendships beyond a spanning tree, for each member of a group."""
SAID = 0.45
"""Share of associations that were said at a return interview, where one of the two had one."""
PAIRS = 360
"""Friendships outside the groups, in the default case."""
NOBODY = np.array([], dtype=np.int64)


def add_groups(evidence: Evidence, circles: Circles, strays: Ints) -> None:
    """Add friendships, events, sightings and shared things of every planted group.

    Args:
        evidence: filled.
        circles: the groups.
        strays: children who turn up at a group's events now and then.
    """
    rng = evidence.rng
    add_associations(evidence, *_friendships(rng, circles.members), "peer")
    group, date = _occasions(rng, circles, EVENTS_EACH)
    add_group_events(evidence, circles, group, date, rng.integers(2, 6, len(group)), strays)
    group, date = _occasions(rng, circles, SIGHTINGS_EACH)
    add_group_sightings(evidence, circles, group, date, rng.integers(2, 5, len(group)))
    _things(evidence, circles)
    _gains(evidence, circles)


def _occasions(rng: np.random.Generator, circles: Circles, each: float) -> tuple[Ints, Dates]:
    """Return the group and day of occasions, so many for each member, more of them lately."""
    sizes = circles.members.groupby("group").size().to_numpy()
    group = np.repeat(np.arange(len(sizes)), np.maximum(1, np.round(each * sizes)).astype(np.int64))
    return group, days_between(rng, circles.start[group], np.full(len(group), AS_OF - 1), 0.8)


def add_associations(
    evidence: Evidence, a: Ints, b: Ints, kind: Texts, nature: Texts, first: Dates, topic: str
) -> None:
    """Add stated associations, each with its own source; the last date is when it was last said to hold.

    Some were said at a return interview of one of the two, where there was one after it began.
    """
    rng = evidence.rng
    last = days_between(rng, first, np.full(len(first), AS_OF - 1), 0.9)
    asked = np.where(rng.random(len(a)) < 0.5, a, b)
    held = evidence.next_interview(asked, first)
    said = ~np.isnat(held) & (rng.random(len(a)) < SAID) & ("return_interview" in SOURCE_KINDS[topic])
    last = np.where(said, held, last)
    kinds = np.where(said, "return_interview", "").astype(object)
    source = evidence.cite(topic, last, asked, np.full(len(a), -1), kind=kinds)
    dates = {"first_seen": first, "last_seen": last}
    evidence.add("associations", person_a=a, person_b=b, kind=kind, nature=nature, **dates, source=source)


def _friendships(rng: np.random.Generator, members: pd.DataFrame) -> tuple[Ints, Ints, Texts, Texts, Dates]:
    """Join each group's members by a tree and some more friendships, each after both had joined."""
    pairs: list[tuple[int, int]] = []
    for _, rows in members.groupby("group"):
        order = rows.sort_values(["joined_on", "person"])["person"].tolist()
        tree = {(order[rng.integers(0, place)], order[place]) for place in range(1, len(order))}
        others = sorted(set(combinations(order, 2)) - tree)
        extra = rng.permutation(len(others))[: round(FRIENDS_EACH * len(order))]
        pairs += sorted(tree) + [others[index] for index in extra]
    a, b = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    joined = members.set_index("person")["joined_on"]
    late = np.maximum(joined.reindex(a).to_numpy(), joined.reindex(b).to_numpy()).astype("datetime64[D]")
    first = days_between(rng, late, np.minimum(late + 120, AS_OF - 1))
    return a, b, words(rng, FRIENDS, len(a)), words(rng, NATURES, len(a)), first


def _things(evidence: Evidence, circles: Circles) -> None:
    """Let three groups in five share a phone, an account or the like."""
    rng = evidence.rng
    old = circles.members[circles.members["joined_on"] < AS_OF - 120]
    chosen = np.flatnonzero(rng.random(len(circles.meeting)) < 0.6)
    count = len(chosen)
    who = gathered(rng, old, chosen, np.full(count, AS_OF), rng.integers(3, 6, count), np.full(count, -1))
    kept, order = np.unique(who["item"], return_inverse=True)
    add_things(evidence, words(rng, THINGS, len(kept)), order, who["person"].to_numpy())


def add_things(evidence: Evidence, kind: Texts, of: Ints, person: Ints) -> None:
    """Add things and who used them; `of` says which thing each person used."""
    number = evidence.counts.get("things", 0) + np.arange(len(kind))
    label = [LABELS[str(name)].format(int(n) % 900) for name, n in zip(kind, number, strict=True)]
    thing = evidence.add("things", kind=kind, label=np.array(label, dtype=object))
    rng = evidence.rng
    first = days_between(rng, np.full(len(of), np.datetime64("2024-09-01")), AS_OF - 20)
    last = days_between(rng, first, np.full(len(of), AS_OF - 2), 0.7)
    source = evidence.cite("thing", last, person, np.full(len(of), -1))
    evidence.add("thing_use", thing=thing[of], person=person, first_seen=first, last_seen=last, source=source)


def _gains(evidence: Evidence, circles: Circles) -> None:
    """Show the members of the last days with their groups: an event and two sightings each, all this week."""
    new = circles.members[circles.members["joined_on"] == JOINED]
    for person, group in zip(new["person"], new["group"], strict=True):
        others = circles.members[
            (circles.members["group"] == group) & (circles.members["joined_on"] < JOINED)
        ]
        few = pd.concat([others.iloc[:3], new[new["person"] == person]]).assign(joined_on=JOINED, side=-1)
        here = replace(circles, members=few)
        groups, size = np.array([group, group]), np.array([len(few), len(few)])
        add_group_events(evidence, here, groups[:1], np.array([AS_OF - 2]), size[:1], NOBODY)
        add_group_sightings(evidence, here, groups, np.array([AS_OF - 3, AS_OF - 1]), size)


def add_friends(
    evidence: Evidence, people: pd.DataFrame, where: Floats, outside: Ints, circles: Circles
) -> None:
    """Add friendships outside the groups between neighbours of an age, with events and things of one or both."""
    rng = evidence.rng
    number = min(round(PAIRS * len(people) / CHILDREN), len(outside) // 3)
    age = age_on(people["born"].to_numpy().astype("datetime64[D]"), AS_OF)
    order = outside[np.lexsort((where[outside, 0] // 900, where[outside, 1] // 900, age[outside] // 2))]
    first = rng.permutation(max(len(order) - 1, 0))[:number]
    a, b = order[first], order[first + 1]
    since = days_between(rng, np.full(len(a), np.datetime64("2023-09-01")), AS_OF - 5)
    add_associations(evidence, a, b, words(rng, FRIENDS, len(a)), words(rng, NATURES, len(a)), since, "peer")
    _events_of_few(evidence, a, b, where, circles)
    owner = rng.permutation(len(a))[: len(a) // 6]
    both = np.flatnonzero(rng.random(len(owner)) < 0.4)
    of = np.concatenate([np.arange(len(owner)), both])
    person = np.concatenate([a[owner], b[owner[both]]])
    add_things(evidence, words(rng, THINGS, len(owner)), of, person)


def _events_of_few(evidence: Evidence, a: Ints, b: Ints, where: Floats, circles: Circles) -> None:
    """Add events of one child, or of two friends, near home or at a child's usual place."""
    rng = evidence.rng
    pick = rng.permutation(len(a))[: len(a) * 4 // 5]
    one, both = a[pick], rng.random(len(pick)) < 0.45
    date = days_between(rng, np.full(len(pick), np.datetime64("2023-05-01")), AS_OF - 1)
    kind = words(rng, EVENTS, len(pick))
    place = circles.usual[one]
    near = where[one] + rng.normal(0, 350, (len(pick), 2))
    at = np.where((place >= 0)[:, None], evidence.spots[np.maximum(place, 0)], near)
    source = evidence.cite(kind, date, one, place)
    event = add_event(evidence, kind=kind, date=date, place=place, at=at, source=source)
    person = np.concatenate([one, b[pick][both]])
    role = words(rng, ROLES, len(person))
    add_participation(
        evidence, np.concatenate([event, event[both]]), person, role, np.concatenate([source, source[both]])
    )


def add_usual(evidence: Evidence, circles: Circles) -> None:
    """Add sightings of children outside the groups at their usual place."""
    rng = evidence.rng
    child = np.repeat(np.flatnonzero(circles.usual >= 0), 2)
    child = child[rng.random(len(child)) < 0.8]
    date = days_between(rng, np.full(len(child), np.datetime64("2024-01-01")), AS_OF - 1, 0.8)
    place = circles.usual[child]
    source = evidence.cite("seen", date, child, place)
    seen = at_hour(rng, date, AFTER_SCHOOL)
    evidence.add("presence", person=child, place=place, seen_at=seen, source=source)
