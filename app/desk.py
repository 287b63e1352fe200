"""Keep what this user enters in the store of the case, and return what was entered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import streamlit as st

from app import data, frame, state
from mapping.additions import add_record
from mapping.entries import Entry, entry_history, keep_entry, load_entries, remove_entry
from mapping.store import load, open_store, store_url

MONTH = 31
NAMELESS = "Give your name first: what you enter is kept with who entered it."


def url() -> str:
    """Return where what is entered about the case is kept."""
    return store_url(data.case_folder())


def entries(kind: str) -> list[Entry]:
    """Return the entries of a kind that stand, in the order in which they were begun.

    Raises
    ------
    OSError, ValueError
        The store cannot be read; the message says so for the user.
    """
    return load_entries(url(), kind)


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
    """Keep what this user entered, as `mapping.entries.keep_entry` does.

    Raises
    ------
    ValueError
        The user has given no name, or somebody else changed the same entry meanwhile.
    OSError
        It could not be kept.
    """
    with open_store(url()) as store:
        return keep_entry(store, kind, content, by=named(), why=why, entry_id=entry_id, after=after)


def remove(kind: str, entry_id: str, *, why: str, after: int | None = None) -> Entry:
    """Take something that was entered away, as `mapping.entries.remove_entry` does; it stays in the history."""
    with open_store(url()) as store:
        return remove_entry(store, kind, entry_id, by=named(), why=why, after=after)


def add(table: str, row: Mapping[str, str], *, how: str, agency: str, as_of: date | None) -> Entry:
    """Add a row to a table of the case by hand, as `mapping.additions.add_record` does.

    Parameters
    ----------
    how : the answer to "how do you know?".
    as_of : the day whose knowledge is shown. A case whose records ended more than a month ago keeps its own
        time: what is entered counts as known on that day, or the whole picture would be of another year.
    """
    today = date.today()
    known = as_of if as_of is not None and (today - as_of).days > MONTH else today
    with open_store(url()) as store:
        return add_record(store, table, row, by=named(), how=how, agency=agency, recorded_on=known)


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
        state.say_once(refused)
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
        return str(error) or type(error).__name__
    state.say_once(done if isinstance(done, str) else done(found))
    return ""
