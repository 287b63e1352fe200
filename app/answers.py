"""Work out the tables that pages show of a loaded case, each once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd

from app import changes as changed
from app import (
    charts,
    comparison,
    data,
    deprivation,
    gaps,
    kinds,
    maps,
    names,
    operations,
    peers,
    recent,
    spots,
    sureness,
    words,
)
from app.analysis import Analysis
from app.data import Loaded, kept
from app.text import short
from geo.gaps import Gaps
from geo.placements import placements_by_authority
from geo.publication import publish
from mapping.codes import load_codes
from mapping.evidence import BANDS
from mapping.operations import Operations
from mapping.people import PEER_BANDS
from mapping.scenarios import scenarios

SMALLEST = 3
"""A group is listed from this many members."""


@kept
def table(loaded: Loaded, name: str) -> pd.DataFrame:
    """Return one table of the case as known by then."""
    return loaded.analysis.records.table(name)


@kept
def labels(loaded: Loaded, shown: bool) -> pd.Series:
    """Return what to call each person, on person_id."""
    return names.labels(loaded.analysis.records.table("people"), names=shown)


@kept
def full_names(loaded: Loaded) -> pd.DataFrame:
    """Return given_name and family_name on person_id, for cutting names out of text."""
    return loaded.analysis.records.table("people").set_index("person_id")[["given_name", "family_name"]]


@kept
def place_names(loaded: Loaded) -> pd.Series:
    """Return what to call each place, on location_id: its name, else its kind and id."""
    frame = loaded.analysis.records.table("locations")
    return _called(frame, "location_id", "name", load_codes()["location_kind"])


@kept
def thing_names(loaded: Loaded) -> pd.Series:
    """Return what to call each thing, on thing_id."""
    frame = loaded.analysis.records.table("things")
    return _called(frame, "thing_id", "label", load_codes()["thing_kind"])


def _called(frame: pd.DataFrame, key: str, name: str, codes: Mapping[str, str]) -> pd.Series:
    said = [
        short(given, limit=60) or f"{codes.get(str(kind), str(kind))} {short(identity, limit=24)}"
        for identity, kind, given in zip(frame[key], frame["kind"], frame[name], strict=True)
    ]
    return pd.Series(said, index=pd.Index(frame[key].astype(str), name=key), dtype=object)


@kept
def links(loaded: Loaded) -> pd.DataFrame:
    """Return the links with what a picture needs of them."""
    return peers.links_drawn(loaded.analysis.links)


@kept
def person_kinds(loaded: Loaded) -> pd.Series:
    """Return how each person is drawn, on person_id."""
    roles = table(loaded, "participation")
    protective = set(roles.loc[roles["role"] == "protective", "person_id"])
    return peers.person_kinds(loaded.analysis.people, loaded.analysis.links, protective)


@kept
def ties(loaded: Loaded, grades: str) -> pd.DataFrame:
    """Return who was at which place and used which thing."""
    return peers.ties(loaded.analysis.records, letters=BANDS[grades])


@kept
def members(loaded: Loaded) -> pd.DataFrame:
    """Return person_id, group_id and the kind each member is drawn as."""
    frame = loaded.analysis.groups[["person_id", "group_id"]].copy()
    return frame.assign(kind=frame["person_id"].map(person_kinds(loaded)).fillna("child"))


@kept
def group_labels(loaded: Loaded) -> pd.Series:
    """Return what to call each group, on group_id."""
    listed = loaded.analysis.group_summary
    return names.group_labels(listed.loc[listed["size"] >= SMALLEST, "group_id"])


@kept
def group_table(loaded: Loaded) -> pd.DataFrame:
    """Return the groups of three or more, those with the newest evidence first."""
    listed = loaded.analysis.group_summary
    listed = listed[listed["size"] >= SMALLEST]
    out = listed.sort_values(
        ["last_seen", "group_id"], ascending=[False, True], na_position="last", ignore_index=True
    )
    return out.assign(label=out["group_id"].map(group_labels(loaded)))


def groups_shown(groups: pd.DataFrame, changes: pd.DataFrame, only: str) -> pd.DataFrame:
    """Return the groups that changed in one of the ways the page is narrowed to."""
    wanted = words.GROUP_FILTERS[only]
    if wanted is None:
        return groups
    kept_ids = changes.loc[changes["change"].isin(wanted), "group_id"]
    return groups[groups["group_id"].isin(kept_ids)].reset_index(drop=True)


@kept
def source_labels(loaded: Loaded) -> dict[str, str]:
    """Return what to call each source, by id."""
    return sureness.source_labels(table(loaded, "sources"))


@kept
def sure_groups(loaded: Loaded, sure: Sure) -> pd.DataFrame:
    """Return in words how sure each group is, on group_id: said, stability."""
    found = sure.analysis.group_summary
    called = source_labels(loaded)
    said = [
        sureness.group(row, resamples=sure.analysis.resamples, label=called)
        for row in found.to_dict("records")
    ]
    return pd.DataFrame({"said": said, "stability": found["stability"]}).set_index(found["group_id"])


@kept
def sure_members(loaded: Loaded, sure: Sure) -> pd.Series:  # noqa: ARG001  the key of the answer
    """Return in words how sure it is that each person belongs with their group, on person_id."""
    found = sure.analysis.groups
    said = [sureness.member(row, resamples=sure.analysis.resamples) for row in found.to_dict("records")]
    return pd.Series(said, index=found["person_id"], dtype=object)


@kept
def sure_links(loaded: Loaded, sure: Sure) -> pd.Series:  # noqa: ARG001  the key of the answer
    """Return in words whether each link of co-presence is more than chance, by the link's id."""
    found = peers.links_drawn(sure.analysis.links)
    pairs = zip(found["validated"], found["p_value"], strict=True)
    return pd.Series([sureness.chance(*pair) for pair in pairs], index=found["id"], dtype=object)


