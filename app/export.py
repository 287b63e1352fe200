"""Export the network of an analysis as a file for another tool or another person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd

from app.analysis import NO_PEOPLE, Analysis
from app.kinds import place_kind, thing_kind
from mapping.exchange import network_to_graphml, network_to_html
from mapping.network import to_networkx
from mapping.text import initials

NOTE = "Every link rests on dated evidence; open it in Contextmap before acting on it."


def export(
    analysis: Analysis, out: Path, *, form: str, group: str | None = None, names: bool = False
) -> None:
    """Write the network as GraphML, or as an HTML page that asks no other host.

    Parameters
    ----------
    form : "graphml" or "html".
    group : only this group's members, and the people, places and things that tie two or more of them.
    names : full names in place of initials.

    Raises
    ------
    PermissionError
        The viewer may not see people.
    KeyError
        No group has this id.
    ValueError
        Too many nodes for a page.
    """
    graph = export_graph(analysis, group=group, names=names)
    if form == "graphml":
        network_to_graphml(graph, out)
        return
    title = f"Group {group}" if group else "People and what links them"
    network_to_html(
        graph, out, title=title, note=NOTE, as_of=analysis.as_of, half_life=analysis.settings.half_life
    )


def export_graph(analysis: Analysis, *, group: str | None = None, names: bool = False) -> nx.Graph[str]:
    """Return people, places and things as one graph: links between people, and ties to shared contacts.

    Node ids are "person:ID", "location:ID" and "thing:ID". Nodes have label, kind, and people also age_band,
    group_id and lives_in_ward; edges have the columns of `links`, and ties kinds, items, sources and dates.
    """
    if not analysis.settings.viewer.sees_people:
        raise PermissionError(NO_PEOPLE)
    members = _members(analysis, group)
    ties = _ties(analysis, members)
    links = analysis.links
    if members is None:
        chosen = set(analysis.people["person_id"])
    else:
        outside = links[links["person_a"].isin(members) ^ links["person_b"].isin(members)]
        others = pd.concat([outside["person_a"], outside["person_b"]])
        tied_to_two = others[~others.isin(members)].value_counts()
        chosen = members | set(tied_to_two[tied_to_two > 1].index)
    people = _people(analysis, chosen, names=names)
    kept = links[links["person_a"].isin(chosen) & links["person_b"].isin(chosen)]
    kept = kept.assign(person_a="person:" + kept["person_a"], person_b="person:" + kept["person_b"])
    contexts = _contexts(analysis, ties)
    edges = pd.concat(
        [kept, ties[["person_a", "person_b", "items", "sources", "kinds", "first_seen", "last_seen"]]]
    )
    return to_networkx(pd.concat([people, contexts]), edges)


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
        " ".join(part for part in (given, family) if part)
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


def _ties(analysis: Analysis, members: set[str] | None) -> pd.DataFrame:
    """Ties of children to shared places and things, as edges; within a group, to those that tie two of its members."""
    ties = analysis.contact_ties(("location", "thing"))
    if members is not None:
        ties = ties[ties["person_id"].isin(members)]
    ties = ties[ties.groupby(["contact_type", "contact_id"])["person_id"].transform("size") > 1]
    return ties.assign(
        person_a="person:" + ties["person_id"], person_b=ties["contact_type"] + ":" + ties["contact_id"]
    )


def _contexts(analysis: Analysis, ties: pd.DataFrame) -> pd.DataFrame:
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
            "label": found[label].fillna(found[key]),
            "kind": [named(each) for each in found["kind"]],
        }
        frames.append(pd.DataFrame(values))
    return pd.concat(frames)
