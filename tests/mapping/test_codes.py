"""Tests of the dated code lists."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mapping.codes import BUNDLED, load_codes
from mapping.contract import TABLES
from mapping.records import read_case


def test_bundled_lists_hold_the_codes_of_guidance() -> None:
    """Department for Education ethnicity codes (18 and 2), 3x5x2 grades, handling, action and sanitisation codes."""
    codes = load_codes()
    assert codes.as_of == date(2026, 11, 1)
    assert " ".join(codes["ethnicity"]) == (
        "WBRI WIRI WIRT WROM WOTH MWBC MWBA MWAS MOTH AIND APKN ABAN CHNE AOTH BCRB BAFR BOTH OOTH REFU NOBT"
    )
    grades = [codes[name] for name in ("source_grade", "information_grade", "handling")]
    assert ["".join(each) for each in grades] == ["123", "ABCDE", "PC"]
    assert [*codes["action_code"], *codes["sanitisation_code"]] == ["A1", "A2", "A3", "S1", "S2"]
    assert list(codes["nature"]) == ["protective", "neutral", "harmful", "unknown"]


def test_every_coded_column_has_its_list() -> None:
    named = {column.codes for table in TABLES.values() for column in table.columns if column.kind == "code"}
    assert named <= set(load_codes().lists)


def test_meaning_of_a_code_or_the_code_itself() -> None:
    codes = load_codes()
    assert codes.meaning("sex", "F") == "female"
    assert codes.meaning("source_grade", 1) == "reliable"
    assert codes.meaning("sex", "Q") == "Q"


def test_another_edition_is_read_from_the_environment(
    write_case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keeps out codes in mixed case that never match, and codes that break the query they stand in."""
    newer = tmp_path / "newer.toml"
    text = BUNDLED.read_text().replace(
        "[sex]\n", '[sex]\nMixedCase = "m"\n"O\'x" = "quoted"\n"{b}" = "braces"\n'
    )
    newer.write_text(text)
    monkeypatch.setenv("CONTEXTMAP_CODES", str(newer))
    case = write_case(people="person_id,sex\nC1,MIXEDCASE\nC2,o'X\nC3,{B}\nC4,f\nC5,Q\n")
    records = read_case(case)
    assert [None if x != x else x for x in records.table("people")["sex"]] == [
        "MixedCase",
        "O'x",
        "{b}",
        "F",
        None,
    ]
    assert records.rejected["reason"].tolist() == ["is not one of MixedCase, O'x, {b}, F, M, X, U"]


def test_file_that_is_no_code_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text("[sex]\nF = 'female'\n")
    with pytest.raises(
        ValueError, match=r"none\.toml is not a code list: it has no 'as_of'\. Start from a copy"
    ):
        load_codes(tmp_path / "none.toml")
    text = BUNDLED.read_text().replace("[sex]", "[sexes]").replace("[role]", "[roles]")
    (tmp_path / "part.toml").write_text(text)
    with pytest.raises(ValueError, match=r"part\.toml is not a whole code list: role, sex missing"):
        load_codes(tmp_path / "part.toml")
    with pytest.raises(FileNotFoundError):
        load_codes(tmp_path / "nowhere.toml")
