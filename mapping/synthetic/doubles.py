"""Record some people a second time, as the police knew them, and plant pairs that only look like one person."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from mapping.synthetic.calibration import AS_OF, CHILDREN, Ints
from mapping.synthetic.circles import Circles
from mapping.synthetic.names import FAMILY_FIRST, FAMILY_LAST, GIVEN
from mapping.synthetic.tables import person_ids

Tables = dict[str, pd.DataFrame]
Person = dict[str, str]
DOUBLES, ALIKE, ALONE = 12, 4, 4
"""In the default case: people recorded twice, pairs of two people that look like one, and people whom only the police know."""
SHORT = {"Fliss": "Felicity", "Nettie": "Annette"}
SAID = {
    "associations": "Named to officers as a friend. Name and details as they were given at the time.",
    "presence": "Patrol spoke to a young person here. Name and details as they were given at the time.",
    "thing_use": "Handset seen in use. Name and details as they were given at the time.",
    "events": "Outreach worker spoke to both together; they were well and went home.",
}
COMPARED = ("given_name", "family_name", "date_of_birth", "sex", "home_postcode")


def add_doubles(tables: Tables, circles: Circles, seed: int) -> tuple[Tables, str]:
    """Add the police's own records: some people a second time, some who only look like another, some nobody else knows.

    They follow the rows that are there, which stay as they are; chance comes from a stream of its own. A
    second record is tied to what only the police recorded: a friend, a sighting, a phone. None of the
    children of the stories is among them, nor is a friend in a planted group.

    Returns:
        The tables, and the truth as CSV: person_a, person_b, judgement (same or different), how.
    """
    planting = _Planting(tables, circles, np.random.default_rng([seed, 12]))
    count = len(planting.children) / CHILDREN
    for index in range(max(2, round(DOUBLES * count))):
        planting.double(index)
    for index in range(max(1, round(ALIKE * count))):
        planting.alike(index)
    for _ in range(max(1, round(ALONE * count))):
        planting.alone()
    truth = pd.DataFrame(planting.truth, columns=["person_a", "person_b", "judgement", "how"])
    return planting.written(), truth.to_csv(index=False, lineterminator="\n")


class _Planting:
    """Gathers new rows for the tables of a case."""

    def __init__(self, tables: Tables, circles: Circles, rng: np.random.Generator) -> None:
        self.tables, self.rng = tables, rng
        self.rows: dict[str, list[dict[str, str]]] = {}
        self.truth: list[tuple[str, str, str, str]] = []
        people = tables["people"]
        self.children = people[people["responsible_authority"] != ""]
        told = person_ids(np.concatenate([circles.account, circles.line, circles.park]))
        grouped = person_ids(circles.members["person"].to_numpy())
        young = self.children["date_of_birth"] > str(AS_OF - 18 * 365)
        free = young & ~self.children["person_id"].isin(told)
        self.free = self._shuffled(self.children[free])
        self.friends = self._shuffled(self.children[free & ~self.children["person_id"].isin(grouped)])
        self.places = self._quiet_places()

    def _shuffled(self, rows: pd.DataFrame) -> list[Person]:
        order: Ints = self.rng.permutation(len(rows))
        return [
            {str(key): str(value) for key, value in row.items()}
            for row in rows.iloc[order].to_dict("records")
        ]

    def _quiet_places(self) -> list[str]:
        """Return the places out of doors and indoors at which nothing else is recorded."""
        tied = {
            place
            for table, column in (("presence", "location_id"), ("events", "location_id"), ("missing", "missing_from"),
                                  ("missing", "found_at_location"), ("placements", "location_id"))
            for place in self.tables[table][column]
        }  # fmt: skip
        places = self.tables["locations"]
        public = places["kind"].isin(["park", "transport", "retail", "food_outlet", "hotel", "licensed"])
        return [place for place in places.loc[public, "location_id"] if place not in tied]

    def add(self, table: str, key: str = "", **row: str) -> str:
        """Add a row and return its id, the next of its kind."""
        added = self.rows.setdefault(table, [])
        name = ""
        if key:
            name = f"{key}{len(self.tables[table]) + len(added) + 1:06d}"
            row = {TABLE_IDS[table]: name, **row}
        added.append(row)
        return name

    def written(self) -> Tables:
        """Return the tables with the new rows at their ends."""
        out = dict(self.tables)
        for name, rows in self.rows.items():
            new = pd.DataFrame(rows).reindex(columns=self.tables[name].columns).fillna("")
            out[name] = pd.concat([self.tables[name], new], ignore_index=True)
        return out

    def person(self, person: Person) -> str:
        """Add what the police know of somebody: a name, perhaps a date of birth and an address."""
        return self.add("people", "P", **{column: person[column] for column in COMPARED})

    def source(
        self, table: str, day: np.datetime64, kind: str = "police_record", agency: str = "police"
    ) -> str:
        return self.add("sources", "S", kind=kind, agency=agency, recorded_on=str(day), text=SAID[table])

    def double(self, index: int) -> None:
        """Record a child a second time under details that differ in one way, with ties of the record's own."""
        how, change = CHANGES[index % len(CHANGES)]
        original = self._original(how)
        changed = change(self.rng, original, self.children)
        record = self.person(changed)
        self.truth.append((original["person_id"], record, "same", how))
        friend = self.friends.pop()["person_id"] if index % 3 != 1 and self.friends else ""
        if friend:
            self._friendship(record, friend)
        if index % 3 != 0 or not friend:
            self._phone(record, friend)
        if index % 3 != 2:
            self._sighting(record)

    def _original(self, how: str) -> Person:
        """Take a child whom nobody has taken yet; for some ways the name or the date must allow it."""
        for place in range(len(self.free) - 1, -1, -1):
            if FIT.get(how, _anybody)(self.free[place]):
                return self._taken(place)
        return self._taken(len(self.free) - 1)

    def _taken(self, place: int) -> Person:
        person = self.free.pop(place)
        self.friends = [friend for friend in self.friends if friend["person_id"] != person["person_id"]]
        return person

    def _day(self) -> np.datetime64:
        return AS_OF - int(self.rng.integers(20, 300))

    def _friendship(self, record: str, friend: str) -> None:
        last = self._day()
        first, source = last - int(self.rng.integers(5, 60)), self.source("associations", last)
        self.add("associations", person_a=record, person_b=friend, kind="peer", nature="unknown",
                 first_seen=str(first), last_seen=str(last), source_id=source)  # fmt: skip

    def _phone(self, record: str, friend: str) -> None:
        last = self._day()
        number = 950 + len(self.rows.get("things", [])) % 50
        thing = self.add("things", "T", kind="phone", label=f"Phone 07700 900{number}")
        for user in filter(None, (record, friend)):
            self.add("thing_use", thing_id=thing, person_id=user, first_seen=str(last - 15), last_seen=str(last),
                     source_id=self.source("thing_use", last))  # fmt: skip

    def _sighting(self, record: str) -> None:
        """Add a sighting where nothing else is recorded, or where there is no such place, a phone."""
        if not self.places:
            self._phone(record, "")
            return
        day, place = self._day(), self.places.pop()
        seen = f"{day}T{int(self.rng.integers(15, 22)):02d}:{int(self.rng.integers(0, 60)):02d}"
        self.add(
            "presence",
            person_id=record,
            location_id=place,
            seen_at=seen,
            source_id=self.source("presence", day),
        )

    def alike(self, index: int) -> None:
        """Record somebody who looks like a child and is not: a twin, a namesake, a brother or sister of a like name."""
        how, change = LIKENESSES[index % len(LIKENESSES)]
        original = self._original(how)
        record = self.person(change(self.rng, original, self.children))
        self.truth.append((original["person_id"], record, "different", how))
        if how == TWIN:
            last = self._day()
            self.add("associations", person_a=original["person_id"], person_b=record, kind="family", nature="protective",
                     first_seen=str(last - 30), last_seen=str(last), source_id=self.source("associations", last))  # fmt: skip
            self._together(original["person_id"], record)
        else:
            self._sighting(record)

    def _together(self, one: str, other: str) -> None:
        """Record an event at which both were, as nobody is with themselves."""
        day = self._day()
        source = self.source("events", day, "community", "youth_service")
        home = self.children.set_index("person_id").loc[one]
        event = self.add("events", "E", kind="contact", started_at=f"{day}T17:20", easting=str(home["home_easting"]),
                         northing=str(home["home_northing"]), summary=SAID["events"], source_id=source)  # fmt: skip
        for person in (one, other):
            self.add("participation", event_id=event, person_id=person, role="present", source_id=source)

    def alone(self) -> None:
        """Record somebody whom only the police know."""
        rng = self.rng
        born = AS_OF - int(rng.integers(13 * 365, 18 * 365))
        person = {
            "given_name": str(rng.choice(GIVEN)),
            "family_name": f"{rng.choice(FAMILY_FIRST)}{rng.choice(FAMILY_LAST)}",
            "date_of_birth": str(born),
            "sex": str(rng.choice(["F", "M"])),
            "home_postcode": "",
        }
        self._sighting(self.person(person))


