"""Measure how many records of one person are found, and how many pairs of two people are taken for one.

    python benchmarks/duplicates.py               febrl3, fake_1000 and the demo
    python benchmarks/duplicates.py --people 50000  and the time for so many invented people

Prints tables; benchmarks/README.md says what the columns mean.
"""

from __future__ import annotations

import argparse
import os
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from mapping.duplicates import THRESHOLD_WEIGHT, accuracy, compared, score_pairs
from mapping.records import read_case
from mapping.synthetic import demo_case

ROOT = Path(__file__).parents[1]
LINKAGE = Path(os.environ.get("CONTEXTMAP_SHARED", ROOT.parent / "shared")) / "realdata" / "linkage"
THRESHOLDS = (-4.0, -2.0, THRESHOLD_WEIGHT, 2.0, 4.0, 8.0)
ADDRESS = ("street_number", "address_1", "address_2", "suburb", "state")
EXACT = ["given_name", "family_name", "date_of_birth"]


def main() -> None:
    asked = arguments()
    febrl, fake, demo = febrl3(), fake_1000(), demo_people()
    measured = [
        ("febrl3", febrl, ()),
        ("febrl3 with addresses", febrl, ADDRESS),
        ("fake_1000", fake, ()),
        ("fake_1000 with city and email", fake, ("city", "email")),
        ("demo", demo, ()),
    ]
    rows = [row for name, people, others in measured for row in at_thresholds(name, people, others)]
    print("\nThe default threshold is marked; it is the same for all.\n")
    print(pd.DataFrame(rows).round(4).to_string(index=False))
    print("\nFor comparison: names and date of birth exactly the same.\n")
    plain = [{"data": name, **exactly(people)} for name, people, others in measured if not others]
    print(pd.DataFrame(plain).round(4).to_string(index=False))
    for count in asked.people:
        print(f"\n{count:,} invented people: {timed(count):.1f} s to compare.")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, nargs="*", default=[], help="how many invented people to time")
    return parser.parse_args()


def febrl3() -> pd.DataFrame:
    """Return febrl's data set 3: 2,000 people and 3,000 further records of some of them, with errors."""
    rows = pd.read_csv(LINKAGE / "dataset3.csv", dtype=str, skipinitialspace=True)
    rows = rows.rename(columns=str.strip).apply(lambda column: column.str.strip())
    born = rows["date_of_birth"].str.replace(r"(\d{4})(\d{2})(\d{2})", r"\1-\2-\3", regex=True)
    rows = rows.assign(date_of_birth=born, person=rows["rec_id"].str.split("-").str[1])
    return rows.rename(columns={"rec_id": "person_id", "surname": "family_name", "postcode": "home_postcode"})


def fake_1000() -> pd.DataFrame:
    """Return Splink's fake_1000: 1,000 records of 251 people, a fifth of the names missing."""
    rows = pd.read_csv(LINKAGE / "fake_1000.csv", dtype=str)
    named = {"unique_id": "person_id", "first_name": "given_name", "surname": "family_name"}
    return rows.rename(columns={**named, "dob": "date_of_birth", "cluster": "person"})


def demo_people() -> pd.DataFrame:
    """Return the people of the demo, with who is recorded twice."""
    folder = ROOT / "data" / "synthetic" / "demo"
    people = compared(read_case(folder))
    truth = pd.read_csv(folder / "truth" / "duplicates.csv")
    same = truth[truth["judgement"] == "same"].set_index("person_b")["person_a"]
    return people.assign(person=people["person_id"].map(same).fillna(people["person_id"]))


def true_pairs(people: pd.DataFrame) -> set[tuple[str, str]]:
    return {
        pair for _, rows in people.groupby("person")["person_id"] for pair in combinations(sorted(rows), 2)
    }


def at_thresholds(name: str, people: pd.DataFrame, others: tuple[str, ...]) -> list[dict[str, object]]:
    """Return one row a threshold; the people are compared once."""
    true = true_pairs(people)
    began = time.perf_counter()
    found = score_pairs(people, others=others, threshold_weight=min(THRESHOLDS))
    seconds = round(time.perf_counter() - began, 1)
    return [
        {
            "data": name,
            "threshold": f"{threshold:+.0f}{' *' if threshold == THRESHOLD_WEIGHT else ''}",
            **accuracy(found[found["match_weight"] >= threshold], true)._asdict(),
            "seconds": seconds,
        }
        for threshold in THRESHOLDS
    ]


def exactly(people: pd.DataFrame) -> dict[str, object]:
    """Return how well the pairs do whose names and date of birth are the same, capitals apart."""
    whole = people.dropna(subset=EXACT)
    keys = whole[EXACT].astype(str).apply(lambda column: column.str.lower()).agg("|".join, axis=1)
    pairs = [pair for _, ids in whole.groupby(keys)["person_id"] for pair in combinations(sorted(ids), 2)]
    return accuracy(pd.DataFrame(pairs, columns=["person_a", "person_b"]), true_pairs(people))._asdict()


def timed(count: int) -> float:
    """Return the seconds it takes to compare so many invented people."""
    people = demo_case(children=count).tables["people"].replace("", np.nan)
    began = time.perf_counter()
    score_pairs(people)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
