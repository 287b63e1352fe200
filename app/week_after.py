"""Let a planner take the pack of a saved week, enter what visits found, and see whether it worked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from app import desk, frame, known, partners, state, tables, week, words
from app import plan as planning
from app.data import Loaded, kept
from app.documents import week_files
from app.text import markup
from geo import weeks
from geo.coverage import clock
from geo.evaluation import LENGTH, Evaluation, evaluate_week
from geo.weeks import (
    KIND,
    RESULT_KIND,
    SPOKEN_TO,
    PlannedVisit,
    VisitResult,
    Week,
    result_from_dict,
    validate_result,
    validate_week,
    week_from_dict,
)
from mapping.access import Viewer, reaches_others
from mapping.entries import Entry
from mapping.language import hints

FILE_TYPES = {
    "day_sheets.docx": (
        "Day sheets (Word)",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "day_sheets.pdf": ("Day sheets (PDF)", "application/pdf"),
    "day_sheets.html": ("Day sheets (web page)", "text/html"),
    "visits.csv": ("Visits (CSV)", "text/csv"),
    "visits.ics": ("Calendar (iCalendar)", "text/calendar"),
}
AFTER_METHOD = (
    "The weighted displacement difference (Wheeler and Ratcliffe 2018) sets the change at the visited places against the change at "
    "places left alone, and so in the rings around both. Places left alone are chosen from those that could have been visited, "
    "more than three times the reach away, each with a count before as near as possible to that of a visited place."
)
AFTER_LIMITS = (
    "All records at any hour are counted, in periods of equal length before and after; the days of the week itself are in neither.",
    "Counts are taken as chance alone would spread them; repeats of the same child spread more, so the true interval is wider.",
    "More visits can bring more reports: a rise may be that people were asked. Records that come in late lower the count after.",
    "If the interval holds 0, no difference can be shown, which is not to say there was none.",
)


def results_of(plan_id: str) -> dict[str, tuple[Entry, VisitResult]]:
    """Return the results entered for a saved plan that this role may read, by visit_id; the one written last counts."""
    found = {}
    for entry in sorted(desk.entries(RESULT_KIND), key=lambda entry: (entry.at, entry.entry_id)):
        try:
            result = result_from_dict(entry.content)
        except ValueError:
            continue
        if result.plan_id == plan_id:
            found[result.visit_id] = (entry, result)
    return found


def gone_visits(plan_id: str, held: Week) -> list[PlannedVisit]:
    """Return the visits of earlier turns of a saved plan that are no longer in it, for calendars."""
    return weeks.gone_visits(held, [week_from_dict(entry.content) for entry in desk.history(KIND, plan_id)])


def pack(loaded: Loaded, entry: Entry, held: Week) -> None:
    """Show what goes into the pack beside the plan, and the pack itself."""
    left, right = st.columns(2, gap="medium")
    with left:
        _briefing(entry, held)
    with right:
        frame.heading("The pack")
        allowed = [
            name for name in known.AUDIENCES if name != "analysts" or loaded.question.viewer.sees_restricted
        ]
        audience = st.radio("For whom", allowed, format_func=known.AUDIENCES.get, key="week_audience")
        if not held.read:
            st.html('<p class="cm-note">Nobody has read the briefing yet: the pack marks it as a draft.</p>')
        saved = _saved(entry, held)
        st.download_button(
            "The whole pack (zip)", lambda: week_files.zipped(_files(loaded, saved, audience)), file_name="week_of_action.zip",
            mime="application/zip", key="download_week_pack", icon=":material/download:", type="primary", on_click="ignore",
        )  # fmt: skip
        for name, (called, mime) in FILE_TYPES.items():
            st.download_button(
                called, lambda name=name: _files(loaded, saved, audience)[name], file_name=name, mime=mime,
                key=f"download_{name}", type="tertiary", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
    told = _known(loaded, held, audience)
    rows = week_files.visits_table(held, told)
    tables.show(
        rows,
        key="week_pack_rows",
        title="What the day sheets say of each visit",
        columns={
            "date": "Day", "time": "Time", "team": "Team", "place": "Place", "address": "Address",
            "grid_reference": "Grid reference", "why": "Why this place", "known": "What is known of it", "bring": "Bring",
        },
    )  # fmt: skip


def _briefing(entry: Entry, held: Week) -> None:
    """Show the points for all teams and whom to bring where, to be read and changed."""
    frame.heading("Briefing and partners")
    kinds = sorted({visit.kind for visit in held.visits})
    with st.form(f"week_briefing_{entry.entry_id}_{entry.turn}", border=False):
        text = st.text_area(
            "Points for all teams, one a line", "\n".join(held.briefing or partners.BRIEFING), height=230,
            key=f"week_points_{entry.entry_id}_{entry.turn}",
        )  # fmt: skip
        with st.expander("Whom to bring, by kind of place"):
            bring = {
                kind: st.text_input(week.kind_said(kind).capitalize(), partners.partners_for(kind, held.partners), max_chars=300, key=f"week_bring_{kind}_{entry.entry_id}_{entry.turn}")
                for kind in kinds
            }  # fmt: skip
        read = st.checkbox(
            "I have read this and it can go out", held.read, key=f"week_read_{entry.entry_id}_{entry.turn}"
        )
        desk.who()
        sent = st.form_submit_button("Keep the briefing")
    frame.mind_words(text)
    if sent:
        points = tuple(line.strip() for line in text.splitlines() if line.strip())
        changed = {
            kind: who.strip() for kind, who in bring.items() if who.strip() != partners.PARTNERS.get(kind)
        }
        _keep_week(entry, replace(held, briefing=points, partners=changed, read=read))


def _keep_week(entry: Entry, changed: Week) -> None:
    def keep() -> Entry:
        validate_week(changed)
        return desk.keep(KIND, changed.to_dict(), entry_id=entry.entry_id, after=entry.turn)

    desk.attempt_here(keep, lambda kept_: f"Kept, turn {kept_.turn}.")


@dataclass(frozen=True)
class _Saved:
    """A saved plan; as part of a key its id and turn tell it from any other."""

    plan_id: str
    turn: int
    entry: Entry = field(compare=False)
    week: Week = field(compare=False)


def _saved(entry: Entry, held: Week) -> _Saved:
    return _Saved(entry.entry_id, entry.turn, entry, held)


@kept
def _files(loaded: Loaded, saved: _Saved, audience: str) -> dict[str, bytes]:
    held = saved.week
    gone = gone_visits(saved.plan_id, held) if saved.turn > 1 else []
    return week_files.pack_files(
        held, _known(loaded, held, audience), audience=audience, plan_id=saved.plan_id, turn=saved.turn,
        saved_at=saved.entry.at, gone=gone,
    )  # fmt: skip


def _known(loaded: Loaded, held: Week, audience: str) -> dict[str, known.Known]:
    return known.known_of(loaded.analysis, loaded.work.reading.places, held, audience=audience)


def results(entry: Entry, held: Week) -> None:
    """Show the visits with what they came to, and the form for one of them."""
    found = results_of(entry.entry_id)
    rows = result_rows(held, {each: result for each, (_, result) in found.items()})
    left, right = frame.picture_and_panel()
    with left:
        frame.heading("What each visit came to")
        tables.show(
            rows,
            key="week_results",
            title="All visits, in the order of time",
            what="visit",
            ids=rows["visit_id"].tolist(),
            columns={
                "day": "Day", "time": "Time", "team": "Team", "place": "Place", "made": "Made", "spoken": "Spoken to",
                "found": "Found", "follow_up": "To follow", "owner": "By whom", "due": "Until",
            },
            height=520,
        )  # fmt: skip
    with right:
        called = {
            row["visit_id"]: f"{row['day']:%a} {row['time']}, team {row['team']}: {row['place']}"
            for row in rows.to_dict("records")
        }
        state.pick(
            "visit", "Visit", rows["visit_id"].tolist(), called, empty="Choose a visit to enter its result",
            box=f"result_{entry.entry_id}",
        )  # fmt: skip
        chosen = state.known_choice("visit", called)
        if chosen is None:
            frame.quiet(
                "Choose a visit above or in the table. Nobody is named in a result: people spoken to are counted."
            )
        else:
            _result_form(entry, held, chosen, found.get(chosen))


def results_said(entry: Entry, held: Week) -> str:
    """Return how many visits have a result, and what they came to, in a sentence."""
    found = [result for _, result in results_of(entry.entry_id).values()]
    made = [result for result in found if result.done]
    spoken = sum(sum(result.spoken_to.values()) for result in made)
    follow = sum(bool(result.follow_up) for result in found)
    return (
        f"{held.name}: {len(found)} of {words.count(len(held.visits), 'visit')} {'has' if len(found) == 1 else 'have'} a result; {len(made)} made, "
        f"{words.count(spoken, 'person', 'people')} spoken to, {words.count(follow, 'thing')} to follow."
    )


def result_rows(held: Week, found: dict[str, VisitResult]) -> pd.DataFrame:
    """Return the visits in the order of time with what they came to."""
    rows = []
    for visit in sorted(held.visits, key=lambda each: (each.day, each.slot, each.team)):
        result = found.get(visit.visit_id)
        made = "not entered" if result is None else "yes" if result.done else "no"
        rows.append(
            (
                visit.visit_id, pd.Timestamp(visit.day), f"{clock(visit.starts)} to {clock(visit.ends)}", visit.team,
                visit.place_name, made, sum(result.spoken_to.values()) if result and result.done else None,
                result.found if result else "", result.follow_up if result else "", result.owner if result else "",
                pd.Timestamp(result.due) if result and result.due else pd.NaT,
            )
        )  # fmt: skip
    return pd.DataFrame(
        rows,
        columns=[
            "visit_id",
            "day",
            "time",
            "team",
            "place",
            "made",
            "spoken",
            "found",
            "follow_up",
            "owner",
            "due",
        ],
    ).astype({"spoken": "Int64"})


def _result_form(entry: Entry, held: Week, chosen: str, known_: tuple[Entry, VisitResult] | None) -> None:
    """Show the form for the result of one visit; sending it keeps the result."""
    before = known_[1] if known_ else VisitResult(entry.entry_id, chosen, True)
    name = f"{chosen}_{known_[0].turn if known_ else 0}"
    with st.form(f"week_result_{name}", border=False):
        done = st.radio(
            "Was the visit made?",
            ["Yes", "No"],
            index=0 if before.done else 1,
            horizontal=True,
            key=f"week_done_{name}",
        )
        frame.heading("How many people were spoken to")
        columns = st.columns(2)
        spoken = {
            who: columns[at % 2].number_input(
                called, 0, 10_000, before.spoken_to.get(who, 0), key=f"week_{who}_{name}"
            )
            for at, (who, called) in enumerate(SPOKEN_TO.items())
        }
        text = st.text_area(
            "What was found (or why the visit was not made)",
            before.found,
            max_chars=2000,
            key=f"week_found_{name}",
        )
        follow = st.text_input(
            "What is to follow", before.follow_up, max_chars=300, key=f"week_follow_{name}"
        )
        one, two = st.columns(2)
        owner = one.text_input("By whom", before.owner, max_chars=100, key=f"week_owner_{name}")
        due = two.date_input("Until", before.due, format="DD/MM/YYYY", key=f"week_due_{name}")
        if reaches_others(entry.content, Viewer(state.role())):
            frame.quiet(
                "Others read this plan. A result that an analyst enters is for analysts: what others entered stays as it is for them."
            )
        desk.who()
        sent = st.form_submit_button("Keep the result", type="primary")
    if not sent:
        return
    counts = {who: int(count) for who, count in spoken.items() if count}
    result = VisitResult(
        entry.entry_id,
        chosen,
        done == "Yes",
        counts,
        text.strip(),
        follow.strip(),
        owner.strip(),
        due if isinstance(due, date) else None,
    )
    _keep_result(result, held, known_[0] if known_ else None)


def _keep_result(result: VisitResult, held: Week, before: Entry | None) -> None:
    def keep() -> None:
        validate_result(result, held)
        # What an analyst writes may rest on restricted reports: it never becomes part of what others read.
        again = before is not None and not reaches_others(before.content, Viewer(state.role()))
        entry_id, after = (before.entry_id, before.turn) if before and again else (None, None)
        desk.keep(RESULT_KIND, result.to_dict(), entry_id=entry_id, after=after)

    said = " ".join(_hinted(result.found) + _hinted(result.follow_up))
    desk.attempt_here(keep, f"The result is kept. {said}".strip())


def _hinted(text: str) -> list[str]:
    return [f"“{hint.found}”: {hint.say}" for hint in hints(text)]


@kept
def _evaluated(loaded: Loaded, saved: _Saved, made: tuple[str, ...], length: int) -> Evaluation | str:
    held, analysis = saved.week, loaded.analysis
    concern, _ = planning.list_concern(analysis, loaded.work.reading.places, held.choices.kinds)
    visited = pd.DataFrame(
        [(visit.easting, visit.northing) for visit in held.visits if visit.visit_id in made],
        columns=["easting", "northing"],
    )
    try:
        return evaluate_week(
            concern, planning.list_places(analysis, held.choices.kinds), visited, first=held.choices.start, last=held.last_day,
            until=loaded.day, reach=held.choices.reach, length=length,
        )  # fmt: skip
    except ValueError as error:
        return words.dated(str(error))


def evaluation(loaded: Loaded, entry: Entry, held: Week) -> str:
    """Show whether the week changed anything that is recorded; return the sentence for the top of the page."""
    found = results_of(entry.entry_id)
    refused = {each for each, (_, result) in found.items() if not result.done}
    made = tuple(sorted({visit.visit_id for visit in held.visits} - refused))
    length = st.select_slider(
        "Days before and after, where there are as many",
        [28, 56, LENGTH, 182, 364],
        LENGTH,
        key="week_length",
        width=420,
    )
    answered = _evaluated(loaded, _saved(entry, held), made, length)
    if isinstance(answered, str):
        return answered
    _show(answered, entered=len(found), refused=len(refused))
    return f"{answered.difference.sentence} {planning.PEAK.split('. ')[0]}."


def _show(found: Evaluation, *, entered: int, refused: int) -> None:

    left, right = frame.picture_and_panel()
    with left:
        before, after = (
            f"{words.day(first)} to {words.day(last)}" for first, last in (found.before, found.after)
        )
        frame.heading("Records of concern, before and after")
        tables.show(
            found.counts,
            key="week_counts",
            title=f"Before: {before}; after: {after}",
            columns={
                "zone": "Where",
                "places": "Places",
                "before": "Before",
                "after": "After",
                "change": "Change",
            },
        )
        tables.show(
            found.control.assign(kind=found.control["kind"].map(week.kind_said)),
            key="week_control",
            title="Places left alone that the visited ones are compared with",
            columns={"name": "Place", "kind": "Kind", "before": "Recorded before"},
            height=220,
        )
    with right:
        frame.heading("The difference")
        difference = found.difference
        st.html(
            f'<p class="cm-figure">{difference.estimate:+.1f} records, 95% interval {difference.low:+.1f} to {difference.high:+.1f}</p>'
        )
        frame.quiet(
            f"At the places {difference.places:+.1f}, around them {difference.around:+.1f}. {_visits_said(entered, refused)}"
        )
        if found.earlier:
            frame.quiet(
                f"At the visited places in periods as long before that, oldest first: {', '.join(map(str, found.earlier))}."
            )
        for note in found.notes:
            st.html(f'<p class="cm-note">{markup(note)}</p>')


def _visits_said(entered: int, refused: int) -> str:
    if not entered:
        return "No result is entered yet, so all visits of the plan are taken as made."
    return f"{words.count(refused, 'visit')} entered as not made {'is' if refused == 1 else 'are'} left out."


def saved_box(held_weeks: dict[str, tuple[Entry, Week]]) -> tuple[Entry, Week] | None:
    """Show the box of saved weeks; return the one chosen, at first the newest."""
    if not held_weeks:
        frame.quiet("No week is saved yet. Make a plan, change it as you need, give it a name and save it.")
        return None
    called = {
        each: f"{held.name} (from {words.day(held.choices.start)}, {words.count(len(held.visits), 'visit')})"
        for each, (_, held) in held_weeks.items()
    }
    if state.known_choice("saved_week", held_weeks) is None:
        state.choose("saved_week", next(iter(held_weeks)))
    state.pick("saved_week", "Saved week", list(held_weeks), called, empty=None, width=520)
    chosen: Any = state.known_choice("saved_week", held_weeks)
    return held_weeks[chosen]
