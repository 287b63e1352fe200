"""Open links and contacts down to the rows they rest on, each with its date, agency, grade and handling."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from mapping.contacts import CONTACT_TYPES, TIE_TABLES, TIES, TYPE_NAMES, Contacts, named_contacts
from mapping.evidence import grade_text
from mapping.links import TABLES, Links
from mapping.partition import UNIT
from mapping.records import Records

_DAY = "DATE '1970-01-01' + CAST({} AS INTEGER)"


def all_items(links: Links) -> str:
    """Return the query for the `link_items` result: one row an item of a link.

    table_a and row_a, table_b and row_b name the rows of the case; a stated association is one row and
    its second is empty. Sources are empty where the row named none.
    """
    return f"""SELECT {_pair_columns(links)} {_ITEM_JOINS.format(items=links.items)}"""


def link_items(links: Links, person_a: str, person_b: str) -> pd.DataFrame:
    """Return the items of one link, newest first, with everything an evidence panel shows.

    Columns: date_from, date_to, kind, nature, weight, table, row, other_table, other_row, what, place,
    source_id, source_kind, agency, recorded_on, grade, handling, text; an item of two sources has two rows.
    """
    low, high = sorted((person_a, person_b))
    return _opened(links, "a.person_id = ? AND b.person_id = ?", [low, high])


def person_items(links: Links, person_id: str) -> pd.DataFrame:
    """Return the items of every link of one person; person_a and person_b say whose."""
    return _opened(links, "a.person_id = ? OR b.person_id = ?", [person_id, person_id])


def group_items(links: Links, groups: str, group_id: str) -> pd.DataFrame:
    """Return the items of every link between members of one group."""
    inside = f"IN (SELECT person_n FROM {groups} WHERE group_id = ?)"
    return _opened(links, f"i.person_a_n {inside} AND i.person_b_n {inside}", [group_id, group_id])


def contact_items(contacts: Contacts, contact_type: str, contact_id: str) -> pd.DataFrame:
    """Return the rows that tie children to one contact, newest first.

    Columns: person_id, tie, date_from, date_to, table, row, source_id, source_kind, agency,
    recorded_on, grade, handling, text.

    Raises
    ------
    KeyError
        No such type of contact.
    """
    if contact_type not in CONTACT_TYPES:
        msg = f"{contact_type!r} is not a type of contact. Use one of {', '.join(CONTACT_TYPES)}."
        raise KeyError(msg)
    records = contacts.records
    table, key = CONTACT_TYPES[contact_type]
    number = key.removesuffix("_id") + "_n"
    ties = _worded("t.tie_k", TIES)
    query = f"""SELECT p.person_id, {ties} AS tie, {_DAY.format("t.first_day")} AS date_from, {_DAY.format("t.last_day")} AS date_to,
        {_worded("t.table_k", TIE_TABLES)} AS "table", t.row,
        {_SOURCE_COLUMNS}
    FROM {contacts.ties} t JOIN {{people}} p USING (person_n) LEFT JOIN {{sources}} s ON s.source_n = t.source_n
    WHERE t.type_k = {TYPE_NAMES.index(contact_type)} AND t.contact_n = (SELECT {number} FROM {{{table}}} WHERE {key} = ?)
    ORDER BY date_to DESC NULLS LAST, p.person_id, "table", t.row, tie"""
    return _read(records, query, [contact_id])


def contact_ties(contacts: Contacts, types: Sequence[str]) -> pd.DataFrame:
    """Return one row for each child and each shared contact of some types.

    Columns: contact_type, contact_id, person_id, kinds (how tied, as "seen|found"), items (rows), sources,
    first_seen, last_seen; in that order of ids.
    """
    numbers = ", ".join(str(TYPE_NAMES.index(name)) for name in types)
    schema = contacts.contacts.split(".")[0]
    # Counted by numbers, and put into words at the end: there may be a million ties, of a dozen different kinds.
    said = " || ".join(
        f"CASE WHEN tied & {1 << TIES.index(tie)} > 0 THEN '|{tie}' ELSE '' END" for tie in sorted(TIES)
    )
    query = f"""WITH counted AS (SELECT type_k, contact_n, person_n, bit_or(CAST(1 AS INTEGER) << tie_k) AS tied, count(*) AS items,
        count(DISTINCT source_n) AS sources, min(first_day) AS first_day, max(last_day) AS last_day
        FROM {contacts.ties} SEMI JOIN {schema}.contacts USING (type_k, contact_n) WHERE type_k IN ({numbers}) GROUP BY ALL),
    worded AS (SELECT tied, ltrim({said}, '|') AS kinds FROM (SELECT DISTINCT tied FROM counted))
    SELECT {_worded("t.type_k", TYPE_NAMES)} AS contact_type, n.contact_id, p.person_id, w.kinds, t.items, t.sources,
        {_DAY.format("t.first_day")} AS first_seen, {_DAY.format("t.last_day")} AS last_seen
    FROM counted t JOIN worded w USING (tied) JOIN ({named_contacts()}) n USING (type_k, contact_n) JOIN {{people}} p USING (person_n)
    ORDER BY t.type_k, n.contact_id, p.person_id"""
    return _read(contacts.records, query, [])


def _read(records: Records, query: str, values: list[str]) -> pd.DataFrame:
    """Run a query on a connection of its own, so that threads do not share one."""
    with records.connection.cursor() as cursor:
        found: pd.DataFrame = cursor.execute(query.format_map(records.tables), values).df()
    return found


_SOURCE_COLUMNS = f"""s.source_id, s.kind AS source_kind, s.agency, s.recorded_on,
        {grade_text("((ascii(s.information_grade) - 64) * 10 + coalesce(TRY_CAST(s.source_grade AS INTEGER), 9))")} AS grade,
        s.handling, s.text"""

_ITEM_JOINS = """FROM {items} i JOIN {{people}} a ON a.person_n = i.person_a_n JOIN {{people}} b ON b.person_n = i.person_b_n
    LEFT JOIN {{sources}} sa ON sa.source_n = i.source_a_n LEFT JOIN {{sources}} sb ON sb.source_n = i.source_b_n
    LEFT JOIN {{things}} th ON th.thing_n = i.thing_n LEFT JOIN {{events}} ev ON ev.event_n = i.event_n
    LEFT JOIN {{locations}} lo ON lo.location_n = i.location_n"""


def _worded(number: str, names: tuple[str, ...]) -> str:
    return f"CASE {number} {' '.join(f'WHEN {k} THEN {chr(39)}{name}{chr(39)}' for k, name in enumerate(names))} END"


def _pair_columns(links: Links) -> str:
    nature = "CASE WHEN (i.harm_by_a OR i.harm_by_b) AND i.protective THEN 'mixed' WHEN (i.harm_by_a OR i.harm_by_b) THEN 'harmful' WHEN i.protective THEN 'protective' WHEN i.neutral THEN 'neutral' ELSE 'unknown' END"
    return f"""a.person_id AS person_a, b.person_id AS person_b, {_worded("i.kind_k", tuple(links.kinds))} AS kind, {nature} AS nature,
        i.units / {UNIT}.0 AS weight, {_worded("i.table_k", TABLES)} AS table_a, i.row_a,
        CASE WHEN i.row_b <> i.row_a OR i.table_k <> 0 THEN {_worded("i.table_k", TABLES)} END AS table_b,
        CASE WHEN i.row_b <> i.row_a OR i.table_k <> 0 THEN i.row_b END AS row_b,
        sa.source_id AS source_a, sb.source_id AS source_b, {grade_text("i.grade")} AS grade,
        {_DAY.format("i.first_day")} AS date_from, {_DAY.format("i.last_day")} AS date_to,
        th.thing_id, ev.event_id, lo.location_id"""


def _opened(links: Links, where: str, values: list[str]) -> pd.DataFrame:
    """Open items to what the panel shows, one row for each item and source."""
    what = "coalesce(ev.summary, th.label, lo.name, '')"
    query = f"""WITH chosen AS (
        SELECT {_pair_columns(links)}, {what} AS what, lo.name AS place, i.source_a_n, i.source_b_n
        {_ITEM_JOINS.format(items=links.items)} WHERE {where}),
    sourced AS (
        SELECT *, coalesce(source_a_n, source_b_n) AS source_n FROM chosen
        UNION ALL SELECT *, source_b_n FROM chosen WHERE source_b_n <> source_a_n)
    SELECT c.person_a, c.person_b, c.date_from, c.date_to, c.kind, c.nature, c.weight, c.table_a AS "table", c.row_a AS row,
        c.table_b AS other_table, c.row_b AS other_row, c.what, c.place, c.thing_id, c.event_id, c.location_id,
        {_SOURCE_COLUMNS}
    FROM sourced c LEFT JOIN {{sources}} s ON s.source_n = c.source_n
    ORDER BY c.date_to DESC NULLS LAST, c.person_a, c.person_b, "table", row, other_row, s.source_id"""
    return _read(links.records, query, values)


def all_contact_items(contacts: Contacts, types: Sequence[str]) -> pd.DataFrame:
    """Return the rows that tie children to the shared contacts of some types, in the order of ids.

    Columns: contact_type, contact_id, and those of `contact_items`.
    """
    numbers = ", ".join(str(TYPE_NAMES.index(name)) for name in types)
    schema = contacts.contacts.split(".")[0]
    query = f"""SELECT {_worded("t.type_k", TYPE_NAMES)} AS contact_type, n.contact_id, p.person_id, {_worded("t.tie_k", TIES)} AS tie,
        {_DAY.format("t.first_day")} AS date_from, {_DAY.format("t.last_day")} AS date_to,
        {_worded("t.table_k", TIE_TABLES)} AS "table", t.row,
        {_SOURCE_COLUMNS}
    FROM {contacts.ties} t SEMI JOIN {schema}.contacts USING (type_k, contact_n)
    JOIN ({named_contacts()}) n USING (type_k, contact_n) JOIN {{people}} p USING (person_n)
    LEFT JOIN {{sources}} s ON s.source_n = t.source_n
    WHERE t.type_k IN ({numbers}) ORDER BY t.type_k, n.contact_id, p.person_id, date_to, "table", t.row, tie"""
    return _read(contacts.records, query, [])
