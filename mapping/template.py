"""Write the data contract for its users: the tables part of docs/data.md and the workbook to fill in."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from mapping.codes import BUNDLED, Codes, load_codes
from mapping.contract import REQUIRED_TABLES, TABLES, Column, Table

BEGIN, END = "<!-- tables: written by `python -m mapping.template` -->", "<!-- end of tables -->"
README, LISTS = "Read me", "Code lists"
YES_NO = ("Y", "N")
# How many rows of a sheet have drop-down lists.
LAST_ROW = 5000

# What each column holds, and an example. The examples are one small case that reads without a fault.
HOLDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "people": {
        "person_id": ("Your own number for the person; the same in every table", "P000123"),
        "given_name": ("First name", "Plumo"),
        "family_name": ("Last name", "Pebblekettle"),
        "date_of_birth": (
            "Date of birth. Without it a person's age is not known (see Who counts as a child)",
            "2010-10-21",
        ),
        "sex": ("Sex as recorded", "M"),
        "ethnicity": ("Ethnic background, in the Department for Education's codes", "WBRI"),
        "responsible_authority": (
            "The local authority that has duties for the person; not where they are",
            "E08000002",
        ),
        "home_postcode": (
            "Postcode of the family home, not of a placement. Places the home where coordinates are not given",
            "QD1 6AQ",
        ),
        "home_easting": ("Home, metres east in British National Grid", "380500"),
        "home_northing": ("Home, metres north in British National Grid", "410500"),
        "home_lsoa": (
            "The small census area (LSOA) of the home; gives its deprivation decile",
            "E01004948",
        ),
        "school_id": ("The school, as a place of the table `locations`", "L000001"),
        "care_status": ("The highest level of social care involvement now", "cin"),
        "ehcp": ("Whether there is an education, health and care plan", "N"),
        "nrm_status": ("Where a referral to the National Referral Mechanism stands", "not_considered"),
    },
    "locations": {
        "location_id": ("Your own number for the place", "L000001"),
        "kind": ("What kind of place it is; an online space is `online` and needs no coordinates", "school"),
        "name": ("What people call it", "Dewbuckle Academy"),
        "postcode": ("Postcode; places it where coordinates are not given", "QD14 1AN"),
        "easting": ("Metres east in British National Grid", "380900"),
        "northing": ("Metres north in British National Grid", "410200"),
        "longitude": ("Degrees east (west is negative), where there is no easting", "-2.2900"),
        "latitude": ("Degrees north, where there is no northing", "53.5870"),
        "provider": ("Who runs it", "Dewbuckle Trust"),
    },
    "sources": {
        "source_id": ("Your own number for the report or record", "S000001"),
        "kind": ("What kind of report it is", "return_interview"),
        "agency": ("Who wrote it", "social care"),
        "recorded_on": ("The day it reached the hub: from then on it counts as known", "2025-04-02"),
        "source_grade": ("3x5x2: how reliable the source is", "1"),
        "information_grade": ("3x5x2: how the source knows", "B"),
        "handling": ("3x5x2: how it may be shared. C reaches analysts only", "P"),
        "action_code": ("With handling C: how it may be used", "A3"),
        "sanitisation_code": ("With handling C: whether a version without the source may be shared", "S2"),
        "text": (
            "What was said or seen, shown as evidence",
            "Told the interviewer that they meet in the park after school.",
        ),
    },
    "associations": {
        "person_a": ("One person", "P000123"),
        "person_b": ("The other; which is which does not matter", "P000124"),
        "kind": ("How they know each other", "peer"),
        "nature": ("Whether the tie protects or harms; empty is not known", "neutral"),
        "first_seen": ("Since when", "2025-01-10"),
        "last_seen": ("Last known of; the age of the evidence runs from here", "2025-03-28"),
        "source_id": ("The report that says so", "S000001"),
    },
    "events": {
        "event_id": ("Your own number for the event", "E000001"),
        "kind": ("What kind of event", "incident"),
        "started_at": ("When it began", "2025-03-28T16:20"),
        "ended_at": ("When it ended", "2025-03-28T16:50"),
        "location_id": ("Where, as a place of the table `locations`", "L000002"),
        "easting": ("Where, where it is no listed place: metres east", "381200"),
        "northing": ("Metres north", "410900"),
        "summary": ("What happened, in a line", "Disturbance; young people spoken to and taken home"),
        "source_id": ("The report of it", "S000001"),
    },
    "participation": {
        "event_id": ("The event", "E000001"),
        "person_id": ("Who was part of it", "P000123"),
        "role": (
            "The person's part in this event, and in this one only: the same child may be harmed in one and may have harmed in another",
            "harmed",
        ),
        "source_id": ("The report that says so, where it is not that of the event", "S000001"),
    },
    "presence": {
        "person_id": ("Who was seen", "P000123"),
        "location_id": ("Where", "L000002"),
        "seen_at": (
            "When. Two people seen at one place within two hours are linked; without a time of day a sighting links nobody",
            "2025-03-27T17:05",
        ),
        "source_id": ("The report of it", "S000001"),
    },
    "things": {
        "thing_id": ("Your own number for the phone, vehicle or account", "T000001"),
        "kind": ("What it is", "phone"),
        "label": (
            "How it is told apart: a nickname or part of a number, not the whole number",
            "phone ending 041",
        ),
        "source_id": ("The report that tells of it", "S000001"),
    },
    "thing_use": {
        "thing_id": ("The thing", "T000001"),
        "person_id": ("Who used it", "P000124"),
        "first_seen": ("First known use", "2025-02-01"),
        "last_seen": ("Last known use", "2025-03-20"),
        "source_id": ("The report that says so", "S000001"),
    },
    "missing": {
        "episode_id": ("Your own number for the episode", "M000001"),
        "person_id": ("Who was missing", "P000123"),
        "reported_at": ("When they were reported missing", "2025-03-30T21:15"),
        "found_at": ("When they were found or came back; empty while they are missing", "2025-03-31T02:40"),
        "missing_from": ("The place they went missing from", "L000003"),
        "found_at_location": (
            "The place they were found at. Two people missing at the same time and found at one place are linked",
            "L000002",
        ),
        "risk_level": ("The police's assessment of the episode, not of the child", "medium"),
        "interview_offered": ("Whether a return interview was offered", "Y"),
        "interview_accepted": ("Whether it was accepted", "Y"),
        "interview_held_at": ("When it was held; due within 72 hours of return", "2025-04-01T10:00"),
        "delay_reason": (
            "Why it was later than that, or has not been held",
            "Asked to wait until after school",
        ),
        "source_id": ("The report of the episode", "S000001"),
    },
    "placements": {
        "person_id": ("The child who is placed", "P000123"),
        "location_id": ("The home or other place they are placed in", "L000003"),
        "started_on": ("First day", "2025-02-14"),
        "ended_on": ("Last day; empty while the placement lasts", "2025-06-30"),
        "placing_authority": (
            "The authority that made the placement; where empty, the person's responsible authority",
            "E08000003",
        ),
        "placement_type": ("The SSDA903 code of the placement", "K2"),
        "source_id": ("The record of it", "S000001"),
    },
    "referrals": {
        "referral_id": ("Your own number for the referral", "R000001"),
        "person_id": ("The child referred", "P000123"),
        "received_on": ("The day it reached the hub", "2025-04-01"),
        "source_agency": ("Who referred", "school"),
        "concern": ("What the concern is; the one that weighs most", "cce"),
        "decision": ("What was decided, in your own words", "strategy meeting"),
        "opened_on": ("When the case was opened", "2025-04-03"),
        "closed_on": ("When it was closed", "2025-09-30"),
        "re_engaged_education": ("At closure: back in education, employment or training", "Y"),
        "stable_accommodation": ("At closure: living somewhere stable", "Y"),
        "positive_relationship": ("At closure: at least one positive relationship", "Y"),
        "fewer_missing": ("At closure: fewer missing episodes than before", "N"),
        "source_id": ("The record of it", "S000001"),
    },
}
_WRITTEN = {
    "id": "an id of yours",
    "text": "words",
    "date": "a date",
    "time": "a date and time",
    "yes_no": "Y or N",
    "easting": "0 to 700000",
    "northing": "0 to 1300000",
    "longitude": "-9 to 2.1",
    "latitude": "49.8 to 61",
    "postcode": "a postcode",
    "gss": "a GSS code",
}
_KEY_TEXT = "Dark blue with white bold letters: a row cannot be used without it. Light: may be left empty."
_DARK, _LIGHT = PatternFill("solid", fgColor="FF0B5394"), PatternFill("solid", fgColor="FFDCE6F1")
_EDGE = Border(bottom=Side(style="thin", color="FF0B5394"))


def contract_as_markdown(codes: Codes | None = None) -> str:
    """Return the tables of the contract and the code lists as Markdown, each table with an example."""
    codes = codes or load_codes(BUNDLED)
    parts = ["## The tables", ""]
    for table in TABLES.values():
        parts += _table_as_markdown(table)
    parts += [
        "## Code lists",
        "",
        f"Last checked on {codes.as_of.day} {codes.as_of:%B %Y}. Capitals and small letters are the same.",
        "",
    ]
    for name in _lists_used():
        parts += [f"### List: {_in_words(name)}", "", "| code | meaning |", "| --- | --- |"]
        parts += [f"| {code} | {meaning} |" for code, meaning in codes[name].items()]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _table_as_markdown(table: Table) -> list[str]:
    about = table.about[0].upper() + table.about[1:]
    needed = " This table must be there." if table.name in REQUIRED_TABLES else ""
    lines = [f"### {table.name}", "", f"{about}.{needed}", ""]
    lines += ["| column | needed | what it holds | written as | example |", "| --- | --- | --- | --- | --- |"]
    for column in table.columns:
        about, example = HOLDS[table.name][column.name]
        name = f"**{column.name}**" if column.required else column.name
        needed = "yes" if column.required else ""
        lines.append(f"| {name} | {needed} | {about} | {_written(column, link=True)} | `{example}` |")
    return [*lines, ""]


def _written(column: Column, *, link: bool = False) -> str:
    """Say in a few words how a column's values are written."""
    if column.codes:
        name = _in_words(column.codes)
        anchor = "list-" + name.lower().replace(" ", "-")
        return f"a code: [{name}](#{anchor})" if link else f"a code of the list {name}"
    if column.refers_to:
        table = f"`{column.refers_to}`" if link else column.refers_to
        return f"an id of {table}"
    return _WRITTEN[column.kind]


