"""Put what changed between two days into the words and rows of the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from app import names, words
from app.text import markup

# What a page shows of each kind, in the order of the banner and the filter.
GROUP_KINDS: Mapping[str, str] = {
    "formed": "formed",
    "merged": "merged",
    "split": "split",
    "grown": "grew",
    "shrunk": "shrank",
    "dissolved": "are no longer one",
}
COLUMNS = ("group_id", "change", "said", "joined", "left", "size", "was")


def group_changes(
    changes: pd.DataFrame,
    now: pd.DataFrame,
    before: pd.DataFrame,
    called: Mapping[str, str],
    *,
    smallest: int,
) -> pd.DataFrame:
    """Return one row for each group that changed, those that changed most in kind first.

    Parameters
    ----------
    changes : from `mapping.change.changes`.
    now, before : person_id, group_id of the later and the earlier day.
    called : what each group is called, by group_id.
    smallest : a group has a row if it has, or had, at least so many people.

    Returns
    -------
    DataFrame of group_id (as it is now; of a group that is gone, as it was), change (a key of GROUP_KINDS),
    said (in words), joined, left (tuples of person_id), size (now), was (before).
    """
    of_groups = changes[changes["kind"].isin(GROUP_KINDS)]
    sizes, earlier = now["group_id"].value_counts(), before["group_id"].value_counts()
    known_now = _known_now(changes)
    moved = {
        kind: changes[changes["kind"] == kind].groupby("group_id")["person_id"].agg(tuple).to_dict()
        for kind in ("joined", "left")
    }
    rows = []
    for kind in GROUP_KINDS:
        for group, rest in of_groups[of_groups["kind"] == kind].groupby("group_id", sort=True):
            size = 0 if kind == "dissolved" else int(sizes.get(known_now.get(group, group), 0))
            was = 0 if kind == "formed" else int(earlier.get(group, 0))
            if max(size, was) < smallest:
                continue
            joined, left = (moved[way].get(group, ()) for way in ("joined", "left"))
            others = [called.get(other, "a pair") for other in rest["other_group_id"].dropna()]
            said = _said(kind, len(joined), len(left), others)
            rows.append((known_now.get(group, group), kind, said, joined, left, size, was))
    out = pd.DataFrame(rows, columns=list(COLUMNS))
    # A group that merged and split has one row, that of the kind named first.
    return out.drop_duplicates("group_id", ignore_index=True)


def _known_now(changes: pd.DataFrame) -> dict[str, str]:
    """Return the present id of groups that go on under another one."""
    renamed = changes[
        changes["kind"].isin(("grown", "shrunk", "continued")) & changes["other_group_id"].notna()
    ]
    return dict(zip(renamed["group_id"], renamed["other_group_id"], strict=True))


def _said(kind: str, joined: int, left: int, others: Sequence[str]) -> str:
    moves = " and ".join(
        part
        for part in (
            f"gained {words.count(joined, 'member')}" if joined else "",
            f"lost {words.number(left)}" if left else "",
        )
        if part
    )
    if kind == "merged":
        return f"took in {words.listing(list(others))}" + (f"; {moves}" if moves else "")
    if kind == "split":
        return f"split: {words.count(left, 'member')} now in {words.listing(list(others)) or 'other groups'}"
    return {"formed": "formed", "dissolved": "is no longer a group"}.get(kind, moves)


def banner(changed: pd.DataFrame, since: str) -> str:
    """Return the sentence of the banner: how many groups changed, and how."""
    if changed.empty:
        return f"No group of three or more has changed since {since}."
    counts = changed["change"].value_counts()
    parts = [
        f"{words.number(int(counts[kind]))} {said}" for kind, said in GROUP_KINDS.items() if kind in counts
    ]
    return f"Of the groups of three or more, since {since}: {words.listing(parts)}."


def contact_changes(changes: pd.DataFrame) -> pd.DataFrame:
    """Return the shared contacts that reached another group, one row each: contact_type, contact_id, groups (tuple)."""
    reached = changes[changes["kind"] == "contact_reached_group"]
    out = reached.groupby(["contact_type", "contact_id"])["group_id"].agg(tuple).rename("groups")
    return out.reset_index()


def since_html(changed: pd.DataFrame, group_id: str, label: pd.Series, since: str) -> list[str]:
    """Return what changed in one group as rows of HTML; nothing where nothing did."""
    rows = changed[changed["group_id"] == group_id]
    if rows.empty:
        return []
    row = rows.iloc[0]
    said = [f"<b>Since {markup(since)}</b> it {markup(row['said'])}."]
    for way, verb in (("joined", "Joined"), ("left", "Left")):
        if row[way]:
            who = words.listing([names.label_of(person, label) for person in row[way]])
            said.append(f"{verb}: {markup(who)}.")
    return [f'<div class="cm-row">{" ".join(said)}</div>']