@kept
def sure_contacts(loaded: Loaded, sure: Sure) -> pd.DataFrame:
    """Return in words how sure each shared contact is, on its key: chance, rests."""
    found = sure.analysis.shared_contacts
    called = source_labels(loaded)
    keys = [
        f"{kind}:{contact}" for kind, contact in zip(found["contact_type"], found["contact_id"], strict=True)
    ]
    rests = [
        sureness.rests_on(*pair, label=called)
        for pair in zip(found["rests_on"], found["rests_on_agency"], strict=True)
    ]
    return pd.DataFrame({"chance": sureness.contact_chance(found).to_numpy(), "rests": rests}, index=keys)


@dataclass(frozen=True)
class Sure:
    """The analysis that says how sure everything is; all of them are alike as part of a key."""

    analysis: Analysis = field(compare=False)


def checked(loaded: Loaded) -> Sure | None:
    """Return what says how sure everything is; None while it is being worked out, which the page then says."""
    found = data.checked(loaded)
    return None if found is None else Sure(found)


def group_in_bands(loaded: Loaded, group_id: str, bands: Mapping[str, Loaded]) -> pd.DataFrame:
    """Return what becomes of one group in each band of grades: band, said, kept, joined, lost_people (tuple)."""
    present = loaded.analysis.groups
    others = {band: other.analysis.groups for band, other in bands.items()}
    found = scenarios(present[present["group_id"] == group_id], others)
    return found.assign(
        said=[
            "the same people" if alike == 1 else "there" if there else "not there"
            for alike, there in zip(found["jaccard"], found["there"], strict=True)
        ],
        lost_people=[tuple(part for part in str(who).split("|") if part) for who in found["lost_people"]],
    )


