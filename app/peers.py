"""Gather what surrounds people: their peers, places and things, and what each rests on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from app import kinds

STATED = ("peer", "family", "partner", "school", "online", "group", "co_offending", "exploitation", "other")
"""Kinds of association that someone stated; all other kinds of link come from being at the same place."""

_TIES = """
    SELECT person_n, 'location' AS contact_type, location_n AS contact_n, 'seen there' AS tie, CAST(seen_at AS DATE) AS day, source_n, 'presence' AS "table", row
    FROM {presence}
    UNION ALL
    SELECT p.person_n, 'location', e.location_n, 'at an event there', CAST(e.started_at AS DATE), coalesce(p.source_n, e.source_n), 'participation', p.row
    FROM {participation} p JOIN {events} e ON e.event_n = p.event_n WHERE e.location_n IS NOT NULL
    UNION ALL
    SELECT person_n, 'location', found_at_location_n, 'found there', CAST(found_at AS DATE), source_n, 'missing', row
    FROM {missing} WHERE found_at_location_n IS NOT NULL
    UNION ALL
    SELECT person_n, 'location', location_n, 'placed there', CAST(started_on AS DATE), source_n, 'placements', row FROM {placements}
    UNION ALL
    SELECT person_n, 'location', school_n, 'goes to school there', NULL, NULL, 'people', row FROM {people} WHERE school_n IS NOT NULL
    UNION ALL
    SELECT person_n, 'thing', thing_n, 'used it', CAST(coalesce(last_seen, first_seen) AS DATE), source_n, 'thing_use', row FROM {thing_use}
