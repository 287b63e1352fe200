"""Standardise what was counted in each area by the age and sex of the children who live there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from geo.areas import Areas
from geo.measures import area_counts, chosen_rows
from geo.rates import standardised_ratio, stratum_rate

COLUMNS = (
    "standardised_expected",
    "standardised_ratio",
    "standardised_low",
    "standardised_high",
    "standardised_by",
)
# Unless so many of those counted have their sex recorded, the standard is by age alone: the rest would be lost.
SEX_KNOWN = 0.9
NO_AGES = "The population file has no single years of age from 10 to 17, so nothing is standardised by age."
NO_PERSON = "Incidents are of places and have no age: they are not standardised by it."
STANDARD = "The standardised ratio sets what was counted beside what the children of an area lead one to expect by {by}{left}."
NO_SEX = "Fewer than {share:.0%} of those counted have their sex recorded, so the standard is by age alone."
BY_AGE, BY_BOTH = "age", "age and sex"


class Strata(NamedTuple):
    """What was counted, and the children who live there, by area and stratum.

    Attributes
    ----------
    counts, people : a row an area and a column a stratum, (sex, age); sex is "" where the standard is by age alone.
        Counts are missing where the measure is not known.
    by : "age and sex" or "age".
    notes : by which, who was left out, and why.
    """

    counts: pd.DataFrame
    people: pd.DataFrame
    by: str
    notes: list[str]


def build_strata(occurrences: pd.DataFrame, areas: Areas, measure: str) -> tuple[Strata | None, list[str]]:
    """Count one measure, and the children of each area, by single year of age from 10 to 17 and by sex.

    By sex only where the population file tells the sexes apart and at least nine in ten of those counted have theirs
    recorded as female or male. Who is younger than 10, or whose age (or sex) is not recorded, is in no stratum. A
    child who counts once in an area has the age of their first time there.

    Parameters
    ----------
    occurrences : from `build_occurrences`, of the same areas.

    Returns
    -------
    strata : None where there are none.
    notes : why there are none.

    Raises
    ------
    ValueError
        There is no such measure.
    """
    rows, by_child = chosen_rows(occurrences, measure)
    if measure.startswith("incidents"):
        return None, [NO_PERSON]
    if not len(areas.ages.columns):
        return None, [NO_AGES]
    rows = rows[rows["area_code"].notna()]
    if by_child:
        rows = rows.sort_values("on", kind="stable").drop_duplicates(["area_code", "person"])
    apart = "" not in areas.ages.columns.get_level_values("sex")
    recorded = rows["sex"].isin(["F", "M"])
    by_sex = apart and bool(len(rows)) and recorded.mean() >= SEX_KNOWN
    known = rows["age"].between(10, 17) & (recorded if by_sex else True)
    sex = rows["sex"] if by_sex else pd.Series("", index=rows.index)
    people = areas.ages if by_sex or not apart else _both_sexes(areas.ages)
    kept = pd.DataFrame({"area_code": rows["area_code"], "sex": sex, "age": rows["age"]})[known]
    counts = kept.value_counts().unstack(["sex", "age"])
    counts = counts.reindex(index=areas.table.index, columns=people.columns).fillna(0).astype("float64")
    counts = counts.mask(area_counts(occurrences, areas, measure).isna(), axis=0)
    by = BY_BOTH if by_sex else BY_AGE
    lost = int((~known).sum())
    left = (
        f"; {lost:,} of {len(rows):,} counted have no recorded {by} from 10 to 17 and are left out"
        if lost
        else ""
    )
    notes = [STANDARD.format(by=by, left=left)]
    if apart and not by_sex and len(rows):
        notes.append(NO_SEX.format(share=SEX_KNOWN))
    return Strata(counts, people, by, notes), []


def standardised(strata: Strata | None, index: pd.Index, *, repeat_factor: float = 1.0) -> pd.DataFrame:
    """Work out the standardised ratio of each area, with the rate of all areas together as the standard.

    Parameters
    ----------
    strata : from `build_strata`; None where there are none, and then everything is missing.
    index : the area codes.
    repeat_factor : from `runs`; widens the interval.

    Returns
    -------
    On `index` the columns of `COLUMNS`: how many would be expected if children of the same age (and sex) had the same
    rate everywhere, what was counted over that, its 95% interval, and "age and sex" or "age".
    """
    if strata is None:
        nothing = pd.DataFrame(np.nan, index=index, columns=[*COLUMNS])
        return nothing.astype({"standardised_by": "object"}).assign(standardised_by=None)
    observed = strata.counts.sum(axis=1, skipna=False)
    found = standardised_ratio(
        observed,
        strata.people,
        reference=stratum_rate(strata.counts, strata.people),
        repeat_factor=repeat_factor,
    )
    table = found[["expected", "ratio", "ratio_low", "ratio_high"]].set_axis([*COLUMNS[:-1]], axis=1)
    return table.assign(standardised_by=strata.by).reindex(index)


def _both_sexes(ages: pd.DataFrame) -> pd.DataFrame:
    """Add up the two sexes of each age."""
    both = ages.T.groupby(level="age").sum(min_count=2).T
    return both.set_axis(pd.MultiIndex.from_product([[""], both.columns], names=["sex", "age"]), axis=1)
