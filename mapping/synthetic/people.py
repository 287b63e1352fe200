"""Give the children homes, sexes, backgrounds, plans and names, by exact quotas where a figure is published."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import age_on, born_at
from mapping.synthetic.calibration import (
    AS_OF,
    BOROUGH,
    BUSY_WARDS,
    Bools,
    Floats,
    Ints,
    Texts,
    allocate,
    share,
    words,
)
from mapping.synthetic.geography import AWAY, WARDS, Geography, children_10_17
from mapping.synthetic.names import person_names

MINORITY = {
    "MWBC": 12, "MWBA": 6, "MWAS": 8, "MOTH": 8, "AIND": 4, "APKN": 20, "ABAN": 5, "CHNE": 2, "AOTH": 6,
    "BCRB": 6, "BAFR": 14, "BOTH": 5, "OOTH": 4,
}  # fmt: skip
WHITE = {"WBRI": 90, "WIRI": 2, "WIRT": 1, "WROM": 1, "WOTH": 6}
NOT_KNOWN = {"REFU": 2, "NOBT": 3}
POPULATION_MINORITY = 38
"""Per cent of the borough's children of Black, dual-heritage and minority-ethnic backgrounds."""
REFERRED_MINORITY = {"M": 38, "F": 16}
"""Per cent of referred boys and girls: girls are under-identified, boys are not."""
BOYS_REFERRED, BOYS_OTHERWISE = 72, 54
EHCP, EHCP_OTHERWISE = 20, 12
OPEN_CARE = {"cla": 11, "cp": 9, "cin": 34, "early_help": 21, "none": 25}
OTHER_CARE = {"cla": 4, "cp": 4, "cin": 14, "early_help": 20, "none": 57, "care_leaver": 1}
NRM = {"not_considered": 60, "considered_not_referred": 15, "referred": 6, "rg_pending": 3, "rg_positive": 6,
       "rg_negative": 2, "cg_pending": 3, "cg_positive": 4, "cg_negative": 1}  # fmt: skip
DEPRIVED = 65.5
"""Per cent of the children closed in the last year who live in the three most deprived deciles."""
BUSY = 52


def build_people(
    children: pd.DataFrame, referrals: pd.DataFrame, geography: Geography, seed: int
) -> pd.DataFrame:
    """Complete the children.

    Returns:
        The children with born, sex, ethnicity, authority, ward, lsoa (row numbers; -1 outside the borough),
        postcode, easting, northing, care_status, ehcp, nrm_status, given_name, family_name, and sibling_of
        (row number of an elder sibling, or -1).
    """
    rng = np.random.default_rng([seed, 4])
    table = _with_siblings(rng, children)
    table = _with_homes(rng, table, referrals, geography)
    table = _with_backgrounds(rng, table, referrals)
    return _with_plans(rng, table, referrals)


def open_children(referrals: pd.DataFrame) -> Ints:
    """Return row numbers of the children with an open referral."""
    rows = referrals["opened_on"].notna() & referrals["closed_on"].isna()
    return np.asarray(np.unique(referrals.loc[rows, "child"]), dtype=np.int64)


def _with_siblings(rng: np.random.Generator, children: pd.DataFrame) -> pd.DataFrame:
    """Make the children nobody reported missing or referred the brothers and sisters of others."""
    table = children.copy()
    born = table["born"].to_numpy().astype("datetime64[D]")
    left = np.flatnonzero(np.isnat(born))
    known = np.flatnonzero(~np.isnat(born) & ~table["placed"].to_numpy() & (age_on(born, AS_OF) < 18))
    born[left] = born_at(rng, AS_OF, rng.integers(8, 18, len(left)))
    table["born"] = born
    table["sibling_of"] = -1
    chosen = rng.permutation(known)[: len(left)]
    table.loc[left[: len(chosen)], "sibling_of"] = chosen
    return table


def _with_homes(
    rng: np.random.Generator, table: pd.DataFrame, referrals: pd.DataFrame, geography: Geography
) -> pd.DataFrame:
    lsoas = geography.lsoas
    own = ~table["placed"].to_numpy()
    pull = (11 - lsoas["decile"].to_numpy()) ** 0.7 * children_10_17(geography)
    home = np.full(len(table), -1, dtype=np.int64)
    home[rng.permutation(np.flatnonzero(own))] = np.repeat(
        np.arange(len(lsoas)), allocate(int(own.sum()), pull)
    )
    busy = busy_wards(geography)
    _place_open(rng, home, open_children(referrals), lsoas, busy, pull)
    closed = referrals.loc[referrals["closed_year"] == 2, "child"].to_numpy()
    _place_closed(rng, home, closed, open_children(referrals), lsoas, busy, pull)
    sibling = table["sibling_of"].to_numpy()
    home = np.where(sibling >= 0, home[np.maximum(sibling, 0)], home)
    table = table.assign(lsoa=home, ward=np.where(home >= 0, lsoas["ward"].to_numpy()[home], -1))
    return _with_postcodes(rng, table, geography)


