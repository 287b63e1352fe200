from __future__ import annotations

import numpy as np

from mapping.partition import UNIT
from mapping.reports import read_groups, read_reports, regroup

CASE = {
    "people": "person_id,date_of_birth\nA,2010-01-01\nB,2010-01-01\nC,2010-01-01\nL,2010-01-01\nX,1980-01-01",
    "sources": """
        source_id,kind,agency,recorded_on
        S1,intelligence,police,2025-06-30
        S2,school,,2025-06-30
        S3,health,health,2025-06-30
    """,
    "associations": """
        person_a,person_b,kind,last_seen,source_id
        B,C,peer,2025-06-30,S1
        B,C,peer,2025-06-30,
        A,X,other,2025-06-30,S3
    """,
    "locations": "location_id,kind\nL1,park",
    "presence": """
        person_id,location_id,seen_at,source_id
        A,L1,2025-06-30T18:00,S1
        B,L1,2025-06-30T18:10,S2
    """,
    "events": "event_id,kind,started_at\nE1,incident,2025-06-30",
    "participation": "event_id,person_id,role\nE1,A,present\nE1,B,present\nE1,C,present",
}


def test_each_item_and_the_reports_it_rests_on(write_case, settle) -> None:
    """A-B met by two reports and at an event; B-C is stated twice, once by nobody. X is an adult, so S3 is not in it."""
    settled = settle(write_case(**CASE))
    reports = read_reports(settled.settling.links, settled.settling.network)
    assert reports.source_id.tolist() == ["S1", "S2", "", ""]
    assert (reports.agencies, reports.agency.tolist()) == (("police",), [0, -1, -1, -1])
    names = settled.members()
    people = [names[person] for person in reports.network.people]
    of = [
        people[reports.network.one[edge]] + people[reports.network.other[edge]]
        for edge in reports.edge.tolist()
    ]
    said = [
        "|".join(sorted({reports.source_id[one] or "none", reports.source_id[other] or "none"}))
        for one, other in zip(reports.one, reports.other, strict=True)
    ]
    found = sorted(zip(of, said, (reports.units / UNIT).tolist(), strict=True))
    assert found == [
        ("AB", "S1|S2", 1.0),
        ("AB", "none", 0.5),
        ("AC", "none", 0.5),
        ("BC", "S1", 1.0),
        ("BC", "none", 0.5),
        ("BC", "none", 1.0),
    ]
    # All items of the event stand on one record; the statement without a report on another.
    assert len({one for one, what in zip(reports.one.tolist(), said, strict=True) if what == "none"}) == 2


def test_links_weigh_as_often_as_their_reports_are_drawn(write_case, settle) -> None:
    settled = settle(write_case(**CASE))
    network = settled.settling.network
    reports = read_reports(settled.settling.links, network)
    assert reports.weigh(np.ones(4, dtype=np.int64)).tolist() == network.units.tolist()

    def weights(*times: int) -> list[float]:
        order = np.lexsort((network.other, network.one))
        return (reports.weigh(np.array(times))[order] / UNIT).tolist()

    event, alone = (int(reports.one[reports.units == units].max()) for units in (UNIT // 2, UNIT))
    assert {event, alone} == {2, 3}
    assert weights(2, 3, 0, 0) == [6.0, 0.0, 2.0]
    assert weights(0, 3, *(1 if k == event else 0 for k in (2, 3))) == [0.5, 0.5, 0.5]
    order = np.lexsort((network.other, network.one))
    assert (reports.without_agency(0)[order] / UNIT).tolist() == [0.5, 0.5, 1.5]


def test_groups_of_two_or_more_as_arrays(write_case, settle) -> None:
    settled = settle(write_case(**CASE))
    grouped = read_groups(settled.settling, settled.groups)
    assert len(grouped.everyone) == 4
    assert (grouped.group.tolist(), len(grouped.communities)) == ([0, 0, 0], 1)
    network = settled.settling.network
    again = regroup(network, network.units, resolution=grouped.resolution, seed=grouped.seed)
    assert again.tolist() == grouped.community.tolist()
    nothing = regroup(network, network.units * 0, resolution=grouped.resolution, seed=grouped.seed)
    assert nothing.tolist() == [0, 1, 2]
