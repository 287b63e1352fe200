"""Write what a wider audience may have of flows, of months of hotspots, and of times: small counts hidden, in all tables together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from app import flows, when
from app.results import swapped_in, write_summary
from geo.disclosure import TOTAL, suppress
from geo.hours import DAYS
from geo.publication import Key, publish, suppress_together

if TYPE_CHECKING:
    from app.analysis import Analysis
    from geo.hotspots import Hotspots

FLOWS, MONTHS, HOURS = "flow_counts", "month_counts", "hour_counts"
FLOW_FILES = (*flows.FILES, f"{FLOWS}.parquet")
TIME_FILES = (*when.FILES, f"{MONTHS}.parquet", f"{HOURS}.parquet")
FLOW_COLUMNS = ("kind", "from_code", "from_name", "to_code", "to_name", "episodes", "children")

OTHER = "Other"
"""Stands for the months of a period that are not in it whole."""
NOT_RECORDED = "not recorded"
PARTS = {"00:00 to 06:00": 0, "06:00 to 12:00": 6, "12:00 to 18:00": 12, "18:00 to 24:00": 18}
ENDS = ("from_code", "to_code")


def flow_counts(found: flows.Flows) -> pd.DataFrame:
    """Return episodes and children from each authority to each other for a wider audience.

    One square table a kind, with its totals; a child in two cells of it counts twice in a total. Children are never more
    than episodes, and without a first day as many episodes at most are said to have ended as began, of each authority: the
    tables of all kinds are protected together. Shared contacts and groups are left out: what a boundary cuts there is
    mostly one group of a few children.

    Returns
    -------
    `FLOW_COLUMNS`, all text, "c" where hidden; the rows and columns of a kind that hold anything, and "Total".

    Raises
    ------
    ValueError
        Flows begin in wards, between which nearly every count is small.
    """
    if found.by == "ward":
        msg = "Between wards nearly every count is small, so nothing would be left to publish. Let flows begin at the responsible authority or at the authority of the home."
        raise ValueError(msg)
    rows = found.rows.assign(**{name: found.rows[name].fillna(NOT_RECORDED) for name in ENDS})
    kinds = [kind for kind in flows.LABELS if (rows["kind"] == kind).any()]
    tables = {
        (kind, name): _square(rows[rows["kind"] == kind], name)
        for kind in kinds
        for name in ("episodes", "children")
    }
    shown = _protected(tables, ended=found.since is None)
    parts = [_listed(kind, shown[kind, "episodes"], shown[kind, "children"], found) for kind in kinds]
    return pd.concat([pd.DataFrame(columns=FLOW_COLUMNS), *parts], ignore_index=True)[[*FLOW_COLUMNS]].astype(
        "str"
    )


def _square(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Count episodes or children from each area (rows) to each (columns)."""
    grouped = rows.groupby([*ENDS])
    counts = grouped.size() if name == "episodes" else grouped["person_id"].nunique()
    return counts.unstack(fill_value=0).astype("int64")


def _protected(
    tables: Mapping[tuple[str, str], pd.DataFrame], *, ended: bool
) -> dict[tuple[str, str], pd.DataFrame]:
    named = {"|".join(key): table for key, table in tables.items()}
    within = [(f"{kind}|children", f"{kind}|episodes") for kind, name in tables if name == "episodes"]
    same: list[tuple[Key, Key]] = []
    if ended and {"missing|episodes", "found|episodes"} <= {*named}:
        # An episode ended was an episode begun: the totals of each authority, side by side.
        sums = {kind: named[f"{kind}|episodes"].sum(axis=1) for kind in ("missing", "found")}
        both = sums["found"].index.intersection(sums["missing"].index)
        for kind, total in sums.items():
            named[f"{kind} of each"] = total[both].to_frame("")
            same += [((f"{kind} of each", code, ""), (f"{kind}|episodes", code, TOTAL)) for code in both]
        within.append(("found of each", "missing of each"))
    shown = suppress_together(named, within=within, same=same)
    return {key: shown["|".join(key)] for key in tables}


def _listed(kind: str, episodes: pd.DataFrame, children: pd.DataFrame, found: flows.Flows) -> pd.DataFrame:
    """Write two square tables as one row a pair of areas."""
    long = pd.DataFrame({"episodes": episodes.stack(), "children": children.stack()})
    long = long.rename_axis([*ENDS]).reset_index().assign(kind=kind)
    for end in ("from", "to"):
        long[f"{end}_name"] = [
            code if code in (TOTAL, NOT_RECORDED) else flows.called(code, found.movements)
            for code in long[f"{end}_code"]
        ]
    return long


