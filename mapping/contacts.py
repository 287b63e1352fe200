"""Find shared contacts: the adults, things, places and events that connect two or more children."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import narwhals as nw

from mapping.evidence import Evidence, Frame
from mapping.links import TABLES, Links
from mapping.records import Records

CONTACT_TYPES: Mapping[str, tuple[str, str]] = {
    "person": ("people", "person_id"),
    "thing": ("things", "thing_id"),
    "location": ("locations", "location_id"),
    "event": ("events", "event_id"),
}
TYPE_NAMES = tuple(CONTACT_TYPES)
# The tables whose rows tie a child to a contact.
TIE_TABLES = (*TABLES, "placements")
# How a child is tied to a contact.
TIES = ("linked", "used", "seen", "took_part", "found", "missing_from", "placed")


@dataclass(frozen=True)
class Contacts:
    """Shared contacts as coded tables in DuckDB.

    `ties` has type_k, contact_n, person_n (a child), tie_k, table_k, row, source_n, first_day, last_day,
    harmful, protective: one row for each row of the case that ties a child to the contact.
    `contacts` has one row a contact with two or more children.
    """

    records: Records
    ties: str
    contacts: str

    def table(self, homes: str | None = None, *, chance: str | None = None, sure: str | None = None) -> str:
        """Return the query for the `shared_contacts` result.

        Parameters
        ----------
        homes : a table of person_n and ward_code; without it `wards` is empty.
        chance : the table that `mapping.chance.contact_chance` wrote; without it p_value is empty.
        sure : the table of contacts that `mapping.certainty` wrote; without it rests_on and rests_on_agency are.
        """
        return _result(self, homes, chance, sure)


@dataclass(frozen=True)
class Ties:
    """What ties children to contacts, before groups are known: tables in one schema of DuckDB.

    `ties` (see `Contacts`), `shared` (type_k, contact_n, person_n: the children of each contact that has two
    or more), `spans` (dates, sources and nature of each contact) and `otherwise` (contacts of which two
    children are linked by something else as well).
    """

    records: Records
    schema: str

    def frame(self, name: str) -> Frame:
        """Return one of the tables as a Narwhals frame."""
        return nw.from_native(self.records.connection.table(f"{self.schema}.{name}"))

    def keep(self, frame: Frame, name: str) -> Frame:
        """Compute a frame once and return it read back from its table."""
        frame.to_native().create(f"{self.schema}.{name}")
        return self.frame(name)


CONTACT = ["type_k", "contact_n"]


def build_ties(evidence: Evidence, links: Links, bands: str) -> Ties:
    """Gather what ties children to adults, things, places (online spaces among them) and events.

    - an adult (18 or over) is tied to a child by any link between them;
    - a thing by its use;
    - a place by sightings there, events there, being found there or missing from there, and placements;
    - an event by taking part.
    """
    records = evidence.records
    tied = Ties(records, records.new_schema())
    builder = _Builder(evidence, links, bands, tied)
    many = tied.keep(nw.concat([builder.people(), builder.things(), builder.places()]), "many")
    took_part = builder.events().to_native().sql_query()
    records.connection.execute(
        f"CREATE VIEW {tied.schema}.ties AS SELECT * FROM {tied.schema}.many UNION ALL ({took_part})"
    )
    # The links already know who took part in which event, each once.
    present = builder.children(builder.frame(links.in_event))
    present = present.select(type_k=_type("event"), contact_n=nw.col("event_n"), person_n=nw.col("person_n"))
    each = nw.concat([many.select(*CONTACT, "person_n").unique(subset=[*CONTACT, "person_n"]), present])
    each = tied.keep(each, "each_child")
    children = each.group_by(*CONTACT).agg(nw.len().alias("children")).filter(nw.col("children") > 1)
    shared = tied.keep(each.join(tied.keep(children, "reached"), on=CONTACT, how="semi"), "shared")
    tied.keep(_spans(tied), "spans")
    tied.keep(builder.otherwise(shared), "otherwise")
    return tied


def shared_contacts(ties: Ties, groups: str) -> Contacts:
    """Count what each contact of two or more children reaches.

    `not_otherwise_linked` is true when no two of the children are linked by anything but this contact:
    for a thing or an event, by no other item; for a place, by no item that is not from that place; for an
    adult, by no link at all.
    """
    grouped = ties.frame("shared").join(
        nw.from_native(ties.records.connection.table(groups)).select("person_n", "community"), on="person_n"
    )
    reach = grouped.group_by(*CONTACT).agg(
        nw.col("community").min().alias("least_group"), nw.col("community").max().alias("most_group")
    )
    reach = ties.keep(reach.join(ties.frame("reached"), on=CONTACT), "reach")
    apart = reach.filter(nw.col("least_group") < nw.col("most_group")).select(*CONTACT)
    bridging = grouped.join(apart, on=CONTACT, how="semi")
    in_groups = bridging.group_by(*CONTACT).agg(nw.col("community").n_unique().alias("in_groups"))
    otherwise = ties.frame("otherwise").with_columns(linked=nw.lit(True))
    contacts = reach.join(in_groups, on=CONTACT, how="left").join(ties.frame("spans"), on=CONTACT)
    contacts = contacts.join(otherwise, on=CONTACT, how="left").with_columns(
        groups=nw.coalesce("in_groups", nw.lit(1)), not_otherwise_linked=nw.col("linked").is_null()
    )
    ties.keep(contacts, "contacts")
    return Contacts(ties.records, f"{ties.schema}.ties", f"{ties.schema}.contacts")


def children_query(ties: Ties) -> str:
    """Return the query for the children of each shared contact: contact_type, contact_id, person_id, each once."""
    types = " ".join(f"WHEN {k} THEN '{name}'" for k, name in enumerate(TYPE_NAMES))
    return f"""SELECT CASE s.type_k {types} END AS contact_type, n.contact_id, p.person_id FROM {ties.schema}.shared s
        JOIN ({named_contacts()}) n USING (type_k, contact_n) JOIN {{people}} p USING (person_n)"""


def reached_query(ties: Ties, groups: str) -> str:
    """Return the query for the groups each contact of two or more groups reaches: contact_type, contact_id, group_id, each once."""
    types = " ".join(f"WHEN {k} THEN '{name}'" for k, name in enumerate(TYPE_NAMES))
    return f"""SELECT DISTINCT CASE s.type_k {types} END AS contact_type, n.contact_id, g.group_id FROM {ties.schema}.shared s
        SEMI JOIN (SELECT type_k, contact_n FROM {ties.schema}.contacts WHERE groups > 1) c USING (type_k, contact_n)
        JOIN {groups} g USING (person_n) JOIN ({named_contacts()}) n USING (type_k, contact_n) ORDER BY ALL"""


def _spans(ties: Ties) -> Frame:
    """Date each contact, say whether it is harmful or protective, and count the sources it rests on."""
    kept = ties.frame("ties").join(ties.frame("reached"), on=CONTACT, how="semi")
    spans = kept.group_by(*CONTACT).agg(
        nw.col("first_day").min(),
        nw.col("last_day").max(),
        nw.col("source_n").min().alias("least_source"),
        nw.col("source_n").max().alias("most_source"),
        nw.col("harmful").any(),
        nw.col("protective").any(),
    )
    spans = ties.keep(spans, "dated")
    # An event mostly rests on one report; only contacts of several sources need them counted.
    several = spans.filter(nw.col("least_source") < nw.col("most_source")).select(*CONTACT)
    named = kept.filter(~nw.col("source_n").is_null()).join(several, on=CONTACT, how="semi")
    counted = named.group_by(*CONTACT).agg(nw.col("source_n").n_unique().alias("counted"))
    one = nw.when(~nw.col("least_source").is_null()).then(1).otherwise(0)
    return (
        spans.join(counted, on=CONTACT, how="left")
        .with_columns(sources=nw.coalesce("counted", one))
        .drop("counted")
    )


TIE_COLUMNS = (
    "type_k",
    "contact_n",
    "person_n",
    "tie_k",
    "table_k",
    "row",
    "source_n",
    "first_day",
    "last_day",
    "harmful",
    "protective",
)


@dataclass
class _Builder:
    """Gathers what ties children to each type of contact."""

    evidence: Evidence
    links: Links
    bands: str
    tied: Ties

    @property
    def records(self) -> Records:
        return self.evidence.records

    def frame(self, table: str) -> Frame:
        return nw.from_native(self.records.connection.table(table))

    def banded(self, *bands: str) -> Frame:
        return self.frame(self.bands).filter(nw.col("age_band").is_in(bands)).select("person_n")

    def children(self, mentions: Frame) -> Frame:
        return mentions.join(self.banded("child"), on="person_n", how="semi")

    def people(self) -> Frame:
        """Adults, through every item that links one to a child; an item of two sources ties twice."""
        items = self.frame(self.links.items)
        adults, children = self.banded("young_adult", "adult"), self.banded("child")
        ties = []
        second = ~nw.col("source_b_n").is_null() & (
            nw.col("source_a_n").is_null() | (nw.col("source_a_n") != nw.col("source_b_n"))
        )
        for adult, child in (("a", "b"), ("b", "a")):
            between = items.join(adults, left_on=f"person_{adult}_n", right_on="person_n", how="semi")
            between = between.join(children, left_on=f"person_{child}_n", right_on="person_n", how="semi")
            for source, rows in (("source_a_n", between), ("source_b_n", between.filter(second))):
                columns = {
                    "contact_n": nw.col(f"person_{adult}_n"),
                    "person_n": nw.col(f"person_{child}_n"),
                    "row": nw.col(f"row_{child}"),
                    "source_n": nw.col(source),
                    "harmful": nw.col(f"harm_by_{adult}"),
                    "protective": nw.col("protective"),
                }
                ties.append(_ties(rows, "person", "linked", None, **columns))
        return nw.concat(ties)

    def things(self) -> Frame:
        return _ties(
            self.children(self.evidence.frame("things")),
            "thing",
            "used",
            "thing_use",
            contact_n=nw.col("thing_n"),
        )

    def places(self) -> Frame:
        seen = _ties(
            self.children(self.evidence.frame("presence")),
            "location",
            "seen",
            "presence",
            contact_n=nw.col("location_n"),
        )
        events = self.children(self.evidence.frame("events").filter(~nw.col("location_n").is_null()))
        there = _ties(events, "location", "took_part", "participation", contact_n=nw.col("location_n"))
        gone = self.children(self.evidence.frame("missing"))
        found = _ties(
            gone.filter(~nw.col("location_n").is_null()),
            "location",
            "found",
            "missing",
            contact_n=nw.col("location_n"),
        )
        left = _ties(
            gone.filter(~nw.col("missing_from_n").is_null()),
            "location",
            "missing_from",
            "missing",
            contact_n=nw.col("missing_from_n"),
        )
        placed = _ties(
            self.children(self.frame(self.placements())),
            "location",
            "placed",
            "placements",
            contact_n=nw.col("location_n"),
        )
        return nw.concat([seen, there, found, left, placed])

    def placements(self) -> str:
        day = "date_diff('day', DATE '1970-01-01', {})"
        self.records.execute(
            f"""CREATE TABLE {self.tied.schema}.placed AS SELECT row, person_n, location_n, source_n, {day.format("started_on")} AS first_day,
                {day.format("coalesce(ended_on, started_on)")} AS last_day FROM {{placements}}"""
        )
        return f"{self.tied.schema}.placed"

    def events(self) -> Frame:
        return _ties(
            self.children(self.evidence.frame("events")),
            "event",
            "took_part",
            "participation",
            contact_n=nw.col("event_n"),
        )

    def otherwise(self, shared: Frame) -> Frame:
        """Contacts of which two children are linked by something else as well: type_k, contact_n."""
        children = self.banded("child")
        items = self.frame(self.links.items)
        pair = ["person_a_n", "person_b_n"]
        young = self.frame(self.links.links).select(*pair, "items")
        young = young.join(children, left_on="person_a_n", right_on="person_n", how="semi").join(
            children, left_on="person_b_n", right_on="person_n", how="semi"
        )
        young = self.tied.keep(young, "young")
        found = []
        # Two people have one item at most from one event, and from one thing.
        linked_twice = young.filter(nw.col("items") > 1).select(*pair)
        for kind, column in (("event", "event_n"), ("thing", "thing_n")):
            other = items.filter(~nw.col(column).is_null()).join(linked_twice, on=pair, how="semi")
            found.append(other.select(type_k=_type(kind), contact_n=nw.col(column)))
        found += self.linked_members(shared, young, items)
        return nw.concat(found).unique(subset=["type_k", "contact_n"])

    def linked_members(self, shared: Frame, young: Frame, items: Frame) -> list[Frame]:
        """For adults, places, and occasions too large to link anybody: pairs of their children that are linked."""
        pair = ["person_a_n", "person_b_n"]
        large = self.frame_of_crowds(shared)
        members = shared.select("type_k", "contact_n", "person_n").filter(
            nw.col("type_k").is_in([TYPE_NAMES.index("person"), TYPE_NAMES.index("location")])
        )
        members = self.tied.keep(nw.concat([members, large]), "members")
        both = young.join(members, left_on="person_a_n", right_on="person_n")
        both = both.join(
            members,
            left_on=["person_b_n", "type_k", "contact_n"],
            right_on=["person_n", "type_k", "contact_n"],
            how="semi",
        )
        here = (
            items.filter(~nw.col("location_n").is_null())
            .group_by(*pair, "location_n")
            .agg(nw.len().alias("through"))
        )
        here = here.with_columns(type_k=_type("location")).rename({"location_n": "contact_n"})
        both = both.join(here, on=[*pair, "type_k", "contact_n"], how="left")
        both = both.filter(nw.col("through").is_null() | (nw.col("items") > nw.col("through")))
        return [both.select("type_k", "contact_n")]

    def frame_of_crowds(self, shared: Frame) -> Frame:
        """Members of events and things that no item passes through, since too many people were there."""
        items = self.frame(self.links.items)
        found = []
        for kind, column in (("event", "event_n"), ("thing", "thing_n")):
            through = items.filter(~nw.col(column).is_null()).select(nw.col(column).alias("contact_n"))
            of_kind = shared.filter(nw.col("type_k") == TYPE_NAMES.index(kind)).select(
                "type_k", "contact_n", "person_n"
            )
            found.append(of_kind.join(through, on="contact_n", how="anti"))
        return nw.concat(found)


def _type(name: str) -> nw.Expr:
    return nw.lit(TYPE_NAMES.index(name), dtype=nw.Int32)


def _ties(rows: Frame, kind: str, tie: str, table: str | None, **columns: nw.Expr) -> Frame:
    """Give rows the columns of TIE_COLUMNS; `table` None where the rows are items, which name their own."""
    defaults = {
        "type_k": _type(kind),
        "tie_k": nw.lit(TIES.index(tie), dtype=nw.Int32),
        "table_k": nw.col("table_k") if table is None else nw.lit(TIE_TABLES.index(table), dtype=nw.Int32),
        **{name: nw.col(name) for name in ("person_n", "row", "source_n", "first_day", "last_day")},
        "harmful": nw.lit(False),
        "protective": nw.lit(False),
    }
    chosen = {**defaults, **columns}
    return rows.select(**{name: chosen[name] for name in TIE_COLUMNS})


def named_contacts() -> str:
    """Return the query for everything that can be a contact: type_k, contact_n, contact_id, contact_kind."""
    kinds = ("NULL", "kind", "kind", "kind")
    return " UNION ALL ".join(
        f"SELECT {k} AS type_k, {key.removesuffix('_id')}_n AS contact_n, {key} AS contact_id, {kind} AS contact_kind FROM {{{table}}}"
        for k, ((table, key), kind) in enumerate(zip(CONTACT_TYPES.values(), kinds, strict=True))
    )


def _result(contacts: Contacts, homes: str | None, chance: str | None, sure: str | None) -> str:
    tested = "NULL::DOUBLE AS p_value" if chance is None else "t.p_value"
    rests = (
        "NULL::VARCHAR AS rests_on, NULL::VARCHAR AS rests_on_agency"
        if sure is None
        else "s.rests_on, s.rests_on_agency"
    )
    joined = f"LEFT JOIN {chance} t USING (type_k, contact_n)" if chance is not None else ""
    joined += f" LEFT JOIN {sure} s USING (type_k, contact_n)" if sure is not None else ""
    ward = f"LEFT JOIN {homes} h USING (person_n)" if homes else ""
    wards = "count(DISTINCT h.ward_code)" if homes else "CAST(NULL AS BIGINT)"
    schema = contacts.contacts.split(".")[0]
    types = " ".join(f"WHEN {k} THEN '{name}'" for k, name in enumerate(TYPE_NAMES))
    return f"""WITH named AS ({named_contacts()}),
    homes AS (SELECT type_k, contact_n, {wards} AS wards, count(DISTINCT p.responsible_authority) AS authorities
        FROM {schema}.shared s JOIN {{people}} p USING (person_n) {ward} GROUP BY type_k, contact_n)
    SELECT CASE c.type_k {types} END AS contact_type, n.contact_id, n.contact_kind,
        CASE WHEN c.harmful AND c.protective THEN 'mixed' WHEN c.harmful THEN 'harmful' WHEN c.protective THEN 'protective' ELSE 'unknown' END AS nature,
        c.children, c.groups, h.wards, h.authorities, c.sources,
        DATE '1970-01-01' + CAST(c.first_day AS INTEGER) AS first_seen, DATE '1970-01-01' + CAST(c.last_day AS INTEGER) AS last_seen,
        c.not_otherwise_linked, {tested}, {rests}
    FROM {contacts.contacts} c JOIN named n USING (type_k, contact_n) LEFT JOIN homes h USING (type_k, contact_n) {joined}"""
