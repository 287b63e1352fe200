"""Draw up which groups, shared contacts and candidate operations a problem profile is about."""

from __future__ import annotations

from app import words
from app.documents.paper import Grid, Part, Text
from app.documents.profile_section import FIRST, NOT_WIDER, Section, counted_words, counts_grid
from app.names import group_labels
from app.profile import SMALLEST, Scope, said, tally


def networks(scope: Scope) -> Section:
    """Say which groups, shared contacts and candidate operations have children of the area."""
    kinds = {
        "person": "people",
        "thing": "phones, vehicles and accounts",
        "location": "places",
        "event": "events",
    }
    per = scope.ties.drop_duplicates(["contact_type", "contact_id"])["contact_type"]
    contacts = counts_grid(
        "Contact",
        "Contacts",
        tally(per, kinds),
        scope,
        caption="Contacts that two or more children of the area share",
    )
    figures = {
        "Groups of three or more": said(len(scope.groups), scope.wide),
        "Shared contacts": said(len(per), scope.wide),
        "Candidate operations": said(len(scope.operations), scope.wide),
    }
    sentences = (
        f"{counted_words(figures['Groups of three or more'], 'group')} of three or more, {counted_words(figures['Shared contacts'], 'shared contact')} and {counted_words(figures['Candidate operations'], 'candidate operation')} have children who live here, as known on {words.day(scope.analysis.as_of)}.",
        "They come from all that is on record by then, and are not cut down to the period. A name on a map is not proof: each link says what it rests on.",
    )
    if scope.wide:
        return Section(figures, sentences, (contacts, Text(NOT_WIDER, "quiet")))
    return Section(figures, sentences, (contacts, *_listed_groups(scope), *_listed_operations(scope)))


def _listed_groups(scope: Scope) -> list[Part]:
    listed = scope.groups.head(FIRST)
    every = scope.analysis.group_summary
    called = group_labels(every.loc[every["size"] >= SMALLEST, "group_id"])
    rows = [
        [
            called[row["group_id"]],
            words.number(row["size"]),
            words.number(row["here"]),
            words.number(row["links"]),
            words.day(row["first_seen"]),
            words.day(row["last_seen"]),
        ]
        for row in listed.to_dict("records")
    ]
    title = f"Groups with children of the area, newest evidence first ({len(rows)} of {words.number(len(scope.groups))})"
    columns = ["Group", "Members", "Living here", "Links", "First evidence", "Newest evidence"]
    return [Grid(columns, rows, title, (1.4, 1.2, 1, 0.9, 1.7, 1.7))] if rows else []


def _listed_operations(scope: Scope) -> list[Part]:
    rows = [
        [
            words.number(row["rank"]),
            str(row["shape_words"]).capitalize(),
            words.number(row["victims"]),
            words.number(row["here"]),
            words.number(row["contacts"]),
            words.number(row["agencies"]),
            words.day(row["last_seen"]),
        ]
        for row in scope.operations.head(FIRST).to_dict("records")
    ]
    title = f"Candidate operations with children of the area, in their order on the Operations page ({len(rows)} of {words.number(len(scope.operations))}); candidates, not facts"
    columns = ["No.", "Shape", "Children", "Living here", "Contacts", "Agencies", "Newest"]
    widths = (0.7, 3, 1.25, 1, 1.25, 1.25, 1.6)
    return [Grid(columns, rows, title, widths)] if rows else []
