"""The pack of a week of action, read back with python-docx, icalendar and csv."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import docx
from icalendar import Calendar

from app.documents.paper import Bullets, Grid, Heading, Text
from app.documents.week_files import FILES, pack_files, visits_calendar, zipped
from app.documents.week_pack import HINTS, week_pack
from app.known import Known
from app.partners import BRIEFING
from geo.weeks import KIND, Choices, Figures, PlannedVisit, Week, gone_visits
from mapping.entries import keep_entry
from mapping.store import open_store, store_url

# The last Sunday of October: clocks go back in the night.
SUNDAY = date(2025, 10, 26)
SAVED = datetime(2025, 10, 1, 9, 30, tzinfo=UTC)


def visit(
    number: int, day: date, slot: int, starts: int, ends: int, name: str = "Quarry Field"
) -> PlannedVisit:
    return PlannedVisit(
        f"v{number}",
        day,
        slot,
        starts,
        ends,
        1,
        "P1",
        name,
        "park",
        "AB1 2CD",
        "E05000001",
        "Alder",
        431192,
        479890,
        3,
        3,
    )


VISITS = (
    visit(1, SUNDAY - timedelta(days=1), 1, 20, 26),
    visit(2, SUNDAY, 1, 8, 20, "=cmd()\u202e Café"),
    visit(3, SUNDAY, 2, 20, 24),
)
WEEK = Week(
    "Half term", Choices(SUNDAY - timedelta(days=1), 2, 1, 2, (8, 26), 400, ("park",)), VISITS,
    Figures(40, 30, 9, 10, 10, 9, 2), "social_worker", recorded_until=date(2025, 9, 30),
)  # fmt: skip
KNOWN = {
    each.visit_id: Known(f"Why {each.visit_id}.", (f"Known {each.visit_id}.", "Graded 1A (1)."))
    for each in VISITS
}


def made(week: Week = WEEK, **options: Any) -> dict[str, bytes]:
    return pack_files(week, KNOWN, plan_id="plan1", saved_at=SAVED, **options)


def test_the_sheets_hold_what_a_team_needs_and_room_for_what_it_found() -> None:
    files = made()
    assert tuple(files) == FILES
    document = docx.Document(io.BytesIO(files["day_sheets.docx"]))
    headings = [each.text for each in document.paragraphs if each.style.name.startswith("Heading")]
    assert headings == [
        "The week at a glance",
        "Briefing for all teams",
        "Saturday 25 October 2025: team 1",
        "20:00 to 02:00: Quarry Field",
        "Sunday 26 October 2025: team 1",
        "08:00 to 20:00: =cmd()⟨U+202E⟩ Café",
        "20:00 to 24:00: Quarry Field",
        "What this rests on, and its limits",
        "What the grades mean",
    ]
    facts = [[cell.text for cell in row.cells] for row in document.tables[1].rows]
    assert facts[1:4] == [
        ["Where", "Park or open space, AB1 2CD, grid reference SE 3119 7989, Alder"],
        ["Why this place", "Why v1."],
        ["What is known of it", "Known v1. Graded 1A (1)."],
    ]
    assert [row.cells[0].text for row in document.tables[2].rows][1:] == [
        "Visit made (yes, no)", "Spoken to (how many)", "Found", "To follow, by whom, until when",
    ]  # fmt: skip
    assert {section.header.paragraphs[0].text for section in document.sections} == {"OFFICIAL-SENSITIVE"}
    assert files["day_sheets.pdf"].startswith(b"%PDF")
    assert b"http" not in files["day_sheets.html"].replace(b"http-equiv", b"").replace(
        b"http://www.w3.org", b""
    )
    assert made() == files
    assert zipfile.ZipFile(io.BytesIO(zipped(files))).namelist() == list(FILES)


def test_the_table_opens_without_running_anything() -> None:
    rows = list(csv.DictReader(io.StringIO(made()["visits.csv"].decode("utf-8-sig"))))
    assert [(row["visit_id"], row["date"], row["time"], row["grid_reference"]) for row in rows] == [
        ("v1", "2025-10-25", "20:00 to 02:00", "SE 3119 7989"),
        ("v2", "2025-10-26", "08:00 to 20:00", "SE 3119 7989"),
        ("v3", "2025-10-26", "20:00 to 24:00", "SE 3119 7989"),
    ]
    assert rows[1]["place"].startswith("'=cmd()")


def test_the_calendar_is_in_london_time_and_keeps_its_names() -> None:
    events = Calendar.from_ical(made()["visits.ics"]).walk("vevent")
    assert [str(event["uid"]) for event in events] == [f"v{at}-plan1@contextmap" for at in (1, 2, 3)]
    when = [(event.start, event.end) for event in events]
    assert [(a.astimezone(UTC).hour, b.astimezone(UTC).hour, b.date()) for a, b in when] == [
        (19, 2, SUNDAY),  # 2:00 after the clocks have gone back
        (8, 20, SUNDAY),
        (20, 0, SUNDAY + timedelta(days=1)),
    ]
    assert {start.tzinfo.key for start, _ in when} == {"Europe/London"}
    assert str(events[0]["description"]).startswith("OFFICIAL-SENSITIVE. Why v1. Known v1.")
    moved = replace(WEEK, visits=VISITS[1:])
    gone = gone_visits(moved, [WEEK, moved])
    again = Calendar.from_ical(
        visits_calendar(moved, KNOWN, plan_id="plan1", turn=3, saved_at=SAVED, gone=gone)
    ).walk("vevent")
    assert [(str(event["uid"]), str(event["status"]), int(event["sequence"])) for event in again] == [
        ("v2-plan1@contextmap", "CONFIRMED", 2),
        ("v3-plan1@contextmap", "CONFIRMED", 2),
        ("v1-plan1@contextmap", "CANCELLED", 2),
    ]


def test_what_nobody_has_read_is_a_draft_and_partners_get_no_totals_nor_grades() -> None:
    paper = week_pack(WEEK, KNOWN)
    assert [part for part in paper.parts if isinstance(part, Text) and part.kind == "draft"]
    assert Bullets(BRIEFING) in paper.parts
    read = week_pack(replace(WEEK, read=True, briefing=("Ask first.",), partners={"park": "Wardens"}), KNOWN)
    assert not [part for part in read.parts if isinstance(part, Text) and part.kind == "draft"]
    assert Bullets(("Ask first.",)) in read.parts
    assert ("Bring", "Wardens") in next(
        part for part in read.parts if isinstance(part, Grid) and part.columns[0] == ""
    ).rows
    outside = week_pack(WEEK, KNOWN, audience="partners")
    said = " ".join(part.text for part in outside.parts if isinstance(part, Text | Heading))
    assert "9 of 40" not in said
    assert "What the grades mean" not in said
    assert "c stands for a count of 1 to 5" in said
    analyst = week_pack(replace(WEEK, viewer="analyst"), KNOWN)
    assert [part.text for part in analyst.parts if isinstance(part, Text) and part.text == HINTS]


def test_the_command_packs_the_week_saved_last_or_one_that_was_planned(
    run: Any, write_case: Any, tmp_path: Path
) -> None:
    case = write_case(
        locations="location_id,kind,name,easting,northing\nP1,park,Quarry Field,431192,479890\n",
        events="event_id,kind,started_at,location_id\nE1,incident,2025-05-26T21:00,P1\n",
    )

    out = tmp_path / "pack"
    code, _, said = run("pack", case, "--out", out)
    assert (code, "No week of action is saved in the store of" in said) == (1, True)
    assert run("plan", case, "--teams", 1, "--days", 1, "--slots", 1, "--out", tmp_path / "plan")[0] == 0
    code, said, _ = run("pack", case, "--plan", tmp_path / "plan", "--out", out)
    assert (code, sorted(path.name for path in out.iterdir())) == (0, sorted(FILES))
    assert "Week of action from 2 June 2025" in said
    with open_store(store_url(case)) as store:
        entry = keep_entry(store, KIND, WEEK.to_dict(), by="A")
    code, said, _ = run("pack", case, "--out", out, "--viewer", "chair")
    assert (code, "Half term." in said) == (0, True)
    events = Calendar.from_ical((out / "visits.ics").read_bytes()).walk("vevent")
    assert {str(event["uid"]).split("-")[1] for event in events} == {f"{entry.entry_id}@contextmap"}
    code, _, said = run("pack", case, "--plan", "other", "--out", out)
    assert (
        code,
        f"No week of action other is saved in the store of {case.name}. Saved: {entry.entry_id}." in said,
    ) == (1, True)
    code, _, said = run("pack", case, "--plan", case, "--out", out)
    assert (code, "holds no week.json" in said) == (1, True)
    code, _, said = run("pack", case, "--audience", "analysts", "--viewer", "planner", "--out", out)
    assert (code, "which you do not see" in said) == (1, True)
