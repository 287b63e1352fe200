"""Every page says what its figures mean."""

from __future__ import annotations

import re
from pathlib import Path

from app.page_help import HELP

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"


def test_every_page_of_the_navigation_says_what_its_figures_mean_and_cannot_tell() -> None:
    titles = set(re.findall(r'st\.Page\("views/\w+\.py", title="([^"]+)"', MAIN.read_text()))
    assert titles == set(HELP)
    for found in HELP.values():
        assert all(len(said.split()) > 5 and said.endswith(".") for said in (found.means, found.how, found.cannot))  # fmt: skip