def busy_wards(geography: Geography) -> Ints:
    """Return row numbers of the five most deprived wards (in larger cases, of the same share of wards)."""
    count = max(len(BUSY_WARDS), len(BUSY_WARDS) * len(geography.wards) // WARDS)
    mean = geography.lsoas.groupby("ward")["rank"].mean().to_numpy()
    return np.asarray(np.argsort(mean, kind="stable")[:count], dtype=np.int64)


def _place_open(
    rng: np.random.Generator, home: Ints, people: Ints, lsoas: pd.DataFrame, busy: Ints, pull: Floats
) -> None:
    """Let over half of the open children live in the busy wards, no other ward having as many."""
    ward = lsoas["ward"].to_numpy()
    count = int(ward.max()) + 1
    in_busy = share(sum(BUSY_WARDS), len(people))
    weights = np.resize(np.array(BUSY_WARDS), len(busy))
    of_ward = np.zeros(count, dtype=np.int64)
    of_ward[busy] = allocate(in_busy, weights)
    rest = np.setdiff1d(np.arange(count), busy)
    most = np.full(len(rest), max(2, -(-2 * len(people) // count)))
    of_ward[rest] = allocate(len(people) - in_busy, np.bincount(ward, pull)[rest], most=most)
    chosen = [np.flatnonzero(ward == index) for index in range(count)]
    picks = [
        rng.choice(chosen[w], n, p=pull[chosen[w]] / pull[chosen[w]].sum())
        for w, n in enumerate(of_ward)
        if n
    ]
    home[rng.permutation(people)] = np.concatenate(picks) if picks else []


def _place_closed(
    rng: np.random.Generator,
    home: Ints,
    closed: Ints,
    still_open: Ints,
    lsoas: pd.DataFrame,
    busy: Ints,
    pull: Floats,
) -> None:
    """Let just under two thirds of the children closed in the last year live in deciles 1 to 3."""
    deprived = lsoas["decile"].to_numpy() <= 3
    settled = np.isin(closed, still_open)
    movable = rng.permutation(closed[~settled])
    wanted = share(DEPRIVED, len(closed)) - int(deprived[home[closed[settled]]].sum())
    in_busy = np.isin(lsoas["ward"].to_numpy(), busy)
    first, second = movable[: max(wanted, 0)], movable[max(wanted, 0) :]
    quota = share(BUSY, len(closed)) - int(in_busy[home[closed[settled]]].sum())
    mixed = bool((~deprived & in_busy).any())
    both = min(round((0.85 if mixed else 1.0) * max(quota, 0)), len(first))
    other = min(max(quota - both, 0), len(second)) if mixed else 0
    _settle(home, first[:both], deprived & in_busy, pull)
    _settle(home, first[both:], deprived & ~in_busy, pull)
    _settle(home, second[:other], ~deprived & in_busy, pull)
    _settle(home, second[other:], ~deprived & ~in_busy, pull)


def _settle(home: Ints, people: Ints, where: Bools, pull: Floats) -> None:
    if not len(people):
        return
    weights = np.where(where, pull, 0.0)
    home[people] = np.repeat(np.arange(len(pull)), allocate(len(people), weights))


def _with_postcodes(rng: np.random.Generator, table: pd.DataFrame, geography: Geography) -> pd.DataFrame:
    """Give each child a postcode of their LSOA, or of the authority that placed them; siblings share it."""
    codes = geography.postcodes
    placed = table["placed"].to_numpy()
    authority = np.where(placed, rng.choice(list(AWAY), len(table), p=[0.4, 0.3, 0.2, 0.1]), BOROUGH).astype(
        object
    )
    lsoa = codes["lsoa"].to_numpy()
    first = np.searchsorted(np.sort(lsoa), np.arange(lsoa.max() + 1))
    order = np.argsort(lsoa, kind="stable")
    size = np.bincount(lsoa[lsoa >= 0])
    own = np.maximum(table["lsoa"].to_numpy(), 0)
    row = order[first[own] + np.floor(rng.random(len(table)) * size[own]).astype(np.int64)]
    for code in AWAY:
        theirs = np.flatnonzero(authority == code)
        row[theirs] = rng.choice(np.flatnonzero(codes["lad"] == code), len(theirs))
    sibling = table["sibling_of"].to_numpy()
    row = np.where(sibling >= 0, row[np.maximum(sibling, 0)], row)
    chosen = codes.iloc[row].reset_index(drop=True)
    return table.assign(
        authority=authority,
        postcode=chosen["postcode"].to_numpy(),
        easting=chosen["easting"].to_numpy().astype(np.int64),
        northing=chosen["northing"].to_numpy().astype(np.int64),
    )


def _with_backgrounds(rng: np.random.Generator, table: pd.DataFrame, referrals: pd.DataFrame) -> pd.DataFrame:
    """Settle sex and ethnicity: referred children by quota, everybody else as the population is."""
    received = [referrals.loc[referrals["year"] == year, "child"].to_numpy() for year in (2, 1, 0)]
    boy = np.full(len(table), -1, dtype=np.int64)
    for rows in received:
        _fill(rng, boy, rows, share(BOYS_REFERRED, len(rows)))
    _fill(
        rng, boy, np.arange(len(table)), share(BOYS_OTHERWISE, int((boy < 0).sum())) + int((boy == 1).sum())
    )
    minority = np.full(len(table), -1, dtype=np.int64)
    for rows in received:
        for sex, flag in (("F", 0), ("M", 1)):
            same = rows[boy[rows] == flag]
            _fill(rng, minority, same, share(REFERRED_MINORITY[sex], len(same)))
    for flag in (0, 1):
        same = np.flatnonzero(boy == flag)
        new = minority[same] < 0
        wanted = share(POPULATION_MINORITY, int(new.sum())) + int((minority[same] == 1).sum())
        _fill(rng, minority, same, wanted)
    ethnicity = np.full(len(table), "", dtype=object)
    _spread(rng, ethnicity, np.flatnonzero(minority == 1), MINORITY)
    _spread(rng, ethnicity, np.flatnonzero(minority == 0), {**WHITE, **NOT_KNOWN})
    table = table.assign(sex=np.where(boy == 1, "M", "F").astype(object), ethnicity=ethnicity)
    quiet = np.setdiff1d(np.arange(len(table)), referrals["child"].to_numpy())
    table.loc[rng.permutation(quiet)[: len(quiet) // 400], "sex"] = "U"
    return _with_names(rng, table)


def _fill(rng: np.random.Generator, flags: Ints, rows: Ints, wanted: int) -> None:
    """Settle the flags still open (-1) of some children so that `wanted` of the rows are 1 in the end."""
    unknown = rng.permutation(np.unique(rows[flags[rows] < 0]))
    missing = max(0, wanted - int((flags[rows] == 1).sum()))
    flags[unknown] = (np.arange(len(unknown)) < missing).astype(np.int64)


def _spread(rng: np.random.Generator, target: Texts, rows: Ints, shares: dict[str, int]) -> None:
    target[rows] = words(rng, shares, len(rows))


def _with_names(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    given, family = person_names(rng, len(table))
    sibling = table["sibling_of"].to_numpy()
    return table.assign(
        given_name=given, family_name=np.where(sibling >= 0, family[np.maximum(sibling, 0)], family)
    )


def _with_plans(rng: np.random.Generator, table: pd.DataFrame, referrals: pd.DataFrame) -> pd.DataFrame:
    """Settle care status, education plans and the national referral mechanism."""
    is_open = open_children(referrals)
    placed = np.flatnonzero(table["placed"])
    referred = np.unique(referrals["child"])
    rest = np.setdiff1d(np.arange(len(table)), np.union1d(is_open, placed))
    care = np.full(len(table), "cla", dtype=object)
    _spread(rng, care, is_open, OPEN_CARE)
    _spread(rng, care, rest, OTHER_CARE)
    young = age_on(table["born"].to_numpy().astype("datetime64[D]"), AS_OF) < 16
    care = np.where(young & (care == "care_leaver"), "cin", care)
    nrm = np.full(len(table), "", dtype=object)
    _spread(rng, nrm, referred, NRM)
    return table.assign(care_status=care, nrm_status=nrm, ehcp=_plans(rng, table, is_open))


def _plans(rng: np.random.Generator, table: pd.DataFrame, is_open: Ints) -> Texts:
    plan = np.full(len(table), -1, dtype=np.int64)
    _fill(rng, plan, is_open, share(EHCP, len(is_open)))
    for year in (2, 1, 0):
        missing = np.flatnonzero(table[f"y{year}"])
        _fill(rng, plan, missing, share(EHCP, len(missing)))
    rest = np.flatnonzero(plan < 0)
    _fill(rng, plan, rest, share(EHCP_OTHERWISE, len(rest)))
    return np.where(plan == 1, "Y", "N").astype(object)
