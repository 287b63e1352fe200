"""Start the app: markings, navigation, who sees what, and then the page itself."""

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import FragmentHandledException

from app import data, frame, log, page_help, state, tour
from mapping.access import ROLES

st.set_page_config(
    page_title="Contextmap",
    page_icon=str(Path(__file__).parent / "assets" / "icon.png"),
    layout="wide",
    initial_sidebar_state="collapsed",
)
state.start()


def places(*, first: bool) -> list[Any]:
    """Return the pages about places; the first of them opens where there are no others."""
    return [
        st.Page("views/wards.py", title="Wards", icon=":material/map:", default=first),
        st.Page("views/hotspots.py", title="Hotspots", icon=":material/layers:"),
        st.Page("views/when.py", title="When", icon=":material/schedule:"),
        st.Page("views/placements.py", title="Placements", icon=":material/night_shelter:"),
        st.Page("views/gaps.py", title="Gaps", icon=":material/visibility_off:"),
        st.Page("views/deprivation.py", title="Deprivation", icon=":material/stacked_line_chart:"),
        st.Page("views/boundaries.py", title="Across boundaries", icon=":material/swap_horiz:"),
        st.Page("views/week_of_action.py", title="Week of action", icon=":material/event_note:"),
    ]


PAGES = {
    "": [
        st.Page("views/today.py", title="Today", icon=":material/today:", default=True),
        st.Page("views/meeting.py", title="Daily meeting", icon=":material/groups:"),
    ],
    "People": [
        st.Page("views/peer_map.py", title="Peer map", icon=":material/person_search:"),
        st.Page("views/groups.py", title="Groups", icon=":material/group:"),
        st.Page("views/shared_contacts.py", title="Shared contacts", icon=":material/share:"),
        st.Page("views/contexts.py", title="Contexts", icon=":material/scene:"),
        st.Page("views/operations.py", title="Operations", icon=":material/hub:"),
        st.Page("views/connect.py", title="Connect", icon=":material/conversion_path:"),
    ],
    "Places": places(first=False),
    "Reports": [
        st.Page("views/problem_profile.py", title="Problem profile", icon=":material/article:"),
        st.Page("views/dashboard.py", title="Dashboard", icon=":material/table_chart:"),
    ],
    "Data": [
        st.Page("views/import_case.py", title="Import", icon=":material/input:"),
        st.Page("views/duplicates.py", title="Duplicates", icon=":material/people:"),
    ],
}
# Who may not see people gets the pages without people, and only those.
shown = PAGES if ROLES[state.role()].sees_people else {"": places(first=True)}

# While a page changes decisions or records, the network stays as it was when the page was opened.
HELD = {"Duplicates": ("identities",), "Peer map": ("additions",), "Import": ("additions",)}

page = st.navigation(shown, position="top")
state.hold(*HELD.get(page.title, ()))
if wanted := state.next_page():
    st.switch_page(f"views/{wanted}.py")
frame.markings()
try:
    case = data.case_name()
except (OSError, ValueError) as error:  # a store that does not open: no key, or no answer of its server
    frame.trouble(log.said(error))
    state.keep_typed()
    st.stop()
demo = data.is_demo() and ROLES[state.role()].sees_people
place = frame.line(case, beside=lambda: (tour.again(demo=demo), page_help.show(page.title)))
frame.say_line(place, case=case, as_of=state.as_of())
try:
    loaded = data.load(linked=False)
except data.NotLoadedError as error:
    frame.trouble(str(error))
    state.keep_typed()
    st.stop()
frame.say_line(place, case=case, as_of=loaded.analysis.as_of, withheld=data.withheld(loaded))
state.set_work_day(data.last_day(loaded))
tour.show(page.title, demo=demo)
state.put_back_typed()
try:
    page.run()
except data.NotLoadedError as error:
    frame.trouble(str(error))
    state.keep_typed()
except FragmentHandledException:
    raise
except Exception as error:
    frame.failed(page.title, error)
    if isinstance(error, OSError):  # the store, not what was chosen: that may be what the page fails of
        state.keep_typed()
    raise
