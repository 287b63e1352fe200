from __future__ import annotations

import pandas as pd

from app import charts, workbench

NODES = pd.DataFrame({"id": ["a", "b"], "kind": ["child", "park"], "name": ["A", "B"], "x": [0.0, 90.0], "y": [0.0, 30.0]})  # fmt: skip
EDGES = charts.chart_edges(pd.DataFrame({"id": ["l"], "source": ["a"], "target": ["b"], "items": [1]}))


def test_two_nodes_that_nobody_sees_hold_the_frame() -> None:
    plain = workbench.elements(NODES, EDGES, chosen="b")
    framed = workbench.elements(NODES, EDGES, chosen="b", corners=charts.corners(NODES))
    first, last, *others = framed["nodes"]
    assert others == plain["nodes"]
    assert framed["edges"] == plain["edges"]
    assert [node["data"]["chosen"] for node in others] == [0, 1]
    assert first["data"] == {"id": "corner:first", "label": "corner", "name": "", "chosen": 0}
    left, top, right, bottom = charts.corners(NODES)
    assert (first["position"], last["position"]) == ({"x": left, "y": top}, {"x": right, "y": bottom})
    assert left < 0 - 100
    assert right > 90 + 100
    assert top < 0 < 30 < bottom


def test_a_frame_has_room_for_the_names_at_its_sides() -> None:
    left, _, right, _ = charts.corners(NODES.assign(half=[20.0, 200.0]))
    assert (left, right) == (90 - 200 - 10, 90 + 200 + 10)
