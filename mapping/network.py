"""Turn links into a network: arrays and igraph for computing, networkx for notebooks and exports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import igraph as ig
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd

from mapping.links import UNIT, Links

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PeerNetwork:
    """The links among some people, as arrays.

    Attributes
    ----------
    people : person_n of each node, shape (n,).
    one, other : node of each end of each edge, shape (m,), one < other.
    units : weight of each edge in whole billionths, shape (m,).
    """

    people: Integers
    one: Integers
    other: Integers
    units: Integers

    @property
    def weights(self) -> Floats:
        """Edge weights, shape (m,)."""
        return self.units / UNIT


def peer_network(links: Links, bands: str, who: tuple[str, ...]) -> PeerNetwork:
    """Return the links among the people of some age bands.

    Parameters
    ----------
    bands : the table that `age_bands` wrote.
    who : age bands to keep, such as ("child", "young_adult", "unknown_age").
    """
    listed = ", ".join(f"'{band}'" for band in who)
    found = links.records.connection.execute(
        f"""SELECT l.person_a_n AS one, l.person_b_n AS other, l.units FROM {links.links} l
        SEMI JOIN (SELECT person_n FROM {bands} WHERE age_band IN ({listed})) a ON a.person_n = l.person_a_n
        SEMI JOIN (SELECT person_n FROM {bands} WHERE age_band IN ({listed})) b ON b.person_n = l.person_b_n"""
    ).fetchnumpy()
    one, other = (np.asarray(found[side], dtype=np.int64) for side in ("one", "other"))
    units = np.asarray(found["units"], dtype=np.int64)
    people = np.unique(np.concatenate([one, other]))
    return PeerNetwork(people, np.searchsorted(people, one), np.searchsorted(people, other), units)


def to_igraph(nodes: int, one: Integers, other: Integers) -> ig.Graph:
    """Return an undirected igraph; a list of pairs is its quickest way in."""
    return ig.Graph(n=nodes, edges=list(zip(one.tolist(), other.tolist(), strict=True)))


def to_networkx(people: pd.DataFrame, links: pd.DataFrame) -> nx.Graph[str]:
    """Return a networkx graph whose nodes and edges carry every column of two tables.

    Parameters
    ----------
    people : has person_id; the other columns become node attributes.
    links : has person_a and person_b; the other columns become edge attributes.
    """
    graph: nx.Graph[str] = nx.Graph()
    for record in _records(people):
        graph.add_node(record.pop("person_id"), **record)
    for record in _records(links):
        graph.add_edge(record.pop("person_a"), record.pop("person_b"), **record)
    return graph


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries, an empty value as None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]
