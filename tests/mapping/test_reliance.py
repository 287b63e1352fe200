from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from mapping import reliance as module
from mapping.contacts import build_ties
from mapping.evidence import mentions
from mapping.jaccard import best_matches
from mapping.links import build_links
from mapping.partition import RESOLUTION, UNIT, PeerNetwork, partition
from mapping.people import age_bands
from mapping.records import read_case
from mapping.reliance import agency_reliance, contact_reliance, reliance
from mapping.reports import Grouped, Reports, regroup
from mapping.scope import latest_date


def planted(people: int, *, of: int, events: int, stray: float, seed: int) -> Reports:
    """Children in groups of `of`; each event is a report that two to five were together, some of them strays."""
    rng = np.random.default_rng(seed)
    items = []
    for report in range(events):
        group = rng.integers(0, people // of)
        who = np.where(
            rng.random(size := int(rng.integers(2, 6))) < stray,
            rng.integers(0, people, size),
            group * of + rng.integers(0, of, size),
        )
        who = np.unique(who)
        weight = round(UNIT * 0.5 ** (rng.integers(0, 365) / 180) / max(1, len(who) - 1))
        items += [(a, b, weight, report) for a in who for b in who if a < b]
    one, other, units, report = (np.array(each) for each in zip(*items, strict=True))
    pairs, edge = np.unique(one * people + other, return_inverse=True)
    used, ends = np.unique([pairs // people, pairs % people], return_inverse=True)
    ends = ends.reshape(2, -1)
    total = np.bincount(edge, weights=units).astype(np.int64)
    order = np.argsort(edge, kind="stable")
    agencies = ("health", "police", "school")
    return Reports(
        PeerNetwork(used, ends[0], ends[1], total),
        edge[order],
        units[order],
        report[order],
        report[order],
        np.arange(events).astype(np.uint64),
        np.array([f"S{k}" for k in range(events)], dtype=object),
        np.arange(events) % 3,
        agencies,
    )


def grouped(reports: Reports) -> Grouped:
    community = partition(reports.network)
    communities, place, size = np.unique(community, return_inverse=True, return_counts=True)
    several = size > 1
    group = np.where(several[place], (np.cumsum(several) - 1)[place], -1)
    return Grouped(pd.DataFrame(), communities[several], community, group, RESOLUTION, 0)


def quality(reports: Reports, community: np.ndarray, units: np.ndarray) -> int:
    """The Constant Potts Model's quality in whole billionths, from its definition."""
    network = reports.network
    inside = int(units[community[network.one] == community[network.other]].sum())
    size = np.bincount(community)
    return inside - round(RESOLUTION * UNIT) * int((size * (size - 1) // 2).sum())


def without(reports: Reports, found: Grouped, report: int) -> np.ndarray:
    """Settle the whole network again without a report, three times; the present grouping unless one is better."""
    units = reports.weigh((np.arange(len(reports.key)) != report).astype(np.int64))
    again = [regroup(reports.network, units, resolution=RESOLUTION, seed=seed) for seed in range(3)]
    return max([found.community, *again], key=lambda community: quality(reports, community, units))


def held_together(reports: Reports, found: Grouped, report: int) -> list[int]:
    """The groups of which a report puts two members together."""
    links = np.unique(reports.edge[reports.one == report])
    one, other = (found.group[end[links]] for end in (reports.network.one, reports.network.other))
    return np.unique(one[(one == other) & (one >= 0)]).tolist()


@pytest.mark.parametrize(
    ("of", "events", "every", "tried", "groups", "members"),
    [
        # Thin records, where much rests on one report.
        (6, 150, 3, 45, (12, 0, 2), (105, 0, 9)),
        (12, 300, 10, 25, (1, 0, 0), (31, 0, 5)),
    ],
)
def test_settling_what_is_near_agrees_with_settling_everything_again(
    of: int,
    events: int,
    every: int,
    tried: int,
    groups: tuple[int, int, int],
    members: tuple[int, int, int],
) -> None:
    """300 people: pairs of a report and a group, or member, of which both ways, only ours, or only the other say it rests."""
    reports = planted(300, of=of, events=events, stray=0.15, seed=0)
    found = grouped(reports)
    near = reliance(reports, found)
    pairs = [(k, r) for r in range(0, events, every) for k in held_together(reports, found, r)]
    ours = {(k, r) for k, r in pairs if r in near.groups[k]}
    whose = {k: np.flatnonzero(found.group == k).tolist() for k, _ in pairs}
    ours_too = {(node, r) for k, r in pairs for node in whose[k] if r in near.members[node]}
    theirs, theirs_too = set(), set()
    for r in sorted({r for _, r in pairs}):
        community = without(reports, found, r)
        match = best_matches(found.group, community, groups=len(found.communities))
        for k in (k for k, report in pairs if report == r):
            theirs |= {(k, r)} - ({(k, r)} if match.there[k] else set())
            core = match.core[k] if match.there[k] else -1
            theirs_too |= {(node, r) for node in whose[k] if community[node] != core}

    def compared(one: set[tuple[int, int]], other: set[tuple[int, int]]) -> tuple[int, int, int]:
        return len(one & other), len(one - other), len(other - one)

    assert (len(pairs), compared(ours, theirs), compared(ours_too, theirs_too)) == (tried, groups, members)


def test_trying_reports_together_finds_what_trying_each_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    reports = planted(120, of=6, events=90, stray=0.1, seed=3)
    found = grouped(reports)
    together = reliance(reports, found)
    monkeypatch.setattr(module, "TOGETHER", 1)
    assert reliance(reports, found) == together
    assert (sum(map(bool, together.groups)), sum(map(bool, together.members))) == (4, 67)


def test_an_agency_is_left_out_by_settling_everything_again() -> None:
    """As leaving out each of its reports from the network by hand has it."""
    reports = planted(120, of=6, events=90, stray=0.1, seed=3)
    found = grouped(reports)
    network = reports.network
    expected: list[list[int]] = [[] for _ in found.communities]
    for agency in range(3):
        units = np.zeros(len(network.units), dtype=np.int64)
        kept = reports.agency[reports.one] != agency
        np.add.at(units, reports.edge[kept], reports.units[kept])
        community = regroup(network, units, resolution=RESOLUTION, seed=0)
        for k in range(len(found.communities)):
            mine = set(np.flatnonzero(found.group == k).tolist())
            others = (set(np.flatnonzero(community == c).tolist()) for c in np.unique(community))
            if max(len(mine & other) / len(mine | other) for other in others) <= 0.5:
                expected[k].append(agency)
    assert agency_reliance(reports, found) == expected
    assert 0 < sum(map(bool, expected)) < len(expected)


def tied(case: Mapping[str, pd.DataFrame], write_case, name: str) -> dict[tuple[int, str], str]:
    """What the shared contacts of a case rest on, by type and id; each report, then "/" and each agency."""
    records = read_case(write_case(name, **case))
    as_of = latest_date(records)
    bands, evidence = age_bands(records, as_of), mentions(records, as_of=as_of)
    links = build_links(evidence, as_of=as_of)
    ties = build_ties(evidence, links, bands)
    found = contact_reliance(ties, links, bands)
    tables = (("people", "person"), ("things", "thing"), ("locations", "location"), ("events", "event"))
    names = {
        (kind, number): text
        for kind, (table, key) in enumerate(tables)
        for number, text in records.execute(f"SELECT {key}_n, {key}_id FROM {{{table}}}")
    }
    return {
        (kind, names[kind, number]): f"{reports}/{agencies}"
        for kind, number, reports, agencies in found.itertuples(index=False)
    }


def contacts_case(seed: int) -> dict[str, pd.DataFrame]:
    """A small case at random in which adults, phones, places and events tie children, each row on some report."""
    rng = np.random.default_rng(seed)
    children, adults = [f"C{k}" for k in range(6)], ["A0", "A1"]
    sources = [f"S{k}" for k in range(4)]

    def some(values: list[str], count: int) -> np.ndarray:
        return rng.choice(np.array(values, dtype=object), count)

    def rows(count: int, **columns: object) -> pd.DataFrame:
        return pd.DataFrame({**columns, "source_id": some([*sources, ""], count)})

    minutes = pd.Timestamp("2025-06-01T12:00") + pd.to_timedelta(rng.integers(0, 600, 14), unit="min")
    events = pd.DataFrame({"event_id": ["E0", "E1", "E2"], "kind": "incident", "started_at": "2025-06-02"})
    participation = rows(10, event_id=some(["E0", "E1", "E2"], 10), person_id=some(children, 10))
    return {
        "people": pd.DataFrame(
            {"person_id": [*children, *adults], "date_of_birth": ["2011-01-01"] * 6 + ["1980-01-01"] * 2}
        ),
        "sources": pd.DataFrame(
            {
                "source_id": sources,
                "kind": "intelligence",
                "agency": ["police", "police", "school", ""],
                "recorded_on": "2025-06-30",
            }
        ),
        "locations": pd.DataFrame({"location_id": ["L0", "L1"], "kind": "park"}),
        "things": pd.DataFrame({"thing_id": ["T0", "T1"], "kind": "phone"}),
        "associations": rows(6, person_a=some(adults, 6), person_b=some(children, 6)).assign(kind="other"),
        "thing_use": rows(6, thing_id=some(["T0", "T1"], 6), person_id=some(children, 6)),
        "presence": rows(
            14,
            location_id=some(["L0", "L1"], 14),
            person_id=some([*children, *adults], 14),
            seen_at=minutes.strftime("%Y-%m-%dT%H:%M"),
        ),
        "events": events,
        "participation": participation.drop_duplicates(["event_id", "person_id"]).assign(role="present"),
    }


def test_contacts_rest_on_what_they_cannot_be_found_without(write_case) -> None:
    """The case without the rows of a report, or of an agency, analysed again: which contacts are not in it."""
    case = contacts_case(0)
    found = tied(case, write_case, "case")
    agency = case["sources"].set_index("source_id")["agency"].to_dict()

    def missing(left_out: set[str]) -> set[tuple[int, str]]:
        less = {
            name: table[~table["source_id"].isin(left_out)]
            if name != "sources" and "source_id" in table
            else table
            for name, table in case.items()
        }
        return set(found) - set(tied(less, write_case, "less"))

    gone = {source: missing({source}) for source in agency}
    gone_too = {
        name: missing({source for source in agency if agency[source] == name})
        for name in sorted(set(agency.values()) - {""})
    }
    assert found == {
        contact: "|".join(source for source in gone if contact in gone[source])
        + "/"
        + "|".join(name for name in gone_too if contact in gone_too[name])
        for contact in found
    }
    assert set(found.values()) == {"/", "/police", "S1/police", "S3/"}
