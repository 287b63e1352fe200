"""Lay out a network on the server: where each node stands in a picture."""

from __future__ import annotations

import math
import random
from collections.abc import Hashable, Mapping
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt

from mapping.graphs import ig
from mapping.partition import DRAWING

Points = npt.NDArray[np.float64]
Positions = Mapping[Hashable, tuple[float, float]]

_GAP = 110
"""Pixels between linked nodes where nothing pulls them closer or further."""
_ROOM = 1.3 * _GAP
PULLED_UP_TO = 1_000
"""Above this many nodes in a part a layout is used that takes seconds, not minutes, and is less even."""
ROUNDS = 300


def chart_positions(graph: nx.Graph[Any]) -> dict[Hashable, tuple[float, float]]:
    """Return where each node stands in a picture, (x, y) in whole pixels, y downwards.

    Each connected part is laid out by itself (Kamada and Kawai 1989,
    Information Processing Letters 31(1), 7-15, from a circle in order of id: no
    chance enters; in parts of more than PULLED_UP_TO nodes Fruchterman and
    Reingold 1991, Software: Practice and Experience 21(11), 1129-1164, from the
    same circle with a fixed seed), then the parts are put side by side in rows, the largest
    first. The order of nodes and edges in the input does not matter.
    """
    parts = [sorted(part, key=str) for part in nx.connected_components(nx.Graph(graph))]
    parts.sort(key=lambda part: (-len(part), str(part[0])))
    found = [_part_positions(graph, part) for part in parts]
    ways = [_in_rows(parts, found, widest) for widest in _widths(found)]
    return min(ways, key=_extent, default={})


def _part_positions(graph: nx.Graph[Any], part: list[Hashable]) -> Points:
    """Return the positions of one connected part, shape (n, 2), its top left corner at 0, 0."""
    place = {node: number for number, node in enumerate(part)}
    edges = sorted(
        {
            tuple(sorted((place[one], place[other])))
            for one, other in graph.subgraph(part).edges
            if one != other
        }
    )
    pictured = ig.Graph(n=len(part), edges=edges)
    layout = pictured.layout_kamada_kawai() if len(part) <= PULLED_UP_TO else _pushed(pictured)
    found = np.asarray(layout.coords, dtype=np.float64).reshape(-1, 2)
    nearest = _nearest(found)
    # Never closer than two thirds of a gap, so that no symbol covers another.
    scale = _GAP * max(1.0, min(3.0, 0.67 / nearest)) if len(part) > 1 else 1.0
    found = found * scale
    return np.asarray(found - found.min(axis=0))


def _pushed(pictured: ig.Graph) -> ig.Layout:
    """Lay out a large part, the same way every time."""
    # As far apart as they will end: from a small circle the grid would help nothing, and each round take seconds.
    start = (np.asarray(pictured.layout_circle().coords) * math.sqrt(pictured.vcount())).tolist()
    with DRAWING:
        ig.set_random_number_generator(random.Random(0))
        try:
            return pictured.layout_fruchterman_reingold(niter=ROUNDS, seed=start, grid=True)
        finally:
            ig.set_random_number_generator(random)


def _nearest(points: Points) -> float:
    """Return the distance between the two points that are closest, or 1 where there are no two."""
    if len(points) < 2:
        return 1.0
    if len(points) > PULLED_UP_TO:
        from scipy.spatial import cKDTree

        return max(float(np.quantile(cKDTree(points).query(points, k=2)[0][:, 1], 0.02)), 1e-6)
    apart = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return max(float(apart.min()), 1e-6)


def _widths(found: list[Points]) -> list[float]:
    """Return the widths that rows of parts may have: from a column of parts to a single row."""
    sizes = [part.max(axis=0)[0] + _ROOM for part in found]
    longest = min(sum(sizes), 40 * max(sizes, default=0.0))
    return [float(width) for width in np.linspace(max(sizes, default=0.0), longest, 40)] if sizes else []


def _extent(placed: Positions) -> float:
    """Return how much must be seen to see everything in a frame twice as wide as it is high."""
    across, down = ([point[axis] for point in placed.values()] for axis in (0, 1))
    return max((max(across) - min(across) + _ROOM) / 2, max(down) - min(down) + _ROOM)


def _in_rows(
    parts: list[list[Hashable]], found: list[Points], widest: float
) -> dict[Hashable, tuple[float, float]]:
    """Return all parts side by side in rows no wider than `widest`."""
    placed: dict[Hashable, tuple[float, float]] = {}
    left = top = row = 0.0
    for part, points in zip(parts, found, strict=True):
        width, height = points.max(axis=0) + _ROOM
        if left and left + width > widest + 1e-6:
            left, top, row = 0.0, top + row, 0.0
        for node, (x, y) in zip(part, points, strict=True):
            placed[node] = (round(left + x), round(top + y))
        left, row = left + width, max(row, height)
    return placed


def spread(positions: Positions, graph: nx.Graph[Any]) -> dict[Hashable, tuple[float, float]]:
    """Return given positions scaled alike so that the symbols have room."""
    points = np.array([positions[node] for node in graph], dtype=np.float64).reshape(-1, 2)
    if len(points) < 2:
        return dict.fromkeys(graph, (0.0, 0.0))
    points = points - points.min(axis=0)
    extent = max(float(points.max()), 1e-9)
    points = points * (_GAP * math.sqrt(len(points)) / extent)
    return {node: (round(x), round(y)) for node, (x, y) in zip(graph, points, strict=True)}
