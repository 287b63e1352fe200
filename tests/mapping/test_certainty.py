from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping.apart import Stopped
from mapping.certainty import Certainty, certainty
from mapping.partition import RESOLUTION

DAY = "2025-06-30"
TRIANGLES = {
    "S1": ("police", "A-B"),
    "S2": ("school", "B-C"),
    "S3": ("health", "A-C"),
    "S4": ("police", "D-E"),
    "S5": ("school", "E-F"),
    "S6": ("health", "D-F"),
    "S7": ("police", "C-D"),
}
quick = settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def sure(settled, **options: object) -> Certainty:
    return certainty(settled.settling, settled.ties, settled.groups, **options)


def by_person(settled, found: Certainty) -> dict[str, tuple[object, ...]]:
    """confidence and rests_on by person_id."""
    names = settled.members()
    rows = found.members[["person_n", "confidence", "rests_on"]].itertuples(index=False)
    return {names[person]: (confidence, rests_on) for person, confidence, rests_on in rows}


def by_group(settled, found: Certainty) -> dict[str, tuple[object, ...]]:
    """What `groups` says of each group of two or more, by the letters of its people."""
    people = settled.people()
    columns = ["community", "stability", "held", "rests_on", "rests_on_agency"]
    rows = found.groups[columns].itertuples(index=False)
    return {"".join(sorted(people[c])): tuple(said) for c, *said in rows if len(people[c]) > 1}


def left_out(settle, case) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """What rests on what: by person, and by group (reports, agencies)."""
    settled = settle(case)
    found = sure(settled, resamples=0)
    groups = {
        name: (reports, agencies) for name, (_, _, reports, agencies) in by_group(settled, found).items()
    }
    return {person: said for person, (_, said) in by_person(settled, found).items()}, groups


def test_two_triangles_joined_by_one_report_are_one_group_that_rests_on_it(write_case, settle, told) -> None:
    """All six: 7 - 0.02 x 15 pairs = 6.7. Without S7 apart, 6 - 0.02 x 6 = 5.88, is more than together, 5.7.

    Half of six is no more than half, so the group is dissolved, and so it is without the police, whose
    S1 and S4 go too. Without any other report five links still hold all six together.
    """
    people, groups = left_out(settle, write_case(**told(TRIANGLES)))
    assert groups == {"ABCDEF": ("S7", "police")}
    assert people == dict.fromkeys("ABCDEF", "S7")


def test_a_group_rests_on_the_one_report_there_is_and_on_none_of_many(write_case, settle, told) -> None:
    """ABC on one report; DEF on five of three agencies; GH on what names no report; L is linked to nobody."""
    agencies = ("police", "police", "school", "school", "health")
    said = {f"S{k}": (agency, "D-E", "D-F", "E-F") for k, agency in enumerate(agencies)}
    tables = told({"S9": ("police", "A-B", "A-C", "B-C"), **said, "none": ("", "G-H")}, people="L")
    tables["sources"] = tables["sources"][tables["sources"]["source_id"] != "none"]
    tables["associations"]["source_id"] = tables["associations"]["source_id"].replace("none", "")
    people, groups = left_out(settle, write_case(**tables))
    assert groups == {"ABC": ("S9", "police"), "DEF": ("", ""), "GH": ("", "")}
    assert pd.isna(people.pop("L"))
    assert people == {**dict.fromkeys("ABC", "S9"), **dict.fromkeys("DEFGH", "")}


def test_a_membership_may_rest_on_a_report_where_the_group_does_not(write_case, settle, told) -> None:
    """Without S4, D is alone and three of the four are left; without the school, whose S2 goes too, as well.

    E comes by either of two reports, and rests on neither.
    """
    said = {
        "S1": ("police", "A-B"),
        "S2": ("school", "B-C"),
        "S3": ("health", "A-C"),
        "S4": ("school", "A-D"),
        "S5": ("police", "A-E"),
        "S6": ("health", "B-E"),
    }
    people, groups = left_out(settle, write_case(**told(said)))
    assert groups == {"ABCDE": ("", "")}
    assert people == {"A": "", "B": "", "C": "", "D": "S4", "E": ""}


