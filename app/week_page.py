"""Work out and draw what the Week of action page shows: choices, the plan by day, what it covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from app import answers, kinds, state, week, week_map, words
from app import plan as planning
from app.data import Loaded, kept
from app.plan import WeekPlan
from app.text import markup, short
from geo.coverage import clock, walking_reach
from geo.evaluation import place_peaks
from geo.plans import Plan
from geo.weeks import Choices

METRES = (200, 300, 400, 600, 800, 1200)
MINUTES = (3, 5, 10, 15)
REACHES = {
    **{metres: f"{metres} metres" for metres in METRES},
    **{
        round(walking_reach(minutes)): f"{minutes} minutes' walk ({walking_reach(minutes):.0f} m)"
        for minutes in MINUTES
    },
}
"""How far a team reaches: metres to how it is said."""
MUST = "Must be visited."
FIRST = {"days": 5, "teams": 3, "slots": 2, "hours": (14, 24), "reach": 400}
METHOD = (
    "A visit reaches what was recorded within its distance and at its hours; the plan is the choice of places and times that "
    "reaches the most, each record once, found and proven by integer programming (maximal covering). The bound is what no plan "
    "with these teams, days, hours and rules can exceed, also where the search was stopped early."
)
LIMITS = (
    planning.NOT_A_FORECAST,
    "Few records at one place and hour are mostly chance: counting any day of the week, longer slots and all the months there are help.",
    "Walking time is 80 metres a minute along streets 1.3 times as long as the straight line; a railway or a river is not seen, and travel between visits is not planned.",
    "The time a child was found is not the time harm was done. Nobody asked whether a place is open at that hour.",
    "A floor gives every ward with concern within reach a share of what it could get; it costs coverage elsewhere, which the comparison shows.",
    planning.PEAK,
)


@dataclass(frozen=True)
class Hand:
    """The week a user is working on: what was chosen, what was changed by hand, and what can be undone.

    Attributes
    ----------
    edits, undone : changes made to the best plan, and those taken back, in order.
    saved : id and turn of the saved plan it came from, and its name; None where it was never saved.
    kept : what was chosen and which visits there were (by visit_id) when it was saved last.
    base : visit_id and place_id of the visits of the best plan that the changes were made to; None before it is drawn.
    visits : the place of each visit of the plan as it was drawn last, by visit_id.
    """

    choices: Choices
    edits: tuple[week.Edit, ...] = ()
    undone: tuple[week.Edit, ...] = ()
    saved: tuple[str, int, str] | None = None
    kept: tuple[Choices, frozenset[str]] | None = None
    base: tuple[tuple[str, str], ...] | None = None
    visits: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=())

    @property
    def is_kept(self) -> bool:
        """Whether the plan is the one that was saved."""
        return self.saved is not None and self.kept == (self.choices, frozenset(self.visits))

    def changed(self, edit: week.Edit) -> Hand:
        """Return the week with one more change."""
        return replace(self, edits=(*self.edits, edit), undone=())

    def undo(self) -> Hand:
        """Return the week without the last change."""
        return replace(self, edits=self.edits[:-1], undone=(*self.undone, self.edits[-1]))

    def redo(self) -> Hand:
        """Return the week with the change that was undone last."""
        return replace(self, edits=(*self.edits, self.undone[-1]), undone=self.undone[:-1])


def key(loaded: Loaded) -> str:
    """Return where the week in hand is kept: places have other ids for other roles."""
    return f"week_{loaded.question.role}"


def hand(loaded: Loaded) -> Hand:
    """Return the week in hand; at first one with the usual choices."""
    found = state.in_hand(key(loaded))
    if isinstance(found, Hand):
        return found
    start = planning.next_monday(loaded.analysis.as_of)
    first: dict[str, Any] = FIRST
    return Hand(Choices(start, **first, kinds=planning.KINDS, any_day=True))


def take(loaded: Loaded, found: Hand) -> None:
    """Go on with another state of the week (for callbacks too)."""
    state.take_in_hand(key(loaded), found)


@kept
def planned(loaded: Loaded, choices: Choices) -> WeekPlan | str:
    """Return the best plan for the choices, or in a sentence why there is none."""
    try:
        return week.build_chosen(loaded.analysis, loaded.work.reading.places, choices)
    except ValueError as error:
        return words.dated(str(error))


@kept
def places(loaded: Loaded, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Return the places of some kinds with what to call each: place_id, called."""
    found = planning.list_places(loaded.analysis, kinds).sort_values("place_id", ignore_index=True)
    names = answers.ward_names(loaded)
    called = [
        f"{short(row['name'], limit=50) or row['place_id']} ({week.kind_said(row['kind'])}, {short(names.get(row['ward_code'], week.OUTSIDE), limit=30)})"
        for row in found.to_dict("records")
    ]
    return found.assign(called=called)


