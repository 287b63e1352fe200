from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist

from app import charts

LINKS = pd.DataFrame({"source": ["a", "b", "c", "e"], "target": ["b", "c", "a", "f"]})


def test_positions_do_not_depend_on_the_order_of_rows() -> None:
    first = charts.positions(["a", "b", "c", "d", "e", "f"], LINKS)
    second = charts.positions(["f", "e", "d", "c", "b", "a"], LINKS.iloc[::-1])
    pd.testing.assert_frame_equal(first.sort_index(), second.sort_index())


def test_positions_keep_nodes_apart() -> None:
    placed = charts.positions(["a", "b", "c", "d", "e", "f"], LINKS)
    assert pdist(placed.to_numpy()).min() > charts.SPREAD * 0.5


@pytest.mark.parametrize("size", [1, 2, 61, 200])
def test_positions_of_any_size_are_finite(size: int) -> None:
    nodes = [f"n{number:03}" for number in range(size)]
    links = pd.DataFrame({"source": nodes[:-1], "target": nodes[1:]})
    placed = charts.positions(nodes, links)
    assert np.isfinite(placed.to_numpy()).all()
    assert len(placed.drop_duplicates()) == size


def test_no_nodes() -> None:
    assert charts.positions([], LINKS).empty


def test_chart_edges_say_how_a_link_is_known_and_how_old_it_is() -> None:
    links = pd.DataFrame(
        {
            "id": ["1", "2", "3"],
            "source": "a",
            "target": "b",
            "items": [1, 4, 9],
            "stated": [True, False, True],
            "seen": [False, True, True],
            "nature": ["protective", "unknown", "mixed"],
            "last_seen": pd.to_datetime(["2026-03-01", "2025-01-01", None]),
            "harm": [False, False, True],
        }
    )
    drawn = charts.chart_edges(links, as_of="2026-03-31", half_life=180)
    assert drawn[["basis", "nature", "step", "faded", "harm"]].to_dict("records") == [
        {"basis": "stated", "nature": "protective", "step": 1, "faded": 0, "harm": 0},
        {"basis": "seen", "nature": "other", "step": 2, "faded": 1, "harm": 0},
        {"basis": "both", "nature": "other", "step": 3, "faded": 0, "harm": 1},
    ]


def test_a_peer_map_has_the_child_in_the_middle_protective_people_near_and_adults_of_concern_apart() -> None:
    around = pd.DataFrame(
        {
            "id": ["friend", "aunt", "park", "concern", "further"],
            "context": ["peers", "adults", "places", "concern", "peers"],
            "step": [1, 1, 1, 1, 2],
            "near": [False, True, False, False, False],
        }
    )
    placed = charts.rings("child", around)
    distance = np.hypot(placed["x"] / 1.2, placed["y"]).round().to_dict()
    assert distance["child"] == 0
    assert distance["aunt"] < distance["friend"] < distance["concern"]
    assert distance["friend"] < distance["further"]


def test_many_in_one_sector_stand_in_rows_and_not_on_each_other() -> None:
    around = pd.DataFrame({"id": [f"p{n}" for n in range(120)], "context": "peers", "step": 1, "near": False})
    placed = charts.rings("child", around)
    assert pdist(placed.to_numpy()).min() > 40


def test_circles_of_groups_do_not_lie_on_each_other() -> None:
    sizes = pd.Series({f"g{n:03}": 3 + (n * 7) % 40 for n in range(150)})
    placed = charts.packed(list(sizes.index), sizes)
    distances = pdist(placed[["x", "y"]].to_numpy())
    reach = pdist(placed[["radius"]].to_numpy(), metric=lambda a, b: a[0] + b[0])
    assert (distances - reach).min() > -1.0
    assert placed.equals(charts.packed(list(sizes.index), sizes))


def test_the_picture_of_all_groups_is_cut_before_it_is_too_much_to_draw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(charts, "MOST_DOTS", 7)
    members = pd.DataFrame(
        {"person_id": list("abcdefghi"), "group_id": ["g1"] * 4 + ["g2"] * 3 + ["g3"] * 2, "kind": "child"}
    )
    summary = pd.DataFrame({"group_id": ["g1", "g2", "g3"]})
    none = pd.DataFrame({"group_a": [], "group_b": [], "contacts": []})
    layers = {
        layer.id: layer for layer in charts.all_groups(members, summary, none, pd.Series(dtype=object)).layers
    }
    assert [circle["group_id"] for circle in layers["groups"].data] == ["g1", "g2"]
    assert len(layers["people"].data) == 7


