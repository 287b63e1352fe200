"""Time the plan of a week of action, and set what it reaches against other ways of choosing.

    python benchmarks/coverage.py
    python benchmarks/coverage.py --places 200 6400 --seeds 0 1 2 --out coverage.json

Manchester's 32 wards and the places of the crimes recorded there in June 2019, with made-up days and hours; places to
visit are drawn from the same spots. benchmarks/README.md says what the columns mean.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from datetime import date
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pandas as pd
from machine import machine

from geo.boundaries import load_boundaries, points_to_areas
from geo.coverage import Rules, build_slots, build_task
from geo.grid import lonlat_to_grid
from geo.plans import best_plan, greedy_plan, random_plan

REALDATA = (
    Path(os.environ.get("CONTEXTMAP_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "realdata"
)
MONDAY = date(2025, 6, 2)
DRAWS = 20
ASKED = {
    "4 teams, 5 days, 1 slot": (4, 5, 1, Rules()),
    "4 teams, 5 days, 3 slots": (4, 5, 3, Rules()),
    "4 teams, 5 days, 3 slots, again": (4, 5, 3, Rules(once_a_day=False)),
    "8 teams, 7 days, 3 slots, floor 10%": (8, 7, 3, Rules(floor_share=0.1)),
}


def main() -> None:
    asked = arguments()
    print(json.dumps(machine()))
    rows = [
        measured(places, name, what, seed, asked.seconds)
        for places in asked.places
        for name, what in ASKED.items()
        for seed in asked.seeds
    ]
    print(pd.DataFrame(rows).to_string(index=False))
    if asked.out is not None:
        asked.out.write_text(
            json.dumps({"machine": machine(), "plans": rows}, indent=2) + "\n", encoding="utf-8"
        )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--places", type=int, nargs="+", default=[200], help="how many places there are")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="when the search is stopped")
    parser.add_argument("--out", type=Path, help="writes the figures here as JSON as well")
    return parser.parse_args()


def measured(
    places: int, name: str, what: tuple[int, int, int, Rules], seed: int, seconds: float
) -> dict[str, Any]:
    teams, days, slots, rules = what
    sites, concern = town(places, seed)
    begun = time.perf_counter()
    task = build_task(sites, concern, build_slots(MONDAY, days, teams=teams, slots=slots), rules=rules)
    built = time.perf_counter()
    best = best_plan(task, time_limit=seconds)
    solved = time.perf_counter()
    draws = [random_plan(task, seed=each).reached for each in range(DRAWS)]
    return {
        "places": places,
        "asked": name,
        "build_s": round(built - begun, 2),
        "solve_s": round(solved - built, 2),
        "concern": task.total,
        "within_reach": task.within_reach,
        "reached": best.reached,
        "bound": best.bound,
        "greedy": greedy_plan(task).reached,
        "random": round(mean(draws)),
    }


def town(places: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take spots of recorded crime as concern, and some of them as places that can be visited."""
    draw = np.random.default_rng(seed)
    wards, _ = load_boundaries(REALDATA / "wards" / "E08000003_wards_WD25.geojson")
    assert wards is not None
    crimes = pd.read_csv(next((REALDATA / "police").glob("2019-06*street*.csv")))
    crimes = crimes.dropna(subset=["Longitude", "Latitude"])
    east, north = lonlat_to_grid(crimes["Longitude"].to_numpy(), crimes["Latitude"].to_numpy())
    inside = points_to_areas(east, north, wards)
    spots = pd.DataFrame({"easting": east, "northing": north, "ward": inside})[inside >= 0]
    spots["ward_code"] = wards.codes.array.take(spots["ward"])
    concern = spots.assign(
        weight=1, weekday=draw.integers(0, 7, len(spots)), hour=draw.integers(8, 24, len(spots))
    )
    # More places than spots are put a little beside them.
    chosen = spots.sample(places, replace=places > len(spots), random_state=seed).reset_index(drop=True)
    beside = draw.normal(0, 100, (places, 2)).round()
    sites = chosen.assign(
        place_id=[f"L{at:06}" for at in range(places)],
        kind="other",
        name="",
        easting=chosen["easting"] + beside[:, 0],
        northing=chosen["northing"] + beside[:, 1],
    )
    return sites, concern


if __name__ == "__main__":
    main()
