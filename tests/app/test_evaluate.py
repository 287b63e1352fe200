"""What the command `evaluate` prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from geo.displacement import NO_AROUND, PEAK


@pytest.fixture
def evaluate(run: Any) -> Callable[..., Any]:
    """Run `contextmap evaluate` in this process."""
    return lambda *arguments: run("evaluate", *arguments)


def test_the_published_figures_are_printed(
    evaluate: Callable[..., Any],
) -> None:
    # Wheeler and Ratcliffe 2018, Crime Science 7, 11: their worked example.
    rings = ("--around-treated", 178, 157, "--around-control", 150, 140)
    assert evaluate("--treated", 207, 110, "--control", 308, 318, *rings) == (
        0,
        "Weighted displacement difference: -118.0, standard error 39.6, 95% interval -195.6 to -40.4.\n"
        "In the places against the control: -107.0. Around them against around the control: -11.0.\n"
        "118.0 fewer than the control leads one to expect, 95% interval -195.6 to -40.4.\n"
        f"Note: {PEAK}\n",
        "",
    )


def test_earlier_periods_say_whether_the_places_were_at_their_peak(
    evaluate: Callable[..., Any],
) -> None:
    earlier = ("--earlier", 14, "--earlier", 16, "--periods", 2, 1, "--level", 0.9)
    code, printed, _ = evaluate("--treated", 30, 12, "--control", 20, 20, *earlier)
    assert code == 0
    assert "Weighted displacement difference: -13.0" in printed
    assert "90% interval" in printed
    assert "Around them" not in printed
    assert "The 30 before the work were more than in any of the 2 periods before them (mean 15.0)" in printed
    assert printed.splitlines()[-1] == f"Note: {NO_AROUND}"


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (("--control", 308, -1), "control is 308, -1: a count is 0 or more"),
        (("--control", 308, 318, "--around-treated", 1, 2), "Counts around the places are given on one side only."),
        (("--control", 308, 318, "--level", 2), "level is 2: a level is between 0 and 1"),
    ],
)  # fmt: skip
def test_counts_that_cannot_be_are_wrong_usage(
    more: tuple[object, ...],
    complaint: str,
    evaluate: Callable[..., Any],
) -> None:
    code, said, complained = evaluate("--treated", 207, 110, *more)
    assert (code, said, complaint in complained) == (2, "", True)
