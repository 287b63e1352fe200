"""Work out what the page Across boundaries shows, once for everyone who may see the same."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from app import answers, flow_map, flows, words
from app.data import Loaded, kept
from app.text import markup, short
from geo.flows import CROSSING, SHARED, Movements

PERIODS = {
    0: "All on record",
    24: "The last two years",
    12: "The last year",
    3: "The last three months",
    -1: "Between two days",
}
"""Periods that the page offers, in months before the as-of date; -1 asks for two days."""
DIRECTIONS = {"both": "Both ways", "out": "Out of it", "in": "Into it"}
MOST_ITEMS = 40
"""Shared contacts whose records are opened at once."""


@kept
def movements(loaded: Loaded) -> Movements | str:
    """Return everything that has two ends, or the sentence that says why nothing can be compared."""
    try:
        return flows.build_movements(loaded.analysis, loaded.work.reading.places)
    except ValueError as error:
        return str(error)


@kept
def found(loaded: Loaded, by: str, since: date | None, until: date | None) -> flows.Flows:
    """Find what crosses boundaries in a period."""
    moved = movements(loaded)
    assert not isinstance(moved, str)
    return flows.find_flows(loaded.analysis, moved, by=by, since=since, until=until)


def period(loaded: Loaded, months: int, between: tuple[date, ...] = ()) -> tuple[date | None, date | None]:
    """Return the first and last day of one of PERIODS."""
    if months > 0:
        return (pd.Timestamp(loaded.day) - pd.DateOffset(months=months) + pd.Timedelta(days=1)).date(), None
    if months < 0 and len(between) == 2:
        return between[0], between[1]
    return None, None


@kept
def shapes(loaded: Loaded) -> dict[str, Any]:
    """Return what the map draws of authorities."""
    places, moved = loaded.work.reading.places, movements(loaded)
    assert places is not None
    assert places.wards is not None
    assert not isinstance(moved, str)
    wards = places.wards.to_geopandas(crs=27700)
    return flow_map.authority_shapes(wards.assign(authority_code=moved.wards["authority_code"].to_numpy()))


@kept
def where(loaded: Loaded) -> dict[str, flow_map.Point]:
    """Return where lines begin and end."""
    outline, moved = answers.outline(loaded), movements(loaded)
    assert outline is not None
    assert not isinstance(moved, str)
    return flow_map.anchors(outline, shapes(loaded), moved)


@kept
def areas(loaded: Loaded) -> dict[str, str]:
    """Return the authorities that anything begins or ends in, on code: those on the map first, then by name."""
    moved = movements(loaded)
    assert not isinstance(moved, str)
    every = {*moved.rows["responsible"].dropna(), *moved.on_map}
    named = {code: flows.called(code, moved) for code in every}
    order = sorted(every, key=lambda code: (code not in moved.on_map, named[code], code))
    return {code: named[code] for code in order}


def labels(table: pd.DataFrame) -> dict[str, str]:
    """Return what to call each flow, on its id."""
    return {
        row[
            "flow"
        ]: f"{short(row['from_name'], limit=50)} {'and' if row['kind'] in SHARED else 'to'} {short(row['to_name'], limit=50)} ({'1 child' if row['children'] == 1 else words.number(int(row['children'])) + ' children'})"
        for row in table.to_dict("records")
    }


def named_on_map(loaded: Loaded, table: pd.DataFrame, by: str) -> dict[str, str]:
    """Return the areas to name on the map: authorities, and where lines begin that lie outside the map."""
    moved = movements(loaded)
    assert not isinstance(moved, str)
    drawn = flow_map.drawable(table, where(loaded))
    ends = set(pd.unique(pd.concat([drawn["from_code"], drawn["to_code"]])))
    wards = set(moved.wards["ward_code"])
    few = ends if by != "ward" else {code for code in ends if code not in wards}
    return {code: flows.called(code, moved) for code in few | set(moved.on_map)}


@kept
def flow_items(loaded: Loaded, by: str, since: date | None, until: date | None, flow: str) -> pd.DataFrame:
    """Open the records of one flow, newest first."""
    here = found(loaded, by, since, until)
    row = here.table.loc[here.table["flow"] == flow].to_dict("records")[0]
    if row["kind"] not in SHARED:
        return flows.items(loaded.analysis, flows.rows_of(here, row))
    some, children = flows.shared_of(here, row), flows.children_of(here, row)
    parts = []
    for key in some["shared_id"].head(MOST_ITEMS) if row["kind"] == "contact" else ():
        kind, identity = str(key).split(":", 1)
        opened = loaded.analysis.contact_items(kind, identity)
        parts.append(opened[opened["person_id"].isin(children)].assign(contact=key))
    if not parts:
        return pd.DataFrame()
    every = pd.concat(parts, ignore_index=True)
    return every.sort_values(
        ["date_to", "person_id", "contact", "table", "row"],
        ascending=[False, True, True, True, True],
        ignore_index=True,
    )


def shared_rows(loaded: Loaded, here: flows.Flows, flow: str, shown: bool) -> pd.DataFrame:
    """Return the shared contacts or groups of one flow with what to call each."""
    row = here.table.loc[here.table["flow"] == flow].to_dict("records")[0]
    some = flows.shared_of(here, row)
    if row["kind"] == "group":
        return some.assign(called=some["shared_id"].map(answers.group_labels(loaded)))
    contacts = answers.contact_table(loaded, shown).set_index("key")
    some = some[some["shared_id"].isin(contacts.index)]
    return some.assign(
        called=some["shared_id"].map(contacts["called"]), **{"is": some["shared_id"].map(contacts["is"])}
    )


def crossing(table: pd.DataFrame) -> pd.DataFrame:
    """Return the flows that cross."""
    return table[table["status"] == CROSSING]


def way_html(row: dict[str, Any], *, shared: bool) -> str:
    """Return what crosses between two areas as HTML, one way and the other."""
    a, b = markup(row["name_a"]), markup(row["name_b"])
    if shared:
        return f'<div class="cm-row"><b>{a}</b> and <b>{b}</b>: {_counts(row, "a_to_b")}</div>'
    there = f"<div>{a} to {b}: {_counts(row, 'a_to_b')}</div>"
    return f'<div class="cm-row">{there}<div>{b} to {a}: {_counts(row, "b_to_a")}</div></div>'


def _counts(row: dict[str, Any], way: str) -> str:
    children, episodes = row[f"children_{way}"], row[f"episodes_{way}"]
    if not episodes:
        return '<span class="cm-quiet">none</span>'
    return f'<span class="cm-figure">{words.number(children)}</span> {"child" if children == 1 else "children"}, {words.number(episodes)} {"record" if episodes == 1 else "records"}'


def totals_html(here: flows.Flows, kind: str) -> str:
    """Return how much stayed within, crossed and is not known, in records and in children, as HTML."""
    if kind not in here.totals.index:
        return ""
    row, shared = here.totals.loc[kind], kind in SHARED
    lines = []
    for status, said in (
        ("within", "Within one authority only"),
        ("crossing", "Cross a boundary"),
        ("unknown", "Not known"),
    ):
        children = "" if shared else f", {words.count(int(row[f'{status}_children']), 'child', 'children')}"
        lines.append(
            f'<div class="cm-row">{said}: <span class="cm-figure">{words.number(int(row[f"{status}_episodes"]))}</span> {flows.NOUNS[kind][1]}{children}</div>'
        )
    return "".join(lines)