def people_left_out(loaded: Loaded) -> pd.DataFrame | None:
    """Return what would not be seen if people were missing from the records, in percent; None while it is worked out."""
    every = data.omissions(loaded)
    if every is None:
        return None
    found = every.shares
    return found.assign(
        share=(found["share"] * 100).round().astype(int),
        jaccard=found["jaccard"].round(2),
        groups_dissolved=(found["groups_dissolved"] * 100).round(1),
        contacts_lost=(found["contacts_lost"] * 100).round(1),
    )


@kept
def group_links(loaded: Loaded, group_id: str) -> pd.DataFrame:
    """Return the links between the members of one group, the newest first."""
    inside = set(loaded.analysis.groups.loc[loaded.analysis.groups["group_id"] == group_id, "person_id"])
    every = links(loaded)
    kept = every[every["person_a"].isin(inside) & every["person_b"].isin(inside)]
    return kept.sort_values(
        ["last_seen", "person_a", "person_b"], ascending=[False, True, True], ignore_index=True
    )


@kept
def group_items(loaded: Loaded, group_id: str) -> pd.DataFrame:
    """Return what the links inside a group rest on."""
    return loaded.analysis.group_items(group_id)


@kept
def group_places(loaded: Loaded, group_id: str, grades: str) -> pd.DataFrame:
    """Return the places and things that two or more members of a group have in common, most members first."""
    inside = set(loaded.analysis.groups.loc[loaded.analysis.groups["group_id"] == group_id, "person_id"])
    tied = ties(loaded, grades)
    return shared_ties(tied[tied["person_id"].isin(inside)])


def shared_ties(tied: pd.DataFrame, *, fewest: int = 2) -> pd.DataFrame:
    """Return each place and thing with how many of these people it is tied to, `fewest` or more, most first."""
    if tied.empty:
        return pd.DataFrame(
            {
                name: []
                for name in (
                    "contact_type",
                    "contact_id",
                    "contact_kind",
                    "name",
                    "people",
                    "records",
                    "last_seen",
                    "kind",
                )
            }
        )
    grouped = tied.groupby(["contact_type", "contact_id"], sort=True)
    out = grouped.agg(
        contact_kind=("contact_kind", "first"), name=("name", "first"), people=("person_id", "nunique"),
        records=("row", "size"), last_seen=("day", "max"),
    ).reset_index()  # fmt: skip
    out = out[out["people"] >= fewest]
    drawn = [
        kinds.contact_kind(kind, of)
        for kind, of in zip(out["contact_type"], out["contact_kind"], strict=True)
    ]
    out = out.assign(kind=drawn)
    return out.sort_values(
        ["people", "records", "contact_type", "contact_id"],
        ascending=[False, False, True, True],
        ignore_index=True,
    )


@kept
def bridges(loaded: Loaded) -> pd.DataFrame:
    """Return which pairs of listed groups share a contact: group_a, group_b, contacts."""
    shared = loaded.analysis.shared_contacts
    crossing = shared[(shared["groups"] >= 2) & (shared["groups"] <= 8)]
    crossing = crossing.sort_values(
        ["last_seen", "contact_type", "contact_id"], ascending=[False, True, True]
    ).head(150)
    reached = loaded.analysis.contact_groups().merge(crossing[["contact_type", "contact_id"]])
    reached = reached[reached["group_id"].isin(group_labels(loaded).index)]
    pairs = reached.merge(reached, on=["contact_type", "contact_id"], suffixes=("_a", "_b"))
    pairs = pairs.rename(columns={"group_id_a": "group_a", "group_id_b": "group_b"})
    pairs = pairs[pairs["group_a"] < pairs["group_b"]]
    return pairs.groupby(["group_a", "group_b"]).size().rename("contacts").reset_index()


@kept
def link_items(loaded: Loaded, person_a: str, person_b: str) -> pd.DataFrame:
    """Return what one link rests on."""
    return loaded.analysis.link_items(person_a, person_b)


@kept
def contact_items(loaded: Loaded, contact_type: str, contact_id: str) -> pd.DataFrame:
    """Return what ties children to one contact."""
    return loaded.analysis.contact_items(contact_type, contact_id)


