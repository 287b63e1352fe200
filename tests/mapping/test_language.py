"""Words that blame a child are found however they are written; the text is never changed or refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.language import Language, hints, load_language

# The expressions practice rules out (rules on language), each in a sentence somebody might type.
RULED_OUT = {
    "She is associating with older men.": "associating with",
    "He is in a relationship with the driver.": "in a relationship with",
    "Keeps placing themselves at risk at night": "placing themselves at risk",
    "He is choosing to carry for them": "choosing to",
    "described as promiscuous by the school": "promiscuous",
    "used as a money mule": "money mule",
    "a child prostitute": "child prostitute",
    "it is a lifestyle choice": "lifestyle choice",
    "had sexual activity with a man of 30": "sexual activity with",
    "She refuses to engage.": "refuses to engage",
}


@pytest.mark.parametrize(("text", "found"), RULED_OUT.items())
def test_each_expression_that_practice_rules_out_gets_a_hint_that_says_what_to_write(
    text: str, found: str
) -> None:
    told = hints(text)
    assert [hint.found for hint in told] == [found]
    assert len(told[0].say) > 30


def test_capitals_line_ends_and_curly_apostrophes_make_no_difference() -> None:
    assert [hint.found for hint in hints("REFUSES\n  to Engage, and WON’T engage")] == ["REFUSES to Engage"]
    assert [hint.found for hint in hints("He won’t engage")] == ["won't engage"]


@pytest.mark.parametrize(
    "text",
    [
        "They associate with adults",
        "She put herself at risk",
        "He placed himself at risk",
        "chose to go, as she would choose to",
        "did not engage with us",
        "called a prostitute",
        "has run away",
    ],
)
def test_each_is_found_in_whatever_tense_it_is_typed(text: str) -> None:
    assert len(hints(text)) == 1


def test_words_inside_other_words_and_plain_descriptions_get_none() -> None:
    assert hints("The Youth Association withheld it; they chosen together, dissociated without it.") == []
    assert hints("Was seen with two older men at Quarry Field on Friday. Went missing at 21:00.") == []
    assert hints("") == []


def test_hints_come_in_the_order_of_the_text_and_each_once() -> None:
    told = hints("Absconded twice, absconded again; a promiscuous girlfriend.")
    assert [hint.found for hint in told] == ["Absconded", "promiscuous", "girlfriend"]


@given(st.text(max_size=300))
def test_no_text_is_too_odd_to_look_at(text: str) -> None:
    assert all(hint.say for hint in hints(text))


def test_a_long_text_is_looked_at_up_to_a_length() -> None:
    assert hints("x " * 200_000 + "promiscuous") == []


def test_another_edition_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "words.toml"
    path.write_text('as_of = 2027-01-02\n[[hint]]\nwords = ["tearaway"]\nsay = "Say what happened."\n')
    monkeypatch.setenv("CONTEXTMAP_LANGUAGE", str(path))
    assert load_language().as_of == date(2027, 1, 2)
    assert [hint.say for hint in hints("a Tearaway")] == ["Say what happened."]
    assert isinstance(load_language(), Language)
    path = tmp_path / "broken.toml"
    path.write_text('as_of = 2027-01-02\n[[hint]]\nsay = "No words."\n')
    with pytest.raises(ValueError, match=r"broken.toml is not a list of language hints: KeyError\('words'\)"):
        load_language(path)
