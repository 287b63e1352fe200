"""Say who is placed where, by whom, and how much of each hotspot placed children explain: tables, sentences, files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from app import words
from app.results import swapped_in, write_summary
from app.text import markup, plain
from geo.files import Geography
from geo.measures import RESIDENTS, area_counts
from geo.placements import describe_placements, gatherings, notifications
from geo.publication import suppress_together
from geo.residents import (
    ONLY_WITH,
    ONLY_WITHOUT,
    flag_hotspots,
    placed_episodes,
    split_wards,
    wards_of,
    with_and_without,
)
from mapping.codes import load_codes
from mapping.text import shortened

if TYPE_CHECKING:
    from app.analysis import Analysis
    from geo.ssda903 import Return

TABLES = (
    *("placements", "placed_wards", "placed_hotspots", "gatherings", "notifications"),
    *("placements_missing", "placed_counts", "return_faults"),
)
FILES = (*(f"{name}.parquet" for name in TABLES), "summary.json")
MEASURES = {"children_missing": "Children missing at least once", "missing_episodes": "Missing episodes"}
"""Measures of which hotspots are compared with and without placed children."""
BY = {"provider": "Provider", "location_id": "Place", "ward_code": "Ward"}
MOST_NAMED = 5
PUBLIC = {
    "children": {"not_placed_by_others": "children_rest", "placed_by_others": "children_only_others"},
    "episodes": {"not_placed_by_others": "episodes_rest", "placed_by_others": "episodes_others"},
}

METHOD = (
    "An episode is of a placed child where the child, on the day they were reported missing, was in a placement in the "
    "authority of that ward; a placement is by others where another authority made it. Hotspots are found twice, with all "
    "children and without those placed by others, by the same test with the same seed, and the two maps are set side by side."
)
LIMITS = (
    "A share explained is arithmetic, not cause: it says how many of the episodes are of placed children, not why they went missing.",
    "Both maps are true. With all children, a map says how much work there is in a ward; without placed children, how the ward's own children are. Placed children need the same care as any other.",
    "A child placed elsewhere who goes missing from a street here counts with the residents of the ward: nobody placed them there.",
    "Distance is a straight line from home to placement; the journey is longer. Where either is not known, it is not stated.",
    "Records have no place of their own for a notification. A referral, or a contact with a professional, since the stay began is taken as a sign that somebody was told; none on record does not mean that nobody was.",
    "A stay is counted from the first of rows of one child at one place that follow each other without a gap.",
)


@dataclass(frozen=True, eq=False)
class Placed:
    """What is known of placements on a day.

    Attributes
    ----------
    on : the day.
    described : from `describe_placements`, of every placement; nobody but this module shows it to a viewer who sees no people.
    episodes : from `placed_episodes`.
    wards : from `wards_of`.
    split : from `split_wards`, with placed now by others and, where hotspots were looked for, change.
    compared : measure to `with_and_without`; empty where no rates can be worked out.
    gathered : "provider", "location_id" and "ward_code" to `gatherings`.
    notified : from `notifications`; no rows for a viewer who sees no people.
    gaps : what, rows, of: what is missing from the records.
    notes : what to keep in mind.
    sees_people : whether the viewer does.
    """

    on: date
    described: pd.DataFrame
    episodes: pd.DataFrame
    wards: pd.DataFrame
    split: pd.DataFrame
    compared: Mapping[str, pd.DataFrame]
    gathered: Mapping[str, pd.DataFrame]
    notified: pd.DataFrame
    gaps: pd.DataFrame
    notes: tuple[str, ...] = ()
    sees_people: bool = True
    seed: int = 0

    @property
    def now(self) -> pd.DataFrame:
        """The placements that are current, one a child."""
        return self.described[self.described["current"]]


def find_placements(analysis: Analysis, geography: Geography | None, *, seed: int = 0) -> Placed:
    """Work out everything this module says, from an analysis and the geography it was made with."""
    from app.analysis import UNDATED

    places = geography or Geography()
    on, records = analysis.as_of or UNDATED, analysis.records
    names = ("people", "locations", "missing", "placements", "referrals")
    tables = {name: records.table(name) for name in names}
    people = tables["people"].assign(is_child=True)
    wards = wards_of(places)
    described = describe_placements(
        analysis.geography.placements.reset_index(drop=True),
        placements=tables["placements"].reset_index(drop=True),
        people=people,
        locations=tables["locations"].assign(
            easting=analysis.geography.locations["easting"].to_numpy(dtype=float, na_value=float("nan"))
        ),
        homes=analysis.geography.homes,
        wards=wards,
        on=on,
    )
    episodes = placed_episodes(
        places,
        people=people,
        as_of=on,
        **{name: tables[name] for name in ("locations", "missing", "placements")},
    )
    sees_people = analysis.settings.viewer.sees_people
    listed = notifications(
        described,
        missing=tables["missing"],
        referrals=tables["referrals"],
        contacts=_contacts(analysis),
        on=on,
    )
    gathered = {by: gatherings(described, episodes, by) for by in BY}
    compared, said = _compared(analysis, geography, described, seed)
    split = split_wards(episodes, wards, analysis.wards.set_index("ward_code")["children_10_17"])
    return Placed(
        on=on,
        described=described,
        episodes=episodes,
        wards=wards,
        split=_with_now(split, gathered["ward_code"]),
        compared=compared,
        gathered=gathered,
        notified=listed if sees_people else listed.iloc[:0],
        gaps=_gaps(described, episodes, tables, listed, sees_people=sees_people),
        notes=tuple(dict.fromkeys([*analysis.geography.notes, *said])),
        sees_people=sees_people,
        seed=seed,
    )


def _contacts(analysis: Analysis) -> pd.DataFrame:
    """Return who had a contact with a professional, and when."""
    return analysis.records.sql(
        """SELECT p.person_id, e.started_at AS "on" FROM {participation} t JOIN {events} e USING (event_n)
        JOIN {people} p USING (person_n) WHERE e.kind = 'contact' ORDER BY 1, 2"""
    ).df()


def _compared(
    analysis: Analysis, geography: Geography | None, described: pd.DataFrame, seed: int
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Compare the hotspots of each measure with and without placed children, or say why that cannot be done."""
    if described.empty:
        return {}, []
    from app import hotspots
    from geo.areas import build_areas

    try:
        areas = build_areas(geography)
    except ValueError as error:
        return {}, [str(error)]
    listed = hotspots.build_counts(analysis, areas, geography).occurrences
    found = {
        name: flag_hotspots(area_counts(listed, areas, name), areas, seed=seed)
        for measure in MEASURES
        for name in (measure, measure + RESIDENTS)
    }
    return {name: with_and_without(found[name], found[name + RESIDENTS]) for name in MEASURES}, []


