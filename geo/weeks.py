"""State what a saved week of action holds: what was chosen, its visits, and what each of them found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from types import MappingProxyType
from typing import Any

KIND, RESULT_KIND = "plan", "visit_result"
"""The kinds of entry a plan, and what a visit found, are kept as."""
LONGEST_TEXT = 2_000
MOST_SPOKEN_TO = 10_000
SPOKEN_TO: Mapping[str, str] = MappingProxyType(
    {
        "young_people": "Young people",
        "parents_carers": "Parents and carers",
        "staff": "Staff and managers of the place",
        "public": "Members of the public",
        "professionals": "Professionals",
    }
)
"""Who a team speaks to, counted; nobody is named."""


@dataclass(frozen=True)
class Choices:
    """What a planner chose: everything a plan depends on but the records.

    Attributes
    ----------
    start, days : the first day, and how many.
    teams, slots : teams out at the same time; slots in each day.
    hours : when the first slot of a day starts and the last ends; after midnight count on (26 is 2:00).
    reach : metres in a straight line.
    kinds : kinds of place that may be visited.
    since : concern recorded from this day on; None for all there is.
    must, must_not : ids of places.
    once_a_day, any_day, floor_percent, floor_visits, at_least : see `geo.coverage.Rules` and `build_task`.
    """

    start: date
    days: int
    teams: int
    slots: int
    hours: tuple[int, int]
    reach: int
    kinds: tuple[str, ...]
    since: date | None = None
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    once_a_day: bool = True
    any_day: bool = False
    floor_percent: int = 0
    floor_visits: int = 0
    at_least: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class PlannedVisit:
    """One team at one place in one slot, with all a team needs to find it.

    Attributes
    ----------
    visit_id : the same whoever looks and however often it is saved: from the day, the slot and the place.
    starts, ends : hours from the midnight before `day`.
    easting, northing : whole metres of the British National Grid.
    alone, added : concern the visit reaches, and what of it no visit before it reaches.
    """

    visit_id: str
    day: date
    slot: int
    starts: int
    ends: int
    team: int
    place_id: str
    place_name: str
    kind: str
    address: str
    ward_code: str
    ward_name: str
    easting: int
    northing: int
    alone: int
    added: int


@dataclass(frozen=True)
class Figures:
    """What a plan reaches, and what other ways of choosing would: counts of records of concern.

    Attributes
    ----------
    total, within_reach : all recorded; what a team everywhere all the time would reach.
    reached, best, bound : by this plan; by the best plan found; what no plan can exceed.
    greedy, random : by choosing one visit after the other; by places drawn at random, on average.
    """

    total: int
    within_reach: int
    reached: int
    best: int
    bound: int
    greedy: int
    random: int


@dataclass(frozen=True)
class Week:
    """A week of action as it is saved.

    Attributes
    ----------
    name : what it is called.
    viewer : the role whose records it was made from; other roles may count more or less.
    recorded_until : the last day whose records it rests on; None where nothing has a date.
    briefing : points for all teams.
    partners : kind of place to whom to bring there, where that differs from what is usual.
    read : whether somebody has read and agreed the briefing.
    marks : of each place that must or must not be visited its `place_mark`, by its id: other roles have other ids.
    """

    name: str
    choices: Choices
    visits: tuple[PlannedVisit, ...]
    figures: Figures
    viewer: str
    recorded_until: date | None = None
    briefing: tuple[str, ...] = ()
    partners: Mapping[str, str] = field(default_factory=dict)
    read: bool = False
    marks: Mapping[str, str] = field(default_factory=dict)

    @property
    def last_day(self) -> date:
        """The last day on which there is a visit, or the first of the week where there is none."""
        return max((visit.day for visit in self.visits), default=self.choices.start)

    def to_dict(self) -> dict[str, Any]:
        """Return the week as it is kept: text, whole numbers, lists and dicts."""
        kept: dict[str, Any] = _plain(asdict(self))
        return kept


@dataclass(frozen=True)
class VisitResult:
    """What one visit came to.

    Attributes
    ----------
    plan_id, visit_id : which visit of which saved plan.
    done : whether it was made.
    spoken_to : how many of whom, by the keys of SPOKEN_TO; nobody is named.
    found : what was found, or why the visit was not made.
    follow_up, owner, due : what is to follow, by whom, until when.
    """

    plan_id: str
    visit_id: str
    done: bool
    spoken_to: Mapping[str, int] = field(default_factory=dict)
    found: str = ""
    follow_up: str = ""
    owner: str = ""
    due: date | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as it is kept."""
        kept: dict[str, Any] = _plain(asdict(self))
        return kept


def visit_id(day: date, slot: int, *, kind: str, name: str, easting: float, northing: float) -> str:
    """Return the id of a visit: the day, the slot and the mark of the place."""
    return f"{day:%Y%m%d}-{slot}-{place_mark(kind=kind, name=name, easting=easting, northing=northing)}"


def place_mark(*, kind: str, name: str, easting: float, northing: float) -> str:
    """Return a digest of a place, which does not depend on anyone's ids."""
    place = f"{kind}|{name}|{round(easting)}|{round(northing)}"
    return hashlib.sha256(place.encode()).hexdigest()[:10]


