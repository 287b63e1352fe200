"""Say where what people enter about a case is kept, without opening it."""

from __future__ import annotations

import os
from pathlib import Path

SUFFIX = ".decisions.sqlite"


def beside(case: Path | str) -> Path:
    """Return the file beside a case in which its decisions are kept unless another place is named."""
    path = Path(case).resolve()
    return path.with_name(f"{path.name}{SUFFIX}")


def store_url(case: Path | str, given: Path | str | None = None) -> str:
    """Return where what people enter about a case is kept, as a database URL.

    It is what is given (a file or a URL), else what CONTEXTMAP_STORE names, else the file
    `CASE.decisions.sqlite` beside the case. One store is for one case: what is entered names people by their ids.
    """
    chosen = str(given or os.environ.get("CONTEXTMAP_STORE") or "")
    if "://" in chosen:
        return chosen
    path = Path(chosen).expanduser().resolve() if chosen else beside(case)
    return f"sqlite:///{path}"


def may_be_kept(case: Path | str, given: Path | str | None = None) -> bool:
    """Say whether anything can have been entered about a case: a place is named, or the file beside it is there."""
    named = given is not None or bool(os.environ.get("CONTEXTMAP_STORE"))
    return named or beside(case).exists()
