"""Find groups of children and their young peers, and name them by their members."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from mapping.apart import Apart, open_apart
from mapping.history import FOLLOWED_UP_TO, NEVER, follow_names, read_past
from mapping.links import Links
from mapping.network import peer_network
from mapping.partition import RESOLUTION, UNIT, Integers, PeerNetwork, partition
from mapping.people import PEER_BANDS
from mapping.records import Records

# A network with more people than this is settled in a program of its own, beside other work.
APART_ABOVE = 20_000

__all__ = [
    "RESOLUTION",
    "Settling",
    "groups",
    "groups_query",
    "open_settler",
    "start_groups",
    "summary_query",
]


def open_settler() -> Apart:
    """Start a program that settles one network, so that it is ready when the links are."""
    return open_apart("mapping.graphs", "scipy.sparse.csgraph", "mapping.partition", doing="settling groups")


@dataclass(frozen=True)
class Settling:
    """Groups being settled; for a large network in a program of its own, beside other work."""

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
        found: Integers = self.apart.answer()
        return found

    def followed(self) -> bool:
        """Say whether the groups' names are followed month by month."""
        return len(self.network.people) <= FOLLOWED_UP_TO

    def write(self) -> str:
        """Write the table of groups and return its name."""
        return _write(self)


def start_groups(
    links: Links, bands: str, *, resolution: float = RESOLUTION, seed: int = 0, apart: Apart | None = None
) -> Settling:
    """Start settling groups; see `groups`. Nothing waits for them until they are written.

    Parameters
    ----------
    apart : a program that is ready (`open_settler`); where it is not given, one is started for a large network.

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
        apart = open_settler()
    if apart is not None:
        # Numbers that name nobody.
        apart.begin(partition, network, resolution=resolution, seed=seed)
    return Settling(links, bands, network, resolution, seed, apart)


def groups(links: Links, bands: str, *, resolution: float = RESOLUTION, seed: int = 0) -> str:
    """Write a table of who is in which group and return its name.

    Columns: person_n, community (a whole number within this run), group_id, age_band.

    Every child has a row; a child whom nothing links to a peer has a group of their own. Young peers
    (18 to 25, or of unknown age) have a row where a link ties them to another young person. Adults are in
    no group, so someone who touches two groups does not merge them.

    `group_id` follows a group through time (`mapping.history.follow_names`): it starts as the name of the two
    members whose link was known first, and a group that continues an earlier one keeps its id. Among more
    people than FOLLOWED_UP_TO it is always the name of the two members whose link began first. Someone who is
    in a group of their own has the name of their own id.

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
    community = settling.community()
    _arrive(records, f"{schema}.arrived", person_n=settling.network.people, community=community)
    records.execute(
        f"""CREATE TABLE {schema}.member AS
        SELECT b.person_n, coalesce(m.community, -b.person_n) AS community, b.age_band
        FROM {bands} b LEFT JOIN {schema}.arrived m ON m.person_n = b.person_n
        WHERE m.person_n IS NOT NULL OR b.age_band = 'child'"""
    )
    if settling.followed():
        names = _followed_names(settling, community)
        _arrive(records, f"{schema}.named", community=list(names), group_id=list(names.values()))
    else:
        _name_after_first_link(settling.links, schema)
    records.execute(
        f"""CREATE TABLE {schema}.groups AS SELECT m.person_n, m.community,
            coalesce(n.group_id, 'g' || substr(md5(p.person_id), 1, 12)) AS group_id, m.age_band
        FROM {schema}.member m LEFT JOIN {schema}.named n USING (community) JOIN {{people}} p USING (person_n)"""
    )
    return f"{schema}.groups"


def _arrive(records: Records, table: str, **columns: object) -> None:
    """Write columns to a table."""
    kinds = {"person_n": "int64", "community": "int64", "group_id": "str"}
    frame = pd.DataFrame(columns).astype({name: kinds[name] for name in columns})
    records.connection.register("arriving", frame)
    records.execute(f"CREATE TABLE {table} AS SELECT * FROM arriving")
    records.connection.unregister("arriving")


def _followed_names(settling: Settling, community: Integers) -> dict[int, str]:
    links = settling.links
    return follow_names(
        read_past(links, settling.bands),
        settling.network,
        community,
        as_of=links.as_of,
        half_life=links.half_life,
        resolution=settling.resolution,
        seed=settling.seed,
    )


def _name_after_first_link(links: Links, schema: str) -> None:
    """Name each group after the two of its members whose link began first, ties by their ids."""
    records = links.records
    records.execute(
        f"""CREATE TABLE {schema}.inside AS SELECT a.community, l.person_a_n, l.person_b_n, coalesce(l.first_day, {NEVER}) AS day
        FROM {links.links} l JOIN {schema}.member a ON a.person_n = l.person_a_n
        JOIN {schema}.member b ON b.person_n = l.person_b_n AND b.community = a.community"""
    )
    records.execute(
        f"""CREATE TABLE {schema}.named AS SELECT i.community, 'g' || substr(md5(min(
            least(a.person_id, b.person_id) || chr(31) || greatest(a.person_id, b.person_id))), 1, 12) AS group_id
        FROM {schema}.inside i JOIN (SELECT community, min(day) AS day FROM {schema}.inside GROUP BY community) f
            ON f.community = i.community AND f.day = i.day
        JOIN {{people}} a ON a.person_n = i.person_a_n JOIN {{people}} b ON b.person_n = i.person_b_n
        GROUP BY i.community"""
    )


def groups_query(table: str, sure: str | None = None) -> str:
    """Return the query for the `groups` result.

    Parameters
    ----------
    sure : the table of members that `mapping.certainty` wrote; without it confidence and rests_on are empty.
    """
    known, joined = "NULL::DOUBLE AS confidence, NULL::VARCHAR AS rests_on", ""
    if sure is not None:
        known, joined = "c.confidence, c.rests_on", f"LEFT JOIN {sure} c USING (person_n)"
    return f"SELECT p.person_id, g.group_id, g.age_band, {known} FROM {table} g JOIN {{people}} p USING (person_n) {joined}"


def summary_query(table: str, links: Links, sure: str | None = None) -> str:
    """Return the query for the `group_summary` result.

    Density is the share of pairs that are linked; it and the dates are empty for a group of one.

    Parameters
    ----------
    sure : the table of groups that `mapping.certainty` wrote; without it stability, held, rests_on and
        rests_on_agency are empty.
    """
    known = "NULL::DOUBLE AS stability, NULL::BIGINT AS held, NULL::VARCHAR AS rests_on, NULL::VARCHAR AS rests_on_agency"
    joined = ""
    if sure is not None:
        known = "c.stability, c.held, c.rests_on, c.rests_on_agency"
        joined = f"LEFT JOIN {sure} c USING (community)"
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
        DATE '1970-01-01' + CAST(first_day AS INTEGER) AS first_seen, DATE '1970-01-01' + CAST(last_day AS INTEGER) AS last_seen,
        {known}
    FROM size LEFT JOIN inside USING (community) {joined}"""
