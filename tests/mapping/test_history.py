from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

from mapping import groups as module
from mapping.evidence import mentions
from mapping.groups import groups
from mapping.history import months, read_past
from mapping.links import build_links
from mapping.people import age_bands
from mapping.records import read_case
from mapping.scope import at_date

Tables = dict[str, object]
WriteCase = Callable[..., Path]


def names_on(case: Path, day: str) -> dict[frozenset[str], str]:
    """The groups of two or more on a day, and what each is called."""
    as_of = date.fromisoformat(day)
    records = at_date(read_case(case), as_of)
    bands = age_bands(records, as_of)
    links = build_links(mentions(records, as_of=as_of), as_of=as_of)
    table = groups(links, bands)
    members = records.sql(f"SELECT person_id, group_id FROM {table} JOIN {{people}} USING (person_n)").df()
    found = {frozenset(rows): name for name, rows in members.groupby("group_id")["person_id"]}
    return {who: name for who, name in found.items() if len(who) > 1}


def named(*people: str) -> str:
    """The documented name, worked out apart from the code."""
    return "g" + hashlib.md5("\x1f".join(sorted(people)).encode()).hexdigest()[:12]


def known(day: str, *people: str) -> list[dict[str, str]]:
    """Everybody with everybody, known from a day."""
    return [
        {"person_a": a, "person_b": b, "kind": "peer", "first_seen": day, "last_seen": day}
        for a, b in combinations(people, 2)
    ]


def children(*people: str) -> pd.DataFrame:
    return pd.DataFrame({"person_id": list(people), "date_of_birth": ["2012-01-01"] * len(people)})


def test_a_group_keeps_its_name_when_someone_joins(write_case: WriteCase) -> None:
    case = write_case(
        people=children("A", "B", "C", "D"),
        associations=[*known("2025-03-03", "A", "B", "C"), *known("2025-03-06", "A", "B", "C", "D")],
    )
    assert names_on(case, "2025-03-03") == {frozenset("ABC"): named("A", "B")}
    assert names_on(case, "2025-03-07") == {frozenset("ABCD"): named("A", "B")}
    assert names_on(case, "2025-06-01") == {frozenset("ABCD"): named("A", "B")}


def test_an_older_acquaintance_who_joins_in_the_same_month_does_not_rename_the_group(
    write_case: WriteCase,
) -> None:
    """B and C were found linked on Monday; on Friday A joins, who had known B, weakly, for years."""
    faint = [{"person_a": "A", "person_b": "B", "kind": "peer", "first_seen": "2020-01-01"}]
    case = write_case(
        people=children("A", "B", "C"),
        associations=[
            *(row | {"last_seen": "2020-01-01"} for row in faint),
            *known("2025-03-03", "B", "C"),
            *known("2025-03-07", "A", "B", "C"),
        ],
    )
    assert names_on(case, "2025-03-03") == {frozenset("BC"): named("B", "C")}
    assert names_on(case, "2025-03-07") == {frozenset("ABC"): named("B", "C")}
    assert names_on(case, "2025-04-20") == {frozenset("ABC"): named("B", "C")}


def test_a_group_keeps_its_name_when_those_it_is_named_after_leave(write_case: WriteCase) -> None:
    """A and B made the group; by 2026 nothing recent ties them to anyone, and the other four go on."""
    met = [f"{year}-{month}-10" for year in range(2022, 2026) for month in ("05", "11")]
    case = write_case(
        people=children(*"ABCDEF"),
        associations=[
            *known("2022-01-10", "A", "B"),
            *known("2022-02-10", *"ABCDEF"),
            *(row for day in met for row in known(day, *"CDEF")),
        ],
    )
    assert names_on(case, "2022-03-20") == {frozenset("ABCDEF"): named("A", "B")}
    assert names_on(case, "2026-01-01") == {frozenset("CDEF"): named("A", "B")}


def test_when_groups_merge_the_larger_keeps_its_name(write_case: WriteCase) -> None:
    case = write_case(
        people=children(*"ABCDEFG"),
        associations=[
            *known("2025-01-05", "A", "B", "C"),
            *known("2025-02-05", "D", "E", "F", "G"),
            *known("2025-05-05", *"ABCDEFG"),
        ],
    )
    assert names_on(case, "2025-04-20") == {
        frozenset("ABC"): named("A", "B"),
        frozenset("DEFG"): named("D", "E"),
    }
    assert names_on(case, "2025-05-20") == {frozenset("ABCDEFG"): named("D", "E")}


def test_a_name_does_not_change_with_what_is_known_about_others(write_case: WriteCase) -> None:
    ours = [*known("2025-01-05", "A", "B", "C"), *known("2025-06-05", "A", "C", "D")]
    others = [row for month in range(1, 7) for row in known(f"2025-0{month}-17", "X", "Y", "Z")]
    alone = write_case("alone", people=children(*"ABCD"), associations=ours)
    among = write_case("among", people=children(*"XYZABCD"), associations=[*others, *ours])
    assert names_on(alone, "2025-07-01").items() <= names_on(among, "2025-07-01").items()


def test_a_large_network_is_named_after_the_links_that_began_first(
    write_case: WriteCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FOLLOWED_UP_TO", 2)
    case = write_case(
        people=children(*"ABCDE"),
        associations=[
            *known("2025-02-05", "A", "B", "C"),
            *known("2025-01-05", "B", "C"),
            *known("2025-01-05", "D", "E"),
        ],
    )
    assert names_on(case, "2025-03-01") == {
        frozenset("ABC"): named("B", "C"),
        frozenset("DE"): named("D", "E"),
    }


def test_the_months_between_the_first_thing_known_and_the_day(write_case: WriteCase) -> None:
    case = write_case(people=children("A", "B"), associations=known("2025-01-31", "A", "B"))
    as_of = date(2025, 4, 1)
    records = read_case(case)
    links = build_links(mentions(records, as_of=as_of), as_of=as_of)
    past = read_past(links, age_bands(records, as_of))
    days = [date(1970, 1, 1).toordinal() + day for day in months(past, as_of.toordinal() - 719163)]
    assert [date.fromordinal(day).isoformat() for day in days] == ["2025-02-01", "2025-03-01"]


def test_an_item_is_known_from_the_day_its_source_was_recorded(write_case: WriteCase) -> None:
    case = write_case(
        people=children("A", "B"),
        sources=[{"source_id": "S1", "kind": "school", "recorded_on": "2025-03-05"}],
        associations=[row | {"source_id": "S1"} for row in known("2025-01-31", "A", "B")],
    )
    records = read_case(case)
    as_of = date(2025, 4, 1)
    links = build_links(mentions(records, as_of=as_of), as_of=as_of)
    past = read_past(links, age_bands(records, as_of))
    assert past.known_day.tolist() == [(date(2025, 3, 5) - date(1970, 1, 1)).days]
    assert past.last_day.tolist() == [(date(2025, 1, 31) - date(1970, 1, 1)).days]
