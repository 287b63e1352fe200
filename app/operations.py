"""Put candidate operations into the words, tables and files that the page and the command show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from app import words
from app.results import save_tables
from app.text import markup, plain, short
from mapping.operations import Operations

if TYPE_CHECKING:
    from app.analysis import Analysis
    from mapping.access import Viewer

FILES = ("operations.parquet", "operation_cells.parquet", "operation_summary.parquet", "summary.json")
SEES_NO_PEOPLE = "This viewer sees wards, not people, and so no operations."
FIRST = 10
"""Candidates printed at the command line; the files hold all."""

NOT_FACTS = "The records suggest these candidates; people decide what they are. None of them is a fact."
EMPTY = (
    "Choose all grades or a later day above if evidence may be left out. Otherwise record who harmed whom, which phones and accounts "
    "children used, and where incidents were: candidates come from those."
)
NOTHING_MISSING = "None of the gaps that Contextmap looks for. A worker may know of others."
CHILD, ALL, TOTAL = "Child", "All these children", "Records"
"""Headings of the table of children by contacts: its first column, its last row and its last column."""


def validate_viewer(viewer: Viewer) -> None:
    """Refuse a viewer who sees no people.

    Raises
    ------
    PermissionError
        The viewer sees no people.
    """
    if not viewer.sees_people:
        raise PermissionError(SEES_NO_PEOPLE)


def save(analysis: Analysis, out: Path) -> None:
    """Write the operations of an analysis to a folder, whole or not at all.

    Raises
    ------
    FileExistsError
        The folder holds something that is not an earlier result.
    PermissionError
        The viewer sees no people.
    """
    validate_viewer(analysis.settings.viewer)
    found = analysis.operations
    missing = found.summary["what_is_missing"].map("\n".join)
    tables = {
        "operations": found.table(),
        "operation_cells": found.cells,
        "operation_summary": found.summary.assign(what_is_missing=missing),
    }
    kept = ("version", "as_of", "settings", "rows", "rejected", "notes", "stages")
    summary = {name: analysis.summary[name] for name in kept}
    counts = {"operations": len(found.summary), "cells": len(found.cells), "shapes": _shapes(found)}
    save_tables(out, tables, {**summary, "results": counts, "limits": list(found.notes)})


def _shapes(found: Operations) -> dict[str, int]:
    return {str(shape): int(n) for shape, n in found.summary["shape"].value_counts().sort_index().items()}


def listed(found: Operations, *, first: int = FIRST) -> list[str]:
    """Return the first candidates as lines of text: rank, id, shape in words, how many children and contacts."""
    return [
        f"{row['rank']:>3}  {row['operation_id']}  {row['shape_words']}: {reaches(row)}"
        for row in found.summary.head(first).to_dict("records")
    ]


def reaches(row: Mapping[Any, Any]) -> str:
    """Return how many children and contacts a candidate has, in words."""
    return f"{words.count(row['victims'], 'child', 'children')}, {words.count(row['contacts'], 'contact')}"


def answer(found: Operations) -> str:
    """Return the sentence that answers the page: how many candidates, of which shapes, and how far the first reach."""
    if found.summary.empty:
        return "No adult, thing or place on record brings together children in a way that makes a candidate operation."
    counts = found.summary["shape"].value_counts()
    parts = [
        words.count(int(counts[shape]), one, many)
        for shape, (one, many) in COUNTED.items()
        if shape in counts
    ]
    return f"{words.count(len(found.summary), 'candidate operation').capitalize()}: {words.listing(parts)}."


COUNTED: Mapping[str, tuple[str, str]] = {
    "several_people": ("with several people", "with several people"),
    "one_person": ("around one person", "around one person each"),
    "online_account": ("around an online account", "around an online account each"),
    "phone": ("around a phone line", "around a phone line each"),
    "vehicle": ("around a vehicle", "around a vehicle each"),
    "bank_account": ("around a bank account", "around a bank account each"),
    "thing": ("around a thing", "around a thing each"),
    "things": ("around several things", "around several things"),
    "place": ("around one place", "around one place each"),
    "online_space": ("around an online space", "around an online space each"),
    "places": ("around several places", "around several places"),
    "things_and_places": ("around things and places", "around things and places"),
}


def titles(found: Operations) -> dict[str, str]:
    """Return what to call each candidate in a list to choose from, on operation_id."""
    return {
        str(row["operation_id"]): f"{row['rank']}. {str(row['shape_words']).capitalize()}: {reaches(row)}"
        for row in found.summary.to_dict("records")
    }


def listing(found: Operations) -> pd.DataFrame:
    """Return the table of all candidates as the page shows it."""
    every = found.summary
    return every.assign(
        shape=every["shape_words"].str.capitalize(),
        apart=[apart(row) for row in every.to_dict("records")],
        missing=every["what_is_missing"].map(" ".join),
    )


def apart(row: Mapping[Any, Any]) -> str:
    """Return how many pairs of a candidate's children something else links."""
    return f"{words.number(row['linked_pairs'])} of {words.number(row['pairs'])}"


