"""One shape, colour and icon for each kind of thing."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from mapping.kinds import KINDS, OUTLINES, Kind, kind_svg


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_is_told_by_its_icon_and_seen_on_white(kind: Kind) -> None:
    assert [other.name for other in KINDS.values() if other.icon == kind.icon] == [kind.name]
    # 3:1 is what WCAG 2.2 (1.4.11) asks of a symbol; the icon on it is white, so this holds for both.
    assert 1.05 / (luminance(kind.colour) + 0.05) >= 3
    assert ElementTree.fromstring(kind_svg(kind)).tag == "{http://www.w3.org/2000/svg}svg"


def test_shapes_and_colours_are_those_agreed() -> None:
    agreed = {
        name: (KINDS[name].shape, KINDS[name].colour)
        for name in ("child", "adult_of_concern", "protective_adult", "place", "thing")
    }
    assert agreed == {
        "child": ("ellipse", "#0b5394"),
        "adult_of_concern": ("diamond", "#b45f06"),
        "protective_adult": ("round-rectangle", "#2e7d32"),
        "place": ("rectangle", "#6a3d9a"),
        "thing": ("hexagon", "#5d4037"),
    }
    assert {kind.shape for kind in KINDS.values()} == set(OUTLINES)
