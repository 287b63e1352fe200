from __future__ import annotations

import pytest

from app.text import markdown, markup, plain, short


def test_markup_is_shown_and_not_obeyed() -> None:
    assert markup("<img src=x onerror=alert(1)>") == "&lt;img src=x onerror=alert(1)&gt;"
    assert markup("\"quoted\" & 'so'") == "&quot;quoted&quot; &amp; &#x27;so&#x27;"


def test_characters_that_turn_the_direction_are_written_out() -> None:
    assert plain("abc\u202egnp.exe") == "abc⟨U+202E⟩gnp.exe"


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_nothing_recorded_is_no_text(nothing: object) -> None:
    assert plain(nothing) == ""


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert short("Q" * 10_000, limit=10) == "QQQQQQQQQ…"


def test_markdown_makes_no_picture_link_or_formula() -> None:
    assert markdown("![x](http://a) $y$ :red[z]") == r"\!\[x\]\(http\://a\) \$y\$ \:red\[z\]"
