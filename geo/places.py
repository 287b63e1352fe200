"""Locate homes, places and events: a point in British National Grid, and the ward it lies in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.boundaries import points_to_areas
from geo.files import Geography
from geo.grid import Floats, lonlat_to_grid
from geo.lookups import Positions, positions, ward_lookup
from geo.tables import postcode_key

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Places:
    """Where the rows of a table are.

    Attributes
    ----------
    easting, northing : British National Grid metres; missing where not known.
    ward : position of the ward in the boundaries, -1 where none.
    placed : whether the row has a place at all, inside the boundaries or not.
    """

    easting: Floats
    northing: Floats
    ward: Positions
    placed: Flags

    def coverage(self, rows: Flags | None = None) -> dict[str, int]:
        """Count rows in all, in a ward, outside every ward, and without any place."""
        chosen = np.ones(len(self.ward), dtype=np.bool_) if rows is None else rows
        inside = chosen & (self.ward >= 0)
        return {
            "total": int(chosen.sum()),
            "in_ward": int(inside.sum()),
            "outside": int((chosen & self.placed & ~inside).sum()),
            "no_place": int((chosen & ~self.placed).sum()),
        }

    def take(self, rows: Positions) -> Places:
        """Return the places that `rows` point at; -1 points at none."""
        if not len(self.ward):
            return nowhere(len(rows))
        there = rows >= 0
        return Places(
            np.where(there, self.easting[rows], np.nan),
            np.where(there, self.northing[rows], np.nan),
            np.where(there, self.ward[rows], -1),
            there & self.placed[rows],
        )

    def otherwise(self, other: Places, *, where: Flags) -> Places:
        """Return these places, but the other ones in the rows that `where` marks."""
        return Places(
            np.where(where, other.easting, self.easting),
            np.where(where, other.northing, self.northing),
            np.where(where, other.ward, self.ward),
            np.where(where, other.placed, self.placed),
        )


def nowhere(count: int) -> Places:
    """Return `count` rows without any place."""
    nan = np.full(count, np.nan)
    return Places(nan, nan.copy(), np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.bool_))


def location_places(locations: pd.DataFrame, geography: Geography) -> Places:
    """Locate places by easting and northing, else by longitude and latitude, else by postcode."""
    easting, northing = _numbers(locations, "easting"), _numbers(locations, "northing")
    lost = np.isnan(easting) | np.isnan(northing)
    longitude, latitude = _numbers(locations, "longitude"), _numbers(locations, "latitude")
    if (lost & np.isfinite(longitude)).any():
        easting[lost], northing[lost] = lonlat_to_grid(longitude[lost], latitude[lost])
    _fill_by_postcode(easting, northing, locations, "postcode", geography)
    return _in_wards(easting, northing, geography)


def home_places(people: pd.DataFrame, geography: Geography) -> Places:
    """Locate homes by coordinates, else by postcode, else (the ward only) by LSOA."""
    easting, northing = _numbers(people, "home_easting"), _numbers(people, "home_northing")
    _fill_by_postcode(easting, northing, people, "home_postcode", geography)
    homes = _in_wards(easting, northing, geography)
    left = np.flatnonzero(~homes.placed & people["home_lsoa"].notna().to_numpy())
    if not len(left) or geography.wards is None:
        return homes
    ward_codes = lsoa_to_wards(people["home_lsoa"].iloc[left], geography)
    homes.placed[left] = ward_codes.notna().to_numpy()
    homes.ward[left] = positions(ward_codes, geography.wards.codes)
    return homes


def event_places(
    events: pd.DataFrame, locations: pd.DataFrame, sites: Places, geography: Geography
) -> Places:
    """Locate events by their own coordinates, else by their location (`sites` locates `locations`)."""
    own = _in_wards(_numbers(events, "easting"), _numbers(events, "northing"), geography)
    at = sites.take(positions(events["location_id"], locations["location_id"]))
    return own.otherwise(at, where=~own.placed)


def home_lsoas(people: pd.DataFrame, homes: Places, geography: Geography, vintage: str) -> pd.Series[str]:
    """Return the LSOA of each home: as recorded, else by LSOA boundaries, else by postcode.

    Parameters
    ----------
    vintage : the LSOA vintage wanted where there is a choice ("LSOA21"); a recorded LSOA stays as it is.
    """
    lsoa = people["home_lsoa"].astype(object)
    areas = geography.lsoas.get(vintage) or next(iter(geography.lsoas.values()), None)
    left = lsoa.isna().to_numpy() & homes.placed
    if areas is not None and left.any():
        at = points_to_areas(homes.easting[left], homes.northing[left], areas)
        lsoa[left] = areas.codes.array.take(at, allow_fill=True)
    held = geography.postcodes
    left = lsoa.isna().to_numpy() & people["home_postcode"].notna().to_numpy()
    if held is not None and left.any():
        column = (
            vintage
            if vintage in held
            else next((name for name in held if str(name).startswith("LSOA")), None)
        )
        if column is not None:
            at = positions(postcode_key(people["home_postcode"][left]), held["postcode"])
            lsoa[left] = held[column].array.take(at, allow_fill=True)
    return lsoa


def lsoa_to_wards(lsoa: pd.Series[str], geography: Geography) -> pd.Series[str]:
    """Return the ward of each LSOA code, of whichever census; missing where no lookup knows it.

    An LSOA whose parts lie in several wards is taken to the one with the largest share, then the lowest code.
    """
    vintages = {table.vintage for kind in ("lsoa_to_ward", "centroids") for table in geography.of_kind(kind)}
    vintages |= {
        name for table in geography.of_kind("lsoa_to_lsoa") for name in (table.vintage, table.to_vintage)
    }
    found = pd.Series(None, index=lsoa.index, dtype=object)
    for vintage in sorted(vintages, reverse=True):
        lookup, _ = ward_lookup(geography, vintage)
        if lookup is None:
            continue
        largest = lookup.frame.sort_values(["lsoa_code", "share", "ward_code"], ascending=[True, False, True])
        largest = largest.drop_duplicates("lsoa_code")
        at = positions(lsoa, largest["lsoa_code"])
        led = pd.Series(largest["ward_code"].array.take(at, allow_fill=True), index=lsoa.index, dtype=object)
        found = found.where(found.notna(), led)
    return found


def _in_wards(easting: Floats, northing: Floats, geography: Geography) -> Places:
    placed = np.isfinite(easting) & np.isfinite(northing)
    if geography.wards is None:
        return Places(easting, northing, np.full(len(easting), -1, dtype=np.int64), placed)
    return Places(easting, northing, points_to_areas(easting, northing, geography.wards), placed)


def _fill_by_postcode(
    easting: Floats, northing: Floats, frame: pd.DataFrame, column: str, geography: Geography
) -> None:
    """Fill in the coordinates of rows that have none from their postcode, in place."""
    held = geography.postcodes
    left = np.flatnonzero((np.isnan(easting) | np.isnan(northing)) & frame[column].notna().to_numpy())
    if held is None or not len(left):
        return
    at = positions(postcode_key(frame[column].iloc[left]), held["postcode"])
    left, at = left[at >= 0], at[at >= 0]
    easting[left], northing[left] = held["easting"].to_numpy()[at], held["northing"].to_numpy()[at]


def _numbers(frame: pd.DataFrame, column: str) -> Floats:
    """Return a column as a new array of floats."""
    return np.array(frame[column].to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)
