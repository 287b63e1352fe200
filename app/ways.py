"""Work out and draw how two are connected in a loaded case, each answer once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from app import answers, connections, evidence, kinds, network, state, words
from app.connections import Called
from app.data import Loaded, kept
from app.kinds import grade_sign
from app.names import label_of
from app.text import markup, plain
from mapping import paths
from mapping.codes import load_codes
from mapping.evidence import BANDS, Band, mentions
from mapping.paths import Paths
from mapping.steps import CLASSES, End, Steps, build_steps, exact_end, step_items

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

MOST_DRAWN, MOST_LISTED = 30, 20
"""Paths in the picture, and as sentences beside it; the table holds all that were found."""


STEPS = {
    "path": "Path",
    "step": "Step",
    "says": "What the records say",
    "items": "Rows",
    "sources": "Sources",
    "best_grade": "Best grade",
    "first_seen": "First",
    "last_seen": "Newest",
}
TIMED_STEPS = {
    "path": "Path",
    "direction": "Direction",
    "step": "Step",
    "says": "What the records say",
    "since": "Not before",
    "reached": "Earliest by",
    "items": "Rows",
    "best_grade": "Best grade",
    "first_seen": "First",
    "last_seen": "Newest",
}
METHOD = (
    "<p>A path is a way through records, not a fact about people. It does not say that anything passed along it, or that its two ends know of each other; "
    "short paths are common in any dense record, and two children at one busy place are no nearer each other for it.</p>"
    "<p>A step is what one row of the case says: a stated association, the use of a phone, vehicle or account, a sighting, taking part in an event, where an event was, "
    "being found at or missing from a place, a placement, a school. Nothing is inferred from two rows. Every step must have a row in the band of grades chosen; a row nobody graded is in no band but all.</p>"
    "<p>Paths are listed by how many steps they have, then by their weakest step: best graded A or B before C before the rest, then those seen lately. "
    "The order is for reading and is no measure of anyone. Schools, and what more than 50 people are tied to, are left out of the middle, because through them nearly everyone is connected.</p>"
    "<p>In order of time: a step can be taken on any day from the first to the last of its dates, never before the step before it. Steps on one day count in either order. "
    "The way that arrives earliest and the way with the fewest steps are shown, there and back, of up to six steps. Rows without a date are left out there.</p>"
)


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
    """Return what can be chosen as an end, as labels on key: people with any step, things and places with two.

    What one person alone is tied to, mostly homes, leads nowhere else. Events are too many to choose among.

    Parameters
    ----------
    shown
        whether full names are shown.
    """
    graph = steps(loaded)
    joined, people = np.diff(graph.begins), graph.classes == CLASSES.index("people")
    listed = ((joined > 0) & people) | ((joined > 1) & (graph.classes != CLASSES.index("events")))
    ends = pd.DataFrame(graph.ends(np.flatnonzero(listed)), columns=["kind", "id", "node"])
    named = [_end_labels(loaded, kind, part["id"], shown) for kind, part in ends.groupby("kind")]
    labels = pd.concat(named) if named else pd.Series(dtype=object)
    return labels.reindex([node_key(*end) for end in zip(ends["kind"], ends["id"], strict=True)])


def _end_labels(loaded: Loaded, kind: str, ids: pd.Series, shown: bool) -> pd.Series:
    """Return what to call some people, things or places in a box, on key: with what it is and its id."""
    keys = pd.Index([node_key(kind, identity) for identity in ids], name="key")
    said = names(loaded, kind, shown).reindex(ids)
    if kind != "person":
        words_for = codes(loaded, kind).reindex(ids).map(load_codes()[f"{kind}_kind"])
        # What has no name of its own is called by its kind and id already.
        said = pd.Series(
            [
                name if name.endswith(f" {identity}") else f"{name} ({what} {identity})"
                for name, what, identity in zip(said, words_for, ids, strict=True)
            ]
        )
    return pd.Series(said.to_numpy(), index=keys, dtype=object)


def names(loaded: Loaded, kind: str, shown: bool) -> pd.Series:
    """Return what to call all people, things, places or events, on id."""
    if kind == "person":
        return answers.labels(loaded, shown)
    named = {"thing": answers.thing_names, "location": answers.place_names, "event": answers.event_names}
    return named[kind](loaded)


def called(loaded: Loaded, shown: bool) -> Called:
    """Return what the page calls a person, thing or place, and an event: "the incident of 9 February 2026"."""

    def name(kind: str, identity: str) -> str:
        said = label_of(identity, names(loaded, kind, shown))
        return (
            f"the {noun(loaded, kind, identity)} of {said.rpartition(', ')[2]}" if kind == "event" else said
        )

    return name


@kept
def codes(loaded: Loaded, kind: str) -> pd.Series:
    """Return the kind of every thing, place or event by its id; of a person, how they are drawn."""
    if kind == "person":
        return answers.person_kinds(loaded)
    table = {"thing": "things", "location": "locations", "event": "events"}[kind]
    return answers.table(loaded, table).set_index(f"{kind}_id")["kind"]


def drawn_kind(loaded: Loaded, kind: str, identity: str) -> str:
    """Return the kind (of app.kinds) that something is drawn as."""
    return kinds.contact_kind(kind, codes(loaded, kind).get(identity, "adult"))


def noun(loaded: Loaded, kind: str, identity: str) -> str:
    """Return what something is in words: "phone", "adult of concern"."""
    if kind == "person":
        return kinds.KINDS[drawn_kind(loaded, kind, identity)].label
    return connections.noun(kind, codes(loaded, kind).get(identity))


@kept
def lengths(loaded: Loaded, one: str, other: str, through: tuple[str, ...]) -> dict[str, int | None]:
    """Return how many steps two ends are apart on each band of grades."""
    graph = steps(loaded)
    ends = _end(graph, one), _end(graph, other)
    return {band: paths.distance(graph, *ends, through=through, grades=band) for band in BANDS}


@kept
def found(
    loaded: Loaded, mode: str, one: str, other: str, through: tuple[str, ...], grades: str, length: int
) -> Paths:
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
    return worded_items(step_items(graph, _end(graph, one), _end(graph, other), grades=grades))


def _end(graph: Steps, key: str) -> End:
    kind, _, identity = key.partition(":")
    return exact_end(graph, kind, identity)


def picture(loaded: Loaded, table: pd.DataFrame, one: str, other: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return nodes and edges of some paths, one end left and the other right."""
    shown = state.names_shown()
    where = left_to_right(table, one, other)
    ends = [key.partition(":")[::2] for key in where.index]
    nodes = where.reset_index().assign(
        kind=[drawn_kind(loaded, *end) for end in ends],
        name=[label_of(identity, names(loaded, kind, shown)) for kind, identity in ends],
    )
    return nodes, network.drawn(loaded, drawn_steps(table), nodes)


