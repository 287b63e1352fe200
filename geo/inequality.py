"""Measure how much more of something there is where areas are more deprived."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from math import exp, floor, inf, log, nan, sqrt
from typing import Literal

import numpy as np
import pandas as pd

from geo.deprivation import RANKED, build_deprivation, lsoa_deciles
from geo.files import Geography
from geo.places import lsoa_to_wards
from geo.rates import Floats, crude_rate, to_floats, validate_counts, validate_population

Editions = str | pd.Series
DECILES = range(1, 11)
NO_CHILDREN = "No file gives the population aged 10 to 17 by LSOA: the share of all children in each decile is not known."


class MixedEditions(ValueError):
    """Figures rest on more than one edition of the Indices of Deprivation."""


@dataclass(frozen=True, eq=False)
class DecileChildren:
    """All children aged 10 to 17 by the decile of the LSOA they live in.

    Attributes
    ----------
    children : one number a decile, 1 (most deprived) to 10; missing where no file says.
    unknown : children whose LSOA has no decile.
    edition : of the Indices of Deprivation, such as "2019".
    source : which population file.
    notes : what is missing.
    wards : the wards whose children these are; None for all LSOAs of the file.
    """

    children: pd.Series[float]
    unknown: float
    edition: str
    source: str
    notes: list[str] = field(default_factory=list)
    wards: frozenset[str] | None = None

    def deciles_of(self, homes: pd.DataFrame) -> pd.Series[int]:
        """Return the decile of each home among these children's; missing where it is elsewhere.

        Deprivation may be known of the whole country. A home outside the wards whose children are counted is beside
        none of them, so no share may hold it.

        Parameters
        ----------
        homes : home_ward, home_decile.
        """
        decile = homes["home_decile"]
        return decile if self.wards is None else decile.where(homes["home_ward"].isin(self.wards))


@dataclass(frozen=True)
class Concentration:
    """The concentration index: 0 when everywhere has its share, below 0 when the more deprived have more.

    Attributes
    ----------
    index : between -1 and 1; missing where nothing was counted.
    standard_error, low, high : by chance in the counts alone.
    areas : how many it rests on; edition : of the Indices of Deprivation, "" for another ranking.
    """

    index: float
    standard_error: float
    low: float
    high: float
    areas: int
    edition: str


@dataclass(frozen=True, eq=False)
class Tenths:
    """The most deprived tenth of areas beside the least deprived tenth.

    Attributes
    ----------
    table : rows "most deprived" and "least deprived": areas, population, count, rate, rate_low, rate_high.
    ratio, low, high : of the two rates; infinite where the least deprived counted nothing.
    members : the areas of each row.
    by : whether a tenth is of the areas or of the children.
    """

    table: pd.DataFrame
    ratio: float
    low: float
    high: float
    members: dict[str, list[object]]
    by: str
    edition: str


@dataclass(frozen=True)
class Slope:
    """The slope index of inequality: how far rates differ from the most to the least deprived end of a straight line.

    Attributes
    ----------
    slope, low, high : rate at the most deprived end less rate at the least deprived end.
    relative, relative_low, relative_high : the first of these rates divided by the second; missing where the line
        falls to 0 or below.
    relative_to_mean : the slope divided by the mean rate.
    most_deprived, least_deprived, mean : rates at the two ends of the line, and of all areas.
    areas : how many it rests on; edition : of the Indices of Deprivation, "" for another ranking.
    notes : what could not be worked out.
    """

    slope: float
    low: float
    high: float
    relative: float
    relative_low: float
    relative_high: float
    relative_to_mean: float
    most_deprived: float
    least_deprived: float
    mean: float
    areas: int
    edition: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Ranked:
    """Areas with a count, a population and a rank, the most deprived first."""

    count: Floats
    population: Floats
    middle: Floats
    labels: list[object]


def validate_edition(*editions: Editions) -> str:
    """Return the one edition of the Indices of Deprivation that figures rest on; refuse more than one.

    The editions rank other LSOAs by other data and are not a time series. "" and missing say nothing. One edition may
    be written in several ways: "2019", "IoD2019" and "IMD 2019 on LSOA11" are the same (see `edition_year`).

    Parameters
    ----------
    editions : names such as "2019", or a column that names the edition of each area (`imd_edition` of the wards).

    Returns
    -------
    The edition as it was named; of several ways to write it the first as text.

    Raises
    ------
    MixedEditions
        More than one is named.
    """
    named: set[str] = set()
    for each in editions:
        named |= {each} if isinstance(each, str) else {str(name) for name in each.dropna().unique()}
    found = sorted(name for name in named if name.strip())
    if len({edition_year(name) for name in found}) > 1:
        msg = (
            f"These figures mix {' and '.join(found)}. Editions of the Indices of Deprivation are not a time series and "
            f"are never put together: use one edition for all of them."
        )
        raise MixedEditions(msg)
    return found[0] if found else ""


def edition_year(name: str) -> str:
    """Return the year of an edition however it is written, "2019" for "IMD 2019 on LSOA11"; an unknown one as text.

    A number that is no edition's year (the census of the LSOAs, say) is passed over.
    """
    years = {year for year in re.findall(r"(?<!\d)\d{4}(?!\d)", name) if year in RANKED}
    return years.pop() if len(years) == 1 else " ".join(name.casefold().split())


def children_by_decile(
    geography: Geography, *, edition: str | None = None, wards: Collection[str] | None = None
) -> DecileChildren:
    """Count all children aged 10 to 17 in each decile, from the population and the deprivation of LSOAs.

    Only LSOAs of the boundary wards count, where boundaries and a lookup are there. LSOAs of the other census take
    the decile that `build_deprivation` leads them to.

    Parameters
    ----------
    edition : as in `build_deprivation`.
    wards : only children of these of the boundary wards.

    Raises
    ------
    ValueError, GeographyMismatch
        As in `build_deprivation`.
    """
    deprivation = build_deprivation(geography, edition=edition)
    tables = [
        table
        for table in geography.of_kind("population", level="lsoa")
        if table.frame["children_10_17"].notna().any()
    ]
    if not tables:
        empty = pd.Series(np.nan, index=pd.Index(DECILES, name="decile"), name="children")
        return DecileChildren(empty, nan, deprivation.edition, "", [NO_CHILDREN])
    people = tables[0].frame
    counted = None
    if geography.wards is not None and (found := lsoa_to_wards(people["code"], geography)).notna().any():
        every = {str(code) for code in geography.wards.codes}
        counted = frozenset(every if wards is None else every.intersection(wards))
        people = people[found.isin(counted)]
    decile = lsoa_deciles(people["code"], deprivation)
    children = people["children_10_17"].groupby(decile).sum().reindex(DECILES, fill_value=0.0)
    unknown = float(people.loc[decile.isna(), "children_10_17"].sum())
    source = f"{tables[0].file} ({tables[0].vintage})"
    notes = [f"{unknown:.0f} children live in LSOAs without a decile."] if unknown else []
    return DecileChildren(
        children.rename_axis("decile").rename("children"),
        unknown,
        deprivation.edition,
        source,
        notes,
        counted,
    )


def share_by_decile(
    deciles: pd.Series[int],
    population: pd.Series[float],
    *,
    edition: Editions,
    population_edition: Editions,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare the share of children who live in each decile with the share of all children who do.

    ratio = (children of the decile / children) / (all children of the decile / all children); 1 is as many as live
    there. The interval is the exact one of a share (Clopper and Pearson) divided by the share of all children, whose
    number is taken as known.

    Parameters
    ----------
    deciles : the decile of each child's home, missing where not known; those are left out and counted in
        `attrs["unknown"]` of the result.
    population : all children by decile, indexed 1 to 10 (`children_by_decile`).
    edition, population_edition : which edition each of the two rests on.
    level : of the interval.

    Returns
    -------
    children, share, population, population_share, ratio, ratio_low, ratio_high, one row a decile 1 to 10; shares are
    between 0 and 1, and missing where there are no children at all.

    Raises
    ------
    MixedEditions
        The two rest on different editions.
    ValueError
        A decile is not 1 to 10.

    Source: Clopper and Pearson 1934, Biometrika 26, 404-413.
    """
    validate_edition(edition, population_edition)
    known = deciles.dropna()
    odd = sorted(set(known) - set(DECILES)) + sorted(set(population.index) - set(DECILES))
    if odd:
        msg = f"{odd[0]} is not a decile. Deciles are 1 (most deprived) to 10."
        raise ValueError(msg)
    table = pd.DataFrame(index=pd.Index(DECILES, name="decile"))
    table["children"] = known.value_counts().reindex(table.index, fill_value=0).astype("int64")
    table["share"] = table["children"] / (len(known) or nan)
    table["population"] = population.reindex(table.index)
    table["population_share"] = table["population"] / (table["population"].sum() or nan)
    there = table["population_share"].where(table["population_share"] > 0)
    low, high = _share_interval(to_floats(table["children"]), len(known), level)
    table["ratio"], table["ratio_low"], table["ratio_high"] = (
        table["share"] / there,
        low / there,
        high / there,
    )
    table.attrs["unknown"] = int(deciles.isna().sum())
    return table


