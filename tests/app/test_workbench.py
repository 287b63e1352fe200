from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from app import charts, state, workbench

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


def test_a_mark_is_said_in_the_name_and_not_by_a_colour_alone() -> None:
    marked = workbench.elements(NODES.assign(mark=["", "unsafe"]), EDGES.assign(added=1))
    assert [node["data"]["name"] for node in marked["nodes"]] == ["A", "B ✕ not safe"]
    assert [node["data"].get("mark") for node in marked["nodes"]] == [None, "unsafe"]
    assert [edge["data"]["added"] for edge in marked["edges"]] == [1]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is kept of the chart, in place of a session."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(state, "drawn", lambda _: found)
    monkeypatch.setattr(state, "keep_drawn", lambda _, **more: found.update(more))
    return found


def sent(nodes: pd.DataFrame) -> tuple[int, dict[str, dict[str, float]]]:
    """Return what is sent of a chart that can be moved: its number, and where the nodes are."""
    drawn = workbench._as_drawn("map", workbench.elements(nodes, EDGES))
    places = {node["data"]["id"]: node["position"] for node in drawn["nodes"]}
    return drawn["nodes"][0]["data"]["turn"], places


def test_where_the_browser_moved_a_node_it_is_not_sent_back_and_what_is_undone_is(
    kept: dict[str, Any],
) -> None:
    first = {"a": {"x": 0.0, "y": 0.0}, "b": {"x": 90.0, "y": 30.0}}
    assert sent(NODES) == (1, first)
    kept["moved"] = {"a": (0.0, 0.0), "b": (140.0, 30.0)}
    moved = NODES.assign(x=[0.0, 140.0])
    assert sent(moved) == (1, first)  # the browser has it there already
    assert sent(NODES) == (2, first)  # taken back: sent anew under another number
    assert kept["moved"] == {}
    assert sent(moved)[0] == 3


def test_what_the_browser_says_oddly_of_a_place_is_passed_over() -> None:
    said = [
        {"id": "a", "position": {"x": 1, "y": 2.5}},
        {"id": "b", "position": {"x": "1", "y": None}},
        {"id": "corner:first", "position": {"x": 1, "y": 2}},
        {"id": "c"},
    ]
    assert workbench._places(said) == {"a": (1.0, 2.5)}
    assert workbench._places(None) == {}
