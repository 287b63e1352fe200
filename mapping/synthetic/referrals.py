"""Invent referrals: who is referred when, what became of it, and how closed ones turned out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import age_on, born_at, days_between
from mapping.synthetic.calibration import (
    AS_OF,
    CHILDREN,
    FATES,
    OPEN_AGES,
    OPEN_MISSING,
    REST_CONCERNS,
    YEARS,
    Bools,
    Dates,
    Ints,
    allocate,
    scaled,
    share,
    words,
)

REFERRED_AGES = {10: 2, 11: 4, 12: 8, 13: 14, 14: 20, 15: 23, 16: 18, 17: 11}
AGENCIES = {
    "police": 34,
    "school": 22,
    "social_care": 20,
    "health": 9,
    "early_help": 7,
    "youth_justice": 5,
    "parent": 3,
}
OPENED = {"strategy_meeting": 42, "assessment": 38, "joint_investigation": 20}
NOT_OPENED = {"advice": 20, "early_help": 16}
OUTCOMES = {
    "re_engaged_education": 73,
    "stable_accommodation": 91,
    "positive_relationship": 90,
    "fewer_missing": 60,
}
QUARTER = np.datetime64("2026-01-01", "D")
"""Children opened from this day on were opened in the last three months."""
AGAIN = (
    ("reopened", ("open_recent", 2), ("closed_later", 1), 10),
    ("open_before", ("open_recent", 2), ("closed", 0), 7),
    ("open_before", ("open", 2), ("closed", 0), 7),
    ("again", ("closed", 2), ("closed", 0), 20),
)
"""Children referred twice: how, what became of the newer and of the earlier referral, how many."""


def build_referrals(children: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Invent referrals and settle the birth dates of the children referred and never missing.

    Args:
        children: from `build_children`, one row a child by row number.
        seed: of the case.

    Returns:
        The referrals (child, year received, closed_year or -1, opened, received_on, opened_on, closed_on, concern,
        decision, source_agency and four outcomes), and the children with `born` filled for those referred.
    """
    rng = np.random.default_rng([seed, 3])
    slots = _slots(len(children))
    slots = _with_dates(rng, slots)
    people = children.copy()
    slots["child"] = _children_for(rng, slots, people)
    slots = slots[slots["child"] >= 0].reset_index(drop=True)
    return _with_answers(rng, slots), people


def _slots(children: int) -> pd.DataFrame:
    """Make one row a referral with its fate, and pair the referrals of children who were referred before."""
    counts = allocate(scaled(sum(fate.count for fate in FATES), children), [fate.count for fate in FATES])
    counts[0] = max(counts[0], 1)
    rows = np.repeat(np.arange(len(FATES)), counts)
    table = pd.DataFrame(
        {
            "fate": np.array([fate.name for fate in FATES], dtype=object)[rows],
            "year": np.array([fate.received for fate in FATES])[rows],
            "closed_year": np.array([-1 if fate.closed is None else fate.closed for fate in FATES])[rows],
            "opened": np.array([fate.opened for fate in FATES])[rows],
        }
    )
    table["earlier"], table["how"] = -1, ""
    for how, newer, earlier, count in AGAIN:
        _pair(table, how, newer, earlier, scaled(count, children) if children != CHILDREN else count)
    return table


def _pair(
    table: pd.DataFrame, how: str, newer: tuple[str, int], earlier: tuple[str, int], count: int
) -> None:
    taken = set(table["earlier"])
    paired = table["earlier"].to_numpy()
    new = [row for row in _rows(table, newer) if paired[row] < 0][:count]
    old = [row for row in _rows(table, earlier) if row not in taken][: len(new)]
    table.loc[new[: len(old)], "earlier"] = old
    table.loc[new[: len(old)], "how"] = how


def _rows(table: pd.DataFrame, fate: tuple[str, int]) -> list[int]:
    return list(table.index[(table["fate"] == fate[0]) & (table["year"] == fate[1])])


def _with_dates(rng: np.random.Generator, slots: pd.DataFrame) -> pd.DataFrame:
    count = len(slots)
    low, high = _received_between(slots)
    opened = days_between(rng, low, high, 0.8)
    received = np.maximum(
        opened - rng.integers(0, 5, count), np.array([y.start for y in YEARS])[slots["year"]]
    )
    newest = np.flatnonzero(slots["fate"].eq("not_opened") & slots["year"].eq(2))[:3]
    received[newest] = np.array(["2026-03-28", "2026-03-30", "2026-03-30"], dtype="datetime64[D]")[
        : len(newest)
    ]
    latest = np.flatnonzero(slots["fate"].eq("open_recent"))[-3:]
    opened[latest], received[latest] = np.datetime64("2026-03-30"), np.datetime64("2026-03-29")
    closed = _closed(rng, slots, opened)
    nothing = np.datetime64("NaT", "D")
    table = slots.assign(
        received_on=received,
        opened_on=np.where(slots["opened"], opened, nothing),
        closed_on=np.where(slots["closed_year"] >= 0, closed, nothing),
    )
    table["undecided"] = table.index.isin(newest)
    return table


