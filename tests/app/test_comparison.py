"""Two copies of one case with known edits: every edit is found, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.comparison import compare
from mapping.access import Viewer

DAY = "2025-06-01"
GROUP = 6
EDITS = ("none", "join", "leave", "dissolve", "form", "split", "merge")


def clique(people: list[str]) -> list[tuple[str, str]]:
    return list(combinations(people, 2))


def edited(seed: int) -> tuple[dict[str, list], dict[str, list], list[tuple[str, ...]]]:
    """Two copies of a case of separate groups, and what differs between them: (kind, people of the group)."""
    rng = np.random.default_rng(seed)
    before, after, expected = [], [], []
    people: list[str] = []
    for number in range(40):
        members = [f"P{number:02}{k}" for k in range(GROUP)]
        spare = [f"P{number:02}{k}" for k in range(GROUP, GROUP + 4)]
        people += members + spare
        edit = EDITS[number % len(EDITS)]
        if edit == "none":
            now, then = [members], [members]
            expected.append(("continued", *members))
        elif edit == "join":
            joining = spare[: int(rng.integers(1, 4))]
            now, then = [members], [members + joining]
            expected += [("grown", *members), *(("joined", person) for person in joining)]
        elif edit == "leave":
            # Whom the group is named after may be among those who go.
            leaving = sorted(rng.choice(members, int(rng.integers(1, 3)), replace=False).tolist())
            now, then = [members], [[p for p in members if p not in leaving]]
            expected += [("shrunk", *members), *(("left", person) for person in leaving)]
        elif edit == "dissolve":
            now, then = [members], []
            expected.append(("dissolved", *members))
        elif edit == "form":
            now, then = [], [members]
            expected.append(("formed", *members))
        elif edit == "split":
            gone = members[4:] if rng.random() < 0.5 else members[:2]
            now, then = [members], [[p for p in members if p not in gone], gone]
            expected += [("split", *members), *(("left", person) for person in gone)]
        else:
            now, then = [members, spare], [members + spare]
            expected += [("merged", *members), *(("joined", person) for person in spare)]
        before += [pair for group in now for pair in clique(group)]
        after += [pair for group in then for pair in clique(group)]
    expected += [("link_new", *pair) for pair in set(after) - set(before)]
    expected += [("link_gone", *pair) for pair in set(before) - set(after)]
    return tables(people, before), tables(people, after), sorted(expected)


def tables(people: list[str], links: list[tuple[str, str]]) -> dict[str, list]:
    rows = [
        {"person_a": a, "person_b": b, "kind": "peer", "first_seen": DAY, "last_seen": DAY} for a, b in links
    ]
    return {
        "people": [{"person_id": person, "date_of_birth": "2012-01-01"} for person in people],
        "associations": rows,
    }


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_edit_is_found_and_nothing_else(write_case: Callable[..., Path], seed: int) -> None:
    before, after, expected = edited(seed)
    found = compare(
        write_case("before", **before), other=write_case("after", **after), earlier=None, later=None
    )
    of = found.earlier.groups.groupby("group_id")["person_id"].agg(tuple).to_dict()
    of |= {
        group: who
        for group, who in found.later.groups.groupby("group_id")["person_id"].agg(tuple).items()
        if group not in of
    }
    rows = []
    for row in found.changes.itertuples(index=False):
        if row.kind in ("joined", "left"):
            rows.append((row.kind, row.person_id))
        elif row.kind.startswith("link"):
            rows.append((row.kind, row.person_id, row.other_person_id))
        else:
            rows.append((row.kind, *of[row.group_id]))
    assert sorted(rows) == expected


def test_a_group_has_the_same_id_on_both_days_and_in_the_changes(write_case: Callable[..., Path]) -> None:
    rows = [
        {"person_a": a, "person_b": b, "kind": "peer", "first_seen": day, "last_seen": day}
        for day, group in (("2025-06-02", "ABC"), ("2025-06-06", "ABCD"))
        for a, b in combinations(group, 2)
    ]
    case = write_case(
        people=[{"person_id": person, "date_of_birth": "2012-01-01"} for person in "ABCD"], associations=rows
    )
    found = compare(case, earlier=date(2025, 6, 2), later=date(2025, 6, 6))
    on_monday = dict(found.earlier.groups[["person_id", "group_id"]].values)
    on_friday = dict(found.later.groups[["person_id", "group_id"]].values)
    assert set(on_friday.values()) == {on_monday["A"]}
    assert found.changes.query("kind == 'grown'")["group_id"].tolist() == [on_monday["A"]]
    assert found.summary["changes"] == {"grown": 1, "joined": 1, "link_new": 3, "link_renewed": 3}
    assert (found.summary["from"], found.summary["to"]) == ("2025-06-02", "2025-06-06")


def test_the_changes_are_written_whole(write_case: Callable[..., Path], tmp_path: Path) -> None:
    case = write_case(people=[{"person_id": "A", "date_of_birth": "2012-01-01"}])
    found = compare(case, earlier=None, later=None)
    found.save(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["changes.parquet", "summary.json"]
    assert pd.read_parquet(tmp_path / "out" / "changes.parquet").columns.tolist() == [
        *("kind", "group_id", "other_group_id", "person_id", "other_person_id"),
        *("contact_type", "contact_id", "detail"),
    ]


def test_a_later_day_before_the_earlier_one_is_refused(write_case: Callable[..., Path]) -> None:
    with pytest.raises(ValueError, match="The later day, 2025-01-01, is before the earlier one, 2025-02-01"):
        compare(write_case(), earlier=date(2025, 2, 1), later=date(2025, 1, 1))


def test_a_viewer_who_sees_no_people_compares_nothing(write_case: Callable[..., Path]) -> None:
    with pytest.raises(PermissionError, match="sees wards, not people"):
        compare(write_case(), earlier=None, later=None, viewer=Viewer("planner"))
