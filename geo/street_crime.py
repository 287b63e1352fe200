"""Read the street-level files of data.police.uk and count what is in them by area, month and type."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from geo.boundaries import Boundaries, points_to_areas
from geo.grid import lonlat_to_grid

NEEDED = {"month": "month", "crime_type": "crime type", "longitude": "longitude", "latitude": "latitude"}
ALSO = {"crime_id": "crime id", "lsoa_code": "lsoa code"}
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, eq=False)
class StreetCrime:
    """Rows of a street-level file.

    Attributes
    ----------
    rows : as in the file: crime_id (missing where there is none, as for anti-social behaviour), month (2019-06),
        crime_type, easting, northing (British National Grid metres; missing where the file gives no place), lsoa_code.
    notes : what the file leaves open.
    """

    rows: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def load_street_crime(path: Path) -> StreetCrime:
    """Read one file as it is published, or with fewer columns or with dots for spaces in their names (as R writes them).

    Points are not where anything happened: each is moved to the nearest of a fixed list of points, each of which
    stands for eight addresses or more, so a point holds what happened on a street and its neighbours. A month that no
    file covers is no data, not nought.

    Raises
    ------
    ValueError
        A column is missing, or a month is not written as 2019-06.

    Source: data.police.uk, "About the data".
    """
    cells = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    plain = {re.sub(r"[._\s]+", " ", name).strip().lower(): name for name in cells.columns}
    lost = [name for name in NEEDED.values() if name not in plain]
    if lost:
        msg = f"{path.name} has no column {' nor '.join(lost)}. Give a street-level file of data.police.uk, as it is."
        raise ValueError(msg)
    rows = pd.DataFrame(
        {
            name: cells[plain[words]].str.strip() if words in plain else ""
            for name, words in (ALSO | NEEDED).items()
        },
        index=cells.index,
    ).replace("", None)
    wrong = ~rows["month"].fillna("").str.fullmatch(MONTH.pattern)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        msg = f"{path.name}, row {at + 2}: {rows['month'].iloc[at]} is not a month. Months are written as 2019-06."
        raise ValueError(msg)
    place = rows[["longitude", "latitude"]].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    rows["easting"], rows["northing"] = lonlat_to_grid(place[:, 0], place[:, 1])
    return StreetCrime(rows.drop(columns=["longitude", "latitude"]), _notes(rows, "crime id" in plain))


def crime_areas(crime: StreetCrime, boundaries: Boundaries) -> tuple[pd.Series[str], list[str]]:
    """Find the area of each row.

    Returns
    -------
    codes : on the index of the rows; missing outside every area.
    notes : how many rows lie outside, or have no place.
    """
    at = points_to_areas(crime.rows["easting"], crime.rows["northing"], boundaries)
    nowhere = int(crime.rows["easting"].isna().sum())
    outside = int((at < 0).sum()) - nowhere
    notes = (
        [f"{outside:,} of {len(at):,} rows lie outside every area ({boundaries.file})."] if outside else []
    )
    notes += [f"{nowhere:,} of {len(at):,} rows have no place."] if nowhere else []
    codes = pd.Series(
        boundaries.codes.array.take(at, allow_fill=True), index=crime.rows.index, dtype="object"
    )
    return codes, notes


def crime_by_type(crime: StreetCrime) -> pd.DataFrame:
    """Count rows by month and type, most frequent type first.

    Returns
    -------
    One row a type, by name where two are as frequent: a column a month, and without_id (rows that have no crime ID,
    which cannot be told from each other).
    """
    counts = pd.crosstab(crime.rows["crime_type"], crime.rows["month"])
    counts["without_id"] = crime.rows["crime_id"].isna().groupby(crime.rows["crime_type"]).sum()
    order = np.lexsort((counts.index.to_numpy(str), -counts.drop(columns="without_id").sum(axis=1)))
    return counts.iloc[order].rename_axis(columns=None)


def _notes(rows: pd.DataFrame, has_ids: bool) -> list[str]:
    if not has_ids:
        return ["The file gives no crime ID: rows that are the same cannot be told from repeats."]
    without = rows["crime_id"].isna()
    if not without.any():
        return []
    types = sorted(rows.loc[without, "crime_type"].dropna().unique())
    return [f"{without.sum():,} of {len(rows):,} rows have no crime ID ({', '.join(types)})."]
