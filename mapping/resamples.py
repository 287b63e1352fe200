"""Draw reports again and group again: how often each group, and each place in it, comes back."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np

from mapping.apart import Progress, heed
from mapping.jaccard import best_matches
from mapping.partition import Floats, Integers, mixed
from mapping.reports import Grouped, Hashes, Reports, regroup

# The chance that a report is drawn no, one, two ... times: Poisson with mean 1, to the last digit of a float.
_POISSON = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(19)])


@dataclass(frozen=True)
class Stability:
    """How groups and places in them fared over resamples.

    Attributes
    ----------
    stability : mean Jaccard similarity of each group with its best match, shape (g,).
    held : in how many resamples each group was there, with a best match of more than a half, shape (g,).
    stayed : in how many resamples each person was with the core of their group, shape (n,).
    """

    stability: Floats
    held: Integers
    stayed: Integers


def stability(
    reports: Reports,
    grouped: Grouped,
    *,
    resamples: int = 100,
    seed: int = 0,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Stability:
    """Resample reports, group again at the same resolution, and match each group with what was found.

    Each report is drawn a number of times that is Poisson with mean 1 and comes from the seed, the number
    of the resample and the report's id alone (Hanley and MacGibbon 2006, Computer Methods and Programs in
    Biomedicine 83, 57-62): so a report elsewhere changes nothing here, which drawing a fixed number of all
    reports would. The share of an item, 1 / (n - 1), stays as in the plain run.

    Parameters
    ----------
    seed : of the draws; groups are searched for with the seed they were found with.
    progress : called with how many resamples are done, and of how many.
    stop : set by somebody who no longer wants the answer.

    Source: Hennig 2007, Computational Statistics & Data Analysis 52, 258-271.

    Raises
    ------
    ValueError
        No resamples.
    Stopped
        `stop` was set.
    """
    if resamples < 1:
        msg = f"{resamples} resamples were asked for; stability needs at least 1."
        raise ValueError(msg)
    groups = len(grouped.communities)
    similar, held = np.zeros(groups), np.zeros(groups, dtype=np.int64)
    stayed = np.zeros(len(grouped.group), dtype=np.int64)
    of, members = grouped.group[grouped.group >= 0], np.flatnonzero(grouped.group >= 0)
    for draw in range(resamples):
        heed(stop)
        units = reports.weigh(times_drawn(reports.key, seed=seed, draw=draw))
        community = regroup(reports.network, units, resolution=grouped.resolution, seed=grouped.seed)
        found = best_matches(grouped.group, community, groups=groups)
        similar += found.jaccard
        held += found.there
        stayed[members] += community[members] == found.core[of]
        if progress is not None:
            progress(draw + 1, resamples)
    return Stability(similar / resamples, held, stayed)


def times_drawn(key: Hashes, *, seed: int, draw: int) -> Integers:
    """Return how many times each report is drawn in one resample, shape (r,)."""
    return np.searchsorted(_POISSON, uniform(key, seed=seed, draw=draw), side="right").astype(np.int64)


def uniform(key: Hashes, *, seed: int, draw: int) -> Floats:
    """Return a number from 0 up to 1 for each key, the same for the same key, seed and draw."""
    stream = mixed(np.array([seed % 2**64], dtype=np.uint64)) + np.uint64(draw)
    return (mixed(key ^ mixed(stream)) >> np.uint64(11)) / 2.0**53
