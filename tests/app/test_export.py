"""What leaves for other tools: whole, with its evidence, without names unless somebody says why, whatever names hold."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import geopandas
import networkx as nx
import pandas as pd
import pyogrio
import pytest
from lxml import etree

from app import export
from app.analysis import Analysis, analyse, load_geography
from mapping.access import Viewer

SINGLE = ("graphml", "gexf", "anx", "html", "svg", "geojson", "gpkg")


@pytest.fixture(scope="module")
def analysis(case: Path) -> Analysis:
    """The small case as an analyst sees it."""
    return analyse(case)


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def plain(values: dict[str, Any], *left_out: str) -> dict[str, Any]:
    """Return attributes as text that both formats write alike."""
    return {name: str(value) for name, value in values.items() if name not in left_out}


def test_graphml_and_gexf_hold_the_same_network_whole(analysis: Analysis, tmp_path: Path) -> None:
    graph = export.export_graph(analysis)
    for form in ("graphml", "gexf"):
        export.export(analysis, tmp_path / f"n.{form}", form=form)
    back, other = nx.read_graphml(tmp_path / "n.graphml"), nx.read_gexf(tmp_path / "n.gexf")
    assert set(back) == set(other) == set(graph)
    assert {"person:C001", "person:A1", "location:L1", "thing:T1"} <= set(back)
    for node in graph:
        assert plain(back.nodes[node]) == plain(other.nodes[node], "viz")
        known = {name: value for name, value in graph.nodes[node].items() if value is not None}
        assert set(back.nodes[node]) == set(known)
    assert {frozenset(pair) for pair in back.edges} == {frozenset(pair) for pair in graph.edges}
    for one, two, values in graph.edges(data=True):
        known = {name for name, value in values.items() if value is not None and not pd.isna(value)}
        assert set(back.edges[one, two]) == known
        assert plain(back.edges[one, two]) == plain(other.edges[one, two], "id")


def test_every_link_has_the_cards_of_its_records(analysis: Analysis, tmp_path: Path) -> None:
    export.export(analysis, tmp_path / "n.anx", form="anx")
    root = etree.fromstring((tmp_path / "n.anx").read_bytes())
    entities = {each.get("EntityId"): each.get("Identity") for each in root.iter("Entity")}
    cards = {
        frozenset({entities[link.get("End1Id")], entities[link.get("End2Id")]}): link.findall(
            "CardCollection/Card"
        )
        for link in root.iter("Link")
    }
    for row in analysis.links.to_dict("records"):
        pair = frozenset({f"person:{row['person_a']}", f"person:{row['person_b']}"})
        assert len(cards[pair]) == row["items"]
    harm = cards[frozenset({"person:A1", "person:C001"})]
    graded = {
        (
            card.get("SourceReference"),
            card.get("SourceType"),
            *(card.get(f"Grade{n}Index") for n in ("One", "Two", "Three")),
        )
        for card in harm
    }
    assert ("S2; associations row 20", "Police", "2", "3", "1") in graded
    assert all(card.get("GradeThreeIndex") for pair in cards.values() for card in pair)


def test_tables_hold_nodes_links_and_every_item(analysis: Analysis, tmp_path: Path) -> None:
    export.export(analysis, tmp_path / "out", form="csv")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "items.csv",
        "links.csv",
        "nodes.csv",
    ]
    nodes, links, items = (read_csv(tmp_path / "out" / name) for name in export.TABLES)
    graph = export.export_graph(analysis)
    assert {row["node"] for row in nodes} == set(graph)
    assert {frozenset({row["node_a"], row["node_b"]}) for row in links} == {
        frozenset(pair) for pair in graph.edges
    }
    counted = pd.Series([frozenset({row["node_a"], row["node_b"]}) for row in items]).value_counts()
    assert {
        frozenset({row["node_a"], row["node_b"]}): int(row["items"]) for row in links
    } == counted.to_dict()
    assert tuple(items[0]) == export.ITEM_COLUMNS
    assert {row["text"] for row in items} == {""}


def test_what_a_viewer_may_not_see_is_in_no_file(case: Path, tmp_path: Path) -> None:
    worker = analyse(case, viewer=Viewer("planner"))
    for form in export.NETWORKS:
        with pytest.raises(PermissionError, match="This viewer sees wards, not people"):
            export.export(worker, tmp_path / f"n.{form}", form=form)
    export.export(worker, tmp_path / "n.gpkg", form="gpkg", geography=load_geography(case))
    assert dict(pyogrio.list_layers(tmp_path / "n.gpkg")) == {"wards": "MultiPolygon", "flows": "LineString"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["n.gpkg"]


def test_the_map_has_wards_places_and_flows(case: Path, analysis: Analysis, tmp_path: Path) -> None:
    places = load_geography(case)
    export.export(analysis, tmp_path / "n.gpkg", form="gpkg", geography=places)
    wards = geopandas.read_file(tmp_path / "n.gpkg", layer="wards")
    assert wards["missing_episodes"].tolist() == analysis.wards["missing_episodes"].tolist()
    found = geopandas.read_file(tmp_path / "n.gpkg", layer="places").set_index("location_id")
    assert found["ward_code"].to_dict() == {"L1": "E05000001", "L2": "E05000002", "L3": "E05000003"}
    shared = analysis.shared_contacts.query("contact_type == 'location'").set_index("contact_id")["children"]
    assert found["children"].dropna().to_dict() == shared.to_dict()
    export.export(analysis, tmp_path / "n.geojson", form="geojson", geography=places)
    held = json.loads((tmp_path / "n.geojson").read_text())["features"]
    # Its one crossing begins in an authority of which nobody's home is known: there is no place to draw it from.
    assert {feature["properties"]["layer"] for feature in held} == {"wards", "places"}


def test_around_a_person_is_who_and_what_is_linked_to_them(analysis: Analysis) -> None:
    graph = export.export_graph(analysis, around="C011")
    links = analysis.links
    mine = links[(links["person_a"] == "C011") | (links["person_b"] == "C011")]
    people = {f"person:{each}" for each in {*mine["person_a"], *mine["person_b"]}}
    assert {node for node in graph if str(node).startswith("person:")} == people
    assert {node for node in graph if not str(node).startswith("person:")} == {
        "thing:T1",
        "location:L2",
    } & set(graph)
    assert "thing:T1" in graph
    with pytest.raises(KeyError, match="There is no person NOBODY as of 2024-05-30"):
        export.export_graph(analysis, around="NOBODY")


@pytest.mark.parametrize("form", SINGLE)
def test_names_and_texts_are_in_a_file_only_when_asked_for(
    analysis: Analysis, case: Path, tmp_path: Path, form: str
) -> None:
    out, places = tmp_path / f"n.{form}", load_geography(case)
    export.export(analysis, out, form=form, geography=places)
    assert b"Quill" not in out.read_bytes().replace(b"Quarry", b"")
    assert b"at the park together" not in out.read_bytes()
    if form in export.NETWORKS:
        export.export(analysis, out, form=form, names=True)
        assert b"Ada Quill" in out.read_bytes()


def test_names_need_a_reason_that_the_log_keeps(run: Callable[..., Any], case: Path, tmp_path: Path) -> None:
    out = tmp_path / "n.svg"
    assert run("export", case, out, "--format", "svg", "--names", "--reason", "to plan a visit")[0] == 0
    assert b"Ada Quill" in out.read_bytes()
    (log,) = (tmp_path / "log").iterdir()
    kept = json.loads(log.read_text())
    wanted = {
        "action": "full names exported",
        "role": "analyst",
        "reason": "to plan a visit",
        "case": case.name,
        "format": "svg",
    }
    assert {name: kept[name] for name in wanted} == wanted


def test_without_the_log_no_names_are_written(
    run: Callable[..., Any], case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log").write_text("a file where the folder would be")
    code, _, _ = run(
        "export", case, tmp_path / "n.svg", "--format", "svg", "--names", "--reason", "to plan a visit"
    )
    assert code == 1
    assert not (tmp_path / "n.svg").exists()


@pytest.mark.parametrize("form", [*SINGLE, "csv"])
def test_an_export_is_whole_or_not_there(
    analysis: Analysis, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    out = tmp_path / f"n.{form}"
    options: dict[str, Any] = {"form": form, "geography": load_geography(case)}
    export.export(analysis, out, **options)
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}

    def fail(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "replace" if form != "csv" else "rename", fail)
    with pytest.raises(OSError, match="No space left"):
        export.export(analysis, out, **options)
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()} == before
    export.export(analysis, out, **options)
    assert {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()} == before


def test_a_folder_is_not_written_over(analysis: Analysis, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is a folder"):
        export.export(analysis, tmp_path / "mine", form="svg")
    with pytest.raises(FileExistsError, match="holds other things than an earlier result"):
        export.export(analysis, tmp_path / "mine", form="csv")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("kind", ["markup", "formula", "long"])
def test_hostile_names_do_nothing_in_any_format(
    small_case: ModuleType, hostile: dict[str, str], tmp_path: Path, kind: str
) -> None:
    folder = small_case.write_case(tmp_path / "case", name=hostile[kind])
    result, places = analyse(folder), load_geography(folder)
    for form in (*SINGLE, "csv"):
        export.export(result, tmp_path / f"n.{form}", form=form, names=True, geography=places)
    for form in ("graphml", "gexf", "anx", "svg"):
        root = etree.fromstring((tmp_path / f"n.{form}").read_bytes())
        assert not {"img", "script"} & {etree.QName(each).localname for each in root.iter(etree.Element)}
    assert "<img src=x" not in (tmp_path / "n.html").read_text(encoding="utf-8")
    for row in (row for name in export.TABLES for row in read_csv(tmp_path / "n.csv" / name)):
        cells = [*row, *row.values()]
        assert not any(
            cell[:1] in tuple("=+@") or (cell[:1] == "-" and not cell[1:2].isdigit()) for cell in cells
        )
    assert len(nx.read_gexf(tmp_path / "n.gexf")) == len(nx.read_graphml(tmp_path / "n.graphml"))
    assert geopandas.read_file(tmp_path / "n.gpkg", layer="places").crs.to_epsg() == 27700
