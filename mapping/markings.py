"""Say how a page or a document may be marked."""

from __future__ import annotations

MARKINGS = ("OFFICIAL", "OFFICIAL-SENSITIVE")
MARKING = "OFFICIAL-SENSITIVE"
"""How everything is marked unless somebody says that it is for a wider audience."""


def marking_fault(marking: str) -> str:
    """Return why something may not be marked like this; "" where it may.

    SECRET and above are refused: this is not a tool for what they stand for.
    """
    if marking in MARKINGS:
        return ""
    return f"{marking!r} is not a marking for this tool: use {' or '.join(MARKINGS)}. SECRET and above do not belong here."