def test_timeline_holds_the_months_without_items() -> None:
    items = pd.DataFrame(
        {"date": pd.to_datetime(["2026-01-05", "2026-03-05", "2026-03-09", None]), "kind": "Stated"}
    )
    assert charts.timeline(items).to_dict("list") == {
        "month": list(pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"])),
        "kind": ["Stated"] * 3,
        "items": [1, 0, 2],
    }
    assert charts.timeline(items.iloc[3:]).empty


def test_what_has_a_place_keeps_it_and_the_rest_stands_free_beside_what_it_is_linked_to() -> None:
    where = pd.DataFrame({"x": [0.0, 100.0, 700.0], "y": [0.0, 0.0, 0.0]}, index=["a", "b", "gone"])
    links = pd.DataFrame({"source": ["new", "new", "next"], "target": ["a", "b", "new"]})
    placed = charts.beside(where, ["next", "b", "new", "a", "alone"], links)
    assert placed.index.tolist() == ["next", "b", "new", "a", "alone"]
    assert placed.loc[["a", "b"]].to_numpy().tolist() == [[0.0, 0.0], [100.0, 0.0]]
    every = pd.concat([placed, where.loc[["gone"]]])
    assert pdist(every.to_numpy()).min() >= charts.SPREAD * 0.9
    middle = np.hypot(*(placed.loc["new"] - [50.0, 0.0]))
    assert middle < 3 * charts.SPREAD
    again = charts.beside(where, ["a", "alone", "b", "new", "next"], links.iloc[::-1])
    assert again.loc[placed.index].equals(placed)


def test_a_circle_keeps_its_place_and_another_stands_on_a_free_spot_near() -> None:
    centres = charts.packed(["g1", "g2"], pd.Series({"g1": 12, "g2": 9}))
    found = charts.held(
        centres, {"h1": "g1"}, {"h1": "g1", "h2": "g1"}, pd.Series({"h2": 4, "h1": 6, "h3": 3})
    )
    assert found.index.tolist() == ["h2", "h1", "h3"]
    assert found.loc["h1"].tolist() == centres.loc["g1"].tolist()
    reach = pdist(found[["radius"]].to_numpy(), metric=lambda a, b: a[0] + b[0])
    assert (pdist(found[["x", "y"]].to_numpy()) - reach).min() >= 5.0
    assert np.hypot(*(found.loc["h2"] - centres.loc["g1"])[["x", "y"]]) < 80


def test_many_circles_without_a_place_lie_on_no_other() -> None:
    """Among many groups there is no room in the middle: what has no place of its own goes round the rim."""
    known = [f"g{n}" for n in range(600)]
    centres = charts.packed(known, pd.Series(12, index=known))
    sizes = pd.Series({f"h{n}": 3 + n % 40 for n in range(200)} | {"g7": 12})
    found = charts.held(centres, {"g7": "g7"}, {f"h{n}": f"g{n}" for n in range(100)}, sizes)
    assert found.index.tolist() == sizes.index.tolist()
    assert found.loc["g7"].tolist() == centres.loc["g7"].tolist()
    reach = pdist(found[["radius"]].to_numpy(), metric=lambda a, b: a[0] + b[0])
    assert (pdist(found[["x", "y"]].to_numpy()) - reach).min() >= 5.0 - 1e-9


@pytest.mark.parametrize(("groups", "said"), [(9, [0, 1, 2, 3, 4, 5, 6, 7]), (900, [0, 6, 7])])
def test_groups_are_named_where_their_names_can_be_read(groups: int, said: list[int]) -> None:
    """Among very many groups the largest lie so close together in the middle that names would lie on each other."""
    ids = [f"g{number:03}" for number in range(groups)]
    members = pd.DataFrame(
        {
            "person_id": range(12 * groups),
            "group_id": [group for group in ids for _ in range(12)],
            "kind": "child",
        }
    )
    drawn = charts.all_groups(
        members,
        pd.DataFrame({"group_id": ids}),
        pd.DataFrame({"group_a": [], "group_b": [], "contacts": []}),
        pd.Series({group: f"Group {group}" for group in ids}),
    )
    texts = drawn.layers[3].data
    assert [text["text"] for text in texts] == [f"Group g{number:03}" for number in said]


def test_a_member_with_a_slot_has_the_dot_of_that_slot() -> None:
    centres = pd.DataFrame({"x": [0.0], "y": [0.0], "radius": [30.0]}, index=pd.Index(["g"], name="group_id"))
    four = pd.DataFrame({"person_id": list("abcd"), "group_id": "g", "kind": "child"})
    two = four.iloc[[1, 3]].assign(slot=[1, 3])
    every = charts.dots(four, centres).set_index("person_id")[["x", "y"]]
    assert charts.dots(two, centres).set_index("person_id")[["x", "y"]].equals(every.loc[["b", "d"]])


def test_what_was_put_somewhere_stays_and_what_would_lie_on_it_gives_way() -> None:
    where = pd.DataFrame({"x": [0.0, 200.0, 400.0], "y": [0.0, 0.0, 0.0], "half": 9.0}, index=list("abc"))
    found = charts.put(where, {"b": (402, 3), "d": (-50, -50)})
    assert found.loc["a", ["x", "y"]].tolist() == [0, 0]
    assert found.loc["b", ["x", "y"]].tolist() == [402, 3]
    assert found.loc["d", ["x", "y"]].tolist() == [-50, -50]
    assert math.hypot(*(found.loc["c", ["x", "y"]] - (402, 3)).astype(float)) >= charts.SPREAD * 0.45
    assert where.loc["c", "x"] == 400.0