def _in_words(name: str) -> str:
    """Name a code list in words: `care_status` is "care status"."""
    return name.replace("_", " ").replace("nrm", "NRM")


def _lists_used() -> list[str]:
    """Return the names of the code lists in the order in which the tables use them."""
    used = (column.codes for table in TABLES.values() for column in table.columns if column.codes)
    return list(dict.fromkeys(used))


def build_template(codes: Codes | None = None) -> openpyxl.Workbook:
    """Return a workbook with a sheet a table: headers with comments, drop-down lists, and no rows."""
    codes = codes or load_codes(BUNDLED)
    book = openpyxl.Workbook()
    _fill_readme(book.active)
    sheets = {table.name: book.create_sheet(table.name) for table in TABLES.values()}
    ranges = _fill_lists(book.create_sheet(LISTS), codes)
    for name, sheet in sheets.items():
        _fill_sheet(sheet, TABLES[name], ranges)
    return book


def _fill_readme(sheet: Any) -> None:
    sheet.title = README
    sheet.column_dimensions["A"].width = 18
    sheet.column_dimensions["B"].width = 110
    lines = [
        ("Contextmap", "A case to fill in: one sheet a table. docs/data.md says more about each column."),
        (
            "",
            "Only the sheet people must have rows. Leave what you do not know empty, and sheets you do not need too.",
        ),
        ("Headers", f"{_KEY_TEXT} Rest the pointer on a header to see what it holds, with an example."),
        (
            "Dates",
            "Write the year first: 2025-03-31, with a time 2025-03-31T18:45. A time without a zone is UK time.",
        ),
        ("Ids", "Any numbers of your own. The same person, place or report has the same id on every sheet."),
        (
            "Codes",
            f"Choose from the drop-down list of the cell; the sheet {LISTS} says what each code means.",
        ),
        ("Check", "contextmap check WORKBOOK.xlsx names every fault with its sheet, row and column."),
        (
            "Use",
            "contextmap analyse WORKBOOK.xlsx --out RESULTS, or contextmap serve WORKBOOK.xlsx to open it in the app.",
        ),
        (
            "Keep it safe",
            "Filled in, this file holds personal data about children: keep it where such files belong.",
        ),
        ("", ""),
        *((table.name, table.about[0].upper() + table.about[1:] + ".") for table in TABLES.values()),
    ]
    for row, (head, text) in enumerate(lines, start=1):
        sheet.cell(row, 1, head or None).font = Font(bold=True)
        sheet.cell(row, 2, text or None).alignment = Alignment(wrap_text=True, vertical="top")


