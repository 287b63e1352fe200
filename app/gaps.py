"""Say where referrals are fewer or more than expected, in sentences, tables and files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from app import words
from app.results import swapped_in, write_summary
from app.text import markup, plain
from geo.disclosure import HIDDEN, TOTAL, hide_beside
from geo.gaps import DIMENSIONS, FEWER, LIVE_THERE, MINORITY, MORE, NOT_RECORDED, Gaps, build_gaps
from geo.publication import suppress_together
from mapping.text import shortened

if TYPE_CHECKING:
    from app.analysis import Analysis

FILES = ("gaps.parquet", "gap_counts.parquet", "summary.json")
FIRST = 2
"""Groups named in the answer, in each direction."""

TEXT = pd.StringDtype(na_value=float("nan"))

PARTS = {
    "ward": "Ward",
    "school": "School",
    "sex": "Sex",
    "ethnicity": "Ethnicity",
    "sex and ethnicity": "Sex and ethnicity",
    "sex and background": "Sex and ethnicity",
}
"""What the page compares children by, as its switch says it."""
WITHIN = {"sex and background": "sex and ethnicity"}
"""Groups that are listed with those of another kind: White beside all others together, by sex, with each ethnicity by sex."""

SINCE = {0: "All on record", 2: "The last two years", 1: "The last year"}
"""Periods that the page offers, in years before the as-of date; 0 is from the first referral."""

PUBLISHED = (
    *("dimension", "group", "children", "children_referred", "expected"),
    *("ratio", "ratio_low", "ratio_high", "finding", "children_not_recorded"),
)
"""Columns of what a wider audience may have."""

WHITE, LACKING = "White", "not recorded"
AS_EXPECTED, NOT_COMPARED = "could be chance", "nobody expected"
WARDS_ONLY = "This viewer sees wards, not people: referrals are compared by ward only."
EMPTY = "No child here belongs to a known group of this kind."
NOBODY = "Nothing can be compared: there are no children of this period whose ward, school, sex or ethnicity is on record."
METHOD = (
    "Expected is the number of children who would have been referred if every group had the rate of all children of the "
    "same age and sex, or for a ward its share of all children aged 10 to 17 who live in the wards; each child counts once. "
    "A finding is a group that passes Benjamini and Hochberg's procedure over all groups of every kind together, so that "
    "about 1 in 20 findings is expected to be chance; the intervals are exact (Clopper and Pearson), one group at a time."
)
LIMITS = (
    "Silence can be good news, or nobody looking: the numbers cannot say which. Ask who would have noticed.",
    "Fewer referrals than expected is a question to schools, workers and communities. It is never a statement about children.",
    "Groups overlap: girls are also in the rows of girls of each ethnicity, and the same gap can show in several.",
    "A group with few children shows only a large gap. No finding does not mean no gap.",
    "Children of whom the ward, school, sex or ethnicity is not recorded are in no row. Where many are not, read the row with care.",
)


def find_gaps(analysis: Analysis, *, since: date | None = None, both: bool = False) -> Gaps:
    """Compare the referrals of an analysis with what is expected; see `geo.gaps.build_gaps`.

    A viewer who sees no people gets wards only.

    Parameters
    ----------
    since : first day of the period; by default that of the first referral.
    both : leave children whose sex is not recorded out of the comparison by ethnicity, so that both are of the same.

    Raises
    ------
    ValueError
        The period begins after the as-of date.
    """
    from app.analysis import UNDATED

    until = analysis.as_of or UNDATED
    if since is not None and since > until:
        msg = f"The period begins on {since}, after the as-of date {until}. Give an earlier day."
        raise ValueError(msg)
    sees_people, homes = analysis.settings.viewer.sees_people, analysis.geography.homes
    people = analysis.everybody if sees_people else _without_traits(analysis.everybody)
    if both:
        known = people["sex"].notna() & ~people["sex"].isin(NOT_RECORDED)
        people = people.assign(ethnicity=people["ethnicity"].where(known))
    records, wards = analysis.records, analysis.wards
    found = build_gaps(
        people,
        records.table("referrals"),
        until=until,
        since=since,
        wards=wards if len(wards) else None,
        homes=people["person_id"].map(homes.drop_duplicates("person_id").set_index("person_id")["home_ward"]),
        schools=records.table("locations").set_index("location_id")["name"],
    )
    return found if sees_people else Gaps(found.table, found.since, found.until, (*found.notes, WARDS_ONLY))


def answer(gaps: Gaps) -> str:
    """Return the sentence that answers the page: where referrals are fewer than expected, and where more."""
    period = f"between {words.day(gaps.since)} and {words.day(gaps.until)}"
    if gaps.table.empty:
        return NOBODY
    if not gaps.table["children_referred"].sum():
        return f"No child is recorded as referred {period}, so nothing can be compared."
    fewer, more = findings(gaps, FEWER), findings(gaps, MORE)
    compared = f"{words.count(len(_once(gaps.table)), 'group')} compared, referrals {period}"
    if fewer.empty and more.empty:
        return f"No group has fewer or more children referred than chance explains ({compared})."
    return f"{_told(fewer, 'fewer')} {_told(more, 'more')} ({compared}.)"


def findings(gaps: Gaps, direction: str) -> pd.DataFrame:
    """Return the findings in one direction, each group once, the most children away from what is expected first."""
    every = _once(gaps.table)
    rows = every[every["finding"] == direction]
    away = (rows["children_referred"] - rows["expected"]).abs()
    order = {name: at for at, name in enumerate(DIMENSIONS)}
    rows = rows.assign(away=away, at=rows["dimension"].map(order))
    rows = rows.sort_values(["away", "at", "group_code"], ascending=[False, True, True], ignore_index=True)
    return rows.drop(columns=["away", "at"])


def sentences(gaps: Gaps) -> list[str]:
    """Return one sentence a finding, fewer than expected first, with the share of missing data beside each."""
    return [
        f"{direction.capitalize()}: {sentence(row)}"
        for direction in (FEWER, MORE)
        for row in findings(gaps, direction).to_dict("records")
    ]


def sentence(row: Mapping[str, Any]) -> str:
    """Return what one row says: how many of how many, how many expected, the ratio, and how much is not recorded."""
    return (
        f"{called(row)}: {words.number(int(row['children_referred']))} of {words.number(int(row['children']))} {row['base']} "
        f"were referred, {row['expected']:.1f} expected; {row['ratio']:.2f} times as many (95% interval "
        f"{row['ratio_low']:.2f} to {row['ratio_high']:.2f}). {missing(row)}"
    )


def card(row: Mapping[str, Any]) -> str:
    """Return a finding as HTML: the figures, and under them whom they are of and how much is not recorded."""
    name = called(row)
    figures = (
        f"{words.number(int(row['children_referred']))} referred, {row['expected']:.1f} expected: {row['ratio']:.2f} times as "
        f"many ({row['ratio_low']:.2f} to {row['ratio_high']:.2f})"
    )
    of = f"Of {words.number(int(row['children']))} {row['base']}. {missing(row)}"
    return (
        f'<div class="cm-row"><b>{markup(name[:1].upper() + name[1:])}</b>: {markup(figures)}'
        f'<div class="cm-quiet cm-small">{markup(of)}</div></div>'
    )


def called(row: Mapping[str, Any]) -> str:
    """Return what a group is called in a sentence: a ward and a school with what they are."""
    name = shortened(plain(row["group"]), 80)
    return f"{name} ({row['dimension']})" if row["dimension"] in ("ward", "school") else name


def missing(row: Mapping[str, Any]) -> str:
    """Return how much is missing beside a row, as a sentence."""
    where = ", or not on the map" if row["dimension"] == "ward" else ""
    return (
        f"{PARTS[row['dimension']]} not recorded{where}: {_share(row['children_not_recorded'])} of children in the records, "
        f"{_share(row['referred_not_recorded'])} of those referred."
    )


def part(gaps: Gaps, dimension: str) -> pd.DataFrame:
    """Return the rows of one kind of group as the page lists them, each group once, the fewest against expected first.

    Returns
    -------
    The columns of `geo.gaps.COLUMNS`, and said (the finding in words), interval (as text), the shares not recorded in percent.
    """
    every = _once(gaps.table)
    rows = every[every["dimension"].replace(WITHIN) == dimension]
    rows = rows.sort_values(["ratio", "group_code"], ignore_index=True)
    shares = {
        f"{name}_percent": (100 * rows[name]).round(1)
        for name in ("children_not_recorded", "referred_not_recorded")
    }
    rounded = {name: rows[name].round(2) for name in ("ratio", "ratio_low", "ratio_high")}
    said, between = in_words(rows), intervals(rows)
    return rows.assign(said=said, interval=between, expected=rows["expected"].round(1), **rounded, **shares)


def in_words(rows: pd.DataFrame) -> pd.Series:
    """Return what was found of each row, in words; where nobody was expected nothing could be compared."""
    return rows["finding"].replace("", AS_EXPECTED).where(rows["ratio"].notna(), NOT_COMPARED)


def intervals(rows: pd.DataFrame) -> list[str]:
    """Return the interval of each ratio as text."""
    return [
        "not known" if pd.isna(low) else f"{low:.2f} to {high:.2f}"
        for low, high in zip(rows["ratio_low"], rows["ratio_high"], strict=True)
    ]


def parts(gaps: Gaps) -> list[str]:
    """Return the kinds of group there are rows of, in a fixed order."""
    there = set(gaps.table["dimension"].replace(WITHIN))
    return [name for name in DIMENSIONS if name in there]


def first_part(gaps: Gaps) -> str | None:
    """Return the kind of group to open the page with: that of sex and ethnicity where it is there, else the first."""
    there = parts(gaps)
    return "sex and ethnicity" if "sex and ethnicity" in there else next(iter(there), None)


def part_label(gaps: Gaps, dimension: str) -> str:
    """Return what a kind of group is called, with how many findings it has; all of them add up to those of the answer."""
    return f"{PARTS[dimension]} ({int((part(gaps, dimension)['finding'] != '').sum())})"


def base(rows: pd.DataFrame) -> str:
    """Return what the children of these rows are, in a sentence."""
    if (rows["base"] == LIVE_THERE).all():
        return "Compared with all children aged 10 to 17 who live in each ward, by the population file."
    return "Compared with the children in the records, of the same age and sex."


def publishable(analysis: Analysis, *, since: date | None = None) -> pd.DataFrame:
    """Compare referrals for a wider audience: counts of 1 to 5 hidden, and whatever would give one away.

    Sex by background, and the ethnic groups that a background is made of, are protected together with their totals, since
    each of these rows is a sum of others; wards and schools are lists with a total. Children referred are never more than
    children, which is allowed for. So that rows of sex and of ethnicity are of the same children, those whose sex is not
    recorded are in neither. Referrals would tell of children referred again, and sex by each ethnic group is mostly small
    counts: both are left out. A ratio, its interval and the finding are hidden where a count they rest on is; what is
    expected also where the total it adds up to is.

    Returns
    -------
    `PUBLISHED`, all as text, in the order of `geo.gaps.DIMENSIONS`; wards and schools end with their total.
    """
    table = find_gaps(analysis, since=since, both=True).table
    crossed = _crossed(table)
    listed = [_listed(table[table["dimension"] == name]) for name in ("ward", "school")]
    found = pd.concat([*listed, crossed, pd.DataFrame(columns=PUBLISHED)], ignore_index=True)
    return found[[*PUBLISHED]].astype(str)


def _listed(rows: pd.DataFrame) -> pd.DataFrame:
    """Protect a list of wards or schools with its total; how many children live in a ward is no secret."""
    if rows.empty:
        return pd.DataFrame(columns=PUBLISHED)
    public = (rows["base"] == LIVE_THERE).all()
    held = rows.set_index("group_code")
    counts = {name: held[name] for name in ("children_referred", *(() if public else ("children",)))}
    shown = suppress_together(counts, within=() if public else [("children_referred", "children")])
    referred = shown["children_referred"].iloc[:, 0]
    children = held["children"].astype(str) if public else shown["children"].iloc[:, 0]
    total = pd.DataFrame({"dimension": held["dimension"].iloc[0], "group": TOTAL}, index=[TOTAL])
    children = children.reindex([*held.index, TOTAL]).fillna("")
    return _written(pd.concat([held, total]), children, referred, whole=referred[TOTAL])


def _crossed(table: pd.DataFrame) -> pd.DataFrame:
    """Protect sex by background and the ethnic groups together, and write the rows that can be read from them."""
    rows = table[table["dimension"].isin(["sex", "ethnicity", "sex and background"])]
    if rows.empty:
        return pd.DataFrame(columns=PUBLISHED)
    tables: dict[str, pd.DataFrame | pd.Series] = {}
    same = []
    for counted in ("children", "children_referred"):
        of = {name: part.set_index("group_code")[counted] for name, part in rows.groupby("dimension")}
        tables[f"{counted} by sex"] = _two_way(of)
        minority = of["ethnicity"].drop(WHITE, errors="ignore") if "ethnicity" in of else []
        if len(minority):
            tables[f"{counted} by group"] = minority
            same.append(((f"{counted} by sex", TOTAL, MINORITY), (f"{counted} by group", TOTAL, "")))
    within = [
        (f"children_referred by {way}", f"children by {way}")
        for way in ("sex", "group")
        if f"children by {way}" in tables
    ]
    shown = suppress_together(tables, within=within, same=same)
    keys = list(zip(rows["dimension"], rows["group_code"], strict=True))
    children, referred = (
        pd.Series([_cell(shown, counted, *key) for key in keys], index=rows.index, dtype="object")
        for counted in ("children", "children_referred")
    )
    return _written(rows, children, referred, whole=str(shown["children_referred by sex"].at[TOTAL, TOTAL]))


def _two_way(of: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Return counts of sex by background; who has no ethnicity recorded is in a column of their own."""
    sexes = of.get("sex", pd.Series(dtype="int64"))
    both = of.get("sex and background", pd.Series(dtype="int64"))
    table = pd.DataFrame(
        {name: [int(both.get(f"{sex} {name}", 0)) for sex in sexes.index] for name in (WHITE, MINORITY)},
        index=sexes.index,
    )
    return table.assign(**{LACKING: sexes - table.sum(axis=1)})


