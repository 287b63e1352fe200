"""Say what crosses the boundaries of authorities, in sentences, tables, records and files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from app import words
from app.results import save_tables
from app.text import plain
from geo import flows
from geo.flows import CROSSING, OUTSIDE, SHARED, UNKNOWN, Movements
from mapping.text import shortened

if TYPE_CHECKING:
    from app.analysis import Analysis
    from geo.files import Geography

FILES = ("flows.parquet", "authorities.parquet", "shared.parquet", "summary.json")
SMALLEST = 3
"""A group is looked at from this many members."""

LABELS = {
    "missing": "Missing episodes: where children went missing from",
    "found": "Missing episodes: where children were found",
    "harmed": "Children harmed: where it happened",
    "incident": "Children in incidents: where it happened",
    "seen": "Sightings: where children were seen",
    "placed": "Placements: where they stand",
    "contact": "Shared contacts of children of several authorities",
    "group": "Groups with children of several authorities",
}
"""What the page can show, by kind."""

NOUNS = {
    "missing": ("episode", "episodes"),
    "found": ("episode", "episodes"),
    "harmed": ("record of harm", "records of harm"),
    "incident": ("part in an incident", "parts in incidents"),
    "seen": ("sighting", "sightings"),
    "placed": ("placement", "placements"),
    "contact": ("shared contact", "shared contacts"),
    "group": ("group", "groups"),
}
PEOPLE_ONLY = ("harmed", "incident", "seen", *SHARED)
"""Kinds that a viewer who sees no people does not see."""

BETWEEN = {
    "responsible": "Responsible authority",
    "home": "Authority of the home",
    "ward": "Ward of the home",
}
"""Where a flow begins, as the page's switch says it."""

ELSEWHERE = {
    "responsible": "another authority than the one responsible for the child",
    "home": "another authority than the child's home",
    "ward": "a ward of another authority than the child's home",
}
VERBS = {
    "missing": "began in",
    "found": "ended in",
    "harmed": "happened in",
    "incident": "happened in",
    "seen": "were in",
    "placed": "stand in",
}
STATUS_WORDS = {"crossing": "crosses", "within": "within one authority", "unknown": "not known"}
METHOD = (
    "A flow begins at the authority responsible for a child (or at their home) and ends where something happened: where "
    "they went missing from, were found, harmed, seen or placed. Every record is within one authority, crosses, or is not known; "
    "records and children are both counted, and a child with any crossing record counts as crossing. A shared contact or a group crosses when its "
    "children belong to two or more authorities, and is in one row for each pair of them."
)
LIMITS = (
    "A crossing is a reason for two authorities to talk, not a finding about a child. Many have good reasons: school, family, a placement near relatives.",
    "What an authority does not record is not here: few crossings into an area can mean that nobody there looks for children of others.",
    "A place outside the map counts as elsewhere for an authority on the map, so the boundaries must hold all wards of each authority that they show.",
    "Most episodes do not say where the child was found. The rows marked not known say how many.",
    "A placement counts as one of the authority that made it, and in a period if it goes on for part of it.",
    "Grades of information narrow contacts and groups only. Episodes, incidents and placements count whatever their grade, as in Wards. A period does not narrow groups.",
)


NO_TIES = pd.DataFrame({name: pd.Series(dtype=object) for name in ("kind", "shared_id", "person_id")})


@dataclass(frozen=True, eq=False)
class Flows:
    """What crosses boundaries in a case, looked at in one way.

    Attributes
    ----------
    movements : everything that has two ends.
    rows : those of the period, each with its status; see `geo.flows.classified`.
    table : what goes from where to where; see `geo.flows.flow_table`, shared contacts and groups among them.
    totals : on kind, what stayed within, crossed and is unknown; of shared contacts and groups episodes only.
    shared : each shared contact and group with the areas of its children; see `geo.flows.shared_across`.
    by, since, until : what was asked.
    """

    movements: Movements
    rows: pd.DataFrame
    table: pd.DataFrame
    totals: pd.DataFrame
    shared: pd.DataFrame
    by: str
    since: date | None = None
    until: date | None = None


def build_movements(
    analysis: Analysis, geography: Geography | None, *, kinds: Collection[str] = flows.KINDS
) -> Movements:
    """List everything of an analysis that has two ends, of some kinds: what the viewer may see, known by its date.

    Raises
    ------
    ValueError
        There are no ward boundaries.
    """
    from app.analysis import UNDATED

    records = analysis.records
    names = ("locations", "events", "missing", "placements", "participation", "presence")
    return flows.build_movements(
        geography,
        people=analysis.everybody,
        as_of=analysis.as_of or UNDATED,
        kinds=kinds,
        **{name: records.table(name) for name in names},
    )


