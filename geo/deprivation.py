"""Give homes and wards their deprivation decile from the Indices of Deprivation at LSOA."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from geo.files import Geography
from geo.lookups import GeographyMismatch, WardLookup, change_pairs, missing_codes, positions, ward_lookup
from geo.population import lsoa_people
from geo.tables import OpenTable

# How many LSOAs of England each edition ranks.
RANKED = {"2010": 32_482, "2015": 32_844, "2019": 32_844, "2025": 33_755}


@dataclass(frozen=True, eq=False)
class Deprivation:
    """Deprivation of the boundary wards and of every LSOA, from one edition.

    Attributes
    ----------
    edition : "2019", or "" where no file gives deprivation.
    vintage : of the LSOAs it is published on, for example "LSOA11".
    wards : one row a boundary ward, in code order: imd_rank_mean, imd_decile; missing where unknown.
    lsoas : lsoa_code, imd_decile; codes of the other census are led to the edition's own.
    notes : how it was worked out and what is missing.
    """

    edition: str
    vintage: str
    wards: pd.DataFrame
    lsoas: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def build_deprivation(geography: Geography, *, edition: str | None = None) -> Deprivation:
    """Work out the decile of every boundary ward and LSOA from one edition of the Indices of Deprivation.

    The rank of a ward is the population-weighted mean of the ranks of its LSOAs (rank 1 is the most deprived); its
    decile is that mean cut at tenths of the number of LSOAs ranked in England (32,844 in 2019, 33,755 in 2025), so
    decile 1 says that people there live, on average, in the most deprived tenth. Means lie closer together than
    single LSOAs do, so deciles 1 and 10 are rarer among wards. The weight of an LSOA is its population where the
    folder has an estimate on LSOAs of the same vintage, else all weigh the same, and a note says which.

    Where LSOAs of one census are led to the other, an unchanged LSOA (U) keeps its rank, a split one (S) gives its
    rank to every part, merged ones (M) give the mean of their ranks weighted by population, and fragments (X) are
    treated as parts that weigh the same.

    Parameters
    ----------
    edition : "2019" or "2025"; by default the latest that joins the boundaries. Editions are never mixed.

    Raises
    ------
    ValueError
        The edition asked for is not there, or a rank is greater than the number of LSOAs of its edition.
    GeographyMismatch
        A ward of England has no LSOA in the file, or no lookup knows every boundary ward.
    """
    held = geography.of_kind("deprivation")
    if edition is not None:
        there = sorted({table.edition for table in held})
        held = [table for table in held if table.edition == edition]
        if not held:
            msg = f"There is no IMD {edition} in the geography folder; it holds {', '.join(there) or 'no deprivation file'}."
            raise ValueError(msg)
    notes: list[str] = []
    failed: list[GeographyMismatch] = []
    found: list[Deprivation] = []
    for table in held:
        try:
            found.append(_of_edition(geography, table))
        except GeographyMismatch as error:
            failed.append(error)
            notes.append(f"IMD {table.edition} was not used: {error}")
            continue
        if found[-1].wards["imd_decile"].notna().any():
            break
    if found:
        reaching = [each for each in found if each.wards["imd_decile"].notna().any()]
        used = (reaching or found)[0]
        left = [note for each in found if each is not used for note in each.notes]
        return replace(used, notes=notes + left + _unused(held, used.edition) + used.notes)
    if failed:
        raise failed[0]
    none = "No file gives deprivation: imd_rank_mean and imd_decile are empty."
    return Deprivation("", "", _no_wards(geography), _no_lsoas(), [none])


def _unused(held: list[OpenTable], edition: str) -> list[str]:
    """Say which editions are there and not used."""
    others = [f"IMD {table.edition} ({table.file})" for table in held if table.edition != edition]
    if not others:
        return []
    return [f"IMD {edition} is used and {' and '.join(others)} is not: editions are never mixed."]


def decile_counts(geography: Geography, *, edition: str) -> tuple[pd.DataFrame, list[str]]:
    """Count the LSOAs of each boundary ward by their decile, since the mean of a ward hides how it is divided.

    An LSOA counts in the ward that a lookup names, and by its parts where it was divided between wards, as in
    `build_deprivation`. LSOAs that the edition does not rank are left out.

    Parameters
    ----------
    edition : "2019" or "2025"; one at a time, since the two are not a time series.

    Returns
    -------
    counts : on ward_code, a column a decile, 1 (most deprived) to 10.
    notes : by which files.

    Raises
    ------
    ValueError
        There are no ward boundaries, the edition is not there, or no file leads from its LSOAs to wards.
    """
    held = [table for table in geography.of_kind("deprivation") if table.edition == edition]
    if geography.wards is None or not held:
        what = "There are no ward boundaries" if geography.wards is None else f"There is no IMD {edition}"
        msg = f"{what} in the geography folder, so the LSOAs of wards cannot be counted by decile. Put the file there."
        raise ValueError(msg)
    table = held[0]
    _validate_ranks(table)
    lookup, said = ward_lookup(geography, table.vintage)
    if lookup is None:
        msg = f"No file leads from {table.vintage} ({table.file}) to wards. Put a lookup, or centroids, into the folder."
        raise ValueError(msg)
    given = table.frame["imd_decile"].fillna(rank_to_decile(table.frame["imd_rank"], edition))
    parts = lookup.frame.merge(table.frame.assign(imd_decile=given), on="lsoa_code").dropna(
        subset="imd_decile"
    )
    shares = parts.pivot_table(index="ward_code", columns="imd_decile", values="share", aggfunc="sum")
    wards = pd.Index(geography.wards.codes, name="ward_code")
    counts = shares.reindex(index=wards, columns=range(1, 11)).fillna(0.0).rename_axis(columns="decile")
    return counts, [f"IMD {edition} on {table.vintage} ({table.file}), by {lookup.route}.", *said]


def rank_to_decile(rank: pd.Series[float], edition: str) -> pd.Series[float]:
    """Cut ranks at tenths of the number of LSOAs that an edition ranks; decile 1 is the most deprived."""
    return pd.Series(np.ceil(rank * 10 / RANKED[edition])).clip(1, 10)


def lsoa_deciles(codes: pd.Series[str], deprivation: Deprivation) -> pd.Series[float]:
    """Return the decile of each LSOA code; missing where the code is unknown or missing."""
    at = positions(codes, deprivation.lsoas["lsoa_code"])
    decile = deprivation.lsoas["imd_decile"].to_numpy(float, na_value=np.nan)
    found = np.where(at >= 0, decile[at], np.nan) if len(decile) else np.full(len(codes), np.nan)
    return pd.Series(found, index=codes.index)


def _of_edition(geography: Geography, table: OpenTable) -> Deprivation:
    _validate_ranks(table)
    notes = _decile_note(table)
    lsoas = _both_censuses(geography, table)
    if geography.wards is None:
        return Deprivation(table.edition, table.vintage, _no_wards(geography), lsoas, notes)
    lookup, said = ward_lookup(geography, table.vintage)
    notes += said
    if lookup is None or table.frame["imd_rank"].isna().all():
        why = "no file leads from there to wards" if lookup is None else "it gives no ranks"
        notes.append(f"IMD {table.edition} is by {table.vintage} and {why}: wards have no decile from it.")
        return Deprivation(table.edition, table.vintage, _no_wards(geography), lsoas, notes)
    wards, more = _ward_means(geography, table, lookup)
    return Deprivation(table.edition, table.vintage, wards, lsoas, notes + more)


def _ward_means(geography: Geography, table: OpenTable, lookup: WardLookup) -> tuple[pd.DataFrame, list[str]]:
    """Average LSOA ranks over each ward, weighted by population where it is known for these LSOAs."""
    wards = geography.wards
    assert wards is not None
    parts = lookup.frame[lookup.frame["ward_code"].isin(wards.codes)].merge(
        table.frame, on="lsoa_code", how="left"
    )
    ranked = parts[parts["imd_rank"].notna()]
    _validate_cover(geography, table, lookup, ranked)
    people = lsoa_people(geography, table.vintage)
    notes = [f"IMD {table.edition} on {table.vintage} ({table.file}) reaches wards by {lookup.route}."]
    english = parts["lsoa_code"].str.startswith("E")
    if lost := int((parts["imd_rank"].isna() & english).sum()):
        notes.append(
            f"{lost} LSOAs of the boundary wards are not in {table.file} and do not count in the mean of their ward."
        )
    if people is None:
        weight = ranked["share"]
        notes.append(
            f"No population on {table.vintage} is there: every LSOA weighs the same in the mean rank of its ward."
        )
    else:
        total = ranked.merge(people[0], left_on="lsoa_code", right_on="code", how="left")["total"].to_numpy()
        weight = ranked["share"] * total
        notes.append(f"LSOAs are weighted by {people[1]}.")
        if unknown := int(np.isnan(total).sum()):
            notes.append(
                f"{unknown} LSOAs have no population there and do not count in the mean rank of their ward."
            )
    sums = (
        pd.DataFrame({"rank": ranked["imd_rank"] * weight, "weight": weight.where(weight.notna())})
        .groupby(ranked["ward_code"])
        .sum()
    )
    mean = (
        (sums["rank"] / sums["weight"].where(sums["weight"] > 0)).reindex(wards.codes).reset_index(drop=True)
    )
    return pd.DataFrame({"imd_rank_mean": mean, "imd_decile": rank_to_decile(mean, table.edition)}), notes


def _validate_cover(geography: Geography, table: OpenTable, lookup: WardLookup, ranked: pd.DataFrame) -> None:
    """Refuse a file in which a ward of England that the lookup knows has no LSOA at all."""
    wards = geography.wards
    assert wards is not None
    known = set(lookup.frame["ward_code"])
    missing = [
        code
        for code in missing_codes(wards, ranked["ward_code"])
        if not code.startswith("W") and code in known
    ]
    if missing:
        msg = (
            f"{len(missing)} of {len(wards)} wards of {wards.file} ({wards.vintage}) have no LSOA in {table.file} "
            f"(IMD {table.edition} on {table.vintage}), {missing[0]} for one. The file must cover all of the boundaries."
        )
        raise GeographyMismatch(msg)


def _validate_ranks(table: OpenTable) -> None:
    if table.edition not in RANKED:
        msg = f"{table.file} is IMD {table.edition}, which is not known here. Use 2015, 2019 or 2025."
        raise ValueError(msg)
    rank = table.frame["imd_rank"]
    if rank.max() > RANKED[table.edition]:
        code = table.frame["lsoa_code"].iloc[int(rank.argmax())]
        msg = (
            f"{table.file} gives {code} rank {rank.max():.0f}, but IMD {table.edition} ranks {RANKED[table.edition]:,} LSOAs. "
            f"Check that the file is of the edition its columns say."
        )
        raise ValueError(msg)


def _decile_note(table: OpenTable) -> list[str]:
    """Say so where the deciles a file gives are not those that follow from its ranks."""
    given, rank = table.frame["imd_decile"], table.frame["imd_rank"]
    differs = int((given.notna() & rank.notna() & given.ne(rank_to_decile(rank, table.edition))).sum())
    if not differs:
        return []
    return [
        f"{table.file}: {differs} deciles are not those that follow from their ranks; they are used as given."
    ]


def _both_censuses(geography: Geography, table: OpenTable) -> pd.DataFrame:
    """Return the decile of every LSOA of the edition, and of LSOAs of the other census that changed."""
    own = table.frame.assign(
        imd_decile=table.frame["imd_decile"].fillna(rank_to_decile(table.frame["imd_rank"], table.edition))
    )
    own = own[["lsoa_code", "imd_decile"]]
    through = change_pairs(geography, table.vintage)
    if through is None:
        return own
    pairs = through[1][~through[1]["other_code"].isin(own["lsoa_code"])].merge(table.frame, on="lsoa_code")
    rank = pairs.groupby("other_code")["imd_rank"].mean()
    led = pd.DataFrame(
        {"lsoa_code": rank.index, "imd_decile": rank_to_decile(rank, table.edition).to_numpy()}
    )
    return pd.concat([own, led.dropna()], ignore_index=True)


def _no_wards(geography: Geography) -> pd.DataFrame:
    count = 0 if geography.wards is None else len(geography.wards)
    return pd.DataFrame({"imd_rank_mean": np.full(count, np.nan), "imd_decile": np.full(count, np.nan)})


def _no_lsoas() -> pd.DataFrame:
    return pd.DataFrame({"lsoa_code": pd.Series(dtype=str), "imd_decile": pd.Series(dtype=float)})
