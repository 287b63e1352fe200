"""Dashboard: the tables of the published reports, for a period and the one before."""

import streamlit as st

from app import dashboard_help, dashboard_page, data, frame, publication, words

loaded = data.load(linked=False)
top = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    period = dashboard_page.choose_period(loaded)
    public = st.toggle(
        "For publication",
        key="dashboard_public",
        persist_state="session",
        help="Shows and downloads every table with counts of 1 to 5 hidden, and others that would give them away.",
    )
if period is None:
    frame.title("Dashboard", "Choose the first and the last day of the period.", place=top)
    st.stop()
with st.spinner("Counting", show_time=False):
    found = dashboard_page.found(loaded, period.since, period.until)
shown = dashboard_page.published(loaded, period.since, period.until) if public else found.tables
frame.title("Dashboard", dashboard_page.said(found, public=public), place=top)
section = st.segmented_control(
    "Part of the dashboard",
    list(dashboard_help.SECTIONS),
    default="Summary",
    key="dashboard_section",
    persist_state="session",
    required=True,
    label_visibility="collapsed",
)
frame.quiet(dashboard_page.beside(found, (*found.notes, *(publication.notes(shown) if public else ()))))

sides = dashboard_help.SECTIONS[str(section)]
for place, names in zip(st.columns(len(sides), gap="large"), sides, strict=True):
    with place:
        for name in names:
            dashboard_page.show(name, shown, public=public)
with frame.method():
    st.html(words.method_html(dashboard_help.METHOD, (*dashboard_help.LIMITS, *publication.LIMITS)))
    frame.heading("Whole tables")
    with st.container(horizontal=True):
        for name in dashboard_help.ABOUT:
            dashboard_page.download_all(shown, name, public=public)
