"""Word and draw kinds of things, links and grades on screen; the kinds themselves are mapping's."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.text import markup, plain
from mapping.kinds import HARM_COLOUR, KINDS, LINK_COLOUR, PROTECTIVE_COLOUR, Kind, kind_svg

HARM, LINE, PROTECTIVE = HARM_COLOUR, LINK_COLOUR, PROTECTIVE_COLOUR

_PLACES = {
    "home": "home",
    "school": "school",
    "childrens_home": "childrens_home",
    "semi_independent": "childrens_home",
    "foster_home": "childrens_home",
    "park": "park",
    "transport": "transport",
    "retail": "shop",
    "food_outlet": "shop",
    "online": "online",
}
_THINGS = {
    "phone": "phone",
    "vehicle": "vehicle",
    "online_account": "online_account",
    "bank_account": "bank_account",
}


def place_kind(location_kind: Any) -> str:
    """Return the kind of thing a place of this code is drawn as."""
    return _PLACES.get(plain(location_kind), "place")


def thing_kind(kind: Any) -> str:
    """Return the kind of thing a phone, vehicle or account of this code is drawn as."""
    return _THINGS.get(plain(kind), "thing")


def contact_kind(contact_type: str, kind: Any) -> str:
    """Return how a shared contact is drawn, from its type and its own kind."""
    if contact_type == "location":
        return place_kind(kind)
    if contact_type == "thing":
        return thing_kind(kind)
    if contact_type == "event":
        return "event"
    return plain(kind) if plain(kind) in KINDS else "adult"


@dataclass(frozen=True)
class Basis:
    """How one way of knowing about a link is drawn."""

    name: str
    words: str
    line: str


BASES: dict[str, Basis] = {
    basis.name: basis
    for basis in (
        Basis("stated", "someone stated it", "solid"),
        Basis("seen", "seen at the same place or event, or used the same thing", "dashed"),
        Basis("both", "both stated and seen", "double"),
    )
}

# What a young person says of a place, on a map: colour and line of its border, never colour alone.
MARKS = {"safe": (PROTECTIVE, "solid"), "unsafe": (HARM, "double"), "depends": ("#6b6b6b", "dashed")}
MARK_SIGNS = {"safe": " ✓ safe", "unsafe": " ✕ not safe", "depends": " ? it depends"}

# What is drawn and written on screen beside kinds of thing: the same few colours on every page.
INK, QUIET, BORDER, PALE_BORDER, WHITE = "#1f2933", "#4d5963", "#78828c", "#b8c0c8", "#ffffff"
BLUE, PALE_BLUE, ORANGE, NOTE = "#0b5394", "#9ecae1", HARM, "#fdf5ec"
ADDED, CHOSEN, PURPLE, BROWN = "#f2c94c", "#e8b70c", "#6a3d9a", "#5d4037"
DENSE, FAINT = "#7a0177", "#f4f6f8"

# Words in charts are as dark as those around them: what is pale by default is hard to read from a projector.
DARK_WORDS = {part: {"labelColor": INK, "titleColor": INK} for part in ("axis", "legend", "header")}

# ColorBrewer "Blues", seven classes: sequential, colour-blind safe, prints in grey.
BLUES = ("#eff3ff", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#084594")
# ColorBrewer "Greys" stretched to ten for deprivation: decile 1 (most deprived) darkest.
DECILES = (
    "#252525",
    "#404040",
    "#595959",
    "#737373",
    "#8c8c8c",
    "#a6a6a6",
    "#bfbfbf",
    "#d4d4d4",
    "#e6e6e6",
    "#f5f5f5",
)
NO_DATA = WHITE


def rgb(colour: str, alpha: int = 255) -> list[int]:
    """Return "#rrggbb" as [red, green, blue, alpha]."""
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)] + [alpha]


SOURCE_GRADES = {"1": "reliable source", "2": "untested source", "3": "source not reliable"}
INFORMATION_GRADES = {
    "A": "known directly to the source",
    "B": "known indirectly to the source but corroborated",
    "C": "known indirectly to the source",
    "D": "not known",
    "E": "suspected to be false",
}
HANDLING = {"P": "lawful sharing permitted", "C": "lawful sharing permitted with conditions"}


def grade_sign(grade: Any) -> str:
    """Return the badge of a grade such as "1A": filled for A and B, half for C, hollow for D and E."""
    text = plain(grade)
    if not text:
        return "◌ not graded"
    letter = text[-1].upper()
    return f"{'●' if letter in 'AB' else '◐' if letter == 'C' else '○'} {text}"


def grade_words(grade: Any) -> str:
    """Return the full wording of a grade such as "1A"."""
    text = plain(grade).upper()
    words = [SOURCE_GRADES.get(text[:1], ""), INFORMATION_GRADES.get(text[-1:], "")]
    return ", ".join(word for word in words if word) or "no grade recorded"


def handling_words(handling: Any) -> str:
    """Return the full wording of a handling code."""
    return HANDLING.get(plain(handling).upper(), "no handling code recorded")


_LINES = {
    "solid": '<line x1="1" y1="9" x2="33" y2="9" stroke="{c}" stroke-width="3"/>',
    "dashed": '<line x1="1" y1="9" x2="33" y2="9" stroke="{c}" stroke-width="3" stroke-dasharray="6 4"/>',
    "double": '<path d="M1 6h32M1 12h32" stroke="{c}" stroke-width="2.5" fill="none"/>',
    "dotted_once": '<path d="M1 9h32" stroke="{c}" stroke-width="2"/><circle cx="17" cy="9" r="4.5" fill="{c}"/>',
    "dotted": '<line x1="1" y1="9" x2="33" y2="9" stroke="{c}" stroke-width="3" stroke-dasharray="2 3"/>',
}


def _entry(picture: str, width: int, words: str) -> str:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="18" viewBox="0 0 {width} 18">{picture}</svg>'
    return f'<span class="cm-key">{_picture(svg, width, 18)}<span>{markup(words)}</span></span>'


def icon_address(kind: Kind) -> str:
    """Return the white icon of a kind as a data address for Cytoscape.js: nothing is fetched."""
    return _white(kind.icon)


def _white(path: str, *, colour: str = "#ffffff") -> str:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48" viewBox="0 0 24 24"><path fill="{colour}" fill-rule="evenodd" d="{path}"/></svg>'
    return f"url('data:image/svg+xml;utf8,{quote(svg)}')"


def symbol(kind: Kind, size: int = 20) -> str:
    """Return the symbol of a kind as an HTML picture, for legends and lists."""
    return _picture(kind_svg(kind), size, size)


def _picture(svg: str, width: int, height: int) -> str:
    # Streamlit strips inline SVG from HTML; a picture with a data address stays, and nothing is fetched.
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="" width="{width}" height="{height}" src="data:image/svg+xml;base64,{data}">'


def legend_html(
    kinds: Iterable[str],
    *,
    bases: Iterable[str] = (),
    protective: bool = False,
    harm: bool = False,
    faded: str = "",
    extra: str = "",
) -> str:
    """Return the legend of a picture: only what the picture holds, in a fixed order."""
    shown = set(kinds)
    parts = [
        f'<span class="cm-key">{symbol(kind)}<span>{markup(kind.label)}</span></span>'
        for name, kind in KINDS.items()
        if name in shown
    ]
    wanted = set(bases)
    parts += [
        _entry(_LINES[basis.line].format(c=LINE), 34, basis.words)
        for name, basis in BASES.items()
        if name in wanted
    ]
    if protective:
        parts.append(_entry(_LINES["dotted_once"].format(c=PROTECTIVE), 34, "protective link"))
    if harm:
        parts.append(
            _entry(_LINES["solid"].format(c=HARM), 34, "harm by an adult of concern (arrow to the child)")
        )
    if faded:
        parts.append(
            _entry(
                '<line x1="1" y1="9" x2="33" y2="9" stroke="#5f6b76" stroke-opacity="0.3" stroke-width="3"/>',
                34,
                faded,
            )
        )
    if extra:
        parts.append(f'<span class="cm-key"><span>{markup(extra)}</span></span>')
    return f'<div class="cm-legend" role="note" aria-label="What the colours, shapes and lines mean">{"".join(parts)}</div>'
