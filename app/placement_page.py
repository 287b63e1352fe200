"""Work out what the Placements page shows, once for everyone who may see the same."""

from __future__ import annotations

from typing import Any

import pandas as pd

from app import answers, kinds, placements, words
from app.data import Loaded, kept
from app.text import markup, plain
from geo.residents import ONLY_WITH, ONLY_WITHOUT, STAYS

SHADES = {
    "rate": "Missing episodes per 1,000 aged 10 to 17",
    "share": "Share of episodes that are of children placed by others, %",
    "placed_now_by_others": "Children placed now by other authorities",
}
MOST_BARS = 12
CHANGE = {STAYS: "both", ONLY_WITH: "only with", ONLY_WITHOUT: "only without", "": "no"}
"""Under which of the two maps a ward is a hotspot, as the tables say it."""
VERDICTS = {
    STAYS: "stays a hotspot without them",
    ONLY_WITH: "no hotspot without them",
    ONLY_WITHOUT: "a hotspot only without them",
}
SHORT = {
    "not_placed": "not placed here",
    "own": "placed by the ward's authority",
    "others": "placed by other authorities",
    "unknown": "placed, not recorded by whom",
}
COLOURS = {
    "not_placed": kinds.BLUES[3],
    "own": kinds.PROTECTIVE,
    "others": kinds.ORANGE,
    "unknown": kinds.DECILES[4],
}


@kept
def placed(loaded: Loaded) -> placements.Placed:
    """Return everything known of placements."""
    return placements.find_placements(loaded.analysis, loaded.work.reading.places)


def values(held: placements.Placed, shade: str, with_placed: bool) -> pd.Series:
    """Return what the map is shaded by, on ward_code."""
    split = held.split.set_index("ward_code")
    if shade == "rate":
        return split["rate" if with_placed else "rate_without"].astype("Float64").astype(float).round(1)
    if shade == "share":
        episodes = split["episodes"].astype("Float64")
        return (100 * split["episodes_others"] / episodes.where(episodes > 0)).astype(float).round(1)
    return split[shade].astype("Float64").astype(float)


def scale(held: placements.Placed, shade: str) -> pd.Series:
    """Return the values a scale is made from: with and without placed children alike."""
    return pd.concat([values(held, shade, True), values(held, shade, False)], ignore_index=True)


def hot(held: placements.Placed, measure: str, with_placed: bool) -> list[str]:
    """Return the codes of the hotspots of a measure under one of the two maps."""
    table = held.compared.get(measure)
    if table is None:
        return []
    flags = table["hotspot" if with_placed else "hotspot_without"]
    return table.loc[flags.fillna(False).astype(bool), "area_code"].tolist()


def ranked(held: placements.Placed, measure: str) -> pd.DataFrame:
    """Return the split of every ward, most episodes of children placed by others first, with what changes without them."""
    out = held.split.copy()
    whole = out["episodes"].astype("Float64")
    out["share"] = (100 * out["episodes_others"] / whole.where(whole > 0)).astype(float).round(0)
    for name in ("rate", "rate_without"):
        out[name] = out[name].astype("Float64").astype(float).round(0)
    table = held.compared.get(measure)
    change = {} if table is None else table.set_index("area_code")["change"].to_dict()
    out["change"] = out["ward_code"].map(change).map(CHANGE).astype(object).fillna("not tested")
    return out.sort_values(
        ["episodes_others", "ward_code"], ascending=[False, True], na_position="last", ignore_index=True
    )


