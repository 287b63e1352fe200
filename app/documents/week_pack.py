"""Draw up the day sheets of a week of action: what each team needs to know of each visit, and room for what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from app import words
from app.documents.paper import Break, Bullets, Grid, Heading, Paper, Part, Text
from app.kinds import INFORMATION_GRADES, SOURCE_GRADES
from app.known import AUDIENCES, Known
from app.partners import BRIEFING, POINTS, partners_for
from app.week import kind_said
from geo.coverage import clock
from geo.grid_reference import grid_reference
from geo.plans import PEAK
from geo.weeks import SPOKEN_TO, PlannedVisit, Week
from mapping.access import ROLES, Viewer

RESULT = ("Visit made (yes, no)", "Spoken to (how many)", "Found", "To follow, by whom, until when")
LIMITS = (
    "The plan is where and when harm was recorded, not where it will be. What nobody recorded is not in it.",
    "Distance is in a straight line, and the time a child was found is not the time harm was done.",
    "Nobody has asked whether a place is open at the hour of the visit. Check before going.",
    PEAK,
)
HINTS = (
    "The places were chosen from the records that a police analyst sees. Where one was chosen because of a report under handling "
    "conditions, the visit itself can hint at that report: check the list with an analyst before it leaves the hub."
)


def week_pack(week: Week, known: Mapping[str, Known], *, audience: str = "teams") -> Paper:
    """Return the pack of a week of action: overview, briefing, a sheet for each team and day, limits.

    Parameters
    ----------
    known : by visit_id, from `app.known.known_of` for the same audience.
    audience : one of `app.known.AUDIENCES`; counts of what the whole plan reaches are left out for partners.
    """
    ordered = sorted(week.visits, key=lambda visit: (visit.day, visit.team, visit.slot, visit.visit_id))
    parts: list[Part] = [
        *_overview(week, audience),
        *_briefing(week),
        *(part for visits in _sheets(ordered) for part in _sheet(week, visits, known)),
        *_end(week, audience),
    ]
    return Paper(title=week.name, subtitle=subtitle(week), parts=parts)


def subtitle(week: Week) -> str:
    """Return the days, teams and visits of a week in a line."""
    days = words.span(min((v.day for v in week.visits), default=week.choices.start), week.last_day)
    return f"Day sheets for a week of action, {days}: {words.count(len(week.visits), 'visit')}, {words.count(week.choices.teams, 'team')}"


def _overview(week: Week, audience: str) -> list[Part]:
    visits = sorted(week.visits, key=lambda visit: (visit.day, visit.slot, visit.team, visit.visit_id))
    rows = [
        (
            f"{visit.day:%a} {visit.day.day} {visit.day:%b}",
            times(visit),
            str(visit.team),
            visit.place_name,
            kind_said(visit.kind),
            visit.ward_name,
        )
        for visit in visits
    ]
    return [
        Heading("The week at a glance"),
        Text(_reaches(week, audience)),
        Text(f"For: {AUDIENCES[audience]}.", kind="quiet"),
        *([Text(HINTS, kind="quiet")] if _may_hint(week, audience) else []),
        Grid(
            ("Day", "Time", "Team", "Place", "Kind", "Ward"),
            rows,
            caption="All visits, in the order of time",
            widths=(12, 15, 7, 32, 16, 18),
        ),
    ]


def _may_hint(week: Week, audience: str) -> bool:
    return Viewer(week.viewer).sees_restricted and audience != "analysts"


def _reaches(week: Week, audience: str) -> str:
    held = week.figures
    share = (
        f"{held.reached / held.bound:.0%} of the most that any plan with these teams, days and hours could"
        if held.bound
        else "nothing"
    )
    made = f"Made from the records a {ROLES[week.viewer].label} sees, up to {words.day(week.recorded_until)}."
    if audience == "partners" or _may_hint(week, audience):
        return f"The visits reach {share}. {made}"
    return f"The visits reach {held.reached:,} of {held.total:,} records of concern, which is {share}. {made}"


def _briefing(week: Week) -> list[Part]:
    points = week.briefing or BRIEFING
    said: list[Part] = [Heading("Briefing for all teams")]
    if not week.read:
        said.append(
            Text(
                "These points are the usual ones. Whoever leads the week reads and changes them before they are used.",
                kind="draft",
            )
        )
    return [*said, Bullets(points)]


def _sheets(visits: Sequence[PlannedVisit]) -> list[list[PlannedVisit]]:
    """Return the visits of each team on each day; `visits` are in the order of day and team."""
    return [list(held) for _, held in groupby(visits, key=lambda visit: (visit.day, visit.team))]


def _sheet(week: Week, visits: Sequence[PlannedVisit], known: Mapping[str, Known]) -> list[Part]:
    first = visits[0]
    parts: list[Part] = [Break(), Heading(f"{first.day:%A} {words.day(first.day)}: team {first.team}")]
    for visit in visits:
        parts += [
            Heading(f"{times(visit)}: {visit.place_name}", level=2),
            Grid(
                ("", "What the team needs to know"),
                _facts(week, visit, known[visit.visit_id]),
                widths=(22, 78),
            ),
            Grid(
                ("", "Filled in by the team, entered the same day"),
                [(name, _room(name)) for name in RESULT],
                widths=(22, 78),
            ),
        ]
    return parts


def _facts(week: Week, visit: PlannedVisit, known: Known) -> list[tuple[str, str]]:
    where = [visit.address, f"grid reference {reference(visit)}", visit.ward_name]
    return [
        ("Where", ", ".join(filter(None, (kind_said(visit.kind).capitalize(), *where)))),
        ("Why this place", known.why),
        ("What is known of it", " ".join(known.lines)),
        ("Look at", POINTS.get(visit.kind, POINTS["other"])),
        ("Bring", partners_for(visit.kind, week.partners)),
    ]


def _room(name: str) -> str:
    return "   ".join(f"{who}: ____" for who in SPOKEN_TO.values()) if name == RESULT[1] else ""


def _end(week: Week, audience: str) -> list[Part]:
    said: list[Part] = [
        Break(),
        Heading("What this rests on, and its limits"),
        Text(_basis(week)),
        Bullets(LIMITS),
    ]
    if audience == "partners":
        return [
            *said,
            Text("c stands for a count of 1 to 5: small counts are not given outside the hub.", kind="quiet"),
        ]
    sources = ", ".join(f"{code} {meaning}" for code, meaning in SOURCE_GRADES.items())
    information = ", ".join(f"{code} {meaning}" for code, meaning in INFORMATION_GRADES.items())
    return [
        *said,
        Heading("What the grades mean", level=2),
        Text(
            f"Source: {sources}. Information: {information}. Each report is graded by itself; grades are not added up."
        ),
    ]


def _basis(week: Week) -> str:
    chosen = week.choices
    hours = f"{clock(chosen.hours[0])} to {clock(chosen.hours[1])}"
    weekday = "at its hours on any day of the week" if chosen.any_day else "on its weekday and at its hours"
    return (
        f"{words.count(chosen.teams, 'team')} out from {hours} in {words.count(chosen.slots, 'slot')} a day. A visit reaches what was "
        f"recorded within {chosen.reach} m of the place, {weekday}; what several visits reach counts once."
    )


def times(visit: PlannedVisit) -> str:
    """Return when a visit is: "16:00 to 20:00"."""
    return f"{clock(visit.starts)} to {clock(visit.ends)}"


def reference(visit: PlannedVisit) -> str:
    """Return the grid reference of a visit's place, to ten metres."""
    return grid_reference(visit.easting, visit.northing, digits=4)
