"""The Duplicates page: what it says of two records, deciding, taking back, and what other pages then show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import duplicates, pairs
from mapping.access import Viewer
from mapping.judgements import judge, load_judgements
from mapping.store import open_store, store_url

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]
CASE = {
    "people": """
        person_id,given_name,family_name,date_of_birth,home_postcode,sex
        C1,Fliss,Cobble,2009-05-04,QD1 1AA,F
        C2,Felicity,Cobble,2009-05-04,QD1 1AA,F
        C3,Orlo,Tarn,2010-01-02,QD2 2BB,M
        C4,Umber,Tarn,2010-01-02,QD2 2BB,M
        C5,Wren,Ember,2008-08-08,QE3 3CC,F
    """,
    "sources": "source_id,kind,agency,recorded_on\nS1,school,school,2025-05-20\n",
    "associations": "person_a,person_b,kind,first_seen,last_seen,source_id\nC1,C5,peer,2025-05-01,2025-05-20,S1\nC2,C3,peer,2025-05-01,2025-05-20,S1\n",
    "events": "event_id,kind,started_at\nE1,contact,2025-05-01T10:00\n",
    "participation": "event_id,person_id,role\nE1,C3,present\nE1,C4,present\n",
}


@pytest.fixture
def twice(write_case) -> Path:
    """A case in which Fliss is recorded twice, and Orlo and Umber are twins."""
    # Postcodes of areas that are not in use would be set aside.
    return write_case(**{**CASE, "people": CASE["people"].replace("QD", "M").replace("QE", "L")})


def button(app: AppTest, key: str) -> AppTest:
    """Press a button."""
    return next(found for found in app.button if found.key == key).click().run()


def typed(app: AppTest, *, name: str, why: str) -> AppTest:
    """Fill in who decides and why."""
    fields = {field.label: field for field in app.text_input}
    fields["Your name"].set_value(name)
    fields["How do you know? A few words are kept with the decision"].set_value(why)
    return app.run()


def test_the_page_says_how_two_records_compare(open_app: OpenApp, shown: Shown, twice: Path) -> None:
    app = open_app(twice, "duplicates")
    said = shown(app)
    assert not app.exception
    assert (
        "2 pairs of records may be of one person and wait for a decision. The machine suggests, a person decides."
        in said
    )
    assert "FC (C1) and FC (C2): nearly everything recorded agrees" in said
    assert "given name: a short form or another spelling" in said
    assert "Stated to know</b> WE (C5): peers" in said
    assert "Fliss" not in said
    side = app.dataframe[0].value
    assert side["The two records"].tolist() == [
        "a short form or another spelling",
        "the same",
        "the same",
        "the same",
        "the same",
    ]
    assert side["C1"].tolist() == ["recorded"] * 4 + ["female"]
    app.session_state["chosen"] = {**app.session_state["chosen"], "pair": "C3|C4"}
    twins = shown(app.run())
    assert "<b>This contradicts it:</b> the two are recorded at one event together." in twins


def test_deciding_needs_a_name_and_a_reason(open_app: OpenApp, shown: Shown, twice: Path) -> None:
    app = button(open_app(twice, "duplicates"), "decide_same")
    assert "Type your name and a reason first" in shown(app)
    app = button(typed(app, name="Jo Marsh", why=" "), "decide_same")
    assert "Type your name and a reason first" in shown(app)
    assert load_judgements(store_url(twice)).empty


def test_a_decision_is_kept_applied_and_taken_back(open_app: OpenApp, shown: Shown, twice: Path) -> None:
    app = open_app(twice, "duplicates")
    app = button(typed(app, name="Jo Marsh", why="one home, one school"), "decide_same")
    assert not app.exception
    assert "Kept: C1 and C2, one person." in shown(app)
    assert (
        "1 pair of records may be of one person and waits for a decision; of 1 pair somebody decided"
        in shown(app)
    )
    kept = load_judgements(store_url(twice))
    assert kept[["person_a", "person_b", "judgement", "by", "why"]].to_numpy().tolist() == [
        ["C1", "C2", "same", "Jo Marsh, social worker", "one home, one school"]
    ]
    app.switch_page("views/peer_map.py").run()
    app.session_state["chosen"] = {**app.session_state["chosen"], "child": "C1"}
    assert "Linked to 2 young people" in shown(app.run())  # WE by the one record, OT by the other
    # Whoever knows the child by the other record finds them, and is told what they look at.
    assert "C1 and C2 are read as one person, as was decided on the Duplicates page." in shown(app)
    find = next(box for box in app.selectbox if box.label == "Find a child")
    assert [option for option in find.options if "C2" in option] == ["FC (C1), also C2"]
    app.switch_page("views/duplicates.py").run()
    app.session_state["chosen"] = {**app.session_state["chosen"], "pair": "C1|C2"}
    app.run()
    assert "<b>One person</b>, decided by Jo Marsh, social worker" in shown(app)
    app = button(typed(app, name="Jo Marsh", why="two schools after all"), "decide_withdrawn")
    assert "2 pairs of records may be of one person and wait" in shown(app)
    assert "decision taken back. The two are compared again as they were before." in shown(app)
    history = load_judgements(store_url(twice), history=True)
    assert history["judgement"].tolist() == ["same", "withdrawn"]
    assert app.dataframe[-1].value["Stands"].tolist()[0] == "stands"
    app.switch_page("views/peer_map.py").run()
    app.session_state["chosen"] = {**app.session_state["chosen"], "child": "C1"}
    assert "Linked to 1 young person" in shown(app.run())
    assert "are read as one person" not in shown(app)


def test_what_somebody_else_decided_meanwhile_is_not_written_over(
    open_app: OpenApp, shown: Shown, twice: Path
) -> None:
    app = typed(open_app(twice, "duplicates"), name="Jo Marsh", why="one home")
    with open_store(store_url(twice)) as store:
        judge(store, "C1", "C2", "different", by="Al", why="seen both")
    app = button(app, "decide_same")
    assert "Somebody else has decided about these two since you opened them" in shown(app)
    assert load_judgements(store_url(twice))["by"].tolist() == ["Al"]


def test_a_store_that_cannot_be_read_is_said(
    open_app: OpenApp, shown: Shown, twice: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("no store" * 100)
    monkeypatch.setenv("CONTEXTMAP_STORE", str(tmp_path / "letter.txt"))
    assert "letter.txt cannot be opened" in shown(open_app(twice))


def test_names_that_try_to_be_more_are_text_here_too(
    open_app: OpenApp, shown: Shown, write_case, hostile: dict[str, str]
) -> None:
    rows = [
        {"person_id": f"C{n}", "given_name": name, "family_name": name, "date_of_birth": "2009-05-04"}
        for n, name in enumerate([*hostile.values(), *hostile.values()])
    ]
    app = open_app(write_case(people=rows), "duplicates")
    app.session_state["names_shown"] = True
    app.run()
    assert not app.exception
    assert "<img" not in shown(app)
    assert "\u202e" not in shown(app)


@pytest.mark.parametrize(
    ("weight", "said"),
    [(20.0, "nearly everything recorded agrees"), (6.0, "much agrees"), (2.5, "some agrees"), (0.0, "could be either"), (-1.0, "little agrees")],
)  # fmt: skip
def test_a_weight_is_said_in_words(weight: float, said: str) -> None:
    assert duplicates.strength(weight).startswith(said)


def test_the_weights_are_drawn_from_the_start_to_their_sum() -> None:
    table = pd.DataFrame({"what": ["To begin with", "<b>"], "said": ["x", "y"], "bits": [-4.0, 8.0]})
    drawn = duplicates.weights_html(table)
    assert "left:25.0%;width:25.0%;background:#b45f06" in drawn
    assert "left:50.0%;width:50.0%;background:#0b5394" in drawn
    assert "-4.0" in drawn
    assert "+8.0" in drawn
    assert "&lt;b&gt;" in drawn


NEAR = [("A", "B", 9.0), ("C", "D", 1.0), ("E", "F", -3.0)]


@pytest.mark.parametrize(
    ("rows", "standing", "said"),
    [
        ([], [], "No two records are close enough to ask whether they are of one person. The"),
        (NEAR[2:], [], "No two records are close enough to ask whether they are of one person. The"),
        (NEAR[1:], [], "1 pair of records may be of one person and waits for a decision. The"),
        (NEAR[1:], [("C", "D", "same")], "The one pair that may be of one person has been decided; of 1 pair somebody decided that they are one person."),
        (NEAR, [("A", "B", "unsure")], "2 pairs of records may be of one person and wait for a decision. The"),
        (NEAR, [("A", "B", "same"), ("C", "D", "same"), ("E", "F", "different")], "All 3 pairs that may be of one person have been decided; of 2 pairs somebody"),
    ],
)  # fmt: skip
def test_the_answer_counts_what_waits(
    rows: list[tuple[object, ...]], standing: list[tuple[str, ...]], said: str
) -> None:
    near = pd.DataFrame(rows, columns=["person_a", "person_b", "match_weight"])
    kept = pd.DataFrame(standing, columns=["person_a", "person_b", "judgement"])
    assert duplicates.answer(duplicates.asked(near, kept)).startswith(said)


def test_decisions_that_contradict_each_other_are_said(open_app: OpenApp, shown: Shown, twice: Path) -> None:
    with open_store(store_url(twice)) as store:
        for pair, judgement in ((("C1", "C2"), "same"), (("C2", "C5"), "same"), (("C1", "C5"), "different")):
            judge(store, *pair, judgement, by="Jo", why="said so")
    app = open_app(twice, "duplicates")
    assert (
        "C1, C2, C5 are not merged: they were judged to be one person two by two, but C1 and C5 to be different"
        in shown(app)
    )


def test_the_command_writes_what_the_page_shows(run: Any, twice: Path, tmp_path: Path) -> None:
    with open_store(store_url(twice)) as store:
        judge(store, "C3", "C4", "different", by="Jo", why="twins")
    code, said, _ = run("duplicates", str(twice), "--out", str(tmp_path / "out"))
    assert code == 0
    assert "2 pairs of 5 people may be one person; 0 judged to be one, 1 to be two." in said
    found = pd.read_parquet(tmp_path / "out" / "duplicates.parquet")
    assert found[["person_a", "person_b", "linked_otherwise", "judgement"]].to_numpy().tolist() == [
        ["C1", "C2", "", ""],
        ["C3", "C4", "at one event together", "different"],
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "duplicates.parquet",
        "summary.json",
    ]
    code, said, _ = run("duplicates", str(twice), "--out", str(tmp_path / "none"), "--threshold", "99")
    assert (code, "0 pairs of 5 people" in said) == (0, True)


def test_the_command_refuses_a_viewer_who_sees_nobody(run: Any, twice: Path, tmp_path: Path) -> None:
    code, *_ = run("duplicates", str(twice), "--out", str(tmp_path / "out"), "--viewer", "planner")
    assert code == 2
    assert not (tmp_path / "out").exists()
    with pytest.raises(PermissionError, match="sees wards, not people"):
        pairs.duplicate_pairs(twice, viewer=Viewer("planner"))


def test_analyse_merges_by_the_decisions_it_is_given(run: Any, twice: Path, tmp_path: Path) -> None:
    given = tmp_path / "given.sqlite"
    with open_store(store_url(twice, given)) as store:
        judge(store, "C1", "C2", "same", by="Jo", why="one home")
    code, said, _ = run("analyse", str(twice), "--out", str(tmp_path / "out"), "--decisions", str(given))
    assert code == 0
    assert (
        "1 record of a person is read as another record of the same person, because somebody judged so: C2 as C1."
        in said
    )
    assert pd.read_parquet(tmp_path / "out" / "groups.parquet")["person_id"].tolist() == [
        "C1",
        "C3",
        "C4",
        "C5",
    ]
    code, said, _ = run("analyse", str(twice), "--out", str(tmp_path / "plain"))
    assert (code, "judged" in said) == (0, False)
