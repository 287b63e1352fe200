"""Solve maximal covering as an integer programme, and prove how good the answer is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from geo.coverage import Task

Ints = npt.NDArray[np.int64]
Rows = list[tuple[Any, Any, Any]]

# The solver works in floating point; concern is counted in whole numbers.
ROUNDING = 1e-6
WHOLE = 1 - ROUNDING
FLOOR_SECONDS = 10.0
# How HiGHS says that it holds a solution that keeps all rows.
FEASIBLE = 2
# Into how many visits a floor is divided when it is said in whole visits.
PARTS = (1, 2, 3, 4)
INFEASIBLE = (
    "No plan keeps all rules: visits in all {visits}, places that must be visited {must}{kinds}, {floors}. "
    "Lower the floor, take places off the list of those that must be visited, or give more teams, days or slots."
)
NOT_YET = "No plan that keeps all rules was found in {seconds:g} seconds. Give more time, or lower the floor."


@dataclass(frozen=True)
class Answer:
    """The visits chosen, and what no plan can exceed."""

    visits: tuple[int, ...]
    bound: int


def solve(task: Task, *, time_limit: float) -> Answer:
    """Choose the visits that reach the most concern.

        maximise sum(weight_i y_i)
        y_i <= sum of x over the visits that reach i          (concern counts once, and only if reached)
        sum of x over the visits of a slot <= its teams
        sum of x over the visits to a place on a day <= 1     (where each place is visited once a day)
        sum of x over the visits to a place >= 1              (for each that must be visited)
        z_p <= sum of x over the visits to place p; sum of z over the places of a kind >= its least number
        sum(weight_i y_i) over a ward >= its floor, and visits to it that reach something likewise
        x 0 or 1, y and z between 0 and 1

    The search starts from a plan of `geo.swaps`, where that keeps all rules. Floors are said a second time by `_few_visits`,
    without which it is long before they are known to cost anything.

    Visits that reach nothing are left out; so, where a place may be visited in every slot and no visits are promised
    to wards, is a visit all of whose concern another one of the same slot reaches too: the other can take its place
    in any plan.

    Raises
    ------
    ValueError
        No plan keeps all rules, or none was found in time.
    """
    visits = _candidates(task)
    if not len(visits):
        return Answer((), 0)
    begun = monotonic()
    start = _start(task, visits)
    left = max(time_limit - (monotonic() - begun), 0.0)
    status, chosen, bound = _highs(task, visits, _rules(task, visits), left, start)
    if status == "infeasible":
        raise ValueError(_infeasible(task, visits))
    if chosen is None and start is None:
        return _without_answer(task, bound, time_limit)
    found = None if chosen is None else tuple(int(visits[at]) for at in chosen)
    # Where the time was up before the solver took the start in, it may hold a worse plan than that.
    plans = [plan for plan in (found, start) if plan is not None]
    best = max(plans, key=lambda plan: int(task.weights @ task.reached_by(plan)))
    return Answer(_needed(task, list(best)), bound)


def floors(task: Task) -> dict[str, tuple[int, int]]:
    """Return what each ward with concern within reach is promised: concern reached, and visits.

    What a ward could get is the most that could be reached of its concern if the teams thought of nothing else.
    """
    rules = task.rules
    if not rules.floor_share and not rules.floor_visits:
        return {}
    promised = {}
    alone = task.alone
    place_ward = np.tile(task.places["ward_code"].to_numpy(), len(task.slots))
    for ward in sorted({*task.demand["ward_code"]} - {""}):
        most = _most(task, ward) if rules.floor_share else 0
        there = int(((place_ward == ward) & (alone > 0) & task.allowed).sum())
        promised[ward] = (ceil(rules.floor_share * most - ROUNDING), min(rules.floor_visits, there))
    return promised


def _most(task: Task, ward: str) -> int:
    """Return the most of one ward's concern that the teams could reach if they thought of nothing else."""
    from geo.coverage import Rules

    rows = np.flatnonzero(task.demand["ward_code"] == ward)
    rules = Rules(once_a_day=task.rules.once_a_day, must_not=task.rules.must_not)
    part = replace(
        task, rules=rules, demand=task.demand.iloc[rows].reset_index(drop=True), reaches=task.reaches[:, rows]
    )
    found = solve(part, time_limit=FLOOR_SECONDS)
    return int(part.weights[part.reached_by(found.visits)].sum())