def _with_now(split: pd.DataFrame, by_ward: pd.DataFrame) -> pd.DataFrame:
    now = by_ward.set_index("ward_code")
    for name, column in {"placed_now": "children", "placed_now_by_others": "placed_by_others"}.items():
        split[name] = split["ward_code"].map(now[column]).fillna(0).astype("Int64")
    return split


def _gaps(
    described: pd.DataFrame,
    episodes: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    listed: pd.DataFrame,
    *,
    sees_people: bool,
) -> pd.DataFrame:
    """Count what is missing from the records about placements, what is missing most first."""
    now = described[described["current"]]
    recorded = tables["placements"]["placing_authority"].reset_index(drop=True).reindex(now.index)
    differs = (
        recorded.notna()
        & now["responsible_authority"].notna()
        & (recorded != now["responsible_authority"]).fillna(False)
    )
    nowhere = now["ward_code"].isna() & ~now["outside_map"]
    children, gone = "children placed now", "missing episodes"
    rows = [
        ("Where the placement is: not known", nowhere, children),
        ("The placement is outside every ward of this map", now["outside_map"], children),
        (
            "Distance from home: not known, because the home or the placement is not",
            now["distance_km"].isna(),
            children,
        ),
        (
            "Who made the placement: not recorded, so the responsible authority stands in",
            recorded.isna(),
            children,
        ),
        ("Responsible authority: not recorded", now["responsible_authority"].isna(), children),
        ("Placing and responsible authority are not the same: which has the duty?", differs, children),
        ("Provider: not recorded", now["provider"].isna(), children),
        ("Kind of placement: not recorded", now["placement_type"].isna(), children),
        (
            "Who had placed the child there at the time: not recorded",
            episodes["here"].eq("unknown").fillna(False),
            gone,
        ),
        ("The episode lies outside every ward of this map", episodes["ward_code"].isna(), gone),
    ]
    if sees_people:
        back = listed["returns"] > 0
        rows += [
            (
                "No sign on record that anybody here was told (no referral or contact since the stay began)",
                listed["notified_by"].isna(),
                "children placed here by others",
            ),
            (
                "Missing during the stay and back, and no return interview on record",
                back & (listed["interviews_held"] == 0),
                "children placed here by others",
            ),
        ]
    counted = [
        {"what": what, "rows": int(flags.sum()), "of": len(flags), "kind": kind} for what, flags, kind in rows
    ]
    found = pd.DataFrame(counted, columns=["what", "rows", "of", "kind"])
    share = found["rows"] / found["of"].clip(lower=1)
    return found[found["rows"] > 0].assign(share=share).sort_values(
        ["share", "what"], ascending=[False, True], ignore_index=True
    )  # fmt: skip


