"""Daily meeting: one screen that a chair runs from a projector, from what changed to decisions, actions and minutes."""

from app import agenda, data, frame, meeting, meeting_page

loaded = data.load(linked=False)
held, last = meeting.current(loaded)
before = None if last is None else last[1]
since = meeting_page.since(loaded.day, before) if held is None else held[1].since
agenda.begin(loaded, before, since)
loaded = data.load()
opened = agenda.agenda(loaded, agenda.before(loaded, before, since), meeting.asked(loaded))

if held is None:
    frame.title("Daily meeting", meeting_page.before_answer(opened, last, since))
else:
    frame.title("Daily meeting", meeting_page.answer(opened, held[1], loaded.day))
frame.said_once()
left, right = frame.picture_and_panel()
if held is None:
    with left:
        frame.heading("Begin the meeting")
        meeting_page.begin(loaded, since, before)
    with right:
        meeting_page.chosen_action(loaded)
        meeting_page.last_minutes(last, loaded.question.name)
else:
    place = meeting_page.step(opened)
    with left:
        if place is None:
            frame.quiet("Nothing is on the agenda. Close the meeting, or wait until more is known.")
        else:
            meeting_page.item(loaded, *held, opened, place)
    with right:
        meeting_page.chosen_action(loaded)
        meeting_page.contents(opened, held[1], place)
        meeting_page.room(*held)
        meeting_page.ending(loaded, *held, opened)

meeting_page.table(opened, None if held is None else held[1])
meeting_page.action_table(loaded)
with frame.method():
    meeting_page.method()
