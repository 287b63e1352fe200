"""Mark places and events on a map of wards."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pydeck as pdk

from app import kinds
from app.text import short

COLUMNS = ["called", "kind", "easting", "northing"]


def of(
    contacts: pd.DataFrame, events: pd.DataFrame, locations: pd.DataFrame, event_names: pd.Series
) -> pd.DataFrame:
    """Return where events, and contacts that are places, lie: called, kind, easting, northing.

    Parameters
    ----------
    contacts
        contact_type, contact_id, called, kind.
    events
        event_id, location_id, easting, northing; without a spot of its own an event lies at its place.
    locations
        location_id, easting, northing (metres, British National Grid).
    event_names
        what to call each event, on event_id.
    """
    where = locations.set_index("location_id")[["easting", "northing"]]
    at_place = where.reindex(events["location_id"]).set_index(events.index)
    happened = events.assign(
        called=events["event_id"].map(event_names),
        kind="event",
        easting=events["easting"].fillna(at_place["easting"]),
        northing=events["northing"].fillna(at_place["northing"]),
    )
    places = contacts[contacts["contact_type"] == "location"].join(where, on="contact_id")
    both = pd.concat([happened[COLUMNS], places[COLUMNS]], ignore_index=True)
    return both.dropna(subset=["easting", "northing"]).reset_index(drop=True)


def layer(spots: pd.DataFrame) -> Any:
    """Return spots as a layer of a map in longitude and latitude: places large, events small."""
    import geopandas as gpd

    points = gpd.GeoSeries.from_xy(spots["easting"], spots["northing"], crs=27700).to_crs(4326)
    data = [
        {
            "at": [round(point.x, 5), round(point.y, 5)],
            "fill": kinds.rgb(kinds.KINDS[kind].colour, 225),
            "size": 4 if kind == "event" else 8,
            "tip": short(called, limit=80),
        }
        for point, kind, called in zip(points, spots["kind"], spots["called"], strict=True)
    ]
    return pdk.Layer(
        "ScatterplotLayer",
        data=data,
        id="spots",
        pickable=True,
        get_position="at",
        get_fill_color="fill",
        get_radius="size",
        radius_units=pdk.types.String("pixels"),
        stroked=True,
        get_line_color=[255, 255, 255, 255],
        line_width_units=pdk.types.String("pixels"),
        get_line_width=1,
    )
