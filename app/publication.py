"""Make a dashboard's tables fit for a wider audience: counts of 1 to 5 hidden, and what would give them away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from app.dashboard import CCE, CSE, KEY, MONTHS, OTHER, Dashboard
from geo.disclosure import HIDDEN, NOT_APPLICABLE, SMALL, UNAVAILABLE, hide_beside, percentage, suppress
from geo.disclosure import TOTAL as SUM
from geo.spread import ELSEWHERE
from mapping.returns import FIGURES, STATES
from mapping.shares import NOT_RECORDED, TOTAL

ENDS = ("", "_before")
WARD_COUNTS = ("referrals", "children_open", "missing_episodes", "children_missing")
APART = (NOT_RECORDED, ELSEWHERE)
"""Rows for those in no group; they are hidden where they are few, and never to protect another."""

OF_BOTH = ("sex", "ethnicity")
"""What referrals and the children they are of are both divided by."""

LIMITS = (
    "Each table is protected by itself. The same table for another period, another role or a week later can be subtracted "
    "from this one: publish one set of tables, once, for periods that do not overlap.",
    "Where few children stand behind many episodes, a reader who knows a child can recognise them however large the count.",
)


def publishable(found: Dashboard) -> dict[str, pd.DataFrame]:
    """Return every table of a dashboard for a wider audience.

    Counts of 1 to 5 are shown as `c`, with as many others as keep them from being worked back; `:` is not available, `z`
    not applicable. All is text. Columns that would give a hidden count away (children beside referrals, the counts of
    residents) are left out. Notes on what no choice of cells protects stand in `attrs["notes"]` of each table.
    """
    tables = {name: table for name, table in found.tables.items() if name != "key_figures"}
    shown: dict[str, pd.DataFrame] = {}
    for name in ("referrals", "reopened", "open_children", "outcomes", "placed"):
        shown[name] = _shares(tables[name])
    shown["caseload"] = _caseload(tables["caseload"], shown)
    shown["missing"] = _times(tables["missing"])
    shown["missing_months"] = _months(tables["missing_months"])
    shown["interviews"] = _interviews(tables["interviews"], found.states)
    shown["wards"] = _wards(tables["wards"])
    shown["deciles"] = _deciles(tables["deciles"])
    _guard_flow(tables["caseload"].set_index("figure"), shown)
    shown["disproportionality"] = _disproportionality(tables["disproportionality"], shown["referrals"])
    shown["key_figures"] = _key_figures(shown)
    return {name: shown[name] for name in found.tables}


def notes(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return what no choice of hidden cells protects, with the table it is in."""
    return [f"{name}: {note}" for name, table in tables.items() for note in table.attrs.get("notes", [])]


def hidden(count: pd.Series, total: Any) -> pd.Series:
    """Hide the small counts of groups that make up a whole, and return them with their total as the last row.

    Parameters
    ----------
    count : one number a group; none known where the total is not.
    total : how many there are, missing where not available. Less than the sum where a child can be in several groups.
    """
    if pd.isna(total):
        return pd.Series(UNAVAILABLE, index=[*count.index, TOTAL], dtype="str")
    if count.empty:
        return pd.Series({TOTAL: _whole(total)}, dtype="str")
    # Those in no group stand in several tables: hidden in one to protect a group, another would show them.
    apart = [label for label in APART if label in count.index and not 0 < count[label] <= SMALL]
    shown = suppress(count.drop(apart).astype("Int64")).rename(index={SUM: TOTAL})
    if apart and shown[TOTAL] == HIDDEN:
        apart = []
        shown = suppress(count.astype("Int64")).rename(index={SUM: TOTAL})
    found = shown.reindex([*count.index, TOTAL])
    found[apart] = [str(int(count[label])) for label in apart]
    if found[TOTAL] != HIDDEN:
        found[TOTAL] = _whole(total)
    found.attrs["notes"] = shown.attrs.get("notes", [])
    return found


def _shares(table: pd.DataFrame, column: str = "count") -> pd.DataFrame:
    """Hide small counts in each dimension of a table of shares."""
    parts, said = [], list[str]()
    for _, rows in table.groupby("dimension", sort=False):
        rows = rows.set_index("group_code")
        inner = rows.drop(index=TOTAL)
        part = rows[["dimension", "group"]].copy()
        for end in ENDS:
            counts = hidden(inner[f"{column}{end}"], rows.loc[TOTAL, f"{column}{end}"])
            said += counts.attrs.get("notes", [])
            part[f"count{end}"] = counts.reindex(part.index)
            part[f"percent{end}"] = percentage(
                part[f"count{end}"], pd.Series(part.loc[TOTAL, f"count{end}"], index=part.index)
            )
        parts.append(part.reset_index())
    columns = ["dimension", "group_code", "group", "count", "percent", "count_before", "percent_before"]
    every = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    every.attrs["notes"] = said
    return every


