"""Write down the truth of a synthetic case: stories, groups, and each published figure beside the count in the case."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mapping.synthetic.calibration import AS_OF, BOROUGH, YEARS
from mapping.synthetic.names import labelled
from mapping.synthetic.people import MINORITY, POPULATION_MINORITY, busy_wards

if TYPE_CHECKING:
    from mapping.synthetic.calibration import Ints
    from mapping.synthetic.circles import Circles
    from mapping.synthetic.geography import Geography

ACCOUNT, PHONE, VEHICLE = "Account mossy_lantern_77", "Phone 07700 900942", "Silver estate, partial plate Q77"


def truth_files(
    tables: dict[str, pd.DataFrame], circles: Circles, planted: dict[str, Ints], geography: Geography
) -> dict[str, str]:
    """Return the truth as text by file name."""
    stories = _stories(tables, circles, planted)
    groups = pd.DataFrame(
        {
            "person_id": _people(circles.members["person"].to_numpy()),
            "group": circles.members["group"].to_numpy(),
            "joined_on": circles.members["joined_on"].astype("datetime64[s]").dt.strftime("%Y-%m-%d"),
        }
    ).sort_values(["group", "person_id"])
    return {
        "stories.json": _json(stories),
        "groups.csv": groups.to_csv(index=False, lineterminator="\n"),
        "figures.json": _json(figures(tables, geography)),
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _people(numbers: Ints) -> list[str]:
    return [str(name) for name in labelled("P", numbers + 1)]


def _stories(
    tables: dict[str, pd.DataFrame], circles: Circles, planted: dict[str, Ints]
) -> dict[str, object]:
    things = tables["things"].set_index("label")["thing_id"]
    park = tables["locations"].iloc[circles.park_place]
    at_park = _near(tables["events"], float(park["easting"]), float(park["northing"]))
    return {
        "online_account": {
            "what": "One account writes to children who do not know each other; who is behind it is not known.",
            "thing_id": things[ACCOUNT],
            "children": _people(circles.account),
        },
        "county_line": {
            "what": "Two adults of concern reach ten children by one phone and move them in one vehicle.",
            "phone": things[PHONE],
            "vehicle": things[VEHICLE],
            "adults": _people(planted["adults"]),
            "children": _people(circles.line),
        },
        "park": {
            "what": "Incidents cluster in and around one park, mostly in the evening.",
            "location_id": park["location_id"],
            "easting": int(park["easting"]),
            "northing": int(park["northing"]),
            "children": _people(circles.park),
            "incidents": at_park,
        },
    }


def _near(events: pd.DataFrame, easting: float, northing: float) -> list[str]:
    gap = np.hypot(events["easting"].astype(float) - easting, events["northing"].astype(float) - northing)
    chosen = events[(gap < 250) & events["summary"].str.contains("in the park")]
    return [str(event) for event in chosen["event_id"]]


def figures(tables: dict[str, pd.DataFrame], geography: Geography) -> dict[str, object]:
    """Count in the tables what the published figures count."""
    by_year = {year.name: _figures_of_year(tables, str(year.start), str(year.end)) for year in YEARS}
    wards = geography.wards["ward_code"].to_numpy()
    return {
        "as_of": str(AS_OF),
        "borough": BOROUGH,
        "years": by_year,
        "busy_wards": sorted(str(code) for code in wards[busy_wards(geography)]),
        "under_identified": _under_identified(tables),
    }


def _figures_of_year(tables: dict[str, pd.DataFrame], start: str, end: str) -> dict[str, int]:
    people = tables["people"].set_index("person_id")
    referrals = tables["referrals"]
    received = referrals[referrals["received_on"].between(start, end)]
    closed = referrals[referrals["closed_on"].between(start, end)]
    missing = tables["missing"]
    reported = missing[missing["reported_at"].str[:10].between(start, end)]
    held = reported[reported["interview_held_at"] != ""]
    wait = pd.to_datetime(held["interview_held_at"]) - pd.to_datetime(held["found_at"])
    sex = people["sex"].reindex(received["person_id"])
    theirs = people["responsible_authority"].reindex(reported["person_id"]) != BOROUGH
    return {
        "referrals": len(received),
        "cce": int((received["concern"] == "cce").sum()),
        "cse": int((received["concern"] == "cse").sum()),
        "boys": int((sex == "M").sum()),
        "girls": int((sex == "F").sum()),
        "closed": len(closed),
        **{name: int((closed[name] == "Y").sum()) for name in closed.columns[-4:]},
        "missing_reports": len(reported),
        "children_missing": int(reported["person_id"].nunique()),
        "interviews_offered": int((reported["interview_offered"] == "Y").sum()),
        "interviews_accepted": int((reported["interview_accepted"] == "Y").sum()),
        "interviews_held": len(held),
        "interviews_within_72_hours": int((wait <= pd.Timedelta(hours=72)).sum()),
        "reports_of_children_placed_by_others": int(theirs.sum()),
    }


def _under_identified(tables: dict[str, pd.DataFrame]) -> dict[str, object]:
    """State who is missing from the referrals: shares of minority backgrounds among referred and among all known."""
    people = tables["people"]
    minority = people["ethnicity"].isin(list(MINORITY))
    referred = people["person_id"].isin(tables["referrals"]["person_id"])
    result: dict[str, object] = {
        "what": "Girls of Black, dual-heritage and minority-ethnic backgrounds are referred far less than their numbers.",
        "population_percent": POPULATION_MINORITY,
    }
    for sex, name in (("F", "girls"), ("M", "boys")):
        rows = people["sex"].eq(sex) & people["ethnicity"].ne("")
        result[name] = {
            "referred": int((rows & referred).sum()),
            "referred_of_minority_backgrounds": int((rows & referred & minority).sum()),
            "not_referred": int((rows & ~referred).sum()),
            "not_referred_of_minority_backgrounds": int((rows & ~referred & minority).sum()),
        }
    return result
