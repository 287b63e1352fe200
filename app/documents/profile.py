"""Put a problem profile together: terms, sections with the analyst's own words, recommendations, method, grading key."""

from __future__ import annotations

from collections.abc import Mapping

from app import words
from app.documents.paper import Bullets, Grid, Heading, Paper, Part, Text
from app.documents.profile_section import Section
from app.documents.profile_sections import BUILDERS, build
from app.profile import Scope
from app.text import plain
from geo.disclosure import SMALL
from mapping.codes import load_codes
from mapping.profiles import AIMS, SECTIONS, Profile, Recommendation
from mapping.text import shortened

METHOD = (
    "Everything is counted from the records of one case as its viewer may see it: a referral where the child lived that day, a missing episode where the child went missing from, an event where it happened. Home, placement, incident and responsible authority are four different places.",
    "Episodes and children are both counted. Children are those under 18 on the day; of unknown age, they count as children.",
    "Groups are found by how people are linked (Constant Potts Model), hotspots by Gi*, local Moran and the scan statistic, gaps by comparison with what numbers of children lead one to expect. The methods and their sources are in the documentation of Contextmap.",
)
LIMITS = (
    "What nobody recorded is not here. Less on record can be less harm, or nobody looking.",
    "A link, a group or a candidate operation is a reason to look, not a fact about anybody.",
    "Text marked as drafted was put together from the numbers, and says no more than they do until somebody has read it.",
    "Contexts, contacts, gaps and changes may be compared. Children are never scored or ranked.",
)
HIDING = (
    f"This version is for a wider audience: counts of 1 to {SMALL} are shown as “c”, with as few others as keep them from being worked back. "
    "That holds within each table: this document and another about a part of the same area, or a later one, could be subtracted."
)
NOBODY_YET = "No recommendation has been entered yet."
CHANGED = "The figures under this text have changed since it was written:"
NOT_STATED = "not stated"


def draw_up(scope: Scope) -> dict[str, Section]:
    """Return every section that comes from the case, drawn up anew."""
    return {key: build(key, scope) for key in BUILDERS}


def profile_paper(profile: Profile, scope: Scope, sections: Mapping[str, Section]) -> Paper:
    """Return the problem profile as a document.

    Parameters
    ----------
    profile : what is asked, which sections, the analyst's own words and recommendations.
    scope, sections : from `app.profile.build_scope` and `draw_up`, of the same question.
    """
    parts: list[Part] = []
    for key, title in SECTIONS.items():
        if key in profile.sections:
            parts += [Heading(title), *_section(key, profile, scope, sections)]
    subtitle = f"{scope.area[:1].upper()}{scope.area[1:]}, {words.span(scope.period.since, scope.period.until)}. Next update: {_next(profile)}."
    title = f"Problem profile: {shortened(plain(profile.asked.question), 120) or scope.area}"
    return Paper(title, parts, profile.asked.marking, subtitle)


def _section(key: str, profile: Profile, scope: Scope, sections: Mapping[str, Section]) -> list[Part]:
    found = sections.get(key) or _fixed(key, profile, scope)
    return [*text_of(key, profile, found), *found.parts]


def text_of(key: str, profile: Profile, found: Section) -> list[Part]:
    """Return the text of a section: the analyst's own words, with what has changed under them, else the generated text."""
    mine = profile.said(key)
    if mine.own:
        changed = mine.changes(found.figures, found.told)
        note = [Text("\n".join([CHANGED, *changed]), "draft")] if changed else []
        return [Text(mine.own), *note]
    if not found.sentences:
        return []
    read = key not in BUILDERS or mine.is_read(found.told)
    return [Text("\n".join(found.sentences), "plain" if read else "draft")]


def _fixed(key: str, profile: Profile, scope: Scope) -> Section:
    """Return a section that does not come from the numbers."""
    if key == "terms":
        return Section(parts=(_terms(profile, scope),))
    if key == "recommendations":
        return Section(parts=tuple(_recommendations(profile.recommendations)))
    if key == "method":
        hiding = (HIDING,) if scope.wide else ()
        return Section(sentences=METHOD, parts=(Heading("Limits", 2), Bullets([*LIMITS, *hiding])))
    return Section(parts=tuple(grading_key()))


def _terms(profile: Profile, scope: Scope) -> Grid:
    asked = profile.asked
    concern = words.concern(asked.concern) if asked.concern else "every concern"
    rows = [
        ["Question", asked.question or NOT_STATED],
        ["Area", scope.area],
        ["Period", words.span(scope.period.since, scope.period.until)],
        ["Concern", concern],
        ["Owner", asked.owner or NOT_STATED],
        ["Next update", _next(profile)],
        ["Known by", words.day(scope.analysis.as_of)],
        ["Seen as", _role(scope)],
        ["Grades of information in links and groups", scope.analysis.settings.grades],
    ]
    return Grid(["Terms", "Of this profile"], rows, widths=(1, 3))


def _role(scope: Scope) -> str:
    from mapping.access import ROLES

    return ROLES[scope.analysis.settings.viewer.role].label


def _next(profile: Profile) -> str:
    day = profile.asked.next_update
    return words.day(day) if day is not None else NOT_STATED


def _recommendations(listed: tuple[Recommendation, ...]) -> list[Part]:
    if not listed:
        return [Text(NOBODY_YET, "quiet")]
    rows = [
        [name, each.action, each.owner, words.day(each.due)]
        for aim, name in AIMS.items()
        for each in sorted((one for one in listed if one.aim == aim), key=lambda one: one.due)
    ]
    return [Grid(["Aim", "What is to be done", "Who", "By"], rows, "Recommendations", (1, 4, 1.5, 1.3))]


def grading_key() -> list[Part]:
    """Return what the grades and handling codes of 3x5x2 mean."""
    codes = load_codes()
    lists = {
        "source_grade": "How reliable the source is",
        "information_grade": "How the source knows",
        "handling": "How it may be shared",
        "action_code": "With handling C: how it may be used",
        "sanitisation_code": "With handling C: sharing without the source",
    }
    rows = [[title, code, meaning] for name, title in lists.items() for code, meaning in codes[name].items()]
    note = f"Each item is graded alone, by an analyst. A grade is a category: grades are never multiplied. Codes as of {words.day(codes.as_of)}."
    return [Grid(["What", "Code", "Meaning"], rows, "3x5x2", (2, 0.6, 3)), Text(note, "quiet")]
