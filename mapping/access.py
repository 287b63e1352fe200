"""Decide who may see what, before anything else reads the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mapping.contract import PARENTS, TABLES
from mapping.records import Records, restricted_tables


@dataclass(frozen=True)
class Role:
    """What a role may see: reports under handling C, and people at all."""

    name: str
    label: str
    sees_restricted: bool
    sees_people: bool


ROLES: Mapping[str, Role] = {
    role.name: role
    for role in (
        Role("analyst", "police analyst", sees_restricted=True, sees_people=True),
        Role("social_worker", "social worker", sees_restricted=False, sees_people=True),
        Role("chair", "chair of the daily meeting", sees_restricted=False, sees_people=True),
        Role("planner", "planner", sees_restricted=False, sees_people=False),
    )
}


@dataclass(frozen=True)
class Viewer:
    """Who is looking. Two viewers of one role may see the same."""

    role: str = "analyst"

    def __post_init__(self) -> None:
        """Refuse a role that does not exist."""
        if self.role not in ROLES:
            msg = f"{self.role!r} is not a role. Use one of {', '.join(ROLES)}."
            raise ValueError(msg)

    @property
    def sees_restricted(self) -> bool:
        """Whether reports under handling C, or of unknown handling, reach this viewer."""
        return ROLES[self.role].sees_restricted

    @property
    def sees_people(self) -> bool:
        """Whether this viewer may see people, or wards only."""
        return ROLES[self.role].sees_people


def may_read(content: Mapping[str, object], viewer: Viewer) -> bool:
    """Say whether a viewer may read what somebody entered.

    What was begun by somebody who sees restricted reports may rest on them, in its words or in what it picks out,
    so it is for those only who see them too; and so is what does not say in which role it was begun.

    Parameters
    ----------
    content : of an entry; its `role` (of a plan `viewer`) is the role in which it was begun.
    """
    if viewer.sees_restricted:
        return True
    role = str(content.get("role", content.get("viewer", "")))
    return role in ROLES and not ROLES[role].sees_restricted


def reaches_others(content: Mapping[str, object], viewer: Viewer) -> bool:
    """Say whether what this viewer adds to something entered is read by some who may not see all that they see.

    Parameters
    ----------
    content : of an entry, as for `may_read`.
    """
    fewer = (Viewer(role.name) for role in ROLES.values() if not role.sees_restricted)
    return viewer.sees_restricted and any(may_read(content, other) for other in fewer)


def visible(records: Records, viewer: Viewer) -> Records:
    """Return the records that a viewer's network is built from.

    What rests only on a withheld report is absent, not blanked: the same case without that report
    gives the same records. Handling C reaches analysts only; so does a row that names a source which
    was set aside, since nobody can tell how it may be shared. A planner's records name nobody and hold
    nothing that links people: they serve the ward table only.
    """
    if not viewer.sees_restricted:
        records = _without_restricted(records)
    if not viewer.sees_people:
        records = _without_people(records)
    return records


def _without_restricted(records: Records) -> Records:
    schema = records.new_schema()
    changed = {"sources": f"{schema}.sources"}
    records.execute(f"CREATE TABLE {schema}.sources AS SELECT * FROM {{sources}} WHERE NOT restricted")
    for name in restricted_tables():
        where = f"NOT t.source_lost AND (t.source_n IS NULL OR t.source_n IN (SELECT source_n FROM {schema}.sources))"
        if name in PARENTS:
            parent, key = PARENTS[name]
            number = key.removesuffix("_id") + "_n"
            where += f" AND t.{number} IN (SELECT {number} FROM {changed[parent]})"
        changed[name] = f"{schema}.{name}"
        records.execute(f"CREATE TABLE {changed[name]} AS SELECT * FROM {{{name}}} t WHERE {where}")
    rejected = records.rejected[~records.rejected["restricted"].astype(bool)].reset_index(drop=True)
    # How many rows were corrected, and which, tells of rows that are not there.
    notes = tuple(note for note in records.notes if note not in records.by_hand)
    seen = records.with_tables(changed, rejected=rejected, notes=notes)
    return seen.with_tables({}, counts=_counts(seen))


def _counts(records: Records) -> dict[str, dict[str, int]]:
    """Count rows again from what is visible, so that not even a total tells of a withheld row."""
    counts = {}
    for name in TABLES:
        kept = int(records.execute(f"SELECT count(*) FROM {{{name}}}")[0][0])
        faults = records.rejected[records.rejected["table"] == name]
        kept_rows = (
            {row for (row,) in records.execute(f"SELECT row FROM {{{name}}}")} if len(faults) else set()
        )
        set_aside = len(set(faults["row"].dropna().astype(int)) - kept_rows)
        counts[name] = {"read": kept + set_aside, "kept": kept, "set_aside": set_aside, "faults": len(faults)}
    return counts


# Text that a planner needs; any other may name somebody.
PLAIN_TEXT = {
    ("locations", "name"),
    ("locations", "provider"),
    ("sources", "agency"),
    ("referrals", "source_agency"),
}
# Places that are named after who lives there.
PRIVATE = ("home", "foster_home")
LINKING = ("associations", "participation", "presence", "things", "thing_use")


def _anonymous(name: str) -> dict[str, str]:
    """Return what stands in place of a table's ids, rows and free text, as SQL by column."""
    table = TABLES[name]
    # People in an order that says nothing of their ids; all else in the order of its ids.
    order = "md5(person_id), person_id" if name == "people" else str(table.key or "row")
    number = f"row_number() OVER (ORDER BY {order})"
    replaced = {"row": number}
    if table.key is not None:
        replaced[table.key] = f"'{name} ' || lpad(CAST({number} AS VARCHAR), 9, '0')"
    for column in table.columns:
        if column.kind == "text" and (name, column.name) not in PLAIN_TEXT:
            replaced[column.name] = "CAST(NULL AS VARCHAR)"
    if name == "locations":
        private = ", ".join(f"'{kind}'" for kind in PRIVATE)
        replaced["name"] = f"CASE WHEN kind NOT IN ({private}) THEN name END"
    return replaced


def _without_people(records: Records) -> Records:
    """Keep what ward counts need, under numbers that lead back to nobody."""
    schema = records.new_schema()
    changed = {name: f"{schema}.{name}" for name in TABLES}
    for name, table in changed.items():
        where = " WHERE false" if name in LINKING else ""
        replaced = ", ".join(f"{value} AS {column}" for column, value in _anonymous(name).items())
        records.execute(f"CREATE TABLE {table} AS SELECT * REPLACE ({replaced}) FROM {{{name}}}{where}")
    rejected = records.rejected.iloc[0:0]
    seen = records.with_tables(changed, rejected=rejected)
    return seen.with_tables({}, counts=_counts(seen))
