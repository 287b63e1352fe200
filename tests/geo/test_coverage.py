"""Plans of a week of action: against every plan there is, in small cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import covering
from geo.coverage import Rules, Task, Visit, build_slots, build_task, walking_reach
from geo.plans import (
    PLAN,
    best_plan,
    broken_rules,
    build_plan,
    change_plan,
    greedy_plan,
    plan_table,
    random_plan,
    ward_coverage,
)

MONDAY = date(2025, 6, 2)
TUESDAY = date(2025, 6, 3)


def places(*rows: tuple[str, float, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [(at, "school" if at in "AD" else "park", f"The {at}", east, 0.0, ward) for at, east, ward in rows],
        columns=["place_id", "kind", "name", "easting", "northing", "ward_code"],
    )


def concern(*rows: tuple[float, int, int, int, str]) -> pd.DataFrame:
    """Rows of easting, weekday, hour, weight and ward."""
    frame = pd.DataFrame([*rows], columns=["easting", "weekday", "hour", "weight", "ward_code"])
    return frame.assign(northing=0.0)


LINE = places(("A", 0, "W1"), ("B", 500, "W1"), ("C", 1000, "W2"), ("D", 5000, "W3"))
# Greedy takes B first, which then leaves A and C with less than they would have without it.
SPREAD = concern(
    (-300, 0, 20, 4, "W1"), (250, 0, 20, 3, "W1"), (750, 0, 20, 3, "W2"), (1300, 0, 20, 4, "W2"), (5000, 0, 20, 1, "W3")
)  # fmt: skip


def line(*, days: int = 1, teams: int = 2, slots: int = 1, reach: float = 300, **rules: Any) -> Task:
    when = build_slots(MONDAY, days, teams=teams, slots=slots, hours=(16, 24))
    return build_task(LINE, SPREAD, when, reach=reach, rules=Rules(**rules))


def visited(task: Task, visits: tuple[int, ...]) -> list[tuple[str, int, str]]:
    return [(f"{v.day:%a}", v.slot, v.place_id) for v in map(task.visit, visits)]


def best_of_all(spots: list[Any], slots: pd.DataFrame, rules: Rules, reach: float) -> int | None:
    """The most that any plan reaches, by looking at every one in plain Python; None where none keeps the rules."""
    where = {place: (east, ward) for place, east, ward in LINE[["place_id", "easting", "ward_code"]].values}
    when = [tuple(row) for row in slots[["day", "weekday", "starts", "ends", "teams"]].values]
    reaches = {
        (at, place): {
            i
            for i, (spot, weekday, hour, _, _) in enumerate(spots)
            if abs(spot - east) <= reach and weekday == when[at][1] and when[at][2] <= hour < when[at][3]
        }
        for at in range(len(when))
        for place, (east, _) in where.items()
        if place not in rules.must_not
    }

    def allowed(visits: tuple[tuple[int, str], ...]) -> bool:
        busy = all(sum(at == slot for slot, _ in visits) <= when[at][4] for at in range(len(when)))
        days = [(when[at][0], place) for at, place in visits]
        return busy and (not rules.once_a_day or len(days) == len({*days}))

    plans = [
        (visits, {i for each in visits for i in reaches[each]})
        for count in range(sum(row[4] for row in when) + 1)
        for visits in combinations(reaches, count)
        if allowed(visits)
    ]
    wards = {spots[i][4] for met in reaches.values() for i in met}

    def weight(met: set[int], ward: str | None = None) -> int:
        return sum(spots[i][3] for i in met if ward in (None, spots[i][4]))

    most = {ward: max(weight(met, ward) for _, met in plans) for ward in wards}
    useful = {
        ward: [v for v, met in reaches.items() if weight(met) and where[v[1]][1] == ward] for ward in wards
    }

    def kept(visits: tuple[tuple[int, str], ...], met: set[int]) -> bool:
        return (
            {*rules.must} <= {place for _, place in visits}
            and all(len({at for _, at in visits if at in "AD"}) >= least for _, least in rules.at_least)
            and all(weight(met, ward) >= rules.floor_share * most[ward] for ward in wards)
            and all(
                len({*visits} & {*useful[ward]}) >= min(rules.floor_visits, len(useful[ward]))
                for ward in wards
            )
        )

    return max((weight(met) for visits, met in plans if kept(visits, met)), default=None)


def test_the_best_plan_is_better_than_one_visit_after_the_other() -> None:
    task = line()
    best, greedy = best_plan(task), greedy_plan(task)
    assert (visited(task, best.visits), best.reached, best.bound, best.optimal, best.gap) == (
        [("Mon", 1, "A"), ("Mon", 1, "C")],
        14,
        14,
        True,
        0,
    )
    assert (task.total, task.within_reach, greedy.reached) == (15, 15, 14)
    assert random_plan(task, seed=1).visits == random_plan(task, seed=1).visits


def test_greedy_can_be_worse() -> None:
    more = concern(
        (-300, 0, 20, 4, "W1"), (250, 0, 20, 4, "W1"), (750, 0, 20, 4, "W2"), (1300, 0, 20, 4, "W2"), (500, 0, 20, 1, "W1")
    )  # fmt: skip
    task = build_task(LINE, more, build_slots(MONDAY, 1, teams=2, slots=1, hours=(16, 24)), reach=300)
    assert (best_plan(task).reached, greedy_plan(task).reached) == (16, 13)


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_no_plan_of_all_there_are_is_better(data: st.DataObject) -> None:
    draw = data.draw
    spots = st.tuples(
        st.integers(0, 12).map(lambda at: at * 100.0), st.integers(0, 1), st.sampled_from([17, 21]),
        st.integers(0, 5), st.sampled_from(["W1", "W2", "W3"]),
    )  # fmt: skip
    rows = draw(st.lists(spots, min_size=1, max_size=12))
    rules = Rules(
        once_a_day=draw(st.booleans()),
        must=tuple(draw(st.sets(st.sampled_from("AD"), max_size=1))),
        must_not=tuple(draw(st.sets(st.sampled_from("BC"), max_size=1))),
        floor_share=draw(st.sampled_from([0.0, 0.0, 0.5, 1.0])),
        floor_visits=draw(st.sampled_from([0, 0, 1])),
        at_least=draw(st.sampled_from([(), (("school", 1),), (("school", 2),)])),
    )
    slots = build_slots(
        MONDAY, draw(st.integers(1, 2)), teams=draw(st.integers(1, 2)), slots=2, hours=(16, 24)
    )
    slots = slots.iloc[:3]
    task = build_task(
        LINE, concern(*rows), slots, reach=draw(st.sampled_from([150.0, 300.0, 600.0])), rules=rules
    )
    most = best_of_all(rows, slots, rules, task.reach)
    if most is None:
        with pytest.raises(ValueError, match="No plan keeps all rules"):
            best_plan(task)
        return
    plan = best_plan(task)
    assert (plan.reached, plan.bound, plan.optimal) == (most, most, True)
    assert broken_rules(task, plan.visits) == ()


def test_what_must_and_must_not_be_visited() -> None:
    task = line(must=("D",), must_not=("A",))
    plan = best_plan(task)
    assert visited(task, plan.visits) == [("Mon", 1, "C"), ("Mon", 1, "D")]
    assert plan.reached == 8
    assert broken_rules(task, best_plan(line()).visits) == (
        "D must be visited and is not.",
        "A must not be visited and is.",
    )


def test_schools_are_among_the_places_when_they_are_asked_for() -> None:
    task = line(at_least=(("school", 2), ("park", 1)), teams=3)
    assert [at for _, _, at in visited(task, best_plan(task).visits)] == ["A", "C", "D"]
    assert broken_rules(task, (0, 1)) == (
        "1 different places of the kind school are visited; at least 2 must be.",
    )
    # Nothing is recorded near D on a Tuesday: it is visited because a school is asked for.
    slots = build_slots(TUESDAY, 1, teams=1, slots=1, hours=(16, 24))
    quiet = build_task(
        LINE, SPREAD, slots, reach=300, rules=Rules(at_least=(("school", 1),), must_not=("A",))
    )
    assert visited(quiet, best_plan(quiet).visits) == [("Tue", 1, "D")]
    with pytest.raises(
        ValueError, match="visits in all 2, places that must be visited 0, at least 1 of the kind"
    ):
        best_plan(line(at_least=(("school", 1),), floor_share=1.0, must_not=("A",)))
    with pytest.raises(ValueError, match="3 places of the kind school must be visited, but only 2 can be"):
        line(at_least=(("school", 3),))


def test_walking_time_allows_for_the_way_along_streets() -> None:
    assert walking_reach(6.5) == pytest.approx(400)
    assert walking_reach(5, detour=1) == 400
    with pytest.raises(ValueError, match=r"A walk of 0 minutes with a detour of 1\.3 cannot be"):
        walking_reach(0)


def test_200_places_in_manchesters_32_wards_are_solved_to_the_proven_best(town: Callable[..., Any]) -> None:
    """An independent programme, written out for HiGHS without any of the shortcuts, reaches the same."""
    sites, recorded = town(200, 0)
    assert recorded["ward_code"].nunique() == 32
    task = build_task(sites, recorded, build_slots(MONDAY, 5, teams=4, slots=1))
    plan = best_plan(task)
    assert plan.optimal
    assert plan.reached == plain_optimum(sites, recorded, days=5, teams=4)
    assert greedy_plan(task).reached <= plan.reached


def plain_optimum(sites: pd.DataFrame, recorded: pd.DataFrame, *, days: int, teams: int) -> int:
    """Maximal covering, one slot from 8 to 24 a day, each day by itself: a weekday's records are reached on that day."""
    import highspy

    at = sites[["easting", "northing"]].to_numpy()
    total = 0
    for day in range(days):
        spots = recorded[recorded["weekday"] == day]
        spots = spots.groupby(["easting", "northing"], as_index=False)["weight"].sum()
        model = highspy.Highs()
        model.setOptionValue("output_flag", False)
        model.setOptionValue("mip_rel_gap", 0.0)
        chosen = [model.addBinary() for _ in at]
        model.addConstr(sum(chosen[1:], chosen[0]) <= teams)
        met = []
        for east, north, weight in spots.itertuples(index=False):
            near = np.flatnonzero(np.hypot(at[:, 0] - east, at[:, 1] - north) <= 400)
            if len(near):
                one = model.addVariable(0, 1)
                model.addConstr(one <= sum((chosen[p] for p in near[1:]), chosen[near[0]]))
                met.append(int(weight) * one)
        model.maximize(sum(met[1:], met[0]))
        total += round(model.getObjectiveValue())
    return total


