"""Compare what was known on two days, or in two copies of a case."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from app import recent
from app.analysis import (
    EMPTY,
    Analysis,
    Clock,
    Progress,
    Settings,
    analyse_records,
    load_case,
    load_geography,
)
from app.results import save_tables
from mapping.change import Standing, changes
from mapping.contacts import children_query
from mapping.merging import load_identities
from mapping.records import Dates

SEES_NO_PEOPLE = "This viewer sees wards, not people, and so no groups to compare."


@dataclass(frozen=True, eq=False)
class Comparison:
    """What differs between two analyses.

    Attributes
    ----------
    earlier, later : the two analyses.
    changes : see `mapping.change.changes`.
    """

    earlier: Analysis
    later: Analysis
    changes: pd.DataFrame

    @property
    def summary(self) -> dict[str, Any]:
        """The two days, how many changes there are of each kind, and the later analysis's settings and stages."""
        return {
            "version": self.later.summary["version"],
            "from": None if self.earlier.as_of is None else self.earlier.as_of.isoformat(),
            "to": None if self.later.as_of is None else self.later.as_of.isoformat(),
            "changes": dict(sorted(Counter(self.changes["kind"]).items())),
            "settings": self.later.summary["settings"],
            "stages": self.later.clock.stages,
        }

    def save(self, out: Path) -> None:
        """Write changes.parquet and summary.json, whole or not at all."""
        save_tables(out, {"changes": self.changes}, self.summary)


def compare(
    case: Path | str,
    *,
    earlier: date | None,
    later: date | None,
    other: Path | str | None = None,
    geography: Path | str | None = None,
    dates: Dates = "iso",
    progress: Progress | None = None,
    **settings: Any,
) -> Comparison:
    """Compare what a case showed on two days.

    Parameters
    ----------
    earlier, later : the two days; None for the latest date in the records.
    other : another copy of the case, from which the later standing is read.
    geography, dates, progress : as in `analyse`.
    **settings : fields of `Settings` but `as_of`.

    Raises
    ------
    ValueError
        The later day is before the earlier one.
    PermissionError
        The viewer sees no people.
    """
    if earlier is not None and later is not None and later < earlier:
        msg = f"The later day, {later}, is before the earlier one, {earlier}. Give --from the earlier day."
        raise ValueError(msg)
    clock = Clock(progress)
    settings = {"identities": load_identities(case), **settings}
    asked = Settings(**settings)
    if not asked.viewer.sees_people:
        raise PermissionError(SEES_NO_PEOPLE)
    with clock.stage("reading records"):
        places = load_geography(Path(case), geography)
        records = load_case(case, places, dates=dates)
        second = records if other is None else load_case(other, places, dates=dates)
    before = analyse_records(records, places, Settings(**settings | {"as_of": earlier}), clock=clock)
    identities = settings["identities"] if other is None else load_identities(other)
    after = analyse_records(
        second, places, Settings(**settings | {"as_of": later, "identities": identities}), clock=clock
    )
    return compared(before, after)


def compared(earlier: Analysis, later: Analysis) -> Comparison:
    """Compare two analyses."""
    with later.clock.stage("comparing"):
        found = changes(standing(earlier), standing(later), half_life=later.settings.half_life)
    return Comparison(earlier, later, found)


def standing(analysis: Analysis, *, links: bool = True) -> Standing:
    """Return what an analysis shows, as `mapping.change` compares it.

    Parameters
    ----------
    links : whether links are compared too; they are most of it.
    """
    gone = analysis.records.table("missing")
    if analysis.as_of is not None:
        gone = recent.missing_now(gone, at=recent.end_of(analysis.as_of))
        gone = gone.rename(columns={"since": "reported_at"})
    missing = gone[["person_id", "reported_at", "missing_from"]]
    ties = children_query(analysis.network.ties) if analysis.network is not None else ""
    return Standing(
        analysis.as_of,
        _arrow(analysis, analysis.query("groups", plain=True)),
        _arrow(analysis, analysis.query("links", plain=True) if links else EMPTY["links"]),
        _arrow(analysis, ties),
        pa.Table.from_pandas(missing, preserve_index=False),
    )


def _arrow(analysis: Analysis, query: str) -> pa.Table:
    with analysis.records.connection.cursor() as cursor:
        return cursor.sql(query.format_map(analysis.records.tables)).to_arrow_table()
