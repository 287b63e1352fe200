from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import docx
import pandas as pd
import pytest

from app.analysis import analyse, load_geography
from app.data import Loaded
from app.documents.operation_pack import find_operation, loaded_from, operation_paper
from app.documents.paper import Bullets, Grid, Heading, Paper, Picture
from app.documents.portable import to_pdf
from app.documents.web import to_html
from app.documents.word import to_docx
from mapping.access import Viewer

DEMO = Path(__file__).resolve().parents[3] / "data" / "synthetic" / "demo"


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return loaded_from(analyse(DEMO), load_geography(DEMO), DEMO)


@pytest.fixture(scope="module")
def pack(loaded: Loaded) -> Paper:
    return operation_paper(loaded, find_operation(loaded, "1"))


def _grids(paper: Paper, caption: str) -> list[Grid]:
    return [part for part in paper.parts if isinstance(part, Grid) and part.caption.startswith(caption)]


def test_a_candidate_is_found_by_its_number_or_its_id(loaded: Loaded) -> None:
    first = find_operation(loaded, "1")
    assert find_operation(loaded, first) == first
    with pytest.raises(ValueError, match=r"no candidate operation 'nope'.*There are: 1 \(o"):
        find_operation(loaded, "nope")


def test_the_pack_has_all_its_parts(pack: Paper) -> None:
    assert [part.text for part in pack.parts if isinstance(part, Heading) and part.level == 1] == [
        "Why these stand together",
        "Before this is shared",
        "Children and contacts",
        "Timeline",
        "Places",
        "Evidence",
        "What is missing",
        "Limits",
        "Grading key",
    ]
    assert len([part for part in pack.parts if isinstance(part, Picture)]) == 3
    assert pack.marking == "OFFICIAL-SENSITIVE"


def test_children_and_contacts_are_those_of_the_operation(pack: Paper, loaded: Loaded) -> None:
    found = loaded.analysis.operations
    first = find_operation(loaded, "1")
    (grid,) = _grids(pack, "Records that tie")
    children = found.entities.query("operation_id == @first and role == 'victim'")["entity_id"].tolist()
    assert [row[0].split("(")[1].rstrip(")") for row in grid.rows[:-1]] == children
    cells = found.cells.query("operation_id == @first")["evidence"]
    assert sum(int(cell) for row in grid.rows[:-1] for cell in row[1:-1] if cell) == cells.sum()
    assert grid.rows[-1][-1] == str(found.summary.set_index("operation_id").loc[first, "evidence"])


def test_each_report_stands_with_its_own_grade_and_handling(pack: Paper, loaded: Loaded) -> None:
    (grid,) = _grids(pack, "Evidence")
    sources = pd.read_csv(DEMO / "sources.csv", dtype=str).set_index("source_id").fillna("")
    seen = set()
    for _, _, _, report, grade, _ in grid.rows:
        source = report.split(",")[0]
        if source not in sources.index:
            assert "no source named" in report
            continue
        row = sources.loc[source]
        graded = (row["source_grade"] + row["information_grade"]) or "not graded"
        codes = " ".join(filter(None, [row["handling"], row["action_code"], row["sanitisation_code"]]))
        assert grade == f"{graded}; {f'handling {codes}' if codes else 'no handling code'}"
        seen.add(source)
    first = find_operation(loaded, "1")
    assert len(seen) == loaded.analysis.operations.summary.set_index("operation_id").loc[first, "sources"]


def test_the_conditions_are_counted_before_anything_is_shared(pack: Paper) -> None:
    (table,) = _grids(pack, "Conditions of handling C")
    (evidence,) = _grids(pack, "Evidence")
    limited = [row for row in evidence.rows if "handling C" in row[4]]
    assert sum(int(row[3]) for row in table.rows) == len(limited)
    said = next(part for part in pack.parts if isinstance(part, Bullets) and "handling C" in part.items[0])
    assert said.items[0].startswith(f"{len(limited)} items of evidence of {len(evidence.rows)} may be shared")


def test_what_is_missing_is_what_the_page_says(pack: Paper, loaded: Loaded) -> None:
    missing = loaded.analysis.operations.summary.iloc[0]["what_is_missing"]
    assert any(isinstance(part, Bullets) and list(part.items) == list(missing) for part in pack.parts)


def test_initials_unless_names_are_asked_for(loaded: Loaded, pack: Paper) -> None:
    people = loaded.analysis.records.table("people").set_index("person_id")
    first = find_operation(loaded, "1")
    child = loaded.analysis.operations.entities.query("operation_id == @first and role == 'victim'")["entity_id"].iloc[0]  # fmt: skip
    full = f"{people.loc[child, 'given_name']} {people.loc[child, 'family_name']}"
    assert full not in to_html(pack)
    assert full in to_html(operation_paper(loaded, first, names=True))


def test_word_opens_with_every_table(pack: Paper) -> None:
    read = docx.Document(io.BytesIO(to_docx(pack)))
    assert len(read.tables) == len([part for part in pack.parts if isinstance(part, Grid)])
    assert len(read.inline_shapes) == 3
    assert read.sections[0].header.paragraphs[0].text == "OFFICIAL-SENSITIVE"


def test_who_may_not_see_a_report_gets_a_pack_without_it() -> None:
    found = analyse(DEMO, viewer=Viewer("social_worker"))
    seen = loaded_from(found, load_geography(DEMO), DEMO)
    (grid,) = _grids(operation_paper(seen, find_operation(seen, "1")), "Evidence")
    assert not [row for row in grid.rows if "handling C" in row[4]]


def test_names_that_try_to_be_more_are_text(
    small_case: ModuleType, tmp_path: Path, hostile: dict[str, str], pdf_pages: Callable[[bytes], list[str]]
) -> None:
    name = " ".join(hostile[kind] for kind in ("markup", "formula", "direction", "markdown"))
    case = small_case.write_case(tmp_path / "case", name=name)
    seen = loaded_from(analyse(case), load_geography(case), case)
    paper = operation_paper(seen, find_operation(seen, "1"), names=True)
    assert "<img src=x" not in to_html(paper)
    assert all(text.startswith("OFFICIAL-SENSITIVE") for text in pdf_pages(to_pdf(paper)))
    docx.Document(io.BytesIO(to_docx(paper)))
