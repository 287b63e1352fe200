from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping import operations as module
from mapping.access import Viewer, visible
from mapping.contacts import build_ties, shared_contacts
from mapping.evidence import Band, mentions
from mapping.groups import groups
from mapping.links import build_links
from mapping.operations import CELLS, SUMMARY, TABLE, Operations, operations
from mapping.people import age_bands
from mapping.records import read_case
from mapping.scope import latest_date

DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"


def operations_of(case: Path, *, role: str = "analyst", grades: Band = "all") -> Operations:
    records = visible(read_case(case), Viewer(role))
    as_of = latest_date(records)
    bands = age_bands(records, as_of)
    evidence = mentions(records, grades=grades, as_of=as_of)
    links = build_links(evidence, as_of=as_of)
    grouped = groups(links, bands)
    found = shared_contacts(build_ties(evidence, links, bands), grouped)
    return operations(found, links, grouped, evidence=evidence, bands=bands, as_of=as_of)


def table_of(found: Operations) -> list[list[object]]:
    """The whole table but for the id."""
    return found.table().drop(columns="operation_id").values.tolist()


def cells_of(found: Operations) -> list[list[object]]:
    columns = ["person_id", "contact_type", "contact_id", "evidence", "harmful", "sources", "agencies"]
    return found.cells[columns].values.tolist()


def shapes_of(found: Operations) -> list[tuple[str, str]]:
    return list(zip(found.summary["shape"], found.summary["shape_words"], strict=True))


PEOPLE = "person_id,date_of_birth\n" + "".join(
    f"{person},{born}\n"
    for person, born in {
        **{f"A{n}": "1980-01-01" for n in range(1, 5)},
        **{f"C{n}": "2011-01-01" for n in range(1, 9)},
        "Y1": "2006-01-01",
    }.items()
)
MANY = "person_id,date_of_birth\n" + "".join(f"D{n},2011-01-01\n" for n in range(20))
SOURCES = """
    source_id,kind,agency,recorded_on,source_grade,information_grade,handling
    S1,intelligence,police,2025-02-01,1,B,P
    S2,social_care,social care,2025-02-02,,,
    S3,intelligence,police,2025-02-03,2,C,C
    S4,school,school,2025-02-04,,,P
"""
HARM = "person_a,person_b,kind,nature,first_seen,last_seen,source_id\n"


def harm(adult: str, *children: str, source: str = "S1") -> str:
    return "".join(
        f"{adult},{child},exploitation,harmful,2025-01-01,2025-02-01,{source}\n" for child in children
    )


# The shapes ---------------------------------------------------------------------------------------


def test_one_person_and_children_who_do_not_know_each_other(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        sources=SOURCES,
        associations=HARM + harm("A1", "C1", "C2") + harm("A1", "C2", source="S2"),
    )
    found = operations_of(case)
    assert table_of(found) == [
        [1, "one_person", "contact", "person", "A1", 3, True],
        [1, "one_person", "victim", "person", "C1", 1, False],
        [1, "one_person", "victim", "person", "C2", 2, False],
    ]
    assert cells_of(found) == [["C1", "person", "A1", 1, 1, 1, 1], ["C2", "person", "A1", 2, 2, 2, 2]]
    row = found.summary.iloc[0]
    assert row.drop(["operation_id", "first_seen", "last_seen", "what_is_missing"]).to_dict() == {
        "rank": 1, "shape": "one_person", "shape_words": "one person and several children who do not know each other",
        "victims": 2, "core_victims": 0, "contacts": 1, "cells": 2, "evidence": 3, "harmful": 3, "sources": 2, "agencies": 2,
        "groups": 2, "circles": 2, "reach": 2, "linked_pairs": 0, "pairs": 1,
    }  # fmt: skip
    assert [row["first_seen"].date(), row["last_seen"].date()] == [date(2025, 1, 1), date(2025, 2, 1)]
    assert row["what_is_missing"] == [
        "No home address is recorded for the adult.",
        "No plan, placement or referral is on record for any of the 2 children.",
    ]
    assert list(found.summary.columns) == list(SUMMARY)


