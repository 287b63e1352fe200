"""List what crosses the boundaries of authorities: children missing, found, harmed or placed elsewhere, and what they share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.areas import NO_WARDS
from geo.files import Geography
from geo.lookups import Positions, positions, ward_authorities
from geo.places import Flags, Places
from geo.wards import Case, Episodes, Located, adult_at, locate, missing_places, until

KINDS = ("missing", "found", "harmed", "incident", "seen", "placed")
SHARED = ("contact", "group")
BY: Mapping[str, tuple[str, str, str, str]] = {
    "responsible": ("responsible", "authority", "responsible", "authority"),
    "home": ("home_authority", "authority", "home_authority", "authority"),
    "ward": ("home_ward", "ward", "home_authority", "authority"),
}
"""What flows are between: the columns of both ends, and those of the authorities that the ends belong to."""

OUTSIDE = "outside"
"""Stands for the code of an area where a place is known and lies in no ward of the map."""

WITHIN, CROSSING, UNKNOWN = "within", "crossing", "unknown"
STATUSES = (WITHIN, CROSSING, UNKNOWN)
NO_CHILD = "the authority of the child is not recorded"
NO_HOME = "the home of the child is not recorded"
NO_PLACE = "the place is not recorded"
NO_AUTHORITY = "no file says which authority the ward is in"
BOTH_OUTSIDE = "both ends lie outside the map"

COUNTY = "E10"
"""How codes of counties with districts begin: there the county answers for children, not the district."""

FLOW_COLUMNS = (
    *("kind", "from_code", "to_code", "status", "why"),
    *("episodes", "children", "first_on", "last_on"),
)
Codes = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Movements:
    """Everything that has two ends: where a child belongs, and where something happened.

    Attributes
    ----------
    rows : one row a record: kind (one of `KINDS`), table, row (of the case), person_id, on, until (dates; the same
        but for placements), responsible (code of the authority responsible for the child; for a placement the one
        that made it), home_authority, home_ward, authority, ward (where it happened). Codes are missing where
        nothing is recorded and `OUTSIDE` where the place lies in no ward of the map.
    people : one row a person: person_id, is_child, responsible, home_authority, home_ward, easting, northing.
    wards : one row a ward: ward_code, ward_name, authority_code.
    names : what to call each authority and ward, on code.
    notes : what was left out.
    """

    rows: pd.DataFrame
    people: pd.DataFrame
    wards: pd.DataFrame
    names: pd.Series[str]
    notes: tuple[str, ...]

    @property
    def on_map(self) -> frozenset[str]:
        """The codes of the authorities that have wards on the map."""
        return frozenset(self.wards["authority_code"].dropna())


def build_movements(
    geography: Geography | None,
    *,
    people: pd.DataFrame,
    locations: pd.DataFrame,
    events: pd.DataFrame,
    missing: pd.DataFrame,
    placements: pd.DataFrame,
    participation: pd.DataFrame,
    presence: pd.DataFrame,
    as_of: date,
    kinds: Collection[str] = KINDS,
) -> Movements:
    """List what happened to children, with the authority and ward they belong to and those it happened in.

    - **missing**: an episode, where the child went missing from (as in `build_wards`).
    - **found**: an episode, where the child was found.
    - **harmed**: a child recorded as harmed in an event, where it happened.
    - **incident**: a child recorded in an incident in any role, where it happened.
    - **seen**: a child seen at a place.
    - **placed**: a placement, where it stands; its `responsible` is the authority that made it.

    A child in one event counts once of a kind. People aged 18 or over on the day are left out, as are those without
    a date of birth who are not children. In counties with districts the county is the authority.

    Parameters
    ----------
    geography : from `read_geography`.
    people : also with a yes-no column `is_child`; every other table also with `row`.
    as_of : nothing dated later is listed.
    kinds : those of `KINDS` to list; the others take no time.

    Raises
    ------
    ValueError
        There are no ward boundaries.
    """
    places = geography or Geography()
    if places.wards is None or not len(places.wards):
        raise ValueError(NO_WARDS)
    case = Case(people, locations, events, missing, placements)
    figures = _figures(places)
    located = locate(case, places, figures, as_of)
    ends = _Ends(case, located, figures)
    episodes = missing_places(case, located, figures, as_of)
    listed = {
        "missing": lambda: _missing(ends, episodes),
        "found": lambda: _found(ends, episodes, as_of),
        "harmed": lambda: _participation(ends, participation, "harmed", as_of),
        "incident": lambda: _participation(ends, participation, "incident", as_of),
        "seen": lambda: _seen(ends, presence, as_of),
        "placed": lambda: _placed(ends, as_of),
    }
    parts = [listed[kind]() for kind in KINDS if kind in kinds]
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    wards = figures[["ward_code", "ward_name", "authority_code"]]
    return Movements(_typed(rows), ends.people, wards, _names(figures), tuple(episodes.notes))


def _figures(geography: Geography) -> pd.DataFrame:
    """Return code, name and authority of each ward; the county where its districts do not answer for children."""
    assert geography.wards is not None
    authority, _ = ward_authorities(geography)
    frame = authority.assign(
        ward_code=geography.wards.codes.to_numpy(), ward_name=geography.wards.frame["name"].to_numpy()
    )
    county = frame["upper_authority_code"].astype("str").str.startswith(COUNTY, na=False)
    return frame.assign(
        district_code=frame["authority_code"],
        authority_code=frame["authority_code"].mask(county, frame["upper_authority_code"]),
        authority_name=frame["authority_name"].mask(county),
    )


def _names(figures: pd.DataFrame) -> pd.Series[str]:
    """Return what to call each ward and authority: its name, or its code where no file has one."""
    named = [("ward_code", "ward_name"), ("authority_code", "authority_name")]
    parts = [figures[list(pair)].set_axis(["code", "name"], axis=1) for pair in named]
    every = pd.concat(parts).dropna(subset=["code"]).drop_duplicates("code")
    return every.set_index("code")["name"].fillna(every.set_index("code").index.to_series()).astype("str")


class _Ends:
    """Finds both ends of a record: the codes of where a person belongs, and of where a place lies."""

    def __init__(self, case: Case, located: Located, figures: pd.DataFrame) -> None:
        self.case, self.located = case, located
        self.ward = figures["ward_code"].to_numpy(object)
        self.authority = figures["authority_code"].to_numpy(object)
        self.county = _districts(figures)
        home_ward, home_authority = self.of(located.homes)
        self.people = pd.DataFrame(
            {
                "person_id": case.people["person_id"],
                "is_child": case.is_child,
                "responsible": self.answerable(case.people["responsible_authority"]),
                "home_authority": home_authority,
                "home_ward": home_ward,
                "easting": located.homes.easting,
                "northing": located.homes.northing,
            }
        )

    def of(self, places: Places) -> tuple[Codes, Codes]:
        """Return the ward and the authority that each place lies in."""
        return tuple(_coded(places, codes) for codes in (self.ward, self.authority))  # type: ignore[return-value]

    def answerable(self, code: pd.Series[str]) -> Codes:
        """Return authorities as given, but the county in place of a district of it."""
        given = [None if pd.isna(each) else self.county.get(each, each) for each in code]
        return np.array([*given, None], dtype=object)[:-1]

    def rows(
        self,
        kind: str,
        table: str,
        frame: pd.DataFrame,
        places: Places,
        on: pd.Series[pd.Timestamp],
        kept: Flags,
    ) -> pd.DataFrame:
        """Return the rows of one kind: those of a table that are kept."""
        person = positions(frame["person_id"], self.people["person_id"])
        ward, authority = self.of(places)
        found: dict[str, object] = {"kind": kind, "table": table, "row": frame["row"].to_numpy()[kept]}
        found |= {"person_id": frame["person_id"].to_numpy(object)[kept], "on": on.to_numpy()[kept]}
        found["until"] = found["on"]
        for name in ("responsible", "home_authority", "home_ward"):
            found[name] = _taken(self.people[name].to_numpy(object), person)[kept]
        return pd.DataFrame({**found, "authority": authority[kept], "ward": ward[kept]})

    def young(self, person: pd.Series[str], on: pd.Series[pd.Timestamp]) -> Flags:
        """Tell who was a child on a day of their own."""
        born = self.case.people["date_of_birth"]
        at = positions(person, self.case.people["person_id"])
        known = at >= 0
        dated, child = known.copy(), known.copy()
        if len(born):
            dated &= born.notna().to_numpy()[at]
            child &= self.case.is_child[at]
        return np.asarray((dated & ~adult_at(on, born, at)) | (~dated & child), dtype=np.bool_)


def _districts(figures: pd.DataFrame) -> dict[str, str]:
    moved = figures[
        figures["district_code"].ne(figures["authority_code"]) & figures["authority_code"].notna()
    ]
    return dict(zip(moved["district_code"], moved["authority_code"], strict=True))


def _coded(places: Places, codes: Codes) -> Codes:
    """Return the code of the area that each place lies in, OUTSIDE for a place in none, None for no place."""
    found = _taken(codes, places.ward)
    found[pd.isna(found)] = None
    found[places.placed & (places.ward < 0)] = OUTSIDE
    return found


def _taken(values: Codes, at: Positions) -> Codes:
    """Take values by position, None for -1."""
    found = np.full(len(at), None, dtype=object)
    there = at >= 0
    if len(values):
        found[there] = values[at[there]]
    return found


def _missing(ends: _Ends, episodes: Episodes) -> pd.DataFrame:
    missing = ends.case.missing
    return ends.rows("missing", "missing", missing, episodes.places, missing["reported_at"], episodes.counted)


def _found(ends: _Ends, episodes: Episodes, as_of: date) -> pd.DataFrame:
    """List the episodes that ended; one whose end has no time is dated by its beginning."""
    missing = ends.case.missing
    ended = (missing["found_at"].notna() | missing["found_at_location"].notna()).to_numpy(dtype=bool)
    places = ends.located.sites.take(
        positions(missing["found_at_location"], ends.case.locations["location_id"])
    )
    on = missing["found_at"].fillna(missing["reported_at"])
    return ends.rows("found", "missing", missing, places, on, ended & episodes.counted & until(on, as_of))


def _participation(ends: _Ends, participation: pd.DataFrame, kind: str, as_of: date) -> pd.DataFrame:
    """List the children recorded as harmed in an event, or in any role in an incident."""
    events = ends.case.events
    if kind == "harmed":
        chosen = participation[participation["role"].eq("harmed").fillna(False)]
    else:
        incidents = events.loc[events["kind"].eq("incident").fillna(False), "event_id"]
        chosen = participation[positions(participation["event_id"], incidents) >= 0]
    chosen = chosen.sort_values("row")
    event = positions(chosen["event_id"], events["event_id"])
    on = pd.Series(_times(events["started_at"], event), index=chosen.index)
    kept = (event >= 0) & until(on, as_of) & ends.young(chosen["person_id"], on)
    # A row without a child or a day does not stand for one that has them.
    chosen, event, on = chosen[kept], event[kept], on[kept]
    once = ~chosen.duplicated(["event_id", "person_id"]).to_numpy()
    return ends.rows(kind, "participation", chosen, ends.located.happened.take(event), on, once)


def _seen(ends: _Ends, presence: pd.DataFrame, as_of: date) -> pd.DataFrame:
    places = ends.located.sites.take(positions(presence["location_id"], ends.case.locations["location_id"]))
    on = presence["seen_at"]
    return ends.rows(
        "seen", "presence", presence, places, on, until(on, as_of) & ends.young(presence["person_id"], on)
    )


def _placed(ends: _Ends, as_of: date) -> pd.DataFrame:
    """List placements; each goes on until it ended, or to the as-of date."""
    held, on = ends.case.placements, ends.case.placements["started_on"]
    kept = until(on, as_of) & ends.young(held["person_id"], on)
    rows = ends.rows("placed", "placements", held, ends.located.placed, on, kept)
    made_by = ends.answerable(ends.located.placements["placed_by"])
    ended = held["ended_on"].fillna(pd.Timestamp(as_of)).to_numpy()
    return rows.assign(responsible=made_by[kept], until=ended[kept])


def _times(values: pd.Series[pd.Timestamp], at: Positions) -> npt.NDArray[np.datetime64]:
    if not len(values):
        return np.full(len(at), np.datetime64("NaT"), dtype="datetime64[us]")
    return np.where(at >= 0, values.to_numpy()[at], np.datetime64("NaT"))


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    codes = ("responsible", "home_authority", "home_ward", "authority", "ward")
    plain = {name: rows[name].astype(object).where(rows[name].notna(), None) for name in codes}
    times = {name: pd.to_datetime(rows[name]).astype("datetime64[us]") for name in ("on", "until")}
    order = pd.Categorical(rows["kind"], categories=list(KINDS), ordered=True)
    out = rows.assign(**plain, **times, order=order.codes)
    return out.sort_values(["order", "row"], ignore_index=True).drop(columns="order")


def classified(
    movements: Movements,
    *,
    by: str = "responsible",
    since: date | None = None,
    until: date | None = None,
) -> pd.DataFrame:
    """Say of each record of a period whether it stayed within an authority, crossed a boundary, or cannot be told.

    Every record has exactly one status. Two wards of one authority are within it. A place outside the map counts
    as elsewhere for an authority whose wards are on the map, since those are taken to be all its wards.

    Parameters
    ----------
    by : "responsible" (authority responsible for the child, to the authority it happened in), "home" (authority of
        the home) or "ward" (ward of the home, to the ward).
    since, until : first and last day; a placement counts where it goes on for part of the period.

    Returns
    -------
    The rows of the period with from_code, to_code, status (one of `STATUSES`) and why (of an unknown one, else "").

    Raises
    ------
    ValueError
        There is no such way to look at it, or the period ends before it begins.
    """
    _validate(by, since, until)
    rows = _of_period(movements.rows, since, until)
    one, other, from_authority, to_authority = (rows[name].to_numpy(object) for name in BY[by])
    status, why = _statuses(one, other, from_authority, to_authority, movements.on_map, by)
    return rows.assign(from_code=one, to_code=other, status=status, why=why)


def _validate(by: str, since: date | None, until: date | None) -> None:
    if by not in BY:
        msg = f"Flows are not counted by {by}. Use one of {', '.join(BY)}."
        raise ValueError(msg)
    if since is not None and until is not None and since > until:
        msg = f"The period begins on {since} and ends on {until}, before that. Give an earlier first day."
        raise ValueError(msg)


def _of_period(rows: pd.DataFrame, since: date | None, until: date | None) -> pd.DataFrame:
    kept = np.ones(len(rows), dtype=np.bool_)
    if since is not None:
        kept &= (rows["until"] >= pd.Timestamp(since)).to_numpy()
    if until is not None:
        kept &= (rows["on"] < pd.Timestamp(until) + pd.Timedelta(days=1)).to_numpy()
    return rows[kept].reset_index(drop=True)


def _statuses(
    one: Codes, other: Codes, from_authority: Codes, to_authority: Codes, on_map: frozenset[str], by: str
) -> tuple[Codes, Codes]:
    lost = [pd.isna(ends) for ends in (one, other, from_authority, to_authority)]
    mapped = np.isin(from_authority.astype(str), list(on_map))
    away = (to_authority == OUTSIDE) & ~mapped
    why = np.select(
        [lost[0], lost[1] & ~lost[3], lost[1] & (by == "ward"), lost[2], lost[3], away],
        [NO_CHILD if by == "responsible" else NO_HOME, NO_PLACE, NO_PLACE, NO_AUTHORITY, NO_PLACE, BOTH_OUTSIDE],
        "",
    )  # fmt: skip
    status = np.select([why != "", from_authority == to_authority], [UNKNOWN, WITHIN], CROSSING)
    return status.astype(object), why.astype(object)


def flow_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Count what goes from where to where, both as episodes (records) and as children.

    Parameters
    ----------
    rows : from `classified`.

    Returns
    -------
    One row for each kind and pair of ends, those unknown too: the columns of `FLOW_COLUMNS`. What crosses comes
    first, the most children first; the rest in the order of codes.
    """
    if rows.empty:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in FLOW_COLUMNS})
    keys = ["kind", "from_code", "to_code", "status", "why"]
    grouped = rows.groupby(keys, dropna=False, sort=False)
    table = grouped.agg(
        episodes=("row", "size"),
        children=("person_id", "nunique"),
        first_on=("on", "min"),
        last_on=("until", "max"),
    ).reset_index()
    return _in_order(table)


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    kinds, statuses = [*KINDS, *SHARED], [CROSSING, WITHIN, UNKNOWN]
    ordered = table.assign(
        kind_at=table["kind"].map(kinds.index), status_at=table["status"].map(statuses.index)
    )
    by = ["kind_at", "status_at", "children", "episodes", "from_code", "to_code", "why"]
    ordered = ordered.sort_values(by, ascending=[True, True, False, False, True, True, True])
    ordered = ordered.drop(columns=["kind_at", "status_at"]).reset_index(drop=True)
    codes = {name: ordered[name].astype(object).where(ordered[name].notna(), None) for name in ("from_code", "to_code")}  # fmt: skip
    return ordered.assign(**codes)