# Sentences -----------------------------------------------------------------------------------


def answer(placed: Placed) -> str:
    """Return the sentence that answers the page: how many are placed here by others, and what they explain."""
    if placed.described.empty:
        return "No placement is on record, so nothing can be said of placed children. Check that the case has a placements table."
    others, on_map, elsewhere = _now(placed)
    if placed.wards.empty:
        are = words.count(elsewhere, "child is", "children are")
        return f"On {words.day(placed.on)} {are} placed. The case has no ward boundaries, so it cannot be said who is placed here by other authorities."
    if not on_map:
        placed_now = words.count(elsewhere, "child is", "children are")
        return f"On {words.day(placed.on)} {placed_now} placed elsewhere, or nobody recorded where, and none on this map."
    who = (
        f"On {words.day(placed.on)}, {words.number(others)} of {words.count(on_map, 'child', 'children')} placed on this map "
        f"{'was' if others == 1 else 'were'} placed by other authorities"
    )
    found = totals(placed)
    if not found["episodes"]:
        return f"{who}; no missing episode lies in a ward of this map."
    first = placed.episodes.loc[placed.episodes["ward_code"].notna(), "reported_at"].min()
    return (
        f"{who}; children so placed account for {words.number(found['episodes_others'])} of {words.number(found['episodes'])} "
        f"missing episodes since {words.day(first)} ({found['episodes_others'] / found['episodes']:.0%})."
    )


def further(placed: Placed, measure: str = "children_missing") -> list[str]:
    """Return what else there is to say: who is elsewhere, how many children, the map without them, whose children are away."""
    if placed.described.empty:
        return []
    _, on_map, elsewhere = _now(placed)
    found = totals(placed)
    said = [
        f"{words.number(elsewhere)} more {'is' if elsewhere == 1 else 'are'} placed elsewhere, or nobody recorded where."
        if on_map and elsewhere
        else "",
        f"Children placed here by others are {words.number(found['children_others'])} of the "
        f"{words.number(found['children'])} children missing."
        if found["episodes"]
        else "",
        _map_without(placed, measure),
        _away(placed),
    ]
    return [part for part in said if part]


def _now(placed: Placed) -> tuple[int, int, int]:
    """Return how many are placed on the map by others, on the map at all, and elsewhere or nobody knows where."""
    now = placed.now
    here = now["ward_code"].notna()
    others = int(now.loc[here, "placed_from_elsewhere"].fillna(False).sum())
    return others, int(here.sum()), int((~here).sum())


def totals(placed: Placed) -> dict[str, int]:
    """Return episodes in wards, those of children placed there by others, and the children of both, each child once."""
    inside = placed.episodes[placed.episodes["ward_code"].notna()]
    theirs = inside[inside["here"] == "others"]
    return {
        "episodes": len(inside),
        "episodes_others": len(theirs),
        "children": inside["person_id"].nunique(),
        "children_others": theirs["person_id"].nunique(),
    }


