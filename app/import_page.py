"""Draw the parts of the Import page: what a new copy of the case would change, importing and undoing it, records by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pandas as pd
import streamlit as st

from app import data, desk, frame, log, state, tables, words
from app.data import Loaded
from app.text import markup
from mapping.access import ROLES
from mapping.additions import correct_record, withdraw_record
from mapping.codes import load_codes
from mapping.contract import TABLES, Column
from mapping.entries import Entry
from mapping.imports import (
    CHANGES,
    MOST_SHOWN,
    Comparison,
    apply_import,
    compare_import,
    list_imports,
    undo_import,
)
from mapping.row_keys import naming, row_key
from mapping.store import load, open_store
from mapping.tables import CaseError

# In the order in which people reach for them. Sources are not among them: each record gets one of its own, ungraded.
ENTERED = (
    *("people", "associations", "presence", "locations", "missing", "referrals"),
    *("events", "participation", "things", "thing_use", "placements"),
)
# What tells who somebody is; "recorded" stands for it until full names are shown.
NAMING = ("given_name", "family_name", "date_of_birth", "home_postcode", "text", "summary", "label")
CHANGE_WORDS = {
    "new": "New rows",
    "changed": "Changed rows",
    "unchanged": "Unchanged rows",
    "vanished": "Rows that are not there any more",
}
METHOD = (
    "A copy of the case is compared with what the store holds, row by row: a row is known again by its id, or by who, "
    "what and when it names. Nothing changes until you import it; what was there before stays in the history, and the last import can be undone."
)
LIMITS = (
    "Rows are kept as they are written, faulty values too; what can be used of them is decided when the case is read, and the rest is told.",
    "A row whose id changed counts as one that vanished and one that is new.",
    "Records entered by hand are kept apart and stay when a new copy is imported.",
)


def may_import(loaded: Loaded) -> bool:
    """Say whether this role may see every row of the case, as whoever imports one does."""
    return ROLES[loaded.question.role].sees_restricted


def answer() -> str:
    """Say where the case shown comes from, and what was imported last."""
    found = load(desk.url(), list_imports)
    standing = None if found is None else found[~found["undone"] & found["undoes"].isna()]
    where = "the store" if "://" in data.case_named() else f"the folder {data.case_folder().resolve().name}"
    if standing is None or standing.empty:
        return f"What is shown comes from {where}; nothing has been imported into the store yet."
    last = standing.iloc[-1]
    return f"What is shown comes from {where}; {words.count(len(standing), 'import')} in the store, the last on {words.day(words.clock(last['at']))} by {last['by']}."


def compare() -> None:
    """Ask for a copy of the case, and show what importing it would change."""
    given = st.text_input(
        "Folder or workbook of the new copy, on the computer where Contextmap runs",
        key="import_path",
        max_chars=1_000,
        placeholder="/data/hub/2026-04-01",
    ).strip()
    turned = st.checkbox("Its dates are written day first, such as 31/03/2025", key="import_day_first")
    if st.button("Compare", key="import_compare", type="primary") and given:
        # Kept as it was compared: what is imported is what was looked at, whatever becomes of the files.
        state.take_in_hand("import", None)
        try:
            with st.spinner("Comparing the copy with the store, row by row"), open_store(desk.url()) as store:
                case, dates = Path(given).expanduser(), "dmy" if turned else "iso"
                state.take_in_hand("import", compare_import(store, case, dates=dates))
        except (CaseError, OSError, ValueError) as error:
            frame.trouble(log.said(error), heading="This copy cannot be compared; nothing was changed.")
            return
    compared = state.in_hand("import")
    if compared is None:
        frame.quiet("Compare first: what is new, changed and gone is shown, and nothing changes yet.")
        return
    _show(compared)


def _show(compared: Comparison) -> None:
    found = compared.table()
    total = {change: int(found[change].sum()) for change in CHANGES}
    st.html(
        f"<p><b>{markup(compared.case.name)}</b>: {words.number(total['new'])} new, {words.number(total['changed'])} changed, "
        f"{words.number(total['unchanged'])} unchanged and {words.number(total['vanished'])} vanished rows.</p>"
    )
    if compared.day_first:
        said = f"{words.day_first(compared.day_first)} If it is the day that comes first, tick the box above and compare again."
        st.html(f'<p class="cm-note">{markup(said)}</p>')
    for line in (*warnings(compared), *(f"Not imported: {line}" for line in compared.unreadable[:20])):
        st.html(f'<p class="cm-note">{markup(line)}</p>')
    tables.show(
        found,
        key="import_counts",
        title="What would change",
        columns={"table": "Table", **CHANGE_WORDS},
    )
    if len(compared.by_hand):
        tables.show(
            _unnamed(compared.by_hand, "now", "stands"),
            key="import_by_hand",
            title="What stays as somebody put it by hand",
            columns={
                "table": "Table",
                "row_key": "Row",
                "column": "Column",
                "now": "The copy says",
                "stands": "Stands",
                "by": "By",
                "why": "Why",
            },
        )
    if not compared.changes:
        frame.quiet("Every row is in the store already, word for word: there is nothing to import.")
        return
    _rows(compared)
    why = st.text_input("Why, where there is a reason to give", key="import_why", max_chars=500)
    if st.button("Import it", key="import_apply", type="primary"):
        desk.attempt_here(
            lambda: _apply(compared, why), "Imported. What was there before stays in the history."
        )


def warnings(compared: Comparison) -> list[str]:
    """Return what whoever imports a copy is warned of, as sentences."""
    said = [
        f"{words.number(lost)} of {words.number(held)} rows of {table} are not in this copy. Is it whole? If it is imported, they are no longer part of the case."
        for table, (lost, held) in compared.losses.items()
    ]
    if len(compared.by_hand):
        said.append(
            f"{words.count(len(compared.by_hand), 'value or row', 'values or rows').capitalize()} that somebody corrected or took out by hand would be otherwise in this copy. What they put stands; the table says which."
        )
    return said


def _rows(compared: Comparison) -> None:
    """Show the rows of one table that would change in one way."""
    there = {
        change: [table for table, each in compared.counts.items() if each[change]]
        for change in ("changed", "new", "vanished")
    }
    changes = [change for change, named in there.items() if named]
    one, other = st.columns(2)
    with one:
        change = st.segmented_control(
            "Look at the rows that are", changes, default=changes[0], required=True, key="import_change"
        )
    change = change if change in changes else changes[0]
    with other:
        table = st.selectbox("of", there[change], key="import_table")
    tables.show(
        _unnamed(compared.shown(str(table), change), "was", "now"),
        key="import_rows",
        title=f"{CHANGE_WORDS[change]} of {table}",
        columns={"row_key": "Row", "column": "Column", "was": "Was", "now": "Will be"},
    )
    if compared.counts[str(table)][change] > MOST_SHOWN:
        frame.quiet(f"The first {words.number(MOST_SHOWN)} rows are shown.")


def _unnamed(rows: pd.DataFrame, *values: str) -> pd.DataFrame:
    """Return rows of one value each with "recorded" for what tells who somebody is, unless full names are shown."""
    if state.names_shown():
        return rows
    naming = rows["column"].isin(NAMING)
    return rows.assign(**{name: rows[name].mask(naming & (rows[name] != ""), "recorded") for name in values})


def _apply(compared: Comparison, why: str) -> None:
    with open_store(desk.url()) as store:
        apply_import(store, compared, by=desk.named(), why=why)
    state.take_in_hand("import", None)


def history() -> None:
    """Show every import, and offer to undo the last."""
    found = load(desk.url(), list_imports)
    if found is None or found.empty:
        frame.quiet("Nothing has been imported yet.")
        return
    shown = found.assign(
        at=found["at"].map(words.clock),
        what=[
            f"undid import {int(undoes)}" if pd.notna(undoes) else "undone since" if undone else "stands"
            for undoes, undone in zip(found["undoes"], found["undone"], strict=True)
        ],
    )
    tables.show(
        shown.iloc[::-1],
        key="imports",
        title="Imports, the latest first",
        columns={
            "import_n": "Number",
            "case_name": "Copy",
            "at": "When",
            "by": "By",
            "why": "Why",
            "what": "State",
        },
    )
    if (found["undoes"].isna() & ~found["undone"]).any():
        with st.popover("Undo the last import", icon=":material/undo:"):
            last = found[found["undoes"].isna() & ~found["undone"]].iloc[-1]
            frame.quiet(
                f"Import {last['import_n']} of {last['case_name']}, by {last['by']}: what stood before it stands again."
            )
            seen = int(found["import_n"].iloc[-1])
            why = st.text_input("Why is it undone?", key=f"import_undo_why_{seen}", max_chars=500)
            if st.button("Undo it", key="import_undo"):
                desk.attempt_here(lambda: _undo(why, seen), "Undone. Its rows stay in the history.")


def _undo(why: str, seen: int) -> None:
    with open_store(desk.url()) as store:
        undo_import(store, by=desk.named(), why=why, after=seen)
    state.take_in_hand("import", None)


def enter(loaded: Loaded) -> None:
    """Ask for a record of any table, with how it is known in place of a grade."""
    table = st.selectbox(
        "What is entered?",
        list(ENTERED),
        format_func=lambda name: f"{name}: {TABLES[name].about}",
        key="enter_table",
    )
    known = TABLES[str(table)]
    # Once it is entered the boxes start empty: pressed again, the same would be entered twice.
    turn = state.turn("enter")
    with st.form(f"enter_{table}_{turn}", clear_on_submit=False):
        row = {}
        places = st.columns(3)
        columns = [column for column in known.columns if column.name != "source_id"]
        for number, column in enumerate(columns):
            with places[number % 3]:
                row[column.name] = _box(column, turn, optional=column.name == known.key)
        how = agency = handling = ""
        if "source_id" in known.names:
            how = st.text_area(
                "How do you know?", key=f"enter_how_{table}_{turn}", max_chars=4_000, height=80
            )
            agency = st.text_input("Your agency", key=f"enter_agency_{table}", max_chars=100)
            if may_import(loaded):
                closed = st.checkbox(
                    "Under handling conditions (C): only those who see restricted reports see this record",
                    key=f"enter_handling_{table}_{turn}",
                )
                handling = "C" if closed else ""
        frame.mind_words(how)
        if st.form_submit_button("Enter it", type="primary"):

            def add() -> None:
                desk.add(str(table), row, how=how, agency=agency, handling=handling)
                state.next_turn("enter")

            desk.attempt_here(
                add,
                "Entered. It is part of the case from now on, and every page shows it.",
            )


def _box(column: Column, turn: int, *, optional: bool) -> str:
    """Ask for one value of a row, from its list where it has one."""
    label = column.name.replace("_", " ").capitalize()
    label += "" if not column.required else " (may be left out)" if optional else " (needed)"
    key = f"enter_{column.name}_{turn}"
    if column.codes is not None or column.kind == "yes_no":
        codes = load_codes()[column.codes or "yes_no"]
        chosen = st.selectbox(label, ["", *codes], format_func=lambda code: codes.get(code, ""), key=key)
        return str(chosen or "")
    hint = {"date": "2026-03-31", "time": "2026-03-31T18:45"}.get(column.kind, "")
    return str(st.text_input(label, key=key, placeholder=hint, max_chars=1_000) or "")


def correct(loaded: Loaded) -> None:
    """Find a row by what names it, and correct a value or take the row out; what stood stays in the history."""
    tables_there = [*ENTERED, "sources"] if may_import(loaded) else list(ENTERED)
    table = str(st.selectbox("Table", tables_there, key="correct_table"))
    names = naming(TABLES[table])
    given = {}
    for place, name in zip(st.columns(len(names)), names, strict=True):
        with place:
            given[name] = st.text_input(
                name.replace("_", " ").capitalize(), key=f"correct_{table}_{name}", max_chars=200
            ).strip()
    if not any(given.values()):
        frame.quiet("Say which row: its id, or who and what it names.")
        return
    rows = _matching(loaded, table, given)
    if rows.empty:
        frame.quiet("No row that you may see says that.")
        return
    tables.show(
        rows.head(200),
        key="correct_rows",
        title=f"Rows of {table}",
        what="correct",
        ids=rows["row_key"].head(200).tolist(),
        columns={name: name for name in rows.columns if name != "row_key"},
    )
    chosen = state.known_choice("correct", rows["row_key"]) or (
        rows["row_key"].iloc[0] if len(rows) == 1 else None
    )
    if chosen is None:
        frame.quiet("Choose one of the rows.")
        return
    _correction(table, str(chosen))


def _matching(loaded: Loaded, table: str, given: dict[str, str]) -> pd.DataFrame:
    """Return the rows a viewer may see that say what is given, with their keys."""
    shown = loaded.analysis.records.table(table)
    for name, value in given.items():
        if value:
            shown = shown[shown[name].astype("str").str.startswith(value)]
    shown = shown.head(1_000)
    written = shown.astype(object).where(shown.notna(), "").astype(str)
    keys = [row_key(table, row) for row in written[list(naming(TABLES[table]))].to_dict("records")]
    kept = [name for name in TABLES[table].names if name in shown.columns]
    return _masked(shown[kept]).assign(row_key=keys)


def _masked(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with "recorded" in place of what tells who somebody is, unless full names are shown."""
    if state.names_shown():
        return rows
    hidden = [name for name in NAMING if name in rows.columns]
    return rows.assign(**{name: rows[name].notna().map({True: "recorded", False: ""}) for name in hidden})