def totals(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up what stayed within, crossed and is unknown; each record and each child is in exactly one column.

    A child with any crossing record counts as crossing; of the others one with any record within counts as within.

    Returns
    -------
    On kind: episodes and children, and of both within_, crossing_ and unknown_.
    """
    kinds = [kind for kind in KINDS if (rows["kind"] == kind).any()]
    counted = rows.groupby(["kind", "status"]).size().unstack(fill_value=0)
    rank = rows["status"].map({CROSSING: 0, WITHIN: 1, UNKNOWN: 2})
    best = rows.assign(rank=rank).groupby(["kind", "person_id"])["rank"].min().reset_index()
    best["status"] = best["rank"].map({0: CROSSING, 1: WITHIN, 2: UNKNOWN})
    persons = best.groupby(["kind", "status"]).size().unstack(fill_value=0)
    out = pd.DataFrame(index=pd.Index(kinds, name="kind"))
    for name, table in (("episodes", counted), ("children", persons)):
        table = table.reindex(index=kinds, columns=list(STATUSES), fill_value=0).astype("int64")
        out[name] = table.sum(axis=1)
        for status in STATUSES:
            out[f"{status}_{name}"] = table[status]
    return out


def balance(rows: pd.DataFrame) -> pd.DataFrame:
    """Say for each area what is its own, how much of it stayed, left or is unknown, and what came from elsewhere.

    Of episodes own = within + sent + unknown, and over all areas as many are sent as received. A child may be
    counted as within and as sent.

    Returns
    -------
    One row for each kind and area of either end: kind, area_code, and own_, within_, sent_, unknown_ and received_
    episodes and children.
    """
    parts = {
        "own": rows.assign(area_code=rows["from_code"]),
        "within": rows[rows["status"] == WITHIN].assign(area_code=lambda some: some["from_code"]),
        "sent": rows[rows["status"] == CROSSING].assign(area_code=lambda some: some["from_code"]),
        "unknown": rows[rows["status"] == UNKNOWN].assign(area_code=lambda some: some["from_code"]),
        "received": rows[rows["status"] == CROSSING].assign(area_code=lambda some: some["to_code"]),
    }
    columns = {}
    for name, some in parts.items():
        grouped = some[some["area_code"].notna()].groupby(["kind", "area_code"])
        columns[f"{name}_episodes"] = grouped.size()
        columns[f"{name}_children"] = grouped["person_id"].nunique()
    table = pd.DataFrame(columns).fillna(0).astype("int64")
    table = table.rename_axis(["kind", "area_code"]).reset_index()
    return table.sort_values(["kind", "area_code"], key=_by_kind, ignore_index=True)


def _by_kind(values: pd.Series[str]) -> pd.Series:
    return values.map([*KINDS].index) if values.name == "kind" else values


def both_ways(flows: pd.DataFrame) -> pd.DataFrame:
    """Put what crosses from one area to another beside what crosses back.

    Returns
    -------
    One row for each kind and pair of areas: kind, area_a and area_b (a < b), and episodes and children a_to_b and
    b_to_a; the most children both ways first.
    """
    crossing = flows[flows["status"] == CROSSING]
    ends = crossing[["from_code", "to_code"]].astype(str)
    forward = (ends["from_code"] < ends["to_code"]).to_numpy()
    a, b = (ends.min(axis=1), ends.max(axis=1)) if len(ends) else (ends["from_code"], ends["to_code"])
    columns = {}
    for way, chosen in (("a_to_b", forward), ("b_to_a", ~forward)):
        for name in ("episodes", "children"):
            columns[f"{name}_{way}"] = crossing[name].where(chosen, 0).astype("int64")
    wide = pd.DataFrame({"kind": crossing["kind"], "area_a": a, "area_b": b, **columns})
    table = wide.groupby(["kind", "area_a", "area_b"], as_index=False).sum()
    table["most"] = table["children_a_to_b"] + table["children_b_to_a"]
    table["kind_at"] = table["kind"].map([*KINDS, *SHARED].index).astype("int64")
    ordered = table.sort_values(
        ["kind_at", "most", "area_a", "area_b"], ascending=[True, False, True, True], ignore_index=True
    )
    return ordered.drop(columns=["most", "kind_at"])


def shared_across(
    ties: pd.DataFrame, movements: Movements, *, by: str = "responsible"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find shared contacts, or groups, whose children belong to several authorities.

    Parameters
    ----------
    ties : kind (one of `SHARED`), shared_id, person_id; only children count.
    by : as for `classified`; by ward a contact crosses where wards of several authorities meet in it.

    Returns
    -------
    shared : one row each: kind, shared_id, children, children_unknown (of no known area), areas (how many, known), codes ("a|b"),
        status. Those that cross come first, most areas and children first.
    flows : one row for each pair of areas of different authorities: the columns of `FLOW_COLUMNS`, with episodes the
        number of contacts or groups and children the different children of both areas. What reaches three areas is
        in three rows; from and to have no direction.
    """
    _validate(by, None, None)
    unit, _, authority, _ = BY[by]
    people = movements.people[movements.people["is_child"]].drop_duplicates("person_id")
    areas = people[["person_id"]].assign(unit=people[unit], authority=people[authority])
    held = ties.drop_duplicates(["kind", "shared_id", "person_id"]).merge(areas, on="person_id")
    held = held.assign(unit=held["unit"].where(held["authority"].notna(), None))
    return _shared_table(held), _in_order(_pairs(held))


def _shared_table(held: pd.DataFrame) -> pd.DataFrame:
    keys = ["kind", "shared_id"]
    marked = held.assign(unknown=held["unit"].isna(), elsewhere=held["authority"] == OUTSIDE)
    table = marked.groupby(keys).agg(
        children=("person_id", "size"),
        children_unknown=("unknown", "sum"),
        areas=("unit", "nunique"),
        authorities=("authority", "nunique"),
        outside=("elsewhere", "sum"),
    )
    # Of whole columns and not of each contact by itself: there may be a hundred thousand.
    units = held[held["unit"].notna()].drop_duplicates([*keys, "unit"]).sort_values("unit")
    several = units.duplicated(keys, keep=False)
    joined = units[several].groupby(keys)["unit"].agg("|".join)
    codes = pd.concat([units[~several].set_index(keys)["unit"], joined])
    table = table.assign(codes=codes.reindex(table.index).fillna("")).reset_index()
    unsure = (table["children_unknown"] > 0) | ((table["outside"] > 1) & (table["authorities"] == 1))
    table["status"] = np.select([table["authorities"] > 1, unsure], [CROSSING, UNKNOWN], WITHIN).astype(
        object
    )
    table["at"] = table["status"].map([CROSSING, WITHIN, UNKNOWN].index).astype("int64")
    ordered = table.sort_values(
        ["at", "authorities", "children", "kind", "shared_id"],
        ascending=[True, False, False, True, True],
        ignore_index=True,
    )
    return ordered[["kind", "shared_id", "children", "children_unknown", "areas", "codes", "status"]]


def _pairs(held: pd.DataFrame) -> pd.DataFrame:
    known = held[held["unit"].notna()]
    units = known[["kind", "shared_id", "unit", "authority"]].drop_duplicates()
    pairs = units.merge(units, on=["kind", "shared_id"], suffixes=("", "_other"))
    pairs = pairs[(pairs["unit"] < pairs["unit_other"]) & (pairs["authority"] != pairs["authority_other"])]
    ends = pairs.rename(columns={"unit": "from_code", "unit_other": "to_code"})
    ends = ends[["kind", "shared_id", "from_code", "to_code"]]
    with_children = ends.merge(known[["kind", "shared_id", "unit", "person_id"]], on=["kind", "shared_id"])
    inside = (with_children["unit"] == with_children["from_code"]) | (
        with_children["unit"] == with_children["to_code"]
    )
    table = (
        with_children[inside]
        .groupby(["kind", "from_code", "to_code"])
        .agg(episodes=("shared_id", "nunique"), children=("person_id", "nunique"))
        .reset_index()
    )
    nothing = pd.Series(pd.NaT, index=table.index, dtype="datetime64[us]")
    return table.assign(status=CROSSING, why="", first_on=nothing, last_on=nothing)[list(FLOW_COLUMNS)]
