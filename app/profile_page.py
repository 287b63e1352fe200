"""Show a problem profile beside what is asked, its sections, words and recommendations, and keep what the analyst enters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import streamlit as st

from app import desk, downloads, frame, state, words
from app.data import Loaded, kept
from app.documents import web
from app.documents.paper import DRAFT, Paper
from app.documents.profile import draw_up, profile_paper
from app.documents.profile_section import Section
from app.documents.profile_sections import BUILDERS
from app.profile import Scope, areas, build_scope, whole_period
from app.text import markup, plain, short
from mapping.codes import load_codes
from mapping.entries import Entry
from mapping.markings import MARKINGS
from mapping.profiles import (
    AIMS,
    LONGEST,
    SECTIONS,
    Asked,
    Profile,
    Recommendation,
    Words,
    mark,
    profile_from_dict,
)

KIND = "profile"
NEW = "A new problem profile"
NEXT_UPDATE = timedelta(days=91)
"""A profile is brought up to date every three months unless the analyst says otherwise."""

METHOD = (
    "The document is drawn up from the records each time it is opened; what is kept is the question, the ticked sections, the analyst's own words "
    "and the recommendations. Generated text is a draft until somebody ticks that they have read it, and is a draft again when it or one of its tables changes."
)
LIMITS = (
    "Own words stay as they were written. Where figures under them change, the page and the document say which.",
    "A version marked OFFICIAL hides counts of 1 to 5 within each table. Two documents about overlapping areas or periods could still be subtracted.",
    "What nobody recorded is not in the document. The section on gaps says what is missing, and whom to ask.",
)


@dataclass(frozen=True)
class Saved:
    """A problem profile and the entry it was kept in; the entry is None for one that is not begun."""

    profile: Profile
    entry: Entry | None

    @property
    def key(self) -> str:
        """Return what the keys of widgets begin with: another turn of the entry fills the boxes anew."""
        return f"profile_{self.entry.entry_id}_{self.entry.turn}" if self.entry is not None else "profile_new"

    def keep(self, change: Callable[[], Profile], why: str) -> None:
        """Keep a changed profile, say so, and draw the page anew; say why not where the change cannot be."""

        def keep() -> None:
            entry = self.entry
            place = {} if entry is None else {"entry_id": entry.entry_id, "after": entry.turn}
            state.choose("profile", desk.keep(KIND, change().to_dict(), why=why, **place).entry_id)

        desk.attempt_here(keep, f"Kept: {why}.")


@kept
def scope_of(loaded: Loaded, asked: Asked) -> Scope:
    """Return what a profile is about, for the part of the question that figures depend on."""
    return build_scope(loaded.analysis, loaded.work.reading.places, asked)


@kept
def sections_of(loaded: Loaded, asked: Asked) -> dict[str, Section]:
    """Return the sections drawn up for the part of the question that figures depend on."""
    return draw_up(scope_of(loaded, asked))


def choose(loaded: Loaded) -> Saved:
    """Show the box of saved profiles; return the chosen one, or a new one."""
    entries = {entry.entry_id: entry for entry in desk.entries(KIND)}
    called = {key: _called(profile_from_dict(entry.content), loaded) for key, entry in entries.items()}
    chosen = state.pick("profile", "Problem profile", list(entries), called, empty=NEW, width=620)
    if chosen in entries:
        return Saved(profile_from_dict(entries[chosen].content), entries[chosen])
    return Saved(Profile(Asked(next_update=loaded.day + NEXT_UPDATE)), None)


def _called(profile: Profile, loaded: Loaded) -> str:
    asked = profile.asked
    area = areas(loaded.analysis).get(asked.area, asked.area)
    return f"{short(asked.question, limit=70) or 'Problem profile'} ({area})"


def answer(profile: Profile, sections: Mapping[str, Section]) -> str:
    """Return the sentence of the page: what the profile is of, and how much of it somebody has read."""
    ticked = [key for key in profile.sections if key in BUILDERS]
    drafts = [key for key in ticked if status(key, profile, sections) == "draft"]
    stale = [key for key in ticked if status(key, profile, sections) == "figures changed"]
    first = sections["summary"].sentences[0]
    rest = f" {words.number(len(drafts))} of {words.count(len(ticked), 'section')} with generated text {'is' if len(drafts) == 1 else 'are'} still a draft."
    if stale:
        rest += f" Under your own words on {words.count(len(stale), 'section')} the figures have changed."
    return first + rest


def status(key: str, profile: Profile, sections: Mapping[str, Section]) -> str:
    """Return in words how far a section is: draft, read, own words, or own words with other figures now."""
    mine = profile.said(key)
    if key not in sections:
        return ""
    if mine.own:
        found = sections[key]
        return "figures changed" if mine.changes(found.figures, found.told) else "own words"
    return "read" if mine.is_read(sections[key].told) else "draft"


def show_document(paper: Paper) -> None:
    """Show the document as it will print."""
    st.iframe(web.to_html(paper), height=980, alt=f"{plain(paper.title)}, as it will print")


def show_downloads(saved: Saved, paper: Paper, scope: Scope, *, case: str) -> None:
    """Offer the document as Word, web page and PDF."""
    name = f"problem-profile-{scope.asked.area or 'all'}-{scope.period.until.isoformat()}"
    downloads.document(lambda: paper, name=name, key=saved.key, case=case)


def show_asked(saved: Saved, loaded: Loaded) -> None:
    """Show the form of what is asked."""
    asked, whole = saved.profile.asked, whole_period(loaded.analysis)
    codes, known = load_codes()["concern"], areas(loaded.analysis)
    if whole is None:
        return
    with st.form(f"{saved.key}_asked", border=False):
        question = st.text_area("Question", asked.question, max_chars=500, height=90, key=f"{saved.key}_question", placeholder="What does the partnership need to know, to decide what?")  # fmt: skip
        area = st.selectbox("Area", list(known), index=_at(known, asked.area), format_func=known.__getitem__, key=f"{saved.key}_area")  # fmt: skip
        concern = st.selectbox("Concern", ["", *codes], index=_at(["", *codes], asked.concern), format_func=lambda code: codes.get(code, "every concern"), key=f"{saved.key}_concern")  # fmt: skip
        first, last = st.columns(2)
        limits = {"min_value": whole.since, "max_value": whole.until, "format": "DD/MM/YYYY"}
        since = first.date_input("From", asked.since, key=f"{saved.key}_since", help="Empty: from the first day on record.", **limits)  # fmt: skip
        until = last.date_input("To", asked.until, key=f"{saved.key}_until", help="Empty: to the last day on record.", **limits)  # fmt: skip
        owner = first.text_input("Owner", asked.owner, max_chars=100, key=f"{saved.key}_owner")
        update = last.date_input("Next update", asked.next_update, key=f"{saved.key}_update", format="DD/MM/YYYY")  # fmt: skip
        marking = st.radio("Marking", MARKINGS[::-1], index=MARKINGS[::-1].index(asked.marking), key=f"{saved.key}_marking", horizontal=True, help="OFFICIAL is for a wider audience: counts of 1 to 5 are hidden.")  # fmt: skip
        begin = "Begin this profile" if saved.entry is None else "Keep what is asked"
        if st.form_submit_button(begin, type="primary"):
            _keep_asked(saved, question, area, since, until, concern, marking, owner, update)


def _keep_asked(
    saved: Saved,
    question: str,
    area: str,
    since: date | None,
    until: date | None,
    concern: str,
    marking: str,
    owner: str,
    update: date | None,
) -> None:
    def change() -> Profile:
        asked = Asked(question.strip(), area, since, until, concern, marking, owner.strip(), update)
        return replace(saved.profile, asked=asked)

    saved.keep(change, "what is asked")


def show_sections(saved: Saved, sections: Mapping[str, Section]) -> None:
    """Show the list of sections to tick, each with how far it is."""
    with st.form(f"{saved.key}_sections", border=False):
        ticked = {}
        for key, title in SECTIONS.items():
            how = status(key, saved.profile, sections)
            label = f"{title} ({how})" if how else title
            ticked[key] = st.checkbox(label, key in saved.profile.sections, key=f"{saved.key}_tick_{key}")
        if st.form_submit_button("Keep these sections", type="primary", disabled=saved.entry is None):
            chosen = tuple(key for key, on in ticked.items() if on)
            saved.keep(lambda: replace(saved.profile, sections=chosen), "which sections are in the document")


def show_words(saved: Saved, sections: Mapping[str, Section]) -> None:
    """Show the text of one section to edit, or to tick as read."""
    key = st.selectbox(
        "Section to read and edit",
        list(BUILDERS),
        index=list(BUILDERS).index("summary"),
        format_func=SECTIONS.__getitem__,
        key="profile_section",
        persist_state="session",
        help="Keep a section before you go to another: text that is not kept is lost.",
    )
    mine, found = saved.profile.said(key), sections[key]
    generated = "\n".join(found.sentences)
    if changes := mine.changes(found.figures, found.told):
        told = "".join(f"<li>{markup(change)}</li>" for change in changes)
        st.html(
            f'<div class="cm-note" role="status">Since you wrote this, figures have changed:<ul>{told}</ul></div>'
        )
    elif not mine.own and not mine.is_read(found.told):
        frame.quiet(DRAFT)
    with st.form(f"{saved.key}_words_{key}", border=False):
        text = st.text_area("Text of this section; change it and it is yours", mine.own or generated, height=300, max_chars=LONGEST, key=f"{saved.key}_text_{key}", help="Emptied, it goes back to the generated text.")  # fmt: skip
        read = st.checkbox("I have read this section, its text and its tables", mine.is_read(found.told) or bool(mine.own), key=f"{saved.key}_read_{key}")  # fmt: skip
        if st.form_submit_button("Keep this section", type="primary", disabled=saved.entry is None):
            saved.keep(
                lambda: saved.profile.with_words(key, _words(text, generated, read, found)), SECTIONS[key]
            )
    frame.mind_words(mine.own)
    if mine.own:
        with st.expander("What the records say now"):
            frame.lines(f"<p>{markup(sentence)}</p>" for sentence in found.sentences)


def _words(text: str, generated: str, read: bool, found: Section) -> Words:
    """Return what is kept of a section: own words where the text was changed, else whether it was read."""
    own = text.strip()
    if own and own != generated.strip():
        return Words(own, mark(found.told), dict(found.figures))
    return Words(read=mark(found.told) if read else "")


def show_recommendations(saved: Saved, loaded: Loaded) -> None:
    """Show the recommendations, each to take away, and the form of a further one."""
    listed = saved.profile.recommendations
    for at, one in enumerate(listed):
        row, button = st.columns([5, 1], vertical_alignment="center")
        row.html(
            f'<div class="cm-row"><b>{AIMS[one.aim]}</b>: {markup(one.action)}<div class="cm-quiet">{markup(one.owner)}, by {words.day(one.due)}</div></div>'
        )
        if button.button("Remove", key=f"{saved.key}_remove_{at}", type="tertiary"):
            left = (*listed[:at], *listed[at + 1 :])
            saved.keep(partial(replace, saved.profile, recommendations=left), "a recommendation taken away")
    if not listed:
        frame.quiet("No recommendation yet. Each needs an owner and a date.")
    with st.form(f"{saved.key}_recommend", border=False):
        aim = st.radio("Aim", list(AIMS), format_func=AIMS.__getitem__, horizontal=True, key=f"{saved.key}_aim")  # fmt: skip
        action = st.text_area("What is to be done", max_chars=500, height=80, key=f"{saved.key}_action")
        who, when = st.columns(2)
        owner = who.text_input("Who does it", max_chars=100, key=f"{saved.key}_who")
        due = when.date_input(
            "By", loaded.day + timedelta(days=28), key=f"{saved.key}_due", format="DD/MM/YYYY"
        )
        if st.form_submit_button("Add this recommendation", type="primary", disabled=saved.entry is None):
            _add(saved, aim, action, owner, due)


def _add(saved: Saved, aim: str, action: str, owner: str, due: date) -> None:
    def change() -> Profile:
        one = Recommendation(aim, action.strip(), owner.strip(), due)
        return replace(saved.profile, recommendations=(*saved.profile.recommendations, one))

    saved.keep(change, "a recommendation")


def build_paper(saved: Saved, scope: Scope, sections: Mapping[str, Section]) -> Paper:
    """Return the document of a saved profile."""
    return profile_paper(saved.profile, scope, sections)


def _at(listed: Iterable[str], value: str) -> int:
    every = list(listed)
    return every.index(value) if value in every else 0
