"""Keep the file of a store encrypted: the key it is opened with, and a plain store encrypted or an encrypted one made plain."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa

# Names the file that holds the key. The key itself is in no setting, address or command, where others could read it.
KEY_FILE = "CONTEXTMAP_KEY_FILE"
# Seconds to wait for whoever is writing.
PATIENCE = 30.0
# What SQLite says of a file it cannot read: none of its own, or encrypted with another key.
NO_DATABASE = "file is not a database"
# What an SQLite file that is not encrypted begins with; an encrypted one begins with chance.
_PLAIN = b"SQLite format 3\0"
# 32 bytes, used as they are: a password would be easier to guess, and take half a second at each opening.
_KEY = re.compile(r"[0-9A-Fa-f]{64}")


def key_file() -> Path | None:
    """Return the file that CONTEXTMAP_KEY_FILE names; None where stores are plain files."""
    named = os.environ.get(KEY_FILE, "").strip()
    return Path(named).expanduser() if named else None


def read_key() -> str | None:
    """Return the key with which stores in files are opened, as 64 hexadecimal digits; None where none is given.

    Raises
    ------
    OSError
        The file of the key cannot be read.
    ValueError
        It does not hold a key.
    """
    path = key_file()
    if path is None:
        return None
    try:
        key = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        msg = f"The file {path}, which {KEY_FILE} names, cannot be read: {error.strerror}. Without the key the store cannot be opened."
        raise OSError(msg) from error
    if not _KEY.fullmatch(key):
        msg = f"The file {path}, which {KEY_FILE} names, does not hold a key: a key is 64 hexadecimal digits and nothing else. Have one made with: contextmap lock STORE --new-key."
        raise ValueError(msg)
    return key


def write_key() -> Path:
    """Write a new key, drawn by chance, to the file that CONTEXTMAP_KEY_FILE names, for its owner alone.

    Raises
    ------
    ValueError
        CONTEXTMAP_KEY_FILE names none.
    OSError
        The file is there already, or cannot be written.
    """
    path = _named_key_file()
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        msg = f"The file {path}, which {KEY_FILE} names, is there already. It may be the key of another store, so it is not written over: use it without --new-key, or name another."
        raise OSError(msg) from error
    except OSError as error:
        msg = f"The key cannot be written to {path}, which {KEY_FILE} names: {error.strerror}."
        raise OSError(msg) from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{secrets.token_hex(32)}\n")
        file.flush()
        os.fsync(file.fileno())
    return path


def _named_key_file() -> Path:
    path = key_file()
    if path is None:
        msg = (
            f"No key is given. Set {KEY_FILE} to the file that holds it, or that --new-key is to write it to."
        )
        raise ValueError(msg)
    return path


def _needed_key() -> str:
    _named_key_file()
    return str(read_key())


def keyed(url: sa.URL) -> sa.URL:
    """Return the address with which the file of a store is opened: with the key, where one is given.

    Raises
    ------
    OSError
        The key cannot be read.
    ValueError
        What should hold the key does not, or the address itself holds one.
    """
    if url.password is not None:
        msg = f"The address of a store in a file holds no key: name a file that holds it with {KEY_FILE}."
        raise ValueError(msg)
    key = read_key()
    if key is None:
        return url
    return url.set(drivername="sqlite+pysqlcipher", password=_raw(key))


def is_plain(path: Path) -> bool:
    """Say whether a file is an SQLite file that is not encrypted; ask only of one that this program has not open."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_PLAIN)) == _PLAIN


def unread(path: Path) -> str:
    """Return why a file is no database to whoever opens it, and what to do.

    A file that is in use may not be read in passing: closing it would end the locks of this whole program on it.
    """
    key = key_file()
    if key is None:
        return f"it is no store, or it is encrypted and {KEY_FILE} does not name the file that holds its key"
    if is_plain(path):
        return f"it is not encrypted, though {KEY_FILE} names a key; encrypt it with contextmap lock STORE, or unset {KEY_FILE}"
    return f"the key in {key} is not its key, or it is no store"


