from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, hypergeom

from mapping import chance
from mapping.chance import build_occasions, contact_chance, validate_links
from mapping.contacts import build_ties, named_contacts
from mapping.evidence import mentions
from mapping.links import build_links
from mapping.people import age_bands
from mapping.records import read_case
from mapping.scope import latest_date

# Each example reads whole cases.
few = settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Case = Mapping[str, pd.DataFrame]
MONDAY = datetime(2025, 1, 6)


def links_tested(case: Path, *, rate: float = 0.05, window_hours: float = 2.0) -> pd.DataFrame:
    """Return person_a, person_b, together, p_value, validated of a case, ordered by pair."""
    records = read_case(case)
    evidence = mentions(records)
    links = build_links(evidence, as_of=None, window_hours=window_hours)
    table = validate_links(build_occasions(links, evidence, window_hours=window_hours), rate=rate)
    return records.sql(
        f"""SELECT a.person_id AS person_a, b.person_id AS person_b, together, p_value, validated FROM {table}
        JOIN {{people}} a ON a.person_n = person_a_n JOIN {{people}} b ON b.person_n = person_b_n ORDER BY 1, 2"""
    ).df()


def contacts(case: Path) -> dict[str, float]:
    """Return the p-value of each contact tested."""
    records = read_case(case)
    as_of = latest_date(records)
    evidence = mentions(records, as_of=as_of)
    links = build_links(evidence, as_of=as_of)
    occasions = build_occasions(links, evidence)
    ties = build_ties(evidence, links, age_bands(records, as_of))
    table = contact_chance(ties, occasions, validate_links(occasions))
    named = f"SELECT contact_id, p_value FROM {table} JOIN ({named_contacts()}) USING (type_k, contact_n)"
    return dict(records.execute(named))


def people(ids: Iterable[str], **born: str) -> pd.DataFrame:
    """Everyone is a child but for those whose date of birth is given."""
    rows = [{"person_id": one, "date_of_birth": born.get(one, "2012-01-01")} for one in sorted(set(ids))]
    return pd.DataFrame(rows)


def events(attended: Mapping[str, Iterable[str]], *, location: str = "") -> dict[str, pd.DataFrame]:
    """Tables of events and who was at each."""
    rows = [
        {"event_id": event, "person_id": one, "role": "present"}
        for event, who in attended.items()
        for one in who
    ]
    held = pd.DataFrame({"event_id": list(attended), "kind": "other", "started_at": "2025-03-01"})
    took_part = pd.DataFrame(rows)
    return {
        "people": people(took_part["person_id"]),
        "events": held.assign(location_id=location),
        "participation": took_part,
    }


def sightings(seen: Iterable[tuple[str, str, datetime]]) -> dict[str, pd.DataFrame]:
    """Tables of sightings (person, place, moment)."""
    presence = pd.DataFrame(seen, columns=["person_id", "location_id", "seen_at"])
    presence["seen_at"] = presence["seen_at"].map(lambda at: at.isoformat(timespec="minutes"))
    places = pd.DataFrame({"location_id": sorted(presence["location_id"].unique()), "kind": "park"})
    return {"people": people(presence["person_id"]), "locations": places, "presence": presence}


def p_values(found: pd.DataFrame) -> dict[tuple[str, str], float]:
    return {(a, b): p for a, b, p in found[["person_a", "person_b", "p_value"]].itertuples(index=False)}


# Two people ---------------------------------------------------------------------------


@pytest.fixture
def southern_women(realdata, write_case) -> tuple[Path, dict[str, set[str]]]:
    """Davis, Gardner and Gardner's 18 women at 14 events, and who was where."""
    rows = pd.read_csv(realdata / "networks" / "southern_women_edges.csv")
    where = {str(name): set(group) for name, group in rows.groupby("to_name")["from_name"]}
    attended = {str(event): list(group) for event, group in rows.groupby("from_name")["to_name"]}
    return write_case(**events(attended)), where


