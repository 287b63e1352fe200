"""Tests of what the hub knew by a date: two clocks, and nothing that lay ahead."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app.analysis import analyse
from mapping.contract import TABLES
from mapping.records import Records, read_case
from mapping.scope import at_date, latest_date

DAY = date(2025, 6, 15)


def rows(records: Records, name: str, *columns: str) -> list[tuple[Any, ...]]:
    frame = records.table(name)[["row", *columns]].astype(object)
    return [tuple(None if pd.isna(x) else _plain(x) for x in line) for line in frame.itertuples(index=False)]


def _plain(value: Any) -> Any:
    return str(value).removesuffix(" 00:00:00") if isinstance(value, pd.Timestamp) else value


@pytest.fixture
def case(write_case: Any) -> Path:
    folder: Path = write_case(
        people="person_id,date_of_birth\nC1,2030-01-01\nC2,\n",
        locations="location_id,kind\nL1,park\n",
        sources="source_id,kind,recorded_on\nS1,health,2025-06-15\nS2,health,2025-06-16\nS3,health,\n",
        associations="""
        person_a,person_b,kind,first_seen,last_seen,source_id
        C1,C2,peer,2025-06-01,2025-06-20,
        C1,C2,family,,2025-06-16,
        C1,C2,school,,2025-06-15,
        C1,C2,online,2025-06-01,2025-06-02,S2
        C1,C2,group,2025-07-01,2025-07-02,S1
        C1,C2,other,,,
        C1,C2,partner,,,S3
        C1,C2,partner,2025-06-16,,S3
        C1,C2,co_offending,,,S2
        """,
        events="""
        event_id,kind,started_at,ended_at,source_id
        E1,incident,2025-06-15T23:59,2025-06-16T01:00,
        E2,incident,2025-06-16,,
        E3,incident,2025-06-01,,S2
        """,
        participation="event_id,person_id,role,source_id\nE1,C1,present,\nE2,C1,present,\nE3,C1,present,\nE1,C2,present,S2\n",
        presence="person_id,location_id,seen_at\nC1,L1,2025-06-15T12:00\nC1,L1,2025-06-16T12:00\n",
        things="thing_id,kind,source_id\nT1,phone,\nT2,phone,S2\n",
        thing_use="thing_id,person_id,first_seen,last_seen\nT1,C1,,2025-06-14\nT1,C2,2025-06-16,\nT2,C1,2025-06-01,\n",
        missing="""
        episode_id,person_id,reported_at,found_at,found_at_location,interview_offered,interview_accepted,interview_held_at,delay_reason
        M1,C1,2025-06-15T22:00,2025-06-16T02:00,L1,Y,Y,2025-06-18,asleep
        M2,C1,2025-06-14T22:00,2025-06-15T02:00,L1,Y,N,2025-06-17,tired
        M3,C1,2025-06-13T22:00,2025-06-17T02:00,L1,Y,,,away
        M4,C1,2025-06-16T22:00,,,,,,
        """,
        placements="person_id,location_id,started_on,ended_on\nC1,L1,2025-06-15,2025-06-16\nC2,L1,2025-06-16,\n",
        referrals="""
        referral_id,person_id,received_on,decision,opened_on,closed_on,re_engaged_education,fewer_missing
        R1,C1,2025-06-14,accepted,2025-06-16,2025-06-17,Y,N
        R2,C1,2025-06-14,accepted,2025-06-15,2025-06-17,Y,N
        R3,C1,2025-06-16,accepted,,,,
        """,
    )
    return folder


def test_latest_date_leaves_birthdays_out(case: Path, write_case: Any) -> None:
    assert latest_date(read_case(case)) == date(2025, 7, 2)
    assert latest_date(read_case(write_case("other"))) is None


def test_a_row_counts_from_its_source_or_else_from_its_own_first_date(case: Path) -> None:
    known = at_date(read_case(case), DAY)
    assert rows(known, "sources", "source_id") == [(2, "S1"), (4, "S3")]
    # An own date that lies ahead is no later than the day; one that is not recorded stays so.
    assert rows(known, "associations", "kind", "first_seen", "last_seen") == [
        (2, "peer", "2025-06-01", "2025-06-15"),
        (4, "school", None, "2025-06-15"),
        (6, "group", "2025-06-15", "2025-06-15"),
        (7, "other", None, None),
        (8, "partner", None, None),
    ]
    assert rows(known, "events", "event_id", "ended_at") == [(2, "E1", None)]
    assert rows(known, "participation", "event_id", "person_id") == [(2, "E1", "C1")]
    assert rows(known, "presence", "seen_at") == [(2, "2025-06-15 12:00:00")]
    assert rows(known, "things", "thing_id") == [(2, "T1")]
    assert rows(known, "thing_use", "thing_id", "first_seen", "last_seen") == [
        (2, "T1", None, "2025-06-14"),
    ]


def test_what_lies_ahead_is_not_yet_known(case: Path) -> None:
    known = at_date(read_case(case), DAY)
    columns = [name for name in TABLES["missing"].names[3:-1] if name not in ("missing_from", "risk_level")]
    assert rows(known, "missing", "episode_id", *columns) == [
        (2, "M1", *(None,) * 6),
        (3, "M2", "2025-06-15 02:00:00", "L1", "Y", "N", None, None),
        (4, "M3", *(None,) * 6),
    ]
    assert rows(known, "placements", "person_id", "ended_on") == [(2, "C1", None)]
    assert rows(known, "referrals", "decision", "opened_on", "closed_on", "fewer_missing") == [
        (2, None, None, None, None),
        (3, "accepted", "2025-06-15", None, None),
    ]


@pytest.mark.parametrize("as_of", [date(2025, 7, 2), date(2025, 7, 3), None])
def test_the_latest_date_or_later_changes_nothing(case: Path, as_of: date | None) -> None:
    records = read_case(case)
    assert at_date(records, as_of).tables == records.tables


def test_latest_date_given_or_left_out_is_one_analysis(case: Path) -> None:
    given, left_out = analyse(case, as_of=date(2025, 7, 2)), analyse(case)
    assert given.as_of == left_out.as_of == date(2025, 7, 2)
    for name in ("links", "groups", "group_summary", "shared_contacts", "wards", "rejected"):
        pd.testing.assert_frame_equal(given.fetch(name), left_out.fetch(name))
    assert given.summary["rows"] == left_out.summary["rows"]


def test_two_clocks(write_case: Any) -> None:
    """An item learnt late counts from the day it was learnt, and is as old as what it says."""
    case = write_case(
        sources="source_id,kind,recorded_on\nS1,health,2025-06-30\n",
        associations="person_a,person_b,kind,first_seen,last_seen,source_id\nC1,C2,peer,2025-01-01,2025-01-01,S1\n",
    )
    assert len(analyse(case, as_of=date(2025, 6, 29)).links) == 0
    link = analyse(case, as_of=date(2025, 6, 30)).links.iloc[0]
    assert link["weight"] == pytest.approx(0.5 ** (180 / 180))
    assert str(link["last_seen"].date()) == "2025-01-01"


def test_an_item_without_a_date_has_none_as_of_an_earlier_day(write_case: Any) -> None:
    """Keeps out the as-of date in place of a date that nobody recorded."""
    case = write_case(
        locations="location_id,kind\nL1,park\n",
        associations="person_a,person_b,kind\nC1,C2,peer\n",
        presence="person_id,location_id,seen_at\nC3,L1,2025-12-31\n",
    )
    for as_of in (date(2025, 1, 1), date(2025, 12, 31)):
        link = analyse(case, as_of=as_of).links.iloc[0]
        assert pd.isna(link["first_seen"])
        assert pd.isna(link["last_seen"])
        assert link["weight"] == 1.0