"""


def links_drawn(links: pd.DataFrame) -> pd.DataFrame:
    """Return links with the columns a picture needs.

    Parameters
    ----------
    links
        person_a, person_b, kinds (joined by "|"), nature and the rest of `analysis.links`.

    Returns
    -------
    pandas.DataFrame
        the same rows with id, source, target, stated, seen.
    """
    split = {joined: set(str(joined).split("|")) - {""} for joined in links["kinds"].unique()}
    stated = links["kinds"].map({joined: bool(found & set(STATED)) for joined, found in split.items()})
    seen = links["kinds"].map({joined: bool(found - set(STATED)) for joined, found in split.items()})
    return links.assign(
        id="link:" + links["person_a"].astype(str) + "|" + links["person_b"].astype(str),
        source="person:" + links["person_a"].astype(str),
        target="person:" + links["person_b"].astype(str),
        stated=stated.astype(bool),
        seen=seen.astype(bool),
    )


def person_kinds(people: pd.DataFrame, links: pd.DataFrame, protective: set[str]) -> pd.Series:
    """Return the kind each person is drawn as, on person_id.

    Parameters
    ----------
    people
        person_id, age_band, of_concern.
    links
        `analysis.links`; an adult in a protective link, and none that is
        harmful, is a protective adult.
    protective
        people recorded in an event as protective.
    """
    good, bad = links["nature"] == "protective", links["nature"].isin(["harmful", "mixed"])
    helping = protective | set(links.loc[good, "person_a"]) | set(links.loc[good, "person_b"])
    helping -= set(links.loc[bad, "person_a"]) | set(links.loc[bad, "person_b"])
    out = people.set_index("person_id")["age_band"].astype(object)
    grown = out.isin(["adult", "young_adult"])
    out = out.mask((out == "adult") & out.index.isin(list(helping)), "protective_adult")
    out = out.mask(grown & people["of_concern"].fillna(False).to_numpy(dtype=bool), "adult_of_concern")
    return out.where(out.isin(list(kinds.KINDS)), "adult")


def ties(records: Any, *, letters: tuple[str, ...] | None) -> pd.DataFrame:
    """Return who was at which place and used which thing, one row a record.

    Parameters
    ----------
    records
        mapping.records.Records, limited to a viewer and a date.
    letters
        information grades that count; None counts all, ungraded ones too.
        Schools and placements are facts of the child's own record and always count.

    Returns
    -------
    pandas.DataFrame
        person_id, contact_type, contact_id, contact_kind, name, tie, day,
        source_id, agency, source_kind, grade, handling, text, table, row.
    """
    where = "true"
    if letters is not None:
        listed = ", ".join(f"'{letter}'" for letter in letters)
        where = f"(t.tie IN ('goes to school there', 'placed there') OR s.information_grade IN ({listed}))"
    found = records.sql(
        f"""SELECT p.person_id, t.contact_type, coalesce(l.location_id, h.thing_id) AS contact_id, coalesce(l.kind, h.kind) AS contact_kind,
            coalesce(l.name, h.label) AS name, t.tie, t.day, s.source_id, s.agency, s.kind AS source_kind,
            s.source_grade || s.information_grade AS grade, s.handling, s.text, t."table", t.row
        FROM ({_TIES}) t JOIN {{people}} p ON p.person_n = t.person_n
        LEFT JOIN {{locations}} l ON t.contact_type = 'location' AND l.location_n = t.contact_n
        LEFT JOIN {{things}} h ON t.contact_type = 'thing' AND h.thing_n = t.contact_n
        LEFT JOIN {{sources}} s ON s.source_n = t.source_n
        WHERE {where} ORDER BY p.person_id, t.contact_type, contact_id, t.day, t."table", t.row"""
    ).df()
    return found.assign(day=pd.to_datetime(found["day"]))


def contexts(nodes: pd.DataFrame) -> pd.Series:
    """Return the sector of a peer map each node lies in (see app.charts.CONTEXTS).

    Parameters
    ----------
    nodes
        kind (of app.kinds), kinds (of the link, joined by "|"; "" for places and things).
    """
    by_kind = {
        "adult_of_concern": "concern",
        "adult": "adults",
        "protective_adult": "adults",
        "school": "school",
        "home": "home",
        "childrens_home": "home",
        "online": "online",
        "online_account": "online",
        "event": "events",
        **dict.fromkeys(("place", "park", "transport", "shop"), "places"),
        **dict.fromkeys(("phone", "vehicle", "bank_account", "thing"), "things"),
    }
    return pd.Series(
        [
            by_kind.get(kind) or _peer_context(str(joined))
            for kind, joined in zip(nodes["kind"], nodes["kinds"], strict=True)
        ],
        index=nodes.index,
        dtype=object,
    )


def _peer_context(joined: str) -> str:
    found = set(joined.split("|"))
    if found & {"family", "partner"}:
        return "home"
    if "school" in found:
        return "school"
    if found and found <= {"online", ""} and "online" in found:
        return "online"
    return "peers"


def around(
    child: str,
    links: pd.DataFrame,
    tied: pd.DataFrame,
    person_kind: pd.Series,
    *,
    steps: int = 1,
    most: int = 250,
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return the people, places and things around one child, and how they are linked.

    Parameters
    ----------
    links
        from `links_drawn`, already filtered by what the user wants to see.
    tied
        from `ties`, likewise.
    steps
        1 for those linked to the child, 2 for those linked to them as well.
    most
        people beyond the first step are left out above this many nodes.

    Returns
    -------
    tuple
        nodes (id, ref, kind, kinds, step, near), edges (as `links_drawn`,
        ties as edges of their own), and how many people were left out.
    """
    here = (links["person_a"] == child) | (links["person_b"] == child)
    first = links[here]
    peers = pd.Index(first["person_a"].where(first["person_a"] != child, first["person_b"]), name="ref")
    found = {"person:" + str(child): (child, 0)} | {"person:" + str(peer): (peer, 1) for peer in peers}
    mine = tied[tied["person_id"] == child]
    contact_ids = mine["contact_type"] + ":" + mine["contact_id"].astype(str)
    left_out = 0
    if steps == 2:
        second = links[(links["person_a"].isin(peers) | links["person_b"].isin(peers)) & ~here]
        further = sorted((set(second["person_a"]) | set(second["person_b"])) - set(peers) - {child})
        room = max(0, most - len(found) - contact_ids.nunique())
        left_out = max(0, len(further) - room)
        found |= {"person:" + str(person): (person, 2) for person in further[:room]}
    people = pd.DataFrame(
        [(key, ref, step) for key, (ref, step) in found.items()], columns=["id", "ref", "step"]
    )
    people["kind"] = people["ref"].map(person_kind).fillna("adult")
    by_peer = (
        pd.Series(first["kinds"].to_numpy(), index=peers).groupby(level=0).first()
        if len(first)
        else pd.Series(dtype=object)
    )
    good = (
        pd.Series((first["nature"] == "protective").to_numpy(), index=peers).groupby(level=0).any()
        if len(first)
        else pd.Series(dtype=bool)
    )
    people["kinds"] = people["ref"].map(by_peer).fillna("")
    people["near"] = people["ref"].map(good).fillna(False).astype(bool)
    held = links["source"].isin(people["id"]) & links["target"].isin(people["id"])
    shown_ties = tied[
        tied["person_id"].isin(people["ref"])
        & (tied["contact_type"] + ":" + tied["contact_id"].astype(str)).isin(contact_ids)
    ]
    nodes = pd.concat([people, _contact_nodes(mine)], ignore_index=True)
    edges = pd.concat([links[held], tie_edges(shown_ties)], ignore_index=True)
    return nodes.drop_duplicates("id", ignore_index=True), edges, left_out


