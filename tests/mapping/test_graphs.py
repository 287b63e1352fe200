"""igraph as it is imported here: without matplotlib, and as good as any other."""

import subprocess
import sys

import pytest

LEIDEN = """
import sys
from mapping.graphs import ig
assert "matplotlib" not in sys.modules, "igraph brought matplotlib along"
graph = ig.Graph.Full(4) + ig.Graph.Full(3)
print(graph.community_leiden("CPM", resolution=0.5).membership)
"""


def test_igraph_is_loaded_without_matplotlib() -> None:
    done = subprocess.run([sys.executable, "-c", LEIDEN], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[0, 0, 0, 0, 1, 1, 1]"


@pytest.mark.parametrize("first", ["import igraph", "import matplotlib.pyplot"])
def test_what_was_loaded_before_stays_as_it_is(first: str) -> None:
    asked = f"{first}; from mapping.graphs import ig; import igraph, matplotlib.pyplot as p; print(ig is igraph, callable(p.plot))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "True True"
