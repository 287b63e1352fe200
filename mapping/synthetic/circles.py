"""Plant peer groups and the children of the three stories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mapping.synthetic.adults import of_part
from mapping.synthetic.calendar import age_on, days_between
from mapping.synthetic.calibration import AS_OF, CHILDREN, Bools, Dates, Floats, Ints
from mapping.synthetic.places import MEETING

SIZES = (12, 11, 10, 13, 9, 8, 7, 12, 6, 10, 9, 14, 5, 8)
GAINING = (2, 5)
"""Groups that gained members in the last days."""
NEW = 8
"""The group that formed in the last month."""
JOINED = np.datetime64("2026-03-26", "D")
ACCOUNT_USERS, LINE_CHILDREN, PARK_CHILDREN = 7, 10, 16
ACCOUNT_GROUPS = (2, 5, 7, 9, 10, 11, 12, 13)
"""Groups the users of the account come from, one of each at most."""
LINE_GROUPS = {0: 3, 1: 2, 3: 1, 4: 1, 7: 1, 11: 1, 13: 1}
PARK_GROUPS = {3: 5, 4: 4, 6: 3}
"""Groups whose children a story is about, and how many of each."""


@dataclass(frozen=True)
class Circles:
    """The planted groups, where they meet, and who the stories are about.

    members: person, group, joined_on, side (half of the group a person spends most time with; -1: both).
    meeting: place by group (rows): one for each half, and one further off. online: an online space by group
    (-1: none). usual: a place of association for some children outside the groups (by child, -1: none).
    """

    members: pd.DataFrame
    meeting: Ints
    online: Ints
    start: Dates
    usual: Ints
    account: Ints
    line: Ints
    park: Ints
    park_place: int


def build_circles(
    people: pd.DataFrame,
    adults: pd.DataFrame,
    places: pd.DataFrame,
    placements: pd.DataFrame,
    referrals: pd.DataFrame,
    seed: int,
) -> Circles:
    """Plant groups of 5 to 15 among children who live near each other and are of an age, and choose the stories."""
    rng = np.random.default_rng([seed, 8])
    where = lives_at(people, places, placements)
    fit = _candidates(people, referrals)
    sizes = _sizes(len(people), int(fit.sum()))
    group = _grouped(rng, people, where, fit, sizes)
    park = _central_park(people, places, where, group)
    meeting = _meeting(places, where, group, len(sizes), park)
    members, start = _members(rng, adults, group, len(sizes))
    singles = _singles(rng, people, referrals, group)
    account, line, in_park = _story_children(people, members, singles, where, places.iloc[park])
    chosen = np.concatenate([account, line, in_park])
    usual = _usual(rng, people, places, group, meeting, chosen, park)
    online = np.flatnonzero(places["kind"] == "online")
    online = np.append(online, np.full(len(sizes), -1))[: len(sizes)]
    return Circles(members, meeting, online, start, usual, account, line, in_park, park)


def lives_at(people: pd.DataFrame, places: pd.DataFrame, placements: pd.DataFrame) -> Floats:
    """Return easting and northing of where each child lives now or was placed last."""
    where = people[["easting", "northing"]].to_numpy(dtype=float).copy()
    last = placements.drop_duplicates("child", keep="last")
    here = last["ended_on"].isna().to_numpy() | people["placed"].to_numpy()[last["child"]]
    here &= ~places["away"].to_numpy()[last["place"]]
    rows = last[here]
    where[rows["child"]] = places[["easting", "northing"]].to_numpy(dtype=float)[rows["place"]]
    return where


def _candidates(people: pd.DataFrame, referrals: pd.DataFrame) -> Bools:
    """Tell who may be in a group: children of an age with something on record in the last year and a half."""
    age = age_on(people["born"].to_numpy().astype("datetime64[D]"), AS_OF)
    lately = np.zeros(len(people), dtype=bool)
    lately[referrals.loc[referrals["received_on"] >= AS_OF - 540, "child"]] = True
    lately |= (people["k2"] >= 2).to_numpy()
    here = people["spell_end"].isna().to_numpy() | ~people["placed"].to_numpy()
    fit = (age >= 12) & (age <= 17) & here
    enough = fit & lately
    return np.asarray(enough if enough.sum() > len(people) // 10 + 6 else fit, dtype=bool)


def _sizes(children: int, candidates: int) -> Ints:
    count = max(1, round(len(SIZES) * children / CHILDREN))
    sizes = np.resize(np.array(SIZES), count)
    if sizes.sum() > candidates * 0.4:
        sizes = np.array([max(3, min(6, candidates // 3))])
    return sizes.astype(np.int64)


def _grouped(rng: np.random.Generator, people: pd.DataFrame, where: Floats, fit: Bools, sizes: Ints) -> Ints:
    """Fill each group with the free children nearest in place and age to one of them."""
    age = (AS_OF - people["born"].to_numpy().astype("datetime64[D]")).astype(float) / 365.25
    point = np.column_stack([where, 700.0 * age])
    group = np.full(len(people), -1, dtype=np.int64)
    free = rng.permutation(np.flatnonzero(fit))
    for index, size in enumerate(sizes):
        first = free[0]
        gap = np.sqrt(((point[free] - point[first]) ** 2).sum(axis=1)) * rng.uniform(0.8, 1.2, len(free))
        gap[0] = 0
        near = np.argsort(gap, kind="stable")[:size]
        group[free[near]] = index
        free = np.delete(free, near)
    return group


def _central_park(people: pd.DataFrame, places: pd.DataFrame, where: Floats, group: Ints) -> int:
    parks = np.flatnonzero(places["kind"] == "park")
    middle = where[group >= 0].mean(axis=0) if (group >= 0).any() else where[~people["placed"]].mean(axis=0)
    gap = ((places[["easting", "northing"]].to_numpy(dtype=float)[parks] - middle) ** 2).sum(axis=1)
    return int(parks[np.argmin(gap)])


def _meeting(places: pd.DataFrame, where: Floats, group: Ints, count: int, park: int) -> Ints:
    """Give each group the three nearest meeting places that no other group has."""
    usable = (places["kind"].isin(MEETING) & ~places["away"]).to_numpy(copy=True)
    usable[park] = False
    free = np.flatnonzero(usable)
    spots = places[["easting", "northing"]].to_numpy(dtype=float)
    meeting = np.zeros((count, 3), dtype=np.int64)
    for index in range(count):
        middle = np.median(where[group == index], axis=0)
        near = np.argsort(((spots[free] - middle) ** 2).sum(axis=1), kind="stable")[:3]
        meeting[index] = free[near]
        free = np.delete(free, near)
    return meeting


def _members(
    rng: np.random.Generator, adults: pd.DataFrame, group: Ints, count: int
) -> tuple[pd.DataFrame, Dates]:
    """Date everybody's joining; a few young adults and young people of unknown age belong too."""
    start = days_between(rng, np.full(count, np.datetime64("2024-06-01")), np.datetime64("2025-09-01"))
    start[NEW : NEW + 1] = np.datetime64("2026-03-04")
    person = np.flatnonzero(group >= 0)
    extra = np.concatenate([of_part(adults, "young_adult"), of_part(adults, "unknown_peer")])
    extra = extra[: max(1, 2 * count)]
    table = pd.DataFrame(
        {
            "person": np.concatenate([person, extra]),
            "group": np.concatenate([group[person], np.resize(rng.permutation(count), len(extra))]),
        }
    )
    table["turn"] = rng.permutation(len(table))
    table = table.sort_values(["group", "turn"], ignore_index=True)
    place = table.groupby("group").cumcount().to_numpy()
    size = table.groupby("group")["group"].transform("size").to_numpy()
    first = start[table["group"]]
    later = days_between(rng, first, np.maximum(first, AS_OF - 30))
    table["joined_on"] = np.where(place < np.maximum(4, size * 0.6), first, later)
    gains = (
        table["group"].isin(GAINING).to_numpy()
        & (place >= size - 2)
        & (table["person"] < len(group)).to_numpy()
    )
    table.loc[gains & (size > 5), "joined_on"] = JOINED
    table["side"] = np.where(size > 8, place % 2, -1)
    return table.drop(columns="turn").sort_values("person", ignore_index=True), start


