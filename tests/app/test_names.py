from __future__ import annotations

import pandas as pd
import pytest

from app.names import MapNames, group_labels, label_of, labels, masked
from app.peer_map_adding import meant

PEOPLE = pd.DataFrame(
    {
        "person_id": ["C1", "C2", "C3"],
        "given_name": ["Ada", "<b>Eve", None],
        "family_name": ["Quill", "Ärm", None],
    }
)


def test_initials_come_with_the_id_so_that_two_people_can_be_told_apart() -> None:
    assert labels(PEOPLE, names=False).to_dict() == {"C1": "AQ (C1)", "C2": "BÄ (C2)", "C3": "C3"}


def test_full_names_where_they_are_shown() -> None:
    assert labels(PEOPLE, names=True).to_dict() == {
        "C1": "Ada Quill (C1)",
        "C2": "<b>Eve Ärm (C2)",
        "C3": "C3",
    }


def test_someone_who_is_in_no_table_is_their_id() -> None:
    assert label_of("C9", labels(PEOPLE, names=False)) == "C9"


def test_names_in_a_report_are_cut_to_initials() -> None:
    text = "Ada Quill said Ada was with the Quill brothers; Adaline was not."
    assert masked(text, [("Ada", "Quill")]) == "A.Q. said A. was with the Q. brothers; Adaline was not."


def test_two_people_of_one_family_name_are_each_cut_to_initials() -> None:
    assert masked("Ada Quill and Ben Quill", [("Ada", "Quill"), ("Ben", "Quill")]) == "A.Q. and B.Q."


def test_groups_are_called_by_as_much_of_their_id_as_tells_them_apart() -> None:
    ids = pd.Series(["g3fa9b12c4d5e", "g3fa9c00000ff", "g0000aaaabbbb"])
    assert group_labels(ids).to_dict() == {
        "g0000aaaabbbb": "Group 0000",
        "g3fa9b12c4d5e": "Group 3FA9B",
        "g3fa9c00000ff": "Group 3FA9C",
    }


def named() -> MapNames:
    known = pd.Series({"C1": "AQ (C1)", "C2": "BÄ (C2)", "C3": "AQ (C3)"})
    called = {"location": pd.Series({"L1": "Quarry Field", "L2": "Hill", "L3": "Hill"}), "thing": pd.Series({"T1": "KX21"})}  # fmt: skip
    return MapNames(known, called, known)


@pytest.mark.parametrize(
    ("typed", "node"),
    [
        ("person:C2", "person:C2"),
        ("C2", "person:C2"),
        (" c2 ", "person:C2"),
        ("bä (c2)", "person:C2"),
        ("quarry field", "location:L1"),
        ("KX21", "thing:T1"),
        ("Ben Quill", None),
        ("person:C9", None),
        ("Quarry", None),
        # Two places of that name: which one is meant has to be chosen.
        ("Hill", None),
    ],
)
def test_whoever_types_an_id_or_all_that_somebody_is_called_means_who_is_in_the_case(
    typed: str, node: str | None
) -> None:
    assert meant(typed, named()) == (node, "" if node else typed)


def test_nothing_typed_means_nobody() -> None:
    assert meant(None, named()) == meant("  ", named()) == (None, "")


def test_those_who_may_be_meant_have_the_initials_or_part_of_the_name() -> None:
    assert named().like("Anna Lena Quist") == ["person:C1", "person:C3"]
    assert named().like("hill") == ["location:L2", "location:L3"]
    assert named().like("c") == ["person:C1", "person:C2", "person:C3"]
    assert named().like("(.*") == []
    assert named().every()[-2:] == ["location:L3", "thing:T1"]
