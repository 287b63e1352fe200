"""Put together the pack of a candidate operation: children, contacts, chart, timeline, places, evidence, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from app import answers, candidate, evidence, operations, words
from app.data import Loaded, Question, Reading, Work
from app.documents import pictures
from app.documents.paper import Bullets, Grid, Heading, Paper, Part, Picture, Text
from app.documents.profile import grading_key
from app.kinds import KINDS
from app.names import label_of, masked
from app.text import plain
from mapping.codes import load_codes
from mapping.text import shortened

if TYPE_CHECKING:
    from app.analysis import Analysis
    from geo.files import Geography

ACROSS = 6
"""Contacts side by side in one table; a candidate with more has several."""

NO_SUCH = "There is no candidate operation {asked} with these grades and this date. There are: {known}."
MOST_TOLD = 5
LIMITS = (
    "Being tied to a contact says nothing about what a child did; a shared phone or place may have an innocent reason.",
    "A record that ties a child to a contact is not proof. Each item of evidence says where it came from, and its grade where it has one; each is graded alone.",
    "“Otherwise linked” means that something else on record links two children. What nobody recorded is not here.",
)
KINDS_OF_RECORDS = {
    "associations": "statements",
    "participation": "events",
    "presence": "sightings",
    "thing_use": "phones, vehicles, accounts",
    "missing": "missing episodes",
}


def loaded_from(analysis: Analysis, places: Geography | None, folder: Path) -> Loaded:
    """Return an analysis as the pages hold it, so that a document has the rows that the page shows."""
    settings = analysis.settings
    asked = Question(str(folder), "", settings.viewer.role, settings.as_of, settings.grades)
    work = Work(asked, Reading(folder, places=places), analysis=analysis)
    return Loaded(asked, analysis, work)


def find_operation(loaded: Loaded, asked: str) -> str:
    """Return the id of the candidate asked for by its id or its number in the list.

    Raises
    ------
    ValueError
        There is no such candidate.
    """
    listed = answers.candidates(loaded).summary
    known = dict(zip(listed["rank"].astype(str), listed["operation_id"], strict=True))
    found = known.get(asked, asked)
    if found not in set(known.values()):
        told = [f"{rank} ({known[rank]})" for rank in list(known)[:MOST_TOLD]]
        more = f" and {len(known) - len(told)} more" if len(known) > len(told) else ""
        raise ValueError(NO_SUCH.format(asked=repr(asked), known=(", ".join(told) or "none") + more))
    return str(found)


def operation_paper(loaded: Loaded, operation_id: str, *, names: bool = False) -> Paper:
    """Return the pack of one candidate operation as a document.

    Parameters
    ----------
    names : full names in place of initials; text of reports is masked without them.
    """
    operations.validate_viewer(loaded.analysis.settings.viewer)
    found = answers.candidates(loaded)
    label = answers.labels(loaded, names)
    row = found.summary.set_index("operation_id").loc[operation_id]
    contacts = answers.operation_contacts(loaded, operation_id, names)
    children = operations.children_of(found, operation_id)
    items = _items(loaded, operation_id, contacts, label, names)
    parts: list[Part] = [
        Text(operations.NOT_FACTS),
        Text(f"Children are shown with {'full names' if names else 'initials and ids'}.", "quiet"),
        Heading("Why these stand together"),
        Text("\n".join(operations.facts(row, operations.made_of(contacts))), "draft"),
        *_bullets("In other candidates", operations.elsewhere(found, operation_id)),
        Heading("Before this is shared"),
        *_handling(loaded, items),
        Heading("Children and contacts"),
        *_children(loaded, children, label),
        *_tables(loaded, operation_id, contacts, children, label),
        *_chart(loaded, operation_id, contacts, children, label),
        Heading("Timeline"),
        *_timeline(items),
        Heading("Places"),
        *_places(loaded, operation_id, contacts, children),
        Heading("Evidence"),
        *_evidence(items),
        Heading("What is missing"),
        Bullets(list(row["what_is_missing"]) or [operations.NOTHING_MISSING]),
        Heading("Limits"),
        Bullets(LIMITS),
        Heading("Grading key"),
        *grading_key(),
    ]
    title = f"Operation pack: candidate {words.number(row['rank'])}"
    shape = str(row["shape_words"])
    subtitle = f"{shape[:1].upper()}{shape[1:]}. {operations.reaches(row)}; {operation_id}; as known on {words.day(loaded.analysis.as_of)}."
    return Paper(title, parts, subtitle=subtitle)


def _items(
    loaded: Loaded, operation_id: str, contacts: pd.DataFrame, label: pd.Series, names: bool
) -> pd.DataFrame:
    """Return the evidence of a candidate in words: one row a record and report, oldest first, with its children and contacts."""
    rows = answers.operation_items(loaded, operation_id)
    called = dict(zip(contacts["key"], contacts["called"], strict=True))
    rows = rows.assign(
        who=[label_of(person, label) for person in rows["person_id"]],
        contact_called=rows["contact"].map(called),
    )
    adults = contacts.loc[contacts["contact_type"] == "person", "contact_id"]
    rows = evidence.worded(rows)
    if not names:
        rows = _masked(loaded, rows, [*rows["person_id"].unique(), *adults])
    codes = answers.table(loaded, "sources").set_index("source_id")[["action_code", "sanitisation_code"]]
    rows = rows.join(codes, on="source_id")
    # A record that two reports tell of has two rows: each report is graded, and may be shared, by itself.
    keys = ["table", "row", "source_id"]
    rows = rows.assign(source_id=rows["source_id"].fillna(""))
    joined = dict.fromkeys(("who", "contact_called"), _joined)
    kept = [name for name in rows if name not in (*joined, *keys)]
    once = rows.groupby(keys, sort=True).agg({**joined, **dict.fromkeys(kept, "first")}).reset_index()
    return once.sort_values(["date_to", *keys], kind="stable", ignore_index=True)


def _masked(loaded: Loaded, rows: pd.DataFrame, people: list[str]) -> pd.DataFrame:
    """Return items whose text has the names of these people cut to initials."""
    known = answers.full_names(loaded).reindex(people).dropna(how="all")
    pairs = list(known.itertuples(index=False, name=None))
    return rows.assign(**{name: [masked(plain(text), pairs) for text in rows[name]] for name in ("what", "text")})  # fmt: skip


def _joined(values: pd.Series) -> str:
    return ", ".join(dict.fromkeys(plain(value) for value in values.dropna() if plain(value)))


def _bullets(title: str, items: Sequence[str]) -> list[Part]:
    return [Heading(title, 2), Bullets(items)] if items else []


def _handling(loaded: Loaded, items: pd.DataFrame) -> list[Part]:
    """Say how many records carry conditions, and which."""
    codes = load_codes()
    limited = items[items["handling"] == "C"]
    none = items[items["handling"].isna() | (items["handling"] == "")]
    said = [
        f"{words.count(len(limited), 'item').capitalize()} of evidence of {words.number(len(items))} may be shared with conditions only (handling C); {words.number(len(none))} {'has' if len(none) == 1 else 'have'} no handling code.",
        f"This pack is as the {_role(loaded)} sees the case. Give it only to somebody who may see the same.",
    ]
    counted = limited.fillna({"action_code": "", "sanitisation_code": ""}).groupby(["action_code", "sanitisation_code"]).size()  # fmt: skip
    rows = [
        [f"{action or 'none'} {sanitised}".strip(), codes.meaning("action_code", action) if action else "no action code", codes.meaning("sanitisation_code", sanitised) if sanitised else "no sanitisation code", words.number(n)]
        for (action, sanitised), n in counted.items()
    ]  # fmt: skip
    table = Grid(["Codes", "How it may be used", "Sharing without the source", "Items"], rows, "Conditions of handling C", (1, 2, 3, 1))  # fmt: skip
    return [Bullets(said), *([table] if rows else [])]


def _role(loaded: Loaded) -> str:
    from mapping.access import ROLES

    return ROLES[loaded.question.role].label


def _children(loaded: Loaded, children: list[str], label: pd.Series) -> list[Part]:
    table = answers.contact_child_table(loaded, tuple(children))
    rows = [
        [
            f"{label_of(row['person_id'], label)}",
            plain(row["age"]) or "not known",
            plain(row["group"]),
            plain(row["ward"]) or "not known",
            words.number(row["links"]),
        ]
        for row in table.to_dict("records")
    ]
    title = "Children, in the order of their ids; links to others here are also those through these contacts"
    return [Grid(["Child", "Age", "Group", "Lives in ward", "Links to others here"], rows, title, (2.4, 0.7, 2, 2, 1.2))]  # fmt: skip


def _tables(
    loaded: Loaded, operation_id: str, contacts: pd.DataFrame, children: list[str], label: pd.Series
) -> list[Part]:
    """Return the table of children down and contacts across, in as many parts as a page needs."""
    grid = operations.grid(answers.candidates(loaded), operation_id, contacts, children, label)
    named = [name for name in grid.columns if name not in (operations.CHILD, operations.TOTAL)]
    parts: list[Part] = []
    for start in range(0, len(named), ACROSS):
        some = named[start : start + ACROSS]
        columns = [operations.CHILD, *some, operations.TOTAL]
        rows = [
            ["" if pd.isna(value) else plain(value) for value in row]
            for row in grid[columns].itertuples(index=False)
        ]
        title = "Records that tie each child to each contact" + (
            f" (contacts {start + 1} to {start + len(some)} of {len(named)}; the last column is of all)"
            if len(named) > ACROSS
            else ""
        )
        parts.append(Grid(columns, rows, title, (2, *[1.2] * len(some), 0.9)))
    cells = operations.cells_of(answers.candidates(loaded), operation_id)
    rows = [
        [
            contact["called"],
            KINDS[contact["kind"]].label,
            words.number(contact["evidence"]),
            words.number(int(cells.loc[cells["contact"] == contact["key"], "harmful"].sum())),
            "yes" if contact["core"] else "joined",
        ]
        for contact in contacts.to_dict("records")
    ]
    columns = ["Contact", "Kind", "Records", "Ties with harm", "Rests on it"]
    parts.append(Grid(columns, rows, "Contacts", (3, 2.4, 1, 1, 1)))
    return parts


def _chart(
    loaded: Loaded, operation_id: str, contacts: pd.DataFrame, children: list[str], label: pd.Series
) -> list[Part]:
    nodes, edges, left_out = candidate.picture(loaded, operation_id, contacts, children, label)
    if nodes.empty:
        return []
    more = (
        f" {words.count(left_out, 'more child', 'more children')} are in the table only." if left_out else ""
    )
    return [
        Picture(
            pictures.network(nodes, edges),
            f"Chart of {words.count(len(children) - left_out, 'child', 'children')} and {words.count(len(contacts), 'contact')} with a line for each tie on record; the table above has the same.",
            f"Children, contacts and what ties them; orange lines are ties with harm.{more}",
        )
    ]


def _timeline(items: pd.DataFrame) -> list[Part]:
    dated = items.dropna(subset=["date_to"]).drop_duplicates(["table", "row"])
    if dated.empty:
        return [Text("No record has a date.", "quiet")]
    month = dated["date_to"].dt.to_period("M")
    kind = dated["table"].map(KINDS_OF_RECORDS).fillna("other records")
    counts = pd.crosstab(month, kind)
    counts = counts.reindex(pd.period_range(month.min(), month.max(), freq="M"), fill_value=0)
    counts = counts.set_axis(counts.index.astype(str))
    rows = [
        [pd.Period(name, freq="M").strftime("%B %Y"), *map(words.number, row), words.number(int(sum(row)))]
        for name, row in zip(counts.index, counts.to_numpy().tolist(), strict=True)
        if sum(row)
    ]
    return [
        Picture(
            pictures.dates(counts, counted="records"),
            "Bars of records by month and kind; the table below has the numbers.",
            "Records by the month of their newest date",
        ),
        Grid(["Month", *counts.columns, "All"], rows, "Months with records"),
    ]


def _places(loaded: Loaded, operation_id: str, contacts: pd.DataFrame, children: list[str]) -> list[Part]:
    marked = answers.operation_spots(loaded, operation_id)
    homes = answers.homes_by_ward(loaded, tuple(children))
    places = loaded.work.reading.places
    names = answers.ward_names(loaded)
    parts: list[Part] = []
    if places is not None and places.wards is not None and len(places.wards):
        values = homes.set_index("ward_code")["children"].reindex(places.wards.codes).fillna(0)
        parts.append(
            Picture(
                pictures.wards(places.wards.to_geopandas(), {"Children of this candidate living in the ward": values}, spots=marked),
                "Map of wards, darker where more of these children live, with the places and events of this candidate marked; the tables below have the same.",
                operations.where(marked),
            )
        )  # fmt: skip
    rows = [[plain(names.get(row["ward_code"], row["ward_code"])), words.number(row["children"])] for row in homes.to_dict("records") if row["children"]]  # fmt: skip
    parts.append(Grid(["Ward", "Children living there"], rows, "Where the children live", (3, 1)))
    listed = [
        [shortened(plain(row["called"]), 80), KINDS[row["kind"]].label, f"{row['easting']:.0f} {row['northing']:.0f}"]
        for row in marked.to_dict("records")
    ]  # fmt: skip
    if listed:
        parts.append(Grid(["Place or event", "Kind", "Grid reference (metres east, north)"], listed, "Places and events", (4, 2, 2)))  # fmt: skip
    online = contacts[contacts["kind"] == "online"]["called"].tolist()
    return [*parts, *([Text(f"Online: {words.listing(online)}.")] if online else [])]


def _evidence(items: pd.DataFrame) -> list[Part]:
    rows = [
        [
            str(at),
            words.span(row["date_from"], row["date_to"]),
            f"{row['who']}; {row['contact_called']}",
            _source(row),
            _grade(row),
            shortened(plain(row["text"]) or plain(row["what"]) or row["how"], 600),
        ]
        for at, row in enumerate(items.to_dict("records"), start=1)
    ]
    columns = ["No", "When", "Who and what", "Report", "Grade and handling", "What it says"]
    note = "The oldest first. A record that several reports tell of stands once for each of them; one without a source has no grade."
    return [Text(note, "quiet"), Grid(columns, rows, "Evidence", (0.6, 1.3, 1.7, 1.4, 1.3, 3))]


def _source(row: Mapping[str, object]) -> str:
    if not plain(row["source_id"]):
        return f"{plain(row['table'])} row {plain(row['row'])}, no source named"
    parts = (
        plain(row["source_id"]),
        words.code(row["agency"]) or "agency not recorded",
        plain(row["source"]),
    )
    return ", ".join(part for part in parts if part)


def _grade(row: Mapping[str, object]) -> str:
    codes = " ".join(plain(row[name]) for name in ("handling", "action_code", "sanitisation_code") if plain(row[name]))  # fmt: skip
    return f"{plain(row['grade']) or 'not graded'}; {f'handling {codes}' if codes else 'no handling code'}"
