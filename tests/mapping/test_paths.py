"""Tests of paths: by hand on small graphs, and against networkx and plain enumeration on random ones."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping import paths
from mapping.access import Viewer, visible
from mapping.evidence import mentions
from mapping.paths import (
    ANYTHING,
    THROUGH,
    distance,
    left_out,
    open_nodes,
    paths_up_to,
    shortest_paths,
    time_respecting,
    usual_distances,
)
from mapping.records import Records, open_connection, read_case
from mapping.scope import at_date, latest_date
from mapping.steps import Steps, _graph, build_steps, step_items

DEMO = Path(__file__).parents[2] / "data" / "synthetic" / "demo"
CONNECTION = open_connection()
# One row between two nodes: both ids, first and last day, and the level of its grade (0 is A-B, 2 ungraded).
Row = tuple[str, str, int | None, int | None, int]
GRADES = {0: 11, 1: 31, 2: None}


def graph_of(rows: Iterable[Row], nodes: Iterable[str] = (), crowd: int = 50) -> Steps:
    """Build steps from rows alone, without a case. The first letter of an id says its kind; ids of schools begin with S."""
    rows = list(rows)
    names = sorted({*nodes, *(name for row in rows for name in row[:2])}, key=lambda name: (KINDS[name[0]], name))  # fmt: skip
    number = {name: place for place, name in enumerate(names)}
    called = [(number[name], KINDS[name[0]], name, 4 if name[0] == "S" else KINDS[name[0]]) for name in names]
    stated = [
        (*sorted((number[one], number[other])), "peer", "unknown", "associations", line, None, GRADES[level], level, first, last, False)
        for line, (one, other, first, last, level) in enumerate(rows, 2)
    ]  # fmt: skip
    records = Records(CONNECTION, {}, pd.DataFrame(), {})
    schema = records.new_schema()
    for table, columns, lines in (("nodes", NODES, called), ("rows", ROWS, stated)):
        frame = pd.DataFrame(lines, columns=list(columns)).astype(columns)
        CONNECTION.register("arriving", frame)
        records.execute(f"CREATE TABLE {schema}.{table} AS SELECT * FROM arriving")
    levels = ", ".join(f"max(last_day) FILTER (level <= {k}) AS newest_{k}" for k in range(3))
    records.execute(f"CREATE TABLE {schema}.pairs AS SELECT a, b, min(level) AS level, {levels} FROM {schema}.rows GROUP BY a, b")  # fmt: skip
    return _graph(records, schema, crowd)


NODES = {"node": "int64", "kind_k": "int64", "id": "str", "class_k": "int64"}
ROWS = {"a": "int64", "b": "int64", "how": "str", "nature": "str", "table": "str", "row": "int64", "source_n": "Int64", "grade": "Int64",
        "level": "int64", "first_day": "Int64", "last_day": "Int64", "ongoing": "bool"}  # fmt: skip
KINDS = {"C": 0, "T": 1, "L": 2, "S": 2, "E": 3}


def undated(*pairs: str) -> list[Row]:
    """Rows from "C1-C2": ungraded, without a date."""
    return [(*pair.split("-"), None, None, 2) for pair in pairs]


def ways(found: paths.Paths) -> list[list[str]]:
    """Each path as its ids."""
    return [[path["from_id"].iloc[0], *path["to_id"]] for _, path in found.table.groupby("path", sort=True)]


def told(frame: pd.DataFrame) -> list[list[Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        [value.date().isoformat() if isinstance(value, pd.Timestamp) else value for value in row]
        for row in plain.values.tolist()
    ]


def steps_of(case: Path, *, viewer: str = "analyst", as_of: date | None = None) -> Steps:
    records = visible(read_case(case), Viewer(viewer))
    as_of = as_of or latest_date(records)
    return build_steps(mentions(at_date(records, as_of), as_of=as_of), as_of=as_of)


# By hand ---------------------------------------------------------------------------------------


@pytest.fixture
def case(write_case: Any) -> Path:
    """C1 and C4 are joined through a phone and an adult, and through a park by graded evidence."""
    folder: Path = write_case(
        people="person_id\nC1\nC2\nC3\nC4\nA1\n",
        locations="location_id,kind,name\nL1,park,Long Field\n",
        sources="""
            source_id,kind,agency,source_grade,information_grade,handling
            S1,intelligence,Police,1,B,P
            S2,intelligence,Police,2,D,C
            S3,health,Trust,,,P
        """,
        things="thing_id,kind\nT1,phone\n",
        thing_use="""
            thing_id,person_id,first_seen,last_seen,source_id
            T1,C1,2025-01-01,2025-01-31,S3
            T1,C4,2025-02-10,2025-02-20,S3
            T1,C4,2025-03-10,,S1
        """,
        associations="""
            person_a,person_b,kind,nature,first_seen,last_seen,source_id
            A1,C1,exploitation,,2025-01-05,2025-01-06,S2
            A1,C4,other,,2025-01-01,2025-01-03,S3
        """,
        presence="""
            person_id,location_id,seen_at,source_id
            C1,L1,2025-01-01T10:00,S1
            C2,L1,2025-01-02T10:00,S1
        """,
        events="event_id,kind,started_at,source_id\nE1,incident,2025-01-03T10:00,S1\n",
        participation="event_id,person_id,role\nE1,C2,present\nE1,C4,present\n",
    )
    return folder


def test_shortest_paths_with_what_each_step_rests_on(case: Path) -> None:
    found = shortest_paths(steps_of(case), "C1", "C4")
    assert (found.one[:2], found.other[:2]) == (("person", "C1"), ("person", "C4"))
    assert (found.listed, found.found, found.more, found.stopped) == (2, 2, False, False)
    assert list(found.table) == list(paths.PATH_COLUMNS)
    assert told(found.table) == [
        # Neither has a step graded A to C throughout; the phone's weakest step was seen later.
        [1, 1, "person", "C1", "thing", "T1", "used", 1, 1, None, "2025-01-01", "2025-01-31", "unknown"],
        [1, 2, "thing", "T1", "person", "C4", "used", 2, 2, "1B", "2025-02-10", "2025-03-10", "unknown"],
        [*(2, 1, "person", "C1", "person", "A1", "exploitation", 1, 1, "2D"), *("2025-01-05", "2025-01-06", "harmful")],
        [*(2, 2, "person", "A1", "person", "C4", "other", 1, 1, None), *("2025-01-01", "2025-01-03", "unknown")],
    ]  # fmt: skip


def test_the_band_of_grades_changes_the_path(case: Path) -> None:
    steps = steps_of(case)
    assert [distance(steps, "C1", "C4", grades=band) for band in ("A-B", "A-C", "all")] == [4, 4, 2]
    found = shortest_paths(steps, "C1", "C4", grades="A-B")
    assert ways(found) == [["C1", "L1", "C2", "E1", "C4"]]
    assert found.table[["items", "best_grade"]].values.tolist() == [[1, "1B"]] * 4
    with pytest.raises(ValueError, match="'A-D' is not a grade band"):
        distance(steps, "C1", "C4", grades="A-D")  # type: ignore[arg-type]


def test_what_a_viewer_may_not_see_is_on_no_path(case: Path) -> None:
    steps = steps_of(case, viewer="social_worker")
    assert ways(shortest_paths(steps, "C1", "C4")) == [["C1", "T1", "C4"]]
    assert distance(steps, "C1", "A1") == 3


def test_what_was_not_known_yet_is_on_no_path(case: Path) -> None:
    steps = steps_of(case, as_of=date(2025, 1, 4))
    assert ways(shortest_paths(steps, "C1", "C4")) == [["C1", "L1", "C2", "E1", "C4"]]


def test_a_path_opens_to_its_rows(case: Path) -> None:
    steps = steps_of(case)
    for row in shortest_paths(steps, "C1", "C4").table.itertuples():
        items = step_items(steps, row.from_id, row.to_id)
        assert len(items) == row.items
        assert items["source_id"].nunique() == row.sources


def test_every_path_up_to_a_length(case: Path) -> None:
    steps = steps_of(case)
    found = paths_up_to(steps, "C1", "C4")
    assert ways(found) == [["C1", "T1", "C4"], ["C1", "A1", "C4"], ["C1", "L1", "C2", "E1", "C4"]]
    assert (found.listed, found.found, found.more) == (3, 3, False)
    assert ways(paths_up_to(steps, "C1", "C4", length=2)) == [["C1", "T1", "C4"], ["C1", "A1", "C4"]]


def test_a_cap_is_said(case: Path) -> None:
    steps = steps_of(case)
    two = paths_up_to(steps, "C1", "C4", most=2)
    assert (ways(two), two.more) == ([["C1", "T1", "C4"], ["C1", "A1", "C4"]], True)
    assert not paths_up_to(steps, "C1", "C4", most=3).more
    one = shortest_paths(steps, "C1", "C4", most=1)
    assert (ways(one), one.listed, one.found, one.more) == ([["C1", "T1", "C4"]], 1, 2, True)


def test_a_search_that_gives_up_says_so(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "MOST_LOOKED", 3)
    found = paths_up_to(steps_of(case), "C1", "C4")
    assert (ways(found), found.more, found.stopped) == ([["C1", "T1", "C4"]], True, True)


def test_no_path_is_an_empty_table(case: Path) -> None:
    steps = steps_of(case)
    for found in (
        shortest_paths(steps, "C1", "C3"),
        paths_up_to(steps, "C1", "C3"),
        paths_up_to(steps, "C1", "E1", length=1),
    ):
        assert (found.table.empty, found.listed, found.found, found.more) == (True, 0, 0, False)
        assert list(found.table) == list(paths.PATH_COLUMNS)
    assert distance(steps, "C1", "C3") is None


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"other": "C1"}, "Both ends are the person C1. A path needs two different ends."),
        ({"length": 0}, "A length of 0 steps is out of range. Use 1 to 6"),
        ({"length": 7}, "A length of 7 steps is out of range. Use 1 to 6"),
        ({"most": 0}, "most is 0; it must be 1 or more."),
        ({"through": ["pubs"]}, "A path cannot be asked to pass through 'pubs'. Use some of people, things"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked: dict[str, Any], message: str) -> None:
    steps = graph_of(undated("C1-C2"))
    with pytest.raises(ValueError, match=message):
        paths_up_to(steps, **{"one": "C1", "other": "C2", **asked})


# What a path may pass through ------------------------------------------------------------------


def test_paths_pass_through_what_they_are_let_through() -> None:
    steps = graph_of(undated("C1-T1", "T1-C9", "C1-S1", "S1-C9", "C1-L1", "L1-C9", "C1-C2", "C2-C9", "C1-E1", "E1-C9"))  # fmt: skip
    by_class = {
        name: [way[1] for way in ways(shortest_paths(steps, "C1", "C9", through=[name]))] for name in ANYTHING
    }
    assert by_class == {"people": ["C2"], "things": ["T1"], "places": ["L1"], "events": ["E1"], "schools": ["S1"], "busy": []}  # fmt: skip
    assert [way[1] for way in ways(shortest_paths(steps, "C1", "C9"))] == ["C2", "T1", "L1", "E1"]


def test_an_end_may_be_what_a_path_may_not_pass_through() -> None:
    steps = graph_of(undated("C1-S1", "S1-C9"))
    assert distance(steps, "C1", "C9") is None
    assert distance(steps, "C1", "S1") == 1
    assert distance(steps, "C1", "S1", through=()) == 1


def test_a_busy_place_joins_nobody_unless_it_is_asked_for() -> None:
    crowd = [f"C{n:02}-L1" for n in range(51)]
    full, fuller = (graph_of(undated(*crowd[:people], "C00-L2", "C01-T1", "T1-L2")) for people in (50, 51))
    assert distance(full, "C00", "C01") == 2
    assert distance(fuller, "C00", "C01") == 3
    assert distance(fuller, "C00", "C01", through=ANYTHING) == 2
    assert distance(fuller, "C00", "L1") == 1
    assert (left_out(full, THROUGH), left_out(fuller, THROUGH)) == ({"busy": 0, "schools": 0}, {"busy": 1, "schools": 0})  # fmt: skip
    assert (left_out(fuller, ANYTHING), left_out(fuller, ["people"])) == ({"busy": 0, "schools": 0}, {"busy": 0, "schools": 0})  # fmt: skip
    assert left_out(graph_of(undated("C1-S1"), nodes=["S2"]), THROUGH)["schools"] == 1
    assert open_nodes(fuller, THROUGH).sum() == 51 + 2


# The order of paths ----------------------------------------------------------------------------


def test_a_path_is_as_strong_as_its_weakest_step() -> None:
    steps = graph_of(
        [
            *[("C1", "T1", 50, 50, 0), ("T1", "C9", 10, 10, 0)],  # both graded A-B, the older of them old
            *[("C1", "T2", 40, 40, 0), ("T2", "C9", 40, 40, 0)],  # both graded A-B, both later than that
            *[("C1", "T3", 99, 99, 0), ("T3", "C9", 99, 99, 1)],  # one graded C
            *[("C1", "T4", 99, 99, 0), ("T4", "C9", None, None, 0)],  # graded A-B, without a date
            *[("C1", "T5", 99, 99, 2), ("T5", "C9", 99, 99, 0)],  # one not graded
            *[("C1", "T6", 40, 40, 0), ("T6", "C9", 77, 77, 0)],  # as T2: the lower id comes first
        ]
    )
    assert [way[1] for way in ways(shortest_paths(steps, "C1", "C9"))] == ["T2", "T6", "T1", "T4", "T3", "T5"]
    assert [way[1] for way in ways(shortest_paths(steps, "C1", "C9", most=2))] == ["T2", "T6"]


# Against networkx ------------------------------------------------------------------------------

NAMES = [f"C{n}" for n in range(5)] + ["T1", "T2", "L1", "S1", "E1"]
PAIRS = list(itertools.combinations(NAMES, 2))


@st.composite
def random_rows(draw: st.DrawFn) -> list[Row]:
    chosen = draw(st.lists(st.sampled_from(PAIRS), min_size=1, max_size=26))
    rows: list[Row] = []
    for one, other in chosen:
        first = draw(st.one_of(st.none(), st.integers(0, 12)))
        last = None if first is None else first + draw(st.integers(0, 4))
        rows.append((one, other, first, last, draw(st.integers(0, 2))))
    return rows


def networkx_of(rows: Sequence[Row], level: int, closed: str = "S") -> nx.Graph[str]:
    """The rows of a band as a networkx graph without schools but for the ends, each step with its strength."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(NAMES)
    for one, other, _, last, graded in rows:
        if graded <= level:
            newest = -1 if last is None else last
            best, late = graph.edges[one, other]["strong"] if graph.has_edge(one, other) else (9, -1)
            graph.add_edge(one, other, strong=(min(best, graded), max(late, newest)))
    graph.remove_nodes_from([name for name in NAMES if name[0] == closed])
    return graph


