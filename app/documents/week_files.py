"""Write the pack of a week of action: day sheets, a table, and a calendar whose entries keep their names."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from app.documents.paper import one_line
from app.documents.portable import to_pdf
from app.documents.web import to_html
from app.documents.week_pack import reference, times, week_pack
from app.documents.word import to_docx
from app.known import Known
from app.partners import partners_for
from app.results import swapped_in
from app.week import kind_said
from geo.weeks import PlannedVisit, Week
from mapping.markings import MARKING
from mapping.text import write_csv

LONDON = ZoneInfo("Europe/London")
FILES = ("day_sheets.docx", "day_sheets.pdf", "day_sheets.html", "visits.csv", "visits.ics")
COLUMNS = (
    *(
        "visit_id",
        "date",
        "weekday",
        "time",
        "team",
        "place",
        "kind",
        "address",
        "grid_reference",
        "easting",
        "northing",
    ),
    *("ward", "why", "known", "bring"),
)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack_files(
    week: Week,
    known: Mapping[str, Known],
    *,
    audience: str = "teams",
    plan_id: str,
    turn: int = 1,
    saved_at: datetime,
    gone: Iterable[PlannedVisit] = (),
) -> dict[str, bytes]:
    """Return every file of a pack, by name (FILES). The same week gives the same bytes.

    Parameters
    ----------
    known : by visit_id, for the same audience.
    plan_id, turn, saved_at : of the saved plan; a later turn replaces an earlier one in a calendar.
    gone : visits of earlier turns that are no longer in the plan; a calendar is told that they are cancelled.
    """
    paper = week_pack(week, known, audience=audience)
    table = io.BytesIO()
    write_csv(visits_table(week, known), table)
    calendar = visits_calendar(week, known, plan_id=plan_id, turn=turn, saved_at=saved_at, gone=gone)
    made = (to_docx(paper), to_pdf(paper), to_html(paper).encode(), table.getvalue(), calendar)
    return dict(zip(FILES, made, strict=True))


def save_pack(out: Path, files: Mapping[str, bytes]) -> None:
    """Write a pack to a folder, whole or not at all.

    Raises
    ------
    FileExistsError
        The folder holds something that is not an earlier pack.
    """
    with swapped_in(out, FILES) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return all files as one zip; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as held:
        for name, content in files.items():
            held.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def visits_table(week: Week, known: Mapping[str, Known]) -> pd.DataFrame:
    """Return the visits as a table with the columns of COLUMNS, in the order of time."""
    rows = [
        (
            visit.visit_id,
            visit.day.isoformat(),
            f"{visit.day:%A}",
            times(visit),
            visit.team,
            visit.place_name,
            kind_said(visit.kind),
            visit.address,
            reference(visit),
            visit.easting,
            visit.northing,
            visit.ward_name,
            known[visit.visit_id].why,
            " ".join(known[visit.visit_id].lines),
            partners_for(visit.kind, week.partners),
        )
        for visit in _in_order(week.visits)
    ]
    return pd.DataFrame(rows, columns=[*COLUMNS])


def visits_calendar(
    week: Week,
    known: Mapping[str, Known],
    *,
    plan_id: str,
    turn: int = 1,
    saved_at: datetime,
    gone: Iterable[PlannedVisit] = (),
) -> bytes:
    """Return the visits as iCalendar in London time.

    A visit keeps its UID from one saving to the next, so a calendar that reads the file again changes what it has
    rather than adding to it; visits in `gone` are marked cancelled.
    """
    from icalendar import Calendar

    gone = list(gone)
    calendar = Calendar()
    for name, value in (
        ("prodid", "-//Contextmap//Week of action//EN"),
        ("version", "2.0"),
        ("calscale", "GREGORIAN"),
        ("method", "PUBLISH"),
        ("x-wr-calname", one_line(week.name)),
    ):
        calendar.add(name, value)
    stamp = {"plan_id": plan_id, "turn": turn, "saved_at": saved_at}
    for visit in _in_order(week.visits):
        calendar.add_component(_event(visit, _description(week, visit, known[visit.visit_id]), **stamp))
    for visit in _in_order(gone):
        calendar.add_component(
            _event(visit, f"{MARKING}. This visit is no longer in the plan.", cancelled=True, **stamp)
        )
    days = [visit.day for visit in (*week.visits, *gone)] or [week.choices.start]
    calendar.add_missing_timezones(date(min(days).year, 1, 1), date(max(days).year + 1, 1, 1))
    return bytes(calendar.to_ical())


def _event(
    visit: PlannedVisit,
    description: str,
    *,
    plan_id: str,
    turn: int,
    saved_at: datetime,
    cancelled: bool = False,
) -> Any:
    from icalendar import Event

    event = Event()
    event.add("uid", f"{visit.visit_id}-{plan_id}@contextmap")
    event.add("dtstamp", saved_at.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", turn - 1)
    event.add("dtstart", moment(visit, visit.starts))
    event.add("dtend", moment(visit, visit.ends))
    event.add("summary", one_line(f"Team {visit.team}: {visit.place_name}"))
    where = (visit.place_name, visit.address, f"grid reference {reference(visit)}", visit.ward_name)
    event.add("location", one_line(", ".join(filter(None, where))))
    event.add("description", description)
    event.add("class", "CONFIDENTIAL")
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    return event


def _description(week: Week, visit: PlannedVisit, known: Known) -> str:
    parts = (f"{MARKING}.", known.why, *known.lines, f"Bring: {partners_for(visit.kind, week.partners)}.")
    return one_line(" ".join(parts))


def moment(visit: PlannedVisit, hour: int) -> datetime:
    """Return an hour of a visit as London clocks show it, on the next day from 24 on."""
    day = visit.day + timedelta(days=hour // 24)
    return datetime.combine(day, time(hour % 24), LONDON)


def _in_order(visits: Iterable[PlannedVisit]) -> list[PlannedVisit]:
    return sorted(visits, key=lambda visit: (visit.day, visit.slot, visit.team, visit.visit_id))
