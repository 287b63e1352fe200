"""From one band of grades to another: what was chosen stays chosen, and nobody moves."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import answers, bands, network
from app.data import Loaded, Question, Reading, Work

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]
NEAR, FAR = ("C1", "C2", "C3", "C4"), ("C5", "C6", "C7", "C8")


def clique(people: tuple[str, ...], source: str) -> list[dict[str, str]]:
    return [
        {"person_a": one, "person_b": other, "kind": "peer", "last_seen": "2025-02-01", "source_id": source}
        for one, other in combinations(people, 2)
    ]


@pytest.fixture
def case(write_case: Callable[..., Path]) -> Path:
    """With all grades one group of eight; A-B knows C1 to C4, and A-C also C5 to C7. A phone and a flat join some."""
    children = [{"person_id": child, "date_of_birth": "2010-01-01"} for child in (*NEAR, *FAR)]
    crossing = [
        pair
        for pair in clique((*NEAR, *FAR), "S3")
        if (pair["person_a"] in NEAR) != (pair["person_b"] in NEAR)
    ]
    return write_case(
        people=children,
        sources="""
            source_id,kind,agency,recorded_on,source_grade,information_grade,handling
            S1,intelligence,police,2025-02-01,1,A,P
            S2,intelligence,police,2025-02-01,2,C,P
            S3,intelligence,police,2025-02-01,3,D,P
        """,
        associations=[*clique(NEAR, "S1"), *clique(FAR[:3], "S2"), *clique(FAR, "S3"), *crossing],
        things="thing_id,kind\nT1,phone\n",
        thing_use="""
            thing_id,person_id,last_seen,source_id
            T1,C1,2025-02-01,S1
            T1,C2,2025-02-01,S1
            T1,C8,2025-02-01,S3
        """,
    )  # fmt: skip


@pytest.fixture
def loaded(case: Path) -> Callable[[str], Loaded]:
    """Return a function that loads the case in a band."""
    reading, known = Reading(case), {}

    def load(grades: str) -> Loaded:
        if grades not in known:
            question = Question(str(case), "", "social_worker", None, grades)
            work = Work(question, reading)
            work.begin().link().linked.wait()
            assert work.analysis is not None, work.error
            known[grades] = Loaded(question, work.analysis, work)
        return known[grades]

    return load


def groups_of(loaded: Loaded) -> dict[str, tuple[str, ...]]:
    inside = answers.members(loaded)
    inside = inside[inside["group_id"].isin(answers.group_labels(loaded).index)]
    return {group: tuple(sorted(people)) for group, people in inside.groupby("group_id")["person_id"]}


def test_the_same_group_is_the_one_that_shares_most_members(loaded: Callable[[str], Loaded]) -> None:
    assert list(groups_of(loaded("all")).values()) == [(*NEAR, *FAR)]
    assert sorted(groups_of(loaded("A-C")).values()) == [NEAR, FAR[:3]]
    assert sorted(groups_of(loaded("A-B")).values()) == [NEAR]
    name = {people: group for group, people in groups_of(loaded("A-C")).items()}
    assert bands.same_group(loaded("A-C"), (*NEAR, *FAR)) == name[NEAR]
    assert bands.same_group(loaded("A-C"), ("C1", "C5", "C6")) == name[FAR[:3]]
    # Two groups share two each: the first by id.
    assert bands.same_group(loaded("A-C"), ("C1", "C2", "C5", "C6")) == min(name.values())
    assert bands.same_group(loaded("A-C"), ("C1", "C8")) is None


@pytest.mark.parametrize("grades", ["A-C", "A-B"])
def test_a_group_is_drawn_where_it_is_with_all_grades(loaded: Callable[[str], Loaded], grades: str) -> None:
    def drawn(seen: Loaded, group: str) -> pd.DataFrame:
        inside = answers.members(seen)
        inside = inside[inside["group_id"] == group]
        common = answers.group_places(seen, group, seen.question.grades)
        links = answers.group_links(seen, group)
        where = bands.group_places(seen, loaded("all"), group)
        nodes, _, _ = network.group(seen, inside, links, common, bands.NO_NAMES, where=where)
        return nodes.set_index("id")[["x", "y"]]

    whole = drawn(loaded("all"), next(iter(groups_of(loaded("all")))))
    assert len(whole) == 9
    for group, people in groups_of(loaded(grades)).items():
        found = drawn(loaded(grades), group)
        assert {f"person:{person}" for person in people} <= set(found.index)
        pd.testing.assert_frame_equal(found, whole.loc[found.index])


def test_a_contact_and_the_surroundings_of_a_child_are_drawn_where_they_are_with_all_grades(
    loaded: Callable[[str], Loaded],
) -> None:
    everyone = bands.contact_places(loaded("all"), "thing", "T1")
    assert set(everyone.index) == {"thing:T1", "person:C1", "person:C2", "person:C8"}
    row = {"key": "thing:T1", "kind": "phone", "called": "", "contact_type": "thing", "contact_id": "T1"}
    nodes, _, left_out = network.contact(loaded("A-B"), row, ["C1", "C2"], bands.NO_NAMES, where=everyone)
    assert left_out == 0
    pd.testing.assert_frame_equal(nodes.set_index("id")[["x", "y"]], everyone.loc[nodes["id"], ["x", "y"]])

    shown = ("Stated", "Phones and accounts")
    everyone = bands.peer_places(loaded("all"), "C1", 1, shown, None)
    assert len(everyone) == 9
    around = answers.around(loaded("A-B"), "C1", 1, shown, None, "A-B")
    nodes, _ = network.peer_map(loaded("A-B"), "C1", around, bands.NO_NAMES, where=everyone)
    assert set(nodes["id"]) == {"person:C1", "person:C2", "person:C3", "person:C4", "thing:T1"}
    pd.testing.assert_frame_equal(nodes.set_index("id")[["x", "y"]], everyone.loc[nodes["id"], ["x", "y"]])


def test_circles_and_dots_stay_and_a_piece_of_a_group_stands_beside(loaded: Callable[[str], Loaded]) -> None:
    def dots(found: bands.Circles) -> pd.Series:
        return found.members.set_index("person_id")["slot"]

    (whole,) = groups_of(loaded("all"))
    before = bands.circles(loaded("all"), loaded("all"), (whole,))
    assert dots(before).to_dict() == {child: n for n, child in enumerate((*NEAR, *FAR))}
    name = {people: group for group, people in groups_of(loaded("A-C")).items()}
    after = bands.circles(loaded("A-C"), loaded("all"), tuple(name.values()))
    assert after.centres.loc[name[NEAR]].tolist() == before.centres.loc[whole].tolist()
    assert dots(after)[list(NEAR)].tolist() == [0, 1, 2, 3]
    pd.testing.assert_frame_equal(after.frame, before.centres)
    one, other = after.centres.loc[name[NEAR]], after.centres.loc[name[FAR[:3]]]
    assert ((one - other)[["x", "y"]] ** 2).sum() ** 0.5 > one["radius"] + other["radius"]


def test_the_choice_of_a_group_goes_with_the_band_and_comes_back(
    open_app: OpenApp, shown: Shown, case: Path, loaded: Callable[[str], Loaded]
) -> None:
    (whole,) = groups_of(loaded("all"))
    name = {people: group for group, people in groups_of(loaded("A-C")).items()}

    def chosen(app: AppTest) -> object:
        return app.session_state["chosen"]["group"]

    def band(app: AppTest, grades: str) -> AppTest:
        app.session_state["grade_band"] = grades
        app.run()
        assert not app.exception
        return app

    app = open_app(case, "groups")
    app.session_state["chosen"] = {"group": whole}
    app.run()
    assert "8 children, 28 links" in shown(app)
    assert chosen(band(app, "A-C")) == name[NEAR]
    assert "4 children, 6 links" in shown(app)
    assert chosen(band(app, "all")) == whole
    band(app, "A-C")
    app.session_state["chosen"] = {"group": name[FAR[:3]]}
    app.run()
    assert chosen(band(app, "all")) == whole
    assert bands.GROUP_GONE not in shown(app)
    band(app, "A-B")
    assert bands.GROUP_GONE in shown(app)
    assert chosen(band(app, "A-C")) == name[FAR[:3]]


def test_a_contact_that_is_gone_is_said_and_comes_back(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "shared_contacts")
    app.session_state["chosen"] = {"contact": "thing:T9"}
    app.run()
    assert not app.exception
    assert bands.CONTACT_GONE in shown(app)
    app.session_state["chosen"] = {"contact": "thing:T1"}
    app.run()
    assert bands.CONTACT_GONE not in shown(app)
