"""Recognise what one official open table says and put it under names of our own."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from geo.columns import UNKNOWN, Column, choose, code_level, recognise, vintage, year_in_name

POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? *\d[A-Z]{2}")
# Code-Point Open is published without a header row.
CODE_POINT = [
    "postcode", "quality", "easting", "northing", "country", "nhs_ha_regional", "nhs_ha", "county", "lad", "ward",
]  # fmt: skip
# The year of the local authority codes in a deprivation file tells its edition.
EDITIONS = {"13": "2015", "19": "2019", "24": "2025"}
CHUNK = 1 << 24
OFFICIAL = re.compile(r"[A-Z]\d{8}")
# The years of age that are kept one by one, and those that rates are of.
YOUNG, CHILDREN = range(18), range(10, 18)
SEXES = ("female", "male")


@dataclass(frozen=True, eq=False)
class OpenTable:
    """One table of an official open file, under names of our own.

    Attributes
    ----------
    kind : what it says.

        deprivation : lsoa_code, imd_rank, imd_decile
        lsoa_to_ward : lsoa_code, ward_code
        lsoa_to_lsoa : old_code, new_code, change (U, S, M, X or None)
        ward_to_authority : ward_code, authority_code, authority_name
        population : code (of a ward or LSOA), name, total, children_10_17, and where the file has single years of age
            female_0, male_0 to female_17, male_17 (age_0 to age_17 where it does not tell the sexes apart)
        centroids : lsoa_code, easting, northing
        postcodes : postcode (capitals, no space), easting, northing, and LSOA11, LSOA21 where given
    file : the names of the files it was read from.
    vintage : of the codes it is keyed by, for example "LSOA21"; "unknown vintage" where no column says.
    to_vintage : of the codes it leads to, for a lookup.
    edition : "2019" of the Indices of Deprivation, or the year of a population estimate; "" where not said.
    frame : the rows.
    hint : the vintage that the file name suggests, used only where nothing else says.
    sex : "female" or "male" where a population file is of one sex only, as its name says.
    """

    kind: str
    file: str
    vintage: str
    frame: pd.DataFrame
    to_vintage: str = ""
    edition: str = ""
    hint: str = UNKNOWN
    sex: str = ""

    @property
    def level(self) -> str:
        """The level of the codes it is keyed by: "ward", "lsoa" or "postcode"."""
        if self.kind == "population":
            return code_level(str(self.frame["code"].iloc[0])) or (
                "lsoa" if self.vintage.startswith("LSOA") else "ward"
            )
        return {"ward_to_authority": "ward", "postcodes": "postcode"}.get(self.kind, "lsoa")


@dataclass(frozen=True)
class Sheet:
    """The cells of one file (or sheet of a workbook) as text, with the columns that were recognised."""

    file: str
    columns: list[Column]
    cells: pd.DataFrame

    def has(self, *roles: str) -> bool:
        """Tell whether every one of the roles has a column."""
        return all(choose(self.columns, role) for role in roles)

    def text(self, role: str) -> pd.Series[str]:
        """Return the column of a role as stripped text; empty text where there is none."""
        column = choose(self.columns, role)
        if column is None:
            return pd.Series("", index=self.cells.index)
        return self.cells[column.name].fillna("").str.strip()

    def number(self, role: str) -> pd.Series[float]:
        """Return the column of a role as numbers; thousands separators are read, what is no number is missing."""
        return _numbers(self.text(role))

    def vintage(self, role: str) -> str:
        """Return the vintage that the column of a role names, or "unknown vintage"."""
        column = choose(self.columns, role)
        return column.vintage if column else UNKNOWN


def read_csv(path: Path) -> Sheet:
    """Read the recognised columns of a CSV file as text."""
    raw = path.read_bytes()
    if not raw[:65536].strip(b"\xef\xbb\xbf \t\r\n,"):
        msg = f"{path.name} is empty. Download it again or remove it."
        raise ValueError(msg)
    begins = raw[:65536].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if b"\x00" in raw[:65536] or begins == b"<":
        what = "a web page" if begins == b"<" else "a binary file (a workbook, an archive or UTF-16 text)"
        msg = f"{path.name} is not CSV: it looks like {what}. Download it again or save it as CSV (UTF-8)."
        raise ValueError(msg)
    encoding = _encoding(raw)
    first = next(csv.reader(io.StringIO(raw[:65536].decode(encoding, errors="replace"))), [])
    headless = len(first) == len(CODE_POINT) and bool(POSTCODE.fullmatch(first[0].strip().upper()))
    names = CODE_POINT if headless else [name.removeprefix("\ufeff") for name in first]
    columns = recognise(names)
    if not columns:
        return Sheet(path.name, [], pd.DataFrame(columns=names))
    cells = _parse(raw, names, [column.name for column in columns], encoding, headless, path.name)
    if cells.empty:
        msg = f"{path.name} has a header row and nothing under it. Download it again or remove it."
        raise ValueError(msg)
    return Sheet(path.name, columns, cells)


def _parse(
    raw: bytes, names: list[str], wanted: list[str], encoding: str, headless: bool, file: str
) -> pd.DataFrame:
    if len(set(wanted)) < len(wanted):
        msg = f"{file} has two columns of the same name: {next(name for name in wanted if wanted.count(name) > 1)}. Remove one."
        raise ValueError(msg)
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(raw),
            read_options=pa_csv.ReadOptions(
                column_names=names, skip_rows=0 if headless else 1, encoding=encoding, block_size=1 << 24
            ),
            parse_options=pa_csv.ParseOptions(newlines_in_values=b'"' in raw),
            convert_options=pa_csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        msg = f"{file} is not a CSV file that can be read: {str(error).splitlines()[0]}"
        raise ValueError(msg) from None
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _encoding(raw: bytes) -> str:
    """Tell UTF-8 from Windows-1252 (which can hold almost any bytes, so UTF-8 is tried first)."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(raw)
    try:
        for start in range(0, len(raw), CHUNK):
            decoder.decode(view[start : start + CHUNK], final=start + CHUNK >= len(raw))
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def read_tables(sheet: Sheet) -> tuple[list[OpenTable], list[str]]:
    """Recognise what a sheet says; it may say several things."""
    found: list[OpenTable] = []
    notes: list[str] = []
    for recognised, build in TABLES:
        if recognised(sheet):
            table, said = build(sheet)
            found.append(table)
            notes += said
    if not found:
        names = ", ".join(str(name) for name in list(sheet.cells.columns)[:6])
        return [], [f"{sheet.file} was not recognised by its columns ({names}) and is not used."]
    return found, notes


