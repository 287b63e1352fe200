"""Lay out what every page shares: markings, the line on who sees what, title and sentence, the fold on method."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import streamlit as st

from app import log, state, words
from app.text import markup
from mapping.access import ROLES
from mapping.language import hints
from mapping.markings import MARKING

PANEL = "panel"
"""The id of the place where the panel beside a picture begins."""

STYLE = """
<style>
.cm-marking {position: fixed; left: 0; right: 0; height: 1.35rem; line-height: 1.35rem; background: #0b5394; color: #ffffff;
  text-align: center; font-weight: 600; font-size: 0.8rem; letter-spacing: 0.06em; z-index: 1000001;}
.cm-top {top: 0;} .cm-bottom {bottom: 0;}
[data-testid="stHeader"] {top: 1.35rem;}
[data-testid="stMainBlockContainer"] {padding: 5.1rem 2rem 3rem 2rem; max-width: 1840px;}
[data-testid="stMainBlockContainer"] [data-testid="stVerticalBlock"] {gap: 0.6rem;}
[data-testid="stElementContainer"]:has(> [data-testid="stHtml"] > style), [data-testid="stElementContainer"]:has(.cm-marking) {position: absolute; height: 0;}
[data-testid="stElementContainer"]:has(.cm-here) {height: 0; margin-bottom: -0.6rem;} .cm-here {scroll-margin-top: 6.5rem;}
.cm-tour {font-size: 0.95rem; margin: 0; padding: 0.3rem 0.7rem; border-left: 3px solid #0b5394; max-width: 70rem;}
.cm-scrolled {max-height: 460px; overflow-y: auto; padding-right: 0.4rem;}
.cm-line {color: #3d4852; font-size: 0.9rem; margin: 0;}
.cm-answer {font-size: 1.12rem; line-height: 1.5; margin: 0 0 0.4rem 0; max-width: 62rem;}
.cm-steady {min-height: 3em;}
.cm-title {font-size: 1.7rem; font-weight: 650; margin: 0; padding: 0;}
.cm-table-title, .cm-panel-title {font-size: 1.08rem; font-weight: 650; margin: 0; padding: 0.2rem 0;}
.cm-quiet {color: #4d5963; margin: 0.1rem 0;} .cm-further {max-width: 70rem; margin-bottom: 0.4rem;} .cm-small {font-size: 0.8rem;}
.cm-legend {display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; font-size: 0.85rem; padding: 0.25rem 0;}
.cm-key {display: inline-flex; align-items: center; gap: 0.4rem;}
.cm-swatch {width: 1.4rem; height: 0.9rem; border: 1px solid #78828c; display: inline-block;}
.cm-card {border-left: 3px solid #c3cad2; padding: 0.15rem 0 0.35rem 0.7rem; margin: 0 0 0.75rem 0; overflow-wrap: anywhere;}
.cm-badge {border: 1px solid #3d4852; border-radius: 0.6rem; padding: 0 0.5rem; font-size: 0.85rem; white-space: nowrap;}
.cm-quote {background: #f4f6f8; padding: 0.35rem 0.6rem; margin: 0.25rem 0; border-radius: 0.25rem;}
.cm-quote summary {cursor: pointer;}
.cm-said {border-left: 4px solid #0b5394; background: #eef4fb; padding: 0.5rem 0.8rem; margin: 0.2rem 0; overflow-wrap: anywhere;}
.cm-note {border-left: 4px solid #b45f06; background: #fdf5ec; padding: 0.5rem 0.8rem; margin: 0.2rem 0; overflow-wrap: anywhere;}
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p {color: #4d5963; opacity: 1;}
.cm-row {border-bottom: 1px solid #e1e5e9; padding: 0.4rem 0; overflow-wrap: anywhere;}
.cm-figure {font-variant-numeric: tabular-nums; font-weight: 650;}
.st-key-today_changed button {min-height: 1.9rem; padding: 0;} .st-key-today_changed button p {text-align: left;}
@media (min-width: 1700px) {html {font-size: 18px;}}
</style>
"""


def markings() -> None:
    """Put the marking at the top and the bottom of the page."""
    st.html(STYLE)
    st.html(
        f'<div class="cm-marking cm-top">{MARKING}</div><div class="cm-marking cm-bottom" aria-hidden="true">{MARKING}</div>'
    )


def line(case: str, *, beside: Callable[[], None] = lambda: None) -> Any:
    """Show the slim line of what is seen and by whom, with its switches; return the place of its words.

    `beside` draws what else stands before the switches.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="line"):
        place = st.empty()
        st.space("stretch")
        beside()
        st.segmented_control(
            "Grades of information used",
            list(state.GRADES),
            format_func=state.GRADES.__getitem__,
            key=state.GRADE_BAND,
            required=True,
            label_visibility="collapsed",
            help="A–B: known directly, or corroborated. A–C: also known indirectly. All: also not known, suspected false, and ungraded.",
        )
        with st.popover(f"Seen as {ROLES[state.role()].label}"):
            # A browser draws this box when it is opened first, and then sends what it was told to begin with:
            # that must be the role there is, or a look at the box would change it.
            st.selectbox(
                "Role",
                list(ROLES),
                index=list(ROLES).index(state.role()),
                format_func=lambda role: ROLES[role].label,
                key=state.ROLE,
                on_change=state.back_to_initials,
            )
            st.date_input(
                "As of (what was known by the end of this day)",
                key=state.AS_OF,
                format="DD/MM/YYYY",
                help="Empty: the latest day in the records.",
            )
        if ROLES[state.role()].sees_people:
            _names(case)
    return place


def _names(case: str) -> None:
    with st.popover("Names are shown" if state.names_shown() else "Initials", icon=":material/badge:"):
        if state.names_shown():
            st.html(
                "<p>Full names are shown, for the reason you gave. The log on this computer keeps it.</p>"
            )
            st.button("Back to initials", on_click=state.show_names, args=(False,))
            return
        st.text_input("Why do you need full names?", key=state.REASON, max_chars=300)
        st.html(
            '<p class="cm-quiet">The reason, your role and the time are kept in a log on this computer.</p>'
        )
        st.button("Show full names", on_click=_ask_for_names, args=(case,))
        if refused := st.session_state.pop("names_refused", ""):
            st.html(f'<p class="cm-note" role="alert">{markup(refused)}</p>')


def _ask_for_names(case: str) -> None:
    reason = str(st.session_state[state.REASON]).strip()
    if len(reason) < 4:
        st.session_state["names_refused"] = "Type the reason first: a few words are enough."
        return
    try:
        log.append("full names shown", role=state.role(), reason=reason, case=case)
    except OSError:
        st.session_state["names_refused"] = (
            "The reason could not be kept in the log, so names stay as initials. Check that the log folder can be written."
        )
        return
    state.show_names(True, reason)


def say_line(place: Any, *, case: str, as_of: date | None, withheld: str = "") -> None:
    """Fill in the words of the slim line."""
    parts = [f"Case <b>{markup(case, limit=60)}</b>", f"as of <b>{words.day(as_of)}</b>"]
    if withheld:
        parts.append(markup(withheld))
    place.html(f'<p class="cm-line">{" · ".join(parts)}</p>')


def title(
    text: str, answer: str, *, place: Any = st, steady: bool = False, further: Iterable[str] = ()
) -> None:
    """Show the title of a page and the sentence that answers its question, in a place kept for them.

    With `steady` the sentence has the room of two lines, so that a picture below stays where it is when
    the sentence gets longer or shorter.

    Parameters
    ----------
    further : sentences that go into it more, in quiet text below.
    """
    kind = "cm-answer cm-steady" if steady else "cm-answer"
    rest = " ".join(further)
    more = f'<p class="cm-quiet cm-further">{markup(rest)}</p>' if rest else ""
    place.html(f'<h1 class="cm-title">{markup(text)}</h1><p class="{kind}">{markup(answer)}</p>{more}')


def picture_and_panel() -> tuple[Any, Any]:
    """Return the two columns of a page: the picture left, the panel that follows the choice right."""
    left, right = st.columns([3, 2], gap="medium")
    right.html(f'<span id="{PANEL}" class="cm-here"></span>')
    return left, right


def way_to_panel(said: str) -> None:
    """Show, far from the panel, what is now in it and a way there; "" keeps the place and says nothing."""
    link = f'{markup(said)} <a href="#{PANEL}">Go there</a>' if said else ""
    st.html(f'<p class="cm-quiet" role="status">{link}</p>')


def heading(text: str) -> None:
    """Show a small heading inside a page."""
    st.html(f'<h2 class="cm-panel-title">{markup(text)}</h2>')


def lines(rows: Iterable[str], *, scrolled: str = "") -> None:
    """Show lines of HTML one under the other, or nothing where there are none.

    With `scrolled`, the name of the list, a long one scrolls in a region of its own that the keyboard reaches.
    """
    if body := "".join(rows):
        region = f'<div class="cm-scrolled" tabindex="0" role="region" aria-label="List: {markup(scrolled)}">'
        st.html(f"{region}{body}</div>" if scrolled else body)


def quiet(text: str) -> None:
    """Show a line of plain text in a quiet colour."""
    st.html(f'<p class="cm-quiet">{markup(text)}</p>')


def refused(why: object) -> None:
    """Say why something was not done, where it was asked for."""
    st.html(f'<p class="cm-note" role="alert">{markup(why)}</p>')


def said_once() -> bool:
    """Show, once, what was done, or why it was refused; return whether there was anything to say."""
    said, refused = state.said_once(), state.refused_once()
    # Always there: what follows keeps its place on the page, and who works with the keyboard their focus.
    place = st.empty()
    parts = [
        f'<p class="cm-said" role="status">{markup(said)}</p>' if said else "",
        f'<p class="cm-note" role="alert">{markup(refused)}</p>' if refused else "",
    ]
    if any(parts):
        place.html("".join(parts))
    return bool(said or refused)


def certain(text: str) -> None:
    """Show how sure something is, in words, where it was worked out."""
    if text:
        st.html(f"<p><b>{markup(text[:1].upper() + text[1:])}.</b></p>")


def trouble(text: str, *, heading: str = "This case cannot be shown.") -> None:
    """Show what went wrong, in the words of the error, as text."""
    lines = [f"<p>{markup(part)}</p>" for part in text.split("\n")[:12]]
    st.html(f'<div class="cm-note" role="alert"><b>{markup(heading)}</b>{"".join(lines)}</div>')


def failed(page: str, error: Exception) -> None:
    """Say calmly that a page could not be drawn; what went wrong goes to the log, not on the screen.

    The exception itself, which Streamlit draws as a box of its own once it is raised again, stays out of sight.
    """
    at = traceback.extract_tb(error.__traceback__)[-1]
    with suppress(OSError):
        log.append(
            "a page failed",
            role=state.role(),
            page=page,
            error=type(error).__name__,
            where=f"{Path(at.filename).name}, line {at.lineno}",
        )
    st.html(
        '<style>[data-testid="stException"] {display: none;}</style>'
        f'<div class="cm-note" role="alert"><b>The page {markup(page)} could not be drawn.</b>'
        f"<p>Nothing you have kept is lost. Try another day or another choice, or open another page. "
        f"What went wrong is in the log on this computer, at {datetime.now(UTC):%H:%M} UTC: tell whoever looks after Contextmap.</p></div>"
    )


@contextmanager
def method() -> Iterator[None]:
    """Open the fold on method and limits at the end of a page."""
    with st.expander("How this is worked out, and its limits"):
        yield


def since(as_of: date, *, meeting: date | None = None) -> date:
    """Show how far back changes are looked for, the same on every page; return the earlier day.

    Parameters
    ----------
    meeting : the day the last meeting looked at, where there was one.
    """
    days = dict.fromkeys([1, 7, 14, 28], "")
    if meeting is not None and meeting < as_of:
        days = {(as_of - meeting).days: "", **days}
        days[(as_of - meeting).days] = "Since the last meeting"
    chosen = st.segmented_control(
        "Changes in the last",
        list(days),
        format_func=lambda count: days[count] or words.count(count, "day"),
        key="since_days",
        default=7,
        required=True,
        persist_state="session",
    )
    return as_of - timedelta(days=int(chosen))


def since_chosen(as_of: date) -> date:
    """Return the earlier day that `since` will show, so that it can be worked out meanwhile."""
    return as_of - timedelta(days=int(st.session_state.get("since_days") or 7))


def mind_words(*texts: str) -> None:
    """Show a gentle hint where a text has words that blame a child; nothing is held back."""
    for found in hints(" \n ".join(texts))[:3]:
        st.html(
            f'<p class="cm-card" role="note">You wrote <b>{markup(found.found)}</b>. {markup(found.say)} <span class="cm-quiet">You decide; nothing is held back.</span></p>'
        )
