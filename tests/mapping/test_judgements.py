"""Decisions that are kept: what stands, what stood before, and who may write when."""

from __future__ import annotations

import tempfile
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.judgements import (
    COLUMNS,
    JUDGEMENTS,
    JudgedMeanwhileError,
    judge,
    judgements,
    load_judgements,
)
from mapping.store import open_store, store_exists, store_url


def at(day: int, hour: int = 12) -> datetime:
    """Return a moment of May 2026, in UTC."""
    return datetime(2026, 5, day, hour, tzinfo=UTC)


def told(found: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return decisions as plain rows: pair, turn, judgement, by, day and hour, why, whether it stands."""
    return [
        (row.person_a, row.person_b, row.turn, row.judgement, row.by, f"{row.at:%d %H}", row.why,
         pd.isna(row.superseded_at))
        for row in found.itertuples()
    ]  # fmt: skip


def test_a_later_decision_stands_and_the_earlier_ones_stay_in_the_history(url: str) -> None:
    with open_store(url) as store:
        turns = [
            judge(store, "P2", "P1", "same", by="Jo, social worker", why="one address", at=at(1)),
            judge(store, "P1", "P3", "unsure", by="Sam", why="no date of birth", at=at(2)),
            judge(store, "P1", "P2", "different", by="Al, analyst", why="seen together", at=at(3)),
            judge(store, "P4", "P3", "same", by="Jo", why="told us", at=at(4)),
            judge(store, "P3", "P4", "withdrawn", by="Jo", why="wrong row", at=at(5)),
        ]
        assert turns == [1, 1, 2, 1, 2]
        assert told(judgements(store)) == [
            ("P1", "P2", 2, "different", "Al, analyst", "03 12", "seen together", True),
            ("P1", "P3", 1, "unsure", "Sam", "02 12", "no date of birth", True),
        ]
        history = judgements(store, history=True)
    assert told(history) == [
        ("P1", "P2", 1, "same", "Jo, social worker", "01 12", "one address", False),
        ("P1", "P2", 2, "different", "Al, analyst", "03 12", "seen together", True),
        ("P1", "P3", 1, "unsure", "Sam", "02 12", "no date of birth", True),
        ("P3", "P4", 1, "same", "Jo", "04 12", "told us", False),
        ("P3", "P4", 2, "withdrawn", "Jo", "05 12", "wrong row", True),
    ]
    assert history["superseded_at"].iloc[0] == at(3)
    pd.testing.assert_frame_equal(load_judgements(url, history=True), history)


def test_as_of_a_day_is_what_stood_at_its_end_in_london(url: str) -> None:
    with open_store(url) as store:
        judge(store, "A", "B", "same", by="Jo", why="seen", at=at(1, 22))  # 23:00 in London, in summer
        judge(store, "A", "B", "different", by="Jo", why="seen", at=at(1, 23))  # past midnight
        stood = [judgements(store, as_of=date(2026, 5, day))["judgement"].tolist() for day in (0 + 1, 2)]
        assert stood == [["same"], ["different"]]
        assert judgements(store, as_of=date(2026, 4, 30)).empty


def test_a_time_without_a_zone_is_london_time(url: str) -> None:
    with open_store(url) as store:
        judge(store, "A", "B", "same", by="Jo", why="seen", at=datetime(2026, 5, 1, 13))
        assert judgements(store)["at"].tolist() == [pd.Timestamp(at(1))]


def test_every_fault_of_a_decision_is_said_at_once_and_nothing_is_kept(url: str) -> None:
    with open_store(url) as store:
        with pytest.raises(
            ValueError, match=r"'maybe' is not a decision.*P1 is one record.*nobody is named.*no reason"
        ):
            judge(store, "P1", "P1", "maybe", by=" ", why="")
        with pytest.raises(
            ValueError, match="Nobody has decided about A and B, so there is nothing to withdraw"
        ):
            judge(store, "B", "A", "withdrawn", by="Jo", why="a slip")
        assert judgements(store, history=True).empty


def test_whoever_decides_has_seen_the_decision_before(url: str) -> None:
    with open_store(url) as store:
        judge(store, "A", "B", "same", by="Jo", why="one home", after=0)
        with pytest.raises(JudgedMeanwhileError, match="Somebody else has decided about these two"):
            judge(store, "A", "B", "different", by="Al", why="two homes", after=0)
        assert judge(store, "A", "B", "different", by="Al", why="two homes", after=1) == 2


def test_several_writers_at_once_lose_nothing(url: str) -> None:
    def write(name: str) -> None:
        with open_store(url) as store:
            for number in range(8):
                judge(store, "A", f"B{number}", "same", by=name, why=f"reason {number}")

    writers = [threading.Thread(target=write, args=(f"user {n}",)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    history = load_judgements(url, history=True)
    assert len(history) == 32
    assert history.groupby("person_b")["turn"].agg(list).tolist() == [[1, 2, 3, 4]] * 8
    assert history.groupby("person_b")["by"].nunique().tolist() == [4] * 8


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.sampled_from("ABC"), st.sampled_from(sorted(JUDGEMENTS))),
        max_size=12,
    )
)
def test_what_stands_is_the_last_of_each_pair(decisions: list[tuple[str, str, str]]) -> None:
    last: dict[tuple[str, str], str] = {}
    with tempfile.TemporaryDirectory() as folder, open_store(store_url(Path(folder) / "case")) as store:
        for one, other, judgement in decisions:
            pair = (min(one, other), max(one, other))
            if one == other or (judgement == "withdrawn" and pair not in last):
                continue
            judge(store, one, other, judgement, by="Jo", why="said so")
            last[pair] = judgement
        found = judgements(store)
    standing = {pair: judgement for pair, judgement in last.items() if judgement != "withdrawn"}
    assert (
        dict(zip(zip(found["person_a"], found["person_b"], strict=True), found["judgement"], strict=True))
        == standing
    )


def test_no_store_is_no_decisions_and_reading_makes_none(url: str, tmp_path: Path) -> None:
    found = load_judgements(url)
    assert (len(found), tuple(found.columns)) == (0, COLUMNS)
    if url.startswith("sqlite"):
        assert not store_exists(url)
        assert list(tmp_path.iterdir()) == []
