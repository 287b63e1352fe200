from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.profiles import (
    SECTIONS,
    Asked,
    Profile,
    Recommendation,
    Words,
    mark,
    profile_from_dict,
)

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
WORDS = st.builds(
    Words, own=st.text(max_size=50), read=st.text(max_size=16), against=st.dictionaries(st.text(), st.text())
)
ACTIONS = st.builds(
    Recommendation,
    aim=st.sampled_from(["pursue", "prevent", "protect", "prepare"]),
    action=st.text(min_size=1).filter(str.strip),
    owner=st.text(min_size=1).filter(str.strip),
    due=DAYS,
)
PROFILES = st.builds(
    Profile,
    asked=st.builds(
        Asked,
        question=st.text(),
        area=st.text(),
        since=st.none() | DAYS.map(lambda day: min(day, date(2050, 1, 1))),
        until=st.none() | DAYS.map(lambda day: max(day, date(2050, 1, 1))),
        concern=st.sampled_from(["", "cce", "cse"]),
        marking=st.sampled_from(["OFFICIAL", "OFFICIAL-SENSITIVE"]),
        owner=st.text(),
        next_update=st.none() | DAYS,
    ),
    sections=st.sets(st.sampled_from([*SECTIONS])).map(
        lambda chosen: tuple(key for key in SECTIONS if key in chosen)
    ),
    words=st.dictionaries(st.sampled_from([*SECTIONS]), WORDS),
    recommendations=st.lists(ACTIONS).map(tuple),
)


@given(PROFILES)
def test_a_profile_comes_back_from_the_store_as_it_went(profile: Profile) -> None:
    assert profile_from_dict(json.loads(json.dumps(profile.to_dict()))) == profile


def test_generated_text_is_read_until_it_changes() -> None:
    words = Words(read=mark(["12 children."]))
    assert words.is_read(["12 children."])
    assert not words.is_read(["13 children."])
    assert not Words().is_read([])


def test_own_words_say_which_figures_changed_since() -> None:
    words = Words("Harm moved to the park.", against={"children": "12", "incidents": "3", "phones": "1"})
    assert words.changes({"children": "12", "incidents": "5", "places": "2"}) == [
        "incidents: 3 then, 5 now.",
        "places: not there then, 2 now.",
        "phones: 1 then, no longer there now.",
    ]
    assert Words(against={"children": "1"}).changes({"children": "2"}) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"since": date(2025, 2, 1), "until": date(2025, 1, 1)}, "before it begins"),
        ({"concern": "mischief"}, "'mischief' is not a concern"),
        ({"marking": "SECRET"}, "'SECRET' is not a marking"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Asked(**wrong)  # type: ignore[arg-type]


def test_a_recommendation_needs_somebody_to_do_it() -> None:
    with pytest.raises(ValueError, match="'Visit the park' one is missing"):
        Recommendation("protect", "Visit the park", " ", date(2026, 5, 1))
    with pytest.raises(ValueError, match="'punish' is not an aim"):
        Recommendation("punish", "x", "y", date(2026, 5, 1))


def test_sections_and_content_that_are_not_of_a_profile_are_refused() -> None:
    with pytest.raises(ValueError, match="'weather' is not a section"):
        Profile(sections=("weather",))
    with pytest.raises(ValueError, match=r"longer than 20,000 characters"):
        Profile(words={"summary": Words("x" * 20_001)})
    with pytest.raises(ValueError, match="not a problem profile"):
        profile_from_dict({"asked": {}})
