"""Find candidate operations: sets of adults, things, places and online spaces that share children."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import pandas as pd

from mapping.contacts import TIE_TABLES, TYPE_NAMES, Contacts, named_contacts
from mapping.evidence import Evidence
from mapping.links import Links
from mapping.partition import Integers
from mapping.records import Records

# A contact that no record calls harmful needs this many children.
FEWEST = 3
# A contact of more children than this is part of everyday life: it is left out, and the notes say so.
MOST_CHILDREN = 200
# A child of more contacts than this does not bring contacts together: the pairs would be too many.
MOST_CONTACTS = 200
# Operations whose newest evidence is older than this many days come after all others.
CURRENT_DAYS = 365
# Places where children are because they live, learn, travel or are looked after there.
EVERYDAY = ("school", "childrens_home", "semi_independent", "foster_home", "hospital", "transport")

# What an operation looks like, by its code; how far the children know each other is said after it.
SHAPES: Mapping[str, str] = {
    "one_person": "one person and several children",
    "several_people": "several people and several children",
    "online_account": "one online account and several children",
    "phone": "one phone line and several children",
    "vehicle": "one vehicle and several children",
    "bank_account": "one bank account and several children",
    "thing": "one thing and several children",
    "things": "several phones, vehicles or accounts and several children",
    "place": "one place and several children",
    "online_space": "one online space and several children",
    "places": "several places and several children",
    "things_and_places": "things and places and several children",
}

TABLE = ("operation_id", "rank", "shape", "role", "entity_type", "entity_id", "evidence", "core")
CELLS = (
    *("operation_id", "person_id", "contact_type", "contact_id"),
    *("evidence", "harmful", "sources", "agencies", "first_seen", "last_seen"),
)
SUMMARY = (
    *("operation_id", "rank", "shape", "shape_words", "victims", "core_victims", "contacts", "cells"),
    *("evidence", "harmful", "sources", "agencies", "first_seen", "last_seen"),
    *("groups", "circles", "reach", "linked_pairs", "pairs", "what_is_missing"),
)


@dataclass(frozen=True)
class Operations:
    """Candidate operations, those a hub could do most about first.

    Attributes
    ----------
    entities : see `table`.
    cells : one row for each child and contact of an operation that records tie: operation_id, person_id,
        contact_type, contact_id, evidence (rows of the case), harmful (those of them that say harm),
        sources, agencies, first_seen, last_seen; in order of rank, then of ids.
    summary : one row an operation, in order of rank: the columns of SUMMARY. A row of the case counts once
        in an operation, however many cells it stands in. `pairs` is how many pairs its children make,
        `linked_pairs` how many of them anything but the operation links, `circles` how many separate
        circles those links leave, `groups` in how many groups the children are, `reach` the larger of the
        two, `what_is_missing` a list of sentences.
    otherwise : the pairs of an operation's children that something else links: operation_id, person_a,
        person_b (a < b).
    notes : what a limit kept out, as sentences.
    """

    entities: pd.DataFrame
    cells: pd.DataFrame
    summary: pd.DataFrame
    otherwise: pd.DataFrame
    notes: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """Return operation_id, rank, shape, role (victim or contact), entity_type, entity_id, evidence, core.

        A victim is `core` when tied to two or more contacts of the operation; a contact is when the
        operation rests on it. Contacts come first, then children in the order of their ids.
        """
        return self.entities.copy()


def operations(
    contacts: Contacts, links: Links, groups: str, *, evidence: Evidence, bands: str, as_of: date | None
) -> Operations:
    """Find sets of contacts that share children.

    An operation rests on its core contacts. These are

    - an adult whom records say harmed two or more children, with those children;
    - a thing that an adult of concern used, with the children who used it; or one that three or more
      children used of whom something else links not all to each other, even in steps;
    - a place, not an everyday one, where three or more children, not all linked otherwise, were at
      incidents or harm or were seen with an adult of concern, on two days or more, when they are at
      least half of the children on record there.

    Two core contacts are of one operation where the children of both are two or more, and at least half
    of the children of either; or, where a record joins the two contacts (the adult used the phone, was at
    the place, is linked to the other adult), at least half of the smaller one's. An operation is all that
    such pairs connect.

    Other contacts join an operation and bring no child to it: an adult of concern who used one of its
    things; an adult who harmed one of its children and is on record with one of its contacts; a place
    where one of its adults is on record, when at least half of the children on record there are its own,
    two at least; a thing, or a place not an everyday one, when the children of both are at least half
    of the children of either. An adult whom records only call protective is never a contact, nor is a
    thing such an adult used, unless an adult of concern used it too.

    Parameters
    ----------
    contacts, links, evidence : of one viewer, date and grade band.
    groups, bands : the tables that `mapping.groups.groups` and `mapping.people.age_bands` wrote.
    as_of : the day from which the last year counts.

    Notes
    -----
    Operations come in the order of: evidence of the last year or not; reach, the number of separate
    circles of children they bring together; children whom two or more of the contacts share; children;
    rows that say harm; agencies; sources; newest evidence; id. Children are in no order but that of
    their ids.

    Reach is the larger of two counts, since either alone falls short: groups may have been formed by the
    very contact, and one stray sighting makes one circle of two.

    `operation_id` is "o" and twelve hexadecimal digits of the MD5 of the types and ids of the core
    contacts in order: the same core contacts have the same id whatever else is in the case.
    """
    finder = _Finder(contacts, links, groups, evidence, bands, contacts.records.new_schema())
    finder.write_all(_CANDIDATES)
    finder.add("apart", finder.apart())
    finder.write_all(_CORE)
    finder.add("label", finder.label())
    finder.write_all(_FILLED)
    summary = _summary(finder, as_of)
    return Operations(
        _entities(finder, summary),
        _cells(finder, summary),
        summary.reset_index(drop=True),
        _otherwise(finder, summary),
        _notes(finder),
    )


@dataclass(frozen=True)
class _Finder:
    """Writes the tables that lead from ties to operations, a step each, in a schema of its own."""

    contacts: Contacts
    links: Links
    groups: str
    evidence: Evidence
    bands: str
    schema: str

    @property
    def records(self) -> Records:
        return self.contacts.records

    def write_all(self, queries: Mapping[str, str]) -> None:
        """Write tables; a query names those written before it, and the mentions, as [name]."""
        for name, query in queries.items():
            self.records.execute(f"CREATE TABLE {self.schema}.{name} AS {self.named(query)}")

    def frame(self, query: str) -> pd.DataFrame:
        found: pd.DataFrame = self.records.sql(self.named(query)).df()
        return found

    def named(self, query: str) -> str:
        return _NAME.sub(lambda found: self.names.get(found[1], f"{self.schema}.{found[1]}"), query)

    @property
    def names(self) -> Mapping[str, str]:
        types = {name.upper(): str(k) for k, name in enumerate(TYPE_NAMES)}
        tables = {name.upper(): str(k) for k, name in enumerate(TIE_TABLES)}
        limits = {"FEWEST": FEWEST, "MOST_CHILDREN": MOST_CHILDREN, "MOST_CONTACTS": MOST_CONTACTS}
        return {
            **types,
            **tables,
            **{name: str(limit) for name, limit in limits.items()},
            "SEEN_TOGETHER": str(list(self.links.kinds).index("presence")),
            "EVERYDAY": ", ".join(f"'{kind}'" for kind in EVERYDAY),
            "named_contacts": f"({named_contacts()})",
            "ties": self.contacts.ties,
            "items": self.links.items,
            "links": self.links.links,
            "in_event": self.links.in_event,
            "groups": self.groups,
            "bands": self.bands,
            **self.evidence.tables,
        }

    def add(self, name: str, frame: pd.DataFrame) -> None:
        """Keep a frame worked out in Python as a table beside the others."""
        self.records.connection.register("arriving", frame)
        self.write_all({name: "SELECT * FROM arriving"})
        self.records.connection.unregister("arriving")

    def apart(self) -> pd.DataFrame:
        """Return into how many circles the children of each thing and place fall without it."""
        return _circles(self.frame("FROM [members]"), self.frame(_OTHERWISE_THAN_CONTACT), ["type_k", "contact_n"])  # fmt: skip

    def label(self) -> pd.DataFrame:
        """Return the operation (op) of each core contact (k)."""
        size = len(self.frame("SELECT k FROM [core]"))
        joined = self.frame(_ONE_OPERATION)
        op = _components(size, joined["one"].to_numpy(), joined["other"].to_numpy())
        return pd.DataFrame({"k": np.arange(size), "op": op})


_NAME = re.compile(r"\[(\w+)\]")

# concern: adults whom a record names of concern or says exploited a child. guardians: adults whom records
# only call protective. occasions: children at a place at an incident or harm, or seen with an adult of
# concern. reasons: why a child may belong to a contact. members: whose circles must be known.
_CANDIDATES: Mapping[str, str] = {
    "children": "SELECT person_n FROM [bands] WHERE age_band = 'child'",
    "concern": """SELECT person_n FROM [bands] WHERE age_band IN ('young_adult', 'adult') AND person_n IN (
        SELECT person_n FROM [events] WHERE of_concern
        UNION ALL SELECT person_a_n FROM [stated] WHERE kind = 'exploitation' AND person_b_n IN (FROM [children])
        UNION ALL SELECT person_b_n FROM [stated] WHERE kind = 'exploitation' AND person_a_n IN (FROM [children]))""",
    "guardians": """SELECT contact_n AS person_n FROM [ties] WHERE type_k = [PERSON]
        GROUP BY contact_n HAVING bool_or(protective) AND NOT bool_or(harmful)""",
    "occasions": """WITH harm AS (
        SELECT event_n FROM [events] GROUP BY event_n HAVING bool_or(harmed OR may_have_harmed OR of_concern)
        UNION SELECT event_n FROM {events} WHERE kind = 'incident'),
    together AS (SELECT * FROM [items] WHERE kind_k = [SEEN_TOGETHER])
    SELECT location_n AS contact_n, person_n, first_day AS day, [PARTICIPATION] AS table_k, row FROM [events] SEMI JOIN harm USING (event_n)
        WHERE location_n IS NOT NULL AND NOT protective AND person_n IN (FROM [children])
    UNION ALL SELECT location_n, person_b_n, first_day, [PRESENCE], row_b FROM together
        WHERE person_a_n IN (FROM [concern]) AND person_b_n IN (FROM [children])
    UNION ALL SELECT location_n, person_a_n, first_day, [PRESENCE], row_a FROM together
        WHERE person_b_n IN (FROM [concern]) AND person_a_n IN (FROM [children])""",
    "every_reason": """SELECT DISTINCT type_k, contact_n, person_n FROM [ties] WHERE type_k = [PERSON] AND harmful
    UNION ALL SELECT DISTINCT type_k, contact_n, person_n FROM [ties] WHERE type_k = [THING] AND (
        contact_n NOT IN (SELECT thing_n FROM [things] SEMI JOIN [guardians] USING (person_n))
        OR contact_n IN (SELECT thing_n FROM [things] SEMI JOIN [concern] USING (person_n)))
    UNION ALL SELECT DISTINCT [LOCATION], contact_n, person_n FROM [occasions]""",
    "every_size": "SELECT type_k, contact_n, count(*) AS children FROM [every_reason] GROUP BY ALL HAVING count(*) > 1",
    "sizes": "SELECT * FROM [every_size] WHERE children <= [MOST_CHILDREN]",
    "reasons": "SELECT * FROM [every_reason] SEMI JOIN [sizes] USING (type_k, contact_n)",
    "members": """SELECT * FROM [reasons] SEMI JOIN (
        SELECT * FROM [sizes] WHERE type_k <> [PERSON] AND children >= [FEWEST]) USING (type_k, contact_n)""",
}

_OTHERWISE_THAN_CONTACT = """SELECT DISTINCT a.type_k, a.contact_n, i.person_a_n, i.person_b_n FROM [items] i
    JOIN [members] a ON a.person_n = i.person_a_n
    JOIN [members] b ON b.person_n = i.person_b_n AND b.type_k = a.type_k AND b.contact_n = a.contact_n
    WHERE CASE a.type_k WHEN [THING] THEN i.thing_n ELSE i.location_n END IS DISTINCT FROM a.contact_n"""

# whereabouts: who used what, who is on record where. beside: who is on record with which core contact.
_CORE: Mapping[str, str] = {
    "whereabouts": """SELECT [THING] AS type_k, thing_n AS contact_n, person_n FROM [things]
        UNION SELECT [LOCATION], location_n, person_n FROM [events] WHERE location_n IS NOT NULL
        UNION SELECT [LOCATION], location_n, person_n FROM [presence]""",
    "on_record": """SELECT contact_n, count(DISTINCT person_n) AS everyone FROM [ties] WHERE type_k = [LOCATION] GROUP BY contact_n""",
    "core_people": "SELECT * FROM [sizes] WHERE type_k = [PERSON]",
    "core_things": """SELECT s.* FROM [sizes] s LEFT JOIN [apart] a USING (type_k, contact_n) WHERE type_k = [THING]
        AND (a.circles > 1 OR contact_n IN (SELECT thing_n FROM [things] SEMI JOIN [concern] USING (person_n)))""",
    "core_places": """SELECT s.* FROM [sizes] s JOIN [apart] a USING (type_k, contact_n)
        JOIN (SELECT contact_n, count(DISTINCT day) AS days FROM [occasions] GROUP BY contact_n) d USING (contact_n)
        JOIN [on_record] r USING (contact_n) JOIN {locations} l ON l.location_n = contact_n
        WHERE type_k = [LOCATION] AND l.kind NOT IN ([EVERYDAY]) AND a.circles > 1 AND d.days > 1 AND children * 2 >= everyone""",
    "core": """SELECT CAST(row_number() OVER (ORDER BY type_k, contact_n) - 1 AS INTEGER) AS k, * FROM (
        FROM [core_people] UNION ALL FROM [core_things] UNION ALL FROM [core_places])""",
    "core_pairs": "SELECT k, person_n FROM [reasons] JOIN [core] USING (type_k, contact_n)",
    "beside": """SELECT k, type_k, person_n FROM [whereabouts] JOIN [core] USING (type_k, contact_n)
        UNION SELECT k, type_k, person_b_n FROM [links] JOIN [core] ON type_k = [PERSON] AND contact_n = person_a_n
        UNION SELECT k, type_k, person_a_n FROM [links] JOIN [core] ON type_k = [PERSON] AND contact_n = person_b_n""",
    "crowded": "SELECT person_n FROM [core_pairs] GROUP BY person_n HAVING count(*) > [MOST_CONTACTS]",
}

# Pairs of core contacts that are of one operation: one, other.
_ONE_OPERATION = """WITH usable AS (SELECT * FROM [core_pairs] ANTI JOIN [crowded] USING (person_n)),
    shared AS (SELECT a.k AS one, b.k AS other, count(*) AS common FROM usable a JOIN usable b USING (person_n) WHERE a.k < b.k GROUP BY ALL),
    joined AS (SELECT DISTINCT least(c.k, b.k) AS one, greatest(c.k, b.k) AS other, true AS on_record
        FROM [beside] b JOIN [core] c ON c.type_k = [PERSON] AND c.contact_n = b.person_n)
    SELECT one, other FROM shared JOIN [core] a ON a.k = one JOIN [core] b ON b.k = other LEFT JOIN joined USING (one, other)
    WHERE common > 1 AND (common * 2 >= a.children + b.children - common OR on_record AND common * 2 >= least(a.children, b.children))
    ORDER BY one, other"""

# contacts_in: the contacts of each operation, core or joined. rows: every row that ties one of its children to
# one of them, once a cell; `harm` where it says harm by the adult or an incident or harm at the place.
_FILLED: Mapping[str, str] = {
    "core_of": "SELECT op, k, type_k, contact_n FROM [core] JOIN [label] USING (k)",
    "victims": "SELECT DISTINCT op, person_n FROM [core_pairs] JOIN [label] USING (k)",
    "joining_people": """SELECT op, [PERSON] AS type_k, person_n AS contact_n FROM [beside] b JOIN [label] USING (k)
        WHERE b.type_k = [THING] AND person_n IN (FROM [concern])
        UNION (SELECT op, [PERSON], person_n FROM [beside] JOIN [label] USING (k)
            INTERSECT SELECT op, [PERSON], contact_n FROM [ties] JOIN [victims] USING (person_n) WHERE type_k = [PERSON] AND harmful)""",
    "adults_in": "SELECT op, contact_n AS adult_n FROM [core_of] WHERE type_k = [PERSON] UNION SELECT op, contact_n FROM [joining_people]",
    "joining_places": """SELECT op, [LOCATION] AS type_k, contact_n FROM (
        SELECT a.op, w.contact_n, count(DISTINCT v.person_n) AS own
        FROM [adults_in] a JOIN [whereabouts] w ON w.type_k = [LOCATION] AND w.person_n = a.adult_n
        JOIN [ties] t ON t.type_k = [LOCATION] AND t.contact_n = w.contact_n
        JOIN [victims] v ON v.op = a.op AND v.person_n = t.person_n GROUP BY ALL)
        JOIN [on_record] USING (contact_n) WHERE own > 1 AND own * 2 >= everyone""",
    "joining_by_overlap": """SELECT op, type_k, contact_n FROM (
        SELECT op, type_k, contact_n, count(*) AS own FROM [reasons] JOIN [victims] USING (person_n) WHERE type_k <> [PERSON] GROUP BY ALL)
        JOIN [sizes] USING (type_k, contact_n) JOIN (SELECT op, count(*) AS victims FROM [victims] GROUP BY op) USING (op)
        WHERE own > 1 AND own * 2 >= children + victims - own
        AND (type_k = [THING] OR contact_n IN (SELECT location_n FROM {locations} WHERE kind NOT IN ([EVERYDAY])))""",
    "contacts_in": """SELECT op, type_k, contact_n, true AS core FROM [core_of] UNION ALL SELECT op, type_k, contact_n, false FROM (
        FROM [joining_people] UNION FROM [joining_places] UNION FROM [joining_by_overlap]) ANTI JOIN [core_of] USING (op, type_k, contact_n)""",
    "rows": """SELECT op, t.type_k, t.contact_n, t.person_n, (t.table_k, t.row) AS item, t.source_n, t.first_day, t.last_day,
        t.harmful OR coalesce(o.table_k = [PARTICIPATION], false) AS harm, t.protective, s.agency, s.information_grade IN ('A', 'B') AS firm
        FROM [ties] t JOIN [contacts_in] USING (type_k, contact_n) JOIN [victims] USING (op, person_n)
        LEFT JOIN (SELECT DISTINCT [LOCATION] AS type_k, contact_n, person_n, table_k, row FROM [occasions]) o
            ON o.type_k = t.type_k AND o.contact_n = t.contact_n AND o.person_n = t.person_n AND o.table_k = t.table_k AND o.row = t.row
        LEFT JOIN {sources} s ON s.source_n = t.source_n""",
    "attended": "SELECT DISTINCT op, event_n FROM [adults_in] JOIN [in_event] ON person_n = adult_n",
    # Pairs of its children that an item links which is not of its things, its places or its adults' events.
    "otherwise": """SELECT DISTINCT op, person_a_n, person_b_n FROM (
        SELECT a.op, i.person_a_n, i.person_b_n, i.thing_n, i.location_n, i.event_n FROM [items] i
        JOIN [victims] a ON a.person_n = i.person_a_n JOIN [victims] b ON b.person_n = i.person_b_n AND b.op = a.op) i
    ANTI JOIN [attended] e ON e.op = i.op AND e.event_n = i.event_n
    ANTI JOIN [contacts_in] t ON t.op = i.op AND t.type_k = [THING] AND t.contact_n = i.thing_n
    ANTI JOIN [contacts_in] l ON l.op = i.op AND l.type_k = [LOCATION] AND l.contact_n = i.location_n""",
}

_COUNTED = """count(DISTINCT item) AS evidence, count(DISTINCT CASE WHEN harm THEN item END) AS harmful,
    count(DISTINCT source_n) AS sources, count(DISTINCT agency) AS agencies,
    DATE '1970-01-01' + CAST(min(first_day) AS INTEGER) AS first_seen, DATE '1970-01-01' + CAST(max(last_day) AS INTEGER) AS last_seen"""
_TYPE = f"CASE type_k {' '.join(f'WHEN {k} THEN {name!r}' for k, name in enumerate(TYPE_NAMES))} END"

# What is known of each operation (op), a table each; the columns of all of them make its row of the summary.
_KNOWN: Mapping[str, str] = {
    "named": f"""SELECT op, 'o' || substr(md5(string_agg({_TYPE} || ':' || contact_id, chr(31) ORDER BY type_k, contact_id)), 1, 12) AS operation_id
        FROM [core_of] JOIN [named_contacts] USING (type_k, contact_n) GROUP BY op""",
    "counted": f"""SELECT op, {_COUNTED}, count(DISTINCT (type_k, contact_n, person_n)) AS cells,
        count(DISTINCT CASE WHEN last_day IS NULL THEN item END) AS undated, coalesce(bool_or(firm), false) AS firm FROM [rows] GROUP BY op""",
    "reached": """SELECT op, count(*) AS victims, count(DISTINCT community) AS groups, count(*) FILTER (contacts > 1) AS core_victims,
        count(*) FILTER (coalesce(p.care_status, 'none') = 'none' AND person_n NOT IN (
            SELECT person_n FROM {referrals} UNION ALL SELECT person_n FROM {placements})) AS without_care,
        count(*) FILTER (person_n IN (
            SELECT person_n FROM {missing} WHERE found_at IS NOT NULL AND interview_held_at IS NULL)) AS not_interviewed
        FROM (SELECT op, person_n, count(DISTINCT (type_k, contact_n)) AS contacts FROM [rows] GROUP BY ALL)
        LEFT JOIN [groups] USING (person_n) JOIN {people} p USING (person_n) GROUP BY op""",
    "shaped": """SELECT op, count(*) AS contacts, count(*) FILTER (type_k = [PERSON]) AS adults,
        count(*) FILTER (type_k = [THING]) AS things, count(*) FILTER (type_k = [LOCATION]) AS places, min(contact_kind) AS kind,
        count(*) FILTER (type_k = [PERSON] AND p.home_postcode IS NULL AND p.home_easting IS NULL AND p.home_lsoa IS NULL) AS without_home,
        count(*) FILTER (type_k = [LOCATION] AND l.kind <> 'online' AND l.easting IS NULL AND l.longitude IS NULL AND l.postcode IS NULL) AS unplaced,
        count(*) FILTER (c.protective) AS contradicted
        FROM (SELECT op, type_k, contact_n, bool_or(protective) AS protective FROM [rows] GROUP BY ALL) c
        JOIN [named_contacts] USING (type_k, contact_n)
        LEFT JOIN {people} p ON type_k = [PERSON] AND p.person_n = contact_n
        LEFT JOIN {locations} l ON type_k = [LOCATION] AND l.location_n = contact_n GROUP BY op""",
}


def _summary(finder: _Finder, as_of: date | None) -> pd.DataFrame:
    """Return the summary in order of rank, with `op`, the number of an operation in this run, as its index."""
    finder.write_all(_KNOWN)
    known = finder.frame(
        "FROM [named] JOIN [counted] USING (op) JOIN [reached] USING (op) JOIN [shaped] USING (op)"
    )
    circles = _circles(finder.frame("FROM [victims]"), finder.frame("FROM [otherwise]"), ["op"])
    found = known.merge(circles, on="op").set_index("op")
    since = None if as_of is None else pd.Timestamp(as_of - timedelta(days=CURRENT_DAYS))
    found = found.assign(
        pairs=found["victims"] * (found["victims"] - 1) // 2,
        reach=found[["circles", "groups"]].max(axis=1),
        current=found["last_seen"].notna() if since is None else found["last_seen"] >= since,
    )
    found = found.sort_values([*RANKED_BY, "operation_id"], ascending=[*(False for _ in RANKED_BY), True])
    found["rank"] = np.arange(1, len(found) + 1)
    rows = cast("list[dict[str, Any]]", found.to_dict("records"))
    found["shape"] = [_shape(row) for row in rows]
    found["shape_words"] = [f"{SHAPES[_shape(row)]}{_acquainted(row)}" for row in rows]
    missing = np.empty(len(rows), dtype=object)
    missing[:] = [_missing(row) for row in rows]
    found["what_is_missing"] = missing
    return found[list(SUMMARY)]


RANKED_BY = (
    *("current", "reach", "core_victims", "victims", "harmful"),
    *("agencies", "sources", "last_seen"),
)


def _shape(row: Mapping[str, Any]) -> str:
    """Return the code of a shape: by its adults, else by its things and places."""
    if row["adults"]:
        return "one_person" if row["adults"] == 1 else "several_people"
    if row["things"] and row["places"]:
        return "things_and_places"
    if row["contacts"] > 1:
        return "things" if row["things"] else "places"
    if row["places"]:
        return "online_space" if row["kind"] == "online" else "place"
    kind = str(row["kind"])
    return kind if kind in SHAPES else "thing"


def _acquainted(row: Mapping[str, Any]) -> str:
    """Say whether the children know each other, as far as is recorded."""
    if not row["linked_pairs"]:
        return " who do not know each other"
    return " who know each other" if row["linked_pairs"] == row["pairs"] else ", some of whom know each other"


def _missing(row: Mapping[str, Any]) -> list[str]:
    """Return what a hub would want to know of an operation and cannot read in the records, as sentences."""
    children, adults = row["victims"], row["adults"]
    said = {
        "No report is named for any of it.": row["sources"] == 0,
        "It rests on one report.": row["sources"] == 1,
        "All of it comes from one agency.": row["sources"] > 1 and row["agencies"] == 1,
        "No record says that harm was done.": row["harmful"] == 0,
        "Nothing in it is graded A or B.": not row["firm"],
        "None of it has a date.": row["undated"] == row["evidence"],
        f"{row['undated']} of {row['evidence']} records have no date.": 0 < row["undated"] < row["evidence"],
        "Nothing is newer than a year.": not row["current"] and row["undated"] < row["evidence"],
        "Who is behind it is not recorded: no adult of concern is tied to it.": adults == 0,
        f"No home address is recorded for {_any_of(row['without_home'], adults, 'adult')}.": row[
            "without_home"
        ]
        > 0,
        f"Records contradict each other on {row['contradicted']} of the adults: some call them protective.": row[
            "contradicted"
        ]
        > 0,
        f"No coordinates and no postcode are recorded for {_any_of(row['unplaced'], row['places'], 'place')}.": row[
            "unplaced"
        ]
        > 0,
        f"No plan, placement or referral is on record for {_any_of(row['without_care'], children, 'child')}.": row[
            "without_care"
        ]
        > 0,
        f"No return interview is on record after missing episodes of {_any_of(row['not_interviewed'], children, 'child')}.": row[
            "not_interviewed"
        ]
        > 0,
    }
    return [sentence for sentence, applies in said.items() if applies]


def _any_of(some: int, every: int, what: str) -> str:
    """Return "the adult", "any of the 3 adults" or "1 of the 3 adults"."""
    if every == 1:
        return f"the {what}"
    return (
        f"{'any' if some == every else some} of the {every} {'children' if what == 'child' else f'{what}s'}"
    )


def _entities(finder: _Finder, summary: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each contact and each child of each operation."""
    found = finder.frame(
        f"""SELECT op, 'contact' AS role, {_TYPE} AS entity_type, contact_id AS entity_id, evidence, core FROM (
            SELECT op, type_k, contact_n, count(DISTINCT item) AS evidence FROM [rows] GROUP BY ALL)
            JOIN [contacts_in] USING (op, type_k, contact_n) JOIN [named_contacts] USING (type_k, contact_n)
        UNION ALL SELECT op, 'victim', 'person', person_id, evidence, contacts > 1 FROM (
            SELECT op, person_n, count(DISTINCT item) AS evidence, count(DISTINCT (type_k, contact_n)) AS contacts FROM [rows] GROUP BY ALL)
            JOIN {{people}} USING (person_n)"""
    )
    found = found.merge(summary[["operation_id", "rank", "shape"]], left_on="op", right_index=True)
    order = found["entity_type"].map({name: k for k, name in enumerate(TYPE_NAMES)})
    found = found.assign(order=order).sort_values(["rank", "role", "order", "entity_id"], ignore_index=True)
    return found[list(TABLE)]


