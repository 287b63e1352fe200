from __future__ import annotations

from math import inf, isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.deprivation import build_deprivation
from geo.files import Geography, read_geography
from geo.inequality import (
    NO_CHILDREN,
    MixedEditions,
    children_by_decile,
    compare_tenths,
    concentration_curve,
    concentration_index,
    edition_year,
    share_by_decile,
    slope_index,
    validate_edition,
)
from geo.places import lsoa_to_wards
from geo.population import ward_population
from geo.wards import points_to_wards

pytestmark = pytest.mark.filterwarnings("error")

# World Bank, Quantitative Techniques for Health Equity Analysis, Technical Note 7, table 1: births and deaths under five
# in India 1982-92 by wealth group, poorest first. Its concentration index is -0.1694.
BIRTHS = pd.Series(
    [29_939, 28_776, 26_528, 24_689, 19_739], index=["poorest", "2nd", "middle", "4th", "richest"]
)
DEATHS = (BIRTHS * [0.1547, 0.1529, 0.1195, 0.0869, 0.0543]).round()
WEALTH = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0], index=BIRTHS.index)


def test_the_published_concentration_index_reproduces() -> None:
    found = concentration_index(DEATHS, BIRTHS, WEALTH, edition="")

    assert round(found.index, 4) == -0.1694
    assert (found.areas, found.edition) == (5, "")
    assert found.low < found.index < found.high < 0


def test_the_index_is_twice_the_area_between_diagonal_and_curve() -> None:
    curve = concentration_curve(DEATHS, BIRTHS, WEALTH, edition="")
    found = concentration_index(DEATHS, BIRTHS, WEALTH, edition="")

    assert curve.iloc[[0, -1]].values.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert curve["population_share"].tolist()[1] == pytest.approx(29_939 / BIRTHS.sum())
    area = np.trapezoid(curve["count_share"], curve["population_share"])
    assert found.index == pytest.approx(1 - 2 * area)


def test_the_standard_error_is_that_of_chance_in_the_counts() -> None:
    # 800 draws of 200 events over five areas, an independent implementation.
    rng = np.random.default_rng(2)
    people = pd.Series([300, 200, 100, 250, 150])
    rank = pd.Series([1, 2, 3, 4, 5])
    share = np.array([0.4, 0.25, 0.1, 0.15, 0.1])
    drawn = [
        concentration_index(pd.Series(each), people, rank, edition="").index
        for each in rng.multinomial(200, share, 800)
    ]

    found = concentration_index(pd.Series((200 * share).astype(int)), people, rank, edition="")

    assert found.standard_error == pytest.approx(np.std(drawn), rel=0.08)


def test_repeats_widen_the_interval() -> None:
    plain, wide = (
        concentration_index(DEATHS, BIRTHS, WEALTH, edition="", repeat_factor=factor) for factor in (1.0, 4.0)
    )

    assert (wide.index, wide.standard_error) == (plain.index, 2 * plain.standard_error)


def test_areas_of_one_rank_are_taken_together() -> None:
    people = pd.Series([100, 300, 200], index=["a", "b", "c"])
    count = pd.Series([10, 0, 5], index=["a", "b", "c"])
    rank = pd.Series([1, 1, 2], index=["a", "b", "c"])

    curve = concentration_curve(count, people, rank, edition="2019")

    assert curve["population_share"].tolist() == pytest.approx([0, 400 / 600, 1])
    assert curve["count_share"].tolist() == pytest.approx([0, 10 / 15, 1])
    # R is 1/3 for a and b and 5/6 for c: 2 x (10/3 + 25/6) / 15 - 1 = 0.
    assert concentration_index(count, people, rank, edition="2019").index == pytest.approx(0, abs=1e-12)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 900), st.integers(1, 6)), min_size=3, max_size=20),
    st.randoms(use_true_random=False),
)
def test_row_order_does_not_matter_and_turning_the_ranks_turns_the_index(
    areas: list[tuple[int, int, int]], random: np.random.Generator
) -> None:
    table = pd.DataFrame(areas, columns=["count", "people", "rank"])
    shuffled = table.iloc[random.sample(range(len(table)), len(table))]  # type: ignore[attr-defined]

    found, again, turned = (
        concentration_index(each["count"], each["people"], each["rank"] * sign, edition="")
        for each, sign in ((table, 1), (shuffled, 1), (table, -1))
    )

    if not table["count"].sum():
        assert isnan(found.index)
    else:
        assert again.index == pytest.approx(found.index)
        assert turned.index == pytest.approx(-found.index, abs=1e-9)
        assert -1 <= found.index <= 1


