"""Draw up the sections of a problem profile: figures, sentences, tables, charts and maps from the case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from app import gaps, profile, words
from app.documents import pictures
from app.documents.paper import Bullets, Grid, Heading, Part, Picture, Text
from app.names import group_labels
from app.profile import Scope, among, column, part_of, said, shares_of, tally
from app.text import plain
from geo.gaps import Gaps, build_gaps
from geo.hours import hours_of_week
from mapping.ages import age_at, age_band
from mapping.codes import load_codes
from mapping.text import shortened

NOT_WIDER = "Left out of a version for a wider audience: it is about few people."
FIRST = 10
"""Rows of a table that lists contexts; the app has all of them."""

PRIVATE = ("home", "foster_home", "childrens_home", "semi_independent")
"""Places that are somebody's home: counted, never named in a document that is passed on."""

BANDS = {
    "under_11": "under 11",
    "11_12": "11 to 12",
    "13_14": "13 to 14",
    "15_16": "15 to 16",
    "17": "17",
    "18_and_over": "18 and over by then",
}


@dataclass(frozen=True)
class Section:
    """One section as drawn up from the case.

    Attributes
    ----------
    figures : what the text rests on, by name; a change in them is a reason to read the text again.
    sentences : the generated text.
    parts : tables, charts and maps, which stand under the text.
    """

    figures: Mapping[str, str] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


def sources(scope: Scope) -> Section:
    """Say which reports the profile rests on, and how they are graded."""
    rows = scope.analysis.records.table("sources")
    rows = rows[rows["recorded_on"].isna() | scope.period.holds(rows["recorded_on"])]
    graded = rows["information_grade"].notna() & rows["source_grade"].notna()
    conditions = int((rows["handling"] == "C").sum())
    number, share = part_of(int(graded.sum()), len(rows), scope.wide)
    grade = (rows["source_grade"] + rows["information_grade"]).where(graded)
    sentences = [
        f"The case holds {words.count(len(rows), 'report')} of this period, of all areas and concerns, from {words.count(rows['agency'].nunique(), 'agency', 'agencies')}; {number} ({share}) are graded in 3x5x2.",
        "A grade is of one item, given by an analyst; it is a category, not a probability.",
    ]
    if conditions:
        sentences.append(
            f"{said(conditions, scope.wide)} of the reports may be shared with conditions only (handling C). Before this document is passed on, look at their action and sanitisation codes."
        )
    by_agency = _counts("Agency", "Reports", tally(rows["agency"], None), scope, caption="Reports by agency")
    by_kind = _counts("Kind", "Reports", tally(rows["kind"], "source_kind"), scope, caption="Reports by kind")
    by_grade = _counts("Grade", "Reports", tally(grade, None), scope, caption="Reports by 3x5x2 grade")
    figures = {"Reports": words.number(len(rows)), "Graded": number}
    return Section(figures, tuple(sentences), (by_kind, by_agency, by_grade))


def summary(scope: Scope) -> Section:
    """Say the main numbers of the period."""
    numbers, wide = profile.count(scope), scope.wide
    again, again_share = part_of(numbers.children_missing_again, numbers.children_missing, wide)
    timely, timely_share = part_of(numbers.within_72_hours, numbers.interviews_held, wide)
    figures = {name: said(value, wide) for name, value in numbers.counted.items()}
    figures["Children missing more than once"] = again
    figures["Return interviews within 72 hours"] = timely
    figures |= {
        "Children referred, missing or harmed": said(len(scope.children), wide),
        "Children open at the end": said(int(scope.open_children["person_id"].nunique()), wide),
        "Groups of three or more": said(len(scope.groups), wide),
        "Candidate operations": said(len(scope.operations), wide),
    }
    sentences = (
        f"Between {words.day(scope.period.since)} and {words.day(scope.period.until)}, {_where(scope)}, {_number(figures['Children referred, missing or harmed'], 'child was', 'children were')} referred, missing or recorded as harmed{_of_concern(scope)}.",
        f"There were {_of_children(figures['Referrals'], 'referral', figures['Children referred'])}; {_number(figures['Children open at the end'], 'child was', 'children were')} open at the end.",
        f"There were {_of_children(figures['Missing episodes'], 'missing episode', figures['Children missing'])}"
        + (
            f"; {again} of these children ({again_share}) were missing more than once."
            if numbers.children_missing
            else "."
        ),
        f"{figures['Return interviews held']} return interviews were held, {timely} of them ({timely_share}) within 72 hours of the return."
        if numbers.interviews_held
        else "No return interview was held.",
        f"{_number(figures['Incidents'], 'incident is', 'incidents are')} on record; in events of any kind {_number(figures['Children recorded as harmed'], 'child is', 'children are')} recorded as harmed.",
        f"{_number(figures['Groups of three or more'], 'group')} of three or more {'has' if figures['Groups of three or more'] == '1' else 'have'} children who live here, and {_number(figures['Candidate operations'], 'candidate operation')} {'concerns' if figures['Candidate operations'] == '1' else 'concern'} them.",
    )
    table = Grid(
        ["What", "Number"], [[name, value] for name, value in figures.items()], "The main numbers", (3, 1)
    )
    return Section(figures, sentences, (table,))


