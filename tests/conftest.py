"""Share what more than one test file needs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real open data beside the checkout (CONTEXTMAP_SHARED names another place)."""
    folder = Path(os.environ.get("CONTEXTMAP_SHARED", BESIDE)) / "realdata"
    if not folder.is_dir():
        pytest.skip(f"the real open data are not there ({folder})")
    return folder
