"""Problem profile: the document as it will print, and beside it what is asked, its sections and words."""

import streamlit as st

from app import data, desk, frame, profile_page, words

loaded = data.load()
top = st.empty()
frame.title("Problem profile", "The document is being drawn up from the records.", place=top)
try:
    saved = profile_page.choose(loaded)
    asked = saved.profile.asked.figures
    with st.spinner("Drawing up the document from the records"):
        scope = profile_page.scope_of(loaded, asked)
        sections = profile_page.sections_of(loaded, asked)
except (ValueError, OSError) as error:
    frame.title("Problem profile", "The problem profile cannot be drawn up.", place=top)
    frame.trouble(str(error), heading="What is missing:")
    st.stop()
frame.title("Problem profile", profile_page.answer(saved.profile, sections), place=top)
paper = profile_page.build_paper(saved, scope, sections)

document, panel = frame.picture_and_panel()
with document:
    profile_page.show_document(paper)
with panel:
    desk.who()
    # What is said once is in one place with what is always there: tabs that move go back to the first of them.
    with st.container():
        frame.said_once()
        profile_page.show_downloads(saved, paper, scope, case=loaded.question.name)
        if saved.entry is None:
            frame.quiet(
                "This is a preview of everything on record. Say what is asked and begin; then sections, words and recommendations can be kept."
            )
    asked_tab, section_tab, word_tab, recommend_tab = st.tabs(
        ["What is asked", "Sections", "Words", "Recommendations"]
    )
    with asked_tab:
        profile_page.show_asked(saved, loaded)
    with section_tab:
        profile_page.show_sections(saved, sections)
    with word_tab:
        profile_page.show_words(saved, sections)
    with recommend_tab:
        profile_page.show_recommendations(saved, loaded)

with frame.method():
    st.html(words.method_html(profile_page.METHOD, profile_page.LIMITS))
