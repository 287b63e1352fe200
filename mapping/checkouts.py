"""Give a case by what somebody names: a folder or workbook as it is, or a store's case, written out for this run."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

PREFIX = "contextmap-case-"
# A folder is its run's from the moment it is made, though its run may need a moment to say so.
_MOMENT = 60.0


@lru_cache(maxsize=1)
def _root() -> Path:
    """Return a private folder for this run alone, which goes when the run ends, or when the next begins."""
    _sweep(Path(tempfile.gettempdir()))
    root = Path(tempfile.mkdtemp(prefix=PREFIX))
    _lock(root)  # until this run ends, however it ends
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


def _sweep(temporary: Path) -> None:
    """Remove the folders of runs that were killed before they could do so themselves."""
    for folder in temporary.glob(f"{PREFIX}*"):
        with suppress(OSError):  # gone meanwhile, or somebody else's
            if time.time() - folder.stat().st_mtime > _MOMENT and (lock := _lock(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _lock(folder: Path) -> int | None:
    """Take a folder for this run, until it ends; return None where another has it, or nobody can tell."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        return None
    handle = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def is_store(named: str) -> bool:
    """Say whether what is named is the URL of a store and not a folder."""
    return "://" in named


def find_case(named: str | Path) -> Path:
    """Return the folder or workbook of a case.

    Parameters
    ----------
    named : a path, or the URL of a store into which a case was imported. What is decided and entered about
        the case is then kept in the same store, unless CONTEXTMAP_STORE names another.

    Raises
    ------
    ValueError
        The store holds no case, or cannot be used.
    OSError
        The store cannot be opened.
    """
    if not is_store(str(named)):
        return Path(named)
    from mapping.imports import check_out  # takes a while to load
    from mapping.store import open_store, shown_url, store_exists

    url = str(named)
    if not store_exists(url):
        msg = (
            f"There is no store at {shown_url(url)}. Import a case first: contextmap import CASE --store URL."
        )
        raise ValueError(msg)
    with open_store(url) as store:
        folder = check_out(store, _root())
    os.environ.setdefault("CONTEXTMAP_STORE", url)
    return folder
