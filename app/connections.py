"""Say and lay out how two are connected: sentences, the answer of a page, the lines of the command, a picture from left to right."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from app import words
from app.kinds import grade_sign
from app.text import markup, plain, short
from mapping.access import Viewer, visible
from mapping.codes import load_codes
from mapping.evidence import BANDS, Band, mentions
from mapping.paths import (
    LONGEST,
    MOST_COUNTED,
    MOST_PATHS,
    MOST_SHORTEST,
    Paths,
    distance,
    left_out,
    paths_up_to,
    shortest_paths,
    time_respecting,
)
from mapping.records import Dates, read_case
from mapping.scope import at_date, latest_date
from mapping.steps import ANYTHING, THROUGH, Steps, build_steps, exact_end, find_end, step_items

Called = Callable[[str, str], str]
"""What to call the person, thing, place or event of a kind and an id."""

VERBS = {
    "used": "used",
    "took_part": "was part of",
    "seen": "was seen at",
    "found": "was found at",
    "missing_from": "went missing from",
    "placed": "was placed at",
    "goes_to_school": "goes to school at",
    "took_place": "took place at",
}
DIRECTIONS = {"there": "From {one} to {other}", "back": "From {other} to {one}"}
RULES = {
    "earliest": "the earliest way",
    "fewest": "the way with the fewest steps",
    "earliest|fewest": "the earliest way and the one with the fewest steps",
}
NO_PEOPLE = "This viewer sees wards, not people, so nothing can be asked about how people are connected."


def read_steps(
    case: Path | str, *, viewer: Viewer, as_of: date | None = None, dates: Dates = "iso"
) -> tuple[Steps, date | None]:
    """Return the steps of a case as a viewer may see them by a day, and that day.

    Parameters
    ----------
    as_of
        by default the latest date in the records.

    Raises
    ------
    CaseError
        the case cannot be read.
    PermissionError
        the viewer sees no people.
    """
    if not viewer.sees_people:
        raise PermissionError(NO_PEOPLE)
    records = visible(read_case(case, dates=dates), viewer)
    day = as_of or latest_date(records)
    return build_steps(mentions(at_date(records, day), as_of=day), as_of=day), day


# Sentences -------------------------------------------------------------------------------------


def step_sentence(step: Mapping[str, Any], called: Called) -> str:
    """Return what one step says, the one who did it first: "AQ (C001) used handset 041".

    Parameters
    ----------
    step
        from_kind, from_id, to_kind, to_id, how, nature.
    """
    ends = [(str(step[f"{side}_kind"]), str(step[f"{side}_id"])) for side in ("from", "to")]
    if ends[0][0] == ends[1][0] == "person":
        nature = "" if step["how"] == "exploitation" else words.nature(step["nature"])
        said = words.kinds_of_link(step["how"]) + (f" ({nature})" if nature else "")
        return f"{called(*ends[0])} and {called(*ends[1])} are linked: {said}"
    # People do things with things and at places; events take place.
    doer, at = sorted(ends, key=lambda end: ("person", "event", "thing", "location").index(end[0]))
    verbs = words.listing([VERBS[how] for how in plain(step["how"]).split("|")])
    return f"{called(*doer)} {verbs} {called(*at)}"


def middle(path: pd.DataFrame) -> list[tuple[str, str]]:
    """Return what one path passes through, in order: kind and id."""
    return list(zip(path["to_kind"].iloc[:-1], path["to_id"].iloc[:-1], strict=True))


def through_words(path: pd.DataFrame, kind_of: Called) -> str:
    """Return what one path passes through in words: "a phone and a park"; "" for a single step.

    Parameters
    ----------
    kind_of
        what kind of thing something is, in words.
    """
    return words.listing([_with_article(kind_of(*each)) for each in middle(path)])


def _with_article(noun: str) -> str:
    said = noun.partition(" (")[0]
    if said.startswith("other "):
        return f"an{said}"
    return f"{'an' if said[:1].lower() in 'aeiou' else 'a'} {said}"


def steps_words(number: int) -> str:
    """Return how far apart in words: "directly linked" or "3 steps apart"."""
    return "directly linked" if number == 1 else f"{words.count(number, 'step')} apart"


def band_line(lengths: Mapping[str, int | None]) -> str:
    """Return how far apart the two are on each band of grades: "A-B: no path; A-C: 4 steps; all: 2 steps".

    Parameters
    ----------
    lengths
        steps by band of `BANDS`; None where nothing joins them.
    """
    said = {
        band: "no path" if (apart := lengths[band]) is None else words.count(apart, "step") for band in BANDS
    }
    return "; ".join(f"{band}: {apart}" for band, apart in said.items())


def answer(
    one: str, other: str, lengths: Mapping[str, int | None], grades: str, shortest: Paths, through: str
) -> str:
    """Return the sentence that answers the page: how far apart, through what, by how many paths, on which grades.

    Parameters
    ----------
    one, other
        what to call the two.
    lengths
        steps by band, as in `band_sentence`.
    shortest
        the shortest paths on `grades`.
    through
        what the first of them passes through, in words.
    """
    others = _other_bands(lengths, grades)
    if (apart := lengths[grades]) is None:
        return (
            f"No path joins {one} and {other} on the evidence and through the things chosen. {others}".strip()
        )
    passing = f", through {through}" if through else ""
    many = f"{MOST_COUNTED:,} or more" if shortest.found >= MOST_COUNTED else words.number(shortest.found)
    ways = f"; {many} paths are this short" if shortest.found > 1 else ""
    return f"{one} and {other} are {steps_words(apart)}{passing}{ways}. {others}".strip()


def _other_bands(lengths: Mapping[str, int | None], grades: str) -> str:
    """Say what the other bands show where they differ: "On A-B or A-C evidence alone nothing joins them."."""
    by_length: dict[int | None, list[str]] = {}
    for band in BANDS:
        if lengths[band] != lengths[grades]:
            by_length.setdefault(lengths[band], []).append(band)
    said = []
    for apart, bands in by_length.items():
        evidence = "all evidence" if bands == ["all"] else f"{' or '.join(bands)} evidence alone"
        joined = "nothing joins them" if apart is None else f"they are {steps_words(apart)}"
        said.append(f"on {evidence} {joined}")
    sentence = words.listing(said)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def count_sentence(found: Paths, length: int | None = None) -> str:
    """Return how many paths are listed, and whether there are more; with a length, of all paths up to it."""
    if not found.listed:
        return f"No path of up to {words.count(length, 'step')}." if length else "No path joins them."
    what = (
        f"{'path' if found.listed == 1 else 'paths'} of up to {words.count(length, 'step')}"
        if length
        else f"shortest {'path' if found.listed == 1 else 'paths'}"
    )
    if found.stopped:
        return f"{words.number(found.listed)} {what}; the search stopped before it had looked everywhere, so there may be more."
    if not found.more:
        return f"{words.number(found.listed)} {what}."
    if length:
        return f"The first {words.number(found.listed)} {what}; there are more."
    many = f"{MOST_COUNTED:,} or more" if found.found >= MOST_COUNTED else words.number(found.found)
    return f"The first {words.number(found.listed)} of {many} {what}."


def left_out_sentence(left_out: Mapping[str, int], crowd: int) -> str:
    """Return what paths were kept from passing through; "" where nothing was."""
    parts = []
    if left_out["busy"]:
        parts.append(
            f"{words.count(left_out['busy'], 'busy place, thing or event', 'busy places, things and events')} that more than {crowd} people each are tied to"
        )
    if left_out["schools"]:
        parts.append(words.count(left_out["schools"], "school"))
    return f"Left out of the middle of paths: {words.listing(parts)}." if parts else ""


def closer_sentence(apart: int | None, wider: int | None) -> str:
    """Return how far apart the two are when nothing is left out, where that is nearer; else ""."""
    if wider is None or (apart is not None and wider >= apart):
        return ""
    return f"Through anything at all, the two are {steps_words(wider)}."


def usual_sentence(usual: pd.DataFrame) -> str:
    """Return how near people usually are, from `mapping.paths.usual_distances`."""
    if usual.empty or not usual["pairs"].iloc[0]:
        return ""
    pairs = int(usual["pairs"].iloc[0])
    said = [
        f"{_percent(int(row.within), pairs)} within {words.count(int(row.steps), 'step')}"
        for row in usual.itertuples()
        if row.steps in (2, 4)
    ]
    return f"For scale: of the people with anything on record, two taken at random are {words.listing(said)}."


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole
    return (
        "in no case"
        if part == 0
        else f"in {share:.1f}% of cases"
        if share >= 0.1
        else "in fewer than 0.1% of cases"
    )


# The page --------------------------------------------------------------------------------------

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


def empty_answer(one: str | None, other: str | None, number: int) -> str:
    """Return what to do before two ends are chosen."""
    if one is not None and one == other:
        return "Both boxes hold the same. Choose another in one of them to see how the two are connected."
    if one is not None or other is not None:
        return "Choose the other end to see how the two are connected."
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
        f"Steps apart by grades used: {band_line(lengths)}.",
        left_out_sentence(left_out(steps, through), steps.crowd),
        closer_sentence(lengths[grades], wider),
        usual_sentence(usual),
    )
    return f'<p class="cm-quiet">{markup(" ".join(part for part in said if part))}</p>'


def heading(found: Paths, mode: str, length: int, undated: int) -> str:
    """Return what the list of paths holds, in the mode of the page."""
    if mode == "time":
        return time_sentence(found, LONGEST, undated)
    return count_sentence(found, length if mode == "all" else None)


def step_rows(rows: pd.DataFrame, called: Called) -> pd.DataFrame:
    """Return the steps of paths with what each says."""
    said = [step_sentence(row, called) for row in rows.to_dict("records")]
    return rows.assign(says=pd.Series(said, index=rows.index, dtype=object))


# The command line ------------------------------------------------------------------------------


_NAMED = {
    "person": "SELECT trim(coalesce(given_name, '') || ' ' || coalesce(family_name, '')), 'person' FROM {people} WHERE person_id = ?",
    "thing": "SELECT label, kind FROM {things} WHERE thing_id = ?",
    "location": "SELECT name, kind FROM {locations} WHERE location_id = ?",
    "event": "SELECT strftime(started_at, '%Y-%m-%d'), kind FROM {events} WHERE event_id = ?",
}


@dataclass(frozen=True)
class Names:
    """What the command calls people, things, places and events: by kind and id, or by name where asked for."""

    steps: Steps
    shown: bool = False
    _known: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def called(self, kind: str, identity: str) -> str:
        """Return "P000023", "vehicle T000025", "incident E000012 of 2025-03-01", or the same with a name."""
        name, noun = self._read(kind, identity)
        known = "" if kind == "person" else f"{noun} "
        said = f"{known}{short(identity, limit=40)}"
        if kind == "event":
            return f"{said} of {name}"
        return f"{short(name, limit=60)} ({said})" if self.shown and plain(name) else said

    def noun(self, kind: str, identity: str) -> str:
        """Return what kind of thing it is: "person", "phone", "park or open space"."""
        return self._read(kind, identity)[1]

    def _read(self, kind: str, identity: str) -> tuple[str, str]:
        if (kind, identity) not in self._known:
            query = _NAMED[kind].format_map(self.steps.records.tables)
            with self.steps.records.connection.cursor() as cursor:
                name, code = cursor.execute(query, [identity]).fetchall()[0]
            self._known[kind, identity] = (plain(name), noun(kind, code))
        return self._known[kind, identity]


def noun(kind: str, code: Any) -> str:
    """Return the words for the kind of a person, thing, place or event, from its code."""
    return "person" if kind == "person" else load_codes().meaning(f"{kind}_kind", plain(code))


def through(*, without: Collection[str] = (), busy: bool = False, schools: bool = False) -> tuple[str, ...]:
    """Return what paths may pass through, from what a user leaves out and lets in."""
    more = [name for name, let_in in (("schools", schools), ("busy", busy)) if let_in]
    return (*(name for name in THROUGH if name not in without), *more)


def report(
    steps: Steps,
    one: str,
    other: str,
    *,
    as_of: date | None,
    timed: bool = False,
    length: int | None = None,
    most: int | None = None,
    grades: Band = "all",
    through: Collection[str] = THROUGH,
    names: bool = False,
) -> Iterator[str]:
    """Give the lines of the command: how far apart on each band of grades, the paths, and what was left out.

    Parameters
    ----------
    one, other
        ids as `mapping.steps.find_end` reads them.
    timed
        paths in the order of time.
    length
        all paths of up to so many steps (with `timed`: in time, of up to so many steps).
    most
        paths given at most.

    Raises
    ------
    ValueError
        an id that is not there, or is in two tables.
    """
    ends = find_end(steps, one), find_end(steps, other)
    asked: dict[str, Any] = {"through": through, "grades": grades}
    called = Names(steps, names)
    said = [called.called(*end[:2]) for end in ends]
    lengths = {band: distance(steps, *ends, through=through, grades=band) for band in BANDS}
    yield f"{said[0]} and {said[1]}, as of {words.day(as_of)}, steps by grades: {band_line(lengths)}."
    if timed:
        found = time_respecting(steps, *ends, length=length or LONGEST, **asked)
        yield time_sentence(found, length or LONGEST, steps.undated[grades])
    elif length is not None:
        found = paths_up_to(steps, *ends, length=length, most=most or MOST_PATHS, **asked)
        yield count_sentence(found, length)
    else:
        found = shortest_paths(steps, *ends, most=most or MOST_SHORTEST, **asked)
        yield count_sentence(found)
    yield from path_lines(steps, found, called.called, grades=grades, timed=timed)
    wider = distance(steps, *ends, through=ANYTHING, grades=grades)
    notes = left_out_sentence(left_out(steps, through), steps.crowd), closer_sentence(lengths[grades], wider)
    yield from filter(None, notes)


def time_sentence(found: Paths, length: int, undated: int) -> str:
    """Return in which directions something could have passed, and how many rows had no date to tell by."""
    ways = set(found.table["direction"])
    steps = words.count(length, "step")
    if not ways:
        said = f"Nothing could have passed either way in up to {steps}."
    elif len(ways) == 2:
        said = f"Something could have passed both ways in up to {steps}."
    else:
        ends = {"one": "the first", "other": "the second"}
        there, back = (DIRECTIONS[way].format(**ends).lower() for way in (*ways, *({"there", "back"} - ways)))
        said = f"In up to {steps}, something could have passed {there} and not {back}."
    return f"{said} {words.count(undated, 'row').capitalize()} without a date left out." if undated else said


def path_lines(
    steps: Steps, found: Paths, called: Called, *, grades: Band = "all", timed: bool = False
) -> Iterator[str]:
    """Give the lines of all paths: a heading for each, then one line a step with its newest evidence."""
    ends = {"one": called(*found.one[:2]), "other": called(*found.other[:2])}
    for number, path in found.table.groupby("path", sort=True):
        heading = time_heading(path, ends) if timed else f"Path {number}"
        yield f"{heading}: {words.count(len(path), 'step')}"
        for row in path.to_dict("records"):
            ends_of = [exact_end(steps, row[f"{side}_kind"], row[f"{side}_id"]) for side in ("from", "to")]
            since = row["since"].date() if timed and pd.notna(row["since"]) else None
            items = step_items(steps, *ends_of, grades=grades, since=since)
            yield f"  {row['step']}. {step_sentence(row, called)}: {evidence_words(items)}"


def time_heading(path: pd.DataFrame, ends: Mapping[str, str]) -> str:
    """Return the heading of one path in the order of time: from whom to whom, by which rule, reached when."""
    first, last = path.iloc[0], path.iloc[-1]
    whole = DIRECTIONS[first["direction"]].format(**ends)
    return f"{whole}, {RULES[first['rule']]}, by {words.day(last['reached'])}"


def evidence_words(items: pd.DataFrame) -> str:
    """Return the newest row of a step in words, and how many more there are."""
    first = items.iloc[0]
    agency = words.code(first["agency"]) or "agency not recorded"
    sourced = (
        [agency, plain(first["grade"]) or "not graded"] if plain(first["source_id"]) else ["no source named"]
    )
    parts = [
        words.span(first["date_from"], first["date_to"]),
        *sourced,
        f"{first['table']} row {first['row']}",
    ]
    more = len(items) - 1
    return "; ".join([*parts, *([f"and {words.count(more, 'more row')}"] if more else [])])


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
        passing = through_words(path, noun_of)
        heading = time_heading(path, ends) if timed else f"Path {number}"
        said = f"<b>{markup(heading)}</b>: {words.count(len(path), 'step')}{markup(f' through {passing}' if passing else '')}"
        listed = "".join(_step_html(row, called) for row in path.to_dict("records"))
        rows.append(f'<div class="cm-row">{said}{listed}</div>')
    return "".join(rows)


def _step_html(row: Mapping[str, Any], called: Called) -> str:
    rests = f"{words.span(row['first_seen'], row['last_seen'])}, {words.count(int(row['items']), 'row')}, best grade {grade_sign(row['best_grade'])}"
    return f'<div>{row["step"]}. {markup(step_sentence(row, called))}<div class="cm-quiet">{markup(rests)}</div></div>'
