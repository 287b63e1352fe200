"""Counts before and after a week of action, where teams were and where none was."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from geo.displacement import weighted_displacement
from geo.evaluation import evaluate_week, place_peaks

FIRST, LAST = date(2025, 6, 2), date(2025, 6, 8)
PLACES = pd.DataFrame(
    {
        "place_id": list("ABCDE"),
        "name": list("ABCDE"),
        "kind": "park",
        "easting": [0.0, 1000.0, 5000.0, 9000.0, None],
        "northing": 0.0,
    }
)


def rows(*counts: tuple[float, int, int]) -> pd.DataFrame:
    """Easting, days from the first of June, how many."""
    listed = [
        (east, 0.0, pd.Timestamp("2025-06-01T20:00") + timedelta(days=day))
        for east, day, n in counts
        for _ in range(n)
    ]
    return pd.DataFrame(listed, columns=["easting", "northing", "at"])


def test_each_record_counts_once_in_the_zone_and_the_period_it_lies_in() -> None:
    recorded = rows(
        (0, -3, 9), (0, 9, 4),  # where the team was
        (600, -3, 5), (600, 9, 6),  # around it: nearer than B, which was not visited
        (5000, -3, 8), (5000, 9, 7),  # as high, left alone
        (9000, -3, 2), (9000, 9, 2),  # left alone, too quiet to be compared with
        (5600, -3, 3), (5600, 9, 3),
        (0, 3, 50), (0, -30, 3), (0, -39, 2),  # in the week; in earlier periods
    )  # fmt: skip
    found = evaluate_week(
        recorded, PLACES, PLACES.iloc[[0, 0]], first=FIRST, last=LAST, until=date(2025, 6, 28), reach=400
    )
    assert found.counts.values.tolist() == [
        ["visited places", 1, 9, 4, -5],
        ["places left alone", 1, 8, 7, -1],
        ["around the visited", 1, 5, 6, 1],
        ["around those left alone", 1, 3, 3, 0],
    ]
    assert (found.before, found.after) == (
        (date(2025, 5, 13), date(2025, 6, 1)),
        (date(2025, 6, 9), date(2025, 6, 28)),
    )
    assert found.control["place_id"].tolist() == ["C"]
    assert found.earlier == (5,)
    told = weighted_displacement((9, 4), (8, 7), around_treated=(5, 6), around_control=(3, 3), earlier=(5,))
    assert found.difference == told
    assert found.difference.estimate == -3
    assert "picked at their peak" in found.notes[0]
    assert any("Fewer than 28 days" in note for note in found.notes)


def test_what_cannot_be_compared_is_said() -> None:
    asked = {"first": FIRST, "last": LAST, "reach": 400.0}
    with pytest.raises(
        ValueError, match="The last day of the week is 2025-06-08, and the records end on 2025-06-08"
    ):
        evaluate_week(rows(), PLACES, PLACES[:1], until=LAST, **asked)
    with pytest.raises(ValueError, match="No visit was made"):
        evaluate_week(rows(), PLACES, PLACES[:0], until=date(2025, 9, 1), **asked)
    with pytest.raises(ValueError, match="No place is more than 1200 m from every visited one"):
        evaluate_week(rows((0, 1, 1)), PLACES[:2], PLACES[:1], until=date(2025, 9, 1), **asked)


def test_a_peak_is_more_than_in_any_earlier_period() -> None:
    recorded = rows((0, -3, 4), (0, -12, 2), (0, -22, 3), (1000, -3, 1), (1000, -12, 1), (9000, -29, 1))
    found = place_peaks(recorded, PLACES[:3], until=date(2025, 6, 1), reach=400, length=10)
    assert found.values.tolist() == [[4, 2.5, 2, True], [1, 0.5, 2, False], [0, 0.0, 2, False]]
    short = place_peaks(recorded, PLACES[:1], until=date(2025, 6, 1), reach=400, length=20)
    assert short["at_peak"].isna().all()
