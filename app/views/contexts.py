"""Contexts: groups, places, schools, online spaces and things that have a case of their own."""

import streamlit as st

from app import context_page, data, frame, state

loaded = data.load()
cases = context_page.held(loaded)
frame.title("Contexts", context_page.answer(cases, loaded.day))
frame.said_once()
chosen = state.known_choice("context", [entry.entry_id for entry, _ in cases])
left, right = frame.picture_and_panel()
if chosen is None:
    context_page.forget_seen()
    with left:
        frame.heading("Open a case")
        context_page.open_case(loaded)
    with right:
        frame.heading("What a case of a context is")
        frame.quiet(
            "The group, the place, the school, the online space is what is assessed and made safe; children are linked to it. Choose a case below to read or change it."
        )
else:
    entry, case = next(each for each in cases if each[0].entry_id == chosen)
    with left:
        st.button(
            "Back to opening a case",
            key="context_back",
            type="tertiary",
            icon=":material/arrow_back:",
            on_click=state.choose,
            args=("context", None),
        )
        context_page.read(loaded, entry, case)
    with right:
        context_page.beside(loaded, entry, case)
context_page.listed(loaded, cases)
with frame.method():
    context_page.method()
