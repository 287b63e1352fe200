from __future__ import annotations

import hashlib
import threading

import pandas as pd
import pytest

from mapping.apart import Stopped
from mapping.omissions import omissions

MASK = 2**64 - 1
SAID = {
    "S1": ("police", "A-B", "B-C", "A-C"),
    "S2": ("school", "C-D"),
    "S3": ("school", "E-F", "F-G", "G-H"),
    "S4": ("police", "I-J"),
}


def spread(value: int) -> int:
    """The finisher of SplitMix64, in plain Python."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK
    return (value ^ (value >> 31)) | 1


def left_out(person: str, share: float, seed: int, draw: int) -> bool:
    """Whether somebody is left out of a draw, by the documented rule."""
    key = int.from_bytes(hashlib.md5(person.encode()).digest()[8:], "little")
    return (spread(key ^ spread((spread(seed) + draw) & MASK)) >> 11) / 2**53 < share


def case_tables(told) -> dict[str, pd.DataFrame]:
    """Peers who are told of, and three adults known to some of them."""
    tables = told(SAID, people="L")
    adults = pd.DataFrame({"person_id": ["X", "Y", "Z"], "date_of_birth": "1980-01-01"})
    known = [("A", "X"), ("B", "X"), ("C", "X"), ("E", "Y"), ("I", "Y"), ("J", "Z")]
    harm = pd.DataFrame(known, columns=["person_a", "person_b"]).assign(kind="other", last_seen="2025-06-30")
    return tables | {
        "people": pd.concat([tables["people"], adults]),
        "associations": pd.concat([tables["associations"], harm]),
    }


def test_leaving_people_out_is_as_if_they_had_never_been_recorded(write_case, settle, told) -> None:
    """Each draw worked out again on a case without those people: groups by sets, contacts by counting."""
    tables = case_tables(told)
    settled = settle(write_case(**tables))
    plain = {c: people for c, people in settled.people().items() if len(people) > 1}
    assert sorted(map("".join, map(sorted, plain.values()))) == ["ABCD", "EFGH", "IJ"]
    share, draws, seed = 0.3, 4, 9
    found = omissions(settled.settling, settled.ties, settled.groups, shares=[share], draws=draws, seed=seed)
    people, similar, lost = [], [], []
    known = {"X": "ABC", "Y": "EI"}
    for draw in range(draws):
        gone = {person for person in "ABCDEFGHIJL" if left_out(person, share, seed, draw)}
        kept = tables["associations"]
        kept = kept[~kept["person_a"].isin(gone) & ~kept["person_b"].isin(gone)]
        named = tables["people"][~tables["people"]["person_id"].isin(gone)]
        again = settle(write_case(f"draw{draw}", **tables | {"people": named, "associations": kept}))
        people.append(len(gone))
        for mine in (group - gone for group in plain.values()):
            jaccard = max(
                (len(mine & other) / len(mine | other) for other in again.people().values()), default=0
            )
            similar.append(jaccard if len(mine) > 1 else 0)
        lost += [len(set(children) - gone) < 2 for children in known.values()]
    assert 0 < sum(people) < 11 * draws
    assert found.shares.values.tolist() == [
        [
            share,
            draws,
            sum(people) / draws,
            3,
            pytest.approx(sum(similar) / len(similar)),
            pytest.approx(sum(value <= 0.5 for value in similar) / len(similar)),
            2,
            pytest.approx(sum(lost) / len(lost)),
        ]
    ]
    assert found.groups["dissolved"].tolist() == [sum(v <= 0.5 for v in similar[k::3]) for k in range(3)]
    assert found.contacts["lost"].tolist() == [sum(lost[k::2]) for k in range(2)]


def test_more_people_left_out_are_those_and_others(write_case, settle, told) -> None:
    settled = settle(write_case(**case_tables(told)))
    found = omissions(settled.settling, settled.ties, settled.groups)
    again = omissions(settled.settling, settled.ties, settled.groups)
    assert found.shares["share"].tolist() == [0.02, 0.05, 0.10]
    assert found.shares["people"].is_monotonic_increasing
    assert found.shares["contacts_lost"].is_monotonic_increasing
    pd.testing.assert_frame_equal(found.shares, again.shares)


def test_what_cannot_be_asked_is_refused_and_what_is_stopped_ends(write_case, settle, told) -> None:
    settled = settle(write_case(**told({"S1": ("police", "A-B")})))
    asked = settled.settling, settled.ties, settled.groups
    with pytest.raises(ValueError, match="share of people to leave out is 5; it must lie between 0 and 1"):
        omissions(*asked, shares=[5])
    with pytest.raises(ValueError, match="0 draws of 3 shares were asked for"):
        omissions(*asked, draws=0)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        omissions(*asked, stop=stop)
    assert omissions(*asked, draws=1).shares["contacts"].tolist() == [0, 0, 0]


def test_a_program_apart_finds_the_same_and_tells_how_far_it_is(
    write_case, settle, told, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = settle(write_case(**case_tables(told)))
    asked = settled.settling, settled.ties, settled.groups
    here = omissions(*asked, shares=[0.2], draws=3)
    monkeypatch.setattr("mapping.omissions.ASIDE_ABOVE", 3)
    done: list[tuple[int, int]] = []
    there = omissions(*asked, shares=[0.2], draws=3, progress=lambda drawn, of: done.append((drawn, of)))
    for name in ("shares", "groups", "contacts"):
        pd.testing.assert_frame_equal(getattr(there, name), getattr(here, name))
    assert done == [(1, 3), (2, 3), (3, 3)]
