"""Invent a borough: wards, LSOAs, deprivation, population and postcodes, in British National Grid metres."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Voronoi, cKDTree

from mapping.synthetic.calibration import AGES, BOROUGH, CHILDREN, Bools, Floats, Ints, allocate
from mapping.synthetic.names import AUTHORITIES, ward_names

CENTRE = (431_000.0, 474_000.0)
WARDS = 32
CELLS = 48
"""Small cells a ward is put together from, so that its outline looks grown and not ruled."""
CELL_SIDE = 274.0
LSOAS = 32_844, 33_755
"""LSOAs in England in the Indices of Deprivation 2019 and 2025."""
DECILES = (18, 13, 11, 10, 10, 9, 9, 8, 7, 5)
"""Shares of the borough's LSOAs by decile of the Index of Multiple Deprivation."""
LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
AWAY = {
    "E08999002": (-19_000.0, 4_000.0),
    "E08999003": (17_000.0, 9_000.0),
    "E08999004": (6_000.0, -21_000.0),
    "E08999005": (-9_000.0, 22_000.0),
}
"""Centres of the authorities around, in metres from the middle of the borough."""


@dataclass(frozen=True)
class Geography:
    """The invented borough, as tables with one row a cell, an LSOA, a ward or a postcode.

    Coordinates are easting and northing in metres (EPSG:27700); `ward` and `lsoa` are row numbers.
    """

    wards: pd.DataFrame
    lsoas: pd.DataFrame
    postcodes: pd.DataFrame
    shapes: list[shapely.Polygon]
    population: Ints


def build_geography(children: int, seed: int) -> Geography:
    """Invent a borough of 32 wards, or of more when the case is larger than the default."""
    rng = np.random.default_rng([seed, 1])
    wards = max(WARDS, int(np.ceil(WARDS * children / CHILDREN)) if children > 1.5 * CHILDREN else WARDS)
    points, cells = _cells(rng, wards)
    inside = _outline(rng, points, wards)
    edges = _edges(cells, points, inside)
    ward = _grow(rng, points, inside, edges, _ward_seeds(rng, points, inside, wards))
    lsoa, lsoa_ward = _lsoas(rng, points, inside, edges, ward, wards)
    shapes = _shapes(cells, ward, wards)
    ward_table = _ward_table(wards)
    lsoa_table = _lsoa_table(rng, points, lsoa, lsoa_ward, ward_table)
    postcodes = _postcodes(rng, points, ward, lsoa, ward_table)
    return Geography(ward_table, lsoa_table, postcodes, shapes, _population(rng, lsoa_table))


