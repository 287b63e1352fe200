"""Own what one user has chosen: the only module that names a session key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.errors import StreamlitAPIException

GRADES = {"A-B": "A–B", "A-C": "A–C", "all": "all"}

ROLE = "role"
GRADE_BAND = "grade_band"
AS_OF = "as_of"
NAMES = "names_shown"
REASON = "names_reason"
USER = "user_name"
WHY = "decision_why"
FIRST_ROLE = "social_worker"
_GIVEN = "names_reason_given"
_CHOSEN = "chosen"
_TURN = "chosen_turn"


MONTH = 31
MOST_RECENT = 8
"""Children kept as opened last."""


def start() -> None:
    """Give every key its first value, once a session."""
    first = {
        GRADE_BAND: "all",
        AS_OF: None,
        NAMES: False,
        REASON: "",
        USER: "",
        _CHOSEN: {},
        _TURN: {},
    }
    for key, value in first.items():
        st.session_state.setdefault(key, value)


def role() -> str:
    """Return the role the user works in."""
    return str(st.session_state.get(ROLE, FIRST_ROLE))


def grades() -> str:
    """Return the grade band: "A-B", "A-C" or "all"."""
    return str(st.session_state[GRADE_BAND] or "all")


def as_of() -> date | None:
    """Return the day whose knowledge is shown; None is the latest day in the records."""
    value = st.session_state[AS_OF]
    return value if isinstance(value, date) else None


def set_work_day(last: date | None) -> None:
    """Keep the day on which people work on this case: today, or its own last day where its records ended long ago.

    A case whose records ended more than a month ago, such as the demo, keeps its own time: what is entered counts
    as known on that day, or one new row would make the whole picture one of another year.
    """
    today = date.today()
    old = last is not None and (today - last).days > MONTH
    st.session_state["work_day"] = last if old else today


def work_day() -> date:
    """Return the day on which people work on this case; see `set_work_day`."""
    day = st.session_state.get("work_day")
    return day if isinstance(day, date) else date.today()


def user() -> str:
    """Return the name the user has given for their decisions; "" where they have not."""
    return str(st.session_state.get(USER) or "").strip()


def why() -> str:
    """Return the reason typed for a decision."""
    return str(st.session_state.get(WHY) or "").strip()


def forget_why() -> None:
    """Empty the box for a reason (for callbacks)."""
    st.session_state[WHY] = ""


def keep_typed() -> None:
    """Keep what is typed and chosen although no box is drawn for it now: the browser forgets it with its box."""
    typed = {key: value for key, value in st.session_state.items() if isinstance(value, str | date)}
    st.session_state["typed"] = {**st.session_state.get("typed", {}), **typed}


def put_back_typed() -> None:
    """Fill the boxes again with what `keep_typed` kept, once, before they are drawn."""
    for key, value in st.session_state.pop("typed", {}).items():
        with suppress(StreamlitAPIException):  # it has been drawn already, and so has its value
            st.session_state[key] = value


def hold(*what: str) -> None:
    """Keep what is in use, such as "identities", as it is while this page is drawn: its user is changing it."""
    st.session_state["held"] = what


def in_use(what: str, value: Any) -> Any:
    """Return a value and use it from now on; or while it is held, the one that is in use already."""
    if what not in st.session_state.get("held", ()) or what not in st.session_state.get("in_use", {}):
        st.session_state["in_use"] = {**st.session_state.get("in_use", {}), what: value}
    return st.session_state["in_use"][what]


def say_once(text: str) -> None:
    """Keep a sentence to be shown when the page is drawn next (for callbacks)."""
    st.session_state["said_once"] = text


def said_once() -> str:
    """Return the sentence kept by `say_once`, once."""
    return str(st.session_state.pop("said_once", ""))


def refuse_once(text: str) -> None:
    """Keep why something was refused, to be shown when the page is drawn next."""
    st.session_state["refused_once"] = text


def refused_once() -> str:
    """Return the sentence kept by `refuse_once`, once."""
    return str(st.session_state.pop("refused_once", ""))


def names_shown() -> bool:
    """Say whether full names are shown to this user now."""
    return bool(st.session_state[NAMES])


def reason() -> str:
    """Return the reason given for full names."""
    return str(st.session_state.get(_GIVEN, ""))


def show_names(shown: bool, why: str = "") -> None:
    """Turn full names on, for a reason, or off."""
    st.session_state[NAMES] = shown
    st.session_state[_GIVEN] = why
    # A box sends what its choice was called; with other names that would be nobody, so each is drawn anew.
    for turns in st.session_state[_TURN].values():
        turns.update(by="", turn=turns["turn"] + 1)


def back_to_initials() -> None:
    """Turn names off and forget what was chosen: another role may not see the same."""
    show_names(False)
    st.session_state[_CHOSEN] = {}
    st.session_state.pop("recent_children", None)
    st.session_state.pop("meant", None)
    st.session_state.pop("peer_work", None)
    st.session_state.pop("typed", None)
    for key in [key for key in st.session_state if str(key).startswith("pick_")]:
        del st.session_state[key]


def chosen(what: str) -> Any:
    """Return the id of the chosen group, link, contact, child or ward, or None."""
    return st.session_state[_CHOSEN].get(what)


def choose(what: str, value: Any, *, by: str = "") -> None:
    """Choose one thing. `by` names the widget that did; the others are drawn anew so that they agree."""
    if st.session_state[_CHOSEN].get(what) == value:
        return
    st.session_state[_CHOSEN] = {**st.session_state[_CHOSEN], what: value}
    if what == "child" and value is not None:
        earlier = [child for child in recent_children() if child != value]
        st.session_state["recent_children"] = [value, *earlier][:MOST_RECENT]
    turns = st.session_state[_TURN].setdefault(what, {"by": "", "turn": 0})
    turns["turn"] += 1
    turns["by"] = by


def recent_children() -> list[str]:
    """Return the children opened last in this session, the newest first."""
    return list(st.session_state.get("recent_children", []))


def widget_key(what: str, widget: str) -> str:
    """Return the key of a widget that chooses `what`, new whenever another widget has chosen."""
    keys = st.session_state.setdefault("widget_turns", {})
    turns = st.session_state[_TURN].get(what, {"by": "", "turn": 0})
    name = f"{what}_{widget}"
    if turns["by"] != widget:
        keys[name] = turns["turn"]
    return f"pick_{name}_{keys.get(name, 0)}"


def from_widget(what: str, widget: str, read: Callable[[Any], Any]) -> Callable[[], None]:
    """Return a callback that reads the widget's value and chooses it."""
    key = widget_key(what, widget)

    def callback() -> None:
        choose(what, read(st.session_state.get(key)), by=widget)

    return callback


