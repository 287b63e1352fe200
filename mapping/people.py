"""Tell children, young adults and adults apart at a date."""

from __future__ import annotations

from datetime import date

from mapping.records import Records

CHILD_UNDER, PEER_UNDER = 18, 26
BANDS = ("child", "young_adult", "adult", "unknown_age")
# Those who are grouped: children, and their young peers.
PEER_BANDS = ("child", "young_adult", "unknown_age")


def age_bands(records: Records, as_of: date | None) -> str:
    """Write a table of everyone's age band at a date and return its name.

    Columns: person_n, age (whole years; null where not known), age_band, and of_concern (an adult whom a record
    names an adult of concern, or puts in an `exploitation` association with a child).

    - child: under 18 at the date; or with no date of birth but a referral, placement or missing episode;
    - young_adult: 18 to 25, grouped with children as a peer and listed as an adult;
    - adult: 26 and over; or of unknown age and named an adult of concern in an event, or in an
      `exploitation` association with a child;
    - unknown_age: everyone else without a date of birth, grouped as a young peer and marked.

    A child whose date of birth lies after the date has no age yet.
    Someone born on 29 February turns a year older on 1 March in other years, as the law of England has it.
    Without a date (`as_of` None) nobody's age is known.
    """
    schema = records.new_schema()
    number = "year({d}) * 10000 + month({d}) * 100 + day({d})"
    age = "NULL"
    if as_of is not None:
        born = number.format(d="p.date_of_birth")
        age = f"CAST(floor(({as_of:%Y%m%d} - ({born})) / 10000) AS INTEGER)"
    records.execute(
        f"""CREATE TABLE {schema}.aged AS
        SELECT p.person_n, {age} AS age,
            p.person_n IN (SELECT person_n FROM {{referrals}} UNION ALL SELECT person_n FROM {{placements}}
                           UNION ALL SELECT person_n FROM {{missing}}) AS has_child_record,
            p.person_n IN (SELECT person_n FROM {{participation}} WHERE role = 'adult_of_concern') AS of_concern
        FROM {{people}} p"""
    )
    records.execute(
        f"""CREATE TABLE {schema}.sure AS SELECT *, CASE
            WHEN age < {CHILD_UNDER} THEN 'child'
            WHEN age < {PEER_UNDER} THEN 'young_adult'
            WHEN age IS NOT NULL THEN 'adult'
            WHEN has_child_record THEN 'child'
            WHEN of_concern THEN 'adult'
            ELSE 'unknown_age' END AS band FROM {schema}.aged"""
    )
    records.execute(
        f"""CREATE TABLE {schema}.harm AS
        SELECT person_a_n AS person_n, person_b_n AS other_n FROM {{associations}} WHERE kind = 'exploitation'
        UNION ALL SELECT person_b_n, person_a_n FROM {{associations}} WHERE kind = 'exploitation'"""
    )
    records.execute(
        f"""CREATE TABLE {schema}.bands AS SELECT p.person_n, CASE WHEN p.age >= 0 THEN p.age END AS age,
            CASE WHEN p.band = 'unknown_age' AND p.person_n IN (
                SELECT h.person_n FROM {schema}.harm h JOIN {schema}.sure o ON o.person_n = h.other_n WHERE o.band = 'child')
            THEN 'adult' ELSE p.band END AS age_band,
            p.band <> 'child' AND (p.of_concern OR p.person_n IN (
                SELECT h.person_n FROM {schema}.harm h JOIN {schema}.sure o ON o.person_n = h.other_n WHERE o.band = 'child'))
                AS of_concern
        FROM {schema}.sure p"""
    )
    return f"{schema}.bands"