def shared_ties(analysis: Analysis, *, since: date | None = None, until: date | None = None) -> pd.DataFrame:
    """Return which children each shared contact and group has: kind, shared_id, person_id.

    The period narrows the records that tie children to contacts. A viewer who sees no people gets no rows.
    """
    if not analysis.settings.viewer.sees_people:
        return NO_TIES
    ties = analysis.contact_ties(("person", "location", "thing", "event"))
    if since is not None:
        ties = ties[ties["last_seen"] >= pd.Timestamp(since)]
    if until is not None:
        ties = ties[ties["first_seen"] <= pd.Timestamp(until)]
    contacts = ties.assign(kind="contact", shared_id=ties["contact_type"] + ":" + ties["contact_id"])
    groups = analysis.groups
    large = groups.groupby("group_id")["person_id"].transform("size") >= SMALLEST
    members = groups[large].assign(kind="group").rename(columns={"group_id": "shared_id"})
    return pd.concat([contacts[[*NO_TIES]], members[[*NO_TIES]]], ignore_index=True)


def find_flows(
    analysis: Analysis,
    movements: Movements,
    *,
    by: str = "responsible",
    since: date | None = None,
    until: date | None = None,
    shared: bool = True,
) -> Flows:
    """Find what crosses boundaries in a period; see `geo.flows`.

    Parameters
    ----------
    shared : whether shared contacts and groups are looked at as well, which takes the longest.

    Raises
    ------
    ValueError
        The period ends before it begins.
    """
    rows = flows.classified(movements, by=by, since=since, until=until)
    ties = shared_ties(analysis, since=since, until=until) if shared else NO_TIES
    # One child alone shares a contact with nobody.
    ties = ties[ties.groupby(["kind", "shared_id"])["person_id"].transform("nunique") > 1]
    across, pairs = flows.shared_across(ties, movements, by=by)
    parts = [part for part in (flows.flow_table(rows), pairs) if len(part)]
    table = pd.concat(parts, ignore_index=True) if parts else pairs
    table = table.assign(flow=[flow_key(row) for row in table.to_dict("records")])
    return Flows(movements, rows, table, _totals(rows, across), across, by, since, until)


def _totals(rows: pd.DataFrame, shared: pd.DataFrame) -> pd.DataFrame:
    counted = shared.groupby(["kind", "status"]).size().unstack(fill_value=0)
    counted = counted.reindex(columns=list(flows.STATUSES), fill_value=0)
    own = counted.add_suffix("_episodes").assign(episodes=counted.sum(axis=1))
    return pd.concat([flows.totals(rows), own]).fillna(0).astype("int64").rename_axis("kind")


def flow_key(row: Mapping[str, Any]) -> str:
    """Return the id of a flow: its kind, ends and why it is not known, if it is not."""
    return "|".join(plain(row[name]) for name in ("kind", "from_code", "to_code", "why"))


def kinds_there(analysis: Analysis) -> list[str]:
    """Return the kinds that this viewer may see, in order."""
    people = analysis.settings.viewer.sees_people
    return [kind for kind in LABELS if people or kind not in PEOPLE_ONLY]


def called(code: Any, movements: Movements) -> str:
    """Return what to call one end of a flow: a ward with its authority, the name of an authority, or what is missing."""
    if code is None or pd.isna(code):
        return "not recorded"
    if code == OUTSIDE:
        return "outside the map"
    if code not in movements.names.index:
        return f"authority {shortened(plain(code), 20)}"
    name = shortened(plain(movements.names[code]), 60)
    ward = movements.wards.loc[movements.wards["ward_code"] == code, "authority_code"]
    if len(ward):
        authority = plain(movements.names.get(ward.iloc[0], ward.iloc[0]))
        return f"{name} ({shortened(authority, 40)})" if authority else name
    return name


