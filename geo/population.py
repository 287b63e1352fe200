"""Count the children aged 10 to 17 of each ward, and the people of each LSOA, from population estimates."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from geo.files import Geography
from geo.lookups import GeographyMismatch, mismatch, missing_codes, positions, ward_lookup
from geo.tables import OpenTable


@dataclass(frozen=True, eq=False)
class WardPopulation:
    """Children aged 10 to 17 by ward.

    Attributes
    ----------
    children : one number a boundary ward, in code order; missing where no file says.
    source : which file, of which year and vintage; "" where there is none.
    notes : what was left out, or is missing.
    """

    children: pd.Series[float]
    source: str = ""
    notes: list[str] = field(default_factory=list)


def ward_population(geography: Geography) -> WardPopulation:
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
            found = table.frame["children_10_17"].to_numpy()[positions(wards.codes, table.frame["code"])]
            return WardPopulation(pd.Series(found), _source(table), notes)
        notes.append(
            f"{table.file} ({table.vintage}) was not used: {len(missing)} of {len(wards)} ward codes are not in it."
        )
    if by_ward:
        raise mismatch(wards, by_ward[0], "code")
    return _from_lsoas(geography)


def lsoa_people(geography: Geography, vintage: str) -> tuple[pd.DataFrame, str] | None:
    """Return the people of each LSOA of a vintage (code, total) and the source, or None where no file says."""
    for table in geography.of_kind("population", level="lsoa"):
        if table.vintage == vintage and table.frame["total"].notna().any():
            return table.frame[["code", "total"]], _source(table)
    return None


def _from_lsoas(geography: Geography) -> WardPopulation:
    wards = geography.wards
    assert wards is not None
    nothing = pd.Series(np.nan, index=range(len(wards)))
    tables = [table for table in geography.of_kind("population", level="lsoa") if _has_children(table)]
    if not tables:
        return WardPopulation(
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
        summed = (people["children_10_17"] * people["share"]).groupby(people["ward_code"]).sum()
        whole = _whole_numbers(summed.reindex(wards.codes).reset_index(drop=True))
        return WardPopulation(whole, f"{_source(table)}, {lookup.route}", notes)
    return WardPopulation(nothing, notes=[*notes, "children_10_17 is empty."])


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