def _of_children(value: str, one: str, children: str) -> str:
    """Return "3 referrals of 2 children", or "no referrals"."""
    return (
        _number(value, one)
        if value == "0"
        else f"{_number(value, one)} of {_number(children, 'child', 'children')}"
    )


def victims(scope: Scope) -> Section:
    """Say who the children are, all together, and how they came to be known."""
    rows = scope.people.reindex(scope.children)
    referrals = scope.referrals()
    bands = age_band(age_at(rows["date_of_birth"], pd.Timestamp(scope.period.until)))
    tables = {
        "Age at the end of the period": tally(bands, BANDS),
        "Sex": tally(rows["sex"], "sex"),
        "Ethnicity": tally(rows["ethnicity"], "ethnicity"),
        "Care status now": tally(rows["care_status"], "care_status"),
        "Referral to the National Referral Mechanism": tally(rows["nrm_status"], "nrm_status"),
    }
    came = {
        "Concern of the referral": tally(referrals["concern"], "concern"),
        "Who referred": tally(referrals["source_agency"], None),
        "Decision": tally(referrals["decision"], None),
    }
    number = said(len(scope.children), scope.wide)
    most = column(tables["Age at the end of the period"], scope.wide).drop("Total")
    placed, share = part_of(int(scope.episodes()["placed"].sum()), len(scope.episodes()), scope.wide)
    sentences = (
        f"The tables are of the {_number(number, 'child', 'children')} referred, missing or recorded as harmed in the period; each child counts once in each table.",
        f"The most are {_most(most)}.",
        f"{placed} of the missing episodes ({share}) are of children placed here by another authority.",
        "A child who may also have harmed somebody is counted as a child like the others.",
    )
    grids = [_counts(name, "Children", counts, scope) for name, counts in tables.items()]
    grids += [_counts(name, "Referrals", counts, scope) for name, counts in came.items()]
    figures = {"Children": number, "Episodes of children placed by others": placed}
    return Section(figures, sentences, tuple(grids))


def concern(scope: Scope) -> Section:
    """Say how many adults records name as harming children here, without naming them."""
    parts = scope.parts()
    adults = parts[~parts["child"]]
    roles = adults.drop_duplicates(["person_id", "role"])["role"]
    roles = roles[roles.isin(("may_have_harmed", "adult_of_concern"))]
    people = scope.ties[scope.ties["contact_type"] == "person"]["contact_id"]
    harmful = scope.people.reindex(people.unique())["of_concern"].fillna(False).astype(bool)
    named = adults[adults["role"].isin(("may_have_harmed", "adult_of_concern"))]["person_id"].nunique()
    both = parts[parts["child"] & (parts["role"] == "may_have_harmed")]["person_id"].nunique()
    figures = {
        "Adults in events": said(int(named), scope.wide),
        "Adults of concern with two or more children of the area": said(int(harmful.sum()), scope.wide),
        "Children who may have harmed": said(int(both), scope.wide),
    }
    sentences = (
        f"In events of the period {_number(figures['Adults in events'], 'person aged 18 or over is', 'people aged 18 or over are')} recorded as an adult of concern or as one who may have harmed.",
        f"{_number(figures['Adults of concern with two or more children of the area'], 'adult of concern is', 'adults of concern are')} tied to two or more children who live here.",
        f"{_number(figures['Children who may have harmed'], 'child is', 'children are')} recorded as one who may have harmed; they are children first, and are counted among the children above where they were harmed, missing or referred.",
        "Nobody is named here. Who they are, and what that rests on, is in the packs of candidate operations.",
    )
    grid = _counts(
        "Part in an event", "People", tally(roles, "role"), scope, caption="People aged 18 or over"
    )
    return Section(figures, sentences, (grid,))


def places(scope: Scope) -> Section:
    """Say at which kinds of place incidents and harm were recorded, and which places come up most."""
    kinds = load_codes()["location_kind"]
    listed = scope.analysis.records.table("locations").set_index("location_id")[["kind", "name"]]
    events = scope.all_events[scope.period.holds(scope.all_events["started_at"])]
    events = events[
        (events["kind"] == "incident") | among(events["event_id"], scope.harmed()["event_id"])
    ].join(listed, on="location_id", rsuffix="_of_place")
    by_kind = tally(events["kind_of_place"], kinds)
    found = scope.episodes()["found_at_location"].map(listed["kind"])
    grids = [
        _counts(
            "Kind of place",
            "Events",
            by_kind,
            scope,
            caption="Where incidents happened and children were harmed",
        ),
        _counts(
            "Kind of place",
            "Episodes",
            tally(found, kinds),
            scope,
            caption="Where missing children were found",
        ),
    ]
    named = events[events["name"].notna() & ~events["kind_of_place"].isin(PRIVATE)]
    top = named.groupby("location_id").agg(events=("event_id", "nunique"), days=("started_at", _days))
    top = top.sort_values(["days", "events"], ascending=False, kind="stable").head(FIRST)
    rows = [
        [
            shortened(plain(listed.loc[place, "name"]), 60),
            kinds.get(str(listed.loc[place, "kind"]), ""),
            words.number(row.events),
            words.number(row.days),
        ]
        for place, row in top.iterrows()
    ]
    parts: list[Part] = [*grids]
    if rows and not scope.wide:
        parts.append(
            Grid(
                ["Place", "Kind", "Events", "Days"],
                rows,
                "Places on most days (nobody's home is listed)",
                (4, 2, 1, 1),
            )
        )
    figures = {
        "Events": said(len(events), scope.wide),
        "Places": said(events["location_id"].nunique(), scope.wide),
    }
    sentences = (
        f"{_number(figures['Events'], 'event')} of the period {'is' if figures['Events'] == '1' else 'are'} an incident or record harm to a child, at {_number(figures['Places'], 'listed place')}; the most are at {_most(column(by_kind, scope.wide).drop('Total'))}.",
        "A place is the thing to change: who manages it, who could look after it, and what would make it safer.",
    )
    return Section(figures, sentences, tuple(parts))


