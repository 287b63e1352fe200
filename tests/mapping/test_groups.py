from __future__ import annotations

import hashlib
from datetime import date
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score

from mapping import groups as module
from mapping.evidence import mentions
from mapping.groups import groups, groups_query, summary_query
from mapping.links import build_links
from mapping.people import age_bands
from mapping.records import read_case
from mapping.scope import latest_date

AS_OF = "2025-06-30"


def found_in(case: Path, **options: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The `groups` and `group_summary` results of a case."""
    records = read_case(case)
    as_of = latest_date(records)
    bands = age_bands(records, as_of)
    links = build_links(mentions(records, as_of=as_of), as_of=as_of)
    table = groups(links, bands, **options)
    members = records.sql(f"{groups_query(table)} ORDER BY 1").df()
    return members, records.sql(f"{summary_query(table, links)} ORDER BY 1").df()


def as_sets(members: pd.DataFrame) -> set[frozenset[str]]:
    return {frozenset(rows) for _, rows in members.groupby("group_id")["person_id"]}


def clique(*people: str) -> list[dict[str, str]]:
    return [
        {"person_a": a, "person_b": b, "kind": "peer", "last_seen": AS_OF} for a, b in combinations(people, 2)
    ]


def born(**people: str) -> pd.DataFrame:
    return pd.DataFrame({"person_id": list(people), "date_of_birth": list(people.values())})


def identity(*founders: str) -> str:
    """The documented group_id, worked out apart from the code: the two whose link was known first, or who is alone."""
    return "g" + hashlib.md5("\x1f".join(sorted(founders)).encode()).hexdigest()[:12]


def test_every_child_has_a_row_and_an_adult_merges_nobody(write_case) -> None:
    """A (40) knows both pairs; Y (20) is a young peer; U has no date of birth; L is linked to nobody."""
    case = write_case(
        people=born(
            A="1985-01-01",
            C1="2010-01-01",
            C2="2010-01-01",
            C3="2010-01-01",
            C4="2010-01-01",
            L="2012-01-01",
            U="",
            Y="2005-01-01",
            Z="2004-01-01",
        ),
        associations=[
            *clique("C1", "C2", "Y"),
            *clique("C3", "C4", "U"),
            *(
                {"person_a": "A", "person_b": c, "kind": "other", "last_seen": AS_OF}
                for c in ("C1", "C2", "C3", "C4")
            ),
        ],
    )
    members, summary = found_in(case)
    first, second, alone = identity("C1", "C2"), identity("C3", "C4"), identity("L")
    assert members[["confidence", "rests_on"]].isna().all(axis=None)  # nobody asked for them
    assert members[["person_id", "group_id", "age_band"]].values.tolist() == [
        ["C1", first, "child"],
        ["C2", first, "child"],
        ["C3", second, "child"],
        ["C4", second, "child"],
        ["L", alone, "child"],
        ["U", second, "unknown_age"],
        ["Y", first, "young_adult"],
    ]
    columns = ["group_id", "size", "children", "young_adults", "unknown_age", "links"]
    assert summary[columns].values.tolist() == sorted(
        [[first, 3, 2, 1, 0, 3], [second, 3, 2, 0, 1, 3], [alone, 1, 1, 0, 0, 0]]
    )
    by_id = summary.set_index("group_id")
    assert by_id.loc[first, "density"] == 1.0
    assert by_id.loc[[alone], ["density", "first_seen", "last_seen"]].isna().all(axis=None)
    assert by_id.loc[first, "last_seen"] == pd.Timestamp(AS_OF)


def test_density_is_the_share_of_pairs_that_are_linked(write_case) -> None:
    pairs = [("C1", "C2"), ("C2", "C3"), ("C3", "C4"), ("C4", "C1"), ("C1", "C3")]
    case = write_case(
        people=born(C1="2010-01-01", C2="2010-01-01", C3="2010-01-01", C4="2010-01-01"),
        associations=[row for pair in pairs for row in clique(*pair)],
    )
    _, summary = found_in(case)
    assert summary[["size", "links", "density"]].values.tolist() == [[4.0, 5.0, pytest.approx(5 / 6)]]


def test_the_same_members_have_the_same_id_whatever_else_there_is(write_case) -> None:
    people = {f"C{i}": "2010-01-01" for i in range(1, 7)}
    small = write_case(
        "small",
        people=born(**{p: people[p] for p in ("C1", "C2", "C3")}),
        associations=clique("C1", "C2", "C3"),
    )
    large = write_case(
        "large", people=born(**people), associations=[*clique("C1", "C2", "C3"), *clique("C4", "C5", "C6")]
    )
    assert set(found_in(small)[0]["group_id"]) == {identity("C1", "C2")}
    assert set(found_in(large)[0]["group_id"]) == {identity("C1", "C2"), identity("C4", "C5")}


def test_a_resolution_that_is_not_above_zero_is_refused(write_case) -> None:
    with pytest.raises(ValueError, match="resolution is 0; it must be above zero"):
        found_in(write_case(), resolution=0)


def planted(people: int, *, seed: int) -> tuple[dict[str, pd.DataFrame], np.ndarray]:
    """Children in groups of twelve: half of them name a friend; events of two to five, a tenth of attendance stray."""
    rng = np.random.default_rng(seed)
    group = np.arange(people) // 12
    ids = np.array([f"C{i:05}" for i in range(people)])
    rows = []
    for event in range(people * 3 // 2):
        of = rng.integers(0, group[-1] + 1)
        who = {
            int(min(of * 12 + rng.integers(0, 12), people - 1))
            if rng.random() > 0.1
            else int(rng.integers(0, people))
            for _ in range(rng.integers(2, 6))
        }
        rows += [(f"E{event:05}", ids[person]) for person in who]
    days = rng.integers(0, 365, people * 3 // 2)
    one = rng.integers(0, people, people // 2)
    pairs = sorted(
        {
            (int(min(p)), int(max(p)))
            for p in zip(one, one // 12 * 12 + rng.integers(0, 12, len(one)), strict=True)
            if p[0] != p[1]
        }
    )
    return {
        "people": pd.DataFrame({"person_id": ids, "date_of_birth": "2012-01-01"}),
        "events": pd.DataFrame(
            {
                "event_id": [f"E{event:05}" for event in range(people * 3 // 2)],
                "kind": "incident",
                "started_at": (pd.Timestamp("2025-01-01") + pd.to_timedelta(days, unit="D")).strftime(
                    "%Y-%m-%d"
                ),
            }
        ),
        "associations": pd.DataFrame(
            [(ids[a], ids[b], "peer", "2025-11-01") for a, b in pairs],
            columns=["person_a", "person_b", "kind", "last_seen"],
        ),
        "participation": pd.DataFrame(rows, columns=["event_id", "person_id"]).assign(role="present"),
    }, group


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_groups_are_found(write_case, seed: int) -> None:
    tables, truth = planted(600, seed=seed)
    case = write_case(**tables)
    for chance in (0, 7):
        members, _ = found_in(case, seed=chance)
        assert adjusted_mutual_info_score(truth, members["group_id"].astype("category").cat.codes) > 0.95


def test_a_program_apart_finds_the_same_groups(write_case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large networks are settled in a program of their own; the result must not depend on where."""
    tables, _ = planted(120, seed=3)
    case = write_case(**tables)
    here = found_in(case)[0]
    monkeypatch.setattr(module, "APART_ABOVE", 10)
    pd.testing.assert_frame_equal(found_in(case)[0], here)


def test_a_program_that_ends_early_is_said(write_case, monkeypatch: pytest.MonkeyPatch) -> None:
    tables, _ = planted(60, seed=3)
    monkeypatch.setattr(module, "APART_ABOVE", 10)
    monkeypatch.setattr("mapping.apart.sys.executable", "/bin/false")
    with pytest.raises(RuntimeError, match=r"program that was settling groups ended early"):
        found_in(write_case(**tables))


names = st.sampled_from([f"C{i}" for i in range(1, 10)])
ties = st.lists(st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=14)
quick = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def case_tables(pairs: list[tuple[str, str]], prefix: str = "") -> dict[str, pd.DataFrame]:
    pairs = sorted({(min(pair), max(pair)) for pair in pairs})
    return {
        "people": pd.DataFrame(
            {"person_id": [f"{prefix}C{i}" for i in range(1, 10)], "date_of_birth": "2012-01-01"}
        ),
        "associations": pd.DataFrame(
            [(prefix + a, prefix + b, "peer", date(2025, 6, 30)) for a, b in pairs],
            columns=["person_a", "person_b", "kind", "last_seen"],
        ),
    }


@given(pairs=ties, others=ties, prefix=st.sampled_from(["A", "Z"]), seed=st.integers(0, 99))
@quick
def test_a_case_that_touches_none_of_them_leaves_groups_as_they_are(
    write_case, pairs: list[tuple[str, str]], others: list[tuple[str, str]], prefix: str, seed: int
) -> None:
    """Invariant 8, and row order, at once: the other case's rows are mixed in among these."""
    one, other = case_tables(pairs), case_tables(others, prefix)
    both = {name: pd.concat([one[name], other[name]]).sample(frac=1, random_state=seed) for name in one}
    before, _ = found_in(write_case(**one))
    after, _ = found_in(write_case("both", **both))
    kept = after[~after["person_id"].str.startswith(prefix)].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before)


@given(pairs=ties)
@quick
def test_each_child_is_in_one_group(write_case, pairs: list[tuple[str, str]]) -> None:
    members, summary = found_in(write_case(**case_tables(pairs)))
    assert members["person_id"].tolist() == [f"C{i}" for i in range(1, 10)]
    assert summary["size"].sum() == 9
    linked = {tuple(sorted(pair)) for pair in pairs}
    for group, rows in members.groupby("group_id"):
        inside = sorted(pair for pair in combinations(sorted(rows["person_id"]), 2) if pair in linked)
        assert group == identity(*(inside[0] if inside else rows["person_id"]))