def test_several_people_with_a_phone_and_a_car_are_one_operation(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        sources=SOURCES,
        associations=HARM
        + harm("A1", "C1", "C2", "C3", "C4")
        + harm("A2", "C1", "C2", "C3")
        + "C1,C2,peer,,,2025-01-15,S2\n",
        things="thing_id,kind\nT1,phone\nT2,vehicle\n",
        thing_use="""
            thing_id,person_id,last_seen,source_id
            T1,A1,2025-01-20,S1
            T1,C1,2025-01-20,S1
            T1,C2,2025-01-20,S1
            T1,C3,2025-01-20,S2
            T2,C3,2025-01-21,S2
            T2,C4,2025-01-21,S2
        """,
    )
    found = operations_of(case)
    # Nobody of concern used the car, so the operation does not rest on it; half of its children did.
    assert shapes_of(found) == [
        ("several_people", "several people and several children, some of whom know each other")
    ]
    assert table_of(found) == [
        [1, "several_people", "contact", "person", "A1", 7, True],
        [1, "several_people", "contact", "person", "A2", 3, True],
        [1, "several_people", "contact", "thing", "T1", 3, True],
        [1, "several_people", "contact", "thing", "T2", 2, False],
        [1, "several_people", "victim", "person", "C1", 3, True],
        [1, "several_people", "victim", "person", "C2", 3, True],
        [1, "several_people", "victim", "person", "C3", 4, True],
        [1, "several_people", "victim", "person", "C4", 2, True],
    ]
    row = found.summary.iloc[0]
    # C1 and C2 know each other; what the phone and the car link is the operation's own.
    assert found.otherwise[["person_a", "person_b"]].values.tolist() == [["C1", "C2"]]
    assert row[["linked_pairs", "pairs", "circles", "evidence", "cells"]].tolist() == [1, 6, 3, 12, 12]


def test_one_online_account(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        sources=SOURCES,
        things="thing_id,kind\nT1,online_account\nT2,online_account\n",
        thing_use="thing_id,person_id,last_seen,source_id\n"
        + "".join(f"T1,C{n},2025-01-2{n},S{1 + n % 2}\n" for n in range(1, 5))
        + "T2,C5,2025-01-01,S1\nT2,C6,2025-01-01,S1\n",
    )
    found = operations_of(case)
    # Two children and no adult of concern (T2): not enough.
    assert shapes_of(found) == [
        ("online_account", "one online account and several children who do not know each other")
    ]
    assert table_of(found) == [
        [1, "online_account", "contact", "thing", "T1", 4, True],
        *([1, "online_account", "victim", "person", f"C{n}", 1, False] for n in range(1, 5)),
    ]
    assert found.summary["what_is_missing"].iloc[0] == [
        "No record says that harm was done.",
        "Who is behind it is not recorded: no adult of concern is tied to it.",
        "No plan, placement or referral is on record for any of the 4 children.",
    ]
    # The account itself makes the four a group; what is left without it are four circles.
    assert found.summary[["groups", "circles", "reach"]].iloc[0].tolist() == [1, 4, 4]


def test_other_things(write_case) -> None:
    kinds = {"phone": "phone", "vehicle": "vehicle", "bank_account": "bank_account", "other": "thing"}
    case = write_case(
        people=MANY,
        things="thing_id,kind\n" + "".join(f"T{n},{kind}\n" for n, kind in enumerate(kinds)),
        thing_use="thing_id,person_id,last_seen\n"
        + "".join(f"T{n},D{3 * n + k},2025-01-01\n" for n in range(4) for k in range(3)),
    )
    found = operations_of(case)
    said = {
        shape: words.removesuffix(" and several children who do not know each other")
        for shape, words in shapes_of(found)
    }
    assert said == {
        "phone": "one phone line",
        "vehicle": "one vehicle",
        "bank_account": "one bank account",
        "thing": "one thing",
    }
    assert found.summary["what_is_missing"].iloc[0][0] == "No report is named for any of it."