def _cell(shown: Mapping[str, pd.DataFrame], counted: str, dimension: str, code: str) -> str:
    """Return what a row of the table may say of a count."""
    sexes = shown[f"{counted} by sex"]
    if dimension == "sex":
        return str(sexes.at[code, TOTAL])
    if dimension == "ethnicity":
        return str(sexes.at[TOTAL, WHITE] if code == WHITE else shown[f"{counted} by group"].at[code, ""])
    sex, _, rest = code.partition(" ")
    return str(sexes.at[sex, rest])


def _written(rows: pd.DataFrame, children: pd.Series, referred: pd.Series, *, whole: str) -> pd.DataFrame:
    """Write counts as they may be shown, with what rests on them, and how much is not recorded in whole percent."""
    out = rows[["dimension", "group"]].assign(children=children, children_referred=referred)
    expected = hide_beside(rows["expected"], children)
    out["expected"] = expected.where(rows["expected"].notna(), "") if whole != HIDDEN else HIDDEN
    for name in ("ratio", "ratio_low", "ratio_high"):
        out[name] = hide_beside(rows[name], children, referred, decimals=2).where(rows[name].notna(), "")
    hidden = (children == HIDDEN) | (referred == HIDDEN)
    out["finding"] = rows["finding"].mask(hidden, HIDDEN).fillna("")
    share = rows["children_not_recorded"]
    out["children_not_recorded"] = [_whole_percent(part) for part in share]
    return out


