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
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "synthetic" / "demo"
# How many milliseconds anything may take before it is taken that it never will be there; long, for busy machines.
PATIENCE = 180_000
# The browser is still when nothing on the page has changed for this many milliseconds.
QUIET = 200
STILL = """(quiet) => new Promise(resolve => {
  let waiting;
  const done = () => { watching.disconnect(); requestAnimationFrame(() => resolve()); };
  const again = () => { clearTimeout(waiting); waiting = setTimeout(done, quiet); };
  const watching = new MutationObserver(again);
  watching.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  again();
  setTimeout(done, 10 * quiet);
})"""
UNDER_WAY = '() => Boolean(document.querySelector(\'[data-testid="stStatusWidget"], [data-stale="true"]\'))'
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


class Server:
    """The app in a program of its own, which shows whatever case its link leads to.

    One serves all browser tests of a test run's worker, as one serves all of a hub: it starts once,
    and a case it has read once is not read again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.case = folder / "case"
        self.store = folder / "hub.sqlite"
        self.said = folder / "server.log"
        self.address = ""
        self.running: subprocess.Popen[bytes] | None = None

    def show(self, case: Path) -> str:
        """Lead the link to a case and return the address where it is shown."""
        link = self.folder / "next"
        link.symlink_to(case.resolve(), target_is_directory=True)
        link.replace(self.case)
        if self.running is None or self.running.poll() is not None:
            self._start()
        return self.address

    def empty(self) -> None:
        """Forget everything that was entered."""
        for kept in self.folder.glob(f"{self.store.name}*"):
            kept.unlink()

    def stop(self) -> None:
        if self.running is not None:
            self.running.terminate()
            try:
                self.running.wait(timeout=20)
            except subprocess.TimeoutExpired:  # it was in the middle of something long
                self.running.kill()
                self.running.wait()

    def _start(self) -> None:
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            str(ROOT / "app" / "main.py"),
            f"--server.port={port}",
            "--",
            str(self.case),
        ]
        kept = {"CONTEXTMAP_LOG_DIR": str(self.folder / "log"), "CONTEXTMAP_STORE": str(self.store)}
        with self.said.open("wb") as output:
            # From another folder: the settings beside main.py must hold wherever the app is started.
            self.running = subprocess.Popen(
                command, cwd=self.folder, env={**os.environ, **kept}, stdout=output, stderr=output
            )
        self.address = f"http://127.0.0.1:{port}"
        end = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1)
                return
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"the app did not start: {self.said.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app for every browser test; it starts when the first of them asks for a case."""
    served = Server(tmp_path_factory.mktemp("served"))
    yield served
    served.stop()


@pytest.fixture
def hub(server: Server) -> Path:
    """The store of the app in the browser; nothing has been entered in it yet."""
    server.empty()
    return server.store


class Watched:
    """A page in a browser that remembers what went wrong and whom it asked."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.host = urlsplit(address).netloc
        self.troubles: list[str] = []
        self.elsewhere: list[str] = []
        self.asked = 0
        self.unanswered = self.running = False
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: said.type == "error" and self.troubles.append(said.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "dialog", lambda dialog: (self.troubles.append(f"dialog: {dialog.message}"), dialog.dismiss())
        )
        page.on("request", self._requested)
        page.on("websocket", self._listen)
        page.goto(address)

    def _requested(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.host:
            self.elsewhere.append(request.url)

    def title(self, text: str) -> None:
        """Wait for the title of a page, and until nothing on it is still being worked out."""
        self.page.locator("h1.cm-title", has_text=text).wait_for()
        self.settled()

    def _listen(self, socket: Any) -> None:
        self.unanswered = self.running = False
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, message: Any) -> None:
        if isinstance(message, bytes) and BackMsg.FromString(message).WhichOneof("type") == "rerun_script":
            self.asked += 1
            self.unanswered = True

    def _received(self, message: Any) -> None:
        said = ForwardMsg.FromString(message) if isinstance(message, bytes) else ForwardMsg()
        if said.WhichOneof("type") == "new_session":
            self.unanswered, self.running = False, True
        if said.WhichOneof("type") == "script_finished":
            # Where a run was stopped for another, that other is about to begin.
            self.running = said.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN

    def settled(self) -> None:
        """Wait until the app has answered all it was asked, and the browser has drawn the answer.

        What passes between them is read, so that nothing depends on how fast either of them is.
        """
        end = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < end:
            self.page.evaluate(STILL, QUIET)
            if not (self.unanswered or self.running or self.page.evaluate(UNDER_WAY)):
                return
        pytest.fail("the app did not settle")

    @contextmanager
    def answered(self) -> Iterator[None]:
        """Wait, after what is done in this block, until the app was asked something by it and has answered."""
        before = self.asked
        yield
        end = time.monotonic() + PATIENCE / 1000
        while self.asked == before:
            assert time.monotonic() < end, "the app was not asked anything"
            self.page.wait_for_timeout(20)
        self.settled()

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
        self.page.get_by_role("option").first.wait_for()
        self.page.evaluate(STILL, QUIET)
        self.page.keyboard.press("Enter")
        self.settled()

    def choose_row(self, table: str, row: int) -> None:
        """Choose a row of a table by its box."""
        grid = self.page.locator(f"[class*='st-key-{table}'] [data-testid='stDataFrame']").first
        grid.scroll_into_view_if_needed()
        where = grid.bounding_box()
        assert where is not None
        with self.answered():
            self.page.mouse.click(where["x"] + 17, where["y"] + 36 * (row + 1) + 18)

    def reads(self, *texts: str) -> None:
        """Wait until each of these stands on the page."""
        for text in texts:
            self.page.locator("[data-testid='stMain']").get_by_text(text).first.wait_for()


@pytest.fixture
def browse(server: Server, hub: Path) -> Iterator[Callable[[Path], Watched]]:
    """Return a function that opens a case in Chromium; at the end nothing may have gone wrong."""
    sync_api = pytest.importorskip("playwright.sync_api")
    watched: list[Watched] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))

        def open_case(case: Path) -> Watched:
            address = server.show(case)
            watched.append(Watched(browser.new_page(viewport={"width": 1280, "height": 900}), address))
            return watched[-1]

        yield open_case
        browser.close()
    for each in watched:
        assert each.elsewhere == []
        assert each.troubles == []
