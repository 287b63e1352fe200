"""Find areas that are high, or unlike their neighbours, beyond what chance explains."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.scan import left_out, numbers

if TYPE_CHECKING:
    from libpysal.graph import Graph

Floats = npt.NDArray[np.float64]
Side = Literal["high", "low"]

NO_BOUNDARY = "no boundary is known"
NO_FIGURE = "no figure is known"
NO_PEOPLE = "population is not known"
NOBODY = "nobody lives there"
NO_NEIGHBOUR = "no neighbour with a figure"
ALIKE = "all areas have the same figure"
WHOLE_MAP = "every other area is its neighbour"
# esda numbers the quarters of the Moran scatterplot 1 to 4.
KINDS = {1: "high among high", 2: "low among high", 3: "low among low", 4: "high among low"}
# Sums of the same numbers in another order differ by less than this share of them.
ROUNDING = 1e-9
# esda draws from numpy's one generator for the whole process; this keeps two users from each other's.
_drawing = threading.Lock()


class Moran(NamedTuple):
    """Global Moran's I: whether neighbours are alike at all.

    Attributes
    ----------
    moran : about 0 where neighbours are as unlike as any two areas; towards 1 where they are alike.
    expected : what it is on average where there is no pattern, -1 / (areas - 1).
    p_value : chance of a value as high, from permutations.
    areas : how many areas have a figure and a neighbour with one.
    """

    moran: float
    expected: float
    p_value: float
    areas: int


def gi_star(
    values: pd.Series[Any],
    neighbours: Graph,
    *,
    side: Side = "high",
    permutations: int = 9_999,
    level: float = 0.05,
    robust: bool = False,
    seed: int = 0,
) -> pd.DataFrame:
    """Find areas that with their neighbours are higher (or lower) than chance would make them.

    Getis-Ord Gi* with binary weights, the area itself included (Ord and Getis 1995, Geographical Analysis 27,
    286-306), through esda. The p-value comes from permutations in which the area keeps its value and its neighbours are
    dealt values from all others; it is for one side. Over all areas tested the false-discovery rate is controlled
    (Benjamini and Hochberg 1995): of the areas called hotspots, on average no more than `level` are so by chance.

    Parameters
    ----------
    values : one number an area: a rate, better a `standardised_rate`, since raw rates of small areas swing most.
    neighbours : from `build_neighbours`.
    side : "high" for hotspots, "low" for cold spots.
    permutations : no p-value is below 1 / (permutations + 1); see `fewest_found`.
    robust : work on `normal_scores` of the values, so that one area far out cannot hide all others.

    Returns
    -------
    On the index of `values`: gi_star_z (standard deviations above what is expected), gi_star_p, gi_star_q (p-value
    adjusted for the number of areas), `hotspot` (`coldspot` for the low side) and not_tested, the reason why an
    area was left out, "" otherwise. An area without a figure or boundary is left out, never taken for nought; so is
    one without any neighbour that has a figure. All else is missing there.

    Raises
    ------
    ValueError
        An area comes twice, or an option is out of its range.
    """
    validate_options(permutations, level)
    known, graph, reasons = _tested(values, neighbours)
    spot = "hotspot" if side == "high" else "coldspot"
    columns: dict[str, Floats] = dict.fromkeys(("gi_star_z", "gi_star_p"), np.empty(0))
    if graph is not None:
        known = normal_scores(known) if robust else known
        from esda import G_Local

        with _seeded(seed), np.errstate(invalid="ignore"):
            # Gi* is the same for values moved up, and esda divides by their sum: that must not be near 0.
            found = G_Local(
                known.to_numpy() - known.min() + np.ptp(known),
                graph,
                transform="B",
                star=True,
                permutations=permutations,
                n_jobs=1,
                seed=seed,
            )
        columns = {"gi_star_z": found.Zs, "gi_star_p": _tails(found.sim, found.Gs)[side]}
    table = pd.DataFrame(columns, index=known.index)
    whole = table["gi_star_z"].isna()  # nought divided by nought: there is nothing to compare it with
    table.loc[whole, "gi_star_p"] = np.nan
    reasons[table.index[whole]] = WHOLE_MAP
    table["gi_star_q"] = false_discovery(table["gi_star_p"])
    table = table.reindex(values.index)
    table[spot] = (table["gi_star_q"] <= level).astype("boolean").mask(table["gi_star_q"].isna())
    table["not_tested"] = reasons
    return table


def local_moran(
    values: pd.Series[Any],
    neighbours: Graph,
    *,
    permutations: int = 9_999,
    level: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Find areas that are like their neighbours, or unlike them, beyond chance.

    Local Moran's I with weights that add up to one for each area (Anselin 1995, Geographical Analysis 27, 93-115),
    through esda; p-values from permutations, for both sides (the nearer tail counted twice), adjusted as in `gi_star`.

    Returns
    -------
    On the index of `values`: local_moran, local_moran_p, local_moran_q, local_moran_kind ("high among high", "low
    among low", "high among low", "low among high" where the adjusted p-value is at most `level`, else missing), and
    not_tested. Parameters and errors are those of `gi_star`.
    """
    validate_options(permutations, level)
    known, graph, reasons = _tested(values, neighbours)
    found = None
    if graph is not None:
        from esda import Moran_Local

        with _seeded(seed):
            found = Moran_Local(known.to_numpy(), graph, permutations=permutations, n_jobs=1, seed=seed)
    return _local_moran_table(found, known.index, reasons, level)