def times(scope: Scope) -> Section:
    """Say when incidents happened and children went missing: months, days and hours."""
    incidents, missing = scope.incidents(), scope.episodes()
    counts = {
        "Missing episodes": profile.months_of(missing["reported_at"], scope.period),
        "Children missing": profile.months_of(missing["reported_at"], scope.period, missing["person_id"]),
        "Incidents": profile.months_of(incidents["started_at"], scope.period),
        "Referrals": profile.months_of(scope.referrals()["received_on"], scope.period),
    }
    shown = _months(counts, scope.wide)
    drawn = {name: _numbers(each) for name, each in shown.items() if name != "Children missing"}
    table = pd.DataFrame(shown)
    month = [_month(label) for label in table.index]
    rows = [[name, *row] for name, row in zip(month, table.to_numpy().tolist(), strict=True)]
    both = pd.concat([missing["reported_at"], incidents["started_at"]], ignore_index=True)
    ends = pd.concat([missing["reported_at"], incidents["ended_at"].fillna(incidents["started_at"])], ignore_index=True)  # fmt: skip
    parts: list[Part] = [
        Picture(
            pictures.months(drawn, counted="number"),
            "Bars of missing episodes, incidents and referrals by month, each with a line for the same month a year before; the table below has the numbers.",
            "By month, with the year before",
        ),
        Grid(["Month", *shown], rows, "By month"),
    ]
    figures = {name: said(int(each.sum()), scope.wide) for name, each in counts.items() if name != "Children missing"}  # fmt: skip
    sentences = [
        f"The month with most missing episodes was {_top_month(shown['Missing episodes'])}, with most incidents {_top_month(shown['Incidents'])}.",
        "Months at either end that the period cuts short hold fewer days.",
    ]
    if len(both) and not scope.wide:
        hours = hours_of_week(both, ends)
        day = hours.groupby("weekday", sort=False)["weight"].sum()
        late = hours[(hours["hour"] >= 18) | (hours["hour"] < 6)]["weight"].sum() / hours["weight"].sum()
        figures |= {"Share between 18:00 and 06:00": f"{100 * late:.0f}%"}
        sentences.insert(
            1,
            f"More of them began on a {day.idxmax()} than on any other day ({100 * day.max() / day.sum():.0f}%); {100 * late:.0f}% began between 18:00 and 06:00. An event known only to lie between two times is shared out over the hours between.",
        )
        parts.append(
            Picture(
                pictures.week(hours),
                f"A grid of the hours of the week, darker where more episodes and incidents began; most on {day.idxmax()}.",
                "When missing episodes were reported and incidents happened",
            )
        )
    return Section(figures, tuple(sentences), tuple(parts))


def methods(scope: Scope) -> Section:
    """Say by what means children are reached, as far as records tell: kinds of tie, phones, vehicles, accounts, online spaces."""
    codes = load_codes()
    links = scope.analysis.records.table("associations")
    seen = links["last_seen"].isna() | scope.period.holds(links["last_seen"])
    harmful = links[seen & (links["nature"] == "harmful")]
    mine, theirs = (among(harmful[end], scope.living_here) for end in ("person_a", "person_b"))
    harmful = harmful[mine | theirs]
    things = scope.analysis.records.table("things").set_index("thing_id")["kind"]
    used = scope.ties[scope.ties["contact_type"] == "thing"].drop_duplicates("contact_id")
    online = scope.ties[scope.ties["contact_type"] == "location"].drop_duplicates("contact_id")["contact_id"]
    where = scope.analysis.records.table("locations").set_index("location_id")["kind"]
    events = scope.all_events[scope.period.holds(scope.all_events["started_at"])]
    harm = events[among(events["event_id"], scope.harmed()["event_id"])]
    grids = (
        _counts(
            "Tie",
            "Records",
            tally(harmful["kind"], "association_kind"),
            scope,
            caption="Ties that records call harmful",
        ),
        _counts(
            "Thing",
            "Things",
            tally(used["contact_id"].map(things), codes["thing_kind"]),
            scope,
            caption="Phones, vehicles and accounts that two or more children of the area used",
        ),
        _counts(
            "Event",
            "Events",
            tally(harm["kind"], "event_kind"),
            scope,
            caption="Events in which a child was harmed",
        ),
    )
    figures = {
        "Harmful ties": said(len(harmful), scope.wide),
        "Shared things": said(len(used), scope.wide),
        "Online spaces": said(int((online.map(where) == "online").sum()), scope.wide),
    }
    sentences = (
        f"{_number(figures['Harmful ties'], 'record calls', 'records call')} a tie of a child who lives here harmful.",
        f"{_number(figures['Shared things'], 'phone, vehicle or account was', 'phones, vehicles and accounts were')} used by two or more of these children, and {_number(figures['Online spaces'], 'online space')} {'has' if figures['Online spaces'] == '1' else 'have'} two or more of them.",
        "How harm is done stands in the text of reports. Read those behind the tables, and say here in a few sentences what is done to children, by whom, and how it begins.",
    )
    return Section(figures, sentences, grids)


