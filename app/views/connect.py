"""Connect: how two people, places or things are connected, step by step, and what each step rests on."""

import streamlit as st

from app import connections, data, frame, network, state, tables, ways
from mapping.paths import LENGTH, LONGEST
from mapping.steps import THROUGH

loaded = data.load()
top = st.container()
label = ways.choices(loaded, state.names_shown())
with st.container(horizontal=True, vertical_alignment="bottom"):
    for end, title in (("connect_one", "From"), ("connect_other", "To")):
        state.find(end, title, label.index, label, typed="initials", empty="Nobody and nothing chosen")
one, other = (state.known_choice(end, label.index) for end in ("connect_one", "connect_other"))
if one is None or other is None or one == other:
    frame.title("Connect", ways.empty_answer(one, other, len(label)), place=top)
    frame.quiet(
        "A path goes from one to the other by rows of the case: somebody used a phone, was seen at a place, took part in an event, or was stated to know somebody."
    )
    opened = [
        key for child in state.recent_children() if (key := f"person:{child}") in label.index and key != one
    ]
    if opened:
        frame.heading("Children opened last")
        with st.container(horizontal=True):
            for key in opened:
                st.button(
                    label[key],
                    key=f"connect_{key}",
                    on_click=state.choose,
                    args=("connect_one" if one is None else "connect_other", key),
                )
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    mode = st.segmented_control(
        "Paths",
        list(ways.MODES),
        key="connect_mode",
        on_change=state.choose,
        args=("step", None),
        default="shortest",
        required=True,
        persist_state="session",
        format_func=ways.MODES.__getitem__,
    )
    length = LENGTH
    if mode == "all":
        length = st.segmented_control(
            "Steps at most",
            list(range(2, LONGEST + 1)),
            key="connect_length",
            default=LENGTH,
            required=True,
            persist_state="session",
        )
    through = tuple(
        st.pills(
            "May pass through",
            list(ways.THROUGH),
            selection_mode="multi",
            key="connect_through",
            default=list(THROUGH),
            persist_state="session",
            format_func=ways.THROUGH.__getitem__,
            help="Busy places are places, things and events that more than 50 people are tied to. Left out, they and schools can still be an end.",
        )
    )
grades, timed = state.grades(), mode == "time"
called = ways.called(loaded, state.names_shown())
lengths = ways.lengths(loaded, one, other, through)
shortest = ways.found(loaded, "shortest", one, other, through, grades, LENGTH)
found = ways.found(loaded, mode, one, other, through, grades, length)


def noun(kind: str, identity: str) -> str:
    return ways.noun(loaded, kind, identity)


graph = ways.steps(loaded)
passing = connections.through_words(shortest.table[shortest.table["path"] == 1], noun)
names = [called(*end[:2]) for end in (shortest.one, shortest.other)]
said = connections.answer(*names, lengths, grades, shortest, passing)
if timed:
    said += " " + connections.time_sentence(found, LONGEST, graph.undated[grades])
frame.title("Connect", said, place=top)
frame.lines(
    [
        ways.facts_html(
            graph,
            lengths,
            through,
            ways.lengths(loaded, one, other, tuple(ways.THROUGH))[grades],
            grades,
            ways.usual(loaded, grades),
        )
    ]
)

rows = ways.keyed(found.table)
chosen = state.known_choice("step", rows["id"])
picture, panel = frame.picture_and_panel()
with picture:
    if found.listed:
        drawn = found.table[found.table["path"] <= ways.MOST_DRAWN]
        nodes, edges = ways.picture(loaded, drawn, one, other)
        network.chart(
            nodes,
            edges,
            what="step",
            chosen=chosen,
            key=f"connect_{mode}{length}_{grades}_{''.join(through)}_{one}_{other}",
            height=460,
        )
        st.html(network.legend(nodes, edges, loaded))
        network.send_on(loaded, nodes, edges, title="How two are connected", key="connect")
        if found.listed > ways.MOST_DRAWN:
            frame.quiet(
                f"The picture shows the first {ways.MOST_DRAWN} paths; the table holds all that were found."
            )
    else:
        frame.quiet(
            "There is no path to draw. Let paths pass through more above, or choose a wider band of grades."
        )
with panel:
    if chosen is not None:
        st.button(
            "Back to the paths",
            key="close_step",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=state.choose,
            args=("step", None),
        )
        people = sorted(
            {
                key.removeprefix("person:")
                for key in (*rows["source"], *rows["target"])
                if key.startswith("person:")
            }
        )
        ways.panel(loaded, rows[rows["id"] == chosen].iloc[0], people, key="connect")
    else:
        frame.heading(ways.heading(found, mode, length))
        listed = ways.paths_html(found, called, noun, most=ways.MOST_LISTED, timed=timed)
        frame.lines([listed], scrolled="Paths")
        if found.listed > ways.MOST_LISTED:
            frame.quiet(
                f"The first {ways.MOST_LISTED} are listed; the table below has them all, step by step."
            )

tables.show(
    ways.step_rows(rows, called),
    key="connect_steps",
    title="Every step of these paths: choose one to see what it rests on",
    what="step",
    ids=rows["id"].tolist(),
    columns=ways.TIMED_STEPS if timed else ways.STEPS,
    empty="No path, so no steps.",
)

with frame.method():
    st.html(ways.METHOD)