@kept
def contact_children(loaded: Loaded, contact_type: str, contact_id: str) -> list[str]:
    """Return the children one contact is tied to."""
    return list(loaded.analysis.contact_children(contact_type, contact_id))


@kept
def contact_table(loaded: Loaded, shown: bool) -> pd.DataFrame:
    """Return the shared contacts with what to call each, those that touch the most groups first.

    Parameters
    ----------
    shown
        whether full names are shown.
    """
    shared = loaded.analysis.shared_contacts
    person = person_kinds(loaded).to_dict()
    columns = ("contact_type", "contact_id", "contact_kind")
    pairs = list(zip(*(shared[name].tolist() for name in columns), strict=True))
    drawn = [
        person.get(contact, "adult") if kind == "person" else kinds.contact_kind(kind, of)
        for kind, contact, of in pairs
    ]
    called = {
        "person": labels(loaded, shown).to_dict(),
        "location": place_names(loaded).to_dict(),
        "thing": thing_names(loaded).to_dict(),
        "event": event_names(loaded).to_dict(),
    }
    order = ["groups", "children", "last_seen", "contact_type", "contact_id"]
    out = shared.assign(
        key=[f"{kind}:{contact}" for kind, contact, _ in pairs],
        kind=drawn,
        called=[str(called[kind].get(contact, contact)) for kind, contact, _ in pairs],
        **{"is": [kinds.KINDS[name].label for name in drawn]},
    )
    return out.sort_values(order, ascending=[False, False, False, True, True], ignore_index=True)


@kept
def event_names(loaded: Loaded) -> pd.Series:
    """Return what to call each event, on event_id: what kind and when."""
    events = table(loaded, "events")
    codes = load_codes()["event_kind"]
    said = [
        f"{codes.get(kind, kind)}, {began}"
        for kind, began in zip(
            events["kind"].astype(str).tolist(), words.days(events["started_at"]), strict=True
        )
    ]
    return pd.Series(said, index=pd.Index(events["event_id"].astype(str), name="event_id"), dtype=object)


def contacts_listed(every: pd.DataFrame, of_type: str, apart: bool) -> pd.DataFrame:
    """Return the shared contacts of one type, or only those whose children are not otherwise linked."""
    kept_rows = every[every["not_otherwise_linked"]] if apart else every
    wanted = words.CONTACT_FILTERS[of_type]
    if wanted == "online":
        return kept_rows[kept_rows["kind"].isin(["online", "online_account"])].reset_index(drop=True)
    return (kept_rows if wanted is None else kept_rows[kept_rows["contact_type"] == wanted]).reset_index(
        drop=True
    )


@kept
def homes_by_ward(loaded: Loaded, children: tuple[str, ...]) -> pd.DataFrame:
    """Return how many of these children live in each ward: ward_code, ward, children, most first."""
    people = loaded.analysis.people
    lived = people.loc[people["person_id"].isin(children), "lives_in_ward"].value_counts()
    wards = loaded.analysis.wards[["ward_code", "ward_name"]]
    out = wards.assign(ward=wards["ward_name"], children=wards["ward_code"].map(lived).fillna(0).astype(int))
    return out.sort_values(["children", "ward_code"], ascending=[False, True], ignore_index=True)


@kept
def contact_child_table(loaded: Loaded, children: tuple[str, ...]) -> pd.DataFrame:
    """Return the children of one contact in the order of their ids, with their group and ward."""
    people = loaded.analysis.people
    out = people.loc[people["person_id"].isin(children), ["person_id", "age", "group_id", "lives_in_ward"]]
    every = loaded.analysis.links
    inside = every[every["person_a"].isin(children) & every["person_b"].isin(children)]
    tally = pd.concat([inside["person_a"], inside["person_b"]]).value_counts()
    called = group_labels(loaded)
    return out.assign(
        group=out["group_id"].map(called).fillna("in no group of three"),
        ward=out["lives_in_ward"].map(ward_names(loaded)),
        links=out["person_id"].map(tally).fillna(0).astype(int),
    ).reset_index(drop=True)