def quiet(connection: Any, _record: object) -> None:
    """Keep SQLCipher from printing the internals of a wrong key: what is raised is put into words."""
    connection.execute("PRAGMA cipher_log_level = NONE")


def lock(path: Path) -> None:
    """Encrypt the plain file of a store with the key given: whole, or not at all.

    Raises
    ------
    ValueError, OSError
        No key is given, the file is not a plain store or is in use, or it cannot be written; it is as it was.
    """
    key = _needed_key()
    if not is_plain(path):
        msg = f"{path} is not a plain store: it is encrypted already, is another kind of file, or is not there. Nothing was changed."
        raise ValueError(msg)
    _turn(path.resolve(), was=None, to=key)


def unlock(path: Path) -> None:
    """Turn the encrypted file of a store into a plain one: whole, or not at all.

    Raises
    ------
    ValueError, OSError
        No key is given or it is another's, the file is plain or in use, or it cannot be written; it is as it was.
    """
    key = _needed_key()
    if not path.is_file() or is_plain(path):
        msg = f"{path} is not an encrypted store: it is plain already, or is not there. Nothing was changed."
        raise ValueError(msg)
    _turn(path.resolve(), was=key, to=None)


def _turn(path: Path, *, was: str | None, to: str | None) -> None:
    """Write the store anew under the other key, read it back, and only then put it in the place of the old file."""
    from sqlcipher3 import dbapi2

    new = path.with_name(f".{path.name}.new")
    try:
        with closing(_open(path, was)) as old:
            old.execute(
                "BEGIN IMMEDIATE"
            )  # whoever writes waits, and is told at the end that the file has moved
            new.unlink(missing_ok=True)
            os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            try:
                _copy(path, was, new, to)
                _compare(old, new, to)
                _hand_over(path, new)
                os.replace(new, path)
            finally:
                new.unlink(missing_ok=True)
    except dbapi2.Error as error:
        why = unread(path) if str(error) == NO_DATABASE else f"{error}. Close what has it open and try again"
        msg = f"{path} is as it was: {why}."
        raise OSError(msg) from error


def _hand_over(path: Path, new: Path) -> None:
    """Give the new file the owner and the rights of the old one."""
    shutil.copymode(path, new)
    if hasattr(os, "chown"):
        os.chown(new, path.stat().st_uid, path.stat().st_gid)


def _open(path: Path, key: str | None) -> Any:
    """Open the file of a store without SQLAlchemy, outside any transaction."""
    from sqlcipher3 import dbapi2

    connection = dbapi2.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE, isolation_level=None
    )
    quiet(connection, None)
    if key is not None:
        connection.execute(f'PRAGMA key = "{_raw(key)}"')
    return connection


def _copy(path: Path, was: str | None, new: Path, to: str | None) -> None:
    with closing(_open(path, was)) as source:
        source.execute("ATTACH ? AS turned KEY ?", (str(new), "" if to is None else _raw(to)))
        source.execute("BEGIN")
        source.execute("SELECT sqlcipher_export('turned')").fetchall()
        source.execute("COMMIT")


def _compare(old: Any, new: Path, key: str | None) -> None:
    """Read every row of the new file back beside the old one."""
    with closing(_open(new, key)) as written:
        same = is_plain(new) == (key is None) and _same(
            old, written, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
        )
        for (table,) in old.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        ).fetchall():
            same = same and _same(old, written, f'SELECT * FROM "{table}" ORDER BY rowid')
    if not same:
        msg = "What was written could not be read back the same. The store is as it was."
        raise OSError(msg)


def _same(old: Any, written: Any, query: str) -> bool:
    return all(row == other for row, other in zip_longest(old.execute(query), written.execute(query)))


def _raw(key: str) -> str:
    """Return a key as SQLCipher takes it to be one, and not a password to make one of."""
    return f"x'{key}'"
