"""Draw the pictures of docs/methods_geography.md from Greater Manchester's open data.

    python benchmarks/pictures.py                 writes docs/gm_burglary.png and docs/gm_deprivation.png

Needs the real open data beside the checkout (CONTEXTMAP_SHARED names another place). The pictures hold nothing but open
data added up by ward; the same data and versions give the same pictures.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from PIL import Image

from geo.areas import Areas, build_areas
from geo.boundaries import Boundaries
from geo.deprivation import build_deprivation, decile_counts
from geo.files import Geography, read_geography
from geo.hotspots import area_hotspots
from geo.lookups import ward_lookup
from geo.population import lsoa_people
from geo.rates import smoothed_rate
from geo.street_crime import crime_areas, load_street_crime

DOCS = Path(__file__).resolve().parents[1] / "docs"
REALDATA = Path(os.environ.get("CONTEXTMAP_SHARED", DOCS.parents[1] / "shared")) / "realdata"
FILES = (
    "wards/gm_wards_WD25.geojson",
    "population/gm_lsoa11_mid2016_single_year_age.csv",
    "lookups/lookup_lsoa11_lsoa21_ltla22.csv",
    "lookups/lookup_lsoa21_ward24_ltla24.csv",
    "deprivation/imd2019_england_lsoa11.csv",
    "deprivation/imd2025_england_lsoa21.csv",
)
LICENCE = (
    "Contains OS data and National Statistics data © Crown copyright and database right 2025; {more}. "
    "Open Government Licence v3.0."
)
# From light to dark; each reads as darker in grey as well.
SHADES = ("#f3efe4", "#dcd3a9", "#b9b578", "#7f9a5f", "#4a7358", "#274a48")
TENTHS = (
    "#45202f",
    "#6d2b3d",
    "#94414a",
    "#b46257",
    "#cd8767",
    "#dfab7f",
    "#ecca9c",
    "#f3e0bd",
    "#f7eeda",
    "#fbf8f1",
)
ALONE = 0.05
INK, QUIET, LINE = "#1f2933", "#5b6670", "#ffffff"
# Black lines cannot be seen on the darkest shades, so hatching is light there.
PALE = "#ffffff"


def main() -> None:
    mpl.rcParams.update({"font.family": "DejaVu Sans", "hatch.linewidth": 0.9})
    geography = read_places()
    areas = build_areas(geography)
    save(draw_burglary(areas, residents(geography)), DOCS / "gm_burglary.png")
    save(draw_deprivation(areas, geography), DOCS / "gm_deprivation.png")


def save(figure: Any, path: Path) -> None:
    """Write a picture with as few colours as it needs, which makes the file a third of the size."""
    drawn = BytesIO()
    figure.savefig(drawn, dpi=110)
    Image.open(drawn).convert("RGB").quantize(96).save(path, optimize=True)


def read_places() -> Geography:
    with tempfile.TemporaryDirectory() as folder:
        for name in FILES:
            (Path(folder) / Path(name).name).symlink_to(REALDATA / name)
        return read_geography(folder)


def residents(geography: Geography) -> pd.Series[float]:
    """Count everyone who lives in each ward: burglary is not of children."""
    found, (lookup, _) = lsoa_people(geography, "LSOA11"), ward_lookup(geography, "LSOA11")
    assert found is not None
    assert lookup is not None
    parts = lookup.frame.merge(found[0], left_on="lsoa_code", right_on="code")
    return (parts["total"] * parts["share"]).groupby(parts["ward_code"]).sum()


# Burglary -----------------------------------------------------------------------------------


def draw_burglary(areas: Areas, people: pd.Series[float]) -> Any:
    crime = load_street_crime(REALDATA / "police/gmp_burglary_points_2016-02_onward.csv")
    codes, _ = crime_areas(crime, areas.boundaries)
    count = codes.value_counts().reindex(areas.table.index).fillna(0)
    people = people.reindex(areas.table.index)
    rate = smoothed_rate(count, people, neighbours=areas.beside)["smoothed_rate"]
    tested = area_hotspots(count, people, areas.neighbours)
    hot = tested["hotspot"].fillna(False).astype(bool)
    alone = (tested["gi_star_p"] <= ALONE) & ~hot
    edges = [20, 30, 40, 50, 60]
    shade = pd.cut(rate, [0, *edges, 1e9], labels=False, right=False).astype(int)

    figure, axes = plt.subplots(figsize=(10.2, 8.3), layout="none")
    figure.subplots_adjust(left=0.02, right=0.98, top=0.885, bottom=0.05)
    colours = [SHADES[each] for each in shade]
    draw_areas(axes, areas.boundaries, colours)
    hatch(axes, areas.boundaries, alone, shade, "..")
    hatch(axes, areas.boundaries, hot, shade, "////")
    outline(axes, areas.boundaries, hot, INK, 2.2)
    authorities(axes, areas)
    say(
        figure,
        f"Burglary: {hot.sum()} of {len(hot)} wards, with those around them, are higher than chance explains",
        f"{', '.join(areas.table['area_name'][hot])}. {int(count.sum()):,} burglaries in Greater Manchester,\n"
        "February 2016 to January 2019, in wards of 2025.",
    )
    names = ["under 20", *(f"{low} to {high}" for low, high in pairwise(edges)), "60 and over"]
    patches: list[Any] = [
        Patch(facecolor=SHADES[at], edgecolor=QUIET, label=name) for at, name in enumerate(names)
    ]
    legend(axes, patches, "Per 1,000 residents,\nsteadied by neighbours", "upper left")
    likely = round(ALONE * len(hot))
    certainty = [
        Patch(facecolor=SHADES[1], edgecolor=INK, hatch="////", label=f"beyond chance, allowing for {len(hot)} tests"),
        Patch(facecolor=SHADES[1], edgecolor=INK, hatch="..", label=f"by itself 1 in 20 or less ({alone.sum()} wards;\nchance alone gives some {likely})"),
        Patch(facecolor=SHADES[1], edgecolor=QUIET, label="chance explains it"),
    ]  # fmt: skip
    legend(axes, certainty, "High with its neighbours? (Gi*)", "lower left")
    source(figure, "crime: data.police.uk; people: mid-2016 estimates")
    return figure


# Deprivation --------------------------------------------------------------------------------


def draw_deprivation(areas: Areas, geography: Geography) -> Any:
    figure, both = plt.subplots(1, 2, figsize=(12.6, 6.7), layout="none")
    figure.subplots_adjust(left=0.01, right=0.99, top=0.83, bottom=0.12, wspace=0.02)
    for axes, edition in zip(both, ("2019", "2025"), strict=True):
        decile = build_deprivation(geography, edition=edition).wards["imd_decile"].astype(int)
        counts, _ = decile_counts(geography, edition=edition)
        half = counts[1] * 2 >= counts.sum(axis=1)
        draw_areas(axes, areas.boundaries, [TENTHS[each - 1] for each in decile])
        hatch(axes, areas.boundaries, half, pd.Series(5, index=half.index), "////")
        authorities(axes, areas)
        lsoas, most = round(counts.to_numpy().sum()), round(counts[1].sum())
        axes.set_title(
            f"IMD {edition}: {most} of {lsoas:,} LSOAs are in England's most deprived tenth;\n"
            f"in {half.sum()} of 215 wards at least half are",
            fontsize=10.5,
            color=INK,
            loc="left",
        )
    say(
        figure,
        "Deprivation of Greater Manchester's wards, each edition by itself",
        "The 2019 edition is on LSOAs of 2011 and the 2025 edition on those of 2021, with other indicators: a ward of "
        "another shade need not have changed.",
    )
    patches: list[Any] = [
        Patch(facecolor=colour, edgecolor=QUIET, label=str(at)) for at, colour in enumerate(TENTHS, start=1)
    ]
    patches.append(
        Patch(facecolor=TENTHS[2], edgecolor=PALE, hatch="////", label="at least half its LSOAs in decile 1")
    )
    figure.legend(
        handles=patches, title="Decile of the mean rank of the ward's LSOAs: 1 is the most deprived tenth of England",
        loc="lower center", bbox_to_anchor=(0.5, 0.035), ncols=11, frameon=False, fontsize=9, title_fontsize=9.5,
    )  # fmt: skip
    source(figure, "deprivation: English Indices of Deprivation 2019 and 2025, MHCLG")
    return figure


# Drawing ------------------------------------------------------------------------------------


def draw_areas(axes: Axes, boundaries: Boundaries, colours: Iterable[str]) -> None:
    frame = boundaries.to_geopandas()
    frame.plot(ax=axes, color=list(colours), edgecolor=LINE, linewidth=0.5)
    axes.set_axis_off()
    axes.set_aspect("equal")


def hatch(
    axes: Axes, boundaries: Boundaries, some: pd.Series[bool], shade: pd.Series[int], pattern: str
) -> None:
    """Hatch some areas: dark on light shades, light on dark ones."""
    frame = boundaries.to_geopandas()
    for dark, colour in ((False, INK), (True, PALE)):
        chosen = frame[some.to_numpy() & ((shade.to_numpy() >= 4) == dark)]
        if len(chosen):
            chosen.plot(ax=axes, facecolor="none", edgecolor=colour, hatch=pattern, linewidth=0)


def outline(axes: Axes, boundaries: Boundaries, some: pd.Series[bool], colour: str, width: float) -> None:
    boundaries.to_geopandas()[some.to_numpy()].boundary.plot(ax=axes, color=colour, linewidth=width)


def authorities(axes: Axes, areas: Areas) -> None:
    """Draw the edges of the ten authorities and their names."""
    import geopandas

    frame = areas.boundaries.frame
    for name, rows in frame.groupby("authority_name").indices.items():
        whole = shapely.union_all(areas.boundaries.geometry[rows])
        geopandas.GeoSeries([whole]).boundary.plot(ax=axes, color=INK, linewidth=0.9)
        x, y = shapely.get_coordinates(shapely.point_on_surface(whole))[0]
        axes.annotate(
            name, (x, y), ha="center", va="center", fontsize=8.5, color=INK, fontweight="bold",
            path_effects=[withStroke(linewidth=2.6, foreground="#ffffff")],
        )  # fmt: skip


def legend(axes: Axes, patches: list[Any], title: str, where: str) -> None:
    box = axes.legend(
        handles=patches, title=title, loc=where, frameon=False, fontsize=9, title_fontsize=9.5,
        alignment="left", handlelength=2.4, handleheight=1.4, labelspacing=0.4, borderaxespad=0,
    )  # fmt: skip
    axes.add_artist(box)


def say(figure: Any, title: str, below: str) -> None:
    figure.text(0.02, 0.965, title, fontsize=13, fontweight="bold", color=INK, va="top")
    figure.text(0.02, 0.928, below, fontsize=10, color=INK, va="top")


def source(figure: Any, more: str) -> None:
    figure.text(0.02, 0.012, LICENCE.format(more=more), fontsize=7.5, color=QUIET, va="bottom")


if __name__ == "__main__":
    main()
