"""Count what a problem profile is about: one area, period and concern of a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from app import words
from app.text import plain
from geo.disclosure import SMALL, percentage, suppress
from geo.files import Geography
from geo.lookups import positions
from geo.placements import placements_when
from mapping import caseload, episodes
from mapping.ages import GROWN, age_at
from mapping.codes import load_codes
from mapping.periods import Period
from mapping.profiles import Asked
from mapping.returns import HELD, IN_TIME, interview_states
from mapping.text import shortened

if TYPE_CHECKING:
    from app.analysis import Analysis
    from mapping.access import Viewer

EVERYWHERE = "everywhere on record"
SEES_NO_PEOPLE = "This viewer sees wards, not people, and so no problem profile."
SMALLEST = 3
"""A group is counted from this many members."""

HIDDEN = "c"
YEAR = 12


def validate_viewer(viewer: Viewer) -> None:
    """Refuse a viewer who sees no people.

    Raises
    ------
    PermissionError
        The viewer sees no people.
    """
    if not viewer.sees_people:
        raise PermissionError(SEES_NO_PEOPLE)


def areas(analysis: Analysis) -> dict[str, str]:
    """Return what a profile can be of, code to name: everywhere, authorities with wards on the map, wards."""
    wards = analysis.wards
    found = {"": EVERYWHERE}
    known = wards.dropna(subset=["authority_code"]).drop_duplicates("authority_code")
    for code, name in sorted(zip(known["authority_code"], known["authority_name"], strict=True)):
        found[str(code)] = f"{_named(name, code)} (authority)"
    for code, name in zip(wards["ward_code"], wards["ward_name"], strict=True):
        found[str(code)] = f"{_named(name, code)} (ward)"
    return found


def _named(name: Any, code: Any) -> str:
    return shortened(plain(name), 60) or str(code)


def whole_period(analysis: Analysis) -> Period | None:
    """Return as long a period as there is data: from the first dated referral, episode or event to the as-of date."""
    tables = (("referrals", "received_on"), ("missing", "reported_at"), ("events", "started_at"))
    firsts = [analysis.records.table(table)[column].min() for table, column in tables]
    known = [first for first in firsts if not pd.isna(first)]
    if not known or analysis.as_of is None:
        return None
    return Period(min(min(known).date(), analysis.as_of), analysis.as_of)


@dataclass(frozen=True, eq=False)
class Scope:
    """One area, period and concern of a case, and everything on record that belongs to it.

    A referral belongs where the child lived that day, an episode where the child went missing from, an event where it
    happened. With a concern, children are those referred for it by the end of the period, and episodes and events
    are theirs.

    Attributes
    ----------
    period : the period asked about; begins : the first day on record.
    area : what the area is called; wards : the codes of its wards, None for everywhere.
    """

    analysis: Analysis
    geography: Geography | None
    asked: Asked
    period: Period
    begins: date
    area: str
    wards: frozenset[str] | None

    @property
    def wide(self) -> bool:
        """Whether this is for a wider audience, so that small numbers are hidden."""
        return self.asked.marking == "OFFICIAL"

    @cached_property
    def people(self) -> pd.DataFrame:
        """Everyone on record, on person_id."""
        return self.analysis.people.drop_duplicates("person_id").set_index("person_id", drop=False)

    @cached_property
    def concerned(self) -> pd.Series | None:
        """Children referred for the concern by the end of the period; None where every concern counts."""
        if not self.asked.concern:
            return None
        rows = self.analysis.records.table("referrals")
        known = rows["received_on"] < pd.Timestamp(self.period.until) + pd.Timedelta(days=1)
        return rows.loc[known & (rows["concern"] == self.asked.concern), "person_id"]

    @cached_property
    def all_referrals(self) -> pd.DataFrame:
        """Referrals of children in the area and for the concern, of any date, with `ward`: where the child lived then."""
        rows = self.analysis.records.table("referrals")
        placed = self.analysis.geography.placements
        then = placements_when(rows["person_id"], rows["received_on"], placed)
        ward = rows["person_id"].map(self.people["home_ward"])
        if len(placed):
            there = pd.Series(placed["ward_code"].to_numpy()[then], index=rows.index)
            ward = ward.where(then < 0, there)
        rows = rows.assign(ward=ward)
        rows = rows[self._children(rows["person_id"], rows["received_on"]) & self._here(rows["ward"])]
        return rows[rows["concern"] == self.asked.concern] if self.asked.concern else rows

    @cached_property
    def all_episodes(self) -> pd.DataFrame:
        """Missing episodes of children in the area and of the concern, of any date, with `ward` and `placed`: of a child placed there by another authority."""
        rows = self.analysis.records.table("missing")
        rows = rows.assign(ward=self.analysis.geography.missing.reindex(rows.index))
        rows = rows.assign(placed=self._placed(rows))
        rows = rows[self._children(rows["person_id"], rows["reported_at"]) & self._here(rows["ward"])]
        return rows if self.concerned is None else rows[among(rows["person_id"], self.concerned)]

    @cached_property
    def all_events(self) -> pd.DataFrame:
        """Events in the area, of any date and kind; with a concern those in which a child of it is recorded."""
        rows = self.analysis.records.table("events")
        rows = rows.assign(ward=self.analysis.geography.events.reindex(rows.index))
        rows = rows[self._here(rows["ward"])]
        if self.concerned is None:
            return rows
        part = self.analysis.records.table("participation")
        theirs = part.loc[among(part["person_id"], self.concerned), "event_id"]
        return rows[among(rows["event_id"], theirs)]

    @cached_property
    def all_parts(self) -> pd.DataFrame:
        """Who took part in the events of the area, of any date, with started_at and `child`: under 18 that day, or of unknown age."""
        part = self.analysis.records.table("participation")
        events = self.all_events
        at = positions(part["event_id"], events["event_id"])
        part = part[at >= 0].assign(started_at=events["started_at"].to_numpy()[at[at >= 0]])
        return part.assign(child=self._children(part["person_id"], part["started_at"]))

    def referrals(self, period: Period | None = None) -> pd.DataFrame:
        """Return the referrals received in a period, by default the one asked about."""
        return caseload.received_in(self.all_referrals, period or self.period)

    def episodes(self, period: Period | None = None) -> pd.DataFrame:
        """Return the episodes reported in a period."""
        rows = self.all_episodes
        return rows[(period or self.period).holds(rows["reported_at"])]

    def incidents(self, period: Period | None = None) -> pd.DataFrame:
        """Return the incidents of a period."""
        rows = self.all_events
        return rows[(rows["kind"] == "incident") & (period or self.period).holds(rows["started_at"])]

    def harmed(self, period: Period | None = None) -> pd.DataFrame:
        """Return the parts in events of a period in which a child is recorded as harmed."""
        rows = self.parts(period)
        found = rows[(rows["role"] == "harmed") & rows["child"]]
        return found if self.concerned is None else found[among(found["person_id"], self.concerned)]

    def parts(self, period: Period | None = None) -> pd.DataFrame:
        """Return who took part in events of a period."""
        rows = self.all_parts
        return rows[(period or self.period).holds(rows["started_at"])]

    @cached_property
    def open_children(self) -> pd.DataFrame:
        """Referrals of the area open at the end of the period."""
        return caseload.open_on(self.all_referrals, self.period.until)

    @cached_property
    def children(self) -> list[str]:
        """Children referred, missing or recorded as harmed in the period, each once, by id."""
        tables = (self.referrals(), self.episodes(), self.harmed())
        return sorted(set().union(*(table["person_id"] for table in tables)))

    @cached_property
    def living_here(self) -> pd.Series:
        """Children on record who live in the area now, by id; those of the concern where one is asked about."""
        people = self.people
        ids = people.loc[(people["age_band"] == "child") & self._here(people["lives_in_ward"]), "person_id"]
        return ids if self.concerned is None else ids[among(ids, self.concerned)]

    @cached_property
    def groups(self) -> pd.DataFrame:
        """Groups of three or more with a child of the area: those of `group_summary` with `here`, newest evidence first."""
        groups = self.analysis.groups
        here = groups[among(groups["person_id"], self.living_here)]["group_id"].value_counts()
        listed = self.analysis.group_summary
        listed = listed[(listed["size"] >= SMALLEST) & listed["group_id"].isin(here.index)]
        listed = listed.assign(here=listed["group_id"].map(here).astype(int))
        return listed.sort_values(["last_seen", "group_id"], ascending=[False, True], ignore_index=True)

    @cached_property
    def ties(self) -> pd.DataFrame:
        """Which children of the area each shared contact has, of contacts with two or more of them: contact_type, contact_id, person_id."""
        every = self.analysis.contact_ties(("person", "location", "thing", "event"))
        mine = every[among(every["person_id"], self.living_here)]
        shared = mine.groupby(["contact_type", "contact_id"])["person_id"].transform("nunique") > 1
        return mine[shared]

    @cached_property
    def operations(self) -> pd.DataFrame:
        """Candidate operations with a child of the area, in their order, with `here`."""
        found = self.analysis.operations
        victims = found.entities[found.entities["role"] == "victim"]
        here = victims[among(victims["entity_id"], self.living_here)]["operation_id"].value_counts()
        listed = found.summary[found.summary["operation_id"].isin(here.index)]
        return listed.assign(here=listed["operation_id"].map(here).astype(int)).reset_index(drop=True)

    def has_data(self, period: Period) -> bool:
        """Tell whether the records reach back to the beginning of a period."""
        return period.since >= self.begins

    def _here(self, ward: pd.Series) -> pd.Series:
        if self.wards is None:
            return pd.Series(True, index=ward.index)
        return ward.isin(self.wards)

    def _children(self, person: pd.Series, when: pd.Series) -> pd.Series:
        age = age_at(person.map(self.people["date_of_birth"]), when)
        return ~(age >= GROWN).fillna(False).astype(bool)

    def _placed(self, rows: pd.DataFrame) -> pd.Series:
        placed = self.analysis.geography.placements
        then = placements_when(rows["person_id"], rows["reported_at"], placed)
        if not len(placed):
            return pd.Series(False, index=rows.index)
        at = placed.iloc[then]
        authority = self.analysis.wards.set_index("ward_code")["authority_code"]
        same = rows["ward"].map(authority).to_numpy() == at["authority_code"].to_numpy()
        away = at["placed_from_elsewhere"].fillna(False).to_numpy(dtype=bool)
        return pd.Series((then >= 0) & away & same, index=rows.index)


def among(values: pd.Series, ids: pd.Series) -> pd.Series:
    """Tell which values are among some ids, of which there may be tens of thousands: `isin` takes seconds over those."""
    return pd.Series(positions(values, ids) >= 0, index=values.index)


def build_scope(analysis: Analysis, geography: Geography | None, asked: Asked) -> Scope:
    """Cut a case down to what a profile is asked about.

    Raises
    ------
    PermissionError
        The viewer sees no people.
    ValueError
        The area is not on the map, nothing has a date, or the period does not lie in the data.
    """
    validate_viewer(analysis.settings.viewer)
    whole = whole_period(analysis)
    if whole is None:
        msg = (
            "No referral, missing episode or event in the records has a date, so there is nothing to profile."
        )
        raise ValueError(msg)
    known = areas(analysis)
    if asked.area not in known:
        msg = f"{asked.area!r} is neither a ward nor an authority on the map of this case. Use one of {', '.join(code for code in known if code)}, or leave the area out."
        raise ValueError(msg)
    period = Period(asked.since or whole.since, asked.until or whole.until)
    if period.until > whole.until:
        msg = f"The period ends on {period.until}, after the last day on record, {whole.until}. Give an earlier day."
        raise ValueError(msg)
    return Scope(
        analysis, geography, asked, period, whole.since, known[asked.area], _wards(analysis, asked.area)
    )


def _wards(analysis: Analysis, area: str) -> frozenset[str] | None:
    if not area:
        return None
    wards = analysis.wards
    rows = wards[(wards["ward_code"] == area) | (wards["authority_code"] == area)]
    return frozenset(rows["ward_code"])


def previous(period: Period) -> dict[str, Period]:
    """Return the periods that a profile is compared with, by what they are called."""
    year = pd.DateOffset(months=YEAR)
    last = Period((pd.Timestamp(period.until) + pd.Timedelta(days=1) - year).date(), period.until)
    return {
        "the period asked about": period,
        "as long before it": period.before(),
        "the same a year before": year_before(period),
        "the last 12 months": last,
        "the 12 months before": Period(
            (pd.Timestamp(last.since) - year).date(), last.since - timedelta(days=1)
        ),
    }


def year_before(period: Period) -> Period:
    """Return the same days of the year before."""
    year = pd.DateOffset(months=YEAR)
    return Period(*((pd.Timestamp(day) - year).date() for day in (period.since, period.until)))


@dataclass(frozen=True)
class Numbers:
    """The numbers of a summary, as counted.

    Attributes
    ----------
    interviews_held, within_72_hours : of the episodes of the period.
    """

    referrals: int
    children_referred: int
    missing_episodes: int
    children_missing: int
    children_missing_again: int
    interviews_held: int
    within_72_hours: int
    incidents: int
    records_of_harm: int
    children_harmed: int

    @property
    def counted(self) -> dict[str, int]:
        """Return each number by what it is called in a table."""
        return {name: int(getattr(self, key)) for key, name in COUNTED.items()}


COUNTED: Mapping[str, str] = {
    "referrals": "Referrals",
    "children_referred": "Children referred",
    "missing_episodes": "Missing episodes",
    "children_missing": "Children missing",
    "children_missing_again": "Children missing more than once",
    "interviews_held": "Return interviews held",
    "within_72_hours": "Return interviews within 72 hours",
    "incidents": "Incidents",
    "records_of_harm": "Records of a child harmed",
    "children_harmed": "Children recorded as harmed",
}
"""What each number of `Numbers` is called."""


def count(scope: Scope, period: Period | None = None) -> Numbers:
    """Count what a summary says, in a period, by default the one asked about."""
    referrals, missing, harmed = scope.referrals(period), scope.episodes(period), scope.harmed(period)
    figures = episodes.figures(missing["person_id"])
    states = interview_states(missing)
    return Numbers(
        len(referrals),
        int(referrals["person_id"].nunique()),
        int(figures["episodes"]),
        int(figures["children"]),
        int(figures["children_repeat"]),
        int(states.isin(HELD).sum()),
        int((states == IN_TIME).sum()),
        len(scope.incidents(period)),
        len(harmed),
        int(harmed["person_id"].nunique()),
    )


def said(value: int, wide: bool) -> str:
    """Return a count as text: "c" for 1 to 5 where it is for a wider audience."""
    return HIDDEN if wide and 1 <= value <= SMALL else words.number(value)


def part_of(part: int, whole: int, wide: bool) -> tuple[str, str]:
    """Return a count and its percentage of a whole; both "c" where either it or the rest of the whole is hidden."""
    if not wide:
        return words.number(part), f"{100 * part / whole:.1f}%" if whole else "no share"
    shown = suppress(pd.Series({"part": part, "rest": whole - part}))
    share = percentage(shown[["part"]], pd.Series({"part": shown["Total"]}))["part"]
    return _grouped(shown["part"]), f"{share}%" if share[:1].isdigit() else share


def column(counts: pd.Series, wide: bool) -> pd.Series:
    """Return counts that add up as text with their total, small ones and what would give them away hidden where it is for a wider audience."""
    if wide:
        return suppress(counts).map(_grouped)
    return pd.concat([counts, pd.Series({"Total": counts.sum()})]).map(words.number)


def shares_of(shown: pd.Series) -> pd.Series:
    """Return the percentage that each number of a shown column is of its total."""
    numbers = shown.str.replace(",", "")
    found = percentage(numbers, pd.Series(numbers["Total"], index=numbers.index))
    return found.map(lambda share: f"{share}%" if share[:1].isdigit() else share)


def _grouped(text: str) -> str:
    return words.number(int(text)) if text.isdigit() else text


def tally(
    values: pd.Series, codes: str | Mapping[str, str] | None, *, order: Iterable[str] = ()
) -> pd.Series:
    """Count values by their meaning; what is not recorded comes last."""
    listed = load_codes()[codes] if isinstance(codes, str) else codes or {}
    counts = values.dropna().astype(str).value_counts()
    keys = [key for key in (*order, *listed) if key in counts.index]
    keys = list(dict.fromkeys([*keys, *sorted(set(counts.index) - set(keys))]))
    found = {shortened(plain(listed.get(key, words.code(key))), 60): 0 for key in keys}
    for key in keys:
        found[shortened(plain(listed.get(key, words.code(key))), 60)] += int(counts[key])
    if missing := int(values.isna().sum()):
        found["not recorded"] = missing
    return pd.Series(found, dtype="int64")


def months_of(when: pd.Series, period: Period, child: pd.Series | None = None) -> pd.Series:
    """Count by month of a period, each child once a month where `child` is given; months the period cuts short count too."""
    index = pd.period_range(period.since, period.until, freq="M")
    month = when.dt.to_period("M")
    counted = month.groupby(month).size() if child is None else child.groupby(month).nunique()
    counted = counted.reindex(index, fill_value=0).astype("int64")
    return counted.set_axis(index.astype(str))


def by_month(scope: Scope, period: Period) -> dict[str, pd.Series]:
    """Count what a profile follows by month of a period, both episodes and children."""
    missing = scope.episodes(period)
    return {
        "Missing episodes": months_of(missing["reported_at"], period),
        "Children missing": months_of(missing["reported_at"], period, missing["person_id"]),
        "Incidents": months_of(scope.incidents(period)["started_at"], period),
        "Referrals": months_of(scope.referrals(period)["received_on"], period),
    }
