"""Tests of steps: one for each row that names two, what is busy, which id is meant, and the rows of a step."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

import pandas as pd
import pytest

from mapping.access import Viewer, visible
from mapping.evidence import mentions
from mapping.items import link_items
from mapping.links import build_links
from mapping.records import read_case
from mapping.scope import at_date, latest_date
from mapping.steps import ITEM_COLUMNS, Steps, build_steps, find_end, step_items, step_table

EVERY_KIND: dict[str, str] = {
    "people": "person_id,school_id\nC1,L3\nC2,\nC3,\nA1,\n",
    "locations": "location_id,kind,name\nL1,park,Long Field\nL2,childrens_home,Brook House\nL3,school,Hill School\n",
    "sources": """
        source_id,kind,agency,recorded_on,source_grade,information_grade,handling,text
        S1,intelligence,Police,2025-01-10,1,A,P,seen together
        S2,health,Trust,2025-02-20,2,C,P,said so
        S3,intelligence,Police,2025-02-21,2,D,C,restricted
    """,
    "associations": """
        person_a,person_b,kind,nature,first_seen,last_seen,source_id
        C2,C1,peer,protective,2025-01-01,2025-01-05,S1
        C1,C2,family,harmful,,,
        C3,A1,exploitation,,2025-02-01,,S3
    """,
    "events": "event_id,kind,started_at,ended_at,location_id,summary,source_id\nE1,incident,2025-01-31T23:00,2025-02-01T01:00,L1,a fight,S2\n",
    "participation": "event_id,person_id,role,source_id\nE1,C1,harmed,S1\nE1,C3,may_have_harmed,\n",
    "presence": "person_id,location_id,seen_at,source_id\nC2,L1,2025-01-25T10:00,S2\n",
    "things": "thing_id,kind,label,source_id\nT1,phone,red phone,S2\n",
    "thing_use": "thing_id,person_id,first_seen,last_seen,source_id\nT1,C2,2025-01-02,2025-01-28,\n",
    "missing": """
        episode_id,person_id,reported_at,found_at,missing_from,found_at_location,source_id
        M1,C3,2025-01-26T10:00,2025-01-28T10:00,L2,L1,S1
    """,
    "placements": "person_id,location_id,started_on,ended_on,source_id\nC3,L2,2025-01-05,,S1\nC1,L2,2024-01-05,2024-02-05,\n",
}


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case with every kind of row, which no test changes."""
    return written(tmp_path_factory.mktemp("every"), EVERY_KIND)


@pytest.fixture(scope="module")
def steps(every: Path) -> Steps:
    return steps_of(every)


def written(case: Path, tables: dict[str, str]) -> Path:
    for name, text in tables.items():
        (case / f"{name}.csv").write_text(dedent(text).strip() + "\n", encoding="utf-8")
    return case


def steps_of(case: Path, *, viewer: Viewer | None = None, as_of: date | None = None, **options: Any) -> Steps:
    records = visible(read_case(case), viewer or Viewer())
    as_of = as_of or latest_date(records)
    return build_steps(mentions(at_date(records, as_of), as_of=as_of), as_of=as_of, **options)


def rows_of(steps: Steps) -> list[tuple[Any, ...]]:
    """Every row as a step: both ends, how, table, row, level and days."""
    return steps.records.execute(
        f"""SELECT x.id, y.id, r.how, r."table", r.row, r.level, CAST(DATE '1970-01-01' + CAST(r.first_day AS INTEGER) AS VARCHAR),
            CAST(DATE '1970-01-01' + CAST(r.last_day AS INTEGER) AS VARCHAR), r.ongoing
        FROM {steps.schema}.rows r JOIN {steps.schema}.nodes x ON x.node = r.a JOIN {steps.schema}.nodes y ON y.node = r.b
        ORDER BY x.node, y.node, r.how, r.row"""
    )


def neighbours(steps: Steps) -> dict[str, list[str]]:
    ids = [end.id for end in steps.ends(range(len(steps.classes)))]
    return {
        name: [ids[node] for node in steps.to[steps.begins[place] : steps.begins[place + 1]]]
        for place, name in enumerate(ids)
    }


def test_every_row_that_names_two_is_one_step(steps: Steps) -> None:
    assert rows_of(steps) == [
        ("A1", "C3", "exploitation", "associations", 4, 2, "2025-02-01", "2025-02-01", False),
        ("C1", "C2", "family", "associations", 3, 2, None, None, False),
        ("C1", "C2", "peer", "associations", 2, 0, "2025-01-01", "2025-01-05", False),
        ("C1", "L2", "placed", "placements", 3, 2, "2024-01-05", "2024-02-05", False),
        ("C1", "L3", "goes_to_school", "people", 2, 2, None, None, True),
        ("C1", "E1", "took_part", "participation", 2, 0, "2025-01-31", "2025-02-01", False),
        # Use of a phone rests on the phone's report where it has none of its own.
        ("C2", "T1", "used", "thing_use", 2, 1, "2025-01-02", "2025-01-28", False),
        ("C2", "L1", "seen", "presence", 2, 1, "2025-01-25", "2025-01-25", False),
        # Found on the day of the find, missing from the day of the report.
        ("C3", "L1", "found", "missing", 2, 0, "2025-01-28", "2025-01-28", False),
        ("C3", "L2", "missing_from", "missing", 2, 0, "2025-01-26", "2025-01-26", False),
        # A placement without an end stands until the latest day.
        ("C3", "L2", "placed", "placements", 2, 0, "2025-01-05", "2025-02-21", True),
        ("C3", "E1", "took_part", "participation", 3, 1, "2025-01-31", "2025-02-01", False),
        ("L1", "E1", "took_place", "events", 2, 1, "2025-01-31", "2025-02-01", False),
    ]