def draw_again() -> None:
    """Have small pictures drawn anew (for callbacks)."""
    st.session_state["drawn_again"] = drawn_again() + 1


def drawn_again() -> int:
    """Return how often pictures were asked to be drawn anew."""
    return int(st.session_state.get("drawn_again", 0))


def drawn(chart: str) -> dict[str, Any]:
    """Return what is kept of a chart that can be moved: what was sent of it, and where its browser moved what."""
    found: dict[str, Any] = st.session_state.get("charts_drawn", {}).get(chart, {})
    return found


def keep_drawn(chart: str, **found: Any) -> None:
    """Keep something of a chart that can be moved; of the latest such chart alone."""
    st.session_state["charts_drawn"] = {chart: {**drawn(chart), **found}}


def turn(what: str) -> int:
    """Return how often a form was sent: its boxes have keys of their own each time, and so start empty."""
    return int(st.session_state.get("form_turns", {}).get(what, 0))


def next_turn(what: str) -> None:
    """Have the boxes of a form start empty."""
    st.session_state["form_turns"] = {**st.session_state.get("form_turns", {}), what: turn(what) + 1}


def in_hand(what: str) -> Any:
    """Return work of this session that is not saved yet; None where there is none."""
    return st.session_state.get("in_hand", {}).get(what)


def take_in_hand(what: str, value: Any) -> None:
    """Keep work of this session that is not saved yet; None lets go of it."""
    st.session_state["in_hand"] = {**st.session_state.get("in_hand", {}), what: value}


