"""Plant three stories: an account whose users do not know each other, a county line, a park where incidents cluster."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mapping.synthetic.adults import of_part
from mapping.synthetic.calendar import days_between
from mapping.synthetic.calibration import AS_OF, Ints
from mapping.synthetic.circles import Circles
from mapping.synthetic.evidence import Evidence
from mapping.synthetic.gatherings import add_event, add_participation
from mapping.synthetic.peers import add_associations

PARK_HOURS = np.array(
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 3, 5, 9, 11, 12, 11, 9, 4, 1], dtype=float
)
INCIDENTS = 28
ACCOUNT, PHONE, VEHICLE = "Account mossy_lantern_77", "Phone 07700 900942", "Silver estate, partial plate Q77"
LINE_ROLES = ("harmed", "harmed", "may_have_harmed", "present")
LINE_EVENTS = {"intelligence": 4, "stop_search": 2, "arrest": 2}
LINE_SUMMARIES = {
    "intelligence": "Adult said to collect children by car and take them out of the borough",
    "stop_search": "Car stopped with children inside; referral made",
    "arrest": "Children found at an address with an adult; treated as possible victims",
}
PARK_ROLES = ("harmed", "present", "witness", "may_have_harmed")
PARK_SUMMARY = "Disturbance in the park; young people hurt or frightened"


def add_stories(evidence: Evidence, circles: Circles, adults: pd.DataFrame) -> dict[str, Ints]:
    """Add the evidence of the three stories and return the numbers of their things and adults."""
    account = _account(evidence, circles)
    phone, vehicle, both = _line(evidence, circles, adults)
    _park(evidence, circles)
    return {"account": account, "phone": phone, "vehicle": vehicle, "adults": both}


def _thing(evidence: Evidence, kind: str, label: str) -> Ints:
    return evidence.add("things", kind=np.array([kind], dtype=object), label=np.array([label], dtype=object))


def _use(evidence: Evidence, thing: Ints, person: Ints, topic: str, latest: int) -> None:
    """Add each person's use of a thing over the last months, the newest `latest` days ago."""
    rng = evidence.rng
    first = days_between(rng, np.full(len(person), np.datetime64("2025-09-15")), AS_OF - 60)
    last = days_between(rng, np.maximum(first, AS_OF - 80), np.full(len(person), AS_OF - 4))
    last[-1:] = AS_OF - latest
    source = evidence.cite(topic, last, person, np.full(len(person), -1))
    evidence.add("thing_use", thing=np.repeat(thing, len(person)), person=person, first_seen=first, last_seen=last,
                 source=source)  # fmt: skip


def _account(evidence: Evidence, circles: Circles) -> Ints:
    account = _thing(evidence, "online_account", ACCOUNT)
    _use(evidence, account, circles.account, "account", 2)
    return account


