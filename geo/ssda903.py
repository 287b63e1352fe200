"""Read an SSDA903 return as it is: header, episodes and missing files into tables of a case, each fault told."""

from __future__ import annotations

import csv
import io
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from geo.tables import postcode_key
from mapping.codes import load_codes
from mapping.contract import TABLES

BUNDLED = Path(__file__).with_suffix(".toml")
FAULTS = ("table", "row", "column", "value", "reason")
YEARS = (1900, 2100)
AUTHORITY = r"[EWSN]\d{8}"
POSTCODE = r"(?:GIR 0AA)|(?:[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2})"
UPN = r"[A-Z]\d{11}[A-Z0-9]|UN[1-9]|"
URN = r"\d{5,7}"
NO_URN = "XXXXXXX"
TEXT = pd.StringDtype(na_value=float("nan"))

NOT_A_DATE = "is not a date written day first, such as 31/03/2025: correct it"
EMPTY = "is empty; every row needs it: fill it in. The row is set aside"
NO_END = "is not a date written day first, such as 31/03/2025, so it cannot be told when this ended: correct it. The row is set aside"
NO_CHILD = "is not a child of the header: add the child there, or correct the number. The row is set aside"
ENDS_FIRST = "is before {start}, which cannot be: correct one of the two dates. The row is set aside"
AGAIN = "says the same as row {row}, which is kept. The row is set aside"
TWICE = "is also the child of row {row}, which says more or comes first and is kept: give each child one row. The row is set aside"
NEXT_OPEN = "is empty although row {row} of this child begins later: fill in the day it ended. It is taken to end when that one begins"
NEXT_EARLY = "is after the begin of row {row} of this child: correct one of the two. It is taken to end when that one begins"
SAME_START = "is also the begin of row {row} of this child: correct one of the two. Both are kept"
OPEN_REASON = (
    "says that the episode ended, but DEC is empty: fill DEC in, or empty this. It is taken to go on"
)
BEFORE_BIRTH = (
    "is before the child's date of birth in the header: correct one of the two. The row is kept as it is"
)
OTHER_BIRTH = "is not the date of birth in the header, which is used: correct one of the two"
NOT_POSTCODE = "is not a known postcode: check it against the address"
NO_SUCH_POSTCODE = "is not in the postcode file, which covers its district: check it against the address"


@dataclass(frozen=True)
class Column:
    """One column of a file: what it holds, and whether a row cannot be used without it."""

    name: str
    kind: str
    required: bool = False
    codes: str = ""


@dataclass(frozen=True)
class Part:
    """One file of a return: the columns that tell it, and all that are read."""

    name: str
    told_by: frozenset[str]
    columns: tuple[Column, ...]


PARTS = (
    Part(
        "header",
        frozenset({"CHILD", "SEX", "DOB", "ETHNIC"}),
        (
            Column("CHILD", "text", required=True),
            Column("SEX", "code", codes="sex"),
            Column("DOB", "date"),
            Column("ETHNIC", "code", codes="ethnicity"),
            Column("UPN", "upn"),
            Column("MOTHER", "flag"),
            Column("MC_DOB", "date"),
        ),
    ),
    Part(
        "episodes",
        frozenset({"CHILD", "DECOM", "PLACE"}),
        (
            Column("CHILD", "text", required=True),
            Column("DECOM", "date", required=True),
            Column("RNE", "code", codes="rne"),
            Column("LS", "code", codes="ls"),
            Column("CIN", "code", codes="cin"),
            Column("PLACE", "code", codes="placement_type"),
            Column("PLACE_PROVIDER", "code", codes="place_provider"),
            Column("DEC", "end"),
            Column("REC", "code", codes="rec"),
            Column("REASON_PLACE_CHANGE", "code", codes="reason_place_change"),
            Column("HOME_POST", "postcode"),
            Column("PL_POST", "postcode"),
            Column("URN", "urn"),
        ),
    ),
    Part(
        "missing",
        frozenset({"CHILD", "MISSING", "MIS_START"}),
        (
            Column("CHILD", "text", required=True),
            Column("DOB", "date"),
            Column("MISSING", "code", codes="missing"),
            Column("MIS_START", "date", required=True),
            Column("MIS_END", "end"),
        ),
    ),
)