@kept
def outline(loaded: Loaded) -> dict[str, Any] | None:
    """Return what maps draw of the ward boundaries; None where there are none."""
    places = loaded.work.reading.places
    if places is None or places.wards is None or not len(places.wards):
        return None
    shapes = places.wards.to_geopandas(crs=27700).rename(columns={"code": "ward_code", "name": "ward_name"})
    return maps.outlines(shapes)


@kept
def young_people(loaded: Loaded) -> pd.DataFrame:
    """Return the children and young people one can make a peer map of, by id."""
    people = loaded.analysis.people
    return people[people["age_band"].isin(PEER_BANDS)].sort_values("person_id", ignore_index=True)


@dataclass(frozen=True)
class Around:
    """What surrounds one child: nodes, edges, and how many people were left out of the picture."""

    nodes: pd.DataFrame
    edges: pd.DataFrame
    left_out: int


@kept
def around(
    loaded: Loaded, child: str, steps: int, shown: tuple[str, ...], days: int | None, grades: str
) -> Around:
    """Return who and what surrounds a child, filtered by kind and by how lately it was seen."""
    every, tied = links(loaded), ties(loaded, grades)
    if days is not None and loaded.analysis.as_of is not None:
        since = pd.Timestamp(loaded.analysis.as_of) - pd.Timedelta(days=days)
        every = every[every["last_seen"] >= since]
        tied = tied[(tied["day"] >= since) | tied["tie"].isin(["goes to school there", "placed there"])]
    allowed = {kind for name in shown for kind in words.PEER_FILTERS.get(name, ())}
    wanted = {joined: bool(set(str(joined).split("|")) & allowed) for joined in every["kinds"].unique()}
    every = every[every["kinds"].map(wanted).astype(bool)]
    places = {"location"} if "Places" in shown else set()
    places |= {"thing"} if "Phones and accounts" in shown else set()
    nodes, edges, left_out = peers.around(
        child, every, tied[tied["contact_type"].isin(places)], person_kinds(loaded), steps=steps
    )
    return Around(nodes, edges, left_out)


def surroundings(
    loaded: Loaded, child: str, found: Around, *, called: Mapping[str, pd.Series] | None = None
) -> pd.DataFrame:
    """Return everyone and everything linked to a child directly, one row an edge of the picture.

    `called` gives other names of places and things than those of the case, by type.
    """
    me = f"person:{child}"
    edges = found.edges[(found.edges["source"] == me) | (found.edges["target"] == me)]
    if edges.empty:
        return edges.assign(other="", ref="", kind="", context="", how="", **{"is": ""})
    other = edges["target"].where(edges["source"] == me, edges["source"])
    nodes = found.nodes.set_index("id")
    context = peers.contexts(found.nodes).set_axis(found.nodes["id"])
    called = called or {"location": place_names(loaded), "thing": thing_names(loaded)}
    ref = other.map(nodes["ref"])
    out = edges.assign(
        other=other,
        ref=ref,
        kind=other.map(nodes["kind"]),
        context=other.map(context).map(charts.CONTEXTS),
        called=[
            str(called[kind].get(identity, identity)) if kind in ("location", "thing") else ""
            for kind, identity in zip(edges["contact_type"], ref, strict=True)
        ]
        if "contact_type" in edges
        else "",
        how=[words.how(row) for row in edges.to_dict("records")],
    )
    out = out.assign(**{"is": [kinds.KINDS[kind].label for kind in out["kind"]]})
    return out.sort_values(["context", "last_seen", "id"], ascending=[True, False, True], ignore_index=True)


