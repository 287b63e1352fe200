"""The command `lock`."""

from __future__ import annotations

from typing import Annotated

import typer

from app.options import Stopped, usage


def lock(
    store: Annotated[
        str, typer.Argument(metavar="STORE", help="The store: a file, or its URL sqlite:///PATH.")
    ],
    *,
    new_key: Annotated[
        bool,
        typer.Option("--new-key", help="First write a new key to the file that CONTEXTMAP_KEY_FILE names."),
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Turn an encrypted store into a plain one.")] = False,
) -> None:
    """Encrypt the file of a store with the key in the file that CONTEXTMAP_KEY_FILE names."""
    if new_key and undo:
        usage("--new-key goes with encrypting, not with --undo.")
    from mapping import cipher
    from mapping.store import store_file, store_url

    path = store_file(store_url("", store))
    if path is None:
        msg = "Only a store in a file is encrypted here; a database server has its own ways to do so."
        raise Stopped(msg)
    if undo:
        cipher.unlock(path)
        print(f"{path} is a plain file now. Unset {cipher.KEY_FILE} to use it.")
        return
    if new_key:
        written = cipher.write_key()
        print(
            f"A new key is in {written}. Keep a copy of it away from this machine: without it nobody can open the store."
        )
    cipher.lock(path)
    print(
        f"{path} is encrypted now, and opens only where {cipher.KEY_FILE} names the file of the key. Earlier copies and backups of it are as plain as they were."
    )
