"""Draw still pictures for documents: bars by month, hours of the week, wards, dates, networks."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from app import kinds
from app.maps import breaks, shades
from app.text import short
from mapping.kinds import KINDS, LINK_COLOUR

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

DARK, BLUE, PALE, ORANGE, LINE = kinds.INK, kinds.BLUE, kinds.PALE_BLUE, kinds.ORANGE, LINK_COLOUR
WIDTH = 6.7
"""Inches: as wide as the text of an A4 page."""

_DPI = 160
NAMED = 5
"""Areas named on a map."""

_MARKERS = {
    "ellipse": "o",
    "diamond": "D",
    "pentagon": "p",
    "round-rectangle": "s",
    "rectangle": "s",
    "hexagon": "h",
    "triangle": "^",
}
_BESIDE = ((0, -11), (0, 7), (0, -19), (0, 15), (38, -2), (-38, -2))
"""Where the name of a node may stand, in points from it, the first choice first."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def months(series: Mapping[str, pd.Series], before: Mapping[str, pd.Series], *, counted: str) -> bytes:
    """Draw counts by month, a row of bars each, beside the same month of the year before as a line.

    Parameters
    ----------
    series : what is counted to counts on "2025-03", missing where hidden or not known.
    before : the same of the year before, on the months that they stand beside.
    """
    figure, panels = _figure(len(series), each=1.9)
    for axes, (name, counts) in zip(panels, series.items(), strict=True):
        index = pd.PeriodIndex(counts.index, freq="M")
        values, earlier = (
            each.reindex(counts.index).to_numpy(dtype=float, na_value=np.nan)
            for each in (counts, before[name])
        )
        place = np.arange(len(values))
        axes.bar(place, values, color=BLUE, width=0.75, label="this month")
        if not np.isnan(earlier).all():
            axes.plot(place, earlier, color=ORANGE, marker="o", markersize=3, label="a year before")
            axes.legend(frameon=False, fontsize=8, loc="upper left", ncols=2)
        axes.set_ylim(0, max(1.0, float(np.nanmax([*values, *earlier, 0.0])) * 1.3))
        axes.set_title(name, loc="left", fontsize=9, fontweight="bold")
        step = max(1, len(values) // 12)
        axes.set_xticks(place[::step], [month.strftime("%b %y") for month in index[::step]], fontsize=7)
        axes.set_ylabel(counted, fontsize=8)
    return _png(figure)


def week(hours: pd.DataFrame) -> bytes:
    """Draw the hours of the week as a grid of shades: days down, hours across.

    Parameters
    ----------
    hours : weekday, hour and weight, from `geo.hours.hours_of_week`.
    """
    grid = hours.pivot(index="weekday", columns="hour", values="weight").reindex([*_DAYS])
    figure, (axes,) = _figure(1, each=2.3)
    image = axes.imshow(grid.to_numpy(dtype=float), cmap="Blues", aspect="auto", vmin=0)
    axes.set_yticks(range(7), _DAYS, fontsize=8)
    axes.set_xticks(range(0, 24, 3), [f"{hour:02}:00" for hour in range(0, 24, 3)], fontsize=8)
    figure.colorbar(image, ax=axes, fraction=0.03, pad=0.02).ax.tick_params(labelsize=7)
    return _png(figure)


def pairs_of_bars(table: pd.DataFrame, *, across: str) -> bytes:
    """Draw two bars side by side for each row, such as shares by decile: the first column solid, the second pale."""
    figure, (axes,) = _figure(1, each=2.4)
    place = np.arange(len(table))
    for at, (name, colour) in enumerate(zip(table.columns, (BLUE, PALE), strict=True)):
        axes.bar(place + 0.4 * at - 0.2, table[name].astype(float), width=0.38, color=colour, label=name)
    axes.set_xticks(place, [str(label) for label in table.index], fontsize=8)
    axes.set_xlabel(across, fontsize=8)
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def wards(
    shapes: GeoDataFrame, panels: Mapping[str, pd.Series], *, spots: pd.DataFrame | None = None
) -> bytes:
    """Draw wards in shades, one map a panel, all on one scale; wards without a value are hatched.

    Parameters
    ----------
    shapes : geometry in metres, with code and name.
    panels : the title of each map to values on the code of the ward.
    spots : easting, northing, kind and called; places and events marked on the first map.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    limits = breaks(pd.concat(list(panels.values())))
    ratio = _ratio(shapes)
    wide = WIDTH / len(panels)
    figure = Figure(figsize=(WIDTH, min(6.5, wide * ratio + 0.9)), dpi=_DPI, layout="constrained")
    drawn = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, values) in zip(drawn, panels.items(), strict=True):
        _draw_wards(axes, shapes, values, limits)
        axes.set_title(title, loc="left", fontsize=9, fontweight="bold")
    if spots is not None and len(spots):
        _draw_spots(drawn[0], spots)
    keys = [
        Patch(facecolor=colour, edgecolor=LINE, label=label)
        for colour, label in _classes(limits, pd.concat(list(panels.values())))
    ]
    figure.legend(handles=keys, loc="outside lower center", ncols=6, fontsize=7, frameon=False)
    return _png(figure)


def dates(counts: pd.DataFrame, *, counted: str) -> bytes:
    """Draw counts by month as stacked bars.

    Parameters
    ----------
    counts : months ("2025-03") down, kinds across.
    """
    figure, (axes,) = _figure(1, each=2.2)
    place, floor = np.arange(len(counts)), np.zeros(len(counts))
    for name, colour in zip(counts.columns, (BLUE, ORANGE, kinds.PURPLE, kinds.BROWN, LINE), strict=False):
        axes.bar(place, counts[name], bottom=floor, width=0.75, color=colour, label=str(name))
        floor = floor + counts[name].to_numpy(dtype=float)
    step = max(1, len(counts) // 12)
    labels = [month.strftime("%b %y") for month in pd.PeriodIndex(counts.index, freq="M")[::step]]
    axes.set_xticks(place[::step], labels, fontsize=7)
    axes.set_ylabel(counted, fontsize=8)
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def network(nodes: pd.DataFrame, edges: pd.DataFrame) -> bytes:
    """Draw people, things and places and what ties them, each kind in its own shape and colour.

    Parameters
    ----------
    nodes : id, kind, name, x, y.
    edges : source, target, harm (0 or 1).
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 5.0), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    where = nodes.set_index("id")[["x", "y"]]
    for row in edges.to_dict("records"):
        ends = where.loc[[row["source"], row["target"]]]
        harmful = bool(row["harm"])
        axes.plot(
            ends["x"],
            -ends["y"],
            color=ORANGE if harmful else LINK_COLOUR,
            linewidth=1.4 if harmful else 0.8,
            zorder=1,
        )
    for kind, rows in nodes.groupby("kind", sort=True):
        look = KINDS[str(kind)]
        marker = _MARKERS[look.shape]
        axes.scatter(rows["x"], -rows["y"], s=110, marker=marker, color=look.colour, edgecolor="white", zorder=2, label=look.label)  # fmt: skip
    texts = [_called(axes, row) for row in nodes.to_dict("records")]
    axes.margins(0.08)
    axes.set_axis_off()
    figure.legend(loc="outside lower center", ncols=4, fontsize=7, frameon=False)
    _part(figure, texts)
    return _png(figure)


