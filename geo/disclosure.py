"""Hide small counts in a table that leaves the hub, so that no hidden count can be worked back."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from math import ceil, floor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

SMALL = 5
HIDDEN, UNAVAILABLE, NOT_APPLICABLE = "c", ":", "z"
TOTAL = "Total"
# Solvers answer to within this much.
CLOSE = 1e-6
COULD_BE_TOLD = (
    "A reader who was told which `{sign}` stand for 1 to {small} could still work out {what}, whatever else is hidden. "
    "A reader of the table alone cannot. Put rows or columns together if that matters."
)

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Signs = npt.NDArray[np.object_]
Prices = npt.NDArray[np.float64]
Cell = tuple[int, int]
Table = TypeVar("Table", pd.DataFrame, "pd.Series[Any]")


@dataclass(frozen=True, eq=False)
class Network:
    """A table as a network: every cell joins the node of its row to the node of its column, totals come last.

    To move a count forward through a cell is to make it larger (a total: smaller), backward the other way. A ring of
    such moves changes no row and no column, so nobody can tell it from the truth.

    Attributes
    ----------
    small : cells that count 1 to 5.
    price : what hiding a cell costs; infinite for zeros and signs, which are never hidden.
    free : totals that are not part of the table: anything can move through them.
    told, untold : where counts can move forward and backward without a reader noticing who was told which hidden
        cells are small (small ones stay within 1 to 5, others above 5), and one who was not (above 0).
    """

    small: Flags
    price: Prices
    free: Flags
    told: tuple[Flags, Flags]
    untold: tuple[Flags, Flags]


def suppress(table: Table, *, margins: bool = True) -> Table:
    """Hide counts of 1 to 5, and as few others as keep them from being worked back from rows, columns and totals.

    Totals are worked out here and are part of the table: a total of 1 to 5 is hidden like any count, and a total
    may be hidden to protect another. Zeros are shown. Cells are hidden so that every hidden count, small or not,
    has at least two values that agree with everything shown, even for a reader who knows this rule and was told
    which of the hidden counts are the small ones. Where no choice of cells can achieve that against such a reader
    (five hidden counts in a row whose total is hidden as small are 1 each), the table is still safe for a reader of
    the table alone, and `attrs["notes"]` of the result names the cells.

    Which further cells are hidden: for each small count in turn the cheapest ring of cells through it along which
    counts could be moved without changing anything shown; then cells that turn out not to be needed are shown
    again. A cell costs 1, a total as many as the cells it adds up, and of cells that cost the same the smaller count
    is hidden. This is done in three orders and the cheapest result is taken. In 60 trials with
    small tables it hid 140 further cells where 131 were the least possible. The result is then attacked (`attack`), and an error is raised if any cell gives way.

    Parameters
    ----------
    table : counts, one-way (Series) or two-way (DataFrame), without totals. Missing or ":" is not available, "z" not
        applicable; totals add up what is available.
    margins : add the totals. Without them nothing can be worked back from the table alone; use that only where the
        totals are known from nowhere else.

    Returns
    -------
    Text on the same labels, and "Total": numbers, "c" hidden, ":" not available, "z" not applicable.

    Raises
    ------
    ValueError
        A cell is not a count, or a label appears twice or is "Total"; all such cells are named.

    Columns that are different things do not add up: protect each by itself, `table.apply(suppress)`.

    Limits: one table at a time. Two tables that share counts, or the same table a week later, can be subtracted.

    Source: Department for Education statistics (counts 1-5 shown as `c`, secondary suppression); for the rings, Kelly,
    Golden and Assad 1992, Networks 22, 397-417.
    """
    frame: pd.DataFrame = _frame(table)
    rows: list[Hashable] = list(frame.index)
    columns: list[Hashable] = list(frame.columns)
    _validate_labels(rows, columns)
    counts, signs = _read(frame, (UNAVAILABLE, NOT_APPLICABLE))
    if margins:
        one_way = isinstance(table, pd.Series)
        counts, signs = _with_totals(counts, signs, one_way=one_way)
        rows, columns = [*rows, TOTAL], columns if one_way else [*columns, TOTAL]
    small = (counts >= 1) & (counts <= SMALL) & (signs == "")
    hidden = _hidden(counts, signs, small, rows, columns) if margins else small
    texts = np.where(hidden, HIDDEN, np.where(signs == "", counts.astype(str), signs))
    named = [pd.Index(each, name=axis.name) for each, axis in ((rows, frame.index), (columns, frame.columns))]
    shown = pd.DataFrame(texts, index=named[0], columns=named[1], dtype="str")
    notes = _validate_safe(shown, pd.DataFrame(small, index=named[0], columns=named[1])) if margins else []
    found: Table = shown if isinstance(table, pd.DataFrame) else shown.iloc[:, 0]
    if isinstance(found, pd.Series):
        found.name = table.name
    found.attrs["notes"] = notes
    return found


def attack(published: Table, *, small: Table | None = None) -> pd.DataFrame:
    """Try to work hidden counts back: return the lowest and highest value of each that agrees with what is shown.

    Two linear programmes a hidden cell, solved by HiGHS, over all tables of counts that agree with the numbers and
    totals shown. Rows and columns of a table with one or two ways make a network, so the answers are whole.

    Parameters
    ----------
    published : as `suppress` returns it; a last row or column "Total" is taken to add up the others.
    small : on the same labels, true for cells that the reader was told count 1 to 5; they then also know that the
        other hidden cells count more. Without it the reader only knows that a hidden count is not 0.

    Returns
    -------
    row, column, lowest, highest (infinite where nothing bounds it), one row a hidden cell in reading order. A cell is
    worked back when lowest equals highest.

    Raises
    ------
    ValueError
        A cell is neither a count nor one of the three signs, or no table of counts agrees with what is shown.

    Source: Fischetti and Salazar 2001, Management Science 47, 1008-1027 (the attacker's problem).
    """
    cells, known = _known(_frame(published), None if small is None else _frame(small))
    ends = pd.DataFrame(_ranges(*known), columns=["lowest", "highest"], dtype="float64")
    return pd.concat([cells, ends], axis=1)


def _worked_back(shown: pd.DataFrame, small: pd.DataFrame | None) -> pd.DataFrame:
    """Return row and column of the hidden cells that can be worked back; see `attack`."""
    cells, known = _known(shown, small)
    return cells.iloc[single_valued(_solver(*known), len(cells))]


def _known(
    frame: pd.DataFrame, small: pd.DataFrame | None
) -> tuple[pd.DataFrame, tuple[Prices, Prices, Prices, Prices]]:
    """Return the hidden cells in reading order, and what a reader knows of them: lowest, highest, and what they add up to."""
    counts, signs = _read(frame, (HIDDEN, UNAVAILABLE, NOT_APPLICABLE))
    hidden = signs == HIDDEN
    flags = hidden & (False if small is None else small.to_numpy(dtype=bool))
    lowest = np.where(flags | (small is None), 1, SMALL + 1)[hidden]
    highest = np.where(flags, SMALL, np.inf)[hidden]
    totals = [len(labels) > 0 and labels[-1] == TOTAL for labels in (frame.index, frame.columns)]
    rows, columns = np.nonzero(hidden)
    cells = pd.DataFrame({"row": frame.index.take(rows), "column": frame.columns.take(columns)})
    return cells, (lowest, highest, *_sums(counts, hidden, *totals))


def percentage(part: pd.Series[Any], whole: pd.Series[Any]) -> pd.Series[str]:
    """Return percentages to 1 decimal place, halves rounded up, hidden where either number is.

    Parameters
    ----------
    part, whole : numbers, or text as `suppress` returns it, on the same index.

    Returns
    -------
    "c" where either is hidden (a percentage of a hidden total would give it away), "z" where either is not applicable or
    the whole is 0, ":" where either is not available, else a number such as "12.5".
    """
    if not part.index.equals(whole.index):
        msg = "Parts and wholes are not on the same index. Give both the same rows in the same order."
        raise ValueError(msg)
    pairs = zip(part, whole, strict=True)
    return pd.Series([_percentage(*pair) for pair in pairs], index=part.index, dtype="str")


def hide_beside(values: pd.Series[float], *published: pd.Series[str], decimals: int = 1) -> pd.Series[str]:
    """Write rates or other figures that stand beside counts, hidden where a count they rest on is.

    Parameters
    ----------
    values : the figures; missing where not available.
    published : the columns they rest on, as `suppress` returns them, on the same index.
    decimals : how many are written.

    Returns
    -------
    "c" where any of the counts is hidden, "z" where any is not applicable, ":" where the figure is missing, else the
    figure, halves rounded up.
    """
    beside = zip(values, *(column.reindex(values.index) for column in published), strict=True)
    written = [
        _sign(signs) or (UNAVAILABLE if pd.isna(value) else _rounded(Decimal(str(value)), decimals))
        for value, *signs in beside
    ]
    return pd.Series(written, index=values.index, dtype="str")


def _percentage(part: Any, whole: Any) -> str:
    if sign := _sign([part, whole]):
        return sign
    if Decimal(str(whole)) == 0:
        return NOT_APPLICABLE
    return _rounded(100 * Decimal(str(part)) / Decimal(str(whole)), 1)


def _sign(values: Iterable[Any]) -> str:
    """Return the sign that a figure resting on these takes, "" where all are numbers."""
    held = [UNAVAILABLE if pd.isna(value) else value for value in values]
    return next((sign for sign in (HIDDEN, NOT_APPLICABLE, UNAVAILABLE) if sign in held), "")


def _rounded(value: Decimal, decimals: int) -> str:
    return str(value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


def _frame(table: pd.DataFrame | pd.Series[Any]) -> pd.DataFrame:
    """Return a one-way table as one column."""
    return table.to_frame("") if isinstance(table, pd.Series) else table


def _validate_labels(rows: list[Hashable], columns: list[Hashable]) -> None:
    for axis, labels in (("row", rows), ("column", columns)):
        wrong = [label for at, label in enumerate(labels) if label == TOTAL or label in labels[:at]]
        if wrong:
            msg = (
                f"The {axis} {wrong[0]} is there twice or is a total. Give each {axis} once and leave totals out: "
                f"they are worked out here."
            )
            raise ValueError(msg)


def _read(frame: pd.DataFrame, allowed: tuple[str, ...]) -> tuple[Counts, Signs]:
    """Tell counts from signs; a sign counts 0. Cells that are neither are all named."""
    counts, signs = np.zeros(frame.shape, dtype=np.int64), np.full(frame.shape, "", dtype=object)
    faults: list[str] = []
    for (row, column), value in np.ndenumerate(frame.to_numpy(dtype=object)):
        sign = UNAVAILABLE if pd.isna(value) else value if value in allowed else ""
        number = 0 if sign else _count(value)
        if number is None:
            faults.append(f"{frame.index[row]}, {frame.columns[column]}: {value}")
            continue
        signs[row, column], counts[row, column] = sign, number
    if faults:
        msg = (
            f"These cells are no counts: {'; '.join(faults)}. A cell is a whole number of 0 or more, missing, "
            f"or one of {' '.join(allowed)}."
        )
        raise ValueError(msg)
    return counts, signs


def _with_totals(counts: Counts, signs: Signs, *, one_way: bool) -> tuple[Counts, Signs]:
    """Add the total of each column as the last row, and of each row as the last column if there are two ways."""
    if not one_way:
        counts = np.column_stack([counts, counts.sum(axis=1)])
    signs = np.pad(signs, ((0, 1), (0, int(not one_way))), constant_values="")
    return np.vstack([counts, counts.sum(axis=0)]), signs


def _count(value: Any) -> int | None:
    """Return a value as a count, or None where it is not one."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return int(number) if number >= 0 and number == number.to_integral_value() else None


def _hidden(
    counts: Counts, signs: Signs, small: Flags, rows: list[Hashable], columns: list[Hashable]
) -> Flags:
    """Choose the cells to hide: the cheapest of three orders of going about it, whatever the order of the rows."""
    place = np.ix_(_by_label(rows), _by_label(columns))
    network = _network(counts[place], signs[place], small[place])
    cells = [(int(row), int(column)) for row, column in np.argwhere(network.small)]
    orders: list[Callable[[Cell], Any]] = [
        lambda cell: cell,
        lambda cell: (cell[1], cell[0]),
        lambda cell: (-network.price[cell], cell),
    ]
    tried = [_chosen(network, sorted(cells, key=order)) for order in orders]
    best = min(tried, key=lambda hidden: float(network.price[hidden].sum()))
    found = np.zeros(counts.shape, dtype=np.bool_)
    found[place] = best[:, : len(columns)]
    return found


def _by_label(labels: list[Hashable]) -> list[int]:
    """Return the order of the labels as text, a total last."""
    return sorted(range(len(labels)), key=lambda at: (labels[at] == TOTAL, str(labels[at])))


def _network(counts: Counts, signs: Signs, small: Flags) -> Network:
    """Build the network of a table whose last row, and last column if it has two ways, are totals."""
    one_way = counts.shape[1] == 1
    if one_way:
        # The missing totals of rows: nobody can check against them, so counts move through them at will.
        counts, signs, small = (np.concatenate([each, each], axis=1) for each in (counts, signs, small))
        small[:, 1] = False
    free = np.zeros(counts.shape, dtype=np.bool_)
    free[:, -1] = one_way
    sign = np.ones(counts.shape, dtype=np.int64)
    sign[-1, :] *= -1
    sign[:, -1] *= -1
    adds_up = np.ones(counts.shape)
    adds_up[-1, :] *= counts.shape[0] - 1
    adds_up[:, -1] *= counts.shape[1] - 1
    price = np.where((counts > 0) & (signs == ""), adds_up * 10**6 + np.minimum(counts, 10**6 - 1), np.inf)
    price[free] = 0
    there = np.isfinite(price)
    larger = {"told": np.where(small, counts < SMALL, True), "untold": np.ones(counts.shape, dtype=np.bool_)}
    smaller = {"told": np.where(small, counts > 1, counts > SMALL + 1), "untold": counts > 1}
    moves = {
        who: tuple(
            free | (there & np.where(sign > 0, first, second))
            for first, second in ((larger[who], smaller[who]), (smaller[who], larger[who]))
        )
        for who in larger
    }
    return Network(small, price, free, moves["told"], moves["untold"])  # type: ignore[arg-type]


def _chosen(network: Network, cells: list[Cell]) -> Flags:
    """Hide a cheapest ring through each small cell in turn, then show again what turns out not to be needed."""
    hidden = network.small | network.free
    rings: dict[Cell, tuple[tuple[Flags, Flags], list[Cell]]] = {}
    for cell in cells:
        for moves in (network.told, network.untold):
            ring = _ring(cell, moves, np.where(hidden, 1.0, network.price))
            if ring is not None:
                rings[cell] = (moves, ring)
                break
        for other in rings[cell][1]:
            hidden[other] = True
    _show_again(network, hidden, rings)
    hidden[network.free] = False
    return hidden


def _show_again(
    network: Network, hidden: Flags, rings: dict[Cell, tuple[tuple[Flags, Flags], list[Cell]]]
) -> None:
    """Show hidden cells that are not small, the dearest first, while every small cell keeps a ring."""
    shown = True
    while shown:
        shown = False
        more = [tuple(map(int, cell)) for cell in np.argwhere(hidden & ~network.small & ~network.free)]
        for cell in sorted(more, key=lambda each: (-network.price[each], each)):
            hidden[cell] = False
            allowed = np.where(hidden, 1.0, np.inf)
            again = {
                other: (moves, _ring(other, moves, allowed))
                for other, (moves, ring) in rings.items()
                if cell in ring
            }
            if all(ring is not None for _, ring in again.values()):
                rings.update(again)  # type: ignore[arg-type]
                shown = True
            else:
                hidden[cell] = True


def _ring(cell: Cell, moves: tuple[Flags, Flags], price: Prices) -> list[Cell] | None:
    """Return the other cells of the cheapest ring through a cell, forward or backward, or None where there is none."""
    row, column = cell
    rows = price.shape[0]
    price = price.copy()
    price[cell] = np.inf
    onward, back = (np.where(move, price, np.inf) for move in moves)
    ends = [(rows + column, row), (row, rows + column)]
    found = [
        _path(start, end, onward, back) for (start, end), move in zip(ends, moves, strict=True) if move[cell]
    ]
    return min((each for each in found if each), key=lambda each: each[0], default=(0.0, None))[1]


def _path(start: int, end: int, onward: Prices, back: Prices) -> tuple[float, list[Cell]] | None:
    """Find the cheapest way between two nodes (rows, then columns) by Dijkstra's algorithm."""
    rows, columns = onward.shape
    cost, left = np.full(rows + columns, np.inf), np.full(rows + columns, np.inf)
    came = np.full(rows + columns, -1)
    cost[start] = left[start] = 0
    while np.isfinite(left).any():
        node = int(left.argmin())
        if node == end:
            return float(cost[end]), _steps(start, end, came, rows)
        left[node] = np.inf
        there = slice(rows, None) if node < rows else slice(rows)
        further = cost[node] + (onward[node] if node < rows else back[:, node - rows])
        better = further < cost[there]
        cost[there][better], left[there][better], came[there][better] = further[better], further[better], node
    return None


def _steps(start: int, end: int, came: npt.NDArray[np.int64], rows: int) -> list[Cell]:
    """Return the cells along a way, from the node that each node was reached from."""
    steps: list[Cell] = []
    while end != start:
        before = int(came[end])
        steps.append((min(before, end), max(before, end) - rows))
        end = before
    return steps


def _validate_safe(shown: pd.DataFrame, small: pd.DataFrame) -> list[str]:
    """Attack a table before it is given out; return a note on what no choice of cells can protect."""
    weak = _worked_back(shown, small)
    if not len(weak):
        return []
    broken = _worked_back(shown, None)
    if len(broken):
        msg = f"{len(broken)} hidden counts can be worked back, {_named(broken)}. Do not publish this table; please report this."
        raise RuntimeError(msg)
    return [COULD_BE_TOLD.format(sign=HIDDEN, small=SMALL, what=_named(weak))]


def _named(cells: pd.DataFrame) -> str:
    return "; ".join(
        ", ".join(str(label) for label in cell if label != "")
        for cell in cells[["row", "column"]].itertuples(index=False)
    )


def _sums(counts: Counts, hidden: Flags, column_totals: bool, row_totals: bool) -> tuple[Prices, Prices]:
    """Return the equations between hidden cells: one a row or column with a total, and what it must come to."""
    at = np.full(counts.shape, -1)
    at[hidden] = np.arange(hidden.sum())
    lines = [*zip(at.T, counts.T, strict=True)] if column_totals else []
    lines += [*zip(at, counts, strict=True)] if row_totals else []
    sums, totals = np.zeros((len(lines), int(hidden.sum()))), np.zeros(len(lines))
    for number, (cells, amounts) in enumerate(lines):
        sign = np.ones(len(cells))
        sign[-1] = -1
        sums[number, cells[cells >= 0]] = sign[cells >= 0]
        totals[number] = -(sign * amounts).sum()
    return sums, totals


def _ranges(lowest: Prices, highest: Prices, sums: Prices, totals: Prices) -> list[tuple[float, float]]:
    """Return the lowest and highest value of each hidden cell, by linear programmes that start where the last ended."""
    solver = _solver(lowest, highest, sums, totals)
    return [(extreme(solver, at)[0], extreme(solver, at, highest=True)[0]) for at in range(len(lowest))]


def _solver(lowest: Prices, highest: Prices, sums: Prices, totals: Prices) -> Any:
    from highspy import Highs

    solver = Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.addVars(len(lowest), lowest.astype(float), highest.astype(float))
    for line, total in zip(sums, totals, strict=True):
        cells = np.flatnonzero(line).astype(np.int32)
        solver.addRow(total, total, len(cells), cells, line[cells])
    return solver


def extreme(solver: Any, cell: int, *, highest: bool = False) -> tuple[float, list[float] | None]:
    """Return the lowest or highest value of a hidden cell, and all values of the answer found.

    Parameters
    ----------
    solver : HiGHS with one unknown a hidden cell, and all that a reader knows of them.

    Returns
    -------
    A whole number, and the values; minus or plus infinity, and None, where nothing bounds it.

    Raises
    ------
    ValueError
        No counts agree with what the reader knows.
    RuntimeError
        The solver came to no end, so nothing is known to be safe.
    """
    from highspy import HighsModelStatus, ObjSense

    solver.changeColCost(cell, 1.0)
    solver.changeObjectiveSense(ObjSense.kMaximize if highest else ObjSense.kMinimize)
    solver.run()
    status, value = solver.getModelStatus(), solver.getObjectiveValue()
    solver.changeColCost(cell, 0.0)
    if status == HighsModelStatus.kInfeasible:
        msg = "No table of counts agrees with the numbers and totals shown. Check that all is as it was published."
        raise ValueError(msg)
    if status in (HighsModelStatus.kUnbounded, HighsModelStatus.kUnboundedOrInfeasible):
        return (np.inf if highest else -np.inf), None
    if status != HighsModelStatus.kOptimal:
        msg = f"It could not be told what a reader can work back: HiGHS ended with {status.name}. Do not publish this; please report it."
        raise RuntimeError(msg)
    return float(floor(value + CLOSE) if highest else ceil(value - CLOSE)), list(
        solver.getSolution().col_value
    )


def single_valued(solver: Any, cells: int) -> list[int]:
    """Return the hidden cells that can have only one value, by number.

    Two answers in which a cell differs show that it can have more than one, whichever cell they were found for, so most
    cells need no answer of their own.
    """
    weak, least, most = [], np.full(cells, np.inf), np.full(cells, -np.inf)
    for cell in range(cells):
        # Counts are whole: answers nearer than this are one answer, told by the solver a little differently.
        if most[cell] - least[cell] > 0.5:
            continue
        ends = [extreme(solver, cell, highest=highest) for highest in (False, True)]
        for _, values in ends:
            if values is not None:
                least, most = np.minimum(least, values), np.maximum(most, values)
        if ends[0][0] == ends[1][0]:
            weak.append(cell)
    return weak