def _map_without(placed: Placed, measure: str) -> str:
    """Say which wards stop being a hotspot without placed children, and which become one."""
    table = placed.compared.get(measure)
    if table is None or table["change"].isna().all():
        return ""
    hot, gone, new = (
        table[table["hotspot"].fillna(False).astype(bool)],
        table[table["change"] == ONLY_WITH],
        table[table["change"] == ONLY_WITHOUT],
    )
    about = MEASURES[measure].lower()
    if hot.empty and new.empty:
        return f"No ward is a hotspot ({about}), with or without them."
    stay = "the only hotspot" if len(hot) == 1 else f"all {words.number(len(hot))} hotspots"
    first = (
        f"Without them {words.number(len(gone))} of {words.count(len(hot), 'hotspot')} ({about}) would not be one: {_named(gone)}."
        if len(gone)
        else f"Without them {stay} ({about}) would still be {'one' if len(hot) == 1 else 'hotspots'}."
        if len(hot)
        else f"With them no ward is a hotspot ({about})."
    )
    return first + (f" {_named(new)} would become one." if len(new) else "")


def _named(rows: pd.DataFrame) -> str:
    names = [shortened(plain(name), 60) for name in rows["area_name"].head(MOST_NAMED)]
    more = len(rows) - len(names)
    return words.listing([*names, words.count(more, "other")] if more else names)


def _away(placed: Placed) -> str:
    """Say how many children of the authorities on the map are placed outside them."""
    codes = set(placed.wards["authority_code"].dropna()) | set(placed.wards["upper_authority_code"].dropna())
    now = placed.now
    own = now[now["responsible_authority"].isin(codes)]
    away = own[own["out_of_area"].fillna(False).astype(bool)]
    if own.empty:
        return ""
    whose = own["responsible_authority"].unique()
    one = len(whose) == 1
    called = (
        shortened(plain(authority_names(placed).get(whose[0], whose[0])), 60)
        if one
        else "the authorities of this map"
    )
    are = "is" if len(away) == 1 else "are"
    told = (
        f"Of {words.count(len(own), 'child', 'children')} for whom {called} {'is' if one else 'are'} responsible, "
        f"{words.number(len(away))} {are} placed outside {'it' if one else 'their own'}"
    )
    told += _distance(away) if len(away) else ""
    unknown = int(own["out_of_area"].isna().sum())
    return f"{told}; where {words.number(unknown)} are placed is not known." if unknown else f"{told}."


def _distance(rows: pd.DataFrame) -> str:
    known = rows["distance_km"].dropna()
    if known.empty:
        return " (how far from home is not known)"
    rest = len(rows) - len(known)
    beside = f"; not known for {words.number(rest)}" if rest else ""
    return f" (half of them {known.median():.0f} km or more from home{beside})"


def ward_html(placed: Placed, ward: str) -> str:
    """Return what is known of one ward as HTML: now, and episodes and children with and without placed children."""
    row = placed.split.set_index("ward_code").loc[ward]
    facts = [
        f"Placed here now: <b>{words.number(row['placed_now'])}</b>, by other authorities <b>{words.number(row['placed_now_by_others'])}</b>",
        _split_fact(row, "episodes", "missing episodes", "episodes_others"),
        _split_fact(row, "children", "children missing", "children_only_others"),
        _rate_fact(row),
    ]
    for measure, table in placed.compared.items():
        facts.append(_hot_fact(table.set_index("area_code").loc[ward], MEASURES[measure]))
    return "".join(f'<div class="cm-row">{fact}</div>' for fact in facts if fact)


def _split_fact(row: Any, count: str, what: str, others: str) -> str:
    total = f"<b>{words.number(row[count])}</b> {what}"
    if pd.isna(row[others]):
        return f"{total}; who had placed the children there is not known"
    share = f" ({row[others] / row[count]:.0%})" if row[count] else ""
    if count == "children":
        return f"{total}: <b>{words.number(row[others])}</b>{share} of them placed here by other authorities whenever they went missing"
    return (
        f"{total}: <b>{words.number(row[others])}</b>{share} of children placed here by other authorities, "
        f"<b>{words.number(row['episodes_own'])}</b> of children placed here by the ward's own"
    )


