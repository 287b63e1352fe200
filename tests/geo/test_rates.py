from __future__ import annotations

import math
from pathlib import Path

import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.rates import (
    NO_COUNT,
    NO_EXPECTED,
    NO_POPULATION,
    NOBODY,
    NONE_EXPECTED,
    both_rates,
    crude_rate,
    poisson_interval,
    repeat_factor,
    smoothed_rate,
    standardised_ratio,
    stratum_rate,
)

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        (0, 0.0, 3.689),  # R epitools, pois.exact: "When x = 0, for the upper limit pois.exact returns 3.689"
        (4, 1.089865, 10.24153),  # R survival, help of cipoisson
        (30, 20.24, 42.83),  # Biological Effects of Low Level Exposures (1992), table 7.5
    ],
)
def test_exact_intervals_are_the_published_ones(count: int, low: float, high: float) -> None:
    found = poisson_interval(pd.Series([count])).iloc[0]

    assert found.tolist() == pytest.approx([low, high], rel=2e-4)


def test_the_ends_of_an_interval_cut_off_what_they_say() -> None:
    # The Poisson distribution itself as an independent implementation, summed in plain Python.
    def at_most(count: int, mean: float) -> float:
        return sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(count + 1))

    for count, level in ((3, 0.95), (17, 0.998)):
        low, high = poisson_interval(pd.Series([count]), level=level).iloc[0]
        assert 1 - at_most(count - 1, low) == pytest.approx((1 - level) / 2)
        assert at_most(count, high) == pytest.approx((1 - level) / 2)


def test_a_rate_comes_with_its_interval_and_says_why_there_is_none() -> None:
    wards = pd.Index(["a", "b", "c", "d", "e"])
    count = pd.Series([30, 0, None, 2, 0], index=wards, dtype="Int64")
    people = pd.Series([1521, 1000, 800, None, 0], index=wards, dtype="Int64")

    found = crude_rate(count, people)

    assert found.columns.tolist() == ["count", "population", "rate", "rate_low", "rate_high", "note"]
    assert found.index.equals(wards)
    assert found.loc["a", "rate":"rate_high"].tolist() == pytest.approx(
        [30 / 1.521, 20.2408 / 1.521, 42.8269 / 1.521], abs=1e-3
    )
    assert found.loc["b", "rate":"rate_high"].tolist() == pytest.approx([0.0, 0.0, 3.6889], abs=1e-4)
    assert found.loc[["c", "d", "e"], "rate":"rate_high"].isna().all(axis=None)
    assert found["note"].tolist() == ["", "", NO_COUNT, NO_POPULATION, NOBODY]


def test_a_rate_may_be_per_10_000() -> None:
    found = crude_rate(pd.Series([5]), pd.Series([2000]), per=10_000)

    assert found["rate"].tolist() == [25.0]


def test_counts_that_are_none_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"2 counts are below 0 or not whole numbers: Besses has 1\.5\. Give counts"
    ):
        poisson_interval(pd.Series([3, 1.5, -1], index=["Moorside", "Besses", "Unsworth"]))


def test_areas_that_differ_and_populations_below_0_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"counts are of 2 areas and the population of 1, and they are not the same"
    ):
        crude_rate(pd.Series([1, 2]), pd.Series([10]))
    with pytest.raises(ValueError, match=r"The population of a is -10\."):
        crude_rate(pd.Series([1], index=["a"]), pd.Series([-10], index=["a"]))


