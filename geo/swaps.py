"""Build a plan that keeps its rules: the visit that does most first, then swaps as long as one gains."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from geo.coverage import Task

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def swapped_plan(task: Task, *, among: Ints | None = None) -> tuple[int, ...]:
    """Choose visits one after the other, then swap single visits within their slot until no swap gains.

    What a rule still lacks comes before everything else, so visits that fill the floors of wards, places that must be
    visited and kinds that are asked for come first; among those that fill as much, and after them, what they reach decides.
    Both are sums that each visit adds less to the more is there already (submodular), for which this is the common way
    to a good plan (Nemhauser, Wolsey and Fisher 1978, Mathematical Programming 14, 265-294). It is no proof: the plan
    may keep fewer rules than another could. Ties go to the earlier slot, then the lower id.

    Parameters
    ----------
    among : the visits to choose from, by number; by default all that may be made.

    Returns
    -------
    Numbers of visits in the task, ascending.
    """
    choice = _Choice(task, task.allowed if among is None else np.isin(np.arange(len(task.allowed)), among))
    while (at := choice.best_addition()) is not None:
        choice.put(at)
    while choice.swap_all():
        pass
    return tuple(sorted(choice.visits))


@dataclass(eq=False)
class _Choice:
    """Visits chosen so far, and what they count for.

    Everything is counted in elements: concern, and what rules ask for (a visit, a place). A visit holds some of them; each
    counts once. `price` is what an element is worth, `shares` what it gives to each promise, up to its `need`.
    """

    task: Task
    among: Flags
    visits: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Take every visit as free and every promise as open."""
        self.holds, self.shares, self.need = _promises(self.task)
        size = self.holds.shape[1]
        self.price = np.zeros(size, dtype=np.int64)
        self.price[: len(self.task.demand)] = self.task.weights
        # One unit of a promise is worth more than all concern together.
        self.promise = int(self.task.weights.sum()) + 1
        self.times, self.given = np.zeros(size, dtype=np.int64), np.zeros(len(self.need), dtype=np.int64)
        self.room = self.task.slots["teams"].to_numpy(dtype=np.int64).copy()
        day = np.unique(self.task.slots["day"].to_numpy(), return_inverse=True)[1]
        self.day = day if self.task.rules.once_a_day else np.arange(len(day))
        self.count = len(self.task.places)
        self.there = np.zeros((len(self.room), self.count), dtype=np.int64)
        self.part = [self.holds[at * self.count : (at + 1) * self.count] for at in range(len(self.room))]
        self.open = self.among.reshape(self.there.shape)

    def gains(self, slot: int) -> Ints:
        """Return what each visit of a slot would add, -1 where it may not be made."""
        left = self.times == 0
        gain = self.part[slot] @ (left * self.price)
        short = np.maximum(self.need - self.given, 0)
        if short.any():
            given = (self.part[slot] @ self.shares.multiply(left[:, None]).tocsr()).toarray()
            gain = gain + self.promise * np.minimum(given, short).sum(axis=1)
        return np.where(self.open[slot] & (self.there[self.day[slot]] == 0), gain, -1)

    def best_addition(self) -> int | None:
        """Return the visit that adds most, None where no team is free or nothing can be added."""
        best, found = 0, None
        for slot in np.flatnonzero(self.room > 0):
            gain = self.gains(int(slot))
            at = int(gain.argmax()) if len(gain) else -1
            if at >= 0 and gain[at] > best:
                best, found = int(gain[at]), int(slot) * self.count + at
        return found

    def put(self, visit: int, sign: int = 1) -> int:
        """Take a visit in, or with -1 out; return what that adds."""
        slot, place = divmod(visit, self.count)
        held = self.part[slot].indices[slice(*self.part[slot].indptr[place : place + 2])]
        before = self.times[held] > 0
        self.times[held] += sign
        change = np.zeros(len(self.times), dtype=np.int64)
        change[held] = (self.times[held] > 0).astype(np.int64) - before
        kept = np.minimum(self.given, self.need).sum()
        self.given = self.given + self.shares.T @ change
        self.room[slot] -= sign
        self.there[self.day[slot], place] += sign
        (self.visits.add if sign > 0 else self.visits.remove)(visit)
        more = np.minimum(self.given, self.need).sum() - kept
        return int(change @ self.price + self.promise * more)

    def swap_all(self) -> bool:
        """Swap each visit for the best one in its place, where that gains; say whether any did."""
        moved = False
        for visit in sorted(self.visits):
            slot = visit // self.count
            lost = -self.put(visit, -1)
            gain = self.gains(slot)
            at = int(gain.argmax())
            better = gain[at] > lost
            self.put(slot * self.count + at if better else visit)
            moved |= bool(better)
        return moved


def _promises(task: Task) -> tuple[csr_array, csr_array, Ints]:
    """Return elements that each visit holds (visits by elements), what each gives to each promise, and what is promised."""
    from scipy.sparse import csr_array, eye_array, hstack, vstack

    visits, demand = task.reaches.shape
    place = np.tile(np.arange(len(task.places)), len(task.slots))
    at_place = csr_array((np.ones(visits, np.int64), (np.arange(visits), place)))
    # Elements are rows of demand, then visits, then places.
    blocks = [task.reaches, eye_array(visits, dtype=np.int64), at_place]
    sizes = (demand, visits, len(task.places))
    columns = []
    for block, gives, _ in (asked := _asked(task, place)):
        parts = [csr_array((size, 1), dtype=np.int64) for size in sizes]
        parts[block] = csr_array(gives.astype(np.int64)[:, None])
        columns.append(vstack(parts))
    shares = hstack(columns).tocsr() if columns else csr_array((sum(sizes), 0), dtype=np.int64)
    return hstack(blocks).tocsr(), shares, np.array([need for _, _, need in asked], dtype=np.int64)


def _asked(task: Task, place: Ints) -> list[tuple[int, npt.NDArray[Any], int]]:
    """List what the rules ask for: in elements of which block, what each gives, and how much is enough."""
    ids, kinds = task.places["place_id"].to_numpy(), task.places["kind"].to_numpy()
    ward, useful = task.demand["ward_code"].to_numpy(), task.alone > 0
    standing = task.places["ward_code"].to_numpy()[place]
    floors = [
        *((0, task.weights * (ward == code), concern) for code, (concern, _) in task.floors.items()),
        *((1, (standing == code) & useful, visits) for code, (_, visits) in task.floors.items()),
    ]
    must = [(2, ids == each, 1) for each in task.rules.must]
    kind = [(2, kinds == each, least) for each, least in task.rules.at_least]
    return [each for each in (*floors, *must, *kind) if each[2]]
