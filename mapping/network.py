"""Turn links into a network: arrays for computing, networkx for notebooks and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mapping.links import Links
from mapping.partition import PeerNetwork

if TYPE_CHECKING:
    import networkx as nx


def peer_network(links: Links, bands: str, who: tuple[str, ...]) -> PeerNetwork:
    """Return the links among the people of some age bands.

    Parameters
    ----------
    bands : the table that `age_bands` wrote.
    who : age bands to keep, such as ("child", "young_adult", "unknown_age").
    """
    listed = ", ".join(f"'{band}'" for band in who)
    connection = links.records.connection
    chosen = connection.execute(f"SELECT person_n FROM {bands} WHERE age_band IN ({listed})").fetchnumpy()[
        "person_n"
    ]
    found = connection.execute(
        f"SELECT person_a_n AS one, person_b_n AS other, units FROM {links.links}"
    ).fetchnumpy()
    one, other = (np.asarray(found[side], dtype=np.int64) for side in ("one", "other"))
    units = np.asarray(found["units"], dtype=np.int64)
    top = int(max(one.max(initial=0), other.max(initial=0), np.max(chosen, initial=0))) + 1
    young = np.zeros(top, dtype=np.bool_)
    young[chosen] = True
    among = young[one] & young[other]
    if not among.all():
        one, other, units = one[among], other[among], units[among]
    linked = np.zeros(top, dtype=np.bool_)
    linked[one] = linked[other] = True
    node = np.cumsum(linked) - 1
    return PeerNetwork(np.flatnonzero(linked), node[one], node[other], units)


def to_networkx(people: pd.DataFrame, links: pd.DataFrame) -> nx.Graph[str]:
    """Return a networkx graph whose nodes and edges carry every column of two tables.

    Parameters
    ----------
    people : has person_id; the other columns become node attributes.
    links : has person_a and person_b; the other columns become edge attributes.
    """
    import networkx as nx  # for notebooks and exports only

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