@dataclass(frozen=True, eq=False)
class Return:
    """A return as it was read.

    Attributes
    ----------
    people, locations, placements, missing : tables of a case, with the columns of the contract that a return fills.
    faults : table (header, episodes or missing), row (the header line is row 1), column, value, reason; sorted.
    counts : for each file rows read, kept and set aside, and faults; for episodes also how many of those kept are
        short breaks, which are no placements. read = kept + set_aside.
    notes : what was read, and what to keep in mind.
    """

    people: pd.DataFrame
    locations: pd.DataFrame
    placements: pd.DataFrame
    missing: pd.DataFrame
    faults: pd.DataFrame
    counts: Mapping[str, Mapping[str, int]]
    notes: tuple[str, ...]

    def save(self, folder: Path) -> None:
        """Write the tables as a case folder of CSV files, which `contextmap` reads like any other."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("people", "locations", "placements", "missing"):
            getattr(self, name).to_csv(folder / f"{name}.csv", index=False)


@dataclass
class _Faults:
    """Gathers faults of one return."""

    found: list[pd.DataFrame] = field(default_factory=list)

    def add(self, table: str, column: str, rows: pd.Series[Any], reason: str | pd.Series[str]) -> None:
        """Add a fault for each value of `rows`, which is on the row numbers of its file."""
        if len(rows):
            columns = {"table": table, "row": rows.index, "column": column, "value": rows.to_numpy(object)}
            said = reason if isinstance(reason, str) else reason.to_numpy(object)
            self.found.append(pd.DataFrame({**columns, "reason": said}))

    def table(self) -> pd.DataFrame:
        """Return all faults, by table, row and column."""
        nothing = pd.DataFrame(columns=[*FAULTS])
        every = pd.concat(self.found, ignore_index=True) if self.found else nothing
        every = every.astype({"row": "int64", "table": "str", "column": "str", "reason": "str"})
        every["value"] = every["value"].astype(TEXT)
        return every[[*FAULTS]].sort_values(["table", "row", "column", "reason"], ignore_index=True)


def read_return(
    folder: Path | str, *, authority: str | None = None, postcodes: Iterable[str] | None = None
) -> Return:
    """Read the header, episodes and missing files of an SSDA903 return.

    Files are known by their columns, whatever they are called. Every row is kept, or set aside with its fault; a value
    that cannot be read is set aside and the row kept, unless nothing could be said without it (the child, the day a
    placement began or ended). PLACE is read as in the code list placement_type, home is HOME_POST, the placement
    PL_POST. Episodes of one place (its Ofsted number and postcode) share a location. Episodes of agreed series of
    short breaks (V3, V4) are read but are no placements: those children live at home.

    Parameters
    ----------
    folder : the folder of CSV files, or the XML file of the return (rows are then the first, second, ... of their kind).
    authority : GSS code of the authority that makes the return, which no file says: responsible for every child in it.
    postcodes : postcodes that exist; one whose district they cover and that is not among them is set aside.

    Raises
    ------
    FileNotFoundError
        The folder, or the header or episodes file, is not there.
    ValueError
        Two files are the same part of a return, a file cannot be read, or the authority is not a GSS code.

    Source: Department for Education, Children looked after by local authorities in England: guide to the SSDA903 collection.
    """
    place = Path(folder)
    if authority is not None and not pd.Series([authority]).str.fullmatch(AUTHORITY).all():
        msg = f"{authority} is not the GSS code of an authority. Give a letter and eight digits, such as E08000002."
        raise ValueError(msg)
    faults, known = _Faults(), _known_postcodes(postcodes)
    raw, others = _read(place, faults)
    typed = {part.name: _typed(raw[part.name], part, known, faults) for part in PARTS}
    header = _one_a_child(_without_same(typed["header"], "header", faults), faults)
    episodes = _in_header(_without_same(typed["episodes"], "episodes", faults), header, "episodes", faults)
    missing = _in_header(_without_same(typed["missing"], "missing", faults), header, "missing", faults)
    episodes = _ordered(episodes, "episodes", "DECOM", "DEC", faults)
    missing = _ordered(missing, "missing", "MIS_START", "MIS_END", faults)
    _against_birth(episodes, missing, header, faults)
    episodes = _end_at_next(episodes, faults)
    found = faults.table()
    kept = {"header": header, "episodes": episodes, "missing": missing}
    counts = {name: _account(raw[name], table, found, name) for name, table in kept.items()}
    short = episodes["LS"].isin(list(_lists()["short_break"]))
    counts["episodes"]["short_breaks"] = int(short.sum())
    placed = _located(episodes[~short])
    return Return(
        people=_people(header, episodes, placed, authority),
        locations=_locations(placed),
        placements=_placements(placed, authority),
        missing=_missing(missing),
        faults=found,
        counts=counts,
        notes=_notes(kept, raw, short, others, authority),
    )


# Files ---------------------------------------------------------------------------------------


def _read(place: Path, faults: _Faults) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return the rows of each part as text, from CSV files or one XML file, and the names of files not read."""
    if place.suffix.lower() == ".xml" and place.is_file():
        found = _read_xml(place)
        return {part.name: _as_rows(found[part.name], part, start=1) for part in PARTS}, []
    files, others = _find(place)
    return {part.name: _rows(files.get(part.name), part, faults) for part in PARTS}, others