@kept
def tie_items(loaded: Loaded, person: str, contact_type: str, contact_id: str, grades: str) -> pd.DataFrame:
    """Return the records that tie one person to one place or thing, as evidence items."""
    tied = ties(loaded, grades)
    mine = tied[
        (tied["person_id"] == person)
        & (tied["contact_type"] == contact_type)
        & (tied["contact_id"] == contact_id)
    ]
    return mine.assign(
        date_from=mine["day"], date_to=mine["day"], what=mine["name"], kind="", recorded_on=pd.NaT
    ).sort_values("day", ascending=False)


def has_residents(measure: str) -> bool:
    """Say whether a measure is also known without children placed by other authorities."""
    return measure.removesuffix("_rate") in ("children_known", "missing_episodes", "children_missing")


@kept
def ward_values(loaded: Loaded, measure: str, placed: bool) -> pd.Series:
    """Return a measure on ward_code, with or without children whom other authorities have placed there."""
    wards = loaded.analysis.wards.set_index("ward_code")
    column = measure.removesuffix("_rate")
    if not placed and has_residents(measure):
        column += "_residents"
    values = wards[column].astype("Float64").astype(float)
    if measure.endswith("_rate"):
        children = wards["children_10_17"].astype("Float64").astype(float)
        values = (values / children.where(children > 0) * 1000).round(1)
    return values


@kept
def ward_scale(loaded: Loaded, measure: str) -> pd.Series:
    """Return the values a measure's scale is made from: with and without placed children alike."""
    return pd.concat(
        [ward_values(loaded, measure, True), ward_values(loaded, measure, False)], ignore_index=True
    )


@kept
def ward_places(loaded: Loaded, ward: str, grades: str) -> pd.DataFrame:
    """Return the places in a ward that children are tied to, most children first."""
    inside = loaded.analysis.geography.locations
    here = set(inside.loc[inside["ward_code"] == ward, "location_id"])
    tied = ties(loaded, grades)
    children = set(loaded.analysis.people.loc[loaded.analysis.people["age_band"] == "child", "person_id"])
    tied = tied[
        (tied["contact_type"] == "location")
        & tied["contact_id"].isin(here)
        & tied["person_id"].isin(children)
    ]
    out = shared_ties(tied, fewest=1)
    return out.assign(
        name=out["contact_id"].map(place_names(loaded)),
        **{"is": [kinds.KINDS[kind].label for kind in out["kind"]]},
    )


@kept
def ward_placements(loaded: Loaded, ward: str) -> pd.DataFrame:
    """Return the placements made in a ward, past and present, by the authority that made them."""
    counted = placements_by_authority(loaded.analysis.geography.placements)
    here = counted[counted["ward_code"] == ward]
    return here.assign(
        placed_by=here["placed_by"].astype(object).where(here["placed_by"].notna(), "not recorded"),
        elsewhere=here["placed_from_elsewhere"]
        .astype(object)
        .map({True: "yes", False: "no"})
        .fillna("not known"),
    ).reset_index(drop=True)


@kept
def ward_groups(loaded: Loaded, ward: str) -> pd.DataFrame:
    """Return the groups with members who live in a ward, those with the most members there first."""
    people = loaded.analysis.people
    here = people.loc[people["lives_in_ward"] == ward, "group_id"].value_counts()
    called = group_labels(loaded)
    listed = loaded.analysis.group_summary
    listed = listed[listed["group_id"].isin(here.index) & listed["group_id"].isin(called.index)]
    out = listed.assign(group=listed["group_id"].map(called), here=listed["group_id"].map(here))
    return out.sort_values(["here", "group_id"], ascending=[False, True], ignore_index=True)


@kept
def episodes(loaded: Loaded) -> int:
    """Return how many missing episodes the case has at all."""
    return int(loaded.analysis.records.execute("SELECT count(*) FROM {missing}")[0][0])


def missing_now(loaded: Loaded, at: datetime) -> pd.DataFrame:
    """Return the children missing at a moment."""
    return recent.missing_now(table(loaded, "missing"), at=at)


