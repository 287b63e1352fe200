"""Follow what came after a child's return: was an interview offered, accepted, held, and within 72 hours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

HOURS = 72
STILL_MISSING, OFFER_NOT_RECORDED, NOT_OFFERED = "still_missing", "offer_not_recorded", "not_offered"
ANSWER_NOT_RECORDED, NOT_ACCEPTED, NOT_HELD = "answer_not_recorded", "not_accepted", "not_held"
IN_TIME, LATER, NOT_TIMED = "held_within_72_hours", "held_later", "held_return_not_timed"
STATES = (
    STILL_MISSING,
    OFFER_NOT_RECORDED,
    NOT_OFFERED,
    ANSWER_NOT_RECORDED,
    NOT_ACCEPTED,
    NOT_HELD,
    IN_TIME,
    LATER,
    NOT_TIMED,
)
"""How far an episode got; every episode is in exactly one."""

HELD = (IN_TIME, LATER, NOT_TIMED)
ACCEPTED = (NOT_HELD, *HELD)
OFFERED = (ANSWER_NOT_RECORDED, NOT_ACCEPTED, *ACCEPTED)
FIGURES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "returned": (tuple(state for state in STATES if state != STILL_MISSING), STATES),
    "offered": (OFFERED, STATES),
    "accepted": (ACCEPTED, OFFERED),
    "held": (HELD, STATES),
    "held_of_accepted": (HELD, ACCEPTED),
    "within_72_hours": ((IN_TIME,), HELD),
    "within_72_hours_of_accepted": ((IN_TIME,), ACCEPTED),
}
"""Each figure: the states it counts, and the states it is a share of."""


def interview_states(missing: pd.DataFrame) -> pd.Series[Any]:
    """Say how far each episode got on the way to a return interview.

    An interview that was held was offered and accepted, whatever those columns say; one that was accepted was
    offered. The 72 hours run by the clock from found_at to interview_held_at; an interview exactly 72 hours later is
    within them. Where the return has no time the interview is held, and not known to be within them.

    Parameters
    ----------
    missing : found_at, interview_offered, interview_accepted (Y, N or missing), interview_held_at.

    Returns
    -------
    One of `STATES` a row, on the same index.

    Source: statutory guidance on children who run away or go missing from home or care (Department for Education,
    January 2014): an independent return interview within 72 hours of the child's return.
    """
    held, back = missing["interview_held_at"].notna(), missing["found_at"].notna()
    waited = (missing["interview_held_at"] - missing["found_at"]).dt.total_seconds() / 3600
    said = {
        name: missing[f"interview_{name}"].astype("object").where(missing[f"interview_{name}"].notna(), "")
        for name in ("offered", "accepted")
    }
    rules = [
        (held & (waited <= HOURS), IN_TIME),
        (held & back, LATER),
        (held, NOT_TIMED),
        (said["accepted"] == "Y", NOT_HELD),
        (said["accepted"] == "N", NOT_ACCEPTED),
        (said["offered"] == "Y", ANSWER_NOT_RECORDED),
        (said["offered"] == "N", NOT_OFFERED),
        (~back, STILL_MISSING),
    ]
    found = np.select(
        [rule.to_numpy(dtype=bool) for rule, _ in rules], [name for _, name in rules], OFFER_NOT_RECORDED
    )
    return pd.Series(found, index=missing.index, dtype="object")


def interview_figures(states: pd.Series[Any]) -> pd.DataFrame:
    """Add states up to the figures that reports print.

    Parameters
    ----------
    states : from `interview_states`.

    Returns
    -------
    On figure, in the order of `FIGURES`: count, of (what it is a share of), percent (missing where that is 0).
    """
    counts = states.value_counts().reindex(STATES, fill_value=0)
    rows = {
        name: (int(counts[list(part)].sum()), int(counts[list(of)].sum()))
        for name, (part, of) in FIGURES.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["count", "of"]).rename_axis("figure")
    return table.assign(percent=100 * table["count"] / table["of"].where(table["of"] > 0))
