"""Find groups of children and their young peers, and name them by their members."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mapping.links import Links
from mapping.network import peer_network
from mapping.partition import RESOLUTION, UNIT, Integers, PeerNetwork, partition
from mapping.people import PEER_BANDS

# A network with more people than this is settled in a process of its own, beside other work.
APART_ABOVE = 20_000

__all__ = [
    "RESOLUTION",
    "Apart",
    "Settling",
    "groups",
    "groups_query",
    "open_apart",
    "start_groups",
    "summary_query",
]


@dataclass(frozen=True)
class Apart:
    """A process that waits for a network to settle, and the folder through which it gets it."""

    process: subprocess.Popen[str]
    folder: tempfile.TemporaryDirectory[str]

    def settle(self, network: PeerNetwork, *, resolution: float, seed: int) -> None:
        """Hand over a network, as numbers that name nobody."""
        for name in ("people", "one", "other", "units"):
            np.save(Path(self.folder.name) / f"{name}.npy", getattr(network, name))
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self.process.stdin as waiting:
                waiting.write(f"{resolution!r} {seed}\n")

    def community(self) -> Integers:
        """Wait for the community of each node.

        Raises
        ------
        RuntimeError
            The process ended early.
        """
        with self.folder:
            if self.process.wait() != 0:
                msg = "The groups could not be settled: the process for it ended early, most likely for want of memory. Close other programs and run it again."
                raise RuntimeError(msg)
            found: Integers = np.load(Path(self.folder.name) / "community.npy")
        return found


def open_apart() -> Apart:
    """Start a process that settles one network, so that it is ready when the links are."""
    folder = tempfile.TemporaryDirectory(prefix="contextmap-")
    process = subprocess.Popen(
        [sys.executable, "-m", "mapping.partition", folder.name],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    weakref.finalize(folder, process.kill)
    return Apart(process, folder)


@dataclass(frozen=True)
class Settling:
    """Groups being settled; for a large network in a process of its own, beside other work."""

    links: Links
    bands: str
    network: PeerNetwork
    resolution: float
    seed: int
    apart: Apart | None = None

    def community(self) -> Integers:
        """Return the community of each node of the network, waiting for it where need be."""
        if self.apart is None:
            return partition(self.network, resolution=self.resolution, seed=self.seed)
        return self.apart.community()

    def write(self) -> str:
        """Write the table of groups and return its name."""
        return _write(self)


def start_groups(
    links: Links, bands: str, *, resolution: float = RESOLUTION, seed: int = 0, apart: Apart | None = None
) -> Settling:
    """Start settling groups; see `groups`. Nothing waits for them until they are written.

    Parameters
    ----------
    apart : a process that is ready; where it is not given, one is started for a large network.

    Raises
    ------
    ValueError
        A resolution that is not above zero.
    """
    if resolution <= 0:
        msg = f"The resolution is {resolution}; it must be above zero."
        raise ValueError(msg)
    network = peer_network(links, bands, PEER_BANDS)
    if apart is None and len(network.people) > APART_ABOVE:
        apart = open_apart()
    if apart is not None:
        apart.settle(network, resolution=resolution, seed=seed)
    return Settling(links, bands, network, resolution, seed, apart)


def groups(links: Links, bands: str, *, resolution: float = RESOLUTION, seed: int = 0) -> str:
    """Write a table of who is in which group and return its name.

    Columns: person_n, community (a whole number within this run), group_id, age_band.

    Every child has a row; a child whom nothing links to a peer has a group of their own. Young peers
    (18 to 25, or of unknown age) have a row where a link ties them to another young person. Adults are in
    no group, so someone who touches two groups does not merge them.

    `group_id` is "g" and twelve hexadecimal digits of the MD5 of the members' ids in order: the same
    members have the same id whatever else is in the case, and any change of members changes it.

    Parameters
    ----------
    resolution : the Constant Potts Model's; people stay together where the mean weight of the links
        among them is above it (Traag, Van Dooren and Nesterov 2011, Physical Review E 84, 016114).
    seed : chooses among equally good groupings.

    Raises
    ------
    ValueError
        A resolution that is not above zero.
    """
    return start_groups(links, bands, resolution=resolution, seed=seed).write()


def _write(settling: Settling) -> str:
    records, bands = settling.links.records, settling.bands
    schema = records.new_schema()
    frame = pd.DataFrame({"person_n": settling.network.people, "community": settling.community()})
    records.connection.register("arriving", frame)
    records.execute(
        f"""CREATE TABLE {schema}.member AS
        SELECT b.person_n, coalesce(m.community, -b.person_n) AS community, b.age_band
        FROM {bands} b LEFT JOIN arriving m ON m.person_n = b.person_n
        WHERE m.person_n IS NOT NULL OR b.age_band = 'child'"""
    )
    records.connection.unregister("arriving")
    records.execute(
        f"""CREATE TABLE {schema}.named AS SELECT community,
            'g' || substr(md5(string_agg(p.person_id, chr(31) ORDER BY p.person_id)), 1, 12) AS group_id
        FROM {schema}.member JOIN {{people}} p USING (person_n) GROUP BY community"""
    )
    records.execute(
        f"CREATE TABLE {schema}.groups AS SELECT m.person_n, m.community, n.group_id, m.age_band FROM {schema}.member m JOIN {schema}.named n USING (community)"
    )
    return f"{schema}.groups"


def groups_query(table: str) -> str:
    """Return the query for the `groups` result."""
    return f"SELECT p.person_id, g.group_id, g.age_band FROM {table} g JOIN {{people}} p USING (person_n)"


def summary_query(table: str, links: Links) -> str:
    """Return the query for the `group_summary` result.

    Density is the share of pairs that are linked; it and the dates are empty for a group of one.
    """
    return f"""WITH size AS (
        SELECT group_id, any_value(community) AS community, count(*) AS size, count(*) FILTER (age_band = 'child') AS children,
            count(*) FILTER (age_band = 'young_adult') AS young_adults, count(*) FILTER (age_band = 'unknown_age') AS unknown_age
        FROM {table} GROUP BY group_id),
    inside AS (
        SELECT a.community, count(*) AS links, sum(l.units) AS units, min(l.first_day) AS first_day, max(l.last_day) AS last_day
        FROM {links.links} l JOIN {table} a ON a.person_n = l.person_a_n
        JOIN {table} b ON b.person_n = l.person_b_n AND b.community = a.community GROUP BY a.community)
    SELECT group_id, size, children, young_adults, unknown_age, coalesce(links, 0) AS links,
        CASE WHEN size > 1 THEN coalesce(links, 0) / (size * (size - 1) / 2.0) END AS density,
        coalesce(units, 0) / {UNIT}.0 AS weight,
        DATE '1970-01-01' + CAST(first_day AS INTEGER) AS first_seen, DATE '1970-01-01' + CAST(last_day AS INTEGER) AS last_seen
    FROM size LEFT JOIN inside USING (community)"""
