"""Say when things happen: hours of the week, months against the two years before, near repeats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from app import words
from app.results import swapped_in, write_summary
from app.text import plain
from geo.areas import Areas, build_areas
from geo.files import Geography
from geo.hours import DAYS, hours_of_week
from geo.measures import IN_RUNS, build_occurrences, children_taking
from geo.months import month_counts, months_compared
from geo.rates import repeat_factor
from geo.repeats import COLUMNS as REPEATS
from geo.repeats import count_near, near_repeats
from mapping.text import shortened

if TYPE_CHECKING:
    from app.analysis import Analysis

FILES = ("hours.parquet", "months.parquet", "repeats.parquet", "summary.json")
DISTANCES = (0.0, 1.0, 251.0, 501.0, 1001.0)
"""Where bands of distance begin, in metres: the same place, up to 250 m, 500 m, a kilometre, and further."""
WEEKS = (0, 8, 15, 22)
"""Where bands of time begin, in days."""
FEW = 20
"""Below this many a pattern over the week is not spoken of."""
MOST_PAIRS = 3_000_000
"""Near pairs beyond which near repeats are not tested."""
WORK = 100_000_000
"""Pairs times permutations; with more pairs there are fewer permutations."""
LEAST = 499
"""Permutations at the least: with fewer, no single cell of a table of 20 could ever be found beyond chance."""
LEVEL = 0.05
EPISODES, CHILDREN = "all", "children"

PARTS = {
    "at night (midnight to 06:00)": (0, 6),
    "in the morning (06:00 to noon)": (6, 12),
    "in the afternoon (noon to 18:00)": (12, 18),
    "in the evening (18:00 to midnight)": (18, 24),
}
METHOD = (
    "An event counts in the hour of the week it happened in; one of which only an interval is known, or only the day, is shared out "
    "over the hours of it. A month is set against the same month of the two years before by the days in each, with the interval "
    "of the ratio; and pairs of events that are near each other in place and time are counted and compared with what comes out "
    "when the dates are dealt out again by chance (Knox's test)."
)
LIMITS = (
    "An hour is when something was recorded as happening. For missing episodes it is when the child was reported, often hours after they left.",
    "What is seen depends on who is looking, and when: more patrols or later closing of a school office move the hours.",
    "A long interval is shared out evenly, which flattens the pattern; the column certain says how many lie in an hour for sure.",
    "Several episodes of one child in a month are allowed for in the interval. Months beyond chance allow for how many months are compared.",
    "A month without a single record of anything, or before the first of the kind, is taken for a month without data, not for nought. Where less used to be recorded, later months look high.",
    "A near repeat is of events, not of people. Places that are always busy and seasons that are busy everywhere are allowed for; a place that is busy for one season is not.",
)


class Kind(NamedTuple):
    """What can be looked at: how it is counted, and what it is called."""

    counted: str
    label: str
    one: str
    many: str


KINDS: Mapping[str, Kind] = {
    "missing_episodes": Kind("episode", "Missing episodes", "missing episode", "missing episodes"),
    "incidents": Kind("incident", "Incidents", "incident", "incidents"),
    "referrals": Kind("referral", "Referrals", "referral", "referrals"),
    "stop_searches": Kind("stop_search", "Stop and searches", "stop and search", "stop and searches"),
    "arrests": Kind("arrest", "Arrests", "arrest", "arrests"),
    "intelligence": Kind(
        "intelligence", "Events in intelligence", "event in intelligence", "events in intelligence"
    ),
    "contacts": Kind("contact", "Contacts", "contact", "contacts"),
    "other_events": Kind("other", "Other events", "other event", "other events"),
}
OF_EVENTS = tuple(kind.counted for kind in KINDS.values() if kind.counted not in ("episode", "referral"))
SINCE = {1: "The last year", 2: "The last two years", 0: "All on record"}
"""Periods the page offers, in years before the as-of date."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Everything that is dated, and where it belongs.

    Attributes
    ----------
    rows : from `build_occurrences`, with every kind of event.
    taking : event_id and person (a number) of the children recorded in events; None where the viewer may not see who was.
    areas : the wards; None where there are none, and then `without` says why.
    as_of : the date.
    """

    rows: pd.DataFrame
    taking: pd.DataFrame | None
    areas: Areas | None
    without: str
    as_of: date


@dataclass(frozen=True, eq=False)
class When:
    """When one kind of thing happened, in one ward or everywhere, in one period.

    Attributes
    ----------
    what, where, since, until : what was asked; `where` is the name of the ward, "" for everywhere.
    rows : the occurrences.
    children : how many different children they are of; None where that is not known.
    hours : from `geo.hours.hours_of_week`.
    months : one row a month and way of counting; see `MONTHS`.
    repeats : from `geo.repeats.near_repeats`, and said; empty where there is nothing to test.
    permutations : how many the test took.
    notes : what could not be worked out, and why.
    """

    what: str
    where: str
    since: date | None
    until: date
    rows: pd.DataFrame
    children: int | None
    hours: pd.DataFrame
    months: pd.DataFrame
    repeats: pd.DataFrame
    permutations: int
    notes: tuple[str, ...]


MONTHS = {
    "month": "str",
    "counted": "str",
    "observed": "float64",
    "year_before": "float64",
    "two_years_before": "float64",
    "years": "int64",
    "usual": "float64",
    "ratio": "float64",
    "ratio_low": "float64",
    "ratio_high": "float64",
    "p_value": "float64",
    "q_value": "float64",
    "said": "str",
}


def build_moments(analysis: Analysis, geography: Geography | None) -> Moments:
    """List everything that is dated, by what it is and where it belongs."""
    from app.analysis import UNDATED

    happened, as_of = analysis.happened, analysis.as_of or UNDATED
    try:
        areas, without = build_areas(geography), ""
    except ValueError as error:
        areas, without = None, str(error)
    rows = build_occurrences(areas, geography or Geography(), as_of=as_of, kinds=OF_EVENTS, **happened)
    who = happened["participation"]
    taking = None if who is None else children_taking(who, happened["people"], happened["events"])
    return Moments(rows, taking, areas, without, as_of)


def find_when(
    moments: Moments,
    what: str,
    *,
    area: str | None = None,
    since: date | None = None,
    placed: bool = True,
    distances: Sequence[float] = DISTANCES,
    days: Sequence[int] = WEEKS,
    permutations: int | None = None,
    seed: int = 0,
) -> When:
    """Work out when one kind of thing happened.

    Parameters
    ----------
    what : one of `KINDS`.
    area : code of a ward; None for everywhere, also outside every ward.
    since : first day; by default all on record. Months are compared with those before it all the same.
    placed : with children whom other authorities have placed here.
    distances, days : where bands begin; see `geo.repeats.near_repeats`.
    permutations : by default 999, or fewer where there are very many pairs.

    Raises
    ------
    ValueError
        There is no such kind or ward, or bands do not rise from 0.
    """
    every = _chosen(moments, what, area, placed)
    first = pd.Timestamp(since) if since is not None else pd.Timestamp.min
    rows = every[every["on"] >= first]
    months, said = _months(moments, every, what, first)
    repeats, done, told = _repeats(rows, what, distances, days, permutations, seed)
    notes = [moments.without] if moments.without else []
    notes += [*_of_hours(rows, what), *said, *told]
    people = _people(moments, rows, what)
    return When(
        what,
        "" if area is None or moments.areas is None else str(moments.areas.table.at[area, "area_name"]),
        since,
        moments.as_of,
        rows,
        None if people is None else int(people["person"].nunique()),
        hours_of_week(rows["on"], rows["until"]),
        months,
        repeats,
        done,
        tuple(notes),
    )


def _chosen(moments: Moments, what: str, area: str | None, placed: bool) -> pd.DataFrame:
    """Return the dated occurrences of a kind, in a ward or everywhere."""
    if what not in KINDS:
        msg = f"{what} is none of {', '.join(KINDS)}. Give one of these."
        raise ValueError(msg)
    if area is not None and (moments.areas is None or area not in moments.areas.table.index):
        msg = f"There is no ward {area} here. {moments.without or 'Give the code of one of the wards of the case.'}"
        raise ValueError(msg)
    rows = moments.rows
    keep = (rows["counted"] == KINDS[what].counted) & rows["on"].notna()
    if area is not None:
        keep &= rows["area_code"] == area
    if not placed:
        keep &= ~rows["placed"].fillna(False).astype(bool)
    return rows[keep.fillna(False)].reset_index(drop=True)


def _people(moments: Moments, rows: pd.DataFrame, what: str) -> pd.DataFrame | None:
    """Return on and person, one row an occurrence and child; None where it is not known who was there."""
    if KINDS[what].counted in ("episode", "referral"):
        return rows[["on", "person"]]
    if moments.taking is None:
        return None
    return rows[["on", "event_id"]].merge(moments.taking, on="event_id")[["on", "person"]]


def _of_hours(rows: pd.DataFrame, what: str) -> list[str]:
    """Say what the hours rest on."""
    kind = KINDS[what]
    day_only = int((~rows["timed"]).sum())
    between = int((rows["timed"] & rows["until"].notna()).sum())
    notes = []
    if day_only:
        notes.append(
            f"Of {words.count(day_only, kind.one, kind.many)} only the day is known: shared out evenly over its 24 hours."
        )
    if between:
        notes.append(
            f"{words.count(between, kind.one, kind.many).capitalize()} lasted, or happened at some time in an interval: shared out over it."
        )
    if len(rows) and len(rows) < FEW:
        notes.append(
            f"With {words.count(len(rows), kind.one, kind.many)} the hours of the week show no pattern yet."
        )
    return notes


def _months(
    moments: Moments, every: pd.DataFrame, what: str, first: pd.Timestamp
) -> tuple[pd.DataFrame, list[str]]:
    """Compare each month of the period with the two years before, by occurrences and by children."""
    kind = KINDS[what].counted
    dated = moments.rows[["counted", "on"]].dropna()
    month = dated["on"].dt.strftime("%Y-%m")
    # From the first of the kind on, a month in which anything at all is recorded has data, be it nought of this kind.
    began = month[dated["counted"] == kind].min()
    covered = sorted(set(month[month >= began])) if pd.notna(began) else []
    people = _people(moments, every, what)
    counted = {EPISODES: month_counts(every["on"], covered=covered, through=moments.as_of)}
    if people is not None:
        counted[CHILDREN] = month_counts(
            people["on"], distinct=people["person"], covered=covered, through=moments.as_of
        )
    factor = 1.0
    if what in IN_RUNS and len(every):
        factor = max(1.0, repeat_factor(every["on"].dt.strftime("%Y-%m"), every["person"].astype(str)))
    parts = [
        months_compared(counts, repeat_factor=factor if name == EPISODES else 1.0)
        .rename_axis("month")
        .reset_index()
        .assign(counted=name)
        for name, counts in counted.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    table = table[(table["month"] >= f"{first:%Y-%m}") & table["observed"].notna()].reset_index(drop=True)
    table["q_value"] = _adjusted(table["p_value"])
    table["said"] = [against_usual(row) for row in table.to_dict("records")]
    notes = (
        []
        if people is not None
        else ["Who took part in events is not for this viewer: children are not counted."]
    )
    if len(table) and not table["years"].any():
        notes.append("There is no month of the two years before to compare with.")
    return table[[*MONTHS]].astype(MONTHS), notes


def _adjusted(p_value: pd.Series) -> pd.Series:
    """Adjust p-values for how many there are (Benjamini and Hochberg); missing stay missing."""
    from geo.hotspots import false_discovery

    known = p_value.notna()
    out = pd.Series(np.nan, index=p_value.index)
    if known.any():
        out[known] = np.asarray(false_discovery(p_value[known]))
    return out


def _repeats(
    rows: pd.DataFrame,
    what: str,
    distances: Sequence[float],
    days: Sequence[int],
    permutations: int | None,
    seed: int,
) -> tuple[pd.DataFrame, int, list[str]]:
    """Test for near repeats; where there is nothing to test, say why."""
    none = pd.DataFrame(columns=[*REPEATS, "said"])
    kind = KINDS[what]
    if kind.counted == "referral":
        return none, 0, ["Near repeats are not looked for: a referral has no place of its own."]
    events = rows[["easting", "northing"]].assign(date=rows["on"]).dropna()
    lost = len(rows) - len(events)
    notes = (
        [f"{words.count(lost, kind.one, kind.many).capitalize()} without a place left out of near repeats."]
        if lost
        else []
    )
    if why := _untestable(events, kind):
        return none, 0, [*notes, why]
    pairs = count_near(events, reach=distances[-1])
    if pairs > MOST_PAIRS:
        said = f"Near repeats are not tested: {words.number(pairs)} pairs lie within {distances[-1] - 1:,.0f} metres of each other. Choose a ward or a shorter period."
        return none, 0, [*notes, said]
    times = permutations or int(min(999, max(LEAST, WORK // max(pairs, 1))))
    found = near_repeats(events, distances=distances, days=days, permutations=times, seed=seed)
    said = [repeat_said(row) for row in found.to_dict("records")]
    if kind.counted == "episode":
        notes.append(
            "An episode is placed where the child went missing from, mostly where they live: repeats at the same place are often of the same children."
        )
    return found.assign(said=said), times, notes


def _untestable(events: pd.DataFrame, kind: Kind) -> str:
    """Say why pairs cannot be compared, "" where they can."""
    if len(events) < 2:
        return f"Near repeats need two {kind.many} with a place, and there {'is' if len(events) == 1 else 'are'} {words.count(len(events), kind.one, kind.many)}."
    if events["date"].dt.normalize().nunique() == 1:
        return f"Near repeats cannot be told: all {kind.many} are of one day."
    if len(events[["easting", "northing"]].drop_duplicates()) == 1:
        return (
            f"Near repeats cannot be told: all {kind.many} are at one place, so none is nearer than another."
        )
    return ""


def against_usual(row: Mapping[str, Any]) -> str:
    """Say how a month compares with the two years before."""
    if not row["years"]:
        return "nothing to compare with"
    if pd.isna(row["ratio"]):
        return "none now and none before"
    times = "none before" if np.isinf(row["ratio"]) else f"{row['ratio']:.2f} times"
    if row["q_value"] > LEVEL:
        return f"chance could explain it ({times})"
    return f"{'more' if row['observed'] > row['usual'] else 'fewer'} than usual, beyond chance ({times})"


def repeat_said(row: Mapping[str, Any]) -> str:
    """Say whether a pair of bands holds more pairs than chance gives."""
    if row["near_repeat"]:
        return "more than chance"
    if row["p_value"] <= LEVEL:
        return "could be chance, with so many cells compared"
    return "no more than chance explains" if row["expected"] > 0 or row["observed"] > 0 else "no pairs"


def distance_said(low: float, high: float) -> str:
    """Return a band of distance in words: "at the same place", "up to 250 m away"."""
    if np.isinf(high):
        return f"more than {_metres(low - 1)} away"
    if low == 0 and high <= 1:
        return "at the same place"
    if low <= 1:
        return f"up to {_metres(high - 1)} away"
    return f"{_metres(low - 1)} to {_metres(high - 1)} away"


def time_said(low: float, high: float) -> str:
    """Return a band of time in words: "within 7 days"."""
    if np.isinf(high):
        return f"{low:g} days apart or more"
    return f"within {high - 1:g} days" if low == 0 else f"{low:g} to {high - 1:g} days apart"


def _metres(value: float) -> str:
    return f"{value / 1000:g} km" if value >= 1000 else f"{value:g} m"


def answer(found: When) -> str:
    """Return the sentence that answers the page."""
    kind = KINDS[found.what]
    if found.rows.empty:
        from app.analysis import UNDATED

        if found.until >= UNDATED:
            return f"No {kind.one} is on record in this case, and nothing else that has a date."
        return f"No {kind.one} is on record {_scope(found)}."
    of = "" if found.children is None else f" of {words.count(found.children, 'child', 'children')}"
    first = f"{words.count(len(found.rows), kind.one, kind.many).capitalize()}{of} {_scope(found)}"
    return f"{first}{_week(found)}."


def further(found: When) -> list[str]:
    """Return what else there is to say: how the latest month compares, and whether one is followed by another nearby."""
    return [] if found.rows.empty else [part for part in (_latest(found), _near(found)) if part]


def _scope(found: When) -> str:
    where = f"in {shortened(plain(found.where), 60)} " if found.where else ""
    since = f"from {words.day(found.since)} " if found.since else ""
    return f"{where}{since}up to {words.day(found.until)}"


def _week(found: When) -> str:
    """Say in which part of the day and on which day most happen."""
    if len(found.rows) < FEW:
        return ""
    by_day = found.hours.groupby("weekday", sort=False)["weight"].sum()
    day = str(by_day.idxmax())
    days = f"most on {day}s ({by_day[day] / by_day.sum():.0%}; 14% would be even)"
    if not found.rows["timed"].mean() > 0.5:
        return f": {days}"
    part, share = busiest_part(found.hours)
    return f": {share:.0%} of them {part}, {days}"


def busiest_part(hours: pd.DataFrame) -> tuple[str, float]:
    """Return the quarter of the day in which most happen, and its share."""
    whole = hours["weight"].sum()
    shares = {
        name: float(hours.loc[hours["hour"].between(low, high - 1), "weight"].sum() / whole)
        for name, (low, high) in PARTS.items()
    }
    name = max(shares, key=lambda each: shares[each])
    return name, shares[name]


def _latest(found: When) -> str:
    """Say how the latest month compares."""
    rows = found.months[(found.months["counted"] == EPISODES) & (found.months["years"] > 0)]
    if rows.empty:
        return ""
    row = rows.iloc[-1]
    beyond = rows[rows["q_value"] <= LEVEL]
    more = int((beyond["observed"] > beyond["usual"]).sum())
    said = f"{month_name(row['month'])} had {int(row['observed']):,} where the two years before lead one to expect {row['usual']:,.0f}: {row['said']}."
    if len(rows) > 1 and len(beyond):
        said += f" Beyond chance: {words.count(more, 'month')} above and {len(beyond) - more} below, of {len(rows)}."
    return said


def _near(found: When) -> str:
    """Say whether one is followed by another nearby, in the nearest band with a finding."""
    if found.repeats.empty:
        return ""
    first = found.repeats[found.repeats["days_from"] == 0]
    near = first[first["near_repeat"].astype(bool) & np.isfinite(first["distance_to"].astype(float))]
    if near.empty:
        soon = time_said(0, float(first["days_to"].iloc[0]))
        return f"No near repeats {soon}: as much happens nearby so soon as chance alone would give."
    row = near.iloc[0]
    return (
        f"{KINDS[found.what].one.capitalize()} pairs {distance_said(row['distance_from'], row['distance_to'])} and "
        f"{time_said(row['days_from'], row['days_to'])} of each other come {row['ratio']:.1f} times as often as chance gives."
    )


def month_name(month: str) -> str:
    """Return "2026-03" as "March 2026"."""
    return f"{pd.Period(month):%B %Y}"


def hour_rows(found: When) -> pd.DataFrame:
    """Return the hours as the page lists them, busiest first."""
    table = found.hours.assign(
        when=[
            f"{day} {hour:02}:00"
            for day, hour in zip(found.hours["weekday"], found.hours["hour"], strict=True)
        ],
        share=(100 * found.hours["share"]).round(1),
        weight=found.hours["weight"].round(1),
        order=range(len(found.hours)),
    )
    return table.sort_values(["weight", "order"], ascending=[False, True], ignore_index=True).drop(
        columns="order"
    )


def month_rows(found: When) -> pd.DataFrame:
    """Return the months as the page lists them, the latest first, episodes beside children."""
    kind = KINDS[found.what]
    called = {EPISODES: kind.label, CHILDREN: "Children"}
    table = found.months.assign(of=found.months["counted"].map(called), order=range(len(found.months)))
    table = table.sort_values(["month", "order"], ascending=[False, True], ignore_index=True)
    rounded = {name: table[name].round(2) for name in ("ratio", "ratio_low", "ratio_high")}
    names = [month_name(month) for month in table["month"]]
    return table.assign(named=names, usual=table["usual"].round(1), **rounded).replace([np.inf], np.nan)


def repeat_rows(found: When) -> pd.DataFrame:
    """Return the table of near repeats as the page lists it: bands in words, figures rounded."""
    table = found.repeats
    return table.assign(
        place=[
            distance_said(*ends) for ends in zip(table["distance_from"], table["distance_to"], strict=True)
        ],
        time=[time_said(*ends) for ends in zip(table["days_from"], table["days_to"], strict=True)],
        expected=table["expected"].astype(float).round(1),
        ratio=table["ratio"].astype(float).round(2),
        p_value=[f"{value:.3f}" if value >= 0.0005 else "below 0.001" for value in table["p_value"]],
    )


def repeat_lines(found: When, *, most: int = 4) -> list[str]:
    """Return the near repeats beyond chance in sentences, the nearest in place and time first."""
    rows = found.repeats
    bounded = np.isfinite((rows["distance_to"] + rows["days_to"]).astype(float))
    rows = rows[rows["near_repeat"].astype(bool) & bounded]
    return [
        f"{distance_said(row['distance_from'], row['distance_to'])}, {time_said(row['days_from'], row['days_to'])}: "
        f"{words.count(int(row['observed']), 'pair')} where {row['expected']:,.1f} would be expected by chance, "
        f"{row['ratio']:.2f} times as many (p {_chance(row['p_value'])})".capitalize()
        for row in rows.head(most).to_dict("records")
    ]


def _chance(value: float) -> str:
    return f"= {value:.3f}" if value >= 0.0015 else "= 0.001 or less"


def save(analysis: Analysis, found: When, out: Path, *, seed: int) -> None:
    """Write hours, months, repeats and summary.json to a folder, whole or not at all.

    Raises
    ------
    FileExistsError
        The folder holds something that is not an earlier result.
    """
    tables = {"hours": found.hours, "months": found.months, "repeats": found.repeats}
    summary = {
        **analysis.stamp,
        "settings": {
            "viewer": analysis.settings.viewer.role,
            "what": found.what,
            "where": found.where,
            "since": None if found.since is None else found.since.isoformat(),
            "permutations": found.permutations,
            "seed": seed,
        },
        "rows": analysis.counts["rows"],
        "rejected": analysis.counts["rejected"],
        "results": {"counted": len(found.rows), "children": found.children},
        "notes": [*analysis.records.notes, *found.notes],
        "files": list(tables),
    }
    with swapped_in(out, FILES) as folder:
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet", index=False)
        write_summary(folder, summary)


def week_said(found: When) -> str:
    """Return the picture of the week in words: the three busiest hours."""
    first = hour_rows(found).head(3)
    listed = [f"{row['when']} ({row['weight']:,.1f})" for row in first.to_dict("records")]
    return f"Hours of the week, {', '.join(DAYS[:1])} to {DAYS[-1]}; the busiest are {words.listing(listed)}. The table below has all 168."


def ward_choices(areas: Areas | None) -> Iterable[tuple[str, str]]:
    """Return code and name of each ward, by name."""
    if areas is None:
        return []
    names = areas.table["area_name"]
    return sorted(zip(names.index, names.map(plain), strict=True), key=lambda each: (each[1], each[0]))
