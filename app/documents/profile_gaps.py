"""Draw up who and what is missing from a problem profile: disproportionality, what is not recorded, intelligence gaps."""

from __future__ import annotations

import pandas as pd

from app import gaps, words
from app.documents.paper import Bullets, Grid, Heading, Part
from app.documents.profile_section import FIRST, Section
from app.profile import Scope, part_of, said
from geo.gaps import Gaps, build_gaps

IN_TABLES = (
    *("Children: date of birth", "Children: sex", "Children: ethnicity (also refused or not obtained)"),
    *("Missing episodes: where found", "Referrals: concern", "Reports without a 3x5x2 grade"),
    "Reports that rest on what is known indirectly or not known (C, D, E)",
    *("Missing episodes where nobody wrote down where the child was found", "Referrals without a concern"),
)
"""What is a cell, or a sum of cells, of a table that stands elsewhere in the document.

For a wider audience such a cell may be hidden there to keep another from being worked back, and must not be told here.
"""


def disproportionality(scope: Scope) -> Section:
    """Say which children are referred less or more than their number leads one to expect, and what is not recorded."""
    grids: list[Part] = [_not_recorded(scope)]
    try:
        found = _gaps(scope)
    except ValueError as error:
        return Section({}, (f"Referrals could not be compared: {error}",), tuple(grids))
    rows = found.table[found.table["dimension"] != "school"] if scope.wide else found.table
    findings = rows[rows["finding"] != ""]
    listed = pd.concat([findings, rows[rows["dimension"] == "sex and background"]]).drop_duplicates(["group", "children"])  # fmt: skip
    if scope.wide:
        # The groups of one kind add up, so one that is small gives itself away beside the others.
        small = rows.loc[rows["children_referred"].between(1, 5), "dimension"]
        listed = listed[~listed["dimension"].isin(small)]
    grids.insert(0, Grid(
        ["Group", "Children", "Referred", "Expected", "Referred / expected (95% interval)", "Finding"],
        _compared(listed),
        "Findings, and sex with background whether a finding or not",
        (2.2, 1, 1, 1, 1.8, 1.5),
    ))  # fmt: skip
    sentence = gaps.answer(found)
    sentences = [] if scope.wide else [sentence]
    sentences.append(
        "Fewer referrals than expected can be less need, or that nobody notices or writes down. It is a question to those who would have noticed, never a statement about children."
    )
    return Section({"Findings": words.number(len(findings))}, tuple(sentences), tuple(grids))


def _gaps(scope: Scope) -> Gaps:
    people = scope.analysis.people
    here = (
        people["lives_in_ward"].isin(scope.wards)
        if scope.wards is not None
        else pd.Series(True, people.index)
    )
    people = people[here].reset_index(drop=True)
    people = people.assign(is_child=people["age_band"] == "child")
    wards = scope.analysis.wards
    wards = wards if scope.wards is None else wards[wards["ward_code"].isin(scope.wards)]
    referrals = scope.all_referrals
    return build_gaps(
        people,
        referrals[referrals["person_id"].isin(people["person_id"])],
        since=scope.period.since,
        until=scope.period.until,
        wards=wards.reset_index(drop=True) if len(wards) > 1 else None,
        homes=people["home_ward"],
        schools=scope.analysis.records.table("locations").set_index("location_id")["name"],
    )


def _compared(rows: pd.DataFrame) -> list[list[str]]:
    rows = rows.assign(said=gaps.in_words(rows), interval=gaps.intervals(rows))
    return [
        [
            gaps.called(row),
            words.number(int(row["children"])),
            words.number(int(row["children_referred"])),
            f"{row['expected']:.1f}",
            "not known" if pd.isna(row["ratio"]) else f"{row['ratio']:.2f} ({row['interval']})",
            row["said"],
        ]
        for row in rows.to_dict("records")
    ]


def _not_recorded(scope: Scope) -> Grid:
    """Return how much of what the profile rests on is not recorded."""
    people, missing = scope.people.reindex(scope.children), scope.episodes()
    events = scope.incidents()
    refused = people["ethnicity"].isin(("REFU", "NOBT"))
    asked = {
        "Children: date of birth": people["date_of_birth"].isna(),
        "Children: sex": people["sex"].isna() | (people["sex"] == "U"),
        "Children: ethnicity (also refused or not obtained)": people["ethnicity"].isna() | refused,
        "Children: ward of the home": people["home_ward"].isna(),
        "Children: school": people["school_id"].isna(),
        "Missing episodes: where from": missing["missing_from"].isna(),
        "Missing episodes: where found": missing["found_at_location"].isna(),
        "Missing episodes: whether an interview was offered": missing["interview_offered"].isna(),
        "Incidents: listed place": events["location_id"].isna(),
        "Referrals: concern": scope.referrals()["concern"].isna(),
    }
    rows = [
        [what, words.number(len(flags)) if not scope.wide else said(len(flags), True), *part_of(int(flags.sum()), len(flags), scope.wide)]
        for what, flags in asked.items()
        if not (scope.wide and what in IN_TABLES)
    ]  # fmt: skip
    return Grid(
        ["What", "Rows", "Not recorded", "Share"], rows, "What is missing from the data", (4, 1, 1, 1)
    )


def intelligence_gaps(scope: Scope) -> Section:
    """Say what is not known, and what would fill it."""
    reports = scope.analysis.records.table("sources")
    reports = reports[reports["recorded_on"].isna() | scope.period.holds(reports["recorded_on"])]
    missing = scope.episodes()
    asked = [
        ("Reports without a 3x5x2 grade", reports["information_grade"].isna(), "An analyst grades them, asking “how do you know?”"),
        ("Reports that rest on what is known indirectly or not known (C, D, E)", reports["information_grade"].isin(("C", "D", "E")), "Ask for a second source, or for somebody who saw it"),
        ("Missing episodes without an interview held", missing["interview_held_at"].isna(), "Offer again, and ask who the child would talk to"),
        ("Missing episodes where nobody wrote down where the child was found", missing["found_at_location"].isna(), "Ask those who brought the child home to write down where"),
        ("Referrals without a concern", scope.referrals()["concern"].isna(), "Ask the referrer what they are worried about"),
    ]  # fmt: skip
    rows, figures = [], {}
    for what, flags, fill in asked:
        if scope.wide and what in IN_TABLES:
            continue
        number, share = part_of(int(flags.sum()), len(flags), scope.wide)
        figures[what] = number
        rows.append([what, number, share, fill])
    columns = ["What is not known", "Number", "Share", "What would fill it"]
    parts: list[Part] = [Grid(columns, rows, "Gaps in what is recorded", (3, 0.8, 0.8, 3))]
    if not scope.wide and len(scope.operations):
        parts.append(Heading("What candidate operations lack", 2))
        parts.append(Bullets([
            f"Candidate {words.number(row['rank'])} ({row['shape_words']}): {' '.join(row['what_is_missing'])}"
            for row in scope.operations.head(FIRST).to_dict("records")
            if len(row["what_is_missing"])
        ]))  # fmt: skip
    agencies = reports["agency"].value_counts()
    few = words.listing([words.code(name) for name in sorted(agencies.index[agencies < 0.02 * len(reports)])])
    sentences = ["What is missing is a finding: it says where to look next, and whom to ask."]
    if few and not scope.wide:
        sentences.append(
            f"Fewer than 2 in 100 reports are from {few}. Ask them whether they see less, or write down less."
        )
    return Section(figures, tuple(sentences), tuple(parts))