def _numbers(text: pd.Series[str]) -> pd.Series[float]:
    return pd.to_numeric(text.str.replace(",", "", regex=False), errors="coerce").astype(float)


def _has_postcodes(sheet: Sheet) -> bool:
    return (sheet.has("postcode") or sheet.has("postcode_other")) and sheet.has("easting", "northing")


def _postcodes(sheet: Sheet) -> tuple[OpenTable, list[str]]:
    role = "postcode" if sheet.has("postcode") else "postcode_other"
    easting, northing = sheet.number("easting"), sheet.number("northing")
    nowhere = (easting == 0) & (northing == 0)  # how Code-Point Open writes a postcode without a position
    held = {
        "postcode": postcode_key(sheet.text(role)),
        "easting": easting.mask(nowhere),
        "northing": northing.mask(nowhere),
    }
    for column in sheet.columns:
        if column.role in ("postcode_lsoa", "lsoa_code") and column.year:
            held[vintage("lsoa", column.year)] = sheet.cells[column.name].str.strip()
    frame = _unique(pd.DataFrame(held), ["postcode"], sheet.file)
    return OpenTable("postcodes", sheet.file, "", frame), []


def _has_deprivation(sheet: Sheet) -> bool:
    return sheet.has("lsoa_code") and (sheet.has("imd_rank") or sheet.has("imd_decile"))


def _deprivation(sheet: Sheet) -> tuple[OpenTable, list[str]]:
    edition, notes = _edition(sheet)
    of_areas = sheet.vintage("lsoa_code")
    if of_areas == UNKNOWN:
        of_areas = "LSOA21" if edition == "2025" else "LSOA11"
    frame = pd.DataFrame(
        {
            "lsoa_code": sheet.text("lsoa_code"),
            "imd_rank": sheet.number("imd_rank"),
            "imd_decile": sheet.number("imd_decile"),
        }
    )
    frame = _unique(frame[frame["lsoa_code"] != ""], ["lsoa_code"], sheet.file)
    return OpenTable("deprivation", sheet.file, of_areas, frame, edition=edition), notes


def _edition(sheet: Sheet) -> tuple[str, list[str]]:
    """Tell the edition from the columns: the year they give, the authority codes, or the LSOAs; last from the file name."""
    column = choose(sheet.columns, "imd_rank") or choose(sheet.columns, "imd_decile")
    authority = choose(sheet.columns, "authority_code")
    if column and column.year:
        return column.year, []
    if authority and authority.year[-2:] in EDITIONS:
        return EDITIONS[authority.year[-2:]], []
    if sheet.vintage("lsoa_code") == "LSOA21":
        return "2025", []
    named = year_in_name(sheet.file, "imd|iod")
    if len(named) == 4:
        return named, [
            f"{sheet.file}: no column says the edition; it is taken as {named} from the file name."
        ]
    return "2019", [f"{sheet.file}: no column says whether it is IMD 2015 or 2019; it is taken as 2019."]


