"""Leave people out: which groups and shared contacts would not be seen if some of the people were missing from the records."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mapping.apart import ASIDE_ABOVE, Progress, heed, open_apart
from mapping.contacts import CONTACT, Ties
from mapping.groups import Settling
from mapping.jaccard import DISSOLVED, best_matches
from mapping.partition import Integers, PeerNetwork
from mapping.reports import Grouped, Hashes, read_groups, regroup
from mapping.resamples import uniform

SHARES = (0.02, 0.05, 0.10)
DRAWS = 20


@dataclass(frozen=True)
class Omissions:
    """What changes when people are left out.

    Attributes
    ----------
    shares : share, draws, people (left out, mean of the draws), groups, jaccard (mean similarity of what is left
        of a group with its best match), groups_dissolved, contacts, contacts_lost (shares, mean of the draws).
    groups : community, share, dissolved (in how many draws), for each group of two or more.
    contacts : type_k, contact_n, share, lost (in how many draws it tied fewer than two children).
    """

    shares: pd.DataFrame
    groups: pd.DataFrame
    contacts: pd.DataFrame


def omissions(
    settling: Settling,
    ties: Ties,
    group_table: str,
    *,
    shares: Sequence[float] = SHARES,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Omissions:
    """Leave out a share of the children and young peers, several times, and group the others again.

    In each draw a person is left out or not by the seed, the draw and their id alone, with the share as
    the chance; whoever is left out at 2% is left out at 5% too. What is left of a group is matched with
    the communities found; with fewer than two left, or no similarity above a half, it is dissolved. A
    shared contact is lost where it ties fewer than two of the children left. Adults are never left out.

    This is the test by deletion of nodes of Borgatti, Carley and Krackhardt 2006 (Social Networks 28,
    124-136), applied to groups and contacts in place of centrality. For a large network it is done in a
    program of its own, which gives way to other work.

    Raises
    ------
    ValueError
        A share that is not between 0 and 1, or no draws.
    Stopped
        `stop` was set.
    """
    _validate(shares, draws)
    peers = _read_peers(settling, ties, group_table)
    asked: dict[str, Any] = {"shares": shares, "draws": draws, "seed": seed}
    if len(settling.network.people) > ASIDE_ABOVE:
        apart = open_apart(doing="leaving people out", aside=True)
        apart.begin(_left_out, peers, **asked)
        found: Omissions = apart.answer(progress=progress, stop=stop)
        return found
    return _left_out(peers, progress=progress, stop=stop, **asked)


def _left_out(
    peers: _Peers,
    *,
    shares: Sequence[float],
    draws: int,
    seed: int,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Omissions:
    totals, groups, contacts = [], [], []
    for place, share in enumerate(shares):
        runs = []
        for draw in range(draws):
            heed(stop)
            runs.append(peers.without(uniform(peers.key, seed=seed, draw=draw) < share))
            if progress is not None:
                progress(place * draws + draw + 1, len(shares) * draws)
        people, similar, lost = (np.stack(each) for each in zip(*runs, strict=True))
        dissolved = similar <= DISSOLVED
        totals.append(
            {
                "share": share,
                "draws": draws,
                "people": people.mean(),
                "groups": similar.shape[1],
                "jaccard": _mean(similar),
                "groups_dissolved": _mean(dissolved),
                "contacts": lost.shape[1],
                "contacts_lost": _mean(lost),
            }
        )
        of_groups = {"share": share, "dissolved": dissolved.sum(axis=0)}
        groups.append(pd.DataFrame({"community": peers.grouped.communities, **of_groups}))
        contacts.append(peers.contacts.assign(share=share, lost=lost.sum(axis=0)))
    return Omissions(
        pd.DataFrame(totals), *(pd.concat(each, ignore_index=True) for each in (groups, contacts))
    )


def _validate(shares: Sequence[float], draws: int) -> None:
    if wrong := [share for share in shares if not 0 < share < 1]:
        msg = f"The share of people to leave out is {wrong[0]}; it must lie between 0 and 1, such as 0.05 for 5%."
        raise ValueError(msg)
    if draws < 1 or not shares:
        msg = f"{draws} draws of {len(shares)} shares were asked for; at least one of each is needed."
        raise ValueError(msg)


def _mean(values: npt.NDArray[Any]) -> float:
    return float(values.mean()) if values.size else float("nan")


@dataclass(frozen=True)
class _Peers:
    """Everyone who is grouped, what they were settled into, and the contacts that tie the children among them.

    Attributes
    ----------
    key : a number for each person of `grouped.everyone`, made from their id alone, shape (p,).
    node : the person of each node of the network, shape (n,).
    contacts : type_k, contact_n.
    contact, child : for each tie, a place in `contacts` and one in `grouped.everyone`.
    """

    network: PeerNetwork
    grouped: Grouped
    key: Hashes
    node: Integers
    contacts: pd.DataFrame
    contact: Integers
    child: Integers

    def without(
        self, gone: npt.NDArray[np.bool_]
    ) -> tuple[int, npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Leave people out: how many, the similarity of each group with what is found, whether each contact is lost."""
        network, grouped, out = self.network, self.grouped, gone[self.node]
        units = np.where(out[network.one] | out[network.other], 0, network.units)
        community = regroup(network, units, resolution=grouped.resolution, seed=grouped.seed)
        left = np.where(out, -1, grouped.group)
        groups = len(grouped.communities)
        found = best_matches(left, np.where(out, -1, community), groups=groups)
        together = np.bincount(left[left >= 0], minlength=groups) > 1
        tied = np.bincount(self.contact[~gone[self.child]], minlength=len(self.contacts))
        return int(gone.sum()), np.where(together, found.jaccard, 0.0), tied < 2


def _read_peers(settling: Settling, ties: Ties, group_table: str) -> _Peers:
    grouped = read_groups(settling, group_table)
    person = grouped.everyone["person_n"].to_numpy()
    with ties.records.connection.cursor() as cursor:
        keyed = f"SELECT p.person_n, md5_number_lower(p.person_id) AS key FROM {{people}} p JOIN {group_table} USING (person_n) ORDER BY 1"
        key = cursor.execute(keyed.format_map(ties.records.tables)).fetchnumpy()["key"]
        tied = cursor.execute(f"SELECT * FROM {ties.schema}.shared").df()
    contacts = tied[CONTACT].drop_duplicates().sort_values(CONTACT, ignore_index=True)
    contact = tied.merge(contacts.reset_index(names="place"), on=CONTACT)
    return _Peers(
        settling.network,
        grouped,
        np.asarray(key, dtype=np.uint64),
        np.searchsorted(person, settling.network.people),
        contacts,
        contact["place"].to_numpy(dtype=np.int64),
        np.searchsorted(person, contact["person_n"].to_numpy(dtype=np.int64)),
    )
