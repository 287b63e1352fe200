"""Work out which ways between children would be interrupted if places, things or adults of concern no longer joined them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from mapping.contacts import TIES, TYPE_NAMES, Ties, named_contacts
from mapping.evidence import Evidence
from mapping.fragmentation import (
    STARTS,
    Graph,
    Removals,
    apart,
    build_graph,
    chosen_set,
    components,
    distance_weighted_reach,
    nearest,
    pairs_by_distance,
)
from mapping.links import Links
from mapping.partition import Integers
from mapping.records import Records

# A way leads through up to this many contexts, one after another.
WITHIN = 3
# A network of harm that joins more children than this is measured around one contact at a time.
MOST_CHILDREN = 2_000
# With more candidates than this, a set is chosen from those that interrupt most on their own.
SHORTLIST = 40
# With more children than this, a set is looked for from one first choice instead of several.
STARTS_UP_TO = 500
# Where children live or are cared for: in the network only where harm there is on record.
PLACES_OF_CARE = ("home", "childrens_home", "semi_independent", "foster_home", "hospital")
# Being there, or found there; not living there or being missing from there.
PLACE_TIES = ("seen", "took_part", "found")
# From a child to a context and on to another child, two links, is one step.
STEP = 2


@dataclass(frozen=True)
class HarmNetwork:
    """Children, and the places, things and adults of concern that join two or more of them.

    Attributes
    ----------
    graph : nodes are children, then contacts, then harmful links between two children, each linked to its
        children; so from child to child through any of them is two links, which are one step.
    children : person_n of each child, in order.
    contacts : one row a contact, in order: contact_type, contact_id, contact_kind, children, on_record
        (whether a record tells of harm there, or of an adult of concern; true for adults, empty for things).
    harmful_links : how many links between two children a record calls harmful.
    whole : whether it is the network of the whole case.
    """

    graph: Graph
    children: Integers
    contacts: pd.DataFrame
    harmful_links: int
    whole: bool = True

    @cached_property
    def candidates(self) -> list[int]:
        """The node of each contact."""
        return list(range(len(self.children), len(self.children) + len(self.contacts)))

    @cached_property
    def _removals(self) -> dict[int | None, Removals]:
        return {}

    def removals(self, within: int | None) -> Removals:
        """Return the counts of pairs of children by distance, kept from one question to the next."""
        if within not in self._removals:
            self._removals[within] = Removals(self.graph, np.arange(len(self.children)), _links(within))
        return self._removals[within]

    def node(self, contact_type: str, contact_id: str) -> int | None:
        """Return the node of a contact; None where it is not in the network."""
        rows = self.contacts[
            (self.contacts["contact_type"] == contact_type) & (self.contacts["contact_id"] == contact_id)
        ]
        return len(self.children) + int(rows.index[0]) if len(rows) else None

    def tied(self, node: int) -> Integers:
        """Return the children of a contact."""
        return self.graph.neighbour[self.graph.start[node] : self.graph.start[node + 1]]


def build_harm_network(
    evidence: Evidence, links: Links, ties: Ties, bands: str, *, on_record: bool = False
) -> HarmNetwork:
    """Gather the ways by which harm can reach from one child to another.

    In it are
    - adults whom a record names of concern, or as harming a child where none calls them protective;
    - things (phones, vehicles, accounts) that two or more children used;
    - places, online spaces among them, where two or more children were seen, took part in an event or were
      found after going missing. Homes, foster homes, children's homes and hospitals only where a record
      tells of harm there or of an adult of concern: children live and are cared for there;
    - links between two children that a record calls harmful.

    Other adults, protective people, events and children's friendships are not in it.

    Parameters
    ----------
    bands : the table that `age_bands` wrote.
    on_record : keep only places where a record tells of harm or of an adult of concern.
    """
    records = evidence.records
    tied = _read(records, _tied(evidence, ties, bands, on_record=on_record))
    between = _read(records, _between(links, bands))
    contacts = tied.drop_duplicates(["type_k", "contact_n"])[
        ["type_k", "contact_n", "contact_id", "contact_kind", "on_record"]
    ].sort_values(["type_k", "contact_n"], ignore_index=True)
    children = np.unique(
        np.concatenate(
            [tied["person_n"], between["person_a_n"], between["person_b_n"]],
        ).astype(np.int64)
    )
    number = contacts.reset_index().set_index(["type_k", "contact_n"])["index"]
    context = number.loc[list(zip(tied["type_k"], tied["contact_n"], strict=True))].to_numpy()
    joins = len(children) + len(contacts) + np.arange(len(between))
    graph = build_graph(
        len(children) + len(contacts) + len(between),
        np.concatenate([len(children) + context, joins, joins]).astype(np.int64),
        np.searchsorted(
            children, np.concatenate([tied["person_n"], between["person_a_n"], between["person_b_n"]])
        ),
    )
    sizes = np.diff(graph.start)[len(children) : len(children) + len(contacts)]
    listed = contacts.assign(
        contact_type=[TYPE_NAMES[kind] for kind in contacts["type_k"]], children=sizes.astype(np.int64)
    )
    columns = ["contact_type", "contact_id", "contact_kind", "children", "on_record"]
    return HarmNetwork(graph, children, listed[columns], len(between))


def _tied(evidence: Evidence, ties: Ties, bands: str, *, on_record: bool) -> str:
    """Return the query for who is tied to what in the network of harm."""
    person, thing, location = (TYPE_NAMES.index(name) for name in ("person", "thing", "location"))
    used = ", ".join(str(TIES.index(tie)) for tie in PLACE_TIES)
    care = ", ".join(f"'{kind}'" for kind in PLACES_OF_CARE)
    place = "p.contact_n IS NOT NULL" if on_record else f"(p.contact_n IS NOT NULL OR l.kind NOT IN ({care}))"
    table = f"{ties.schema}.ties"
    return f"""WITH adults AS (
        SELECT t.contact_n FROM {table} t JOIN {bands} b ON b.person_n = t.contact_n WHERE t.type_k = {person}
        GROUP BY t.contact_n HAVING bool_or(b.of_concern) OR (bool_or(t.harmful) AND NOT bool_or(t.protective))),
    told AS (
        SELECT location_n AS contact_n FROM {evidence.tables["events"]} WHERE harmed OR may_have_harmed OR of_concern
        UNION SELECT location_n FROM {evidence.tables["events"]} WHERE person_n IN (SELECT contact_n FROM adults)
        UNION SELECT location_n FROM {evidence.tables["presence"]} WHERE person_n IN (SELECT contact_n FROM adults)),
    tied AS (
        SELECT DISTINCT t.type_k, t.contact_n, t.person_n,
            CASE t.type_k WHEN {person} THEN true WHEN {location} THEN p.contact_n IS NOT NULL END AS on_record
        FROM {table} t LEFT JOIN {{locations}} l ON t.type_k = {location} AND l.location_n = t.contact_n
        LEFT JOIN told p ON t.type_k = {location} AND p.contact_n = t.contact_n
        WHERE (t.type_k = {person} AND NOT t.protective AND t.contact_n IN (SELECT contact_n FROM adults))
            OR t.type_k = {thing} OR (t.type_k = {location} AND t.tie_k IN ({used}) AND {place}))
    SELECT t.type_k, t.contact_n, n.contact_id, n.contact_kind, t.on_record, t.person_n
    FROM tied t JOIN ({named_contacts()}) n USING (type_k, contact_n)
    QUALIFY count(*) OVER (PARTITION BY t.type_k, t.contact_n) > 1
    ORDER BY t.type_k, t.contact_n, t.person_n"""


def _between(links: Links, bands: str) -> str:
    """Return the query for links between two children that a record calls harmful."""
    child = f"(SELECT person_n FROM {bands} WHERE age_band = 'child')"
    return f"""SELECT person_a_n, person_b_n FROM {links.links}
        WHERE nature IN ('harmful', 'mixed') AND person_a_n IN {child} AND person_b_n IN {child}
        ORDER BY person_a_n, person_b_n"""


def _read(records: Records, query: str) -> pd.DataFrame:
    """Run a query on a connection of its own, so that threads do not share one."""
    with records.connection.cursor() as cursor:
        found: pd.DataFrame = cursor.execute(query.format_map(records.tables)).df()
    return found


def part_around(network: HarmNetwork, contact_type: str, contact_id: str) -> HarmNetwork:
    """Return the part of a network around one contact: its children, those who share anything with them, and what they share.

    Ways of up to three steps between the children of that contact all lie within it, so what is said of
    them is what the whole network says; what is said of the others at its rim is not.

    Raises
    ------
    ValueError
        The contact is not in the network.
    """
    own = network.tied(_known(network, contact_type, contact_id)).tolist()
    inside = np.array(
        sorted(child for child in nearest(network.graph, own, within=STEP) if child < len(network.children))
    )
    return _kept(network, inside)


def _kept(network: HarmNetwork, inside: Integers) -> HarmNetwork:
    """Return the network of some of the children, and of what joins two or more of them."""
    graph, first = network.graph, len(network.children)
    place = np.full(graph.nodes, -1, dtype=np.int64)
    place[inside] = np.arange(len(inside))
    context = np.repeat(np.arange(graph.nodes), np.diff(graph.start))
    tie = (context >= first) & (place[graph.neighbour] >= 0)
    context, child = context[tie], place[graph.neighbour[tie]]
    joining = np.flatnonzero(np.bincount(context, minlength=graph.nodes) > 1)
    place[joining] = len(inside) + np.arange(len(joining))
    kept = place[context] >= 0
    contacts = joining[joining < first + len(network.contacts)]
    sizes = np.bincount(context, minlength=graph.nodes)[contacts]
    return replace(
        network,
        graph=build_graph(len(inside) + len(joining), place[context[kept]], child[kept]),
        children=network.children[inside],
        contacts=network.contacts.iloc[contacts - first].assign(children=sizes).reset_index(drop=True),
        harmful_links=len(joining) - len(contacts),
        whole=False,
    )


def standing(network: HarmNetwork, *, within: int | None = WITHIN) -> dict[str, float]:
    """Return what there is to interrupt: children, pairs, joined (pairs with a way), fragmentation, distance_weighted."""
    found = network.removals(within).pairs(())
    return {
        "children": len(network.children),
        "pairs": sum(found),
        "joined": sum(found[1:]),
        **dict(zip(("fragmentation", "distance_weighted"), _shares(found), strict=True)),
    }


def interruption(
    network: HarmNetwork,
    contacts: Sequence[tuple[str, str]] | None = None,
    *,
    within: int | None = WITHIN,
) -> pd.DataFrame:
    """Return what taking out each contact would interrupt, those that would interrupt most first.

    Parameters
    ----------
    contacts : contact_type and contact_id of those asked about; all of them where not given.
    within : how many steps a way may have; None for any number.

    Returns
    -------
    pandas.DataFrame
        contact_type, contact_id, contact_kind;
        children_reached (tied to it), pairs_reached (of those children), pairs_interrupted (of those pairs: no
        other way), pairs_cut (pairs of any children whose every way leads through it),
        fragmentation and distance_weighted (of the network without it), reach (mean over children of
        1 / steps from it; a child tied to it is one step away).

    Raises
    ------
    ValueError
        A contact is not in the network, or none is named and too many children are joined (MOST_CHILDREN).
    """
    if contacts is None:
        _sized(network)
    nodes = (
        list(network.candidates) if contacts is None else [_known(network, *contact) for contact in contacts]
    )
    without = {node: network.removals(within).pairs([node]) for node in nodes}
    # Equal ones in the order of type and id, which is that of the nodes.
    nodes.sort(
        key=lambda node: (-apart(without[node], "distance_weighted", step=STEP), -without[node][0], node)
    )
    rows = [_effect(network, node, without[node], within) for node in nodes]
    return _named(network, nodes).join(pd.DataFrame(rows, columns=list(EFFECTS)))


EFFECTS = (
    "children_reached",
    "pairs_reached",
    "pairs_interrupted",
    "pairs_cut",
    "fragmentation",
    "distance_weighted",
    "reach",
)


def _effect(network: HarmNetwork, node: int, found: Sequence[int], within: int | None) -> tuple[float, ...]:
    own, children = network.tied(node), range(len(network.children))
    pairs = len(own) * (len(own) - 1) // 2
    interrupted = pairs_by_distance(network.graph, among=own, without=[node], within=_links(within))[0]
    cut = found[0] - network.removals(within).pairs(())[0]
    reach = distance_weighted_reach(network.graph, [node], among=children, within=_links(within), step=STEP)
    return len(own), pairs, interrupted, cut, *_shares(found), reach


def _links(within: int | None) -> int | None:
    """How many links a way of so many steps has."""
    return None if within is None else within * STEP


def still_joining(
    network: HarmNetwork, contact_type: str, contact_id: str, *, most: int | None = None, fewest: int = 2
) -> pd.DataFrame:
    """Return what else joins the children of one contact directly: contact_type, contact_id, contact_kind, children, pairs.

    `children` and `pairs` are those of that contact only. Most children first; `most` limits the rows, and
    contacts with `fewest` of its children or more are listed.

    Raises
    ------
    ValueError
        The contact is not in the network.
    """
    node = _known(network, contact_type, contact_id)
    own = set(network.tied(node).tolist())
    shared = [len(own & set(network.tied(other).tolist())) for other in network.candidates]
    out = network.contacts[["contact_type", "contact_id", "contact_kind"]].assign(children=shared)
    out = out[(out["children"] >= fewest) & (out.index != node - len(network.children))]
    out = out.assign(pairs=out["children"] * (out["children"] - 1) // 2)
    out = out.sort_values("children", ascending=False, kind="stable", ignore_index=True)
    return out if most is None else out.head(most)


def best_set(
    network: HarmNetwork,
    k: int = 3,
    *,
    contact: tuple[str, str] | None = None,
    within: int | None = WITHIN,
    shortlist: int | None = SHORTLIST,
) -> pd.DataFrame:
    """Return the k contacts that together would interrupt most, as far as the search can tell, with their effect added up.

    Parameters
    ----------
    k : how many; all of them where there are fewer.
    contact : contact_type and contact_id of one that is in the set; then only pairs of its children count.
    within : how many steps a way may have; None for any number.
    shortlist : with more candidates than this, only so many are tried: those that interrupt most on their
        own, or with a contact given those that join most of its children. None to try all.

    Returns
    -------
    pandas.DataFrame
        contact_type, contact_id, contact_kind, and of it and those above it together: children_reached (of
        those that count), pairs_cut, fragmentation, distance_weighted. In the order in which each adds most.

    Raises
    ------
    ValueError
        k is less than 1, the contact is not in the network, or none is named and too many children are
        joined (MOST_CHILDREN).
    """
    if contact is None:
        _sized(network)
    if k < 1:
        msg = f"A set of {k} contexts cannot be chosen. Ask for 1 or more."
        raise ValueError(msg)
    include = [] if contact is None else [_known(network, *contact)]
    removals = network.removals(within) if contact is None else _between_own(network, include[0], within)
    candidates = _candidates(network, contact, within, shortlist)
    starts = STARTS if len(removals.among) <= STARTS_UP_TO else 1
    nodes: list[int] = []
    if candidates:
        size = min(k, len(candidates))
        nodes = chosen_set(removals, candidates, size, step=STEP, include=include, starts=starts)
    counted = set(removals.among.tolist())
    before = removals.pairs(())[0]
    rows = []
    for last in range(1, len(nodes) + 1):
        found = removals.pairs(nodes[:last])
        reached = counted & {int(child) for node in nodes[:last] for child in network.tied(node)}
        rows.append((len(reached), found[0] - before, *_shares(found)))
    columns = ["children_reached", "pairs_cut", "fragmentation", "distance_weighted"]
    return _named(network, nodes).join(pd.DataFrame(rows, columns=columns))


def _between_own(network: HarmNetwork, node: int, within: int | None) -> Removals:
    return Removals(network.graph, network.tied(node), _links(within))


def _candidates(
    network: HarmNetwork, contact: tuple[str, str] | None, within: int | None, shortlist: int | None
) -> list[int]:
    """Return the nodes to choose a set from."""
    if shortlist is None or len(network.candidates) <= shortlist:
        return network.candidates
    if contact is None:
        listed = interruption(network, within=within).head(shortlist)
    else:
        listed = still_joining(network, *contact, most=shortlist - 1, fewest=0)
        listed = pd.concat([pd.DataFrame([contact], columns=["contact_type", "contact_id"]), listed])
    pairs = zip(listed["contact_type"], listed["contact_id"], strict=True)
    return [_known(network, kind, contact_id) for kind, contact_id in pairs]


def _named(network: HarmNetwork, nodes: Sequence[int]) -> pd.DataFrame:
    rows = [node - len(network.children) for node in nodes]
    return network.contacts.iloc[rows][["contact_type", "contact_id", "contact_kind"]].reset_index(drop=True)


def _shares(found: Sequence[int]) -> tuple[float, float]:
    """Fragmentation and distance-weighted fragmentation; undefined (nan) where there is no pair."""
    if not sum(found):
        return float("nan"), float("nan")
    return float(apart(found, "fragmentation")), float(apart(found, "distance_weighted", step=STEP))


def _known(network: HarmNetwork, contact_type: str, contact_id: str) -> int:
    node = network.node(contact_type, contact_id)
    if node is None:
        msg = f"{contact_type} {contact_id} is not in the network of harm: only places, things and adults of concern that join two or more children are. Ask about another contact."
        raise ValueError(msg)
    return node


def measurable(network: HarmNetwork) -> bool:
    """Say whether every contact of a network can be measured: no connected part has more than MOST_CHILDREN children."""
    part = components(network.graph)[: len(network.children)]
    return int(np.bincount(part, minlength=1).max()) <= MOST_CHILDREN


def _sized(network: HarmNetwork) -> None:
    if not measurable(network):
        msg = f"More than {MOST_CHILDREN:,} children are joined in this network of harm, too many to measure every contact. Ask about one contact, in the part around it (part_around)."
        raise ValueError(msg)