def _correction(table: str, key: str) -> None:
    columns = [column for column in TABLES[table].columns if column.name not in naming(TABLES[table])]
    # Of this row, and empty once it is kept: what is typed for one row must not stand in the boxes of the next.
    form = f"{table}_{key}"
    turn = f"{crc32(form.encode()):08x}_{state.turn(form)}"
    with st.form(f"correction_{turn}"):
        one, other = st.columns(2)
        with one:
            column = st.selectbox(
                "What is corrected?", [column.name for column in columns], key=f"correct_column_{turn}"
            )
        with other:
            value = st.text_input(
                "What it should say (empty: nothing)", key=f"correct_value_{turn}", max_chars=1_000
            )
        why = st.text_input("Why?", key=f"correct_why_{turn}", max_chars=500)
        done = st.form_submit_button("Correct it", type="primary")
        gone = st.form_submit_button("Take the row out: it was written in error")
    if done:
        desk.attempt_here(
            lambda: _kept(correct_record, table, key, {str(column): value}, why),
            "Corrected. What it said before stays in the history.",
        )
    if gone:
        desk.attempt_here(
            lambda: _kept(withdraw_record, table, key, None, why),
            "Taken out. It stays in the file and in the history.",
        )


def _kept(
    write: Callable[..., Entry], table: str, key: str, changes: dict[str, str] | None, why: str
) -> Entry:
    with open_store(desk.url()) as store:
        said = () if changes is None else (changes,)
        kept = write(store, table, key, *said, by=desk.named(), why=why)
    state.next_turn(f"{table}_{key}")
    return kept


