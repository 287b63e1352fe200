from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import docx
import pandas as pd
import pytest

from app import profile
from app.analysis import Analysis, analyse, load_geography
from app.documents import pictures
from app.documents.paper import DRAFT, Bullets, Grid, Heading, Paper, Picture, Text
from app.documents.portable import to_pdf
from app.documents.profile import CHANGED, draw_up, profile_paper
from app.documents.profile_section import NOT_WIDER, Section
from app.documents.profile_sections import build
from app.documents.web import to_html
from app.documents.word import to_docx
from app.profile import Numbers, Scope, build_scope
from mapping.profiles import SECTIONS, Asked, Profile, Recommendation, Words, mark

DEMO = Path(__file__).resolve().parents[3] / "data" / "synthetic" / "demo"
ASKED = Asked("Where are children harmed?", since=date(2025, 4, 1), owner="Analyst QV", next_update=date(2026, 7, 1))  # fmt: skip


@pytest.fixture(scope="module")
def demo() -> Analysis:
    return analyse(DEMO)


@pytest.fixture(scope="module")
def scope(demo: Analysis) -> Scope:
    return build_scope(demo, load_geography(DEMO), ASKED)


@pytest.fixture(scope="module")
def sections(scope: Scope) -> dict[str, Section]:
    return draw_up(scope)


def _texts(paper: Paper, kind: str) -> str:
    return "\n".join(part.text for part in paper.parts if isinstance(part, Text) and part.kind == kind)


def _grid(paper: Paper, caption: str) -> Grid:
    return next(part for part in paper.parts if isinstance(part, Grid) and part.caption.startswith(caption))


def test_the_document_has_the_whole_outline_in_its_order(scope: Scope, sections: dict[str, Section]) -> None:
    paper = profile_paper(Profile(ASKED), scope, sections)
    heads = [part.text for part in paper.parts if isinstance(part, Heading) and part.level == 1]
    assert heads == list(SECTIONS.values())
    assert paper.title == "Problem profile: Where are children harmed?"
    assert paper.subtitle == "Everywhere on record, 1 April 2025 to 31 March 2026. Next update: 1 July 2026."
    assert _grid(paper, "").rows[:5] == [
        ["Question", "Where are children harmed?"],
        ["Area", "everywhere on record"],
        ["Period", "1 April 2025 to 31 March 2026"],
        ["Concern", "every concern"],
        ["Owner", "Analyst QV"],
    ]
    pictures = [part for part in paper.parts if isinstance(part, Picture)]
    assert len(pictures) == 4
    assert all(part.png.startswith(b"\x89PNG") for part in pictures)


def test_the_summary_says_what_is_counted(sections: dict[str, Section]) -> None:
    assert sections["summary"].sentences[1:3] == (
        "There were 242 referrals of 242 children; 100 children were open at the end.",
        "There were 4,958 missing episodes of 1,381 children; 525 of these children (38.0%) were missing more than once.",
    )
    assert "Referrals in the last 12 months: 242, in the 12 months before 240; chance could explain that." in sections["comparison"].sentences  # fmt: skip


