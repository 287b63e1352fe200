"""Say figures in plain English: the sentence at the top of a page, dates, how sure a link is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from app.text import markup, plain
from mapping.codes import load_codes
from mapping.text import shortened

LONDON = ZoneInfo("Europe/London")


def number(value: int) -> str:
    """Return a count with a comma at the thousands."""
    return f"{int(value):,}"


def count(value: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: "1 child", "12 children", "no children"."""
    if value == 1:
        return f"1 {one}"
    return f"{number(value) if value else 'no'} {many or one + 's'}"


def day_first(dates: int) -> str:
    """Say that dates of a copy are not as the store keeps them."""
    written = count(dates, "date is", "dates are")
    return f"{written} written day first, such as 31/03/2025, and cannot be used so: 03/04/2025 may be in March or in April."


def listing(parts: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def day(value: Any) -> str:
    """Return a date as "31 March 2023"; nothing recorded is "no date"."""
    if value is None or pd.isna(value):
        return "no date"
    stamp = pd.Timestamp(value)
    return f"{stamp.day} {stamp:%B %Y}"


def dated(text: str) -> str:
    """Return a sentence of a library with its days in words: 2025-06-02 is "2 June 2025"."""
    return re.sub(r"\b\d{4}-\d\d-\d\d\b", lambda found: day(found[0]), text)


def days(values: pd.Series) -> list[str]:
    """Return `day` of each of many dates or times; each day is worded once."""
    dates = pd.to_datetime(values).dt.normalize()
    said = {date: day(date) for date in dates.unique()}
    return dates.map(said).tolist()


def moment(value: Any) -> str:
    """Return a time as "Friday 31 March, 18:30"; nothing recorded is "not recorded"."""
    if value is None or pd.isna(value):
        return "not recorded"
    stamp = pd.Timestamp(value)
    return f"{stamp:%A} {stamp.day} {stamp:%B}, {stamp:%H:%M}"


def clock(at: datetime) -> datetime:
    """Return a moment that is kept in UTC as clocks in London show it."""
    return at.astimezone(LONDON).replace(tzinfo=None)


def span(first: Any, last: Any) -> str:
    """Return "31 March 2023", or "3 May 2022 to 31 March 2023"."""
    if first is None or pd.isna(first) or last is None or pd.isna(last) or day(first) == day(last):
        return day(first if last is None or pd.isna(last) else last)
    return f"{day(first)} to {day(last)}"


def lasting(hours: float) -> str:
    """Return a stretch of time in the unit one would say: "5 hours", "3 days"."""
    if hours < 1:
        return "less than an hour"
    if hours < 48:
        return count(int(hours), "hour")
    return count(int(hours // 24), "day")


def time_left(hours: float) -> str:
    """Return "14 hours left" or "2 days over"."""
    return f"{lasting(hours)} left" if hours >= 0 else f"{lasting(-hours)} over"


def code(value: Any) -> str:
    """Return a code without its underscores, for codes that have no wording of their own."""
    return plain(value).replace("_", " ")


def certainty(sources: int, agencies: int, items: int) -> str:
    """Return in words how sure something is: how many sources and agencies it rests on."""
    if items == 0:
        return "nothing on record"
    if sources <= 1 and items == 1:
        return "rests on one report" if sources else "rests on one record without a source"
    if sources <= 1:
        return f"rests on {count(sources, 'source') if sources else 'records without a source'}, {count(items, 'item')}"
    if sources >= 3 and agencies >= 2:
        return f"firm: {count(sources, 'source')}, {count(agencies, 'agency', 'agencies')}"
    return f"{count(sources, 'source')}, {count(agencies, 'agency', 'agencies')}"


def as_of(value: date | datetime) -> str:
    """Return the line that says which day's knowledge the page shows."""
    return f"as of {day(value)}"


def kinds_of_link(joined: Any) -> str:
    """Return in words how a link is known, from its kinds joined by "|"."""
    codes = load_codes()["association_kind"]
    parts = [
        _OCCASIONS.get(kind) or str(codes.get(kind, code(kind))) for kind in plain(joined).split("|") if kind
    ]
    return ", ".join(parts)


_OCCASIONS = {
    "event": "at the same event",
    "presence": "seen at the same place",
    "thing": "used the same thing",
    "missing": "missing together",
}


def concern(value: Any) -> str:
    """Return the words for a concern code."""
    return str(load_codes()["concern"].get(plain(value), code(value)))


def groups_answer(groups: pd.DataFrame, members: pd.DataFrame) -> str:
    """Return the sentence that answers the Groups page."""
    if groups.empty:
        return "No three people are linked closely enough to be a group with the grades and date chosen."
    inside = int(groups["size"].sum())
    newest = groups["last_seen"].max()
    alone = len(members) - inside
    return (
        f"{count(len(groups), 'group').capitalize()} of three or more, {number(inside)} children and young people in them; "
        f"{number(alone)} more are in pairs or linked to nobody. The newest evidence is from {day(newest)}."
    )


def group_facts(row: Any) -> str:
    """Return one phrase on a group: how many of whom, how many links."""
    parts = [count(int(row["children"]), "child", "children")]
    if row["young_adults"]:
        parts.append(count(int(row["young_adults"]), "young adult"))
    if row["unknown_age"]:
        parts.append(f"{number(int(row['unknown_age']))} of unknown age")
    return f"{listing(parts)}, {count(int(row['links']), 'link')}"


def newest_groups_html(groups: pd.DataFrame, called: pd.Series) -> str:
    """Return the groups with the newest evidence as a short list in HTML."""
    rows = [
        f'<div class="cm-row"><b>{markup(called[row["group_id"]])}</b>: {markup(group_facts(row))}<div class="cm-quiet">newest evidence {day(row["last_seen"])}</div></div>'
        for row in groups.to_dict("records")
    ]
    return "".join(rows)


GROUP_FILTERS: dict[str, tuple[str, ...] | None] = {
    "All": None,
    "Changed": ("formed", "merged", "split", "grown", "shrunk"),
    "Formed": ("formed",),
    "Grew or merged": ("grown", "merged"),
    "Split or shrank": ("split", "shrunk"),
}
"""What the Groups page can be narrowed to: words to kinds of change."""


def groups_listed(only: str, since: str) -> str:
    """Return the title of the list of groups."""
    if only == "All":
        return "All groups of three or more, newest evidence first"
    return f"Groups of three or more that {'changed' if only == 'Changed' else only.lower()} since {since}, newest evidence first"


CONTACT_FILTERS: dict[str, str | None] = {
    "All": None,
    "Adults": "person",
    "Phones and accounts": "thing",
    "Places": "location",
    "Online": "online",
    "Events": "event",
}
"""What the Shared contacts page can be narrowed to: words to contact type."""

PEER_FILTERS: dict[str, tuple[str, ...]] = {
    "Stated": ("peer", "partner", "online", "group", "co_offending", "exploitation", "other"),
    "Family": ("family",),
    "School": ("school",),
    "Same event": ("event",),
    "Same place": ("presence",),
    "Same phone or account": ("thing",),
    "Missing together": ("missing",),
    "Places": (),
    "Phones and accounts": (),
}
"""What a peer map can be narrowed to: words to kinds of link."""

PERIODS: dict[str, int | None] = {
    "any time": None,
    "a year": 365,
    "six months": 183,
    "three months": 91,
    "a month": 31,
}
"""How lately a link was seen, in days."""

WARD_MEASURES = {
    "children_known": "Children known who live here",
    "children_known_rate": "Children known per 1,000 aged 10 to 17",
    "missing_episodes": "Missing episodes",
    "children_missing": "Children missing at least once",
    "incidents": "Incidents",
    "events": "Events of any kind",
    "placements": "Placements here now",
    "placed_by_others": "Children placed here by other authorities",
    "children_10_17": "Children aged 10 to 17",
}
"""What the Wards page can show, by column; "_rate" is per 1,000 children aged 10 to 17."""
SHORT_WARD_MEASURES = {
    "children_known": "Children known",
    "children_known_rate": "Known per 1,000",
    "missing_episodes": "Missing episodes",
    "children_missing": "Children missing",
    "incidents": "Incidents",
    "events": "Events",
    "placements": "Placements",
    "placed_by_others": "Placed by others",
    "children_10_17": "Aged 10 to 17",
}
"""The same, as the headings of a table say it."""


def contacts_answer(contacts: pd.DataFrame) -> str:
    """Return the sentence that answers the Shared contacts page."""
    if contacts.empty:
        return "Nothing on record ties two or more children together, with the grades and date chosen."
    by_type = contacts["contact_type"].value_counts()
    named = (
        ("person", "adult", "adults"),
        ("thing", "phone, vehicle or account", "phones, vehicles and accounts"),
        ("location", "place", "places"),
        ("event", "event", "events"),
    )
    parts = [count(int(by_type[kind]), one, many) for kind, one, many in named if kind in by_type]
    apart, across = int(contacts["not_otherwise_linked"].sum()), int((contacts["groups"] >= 2).sum())
    return (
        f"{listing(parts).capitalize()} each connect two or more children. {number(across)} reach more than one group; "
        f"{number(apart)} connect children whom nothing else links."
    )


def plain_name(value: Any) -> str:
    """Return a name short enough for a heading."""
    return shortened(plain(value), 60)


def homes_without_ward(children: int, placed: int) -> str:
    """Return a sentence on how many of these children have no ward."""
    gap = children - placed
    return (
        f"{count(gap, 'child', 'children').capitalize()} of {number(children)} have no home in a ward on this map."
        if gap
        else ""
    )


def how(row: Mapping[str, Any]) -> str:
    """Return in words how one edge of a peer map is known."""
    if str(row["id"]).startswith("tie:"):
        return ", ".join(plain(row["kinds"]).split("|"))
    return kinds_of_link(row["kinds"])


def who(row: Mapping[str, Any], label: pd.Series) -> str:
    """Return what to call the other end of one edge of a peer map."""
    return plain(row["called"]) or str(label.get(row["ref"], row["ref"]))


def peer_answer(rows: pd.DataFrame) -> str:
    """Return the sentence that answers a peer map."""
    if rows.empty:
        return "Nobody and nothing is linked to this child with the filters, grades and date chosen."
    kind = rows["kind"]
    parts = [
        count(int(kind.isin(["child", "young_adult", "unknown_age"]).sum()), "young person", "young people")
    ]
    for name, one, many in (
        ("protective_adult", "protective adult", "protective adults"),
        ("adult_of_concern", "adult of concern", "adults of concern"),
        ("adult", "other adult", "other adults"),
    ):
        if (kind == name).any():
            parts.append(count(int((kind == name).sum()), one, many))
    places = int(rows["other"].astype(str).str.startswith("location:").sum())
    things = int(rows["other"].astype(str).str.startswith("thing:").sum())
    if places:
        parts.append(count(places, "place"))
    if things:
        parts.append(count(things, "phone, vehicle or account", "phones, vehicles and accounts"))
    protective = int((rows["nature"] == "protective").sum())
    return f"Linked to {listing(parts)}; {count(protective, 'link')} recorded as protective."


def wards_answer(wards: pd.DataFrame, values: pd.Series, measure: str, placed: bool) -> str:
    """Return the sentence that answers the Wards page: where a measure is concentrated."""
    known = values.dropna()
    name = WARD_MEASURES[measure].lower()
    if known.empty or known.max() <= 0:
        return f"{WARD_MEASURES[measure]}: nothing is known in any of {count(len(wards), 'ward')}."
    called = wards.set_index("ward_code")["ward_name"]
    top = known.sort_index().sort_values(ascending=False, kind="stable")
    first = [shortened(plain(called[code]), 60) for code in top.index[:5] if top[code] > 0]
    scope = "" if placed else ", without children placed here by other authorities"
    if measure.endswith("_rate"):
        return f"{name.capitalize()} are highest in {listing(first)}{scope}."
    share = top.iloc[:5].sum() / top.sum() * 100
    return f"{name.capitalize()}{scope}: {number(int(top.sum()))} in all, {share:.0f}% of them in {listing(first)}."


def wards_together_html(
    wards: pd.DataFrame, coverage: Mapping[str, Mapping[str, int]], *, children_missing: int
) -> str:
    """Return what all wards add up to, and what lies in none, as HTML."""
    sums = [
        (WARD_MEASURES[name], wards[name].sum())
        for name in ("children_known", "missing_episodes", "incidents", "placements", "placed_by_others")
    ]
    lines = [
        f'<div class="cm-row">{label}: <span class="cm-figure">{number(int(total))}</span></div>'
        for label, total in sums
    ]
    # Both counts, always: wards' own children cannot be added up, since one may go missing from two.
    lines.insert(
        2,
        f'<div class="cm-row">Children those episodes are of: <span class="cm-figure">{number(children_missing)}</span></div>',
    )
    for what, counts in coverage.items():
        if counts["total"]:
            lines.append(
                f'<div class="cm-row cm-quiet">{what.capitalize()}: {number(counts["in_ward"])} of {number(counts["total"])} lie in a ward; {number(counts["outside"])} outside every ward, {number(counts["no_place"])} without a place.</div>'
            )
    return "".join(lines)


def ward_profile_html(row: Mapping[str, Any]) -> str:
    """Return the profile of one ward as HTML; what is not known is said."""

    def figure(name: str) -> str:
        return "not known" if pd.isna(row[name]) else number(int(row[name]))

    known, aged = row["children_known"], row["children_10_17"]
    rate = (
        ""
        if pd.isna(known) or pd.isna(aged) or not aged
        else f" ({known / aged * 1000:.1f} per 1,000 aged 10 to 17)"
    )
    episodes, children = row["missing_episodes"], row["children_missing"]
    repeats = (
        ""
        if pd.isna(episodes) or not episodes
        else f", {(episodes - children) / episodes * 100:.0f}% of episodes are repeats"
    )
    decile = (
        "not known"
        if pd.isna(row["imd_decile"])
        else f"{int(row['imd_decile'])} of 10 (1 is the most deprived tenth of areas in England)"
    )
    facts = [
        f"Deprivation decile: <b>{decile}</b>",
        f"Children aged 10 to 17: <b>{figure('children_10_17')}</b>",
        f"Children known who live here: <b>{figure('children_known')}</b>{rate}; without placed children <b>{figure('children_known_residents')}</b>",
        f"<b>{figure('missing_episodes')}</b> missing episodes, <b>{figure('children_missing')}</b> children{repeats}; without placed children <b>{figure('missing_episodes_residents')}</b> episodes, <b>{figure('children_missing_residents')}</b> children",
        f"Incidents: <b>{figure('incidents')}</b>; events of any kind: <b>{figure('events')}</b>",
        f"Placements here now: <b>{figure('placements')}</b>, of which by other authorities <b>{figure('placed_by_others')}</b>",
    ]
    return "".join(f'<div class="cm-row">{fact}</div>' for fact in facts)


def method_html(method: str, limits: Iterable[str]) -> str:
    """Return a method and its limits as HTML."""
    return f"<p>{markup(method)}</p><ul>{''.join(f'<li>{markup(limit)}</li>' for limit in limits)}</ul>"


def wards_method_html(notes: Iterable[str]) -> str:
    """Return the method and limits of ward figures as HTML, with the notes on the files used."""
    listed = "".join(f"<li>{markup(note, limit=400)}</li>" for note in notes)
    return (
        "<p>A child lives in the ward of their placement if they are placed, else of their home. A missing episode belongs to the ward of the place the child was missing from. "
        "Home, placement, incident and responsible authority are four different places; none stands for another.</p>"
        "<p>Without placed children: leaves out children whom another authority has placed here. It never moves the scale.</p>"
        "<p>Deprivation describes areas, not people. Counts depend on what agencies record: a low count may mean that nobody looked.</p>"
        f"<ul>{listed}</ul>"
    )


def nature(value: Any) -> str:
    """Return the words for the nature of a link; nothing where it is not known."""
    said = plain(value)
    if said == "mixed":
        return "contradictory: protective and harmful"
    return "" if said in ("", "unknown") else str(load_codes()["nature"].get(said, code(said)))
