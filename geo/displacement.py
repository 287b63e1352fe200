"""Tell whether counts fell where work was done, by the weighted displacement difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import NormalDist

Pair = tuple[float, float]

PEAK = (
    "Places that were chosen because their counts were at a peak fall anyway, work or no work (regression to the mean): "
    "part of a fall here may be that. Compare with places that were as high and were left alone, and with more than "
    "one earlier period."
)
FEW = (
    "A count here is below 5. The interval rests on the normal approximation to the Poisson distribution, which needs more: "
    "read it as rough."
)
NO_AROUND = "Nothing was counted around the places, so what may have moved next door is not in the estimate."


@dataclass(frozen=True)
class Displacement:
    """The difference that work made, as far as counts can tell.

    Attributes
    ----------
    estimate : change beyond that of the control, in the places and around them together; below 0 is a fall.
    standard_error, low, high : of the estimate, with the interval at `level`.
    places, around : the two parts that the estimate adds up.
    level : of the interval.
    notes : what the reader must know before believing it; the warning on places picked at their peak comes first.
    """

    estimate: float
    standard_error: float
    low: float
    high: float
    places: float
    around: float
    level: float
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What the interval allows to be said."""
        between = f"{self.level:.0%} interval {self.low:.1f} to {self.high:.1f}"
        if self.low <= 0 <= self.high:
            return f"No difference beyond chance can be shown: estimate {self.estimate:.1f}, {between}."
        what = "fewer" if self.estimate < 0 else "more"
        return f"{abs(self.estimate):.1f} {what} than the control leads one to expect, {between}."


def weighted_displacement(
    treated: Pair,
    control: Pair,
    *,
    around_treated: Pair | None = None,
    around_control: Pair | None = None,
    periods: Pair = (1, 1),
    sizes: Sequence[float] = (1, 1, 1, 1),
    level: float = 0.95,
    earlier: Sequence[float] = (),
) -> Displacement:
    """Compare the change where work was done with the change elsewhere, and so around both.

    estimate = (change in treated - change in control) + (change around treated - change around control), where a
    change is the count after less the count before. Counts are taken as Poisson, so the variance of the estimate
    is the sum of the eight counts. With periods of unequal length or areas of unequal size each count is first
    divided by both, and its variance by their square; the estimate is then for one unit of each.

    Parameters
    ----------
    treated, control : count before and count after.
    around_treated, around_control : the same of the ring around each; both or neither.
    periods : length of the period before and after, in any one unit.
    sizes : of treated, control, the ring around treated and the ring around control.
    level : of the interval, between 0 and 1.
    earlier : counts of the treated places in periods before the one before, as long as it, oldest first; where they
        are given the warning says whether the places were picked at their peak.

    Returns
    -------
    Displacement, with the warning on places picked at their peak.

    Raises
    ------
    ValueError
        A count is below 0 or not a number, only one ring is given, a length or size is not above 0, or the level is
        not between 0 and 1.

    Source: Wheeler and Ratcliffe 2018, Crime Science 7, 11. Limits: counts of repeats of the same child vary more than
    Poisson ones, and the control must be like the treated places in all but the work.
    """
    if (around_treated is None) != (around_control is None):
        msg = "Counts around the places are given on one side only. Give around_treated and around_control, or neither."
        raise ValueError(msg)
    pairs = [treated, control, around_treated or (0, 0), around_control or (0, 0)]
    _validate(pairs, periods, sizes, level)
    divided = [
        [(count, length * size) for count, length in zip(pair, periods, strict=True)]
        for pair, size in zip(pairs, sizes, strict=True)
    ]
    changes = [after[0] / after[1] - before[0] / before[1] for before, after in divided]
    error = sqrt(sum(count / unit**2 for pair in divided for count, unit in pair))
    places, around = changes[0] - changes[1], changes[2] - changes[3]
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    estimate = places + around
    notes = [_peak(treated[0], earlier)]
    given = pairs if around_treated is not None else pairs[:2]
    notes += [FEW] if min(count for pair in given for count in pair) < 5 else []
    notes += [NO_AROUND] if around_treated is None else []
    return Displacement(
        estimate, error, estimate - reach, estimate + reach, places, around, level, tuple(notes)
    )


def _peak(before: float, earlier: Sequence[float]) -> str:
    """Warn of places picked at their peak, with what the earlier periods say."""
    if not len(earlier):
        return PEAK
    mean = sum(earlier) / len(earlier)
    if before > max(earlier):
        return (
            f"The {before:g} before the work were more than in any of the {len(earlier)} periods before them (mean {mean:.1f}): "
            f"these places were picked at their peak. {PEAK}"
        )
    return f"The {before:g} before the work stand against a mean of {mean:.1f} in the {len(earlier)} periods before them. {PEAK}"


def _validate(pairs: Sequence[Pair], periods: Pair, sizes: Sequence[float], level: float) -> None:
    faults = []
    names = ("treated", "control", "around_treated", "around_control")
    for name, pair in zip(names, pairs, strict=True):
        if not all(isfinite(count) and count >= 0 for count in pair):
            faults.append(f"{name} is {pair[0]:g}, {pair[1]:g}: a count is 0 or more")
    if len(sizes) != 4 or not all(each > 0 for each in sizes):
        faults.append(f"sizes is {', '.join(f'{each:g}' for each in sizes)}: give four sizes above 0")
    if not all(each > 0 for each in periods):
        faults.append(f"periods is {periods[0]:g}, {periods[1]:g}: a length is above 0")
    if not 0 < level < 1:
        faults.append(f"level is {level:g}: a level is between 0 and 1")
    if faults:
        msg = f"The difference cannot be worked out: {'; '.join(faults)}."
        raise ValueError(msg)
