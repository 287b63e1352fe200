from __future__ import annotations

import pytest

from app.documents.paper import Grid, Paper, Picture, lines, shares


def test_a_document_above_official_sensitive_is_refused() -> None:
    with pytest.raises(ValueError, match="'SECRET' is not a marking for this tool"):
        Paper("x", [], marking="SECRET")


def test_a_picture_needs_words() -> None:
    with pytest.raises(ValueError, match="no text that says what it shows"):
        Paper("x", [Picture(b"", " ")])


@pytest.mark.parametrize(
    "grid", [Grid(["a", "b"], [["1"]]), Grid(["a"], [], widths=[1, 2]), Grid([], [], caption="none")]
)
def test_a_table_has_as_many_cells_in_each_row(grid: Grid) -> None:
    with pytest.raises(ValueError, match="columns"):
        Paper("x", [grid])


def test_lines_hide_nothing_and_can_be_written_anywhere() -> None:
    assert lines(" one\ttwo \r\n\n\u202ethree\x00\uffff ") == ["one two", "⟨U+202E⟩three⟨U+0000⟩⟨U+FFFF⟩"]


def test_shares_of_a_table_follow_its_texts_and_add_up() -> None:
    assert shares(Grid(["a", "b"], [], widths=[1, 3])) == [0.25, 0.75]
    found = shares(Grid(["n", "text"], [["1", "x" * 200]]))
    assert sum(found) == pytest.approx(1)
    assert found[0] == pytest.approx(11 / 71)
