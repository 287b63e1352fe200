"""Time each page of the app: the server just started, shown again, each choice on it, and the first picture in a browser.

    python benchmarks/pages.py                          the demo and 50,000 people
    python benchmarks/pages.py --sizes 2000 --folder /tmp/scale --out pages.json
    python benchmarks/pages.py --sizes --pages wards groups --parts pages charts

Prints one JSON; progress goes to standard error. benchmarks/README.md says what each figure means.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from machine import machine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "app"))

from browsing import FLAGS, SECTIONS, Watched, chromium  # noqa: E402

DEMO = ROOT / "data" / "synthetic" / "demo"
PAGES = tuple(sorted(path.stem for path in (ROOT / "app" / "views").glob("*.py")))
PARTS = ("pages", "browser", "charts")
NODES = (50, 400, 5_000)
ASIDE = ("Role", "Why do you need full names?")
"""What stands on every page and changes who looks, so that it is no choice of one page."""
LONGEST = 900
PATIENCE = 300_000


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
            found = figures["cases"].setdefault(name, {})
            if "pages" in asked.parts:
                found["server"] = {page: in_own_process(page, case, asked) for page in asked.pages}
            if "browser" in asked.parts:
                found["browser"] = in_browser(case, asked.role)
    if "charts" in asked.parts:
        figures["charts"] = time_charts()
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
    parser.add_argument("--pages", nargs="*", choices=PAGES, default=PAGES, help="the views to time")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS, help="what to time")
    parser.add_argument("--page", choices=PAGES, help=argparse.SUPPRESS)
    return parser.parse_args()


def in_own_process(page: str, case: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Time one page in a fresh process, so that no page gains from what another has worked out."""
    command = [sys.executable, __file__, "--page", page, "--times", str(asked.times), "--role", asked.role]
    # Reasons for showing names go to a log; none is written here. What people enter goes to a store of its own.
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "CONTEXTMAP_CASE": str(case),
            "CONTEXTMAP_STORE": f"sqlite:///{folder}/store.sqlite",
        }
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
    found["choices"] = choices(app)
    return found


def choices(app: Any) -> dict[str, float]:
    """Time each box and switch of a page set to something else, and put back before the next."""
    taken: dict[str, float] = {}
    for kind in ("selectbox", "toggle", "button_group"):
        for label in [each.label for each in app.get(kind)]:
            before = move(app, kind, label, None)
            if before is None:
                continue
            try:
                taken[label] = seconds(app)
                move(app, kind, label, before[0])
                seconds(app)
            except ValueError:  # the page is tested with a box whose choice went: the rest is not timed
                return taken
    return taken


def move(app: Any, kind: str, label: str, to: Any) -> tuple[Any] | None:
    """Set a box or switch, to anything else where `to` is None; return what it was, or None where it stays."""
    widget = next((each for each in app.get(kind) if each.label == label), None)
    if widget is None or widget.disabled or label in ASIDE:
        return None
    if kind == "toggle":
        before: tuple[Any] = (widget.value,)
        widget.set_value(not widget.value)
        return before
    if not widget.options or (kind == "button_group" and len(widget.indices) != 1):
        return None
    now = widget.index if kind == "selectbox" else widget.indices[0]
    if len(widget.options) < 2:
        return None
    # Nothing chosen yet, or the first line that stands for everything.
    now = 0 if now is None else now
    place = (now + 1) % len(widget.options) if to is None else int(to)
    if kind == "selectbox":
        widget.select_index(place)
    else:
        # What a browser sends is the words of the option; the app under test asks for its value, which only the page knows.
        widget.__class__ = type("Pressed", (type(widget),), {"formatted_values": [widget.options[place]]})
        widget.set_value(widget.options[place])
    return (now,)


def in_browser(case: Path, role: str) -> dict[str, Any]:
    """Time from a click until the first picture, or the answer where a page has no picture, each page twice."""
    from playwright.sync_api import sync_playwright
    from screens import served

    found: dict[str, Any] = {"role": role}
    with served(case) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        seen = Watched(browser.new_page(viewport={"width": 1280, "height": 900}), "about:blank")
        seen.host = urlsplit(address).netloc
        seen.page.set_default_timeout(PATIENCE)
        began = time.perf_counter()
        seen.page.goto(address)
        drawn(seen, "Today")
        found["Today"] = {"first_seconds": round(time.perf_counter() - began, 2)}
        pages = ["Daily meeting", *(page for each in SECTIONS.values() for page in each)]
        for turn in ("first_seconds", "again_seconds"):
            for page in pages:
                began = time.perf_counter()
                seen.click(page)
                drawn(seen, page)
                found.setdefault(page, {})[turn] = round(time.perf_counter() - began, 2)
                print(f"{case.name}, {page} in a browser: {found[page]}", file=sys.stderr, flush=True)
                seen.settled()
        browser.close()
    return found


PICTURED = ("Groups", "Shared contacts", "Wards", "Hotspots", "Placements", "When", "Gaps", "Deprivation", "Across boundaries", "Week of action", "Dashboard")  # fmt: skip
"""Pages that open with a picture; the others open with words and a table."""


FRAMES = "[data-testid='stDeckGlJsonChart'], [data-testid='stVegaLiteChart'], [data-testid='stMain'] iframe"
PICTURE = "[data-testid='stDeckGlJsonChart'] canvas, [data-testid='stVegaLiteChart'] canvas, [data-testid='stVegaLiteChart'] svg, canvas[data-id^='layer']"
TABLE = "[data-testid='stMain'] iframe, [data-testid='stMain'] [data-testid='stDataFrame'], [data-testid='stMain'] input"
SHOWN = """([wanted, frames]) => [...document.querySelectorAll(wanted)].some(
    each => each.getBoundingClientRect().width > 0 && !each.closest("[data-stale='true']"))
    || (!document.querySelector(frames)
    && document.querySelector("[data-testid='stApp']").dataset.testScriptState === "notRunning")"""
"""What is wanted is seen, or, where a case has nothing of the kind, the page has said so and is done."""


def drawn(seen: Any, page: str) -> None:
    """Wait until the title of a page and its first picture are there."""
    seen.page.locator("h1.cm-title", has_text=page).wait_for()
    if page == "Problem profile":
        # The frame is there before the document in it.
        seen.page.frame_locator("[data-testid='stMain'] iframe").locator("h1").first.wait_for()
    elif page != "Today":
        seen.page.wait_for_function(SHOWN, arg=[PICTURE if page in PICTURED else TABLE, FRAMES])


def time_charts() -> dict[str, Any]:
    """Time the chart of a group and the map of a child: placed and written by the server, and drawn by the browser."""
    from charts import CHARTS, time_chart
    from playwright.sync_api import sync_playwright
    from screens import served

    found: dict[str, Any] = {chart: {} for chart in CHARTS}
    with served(script=Path(__file__).with_name("chart_page.py")) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        for chart in CHARTS:
            for nodes in NODES:
                figures = time_chart(nodes, chart)
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.set_default_timeout(PATIENCE)
                began = time.perf_counter()
                page.goto(f"{address}/?nodes={nodes}&chart={chart}")
                page.wait_for_function(
                    "least => [...document.querySelectorAll('div')].some(each => each._cyreg && each._cyreg.cy.nodes().length >= least)",
                    arg=nodes,
                )
                figures["placed_and_drawn_in_a_browser_seconds"] = round(time.perf_counter() - began, 2)
                page.close()
                found[chart][nodes] = figures
                print(f"{chart}, {nodes} nodes: {figures}", file=sys.stderr, flush=True)
        browser.close()
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