def peer_work() -> dict[str, Any]:
    """Return what this user does on the peer maps of children in this session, on person_id."""
    found: dict[str, Any] = st.session_state.setdefault("peer_work", {})
    return found


def open_page(page: str, what: str, value: Any) -> None:
    """Choose a thing and go to the page that shows it (for callbacks)."""
    choose(what, value)
    go_to(page)


def go_to(page: str) -> None:
    """Go to a page (for callbacks)."""
    st.session_state["go_to"] = page


def tour() -> int | None:
    """Return the step the tour of the demo is at; None before it was offered an answer."""
    found: int | None = st.session_state.get("tour")
    return found


def step_tour(step: int) -> None:
    """Go to a step of the tour; the number of steps closes it (for callbacks)."""
    st.session_state["tour"] = step


def next_page() -> str | None:
    """Return the page a callback asked for, once."""
    value = st.session_state.pop("go_to", None)
    return str(value) if value else None


def known_choice(what: str, ids: Iterable[Any]) -> Any:
    """Return the chosen id where it is among these, else None."""
    value = chosen(what)
    return value if value is not None and value in set(ids) else None


def meant(what: str) -> dict[str, Any] | None:
    """Return what the choice stands for in other bands of grades: what was chosen, in which band, and what is shown for it."""
    found: dict[str, Any] | None = st.session_state.get("meant", {}).get(what)
    return found


def mean(what: str, value: Mapping[str, Any]) -> None:
    """Keep what the choice stands for in other bands of grades."""
    st.session_state["meant"] = {**st.session_state.get("meant", {}), what: dict(value)}


def pick(
    what: str,
    title: str,
    ids: Sequence[Any],
    labels: Mapping[Any, str],
    *,
    empty: str | None,
    box: str = "box",
    **options: Any,
) -> Any:
    """Show a box to choose one thing by typing or with the arrow keys; return what is chosen.

    A page that offers the same things under other labels elsewhere names each `box`: a browser goes on showing the
    label it knows of a box of the same name.
    """
    listed = list(ids) if empty is None else [None, *ids]
    now = chosen(what)
    key = widget_key(what, box)
    st.selectbox(
        title,
        listed,
        index=listed.index(now) if now in listed else 0,
        format_func=lambda value: str(empty if value is None else labels.get(value, value)),
        key=key,
        on_change=from_widget(what, box, lambda value: value if value in listed else now),
        **options,
    )
    return chosen(what)


def choose_picked(what: str, picked: Any, *, layer: str, field: str) -> None:
    """Choose what was clicked in a map or a picture of all groups, and draw the page anew."""
    found = picked["selection"]["objects"].get(layer, []) if picked else []
    if not found:
        return
    row = found[0].get("properties", found[0])
    if row.get(field) != chosen(what):
        choose(what, row.get(field), by="picture")
        st.rerun()


MOST_OPTIONS = 5000
"""Beyond this many people a name is typed first, and the box lists those that match."""


def find_person(what: str, title: str, people: pd.DataFrame, labels: pd.Series) -> str | None:
    """Show a box to find one person by typing their initials, id or (where names are shown) name."""
    ids = people["person_id"].tolist()
    found = find(what, title, ids, labels, typed="initials", empty="Nobody chosen")
    return None if found is None else str(found)


def find(what: str, title: str, ids: Sequence[Any], labels: pd.Series, *, typed: str, empty: str) -> Any:
    """Show a box to find one of many by typing part of its label; with very many, type first and choose then."""
    listed = list(ids)
    if len(listed) > MOST_OPTIONS:
        text = (
            st.text_input(
                f"{title}: type an id or {'a name' if names_shown() else typed}",
                key=f"find_{what}",
                persist_state="session",
            )
            .strip()
            .casefold()
        )
        matching = [each for each in listed if text and text in str(labels.get(each, each)).casefold()][:200]
        now = chosen(what)
        listed = ([now] if now in set(listed) and now not in matching else []) + matching
    if not listed:
        return None
    called = labels.to_dict() if len(listed) <= MOST_OPTIONS else {each: labels.get(each) for each in listed}
    return pick(what, title, listed, called, empty=empty, width=420)
