from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping.contacts import Contacts, build_ties, shared_contacts
from mapping.evidence import mentions
from mapping.groups import groups
from mapping.items import contact_items, contact_ties
from mapping.links import build_links
from mapping.people import age_bands
from mapping.records import Records, read_case
from mapping.scope import latest_date

COLUMNS = ["contact_type", "contact_id", "children", "groups", "sources", "not_otherwise_linked"]


def contacts_of(case: Path) -> tuple[Records, Contacts]:
    records = read_case(case)
    as_of = latest_date(records)
    bands = age_bands(records, as_of)
    evidence = mentions(records, as_of=as_of)
    links = build_links(evidence, as_of=as_of)
    found = shared_contacts(build_ties(evidence, links, bands), groups(links, bands))
    return records, found


def table_of(case: Path) -> pd.DataFrame:
    records, found = contacts_of(case)
    return records.sql(f"{found.table()} ORDER BY c.type_k, n.contact_id").df()


def rows_of(case: Path) -> list[list[object]]:
    return table_of(case)[COLUMNS].values.tolist()


PEOPLE = """
    person_id,date_of_birth,responsible_authority
    A1,1980-01-01,
    A2,1985-01-01,
    C1,2010-01-01,E08000002
    C2,2011-01-01,E08000003
    C3,2012-01-01,E08000002
    C4,2012-06-01,
"""


def test_an_adult_connects_children_who_do_not_know_each_other(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        sources="""
            source_id,kind,agency
            S1,intelligence,police
            S2,social_care,social_care
        """,
        associations="""
            person_a,person_b,kind,nature,first_seen,last_seen,source_id
            A1,C1,exploitation,,2025-01-01,2025-02-01,S1
            C2,A1,other,unknown,2025-03-01,2025-04-01,S2
            A1,C2,other,unknown,2025-03-01,2025-05-01,S1
            A2,C3,family,protective,2025-01-01,2025-05-01,
        """,
    )
    found = table_of(case)
    assert found.drop(columns=["first_seen", "last_seen"]).astype(object).where(
        found.notna(), None
    ).values.tolist() == [["person", "A1", None, "harmful", 2, 2, None, 2, 2, True, None, None, None]]
    assert found[["first_seen", "last_seen"]].map(lambda d: d.date().isoformat()).values.tolist() == [
        ["2025-01-01", "2025-05-01"]
    ]


def test_an_adult_whose_children_know_each_other(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        associations="""
            person_a,person_b,kind,last_seen
            A1,C1,other,2025-02-01
            A1,C2,other,2025-02-01
            C1,C2,peer,2025-02-01
        """,
    )
    assert rows_of(case) == [["person", "A1", 2, 1, 0, False]]


def test_harm_to_an_adult_does_not_make_them_a_harmful_contact(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        events="event_id,kind,started_at\nE1,incident,2025-02-01\nE2,incident,2025-02-01\n",
        participation="""
            event_id,person_id,role
            E1,A1,harmed
            E1,C1,may_have_harmed
            E2,A1,present
            E2,C2,present
        """,
    )
    found = table_of(case)
    assert found.loc[found["contact_type"] == "person", ["contact_id", "nature"]].values.tolist() == [
        ["A1", "unknown"]
    ]


def test_things_places_and_events(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        locations="location_id,kind\nL1,park\nL2,childrens_home\nL3,online\nL4,school\n",
        things="thing_id,kind\nT1,online_account\nT2,phone\n",
        thing_use="""
            thing_id,person_id,last_seen
            T1,C1,2025-02-01
            T1,C2,2025-02-01
            T1,A1,2025-02-01
            T2,C1,2025-02-01
            T2,A1,2025-02-01
        """,
        presence="""
            person_id,location_id,seen_at
            C1,L1,2025-01-01T10:00
            C2,L1,2025-01-01T11:00
            C3,L1,2025-01-09T11:00
            C1,L3,2025-01-01T10:00
            C4,L3,2025-01-20T10:00
            A1,L3,2025-01-20T10:00
        """,
        events="event_id,kind,started_at,location_id\nE1,incident,2025-02-01T10:00,L4\n",
        participation="event_id,person_id,role\nE1,C3,present\nE1,C4,witness\n",
        placements="person_id,location_id,started_on\nC2,L2,2025-01-01\nC3,L2,2025-02-01\n",
    )
    assert rows_of(case) == [
        # A1 was with C4 online, and used what C1 and C2 used: C1 and C2 are linked, by the account and the park.
        ["person", "A1", 3, 2, 0, False],
        # The park links C1 and C2 too.
        ["thing", "T1", 2, 1, 0, False],
        # C1, C2 and C3 at the park: C1 and C2 also share the account.
        ["location", "L1", 3, 2, 0, False],
        # C2 and C3 are linked by nothing else than the home (the park on another day links nobody).
        ["location", "L2", 2, 2, 0, True],
        ["location", "L3", 2, 2, 0, True],
        # What links C3 and C4 is the event at the school, and nothing else: true for the place and for the event.
        ["location", "L4", 2, 1, 0, True],
        ["event", "E1", 2, 1, 0, True],
    ]


