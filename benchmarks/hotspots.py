"""Time what finds hotspots, and measure how often it finds what was planted and what was not.

    python benchmarks/hotspots.py                                   everything
    python benchmarks/hotspots.py --times wards --maps 0            only how long it takes on 215 wards
    python benchmarks/hotspots.py --times --maps 200                only what was planted

Prints one table for each question; benchmarks/README.md says what the columns mean.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from esda import G_Local, Moran_Local_Rate
from esda.smoothing import Spatial_Empirical_Bayes
from libpysal.graph import Graph
from machine import machine
from pointpats import Knox

from geo.boundaries import Boundaries, load_boundaries, points_to_areas
from geo.cells import build_cells
from geo.density import dense_places, kernel_density
from geo.grid import lonlat_to_grid
from geo.hotspots import false_discovery, gi_star, local_moran_rate, standardised_rate
from geo.hours import hours_of_week
from geo.months import month_table
from geo.neighbours import area_centres, build_neighbours
from geo.rates import smoothed_rate
from geo.repeats import near_repeats
from geo.scan import MOST_IN_CIRCLE, space_time_scan, spatial_scan
from geo.tables import read_csv, read_tables
from geo.trends import hotspot_trends, monthly_hotspots
from geo.windows import Windows, best_windows

REALDATA = (
    Path(os.environ.get("CONTEXTMAP_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "realdata"
)
CENTROIDS = "lookups/lsoa21_pwc_england_wales_bng.csv"
MAPS = {"wards": "wards/gm_wards_WD25.geojson", "lsoas": "wards/gm_lsoa2021_super_generalised.geojson"}
# As many as England had LSOAs in 2011, out of those of 2021. Boundaries of all of them are not at hand: each is the
# ground nearest to its population-weighted centroid.
ENGLAND = 32_844
PERMUTATIONS = 999
# pointpats takes minutes for more, and HDBSCAN for all the points.
FEW, SOME_POINTS = 99, 30_000
# Strengths of what is planted: the rate inside over the rate outside; 1 is nothing planted.
TIMES = (1.0, 1.5, 2.0, 3.0)
# A smoothed rate so many times the rate of all areas is what one would call high without a test.
HIGH = 1.5


def main() -> None:
    asked = arguments()
    warnings.simplefilter("ignore", DeprecationWarning)
    print(json.dumps(machine()))
    figures: dict[str, Any] = {"machine": machine()}
    if asked.times:
        rows = [row for name in asked.times for row in timed(name, 1 if name == "england" else asked.runs)]
        figures["times"] = show("Seconds, the median of the runs (one run on england)", rows)
        if not asked.no_points:
            figures["points"] = show("Seconds on points: 92,666 burglaries", timed_points(asked.runs))
    if asked.maps:
        for name in asked.planted_on:
            rows = planted(name, asked.maps, asked.permutations, asked.processes)
            figures[f"planted on {name}"] = show(f"{asked.maps} seeded maps of {name}", rows)
    figures["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(f"\nThe most memory held: {figures['peak_memory_mb']:,} MB.")
    if asked.out is not None:
        asked.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = ["wards", "lsoas", "england"]
    parser.add_argument("--times", nargs="*", choices=sizes, default=sizes, help="maps to time on")
    parser.add_argument("--no-points", action="store_true", help="leave out the times on points")
    parser.add_argument("--runs", type=int, default=3, help="how often each is timed (once on england)")
    parser.add_argument("--maps", type=int, default=200, help="how many seeded maps of each kind")
    parser.add_argument("--planted-on", nargs="*", choices=sizes[:2], default=["wards"])
    parser.add_argument(
        "--permutations", type=int, default=1_999, help="of Gi* and local Moran on planted maps"
    )
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count(), help="among which planted maps are shared out"
    )
    parser.add_argument("--out", type=Path, help="writes the figures here as JSON as well")
    return parser.parse_args()


def show(title: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    print(f"\n{title}\n")
    print(pd.DataFrame(rows).to_string(index=False, na_rep=""), flush=True)
    return rows


# Maps -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Ground:
    """A map with children on it: everything by code."""

    name: str
    areas: Boundaries
    near: Graph
    centres: pd.DataFrame
    population: pd.Series[int]


@lru_cache
def ground(name: str) -> Ground:
    areas = england() if name == "england" else load_boundaries(REALDATA / MAPS[name])[0]
    assert areas is not None
    rng = np.random.default_rng(1)
    # Children of an area vary as they do: wards hold about 1,200 aged 10 to 17, LSOAs about 150.
    middle = 1_200 if name == "wards" else 150
    people = np.maximum(20, rng.lognormal(np.log(middle), 0.3, len(areas))).astype(int)
    codes = pd.Index(areas.codes, name="area_code")
    return Ground(name, areas, build_neighbours(areas), area_centres(areas), pd.Series(people, index=codes))


def england() -> Boundaries:
    """Lay out as many LSOAs as there were, around centroids as they are published."""
    (table,), _ = read_tables(read_csv(REALDATA / CENTROIDS))
    english = table.frame[table.frame["lsoa_code"].str.startswith("E")]
    return build_cells(replace(table, frame=english.sample(ENGLAND, random_state=0)))


def drawn(
    place: Ground, rng: np.random.Generator, events: int, hot: np.ndarray | None = None, times: float = 1.0
) -> pd.Series[int]:
    """Let events fall by chance, `times` as often on the areas that are hot."""
    weight = place.population.to_numpy(dtype=float)
    if hot is not None:
        weight = np.where(hot, times, 1.0) * weight
    return pd.Series(rng.multinomial(events, weight / weight.sum()), index=place.population.index)


# Times ------------------------------------------------------------------------------------


def timed(name: str, runs: int) -> list[dict[str, Any]]:
    place = ground(name)
    count = drawn(place, np.random.default_rng(0), events=len(place.areas) * 4)
    people, near = place.population, place.near
    rate = standardised_rate(count, people)
    limit = f"at most {MOST_IN_CIRCLE} areas" if name == "england" else "50%"
    weights = near.to_W()
    weights.transform = "b"
    beside = weights.neighbors
    jobs: dict[str, tuple[Callable[[], Any], Callable[[], Any] | None]] = {
        "neighbours": (lambda: build_neighbours(place.areas), None),
        "gi_star": (
            lambda: gi_star(rate, near, permutations=PERMUTATIONS),
            lambda: G_Local(
                rate - rate.min() + 1,
                near,
                transform="B",
                star=True,
                permutations=PERMUTATIONS,
                n_jobs=1,
                seed=0,
            ),
        ),
        "local_moran_rate": (
            lambda: local_moran_rate(count, people, near, permutations=PERMUTATIONS),
            lambda: Moran_Local_Rate(count, people, near, permutations=PERMUTATIONS, n_jobs=1, seed=0),
        ),
        "smoothed_rate (local)": (
            lambda: smoothed_rate(count, people, neighbours=beside),
            lambda: Spatial_Empirical_Bayes(count.to_numpy(), people.to_numpy(), weights),
        ),
        f"spatial_scan, {limit}": (
            lambda: spatial_scan(count, people, place.centres),
            (lambda: plain_scan(place, count)) if name == "wards" else None,
        ),
    }
    if name == "wards":
        jobs["space_time_scan, 36 months"] = (
            lambda: space_time_scan(by_month(place, 36), place.centres),
            None,
        )
        jobs["hotspot_trends, 36 months"] = (lambda: trends(place, 36), None)
    if name == "lsoas":
        jobs["space_time_scan, current, 12 months, 5%"] = (
            lambda: space_time_scan(
                by_month(place, 12), place.centres, current=True, max_periods=6, max_share=0.05
            ),
            None,
        )
        jobs["hotspot_trends, 12 months"] = (lambda: trends(place, 12), None)
    if name == "england":
        jobs["areas from centroids"] = (england, None)
    return [
        row(f"{name} ({len(place.areas):,})", job, ours, theirs, runs) for job, (ours, theirs) in jobs.items()
    ]


def row(
    on: str, job: str, ours: Callable[[], Any], theirs: Callable[[], Any] | None, runs: int
) -> dict[str, Any]:
    mine, other = seconds(ours, runs), seconds(theirs, runs) if theirs else None
    return {
        "on": on,
        "what": job,
        "ours": mine,
        "other": other,
        "ours_over_other": f"{mine / other:.2f}" if other else None,
    }


def seconds(job: Callable[[], Any], runs: int) -> float:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        job()
        taken.append(time.perf_counter() - began)
    return round(statistics.median(taken), 4)


def plain_scan(place: Ground, count: pd.Series[int]) -> float:
    """Scan each chance map by itself, with every logarithm taken: what one would write first."""
    x, y = (
        np.rint(place.centres[axis].to_numpy() * 1000).astype(np.int64) for axis in ("easting", "northing")
    )
    people = place.population.to_numpy(dtype=float)
    windows = Windows(x, y, people, people[:, None], int(count.sum()))
    rng, every = np.random.default_rng(0), np.arange(len(people))
    chance = rng.multinomial(windows.total, people / people.sum(), size=PERMUTATIONS)
    return max(float(best_windows(windows, one[:, None], every).ratio.max()) for one in chance)


def by_month(place: Ground, months: int) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {month: drawn(place, rng, events=len(place.areas) * 2) for month in range(months)}, dtype=float
    )


def trends(place: Ground, months: int) -> pd.DataFrame:
    table = monthly_hotspots(
        by_month(place, months), place.near, population=place.population, permutations=PERMUTATIONS
    )
    return hotspot_trends(table)


def timed_points(runs: int) -> list[dict[str, Any]]:
    table = pd.read_csv(REALDATA / "police/gmp_burglary_points_2016-02_onward.csv")
    easting, northing = lonlat_to_grid(table["Longitude"].to_numpy(), table["Latitude"].to_numpy())
    month = pd.PeriodIndex(table["Month"], freq="M").astype("int64")
    points = pd.DataFrame({"easting": easting, "northing": northing, "date": month})
    bury, _ = load_boundaries(REALDATA / "wards/E08000002_wards_WD25.geojson")
    wards, _ = load_boundaries(REALDATA / MAPS["wards"])
    assert bury is not None
    assert wards is not None
    inside = points[points_to_areas(easting, northing, bury) >= 0]
    area = pd.Series(
        wards.codes.array.take(points_to_areas(easting, northing, wards), allow_fill=True), dtype="object"
    )
    some = points.sample(SOME_POINTS, random_state=0)
    start = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(len(points)) * 17, unit="min"))
    bands: dict[str, Any] = {"distances": (0, 1, 201, 401), "days": (0, 1, 2, 3)}
    where, when = inside[["easting", "northing"]].to_numpy(), inside[["date"]].to_numpy()
    return [
        row(f"Bury ({len(inside):,})", f"near_repeats, {FEW} permutations", lambda: near_repeats(inside, permutations=FEW, **bands), lambda: Knox(where, when, 200, 1, permutations=FEW), 1),
        row(f"Bury ({len(inside):,})", "dense_places", lambda: dense_places(inside, minimum=30), None, runs),
        row(f"GM, some ({len(some):,})", "dense_places", lambda: dense_places(some, minimum=100), None, 1),
        row(f"GM ({len(points):,})", "kernel_density, 500 m, cells of 100 m", lambda: kernel_density(points, bandwidth=500), None, runs),
        row(f"GM ({len(points):,})", "month_table", lambda: month_table(table["Month"], area, areas=wards.codes), None, runs),
        row(f"GM ({len(points):,})", "hours_of_week, of intervals", lambda: hours_of_week(start, start + pd.Timedelta("9h")), None, runs),
    ]  # fmt: skip


# What was planted -------------------------------------------------------------------------


def planted(name: str, maps: int, permutations: int, processes: int) -> list[dict[str, Any]]:
    """Count what each method flags on maps without a hotspot, and on maps with one of each strength."""
    tasks = [(name, times, seed, permutations) for times in TIMES for seed in range(maps)]
    with ProcessPoolExecutor(processes) as pool:
        found = list(pool.map(flagged, tasks, chunksize=10))
    table = pd.DataFrame([row for rows in found for row in rows])
    rows = []
    for (times, method), part in table.groupby(["times", "method"], sort=False):
        mean = part.mean(numeric_only=True)
        rows.append(
            {
                "rate": f"{times:g} times" if times > 1 else "the same everywhere",
                "method": method,
                "maps_with_any": round(mean["any"], 3),
                "hot_areas_found": round(mean["power"], 3) if times > 1 else None,
                "areas_wrongly_called": round(mean["wrong"], 4),
                "of_calls_wrong": round(mean["away"], 3) if times > 1 else None,
            }
        )
    return rows


def flagged(task: tuple[str, float, int, int]) -> list[dict[str, Any]]:
    """Draw one map and score every method on it."""
    name, times, seed, permutations = task
    warnings.simplefilter("ignore")
    place = ground(name)
    rng = np.random.default_rng([seed, int(times * 10)])
    hot = circle(place, rng) if times > 1 else np.zeros(len(place.areas), dtype=bool)
    count = drawn(place, rng, 4 * len(place.areas), hot, times)
    return [
        {"times": times, "method": method, **scored(called, hot)}
        for method, called in flags(place, count, permutations, seed).items()
    ]


def circle(place: Ground, rng: np.random.Generator) -> np.ndarray:
    """Choose a centre at random and the areas nearest to it, up to a twentieth of the children."""
    middle = place.centres.iloc[rng.integers(len(place.areas))]
    apart = np.hypot(
        place.centres["easting"] - middle["easting"], place.centres["northing"] - middle["northing"]
    )
    order = np.argsort(apart.to_numpy(), kind="stable")
    inside = np.cumsum(place.population.to_numpy()[order]) <= 0.05 * place.population.sum()
    hot = np.zeros(len(order), dtype=bool)
    hot[order[inside]] = True
    return hot


def flags(place: Ground, count: pd.Series[int], permutations: int, seed: int) -> dict[str, np.ndarray]:
    """Return which areas each method calls high."""
    people, near = place.population, place.near
    by_gi = gi_star(standardised_rate(count, people), near, permutations=permutations, seed=seed)
    raw = gi_star(count / people, near, permutations=permutations, seed=seed)
    by_moran = local_moran_rate(count, people, near, permutations=permutations, seed=seed)
    by_scan = spatial_scan(count, people, place.centres, seed=seed).areas
    overall = 1000 * count.sum() / people.sum()
    smooth = smoothed_rate(count, people)["smoothed_rate"]
    beside = smoothed_rate(count, people, neighbours=near.to_W().neighbors)["smoothed_rate"]
    found = {
        "Gi*, false discoveries controlled": false_discovery(by_gi["gi_star_p"]) <= 0.05,
        "Gi* of raw rates, likewise": raw["hotspot"],
        "Gi*, each p-value by itself": by_gi["gi_star_p"] <= 0.05,
        "local Moran (rate form), high among high": by_moran["local_moran_kind"] == "high among high",
        "scan": by_scan["scan_p"] <= 0.05,
        f"Bayes rate, all areas, {HIGH:g} times": smooth >= HIGH * overall,
        f"Bayes rate, neighbours, {HIGH:g} times": beside >= HIGH * overall,
        f"raw rate, {HIGH:g} times": 1000 * count / people >= HIGH * overall,
    }
    return {name: each.fillna(False).to_numpy(dtype=bool) for name, each in found.items()}


def scored(called: np.ndarray, hot: np.ndarray) -> dict[str, float]:
    """Return whether anything is called high, the share of hot areas that is, of others, and of calls that are wrong."""
    return {
        "any": float(called.any()),
        "power": float(called[hot].mean()) if hot.any() else 0.0,
        "wrong": float(called[~hot].mean()),
        "away": float((called & ~hot).sum() / called.sum()) if called.any() else 0.0,
    }


if __name__ == "__main__":
    main()
