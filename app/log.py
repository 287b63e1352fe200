"""Keep a local log of who looked at names, and why."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path


def log_folder() -> Path:
    """Return the folder of the log: CONTEXTMAP_LOG_DIR, or ~/.contextmap/log."""
    given = os.environ.get("CONTEXTMAP_LOG_DIR")
    return Path(given) if given else Path.home() / ".contextmap" / "log"


def append(action: str, /, **details: str) -> Path:
    """Append one line of JSON to the log of this month and return its path.

    Parameters
    ----------
    action
        what was done, in words.
    details
        what else to keep, such as role, reason and case.

    Raises
    ------
    OSError
        if the log cannot be written; what was to be logged must then not happen.
    """
    now = datetime.now(UTC)
    folder = log_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{now:%Y-%m}.jsonl"
    line = json.dumps(
        {"at": now.isoformat(timespec="seconds"), "action": action, **details}, ensure_ascii=False
    )
    with open(path, "a", encoding="utf-8", opener=_private) as file:
        file.write(line + "\n")
    path.chmod(0o600)
    return path


def said(error: Exception) -> str:
    """Return what users are told of an error; where that leaves out what is inside, the log keeps it."""
    plain = str(getattr(error, "plain", ""))
    if plain:
        with suppress(OSError):
            append("the store failed", error=str(error))
    return plain or str(error) or type(error).__name__


def _private(path: str, flags: int) -> int:
    """Open a file that nobody else may read from the moment it is there."""
    return os.open(path, flags, 0o600)