def _line(evidence: Evidence, circles: Circles, adults: pd.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Tie the children to two adults, a phone and a vehicle; a few events name an adult and two or three of them."""
    both, children = of_part(adults, "line_adult"), circles.line
    phone = _thing(evidence, "phone", PHONE)
    vehicle = _thing(evidence, "vehicle", VEHICLE)
    in_vehicle = children[: max(2, len(children) * 9 // 10)]
    _use(evidence, phone, np.concatenate([both, children]), "line_phone", 3)
    _use(evidence, vehicle, np.concatenate([both, in_vehicle]), "line_vehicle", 5)
    _harm(evidence, both[0], children)
    _harm(evidence, both[1], children[-max(2, len(children) * 8 // 10) :])
    _line_events(evidence, circles, both)
    return phone, vehicle, both


def _harm(evidence: Evidence, adult: int, children: Ints) -> None:
    count = len(children)
    first = days_between(evidence.rng, np.full(count, np.datetime64("2025-08-01")), AS_OF - 40)
    kind, nature = np.full(count, "exploitation", dtype=object), np.full(count, "harmful", dtype=object)
    add_associations(evidence, np.full(count, adult), children, kind, nature, first, "line_harm")


def _line_events(evidence: Evidence, circles: Circles, both: Ints) -> None:
    """Add events that name one adult and two or three children who stand next to each other in the line."""
    rng = evidence.rng
    kind = np.repeat(np.array(list(LINE_EVENTS), dtype=object), list(LINE_EVENTS.values()))
    count = len(kind)
    order = circles.line[np.argsort(_known_group(circles, circles.line), kind="stable")]
    size = rng.integers(2, 4, count)
    first = rng.integers(0, max(1, len(order) - 2), count)
    who = [order[start : start + number] for start, number in zip(first, size, strict=True)]
    date = np.sort(days_between(rng, np.full(count, np.datetime64("2025-09-01")), AS_OF - 3, 0.7))
    nowhere = np.full(count, -1)
    topic = np.array([f"line_{name}" for name in kind], dtype=object)
    source = evidence.cite(topic, date, np.array([children[0] for children in who]), nowhere)
    at = evidence.spots[circles.park_place] + rng.normal(0, 1_800, (count, 2))
    said = np.array([LINE_SUMMARIES[str(name)] for name in kind], dtype=object)
    event = add_event(
        evidence, kind=kind, date=date, place=nowhere, at=at, source=source, summary=said, hours=PARK_HOURS
    )
    _took_part(evidence, event, who, source, LINE_ROLES)
    adult = both[np.arange(count) % len(both)]
    add_participation(evidence, event, adult, np.full(count, "adult_of_concern", dtype=object), source)


def _park(evidence: Evidence, circles: Circles) -> None:
    """Add incidents close together in and around one park, mostly in the evening; friends are there together."""
    rng = evidence.rng
    children = circles.park
    count = max(6, INCIDENTS * len(children) // 16)
    lead = np.resize(rng.permutation(len(children)), count)
    group = _known_group(circles, children)
    who = [_with_friends(rng, children, group, int(index)) for index in lead]
    date = np.sort(days_between(rng, np.full(count, np.datetime64("2025-06-20")), AS_OF - 2, 0.8))
    date[-1] = AS_OF - 2
    there = np.full(count, circles.park_place)
    named = rng.random(count) < 0.7
    named[: len(children)], named[-1] = True, True
    place = np.where(named, there, -1)
    kind, said = np.full(count, "incident", dtype=object), np.full(count, PARK_SUMMARY, dtype=object)
    source = evidence.cite("park", date, children[lead], there)
    at = evidence.spots[there] + rng.normal(0, 45, (count, 2))
    event = add_event(
        evidence, kind=kind, date=date, place=place, at=at, source=source, summary=said, hours=PARK_HOURS
    )
    _took_part(evidence, event, who, source, PARK_ROLES)


def _known_group(circles: Circles, children: Ints) -> Ints:
    """Return each child's group, and a number of its own below zero for a child in none."""
    group = circles.members.set_index("person")["group"].reindex(children).to_numpy(dtype=float)
    alone = -1.0 - np.arange(len(children))
    return np.where(np.isnan(group), alone, group).astype(np.int64)


def _with_friends(rng: np.random.Generator, children: Ints, group: Ints, lead: int) -> Ints:
    friends: Ints = rng.permutation(np.setdiff1d(np.flatnonzero(group == group[lead]), [lead]))
    return np.asarray(children[np.append(friends[: int(rng.integers(0, 3))], lead)])


def _took_part(
    evidence: Evidence, event: Ints, who: list[Ints], source: Ints, roles: tuple[str, ...]
) -> None:
    of, person = np.repeat(np.arange(len(who)), [len(part) for part in who]), np.concatenate(who)
    role = np.array(roles, dtype=object)[evidence.rng.integers(0, len(roles), len(person))]
    add_participation(evidence, event[of], person, role, source[of])