def panel(loaded: Loaded, step: pd.Series, people: list[str], *, key: str) -> None:
    """Show what one step rests on.

    Parameters
    ----------
    step
        one row of `keyed`.
    people
        whose names are cut to initials in the text of reports, unless names are shown.
    """
    say = called(loaded, state.names_shown())
    rows = items(loaded, step["source"], step["target"], state.grades())
    ends = [say(*step[side].partition(":")[::2]) for side in ("source", "target")]
    evidence.panel(
        evidence.masked(loaded, rows, people),
        key=key,
        title=f"{ends[0][0].upper()}{ends[0][1:]} and {ends[1]}",
        why=f"{connections.step_sentence(step, say)}.",
    )


# Words ----------------------------------------------------------------------------------------


def empty_answer(one: str | None, other: str | None, number: int) -> str:
    """Return what to do before two ends are chosen."""
    if one is not None and one == other:
        return "Both boxes hold the same. Choose another in one of them to see how the two are connected."
    if one is not None or other is not None:
        return "Choose the other end to see how the two are connected."
    if not number:
        return "Nothing ties people to each other, to places or to things yet: this case has people and no other records."
    return f"Choose two of {words.number(number)} people, places and things to see whether records connect them, through what, and on whose word."


def facts_html(
    steps: Steps,
    lengths: Mapping[str, int | None],
    through: Collection[str],
    wider: int | None,
    grades: Band,
    usual: pd.DataFrame,
) -> str:
    """Return the lines under the answer: steps by grades, what is left out of the middle, and what is usual."""
    said = (
        f"Steps apart by grades used: {connections.band_line(lengths)}.",
        connections.left_out_sentence(paths.left_out(steps, through), steps.crowd),
        connections.closer_sentence(lengths[grades], wider),
        connections.usual_sentence(usual),
    )
    return f'<p class="cm-quiet">{markup(" ".join(part for part in said if part))}</p>'


def heading(found: Paths, mode: str, length: int) -> str:
    """Return what the list of paths holds, in the mode of the page."""
    if mode == "time":
        return "Ways in the order of time, there and back" if found.listed else "No way in the order of time"
    return connections.count_sentence(found, length if mode == "all" else None)


def step_rows(rows: pd.DataFrame, called: Called) -> pd.DataFrame:
    """Return the steps of paths with what each says."""
    said = [connections.step_sentence(row, called) for row in rows.to_dict("records")]
    return rows.assign(says=pd.Series(said, index=rows.index, dtype=object))


# The picture -----------------------------------------------------------------------------------

ACROSS, DOWN = 190.0, 92.0
"""Screen units between two columns of a picture, and between two rows."""


def node_key(kind: str, identity: str) -> str:
    """Return the id of a node in a picture: "person:C001"."""
    return f"{kind}:{identity}"


