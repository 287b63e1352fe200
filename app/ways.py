"""Work out how two are connected in a loaded case, each answer once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from app import answers, connections, evidence, kinds, network, state
from app.connections import Called
from app.data import Loaded, kept
from app.names import label_of
from mapping import paths
from mapping.codes import load_codes
from mapping.evidence import BANDS, mentions
from mapping.steps import End, Steps, build_steps, exact_end, step_items

MODES = {"shortest": "Shortest", "time": "In order of time", "all": "All up to a length"}
"""What the page can show of two ends: the key of a mode to its words."""

THROUGH = {
    "people": "People",
    "things": "Phones, vehicles and accounts",
    "places": "Places",
    "events": "Events",
    "schools": "Schools",
    "busy": "Busy places",
}
"""What paths may pass through, in words."""

MOST_DRAWN = 30
"""Paths in the picture; the table holds all that were found."""


@kept
def steps(loaded: Loaded) -> Steps:
    """Return every step the records allow, of all grades."""
    analysis = loaded.analysis
    built = analysis.network
    if built is None:
        raise PermissionError(connections.NO_PEOPLE)
    whole = built.evidence
    if analysis.settings.grades != "all":
        whole = mentions(analysis.records, as_of=analysis.as_of)
    return build_steps(whole, as_of=analysis.as_of)


@kept
def choices(loaded: Loaded, shown: bool) -> pd.Series:
    """Return what can be chosen as an end: everyone and everything with any step, events apart; labels on key.

    Parameters
    ----------
    shown
        whether full names are shown.
    """
    graph = steps(loaded)
    ends = [end for end in graph.ends(np.flatnonzero(np.diff(graph.begins) > 0)) if end.kind != "event"]
    names = called(loaded, shown)
    said = [
        names(end.kind, end.id)
        + ("" if end.kind == "person" else f" ({noun(loaded, end.kind, end.id)} {end.id})")
        for end in ends
    ]
    keys = [connections.node_key(end.kind, end.id) for end in ends]
    return pd.Series(said, index=pd.Index(keys, name="key"), dtype=object)


def called(loaded: Loaded, shown: bool) -> Called:
    """Return what the page calls a person, thing, place or event."""
    known: Mapping[str, pd.Series] = {
        "person": answers.labels(loaded, shown),
        "thing": answers.thing_names(loaded),
        "location": answers.place_names(loaded),
        "event": answers.event_names(loaded),
    }
    return lambda kind, identity: label_of(identity, known[kind])


@kept
def codes(loaded: Loaded) -> Mapping[str, pd.Series]:
    """Return the kind of every thing, place and event by its id, and how each person is drawn."""
    tables = {"thing": "things", "location": "locations", "event": "events"}
    found = {
        kind: answers.table(loaded, table).set_index(f"{kind}_id")["kind"] for kind, table in tables.items()
    }
    return {**found, "person": answers.person_kinds(loaded)}


def drawn_kind(loaded: Loaded, kind: str, identity: str) -> str:
    """Return the kind (of app.kinds) that something is drawn as."""
    return kinds.contact_kind(kind, codes(loaded)[kind].get(identity, "adult"))


def noun(loaded: Loaded, kind: str, identity: str) -> str:
    """Return what something is in words: "phone", "adult of concern"."""
    if kind == "person":
        return kinds.KINDS[drawn_kind(loaded, kind, identity)].label
    return load_codes().meaning(f"{kind}_kind", codes(loaded)[kind].get(identity))


@kept
def lengths(loaded: Loaded, one: str, other: str, through: tuple[str, ...]) -> dict[str, int | None]:
    """Return how many steps two ends are apart on each band of grades."""
    graph = steps(loaded)
    ends = _end(graph, one), _end(graph, other)
    return {band: paths.distance(graph, *ends, through=through, grades=band) for band in BANDS}


@kept
def found(
    loaded: Loaded, mode: str, one: str, other: str, through: tuple[str, ...], grades: str, length: int
) -> paths.Paths:
    """Return the paths of one mode of `MODES` between two ends."""
    graph = steps(loaded)
    ends = _end(graph, one), _end(graph, other)
    if mode == "time":
        return paths.time_respecting(graph, *ends, through=through, grades=grades)
    if mode == "all":
        return paths.paths_up_to(graph, *ends, through=through, grades=grades, length=length)
    return paths.shortest_paths(graph, *ends, through=through, grades=grades)


@kept
def usual(loaded: Loaded, grades: str) -> pd.DataFrame:
    """Return how near people usually are."""
    return paths.usual_distances(steps(loaded), grades=grades)


@kept
def items(loaded: Loaded, one: str, other: str, grades: str) -> pd.DataFrame:
    """Return the rows one step rests on, for the evidence panel."""
    graph = steps(loaded)
    return connections.worded_items(step_items(graph, _end(graph, one), _end(graph, other), grades=grades))


def _end(graph: Steps, key: str) -> End:
    kind, _, identity = key.partition(":")
    return exact_end(graph, kind, identity)


def picture(loaded: Loaded, table: pd.DataFrame, one: str, other: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return nodes and edges of some paths, one end left and the other right."""
    names = called(loaded, state.names_shown())
    where = connections.left_to_right(table, one, other)
    ends = [key.partition(":")[::2] for key in where.index]
    nodes = where.reset_index().assign(
        kind=[drawn_kind(loaded, *end) for end in ends], name=[names(*end) for end in ends]
    )
    return nodes, network.drawn(loaded, connections.drawn_steps(table), nodes)


def panel(loaded: Loaded, step: pd.Series, people: list[str], *, key: str) -> None:
    """Show what one step rests on.

    Parameters
    ----------
    step
        one row of `connections.keyed`.
    people
        whose names are cut to initials in the text of reports, unless names are shown.
    """
    names = called(loaded, state.names_shown())
    rows = items(loaded, step["source"], step["target"], state.grades())
    ends = [names(*step[side].partition(":")[::2]) for side in ("source", "target")]
    evidence.panel(
        evidence.masked(loaded, rows, people),
        key=key,
        title=" and ".join(ends),
        why=f"On record: {connections.step_sentence(step, names)}.",
    )
