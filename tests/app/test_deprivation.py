"""What the Deprivation page says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import deprivation
from app.analysis import Analysis, analyse, load_geography
from geo.inequality import compare_tenths
from mapping.access import Viewer

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]
WARDS = [f"E0500000{number}" for number in range(1, 5)]


def homes(counts: list[int], *, sex: str = "F") -> str:
    """People of the case, so many in each of the four LSOAs, aged 14 on the day of the last referral."""
    rows = [
        f"{sex}{place}{number:02},2011-01-01,E0100000{place + 1}"
        for place, count in enumerate(counts)
        for number in range(count)
    ]
    return "\n".join(["person_id,date_of_birth,home_lsoa", *rows]) + "\n"


def ring(place: int) -> str:
    """The corners of the square of one ward."""
    west, south = 400_000 + 1000 * place, 400_000
    corners = [(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)]
    return ",".join(f"[{west + x},{south + y}]" for x, y in corners)


def geography(*, people: bool = True) -> dict[str, str]:
    """Four wards of one LSOA each, of deciles 1, 4, 7 and 10, with 100 children each."""
    features = ",".join(
        f'{{"type":"Feature","properties":{{"WD25CD":"{code}","WD25NM":"Ward {place}"}},'
        f'"geometry":{{"type":"Polygon","coordinates":[[{ring(place)}]]}}}}'
        for place, code in enumerate(WARDS)
    )
    crs = '{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::27700"}}'
    files = {
        "wards.geojson": f'{{"type":"FeatureCollection","crs":{crs},"features":[{features}]}}',
        "lookup.csv": "LSOA21CD,WD25CD\n" + "".join(f"E0100000{i + 1},{code}\n" for i, code in enumerate(WARDS)),
        "imd.csv": "LSOA21CD,IMD_rank,IMD_decile\n" + "".join(f"E0100000{i + 1},{1 + 10_800 * i},{1 + 3 * i}\n" for i in range(4)),
        "people.csv": "LSOA21CD,children_10_17\n" + "".join(f"E0100000{i + 1},100\n" for i in range(4)),
    }  # fmt: skip
    return files if people else {name: text for name, text in files.items() if name != "people.csv"}


@pytest.fixture
def built(write_case: Any) -> Callable[..., tuple[Analysis, Any]]:
    """Return a function that analyses a case with so many children in each ward, and gives its geography."""

    def build(counts: list[int], *, viewer: str = "analyst", people: bool = True) -> tuple[Analysis, Any]:
        referrals = "referral_id,person_id,received_on\nR1,F000,2025-03-01\nR2,F000,2025-03-02\n"
        case: Path = write_case(
            f"{viewer} {people}",
            people=homes(counts),
            referrals=referrals,
            geography=geography(people=people),
        )
        return analyse(case, wait=False, viewer=Viewer(viewer)), load_geography(case)

    return build


def test_the_picture_of_four_wards(built: Any) -> None:
    found = deprivation.picture(*built([16, 8, 4, 4]))
    assert found.edition == "IMD 2025 on LSOA21"
    assert found.wards.values.tolist() == [
        [code, f"Ward {place}", decile, count, 100, 10.0 * count]
        for place, (code, decile, count) in enumerate(zip(WARDS, [1, 4, 7, 10], [16, 8, 4, 4], strict=True))
    ]
    shares = deprivation.decile_rows(found)
    there = shares[shares["children"] > 0]
    assert there[["decile", "children", "share", "population", "population_share", "ratio"]].values.tolist() == [
        [1, 16, 50.0, 100, 25.0, 2.0],
        [4, 8, 25.0, 100, 25.0, 1.0],
        [7, 4, 12.5, 100, 25.0, 0.5],
        [10, 4, 12.5, 100, 25.0, 0.5],
    ]  # fmt: skip
    assert there["rate"].tolist() == [160.0, 80.0, 40.0, 40.0]
    assert found.curve.values.tolist() == [[0, 0], [0.25, 0.5], [0.5, 0.75], [0.75, 0.875], [1, 1]]
    # One less twice the area under the curve, by trapezia.
    heights = found.curve["count_share"]
    assert found.index.index == 1 - sum(0.25 * (a + b) for a, b in pairwise(heights))
    assert found.tenths.ratio == 4
    # Ordinary least squares through 160, 80, 40, 40 at 1/8, 3/8, 5/8, 7/8.
    assert found.slope.slope == pytest.approx(160)
    assert deprivation.answer(found) == (
        "Children known who live here: the most deprived tenth of wards has 4.0 times the rate of the least deprived "
        "(95% interval 1.3 to 16.4). 50% of children known live in the three most deprived tenths of areas in England, "
        "where 25% of all children here live. (IMD 2025 on LSOA21.)"
    )
    assert deprivation.figures(found)[1:3] == [
        "Most deprived tenth of wards (1 ward): 16 counted, 160.0 per 1,000 children (91.5 to 259.8).",
        "Least deprived tenth of wards (1 ward): 4 counted, 40.0 per 1,000 children (10.9 to 102.4).",
    ]


def test_children_referred_count_once_and_only_if_under_18_then(built: Any, write_case: Any) -> None:
    found = deprivation.picture(*built([16, 8, 4, 4]), "children_referred")
    assert found.wards["count"].tolist() == [1, 0, 0, 0]
    case = write_case(
        "grown",
        people="person_id,date_of_birth,home_lsoa\nC1,2007-03-02,E01000001\nC2,2007-03-01,E01000002\n",
        referrals="referral_id,person_id,received_on\nR1,C1,2025-03-01\nR2,C2,2025-03-01\n",
        geography=geography(),
    )
    grown = deprivation.picture(analyse(case, wait=False), load_geography(case), "children_referred")
    assert grown.wards["count"].tolist() == [1, 0, 0, 0]


def test_what_leaves_the_hub_hides_small_counts(built: Any) -> None:
    found = deprivation.picture(*built([16, 8, 4, 9]))
    wards = deprivation.publishable_wards(found)
    assert wards.columns.tolist() == ["ward_code", "ward_name", "imd_decile", "count", "rate"]
    assert wards["count"].tolist() == ["16", "c", "c", "9", "37"]
    assert wards["rate"].tolist() == ["160.0", "c", "c", "90.0", ""]
    deciles = deprivation.publishable_deciles(found).set_index("decile")
    assert deciles.loc[["1", "4", "7", "10", "Total"]].values.tolist() == [
        ["16", "43.2", "100", "25.0"],
        ["c", "c", "100", "25.0"],
        ["c", "c", "100", "25.0"],
        ["9", "24.3", "100", "25.0"],
        ["37", "100.0", "400", "100.0"],
    ]


def test_nothing_counted_and_no_population_are_said(built: Any) -> None:
    none = deprivation.picture(*built([16, 8, 4, 4]), "incidents")
    assert (none.deciles, none.curve) == (None, None)
    assert deprivation.NO_DECILES in none.notes
    assert any("Nothing was counted in any area" in note for note in none.notes)
    assert "cannot be compared" in deprivation.answer(none)
    assert deprivation.publishable_deciles(none).empty
    unpeopled = deprivation.picture(*built([16, 8, 4, 4], people=False))
    assert unpeopled.tenths is None
    assert any("No area has a count, a population above 0 and a rank" in note for note in unpeopled.notes)
    assert deprivation.answer(unpeopled).startswith(
        "Children known who live here: the most and the least deprived tenth of wards cannot be compared. "
        "50% of children known live in the three most deprived tenths of areas in England. "
    )


def test_without_deprivation_there_is_no_picture(write_case: Any) -> None:
    assert deprivation.picture(analyse(write_case(), wait=False), None) is None


def test_tenths_that_chance_could_explain_are_said_so() -> None:
    def tenths(*counts: float) -> Any:
        count = pd.Series(counts)
        return compare_tenths(count, count * 0 + 100, pd.Series(range(len(counts))), edition="")

    assert deprivation._tenths(tenths(5, 4)).endswith("which chance could explain.")
    assert deprivation._tenths(replace(tenths(5, 4), ratio=inf)).startswith("all in the most deprived tenth")


def test_a_planner_gets_the_same_picture(built: Any) -> None:
    analyst = deprivation.picture(*built([16, 8, 4, 4]))
    planner = deprivation.picture(*built([16, 8, 4, 4], viewer="planner"))
    pd.testing.assert_frame_equal(planner.wards, analyst.wards)
    pd.testing.assert_frame_equal(planner.deciles, analyst.deciles)


# The page -------------------------------------------------------------------------------------------


def test_the_page_answers_for_each_measure(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "deprivation")
    assert not app.exception
    assert '<h1 class="cm-title">Deprivation</h1>' in shown(app)
    assert "IMD 2025 on LSOA21" in shown(app)
    for measure, name in deprivation.MEASURES.items():
        next(box for box in app.selectbox if box.label == "Measure").set_value(measure).run()
        assert not app.exception
        assert name in shown(app)
    assert "Deprivation describes areas, not people" in shown(app)


def test_the_page_of_a_case_without_wards_says_what_to_do(
    open_app: OpenApp, shown: Shown, write_case: Any
) -> None:
    app = open_app(write_case(), "deprivation")
    assert not app.exception
    assert "Deprivation cannot be compared: the case has no ward boundaries with deprivation." in shown(app)


def test_a_planner_opens_the_page(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, role="planner")
    app.switch_page("views/deprivation.py").run()
    assert not app.exception
    assert '<h1 class="cm-title">Deprivation</h1>' in shown(app)
