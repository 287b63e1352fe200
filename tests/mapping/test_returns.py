"""Return interviews: how far each episode got, and the figures that add up from it."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.returns import FIGURES, STATES, interview_figures, interview_states

BACK = "2025-05-01T10:00"


def missing(*rows: tuple[str | None, str | None, str | None, str | None]) -> pd.DataFrame:
    """Episodes with found_at, offered, accepted and held."""
    names = ["found_at", "interview_offered", "interview_accepted", "interview_held_at"]
    table = pd.DataFrame(list(rows), columns=names)
    return table.assign(**{name: pd.to_datetime(table[name]) for name in ("found_at", "interview_held_at")})


@pytest.mark.parametrize(
    ("found", "offered", "accepted", "held", "state"),
    [
        (None, None, None, None, "still_missing"),
        (BACK, None, None, None, "offer_not_recorded"),
        (BACK, "N", None, None, "not_offered"),
        (BACK, "Y", None, None, "answer_not_recorded"),
        (BACK, "Y", "N", None, "not_accepted"),
        (BACK, None, "N", None, "not_accepted"),  # nobody declines what was not offered
        (BACK, "Y", "Y", None, "not_held"),
        (BACK, "Y", "Y", "2025-05-04T10:00", "held_within_72_hours"),  # 72 hours to the minute
        (BACK, "Y", "Y", "2025-05-04T10:01", "held_later"),
        (BACK, "N", None, "2025-05-02T10:00", "held_within_72_hours"),  # held, whatever else is recorded
        (None, "Y", "Y", "2025-05-02T10:00", "held_return_not_timed"),
        (None, "Y", None, None, "answer_not_recorded"),
    ],
)
def test_each_episode_is_in_one_state(
    found: str | None, offered: str | None, accepted: str | None, held: str | None, state: str
) -> None:
    assert interview_states(missing((found, offered, accepted, held))).tolist() == [state]


def test_each_figure_says_what_it_is_of() -> None:
    states = pd.Series([*STATES, "held_within_72_hours", "held_within_72_hours"])
    found = interview_figures(states)
    assert found[["count", "of"]].to_dict("index") == {
        "returned": {"count": 10, "of": 11},
        "offered": {"count": 8, "of": 11},
        "accepted": {"count": 6, "of": 8},
        "held": {"count": 5, "of": 11},
        "held_of_accepted": {"count": 5, "of": 6},
        "within_72_hours": {"count": 3, "of": 5},
        "within_72_hours_of_accepted": {"count": 3, "of": 6},
    }
    assert found["percent"].round(1).tolist() == [90.9, 72.7, 75.0, 45.5, 83.3, 60.0, 50.0]
    assert interview_figures(states.iloc[:0])["percent"].isna().all()


TIMES = st.one_of(st.none(), st.datetimes(pd.Timestamp("2025-01-01"), pd.Timestamp("2025-12-31")))
ANSWERS = st.sampled_from(["Y", "N", None])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(TIMES, ANSWERS, ANSWERS, TIMES), max_size=8))
def test_figures_never_exceed_what_they_are_of(rows: list[tuple[object, ...]]) -> None:
    states = interview_states(missing(*rows))  # type: ignore[arg-type]
    found = interview_figures(states)
    assert set(states) <= set(STATES)
    assert (found["count"] <= found["of"]).all()
    assert list(found.index) == list(FIGURES)
