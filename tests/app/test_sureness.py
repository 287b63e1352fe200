from __future__ import annotations

import pandas as pd
import pytest

from app import sureness

ROW = {"stability": 0.91, "held": 96, "rests_on": "", "rests_on_agency": ""}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({}, "firm: there in 96 of 100 resamples"),
        ({"stability": 0.7}, "there, its edges less sure: there in 96 of 100 resamples"),
        ({"stability": 0.4, "held": 41}, "comes and goes: there in 41 of 100 resamples"),
        (
            {"rests_on": "S1", "held": 60},
            "rests on one report (police, 3 May 2025, S1); there in 60 of 100 resamples",
        ),
        (
            {"rests_on": "S1|S2|S3|S4"},
            "rests on each of a few reports (police, 3 May 2025, S1, S2 and S3 and 1 more); there in 96 of 100 resamples",
        ),
        ({"rests_on_agency": "police"}, "rests on one agency (police); there in 96 of 100 resamples"),
        ({"rests_on": None, "stability": None}, ""),
    ],
)
def test_how_sure_a_group_is(row: dict[str, object], said: str) -> None:
    assert sureness.group({**ROW, **row}, resamples=100, label={"S1": "police, 3 May 2025, S1"}) == said


def test_how_sure_a_membership_is() -> None:
    row = {"confidence": 0.59, "rests_on": ""}
    assert sureness.member(row, resamples=100) == "with the group in 59 of 100 resamples"
    assert (
        sureness.member(row | {"rests_on": "S7"}, resamples=100)
        == "with the group in 59 of 100 resamples; rests on one report (S7)"
    )
    assert sureness.member(row | {"confidence": None}, resamples=100) == ""


def test_whether_a_link_is_more_than_chance() -> None:
    assert sureness.chance(True, 0.00002) == "more than chance (p below 0.001)"
    assert sureness.chance(False, 0.2134) == "could be chance (p = 0.21)"
    assert sureness.chance(False, 0.0004) == "could be chance (p below 0.001, among very many pairs)"
    assert sureness.chance(None, None) == ""


def contacts(*rows: tuple[str, float | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["contact_type", "p_value"])


def test_contacts_are_judged_all_together() -> None:
    """By Benjamini and Hochberg's rule 0.04 is within reach when the others are small, and not on its own."""
    few = sureness.contact_chance(contacts(("location", 0.001), ("thing", 0.04), ("event", None)))
    assert few.tolist() == [
        "children are there together more than chance has it (p = 0.001)",
        "more children than chance (p = 0.04)",
        "",
    ]
    many = sureness.contact_chance(contacts(("location", 0.04), ("person", 0.5), ("thing", 0.6)))
    assert many.tolist() == ["children are there together no more than chance has it", "", ""]


def test_what_a_source_is_called() -> None:
    sources = pd.DataFrame(
        {
            "source_id": ["S1", "S2"],
            "agency": ["police", None],
            "recorded_on": [pd.Timestamp("2025-05-03"), None],
        }
    )
    assert sureness.source_labels(sources) == {
        "S1": "police, 3 May 2025, S1",
        "S2": "agency not recorded, no date, S2",
    }
