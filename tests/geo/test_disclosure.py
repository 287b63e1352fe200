from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from highspy import Highs
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.disclosure import attack, extreme, hide_beside, percentage, single_valued, suppress

pytestmark = pytest.mark.filterwarnings("error")

Counts = list[list[int]]


def table(rows: Counts) -> pd.DataFrame:
    names = [f"ward {at}" for at in range(len(rows))]
    return pd.DataFrame(rows, index=names, columns=list("abcdefgh")[: len(rows[0])])


def lines(found: pd.DataFrame) -> list[str]:
    return [" ".join(row) for row in found.values.tolist()]


def small_of(counts: pd.DataFrame) -> pd.DataFrame:
    """Mark counts of 1 to 5 in a table with its totals, worked out with pandas."""
    full = pd.concat([counts, counts.sum(axis=1).rename("Total")], axis=1)
    full.loc["Total"] = full.sum()
    return (full >= 1) & (full <= 5)


def determined(found: pd.DataFrame) -> pd.DataFrame:
    return found[found["lowest"] == found["highest"]]


def test_one_small_count_takes_three_more_with_it() -> None:
    found = suppress(table([[3, 20, 30], [40, 50, 60], [0, 7, 8]]))

    assert lines(found) == ["c c 30 53", "c c 60 150", "0 7 8 15", "43 77 98 218"]
    assert [*found.index] == ["ward 0", "ward 1", "ward 2", "Total"]
    assert [*found.columns] == ["a", "b", "c", "Total"]
    assert found.attrs["notes"] == []


def test_a_one_way_table_hides_the_next_smallest_count() -> None:
    found = suppress(
        pd.Series([30, 3, 0, 22], index=["cce", "cse", "radicalisation", "missing"], name="2025")
    )

    assert found.to_dict() == {"cce": "30", "cse": "c", "radicalisation": "0", "missing": "c", "Total": "55"}
    assert found.name == "2025"


def test_two_small_counts_whose_sum_gives_them_away_need_a_third() -> None:
    # 1 + 1 = 2 leaves nothing else, 2 + 3 = 5 does.
    assert suppress(pd.Series([1, 1, 0, 9])).tolist() == ["c", "c", "0", "c", "11"]
    assert suppress(pd.Series([2, 3, 0, 9])).tolist() == ["c", "c", "0", "9", "14"]


def test_two_counts_of_5_need_a_third() -> None:
    # A reader who knows that both are at most 5 reads 5 and 5 off a total of 10.
    assert suppress(pd.Series([5, 5, 0])).tolist() == ["c", "c", "0", "c"]


def test_small_totals_are_hidden_and_protected() -> None:
    found = suppress(table([[3, 0], [20, 30], [40, 50]]))

    assert lines(found) == ["c 0 c", "c 30 c", "40 50 90", "63 80 143"]


def test_signs_stay_and_count_nothing() -> None:
    held = pd.DataFrame(
        {"a": [12, None, 9], "b": ["z", 14, ":"], "c": [30, 40, 50]}, index=["ward 0", "ward 1", "ward 2"]
    )

    assert lines(suppress(held)) == ["12 z 30 42", ": 14 40 54", "9 : 50 59", "21 14 120 155"]


def test_without_totals_nothing_more_is_hidden() -> None:
    assert lines(suppress(table([[3, 20], [40, 50]]), margins=False)) == ["c 20", "40 50"]


def test_columns_that_are_different_things_are_protected_one_at_a_time() -> None:
    found = table([[3, 20], [40, 50], [9, 60]]).apply(suppress)

    assert lines(found) == ["c 20", "40 50", "c 60", "52 130"]
    assert [*found.index] == ["ward 0", "ward 1", "ward 2", "Total"]


def test_whole_numbers_of_any_type_are_read() -> None:
    held = pd.DataFrame({"a": pd.array([7, None], dtype="Int64"), "b": [8.0, 9.0]})

    assert lines(suppress(held)) == ["7 8 15", ": 9 9", "7 17 24"]


def test_cells_that_are_no_counts_are_all_named() -> None:
    held = pd.DataFrame({"a": [1.5, 2], "b": ["c", -3]}, index=["Besses", "Moorside"])

    with pytest.raises(
        ValueError,
        match=r"no counts: Besses, a: 1\.5; Besses, b: c; Moorside, b: -3\. A cell is a whole number",
    ):
        suppress(held)


@pytest.mark.parametrize(("labels", "named"), [(["x", "x"], "row x"), (["x", "Total"], "row Total")])
def test_labels_twice_and_totals_are_refused(labels: list[str], named: str) -> None:
    with pytest.raises(ValueError, match=f"The {named} is there twice or is a total"):
        suppress(pd.Series([10, 20], index=labels))


