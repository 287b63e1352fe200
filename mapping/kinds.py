"""Give each kind of person, place, thing and event its one shape, colour and icon, and each link its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shape = Literal["ellipse", "diamond", "pentagon", "round-rectangle", "rectangle", "hexagon", "triangle"]


@dataclass(frozen=True)
class Kind:
    """How one kind of thing looks everywhere.

    Attributes
    ----------
    name : the code used in tables and graphs.
    label : the words on screen.
    shape : a key of OUTLINES; also a node shape of Cytoscape.js.
    colour : "#rrggbb", dark enough for a white icon on it to be seen.
    icon : SVG path data on a 24 by 24 grid, drawn for Contextmap.
    """

    name: str
    label: str
    shape: Shape
    colour: str
    icon: str


_BLUE, _GREY, _PURPLE, _BROWN = "#0b5394", "#6b6b6b", "#6a3d9a", "#5d4037"
_PERSON = "M12 3a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9zM3.5 21c0-4.8 3.6-7.5 8.5-7.5s8.5 2.7 8.5 7.5z"
_PERSON_PLUS = (
    "M9 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM1.5 21c0-4.6 3.2-7.2 7.5-7.2s7.5 2.6 7.5 7.2z"
    "M17.5 4h2.4v3.3h3.3v2.4h-3.3v3.3h-2.4v-3.3h-3.3v-2.4h3.3z"
)
_QUESTION = "M6.5 8.5a5.5 5.5 0 1 1 8.2 4.8c-1 .6-1.4 1.1-1.4 2.2h-2.8c0-2.3 1-3.5 2.6-4.5a2.7 2.7 0 1 0-3.8-2.5zM10.4 18h3v3h-3z"
_TIE = "M12 2.5a4.2 4.2 0 1 0 0 8.4a4.2 4.2 0 1 0 0-8.4zM3.5 21c0-4.9 2.7-7.9 6.3-8.5l2.2 6l2.2-6c3.6.6 6.3 3.6 6.3 8.5z"
_WARNING = "M10.3 3h3.4l-.5 11h-2.4zM10.4 17h3.2v3.4h-3.2z"
_SHIELD = "M12 1.5l8.5 3.2v6.1c0 5.6-3.6 9.6-8.5 11.7c-4.9-2.1-8.5-6.1-8.5-11.7v-6.1zM10.8 16l6-6.2l-1.8-1.8l-4.2 4.4l-2-2l-1.8 1.8z"
_PIN = "M12 1.8a7.2 7.2 0 0 1 7.2 7.2c0 5-7.2 13.2-7.2 13.2s-7.2-8.2-7.2-13.2a7.2 7.2 0 0 1 7.2-7.2zM12 6.4a2.6 2.6 0 1 0 0 5.2a2.6 2.6 0 1 0 0-5.2z"
_TREE = "M12 1.5l6.5 8h-3l5 7h-7.2v6h-2.6v-6h-7.2l5-7h-3z"
_HOUSE = "M12 2.5l10 8.7h-2.8v9.8h-5v-6h-4.4v6h-5v-9.8h-2.8z"
_SCHOOL = "M12 3.5l11 5.5l-11 5.5l-11-5.5zM5 12.6l7 3.5l7-3.5v4.6c-1.7 2-4.2 3-7 3s-5.3-1-7-3z"
_BED = "M2 5h2.6v8h6.2v-5h6.7a4.5 4.5 0 0 1 4.5 4.5v7.5h-2.6v-3.4h-14.8v3.4h-2.6zM7.6 7a2.4 2.4 0 1 0 0 4.8a2.4 2.4 0 1 0 0-4.8z"
_BUS = "M5 3h14a2 2 0 0 1 2 2v12a2 2 0 0 1-1.6 2v2.5h-3v-2.5h-8.8v2.5h-3v-2.5a2 2 0 0 1-1.6-2v-12a2 2 0 0 1 2-2zM5.6 6v6h12.8v-6z"
_BAG = "M4 8h16l1.4 13.5h-18.8zM7.5 8a4.5 5.5 0 0 1 9 0h-2.4a2.1 3 0 0 0-4.2 0z"
_SPEECH = "M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-8l-6 5v-5h-2a2 2 0 0 1-2-2v-10a2 2 0 0 1 2-2z"
_PHONE = "M8 1.5h8a2 2 0 0 1 2 2v17a2 2 0 0 1-2 2h-8a2 2 0 0 1-2-2v-17a2 2 0 0 1 2-2zM8.4 5v12h7.2v-12z"
_CAR = "M6 5h12l2.6 6h1.4v8h-3v2.2h-3v-2.2h-8v2.2h-3v-2.2h-3v-8h1.4zM7.6 7.4l-1.6 3.6h12l-1.6-3.6z"
_AT = "M12 2a10 10 0 1 0 5 18.6l-1.2-2.2a7.4 7.4 0 1 1 3.7-6.4v1.5c0 1.3-2 1.3-2 0v-6h-2.3v.6a5 5 0 1 0 .4 7.2a4.4 4.4 0 0 0 6.4-1.8v-1.5a10 10 0 0 0-10-10zM12 9.4a2.6 2.6 0 1 1 0 5.2a2.6 2.6 0 1 1 0-5.2z"
_CARD = "M2 4.5h20v15h-20zM2 8v3.2h20v-3.2z"
_BOX = "M3 4h18v5h-18zM4 10.5h16v10h-16zM9 12.5v2.2h6v-2.2z"
_CLOCK = "M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20zM10.8 6h2.4v5.4l4 3.2l-1.5 1.9l-4.9-3.9z"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("child", "child", "ellipse", _BLUE, _PERSON),
        Kind("young_adult", "young adult (18 to 25)", "ellipse", "#4a86c5", _PERSON_PLUS),
        Kind("unknown_age", "young person of unknown age", "ellipse", "#5b7083", _QUESTION),
        Kind("adult_of_concern", "adult of concern", "diamond", "#b45f06", _WARNING),
        Kind("protective_adult", "protective adult", "round-rectangle", "#2e7d32", _SHIELD),
        Kind("adult", "adult", "pentagon", _GREY, _TIE),
        Kind("place", "place", "rectangle", _PURPLE, _PIN),
        Kind("park", "park or open space", "rectangle", _PURPLE, _TREE),
        Kind("home", "home", "rectangle", _PURPLE, _HOUSE),
        Kind("school", "school", "rectangle", _PURPLE, _SCHOOL),
        Kind("childrens_home", "children's home or placement", "rectangle", _PURPLE, _BED),
        Kind("transport", "transport stop", "rectangle", _PURPLE, _BUS),
        Kind("shop", "shop or food outlet", "rectangle", _PURPLE, _BAG),
        Kind("online", "online space", "rectangle", _PURPLE, _SPEECH),
        Kind("thing", "other thing", "hexagon", _BROWN, _BOX),
        Kind("phone", "phone", "hexagon", _BROWN, _PHONE),
        Kind("vehicle", "vehicle", "hexagon", _BROWN, _CAR),
        Kind("online_account", "online account", "hexagon", _BROWN, _AT),
        Kind("bank_account", "bank account", "hexagon", _BROWN, _CARD),
        Kind("event", "event", "triangle", _GREY, _CLOCK),
    )
}
"""Every kind by its name, in the order of a legend."""

OUTLINES: dict[Shape, str] = {
    "ellipse": "M24 3a21 21 0 1 0 0 42a21 21 0 1 0 0-42z",
    "diamond": "M24 1l23 23l-23 23l-23-23z",
    "pentagon": "M24 2l22 16.5l-8.4 26.5h-27.2l-8.4-26.5z",
    "round-rectangle": "M15 4h18a11 11 0 0 1 11 11v18a11 11 0 0 1-11 11h-18a11 11 0 0 1-11-11v-18a11 11 0 0 1 11-11z",
    "rectangle": "M5 5h38v38h-38z",
    "hexagon": "M13 4.5h22l11.5 19.5l-11.5 19.5h-22l-11.5-19.5z",
    "triangle": "M24 3l22 40h-44z",
}
"""The outline of each shape: SVG path data on a 48 by 48 grid."""

ICON_PLACES: dict[Shape, tuple[float, float, float]] = {
    "diamond": (13.8, 13.8, 0.85),
    "triangle": (16.2, 22.5, 0.65),
    "pentagon": (12.6, 13.6, 0.95),
}
"""Where the icon stands in its outline: left, top and scale of its 24 by 24 grid."""

ICON_PLACE = (11.4, 11.4, 1.05)
"""The same for every other shape."""

LINK_COLOUR = "#5f6b76"
PROTECTIVE_COLOUR = "#2e7d32"
HARM_COLOUR = "#b45f06"
SHIELD = _SHIELD
"""The icon that a protective link bears, SVG path data on a 24 by 24 grid."""


def kind_svg(kind: Kind) -> str:
    """Return the symbol of a kind as an SVG picture, 48 by 48, that asks for nothing from elsewhere.

    >>> kind_svg(KINDS["child"])[:46]
    '<svg xmlns="http://www.w3.org/2000/svg" width='
    """
    left, top, scale = ICON_PLACES.get(kind.shape, ICON_PLACE)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48" viewBox="0 0 48 48">'
        f'<path fill="{kind.colour}" d="{OUTLINES[kind.shape]}"/>'
        f'<path fill="#ffffff" fill-rule="evenodd" transform="translate({left} {top}) scale({scale})" d="{kind.icon}"/></svg>'
    )
