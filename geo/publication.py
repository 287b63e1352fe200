"""Hide small counts in tables that rest on one another, such as children and their episodes, and attack them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import pandas as pd

from geo.disclosure import (
    HIDDEN,
    NOT_APPLICABLE,
    TOTAL,
    UNAVAILABLE,
    extreme,
    hide_beside,
    single_valued,
    suppress,
)

Within = Iterable[tuple[str, str]]
Key = tuple[str, Any, Any]
FOUND = ["table", "row", "column", "lowest", "highest"]


def suppress_together(
    tables: Mapping[str, pd.DataFrame | pd.Series[Any]],
    *,
    within: Within = (),
    same: Sequence[tuple[Key, Key]] = (),
    covered: Sequence[tuple[Key, Sequence[Key]]] = (),
) -> dict[str, pd.DataFrame]:
    """Hide small counts in tables of which one is part of another, so that nothing can be worked back from them together.

    Each table is protected by itself (`suppress`). Then a reader is assumed who has them all, and knows that a count of
    children is never above that of their episodes: ten children shown beside hidden episodes say that these are ten or
    more. Where that gives a count away, the smallest count still shown in the same table is hidden too, and so on.

    Parameters
    ----------
    tables : name to counts, one-way or two-way, without totals, as for `suppress`.
    within : (part, whole): in no cell is the one table above the other. Both have the same labels.
    same : pairs of cells (table, row, column) that are one and the same count, such as a total that is a cell elsewhere.
    covered : (cell, cells): the one is never above all the others together, as the children of a year are never more than
        those of its months.

    Returns
    -------
    Name to text with totals, as from `suppress`; a one-way table has the one column "".

    Raises
    ------
    ValueError
        A table holds what is no count.
    RuntimeError
        Something can be worked back whatever is hidden.

    Source: Fischetti and Salazar 2001, Management Science 47, 1008-1027 (the attacker's problem).
    """
    pairs = list(within)
    frames = {
        name: table.to_frame("") if isinstance(table, pd.Series) else table for name, table in tables.items()
    }
    shown = {
        name: suppress(table).to_frame("") if isinstance(table, pd.Series) else suppress(table)
        for name, table in tables.items()
    }
    _hide_alike(shown, same)
    while weak := _worked_back(_system(shown, pairs, same, covered)):
        names = sorted({name for name, _, _ in weak})
        hidden = [_hide_one_more(shown[name], frames[name]) for name in names]
        if not any(hidden):
            msg = (
                f"{len(weak)} hidden counts can be worked back from these tables together, in {', '.join(names)}. "
                f"Do not publish them side by side: publish one of them, or put rows together."
            )
            raise RuntimeError(msg)
        _hide_alike(shown, same)
    return shown


def attack_together(
    published: Mapping[str, pd.DataFrame],
    *,
    within: Within = (),
    same: Sequence[tuple[Key, Key]] = (),
    covered: Sequence[tuple[Key, Sequence[Key]]] = (),
) -> pd.DataFrame:
    """Try to work hidden counts back from several tables at once; see `geo.disclosure.attack`.

    Two whole-number programmes a hidden cell, solved by HiGHS, over all counts that agree with everything shown, add up to
    the totals, keep every part within its whole and every whole within what covers it, and are one count where they are the same. The reader knows that a hidden count is not 0.

    Returns
    -------
    table, row, column, lowest, highest (infinite where nothing bounds it), one row a hidden cell. A cell is worked back
    when lowest equals highest.

    Raises
    ------
    ValueError
        No counts agree with what is shown.
    """
    system = _system(published, within, same, covered)
    rows = [(*key, *found) for key, found in zip(system.at, _solve(system), strict=True)]
    return pd.DataFrame(rows, columns=FOUND).astype({"lowest": "float64", "highest": "float64"})


def publish(
    table: pd.DataFrame,
    *,
    names: Sequence[str],
    counts: Sequence[str],
    beside: Mapping[str, tuple[str, ...]] | None = None,
    within: Within = (),
    shown: Mapping[str, pd.Series[str]] | None = None,
) -> pd.DataFrame:
    """Write a table by area or group for a wider audience: counts of 1 to 5 hidden, and others that give them away.

    Parameters
    ----------
    table : one row an area or group, none twice.
    names : columns that say what a row is, the first of them its code.
    counts : columns of counts; a total is added to each. Missing is not available.
    beside : column of figures to the counts it rests on: it is hidden where one of them is.
    within : (part, whole) of columns of counts.
    shown : columns of counts that were protected elsewhere, together with other tables: text on the codes, and "Total".

    Returns
    -------
    The columns named, all text: "c" hidden, ":" not available; the last row is the total, "" where there is nothing to say.
    """
    code = names[0]
    held = table.set_index(code)
    done = shown or {}
    rest = {name: held[name].astype("Int64") for name in counts if name not in done}
    protected = suppress_together(rest, within=within)
    columns = {name: done[name] if name in done else protected[name].iloc[:, 0] for name in counts}
    out = held[list(names[1:])].astype(object).reindex([*held.index, TOTAL])
    out = out.where(out.notna(), "").astype(str).assign(**columns)
    for name, rests in (beside or {}).items():
        on = (columns[count].reindex(held.index) for count in rests)
        out[name] = hide_beside(held[name].astype("Float64").astype(float), *on).reindex(out.index).fillna("")
    return out.rename_axis(code).reset_index().astype(str)


@dataclass
class _System:
    """What a reader knows of the hidden cells: bounds of each, and lines that tie them together."""

    tables: dict[str, pd.DataFrame]
    at: dict[Key, int] = field(default_factory=dict)
    lowest: list[float] = field(default_factory=list)
    highest: list[float] = field(default_factory=list)
    lines: list[tuple[float, float, dict[int, int]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Number the hidden cells."""
        for name, table in self.tables.items():
            for row in table.index:
                for column in table.columns:
                    if table.at[row, column] == HIDDEN:
                        self.at[(name, row, column)] = len(self.at)
        self.lowest, self.highest = [1.0] * len(self.at), [inf] * len(self.at)


def _frame(table: pd.DataFrame | pd.Series[Any]) -> pd.DataFrame:
    return table.to_frame("") if isinstance(table, pd.Series) else table.copy()


def _system(
    published: Mapping[str, pd.DataFrame],
    within: Within,
    same: Sequence[tuple[Key, Key]],
    covered: Sequence[tuple[Key, Sequence[Key]]],
) -> _System:
    """Write down all that a reader knows."""
    system = _System({name: _frame(table) for name, table in published.items()})
    for name, table in system.tables.items():
        _add_totals(system, name, table)
    for part, whole in within:
        _add_within(system, part, whole)
    for one, other in same:
        _add_same(system, one, other)
    for cell, cells in covered:
        _add_covered(system, cell, cells)
    return system


def _number(value: Any) -> int:
    """Return what a cell counts, 0 for a sign."""
    return 0 if value in (HIDDEN, UNAVAILABLE, NOT_APPLICABLE) else int(value)


def _add_totals(system: _System, name: str, table: pd.DataFrame) -> None:
    """Say that each row and column with a total adds up to it."""
    lines: list[list[tuple[Any, Any]]] = []
    if TOTAL in table.index:
        lines += [[(row, column) for row in table.index] for column in table.columns]
    if TOTAL in table.columns:
        lines += [[(row, column) for column in table.columns] for row in table.index]
    for cells in lines:
        terms: dict[int, int] = {}
        known = 0
        for step, (row, column) in enumerate(cells):
            sign = -1 if step == len(cells) - 1 else 1
            if (at := system.at.get((name, row, column))) is not None:
                terms[at] = sign
            else:
                known += sign * _number(table.at[row, column])
        if terms:
            system.lines.append((-known, -known, terms))


def _add_within(system: _System, part: str, whole: str) -> None:
    """Say that no cell of the part is above the same cell of the whole."""
    inner, outer = system.tables[part], system.tables[whole]
    unknown = (UNAVAILABLE, NOT_APPLICABLE)
    for row in inner.index:
        for column in inner.columns:
            small, large = inner.at[row, column], outer.at[row, column]
            if small in unknown or large in unknown:
                continue
            one, other = system.at.get((part, row, column)), system.at.get((whole, row, column))
            if one is not None and other is not None:
                system.lines.append((0.0, inf, {other: 1, one: -1}))
            elif one is not None:
                system.highest[one] = min(system.highest[one], float(_number(large)))
            elif other is not None:
                system.lowest[other] = max(system.lowest[other], float(_number(small)))


def _add_same(system: _System, one: Key, other: Key) -> None:
    """Say that two cells hold one count."""
    at, beside = system.at.get(one), system.at.get(other)
    if at is not None and beside is not None:
        system.lines.append((0.0, 0.0, {at: 1, beside: -1}))
    elif (hidden := at if at is not None else beside) is not None:
        name, row, column = other if at is not None else one
        system.lowest[hidden] = system.highest[hidden] = float(_number(system.tables[name].at[row, column]))


def _add_covered(system: _System, cell: Key, cells: Sequence[Key]) -> None:
    """Say that a count is not above some others together."""
    terms: dict[int, int] = {}
    known = 0
    for key, sign in [(cell, -1), *((each, 1) for each in cells)]:
        name, row, column = key
        if (at := system.at.get(key)) is not None:
            terms[at] = terms.get(at, 0) + sign
        elif system.tables[name].at[row, column] == UNAVAILABLE:
            return
        else:
            known += sign * _number(system.tables[name].at[row, column])
    if terms:
        system.lines.append((-known, inf, terms))


def _hide_alike(shown: Mapping[str, pd.DataFrame], same: Sequence[tuple[Key, Key]]) -> None:
    """Hide a count wherever it stands, if it is hidden anywhere."""
    for pair in same:
        if any(shown[name].at[row, column] == HIDDEN for name, row, column in pair):
            for name, row, column in pair:
                shown[name].at[row, column] = HIDDEN


def _hide_one_more(shown: pd.DataFrame, counts: pd.DataFrame) -> bool:
    """Hide the smallest count that is still shown, a total last; say whether there was one."""
    cells = [
        (row == TOTAL or column == TOTAL, _number(shown.at[row, column]), str(row), str(column), row, column)
        for row in shown.index
        for column in shown.columns
        if _number(shown.at[row, column]) > 0
    ]
    if not cells or not len(counts):
        return False
    *_, row, column = min(cells, key=lambda cell: cell[:4])
    shown.at[row, column] = HIDDEN
    return True


def _worked_back(system: _System) -> list[Key]:
    """Return the hidden cells that can have only one value."""
    keys = [*system.at]
    return [keys[cell] for cell in single_valued(_solver(system), len(keys))] if keys else []


def _solve(system: _System) -> list[tuple[float, float]]:
    """Return the lowest and the highest value of each hidden cell."""
    if not system.at:
        return []
    solver = _solver(system)
    return [(extreme(solver, at)[0], extreme(solver, at, highest=True)[0]) for at in range(len(system.at))]


def _solver(system: _System) -> Any:
    """Hand all that a reader knows to HiGHS: whole numbers, their bounds, and the lines that tie them together."""
    import numpy as np
    from highspy import Highs, HighsVarType

    solver = Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.addVars(len(system.at), np.asarray(system.lowest), np.asarray(system.highest))
    for cell in range(len(system.at)):
        solver.changeColIntegrality(cell, HighsVarType.kInteger)
    for low, high, terms in system.lines:
        cells = np.asarray(sorted(terms), dtype=np.int32)
        solver.addRow(low, high, len(cells), cells, np.asarray([terms[int(at)] for at in cells], dtype=float))
    return solver