def test_what_no_choice_of_cells_can_protect_is_said() -> None:
    # Five counts of 1 in a row whose total of 5 is small: 1 to 5 each and at most 5 together is 1 each.
    found = suppress(table([[1, 1, 1, 1, 1, 0], [10, 20, 30, 40, 50, 60]]))

    assert not len(determined(attack(found)))
    assert len(found.attrs["notes"]) == 1
    assert found.attrs["notes"][0].startswith(
        "A reader who was told which `c` stand for 1 to 5 could still work out ward 0, a; ward 0, b;"
    )


def test_the_attacker_finds_what_plain_subtraction_finds() -> None:
    published = pd.DataFrame(
        [["c", "20", "23"], ["c", "c", "90"], ["43", "c", "c"]],
        index=["x", "y", "Total"],
        columns=["a", "b", "Total"],
    )

    assert attack(published).values.tolist() == [
        ["x", "a", 3, 3],
        ["y", "a", 40, 40],
        ["y", "b", 50, 50],
        ["Total", "b", 70, 70],
        ["Total", "Total", 113, 113],
    ]


def test_the_attacker_says_where_nothing_bounds_a_count() -> None:
    published = pd.Series(["c", "8", "c"], index=["a", "b", "Total"])

    assert attack(published)[["lowest", "highest"]].values.tolist() == [[1, np.inf], [9, np.inf]]
    told = attack(published, small=pd.Series([True, False, False], index=published.index))
    assert told[["lowest", "highest"]].values.tolist() == [[1, 5], [9, 13]]


def test_a_table_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="No table of counts agrees with the numbers and totals shown"):
        attack(pd.Series(["c", "8", "8"], index=["a", "b", "Total"]))


tables = st.integers(1, 5).flatmap(
    lambda columns: st.lists(
        st.lists(st.sampled_from([0, 0, 1, 1, 2, 3, 5, 6, 7, 12, 40]), min_size=columns, max_size=columns),
        min_size=1,
        max_size=6,
    )
)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_no_attack_succeeds(rows: Counts) -> None:
    counts = table(rows)

    found = suppress(counts)

    small = small_of(counts)
    assert (found[small] == "c").to_numpy()[small.to_numpy()].all()
    assert not len(determined(attack(found)))
    told = determined(attack(found, small=small))
    assert bool(len(told)) == bool(found.attrs["notes"])
    # What is shown is the truth.
    full = pd.concat([counts, counts.sum(axis=1).rename("Total")], axis=1)
    full.loc["Total"] = full.sum()
    assert found.where(found == "c", full.astype(str)).equals(found)


@settings(max_examples=20, deadline=None)
@given(tables)
def test_a_note_is_only_of_what_hiding_everything_would_not_protect_either(rows: Counts) -> None:
    counts = table(rows)
    found, small = suppress(counts), small_of(counts)
    everything = found.where(found == "0", "c")

    weak = determined(attack(found, small=small))
    anyhow = determined(attack(everything, small=small))

    cells = [tuple(cell) for cell in weak[["row", "column"]].values.tolist() if small.loc[tuple(cell)]]
    assert set(cells) <= {tuple(cell) for cell in anyhow[["row", "column"]].values.tolist()}


@settings(max_examples=20, deadline=None)
@given(tables)
def test_nothing_is_hidden_that_need_not_be(rows: Counts) -> None:
    counts = table(rows)
    found, small = suppress(counts), small_of(counts)
    full = pd.concat([counts, counts.sum(axis=1).rename("Total")], axis=1)
    full.loc["Total"] = full.sum()
    weak = len(determined(attack(found, small=small)))

    for row, column in np.argwhere((found == "c").to_numpy() & ~small.to_numpy()):
        shown = found.copy()
        shown.iloc[row, column] = str(full.iloc[row, column])
        assert weak or len(determined(attack(shown, small=small)))


@settings(max_examples=20, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_does_not_matter(rows: Counts, random: np.random.Generator) -> None:
    counts = table(rows)
    shuffled = counts.iloc[
        random.sample(range(len(counts)), len(counts)),  # type: ignore[attr-defined]
        random.sample(range(counts.shape[1]), counts.shape[1]),  # type: ignore[attr-defined]
    ]

    found, again = suppress(counts), suppress(shuffled)

    assert again.loc[found.index, found.columns].equals(found)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.lists(st.integers(0, 8), min_size=2, max_size=2), min_size=2, max_size=2))