def _candidates(task: Task) -> Ints:
    """Return the visits worth considering: those that reach something, and those to places that must be visited."""
    listed = task.places["place_id"].isin(task.rules.must).to_numpy(dtype=bool)
    must = np.tile(listed | task.targets, len(task.slots))
    wanted = ((np.diff(task.reaches.indptr) > 0) | must) & task.allowed
    one_slot = int(task.slots["slot"].max()) == 1
    if (one_slot or not task.rules.once_a_day) and not task.rules.floor_visits:
        wanted &= ~_dominated(task, wanted) | must
    return np.flatnonzero(wanted)


def _dominated(task: Task, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Tell which visits reach nothing that another of the same slot does not reach; of equals the first stays."""
    dominated = np.zeros(len(wanted), dtype=np.bool_)
    count = len(task.places)
    for slot in range(len(task.slots)):
        rows = slot * count + np.flatnonzero(wanted[slot * count : (slot + 1) * count])
        here = task.reaches[rows]
        size = np.diff(here.indptr)
        shared = (here @ here.T).tocoo()
        inside = (shared.data == size[shared.row]) & (shared.row != shared.col)
        smaller = size[shared.row] < size[shared.col]
        later = (size[shared.row] == size[shared.col]) & (shared.row > shared.col)
        dominated[rows[shared.row[inside & (smaller | later)]]] = True
    return dominated


def _rules(task: Task, visits: Ints) -> Rows:
    """Return the rows of the programme: coefficients of x and y, and the least and most they may add up to."""
    from scipy.sparse import csr_array, hstack

    count, demand = len(task.places), len(task.demand)
    slot, place = np.divmod(visits, count)
    reaches = task.reaches[visits]
    none = np.inf

    def chosen(group: Ints, groups: int) -> Any:
        ones = np.ones(len(group))
        at = (group, np.arange(len(group)))
        return hstack([csr_array((ones, at), shape=(groups, len(group))), csr_array((groups, demand))])

    from scipy.sparse import eye_array

    rows: Rows = [(hstack([-reaches.T, eye_array(demand)]), -none, 0.0)]
    teams = task.slots["teams"].to_numpy(dtype=np.float64)
    rows.append((chosen(slot, len(teams)), -none, teams))
    if task.rules.once_a_day and int(task.slots["slot"].max()) > 1:
        day = np.unique(task.slots["day"].to_numpy(), return_inverse=True)[1]
        keys, group = np.unique(day[slot] * count + place, return_inverse=True)
        rows.append((chosen(group, len(keys)), -none, 1.0))
    must = np.flatnonzero(task.places["place_id"].isin(task.rules.must))
    if len(must):
        rows.append((chosen(place, count).tocsr()[must], 1.0, none))
    floors = _floor_rows(task, visits) + _few_visits(task, visits)
    return rows + floors + _target_rows(task, chosen(place, count).tocsr())


def _target_rows(task: Task, visited: Any) -> Rows:
    """Return the rows that ask for different places of some kinds; `visited` adds up the visits to each place."""
    from scipy.sparse import csr_array, eye_array, hstack

    rows: Rows = []
    before = 0
    for kind, least in task.rules.at_least:
        at = np.flatnonzero(task.places["kind"] == kind)
        if not least or not len(at):
            continue
        # One more unknown a place: whether it is visited at all. It may be a fraction, as visits are whole.
        apart = csr_array((len(at), before))
        rows.append((hstack([-visited[at], apart, eye_array(len(at))]), -np.inf, 0.0))
        none = csr_array((1, visited.shape[1] + before))
        rows.append((hstack([none, csr_array(np.ones((1, len(at))))]), float(least), np.inf))
        before += len(at)
    return rows


def _as_wide(rows: Rows, columns: int) -> Rows:
    """Give rows that know fewer of the unknowns than there are zeros for the rest."""
    from scipy.sparse import csr_array, hstack

    return [
        (hstack([matrix, csr_array((matrix.shape[0], columns - matrix.shape[1]))]), least, most)
        for matrix, least, most in rows
    ]


def _floor_rows(task: Task, visits: Ints) -> Rows:
    from scipy.sparse import csr_array

    promised = task.floors
    if not promised:
        return []
    useful = task.alone[visits] > 0
    standing = task.places["ward_code"].to_numpy()[visits % len(task.places)]
    demand = task.demand["ward_code"].to_numpy()
    reach = [np.concatenate([np.zeros(len(visits)), task.weights * (demand == ward)]) for ward in promised]
    visit = [np.concatenate([(standing == ward) & useful, np.zeros(len(demand))]) for ward in promised]
    least = np.array([*promised.values()], dtype=np.float64)
    return [
        (csr_array(np.array(reach)), least[:, 0], np.inf),
        (csr_array(np.array(visit)), least[:, 1], np.inf),
    ]


def _few_visits(task: Task, visits: Ints) -> Rows:
    """Return rows that say floors in whole visits: where none reaches enough alone, two are needed, and so on.

    With a(v) what visit v reaches of a ward, every plan that keeps the floor f has sum(min(a(v), f) x(v)) >= f. Divided by
    any d, with everything rounded up, that still holds, since x is whole (Chvatal 1973, Discrete Mathematics 4, 305-337).
    """
    from scipy.sparse import csr_array

    demand = task.demand["ward_code"].to_numpy()
    found: dict[tuple[bytes, int], Ints] = {}
    for ward, (least, _) in task.floors.items():
        if not least:
            continue
        reach = np.minimum(task.reaches[visits] @ (task.weights * (demand == ward)), least)
        for divisor in {*(-(-least // part) for part in PARTS), *((least - 1) // part for part in PARTS)} - {
            0
        }:
            row = -(-reach // divisor)
            found[row.tobytes(), -(-least // divisor)] = row
    if not found:
        return []
    ordered = sorted(found)
    matrix = csr_array(np.array([found[key] for key in ordered], dtype=np.float64))
    return [(matrix, np.array([least for _, least in ordered], dtype=np.float64), np.inf)]


def _start(task: Task, visits: Ints) -> tuple[int, ...] | None:
    """Return a plan that keeps all rules to start from, None where none was found by swaps."""
    from geo.plans import broken_rules
    from geo.swaps import swapped_plan

    found = swapped_plan(task, among=visits)
    return None if broken_rules(task, found) else found


def _highs(
    task: Task, visits: Ints, rows: Rows, time_limit: float, start: tuple[int, ...] | None = None
) -> tuple[str, Ints | None, int]:
    """Hand the programme to HiGHS: how it ended, which visits it chose, and what no plan can exceed."""
    from highspy import Highs, HighsModelStatus, HighsSolution

    solver = Highs()  # type: ignore[no-untyped-call]
    # Concern is counted in whole numbers, so a plan within less than 1 of the bound is a best one.
    options = {
        "output_flag": False,
        "threads": 1,
        "time_limit": time_limit,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": WHOLE,
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    model = _model(task, visits, rows)
    solver.passModel(model)
    if start is not None:
        solution = HighsSolution()
        solution.col_value = _filled(task, visits, start, model.num_col_)
        solver.setSolution(solution)
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    if status in (HighsModelStatus.kInfeasible, HighsModelStatus.kUnboundedOrInfeasible):
        return "infeasible", None, 0
    proven, bound = info.mip_dual_bound, task.within_reach
    if np.isfinite(proven):
        bound = min(bound, floor(proven + ROUNDING * max(1.0, proven)))
    chosen = None
    if info.primal_solution_status == FEASIBLE:
        chosen = np.flatnonzero(np.array(solver.getSolution().col_value[: len(visits)]) > 0.5)
    return "solved" if status == HighsModelStatus.kOptimal else "stopped", chosen, bound


def _model(task: Task, visits: Ints, rows: Rows) -> Any:
    """Write the programme as HiGHS reads it: x, y and z in this order."""
    from highspy import HighsLp, HighsVarType, MatrixFormat, ObjSense
    from scipy.sparse import vstack

    wide = max(matrix.shape[1] for matrix, _, _ in rows)
    rows = _as_wide(rows, wide)
    matrix = vstack([part for part, _, _ in rows]).tocsr()
    most = wide - len(visits) - len(task.demand)
    model = HighsLp()
    model.sense_ = ObjSense.kMaximize
    model.num_col_, model.num_row_ = wide, matrix.shape[0]
    model.col_cost_ = np.concatenate([np.zeros(len(visits)), task.weights, np.zeros(most)])
    model.col_lower_, model.col_upper_ = np.zeros(wide), np.ones(wide)
    model.row_lower_ = np.concatenate([np.broadcast_to(low, part.shape[0]) for part, low, _ in rows])
    model.row_upper_ = np.concatenate([np.broadcast_to(high, part.shape[0]) for part, _, high in rows])
    model.a_matrix_.format_ = MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data.astype(np.float64)
    whole, part = HighsVarType.kInteger, HighsVarType.kContinuous
    model.integrality_ = [whole] * len(visits) + [part] * (wide - len(visits))
    return model


def _filled(task: Task, visits: Ints, start: tuple[int, ...], wide: int) -> npt.NDArray[np.float64]:
    """Write a plan as values of x, y and z."""
    values = np.zeros(wide)
    values[: len(visits)] = np.isin(visits, start)
    values[len(visits) : len(visits) + len(task.demand)] = task.reached_by(start)
    place = np.asarray(start, dtype=np.int64) % max(len(task.places), 1)
    kinds = [
        np.isin(np.flatnonzero(task.places["kind"] == kind), place)
        for kind, least in task.rules.at_least
        if least
    ]
    values[len(visits) + len(task.demand) :] = np.concatenate([*kinds, np.empty(0)])
    return values


def _without_answer(task: Task, bound: int, time_limit: float) -> Answer:
    """Fall back on choosing one visit after the other, where that keeps the rules."""
    from geo.plans import broken_rules, greedy_plan

    spare = greedy_plan(task)
    if broken_rules(task, spare.visits):
        raise ValueError(NOT_YET.format(seconds=time_limit))
    return Answer(spare.visits, bound)


def _needed(task: Task, visits: list[int]) -> tuple[int, ...]:
    """Take out visits that add nothing and that no rule asks for: that team is free."""
    from geo.plans import broken_rules

    kept = sorted(visits)
    # How many of the kept visits reach each row of demand.
    held = np.asarray(task.reaches[kept].sum(axis=0)).ravel()
    for at in sorted(visits, reverse=True):
        here = task.reached_by([at])
        rest = [each for each in kept if each != at]
        if (held[here] > 1).all() and not broken_rules(task, rest):
            kept, held = rest, held - here
    return tuple(kept)


def _highest_floor(task: Task, visits: Ints) -> tuple[int, bool]:
    """Return the highest floor, in whole per cent, that some plan gives every ward, all other rules kept.

    With whether it is known that none is higher.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, hstack

    # The share is one more unknown, beside x and y; what a ward gets is at least so much of its most.
    whole = replace(task, rules=replace(task.rules, floor_share=1.0))
    others = replace(task, rules=replace(task.rules, floor_share=0.0))
    (reach, most, _), *_ = _floor_rows(whole, visits)
    kept = _rules(others, visits)
    size = max(matrix.shape[1] for matrix, _, _ in kept)
    rows = _as_wide(kept, size + 1)
    ((reach, _, _),) = _as_wide([(reach, 0.0, 0.0)], size)
    rows.append((hstack([reach, csr_array(-most[:, None])]), 0.0, np.inf))
    found = milp(
        np.concatenate([np.zeros(size), [-1.0]]),
        integrality=np.concatenate([np.ones(len(visits)), np.zeros(size + 1 - len(visits))]),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(matrix.tocsc(), least, top) for matrix, least, top in rows],
        options={"time_limit": FLOOR_SECONDS},
    )
    return 0 if found.x is None else floor(100 * found.x[-1] + ROUNDING), found.status == 0


def _infeasible(task: Task, visits: Ints) -> str:
    rules = task.rules
    asked = []
    if rules.floor_share:
        highest, proven = _highest_floor(task, visits)
        possible = (
            f"at most {highest}% is possible"
            if proven
            else f"{highest}% was found to be possible, a little more may be"
        )
        asked.append(f"{rules.floor_share:.0%} of what it could get for each ward ({possible})")
    if rules.floor_visits:
        asked.append(f"visits for each ward {rules.floor_visits}")
    kinds = "".join(f", at least {least} of the kind {kind}" for kind, least in rules.at_least if least)
    return INFEASIBLE.format(
        visits=int(task.slots["teams"].sum()),
        must=len(rules.must),
        kinds=kinds,
        floors=" and ".join(asked) or "no floor",
    )