def test_southern_women_have_the_p_values_of_the_plain_hypergeometric_test(southern_women) -> None:
    """Against scipy.stats.hypergeom; fourteen events are too few to be parted by size."""
    case, where = southern_women
    expected = {
        (a, b): hypergeom.sf(len(where[a] & where[b]) - 1, 14, len(where[a]), len(where[b]))
        for a, b in combinations(sorted(where), 2)
        if where[a] & where[b]
    }
    found = p_values(links_tested(case))
    assert len(found) == 139
    assert found == pytest.approx(expected, rel=1e-12)
    lowest = sorted(found.items(), key=lambda item: (item[1], item[0]))[:5]
    assert [(*pair, Fraction(p).limit_denominator(10_000)) for pair, p in lowest] == [
        ("KATHERINE", "SYLVIA", Fraction(7, 3003)),
        ("FLORA", "OLIVIA", Fraction(1, 91)),
        ("BRENDA", "LAURA", Fraction(50, 3432)),
        ("KATHERINE", "MYRNA", Fraction(15, 1001)),
        ("EVELYN", "THERESA", Fraction(49, 3003)),
    ]


@pytest.mark.parametrize("rate", [0.05, 0.4, 0.5])
def test_southern_women_are_validated_as_by_benjamini_and_hochberg(southern_women, rate) -> None:
    """Against scipy.stats.false_discovery_control over all 153 pairs, once together counting as never.

    At the usual rate nobody is: with fourteen events no pair stands out from 153, and neither does any by
    the bipartite configuration model (bicm 3.4.0, compute_projection at 0.05).
    """
    case, where = southern_women
    pairs = list(combinations(sorted(where), 2))
    p = [
        hypergeom.sf(shared - 1, 14, len(where[a]), len(where[b])) if shared > 1 else 1.0
        for a, b in pairs
        for shared in [len(where[a] & where[b])]
    ]
    expected = {pair for pair, q in zip(pairs, false_discovery_control(p), strict=True) if q <= rate}
    found = links_tested(case, rate=rate)
    chosen = found[found["validated"]]
    assert set(zip(chosen["person_a"], chosen["person_b"], strict=True)) == expected
    assert len(expected) == {0.05: 0, 0.4: 30, 0.5: 32}[rate]


def test_a_pair_has_the_p_value_that_r_publishes(write_case) -> None:
    """R's backbone 2.1 (tests/testthat/test-backbone.R, FixedRow): of 3 and 2 of 4 events, 2 together, upper p 0.5."""
    case = write_case(**events({"E1": ["C1", "C3"], "E2": ["C2"], "E3": ["C1"], "E4": ["C1", "C3"]}))
    assert links_tested(case).values.tolist() == [["C1", "C3", 2, pytest.approx(0.5), False]]


def by_enumeration(strata: Iterable[Iterable[set[str]]], one: str, other: str) -> Fraction:
    """Try every way in which two people could have been at as many of the occasions of each stratum."""
    ways = Counter({0: 1})
    together = 0
    for stratum in strata:
        stratum = list(stratum)
        times = [sum(who in occasion for occasion in stratum) for who in (one, other)]
        together += sum({one, other} <= occasion for occasion in stratum)
        here = Counter(
            len(set(a) & set(b)) for a, b in product(*(combinations(range(len(stratum)), n) for n in times))
        )
        ways = sum(
            (Counter({x + y: n * m}) for (x, n), (y, m) in product(ways.items(), here.items())), Counter()
        )
    return Fraction(sum(n for x, n in ways.items() if x >= together), sum(ways.values()))


ATTENDED = {
    "E1": "ab",
    "E2": "ab",
    "E3": "cd",
    "E4": "ac",
    "E5": "abc",
    "E6": "abcd",
    "E7": "acd",
    "E8": "bde",
    "E9": "ace",
    "F1": "e",
    "F2": "a",
}


