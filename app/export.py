"""Export the network, or the map, of an analysis as a file for another tool or another person."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import pandas as pd

from app import words
from app.analysis import NO_PEOPLE, Analysis
from app.kinds import place_kind, thing_kind
from app.results import swapped_in
from mapping.anx import Card, network_to_anx
from mapping.drawing import network_to_svg
from mapping.exchange import network_to_gexf, network_to_graphml, network_to_html
from mapping.items import all_contact_items
from mapping.layout import chart_positions
from mapping.markings import MARKING
from mapping.network import to_networkx
from mapping.text import NO_INITIALS, initials, write_csv

if TYPE_CHECKING:
    from geo.files import Geography

NOTE = "Every link rests on dated evidence; open it in Contextmap before acting on it."
NOT_PROOF = "A name on a map is not proof."
NETWORKS = ("graphml", "gexf", "anx", "html", "svg", "csv")
MAPS = ("geojson", "gpkg")
TABLES = ("nodes.csv", "links.csv", "items.csv")
"""What an export as CSV is: a folder of these."""
PRIVATE = ("home", "foster_home")
"""Kinds of places that are named after who lives there."""
TIE_TYPES = ("location", "thing")


def export(
    analysis: Analysis,
    out: Path,
    *,
    form: str,
    group: str | None = None,
    around: str | None = None,
    names: bool = False,
    geography: Geography | None = None,
) -> None:
    """Write the network or the map in one of NETWORKS and MAPS, whole or not at all; CSV as a folder of three tables.

    Without `names`, people are initials and ids, and nothing that somebody wrote about them is in the file.

    Parameters
    ----------
    group : only this group's members, and the people, places and things that tie two or more of them.
    around : only this person and who and what is linked to them.
    names : full names in place of initials, and the text of records; whoever asks for them gives a reason first.
    geography : for MAPS, the files of the geography folder.

    Raises
    ------
    PermissionError
        The viewer may not see people.
    KeyError
        No group, or no person, has this id.
    ValueError
        Too many nodes for a page, or there are no ward boundaries to make a map of.
    """
    if form in MAPS:
        with replaced(out) as path:
            save_map(map_layers(analysis, geography, names=names), path, form=form, analysis=analysis)
        return
    graph = export_graph(analysis, group=group, around=around, names=names)
    if form == "csv":
        _save_tables(analysis, graph, out, names=names)
        return
    title = _title(group, around)
    seen: dict[str, Any] = {"as_of": analysis.as_of, "half_life": analysis.settings.half_life}
    with replaced(out) as path:
        if form == "graphml":
            network_to_graphml(graph, path)
        elif form == "gexf":
            network_to_gexf(graph, path, positions=chart_positions(graph))
        elif form == "anx":
            cards = evidence_cards(graph_items(analysis, graph, names=names))
            network_to_anx(graph, path, cards=cards, title=title, note=f"{NOT_PROOF} {NOTE}")
        elif form == "svg":
            network_to_svg(graph, path, title=title, note=f"{NOT_PROOF} {NOTE}", **seen)
        else:
            network_to_html(graph, path, title=title, note=NOTE, **seen)


def _title(group: str | None, around: str | None) -> str:
    if group:
        return f"Group {group}"
    return f"Who and what is linked to {around}" if around else "People and what links them"


@contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """Give a path beside a file to write to; it takes the place of the file when all went well, else it goes.

    Raises
    ------
    FileExistsError
        There is a folder of that name.
    """
    out = out.resolve()
    if out.is_dir():
        msg = f"{out} is a folder. Give the name of a file to write."
        raise FileExistsError(msg)
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".contextmap-", suffix=out.suffix, dir=out.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        # A temporary file is for its owner only; what is exported has the rights that other files get.
        mask = os.umask(0)
        os.umask(mask)
        partial.chmod(0o666 & ~mask)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def export_graph(
    analysis: Analysis, *, group: str | None = None, around: str | None = None, names: bool = False
) -> nx.Graph[str]:
    """Return people, places and things as one graph: links between people, and ties to shared contacts.

    Node ids are "person:ID", "location:ID" and "thing:ID". Nodes have label, kind, and people also age_band,
    group_id and lives_in_ward; edges have the columns of `links`, and ties kinds, items, sources and dates.
    """
    if not analysis.settings.viewer.sees_people:
        raise PermissionError(NO_PEOPLE)
    members = _members(analysis, group) if around is None else _near(analysis, around)
    ties = _ties(analysis, members, centre=around)
    links = analysis.links
    if members is None:
        chosen = set(analysis.people["person_id"])
    elif around is not None:
        chosen = members
    else:
        outside = links[links["person_a"].isin(members) ^ links["person_b"].isin(members)]
        others = pd.concat([outside["person_a"], outside["person_b"]])
        tied_to_two = others[~others.isin(members)].value_counts()
        chosen = members | set(tied_to_two[tied_to_two > 1].index)
    people = _people(analysis, chosen, names=names)
    kept = links[links["person_a"].isin(chosen) & links["person_b"].isin(chosen)]
    kept = kept.assign(person_a="person:" + kept["person_a"], person_b="person:" + kept["person_b"])
    contexts = _contexts(analysis, ties, names=names)
    edges = pd.concat(
        [kept, ties[["person_a", "person_b", "items", "sources", "kinds", "first_seen", "last_seen"]]]
    )
    graph = to_networkx(pd.concat([people, contexts]), edges)
    graph.graph.update(marking=MARKING, as_of=analysis.as_of, note=f"{NOT_PROOF} {NOTE}")
    return graph


def _near(analysis: Analysis, person: str) -> set[str]:
    """Return a person and everybody linked to them."""
    if person not in set(analysis.people["person_id"]):
        msg = f"There is no person {person} as of {analysis.as_of}. Take an id from the people table."
        raise KeyError(msg)
    links = analysis.links
    mine = links[(links["person_a"] == person) | (links["person_b"] == person)]
    return {person, *mine["person_a"], *mine["person_b"]}


def _members(analysis: Analysis, group: str | None) -> set[str] | None:
    if group is None:
        return None
    members = set(analysis.groups.loc[analysis.groups["group_id"] == group, "person_id"])
    if not members:
        msg = f"There is no group {group} as of {analysis.as_of}. Take an id from the groups table."
        raise KeyError(msg)
    return members


def _people(analysis: Analysis, chosen: set[str], *, names: bool) -> pd.DataFrame:
    people = analysis.people[analysis.people["person_id"].isin(chosen)]
    protective = _protective_adults(analysis)
    labels = [
        person
        if initials(given, family) == NO_INITIALS
        else " ".join(part for part in (given, family) if part)
        if names
        else f"{initials(given, family)} ({person})"
        for person, given, family in people[["person_id", "given_name", "family_name"]]
        .astype(object)
        .where(people[["person_id", "given_name", "family_name"]].notna(), "")
        .itertuples(index=False)
    ]
    kinds = [
        _person_kind(band, of_concern=bool(concern), protective=person in protective)
        for person, band, concern in people[["person_id", "age_band", "of_concern"]].itertuples(index=False)
    ]
    columns = people[["age_band", "group_id", "lives_in_ward"]]
    return columns.assign(person_id="person:" + people["person_id"], label=labels, kind=kinds)


def _protective_adults(analysis: Analysis) -> set[str]:
    contacts = analysis.shared_contacts
    of_people = contacts[(contacts["contact_type"] == "person") & (contacts["nature"] == "protective")]
    return set(of_people["contact_id"])


def _person_kind(band: str, *, of_concern: bool, protective: bool) -> str:
    if band in ("child", "unknown_age"):
        return band
    if of_concern:
        return "adult_of_concern"
    if band == "young_adult":
        return "young_adult"
    return "protective_adult" if protective else "adult"


def _ties(analysis: Analysis, members: set[str] | None, *, centre: str | None = None) -> pd.DataFrame:
    """Ties of children to shared places and things, as edges; of some people, to those that tie two of them.

    With a person at the centre, to those that tie this person.
    """
    ties = analysis.contact_ties(TIE_TYPES)
    if members is not None:
        ties = ties[ties["person_id"].isin(members)]
    ties = ties.assign(contact=ties["contact_type"] + ":" + ties["contact_id"])
    if centre is None:
        ties = ties[ties.groupby("contact")["person_id"].transform("size") > 1]
    else:
        ties = ties[ties["contact"].isin(ties.loc[ties["person_id"] == centre, "contact"])]
    return ties.assign(person_a="person:" + ties["person_id"], person_b=ties["contact"])


def _contexts(analysis: Analysis, ties: pd.DataFrame, *, names: bool) -> pd.DataFrame:
    frames: list[pd.DataFrame] = []
    for kind, table, key, label, named in (
        ("location", "locations", "location_id", "name", place_kind),
        ("thing", "things", "thing_id", "label", thing_kind),
    ):
        wanted = set(ties.loc[ties["contact_type"] == kind, "contact_id"])
        found = analysis.records.table(table)
        found = found[found[key].isin(wanted)]
        values: dict[str, Any] = {
            "person_id": f"{kind}:" + found[key],
            "label": _labels(found, key, label, names=names),
            "kind": [named(each) for each in found["kind"]],
        }
        frames.append(pd.DataFrame(values))
    return pd.concat(frames)


def _labels(found: pd.DataFrame, key: str, label: str, *, names: bool) -> pd.Series[str]:
    """Return what to call places or things; a home, which is named after who lives there, by its id."""
    said = found[label].fillna(found[key])
    return said if names or label != "name" else said.mask(found["kind"].isin(PRIVATE), found[key])


ITEM_COLUMNS = (
    *("node_a", "node_b", "kind", "nature", "date_from", "date_to", "table_a", "row_a", "table_b", "row_b"),
    *("source_ids", "agencies", "recorded_on", "source_grade", "information_grade", "handling", "text"),
)


def graph_items(analysis: Analysis, graph: nx.Graph[str], *, names: bool = False) -> pd.DataFrame:
    """Return the records that the links and ties of a graph rest on, one row an item: the columns of ITEM_COLUMNS.

    An item of two sources names both; its handling is the stricter, and its grade the one that counts (the better of
    none is taken). Text is there with `names` only.
    """
    edges = {frozenset(pair) for pair in graph.edges}
    links = _link_items(analysis)
    ties = _tie_items(analysis)
    every = pd.concat([part for part in (links, ties) if len(part)] or [links], ignore_index=True)
    pairs = zip(every["node_a"], every["node_b"], strict=True)
    every = every[[frozenset(pair) in edges for pair in pairs]]
    every = _with_sources(analysis, every)
    out = every if names else every.assign(text="")
    order = ["node_a", "node_b", "date_to", "table_a", "row_a", "table_b", "row_b"]
    return out.sort_values(order, ignore_index=True)[list(ITEM_COLUMNS)]


def _link_items(analysis: Analysis) -> pd.DataFrame:
    items = analysis.fetch("link_items")
    return items.assign(node_a="person:" + items["person_a"], node_b="person:" + items["person_b"])


def _tie_items(analysis: Analysis) -> pd.DataFrame:
    items = all_contact_items(analysis.found_contacts, TIE_TYPES)
    return items.assign(
        node_a="person:" + items["person_id"],
        node_b=items["contact_type"] + ":" + items["contact_id"],
        kind=items["tie"],
        nature="unknown",
        table_a=items["table"],
        row_a=items["row"],
        table_b=None,
        row_b=pd.NA,
        source_a=items["source_id"],
        source_b=None,
    )


def _with_sources(analysis: Analysis, items: pd.DataFrame) -> pd.DataFrame:
    """Say of each item what its one or two sources say of themselves."""
    held = analysis.records.table("sources").set_index("source_id")
    both = [items["source_a"], items["source_b"].where(items["source_b"] != items["source_a"])]
    grade = items["grade"].fillna("").astype(str)
    found = {name: [each.map(held[column]) for each in both] for name, column in
             (("agencies", "agency"), ("recorded_on", "recorded_on"), ("handling", "handling"), ("text", "text"))}  # fmt: skip
    return items.assign(
        source_ids=_joined(both),
        agencies=_joined(found["agencies"]),
        recorded_on=pd.concat([pd.to_datetime(each) for each in found["recorded_on"]], axis=1).max(axis=1),
        source_grade=grade.str[:-1],
        information_grade=grade.str[-1:],
        handling=_strictest(both, found["handling"]),
        text=_joined(found["text"], between="\n"),
    )


def _joined(columns: Sequence[pd.Series[Any]], *, between: str = "; ") -> list[str]:
    rows = zip(*columns, strict=True)
    return [between.join(dict.fromkeys(str(value) for value in row if not pd.isna(value))) for row in rows]


def _strictest(sources: Sequence[pd.Series[Any]], handling: Sequence[pd.Series[Any]]) -> list[str]:
    """Return P where everything may be shared freely, C where something may not or does not say, nothing without a source."""
    rows = zip(*sources, *handling, strict=True)
    out = []
    for one, other, *codes in rows:
        known = [code for source, code in zip((one, other), codes, strict=True) if not pd.isna(source)]
        out.append("" if not known else "P" if all(code == "P" for code in known) else "C")
    return out


def evidence_cards(items: pd.DataFrame) -> dict[frozenset[Hashable], list[Card]]:
    """Return a card for each item, by the two ends of its link."""
    cards: dict[frozenset[Hashable], list[Card]] = {}
    for row in items.astype(object).where(items.notna(), None).to_dict("records"):
        cards.setdefault(frozenset({row["node_a"], row["node_b"]}), []).append(_card(row))
    return cards


def _card(row: dict[str, Any]) -> Card:
    rows = [f"{row[f'table_{end}']} row {row[f'row_{end}']}" for end in "ab" if row[f"table_{end}"]]
    return Card(
        summary=words.kinds_of_link(row["kind"]),
        reference="; ".join(part for part in (row["source_ids"], *rows) if part),
        agency=row["agencies"],
        first=row["date_from"],
        last=row["date_to"],
        source_grade=row["source_grade"],
        information_grade=row["information_grade"],
        handling=row["handling"],
        text=row["text"],
    )


def _save_tables(analysis: Analysis, graph: nx.Graph[str], out: Path, *, names: bool) -> None:
    """Write nodes.csv, links.csv and items.csv to a folder, whole or not at all."""
    nodes = pd.DataFrame([{"node": node, **values} for node, values in graph.nodes(data=True)])
    links = pd.DataFrame([{"node_a": a, "node_b": b, **values} for a, b, values in graph.edges(data=True)])
    tables = (nodes, links, graph_items(analysis, graph, names=names))
    with swapped_in(out, TABLES) as folder:
        for name, table in zip(TABLES, tables, strict=True):
            write_csv(table, folder / name)


def map_layers(analysis: Analysis, geography: Geography | None, *, names: bool = False) -> dict[str, Any]:
    """Return the layers of a map: wards with measures, places with the children tied to them, and flows.

    A viewer who sees no people gets wards, and flows of what they may see.

    Raises
    ------
    ValueError
        There are no ward boundaries.
    """
    from app import flows
    from geo.flows import classified, flow_table
    from geo.layers import flow_layer, place_layer, ward_layer

    movements = flows.build_movements(analysis, geography)
    assert geography is not None
    assert geography.wards is not None
    kinds = flows.kinds_there(analysis)
    table = flow_table(classified(movements))
    layers = {"wards": ward_layer(geography.wards, analysis.wards)}
    if analysis.settings.viewer.sees_people:
        layers["places"] = place_layer(_places(analysis, names=names))
    return {**layers, "flows": flow_layer(table[table["kind"].isin(kinds)], movements, geography.wards)}


def _places(analysis: Analysis, *, names: bool) -> pd.DataFrame:
    """Return the places of a case with where they are and, for shared contacts, what they reach."""
    held = analysis.records.table("locations")
    where = analysis.geography.locations.drop_duplicates("location_id")
    shared = analysis.shared_contacts
    shared = shared[shared["contact_type"] == "location"].rename(columns={"contact_id": "location_id"})
    reach = shared[
        ["location_id", "children", "groups", "wards", "authorities", "sources", "first_seen", "last_seen"]
    ]
    places = held[["location_id", "kind"]].assign(name=_labels(held, "location_id", "name", names=names))
    found = places.merge(where, on="location_id", how="left").merge(reach, on="location_id", how="left")
    return found.sort_values("location_id", ignore_index=True)


def save_map(layers: dict[str, Any], path: Path, *, form: str, analysis: Analysis) -> None:
    """Write layers as a GeoPackage or as GeoJSON."""
    from geo.layers import save_geojson, save_geopackage

    if form == "gpkg":
        save_geopackage(layers, path, written_on=analysis.as_of)
    else:
        save_geojson(layers, path)
