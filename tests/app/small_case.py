"""Write a small case by hand: two groups, an adult of concern, a phone, places, wards, and any name one likes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

EAST, NORTH, SIDE = 400_000, 400_000, 2_000
WARDS = {"E05000001": "Alder", "E05000002": "Beech", "E05000003": "Cedar", "E05000004": "Dogwood"}
CHILDREN = [f"C{number:03}" for number in range(1, 13)]


def write_case(folder: Path, *, name: str | None = None, people: int = 12) -> Path:
    """Write the case; with `name`, that is the name of everyone, every place, every thing and the text of every report."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in _tables(name, people).items():
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    _geography(folder / "geography", name)
    return folder


def _tables(name: str | None, people: int) -> dict[str, list[dict[str, object]]]:
    children = CHILDREN[:people]
    first, second = children[:6], children[6:]
    given = ["Ada", "Ben", "Cyd", "Dot", "Eli", "Fay", "Gus", "Hal", "Ivy", "Jon", "Kit", "Lou"]
    pairs = [(a, b) for group in (first, second) for i, a in enumerate(group) for b in group[i + 1 : i + 3]]
    born = "2009-05-04"
    persons = [
        {"person_id": child, "given_name": name or given[i], "family_name": name or "Quill", "date_of_birth": born, "responsible_authority": "E08000099",
         "home_easting": EAST + 700 + 1500 * (i % 3), "home_northing": NORTH + 600 + 1700 * (i % 2), "school_id": "L2", "care_status": "cin"}
        for i, child in enumerate(children)
    ]  # fmt: skip
    grown = {
        "date_of_birth": "1980-01-01",
        "responsible_authority": "",
        "home_easting": "",
        "home_northing": "",
        "school_id": "",
        "care_status": "",
    }
    persons.append({"person_id": "A1", "given_name": name or "Una", "family_name": name or "Vane", **grown})
    persons.append({"person_id": "A2", "given_name": name or "Wyn", "family_name": name or "Xu", **grown})
    return {
        "people": persons,
        "locations": [
            {"location_id": "L1", "kind": "park", "name": name or "Quarry Field", "easting": EAST + 1000, "northing": NORTH + 1000},
            {"location_id": "L2", "kind": "school", "name": name or "Hill School", "easting": EAST + 2500, "northing": NORTH + 1000},
            {"location_id": "L3", "kind": "childrens_home", "name": name or "Brook House", "easting": EAST + 1000, "northing": NORTH + 2500},
        ],
        "sources": [
            {"source_id": "S1", "kind": "return_interview", "agency": "Missing from home team", "recorded_on": "2024-05-20", "source_grade": 1, "information_grade": "A", "handling": "P", "text": name or "Ada Quill says she and Ben Quill were at the park together."},
            {"source_id": "S2", "kind": "intelligence", "agency": "Police", "recorded_on": "2024-05-28", "source_grade": 2, "information_grade": "C", "handling": "P", "text": name or "Seen together at the park."},
            {"source_id": "S3", "kind": "intelligence", "agency": "Police", "recorded_on": "2024-05-29", "source_grade": 2, "information_grade": "B", "handling": "C", "text": name or "Restricted."},
        ],
        "associations": [
            {"person_a": a, "person_b": b, "kind": "peer", "nature": "unknown", "first_seen": "2024-03-01", "last_seen": "2024-05-20", "source_id": "S1"} for a, b in pairs
        ]
        + [
            {"person_a": "A1", "person_b": children[0], "kind": "exploitation", "nature": "harmful", "first_seen": "2024-04-01", "last_seen": "2024-05-28", "source_id": "S2"},
            {"person_a": "A1", "person_b": children[-1], "kind": "exploitation", "nature": "harmful", "first_seen": "2024-04-01", "last_seen": "2024-05-28", "source_id": "S2"},
            {"person_a": "A2", "person_b": children[0], "kind": "other", "nature": "protective", "first_seen": "2024-01-01", "last_seen": "2024-05-01", "source_id": "S1"},
        ],
        "events": [{"event_id": "E1", "kind": "incident", "started_at": "2024-05-18T21:30", "ended_at": "", "location_id": "L1", "summary": name or "Young people moved on from the park", "source_id": "S2"}],
        "participation": [{"event_id": "E1", "person_id": child, "role": "present"} for child in first[:3]],
        "presence": [{"person_id": child, "location_id": "L1", "seen_at": f"2024-05-2{i}T19:0{i}", "source_id": "S1"} for i, child in enumerate(first[:4])],
        "things": [{"thing_id": "T1", "kind": "phone", "label": name or "handset ending 041"}],
        "thing_use": [{"thing_id": "T1", "person_id": child, "first_seen": "2024-04-01", "last_seen": "2024-05-25", "source_id": "S2"} for child in (children[1], children[-2], "A1")],
        "missing": [
            {"episode_id": "M1", "person_id": children[0], "reported_at": "2024-05-30T22:00", "found_at": "", "missing_from": "L3", "interview_offered": "", "interview_accepted": "", "interview_held_at": ""},
            {"episode_id": "M2", "person_id": children[1], "reported_at": "2024-05-29T20:00", "found_at": "2024-05-30T09:00", "missing_from": "L3", "interview_offered": "Y", "interview_accepted": "", "interview_held_at": ""},
            {"episode_id": "M3", "person_id": children[2], "reported_at": "2024-05-20T20:00", "found_at": "2024-05-21T09:00", "missing_from": "", "interview_offered": "N", "interview_accepted": "", "interview_held_at": ""},
            {"episode_id": "M4", "person_id": children[0], "reported_at": "2024-05-01T20:00", "found_at": "2024-05-02T09:00", "missing_from": "L3", "interview_offered": "Y", "interview_accepted": "Y", "interview_held_at": "2024-05-03T12:00"},
        ],
        "placements": [{"person_id": children[4], "location_id": "L3", "started_on": "2024-01-10", "ended_on": "", "placing_authority": "E08000098", "placement_type": "K2"}],
        "referrals": [{"referral_id": "R1", "person_id": children[3], "received_on": "2024-05-29", "source_agency": name or "Hill School", "concern": "cce", "decision": name or "assessment"}],
    }  # fmt: skip


