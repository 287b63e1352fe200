"""Say how two are connected: the sentences of the page, and the lines of the command."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from app import words
from app.text import plain, short
from mapping.access import Viewer, visible
from mapping.additions import load_additions
from mapping.codes import load_codes
from mapping.evidence import BANDS, Band, mentions
from mapping.merging import load_identities, merge_people
from mapping.paths import (
    LENGTH,
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
EVENTS = {"intelligence": "intelligence report", "other": "event"}
"""What to call an event where its code is no name for one event."""

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
    whole = read_case(case, dates=dates, additions=load_additions(case))
    records = merge_people(visible(whole, viewer), load_identities(case))
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
    said = f"{called(*doer)} {verbs} {called(*at)}"
    return said[0].upper() + said[1:]


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
        evidence = f"{' or '.join(bands)} evidence{'' if 'all' in bands else ' alone'}"
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
    busy, schools = left_out["busy"], left_out["schools"]
    parts = [words.count(schools, "school")] if schools else []
    if busy:
        what = words.count(busy, "busy place, thing or event", "busy places, things and events")
        parts.append(f"{what}, {'each ' if busy > 1 else ''}tied to more than {crowd} people")
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
    near, far = (int(usual.loc[usual["steps"] == steps, "within"].iloc[0]) for steps in (2, LENGTH))
    return f"For scale: two people taken at random are within 2 steps of each other in {_share(near, pairs)} of pairs and within {LENGTH} in {_share(far, pairs)} of pairs."


def _share(part: int, whole: int) -> str:
    share = 100 * part / whole
    return "0%" if part == 0 else f"{share:.1f}%" if share >= 0.1 else "fewer than 0.1%"


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
    if kind == "person":
        return "person"
    if kind == "event" and plain(code) in EVENTS:
        return EVENTS[plain(code)]
    return load_codes().meaning(f"{kind}_kind", plain(code))


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
