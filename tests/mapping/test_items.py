"""Tests of opening a link or a contact down to the rows it rests on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app.analysis import Analysis, analyse
from mapping.access import Viewer

HOSTILE = "'; DROP TABLE people; -- {people}"


@pytest.fixture
def case(write_case: Any) -> Path:
    folder: Path = write_case(
        people=f"""
        person_id,date_of_birth
        C1,2010-01-01
        C2,2011-01-01
        C3,2012-01-01
        "{HOSTILE}",2012-01-01
        """,
        locations="location_id,kind,name\nL1,park,Long Field\n",
        sources="""
        source_id,kind,agency,recorded_on,source_grade,information_grade,handling,text
        S1,intelligence,Police,2025-01-10,1,A,C,seen together
        S2,health,Trust,2025-01-20,2,B,P,said so
        S3,school,,,,,,
        """,
        associations=f"""
        person_a,person_b,kind,nature,first_seen,last_seen,source_id
        C2,C1,peer,protective,2025-01-01,2025-01-05,S1
        C1,C2,family,,,,
        C1,C3,peer,,2025-01-01,,S2
        "{HOSTILE}",C3,online,,2025-01-03,,S3
        """,
        events="event_id,kind,started_at,summary,source_id\nE1,incident,2025-01-31T10:00,a fight,S2\n",
        participation="event_id,person_id,role,source_id\nE1,C1,harmed,S1\nE1,C2,may_have_harmed,\n",
        presence="person_id,location_id,seen_at,source_id\nC1,L1,2025-01-25T10:00,S2\nC2,L1,2025-01-25T11:00,S2\n",
        things="thing_id,kind,label,source_id\nT1,phone,red phone,S2\n",
        thing_use="thing_id,person_id,first_seen,last_seen,source_id\nT1,C1,2025-01-02,2025-01-28,\nT1,C2,2025-01-03,,S3\n",
        missing="""
        episode_id,person_id,reported_at,found_at,found_at_location,source_id
        M1,C1,2025-01-26T10:00,2025-01-27T10:00,L1,
        M2,C2,2025-01-26T20:00,2025-01-27T11:00,L1,S2
        """,
    )
    return folder


@pytest.fixture
def analysis(case: Path) -> Analysis:
    return analyse(case)


def told(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    plain = frame[list(columns)].astype(object)
    return [
        tuple(None if pd.isna(x) else str(x)[:10] if isinstance(x, pd.Timestamp) else x for x in line)
        for line in plain.itertuples(index=False)
    ]


ROWS = (
    "date_to",
    "kind",
    "table",
    "row",
    "other_table",
    "other_row",
    "source_id",
    "agency",
    "grade",
    "handling",
)


def test_a_link_opens_to_exactly_its_rows(analysis: Analysis) -> None:
    trust, police = ("S2", "Trust", "2B", "P"), ("S1", "Police", "1A", "C")
    none = (None, None, None, None)
    assert told(analysis.link_items("C2", "C1"), *ROWS) == [
        ("2025-01-31", "event", "participation", 2, "participation", 3, *police),
        ("2025-01-31", "event", "participation", 2, "participation", 3, *trust),
        ("2025-01-27", "missing", "missing", 2, "missing", 3, *trust),
        ("2025-01-25", "presence", "presence", 2, "presence", 3, *trust),
        ("2025-01-05", "peer", "associations", 2, None, None, *police),
        # Both used the phone until the day one of them was last seen with it.
        ("2025-01-03", "thing", "thing_use", 2, "thing_use", 3, *trust),
        ("2025-01-03", "thing", "thing_use", 2, "thing_use", 3, "S3", None, None, None),
        (None, "family", "associations", 3, None, None, *none),
    ]


def test_items_say_what_and_where_and_how(analysis: Analysis) -> None:
    found = analysis.link_items("C1", "C2").drop_duplicates(["table", "row"])
    assert told(found, "kind", "nature", "what", "place", "source_kind", "recorded_on", "text") == [
        ("event", "harmful", "a fight", None, "intelligence", "2025-01-10", "seen together"),
        ("missing", "unknown", "Long Field", "Long Field", "health", "2025-01-20", "said so"),
        ("presence", "unknown", "Long Field", "Long Field", "health", "2025-01-20", "said so"),
        ("peer", "protective", "", None, "intelligence", "2025-01-10", "seen together"),
        ("thing", "unknown", "red phone", None, "health", "2025-01-20", "said so"),
        ("family", "unknown", "", None, None, None, None),
    ]


def test_items_and_weights_add_up_to_the_link(analysis: Analysis) -> None:
    for link in analysis.links.itertuples():
        found = analysis.link_items(link.person_a, link.person_b).drop_duplicates(
            ["table", "row", "other_row"]
        )
        assert len(found) == link.items
        assert found["weight"].sum() == pytest.approx(link.weight)
        latest = found["date_to"].max()
        assert pd.isna(latest) == pd.isna(link.last_seen)
        assert pd.isna(latest) or latest == link.last_seen


def test_every_item_is_a_row_of_the_case(analysis: Analysis) -> None:
    found = analysis.fetch("link_items")
    for table, row in [
        *found[["table_a", "row_a"]].dropna().itertuples(index=False),
        *found[["table_b", "row_b"]].dropna().itertuples(index=False),
    ]:
        assert row in set(analysis.records.table(table)["row"])
    counts = found.groupby(["person_a", "person_b"]).size()
    links = analysis.links.set_index(["person_a", "person_b"])["items"]
    assert counts.to_dict() == links.to_dict()


def test_people_who_are_not_linked_have_no_items(analysis: Analysis) -> None:
    assert analysis.link_items("C2", "C3").empty
    assert analysis.link_items("C1", "nobody' OR '1'='1").empty
    assert analysis.person_items("nobody").empty


def test_an_id_that_looks_like_a_query_is_only_an_id(analysis: Analysis) -> None:
    found = analysis.link_items(HOSTILE, "C3")
    assert told(found, "person_a", "person_b", "kind", "row", "source_id") == [
        (HOSTILE, "C3", "online", 5, "S3")
    ]
    assert told(analysis.person_items(HOSTILE), "row") == [(5,)]
    assert analysis.contact_items("thing", HOSTILE).empty


def test_items_of_a_person_and_of_a_group(analysis: Analysis) -> None:
    assert set(told(analysis.person_items("C3"), "person_a", "person_b", "row")) == {
        ("C1", "C3", 4),
        (HOSTILE, "C3", 5),
    }
    groups = analysis.groups.set_index("person_id")["group_id"]
    for group_id, members in groups.groupby(groups):
        within = analysis.group_items(group_id)
        pairs = set(told(within, "person_a", "person_b"))
        links = set(told(analysis.links, "person_a", "person_b"))
        assert pairs == {pair for pair in links if set(pair) <= set(members.index)}


def test_a_contact_opens_to_the_rows_that_tie_children_to_it(analysis: Analysis) -> None:
    columns = ("person_id", "date_to", "table", "row", "source_id", "agency", "grade", "handling", "text")
    assert told(analysis.contact_items("thing", "T1"), *columns) == [
        ("C1", "2025-01-28", "thing_use", 2, "S2", "Trust", "2B", "P", "said so"),
        ("C2", "2025-01-03", "thing_use", 3, "S3", None, None, None, None),
    ]
    assert analysis.contact_children("thing", "T1") == ["C1", "C2"]
    assert set(told(analysis.contact_items("location", "L1"), "person_id", "table", "row")) == {
        ("C1", "presence", 2),
        ("C2", "presence", 3),
        ("C1", "missing", 2),
        ("C2", "missing", 3),
    }
    with pytest.raises(KeyError, match="'vehicle' is not a type of contact"):
        analysis.contact_items("vehicle", "T1")


def test_every_shared_contact_opens_to_its_children_and_sources(analysis: Analysis) -> None:
    assert len(analysis.shared_contacts)
    for contact in analysis.shared_contacts.itertuples():
        found = analysis.contact_items(contact.contact_type, contact.contact_id)
        assert found["person_id"].nunique() == contact.children
        assert found["source_id"].nunique() == contact.sources


def test_items_are_those_the_viewer_may_see(case: Path) -> None:
    seen = analyse(case, viewer=Viewer("social_worker"))
    found = seen.link_items("C1", "C2")
    assert set(found["source_id"].dropna()) <= {"S2", "S3"}
    assert (found["table"] != "participation").all()
    assert "C" not in set(found["handling"].dropna())
