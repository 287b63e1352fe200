"""Count rows by group and say each group's share, beside the period before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

NOT_RECORDED, TOTAL = "not_recorded", "total"
COLUMNS = ("count", "children", "percent")


def shares(
    group: pd.Series[Any], *, child: pd.Series[Any] | None = None, order: Iterable[str] = ()
) -> pd.DataFrame:
    """Count rows, and the children they are of, in each group.

    Parameters
    ----------
    group : the group of each row; missing rows are counted as `not_recorded`, never left out.
    child : person_id of each row, on the same index; without it each row is a child of its own.
    order : groups in the order they are listed; others follow by name, then what is not recorded.

    Returns
    -------
    On group_code, the last row `total`: count (rows), children (different ones; a child in two groups counts in each, once
    in the total), percent (of all rows, those not recorded included; missing where there are none).
    """
    codes = group.astype("object").where(group.notna(), NOT_RECORDED).astype(str)
    people = pd.Series(range(len(codes)), index=codes.index) if child is None else child
    rows = pd.DataFrame({"group_code": codes.to_numpy(), "child": people.to_numpy()})
    counted = rows.groupby("group_code")["child"].agg(["size", "nunique"])
    listed = [*dict.fromkeys(order)]
    last = [NOT_RECORDED] if NOT_RECORDED in counted.index else []
    others = sorted(set(counted.index) - {*listed, *last})
    table = counted.reindex([*listed, *others, *last], fill_value=0).set_axis(["count", "children"], axis=1)
    table.loc[TOTAL] = [len(rows), rows["child"].nunique()]
    table = table.astype("int64").rename_axis("group_code")
    return table.assign(percent=percent(table["count"], len(rows)))


def compared(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Put two tables of `shares` side by side, and leave out groups that are empty in both.

    Returns
    -------
    On group_code: count, children, percent, count_before, children_before, percent_before.
    """
    inner = [code for code in now.index if code not in (NOT_RECORDED, TOTAL)]
    inner += [code for code in before.index if code not in (*inner, NOT_RECORDED, TOTAL)]
    wanted = pd.Index([*inner, NOT_RECORDED, TOTAL], name="group_code")
    parts = []
    for table, end in ((now, ""), (before, "_before")):
        part = table.reindex(wanted)
        part[["count", "children"]] = part[["count", "children"]].fillna(0).astype("int64")
        part["percent"] = percent(part["count"], int(part["count"].get(TOTAL, 0)))
        parts.append(part[[*COLUMNS]].add_suffix(end))
    both = pd.concat(parts, axis=1)
    some = both[["count", "count_before"]].sum(axis=1).gt(0) | (both.index == TOTAL)
    return both[some]


def percent(part: pd.Series[Any], whole: float) -> pd.Series[Any]:
    """Return percentages of a whole, missing where that is 0; they are rounded when they are shown."""
    share: pd.Series[Any] = 100 * part.astype("float64") / (whole or float("nan"))
    return share