def in_order(graph: nx.Graph[str], found: Iterable[Sequence[str]]) -> list[list[str]]:
    """Paths by how many steps, by their weakest step, and by the place of their ids."""

    def key(path: Sequence[str]) -> tuple[Any, ...]:
        steps = [graph.edges[pair]["strong"] for pair in itertools.pairwise(path)]
        weakest = min((-graded, late) for graded, late in steps)
        return (len(path), (-weakest[0], -weakest[1]), [NAMES.index(name) for name in path])

    return [list(path) for path in sorted(found, key=key)]


@settings(max_examples=40, deadline=None)
@given(random_rows(), st.integers(0, 2), st.integers(1, 12))
def test_shortest_paths_are_those_of_networkx(rows: list[Row], level: int, most: int) -> None:
    steps = graph_of(rows, NAMES)
    band = ("A-B", "A-C", "all")[level]
    graph = networkx_of(rows, level)
    found = shortest_paths(steps, "C0", "C4", grades=band, most=most)
    if not nx.has_path(graph, "C0", "C4"):
        assert (ways(found), found.found, distance(steps, "C0", "C4", grades=band)) == ([], 0, None)
        return
    every = in_order(graph, nx.all_shortest_paths(graph, "C0", "C4"))
    assert ways(found) == every[:most]
    assert (found.found, found.more) == (len(every), len(every) > most)
    assert distance(steps, "C0", "C4", grades=band) == nx.shortest_path_length(graph, "C0", "C4")


