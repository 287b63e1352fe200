"""Collect evidence with its sources: who said it, when it was recorded, in which words, and how it is graded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from mapping.synthetic.calibration import AS_OF, Dates, Floats, Ints, Texts, allocate, words

SOURCE_KINDS: dict[str, dict[str, int]] = {
    "peer": {"return_interview": 34, "school": 22, "social_care": 18, "community": 14, "intelligence": 12},
    "harm": {"intelligence": 62, "return_interview": 16, "social_care": 14, "health": 8},
    "safe": {"social_care": 45, "return_interview": 25, "school": 15, "community": 15},
    "family": {"social_care": 80, "school": 20},
    "seen": {"community": 34, "return_interview": 24, "school": 14, "intelligence": 18, "police_record": 10},
    "thing": {"intelligence": 55, "return_interview": 25, "police_record": 20},
    "incident": {"police_record": 80, "community": 20},
    "arrest": {"police_record": 100},
    "stop_search": {"police_record": 100},
    "intelligence": {"intelligence": 100},
    "contact": {"community": 40, "social_care": 40, "health": 20},
    "other": {"school": 60, "community": 40},
    "together": {"police_record": 100},
    "account": {"intelligence": 50, "return_interview": 35, "police_record": 15},
}
"""Which kinds of source a kind of evidence comes from, in parts of a hundred."""

AGENCIES = {
    "intelligence": ("police", "police", "police", "housing", "licensing"),
    "police_record": ("police", "transport_police"),
    "return_interview": ("missing_from_home",),
    "social_care": ("social_care", "early_help"),
    "school": ("school", "pupil_referral"),
    "health": ("school_nurse", "hospital", "mental_health"),
    "community": ("youth_service", "voluntary_sector", "community_safety"),
}

TEXTS: dict[str, tuple[str, ...]] = {
    "peer": (
        "Staff know these two as friends; they travel together.",
        "Said the other young person is someone they trust and spend time with.",
        "Seen together often since the new term. Worker knows both.",
        "Said they talk most days and look out for each other.",
        "Parent named the other young person as a close friend.",
    ),
    "harm": (
        "Information that an adult gives this child lifts and gifts and then says a debt is owed.",
        "An adult has been contacting this child at night. The child was made to carry a package.",
        "Child said an adult threatened them. They were frightened and told a worker.",
        "Adult is said to wait for this child outside school. Harm by the adult is the concern.",
    ),
    "safe": (
        "Named by the child as an adult they can talk to.",
        "Sees the child each week; the child asked for this to go on.",
        "Picks the child up after sport and lets the family know. The child feels safe there.",
        "Child phones this adult when things go wrong.",
    ),
    "family": (
        "Family known to the service; they live together.",
        "Relative confirmed at a home visit.",
        "Contact arranged with the family each fortnight.",
    ),
    "seen": (
        "Outreach met a few young people at {place} and stopped to talk. All well.",
        "Young people were at {place} after school; staff know them.",
        "Said {place} is where friends meet.",
        "Visit to {place}; names noted so that support can be offered.",
    ),
    "thing": (
        "Number seen in call data provided to the enquiry.",
        "Said this is shared between friends.",
        "Device was handed in by a parent; contacts noted.",
        "Information links this to several young people.",
    ),
    "incident": (
        "Young people were hurt in a disturbance near {place}. Officers attended.",
        "Report of threats made near {place}. Those present were spoken to and taken home.",
        "Property taken from a child near {place}.",
        "Staff called for help near {place}; a child was frightened.",
    ),
    "arrest": (
        "Arrest near {place}. Children present were treated as possible victims; referral made.",
        "Arrest following a vehicle stop near {place}. Appropriate adult attended.",
    ),
    "stop_search": (
        "Stop near {place}, nothing found. Body-worn video kept.",
        "Stop near {place}. Safeguarding referral made the same day.",
    ),
    "intelligence": (
        "Information that adults meet young people at {place} and offer them money to carry things.",
        "Information that young people are being given vapes and food at {place} by an adult.",
        "Report that a child was told to stay at an address near {place} overnight.",
    ),
    "contact": (
        "Worker met the young people near {place} and agreed to meet again.",
        "Welfare check near {place}; the young people said who they trust.",
    ),
    "other": (
        "School noted both at a meeting about bus journeys home.",
        "Mentioned together at a youth session near {place}.",
    ),
    "together": ("Found together at {place} and brought home. All were given food and seen by a worker.",),
    "account": (
        "Said an account they did not know sent messages, then asked for pictures and made threats.",
        "Messages from the account found when the child handed over the phone. The person behind it is not known.",
        "Information that one account writes to several children who have not met.",
    ),
}

SOURCE_GRADES = {"1": 36, "2": 49, "3": 15}
INFORMATION_GRADES = {"A": 20, "B": 27, "C": 33, "D": 17, "E": 3}
GRADED_POLICE_RECORDS = 40
"""Per cent of police records that carry a grade. Partners' records carry none: grading is an analyst's job."""
HANDLED = 28
"""Per cent of graded items shared only with conditions; about an eighth of all sources."""
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

    def cite(self, topic: npt.ArrayLike, date: Dates, child: Ints, place: Ints) -> Ints:
        """Add one source a row of evidence and return their numbers.

        Args:
            topic: a key of SOURCE_KINDS for each row, or one for all.
            date: the day the thing happened.
            child: whom a return interview would have been with.
            place: the place a text may name, or -1.
        """
        topics = np.broadcast_to(np.asarray(topic, dtype=object), (len(date),))
        kind, agency, text = (np.full(len(date), "", dtype=object) for _ in range(3))
        for name in sorted(set(topics)):
            rows = np.flatnonzero(topics == name)
            shares = SOURCE_KINDS[str(name)]
            words = np.repeat(
                np.array(list(shares), dtype=object), allocate(len(rows), list(shares.values()))
            )
            kind[rows] = self.rng.permutation(words)
            text[rows] = np.array(TEXTS[str(name)], dtype=object)[
                self.rng.integers(0, len(TEXTS[str(name)]), len(rows))
            ]
        recorded = np.minimum(date + self.rng.integers(0, 6, len(date)), AS_OF)
        kind, recorded = self._at_interviews(kind, date, recorded, child)
        for name in sorted(set(kind)):
            rows = np.flatnonzero(kind == name)
            names = np.array(AGENCIES[str(name)], dtype=object)
            agency[rows] = names[self.rng.integers(0, len(names), len(rows))]
        named = np.where(place >= 0, self.place_name[np.maximum(place, 0)], "")
        named = np.where(named == "", "the town centre", named)
        text = np.array(
            [said.replace("{place}", name) for said, name in zip(text, named, strict=True)], dtype=object
        )
        return self.add("sources", kind=kind, agency=agency, recorded_on=recorded, text=text)

    def _at_interviews(self, kind: Texts, date: Dates, recorded: Dates, child: Ints) -> tuple[Texts, Dates]:
        """Date what was said at a return interview by the child's next one; without one, a social worker heard it."""
        said = np.flatnonzero(kind == "return_interview")
        asked = pd.DataFrame({"child": child[said], "held": date[said].astype("datetime64[s]"), "row": said})
        held = self.interviews.assign(on=self.interviews["held"])
        tolerance = pd.Timedelta(days=75)
        found = pd.merge_asof(
            asked.sort_values("held"), held, on="held", by="child", direction="forward", tolerance=tolerance
        )
        result, days = kind.copy(), recorded.copy()
        has = found["on"].notna().to_numpy()
        rows = found["row"].to_numpy()
        days[rows[has]] = found["on"].to_numpy()[has].astype("datetime64[D]")
        result[rows[~has]] = "social_care"
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
    conditions = order[: len(rows) * HANDLED // 100]
    table.loc[order, "handling"] = "P"
    table.loc[conditions, "handling"] = "C"
    parts = np.repeat(np.arange(len(CONDITIONS)), allocate(len(conditions), list(CONDITIONS.values())))
    codes = list(CONDITIONS)
    table.loc[conditions, "action_code"] = [codes[part][0] for part in parts]
    table.loc[conditions, "sanitisation_code"] = [codes[part][1] for part in parts]
    return table
