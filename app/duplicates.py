"""Answer the Duplicates page: which pairs may be one person, how they compare, what each is tied to, what was decided."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from app import data, kinds, log, state, words
from app.data import Loaded, kept
from app.names import labels as person_labels
from app.text import markup, plain
from mapping.access import ROLES, Viewer, may_read, visible
from mapping.codes import load_codes
from mapping.comparisons import NOT_RECORDED, PEOPLE
from mapping.duplicates import FAR_WEIGHT, THRESHOLD_WEIGHT, judged, with_contradictions
from mapping.judgements import judge, load_judgements
from mapping.merging import clusters, identities, not_merged
from mapping.records import Records
from mapping.scope import at_date
from mapping.store import open_store, store_url

# From so many bits on, what is said of a pair as a whole.
STRENGTHS = (
    (12.0, "nearly everything recorded agrees"),
    (6.0, "much agrees"),
    (2.0, "some agrees"),
    (0.0, "could be either"),
)
DECISIONS: Mapping[str, str] = {
    "same": "one person",
    "different": "two people",
    "unsure": "not sure yet",
    "withdrawn": "decision taken back",
    "": "nobody has decided",
}
FILTERS = ("To decide", "Decided", "All")
KEPT = "Kept:"
NOT_TOLD = "The reason is for analysts."
TOO_FAR = "too far apart to be weighed"
# Characters of the shortest reason.
SHORTEST = 4
# What a record says, with the comparison it goes into (none: shown, not compared).
FIELDS: Mapping[str, tuple[str, str]] = {
    "given_name": ("Given name", "given_name"),
    "family_name": ("Family name", "family_name"),
    "date_of_birth": ("Date of birth", "date_of_birth"),
    "home_postcode": ("Home postcode", "home_postcode"),
    "sex": ("Sex", "sex"),
    "ethnicity": ("Ethnicity", ""),
    "responsible_authority": ("Responsible authority", ""),
    "care_status": ("Care status", ""),
}
NAMED = ("given_name", "family_name", "date_of_birth", "home_postcode")
"""What is shown with full names only."""


@kept
def unmerged(loaded: Loaded) -> Records:
    """Return what this viewer may see and the hub knew by the day, with nobody merged."""
    if loaded.work.reading.records is None:
        msg = "The case has not been read."
        raise RuntimeError(msg)
    records = loaded.work.reading.records.branch()
    weakref.finalize(loaded.work, records.forget)
    return at_date(visible(records, loaded.question.viewer), loaded.analysis.as_of)


@kept
def people(loaded: Loaded) -> pd.DataFrame:
    """Return everyone as recorded, on person_id."""
    return unmerged(loaded).table("people").set_index("person_id", drop=False)


@kept
def labels(loaded: Loaded, shown: bool) -> pd.Series:
    """Return what to call everyone as recorded, merged or not, on person_id."""
    return person_labels(people(loaded).reset_index(drop=True), names=shown)


@kept
def merged(loaded: Loaded) -> dict[str, list[str]]:
    """Return the ids of the further records that are read as one person, by the id that stands for them all."""
    found = loaded.analysis.settings.identities
    together: dict[str, list[str]] = {}
    for other, top in clusters(found, people(loaded).index).merged.items() if found.same else ():
        together.setdefault(top, []).append(other)
    return {top: sorted(others) for top, others in together.items()}


def found_by(label: pd.Series, together: Mapping[str, list[str]]) -> pd.Series:
    """Return labels in which a person can be found by the id of every record that is read as them."""
    also = {
        person: f"{label[person]}, also {words.listing(others)}"
        for person, others in together.items()
        if person in label.index
    }
    return label.mask(label.index.isin(also), pd.Series(also, dtype=object)) if also else label


def read_as_one(person_id: str, together: Mapping[str, list[str]]) -> list[str]:
    """Return the sentence that says which records are read as one person; none where it is one record."""
    if person_id not in together:
        return []
    listed = words.listing([person_id, *together[person_id]])
    return [f"{listed} are read as one person, as was decided on the Duplicates page."]


@kept
def suggested(loaded: Loaded) -> pd.DataFrame:
    """Return every pair that comes near to being one person, with what says that they were two, the closest first."""
    return with_contradictions(unmerged(loaded), data.pairs(loaded))


def asked(pairs: pd.DataFrame, standing: pd.DataFrame, known: Iterable[str] = ()) -> pd.DataFrame:
    """Return the pairs that are close enough to ask about, and those that somebody has decided about, marked.

    Parameters
    ----------
    pairs : from `suggested`.
    standing : from `decisions`.
    known : the ids in the case; a decision about two of them is shown however far apart they are.
    """
    there = set(known)
    near = set(zip(pairs["person_a"], pairs["person_b"], strict=True))
    decided = zip(standing["person_a"], standing["person_b"], strict=True)
    far = [_far(*pair) for pair in decided if there.issuperset(pair) and pair not in near]
    if far:
        pairs = pd.concat([pairs, pd.DataFrame(far, columns=pairs.columns)], ignore_index=True)
    marked = judged(pairs, standing)
    near = marked["match_weight"] >= THRESHOLD_WEIGHT
    return marked[near | (marked["judgement"] != "")].reset_index(drop=True)


def _far(person_a: str, person_b: str) -> dict[str, object]:
    """Return a pair that is too far apart to have been weighed, as a row of `suggested`."""
    said: dict[str, object] = {comparison.name: TOO_FAR for comparison in PEOPLE}
    bits = {f"{comparison.name}_bits": 0.0 for comparison in PEOPLE}
    weight = {"match_weight": FAR_WEIGHT, "match_probability": 0.0, "prior_bits": FAR_WEIGHT}
    return {"person_a": person_a, "person_b": person_b, **weight, **said, **bits, "linked_otherwise": ""}


def contradictions(loaded: Loaded, standing: pd.DataFrame) -> list[str]:
    """Return one sentence for each cluster of records about which decisions contradict each other."""
    found = clusters(identities(standing), people(loaded).index)
    return [not_merged(*each) for each in found.contradicted]


def decisions(history: bool = False) -> pd.DataFrame:
    """Return the decisions about the case that stand, or all there were, as they are kept now.

    A reason that somebody gave who sees restricted reports may rest on them, and is for those only who see them too.
    """
    found = load_judgements(store_url(data.case_folder()), history=history)
    readable = found["by"].map(_may_read_reason).astype(bool)
    return found.assign(why=found["why"].where(readable, NOT_TOLD))


def _may_read_reason(by: str) -> bool:
    """Say whether this role may read the reason of whoever decided, who is kept as `decide` writes it: name and role."""
    label = by.rpartition(", ")[2]
    role = next((role.name for role in ROLES.values() if role.label == label), "")
    return may_read({"role": role}, Viewer(state.role()))


def decide(person_a: str, person_b: str, judgement: str, after: int) -> None:
    """Keep what the user has decided of two records, with their name and reason (for callbacks).

    Parameters
    ----------
    after : the turn of the decision the user saw, 0 where there was none.
    """
    if len(state.why()) < SHORTEST or not state.user():
        state.say_once("Type your name and a reason first: a few words are enough.")
        return
    by = f"{state.user()}, {ROLES[state.role()].label}"
    try:
        with open_store(store_url(data.case_folder())) as store:
            judge(store, person_a, person_b, judgement, by=by, why=state.why(), after=after)
    except (OSError, ValueError) as error:
        state.say_once(log.said(error))
        return
    state.forget_why()
    after_it = (
        "The two are compared again as they were before."
        if judgement == "withdrawn"
        else "It is in the list below, and can be taken back."
    )
    state.say_once(f"{KEPT} {person_a} and {person_b}, {DECISIONS[judgement]}. {after_it}")


def turn(history: pd.DataFrame, person_a: str, person_b: str) -> tuple[int, pd.Series | None]:
    """Return the turn of the latest decision about two records, and the decision where one stands."""
    about = history[(history["person_a"] == person_a) & (history["person_b"] == person_b)]
    if about.empty:
        return 0, None
    last = about.iloc[-1]
    return int(last["turn"]), None if last["judgement"] == "withdrawn" else last


def listed(pairs: pd.DataFrame, which: str, label: Mapping[str, str]) -> pd.DataFrame:
    """Return pairs as rows of the page, put into words.

    Parameters
    ----------
    pairs : from `asked`.
    which : one of FILTERS.
    label : what to call each person.
    """
    done = pairs["judgement"].isin(["same", "different"])
    out = pairs[{"To decide": ~done, "Decided": done, "All": done | ~done}[which]]
    return out.assign(
        pair=[f"{a}|{b}" for a, b in zip(out["person_a"], out["person_b"], strict=True)],
        one=[label.get(person, person) for person in out["person_a"]],
        other=[label.get(person, person) for person in out["person_b"]],
        strength=[strength(weight) for weight in out["match_weight"]],
        differs=[differing(row) for row in out.to_dict("records")],
        decided=[DECISIONS[judgement] for judgement in out["judgement"]],
    ).reset_index(drop=True)


def strength(weight: float) -> str:
    """Return in words how much of two records agrees, from its weight in bits."""
    return next((said for least, said in STRENGTHS if weight >= least), "little agrees")


def differing(row: Mapping[Any, Any]) -> str:
    """Return in words everything in which two records do not simply agree."""
    parts = []
    for comparison in PEOPLE:
        said = row[comparison.name]
        if said == TOO_FAR:
            return TOO_FAR
        if said not in ("the same", NOT_RECORDED):
            parts.append(f"{comparison.label}: {said}")
    return "; ".join(parts) or "nothing that is recorded in both"


def answer(pairs: pd.DataFrame) -> str:
    """Return the sentence that answers the page, from the pairs of `asked`."""
    waiting = int((~pairs["judgement"].isin(["same", "different"])).sum())
    same = int((pairs["judgement"] == "same").sum())
    if pairs.empty:
        start = "No two records are close enough to ask whether they are of one person"
    elif waiting == 1:
        start = "1 pair of records may be of one person and waits for a decision"
    elif waiting:
        start = f"{words.number(waiting)} pairs of records may be of one person and wait for a decision"
    elif len(pairs) == 1:
        start = "The one pair that may be of one person has been decided"
    else:
        start = f"All {words.number(len(pairs))} pairs that may be of one person have been decided"
    merged = f"; of {words.count(same, 'pair')} somebody decided that they are one person" if same else ""
    return f"{start}{merged}. The machine suggests, a person decides."


def side_by_side(found: pd.DataFrame, row: Mapping[Any, Any], *, shown: bool) -> pd.DataFrame:
    """Return two records field by field: field, one, other, said (what the comparison says of them).

    Parameters
    ----------
    found : the two records, on person_id.
    row : the pair, one row of `suggested`.
    shown : whether full names are; without them names, dates of birth and addresses are left out.
    """
    one, other = found.loc[row["person_a"]], found.loc[row["person_b"]]
    rows = []
    for column, (field, comparison) in FIELDS.items():
        values = [_value(column, each[column]) for each in (one, other)]
        if not any(values):
            continue
        said = str(row[comparison]) if comparison else _plainly(*values)
        if column in NAMED and not shown:
            values = ["recorded" if value else "" for value in values]
        rows.append((field, values[0] or "not recorded", values[1] or "not recorded", said))
    return pd.DataFrame(rows, columns=["field", "one", "other", "said"])


def _plainly(one: str, other: str) -> str:
    if not one or not other:
        return NOT_RECORDED
    return "the same" if one == other else "different"


def _value(column: str, value: Any) -> str:
    """Return one value of a record as it is shown; "" where it is not recorded."""
    if value is None or pd.isna(value):
        return ""
    if column == "date_of_birth":
        return words.day(value)
    lists = load_codes().lists
    return str(lists[column].get(plain(value), plain(value))) if column in lists else plain(value)


def weights(row: Mapping[Any, Any]) -> pd.DataFrame:
    """Return the match weight of a pair by comparison: what, said, bits; the start first, the sum last."""
    rows = [("To begin with", "two people drawn at random are hardly ever one", row["prior_bits"])]
    rows += [
        (comparison.label.capitalize(), row[comparison.name], row[f"{comparison.name}_bits"])
        for comparison in PEOPLE
    ]
    rows.append(("Together", strength(row["match_weight"]), row["match_weight"]))
    return pd.DataFrame(rows, columns=["what", "said", "bits"])


def weights_html(table: pd.DataFrame) -> str:
    """Return match weights as a table with bars: to the right what speaks for one person, to the left what speaks against."""
    widest = max(float(table["bits"].abs().max()), 1.0)
    rows = []
    for place, (what, said, bits) in enumerate(zip(table["what"], table["said"], table["bits"], strict=True)):
        width = 50 * abs(bits) / widest
        left, colour = (50.0, kinds.BLUE) if bits >= 0 else (50.0 - width, kinds.ORANGE)
        last = (
            f' style="border-top:2px solid {kinds.QUIET};font-weight:650"' if place == len(table) - 1 else ""
        )
        rows.append(
            f"<tr{last}><th scope='row' style='text-align:left;font-weight:inherit;padding:.2rem .6rem .2rem 0'>{markup(what)}</th>"
            f"<td style='padding-right:.6rem'>{markup(said)}</td>"
            f"<td class='cm-figure' style='text-align:right;padding-right:.6rem'>{bits:+.1f}</td>"
            f"<td style='width:38%' aria-hidden='true'><div style='position:relative;height:.8rem;background:linear-gradient({kinds.BORDER},{kinds.BORDER}) center/1px 100% no-repeat'>"
            f"<div style='position:absolute;height:100%;left:{left:.1f}%;width:{width:.1f}%;background:{colour}'></div></div></td></tr>"
        )
    head = (
        "<tr>"
        + "".join(
            f"<th scope='col' style='text-align:left;padding-right:.6rem' class='cm-quiet'>{name}</th>"
            for name in (
                "Compared",
                "What the two records say",
                "Weight",
                "Against &nbsp;|&nbsp; for one person",
            )
        )
        + "</tr>"
    )
    return f"<table style='width:100%;border-collapse:collapse'><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


@kept
def tied(loaded: Loaded, person_id: str) -> pd.DataFrame:
    """Return what one record is tied to, the newest first: how, what, other (a person), first, last, agency."""
    with unmerged(loaded).connection.cursor() as cursor:
        query = _TIED.format_map(unmerged(loaded).tables)
        return cursor.execute(query, {"person": person_id}).df()


_TIED = """WITH me AS (SELECT person_n FROM {people} WHERE person_id = $person),
    ties AS (
        SELECT 'associations' AS how, a.kind AS what, CASE WHEN a.person_a_n = me.person_n THEN a.person_b_n ELSE a.person_a_n END AS other_n,
            a.first_seen AS first, a.last_seen AS last, a.source_n
        FROM {associations} a JOIN me ON me.person_n IN (a.person_a_n, a.person_b_n)
        UNION ALL SELECT 'participation', e.kind || ': ' || p.role, NULL, CAST(e.started_at AS DATE), CAST(e.started_at AS DATE),
            coalesce(p.source_n, e.source_n) FROM {participation} p JOIN me USING (person_n) JOIN {events} e USING (event_n)
        UNION ALL SELECT 'presence', coalesce(l.name, l.kind), NULL, CAST(p.seen_at AS DATE), CAST(p.seen_at AS DATE), p.source_n
            FROM {presence} p JOIN me USING (person_n) JOIN {locations} l USING (location_n)
        UNION ALL SELECT 'thing_use', coalesce(t.label, t.kind), NULL, u.first_seen, u.last_seen, coalesce(u.source_n, t.source_n)
            FROM {thing_use} u JOIN me USING (person_n) JOIN {things} t USING (thing_n)
        UNION ALL SELECT 'missing', count(*) || '', NULL, min(CAST(m.reported_at AS DATE)), max(CAST(m.reported_at AS DATE)), NULL
            FROM {missing} m JOIN me USING (person_n) HAVING count(*) > 0
        UNION ALL SELECT 'placements', coalesce(l.name, l.kind), NULL, p.started_on, p.ended_on, p.source_n
            FROM {placements} p JOIN me USING (person_n) JOIN {locations} l USING (location_n)
        UNION ALL SELECT 'referrals', coalesce(r.concern, ''), NULL, r.received_on, r.received_on, r.source_n
            FROM {referrals} r JOIN me USING (person_n))
    SELECT t.how, t.what, o.person_id AS other, t.first, t.last, s.agency FROM ties t
    LEFT JOIN {people} o ON o.person_n = t.other_n LEFT JOIN {sources} s ON s.source_n = t.source_n
    ORDER BY coalesce(t.last, t.first) DESC NULLS LAST, t.how, t.what, other, agency"""

TIES = {
    "associations": "Stated to know",
    "participation": "At an event",
    "presence": "Seen at",
    "thing_use": "Used",
    "missing": "Missing",
    "placements": "Placed at",
    "referrals": "Referred",
}


def tied_html(ties: pd.DataFrame, label: Mapping[str, str], *, most: int = 8) -> str:
    """Return what one record is tied to as a short list, its text escaped."""
    if ties.empty:
        return '<p class="cm-quiet">Nothing else on record is tied to it.</p>'
    rows = [
        f'<div class="cm-row"><b>{TIES[row["how"]]}</b> {markup(_tie(row, label), limit=90)}'
        f'<div class="cm-quiet">{words.span(row["first"], row["last"])}{_by(row["agency"])}</div></div>'
        for row in ties.head(most).to_dict("records")
    ]
    more = len(ties) - most
    rest = f'<p class="cm-quiet">and {words.number(more)} more</p>' if more > 0 else ""
    return "".join(rows) + rest


def _by(agency: object) -> str:
    said = words.code(agency)
    return f" · {markup(said)}" if said else ""


def _tie(row: Mapping[Any, Any], label: Mapping[str, str]) -> str:
    codes, what = load_codes(), plain(row["what"])
    if row["how"] == "associations":
        other = plain(row["other"])
        return f"{label.get(other, other)}: {codes.meaning('association_kind', what)}"
    if row["how"] == "participation":
        kind, role = what.split(": ", 1)
        return f"{codes.meaning('event_kind', kind)}, {codes.meaning('role', role)}"
    if row["how"] == "missing":
        return words.count(int(what), "episode")
    return codes.meaning("concern", what) if row["how"] == "referrals" else what


def told(history: pd.DataFrame, label: Mapping[str, str]) -> pd.DataFrame:
    """Return decisions as rows of the page, the newest first: one, other, decided, by, at, why, stands."""
    out = history.sort_values(["at", "person_a", "person_b", "turn"], ascending=[False, True, True, False])
    return pd.DataFrame(
        {
            "one": [label.get(person, person) for person in out["person_a"]],
            "other": [label.get(person, person) for person in out["person_b"]],
            "decided": [DECISIONS[judgement] for judgement in out["judgement"]],
            "by": out["by"].to_list(),
            "at": out["at"].dt.tz_convert("Europe/London").dt.tz_localize(None).to_list(),
            "why": out["why"].to_list(),
            "stands": [
                "stands" if pd.isna(later) else f"until {words.day(later)}" for later in out["superseded_at"]
            ],
        }
    )
