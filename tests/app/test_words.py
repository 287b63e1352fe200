from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from app import words


@pytest.mark.parametrize(
    ("value", "said"), [(0, "no children"), (1, "1 child"), (2, "2 children"), (4958, "4,958 children")]
)
def test_count(value: int, said: str) -> None:
    assert words.count(value, "child", "children") == said


def test_listing() -> None:
    assert [words.listing(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_dates_and_times() -> None:
    assert words.day("2026-03-31") == "31 March 2026"
    assert words.day(None) == "no date"
    assert words.moment("2026-03-27T11:19") == "Friday 27 March, 11:19"
    assert words.span("2025-05-03", "2026-03-31") == "3 May 2025 to 31 March 2026"
    assert words.span("2025-05-03", "2025-05-03") == "3 May 2025"
    assert words.span(None, "2025-05-03") == "3 May 2025"


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (14.4, "14 hours left"),
        (0.2, "less than an hour left"),
        (-3, "3 hours over"),
        (-96, "4 days over"),
        (1.5, "1 hour left"),
    ],
)
def test_time_left(hours: float, said: str) -> None:
    assert words.time_left(hours) == said


@pytest.mark.parametrize(
    ("sources", "agencies", "items", "said"),
    [
        (5, 3, 9, "firm: 5 sources, 3 agencies"),
        (1, 1, 1, "rests on one report"),
        (0, 0, 1, "rests on one record without a source"),
        (1, 1, 4, "rests on 1 source, 4 items"),
        (2, 1, 2, "2 sources, 1 agency"),
        (0, 0, 0, "nothing on record"),
    ],
)  # fmt: skip
def test_certainty(sources: int, agencies: int, items: int, said: str) -> None:
    assert words.certainty(sources, agencies, items) == said


def test_how_a_link_is_known_says_nothing_that_blames() -> None:
    assert (
        words.kinds_of_link("co_offending|event") == "named together in an offence record, at the same event"
    )


def test_groups_answer_with_no_group() -> None:
    none = pd.DataFrame({"size": [], "last_seen": []})
    assert words.groups_answer(none, none).startswith("No three people are linked closely enough")


def test_wards_answer_says_where_a_measure_is_concentrated() -> None:
    wards = pd.DataFrame({"ward_code": ["a", "b"], "ward_name": ["Alder", "Beech"]})
    values = pd.Series({"a": 1.0, "b": 3.0})
    assert (
        words.wards_answer(wards, values, "missing_episodes", True)
        == "Missing episodes: 4 in all, 100% of them in Beech and Alder."
    )
    said = words.wards_answer(wards, values, "missing_episodes", False)
    assert (
        said
        == "Missing episodes, without children placed here by other authorities: 4 in all, 100% of them in Beech and Alder."
    )


def test_nature_in_words() -> None:
    assert [words.nature(value) for value in ("unknown", "protective", "mixed")] == [
        "",
        "protective",
        "contradictory: protective and harmful",
    ]


def test_what_is_kept_in_utc_is_said_as_clocks_in_london_show_it() -> None:
    summer, winter = (datetime(2026, month, 1, 9, 30, tzinfo=UTC) for month in (7, 1))
    assert words.moment(words.clock(summer)) == "Wednesday 1 July, 10:30"
    assert words.moment(words.clock(winter)) == "Thursday 1 January, 09:30"
