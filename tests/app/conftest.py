"""Share a small case, the app under test, and names that try to be more than names."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"

HOSTILE = {
    "markup": "<img src=x onerror=alert(1)>",
    "formula": '=HYPERLINK("x")',
    "direction": "abc\u202egnp.exe",
    "markdown": "![x](http://elsewhere.example/x.png) [y](javascript:alert(1)) $x$ :red[z]",
    "long": "Q" * 10_000,
}


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


# A real browser: the app served on a free port, and pages of it that remember what went wrong.
browsing = _load("browsing")
server, hub, browse = browsing.server, browsing.hub, browsing.browse


@pytest.fixture(scope="session")
def browser_pages() -> list[str]:
    """Every page but Today, as a browser's visitor finds them in the navigation."""
    return ["Daily meeting", *(name for names in browsing.SECTIONS.values() for name in names)]


@pytest.fixture(scope="session")
def demo() -> Path:
    """The folder of the demo case."""
    folder: Path = browsing.DEMO
    return folder


@pytest.fixture(scope="session")
def small_case() -> ModuleType:
    """The module that writes small cases."""
    return _load("small_case")


@pytest.fixture(scope="session")
def case(small_case: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small case: two groups of six, an adult of concern who touches both, a phone, four wards."""
    return small_case.write_case(tmp_path_factory.mktemp("case") / "small")


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """Caches outlive an app under test; each test starts without any."""
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


class Analysed:
    """What was read and worked out of the last few cases, for every test that opens one of them again.

    Only the caches of Streamlit are emptied between tests; records and analyses are never changed by a page,
    and a case of which any file has changed is another case.
    """

    MOST = 4

    def __init__(self) -> None:
        self.cases: dict[object, tuple[Any, dict[str, Any]]] = {}

    def instead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the app under test ask here first."""
        from app import data

        read_anew, analyse_anew = data.Reading.read, data.analyse_records

        def read(reading: Any, tell: Any) -> Any:
            key = (reading.folder, data.fingerprint(reading.folder), reading.additions)
            if key not in self.cases:
                for oldest in list(self.cases)[: 1 - self.MOST]:
                    del self.cases[oldest]
                self.cases[key] = (read_anew(reading, tell), {})
            (reading.records, reading.places), _ = self.cases[key]
            return reading.records, reading.places

        def analyse(records: Any, places: Any, settings: Any, *, progress: Any = None, **options: Any) -> Any:
            known = next(found for read, found in self.cases.values() if read[0] is records)
            key = repr((settings, sorted(options.items())))
            if key not in known:
                known[key] = analyse_anew(records, places, settings, progress=progress, **options)
            return known[key]

        monkeypatch.setattr(data.Reading, "read", read)
        monkeypatch.setattr(data, "analyse_records", analyse)


@pytest.fixture(scope="session")
def _analysed() -> Analysed:
    return Analysed()


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, _analysed: Analysed) -> Callable[..., AppTest]:
    """Return a function that opens a page of a case in a role; `checked` works out how sure groups are as well."""
    shared = False

    def open_page(
        case: Path, page: str = "today", *, role: str = "social_worker", checked: bool = False
    ) -> AppTest:
        nonlocal shared
        if not checked:  # how sure groups are is worked out in a thread, which would outlive the test
            monkeypatch.setattr("app.data.Beside.run", lambda *_: None)
        if not checked and not shared:
            _analysed.instead(monkeypatch)
            shared = True
        monkeypatch.setenv("CONTEXTMAP_CASE", str(case))
        monkeypatch.setenv("CONTEXTMAP_LOG_DIR", str(tmp_path / "log"))
        app = AppTest.from_file(str(MAIN), default_timeout=300)
        app.session_state["role"] = role
        if page != "today" and role != "planner":  # as somebody does who follows a link to a page
            app.switch_page(f"views/{page}.py")
        return app.run()

    return open_page


class Ran(NamedTuple):
    """What a command left behind: its exit code, what it printed and what it complained of."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ran]:
    """Return a function that runs `contextmap` with arguments in this process; its log is one of its own."""
    from app import cli

    monkeypatch.setenv("CONTEXTMAP_LOG_DIR", str(tmp_path / "log"))

    def command(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["contextmap", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Ran(int(stopped.value.code or 0), printed.out, printed.err)

    return command


@pytest.fixture(scope="session")
def shown() -> Callable[[AppTest], str]:
    """Return a function that gives all HTML of a page as one text."""
    return lambda app: "\n".join(element.proto.body for element in app.get("html"))


@pytest.fixture(scope="session")
def hostile() -> dict[str, str]:
    """Names that try to be more than names."""
    return HOSTILE