def _cells(finder: _Finder, summary: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each child and contact of an operation that records tie."""
    found = finder.frame(
        f"""SELECT op, person_id, type_k, {_TYPE} AS contact_type, contact_id, {_COUNTED} FROM [rows]
        JOIN {{people}} USING (person_n) JOIN [named_contacts] USING (type_k, contact_n) GROUP BY ALL"""
    )
    found = found.merge(summary[["operation_id", "rank"]], left_on="op", right_index=True)
    return found.sort_values(["rank", "person_id", "type_k", "contact_id"], ignore_index=True)[list(CELLS)]


def _otherwise(finder: _Finder, summary: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of children that something other than their operation links."""
    found = finder.frame(
        """SELECT op, a.person_id AS person_a, b.person_id AS person_b FROM [otherwise]
        JOIN {people} a ON a.person_n = person_a_n JOIN {people} b ON b.person_n = person_b_n"""
    )
    found = found.merge(summary[["operation_id", "rank"]], left_on="op", right_index=True)
    found = found.sort_values(["rank", "person_a", "person_b"], ignore_index=True)
    return found[["operation_id", "person_a", "person_b"]]


def _notes(finder: _Finder) -> tuple[str, ...]:
    """Return what a limit kept out."""
    counted = finder.frame(
        """SELECT (SELECT count(*) FROM [every_size]) - (SELECT count(*) FROM [sizes]) AS busy,
        (SELECT count(*) FROM [crowded]) AS crowded"""
    )
    busy, crowded = (int(counted[name].iloc[0]) for name in ("busy", "crowded"))
    notes = {
        f"{busy:,} contacts of more than {MOST_CHILDREN} children were left out as part of everyday life; shared contacts list them.": busy,
        f"{crowded:,} children of more than {MOST_CONTACTS} contacts each were not used to bring contacts together.": crowded,
    }
    return tuple(note for note, applies in notes.items() if applies)


def _circles(members: pd.DataFrame, pairs: pd.DataFrame, of: Sequence[str]) -> pd.DataFrame:
    """Count the circles that pairs leave members in, and the pairs, for each value of the columns `of`.

    A circle is a set of people whom pairs connect, in steps; somebody in no pair is a circle alone.
    """
    keys = list(of)
    nodes = members[[*keys, "person_n"]].assign(node=np.arange(len(members)))
    ends = [
        pairs.merge(nodes, left_on=[*keys, f"person_{end}_n"], right_on=[*keys, "person_n"])
        .sort_values([*keys, "person_a_n", "person_b_n"])["node"]
        .to_numpy()
        for end in ("a", "b")
    ]
    nodes["circle"] = _components(len(nodes), *ends)
    counted = nodes.groupby(keys, as_index=False).agg(circles=("circle", "nunique"))
    tally = pairs.groupby(keys, as_index=False).agg(linked_pairs=("person_a_n", "size"))
    return counted.merge(tally, on=keys, how="left").fillna({"linked_pairs": 0}).astype({"linked_pairs": int})


def _components(size: int, one: Integers, other: Integers) -> Integers:
    """Return the number of the connected part each of `size` nodes is in."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    joined = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(size, size))
    found: Integers = connected_components(joined, directed=False)[1].astype(np.int64)
    return found
