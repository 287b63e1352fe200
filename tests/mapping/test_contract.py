"""Tests of the data contract: the tables, their columns, and what hangs together."""

from __future__ import annotations

from mapping.codes import load_codes
from mapping.contract import PARENTS, POINTS, REQUIRED_TABLES, TABLES, TIME_ORDER

# The contract as it is fixed: required columns first and in capitals.
FIXED = {
    "people": "PERSON_ID given_name family_name date_of_birth sex ethnicity responsible_authority home_postcode "
    "home_easting home_northing home_lsoa school_id care_status ehcp nrm_status",
    "locations": "LOCATION_ID KIND name postcode easting northing longitude latitude provider",
    "sources": "SOURCE_ID KIND agency recorded_on source_grade information_grade handling action_code "
    "sanitisation_code text",
    "associations": "PERSON_A PERSON_B KIND nature first_seen last_seen source_id",
    "events": "EVENT_ID KIND STARTED_AT ended_at location_id easting northing summary source_id",
    "participation": "EVENT_ID PERSON_ID ROLE source_id",
    "presence": "PERSON_ID LOCATION_ID SEEN_AT source_id",
    "things": "THING_ID KIND label source_id",
    "thing_use": "THING_ID PERSON_ID first_seen last_seen source_id",
    "missing": "EPISODE_ID PERSON_ID REPORTED_AT found_at missing_from found_at_location risk_level "
    "interview_offered interview_accepted interview_held_at delay_reason source_id",
    "placements": "PERSON_ID LOCATION_ID STARTED_ON ended_on placing_authority placement_type source_id",
    "referrals": "REFERRAL_ID PERSON_ID RECEIVED_ON source_agency concern decision opened_on closed_on "
    "re_engaged_education stable_accommodation positive_relationship fewer_missing source_id",
}


def test_tables_and_columns_are_those_of_the_contract() -> None:
    written = {
        name: " ".join(c.name.upper() if c.required else c.name for c in table.columns)
        for name, table in TABLES.items()
    }
    assert written == FIXED
    assert REQUIRED_TABLES == ("people",)


def test_codes_of_the_contract() -> None:
    codes = load_codes()
    listed = {
        f"{table.name}.{column.name}": ", ".join(codes[str(column.codes)])
        for table in TABLES.values()
        for column in table.columns
        if column.kind == "code" and column.codes not in ("ethnicity", "nrm_status", "placement_type")
    }
    assert listed == {
        "people.sex": "F, M, X, U",
        "people.care_status": "none, early_help, cin, cp, cla, care_leaver",
        "locations.kind": "home, school, childrens_home, semi_independent, foster_home, hospital, park, "
        "transport, retail, food_outlet, licensed, hotel, online, other",
        "sources.kind": "intelligence, social_care, return_interview, school, health, community, police_record",
        "sources.source_grade": "1, 2, 3",
        "sources.information_grade": "A, B, C, D, E",
        "sources.handling": "P, C",
        "sources.action_code": "A1, A2, A3",
        "sources.sanitisation_code": "S1, S2",
        "associations.kind": "peer, family, partner, school, online, group, co_offending, exploitation, other",
        "associations.nature": "protective, neutral, harmful, unknown",
        "events.kind": "incident, arrest, stop_search, intelligence, contact, other",
        "participation.role": "harmed, may_have_harmed, adult_of_concern, protective, present, witness",
        "things.kind": "phone, vehicle, online_account, bank_account, other",
        "missing.risk_level": "no_apparent, low, medium, high",
        "referrals.concern": "cce, cse, county_lines, serious_violence, modern_slavery, radicalisation, "
        "missing, other",
    }


def test_what_the_contract_names_is_there() -> None:
    keys = {name: table.key for name, table in TABLES.items()}
    for table in TABLES.values():
        assert table.key is None or table.column(table.key).required
        for column in table.columns:
            assert column.refers_to is None or keys[column.refers_to] is not None
    pairs = [(name, column) for name, *columns in (*TIME_ORDER, *POINTS) for column in columns]
    pairs += [(name, key) for name, (_, key) in PARENTS.items()]
    assert [(name, column) for name, column in pairs if column not in TABLES[name].names] == []


def test_every_table_but_three_may_carry_a_source() -> None:
    without = [name for name, table in TABLES.items() if "source_id" not in table.names[1:]]
    assert without == ["people", "locations", "sources"]