def concentration_curve(
    count: pd.Series[float], population: pd.Series[float], rank: pd.Series[float], *, edition: Editions
) -> pd.DataFrame:
    """Return the concentration curve: what share of all that was counted the most deprived share of children has.

    Areas are lined up from the most deprived; areas of the same rank are taken together, so that their order does not
    matter. A curve above the diagonal says that the more deprived have more than their share.

    Parameters
    ----------
    count, population, rank : on one index; rank 1 is the most deprived (`imd_rank_mean` of the wards). Areas that
        miss any of them, or have a population of 0, are left out.
    edition : which edition the ranks are of, or "" for another ranking.

    Returns
    -------
    population_share, count_share, from 0, 0 to 1, 1, a row for each rank.

    Raises
    ------
    MixedEditions
        The ranks are of more than one edition.
    ValueError
        The indexes differ, nothing was counted, or no area has all three.

    Source: Kakwani, Wagstaff and van Doorslaer 1997, Journal of Econometrics 77, 87-103.
    """
    validate_edition(edition)
    ranked = _ranked(count, population, rank)
    if not ranked.count.sum():
        msg = "Nothing was counted in any area, so there is no curve. Choose a measure with a count above 0."
        raise ValueError(msg)
    sums = pd.DataFrame({"population_share": ranked.population, "count_share": ranked.count})
    sums = sums.groupby(ranked.middle).sum().cumsum()
    curve = pd.concat([pd.DataFrame({name: [0.0] for name in sums}), sums / sums.iloc[-1]])
    return curve.reset_index(drop=True)