def _geography(folder: Path, name: str | None) -> None:
    folder.mkdir(exist_ok=True)
    features = []
    for place, (code, ward) in enumerate(WARDS.items()):
        west, south = EAST + SIDE * (place % 2), NORTH + SIDE * (place // 2)
        ring = [
            [west, south],
            [west + SIDE, south],
            [west + SIDE, south + SIDE],
            [west, south + SIDE],
            [west, south],
        ]
        properties = {
            "WD25CD": code,
            "WD25NM": name or ward,
            "LAD25CD": "E08000099",
            "LAD25NM": name or "Anyborough",
        }
        features.append(
            {
                "type": "Feature",
                "properties": properties,
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}}
    (folder / "wards.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}), encoding="utf-8"
    )
    codes = [(f"E0100000{i}", ward) for i, ward in enumerate(WARDS, start=1)]
    (folder / "lookup.csv").write_text(
        "LSOA21CD,WD25CD,LAD25CD\n" + "".join(f"{lsoa},{ward},E08000099\n" for lsoa, ward in codes),
        encoding="utf-8",
    )
    (folder / "imd.csv").write_text(
        "LSOA21CD,IMD_rank,IMD_decile\n"
        + "".join(f"{lsoa},{1 + 9000 * i},{1 + i * 3}\n" for i, (lsoa, _) in enumerate(codes)),
        encoding="utf-8",
    )
    (folder / "people.csv").write_text(
        "WD25CD,children_10_17\n" + "".join(f"{ward},{900 + 100 * i}\n" for i, (_, ward) in enumerate(codes)),
        encoding="utf-8",
    )