@settings(max_examples=40, deadline=None)
@given(random_rows(), st.integers(0, 2), st.integers(1, 6), st.integers(1, 40))
def test_paths_up_to_a_length_are_those_of_networkx(
    rows: list[Row], level: int, length: int, most: int
) -> None:
    graph = networkx_of(rows, level)
    band = ("A-B", "A-C", "all")[level]
    found = paths_up_to(graph_of(rows, NAMES), "C0", "T2", grades=band, length=length, most=most)
    every = in_order(graph, nx.all_simple_paths(graph, "C0", "T2", cutoff=length))
    assert ways(found) == every[:most]
    assert (found.more, found.stopped) == (len(every) > most, False)


@settings(max_examples=12, deadline=None)
@given(random_rows(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[Row], chance: Any) -> None:
    mixed = list(rows)
    chance.shuffle(mixed)
    one, other = graph_of(rows, NAMES), graph_of(mixed, NAMES)
    for search in (shortest_paths, paths_up_to, time_respecting):
        pd.testing.assert_frame_equal(search(one, "C0", "C4").table, search(other, "C0", "C4").table)


def test_a_dense_graph_is_searched_without_going_through_all_of_it() -> None:
    """Between two of 40 people who all know each other there are two million paths of up to 5 steps."""
    everyone = [f"C{n:02}" for n in range(40)]
    steps = graph_of([(one, other, 1, 1, 2) for one, other in itertools.combinations(everyone, 2)])
    found = paths_up_to(steps, "C00", "C39", length=5)
    assert ways(found)[:3] == [["C00", "C39"], ["C00", "C01", "C39"], ["C00", "C02", "C39"]]
    assert (found.listed, found.more, found.stopped) == (100, True, False)


def test_very_many_shortest_paths_are_counted_up_to_a_million() -> None:
    layers = [[f"C{layer}{n}" for n in range(8)] for layer in range(7)]
    rows = [pair for one, other in itertools.pairwise([["C8"], *layers, ["C9"]]) for pair in itertools.product(one, other)]  # fmt: skip
    found = shortest_paths(graph_of([(*pair, 1, 1, 2) for pair in rows]), "C8", "C9")
    assert (found.listed, found.found, found.more) == (20, 1_000_000, True)


# In the order of time --------------------------------------------------------------------------


def test_a_phone_passed_on_joins_one_way_only() -> None:
    steps = graph_of([("C1", "T1", 0, 9, 2), ("T1", "C2", 20, 30, 2), ("C1", "T1", None, None, 0)])
    found = time_respecting(steps, "C1", "C2")
    assert told(found.table[["direction", "rule", "path", "step", "from_id", "to_id", "items", "since", "reached"]]) == [
        ["there", "earliest|fewest", 1, 1, "C1", "T1", 2, None, "1970-01-01"],
        ["there", "earliest|fewest", 1, 2, "T1", "C2", 1, "1970-01-01", "1970-01-21"],
    ]  # fmt: skip
    assert list(found.table) == list(paths.TIME_COLUMNS)
    assert steps.undated == {"A-B": 1, "A-C": 1, "all": 1}
    back = time_respecting(steps, "C2", "C1")
    assert back.table["direction"].unique().tolist() == ["back"]


def test_the_same_day_counts_in_either_order() -> None:
    steps = graph_of([("C1", "L1", 5, 5, 2), ("L1", "C2", 5, 5, 2)])
    assert time_respecting(steps, "C1", "C2").table["direction"].tolist() == [
        "there",
        "there",
        "back",
        "back",
    ]


def test_the_earliest_way_is_not_the_one_with_fewest_steps() -> None:
    steps = graph_of([("C1", "C2", 90, 90, 2), ("C1", "T1", 1, 1, 2), ("T1", "L1", 2, 2, 2), ("L1", "C2", 3, 3, 2)])  # fmt: skip
    found = time_respecting(steps, "C1", "C2")
    assert [
        (path["direction"].iloc[0], path["rule"].iloc[0], [path["from_id"].iloc[0], *path["to_id"]])
        for _, path in found.table.groupby("path")
    ] == [
        ("there", "earliest", ["C1", "T1", "L1", "C2"]),
        ("there", "fewest", ["C1", "C2"]),
        ("back", "earliest|fewest", ["C2", "C1"]),
    ]
    short = time_respecting(steps, "C1", "C2", length=2).table
    assert short["rule"].tolist() == ["earliest|fewest", "earliest|fewest"]


def test_a_step_in_time_lists_what_was_not_over(case: Path) -> None:
    found = time_respecting(steps_of(case), "C1", "C4")
    assert told(found.table[["direction", "from_id", "to_id", "items", "sources", "since", "reached"]]) == [
        # C4 took part with C2 on 3 January, whom nothing joins to C1 before then; the adult knew C4 until then.
        ["there", "C1", "L1", 1, 1, None, "2025-01-01"],
        ["there", "L1", "C2", 1, 1, "2025-01-01", "2025-01-02"],
        ["there", "C2", "E1", 1, 1, "2025-01-02", "2025-01-03"],
        ["there", "E1", "C4", 1, 1, "2025-01-03", "2025-01-03"],
        ["there", "C1", "T1", 1, 1, None, "2025-01-01"],
        ["there", "T1", "C4", 2, 2, "2025-01-01", "2025-02-10"],
        ["back", "C4", "A1", 1, 1, None, "2025-01-01"],
        ["back", "A1", "C1", 1, 1, "2025-01-01", "2025-01-05"],
    ]


def brute_force(rows: Sequence[Row], start: str, goal: str, level: int, length: int) -> list[tuple[int, int, list[str]]]:  # fmt: skip
    """Every way through the rows in the order of time that passes nothing twice: (day, steps, ids), by plain enumeration."""
    found = []

    def go_on(way: list[str], day: float) -> None:
        if way[-1] == goal:
            found.append((int(day), len(way) - 1, way))
            return
        if len(way) > length:
            return
        for one, other, first, last, graded in rows:
            if first is None or last is None or graded > level or last < day:
                continue
            for here, there in ((one, other), (other, one)):
                if here == way[-1] and there not in way and (there[0] != "S"):
                    go_on([*way, there], max(day, first))

    go_on([start], float("-inf"))
    return found


@settings(max_examples=50, deadline=None)
@given(random_rows(), st.integers(0, 2), st.integers(1, 6))
def test_ways_in_the_order_of_time_are_those_of_plain_enumeration(
    rows: list[Row], level: int, length: int
) -> None:
    rows = rows[:14]
    steps = graph_of(rows, NAMES)
    found = time_respecting(steps, "C0", "C4", grades=("A-B", "A-C", "all")[level], length=length)
    for direction, start, goal in (("there", "C0", "C4"), ("back", "C4", "C0")):
        every = brute_force(rows, start, goal, level, length)
        table = found.table[found.table["direction"] == direction]
        if not every:
            assert table.empty
            continue
        wanted = {
            "earliest": min((day, taken) for day, taken, _ in every),
            "fewest": min((taken, day) for day, taken, _ in every)[::-1],
        }
        given_ways = {tuple(way) for _, _, way in every}
        for rule, best in wanted.items():
            path = table[[rule in said.split("|") for said in table["rule"]]]
            way = [path["from_id"].iloc[0], *path["to_id"]]
            reached = (path["reached"].iloc[-1] - pd.Timestamp("1970-01-01")).days
            assert tuple(way) in given_ways
            assert (reached, len(way) - 1) == best


@settings(max_examples=12, deadline=None)
@given(random_rows(), st.integers(1, 4))
def test_taking_the_rows_forward_in_time_changes_only_the_days(rows: list[Row], days: int) -> None:
    later: list[Row] = [
        (one, other, None if first is None else first + days, None if last is None else last + days, level)
        for one, other, first, last, level in rows
    ]
    now, then = (time_respecting(graph_of(each, NAMES), "C0", "C4").table for each in (rows, later))
    assert (now["reached"] + timedelta(days=days)).tolist() == then["reached"].tolist()
    pd.testing.assert_frame_equal(now[["path", "from_id", "to_id"]], then[["path", "from_id", "to_id"]])


# What is usual ---------------------------------------------------------------------------------


def test_usual_distances_count_pairs_of_people() -> None:
    # C1, C2 and C3 in a row and C4, C5 apart; C6 is in no row and not counted.
    steps = graph_of(undated("C1-C2", "C2-C3", "C4-L1", "L1-C5"), nodes=["C6"])
    assert usual_distances(steps).values.tolist() == [[1, 4, 20], [2, 8, 20], [3, 8, 20], [4, 8, 20]]
    assert usual_distances(steps, grades="A-B")["within"].tolist() == [0, 0, 0, 0]
    pd.testing.assert_frame_equal(usual_distances(steps, people=2), usual_distances(steps, people=2))
    assert usual_distances(graph_of([], ["C1", "C2"])).values.tolist() == [[1, 0, 0], [2, 0, 0], [3, 0, 0], [4, 0, 0]]  # fmt: skip


# The demo --------------------------------------------------------------------------------------


def test_two_children_of_a_planted_story_are_two_steps_apart_through_its_contact() -> None:
    stories = json.loads((DEMO / "truth" / "stories.json").read_text(encoding="utf-8"))
    steps = steps_of(DEMO)
    known = {frozenset(pair) for pair in steps.records.execute(
        "SELECT a.person_id, b.person_id FROM {associations} t JOIN {people} a ON a.person_n = t.person_a_n JOIN {people} b ON b.person_n = t.person_b_n"
    )}  # fmt: skip
    for story, contact in (("online_account", "thing_id"), ("county_line", "phone")):
        children = stories[story]["children"]
        for one, other in itertools.combinations(children, 2):
            if frozenset((one, other)) in known:
                continue
            through = {way[1] for way in ways(shortest_paths(steps, one, other))}
            assert distance(steps, one, other) == 2
            if story == "online_account":
                assert stories[story][contact] in through
            else:  # by the phone, the car or one of the adults
                assert through & {stories[story]["phone"], stories[story]["vehicle"], *stories[story]["adults"]}  # fmt: skip
    park = stories["park"]
    apart = {
        distance(steps, one, other): (one, other)
        for one, other in itertools.combinations(park["children"], 2)
    }
    assert max(filter(None, apart)) == 4
    assert all(way[2] == park["location_id"] for way in ways(shortest_paths(steps, *apart[4])))