def _received_between(slots: pd.DataFrame) -> tuple[Dates, Dates]:
    start = np.array([year.start for year in YEARS])[slots["year"]]
    end = np.array([year.end for year in YEARS])[slots["year"]]
    fate = slots["fate"].to_numpy()
    low = np.where(np.isin(fate, ["open", "closed_later"]), start + 100, start + 4)
    low = np.where(fate == "open_recent", QUARTER, low)
    high = np.where(fate == "closed", start + 255, end - 5)
    high = np.where((fate == "open") & (slots["year"] == 2), QUARTER - 1, high)
    high = np.where((fate == "open_recent"), AS_OF - 2, high)
    return low, high


def _closed(rng: np.random.Generator, slots: pd.DataFrame, opened: Dates) -> Dates:
    """Close referrals 45 to 245 days after they opened, in the year they must close in."""
    year = np.maximum(slots["closed_year"].to_numpy(), 0)
    low = np.maximum(opened + 45, np.array([y.start for y in YEARS])[year])
    high = np.minimum(np.maximum(opened + 245, low + 20), np.array([y.end for y in YEARS])[year] - 2)
    closed = days_between(rng, low, high)
    again = slots.index[slots["how"].eq("reopened")]
    before = slots.loc[again, "earlier"].to_numpy()
    closed[before] = opened[again] - rng.integers(40, 171, len(again))
    return closed


class _Pools:
    """The children a referral may still be about: those reported missing, and those who never were."""

    def __init__(self, rng: np.random.Generator, people: pd.DataFrame) -> None:
        self.people = people
        own = ~people["placed"].to_numpy()
        never = people[["y0", "y1", "y2"]].sum(axis=1).eq(0).to_numpy()
        self.never = list(rng.permutation(np.flatnonzero(own & never)))
        self.missing = rng.permutation(np.flatnonzero(own & ~never))
        self.free = np.ones(len(people), dtype=bool)
        self.by_key: dict[object, list[int]] = {}

    def index(self, keys: list[object]) -> None:
        """Sort the missing children into lists by key."""
        self.by_key = {}
        for child, key in zip(self.missing, keys, strict=True):
            if self.free[child]:
                self.by_key.setdefault(key, []).append(int(child))

    def missing_child(self, key: object) -> int:
        """Take a missing child with a key, or -1."""
        waiting = self.by_key.get(key, [])
        while waiting:
            child = waiting.pop()
            if self.free[child]:
                self.free[child] = False
                return child
        return -1

    def never_missing(self) -> int:
        """Take a child who was never missing, or -1."""
        return int(self.never.pop()) if self.never else -1


def _children_for(rng: np.random.Generator, slots: pd.DataFrame, people: pd.DataFrame) -> Ints:
    """Choose a child for each referral; a child has one, or the two of a pair."""
    pools = _Pools(rng, people)
    child = np.full(len(slots), -1, dtype=np.int64)
    earlier = set(slots["earlier"])
    fresh = ~slots.index.isin(list(earlier))
    still_open = slots["fate"].isin(["open", "open_recent"]).to_numpy()
    _open_children(rng, slots, people, pools, child, fresh & still_open)
    for year in (2, 1, 0):
        _other_children(
            rng, slots, people, pools, child, fresh & ~still_open & slots["year"].eq(year).to_numpy()
        )
    paired = np.flatnonzero(slots["earlier"] >= 0)
    child[slots["earlier"].to_numpy()[paired]] = child[paired]
    return child


def _open_children(
    rng: np.random.Generator,
    slots: pd.DataFrame,
    people: pd.DataFrame,
    pools: _Pools,
    child: Ints,
    chosen: Bools,
) -> None:
    """Fill open referrals with children of the published ages, as of the end of the records."""
    rows = np.flatnonzero(chosen)
    ages = np.repeat(list(OPEN_AGES), allocate(len(rows), list(OPEN_AGES.values())))
    parts = allocate(len(rows), list(OPEN_MISSING.values()))
    young = np.flatnonzero(ages <= 12)
    classes = np.repeat(np.arange(3), [max(int(parts[0]) - len(young), 0), int(parts[1]), int(parts[2])])
    classes = np.concatenate([np.zeros(len(young), dtype=np.int64), rng.permutation(classes)])[: len(rows)]
    rows = rows[np.argsort(slots["earlier"].to_numpy()[rows] >= 0, kind="stable")]
    rows = np.concatenate([rows[: len(young)], _shuffled_to_end(rng, slots, rows[len(young) :])])
    born = people["born"].to_numpy().astype("datetime64[D]")
    of_missing = pools.missing
    k = people["k2"].to_numpy()[of_missing]
    pools.index(
        list(zip(age_on(born[of_missing], AS_OF), np.select([k == 0, k < 3], [0, 1], 2), strict=True))
    )
    for row, age, group in zip(rows, ages, classes, strict=True):
        found = pools.missing_child((age, group)) if group else pools.never_missing()
        if found >= 0 and not group:
            people.loc[found, "born"] = born_at(rng, AS_OF, [age])[0]
        child[row] = found if found >= 0 else _anybody(rng, slots, people, pools, int(row), int(age))