def test_a_floor_gives_every_ward_its_share() -> None:
    floor = line(floor_share=1.0, teams=3)
    assert floor.floors == {"W1": (7, 0), "W2": (7, 0), "W3": (1, 0)}
    assert [at for _, _, at in visited(floor, best_plan(floor).visits)] == ["A", "C", "D"]
    visits = line(floor_visits=1)
    with pytest.raises(
        ValueError, match="visits in all 2, places that must be visited 0, visits for each ward 1"
    ):
        best_plan(visits)
    with pytest.raises(
        ValueError, match=r"100% of what it could get for each ward \(at most 42% is possible\)"
    ):
        best_plan(line(floor_share=1.0, teams=2, must_not=("A",), must=("D",)))
    assert broken_rules(visits, (0, 2)) == ("W3 gets 0 visits; its floor is 1.",)
    assert broken_rules(line(floor_share=0.5), (0, 1)) == (
        "W2 gets 3 of its concern reached; its floor is 4.",
        "W3 gets 0 of its concern reached; its floor is 1.",
    )


def test_the_order_of_rows_changes_nothing() -> None:
    when = build_slots(MONDAY, 2, teams=2, slots=2, hours=(16, 24))
    one = build_task(LINE, SPREAD, when, reach=300)
    other = build_task(LINE[::-1], SPREAD.sample(frac=1, random_state=3), when, reach=300)
    tables = [plan_table(task, best_plan(task)) for task in (one, other)]
    pd.testing.assert_frame_equal(*tables)


