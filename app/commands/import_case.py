"""The command `import`."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.options import Dates, DatesOption, Stopped, usage
from mapping.storage import store_url
from mapping.text import one_line

StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="URL",
        help="The store: a file, or a database URL such as sqlite:///PATH or postgresql://USER@HOST/NAME.",
    ),
]


def import_case(
    case: Annotated[
        Path | None, typer.Argument(metavar="CASE", help="Case folder or workbook; not with --undo.")
    ] = None,
    *,
    store: StoreOption,
    by: Annotated[
        str, typer.Option(metavar="NAME", help="Who imports it; by default the user of this computer.")
    ] = "",
    why: Annotated[str, typer.Option(metavar="TEXT", help="Why, where there is a reason to give.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and stop there.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Undo the last import; --why says why.")] = False,
    dates: DatesOption = Dates.iso,
    allow_vanished: Annotated[
        bool,
        typer.Option(
            "--allow-vanished",
            help="Import although a table would lose more than a tenth of its rows; without it that is taken for a copy that did not arrive whole.",
        ),
    ] = False,
) -> None:
    """Import a case into a store: what is new, changed, unchanged and vanished is said first."""
    if undo == (case is not None):
        usage("give a CASE to import, or --undo without one")
    if undo and not why.strip():
        usage("--undo needs --why, which is kept with who undid the import")
    named = by.strip() or _user()
    url = store_url("", store)
    if undo:
        _undo(url, named, why)
    elif case is not None:
        _import(url, case, named, why, dates=dates, dry_run=dry_run, allow_vanished=allow_vanished)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a job may run as a user who has no name
        usage("nobody is named as importing or undoing: say --by NAME")


def _import(
    url: str, case: Path, by: str, why: str, *, dates: Dates, dry_run: bool, allow_vanished: bool
) -> None:
    from app import words
    from mapping.imports import apply_import, compare_import
    from mapping.store import open_store

    with open_store(url) as opened:
        compared = compare_import(opened, case, dates=dates.value)
        print(compared.table().to_string(index=False))
        for line in compared.unreadable:
            _warn(f"Not imported: {line}")
        if compared.day_first:
            _warn(f"{words.day_first(compared.day_first)} Import with --dates dmy.")
        for row in compared.by_hand.itertuples():
            what = (
                f"{row.column} {row.stands!r} where the copy says {row.now!r}" if row.column else row.stands
            )
            _warn(f"Stays as {row.by} put it by hand: {row.table} {row.row_key}: {what}")
        for table, (lost, held) in compared.losses.items():
            _warn(f"{lost:,} of {held:,} rows of {table} are not in this copy.")
        if not compared.changes:
            print("Nothing to import: every row is in the store already, word for word.")
        elif dry_run:
            print("Nothing was imported, as --dry-run asks.")
        elif compared.losses and not allow_vanished:
            msg = "Nothing was imported: the copy may not have arrived whole. If it is whole, import it with --allow-vanished."
            raise Stopped(msg)
        else:
            number = apply_import(opened, compared, by=by, why=why)
            print(
                f"Import {number} is in {opened.where}. Undo it with: contextmap import --store URL --undo --why TEXT"
            )


def _warn(line: str) -> None:
    """Say what whoever reads only errors must know too."""
    print(one_line(line), file=sys.stderr)


def _undo(url: str, by: str, why: str) -> None:
    from mapping.imports import undo_import
    from mapping.store import open_store, shown_url, store_exists

    if not store_exists(url):
        msg = f"There is no store at {shown_url(url)}. Check the path."
        raise Stopped(msg)
    with open_store(url) as opened:
        number = undo_import(opened, by=by, why=why)
        print(f"Import {number} is undone; its rows stay in the history of {opened.where}.")
