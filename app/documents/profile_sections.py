"""Draw up the sections of a problem profile from the case: sources, summary and analysis here, the others in modules of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from app import profile, words
from app.documents.paper import Grid
from app.documents.profile_comparison import comparison
from app.documents.profile_gaps import disproportionality, intelligence_gaps
from app.documents.profile_geography import geography
from app.documents.profile_networks import networks
from app.documents.profile_picture import concern, methods, places, times, victims
from app.documents.profile_section import (
    Section,
    as_sentence,
    counted_words,
    counts_grid,
    of_concern,
    where_said,
)
from app.profile import Scope, part_of, said, tally


def sources(scope: Scope) -> Section:
    """Say which reports the profile rests on, and how they are graded."""
    rows = scope.analysis.records.table("sources")
    rows = rows[rows["recorded_on"].isna() | scope.period.holds(rows["recorded_on"])]
    graded = rows["information_grade"].notna() & rows["source_grade"].notna()
    conditions = int((rows["handling"] == "C").sum())
    number, share = part_of(int(graded.sum()), len(rows), scope.wide)
    grade = (rows["source_grade"] + rows["information_grade"]).where(graded)
    # For a wider audience the table of grades says it: what is not recorded is one of its cells, and hides others.
    graded_said = "" if scope.wide else f"; {number} ({share}) are graded in 3x5x2"
    sentences = [
        f"The case holds {words.count(len(rows), 'report')} of this period, of all areas and concerns, from {words.count(rows['agency'].nunique(), 'agency', 'agencies')}{graded_said}.",
        "A grade is of one item, given by an analyst; it is a category, not a probability.",
    ]
    if conditions:
        sentences.append(
            f"{said(conditions, scope.wide)} of the reports may be shared with conditions only (handling C). Before this document is passed on, look at their action and sanitisation codes."
        )
    by_agency = counts_grid(
        "Agency", "Reports", tally(rows["agency"], None), scope, caption="Reports by agency"
    )
    by_kind = counts_grid(
        "Kind", "Reports", tally(rows["kind"], "source_kind"), scope, caption="Reports by kind"
    )
    by_grade = counts_grid("Grade", "Reports", tally(grade, None), scope, caption="Reports by 3x5x2 grade")
    figures = {"Reports": words.number(len(rows))} | ({} if scope.wide else {"Graded": number})
    return Section(figures, tuple(sentences), (by_kind, by_agency, by_grade))


def summary(scope: Scope) -> Section:
    """Say the main numbers of the period."""
    numbers, wide = profile.count(scope), scope.wide
    again, again_share = part_of(numbers.children_missing_again, numbers.children_missing, wide)
    timely, timely_share = part_of(numbers.within_72_hours, numbers.interviews_held, wide)
    figures = {name: said(value, wide) for name, value in numbers.counted.items()}
    figures["Children missing more than once"] = again
    # Episodes without an interview are the rest, and stand among the gaps.
    figures["Return interviews held"] = part_of(numbers.interviews_held, numbers.missing_episodes, wide)[0]
    figures["Return interviews within 72 hours"] = timely
    figures |= {
        "Children referred, missing or harmed": said(len(scope.children), wide),
        "Children open at the end": said(int(scope.open_children["person_id"].nunique()), wide),
        "Groups of three or more": said(len(scope.groups), wide),
        "Candidate operations": said(len(scope.operations), wide),
    }
    sentences = (
        f"Between {words.day(scope.period.since)} and {words.day(scope.period.until)}, {where_said(scope)}, {counted_words(figures['Children referred, missing or harmed'], 'child was', 'children were')} referred, missing or recorded as harmed{of_concern(scope)}.",
        f"There were {_of_children(figures['Referrals'], 'referral', figures['Children referred'])}; {counted_words(figures['Children open at the end'], 'child was', 'children were')} open at the end.",
        f"There were {_of_children(figures['Missing episodes'], 'missing episode', figures['Children missing'])}"
        + (
            f"; {again} of these children ({again_share}) were missing more than once."
            if numbers.children_missing
            else "."
        ),
        f"{figures['Return interviews held']} return interviews were held, {timely} of them ({timely_share}) within 72 hours of the return."
        if numbers.interviews_held
        else "No return interview was held.",
        f"{counted_words(figures['Incidents'], 'incident is', 'incidents are')} on record; in events of any kind {counted_words(figures['Children recorded as harmed'], 'child is', 'children are')} recorded as harmed.",
        f"{counted_words(figures['Groups of three or more'], 'group')} of three or more {'has' if figures['Groups of three or more'] == '1' else 'have'} children who live here, and {counted_words(figures['Candidate operations'], 'candidate operation')} {'concerns' if figures['Candidate operations'] == '1' else 'concern'} them.",
    )
    table = Grid(
        ["What", "Number"], [[name, value] for name, value in figures.items()], "The main numbers", (3, 1)
    )
    return Section(figures, sentences, (table,))


def _of_children(value: str, one: str, children: str) -> str:
    """Return "3 referrals of 2 children", or "no referrals"."""
    return (
        counted_words(value, one)
        if value == "0"
        else f"{counted_words(value, one)} of {counted_words(children, 'child', 'children')}"
    )


def analysis(scope: Scope) -> Section:
    """Set what is on record into SARA and the three sides of the problem-analysis triangle, for the analyst to go on from."""
    numbers, wide = profile.count(scope), scope.wide
    kind = "children referred, missing or harmed"
    figures = {
        "Children": said(len(scope.children), wide),
        "Incidents": said(numbers.incidents, wide),
        "Candidate operations": said(len(scope.operations), wide),
    }
    sara = [
        ["Scanning", f"{figures['Children']} {kind}; {said(numbers.missing_episodes, wide)} missing episodes; {figures['Incidents']} incidents {where_said(scope)}. Which of these come up again and again, and since when?"],
        ["Analysis", "The sections above: who is harmed, where, when and how; what links it; what is not known. What do places, times and people have in common?"],
        ["Response", "The recommendations of this profile. Which of them changes the place, the group or the adult who harms, rather than the child?"],
        ["Assessment", f"Watch the same numbers on the next update: children missing ({said(numbers.children_missing, wide)}), incidents ({figures['Incidents']}), children recorded as harmed ({said(numbers.children_harmed, wide)}). Numbers picked at their peak fall anyway."],
    ]  # fmt: skip
    triangle = [
        ["Child harmed, and guardian", f"{figures['Children']} {kind}", "Who is trusted by them and near: family, friends, school, youth workers?"],
        ["Place, and manager", f"{figures['Incidents']} incidents; the places are in the section on places", "Who owns, runs or lights the place, and could change it?"],
        ["Person of concern, and handler", f"{figures['Candidate operations']} candidate operations; people of concern are in their section", "Who has a hold over them: licence, landlord, employer, probation, court order?"],
    ]  # fmt: skip
    sentences = (
        "The tables are a frame with what is on record filled in. What it means is for the analyst and partners to say.",
    )
    parts = (
        Grid(["Step", "What is on record, and what to ask"], sara, "SARA", (1, 5)),
        Grid(
            ["Side", "On record", "Who could act"], triangle, "The problem-analysis triangle", (1.4, 2, 2.6)
        ),
    )
    return Section(figures, sentences, parts)


def build(key: str, scope: Scope) -> Section:
    """Return one section drawn up from the case."""
    found = BUILDERS[key](scope)
    return replace(found, sentences=tuple(as_sentence(text) for text in found.sentences))


BUILDERS: Mapping[str, Callable[[Scope], Section]] = {
    "sources": sources,
    "summary": summary,
    "victims": victims,
    "concern": concern,
    "places": places,
    "times": times,
    "methods": methods,
    "networks": networks,
    "geography": geography,
    "comparison": comparison,
    "disproportionality": disproportionality,
    "gaps": intelligence_gaps,
    "analysis": analysis,
}
"""What draws up each section that comes from the case."""
