"""Say in words how sure a link, a group, a membership or a shared contact is, with the number behind the words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from app import words
from app.text import plain

# Hennig 2007: a group that is there in fewer than half of the resamples is not stable ...
HOLDS = 0.5
# ... and one found again with a mean similarity of three quarters is.
FIRM = 0.75
RATE = 0.05


def chance(validated: object, p_value: object) -> str:
    """Return "more than chance" or "could be chance", with the p-value; "" where it was not tested.

    Of so many pairs some come close together by chance alone, so a small p-value may still be chance: that is said.
    """
    if p_value is None or pd.isna(p_value):
        return ""
    said = probability(float(p_value))
    if validated:
        return f"more than chance ({said})"
    return f"could be chance ({said}{', among very many pairs' if p_value < RATE else ''})"


def probability(p_value: float) -> str:
    """Return a p-value as "p = 0.03" or "p below 0.001"."""
    return "p below 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def contact_chance(contacts: pd.DataFrame) -> pd.Series:
    """Return in words whether each shared contact is more than chance, all contacts being looked at together.

    The false discovery rate over all of them is held at RATE (Benjamini and Hochberg 1995). Of a place a large
    p-value says that its children are not there together more than chance has it; of an adult or a thing only that
    it is tied to about as many children as others of its kind, so nothing is said. Empty where not tested.

    Parameters
    ----------
    contacts : contact_type, p_value.
    """
    from scipy.stats import false_discovery_control

    known = contacts["p_value"].dropna().astype(float)
    adjusted = pd.Series(false_discovery_control(known) if len(known) else np.empty(0), index=known.index)
    said = [
        _contact_said(kind, adjusted.get(key, np.nan), p_value)
        for key, kind, p_value in zip(
            contacts.index, contacts["contact_type"], contacts["p_value"], strict=True
        )
    ]
    return pd.Series(said, index=contacts.index, dtype=object)


def _contact_said(kind: str, adjusted: float, p_value: float) -> str:
    if pd.isna(adjusted):
        return ""
    if adjusted <= RATE:
        more = "children are there together more than chance has it"
        return f"{more if kind == 'location' else 'more children than chance'} ({probability(p_value)})"
    return "children are there together no more than chance has it" if kind == "location" else ""


def group(row: Mapping[str, Any], *, resamples: int, label: Mapping[str, str] | None = None) -> str:
    """Return how sure a group is: what it rests on first, then how often it comes back.

    Parameters
    ----------
    row : of `group_summary`: stability, held, rests_on, rests_on_agency; empty where not worked out.
    label : what to call a source; its id by default.
    """
    if pd.isna(row["rests_on"]):
        return ""
    rests = rests_on(row["rests_on"], row["rests_on_agency"], label=label)
    if not resamples or pd.isna(row["stability"]):
        return rests or "rests on no single report or agency"
    held = f"there in {words.number(int(row['held']))} of {words.number(resamples)} resamples"
    if rests:
        return f"{rests}; {held}"
    if row["held"] < HOLDS * resamples:
        return f"comes and goes: {held}"
    return f"{'firm' if row['stability'] >= FIRM else 'there, its edges less sure'}: {held}"


def rests_on(reports: object, agencies: object, *, label: Mapping[str, str] | None = None) -> str:
    """Return "rests on one report (S01)", or on one agency, naming each without which it would not be there; else ""."""
    named = [part for part in plain(reports).split("|") if part]
    if named:
        said = words.listing([(label or {}).get(part, part) for part in named[:3]])
        more = f" and {words.number(len(named) - 3)} more" if len(named) > 3 else ""
        one = "rests on one report" if len(named) == 1 else "rests on each of a few reports"
        return f"{one} ({said}{more})"
    named = [words.code(part) for part in plain(agencies).split("|") if part]
    return f"rests on one agency ({words.listing(named)})" if named else ""


def member(row: Mapping[str, Any], *, resamples: int) -> str:
    """Return how sure it is that someone belongs with a group: "in 96 of 100 resamples"; "" where not worked out."""
    if pd.isna(row["confidence"]):
        return ""
    said = f"with the group in {words.number(round(row['confidence'] * resamples))} of {words.number(resamples)} resamples"
    rests = rests_on(row["rests_on"], "")
    return f"{said}; {rests}" if rests else said


def source_labels(sources: pd.DataFrame) -> dict[str, str]:
    """Return what to call each source, by id: its agency, its day and its id."""
    return {
        str(source): f"{words.code(agency) or 'agency not recorded'}, {recorded}, {source}"
        for source, agency, recorded in zip(
            sources["source_id"].tolist(),
            sources["agency"].tolist(),
            words.days(sources["recorded_on"]),
            strict=True,
        )
    }
