"""Import: a new copy of the case, what it would change, and records entered or corrected by hand."""

import streamlit as st

from app import data, desk, frame, import_page

IMPORT, ENTER, CORRECT = "A new copy of the case", "Enter by hand", "Correct or take out"

loaded = data.load(linked=False)
frame.title("Import", import_page.answer())
frame.said_once()
step = st.segmented_control(
    "What would you like to do?",
    [IMPORT, ENTER, CORRECT],
    default=IMPORT,
    required=True,
    key="import_step",
    persist_state="session",
)
desk.who()
if step == IMPORT and not import_page.may_import(loaded):
    frame.quiet(
        "Whoever imports a case sees every row of it, restricted ones too, so that is for analysts. You can enter and correct records."
    )
elif step == IMPORT:
    import_page.compare()
    import_page.history()
elif step == ENTER:
    import_page.enter(loaded)
    import_page.entered(loaded)
else:
    import_page.correct(loaded)
    import_page.entered(loaded)
with frame.method():
    import_page.method()
