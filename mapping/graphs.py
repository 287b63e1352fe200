"""Import igraph without the drawing library that it looks for on the way, which takes ten times as long to load."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

__all__ = ["ig"]

LOOKS_FOR_MATPLOTLIB = "igraph.drawing.matplotlib.utils"


def _nothing_to_draw_with() -> tuple[Any, Any]:
    """Stand in for igraph's search for matplotlib: answer as where it is not installed, for nothing here is drawn by igraph."""
    from igraph.drawing.utils import FakeModule

    return FakeModule("matplotlib was not loaded"), FakeModule("matplotlib.pyplot was not loaded")


def _leave_drawing_out() -> None:
    """Answer igraph's search for matplotlib before it is made; where igraph is loaded already, nothing is changed."""
    if "igraph" not in sys.modules:
        answering = ModuleType(LOOKS_FOR_MATPLOTLIB)
        answering.find_matplotlib = _nothing_to_draw_with  # type: ignore[attr-defined]
        sys.modules[LOOKS_FOR_MATPLOTLIB] = answering


_leave_drawing_out()

import igraph as ig  # noqa: E402