def _read_xml(path: Path) -> dict[str, list[dict[str, str]]]:
    """Return the children, episodes and missing episodes of an XML return, one dict of text each, in the file's order."""
    from xml.etree import ElementTree

    content = path.read_bytes()
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        msg = f"{path.name} declares a document type, which no return does. Export it again."
        raise ValueError(msg)
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        msg = f"{path.name} is not whole XML ({error}). Export it again."
        raise ValueError(msg) from None
    found: dict[str, list[dict[str, str]]] = {part.name: [] for part in PARTS}
    for child in root.iter("CHILD"):
        head = child.find("HEADER")
        about = {} if head is None else _texts(head)
        whose = {"CHILD": about.get("CHILDID", ""), "DOB": about.get("DOB", "")}
        found["header"].append({**about, **whose})
        for episode in child.iter("EPISODE"):
            told = _texts(episode)
            found["episodes"].append({**told, "CHILD": whose["CHILD"], "PLACE": told.get("PL", "")})
        found["missing"] += [{**_texts(away), **whose} for away in child.iter("AMISSING")]
    if not found["header"]:
        msg = f"{path.name} is not an SSDA903 return: it names no CHILD. Check the file."
        raise ValueError(msg)
    return found


def _texts(element: Any) -> dict[str, str]:
    """Return the text of the elements directly inside one, by their names."""
    return {each.tag.upper(): each.text or "" for each in element}