@pytest.mark.parametrize(
    ("level", "factor", "said"), [(95, 1.0, "between 0 and 1"), (0.95, 0.5, "1 or more")]
)
def test_levels_and_factors_that_are_none_are_refused(level: float, factor: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        poisson_interval(pd.Series([1]), level=level, repeat_factor=factor)


@pytest.fixture(scope="module")
def st_louis() -> pd.DataFrame:
    """Homicides and people of the 78 counties around St Louis, which libpysal brings along."""
    counties = pd.read_csv(libpysal.examples.get_path("stl_hom.csv"))
    return counties[["HC7984", "PO7984"]].set_axis(["count", "people"], axis=1)


def st_louis_neighbours() -> dict[int, list[int]]:
    numbers = Path(libpysal.examples.get_path("stl_hom.csv")).with_name("stl.gal").read_text().split()
    found: dict[int, list[int]] = {}
    at = 1
    while at < len(numbers):
        number, many = int(numbers[at]), int(numbers[at + 1])
        found[number - 1] = [int(each) - 1 for each in numbers[at + 2 : at + 2 + many]]
        at += 2 + many
    return found


def test_global_smoothing_is_that_of_esda(st_louis: pd.DataFrame) -> None:
    # The ten values documented at esda.smoothing.Empirical_Bayes for these counties.
    documented = [2.36718950e-05, 4.54539167e-05, 4.78114019e-05, 2.76907146e-05, 6.58989323e-05]
    documented += [3.66494122e-05, 5.79952721e-05, 2.03064590e-05, 3.31152999e-05, 3.02748380e-05]

    found = smoothed_rate(st_louis["count"], st_louis["people"], per=1)

    assert found["smoothed_rate"].head(10).tolist() == pytest.approx(documented, rel=1e-8)
    assert set(found["smoothed_towards"]) == {"all areas"}


def test_local_smoothing_is_that_of_esda(st_louis: pd.DataFrame) -> None:
    # The ten values documented at esda.smoothing.Spatial_Empirical_Bayes for these counties.
    documented = [4.01485749e-05, 3.62437513e-05, 4.93034844e-05, 5.09387329e-05, 3.72735210e-05]
    documented += [3.69333797e-05, 5.40245456e-05, 2.99806055e-05, 3.73034109e-05, 3.47270722e-05]

    found = smoothed_rate(st_louis["count"], st_louis["people"], neighbours=st_louis_neighbours(), per=1)

    assert found["smoothed_rate"].head(10).tolist() == pytest.approx(documented, rel=1e-8)
    assert set(found["smoothed_towards"]) == {"neighbours"}


def test_smoothing_follows_marshalls_formula() -> None:
    # Marshall 1991 worked by hand: m = 60/3000 = 0.02; s2 = (1000*0.02^2 + 500*0.02^2 + 1500*0.02^2...) / 3000.
    count, people = pd.Series([40, 0, 20]), pd.Series([1000, 500, 1500])
    mean = 60 / 3000
    spread = (1000 * 0.02**2 + 500 * 0.02**2 + 1500 * (20 / 1500 - mean) ** 2) / 3000
    between = spread - mean / 1000
    expected = [
        mean + (rate - mean) * between / (between + mean / size)
        for rate, size in ((0.04, 1000), (0.0, 500), (20 / 1500, 1500))
    ]

    assert smoothed_rate(count, people, per=1)["smoothed_rate"].tolist() == pytest.approx(expected)


def test_rates_that_differ_by_chance_alone_are_all_the_same() -> None:
    # esda gives a variance below 0 here, and rates further from the mean than the crude ones.
    found = smoothed_rate(pd.Series([10, 11, 9, 10]), pd.Series([1000, 1000, 1000, 1000]))

    assert found["smoothed_rate"].tolist() == [10.0, 10.0, 10.0, 10.0]


def test_islands_missing_areas_and_quiet_corners_are_handled() -> None:
    wards = ["a", "b", "c", "island", "empty", "unknown", "d"]
    count = pd.Series([9, 1, 0, 5, 2, None, 0], index=wards)
    people = pd.Series([1000, 900, 1100, 500, 0, 800, 700], index=wards)
    beside = {
        "a": ["b", "empty"],
        "b": ["a", "c"],
        "c": ["d", "unknown"],
        "d": ["c"],
        "island": [],
        "empty": ["a"],
    }
    beside["unknown"] = ["c"]

    found = smoothed_rate(count, people, neighbours=beside)

    assert found["smoothed_towards"].tolist() == ["neighbours"] * 3 + ["all areas", "", "", "neighbours"]
    assert found["smoothed_rate"].isna().tolist() == [False, False, False, False, True, True, False]
    # c and d counted nothing and are beside nobody who did.
    assert found.loc[["c", "d"], "smoothed_rate"].tolist() == [0.0, 0.0]
    assert found.loc["island", "smoothed_rate"] == smoothed_rate(count, people).loc["island", "smoothed_rate"]


def test_an_area_without_a_place_among_the_neighbours_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1 of 2 areas are not among the neighbours, b for one"):
        smoothed_rate(
            pd.Series([1, 2], index=["a", "b"]), pd.Series([9, 9], index=["a", "b"]), neighbours={"a": []}
        )


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 4000)), min_size=2, max_size=30),
    st.randoms(use_true_random=False),
)
def test_smoothing_draws_towards_the_mean_and_row_order_does_not_matter(
    areas: list[tuple[int, int]], random: np.random.Generator
) -> None:
    table = pd.DataFrame(areas, columns=["count", "people"])
    mean = 1000 * table["count"].sum() / table["people"].sum()
    order = list(range(len(table)))
    random.shuffle(order)  # type: ignore[arg-type]

    found = smoothed_rate(table["count"], table["people"])["smoothed_rate"]
    again = smoothed_rate(table["count"].iloc[order], table["people"].iloc[order])["smoothed_rate"]

    crude = 1000 * table["count"] / table["people"]
    assert found.between(np.minimum(crude, mean) - 1e-6, np.maximum(crude, mean) + 1e-6).all()
    assert again.sort_index().tolist() == pytest.approx(found.tolist())


