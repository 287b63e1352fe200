"""Text from a case: shown as it is stored, never run."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.text import (
    csv_safe,
    csv_safe_column,
    initials,
    initials_column,
    one_line,
    shortened,
    shortened_column,
    visible,
    visible_column,
    write_csv,
    xml_safe,
)

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=40)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('=HYPERLINK("x")', '\'=HYPERLINK("x")'),
        ("+447700900123", "'+447700900123"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("  =1+1", "'  =1+1"),
        ("\u200b=1+1", "'\u200b=1+1"),
        ("\ufeff=1+1", "'\ufeff=1+1"),
        ("＝1+1", "'＝1+1"),
        ("-", "'-"),
        ("-5", "-5"),
        ("-5.25", "-5.25"),
        ("-1e-3", "-1e-3"),
        ("-5\n", "'-5\n"),
        (-5, "-5"),
        ("O'Neil, a=b", "O'Neil, a=b"),
        (HOSTILE, HOSTILE),
        ("", ""),
        (None, ""),
        (float("nan"), ""),
        (pd.NA, ""),
        (pd.NaT, ""),
        (date(2023, 3, 31), "2023-03-31"),
        (["=a", "b"], "'=a; b"),
        (np.array(["a", "b"]), "a; b"),
    ],
)
def test_csv_safe(value: object, expected: str) -> None:
    assert csv_safe(value) == expected


@given(ANY_TEXT)
def test_csv_safe_never_begins_like_a_formula_and_only_adds_an_apostrophe(text: str) -> None:
    safe = csv_safe(text)
    whole = re.sub("[\ud800-\udfff]", lambda half: f"⟨U+{ord(half.group()):X}⟩", text)
    assert safe in {whole, "'" + whole}
    assert csv_safe(safe) == safe
    if safe[:1] in set("=+-@\t\r\n"):
        float(safe)


def test_csv_safe_reads_10_000_unseen_characters_at_once() -> None:
    assert csv_safe("\u2028\u0085 " * 10_000) == "\u2028\u0085 " * 10_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada \u202egnp.exe", "Ada ⟨U+202E⟩gnp.exe"),
        ("\u2066a\u2069\u200e\u200f\u061c", "⟨U+2066⟩a⟨U+2069⟩⟨U+200E⟩⟨U+200F⟩⟨U+061C⟩"),
        ("zero\u200bwidth\ufeff", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
        ("bell\x07 nul\x00 c1\x9b", "bell⟨U+0007⟩ nul⟨U+0000⟩ c1⟨U+009B⟩"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("half \ud83d", "half ⟨U+D83D⟩"),
        ("line\nend\tand tab\r\n", "line\nend\tand tab\r\n"),
        ("Zoë Łukasz 陳大文 محمد Ọlá 😀", "Zoë Łukasz 陳大文 محمد Ọlá 😀"),
        (HOSTILE, HOSTILE),
        (None, ""),
    ],
)
def test_visible(text: object, expected: str) -> None:
    assert visible(text) == expected


@given(ANY_TEXT)
def test_visible_hides_nothing_and_is_settled_after_one_pass(text: str) -> None:
    seen = visible(text)
    assert visible(seen) == seen
    assert not set(seen) & {
        chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x61C)
    }
    seen.encode()


@given(
    st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="\u115f\u1160\u3164\uffa0"))
)
def test_visible_leaves_letters_digits_and_punctuation_alone(text: str) -> None:
    assert visible(text) == text


def test_one_line_shows_a_text_of_several_lines_on_one() -> None:
    assert one_line(" a\r\n b\t\u202ec\x00 ") == "a b ⟨U+202E⟩c⟨U+0000⟩"


def test_shortened() -> None:
    assert shortened("x" * 10_000) == "x" * 119 + "…"
    assert shortened("x" * 120) == "x" * 120
    assert shortened("two words", 5) == "two…"
    assert shortened(None) == ""
    with pytest.raises(ValueError, match="cannot be shortened to 0 characters: give a length of 1 or more"):
        shortened("x", 0)


@given(ANY_TEXT, st.integers(1, 50))
def test_shortened_is_never_longer_than_asked(text: str, length: int) -> None:
    short = shortened(text, length)
    assert len(short) <= length
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@pytest.mark.parametrize(
    ("given_name", "family_name", "expected"),
    [
        ("Ada", "Quill", "AQ"),
        ("ada-may", "o'Neil", "AO"),
        (HOSTILE, "\u202eZed", "IZ"),
        ("", None, "??"),
        (pd.NA, "ßen", "?S"),
        ("陳", "É" * 10_000, "陳É"),
        ("=" * 10_000, "Q", "?Q"),
    ],
)
def test_initials(given_name: object, family_name: object, expected: str) -> None:
    assert initials(given_name, family_name) == expected


@given(ANY_TEXT)
def test_xml_safe_can_be_parsed_and_keeps_what_xml_can_hold(text: str) -> None:
    root = ElementTree.Element("t")
    root.text = xml_safe(text).replace("\r", "")
    assert (ElementTree.fromstring(ElementTree.tostring(root, encoding="utf-8")).text or "") == root.text


def test_xml_safe() -> None:
    assert xml_safe("a\x00b\x0b\uffff\ud800c\u202e\t\n\r" + HOSTILE) == (
        "a⟨U+0000⟩b⟨U+000B⟩⟨U+FFFF⟩⟨U+D800⟩c\u202e\t\n\r" + HOSTILE
    )


@given(st.lists(st.none() | ANY_TEXT, max_size=8))
def test_columns_give_what_single_values_give(texts: list[str | None]) -> None:
    column = pd.Series(texts, index=range(5, 5 + len(texts)), dtype=object)
    before = column.copy()
    for of_column, of_one in (
        (visible_column, visible),
        (csv_safe_column, csv_safe),
        (shortened_column, shortened),
    ):
        changed = of_column(column)
        assert list(changed.index) == list(column.index)
        assert [None if pd.isna(text) else text for text in changed] == [
            None if text is None else of_one(text) for text in texts
        ]
    pd.testing.assert_series_equal(column, before)


def test_columns_take_every_kind_of_text_column() -> None:
    for dtype in ("str", "object", "category", "string"):
        column = pd.Series(["=1", "a\u202e", None], dtype=dtype)
        assert list(csv_safe_column(column).dropna()) == ["'=1", "a\u202e"]
        assert list(visible_column(column).dropna()) == ["=1", "a⟨U+202E⟩"]


def test_initials_column_keeps_the_index() -> None:
    found = initials_column(
        pd.Series(["Ada", None], index=[7, 9]), pd.Series(["Quill", "Reed"], index=[7, 9])
    )
    pd.testing.assert_series_equal(
        found, pd.Series(["AQ", "?R"], index=[7, 9], dtype=object, name="initials")
    )


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "=name": pd.Series(['=HYPERLINK("x")', "two\r\nlines, a comma", None], dtype="str"),
            "amount": [-1.5, 2.0, None],
            "kind": pd.Categorical(["@a", "b", None]),
            "seen_on": pd.to_datetime(["2023-03-31", None, "2023-04-01"]),
            "seen_at": pd.to_datetime(["2023-03-31 10:30", None, "2023-04-01 00:00"]),
            "mixed": pd.Series([-3, "-3+1", date(2023, 1, 2)], dtype=object),
        }
    )


EXPECTED = [
    ["'=name", "amount", "kind", "seen_on", "seen_at", "mixed"],
    ['\'=HYPERLINK("x")', "-1.5", "'@a", "2023-03-31", "2023-03-31T10:30:00", "-3"],
    ["two\r\nlines, a comma", "2.0", "b", "", "", "'-3+1"],
    ["", "", "", "2023-04-01", "2023-04-01T00:00:00", "2023-01-02"],
]


def rows(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_write_csv_to_a_path_a_text_buffer_and_a_binary_buffer(tmp_path: Path) -> None:
    before = frame()
    table = frame()
    text, binary = io.StringIO(), io.BytesIO()
    write_csv(table, tmp_path / "out.csv")
    write_csv(table, text)
    write_csv(table, binary)
    assert rows((tmp_path / "out.csv").read_bytes()) == EXPECTED
    assert (tmp_path / "out.csv").read_bytes() == binary.getvalue() == text.getvalue().encode()
    pd.testing.assert_frame_equal(table, before)


def test_write_csv_writes_an_empty_table_and_columns_of_one_name() -> None:
    out = io.BytesIO()
    write_csv(pd.DataFrame([["=1", "=2"]], columns=["a", "a"]), out)
    assert rows(out.getvalue()) == [["a", "a"], ["'=1", "'=2"]]
    out = io.BytesIO()
    write_csv(pd.DataFrame({"a": []}), out)
    assert rows(out.getvalue()) == [["a"]]


def test_write_csv_writes_out_half_a_character_that_no_file_can_hold() -> None:
    out = io.BytesIO()
    write_csv(pd.DataFrame({"a": pd.Series(["\ud83d"], dtype=object)}), out)
    assert rows(out.getvalue()) == [["a"], ["⟨U+D83D⟩"]]