def _fill_lists(sheet: Any, codes: Codes) -> dict[str, str]:
    """Write the code lists side by side; return the cells that hold each list's codes."""
    sheet.title = LISTS
    ranges = {}
    for place, name in enumerate(_lists_used()):
        column = 2 * place + 1
        _head(sheet.cell(1, column, name), required=False)
        _head(sheet.cell(1, column + 1, "meaning"), required=False)
        for row, (code, meaning) in enumerate(codes[name].items(), start=2):
            sheet.cell(row, column, code).number_format = "@"
            sheet.cell(row, column + 1, meaning)
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = 20
        sheet.column_dimensions[get_column_letter(column + 1)].width = 34
        ranges[name] = f"'{LISTS}'!${letter}$2:${letter}${len(codes[name]) + 1}"
    sheet.freeze_panes = "A2"
    return ranges


def _fill_sheet(sheet: Any, table: Table, ranges: Mapping[str, str]) -> None:
    sheet.freeze_panes = "A2"
    for place, column in enumerate(table.columns, start=1):
        letter = get_column_letter(place)
        cell = sheet.cell(1, place, column.name)
        _head(cell, required=column.required)
        cell.comment = _comment(table, column)
        # As text, so that a spreadsheet neither turns 2025-03-31 round nor drops the zeros before an id.
        sheet.column_dimensions[letter].number_format = "@"
        sheet.column_dimensions[letter].width = max(14, len(column.name) + 3)
        rule = _rule(column, f"{letter}2", ranges)
        if rule is not None:
            rule.add(f"{letter}2:{letter}{LAST_ROW}")
            sheet.add_data_validation(rule)


