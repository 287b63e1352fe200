"""Collect evidence with its sources: who said it, when it was recorded, in which words, and how it is graded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from mapping.synthetic.calibration import AS_OF, Dates, Floats, Ints, Texts, allocate, words
from mapping.synthetic.texts import AGENCIES, SOURCE_KINDS, TEXTS

SOURCE_GRADES = {"1": 36, "2": 49, "3": 15}
INFORMATION_GRADES = {"A": 20, "B": 27, "C": 33, "D": 17, "E": 3}
GRADED_POLICE_RECORDS = 60
"""Per cent of police records that carry a grade. Partners' records carry none: grading is an analyst's job."""
WITH_CONDITIONS = 38
"""Per cent of graded items shared only with conditions; about a tenth of all sources."""
WITHIN = 120
"""Days within which something is said at a child's next return interview."""
CONDITIONS = {("A1", "S1"): 30, ("A1", "S2"): 20, ("A2", "S2"): 30, ("A3", "S1"): 20}


class Evidence:
    """Rows of the network tables gathered so far; people, places, things, events and sources are whole numbers."""

    def __init__(self, rng: np.random.Generator, places: pd.DataFrame, interviews: pd.DataFrame) -> None:
        """Start without any evidence.

        Args:
            rng: where chance enters.
            places: name, easting and northing by place number.
            interviews: child and held, one row a return interview.
        """
        self.rng = rng
        self.place_name: Texts = places["name"].to_numpy(dtype=object)
        self.spots: Floats = places[["easting", "northing"]].to_numpy(dtype=float)
        self.interviews = interviews.sort_values("held")
        self.tables: dict[str, list[pd.DataFrame]] = {}
        self.counts: dict[str, int] = {}

    def add(self, table: str, **columns: object) -> Ints:
        """Add rows to a table and return their numbers."""
        frame = pd.DataFrame(columns)
        first = self.counts.get(table, 0)
        self.counts[table] = first + len(frame)
        self.tables.setdefault(table, []).append(frame)
        return np.arange(first, first + len(frame))

    def frame(self, table: str) -> pd.DataFrame:
        """Return all rows of a table so far."""
        parts = [part for part in self.tables.get(table, []) if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def cite(
        self, topic: npt.ArrayLike, date: Dates, child: Ints, place: Ints, *, kind: Texts | None = None
    ) -> Ints:
        """Add one source a row of evidence and return their numbers.

        Args:
            topic: a key of SOURCE_KINDS for each row, or one for all.
            date: the day the thing happened.
            child: whom a return interview would have been with.
            place: the place a text may name, or -1.
            kind: kinds of source where they are settled already; nothing where they are not.
        """
        topics = np.broadcast_to(np.asarray(topic, dtype=object), (len(date),))
        kinds = np.full(len(date), "", dtype=object) if kind is None else kind.copy()
        for name in sorted(set(topics)):
            rows = np.flatnonzero((topics == name) & (kinds == ""))
            kinds[rows] = words(self.rng, SOURCE_KINDS[str(name)], len(rows))
        recorded = np.minimum(date + self.rng.integers(0, 6, len(date)), AS_OF)
        kinds, recorded = self._at_interviews(topics, kinds, date, recorded, child)
        agency, text = self._said(topics, kinds)
        named = np.where(place >= 0, self.place_name[np.maximum(place, 0)], "")
        named = np.where(named == "", "a local street", named)
        text = [said.replace("{place}", name) for said, name in zip(text, named, strict=True)]
        return self.add("sources", kind=kinds, agency=agency, recorded_on=recorded, text=text)

    def next_interview(self, child: Ints, date: Dates) -> Dates:
        """Return the day of each child's first return interview from a day on, missing where there is none."""
        asked = pd.DataFrame(
            {"child": child, "held": date.astype("datetime64[s]"), "row": np.arange(len(child))}
        )
        held = self.interviews.assign(on=self.interviews["held"])
        asked = asked.sort_values("held", kind="stable")
        found = pd.merge_asof(asked, held, on="held", by="child", direction="forward").sort_values("row")
        return found["on"].to_numpy().astype("datetime64[D]")

    def _said(self, topics: Texts, kind: Texts) -> tuple[Texts, list[str]]:
        """Choose an agency and a text for each source."""
        draw = self.rng.random((2, len(kind)))
        agency = [
            AGENCIES[name][int(part * len(AGENCIES[name]))] for name, part in zip(kind, draw[0], strict=True)
        ]
        offered = [TEXTS[topic][name] for topic, name in zip(topics, kind, strict=True)]
        text = [said[int(part * len(said))] for said, part in zip(offered, draw[1], strict=True)]
        return np.array(agency, dtype=object), text

    def _at_interviews(
        self, topics: Texts, kind: Texts, date: Dates, recorded: Dates, child: Ints
    ) -> tuple[Texts, Dates]:
        """Date what was said at a return interview by the child's next one; without one, somebody else said it."""
        rows = np.flatnonzero(kind == "return_interview")
        on = self.next_interview(child[rows], date[rows])
        has = ~np.isnat(on) & (on <= date[rows] + WITHIN)
        result, days = kind.copy(), recorded.copy()
        days[rows[has]] = on[has]
        for row in rows[~has]:
            others = [name for name in SOURCE_KINDS[topics[row]] if name != "return_interview"]
            result[row] = others[int(self.rng.integers(0, len(others)))]
        return result, days


def with_grades(rng: np.random.Generator, sources: pd.DataFrame) -> pd.DataFrame:
    """Grade intelligence and some police records by 3x5x2; of these, some may be shared only with conditions."""
    kind = sources["kind"].to_numpy(dtype=object)
    records = rng.permutation(np.flatnonzero(kind == "police_record"))
    rows = np.concatenate(
        [np.flatnonzero(kind == "intelligence"), records[: len(records) * GRADED_POLICE_RECORDS // 100]]
    )
    table = sources.copy()
    columns = ["source_grade", "information_grade", "handling", "action_code", "sanitisation_code"]
    table[columns] = ""
    table.loc[rows, "source_grade"] = words(rng, SOURCE_GRADES, len(rows))
    table.loc[rows, "information_grade"] = words(rng, INFORMATION_GRADES, len(rows))
    order = rng.permutation(rows)
    conditions = order[: len(rows) * WITH_CONDITIONS // 100]
    table.loc[order, "handling"] = "P"
    table.loc[conditions, "handling"] = "C"
    parts = np.repeat(np.arange(len(CONDITIONS)), allocate(len(conditions), list(CONDITIONS.values())))
    codes = list(CONDITIONS)
    table.loc[conditions, "action_code"] = [codes[part][0] for part in parts]
    table.loc[conditions, "sanitisation_code"] = [codes[part][1] for part in parts]
    return table
