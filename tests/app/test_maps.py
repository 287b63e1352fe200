from __future__ import annotations

import json

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

from app import kinds, maps


@pytest.fixture
def shapes() -> gpd.GeoDataFrame:
    squares = [box(400_000 + 2_000 * n, 400_000, 402_000 + 2_000 * n, 402_000) for n in range(3)]
    names = ["Alder", "<b>Beech", "Cedar"]
    return gpd.GeoDataFrame(
        {"ward_code": ["W1", "W2", "W3"], "ward_name": names}, geometry=squares, crs=27700
    )


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        ([0, 0, 0], []),
        ([1, 1, 2, 3], [1.0, 2.0, 3.0]),
        ([0, 10, 20, 30, 40, 50], [10.0, 20.0, 30.0, 40.0, 46.0]),
        ([None, None], []),
    ],
)
def test_breaks(values: list[float], limits: list[float]) -> None:
    assert maps.breaks(pd.Series(values, dtype=float)) == limits


def test_shades_rise_with_the_value_and_the_unknown_is_white() -> None:
    found = maps.shades(pd.Series({"a": 0.0, "b": 1.0, "c": 5.0, "d": None}), [1.0, 4.0])
    assert found.to_dict() == {"a": kinds.BLUES[0], "b": kinds.BLUES[3], "c": kinds.BLUES[6], "d": "#ffffff"}


def test_the_same_limits_give_the_same_scale_with_and_without_placed_children() -> None:
    with_placed, without = pd.Series({"a": 9.0, "b": 3.0}), pd.Series({"a": 3.0, "b": 3.0})
    limits = maps.breaks(pd.concat([with_placed, without], ignore_index=True))
    assert maps.shades(with_placed, limits)["b"] == maps.shades(without, limits)["a"]


def test_a_map_has_no_basemap_and_its_tooltip_is_text(shapes: gpd.GeoDataFrame) -> None:
    outline = maps.outlines(shapes)
    values = pd.Series({"W1": 1.0, "W2": 2.0, "W3": None})
    deciles = pd.Series({"W1": 1, "W2": 10, "W3": None})
    deck = maps.deck(outline, values, limits=[1.0, 2.0], measure="Children", deciles=deciles, chosen="W2")
    said = json.loads(deck.to_json())
    assert "mapProvider" not in said
    assert "http" not in deck.to_json()
    assert deck._tooltip == {"text": "{tip}"}
    tips = {f["properties"]["ward_code"]: f["properties"]["tip"] for f in deck.layers[0].data["features"]}
    assert tips == {
        "W1": "Alder\nChildren: 1\ndeprivation decile: 1",
        "W2": "<b>Beech\nChildren: 2\ndeprivation decile: 10",
        "W3": "Cedar\nChildren: not known",
    }
    assert [layer.id for layer in deck.layers] == ["wards", "deciles", "names"]


def test_outlines_are_in_longitude_and_latitude(shapes: gpd.GeoDataFrame) -> None:
    outline = maps.outlines(shapes)
    west, south, east, north = outline["bounds"]
    assert -2.01 < west < east < -1.9
    assert 53.4 < south < north < 53.6
    assert sorted(outline["wards"]) == ["W1", "W2", "W3"] == sorted(outline["bands"])


def test_what_is_hatched_is_named_first_and_said(shapes: gpd.GeoDataFrame) -> None:
    outline = maps.outlines(shapes)
    values = pd.Series({"W1": 1.0, "W2": 9.0, "W3": 0.0})
    deck = maps.deck(outline, values, limits=[1.0], measure="Rate", hatched=["W3"])
    assert [each["text"] for each in deck.layers[-1].data] == ["Cedar", "<b>Beech", "Alder"]
    tips = [feature["properties"]["tip"] for feature in deck.layers[0].data["features"]]
    assert tips[2] == "Cedar\nRate: 0\nhatched: higher than chance explains"
    assert maps.in_words(outline, values, "Rate", hatched=["W3"]) == (
        "Map of 3 wards; Rate; highest in <b>Beech, Alder; hatched as higher than chance explains: Cedar; "
        "the table below has the same numbers"
    )


def test_the_view_holds_what_reaches_beyond_the_wards(shapes: gpd.GeoDataFrame) -> None:
    outline = maps.outlines(shapes)
    values = pd.Series({"W1": 1.0, "W2": 2.0, "W3": None})
    near, wide = (
        maps.deck(outline, values, limits=[], measure="x", around=around).initial_view_state
        for around in ([], [[outline["bounds"][0], outline["bounds"][3] + 0.5]])
    )
    assert wide.latitude == pytest.approx(near.latitude + 0.25)
    assert wide.zoom < near.zoom - 2


def test_no_more_wards_are_named_than_have_room() -> None:
    """Names as wide as the map stand one under the other or not at all."""
    points = {f"W{n}": [0.0001 * n, 0.0] for n in range(4)} | {"W9": [0.0, 0.05]}
    names = dict.fromkeys(points, "A ward of a very long name indeed")
    outline = {"points": points, "names": names, "bounds": [0.0, 0.0, 0.1, 0.1]}
    assert maps._apart(points, outline, 12) == ["W0", "W9"]


@pytest.mark.parametrize(
    ("limits", "whole", "said"),
    [
        ([], True, []),
        ([1.0, 2.0, 4.0], True, ["1", "2 to 3", "4 or more"]),
        ([1.0, 4.0], False, ["1 up to 4", "4 or more"]),
        ([0.5, 4.0], True, ["0.5 up to 4", "4 or more"]),
        ([22.0, 1300.0], True, ["22 to 1,299", "1,300 or more"]),
    ],
)
def test_classes_of_whole_numbers_do_not_meet(limits: list[float], whole: bool, said: list[str]) -> None:
    assert maps.ranges(limits, whole=whole) == said


def test_the_legend_says_what_every_shade_means() -> None:
    said = maps.legend([1.0, 4.0], "Children <here>", deciles=True, unknown=True)
    for part in (
        "Children &lt;here&gt;",
        ">0<",
        "1 up to 4",
        "4 or more",
        "not known",
        "most deprived tenth",
    ):
        assert part in said