@pytest.mark.parametrize("least", [1, 30])
def test_p_values_are_those_of_every_way_it_could_have_been(write_case, monkeypatch, least) -> None:
    """Enumerated: events of one, of two, and of three or four people apart; and all of them in one stratum."""
    monkeypatch.setattr(chance, "LEAST", least)
    occasions = [set(who) for who in ATTENDED.values()]
    strata = [occasions]
    if least == 1:
        strata = [[who for who in occasions if len(who) in sizes] for sizes in ((1,), (2,), (3, 4))]
    expected = {
        (a, b): float(by_enumeration(strata, a, b))
        for a, b in combinations("abcde", 2)
        if any({a, b} <= who for who in occasions)
    }
    assert p_values(links_tested(write_case(**events(ATTENDED)))) == pytest.approx(expected, rel=1e-12)


attendance = st.lists(st.sets(st.integers(0, 7), min_size=1, max_size=5), min_size=3, max_size=20)


@few
@given(attendance)
def test_one_stratum_is_the_plain_test_whatever_the_order_of_the_rows(write_case, attended) -> None:
    """Against scipy.stats.hypergeom."""
    who = {f"E{k}": [f"C{one}" for one in some] for k, some in enumerate(attended)}
    case = events(who)
    found = links_tested(write_case(**case))
    times = Counter(one for some in who.values() for one in some)
    for a, b, together, p, _ in found.itertuples(index=False):
        assert together == sum(a in some and b in some for some in who.values())
        assert p == pytest.approx(hypergeom.sf(together - 1, len(who), times[a], times[b]), rel=1e-9)
        assert 0 < p <= 1
    shuffled = {name: table.sample(frac=1, random_state=1) for name, table in case.items()}
    pd.testing.assert_frame_equal(found, links_tested(write_case(**shuffled)), check_exact=True)


@few
@given(attendance, st.integers(1, 5))
def test_people_who_met_nobody_only_raise_the_bar(write_case, attended, others) -> None:
    """Each on one occasion of their own, in place of an empty event, so that nothing but the tests grows."""
    who = {f"E{k}": [f"C{one}" for one in some] for k, some in enumerate(attended)}
    alone = {f"X{k}": f"X{k % others}" for k in range(5)}
    before = links_tested(write_case(**events({**who, **{event: ["X0"] for event in alone}})), rate=0.5)
    after = links_tested(
        write_case(**events({**who, **{event: [one] for event, one in alone.items()}})), rate=0.5
    )
    columns = ["person_a", "person_b", "together", "p_value"]
    pd.testing.assert_frame_equal(before[columns], after[columns], check_exact=True)
    assert not (after["validated"] & ~before["validated"]).any()


def test_occasions_are_parted_by_size_and_year_where_there_are_enough(write_case) -> None:
    """Against scipy.stats.hypergeom and numpy.convolve: 40 meetings of two and 35 of three, and 30 a year later."""
    twos = {
        f"T{k}": ["a", "b"] if k < 3 else ["a", f"x{k}"] if k < 5 else [f"x{k}", f"y{k}"] for k in range(40)
    }
    threes = {
        f"U{k}": ["a", "b", "z"] if k < 1 else ["b", f"x{k}", f"y{k}"] if k < 4 else [f"x{k}", "z", f"y{k}"]
        for k in range(35)
    }
    later = {f"V{k}": ["a", f"x{k}"] if k < 2 else [f"x{k}", f"y{k}"] for k in range(30)}
    case = events({**twos, **threes, **later})
    case["events"].loc[case["events"]["event_id"].str.startswith("V"), "started_at"] = "2026-03-01"
    of_two, of_three = (
        hypergeom.pmf(np.arange(6), universe, one, other) for universe, one, other in ((40, 5, 3), (35, 1, 4))
    )
    expected = np.convolve(of_two, of_three)[4:].sum()
    assert p_values(links_tested(write_case(**case)))["a", "b"] == pytest.approx(expected, rel=1e-9)


def test_more_than_a_crowd_is_no_occasion_and_its_people_are_still_counted(write_case) -> None:
    crowd = [f"x{k}" for k in range(51)]
    quiet = {"E1": ["a", "b"], "E2": ["a", "b"], "E3": ["a", "x1"]}
    found = links_tested(write_case(**events({**quiet, "E4": [*crowd, "a", "b"]})))
    assert found.values.tolist() == [["a", "b", 2, pytest.approx(1.0), False], ["a", "x1", 1, 1.0, False]]


