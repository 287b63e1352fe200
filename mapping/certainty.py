"""Say how sure groups, memberships and shared contacts are: how often they come back, and what they rest on."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mapping.apart import ASIDE_ABOVE, Progress, open_apart
from mapping.contacts import Ties
from mapping.groups import Settling
from mapping.records import Records
from mapping.reliance import Reliance, agency_reliance, contact_reliance, reliance
from mapping.reports import Grouped, Reports, read_groups, read_reports
from mapping.resamples import Stability, stability

__all__ = ["Certainty", "Written", "certainty"]

# Ids in one text are set apart by this.
BETWEEN = "|"


@dataclass(frozen=True)
class Written:
    """The names of the tables that a Certainty was written to."""

    members: str
    groups: str
    contacts: str


@dataclass(frozen=True)
class Certainty:
    """How sure groups, memberships and shared contacts are. What was not asked for, and groups of one, are empty.

    Attributes
    ----------
    members : person_n, community, confidence (share of resamples in which this person is with the core of the
        group), rests_on (reports without which this person is not in it).
    groups : community, stability (mean Jaccard similarity with the best match), held (in how many resamples the
        group is there), rests_on (reports without which it is not there), rests_on_agency (the same for agencies).
    contacts : type_k, contact_n, rests_on (reports without which it ties fewer than two children),
        rests_on_agency.
    resamples, seed : how it was asked for; no resamples leave confidence, stability and held empty.

    `rests_on` holds source ids joined by "|", in order; "" where it rests on no single one.
    """

    members: pd.DataFrame
    groups: pd.DataFrame
    contacts: pd.DataFrame
    resamples: int
    seed: int

    def write(self, records: Records) -> Written:
        """Write the tables to a schema of their own, beside the groups and contacts they tell of."""
        schema = records.new_schema()
        with records.connection.cursor() as cursor:
            for name, kinds in _KINDS.items():
                columns = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in kinds.items())
                cursor.register("arriving", getattr(self, name).astype(object))
                cursor.execute(f"CREATE TABLE {schema}.{name} AS SELECT {columns} FROM arriving")
                cursor.unregister("arriving")
        return Written(*(f"{schema}.{name}" for name in _KINDS))


_KINDS = {
    "members": {
        "person_n": "BIGINT",
        "community": "BIGINT",
        "confidence": "DOUBLE",
        "rests_on": "VARCHAR",
    },
    "groups": {
        "community": "BIGINT",
        "stability": "DOUBLE",
        "held": "BIGINT",
        "rests_on": "VARCHAR",
        "rests_on_agency": "VARCHAR",
    },
    "contacts": {
        "type_k": "INTEGER",
        "contact_n": "BIGINT",
        "rests_on": "VARCHAR",
        "rests_on_agency": "VARCHAR",
    },
}


def certainty(
    settling: Settling,
    ties: Ties,
    group_table: str,
    *,
    resamples: int = 100,
    seed: int = 0,
    leave_out: bool = True,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Certainty:
    """Resample the reports that link peers, and leave each report and each agency out in turn.

    For a large network this is done in a program of its own, which gives way to other work.

    Parameters
    ----------
    settling, group_table : the network that was settled and the table of its groups.
    ties : what ties children to contacts.
    resamples : how many; 0 for none.
    seed : of the resamples. Groups are searched for with the seed they were found with.
    leave_out : whether to leave out reports and agencies.
    progress : called with how many resamples are done, and of how many.
    stop : set by somebody who no longer wants the answer; it ends within one resample or one group.

    Raises
    ------
    ValueError
        Fewer than no resamples.
    Stopped
        `stop` was set.
    """
    if resamples < 0:
        msg = f"{resamples} resamples were asked for; ask for 0 (none) or more."
        raise ValueError(msg)
    reports = read_reports(settling.links, settling.network)
    grouped = read_groups(settling, group_table)
    contacts = pd.DataFrame(columns=list(_KINDS["contacts"]))
    if leave_out:
        contacts = contact_reliance(ties, settling.links, settling.bands)
    asked: dict[str, Any] = {"resamples": resamples, "seed": seed, "leave_out": leave_out}
    if len(settling.network.people) > ASIDE_ABOVE:
        apart = open_apart(doing="working out how sure groups are", aside=True)
        apart.begin(_of_groups, reports, grouped, **asked)
        members, groups = apart.answer(progress=progress, stop=stop)
    else:
        members, groups = _of_groups(reports, grouped, progress=progress, stop=stop, **asked)
    return Certainty(members, groups, contacts, resamples, seed)


def _of_groups(
    reports: Reports,
    grouped: Grouped,
    *,
    resamples: int,
    seed: int,
    leave_out: bool,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of members and of groups."""
    drawn = left_out = agencies = None
    if leave_out:
        left_out = reliance(reports, grouped, stop=stop)
        agencies = agency_reliance(reports, grouped, stop=stop)
    if resamples:
        drawn = stability(reports, grouped, resamples=resamples, seed=seed, progress=progress, stop=stop)
    members = _members(grouped, reports, drawn, left_out, resamples)
    return members, _groups(grouped, reports, drawn, left_out, agencies)


def _members(
    grouped: Grouped, reports: Reports, drawn: Stability | None, left_out: Reliance | None, resamples: int
) -> pd.DataFrame:
    in_group = grouped.group >= 0
    found = pd.DataFrame({"person_n": reports.network.people[in_group]})
    found["confidence"] = np.nan if drawn is None else drawn.stayed[in_group] / resamples
    found["rests_on"] = None if left_out is None else _joined(left_out.members, reports.source_id)[in_group]
    return grouped.everyone.merge(found, on="person_n", how="left")


def _groups(
    grouped: Grouped,
    reports: Reports,
    drawn: Stability | None,
    left_out: Reliance | None,
    agencies: list[list[int]] | None,
) -> pd.DataFrame:
    found = pd.DataFrame({"community": grouped.communities})
    found["stability"] = np.nan if drawn is None else drawn.stability
    found["held"] = pd.array([pd.NA] * len(found) if drawn is None else drawn.held, dtype="Int64")
    found["rests_on"] = None if left_out is None else _joined(left_out.groups, reports.source_id)
    named = np.array(reports.agencies, dtype=object)
    found["rests_on_agency"] = None if agencies is None else _joined(agencies, named)
    everyone = pd.DataFrame({"community": np.unique(grouped.everyone["community"])})
    return everyone.merge(found, on="community", how="left")


def _joined(places: Iterable[list[int]], names: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    return np.array([BETWEEN.join(sorted(names[k] for k in each)) for each in places], dtype=object)
