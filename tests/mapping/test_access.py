"""Tests of who may see what: what rests on a withheld report is absent, as if it had never been written."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app.analysis import Analysis, analyse
from mapping.access import ROLES, Viewer, visible
from mapping.contract import TABLES
from mapping.records import read_case
from mapping.scope import latest_date

RESULTS = ("links", "link_items", "groups", "group_summary", "shared_contacts", "wards", "rejected")
SOURCES = tuple("ABDEFGH")
PEOPLE = """
person_id,given_name,family_name,date_of_birth,home_easting,home_northing,school_id
C1,Ada,Quill,2010-01-01,1500,1500,L1
C2,Bea,Quill,2011-01-01,1500,2500,L9
C3,Cay,Quill,,2500,1500,
C4,Dot,Quill,2012-01-01,2500,2500,
A1,Eve,Quill,1980-01-01,,,
"""
LOCATIONS = "location_id,kind,name,easting,northing\nL1,park,Long Field,1500,1500\nH1,home,Ada Quill's home,2500,2500\n"
# One row or more of every table on every source in turn, with faults of every kind among them. {} is the source.
TABLE_ROWS = {
    "associations": (
        "person_a,person_b,kind,nature,first_seen,last_seen,source_id",
        [
            "C1,C2,peer,,2025-01-01,2025-02-01,A",
            "C1,C2,peer,,2025-01-01,2025-02-01,A",
            "C1,C2,peer,,2025-01-01,2025-02-01,B",
            "C2,C3,peer,good,2025-02-30,2025-02-01,D",
            "C3,C3,peer,,,,E",
            "C3,C9,peer,,,,F",
            "C3,C4,friends,,,,G",
            "C3,C4,online,,2025-03-01,2025-02-01,H",
            "C3,C4,online,,,,",
            "C1,C4,online,,,,A,too,many",
            "C1,C4,family,,,,S9",
        ],
    ),
    "events": (
        "event_id,kind,started_at,ended_at,summary,source_id",
        [
            "E1,incident,2025-01-01T10:00,2025-01-01T09:00,Ada was hurt,A",
            "E2,party,2025-01-01T10:00,,,B",
            "E3,incident,2025-06-30T10:00,,,D",
            "E3,incident,2025-06-30T10:00,2025-07-01,fuller,E",
            "E4,incident,2025-01-01T10:00,,,",
            "E5,incident,never,,,F",
        ],
    ),
    "participation": (
        "event_id,person_id,role,source_id",
        [
            "E1,C1,harmed,",
            "E1,C2,present,B",
            "E1,C2,present,B",
            "E1,C3,leader,",
            "E2,C3,present,",
            "E3,C3,present,A",
            "E3,C4,present,",
            "E3,C4,present,",
            "E3,C9,present,",
            "E4,C1,present,G",
            "E4,C4,present,",
            "E4,A1,adult_of_concern,H",
            "E5,C1,present,",
            "E9,C1,present,A",
        ],
    ),
    "presence": (
        "person_id,location_id,seen_at,source_id",
        [
            "C1,L1,2025-01-01T10:00,A",
            "C2,L1,2025-01-01T10:30,B",
            "C3,L1,2025-01-01T11:00,",
            "C4,L9,2025-01-01,D",
        ],
    ),
    "things": (
        "thing_id,kind,label,source_id",
        ["T1,phone,Ada's,A", "T2,boat,,B", "T3,phone,,", "T3,vehicle,,D"],
    ),
    "thing_use": (
        "thing_id,person_id,first_seen,last_seen,source_id",
        [
            "T1,C1,2025-01-01,bad,",
            "T1,C3,2025-01-01,2025-01-02,E",
            "T2,C1,,,",
            "T3,C2,,,F",
            "T3,C4,2025-02-02,2025-02-01,",
            "T3,C1,,,G",
        ],
    ),
    "missing": (
        "episode_id,person_id,reported_at,found_at,found_at_location,risk_level,delay_reason,source_id",
        [
            "M1,C3,2025-01-01T10:00,2025-01-02T10:00,L1,low,Ada hid her,A",
            "M2,C4,2025-01-01T12:00,2025-01-02T10:00,L1,severe,,B",
            "M3,C4,2025-01-03T12:00,2025-01-02T10:00,L9,,,D",
            "M3,C4,2025-01-03T12:00,,,,,",
        ],
    ),
    "placements": (
        "person_id,location_id,started_on,ended_on,source_id",
        [
            "C1,H1,2025-01-01,,A",
            "C1,H1,2025-01-01,,A",
            "C2,L9,2025-01-01,,B",
            "C3,H1,2025-01-01,2024-01-01,D",
        ],
    ),
    "referrals": (
        "referral_id,person_id,received_on,concern,decision,source_id",
        ["R1,C3,2025-01-01,cce,Ada told,A", "R2,C3,2025-09-09,drugs,,B", "R2,C4,2025-01-01,cce,,G"],
    ),
}
WARDS = """{"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}},
"features": [%s]}"""
SQUARE = """{"type": "Feature", "properties": {"WD25CD": "E0500000%d", "WD25NM": "Ward %d"}, "geometry":
{"type": "Polygon", "coordinates": [[[%d, 1000], [%d, 1000], [%d, 3000], [%d, 3000], [%d, 1000]]]}}"""
GEOGRAPHY = {
    "wards.geojson": WARDS
    % ", ".join(
        SQUARE % (i, i, i * 1000, i * 1000 + 1000, i * 1000 + 1000, i * 1000, i * 1000) for i in (1, 2)
    )
}


def blank(line: str) -> str:
    """A row of nothing: it is passed over, and the rows after it keep their numbers."""
    del line
    return '""'


def rests_on(line: str, header: str, withheld: frozenset[str]) -> bool:
    return dict(zip(header.split(","), line.split(","), strict=False)).get("source_id") in withheld


def written(withheld: frozenset[str], *, removed: bool) -> dict[str, str]:
    """The case with some sources under handling C; or without those sources and all that rests on them."""
    lines = ["source_id,kind,agency,recorded_on,handling,text"]
    for number, source in enumerate(SOURCES):
        line = f"{source},health,Trust,2025-0{number + 1}-15,{'C' if source in withheld else 'P'},Ada said"
        lines.append(blank(line) if removed and source in withheld else line)
    tables = {"people": PEOPLE, "locations": LOCATIONS, "sources": "\n".join(lines)}
    gone: dict[str, set[str]] = {"events": set(), "things": set()}
    for name, (header, rows) in TABLE_ROWS.items():
        key = header.split(",")[0]
        kept = [not removed or not rests_on(row, header, withheld) for row in rows]
        if removed and name in gone:
            every = {row.split(",")[0] for row in rows}
            gone[name] = every - {row.split(",")[0] for row, keep in zip(rows, kept, strict=True) if keep}
        for parent in gone:
            if removed and TABLES[parent].key == key and name != parent:
                kept = [
                    keep and row.split(",")[0] not in gone[parent]
                    for row, keep in zip(rows, kept, strict=True)
                ]
        tables[name] = "\n".join(
            [header, *(row if keep else blank(row) for row, keep in zip(rows, kept, strict=True))]
        )
    return tables


def results(analysis: Analysis) -> dict[str, Any]:
    plain = ("as_of", "rows", "results", "rejected", "geography")
    return {name: analysis.fetch(name) for name in RESULTS} | {key: analysis.summary[key] for key in plain}


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    for name, found in one.items():
        if isinstance(found, pd.DataFrame):
            pd.testing.assert_frame_equal(found, other[name], obj=name)
        else:
            assert found == other[name], name


# Which sources are withheld. The first twelve are the rows of a covering array: whichever three sources one
# takes, each of the eight ways to withhold some of them and not the others is among them. What a report
# hides can hang on another report and on a third (an event, its repetition, who was there), not on more.
WITHHELD = (
    "ABDEFGH", "BEFG", "DFGH", "AEGH", "BFH", "DG", "EH", "AF", "ABG", "ABDH", "BDE", "ADEF",
    "A", "H", "",
)  # fmt: skip


def test_any_three_sources_are_withheld_in_every_way() -> None:
    for three in combinations(SOURCES, 3):
        ways = {frozenset(three) & frozenset(withheld) for withheld in WITHHELD[:12]}
        assert len(ways) == 8, three


@pytest.mark.parametrize(
    "withheld", [frozenset(some) for some in WITHHELD], ids=lambda some: "".join(sorted(some)) or "none"
)
def test_a_case_with_withheld_reports_is_the_case_without_them(
    write_case: Any, withheld: frozenset[str]
) -> None:
    with_them = write_case("with", geography=GEOGRAPHY, **written(withheld, removed=False))
    without = write_case("without", geography=GEOGRAPHY, **written(withheld, removed=True))
    viewer = Viewer("social_worker")
    assert_same(results(analyse(with_them, viewer=viewer)), results(analyse(without, viewer=viewer)))


def test_nothing_withheld_is_said_to_a_social_worker_and_all_to_an_analyst(write_case: Any) -> None:
    case = write_case(**written(frozenset("AB"), removed=False))
    analyst = analyse(case).rejected
    social = analyse(case, viewer=Viewer("social_worker")).rejected

    def places(found: pd.DataFrame) -> list[tuple[str, int]]:
        return list(found[["table", "row"]].itertuples(index=False, name=None))

    assert set(places(analyst)) - set(places(social)) == {
        ("associations", 3),  # the same as a row on A
        ("associations", 11),  # more values than columns: nobody can tell its source
        ("associations", 12),  # its source is not there
        ("events", 2),
        ("events", 3),
        ("missing", 3),
        ("participation", 4),
        ("participation", 5),  # its event rests on A
        ("participation", 6),  # its event was set aside, on B
        ("participation", 15),
        ("placements", 3),
        ("placements", 4),
        ("referrals", 3),
        ("thing_use", 2),  # its thing rests on A
        ("thing_use", 4),  # its thing was set aside, on B
        ("things", 3),
    }
    assert len(social) == 19


@pytest.mark.parametrize(
    "sources",
    [
        "source_id,kind,handling\nS1,health,C\n",
        "source_id,kind,handling\nS1,health,c\n",
        "source_id,kind,handling\nS1,health,X\n",
        "source_id,kind,handling\nS1,rumour,P\n",
        "source_id,kind,handling\nS1,health,P,extra\n",
        "source_id,kind,handling\nS2,health,P\n",
        "source_id,kind,agency,handling\nS1,health,,C\nS1,health,Trust,P\n",
        "source_id,kind,agency,handling\nS1,health,Trust,P\nS1,health,,X\n",
        "source_id,kind,handling\nS1,health,P\nS1,rumour,C\n",
    ],
)
def test_where_handling_is_in_doubt_only_an_analyst_sees(write_case: Any, sources: str) -> None:
    case = write_case(
        sources=sources,
        associations="person_a,person_b,kind,source_id\nC1,C2,peer,S1\n",
        events="event_id,kind,started_at,source_id\nE1,incident,2025-01-01,S1\n",
        participation="event_id,person_id,role\nE1,C1,present\nE1,C3,present\n",
    )
    records = read_case(case)
    tables = ("associations", "events", "participation")
    assert [len(records.table(name)) for name in tables] == [1, 1, 2]
    for role in ("social_worker", "chair"):
        seen = visible(records, Viewer(role))
        assert [len(seen.table(name)) for name in tables] == [0, 0, 0]
        assert latest_date(seen) is None
        assert seen.rejected.empty


def test_handling_that_is_not_recorded_or_permits_sharing_is_seen(write_case: Any) -> None:
    case = write_case(
        sources="source_id,kind,handling\nS1,health,\nS2,health,p\n",
        associations="person_a,person_b,kind,source_id\nC1,C2,peer,S1\nC1,C3,peer,S2\n",
    )
    assert len(analyse(case, viewer=Viewer("social_worker")).links) == 2


def test_default_date_says_nothing_of_a_withheld_row(write_case: Any) -> None:
    case = write_case(
        sources="source_id,kind,recorded_on,handling\nS1,health,2025-05-01,C\nS2,health,2025-02-01,P\n",
        associations="person_a,person_b,kind,last_seen,source_id\nC1,C2,peer,2025-06-01,S1\nC1,C3,peer,2025-01-01,S2\n",
    )
    assert [str(analyse(case, viewer=Viewer(role)).as_of) for role in ROLES] == [
        "2025-06-01",
        "2025-02-01",
        "2025-02-01",
        "2025-02-01",
    ]


def texts(frame: pd.DataFrame) -> set[str]:
    """Every text anywhere in a table."""
    return {value for column in frame.columns for value in frame[column].dropna() if isinstance(value, str)}


def test_a_planner_gets_wards_and_nothing_that_leads_to_a_person(write_case: Any) -> None:
    case = write_case(geography=GEOGRAPHY, **written(frozenset("A"), removed=False))
    planner, social = (analyse(case, viewer=Viewer(role)) for role in ("planner", "social_worker"))
    for name in RESULTS:
        if name not in ("wards",):
            assert planner.fetch(name).empty, name
    assert planner.people.empty
    assert planner.wards["children_known"].sum() == 4
    pd.testing.assert_frame_equal(planner.wards, social.wards)
    everything = " ".join(
        text
        for frame in [planner.records.table(name) for name in TABLES]
        + [planner.wards, planner.geography.homes, planner.geography.locations, planner.geography.placements]
        for text in texts(frame)
    )
    assert not [word for word in ("Ada", "Quill", "Bea", "told", "fuller") if word in everything]
    ids = {
        row.split(",")[0]
        for name in ("events", "things", "missing", "referrals")
        for row in TABLE_ROWS[name][1]
    }
    ids |= {"C1", "C2", "C3", "C4", "A1", "L1", "H1", *SOURCES}
    frames = [planner.records.table(name) for name in TABLES]
    assert not [text for frame in frames for text in texts(frame) if text in ids]
    for call in (
        lambda: planner.link_items("C1", "C2"),
        lambda: planner.person_items("C1"),
        lambda: planner.contact_items("thing", "T1"),
        lambda: planner.contact_ties(("thing",)),
    ):
        with pytest.raises(PermissionError, match="This viewer sees wards, not people"):
            call()


def test_a_planner_keeps_the_names_of_places_but_not_of_homes(write_case: Any) -> None:
    case = write_case(locations=LOCATIONS, people=PEOPLE)
    seen = visible(read_case(case), Viewer("planner"))
    assert seen.table("locations")["name"].fillna("").tolist() == ["", "Long Field"]
    assert seen.table("people")["given_name"].isna().all()


def test_records_are_not_changed_by_looking(write_case: Any) -> None:
    records = read_case(write_case(**written(frozenset("AB"), removed=False)))
    before = {name: records.table(name) for name in TABLES}
    for role in ROLES:
        visible(records, Viewer(role))
    for name, frame in before.items():
        pd.testing.assert_frame_equal(records.table(name), frame)


def test_an_analyst_sees_the_records_as_they_are(write_case: Any) -> None:
    records = read_case(write_case())
    assert visible(records, Viewer("analyst")) is records


def test_a_role_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"'admin' is not a role\. Use one of analyst, social_worker, chair, planner\."
    ):
        Viewer("admin")


def test_a_case_written_for_these_tests_can_be_read_whole(write_case: Any, tmp_path: Path) -> None:
    del tmp_path
    counts = read_case(write_case(**written(frozenset(), removed=False))).counts
    assert {name: tally["read"] for name, tally in counts.items() if name in TABLE_ROWS} == {
        name: len(rows) for name, (_, rows) in TABLE_ROWS.items()
    }
