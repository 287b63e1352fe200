"""Put the tables of a hub's published reports together for a period and the one before: tables in, tables out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from app import hotspots, words
from app.results import swapped_in, write_summary
from geo.areas import build_areas
from geo.files import Geography
from geo.gaps import ETHNICITIES, SEXES, build_gaps
from geo.inequality import DecileChildren, children_by_decile
from geo.months import month_counts, months_compared
from geo.rates import repeat_factor
from geo.spread import PARTS, decile_spread, in_period, placed_parts, ward_spread
from mapping import caseload, episodes, returns
from mapping.ages import age_at, age_band
from mapping.codes import load_codes
from mapping.periods import Period
from mapping.shares import NOT_RECORDED, TOTAL, compared, shares
from mapping.text import write_csv

if TYPE_CHECKING:
    from app.analysis import Analysis

TABLES = (
    "key_figures",
    "referrals",
    "caseload",
    "reopened",
    "open_children",
    "outcomes",
    "missing",
    "missing_months",
    "interviews",
    "placed",
    "wards",
    "deciles",
    "disproportionality",
)
FILES = (*(f"{name}.{end}" for name in TABLES for end in ("parquet", "csv")), "summary.json")
NO_PEOPLE = "A planner sees wards, not people, and these tables divide people into small groups. Ask for them as another viewer."
TEXT = pd.StringDtype(na_value=float("nan"))

CCE, CSE, OTHER = "cce", "cse", "other_concerns"
DECLINED = "declined or not obtained"
COMPARED = ("ward", "sex", "ethnicity", "sex and ethnicity", "sex and background")
DISPROPORTION = ("dimension", "group_code", "group", "base", "children", "children_referred", "expected")
RATIO = ("ratio", "ratio_low", "ratio_high")

GROUPS: Mapping[str, Mapping[str, str]] = {
    "sex": {**SEXES, "F": "girls", "M": "boys", "U": "not known"},
    "age": {
        "under_11": "under 11",
        "11_12": "11 to 12",
        "13_14": "13 to 14",
        "15_16": "15 to 16",
        "17": "17",
        "18_and_over": "18 and over",
    },
    "ethnicity": {**{name: name for name in ETHNICITIES}, "declined": DECLINED},
    "ehcp": {"Y": "has an EHCP", "N": "has none"},
    "again": {
        caseload.REOPENED: "open before, closed no more than six months earlier",
        caseload.OPEN_BEFORE: "open before, closed longer ago",
        caseload.FIRST: "open for the first time",
    },
    "open_for": {
        "under_3_months": "under 3 months",
        "3_to_6_months": "3 to 6 months",
        "6_to_12_months": "6 to 12 months",
        "over_12_months": "over 12 months",
    },
    "outcome": {"Y": "yes", "N": "no"},
    "times": {"none": "none", "once": "once", "twice": "twice", "three_or_more": "three times or more"},
    "part": {
        "living_here": "all other children in these wards",
        "placed_by_others": "placed here by another authority",
        "elsewhere": "outside these wards, or not known where",
    },
}
"""What groups are called, in the order they are listed."""


@dataclass(frozen=True, eq=False)
class Dashboard:
    """The tables of a period, each with the period before it.

    Attributes
    ----------
    period, before : the period asked for, and the one it is compared with.
    tables : one of `TABLES` to its table; docs/data.md says what each column is.
    states : of each episode of the period and of the one before, how far it got to a return interview.
    notes : what is missing, and what the figures rest on.
    """

    period: Period
    before: Period
    tables: Mapping[str, pd.DataFrame]
    states: tuple[pd.Series, pd.Series]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ground:
    """The records that every table is made of, read once."""

    analysis: Analysis
    geography: Geography | None
    period: Period

    @cached_property
    def before(self) -> Period:
        """The period before."""
        return self.period.before()

    @cached_property
    def both(self) -> tuple[Period, Period]:
        """The period and the one before."""
        return self.period, self.before

    @cached_property
    def people(self) -> pd.DataFrame:
        """Everybody, with whether each is a child."""
        # A column in which nothing is recorded has no type of its own.
        return self.analysis.everybody.astype(
            dict.fromkeys(("sex", "ethnicity", "school_id", "care_status", "ehcp"), TEXT)
        )

    @cached_property
    def of(self) -> pd.DataFrame:
        """Everybody on person_id."""
        return self.people.drop_duplicates("person_id").set_index("person_id")

    @cached_property
    def referrals(self) -> pd.DataFrame:
        """All referrals."""
        return self.analysis.records.table("referrals")

    @cached_property
    def missing(self) -> pd.DataFrame:
        """All missing episodes."""
        return self.analysis.records.table("missing")

    @cached_property
    def homes(self) -> pd.DataFrame:
        """The ward and decile of each person's home, on person_id."""
        return self.analysis.geography.homes.drop_duplicates("person_id").set_index("person_id")

    def episodes(self, period: Period) -> pd.DataFrame:
        """The episodes of children reported in a period."""
        return episodes.episodes_in(self.missing, self.of["date_of_birth"], period)

    def open_children(self, period: Period) -> pd.DataFrame:
        """The open referrals at the end of a period, one a child."""
        return caseload.one_each(caseload.open_on(self.referrals, period.until))

    def began(self, dates: pd.Series, *, what: str) -> str:
        """Say that records of a kind begin after the period before does; "" where they do not."""
        first = dates.min()
        if pd.isna(first):
            return f"No {what} is on record at all: figures of 0 mean that nothing is known."
        if first.date() > self.before.until:
            return f"No {what} is on record from before {words.day(self.period.since)}, so there is nothing to compare with."
        late = (first - pd.Timestamp(self.before.since)).days
        if late > 31:
            return f"The first {what} on record is of {words.day(first)}: the period before is not covered whole."
        return ""


