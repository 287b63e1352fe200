"""What pages offer for publication on the demo: no small count, and nothing that can be worked back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from app import answers, deprivation, hotspots
from app.analysis import Analysis, analyse, load_geography
from geo.areas import build_areas
from geo.measures import MEASURES
from geo.publication import attack_together

DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"


@pytest.fixture(scope="module")
def demo() -> Analysis:
    return analyse(DEMO, linked=False)


def safe(published: pd.DataFrame, counts: list[str], within: list[tuple[str, str]] | None = None) -> int:
    """Say how many counts are hidden in a table that no attack gets at."""
    tables = {
        name: published.set_index(published.columns[0])[[name]].set_axis([""], axis=1) for name in counts
    }
    assert not any(set(table[""]) & set("12345") for table in tables.values())
    found = attack_together(tables, within=within or [])
    assert found[found["lowest"] == found["highest"]].empty
    return len(found)


def test_the_table_of_wards(demo: Analysis) -> None:
    found = answers.published_wards(demo.wards)
    counts = [
        "children_known",
        "missing_episodes",
        "children_missing",
        "incidents",
        "placements",
        "placed_by_others",
    ]
    within = [
        ("children_missing", "missing_episodes"),
        ("placements", "children_known"),
        ("placed_by_others", "placements"),
    ]
    assert found.columns.tolist() == ["ward_code", "ward_name", "imd_decile", "children_10_17", *counts]
    assert safe(found, counts, within) > 10


@pytest.mark.parametrize("measure", ["incidents", "children_known", "referrals_residents"])
def test_hotspots_of_a_measure(demo: Analysis, measure: str) -> None:
    assert measure in MEASURES
    places = load_geography(DEMO)
    counts = hotspots.build_counts(demo, build_areas(places), places)
    found = hotspots.publishable(hotspots.find_hotspots(counts, measure, seed=0))
    assert found.columns.tolist() == ["area_code", "area_name", "observed", "rate"]
    safe(found, ["observed"])
    assert (found["rate"].iloc[:-1].eq("c") == found["observed"].iloc[:-1].eq("c")).all()


def test_deprivation_by_ward_and_decile(demo: Analysis) -> None:
    for measure in ("children_referred", "incidents"):
        picture = deprivation.picture(demo, load_geography(DEMO), measure)
        assert picture is not None
        safe(deprivation.publishable_wards(picture), ["count"])
        if picture.deciles is not None:
            safe(deprivation.publishable_deciles(picture), ["children"])
