"""What the page says would be interrupted, of whom, and of whom never."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import interruption

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]

PLACE = {"contact_type": "location", "contact_kind": "park", "called": "Quarry <Field>"}
THING = {"contact_type": "thing", "contact_kind": "phone", "called": "Phone 041"}
ADULT = {"contact_type": "person", "contact_kind": None, "called": "UV (A1)"}


def found(children: int, cut: int) -> dict[str, int]:
    pairs = children * (children - 1) // 2
    return {"children_reached": children, "pairs_reached": pairs, "pairs_interrupted": cut}


@pytest.mark.parametrize(
    ("row", "effect", "said"),
    [
        (
            PLACE,
            found(9, 14),
            "If Quarry <Field> were made safe, 14 of the 36 ways between these 9 children would be interrupted. The other 22 pairs are joined in other ways as well.",
        ),
        (
            THING,
            found(3, 3),
            "If Phone 041 could no longer be used to reach these children, all of the 3 ways between these 3 children would be interrupted: nothing else on record joins any two of them.",
        ),
        (
            ADULT,
            found(10, 0),
            "If UV (A1) were kept away from these children, none of the 45 ways between these 10 children would be interrupted: every two of them are joined in other ways as well.",
        ),
        (
            PLACE,
            found(2, 1),
            "If Quarry <Field> were made safe, nothing else on record would join the two children it joins.",
        ),
        (
            PLACE,
            found(2, 0),
            "If Quarry <Field> were made safe, the two children it joins would still be joined in other ways.",
        ),
    ],
)
def test_the_answer(row: dict[str, str], effect: dict[str, int], said: str) -> None:
    assert interruption.answer(row, effect) == said


def test_the_answer_for_several_together() -> None:
    rows = pd.DataFrame({"pairs_cut": [3, 1_200], "pairs": [5_000, 5_000]})
    assert (
        interruption.together_answer(rows, of_case=True)
        == "These 2 together would interrupt 1,200 of 5,000 ways between children in the case."
    )
    assert (
        interruption.together_answer(rows.head(1), of_case=False)
        == "This one alone would interrupt 3 of 5,000 ways between these children."
    )


@pytest.mark.parametrize(
    ("row", "on_record", "said"),
    [
        ({"contact_type": "event", "contact_kind": "incident"}, False, "An event is past"),
        (ADULT, False, "Only adults of concern are looked at here."),
        ({**PLACE, "contact_kind": "childrens_home"}, False, "Children live or are cared for here"),
        (PLACE, True, "No record tells of harm at this place"),
        (PLACE, False, "Fewer than two children are known to have been at this place"),
    ],
)
def test_why_nothing_is_worked_out(row: dict[str, str], on_record: bool, said: str) -> None:
    assert interruption.left_out(row, on_record=on_record).startswith(said)


def choose(app: AppTest, contact: str) -> AppTest:
    app.session_state["chosen"] = {**app.session_state["chosen"], "contact": contact}
    return app.run()


def table(app: AppTest, heading: str) -> pd.DataFrame:
    return next(each.value for each in app.dataframe if heading in each.value.columns)


def test_a_park_then_several_together_then_what_is_not_looked_at(
    open_app: OpenApp, shown: Shown, case: Path
) -> None:
    app = choose(open_app(case, "shared_contacts"), "location:L1")
    assert not app.exception
    said = shown(app)
    # C001 and C002 also share an adult of concern; nothing else joins C003 and C004 to anyone.
    assert (
        "If Quarry Field were made safe, 5 of the 6 ways between these 4 children would be interrupted. The other pair is joined in other ways as well."
        in said
    )
    assert "Networks adapt" in said
    assert "These 3 together would interrupt 6 of 6 ways between these children." in said
    assert table(app, "Of these children").values.tolist() == [["UV (A1)", "adult of concern", 2]]
    assert table(app, "Interrupted so far").values.tolist() == [
        ["Quarry Field", "park or open space", 4, 5, 83],
        ["UV (A1)", "adult of concern", 4, 6, 100],
        ["handset ending 041", "phone", 4, 6, 100],
    ]
    next(each for each in app.slider if each.label == "How many contexts together").set_value(1).run()
    assert "This one alone would interrupt 5 of 6 ways between these children." in shown(app)
    between = next(each for each in app.get("button_group") if each.label == "Ways between")
    between.set_value(interruption.CASE).run()
    assert not app.exception
    # C001 to C004 by the park; C001, C002, C011 and C012 by the adult; so all fifteen pairs have a way now.
    assert "This one alone would interrupt 9 of 15 ways between children in the case." in shown(app)
    next(each for each in app.toggle if each.label.startswith("Only places where")).set_value(True).run()
    assert "No record tells of harm at this place" in shown(app)
    assert "An event is past" in shown(choose(app, "event:E1"))
    # Children were missing from the children's home or placed there: they live there.
    app = choose(app, "location:L3")
    assert not app.exception
    assert "Children live or are cared for here" in shown(app)


def test_hostile_names_are_shown_as_text(
    open_app: OpenApp, shown: Shown, small_case: ModuleType, tmp_path: Path, hostile: dict[str, str]
) -> None:
    folder = small_case.write_case(tmp_path / "case", name=" ".join(hostile.values()))
    app = choose(open_app(folder, "shared_contacts"), "location:L1")
    assert not app.exception
    assert "<img" not in shown(app).split("If this context were made safe")[1]
    assert "&lt;img src=x" in shown(app).split("If this context were made safe")[1]