def _has_lsoa_to_lsoa(sheet: Sheet) -> bool:
    return len(
        {column.year for column in sheet.columns if column.role == "lsoa_code" and column.year}
    ) == 2 and not _has_postcodes(sheet)


def _lsoa_to_lsoa(sheet: Sheet) -> tuple[OpenTable, list[str]]:
    old, new = sorted(
        (column for column in sheet.columns if column.role == "lsoa_code"),
        key=lambda column: column.year[-2:],
    )
    change = sheet.text("change").str.upper() if sheet.has("change") else None
    frame = pd.DataFrame(
        {
            "old_code": sheet.cells[old.name].str.strip(),
            "new_code": sheet.cells[new.name].str.strip(),
            "change": change,
        }
    )
    frame = frame.drop_duplicates().sort_values(["old_code", "new_code"], ignore_index=True)
    return OpenTable("lsoa_to_lsoa", sheet.file, old.vintage, frame, to_vintage=new.vintage), []


def _has_lsoa_to_ward(sheet: Sheet) -> bool:
    return sheet.has("lsoa_code", "ward_code") and not _has_postcodes(sheet)


def _lsoa_to_ward(sheet: Sheet) -> tuple[OpenTable, list[str]]:
    pairs = pd.DataFrame({"lsoa_code": sheet.text("lsoa_code"), "ward_code": sheet.text("ward_code")})
    pairs = pairs[(pairs["lsoa_code"] != "") & (pairs["ward_code"] != "")]
    counted = (
        pairs.value_counts()
        .reset_index(name="rows")
        .sort_values(["lsoa_code", "rows", "ward_code"], ascending=[True, False, True])
    )
    frame = counted.drop_duplicates("lsoa_code")[["lsoa_code", "ward_code"]].reset_index(drop=True)
    several = len(counted) - len(frame)
    notes = [f"{sheet.file}: LSOAs in several wards are taken to the ward with most rows."] if several else []
    table = OpenTable(
        "lsoa_to_ward", sheet.file, sheet.vintage("lsoa_code"), frame, to_vintage=sheet.vintage("ward_code")
    )
    return table, notes


def _has_ward_to_authority(sheet: Sheet) -> bool:
    return sheet.has("ward_code", "authority_code") and not _has_postcodes(sheet)


def _ward_to_authority(sheet: Sheet) -> tuple[OpenTable, list[str]]:
    frame = pd.DataFrame({
        "ward_code": sheet.text("ward_code"),
        "authority_code": sheet.text("authority_code"),
        "authority_name": sheet.text("authority_name"),
    })  # fmt: skip
    frame = frame[frame["ward_code"] != ""].drop_duplicates(["ward_code", "authority_code"])
    frame = _unique(frame, ["ward_code"], sheet.file)
    return OpenTable(
        "ward_to_authority",
        sheet.file,
        sheet.vintage("ward_code"),
        frame,
        to_vintage=sheet.vintage("authority_code"),
    ), []


def _population_code(sheet: Sheet) -> Column | None:
    """Choose the column a population file is keyed by; `area_code` where its values are wards or LSOAs."""
    for role in ("lsoa_code", "ward_code"):
        column = choose(sheet.columns, role)
        if column:
            return column
    column = choose(sheet.columns, "area_code")
    if column and sheet.cells[column.name].str.strip().map(code_level).ne("").any():
        return column
    return None


def _has_population(sheet: Sheet) -> bool:
    counts = sheet.has("children_10_17") or sheet.has("total") or bool(_ages(sheet))
    return counts and _population_code(sheet) is not None and not _has_postcodes(sheet)


def _ages(sheet: Sheet) -> dict[str, dict[int, str]]:
    """Return the columns of single years of age by sex ("age" for both together); none unless 10 to 17 are all there."""
    held: dict[str, dict[int, str]] = {name: {} for name in ("age", *SEXES)}
    for column in sheet.columns:
        if (name := column.role.removeprefix("age_")) in held:
            held[name][column.age] = column.name
    whole = {name: ages for name, ages in held.items() if all(age in ages for age in CHILDREN)}
    if all(sex in whole for sex in SEXES):
        return {sex: whole[sex] for sex in SEXES}
    return {"age": whole["age"]} if "age" in whole else {}