def _whole_percent(share: float) -> str:
    return "" if pd.isna(share) else f"{share:.0%}"


def save(analysis: Analysis, gaps: Gaps, out: Path, *, published: pd.DataFrame | None = None) -> None:
    """Write gaps.parquet and summary.json to a folder, whole or not at all; what is published instead where it is given.

    Raises
    ------
    FileExistsError
        The folder holds something that is not an earlier result.
    """
    summary = {
        **analysis.stamp,
        "settings": {
            "viewer": analysis.settings.viewer.role,
            "since": gaps.since.isoformat(),
            "until": gaps.until.isoformat(),
        },
    }
    if published is None:
        summary |= {
            "rows": analysis.counts["rows"],
            "rejected": analysis.counts["rejected"],
            "results": {
                "groups": len(_once(gaps.table)),
                "fewer_than_expected": len(findings(gaps, FEWER)),
                "more_than_expected": len(findings(gaps, MORE)),
            },
        }
    notes = gaps.notes if published is not None else (*analysis.records.notes, *gaps.notes)
    tables = {"gaps": gaps.table} if published is None else {"gap_counts": published}
    with swapped_in(out, FILES) as folder:
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet", index=False)
        write_summary(folder, {**summary, "notes": list(notes), "files": list(tables)})


def _without_traits(people: pd.DataFrame) -> pd.DataFrame:
    """Return people of whom nothing is known but where they live and how old they are."""
    nothing = pd.Series(pd.NA, index=people.index, dtype=TEXT)
    return people.assign(sex=nothing, ethnicity=nothing, school_id=nothing)


def _once(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows without those that repeat a group: White children are a row of ethnicity and one of background."""
    return table.drop_duplicates(["group_code", "base", "children", "children_referred"])


def _told(rows: pd.DataFrame, which: str) -> str:
    if rows.empty:
        return f"No group has {which} children referred than expected."
    named = [
        f"{called(row)}, {words.number(int(row['children_referred']))} against {row['expected']:.0f} expected"
        for row in rows.head(FIRST).to_dict("records")
    ]
    largest = ", the largest gaps" if len(rows) > FIRST else ""
    said = words.count(len(rows), "group has", "groups have")
    return f"{said} {which} children referred than expected{largest}: {'; '.join(named)}."


def _share(share: float) -> str:
    return "not known" if pd.isna(share) else f"{share:.1%}"