def test_an_event_too_large_to_link_is_still_a_contact(write_case) -> None:
    people = [f"C{i:02}" for i in range(60)]
    case = write_case(
        people=pd.DataFrame({"person_id": people, "date_of_birth": "2012-01-01"}),
        events="event_id,kind,started_at\nE1,other,2025-02-01\n",
        participation=pd.DataFrame({"event_id": "E1", "person_id": people, "role": "present"}),
        associations="person_a,person_b,kind,last_seen\nC00,C01,peer,2025-02-01\n",
    )
    assert rows_of(case) == [["event", "E1", 60, 59, 0, False]]


def test_a_contact_opens_to_its_rows(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        sources="source_id,kind,agency,recorded_on,source_grade,information_grade,handling,text\nS1,intelligence,police,2025-02-03,1,C,C,Seen there\n",
        locations="location_id,kind\nL1,park\n",
        presence="person_id,location_id,seen_at,source_id\nC1,L1,2025-01-01T10:00,S1\nC2,L1,2025-01-05T10:00,\n",
        missing="episode_id,person_id,reported_at,found_at,missing_from,found_at_location\nM1,C2,2025-02-01T10:00,2025-02-02T10:00,L1,L1\n",
    )
    _, found = contacts_of(case)
    columns = ["person_id", "tie", "table", "row", "source_id", "agency", "grade", "handling", "text"]
    opened = contact_items(found, "location", "L1")[columns]
    assert opened.astype(object).where(opened.notna(), None).values.tolist() == [
        ["C2", "found", "missing", 2, None, None, None, None, None],
        ["C2", "missing_from", "missing", 2, None, None, None, None, None],
        ["C2", "seen", "presence", 3, None, None, None, None, None],
        ["C1", "seen", "presence", 2, "S1", "police", "1C", "C", "Seen there"],
    ]
    ties = contact_ties(found, ("location", "thing"))
    assert ties[["contact_type", "contact_id", "person_id", "kinds", "items", "sources"]].values.tolist() == [
        ["location", "L1", "C1", "seen", 1, 1],
        ["location", "L1", "C2", "found|missing_from|seen", 3, 0],
    ]


# Brute force: every contact, every pair of its children, by the definition --------------------------------------

