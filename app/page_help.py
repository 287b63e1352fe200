"""Say of the figures at the top of each page what they mean, how they were got and what they cannot tell."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.text import markup


@dataclass(frozen=True)
class Help:
    """What stands behind the figures of one page."""

    means: str
    how: str
    cannot: str


HELP = {
    "Today": Help(
        "Children whose last missing episode has no return; return interviews not yet held, within 72 hours of the return or past them; and what was learnt since the day chosen.",
        "Counted from the missing episodes and referrals on record by the end of the as-of day. A change is dated by when its source was recorded, not by when it happened.",
        "Who is missing and was never reported, and whether an interview was held and not written down.",
    ),
    "Daily meeting": Help(
        "Everything that is new since the last meeting closed, and what is still open: missing children, interviews, actions.",
        "What is known now is compared with what the last meeting had before it when it was closed. The first meeting compares with the day you choose.",
        "What nobody has recorded. Ask round the table who else has been missing, seen or spoken to.",
    ),
    "Peer map": Help(
        "Who and what is linked to one child. Each line is something somebody stated, or a place, event or thing that both were at or used.",
        "Every link comes from rows of the case, or from what you added; choose it to read them. Thicker is more items, faded is older.",
        "How close two people are, whether a link is good or bad for the child, and who is missing because nobody wrote it down. A place on the map is not proof.",
    ),
    "Groups": Help(
        "A group is three or more children and young people under 26 who are linked more closely with each other than with others.",
        "The links on record, weighted by how many sources and how recent, are divided by the Leiden method. How sure a group is comes from drawing the reports anew 100 times.",
        "That the children call themselves a group, or that anyone in it has done harm. Leave some reports out and borders move; the page says how much.",
    ),
    "Shared contacts": Help(
        "An adult, phone, vehicle, account, place or event that two or more children have in common; how many children, and how many groups it joins.",
        "Counted from the links and rows on record with the grades chosen. “Not otherwise linked” means that nothing else on record ties these children.",
        "Why they have it in common. Many children pass through a school or a shopping centre for good reasons.",
    ),
    "Contexts": Help(
        "Groups, places, schools, online spaces and things for which somebody opened a case, and which of these are due to be looked at again.",
        "Everything here was entered by somebody in this team; each change is kept with who made it and when.",
        "Whether the place has become safer: the outcomes are what people saw, on the days on which they looked.",
    ),
    "Operations": Help(
        "Adults, things and places around which several children were harmed, put together as candidates to look at.",
        "Worked out from links of harm, shared phones and accounts, and incidents on record; each candidate opens to its rows.",
        "That anything happened as it looks. A candidate is a question for people, not a finding.",
    ),
    "Connect": Help(
        "The shortest ways in which records lead from one person, place or thing to another.",
        "Step by step through rows of the case; each step shows the weakest grade it rests on.",
        "That two people know each other. In a town most people are a few steps apart, and the page says how usual the distance is.",
    ),
    "Wards": Help(
        "Children, episodes or incidents of each ward; as rates, out of the children who live there.",
        "Counted by where a child lives or was missing from, or where an incident was. The interval is where the figure could lie by chance alone.",
        "What was never reported. A ward with a children's home has more reports because of who was placed there and because homes report.",
    ),
    "Hotspots": Help(
        "Areas that, with their neighbours, have more than their share.",
        "Rates steadied by their neighbours and compared with what chance alone would give; the fold at the end names the tests.",
        "Why, and what goes unreported. A hotspot is where to look, not whom to look at.",
    ),
    "When": Help(
        "The hours, days and months on which it happens, beside the two years before.",
        "Counted from the times on record; one known only as between two times is spread over them.",
        "Whether more happens or more is written down at those hours.",
    ),
    "Placements": Help(
        "What part of the episodes in a place is of children placed there by other authorities.",
        "From the placement a child was in when it happened, by the placing authority on record.",
        "Whether a home is good or bad: who is placed where was decided elsewhere.",
    ),
    "Gaps": Help(
        "Children referred for each child that was to be expected, by group of children, ward or school.",
        "Compared with the children in the records, or of the census, of the same age and sex.",
        "Why a group is seen less. Too few reports may be a safe group, or one that nobody asks.",
    ),
    "Deprivation": Help(
        "Whether the more deprived wards have more than their share.",
        "Wards are put in order by the Index of Multiple Deprivation and their shares added up.",
        "Anything about a single child or family. A ward is not its people.",
    ),
    "Across boundaries": Help(
        "Children who live in one authority and are missing, seen or harmed in another.",
        "Counted from where a child lives, or is placed, to where it happened.",
        "What other forces and authorities know and have not shared.",
    ),
    "Week of action": Help(
        "How many of the past records of concern the visits would have been near, at that hour of the week.",
        "Chosen by a solver within the teams and hours you give; compared with the best possible, with one after the other, and with chance.",
        "Whom a visit will meet. What was recorded there before may be elsewhere by then.",
    ),
    "Problem profile": Help(
        "A document on one question, area and period, with its figures beside those of earlier periods.",
        "Drawn up from the records each time; generated text is a draft until somebody has read it.",
        "What is not on record. The section on gaps says whom to ask.",
    ),
    "Dashboard": Help(
        "The figures of the published reports, for the period chosen.",
        "Counts of the case's own rows. Beside each table “What is this?” says more.",
        "How much harm there was. These are figures of what was noticed and written down.",
    ),
    "Import": Help(
        "How many rows of a new copy are new, changed, the same or gone, before anything is imported.",
        "Rows are known again by their id, or by who, what and when they name.",
        "Whether a row that is gone was wrong or was lost on the way. Ask whoever sent it.",
    ),
    "Duplicates": Help(
        "Pairs of records that may be of one person. A weight speaks for one person where it is above nought.",
        "Names, dates of birth, postcodes and sex are compared; rare agreements weigh more (Fellegi and Sunter, 1969).",
        "That they are one person. The machine suggests, a person decides, and a decision can be taken back.",
    ),
}


def show(page: str) -> None:
    """Draw the button that opens the help on the figures of a page; nothing where there is none."""
    found = HELP.get(page)
    if found is None:
        return
    with st.popover("What do the figures mean?", icon=":material/help:"):
        for title, said in (
            ("What they mean", found.means),
            ("How they were got", found.how),
            ("What they cannot tell you", found.cannot),
        ):
            st.html(f"<p><b>{title}.</b> {markup(said)}</p>")