def test_a_report_that_makes_members_leave_for_other_groups_is_named(write_case, settle, told) -> None:
    """B and C know each other and a pair each; without S1 each goes to the pair next to it, fixed as it is."""
    said = {
        "S1": ("police", "B-C"),
        "S2": ("school", "A-B"),
        "S3": ("school", "C-D"),
        "S4": ("school", "A-B"),
        "S5": ("school", "C-D"),
    }
    case = write_case(**told(said))
    settled = settle(case, resolution=0.6)
    assert set(settled.people().values()) == {frozenset("AB"), frozenset("CD")}
    found = sure(settled, resamples=0)
    assert {name: said[2:] for name, said in by_group(settled, found).items()} == {
        "AB": ("", "school"),
        "CD": ("", "school"),
    }


def test_a_sighting_of_two_rests_on_both_reports(write_case, settle) -> None:
    """Each met the others by two reports, their own and the other's: without either nobody knows of it."""
    case = write_case(
        people="person_id,date_of_birth\nA,2010-01-01\nB,2010-01-01\nC,2010-01-01",
        locations="location_id,kind\nL1,park",
        sources="source_id,kind,agency\nS1,intelligence,police\nS2,school,school\nS3,school,school",
        presence="""
            person_id,location_id,seen_at,source_id
            A,L1,2025-06-30T18:00,S1
            B,L1,2025-06-30T18:10,S2
            C,L1,2025-06-30T18:20,S3
        """,
    )
    people, groups = left_out(settle, case)
    assert groups == {"ABC": ("", "school")}
    assert people == {"A": "S1", "B": "S2", "C": "S3"}


# What follows works everything out again, apart from the code: draws, networks, groups, matches.

MASK = 2**64 - 1


def spread(value: int) -> int:
    """The finisher of SplitMix64, in plain Python."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK
    return (value ^ (value >> 31)) | 1


def times(source: str, seed: int, draw: int) -> int:
    """How often a report is drawn: the documented Poisson number of mean 1, by its table."""
    key = int.from_bytes(hashlib.md5(source.encode()).digest()[8:], "little")
    number = (spread(key ^ spread((spread(seed) + draw) & MASK)) >> 11) / 2**53
    drawn, below = 0, math.exp(-1)
    while number >= below:
        drawn += 1
        below += math.exp(-1) / math.factorial(drawn)
    return drawn


def groupings(people: list[str]) -> Iterator[list[set[str]]]:
    """Every way to part people into groups."""
    if not people:
        yield []
        return
    first, *others = people
    for rest in groupings(others):
        yield [{first}, *rest]
        for k in range(len(rest)):
            yield [*rest[:k], {first, *rest[k]}, *rest[k + 1 :]]


def best_grouping(weights: dict[frozenset[str], Fraction], people: list[str]) -> list[set[str]]:
    """The grouping of most weight inside less the resolution for each pair, of all there are."""
    worth = {
        frozenset(pair): weights.get(frozenset(pair), Fraction(0)) - Fraction(str(RESOLUTION))
        for pair in combinations(people, 2)
    }

    def quality(grouping: list[set[str]]) -> Fraction:
        return sum(
            (worth[frozenset(pair)] for group in grouping for pair in combinations(group, 2)), Fraction(0)
        )

    return max(groupings(people), key=quality)


# Reports of different ages: weights that are all different, so that no two groupings are equally good.
AGED = [
    ("S1", "A-B", 700),
    ("S2", "B-C", 820),
    ("S3", "A-C", 910),
    ("S4", "D-E", 640),
    ("S5", "E-F", 770),
    ("S6", "C-D", 1010),
    ("S7", "A-B", 990),
    ("S7", "A-D", 1180),
    ("S8", "D-F", 875),
    ("S9", "F-A", 1105),
]


def aged_case(write_case, rows: list[tuple[str, str, int]]):
    last = pd.Timestamp(DAY)
    return write_case(
        people=pd.DataFrame({"person_id": [*"ABCDEFL"], "date_of_birth": "2010-01-01"}),
        sources=pd.DataFrame(
            {"source_id": sorted({source for source, *_ in rows}), "kind": "intelligence", "recorded_on": DAY}
        ),
        associations=pd.DataFrame(
            [
                (pair[0], pair[2], source, (last - pd.Timedelta(days=age)).date())
                for source, pair, age in rows
            ],
            columns=["person_a", "person_b", "source_id", "last_seen"],
        ).assign(kind="peer"),
    )


def test_stability_is_what_trying_every_grouping_gives(write_case, settle) -> None:
    """Hennig's bootstrap, by brute force over all 203 groupings of six people in each resample."""
    resamples, seed = 40, 5
    settled = settle(aged_case(write_case, AGED))
    found = sure(settled, resamples=resamples, seed=seed, leave_out=False)
    people = [*"ABCDEF"]

    def network(count) -> dict[frozenset[str], Fraction]:
        weights: dict[frozenset[str], Fraction] = {}
        for source, pair, age in AGED:
            weight = Fraction(round(0.5 ** (age / 180) * 1e9) * count(source), 10**9)
            ends = frozenset(pair.split("-"))
            weights[ends] = weights.get(ends, Fraction(0)) + weight
        return weights

    plain = [group for group in best_grouping(network(lambda source: 1), people) if len(group) > 1]
    assert {frozenset(group) for group in plain} == {
        group for group in settled.people().values() if len(group) > 1
    }
    similar = {frozenset(group): [] for group in plain}
    stayed = dict.fromkeys(people, 0)
    for draw in range(resamples):
        drawn = best_grouping(network(lambda source, draw=draw: times(source, seed, draw)), people)
        for group in similar:
            jaccard = [len(group & other) / len(group | other) for other in drawn]
            similar[group].append(max(jaccard))
            several = [(j, other) for j, other in zip(jaccard, drawn, strict=True) if len(group & other) > 1]
            best = [other for j, other in several if j == max(each for each, _ in several)]
            for person in group & best[0] if len(best) == 1 else ():
                stayed[person] += 1
    told_of = by_group(settled, found)
    assert {name: (round(each[0], 12), each[1]) for name, each in told_of.items()} == {
        "".join(sorted(group)): (round(sum(values) / resamples, 12), sum(value > 0.5 for value in values))
        for group, values in similar.items()
    }
    confidence = {person: said for person, (said, _) in by_person(settled, found).items()}
    in_group = {person for group in similar for person in group}
    assert {person: confidence[person] for person in in_group} == {
        person: stayed[person] / resamples for person in in_group
    }
    assert all(math.isnan(confidence[person]) for person in {*"ABCDEFL"} - in_group)


