"""Write the ties between children and the adults around them, those who keep them safe and those who harm them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mapping.synthetic.adults import of_part
from mapping.synthetic.calendar import days_between
from mapping.synthetic.calibration import AS_OF, Floats, Ints, Texts
from mapping.synthetic.evidence import Evidence
from mapping.synthetic.gatherings import add_event, add_participation
from mapping.synthetic.peers import add_associations


def add_adults(evidence: Evidence, adults: pd.DataFrame, children: Ints, where: Floats) -> None:
    """Add adults of concern, workers, coaches and relatives of one to four children each.

    Args:
        evidence: filled.
        adults: from `build_adults`.
        children: whom adults may be tied to; neighbours in this order are tied to the same adult.
        where: easting and northing of each child's home.
    """
    rng = evidence.rng
    a, b = _tied(rng, of_part(adults, "concern"), children, 3)
    _add(evidence, a, b, _same("exploitation", a), _same("harmful", a), "harm")
    _harm_events(evidence, a, b, where)
    a, b = _tied(rng, of_part(adults, "worker"), children, 4)
    _add(
        evidence, a, b, np.where(a % 3 == 0, "school", "other").astype(object), _same("protective", a), "safe"
    )
    _at_contacts(evidence, of_part(adults, "worker"))
    a, b = _tied(rng, of_part(adults, "relative"), children, 2)
    _add(
        evidence,
        a,
        b,
        _same("family", a),
        np.where(b % 4 == 0, "neutral", "protective").astype(object),
        "safe",
    )


def _at_contacts(evidence: Evidence, workers: Ints) -> None:
    """Let each worker be at one outreach contact or none, as somebody who protects."""
    events = evidence.frame("events")
    contacts = evidence.rng.permutation(np.flatnonzero(events["kind"] == "contact"))[: len(workers)]
    worker = workers[: len(contacts)]
    source = events["source"].to_numpy()[contacts]
    add_participation(evidence, contacts, worker, _same("protective", worker), source)


def add_siblings(evidence: Evidence, people: pd.DataFrame) -> None:
    """Add brothers and sisters."""
    younger = np.flatnonzero(people["sibling_of"] >= 0)
    elder = people["sibling_of"].to_numpy()[younger]
    nature = np.where(younger % 3 == 0, "neutral", "protective").astype(object)
    _add(evidence, elder, younger, _same("family", younger), nature, "family")


def add_contradictions(evidence: Evidence, count: int) -> None:
    """Let an intelligence report call harmful what somebody else called a friendship, for a few pairs."""
    table = evidence.frame("associations")
    good = table[(table["kind"] == "peer") & table["nature"].isin(["neutral", "protective"])]
    chosen = good.iloc[evidence.rng.permutation(len(good))[:count]]
    a, b = chosen["person_a"].to_numpy(), chosen["person_b"].to_numpy()
    _add(evidence, a, b, _same("group", a), _same("harmful", a), "contradiction")


def _same(word: str, like: Ints) -> Texts:
    return np.full(len(like), word, dtype=object)


def _tied(rng: np.random.Generator, adult: Ints, children: Ints, most: int) -> tuple[Ints, Ints]:
    """Tie each adult to one to `most` children who stand next to each other."""
    size = np.minimum(rng.integers(1, most + 1, len(adult)), len(children))
    first = rng.integers(0, np.maximum(1, len(children) - size + 1))
    a = np.repeat(adult, size)
    step = pd.Series(a).groupby(a).cumcount().to_numpy()
    return a, children[np.repeat(first, size) + step] if len(children) else a[:0]


def _add(evidence: Evidence, a: Ints, b: Ints, kind: Texts, nature: Texts, topic: str) -> None:
    first = days_between(evidence.rng, np.full(len(a), np.datetime64("2024-01-01")), AS_OF - 10)
    add_associations(evidence, a, b, kind, nature, first, topic)


def _harm_events(evidence: Evidence, a: Ints, b: Ints, where: Floats) -> None:
    """Add for half of these ties an event in which the adult harmed the child."""
    rng = evidence.rng
    rows = np.sort(rng.permutation(len(a))[: len(a) // 2])
    adult, child = a[rows], b[rows]
    date = days_between(rng, np.full(len(rows), np.datetime64("2024-03-01")), AS_OF - 2)
    source = evidence.cite("harm", date, child, np.full(len(rows), -1))
    at = np.round(where[child] + rng.normal(0, 300, (len(rows), 2)))
    said = _same("Adult said to have harmed a child", child)
    kind, nowhere = _same("intelligence", child), np.full(len(rows), -1)
    event = add_event(evidence, kind=kind, date=date, place=nowhere, at=at, source=source, summary=said)
    add_participation(evidence, event, adult, _same("adult_of_concern", adult), source)
    add_participation(evidence, event, child, _same("harmed", child), source)
