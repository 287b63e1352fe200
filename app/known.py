"""Say what is recorded around a place a team visits, as far as an audience may know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from app import plan as planning
from app import words
from app.text import plain, short
from geo.coverage import clock
from geo.disclosure import HIDDEN, SMALL
from geo.weeks import PlannedVisit, Week
from mapping.access import Viewer, visible

if TYPE_CHECKING:
    from app.analysis import Analysis
    from geo.files import Geography
    from mapping.records import Records

AUDIENCES: Mapping[str, str] = MappingProxyType(
    {
        "teams": "Teams of the hub: counts and grades, nothing under handling conditions",
        "partners": "Partners outside the hub: no grades, counts of 1 to 5 hidden",
        "analysts": "Analysts only: also what is under handling conditions",
    }
)
"""Who a pack is for."""
_ORDINARY = Viewer("chair")
_GRADES = ("source_grade", "information_grade")


@dataclass(frozen=True)
class Known:
    """What an audience may be told of a visit: why the place, in a line, and what is known of it."""

    why: str
    lines: tuple[str, ...]


def known_of(
    analysis: Analysis, geography: Geography | None, week: Week, *, audience: str = "teams"
) -> dict[str, Known]:
    """Say of each visit why the place was chosen and what is recorded around it, by visit_id.

    What an audience may not see is left out before anything is counted. Nobody is named: records are counted by kind,
    agency and grade.

    Raises
    ------
    ValueError
        There is no such audience, or the viewer may not see what it may.
    """
    records = _seen_by(analysis, audience)
    before = week.choices.start - timedelta(days=1)
    concern, _ = planning.list_concern(
        analysis, geography, week.choices.kinds, since=week.choices.since, until=before, records=records
    )
    sources = records.table("sources").drop_duplicates("source_id").set_index("source_id")
    return {visit.visit_id: _known(visit, week, concern, sources, audience) for visit in week.visits}


def _seen_by(analysis: Analysis, audience: str) -> Records:
    viewer = analysis.settings.viewer
    if audience not in AUDIENCES:
        msg = f"{audience!r} is nobody a pack is made for. Use one of {', '.join(AUDIENCES)}."
        raise ValueError(msg)
    if audience == "analysts" and not viewer.sees_restricted:
        msg = "A pack for analysts holds what is under handling conditions, which you do not see. Make one for teams, or ask an analyst."
        raise ValueError(msg)
    if viewer.sees_restricted and audience != "analysts":
        return visible(analysis.records, _ORDINARY)
    return analysis.records


def _known(
    visit: PlannedVisit, week: Week, concern: pd.DataFrame, sources: pd.DataFrame, audience: str
) -> Known:
    away = np.hypot(concern["easting"] - visit.easting, concern["northing"] - visit.northing)
    here = concern[away <= week.choices.reach]
    then = here[_at_hours(here, visit, any_day=week.choices.any_day)]
    on = "on any day" if week.choices.any_day else f"on {visit.day:%A}s"
    when = f"within {week.choices.reach} m {on} from {clock(visit.starts)} to {clock(visit.ends)}"
    hidden = audience == "partners"
    why = (
        f"{_counted(then, hidden=hidden)} {when}."
        if len(then)
        else f"Nothing is recorded {when}; {_asked(visit, week)}."
    )
    if not len(here):
        return Known(why, ("Nothing is recorded around this place at any hour.",))
    lines = [f"At all hours{'' if hidden else f', {_span(here)}'}: {_counted(here, hidden=hidden)}."]
    if not hidden:
        lines += _grounds(here, sources, conditions=audience == "analysts")
    return Known(why, tuple(lines))


def _asked(visit: PlannedVisit, week: Week) -> str:
    chosen = week.choices
    if visit.place_id in chosen.must:
        return "the place was asked for"
    if visit.kind in {kind for kind, least in chosen.at_least if least}:
        return "a place of this kind was asked for"
    return "the visit was put in by hand or for the sake of its ward"


def _at_hours(here: pd.DataFrame, visit: PlannedVisit, *, any_day: bool) -> Any:
    hours = here["weekday"] * 24 + here["hour"]
    days = range(7) if any_day else [visit.day.weekday()]
    wanted = {(day * 24 + hour) % 168 for day in days for hour in range(visit.starts, visit.ends)}
    return hours.isin(wanted).to_numpy(dtype=bool)


def _counted(rows: pd.DataFrame, *, hidden: bool) -> str:
    """Say how many records there are, and of what; of hidden counts only whether there are 1 to 5 or more."""
    if hidden:
        few = len(rows) <= SMALL
        return f"{HIDDEN} (1 to {SMALL}) records" if few else f"{len(rows):,} records"
    kinds = rows["kind"].value_counts()
    parts = [words.count(int(kinds[name]), *said) for name, said in planning.COUNTED.items() if name in kinds]
    return f"{words.count(len(rows), 'record')}: {words.listing(parts)}" if len(rows) else "no records"


def _span(rows: pd.DataFrame) -> str:
    return words.span(rows["at"].min(), rows["at"].max())


def _grounds(rows: pd.DataFrame, sources: pd.DataFrame, *, conditions: bool) -> list[str]:
    """Say which agencies the records come from, how they are graded, and which are under conditions."""
    named = rows["source_id"].dropna()
    found = sources.reindex(named)
    without = len(rows) - len(named)
    agencies = (
        found["agency"]
        .map(words.code)
        .replace("", "agency not recorded")
        .value_counts()
        .sort_index(kind="stable")
    )
    parts = [f"{short(name, limit=40)} ({count})" for name, count in agencies.items()]
    parts += [f"no source recorded ({without})"] if without else []
    said = [f"From {', '.join(parts)}. {_grades(found)}".strip()]
    held = found[found["handling"].astype(object).map(plain) == "C"]
    if conditions and len(held):
        codes = sorted(
            {
                " ".join(filter(None, map(plain, pair)))
                for pair in held[["action_code", "sanitisation_code"]].values
            }
            - {""}
        )
        said.append(
            f"Under handling conditions (C): {words.count(len(held), 'record')}{', ' + ', '.join(codes) if codes else ''}. Ask who graded them before anything is done with them."
        )
    return said


def _grades(found: pd.DataFrame) -> str:
    """Say how often each grade was given; grades are never added up to anything."""
    graded = found[list(_GRADES)].astype(object).map(plain)
    joined = graded["source_grade"] + graded["information_grade"]
    counts = joined[joined != ""].value_counts().sort_index()
    if counts.empty:
        return "None of them is graded." if len(found) else ""
    none = int((joined == "").sum())
    said = ", ".join(f"{grade} ({count})" for grade, count in counts.items())
    return f"Graded {said}" + (f"; not graded ({none})." if none else ".")
