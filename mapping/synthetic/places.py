"""Invent places, and place looked-after children in some of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import age_on, birthday, days_between
from mapping.synthetic.calibration import AS_OF, CHILDREN, Bools, Dates, Ints, Texts, allocate
from mapping.synthetic.geography import AWAY, WARDS, Geography
from mapping.synthetic.names import PROVIDERS, place_names
from mapping.synthetic.people import busy_wards

COUNTS = {
    "school": 12, "childrens_home": 60, "semi_independent": 16, "foster_home": 70, "hospital": 1, "park": 30,
    "transport": 16, "retail": 14, "food_outlet": 34, "licensed": 8, "hotel": 8, "online": 8, "other": 10,
}  # fmt: skip
AWAY_COUNTS = {"childrens_home": 4, "foster_home": 5, "transport": 4, "hotel": 3}
CARE = ("childrens_home", "semi_independent", "foster_home")
MEETING = ("park", "transport", "retail", "food_outlet", "licensed", "other")
PLACE_CODES = {"childrens_home": "K2", "semi_independent": "H5", "foster_home": "U6"}
NEVER = np.datetime64("NaT", "D")


def build_places(people: pd.DataFrame, geography: Geography, seed: int) -> pd.DataFrame:
    """Invent places.

    Returns:
        One row a place by row number: kind, name, postcode, easting, northing (-1: nowhere, such as online),
        provider, away (outside the borough), and household (row number of the child whose home it is, or -1).
    """
    rng = np.random.default_rng([seed, 5])
    parts = [_places(rng, kind, count, len(people), geography) for kind, count in COUNTS.items()]
    parts += [_places_away(rng, kind, count, geography) for kind, count in AWAY_COUNTS.items()]
    parts.append(_homes(people))
    return pd.concat(parts, ignore_index=True)


def _places(
    rng: np.random.Generator, kind: str, count: int, children: int, geography: Geography
) -> pd.DataFrame:
    least = min(count, 6 if kind in MEETING else 3)
    number = max(least, round(count * children / CHILDREN))
    codes = geography.postcodes[geography.postcodes["ward"] >= 0]
    rows = rng.choice(len(codes), number, replace=False)
    if kind == "childrens_home":
        rows = _concentrated(rng, codes, number, geography)
    chosen = codes.iloc[rows]
    table = _table(kind, place_names(rng, kind, number), chosen)
    if kind in CARE:
        table["provider"] = np.array(PROVIDERS, dtype=object)[rng.integers(0, len(PROVIDERS), number)]
    if kind == "online":
        table[["easting", "northing"]], table["postcode"] = -1, ""
    if kind == "park":
        table["postcode"] = ""
    return table


def _concentrated(rng: np.random.Generator, codes: pd.DataFrame, number: int, geography: Geography) -> Ints:
    """Put two fifths of the children's homes into two wards of 32, as happens where houses are large and cheap."""
    mean = geography.lsoas.groupby("ward")["rank"].mean().to_numpy()
    pairs = max(1, len(mean) // WARDS)
    wards = np.concatenate([busy_wards(geography)[2 : 2 + pairs], np.argsort(-mean, kind="stable")[:pairs]])
    inside = codes["ward"].isin(wards).to_numpy()
    concentrated = rng.choice(np.flatnonzero(inside), number * 2 // 5, replace=False)
    rest = rng.choice(np.flatnonzero(~inside), number - len(concentrated), replace=False)
    return np.concatenate([concentrated, rest])


def _places_away(rng: np.random.Generator, kind: str, count: int, geography: Geography) -> pd.DataFrame:
    codes = geography.postcodes[geography.postcodes["lad"].isin(list(AWAY))]
    names = [f"{name} ({index + 1})" for index, name in enumerate(place_names(rng, kind, count))]
    table = _table(kind, names, codes.iloc[rng.choice(len(codes), count, replace=False)])
    return table.assign(away=True, provider=PROVIDERS[1] if kind in CARE else "")


def _table(kind: str, names: list[str], chosen: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": kind,
            "name": names,
            "postcode": chosen["postcode"].to_numpy(),
            "easting": chosen["easting"].to_numpy().astype(np.int64),
            "northing": chosen["northing"].to_numpy().astype(np.int64),
            "provider": "",
            "away": False,
            "household": -1,
        }
    )


def _homes(people: pd.DataFrame) -> pd.DataFrame:
    """Make a home of each child of the borough reported missing; brothers and sisters share one."""
    missing = people[["y0", "y1", "y2"]].any(axis=1).to_numpy() & ~people["placed"].to_numpy()
    rows = np.flatnonzero(missing)
    table = _table("home", [""] * len(rows), people.iloc[rows])
    return table.assign(household=rows)


def build_placements(people: pd.DataFrame, places: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Place the children other authorities placed here, and the borough's own looked-after children.

    Returns:
        child, place (row numbers), started_on, ended_on, placing_authority, placement_type; by child and date.
    """
    rng = np.random.default_rng([seed, 6])
    spells = pd.concat([_spells_in(people), _spells_own(rng, people)], ignore_index=True)
    spells = _moved_once(rng, spells)
    born = people["born"].to_numpy().astype("datetime64[D]")[spells["child"]]
    age = age_on(born, spells["started_on"].to_numpy())
    spells["kind"] = _kinds(rng, age, people["placed"].to_numpy()[spells["child"]])
    away = ~people["placed"].to_numpy()[spells["child"]] & (rng.random(len(spells)) < 0.2)
    spells["place"] = _chosen_places(rng, spells["kind"], away, places)
    codes = spells["kind"].map(PLACE_CODES).to_numpy(dtype=object)
    long_term = (codes == "U6") & (rng.random(len(codes)) < 0.4)
    spells["placement_type"] = np.where(long_term, "U4", codes)
    spells["placing_authority"] = people["authority"].to_numpy()[spells["child"]]
    return spells.sort_values(["child", "started_on"], ignore_index=True).drop(columns="kind")


def _spells_in(people: pd.DataFrame) -> pd.DataFrame:
    rows = np.flatnonzero(people["placed"])
    chosen = people.iloc[rows]
    dates = {"started_on": chosen["spell_start"].to_numpy(), "ended_on": chosen["spell_end"].to_numpy()}
    return pd.DataFrame({"child": rows, **dates})


def _spells_own(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    own = ~people["placed"].to_numpy() & people["care_status"].eq("cla").to_numpy()
    born = people["born"].to_numpy().astype("datetime64[D]")
    rows = np.flatnonzero(own & (birthday(born, 18) > AS_OF - 600))
    grown = birthday(born[rows], 18)
    start = days_between(rng, np.datetime64("2023-06-01"), np.minimum(AS_OF, grown) - 60)
    return pd.DataFrame({
        "child": rows, "started_on": start, "ended_on": np.where(grown <= AS_OF, grown - 1, NEVER)
    })  # fmt: skip


def _moved_once(rng: np.random.Generator, spells: pd.DataFrame) -> pd.DataFrame:
    """Split a fifth of the stays in two: the child moved to another home."""
    end = spells["ended_on"].fillna(pd.Timestamp(AS_OF))
    days = (end - spells["started_on"]).dt.days.to_numpy()
    moved = (rng.random(len(spells)) < 0.2) & (days > 90)
    change = spells["started_on"].to_numpy().astype("datetime64[D]") + np.maximum(days // 2, 1)
    second = spells[moved].assign(started_on=change[moved])
    first = spells.assign(ended_on=np.where(moved, change, spells["ended_on"].to_numpy()))
    return pd.concat([first, second], ignore_index=True)


def _kinds(rng: np.random.Generator, age: Ints, placed: Bools) -> Texts:
    draw = rng.random(len(age))
    home = np.where(placed, 0.62, 0.3)
    alone = (draw > home) & (draw < home + 0.25) & (age >= 16)
    return np.where(draw < home, "childrens_home", np.where(alone, "semi_independent", "foster_home")).astype(
        object
    )


def _chosen_places(rng: np.random.Generator, kinds: pd.Series, away: Bools, places: pd.DataFrame) -> Ints:
    """Spread children over the homes of a kind as evenly as whole numbers allow."""
    result = np.zeros(len(kinds), dtype=np.int64)
    for kind in CARE:
        for outside in (False, True):
            there = np.flatnonzero((places["kind"] == kind) & (places["away"] == outside))
            if not len(there):
                there = np.flatnonzero((places["kind"] == kind) & ~places["away"])
            rows = np.flatnonzero((kinds == kind).to_numpy() & (away == outside))
            result[rng.permutation(rows)] = np.repeat(there, allocate(len(rows), np.ones(len(there))))
    return result


def home_places(people: pd.DataFrame, places: pd.DataFrame) -> Ints:
    """Return the row number of each child's home among the places, or -1."""
    home = np.full(len(people), -1, dtype=np.int64)
    rows = np.flatnonzero(places["household"] >= 0)
    home[places["household"].to_numpy()[rows]] = rows
    return home


def places_at(placements: pd.DataFrame, child: Ints, time: Dates, home: Ints) -> Ints:
    """Return where each child lived at each time: their placement then, otherwise their home, otherwise -1."""
    rows = pd.DataFrame(
        {"child": child, "time": time.astype("datetime64[s]"), "order": np.arange(len(child))}
    )
    stays = placements[["child", "place", "started_on", "ended_on"]].copy()
    stays["time"] = stays["started_on"].to_numpy().astype("datetime64[s]")
    joined = pd.merge_asof(rows.sort_values("time"), stays.sort_values("time"), on="time", by="child")
    joined = joined.sort_values("order")
    over = joined["ended_on"].notna() & (joined["ended_on"].to_numpy() < joined["time"].to_numpy())
    place = joined["place"].where(~over).to_numpy(dtype=float)
    return np.where(np.isnan(place), home[child], np.nan_to_num(place)).astype(np.int64)