TABLE_IDS = {"people": "person_id", "sources": "source_id", "things": "thing_id", "events": "event_id"}
Change = Callable[[np.random.Generator, Person, pd.DataFrame], Person]


def _anybody(_person: Person) -> bool:
    return True


def _slip(rng: np.random.Generator, name: str) -> str:
    """Return a name with one letter inside it written twice, left out, or exchanged with the next."""
    place, way = int(rng.integers(2, len(name) - 1)), int(rng.integers(0, 3))
    if way == 0:
        return name[:place] + name[place - 1 :]
    if way == 1 or name[place] == name[place - 1]:
        return name[:place] + name[place + 1 :]
    return name[: place - 1] + name[place] + name[place - 1] + name[place + 1 :]


def _figure(rng: np.random.Generator, person: Person, _children: pd.DataFrame) -> Person:
    """Change one figure of the day of the month, to another day that the month has."""
    born = person["date_of_birth"]
    days = [
        f"{day:02d}" for day in range(1, 29) if (f"{day:02d}"[0] == born[8]) != (f"{day:02d}"[1] == born[9])
    ]
    return {**person, "date_of_birth": f"{born[:8]}{rng.choice(days)}"}


def _turned(_rng: np.random.Generator, person: Person, _children: pd.DataFrame) -> Person:
    born = person["date_of_birth"]
    turned = f"{born[:5]}{born[8:]}-{born[5:7]}"
    return {**person, "date_of_birth": turned if _turns(person) else born, "home_postcode": ""}