def concentration_index(
    count: pd.Series[float],
    population: pd.Series[float],
    rank: pd.Series[float],
    *,
    edition: Editions,
    level: float = 0.95,
    repeat_factor: float = 1.0,
) -> Concentration:
    """Measure how far the concentration curve lies from the diagonal.

    C = 2 x sum(n R) / sum(n) - 1, where n is an area's count and R its relative rank: the share of children who live
    in more deprived areas and half of those who live in areas as deprived. It is twice the area between the diagonal
    and the curve, below 0 where the curve lies above. The variance is 4 x (weighted variance of R) / sum(n), the term
    of Kakwani, Wagstaff and van Doorslaer for chance in the counts (as Poisson); ranks and population are taken as known.

    Parameters
    ----------
    count, population, rank, edition : as in `concentration_curve`.
    level : of the interval.
    repeat_factor : from `geo.rates.repeat_factor`, where several events are of the same child.

    Raises
    ------
    MixedEditions, ValueError
        As in `concentration_curve`, but where nothing was counted the index is missing.

    Source: Kakwani, Wagstaff and van Doorslaer 1997, Journal of Econometrics 77, 87-103; for areas of the same rank
    Chen and Roy 2009, Journal of Health Economics 28, 169-175.
    """
    named = validate_edition(edition)
    ranked = _ranked(count, population, rank)
    total = float(ranked.count.sum())
    if not total:
        return Concentration(nan, nan, nan, nan, len(ranked.labels), named)
    mean = float((ranked.count * ranked.middle).sum() / total)
    spread = float((ranked.count * (ranked.middle - mean) ** 2).sum() / total)
    index, error = 2 * mean - 1, 2 * sqrt(repeat_factor * spread / total)
    reach = _normal(level) * error
    return Concentration(index, error, index - reach, index + reach, len(ranked.labels), named)