def _head(cell: Any, *, required: bool) -> None:
    cell.fill, cell.border = (_DARK if required else _LIGHT), _EDGE
    cell.font = Font(bold=required, color="FFFFFFFF" if required else "FF000000")


def _comment(table: Table, column: Column) -> Comment:
    about, example = HOLDS[table.name][column.name]
    needed = "Needed in every row.\n" if column.required else ""
    plain = about.replace("`", "")
    text = f"{needed}{plain}.\nWritten as: {_written(column)}.\nExample: {example}"
    return Comment(text, "Contextmap", width=320, height=150)


def _rule(column: Column, first: str, ranges: Mapping[str, str]) -> DataValidation | None:
    """Return the drop-down list of a column, or a reminder of how its dates are written."""
    if column.codes or column.kind == "yes_no":
        listed = ranges[column.codes] if column.codes else f'"{",".join(YES_NO)}"'
        return DataValidation(
            type="list",
            formula1=listed,
            allow_blank=True,
            showErrorMessage=True,
            errorTitle="Not in the list",
            error=f"Choose from the list; the sheet {LISTS} says what each code means.",
        )
    if column.kind in ("date", "time"):
        example = "2025-03-31" if column.kind == "date" else "2025-03-31T18:45"
        return DataValidation(
            type="custom",
            formula1=f'AND(LEN({first})>=10,MID({first},5,1)="-",MID({first},8,1)="-")',
            allow_blank=True,
            showErrorMessage=True,
            errorStyle="warning",
            errorTitle="Year first",
            error=f"Write the year first: {example}.",
        )
    return None


def save_template(path: Path, codes: Codes | None = None) -> None:
    """Write the workbook; the same codes give the same bytes."""
    held = io.BytesIO()
    build_template(codes).save(held)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in _parts(held):
            out.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def _parts(held: io.BytesIO) -> Iterator[tuple[str, bytes]]:
    """Read the parts of a workbook back without the time at which it was written."""
    with zipfile.ZipFile(held) as written:
        for name in sorted(written.namelist()):
            content = written.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-01-01T00:00:00Z", content)
            yield name, content


def tables_part(page: str) -> str:
    """Return the part of docs/data.md that is written from the contract.

    Raises
    ------
    ValueError
        The page has not both of the lines that mark the part.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        msg = f"The page has not both lines {BEGIN!r} and {END!r}, once each. Put them back round the tables."
        raise ValueError(msg)
    return page.split(BEGIN)[1].split(END)[0].strip("\n") + "\n"


def main(docs: Path = Path(__file__).parents[1] / "docs") -> None:
    """Write docs/template.xlsx, and the tables part of docs/data.md, from the contract."""
    page = docs / "data.md"
    text = page.read_text(encoding="utf-8")
    written = text.replace(tables_part(text), contract_as_markdown())
    page.write_text(written, encoding="utf-8", newline="\n")
    save_template(docs / "template.xlsx")


if __name__ == "__main__":
    main()