def build_dashboard(
    analysis: Analysis, geography: Geography | None, *, since: date, until: date
) -> Dashboard:
    """Build every table of a period, compared with the period before.

    Parameters
    ----------
    geography : the open files the analysis was made with; None where there are none.
    since, until : first and last day of the period.

    Raises
    ------
    PermissionError
        The viewer may not see people.
    ValueError
        The period ends before it begins, or begins after the as-of date.
    """
    if not analysis.settings.viewer.sees_people:
        raise PermissionError(NO_PEOPLE)
    period = Period(since, until)
    if analysis.as_of is not None and since > analysis.as_of:
        msg = f"The period begins on {since}, after the as-of date {analysis.as_of}. Give an earlier day."
        raise ValueError(msg)
    ground = Ground(analysis, geography, period)
    notes = _notes(ground)
    states = tuple(returns.interview_states(ground.episodes(each)) for each in ground.both)
    tables = {
        "referrals": referral_table(ground),
        "caseload": caseload_table(ground),
        "reopened": reopened_table(ground),
        "open_children": open_table(ground),
        "outcomes": outcome_table(ground),
        "missing": missing_table(ground),
        "missing_months": month_rows(ground),
        "interviews": interview_table(*states),
        **_geographic(ground, notes),
        "disproportionality": disproportionality(ground),
    }
    tables = {name: _without_nought(ground, name, table) for name, table in tables.items()}
    tables = {"key_figures": key_figures(tables), **tables}
    return Dashboard(period, ground.before, tables, (states[0], states[1]), tuple(dict.fromkeys(notes)))


# Tables -----------------------------------------------------------------------------------------------


def referral_table(ground: Ground) -> pd.DataFrame:
    """Count the referrals received by concern, source, sex, age on the day received, and ethnicity."""
    rows = [caseload.received_in(ground.referrals, each) for each in ground.both]
    concerns = load_codes()["concern"]
    return _stacked(
        _side_by_side(rows, "concern", lambda table: table["concern"], concerns),
        _side_by_side(rows, "source", lambda table: _agency(table["source_agency"]), {}),
        *(_side_by_side(rows, name, each, GROUPS.get(name)) for name, each in _traits(ground, "received_on")),
    )