def compare_tenths(
    count: pd.Series[float],
    population: pd.Series[float],
    rank: pd.Series[float],
    *,
    edition: Editions,
    by: Literal["areas", "children"] = "areas",
    per: float = 1000,
    level: float = 0.95,
    repeat_factor: float = 1.0,
) -> Tenths:
    """Compare the rate of the most deprived tenth with that of the least deprived tenth.

    by="areas" takes a tenth of the number of areas (rounded, at least one), as the comparison of London's wards did;
    by="children" takes areas from each end until they hold a tenth of the children. Areas of the same
    rank are lined up by their labels. Each tenth is taken as one area. The interval of the ratio is exact: given both
    counts together, the first is binomial.

    Parameters
    ----------
    count, population, rank, edition : as in `concentration_curve`; any measure may be counted and any ranking used
        that puts the worst off first.
    per, level, repeat_factor : as in `geo.rates.crude_rate`.

    Raises
    ------
    MixedEditions
        The ranks are of more than one edition.
    ValueError
        The indexes differ, or fewer than two areas have all three.

    Source: Clopper and Pearson 1934 for the interval, applied to the ratio of two Poisson rates.
    """
    named = validate_edition(edition)
    ranked = _ranked(count, population, rank)
    ends = _tenth(ranked, by), _tenth(_turned(ranked), by)
    if ends[0] + ends[1] > len(ranked.labels):
        msg = (
            f"{len(ranked.labels)} areas have a count, a population and a rank, and the two tenths would overlap. "
            f"Give more areas."
        )
        raise ValueError(msg)
    parts = {"most deprived": slice(0, ends[0]), "least deprived": slice(len(ranked.labels) - ends[1], None)}
    table = pd.DataFrame(
        {
            name: {
                "areas": len(ranked.labels[part]),
                "count": ranked.count[part].sum(),
                "population": ranked.population[part].sum(),
            }
            for name, part in parts.items()
        }
    ).T
    rates = crude_rate(table["count"], table["population"], per=per, level=level, repeat_factor=repeat_factor)
    table = table[["areas", "population", "count"]].astype("int64")
    table[["rate", "rate_low", "rate_high"]] = rates[["rate", "rate_low", "rate_high"]]
    ratio, low, high = _rate_ratio(rates, level, repeat_factor)
    members = {name: ranked.labels[part] for name, part in parts.items()}
    return Tenths(table, ratio, low, high, members, by, named)


def slope_index(
    count: pd.Series[float],
    population: pd.Series[float],
    rank: pd.Series[float],
    *,
    edition: Editions,
    per: float = 1000,
    level: float = 0.95,
) -> Slope:
    """Draw a straight line through the rates of areas from the most to the least deprived, and say how it falls.

    The rate of each area is regressed on its relative rank (ridit: the share of children who live in more deprived
    areas and half of those in areas as deprived; 0 is the most deprived end, 1 the least), weighted by its children.
    The slope index is the line's value at 0 less that at 1. The interval is from the residuals, with Student's t on
    areas - 2 degrees of freedom: it allows for all that makes areas differ, not only for chance. The interval of the
    ratio of the ends is by the delta method on its logarithm.

    Parameters
    ----------
    count, population, rank, edition : as in `concentration_curve`.
    per, level : as in `geo.rates.crude_rate`.

    Raises
    ------
    MixedEditions
        The ranks are of more than one edition.
    ValueError
        The indexes differ, fewer than three areas have all three, or all areas have the same rank.

    Source: Preston, Haines and Pamuk 1981; Mackenbach and Kunst 1997, Social Science and Medicine 44, 757-771.
    """
    named = validate_edition(edition)
    ranked = _ranked(count, population, rank)
    if len(ranked.labels) < 3 or np.ptp(ranked.middle) == 0:
        msg = (
            f"A slope needs at least three areas and two ranks, and {len(ranked.labels)} areas have a count, a "
            f"population and a rank. Give more areas."
        )
        raise ValueError(msg)
    rate, weight = per * ranked.count / ranked.population, ranked.population
    line, spread = _weighted_line(ranked.middle, rate, weight)
    reach = _student(level, len(rate) - 2)
    top, bottom, mean = line[0], line[0] + line[1], float((weight * rate).sum() / weight.sum())
    error = sqrt(spread[1, 1])
    ratios, notes = _end_ratio(top, bottom, spread, reach)
    return Slope(
        float(-line[1]),
        float(-line[1] - reach * error),
        float(-line[1] + reach * error),
        *ratios,
        float(-line[1] / mean) if mean else nan,
        float(top),
        float(bottom),
        mean,
        len(rate),
        named,
        notes,
    )