def test_the_table_goes_day_by_day() -> None:
    table = plan_table(line(), best_plan(line()))
    assert tuple(table.columns) == PLAN
    assert table.drop(columns=["place_name", "kind", "easting", "northing"]).values.tolist() == [
        [MONDAY, "Monday", 1, "16:00", "24:00", 1, "A", "W1", 7, 7, "7 recorded within 300 m on Mondays 16:00 to 24:00."],
        [MONDAY, "Monday", 1, "16:00", "24:00", 2, "C", "W2", 7, 7, "7 recorded within 300 m on Mondays 16:00 to 24:00."],
    ]  # fmt: skip
    both = plan_table(line(), build_plan(line(), [0, 1]))
    assert both["concern_added"].tolist() == [7, 3]
    assert both["reason"][1] == (
        "6 recorded within 300 m on Mondays 16:00 to 24:00, 3 of them not reached by a visit above."
    )


def test_concern_counts_only_on_its_weekday_and_in_its_hours() -> None:
    late = concern((0, 1, 1, 5, "W1"), (0, 0, 15, 3, "W1"))
    evening = build_slots(MONDAY, 1, slots=1, hours=(18, 26))
    # 1:00 on Tuesday belongs to Monday's evening; 15:00 on Monday to no slot.
    task = build_task(LINE, late, evening, reach=300)
    assert (task.total, task.within_reach, best_plan(task).reached) == (8, 5, 5)
    assert ward_coverage(task, best_plan(task).visits).values.tolist() == [["W1", 8, 5, 5, 0.625, 1]]
    assert plan_table(task, best_plan(task))["ends"].tolist() == ["02:00"]