CHILDREN = [f"C{i}" for i in range(1, 7)]
child = st.sampled_from(CHILDREN)
quick = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def cases(draw: st.DrawFn) -> dict[str, pd.DataFrame]:
    days = st.integers(0, 30).map(lambda n: (date(2025, 1, 1) + timedelta(days=n)).isoformat())
    rows = {
        "associations": draw(
            st.lists(
                st.tuples(st.sampled_from(["A1", "A2", *CHILDREN]), child).filter(lambda r: r[0] != r[1]),
                max_size=8,
                unique=True,
            )
        ),
        "participation": draw(
            st.lists(
                st.tuples(st.sampled_from(["E1", "E2", "E3"]), st.sampled_from(["A1", *CHILDREN])),
                max_size=9,
                unique=True,
            )
        ),
        "presence": draw(
            st.lists(st.tuples(child, st.sampled_from(["L1", "L2"]), days), max_size=8, unique=True)
        ),
        "thing_use": draw(st.lists(st.tuples(st.sampled_from(["T1", "T2"]), child), max_size=5, unique=True)),
    }
    return {
        "people": pd.DataFrame(
            {"person_id": ["A1", "A2", *CHILDREN], "date_of_birth": ["1980-01-01"] * 2 + ["2012-01-01"] * 6}
        ),
        "locations": pd.DataFrame({"location_id": ["L1", "L2"], "kind": "park"}),
        "events": pd.DataFrame(
            {
                "event_id": ["E1", "E2", "E3"],
                "kind": "incident",
                "started_at": "2025-01-15",
                "location_id": ["L1", "L2", None],
            }
        ),
        "things": pd.DataFrame({"thing_id": ["T1", "T2"], "kind": "phone"}),
        "associations": pd.DataFrame(rows["associations"], columns=["person_a", "person_b"]).assign(
            kind="peer"
        ),
        "participation": pd.DataFrame(rows["participation"], columns=["event_id", "person_id"]).assign(
            role="present"
        ),
        "presence": pd.DataFrame(rows["presence"], columns=["person_id", "location_id", "seen_at"]).assign(
            seen_at=lambda f: f["seen_at"] + "T10:00"
        ),
        "thing_use": pd.DataFrame(rows["thing_use"], columns=["thing_id", "person_id"]),
    }


def expected_contacts(tables: dict[str, pd.DataFrame]) -> dict[tuple[str, str], tuple[int, bool]]:
    """Children and `not_otherwise_linked` of each contact, from the rows alone."""
    at = {"E1": "L1", "E2": "L2", "E3": None}
    # What links each pair: (kind, id, place).
    through: dict[frozenset[str], list[tuple[str, str, str | None]]] = {}
    for row in tables["associations"].itertuples():
        through.setdefault(frozenset((row.person_a, row.person_b)), []).append(("stated", "", None))
    for event, rows in tables["participation"].groupby("event_id"):
        for pair in combinations(rows.person_id, 2):
            through.setdefault(frozenset(pair), []).append(("event", str(event), at[str(event)]))
    for (place, _), rows in tables["presence"].groupby(["location_id", "seen_at"]):
        for pair in combinations(rows.person_id, 2):
            through.setdefault(frozenset(pair), []).append(("presence", "", str(place)))
    for thing, rows in tables["thing_use"].groupby("thing_id"):
        for pair in combinations(rows.person_id, 2):
            through.setdefault(frozenset(pair), []).append(("thing", str(thing), None))
    tied: dict[tuple[str, str], set[str]] = {}
    for pair in through:
        for adult in pair & {"A1", "A2"}:
            tied.setdefault(("person", adult), set()).update(pair - {"A1", "A2"})
    for row in tables["participation"].itertuples():
        tied.setdefault(("event", row.event_id), set()).add(row.person_id)
        if at[row.event_id]:
            tied.setdefault(("location", str(at[row.event_id])), set()).add(row.person_id)
    for row in tables["presence"].itertuples():
        tied.setdefault(("location", row.location_id), set()).add(row.person_id)
    for row in tables["thing_use"].itertuples():
        tied.setdefault(("thing", row.thing_id), set()).add(row.person_id)

    def other(contact: tuple[str, str], item: tuple[str, str, str | None]) -> bool:
        kind, what, place = item
        if contact[0] == "location":
            return place != contact[1]
        return (kind, what) != contact

    found = {}
    for contact, everyone in tied.items():
        children = everyone - {"A1", "A2"}
        if len(children) < 2:
            continue
        linked = any(
            other(contact, item)
            for pair in combinations(sorted(children), 2)
            for item in through.get(frozenset(pair), [])
        )
        found[contact] = (len(children), not linked)
    return found


@given(tables=cases(), seed=st.integers(0, 99))
@quick
def test_contacts_are_those_of_the_definition_in_whatever_order_rows_come(
    write_case, tables: dict[str, pd.DataFrame], seed: int
) -> None:
    found = table_of(write_case(**tables))
    assert {
        (row.contact_type, row.contact_id): (row.children, row.not_otherwise_linked)
        for row in found.itertuples()
    } == expected_contacts(tables)
    shuffled = {name: rows.sample(frac=1, random_state=seed) for name, rows in tables.items()}
    pd.testing.assert_frame_equal(table_of(write_case("shuffled", **shuffled)), found)