def pictured(nodes: pd.DataFrame, edges: pd.DataFrame, *, most: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what of the surroundings of a child is drawn: no more nodes than can be read, and the links among them.

    Who and what is one step away comes before what is two; then adults of concern and protective people; then what
    somebody stated, what has most records and what is newest. It is the link that counts, and nothing else of a child.

    Parameters
    ----------
    nodes, edges
        as `around` gives them.
    """
    if len(nodes) <= most:
        return nodes, edges
    middle = nodes.loc[nodes["step"] == 0, "id"]
    own = pd.concat([edges.assign(id=edges[end]) for end in ("source", "target")])
    touches = own["source"].isin(middle) | own["target"].isin(middle)
    known = (
        own[touches]
        .groupby("id")
        .agg(stated=("stated", "any"), items=("items", "sum"), last=("last_seen", "max"))
    )
    ranked = nodes.join(known, on="id").assign(
        apart=(nodes["near"] | (nodes["kind"] == "adult_of_concern")).astype(bool),
    )
    ranked = ranked.assign(stated=ranked["stated"].eq(True), items=ranked["items"].fillna(0).astype("int64"))
    order = ["step", "apart", "stated", "items", "last", "id"]
    kept = ranked.sort_values(order, ascending=[True, False, False, False, False, True])["id"].head(most)
    inside = set(kept)
    shown = edges[edges["source"].isin(inside) & edges["target"].isin(inside)]
    return nodes[nodes["id"].isin(inside)].reset_index(drop=True), shown.reset_index(drop=True)


def _contact_nodes(mine: pd.DataFrame) -> pd.DataFrame:
    each = mine.drop_duplicates(["contact_type", "contact_id"])
    return pd.DataFrame(
        {
            "id": (each["contact_type"] + ":" + each["contact_id"].astype(str)).to_numpy(),
            "ref": each["contact_id"].to_numpy(),
            "step": 1,
            "kind": [
                kinds.contact_kind(kind, of)
                for kind, of in zip(each["contact_type"], each["contact_kind"], strict=True)
            ],
            "kinds": "",
            "near": False,
        }
    )


def tie_edges(tied: pd.DataFrame) -> pd.DataFrame:
    """Return one edge for each person and contact."""
    each = (
        tied.groupby(["person_id", "contact_type", "contact_id"], sort=True)
        .agg(
            items=("tie", "size"), kinds=("tie", _joined), first_seen=("day", "min"), last_seen=("day", "max")
        )
        .reset_index()
    )
    contact = each["contact_type"] + ":" + each["contact_id"].astype(str)
    person = "person:" + each["person_id"].astype(str)
    recorded = each["kinds"].str.contains("school there|placed there")
    return each.assign(
        id="tie:" + person + "|" + contact,
        source=person,
        target=contact,
        stated=recorded,
        seen=each["kinds"].str.contains("seen|event|found|used"),
        nature="unknown",
    )


def _joined(values: pd.Series) -> str:
    return "|".join(sorted(set(values)))