def _ranked(count: pd.Series[float], population: pd.Series[float], rank: pd.Series[float]) -> Ranked:
    """Line areas up from the most deprived and give each the middle of its place among the children."""
    people, counted = validate_population(population, count), validate_counts(count)
    if not rank.index.equals(count.index):
        msg = "Counts and ranks are not of the same areas in the same order. Give both on one index."
        raise ValueError(msg)
    ranks = to_floats(rank)
    known = np.flatnonzero(np.isfinite(counted) & (people > 0) & np.isfinite(ranks))
    if not len(known):
        msg = "No area has a count, a population above 0 and a rank. Check that they are of the same areas."
        raise ValueError(msg)
    order = known[np.lexsort((np.array([str(label) for label in count.index[known]]), ranks[known]))]
    held = people[order]
    _, tied = np.unique(ranks[order], return_inverse=True)
    together = np.bincount(tied, weights=held)
    middle = (np.cumsum(together) - together / 2) / together.sum()
    return Ranked(counted[order], held, middle[tied], list(count.index[order]))


def _turned(ranked: Ranked) -> Ranked:
    return Ranked(ranked.count[::-1], ranked.population[::-1], 1 - ranked.middle[::-1], ranked.labels[::-1])


def _tenth(ranked: Ranked, by: str) -> int:
    """Return how many areas from the front make a tenth."""
    if by == "areas":
        return max(1, floor(len(ranked.labels) / 10 + 0.5))
    return int(np.searchsorted(np.cumsum(ranked.population), ranked.population.sum() / 10 - 1e-9) + 1)


def _share_interval(children: Floats, total: int, level: float) -> tuple[Floats, Floats]:
    """Return the exact interval of each share of a total; missing where the total is 0."""
    from scipy.stats import beta

    if not total:
        return np.full(len(children), nan), np.full(len(children), nan)
    half, rest = (1 - level) / 2, total - children
    low = np.where(children == 0, 0.0, beta.ppf(half, np.maximum(children, 1), rest + 1))
    high = np.where(rest == 0, 1.0, beta.ppf(1 - half, children + 1, np.maximum(rest, 1)))
    return low, high


def _rate_ratio(rates: pd.DataFrame, level: float, factor: float) -> tuple[float, float, float]:
    """Return the ratio of the first rate to the second with its exact interval."""
    from scipy.stats import beta

    (first, second), (people, others) = to_floats(rates["count"] / factor), to_floats(rates["population"])
    half, scale = (1 - level) / 2, others / people
    low = 0.0 if first == 0 else float(beta.ppf(half, first, second + 1))
    high = 1.0 if second == 0 else float(beta.ppf(1 - half, first + 1, second))
    ratio = nan if first == second == 0 else inf if second == 0 else first / second * scale
    return float(ratio), low / (1 - low) * scale, inf if high == 1 else high / (1 - high) * scale


def _weighted_line(middle: Floats, rate: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return intercept and slope of the weighted regression, and their covariance."""
    design = np.column_stack([np.ones(len(middle)), middle])
    inner = np.linalg.inv(design.T @ (weight[:, None] * design))
    line = inner @ design.T @ (weight * rate)
    left = rate - design @ line
    return line, np.asarray(inner * (weight * left**2).sum() / (len(rate) - 2), dtype=np.float64)


def _end_ratio(
    top: float, bottom: float, spread: Floats, reach: float
) -> tuple[tuple[float, float, float], tuple[str, ...]]:
    """Return the ratio of the two ends of the line with its interval, or why there is none."""
    if top <= 0 or bottom <= 0:
        note = "The straight line falls to 0 or below at one end, so the ends have no ratio; compare the slope with the mean."
        return (nan, nan, nan), (note,)
    turn = np.array([1 / top - 1 / bottom, -1 / bottom])
    error = sqrt(float(turn @ spread @ turn))
    middle = log(top / bottom)
    return (exp(middle), exp(middle - reach * error), exp(middle + reach * error)), ()


def _normal(level: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf((1 + level) / 2))


def _student(level: float, degrees: int) -> float:
    from scipy.stats import t

    return float(t.ppf((1 + level) / 2, degrees))
