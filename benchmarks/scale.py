"""Time `contextmap analyse` beside what an analyst would write and the least that must be done, and check it against the truth.

    python benchmarks/scale.py                                  2,000 and 50,000 people, three runs each
    python benchmarks/scale.py --sizes 2000 50000 1000000 --runs 3 --folder /tmp/scale --out figures.json

Prints one JSON; progress goes to standard error. benchmarks/README.md says what each figure means.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from machine import Run, machine, run
from sklearn.metrics import adjusted_mutual_info_score

BENCH = Path(os.environ.get("CONTEXTMAP_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "bench"
CONTEXTMAP = Path(sys.executable).with_name("contextmap")
OURS, PLAIN, EVERYTHING = "contextmap", "contextmap_plain", "with_change_and_operations"
TEXTBOOK, FLOOR = "textbook", "floor"
# Up to this many people `analyse` says by itself how sure its results are, which the others do not.
CAREFUL_UP_TO = 5_000


def main() -> None:
    asked = arguments()
    figures: dict[str, Any] = {"machine": machine(), "sizes": {}}
    with workplace(asked.folder) as folder:
        for people in asked.sizes:
            figures["sizes"][str(people)] = measure(people, folder, asked)
    figures["machine"]["load_average_after"] = machine()["load_average"]
    text = json.dumps(figures, indent=2)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[2_000, 50_000], metavar="PEOPLE")
    parser.add_argument("--runs", type=int, default=3, help="how often each is run; the middle one counts")
    parser.add_argument(
        "--seeds", type=int, nargs="*", default=[0, 1, 2], help="of the case and of the analysis"
    )
    parser.add_argument("--folder", type=Path, help="keeps the cases here, and uses those that are there")
    parser.add_argument("--textbook-up-to", type=int, default=50_000, metavar="PEOPLE")
    parser.add_argument(
        "--seeds-up-to",
        type=int,
        default=50_000,
        metavar="PEOPLE",
        help="largest size at which every seed is tried and groups are compared with the truth",
    )
    parser.add_argument("--out", type=Path, help="writes the JSON here as well")
    asked = parser.parse_args()
    if not (BENCH / "floor.py").is_file():
        parser.exit(
            2,
            f"The timing scripts are not in {BENCH}; CONTEXTMAP_SHARED names the folder that holds bench/.\n",
        )
    if asked.runs < 1:
        parser.error("--runs must be at least 1")
    return asked


@contextmanager
def workplace(folder: Path | None) -> Iterator[Path]:
    """Yield the folder for cases: the one given, which is kept, or one of its own that goes."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="contextmap-scale-") as own:
        yield Path(own)


