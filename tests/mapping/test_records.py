"""Tests of reading and validating a case: every fault once, and nothing lost."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping.contract import TABLES
from mapping.records import Records, read_case
from mapping.tables import CaseError

SLOW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DAY = "is not a date from 1900 to 2100 written year first, such as 2025-03-31 or 2025-03-31T18:45"
DAY_FIRST = (
    "is not a date from 1900 to 2100 written day first, such as 31/03/2025 or 31/03/2025 18:45, "
    "or year first, such as 2025-03-31"
)
ORDER = "is a date whose order is not certain: if the day comes first in this case, say --dates dmy"
EMPTY = "is empty; every row needs it"


def rejected(records: Records, *, reasons: bool = True) -> list[tuple[Any, ...]]:
    """The rejected table as tuples, None where nothing stands."""
    columns = ["table", "row", "column", "value", *(["reason"] if reasons else [])]
    plain = records.rejected[columns].astype(object)
    return [tuple(None if pd.isna(x) else x for x in line) for line in plain.itertuples(index=False)]


def kept(records: Records, name: str, *columns: str) -> list[tuple[Any, ...]]:
    """A kept table as tuples of text, None where nothing stands."""
    frame = records.table(name)[["row", *(columns or TABLES[name].names)]].astype(object)
    return [tuple(None if pd.isna(x) else _plain(x) for x in line) for line in frame.itertuples(index=False)]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat().removesuffix("T00:00:00")
    return value


# Every kind of fault, table by table ----------------------------------------------------------


def test_people(write_case: Any) -> None:
    case = write_case(
        people="""
        person_id,date_of_birth,sex,ethnicity,responsible_authority,home_postcode,home_easting,home_northing,home_lsoa,school_id,care_status,ehcp,nrm_status
        C1,2010-02-30,Q,XXXX,08000002,ZQ1 1AA,900000,400000,E1,L9,lac,maybe,sure
        C2,2010-02-28,f,wbri,e08000002, m1  1aa ,385000,400000,e01005948,L1,CLA,y,RG_Positive
        ,2010-01-01,F,,,,,,,,,,
        C4,,,,,,385000,,,,,,
        C5,,,,,,,-1,,,,,
        C2,,F,,,,,,,,,,
        """,
        locations="location_id,kind\nL1,school\n",
    )
    records = read_case(case)
    assert rejected(records) == [
        ("people", 2, "care_status", "lac", "is not one of none, early_help, cin, cp, cla, care_leaver"),
        ("people", 2, "date_of_birth", "2010-02-30", DAY),
        ("people", 2, "ehcp", "maybe", "is neither Y nor N"),
        (
            "people",
            2,
            "ethnicity",
            "XXXX",
            "is not one of WBRI, WIRI, WIRT, WROM, WOTH, MWBC, MWBA, MWAS, MOTH, AIND, APKN, ABAN, CHNE, AOTH, "
            "BCRB, BAFR, BOTH, OOTH, REFU, NOBT",
        ),
        (
            "people",
            2,
            "home_easting",
            "900000",
            "is not a British National Grid easting in metres (outside Great Britain: 0 to 700,000)",
        ),
        ("people", 2, "home_lsoa", "E1", "is not a GSS code: a letter and eight digits, such as E08000002"),
        ("people", 2, "home_northing", "400000", "has no home_easting beside it; a point needs both"),
        ("people", 2, "home_postcode", "ZQ1 1AA", "is not a known postcode: check it against the address"),
        (
            "people",
            2,
            "nrm_status",
            "sure",
            "is not one of not_considered, considered_not_referred, referred, rg_pending, rg_positive, "
            "rg_negative, cg_pending, cg_positive, cg_negative, suspended, withdrawn, reconsideration",
        ),
        (
            "people",
            2,
            "responsible_authority",
            "08000002",
            "is not a GSS code: a letter and eight digits, such as E08000002",
        ),
        ("people", 2, "school_id", "L9", "is not in the table locations, or was set aside there"),
        ("people", 2, "sex", "Q", "is not one of F, M, X, U"),
        ("people", 4, "person_id", "", EMPTY),
        ("people", 5, "home_easting", "385000", "has no home_northing beside it; a point needs both"),
        (
            "people",
            6,
            "home_northing",
            "-1",
            "is not a British National Grid northing in metres (outside Great Britain: 0 to 1,300,000)",
        ),
        (
            "people",
            7,
            "person_id",
            "C2",
            "is also the id of row 3, which says more or comes first and is kept; give each its own id",
        ),
    ]
    none = (None,) * 14
    whole = ("C2", None, None, "2010-02-28", "F", "WBRI", "E08000002", "M1 1AA", 385000.0, 400000.0)
    assert kept(records, "people") == [
        (2, "C1", *none),
        (3, *whole, "E01005948", "L1", "cla", "Y", "rg_positive"),
        (5, "C4", *none),
        (6, "C5", *none),
    ]
    assert records.counts["people"] == {"read": 6, "kept": 4, "set_aside": 2, "faults": 16}


def test_locations(write_case: Any) -> None:
    case = write_case(
        locations="""
        location_id,kind,name,postcode,easting,northing,longitude,latitude,provider
        L1,palace,,,,,,,
        L2,,,,,,,,
        L3,PARK,Long Field,,,,-2.24,48.9,
        L4,home,,,,,12,53.5,
        L5,home,,,1e400,NaN,,,
        L6,home,Here,M11AA,385000.5,400000,-2.24,53.48,Us
        L6,home,Here,M11AA,385000.5,400000,-2.24,53.48,Us
        """
    )
    records = read_case(case)
    kinds = (
        "home, school, childrens_home, semi_independent, foster_home, hospital, park, transport, retail, "
        "food_outlet, licensed, hotel, online, other"
    )
    east = "is not a British National Grid easting in metres (outside Great Britain: 0 to 700,000)"
    north = "is not a British National Grid northing in metres (outside Great Britain: 0 to 1,300,000)"
    assert rejected(records) == [
        ("locations", 2, "kind", "palace", f"is not one of {kinds}"),
        ("locations", 3, "kind", "", EMPTY),
        (
            "locations",
            4,
            "latitude",
            "48.9",
            "is not a latitude in Great Britain (49.8 to 61.0 degrees)",
        ),
        ("locations", 4, "longitude", "-2.24", "has no latitude beside it; a point needs both"),
        ("locations", 5, "latitude", "53.5", "has no longitude beside it; a point needs both"),
        ("locations", 5, "longitude", "12", "is not a longitude in Great Britain (-9.0 to 2.1 degrees)"),
        ("locations", 6, "easting", "1e400", east),
        ("locations", 6, "northing", "NaN", north),
        (
            "locations",
            8,
            "location_id",
            "L6",
            "is also the id of row 7, which says more or comes first and is kept; give each its own id",
        ),
    ]
    assert kept(records, "locations") == [
        (4, "L3", "park", "Long Field", *(None,) * 6),
        (5, "L4", "home", *(None,) * 7),
        (6, "L5", "home", *(None,) * 7),
        (7, "L6", "home", "Here", "M1 1AA", 385000.5, 400000.0, -2.24, 53.48, "Us"),
    ]


def test_sources(write_case: Any) -> None:
    case = write_case(
        sources="""
        source_id,kind,agency,recorded_on,source_grade,information_grade,handling,action_code,sanitisation_code,text
        S1,gossip,Police,2025-01-01,1,A,P,,,
        S2,health,Trust,soon,4,F,X,A9,S9,t
        S3,Intelligence,Police,2025-01-01,1,a,c,a1,s2,t
        """
    )
    records = read_case(case)
    assert rejected(records) == [
        (
            "sources",
            2,
            "kind",
            "gossip",
            "is not one of intelligence, social_care, return_interview, school, health, community, police_record",
        ),
        ("sources", 3, "action_code", "A9", "is not one of A1, A2, A3"),
        ("sources", 3, "handling", "X", "is not one of P, C"),
        ("sources", 3, "information_grade", "F", "is not one of A, B, C, D, E"),
        ("sources", 3, "recorded_on", "soon", DAY),
        ("sources", 3, "sanitisation_code", "S9", "is not one of S1, S2"),
        ("sources", 3, "source_grade", "4", "is not one of 1, 2, 3"),
    ]
    assert kept(records, "sources") == [
        (3, "S2", "health", "Trust", *(None,) * 6, "t"),
        (4, "S3", "intelligence", "Police", "2025-01-01", "1", "A", "C", "A1", "S2", "t"),
    ]


def test_associations(write_case: Any) -> None:
    case = write_case(
        associations="""
        person_a,person_b,kind,nature,first_seen,last_seen,source_id
        C1,C1,peer,,,,
        C1,C9,peer,,,,
        C1,,peer,,,,
        C1,C2,friends,,,,
        C1,C2,peer,good,2025-13-01,2025-03-01,S9
        C1,C2,peer,harmful,2025-03-02,2025-03-01,
        C1,C2,family,,2025-01-01,2025-01-01,
        C1,C2,family,,2025-01-01,2025-01-01,
        C2,C1,family,,2025-01-01,2025-01-01,
        """
    )
    records = read_case(case)
    kinds = "peer, family, partner, school, online, group, co_offending, exploitation, other"
    assert rejected(records) == [
        (
            "associations",
            2,
            "person_b",
            "C1",
            "is the same person as person_a; nobody is linked to themselves",
        ),
        ("associations", 3, "person_b", "C9", "is not in the table people, or was set aside there"),
        ("associations", 4, "person_b", "", EMPTY),
        ("associations", 5, "kind", "friends", f"is not one of {kinds}"),
        ("associations", 6, "first_seen", "2025-13-01", DAY),
        ("associations", 6, "nature", "good", "is not one of protective, neutral, harmful, unknown"),
        ("associations", 6, "source_id", "S9", "is not in the table sources, or was set aside there"),
        (
            "associations",
            7,
            "last_seen",
            "2025-03-01",
            "is before first_seen, which cannot be; one of the two dates is wrong",
        ),
        ("associations", 9, None, None, "says the same as row 8, which is kept"),
    ]
    assert kept(records, "associations") == [
        (6, "C1", "C2", "peer", None, None, "2025-03-01", None),
        (7, "C1", "C2", "peer", "harmful", "2025-03-02", None, None),
        (8, "C1", "C2", "family", None, "2025-01-01", "2025-01-01", None),
        (10, "C2", "C1", "family", None, "2025-01-01", "2025-01-01", None),
    ]
    assert records.counts["associations"] == {"read": 9, "kept": 4, "set_aside": 5, "faults": 9}


def test_events_and_participation(write_case: Any) -> None:
    case = write_case(
        events="""
        event_id,kind,started_at,ended_at,location_id,easting,northing,summary
        E1,party,2025-01-01T10:00,,,,,
        E2,incident,,,,,,
        E3,incident,yesterday,,,,,
        E4,incident,2025-01-01T10:00,2025-01-01T09:59,L9,385000,,x
        E5,incident,2025-01-01T10:00,2025-01-01,,,,y
        """,
        participation="""
        event_id,person_id,role,source_id
        E1,C1,present,
        E5,C9,present,
        E5,C1,leader,
        E5,C1,present,
        E5,C1,present,
        E5,C1,harmed,
        """,
    )
    records = read_case(case)
    gone = "is not in the table {}, or was set aside there".format
    assert rejected(records) == [
        (
            "events",
            2,
            "kind",
            "party",
            "is not one of incident, arrest, stop_search, intelligence, contact, other",
        ),
        ("events", 3, "started_at", "", EMPTY),
        ("events", 4, "started_at", "yesterday", DAY),
        ("events", 5, "easting", "385000", "has no northing beside it; a point needs both"),
        (
            "events",
            5,
            "ended_at",
            "2025-01-01T09:59",
            "is before started_at, which cannot be; one of the two dates is wrong",
        ),
        ("events", 5, "location_id", "L9", gone("locations")),
        ("participation", 2, "event_id", "E1", gone("events")),
        ("participation", 3, "person_id", "C9", gone("people")),
        (
            "participation",
            4,
            "role",
            "leader",
            "is not one of harmed, may_have_harmed, adult_of_concern, protective, present, witness",
        ),
        ("participation", 6, None, None, "says the same as row 5, which is kept"),
    ]
    assert kept(records, "events") == [
        (5, "E4", "incident", "2025-01-01T10:00:00", *(None,) * 4, "x", None),
        (6, "E5", "incident", "2025-01-01T10:00:00", "2025-01-01", *(None,) * 3, "y", None),
    ]
    assert kept(records, "participation") == [
        (5, "E5", "C1", "present", None),
        (7, "E5", "C1", "harmed", None),
    ]


def test_presence_and_things(write_case: Any) -> None:
    case = write_case(
        locations="location_id,kind\nL1,park\n",
        presence="""
        person_id,location_id,seen_at
        C1,L1,2025-01-01T10:00
        C1,L1,2025-01-01T10:00
        C1,L1,2025-01-01
        C1,L1,2025-01-01T00:00
        C1,L9,2025-01-01
        C9,L1,2025-01-01
        C1,L1,2025-01-32
        """,
        things="thing_id,kind,label\nT1,phone,x\nT2,boat,\nT1,phone,\n",
        thing_use="""
        thing_id,person_id,first_seen,last_seen
        T1,C1,2025-01-02,2025-01-01
        T2,C1,,
        T1,C9,,
        T1,C2,,
        """,
    )
    records = read_case(case)
    gone = "is not in the table {}, or was set aside there".format
    assert rejected(records) == [
        ("presence", 3, None, None, "says the same as row 2, which is kept"),
        ("presence", 6, "location_id", "L9", gone("locations")),
        ("presence", 7, "person_id", "C9", gone("people")),
        ("presence", 8, "seen_at", "2025-01-32", DAY),
        (
            "thing_use",
            2,
            "last_seen",
            "2025-01-01",
            "is before first_seen, which cannot be; one of the two dates is wrong",
        ),
        ("thing_use", 3, "thing_id", "T2", gone("things")),
        ("thing_use", 4, "person_id", "C9", gone("people")),
        ("things", 3, "kind", "boat", "is not one of phone, vehicle, online_account, bank_account, other"),
        (
            "things",
            4,
            "thing_id",
            "T1",
            "is also the id of row 2, which says more or comes first and is kept; give each its own id",
        ),
    ]
    assert kept(records, "presence", "person_id", "seen_at") == [
        (2, "C1", "2025-01-01T10:00:00"),
        (4, "C1", "2025-01-01"),
        (5, "C1", "2025-01-01"),
    ]
    timed = records.execute("SELECT row, seen_at_timed FROM {presence} ORDER BY row")
    assert timed == [(2, True), (4, False), (5, True)]
    assert kept(records, "thing_use") == [
        (2, "T1", "C1", "2025-01-02", None, None),
        (5, "T1", "C2", None, None, None),
    ]


def test_missing_placements_and_referrals(write_case: Any) -> None:
    case = write_case(
        locations="location_id,kind\nL1,childrens_home\n",
        missing="""
        episode_id,person_id,reported_at,found_at,missing_from,found_at_location,risk_level,interview_offered,interview_accepted,interview_held_at,delay_reason
        M1,C1,2025-01-02T10:00,2025-01-02T09:00,L9,L1,severe,1,0,2025-01-01,none given
        M2,C1,2025-01-02T10:00,2025-01-02,L1,L9,no_apparent,yes,No,2025-01-03T10:00,
        M3,,2025-01-02T10:00,,,,,,,,
        """,
        placements="""
        person_id,location_id,started_on,ended_on,placing_authority,placement_type
        C1,L1,2025-01-02,2025-01-01,E0800000,k2
        C1,L1,,,,
        C1,L9,2025-01-01,,,
        C1,L1,2025-01-02,,E08000002,K9
        """,
        referrals="""
        referral_id,person_id,received_on,source_agency,concern,decision,opened_on,closed_on,re_engaged_education,stable_accommodation,positive_relationship,fewer_missing
        R1,C1,2025-01-02,School,drugs,accepted,2025-01-03,2025-01-01,Y,N,?,
        R2,C1,2025-01-02,School,CCE,accepted,2025-01-03,2025-01-02,Y,N,,
        R3,C1,,,,,,,,,,
        """,
    )
    records = read_case(case)
    gone = "is not in the table locations, or was set aside there"
    before = "is before {}, which cannot be; one of the two dates is wrong".format
    places = ", ".join(read_codes("placement_type"))
    assert rejected(records) == [
        ("missing", 2, "found_at", "2025-01-02T09:00", before("reported_at")),
        ("missing", 2, "interview_accepted", "0", "is neither Y nor N"),
        ("missing", 2, "interview_held_at", "2025-01-01", before("reported_at")),
        ("missing", 2, "interview_offered", "1", "is neither Y nor N"),
        ("missing", 2, "missing_from", "L9", gone),
        ("missing", 2, "risk_level", "severe", "is not one of no_apparent, low, medium, high"),
        ("missing", 3, "found_at_location", "L9", gone),
        ("missing", 4, "person_id", "", EMPTY),
        ("placements", 2, "ended_on", "2025-01-01", before("started_on")),
        (
            "placements",
            2,
            "placing_authority",
            "E0800000",
            "is not a GSS code: a letter and eight digits, such as E08000002",
        ),
        ("placements", 3, "started_on", "", EMPTY),
        ("placements", 4, "location_id", "L9", gone),
        ("placements", 5, "placement_type", "K9", f"is not one of {places}"),
        ("referrals", 2, "closed_on", "2025-01-01", before("received_on")),
        (
            "referrals",
            2,
            "concern",
            "drugs",
            "is not one of cce, cse, county_lines, serious_violence, modern_slavery, radicalisation, missing, other",
        ),
        ("referrals", 2, "positive_relationship", "?", "is neither Y nor N"),
        ("referrals", 3, "closed_on", "2025-01-02", before("opened_on")),
        ("referrals", 4, "received_on", "", EMPTY),
    ]
    assert kept(records, "missing") == [
        (2, "M1", "C1", "2025-01-02T10:00:00", None, None, "L1", *(None,) * 4, "none given", None),
        (
            3,
            *("M2", "C1", "2025-01-02T10:00:00", "2025-01-02", "L1", None, "no_apparent", "Y", "N"),
            *("2025-01-03T10:00:00", None, None),
        ),
    ]
    assert kept(records, "placements") == [
        (2, "C1", "L1", "2025-01-02", None, None, "K2", None),
        (5, "C1", "L1", "2025-01-02", None, "E08000002", None, None),
    ]
    assert kept(records, "referrals", "referral_id", "concern", "closed_on", "positive_relationship") == [
        (2, "R1", None, None, None),
        (3, "R2", "cce", None, None),
    ]


def read_codes(name: str) -> list[str]:
    from mapping.codes import load_codes

    return list(load_codes()[name])


# Postcodes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("M1 1AA", "M1 1AA"),
        ("m11aa", "M1 1AA"),
        ("SW1A 2AA", "SW1A 2AA"),
        ("GIR 0AA", "GIR 0AA"),
        ("ZZ99 3WZ", "ZZ99 3WZ"),
        ("M1", None),
        ("M1 1A", None),
        ("XX1 1AA", None),
        ("M1 AAA", None),
        ("M111 1AA", None),
        ("'; DROP TABLE people; --", None),
    ],
)
def test_postcodes_by_shape_and_area(write_case: Any, written: str, read: str | None) -> None:
    case = write_case(people=[{"person_id": "C1", "home_postcode": written}])
    records = read_case(case)
    assert kept(records, "people", "home_postcode") == [(2, read)]
    assert [line[3] for line in rejected(records)] == ([] if read else [written])


def test_postcodes_of_a_district_that_is_listed_must_be_in_the_list(write_case: Any) -> None:
    postcodes = ["M1 1AA", "m11ab", "BL9 0AA"]
    case = write_case(
        people=[
            {"person_id": f"C{i}", "home_postcode": p} for i, p in enumerate(["m1 1ab", "M1 9ZZ", "OL1 1AA"])
        ]
    )
    records = read_case(case, postcodes=postcodes)
    assert kept(records, "people", "home_postcode") == [(2, "M1 1AB"), (3, None), (4, "OL1 1AA")]
    reason = "is not a known postcode: check it against the address"
    assert rejected(records) == [("people", 3, "home_postcode", "M1 9ZZ", reason)]


# Duplicates -----------------------------------------------------------------------------------

DOUBLES = st.lists(
    st.tuples(
        st.sampled_from(["C1", "C2", "C3"]),
        st.sampled_from(["", "Al", "Di"]),
        st.sampled_from(["", "2010-01-01", "bad"]),
        st.sampled_from(["", "F", "M"]),
    ),
    min_size=1,
    max_size=8,
)


@SLOW
@given(rows=DOUBLES, data=st.data())
def test_row_order_never_changes_what_is_kept(write_case: Any, rows: Any, data: st.DataObject) -> None:
    columns = ["person_id", "given_name", "date_of_birth", "sex"]
    content = []
    for order in (rows, data.draw(st.permutations(rows))):
        records = read_case(write_case(people=pd.DataFrame(order, columns=columns)))
        content.append(sorted(map(str, (line[1:] for line in kept(records, "people", *columns)))))
        counts = records.counts["people"]
        assert counts["read"] == counts["kept"] + counts["set_aside"] == len(rows)
        for person in {row[0] for row in rows}:
            best = max(sum(x not in ("", "bad") for x in row) for row in rows if row[0] == person)
            found = next(line for line in kept(records, "people", *columns) if line[1] == person)
            assert sum(x is not None for x in found[1:]) == best
    assert content[0] == content[1]


@SLOW
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["C1", "C2", "C9"]),
            st.sampled_from(["L1", "L9"]),
            st.sampled_from(["2025-01-01", "2025-01-01T00:00", "bad"]),
            st.sampled_from(["", "S1", "S9"]),
        ),
        max_size=8,
    ),
    data=st.data(),
)
def test_row_order_never_changes_sightings(write_case: Any, rows: Any, data: st.DataObject) -> None:
    columns = ["person_id", "location_id", "seen_at", "source_id"]
    content = []
    for order in (rows, data.draw(st.permutations(rows))):
        case = write_case(
            locations="location_id,kind\nL1,park\n",
            sources="source_id,kind\nS1,health\n",
            presence=pd.DataFrame(order, columns=columns),
        )
        records = read_case(case)
        query = "SELECT person_n, location_n, seen_at, seen_at_timed, source_n, source_lost FROM {presence}"
        content.append(sorted(map(str, records.execute(query))))
        counts = records.counts["presence"]
        assert counts["read"] == counts["kept"] + counts["set_aside"] == len(rows)
    assert content[0] == content[1]


@pytest.mark.parametrize("order", [1, -1])
def test_order_of_another_table_never_changes_which_of_two_rows_is_kept(write_case: Any, order: int) -> None:
    """Keeps out a choice by the number of a place, which its row decides."""
    case = write_case(
        locations=[{"location_id": each, "kind": "park"} for each in ["L1", "L2"][::order]],
        events="event_id,kind,started_at,location_id\nE1,incident,2025-01-01,L2\nE1,incident,2025-01-01,L1\n",
    )
    assert kept(read_case(case), "events", "location_id") == [(3, "L1")]


def test_a_row_whose_source_was_set_aside_is_not_the_same_as_one_without(write_case: Any) -> None:
    """Keeps out an open row that is dropped in favour of one that nobody but analysts may see."""
    case = write_case(associations="person_a,person_b,kind,source_id\nC1,C2,peer,S9\nC1,C2,peer,\n")
    records = read_case(case)
    assert kept(records, "associations", "person_a", "source_id") == [(2, "C1", None), (3, "C1", None)]
    assert rejected(records, reasons=False) == [("associations", 2, "source_id", "S9")]


# Nothing lost ---------------------------------------------------------------------------------

CELL = st.one_of(
    st.sampled_from(["", "C1", "C2", "E1", "L1", "S1", "T1", "peer", "incident", "phone", "present", "Y"]),
    st.sampled_from(
        ["2025-01-01", "2025-01-01T10:00:00Z", "31/01/2025", "1e400", "{people}", "'; DROP", " "]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6),
)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, pd.DataFrame]:
    tables = {"people": pd.DataFrame({"person_id": ["C1", "C2"]})}
    for name in draw(st.lists(st.sampled_from(list(TABLES)[1:]), unique=True, max_size=4)):
        columns = list(TABLES[name].names)
        size = draw(st.integers(0, 4))
        tables[name] = pd.DataFrame(
            [[draw(CELL) for _ in columns] for _ in range(size)], columns=columns, dtype=object
        )
    return tables


@SLOW
@given(tables=cases())
def test_nothing_that_is_read_is_lost(write_case: Any, tables: dict[str, pd.DataFrame]) -> None:
    records = read_case(write_case(**tables))
    for name, counts in records.counts.items():
        frame = tables.get(name, pd.DataFrame())
        written = int(sum(any(str(x).strip() for x in line) for line in frame.itertuples(index=False)))
        assert counts["read"] == written
        assert counts["read"] == counts["kept"] + counts["set_aside"]
        assert len(records.table(name)) == counts["kept"]
        faulty = set(records.rejected.loc[records.rejected["table"] == name, "row"])
        rows = set(records.table(name)["row"])
        assert len(faulty - rows) == counts["set_aside"]


# Dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "dates", "read", "reason"),
    [
        ("2025-03-31T18:45", "iso", "2025-03-31T18:45:00", None),
        ("2025-03-31 18:45:30.5", "iso", "2025-03-31T18:45:30.500000", None),
        ("2025-03-31", "iso", "2025-03-31", None),
        ("2025-06-01T23:30:00Z", "iso", "2025-06-02T00:30:00", None),
        ("2025-06-01T23:30:00+0000", "iso", "2025-06-02T00:30:00", None),
        ("2025-12-01T23:30:00+00:00", "iso", "2025-12-01T23:30:00", None),
        ("2025-12-01T23:30:00-01:00", "iso", "2025-12-02T00:30:00", None),
        ("2025-07-01T00:15+02", "iso", "2025-06-30T23:15:00", None),
        ("2024-02-29T10:00", "iso", "2024-02-29T10:00:00", None),
        ("2025-02-29T10:00", "iso", None, DAY),
        ("2025-04-31", "iso", None, DAY),
        ("2025-03-31T25:00", "iso", None, DAY),
        ("2025-06-01T10:3Z", "iso", None, DAY),
        ("2025-06-01T10:30:0Z", "iso", None, DAY),
        ("2025-06-01T10:30+1", "iso", None, DAY),
        ("2025-06-01Tab:cd", "iso", None, DAY),
        ("2025-03-31T18:45 Paris", "iso", None, DAY),
        ("1899-12-31", "iso", None, DAY),
        ("2101-01-01", "iso", None, DAY),
        ("0001-01-01", "iso", None, DAY),
        ("9999999-01-01", "iso", None, DAY),
        ("20250331", "iso", None, DAY),
        ("45747", "iso", None, DAY),
        ("now", "iso", None, DAY),
        ("infinity", "iso", None, DAY),
        ("31/03/2025 18:45", "iso", None, ORDER),
        ("03/04/2025", "iso", None, ORDER),
        ("03/04/25", "iso", None, ORDER),
        ("31/03/2025 18:45", "dmy", "2025-03-31T18:45:00", None),
        ("03/04/2025", "dmy", "2025-04-03", None),
        ("3.4.2025", "dmy", "2025-04-03", None),
        ("3-4-2025T07:30Z", "dmy", "2025-04-03T08:30:00", None),
        ("2025-04-03", "dmy", "2025-04-03", None),
        ("04/31/2025", "dmy", None, DAY_FIRST),
        ("31/02/2025", "dmy", None, DAY_FIRST),
        ("03/04/25", "dmy", None, DAY_FIRST),
    ],
)
def test_moments(write_case: Any, written: str, dates: Any, read: str | None, reason: str | None) -> None:
    case = write_case(events=[{"event_id": "E1", "kind": "incident", "started_at": written}])
    records = read_case(case, dates=dates)
    assert kept(records, "events", "started_at") == ([(2, read)] if read else [])
    assert rejected(records) == ([("events", 2, "started_at", written, reason)] if reason else [])


def test_a_date_with_a_zone_is_the_day_in_the_united_kingdom(write_case: Any) -> None:
    case = write_case(people="person_id,date_of_birth\nC1,2010-05-31T23:00:00Z\n")
    assert kept(read_case(case), "people", "date_of_birth") == [(2, "2010-06-01")]


# The same case, written otherwise ---------------------------------------------------------------

ZONE = timezone(timedelta(hours=1))
NATIVE = {
    "people": pd.DataFrame(
        {
            "person_id": [1, 2, 3],
            "date_of_birth": pd.to_datetime(["2010-03-31", None, "1990-01-01"]),
            "home_easting": [385000.0, None, 385000.5],
            "home_northing": [400000, 1, 400000],
            "ehcp": [True, None, False],
        }
    ),
    "locations": pd.DataFrame({"location_id": [7.0, 8.0], "kind": ["park", "moon"]}),
    "sources": pd.DataFrame({"source_id": [11, 12], "kind": ["health"] * 2, "source_grade": [1.0, None]}),
    "presence": pd.DataFrame(
        {
            "person_id": [1, 2, 9],
            "location_id": [7, 7, 7],
            "seen_at": pd.to_datetime(["2025-06-01T23:30:00Z"] * 3, utc=True),
            "source_id": [11.0, None, 12.0],
        }
    ),
    "thing_use": pd.DataFrame({"thing_id": [5], "person_id": [1], "first_seen": [datetime(2025, 1, 1)]}),
    "things": pd.DataFrame({"thing_id": [5], "kind": ["phone"]}),
}
TEXT = {
    "people": """
        person_id,date_of_birth,home_easting,home_northing,ehcp
        1,2010-03-31,385000,400000,Y
        2,,,1,
        3,1990-01-01,385000.5,400000,N
        """,
    "locations": "location_id,kind\n7,park\n8,moon\n",
    "sources": "source_id,kind,source_grade\n11,health,1\n12,health,\n",
    "presence": """
        person_id,location_id,seen_at,source_id
        1,7,2025-06-01T23:30:00Z,11
        2,7,2025-06-02T01:30:00+02:00,
        9,7,2025-06-02T00:30:00,12
        """,
    "thing_use": "thing_id,person_id,first_seen\n5,1,2025-01-01\n",
    "things": "thing_id,kind\n5,phone\n",
}


def as_parquet(folder: Path) -> Path:
    folder.mkdir()
    for name, frame in NATIVE.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def as_workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    for name, frame in NATIVE.items():
        sheet = book.create_sheet(name)
        sheet.append(list(frame.columns))
        for line in frame.astype(object).itertuples(index=False):
            sheet.append([_cell(value) for value in line])
    book.save(path)
    return path


def _cell(value: Any) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        moment = value.tz_convert("Europe/London").tz_localize(None) if value.tz else value
        return moment.to_pydatetime()
    return value


def whole(records: Records) -> dict[str, Any]:
    content: dict[str, Any] = {name: kept(records, name) for name in TABLES}
    timed = records.execute("SELECT row, seen_at_timed FROM {presence} ORDER BY row")
    return content | {"timed": timed, "rejected": rejected(records), "counts": dict(records.counts)}


def test_csv_parquet_and_workbook_of_one_case_give_the_same_records(write_case: Any, tmp_path: Path) -> None:
    written = whole(read_case(write_case(**TEXT)))
    assert [line[:4] for line in written["rejected"]] == [
        ("locations", 3, "kind", "moon"),
        ("people", 3, "home_northing", "1"),
        ("presence", 4, "person_id", "9"),
    ]
    assert written["presence"] == [
        (2, "1", "7", "2025-06-02T00:30:00", "11"),
        (3, "2", "7", "2025-06-02T00:30:00", None),
    ]
    assert whole(read_case(as_workbook(tmp_path / "case.xlsx"))) == written
    assert whole(read_case(as_parquet(tmp_path / "parquet"))) == written


@pytest.mark.parametrize(
    ("moments", "timed"),
    [
        (pd.to_datetime(["2025-01-01", "2025-01-02"]), [False, False]),
        (pd.to_datetime(["2025-01-01T00:00", "2025-01-02T10:00"]), [True, True]),
        (pd.to_datetime(["2025-05-31T23:00Z", "2025-06-30T23:00Z"], utc=True), [False, False]),
        ([datetime(2025, 1, 1).date(), datetime(2025, 1, 2).date()], [False, False]),
        (["2025-01-01", "2025-01-02T00:00"], [False, True]),
    ],
)
def test_sightings_of_a_parquet_file_without_a_time_of_day(
    tmp_path: Path, moments: Any, timed: list[bool]
) -> None:
    pd.DataFrame({"person_id": ["C1"]}).to_parquet(tmp_path / "people.parquet")
    pd.DataFrame({"location_id": ["L1"], "kind": ["park"]}).to_parquet(tmp_path / "locations.parquet")
    seen = pd.DataFrame({"person_id": ["C1"] * 2, "location_id": ["L1"] * 2, "seen_at": moments})
    seen.to_parquet(tmp_path / "presence.parquet")
    found = read_case(tmp_path).execute("SELECT seen_at_timed FROM {presence} ORDER BY row")
    assert [each for (each,) in found] == timed


def test_timestamps_of_parquet_out_of_range_are_set_aside(tmp_path: Path) -> None:
    born = pd.Series([datetime(1, 1, 1), datetime(2010, 1, 1)], dtype="datetime64[us]")
    pd.DataFrame({"person_id": ["C1", "C2"], "date_of_birth": born}).to_parquet(tmp_path / "people.parquet")
    records = read_case(tmp_path)
    assert kept(records, "people", "date_of_birth") == [(2, None), (3, "2010-01-01")]
    assert rejected(records) == [("people", 2, "date_of_birth", "0001-01-01 00:00:00", DAY)]


def test_other_types_of_parquet_are_read_as_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "person_id": ["C1"],
            "given_name": [["a", "b"]],
            "sex": pd.Categorical(["F"]),
            "date_of_birth": [20100101],
        }
    )
    frame.to_parquet(tmp_path / "people.parquet")
    records = read_case(tmp_path)
    assert kept(records, "people", "given_name", "sex", "date_of_birth") == [(2, "[a, b]", "F", None)]
    assert rejected(records) == [("people", 2, "date_of_birth", "20100101", DAY)]


# Hostile values -------------------------------------------------------------------------------

HOSTILE = [
    "'; DROP TABLE people; --",
    "{people}",
    "{0}",
    "}{",
    '"',
    "%s",
    "\\",
    "C1'",
    "NULL",
    "x" * 10_000,
    "‮",
    "😀",
]


def test_any_text_is_an_id(write_case: Any) -> None:
    case = write_case(
        people=[{"person_id": each, "given_name": each} for each in HOSTILE],
        associations=[{"person_a": HOSTILE[0], "person_b": each, "kind": "peer"} for each in HOSTILE[1:]],
    )
    records = read_case(case)
    assert rejected(records) == []
    assert [line[1:] for line in kept(records, "people", "person_id", "given_name")] == [
        (each, each) for each in HOSTILE
    ]
    assert [line[1:] for line in kept(records, "associations", "person_a", "person_b")] == [
        (HOSTILE[0], each) for each in HOSTILE[1:]
    ]


def test_any_text_is_a_rejected_value(write_case: Any) -> None:
    case = write_case(people=[{"person_id": f"C{i}", "sex": each} for i, each in enumerate(HOSTILE)])
    assert [line[3] for line in rejected(read_case(case))] == HOSTILE


def test_ids_are_told_apart_by_case_and_not_by_spaces_around_them(write_case: Any) -> None:
    case = write_case(
        people='person_id\nC1\nc1\n" C2\t"\n\u00a0C3\u2003\n',
        associations='person_a,person_b,kind\nC1,c1,peer\nC2 ,C3,peer\n"\u00a0C2",C4,peer\n',
    )
    records = read_case(case)
    assert kept(records, "people", "person_id") == [(2, "C1"), (3, "c1"), (4, "C2"), (5, "C3")]
    assert kept(records, "associations", "person_a", "person_b") == [(2, "C1", "c1"), (3, "C2", "C3")]
    gone = "is not in the table people, or was set aside there"
    assert rejected(records) == [("associations", 4, "person_b", "C4", gone)]


def test_values_of_nothing_but_unusual_spaces_are_empty(write_case: Any) -> None:
    case = write_case(people='person_id,sex,home_easting\nC1,"\t","\u00a0"\n"\u2003",F,1\n')
    records = read_case(case)
    assert kept(records, "people", "sex", "home_easting") == [(2, None, None)]
    assert rejected(records) == [("people", 3, "person_id", "\u2003", EMPTY)]


def test_letters_written_in_two_ways_are_two_ids_and_never_lost_in_silence(write_case: Any) -> None:
    case = write_case(
        people="person_id\nZo\u00eb\n", missing="episode_id,person_id,reported_at\nM1,Zoe\u0308,2025-01-01\n"
    )
    records = read_case(case)
    assert rejected(records, reasons=False) == [("missing", 2, "person_id", "Zoe\u0308")]


def test_temporary_folders_with_quotes_in_their_names(
    write_case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "o'brien").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "o'brien"))
    assert read_case(write_case()).counts["people"]["kept"] == 3


def test_case_of_the_empty_kind_is_refused(write_case: Any) -> None:
    reason = "The table people has no row that can be used, so there is nobody to map. Check the file's rows."
    with pytest.raises(CaseError) as caught:
        read_case(write_case(people="person_id,sex\n,F\n"))
    assert [(f.row, f.reason) for f in caught.value.faults] == [(None, reason), (2, EMPTY)]
    with pytest.raises(CaseError, match="nobody to map"):
        read_case(write_case(people="person_id\n"))


def test_strict_refuses_a_case_with_any_fault(write_case: Any) -> None:
    case = write_case(people="person_id,sex\nC1,Q\nC2,R\n")
    with pytest.raises(CaseError) as caught:
        read_case(case, strict=True)
    assert [(f.table, f.row, f.column, f.value) for f in caught.value.faults] == [
        ("people", 2, "sex", "Q"),
        ("people", 3, "sex", "R"),
    ]
    assert read_case(write_case(), strict=True).counts["people"]["kept"] == 3


def test_a_branch_and_its_tables_leave_the_records_as_they_are(write_case: Any) -> None:
    records = read_case(write_case())
    branch = records.branch()
    schema = branch.new_schema()
    branch.execute(f"CREATE TABLE {schema}.people AS SELECT * FROM {{people}} WHERE person_id = 'C1'")
    seen = branch.with_tables({"people": f"{schema}.people"})
    assert kept(seen, "people", "person_id") == [(2, "C1")]
    assert kept(records, "people", "person_id") == [(2, "C1"), (3, "C2"), (4, "C3")]
    branch.forget()
    assert kept(records, "people", "person_id") == [(2, "C1"), (3, "C2"), (4, "C3")]