def caseload_table(ground: Ground) -> pd.DataFrame:
    """Count referrals received, opened, closed, and open when the period began and ended; with the children."""
    columns = {}
    for period, end in zip(ground.both, ("", "_before"), strict=True):
        received, opened = (
            chosen(ground.referrals, period) for chosen in (caseload.received_in, caseload.opened_in)
        )
        closed, still = caseload.closed_in(ground.referrals, period), ground.open_children(period)
        flow = caseload.flow(ground.referrals, period)
        first = caseload.open_on(ground.referrals, period.since - timedelta(days=1))
        columns[f"count{end}"] = pd.Series({"received": len(received), **flow})
        columns[f"children{end}"] = pd.Series(
            {
                "received": received["person_id"].nunique(),
                "open_at_start": first["person_id"].nunique(),
                "opened": opened["person_id"].nunique(),
                "closed": closed["person_id"].nunique(),
                "open_at_end": len(still),
            }
        )
    return (
        pd.DataFrame(columns).reindex(["received", *flow.index]).astype("Int64").reset_index(names="figure")
    )


def reopened_table(ground: Ground) -> pd.DataFrame:
    """Say how many of those opened in the period, and of those open at its end, had been open before."""
    opened = [caseload.opened_in(ground.referrals, each) for each in ground.both]
    still = [ground.open_children(each) for each in ground.both]

    def again(table: pd.DataFrame) -> pd.Series:
        return caseload.opened_again(table, ground.referrals)

    return _stacked(
        _side_by_side(opened, "opened in the period", again, GROUPS["again"]),
        _side_by_side(still, "open at the end", again, GROUPS["again"]),
    )


def open_table(ground: Ground) -> pd.DataFrame:
    """Count the children open at the end of the period by concern, sex, age that day, ethnicity, plan and more."""
    rows = [ground.open_children(each).assign(_end=pd.Timestamp(each.until)) for each in ground.both]
    codes = load_codes()
    ends = {pd.Timestamp(each.until): each for each in ground.both}

    def times(table: pd.DataFrame) -> pd.Series:
        period = ends[table["_end"].iloc[0]] if len(table) else ground.period
        often = episodes.times_missing(ground.episodes(period)["person_id"])
        return table["person_id"].map(often).fillna("none")

    def lasted(table: pd.DataFrame) -> pd.Series:
        return caseload.open_for(table, table["_end"].iloc[0].date()) if len(table) else table["concern"]

    return _stacked(
        _side_by_side(rows, "concern", lambda table: table["concern"], codes["concern"]),
        *(_side_by_side(rows, name, each, GROUPS.get(name)) for name, each in _traits(ground, "_end")),
        _side_by_side(rows, "plan", _trait(ground, "care_status"), codes["care_status"]),
        _side_by_side(rows, "ehcp", _trait(ground, "ehcp"), GROUPS["ehcp"]),
        _side_by_side(rows, "open for", lasted, GROUPS["open_for"]),
        _side_by_side(rows, "times missing in the period", times, GROUPS["times"]),
    )


def outcome_table(ground: Ground) -> pd.DataFrame:
    """Say what had changed at closure, of the referrals closed in the period."""
    rows = [caseload.closed_in(ground.referrals, each) for each in ground.both]

    def answers(name: str) -> Callable[[pd.DataFrame], pd.Series]:
        return lambda table: table[name]

    return _stacked(
        *(_side_by_side(rows, name, answers(name), GROUPS["outcome"]) for name in caseload.OUTCOMES)
    )


def missing_table(ground: Ground) -> pd.DataFrame:
    """Count episodes and children by how often each child was missing in the period."""
    rows = [ground.episodes(each) for each in ground.both]

    def times(table: pd.DataFrame) -> pd.Series:
        return table["person_id"].map(episodes.times_missing(table["person_id"]))

    called = {code: name for code, name in GROUPS["times"].items() if code != "none"}
    return _side_by_side(rows, "times missing", times, called)


