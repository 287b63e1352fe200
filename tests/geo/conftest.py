"""Build small cases and geography folders for the tests of geo/."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mapping.contract import TABLES

Case = dict[str, pd.DataFrame]
Square = tuple[str, float, float, float, float]


@pytest.fixture(scope="session")
def town(realdata: Path) -> Callable[..., Any]:
    """The town of benchmarks/coverage.py for a number of places and a seed: recorded crime of June 2019 with made-up days and hours."""
    assert realdata.is_dir()
    folder = Path(__file__).parents[2] / "benchmarks"
    sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location("coverage_benchmark", folder / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(folder))
    return module.town


@pytest.fixture
def case() -> Callable[..., Case]:
    """Make the five tables `build_wards` reads from rows given as dicts; what is left out is missing."""

    def make(**rows: list[dict[str, Any]]) -> Case:
        tables = {
            name: _typed(name, rows.get(name, []))
            for name in ("people", "locations", "events", "missing", "placements")
        }
        tables["people"]["is_child"] = [row.get("is_child", True) for row in rows.get("people", [])]
        return tables

    return make


def _typed(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns: dict[str, pd.Series[Any]] = {}
    for column in TABLES[name].columns:
        values = [row.get(column.name) for row in rows]
        if column.kind in ("date", "time"):
            columns[column.name] = pd.Series(pd.to_datetime(values), dtype="datetime64[us]")
        elif column.kind in ("easting", "northing", "longitude", "latitude"):
            columns[column.name] = pd.Series(values, dtype="float64")
        else:
            columns[column.name] = (
                pd.Series(values, dtype="str")
                if any(values)
                else pd.Series([None] * len(values), dtype="str")
            )
    return pd.DataFrame(columns)


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Make a geography folder: text by file name, and links to published files under names of our own."""

    def make(files: dict[str, str | bytes] | None = None, *links: Path) -> Path:
        place = tmp_path / f"geography{len(list(tmp_path.iterdir()))}"
        place.mkdir()
        for name, text in (files or {}).items():
            (place / name).write_bytes(text.encode() if isinstance(text, str) else text)
        for path in links:
            (place / path.name).symlink_to(path)
        return place

    return make


@pytest.fixture
def squares() -> Callable[..., str]:
    """Write ward boundaries in British National Grid as GeoJSON: (code, west, south, east, north) each."""

    def write(
        wards: Iterable[Square], *, authority: str | None = "E08000002", column: str = "WD25CD", **more: str
    ) -> str:
        features = []
        for code, west, south, east, north in wards:
            held: dict[str, str] = {column: code, "WD25NM": f"Ward {code[-1]}", **more}
            if authority:
                held |= {"LAD25CD": authority, "LAD25NM": "Anywhere"}
            ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
            features.append(
                {
                    "type": "Feature",
                    "properties": held,
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }
            )
        crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}}
        return json.dumps({"type": "FeatureCollection", "crs": crs, "features": features})

    return write
