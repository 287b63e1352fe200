"""Invent the children: when they were born, who placed them, and how often they are reported missing each year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import birthday, born_at, days_between
from mapping.synthetic.calibration import (
    AGES,
    AS_OF,
    REPEATS,
    THREE_OR_MORE,
    YEARS,
    Bools,
    Ints,
    allocate,
    children_cells,
    scaled,
    share,
)

NEVER = np.datetime64("NaT", "D")
PLACED_PERCENT = 22


def build_children(children: int, seed: int) -> pd.DataFrame:
    """Invent children.

    Returns:
        One row a child: placed (by another authority), cohort, y0 y1 y2 (reported missing in the year), born
        (missing for children whose age is settled by their referral or their siblings), spell_start and spell_end
        of a placement (no end: still placed), from0 to0 ... from2 to2 (first and last day on which an episode of
        that year may be reported) and k0 k1 k2 (episodes reported in each year).
    """
    rng = np.random.default_rng([seed, 2])
    cells = children_cells(children)
    rows = np.repeat(np.arange(len(cells)), cells["count"].to_numpy())
    table = cells.drop(columns="count").iloc[rng.permutation(rows)].reset_index(drop=True)
    table = table.astype({"placed": bool, "cohort": int, "y0": bool, "y1": bool, "y2": bool})
    cohort = table["cohort"].to_numpy()
    born = born_at(
        rng, np.datetime64("2025-10-01"), np.where(cohort > 0, cohort, rng.integers(12, 18, len(cohort)))
    )
    table["born"] = np.where((cohort > 0) | table["placed"], born, NEVER)
    table = _with_spells(rng, table)
    table = _with_windows(table)
    return _with_episode_counts(rng, table, children)


def _with_spells(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    """Give every child placed by another authority a placement that spans the years they are reported missing in."""
    missing = table[["y0", "y1", "y2"]].to_numpy()
    some = missing.any(axis=1)
    placed = table["placed"].to_numpy()
    starts = np.array([year.start for year in YEARS])
    ends = np.array([year.end for year in YEARS])
    first, last = (
        np.where(some, missing.argmax(axis=1), 1),
        np.where(some, 2 - missing[:, ::-1].argmax(axis=1), 2),
    )
    born = table["born"].to_numpy().astype("datetime64[D]")
    grown = birthday(born, 18) - 1
    low = np.maximum(starts[first], birthday(born, 10))
    high = np.minimum(ends[last], grown)
    began = days_between(rng, low - 200, low + 60)
    over = np.minimum(days_between(rng, high - 60, high + np.where(last == 2, 0, 150)), grown)
    stays = (last == 2) & (grown > AS_OF) & (rng.random(len(table)) < 0.65)
    ongoing = stays | (over >= AS_OF - 3)
    ongoing &= grown > AS_OF
    over = np.where(ongoing, NEVER, np.minimum(over, AS_OF - 1))
    return table.assign(spell_start=np.where(placed, began, NEVER), spell_end=np.where(placed, over, NEVER))


def _with_windows(table: pd.DataFrame) -> pd.DataFrame:
    born = table["born"].to_numpy().astype("datetime64[D]")
    start = table["spell_start"].to_numpy().astype("datetime64[D]")
    end = table["spell_end"].to_numpy().astype("datetime64[D]")
    columns = {}
    for index, year in enumerate(YEARS):
        low = np.maximum(year.start, birthday(born, 10))
        high = np.minimum(year.end - (2 if index == 2 else 1), birthday(born, 18) - 2)
        columns[f"from{index}"] = np.where(np.isnat(start), low, np.maximum(low, start + 1))
        columns[f"to{index}"] = np.where(np.isnat(end), high, np.minimum(high, end - 2))
    return table.assign(**columns)


def _with_episode_counts(rng: np.random.Generator, table: pd.DataFrame, children: int) -> pd.DataFrame:
    steady = table[["y0", "y1", "y2"]].sum(axis=1).to_numpy()
    for index, year in enumerate(YEARS):
        counts = np.zeros(len(table), dtype=np.int64)
        missing = table[f"y{index}"].to_numpy()
        placed = table["placed"].to_numpy()
        reports = max(scaled(year.reports, children), int(missing.sum()))
        own, other = missing & ~placed, missing & placed
        theirs = min(max(share(PLACED_PERCENT, reports), int(other.sum())), reports - int(own.sum()))
        theirs = theirs if other.any() else 0
        length = (table[f"to{index}"] - table[f"from{index}"]).dt.days.to_numpy()
        age = table["cohort"].to_numpy() - (2 - index)
        counts[own] = _counts(rng, reports - theirs, age[own], length[own], steady[own], False)
        counts[other] = _counts(rng, theirs, age[other], length[other], steady[other], True)
        table[f"k{index}"] = counts
    return table


def _counts(
    rng: np.random.Generator, total: int, age: Ints, length: Ints, steady: Ints, placed: bool
) -> Ints:
    """Divide a year's episodes among its children: most once, some twice, a few many times."""
    twice, often = (int(np.floor(part * len(age) + 0.5)) for part in REPEATS[placed])
    chosen = _by_age(rng, age, steady, often)
    counts = np.where(chosen, 3, 1).astype(np.int64)
    once = np.flatnonzero(~chosen)
    counts[rng.permutation(once)[: min(twice, max(0, total - int(counts.sum())))]] = 2
    while counts.sum() > total:
        counts[np.argmax(counts)] -= 1
    room = np.maximum(length * 45 // 100, 1) - counts
    weights = np.where(chosen, rng.lognormal(0, 0.9, len(age)) * length, 0.0)
    return counts + allocate(total - int(counts.sum()), weights, most=np.maximum(room, 0))


def _by_age(rng: np.random.Generator, age: Ints, steady: Ints, often: int) -> Bools:
    """Mark the children with three or more episodes: the wanted ages, those missing in several years first."""
    sizes = np.array([(age == value).sum() for value in AGES])
    wanted = allocate(min(often, len(age)), THREE_OR_MORE, most=sizes)
    turn = np.argsort(rng.random(len(age)) - 0.25 * steady, kind="stable")
    place = pd.Series(age[turn]).groupby(age[turn]).cumcount().to_numpy()
    chosen = np.zeros(len(age), dtype=bool)
    chosen[turn] = place < wanted[age[turn] - AGES[0]]
    return chosen