def test_the_attackers_ranges_are_those_of_every_table_there_could_be(rows: Counts) -> None:
    # An independent implementation: write down every table with counts up to 12 and keep those that agree.
    counts = table(rows)
    found, small = suppress(counts), small_of(counts)
    cells = [(at, to) for at, to in product(range(len(rows)), range(2)) if found.iloc[at, to] == "c"]
    held: dict[tuple[int, int], set[int]] = {}
    limits = [range(1, 6) if small.iloc[cell] else range(6, 13) for cell in cells]
    for values in product(*limits):
        tried = counts.to_numpy().copy()
        for cell, value in zip(cells, values, strict=True):
            tried[cell] = value
        full = np.pad(tried, ((0, 1), (0, 1)))
        full[:-1, -1], full[-1, :-1], full[-1, -1] = tried.sum(1), tried.sum(0), tried.sum()
        agrees = all(
            (1 <= full[at] <= 5 if small.iloc[at] else full[at] > 5) if sign == "c" else str(full[at]) == sign
            for at, sign in np.ndenumerate(found.to_numpy())
        )
        if agrees:
            for at, sign in np.ndenumerate(found.to_numpy()):
                if sign == "c":
                    held.setdefault(at, set()).add(int(full[at]))

    told = attack(found, small=small)

    for row, column, lowest, highest in told.itertuples(index=False):
        values = held[found.index.get_loc(row), found.columns.get_loc(column)]
        assert lowest == min(values)
        assert highest == max(values) or highest > 12


def test_a_table_of_32_wards_by_12_months_is_protected() -> None:
    rng = np.random.default_rng(4)
    counts = pd.DataFrame(rng.poisson(12 * rng.gamma(1, 1, (32, 12))))

    found = suppress(counts)

    assert not len(determined(attack(found, small=small_of(counts))))
    hidden = (found == "c").to_numpy().sum() - small_of(counts).to_numpy().sum()
    assert hidden <= 10


def test_percentages_have_one_decimal_and_give_nothing_away() -> None:
    part = pd.Series(["12", "c", "3", ":", "z", "1", "0", "1"])
    whole = pd.Series(["96", "40", "c", "10", "10", "0", "7", "16"])

    # 1/16 is 6.25%: halves are rounded up, not to even.
    assert percentage(part, whole).tolist() == ["12.5", "c", "c", ":", "z", "z", "0.0", "6.3"]
    assert percentage(pd.Series([1, None]), pd.Series([3, 4])).tolist() == ["33.3", ":"]


def test_percentages_of_other_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="not on the same index"):
        percentage(pd.Series([1]), pd.Series([1], index=["x"]))


def test_rates_are_hidden_with_their_counts() -> None:
    rates = pd.Series([1.25, 3.0, np.nan, 7.04], index=list("abcd"))
    counts = pd.Series(["12", "c", "8", "9"], index=list("abcd"))

    assert hide_beside(rates, counts).tolist() == ["1.3", "c", ":", "7.0"]
    assert hide_beside(rates, counts, pd.Series(["z", "1", "1", "c"], index=list("abcd"))).tolist() == [
        "z",
        "c",
        ":",
        "c",
    ]


def test_two_answers_that_a_solver_rounds_otherwise_are_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver keeps whole numbers to within a millionth: 4.0000009 and 3.9999991 tell the same count."""
    answers = {
        (0, False): (1.0, [1.0, 3.9999991]),
        (0, True): (3.0, [3.0, 4.0000009]),
        (1, False): (4.0, [2.0, 4.0]),
        (1, True): (4.0, [2.0, 4.0]),
    }
    monkeypatch.setattr("geo.disclosure.extreme", lambda _, cell, *, highest=False: answers[cell, highest])
    assert single_valued(None, 2) == [1]


def test_nothing_is_called_safe_where_the_solver_came_to_no_end() -> None:
    solver = Highs()
    solver.setOptionValue("output_flag", False)
    solver.addVars(2, np.array([1.0, 1.0]), np.array([np.inf, np.inf]))
    solver.addRow(7.0, 7.0, 2, np.array([0, 1], dtype=np.int32), np.array([1.0, 2.0]))
    assert [extreme(solver, 0, highest=highest)[0] for highest in (False, True)] == [1.0, 5.0]
    solver.clearSolver()
    solver.setOptionValue("time_limit", 0.0)
    solver.setOptionValue("presolve", "off")
    with pytest.raises(RuntimeError, match=r"HiGHS ended with kTimeLimit\. Do not publish this"):
        extreme(solver, 0)