def contacts_of(
    found: Operations, operation_id: str, called: Mapping[str, pd.Series], drawn: Mapping[str, pd.Series]
) -> pd.DataFrame:
    """Return the contacts of one candidate: key, contact_type, contact_id, called (each once), kind, evidence, core.

    Parameters
    ----------
    called, drawn
        contact type to what to call each contact and how to draw it, on its id.
    """
    every = found.entities
    mine = every[(every["operation_id"] == operation_id) & (every["role"] == "contact")]
    out = mine.rename(columns={"entity_type": "contact_type", "entity_id": "contact_id"})
    pairs = list(zip(out["contact_type"], out["contact_id"].astype(str), strict=True))
    names = pd.Series(
        [short(called[kind].get(contact, contact), limit=40) for kind, contact in pairs], index=out.index
    )
    same = names.duplicated(keep=False) | names.isin([CHILD, ALL, TOTAL])
    return out.assign(
        key=[f"{kind}:{contact}" for kind, contact in pairs],
        called=names.where(~same, names + " " + out["contact_id"].map(plain)),
        kind=[
            str(drawn[kind].get(contact, "adult" if kind == "person" else "place")) for kind, contact in pairs
        ],
    ).reset_index(drop=True)


def children_of(found: Operations, operation_id: str) -> list[str]:
    """Return the children of one candidate by id."""
    every = found.entities
    mine = every[(every["operation_id"] == operation_id) & (every["role"] == "victim")]
    return [str(child) for child in mine["entity_id"]]


def cells_of(found: Operations, operation_id: str) -> pd.DataFrame:
    """Return the cells of one candidate, with the key of the contact and of the cell itself."""
    mine = found.cells[found.cells["operation_id"] == operation_id].reset_index(drop=True)
    key = mine["contact_type"] + ":" + mine["contact_id"]
    return mine.assign(contact=key, part="cell:" + mine["person_id"] + "|" + key)


def grid(
    found: Operations, operation_id: str, contacts: pd.DataFrame, children: Sequence[str], label: pd.Series
) -> pd.DataFrame:
    """Return children down and contacts across, with how many records tie them; the last row and column are of all."""
    cells = cells_of(found, operation_id)
    called = contacts.set_index("key")["called"]
    wide = cells.assign(contact=cells["contact"].map(called)).pivot(
        index="person_id", columns="contact", values="evidence"
    )
    wide = wide.reindex(index=list(children), columns=list(called)).astype("Int64")
    every = found.entities
    total = every[(every["operation_id"] == operation_id) & (every["role"] == "victim")].set_index(
        "entity_id"
    )["evidence"]
    out = wide.assign(**{TOTAL: total.reindex(wide.index).astype("Int64")})
    out.insert(0, CHILD, [str(label.get(child, child)) for child in children])
    whole = int(found.summary.set_index("operation_id").loc[operation_id, "evidence"])
    last = {CHILD: ALL, **dict(zip(contacts["called"], contacts["evidence"], strict=True)), TOTAL: whole}
    return pd.concat([out, pd.DataFrame([last]).astype(out.dtypes.to_dict())], ignore_index=True)


def part(cell: tuple[int, str] | None, contacts: pd.DataFrame, children: Sequence[str]) -> str | None:
    """Return what a chosen cell of the grid stands for: "cell:CHILD|CONTACT", "contact:CONTACT", "child:CHILD" or nothing."""
    if cell is None:
        return None
    row, column = cell
    keys = dict(zip(contacts["called"], contacts["key"], strict=True))
    child = children[row] if row < len(children) else None
    if column in keys:
        return f"contact:{keys[column]}" if child is None else f"cell:{child}|{keys[column]}"
    return None if child is None else f"child:{child}"