def test_a_resample_draws_each_report_once_on_average_and_reports_apart(write_case, settle) -> None:
    drawn = [[times(f"S{k}", 0, draw) for k in range(200)] for draw in range(50)]
    assert np.mean(drawn) == pytest.approx(1, abs=0.03)
    assert np.var(drawn) == pytest.approx(1, abs=0.06)
    correlated = np.corrcoef(np.array(drawn).T)
    assert np.abs(correlated[np.triu_indices(200, 1)]).mean() < 0.13


@given(order=st.permutations(range(len(AGED))), prefix=st.sampled_from(["0", "Z"]))
@quick
def test_neither_the_order_of_rows_nor_another_case_changes_how_sure_a_group_is(
    write_case, settle, order: list[int], prefix: str
) -> None:
    """Locality: other people and their reports, mixed in before or after, change nothing here."""
    alone = settle(aged_case(write_case, AGED))
    rows = [AGED[k] for k in order]
    one = aged_case(lambda **tables: tables, rows)
    other = {
        name: table.replace(
            {
                column: {value: prefix + value for value in table[column].unique()}
                for column in ("person_id", "person_a", "person_b", "source_id")
                if column in table
            }
        )
        for name, table in one.items()
    }
    both = {name: pd.concat([other[name], one[name]]).iloc[::-1] for name in one}
    settled = settle(write_case("both", **both))
    before, after = (sure(each, resamples=10, seed=3) for each in (alone, settled))
    people = by_person(alone, before)
    assert {person: str(by_person(settled, after)[person]) for person in people} == {
        person: str(said) for person, said in people.items()
    }
    groups = by_group(alone, before)
    assert {name: by_group(settled, after)[name] for name in groups} == groups


