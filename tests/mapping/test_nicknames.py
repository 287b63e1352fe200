"""Short forms and spellings of given names: what stands for what, and lists that are not lists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from mapping.nicknames import BUNDLED, load_nicknames


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("liz", "elizabeth", True),
        ("beth", "lizzie", True),
        ("alex", "alexandra", True),
        ("alex", "alexander", True),
        ("alexander", "alexandra", False),
        ("mo", "muhammad", True),
        ("mohamed", "mohammed", True),
        ("ayesha", "aisha", True),
        ("fliss", "felicity", True),
        ("ada", "ada", True),
        ("ada", "ida", False),
    ],
)
def test_two_names_are_forms_of_one_another_where_they_have_a_name_in_common(
    one: str, other: str, alike: bool
) -> None:
    listed = load_nicknames()
    assert bool({*listed.forms([one])} & {*listed.forms([other])}) is alike


def test_words_for_nobody_are_no_names() -> None:
    listed = load_nicknames()
    assert [listed.is_name(words) for words in (["unknown", "male"], ["unknown", "ada"], ["ada"])] == [
        False,
        True,
        True,
    ]


def test_the_list_is_dated_and_every_form_stands_once_under_its_name() -> None:
    listed = load_nicknames()
    assert listed.as_of.isoformat() == "2026-11-22"
    content = tomllib.loads(BUNDLED.read_text(encoding="utf-8"))["forms"]
    for name, forms in content.items():
        words = [name, *forms.split()]
        assert len(words) == len(set(words)), name
        assert all(re.fullmatch("[a-z]+", word) for word in words), name


def test_another_list_can_take_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.toml"
    own.write_text('as_of = 2020-01-01\nnot_names = "nobody"\n[forms]\nwrenlo = "wren"\n')
    monkeypatch.setenv("CONTEXTMAP_NICKNAMES", str(own))
    listed = load_nicknames()
    assert listed.forms(["wren"]) == ["wren", "wrenlo"]
    assert listed.forms(["liz"]) == ["liz"]
    assert not listed.is_name(["nobody"])


def test_a_file_that_is_no_such_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "codes.toml").write_text("as_of = 2020-01-01\n")
    with pytest.raises(ValueError, match=r"is not a list of short forms: forms, not_names missing"):
        load_nicknames(tmp_path / "codes.toml")
    with pytest.raises(FileNotFoundError):
        load_nicknames(tmp_path / "absent.toml")