def _turns(person: Person) -> bool:
    born = person["date_of_birth"]
    return born[5:7] != born[8:] and "01" <= born[8:] <= "12"


def _short(rng: np.random.Generator, person: Person, _children: pd.DataFrame) -> Person:
    given = person["given_name"]
    return {**person, "given_name": SHORT.get(given) or _slip(rng, given)}


def _elsewhere(rng: np.random.Generator, person: Person, children: pd.DataFrame) -> Person:
    others = children.loc[children["home_postcode"] != person["home_postcode"], "home_postcode"]
    return {**person, "home_postcode": str(rng.choice(others.to_numpy(dtype=object)))}


def _other_given(rng: np.random.Generator, person: Person) -> str:
    return str(rng.choice([name for name in GIVEN if name[0] != person["given_name"][0]]))


def _double_name(rng: np.random.Generator, person: Person, _children: pd.DataFrame) -> Person:
    return {
        **person,
        "family_name": f"{person['family_name']}-{rng.choice(FAMILY_FIRST)}{rng.choice(FAMILY_LAST)}",
    }


def _namesake(rng: np.random.Generator, person: Person, children: pd.DataFrame) -> Person:
    """Somebody of the same name, born years apart, who lives elsewhere."""
    born = np.datetime64(person["date_of_birth"]) + int(rng.integers(500, 1_200))
    return {**_elsewhere(rng, person, children), "date_of_birth": str(born)}


def _twin(rng: np.random.Generator, person: Person, _children: pd.DataFrame) -> Person:
    return {**person, "given_name": _other_given(rng, person), "sex": str(rng.choice(["F", "M"]))}


def _like_sibling(rng: np.random.Generator, person: Person, children: pd.DataFrame) -> Person:
    """A brother or sister at the same address, of a like name, born two years earlier in the same month."""
    born = person["date_of_birth"]
    earlier = f"{int(born[:4]) - 2}{born[4:8]}{min(int(born[8:]), 28):02d}"
    given = person["given_name"]
    return {**_figure(rng, {**person, "date_of_birth": earlier}, children), "given_name": f"{given[:-1]}y"}


TWIN = "twins: one date of birth and one home, seen together"
CHANGES: Sequence[tuple[str, Change]] = (
    ("one letter of the family name", lambda rng, p, _: {**p, "family_name": _slip(rng, p["family_name"])}),
    ("a short form of the given name", _short),
    ("one figure of the date of birth", _figure),
    ("given and family name the other way round", lambda _rng, p, _: {**p, "given_name": p["family_name"], "family_name": p["given_name"]}),
    ("day and month the other way round", _turned),
    ("no date of birth", lambda _rng, p, _: {**p, "date_of_birth": ""}),
    ("an earlier address", _elsewhere),
    ("one letter of the given name, no address", lambda rng, p, _: {**p, "given_name": _slip(rng, p["given_name"]), "home_postcode": ""}),
    ("a double family name", _double_name),
    ("an initial for the given name", lambda _rng, p, _: {**p, "given_name": p["given_name"][0]}),
    ("one letter of the family name and one figure of the date of birth", lambda rng, p, c: {**_figure(rng, p, c), "family_name": _slip(rng, p["family_name"])}),
    ("capitals, sex not known", lambda _rng, p, _: {**p, "given_name": p["given_name"].upper(), "family_name": p["family_name"].upper(), "sex": "U"}),
)  # fmt: skip
LIKENESSES: Sequence[tuple[str, Change]] = (
    (TWIN, _twin),
    ("one name, born years apart, another home", _namesake),
    ("twins: one date of birth and one home", _twin),
    ("brother or sister of a like name at one home", _like_sibling),
)
FIT: dict[str, Callable[[Person], bool]] = {
    "a short form of the given name": lambda person: person["given_name"] in SHORT,
    "day and month the other way round": _turns,
}