def at_places(*rows: tuple[str, str, int, str, str], kind: str = "incident") -> dict[str, str]:
    """Events and who took part in them: (event, place, day of January, person, role)."""
    events = {f"{event},{kind},2025-01-{day:02}T20:00,{place}" for event, place, day, _, _ in rows}
    roles = [f"{event},{person},{role}" for event, _, _, person, role in rows]
    return {
        "events": "event_id,kind,started_at,location_id\n" + "\n".join(sorted(events)),
        "participation": "event_id,person_id,role\n" + "\n".join(roles),
    }


def two_incidents(place: str, *children: str) -> list[tuple[str, str, int, str, str]]:
    """Two incidents on two days at one place, with half of the children each."""
    half = len(children) // 2
    return [
        *((f"E1{place}", place, 1, child, "harmed") for child in children[:half]),
        *((f"E2{place}", place, 2, child, "present") for child in children[half:]),
    ]


def test_one_place(write_case) -> None:
    rows = [
        *two_incidents("L1", "D0", "D1", "D2", "D3"),
        *two_incidents("L2", "D4", "D5", "D6"),
        *two_incidents("L3", "D7", "D8", "D9"),
    ]
    case = write_case(
        people=MANY, locations="location_id,kind\nL1,park\nL2,home\nL3,online\n", **at_places(*rows)
    )
    found = operations_of(case)
    assert shapes_of(found) == [
        ("place", "one place and several children who do not know each other"),
        *sorted(
            [
                ("place", "one place and several children who do not know each other"),
                ("online_space", "one online space and several children who do not know each other"),
            ],
            key=lambda shape: found.summary["shape"].tolist().index(shape[0], 1),
        ),
    ]
    assert table_of(found)[:5] == [
        [1, "place", "contact", "location", "L1", 4, True],
        *([1, "place", "victim", "person", f"D{n}", 1, False] for n in range(4)),
    ]
    assert found.summary["harmful"].tolist() == [4, 3, 3]
    unplaced = [
        "No coordinates and no postcode are recorded for the place." in said
        for said in found.summary["what_is_missing"]
    ]
    assert unplaced == [shape == "place" for shape in found.summary["shape"]]


def test_a_place_is_no_operation_for_being_part_of_everyday_life(write_case) -> None:
    """The same incidents at everyday places, at a busy one, on one evening, among friends; and meetings without harm."""
    everyday = "".join(f"L{n},{kind}\n" for n, kind in enumerate(module.EVERYDAY))
    rows = [row for n in range(6) for row in two_incidents(f"L{n}", "D0", "D1", "D2", "D3")]
    rows += two_incidents("busy", "D4", "D5", "D6", "D7")
    rows += [("E1", "evening", 3, child, "harmed") for child in ("D8", "D9", "D10")]
    rows += two_incidents("friends", "D11", "D12", "D13", "D14")
    case = write_case(
        people=MANY,
        locations=f"location_id,kind\n{everyday}busy,retail\nevening,park\nfriends,park\n",
        associations=HARM
        + "D11,D12,peer,,,2025-01-01,\nD12,D13,peer,,,2025-01-01,\nD13,D14,peer,,,2025-01-01,\n",
        presence="person_id,location_id,seen_at\n"
        + "".join(f"D{n},busy,2025-01-{n:02}\n" for n in range(15, 20)),
        **at_places(*rows),
    )
    assert operations_of(case).summary.empty
    met = [
        (event, place, day, person, "present")
        for event, place, day, person, _ in two_incidents("L1", "D0", "D1", "D2")
    ]
    quiet = write_case(
        "quiet", people=MANY, locations="location_id,kind\nL1,park\n", **at_places(*met, kind="contact")
    )
    assert operations_of(quiet).summary.empty