@kept
def peaks(loaded: Loaded, choices: Choices) -> pd.DataFrame | None:
    """Return on place_id whether what is recorded there is at a peak; None where nothing is dated."""
    found = planned(loaded, choices)
    if isinstance(found, str) or found.until is None:
        return None
    sites = found.task.places.set_index("place_id")
    return place_peaks(found.concern, sites, until=found.until, reach=choices.reach)


@kept
def addresses(loaded: Loaded) -> pd.Series[str]:
    """Return the postcode of each place, on place_id; "" where there is none."""
    return week.addresses(loaded.analysis)


def visit_rows(loaded: Loaded, found: WeekPlan, plan: Plan, choices: Choices) -> pd.DataFrame:
    """Return the visits of the plan in hand; the table, the cards and the map hold the same rows."""
    return week.visit_table(found, plan, peaks(loaded, choices))


def listed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the visits as the page lists them: the day and the kind in words, and what is to be noted of each."""
    notes = [
        "; ".join(
            said
            for said in ("must be visited" if reason.startswith(MUST) else "", "" if pd.isna(peak) else peak)
            if said
        )
        for reason, peak in zip(rows["reason"], rows["peak"], strict=True)
    ]
    days = pd.to_datetime(rows["day"])
    on = [f"{day:%a} {day.day} {day:%b %Y}" for day in days]
    return rows.assign(on=on, kind=rows["kind"].map(week.kind_said), note=notes)


def day_cards(rows: pd.DataFrame, chosen: str | None) -> str:
    """Return the plan by day as HTML: one block a day, one line a visit."""
    blocks = []
    for day, held in rows.groupby("day", sort=True):
        lines = [
            f'<div style="padding:0.12rem 0.3rem{";background:" + kinds.NOTE + ";outline:2px solid " + kinds.ORANGE if row["visit_id"] == chosen else ""}"><b>{row["number"]}</b> · {row["time"].replace(":00", "")} · team {row["team"]}: {markup(row["place_name"], limit=48)} <span class="cm-quiet">({row["concern_alone"]})</span></div>'
            for row in held.to_dict("records")
        ]
        blocks.append(
            f'<div style="break-inside:avoid;margin:0 0 0.7rem 0"><h3 class="cm-table-title">{markup(held["weekday"].iloc[0])} {words.day(day)}</h3>{"".join(lines)}</div>'
        )
    return f'<div style="columns:2 19rem;column-gap:1.5rem">{"".join(blocks)}</div>'


def peak_said(rows: pd.DataFrame) -> str:
    """Say how many of the places stand at a peak; "" where that is not known."""
    sites = rows.drop_duplicates("place_id")
    at_peak = int((sites["peak"] == "at a peak").sum())
    if not len(sites) or (sites["peak"] == "too few months to say").all():
        return "Too few months are on record to say whether places stand at a peak. Places picked at a peak fall anyway."
    which = (
        words.count(at_peak, "of these places stands", "of these places stand")
        if at_peak
        else "None of these places stands"
    )
    return f"{which} at a peak: more recorded in the last 13 weeks than in any 13 weeks before. Places picked at a peak fall anyway, work or no work; places left alone that are as high show by how much."


@kept
def squares(loaded: Loaded, choices: Choices, visits: tuple[int, ...]) -> pd.DataFrame:
    """Return what is recorded in each square of the map, and how much of it these visits reach; see `app.week_map.cells`."""
    found = planned(loaded, choices)
    if isinstance(found, str):
        raise TypeError(found)
    slot, place = divmod(pd.Series(visits, dtype="int64").to_numpy(), max(len(found.task.places), 1))
    sites = found.task.places[["easting", "northing"]].iloc[place].reset_index(drop=True)
    when = found.task.slots[["day", "starts", "ends"]].iloc[slot].reset_index(drop=True)
    both = pd.concat([sites, when], axis=1)
    met = week_map.met_records(found.concern, both, reach=choices.reach, any_day=choices.any_day)
    return week_map.cells(found.concern, met)


def coverage_map(
    loaded: Loaded, plan: Plan, rows: pd.DataFrame, choices: Choices, chosen: str | None
) -> tuple[Any, str]:
    """Return the map of the visits and its legend."""
    held = squares(loaded, choices, plan.visits)
    drawn = week_map.deck(answers.outline(loaded), held, rows, reach=choices.reach, chosen=chosen)
    far = rows.loc[rows["ward_name"] == week.OUTSIDE, "number"].tolist()
    return drawn, week_map.legend(held, reach=choices.reach) + _far_said(far)


def _far_said(numbers: list[int]) -> str:
    """Say which visits the map of the wards may not show; "" where there are none."""
    if not numbers:
        return ""
    listed = words.listing([str(number) for number in numbers])
    which = f"Visit {listed} is" if len(numbers) == 1 else f"Visits {listed} are"
    return f'<p class="cm-quiet">{which} outside every ward, and may lie outside the picture.</p>'


def choose(loaded: Loaded, now: Hand) -> None:
    """Show the choices; sending them makes a new plan."""
    chosen = now.choices
    listed = places(loaded, tuple(sorted({*planning.KINDS, *chosen.kinds})))
    called = dict(zip(listed["place_id"], listed["called"], strict=True))
    turn = state.turn("week")
    with st.form(f"week_choices_{turn}", border=False):
        one, two, three = st.columns(3)
        start = one.date_input("First day", chosen.start, format="DD/MM/YYYY", key=f"week_start_{turn}")
        days = two.number_input("Days", 1, 14, chosen.days, key=f"week_days_{turn}")
        teams = three.number_input("Teams at once", 1, 30, chosen.teams, key=f"week_teams_{turn}")
        one, two = st.columns(2)
        slots = one.number_input("Slots a day", 1, 8, chosen.slots, key=f"week_slots_{turn}")
        reach = two.selectbox(
            "A team reaches", sorted({*REACHES, chosen.reach}), sorted({*REACHES, chosen.reach}).index(chosen.reach),
            format_func=lambda metres: REACHES.get(metres, f"{metres} metres"), key=f"week_reach_{turn}",
        )  # fmt: skip
        hours = st.select_slider(
            "Hours", range(31), chosen.hours, format_func=_hour, key=f"week_hours_{turn}",
            help="When the first slot of a day starts and the last ends; after midnight it is the same evening.",
        )  # fmt: skip
        kinds = st.multiselect(
            "Kinds of place",
            planning.visited_kinds(),
            [*chosen.kinds],
            format_func=week.kind_said,
            key=f"week_kinds_{turn}",
        )
        more = _more(chosen, called, turn)
        sent = st.form_submit_button("Make the plan", type="primary")
    if sent and isinstance(start, date):
        made = Choices(start, int(days), int(teams), int(slots), hours, int(reach), tuple(kinds), **more)
        take(loaded, Hand(made, saved=now.saved, kept=now.kept))
        state.choose("visit", None)
        st.rerun()


def _more(chosen: Choices, called: Mapping[str, str], turn: int) -> dict[str, Any]:
    """Show the choices that not everyone needs."""
    least = dict(chosen.at_least)
    with st.expander("Must, must not, schools and licensed premises, fairness, what counts"):
        must = st.multiselect(
            "Must be visited",
            called,
            [each for each in chosen.must if each in called],
            format_func=called.get,
            key=f"week_must_{turn}",
        )
        must_not = st.multiselect(
            "Must not be visited",
            called,
            [each for each in chosen.must_not if each in called],
            format_func=called.get,
            key=f"week_must_not_{turn}",
        )
        one, two = st.columns(2)
        schools = one.number_input(
            "Schools, at least", 0, 50, least.get("school", 0), key=f"week_schools_{turn}"
        )
        licensed = two.number_input(
            "Licensed premises, at least", 0, 50, least.get("licensed", 0), key=f"week_licensed_{turn}"
        )
        one, two = st.columns(2)
        floor = one.number_input(
            "Floor: every ward gets this % of what it could",
            0,
            100,
            chosen.floor_percent,
            step=5,
            key=f"week_floor_{turn}",
        )
        visits = two.number_input(
            "Floor: visits in every ward with concern",
            0,
            5,
            chosen.floor_visits,
            key=f"week_floor_visits_{turn}",
        )
        any_day = st.checkbox(
            "A visit reaches what was recorded at its hours on any day of the week",
            chosen.any_day,
            key=f"week_any_{turn}",
            help="Otherwise only what was recorded on the same weekday, which is often too little to go by.",
        )
        again = st.checkbox(
            "A place may be visited more than once a day", not chosen.once_a_day, key=f"week_again_{turn}"
        )
        since = st.date_input(
            "Count what was recorded from this day on (empty: all)",
            chosen.since,
            format="DD/MM/YYYY",
            key=f"week_since_{turn}",
        )
    targets = (("licensed", int(licensed)), ("school", int(schools)))
    return {
        "since": since if isinstance(since, date) else None,
        "must": tuple(must),
        "must_not": tuple(must_not),
        "once_a_day": not again,
        "any_day": any_day,
        "floor_percent": int(floor),
        "floor_visits": int(visits),
        "at_least": tuple((kind, least_) for kind, least_ in targets if least_),
    }  # fmt: skip


def _hour(hour: int) -> str:
    return clock(hour) if hour <= 24 else f"{clock(hour)} next day"


def answer(found: WeekPlan, plan: Plan) -> str:
    """Return the sentence that answers the page's question."""
    task, best = found.task, found.best
    if not task.total:
        return "No concern with a place and a time is recorded, so there is nothing to plan by."
    visits = words.count(len(plan.visits), "visit")
    reach = "reaches" if len(plan.visits) == 1 else "reach"
    asked = planning.asked_for(task.rules)
    share = (
        f"{plan.reached / best.bound:.0%} of the most that any plan could"
        if best.bound
        else "nothing more is possible"
    )
    proof = (
        ""
        if best.optimal
        else f" The search was stopped early: the best plan may reach up to {best.gap:,} more than the one found."
    )
    return (
        f"{visits} {reach} {plan.reached:,} of {task.total:,} records of concern, {share} with these teams, days and hours.{proof} "
        f"One visit chosen after the other{f', without regard to {asked},' if asked else ''} reaches {found.greedy:,}, places drawn at random {found.random:,.0f}."
    )


