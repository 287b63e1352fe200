"""Keep what this user enters in the store of the case, and return what was entered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import streamlit as st

from app import data, frame, log, state
from mapping.access import Viewer, may_read
from mapping.additions import add_record
from mapping.cipher import key_file
from mapping.entries import Entry, entry_history, keep_entry, load_entries, remove_entry
from mapping.store import Store, load, open_store, store_file, store_url

# What one role begins and not every other may read; meetings and contexts say so themselves.
WALLED = ("peer_map", "profile", "plan", "visit_result")
NAMELESS = "Give your name first: what you enter is kept with who entered it."


def url() -> str:
    """Return where what is entered about the case is kept."""
    return store_url(data.case_folder())


def safekeeping() -> str:
    """Return a sentence on how what is entered is kept from those who may not read it."""
    if store_file(url()) is None:
        return "What is entered is kept in a database on a server, which looks after it."
    if key_file() is not None:
        return "What is entered is kept in an encrypted file, which opens only with the key that Contextmap was started with. A case folder, and what is downloaded, are as they are."
    return "What is entered is kept in a plain file: whoever may read files of the account that runs Contextmap can read it. docs/data.md says how to have it encrypted."


def entries(kind: str) -> list[Entry]:
    """Return the entries of a kind that stand and that this role may read, in the order in which they were begun.

    Raises
    ------
    OSError, ValueError
        The store cannot be read; the message says so for the user.
    """
    found = load_entries(url(), kind)
    return readable(found) if kind in WALLED else found


def readable(found: Iterable[Entry]) -> list[Entry]:
    """Return those entries that were begun in a role that sees no more than this one."""
    viewer = Viewer(state.role())
    return [entry for entry in found if may_read(entry.content, viewer)]


def history(kind: str, entry_id: str) -> list[Entry]:
    """Return every turn of one entry, the first first."""
    return load(url(), lambda store: entry_history(store, kind, entry_id)) or []


def keep(
    kind: str,
    content: Mapping[str, Any],
    *,
    why: str = "",
    entry_id: str | None = None,
    after: int | None = None,
) -> Entry:
    """Keep what this user entered, as `mapping.entries.keep_entry` does; with the role it is kept for.

    Raises
    ------
    ValueError
        The user has given no name, or somebody else changed the same entry meanwhile.
    OSError
        It could not be kept.
    """
    with open_store(url()) as store:
        if kind in WALLED and kind != "plan":  # a plan says itself whose records it was made from
            content = {**content, "role": _kept_for(store, kind, entry_id)}
        return keep_entry(store, kind, content, by=named(), why=why, entry_id=entry_id, after=after)


def _kept_for(store: Store, kind: str, entry_id: str | None) -> str:
    """Return the role an entry is kept for: the one it was begun in, or of a profile one that put its own figures in."""
    turns = [] if entry_id is None else entry_history(store, kind, entry_id)
    if not turns or (kind == "profile" and Viewer(state.role()).sees_restricted):
        return state.role()
    return str(turns[0].content.get("role", ""))


def remove(kind: str, entry_id: str, *, why: str, after: int | None = None) -> Entry:
    """Take something that was entered away, as `mapping.entries.remove_entry` does; it stays in the history."""
    with open_store(url()) as store:
        return remove_entry(store, kind, entry_id, by=named(), why=why, after=after)


def add(table: str, row: Mapping[str, str], *, how: str, agency: str, handling: str = "") -> Entry:
    """Add a row to a table of the case by hand, as `mapping.additions.add_record` does.

    It counts as known from the day on which people work on this case; see `state.set_work_day`.

    Parameters
    ----------
    how : the answer to "how do you know?".
    """
    with open_store(url()) as store:
        return add_record(
            store, table, row, by=named(), how=how, agency=agency, recorded_on=state.work_day(), handling=handling, role=state.role(),
        )  # fmt: skip


def who() -> str:
    """Show the small box for the user's name where it is wanted; return the name, "" where there is none yet."""
    st.text_input(
        "Your name, kept with what you enter",
        key=state.USER,
        max_chars=100,
        placeholder="Name and team",
        persist_state="session",
    )
    return state.user()


def named() -> str:
    """Return the name of the user, as it is kept with what they enter.

    Raises
    ------
    ValueError
        They have given none.
    """
    if not state.user():
        raise ValueError(NAMELESS)
    return state.user()


def attempt(do: Callable[[], Any], done: str | Callable[[Any], str]) -> bool:
    """Do something that the store may refuse, and let the page say once how it went (for callbacks too).

    Parameters
    ----------
    done : what to say when it is done, or what makes that sentence of what `do` returned.

    Returns
    -------
    bool
        whether it was done.
    """
    refused = _refused(do, done)
    if refused:
        state.refuse_once(refused)
    return not refused


def attempt_here(do: Callable[[], Any], done: str | Callable[[Any], str]) -> None:
    """Do the same below a form: a refusal is said there, so that what was typed stays; else the page is drawn anew."""
    if refused := _refused(do, done):
        frame.refused(refused)
    else:
        st.rerun()


def _refused(do: Callable[[], Any], done: str | Callable[[Any], str]) -> str:
    """Do it and keep the sentence that says so; return why it was refused, "" where it was not."""
    try:
        found = do()
    except (ValueError, OSError) as error:
        return log.said(error)
    state.say_once(done if isinstance(done, str) else done(found))
    return ""
