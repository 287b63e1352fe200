"""What is loaded for a page: no more than it shows, shared by all who may see the same."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import analysis, answers, words
from app.data import Beside, Loaded, Question, Reading, Work, kept

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
PLACES = (
    *("wards", "hotspots", "when", "placements", "gaps", "deprivation"),
    *("week_of_action", "dashboard", "import_case", "duplicates"),
)


@pytest.fixture
def loaded(case: Path) -> Loaded:
    question = Question(str(case), "", "social_worker", None, "all")
    work = Work(question, Reading(case)).begin().link()
    work.linked.wait()
    assert work.analysis is not None, work.error
    return Loaded(question, work.analysis, work)


@pytest.mark.parametrize("page", PLACES)
def test_a_page_about_places_links_nobody_and_is_the_same_for_every_band_of_grades(
    case: Path, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linking was what such a page waited for longest, and again for each band of grades."""
    begun: list[Question] = []
    begin = Work.begin
    monkeypatch.setattr(Work, "begin", lambda work: (begun.append(work.question), begin(work))[1])
    monkeypatch.setattr(analysis, "_network", lambda linking: pytest.fail("People were linked."))
    monkeypatch.setenv("CONTEXTMAP_CASE", str(case))
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.session_state["role"] = "social_worker"
    app.switch_page(f"views/{page}.py")
    assert not app.run().exception
    app.session_state["grade_band"] = "A-B"
    assert not app.run().exception
    assert [question.grades for question in begun] == ["all"]


def test_bridges_are_the_groups_that_each_contact_reaches(loaded: Loaded) -> None:
    """Against the children of each contact, one contact after the other."""
    group_of = loaded.analysis.groups.set_index("person_id")["group_id"]
    listed = set(answers.group_labels(loaded).index)
    counted: Counter[tuple[str, ...]] = Counter()
    shared = loaded.analysis.shared_contacts
    for row in shared[shared["groups"].between(2, 8)].itertuples(index=False):
        children = loaded.analysis.contact_children(row.contact_type, row.contact_id)
        counted.update(combinations(sorted({group_of[child] for child in children} & listed), 2))
    found = answers.bridges(loaded)
    assert counted
    assert {(a, b): n for a, b, n in found.itertuples(index=False)} == counted
    assert found[["group_a", "group_b"]].to_records(index=False).tolist() == sorted(counted)


def test_days_are_worded_one_by_one_or_all_together() -> None:
    times = [pd.Timestamp("2024-02-29 23:59"), pd.NaT, pd.Timestamp("2024-02-29"), pd.Timestamp("1912-01-01")]
    assert words.days(pd.Series(times)) == [words.day(time) for time in times]
    assert words.days(pd.Series([], dtype=object)) == []


def test_what_is_known_is_answered_while_something_else_is_worked_out(loaded: Loaded) -> None:
    """A page that had all its answers waited until another part of the same work was done."""

    @kept
    def answer(loaded: Loaded, number: int) -> int:
        return number + 1

    assert answer(loaded, 1) == 2
    with loaded.work.turn:
        asking = threading.Thread(target=answer, args=(loaded, 1), daemon=True)
        asking.start()
        asking.join(5)
        assert not asking.is_alive()


def test_people_are_linked_once_however_often_it_is_asked(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked: list[int] = []
    link = analysis._network
    monkeypatch.setattr(analysis, "_network", lambda linking: (linked.append(1), link(linking))[1])
    work = Work(Question(str(case), "", "social_worker", None, "all"), Reading(case)).begin()
    assert work.there.wait(60)
    assert not linked
    for _ in range(3):
        work.link()
    assert work.linked.wait(60)
    assert linked == [1]


def test_the_check_begins_when_it_is_asked_for_again(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page that asks first is drawn before its work is slowed down."""
    ran: list[bool] = []
    monkeypatch.setattr(Beside, "run", lambda work, work_out: ran.append(True))
    check = Beside("How sure groups are")
    check.ask(lambda _tell: loaded.analysis)
    time.sleep(0.05)
    assert not ran
    for _ in range(3):
        check.ask(lambda _tell: loaded.analysis)
    time.sleep(0.05)
    assert ran == [True]


def test_what_is_worked_out_beside_leaves_the_turn_to_others(
    loaded: Loaded, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for it: it holds nothing that a page needs, and where it fails, that is said and no more."""
    held = threading.Event()
    work = Beside("What takes long")
    work.ask(lambda tell: (tell(1, 2), held.wait(30), "found")[-1], at_once=True)
    assert loaded.work.turn.acquire(timeout=5)
    loaded.work.turn.release()
    held.set()
    until(lambda: work.found == "found")
    assert (work.told, work.failed) == ((1, 2), False)
    broken = Beside("What takes long")
    broken.ask(lambda _tell: 1 // 0, at_once=True)
    until(lambda: broken.failed)
    assert "What takes long could not be worked out" in caplog.text


def until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not there() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert there()