def ward_table(found: WeekPlan, plan: Plan) -> pd.DataFrame:
    """Return coverage by ward, those with the most concern first."""
    from geo.plans import ward_coverage

    table = ward_coverage(found.task, plan.visits)
    table["ward_name"] = table["ward_code"].map(found.names).fillna("outside every ward")
    table["share_percent"] = (100 * table["share"]).round(0)
    return table.sort_values(["concern", "ward_code"], ascending=[False, True], ignore_index=True)


def method_html(found: WeekPlan | None) -> str:
    """Return the method and limits as HTML, with what this plan counts."""
    counted = [] if found is None else [planning.used(found)]
    return words.method_html(METHOD, [*counted, *LIMITS])


def in_hand(loaded: Loaded, now: Hand, found: WeekPlan) -> tuple[Hand, Plan]:
    """Return the week in hand with its plan; see `on_ground`. Changes that no longer fit are let go of, and that is said."""
    now = on_ground(now, found)
    try:
        plan = week.edited(found, now.edits)
    except ValueError as error:
        now = Hand(
            now.choices, saved=now.saved, kept=now.kept, notes=(f"Your changes were let go of. {error}",)
        )
        plan = found.best
    drawn = week.visit_table(found, plan)
    now = replace(
        now, base=_base(found), visits=dict(zip(drawn["visit_id"], drawn["place_name"], strict=True))
    )
    take(loaded, now)
    return now, plan


