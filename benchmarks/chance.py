"""Measure how often co-occurrence is called more than chance where it is chance, and where it is not.

    python benchmarks/chance.py                         made-up worlds without friends, ten seeds each
    python benchmarks/chance.py --case /tmp/scale/2000  and the planted groups of a case

Prints one table for each question; benchmarks/README.md says what the columns mean.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, hypergeom

from mapping.chance import RATE, Occasions, build_occasions, validate_links
from mapping.evidence import mentions
from mapping.links import build_links
from mapping.records import Records, read_case
from mapping.scope import latest_date

START = pd.Timestamp("2024-01-01")
YEAR = np.arange(365)
World = Callable[[np.random.Generator], Mapping[str, pd.DataFrame]]


def main() -> None:
    asked = arguments()
    rows = [row for name in WORLDS for row in by_chance(name, asked.seeds)]
    print("\nNobody is anybody's friend: what is called more than chance is wrong.\n")
    print(pd.DataFrame(rows).to_string(index=False))
    for case in asked.case:
        print(f"\n{case}: links within planted groups, and between them.\n")
        print(planted(case).to_string(index=False))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10, help="how many of each made-up world")
    parser.add_argument(
        "--case", type=Path, nargs="*", default=[], help="made by make_scale_data.py, with its truth"
    )
    return parser.parse_args()


# Worlds without friends -------------------------------------------------------------------


def busy(rng: np.random.Generator, people: int) -> np.ndarray:
    """How much there is on record of each person: most have little, a few a great deal."""
    share = rng.lognormal(0, 1, people)
    return share / share.sum()


def crowds(rng: np.random.Generator) -> Mapping[str, pd.DataFrame]:
    """Events of 1 to 50 people, anybody at any of them."""
    people, count = 400, 900
    size = np.clip(np.round(rng.lognormal(1, 0.9, count)), 1, 50).astype(int)
    share = busy(rng, people)
    who = [rng.choice(people, n, replace=False, p=share) for n in size]
    return events(rng, who)


def station(rng: np.random.Generator) -> Mapping[str, pd.DataFrame]:
    """A station that 120 children pass after school, and ten places with a few visitors each."""
    passing = [(p, 0) for p, n in enumerate(rng.poisson(120 * 25 * busy(rng, 120))) for _ in range(n)]
    others = [(p, 1 + p % 10) for p in range(160) for _ in range(rng.poisson(4))]
    return sightings(rng, passing + others, rng.normal(15.7, 0.8, len(passing) + len(others)))


def school(rng: np.random.Generator) -> Mapping[str, pd.DataFrame]:
    """Everyone passes one of ten gates, on school days, within an hour."""
    visits = [(p, p % 10) for p, n in enumerate(rng.poisson(300 * 15 * busy(rng, 300))) for _ in range(n)]
    weekdays = np.array([day for day in range(365) if (START + pd.Timedelta(days=day)).weekday() < 5])
    return sightings(rng, visits, rng.normal(15.6, 0.3, len(visits)), days=weekdays)


def parks(rng: np.random.Generator) -> Mapping[str, pd.DataFrame]:
    """Everyone has a park of their own neighbourhood and goes there when they like."""
    share = busy(rng, 600)
    visits = [(p, p % 30) for p, n in enumerate(rng.poisson(600 * 8 * share)) for _ in range(n)]
    return sightings(rng, visits, rng.normal(17, 3, len(visits)))


def homes(rng: np.random.Generator) -> Mapping[str, pd.DataFrame]:
    """Children go missing from homes of five, each on their own, and are found at home."""
    gone = [(p, p // 5) for p, n in enumerate(rng.poisson(200 * 10 * busy(rng, 200))) for _ in range(n)]
    begins = START + pd.to_timedelta(rng.uniform(0, 365 * 24, len(gone)), unit="h")
    ends = begins + pd.to_timedelta(rng.lognormal(2, 1, len(gone)), unit="h")
    episodes = pd.DataFrame(gone, columns=["person", "place"]).assign(
        episode_id=[f"M{k}" for k in range(len(gone))], reported_at=stamp(begins), found_at=stamp(ends)
    )
    named = episodes.assign(found_at_location="L" + episodes["place"].astype(str))
    return {"missing": person(named).drop(columns="place"), "locations": locations(episodes["place"])}


WORLDS: Mapping[str, World] = {
    "crowds": crowds,
    "station": station,
    "school": school,
    "parks": parks,
    "homes": homes,
}


def events(rng: np.random.Generator, who: list[np.ndarray]) -> Mapping[str, pd.DataFrame]:
    event = np.repeat(np.arange(len(who)), [len(some) for some in who])
    at = START + pd.to_timedelta(rng.uniform(0, len(YEAR), len(who)), unit="D")
    took_part = pd.DataFrame({"event_id": event, "person": np.concatenate(who), "role": "present"})
    held = pd.DataFrame({"event_id": np.arange(len(who)), "kind": "other", "started_at": stamp(at)})
    return {"events": held, "participation": person(took_part)}


def sightings(
    rng: np.random.Generator,
    visits: list[tuple[int, int]],
    hour: np.ndarray,
    *,
    days: np.ndarray = YEAR,
) -> Mapping[str, pd.DataFrame]:
    seen = pd.DataFrame(visits, columns=["person", "place"])
    day = rng.choice(days, len(seen))
    minute = np.clip(np.round(hour * 60), 0, 1439)
    at = START + pd.to_timedelta(day * 1440 + minute, unit="min")
    seen = seen.assign(location_id="L" + seen["place"].astype(str), seen_at=stamp(at))
    return {"presence": person(seen).drop(columns="place"), "locations": locations(seen["place"])}


def stamp(at: pd.DatetimeIndex) -> pd.Index:
    return at.strftime("%Y-%m-%dT%H:%M")


def person(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(person_id="P" + frame["person"].astype(str)).drop(columns="person")


def locations(places: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"location_id": "L" + places.drop_duplicates().astype(str), "kind": "other"})


# What is found ----------------------------------------------------------------------------


def by_chance(name: str, seeds: int) -> list[dict[str, object]]:
    """Return a row for the test without strata and one for ours."""
    runs = [tested(made_up(WORLDS[name](np.random.default_rng(seed)))) for seed in range(seeds)]
    rows = []
    for test in runs[0].links:
        found = [run.links[test] for run in runs]
        links, pairs = pd.concat(found), sum(run.pairs for run in runs)
        rows.append(
            {
                "world": name,
                "test": test,
                "links": len(links),
                "validated": int(links["validated"].sum()),
                "share": round(links["validated"].mean(), 5),
                "share_in_worst_run": round(max(one["validated"].mean() for one in found), 5),
                "runs_with_any": f"{sum(bool(one['validated'].any()) for one in found)} of {len(runs)}",
                "at_0.01": round((links["p_value"] <= 0.01).sum() / pairs / 0.01, 2),
                "at_0.001": round((links["p_value"] <= 0.001).sum() / pairs / 0.001, 2),
            }
        )
    return rows


def made_up(tables: Mapping[str, pd.DataFrame]) -> Records:
    named = [table["person_id"] for table in tables.values() if "person_id" in table]
    everyone = pd.DataFrame({"person_id": pd.concat(named).unique()})
    with tempfile.TemporaryDirectory() as folder:
        for name, table in {**tables, "people": everyone}.items():
            table.to_csv(Path(folder) / f"{name}.csv", index=False)
        return read_case(folder)


@dataclass(frozen=True)
class Tested:
    """The links tested, with p_value and validated, by name of test; and how many pairs of people there are."""

    links: Mapping[str, pd.DataFrame]
    pairs: int


def tested(records: Records) -> Tested:
    """Test without strata and with."""
    as_of = latest_date(records)
    evidence = mentions(records, as_of=as_of)
    occasions = build_occasions(build_links(evidence, as_of=as_of), evidence)
    ours = records.connection.table(validate_links(occasions)).df()
    people = occasions.people()
    links = {"one stratum": without_strata(occasions, ours), "ours": ours}
    return Tested(links, people * (people - 1) // 2)


def without_strata(occasions: Occasions, links: pd.DataFrame) -> pd.DataFrame:
    """The plain test: one universe of all occasions."""
    degrees = occasions.records.connection.execute(
        f"SELECT person_n, count(*) AS times FROM {occasions.schema}.came GROUP BY person_n"
    ).df()
    times = degrees.set_index("person_n")["times"]
    universe = occasions.run(
        f"SELECT count(*) FROM (SELECT DISTINCT kind, occasion FROM {occasions.schema}.came)"
    )
    one, other = (times.loc[links[side]].to_numpy() for side in ("person_a_n", "person_b_n"))
    p_value = hypergeom.sf(links["together"].to_numpy() - 1, int(universe[0][0]), one, other)
    everyone = np.ones(len(times) * (len(times) - 1) // 2)
    everyone[: len(p_value)] = p_value
    validated = false_discovery_control(everyone)[: len(p_value)] <= RATE
    return links.assign(p_value=p_value, validated=validated)


def planted(case: Path) -> pd.DataFrame:
    """Return how many links of each kind are validated, by how often the two were together."""
    records = read_case(case)
    truth = pd.read_parquet(case / "truth" / "groups.parquet")
    ids = records.sql("SELECT person_id, person_n FROM {people}").df()
    group = ids.merge(truth, on="person_id").set_index("person_n")["group"]
    tables = []
    for test, links in tested(records).links.items():
        same = links["person_a_n"].map(group) == links["person_b_n"].map(group)
        often = links["together"].clip(upper=4)
        counted = links.assign(within=same, together=often).groupby(["within", "together"])["validated"]
        tables.append(counted.agg(links="size", validated="sum").assign(test=test).reset_index())
    return pd.concat(tables)[["test", "within", "together", "links", "validated"]]


if __name__ == "__main__":
    main()
