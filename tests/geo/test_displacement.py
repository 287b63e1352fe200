from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from geo.displacement import FEW, NO_AROUND, PEAK, weighted_displacement


def test_the_published_figures_reproduce() -> None:
    # Wheeler and Ratcliffe 2018, Crime Science 7, 11: their worked example.
    found = weighted_displacement(
        (207, 110), (308, 318), around_treated=(178, 157), around_control=(150, 140)
    )

    assert found.estimate == -118
    assert found.standard_error == sqrt(1568)
    assert (round(found.low, 1), round(found.high, 1)) == (-195.6, -40.4)
    assert (found.places, found.around) == (-107, -11)
    assert found.sentence == "118.0 fewer than the control leads one to expect, 95% interval -195.6 to -40.4."
    assert found.notes == (PEAK,)


def test_periods_of_unequal_length() -> None:
    # Test "Time Weights" of the R package ptools (Wheeler): two units before, one after.
    found = weighted_displacement((80, 20), (100, 50), periods=(2, 1))

    assert (found.estimate, found.standard_error) == (-20, sqrt(115))
    assert found.notes == (PEAK, NO_AROUND)


def test_areas_of_unequal_size() -> None:
    # Test "Area Weights" of the R package ptools (Wheeler).
    found = weighted_displacement(
        (207, 110),
        (308, 318),
        around_treated=(178, 157),
        around_control=(150, 140),
        sizes=(1.2, 0.9, 1.5, 1.6),
    )

    figures = [found.estimate, found.standard_error, found.low, found.high]
    assert figures == pytest.approx([-99.69444444, 35.4280755, -169.1321965, -30.25669241])


def test_what_chance_explains_is_not_called_a_difference() -> None:
    found = weighted_displacement((20, 18), (20, 20))

    assert found.sentence.startswith("No difference beyond chance can be shown: estimate -2.0, 95% interval")


def test_small_counts_are_said() -> None:
    assert weighted_displacement((4, 2), (9, 9)).notes == (PEAK, FEW, NO_AROUND)


def test_places_picked_at_their_peak_are_said_to_be() -> None:
    high = weighted_displacement((30, 12), (20, 20), earlier=[14, 16, 15]).notes[0]
    usual = weighted_displacement((15, 12), (20, 20), earlier=[14, 16, 15]).notes[0]

    assert high.startswith(
        "The 30 before the work were more than in any of the 3 periods before them (mean 15.0)"
    )
    assert usual.startswith(
        "The 15 before the work stand against a mean of 15.0 in the 3 periods before them."
    )
    assert high.endswith(PEAK)
    assert usual.endswith(PEAK)


def test_the_interval_covers_the_truth() -> None:
    # 2,000 weeks of action that take a fifth away, with counts of about 30: the interval covers that about 95 times in 100.
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(2000):
        counts = rng.poisson([[30, 24], [30, 30], [20, 20], [20, 20]]).tolist()
        found = weighted_displacement(
            counts[0], counts[1], around_treated=counts[2], around_control=counts[3]
        )
        covered += found.low <= -6 <= found.high

    assert covered / 2000 == pytest.approx(0.95, abs=0.015)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(
        ValueError,
        match=r"control is -1, 2: a count is 0 or more; sizes is 1, 0, 1, 1: give four sizes above 0; periods is 0, 1: a length",
    ):
        weighted_displacement((1, 2), (-1, 2), sizes=(1, 0, 1, 1), periods=(0, 1))
    with pytest.raises(ValueError, match="level is 95: a level is between 0 and 1"):
        weighted_displacement((1, 2), (1, 2), level=95)
    with pytest.raises(ValueError, match="given on one side only"):
        weighted_displacement((1, 2), (1, 2), around_treated=(1, 2))
