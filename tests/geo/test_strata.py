"""Standardised ratios of two wards, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.areas import Areas, build_areas
from geo.files import read_geography
from geo.rates import poisson_interval
from geo.strata import COLUMNS, build_strata, standardised

Folder = Callable[..., Path]
Write = Callable[..., str]
WARDS = [("E05000001", 0, 0, 1000, 1000), ("E05000002", 1000, 0, 2000, 1000)]
YOUNG, OLD = [100] * 6 + [50] * 2, [50] * 6 + [200] * 2


def population(columns: list[str], *rows: list[int]) -> str:
    lines = [",".join(["WD25CD", *columns])]
    lines += [",".join([f"E0500000{at + 1}", *map(str, row)]) for at, row in enumerate(rows)]
    return "\n".join(lines) + "\n"


@pytest.fixture
def areas(folder: Folder, squares: Write) -> Areas:
    """Ward 1 has mostly younger children, ward 2 mostly older ones; the sexes are not told apart."""
    ages = [str(age) for age in range(10, 18)]
    place = folder({"w.geojson": squares(WARDS), "p.csv": population(ages, YOUNG, OLD)})
    return build_areas(read_geography(place))


@pytest.fixture
def by_sex(folder: Folder, squares: Write) -> Areas:
    ages = [f"{sex}{age}" for sex in "FM" for age in range(10, 18)]
    place = folder({"w.geojson": squares(WARDS), "p.csv": population(ages, [10] * 8 + [30] * 8, [20] * 16)})
    return build_areas(read_geography(place))


def occurrences(*rows: tuple[str | None, float, str | None], counted: str = "episode") -> pd.DataFrame:
    """List episodes of a child each: area, age and sex."""
    frame = pd.DataFrame(rows, columns=["area_code", "age", "sex"])
    return frame.assign(
        counted=counted,
        person=range(len(frame)),
        on=pd.date_range("2024-01-01", periods=len(frame)),
        placed=pd.array([False] * len(frame), dtype="boolean"),
    )


def test_the_standard_is_the_rate_of_each_age_over_all_wards(areas: Areas) -> None:
    one, two = "E05000001", "E05000002"
    rows = occurrences(
        *[(one, 12, "F")] * 3, *[(one, 17, "M")] * 2, *[(two, 12, None)] * 1, *[(two, 17, "F")] * 8,
        (two, 9, "F"), (two, np.nan, "M"), (None, 12, "F"),
    )  # fmt: skip

    strata, why = build_strata(rows, areas, "missing_episodes")

    assert strata is not None
    assert (why, strata.by) == ([], "age")
    assert strata.notes == [
        "The standardised ratio sets what was counted beside what the children of an area lead one to expect by age; "
        "2 of 16 counted have no recorded age from 10 to 17 and are left out."
    ]
    # Of 150 aged 12 there were 4, of 250 aged 17 there were 10.
    expected = [100 * 4 / 150 + 50 * 10 / 250, 50 * 4 / 150 + 200 * 10 / 250]
    found = standardised(strata, areas.table.index)
    assert found.columns.tolist() == list(COLUMNS)
    np.testing.assert_allclose(found["standardised_expected"], expected)
    np.testing.assert_allclose(found["standardised_ratio"], np.array([5, 9]) / expected)
    interval = poisson_interval(pd.Series([5.0, 9.0]))
    np.testing.assert_allclose(found["standardised_low"], interval["low"] / expected)
    np.testing.assert_allclose(found["standardised_high"], interval["high"] / expected)
    wider = standardised(strata, areas.table.index, repeat_factor=3.0)
    assert (wider["standardised_high"] > found["standardised_high"]).all()


def test_by_age_and_sex_where_both_are_known(by_sex: Areas) -> None:
    one, two = "E05000001", "E05000002"
    rows = occurrences(*[(one, 14, "M")] * 6, *[(two, 14, "M")] * 4, *[(two, 14, "F")] * 9, (two, 14, "U"))

    strata, _ = build_strata(rows, by_sex, "missing_episodes")

    assert strata is not None
    assert strata.by == "age and sex"
    assert strata.counts.sum().loc[lambda counts: counts > 0].to_dict() == {("F", 14): 9, ("M", 14): 10}
    found = standardised(strata, by_sex.table.index)
    # Boys: 10 of 50; girls: 9 of 30.
    np.testing.assert_allclose(
        found["standardised_expected"], [30 * 10 / 50 + 10 * 9 / 30, 20 * 10 / 50 + 20 * 9 / 30]
    )
    assert strata.notes[0].endswith(
        "1 of 20 counted have no recorded age and sex from 10 to 17 and are left out."
    )


def test_by_age_alone_where_sex_is_seldom_recorded(by_sex: Areas) -> None:
    rows = occurrences(*[("E05000001", 14, None)] * 2, *[("E05000002", 14, "M")] * 8)
    strata, _ = build_strata(rows, by_sex, "missing_episodes")
    assert strata is not None
    assert strata.by == "age"
    assert strata.people.sum(axis=1).tolist() == [320.0, 320.0]
    assert strata.notes[1] == (
        "Fewer than 90% of those counted have their sex recorded, so the standard is by age alone."
    )


def test_a_child_counts_once_in_an_area_at_the_age_of_the_first_time(areas: Areas) -> None:
    rows = occurrences(("E05000001", 14, "F"), ("E05000001", 13, "F"), ("E05000002", 14, "F")).assign(
        person=7
    )
    rows["on"] = pd.to_datetime(["2024-06-01", "2023-06-01", "2024-07-01"])
    strata, _ = build_strata(rows, areas, "children_missing")
    assert strata is not None
    assert strata.counts.stack(["sex", "age"]).loc[lambda counts: counts > 0].to_dict() == {
        ("E05000001", "", 13): 1.0,
        ("E05000002", "", 14): 1.0,
    }


def test_what_cannot_be_standardised_says_why(areas: Areas, folder: Folder, squares: Write) -> None:
    rows = occurrences(("E05000001", 14, "F"))
    assert build_strata(rows.assign(counted="incident"), areas, "incidents") == (
        None,
        ["Incidents are of places and have no age: they are not standardised by it."],
    )
    place = folder(
        {"w.geojson": squares(WARDS), "p.csv": "WD25CD,children_10_17\nE05000001,10\nE05000002,10\n"}
    )
    assert build_strata(rows, build_areas(read_geography(place)), "missing_episodes") == (
        None,
        ["The population file has no single years of age from 10 to 17, so nothing is standardised by age."],
    )
    empty = standardised(None, areas.table.index)
    assert empty.columns.tolist() == list(COLUMNS)
    assert empty.isna().all(None)


def test_counts_that_are_not_known_have_no_ratio(areas: Areas) -> None:
    unknown = Areas(
        areas.boundaries,
        areas.table.assign(authority_code=[None, "E08000002"]),
        areas.centres,
        ages=areas.ages,
    )
    strata, _ = build_strata(occurrences(("E05000002", 14, "F")), unknown, "missing_episodes_residents")
    assert strata is not None
    found = standardised(strata, areas.table.index)
    assert found["standardised_ratio"].isna().tolist() == [True, False]
