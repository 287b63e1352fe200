"""Time resampling and leaving out beside plain runs, and compare groups with planted ones as attendance strays.

    python benchmarks/certainty.py                                 2,000 people
    python benchmarks/certainty.py --agreement 50000 --folder /tmp/scale --out certainty.json

Prints one JSON; progress goes to standard error. benchmarks/README.md says what each figure means.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import igraph as ig
import numpy as np
import pandas as pd
from machine import machine
from scale import BENCH, make_case, middle, say, workplace
from sklearn.metrics import adjusted_mutual_info_score

from mapping.certainty import certainty
from mapping.contacts import build_ties
from mapping.evidence import Evidence, mentions
from mapping.groups import Settling, start_groups
from mapping.links import build_links
from mapping.omissions import omissions
from mapping.partition import to_igraph
from mapping.people import age_bands
from mapping.records import read_case
from mapping.scope import latest_date

# What make_scale_data.py gives; more is added to it.
PLANTED_STRAY = 0.1


def main() -> None:
    asked = arguments()
    figures: dict[str, Any] = {"machine": machine()}
    with workplace(asked.folder) as folder:
        figures["cost"] = {str(people): cost(people, folder, asked) for people in asked.sizes}
        figures["agreement"] = {str(people): agreement(people, folder, asked) for people in asked.agreement}
    figures["machine"]["load_average_after"] = machine()["load_average"]
    text = json.dumps(figures, indent=2)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[2_000], metavar="PEOPLE", help="to time")
    parser.add_argument("--runs", type=int, default=5, help="plain runs; the middle one counts")
    parser.add_argument("--resamples", type=int, default=100)
    parser.add_argument(
        "--agreement",
        type=int,
        nargs="*",
        default=[2_000],
        metavar="PEOPLE",
        help="sizes to compare groups at",
    )
    parser.add_argument("--stray", type=float, nargs="+", default=[0.1, 0.2, 0.3, 0.4], metavar="SHARE")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the cases and of the searches")
    parser.add_argument("--folder", type=Path, help="keeps the cases here, and uses those that are there")
    parser.add_argument("--out", type=Path, help="writes the JSON here as well")
    asked = parser.parse_args()
    if not (BENCH / "make_scale_data.py").is_file():
        parser.exit(
            2,
            f"The timing scripts are not in {BENCH}; CONTEXTMAP_SHARED names the folder that holds bench/.\n",
        )
    if asked.runs < 1 or asked.resamples < 1:
        parser.error("--runs and --resamples must be at least 1")
    if wrong := [share for share in asked.stray if not PLANTED_STRAY <= share < 1]:
        parser.error(f"--stray {wrong[0]} must lie between {PLANTED_STRAY} and 1")
    return asked


def cost(people: int, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Time plain runs of links and groups, before and after what is compared with them."""
    evidence, bands, as_of = opened(make_case(people, folder, seed=0))

    def plain() -> tuple[Settling, str]:
        settling = start_groups(build_links(evidence, as_of=as_of), bands)
        return settling, settling.write()

    seconds = [timed(plain)[0] for _ in range(asked.runs)]
    settling, table = plain()
    ties = build_ties(evidence, settling.links, bands)
    found = {
        f"{asked.resamples} resamples": timed(
            lambda: certainty(settling, ties, table, resamples=asked.resamples, leave_out=False)
        )[0],
        "each report and agency left out": timed(lambda: certainty(settling, ties, table, resamples=0))[0],
        "people left out": timed(lambda: omissions(settling, ties, table))[0],
    }
    seconds += [timed(plain)[0] for _ in range(asked.runs)]
    one = middle(seconds)
    say(f"{people:,} people: plain {one} s, {found}")
    return {
        "plain_seconds": one,
        "seconds": {name: round(each, 3) for name, each in found.items()},
        "plain_runs": {name: round(each / one, 1) for name, each in found.items()},
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    done = work()
    return time.perf_counter() - start, done


def opened(case: Path) -> tuple[Evidence, str, Any]:
    records = read_case(case)
    as_of = latest_date(records)
    return mentions(records, as_of=as_of), age_bands(records, as_of), as_of


def agreement(people: int, folder: Path, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Compare groups found with groups planted: ours, and those of greatest modularity on the same links."""
    found = []
    for stray in asked.stray:
        for seed in asked.seeds:
            case = stray_case(make_case(people, folder, seed=seed), stray, seed)
            figures = {"stray": stray, "seed": seed, **compared(case, seed)}
            say(f"{people:,} people: {figures}")
            found.append(figures)
    return found


def stray_case(case: Path, stray: float, seed: int) -> Path:
    """Return a case in which this share of attendance is by anybody at all, made from one with PLANTED_STRAY."""
    if stray == PLANTED_STRAY:
        return case
    made = case.with_name(f"{case.name}-stray{stray:g}")
    if (made / "participation.parquet").is_file():
        return made
    say(f"making {made.name}")
    shutil.rmtree(made, ignore_errors=True)
    shutil.copytree(case, made, ignore=shutil.ignore_patterns("participation.parquet"))
    rng = np.random.default_rng([seed, round(stray * 1_000)])
    took_part = pd.read_parquet(case / "participation.parquet")
    children = pd.read_parquet(case / "truth" / "groups.parquet")["person_id"].to_numpy()
    # Of those who belong, so many more stray that the whole share is as asked.
    others = rng.random(len(took_part)) < (stray - PLANTED_STRAY) / (1 - PLANTED_STRAY)
    took_part.loc[others, "person_id"] = rng.choice(children, int(others.sum()))
    took_part.drop_duplicates(["event_id", "person_id"]).to_parquet(made / "participation.parquet")
    return made


def compared(case: Path, seed: int) -> dict[str, float]:
    """Return the adjusted mutual information with the truth, over all children, and how many groups there are."""
    evidence, bands, as_of = opened(case)
    settling = start_groups(build_links(evidence, as_of=as_of), bands, seed=seed)
    table = settling.write()
    ours = evidence.records.sql(
        f"SELECT person_id, person_n, community FROM {table} JOIN {{people}} USING (person_n)"
    ).df()
    network = settling.network
    graph = to_igraph(len(network.people), network.one, network.other)
    ig.set_random_number_generator(random.Random(seed))
    louvain = graph.community_multilevel(weights=network.weights.tolist()).membership
    theirs = pd.Series(louvain, index=network.people)
    # A child whom nothing links is alone in both.
    modular = ours["person_n"].map(theirs).fillna(-ours["person_n"])
    truth = ours.merge(pd.read_parquet(case / "truth" / "groups.parquet"), on="person_id", how="left")[
        "group"
    ]
    return {
        "groups": int(ours["community"].nunique()),
        "adjusted_mutual_information": alike(truth, ours["community"]),
        "louvain_groups": int(modular.nunique()),
        "louvain_adjusted_mutual_information": alike(truth, modular),
    }


def alike(truth: pd.Series, found: pd.Series) -> float:
    return round(float(adjusted_mutual_info_score(pd.factorize(truth)[0], pd.factorize(found)[0])), 4)


if __name__ == "__main__":
    main()
