"""Grid references as people read them."""

from __future__ import annotations

import pytest

from geo.grid_reference import grid_reference


@pytest.mark.parametrize(
    ("easting", "northing", "digits", "said"),
    [
        # The water tower at Caister in the Ordnance Survey's guide to coordinate systems.
        (651409.903, 313177.270, 5, "TG 51409 13177"),
        # The top of Ben Nevis.
        (216_666, 771_288, 3, "NN 166 712"),
        (530_000, 180_000, 4, "TQ 3000 8000"),
        (0, 0, 5, "SV 00000 00000"),
        (float("nan"), 5, 5, ""),
        (700_000, 5, 5, ""),
    ],
)
def test_a_point_has_the_reference_a_map_gives_it(
    easting: float, northing: float, digits: int, said: str
) -> None:
    assert grid_reference(easting, northing, digits=digits) == said


def test_digits_are_one_to_five() -> None:
    with pytest.raises(ValueError, match=r"digits is 6; give 1 to 5\."):
        grid_reference(1, 1, digits=6)
