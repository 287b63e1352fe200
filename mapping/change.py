"""Say what differs between what was known at two moments: groups, members, links, shared contacts, children missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from mapping.match import Matched, match_groups

COLUMNS = (
    *("kind", "group_id", "other_group_id", "person_id", "other_person_id"),
    *("contact_type", "contact_id", "detail"),
)
# In the order in which a reader wants them: groups, members, contacts, links, children missing.
KINDS: Mapping[str, str] = {
    "formed": "a group that continues none of the earlier ones",
    "grown": "a group that gained more members than it lost",
    "shrunk": "a group that lost more members than it gained",
    "merged": "other_group_id is now part of group_id",
    "split": "other_group_id came out of group_id",
    "dissolved": "a group that nothing continues",
    "continued": "a group with as many members as before",
    "joined": "person_id is now in group_id; other_group_id is where they were before",
    "left": "person_id is no longer in group_id; other_group_id is where they are now",
    "contact_new": "now tied to two or more children",
    "contact_reached_group": "newly tied to a child of group_id, of which it reached nobody before",
    "contact_gone": "no longer tied to two or more children",
    "link_new": "person_id and other_person_id were not linked before",
    "link_renewed": "a link with new evidence",
    "link_faded": "a link whose newest evidence is now older than the half-life",
    "link_gone": "person_id and other_person_id are no longer linked",
    "missing": "a child who is missing and was not",
    "found": "a child who was missing and is not",
}


@dataclass(frozen=True)
class Standing:
    """What was known at one moment, as tables.

    Attributes
    ----------
    as_of : the day; None where nothing is dated.
    groups : person_id, group_id.
    links : person_a, person_b, items, last_seen.
    ties : contact_type, contact_id, person_id: the children of each shared contact, each once.
    missing : person_id, reported_at, missing_from: children missing at the end of the day, each once.
    """

    as_of: date | None
    groups: pa.Table
    links: pa.Table
    ties: pa.Table
    missing: pa.Table


@dataclass(frozen=True)
class Groups:
    """The groups of two or more at two moments, and which continues which.

    Attributes
    ----------
    people : person_id, before, after: place of their group in the lists below, -1 for in none.
    before, after : group_id of each group.
    matched : how they relate.
    """

    people: pd.DataFrame
    before: Sequence[str]
    after: Sequence[str]
    matched: Matched


def compare_groups(before: pa.Table, after: pa.Table) -> Groups:
    """Match the groups of two or more of two moments; both tables have person_id, group_id."""
    one, other = (_large(table) for table in (before, after))
    people = one.merge(other, on="person_id", how="outer", suffixes=("_before", "_after"))
    people = people.sort_values("person_id", ignore_index=True)
    codes, names = {}, {}
    for side in ("before", "after"):
        codes[side], found = pd.factorize(people[f"group_id_{side}"], sort=True)
        names[side] = [str(name) for name in found]
    matched = match_groups(
        codes["before"].astype(np.int64),
        codes["after"].astype(np.int64),
        before_order=names["before"],
        after_order=names["after"],
    )
    listed = pd.DataFrame({"person_id": people["person_id"], **codes})
    return Groups(listed, names["before"], names["after"], matched)


def changes(before: Standing, after: Standing, *, half_life: float | None) -> pd.DataFrame:
    """Return every change between two moments, one row each.

    Groups are those of two or more people. Each earlier group is continued, grown, shrunk, merged into
    another, or dissolved; each later one continues an earlier one, came out of one (split), or formed. A
    group that merged or split has a row for each other group, in place of grown, shrunk or continued.
    A group keeps the id it had before: where the later moment knows it by another, that is other_group_id.

    Parameters
    ----------
    half_life : days after which a link whose newest evidence is older counts as faded; None for never.

    Returns
    -------
    DataFrame of COLUMNS, in the order of KINDS, then by ids.
    """
    groups = compare_groups(before.groups, after.groups)
    found = pd.concat(
        [
            _of_groups(groups),
            _of_members(groups),
            _of_contacts(groups, before, after),
            _of_links(before, after, half_life),
            _of_missing(before, after),
        ],
        ignore_index=True,
    )
    order = found["kind"].map({kind: place for place, kind in enumerate(KINDS)})
    found = found.assign(order=order).sort_values(["order", *COLUMNS[1:-1]], ignore_index=True)
    out: pd.DataFrame = found[list(COLUMNS)].astype("str")
    return out


def _large(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.select(["person_id", "group_id"]).to_pandas()
    return frame[frame["group_id"].map(frame["group_id"].value_counts()) > 1]


def _rows(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=object)


def _of_groups(groups: Groups) -> pd.DataFrame:
    """What became of each group of either moment."""
    absorbed, offshoots = _apart(groups.matched)
    continued = {after: before for before, after in groups.matched.continues.items()}
    was, now = (np.bincount(codes[codes >= 0]) for codes in (groups.people["before"], groups.people["after"]))
    both = groups.people[(groups.people["before"] >= 0) & (groups.people["after"] >= 0)]
    stayed = both.groupby(["before", "after"]).size().to_dict()
    rows: list[tuple[str, str, str | None, str]] = []
    for before, after in absorbed.items():
        said = f"{stayed[before, after]} of {was[before]} are now in it; it has {now[after]} members"
        rows.append(("merged", _id(groups, continued, after), groups.before[before], said))
    for after, before in offshoots.items():
        said = f"{stayed[before, after]} of its {was[before]} members are now a group of {now[after]}"
        rows.append(("split", groups.before[before], groups.after[after], said))
    for before, after in groups.matched.continues.items():
        if after not in absorbed.values() and before not in offshoots.values():
            joined, left = (int(of) - int(stayed[before, after]) for of in (now[after], was[before]))
            kind = "grown" if joined > left else "shrunk" if left > joined else "continued"
            other = groups.after[after] if groups.after[after] != groups.before[before] else None
            said = f"{joined} joined, {left} left; {now[after]} members, {was[before]} before"
            rows.append((kind, groups.before[before], other, said))
    gone = set(range(len(groups.before))) - set(groups.matched.continues) - set(absorbed)
    rows += [("dissolved", groups.before[g], None, f"it had {was[g]} members") for g in sorted(gone)]
    fresh = set(range(len(groups.after))) - set(continued) - set(offshoots)
    rows += [("formed", groups.after[g], None, f"{now[g]} members") for g in sorted(fresh)]
    return _rows([dict(zip(("kind", *COLUMNS[1:3], "detail"), row, strict=True)) for row in rows])


def _apart(matched: Matched) -> tuple[dict[int, int], dict[int, int]]:
    """Return earlier groups that went into another (earlier to later) and later ones that came out of one (later to earlier)."""
    absorbed: dict[int, int] = {}
    offshoots: dict[int, int] = {}
    taken = set(matched.continues.values())
    for before, after in matched.related:
        if before not in matched.continues:
            absorbed.setdefault(before, after)
        elif after not in taken:
            offshoots.setdefault(after, before)
    return absorbed, offshoots


def _id(groups: Groups, continued: Mapping[int, int], after: int) -> str:
    """The id a later group is known by: that of the earlier group it continues."""
    return groups.before[continued[after]] if after in continued else groups.after[after]


def _of_members(groups: Groups) -> pd.DataFrame:
    """Who joined and who left a group that continues."""
    continues = groups.matched.continues
    continued = {after: before for before, after in continues.items()}
    people = groups.people
    goes_on = people["before"].map(continues).fillna(-1).astype(int)
    moved = people[goes_on != people["after"]]
    rows = []
    for person, before, after in moved.itertuples(index=False):
        was = groups.before[before] if before >= 0 else None
        now = _id(groups, continued, after) if after >= 0 else None
        if after in continued:
            said = "from another group" if was else "from no group"
            rows.append(
                {
                    "kind": "joined",
                    "group_id": now,
                    "other_group_id": was,
                    "person_id": person,
                    "detail": said,
                }
            )
        if before in continues:
            said = "to another group" if now else "to no group"
            rows.append(
                {"kind": "left", "group_id": was, "other_group_id": now, "person_id": person, "detail": said}
            )
    return _rows(rows)


def _of_contacts(groups: Groups, before: Standing, after: Standing) -> pd.DataFrame:
    """Contacts that are new, gone, or newly tied to a child of a group they did not reach."""
    continued = {after: before for before, after in groups.matched.continues.items()}
    one, other = groups.people["before"], groups.people["after"]
    people = pa.table(
        {
            "person_id": pa.array(groups.people["person_id"], pa.string()),
            "was_in": pa.array([groups.before[g] if g >= 0 else None for g in one], pa.string()),
            "is_in": pa.array([_id(groups, continued, g) if g >= 0 else None for g in other], pa.string()),
        }
    )
    contact = "contact_type, contact_id"
    return _asked(
        f"""WITH reached_before AS (SELECT DISTINCT {contact}, p.was_in AS group_id FROM before JOIN people p USING (person_id) WHERE p.was_in IS NOT NULL),
            n_before AS (SELECT {contact}, count(*) AS children FROM before GROUP BY ALL),
            n_after AS (SELECT {contact}, count(*) AS children FROM after GROUP BY ALL),
            new_ties AS (SELECT {contact}, person_id FROM after ANTI JOIN before USING ({contact}, person_id)),
            reached AS (SELECT {contact}, p.is_in AS group_id, count(*) AS children FROM new_ties JOIN people p USING (person_id)
                JOIN n_before USING ({contact}) ANTI JOIN reached_before r
                ON r.contact_type = new_ties.contact_type AND r.contact_id = new_ties.contact_id AND r.group_id = p.is_in
                WHERE p.is_in IS NOT NULL GROUP BY ALL)
        SELECT 'contact_new' AS kind, NULL AS group_id, {contact}, children || ' children' AS detail FROM n_after ANTI JOIN n_before USING ({contact})
        UNION ALL SELECT 'contact_gone', NULL, {contact}, 'it had ' || children || ' children' FROM n_before ANTI JOIN n_after USING ({contact})
        UNION ALL SELECT 'contact_reached_group', group_id, {contact}, children || CASE WHEN children = 1 THEN ' child of the group' ELSE ' children of the group' END FROM reached""",
        before=before.ties,
        after=after.ties,
        people=people,
    )


def _of_links(before: Standing, after: Standing, half_life: float | None) -> pd.DataFrame:
    """Links that are new, gone, renewed, or faded."""
    faded = "false"
    if half_life is not None and before.as_of is not None and after.as_of is not None:
        fresh, stale = (day - timedelta(days=half_life) for day in (before.as_of, after.as_of))
        faded = f"b.last_seen >= DATE '{fresh}' AND a.last_seen < DATE '{stale}'"
    items = "{side}.items || CASE WHEN {side}.items = 1 THEN ' item' ELSE ' items' END"
    day = "coalesce(' newest ' || strftime({side}.last_seen, '%Y-%m-%d'), ' no date')"
    return _asked(
        f"""SELECT CASE WHEN b.person_a IS NULL THEN 'link_new' WHEN a.person_a IS NULL THEN 'link_gone'
                WHEN a.items > b.items OR a.last_seen > b.last_seen THEN 'link_renewed' WHEN {faded} THEN 'link_faded' END AS kind,
            coalesce(a.person_a, b.person_a) AS person_id, coalesce(a.person_b, b.person_b) AS other_person_id,
            CASE WHEN b.person_a IS NULL THEN {items.format(side="a")} || ',' || {day.format(side="a")}
                WHEN a.person_a IS NULL THEN 'it had ' || {items.format(side="b")} || ',' || {day.format(side="b")}
                ELSE {items.format(side="a")} || ', ' || b.items || ' before;' || {day.format(side="a")} END AS detail
        FROM before b FULL JOIN after a ON a.person_a = b.person_a AND a.person_b = b.person_b
        WHERE kind IS NOT NULL""",
        before=before.links.select(["person_a", "person_b", "items", "last_seen"]),
        after=after.links.select(["person_a", "person_b", "items", "last_seen"]),
    )


def _of_missing(before: Standing, after: Standing) -> pd.DataFrame:
    """Children who are missing and were not, and the other way round."""
    since = "'since ' || strftime({side}.reported_at, '%Y-%m-%d %H:%M') || coalesce(', from ' || {side}.missing_from, '')"
    return _asked(
        f"""SELECT 'missing' AS kind, a.person_id, {since.format(side="a")} AS detail FROM after a ANTI JOIN before USING (person_id)
        UNION ALL SELECT 'found', b.person_id, 'missing ' || {since.format(side="b")} FROM before b ANTI JOIN after USING (person_id)""",
        before=before.missing,
        after=after.missing,
    )


def _asked(query: str, **tables: pa.Table) -> pd.DataFrame:
    """Run a query over tables in a database of its own, and give the answer every column of COLUMNS."""
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        found: pd.DataFrame = connection.execute(query).df()
    return found.reindex(columns=list(COLUMNS)).astype(object)
