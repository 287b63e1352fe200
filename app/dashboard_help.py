"""Say of each table of the dashboard what it means, how it was got and what it cannot tell you."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class About:
    """What the page says of one table.

    Attributes
    ----------
    title : said above the table.
    means, how, cannot : the help beside it.
    columns : column of the table to its heading.
    """

    title: str
    means: str
    how: str
    cannot: str
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def help(self) -> tuple[tuple[str, str], ...]:
        """The three sentences, each with what it is about."""
        return (
            ("What it means", self.means),
            ("How it was got", self.how),
            ("What it cannot tell you", self.cannot),
        )


def _shares(group: str, count: str) -> dict[str, str]:
    return {
        "group": group,
        "count": count,
        "percent": "Share, %",
        "count_before": "Before",
        "percent_before": "Before, %",
    }


ABOUT: Mapping[str, About] = {
    "key_figures": About(
        "Key figures",
        "What a hub's yearly report begins with, beside the period before.",
        "Each figure is a count from one of the other tables, and the number it is a share of. Children open are those at the "
        "end of the last day; their age is that of that day. Shares of closures are of all closures, those without an answer included.",
        "Why a number changed. More referrals can be more harm, more notice, or a change in who refers. What families said of "
        "the service is not here: the records have no field for it.",
        {
            "label": "Figure",
            "count": "Count",
            "of": "Of",
            "percent": "Share, %",
            "count_before": "Before",
            "percent_before": "Before, %",
        },
    ),
    "referrals": About(
        "Referrals received",
        "Every referral received in the period, whatever was decided of it.",
        "By the day received. A child referred twice counts twice here. Age is that of the day received; sex and ethnic group "
        "are those on the child's record now.",
        "How many children come to harm. One concern is recorded for each referral, so a child harmed in several ways shows "
        "under one of them.",
        _shares("", "Referrals"),
    ),
    "caseload": About(
        "Opened, closed and open",
        "How the caseload moved: those open before and those opened together are those closed and those still open.",
        "A referral is open from opened_on until closed_on; one closed on a day is no longer open at the end of it. Where only "
        "the closure is recorded it counts as opened on the day it was received.",
        "How much work there is: one child may need ten times what another does.",
        {
            "said": "Referrals",
            "count": "Count",
            "children": "Children",
            "count_before": "Before",
            "children_before": "Children, before",
        },
    ),
    "reopened": About(
        "Open before, and re-opened within six months",
        "How many children came back, and how soon.",
        "Re-opened: an earlier referral of the same child was closed on the day this one opened or no more than six months "
        "before it. Where there were several, the latest closure counts.",
        "Whether closing was right. Coming back can mean that a child knew where to turn. Closures from before the records "
        "begin are not known, so early periods show too few.",
        _shares("Had the child been open before?", "Count"),
    ),
    "open_children": About(
        "Children open at the end of the period",
        "Who the hub was working with on the last day.",
        "Each child once, by the referral opened last. Age is that of the last day; plan, EHCP, sex and ethnic group are those "
        "on record now, for the period before as well.",
        "Who should be open. Compare with Gaps, which shows where referrals are not coming from.",
        _shares("", "Children"),
    ),
    "outcomes": About(
        "What had changed at closure",
        "For referrals closed in the period: whether the child was back in education, employment or training, in stable "
        "accommodation, had at least one positive relationship, and had fewer missing episodes.",
        "What the worker recorded at closure. Those without an answer are shown and are part of the whole.",
        "What the work achieved: there is nobody to compare with, and a worker judged their own case.",
        {"said": "At closure", **_shares("Answer", "Closures")},
    ),
    "missing": About(
        "Missing reports and children",
        "Reports and children, always both: a few children stand behind most reports.",
        "Episodes reported in the period of children under 18 that day, or of unknown age. A child counts once, by how often "
        "they were missing in the period.",
        "Where a child was, or why they left. Reports depend on who notices and who calls.",
        {
            "group": "Missing in the period",
            "children": "Children",
            "count": "Reports",
            "percent": "Share of reports, %",
            "children_before": "Children, before",
            "count_before": "Reports, before",
        },
    ),
    "missing_months": About(
        "Each month against the two years before",
        "Whether a month is more than usual for the time of year.",
        "Usual is what the days of this month would have had at the rate of the same month of the two years before; the "
        "interval is exact (95%), and that of reports is wider for runs of the same child. A child counts once a month.",
        "Whether a month is truly different: one child's run of reports can make it so. Read the children beside the reports.",
        {
            "month": "Month",
            "observed": "This period",
            "year_before": "Year before",
            "two_years_before": "Two years before",
            "ratio": "Of usual",
            "ratio_low": "From",
            "ratio_high": "To",
        },
    ),
    "interviews": About(
        "Return interviews",
        "How far each report got: was an interview offered, accepted, held, and within 72 hours of the return.",
        "The 72 hours run from the moment the child was found to the interview. The share within 72 hours is of interviews "
        "held; below it the same of interviews accepted. Each share says what it is of.",
        "Whether an interview was any good, or came at the right time for the child: a delay can be purposeful, and its reason "
        "is kept with the episode.",
        {
            "said": "Interviews",
            "count": "Count",
            "of": "Of",
            "percent": "Share, %",
            "count_before": "Before",
            "percent_before": "Before, %",
        },
    ),
    "placed": About(
        "Children placed here by other authorities",
        "How much of what is counted here is of children whom other authorities have placed here.",
        "By the placement on the day of the report or referral, and the authority that made it. A report belongs to the place "
        "the child was missing from.",
        "Who is responsible for the child now, or whether other authorities were told.",
        _shares("", "Count"),
    ),
    "wards": About(
        "Wards",
        "Where children live who were referred or are open, and where children went missing from.",
        "A referral belongs to the ward the child lived in that day, an open child to the ward of their home, a report to the "
        "ward of the place the child was missing from. Rates are for 1,000 aged 10 to 17 who live there, with exact 95% intervals.",
        "Where harm happens. A ward with children's homes has the reports of children from elsewhere; Hotspots shows wards "
        "without them.",
        {
            "area_name": "Ward",
            "imd_decile": "Decile",
            "population": "Aged 10 to 17",
            "referrals": "Referrals",
            "children_open": "Open",
            "missing_episodes": "Missing reports",
            "children_missing": "Children missing",
            "missing_rate": "Children missing per 1,000",
            "missing_rate_low": "From",
            "missing_rate_high": "To",
            "referrals_before": "Referrals, before",
            "missing_episodes_before": "Reports, before",
        },
    ),
    "deciles": About(
        "Deciles of deprivation",
        "Which tenth of areas, from the most deprived in England, children's homes are in, beside all children who live here.",
        "The decile of the small area (LSOA) of each child's home. Shares are of children whose decile is known. The ratio "
        "divides the share by that of all children aged 10 to 17, with its exact 95% interval.",
        "Anything about a child or a family: deprivation describes areas.",
        {
            "group": "Decile",
            "count": "Children",
            "percent": "Share, %",
            "population_percent": "Of all children, %",
            "ratio": "Share / share of all",
            "ratio_low": "From",
            "ratio_high": "To",
            "count_before": "Before",
            "percent_before": "Before, %",
        },
    ),
    "disproportionality": About(
        "Children referred against those expected",
        "Which groups are referred more or less than their number of children leads one to expect.",
        "For wards against all children aged 10 to 17 who live there; for sex and ethnic group against the children in the "
        "records, of the same age and sex, since no population by sex and ethnic group is read. Intervals are exact (95%), one "
        "group at a time; a finding allows for how many groups are compared.",
        "Why. Fewer can mean less harm, or harm that nobody saw; more can mean more harm, or more eyes. A group that nobody "
        "records is missing from both sides.",
        {
            "group": "",
            "children": "Children",
            "children_referred": "Referred",
            "expected": "Expected",
            "ratio": "Referred / expected",
            "ratio_low": "From",
            "ratio_high": "To",
            "finding": "Finding",
            "children_referred_before": "Referred, before",
            "ratio_before": "Ratio, before",
        },
    ),
}

PUBLISHED_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "missing": {
        "group": "Missing in the period",
        "count": "Children (last row: reports)",
        "percent": "Share, %",
        "count_before": "Before",
        "percent_before": "Before, %",
    },
}
"""Headings where a table for a wider audience is built otherwise."""

DIMENSIONS: Mapping[str, Mapping[str, str]] = {
    "referrals": {
        "concern": "Concern",
        "source": "Who referred",
        "sex": "Sex",
        "age": "Age",
        "ethnicity": "Ethnicity",
    },
    "open_children": {
        "age": "Age",
        "sex": "Sex",
        "ethnicity": "Ethnicity",
        "concern": "Concern",
        "plan": "Plan",
        "ehcp": "EHCP",
        "open for": "Open for",
        "times missing in the period": "Missing",
    },
    "reopened": {"open at the end": "Open at the end", "opened in the period": "Opened in the period"},
    "placed": {"missing episodes": "Missing reports", "referrals": "Referrals"},
    "missing_months": {"episodes": "Reports", "children": "Children"},
    "deciles": {
        "children referred": "Referred",
        "children open at the end": "Open",
        "children closed": "Closed",
        "children missing": "Missing",
    },
    "disproportionality": {
        "sex and background": "Sex and background",
        "sex": "Sex",
        "ethnicity": "Ethnicity",
        "sex and ethnicity": "Sex and ethnicity",
        "ward": "Ward",
    },
}
"""What each table is divided by, as its switch says it."""

OUTCOMES: Mapping[str, str] = {
    "re_engaged_education": "In education, employment or training",
    "stable_accommodation": "In stable accommodation",
    "positive_relationship": "A positive relationship",
    "fewer_missing": "Fewer missing episodes",
}
"""What each outcome at closure is called."""

FIGURES: Mapping[str, str] = {
    "received": "received in the period",
    "open_at_start": "open when it began",
    "opened": "opened in it",
    "closed": "closed in it",
    "open_at_end": "open when it ended",
    "returned": "the child has returned",
    "offered": "interview offered",
    "accepted": "interview accepted",
    "held": "interview held",
    "held_of_accepted": "held, of those accepted",
    "within_72_hours": "held within 72 hours, of those held",
    "within_72_hours_of_accepted": "held within 72 hours, of those accepted",
}
"""What the figures of `caseload` and `interviews` are called."""

SECTIONS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Summary": (("key_figures",), ("missing_months",)),
    "Referrals": (("referrals",), ("caseload", "reopened")),
    "Open and closed": (("open_children",), ("outcomes",)),
    "Missing": (("missing_months",), ("missing", "interviews", "placed")),
    "Wards and deciles": (("wards", "deciles"),),
    "Disproportionality": (("disproportionality",),),
}
"""The parts of the page, and the tables in each of its columns."""

METHOD = (
    "Every figure counts records by their own dates: received, opened, closed, reported, returned. The period before ends "
    "the day before this one begins and is as many months long. Nothing that is not recorded is left out: it has a row of its own."
)
LIMITS = (
    "Numbers count what agencies record. A change can be in the harm, in who looks, or in how it is written down.",
    "Reports and children are different things. Shares of reports are mostly about the children with many.",
    "A comparison with one earlier period is not a trend. Months are set against the two years before because of the seasons.",
    "What is on a child's record now (plan, EHCP, sex, ethnic group, home) stands for earlier days as well.",
    "Families' feedback is part of published reports and not of the records, so it is not here.",
    "For a wider audience counts of 1 to 5, and others that would give them away, are shown as c.",
)