def test_a_link_that_rests_on_more_is_not_tested(write_case) -> None:
    case = events({"E1": ["a", "b", "c"]})
    stated = pd.DataFrame([{"person_a": "a", "person_b": "b", "kind": "peer"}])
    found = links_tested(write_case(**case, associations=stated))
    assert found[["person_a", "person_b"]].values.tolist() == [["a", "c"], ["b", "c"]]


@pytest.mark.parametrize("rate", [0, 1, -0.1, 5])
def test_a_rate_is_a_share(write_case, rate) -> None:
    with pytest.raises(ValueError, match=rf"The rate is {rate}; it must be above 0 and below 1"):
        links_tested(write_case(**events({"E1": ["a", "b"]})), rate=rate)


def test_once_together_is_never_more_than_chance(write_case) -> None:
    """Two people once together, and else nobody, among very many occasions."""
    alone = {f"E{k}": [f"x{k % 2}"] for k in range(500)}
    found = links_tested(write_case(**events({**alone, "M": ["a", "b"]})))
    assert found.values.tolist() == [["a", "b", 1, pytest.approx(1 / 501), False]]


def test_sightings_are_compared_with_all_stretches_of_their_time_of_day(write_case) -> None:
    """Against scipy.stats.hypergeom: a and b met twice of 3 and 2 times, on 75 weekdays that anybody was seen at that time.

    Two of the meetings lie on either side of an hour, and of the clock stretch; weekends do not count.
    """
    days = [MONDAY + timedelta(days=k) for k in range(105)]
    weekdays, weekends = ([day for day in days if (day.weekday() < 5) == week] for week in (True, False))
    others = [(f"x{k}", "station", day + timedelta(hours=17)) for k, day in enumerate(weekdays)]
    others += [(f"x{k}", "station", day + timedelta(hours=17)) for k, day in enumerate(weekends * 2)]
    others += [(f"x{k}", "station", day + timedelta(hours=9)) for k, day in enumerate(weekdays)]
    at = weekdays[3] + timedelta(hours=18)
    met = [
        ("a", "park", at - timedelta(minutes=1)),
        ("b", "park", at + timedelta(minutes=1)),
        ("a", "park", weekdays[9] + timedelta(hours=17)),
        ("b", "park", weekdays[9] + timedelta(hours=19)),
        ("a", "park", weekdays[20] + timedelta(hours=17)),
    ]
    found = links_tested(write_case(**sightings(others + met)))
    pair = found[(found["person_a"] == "a") & (found["person_b"] == "b")]
    assert pair["together"].tolist() == [2]
    assert pair["p_value"].tolist() == pytest.approx([hypergeom.sf(1, 75, 3, 2)], rel=1e-9)


def test_several_sightings_within_the_window_are_one_occasion(write_case) -> None:
    """The window runs from the first sighting: 12:00 to 14:00, then 14:01 on."""
    seen = [("a", 0), ("b", 60), ("a", 119), ("b", 120), ("c", 121), ("b", 125)]
    case = sightings((who, "park", MONDAY + timedelta(hours=12, minutes=m)) for who, m in seen)
    folder = write_case(**case)
    found = links_tested(folder)
    columns = ["person_a", "person_b", "together"]
    assert found[columns].values.tolist() == [["a", "b", 1], ["a", "c", 0], ["b", "c", 1]]
    assert found["p_value"].tolist()[1] == 1.0
    shorter = links_tested(folder, window_hours=1)
    assert shorter[columns].values.tolist() == [["a", "b", 2], ["a", "c", 1], ["b", "c", 1]]