def _rate_fact(row: Any) -> str:
    if pd.isna(row["rate"]) or pd.isna(row["rate_without"]):
        return "Rate per 1,000 aged 10 to 17: not known"
    return (
        f"Episodes per 1,000 aged 10 to 17: <b>{row['rate']:.0f}</b>, without children placed by others <b>{row['rate_without']:.0f}</b> "
        f"(own placed {row['rate_own']:.0f}, not placed here {row['rate_not_placed']:.0f})"
    )


def _hot_fact(row: Any, measure: str) -> str:
    if pd.isna(row["rank"]):
        return ""
    verdict = {
        "": "no hotspot, with or without them",
        ONLY_WITH: "a hotspot <b>only with</b> placed children",
        ONLY_WITHOUT: "a hotspot <b>only without</b> placed children",
    }.get(row["change"], "a hotspot <b>with and without</b> placed children")
    if pd.isna(row["change"]):
        verdict = "not tested"
    other = "not known" if pd.isna(row["rank_without"]) else f"{row['rank_without']}"
    return (
        f"{markup(measure)}: rank <b>{row['rank']}</b> of the wards, without them <b>{other}</b>; {verdict}"
    )


# Tables --------------------------------------------------------------------------------------


def authority_names(placed: Placed) -> dict[str, str]:
    """Return what the authorities of the map are called, by code."""
    known = placed.wards.dropna(subset=["authority_code", "authority_name"])
    return dict(zip(known["authority_code"], known["authority_name"], strict=True))


def _called(codes: pd.Series, names: Mapping[str, str], nothing: str = "not recorded") -> pd.Series:
    """Return names for codes; the code itself where nobody says its name."""
    text = codes.astype(object)
    return text.map(lambda code: nothing if pd.isna(code) else names.get(str(code), str(code)))


def ward_names(placed: Placed) -> dict[str, str]:
    """Return what each ward is called."""
    return dict(zip(placed.wards["ward_code"], placed.wards["ward_name"], strict=True))


def place_names(rows: pd.DataFrame) -> pd.Series:
    """Return what to call the place of each row: its name, else its kind and id."""
    kinds = load_codes()["location_kind"]
    known = rows["kind"].astype(object).map(lambda kind: kinds.get(str(kind), "place"))
    return (
        rows["name"].astype(object).where(rows["name"].notna(), known + " " + rows["location_id"].astype(str))
    )


