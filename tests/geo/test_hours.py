from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import hours
from geo.hours import aoristic_weights, hours_of_week


def times(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), format="ISO8601"))


def test_an_interval_is_shared_out_by_the_part_of_it_in_each_hour() -> None:
    # Ratcliffe's idea: away from 17:30 to 20:30 on a Tuesday, so a sixth, a third, a third and a sixth.
    found = aoristic_weights(times("2024-05-07 17:30"), times("2024-05-07 20:30")).loc[0]

    assert found[found > 0].to_dict() == {24 + 17: 1 / 6, 24 + 18: 1 / 3, 24 + 19: 1 / 3, 24 + 20: 1 / 6}


def test_an_instant_counts_in_its_hour_and_no_start_counts_nowhere() -> None:
    found = aoristic_weights(
        times("2024-05-06 00:00", "2024-05-12 23:59:59", None, "2024-05-08 09:15"),
        times(None, "2024-05-12 23:59:59", "2024-05-08 09:15", None),
    )

    assert found.drop(2).idxmax(axis=1).tolist() == [0, 167, 57]
    assert found.sum(axis=1).drop(2).tolist() == [1.0, 1.0, 1.0]
    assert found.loc[2].isna().all()


def test_an_interval_over_the_end_of_the_week_goes_on_at_its_start() -> None:
    found = aoristic_weights(times("2024-05-12 23:00"), times("2024-05-13 01:00")).loc[0]

    assert found[found > 0].to_dict() == {0: 0.5, 167: 0.5}


def test_whole_weeks_count_in_every_hour() -> None:
    found = aoristic_weights(times("2024-05-06 10:00"), times("2024-05-13 11:00")).loc[0]

    assert found[10] == pytest.approx(2 / 169)
    assert found.drop(10).to_numpy() == pytest.approx(1 / 169)


@settings(max_examples=40, deadline=None)
@given(
    start=st.datetimes(datetime(2019, 1, 1), datetime(2026, 1, 1)),
    minutes=st.integers(1, 25_000),
)
def test_weights_are_those_of_counting_minutes(start: datetime, minutes: int) -> None:
    start = start.replace(second=0, microsecond=0)

    found = aoristic_weights(pd.Series([start]), pd.Series([start + timedelta(minutes=minutes)])).loc[0]

    plain = np.zeros(168)
    for minute in range(minutes):
        moment = start + timedelta(minutes=minute)
        plain[moment.weekday() * 24 + moment.hour] += 1 / minutes
    assert found.to_numpy() == pytest.approx(plain)
    assert found.sum() == pytest.approx(1.0)


def test_the_week_adds_up_to_the_events() -> None:
    start = times("2024-05-07 17:30", "2024-05-07 18:10", None, "2024-05-12 08:00")
    end = times("2024-05-07 20:30", "2024-05-07 18:50", None, None)

    found = hours_of_week(start, end)

    assert (len(found), found["weight"].sum(), found["share"].sum()) == (
        168,
        pytest.approx(3),
        pytest.approx(1),
    )
    assert found.loc[found["certain"] > 0, ["weekday", "hour", "certain"]].to_numpy().tolist() == [
        ["Tuesday", 18, 1],
        ["Sunday", 8, 1],
    ]
    assert found.loc[42, ["weekday", "hour"]].tolist() == ["Tuesday", 18]
    assert found.loc[42, "weight"] == pytest.approx(4 / 3)


def test_a_week_is_the_sum_of_the_weights_of_its_events() -> None:
    start = pd.Series([*pd.date_range("2024-05-06", periods=40, freq="97min"), pd.NaT])
    end = start + pd.to_timedelta([0, 20, 60, 400, 60 * 24 * 9] * 8 + [0], unit="min")

    found, each = hours_of_week(start, end), hours.aoristic_weights(start, end)

    assert found["weight"].tolist() == pytest.approx(each.sum().tolist())
    assert found["certain"].tolist() == (each == 1).sum().tolist()


def test_no_events_have_no_share() -> None:
    found = hours_of_week(times(None))

    assert found["weight"].tolist() == [0.0] * 168
    assert found["share"].isna().all()


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    start = pd.Series(pd.date_range("2024-05-06", periods=30, freq="97min"))
    whole = hours_of_week(start, start + pd.Timedelta("3h"))

    monkeypatch.setattr(hours, "BLOCK", 4)

    pd.testing.assert_frame_equal(hours_of_week(start, start + pd.Timedelta("3h")), whole)


def test_an_end_before_the_start_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"^Row 1 ends at 2024-05-06 00:00:00, before it starts at 2024-05-07"
    ):
        hours_of_week(times("2024-05-06", "2024-05-07"), times("2024-05-08", "2024-05-06"))
