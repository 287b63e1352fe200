from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pointpats import Knox

from geo.repeats import near_repeats


@pytest.fixture
def chicago(realdata: Path) -> pd.DataFrame:
    path = realdata / "spatial/near_repeat/chicago_be_month1.csv"
    return pd.read_csv(path, header=None, names=["easting", "northing", "date"], parse_dates=["date"])


def plain(events: pd.DataFrame, distances: list[float], days: list[int], metric: str) -> np.ndarray:
    """Count pairs one by one."""
    counts = np.zeros((len(distances), len(days)), dtype=int)
    rows = list(events[["easting", "northing", "date"]].itertuples(index=False))
    for at, one in enumerate(rows):
        for other in rows[:at]:
            east, north = abs(one.easting - other.easting), abs(one.northing - other.northing)
            length = east + north if metric == "manhattan" else float(np.hypot(east, north))
            band = max(edge for edge in range(len(distances)) if distances[edge] <= length)
            step = max(edge for edge in range(len(days)) if days[edge] <= abs(one.date - other.date))
            counts[band, step] += 1
    return counts


def test_the_chicago_table_reproduces_exactly(chicago: pd.DataFrame) -> None:
    # R's NearRepeat on its data set chicago_be, first month.
    found = near_repeats(chicago, metric="manhattan")

    assert found["observed"].to_numpy().reshape(5, 4).tolist() == [
        [29, 4, 5, 2],
        [45, 15, 7, 2],
        [106, 48, 21, 13],
        [88, 64, 46, 15],
        [206_611, 138_108, 88_321, 36_415],
    ]
    assert found["distance_from"].iloc[::4].tolist() == [0, 1, 101, 201, 301]
    assert found["days_to"].iloc[:4].tolist() == [8, 15, 22, np.inf]
    # The same address, and the next hundred, within a week.
    assert found.index[found["near_repeat"]].tolist()[:2] == [0, 4]


def test_counts_and_expectation_agree_with_pointpats(chicago: pd.DataFrame) -> None:
    day = (chicago["date"] - chicago["date"].min()).dt.days.to_numpy()
    # pointpats counts pairs up to and with its limits: 300 units and 7 days.
    knox = Knox(chicago[["easting", "northing"]].to_numpy(), day[:, None], 300, 7, permutations=0)

    found = near_repeats(chicago, distances=(0, 300.000001), days=(0, 8), permutations=200)

    assert found["observed"].tolist() == knox.observed.ravel().tolist()
    assert found["expected"].iloc[0] == pytest.approx(knox.expected[0, 0], rel=0.03)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000), metric=st.sampled_from(["euclidean", "manhattan"]))
def test_pairs_are_those_counted_one_by_one(seed: int, metric: str) -> None:
    rng = np.random.default_rng(seed)
    events = pd.DataFrame(rng.integers(0, 12, (25, 3)), columns=["easting", "northing", "date"])
    distances, days = [0.0, 1.0, 5.0, 8.0], [0, 1, 4]

    found = near_repeats(events, distances=distances, days=days, metric=metric, permutations=3)  # type: ignore[arg-type]

    assert (found["observed"].to_numpy().reshape(4, 3) == plain(events, distances, days, metric)).all()
    assert found["expected"].sum() == pytest.approx(25 * 24 / 2)


def test_planted_repeats_are_found_and_busy_places_are_not() -> None:
    rng = np.random.default_rng(3)
    # One place is busy, on any day; then fifteen events elsewhere are repeated nearby within two days.
    place = rng.uniform(0, 20_000, (240, 2))
    place[:30] = 5_000
    day = rng.integers(0, 365, 240)
    busy = pd.DataFrame({"easting": place[:, 0], "northing": place[:, 1], "date": day})
    again = busy.iloc[100:115].add([30, 40, 2], axis="columns")
    repeated = pd.concat([busy, again], ignore_index=True)
    options = {"distances": (0, 200), "days": (0, 7), "permutations": 499}

    without, found = near_repeats(busy, **options), near_repeats(repeated, **options)

    assert without["p_value"].iloc[0] > 0.05
    assert found.iloc[0][["p_value", "near_repeat"]].tolist() == [1 / 500, True]


def test_row_order_makes_no_difference_and_rows_without_a_place_or_date_are_left_out(
    chicago: pd.DataFrame,
) -> None:
    part = chicago.head(200)
    gone = pd.DataFrame({"easting": [np.nan, 1.0], "northing": [1.0, 1.0], "date": [part["date"][0], pd.NaT]})
    mixed = pd.concat([part.sample(frac=1, random_state=2), gone], ignore_index=True)

    pd.testing.assert_frame_equal(near_repeats(part, permutations=49), near_repeats(mixed, permutations=49))


def test_times_of_day_do_not_matter() -> None:
    at = pd.DataFrame({"easting": [0.0, 0.0], "northing": [0.0, 0.0]})
    early = at.assign(date=pd.to_datetime(["2024-05-01 23:59", "2024-05-09 00:01"]))

    found = near_repeats(early, days=(0, 8), distances=(0, 10), permutations=9)

    assert found["observed"].tolist() == [0, 1, 0, 0]


def test_months_of_burglaries_in_bury(realdata: Path) -> None:
    from geo.boundaries import load_boundaries, points_to_areas
    from geo.grid import lonlat_to_grid

    table = pd.read_csv(realdata / "police/gmp_burglary_points_2016-02_onward.csv")
    easting, northing = lonlat_to_grid(table["Longitude"].to_numpy(), table["Latitude"].to_numpy())
    bury, _ = load_boundaries(realdata / "wards/E08000002_wards_WD25.geojson")
    assert bury is not None
    inside = points_to_areas(easting, northing, bury) >= 0
    # Only the month is known, so time is counted in months.
    month = pd.PeriodIndex(table["Month"], freq="M").astype("int64")
    events = pd.DataFrame({"easting": easting, "northing": northing, "date": month})[inside]

    found = near_repeats(events, distances=(0, 1, 201, 401), days=(0, 1, 2, 3), permutations=99)

    assert len(events) == 5528
    assert found["observed"].sum() == 5528 * 5527 // 2
    # The same snapped point in the same month, and in the next: more than twice, and a third more, than by chance.
    assert found["near_repeat"].tolist()[:2] == [True, True]
    assert found["ratio"].iloc[:2].tolist() == pytest.approx([2.256, 1.342], abs=0.05)


def test_bands_are_checked() -> None:
    events = pd.DataFrame({"easting": [0, 1], "northing": [0, 1], "date": [0, 1]})
    with pytest.raises(
        ValueError, match=r"distances are \(1, 5\); .* days are \(0, 8, 8\); .* permutations is 0;"
    ):
        near_repeats(events, distances=(1, 5), days=(0, 8, 8), permutations=0)
    with pytest.raises(ValueError, match="Only 1 of 1 events have a place and a date"):
        near_repeats(events[:1])