def parts(contacts: pd.DataFrame, children: Sequence[str], edges: Iterable[str]) -> list[str]:
    """Return all that can be opened of a candidate: contacts, children, cells, and the lines of its picture."""
    cells = [f"cell:{child}|{key}" for child in children for key in contacts["key"]]
    return [*("contact:" + contacts["key"]), *(f"child:{child}" for child in children), *cells, *edges]


def part_words(part: str, items: pd.DataFrame, contacts: pd.DataFrame, label: pd.Series) -> tuple[str, str]:
    """Return the title of an opened part, and one sentence on why it is there."""
    called = dict(zip(contacts["key"], contacts["called"], strict=True))
    kind, _, rest = part.partition(":")
    number = len(items.drop_duplicates(["table", "row"]))
    records = f"{words.count(number, 'record').capitalize()} {'ties' if number == 1 else 'tie'}"
    child, _, contact = rest.partition("|")
    who = str(label.get(child, child))
    if kind == "contact":
        tied = words.count(int(items["person_id"].nunique()), "child", "children")
        return called[rest], f"{records} {tied} of this candidate to it."
    if not contact:
        return who, f"{records} this child to the contacts of this candidate."
    return f"{who} and {called[contact]}", f"{records} this child to this contact."


def items_of(every: pd.DataFrame, part: str | None) -> pd.DataFrame:
    """Return the rows that a part of a candidate rests on; all of them where no part is chosen.

    Parameters
    ----------
    every
        the rows of all its contacts, with `contact`, the key of the contact each row ties the child to.
    """
    if part is None:
        return every
    kind, _, rest = part.partition(":")
    if kind == "contact":
        return every[every["contact"] == rest]
    child, _, contact = rest.partition("|")
    mine = every[every["person_id"] == child]
    return mine[mine["contact"] == contact] if contact else mine


KINDS_OF_TABLES = {
    "participation": "event",
    "presence": "presence",
    "thing_use": "thing",
    "missing": "missing",
}


def dated(items: pd.DataFrame) -> pd.DataFrame:
    """Return rows as a timeline counts them: each row of the case once."""
    kind = items["table"].map(KINDS_OF_TABLES).fillna("other")
    once = items.assign(kind=kind, person_a="", person_b="", other_row=None)
    return once.drop_duplicates(["table", "row"])


def made_of(contacts: pd.DataFrame) -> str:
    """Return what a candidate's contacts are: "2 adults of concern, 1 phone and 1 vehicle"."""
    counts = contacts["kind"].value_counts()
    return words.listing([words.count(int(counts[kind]), *NOUNS[kind]) for kind in NOUNS if kind in counts])


NOUNS: Mapping[str, tuple[str, str]] = {
    "adult_of_concern": ("adult of concern", "adults of concern"),
    "adult": ("adult", "adults"),
    "protective_adult": ("adult whom some call protective", "adults whom some call protective"),
    "young_adult": ("young adult", "young adults"),
    "phone": ("phone", "phones"),
    "vehicle": ("vehicle", "vehicles"),
    "online_account": ("online account", "online accounts"),
    "bank_account": ("bank account", "bank accounts"),
    "thing": ("other thing", "other things"),
    "home": ("home", "homes"),
    "school": ("school", "schools"),
    "childrens_home": ("children's home or placement", "children's homes or placements"),
    "park": ("park or open space", "parks or open spaces"),
    "transport": ("transport stop", "transport stops"),
    "shop": ("shop or food outlet", "shops or food outlets"),
    "online": ("online space", "online spaces"),
    "place": ("other place", "other places"),
}


def where(spots: pd.DataFrame) -> str:
    """Return the heading of the map: how many places and events have a spot on it."""
    events = int((spots["kind"] == "event").sum())
    parts = [
        words.count(len(spots) - events, "place") if len(spots) > events else "",
        words.count(events, "event") if events else "",
    ]
    marked = words.listing([part for part in parts if part])
    return f"Where: {marked}, and the wards the children live in" if marked else "Where the children live"