def measure(people: int, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Time the programs on one case, and check results for every seed."""
    case = make_case(people, folder, seed=0)
    with tempfile.TemporaryDirectory(prefix="contextmap-results-") as results:
        out = Path(results) / "out"
        commands = {OURS: [str(CONTEXTMAP), "analyse", str(case), "--out", str(out)]}
        if people <= CAREFUL_UP_TO:
            commands[PLAIN] = [
                *commands[OURS][:-1],
                str(Path(results) / "plain"),
                "--resamples",
                "0",
                "--no-chance",
            ]
        if people <= asked.textbook_up_to:
            script = str(Path(__file__).with_name("everything.py"))
            commands[EVERYTHING] = [sys.executable, script, str(case), str(Path(results) / "all")]
            commands[TEXTBOOK] = [sys.executable, str(BENCH / "textbook.py"), str(case)]
        commands[FLOOR] = [sys.executable, str(BENCH / "floor.py"), str(case)]
        runs = interleaved(commands, asked.runs, people)
        found = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        figures = {
            "programs": {name: in_short(each) for name, each in runs.items()},
            "ratios": ratios(runs),
            "stages": {stage["stage"]: stage["seconds"] for stage in found["stages"]},
            "results": found["results"],
        }
        if people <= asked.seeds_up_to:
            checked = [check(people, folder, seed, Path(results)) for seed in asked.seeds]
        else:
            checked = [{"seed": 0, "shared_contacts": compare_contacts(case, out)}]
        figures["against_the_truth"] = checked
    return figures


def make_case(people: int, folder: Path, *, seed: int) -> Path:
    """Make a case of a size once; its truth is written last, so a case with truth is whole."""
    case = folder / (f"{people}" if seed == 0 else f"{people}-seed{seed}")
    if not (case / "truth" / "contacts.parquet").is_file():
        say(f"making {case.name}")
        shutil.rmtree(case, ignore_errors=True)
        run([sys.executable, str(BENCH / "make_scale_data.py"), str(people), str(case), "--seed", str(seed)])
    return case


def interleaved(commands: dict[str, list[str]], times: int, people: int) -> dict[str, list[Run]]:
    """Run each command in turn, and all of them several times: what slows the machine slows them all."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(times):
        for name, command in commands.items():
            done = run(command)
            say(f"{people:,} people, run {turn + 1}: {name} {done.seconds:.2f} s, {done.tree_mb:.0f} MB")
            runs[name].append(done)
    return runs


def in_short(runs: Sequence[Run]) -> dict[str, Any]:
    """Return the median of each measure, and every run's seconds."""
    return {
        "seconds": middle(each.seconds for each in runs),
        "peak_memory_mb": middle(each.tree_mb for each in runs),
        "largest_process_mb": middle(each.largest_mb for each in runs),
        "seconds_of_each_run": [each.seconds for each in runs],
    }


def ratios(runs: dict[str, list[Run]]) -> dict[str, float]:
    """Return ratios of medians."""
    seconds = {name: middle(each.seconds for each in done) for name, done in runs.items()}
    memory = {name: middle(each.tree_mb for each in done) for name, done in runs.items()}
    found = {
        "contextmap_over_floor": seconds[OURS] / seconds[FLOOR],
        "contextmap_over_floor_memory": memory[OURS] / memory[FLOOR],
    }
    if TEXTBOOK in seconds:
        found["textbook_over_contextmap"] = seconds[TEXTBOOK] / seconds[OURS]
        if PLAIN in seconds:
            found["textbook_over_contextmap_plain"] = seconds[TEXTBOOK] / seconds[PLAIN]
        found["textbook_over_contextmap_with_change_and_operations"] = seconds[TEXTBOOK] / seconds[EVERYTHING]
        found["textbook_over_contextmap_memory"] = memory[TEXTBOOK] / memory[OURS]
    return {name: round(value, 2) for name, value in found.items()}


def check(people: int, folder: Path, seed: int, results: Path) -> dict[str, Any]:
    """Compare what is found with what was planted, the case and the analysis both made with a seed."""
    case, out = make_case(people, folder, seed=seed), results / f"seed{seed}"
    run([str(CONTEXTMAP), "analyse", str(case), "--out", str(out), "--seed", str(seed)])
    found = {"seed": seed, "shared_contacts": compare_contacts(case, out)}
    found["adjusted_mutual_information"] = round(compare_groups(case, out), 4)
    say(f"{people:,} people, seed {seed}: {found}")
    return found


def compare_groups(case: Path, out: Path) -> float:
    """Return the adjusted mutual information of the groups found with those planted, over all children."""
    truth = pd.read_parquet(case / "truth" / "groups.parquet")
    found = pd.read_parquet(out / "groups.parquet", columns=["person_id", "group_id"])
    both = truth.merge(found, on="person_id", how="left")
    lost = int(both["group_id"].isna().sum())
    if lost:
        msg = f"{lost} children of {case} have no group in the results; every child must have one."
        raise RuntimeError(msg)
    return float(adjusted_mutual_info_score(both["group"], pd.factorize(both["group_id"])[0]))


def compare_contacts(case: Path, out: Path) -> dict[str, int]:
    """Count the planted adults with two or more children, and how many came out with exactly those."""
    truth = pd.read_parquet(case / "truth" / "contacts.parquet")
    planted = truth[truth["children"] >= 2].set_index("contact_id")["children"]
    found = pd.read_parquet(
        out / "shared_contacts.parquet", columns=["contact_type", "contact_id", "children"]
    )
    people = found[found["contact_type"] == "person"].set_index("contact_id")["children"]
    counted = people.reindex(planted.index)
    return {
        "planted": len(planted),
        "exact": int((counted == planted).sum()),
        "not_found": int(counted.isna().sum()),
        "wrong_number": int((counted.notna() & (counted != planted)).sum()),
        "not_planted": len(people.index.difference(planted.index)),
    }


def middle(values: Iterator[float] | Any) -> float:
    return round(statistics.median(values), 3)


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
