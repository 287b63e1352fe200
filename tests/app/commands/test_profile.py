from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import docx
import pytest
from typer.testing import CliRunner

from app.cli import cli
from mapping.entries import keep_entry
from mapping.profiles import Asked, Profile, Words
from mapping.store import open_store, store_url

RUN = CliRunner()


def test_a_profile_of_one_ward_and_period(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "profile.docx"
    asked = ["--area", "E05000001", "--from", "2024-05-01", "--to", "2024-05-30", "--question", "What happens in Alder?", "--out", str(out)]  # fmt: skip
    done = RUN.invoke(cli, ["profile", str(case), *asked])
    assert done.exit_code == 0, done.output
    read = docx.Document(io.BytesIO(out.read_bytes()))
    assert read.paragraphs[0].text == "Problem profile: What happens in Alder?"
    assert read.paragraphs[1].text == "Alder (ward), 1 May 2024 to 30 May 2024. Next update: not stated."
    assert "Between 1 May 2024 and 30 May 2024, in Alder (ward)" in done.output


def test_a_nightly_run_keeps_the_analysts_words(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTEXTMAP_STORE", str(tmp_path / "store.sqlite"))
    profile = Profile(
        Asked("What happens?", owner="QV", next_update=date(2024, 9, 1)),
        sections=("terms", "summary"),
        words={"summary": Words("Harm moved to the park.", against={"Incidents": "7"})},
    )
    with open_store(store_url(case)) as store:
        entry = keep_entry(store, "profile", profile.to_dict(), by="QV")
    out = tmp_path / "profile.html"
    done = RUN.invoke(cli, ["profile", str(case), "--saved", entry.entry_id, "--out", str(out)])
    assert done.exit_code == 0, done.output
    page = out.read_text(encoding="utf-8")
    assert "<p>Harm moved to the park.</p>" in page
    assert "Incidents: 7 then, 1 now." in page
    assert page.count("<h2>") == 2


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--out", "profile.odt"], "does not say what to write"),
        (["--out", "profile.pdf", "--area", "E1"], "neither a ward nor an authority"),
        (["--out", "profile.pdf", "--concern", "mischief"], "is not a concern"),
        (["--out", "profile.pdf", "--viewer", "planner"], "sees wards, not people"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = RUN.invoke(cli, ["profile", str(case), *asked])
    assert done.exit_code == 1
    assert message in str(done.exception)
    assert list(tmp_path.glob("profile.*")) == []


def test_a_profile_that_is_not_kept_is_said(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTEXTMAP_STORE", str(tmp_path / "store.sqlite"))
    done = RUN.invoke(cli, ["profile", str(case), "--saved", "x", "--out", str(tmp_path / "p.pdf")])
    assert done.exit_code == 2
    assert "No problem profile x is kept for this case. Kept are: none." in done.output


def test_the_pack_of_an_operation(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "pack.docx"
    done = RUN.invoke(cli, ["pack", str(case), "--for", "operation", "--operation", "1", "--out", str(out)])
    assert done.exit_code == 0, done.output
    read = docx.Document(io.BytesIO(out.read_bytes()))
    assert read.paragraphs[0].text == "Operation pack: candidate 1"
    done = RUN.invoke(cli, ["pack", str(case), "--for", "operation", "--out", str(out)])
    assert done.exit_code == 2