def test_the_graph_has_each_step_from_both_ends(steps: Steps) -> None:
    assert neighbours(steps) == {
        "A1": ["C3"],
        "C1": ["C2", "L2", "L3", "E1"],
        "C2": ["C1", "T1", "L1"],
        "C3": ["A1", "L1", "L2", "E1"],
        "T1": ["C2"],
        "L1": ["C2", "C3", "E1"],
        "L2": ["C1", "C3"],
        "L3": ["C1"],
        "E1": ["C1", "C3", "L1"],
    }
    assert steps.classes.tolist() == [0, 0, 0, 0, 1, 2, 2, 4, 3]
    assert steps.undated == {"A-B": 0, "A-C": 0, "all": 2}


def test_the_order_of_the_rows_does_not_matter(steps: Steps, tmp_path: Path) -> None:
    turned = {}
    for name, text in EVERY_KIND.items():
        header, *rows = [line.strip() for line in text.strip().splitlines()]
        turned[name] = "\n".join([header, *reversed(rows)])
    other = steps_of(written(tmp_path, turned))
    assert neighbours(steps) == neighbours(other)
    assert (steps.level.tolist(), steps.newest.tolist()) == (other.level.tolist(), other.newest.tolist())


def test_what_a_viewer_may_not_see_is_no_step(every: Path) -> None:
    seen = neighbours(steps_of(every, viewer=Viewer("social_worker")))
    assert (seen["A1"], "A1" in seen["C3"]) == ([], False)


def test_a_step_is_not_there_before_it_was_known(every: Path) -> None:
    seen = neighbours(steps_of(every, as_of=date(2025, 1, 31)))
    assert (seen["C1"], seen["C3"], "E1" in seen, "T1" in seen) == (["C2", "L2", "L3"], ["L1", "L2"], False, False)  # fmt: skip


def test_a_place_is_busy_by_those_seen_there_and_at_events_there(write_case: Any) -> None:
    case = write_case(
        people="person_id\n" + "".join(f"C{n}\n" for n in range(6)),
        locations="location_id,kind\nL1,transport\nL2,transport\n",
        presence="person_id,location_id,seen_at\n"
        + "".join(f"C{n},L{place},2025-01-01T10:00\n" for place in (1, 2) for n in range(3)),
        events="event_id,kind,started_at,location_id\nE1,incident,2025-01-01,L1\n",
        participation="event_id,person_id,role\nE1,C2,present\nE1,C3,present\n",
    )
    busy = {}
    for crowd in (1, 2, 3, 4):
        steps = steps_of(case, crowd=crowd)
        busy[crowd] = [end.id for end in steps.ends(steps.busy.nonzero()[0].tolist())]
    assert busy == {1: ["L1", "L2", "E1"], 2: ["L1", "L2"], 3: ["L1"], 4: []}


# Which id is meant -----------------------------------------------------------------------------


