"""What the page Across boundaries and the command `flows` say, open and write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import flow_map, flows
from app.analysis import analyse, load_geography
from geo.flows import OUTSIDE
from mapping.access import Viewer

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]


@pytest.fixture(scope="module")
def crossing(small_case: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small case, with half of the children another authority's and the report on the incident restricted."""
    folder = small_case.write_case(tmp_path_factory.mktemp("crossing") / "case")
    people = pd.read_csv(folder / "people.csv")
    people["responsible_authority"] = [
        ("E08000098" if number % 2 else "E08000099") if who.startswith("C") else None
        for number, who in enumerate(people["person_id"])
    ]
    people.to_csv(folder / "people.csv", index=False)
    events = pd.read_csv(folder / "events.csv").assign(source_id="S3")
    events.to_csv(folder / "events.csv", index=False)
    return folder


def found(case: Path, role: str = "analyst", **options: Any) -> tuple[Any, flows.Flows]:
    analysis = analyse(case, viewer=Viewer(role))
    movements = flows.build_movements(analysis, load_geography(case))
    return analysis, flows.find_flows(analysis, movements, **options)


@pytest.fixture(scope="module")
def looked(crossing: Path) -> tuple[Any, flows.Flows]:
    """The analysis of the case and what crosses boundaries in it."""
    return found(crossing)


def test_the_answer_says_how_much_crosses_and_most_from_where(looked: tuple[Any, flows.Flows]) -> None:
    _, here = looked
    assert flows.answer(here, "missing") == (
        "1 of 4 episodes, of 1 of 3 children, began in another authority than the one responsible for the child. "
        "Most from authority E08000098 to Anyborough: 1 episode, 1 child."
    )
    assert flows.answer(here, "incident") == (
        "1 of 3 parts in incidents, of 1 of 3 children, happened in another authority than the one responsible for the child. "
        "Most from authority E08000098 to Anyborough: 1 part in an incident, 1 child."
    )
    assert flows.answer(here, "harmed") == "Children harmed: nothing is on record in this period."
    assert flows.answer(here, "group").startswith("2 of 2 groups have children of more than one authority.")


def test_without_what_is_shared_the_rest_is_the_same(crossing: Path, looked: tuple[Any, flows.Flows]) -> None:
    _, rest = found(crossing, shared=False)
    assert rest.shared.empty
    kinds = ["missing", "harmed", "placed"]
    assert flows.sentences(rest, kinds) == flows.sentences(looked[1], kinds)


def test_a_flow_opens_the_records_it_counts(looked: tuple[Any, flows.Flows]) -> None:
    analysis, here = looked
    row = flows.listed(here, "incident").iloc[0]
    items = flows.items(analysis, flows.rows_of(here, row))
    columns = [
        "person_id",
        "tie",
        "table",
        "row",
        "what",
        "place",
        "source_id",
        "agency",
        "grade",
        "handling",
    ]
    assert items[columns].values.tolist() == [
        ["C002", "took_part", "participation", 3, "Young people moved on from the park · recorded as present",
         "Quarry Field", "S3", "Police", "2B", "C"]
    ]  # fmt: skip


def test_every_flow_opens_as_many_records_as_it_counts(looked: tuple[Any, flows.Flows]) -> None:
    analysis, here = looked
    moved = here.table[~here.table["kind"].isin(["contact", "group"])]
    opened = [len(flows.items(analysis, flows.rows_of(here, row))) for row in moved.to_dict("records")]
    assert opened == moved["episodes"].tolist()


def test_shared_contacts_of_a_flow_have_children_of_both_ends(looked: tuple[Any, flows.Flows]) -> None:
    _, here = looked
    row = flows.listed(here, "contact").iloc[0]
    assert (row["from_name"], row["to_name"]) == ("authority E08000098", "Anyborough")
    some = flows.shared_of(here, row)
    assert len(some) == row["episodes"]
    assert set(some["codes"]) == {"E08000098|E08000099"}


def test_what_a_viewer_may_not_see_is_not_counted(crossing: Path) -> None:
    """The only incident rests on a report that reaches analysts only."""
    _, worker = found(crossing, "social_worker")
    assert set(worker.rows["kind"]) == {"missing", "found", "seen", "placed"}
    analysis, planner = found(crossing, "planner")
    assert set(planner.table["kind"]) == {"missing", "found", "placed"}
    assert flows.kinds_there(analysis) == ["missing", "found", "placed"]
    assert not planner.rows["person_id"].isin([f"C{n:03}" for n in range(13)]).any()


def test_flows_of_one_authority_are_told_by_direction(looked: tuple[Any, flows.Flows]) -> None:
    _, here = looked
    ways = {
        way: flows.listed(here, "missing", area="E08000099", direction=way)["from_code"].tolist()
        for way in ("both", "out", "in")
    }
    assert ways == {
        "both": ["E08000098", "E08000099"],
        "out": ["E08000099"],
        "in": ["E08000098", "E08000099"],
    }
    assert flows.both_ways(here, "missing")[["name_a", "name_b", "children_a_to_b", "children_b_to_a"]].values.tolist() == [
        ["authority E08000098", "Anyborough", 1, 0]
    ]  # fmt: skip


