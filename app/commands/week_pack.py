"""Write the pack of a week of action, for the command `pack`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geo.weeks import PlannedVisit, Week
    from mapping.access import Viewer

NONE_SAVED = "No week of action is saved in the store of {case}. Save one on the page Week of action, or give --plan the folder that contextmap plan wrote."
NO_SUCH = "No week of action {plan} is saved in the store of {case}. Saved: {saved}."


def write_week(
    case: Path,
    out: Path,
    plan: str,
    audience: str,
    *,
    geography: Path | None,
    dates: str,
    decisions: str | None,
    **settings: Any,
) -> None:
    """Write day sheets, table and calendar of a saved week, or of one that `contextmap plan` wrote.

    Parameters
    ----------
    plan : the folder of a plan, the id of a saved week, or "" for the week saved last.
    **settings : what `app.options.viewed` returns.
    """
    from app import analysis
    from app.documents.week_files import FILES, pack_files, save_pack
    from app.documents.week_pack import subtitle
    from app.known import known_of
    from app.options import report
    from app.results import validate_out

    out = out.resolve()
    validate_out(out, FILES)
    week, stamp = (
        _written(Path(plan))
        if plan and Path(plan).is_dir()
        else _saved(case, plan, decisions, settings["viewer"])
    )
    places = analysis.load_geography(case, geography)
    found = analysis.analyse(
        case, geography=geography, dates=dates, progress=report, linked=False, **settings
    )
    known = known_of(found, places, week, audience=audience)
    save_pack(out, pack_files(week, known, audience=audience, **stamp))
    print(f"{week.name}. {subtitle(week)}. Written to {out}: {', '.join(FILES)}.")


def _written(folder: Path) -> tuple[Week, dict[str, Any]]:
    """Return the week that `contextmap plan` wrote, with what a calendar needs to know of it."""
    from geo.weeks import week_from_dict

    file = folder / "week.json"
    if not file.is_file():
        msg = f"{folder} holds no week.json, so it is not what contextmap plan wrote. Run contextmap plan again, or give the id of a saved week."
        raise FileNotFoundError(msg)
    week = week_from_dict(json.loads(file.read_text(encoding="utf-8")))
    made = week.recorded_until or week.choices.start
    return week, {"plan_id": "planned", "turn": 1, "saved_at": datetime.combine(made, time(), UTC)}


def _saved(case: Path, plan: str, decisions: str | None, viewer: Viewer) -> tuple[Week, dict[str, Any]]:
    from geo.weeks import KIND, week_from_dict
    from mapping.access import may_read
    from mapping.entries import load_entries
    from mapping.store import store_url

    url = store_url(case, decisions)
    entries = {
        entry.entry_id: entry
        for entry in sorted(load_entries(url, KIND), key=lambda each: (each.at, each.entry_id))
        if may_read(entry.content, viewer)
    }
    if not entries:
        raise ValueError(NONE_SAVED.format(case=case.name))
    if plan and plan not in entries:
        raise ValueError(NO_SUCH.format(plan=plan, case=case.name, saved=", ".join(entries)))
    entry = entries[plan] if plan else list(entries.values())[-1]
    week = week_from_dict(entry.content)
    gone = _gone(url, entry.entry_id, week)
    return week, {"plan_id": entry.entry_id, "turn": entry.turn, "saved_at": entry.at, "gone": gone}


def _gone(url: str, plan_id: str, week: Week) -> list[PlannedVisit]:
    from geo.weeks import KIND, gone_visits, week_from_dict
    from mapping.entries import entry_history
    from mapping.store import load

    turns = load(url, lambda store: entry_history(store, KIND, plan_id)) or []
    return gone_visits(week, [week_from_dict(entry.content) for entry in turns])
