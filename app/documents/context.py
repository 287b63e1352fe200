"""Draw up the case of a context: concerns, strengths, weights, plan, children and what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from app import words
from app.documents.paper import Bullets, Grid, Heading, Paper, Part, Text
from mapping.contexts import AROUND, KINDS, OUTCOMES, WEIGHTS, ContextCase


def draw_context(case: ContextCase, called: Mapping[str, str], *, case_name: str, what: str = "") -> Paper:
    """Return the case of a context as a document.

    Parameters
    ----------
    called : child to what they are called in it.
    case_name : the case of the hub that it belongs to.
    what : what the context is, where that is known closer than its kind: "school".
    """
    closed = (
        "open" if case.closed_on is None else f"closed {words.day(case.closed_on)}: {case.closed_because}"
    )
    parts: list[Part] = [
        Grid(
            ("Context", "What it is", "Opened", "Review", "Who answers for it", "State"),
            (
                (
                    case.called,
                    what or KINDS[case.kind],
                    words.day(case.opened_on),
                    words.day(case.review_on),
                    case.owner,
                    closed,
                ),
            ),
        )
    ]
    for heading, text in (("Concerns", case.concerns), ("Strengths", case.strengths), ("Plan", case.plan)):
        parts += [Heading(heading), Text(text) if text else Text("Nothing is written yet.", kind="quiet")]
    parts.append(Heading("Weight of each context"))
    weights = [(AROUND[around], WEIGHTS[weight]) for around, weight in case.weights.items()]
    parts.append(Grid(("Context", "Weight"), weights) if weights else Text("Not weighed yet.", kind="quiet"))
    parts += [
        Heading(f"Children linked ({len(case.children)})"),
        Bullets([called.get(child, child) for child in case.children]),
        Heading("Over time"),
    ]
    rows = [(words.day(each.on), OUTCOMES[each.found], each.how) for each in case.outcomes]
    parts.append(
        Grid(("On", "Outcome", "How it is known"), rows, widths=(2, 3, 6))
        if rows
        else Text("Nothing has been said yet of how it goes.", kind="quiet")
    )
    parts.append(
        Text(
            "The context is what is assessed and changed. A child named here is linked to it and has no score; a name is not proof of anything.",
            kind="quiet",
        )
    )
    return Paper(f"Context: {case.called}", tuple(parts), subtitle=f"Case {case_name}")
