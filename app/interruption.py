"""Show what would be interrupted if a place were made safe, a thing taken out of use or an adult of concern kept away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app import frame, tables, words
from app.data import Loaded, kept
from app.text import markup
from mapping.interruption import (
    MOST_CHILDREN,
    PLACES_OF_CARE,
    SHORTLIST,
    WITHIN,
    HarmNetwork,
    best_set,
    build_harm_network,
    interruption,
    measurable,
    part_around,
    standing,
    still_joining,
)

MOST_TOGETHER = 5
"""Contexts that can be looked at together."""

MOST_LISTED = 12
"""Rows of what still joins children."""

ADAPT = (
    "Networks adapt: people move on to other places, phones and cars. What is interrupted on paper is not yet safety for a "
    "child: say who will look again, and when."
)

OWN, CASE = "these children", "all children in the case"


@kept
def harm_network(loaded: Loaded, *, on_record: bool) -> HarmNetwork:
    """Return the ways by which harm can reach from child to child."""
    built = loaded.analysis.network
    if built is None:
        raise PermissionError
    return build_harm_network(
        built.evidence, built.links, built.ties, loaded.analysis.bands, on_record=on_record
    )


@kept
def around(loaded: Loaded, contact_type: str, contact_id: str, *, on_record: bool) -> HarmNetwork | None:
    """Return the network a contact is looked at in: all of it, or the part around it where it is large; None where the contact is not in it."""
    network = harm_network(loaded, on_record=on_record)
    if network.node(contact_type, contact_id) is None:
        return None
    return network if measurable(network) else part_around(network, contact_type, contact_id)


@kept
def effect(loaded: Loaded, contact_type: str, contact_id: str, *, on_record: bool) -> dict[str, Any] | None:
    """Return what one contact would interrupt; None where it is not in the network."""
    network = around(loaded, contact_type, contact_id, on_record=on_record)
    if network is None:
        return None
    return dict(interruption(network, [(contact_type, contact_id)]).iloc[0])


@kept
def remaining(loaded: Loaded, contact_type: str, contact_id: str, *, on_record: bool) -> pd.DataFrame:
    """Return what else joins the children of one contact, most of them first."""
    network = around(loaded, contact_type, contact_id, on_record=on_record)
    if network is None:
        return pd.DataFrame({name: [] for name in ("contact_type", "contact_id", "children", "pairs")})
    return still_joining(network, contact_type, contact_id, most=MOST_LISTED)


@kept
def together(
    loaded: Loaded, contact_type: str, contact_id: str, *, most: int, on_record: bool, of_case: bool
) -> pd.DataFrame:
    """Return the contacts that would interrupt most together: between the children of one contact, it among them, or in the case.

    `pairs` is how many pairs have a way now.
    """
    if of_case:
        network = harm_network(loaded, on_record=on_record)
        return best_set(network, most).assign(pairs=int(standing(network)["joined"]))
    part = around(loaded, contact_type, contact_id, on_record=on_record)
    if part is None:
        return pd.DataFrame()
    pairs = len(part.tied(part.node(contact_type, contact_id) or 0))
    return best_set(part, most, contact=(contact_type, contact_id)).assign(pairs=pairs * (pairs - 1) // 2)


@kept
def whole_case_measured(loaded: Loaded, *, on_record: bool) -> bool:
    """Say whether the network of the whole case is small enough to be measured."""
    return measurable(harm_network(loaded, on_record=on_record))


def condition(row: Mapping[str, Any]) -> str:
    """Return "If ... were made safe", worded for a place, a thing or a person, as plain text."""
    called = words.plain_name(row["called"])
    if row["contact_type"] == "person":
        return f"If {called} were kept away from these children"
    if row["contact_type"] == "thing":
        return f"If {called} could no longer be used to reach these children"
    return f"If {called} were made safe"


def answer(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Return in one or two sentences what a contact would interrupt, as plain text."""
    pairs, cut = int(found["pairs_reached"]), int(found["pairs_interrupted"])
    if pairs == 1:
        rest = (
            "nothing else on record would join the two children it joins"
            if cut
            else "the two children it joins would still be joined in other ways"
        )
        return f"{condition(row)}, {rest}."
    children = words.count(int(found["children_reached"]), "child", "children")
    interrupted = "none" if not cut else "all" if cut == pairs else words.number(cut)
    said = f"{condition(row)}, {interrupted} of the {words.number(pairs)} ways between these {children} would be interrupted"
    if cut == pairs:
        return f"{said}: nothing else on record joins any two of them."
    if not cut:
        return f"{said}: every two of them are joined in other ways as well."
    left = "pair is" if pairs - cut == 1 else f"{words.number(pairs - cut)} pairs are"
    return f"{said}. The other {left} joined in other ways as well."


def together_answer(found: pd.DataFrame, *, of_case: bool) -> str:
    """Return in one sentence what a set of contacts would interrupt together."""
    last = found.iloc[-1]
    who = "children in the case" if of_case else "these children"
    what = "This one alone" if len(found) == 1 else f"These {len(found)} together"
    return (
        f"{what} would interrupt {words.number(last['pairs_cut'])} of {words.number(last['pairs'])} "
        f"ways between {who}."
    )


