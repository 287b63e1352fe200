"""Lay out networks on the server and build the pictures of them: the same input gives the same picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pydeck as pdk

from app import kinds
from app.text import short

SPREAD = 105.0
"""Screen units between neighbours in a working chart."""

MOST_DOTS = 20_000
"""Dots in the picture of the whole network; beyond it only the groups at the top of the list are drawn."""

TEXT_HEIGHT, HALF_A_LETTER = 16.0, 3.5
"""Pixels of a line of text in the picture of all groups, and of half a letter in it."""

_GOLDEN = math.pi * (3 - math.sqrt(5))


def positions(nodes: Sequence[str], links: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Return x and y for each node: linked nodes near each other, separate parts side by side.

    Parameters
    ----------
    nodes
        ids; their order does not matter.
    links
        source, target, and optionally weight.

    Returns
    -------
    pandas.DataFrame
        x, y in screen units, on id, in the order of `nodes`.

    Notes
    -----
    Kamada and Kawai (1989) up to 60 nodes in a part, Fruchterman and Reingold
    (1991) with a seed above.
    """
    graph = nx.Graph()
    graph.add_nodes_from(sorted(nodes))
    ends = {tuple(sorted(pair)) for pair in zip(links["source"], links["target"], strict=True)}
    graph.add_edges_from(sorted(pair for pair in ends if pair[0] in graph and pair[1] in graph))
    parts = sorted(nx.connected_components(graph), key=lambda part: (-len(part), min(part)))
    placed: dict[str, tuple[float, float]] = {}
    left, top, depth, width = 0.0, 0.0, 0.0, SPREAD * max(6.0, 1.6 * math.sqrt(len(nodes)))
    for part in parts:
        drawn = _part_positions(graph.subgraph(sorted(part)), seed=seed)
        size = drawn.max(axis=0) - drawn.min(axis=0) + SPREAD * 1.2
        if left > 0 and left + size[0] > width:
            left, top, depth = 0.0, top + depth, 0.0
        corner = np.array([left, top]) - drawn.min(axis=0)
        placed.update({node: tuple(point + corner) for node, point in zip(sorted(part), drawn, strict=True)})
        left, depth = left + size[0], max(depth, size[1])
    return pd.DataFrame(
        [placed[node] for node in nodes], index=pd.Index(nodes, name="id"), columns=["x", "y"]
    )


def beside(where: pd.DataFrame, nodes: Sequence[str], links: pd.DataFrame) -> pd.DataFrame:
    """Return x and y for each node: where it already is, or else on a free spot near those it is linked to.

    Parameters
    ----------
    where
        x, y on id, of nodes that have a place. What is not among `nodes` keeps its place free.
    nodes
        ids.
    links
        source, target.

    Returns
    -------
    pandas.DataFrame
        x, y on id, in the order of `nodes`.
    """
    placed = {str(node): (float(x), float(y)) for node, x, y in where[["x", "y"]].itertuples(name=None)}
    near: dict[str, list[str]] = {}
    for one, other in zip(links["source"], links["target"], strict=True):
        near.setdefault(one, []).append(other)
        near.setdefault(other, []).append(one)
    corner = (where["x"].min(), where["y"].max() + SPREAD) if len(where) else (0.0, 0.0)
    for node in sorted(set(nodes) - set(placed)):
        linked = [placed[other] for other in near.get(node, []) if other in placed]
        start = tuple(np.mean(linked, axis=0)) if linked else corner
        taken = np.array(list(placed.values())).reshape(-1, 2)
        placed[node] = _free(start, taken, SPREAD * 0.9, step=SPREAD * 0.3)
    return pd.DataFrame(
        [placed[node] for node in nodes], index=pd.Index(nodes, name="id"), columns=["x", "y"]
    )


