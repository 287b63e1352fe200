"""Draw the dashboard: which period, which part, each table with its help and its download."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from app import dashboard, dashboard_help, figures, frame, gaps, publication, tables, words
from app.dashboard import Dashboard
from app.dashboard_help import ABOUT, DIMENSIONS
from app.data import Loaded, kept
from app.text import markup
from mapping.periods import Period, months_to, year_of
from mapping.shares import TOTAL

OWN = "Other dates"
MOST_YEARS = 5
MOST_ROWS = 19
"""Rows of a table that stand on the page without scrolling: the key figures do."""
HELD_BACK = "As it may be published: counts of 1 to 5 are shown as c, and as many others as keep them from being worked back; z stands where a figure does not apply, and : where it is not known."


@kept
def found(loaded: Loaded, since: date, until: date) -> Dashboard:
    """Build the dashboard of a period."""
    return dashboard.build_dashboard(loaded.analysis, loaded.work.reading.places, since=since, until=until)


@kept
def published(loaded: Loaded, since: date, until: date) -> dict[str, pd.DataFrame]:
    """Make the tables of a period fit for a wider audience."""
    return publication.publishable(found(loaded, since, until))


@kept
def first_day(loaded: Loaded) -> date | None:
    """Return the first day a referral or a missing episode is dated."""
    asked = "SELECT least((SELECT min(received_on) FROM {referrals}), (SELECT CAST(min(reported_at) AS DATE) FROM {missing}))"
    found: date | None = loaded.analysis.records.execute(asked)[0][0]
    return found


def periods(as_of: date, first: date | None) -> dict[str, Period]:
    """Return the periods that the page offers, the one to open with first."""
    offered = {}
    last = year_of(as_of) if year_of(as_of).until == as_of else year_of(as_of).before()
    if last.until != as_of:
        offered["Last 12 months"] = months_to(as_of, 12)
    while len(offered) < MOST_YEARS and first is not None and last.until >= first:
        offered[f"{last.since.year}/{last.until.year % 100:02}"] = last
        last = last.before()
    return {**offered, "Last 12 months": months_to(as_of, 12), "Last 3 months": months_to(as_of, 3)}


def choose_period(loaded: Loaded) -> Period | None:
    """Show what period is looked at; None while the dates are not both there."""
    offered = periods(loaded.day, first_day(loaded))
    name = st.selectbox(
        "Period",
        [*offered, OWN],
        key="dashboard_period",
        persist_state="session",
        width=220,
        help="A year is 1 April to 31 March. Each period is compared with the one before it, as many months long.",
    )
    if name in offered:
        return offered[name]
    year = months_to(loaded.day, 12)
    given = st.date_input(
        "From and to",
        value=(year.since, year.until),
        max_value=loaded.day,
        key="dashboard_dates",
        format="DD/MM/YYYY",
        width=260,
    )
    return Period(*given) if isinstance(given, tuple) and len(given) == 2 else None


def show(name: str, shown: Mapping[str, pd.DataFrame], *, public: bool) -> None:
    """Show one table: its heading with help, the switch of what it is divided by, the rows and the download."""
    about, table = ABOUT[name], shown[name]
    with st.container(horizontal=True, vertical_alignment="center"):
        frame.heading(about.title)
        with st.popover(
            "What is this?", icon=":material/help:", type="tertiary", key=f"dashboard_help_{name}"
        ):
            st.html("".join(f"<p><b>{markup(what)}.</b> {markup(text)}</p>" for what, text in about.help))
    by = "measure" if name == "missing_months" else "dimension"
    part = _divided(name, table, by)
    if part is not None:
        table = table[table[by] == part]
    if name == "missing_months":
        draw_months(table, part or "episodes")
    columns = _columns(name, table, part, public=public)
    listed = rows(name, table)
    tables.show(
        listed,
        key=f"dashboard_{name}{'_public' if public else ''}",
        title=_title(name, part),
        columns=columns,
        empty="Nothing of this kind is on record, or the files it needs are not there. The notes above say what is missing.",
        height=36 * (min(len(listed), MOST_ROWS) + 1) + 2,
    )


def draw_months(table: pd.DataFrame, part: str) -> None:
    """Draw the months against the two years before."""
    drawn = table.assign(
        **{name: pd.to_numeric(table[name], errors="coerce") for name in dashboard.MONTHS[:3]}
    )
    if drawn.empty or drawn["observed"].isna().all():
        frame.quiet("There is no whole month in this period to draw.")
        return
    counted = DIMENSIONS["missing_months"][part]
    st.altair_chart(
        figures.months(drawn, counted=counted),
        width="stretch",
        alt=f"{counted} of each month as bars, with points for the same month of the two years before; the table below has the same numbers",
    )


def rows(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table as the page lists them: figures in words, numbers rounded."""
    if "figure" in table and "label" not in table:
        table = table.assign(said=table["figure"].map(dashboard_help.FIGURES))
    if name == "outcomes":
        table = table[table["group_code"] != TOTAL]
        table = table.assign(said=table["dimension"].map(dashboard_help.OUTCOMES))
    if "finding" in table:
        table = table.assign(finding=gaps.in_words(table))
    rounded = {
        column: table[column].astype("Float64").astype(float).round(2)
        for column in table
        if pd.api.types.is_float_dtype(table[column])
    }
    if name == "missing_months":
        table = table.assign(month=[f"{pd.Period(month):%B %Y}" for month in table["month"]])
    return table.assign(**rounded)


def _divided(name: str, table: pd.DataFrame, by: str) -> str | None:
    """Show the switch of what a table is divided by; None where it is not."""
    offered = {
        code: label
        for code, label in DIMENSIONS.get(name, {}).items()
        if by in table and code in set(table[by])
    }
    if not offered:
        return None
    chosen = st.segmented_control(
        f"{ABOUT[name].title}, by",
        list(offered),
        format_func=offered.__getitem__,
        default=next(iter(offered)),
        key=f"dashboard_by_{name}",
        persist_state="session",
        required=True,
        label_visibility="collapsed",
    )
    return str(chosen if chosen in offered else next(iter(offered)))


def _columns(name: str, table: pd.DataFrame, part: str | None, *, public: bool) -> dict[str, str]:
    wanted = dict(
        dashboard_help.PUBLISHED_COLUMNS.get(name, ABOUT[name].columns) if public else ABOUT[name].columns
    )
    if wanted.get("group") == "":
        wanted["group"] = DIMENSIONS[name].get(str(part), "Group")
    there = {*table.columns, "said"}
    return {column: heading for column, heading in wanted.items() if column in there}


def _title(name: str, part: str | None) -> str:
    return DIMENSIONS.get(name, {}).get(str(part), "Beside the period before")


def said(found: Dashboard, *, public: bool) -> str:
    """Return the sentence that answers the page."""
    between = words.span(found.period.since, found.period.until)
    return f"{between}. {HELD_BACK}" if public else dashboard.answer(found)


def beside(found: Dashboard, notes: Iterable[str]) -> str:
    """Return what the period is compared with, and what else has to be said before a figure is read."""
    return " ".join([f"Before: {words.span(found.before.since, found.before.until)}.", *notes])


def download_all(given: Any, name: str, *, public: bool) -> None:
    """Offer the whole of one table, every part of it."""
    end = "_public" if public else ""
    tables.download(
        lambda shown: shown[name], given, key=f"dashboard_whole_{name}{end}", title=ABOUT[name].title
    )