def month_rows(ground: Ground) -> pd.DataFrame:
    """Count episodes and children in each whole month of the period, against the same month of the two years before."""
    first = pd.Timestamp(ground.missing["reported_at"].min())
    if pd.isna(first) or first.date() > ground.period.until:
        return pd.DataFrame(columns=["measure", "month", *MONTHS])
    known = ground.episodes(Period(min(first.date(), ground.period.since), ground.period.until))
    through = min(ground.period.until, ground.analysis.as_of or ground.period.until)
    # As on the When page: reports of one child come in runs, so that months vary more than reports of strangers would.
    runs = max(1.0, repeat_factor(known["reported_at"].dt.strftime("%Y-%m"), known["person_id"].astype(str)))
    parts = []
    for name, child, factor in (("episodes", None, runs), ("children", known["person_id"], 1.0)):
        counts = month_counts(known["reported_at"], distinct=child, through=through)
        rows = months_compared(counts, repeat_factor=factor)
        months = pd.PeriodIndex(rows.index, freq="M")
        began = months.start_time >= pd.Timestamp(ground.period.since)
        ended = months.end_time.normalize() <= pd.Timestamp(through)
        parts.append(rows[began & ended].reset_index(names="month").assign(measure=name))
    return pd.concat(parts, ignore_index=True)[["measure", "month", *MONTHS]]


MONTHS = (
    "observed",
    "year_before",
    "two_years_before",
    "usual",
    "ratio",
    "ratio_low",
    "ratio_high",
)


def interview_table(now: pd.Series, before: pd.Series) -> pd.DataFrame:
    """Count return interviews offered, accepted, held, and held within 72 hours; from `interview_states`."""
    tables = [
        returns.interview_figures(states).add_suffix(end) for states, end in ((now, ""), (before, "_before"))
    ]
    return pd.concat(tables, axis=1).reset_index()


def disproportionality(ground: Ground) -> pd.DataFrame:
    """Compare the children referred in the period with those expected, by ward, sex and ethnicity; see `geo.gaps`."""
    people = ground.people.assign(school_id=pd.Series(pd.NA, index=ground.people.index, dtype=TEXT))
    wards = ground.analysis.wards
    homes = people["person_id"].map(ground.homes["home_ward"])
    found = [
        build_gaps(
            people,
            ground.referrals,
            since=each.since,
            until=each.until,
            wards=wards if len(wards) else None,
            homes=homes,
        ).table.set_index(["dimension", "group_code"])
        for each in ground.both
    ]
    table = found[0].join(found[1][["children_referred", *RATIO]].add_suffix("_before")).reset_index()
    earlier = [f"{name}_before" for name in ("children_referred", *RATIO)]
    table["children_referred_before"] = table["children_referred_before"].astype("Int64")
    table = table[table["dimension"].isin(COMPARED)]
    shown = [
        *DISPROPORTION,
        *RATIO,
        "q_value",
        "finding",
        *earlier,
        "children_not_recorded",
        "referred_not_recorded",
    ]
    return table[shown].reset_index(drop=True)


def _geographic(ground: Ground, notes: list[str]) -> dict[str, pd.DataFrame]:
    """Build what needs wards and deciles; where they are not known the tables are empty, and a note says why."""
    nothing = _side_by_side(
        [pd.DataFrame({"person_id": []})] * 2, "episodes", lambda table: table["person_id"]
    )
    empty = {
        "placed": nothing.iloc[:0],
        "wards": pd.DataFrame(columns=[*WARDS]),
        "deciles": pd.DataFrame(columns=[*DECILES]),
    }
    try:
        areas = build_areas(ground.geography)
    except ValueError as error:
        notes.append(str(error))
        return empty
    every = hotspots.build_counts(ground.analysis, areas, ground.geography).occurrences
    chosen = [in_period(every, each) for each in ground.both]
    deciles, said = _deciles(ground)
    notes += said
    return {"placed": _placed(chosen), "wards": _wards(ground, areas, chosen), "deciles": deciles}


WARDS = (
    "area_code",
    "area_name",
    "imd_decile",
    "population",
    *("referrals", "children_referred", "children_open", "missing_episodes", "children_missing"),
    *("referred_rate", "referred_rate_low", "referred_rate_high"),
    *("missing_rate", "missing_rate_low", "missing_rate_high"),
    *("referrals_before", "children_open_before", "missing_episodes_before", "children_missing_before"),
)
DECILES = (
    *("dimension", "group_code", "group", "count", "percent", "population", "population_percent", *RATIO),
    *("count_before", "percent_before"),
)