def _shuffled_to_end(rng: np.random.Generator, slots: pd.DataFrame, rows: Ints) -> Ints:
    """Shuffle referrals, but keep those of children referred before for the older ages at the end."""
    again = slots["earlier"].to_numpy()[rows] >= 0
    keep = len(rows) // 8
    first = rng.permutation(rows[~again])
    return np.concatenate([first[:keep], rng.permutation(np.concatenate([first[keep:], rows[again]]))])


def _other_children(
    rng: np.random.Generator,
    slots: pd.DataFrame,
    people: pd.DataFrame,
    pools: _Pools,
    child: Ints,
    chosen: Bools,
) -> None:
    """Fill a year's other referrals, half with children reported missing in that year."""
    rows = np.flatnonzero(chosen)
    if not len(rows):
        return
    year = int(slots["year"].iloc[rows[0]])
    age = people["cohort"].to_numpy() - (2 - year)
    usable = people[f"y{year}"].to_numpy() & (age >= 11) & (age <= 16)
    pools.index([bool(flag) and int(years) >= 14 for flag, years in _flags(usable, age, pools.missing)])
    younger = [child for child in pools.missing if usable[child] and pools.free[child] and age[child] < 14]
    pools.by_key[False] = [*younger, *rng.permutation(pools.by_key.get(True, [])[: len(younger)])]
    ages = rng.permutation(np.repeat(list(REFERRED_AGES), allocate(len(rows), list(REFERRED_AGES.values()))))
    ages = np.where(slots["earlier"].to_numpy()[rows] >= 0, np.maximum(ages, 14), ages)
    for turn, (row, years) in enumerate(zip(rows, ages, strict=True)):
        child[row] = _someone(rng, slots, people, pools, int(row), int(years), turn % 2 == 0)


def _flags(usable: Bools, age: Ints, missing: Ints) -> list[tuple[bool, int]]:
    return list(zip(usable[missing].tolist(), age[missing].tolist(), strict=True))


def _someone(
    rng: np.random.Generator,
    slots: pd.DataFrame,
    people: pd.DataFrame,
    pools: _Pools,
    row: int,
    years: int,
    missing_first: bool,
) -> int:
    if missing_first and (found := pools.missing_child(years >= 14)) >= 0:
        return found
    return _anybody(rng, slots, people, pools, row, years)


def _anybody(
    rng: np.random.Generator, slots: pd.DataFrame, people: pd.DataFrame, pools: _Pools, row: int, years: int
) -> int:
    """Take a child who was never missing and make them the age wanted, or leave the referral out (tiny cases)."""
    found = pools.never_missing()
    if found >= 0:
        people.loc[found, "born"] = born_at(rng, slots["received_on"].to_numpy()[[row]], [years])[0]
    return found


def _with_answers(rng: np.random.Generator, slots: pd.DataFrame) -> pd.DataFrame:
    table = slots.copy()
    for column in ("concern", "decision", "source_agency", *OUTCOMES):
        table[column] = ""
    for year in range(len(YEARS)):
        rows = rng.permutation(np.flatnonzero(table["year"] == year))
        table.loc[rows, "concern"] = _concerns(len(rows))
        _spread(rng, table, "source_agency", rows, AGENCIES)
        opened = table["opened"].to_numpy()[rows]
        _spread(rng, table, "decision", rows[opened], OPENED)
        _spread(rng, table, "decision", rows[~opened & ~table["undecided"].to_numpy()[rows]], NOT_OPENED)
        closed = np.flatnonzero(table["closed_year"] == year)
        for outcome, percent in OUTCOMES.items():
            yes = share(percent - (2 - year), len(closed))
            table.loc[rng.permutation(closed), outcome] = np.where(np.arange(len(closed)) < yes, "Y", "N")
    return table.drop(columns=["undecided", "how", "earlier"])


def _concerns(count: int) -> list[str]:
    cce, cse = share(60, count), share(22, count)
    rest = allocate(count - cce - cse, list(REST_CONCERNS.values()))
    parts = {"cce": cce, "cse": cse, **dict(zip(REST_CONCERNS, rest, strict=True))}
    return [concern for concern, number in parts.items() for _ in range(int(number))]


def _spread(
    rng: np.random.Generator, table: pd.DataFrame, column: str, rows: Ints, shares: dict[str, int]
) -> None:
    table.loc[rows, column] = words(rng, shares, len(rows))
