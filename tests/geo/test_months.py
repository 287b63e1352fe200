from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, binomtest

from geo.months import month_counts, month_table, months_compared

NAN = np.nan


def test_a_month_without_a_record_is_no_data_and_not_nought() -> None:
    when = pd.Series(["2024-01-31", "2024-01-01 08:00", None, "2024-04-30T23:59"])

    found = month_counts(when)

    assert found.index.tolist() == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert found.tolist() == pytest.approx([2, NAN, NAN, 1], nan_ok=True)


def test_months_that_are_covered_have_nought() -> None:
    when = pd.Series(["2024-02", "2024-02"])

    found = month_counts(when, covered=["2024-01", "2024-02", "2024-04"])

    assert found.to_dict() == pytest.approx(
        {"2024-01": 0, "2024-02": 2, "2024-03": NAN, "2024-04": 0}, nan_ok=True
    )


def test_a_month_cut_short_is_missing() -> None:
    when = pd.Series(["2024-01-05", "2024-02-05", "2024-03-05"])

    assert month_counts(when, through=date(2024, 3, 30)).tolist() == pytest.approx([1, 1, NAN], nan_ok=True)
    assert month_counts(when, through=date(2024, 3, 31)).tolist() == [1, 1, 1]


def test_children_are_counted_once_a_month() -> None:
    when = pd.Series(["2024-01-05", "2024-01-06", "2024-01-07", "2024-02-01"])
    person = pd.Series(["a", "a", "b", "a"])

    assert month_counts(when).tolist() == [3, 1]
    assert month_counts(when, distinct=person).tolist() == [2, 1]


def test_every_area_has_a_figure_for_a_month_with_data() -> None:
    when = pd.Series(["2024-01", "2024-01", "2024-03", "2024-03"])
    area = pd.Series(["B", "B", "elsewhere", None])

    found = month_table(when, area, areas=["B", "A"])

    expected = pd.DataFrame(
        [[0.0, NAN, 0.0], [2.0, NAN, 0.0]],
        index=pd.Index(["A", "B"], name="area_code"),
        columns=pd.Index(["2024-01", "2024-02", "2024-03"], name="month", dtype="object"),
    )
    pd.testing.assert_frame_equal(found, expected, check_index_type=False)


def test_nothing_at_all_has_no_months() -> None:
    assert month_counts(pd.Series([None, None], dtype="object")).empty


def test_a_month_is_set_against_the_two_years_before() -> None:
    counts = pd.Series({"2022-03": 10.0, "2023-03": 14.0, "2024-03": 24.0, "2024-04": 5.0})

    found = months_compared(counts).loc["2024-03"]

    assert found[["observed", "year_before", "two_years_before", "years", "usual", "ratio"]].tolist() == [
        *[24, 14, 10, 2, 12, 2]
    ]
    # Given 48 in all, a third would fall in this month.
    exact = binomtest(24, 48, 1 / 3)
    low, high = exact.proportion_ci(method="exact")
    assert found["p_value"] == pytest.approx(exact.pvalue)
    assert (found["ratio_low"], found["ratio_high"]) == pytest.approx(
        (2 * low / (1 - low), 2 * high / (1 - high))
    )
    assert months_compared(counts).loc["2024-04"].drop(["observed", "years"]).isna().all()


def test_one_year_before_will_do_and_leap_years_are_allowed_for() -> None:
    counts = pd.Series({"2023-02": 28.0, "2024-02": 29.0})

    found = months_compared(counts).loc["2024-02"]

    assert (found["years"], found["usual"], found["ratio"]) == (1, pytest.approx(29), pytest.approx(1))


def test_nought_against_nought_says_nothing() -> None:
    found = months_compared(pd.Series({"2023-02": 0.0, "2024-02": 0.0, "2023-03": 0.0, "2024-03": 3.0}))

    assert found.loc["2024-02", ["ratio", "ratio_low", "ratio_high", "p_value"]].isna().all()
    assert found.loc["2024-03", "ratio"] == np.inf
    assert found.loc["2024-03", "ratio_low"] > 0
    assert found.loc["2024-03", "ratio_high"] == np.inf


def test_a_month_without_data_is_compared_with_nothing() -> None:
    found = months_compared(pd.Series({"2023-02": 4.0, "2024-02": NAN}))

    assert found.loc["2024-02"].drop(["year_before", "years", "usual"]).isna().all()


def test_the_level_is_checked() -> None:
    with pytest.raises(ValueError, match="between 0 and 1, and 95 was asked for"):
        months_compared(pd.Series({"2024-02": 4.0}), level=95)


def test_three_years_of_burglaries(realdata: Path) -> None:
    table = pd.read_csv(realdata / "police/gmp_burglary_points_2016-02_onward.csv")

    counts = month_counts(table["Month"])
    found = months_compared(counts)

    assert (len(counts), counts.sum(), counts.isna().sum()) == (36, 92_666, 0)
    assert found.loc["2019-01", ["observed", "year_before", "two_years_before"]].tolist() == [
        2670,
        2649,
        2964,
    ]
    assert found.loc["2019-01", "ratio"] == pytest.approx(2670 / ((2649 + 2964) / 2))
    assert found.loc[:"2017-01", "ratio"].isna().all()


def test_runs_of_one_child_widen_the_interval_and_raise_the_p_value() -> None:
    counts = pd.Series([20.0, 30.0, 60.0], index=["2022-03", "2023-03", "2024-03"])
    plain = months_compared(counts).loc["2024-03"]
    runs = months_compared(counts, repeat_factor=3.0).loc["2024-03"]
    # As if there were a third of the events.
    third = months_compared(counts / 3 // 1).loc["2024-03"]
    assert (runs["observed"], runs["usual"], runs["ratio"]) == (60, 25, plain["ratio"])
    assert runs["ratio_low"] < plain["ratio_low"] < plain["ratio_high"] < runs["ratio_high"]
    assert plain["p_value"] < runs["p_value"] < 0.2
    assert runs["p_value"] == pytest.approx(third["p_value"], abs=0.05)


def test_the_tails_for_runs_are_binomial_where_counts_are_whole() -> None:
    counts = pd.Series([10.0, 14.0], index=["2023-03", "2024-03"])
    twice = months_compared(counts * 2, repeat_factor=2.0).loc["2024-03"]
    # Twice the smaller tail of 14 of 24 at one half, by scipy.
    assert twice["p_value"] == pytest.approx(2 * binom.sf(13, 24, 0.5), rel=1e-9)
    with pytest.raises(ValueError, match=r"The repeat factor is 0\.5\. Give 1"):
        months_compared(counts, repeat_factor=0.5)
