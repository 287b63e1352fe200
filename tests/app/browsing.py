"""Open the app in a real browser as a user does: start it, go from page to page, and note what goes wrong."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "synthetic" / "demo"
PATIENCE = 60_000
FLAGS = ("--no-sandbox", "--disable-gpu", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")  # fmt: skip

# The pages under each heading of the navigation; any other stands on its own.
SECTIONS = {
    "People": ("Peer map", "Groups", "Shared contacts", "Contexts", "Operations", "Connect"),
    "Places": (
        "Wards",
        "Hotspots",
        "Placements",
        "When",
        "Gaps",
        "Deprivation",
        "Across boundaries",
        "Week of action",
    ),
    "Reports": ("Problem profile", "Dashboard"),
    "Data": ("Import", "Duplicates"),
}


def chromium() -> str:
    """Return the path of Chromium: CONTEXTMAP_CHROMIUM, else Debian's."""
    found = os.environ.get("CONTEXTMAP_CHROMIUM") or shutil.which("chromium")
    if not found or not Path(found).exists():
        pytest.skip("Chromium is not installed (apt-get install chromium, or set CONTEXTMAP_CHROMIUM)")
    return found


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    """Return a function that starts the app on a free port and gives its address."""
    running: list[subprocess.Popen[bytes]] = []

    def start(case: Path) -> str:
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            str(ROOT / "app" / "main.py"),
            f"--server.port={port}",
            "--",
            str(case),
        ]
        environment = {**os.environ, "CONTEXTMAP_LOG_DIR": str(tmp_path / "log")}
        with (tmp_path / "server.log").open("wb") as output:
            # From another folder: the settings beside main.py must hold wherever the app is started.
            running.append(
                subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=output, stderr=output)
            )
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
                return address
            except OSError:
                time.sleep(0.2)
        pytest.fail(f"the app did not start: {(tmp_path / 'server.log').read_text()[-2000:]}")

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=20)


class Watched:
    """A page in a browser that remembers what went wrong and whom it asked."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.host = urlsplit(address).netloc
        self.troubles: list[str] = []
        self.elsewhere: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: said.type == "error" and self.troubles.append(said.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "dialog", lambda dialog: (self.troubles.append(f"dialog: {dialog.message}"), dialog.dismiss())
        )
        page.on("request", self._asked)
        page.goto(address)

    def _asked(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.host:
            self.elsewhere.append(request.url)

    def title(self, text: str) -> None:
        """Wait for the title of a page, and until nothing on it is still being worked out."""
        self.page.locator("h1.cm-title", has_text=text).wait_for()
        self.settled()

    def settled(self) -> None:
        self.page.wait_for_function(
            "!document.querySelector('[data-testid=\"stStatusWidget\"]') && !document.querySelector('[data-stale=\"true\"]')"
        )
        self.page.wait_for_timeout(700)

    def open(self, name: str, title: str | None = None) -> None:
        self.click(name)
        self.title(title or name)

    def click(self, name: str) -> None:
        """Choose a page in the navigation, under its heading where it has one."""
        for section, pages in SECTIONS.items():
            if name in pages:
                self.page.get_by_test_id("stTopNav").get_by_role("button", name=section).click()
                self.page.get_by_role("menuitem").filter(has_text=name).click()
        if not any(name in pages for pages in SECTIONS.values()):
            self.page.get_by_role("link", name=name, exact=True).first.click()

    def pick(self, label: str, text: str) -> None:
        """Choose from a box with the keyboard alone."""
        box = self.page.get_by_role("combobox", name=label)
        box.focus()
        box.fill(text)
        self.page.wait_for_timeout(300)
        self.page.keyboard.press("Enter")
        self.settled()

    def choose_row(self, table: str, row: int) -> None:
        """Choose a row of a table by its box."""
        grid = self.page.locator(f"[class*='st-key-{table}'] [data-testid='stDataFrame']").first
        grid.scroll_into_view_if_needed()
        where = grid.bounding_box()
        assert where is not None
        self.page.mouse.click(where["x"] + 17, where["y"] + 36 * (row + 1) + 18)
        self.settled()

    def reads(self, *texts: str) -> None:
        """Wait until each of these stands on the page."""
        for text in texts:
            self.page.locator("[data-testid='stMain']").get_by_text(text).first.wait_for()


@pytest.fixture
def browse(serve: Callable[[Path], str]) -> Iterator[Callable[[Path], Watched]]:
    """Return a function that opens a case in Chromium; at the end nothing may have gone wrong."""
    sync_api = pytest.importorskip("playwright.sync_api")
    watched: list[Watched] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))

        def open_case(case: Path) -> Watched:
            address = serve(case)
            watched.append(Watched(browser.new_page(viewport={"width": 1280, "height": 900}), address))
            return watched[-1]

        yield open_case
        browser.close()
    for each in watched:
        assert each.elsewhere == []
        assert each.troubles == []