@kept
def children_missing(loaded: Loaded) -> int:
    """Return how many children the missing episodes in wards are of, each once."""
    episodes = table(loaded, "missing").set_index("row", drop=False).sort_index()
    ward = loaded.analysis.geography.missing.to_numpy()
    born = episodes["person_id"].map(table(loaded, "people").set_index("person_id")["date_of_birth"])
    grown = episodes["reported_at"] >= pd.to_datetime(born) + pd.DateOffset(years=18)
    return int(episodes.loc[pd.notna(ward) & ~grown.to_numpy(), "person_id"].nunique())


@kept
def interviews_due(loaded: Loaded, at: datetime) -> pd.DataFrame:
    """Return the return interviews not held by a moment."""
    return recent.interviews_due(table(loaded, "missing"), at=at)


def changes(loaded: Loaded, earlier: Loaded) -> pd.DataFrame:
    """Return everything that changed between two days; see `mapping.change.changes`."""
    return _changes(loaded, earlier.question.as_of, _Other(earlier))


def group_changes(loaded: Loaded, earlier: Loaded) -> pd.DataFrame:
    """Return the groups of three or more that changed between two days; see `app.changes.group_changes`."""
    return _group_changes(loaded, earlier.question.as_of, _Other(earlier))


def new_links(loaded: Loaded, earlier: Loaded) -> pd.DataFrame:
    """Return the links known now that were not known on the earlier day."""
    return _new_links(loaded, earlier.question.as_of, _Other(earlier))


@kept
def _changes(loaded: Loaded, since: date, earlier: _Other) -> pd.DataFrame:  # noqa: ARG001  the key of the answer
    return comparison.compared(earlier.loaded.analysis, loaded.analysis).changes


@kept
def _group_changes(loaded: Loaded, since: date, earlier: _Other) -> pd.DataFrame:
    found, then = _changes(loaded, since, earlier), earlier.loaded
    called = {**group_labels(then).to_dict(), **group_labels(loaded).to_dict()}
    return changed.group_changes(
        found, loaded.analysis.groups, then.analysis.groups, called, smallest=SMALLEST
    )


@kept
def _new_links(loaded: Loaded, since: date, earlier: _Other) -> pd.DataFrame:  # noqa: ARG001  the key of the answer
    return recent.new_links(links(loaded), earlier.loaded.analysis.links)


@dataclass(frozen=True)
class _Other:
    """Another day's answer to the same question; all of them are alike as part of a key."""

    loaded: Loaded = field(compare=False)


@kept
def new_referrals(loaded: Loaded, since: date) -> pd.DataFrame:
    """Return the referrals received since a day, newest first."""
    return recent.newest_referrals(table(loaded, "referrals"), since=since, until=loaded.day)


def member_table(loaded: Loaded, group_id: str, label: pd.Series) -> pd.DataFrame:
    """Return the members of one group in the order of their ids: no member comes first for any other reason."""
    inside = members(loaded)
    inside = inside[inside["group_id"] == group_id]
    listed = group_links(loaded, group_id)
    ends = pd.concat(
        [
            listed[["person_a", "last_seen"]].set_axis(["person_id", "last_seen"], axis=1),
            listed[["person_b", "last_seen"]].set_axis(["person_id", "last_seen"], axis=1),
        ]
    )
    tally = ends.groupby("person_id").agg(links=("last_seen", "size"), last_seen=("last_seen", "max"))
    out = inside.merge(
        loaded.analysis.people[["person_id", "age", "lives_in_ward"]], on="person_id", how="left"
    ).merge(tally, on="person_id", how="left")
    ward = ward_names(loaded)
    return out.assign(
        who=out["person_id"].map(label),
        ward=out["lives_in_ward"].map(ward),
        **{"is": [kinds.KINDS[kind].label for kind in out["kind"]]},
    )


@kept
def ward_names(loaded: Loaded) -> pd.Series:
    """Return the name of each ward on ward_code."""
    return loaded.analysis.wards.set_index("ward_code")["ward_name"]