def _cells(rng: np.random.Generator, wards: int) -> tuple[Floats, Voronoi]:
    side = int(np.ceil(np.sqrt(wards * CELLS) * 1.6)) + 6
    x, y = np.meshgrid(np.arange(side) - side / 2, np.arange(side) - side / 2)
    grid = np.column_stack([x.ravel() + 0.5 * (np.arange(side * side) // side % 2), y.ravel()])
    points = np.array(CENTRE) + CELL_SIDE * (grid + rng.uniform(-0.36, 0.36, grid.shape))
    return points, Voronoi(points)


def _outline(rng: np.random.Generator, points: Floats, wards: int) -> Bools:
    """Keep the cells nearest the middle by a wobbling radius, exactly as many as the wards need."""
    offset = points - np.array(CENTRE)
    angle = np.arctan2(offset[:, 1], offset[:, 0])
    waves = np.arange(2, 8)
    size = 0.2 / waves * rng.uniform(0.5, 1.2, len(waves))
    wobble = 1 + (size * np.cos(np.outer(angle, waves) + rng.uniform(0, 2 * np.pi, len(waves)))).sum(axis=1)
    radius = np.hypot(offset[:, 0], offset[:, 1] * 0.85) / wobble
    inside = np.zeros(len(points), dtype=bool)
    inside[np.argsort(radius, kind="stable")[: wards * CELLS]] = True
    return inside


def _edges(cells: Voronoi, points: Floats, inside: Bools) -> csr_matrix:
    pairs = cells.ridge_points[inside[cells.ridge_points].all(axis=1)]
    length = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
    return csr_matrix((length, (pairs[:, 0], pairs[:, 1])), shape=(len(points), len(points)))


def _ward_seeds(rng: np.random.Generator, points: Floats, inside: Bools, wards: int) -> Ints:
    """Pick one cell a ward, closer together near the middle of the borough."""
    own = np.flatnonzero(inside)
    distance = np.hypot(*(points[own] - np.array(CENTRE)).T)
    weight = np.exp(-1.2 * distance / distance.max())
    centres = points[rng.choice(own, wards, replace=False, p=weight / weight.sum())]
    for _ in range(14):
        nearest = cKDTree(centres).query(points[own])[1]
        mass = np.bincount(nearest, weight, wards)
        sums = [np.bincount(nearest, weight * points[own, axis], wards) for axis in (0, 1)]
        centres = np.where(
            mass[:, None] > 0, np.column_stack(sums) / np.maximum(mass, 1e-12)[:, None], centres
        )
    found = own[cKDTree(points[own]).query(centres)[1]]
    return np.asarray(found[np.lexsort((points[found, 0], -points[found, 1]))], dtype=np.int64)


def _grow(rng: np.random.Generator, points: Floats, inside: Bools, edges: csr_matrix, seeds: Ints) -> Ints:
    """Give each cell to the seed reached by the shortest way, so that every piece is in one part."""
    rough = edges.copy()
    rough.data = rough.data * rng.uniform(0.75, 1.25, len(rough.data))
    _, _, source = dijkstra(rough, directed=False, indices=seeds, return_predecessors=True, min_only=True)
    order = np.full(len(points), -1, dtype=np.int64)
    order[seeds] = np.arange(len(seeds))
    return np.asarray(np.where(inside & (source >= 0), order[np.maximum(source, 0)], -1), dtype=np.int64)


def _lsoas(
    rng: np.random.Generator, points: Floats, inside: Bools, edges: csr_matrix, ward: Ints, wards: int
) -> tuple[Ints, Ints]:
    pairs = edges.tocoo()
    within = ward[pairs.row] == ward[pairs.col]
    kept = csr_matrix((pairs.data[within], (pairs.row[within], pairs.col[within])), shape=edges.shape)
    counts = rng.integers(6, 9, wards)
    seeds = [_far_apart(points, np.flatnonzero(ward == index), int(counts[index])) for index in range(wards)]
    found = np.concatenate(seeds)
    return _grow(rng, points, inside, kept, found), ward[found]


def _far_apart(points: Floats, members: Ints, count: int) -> Ints:
    """Pick cells of a ward far from each other, the first nearest its middle."""
    middle = points[members].mean(axis=0)
    chosen = [int(np.argmin(np.hypot(*(points[members] - middle).T)))]
    gap = np.hypot(*(points[members] - points[members[chosen[0]]]).T)
    while len(chosen) < min(count, len(members)):
        chosen.append(int(np.argmax(gap)))
        gap = np.minimum(gap, np.hypot(*(points[members] - points[members[chosen[-1]]]).T))
    return np.asarray(members[np.array(chosen)])


def _shapes(cells: Voronoi, ward: Ints, wards: int) -> list[shapely.Polygon]:
    """Join each ward's cells; corners are whole metres and shared, so wards meet without gap or overlap."""
    corners = np.round(cells.vertices)
    own = np.flatnonzero(ward >= 0)
    polygons = np.array([shapely.Polygon(corners[cells.regions[cells.point_region[cell]]]) for cell in own])
    shapes = []
    for index in range(wards):
        joined = shapely.coverage_union_all(polygons[ward[own] == index])
        shapes.append(shapely.normalize(shapely.remove_repeated_points(joined)))
    return shapes


def _ward_table(wards: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ward_code": codes("E05", wards),
            "ward_name": ward_names(wards),
            "authority": BOROUGH,
            "authority_name": AUTHORITIES[BOROUGH],
        }
    )


def codes(prefix: str, count: int) -> list[str]:
    """Return invented GSS codes from 999001 on, or from 990001 on when there are more than 999."""
    first = 999_001 if count <= 999 else 990_001
    if count > 9_999:
        msg = f"Cannot invent {count} codes {prefix}990001 and on: there is room for 9,999. Ask for fewer children."
        raise ValueError(msg)
    return [f"{prefix}{first + index}" for index in range(count)]


def _lsoa_table(
    rng: np.random.Generator, points: Floats, lsoa: Ints, lsoa_ward: Ints, wards: pd.DataFrame
) -> pd.DataFrame:
    count = len(lsoa_ward)
    own = lsoa >= 0
    weight = rng.uniform(0.4, 1.6, len(points))[own]
    mass = np.bincount(lsoa[own], weight, count)
    middle = np.column_stack(
        [np.bincount(lsoa[own], weight * points[own, axis], count) / mass for axis in (0, 1)]
    )
    centre = _nearest_own(points, lsoa, middle)
    number = pd.Series(lsoa_ward).groupby(lsoa_ward).cumcount().to_numpy()
    letters = np.array(list("ABCDEFGH"), dtype=object)[number]
    names = [
        f"{AUTHORITIES[BOROUGH]} {ward + 1:03d}{letter}"
        for ward, letter in zip(lsoa_ward, letters, strict=True)
    ]
    rank = _ranks(rng, centre)
    return pd.DataFrame(
        {
            "lsoa_code": codes("E01", count),
            "lsoa_name": names,
            "ward": lsoa_ward,
            "easting": centre[:, 0],
            "northing": centre[:, 1],
            "rank": rank,
            "decile": -(-rank * 10 // LSOAS[1]),
            "people": rng.integers(1_250, 2_150, count),
        }
    ).assign(ward_code=lambda table: wards["ward_code"].to_numpy()[table["ward"]])


def _nearest_own(points: Floats, lsoa: Ints, middle: Floats) -> Floats:
    """Move each middle halfway to the LSOA's nearest cell point, or onto it where halfway lies next door."""
    own = np.flatnonzero(lsoa >= 0)
    gap = np.hypot(*(points[own] - middle[lsoa[own]]).T)
    order = own[np.lexsort((gap, lsoa[own]))]
    first = order[np.unique(lsoa[order], return_index=True)[1]]
    half = np.round((points[first] + middle) / 2)
    at = own[cKDTree(points[own]).query(half)[1]]
    return np.where((lsoa[at] == np.arange(len(first)))[:, None], half, np.round(points[first]))


def _ranks(rng: np.random.Generator, centre: Floats) -> Ints:
    """Rank LSOAs on England's scale: a few deprived neighbourhoods, and chance on top."""
    spread = np.ptp(centre, axis=0).max()
    bumps = centre[rng.choice(len(centre), max(3, len(centre) // 70), replace=False)]
    near = np.hypot(*(centre[:, None, :] - bumps[None, :, :]).T).T
    field = np.exp(-((near / min(0.22 * spread, 2_600.0)) ** 2)).sum(axis=1) + rng.normal(
        0, 0.16, len(centre)
    )
    order = np.argsort(-field, kind="stable")
    decile = np.repeat(np.arange(10), allocate(len(centre), DECILES))
    low = -(-decile * LSOAS[1] // 10)
    within = pd.Series(decile).groupby(decile)
    place, size = within.cumcount().to_numpy(), within.transform("size").to_numpy()
    width = LSOAS[1] // 10 - 1
    rank = np.empty(len(centre), dtype=np.int64)
    rank[order] = (
        low + 1 + np.floor((place + rng.uniform(0.1, 0.9, len(place))) * width / size).astype(np.int64)
    )
    return rank


def _postcodes(
    rng: np.random.Generator, points: Floats, ward: Ints, lsoa: Ints, wards: pd.DataFrame
) -> pd.DataFrame:
    """Put one or two postcodes into each cell, close enough to its middle to lie in the cell."""
    own = np.flatnonzero(ward >= 0)
    own = own[np.argsort(ward[own], kind="stable")]
    cell = np.repeat(own, rng.integers(1, 3, len(own)))
    reach = cKDTree(points).query(points[cell], k=2)[0][:, 1] * 0.45
    angle, far = rng.uniform(0, 2 * np.pi, len(cell)), reach * np.sqrt(rng.random(len(cell)))
    where = np.round(points[cell] + np.column_stack([np.cos(angle), np.sin(angle)]) * far[:, None])
    table = pd.DataFrame(
        {"easting": where[:, 0], "northing": where[:, 1], "ward": ward[cell], "lsoa": lsoa[cell]}
    )
    districts = min(90, max(1, len(wards) // 2))
    table["district"] = table["ward"] * districts // len(wards) + 1
    table["lad"] = BOROUGH
    table["ward_code"] = wards["ward_code"].to_numpy()[table["ward"]]
    table["postcode"] = _postcode_text("QD", table["district"])
    return pd.concat([table, _postcodes_away(rng)], ignore_index=True)


def _postcode_text(area: str, district: pd.Series) -> list[str]:
    number = district.groupby(district).cumcount()
    pairs = zip(district, number, strict=True)
    size = len(LETTERS)
    return [f"{area}{d} {n % 10}{LETTERS[n // 10 // size % size]}{LETTERS[n // 10 % size]}" for d, n in pairs]


def _postcodes_away(rng: np.random.Generator) -> pd.DataFrame:
    parts = []
    for index, (code, offset) in enumerate(AWAY.items()):
        where = np.round(np.array(CENTRE) + np.array(offset) + rng.normal(0, 1_200, (30, 2)))
        part = pd.DataFrame({"easting": where[:, 0], "northing": where[:, 1], "ward": -1, "lsoa": -1})
        part["district"], part["lad"] = index + 1, code
        part["ward_code"] = [f"E05998{index * 10 + number % 3 + 1:03d}" for number in range(30)]
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    return table.assign(postcode=_postcode_text("QE", table["district"]))


def _population(rng: np.random.Generator, lsoas: pd.DataFrame) -> Ints:
    """Return people by LSOA (rows) and single year of age 0 to 90+ (columns); younger where more deprived."""
    age = np.arange(91)
    young, old = np.exp(-age / 55.0), np.exp(-(((age - 52) / 26.0) ** 2)) * 0.75
    lean = ((11 - lsoas["decile"].to_numpy()) / 10.0)[:, None]
    profile = lean * young + (1.2 - lean) * old + 0.15 * (age < 75)
    profile = profile / profile.sum(axis=1, keepdims=True)
    return np.asarray(rng.poisson(profile * lsoas["people"].to_numpy()[:, None]), dtype=np.int64)


def children_10_17(geography: Geography) -> Ints:
    """Return the number of people aged 10 to 17 in each LSOA."""
    return np.asarray(geography.population[:, AGES[0] : AGES[-1] + 1].sum(axis=1), dtype=np.int64)


def geography_to_files(geography: Geography) -> dict[str, str]:
    """Write the geography as text files with the columns of the official ones."""
    lsoas, wards = geography.lsoas, geography.wards
    name = wards["ward_name"].to_numpy()[lsoas["ward"]]
    lookup = pd.DataFrame({
        "LSOA21CD": lsoas["lsoa_code"], "LSOA21NM": lsoas["lsoa_name"], "WD25CD": lsoas["ward_code"],
        "WD25NM": name, "LAD25CD": BOROUGH, "LAD25NM": AUTHORITIES[BOROUGH],
    })  # fmt: skip
    deprivation = pd.DataFrame({
        "lsoa21_code": lsoas["lsoa_code"], "IMD_decile": lsoas["decile"], "IMD_rank": lsoas["rank"]
    })  # fmt: skip
    ages = pd.DataFrame(geography.population, columns=[*map(str, range(90)), "90+"])
    population = pd.concat(
        [
            pd.DataFrame(
                {
                    "lsoa21cd": lsoas["lsoa_code"],
                    "lsoa21nm": lsoas["lsoa_name"],
                    "total_pop": ages.sum(axis=1),
                }
            ),
            ages,
        ],
        axis=1,
    )
    centroids = pd.DataFrame({
        "LSOA21CD": lsoas["lsoa_code"], "x": lsoas["easting"].astype(int), "y": lsoas["northing"].astype(int)
    })  # fmt: skip
    tables = {
        "lsoa21_to_ward25.csv": lookup,
        "imd2025_lsoa21.csv": deprivation,
        "population_lsoa21.csv": population,
        "lsoa21_centroids.csv": centroids,
        "postcodes.csv": _code_point(geography.postcodes),
    }
    files = {file: table.to_csv(index=False, lineterminator="\n") for file, table in tables.items()}
    return {"wards_WD25.geojson": _geojson(geography), **files}


def _code_point(postcodes: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "postcode": postcodes["postcode"],
            "quality": 10,
            "easting": postcodes["easting"].astype(int),
            "northing": postcodes["northing"].astype(int),
            "lad": postcodes["lad"],
            "ward": postcodes["ward_code"],
        }
    )


def _geojson(geography: Geography) -> str:
    features = []
    for row, shape in zip(geography.wards.itertuples(), geography.shapes, strict=True):
        names = {"WD25CD": row.ward_code, "WD25NM": row.ward_name, "LAD25CD": row.authority}
        geometry = json.loads(shapely.to_geojson(shape))
        features.append(
            {
                "type": "Feature",
                "properties": {**names, "LAD25NM": row.authority_name},
                "geometry": {"type": geometry["type"], "coordinates": _whole(geometry["coordinates"])},
            }
        )
    head = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}}
    lines = ",\n".join(json.dumps(feature) for feature in features)
    return f'{{\n"type": "FeatureCollection",\n"name": "wards_WD25",\n"crs": {json.dumps(head)},\n"features": [\n{lines}\n]\n}}\n'


def _whole(rings: list[list[list[float]]]) -> list[list[list[int]]]:
    return [[[round(x), round(y)] for x, y in ring] for ring in rings]
