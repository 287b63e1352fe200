"""Set the numbers of a problem profile beside those of earlier periods."""

from __future__ import annotations

from collections.abc import Mapping

from app import profile, words
from app.documents.paper import Grid
from app.documents.profile_section import Section
from app.profile import Scope, said
from mapping.periods import Period

PARTS = ("Children missing more than once", "Return interviews held", "Return interviews within 72 hours")
"""Numbers that are part of another: the rest of it may be few."""


def comparison(scope: Scope) -> Section:
    """Set the numbers beside those of earlier periods, as far as the records reach."""
    spans = profile.previous(scope.period)
    if scope.wide:
        # Periods that overlap could be subtracted from each other.
        spans = {name: spans[name] for name in ("the period asked about", "as long before it")}
    numbers = {
        span: profile.count(scope, span).counted for span in set(spans.values()) if scope.has_data(span)
    }
    counted = {name: numbers[span] for name, span in spans.items() if span in numbers}
    columns = _each_once(spans)
    rows = [
        [what, *(said(counted[name][what], scope.wide) if name in counted else ":" for name in columns)]
        for what in profile.COUNTED.values()
        if not (scope.wide and what in PARTS)
    ]
    heads = [f"{name[:1].upper()}{name[1:]} ({words.span(span.since, span.until)})" for name, span in columns.items()]  # fmt: skip
    sentences = _changes(spans, counted, ends=scope.period.until == scope.analysis.as_of)
    out = [name for name in columns if name not in counted]
    if out:
        sentences.append(
            f"The records begin on {words.day(scope.begins)}: there is nothing to show for {words.listing(out)} (“:”)."
        )
    sentences.append(
        "More on record can be more harm, or more agencies who look and write down. Episodes of one child come in runs: compare children as well."
    )
    figures = {f"{what}, {name}": said(counted[name][what], scope.wide) for name in counted for what in ("Referrals", "Children missing", "Incidents")}  # fmt: skip
    grid = Grid(["What", *heads], rows, "Earlier periods", (2, *[1.4] * len(heads)))
    return Section(figures, tuple(sentences), (grid,))


def _each_once(spans: Mapping[str, Period]) -> dict[str, Period]:
    """Return each period under the first of its names: of twelve months, several are the same."""
    names: dict[Period, str] = {}
    for name, span in spans.items():
        names.setdefault(span, name)
    return {name: span for span, name in names.items()}


def _changes(
    spans: Mapping[str, Period], counted: Mapping[str, Mapping[str, int]], *, ends: bool
) -> list[str]:
    """Say whether the last 12 months differ from those before by more than chance, for what does not come in runs."""
    now, before = "the last 12 months", "the 12 months before"
    if now not in counted or before not in counted:
        return []
    days = [(spans[name].until - spans[name].since).days + 1 for name in (now, before)]
    # A profile of an earlier time is not of the last 12 months of anything a reader knows of.
    when = now if ends else f"the 12 months to {words.day(spans[now].until)}"
    return [
        _change(what, when, counted[now][what], counted[before][what], days[0] / sum(days))
        for what in ("Referrals", "Children missing", "Incidents")
    ]


def _change(what: str, when: str, now: int, before: int, share: float) -> str:
    from scipy.stats import binomtest

    text = f"{what} in {when}: {words.number(now)}, in the 12 months before {words.number(before)}"
    if not now + before:
        return f"{text}."
    explained = binomtest(now, now + before, share).pvalue >= 0.05
    return f"{text}; {'chance could explain that' if explained else 'more of a difference than chance explains'}."