def listed(found: Flows, kind: str, *, area: str | None = None, direction: str = "both") -> pd.DataFrame:
    """Return the flows of one kind with their ends in words.

    Parameters
    ----------
    area : only flows that begin or end in this authority, or in a ward of it.
    direction : "both", "out" (only those that begin there) or "in" (only those that end there).
    """
    table = found.table[found.table["kind"] == kind].reset_index(drop=True)
    if area is not None:
        table = table[_touching(table, found, area, direction)].reset_index(drop=True)
    names = {
        code: called(code, found.movements)
        for code in pd.unique(pd.concat([table["from_code"], table["to_code"]]))
    }
    status = [_status(row) for row in table.to_dict("records")]
    return table.assign(
        from_name=[names[code] for code in table["from_code"]],
        to_name=[names[code] for code in table["to_code"]],
        said=status,
    )


def _touching(table: pd.DataFrame, found: Flows, area: str, direction: str) -> pd.Series[bool]:
    authority = found.movements.wards.set_index("ward_code")["authority_code"].to_dict()
    begins, ends = (table[name].map(lambda code: authority.get(code, code)) == area for name in ("from_code", "to_code"))  # fmt: skip
    if table["kind"].isin(SHARED).all() or direction == "both":
        return begins | ends
    return begins if direction == "out" else ends


def _status(row: Mapping[str, Any]) -> str:
    said = STATUS_WORDS[row["status"]]
    return f"{said}: {row['why']}" if row["why"] else said


def answer(found: Flows, kind: str) -> str:
    """Return the sentence that answers the page: how much crosses, most from where to where, and what is not known."""
    if kind not in found.totals.index:
        return f"{LABELS[kind].split(':')[0]}: nothing is on record in this period."
    row = found.totals.loc[kind]
    said = _shared_answer(row, kind) if kind in SHARED else _moved_answer(row, kind, found.by)
    return " ".join([said, *_most(found, kind), *_not_known(row, kind)])


def _moved_answer(row: pd.Series[Any], kind: str, by: str) -> str:
    if not row["crossing_episodes"]:
        return f"None of {words.count(int(row['episodes']), *NOUNS[kind])} {VERBS[kind]} {ELSEWHERE[by]}."
    return (
        f"{words.number(int(row['crossing_episodes']))} of {words.count(int(row['episodes']), *NOUNS[kind])}, of "
        f"{words.number(int(row['crossing_children']))} of {words.count(int(row['children']), 'child', 'children')}, {VERBS[kind]} {ELSEWHERE[by]}."
    )


def _shared_answer(row: pd.Series[Any], kind: str) -> str:
    return f"{words.number(int(row['crossing_episodes']))} of {words.count(int(row['episodes']), *NOUNS[kind])} have children of more than one authority."


def _most(found: Flows, kind: str) -> list[str]:
    table = found.table[(found.table["kind"] == kind) & (found.table["status"] == CROSSING)]
    if table.empty:
        return []
    row = table.iloc[0]
    ends = [called(row[name], found.movements) for name in ("from_code", "to_code")]
    way = f"between {ends[0]} and {ends[1]}" if kind in SHARED else f"from {ends[0]} to {ends[1]}"
    return [
        f"Most {way}: {words.count(int(row['episodes']), *NOUNS[kind])}, {words.count(int(row['children']), 'child', 'children')}."
    ]


def _not_known(row: pd.Series[Any], kind: str) -> list[str]:
    unknown = int(row[f"{UNKNOWN}_episodes"])
    return [f"Of {words.count(unknown, *NOUNS[kind])} it is not known."] if unknown else []


def both_ways(found: Flows, kind: str, *, area: str | None = None) -> pd.DataFrame:
    """Return what crosses from one area to another beside what crosses back, with what to call both."""
    table = listed(found, kind, area=area)
    ways = flows.both_ways(table)
    return ways.assign(
        name_a=[called(code, found.movements) for code in ways["area_a"]],
        name_b=[called(code, found.movements) for code in ways["area_b"]],
    )


def rows_of(found: Flows, flow: Mapping[str, Any]) -> pd.DataFrame:
    """Return the records of one flow."""
    rows = found.rows[found.rows["kind"] == flow["kind"]]
    for name in ("from_code", "to_code"):
        code = flow[name]
        rows = rows[rows[name].isna() if code is None or pd.isna(code) else rows[name] == code]
    return rows[rows["why"] == flow["why"]]


PLACES = {"missing": "missing_from", "found": "found_at_location"}
TIES = {
    "missing": "missing_from",
    "found": "found",
    "harmed": "took_part",
    "incident": "took_part",
    "seen": "seen",
    "placed": "placed",
}