def test_any_day_takes_the_hours_of_all_weekdays_and_counts_once() -> None:
    rows = concern((0, 2, 20, 5, "W1"), (0, 6, 1, 1, "W1"), (0, 3, 9, 3, "W1"), (1000, 4, 23, 2, "W2"))
    task = build_task(LINE, rows, build_slots(MONDAY, 3, slots=1, hours=(18, 26)), reach=300, any_day=True)
    table = plan_table(task, best_plan(task))
    assert table[["place_id", "concern_added"]].sort_values("place_id").values.tolist() == [
        ["A", 6],
        ["C", 2],
    ]
    assert table["reason"].iloc[0].endswith("recorded within 300 m on any day 18:00 to 02:00.")


def test_the_same_weekday_twice_counts_once() -> None:
    task = build_task(LINE, SPREAD, build_slots(MONDAY, 8, slots=1, hours=(16, 24)), reach=300)
    assert visited(task, best_plan(task).visits) == [("Mon", 1, "A"), ("Mon", 1, "C")]


def test_a_change_by_hand_and_what_it_costs() -> None:
    task = line()
    plan = best_plan(task)
    swap = change_plan(task, plan, remove=[Visit(MONDAY, 1, "A")], add=[Visit(MONDAY, 1, "D")])
    assert (swap.reached, swap.difference, swap.loss, swap.broken) == (8, -6, 6, ())
    assert swap.wards["reached"].tolist() == [0, 7, 1]
    more = change_plan(task, plan, add=[Visit(MONDAY, 1, "B")])
    assert (more.reached, more.loss, more.broken) == (
        14,
        0,
        ("2025-06-02, slot 1, has 3 visits for 2 teams.",),
    )
    with pytest.raises(ValueError, match="The visit to D on 2025-06-02, slot 1, is not in the plan"):
        change_plan(task, plan, remove=[Visit(MONDAY, 1, "D")])
    with pytest.raises(ValueError, match="The plan has no slot 1 on 2025-06-03"):
        change_plan(task, plan, add=[Visit(TUESDAY, 1, "D")])
    with pytest.raises(ValueError, match="There is no place Z among the 4"):
        change_plan(task, plan, add=[Visit(MONDAY, 1, "Z")])


def test_stopped_early_the_bound_still_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    task = line()
    # As HiGHS says it when time is up before anything was found.
    monkeypatch.setattr(covering, "_highs", lambda *_: ("stopped", None, 15))
    plan = best_plan(task)
    assert (plan.reached, plan.bound, plan.gap, plan.optimal) == (14, 15, 1, False)
    kept = line(must=("D",), floor_visits=1, teams=3)
    assert best_plan(line(must=("D",))).reached == 8
    monkeypatch.setattr(covering, "greedy_plan", None, raising=False)
    with pytest.raises(ValueError, match="No plan that keeps all rules was found in 60 seconds"):
        best_plan(build_task(LINE, SPREAD, kept.slots.iloc[:1].assign(teams=1), reach=300, rules=kept.rules))


def test_with_hardly_any_time_the_bound_is_not_below_the_best() -> None:
    draw = np.random.default_rng(5)
    sites = places(*[(f"P{at:02}", float(draw.integers(0, 9_000)), "W1") for at in range(60)])
    rows = [
        (float(draw.integers(0, 9_000)), int(draw.integers(0, 5)), int(draw.integers(8, 24)), 1, "W1")
        for _ in range(600)
    ]
    task = build_task(sites, concern(*rows), build_slots(MONDAY, 5, teams=3), reach=400)
    best, hurried = best_plan(task), best_plan(task, time_limit=1e-6)
    assert best.optimal
    assert greedy_plan(task).reached <= hurried.reached <= best.reached <= hurried.bound <= task.within_reach


def test_what_cannot_be_is_said_at_once() -> None:
    with pytest.raises(ValueError, match=r"days is 0; give at least 1\. slots is 9, but 16 to 24 has only 8"):
        build_slots(MONDAY, 0, slots=9, hours=(16, 24))
    wrong = Rules(must=("A", "Z"), must_not=("A",), floor_share=2)
    with pytest.raises(
        ValueError,
        match=r"reach is 0;.*floor_share is 2;.*Z must be visited but is no.*A must be visited and must not",
    ):
        build_task(LINE, SPREAD, build_slots(MONDAY, 1), reach=0, rules=wrong)


def test_nothing_to_reach_gives_an_empty_plan() -> None:
    task = build_task(LINE, concern(), build_slots(MONDAY, 1), reach=300)
    plan = best_plan(task)
    assert (plan.visits, plan.reached, plan.optimal) == ((), 0, True)
    assert tuple(plan_table(task, plan).columns) == PLAN
    assert ward_coverage(task, plan.visits).empty