def _placed(chosen: list[pd.DataFrame]) -> pd.DataFrame:
    parts = []
    for name, counted in (("missing episodes", "episode"), ("referrals", "referral")):
        rows = [placed_parts(each, counted).rename(columns={"person": "person_id"}) for each in chosen]
        called = {part: GROUPS["part"][part] for part in PARTS}
        parts.append(_side_by_side(rows, name, lambda table: table["part"], called))
    return _stacked(*parts)


def _wards(ground: Ground, areas: Any, chosen: list[pd.DataFrame]) -> pd.DataFrame:
    now, before = (
        ward_spread(
            rows, areas, open_homes=ground.open_children(each)["person_id"].map(ground.homes["home_ward"])
        )
        for rows, each in zip(chosen, ground.both, strict=True)
    )
    earlier = [name.removesuffix("_before") for name in WARDS if name.endswith("_before")]
    deciles = ground.analysis.wards.set_index("ward_code")["imd_decile"]
    table = now.assign(imd_decile=deciles.reindex(now.index)).join(before[earlier].add_suffix("_before"))
    names = {NOT_RECORDED: "outside these wards, or not known where", TOTAL: "total"}
    table["area_name"] = table["area_name"].fillna(pd.Series(names))
    return table.reset_index()[[*WARDS]]


def _deciles(ground: Ground) -> tuple[pd.DataFrame, list[str]]:
    """Compare children referred, open, closed and missing with all children, by the decile of their home."""
    try:
        everyone = children_by_decile(ground.geography or Geography())
        found = [
            decile_spread(_decile_homes(ground, each, everyone), everyone, edition=everyone.edition)
            for each in ground.both
        ]
    except ValueError as error:
        return pd.DataFrame(columns=[*DECILES]), [str(error)]
    keys = ["dimension", "group_code"]
    earlier = found[1].set_index(keys)[["count", "percent"]].add_suffix("_before")
    table = found[0].join(earlier, on=keys)
    called = {
        NOT_RECORDED: "outside these wards, or not known where",
        TOTAL: "total",
        "1": "1 (most deprived)",
        "10": "10 (least deprived)",
    }
    return table.assign(group=table["group_code"].replace(called))[[*DECILES]], everyone.notes


def _decile_homes(ground: Ground, period: Period, everyone: DecileChildren) -> dict[str, pd.Series]:
    of = {
        "children referred": caseload.received_in(ground.referrals, period),
        "children open at the end": ground.open_children(period),
        "children closed": caseload.closed_in(ground.referrals, period),
        "children missing": ground.episodes(period),
    }
    decile = everyone.deciles_of(ground.homes).astype("Float64").astype(float)
    return {name: rows["person_id"].drop_duplicates().map(decile) for name, rows in of.items()}


# Key figures --------------------------------------------------------------------------------------------

KEY: tuple[tuple[str, str, str, str, str], ...] = (
    ("referrals", "Referrals", "referrals", "concern", TOTAL),
    ("cce", "for child criminal exploitation", "referrals", "concern", CCE),
    ("cse", "for child sexual exploitation", "referrals", "concern", CSE),
    ("other_concerns", "for any other concern", "referrals", "concern", OTHER),
    ("boys", "of boys", "referrals", "sex", "M"),
    ("girls", "of girls", "referrals", "sex", "F"),
    ("open", "Children open at the end", "open_children", "age", TOTAL),
    ("open_15_16", "aged 15 to 16", "open_children", "age", "15_16"),
    ("open_11_12", "aged 11 to 12", "open_children", "age", "11_12"),
    ("open_under_11", "under 11", "open_children", "age", "under_11"),
    ("closed", "Referrals closed", "outcomes", "re_engaged_education", TOTAL),
    ("re_engaged_education", "back in education, employment or training", "outcomes", "re_engaged_education", "Y"),
    ("stable_accommodation", "stable accommodation", "outcomes", "stable_accommodation", "Y"),
    ("positive_relationship", "at least one positive relationship", "outcomes", "positive_relationship", "Y"),
    ("fewer_missing", "fewer missing episodes", "outcomes", "fewer_missing", "Y"),
)  # fmt: skip
"""Each key figure: its name, how it is called, and the table, dimension and group it is the count of."""