ALIKE = {
    "people": "person_id\nX1\nP000023\nP000032\nthing:X2\n",
    "things": "thing_id,kind\nX1,phone\nX2,phone\n",
    "locations": "location_id,kind\nL1,park\nX1,park\n",
    "events": "event_id,kind,started_at\nE1,incident,2025-01-01\n",
}


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    return steps_of(written(tmp_path_factory.mktemp("alike"), ALIKE))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("P000023", ("person", "P000023")),
        ("person:P000023", ("person", "P000023")),
        ("X2", ("thing", "X2")),
        ("thing:X1", ("thing", "X1")),
        ("place:X1", ("location", "X1")),
        ("location:X1", ("location", "X1")),
        ("event:E1", ("event", "E1")),
        ("thing:X2", ("person", "thing:X2")),  # an id as it is written comes first
    ],
)
def test_an_id_is_found_in_whatever_table_has_it(alike: Steps, text: str, found: tuple[str, str]) -> None:
    assert find_end(alike, text)[:2] == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "X1",
            "'X1' is the id of a person and of a thing and of a place. Say which: person:X1 or thing:X1 or place:X1.",
        ),
        (
            "P00023",
            "No person, thing, place or event has the id 'P00023' (looked for in people, things, locations and events, "
            "as far as this viewer may see them at this date). Near it: P000023, P000032.",
        ),
        (
            "thing:P000023",
            "No thing has the id 'P000023' (looked for in things, as far as this viewer may see them at this date). Check how it is written.",
        ),
        (
            "P000023' OR '1'='1",
            "No person, thing, place or event has the id \"P000023' OR '1'='1\" (looked for in people, things, locations and events, "
            "as far as this viewer may see them at this date). Check how it is written.",
        ),
    ],
)
def test_an_id_that_is_not_there_or_not_clear_is_refused(alike: Steps, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        find_end(alike, text)


def test_an_id_a_viewer_may_not_see_is_not_there(write_case: Any) -> None:
    case = write_case(
        sources="source_id,kind,handling\nS1,intelligence,C\n",
        things="thing_id,kind,source_id\nT1,phone,S1\n",
    )
    assert find_end(steps_of(case), "T1").id == "T1"
    with pytest.raises(ValueError, match=r"No person, thing, place or event has the id 'T1'.*Check how"):
        find_end(steps_of(case, viewer=Viewer("chair")), "T1")


# What a step rests on --------------------------------------------------------------------------


def plain(frame: pd.DataFrame) -> list[list[Any]]:
    told = frame.astype(object).where(frame.notna(), None)
    return [
        [value.date().isoformat() if isinstance(value, pd.Timestamp) else value for value in row]
        for row in told.values.tolist()
    ]


def test_what_steps_rest_on(steps: Steps) -> None:
    nodes = {name: find_end(steps, name).node for name in ("C1", "C2", "C3", "L2", "L1")}
    pairs = [("C2", "C1", None), ("C3", "L2", None), ("L1", "C2", None), ("C2", "C1", 20_091)]
    asked = pd.DataFrame(
        [(nodes[one], nodes[other], since) for one, other, since in pairs], columns=["one", "other", "since"]
    )
    found = step_table(steps, asked)
    assert list(found) == ["how", "items", "sources", "best_grade", "first_seen", "last_seen", "nature"]
    assert plain(found) == [
        ["family|peer", 2, 1, "1A", "2025-01-01", "2025-01-05", "mixed"],
        # One row that says both is one item; so the episode and the placement are two.
        ["missing_from|placed", 2, 1, "1A", "2025-01-05", "2025-02-21", "unknown"],
        ["seen", 1, 1, "2C", "2025-01-25", "2025-01-25", "unknown"],
        # 20,091 is 3 January 2025: what has no date cannot be said to have lasted until then.
        ["peer", 1, 1, "1A", "2025-01-01", "2025-01-05", "protective"],
    ]
    narrow = step_table(steps, asked.iloc[:1], grades="A-B")
    assert plain(narrow) == [["peer", 1, 1, "1A", "2025-01-01", "2025-01-05", "protective"]]


def test_a_step_opens_to_its_rows(steps: Steps) -> None:
    found = step_items(steps, "C1", "E1")
    assert list(found) == list(ITEM_COLUMNS)
    assert plain(found) == [
        [
            *("C1", None, "2025-01-31", "2025-02-01", None, "took_part", None, None, "participation", 2),
            *(None, None, "a fight", None, None, "E1", None, "harmed"),
            *("S1", "intelligence", "Police", "2025-01-10", "1A", "P", "seen together"),
        ]
    ]
    short = ["person_a", "person_b", "date_from", "date_to", "kind", "tie", "nature", "table", "row", "what", "place", "source_id", "grade"]  # fmt: skip
    assert plain(step_items(steps, "C2", "C1")[short]) == [
        [*("C1", "C2", "2025-01-01", "2025-01-05", "peer", None, "protective"), *("associations", 2, "", None, "S1", "1A")],
        [*("C1", "C2", None, None, "family", None, "harmful"), *("associations", 3, "", None, None, None)],
    ]  # fmt: skip
    assert plain(step_items(steps, "L2", "C3")[short]) == [
        [*("C3", None, "2025-01-05", None, None, "placed", None), *("placements", 2, "Brook House", "Brook House", "S1", "1A")],
        [*("C3", None, "2025-01-26", "2025-01-26", None, "missing_from", None), *("missing", 2, "Brook House", "Brook House", "S1", "1A")],
    ]  # fmt: skip
    assert plain(step_items(steps, "L1", "E1")[short]) == [
        [*(None, None, "2025-01-31", "2025-02-01", None, "took_place", None), *("events", 2, "a fight", "Long Field", "S2", "2C")]
    ]  # fmt: skip
    assert plain(step_items(steps, "C2", "T1")[["what", "thing_id", "grade", "agency"]]) == [
        ["red phone", "T1", "2C", "Trust"]
    ]


def test_a_step_opens_within_a_band_and_since_a_day(steps: Steps) -> None:
    assert step_items(steps, "C1", "C2", grades="A-B")["kind"].tolist() == ["peer"]
    assert step_items(steps, "C1", "C2", since=date(2025, 1, 5))["kind"].tolist() == ["peer"]
    assert step_items(steps, "C1", "C2", since=date(2025, 1, 6)).empty
    assert step_items(steps, "C1", "L1").empty


def test_the_rows_of_a_step_have_the_columns_of_a_link(steps: Steps) -> None:
    links = build_links(mentions(steps.records), as_of=None)
    assert set(link_items(links, "C1", "C2")) <= set(ITEM_COLUMNS)