def test_a_standardised_ratio_is_the_published_one() -> None:
    # International Union for the Scientific Study of Population, distance course 101, session 6: Ecuador with the
    # rates of Sweden has 42,561 deaths expected and a ratio of 1.52 (populations in thousands, rates per 1,000).
    ages = ["0-29", "30-59", "60+"]
    people = pd.DataFrame([[7498, 3219, 742]], index=["Ecuador"], columns=ages)
    sweden = pd.Series([0.45, 2.4, 42.4], index=ages)

    found = standardised_ratio(pd.Series([64_700], index=["Ecuador"]), people, reference=sweden).iloc[0]

    # The course rounds each age group before it adds them up.
    assert found["expected"] == pytest.approx(42_561, abs=0.5)
    assert round(found["ratio"], 2) == 1.52


def test_standardised_ratios_are_those_of_esda() -> None:
    # The two regions documented at esda.smoothing.standardized_mortality_ratio: 2.4869 and 2.7368.
    events = [[30, 25, 25, 15], [33, 21, 30, 20]]
    people = pd.DataFrame([[100, 100, 110, 90], [100, 90, 110, 90]])
    standard = np.array([[100, 45, 120, 100], [50, 30, 200, 80]]) / [[1000, 900, 1000, 900]] * 1.0

    found = [
        standardised_ratio(
            pd.Series([sum(events[at])]),
            people.iloc[[at]].reset_index(drop=True),
            reference=pd.Series(standard[at]),
        )["ratio"].item()
        for at in (0, 1)
    ]

    assert [round(each, 4) for each in found] == [2.4869, 2.7368]


def test_the_interval_of_a_ratio_is_the_published_one() -> None:
    # Biological Effects of Low Level Exposures (1992): 30 cases where 15.21 are expected, interval 1.33 to 2.82.
    found = standardised_ratio(
        pd.Series([30]), pd.DataFrame({"all": [1521]}), reference=pd.Series({"all": 0.01})
    ).iloc[0]

    assert [round(found[name], 2) for name in ("ratio", "ratio_low", "ratio_high")] == [1.97, 1.33, 2.82]


def test_ratios_against_the_areas_own_rates_balance() -> None:
    strata = pd.MultiIndex.from_product([["F", "M"], ["10-13", "14-17"]], names=["sex", "age"])
    count = pd.DataFrame([[1, 6, 2, 9], [3, 4, 0, 5]], index=["a", "b"], columns=strata)
    people = pd.DataFrame([[400, 380, 410, 390], [500, 450, 520, 460]], index=["a", "b"], columns=strata)

    rates = stratum_rate(count, people)
    found = standardised_ratio(count.sum(axis=1), people, reference=rates)

    assert rates.tolist() == pytest.approx([4 / 900, 10 / 830, 2 / 930, 14 / 850])
    assert found["expected"].sum() == pytest.approx(count.to_numpy().sum())


def test_what_cannot_be_expected_is_said() -> None:
    ages = ["10-13", "14-17"]
    people = pd.DataFrame([[0, 0], [10, None], [10, 0]], index=["a", "b", "c"], columns=ages)
    reference = pd.Series([0.1, np.nan], index=ages)

    found = standardised_ratio(pd.Series([1, 1, 1], index=["a", "b", "c"]), people, reference=reference)

    assert found["note"].tolist() == [NONE_EXPECTED, NO_EXPECTED, ""]
    assert found["ratio"].isna().tolist() == [True, True, False]
    assert found.loc["c", "ratio"] == 1.0


