from __future__ import annotations

import subprocess
import sys
import threading
import time
import timeit
from fractions import Fraction

import numpy as np
import pytest

import mapping.apart as module
from mapping.apart import Stopped, open_apart
from mapping.partition import UNIT, PeerNetwork, partition
from mapping.resamples import times_drawn


def test_it_gives_what_the_function_returns_with_arrays_as_they_were() -> None:
    network = PeerNetwork(
        np.array([3, 5, 8, 9]), np.array([0, 2]), np.array([1, 3]), np.array([UNIT, UNIT // 100])
    )
    apart = open_apart("mapping.graphs", doing="settling groups")
    apart.begin(partition, network, resolution=0.02, seed=4)
    assert apart.answer().tolist() == partition(network, resolution=0.02, seed=4).tolist() == [0, 0, 2, 3]
    large = np.arange(300_000, dtype=np.uint64)
    apart = open_apart(doing="drawing reports")
    apart.begin(times_drawn, large, seed=1, draw=2)
    np.testing.assert_array_equal(apart.answer(), times_drawn(large, seed=1, draw=2))


def test_what_the_function_raises_is_raised_here() -> None:
    apart = open_apart(doing="dividing")
    apart.begin(Fraction, 1, 0)
    with pytest.raises(ZeroDivisionError, match=r"Fraction\(1, 0\)"):
        apart.answer()
    assert apart.process.returncode is not None


def test_a_program_that_ends_early_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys, "executable", "/bin/false")
    apart = open_apart(doing="settling groups")
    apart.begin(Fraction, 1, 2)
    with pytest.raises(RuntimeError) as raised:
        apart.answer()
    assert str(raised.value) == (
        "The program that was settling groups ended early, most likely for want of memory. "
        "Close other programs and run it again."
    )


def test_it_is_stopped_while_it_works() -> None:
    stop = threading.Event()
    apart = open_apart(doing="waiting")
    apart.begin(timeit.timeit, number=10**12)
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Stopped, match="stopped before it ended"):
        apart.answer(stop=stop)
    assert apart.process.returncode is not None


@pytest.mark.parametrize("begun", [True, False])
def test_it_ends_with_the_program_that_started_it(begun: bool) -> None:
    """The one that starts it is killed, so that nothing of its own can end the other."""
    start = f"""if True:
        import time, timeit
        from mapping.apart import open_apart
        apart = open_apart(doing="waiting")
        if {begun}:
            apart.begin(timeit.timeit, number=10**12)
        print(apart.process.pid, flush=True)
        time.sleep(600)"""
    with subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        program.kill()
    deadline = time.monotonic() + 60
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    """Whether a program runs; one that has ended and that nobody asked after (Z) does not."""
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip() not in ("", "Z")
