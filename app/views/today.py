"""Today: who is missing, what is due, and what has changed since."""

import pandas as pd
import streamlit as st

from app import (
    answers,
    changes,
    data,
    evidence,
    frame,
    lines,
    meeting,
    names,
    recent,
    reviews,
    state,
    tables,
    words,
)
from app.text import markdown, markup

loaded = data.load(linked=False)
as_of = loaded.day
at = recent.now(as_of)
label = answers.labels(loaded, state.names_shown())
place = answers.place_names(loaded)
missing = answers.missing_now(loaded, at)
due = answers.interviews_due(loaded, at)
soon = due[due["hours_left"] >= 0]
late = due[(due["hours_left"] < 0) & (due["hours_left"] >= -24 * recent.OVERDUE_DAYS)]
older = len(due) - len(soon) - len(late)

answer = (
    f"{words.count(len(missing), 'child', 'children').capitalize()} missing now; "
    f"{words.count(len(soon), 'return interview')} due within {recent.INTERVIEW_HOURS} hours of the child's return and {words.number(len(late))} past that time."
)
waiting = reviews.due(loaded)
if waiting:
    answer = f"{answer[:-1]}; {words.count(len(waiting), 'action or review', 'actions and reviews')} due."
frame.title("Today", answer)
since = frame.since(as_of, meeting=meeting.last_day(loaded))
now_column, due_column, changed_column = st.columns(3, gap="medium")

with now_column:
    frame.heading(f"Missing now ({len(missing)})")
    if not answers.episodes(loaded):
        frame.quiet(
            "No missing episode is on record at all. Import a case with a table of missing episodes, or enter one under Data, Import."
        )
    elif missing.empty:
        frame.quiet("Nobody is recorded as missing.")
    frame.lines(
        (lines.missing_now(row, label, place) for row in missing.head(50).to_dict("records")),
        scrolled="Missing now",
    )

with due_column:
    frame.heading(
        f"Return interviews due ({words.number(len(soon))}) and past their time ({words.number(len(late))})"
    )
    listed = pd.concat([soon.sort_values("hours_left"), late])
    if listed.empty:
        frame.quiet("No return interview is due.")
    frame.lines(
        (lines.interview_due(row, label) for row in listed.head(60).to_dict("records")),
        scrolled="Return interviews due and past their time",
    )
    if waiting:
        frame.heading(f"Actions and reviews due ({len(waiting)})")
        reviews.show(waiting)
    if older:
        frame.quiet(
            f"{words.count(older, 'more interview')} never held, from returns more than {recent.OVERDUE_DAYS + 3} days ago; the table below lists them."
        )

with changed_column:
    frame.heading(f"Changed since {words.day(since)}")
    data.begin(since)
    loaded = data.load()
    earlier = data.load(since)
    changed = answers.group_changes(loaded, earlier)
    reached = changes.contact_changes(answers.changes(loaded, earlier))
    links = answers.new_links(loaded, earlier)
    referrals = answers.new_referrals(loaded, since)
    group_label = {**answers.group_labels(earlier).to_dict(), **answers.group_labels(loaded).to_dict()}
    frame.quiet(
        f"{changes.banner(changed, words.day(since))} {words.count(len(links), 'new link').capitalize()}; {words.count(len(referrals), 'new referral')}."
    )
    with st.container(height=420, border=False, key="today_changed", gap=None):
        for row in changed[changed["size"] > 0].head(12).itertuples(index=False):
            st.button(
                f"{group_label[row.group_id]} {row.said}",
                key=f"today_{row.group_id}",
                type="tertiary",
                icon=":material/group_add:",
                on_click=state.open_page,
                args=("groups", "group", row.group_id),
                help="Open the group and its evidence",
            )
        named = answers.contact_table(loaded, state.names_shown()).set_index("key")["called"]
        for row in reached.head(8).itertuples(index=False):
            contact = f"{row.contact_type}:{row.contact_id}"
            st.button(
                f"{markdown(named[contact])} reached {words.listing([group_label.get(g, 'a pair') for g in row.groups])}",
                key=f"today_{contact}",
                type="tertiary",
                icon=":material/share:",
                on_click=state.open_page,
                args=("shared_contacts", "contact", contact),
                help="Open the contact and its evidence",
            )
        frame.lines(lines.referral(row, label) for row in referrals.head(20).to_dict("records"))
