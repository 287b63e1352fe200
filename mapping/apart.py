"""Run one function in a program of its own, so that the program that asked for it can go on."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Progress = Callable[[int, int], None]

# Work that nobody waits for is done in a program of its own where a network has more people than this.
ASIDE_ABOVE = 5_000
_LOOK = 0.2
_ENDED = 3


class Stopped(RuntimeError):
    """Somebody asked for the work to be abandoned."""


def heed(stop: threading.Event | None) -> None:
    """Stop where somebody asked for it.

    Raises
    ------
    Stopped
        They did.
    """
    if stop is not None and stop.is_set():
        msg = "The work was stopped before it ended; ask for it again."
        raise Stopped(msg)


@dataclass(frozen=True)
class Apart:
    """A program that is given one function to work out, through pipes: nothing of it is written to a disk.

    It ends when the answer is given, when nobody holds on to it, or when the program that started it does.

    Attributes
    ----------
    doing : what to call its work where it fails, such as "settling groups".
    """

    process: subprocess.Popen[bytes]
    doing: str

    def begin(self, work: Callable[..., Any], *given: Any, **options: Any) -> None:
        """Hand over the work: a function of a module, and what it is given, but for `progress`: see `answer`."""
        assert self.process.stdin is not None
        # Where it has ended already, the answer says so.
        with contextlib.suppress(BrokenPipeError):
            pickle.dump((work, given, options), self.process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            self.process.stdin.flush()

    def answer(self, *, progress: Progress | None = None, stop: threading.Event | None = None) -> Any:
        """Wait for what the function returns.

        Parameters
        ----------
        progress : called with what the function calls its own `progress` with.
        stop : set by somebody who no longer wants the answer; the program is then ended.

        Raises
        ------
        RuntimeError
            The program ended early.
        Stopped
            `stop` was set.
        Exception
            What the function raised.
        """
        if stop is not None:
            threading.Thread(target=self._end_when, args=(stop,), daemon=True).start()
        assert self.process.stdout is not None
        try:
            while True:
                kind, said = pickle.load(self.process.stdout)
                if kind == "answer":
                    return said
                if kind == "raised":
                    raise said
                if progress is not None:
                    progress(*said)
        except (EOFError, pickle.UnpicklingError) as error:
            heed(stop)
            msg = f"The program that was {self.doing} ended early, most likely for want of memory. Close other programs and run it again."
            raise RuntimeError(msg) from error
        finally:
            self.end()

    def end(self) -> None:
        """End the program, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _end_when(self, stop: threading.Event) -> None:
        while self.process.poll() is None:
            if stop.wait(_LOOK):
                self.process.kill()
                return


def open_apart(*modules: str, doing: str, aside: bool = False) -> Apart:
    """Start a program that is ready for work when it has imported some modules.

    Parameters
    ----------
    aside : whether it gives way to other programs (where the system knows of that).
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "mapping.apart", "aside" if aside else "at once", *modules],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return Apart(process, doing)


def main(when: str, *modules: str) -> None:
    """Wait for a function, work it out and say what it returned; end when nobody waits any more."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # so that whatever prints does not come between
    if when == "aside" and hasattr(os, "nice"):
        os.nice(10)
    for module in modules:
        importlib.import_module(module)
    try:
        work, given, options = pickle.load(sys.stdin.buffer)
    except EOFError:
        return
    threading.Thread(target=_end_with, args=(sys.stdin.fileno(),), daemon=True).start()

    def say(kind: str, said: Any) -> None:
        pickle.dump((kind, said), sink, protocol=pickle.HIGHEST_PROTOCOL)
        sink.flush()

    try:
        if "progress" in inspect.signature(work).parameters:
            options["progress"] = lambda done, of: say("told", (done, of))
        say("answer", work(*given, **options))
    except Exception as error:
        say("raised", error)


def _end_with(source: int) -> None:
    """End this program when the one that started it closes the pipe, as the system does where that one is killed."""
    while os.read(source, 1):
        pass
    os._exit(_ENDED)


if __name__ == "__main__":
    main(*sys.argv[1:])