def _caseload(table: pd.DataFrame, shown: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Show the flow of referrals, or none of it where a part is small: open before + opened = closed + open after."""
    rows = table.set_index("figure")
    result = pd.DataFrame(index=rows.index)
    for end in ENDS:
        counts = rows[f"count{end}"]
        flow = counts.drop("received")
        small = bool(flow.between(1, SMALL).fillna(False).any())
        text = counts.map(lambda count: UNAVAILABLE if pd.isna(count) else str(int(count))).astype("str")
        if small:
            text[flow.index] = HIDDEN
        text["received"] = _cell(shown["referrals"], "concern", TOTAL, f"count{end}")
        result[f"count{end}"] = text
    return result.reset_index()


def _guard_flow(flow: pd.DataFrame, shown: Mapping[str, pd.DataFrame]) -> None:
    """Hide what other tables say of a flow that is hidden: open before + opened = closed + open after.

    Open before stands in the table of open children as that of the period before, closed in that of outcomes.
    """
    for end in ENDS:
        counts = flow[f"count{end}"].drop("received")
        if not counts.between(1, SMALL).fillna(False).any():
            continue
        _blank(shown["reopened"], ["opened in the period"], end)
        if 0 < counts["opened"] <= SMALL:
            _blank(shown["outcomes"], list(shown["outcomes"]["dimension"].unique()), end)
            _blank(shown["deciles"], ["children closed"], end)


def _blank(table: pd.DataFrame, dimensions: list[str], end: str) -> None:
    rows = table["dimension"].isin(dimensions)
    for column in (f"count{end}", f"percent{end}", *(["ratio"] if not end else [])):
        if column in table:
            table.loc[rows & ~table[column].isin([UNAVAILABLE, NOT_APPLICABLE]), column] = HIDDEN


def _times(table: pd.DataFrame) -> pd.DataFrame:
    """Show children by how often they were missing, and how many episodes there were, not the two together."""
    children = _shares(table, "children")
    episodes = table[table["group_code"] == TOTAL].assign(dimension="episodes")
    for end in ENDS:
        episodes[f"count{end}"] = [_whole(count) for count in episodes[f"count{end}"]]
        episodes[f"percent{end}"] = NOT_APPLICABLE
    both = pd.concat([children, episodes[children.columns]], ignore_index=True)
    both.attrs["notes"] = children.attrs["notes"]
    return both


def _months(table: pd.DataFrame) -> pd.DataFrame:
    """Hide small counts of months; episodes add up to a total, children do not."""
    counts = [*MONTHS[:3]]
    parts, said = [], list[str]()
    for measure, rows in table.groupby("measure", sort=False):
        rows = rows.set_index("month")
        part = pd.DataFrame({"measure": measure}, index=rows.index)
        for column in counts:
            values = rows[column].astype("Int64")
            text = suppress(values, margins=measure == "episodes").reindex(rows.index)
            said += text.attrs.get("notes", [])
            part[column] = text
        part["ratio"] = hide_beside(rows["ratio"], *(part[column] for column in counts), decimals=2)
        parts.append(part.reset_index())
    columns = ["measure", "month", *counts, "ratio"]
    every = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    every.attrs["notes"] = said
    return every


def _interviews(table: pd.DataFrame, states: Iterable[pd.Series]) -> pd.DataFrame:
    """Show the figures whose every part may be shown: what is not shown cannot be worked back from sums of parts."""
    result = table[["figure"]].copy()
    said = list[str]()
    for end, each in zip(ENDS, states, strict=True):
        if table[f"count{end}"].isna().all():
            result[[f"{column}{end}" for column in ("count", "of", "percent")]] = UNAVAILABLE
            continue
        counts = each.value_counts().reindex(STATES, fill_value=0)
        shown = hidden(counts, len(each))
        said += shown.attrs.get("notes", [])

        def added(parts: tuple[str, ...], counts: pd.Series = counts, shown: pd.Series = shown) -> str:
            wanted = [TOTAL] if parts == STATES else list(parts)
            if (shown[wanted] == HIDDEN).any():
                return HIDDEN
            return str(int(counts.sum() if parts == STATES else counts[wanted].sum()))

        for column, which in (("count", 0), ("of", 1)):
            result[f"{column}{end}"] = [added(FIGURES[name][which]) for name in result["figure"]]
        result[f"percent{end}"] = percentage(result[f"count{end}"], result[f"of{end}"])
    result.attrs["notes"] = said
    columns = [f"{column}{end}" for end in ENDS for column in ("count", "of", "percent")]
    return result[["figure", *columns]]


def _wards(table: pd.DataFrame) -> pd.DataFrame:
    """Hide small counts of wards, each column by itself."""
    rows = table.set_index("area_code")
    names = rows[["area_name", "imd_decile"]].astype(object)
    result = names.where(names.notna(), "").astype(str)
    said = list[str]()
    for column in WARD_COUNTS:
        counts = hidden(rows[column].drop(index=TOTAL, errors="ignore"), rows[column].get(TOTAL))
        said += counts.attrs.get("notes", [])
        result[column] = counts.reindex(result.index)
    result["missing_rate"] = hide_beside(rows["missing_rate"].astype("float64"), result["children_missing"])
    result = result.reset_index()
    result.attrs["notes"] = said
    return result


def _deciles(table: pd.DataFrame) -> pd.DataFrame:
    """Hide small counts of deciles; shares are of those whose decile is known."""
    columns = ["dimension", "group_code", "group", "count", "percent", "population_percent", "ratio"]
    parts, said = [], list[str]()
    for _, rows in table.groupby("dimension", sort=False):
        rows = rows.set_index("group_code")
        counts = hidden(rows["count"].drop(index=TOTAL), rows.loc[TOTAL, "count"])
        said += counts.attrs.get("notes", [])
        part = rows[["dimension", "group"]].assign(count=counts.reindex(rows.index))
        ends = rows.index.isin(["not_recorded", TOTAL])
        # A share of those known would give away how many are not, where that is hidden.
        unsure = HIDDEN in (part["count"].get("not_recorded"), part.loc[TOTAL, "count"])
        for column, decimals in (("percent", 1), ("population_percent", 1), ("ratio", 2)):
            text = hide_beside(rows[column].astype("float64"), decimals=decimals)
            if column != "population_percent":
                small = (part["count"] == HIDDEN).to_numpy() | unsure
                text = text.mask(small, HIDDEN)
            part[column] = text.mask(ends, NOT_APPLICABLE)
        parts.append(part.reset_index())
    every = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    every.attrs["notes"] = said
    return every


def _disproportionality(table: pd.DataFrame, referrals: pd.DataFrame) -> pd.DataFrame:
    """Show ratios by sex and by ethnic group, without the counts they rest on, where those may be shown."""
    parts = []
    for dimension in OF_BOTH:
        rows = table[table["dimension"] == dimension].set_index("group_code")
        published = referrals[referrals["dimension"] == dimension].set_index("group_code")["count"]
        beside = [
            hidden(rows["children_referred"], rows["children_referred"].sum()).reindex(rows.index),
            published.reindex(rows.index, fill_value="0"),
        ]
        part = rows[["dimension", "group"]].copy()
        for column in ("ratio", "ratio_low", "ratio_high"):
            part[column] = hide_beside(rows[column], *beside, decimals=2)
        parts.append(part.reset_index())
    return pd.concat(parts, ignore_index=True)[
        ["dimension", "group_code", "group", "ratio", "ratio_low", "ratio_high"]
    ]


def _key_figures(shown: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Take the key figures from the published tables, so that none shows what its table hides."""
    rows = []
    for figure, label, name, dimension, code in KEY:
        row = {"figure": figure, "label": label}
        for end in ENDS:
            of = _cell(shown[name], dimension, TOTAL, f"count{end}")
            row[f"count{end}"] = (
                _other(shown[name], end)
                if code == OTHER
                else _cell(shown[name], dimension, code, f"count{end}")
            )
            row[f"of{end}"] = NOT_APPLICABLE if code == TOTAL else of
        rows.append(row)
    for figure, label, dimension in (
        ("missing_reports", "Missing reports", "episodes"),
        ("children_missing", "of children", "times missing"),
    ):
        counts = {f"count{end}": _cell(shown["missing"], dimension, TOTAL, f"count{end}") for end in ENDS}
        rows.append(
            {"figure": figure, "label": label, **counts, **{f"of{end}": NOT_APPLICABLE for end in ENDS}}
        )
    interviews = shown["interviews"].set_index("figure")
    for figure, label, name in (
        ("interviews_held", "Return interviews held", "held"),
        ("within_72_hours", "within 72 hours of the return", "within_72_hours"),
    ):
        parts = {
            f"{column}{end}": interviews.loc[name, f"{column}{end}"]
            for column in ("count", "of")
            for end in ENDS
        }
        rows.append({"figure": figure, "label": label, **parts})
    table = pd.DataFrame(rows)
    for end in ENDS:
        table[f"percent{end}"] = percentage(table[f"count{end}"], table[f"of{end}"])
    return table[["figure", "label", "count", "of", "percent", "count_before", "of_before", "percent_before"]]


def _other(referrals: pd.DataFrame, end: str) -> str:
    """Return the referrals for neither exploitation, where what they are the rest of is shown and they are not few."""
    cells = [_cell(referrals, "concern", code, f"count{end}") for code in (TOTAL, CCE, CSE)]
    if any(cell in (HIDDEN, UNAVAILABLE) for cell in cells):
        return HIDDEN if HIDDEN in cells else UNAVAILABLE
    return _whole(int(cells[0]) - int(cells[1]) - int(cells[2]))


def _cell(table: pd.DataFrame, dimension: str, code: str, column: str) -> str:
    rows = table[table["dimension"] == dimension].set_index("group_code")[column]
    return str(rows.get(code, UNAVAILABLE if rows.get(TOTAL, UNAVAILABLE) == UNAVAILABLE else "0"))


def _whole(count: Any) -> str:
    if pd.isna(count):
        return UNAVAILABLE
    return HIDDEN if 0 < int(count) <= SMALL else str(int(count))