def _population(sheet: Sheet) -> tuple[OpenTable, list[str]]:
    column = _population_code(sheet)
    assert column is not None
    code = sheet.cells[column.name].str.strip()
    level = column.role.removesuffix("_code")
    if level == "area":
        level = "ward" if code.map(code_level).eq("ward").any() else "lsoa"
    kept, notes = _rows_of_level(code, level, sheet.file)
    ages = _ages(sheet)
    sex = _sex_of_file(sheet.file) if "age" in ages else ""
    counts = _counts(sheet, {sex: ages["age"]} if sex else ages)
    name = sheet.text(column.role.replace("_code", "_name")).replace("", None)
    named = pd.concat([code.rename("code"), name.rename("name"), counts], axis=1)
    frame = _unique(named[kept], ["code"], sheet.file)
    hint = vintage(level, year_in_name(sheet.file, "wd|wards?" if level == "ward" else "lsoa"))
    total_column = choose(sheet.columns, "total")
    year = (total_column.year if total_column else "") or year_in_name(sheet.file, "mid")
    return OpenTable(
        "population", sheet.file, vintage(level, column.year), frame, edition=year, hint=hint, sex=sex
    ), notes


def _sex_of_file(file: str) -> str:
    """Return the sex that a file name says it is of ("population_females_lsoa21.csv"), or ""."""
    named = {sex for sex in SEXES if re.search(rf"(?<![a-z]){sex}s?(?![a-z])", file.lower())}
    return named.pop() if len(named) == 1 else ""


def _counts(sheet: Sheet, ages: dict[str, dict[int, str]]) -> pd.DataFrame:
    """Count everybody, children aged 10 to 17, and each year of age under 18 in each row."""
    nothing = pd.Series(np.nan, index=sheet.cells.index)
    total = sheet.number("total") if sheet.has("total") else None
    if not ages:
        children = sheet.number("children_10_17") if sheet.has("children_10_17") else nothing
        return pd.DataFrame({"total": nothing if total is None else total, "children_10_17": children})
    held = {
        f"{name}_{age}": _numbers(sheet.cells[column])
        for name, columns in ages.items()
        for age, column in sorted(columns.items())
    }
    by_age = pd.DataFrame(held)
    children = by_age[[f"{name}_{age}" for name in ages for age in CHILDREN]].sum(axis=1, skipna=False)
    everyone = by_age.sum(axis=1, skipna=False) if total is None else total
    young = by_age[[name for name in held if int(name.rpartition("_")[2]) in YOUNG]]
    return pd.concat([everyone.rename("total"), children.rename("children_10_17"), young], axis=1)


def _rows_of_level(code: pd.Series[str], level: str, file: str) -> tuple[pd.Series[bool], list[str]]:
    """Keep the rows of one level of area; larger areas and totals in the same file would count people again."""
    official = code.str.fullmatch(OFFICIAL.pattern)
    kept = (code.map(code_level) == level) | (
        ~official & (code != "") & ~code.str.lower().str.contains("total")
    )
    if official.any():
        kept &= official
    left_out = code[~kept & (code != "")]
    if left_out.empty:
        return kept, []
    counted = left_out.str[:3].value_counts().sort_index()
    listed = ", ".join(f"{count} {prefix}" for prefix, count in counted.items())
    return kept, [
        f"{file}: {len(left_out)} rows of larger areas or totals were left out ({listed}), so that nobody is counted twice."
    ]


def _has_centroids(sheet: Sheet) -> bool:
    return sheet.has("lsoa_code", "easting", "northing") and not _has_postcodes(sheet)


def _centroids(sheet: Sheet) -> tuple[OpenTable, list[str]]:
    held = {
        "lsoa_code": sheet.text("lsoa_code"),
        "easting": sheet.number("easting"),
        "northing": sheet.number("northing"),
    }
    frame = _unique(pd.DataFrame(held), ["lsoa_code"], sheet.file)
    return OpenTable("centroids", sheet.file, sheet.vintage("lsoa_code"), frame), []


def postcode_key(text: pd.Series[str]) -> pd.Series[str]:
    """Write postcodes one way: capitals, nothing but letters and digits."""
    return text.str.upper().str.replace(r"[^A-Z0-9]", "", regex=True)


def _unique(frame: pd.DataFrame, keys: list[str], file: str) -> pd.DataFrame:
    """Return the rows in code order, exact repeats once; the same code with other values is an error."""
    frame = frame.drop_duplicates().sort_values(keys, ignore_index=True)
    again = frame[keys[0]].duplicated(keep=False)
    if again.any():
        code = frame.loc[again, keys[0]].iloc[0]
        msg = f"{file} has {again.sum()} rows for codes that are there more than once with other values, {code} for one. It needs one row a code."
        raise ValueError(msg)
    return frame


TABLES: list[tuple[Callable[[Sheet], bool], Callable[[Sheet], tuple[OpenTable, list[str]]]]] = [
    (_has_postcodes, _postcodes),
    (_has_deprivation, _deprivation),
    (_has_lsoa_to_lsoa, _lsoa_to_lsoa),
    (_has_lsoa_to_ward, _lsoa_to_ward),
    (_has_ward_to_authority, _ward_to_authority),
    (_has_population, _population),
    (_has_centroids, _centroids),
]
