"""Tests of how connections are said, and of the command: whole lines, exit codes, what a viewer may not see."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pandas as pd
import pytest

from app import connections
from app.connections import (
    answer,
    band_line,
    closer_sentence,
    count_sentence,
    left_out_sentence,
    step_sentence,
    steps_words,
    through_words,
    usual_sentence,
)
from mapping.access import Viewer
from mapping.paths import Paths
from mapping.steps import End

TABLES = {
    "people": "person_id,given_name,family_name,school_id\nC1,Ada,Quill,L2\nC2,Ben,,\nC3,Cyd,Vane,L2\nC4,Dot,,\n",
    "locations": "location_id,kind,name\nL1,park,Long Field\nL2,school,Hill School\n",
    "sources": """
        source_id,kind,agency,recorded_on,source_grade,information_grade,handling
        S1,intelligence,transport_police,2025-03-01,1,B,P
        S2,health,Trust,2025-03-01,2,C,P
        S3,intelligence,Police,2025-03-01,2,A,C
    """,
    "things": "thing_id,kind,label\nT1,phone,red phone\nC1,vehicle,\n",
    "thing_use": "thing_id,person_id,first_seen,last_seen,source_id\nT1,C1,2025-01-01,2025-01-31,S1\nT1,C2,2025-02-10,,S2\n",
    "events": "event_id,kind,started_at,location_id,source_id\nE1,incident,2025-01-03T10:00,L1,S3\n",
    "participation": "event_id,person_id,role\nE1,C1,harmed\n",
    "presence": "person_id,location_id,seen_at,source_id\nC2,L1,2025-01-01T10:00,\nC2,L1,2025-01-04T10:00,S2\n",
}


class Ran(NamedTuple):
    code: int
    out: list[str]
    err: str


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case")
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(dedent(text).strip() + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def run(run: Any, case: Path) -> Any:
    """Run `contextmap connect` on the case in this process; what it printed comes line by line."""

    def command(*arguments: str) -> Ran:
        code, out, err = run("connect", case, *arguments)
        return Ran(code, out.splitlines(), err.strip())

    return command


# The command -----------------------------------------------------------------------------------


def test_the_shortest_paths_are_printed_a_step_a_line(run: Any) -> None:
    assert run("person:C1", "C2") == (
        0,
        [
            "C1 and C2, as of 1 March 2025, steps by grades: A-B: no path; A-C: 2 steps; all: 2 steps.",
            "1 shortest path.",
            "Path 1: 2 steps",
            "  1. C1 used phone T1: 1 January 2025 to 31 January 2025; transport police; 1B; thing_use row 2",
            "  2. C2 used phone T1: 10 February 2025; Trust; 2C; thing_use row 3",
            "Left out of the middle of paths: 1 school.",
        ],
        "",
    )


def test_names_are_printed_only_where_asked_for(run: Any) -> None:
    plain, named = run("person:C1", "C2"), run("person:C1", "C2", "--names")
    assert not any(name in line for line in plain.out for name in ("Ada", "Ben", "red phone"))
    assert named.out[3] == (
        "  1. Ada Quill (C1) used red phone (phone T1): 1 January 2025 to 31 January 2025; transport police; 1B; thing_use row 2"
    )
    assert named.out[4].startswith("  2. Ben (C2) used red phone (phone T1): ")


def test_all_paths_up_to_a_length(run: Any) -> None:
    assert run("person:C1", "C2", "--length", "3").out[1:] == [
        "2 paths of up to 3 steps.",
        "Path 1: 2 steps",
        "  1. C1 used phone T1: 1 January 2025 to 31 January 2025; transport police; 1B; thing_use row 2",
        "  2. C2 used phone T1: 10 February 2025; Trust; 2C; thing_use row 3",
        "Path 2: 3 steps",
        "  1. C1 was part of incident E1 of 2025-01-03: 3 January 2025; Police; 2A; participation row 2",
        "  2. Incident E1 of 2025-01-03 took place at park or open space L1: 3 January 2025; Police; 2A; events row 2",
        "  3. C2 was seen at park or open space L1: 4 January 2025; Trust; 2C; presence row 3; and 1 more row",
        "Left out of the middle of paths: 1 school.",
    ]
    capped = run("person:C1", "C2", "--length", "3", "--most", "1")
    assert capped.out[1] == "The first 1 path of up to 3 steps; there are more."
    assert sum(line.startswith("Path") for line in capped.out) == 1


def test_paths_in_the_order_of_time(run: Any) -> None:
    found = run("person:C1", "C2", "--time")
    assert found.out[1:-1] == [
        "Something could have passed both ways in up to 6 steps. 2 rows without a date left out.",
        "From C1 to C2, the earliest way, by 4 January 2025: 3 steps",
        "  1. C1 was part of incident E1 of 2025-01-03: 3 January 2025; Police; 2A; participation row 2",
        "  2. Incident E1 of 2025-01-03 took place at park or open space L1: 3 January 2025; Police; 2A; events row 2",
        "  3. C2 was seen at park or open space L1: 4 January 2025; Trust; 2C; presence row 3",
        "From C1 to C2, the way with the fewest steps, by 10 February 2025: 2 steps",
        "  1. C1 used phone T1: 1 January 2025 to 31 January 2025; transport police; 1B; thing_use row 2",
        "  2. C2 used phone T1: 10 February 2025; Trust; 2C; thing_use row 3",
        "From C2 to C1, the earliest way and the one with the fewest steps, by 3 January 2025: 3 steps",
        "  1. C2 was seen at park or open space L1: 4 January 2025; Trust; 2C; presence row 3; and 1 more row",
        "  2. Incident E1 of 2025-01-03 took place at park or open space L1: 3 January 2025; Police; 2A; events row 2",
        "  3. C1 was part of incident E1 of 2025-01-03: 3 January 2025; Police; 2A; participation row 2",
    ]
    one_way = run("person:C1", "C2", "--time", "--length", "2").out
    assert one_way[1] == (
        "In up to 2 steps, something could have passed from the first to the second and not from the second to the first. 2 rows without a date left out."
    )


def test_no_path_is_said_and_is_no_fault(run: Any) -> None:
    apart = "C2 and C4, as of 1 March 2025, steps by grades: A-B: no path; A-C: no path; all: no path."
    assert run("C2", "C4")[:2] == (0, [apart, "No path joins them.", "Left out of the middle of paths: 1 school."])  # fmt: skip
    assert run("C2", "C4", "--length", "5").out[1] == "No path of up to 5 steps."
    assert run("C2", "C4", "--time").out[1].startswith("Nothing could have passed either way in up to 6 steps.")  # fmt: skip


def test_what_is_left_out_is_said_and_can_be_let_in(run: Any) -> None:
    left = run("person:C1", "C3")
    assert left.out[1:] == [
        "No path joins them.",
        "Left out of the middle of paths: 1 school.",
        "Through anything at all, the two are 2 steps apart.",
    ]
    let_in = run("person:C1", "C3", "--schools")
    assert let_in.out[1:] == [
        "1 shortest path.",
        "Path 1: 2 steps",
        "  1. C1 goes to school at school L2: no date; no source named; people row 2",
        "  2. C3 goes to school at school L2: no date; no source named; people row 4",
    ]
    assert "2 steps" not in run("person:C1", "C2", "--without", "things", "--without", "people").out[0]


def test_a_viewer_is_told_nothing_of_what_they_may_not_see(run: Any) -> None:
    seen = run("person:C1", "C2", "--length", "3", "--viewer", "social_worker")
    assert seen.out[1] == "1 path of up to 3 steps."
    assert run("person:C1", "E1", "--viewer", "social_worker") == (
        1,
        [],
        "contextmap: No person, thing, place or event has the id 'E1' (looked for in people, things, locations and events, "
        "as far as this viewer may see them at this date). Check how it is written.",
    )
    assert run("person:C1", "C2", "--viewer", "planner") == (
        1,
        [],
        "contextmap: This viewer sees wards, not people, so nothing can be asked about how people are connected.",
    )


def test_a_day_and_a_band_narrow_what_is_printed(run: Any) -> None:
    assert run("person:C1", "C2", "--as-of", "2025-02-01").out[:2] == [
        "C1 and C2, as of 1 February 2025, steps by grades: A-B: no path; A-C: no path; all: no path.",
        "No path joins them.",
    ]
    assert run("person:C1", "T1", "--grades", "A-B").out[1:3] == ["1 shortest path.", "Path 1: 1 step"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["C1", "C2"], 1, "contextmap: 'C1' is the id of a person and of a thing. Say which: person:C1 or thing:C1."),
        (["C2", "C2"], 1, "contextmap: Both ends are the person C2. A path needs two different ends."),
        (["C2", "C3", "--length", "7"], 2, "contextmap: --length 7 is not 1 to 6: through longer paths nearly everyone is connected."),
        (["C2", "C3", "--time", "--most", "3"], 2, "contextmap: --most does not go with --time, which prints two paths each way at most."),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_says_why(run: Any, arguments: list[str], code: int, message: str) -> None:
    assert run(*arguments) == (code, [], message)


def test_wrong_usage_exits_2(run: Any) -> None:
    assert [run(*each).code for each in ([], ["C1"], ["C1", "C2", "--without", "pubs"], ["C1", "C2", "--most", "0"])] == [2] * 4  # fmt: skip


def test_the_day_is_that_of_what_the_viewer_may_see(case: Path) -> None:
    steps, day = connections.read_steps(case, viewer=Viewer("social_worker"))
    assert (str(day), len(steps.classes)) == ("2025-03-01", 8)


# Sentences -------------------------------------------------------------------------------------


def said(kind: str, identity: str) -> str:
    return f"{kind}-{identity}"


@pytest.mark.parametrize(
    ("ends", "how", "nature", "sentence"),
    [
        (("person", "A", "person", "B"), "peer|school", "unknown", "person-A and person-B are linked: peers, same school or class"),
        (("person", "A", "person", "B"), "family", "protective", "person-A and person-B are linked: family (protective)"),
        (("person", "A", "person", "B"), "peer", "mixed", "person-A and person-B are linked: peers (contradictory: protective and harmful)"),
        (("person", "A", "person", "B"), "exploitation", "harmful", "person-A and person-B are linked: harm by exploitation"),
        (("thing", "T", "person", "A"), "used", "unknown", "Person-A used thing-T"),
        (("person", "A", "location", "L"), "found|missing_from|placed|seen", "unknown", "Person-A was found at, went missing from, was placed at and was seen at location-L"),
        (("location", "L", "event", "E"), "took_place", "unknown", "Event-E took place at location-L"),
        (("event", "E", "person", "A"), "took_part", "unknown", "Person-A was part of event-E"),
        (("location", "L", "person", "A"), "goes_to_school", "unknown", "Person-A goes to school at location-L"),
    ],
)  # fmt: skip
def test_a_step_is_said_from_the_one_who_did_it(
    ends: tuple[str, ...], how: str, nature: str, sentence: str
) -> None:
    step = dict(zip(("from_kind", "from_id", "to_kind", "to_id"), ends, strict=True))
    assert step_sentence({**step, "how": how, "nature": nature}, said) == sentence


def test_every_way_of_knowing_has_its_words() -> None:
    from mapping.steps import HOW

    assert set(connections.VERBS) == set(HOW)


def test_what_a_path_passes_through() -> None:
    path = pd.DataFrame({"to_kind": ["thing", "location", "event", "person"], "to_id": ["T", "L", "E", "B"]})
    nouns = {"T": "online account", "L": "other place", "E": "young adult (18 to 25)"}
    assert through_words(path, lambda _, identity: nouns[identity]) == (
        "an online account, another place and a young adult"
    )
    assert through_words(path.iloc[:1], lambda *_: "x") == ""


def test_what_kind_of_thing_something_is() -> None:
    asked = (("person", "child"), ("thing", "phone"), ("location", "park"), ("event", "arrest"), ("event", "intelligence"), ("event", "other"))  # fmt: skip
    assert [connections.noun(*each) for each in asked] == ["person", "phone", "park or open space", "arrest", "intelligence report", "event"]  # fmt: skip


def paths_of(listed: int, found: int, *, more: bool = False, stopped: bool = False) -> Paths:
    end = End("person", "A", 0)
    return Paths(end, end, pd.DataFrame(), listed, found, more, stopped)


NOT_AT_ALL: dict[str, int | None] = {"A-B": None, "A-C": None, "all": None}


@pytest.mark.parametrize(
    ("lengths", "grades", "found", "through", "sentence"),
    [
        ({"A-B": None, "A-C": 4, "all": 2}, "all", 4, "a phone", "A and B are 2 steps apart, through a phone; 4 paths are this short. On A-B evidence alone nothing joins them and on A-C evidence alone they are 4 steps apart."),
        ({"A-B": None, "A-C": None, "all": 2}, "all", 1, "a phone", "A and B are 2 steps apart, through a phone. On A-B or A-C evidence alone nothing joins them."),
        ({"A-B": 1, "A-C": 1, "all": 1}, "all", 1, "", "A and B are directly linked."),
        ({"A-B": 3, "A-C": 3, "all": 1}, "A-B", 2_000_000, "a park", "A and B are 3 steps apart, through a park; 1,000,000 or more paths are this short. On all evidence they are directly linked."),
        ({"A-B": None, "A-C": 2, "all": 2}, "A-B", 0, "", "No path joins A and B on the evidence and through the things chosen. On A-C or all evidence they are 2 steps apart."),
        (NOT_AT_ALL, "all", 0, "", "No path joins A and B on the evidence and through the things chosen."),
    ],
)  # fmt: skip
def test_the_answer(
    lengths: dict[str, int | None], grades: str, found: int, through: str, sentence: str
) -> None:
    assert answer("A", "B", lengths, grades, paths_of(1, found), through) == sentence


def test_counts_caps_and_what_is_left_out() -> None:
    assert [count_sentence(paths_of(*each)) for each in ((0, 0), (1, 1), (3, 3))] == ["No path joins them.", "1 shortest path.", "3 shortest paths."]  # fmt: skip
    assert count_sentence(paths_of(20, 312, more=True)) == "The first 20 of 312 shortest paths."
    assert count_sentence(paths_of(20, 1_000_000, more=True)) == "The first 20 of 1,000,000 or more shortest paths."  # fmt: skip
    assert count_sentence(paths_of(100, 100, more=True), 4) == "The first 100 paths of up to 4 steps; there are more."  # fmt: skip
    assert count_sentence(paths_of(7, 7, more=True, stopped=True), 6) == (
        "7 paths of up to 6 steps; the search stopped before it had looked everywhere, so there may be more."
    )
    assert left_out_sentence({"busy": 0, "schools": 0}, 50) == ""
    assert left_out_sentence({"busy": 1, "schools": 2}, 50) == (
        "Left out of the middle of paths: 2 schools and 1 busy place, thing or event, tied to more than 50 people."
    )
    assert left_out_sentence({"busy": 3, "schools": 0}, 50) == (
        "Left out of the middle of paths: 3 busy places, things and events, each tied to more than 50 people."
    )
    assert [closer_sentence(*each) for each in ((2, 2), (None, None), (3, 3))] == ["", "", ""]
    assert [closer_sentence(*each) for each in ((4, 2), (None, 1))] == [
        "Through anything at all, the two are 2 steps apart.",
        "Through anything at all, the two are directly linked.",
    ]
    assert (steps_words(1), steps_words(2)) == ("directly linked", "2 steps apart")
    assert band_line({"A-B": None, "A-C": 1, "all": 2}) == "A-B: no path; A-C: 1 step; all: 2 steps"


def test_what_is_usual() -> None:
    usual = pd.DataFrame({"steps": [1, 2, 3, 4], "within": [0, 1, 20, 345], "pairs": 2000})
    assert usual_sentence(usual) == (
        "For scale: two people taken at random are within 2 steps of each other in fewer than 0.1% of pairs and within 4 in 17.2% of pairs."
    )
    assert usual_sentence(usual.assign(within=0)).endswith("in 0% of pairs and within 4 in 0% of pairs.")
    assert usual_sentence(usual.assign(pairs=0)) == ""
