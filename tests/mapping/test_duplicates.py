"""Records of one person: what is said of two records, what it weighs, and how many of the true pairs are found."""

from __future__ import annotations

import math
import socket
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mapping.duplicates import (
    EXPECTED_TWICE,
    USUAL_OTHER,
    accuracy,
    score_pairs,
    suggest_pairs,
)
from mapping.records import read_case

DEMO = Path(__file__).parents[2] / "data" / "synthetic" / "demo"
ALL = -1_000.0
FIELDS = ("given_name", "family_name", "date_of_birth", "home_postcode", "sex")


def true_pairs(people: pd.DataFrame) -> set[tuple[str, str]]:
    """Return the pairs of records that have one `cluster`."""
    return {
        pair for _, rows in people.groupby("cluster")["person_id"] for pair in combinations(sorted(rows), 2)
    }


def febrl3(folder: Path) -> pd.DataFrame:
    """Return febrl's data set 3: 2,000 people, 3,000 further records of some of them with errors."""
    rows = pd.read_csv(folder / "linkage" / "dataset3.csv", dtype=str, skipinitialspace=True)
    rows = rows.rename(columns=str.strip).apply(lambda column: column.str.strip())
    born = rows["date_of_birth"].str.replace(r"(\d{4})(\d{2})(\d{2})", r"\1-\2-\3", regex=True)
    return rows.assign(date_of_birth=born, cluster=rows["rec_id"].str.split("-").str[1]).rename(
        columns={"rec_id": "person_id", "surname": "family_name", "postcode": "home_postcode"}
    )


def fake_1000(folder: Path) -> pd.DataFrame:
    """Return Splink's fake_1000: 1,000 records of 251 people, a fifth of the names missing."""
    rows = pd.read_csv(folder / "linkage" / "fake_1000.csv", dtype=str)
    return rows.rename(
        columns={
            "unique_id": "person_id",
            "first_name": "given_name",
            "surname": "family_name",
            "dob": "date_of_birth",
        }
    )


def test_febrl3_at_the_default_settings(realdata: Path) -> None:
    people = febrl3(realdata)
    found = accuracy(score_pairs(people), true_pairs(people))
    assert found.true == 6_538
    assert found.precision >= 0.997
    assert found.recall >= 0.947
    assert found.f1 >= 0.972


def test_fake_1000_at_the_default_settings_and_with_its_further_columns(realdata: Path) -> None:
    people = fake_1000(realdata)
    true = true_pairs(people)
    labels = pd.read_csv(realdata / "linkage" / "fake_1000_labels.csv", dtype=str)
    labels = labels[labels["clerical_match_score"].astype(float) == 1]
    named = zip(labels["unique_id_l"], labels["unique_id_r"], strict=True)
    assert true == {(min(pair), max(pair)) for pair in named}
    plain = accuracy(score_pairs(people), true)
    assert (people["cluster"].nunique(), plain.true) == (251, 2_031)
    assert plain.precision >= 0.999
    assert plain.recall >= 0.51
    more = accuracy(score_pairs(people, others=("city", "email")), true)
    assert more.precision >= 0.99
    assert more.recall >= 0.78
    assert more.f1 >= 0.87


def test_the_demo_shows_everyone_who_is_recorded_twice() -> None:
    truth = pd.read_csv(DEMO / "truth" / "duplicates.csv")
    pairs = {
        judgement: set(zip(rows["person_a"], rows["person_b"], strict=True))
        for judgement, rows in truth.groupby("judgement")
    }
    found = suggest_pairs(read_case(DEMO))
    assert accuracy(found, pairs["same"]).recall == 1.0
    assert len(found) == 16
    listed = found.set_index(["person_a", "person_b"])["linked_otherwise"]
    tempting = pairs["different"] & set(listed.index)
    assert len(tempting) == 3  # a namesake born years apart is not among them
    together = [listed[pair] for pair in sorted(tempting)]
    assert together.count("at one event together; stated to know each other: family") == 1