def hotspot_counts(found: Hotspots, monthly: pd.DataFrame, *, adds_up: bool) -> dict[str, pd.DataFrame]:
    """Return counts by area, and by area and month, for a wider audience, protected together.

    Parameters
    ----------
    found, monthly : hotspots of one measure, and of its months (`app.hotspots.find_months`).
    adds_up : whether the months of an area add up to its count, as episodes do and children do not. Of children a reader
        knows that those of a month are not more than all, and all not more than those of the months together.

    Returns
    -------
    hotspot_counts : as `app.hotspots.publishable`. hotspot_month_counts : area_code, area_name and one column a month, as
    text, with the total of areas as the last row; where months add up also "Other" (not in a whole month), and "Total".
    """
    months = monthly.pivot(index="area_code", columns="month", values="observed").dropna(axis=1, how="all")
    observed = found.table.set_index("area_code")["observed"].astype("Int64")
    months = months.astype("Int64").reindex(observed.index)
    if adds_up:
        rest = observed - months.sum(axis=1)
        by_month = suppress(months.assign(**{OTHER: rest}) if (rest > 0).any() else months)
        total = by_month[TOTAL]
    else:
        by_month, total = _of_children(months, observed)
    area = found.table[["area_code", "area_name", "rate", "observed"]]
    counts = publish(
        area,
        names=["area_code", "area_name"],
        counts=["observed"],
        beside={"rate": ("observed",)},
        shown={"observed": total},
    )
    names = area.set_index("area_code")["area_name"].reindex(by_month.index).fillna("").astype("str")
    by_month.insert(0, "area_name", names)
    return {
        "hotspot_counts": counts,
        "hotspot_month_counts": by_month.rename_axis("area_code").reset_index().astype("str"),
    }


def _of_children(months: pd.DataFrame, observed: pd.Series[Any]) -> tuple[pd.DataFrame, pd.Series[str]]:
    """Protect children by area, and by area in each month, of which some may be in several."""
    tables: dict[str, pd.DataFrame | pd.Series[Any]] = {name: months[name] for name in months}
    within = [(name, TOTAL) for name in months]
    # Where a month is not there whole, all may be more than those of the months.
    covered = [
        ((TOTAL, code, ""), [(name, code, "") for name in months])
        for code in observed.index[(observed <= months.sum(axis=1)).fillna(False)]
    ]
    shown = suppress_together({**tables, TOTAL: observed}, within=within, covered=covered)
    total = shown[TOTAL][""]
    return pd.DataFrame({name: shown[name][""] for name in months}, index=total.index), total


def time_counts(found: when.When) -> dict[str, pd.DataFrame]:
    """Return what happened by month, and by weekday and part of the day, for a wider audience, protected together.

    Both tables are of the same records, so they have one total; what is not in a whole month of the period is in the row
    "Other". A record is counted in the part of the day in which it began. Near repeats are left out.

    Returns
    -------
    month_counts : month, all (records) and, where it is known, children, each with a total, in which a child in two months
    counts twice. hour_counts : weekday, one column a part of the day, "not recorded" and "Total".
    """
    rows = found.rows
    months = _by_month(found)
    began = pd.cut(rows["on"].dt.hour, [*PARTS.values(), 24], right=False, labels=[*PARTS]).astype(object)
    part = began.where(rows["timed"].astype(bool), NOT_RECORDED)
    day = pd.Series([DAYS[at] for at in rows["on"].dt.weekday], index=rows.index, dtype=object)
    hours = pd.crosstab(day, part).reindex(index=list(DAYS), columns=[*PARTS, NOT_RECORDED], fill_value=0)
    hours = hours.drop(columns=NOT_RECORDED) if not hours[NOT_RECORDED].any() else hours
    tables: dict[str, pd.DataFrame | pd.Series[Any]] = {name: months[name] for name in months}
    # An event may be of several children, an episode or a referral is of one.
    of_one = found.what in ("missing_episodes", "referrals") and when.CHILDREN in months
    within = [(when.CHILDREN, when.EPISODES)] if of_one else []
    one = ((when.EPISODES, TOTAL, ""), (HOURS, TOTAL, TOTAL))
    shown = suppress_together({**tables, HOURS: hours}, within=within, same=[one])
    by_month = pd.DataFrame({name: shown[name][""] for name in months}).rename_axis("month").reset_index()
    return {
        MONTHS: by_month.astype("str"),
        HOURS: shown[HOURS].rename_axis("weekday").reset_index().astype("str"),
    }


def _by_month(found: when.When) -> pd.DataFrame:
    """Count records, and children where they are known, in each whole month of the period, and the rest."""
    whole = found.months.pivot(index="month", columns="counted", values="observed").astype("Int64")
    if found.since is not None:
        # The first month counts only where the period begins with it.
        whole = whole[whole.index > f"{pd.Timestamp(found.since) - pd.offsets.Day():%Y-%m}"]
    whole = whole.reindex(
        columns=[name for name in (when.EPISODES, when.CHILDREN) if name in whole or name == when.EPISODES]
    )
    if rest := len(found.rows) - int(whole[when.EPISODES].sum()):
        whole.loc[OTHER, when.EPISODES] = rest
    return whole


def save(
    analysis: Analysis, out: Path, tables: Mapping[str, pd.DataFrame], files: tuple[str, ...], **asked: Any
) -> None:
    """Write published tables and summary.json to a folder, whole or not at all, in place of any earlier result.

    Raises
    ------
    FileExistsError
        The folder holds something that is not an earlier result.
    """
    with swapped_in(out, files) as folder:
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet", index=False)
        settings = {"viewer": analysis.settings.viewer.role, **asked}
        write_summary(folder, {**analysis.stamp, "settings": settings, "files": list(tables)})