def test_the_command_writes_tables_that_add_up(
    run: Callable[..., Any], crossing: Path, tmp_path: Path
) -> None:
    code, out, _ = run("flows", crossing, "--out", tmp_path / "out", "--since", "2024-05-25")
    assert code == 0
    assert "Missing episodes: 1 of 2 episodes" in out
    table = pd.read_parquet(tmp_path / "out" / "flows.parquet")
    areas = pd.read_parquet(tmp_path / "out" / "authorities.parquet")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    counted = table.groupby("kind")["episodes"].sum()
    told = {
        kind: row["episodes"] for kind, row in summary["results"].items() if kind not in ("contact", "group")
    }
    assert {kind: int(counted[kind]) for kind in told} == told
    assert (
        areas["own_episodes"] == areas[["within_episodes", "sent_episodes", "unknown_episodes"]].sum(axis=1)
    ).all()
    assert summary["settings"]["since"] == "2024-05-25"
    assert summary["files"] == ["flows", "authorities", "shared"]


def test_the_command_says_what_is_wrong(
    run: Callable[..., Any], crossing: Path, tmp_path: Path, write_case: Any
) -> None:
    code, _, complaint = run(
        "flows", crossing, "--out", tmp_path / "out", "--since", "2024-05-25", "--until", "2024-01-01"
    )
    assert (code, "The period begins on 2024-05-25 and ends on 2024-01-01" in complaint) == (1, True)
    code, _, complaint = run("flows", write_case(), "--out", tmp_path / "out")
    assert (code, "There are no ward boundaries" in complaint) == (1, True)
    assert not (tmp_path / "out").exists()


def test_the_page_opens_a_flow_and_its_records(open_app: OpenApp, shown: Shown, crossing: Path) -> None:
    app = open_app(crossing, "boundaries", role="analyst")
    assert not app.exception
    assert "1 of 4 episodes, of 1 of 3 children, began in another authority" in shown(app)
    box = next(found for found in app.selectbox if found.label == "Flow")
    assert "authority E08000098 to Anyborough (1 child)" in box.options
    box.select_index(1).run()
    assert not app.exception
    assert "missing row 3" in shown(app)
    assert "missing row 2" not in shown(app)


def test_a_planner_sees_flows_and_no_records(open_app: OpenApp, shown: Shown, crossing: Path) -> None:
    app = open_app(crossing, role="planner")
    app.switch_page("views/boundaries.py").run()
    assert not app.exception
    kinds = next(found for found in app.selectbox if found.label == "What crosses").options
    assert kinds == [flows.LABELS[kind] for kind in ("missing", "found", "placed")]
    next(found for found in app.selectbox if found.label == "Flow").select_index(1).run()
    assert not app.exception
    assert "the records themselves are not shown" in shown(app)
    assert "missing row" not in shown(app)


@pytest.mark.parametrize("kind", ["contact", "group"])
def test_the_page_opens_what_several_authorities_share(
    open_app: OpenApp, shown: Shown, crossing: Path, kind: str
) -> None:
    app = open_app(crossing, "boundaries", role="analyst")
    next(found for found in app.selectbox if found.label == "What crosses").set_value(kind).run()
    next(found for found in app.selectbox if found.label == "Flow").select_index(1).run()
    assert not app.exception
    said = {"contact": "shared contacts have children of more than one authority", "group": "Choose a group"}
    assert said[kind] in shown(app)


def test_a_case_without_boundaries_says_what_to_do(open_app: OpenApp, shown: Shown, write_case: Any) -> None:
    app = open_app(write_case(), "boundaries")
    assert not app.exception
    assert "put an official boundary file into the geography folder of the case" in shown(app)


def test_hostile_names_of_areas_are_shown_as_text(
    open_app: OpenApp, shown: Shown, small_case: ModuleType, hostile: dict[str, str], tmp_path: Path
) -> None:
    app = open_app(small_case.write_case(tmp_path / "case", name=hostile["markup"]), "boundaries")
    assert not app.exception
    assert "<img src=x" not in shown(app)


# The map ------------------------------------------------------------------------------------


def test_the_way_back_lies_beside_the_way_there() -> None:
    there = flow_map.curve((0.0, 53.0), (1.0, 53.0), bend=0.16)
    back = flow_map.curve((1.0, 53.0), (0.0, 53.0), bend=0.16)
    assert (there[0], there[-1]) == ((0.0, 53.0), (1.0, 53.0))
    assert min(y for _, y in back) < 53.0 < max(y for _, y in there)
    assert flow_map.curve((0.0, 53.0), (1.0, 53.0), bend=0.0)[12][1] == 53.0


def test_widths_have_three_steps() -> None:
    values = pd.Series([1, 2, 3, 5, 8, 40])
    limits = flow_map.limits(values)
    assert limits == [1.0, 5.0, 24.0]
    assert flow_map.steps(values, limits).tolist() == [0, 0, 0, 1, 1, 2]
    assert flow_map.limits(pd.Series(dtype=float)) == []


def test_the_map_draws_what_crosses_and_asks_no_host(looked: tuple[Any, flows.Flows], crossing: Path) -> None:
    from app.maps import outlines

    _, here = looked
    wards = load_geography(crossing).wards.to_geopandas(crs=27700)
    shapes = flow_map.authority_shapes(
        wards.assign(authority_code=here.movements.wards["authority_code"].to_numpy())
    )
    outline = outlines(wards.rename(columns={"code": "ward_code", "name": "ward_name"}))
    where = flow_map.anchors(outline, shapes, here.movements)
    assert set(where) == {*outline["points"], "E08000099", "E08000098", OUTSIDE}
    table = flows.listed(here, "missing")
    drawn = json.loads(
        flow_map.deck(
            outline, shapes, where, table, measure="children", widths=[1.0], area="E08000099"
        ).to_json()
    )
    lines = next(layer for layer in drawn["layers"] if layer["id"] == "flows")["data"]["features"]
    assert [line["properties"]["flow"] for line in lines] == ["missing|E08000098|E08000099|"]
    assert "mapProvider" not in drawn
    assert "http" not in json.dumps(drawn["layers"])