# (given, family, born, postcode, sex) of two records, and what is said of them.
SAID = [
    (("Ada", "Quill", "2009-05-04", "QD1 1AA", "F"), ("ADA", " quill ", "2009-05-04", "qd11aa", "F"),
     ("the same", "the same", "the same", "the same", "the same")),
    (("Liz", "Ember", "2009-05-04", "QD1 1AA", "F"), ("Elizabeth", "Embre", "2009-04-05", "QD1 1AB", "M"),
     ("a short form or another spelling", "nearly the same spelling", "day and month the other way round",
      "one character different", "different")),
    (("Tarn", "Wren", "2008-01-13", "QD1 1AA", "U"), ("Wren", "Tarn", "2008-01-18", "QD1 1ZZ", "F"),
     ("the other's family name", "the other's given name", "one figure different", "the same sector",
      "not recorded in both")),
    (("Mary Jane", "Bell-Foster", "2007-07-07", "QD1 1AA", ""), ("Jane", "Foster", "2007-08-08", "QD1 9ZZ", "F"),
     ("one part the same", "one part the same", "two figures different", "the same district", "not recorded in both")),
    (("J", "Pocket", "2006-02-03", "QD1 1AA", "M"), ("Jorvo", "Pickett", "1999-11-30", "QE7 2BB", "M"),
     ("an initial that fits", "a similar spelling", "different", "different", "the same")),
    (("Siân", "O'Neil", "", "", "F"), ("Sian", "ONEIL", "2006-02-03", "QD1 1AA", "F"),
     ("the same", "the same", "not recorded in both", "not recorded in both", "the same")),
    (("Unknown", "Kettle", "2006-02-03", "", "F"), ("Velvo", "unknown male", "2006-02-03", "", "F"),
     ("not recorded in both", "not recorded in both", "the same", "not recorded in both", "the same")),
    (("Zinnel", "Marble", "2006-02-03", "", "F"), ("Zinel", "Thistle", "2006-02-03", "", "F"),
     ("nearly the same spelling", "different", "the same", "not recorded in both", "the same")),
]  # fmt: skip


def test_what_is_said_of_two_records() -> None:
    rows = [
        (f"{number}{side}", *values)
        for number, (one, other, _) in enumerate(SAID)
        for side, values in (("a", one), ("b", other))
    ]
    people = pd.DataFrame(rows, columns=["person_id", *FIELDS]).replace("", None)
    found = score_pairs(people, threshold_weight=ALL).set_index(["person_a", "person_b"])
    said = [tuple(found.loc[(f"{n}a", f"{n}b"), list(FIELDS)]) for n in range(len(SAID))]
    assert said == [expected for *_, expected in SAID]
    for name in FIELDS:
        nothing = found[found[name] == "not recorded in both"]
        assert (nothing[f"{name}_bits"] == 0).all()


def small_people(count: int = 60, seed: int = 3) -> pd.DataFrame:
    """Invent people with few names, so that chance agrees now and then; the last is the first, recorded again."""
    rng = np.random.default_rng(seed)
    names = [
        f"{first}{last}" for first in ("Tarn", "Ember", "Wren", "Puddle") for last in ("fen", "quist", "mott")
    ]
    days = np.datetime64("2006-01-01") + rng.integers(0, 3_000, count)
    people = pd.DataFrame(
        {
            "person_id": [f"P{number:03d}" for number in range(count)],
            "given_name": rng.choice(["Orlo", "Vetchie", "Umber", "Kestrin", "Dovey"], count),
            "family_name": rng.choice(names, count),
            "date_of_birth": days.astype(str),
            "home_postcode": [f"QD{n % 9} {n % 7}AA" for n in rng.integers(0, 99, count)],
            "sex": rng.choice(["F", "M"], count),
        }
    )
    people.loc[count - 1, list(FIELDS)] = people.loc[0, list(FIELDS)]
    return people


def test_the_weight_is_worked_out_again_in_plain_python() -> None:
    """Fellegi and Sunter: log2 of m over u; an equal name by its frequency; the prior by maximum likelihood."""
    people = small_people()
    pairs = math.comb(len(people), 2)
    found = score_pairs(people, threshold_weight=ALL)
    assert len(found) == pairs  # up to 1,000 people every two are compared
    row = found[(found["person_a"] == "P000") & (found["person_b"] == "P059")].iloc[0]

    def by_chance(column: str, usual: float) -> float:
        equal = sum(math.comb(n, 2) for n in Counter(people[column]).values())
        return (equal + usual * USUAL_OTHER) / (pairs + USUAL_OTHER)

    def of_this_name(column: str) -> float:
        return float((people[column] == people.loc[0, column]).mean())

    assert row["date_of_birth_bits"] == pytest.approx(
        math.log2(0.8 / by_chance("date_of_birth", 0.0003)), abs=0.006
    )
    assert row["sex_bits"] == pytest.approx(math.log2(0.97 / by_chance("sex", 0.5)), abs=0.006)
    assert row["given_name_bits"] == pytest.approx(math.log2(0.62 / of_this_name("given_name")), abs=0.006)
    assert row["family_name_bits"] == pytest.approx(math.log2(0.7 / of_this_name("family_name")), abs=0.006)
    parts = [f"{name}_bits" for name in FIELDS] + ["prior_bits"]
    assert (found[parts].mul(100).round().sum(axis=1) == found["match_weight"].mul(100).round()).all()
    odds = 2 ** (found["match_weight"] - found["prior_bits"])
    share = EXPECTED_TWICE * len(people) / pairs
    for _ in range(500):
        share = max(
            EXPECTED_TWICE * len(people) / pairs, (share * odds / (1 - share + share * odds)).sum() / pairs
        )
    assert row["prior_bits"] == pytest.approx(math.log2(share / (1 - share)), abs=0.006)
    assert found.iloc[0][["person_a", "person_b"]].tolist() == ["P000", "P059"]
    chance = 1 / (1 + 2 ** -row["match_weight"])
    assert row["match_probability"] == pytest.approx(chance, abs=1e-6)