def test_a_place_where_children_were_seen_with_an_adult_of_concern(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        locations="location_id,kind\nL1,hotel\n",
        associations=HARM + "A1,C8,exploitation,harmful,,2025-01-01,\n",
        presence="person_id,location_id,seen_at\n"
        + "".join(f"A1,L1,2025-01-0{n}T20:00\nC{n},L1,2025-01-0{n}T21:00\n" for n in range(1, 5)),
    )
    found = operations_of(case)
    # A1 is not of it: no record says that A1 harmed any of the four.
    assert table_of(found)[0] == [1, "place", "contact", "location", "L1", 4, True]
    assert found.summary["harmful"].tolist() == [0]


# What joins ----------------------------------------------------------------------------------------


def test_a_thing_of_an_adult_of_concern_brings_its_children_and_the_adult(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        associations=HARM + "A1,C1,exploitation,,,2025-01-01,\nC1,C2,peer,,,2025-01-01,\n",
        things="thing_id,kind\nT1,phone\nT2,phone\n",
        thing_use="""
            thing_id,person_id,last_seen
            T1,A1,2025-01-02
            T1,C1,2025-01-02
            T1,C2,2025-01-02
            T2,C3,2025-01-02
            T2,C4,2025-01-02
        """,
    )
    found = operations_of(case)
    assert table_of(found) == [
        [1, "one_person", "contact", "person", "A1", 3, False],
        [1, "one_person", "contact", "thing", "T1", 2, True],
        [1, "one_person", "victim", "person", "C1", 2, True],
        [1, "one_person", "victim", "person", "C2", 1, True],
    ]
    assert shapes_of(found) == [("one_person", "one person and several children who know each other")]


def test_protective_adults_and_their_things_are_no_contacts(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        associations=HARM + "".join(f"A1,C{n},other,protective,,2025-01-01,\n" for n in range(1, 5)),
        events="event_id,kind,started_at\nE1,incident,2025-01-01\nE2,contact,2025-01-02\n",
        participation="event_id,person_id,role\nE1,A2,protective\nE1,C1,harmed\nE1,C2,harmed\nE2,A2,protective\nE2,C3,present\n",
        things="thing_id,kind\nT1,phone\n",
        thing_use="thing_id,person_id,last_seen\nT1,A1,2025-01-02\n"
        + "".join(f"T1,C{n},2025-01-02\n" for n in range(1, 5)),
    )
    assert operations_of(case).summary.empty
    # The same phone without the worker brings together four who do not know each other.
    assert operations_of(write_case("alone", people=PEOPLE, things="thing_id,kind\nT1,phone\n",
        thing_use="thing_id,person_id,last_seen\n" + "".join(f"T1,C{n},2025-01-02\n" for n in range(1, 5)))
    ).summary["shape"].tolist() == ["phone"]  # fmt: skip


def test_records_that_contradict_each_other_on_an_adult_stand_side_by_side(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        associations=HARM
        + "A1,C1,other,harmful,,2025-01-01,\nA1,C2,other,harmful,,2025-01-01,\nA1,C2,other,protective,,2025-01-01,\n",
    )
    found = operations_of(case)
    assert cells_of(found) == [["C1", "person", "A1", 1, 1, 0, 0], ["C2", "person", "A1", 2, 1, 0, 0]]
    assert (
        "Records contradict each other on 1 of the adults: some call them protective."
        in found.summary["what_is_missing"].iloc[0]
    )


def test_a_flat_where_the_adult_is_on_record_joins_and_a_park_of_many_does_not(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        locations="location_id,kind\nL1,home\nL2,park\nL3,school\n",
        associations=HARM + harm("A1", "C1", "C2", "C3", source=""),
        presence="""
            person_id,location_id,seen_at
            A1,L1,2025-01-01T10:00
            C1,L1,2025-01-05T10:00
            C2,L1,2025-01-06T10:00
            A1,L2,2025-01-01T10:00
            C1,L2,2025-01-05T10:00
            C2,L2,2025-01-06T10:00
            C5,L2,2025-01-06T12:00
            C6,L2,2025-01-07T10:00
            C7,L2,2025-01-08T10:00
            C1,L3,2025-01-05T09:00
            C2,L3,2025-01-05T09:00
        """,
    )
    found = operations_of(case)
    assert table_of(found) == [
        [1, "one_person", "contact", "person", "A1", 3, True],
        [1, "one_person", "contact", "location", "L1", 2, False],
        [1, "one_person", "victim", "person", "C1", 2, True],
        [1, "one_person", "victim", "person", "C2", 2, True],
        [1, "one_person", "victim", "person", "C3", 1, False],
    ]


