"""Time the server's share of each page of the app: just started, shown again, and with something opened.

    python benchmarks/pages.py                          the demo and 50,000 people
    python benchmarks/pages.py --sizes 2000 --folder /tmp/scale --out pages.json

Prints one JSON; progress goes to standard error. benchmarks/README.md says what each figure means.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from machine import machine

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "data" / "synthetic" / "demo"
PAGES = ("today", "groups", "shared_contacts", "peer_map", "wards")
LONGEST = 900


def main() -> None:
    asked = arguments()
    if asked.page is not None:
        print(json.dumps(time_page(asked.page, asked.role, asked.times)))
        return
    figures: dict[str, Any] = {"machine": machine(), "role": asked.role, "cases": {}}
    from scale import make_case, workplace

    with workplace(asked.folder) as folder:
        cases = {"demo": DEMO} | {f"{people}": make_case(people, folder, seed=0) for people in asked.sizes}
        for name, case in cases.items():
            figures["cases"][name] = {page: in_own_process(page, case, asked) for page in PAGES}
    text = json.dumps(figures, indent=2)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[50_000], metavar="PEOPLE")
    parser.add_argument("--times", type=int, default=3, help="how often a page is shown again")
    parser.add_argument("--role", default="social_worker", help="who looks (analyst, social_worker, chair)")
    parser.add_argument("--folder", type=Path, help="keeps the cases here, and uses those that are there")
    parser.add_argument("--out", type=Path, help="writes the JSON here as well")
    parser.add_argument("--page", choices=PAGES, help=argparse.SUPPRESS)
    return parser.parse_args()


def in_own_process(page: str, case: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Time one page in a fresh process, so that no page gains from what another has worked out."""
    command = [sys.executable, __file__, "--page", page, "--times", str(asked.times), "--role", asked.role]
    # Reasons for showing names go to a log; none is written here.
    environment = {**os.environ, "CONTEXTMAP_CASE": str(case)}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        msg = f"The page {page} on {case} could not be timed: {done.stderr[-2000:]}"
        raise RuntimeError(msg)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{case.name}, {page}: {found}", file=sys.stderr, flush=True)
    return found


def time_page(page: str, role: str, times: int) -> dict[str, Any]:
    """Run one page as the first of a server, then again, then with something opened on it."""
    from streamlit.testing.v1 import AppTest

    from app import data

    begun: list[data.Work] = []
    begin = data.Work.begin

    def noted(work: data.Work) -> data.Work:
        begun.append(work)
        return begin(work)

    data.Work.begin = noted  # type: ignore[method-assign]
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=LONGEST)
    app.session_state["role"] = role
    app.switch_page(f"views/{page}.py")
    cold = seconds(app)
    if begun[0].error is not None:
        raise begun[0].error
    reading = sum(taken for _, taken in begun[0].stages)
    found: dict[str, Any] = {
        "cold_seconds": cold,
        "of_which_reading_and_analysing": round(reading, 3),
        "warm_seconds": middle(app, times),
    }
    if opened := something(page, begun[0].analysis):
        app.session_state["chosen"] = opened
        found |= {"opened": next(iter(opened)), "opened_first_seconds": seconds(app)}
        found["opened_warm_seconds"] = middle(app, times)
    return found


def something(page: str, analysis: Any) -> dict[str, str]:
    """Choose what takes longest to open on a page: what has most on record."""
    if page == "groups":
        largest = analysis.group_summary.sort_values(["size", "links", "group_id"], ascending=False)
        return {"group": str(largest["group_id"].iloc[0])}
    if page == "peer_map":
        children = analysis.people.loc[analysis.people["age_band"] == "child", "person_id"]
        ends = analysis.links[["person_a", "person_b"]].stack()
        linked = ends[ends.isin(children)].value_counts().sort_index(kind="stable")
        return {"child": str(linked.idxmax())}
    if page == "wards" and len(analysis.wards):
        return {
            "ward": str(analysis.wards.sort_values(["children_known", "ward_code"])["ward_code"].iloc[-1])
        }
    return {}


def seconds(app: Any) -> float:
    """Run the page once and return how long the server took.

    Raises
    ------
    RuntimeError
        The page shows an exception.
    """
    began = time.perf_counter()
    app.run()
    taken = time.perf_counter() - began
    if app.exception:
        raise RuntimeError(str(app.exception[0].value))
    return round(taken, 3)


def middle(app: Any, times: int) -> float:
    return round(statistics.median(seconds(app) for _ in range(times)), 3)


if __name__ == "__main__":
    main()
