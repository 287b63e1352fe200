"""Write down the truth of a synthetic case: stories, groups, and each published figure beside the count in the case."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import age_on
from mapping.synthetic.calibration import AS_OF, BOROUGH, CHILDREN, YEARS
from mapping.synthetic.names import labelled
from mapping.synthetic.people import MINORITY, POPULATION_MINORITY, busy_wards
from mapping.synthetic.referrals import OUTCOMES, QUARTER
from mapping.synthetic.stories import ACCOUNT, PARK_SUMMARY, PHONE, VEHICLE

if TYPE_CHECKING:
    from mapping.synthetic.calibration import Ints
    from mapping.synthetic.circles import Circles
    from mapping.synthetic.geography import Geography


def truth_files(
    tables: dict[str, pd.DataFrame],
    circles: Circles,
    planted: dict[str, Ints],
    geography: Geography,
    children: int,
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
        "figures.json": _json(figures(tables, geography, children)),
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
    chosen = events[(gap < 250) & events["summary"].eq(PARK_SUMMARY)]
    return [str(event) for event in chosen["event_id"]]


def figures(tables: dict[str, pd.DataFrame], geography: Geography, children: int) -> dict[str, object]:
    """Count in the tables what the published figures count."""
    wards = geography.wards["ward_code"].to_numpy()
    busy = sorted(str(code) for code in wards[busy_wards(geography)])
    return {
        "as_of": str(AS_OF),
        "borough": BOROUGH,
        "children": children,
        "calibrated": children == CHILDREN,
        "years": {year.name: _figures_of_year(tables, str(year.start), str(year.end)) for year in YEARS},
        "open": _figures_of_open(tables, geography, busy),
        "busy_wards": busy,
        "under_identified": _under_identified(tables),
    }


def _figures_of_year(tables: dict[str, pd.DataFrame], start: str, end: str) -> dict[str, int]:
    referrals, missing = tables["referrals"], tables["missing"]
    received = referrals[referrals["received_on"].between(start, end)]
    closed = referrals[referrals["closed_on"].between(start, end)]
    reported = missing[missing["reported_at"].str[:10].between(start, end)]
    people = tables["people"].set_index("person_id")
    sex = people["sex"].reindex(received["person_id"])
    return {
        "referrals": len(received),
        "cce": int((received["concern"] == "cce").sum()),
        "cse": int((received["concern"] == "cse").sum()),
        "boys": int((sex == "M").sum()),
        "girls": int((sex == "F").sum()),
        "closed": len(closed),
        **{name: int((closed[name] == "Y").sum()) for name in OUTCOMES},
        **_figures_of_missing(reported, people),
    }


def _figures_of_missing(reported: pd.DataFrame, people: pd.DataFrame) -> dict[str, int]:
    held = reported[reported["interview_held_at"] != ""]
    wait = pd.to_datetime(held["interview_held_at"]) - pd.to_datetime(held["found_at"])
    theirs = people["responsible_authority"].reindex(reported["person_id"]) != BOROUGH
    missing = people.loc[reported["person_id"].unique()]
    return {
        "missing_reports": len(reported),
        "children_missing": len(missing),
        "children_missing_with_ehcp": int((missing["ehcp"] == "Y").sum()),
        "interviews_offered": int((reported["interview_offered"] == "Y").sum()),
        "interviews_accepted": int((reported["interview_accepted"] == "Y").sum()),
        "interviews_held": len(held),
        "interviews_within_72_hours": int((wait <= pd.Timedelta(hours=72)).sum()),
        "reports_of_children_placed_by_others": int(theirs.sum()),
    }


def _figures_of_open(
    tables: dict[str, pd.DataFrame], geography: Geography, busy: list[str]
) -> dict[str, int]:
    referrals = tables["referrals"]
    still = referrals[(referrals["opened_on"] != "") & (referrals["closed_on"] == "")]
    people = tables["people"].set_index("person_id")
    children = people.loc[still["person_id"]]
    age = age_on(children["date_of_birth"].to_numpy().astype("datetime64[D]"), AS_OF)
    ward = geography.lsoas.set_index("lsoa_code")["ward_code"]
    decile = geography.lsoas.set_index("lsoa_code")["decile"]
    before = referrals[referrals["closed_on"] != ""]["person_id"]
    last_year = referrals[referrals["closed_on"] >= str(YEARS[-1].start)]
    closed_at = people.loc[last_year["person_id"], "home_lsoa"].map(decile)
    return {
        "children": len(children),
        "aged_under_11": int((age < 11).sum()),
        "aged_11_12": int(np.isin(age, (11, 12)).sum()),
        "aged_15_16": int(np.isin(age, (15, 16)).sum()),
        "in_five_wards": int(children["home_lsoa"].map(ward).isin(busy).sum()),
        "with_ehcp": int((children["ehcp"] == "Y").sum()),
        "in_care_or_on_protection_plans": int(children["care_status"].isin(["cla", "cp"]).sum()),
        "opened_in_last_three_months": int((still["opened_on"] >= str(QUARTER)).sum()),
        "open_before": int(children.index.isin(before).sum()),
        "closed_last_year_from_deciles_1_to_3": int((closed_at <= 3).sum()),
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
