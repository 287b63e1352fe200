from __future__ import annotations

import pandas as pd
import pytest

from app import tables

FRAME = pd.DataFrame(
    {
        "who": ["<img src=x onerror=alert(1)>", '=HYPERLINK("x")', "abc\u202egnp.exe", "Q" * 10_000],
        "number": [1, -2, 3, 4],
        "day": pd.to_datetime(["2026-01-02", None, "2026-01-02", "2026-01-02"]),
    }
)


def test_a_download_runs_nothing_in_a_spreadsheet() -> None:
    lines = tables.csv_bytes(FRAME).decode("utf-8-sig").splitlines()
    assert lines[:3] == [
        "who,number,day",
        "<img src=x onerror=alert(1)>,1,2026-01-02",
        '"\'=HYPERLINK(""x"")",-2,',
    ]
    assert lines[4].startswith("Q" * 10_000 + ",4")


def test_text_on_screen_is_plain_and_short_and_numbers_stay_numbers() -> None:
    shown = tables.on_screen(FRAME)
    assert shown["who"].tolist() == [
        "<img src=x onerror=alert(1)>",
        '=HYPERLINK("x")',
        "abc⟨U+202E⟩gnp.exe",
        "Q" * 159 + "…",
    ]
    assert shown["number"].tolist() == [1, -2, 3, 4]
    assert shown["day"].isna().tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("values", "shown"),
    [([4.0, None], "%.0f"), ([31.5, 17.2, 4.0], "%.1f"), ([0.44, 1.0], "%.2f"), ([1 / 3], "%.2f")],
)
def test_a_number_shows_no_more_decimals_than_it_has(values: list[float], shown: str) -> None:
    assert tables._column(pd.Series(values, dtype=float))["type_config"]["format"] == shown