def gone_visits(week: Week, earlier: Iterable[Week]) -> list[PlannedVisit]:
    """Return the visits of earlier turns of a week that are no longer in it, each as it was last, by their ids."""
    now = {visit.visit_id for visit in week.visits}
    found = {visit.visit_id: visit for each in earlier for visit in each.visits if visit.visit_id not in now}
    return [found[visit] for visit in sorted(found)]


def week_from_dict(content: Mapping[str, Any]) -> Week:
    """Return a saved week as it was kept.

    Raises
    ------
    ValueError
        The content is not that of a week of action.
    """
    try:
        chosen = dict(content["choices"])
        since = chosen.get("since")
        choices = Choices(
            **{
                **_known(Choices, chosen),
                "start": date.fromisoformat(chosen["start"]),
                "since": date.fromisoformat(since) if since else None,
                "hours": (int(chosen["hours"][0]), int(chosen["hours"][1])),
                "kinds": tuple(chosen["kinds"]),
                "must": tuple(chosen.get("must", ())),
                "must_not": tuple(chosen.get("must_not", ())),
                "at_least": tuple((str(kind), int(least)) for kind, least in chosen.get("at_least", ())),
            }
        )
        visits = tuple(
            PlannedVisit(**{**_known(PlannedVisit, visit), "day": date.fromisoformat(visit["day"])})
            for visit in content["visits"]
        )
        until = content.get("recorded_until")
        return Week(
            name=str(content["name"]),
            choices=choices,
            visits=visits,
            figures=Figures(**_known(Figures, content["figures"])),
            viewer=str(content["viewer"]),
            recorded_until=date.fromisoformat(until) if until else None,
            briefing=tuple(str(point) for point in content.get("briefing", ())),
            partners={str(kind): str(who) for kind, who in content.get("partners", {}).items()},
            read=bool(content.get("read", False)),
            marks={str(place): str(mark) for place, mark in content.get("marks", {}).items()},
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        msg = f"This entry is not a week of action: {error!r}. It may have been written by a later version; nothing was changed."
        raise ValueError(msg) from error


def result_from_dict(content: Mapping[str, Any]) -> VisitResult:
    """Return the result of a visit as it was kept.

    Raises
    ------
    ValueError
        The content is not that of a result.
    """
    try:
        due = content.get("due")
        return VisitResult(
            **{
                **_known(VisitResult, content),
                "done": bool(content["done"]),
                "spoken_to": {str(who): int(count) for who, count in content.get("spoken_to", {}).items()},
                "due": date.fromisoformat(due) if due else None,
            }
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"This entry is not the result of a visit: {error!r}. It may have been written by a later version; nothing was changed."
        raise ValueError(msg) from error


def validate_week(week: Week) -> None:
    """Check a week before it is kept.

    Raises
    ------
    ValueError
        It has no name, no visit, two visits of one id, or text that is too long. All faults are named at once.
    """
    faults = []
    if not week.name.strip():
        faults.append("it has no name; say what it is called")
    if not week.visits:
        faults.append("it has no visit; make a plan first")
    if len({visit.visit_id for visit in week.visits}) < len(week.visits):
        faults.append("a team is at the same place twice in one slot; take one of the two visits out")
    if any(len(text) > LONGEST_TEXT for text in (week.name, *week.briefing, *week.partners.values())):
        faults.append(f"a text has more than {LONGEST_TEXT:,} characters")
    if faults:
        msg = f"The week was not kept: {'; '.join(faults)}."
        raise ValueError(msg)


def validate_result(result: VisitResult, week: Week) -> None:
    """Check a result before it is kept.

    Raises
    ------
    ValueError
        The week has no such visit, a count cannot be, something follows that nobody owns, or it is not said why a
        visit was not made. All faults are named at once.
    """
    faults = []
    if result.visit_id not in {visit.visit_id for visit in week.visits}:
        faults.append("the plan has no such visit any more; open the plan again")
    unknown = sorted({*result.spoken_to} - {*SPOKEN_TO})
    if unknown:
        faults.append(f"{unknown[0]!r} is nobody a team counts: use one of {', '.join(SPOKEN_TO)}")
    if any(not 0 <= count <= MOST_SPOKEN_TO for count in result.spoken_to.values()):
        faults.append(f"a count is below 0 or above {MOST_SPOKEN_TO:,}")
    if not result.done and any(count > 0 for count in result.spoken_to.values()):
        faults.append("people were spoken to at a visit that was not made; say that it was")
    if not result.done and not result.found.strip():
        faults.append("it is not said why the visit was not made; a few words are enough")
    if result.follow_up.strip() and not result.owner.strip():
        faults.append("nobody is named who follows it up")
    if any(len(text) > LONGEST_TEXT for text in (result.found, result.follow_up, result.owner)):
        faults.append(f"a text has more than {LONGEST_TEXT:,} characters")
    if faults:
        msg = f"The result was not kept: {'; '.join(faults)}."
        raise ValueError(msg)


def _known(kind: Any, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a kind that the content holds."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in content.items() if name in names}


def _plain(value: Any) -> Any:
    """Return what JSON can hold: dates as text, tuples as lists."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value