def local_moran_rate(
    observed: pd.Series[Any],
    population: pd.Series[Any],
    neighbours: Graph,
    *,
    permutations: int = 9_999,
    level: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Find areas whose rate is like, or unlike, their neighbours', allowing for how many people each rate rests on.

    Local Moran's I of rates standardised by Assuncao and Reis (1999, Statistics in Medicine 18, 2147-2162), through
    esda's Moran_Local_Rate. An area where nobody lives is left out. The rest is as in `local_moran`.
    """
    validate_options(permutations, level)
    rate, refused = _rates(observed, population)
    known, graph, reasons = _tested(rate, neighbours)
    found = None
    if graph is not None:
        from esda import Moran_Local_Rate

        counted, people = (numbers(part.reindex(known.index)) for part in (observed, population))
        with _seeded(seed):
            found = Moran_Local_Rate(counted, people, graph, permutations=permutations, n_jobs=1, seed=seed)
    return _local_moran_table(found, known.index, refused.where(refused != "", reasons), level)


def moran(values: pd.Series[Any], neighbours: Graph, *, permutations: int = 999, seed: int = 0) -> Moran:
    """Say whether neighbouring areas are alike at all, before asking where (global Moran's I, through esda).

    Raises
    ------
    ValueError
        Fewer than three areas have a figure and a neighbour with one, or all have the same.
    """
    validate_options(permutations, 0.05)
    known, graph, _ = _tested(values, neighbours)
    if graph is None:
        msg = "There are fewer than three areas with differing figures and a neighbour, so there is no pattern to test."
        raise ValueError(msg)
    import esda

    with _seeded(seed):
        found = esda.Moran(known.to_numpy(), graph, permutations=permutations, two_tailed=False)
    p_value = (1 + int((found.sim >= found.I - ROUNDING).sum())) / (permutations + 1)
    return Moran(float(found.I), float(found.EI), p_value, len(known))


def standardised_rate(observed: pd.Series[Any], population: pd.Series[Any]) -> pd.Series[float]:
    """Put rates on a scale on which small and large areas vary alike.

    The rate's distance from the rate of all areas together, over the standard deviation to be expected for an area
    with so many people (Assuncao and Reis 1999), through esda. Missing where the count or the population is, or
    where nobody lives.
    """
    return _rates(observed, population)[0]


def normal_scores(values: pd.Series[Any]) -> pd.Series[float]:
    """Put values on the normal curve by their order alone; ties share a place, missing stay missing.

    The value of rank r of n becomes the normal quantile of (r - 3/8) / (n + 1/4) (Blom 1958, Statistical Estimates and
    Transformed Beta-Variables). How far out the highest lies no longer counts, only that it is the highest.
    """
    from scipy.stats import norm

    rank = values.rank()
    scores = norm.ppf((rank - 0.375) / (rank.notna().sum() + 0.25))
    return pd.Series(scores, index=values.index, dtype="float64")


def area_hotspots(
    observed: pd.Series[Any],
    population: pd.Series[Any],
    neighbours: Graph,
    *,
    permutations: int = 9_999,
    level: float = 0.05,
    robust: bool = False,
    seed: int = 0,
) -> pd.DataFrame:
    """Put Gi* of the standardised rate and the rate form of local Moran side by side; `robust` is of Gi* alone.

    Returns
    -------
    On the index of `observed`: gi_star_z, gi_star_p, gi_star_q, hotspot, local_moran, local_moran_p, local_moran_q,
    local_moran_kind, not_tested. See `gi_star` and `local_moran_rate`.
    """
    rate, refused = _rates(observed, population)
    by_moran = local_moran_rate(
        observed, population, neighbours, permutations=permutations, level=level, seed=seed
    )
    by_gi = gi_star(rate, neighbours, permutations=permutations, level=level, robust=robust, seed=seed)
    table = by_gi.drop(columns="not_tested").join(by_moran.drop(columns="not_tested"))
    table["not_tested"] = refused.where(refused != "", by_gi["not_tested"])
    return table


def describe_not_tested(table: pd.DataFrame) -> list[str]:
    """Say in sentences which areas of a table of this module were left out, and why."""
    reasons = table.loc[table["not_tested"] != "", "not_tested"]
    codes = {reason: [str(code) for code in sorted(part.index)] for reason, part in reasons.groupby(reasons)}
    return left_out(codes)


def false_discovery(p_values: pd.Series[float]) -> pd.Series[float]:
    """Adjust p-values so that calling all up to q makes a share q of false calls (Benjamini and Hochberg 1995).

    Missing p-values stay so and do not count as tests.
    """
    from scipy.stats import false_discovery_control

    known = p_values.dropna()
    adjusted = false_discovery_control(known.to_numpy(), method="bh") if len(known) else known.to_numpy()
    return pd.Series(adjusted, index=known.index, dtype="float64").reindex(p_values.index)


def fewest_found(areas: int, *, permutations: int, level: float = 0.05) -> int:
    """Return how many areas must stand out together before any can be called a hotspot.

    The smallest p-value of a permutation test is 1 / (permutations + 1). Where many areas are tested, one alone
    cannot pass; with more permutations it can.
    """
    return max(1, math.ceil(areas / (level * (permutations + 1)) - ROUNDING))


def validate_options(permutations: int, level: float) -> None:
    """Check the options that tests by permutation share, all at once.

    Raises
    ------
    ValueError
        One sentence for each option that is out of its range.
    """
    faults = []
    if permutations < 1:
        faults.append(f"permutations is {permutations}; give at least 1, or 999 as is usual.")
    if not 0 < level < 1:
        faults.append(f"level is {level:g}; give a share between 0 and 1.")
    if faults:
        raise ValueError(" ".join(faults))


def _rates(observed: pd.Series[Any], population: pd.Series[Any]) -> tuple[pd.Series[float], pd.Series[str]]:
    """Return standardised rates, and why there is none where there is none."""
    from esda.smoothing import assuncao_rate

    counted, people = numbers(observed), numbers(population.reindex(observed.index))
    refused = np.select(
        [np.isnan(counted), np.isnan(people), people <= 0], [NO_FIGURE, NO_PEOPLE, NOBODY], ""
    )
    known = refused == ""
    rate = np.full(len(observed), np.nan)
    if counted[known].sum() > 0:
        # In code order, so that sums come out the same whatever the order of rows.
        order = np.flatnonzero(known)[np.argsort(observed.index[known], kind="stable")]
        rate[order] = assuncao_rate(counted[order], people[order])
    elif known.any():
        rate[known] = 0.0
    return pd.Series(rate, index=observed.index), pd.Series(refused, index=observed.index)


def _tested(
    values: pd.Series[Any], neighbours: Graph
) -> tuple[pd.Series[float], Graph | None, pd.Series[str]]:
    """Return the figures that can be tested, by code, their neighbours (None where there is nothing to test), and why not."""
    twice = values.index[values.index.duplicated()]
    if len(twice):
        msg = f"{twice[0]} comes more than once among the areas. Give one row an area."
        raise ValueError(msg)
    figures = pd.Series(numbers(values), index=values.index, dtype="float64")
    reasons = pd.Series("", index=values.index, dtype="object")
    reasons[~values.index.isin(neighbours.unique_ids)] = NO_BOUNDARY
    reasons[(reasons == "") & figures.isna()] = NO_FIGURE
    known = figures[reasons == ""].sort_index()
    graph = _among(neighbours, known.index)
    alone = graph.isolates if graph is not None else known.index
    if len(alone):
        reasons[alone] = NO_NEIGHBOUR
        known = known.drop(alone)
        graph = _among(neighbours, known.index)
    if len(known) < 3 or np.ptp(known) <= ROUNDING * known.abs().max():
        reasons[known.index] = ALIKE
        return known[:0], None, reasons
    return known, graph, reasons


def _among(neighbours: Graph, codes: pd.Index[Any]) -> Graph | None:
    """Keep the links among some areas, in code order; None where there is none of them."""
    if not len(codes):
        return None
    if codes.equals(neighbours.unique_ids):
        return neighbours
    return neighbours.subgraph(codes.to_list())


def _tails(simulated: Floats, found: Floats) -> dict[str, Floats]:
    """Count for each area the permutations that are as high, and as low, as what was found; this one included.

    esda's own `p_sim` is whichever of the two is smaller.
    """
    slack = ROUNDING * np.abs(found)
    above = (simulated >= found - slack).sum(axis=0)
    below = (simulated <= found + slack).sum(axis=0)
    return {side: (1 + count) / (len(simulated) + 1) for side, count in (("high", above), ("low", below))}


def _local_moran_table(
    found: Any, codes: pd.Index[Any], reasons: pd.Series[str], level: float
) -> pd.DataFrame:
    names = ("local_moran", "local_moran_p")
    columns: dict[str, Any] = dict.fromkeys(names, np.empty(0))
    quarter = np.empty(0, dtype=np.int64)
    if found is not None:
        tails = _tails(found.sim, found.Is)
        columns = dict(
            zip(names, (found.Is, np.minimum(1.0, 2 * np.minimum(tails["high"], tails["low"]))), strict=True)
        )
        quarter = found.q
    table = pd.DataFrame(columns, index=codes)
    table["local_moran_q"] = false_discovery(table["local_moran_p"])
    kind = pd.Series(quarter, index=codes).map(KINDS).astype("object")
    table["local_moran_kind"] = kind.where(table["local_moran_q"] <= level, None)
    table = table.reindex(reasons.index)
    table["not_tested"] = reasons
    return table


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Let esda draw from numpy's generator, seeded, and leave the generator as it was found."""
    with _drawing, warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # esda's word to callers of its p_sim, which is not used
        state = np.random.get_state()
        np.random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(state)