def items(analysis: Analysis, rows: pd.DataFrame) -> pd.DataFrame:
    """Open the records of one flow, newest first, with everything an evidence panel shows.

    Parameters
    ----------
    rows : from `rows_of`, of one kind.

    Returns
    -------
    person_id, tie, date_from, date_to, what, place, table, row, source_id, source_kind, agency, recorded_on, grade,
    handling, text.
    """
    if rows.empty:
        return pd.DataFrame()
    kind, table = str(rows["kind"].iloc[0]), str(rows["table"].iloc[0])
    held = analysis.records.table(table)
    held = held[held["row"].isin(rows["row"])].assign(what="")
    if table == "participation":
        events = analysis.records.table("events")
        events = events[["event_id", "location_id", "summary", "source_id"]]
        held = held.merge(events, on="event_id", how="left", suffixes=("", "_of_event"))
        role = held["role"].map(words.code).radd("recorded as ")
        held = held.assign(
            what=[" · ".join(part for part in (plain(said), how) if part) for said, how in zip(held["summary"], role, strict=True)],
            source_id=held["source_id"].fillna(held["source_id_of_event"]),
        )  # fmt: skip
    named = analysis.records.table("locations").set_index("location_id")["name"]
    when = rows.drop_duplicates("row").set_index("row")
    held = held.assign(
        tie=TIES[kind],
        table=table,
        place=held[PLACES.get(kind, "location_id")].map(named),
        date_from=held["row"].map(when["on"]),
        date_to=held["row"].map(when["until"]),
    )
    wanted = ["person_id", "tie", "date_from", "date_to", "what", "place", "table", "row"]
    out = held[[*wanted, "source_id"]].merge(_sources(analysis), on="source_id", how="left")
    return out.sort_values(["date_to", "person_id", "row"], ascending=[False, True, True], ignore_index=True)


def _sources(analysis: Analysis) -> pd.DataFrame:
    held = analysis.records.table("sources")
    grade = held["source_grade"].fillna("").astype(str) + held["information_grade"].fillna("").astype(str)
    return pd.DataFrame(
        {
            "source_id": held["source_id"],
            "source_kind": held["kind"],
            "agency": held["agency"],
            "recorded_on": held["recorded_on"],
            "grade": grade.where(held["information_grade"].notna(), None),
            "handling": held["handling"],
            "text": held["text"],
        }
    )


def shared_of(found: Flows, flow: Mapping[str, Any]) -> pd.DataFrame:
    """Return the shared contacts or groups of one flow: those that have children of both ends."""
    both = {flow["from_code"], flow["to_code"]}
    rows = found.shared[found.shared["kind"] == flow["kind"]]
    return rows[[both <= set(codes.split("|")) for codes in rows["codes"]]].reset_index(drop=True)


def children_of(found: Flows, flow: Mapping[str, Any]) -> set[str]:
    """Return the children who belong to either end of a flow of shared contacts or groups."""
    unit = flows.BY[found.by][0]
    people = found.movements.people
    return set(people.loc[people[unit].isin([flow["from_code"], flow["to_code"]]), "person_id"])


def sentences(found: Flows, kinds: list[str]) -> list[str]:
    """Return one sentence a kind."""
    return [
        f"{LABELS[kind].split(':')[0]}: {answer(found, kind)}" for kind in kinds if kind in found.totals.index
    ]


def save(analysis: Analysis, found: Flows, out: Path) -> None:
    """Write flows.parquet, authorities.parquet, shared.parquet and summary.json to a folder, whole or not at all.

    Raises
    ------
    FileExistsError
        The folder holds something that is not an earlier result.
    """
    names = found.movements.names
    table = found.table.drop(columns="flow")
    for end in ("from", "to"):
        table[f"{end}_name"] = table[f"{end}_code"].map(names).astype("str")
        table[f"{end}_code"] = table[f"{end}_code"].astype("str")
    areas = flows.balance(found.rows)
    areas = areas.assign(area_name=areas["area_code"].map(names).astype("str"))
    summary = {
        **analysis.stamp,
        "settings": {
            "viewer": analysis.settings.viewer.role,
            "grades": analysis.settings.grades,
            "by": found.by,
            "since": None if found.since is None else found.since.isoformat(),
            "until": None if found.until is None else found.until.isoformat(),
        },
        "rows": analysis.counts["rows"],
        "rejected": analysis.counts["rejected"],
        "results": {kind: {name: int(value) for name, value in row.items()} for kind, row in found.totals.iterrows()},
        "notes": [*analysis.records.notes, *found.movements.notes],
    }  # fmt: skip
    save_tables(out, {"flows": table, "authorities": areas, "shared": found.shared}, summary)
