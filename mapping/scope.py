"""Limit records to what the hub knew by a date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from mapping.contract import PARENTS, TABLES
from mapping.records import Records, number_of, restricted_tables

# The date on which a row without a source became known, in the order to look.
OWN_DATES: Mapping[str, tuple[str, ...]] = {
    "associations": ("first_seen", "last_seen"),
    "events": ("started_at",),
    "presence": ("seen_at",),
    "thing_use": ("first_seen", "last_seen"),
    "missing": ("reported_at",),
    "placements": ("started_on",),
    "referrals": ("received_on",),
    "things": (),
    "participation": (),
}

# What a date that still lies ahead takes with it: nobody knew it then.
LATER: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "events": {"ended_at": ()},
    "missing": {
        "found_at": ("found_at_location", "interview_offered", "interview_accepted", "delay_reason"),
        "interview_held_at": ("delay_reason",),
    },
    "placements": {"ended_on": ()},
    "referrals": {
        "opened_on": ("decision",),
        "closed_on": (
            "re_engaged_education",
            "stable_accommodation",
            "positive_relationship",
            "fewer_missing",
        ),
    },
}


def latest_date(records: Records) -> date | None:
    """Return the latest date in the records, dates of birth apart; None where there is none."""
    dates = [
        f"SELECT max(CAST({column.name} AS DATE)) AS d FROM {{{table.name}}}"
        for table in TABLES.values()
        for column in table.columns
        if column.kind in ("date", "time") and column.name != "date_of_birth"
    ]
    found = records.execute(f"SELECT max(d) FROM ({' UNION ALL '.join(dates)})")[0][0]
    return found if isinstance(found, date) else None


def at_date(records: Records, as_of: date | None) -> Records:
    """Return what the hub knew at the end of a day.

    A row counts from its source's `recorded_on`, or without a source (or where the source has no date)
    from its own first date; a row with no date at all always counts. Of a row that counts, what lies
    after the day is not yet known: an episode found later is still open, a placement that ended later
    still stands, something last seen later was last seen on the day at the latest.

    Parameters
    ----------
    as_of : the day; None leaves the records whole (nothing in them has a date).
    """
    if as_of is None:
        return records
    latest = latest_date(records)
    if latest is None or latest <= as_of:
        return records
    schema, day = records.new_schema(), f"DATE '{as_of.isoformat()}'"
    changed = {"sources": f"{schema}.sources"}
    records.execute(
        f"CREATE TABLE {schema}.sources AS SELECT * FROM {{sources}} WHERE recorded_on IS NULL OR recorded_on <= {day}"
    )
    for name in restricted_tables():
        scoped = records.with_tables(changed)
        scoped.execute(f"CREATE TABLE {schema}.{name} AS {_known(name, day)}")
        changed[name] = f"{schema}.{name}"
    return records.with_tables(changed)


def _known(name: str, day: str) -> str:
    """Return the query for the rows of a table known by a day, with what lay ahead taken out."""
    own = [f"CAST(t.{column} AS DATE)" for column in OWN_DATES[name]]
    known = ", ".join(["s.recorded_on", *own, f"{day}"])
    # The source may itself be recorded later: then it is absent from the scoped sources but named here.
    where = [f"coalesce({known}) <= {day}", "(t.source_n IS NULL OR s.source_n IS NOT NULL)"]
    if name in PARENTS:
        parent, key = PARENTS[name]
        number = number_of(key)
        where.append(f"t.{number} IN (SELECT {number} FROM {{{parent}}})")
    replaced = ", ".join(_unknown(name, day))
    picked = f"t.* REPLACE ({replaced})" if replaced else "t.*"
    return f"SELECT {picked} FROM {{{name}}} t LEFT JOIN {{sources}} s ON s.source_n = t.source_n WHERE {' AND '.join(where)}"


def _unknown(name: str, day: str) -> list[str]:
    if name in ("associations", "thing_use"):
        # Not least(), which passes over a date that is not recorded.
        seen = ("first_seen", "last_seen")
        return [f"CASE WHEN t.{each} > {day} THEN {day} ELSE t.{each} END AS {each}" for each in seen]
    columns = {column.name: column for column in TABLES[name].columns}
    ahead: dict[str, list[str]] = {}
    for column, dependents in LATER.get(name, {}).items():
        for each in (column, *dependents):
            actual = number_of(each) if columns[each].refers_to else each
            ahead.setdefault(actual, []).append(f"coalesce(CAST(t.{column} AS DATE) > {day}, false)")
    return [
        f"CASE WHEN NOT ({' OR '.join(later)}) THEN t.{actual} END AS {actual}"
        for actual, later in ahead.items()
    ]
