"""Give a case by what somebody names: a folder or workbook as it is, or a store's case, written out for this run."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def _root() -> Path:
    """Return a folder for this run alone, which goes when the run ends."""
    root = Path(tempfile.mkdtemp(prefix="contextmap-case-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


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
    from mapping.store import open_store, store_exists

    url = str(named)
    if not store_exists(url):
        msg = f"There is no store at {url}. Import a case first: contextmap import CASE --store {url}."
        raise ValueError(msg)
    with open_store(url) as store:
        folder = check_out(store, _root())
    os.environ.setdefault("CONTEXTMAP_STORE", url)
    return folder