choice = st.segmented_control(
    "List",
    ["Missing now", "Return interviews", "New links", "New referrals", "Groups"],
    key="today_list",
    default="Missing now",
    required=True,
    label_visibility="collapsed",
    persist_state="session",
)
if choice == "Missing now":
    shown = missing.assign(who=missing["person_id"].map(label), where=missing["missing_from"].map(place))
    tables.show(
        shown,
        key="missing_now",
        title="Missing now",
        empty="Nobody is recorded as missing.",
        columns={
            "who": "Who",
            "since": "Since",
            "hours": "Hours",
            "where": "From",
            "last_missing": "Last missing before",
            "episodes": "Episodes on record",
            "risk_level": "Risk recorded",
        },
    )
elif choice == "Return interviews":
    shown = due.assign(who=due["person_id"].map(label))
    tables.show(
        shown,
        key="return_interviews",
        title="Return interviews not held",
        columns={
            "who": "Who",
            "found_at": "Returned",
            "due_at": "Due by",
            "hours_left": "Hours left",
            "offered": "Offered",
            "delay_reason": "Reason for delay",
        },
    )
elif choice == "New links":
    shown = links.assign(
        one=links["person_a"].map(label),
        other=links["person_b"].map(label),
        how=[words.kinds_of_link(kind) for kind in links["kinds"]],
    )
    tables.show(
        shown,
        key="new_links",
        title=f"Links learnt since {words.day(since)}",
        what="link",
        ids=shown["id"].tolist(),
        columns={
            "one": "One",
            "other": "Other",
            "how": "How",
            "items": "Items",
            "sources": "Sources",
            "first_seen": "First seen",
            "last_seen": "Last seen",
            "best_grade": "Best grade",
        },
    )
    chosen = links[links["id"] == state.chosen("link")]
    if len(chosen):
        evidence.link(loaded, chosen.iloc[0], key="today")
elif choice == "New referrals":
    shown = referrals.assign(
        who=referrals["person_id"].map(label), about=referrals["concern"].map(words.concern)
    )
    tables.show(
        shown,
        key="new_referrals",
        title=f"Referrals received since {words.day(since)}",
        columns={
            "received_on": "Received",
            "who": "Who",
            "about": "Concern",
            "source_agency": "From",
            "decision": "Decision",
        },
    )
else:
    shown = changed.assign(
        group=changed["group_id"].map(group_label),
        who=[
            words.listing([names.label_of(person, label) for person in people])
            for people in changed["joined"]
        ],
        gone=[
            words.listing([names.label_of(person, label) for person in people]) for people in changed["left"]
        ],
    )
    tables.show(
        shown,
        key="group_changes",
        title=f"Groups of three or more that changed since {words.day(since)}",
        what="group",
        ids=shown["group_id"].tolist(),
        columns={
            "group": "Group",
            "said": "Change",
            "size": "Members now",
            "was": "Before",
            "who": "Joined",
            "gone": "Left",
        },
    )

with frame.method():
    st.html(
        f"<p>Everything is as known at the end of {markup(words.day(as_of))}. A child is missing now if their last episode has no return. "
        f"A return interview is due {recent.INTERVIEW_HOURS} hours after the return; one that was offered and not accepted is not listed. "
        "Changes compare what is known now with what was known on the earlier day, by the date each source was recorded: something learnt this week about last year counts as new. "
        "A group continues the earlier group it shares most people with, and keeps its name; each group continues one at most.</p>"
    )
