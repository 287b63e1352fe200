from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.files import read_geography
from geo.gaps import (
    BLIND,
    CAUTION,
    COLUMNS,
    FEWER,
    IN_RECORDS,
    LIVE_THERE,
    MORE,
    NO_POPULATION,
    Gaps,
    build_gaps,
)
from geo.places import home_places
from geo.population import ward_population

pytestmark = pytest.mark.filterwarnings("error")
DEMO = Path(__file__).parents[2] / "data" / "synthetic" / "demo"
UNTIL = date(2026, 3, 31)


def children(rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    names = ["person_id", "date_of_birth", "sex", "ethnicity", "school_id", "is_child"]
    table = pd.DataFrame(rows, columns=names)
    # Tables of records have a column of row numbers; it is not read.
    return table.assign(date_of_birth=pd.to_datetime(table["date_of_birth"]), row=range(len(table)))


def referred(*rows: tuple[str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["person_id", "received_on"])
    return table.assign(received_on=pd.to_datetime(table["received_on"]))


def group(found: Gaps, dimension: str, code: str) -> pd.Series:
    table = found.table[found.table["dimension"] == dimension].set_index("group_code")
    return table.loc[code]


def many(count: int, referred_of_them: int, sex: str, school: str) -> list[tuple[object, ...]]:
    return [(f"{sex}{school}{at}", "2011-05-01", sex, "WBRI", school, True) for at in range(count)]


@pytest.mark.parametrize("kind", ["object", "float64", "bool"])
def test_a_column_in_which_nothing_is_recorded_compares_nobody(kind: str) -> None:
    """A column without a single entry comes in any type: joining it to another must not fail."""
    people = children(many(20, 0, "F", "S1"))
    nothing = pd.Series([None] * len(people), dtype=object).astype("boolean" if kind == "bool" else kind)

    for column in ("ethnicity", "sex", "school_id"):
        found = build_gaps(people.assign(**{column: nothing}), referred(("FS10", "2025-06-01")), until=UNTIL)
        there = {"ethnicity": ["school", "sex"], "sex": ["ethnicity", "school"]}
        assert sorted(found.table["dimension"].unique()) == there.get(
            column, ["ethnicity", "sex", "sex and background", "sex and ethnicity"]
        )


def test_a_group_is_compared_with_children_of_its_age_and_sex() -> None:
    people = children(many(40, 0, "F", "S1") + many(60, 0, "F", "S2") + many(100, 0, "M", "S2"))
    rows = [(f"FS2{at}", "2025-06-01") for at in range(30)] + [(f"MS2{at}", "2025-06-01") for at in range(10)]

    found = build_gaps(people, referred(*rows, ("FS20", "2025-09-01")), until=UNTIL)

    first, second = group(found, "school", "S1"), group(found, "school", "S2")
    # 30 of 100 girls and 10 of 100 boys were referred: 40 girls lead one to expect 12, 60 girls and 100 boys 28.
    assert (first["children"], first["children_referred"], first["expected"]) == (40, 0, pytest.approx(12))
    assert (second["children"], second["children_referred"], second["referrals"]) == (160, 40, 41)
    assert (second["expected"], second["ratio"]) == pytest.approx((28, 40 / 28))
    assert (first["finding"], first["base"]) == (FEWER, IN_RECORDS)
    assert group(found, "sex", "M")["expected"] == 20
    assert (found.since, found.until, found.notes) == (date(2025, 6, 1), UNTIL, (CAUTION, BLIND))


def test_interval_and_p_value_are_exact_and_agree() -> None:
    # scipy's exact binomial test as an independent implementation of interval and tails.
    from scipy.stats import binomtest

    people = children(many(40, 0, "F", "S1") + many(60, 0, "F", "S2"))
    found = build_gaps(
        people,
        referred(*[(f"FS2{at}", "2025-06-01") for at in range(15)], ("FS10", "2025-06-02")),
        until=UNTIL,
    )

    row = group(found, "school", "S1")
    share = 16 / 100
    interval = binomtest(1, 40).proportion_ci(0.95, method="exact")
    tail = binomtest(1, 40, share, alternative="less").pvalue
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx(
        (interval.low / share, interval.high / share)
    )
    assert row["p_value"] == pytest.approx(2 * tail)
    assert (row["ratio_high"] < 1) == (row["p_value"] < 0.05)


def test_children_of_the_period_and_the_period_are_kept_apart() -> None:
    people = children([
        ("grown", "2006-01-01", "F", "WBRI", "S1", False),
        ("grown since", "2007-09-01", "F", "WBRI", "S1", False),
        ("child", "2012-01-01", "F", "WBRI", "S1", True),
        ("unknown child", None, "F", "WBRI", "S1", True),
        ("unknown adult", None, "F", "WBRI", "S1", False),
        ("not born", "2026-05-01", "F", "WBRI", "S1", True),
    ])  # fmt: skip
    rows = referred(
        ("child", "2024-12-31"),
        ("grown since", "2025-04-01"),
        ("grown", "2025-04-01"),
        ("child", "2026-04-01"),
    )

    found = build_gaps(people, rows, since=date(2025, 4, 1), until=UNTIL)

    row = group(found, "school", "S1")
    assert (row["children"], row["children_referred"]) == (3, 1)


def test_what_is_not_recorded_is_said_beside_each_row() -> None:
    people = children([
        ("a", "2011-01-01", "F", "REFU", None, True),
        ("b", "2011-01-01", "F", "NOBT", "S1", True),
        ("c", "2011-01-01", "U", "WBRI", "S1", True),
        ("d", "2011-01-01", "M", "XNEW", "S1", True),
    ])  # fmt: skip

    found = build_gaps(people, referred(("a", "2025-01-01"), ("c", "2025-01-01")), until=UNTIL)

    shares = {
        name: tuple(rows[["children_not_recorded", "referred_not_recorded"]].iloc[0])
        for name, rows in found.table.groupby("dimension")
    }
    assert shares["school"] == (0.25, 0.5)
    assert shares["sex"] == (0.25, 0.5)
    assert shares["ethnicity"] == (0.5, 0.5)
    # A code of a list of one's own stands as it is.
    assert found.table.query("dimension == 'ethnicity'")["group"].tolist() == ["White", "XNEW"]


def test_wards_are_compared_by_the_children_who_live_there() -> None:
    people = children(
        [(f"p{at}", "2011-01-01", "F", "WBRI", "S1", True) for at in range(12)]
        + [("old", "2019-01-01", "F", "WBRI", "S1", True)]
    )
    homes = pd.Series(["W1"] * 10 + ["W2", "elsewhere", "W2"])
    wards = pd.DataFrame(
        {
            "ward_code": ["W1", "W2", "W3", "W4"],
            "ward_name": list("abcd"),
            "children_10_17": [1000, 3000, 1000, None],
        }
    )
    rows = referred(*[(f"p{at}", "2025-06-01") for at in range(12)], ("old", "2025-06-01"))

    found = build_gaps(people, rows, until=UNTIL, wards=wards, homes=homes)

    table = found.table.query("dimension == 'ward'").set_index("group_code")
    # 11 children of 10 to 17 live in the wards: a fifth of all children live in W1, three fifths in W2, a fifth in W3.
    assert table["children"].tolist() == [1000, 3000, 1000]
    assert table["children_referred"].tolist() == [10, 1, 0]
    assert table["expected"].tolist() == pytest.approx([2.2, 6.6, 2.2])
    assert table["base"].tolist() == [LIVE_THERE] * 3
    assert table["finding"].tolist() == [MORE, "", ""]
    assert table["referred_not_recorded"].iloc[0] == pytest.approx(1 / 12)


def test_without_population_children_in_the_records_stand_in() -> None:
    people = children(many(3, 0, "F", "S1"))
    wards = pd.DataFrame({"ward_code": ["W1"], "ward_name": ["a"], "children_10_17": [None]})

    found = build_gaps(
        people,
        referred(("FS10", "2025-06-01")),
        until=UNTIL,
        wards=wards,
        homes=pd.Series(["W1", "W1", None]),
    )

    row = group(found, "ward", "W1")
    assert (row["group"], row["children"], row["base"]) == ("a", 2, IN_RECORDS)
    assert found.notes[-1] == NO_POPULATION


def test_no_referrals_at_all_are_no_gap() -> None:
    found = build_gaps(children(many(3, 0, "F", "S1")), referred(), until=UNTIL)

    assert found.table["finding"].eq("").all()
    assert found.table["p_value"].eq(1).all()
    assert list(found.table.columns) == list(COLUMNS)


def test_columns_and_homes_that_do_not_fit_are_refused() -> None:
    people = children(many(2, 0, "F", "S1"))
    with pytest.raises(ValueError, match=r"without people\.sex, referrals\.received_on\."):
        build_gaps(people.drop(columns="sex"), pd.DataFrame({"person_id": []}), until=UNTIL)
    with pytest.raises(ValueError, match="Homes and people are not on the same index"):
        build_gaps(people, referred(), until=UNTIL, homes=pd.Series(["W1"]))


@pytest.fixture(scope="module")
def demo() -> dict[str, pd.DataFrame]:
    """The tables of the demo that gaps are found in, with each home's ward."""
    people = pd.read_csv(DEMO / "people.csv", dtype="str", parse_dates=["date_of_birth"])
    referrals = pd.read_csv(DEMO / "referrals.csv", dtype="str", parse_dates=["received_on"])
    geography = read_geography(DEMO / "geography")
    assert geography.wards is not None
    codes = geography.wards.codes
    at = home_places(people, geography).ward
    people["is_child"] = people["date_of_birth"].isna() & people["person_id"].isin(referrals["person_id"])
    wards = pd.DataFrame(
        {
            "ward_code": codes,
            "ward_name": geography.wards.frame["name"],
            "children_10_17": ward_population(geography).children,
        }
    )
    homes = pd.Series(codes.array.take(at, allow_fill=True), index=people.index).to_frame("home_ward")
    return {"people": people, "referrals": referrals, "wards": wards, "homes": homes}


def test_the_planted_group_is_found(demo: dict[str, pd.DataFrame]) -> None:
    truth = json.loads((DEMO / "truth" / "figures.json").read_text())
    found = build_gaps(
        demo["people"], demo["referrals"], until=UNTIL, wards=demo["wards"], homes=demo["homes"]["home_ward"]
    )

    named = found.table.query("dimension == 'sex and background'").set_index("group")
    girls = named.loc["girls, Black, dual heritage and other minority ethnic"]
    boys = named.loc["boys, Black, dual heritage and other minority ethnic"]
    assert (
        girls["children_referred"] == truth["under_identified"]["girls"]["referred_of_minority_backgrounds"]
    )
    assert (girls["finding"], boys["finding"]) == (FEWER, "")
    assert girls["ratio_high"] < 0.7
    assert girls["q_value"] < 1e-4
    # The five wards that half of the open children live in, and no other.
    wards = found.table.query("dimension == 'ward'")
    assert wards.loc[wards["finding"] == MORE, "group_code"].tolist() == truth["busy_wards"]


def test_chance_alone_is_seldom_a_finding(demo: dict[str, pd.DataFrame]) -> None:
    # The demo's children with the referrals dealt out at random: a table with any finding at all is rare.
    rng = np.random.default_rng(1)
    people = demo["people"][demo["people"]["date_of_birth"] > "2008-04-01"].reset_index(drop=True)
    tables = 0
    for _ in range(30):
        chosen = people["person_id"].iloc[rng.choice(len(people), 600, replace=False)]
        rows = pd.DataFrame({"person_id": chosen, "received_on": pd.Timestamp("2025-06-01")})
        tables += build_gaps(people, rows, until=UNTIL).table["finding"].ne("").any()

    assert tables <= 4


def test_the_order_of_the_rows_does_not_matter(demo: dict[str, pd.DataFrame]) -> None:
    turned = {name: table.iloc[::-1] for name, table in demo.items()}

    found, again = (
        build_gaps(
            each["people"],
            each["referrals"],
            until=UNTIL,
            wards=each["wards"],
            homes=each["homes"]["home_ward"],
        )
        for each in (demo, turned)
    )

    pd.testing.assert_frame_equal(found.table, again.table, check_exact=True)