def test_missing_episodes_are_compared_with_the_whole_time(write_case) -> None:
    """Against scipy.stats.hypergeom: 100 days; 3 episodes of 4 hours and 2 of 6, twice at the same time: 240 stretches of 10 hours."""
    starts = {"a": [(10, 4), (40, 4), (70, 4)], "b": [(10, 6), (40, 6)], "x": [(0, 24), (99, 24)]}
    rows = [
        {
            "episode_id": f"{who}{day}",
            "person_id": who,
            "reported_at": (MONDAY + timedelta(days=day)).isoformat(),
            "found_at": (MONDAY + timedelta(days=day, hours=hours)).isoformat(),
            "found_at_location": "other place" if who == "x" else "house",
        }
        for who, episodes in starts.items()
        for day, hours in episodes
    ]
    places = pd.DataFrame({"location_id": ["house", "other place"], "kind": "other"})
    case = write_case(people=people("abx"), missing=pd.DataFrame(rows), locations=places)
    assert links_tested(case).values.tolist() == [
        ["a", "b", 2, pytest.approx(hypergeom.sf(1, 240, 3, 2), rel=1e-9), True]
    ]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=9)
)
def test_draws_are_hypergeometric(shapes) -> None:
    """Against scipy.stats.hypergeom, with draws that must hit among them."""
    draws = [(n, *sorted((one % (n + 1), other % (n + 1)))) for n, one, other in shapes]
    universe, fewer, more = (np.array(column) for column in zip(*draws, strict=True))
    exactly, at_least = chance._hypergeometric(universe, fewer, more, 5)
    for x in range(5):
        assert exactly[x] == pytest.approx(hypergeom.pmf(x, universe, fewer, more), rel=1e-9, abs=1e-300)
        assert at_least[x] == pytest.approx(hypergeom.sf(x - 1, universe, fewer, more), rel=1e-9, abs=1e-300)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60)), max_size=12))
def test_classes_are_pooled_with_their_neighbours_until_there_are_enough(classes) -> None:
    classes = sorted(classes, key=lambda one: one[0])
    pools = chance._pools([apart for apart, _ in classes], [count for _, count in classes])
    numbers = [pool for pool, _ in pools]
    assert numbers == sorted(numbers)
    for pool, total in pools:
        members = [k for k, number in enumerate(numbers) if number == pool]
        here = {classes[k][0] for k in members}
        assert len(here) == 1
        assert total == sum(classes[k][1] for k in members)
        of_kind = sum(count for apart, count in classes if apart in here)
        assert total >= min(chance.LEAST, of_kind)


# A station and a place of one's own ----------------------------------------------------


@pytest.fixture(scope="module")
def station() -> Case:
    """120 children pass a station after school, each when they do; six meet at a yard of their own, and are there alone too.

    Two adults: one is stated to know five children, and twenty are stated to know one each. Of twenty
    phones one has been used by six children.
    """
    draw = random.Random(7)
    children = [f"c{k:03}" for k in range(120)]
    yard = children[:6]
    seen = []
    for who in children:
        for _ in range(draw.randint(2, 40)):
            at = MONDAY + timedelta(days=draw.randrange(150), minutes=round(draw.gauss(15.7 * 60, 40)))
            seen.append((who, "station", at))
    for _ in range(8):
        at = MONDAY + timedelta(days=draw.randrange(150), hours=19)
        seen += [(who, "yard", at + timedelta(minutes=draw.randrange(20))) for who in yard]
    for who in yard * 3:
        seen.append((who, "yard", MONDAY + timedelta(days=draw.randrange(150), hours=19)))
    adults = {f"a{k}": "1980-01-01" for k in range(21)}
    known = [("a0", who) for who in children[10:15]] + [(f"a{k}", children[20 + k]) for k in range(1, 21)]
    used = [("t0", who) for who in children[30:36]] + [(f"t{k}", children[40 + k]) for k in range(1, 20)]
    case = sightings(seen)
    return {
        **case,
        "people": people([*children, *adults], **adults),
        "associations": pd.DataFrame(known, columns=["person_a", "person_b"]).assign(kind="other"),
        "things": pd.DataFrame({"thing_id": [f"t{k}" for k in range(20)], "kind": "phone"}),
        "thing_use": pd.DataFrame(used, columns=["thing_id", "person_id"]),
    }