def networks(scope: Scope) -> Section:
    """Say which groups, shared contacts and candidate operations have children of the area."""
    kinds = {
        "person": "people",
        "thing": "phones, vehicles and accounts",
        "location": "places",
        "event": "events",
    }
    per = scope.ties.drop_duplicates(["contact_type", "contact_id"])["contact_type"]
    contacts = _counts(
        "Contact",
        "Contacts",
        tally(per, kinds),
        scope,
        caption="Contacts that two or more children of the area share",
    )
    figures = {
        "Groups of three or more": said(len(scope.groups), scope.wide),
        "Shared contacts": said(len(per), scope.wide),
        "Candidate operations": said(len(scope.operations), scope.wide),
    }
    sentences = (
        f"{_number(figures['Groups of three or more'], 'group')} of three or more, {_number(figures['Shared contacts'], 'shared contact')} and {_number(figures['Candidate operations'], 'candidate operation')} have children who live here, as known on {words.day(scope.analysis.as_of)}.",
        "They come from all that is on record by then, and are not cut down to the period. A name on a map is not proof: each link says what it rests on.",
    )
    if scope.wide:
        return Section(figures, sentences, (contacts, Text(NOT_WIDER, "quiet")))
    return Section(figures, sentences, (contacts, *_listed_groups(scope), *_listed_operations(scope)))


def _listed_groups(scope: Scope) -> list[Part]:
    listed = scope.groups.head(FIRST)
    called = group_labels(scope.analysis.group_summary.query("size >= @profile.SMALLEST")["group_id"])
    rows = [
        [
            called[row["group_id"]],
            words.number(row["size"]),
            words.number(row["here"]),
            words.number(row["links"]),
            words.day(row["first_seen"]),
            words.day(row["last_seen"]),
        ]
        for row in listed.to_dict("records")
    ]
    title = f"Groups with children of the area, newest evidence first ({len(rows)} of {words.number(len(scope.groups))})"
    columns = ["Group", "Members", "Living here", "Links", "First evidence", "Newest evidence"]
    return [Grid(columns, rows, title, (1.4, 1.2, 1, 0.9, 1.7, 1.7))] if rows else []


def _listed_operations(scope: Scope) -> list[Part]:
    rows = [
        [
            words.number(row["rank"]),
            str(row["shape_words"]).capitalize(),
            words.number(row["victims"]),
            words.number(row["here"]),
            words.number(row["contacts"]),
            words.number(row["agencies"]),
            words.day(row["last_seen"]),
        ]
        for row in scope.operations.head(FIRST).to_dict("records")
    ]
    title = f"Candidate operations with children of the area, in their order on the Operations page ({len(rows)} of {words.number(len(scope.operations))}); candidates, not facts"
    columns = ["No.", "Shape", "Children", "Living here", "Contacts", "Agencies", "Newest"]
    widths = (0.7, 3, 1.25, 1, 1.25, 1.25, 1.6)
    return [Grid(columns, rows, title, widths)] if rows else []


def geography(scope: Scope) -> Section:
    """Say where children are missing from with and without placed children, how deprived their homes' areas are, and what crosses boundaries."""
    missing, figures, parts, sentences = scope.episodes(), dict[str, str](), list[Part](), list[str]()
    every = missing.groupby("ward")["person_id"].nunique()
    living = missing[~missing["placed"]].groupby("ward")["person_id"].nunique()
    wards = scope.analysis.wards.set_index("ward_code")
    codes = wards.index if scope.wards is None else wards.index[wards.index.isin(scope.wards)]
    if len(codes):
        shown = {
            name: _each(each.reindex(codes).fillna(0).astype("int64"), scope.wide)
            for name, each in (("All children missing", every), ("Without placed children", living))
            # The difference would give away how many are placed there.
            if not scope.wide or name == "All children missing"
        }
        parts += _ward_parts(scope, shown, wards)
        top = _numbers(shown["All children missing"])
        top = top[top > 0].sort_index().sort_values(ascending=False, kind="stable").head(3)
        names = [f"{plain(wards.loc[code, 'ward_name'])} ({words.number(top[code])})" for code in top.index]
        sentences.append(
            f"Most children were missing from {words.listing(names)}."
            if names
            else "No child was missing from a ward of the area."
        )
        figures |= {f"Children missing from {plain(wards.loc[code, 'ward_name'])}": words.number(top[code]) for code in top.index}  # fmt: skip
    else:
        sentences.append("There are no ward boundaries, so nothing can be put on a map.")
    for extra in (_deprivation(scope), _hotspots(scope), _across(scope)):
        figures |= extra.figures
        sentences += extra.sentences
        parts += extra.parts
    return Section(figures, tuple(sentences), tuple(parts))