def _find(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Find the file of each part by its columns; return also the names of the other files of the return."""
    if not folder.is_dir():
        msg = f"There is no folder {folder}. Give the folder that holds the CSV files of the return, or its XML file."
        raise FileNotFoundError(msg)
    files: dict[str, Path] = {}
    others: list[str] = []
    for path in sorted(each for each in folder.iterdir() if each.suffix.lower() == ".csv"):
        columns = {name.strip().upper() for name in next(_records(path), [])}
        part = next((part.name for part in PARTS if part.told_by <= columns), None)
        if part is None:
            others.append(path.name)
        elif part in files:
            msg = f"{files[part].name} and {path.name} are both the {part} of a return. Keep one return a folder."
            raise ValueError(msg)
        else:
            files[part] = path
    absent = [part for part in PARTS[:2] if part.name not in files]
    if absent:
        wanted = "; ".join(f"{part.name}, with {', '.join(sorted(part.told_by))}" for part in absent)
        msg = f"{folder} is not an SSDA903 return: no CSV file in it has the columns of {wanted}. Check the folder."
        raise FileNotFoundError(msg)
    return files, others


def _records(path: Path) -> Iterator[list[str]]:
    """Read a file line by line, as UTF-8 or else as Windows writes it."""
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return csv.reader(io.StringIO(content.decode(encoding), newline=""))
        except UnicodeDecodeError:
            continue
    msg = f"{path.name} cannot be read as text. Save it again as CSV (UTF-8)."
    raise ValueError(msg)


def _rows(path: Path | None, part: Part, faults: _Faults) -> pd.DataFrame:
    """Return a file as text on its row numbers; columns that are absent are empty, rows too long are told."""
    if path is None:
        return _as_rows([], part)
    lines = _records(path)
    header = [name.strip().upper() for name in next(lines)]
    numbered = [(row, line) for row, line in enumerate(lines, start=2) if any(cell.strip() for cell in line)]
    long = {row: ",".join(line[len(header) :]) for row, line in numbered if len(line) > len(header)}
    beyond = pd.Series(long, dtype=object)
    said = f"stands beyond the {len(header)} columns of the file: look for a comma inside a value"
    faults.add(part.name, "", beyond[beyond.map(lambda text: bool(text.strip(" ,")))].astype(object), said)
    width = len(header)
    filled = [dict(reversed(list(zip(header, line + [""] * width, strict=False)))) for _, line in numbered]
    return _as_rows(filled, part, rows=[row for row, _ in numbered])


def _as_rows(
    filled: list[dict[str, str]], part: Part, *, start: int = 0, rows: list[int] | None = None
) -> pd.DataFrame:
    """Return rows as text on their numbers, with every column of a part; "" is missing."""
    names = [column.name for column in part.columns]
    numbers = rows if rows is not None else list(range(start, start + len(filled)))
    index = pd.Index(numbers, name="row", dtype="int64")
    frame = pd.DataFrame(
        [[row.get(name, "") for name in names] for row in filled], columns=names, index=index
    )
    frame = frame.astype(TEXT)
    for name in names:
        stripped = frame[name].str.strip()
        frame[name] = stripped.where(stripped != "")
    return frame.astype(TEXT)


# Values --------------------------------------------------------------------------------------


def _typed(raw: pd.DataFrame, part: Part, known: Known, faults: _Faults) -> pd.DataFrame:
    """Read every column; tell each value that cannot be read, and set aside rows that cannot do without it."""
    typed, keep = raw.copy(), pd.Series(True, index=raw.index)
    for column in part.columns:
        text = raw[column.name]
        values, reason = _READERS[column.kind](text, column, known)
        wrong = text.notna() & values.isna() & (reason != "")
        if column.kind == "end" or column.required:
            reason = reason.where(
                ~wrong, NO_END if column.kind != "date" else f"{NOT_A_DATE}. The row is set aside"
            )
            keep &= ~wrong
        faults.add(part.name, column.name, text[wrong], reason[wrong])
        if column.required:
            faults.add(part.name, column.name, text[text.isna()], EMPTY)
            keep &= text.notna()
        typed[column.name] = values.astype(TEXT) if values.dtype == object else values
    return typed[keep]


Known = tuple[frozenset[str], frozenset[str]]
Read = tuple["pd.Series[Any]", "pd.Series[str]"]


def _known_postcodes(postcodes: Iterable[str] | None) -> Known:
    """Return the postcodes that exist, written with one space, and the districts they cover."""
    if postcodes is None:
        return frozenset(), frozenset()
    written = _spaced(pd.Series(list(postcodes), dtype=TEXT))
    return frozenset(written), frozenset(written.str[:-4])


def _spaced(text: pd.Series[str]) -> pd.Series[str]:
    """Return postcodes in capitals with one space before the last three characters."""
    # A column in which nothing is recorded has no type of its own.
    key = postcode_key(text).astype(TEXT)
    return (key.str[:-3] + " " + key.str[-3:]).astype(TEXT)


def _same_reason(text: pd.Series[str], reason: str) -> pd.Series[str]:
    return pd.Series(reason, index=text.index, dtype=object)


def _as_text(text: pd.Series[str], _column: Column, _known: Known) -> Read:
    return text, _same_reason(text, "")


def _as_date(text: pd.Series[str], _column: Column, _known: Known) -> Read:
    day_first = text.str.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}").fillna(False).astype(bool)
    year_first = text.str.fullmatch(r"\d{4}-\d{2}-\d{2}").fillna(False).astype(bool)
    days = pd.to_datetime(text.where(day_first), format="%d/%m/%Y", errors="coerce")
    days = days.fillna(pd.to_datetime(text.where(year_first), format="%Y-%m-%d", errors="coerce"))
    known = days.where(days.dt.year.between(*YEARS)).astype("datetime64[us]")
    return known, _same_reason(text, NOT_A_DATE)


def _as_code(text: pd.Series[str], column: Column, _known: Known) -> Read:
    codes = _codes(column.codes)
    written = text.str.upper().str.replace(r"\.0$", "", regex=True)
    listed = ", ".join(codes)
    return written.where(written.isin(list(codes))), _same_reason(
        text, f"is not one of {listed}: correct the code"
    )


def _as_postcode(text: pd.Series[str], _column: Column, known: Known) -> Read:
    written = _spaced(text)
    shaped = written.str.fullmatch(POSTCODE).fillna(False).astype(bool)
    area = written.str.extract(r"^([A-Z]+)", expand=False)
    usable = shaped & area.isin(list(load_codes().postcode_areas))
    absent = usable & written.str[:-4].isin(list(known[1])) & ~written.isin(list(known[0]))
    reason = _same_reason(text, NOT_POSTCODE).mask(absent, NO_SUCH_POSTCODE)
    return written.where(usable & ~absent), reason


def _pattern(pattern: str, reason: str, nothing: tuple[str, ...] = ()) -> Callable[..., Read]:
    """Return a reader of values of one shape; those of `nothing` are empty and no fault."""

    def read(text: pd.Series[str], _column: Column, _known: Known) -> Read:
        written = text.str.upper().str.replace(r"\.0$", "", regex=True)
        good = written.str.fullmatch(pattern).fillna(False).astype(bool)
        return written.where(good), _same_reason(text, reason).mask(written.isin(list(nothing)), "")

    return read


_READERS: Mapping[str, Callable[..., Read]] = {
    "text": _as_text,
    "date": _as_date,
    "end": _as_date,
    "code": _as_code,
    "postcode": _as_postcode,
    "flag": _pattern("[01]", "is neither 0 nor 1: correct it"),
    "upn": _pattern(UPN, "is not a pupil number (a letter and twelve characters, or UN1 to UN9): correct it"),
    "urn": _pattern(
        URN, f"is not an Ofsted number of up to seven digits, nor {NO_URN}: correct it", (NO_URN,)
    ),
}


@lru_cache(maxsize=4)
def _load_lists(path: Path) -> dict[str, dict[str, str]]:
    with path.open("rb") as file:
        content = tomllib.load(file)
    return {name: codes for name, codes in content.items() if name != "as_of"}


def _lists() -> dict[str, dict[str, str]]:
    """Return the code lists of the return: the file CONTEXTMAP_SSDA903 names, or the bundled edition."""
    return _load_lists(Path(os.environ.get("CONTEXTMAP_SSDA903", BUNDLED)))


def _codes(name: str) -> Mapping[str, str]:
    """Return one code list: of the return, or else of the contract."""
    lists = _lists()
    return lists[name] if name in lists else load_codes()[name]


# Rows ----------------------------------------------------------------------------------------


def _without_same(table: pd.DataFrame, name: str, faults: _Faults) -> pd.DataFrame:
    """Keep one of rows that say the same."""
    same = table.duplicated(keep="first")
    if not same.any():
        return table
    columns = list(table.columns)
    rows = table.reset_index(names="row")
    first = rows.groupby(columns, dropna=False)["row"].transform("min").set_axis(table.index)
    said = first[same].map(lambda row: AGAIN.format(row=row))
    faults.add(name, "CHILD", table.loc[same, "CHILD"], said)
    return table[~same]


def _one_a_child(header: pd.DataFrame, faults: _Faults) -> pd.DataFrame:
    """Keep one row a child: that which says most, chosen by what rows say and never by where they stand."""
    order = header.assign(_empty=header.isna().sum(axis=1)).sort_values(
        ["CHILD", "_empty", *[name for name in header.columns if name != "CHILD"]], kind="stable"
    )
    extra = order.index[order["CHILD"].duplicated()]
    if not len(extra):
        return header
    kept = order[~order["CHILD"].duplicated()].reset_index(names="row").set_index("CHILD")["row"]
    again = header.loc[extra.sort_values(), "CHILD"]
    faults.add("header", "CHILD", again, again.map(lambda child: TWICE.format(row=kept[child])))
    return header.drop(index=extra)


def _in_header(table: pd.DataFrame, header: pd.DataFrame, name: str, faults: _Faults) -> pd.DataFrame:
    """Set rows of children aside who are not in the header."""
    there = table["CHILD"].isin(header["CHILD"])
    faults.add(name, "CHILD", table.loc[~there, "CHILD"], NO_CHILD)
    return table[there]


def _ordered(table: pd.DataFrame, name: str, start: str, end: str, faults: _Faults) -> pd.DataFrame:
    """Set rows aside that end before they begin."""
    wrong = table[end] < table[start]
    faults.add(name, end, _written(table.loc[wrong, end]), ENDS_FIRST.format(start=start))
    return table[~wrong]


def _against_birth(
    episodes: pd.DataFrame, missing: pd.DataFrame, header: pd.DataFrame, faults: _Faults
) -> None:
    """Tell dates that do not go with the date of birth in the header."""
    born = header.set_index("CHILD")["DOB"]
    for name, table, start in (("episodes", episodes, "DECOM"), ("missing", missing, "MIS_START")):
        early = table[start] < table["CHILD"].map(born)
        faults.add(name, start, _written(table.loc[early, start]), BEFORE_BIRTH)
    known = missing["CHILD"].map(born)
    other = missing["DOB"].notna() & known.notna() & (missing["DOB"] != known)
    faults.add("missing", "DOB", _written(missing.loc[other, "DOB"]), OTHER_BIRTH)


def _end_at_next(episodes: pd.DataFrame, faults: _Faults) -> pd.DataFrame:
    """Tell episodes of one child that lie over each other, and end the earlier where the later begins."""
    order = [name for name in episodes.columns if name not in ("CHILD", "DECOM")]
    rows = episodes.reset_index(names="row").sort_values(["CHILD", "DECOM", *order], kind="stable")
    starts = rows.drop_duplicates(["CHILD", "DECOM"])
    following = starts.groupby("CHILD")[["DECOM", "row"]].shift(-1).set_axis(["next", "next_row"], axis=1)
    rows = rows.join(following)
    # Of several that begin on one day, the next is what begins after all of them.
    rows[["next", "next_row"]] = rows.groupby(["CHILD", "DECOM"])[["next", "next_row"]].transform("first")
    rows["first_row"] = rows.groupby(["CHILD", "DECOM"])["row"].transform("first")
    rows = rows.set_index("row").sort_index()
    for column, wrong, reason, named in (
        ("DEC", rows["DEC"].isna() & rows["next"].notna(), NEXT_OPEN, "next_row"),
        ("DEC", rows["DEC"] > rows["next"], NEXT_EARLY, "next_row"),
        ("DECOM", rows["first_row"] != rows.index, SAME_START, "first_row"),
    ):
        said = rows.loc[wrong, named].astype("Int64").map(lambda row, text=reason: text.format(row=row))
        faults.add("episodes", column, _written(rows.loc[wrong, column]), said)
    told = rows["DEC"].isna() & rows["REC"].notna() & rows["next"].isna()
    faults.add("episodes", "REC", rows.loc[told, "REC"], OPEN_REASON)
    later = rows["next"].notna() & ~(rows["DEC"] <= rows["next"])
    rows["DEC"] = rows["DEC"].mask(later, rows["next"])
    return rows[[*episodes.columns]]


def _written(days: pd.Series[pd.Timestamp]) -> pd.Series[Any]:
    """Return days as the file writes them."""
    return days.dt.strftime("%d/%m/%Y").astype(object).where(days.notna(), None)


def _account(raw: pd.DataFrame, kept: pd.DataFrame, faults: pd.DataFrame, name: str) -> dict[str, int]:
    return {
        "read": len(raw),
        "kept": len(kept),
        "set_aside": len(raw) - len(kept),
        "faults": int((faults["table"] == name).sum()),
    }


# Tables of a case ----------------------------------------------------------------------------


def _located(episodes: pd.DataFrame) -> pd.DataFrame:
    """Give each episode the id of the place it was at: its Ofsted number and postcode, as far as they are known."""
    urn, postcode = episodes["URN"], episodes["PL_POST"]
    # Where neither is known, nobody can say that two episodes were at one place.
    nowhere = "not given, child " + episodes["CHILD"] + " from " + episodes["DECOM"].dt.strftime("%Y-%m-%d")
    number = ("URN " + urn.astype(TEXT)).fillna("")
    both = (number + " " + postcode.astype(TEXT).fillna("")).str.strip()
    kinds = _lists()["location_kind"]
    return episodes.assign(
        location_id=both.where(urn.notna() | postcode.notna(), nowhere),
        name=number.where(urn.notna(), None),
        kind=episodes["PLACE"].map(kinds).fillna("other"),
        provider=episodes["PLACE_PROVIDER"].map(_lists()["place_provider"]),
    )


def _people(
    header: pd.DataFrame, episodes: pd.DataFrame, placed: pd.DataFrame, authority: str | None
) -> pd.DataFrame:
    """Return the children with the newest home postcode that can be used."""
    homes = episodes[episodes["HOME_POST"].notna()].sort_values(["CHILD", "DECOM", "HOME_POST"])
    home = homes.drop_duplicates("CHILD", keep="last").set_index("CHILD")["HOME_POST"]
    looked_after = set(placed.loc[placed["DEC"].isna(), "CHILD"])
    child = header["CHILD"]
    found = {
        "person_id": child,
        "date_of_birth": _iso(header["DOB"]),
        "sex": header["SEX"].map(_lists()["sex"]),
        "ethnicity": header["ETHNIC"],
        "responsible_authority": pd.Series(authority, index=header.index, dtype=object),
        "home_postcode": child.map(home),
        "care_status": child.isin(looked_after).map({True: "cla", False: None}),
    }
    return _as_table("people", found, ["person_id"])


def _locations(placed: pd.DataFrame) -> pd.DataFrame:
    """Return each place once; where its episodes differ in kind or provider, the commonest, then the first in order."""
    found = {name: _commonest(placed, name) for name in ("kind", "name", "PL_POST", "provider")}
    found["postcode"] = found.pop("PL_POST")
    ids = pd.Index(placed["location_id"].unique())
    columns = {name: values.reindex(ids) for name, values in found.items()}
    return _as_table("locations", {"location_id": ids.to_series(), **columns}, ["location_id"])


def _commonest(placed: pd.DataFrame, name: str) -> pd.Series[str]:
    """Return what most episodes at each place say, on location_id."""
    counted = placed.groupby(["location_id", name]).size().reset_index(name="times")
    counted = counted.sort_values(["location_id", "times", name], ascending=[True, False, True])
    return counted.drop_duplicates("location_id").set_index("location_id")[name]


def _placements(placed: pd.DataFrame, authority: str | None) -> pd.DataFrame:
    found = {
        "person_id": placed["CHILD"],
        "location_id": placed["location_id"],
        "started_on": _iso(placed["DECOM"]),
        "ended_on": _iso(placed["DEC"]),
        "placing_authority": pd.Series(authority, index=placed.index, dtype=object),
        "placement_type": placed["PLACE"],
    }
    return _as_table("placements", found, ["person_id", "started_on", "location_id", "ended_on"])


def _missing(missing: pd.DataFrame) -> pd.DataFrame:
    missing = missing.sort_values(["CHILD", "MIS_START", "MIS_END", "MISSING", "DOB"], kind="stable")
    start = _iso(missing["MIS_START"])
    # Two that begin on one day are told apart by a number.
    same = missing.groupby(["CHILD", "MIS_START"]).cumcount()
    number = (" " + (same + 1).astype("str")).where(same > 0, "").astype(TEXT)
    found = {
        "episode_id": missing["CHILD"] + " " + start + number,
        "person_id": missing["CHILD"],
        "reported_at": start,
        "found_at": _iso(missing["MIS_END"]),
    }
    return _as_table("missing", found, ["episode_id"])


def _iso(days: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    return days.dt.strftime("%Y-%m-%d").astype(TEXT)


def _as_table(name: str, columns: Mapping[str, pd.Series[Any]], order: list[str]) -> pd.DataFrame:
    """Return a table of the contract from its columns, in an order that does not depend on the file's."""
    frame = pd.DataFrame(dict(columns)).reset_index(drop=True).astype(TEXT)
    listed = [column for column in TABLES[name].names if column in frame]
    return frame[listed].sort_values(order, ignore_index=True)


def _notes(
    kept: Mapping[str, pd.DataFrame],
    raw: Mapping[str, pd.DataFrame],
    short: pd.Series[bool],
    others: list[str],
    authority: str | None,
) -> tuple[str, ...]:
    episodes, missing = kept["episodes"], kept["missing"]
    without = (~kept["header"]["CHILD"].isin(episodes["CHILD"])).sum()
    homes = episodes.dropna(subset="HOME_POST").groupby("CHILD")["HOME_POST"].nunique()
    away = (missing["MISSING"] == "A").sum()
    said = [
        (not authority, "No authority was given, so nothing can be said about who is placed outside it."),
        (without, f"{without:,} of {len(kept['header']):,} children of the header have no episode."),
        (
            short.sum(),
            f"{short.sum():,} episodes are agreed series of short breaks (V3, V4): read, but not placements.",
        ),
        (
            (homes > 1).sum(),
            f"{(homes > 1).sum():,} children have more than one home postcode; the newest is used.",
        ),
        (
            away,
            f"{away:,} of {len(missing):,} missing episodes are away without authorisation (A); all are counted.",
        ),
        (not len(raw["missing"]), "The return has no missing file."),
        (others, f"Not read: {', '.join(others)}."),
    ]
    return tuple(text for there, text in said if there)
