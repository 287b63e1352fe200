"""Write a point of the British National Grid as people read it on a map."""

from __future__ import annotations

from math import floor, isfinite

_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # no I
_EAST, _NORTH = 700_000, 1_300_000


def grid_reference(easting: float, northing: float, *, digits: int = 5) -> str:
    """Return a grid reference with its letters, as "TG 51409 13177" for 651409, 313177.

    The letters name a square of 500 km and in it one of 100 km (Ordnance Survey, A guide to coordinate systems in Great
    Britain); the digits are cut, not rounded, so that the reference names the square the point lies in.

    Parameters
    ----------
    easting, northing : metres.
    digits : of each number; 5 names a square metre, 4 one of ten metres.

    Returns
    -------
    The reference, or "" where the point is not known or outside the grid.

    Raises
    ------
    ValueError
        The digits are not 1 to 5.
    """
    if not 1 <= digits <= 5:
        msg = f"digits is {digits}; give 1 to 5."
        raise ValueError(msg)
    if not (isfinite(easting) and isfinite(northing)) or not (
        0 <= easting < _EAST and 0 <= northing < _NORTH
    ):
        return ""
    east, north = floor(easting), floor(northing)
    # Squares are counted from the false origin of the 500 km letters, 1,000 km west and 500 km south.
    column, row = east // 100_000 + 10, north // 100_000 + 5
    large = _LETTERS[(4 - row // 5) * 5 + column // 5]
    small = _LETTERS[(4 - row % 5) * 5 + column % 5]
    size = 10 ** (5 - digits)
    return f"{large}{small} {east % 100_000 // size:0{digits}d} {north % 100_000 // size:0{digits}d}"
