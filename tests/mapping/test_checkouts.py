"""The folder into which a store's case is written for a run: private, and gone when its run is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from mapping import checkouts
from mapping.imports import apply_import, compare_import
from mapping.store import open_store

_RUN = """
import os, signal, stat, sys
from mapping.checkouts import find_case
folder = find_case(sys.argv[1])
print(folder, stat.S_IMODE(folder.parents[1].stat().st_mode), flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("ends", ["done", "killed"])
def test_what_a_run_wrote_out_is_private_and_goes_with_it_or_when_the_next_begins(
    ends: str, write_case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, temporary = f"sqlite:///{tmp_path}/hub.sqlite", tmp_path / "temporary"
    temporary.mkdir()
    with open_store(url) as store:
        case = write_case(people="person_id\nC1\n")
        apply_import(store, compare_import(store, case), by="Jo")
    environment = {**os.environ, "TMPDIR": str(temporary)}
    ran = subprocess.run(
        [sys.executable, "-c", _RUN, url, ends], env=environment, capture_output=True, text=True, check=False
    )
    folder, mode = ran.stdout.split()
    assert Path(folder).is_relative_to(temporary)
    assert int(mode) == stat.S_IRWXU
    left = [path for path in temporary.iterdir() if path.name.startswith(checkouts.PREFIX)]
    assert len(left) == (1 if ends == "killed" else 0)
    for path in left:
        os.utime(path, (time.time() - 120,) * 2)
    checkouts._sweep(temporary)
    assert [path for path in temporary.iterdir() if path.name.startswith(checkouts.PREFIX)] == []


def test_the_folder_of_a_run_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix=checkouts.PREFIX, dir=tmp_path))
    running = checkouts._lock(folder)
    assert running is not None
    os.utime(folder, (time.time() - 120,) * 2)
    checkouts._sweep(tmp_path)
    assert folder.is_dir()
    os.close(running)
    os.utime(folder)
    checkouts._sweep(tmp_path)
    assert folder.is_dir(), "one just made may not be locked yet"