def key_figures(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Take the figures that a report begins with out of the other tables.

    Returns
    -------
    figure, label, count, of, percent, and the same of the period before; `of` is missing where a figure is no share.
    """
    rows = []
    for figure, label, name, dimension, code in KEY:
        row: dict[str, Any] = {"figure": figure, "label": label}
        for end in ("", "_before"):
            count = cell(tables[name], dimension, code, f"count{end}")
            whole = cell(tables[name], dimension, TOTAL, f"count{end}")
            row |= {f"count{end}": count, f"of{end}": pd.NA if code == TOTAL else whole}
        rows.append(row)
    missing, interviews = tables["missing"], tables["interviews"].set_index("figure")
    for figure, label, column in (
        ("missing_reports", "Missing reports", "count"),
        ("children_missing", "of children", "children"),
    ):
        row = {"figure": figure, "label": label}
        rows.append(
            row
            | {
                f"count{end}": cell(missing, "times missing", TOTAL, f"{column}{end}")
                for end in ("", "_before")
            }
        )
    for figure, label, name in (
        ("interviews_held", "Return interviews held", "held"),
        ("within_72_hours", "within 72 hours of the return", "within_72_hours"),
    ):
        row = {"figure": figure, "label": label}
        rows.append(
            row
            | {
                f"{column}{end}": interviews.loc[name, f"{column}{end}"]
                for column in ("count", "of")
                for end in ("", "_before")
            }
        )
    table = pd.DataFrame(rows, columns=["figure", "label", "count", "of", "count_before", "of_before"])
    for end in ("", "_before"):
        table[[f"count{end}", f"of{end}"]] = table[[f"count{end}", f"of{end}"]].astype("Int64")
        table[f"percent{end}"] = _of(table[f"count{end}"], table[f"of{end}"])
    return table[["figure", "label", "count", "of", "percent", "count_before", "of_before", "percent_before"]]


def cell(table: pd.DataFrame, dimension: str, code: str, column: str) -> Any:
    """Return one number of a table by dimension and group; 0 for a group nobody is in; missing where nothing is known."""
    rows = table[table["dimension"] == dimension].set_index("group_code")[column]
    if code == OTHER:
        known = [rows.get(name, 0) for name in (CCE, CSE)]
        return rows[TOTAL] - sum(known) if TOTAL in rows else pd.NA
    if TOTAL not in rows or pd.isna(rows[TOTAL]):
        return pd.NA
    return rows.get(code, 0)


# Answer and files ----------------------------------------------------------------------------------------


def answer(found: Dashboard) -> str:
    """Return the sentence that answers the page: what the period held, and the one before."""
    key = found.tables["key_figures"].set_index("figure")

    def told(figure: str, *what: str) -> str:
        row = key.loc[figure]
        before = "" if pd.isna(row["count_before"]) else f" ({words.number(row['count_before'])} before)"
        return f"{words.count(row['count'], *what)}{before}"

    parts = [
        told("referrals", "referral received", "referrals received"),
        told("open", "child open at the end", "children open at the end"),
        f"{told('missing_reports', 'missing report')} of {told('children_missing', 'child', 'children')}",
    ]
    late = key.loc["within_72_hours"]
    held = (
        f"; {late['percent']:.0f}% of {words.number(late['of'])} return interviews were within 72 hours"
        if not pd.isna(late["percent"])
        else ""
    )
    return f"{words.span(found.period.since, found.period.until)}: {words.listing(parts)}{held}."


def save(
    analysis: Analysis, found: Dashboard, tables: Mapping[str, pd.DataFrame], out: Path, *, published: bool
) -> None:
    """Write tables as Parquet and as CSV, with a summary, to a folder: whole or not at all.

    Raises
    ------
    FileExistsError
        The folder holds something that is not an earlier result.
    """
    summary = {
        **analysis.stamp,
        "settings": {
            "viewer": analysis.settings.viewer.role,
            **{name: getattr(found.period, name).isoformat() for name in ("since", "until")},
            "compared_with": {name: getattr(found.before, name).isoformat() for name in ("since", "until")},
            "published": published,
        },
        "notes": [*analysis.records.notes, *found.notes],
        "files": list(tables),
    }
    with swapped_in(out, FILES) as folder:
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet", index=False)
            write_csv(table, folder / f"{name}.csv")
        write_summary(folder, summary)


# Parts ----------------------------------------------------------------------------------------------------


def _side_by_side(
    rows: list[pd.DataFrame],
    dimension: str,
    group: Callable[[pd.DataFrame], pd.Series],
    called: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Count the rows of both periods by group, with what each group is called."""
    called = called or {}
    both = [shares(group(table), child=table["person_id"], order=called) for table in rows]
    table = compared(*both).reset_index()
    names = {**called, NOT_RECORDED: "not recorded", TOTAL: "total"}
    said = [str(names.get(code, words.code(code))) for code in table["group_code"]]
    table.insert(0, "dimension", dimension)
    table.insert(2, "group", said)
    return table


def _stacked(*tables: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True)


def _agency(agency: pd.Series) -> pd.Series:
    """Return agencies as codes, so that "Police" and "police " are one."""
    plain = agency.astype(TEXT).str.strip().str.casefold().str.replace(r"\s+", "_", regex=True)
    return plain.mask(plain == "")


def _trait(ground: Ground, column: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda table: table["person_id"].map(ground.of[column])


def _traits(ground: Ground, on: str) -> list[tuple[str, Callable[[pd.DataFrame], pd.Series]]]:
    """Return sex, age on a day, and ethnic group of the children of a table."""
    grouped = {code: name for name, codes in ETHNICITIES.items() for code in codes}
    grouped |= dict.fromkeys(("REFU", "NOBT"), "declined")
    ethnicity = ground.of["ethnicity"].map(grouped).fillna(ground.of["ethnicity"])
    return [
        ("sex", _trait(ground, "sex")),
        (
            "age",
            lambda table: age_band(age_at(table["person_id"].map(ground.of["date_of_birth"]), table[on])),
        ),
        ("ethnicity", lambda table: table["person_id"].map(ethnicity)),
    ]


def _of(part: pd.Series, whole: pd.Series) -> pd.Series:
    numbers = [each.astype("Float64").astype(float) for each in (part, whole)]
    return 100 * numbers[0] / numbers[1].where(numbers[1] > 0)


OF_EPISODES = ("missing episodes", "children missing", "times missing")
"""Dimensions that rest on missing episodes; all others rest on referrals."""


def _without_nought(ground: Ground, name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Blank what is said of the period before where the records begin after it: that is not known, and not 0."""
    known = {
        kind: not pd.isna(first) and first.date() <= ground.before.until
        for kind, first in (
            ("referrals", ground.referrals["received_on"].min()),
            ("episodes", ground.missing["reported_at"].min()),
        )
    }
    if name == "missing_months" or all(known.values()):
        return table
    of_episodes = pd.Series(name == "interviews", index=table.index)
    if "dimension" in table:
        of_episodes |= table["dimension"].isin(OF_EPISODES)
    table = table.copy()
    for column in [column for column in table if column.endswith("_before")]:
        rows = of_episodes | ("missing" in column)
        lost = (rows & (not known["episodes"])) | (~rows & (not known["referrals"]))
        kind = "Float64" if pd.api.types.is_float_dtype(table[column]) else "Int64"
        table[column] = table[column].astype(kind).mask(lost)
    return table


def _notes(ground: Ground) -> list[str]:
    notes = []
    as_of = ground.analysis.as_of
    if as_of is not None and ground.period.until > as_of:
        notes.append(
            f"The records reach to {words.day(as_of)} and the period to {words.day(ground.period.until)}: it is not over yet, "
            f"and the period before is whole."
        )
    for dates, what in (
        (ground.referrals["received_on"], "referral"),
        (ground.missing["reported_at"], "missing episode"),
    ):
        if said := ground.began(dates, what=what):
            notes.append(said)
    if not ground.analysis.settings.viewer.sees_restricted:
        notes.append(
            "These figures count what this role may see. Figures for a report are a police analyst's, who sees every record."
        )
    return notes