def test_a_seed_gives_one_answer_and_another_seed_another(write_case, settle) -> None:
    settled = settle(aged_case(write_case, AGED))
    first, again, other = (sure(settled, resamples=20, seed=seed) for seed in (1, 1, 2))
    for name in ("members", "groups", "contacts"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
    assert first.groups["stability"].tolist() != other.groups["stability"].tolist()


def test_events_without_a_report_are_drawn_whole(write_case, settle) -> None:
    """All items of one event come or go together; a group of one such event is there or in pieces."""
    case = write_case(
        people="person_id,date_of_birth\nA,2010-01-01\nB,2010-01-01\nC,2010-01-01",
        events=f"event_id,kind,started_at\nE1,incident,{DAY}",
        participation="event_id,person_id,role\nE1,A,present\nE1,B,present\nE1,C,present",
    )
    settled = settle(case)
    found = sure(settled, resamples=60)
    ((mean, held, *rest),) = by_group(settled, found).values()
    assert rest == ["", ""]
    assert 0 < held < 60
    assert mean == pytest.approx((held + (60 - held) / 3) / 60)
    assert found.members["confidence"].tolist() == [held / 60] * 3


def test_written_tables_join_those_they_tell_of(write_case, settle, told) -> None:
    settled = settle(write_case(**told({"S1": ("police", "A-B")}, people="L")))
    names = sure(settled, resamples=2, seed=1).write(settled.records)
    members = settled.records.execute(
        f"SELECT p.person_id, m.rests_on FROM {settled.groups} g JOIN {names.members} m USING (person_n) JOIN {{people}} p USING (person_n) ORDER BY 1"
    )
    assert members == [("A", "S1"), ("B", "S1"), ("L", None)]
    groups = settled.records.execute(
        f"SELECT size, rests_on, rests_on_agency, held IS NULL, stability IS NULL FROM (SELECT community, count(*) AS size FROM {settled.groups} GROUP BY 1) JOIN {names.groups} USING (community) ORDER BY 1"
    )
    assert groups == [(1, None, None, True, True), (2, "S1", "police", False, False)]
    assert settled.records.execute(f"SELECT count(*) FROM {names.contacts}") == [(0,)]


def test_what_was_not_asked_for_is_empty(write_case, settle, told) -> None:
    settled = settle(write_case(**told({"S1": ("police", "A-B")})))
    found = sure(settled, resamples=0, leave_out=False)
    assert found.members[["confidence", "rests_on"]].isna().all(axis=None)
    columns = ["stability", "held", "rests_on", "rests_on_agency"]
    assert found.groups[columns].isna().all(axis=None)
    assert (len(found.contacts), found.resamples, found.seed) == (0, 0, 0)
    names = found.write(settled.records)
    kinds = settled.records.execute(f"SELECT typeof(stability), typeof(rests_on) FROM {names.groups}")
    assert kinds == [("DOUBLE", "VARCHAR")]


def test_nobody_linked_is_nothing_to_be_sure_of(write_case, settle, told) -> None:
    settled = settle(write_case(**told({"S1": ("police",)}, people="AB")))
    found = sure(settled, resamples=3)
    assert found.members["confidence"].isna().tolist() == [True, True]
    assert found.groups["stability"].isna().tolist() == [True, True]


def test_it_says_how_far_it_is_and_ends_when_asked(write_case, settle, told) -> None:
    settled = settle(write_case(**told(TRIANGLES)))
    stop, done = threading.Event(), []

    def progress(drawn: int, of: int) -> None:
        done.append((drawn, of))
        if drawn == 2:
            stop.set()

    with pytest.raises(Stopped, match="stopped before it ended"):
        sure(settled, resamples=50, progress=progress, stop=stop)
    assert done == [(1, 50), (2, 50)]
    with pytest.raises(Stopped):
        sure(settled, resamples=0, stop=stop)


def test_a_program_apart_finds_the_same_and_tells_how_far_it_is(
    write_case, settle, told, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = settle(write_case(**told(TRIANGLES)))
    here = sure(settled, resamples=5)
    monkeypatch.setattr("mapping.certainty.ASIDE_ABOVE", 3)
    done: list[tuple[int, int]] = []
    there = sure(settled, resamples=5, progress=lambda drawn, of: done.append((drawn, of)))
    for name in ("members", "groups", "contacts"):
        pd.testing.assert_frame_equal(getattr(there, name), getattr(here, name))
    assert done == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_fewer_than_no_resamples_are_refused(write_case, settle, told) -> None:
    settled = settle(write_case(**told(TRIANGLES)))
    with pytest.raises(ValueError, match="-1 resamples were asked for; ask for 0"):
        sure(settled, resamples=-1)
