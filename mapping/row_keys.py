"""Name each row of a case by what it says, so that the same row is found again in another copy."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from mapping.contract import TABLES, Table

# What tells the rows of a table without a column of ids apart.
NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "associations": ("person_a", "person_b", "kind", "source_id"),
    "participation": ("event_id", "person_id", "role", "source_id"),
    "presence": ("person_id", "location_id", "seen_at", "source_id"),
    "thing_use": ("thing_id", "person_id", "first_seen", "source_id"),
    "placements": ("person_id", "location_id", "started_on"),
}


def naming(table: Table) -> tuple[str, ...]:
    """Return the columns whose values name a row of a table."""
    return (table.key,) if table.key else NAMED_BY[table.name]


def row_key_sql(table: Table, columns: Mapping[str, str]) -> str:
    """Return the SQL for the key of a row as written.

    Parameters
    ----------
    columns : the contract columns that are there, with their DuckDB types.
    """
    return " || '|' || ".join(_written(table, name, columns.get(name)) for name in naming(table))


def _written(table: Table, name: str, sql_type: str | None) -> str:
    if sql_type is None:
        return "''"
    text = f"coalesce(trim(CAST({name} AS VARCHAR)), '')"
    if table.column(name).kind in ("date", "time"):
        # The same moment is the same, however it is written.
        return f"coalesce(strftime(TRY_CAST({name} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S'), {text})"
    if sql_type in ("DOUBLE", "FLOAT"):
        return f"coalesce(CAST(TRY_CAST({name} AS BIGINT) AS VARCHAR), '')"
    return text


def row_key(table: str, row: Mapping[str, str]) -> str:
    """Return the key of one row, as `row_key_sql` writes it.

    Raises
    ------
    ValueError
        There is no such table in the contract.
    """
    if table not in TABLES:
        msg = f"{table!r} is not a table of a case: use one of {', '.join(TABLES)}."
        raise ValueError(msg)
    wanted = naming(TABLES[table])
    columns = dict.fromkeys(wanted, "VARCHAR")
    values = ", ".join(f"CAST(? AS VARCHAR) AS {name}" for name in wanted)
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(
            f"SELECT {row_key_sql(TABLES[table], columns)} FROM (SELECT {values})",
            [row.get(name) for name in wanted],
        ).fetchone()
    return str(found[0]) if found else ""
