"""Draw what was added to a case by hand just now, before the network is worked out with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from app import answers, charts, evidence, kinds, names, peers, words
from app.data import Loaded
from app.text import markup, plain
from mapping.entries import Entry

_NODES = ("id", "ref", "step", "kind", "kinds", "near")
_TIES = {"presence": ("location", "location_id"), "thing_use": ("thing", "thing_id")}
_TIE_WORDS = {"presence": "seen there", "thing_use": "used it"}


@dataclass(frozen=True)
class Added:
    """Records added by hand, in the form a peer map draws.

    Attributes
    ----------
    edges : id, source, target, kinds, nature, first_seen, last_seen and what else an edge of a peer map has.
    new : kind of app.kinds, on the node id of each person, place and thing that is new to the case.
    people, called : what to call those: people as the `people` table has them; places and things by type.
    entries : the entries of each edge, on its id.
    """

    edges: pd.DataFrame
    new: Mapping[str, str]
    people: pd.DataFrame
    called: Mapping[str, pd.Series]
    entries: Mapping[str, Sequence[Entry]]


def added(entries: Sequence[Entry]) -> Added:
    """Return records added by hand as a peer map draws them.

    Parameters
    ----------
    entries
        of kind "record", as `mapping.additions.add_record` keeps them; rows of other tables than those
        that name or link people, places and things are passed over.
    """
    # A correction holds only what it corrects: it is drawn once it has come through the records.
    rows = [
        (entry, str(entry.content["table"]), dict(entry.content["row"]))
        for entry in entries
        if not entry.content.get("key")
    ]
    edges, by_edge = [], {}
    for entry, table, row in rows:
        edge = _edge(table, row)
        if edge is not None:
            edges.append(edge)
            by_edge.setdefault(str(edge["id"]), []).append(entry)
    new = {
        **{
            f"location:{row['location_id']}": kinds.place_kind(row.get("kind"))
            for _, table, row in rows
            if table == "locations"
        },
        **{
            f"thing:{row['thing_id']}": kinds.thing_kind(row.get("kind"))
            for _, table, row in rows
            if table == "things"
        },
    }
    people = [row for _, table, row in rows if table == "people"]
    new.update({f"person:{row['person_id']}": _person_kind(row["person_id"], edges) for row in people})
    called = {
        "location": _called(rows, "locations", "location_id", "name"),
        "thing": _called(rows, "things", "thing_id", "label"),
    }
    table = pd.DataFrame(people, columns=["person_id", "given_name", "family_name"], dtype=object)
    framed = pd.DataFrame(edges).drop_duplicates("id", keep="last") if edges else pd.DataFrame()
    return Added(framed.reset_index(drop=True), new, table, called, by_edge)


def _called(rows: Sequence[tuple[Entry, str, dict[str, str]]], table: str, key: str, name: str) -> pd.Series:
    found = {row[key]: plain(row.get(name))[:60] or row[key] for _, of, row in rows if of == table}
    return pd.Series(found, dtype=object)


def _edge(table: str, row: Mapping[str, str]) -> dict[str, object] | None:
    common = {"items": 1, "sources": 1, "added": 1, "best_grade": None}
    if table == "associations":
        one, other = sorted((row["person_a"], row["person_b"]))
        return {
            **common,
            "id": f"link:{one}|{other}",
            "source": f"person:{one}",
            "target": f"person:{other}",
            "person_a": one,
            "person_b": other,
            "kinds": row["kind"],
            "nature": row.get("nature") or "unknown",
            "stated": True,
            "seen": False,
            **_days(row.get("first_seen"), row.get("last_seen")),
        }
    if table in _TIES:
        of, key = _TIES[table]
        person, contact = f"person:{row['person_id']}", f"{of}:{row[key]}"
        return {
            **common,
            "id": f"tie:{person}|{contact}",
            "source": person,
            "target": contact,
            "person_id": row["person_id"],
            "contact_type": of,
            "contact_id": row[key],
            "kinds": _TIE_WORDS[table],
            "nature": "unknown",
            "stated": True,
            "seen": False,
            **_days(row.get("seen_at") or row.get("first_seen"), row.get("seen_at") or row.get("last_seen")),
        }
    return None


def _days(first: object, last: object) -> dict[str, object]:
    return {"first_seen": pd.to_datetime(first or None), "last_seen": pd.to_datetime(last or first or None)}


def _person_kind(person: str, edges: Sequence[Mapping[str, object]]) -> str:
    """Return how somebody new is drawn: by what was said when they were added."""
    own = [edge for edge in edges if person in (edge.get("person_a"), edge.get("person_b"))]
    if any(edge["kinds"] == "exploitation" for edge in own):
        return "adult_of_concern"
    # "Someone who keeps them safe" is said of an adult; a friend is entered as a friend.
    return "protective_adult" if any(edge["nature"] == "protective" for edge in own) else "unknown_age"


def labels(label: pd.Series, found: Added, *, shown: bool) -> pd.Series:
    """Return what to call each person of the case and those who are new to it."""
    late = names.labels(found.people.fillna(""), names=shown)
    return pd.concat([label, late[~late.index.isin(label.index)]])


def names_of(loaded: Loaded, found: Added) -> dict[str, pd.Series]:
    """Return what to call each place and thing, by type, those that are new included."""
    known = {"location": answers.place_names(loaded), "thing": answers.thing_names(loaded)}
    return {of: pd.concat([names, found.called[of]]) for of, names in known.items()}


def around(loaded: Loaded, near: answers.Around, found: Added, ever: Added) -> answers.Around:
    """Return what surrounds a child with what was added by hand about anybody in the picture.

    `found` is what was added just now; `ever` all that was, which says how those whose age nobody has
    recorded are drawn.
    """
    kind = near.nodes["id"].map(ever.new).where(near.nodes["kind"] == "unknown_age")
    near = answers.Around(near.nodes.assign(kind=kind.fillna(near.nodes["kind"])), near.edges, near.left_out)
    if found.edges.empty:
        return near
    inside = set(near.nodes["id"])
    here = found.edges[found.edges["source"].isin(inside) | found.edges["target"].isin(inside)]
    late = here[~here["id"].isin(near.edges["id"])]
    ends = pd.unique(pd.concat([late["source"], late["target"]]))
    nodes = [_node(loaded, str(node), found, late) for node in ends if node not in inside]
    edges = near.edges.assign(added=near.edges["id"].isin(here["id"]).astype(int))
    return answers.Around(
        pd.concat([near.nodes, pd.DataFrame(nodes, columns=list(_NODES))], ignore_index=True)
        if nodes
        else near.nodes,
        pd.concat([edges, late], ignore_index=True) if len(late) else edges,
        near.left_out,
    )


def without(near: answers.Around, gone: Added) -> answers.Around:
    """Return what surrounds a child without what was added by hand and has been taken back since.

    A link that rests on other records as well stays; it is counted anew with the next page.
    """
    if gone.edges.empty and not gone.new:
        return near
    nodes = near.nodes[~near.nodes["id"].isin(list(gone.new))]
    only = pd.Series({edge: len(entries) for edge, entries in gone.entries.items()}, dtype="int64")
    rests = near.edges["items"] > near.edges["id"].map(only).fillna(0)
    inside = near.edges["source"].isin(nodes["id"]) & near.edges["target"].isin(nodes["id"])
    edges = near.edges[rests & inside]
    # Who was there by that link alone is there no longer.
    linked = {*edges["source"], *edges["target"]}
    lost = {*near.edges["source"], *near.edges["target"]} - linked
    kept = nodes[~nodes["id"].isin(list(lost)) | (nodes["step"] == 0)]
    return answers.Around(kept.reset_index(drop=True), edges.reset_index(drop=True), near.left_out)


def in_context(nodes: pd.DataFrame, where: pd.DataFrame) -> pd.DataFrame:
    """Return where nodes are drawn, those without a place on a free spot among what is of the same part of life.

    Parameters
    ----------
    nodes
        id, kind, kinds.
    where
        x, y on id. A node for which there is nothing of its part of life stays without a place.
    """
    context = peers.contexts(nodes).set_axis(nodes["id"])
    there = context[context.index.isin(where.index)]
    late = context[~context.index.isin(where.index)]
    links = pd.DataFrame(
        [(node, other) for node, part in late.items() for other in there.index[there == part]],
        columns=["source", "target"],
    )
    if links.empty:
        return where
    found = charts.beside(where, sorted(set(links["source"])), links)
    return pd.concat([where, found.assign(half=charts.SPREAD) if "half" in where else found])


def _node(loaded: Loaded, node: str, found: Added, late: pd.DataFrame) -> dict[str, object]:
    of, _, ref = node.partition(":")
    own = late[(late["source"] == node) | (late["target"] == node)]
    kind = found.new.get(node) or _known_kind(loaded, of, ref)
    joined = "|".join(sorted(set(own["kinds"]))) if of == "person" else ""
    near = bool((own["nature"] == "protective").any())
    return {"id": node, "ref": ref, "step": 1, "kind": kind, "kinds": joined, "near": near}


def _known_kind(loaded: Loaded, of: str, ref: str) -> str:
    if of == "person":
        return str(answers.person_kinds(loaded).get(ref, "unknown_age"))
    table, key = {"location": ("locations", "location_id"), "thing": ("things", "thing_id")}[of]
    frame = answers.table(loaded, table)
    kind = frame.loc[frame[key].astype(str) == ref, "kind"]
    return kinds.contact_kind(of, kind.iloc[0] if len(kind) else None)


def cards(entries: Sequence[Entry]) -> str:
    """Return what was added by hand about one link as HTML, the newest first."""
    return "".join(_card(entry) for entry in reversed(entries))


def _card(entry: Entry) -> str:
    row, source = entry.content["row"], entry.content.get("source", {})
    day = row.get("last_seen") or row.get("seen_at") or source.get("recorded_on")
    kind = {"presence": "Spends time there", "thing_use": "Uses it"}.get(
        str(entry.content["table"]), f"Stated: {words.kinds_of_link(row.get('kind'))}"
    )
    nature = words.nature(row.get("nature"))
    facts = " · ".join(
        part
        for part in (
            markup(source.get("agency", "")) or "agency not recorded",
            evidence.SOURCE_WORDS.get(str(source.get("kind")), ""),
            f"nature: {markup(nature)}" if nature else "",
        )
        if part
    )
    return (
        f'<div class="cm-card"><div><b>{words.day(day)}</b> · {markup(kind)}</div><div class="cm-quiet">{facts}</div>'
        f'<div class="cm-quote">{markup(source.get("text", ""), limit=600)}</div>'
        f'<div class="cm-quiet cm-small">Added by hand by {markup(entry.by, limit=80)}; not graded: grading is an analyst\'s job.</div></div>'
    )
