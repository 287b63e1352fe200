"""Write a document to a file, in the form that the file's name asks for."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from app.documents.paper import Paper

ENDINGS = (".docx", ".html", ".pdf")


def validate_document(path: Path) -> None:
    """Check that a document may be written to a file.

    Raises
    ------
    ValueError
        The name does not end in .docx, .html or .pdf.
    FileNotFoundError
        There is no such folder to write it into.
    IsADirectoryError
        It is a folder.
    """
    if path.suffix.lower() not in ENDINGS:
        msg = f"{path} does not say what to write: give --out a name that ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}."
        raise ValueError(msg)
    if path.is_dir():
        msg = f"{path} is a folder. Give --out the name of a file."
        raise IsADirectoryError(msg)
    if not path.resolve().parent.is_dir():
        msg = f"There is no folder {path.resolve().parent} to write {path.name} into. Make it first, or give another."
        raise FileNotFoundError(msg)


def document_bytes(paper: Paper, ending: str) -> bytes:
    """Return a document in the form that an ending such as ".docx" stands for."""
    if ending.lower() == ".docx":
        from app.documents.word import to_docx

        return to_docx(paper)
    if ending.lower() == ".pdf":
        from app.documents.portable import to_pdf

        return to_pdf(paper)
    from app.documents.web import to_html

    return to_html(paper).encode("utf-8")


def save_document(paper: Paper, path: Path) -> None:
    """Write a document whole or not at all; an earlier file of that name is replaced. Errors are those of `validate_document`."""
    validate_document(path)
    content = document_bytes(paper, path.suffix)
    partial, name = tempfile.mkstemp(prefix=".contextmap-", dir=path.resolve().parent)
    try:
        with os.fdopen(partial, "wb") as file:
            file.write(content)
        # mkstemp makes files that only their owner can read; a document is as open as any other file made here.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path.resolve())
    finally:
        Path(name).unlink(missing_ok=True)
