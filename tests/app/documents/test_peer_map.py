"""The one page a social worker leaves with, read back with python-docx and counted in PDF."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date

import docx
import pandas as pd
import pytest

from app import charts
from app.documents import peer_map
from app.documents.paper import Picture
from app.documents.portable import room_left, to_pdf
from app.documents.word import to_docx
from mapping.peer_maps import Action, PeerMap, Sheet, View

TODAY = date(2026, 5, 4)
SHEET = Sheet(
    views={
        "location:L1": View("unsafe", TODAY, "older people wait there"),
        "location:L2": View("safe", TODAY),
        "location:gone": View("safe", TODAY),
    },
    actions={
        "a": Action("Ask the school about lunch", "Jo", date(2026, 5, 11)),
        "b": Action("Ring her aunt", "Sam", date(2026, 5, 6), date(2026, 5, 5)),
    },
    notes="Made together.",
)
SAVED = PeerMap("C1", "with_young_person", "Jo Reed", date(2026, 6, 1), date(2026, 8, 3), SHEET)
ROWS = pd.DataFrame(
    [
        ("link:A1|C1", "person:A1", "UV (A1)", "adults of concern", "adult_of_concern", "harmful"),
        ("link:C1|C2", "person:C2", "BQ (C2)", "peers", "child", "harmful"),
        ("link:A2|C1", "person:A2", "WX (A2)", "adults", "protective_adult", "protective"),
        ("tie:1", "location:L1", "Quarry Field", "places", "park", "unknown"),
        ("tie:2", "location:L2", "Hill School", "school", "school", "unknown"),
    ],
    columns=["id", "other", "who", "context", "kind", "nature"],
)


def drawn(many: int = 0) -> peer_map.Drawn:
    nodes = pd.DataFrame(
        {
            "id": ["person:C1", *ROWS["other"], *(f"person:P{n}" for n in range(many))],
            "kind": ["child", *ROWS["kind"], *["child"] * many],
            "name": ["AQ (C1)", *ROWS["who"], *(f"AB (P{n})" for n in range(many))],
            "x": [0.0, 300, 100, -90, 40, -200, *(20.0 * n for n in range(many))],
            "y": [0.0, -100, 90, 60, 200, -20, *(-15.0 * n for n in range(many))],
            "mark": "",
        }
    )
    edges = pd.DataFrame({"id": ROWS["id"], "source": "person:C1", "target": ROWS["other"], "items": 1})
    more = [(f"p{n}", f"person:P{n}", f"AB (P{n})", "peers", "child", "unknown") for n in range(many)]
    rows = pd.concat([ROWS, pd.DataFrame(more, columns=ROWS.columns)], ignore_index=True)
    return peer_map.Drawn(
        "AQ (C1)",
        nodes,
        charts.chart_edges(edges),
        rows,
        SHEET,
        SAVED,
        {"location:L1": "Quarry Field", "location:L2": "Hill School"},
        date(2026, 3, 31),
        TODAY,
    )


def test_the_word_page_says_why_who_until_when_and_all_that_is_on_the_map() -> None:
    document = docx.Document(io.BytesIO(to_docx(peer_map.paper(drawn()))))
    texts = [paragraph.text for paragraph in document.paragraphs if paragraph.text]
    assert texts == [
        "Peer map of AQ (C1)",
        "As of 31 March 2026",
        "With the young person: to know who matters for their safety. Owner: Jo Reed. Review on 1 June 2026; closes on 3 August 2026. Printed on 4 May 2026.",
        "Notes: Made together.",
        peer_map.NOT_PROOF,
    ]
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables]
    assert tables == [
        [
            ["Part of life", "Who and what"],
            ["Peers", "BQ (C2) (harm recorded between them)"],
            ["School", "Hill School"],
            ["Places", "Quarry Field"],
            ["Adults", "WX (A2) (protective)"],
            ["Adults of concern", "UV (A1) (harms)"],
        ],
        [
            ["By the young person's word", "Places"],
            ["Safe", "Hill School"],
            ["Not safe", "Quarry Field (“older people wait there”)"],
        ],
        [
            ["What is to be done", "By whom", "By when"],
            ["Ask the school about lunch", "Jo", "11 May 2026"],
            ["Ring her aunt", "Sam", "done 5 May 2026"],
        ],
    ]
    assert len(document.inline_shapes) == 1
    assert [
        section.header.paragraphs[0].text == section.footer.paragraphs[0].text == "OFFICIAL-SENSITIVE"
        for section in document.sections
    ] == [True]


def test_the_picture_says_in_words_what_it_shows() -> None:
    (picture,) = (part for part in peer_map.paper(drawn()).parts if isinstance(part, Picture))
    assert picture.alt.startswith("Linked to 1 young person, 1 protective adult, 1 adult of concern")
    assert "Not safe: Quarry Field" in picture.alt


def test_a_map_that_is_not_saved_says_so() -> None:
    assert peer_map.particulars(replace(drawn(), saved=None)) == [
        "Not a saved map: it has no purpose, owner or review date, and is not to be kept.",
        "Printed on 4 May 2026.",
    ]


@pytest.mark.parametrize("many", [0, 20])
def test_the_picture_has_the_room_that_the_words_leave(many: int) -> None:
    paper = peer_map.paper(drawn(many))
    (picture,) = (part for part in paper.parts if isinstance(part, Picture))
    high = int.from_bytes(picture.png[20:24], "big") / 200 * 2.54
    left = room_left(replace(paper, parts=[part for part in paper.parts if part is not picture]))
    assert high > 10
    assert left - 1 < high < left


@pytest.mark.parametrize("many", [0, 60])
def test_it_is_one_page(many: int) -> None:
    full = drawn(many)
    actions = {str(n): Action("Something long to be done " * 4, "Somebody", TODAY) for n in range(9)}
    sheet = replace(SHEET, actions=actions, notes="A long note. " * 100) if many else SHEET
    pdf = to_pdf(peer_map.paper(replace(full, sheet=sheet)))
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1


def test_with_nobody_on_the_map_there_is_a_page_all_the_same() -> None:
    alone = replace(
        drawn(), nodes=drawn().nodes.head(1), edges=drawn().edges.head(0), rows=ROWS.head(0), sheet=Sheet()
    )
    document = docx.Document(io.BytesIO(to_docx(peer_map.paper(alone))))
    assert document.tables[0].rows[1].cells[1].text == "Nobody and nothing is on the map."
    assert peer_map.svg(alone).count("<text") > 3
