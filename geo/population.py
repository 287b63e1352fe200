"""Count the children aged 10 to 17 of each ward or LSOA, by age and sex where a file says, from population estimates."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from geo.boundaries import Boundaries
from geo.files import Geography
from geo.lookups import (
    GeographyMismatch,
    Positions,
    change_pairs,
    mismatch,
    missing_codes,
    positions,
    ward_lookup,
)
from geo.tables import CHILDREN, SEXES, OpenTable

# The code lists' letters for the sexes that population estimates know.
LETTERS = {"female": "F", "male": "M"}


def no_ages() -> pd.DataFrame:
    """Return the table of children by sex and age of a file that does not say."""
    return pd.DataFrame(columns=pd.MultiIndex.from_arrays([[], []], names=["sex", "age"]), dtype="float64")


@dataclass(frozen=True, eq=False)
class Population:
    """Children aged 10 to 17 by area.

    Attributes
    ----------
    children : one number an area, in code order; missing where no file says.
    source : which file, of which year and vintage; "" where there is none.
    notes : what was left out, or is missing.
    ages : on the index of `children`, a column a sex ("F", "M", or "" for both together) and year of age from 10 to
        17. No columns where the file does not say. Shares of an LSOA that was divided are not rounded here.
    names : of the areas, where the file gives them; missing else.
    """

    children: pd.Series[float]
    source: str = ""
    notes: list[str] = field(default_factory=list)
    ages: pd.DataFrame = field(default_factory=no_ages)
    names: pd.Series[str] | None = None


def ward_population(geography: Geography) -> Population:
    """Count children aged 10 to 17 in each boundary ward.

    A table by ward is taken before one by LSOA (which is added up through the LSOA to ward lookup; an LSOA whose
    parts lie in different wards is shared equally between its parts). Of several years the latest that joins.

    Raises
    ------
    GeographyMismatch
        There are tables by ward, and none knows every boundary ward.
    """
    wards = geography.wards
    assert wards is not None
    by_ward = [table for table in geography.of_kind("population", level="ward") if _has_children(table)]
    notes: list[str] = []
    for table in by_ward:
        missing = missing_codes(wards, table.frame["code"])
        if not len(missing):
            rows = table.frame.iloc[positions(wards.codes, table.frame["code"])].reset_index(drop=True)
            return Population(rows["children_10_17"], _source(table), notes, _by_age(rows))
        notes.append(
            f"{table.file} ({table.vintage}) was not used: {len(missing)} of {len(wards)} ward codes are not in it."
        )
    if by_ward:
        raise mismatch(wards, by_ward[0], "code")
    return _from_lsoas(geography)


def lsoa_people(geography: Geography, vintage: str, *, led: bool = False) -> tuple[pd.DataFrame, str] | None:
    """Return the people of each LSOA of a vintage (code, total) and the source, or None where no file says.

    Parameters
    ----------
    led : also take people on LSOAs of the other census, led over by the table of changes, where there are no others.
    """
    tables = geography.of_kind("population", level="lsoa")
    for table in sorted(tables, key=lambda table: table.vintage != vintage):
        if table.frame["total"].isna().all() or (table.vintage != vintage and not led):
            continue
        if found := _led(geography, table, vintage):
            return found[0][["code", "total"]], _source(table) + found[1]
    return None


def lsoa_population(geography: Geography, areas: Boundaries) -> Population | None:
    """Count children aged 10 to 17 in each LSOA, or return None where no file says.

    A population on LSOAs of the same census comes first, the latest year of several. One on LSOAs of the other census
    is led over by the table of changes: an LSOA that was split gives equal shares to its parts, merged ones are added
    up; the results are rounded to whole children so that their total is kept. An LSOA of which a part is not in the
    file has no figure.
    """
    tables = [table for table in geography.of_kind("population", level="lsoa") if _has_children(table)]
    for table in sorted(tables, key=lambda table: table.vintage != areas.vintage):
        led = _led(geography, table, areas.vintage)
        if led is None or not led[0]["code"].isin(areas.codes).any():
            continue
        rows, route = led
        at = positions(areas.codes, rows["code"])
        found = rows.reset_index(drop=True).reindex(at).reset_index(drop=True)
        children = found["children_10_17"]
        notes = []
        if unknown := int(children.isna().sum()):
            notes.append(f"{unknown} of {len(areas)} LSOAs are not in {table.file} and have no population.")
        whole = children if table.vintage == areas.vintage else _whole_numbers(children)
        named = table.frame.get("name")
        names = None if named is None else _taken(named, positions(areas.codes, table.frame["code"]))
        return Population(whole, _source(table) + route, notes, _by_age(found), names)
    return None


def _taken(values: pd.Series[str], at: Positions) -> pd.Series[str]:
    """Take the values at positions; missing for -1."""
    return pd.Series(values.array.take(at, allow_fill=True), dtype="object")


def _led(geography: Geography, table: OpenTable, vintage: str) -> tuple[pd.DataFrame, str] | None:
    """Lead a population from its own LSOAs to those of a vintage: the rows, and by which file."""
    if table.vintage == vintage:
        return table.frame, ""
    through = change_pairs(geography, table.vintage)
    if through is None or vintage not in (through[0].vintage, through[0].to_vintage):
        return None
    parts = through[1].merge(table.frame, left_on="lsoa_code", right_on="code", how="left")
    figures = parts.select_dtypes("number").drop(columns="share").columns
    whole = parts[figures].mul(parts["share"], axis=0).groupby(parts["other_code"]).sum()
    # One part that is not known makes the sum unknown, not smaller.
    whole = whole.mask(parts[figures].isna().groupby(parts["other_code"]).any())
    rows = whole.dropna(how="all").rename_axis("code").reset_index()
    return rows, f", {table.vintage} to {vintage} by {through[0].file}"


def _by_age(rows: pd.DataFrame) -> pd.DataFrame:
    """Take the children of each sex and year of age from 10 to 17 out of the rows of a population file."""
    for names in (SEXES, ("age",)):
        columns = [(LETTERS.get(name, ""), age, f"{name}_{age}") for name in names for age in CHILDREN]
        if all(column in rows for _, _, column in columns):
            index = pd.MultiIndex.from_tuples([column[:2] for column in columns], names=["sex", "age"])
            return rows[[column[2] for column in columns]].astype("float64").set_axis(index, axis=1)
    return no_ages().reindex(rows.index)


def _from_lsoas(geography: Geography) -> Population:
    wards = geography.wards
    assert wards is not None
    nothing = pd.Series(np.nan, index=range(len(wards)))
    tables = [table for table in geography.of_kind("population", level="lsoa") if _has_children(table)]
    if not tables:
        return Population(
            nothing, notes=["No file gives the population aged 10 to 17: children_10_17 is empty."]
        )
    notes: list[str] = []
    for table in tables:
        lookup, said = ward_lookup(geography, table.vintage)
        notes += said
        if lookup is None:
            notes.append(
                f"{table.file} is by {table.vintage} and no file leads from there to wards: it is not used."
            )
            continue
        people = table.frame.rename(columns={"code": "lsoa_code"}).merge(lookup.frame, on="lsoa_code")
        if len(missing := missing_codes(wards, people["ward_code"])):
            msg = (
                f"{len(missing)} of {len(wards)} wards of {wards.file} ({wards.vintage}) have no LSOA in {table.file} "
                f"({table.vintage}), {missing[0]} for one. The file must cover all of the boundaries."
            )
            raise GeographyMismatch(msg)
        figures = people.select_dtypes("number").drop(columns="share")
        summed = figures.mul(people["share"], axis=0).groupby(people["ward_code"]).sum()
        summed = summed.reindex(wards.codes).reset_index(drop=True)
        whole = _whole_numbers(summed["children_10_17"])
        return Population(whole, f"{_source(table)}, {lookup.route}", notes, _by_age(summed))
    return Population(nothing, notes=[*notes, "children_10_17 is empty."])


def _whole_numbers(counts: pd.Series[float]) -> pd.Series[float]:
    """Round counts so that their total is kept: the largest fractions are rounded up (Hare's largest remainder)."""
    whole = np.floor(counts)
    short = round(float(counts.sum() - whole.sum()))
    largest = (counts - whole).sort_values(ascending=False, kind="stable").index[:short]
    whole[largest] += 1
    return pd.Series(whole)


def _has_children(table: OpenTable) -> bool:
    return bool(table.frame["children_10_17"].notna().any())


def _source(table: OpenTable) -> str:
    year = f"mid-{table.edition} " if table.edition else ""
    return f"{year}population by {table.vintage} ({table.file})"
