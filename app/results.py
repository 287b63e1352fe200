"""Write results to a folder: all of them or none, in place of an earlier result."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd


def validate_out(out: Path, files: Iterable[str]) -> None:
    """Check that results may be written to a folder: it is new, empty, or holds an earlier result.

    Parameters
    ----------
    files : the names of the files such a result may hold.

    Raises
    ------
    FileExistsError
        It is a file, or holds something else.
    """
    if out.exists() and (not out.is_dir() or {path.name for path in out.iterdir()} - set(files)):
        msg = f"{out} holds other things than an earlier result. Give --out a new or empty folder."
        raise FileExistsError(msg)


@contextmanager
def swapped_in(out: Path, files: Iterable[str]) -> Iterator[Path]:
    """Give an empty folder to write results into; it takes the place of `out` when all went well, else it goes.

    Raises
    ------
    FileExistsError
        `out` holds something that is not an earlier result.
    """
    validate_out(out, files)
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".contextmap-", dir=out.parent))
    try:
        yield partial
        earlier = partial.with_name(f"{partial.name}-earlier")
        if out.exists():
            out.rename(earlier)
        partial.rename(out)
        _remove(earlier)
    finally:
        _remove(partial)


def save_tables(out: Path, tables: Mapping[str, pd.DataFrame], summary: Mapping[str, Any]) -> None:
    """Write tables as NAME.parquet with a summary.json beside them, whole or not at all.

    Raises
    ------
    FileExistsError
        The folder holds something that is not an earlier result of the same names.
    """
    files = [f"{name}.parquet" for name in tables]
    with swapped_in(out, [*files, "summary.json"]) as folder:
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet", index=False)
        write_summary(folder, {**summary, "files": list(tables)})


def write_summary(folder: Path, summary: Mapping[str, Any]) -> None:
    """Write summary.json."""
    text = json.dumps(summary, indent=2, ensure_ascii=False)
    (folder / "summary.json").write_text(f"{text}\n", encoding="utf-8")


def _remove(folder: Path) -> None:
    """Remove a folder of results; nothing else is ever in it."""
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