def in_words(placed: Placed, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of placements with authority, ward, place, provider and type in words."""
    authorities, wards = authority_names(placed), ward_names(placed)
    types = load_codes()["placement_type"]
    out = rows.assign(place=place_names(rows))
    for name in ("placed_by", "responsible_authority", "authority_code", "home_authority"):
        if name in out:
            nothing = "not recorded" if name in ("placed_by", "responsible_authority") else "not on this map"
            out[name] = _called(out[name], authorities, nothing)
    for name in ("ward_code", "home_ward"):
        if name in out:
            out[name] = _called(out[name], wards, "not on this map")
    out["placement_type"] = _called(out["placement_type"], types)
    out["provider"] = _called(out["provider"], {})
    return out


def out_of_area(placed: Placed) -> pd.DataFrame:
    """Return the children placed now outside the authority responsible for them, by that authority, the newest stay first.

    No rows for a viewer who sees no people.
    """
    rows = placed.now if placed.sees_people else placed.now.iloc[:0]
    rows = rows[rows["out_of_area"].fillna(False).astype(bool)]
    return rows.sort_values(
        ["responsible_authority", "since", "person_id"], ascending=[True, False, True], ignore_index=True
    )


def by_authority(placed: Placed) -> pd.DataFrame:
    """Count the children placed now by the authority responsible for them: how many, outside it, and how far from home.

    Returns
    -------
    responsible_authority (in words), children, out_of_area, not_known (outside or not), median_km, distance_not_known.
    """
    now = placed.now.assign(called=_called(placed.now["responsible_authority"], authority_names(placed)))
    groups = now.groupby("called", sort=True)
    return pd.DataFrame(
        {
            "children": groups.size(),
            "out_of_area": groups["out_of_area"].sum().astype("int64"),
            "not_known": groups["out_of_area"].agg(lambda flags: int(flags.isna().sum())),
            "median_km": groups["distance_km"].median().round(1),
            "distance_not_known": groups["distance_km"].agg(lambda km: int(km.isna().sum())),
        }
    ).rename_axis("responsible_authority").reset_index()  # fmt: skip


def gathered(placed: Placed) -> pd.DataFrame:
    """Return where placed children gather, by provider, by place and by ward, in one table.

    Returns
    -------
    by ("Provider", "Place", "Ward"), code, called, and the counts of `gatherings`. Homes and foster homes are no rows
    of their own for a viewer who sees no people.
    """
    places = placed.described.drop_duplicates("location_id").set_index("location_id")
    private = set(places.index[places["kind"].isin(["home", "foster_home"])])
    parts = []
    for by, label in BY.items():
        rows = placed.gathered[by].rename(columns={by: "code"})
        if by == "location_id":
            rows = rows if placed.sees_people else rows[~rows["code"].isin(private)]
            known = places.reset_index()
            called = rows["code"].map(dict(zip(known["location_id"], place_names(known), strict=True)))
        else:
            names, nothing = (
                ({}, "not recorded") if by == "provider" else (ward_names(placed), "not on this map")
            )
            called = _called(rows["code"], names, nothing)
        parts.append(rows.assign(by=label, called=called, code=rows["code"].astype(object)))
    every = pd.concat(parts, ignore_index=True)
    return every[["by", "code", "called", *[name for name in every if name not in ("by", "code", "called")]]]


def hotspots_explained(placed: Placed) -> pd.DataFrame:
    """Return each hotspot under either map, with the share of it that placed children explain.

    Returns
    -------
    measure, the columns of `with_and_without`, and of the ward: episodes, episodes_others, share_of_episodes, children,
    children_only_others, share_of_children. One row a measure and ward, the highest rate first.
    """
    shares = placed.split.set_index("ward_code")[
        ["episodes", "episodes_others", "children", "children_only_others"]
    ].astype("Float64")
    shares["share_of_episodes"] = shares["episodes_others"] / shares["episodes"].where(shares["episodes"] > 0)
    shares["share_of_children"] = shares["children_only_others"] / shares["children"].where(
        shares["children"] > 0
    )
    parts = []
    for measure, table in placed.compared.items():
        hot = table[table["change"].fillna("") != ""].merge(
            shares.astype("float64"), left_on="area_code", right_index=True, how="left"
        )
        hot.insert(0, "measure", measure)
        parts.append(hot)
    if not parts:
        return pd.DataFrame(columns=["measure", "area_code", "area_name", "change", *shares])
    return pd.concat(parts, ignore_index=True)


def publishable(placed: Placed) -> pd.DataFrame:
    """Return children missing and their episodes by ward, split in two, for a wider audience: counts of 1 to 5 hidden.

    What would give a hidden count away, in either table or in both together, is hidden too.

    Returns
    -------
    area_code, area_name, and for children and episodes: not_placed_by_others, placed_by_others, Total, as text.
    """
    known = placed.split[placed.split["authority_code"].notna()].set_index("ward_code")
    known = known.assign(
        children_rest=known["children"] - known["children_only_others"],
        episodes_rest=known["episodes"] - known["episodes_others"],
    )
    tables = {
        name: known[list(columns.values())].set_axis(list(columns), axis=1).astype("int64")
        for name, columns in PUBLIC.items()
    }
    if known.empty:
        msg = "No ward of a known authority is on the map, so there is nothing to publish."
        raise ValueError(msg)
    shown = suppress_together(tables, within=[("children", "episodes")])
    out = pd.concat({name: shown[name] for name in PUBLIC}, axis=1)
    out.columns = [f"{name}_{column.lower()}" for name, column in out.columns]
    out.insert(0, "area_name", pd.Series(ward_names(placed)).reindex(out.index).fillna(""))
    return out.rename_axis("area_code").reset_index()


# Files ---------------------------------------------------------------------------------------


def results(placed: Placed) -> dict[str, pd.DataFrame]:
    """Return the tables the command writes; those of children have no rows for a viewer who sees no people."""
    children = placed.now if placed.sees_people else placed.now.iloc[:0]
    return {
        "placements": children.drop(columns="current").sort_values("person_id", ignore_index=True),
        "placed_wards": placed.split,
        "placed_hotspots": hotspots_explained(placed),
        "gatherings": gathered(placed).astype({"code": "str", "called": "str"}),
        "notifications": placed.notified,
        "placements_missing": placed.gaps,
    }


def save(
    analysis: Analysis,
    placed: Placed,
    out: Path,
    *,
    returned: Return | None = None,
    publish: bool = False,
) -> None:
    """Write the tables and summary.json to a folder, whole or not at all.

    Parameters
    ----------
    returned : the SSDA903 return it was made from: its counts go into the summary, its faults into return_faults.
    publish : write only what a wider audience may have.

    Raises
    ------
    FileExistsError
        The folder holds something that is not an earlier result.
    """
    tables = {"placed_counts": publishable(placed)} if publish else results(placed)
    summary: dict[str, Any] = {
        **analysis.stamp,
        "settings": {"viewer": analysis.settings.viewer.role, "seed": placed.seed},
    }
    # Nor notes where it is published: they hold counts as they are.
    if not publish:
        if returned is not None:
            tables["return_faults"] = returned.faults
            summary["return"] = {name: dict(counts) for name, counts in returned.counts.items()}
        summary |= {
            "rows": analysis.counts["rows"],
            "rejected": analysis.counts["rejected"],
            "results": totals(placed) | {"placed_now": len(placed.now)},
            "coverage": {name: dict(part) for name, part in analysis.geography.coverage.items()},
            "notes": [*(returned.notes if returned is not None else ()), *placed.notes],
        }
    with swapped_in(out, FILES) as folder:
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet", index=False)
        write_summary(folder, {**summary, "files": list(tables)})


# Returns -------------------------------------------------------------------------------------


def read_returned(folder: Path, geography: Geography | None, *, authority: str | None = None) -> Return:
    """Read an SSDA903 return, checking its postcodes against those of the geography where it has any.

    Raises
    ------
    FileNotFoundError, ValueError
        As `geo.ssda903.read_return`.
    """
    from geo.ssda903 import read_return

    postcodes = geography.postcodes if geography is not None else None
    known = None if postcodes is None else postcodes["postcode"]
    return read_return(folder, authority=authority, postcodes=known)


def analyse_return(
    returned: Return,
    geography: Geography | None,
    *,
    progress: Callable[[str, float], None] | None = None,
    **settings: Any,
) -> Analysis:
    """Analyse a return as the case it makes; settings are those of `app.analysis.Settings`."""
    from app.analysis import Settings, analyse_records, load_case

    with tempfile.TemporaryDirectory(prefix="contextmap-return-") as folder:
        returned.save(Path(folder))
        records = load_case(folder, geography, additions=())
    return analyse_records(records, geography, Settings(**settings), linked=False, progress=progress)


def validate_as_case(folder: Path) -> None:
    """Check that a return may be written to a folder as a case: it is new or empty.

    Raises
    ------
    FileExistsError
        It is a file, or holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"{folder} holds something already. Give --as-case a new or empty folder."
        raise FileExistsError(msg)


def return_lines(returned: Return) -> list[str]:
    """Return what was read of each file of a return, and its faults together: one line a column and kind of fault."""
    said = [
        f"{name}: {words.count(counts['read'], 'row')} read, {words.number(counts['kept'])} kept, "
        f"{words.number(counts['set_aside'])} set aside; {words.count(counts['faults'], 'fault')}."
        for name, counts in returned.counts.items()
    ]
    faults = returned.faults.assign(
        alike=returned.faults["reason"].str.replace(r"\brow \d+", "another row", regex=True)
    )
    for (table, column, reason), rows in faults.groupby(["table", "column", "alike"], sort=True):
        first = rows.iloc[0]
        value = "" if pd.isna(first["value"]) else f", {shortened(plain(first['value']), 40)!r}"
        where = (
            f"row {first['row']}{value}"
            if len(rows) == 1
            else f"{words.count(len(rows), 'row')}, row {first['row']}{value} first"
        )
        said.append(f"{table} {column} ({where}): {reason}.")
    return said


def gap_lines(placed: Placed) -> list[str]:
    """Return what is missing from the records, one sentence a line."""
    return [
        f"Missing: {row['what']}: {words.number(row['rows'])} of {words.number(row['of'])} {row['kind']}."
        for row in placed.gaps.to_dict("records")
    ]