def bars(held: placements.Placed, measure: str, chosen: str | None) -> dict[str, Any] | None:
    """Return bars of the split, episodes by who placed the child, as a Vega-Lite specification; None where there are none."""
    rows = ranked(held, measure)
    rows = rows[(rows["episodes"] > 0) & rows["episodes_others"].notna()]
    if rows.empty:
        return None
    first = rows.head(MOST_BARS)
    if chosen is not None and chosen not in set(first["ward_code"]):
        first = pd.concat([first, rows[rows["ward_code"] == chosen]])
    there = [name for name in SHORT if first[f"episodes_{name}"].sum()]
    points = [
        {
            "ward": f"{plain(row['ward_name'])[:40]}{'' if row['ward_code'] != chosen else ' (chosen)'}",
            "here": SHORT[name],
            "order": at,
            "episodes": int(row[f"episodes_{name}"]),
        }
        for row in first.to_dict("records")
        for at, name in enumerate(there)
    ]
    axis_y = {
        "field": "ward",
        "type": "nominal",
        "sort": list(dict.fromkeys(point["ward"] for point in points)),
        "title": None,
        "axis": {"labelLimit": 220, "labelFontSize": 12},
    }
    colour = {
        "field": "here",
        "type": "nominal",
        "title": None,
        "scale": {"domain": [SHORT[name] for name in there], "range": [COLOURS[name] for name in there]},
        "legend": {"orient": "top", "columns": 1, "labelLimit": 320, "labelFontSize": 12},
    }
    return {
        "description": "Bars: missing episodes in each ward by who had placed the child there; the table has the same numbers.",
        "data": {"values": points},
        "height": {"step": 22},
        "config": kinds.DARK_WORDS,
        "mark": {"type": "bar", "stroke": kinds.WHITE, "strokeWidth": 1},
        "encoding": {
            "y": axis_y,
            "x": {"field": "episodes", "type": "quantitative", "title": "Missing episodes", "stack": "zero"},
            "color": colour,
            "order": {"field": "order", "type": "quantitative"},
            "tooltip": [
                {"field": "ward", "title": "Ward"},
                {"field": "here", "title": "Child"},
                {"field": "episodes", "title": "Episodes"},
            ],
        },
    }


def explained(held: placements.Placed, measure: str) -> pd.DataFrame:
    """Return the hotspots of a measure with what placed children explain, in the words and percentages of the page."""
    rows = placements.hotspots_explained(held)
    rows = rows[rows["measure"] == measure].reset_index(drop=True)
    if rows.empty:
        return rows
    for name in ("share_of_episodes", "share_of_children"):
        rows[name] = (100 * rows[name]).round(0)
    for name in ("rate", "rate_without", "rate_difference"):
        rows[name] = rows[name].round(0)
    return rows.assign(stays=rows["change"].map(CHANGE))


def explained_lines(held: placements.Placed, measure: str) -> list[str]:
    """Return a line of HTML a hotspot: what of it placed children explain, and whether it stays one."""
    lines = []
    for row in explained(held, measure).to_dict("records"):
        verdict = VERDICTS[row["change"]]
        lines.append(
            f'<div class="cm-row"><b>{markup(row["area_name"], limit=60)}</b>: {row["share_of_episodes"]:.0f}% of episodes '
            f'<span class="cm-quiet">({row["episodes_others"]:,.0f} of {row["episodes"]:,.0f})</span>, {row["share_of_children"]:.0f}% of children '
            f'<span class="cm-quiet">({row["children_only_others"]:,.0f} of {row["children"]:,.0f})</span>; rank {row["rank"]}, without them {row["rank_without"]}; {markup(verdict)}.</div>'
        )
    return lines


@kept
def away(loaded: Loaded, shown: bool) -> pd.DataFrame:
    """Return the children placed out of area in words, with labels; no rows for a viewer who sees no people."""
    held = placed(loaded)
    rows = placements.in_words(held, placements.out_of_area(held))
    return _labelled(loaded, rows, shown).assign(distance=rows["distance_km"].map(distance))


@kept
def listed(loaded: Loaded, shown: bool) -> pd.DataFrame:
    """Return the notification list in words, with labels; no rows for a viewer who sees no people."""
    held = placed(loaded)
    rows = _labelled(loaded, placements.in_words(held, held.notified), shown)
    told = [
        "none on record" if pd.isna(by) else f"{by} on {words.day(on)}"
        for by, on in zip(rows["notified_by"], rows["notified_on"], strict=True)
    ]
    held_of = [
        "no return in this stay" if not back else ("none on record" if not held else f"{held} of {back}")
        for held, back in zip(rows["interviews_held"], rows["returns"], strict=True)
    ]
    return rows.assign(told=told, interviews=held_of)


def _labelled(loaded: Loaded, rows: pd.DataFrame, shown: bool) -> pd.DataFrame:
    people = answers.labels(loaded, shown)
    return rows.assign(child=rows["person_id"].map(people).fillna(rows["person_id"]).astype(object))


def distance(km: float) -> str:
    """Return a distance in words: "12 km", "under 1 km" or "not known"."""
    if pd.isna(km):
        return "not known"
    return "under 1 km" if km < 1 else f"{km:.0f} km"