def _singles(rng: np.random.Generator, people: pd.DataFrame, referrals: pd.DataFrame, group: Ints) -> Ints:
    """Return children outside the groups whom a story may be about, in random order."""
    age = age_on(people["born"].to_numpy().astype("datetime64[D]"), AS_OF)
    known = np.zeros(len(people), dtype=bool)
    known[referrals["child"]] = True
    known |= (people["k2"] > 0).to_numpy()
    own = ~people["placed"].to_numpy()
    fit = own & (age >= 13) & (age <= 17) & (group < 0)
    order = rng.permutation(np.flatnonzero(fit & known))
    rest = rng.permutation(np.flatnonzero(own & (age >= 10) & (group < 0) & ~(fit & known)))
    return np.concatenate([order, rest])


def _story_children(
    people: pd.DataFrame, members: pd.DataFrame, singles: Ints, where: Floats, park: pd.Series
) -> tuple[Ints, Ints, Ints]:
    """Choose the users of the account, the children of the county line and those harmed in the park.

    No child is in two stories. Each story reaches children of several groups; what is wanting to the full number
    (in small cases there are few groups) are children outside the groups.
    """
    count = len(people)
    old = members[(members["joined_on"] < AS_OF - 60) & (members["person"] < count)]
    numbers = sorted(set(old["group"].tolist()))
    of_group = {number: old.loc[old["group"] == number, "person"].tolist() for number in numbers}
    pool = singles.tolist()
    account = _apart(people, of_group, pool, max(3, min(ACCOUNT_USERS, count // 7)))
    for group in of_group.values():
        group[:] = [child for child in group if child not in account]
    pool = [child for child in pool if child not in account]
    line = _from_groups(of_group, LINE_GROUPS, max(3, min(LINE_CHILDREN, count // 5)))
    line += [pool.pop() for _ in range(min(max(3, min(LINE_CHILDREN, count // 5)) - len(line), len(pool)))]
    there = np.array([park["easting"], park["northing"]], dtype=float)
    near = sorted(pool[: len(pool) // 2 + 8], key=lambda child: float(((where[child] - there) ** 2).sum()))
    size = max(3, min(PARK_CHILDREN, count // 5))
    in_park = _from_groups(of_group, PARK_GROUPS, size)
    in_park += near[: size - len(in_park)]
    return np.array(sorted(account)), np.array(sorted(line)), np.array(sorted(in_park))


def _from_groups(of_group: dict[int, list[int]], wanted: dict[int, int], most: int) -> list[int]:
    """Take so many children of each group, and take them out of the lists."""
    chosen: list[int] = []
    for group, number in wanted.items():
        members = of_group.get(group, [])
        taken = members[: min(number, most - len(chosen), max(len(members) - 2, 0))]
        chosen += taken
        members[: len(taken)] = []
    return chosen


def _apart(people: pd.DataFrame, of_group: dict[int, list[int]], pool: list[int], size: int) -> list[int]:
    """Choose children of different groups, then children outside the groups; no two of one ward where possible."""
    ward = people["ward"].to_numpy()
    offered = [of_group.get(group, []) for group in ACCOUNT_GROUPS] + [[child] for child in pool]
    chosen: list[int] = []
    for strict in (True, False):
        for group in offered:
            if len(chosen) == size or set(group) & set(chosen):
                continue
            wards = {int(ward[child]) for child in chosen} if strict else set()
            chosen += [child for child in group if int(ward[child]) not in wards][:1]
    return chosen


def _usual(
    rng: np.random.Generator,
    people: pd.DataFrame,
    places: pd.DataFrame,
    group: Ints,
    meeting: Ints,
    chosen: Ints,
    park: int,
) -> Ints:
    """Give some other children a place where they are seen, no more than three to a place."""
    free = np.flatnonzero((places["kind"].isin(MEETING) & ~places["away"]).to_numpy())
    free = np.setdiff1d(free, [*meeting.ravel(), park])
    slots = np.repeat(free, 3)
    fit = (people[["k0", "k1", "k2"]].sum(axis=1) > 0).to_numpy(copy=True) & (group < 0)
    fit[chosen] = False
    rows = rng.permutation(np.flatnonzero(fit))[: len(slots)]
    usual = np.full(len(people), -1, dtype=np.int64)
    usual[rows] = slots[: len(rows)]
    return usual
