"""Draw up the minutes of a meeting: who was there, what was decided about what, and the actions that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app import words
from app.documents.paper import Bullets, Grid, Heading, Paper, Part, Text
from mapping.entries import Entry
from mapping.meetings import DECISIONS, STATES, Action, Meeting


def draw_minutes(
    meeting: Meeting,
    actions: Sequence[tuple[Entry, Action]],
    *,
    case: str,
    sections: Mapping[str, str],
    held: Entry,
    finished: Sequence[tuple[Entry, Action]] = (),
) -> Paper:
    """Return the minutes of a meeting.

    Parameters
    ----------
    actions : the actions that this meeting asked for, with their entries.
    case : what the case is called.
    sections : section of the agenda to its heading, in order.
    held : the entry of the meeting in its last turn.
    finished : the actions of earlier meetings of which was said since the last one what came of them.
    """
    parts: list[Part] = [
        Text(
            f"Held on what was known by the end of {words.day(meeting.as_of)}, compared with {words.day(meeting.since)}."
        ),
        Grid(
            ("Chair", "Present", "Closed" if meeting.closed else "State"),
            ((meeting.chair, "; ".join(meeting.present) or "nobody named yet", _state(meeting, held)),),
        ),
        Heading("Decisions"),
    ]
    for section, heading in sections.items():
        rows = [each for each in meeting.decided.values() if each.item.section == section]
        if rows:
            parts += [
                Heading(heading, level=2),
                Grid(
                    ("About", "Decision", "Why"),
                    [(each.item.said, DECISIONS[each.decision], each.why) for each in rows],
                    widths=(5, 2, 4),
                ),
            ]
    if not meeting.decided:
        parts.append(Text("Nothing was decided.", kind="quiet"))
    if finished:
        came = [(each.what, each.owner, each.said, _came_of(each)) for _, each in finished]
        parts.append(Heading("What came of the actions of earlier meetings"))
        parts.append(Grid(("What", "Who", "About", "State"), came, widths=(4, 2, 4, 3)))
    parts.append(Heading("Actions"))
    rows = [(each.what, each.owner, words.day(each.due_on), each.said, _came_of(each)) for _, each in actions]
    if rows:
        parts.append(Grid(("What", "Who", "By", "About", "State"), rows, widths=(4, 2, 2, 4, 2)))
    else:
        parts.append(Text("No action was asked for.", kind="quiet"))
    parts += [
        Heading("How to read this"),
        Bullets(
            (
                "People are named by their initials and their number in the case.",
                "A name here is not proof of anything: what stands in the records, and how reliable it is, can be opened in Contextmap.",
                "A decision supersedes an earlier one about the same thing in this meeting; the earlier one stays in the history.",
            )
        ),
    ]
    return Paper("Minutes of the daily risk meeting", tuple(parts), subtitle=f"Case {case}")


def _state(meeting: Meeting, held: Entry) -> str:
    return f"{words.moment(words.clock(held.at))}, by {held.by}" if meeting.closed else "not closed yet"


def _came_of(action: Action) -> str:
    state = STATES[action.state]
    return f"{state}: {action.outcome}" if action.outcome else state