def test_areas_that_miss_something_are_left_out() -> None:
    people = pd.Series([100, 300, 0, None, 200])
    count = pd.Series([10, None, 3, 4, 5])
    rank = pd.Series([1, 2, 3, 4, 5])

    assert concentration_index(count, people, rank, edition="").areas == 2


def test_an_equal_share_everywhere_is_0_and_nothing_counted_is_missing() -> None:
    people = pd.Series([100, 300, 200])

    assert concentration_index(people // 50, people, pd.Series([1, 2, 3]), edition="").index == pytest.approx(
        0
    )
    assert isnan(concentration_index(people * 0, people, pd.Series([1, 2, 3]), edition="").index)
    with pytest.raises(ValueError, match="Nothing was counted in any area"):
        concentration_curve(people * 0, people, pd.Series([1, 2, 3]), edition="")


def test_editions_are_never_mixed() -> None:
    wards = pd.Series(["IMD 2019 on LSOA11", None, "IMD 2025 on LSOA21"])
    count = people = pd.Series([1, 2, 3])

    with pytest.raises(
        MixedEditions, match=r"mix IMD 2019 on LSOA11 and IMD 2025 on LSOA21\. Editions of the Indices"
    ):
        concentration_index(count, people, pd.Series([1, 2, 3]), edition=wards)
    with pytest.raises(MixedEditions, match="mix 2019 and 2025"):
        share_by_decile(pd.Series([1]), pd.Series([5], index=[1]), edition="2019", population_edition="2025")
    assert validate_edition("2019", "", pd.Series(["2019", None])) == "2019"
    assert validate_edition("") == ""


def test_an_edition_is_the_same_however_it_is_written() -> None:
    assert validate_edition("2019", pd.Series(["IMD 2019 on LSOA11", None])) == "2019"
    assert validate_edition("IoD2019 (LSOA 2011)", "IMD 2019 on LSOA11") == "IMD 2019 on LSOA11"
    assert validate_edition("A ranking  of one's own", "a ranking of one's own") == "A ranking  of one's own"
    assert [edition_year(name) for name in ("2025", "IMD 2019 on LSOA11", "LSOA 2021", "")] == [
        "2025",
        "2019",
        "lsoa 2021",
        "",
    ]
    with pytest.raises(MixedEditions, match="mix 2025 and IMD 2019 on LSOA11"):
        validate_edition("2025", "IMD 2019 on LSOA11")


def test_shares_by_decile_come_with_exact_intervals() -> None:
    # 1 of 10 has the exact interval 0.0025 to 0.4450, 0 of 10 the upper end 0.3085 (Clopper and Pearson 1934).
    deciles = pd.Series([1, *[2] * 4, *[3] * 5, None], dtype="Int64")
    population = pd.Series([500.0, 1500, 1000, 2000], index=[1, 2, 3, 10])

    found = share_by_decile(deciles, population, edition="2025", population_edition="2025")

    assert found.index.tolist() == list(range(1, 11))
    assert found["children"].tolist() == [1, 4, 5, 0, 0, 0, 0, 0, 0, 0]
    assert found.loc[[1, 2, 3], "ratio"].tolist() == pytest.approx([1.0, 0.4 / 0.3, 2.5])
    assert found.loc[1, ["ratio_low", "ratio_high"]].tolist() == pytest.approx([0.0253, 4.450], abs=1e-3)
    assert found.loc[10, ["ratio", "ratio_low", "ratio_high"]].tolist() == pytest.approx(
        [0, 0, 0.3085 / 0.4], abs=1e-3
    )
    assert found.loc[4:9, "ratio"].isna().all()
    assert found.attrs["unknown"] == 1


def test_deciles_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="11 is not a decile"):
        share_by_decile(pd.Series([11]), pd.Series([5], index=[1]), edition="", population_edition="")


def test_the_top_tenth_stands_beside_the_bottom_tenth() -> None:
    names = [f"ward {at:02}" for at in range(20)]
    people = pd.Series(1000, index=names)
    rank = pd.Series(range(20), index=names)
    count = pd.Series([20, 12, *[9] * 16, 5, 3], index=names)

    found = compare_tenths(count, people, rank, edition="2019")

    assert found.members == {"most deprived": names[:2], "least deprived": names[18:]}
    assert found.table[["areas", "population", "count", "rate"]].values.tolist() == [
        [2, 2000, 32, 16],
        [2, 2000, 8, 4],
    ]
    assert (found.ratio, found.by, found.edition) == (4.0, "areas", "2019")
    # Given 40 in all, the first is binomial: scipy's exact test as an independent implementation.
    from scipy.stats import binomtest

    share = binomtest(32, 40).proportion_ci(0.95, method="exact")
    assert (found.low, found.high) == pytest.approx(
        (share.low / (1 - share.low), share.high / (1 - share.high))
    )


