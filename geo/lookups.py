"""Join the codes of one official file to those of another: LSOAs to wards, LSOAs of one census to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.boundaries import Boundaries, points_to_areas
from geo.files import Geography
from geo.tables import OpenTable

Positions = npt.NDArray[np.int64]


class GeographyMismatch(ValueError):
    """The codes of two geography files do not join; the message names both, their vintages and how many fail."""


@dataclass(frozen=True, eq=False)
class WardLookup:
    """Which ward each LSOA of one vintage belongs to.

    Attributes
    ----------
    vintage : of the LSOAs, for example "LSOA11".
    frame : lsoa_code, ward_code, share (the part of the LSOA that is counted in the ward: 1, or less where
        an LSOA was divided and its parts lie in different wards; shares of an LSOA add up to 1).
    route : a sentence that says by which files.
    """

    vintage: str
    frame: pd.DataFrame
    route: str


def positions(values: pd.Series[str], among: pd.Series[str]) -> Positions:
    """Find where each value stands in a column of unique values; -1 where it does not, or is missing."""
    found = pc.index_in(_text(values), value_set=_text(among), skip_nulls=True)
    return np.asarray(found.fill_null(-1)).astype(np.int64)


def _text(values: pd.Series[str]) -> pa.Array:
    array = pa.array(values, from_pandas=True)
    joined = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return joined.cast(pa.large_string())


def ward_lookup(geography: Geography, vintage: str) -> tuple[WardLookup | None, list[str]]:
    """Find the way from LSOAs of a vintage to the wards of the boundaries.

    Tried in this order, and the first that knows every boundary ward is taken: a best-fit lookup of this
    vintage; one of the other vintage, reached through the LSOA 2011 to 2021 table; last, where no lookup is
    there at all, the ward each population-weighted centroid lies in (which is how best-fit lookups are made).

    Returns
    -------
    lookup : None where the folder holds no way at all.
    notes : lookups that were not used, and why.

    Raises
    ------
    GeographyMismatch
        There are lookups, and none knows every boundary ward.
    """
    if geography.wards is None:
        return None, []
    routes = [
        (change, table) for change, table in _routes(geography, vintage) if table.kind == "lsoa_to_ward"
    ]
    failed: list[tuple[int, OpenTable]] = []
    for change, table in routes:
        missing = missing_codes(geography.wards, table.frame["ward_code"])
        if not len(missing):
            said = [_not_used(count, other, geography.wards, table) for count, other in failed]
            return WardLookup(vintage, _chained(change, table.frame, vintage), _route(change, table)), list(
                dict.fromkeys(said)
            )
        failed.append((len(missing), table))
    if failed:
        raise mismatch(geography.wards, min(failed, key=lambda pair: pair[0])[1], "ward_code")
    return _by_centroids(geography, vintage, geography.wards)


def validate_lookups(geography: Geography) -> list[str]:
    """Check that some lookup from LSOA to ward knows every boundary ward, and name those that do not.

    Raises
    ------
    GeographyMismatch
        There are lookups, and none knows every boundary ward.
    """
    notes: list[str] = []
    failed: list[GeographyMismatch] = []
    vintages = sorted({table.vintage for table in geography.of_kind("lsoa_to_ward")})
    for vintage in vintages:
        try:
            notes += ward_lookup(geography, vintage)[1]
        except GeographyMismatch as error:
            failed.append(error)
    if failed and len(failed) == len(vintages):
        raise failed[0]
    return notes + [f"A lookup was not used: {error}" for error in failed]


def change_pairs(geography: Geography, vintage: str) -> tuple[OpenTable, pd.DataFrame] | None:
    """Return the LSOA 2011 to 2021 table as seen from one vintage, or None where the folder has none.

    Returns
    -------
    table : the file it comes from.
    frame : lsoa_code (of `vintage`), other_code, share. An unchanged LSOA (U) has one row with share 1. A split
        one (S) has a row a part, each with an equal share; merged ones (M) each have a row with share 1;
        fragments (X) are treated like the parts of a split.
    """
    for table in geography.of_kind("lsoa_to_lsoa"):
        names = {table.vintage: ("old_code", "new_code"), table.to_vintage: ("new_code", "old_code")}
        if vintage in names:
            here, there = names[vintage]
            frame = pd.DataFrame(
                {"lsoa_code": table.frame[here], "other_code": table.frame[there]}
            ).drop_duplicates()
            frame["share"] = 1.0 / frame.groupby("lsoa_code")["other_code"].transform("size")
            return table, frame
    return None


def ward_authorities(geography: Geography) -> tuple[pd.DataFrame, list[str]]:
    """Return the local authority of each boundary ward: from the boundaries, else from a ward to authority lookup.

    Returns
    -------
    frame : authority_code, authority_name, upper_authority_code, one row a boundary ward; missing where unknown.
    notes : what is missing.

    Raises
    ------
    GeographyMismatch
        The boundaries name no authority, and there are lookups of which none knows every boundary ward.
    """
    wards = geography.wards
    assert wards is not None
    frame = wards.frame[["authority_code", "authority_name", "upper_authority_code"]].copy()
    tables = geography.of_kind("ward_to_authority")
    if frame["authority_code"].isna().all():
        joining = [table for table in tables if not len(missing_codes(wards, table.frame["ward_code"]))]
        if tables and not joining:
            raise mismatch(wards, tables[0], "ward_code")
        if not joining:
            return frame, [
                "No file says which authority a ward is in: what needs it (_residents, placed_by_others) is empty."
            ]
        at = positions(wards.codes, joining[0].frame["ward_code"])
        for name in ("authority_code", "authority_name"):
            frame[name] = joining[0].frame[name].replace("", None).to_numpy(object)[at]
    names: dict[str, str] = {}
    for table in reversed(tables):
        names.update(dict(zip(table.frame["authority_code"], table.frame["authority_name"], strict=True)))
    frame["authority_name"] = frame["authority_name"].fillna(
        frame["authority_code"].map({c: n for c, n in names.items() if n})
    )
    return frame, []


def missing_codes(boundaries: Boundaries, codes: pd.Series[str]) -> npt.NDArray[np.object_]:
    """Return the codes of boundary areas that are not among `codes`."""
    return np.setdiff1d(boundaries.codes.to_numpy(object), codes.dropna().unique().astype(object))


def mismatch(boundaries: Boundaries, table: OpenTable, column: str) -> GeographyMismatch:
    """Build the error that says two files do not join."""
    missing = missing_codes(boundaries, table.frame[column])
    other = table.to_vintage or table.vintage
    what = (
        f"The two files name different sets of wards: replace one of them, so that both are of {boundaries.vintage} or of {other}."
        if other != boundaries.vintage
        else f"Both say that they are of {other}, so rows are missing or codes are wrong there: put the whole file in its place."
    )
    return GeographyMismatch(
        f"{len(missing)} of {len(boundaries)} ward codes of {boundaries.file} ({boundaries.vintage}) are not in "
        f"{table.file} ({other}), {missing[0]} for one. {what}"
    )


def _routes(geography: Geography, vintage: str) -> list[tuple[OpenTable | None, OpenTable]]:
    """List the ways to a ward: the table from this vintage to another (None where not needed), and the last table."""
    ends = geography.of_kind("lsoa_to_ward") + geography.of_kind("centroids")
    direct: list[tuple[OpenTable | None, OpenTable]] = [
        (None, table) for table in ends if table.vintage == vintage
    ]
    through = change_pairs(geography, vintage)
    if through is None:
        return direct
    other = ({through[0].vintage, through[0].to_vintage} - {vintage}).pop()
    return direct + [(through[0], table) for table in ends if table.vintage == other]


def _chained(change: OpenTable | None, frame: pd.DataFrame, vintage: str) -> pd.DataFrame:
    """Follow the change table to the ward each LSOA ends in, adding shares that end in the same ward."""
    if change is None:
        return frame[["lsoa_code", "ward_code"]].assign(share=1.0)
    through = change_pairs(Geography(tables=(change,)), vintage)
    assert through is not None
    joined = through[1].merge(frame.rename(columns={"lsoa_code": "other_code"}), on="other_code")
    return joined.groupby(["lsoa_code", "ward_code"])["share"].sum().reset_index()


def _route(change: OpenTable | None, table: OpenTable) -> str:
    last = f"{table.vintage} to {table.to_vintage} by {table.file}"
    return f"{change.vintage} to {change.to_vintage} by {change.file}, {last}" if change else last


def _not_used(count: int, table: OpenTable, boundaries: Boundaries, used: OpenTable) -> str:
    return (
        f"{table.file} ({table.to_vintage}) was not used: {count} of {len(boundaries)} ward codes of {boundaries.file} "
        f"({boundaries.vintage}) are not in it. {used.file} ({used.to_vintage}) knows them all."
    )


def _by_centroids(
    geography: Geography, vintage: str, wards: Boundaries
) -> tuple[WardLookup | None, list[str]]:
    """Put each LSOA into the ward its population-weighted centroid lies in."""
    for change, table in _routes(geography, vintage):
        at = points_to_areas(table.frame["easting"], table.frame["northing"], wards)
        inside = at >= 0
        frame = pd.DataFrame(
            {
                "lsoa_code": table.frame.loc[inside, "lsoa_code"],
                "ward_code": wards.codes.to_numpy()[at[inside]],
            }
        )
        route = f"the ward that the population-weighted centroid of each LSOA lies in ({table.file})"
        notes = [f"No lookup from LSOA to ward is there; {route} is used."]
        empty = missing_codes(wards, frame["ward_code"])
        if len(empty):
            notes.append(
                f"{len(empty)} of {len(wards)} wards hold no centroid and have no figure from LSOAs."
            )
        return WardLookup(vintage, _chained(change, frame, vintage), route), notes
    return None, []