def test_a_second_adult_who_harmed_one_of_the_children_and_knows_the_first_joins(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        associations=HARM
        + harm("A1", "C1", "C2", source="")
        + harm("A2", "C2", source="")
        + harm("A3", "C1", source="")
        + "A1,A2,peer,,,2025-01-01,\n",
    )
    found = operations_of(case)
    assert found.table().query("role == 'contact'")[["entity_id", "core"]].values.tolist() == [
        ["A1", True],
        ["A2", False],
    ]
    assert found.summary["shape"].tolist() == ["several_people"]


def test_children_half_shared_make_one_operation_and_fewer_do_not(write_case) -> None:
    one = write_case(
        people=PEOPLE,
        associations=HARM + harm("A1", "C1", "C2", "C3", source="") + harm("A2", "C2", "C3", "C4", source=""),
    )
    assert operations_of(one).summary[["victims", "contacts"]].values.tolist() == [[4, 2]]
    two = write_case(
        "two",
        people=PEOPLE,
        associations=HARM + harm("A1", "C1", "C2", "C3", source="") + harm("A2", "C3", "C4", "C5", source=""),
    )
    assert operations_of(two).summary[["victims", "contacts"]].values.tolist() == [[3, 1], [3, 1]]
    # Where a record joins the two adults, half of the smaller one's children are enough.
    known = (
        HARM
        + harm("A1", "C1", "C2", "C3", "C4", "C5", source="")
        + harm("A2", "C4", "C5", "C6", source="")
        + "A1,A2,peer,,,2025-01-01,\n"
    )
    joined = write_case("joined", people=PEOPLE, associations=known)
    assert operations_of(joined).summary[["victims", "contacts"]].values.tolist() == [[6, 2]]


def test_only_children_are_victims(write_case) -> None:
    case = write_case(people=PEOPLE, associations=HARM + harm("A1", "C1", "C2", "Y1", source=""))
    found = operations_of(case).table()
    assert found.query("role == 'victim'")["entity_id"].tolist() == ["C1", "C2"]


def test_a_child_who_may_have_harmed_stays_a_victim(write_case) -> None:
    roles = at_places(
        ("E1", "L1", 1, "C1", "may_have_harmed"),
        ("E1", "L1", 1, "C2", "harmed"),
        ("E2", "L1", 2, "C1", "harmed"),
        ("E2", "L1", 2, "C3", "may_have_harmed"),
    )
    case = write_case(people=PEOPLE, locations="location_id,kind\nL1,park\n", **roles)
    found = operations_of(case).table()
    assert found[["role", "entity_id"]].values.tolist() == [
        ["contact", "L1"],
        ["victim", "C1"],
        ["victim", "C2"],
        ["victim", "C3"],
    ]


# Order, ids, limits -----------------------------------------------------------------------------------


def test_the_order_of_operations(write_case) -> None:
    case = write_case(
        people=PEOPLE + "C9,2011-01-01\n",
        associations=HARM
        # A year old and more: last, however many children.
        + "".join(f"A1,C{n},exploitation,harmful,,2023-01-01,\n" for n in range(1, 6))
        # Two circles and three children; two circles and two children.
        + "A2,C6,exploitation,harmful,,2025-01-01,\nA2,C7,exploitation,harmful,,2025-01-01,\nA2,C8,exploitation,harmful,,2025-01-01,\n"
        + "C6,C7,family,,,2025-01-01,\nA3,C8,exploitation,harmful,,2025-01-01,\nA3,C9,exploitation,harmful,,2025-01-01,\n",
    )
    found = operations_of(case)
    first = found.table().query("role == 'contact'")
    assert first[["rank", "entity_id"]].values.tolist() == [[1, "A2"], [2, "A3"], [3, "A1"]]
    assert found.summary[["reach", "victims"]].values.tolist() == [[2, 3], [2, 2], [5, 5]]
    assert "Nothing is newer than a year." in found.summary["what_is_missing"].iloc[2]


