"""Work out rates that small numbers cannot fool: exact intervals, smoothing, standardisation, repeats."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

NO_COUNT = "No count is known."
NO_POPULATION = "The population is not known: no rate."
NOBODY = "The population is 0: no rate."
NO_EXPECTED = "The population or the reference rate of a stratum is not known: nothing to expect."
NONE_EXPECTED = "None is expected: no ratio."


def poisson_interval(
    count: pd.Series[float], *, level: float = 0.95, repeat_factor: float = 1.0
) -> pd.DataFrame:
    """Return the exact interval of the number to be expected, given the number counted.

    low = f/2 x chi-square(a/2; 2n/f) and high = f/2 x chi-square(1 - a/2; 2n/f + 2), with n the count, a = 1 - level
    and f the repeat factor. With f = 1 this is Garwood's interval; the low end for a count of 0 is 0. With f > 1
    every event weighs as one of a run of f, which is Fay and Feuer's interval for events of equal weight.

    Parameters
    ----------
    count : whole numbers, 0 or more; missing where not known.
    level : of the interval, between 0 and 1.
    repeat_factor : from `repeat_factor`, where several events are of the same child; 1 where events are independent.

    Returns
    -------
    low, high on the index of `count`; missing where the count is.

    Raises
    ------
    ValueError
        A count is below 0 or not a whole number, the level is not between 0 and 1, or the factor is below 1.

    Source: Garwood 1936, Biometrika 28, 437-442; Fay and Feuer 1997, Statistics in Medicine 16, 791-801.
    """
    from scipy.stats import chi2

    if not 0 < level < 1:
        msg = f"The level of an interval is between 0 and 1, and {level} was asked for. Use 0.95 for 95%."
        raise ValueError(msg)
    if not repeat_factor >= 1:
        msg = f"A repeat factor is 1 or more, and {repeat_factor} was given. Take it from repeat_factor()."
        raise ValueError(msg)
    known = validate_counts(count)
    half, runs = (1 - level) / 2, known / repeat_factor
    low = chi2.ppf(half, 2 * runs) * repeat_factor / 2
    high = chi2.ppf(1 - half, 2 * runs + 2) * repeat_factor / 2
    return pd.DataFrame({"low": np.where(known == 0, 0.0, low), "high": high}, index=count.index)


def crude_rate(
    count: pd.Series[float],
    population: pd.Series[float],
    *,
    per: float = 1000,
    level: float = 0.95,
    repeat_factor: float = 1.0,
) -> pd.DataFrame:
    """Return the rate of each area with its exact Poisson interval.

    rate = per x count / population, and the interval of the count divided in the same way. A count of 0 has a rate
    of 0 and an interval that still says how high the rate may be. Where the population is 0 or not known there is
    no rate, and `note` says why: nothing is shown as 0 that is not known to be 0.

    Parameters
    ----------
    count : events or children in each area.
    population : children aged 10 to 17 in each area (or whoever the rate is of), on the same index.
    per : the rate is for this many; 1,000 aged 10-17 by default, 10,000 for rates of all under 18.
    level, repeat_factor : as in `poisson_interval`.

    Returns
    -------
    count, population, rate, rate_low, rate_high (per `per`) and note, on the index of `count`.

    Raises
    ------
    ValueError
        The indexes differ, a count is not a whole number of 0 or more, or a population is below 0.

    Source: Garwood 1936; Association of Public Health Observatories, Technical Briefing 3 (2008).
    """
    people = validate_population(population, count)
    interval = poisson_interval(count, level=level, repeat_factor=repeat_factor)
    counted = to_floats(count)
    at_risk = np.where(people > 0, people, np.nan)
    missing = np.isnan(counted)
    note = np.select([missing, np.isnan(people), people == 0], [NO_COUNT, NO_POPULATION, NOBODY], default="")
    return pd.DataFrame(
        {
            "count": counted,
            "population": people,
            "rate": per * counted / at_risk,
            "rate_low": per * to_floats(interval["low"]) / at_risk,
            "rate_high": per * to_floats(interval["high"]) / at_risk,
            "note": pd.Series(note, index=count.index, dtype="str"),
        },
        index=count.index,
    )


def smoothed_rate(
    count: pd.Series[float],
    population: pd.Series[float],
    *,
    neighbours: Mapping[Hashable, Iterable[Hashable]] | None = None,
    per: float = 1000,
) -> pd.DataFrame:
    """Return empirical Bayes rates: each area's own rate, drawn towards what it can be compared with.

    smoothed = m + (rate - m) x A / (A + m / population), where m is the rate of the areas compared with and A the
    variance between them that is left after what chance explains. The fewer children an area has, the closer it is
    drawn. Without `neighbours` an area is drawn towards all areas; with them towards itself and its neighbours.

    Where rates differ by no more than chance (A is not above 0) every area gets m. An area without neighbours is
    drawn towards all areas. Where neither an area nor its neighbours counted anything the smoothed rate is 0.
    Areas without a count or a population have none and do not count as neighbours.

    Parameters
    ----------
    neighbours : index label to the labels of the areas beside it (`W.neighbors` of libpysal has this form).
    per : as in `crude_rate`.

    Returns
    -------
    smoothed_rate (per `per`) and smoothed_towards ("all areas", "neighbours" or "" where there is no rate).

    Raises
    ------
    ValueError
        As in `crude_rate`; or neighbours are given and an area is not among them.

    Source: Marshall 1991, Applied Statistics 40, 283-294, through esda.smoothing.
    """
    people, counted = validate_population(population, count), validate_counts(count)
    known = np.flatnonzero((people > 0) & ~np.isnan(counted))
    smooth = np.full(len(count), np.nan)
    towards = np.full(len(count), "", dtype=object)
    if len(known):
        smooth[known] = _global_bayes(counted[known], people[known])
        towards[known] = "all areas"
    if neighbours is not None:
        beside = _beside(count.index, known, neighbours)
        joined = np.array([bool(each) for each in beside], dtype=np.bool_)
        if joined.any():
            local = _local_bayes(counted[known], people[known], beside)
            smooth[known[joined]] = local[joined]
            towards[known[joined]] = "neighbours"
    return pd.DataFrame(
        {
            "smoothed_rate": per * smooth,
            "smoothed_towards": pd.Series(towards, index=count.index, dtype="str"),
        },
        index=count.index,
    )


def stratum_rate(count: pd.DataFrame, population: pd.DataFrame) -> pd.Series[float]:
    """Return the rate of each stratum over all areas together, for use as the reference of `standardised_ratio`.

    Parameters
    ----------
    count, population : a row an area and a column a stratum, such as (sex, age); the same rows and columns. An area
        whose count or population is missing in a stratum is left out of that stratum on both sides.

    Returns
    -------
    Events for each person, one a stratum; missing where nobody is in it.

    Raises
    ------
    ValueError
        Rows or columns differ.
    """
    if not (count.index.equals(population.index) and count.columns.equals(population.columns)):
        msg = "Counts and population have different rows or columns. Give both the same areas and strata, in the same order."
        raise ValueError(msg)
    events, people = count.to_numpy(float, na_value=np.nan), population.to_numpy(float, na_value=np.nan)
    both = np.isfinite(events) & np.isfinite(people)
    total = np.where(both, people, 0).sum(axis=0)
    rate = np.where(both, events, 0).sum(axis=0) / np.where(total > 0, total, np.nan)
    return pd.Series(rate, index=count.columns)


def standardised_ratio(
    observed: pd.Series[float],
    population: pd.DataFrame,
    *,
    reference: pd.Series[float],
    level: float = 0.95,
    repeat_factor: float = 1.0,
) -> pd.DataFrame:
    """Compare what was counted with what the age and sex of an area's children lead one to expect.

    expected = sum over strata of population x reference rate; ratio = observed / expected, with the exact interval
    of the observed count divided by expected. 1 is as expected. Two areas' ratios must not be compared with each
    other where their ages differ much: each is weighted by its own children.

    Parameters
    ----------
    observed : events or children in each area.
    population : a row an area (the index of `observed`) and a column a stratum, such as (sex, age).
    reference : events for each person in each stratum, from `stratum_rate` or published; on the columns of
        `population`.
    level, repeat_factor : as in `poisson_interval`.

    Returns
    -------
    observed, expected, ratio, ratio_low, ratio_high, note on the index of `observed`.

    Raises
    ------
    ValueError
        The areas differ, or a stratum is in one of population and reference only; all such strata are named.

    Source: indirect standardisation; Breslow and Day 1987, Statistical Methods in Cancer Research II, 65-69.
    """
    _validate_strata(observed, population, reference)
    people, rates = (
        population.to_numpy(float, na_value=np.nan),
        reference.reindex(population.columns).to_numpy(float, na_value=np.nan),
    )
    # A stratum nobody is in needs no rate: there is nothing to expect from it.
    expected = np.where(people == 0, 0.0, people * rates).sum(axis=1)
    interval = poisson_interval(observed, level=level, repeat_factor=repeat_factor)
    counted, some = to_floats(observed), np.where(expected > 0, expected, np.nan)
    note = np.select(
        [np.isnan(counted), np.isnan(expected), expected == 0],
        [NO_COUNT, NO_EXPECTED, NONE_EXPECTED],
        default="",
    )
    return pd.DataFrame(
        {
            "observed": counted,
            "expected": expected,
            "ratio": counted / some,
            "ratio_low": to_floats(interval["low"]) / some,
            "ratio_high": to_floats(interval["high"]) / some,
            "note": pd.Series(note, index=observed.index, dtype="str"),
        },
        index=observed.index,
    )


def repeat_factor(area: pd.Series[str], person: pd.Series[str]) -> float:
    """Return how many episodes the child behind an episode has, on average over episodes: 1 where none repeats.

    sum(m^2) / sum(m) over children in an area, m being a child's episodes there. Episodes of one child are not
    independent, so intervals of episodes that take them for independent are far too narrow; this is by how much
    the variance is larger where children come forward by chance and each brings m episodes (a compound Poisson).

    Parameters
    ----------
    area, person : one row an episode; rows that miss either are left out.
    """
    times = _times(area, person).to_numpy(float)
    return float((times**2).sum() / times.sum()) if len(times) else 1.0


def both_rates(
    area: pd.Series[str],
    person: pd.Series[str],
    population: pd.Series[float],
    *,
    per: float = 1000,
    level: float = 0.95,
) -> pd.DataFrame:
    """Count episodes and children in each area, always both, with the rate of each and the share of repeats.

    Parameters
    ----------
    area, person : one row an episode: where it belongs and who went missing; on the same index. Rows that miss
        either, or whose area is not in `population`, are in no row of the result.
    population : children aged 10 to 17 by area; its index is the index of the result.

    Returns
    -------
    population, episodes, children, children_repeat (with more than one episode there), repeat_share (episodes that
    are a child's second or later, of all episodes there; missing where there are none), episode_rate,
    episode_rate_low, episode_rate_high, child_rate, child_rate_low, child_rate_high (per `per`) and note. The
    interval of episodes allows for repeats (`repeat_factor` over all areas); that of children is Garwood's.

    Raises
    ------
    ValueError
        An area is in `population` twice, or a population is below 0.
    """
    if not population.index.is_unique:
        twice = population.index[population.index.duplicated()][0]
        msg = f"{twice} is in the population twice. Give each area once."
        raise ValueError(msg)
    inside = area.where(area.isin(population.index))
    times = _times(inside, person)
    by_area = times.groupby(level=0)
    counts = pd.DataFrame(
        {
            "episodes": by_area.sum(),
            "children": by_area.size(),
            "children_repeat": times.gt(1).groupby(level=0).sum(),
        }
    )
    counts = counts.reindex(population.index).fillna(0).astype("int64")
    episodes = crude_rate(
        counts["episodes"], population, per=per, level=level, repeat_factor=repeat_factor(inside, person)
    )
    children = crude_rate(counts["children"], population, per=per, level=level)
    some = counts["episodes"].where(counts["episodes"] > 0)
    counts.insert(0, "population", episodes["population"])
    counts["repeat_share"] = (counts["episodes"] - counts["children"]) / some
    for name, table in (("episode_rate", episodes), ("child_rate", children)):
        counts[[name, f"{name}_low", f"{name}_high"]] = table[["rate", "rate_low", "rate_high"]]
    counts["note"] = children["note"]
    return counts


def validate_counts(count: pd.Series[float]) -> Floats:
    """Return counts as floats; refuse what is below 0 or not whole, and name the first such area."""
    found = to_floats(count)
    wrong = np.flatnonzero(~np.isnan(found) & ((found < 0) | (found != np.floor(found))))
    if len(wrong):
        msg = (
            f"{len(wrong)} counts are below 0 or not whole numbers: {count.index[wrong[0]]} has {found[wrong[0]]:g}. "
            f"Give counts of events or children, not rates."
        )
        raise ValueError(msg)
    return found


def to_floats(values: pd.Series[float]) -> Floats:
    """Return numbers as floats, missing where they are."""
    return np.asarray(values.to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)


def validate_population(population: pd.Series[float], count: pd.Series[float]) -> Floats:
    """Return the population as floats; refuse one on another index, or below 0."""
    if not population.index.equals(count.index):
        msg = (
            f"The counts are of {len(count)} areas and the population of {len(population)}, and they are not the same "
            f"areas in the same order. Give both on one index."
        )
        raise ValueError(msg)
    people = to_floats(population)
    if (people < 0).any():
        at = int(np.flatnonzero(people < 0)[0])
        msg = f"The population of {count.index[at]} is {people[at]:g}. A population is 0 or more, or missing where not known."
        raise ValueError(msg)
    return people


def _global_bayes(counted: Floats, people: Floats) -> Floats:
    """Draw every rate towards that of all areas; where they differ by no more than chance, give all the same."""
    from esda.smoothing import Empirical_Bayes

    rate = counted.sum() / people.sum()
    between = (people * (counted / people - rate) ** 2).sum() / people.sum() - rate / people.mean()
    if between <= 0:
        # Marshall sets a variance below 0 to 0; esda does not, and would draw rates away from the mean.
        return np.full(len(counted), rate)
    return np.asarray(Empirical_Bayes(counted, people).r.ravel(), dtype=np.float64)


def _local_bayes(counted: Floats, people: Floats, beside: list[list[int]]) -> Floats:
    """Draw every rate towards that of its neighbourhood."""
    from esda.smoothing import Spatial_Empirical_Bayes
    from libpysal.weights import W

    weights = W(dict(enumerate(beside)), id_order=list(range(len(beside))), silence_warnings=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = Spatial_Empirical_Bayes(counted, people, weights).r.ravel()
    around = np.array([counted[[at, *each]].sum() for at, each in enumerate(beside)])
    return np.where(around == 0, 0.0, found)


def _beside(
    index: pd.Index, known: npt.NDArray[np.intp], neighbours: Mapping[Hashable, Iterable[Hashable]]
) -> list[list[int]]:
    """Return, for each area with a rate, the positions among those areas of its neighbours."""
    lost = [label for label in index if label not in neighbours]
    if lost:
        msg = (
            f"{len(lost)} of {len(index)} areas are not among the neighbours, {lost[0]} for one. "
            f"Give every area, with an empty list where nothing is beside it."
        )
        raise ValueError(msg)
    at = {index[position]: number for number, position in enumerate(known)}
    return [
        sorted({at[other] for other in neighbours[label] if other in at and other != label}) for label in at
    ]


def _times(area: pd.Series[str], person: pd.Series[str]) -> pd.Series[int]:
    """Count the episodes of each child in each area."""
    if not area.index.equals(person.index):
        msg = "Areas and people are not on the same index. Give one row an episode for both."
        raise ValueError(msg)
    rows = pd.DataFrame({"area": area, "person": person}).dropna()
    return rows.groupby(["area", "person"]).size()


def _validate_strata(
    observed: pd.Series[float], population: pd.DataFrame, reference: pd.Series[float]
) -> None:
    if not population.index.equals(observed.index):
        msg = "Observed counts and population are not of the same areas in the same order. Give both on one index."
        raise ValueError(msg)
    alone = population.columns.symmetric_difference(reference.index)
    if len(alone):
        named = ", ".join(str(each) for each in alone)
        msg = f"Strata are in the population or in the reference only: {named}. Give both the same strata."
        raise ValueError(msg)
