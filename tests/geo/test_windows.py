from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import windows
from geo.windows import Bars, Windows, best_windows, largest_ratios, log_likelihood_ratio


def plain_ratio(count: int, expected: float, total: int, direction: str) -> float:
    """Work out the log likelihood ratio with logarithms written out, as in Kulldorff (1997)."""
    if (direction == "high" and count <= expected) or (direction == "low" and count >= expected):
        return 0.0
    inside = count * math.log(count / expected) if count else 0.0
    rest = total - count
    return inside + (rest * math.log(rest / (total - expected)) if rest else 0.0)


def plain_windows(map_: Windows, counts: np.ndarray) -> list[tuple[float, frozenset[int], int]]:
    """Enumerate every circle and every run plainly: the ratio, the areas and the run of each window."""
    found = []
    limit = map_.max_share * map_.size.sum()
    for centre in range(map_.areas):
        square = (map_.x - map_.x[centre]) ** 2 + (map_.y - map_.y[centre]) ** 2
        for radius in sorted(set(square.tolist())):
            inside = np.flatnonzero(square <= radius)
            if map_.size[inside].sum() > limit or math.sqrt(radius) > map_.max_radius * 1000:
                continue
            for run, (first, last) in enumerate(map_.runs):
                part = np.ix_(inside, range(first, last + 1))
                expected = map_.weight[part].sum() * map_.total / map_.weight.sum()
                ratio = plain_ratio(int(counts[part].sum()), expected, map_.total, map_.direction)
                found.append((ratio, frozenset(inside.tolist()), run))
    return found


def a_map(
    seed: int, *, periods: int = 1, direction: str = "high", **more: object
) -> tuple[Windows, np.ndarray]:
    """Make a small random map; on a coarse grid, so that many distances are equal."""
    rng = np.random.default_rng(seed)
    areas = int(rng.integers(4, 12))
    size = rng.integers(1, 50, areas).astype(float)
    weight = size[:, None] * rng.integers(1, 4, (1, periods))
    counts = rng.multinomial(60, rng.dirichlet(np.ones(weight.size))).reshape(weight.shape)
    runs = [(a, b) for length in range(periods) for a in range(periods) for b in [a + length] if b < periods]
    place = [(1000 * rng.integers(0, 5, areas)).astype(np.int64) for _ in range(2)]
    return Windows(*place, size, weight, 60, np.array(runs), direction=direction, **more), counts  # type: ignore[arg-type]


@pytest.mark.parametrize("direction", ["high", "low", "both"])
@pytest.mark.parametrize("periods", [1, 4])
def test_the_best_windows_are_those_of_a_plain_enumeration(periods: int, direction: str) -> None:
    for seed in range(25):
        map_, counts = a_map(seed, periods=periods, direction=direction)
        plain = plain_windows(map_, counts)

        found = best_windows(map_, counts, np.arange(map_.areas))

        assert found.ratio.max() == pytest.approx(max((each[0] for each in plain), default=0.0), abs=1e-8)
        best = int(np.argmax(found.ratio))
        if found.ratio[best] > 0:
            order, _ = map_.circles(np.array([best]))
            members = frozenset(order[0, : found.depth[best]].tolist())
            close = [(inside, run) for ratio, inside, run in plain if ratio > found.ratio[best] - 1e-7]
            assert (members, int(found.run[best])) in close


@pytest.mark.parametrize(("share", "radius"), [(0.2, np.inf), (0.5, 2.0), (0.35, 1.5)])
def test_circles_stop_at_the_share_and_at_the_radius(share: float, radius: float) -> None:
    for seed in range(25):
        map_, counts = a_map(seed, max_share=share, max_radius=radius)
        plain = {inside for _, inside, _ in plain_windows(map_, counts)}

        order, ends = map_.circles(np.arange(map_.areas))

        circles = {
            frozenset(order[at, : depth + 1].tolist())
            for at in range(map_.areas)
            for depth in np.flatnonzero(ends[at])
        }
        assert circles == plain


@pytest.mark.parametrize("most", [1, 3, 100])
def test_circles_stop_at_the_most_areas(most: int) -> None:
    for seed in range(25):
        map_, counts = a_map(seed, max_areas=most)
        plain = {inside for _, inside, _ in plain_windows(map_, counts) if len(inside) <= most}
        order, ends = map_.circles(np.arange(map_.areas))
        circles = {
            frozenset(order[at, : depth + 1].tolist())
            for at in range(map_.areas)
            for depth in np.flatnonzero(ends[at])
        }
        assert circles == plain


@pytest.mark.parametrize("direction", ["high", "low", "both"])
@pytest.mark.parametrize("periods", [1, 3])
def test_replications_are_weighed_as_one_map_at_a_time_would_be(periods: int, direction: str) -> None:
    for seed in range(6):
        map_, counts = a_map(seed, periods=periods, direction=direction)
        share = (map_.weight / map_.weight.sum()).ravel()
        chance = np.random.default_rng(seed).multinomial(60, share, size=15)
        stacked = chance.T.reshape(*counts.shape, 15).astype(np.int16)

        found = largest_ratios(map_, stacked)

        plain = [max(each[0] for each in plain_windows(map_, one.reshape(counts.shape))) for one in chance]
        assert found == pytest.approx(plain, abs=1e-8)


