"""Dense places of episodes and incidents, with their children, and the surface around them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from streamlit.testing.v1 import AppTest

from app import dense, hotspot_map, hotspots
from app.analysis import analyse, load_geography
from geo.areas import build_areas
from mapping.access import Viewer

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]
DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"


def counts_of(case: Path, **asked: Any) -> hotspots.Counts:
    places = load_geography(case)
    return hotspots.build_counts(analyse(case, linked=False, **asked), build_areas(places), places)


@pytest.fixture(scope="module")
def demo() -> hotspots.Counts:
    return counts_of(DEMO)


@pytest.fixture
def planted(case: Path, tmp_path: Path) -> Path:
    """The small case with eight incidents around one spot in Alder, seven a kilometre away, and four far from all others."""
    folder = tmp_path / "planted"
    folder.mkdir()
    for path in case.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "events.csv").unlink()
    (folder / "participation.csv").unlink()
    near = [(400_500 + 20 * (at % 3), 400_500 + 20 * (at // 3)) for at in range(8)]
    near += [(400_500 + 20 * (at % 3), 401_500 + 20 * (at // 3)) for at in range(7)]
    far = [(403_500, 400_200), (400_300, 403_800), (403_800, 403_700), (402_500, 402_100)]
    rows = [
        f"E{at},incident,2024-05-{at + 1:02}T20:00,{east},{north}"
        for at, (east, north) in enumerate([*near, *far])
    ]
    (folder / "events.csv").write_text("event_id,kind,started_at,easting,northing\n" + "\n".join(rows) + "\n")
    (folder / "participation.csv").write_text(
        "event_id,person_id,role\nE0,C001,present\nE1,C001,harmed\nE2,C002,present\nE2,A1,adult_of_concern\nE9,C003,present\n"
    )
    return folder


def test_a_dense_place_has_its_children_days_and_wards(planted: Path) -> None:
    found = dense.find_dense(counts_of(planted), "incidents")
    assert (found.minimum, found.notes, len(found.points)) == (6, (), 19)
    row = found.places.iloc[0]
    assert found.places["counted"].tolist() == [8, 7]
    assert found.places["children"].tolist() == [2, 1]
    assert (row["place"], row["counted"], row["children"], row["spots"]) == (1, 8, 2, 8)
    assert (row["first_day"].date(), row["last_day"].date()) == (date(2024, 5, 1), date(2024, 5, 8))
    assert (row["area_codes"], row["area_names"]) == ("E05000001", "Alder")
    assert row["radius"] < 60
    assert dense.place_lines(found)[0].startswith(
        '<div class="cm-row">Dense place 1, Alder: <span class="cm-figure">8</span> of 2 children, at 8 spots within '
    )


def test_what_has_no_points_or_too_few_says_why(planted: Path, demo: hotspots.Counts) -> None:
    counts = counts_of(planted)
    assert (
        dense.find_dense(counts, "referrals").notes[0].startswith("Referrals are counted where children live")
    )
    assert dense.find_dense(counts, "incidents", minimum=10).notes == (
        "No 10 of 19 lie closer together than those around them.",
    )
    assert dense.find_dense(counts, "incidents", month="2023-01").places.empty
    # Where children go missing from is where they live: not for who sees no people.
    hidden = dense.find_dense(demo, "missing_episodes", sees_people=False)
    assert (hidden.places.empty, len(hidden.points), hidden.notes) == (True, 0, (dense.HOMES,))


def test_everything_at_one_spot_is_no_place(planted: Path) -> None:
    counts = counts_of(planted)
    one = counts.occurrences.assign(easting=400_500.0, northing=400_500.0)
    found = dense.find_dense(hotspots.Counts(counts.areas, one, counts.as_of, counts.taking), "incidents")
    assert found.notes == ("All 19 are at one spot, so none lie closer together than others.",)


def test_a_viewer_without_people_gets_no_children(planted: Path) -> None:
    found = dense.find_dense(counts_of(planted, viewer=Viewer("planner")), "incidents")
    assert found.places["children"].isna().all()
    assert '<span class="cm-figure">8</span>, at 8 spots' in dense.place_lines(found)[0]


def test_dense_places_of_the_demo_are_of_the_same_incidents_as_its_wards(demo: hotspots.Counts) -> None:
    found = dense.find_dense(demo, "incidents")
    rows = demo.occurrences[demo.occurrences["counted"] == "incident"]
    assert len(found.points) == len(rows)
    assert (found.places["counted"] >= found.minimum).all()
    assert found.places["counted"].sum() <= len(rows)
    fewer = dense.find_dense(demo, "incidents", month="2026-03")
    assert len(fewer.points) == (rows["on"].dt.strftime("%Y-%m") == "2026-03").sum()


def test_cells_are_squares_of_the_surface_on_one_scale(demo: hotspots.Counts) -> None:
    found = dense.find_dense(demo, "incidents")
    grid = dense.grid_of(demo.areas)
    surface = dense.surface(found.points, demo.areas)
    top = float(surface["density"].max())
    cells = dense.cells(surface, demo.areas, highest=top)
    levels = np.searchsorted(dense.steps(top), surface["density"], side="right")
    assert [cell["level"] for cell in cells] == levels[levels > 0].tolist()
    assert {cell["level"] for cell in cells} == {1, 2, 3, 4, 5}
    # With twice the scale the same surface is paler: the scale is not made from what is shown.
    assert max(cell["level"] for cell in dense.cells(surface, demo.areas, highest=2 * top)) == 3
    square = shapely.Polygon(cells[0]["at"])
    middle = shapely.points(-1.6, 54.1)
    assert square.is_valid
    assert square.distance(middle) < 1
    assert grid.bandwidth == 3 * grid.cell
    # The surface holds every incident once, but for what falls outside the wards.
    assert (surface["density"].sum() * grid.cell**2 / 1e6) == pytest.approx(len(found.points), rel=0.08)


def test_the_picture_has_a_circle_and_a_number_for_each_place(planted: Path) -> None:
    counts = counts_of(planted)
    found = dense.find_dense(counts, "incidents")
    surface = dense.surface(found.points, counts.areas)
    cells = dense.cells(surface, counts.areas, highest=float(surface["density"].max()))
    layers = hotspot_map.surface_layers(cells, found.places, levels=5)
    assert [layer.id for layer in layers] == ["surface", "dense", "dense_numbers"]
    assert len(layers[0].data) == len(cells)
    assert len(layers[1].data["features"]) == 2
    assert [each["text"] for each in layers[2].data] == ["1", "2"]
    nothing = hotspot_map.surface_layers([], found.places.iloc[:0], levels=5)
    assert [len(nothing[at].data) for at in (0, 2)] == [0, 0]
    said = hotspot_map.surface_legend([1, 4], what="Incidents")
    assert "Incidents to the square kilometre" in said
    assert "1 up to 4" in said


def test_the_page_draws_where_they_lie_thick(open_app: OpenApp, shown: Shown, planted: Path) -> None:
    app = open_app(planted, "hotspots")
    next(found for found in app.selectbox if found.label == "Measure").select("incidents").run()
    app.session_state["hotspot_layer"] = "points"
    app.run()
    assert not app.exception
    assert "Dense places: 6 or more close together" in shown(app)
    assert "Incidents to the square kilometre" in shown(app)
    assert "of 2 children, at 8 spots" in shown(app)
    # The scale is not moved by leaving placed children out.
    legend = [element.proto.body for element in app.get("html") if "square kilometre" in element.proto.body]
    app.toggle[0].set_value(False).run()
    assert not app.exception
    assert [
        element.proto.body for element in app.get("html") if "square kilometre" in element.proto.body
    ] == legend
    next(found for found in app.selectbox if found.label == "Measure").select("referrals").run()
    assert not app.exception
    assert "Referrals are counted where children live" in shown(app)


def test_the_order_of_rows_does_not_matter(planted: Path) -> None:
    counts = counts_of(planted)
    found = dense.find_dense(counts, "incidents")
    shuffled = hotspots.Counts(
        counts.areas, counts.occurrences.sample(frac=1, random_state=3), counts.as_of, counts.taking
    )
    pd.testing.assert_frame_equal(dense.find_dense(shuffled, "incidents").places, found.places)
