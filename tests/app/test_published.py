"""What pages offer for publication on the demo: no small count, and nothing that can be worked back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app import answers, deprivation, flows, hotspots, published, when
from app.analysis import Analysis, analyse, load_geography
from geo.areas import build_areas
from geo.disclosure import TOTAL
from geo.hours import DAYS
from geo.measures import MEASURES
from geo.publication import attack_together
from mapping.access import Viewer

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
    for measure, of_children in (("children_referred", True), ("incidents", False)):
        picture = deprivation.picture(demo, load_geography(DEMO), measure)
        assert picture is not None
        safe(deprivation.publishable_wards(picture), ["count"])
        deciles = deprivation.publishable_deciles(picture)
        assert (len(deciles), len(deciles.columns)) == ((11, 5) if of_children else (0, 0))
        if of_children:
            safe(deciles, ["children"])


def worked_back(tables: dict[str, pd.DataFrame], **known: Any) -> list[list[object]]:
    found = attack_together(tables, **known)
    return found.loc[found["lowest"] == found["highest"], ["table", "row", "column"]].values.tolist()


def no_small(tables: Iterable[pd.DataFrame]) -> bool:
    return not any((table.isin([*"12345"])).to_numpy().any() for table in tables)


@pytest.mark.parametrize("measure", ["incidents", "children_missing"])
def test_hotspots_by_month(demo: Analysis, measure: str) -> None:
    """Attacked as a reader would who has both tables and knows how months and all go together."""
    places = load_geography(DEMO)
    counts = hotspots.build_counts(demo, build_areas(places), places)
    found = hotspots.find_hotspots(counts, measure, seed=0, permutations=9)
    monthly = hotspots.find_months(counts, measure, seed=0, permutations=9)
    monthly = monthly[monthly["month"] >= "2025-10"]
    adds_up = measure == "incidents"
    shown = published.hotspot_counts(found, monthly, adds_up=adds_up)
    months = shown["hotspot_month_counts"].set_index("area_code").drop(columns="area_name")
    observed = shown["hotspot_counts"].set_index("area_code")["observed"]
    names = [name for name in months if name.startswith("20")]
    assert names == [f"2025-{at}" for at in (10, 11, 12)] + [f"2026-0{at}" for at in (1, 2, 3)]
    assert no_small([months, observed.to_frame()])
    truth = monthly.pivot(index="area_code", columns="month", values="observed")
    text = truth[names].astype(int).astype(str)
    assert (months.iloc[:-1][names].eq("c") | months.iloc[:-1][names].eq(text)).all(axis=None)
    if adds_up:
        assert months[TOTAL].tolist() == observed.tolist()
        assert worked_back({"months": months}) == []
        return
    tables = {name: months[[name]].set_axis([""], axis=1) for name in names}
    tables["all"] = observed.to_frame("")
    assert worked_back(tables, within=[(name, "all") for name in names]) == []


def test_flows_between_authorities(demo: Analysis) -> None:
    movements = flows.build_movements(demo, load_geography(DEMO))
    found = flows.find_flows(demo, movements, shared=False)
    shown = published.flow_counts(found)
    assert tuple(shown.columns) == published.FLOW_COLUMNS
    assert shown["kind"].drop_duplicates().tolist() == [
        "missing",
        "found",
        "harmed",
        "incident",
        "seen",
        "placed",
    ]
    assert no_small([shown[["episodes", "children"]]])
    squares = {
        f"{kind}|{name}": _square(rows, name)
        for kind, rows in shown.groupby("kind")
        for name in ("episodes", "children")
    }
    within = [(f"{kind}|children", f"{kind}|episodes") for kind in shown["kind"].unique()]
    assert worked_back(squares, within=within) == []
    total = shown[(shown["kind"] == "missing") & (shown["from_code"] == TOTAL) & (shown["to_code"] == TOTAL)]
    assert total["episodes"].tolist() == [str(found.totals.at["missing", "episodes"])]
    wards = flows.find_flows(demo, movements, by="ward", shared=False)
    with pytest.raises(ValueError, match="Between wards nearly every count is small"):
        published.flow_counts(wards)


def _square(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Turn a list of pairs back into a square, the totals last."""
    wide = rows.pivot(index="from_code", columns="to_code", values=name)
    order = [sorted(labels, key=lambda each: (each == TOTAL, each)) for labels in (wide.index, wide.columns)]
    return wide.loc[order[0], order[1]]


@pytest.mark.parametrize(
    ("what", "since", "seen"), [("incidents", None, "14"), ("missing_episodes", date(2026, 1, 15), "98")]
)
def test_months_and_hours(demo: Analysis, what: str, since: date | None, seen: str) -> None:
    moments = when.build_moments(demo, load_geography(DEMO))
    ward = str(moments.areas.table.index[3]) if moments.areas is not None else None
    found = when.find_when(moments, what, area=ward, since=since, permutations=1)
    shown = published.time_counts(found)
    months, hours = shown["month_counts"].set_index("month"), shown["hour_counts"].set_index("weekday")
    assert no_small([months, hours])
    assert hours.index.tolist() == [*DAYS, TOTAL]
    assert ("Other" in months.index) == (since is not None)
    if since is not None:
        assert months.index.tolist() == ["2026-02", "2026-03", "Other", TOTAL]
    tables = {name: months[[name]].set_axis([""], axis=1) for name in months}
    one = (("all", TOTAL, ""), ("hours", TOTAL, TOTAL))
    # An incident may be of several children, an episode is of one.
    within = [("children", "all")] if what == "missing_episodes" else []
    assert worked_back({**tables, "hours": hours}, within=within, same=[one]) == []
    assert hours.at[TOTAL, TOTAL] == str(len(found.rows)) == seen


def test_a_planner_has_no_children_in_months_of_events() -> None:
    analysis = analyse(DEMO, linked=False, viewer=Viewer("planner"))
    found = when.find_when(when.build_moments(analysis, load_geography(DEMO)), "incidents", permutations=1)
    assert published.time_counts(found)["month_counts"].columns.tolist() == ["month", "all"]
