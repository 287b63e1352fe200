"""Draw up the current picture of a problem profile: children, people of concern, places, times and methods."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from app import profile, words
from app.documents import pictures
from app.documents.paper import Grid, Part, Picture
from app.documents.profile_section import (
    FIRST,
    NOT_KNOWN,
    Section,
    as_shown,
    counted_words,
    counts_grid,
    most_of,
    numbers_shown,
)
from app.profile import Scope, among, column, part_of, said, tally
from app.text import plain
from geo.hours import hours_of_week
from mapping.ages import age_at, age_band
from mapping.codes import load_codes
from mapping.text import shortened

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
        f"The tables are of the {counted_words(number, 'child', 'children')} referred, missing or recorded as harmed in the period; each child counts once in each table.",
        f"The largest group by age is {most_of(most)}.",
        f"{placed} of the missing episodes ({share}) are of children placed here by another authority.",
        "A child who may also have harmed somebody is counted as a child like the others.",
    )
    grids = [counts_grid(name, "Children", counts, scope) for name, counts in tables.items()]
    grids += [counts_grid(name, "Referrals", counts, scope) for name, counts in came.items()]
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
        f"In events of the period {counted_words(figures['Adults in events'], 'person aged 18 or over is', 'people aged 18 or over are')} recorded as an adult of concern or as one who may have harmed.",
        f"{counted_words(figures['Adults of concern with two or more children of the area'], 'adult of concern is', 'adults of concern are')} tied to two or more children who live here.",
        f"{counted_words(figures['Children who may have harmed'], 'child is', 'children are')} recorded as one who may have harmed; they are children first, and are counted among the children above where they were harmed, missing or referred.",
        "Nobody is named here. Who they are, and what that rests on, is in the packs of candidate operations.",
    )
    grid = counts_grid(
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
        counts_grid(
            "Kind of place",
            "Events",
            by_kind,
            scope,
            caption="Where incidents happened and children were harmed",
        ),
        counts_grid(
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
        f"{counted_words(figures['Events'], 'event')} of the period {'is' if figures['Events'] == '1' else 'are'} an incident or record harm to a child, at {counted_words(figures['Places'], 'listed place')}.{_where_most(column(by_kind, scope.wide))}",
        "A place is the thing to change: who manages it, who could look after it, and what would make it safer.",
    )
    return Section(figures, sentences, tuple(parts))


def _where_most(shown: pd.Series) -> str:
    """Say which kind of place comes up most, and of how many events it is not recorded."""
    most, unknown = most_of(shown.drop("Total")), shown.get("not recorded", "0")
    first = "" if most == NOT_KNOWN else f" Where the kind of place is recorded, most are at: {most}."
    return first + ("" if unknown == "0" else f" Of {unknown} it is not recorded what kind of place it was.")


def times(scope: Scope) -> Section:
    """Say when incidents happened and children went missing: months, days and hours."""
    incidents, missing = scope.incidents(), scope.episodes()
    counts = profile.by_month(scope, scope.period)
    shown = _months(counts, scope.wide)
    drawn = {name: numbers_shown(each) for name, each in shown.items() if name != "Children missing"}
    before = _year_before(scope, drawn)
    compared = any(each.notna().any() for each in before.values())
    table = pd.DataFrame(shown)
    month = [_month(label) for label in table.index]
    rows = [[name, *row] for name, row in zip(month, table.to_numpy().tolist(), strict=True)]
    both = pd.concat([missing["reported_at"], incidents["started_at"]], ignore_index=True)
    ends = pd.concat([missing["reported_at"], incidents["ended_at"].fillna(incidents["started_at"])], ignore_index=True)  # fmt: skip
    parts: list[Part] = [
        Picture(
            pictures.months(drawn, before, counted="number"),
            f"Bars of missing episodes, incidents and referrals by month{', each with a line for the same month a year before' if compared else ''}; the table below has the numbers.",
            "By month, with the year before"
            if compared
            else "By month: nothing is on record of the year before",
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


def _months(counts: Mapping[str, pd.Series], wide: bool) -> dict[str, pd.Series]:
    """Return counts by month as text; for a wider audience protected together, as there are never more children than episodes."""
    if not wide:
        return {name: as_shown(each, False) for name, each in counts.items()}
    from geo.publication import suppress_together

    hidden = suppress_together(counts, within=[("Children missing", "Missing episodes")])
    return {name: table[""].drop("Total") for name, table in hidden.items()}


def _year_before(scope: Scope, drawn: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """Return the months of the year before on those they are drawn beside: missing where the records do not reach back.

    For a wider audience they are those of the table, which are protected, and no others.
    """
    if scope.wide:
        return {
            name: each.reindex(_a_year_earlier(each.index)).set_axis(each.index)
            for name, each in drawn.items()
        }
    counts = profile.by_month(scope, profile.year_before(scope.period))
    return {
        name: counts[name].where(pd.PeriodIndex(counts[name].index, freq="M").start_time.date >= scope.begins).set_axis(each.index)
        for name, each in drawn.items()
    }  # fmt: skip


def _a_year_earlier(months: pd.Index) -> list[str]:
    return (pd.PeriodIndex(months, freq="M") - profile.YEAR).astype(str).tolist()


def _top_month(shown: pd.Series) -> str:
    numbers = numbers_shown(shown)
    if numbers.dropna().empty or not numbers.max():
        return "none"
    return f"{_month(str(numbers.idxmax()))} ({shown[numbers.idxmax()]})"


def _month(label: str) -> str:
    return pd.Period(label, freq="M").strftime("%B %Y")


def _days(when: pd.Series) -> int:
    return int(when.dt.normalize().nunique())


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
        counts_grid(
            "Tie",
            "Records",
            tally(harmful["kind"], "association_kind"),
            scope,
            caption="Ties that records call harmful",
        ),
        counts_grid(
            "Thing",
            "Things",
            tally(used["contact_id"].map(things), codes["thing_kind"]),
            scope,
            caption="Phones, vehicles and accounts that two or more children of the area used",
        ),
        counts_grid(
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
        f"{counted_words(figures['Harmful ties'], 'record calls', 'records call')} a tie of a child who lives here harmful.",
        f"{counted_words(figures['Shared things'], 'phone, vehicle or account was', 'phones, vehicles and accounts were')} used by two or more of these children, and {counted_words(figures['Online spaces'], 'online space')} {'has' if figures['Online spaces'] == '1' else 'have'} two or more of them.",
        "How harm is done stands in the text of reports. Read those behind the tables, and say here in a few sentences what is done to children, by whom, and how it begins.",
    )
    return Section(figures, sentences, grids)