def test_a_busy_station_makes_no_friends_and_a_yard_does(write_case, station) -> None:
    found = links_tested(write_case(**station))
    chosen = found[found["validated"]]
    assert len(found) == 5_466
    assert list(zip(chosen["person_a"], chosen["person_b"], strict=True)) == list(
        combinations([f"c{k:03}" for k in range(6)], 2)
    )


def test_a_station_could_be_chance_and_a_yard_a_phone_and_an_adult_are_not(write_case, station) -> None:
    """A station recorded on 150 days that 120 children pass; a phone of six of them, and an adult of five."""
    found = contacts(write_case(**station))
    assert sorted(found) == ["a0", "station", "t0", "yard"]
    assert found["station"] == 1.0
    assert found["yard"] < 1e-6
    assert found["t0"] < 0.002
    assert found["a0"] < 0.01


# One contact ---------------------------------------------------------------------------


def things(used: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Tables of things and the children who used each; a date makes everyone's age known."""
    rows = [(thing, who, "2025-01-01") for thing, some in used.items() for who in some]
    return {
        "people": people(who for _, who, _ in rows),
        "things": pd.DataFrame({"thing_id": list(used), "kind": "phone"}),
        "thing_use": pd.DataFrame(rows, columns=["thing_id", "person_id", "first_seen"]),
    }


def test_reach_is_that_of_every_way_it_could_have_been(write_case) -> None:
    """Enumerated: every choice of as many phones by each child."""
    used = {"t1": "abcd", "t2": "ab", "t3": "e", "t4": "a", "t5": "d"}
    contacts_of = {who: sum(who in some for some in used.values()) for who in "abcde"}
    choices = product(*(combinations(range(5), n) for n in contacts_of.values()))
    reached = Counter(sum(0 in chosen for chosen in choice) for choice in choices)
    expected = {
        thing: sum(n for reach, n in reached.items() if reach >= len(used[thing])) / reached.total()
        for thing in ("t1", "t2")
    }
    assert reached.total() == 25_000
    assert contacts(write_case(**things(used))) == pytest.approx(expected, rel=1e-12)


def test_above_a_size_reach_is_near_enough_to_the_full_count(monkeypatch) -> None:
    """The refined normal approximation against the full count, at reaches from likely to very unlikely."""
    reached = np.array([5, 20, 40, 60, 80, 100])
    children, tied = np.array([600, 300, 20]), np.array([0.03, 0.06, 0.5])
    in_full = chance._reach_chance(reached, children, tied)
    monkeypatch.setattr(chance, "IN_FULL", 0)
    assert chance._reach_chance(reached, children, tied) == pytest.approx(in_full, abs=3e-4)


def test_two_who_were_together_there_decide_for_a_place(write_case) -> None:
    """Simes over the three pairs of the yard's children; who is placed somewhere has not been together there."""
    days = [MONDAY + timedelta(days=k, hours=17) for k in range(40)]
    others = [(f"x{k}", f"stop{k}", day) for k, day in enumerate(days)]
    met = [(who, "yard", days[k]) for k in (1, 2) for who in "ab"] + [("c", "yard", days[3])]
    case = sightings(others + met)
    placed = [{"person_id": who, "location_id": "home", "started_on": "2025-01-01"} for who in "ab"]
    homes = pd.DataFrame({"location_id": ["home"], "kind": "childrens_home"})
    case["locations"] = pd.concat([case["locations"], homes])
    found = contacts(write_case(**case, placements=pd.DataFrame(placed)))
    assert found == {"yard": pytest.approx(3 * hypergeom.sf(1, 40, 2, 2), rel=1e-9)}


def test_an_adult_who_is_together_with_children_is_tested_by_that(write_case) -> None:
    """Simes over the adult's two children; against scipy.stats.hypergeom."""
    attended = {f"E{k}": ["A", "b"] if k < 3 else ["A", "c"] if k < 4 else ["d"] for k in range(20)}
    case = events(attended)
    case["people"] = people("Abcd", A="1980-01-01")
    assert contacts(write_case(**case)) == {"A": pytest.approx(2 * hypergeom.sf(2, 20, 4, 3), rel=1e-9)}
