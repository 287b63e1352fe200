from __future__ import annotations

from datetime import date, datetime

import pandas as pd

from app import recent

AT = datetime(2026, 3, 31, 23, 59)


def episodes(*rows: tuple[str, str, str | None, str | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(
        rows, columns=["person_id", "reported_at", "found_at", "interview_accepted", "interview_held_at"]
    )
    for name in ("reported_at", "found_at", "interview_held_at"):
        frame[name] = pd.to_datetime(frame[name])
    return frame.assign(
        episode_id=[f"M{n}" for n in range(len(frame))],
        missing_from="L1",
        risk_level="medium",
        interview_offered="Y",
        delay_reason=None,
    )


def test_now_is_the_end_of_the_day_or_this_minute() -> None:
    assert recent.now(date(2026, 3, 31), clock=datetime(2026, 6, 1)) == AT
    assert recent.now(date(2026, 3, 31), clock=datetime(2026, 3, 31, 9, 5)) == datetime(2026, 3, 31, 9, 5)


def test_missing_now_holds_children_whose_last_episode_is_open() -> None:
    missing = episodes(
        ("C1", "2026-03-30T23:59", None, None, None),  # missing for a day
        ("C1", "2026-01-05T10:00", "2026-01-06T10:00", None, None),  # the episode before
        ("C2", "2026-03-01T10:00", None, None, None),  # never closed, but a later episode began
        ("C2", "2026-03-10T10:00", "2026-03-11T10:00", None, None),
        ("C3", "2026-03-31T22:00", "2026-04-01T06:00", None, None),  # found after the moment
        ("C4", "2026-04-01T01:00", None, None, None),  # not yet reported
    )
    found = recent.missing_now(missing, at=AT)
    assert found[["person_id", "hours", "last_missing", "episodes"]].to_dict("records") == [
        {"person_id": "C1", "hours": 24.0, "last_missing": pd.Timestamp("2026-01-05T10:00"), "episodes": 2},
        {"person_id": "C3", "hours": 119 / 60, "last_missing": pd.NaT, "episodes": 1},
    ]


def test_interviews_due_by_hours_left() -> None:
    missing = episodes(
        ("C1", "2026-03-28T10:00", "2026-03-29T23:59", None, None),  # 24 hours left
        ("C2", "2026-03-20T10:00", "2026-03-21T23:59", "Y", None),  # a week over
        ("C3", "2026-03-28T10:00", "2026-03-29T23:59", "N", None),  # offered, not accepted
        ("C4", "2026-03-28T10:00", "2026-03-29T23:59", "Y", "2026-03-30T12:00"),  # held
        ("C5", "2026-03-31T10:00", None, None, None),  # not back
    )
    found = recent.interviews_due(missing, at=AT)
    assert found[["person_id", "hours_left"]].to_dict("records") == [
        {"person_id": "C1", "hours_left": 24.0},
        {"person_id": "C2", "hours_left": -168.0},
    ]


def test_new_links_are_those_not_known_before() -> None:
    columns = ["person_a", "person_b", "last_seen"]
    now = pd.DataFrame([("a", "b", "2026-01-01"), ("a", "c", "2020-01-01")], columns=columns)
    assert recent.new_links(now, now.head(1)).to_dict("records") == [
        {"person_a": "a", "person_b": "c", "last_seen": "2020-01-01"}
    ]


def test_newest_referrals() -> None:
    referrals = pd.DataFrame(
        {
            "referral_id": ["R1", "R2", "R3"],
            "received_on": pd.to_datetime(["2026-03-24", "2026-03-25", "2026-03-31"]),
        }
    )
    found = recent.newest_referrals(referrals, since=date(2026, 3, 24), until=date(2026, 3, 31))
    assert found["referral_id"].tolist() == ["R3", "R2"]