def test_a_tenth_may_be_of_the_children() -> None:
    people = pd.Series([100, 100, 600, 100, 1000, 50, 50], index=list("abcdefg"))
    rank = pd.Series([1, 2, 3, 4, 5, 6, 7], index=people.index)
    count = pd.Series([1, 1, 1, 1, 1, 1, 0], index=people.index)

    found = compare_tenths(count, people, rank, edition="", by="children")

    assert found.members == {"most deprived": ["a", "b"], "least deprived": ["e", "f", "g"]}


def test_nothing_in_the_least_deprived_tenth_has_no_upper_end() -> None:
    people = pd.Series([100] * 10)
    count = pd.Series([8, *[1] * 8, 0])

    found = compare_tenths(count, people, pd.Series(range(10)), edition="")

    assert (found.ratio, found.high) == (inf, inf)
    # Eight of eight: the lower end p of the share solves p^8 = 0.025.
    assert found.low == pytest.approx(0.025 ** (1 / 8) / (1 - 0.025 ** (1 / 8)))
    assert isnan(compare_tenths(count * 0, people, pd.Series(range(10)), edition="").ratio)


def test_tenths_that_overlap_are_refused() -> None:
    with pytest.raises(
        ValueError, match="1 areas have a count, a population and a rank, and the two tenths would overlap"
    ):
        compare_tenths(pd.Series([1]), pd.Series([10]), pd.Series([1]), edition="")


def test_a_straight_line_is_found_again() -> None:
    # Rates of 20 - 12 x relative rank exactly: 20 at the most deprived end, 8 at the least.
    people = pd.Series([4000.0, 2000, 2000])
    middle = np.array([0.25, 0.625, 0.875])
    count = pd.Series((people * (20 - 12 * middle) / 1000).to_numpy())
    assert count.tolist() == [68, 25, 19]

    found = slope_index(count, people, pd.Series([1, 2, 3]), edition="2019")

    assert (found.slope, found.most_deprived, found.least_deprived) == pytest.approx((12, 20, 8))
    assert (found.relative, found.mean, found.relative_to_mean) == pytest.approx((2.5, 14, 12 / 14))
    assert (found.low, found.high, found.relative_low) == pytest.approx((12, 12, 2.5), abs=1e-6)
    assert (found.areas, found.edition, found.notes) == (3, "2019", ())


def test_the_slope_and_its_interval_are_those_of_numpy() -> None:
    # numpy.polyfit with its covariance and Student's t 2.262157 for 9 degrees of freedom, an independent implementation.
    rng = np.random.default_rng(5)
    people = pd.Series(rng.integers(400, 1600, 11))
    count = pd.Series(rng.poisson(people * np.linspace(0.03, 0.01, 11)))
    share = (people / people.sum()).to_numpy()
    line, covariance = np.polyfit(
        np.cumsum(share) - share / 2, 1000 * count / people, 1, w=np.sqrt(people), cov=True
    )

    found = slope_index(count, people, pd.Series(range(11)), edition="")

    reach = 2.262157 * np.sqrt(covariance[0, 0])
    assert (found.slope, found.low, found.high) == pytest.approx(
        (-line[0], -line[0] - reach, -line[0] + reach)
    )
    assert found.relative == pytest.approx(line[1] / (line[0] + line[1]))
    assert found.relative_low < found.relative < found.relative_high


def test_a_line_that_falls_below_0_has_no_ratio() -> None:
    found = slope_index(
        pd.Series([30, 1, 0]), pd.Series([1000, 1000, 1000]), pd.Series([1, 2, 3]), edition=""
    )

    assert isnan(found.relative)
    assert found.notes[0].startswith("The straight line falls to 0 or below at one end")
    assert found.relative_to_mean > 2


def test_too_few_areas_have_no_slope() -> None:
    with pytest.raises(ValueError, match="needs at least three areas and two ranks, and 2 areas have"):
        slope_index(pd.Series([1, 2]), pd.Series([10, 20]), pd.Series([1, 2]), edition="")
    with pytest.raises(ValueError, match="No area has a count, a population above 0 and a rank"):
        slope_index(pd.Series([1, 2]), pd.Series([0, 0]), pd.Series([1, 2]), edition="")
    with pytest.raises(ValueError, match="Counts and ranks are not of the same areas"):
        slope_index(pd.Series([1, 2]), pd.Series([10, 20]), pd.Series([1, 2], index=[1, 2]), edition="")