def _called(axes: Axes, row: Mapping[Any, Any]) -> Annotation:
    text = axes.annotate(
        short(row["name"], limit=24),
        (row["x"], -row["y"]),
        xytext=_BESIDE[0],
        textcoords="offset points",
        ha="center",
        fontsize=6.5,
        parse_math=False,
    )
    text.set_bbox({"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.4})
    return text


def _part(figure: Figure, texts: Sequence[Annotation]) -> None:
    """Move the name of a node above or beside it where it would lie on one that stands already."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure).draw()
    figure.set_layout_engine("none")  # names are moved within the picture as it lies now
    taken: list[Any] = []
    for text in texts:
        for offset in _BESIDE:
            text.set_position(offset)
            box = text.get_window_extent()
            if not box.count_overlaps(taken):
                break
        else:
            text.set_position(_BESIDE[0])
            box = text.get_window_extent()
        taken.append(box)


def _draw_wards(axes: Axes, shapes: GeoDataFrame, values: pd.Series, limits: Sequence[float]) -> None:
    known = values.reindex(shapes["code"]).astype(float)
    colours = shades(known, limits).tolist()
    shapes.plot(ax=axes, color=colours, edgecolor=LINE, linewidth=0.5)
    unknown = shapes[known.isna().to_numpy()]
    if len(unknown):
        unknown.plot(ax=axes, facecolor="none", edgecolor=LINE, linewidth=0.3, hatch="////")
    order = known[known > 0].sort_index().sort_values(ascending=False, kind="stable").index[:NAMED]
    for row in shapes[shapes["code"].isin(order)].itertuples():
        middle = row.geometry.representative_point()
        text = axes.annotate(
            short(row.name, limit=22),
            (middle.x, middle.y),
            ha="center",
            va="center",
            fontsize=6,
            parse_math=False,
        )
        text.set_bbox({"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8})
    axes.set_axis_off()
    axes.set_aspect("equal")


def _draw_spots(axes: Axes, spots: pd.DataFrame) -> None:
    for kind, rows in spots.groupby("kind", sort=True):
        look = KINDS[str(kind)]
        size = 30 if kind == "event" else 40
        axes.scatter(
            rows["easting"],
            rows["northing"],
            s=size,
            marker=_MARKERS[look.shape],
            color=look.colour,
            edgecolor=DARK,
            linewidth=0.6,
            zorder=3,
            label=look.label,
        )
    axes.legend(fontsize=6.5, frameon=True, loc="best")


def _classes(limits: Sequence[float], values: pd.Series) -> list[tuple[str, str]]:
    """Return the colour and the words of each class, the lowest first."""
    highest = float(values.max()) if values.notna().any() else 0.0
    ends = [0.0, *limits]
    colours = shades(pd.Series(ends, dtype=float), limits)
    labels = ["none" if not at else f"{low:g} or more" for at, low in enumerate(ends)]
    if limits and highest == round(highest):
        tops = [*(limit - 1 for limit in limits[1:]), highest]
        pairs = zip(limits, tops, strict=True)
        labels = ["none", *(f"{low:g}" if low >= top else f"{low:g} to {top:g}" for low, top in pairs)]
    hatched = [(kinds.WHITE, "hatched: hidden or not known")] if values.isna().any() else []
    return [*zip(colours, labels, strict=True), *hatched]


def _ratio(shapes: GeoDataFrame) -> float:
    west, south, east, north = shapes.total_bounds
    return float((north - south) / max(east - west, 1.0))


def _figure(rows: int, *, each: float) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(WIDTH, each * rows + 0.1), dpi=_DPI, layout="constrained")
    panels = figure.subplots(rows, 1, squeeze=False)[:, 0]
    for axes in panels:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8, colors=DARK)
    return figure, panels


def _png(figure: Figure) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    # Without the name and version of the program, the same figures give the same bytes.
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()