def _ward_parts(scope: Scope, shown: Mapping[str, pd.Series], wards: pd.DataFrame) -> list[Part]:
    parts: list[Part] = []
    if scope.geography is not None and scope.geography.wards is not None:
        shapes = scope.geography.wards.to_geopandas()
        shapes = shapes if scope.wards is None else shapes[shapes["code"].isin(scope.wards)]
        values = {name: _numbers(each) for name, each in shown.items()}
        parts.append(
            Picture(
                pictures.wards(shapes.reset_index(drop=True), values),
                "Two maps of wards on one scale, darker where more children were missing: all children, and without those placed by other authorities. The table below has the numbers.",
                "Children missing at least once, by the ward they went missing from",
            )
        )
    codes = next(iter(shown.values())).index
    rows = [
        [
            plain(wards.loc[code, "ward_name"]),
            _decile(wards.loc[code, "imd_decile"]),
            *(each[code] for each in shown.values()),
        ]
        for code in codes
    ]
    title = "Children missing by ward; a child missing from two wards counts in both. Decile 1 is the most deprived."
    parts.append(Grid(["Ward", "Decile", *shown], rows, title))
    return parts


def _deprivation(scope: Scope) -> Section:
    """Compare the homes of children referred with those of all children, by decile."""
    from geo.inequality import children_by_decile, share_by_decile

    people = scope.people.reindex(scope.referrals()["person_id"].unique())
    if scope.wide:
        shown = column(
            tally(people["home_decile"].astype("string"), None, order=map(str, range(1, 11))), True
        )
        rows = [[label, value] for label, value in shown.items()]
        return Section({}, (), (Grid(["Decile of the home", "Children referred"], rows, "Children referred by decile of deprivation"),))  # fmt: skip
    try:
        everyone = children_by_decile(scope.geography) if scope.geography is not None else None
        edition = str(scope.analysis.wards["imd_edition"].dropna().iloc[0]) if everyone is not None else ""
        if everyone is None:
            return Section({}, ("Deprivation is not known: there are no open files beside the case.",))
        table = share_by_decile(
            people["home_decile"], everyone.children, edition=edition, population_edition=everyone.edition
        )
    except (ValueError, IndexError) as error:
        return Section({}, (f"Deprivation could not be compared: {error}",))
    most = table.loc[1:3]
    drawn = pd.DataFrame(
        {"children referred": 100 * table["share"], "all children": 100 * table["population_share"]}
    )
    rows = [
        [str(decile), words.number(row.children), _percent(row.share), _percent(row.population_share)]
        for decile, row in table.iterrows()
    ]
    share = _percent(most["share"].sum())
    sentence = f"{share} of the children referred have their home in the three most deprived deciles, where {_percent(most['population_share'].sum())} of all children live ({edition}). Deprivation describes areas, not people."
    return Section(
        {"Referred from the three most deprived deciles": share},
        (sentence,),
        (
            Picture(
                pictures.pairs_of_bars(drawn, across="decile of deprivation, 1 the most deprived"),
                "Bars of the share of children referred in each decile of deprivation beside the share of all children; the table below has the numbers.",
                "Children referred, and all children, by decile of the home (%)",
            ),
            Grid(
                ["Decile", "Children referred", "Share", "Share of all children"],
                rows,
                "By decile of deprivation of the home",
            ),
        ),
    )


def _hotspots(scope: Scope) -> Section:
    """Say which wards are higher than chance explains, with and without placed children; of all concerns, in the period."""
    from app import hotspots
    from geo.areas import build_areas

    if scope.wide:
        return Section()
    try:
        counts = hotspots.build_counts(scope.analysis, build_areas(scope.geography), scope.geography)
        rows = counts.occurrences
        dated = scope.period.holds(rows["on"]) | (rows["counted"] == "child")
        counts = hotspots.Counts(counts.areas, rows[dated], counts.as_of)
        # The sentence rests on Gi*; the scan statistic beside it needs no more than a few replications.
        options = {"permutations": 999, "replications": 99}
        found = hotspots.find_hotspots(counts, "children_missing", **options)
        without = hotspots.without_placed(counts, "children_missing", **options)
    except ValueError as error:
        return Section({}, (f"Hotspots could not be worked out: {error}",))
    sentence = hotspots.answer(found, without)
    return Section(
        {"Hotspots of children missing": sentence},
        (f"Of all wards and concerns together, children missing: {sentence[:1].lower()}{sentence[1:]}",),
    )