def test_the_id_comes_from_the_contacts(write_case) -> None:
    one = operations_of(write_case(people=PEOPLE, associations=HARM + harm("A1", "C1", "C2", source="")))
    more = operations_of(
        write_case(
            "more",
            people=PEOPLE,
            associations=HARM + harm("A1", "C3", "C4", source="") + harm("A2", "C7", "C8", source=""),
        )
    )
    # md5 of "person:A1", as the shell's md5sum has it.
    assert one.summary["operation_id"].tolist() == ["o590240e76c48"]
    assert one.summary["operation_id"].iloc[0] in more.summary["operation_id"].tolist()


def test_what_a_viewer_may_not_see_makes_no_contact(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        sources=SOURCES,
        associations=HARM + harm("A1", "C1", "C2", "C3") + harm("A2", "C1", "C2", "C3", source="S3"),
        things="thing_id,kind,source_id\nT1,phone,S3\n",
        thing_use="thing_id,person_id\nT1,A1\nT1,C1\nT1,C2\n",
    )

    def contacts(role: str) -> list[str]:
        found = operations_of(case, role=role).table()
        return found.loc[found["role"] == "contact", "entity_id"].tolist()

    assert contacts("analyst") == ["A1", "A2", "T1"]
    assert contacts("social_worker") == ["A1"]


def test_a_grade_band_leaves_out_what_was_graded_lower(write_case) -> None:
    case = write_case(
        people=PEOPLE,
        sources=SOURCES,
        associations=HARM + harm("A1", "C1", "C2") + harm("A2", "C1", "C2", source="S3"),
    )
    found = operations_of(case, grades="A-B").table()
    assert found.loc[found["role"] == "contact", "entity_id"].tolist() == ["A1"]