def test_the_order_of_the_rows_does_not_matter() -> None:
    people = small_people(80)
    first = score_pairs(people, threshold_weight=-8)
    assert len(first)
    for seed in (1, 2):
        shuffled = people.sample(frac=1, random_state=seed)
        pd.testing.assert_frame_equal(score_pairs(shuffled, threshold_weight=-8), first)


def test_a_rare_name_counts_for_more_than_a_common_one() -> None:
    people = small_people()
    people.loc[[10, 11], "family_name"] = "Sparrowtassel"
    common = people["family_name"].value_counts().index[0]
    found = score_pairs(people, threshold_weight=ALL)
    equal = found[found["family_name"] == "the same"]
    named = equal["person_a"].map(people.set_index("person_id")["family_name"])
    bits = equal.groupby(named)["family_name_bits"].max()
    assert bits["Sparrowtassel"] > bits[common] + 1


@pytest.mark.parametrize("count", [0, 1, 50])
def test_people_of_whom_nothing_is_recorded_are_not_compared(count: int) -> None:
    people = pd.DataFrame({"person_id": [f"P{number}" for number in range(count)]}, dtype="str")
    found = score_pairs(people)
    assert found.empty
    assert list(found.columns) == list(score_pairs(small_people()).columns)


def test_one_column_alone_is_enough_to_compare() -> None:
    people = small_people()[["person_id", "date_of_birth"]]
    people["date_of_birth"] = pd.to_datetime(people["date_of_birth"])
    found = score_pairs(people, threshold_weight=ALL)
    assert set(found["given_name"]) == {"not recorded in both"}
    assert found.iloc[0][["person_a", "person_b"]].tolist() == ["P000", "P059"]


def test_nothing_asks_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*asked: object) -> None:
        raise AssertionError(f"asked {asked}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert len(score_pairs(small_people()))


def test_names_that_try_to_be_more_than_names_are_compared_as_text() -> None:
    people = small_people()
    hostile = ["'; DROP TABLE persons; --", "{people}", "Q" * 10_000, "\u202egnp.exe", '" OR 1=1']
    people.loc[:4, "given_name"] = hostile
    people.loc[5:9, "given_name"] = hostile
    found = score_pairs(people, threshold_weight=ALL).set_index(["person_a", "person_b"])
    assert [found.loc[(f"P00{n}", f"P00{n + 5}"), "given_name"] for n in range(5)] == ["the same"] * 5


def test_what_says_that_two_were_two_stands_beside_the_pair(write_case) -> None:
    case = write_case(
        people="""
            person_id,given_name,family_name,date_of_birth
            C1,Ada,Quill,2009-05-04
            C2,Ada,Quill,2009-05-04
            C3,Ada,Quill,2009-05-04
            C4,Orlo,Tarnfen,2011-09-17
        """,
        associations="person_a,person_b,kind\nC3,C1,family\nC1,C3,school\nC1,C4,peer\n",
        events="event_id,kind,started_at\nE1,contact,2025-05-01T10:00\nE2,contact,2025-05-02T10:00\n",
        participation="""
            event_id,person_id,role
            E1,C1,present
            E1,C2,present
            E2,C1,present
            E2,C2,witness
            E2,C4,present
        """,
    )
    standing = pd.DataFrame(
        [("C1", "C2", "different"), ("C2", "C3", "unsure")], columns=["person_a", "person_b", "judgement"]
    )
    records = read_case(case)
    found = suggest_pairs(records, threshold_weight=-5, judgements=standing)
    columns = ["person_a", "person_b", "linked_otherwise", "judgement"]
    assert found[columns].to_numpy().tolist() == [
        ["C1", "C2", "at 2 events together", "different"],
        ["C1", "C3", "stated to know each other: family, same school or class", ""],
        ["C2", "C3", "", "unsure"],
    ]
    assert suggest_pairs(records, threshold_weight=-5)["judgement"].tolist() == ["", "", ""]


def test_accuracy_is_counted_pair_by_pair() -> None:
    pairs = pd.DataFrame({"person_a": ["A", "A", "B", "C"], "person_b": ["B", "C", "C", "D"]})
    true = [("A", "B"), ("A", "C"), ("E", "F")]
    assert accuracy(pairs, true) == pytest.approx((2 / 4, 2 / 3, 4 / 7, 4, 3))
    assert accuracy(pairs.iloc[:0], true) == (0.0, 0.0, 0.0, 0, 3)
    assert accuracy(pairs, []) == (0.0, 0.0, 0.0, 4, 0)