def test_a_year_stands_beside_the_year_before_it(demo: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[dict[str, pd.Series]] = []
    monkeypatch.setattr(pictures, "months", lambda now, before, **_: drawn.extend((now, before)) or b"")
    months = build("times", build_scope(demo, None, Asked(since=date(2025, 4, 1))))
    assert [{name: int(each.sum()) for name, each in side.items()} for side in drawn] == [
        {"Missing episodes": 4958, "Incidents": 149, "Referrals": 242},
        {"Missing episodes": 4280, "Incidents": 47, "Referrals": 240},
    ]
    assert drawn[0]["Referrals"].index.equals(drawn[1]["Referrals"].index)
    assert months.parts[0].caption == "By month, with the year before"

    drawn.clear()
    first = build("times", build_scope(demo, None, Asked(until=date(2023, 9, 30))))
    assert all(each.isna().all() for each in drawn[1].values())
    assert first.parts[0].caption == "By month: nothing is on record of the year before"


def test_a_period_is_compared_with_each_other_period_once(demo: Analysis) -> None:
    earlier = build_scope(demo, None, Asked(since=date(2024, 4, 1), until=date(2025, 3, 31)))
    found = build("comparison", earlier)
    assert found.parts[0].columns == [
        "What",
        "The period asked about (1 April 2024 to 31 March 2025)",
        "As long before it (1 April 2023 to 31 March 2024)",
    ]
    assert found.sentences[0] == "Referrals in the 12 months to 31 March 2025: 240, in the 12 months before 228; chance could explain that."  # fmt: skip


def test_what_is_not_recorded_of_places_is_said_with_what_comes_first(sections: dict[str, Section]) -> None:
    kinds = {row[0]: row[1] for row in sections["places"].parts[0].rows}
    most = max((name for name in kinds if name not in ("Total", "not recorded")), key=lambda name: int(kinds[name]))  # fmt: skip
    assert (
        sections["places"]
        .sentences[0]
        .endswith(
            f" Where the kind of place is recorded, most are at: {most} ({kinds[most]})."
            f" Of {kinds['not recorded']} it is not recorded what kind of place it was."
        )
    )


def test_the_rest_of_the_summary_is_that_of_the_files_and_the_results(
    demo: Analysis, sections: dict[str, Section]
) -> None:
    """`tests/app/test_profile.py` counts the other numbers a second time."""
    figures = sections["summary"].figures
    referrals = pd.read_csv(DEMO / "referrals.csv", parse_dates=["opened_on", "closed_on"])
    last = pd.Timestamp("2026-03-31")
    still = referrals[(referrals["opened_on"] <= last) & ~(referrals["closed_on"] <= last)]
    assert figures["Children open at the end"] == str(still["person_id"].nunique())
    groups = demo.groups
    large = groups.groupby("group_id").filter(lambda group: len(group) >= 3)
    assert figures["Groups of three or more"] == str(
        large[large["age_band"] == "child"]["group_id"].nunique()
    )
    assert figures["Candidate operations"] == str(demo.operations.entities["operation_id"].nunique())


def test_generated_text_is_a_draft_until_somebody_has_read_it(
    scope: Scope, sections: dict[str, Section]
) -> None:
    generated = sections["summary"].sentences
    assert generated[0] in _texts(profile_paper(Profile(ASKED), scope, sections), "draft")
    read = Profile(ASKED).with_words("summary", Words(read=mark(sections["summary"].told)))
    paper = profile_paper(read, scope, sections)
    assert generated[0] in _texts(paper, "plain")
    assert generated[0] not in _texts(paper, "draft")
    changed = {**sections, "summary": replace(sections["summary"], sentences=("Other figures.",))}
    assert "Other figures." in _texts(profile_paper(read, scope, changed), "draft")
    # What was read are the tables as well: other numbers in one of them, and the section is a draft again.
    numbers = Grid(["Age", "Children"], [["17", "4"]])
    below = {**sections, "summary": replace(sections["summary"], parts=(numbers,))}
    assert generated[0] in _texts(profile_paper(read, scope, below), "draft")


def test_own_words_stay_and_say_what_changed_under_them(scope: Scope, sections: dict[str, Section]) -> None:
    found = sections["summary"]
    mine = Profile(ASKED).with_words("summary", Words("Harm moved to the park.", against=dict(found.figures)))
    paper = profile_paper(mine, scope, sections)
    assert "Harm moved to the park." in _texts(paper, "plain")
    assert CHANGED not in _texts(paper, "draft")
    later = {**sections, "summary": replace(found, figures={**found.figures, "Incidents": "200"})}
    said = _texts(profile_paper(mine, scope, later), "draft")
    assert f"{CHANGED}\nIncidents: 149 then, 200 now." in said
    kept = Profile(ASKED).with_words(
        "summary", Words("Harm moved to the park.", mark(found.told), dict(found.figures))
    )
    assert CHANGED not in "".join(_texts(profile_paper(kept, scope, sections), "draft"))
    tables = {**sections, "summary": replace(found, parts=(Grid(["Age"], [["17"]]),))}
    assert f"{CHANGED}\nSome in the tables of this section." in _texts(
        profile_paper(kept, scope, tables), "draft"
    )


def test_only_ticked_sections_are_printed(scope: Scope, sections: dict[str, Section]) -> None:
    paper = profile_paper(Profile(ASKED, sections=("grading", "summary")), scope, sections)
    assert [part.text for part in paper.parts if isinstance(part, Heading)] == ["Summary", "Grading key"]


def test_recommendations_stand_by_aim_and_date(scope: Scope, sections: dict[str, Section]) -> None:
    listed = (
        Recommendation("prepare", "Train", "Lead", date(2026, 6, 1)),
        Recommendation("pursue", "Disrupt the phone line", "Police", date(2026, 5, 2)),
        Recommendation("pursue", "Visit", "Police", date(2026, 5, 1)),
    )
    paper = profile_paper(Profile(ASKED, recommendations=listed), scope, sections)
    assert [row[:2] for row in _grid(paper, "Recommendations").rows] == [
        ["Pursue", "Visit"],
        ["Pursue", "Disrupt the phone line"],
        ["Prepare", "Train"],
    ]


def test_word_has_the_figures_the_case_has(scope: Scope, sections: dict[str, Section]) -> None:
    read = docx.Document(io.BytesIO(to_docx(profile_paper(Profile(ASKED), scope, sections))))
    assert read.paragraphs[0].text == "Problem profile: Where are children harmed?"
    assert [paragraph.text for paragraph in read.paragraphs if paragraph.style.name == "Heading 1"] == list(SECTIONS.values())  # fmt: skip
    assert DRAFT in {paragraph.text for paragraph in read.paragraphs if paragraph.style.name == "Draft"}
    numbers = next(table for table in read.tables if table.cell(0, 1).text == "Number" and table.cell(0, 0).text == "What")  # fmt: skip
    counted = {row.cells[0].text: row.cells[1].text for row in numbers.rows}
    assert counted["Missing episodes"] == "4,958"
    assert counted["Children missing"] == "1,381"
    months = next(table for table in read.tables if table.cell(0, 0).text == "Month")
    assert sum(int(row.cells[1].text) for row in months.rows[1:]) == 4958


def test_a_version_for_a_wider_audience_shows_no_small_number(demo: Analysis) -> None:
    asked = Asked(area="E05999001", concern="cce", marking="OFFICIAL")
    scope = build_scope(demo, load_geography(DEMO), asked)
    paper = profile_paper(Profile(asked), scope, draw_up(scope))
    assert paper.marking == "OFFICIAL"
    small = {"1", "2", "3", "4", "5"}
    people = ("Age", "Sex", "Ethnicity", "Care", "Referral to", "Concern", "Who", "Decision", "Part", "Month", "Ward", "Decile of")  # fmt: skip
    for part in paper.parts:
        if isinstance(part, Grid) and part.columns[0].startswith(people):
            first = 2 if part.columns[0] == "Ward" else 1
            assert not [row for row in part.rows if small & set(row[first:])], part.caption
    numbers = dict(_grid(paper, "The main numbers").rows)
    assert not small & set(numbers.values())
    assert "c" in numbers.values()
    assert NOT_WIDER in _texts(paper, "quiet")
    captions = [part.caption for part in paper.parts if isinstance(part, Grid)]
    assert not [
        caption for caption in captions if caption.startswith(("Groups with", "Candidate", "Places on"))
    ]


def test_what_one_table_hides_no_other_tells(demo: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell hidden beside a small one, told in another table or as the rest of a whole, would give the small one away."""
    few = Numbers(9, 9, 100, 40, 12, 97, 60, 8, 8, 8)
    monkeypatch.setattr(profile, "count", lambda *_: few)
    wide = build_scope(demo, None, replace(ASKED, marking="OFFICIAL"))
    summary = build("summary", wide)
    assert summary.figures["Return interviews held"] == "c"
    assert "97" not in " ".join(summary.sentences)
    compared = {row[0] for row in build("comparison", wide).parts[0].rows}
    assert compared == {"Referrals", "Children referred", "Missing episodes", "Children missing", "Incidents", "Records of a child harmed", "Children recorded as harmed"}  # fmt: skip

    gaps = build("gaps", wide)
    assert [row[0] for row in gaps.parts[0].rows] == ["Missing episodes without an interview held"]
    missing = build("disproportionality", wide).parts[-1]
    assert [row[0] for row in missing.rows] == ["Children: ward of the home", "Children: school", "Missing episodes: where from", "Missing episodes: whether an interview was offered", "Incidents: listed place"]  # fmt: skip
    assert "graded" not in build("sources", wide).sentences[0]


def test_nobody_is_named(demo: Analysis, scope: Scope, sections: dict[str, Section]) -> None:
    page = to_html(profile_paper(Profile(ASKED), scope, sections))
    people = demo.records.table("people")
    assert not [person for person in people["person_id"] if f">{person}" in page or f"({person})" in page]
    known = {str(name) for name in people["family_name"].dropna()}
    places = {word for name in demo.records.table("locations")["name"].dropna() for word in str(name).split()}
    assert not [name for name in known - places if f" {name}<" in page or f" {name} " in page]


def test_a_small_case_with_names_that_try_to_be_more(
    small_case: ModuleType, tmp_path: Path, hostile: dict[str, str], pdf_pages: Callable[[bytes], list[str]]
) -> None:
    name = " ".join(hostile[kind] for kind in ("markup", "formula", "direction", "markdown"))
    case = small_case.write_case(tmp_path / "case", name=name)
    found = analyse(case)
    asked = Asked(name[:300], owner=name)
    scope = build_scope(found, load_geography(case), asked)
    mine = Profile(asked, words={"summary": Words(name)}, recommendations=(Recommendation("protect", name, name, date(2026, 1, 1)),))  # fmt: skip
    paper = profile_paper(mine, scope, draw_up(scope))
    page = to_html(paper)
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert len(docx.Document(io.BytesIO(to_docx(paper))).tables) == 34
    assert all(text.startswith("OFFICIAL-SENSITIVE") for text in pdf_pages(to_pdf(paper)))


def test_where_there_is_nothing_the_summary_says_so_once(small_case: ModuleType, tmp_path: Path) -> None:
    case = small_case.write_case(tmp_path / "case")
    day = date(2019, 1, 1)
    scope = build_scope(analyse(case), load_geography(case), Asked(since=day, until=day))
    assert draw_up(scope)["summary"].sentences[1:4] == (
        "There were no referrals; no children were open at the end.",
        "There were no missing episodes.",
        "No return interview was held.",
    )


def test_what_could_not_be_compared_is_not_written_as_a_number(write_case: Any) -> None:
    """Where nobody was referred nobody was expected, and the ratio of the two is no number."""
    case = write_case(
        people="person_id,date_of_birth,sex,ethnicity\nC1,2010-01-01,M,WBRI\nC2,2010-01-01,F,ABAN\n",
        missing="episode_id,person_id,reported_at\nM1,C1,2025-03-30T10:00\n",
    )
    asked = Asked(since=date(2025, 1, 1), until=date(2025, 3, 30))
    section = draw_up(build_scope(analyse(case), load_geography(case), asked))["disproportionality"]
    grid = next(part for part in section.parts if isinstance(part, Grid))
    assert [row[2:] for row in grid.rows] == [["0", "0.0", "not known", "nobody expected"]] * 2


def test_what_is_missing_is_a_section_of_its_own(sections: dict[str, Section]) -> None:
    grid = next(part for part in sections["gaps"].parts if isinstance(part, Grid))
    assert grid.rows[2][:1] == ["Missing episodes without an interview held"]
    assert grid.rows[2][1] == "1,982"
    assert any(isinstance(part, Bullets) for part in sections["gaps"].parts)