@pytest.fixture(scope="module")
def manchester(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Geography:
    place = tmp_path_factory.mktemp("manchester")
    for name in (
        "wards/gm_wards_WD25.geojson",
        "deprivation/imd2019_england_lsoa11.csv",
        "deprivation/imd2025_england_lsoa21.csv",
        "lookups/lookup_lsoa11_lsoa21_ltla22.csv",
        "lookups/lookup_lsoa21_ward24_ltla24.csv",
        "population/gm_lsoa11_mid2016_single_year_age.csv",
    ):
        (place / Path(name).name).symlink_to(realdata / name)
    return read_geography(place)


@pytest.mark.parametrize(("edition", "in_deciles_1_to_3"), [("2019", 0.554), ("2025", 0.544)])
def test_greater_manchesters_children_all_have_a_decile(
    manchester: Geography, edition: str, in_deciles_1_to_3: float
) -> None:
    found = children_by_decile(manchester, edition=edition)

    assert found.edition == edition
    assert found.children.sum() + found.unknown == 257_817
    assert found.unknown == 0
    assert round(found.children.loc[1:3].sum() / 257_817, 3) == in_deciles_1_to_3


def test_children_by_decile_are_those_of_a_plain_join(manchester: Geography, realdata: Path) -> None:
    people = pd.read_csv(realdata / "population/gm_lsoa11_mid2016_single_year_age.csv")
    ranks = pd.read_csv(realdata / "deprivation/imd2019_england_lsoa11.csv")
    joined = people.merge(ranks, left_on="lsoa11cd", right_on=ranks.columns[0])
    expected = joined[[str(age) for age in range(10, 18)]].sum(axis=1).groupby(joined["IMD_decile"]).sum()

    found = children_by_decile(manchester, edition="2019").children

    assert found.tolist() == expected.reindex(range(1, 11)).tolist()


def test_homes_outside_the_wards_compared_are_in_no_share(manchester: Geography, realdata: Path) -> None:
    # Deprivation is known of all England here; a home elsewhere has a decile, but its neighbours are not counted.
    people = pd.read_csv(realdata / "population/gm_lsoa11_mid2016_single_year_age.csv")
    ages = [str(age) for age in range(10, 18)]
    whole = lsoa_to_wards(people["lsoa11cd"], manchester)
    first = str(whole.min())
    homes = pd.DataFrame(
        {"home_ward": [first, first, str(whole.max()), None], "home_decile": [1, None, 2, 3]}
    )

    one, every = children_by_decile(manchester, wards=[first]), children_by_decile(manchester)

    assert one.wards == {first}
    assert one.children.sum() == people.loc[whole == first, ages].to_numpy().sum()
    assert [None if pd.isna(each) else int(each) for each in one.deciles_of(homes)] == [1, None, None, None]
    assert [None if pd.isna(each) else int(each) for each in every.deciles_of(homes)] == [1, None, 2, None]


def test_without_population_the_share_of_all_children_is_not_known(manchester: Geography) -> None:
    bare = Geography(
        wards=manchester.wards, tables=tuple(t for t in manchester.tables if t.kind != "population")
    )

    found = children_by_decile(bare, edition="2025")

    assert found.notes == [NO_CHILDREN]
    assert found.children.isna().all()


def test_burglary_in_greater_manchester_by_deprivation(manchester: Geography, realdata: Path) -> None:
    # 92,666 published points of 2016 to 2019 in 215 wards, against both editions in turn.
    points = pd.read_csv(realdata / "police/gmp_burglary_points_2016-02_onward.csv")
    assert manchester.wards is not None
    from geo.grid import lonlat_to_grid

    longitude = next(name for name in points if name.lower().startswith("lon"))
    latitude = next(name for name in points if name.lower().startswith("lat"))
    east, north = lonlat_to_grid(points[longitude].to_numpy(float), points[latitude].to_numpy(float))
    codes = manchester.wards.codes
    count = points_to_wards(east, north, manchester.wards).value_counts().reindex(codes, fill_value=0)
    people = pd.Series(ward_population(manchester).children.to_numpy(), index=count.index)

    for edition, published in (("2019", -0.0498), ("2025", -0.0295)):
        means = build_deprivation(manchester, edition=edition).wards["imd_rank_mean"].to_numpy()
        rank = pd.Series(means, index=count.index)
        found = concentration_index(count, people, rank, edition=edition)
        tenths = compare_tenths(count, people, rank, edition=edition)

        # The area under the curve, worked out here in plain numpy.
        order = np.argsort(means)
        across, up = (np.concatenate([[0], np.cumsum(each.to_numpy()[order])]) for each in (people, count))
        area = np.trapezoid(up / up[-1], across / across[-1])
        assert found.index == pytest.approx(1 - 2 * area, abs=1e-6)
        assert round(found.index, 4) == published
        assert (found.areas, tenths.table["areas"].tolist()) == (215, [22, 22])
        assert tenths.ratio > tenths.low > 1
        assert slope_index(count, people, rank, edition=edition).slope > 0