def step_key(one: str, other: str) -> str:
    """Return the id of a step in a picture and in tables, the same from both ends."""
    return "step:" + "|".join(sorted((one, other)))


def keyed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the steps with source, target and id as a picture names them."""
    source, target = (
        [node_key(*end) for end in zip(table[f"{side}_kind"], table[f"{side}_id"], strict=True)]
        for side in ("from", "to")
    )
    ids = [step_key(*ends) for ends in zip(source, target, strict=True)]
    return table.assign(source=source, target=target, id=ids)


def drawn_steps(table: pd.DataFrame) -> pd.DataFrame:
    """Return each step of some paths once, as a chart draws it.

    Returns
    -------
    pandas.DataFrame
        id, source, target, stated, seen, nature, kinds, items, sources, first_seen, last_seen, best_grade.
    """
    each = keyed(table).drop_duplicates("id", ignore_index=True)
    stated = (each["from_kind"] == "person") & (each["to_kind"] == "person")
    columns = [
        "id",
        "source",
        "target",
        "nature",
        "items",
        "sources",
        "first_seen",
        "last_seen",
        "best_grade",
    ]
    return each[columns].assign(stated=stated, seen=~stated, kinds=each["how"])


def left_to_right(table: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    """Return where each node of some paths stands: one end left, the other right, each step a column.

    A node stands as many columns from the left as it is steps from there on the shortest of the paths. In a
    column, nodes stand near the middle of what they are linked to on their left; ties are settled by id.

    Parameters
    ----------
    one, other
        the keys of the two ends; a path that runs from the other to the one is read backwards.

    Returns
    -------
    pandas.DataFrame
        x, y in screen units (y down), on id.
    """
    column: dict[str, int] = {}
    longest = 1
    for way in _ways(table, one):
        longest = max(longest, len(way) - 1)
        for place, key in enumerate(way):
            column[key] = min(place, column.get(key, place))
    column[other] = longest
    links = {key: set[str]() for key in column}
    for way in _ways(table, one):
        for near, far in pairwise(way):
            links[near].add(far)
            links[far].add(near)
    height: dict[str, float] = {}
    for at in range(longest + 1):
        height |= _column([key for key in sorted(column) if column[key] == at], links, height)
    rows = [(key, column[key] * ACROSS, height[key]) for key in sorted(column)]
    return pd.DataFrame(rows, columns=["id", "x", "y"]).set_index("id")


def _ways(table: pd.DataFrame, one: str) -> list[list[str]]:
    """Return each path as the keys of its nodes, from the one end."""
    ways = []
    for _, path in keyed(table).groupby("path", sort=True):
        way = [str(path["source"].iloc[0]), *map(str, path["target"])]
        ways.append(way if way[0] == one else way[::-1])
    return ways


def _column(
    keys: list[str], links: Mapping[str, Collection[str]], height: Mapping[str, float]
) -> dict[str, float]:
    def middle_of(key: str) -> float:
        known = [height[near] for near in links[key] if near in height]
        return sum(known) / len(known) if known else 0.0

    ordered = sorted(keys, key=lambda key: (round(middle_of(key), 6), key))
    top = -(len(ordered) - 1) / 2 * DOWN
    return {key: top + place * DOWN for place, key in enumerate(ordered)}


def worded_items(items: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a step for the evidence panel: the role in an event said with what happened."""
    roles = load_codes()["role"]
    what = [
        f"{roles.get(plain(role), plain(role))}: {plain(said)}"
        if plain(role) and plain(said)
        else roles.get(plain(role), plain(said))
        for role, said in zip(items["role"], items["what"], strict=True)
    ]
    out = items.assign(what=what)
    # Nobody states how a person knows a phone or a place.
    return out.drop(columns="kind") if out["kind"].isna().all() else out


def paths_html(found: Paths, called: Called, noun_of: Called, *, most: int, timed: bool = False) -> str:
    """Return the first paths as short lists of sentences in HTML, their text escaped."""
    ends = {"one": called(*found.one[:2]), "other": called(*found.other[:2])}
    rows = []
    for number, path in list(found.table.groupby("path", sort=True))[:most]:
        passing = connections.through_words(path, noun_of)
        heading = connections.time_heading(path, ends) if timed else f"Path {number}"
        said = f"<b>{markup(heading)}</b>: {words.count(len(path), 'step')}{f' through {markup(passing)}' if passing else ''}"
        listed = "".join(_step_html(row, called) for row in path.to_dict("records"))
        rows.append(f'<div class="cm-row">{said}{listed}</div>')
    return "".join(rows)


def _step_html(row: Mapping[str, Any], called: Called) -> str:
    rests = f"{words.span(row['first_seen'], row['last_seen'])}, {words.count(int(row['items']), 'row')}, best grade {grade_sign(row['best_grade'])}"
    return f'<div>{row["step"]}. {markup(connections.step_sentence(row, called))}<div class="cm-quiet">{markup(rests)}</div></div>'