def _across(scope: Scope) -> Section:
    """Say what crosses the boundaries of authorities in the period."""
    from app import flows

    if scope.wide or scope.geography is None or scope.geography.wards is None:
        return Section()
    kinds = {"missing": "Missing episodes", "harmed": "Records of harm", "placed": "Placements"}
    movements = flows.build_movements(scope.analysis, scope.geography, kinds=kinds)
    span = {"since": scope.period.since, "until": scope.period.until}
    found = flows.find_flows(scope.analysis, movements, **span, shared=False)
    return Section(
        {},
        tuple(
            f"{name}, all wards and concerns together: {flows.answer(found, kind)}"
            for kind, name in kinds.items()
        ),
    )


def comparison(scope: Scope) -> Section:
    """Set the numbers beside those of earlier periods, as far as the records reach."""
    spans = profile.previous(scope.period)
    if scope.wide:
        # Periods that overlap could be subtracted from each other.
        spans = {name: spans[name] for name in ("the period asked about", "as long before it")}
    known = {name: scope.has_data(span) for name, span in spans.items()}
    counted = {name: profile.count(scope, span).counted for name, span in spans.items() if known[name]}
    rows = [
        [what, *(said(counted[name][what], scope.wide) if known[name] else ":" for name in spans)]
        for what in profile.COUNTED.values()
        if not (
            scope.wide and what in ("Children missing more than once", "Return interviews within 72 hours")
        )
    ]
    heads = [f"{name[:1].upper()}{name[1:]} ({words.span(span.since, span.until)})" for name, span in spans.items()]  # fmt: skip
    sentences = _changes(spans, counted)
    out = [name for name, there in known.items() if not there]
    if out:
        sentences.append(
            f"The records begin on {words.day(scope.begins)}: there is nothing to show for {words.listing(out)} (“:”)."
        )
    sentences.append(
        "More on record can be more harm, or more agencies who look and write down. Episodes of one child come in runs: compare children as well."
    )
    figures = {f"{what}, {name}": said(counted[name][what], scope.wide) for name in counted for what in ("Referrals", "Children missing", "Incidents")}  # fmt: skip
    grid = Grid(["What", *heads], rows, "Earlier periods", (2, *[1.4] * len(heads)))
    return Section(figures, tuple(sentences), (grid,))