def test_small_blocks_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    map_, counts = a_map(7, periods=3)
    stacked = np.random.default_rng(1).multinomial(60, np.full(counts.size, 1 / counts.size), size=9)
    stacked = stacked.T.reshape(*counts.shape, 9).astype(np.int16)
    whole = largest_ratios(map_, stacked), best_windows(map_, counts, np.arange(map_.areas)).ratio

    monkeypatch.setattr(windows, "CELLS", 1)
    monkeypatch.setattr(windows, "DISTANCES", 1)

    assert (largest_ratios(map_, stacked) == whole[0]).all()
    assert (best_windows(map_, counts, np.arange(map_.areas)).ratio == whole[1]).all()


def test_only_the_nearest_are_sorted_where_circles_are_small() -> None:
    rng = np.random.default_rng(3)
    place = [rng.integers(0, 40, 400) * 1000 for _ in range(2)]
    size = rng.integers(1, 9, 400).astype(float)
    narrow = Windows(*place, size, size[:, None], 100, max_share=0.02)

    order, ends = narrow.circles(np.arange(400))

    for centre in range(0, 400, 7):
        square = (place[0] - place[0][centre]) ** 2 + (place[1] - place[1][centre]) ** 2
        plain = [np.flatnonzero(square <= radius) for radius in sorted(set(square.tolist()))]
        plain = [inside for inside in plain if size[inside].sum() <= 0.02 * size.sum()]
        closed = [np.sort(order[centre, : depth + 1]) for depth in np.flatnonzero(ends[centre])]
        assert [list(each) for each in closed] == [list(each) for each in plain]


@settings(max_examples=60, deadline=None)
@given(total=st.integers(1, 200), share=st.floats(0.001, 0.999), floor=st.sampled_from([0.5, 1.0, 4.0]))
def test_a_bar_lets_through_every_window_above_the_floor(total: int, share: float, floor: float) -> None:
    expected, events = np.array([share * total]), np.arange(total + 1)
    bars = Bars.build(total, floor, "both")
    high, low = bars.at(expected, np.array([True]), np.dtype(np.int16))
    over = log_likelihood_ratio(events, expected, total, direction="high") >= floor + 1e-9
    under = log_likelihood_ratio(events, expected, total, direction="low") >= floor + 1e-9

    assert (events[over] >= high).all()
    assert (events[under] <= low).all()
    # And hardly any below it: at most the one on the bar.
    assert (events >= high).sum() - over.sum() in (0, 1)
    assert (events <= low).sum() - under.sum() in (0, 1)


def test_the_ratio_of_all_and_of_none_is_finite() -> None:
    found = log_likelihood_ratio([0, 10, 3, 3], [4.0, 4.0, 3.0, 0.5], 10, direction="both")

    assert found == pytest.approx(
        [10 * math.log(10 / 6), 10 * math.log(10 / 4), 0.0, plain_ratio(3, 0.5, 10, "high")]
    )


def test_the_windows_dcluster_reports_for_sudden_infant_deaths(realdata: Path) -> None:
    # R's DCluster on nc.sids, 1974-78: opgam(..., iscluster=kn.iscluster, fractpop=.15), whose output lists for each
    # centre the likelihood ratio (not its logarithm) and the number of counties in the window.
    published = {
        "Currituck": (11269.293, 25),
        "Northampton": (182768.987, 7),
        "Hertford": (39205.468, 7),
        "Camden": (9653.832, 26),
        "Gates": (10512.742, 22),
        "Halifax": (67148.419, 20),
        "Pasquotank": (9653.832, 26),
        "Perquimans": (9653.832, 26),
        "Chowan": (28388.070, 27),
        "Edgecombe": (687490.572, 16),
        "Martin": (186997.037, 16),
        "Washington": (10556.975, 27),
        "Dare": (8241.024, 25),
        "Columbus": (124587.391, 3),
    }
    table = pd.read_csv(realdata / "spatial/nc_sids/nc_sids_spData.csv")
    # The columns hold kilometres; a millionth of one is a millimetre.
    place = [np.rint(table[axis].to_numpy() * 1e6).astype(np.int64) for axis in ("x", "y")]
    births = table["BIR74"].to_numpy(dtype=float)
    deaths = table["SID74"].to_numpy(dtype=np.int64)
    # DCluster lets in the county at which the share is passed; for three centres that makes the difference.
    passed = ("Chowan", "Washington", "Dare")
    for county, (ratio, size) in published.items():
        share = 0.168 if county in passed else 0.15
        map_ = Windows(*place, births, births[:, None], int(deaths.sum()), max_share=share)
        found = best_windows(map_, deaths[:, None], np.array([table["county"].tolist().index(county)]))
        assert (np.exp(found.ratio[0]), found.depth[0]) == (pytest.approx(ratio, abs=0.001), size), county
