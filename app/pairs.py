"""Compare the people of a case as one viewer sees it, with what has been decided of them."""

from __future__ import annotations

from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from app.analysis import load_case, load_geography
from mapping.access import Viewer, visible
from mapping.additions import load_additions
from mapping.duplicates import THRESHOLD_WEIGHT, suggest_pairs
from mapping.merging import load_decisions
from mapping.records import Dates
from mapping.scope import at_date, latest_date


def duplicate_pairs(
    case: Path | str,
    *,
    geography: Path | str | None = None,
    decisions: Path | str | None = None,
    dates: Dates = "iso",
    threshold_weight: float = THRESHOLD_WEIGHT,
    seed: int = 0,
    as_of: date | None = None,
    viewer: Viewer | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read a case and suggest which of its people may be one person.

    Parameters
    ----------
    geography, decisions, dates : as in `app.analysis.analyse`.
    threshold_weight, seed : as in `mapping.duplicates.suggest_pairs`.
    as_of : the day whose knowledge counts in what says that two were two.

    Returns
    -------
    The table of `suggest_pairs` and its summary.

    Raises
    ------
    PermissionError
        The viewer sees wards, not people.
    """
    viewer = viewer or Viewer()
    if not viewer.sees_people:
        msg = f"The role {viewer.role!r} sees wards, not people, so there is nobody to compare."
        raise PermissionError(msg)
    standing = load_decisions(case, decisions)
    entered = load_additions(case, decisions)
    read = load_case(case, load_geography(Path(case), geography), dates=dates, additions=entered)
    seen = visible(read, viewer)
    day = as_of or latest_date(seen)
    known = at_date(seen, day)
    found = suggest_pairs(known, threshold_weight=threshold_weight, judgements=standing, seed=seed)
    judged = standing["judgement"].value_counts()
    return found, {
        "version": version("contextmap"),
        "as_of": None if day is None else day.isoformat(),
        "settings": {"threshold_weight": threshold_weight, "seed": seed, "viewer": viewer.role},
        "people": int(known.execute("SELECT count(*) FROM {people}")[0][0]),
        "pairs": {
            "suggested": len(found),
            "recorded_together": int((found["linked_otherwise"] != "").sum()),
            **{name: int(judged.get(name, 0)) for name in ("same", "different", "unsure")},
        },
        "notes": list(seen.notes),
    }