def left_out(row: Mapping[str, Any], *, on_record: bool) -> str:
    """Return why nothing is worked out for a contact."""
    kind = row["contact_type"]
    if kind == "event":
        return "An event is past: nothing about it can be made safe. Choose the place where it was."
    if kind == "person":
        return "Only adults of concern are looked at here. No record names this person of concern, or a record calls them protective; nobody else is to be kept away from a child by a calculation."
    if row["contact_kind"] in PLACES_OF_CARE:
        return "Children live or are cared for here, and no record tells of harm here or of an adult of concern here. So it is not looked at as a place to be made safe."
    if on_record:
        return "No record tells of harm at this place, or of an adult of concern there. Turn the switch off to look at it all the same."
    return "Fewer than two children are known to have been at this place: being placed there, or missing from there, does not count here."


def section(loaded: Loaded, row: Mapping[str, Any], every: pd.DataFrame) -> None:
    """Show what one contact would interrupt, what would still join its children, and what would interrupt more together.

    Parameters
    ----------
    row : the chosen row of `answers.contact_table`.
    every : all of it, for what contacts are called.
    """
    frame.heading("If this context were made safe")
    identity = (row["contact_type"], str(row["contact_id"]))
    if effect(loaded, *identity, on_record=False) is None:
        frame.quiet(left_out(row, on_record=False))
        return
    said = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        on_record = st.toggle(
            "Only places where a record tells of harm or of an adult of concern",
            key="interruption_on_record",
            persist_state="session",
        )
        st.space("stretch")
        controls = st.container(horizontal=True, vertical_alignment="bottom", width="content")
    found = effect(loaded, *identity, on_record=on_record)
    with said:
        if found is None:
            frame.quiet(left_out(row, on_record=on_record))
            return
        st.html(
            f'<p class="cm-answer">{markup(answer(row, found))}</p><p class="cm-note">{markup(ADAPT)}</p>'
        )
    with controls:
        most, of_case = _choices(whole_case_measured(loaded, on_record=on_record))
    asked = (*identity, on_record)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        joined = called(remaining(loaded, *identity, on_record=on_record), every)
        tables.show(
            joined,
            key="interruption_remaining",
            title="What would still join them",
            columns={"called": "Contact", "is": "Is", "children": "Of these children"},
            what="contact",
            ids=joined["key"].tolist(),
            empty="Nothing else on record is tied to two or more of them.",
        )
    with right:
        _together(loaded, asked, every, most=most, of_case=of_case)


def _choices(case_measured: bool) -> tuple[int, bool]:
    """Show how many contexts are looked at together, and between whom; return both."""
    most = st.slider(
        "How many contexts together",
        1,
        MOST_TOGETHER,
        3,
        key="interruption_together",
        persist_state="session",
        width=210,
    )
    between = st.segmented_control(
        "Ways between",
        [OWN, CASE] if case_measured else [OWN],
        key="interruption_between",
        default=OWN,
        required=True,
        persist_state="session",
    )
    return most, between == CASE and case_measured


def _together(
    loaded: Loaded, asked: tuple[str, str, bool], every: pd.DataFrame, *, most: int, of_case: bool
) -> None:
    contact_type, contact_id, on_record = asked
    with st.spinner("Working out which contexts together would interrupt most"):
        found = together(loaded, contact_type, contact_id, most=most, on_record=on_record, of_case=of_case)
    shown = called(found, every)
    shown = shown.assign(share=(shown["pairs_cut"] / shown["pairs"].clip(lower=1) * 100).round())
    tables.show(
        shown,
        key="interruption_together",
        title=together_answer(found, of_case=of_case),
        columns={
            "called": "Contact",
            "is": "Is",
            "children_reached": "Children reached so far",
            "pairs_cut": "Interrupted so far",
            "share": "Of all (%)",
        },
    )


def called(found: pd.DataFrame, every: pd.DataFrame) -> pd.DataFrame:
    """Return contacts with `key`, `called` and `is`, as the table of shared contacts has them."""
    key = found["contact_type"].astype(str) + ":" + found["contact_id"].astype(str)
    names = every.set_index("key")[["called", "is"]]
    known = names.reindex(key)
    return found.assign(key=key, called=known["called"].to_numpy(), **{"is": known["is"].to_numpy()})


METHOD = (
    "<p><b>If this context were made safe.</b> A way between two children is a chain of up to "
    f"{WITHIN} contexts, each known to have reached the one child and the next: places where they were seen or found, phones, vehicles and accounts they "
    "used, adults of concern, and links between two children that a record calls harmful. Friendships, families, schools children go to, homes, "
    "placements and protective adults are not ways of harm and are left out. A way is interrupted when no other such chain joins the two.</p>"
    "<p>Two contexts that join the same children hide each other: neither interrupts anything alone. So look at several together. They are found by choosing "
    "one after another and then exchanging them for as long as that interrupts more (Borgatti 2006), a long way counting for less than a short one; it need not be "
    "the best set there is. "
    f"With more than {SHORTLIST} contexts only the {SHORTLIST} that matter most alone are tried, and where more than {MOST_CHILDREN:,} children are joined only the ways "
    "between the children of one contact are worked out.</p>"
    "<p>This says what records would look like without a context. It does not say that anybody would be safe, and no child is ever taken out: only places, things and "
    "adults of concern.</p>"
)
"""The fold on method, for the page that shows the section."""
