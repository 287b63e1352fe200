"""Say what machine a benchmark ran on, and measure whole processes."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

POLL = 0.05
LIBRARIES = (
    "duckdb",
    "narwhals",
    "igraph",
    "networkx",
    "pandas",
    "pyarrow",
    "geopandas",
    "shapely",
    "streamlit",
)


def machine() -> dict[str, Any]:
    """Return the processor, cores, memory, load and versions that figures depend on."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1024**3, 1),
        "load_average": [round(each, 2) for each in psutil.getloadavg()],
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor() or platform.machine()
    named = (
        line.split(":", 1)[1].strip()
        for line in info.read_text().splitlines()
        if line.startswith("model name")
    )
    return next(named, platform.machine())


@dataclass(frozen=True)
class Run:
    """One process from start to end.

    Attributes
    ----------
    seconds : wall clock.
    tree_mb : the most memory that the process and all it started held at one time (sum of resident sets).
    largest_mb : the most that any one of them held.
    output : what it printed.
    """

    seconds: float
    tree_mb: float
    largest_mb: float
    output: str


def run(command: list[str]) -> Run:
    """Run a command to its end and measure it.

    Raises
    ------
    RuntimeError
        It failed; the message ends with what it printed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err)
        watch = _Watch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.stop()
        printed, said = (_text(file) for file in (out, err))
    if process.returncode != 0:
        msg = f"{' '.join(command)} ended with {process.returncode}: {said[-2000:]}"
        raise RuntimeError(msg)
    largest = usage.ru_maxrss / (1024 if platform.system() != "Darwin" else 1024**2)
    return Run(round(seconds, 3), round(max(watch.peak, largest), 1), round(largest, 1), printed)


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode("utf-8", "replace"))


class _Watch(threading.Thread):
    """Adds up the memory of a process and all below it, many times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self._root = psutil.Process(pid)
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(POLL):
            self.peak = max(self.peak, self._held() / 1024**2)

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _held(self) -> int:
        try:
            tree = [self._root, *self._root.children(recursive=True)]
        except psutil.Error:
            return 0
        held = 0
        for process in tree:
            try:
                held += process.memory_info().rss
            except psutil.Error:
                continue
        return held
