from __future__ import annotations

from pathlib import Path

import pytest

from app.documents.files import save_document, validate_document
from app.documents.paper import Paper, Text

PAPER = Paper("x", [Text("y")])


@pytest.mark.parametrize(
    ("ending", "begins"), [("docx", b"PK"), ("html", b"<!doctype html>"), ("PDF", b"%PDF")]
)
def test_the_name_of_the_file_says_what_is_written(tmp_path: Path, ending: str, begins: bytes) -> None:
    path = tmp_path / f"paper.{ending}"
    path.write_text("an earlier one")
    save_document(PAPER, path)
    assert path.read_bytes().startswith(begins)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in \.docx, \.html or \.pdf"):
        validate_document(tmp_path / "paper.odt")
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        validate_document(tmp_path / "nowhere" / "paper.pdf")
    (tmp_path / "folder.pdf").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        validate_document(tmp_path / "folder.pdf")