def on_ground(now: Hand, found: WeekPlan) -> Hand:
    """Return the week in hand as changes to the best plan of the records there are now.

    Other records, or those of another day, have another best plan. A plan that was changed by hand or saved stays as
    it was drawn; changes to the old best plan would make of the new one what nobody asked for.
    """
    if now.base in (None, _base(found)) or not (now.edits or now.is_kept):
        return now
    edits, lost = week.turned_into(found, now.visits, said="As it was before the records changed")
    return replace(now, edits=tuple(edits), undone=(), notes=(*now.notes, *lost))


def _base(found: WeekPlan) -> tuple[tuple[str, str], ...]:
    table = week.visit_table(found, found.best)
    return tuple(zip(table["visit_id"], table["place_id"], strict=True))


def notes(found: WeekPlan, now: Hand) -> list[str]:
    """Return what the reader must know of this plan; what is in the fold on limits or beside the plan is left out."""
    said = [note for note in found.notes if note not in (planning.NOT_A_FORECAST, planning.PEAK)]
    return [*now.notes, *(note.replace(" (--any-day)", "") for note in said), planning.used(found)]


def comparison_chart(table: pd.DataFrame) -> Any:
    """Return bars of what each way of choosing reaches, with the numbers beside them."""
    import altair as alt

    shown = table.assign(way=table["way"].map(lambda way: short(way, limit=60)))
    base = alt.Chart(shown).encode(
        y=alt.Y("way:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)),
        x=alt.X("reached:Q", title="Records of concern reached"),
        tooltip=[alt.Tooltip("way:N", title="Way"), alt.Tooltip("reached:Q", title="Reached")],
    )
    bars = base.mark_bar(height=16).encode(
        color=alt.condition("datum.way == 'This plan'", alt.value(kinds.BLUE), alt.value(kinds.PALE_BLUE))
    )
    return (bars + base.mark_text(align="left", dx=4).encode(text="reached:Q")).properties(
        height=alt.Step(30)
    )
