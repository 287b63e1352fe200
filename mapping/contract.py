"""State the data contract: the tables of a case folder, their columns and what each may hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "id",
    "text",
    "date",
    "time",
    "code",
    "yes_no",
    "easting",
    "northing",
    "longitude",
    "latitude",
    "postcode",
    "gss",
]


@dataclass(frozen=True)
class Column:
    """One column: its kind, whether a row needs it, its code list, and the table its ids come from."""

    name: str
    kind: Kind = "text"
    required: bool = False
    codes: str | None = None
    refers_to: str | None = None


@dataclass(frozen=True)
class Table:
    """One table: its columns in order, and the column whose value names a row (if any)."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the columns without which a row cannot be used."""
        return tuple(column.name for column in self.columns if column.required)

    def column(self, name: str) -> Column:
        """Return one column by name."""
        return next(column for column in self.columns if column.name == name)


def _id(name: str, *, required: bool = False, refers_to: str | None = None) -> Column:
    return Column(name, "id", required, refers_to=refers_to)


def _code(name: str, codes: str, *, required: bool = False) -> Column:
    return Column(name, "code", required, codes=codes)


PERSON = _id("person_id", required=True, refers_to="people")
SOURCE = _id("source_id", refers_to="sources")

_TABLES = (
    Table(
        "people",
        "everyone who is named in any other table: children, adults, professionals",
        (
            _id("person_id", required=True),
            Column("given_name"),
            Column("family_name"),
            Column("date_of_birth", "date"),
            _code("sex", "sex"),
            _code("ethnicity", "ethnicity"),
            Column("responsible_authority", "gss"),
            Column("home_postcode", "postcode"),
            Column("home_easting", "easting"),
            Column("home_northing", "northing"),
            Column("home_lsoa", "gss"),
            _id("school_id", refers_to="locations"),
            _code("care_status", "care_status"),
            Column("ehcp", "yes_no"),
            _code("nrm_status", "nrm_status"),
        ),
        key="person_id",
    ),
    Table(
        "locations",
        "places, online spaces included",
        (
            _id("location_id", required=True),
            _code("kind", "location_kind", required=True),
            Column("name"),
            Column("postcode", "postcode"),
            Column("easting", "easting"),
            Column("northing", "northing"),
            Column("longitude", "longitude"),
            Column("latitude", "latitude"),
            Column("provider"),
        ),
        key="location_id",
    ),
    Table(
        "sources",
        "the reports and records everything else rests on, with their grades and handling",
        (
            _id("source_id", required=True),
            _code("kind", "source_kind", required=True),
            Column("agency"),
            Column("recorded_on", "date"),
            _code("source_grade", "source_grade"),
            _code("information_grade", "information_grade"),
            _code("handling", "handling"),
            _code("action_code", "action_code"),
            _code("sanitisation_code", "sanitisation_code"),
            Column("text"),
        ),
        key="source_id",
    ),
    Table(
        "associations",
        "who is stated to know whom, and how",
        (
            _id("person_a", required=True, refers_to="people"),
            _id("person_b", required=True, refers_to="people"),
            _code("kind", "association_kind", required=True),
            _code("nature", "nature"),
            Column("first_seen", "date"),
            Column("last_seen", "date"),
            SOURCE,
        ),
    ),
    Table(
        "events",
        "things that happened: incidents, arrests, contacts",
        (
            _id("event_id", required=True),
            _code("kind", "event_kind", required=True),
            Column("started_at", "time", required=True),
            Column("ended_at", "time"),
            _id("location_id", refers_to="locations"),
            Column("easting", "easting"),
            Column("northing", "northing"),
            Column("summary"),
            SOURCE,
        ),
        key="event_id",
    ),
    Table(
        "participation",
        "who was part of which event, in which role",
        (
            _id("event_id", required=True, refers_to="events"),
            PERSON,
            _code("role", "role", required=True),
            SOURCE,
        ),
    ),
    Table(
        "presence",
        "a person seen at a place",
        (
            PERSON,
            _id("location_id", required=True, refers_to="locations"),
            Column("seen_at", "time", required=True),
            SOURCE,
        ),
    ),
    Table(
        "things",
        "phones, vehicles, online accounts, bank accounts",
        (_id("thing_id", required=True), _code("kind", "thing_kind", required=True), Column("label"), SOURCE),
        key="thing_id",
    ),
    Table(
        "thing_use",
        "who used which thing, and when",
        (
            _id("thing_id", required=True, refers_to="things"),
            PERSON,
            Column("first_seen", "date"),
            Column("last_seen", "date"),
            SOURCE,
        ),
    ),
    Table(
        "missing",
        "episodes in which a person was reported missing",
        (
            _id("episode_id", required=True),
            PERSON,
            Column("reported_at", "time", required=True),
            Column("found_at", "time"),
            _id("missing_from", refers_to="locations"),
            _id("found_at_location", refers_to="locations"),
            _code("risk_level", "risk_level"),
            Column("interview_offered", "yes_no"),
            Column("interview_accepted", "yes_no"),
            Column("interview_held_at", "time"),
            Column("delay_reason"),
            SOURCE,
        ),
        key="episode_id",
    ),
    Table(
        "placements",
        "where children are placed, by which authority",
        (
            PERSON,
            _id("location_id", required=True, refers_to="locations"),
            Column("started_on", "date", required=True),
            Column("ended_on", "date"),
            Column("placing_authority", "gss"),
            _code("placement_type", "placement_type"),
            SOURCE,
        ),
    ),
    Table(
        "referrals",
        "children referred to the hub, and how each case ended",
        (
            _id("referral_id", required=True),
            PERSON,
            Column("received_on", "date", required=True),
            Column("source_agency"),
            _code("concern", "concern"),
            Column("decision"),
            Column("opened_on", "date"),
            Column("closed_on", "date"),
            Column("re_engaged_education", "yes_no"),
            Column("stable_accommodation", "yes_no"),
            Column("positive_relationship", "yes_no"),
            Column("fewer_missing", "yes_no"),
            SOURCE,
        ),
        key="referral_id",
    ),
)

TABLES: Mapping[str, Table] = {table.name: table for table in _TABLES}

# Without these nothing can be mapped; every other table may be absent and is then empty.
REQUIRED_TABLES = ("people",)

# (table, earlier, later): the later value is set aside where it lies before the earlier one.
TIME_ORDER = (
    ("associations", "first_seen", "last_seen"),
    ("events", "started_at", "ended_at"),
    ("thing_use", "first_seen", "last_seen"),
    ("missing", "reported_at", "found_at"),
    ("missing", "reported_at", "interview_held_at"),
    ("placements", "started_on", "ended_on"),
    ("referrals", "received_on", "closed_on"),
    ("referrals", "opened_on", "closed_on"),
)

# (table, one, other): two columns that make a point together; one alone is set aside.
POINTS = (
    ("people", "home_easting", "home_northing"),
    ("locations", "easting", "northing"),
    ("locations", "longitude", "latitude"),
    ("events", "easting", "northing"),
)

# Tables whose rows hang on a row of another table that itself may rest on a source.
PARENTS = {"participation": ("events", "event_id"), "thing_use": ("things", "thing_id")}
