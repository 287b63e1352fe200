"""Merge the records of people whom somebody has judged to be one person; nothing else ever merges two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mapping.contract import TABLES, Table
from mapping.records import Records, number_of
from mapping.storage import may_be_kept

Pair = tuple[str, str]
# Merged records named in one note.
MOST_NAMED = 20
# Columns that say one thing together: taken from one record, so that no two homes are mixed.
TOGETHER = (("home_postcode", "home_easting", "home_northing", "home_lsoa"),)


@dataclass(frozen=True)
class Identities:
    """What has been decided of who is who; every pair has the lower id first, and pairs are sorted.

    Attributes
    ----------
    same : pairs of records that are of one person.
    different : pairs that are of two people.
    """

    same: tuple[Pair, ...] = ()
    different: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class Clusters:
    """Records that are one person, and those about whom decisions contradict each other.

    Attributes
    ----------
    merged : id to the id that stands for it, the lowest of its cluster; ids that stand for themselves are absent.
    contradicted : clusters that are not merged, each with the pairs in it that were judged to be different.
    """

    merged: Mapping[str, str]
    contradicted: tuple[tuple[tuple[str, ...], tuple[Pair, ...]], ...]


def identities(judgements: pd.DataFrame) -> Identities:
    """Return who is who by the decisions that stand.

    Parameters
    ----------
    judgements : person_a, person_b, judgement, as `mapping.judgements.judgements` returns them.
    """
    pairs: dict[str, set[Pair]] = {"same": set(), "different": set()}
    for a, b, judgement in zip(
        judgements["person_a"], judgements["person_b"], judgements["judgement"], strict=True
    ):
        if judgement in pairs:
            pairs[judgement].add((min(a, b), max(a, b)))
    return Identities(tuple(sorted(pairs["same"])), tuple(sorted(pairs["different"])))


def load_decisions(case: Path | str, decisions: Path | str | None = None) -> pd.DataFrame:
    """Load the decisions about a case that stand, with the columns of `mapping.judgements.judgements`.

    Parameters
    ----------
    decisions : the store, a file or a database URL; by default what CONTEXTMAP_STORE names, or the file
        `CASE.decisions.sqlite` beside the case, where there is one.

    Raises
    ------
    FileNotFoundError
        The store given does not exist.
    """
    from mapping.judgements import load_judgements  # takes a while to load
    from mapping.store import store_exists, store_url

    url = store_url(case, decisions)
    if decisions is not None and not store_exists(url):
        msg = f"There is no store of decisions {decisions}. Check the path, or leave --decisions out."
        raise FileNotFoundError(msg)
    return load_judgements(url)


def load_identities(case: Path | str, decisions: Path | str | None = None) -> Identities:
    """Load who is who by the decisions about a case that stand; `decisions` as in `load_decisions`."""
    if not may_be_kept(case, decisions):
        return Identities()
    return identities(load_decisions(case, decisions))


def clusters(found: Identities, people: Iterable[str]) -> Clusters:
    """Gather pairs that are one person into clusters, among people who are in a case.

    A cluster that holds two records which somebody judged to be different is not merged, and said.
    """
    present = set(people)
    root: dict[str, str] = {}

    def find(person: str) -> str:
        while (above := root.get(person, person)) != person:
            root[person] = root.get(above, above)
            person = above
        return person

    for a, b in found.same:
        if a in present and b in present:
            one, other = sorted((find(a), find(b)))
            root[other] = one
    members: dict[str, list[str]] = {}
    for person in sorted({each for pair in found.same for each in pair} & present):
        members.setdefault(find(person), []).append(person)
    against: dict[str, list[Pair]] = {}
    for a, b in found.different:
        if a in present and b in present and find(a) == find(b):
            against.setdefault(find(a), []).append((a, b))
    merged = {
        person: top for top, each in members.items() if top not in against for person in each if person != top
    }
    contradicted = tuple((tuple(members[top]), tuple(pairs)) for top, pairs in sorted(against.items()))
    return Clusters(merged, contradicted)


def merge_people(records: Records, found: Identities) -> Records:
    """Return the records with the people who were judged to be one person merged; the originals stay as they are.

    The lowest id stands for all, and every reference points to it. Its row takes the values it has, and
    where it has none those of the next record by id; a home is taken whole from one record. Rows keep
    their numbers, so that evidence opens to the rows it rests on. Rows that now tie somebody to themselves,
    or say the same as another word for word, are set aside and counted. `notes` says what was merged, in
    what the merged records differ, and which decisions contradict each other.

    It must come after `mapping.access.visible`: what a viewer may not see is then not there to be merged.
    """
    if not found.same:
        return records
    people = [str(person) for (person,) in records.execute("SELECT person_id FROM {people}")]
    gathered = clusters(found, people)
    notes = [*records.notes, *(not_merged(*each) for each in gathered.contradicted)]
    if not gathered.merged:
        return records.with_tables({}, notes=tuple(notes))
    schema = records.new_schema()
    _write_standing(records, schema, gathered.merged)
    notes += [_merged(gathered.merged), *_differing(records, schema)]
    changed, aside = {"people": _write_people(records, schema)}, {}
    for table in TABLES.values():
        if any(column.refers_to == "people" for column in table.columns):
            changed[table.name], aside[table.name] = _write_table(records, schema, table)
    return records.with_tables(
        changed,
        notes=tuple(notes),
        rejected=_with_aside(records.rejected, aside),
        counts=_counts(records, len(gathered.merged), aside),
    )


def _merged(merged: Mapping[str, str]) -> str:
    listed = ", ".join(f"{other} as {top}" for other, top in sorted(merged.items())[:MOST_NAMED])
    more = f" and {len(merged) - MOST_NAMED:,} more" if len(merged) > MOST_NAMED else ""
    records = "1 record of a person is" if len(merged) == 1 else f"{len(merged):,} records of people are"
    return f"{records} read as another record of the same person, because somebody judged so: {listed}{more}."


def not_merged(people: Sequence[str], pairs: Sequence[Pair]) -> str:
    """Return the sentence on records that are not merged, because decisions about them contradict each other."""
    against = ", ".join(f"{a} and {b}" for a, b in pairs)
    return f"{', '.join(people)} are not merged: they were judged to be one person two by two, but {against} to be different. Decide again about one of these pairs."


def _write_standing(records: Records, schema: str, merged: Mapping[str, str]) -> None:
    """Write the table of merged people: person_n, and standing_n, who stands for them."""
    arriving = pd.DataFrame({"person_id": list(merged), "standing_id": list(merged.values())}, dtype="str")
    with records.connection.cursor() as cursor:
        cursor.register("arriving_merged", arriving)
        cursor.execute(
            f"""CREATE TABLE {schema}.standing AS SELECT p.person_n, s.person_n AS standing_n
            FROM arriving_merged a JOIN {records.tables["people"]} p ON p.person_id = a.person_id
            JOIN {records.tables["people"]} s ON s.person_id = a.standing_id"""
        )
    records.execute(
        f"""CREATE TABLE {schema}.clustered AS
        SELECT p.*, coalesce(s.standing_n, p.person_n) AS standing_n FROM {{people}} p LEFT JOIN {schema}.standing s USING (person_n)
        WHERE s.person_n IS NOT NULL OR p.person_n IN (SELECT standing_n FROM {schema}.standing)"""
    )


def _columns(records: Records, table: str) -> list[str]:
    """Return the columns of a table as it is written, its number and row among them."""
    return [str(name) for name, *_ in records.execute(f"DESCRIBE {{{table}}}")]


def _write_people(records: Records, schema: str) -> str:
    """Write the people: those nobody merged as they are, and each cluster as one row."""
    first = "first({0} ORDER BY person_n) FILTER (WHERE {1})"
    columns = _columns(records, "people")
    chosen = {column: first.format(column, f"{column} IS NOT NULL") for column in columns}
    # What belongs to the record that stands, and not to the person.
    chosen |= {
        column: first.format(column, "true")
        for column in ("person_n", "person_id", "row")
        if column in columns
    }
    for group in TOGETHER:
        given = " OR ".join(f"{column} IS NOT NULL" for column in group)
        chosen |= {column: first.format(column, given) for column in group}
    picked = ", ".join(f"{value} AS {column}" for column, value in chosen.items())
    records.execute(
        f"""CREATE TABLE {schema}.people AS SELECT {", ".join(columns)} FROM {{people}}
        WHERE person_n NOT IN (SELECT person_n FROM {schema}.clustered)
        UNION ALL SELECT {picked} FROM {schema}.clustered GROUP BY standing_n"""
    )
    return f"{schema}.people"


def _differing(records: Records, schema: str) -> list[str]:
    """Return one sentence for each cluster whose records give different values for something."""
    grouped = [column for group in TOGETHER for column in group]
    alone = [column.name for column in TABLES["people"].columns if column.name not in ("person_id", *grouped)]
    said = {column: _several(_number(column)) for column in alone}
    said["home"] = " OR ".join(_several(column) for column in grouped)
    parts = ", ".join(f"CASE WHEN {several} THEN '{column}' END" for column, several in said.items())
    rows = records.execute(
        f"""SELECT string_agg(person_id, ', ' ORDER BY person_n), min(person_id), concat_ws(', ', {parts}) AS differing
        FROM {schema}.clustered GROUP BY standing_n HAVING differing <> '' ORDER BY standing_n"""
    )
    return [
        f"{people} are read as one person, but differ in {columns}: what {top} says is used, where it says anything."
        for people, top, columns in rows
    ]


def _several(column: str) -> str:
    return f"count(DISTINCT {column}) > 1"


def _number(column: str) -> str:
    """Return the column that stands for one in a coded table: its number where it holds ids."""
    return number_of(column) if TABLES["people"].column(column).refers_to else column


def _write_table(records: Records, schema: str, table: Table) -> tuple[str, pd.DataFrame]:
    """Write one table with every person replaced by who stands for them; return it with the rows set aside."""
    whose = [number_of(column.name) for column in table.columns if column.refers_to == "people"]
    joins = "".join(
        f" LEFT JOIN {schema}.standing s{place} ON s{place}.person_n = t.{name}"
        for place, name in enumerate(whose)
    )
    replaced = ", ".join(
        f"coalesce(s{place}.standing_n, t.{name}) AS {name}" for place, name in enumerate(whose)
    )
    content = ", ".join(column for column in _columns(records, table.name) if column != "row")
    same = "0" if table.key else f"min(row) OVER (PARTITION BY {content})"
    themselves = f"{whose[0]} = {whose[1]}" if len(whose) > 1 else "false"
    name, whole = f"{schema}.{table.name}", f"{schema}.whole_{table.name}"
    records.execute(
        f"""CREATE TABLE {whole} AS SELECT *, {themselves} AS themselves, {same} AS first_row
        FROM (SELECT t.* REPLACE ({replaced}) FROM {{{table.name}}} t{joins})"""
    )
    again = f"({themselves} OR first_row NOT IN (0, row))"
    aside = records.connection.execute(
        f"SELECT row, themselves, first_row FROM {whole} WHERE {again} ORDER BY row"
    ).df()
    records.execute(
        f"CREATE TABLE {name} AS SELECT * EXCLUDE (themselves, first_row) FROM {whole} WHERE NOT {again}"
    )
    records.execute(f"DROP TABLE {whole}")
    return name, aside


def _with_aside(rejected: pd.DataFrame, aside: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Add the rows that merging set aside to those that reading did."""
    added = [
        # The rows are those the viewer may see, so none is restricted to others.
        {
            "table": name,
            "row": int(row),
            "column": None,
            "value": None,
            "reason": _reason(bool(themselves), int(first)),
            "restricted": False,
        }
        for name, rows in aside.items()
        for row, themselves, first in zip(rows["row"], rows["themselves"], rows["first_row"], strict=True)
    ]
    if not added:
        return rejected
    both = pd.concat([rejected, pd.DataFrame(added, columns=rejected.columns)], ignore_index=True)
    order = ["table", "row", "column", "reason"]
    return both.astype(rejected.dtypes.to_dict()).sort_values(order, na_position="first", ignore_index=True)


def _reason(themselves: bool, first: int) -> str:
    if themselves:
        return "ties two records that were judged to be of one person; nobody is linked to themselves"
    return (
        f"says the same as row {first} now that two records were judged to be of one person; that row is kept"
    )


def _counts(records: Records, merged: int, aside: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, int]]:
    """Account for every row again: merged people are counted apart, rows set aside with the others."""
    counts = {name: dict(counted) for name, counted in records.counts.items()}
    counts["people"] |= {"kept": counts["people"]["kept"] - merged, "merged": merged}
    for name, rows in aside.items():
        for count, step in (("kept", -1), ("set_aside", 1), ("faults", 1)):
            counts[name][count] += step * len(rows)
    return counts
