"""Read a folder of official open files as they are published and recognise each by its columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import pandas as pd

from geo.boundaries import Boundaries, boundary_layers, load_boundaries, merge_boundaries
from geo.columns import UNKNOWN
from geo.tables import OpenTable, read_csv, read_tables

SHAPES = (".geojson", ".json", ".gpkg", ".shp")
BESIDE_SHAPES = (".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qmd", ".xml")
NOT_READ = {
    ".xlsx": "it is a workbook; save the sheet that is wanted as CSV (UTF-8)",
    ".xls": "it is a workbook; save the sheet that is wanted as CSV (UTF-8)",
    ".ods": "it is a workbook; save the sheet that is wanted as CSV (UTF-8)",
    ".zip": "it is an archive; unpack it into the folder",
}
Part = TypeVar("Part", Boundaries, OpenTable)
KEYS = {
    "deprivation": ["lsoa_code"],
    "lsoa_to_ward": ["lsoa_code"],
    "lsoa_to_lsoa": ["old_code", "new_code"],
    "ward_to_authority": ["ward_code"],
    "population": ["code"],
    "centroids": ["lsoa_code"],
    "postcodes": ["postcode"],
}
# The columns whose codes belong to a named vintage, and the attribute that names it.
CODES_OF = {
    "deprivation": {"lsoa_code": "vintage"},
    "lsoa_to_ward": {"lsoa_code": "vintage", "ward_code": "to_vintage"},
    "lsoa_to_lsoa": {"old_code": "vintage", "new_code": "to_vintage"},
    "ward_to_authority": {"ward_code": "vintage"},
    "centroids": {"lsoa_code": "vintage"},
}


@dataclass(frozen=True, eq=False)
class Geography:
    """What a geography folder holds.

    Attributes
    ----------
    wards : the ward boundaries, or None.
    lsoas : LSOA boundaries by vintage ("LSOA21").
    tables : every other table, one a kind, vintage and edition.
    notes : sentences on what was not recognised, left out or put together.
    """

    wards: Boundaries | None = None
    lsoas: dict[str, Boundaries] = field(default_factory=dict)
    tables: tuple[OpenTable, ...] = ()
    notes: tuple[str, ...] = ()

    def of_kind(self, kind: str, *, level: str | None = None) -> list[OpenTable]:
        """Return the tables of a kind (and level), the latest edition and vintage first."""
        held = [table for table in self.tables if table.kind == kind and level in (None, table.level)]
        return sorted(
            held, key=lambda table: (table.edition, table.vintage, table.to_vintage, table.file), reverse=True
        )

    @property
    def postcodes(self) -> pd.DataFrame | None:
        """Postcodes (capitals, no space) with easting and northing, or None where no file holds them."""
        held = self.of_kind("postcodes")
        return held[0].frame if held else None

    def contents(self) -> pd.DataFrame:
        """Return what was read: kind, vintage, edition, rows and file, a row each."""
        areas = [part for part in (self.wards, *self.lsoas.values()) if part is not None]
        rows = [(f"{part.level} boundaries", part.vintage, "", len(part), part.file) for part in areas]
        for table in self.tables:
            joined = f"{table.vintage} to {table.to_vintage}" if table.to_vintage else table.vintage
            rows.append((table.kind.replace("_", " "), joined, table.edition, len(table.frame), table.file))
        return pd.DataFrame(rows, columns=["kind", "vintage", "edition", "rows", "file"])


def read_geography(folder: str | Path) -> Geography:
    """Read every file of a folder (and the folders in it) and recognise it by its columns, whatever its name.

    Wards, LSOAs, deprivation, lookups, population, centroids and postcodes are recognised; vintages are read
    from column names. Files of the same kind and vintage that cover different areas are put together.

    Parameters
    ----------
    folder : a folder of GeoJSON, GeoPackage, Shapefile and CSV files; any of them may be absent.

    Returns
    -------
    Geography, whose `notes` name every file that was not recognised.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    ValueError
        A file is empty, cannot be read, or contradicts another; all such files are named at once.
    """
    folder = Path(folder)
    if not folder.is_dir():
        msg = f"There is no geography folder {folder}. Check the path."
        raise FileNotFoundError(msg)
    areas: list[Boundaries] = []
    tables: list[OpenTable] = []
    notes: list[str] = []
    faults: list[str] = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts):
            continue
        try:
            found, said = _read_file(path)
        except ValueError as error:
            faults.append(str(error))
            continue
        areas += [part for part in found if isinstance(part, Boundaries)]
        tables += [part for part in found if isinstance(part, OpenTable)]
        notes += said
    if faults:
        raise ValueError("\n".join(faults))
    return _assembled(areas, tables, notes)


def _assembled(areas: list[Boundaries], tables: list[OpenTable], notes: list[str]) -> Geography:
    """Name the vintages that columns left open, then put together what belongs together."""
    known = _known_codes(areas, tables)
    areas = [_dated(part, set(part.codes), known) for part in areas]
    tables = [
        _dated(part, set(part.frame["code"]), known) if part.kind == "population" else part for part in tables
    ]
    tables, paired = _joined_sexes(tables)
    joined, said = _joined_tables(tables)
    said = paired + said
    wards, more = _joined_areas([part for part in areas if part.level == "ward"])
    lsoas: dict[str, Boundaries] = {}
    for each in sorted({part.vintage for part in areas if part.level == "lsoa"}):
        whole, further = _joined_areas(
            [part for part in areas if part.level == "lsoa" and part.vintage == each]
        )
        if whole is not None:
            lsoas[each] = whole
        more += further
    return Geography(wards, lsoas, tuple(joined), tuple(notes + said + more))


def _joined_areas(parts: list[Boundaries]) -> tuple[Boundaries | None, list[str]]:
    if not parts:
        return None, []
    whole, *rest = sorted(parts, key=lambda part: (-len(part), part.file))
    notes: list[str] = []
    for part in rest:
        whole, said = merge_boundaries(whole, part)
        notes += said
    return whole, notes


def _joined_sexes(tables: list[OpenTable]) -> tuple[list[OpenTable], list[str]]:
    """Put a population file of girls and women beside that of boys and men, so that together they are of everyone."""
    single, notes = _joined_tables([table for table in tables if table.sex])
    paired: list[OpenTable] = []
    for one in single:
        alike = [
            other
            for other in single
            if (other.level, other.vintage, other.edition) == (one.level, one.vintage, one.edition)
        ]
        if len(alike) == 1:
            notes.append(
                f"{one.file} counts one sex only ({one.sex}) and no file of the other is there: it is not used."
            )
        elif one.sex == "female":
            table, said = _paired(*sorted(alike, key=lambda part: part.sex))
            paired.append(table)
            notes += said
    # First, so that a file of both sexes together adds to them only what they lack.
    return paired + [table for table in tables if not table.sex], notes


def _paired(female: OpenTable, male: OpenTable) -> tuple[OpenTable, list[str]]:
    """Add up the two sexes; areas that only one of the files has are left out."""
    one, other = (table.frame.set_index("code") for table in (female, male))
    both = one.index.intersection(other.index)
    one, other = one.loc[both], other.loc[both]
    sums = ["total", "children_10_17"]
    parts = [one[["name"]], one[sums] + other[sums]]
    parts += [part.drop(columns=["name", *sums]) for part in (one, other)]
    frame = pd.concat(parts, axis=1)
    left = len(female.frame) + len(male.frame) - 2 * len(both)
    notes = [f"{female.file} and {male.file} are added up."]
    if left:
        notes.append(f"{left} areas that only one of them has are left out.")
    return replace(female, file=f"{female.file}, {male.file}", frame=frame.reset_index(), sex=""), notes


def _joined_tables(tables: list[OpenTable]) -> tuple[list[OpenTable], list[str]]:
    """Put tables of the same kind, vintage and edition together, each row once."""
    whole: dict[tuple[str, ...], OpenTable] = {}
    notes: list[str] = []
    for table in tables:
        same = (table.kind, table.level, table.vintage, table.to_vintage, table.edition, table.sex)
        if same in whole:
            whole[same], said = _joined(whole[same], table)
            notes += said
        else:
            whole[same] = table
    return list(whole.values()), notes


def _joined(first: OpenTable, second: OpenTable) -> tuple[OpenTable, list[str]]:
    """Put two tables together; the same code with other values in each is an error."""
    keys = KEYS[first.kind]
    values = [
        name
        for name in first.frame.columns.intersection(second.frame.columns, sort=False)
        if name not in keys and first.frame[name].dtype.kind in "fi"
    ]
    both = first.frame.merge(second.frame, on=keys, suffixes=("", "_again"))
    clash = pd.Series(False, index=both.index)
    for name in values:
        one, other = both[name], both[f"{name}_again"]
        clash |= one.ne(other) & one.notna() & other.notna()
    if first.kind == "lsoa_to_ward":
        clash = both["ward_code"].ne(both["ward_code_again"])
    if clash.any():
        msg = (
            f"{first.file} and {second.file} are both {first.kind.replace('_', ' ')} tables of {first.vintage} and "
            f"differ for {clash.sum()} codes, {both.loc[clash, keys[0]].iloc[0]} for one. Keep one of the two files."
        )
        raise ValueError(msg)
    frame = pd.concat([first.frame, second.frame], ignore_index=True).drop_duplicates(keys, ignore_index=True)
    if len(frame) == len(first.frame):
        return first, [f"{second.file} says nothing that {first.file} does not; it was not needed."]
    said = (
        [f"{first.file} and {second.file} both hold {len(both)} of the same codes; they are used once."]
        if len(both)
        else []
    )
    return replace(first, file=f"{first.file}, {second.file}", frame=frame), said


def _known_codes(areas: list[Boundaries], tables: list[OpenTable]) -> dict[str, set[str]]:
    """Gather the ward and LSOA codes of every vintage that some column names, by vintage in order."""
    known: dict[str, set[str]] = {}
    held = [(part.vintage, part.codes) for part in areas]
    for table in tables:
        for column, name in CODES_OF.get(table.kind, {}).items():
            held.append((getattr(table, name), table.frame[column]))
    for name, codes in held:
        known.setdefault(name, set()).update(codes)
    return {name: known[name] for name in sorted(known) if name != UNKNOWN}


def _dated(part: Part, codes: set[str], known: dict[str, set[str]]) -> Part:
    """Name a vintage that no column says: that of a file which holds all its codes, else the file name's."""
    if part.vintage != UNKNOWN:
        return part
    prefix = {"ward": "WD", "lsoa": "LSOA"}[part.level]
    shared = [name for name in known if name.startswith(prefix) and codes <= known[name]]
    return replace(part, vintage=shared[-1] if shared else part.hint or UNKNOWN)


def _read_file(path: Path) -> tuple[list[Boundaries | OpenTable], list[str]]:
    """Read one file: boundaries or tables, and what is to be said about it."""
    suffix = path.suffix.lower()
    if suffix in BESIDE_SHAPES:
        return [], []
    if suffix in SHAPES and not (suffix == ".json" and b'"Feature' not in path.read_bytes()):
        return _read_shapes(path)
    if suffix == ".csv":
        tables, notes = read_tables(read_csv(path))
        return list(tables), notes
    return [], [
        f"{path.name} was not read: {NOT_READ.get(suffix, 'it is neither a boundary file nor a CSV table')}."
    ]


def _read_shapes(path: Path) -> tuple[list[Boundaries | OpenTable], list[str]]:
    """Read every layer of a boundary file."""
    found: list[Boundaries | OpenTable] = []
    notes: list[str] = []
    for layer in boundary_layers(path):
        area, said = load_boundaries(path, layer=layer)
        found += [area] if area is not None else []
        notes += said
    return found, notes