def test_strata_of_one_side_only_are_named() -> None:
    with pytest.raises(ValueError, match=r"in the population or in the reference only: 10-13, 18\+\."):
        standardised_ratio(
            pd.Series([1]),
            pd.DataFrame({"10-13": [5], "14-17": [5]}),
            reference=pd.Series({"14-17": 0.1, "18+": 0.1}),
        )
    with pytest.raises(ValueError, match="different rows or columns"):
        stratum_rate(pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}))


def test_episodes_and_children_are_both_counted() -> None:
    rows = [
        ("a", "C1"),
        ("a", "C1"),
        ("a", "C1"),
        ("a", "C2"),
        ("b", "C1"),
        (None, "C3"),
        ("elsewhere", "C4"),
    ]
    area, person = (pd.Series(each, dtype="str") for each in zip(*rows, strict=True))
    people = pd.Series([400, 500, 600], index=["a", "b", "c"])

    found = both_rates(area, person, people)

    assert found[["population", "episodes", "children", "children_repeat"]].values.tolist() == [
        [400, 4, 2, 1],
        [500, 1, 1, 0],
        [600, 0, 0, 0],
    ]
    assert found["repeat_share"].fillna(-1).tolist() == [0.5, 0.0, -1.0]
    assert found["episode_rate"].tolist() == [10.0, 2.0, 0.0]
    assert found["child_rate"].tolist() == [5.0, 2.0, 0.0]
    # C1 three times and C2 once in a, C1 once in b: (9 + 1 + 1) / 5.
    factor = repeat_factor(area.where(area.isin(people.index)), person)
    assert factor == pytest.approx(11 / 5)
    assert found.loc["a", "episode_rate_high"] == pytest.approx(
        poisson_interval(pd.Series([4]), repeat_factor=factor)["high"].item() / 0.4
    )
    assert found.loc["a", "child_rate_high"] == pytest.approx(
        poisson_interval(pd.Series([2]))["high"].item() / 0.4
    )


def test_no_repeats_is_a_factor_of_1() -> None:
    assert repeat_factor(pd.Series(["a", "a"]), pd.Series(["C1", "C2"])) == 1.0
    assert repeat_factor(pd.Series([], dtype="str"), pd.Series([], dtype="str")) == 1.0


def test_the_interval_of_episodes_covers_where_children_repeat() -> None:
    # A regression test: the plain Poisson interval covered the truth in half of such cases.
    rng = np.random.default_rng(1)
    covered = plain = 0
    for _ in range(400):
        times = rng.geometric(0.28, rng.poisson(15))
        everywhere = np.concatenate([times, rng.geometric(0.28, 200)])
        factor = (everywhere**2).sum() / everywhere.sum()
        count = pd.Series([times.sum()])
        wide, narrow = poisson_interval(count, repeat_factor=factor).iloc[0], poisson_interval(count).iloc[0]
        covered += wide["low"] <= 15 / 0.28 <= wide["high"]
        plain += narrow["low"] <= 15 / 0.28 <= narrow["high"]

    assert covered / 400 > 0.93
    assert plain / 400 < 0.7


def test_an_area_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="a is in the population twice"):
        both_rates(pd.Series(["a"]), pd.Series(["C1"]), pd.Series([1, 2], index=["a", "a"]))


def test_nc_sids_has_its_published_rates(realdata: Path) -> None:
    # Cressie and Read 1985: 667 deaths of 329,962 births, Anson County far above the rest.
    table = pd.read_csv(realdata / "spatial/nc_sids/nc_sids_spData.csv").set_index("CNTY.ID")

    found = crude_rate(table["SID74"], table["BIR74"])
    smooth = smoothed_rate(table["SID74"], table["BIR74"])["smoothed_rate"]

    assert (table["SID74"].sum(), table["BIR74"].sum()) == (667, 329_962)
    top = found["rate"].idxmax()
    assert (found.loc[top, "count"], found.loc[top, "population"]) == (15, 1570)
    assert found.loc[top, "rate_low"] > 1000 * 667 / 329_962
    assert smooth.max() < found["rate"].max()
    assert smooth.min() > found["rate"].min() == 0
