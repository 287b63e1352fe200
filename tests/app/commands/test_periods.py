"""Periods that cannot be, and hours in which nothing was recorded: a sentence each, not an empty result."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from app.options import first_day


def test_a_period_begins_no_later_than_the_as_of_date() -> None:
    assert first_day(None, date(2025, 2, 1)) is None
    assert first_day(datetime(2025, 2, 1), date(2025, 2, 1)) == date(2025, 2, 1)
    # A case without any date has no as-of date.
    assert first_day(datetime(2025, 2, 1), None) == date(2025, 2, 1)
    with pytest.raises(
        ValueError,
        match=r"The period begins on 2025-02-02, after the as-of date 2025-02-01\. Give an earlier",
    ):
        first_day(datetime(2025, 2, 2), date(2025, 2, 1))


@pytest.mark.parametrize(
    "asked",
    [("times",), ("flows", "--publish"), ("plan", "--teams", "1", "--days", "1")],
    ids=lambda each: each[0],
)
def test_a_first_day_after_the_records_is_said(
    run: Any, small_case: ModuleType, tmp_path: Path, asked: tuple[str, ...]
) -> None:
    case = small_case.write_case(tmp_path / "case")
    code, _, said = run(asked[0], case, *asked[1:], "--out", tmp_path / "out", "--since", "2031-01-01")
    assert code == 1
    assert "The period begins on 2031-01-01, after the as-of date 2024-05-30. Give an earlier day." in said
    assert not (tmp_path / "out").exists()


def test_a_plan_that_reaches_nothing_says_what_to_choose_instead(
    run: Any, small_case: ModuleType, tmp_path: Path
) -> None:
    case = small_case.write_case(tmp_path / "case")
    code, printed, _ = run(
        "plan",
        case,
        "--teams",
        "1",
        "--days",
        "1",
        "--hours",
        "8-9",
        "--slots",
        "1",
        "--out",
        tmp_path / "out",
    )
    assert code == 0
    assert "No visit in these days and hours reaches any of 1 record of concern. Choose more days," in printed
