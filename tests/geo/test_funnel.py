from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.funnel import POSITIONS, dispersion, funnel, funnel_limits

pytestmark = pytest.mark.filterwarnings("error")

# Rows of the table of exact limits that the Fingertips technical guidance gives for ratios, as in the test data of
# the R package PHEindicatormethods (testdata_funnel_ratio_outputs.csv): for a count, the number expected at which it
# lies on the lower and upper 95% limit, and on the lower and upper 99.8% limit.
FINGERTIPS = {
    1: (5.571644585, 0.025317898, 9.233410143, 0.001000547),
    10: (18.39035799, 4.795387629, 24.13397235, 2.960519925),
    49: (64.7805979, 36.25047284, 74.7246273, 30.17809181),
    120: (143.4905682, 99.49194901, 157.8591655, 88.97456631),
    716: (770.4222128, 664.5083011, 802.60414, 636.1521174),
}
NAMES = ("low_95", "high_95", "low_998", "high_998")


@pytest.mark.parametrize("count", FINGERTIPS)
def test_limits_go_through_the_published_points(count: int) -> None:
    found = funnel_limits(pd.Series(FINGERTIPS[count]), target=1, per=1)

    for at, name in enumerate(NAMES):
        assert found[name].iloc[at] * FINGERTIPS[count][at] == pytest.approx(count, rel=1e-6, abs=1e-4)


def test_limits_between_whole_counts_are_interpolated_as_spiegelhalter_does() -> None:
    # Spiegelhalter 2005, appendix A.1.1, in plain Python: r is the smallest count that at most tail lie below or at,
    # and the limit is r - (P(X <= r) - tail) / P(X = r).
    mean, tail = 12.0, 0.025
    chance = [math.exp(-mean) * mean**k / math.factorial(k) for k in range(60)]
    lower = next(r for r in range(60) if sum(chance[: r + 1]) >= tail)
    low = lower - (sum(chance[: lower + 1]) - tail) / chance[lower]
    # The same from the other end, so that the two ends are treated alike.
    upper = next(r for r in range(59, -1, -1) if sum(chance[r:]) >= tail)
    high = upper + (sum(chance[upper:]) - tail) / chance[upper]

    found = funnel_limits(pd.Series([12.0]), target=1, per=1).iloc[0] * 12

    assert found[["low_95", "high_95"]].tolist() == pytest.approx([low, high])


def test_areas_are_placed_by_their_own_exact_probability() -> None:
    people = pd.Series([1000.0] * 7 + [0, None], index=list("abcdefghi"))
    count = pd.Series([5, 11, 12, 20, 29, 30, 37, 1, 1], index=people.index)

    found = funnel(count, people, target=20)

    # Poisson with mean 20: P(X <= 11) = 0.0214 and P(X <= 12) = 0.0390; P(X >= 30) = 0.0218 and P(X >= 29) = 0.0343;
    # P(X <= 5) = 0.00007 and P(X >= 37) = 0.0005 (R ppois).
    assert found["position"].fillna("").tolist() == [
        "below 99.8%",
        "below 95%",
        "within",
        "within",
        "within",
        "above 95%",
        "above 99.8%",
        "",
        "",
    ]
    assert found.loc["a", ["rate", "target"]].tolist() == [5.0, 20.0]
    assert found.loc[["h", "i"], list(NAMES)].isna().all(axis=None)


@given(st.integers(0, 80), st.floats(0.05, 60), st.sampled_from(["poisson", "binomial"]))
def test_outside_a_limit_means_an_exact_probability_of_at_most_its_tail(
    count: int, expected: float, family: str
) -> None:
    # scipy's distribution functions, which the limits are not compared by.
    from scipy.stats import binom, poisson

    law = poisson(expected) if family == "poisson" else binom(200, expected / 200)
    found = funnel(
        pd.Series([count]),
        pd.Series([200]),
        target=expected / 200,
        family=family,  # type: ignore[arg-type]
        per=1,
    )["position"].item()

    below, above = law.cdf(count), law.sf(count - 1)
    near = min(abs(each - tail) for each in (below, above) for tail in (0.025, 0.001)) < 1e-9
    words = [
        POSITIONS[0] if below <= 0.001 else POSITIONS[1] if below <= 0.025 else "",
        POSITIONS[4] if above <= 0.001 else POSITIONS[3] if above <= 0.025 else "",
    ]
    assert near or found == (words[0] or words[1] or "within")


def test_the_funnel_stands_around_all_areas_together() -> None:
    found = funnel(pd.Series([3, 0, 9]), pd.Series([100, 0, 500]))

    assert found["target"].tolist() == [20.0, 20.0, 20.0]


def test_a_binomial_funnel_refuses_more_than_everybody() -> None:
    with pytest.raises(ValueError, match=r"Moorside counts 12 of 10 children\. In a binomial funnel"):
        funnel(pd.Series([12], index=["Moorside"]), pd.Series([10], index=["Moorside"]), family="binomial")
    with pytest.raises(ValueError, match="takes no repeat factor"):
        funnel(pd.Series([2]), pd.Series([10]), family="binomial", repeat_factor=2.0)


def test_a_funnel_around_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="No area has both a count and a population above 0"):
        funnel(pd.Series([1, None]), pd.Series([0, 10]))


def test_repeats_widen_the_funnel_of_episodes() -> None:
    count, people = pd.Series([34, 10]), pd.Series([1000, 1000])

    plain, wide = (funnel(count, people, target=20, repeat_factor=factor) for factor in (1.0, 3.0))

    assert plain["position"].tolist() == ["above 95%", "below 95%"]
    assert wide["position"].tolist() == ["within", "within"]


def test_dispersion_is_1_for_chance_and_more_for_repeats() -> None:
    rng = np.random.default_rng(3)
    people = pd.Series(rng.integers(500, 2000, 3000))
    alone = pd.Series(rng.poisson(people * 0.02))
    repeats = pd.Series([rng.geometric(0.3, each).sum() for each in alone])

    # Pulling in a tenth at each end takes the mean square of a normal variable from 1 to about 0.66.
    assert dispersion(alone, people, trim=0) == pytest.approx(1, abs=0.08)
    assert dispersion(repeats, people) > 3
    assert math.isnan(dispersion(pd.Series([0, 0]), pd.Series([10, 10])))


def test_greater_manchesters_wards_have_a_funnel(realdata: Path) -> None:
    # 2,000 made-up children over the 215 wards at one rate: about 1 in 20 lies outside 95%, 1 in 500 outside 99.8%.
    table = pd.read_csv(realdata / "population/gm_wd16_mid2016_single_year_age.csv")
    wards = table[table["area_code"].str.startswith("E05")].set_index("area_code")
    people = wards[[str(age) for age in range(10, 18)]].sum(axis=1)
    assert (len(people), people.sum()) == (215, 257_817)
    rng = np.random.default_rng(2)
    outside = [
        funnel(pd.Series(rng.poisson(people * 0.008), index=people.index), people, target=8)["position"]
        .ne("within")
        .sum()
        for _ in range(40)
    ]

    assert np.mean(outside) / 215 < 0.05