def put(where: pd.DataFrame, kept: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """Return x and y for each node: where somebody put it, and the others where they are, or on a free spot near there.

    Parameters
    ----------
    where
        x, y on id, and what else is known of each.
    kept
        id to x, y: where they were put. One that is not among `where` keeps its place free.

    Returns
    -------
    pandas.DataFrame
        `where` with other x and y; the nodes of `kept` that it lacks at the end.
    """
    taken = np.array(list(kept.values()), dtype=float).reshape(-1, 2)
    out = where.copy()
    spots = dict(kept)
    for node, x, y in where[["x", "y"]].itertuples(name=None):
        if node not in kept:
            spots[node] = _free((float(x), float(y)), taken, SPREAD * 0.45, step=SPREAD * 0.2)
    late = [node for node in kept if node not in where.index]
    out = out.reindex([*where.index, *late])
    out["x"] = [float(spots[node][0]) for node in out.index]
    out["y"] = [float(spots[node][1]) for node in out.index]
    return out


def _free(start: tuple[float, float], taken: np.ndarray, apart: float, *, step: float) -> tuple[float, float]:
    """Return the first spot on a spiral out from a point that lies so far apart from each of those taken."""
    for turn in range(100_000):
        reach = step * math.sqrt(turn)
        spot = (start[0] + reach * math.cos(turn * _GOLDEN), start[1] + reach * math.sin(turn * _GOLDEN))
        if (np.hypot(*(taken - spot).T) >= apart).all():
            return spot
    return start


def corners(where: pd.DataFrame) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what is drawn, with room for names.

    Parameters
    ----------
    where
        x, y, and optionally half: half the width of each name.
    """
    half = where["half"] if "half" in where else pd.Series(SPREAD, index=where.index)
    return (
        float((where["x"] - half).min()) - 10.0,
        float(where["y"].min()) - SPREAD * 0.3,
        float((where["x"] + half).max()) + 10.0,
        float(where["y"].max()) + SPREAD * 0.5,
    )


def _part_positions(graph: nx.Graph, *, seed: int) -> np.ndarray:
    ordered = nx.Graph()
    ordered.add_nodes_from(sorted(graph.nodes))
    ordered.add_edges_from(sorted(tuple(sorted(edge)) for edge in graph.edges))
    size = ordered.number_of_nodes()
    if size == 1:
        return np.zeros((1, 2))
    if size == 2:
        return np.array([[0.0, 0.0], [SPREAD * 1.4, 0.0]])
    if size <= 60:
        found = nx.kamada_kawai_layout(ordered)
    else:
        found = nx.spring_layout(ordered, seed=seed, iterations=120, k=1.6 / math.sqrt(size))
    points = np.array([found[node] for node in sorted(ordered.nodes)])
    return _spaced(points)


def _spaced(points: np.ndarray) -> np.ndarray:
    """Scale the points so that the typical nearest neighbour is SPREAD away, wider than high."""
    from scipy.spatial import cKDTree

    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    typical = float(np.median(nearest)) or 1e-6
    scale = min(SPREAD / typical, SPREAD * math.sqrt(len(points)) * 2.2 / max(float(np.ptp(points)), 1e-6))
    return points * scale * np.array([1.25, 0.95])


def chart_edges(links: pd.DataFrame, *, as_of: Any = None, half_life: float | None = None) -> pd.DataFrame:
    """Return links in the form a working chart draws.

    Parameters
    ----------
    links
        id, source, target, items, and optionally stated, seen (yes or no),
        nature, last_seen, harm.
    as_of, half_life
        a link whose newest item is more than `half_life` days older is faded.
    """
    out = pd.DataFrame({name: links[name].astype(str) for name in ("id", "source", "target")})
    stated = links["stated"] if "stated" in links else pd.Series(False, index=links.index)
    seen = links.get("seen", ~stated)
    out["basis"] = np.select([stated & seen, stated], ["both", "stated"], "seen")
    nature = links["nature"].astype(str) if "nature" in links else pd.Series("", index=links.index)
    out["nature"] = np.where(nature == "protective", "protective", "other")
    out["step"] = np.select([links["items"] >= 5, links["items"] >= 2], [3, 2], 1)
    out["step"] = out["step"].astype(object)
    old = pd.Series(False, index=links.index)
    if half_life and "last_seen" in links and as_of is not None:
        old = (pd.Timestamp(as_of) - pd.to_datetime(links["last_seen"])).dt.days > half_life
    out["faded"] = [int(value) for value in old]
    out["among"] = 0
    out["harm"] = [int(bool(value)) for value in (links["harm"] if "harm" in links else old & False)]
    return out


def rings(child: str, contexts: pd.DataFrame) -> pd.DataFrame:
    """Return positions of a peer map: the child in the middle, contexts around, adults of concern apart.

    Parameters
    ----------
    contexts
        id, context (one of CONTEXTS, its sector), step (1 or 2), near
        (protective: nearest to the child).

    Returns
    -------
    pandas.DataFrame
        x, y on id, the child included at 0, 0.
    """
    rows = [(child, 0.0, 0.0)]
    present = [name for name in CONTEXTS if (contexts["context"] == name).any()]
    weights = np.array([max(3.0, float((contexts["context"] == name).sum())) for name in present])
    widths = weights / weights.sum() * 2 * math.pi if len(present) else weights
    start = -math.pi / 2 - (widths[0] / 2 if len(present) else 0)
    for name, width in zip(present, widths, strict=True):
        sector = contexts[contexts["context"] == name].sort_values(
            ["step", "near", "id"], ascending=[True, False, True]
        )
        rows += _sector(sector, start=start, width=float(width), apart=name == "concern")
        start += float(width)
    return pd.DataFrame(rows, columns=["id", "x", "y"]).set_index("id")


CONTEXTS = {
    "home": "home and family",
    "peers": "peers",
    "school": "school",
    "places": "places",
    "things": "phones, vehicles and accounts",
    "online": "online",
    "events": "events",
    "adults": "adults",
    "concern": "adults of concern",
}


def _sector(
    sector: pd.DataFrame, *, start: float, width: float, apart: bool
) -> list[tuple[str, float, float]]:
    """Place the members of one sector in arcs, each arc holding what fits on it."""
    out: list[tuple[str, float, float]] = []
    radius = 330.0 if apart else 190.0
    for step, near in ((1, True), (1, False), (2, True), (2, False)):
        ids = list(sector.loc[(sector["step"] == step) & (sector["near"] == near), "id"])
        arc = 135.0 if near and step == 1 and not apart else radius
        while ids:
            room = max(1, int(width * 0.86 * arc // 92))
            row, ids = ids[:room], ids[room:]
            for place, node in enumerate(row):
                angle = start + width * (0.07 + 0.86 * (place + 0.5) / len(row))
                out.append((node, arc * math.cos(angle) * 1.2, arc * math.sin(angle)))
            arc += 92.0
            radius = max(radius, arc)
    return out


def packed(groups: Sequence[str], sizes: pd.Series) -> pd.DataFrame:
    """Return the centre of each group in the picture of all groups: the first in the middle, none on another.

    Circles start on a spiral in the order given and are pushed apart until
    none lies on another.

    Parameters
    ----------
    groups
        ids in order of place.
    sizes
        members of each group, on id.

    Returns
    -------
    pandas.DataFrame
        x, y, radius on group id.
    """
    radii = _radius(sizes.loc[list(groups)].to_numpy(dtype=float))
    area = np.concatenate([[0.0], np.cumsum((radii * 2.3) ** 2)[:-1]])
    distance, angle = np.sqrt(area / math.pi * 1.1), np.arange(len(radii)) * _GOLDEN
    points = _apart(np.column_stack([distance * np.cos(angle) * 1.3, distance * np.sin(angle)]), radii)
    return pd.DataFrame(
        {"x": points[:, 0], "y": points[:, 1], "radius": radii}, index=pd.Index(list(groups), name="group_id")
    )


def _apart(points: np.ndarray, radii: np.ndarray, *, gap: float = 5.0, rounds: int = 120) -> np.ndarray:
    """Push circles apart until none lies on another, or the rounds are over."""
    from scipy.spatial import cKDTree

    for _ in range(rounds):
        near = cKDTree(points).query_pairs(2 * float(radii.max()) + gap, output_type="ndarray")
        if not len(near):
            break
        one, other = near[:, 0], near[:, 1]
        between = points[other] - points[one]
        reach = np.maximum(np.hypot(between[:, 0], between[:, 1]), 1e-6)
        short_by = radii[one] + radii[other] + gap - reach
        if not (short_by > 0.01).any():
            break
        push = (between / reach[:, None]) * (np.clip(short_by, 0, None) * 0.5)[:, None]
        points = points.copy()
        np.subtract.at(points, one, push)
        np.add.at(points, other, push)
    return points


def dots(members: pd.DataFrame, centres: pd.DataFrame) -> pd.DataFrame:
    """Return one dot a member, inside the circle of their group.

    Parameters
    ----------
    members
        person_id, group_id, kind, and optionally slot: which place in the circle a member has, counted
        from its middle; without it members have places in the order of their ids.
    centres
        x, y on group_id, from `packed`.
    """
    kept = members[members["group_id"].isin(centres.index)].sort_values(
        ["group_id", "person_id"], ignore_index=True
    )
    place = (kept["slot"] if "slot" in kept else kept.groupby("group_id").cumcount()).to_numpy()
    reach, angle = np.sqrt(place + 0.5) * 4.6, place * _GOLDEN
    middle = centres.loc[kept["group_id"]]
    return kept.assign(
        x=middle["x"].to_numpy() + reach * np.cos(angle), y=middle["y"].to_numpy() + reach * np.sin(angle)
    )


def drawn_groups(summary: pd.DataFrame, sizes: pd.Series) -> list[str]:
    """Return the groups that are drawn in the picture of all groups: the first of the table, up to MOST_DOTS members."""
    order = [group for group in summary["group_id"] if group in sizes.index]
    reached = np.cumsum([sizes[group] for group in order])
    return order[: max(1, int(np.searchsorted(reached, MOST_DOTS, side="right")))]


def held(
    centres: pd.DataFrame, same: Mapping[str, str], near: Mapping[str, str], sizes: pd.Series
) -> pd.DataFrame:
    """Return the circles of some groups: in the place of the group each is the same as, or on a free spot near one.

    Parameters
    ----------
    centres
        x, y, radius on id, from `packed`.
    same
        group to the one of `centres` whose circle it has.
    near
        group to the one of `centres` near which it stands, where it has no circle of its own.
    sizes
        members of each group to be drawn, on id, in order.

    Returns
    -------
    pandas.DataFrame
        x, y, radius on group id, in the order of `sizes`.
    """
    columns = ["x", "y", "radius"]
    placed = dict(zip(centres.index, centres[columns].itertuples(index=False, name=None), strict=True))
    found = {group: placed[same[group]] for group in sizes.index if group in same}
    # The larger first: a smaller one finds room where a larger one does.
    late = sizes[[group not in found for group in sizes.index]].sort_values(ascending=False, kind="stable")
    starts = [placed[near[group]][:2] if group in near else (0.0, 0.0) for group in late.index]
    spots = _on_free_spots(
        np.array(list(found.values()), dtype=float).reshape(-1, 3), starts, _radius(late.to_numpy())
    )
    found |= {group: tuple(spot) for group, spot in zip(late.index, spots, strict=True)}
    rows = [found[group] for group in sizes.index]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(sizes.index, name="group_id"))


def _on_free_spots(
    taken: np.ndarray,
    starts: Sequence[tuple[float, float]],
    radii: np.ndarray,
    *,
    gap: float = 5.0,
    step: float = 10.0,
) -> np.ndarray:
    """Put circles, the largest first, each on the spot of a grid nearest to its start that lies on no other circle.

    Parameters
    ----------
    taken
        x, y, radius of the circles that stay, shape (k, 3).

    Returns
    -------
    numpy.ndarray
        x, y, radius, shape (n, 3).
    """
    out = np.column_stack([np.array(starts, dtype=float).reshape(-1, 2), radii])
    if not len(out):
        return out
    every = np.vstack([taken, out])
    # So wide that there is room on the rim for all of them, wherever the earlier ones went.
    rim = math.sqrt(float(((2 * radii + gap) ** 2).sum())) + 2 * float(every[:, 2].max()) + gap
    low = (every[:, :2].min(axis=0) - rim) // step * step
    across, down = (np.arange(low[axis], every[:, axis].max() + rim, step) for axis in (0, 1))
    room = np.full((len(down), len(across)), np.inf)
    reach = float(radii.max()) + gap

    def take(x: float, y: float, radius: float) -> None:
        """Note how much room is left around a circle, as far as it matters."""
        left, right = np.searchsorted(across, [x - radius - reach, x + radius + reach])
        top, foot = np.searchsorted(down, [y - radius - reach, y + radius + reach])
        part = room[top:foot, left:right]
        np.minimum(part, np.hypot(across[left:right] - x, down[top:foot, None] - y) - radius, out=part)

    for circle in taken:
        take(*circle)
    for place, (x, y, radius) in enumerate(out):
        away = (across - x) ** 2 + (down[:, None] - y) ** 2
        row, column = np.unravel_index(np.where(room >= radius + gap, away, np.inf).argmin(), room.shape)
        out[place, :2] = across[column], down[row]
        take(*out[place])
    return out


def _radius(size: float | np.ndarray) -> Any:
    """The radius of the circle of a group of so many members."""
    return np.sqrt(size) * 5.2 + 5.0


def all_groups(
    members: pd.DataFrame,
    summary: pd.DataFrame,
    bridges: pd.DataFrame,
    labels: pd.Series,
    *,
    chosen: str | None = None,
    named: int = 8,
    size: tuple[int, int] = (720, 500),
    centres: pd.DataFrame | None = None,
    frame: pd.DataFrame | None = None,
) -> pdk.Deck:
    """Return the picture of all groups: a circle of dots each, a line where a contact is shared.

    Parameters
    ----------
    members
        person_id, group_id, kind (of app.kinds).
    summary
        group_id, in the order of the table: the first are drawn in the middle.
    bridges
        group_a, group_b, contacts.
    labels
        what to call each group, on group_id.
    centres, frame
        circles to draw the groups in, from `held`, and those that the picture is as large as.
    """
    sizes = members["group_id"].value_counts()
    if centres is None:
        order = drawn_groups(summary, sizes)
        centres = packed(order, sizes) if order else pd.DataFrame({"x": [], "y": [], "radius": []})
    points = dots(members, centres)
    circles = [
        {
            "group_id": group,
            "position": [row.x, row.y],
            "radius": row.radius,
            "tip": f"{labels.get(group, group)}: {sizes[group]} members",
            "line": [31, 41, 51, 255] if group == chosen else [195, 202, 210, 255],
            "width": 1.6 if group == chosen else 0.5,
        }
        for group, row in zip(centres.index, centres.itertuples(index=False), strict=True)
    ]
    colours = {name: kinds.rgb(kind.colour) for name, kind in kinds.KINDS.items()}
    marks = [
        {"position": [x, y], "colour": colours.get(kind, colours["child"])}
        for x, y, kind in zip(points["x"].round(1), points["y"].round(1), points["kind"], strict=True)
    ]
    lines = [
        {
            "from": [centres.x[a], centres.y[a]],
            "to": [centres.x[b], centres.y[b]],
            "width": 0.4 + 0.4 * min(int(n), 4),
        }
        for a, b, n in zip(bridges["group_a"], bridges["group_b"], bridges["contacts"], strict=True)
        if a in centres.index and b in centres.index
    ]
    view = _whole(centres if frame is None or frame.empty else frame, size)
    texts = _readable(
        [
            {
                "position": [row["position"][0], row["position"][1] + row["radius"] + 3],
                "text": short(str(labels.get(row["group_id"], "")), limit=26),
            }
            for row in circles[:named]
        ],
        2.0**view.zoom,
    )
    layers = [
        pdk.Layer(
            "LineLayer",
            data=lines,
            id="bridges",
            get_source_position="from",
            get_target_position="to",
            get_width="width",
            width_units=pdk.types.String("common"),
            get_color=[180, 95, 6, 110],
        ),
        pdk.Layer(
            "ScatterplotLayer",
            data=circles,
            id="groups",
            pickable=True,
            get_position="position",
            get_radius="radius",
            radius_units=pdk.types.String("common"),
            get_fill_color=[245, 247, 249, 255],
            get_line_color="line",
            get_line_width="width",
            stroked=True,
            line_width_units=pdk.types.String("common"),
        ),
        pdk.Layer(
            "ScatterplotLayer",
            data=marks,
            id="people",
            get_position="position",
            get_radius=1.9,
            radius_units=pdk.types.String("common"),
            get_fill_color="colour",
        ),
        pdk.Layer(
            "TextLayer",
            data=texts,
            id="names",
            get_position="position",
            get_text="text",
            get_size=12,
            get_color=[31, 41, 51, 255],
            character_set=pdk.types.String("auto"),
            background=True,
            get_background_color=[255, 255, 255, 200],
            font_family=pdk.types.String("Source Sans, sans-serif"),
        ),
    ]
    return pdk.Deck(
        layers=layers,
        views=[pdk.View(type="OrthographicView", controller=True)],
        initial_view_state=view,
        map_provider=None,
        tooltip={"text": "{tip}"},
    )


def _readable(texts: list[dict[str, Any]], scale: float) -> list[dict[str, Any]]:
    """Return those texts that lie on none before them, at so many pixels to a unit of the picture."""
    found: list[dict[str, Any]] = []
    for text in texts:
        x, y = text["position"]
        if all(
            abs(y - other["position"][1]) * scale >= TEXT_HEIGHT
            or abs(x - other["position"][0]) * scale
            >= (len(text["text"]) + len(other["text"])) * HALF_A_LETTER
            for other in found
        ):
            found.append(text)
    return found


def _whole(centres: pd.DataFrame, size: tuple[int, int]) -> pdk.ViewState:
    if not len(centres):
        return pdk.ViewState(target=[0, 0, 0], zoom=0)
    low_x, high_x = (centres.x - centres.radius).min(), (centres.x + centres.radius).max()
    low_y, high_y = (centres.y - centres.radius).min(), (centres.y + centres.radius).max()
    fit = min(size[0] / (high_x - low_x + 30), size[1] / (high_y - low_y + 30))
    return pdk.ViewState(
        target=[(low_x + high_x) / 2, (low_y + high_y) / 2, 0], zoom=min(math.log2(fit), 2.2)
    )


def timeline(items: pd.DataFrame) -> pd.DataFrame:
    """Return how many items of each kind there are in each month, every month in between included.

    Parameters
    ----------
    items
        date, kind.

    Returns
    -------
    pandas.DataFrame
        month (first day), kind, items.
    """
    dated = items.dropna(subset=["date"])
    if dated.empty:
        return pd.DataFrame(
            {
                "month": pd.Series(dtype="datetime64[ns]"),
                "kind": pd.Series(dtype=object),
                "items": pd.Series(dtype=int),
            }
        )
    month = pd.to_datetime(dated["date"]).dt.to_period("M")
    counted = pd.crosstab(month, dated["kind"])
    counted = counted.reindex(pd.period_range(month.min(), month.max(), freq="M"), fill_value=0)
    long = counted.rename_axis("month").reset_index().melt("month", var_name="kind", value_name="items")
    return long.assign(month=long["month"].dt.to_timestamp())