@kept
def candidates(loaded: Loaded) -> Operations:
    """Return the candidate operations."""
    return loaded.analysis.operations


@kept
def operation_contacts(loaded: Loaded, operation_id: str, shown: bool) -> pd.DataFrame:
    """Return the contacts of one candidate operation with what to call each and how it is drawn."""
    places, things = (table(loaded, name) for name in ("locations", "things"))
    called = {
        "person": labels(loaded, shown),
        "location": place_names(loaded),
        "thing": thing_names(loaded),
    }
    drawn = {
        "person": person_kinds(loaded),
        "location": places.set_index("location_id")["kind"].map(kinds.place_kind),
        "thing": things.set_index("thing_id")["kind"].map(kinds.thing_kind),
    }
    return operations.contacts_of(candidates(loaded), operation_id, called, drawn)


@kept
def operation_items(loaded: Loaded, operation_id: str) -> pd.DataFrame:
    """Return the rows that tie the children of one candidate operation to its contacts, newest first."""
    contacts = operation_contacts(loaded, operation_id, False)
    children = operations.children_of(candidates(loaded), operation_id)
    found = [
        contact_items(loaded, kind, contact).assign(contact=key)
        for key, kind, contact in zip(
            contacts["key"], contacts["contact_type"], contacts["contact_id"], strict=True
        )
    ]
    every = pd.concat(found, ignore_index=True)
    every = every[every["person_id"].isin(children)]
    order = ["date_to", "person_id", "contact", "table", "row"]
    return every.sort_values(order, ascending=[False, True, True, True, True], ignore_index=True)


@kept
def operation_spots(loaded: Loaded, operation_id: str) -> pd.DataFrame:
    """Return where the places and the dated events of one candidate operation lie: easting, northing, called, kind."""
    contacts = operation_contacts(loaded, operation_id, False)
    rows = operation_items(loaded, operation_id).query("table == 'participation'")["row"]
    roles = table(loaded, "participation")
    events = roles.loc[roles["row"].isin(rows), "event_id"]
    listed = table(loaded, "events")
    return spots.of(
        contacts,
        listed[listed["event_id"].isin(events)],
        loaded.analysis.geography.locations,
        event_names(loaded),
    )


@kept
def referral_gaps(loaded: Loaded, years: int) -> Gaps:
    """Compare referrals of the last so many years (0 for all on record) with what is expected."""
    return gaps.find_gaps(loaded.analysis, since=_years_back(loaded, years))


def published_gaps(asked: tuple[Loaded, int]) -> pd.DataFrame:
    """Compare referrals of the last so many years for a wider audience."""
    loaded, years = asked
    return _published_gaps(loaded, years)


@kept
def _published_gaps(loaded: Loaded, years: int) -> pd.DataFrame:
    return gaps.publishable(loaded.analysis, since=_years_back(loaded, years))


def published_wards(wards: pd.DataFrame) -> pd.DataFrame:
    """Return what the Wards page counts for a wider audience; children are never more than their episodes, and so on."""
    return publish(
        wards,
        names=["ward_code", "ward_name", "imd_decile", "children_10_17"],
        counts=[
            "children_known",
            "missing_episodes",
            "children_missing",
            "incidents",
            "placements",
            "placed_by_others",
        ],
        within=[
            ("children_missing", "missing_episodes"),
            ("placements", "children_known"),
            ("placed_by_others", "placements"),
        ],
    )


def _years_back(loaded: Loaded, years: int) -> date | None:
    return None if years == 0 else (pd.Timestamp(loaded.day) - pd.DateOffset(years=years)).date()


@kept
def deprived(loaded: Loaded, measure: str, placed: bool) -> deprivation.Picture | None:
    """Return how a measure lies across deprivation; None where no ward has a rank of deprivation."""
    return deprivation.picture(loaded.analysis, loaded.work.reading.places, measure, placed=placed)