def facts(row: Mapping[str, Any], contacts: str) -> list[str]:
    """Return why a candidate is listed, as sentences."""
    several = (
        f"; {words.number(row['core_victims'])} of the children to two or more of them"
        if row["contacts"] > 1
        else ""
    )
    return [
        f"{words.count(int(row['victims']), 'child', 'children').capitalize()} tied to {contacts}{several}.",
        f"The children are in {words.count(int(row['groups']), 'group')}; something else links {apart(row)} pairs of them.",
        f"{words.count(int(row['evidence']), 'record').capitalize()} from {words.count(int(row['sources']), 'source')} and {words.count(int(row['agencies']), 'agency', 'agencies')}, {words.span(row['first_seen'], row['last_seen'])}; {words.number(row['harmful'])} of them say that harm was done or name an incident.",
    ]


def sentences_html(sentences: Iterable[str]) -> str:
    """Return sentences as a list in HTML."""
    return "<ul>" + "".join(f"<li>{markup(sentence, limit=400)}</li>" for sentence in sentences) + "</ul>"


def elsewhere(found: Operations, operation_id: str) -> list[str]:
    """Return which other candidates have children of this one, as sentences, in order of rank."""
    every = found.entities[found.entities["role"] == "victim"]
    mine = every.loc[every["operation_id"] == operation_id, "entity_id"]
    shared = every[every["entity_id"].isin(mine) & (every["operation_id"] != operation_id)]
    counted = shared.groupby("rank").size().sort_index()
    return [
        f"{words.count(int(n), 'of its children is', 'of its children are').capitalize()} also in candidate {rank}."
        for rank, n in counted.items()
    ]


def edges_of(cells: pd.DataFrame, links: pd.DataFrame, otherwise: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of a candidate's picture: its cells, and what else links its children.

    Parameters
    ----------
    cells
        from `cells_of`.
    links
        from `answers.links`: the links between two of the people shown.
    otherwise
        person_a, person_b: the pairs of children that something else links.
    """
    among = links.merge(otherwise[["person_a", "person_b"]], on=["person_a", "person_b"])
    drawn = pd.DataFrame(
        {
            "id": cells["part"],
            "source": "person:" + cells["person_id"],
            "target": cells["contact"],
            "nature": ["harmful" if n else "unknown" for n in cells["harmful"]],
            "items": cells["evidence"],
            "sources": cells["sources"],
            "first_seen": cells["first_seen"],
            "last_seen": cells["last_seen"],
            "stated": False,
            "seen": True,
        }
    )
    known = links.set_index(["source", "target"])[["stated", "seen"]]
    for row in drawn.index[cells["contact_type"] == "person"]:
        pair = tuple(sorted((drawn.at[row, "source"], drawn.at[row, "target"])))
        if pair in known.index:
            drawn.loc[row, ["stated", "seen"]] = known.loc[pair].to_numpy()
    return pd.concat([drawn, among], ignore_index=True)


METHOD = (
    "<p>A candidate is a set of contacts that share children: adults whom records say harmed two or more of them; phones, vehicles and accounts that "
    "an adult of concern used, or that children used who do not otherwise know each other; places where children came to harm on several days. "
    "Contacts are one candidate where at least half of the children of either are children of both, or where a record joins the two (the adult used the phone) "
    "and at least half of the smaller one's children are shared.</p>"
    "<p>Schools, homes of children in care, hospitals and transport are never the ground of a candidate, nor is a place where most children are on record for other reasons. "
    "Adults whom records only call protective, and their phones, are never contacts. Only people under 18 are listed as children; a child who may have harmed somebody is listed as a child like the others.</p>"
    "<p>Candidates come in this order: newest evidence within a year; how many separate circles of children they bring together; how many children two or more of the contacts share; "
    "children; records of harm; agencies; sources; newest evidence. Children are never ranked: they stand in the order of their ids. "
    "A number in the table is how many records of the case tie that child to that contact; a record counts once in each row and column it stands in, and once in the total.</p>"
    "<p><b>Limits.</b> Being tied to a contact says nothing about what a child did, and a shared phone or place may have an innocent reason. “Do not know each other” means that nothing else on record links them. "
    "What nobody recorded is not here.</p>"
)