def test_a_thing_of_too_many_children_is_left_out_and_said(
    write_case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_CHILDREN", 3)
    monkeypatch.setattr(module, "MOST_CONTACTS", 1)
    case = write_case(
        people=PEOPLE,
        associations=HARM + harm("A1", "C1", "C2", source="") + harm("A2", "C1", "C2", source=""),
        things="thing_id,kind\nT1,phone\n",
        thing_use="thing_id,person_id\n" + "".join(f"T1,C{n}\n" for n in range(1, 5)),
    )
    found = operations_of(case)
    assert found.summary["contacts"].tolist() == [1, 1]
    assert found.notes == (
        "1 contacts of more than 3 children were left out as part of everyday life; shared contacts list them.",
        "2 children of more than 1 contacts each were not used to bring contacts together.",
    )


def test_nothing_on_record_gives_empty_tables(write_case) -> None:
    found = operations_of(write_case())
    assert [len(found.table()), len(found.cells), len(found.summary), found.notes] == [0, 0, 0, ()]
    assert list(found.table().columns) == list(TABLE)
    assert list(found.cells.columns) == list(CELLS)
    assert list(found.summary.columns) == list(SUMMARY)


def test_without_a_date_nothing_is_old(write_case) -> None:
    found = operations_of(write_case(people=PEOPLE.replace(",2011-01-01", ",").replace(",1980-01-01", ","),
        referrals="referral_id,person_id,received_on\nR1,C1,2025-01-01\nR2,C2,2025-01-01\n",
        associations=HARM + "A1,C1,exploitation,harmful,,,\nA1,C2,exploitation,harmful,,,\n"))  # fmt: skip
    assert "None of it has a date." in found.summary["what_is_missing"].iloc[0]
    assert "Nothing is newer than a year." not in found.summary["what_is_missing"].iloc[0]


# The planted stories -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo() -> Operations:
    return operations_of(DEMO)


def test_the_planted_stories_are_the_first_three(demo: Operations) -> None:
    truth = json.loads((DEMO / "truth" / "stories.json").read_text())
    line, park, account = truth["county_line"], truth["park"], truth["online_account"]
    planted = [
        ("several_people", {*line["adults"], line["phone"], line["vehicle"]}, line["children"]),
        ("place", {park["location_id"]}, park["children"]),
        ("online_account", {account["thing_id"]}, account["children"]),
    ]
    table = demo.table()
    for rank, (shape, contacts, children) in enumerate(planted, start=1):
        one = table[table["rank"] == rank]
        assert one["shape"].unique().tolist() == [shape]
        assert set(one.loc[one["role"] == "contact", "entity_id"]) == contacts
        assert one.loc[one["role"] == "victim", "entity_id"].tolist() == children


def test_the_demo_lists_no_everyday_place(demo: Operations) -> None:
    kinds = pd.read_csv(DEMO / "locations.csv", dtype=str).set_index("location_id")["kind"]
    places = demo.table().query("role == 'contact' and entity_type == 'location'")["entity_id"]
    assert not set(places.map(kinds)) & set(module.EVERYDAY)


# Properties ------------------------------------------------------------------------------------------------

ADULTS, CHILDREN = ["A1", "A2", "A3", "A4"], [f"C{n}" for n in range(1, 8)]
pairs = st.lists(st.tuples(st.sampled_from(ADULTS), st.sampled_from(CHILDREN)), min_size=1, max_size=16)
uses = st.lists(st.tuples(st.sampled_from(["T1", "T2"]), st.sampled_from([*ADULTS, *CHILDREN])), max_size=10)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(harmed=pairs, used=uses, data=st.data())
def test_the_order_of_rows_does_not_matter(write_case, harmed, used, data) -> None:
    def found(name: str, harmed, used) -> Operations:
        return operations_of(write_case(name, people=PEOPLE, things="thing_id,kind\nT1,phone\nT2,vehicle\n",
            associations=HARM + "".join(harm(a, c, source="") for a, c in harmed),
            thing_use="thing_id,person_id,last_seen\n" + "".join(f"{t},{p},2025-01-01\n" for t, p in used)))  # fmt: skip

    one = found("one", harmed, used)
    other = found("other", data.draw(st.permutations(harmed)), data.draw(st.permutations(used)))
    pd.testing.assert_frame_equal(one.table(), other.table())
    pd.testing.assert_frame_equal(one.cells, other.cells)
    pd.testing.assert_frame_equal(one.summary, other.summary)
    pd.testing.assert_frame_equal(one.otherwise, other.otherwise)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(harmed=pairs)
def test_operations_of_adults_are_what_networkx_connects(write_case, harmed) -> None:
    """The rule for adults alone, written again with sets and networkx's connected components."""
    case = write_case(
        people=PEOPLE, associations=HARM + "".join(harm(a, c, source="") for a, c in sorted(set(harmed)))
    )
    children = {adult: {c for a, c in harmed if a == adult} for adult in ADULTS}
    graph = nx.Graph()
    graph.add_nodes_from(adult for adult in ADULTS if len(children[adult]) > 1)
    for one in graph.nodes:
        for other in graph.nodes:
            both, either = children[one] & children[other], children[one] | children[other]
            if one < other and len(both) > 1 and 2 * len(both) >= len(either):
                graph.add_edge(one, other)
    expected = {
        (tuple(sorted(part)), tuple(sorted(set().union(*(children[adult] for adult in part)))))
        for part in nx.connected_components(graph)
    }
    table = operations_of(case).table()
    found = {
        tuple(tuple(part.loc[part["role"] == role, "entity_id"]) for role in ("contact", "victim"))
        for _, part in table.groupby("operation_id")
    }
    assert found == expected
