"""Take a picture of every page of the app on the demo, at two widths, for docs/screens/.

    python benchmarks/screens.py                        docs/screens/, 1280x900 and 1920x1080
    python benchmarks/screens.py --only Wards --out /tmp/screens

Needs Chromium and Playwright; starts the app itself, with a store of its own. Each picture has 128 colours,
so that all of them together stay small.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "app"))

from browsing import DEMO, FLAGS, SECTIONS, Watched, chromium, free_port  # noqa: E402

SIZES = {"1280": (1280, 900), "1920": (1920, 1080)}
COLOURS = 128


def main() -> None:
    asked = arguments()
    asked.out.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        seen = Watched(browser.new_page(viewport={"width": 1280, "height": 900}), address)
        seen.title("Today")
        seen.page.get_by_role("button", name="No, thank you").click()
        seen.settled()
        for name in ["Today", "Daily meeting", *(page for pages in SECTIONS.values() for page in pages)]:
            if asked.only and name not in asked.only:
                continue
            if name != "Today":
                seen.open(name, title="" if name == "Problem profile" else None)
            OPENED.get(name, lambda _: None)(seen)
            # Until it is known how sure groups and contacts are, the page says so and is drawn again.
            seen.page.get_by_text("Working out how sure").wait_for(state="hidden")
            take(seen, asked.out, name)
        browser.close()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screens", help="folder of the pictures")
    parser.add_argument("--only", nargs="*", default=[], metavar="PAGE", help="titles of the pages to take")
    return parser.parse_args()


@contextmanager
def served(case: Path = DEMO, *, script: Path = ROOT / "app" / "main.py") -> Iterator[str]:
    """Start the app on a case, with a store of its own, and give its address; stop it at the end."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "CONTEXTMAP_STORE": f"sqlite:///{folder}/store.sqlite",
            "CONTEXTMAP_LOG_DIR": f"{folder}/log",
        }
        command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true", "--browser.gatherUsageStats=false", "--", str(case)]  # fmt: skip
        running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        try:
            until_up(address)
            yield address
        finally:
            running.terminate()
            running.wait(timeout=20)


def until_up(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
            return
        except OSError:
            time.sleep(0.2)
    msg = f"The app did not answer at {address} within a minute."
    raise RuntimeError(msg)


def take(seen: Any, out: Path, name: str) -> None:
    """Save what the page shows at each width."""
    from PIL import Image

    for width, (across, down) in SIZES.items():
        seen.page.set_viewport_size({"width": across, "height": down})
        seen.page.evaluate("document.querySelector(\"[data-testid='stMain']\").scrollTo(0, 0)")
        seen.page.wait_for_timeout(2500)
        seen.settled()
        picture = Image.open(io.BytesIO(seen.page.screenshot())).convert("RGB")
        path = out / f"{name.lower().replace(' ', '_')}_{width}.png"
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        print(path, path.stat().st_size, flush=True)
    seen.page.set_viewport_size({"width": 1280, "height": 900})


def _group(seen: Any) -> None:
    seen.pick("Group", "Group")
    seen.reads("Links in Group")


def _child(seen: Any) -> None:
    seen.pick("Find a child", "P000198")
    seen.title("Peer map of ")


def _meeting(seen: Any) -> None:
    for box, text in (
        ("Your name, kept", "Jo, chair"),
        ("Chair", "Jo"),
        ("Who is present", "Jo, social work\nAl, police"),
    ):
        seen.page.get_by_label(box, exact=box == "Chair").fill(text)
        seen.page.keyboard.press("Tab")
        seen.settled()
    seen.page.get_by_role("button", name="Begin the meeting").click()
    seen.page.get_by_text("1 of ").first.wait_for()
    seen.settled()


def _candidate(seen: Any) -> None:
    seen.pick("Candidate", "2.")


def _ends(seen: Any) -> None:
    seen.pick("From", "P000198")
    seen.pick("To", "P000013")


OPENED: dict[str, Callable[[Any], None]] = {
    "Groups": _group,
    "Peer map": _child,
    "Daily meeting": _meeting,
    "Operations": _candidate,
    "Connect": _ends,
}
"""What is opened on a page before its picture is taken."""


if __name__ == "__main__":
    main()