def entered(loaded: Loaded) -> None:
    """Show what was entered by hand; corrections too to those who see every row, as they may be of restricted ones.

    What they entered themselves is not listed for others, who see in the records what of it is theirs to see.
    """
    shown = state.names_shown()
    listed = [
        entry
        for entry in reversed(desk.readable(desk.entries("record")))
        if may_import(loaded) or not entry.content.get("key")
    ]
    rows = [
        (
            words.clock(entry.at),
            entry.by,
            entry.content["table"],
            "taken out"
            if entry.content.get("key") and not entry.content["row"]
            else "corrected"
            if entry.content.get("key")
            else "entered",
            entry.content.get("key", ""),
            ", ".join(
                f"{name}: {value if shown or name not in NAMING else 'recorded'}"
                for name, value in sorted(entry.content["row"].items())
            ),
            entry.why,
        )
        for entry in listed
    ]
    tables.show(
        pd.DataFrame(rows, columns=["at", "by", "table", "what", "key", "row", "why"]),
        key="entered",
        title="Entered, corrected and taken out by hand, the latest first",
        what="entered",
        ids=[entry.entry_id for entry in listed],
        columns={
            "at": "When",
            "by": "By",
            "table": "Table",
            "what": "What",
            "key": "Row",
            "row": "Says",
            "why": "Why, or how it is known",
        },
        empty="Nothing has been entered by hand yet.",
    )
    chosen = state.known_choice("entered", [entry.entry_id for entry in listed])
    for entry in listed:
        if entry.entry_id == chosen:
            _take_back(entry)


def _take_back(entry: Entry) -> None:
    """Ask why something that was put by hand is taken back, and take it back."""
    with st.form(f"take_back_{entry.entry_id}"):
        frame.quiet(
            "What was corrected says again what it said, what was taken out is there again, and what was entered is not. It stays in the history."
        )
        why = st.text_input("Why is it taken back?", key=f"take_back_why_{entry.entry_id}", max_chars=500)
        if st.form_submit_button("Take it back"):
            desk.attempt_here(
                lambda: desk.remove("record", entry.entry_id, why=why, after=entry.turn), "Taken back."
            )


def method() -> None:
    """Say what the page does."""
    st.html(words.method_html(METHOD, (*LIMITS, desk.safekeeping())))
