"""The Peer map page as its user finds it: what is saved, closed, added by hand, and names that try to be more."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from mapping.additions import add_record
from mapping.entries import Entry, keep_entry, remove_entry, standing_entries
from mapping.peer_maps import Action, PeerMap, Sheet, View, peer_map_from_dict
from mapping.store import open_store

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]
# The last day of the small case, on which people work on it.
TODAY = date(2024, 5, 30)
MAP = PeerMap(
    "C001",
    "with_young_person",
    "Jo Reed",
    TODAY + timedelta(days=20),
    TODAY + timedelta(days=60),
    Sheet(
        positions={"person:C001": (3, 4), "location:L1": (-222, 111)},
        views={"location:L1": View("unsafe", TODAY)},
        actions={"a": Action("Ring the school", "Jo", TODAY)},
        notes="Made on the phone.",
    ),
)
CLOSED = replace(MAP, review_on=TODAY - timedelta(days=40), expires_on=TODAY - timedelta(days=1))


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    path = tmp_path / "hub.sqlite"
    monkeypatch.setenv("CONTEXTMAP_STORE", str(path))
    return f"sqlite:///{path}"


def keep(url: str, found: PeerMap) -> Entry:
    with open_store(url) as store:
        return keep_entry(
            store, "peer_map", {**found.to_dict(), "role": "social_worker"}, by="Jo Reed", why="saved"
        )


def kept(url: str, kind: str) -> list[Entry]:
    with open_store(url) as store:
        return standing_entries(store, kind)


def opened(open_app: OpenApp, case: Path, child: str = "C001", name: str = "Jo Reed") -> AppTest:
    app = open_app(case, "peer_map")
    app.session_state["chosen"] = {"child": child}
    app.session_state["user_name"] = name
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def who(app: AppTest) -> list[str]:
    return next(
        list(frame.value["Who or what"]) for frame in app.dataframe if "Who or what" in frame.value.columns
    )


def test_a_saved_map_is_there_the_next_day_with_its_places_marks_actions_and_notes(
    open_app: OpenApp, shown: Shown, case: Path, url: str
) -> None:
    keep(url, MAP)
    app = opened(open_app, case)
    said = shown(app)
    assert "<b>Saved map.</b> With the young person · owner Jo Reed" in said
    assert "Ring the school" in said
    assert [area.value for area in app.text_area] == ["Made on the phone."]
    table = next(frame.value for frame in app.dataframe if "Who or what" in frame.value.columns)
    assert table.set_index("Who or what")["By the young person's word"]["Quarry Field"] == "not safe"
    # Whoever uses no mouse looks at a place by the box beside the picture.
    box = next(box for box in app.selectbox if box.label == "Look at somebody or something on the map")
    box.select("Quarry Field").run()
    press(app, "right")
    assert peer_map_from_dict(kept(url, "peer_map")[0].content).sheet.positions["location:L1"] == (-177, 111)
    press(app, "Undo")
    assert peer_map_from_dict(kept(url, "peer_map")[0].content).sheet == MAP.sheet
    said = shown(app)
    assert "undone: moved Quarry Field" in said
    assert '<p class="cm-quiet" role="status">Taken back: moved Quarry Field.</p>' in said


def test_whoever_chooses_a_row_far_below_is_led_to_what_it_rests_on(
    open_app: OpenApp, shown: Shown, case: Path, url: str
) -> None:
    app = opened(open_app, case)
    assert "Go there" not in shown(app)
    app.session_state["chosen"] = {"child": "C001", "link": "link:C001|C002"}
    said = shown(app.run())
    assert '<span id="panel"' in said
    assert (
        'role="status">What the chosen link rests on is beside the picture. <a href="#panel">Go there</a></p>'
        in said
    )


def test_what_another_has_said_of_the_same_place_is_told_before_it_is_replaced(
    open_app: OpenApp, shown: Shown, case: Path, url: str
) -> None:
    entry = keep(url, MAP)
    app = opened(open_app, case)
    theirs = replace(MAP, sheet=replace(MAP.sheet, views={"location:L1": View("safe", TODAY, "lights now")}))
    with open_store(url) as store:
        content = {**theirs.to_dict(), "role": "social_worker"}
        keep_entry(store, "peer_map", content, by="Sam Lee", entry_id=entry.entry_id, after=1)
    view = next(each for each in app.segmented_control if each.label == "Quarry Field")
    view.set_value("depends").run()
    said = shown(app)
    assert "Somebody else saved this map while you worked on it" in said
    assert "Quarry Field: safe (&quot;lights now&quot;) by theirs, it depends by yours." in said


def test_what_is_kept_of_a_change_has_initials_whoever_looks_at_names(
    open_app: OpenApp, case: Path, url: str
) -> None:
    keep(url, MAP)
    app = opened(open_app, case)
    app.session_state["names_shown"] = True
    app.session_state["chosen"] = {"child": "C001", "map_node": "person:C002"}
    press(app.run(), "up")
    assert [entry.why for entry in kept(url, "peer_map")] == ["moved BQ (C002)"]


def test_what_is_typed_for_one_child_does_not_stand_in_the_boxes_of_the_next(
    open_app: OpenApp, case: Path, url: str
) -> None:
    app = opened(open_app, case)
    app.session_state["chosen"] = {"child": "C001", "map_node": "location:L1"}
    app.run()
    boxes = ("In their words, if they want to say more", "How do you know?")
    for box in boxes:
        next(each for each in app.text_input if each.label == box).set_value("he told me").run()
    app.session_state["chosen"] = {"child": "C002", "map_node": "location:L1"}
    app.run()
    assert [each.value for each in app.text_input if each.label in boxes] == ["", ""]


def test_the_box_for_a_child_is_drawn_anew_with_other_names(open_app: OpenApp, case: Path) -> None:
    app = open_app(case, "peer_map")
    next(box for box in app.selectbox if box.label == "Find a child").select("AQ (C001)").run()
    with_initials = next(box for box in app.selectbox if box.label == "Find a child")
    app.text_input(key="names_reason").set_value("home visit").run()
    press(app, "Show full names")
    box = next(box for box in app.selectbox if box.label == "Find a child")
    assert (box.value, box.key != with_initials.key) == ("C001", True)
    assert app.session_state["chosen"]["child"] == "C001"
    # Another role starts with initials: no box may show the name that was chosen in it.
    app.selectbox(key="role").select("police analyst").run()
    other = next(box for box in app.selectbox if box.label == "Find a child")
    assert (other.value, other.key != box.key) == (None, True)
    assert (app.session_state["names_shown"], app.session_state["names_reason_given"]) == (False, "")


def test_the_log_keeps_why_full_names_left(
    open_app: OpenApp, case: Path, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONTEXTMAP_LOG_DIR", str(tmp_path / "log"))
    offered: dict[str, Callable[[], object]] = {}
    monkeypatch.setattr(
        streamlit, "download_button", lambda _, **box: offered.update({box["key"]: box["data"]})
    )
    app = opened(open_app, case)
    app.session_state["names_shown"], app.session_state["names_reason_given"] = True, "home visit"
    app.run()
    assert not app.exception
    # As Streamlit does: later, and without the session.
    for key in ("peer_take_svg", "send_peer_map"):
        offered[key]()
    (file,) = (tmp_path / "log").iterdir()
    kept_why = [json.loads(line)["reason"] for line in file.read_text().splitlines()]
    assert kept_why == ["home visit", "home visit"]


def test_a_child_has_a_map_for_each_purpose(open_app: OpenApp, shown: Shown, case: Path, url: str) -> None:
    keep(url, MAP)
    app = opened(open_app, case)
    press(app, "Begin another map of this child")
    assert "Ring the school" not in shown(app)
    app.radio[0].set_value("coordination")
    press(app, "Save the map")
    purposes = {entry.content["purpose"] for entry in kept(url, "peer_map")}
    assert purposes == {"with_young_person", "coordination"}
    # Both have had one turn; the boxes of one are not those of the other.
    box = next(box for box in app.selectbox if box.label == "Map")
    box.select(next(option for option in box.options if option.startswith("With the young person"))).run()
    assert app.radio[0].value == "with_young_person"


def test_maps_that_are_to_be_reviewed_are_listed_where_nobody_is_chosen(
    open_app: OpenApp, case: Path, url: str
) -> None:
    keep(url, replace(MAP, review_on=TODAY))
    keep(url, replace(MAP, child="C002"))
    keep(url, replace(CLOSED, child="C003"))
    labels = [button.label for button in open_app(case, "peer_map").button]
    assert [label.partition(":")[0].replace("\\", "") for label in labels if ": review " in label] == [
        "AQ (C001)"
    ]


def test_a_closed_map_shows_nothing_and_only_its_owner_can_renew_it(
    open_app: OpenApp, shown: Shown, case: Path, url: str
) -> None:
    keep(url, CLOSED)
    keep(url, replace(CLOSED, purpose="coordination", owner="Al"))
    app = opened(open_app, case, name="Sam Lee")
    said = shown(app)
    assert "A map of this child closed on" in said
    assert "can renew it with a reason" in said
    assert "Ring the school" not in said
    assert [area.value for area in app.text_area] == [""]
    assert not any(button.label == "Renew the map" for button in app.button)
    app.session_state["user_name"] = "Jo Reed"
    app.run()
    press(app, "Renew the map")
    assert "Say why it is still needed" in shown(app)
    next(box for box in app.text_input if box.label == "Why is it still needed?").set_value(
        "the plan runs on"
    )
    press(app, "Renew the map")
    said = shown(app)
    assert "<b>Saved map.</b>" in said
    assert "Ring the school" in said
    assert [entry.why for entry in kept(url, "peer_map")] == ["renewed: the plan runs on", "saved"]
    next(box for box in app.text_input if box.label == "Owner (who answers for it)").set_value("Sam Lee")
    press(app, "Save these particulars")
    assert [entry.why for entry in kept(url, "peer_map")] == ["owner Sam Lee", "saved"]


def test_a_new_map_can_be_saved_beside_a_closed_one_and_takes_nothing_from_it(
    open_app: OpenApp, shown: Shown, case: Path, url: str
) -> None:
    keep(url, CLOSED)
    app = opened(open_app, case, name="Sam Lee")
    press(app, "Save the map")
    assert "it has no purpose; choose why this map is made" in shown(app)
    app.radio[0].set_value("coordination")
    press(app, "Save the map")
    first, second = (peer_map_from_dict(entry.content) for entry in kept(url, "peer_map"))
    assert first == CLOSED
    assert (second.purpose, second.owner, second.sheet.views, second.sheet.actions) == (
        "coordination",
        "Sam Lee",
        {},
        {},
    )
    assert "person:C001" in second.sheet.positions


def test_what_is_added_by_hand_is_drawn_at_once_and_in_the_network_of_the_next_page(
    open_app: OpenApp, shown: Shown, case: Path, url: str
) -> None:
    app = opened(open_app, case, child="C007")
    assert "UV (N1)" not in who(app)
    with open_store(url) as store:
        at = datetime(2024, 5, 30, 12)
        how = {"by": "Jo Reed", "how": "he told me on Monday", "agency": "children's social care", "at": at, "role": "social_worker"}  # fmt: skip
        add_record(store, "people", {"person_id": "N1", "given_name": "Una", "family_name": "Vane"}, **how)
        add_record(
            store,
            "associations",
            {"person_a": "C007", "person_b": "N1", "kind": "other", "nature": "protective", "last_seen": "2024-05-30"},
            **how,
        )  # fmt: skip
    app.run()
    assert "UV (N1)" in who(app)
    app.session_state["chosen"] = {"child": "C007", "link": "link:C007|N1"}
    app.run()
    assert "Added by hand, just now." in shown(app)
    assert "he told me on Monday" in shown(app)
    app.switch_page("views/today.py").run()
    app.switch_page("views/peer_map.py").run()
    app.session_state["chosen"] = {"child": "C007", "link": "link:C007|N1"}
    app.run()
    assert not app.exception
    assert "UV (N1)" in who(app)
    assert "Added by hand, just now." not in shown(app)
    assert "he told me on Monday" in shown(app)
    assert "protective adult" in shown(app)
    with open_store(url) as store:
        for entry in standing_entries(store, "record"):
            remove_entry(store, "record", entry.entry_id, by="Jo Reed", why="undone")
    app.run()
    assert "UV (N1)" not in who(app)


def test_words_that_blame_get_a_hint_and_are_kept_all_the_same(
    open_app: OpenApp, shown: Shown, case: Path, url: str
) -> None:
    keep(url, MAP)
    app = opened(open_app, case)
    app.text_area[0].set_value("He is associating with older boys").run()
    assert "You wrote <b>associating with</b>." in shown(app)
    assert "nothing is held back" in shown(app)
    assert kept(url, "peer_map")[0].content["notes"] == "He is associating with older boys"


@pytest.mark.parametrize("kinds", [["markup", "markdown", "direction"], ["long"]])
def test_hostile_names_are_text_everywhere_on_the_page(
    open_app: OpenApp,
    shown: Shown,
    small_case: ModuleType,
    tmp_path: Path,
    url: str,
    hostile: dict[str, str],
    kinds: list[str],
) -> None:
    nasty = " ".join(hostile[kind] for kind in kinds)
    case = small_case.write_case(tmp_path / "case", name=nasty)
    sheet = Sheet(
        views={"location:L1": View("safe", TODAY, nasty[:300])},
        actions={"a": Action(nasty[:300], nasty[:100], TODAY)},
        notes=nasty[:2000],
    )
    keep(url, replace(MAP, owner=nasty[:100], sheet=sheet))
    app = opened(open_app, case, name=nasty[:100])
    app.session_state["names_shown"] = True
    app.session_state["chosen"] = {"child": "C001", "map_node": "location:L1"}
    app.run()
    assert not app.exception
    said = shown(app)
    assert "<img src=x" not in said
    assert "\u202e" not in said
    labels = [button.label for button in [*app.button, *app.get("button_group"), *app.get("download_button")]]
    labels += [button.label for button in open_case_without_a_child(open_app, case)]
    assert not [label for label in labels if "](http" in label or "<img" in label.replace("\\<", "")]


def open_case_without_a_child(open_app: OpenApp, case: Path) -> list[Any]:
    app = open_app(case, "peer_map")
    app.session_state["names_shown"] = True
    app.session_state["recent_children"] = ["C001"]
    return list(app.run().button)