def _changes(spans: Mapping[str, Any], counted: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Say whether the last 12 months differ from those before by more than chance, for what does not come in runs."""
    now, before = "the last 12 months", "the 12 months before"
    if now not in counted or before not in counted:
        return []
    days = [(spans[name].until - spans[name].since).days + 1 for name in (now, before)]
    return [
        _change(what, counted[now][what], counted[before][what], days[0] / sum(days))
        for what in ("Referrals", "Children missing", "Incidents")
    ]


def _change(what: str, now: int, before: int, share: float) -> str:
    from scipy.stats import binomtest

    text = (
        f"{what} in the last 12 months: {words.number(now)}, in the 12 months before {words.number(before)}"
    )
    if not now + before:
        return f"{text}."
    explained = binomtest(now, now + before, share).pvalue >= 0.05
    return f"{text}; {'chance could explain that' if explained else 'more of a difference than chance explains'}."


def disproportionality(scope: Scope) -> Section:
    """Say which children are referred less or more than their number leads one to expect, and what is not recorded."""
    grids: list[Part] = [_not_recorded(scope)]
    try:
        found = _gaps(scope)
    except ValueError as error:
        return Section({}, (f"Referrals could not be compared: {error}",), tuple(grids))
    rows = found.table[found.table["dimension"] != "school"] if scope.wide else found.table
    findings = rows[rows["finding"] != ""]
    listed = pd.concat([findings, rows[rows["dimension"] == "sex and background"]]).drop_duplicates(["group", "children"])  # fmt: skip
    if scope.wide:
        # The groups of one kind add up, so one that is small gives itself away beside the others.
        small = rows.loc[rows["children_referred"].between(1, 5), "dimension"]
        listed = listed[~listed["dimension"].isin(small)]
    grids.insert(0, Grid(
        ["Group", "Children", "Referred", "Expected", "Referred / expected (95% interval)", "Finding"],
        [_gap(row) for row in listed.to_dict("records")],
        "Findings, and sex with background whether a finding or not",
        (2.2, 1, 1, 1, 1.8, 1.5),
    ))  # fmt: skip
    sentence = gaps.answer(found)
    sentences = [] if scope.wide else [sentence]
    sentences.append(
        "Fewer referrals than expected can be less need, or that nobody notices or writes down. It is a question to those who would have noticed, never a statement about children."
    )
    return Section({"Findings": words.number(len(findings))}, tuple(sentences), tuple(grids))


def _gaps(scope: Scope) -> Gaps:
    people = scope.analysis.people
    here = (
        people["lives_in_ward"].isin(scope.wards)
        if scope.wards is not None
        else pd.Series(True, people.index)
    )
    people = people[here].reset_index(drop=True)
    people = people.assign(is_child=people["age_band"] == "child")
    wards = scope.analysis.wards
    wards = wards if scope.wards is None else wards[wards["ward_code"].isin(scope.wards)]
    referrals = scope.all_referrals
    return build_gaps(
        people,
        referrals[referrals["person_id"].isin(people["person_id"])],
        since=scope.period.since,
        until=scope.period.until,
        wards=wards.reset_index(drop=True) if len(wards) > 1 else None,
        homes=people["home_ward"],
        schools=scope.analysis.records.table("locations").set_index("location_id")["name"],
    )


def _gap(row: Mapping[Any, Any]) -> list[str]:
    return [
        gaps.called(row),
        words.number(int(row["children"])),
        words.number(int(row["children_referred"])),
        f"{row['expected']:.1f}",
        f"{row['ratio']:.2f} ({row['ratio_low']:.2f} to {row['ratio_high']:.2f})",
        row["finding"] or gaps.AS_EXPECTED,
    ]


def _not_recorded(scope: Scope) -> Grid:
    """Return how much of what the profile rests on is not recorded."""
    people, missing = scope.people.reindex(scope.children), scope.episodes()
    events = scope.incidents()
    refused = people["ethnicity"].isin(("REFU", "NOBT"))
    asked = {
        "Children: date of birth": people["date_of_birth"].isna(),
        "Children: sex": people["sex"].isna() | (people["sex"] == "U"),
        "Children: ethnicity (also refused or not obtained)": people["ethnicity"].isna() | refused,
        "Children: ward of the home": people["home_ward"].isna(),
        "Children: school": people["school_id"].isna(),
        "Missing episodes: where from": missing["missing_from"].isna(),
        "Missing episodes: where found": missing["found_at_location"].isna(),
        "Missing episodes: whether an interview was offered": missing["interview_offered"].isna(),
        "Incidents: listed place": events["location_id"].isna(),
        "Referrals: concern": scope.referrals()["concern"].isna(),
    }
    rows = [
        [what, words.number(len(flags)) if not scope.wide else said(len(flags), True), *part_of(int(flags.sum()), len(flags), scope.wide)]
        for what, flags in asked.items()
    ]  # fmt: skip
    return Grid(
        ["What", "Rows", "Not recorded", "Share"], rows, "What is missing from the data", (4, 1, 1, 1)
    )


def intelligence_gaps(scope: Scope) -> Section:
    """Say what is not known, and what would fill it."""
    reports = scope.analysis.records.table("sources")
    reports = reports[reports["recorded_on"].isna() | scope.period.holds(reports["recorded_on"])]
    missing = scope.episodes()
    asked = [
        ("Reports without a 3x5x2 grade", reports["information_grade"].isna(), "An analyst grades them, asking “how do you know?”"),
        ("Reports that rest on what is known indirectly or not known (C, D, E)", reports["information_grade"].isin(("C", "D", "E")), "Ask for a second source, or for somebody who saw it"),
        ("Missing episodes without an interview held", missing["interview_held_at"].isna(), "Offer again, and ask who the child would talk to"),
        ("Missing episodes where nobody wrote down where the child was found", missing["found_at_location"].isna(), "Ask those who brought the child home to write down where"),
        ("Referrals without a concern", scope.referrals()["concern"].isna(), "Ask the referrer what they are worried about"),
    ]  # fmt: skip
    rows, figures = [], {}
    for what, flags, fill in asked:
        number, share = part_of(int(flags.sum()), len(flags), scope.wide)
        figures[what] = number
        rows.append([what, number, share, fill])
    columns = ["What is not known", "Number", "Share", "What would fill it"]
    parts: list[Part] = [Grid(columns, rows, "Gaps in what is recorded", (3, 0.8, 0.8, 3))]
    if not scope.wide and len(scope.operations):
        parts.append(Heading("What candidate operations lack", 2))
        parts.append(Bullets([
            f"Candidate {words.number(row['rank'])} ({row['shape_words']}): {' '.join(row['what_is_missing'])}"
            for row in scope.operations.head(FIRST).to_dict("records")
            if len(row["what_is_missing"])
        ]))  # fmt: skip
    agencies = reports["agency"].value_counts()
    few = words.listing([words.code(name) for name in sorted(agencies.index[agencies < 0.02 * len(reports)])])
    sentences = ["What is missing is a finding: it says where to look next, and whom to ask."]
    if few and not scope.wide:
        sentences.append(
            f"Fewer than 2 in 100 reports are from {few}. Ask them whether they see less, or write down less."
        )
    return Section(figures, tuple(sentences), tuple(parts))


def analysis(scope: Scope) -> Section:
    """Set what is on record into SARA and the three sides of the problem-analysis triangle, for the analyst to go on from."""
    numbers, wide = profile.count(scope), scope.wide
    kind = "children referred, missing or harmed"
    figures = {
        "Children": said(len(scope.children), wide),
        "Incidents": said(numbers.incidents, wide),
        "Candidate operations": said(len(scope.operations), wide),
    }
    sara = [
        ["Scanning", f"{figures['Children']} {kind}; {said(numbers.missing_episodes, wide)} missing episodes; {figures['Incidents']} incidents {_where(scope)}. Which of these come up again and again, and since when?"],
        ["Analysis", "The sections above: who is harmed, where, when and how; what links it; what is not known. What do places, times and people have in common?"],
        ["Response", "The recommendations of this profile. Which of them changes the place, the group or the adult who harms, rather than the child?"],
        ["Assessment", f"Watch the same numbers on the next update: children missing ({said(numbers.children_missing, wide)}), incidents ({figures['Incidents']}), children recorded as harmed ({said(numbers.children_harmed, wide)}). Numbers picked at their peak fall anyway."],
    ]  # fmt: skip
    triangle = [
        ["Child harmed, and guardian", f"{figures['Children']} {kind}", "Who is trusted by them and near: family, friends, school, youth workers?"],
        ["Place, and manager", f"{figures['Incidents']} incidents; the places are in the section on places", "Who owns, runs or lights the place, and could change it?"],
        ["Person of concern, and handler", f"{figures['Candidate operations']} candidate operations; people of concern are in their section", "Who has a hold over them: licence, landlord, employer, probation, court order?"],
    ]  # fmt: skip
    sentences = (
        "The tables are a frame with what is on record filled in. What it means is for the analyst and partners to say.",
    )
    parts = (
        Grid(["Step", "What is on record, and what to ask"], sara, "SARA", (1, 5)),
        Grid(
            ["Side", "On record", "Who could act"], triangle, "The problem-analysis triangle", (1.4, 2, 2.6)
        ),
    )
    return Section(figures, sentences, parts)


def build(key: str, scope: Scope) -> Section:
    """Return one section drawn up from the case."""
    found = BUILDERS[key](scope)
    return replace(found, sentences=tuple(_sentence(text) for text in found.sentences))


BUILDERS: Mapping[str, Callable[[Scope], Section]] = {
    "sources": sources,
    "summary": summary,
    "victims": victims,
    "concern": concern,
    "places": places,
    "times": times,
    "methods": methods,
    "networks": networks,
    "geography": geography,
    "comparison": comparison,
    "disproportionality": disproportionality,
    "gaps": intelligence_gaps,
    "analysis": analysis,
}
"""What draws up each section that comes from the case."""


def _counts(what: str, counted: str, counts: pd.Series, scope: Scope, *, caption: str = "") -> Grid:
    shown = column(counts, scope.wide)
    rows = [
        [str(label), value, share]
        for (label, value), share in zip(shown.items(), shares_of(shown), strict=True)
    ]
    return Grid(
        [what, counted, "Share"], rows, caption or f"{counted} by {what[:1].lower()}{what[1:]}", (4, 1, 1)
    )


def _months(counts: Mapping[str, pd.Series], wide: bool) -> dict[str, pd.Series]:
    """Return counts by month as text; for a wider audience protected together, as there are never more children than episodes."""
    if not wide:
        return {name: _each(each, False) for name, each in counts.items()}
    from geo.publication import suppress_together

    hidden = suppress_together(counts, within=[("Children missing", "Missing episodes")])
    return {name: table[""].drop("Total") for name, table in hidden.items()}


def _each(counts: pd.Series, wide: bool) -> pd.Series:
    """Return counts as text without their total; of a wider audience's, as if they added up: a reader may know that they nearly do."""
    return column(counts, wide).drop("Total")


def _most(shown: pd.Series) -> str:
    """Return the label with the highest number that is shown, with the number."""
    numbers = _numbers(shown).drop("not recorded", errors="ignore")
    if numbers.dropna().empty or not numbers.max():
        return "not known"
    return f"{numbers.idxmax()} ({shown[numbers.idxmax()]})"


def _numbers(shown: pd.Series) -> pd.Series:
    """Return the numbers of a shown column, missing where hidden."""
    return pd.to_numeric(shown.str.replace(",", ""), errors="coerce")


def _top_month(shown: pd.Series) -> str:
    numbers = _numbers(shown)
    if numbers.dropna().empty or not numbers.max():
        return "none"
    return f"{_month(str(numbers.idxmax()))} ({shown[numbers.idxmax()]})"


def _month(label: str) -> str:
    return pd.Period(label, freq="M").strftime("%B %Y")


def _number(shown: str, one: str, many: str | None = None) -> str:
    """Return a number that may be hidden with its noun."""
    return f"{'no' if shown == '0' else shown} {one if shown == '1' else many or one + 's'}"


def _sentence(text: str) -> str:
    """Return a sentence with a capital where it begins with a word; the sign "c" stays as it is."""
    return text if text.startswith("c ") else text[:1].upper() + text[1:]


def _where(scope: Scope) -> str:
    return f"in {scope.area}" if scope.asked.area else "in all that is on record"


def _of_concern(scope: Scope) -> str:
    return f" (concern: {words.concern(scope.asked.concern)})" if scope.asked.concern else ""


def _decile(value: Any) -> str:
    return "not known" if pd.isna(value) else str(int(value))


def _percent(share: float) -> str:
    return "not known" if pd.isna(share) else f"{100 * share:.1f}%"


def _days(when: pd.Series) -> int:
    return int(when.dt.normalize().nunique())
