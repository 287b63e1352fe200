"""People judged to be one: who stands for whom, what becomes of every table, and taking it back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis import Settings, analyse, analyse_records
from mapping.access import Viewer, visible
from mapping.judgements import judge
from mapping.merging import (
    Clusters,
    Identities,
    clusters,
    identities,
    load_decisions,
    load_identities,
    merge_people,
)
from mapping.records import Records, read_case
from mapping.storage import beside
from mapping.store import open_store, store_url

DEMO = Path(__file__).parents[2] / "data" / "synthetic" / "demo"
RESULTS = ("links", "link_items", "groups", "group_summary", "shared_contacts", "wards", "rejected")
CASE = {
    "people": """
        person_id,given_name,family_name,date_of_birth,sex,home_postcode,home_easting,home_northing,school_id,ehcp
        C1,Ada,Quill,,F,M1 1AE,400000,400000,,
        C2,Addie,Quill,2009-05-04,F,,,,L2,Y
        C3,Ben,Ember,2008-02-01,M,M2 2BB,401000,400000,,
        C4,Cyd,Wren,2010-10-10,,,,,,N
        C5,Ada,Quill,2009-05-04,F,M9 9ZZ,409000,409000,,
    """,
    "locations": "location_id,kind\nL1,park\nL2,school\n",
    "sources": """
        source_id,kind,handling,recorded_on
        S1,intelligence,P,2025-05-01
        S2,intelligence,C,2025-05-02
    """,
    "associations": """
        person_a,person_b,kind,nature,source_id
        C1,C5,family,neutral,S1
        C5,C3,peer,neutral,S1
        C1,C3,peer,neutral,S1
        C3,C4,peer,neutral,S1
        C4,C2,peer,harmful,S2
    """,
    "events": "event_id,kind,started_at,source_id\nE1,contact,2025-05-01T10:00,S1\n",
    "participation": "event_id,person_id,role\nE1,C1,present\nE1,C5,present\nE1,C2,harmed\nE1,C4,present\n",
    "presence": "person_id,location_id,seen_at\nC2,L1,2025-05-01T18:00\nC4,L1,2025-05-01T18:30\n",
    "things": "thing_id,kind\nT1,phone\n",
    "thing_use": "thing_id,person_id,first_seen\nT1,C5,2025-01-01\nT1,C4,2025-01-01\n",
    "missing": "episode_id,person_id,reported_at\nM1,C5,2025-04-01T10:00\n",
    "placements": "person_id,location_id,started_on\nC2,L2,2025-01-01\n",
    "referrals": "referral_id,person_id,received_on\nR1,C5,2025-03-01\nR2,C1,2025-03-01\n",
}
ONE = Identities(same=(("C1", "C2"), ("C2", "C5")))


def rows(records: Records, name: str, *columns: str) -> list[list[object]]:
    """Return some columns of a table as plain rows, nothing where nothing is recorded."""
    found = records.table(name)[list(columns)].astype(object)
    return found.where(found.notna(), None).to_numpy().tolist()


def test_every_table_after_merging(write_case) -> None:
    merged = merge_people(read_case(write_case(**CASE)), ONE)
    people = merged.table("people").astype(object)
    people = people.where(people.notna(), None).set_index("person_id")
    assert people.index.tolist() == ["C1", "C3", "C4"]
    ada = people.loc["C1"].to_dict()
    assert {name: value for name, value in ada.items() if value is not None} == {
        "row": 2,
        "given_name": "Ada",
        "family_name": "Quill",
        "date_of_birth": pd.Timestamp("2009-05-04"),  # C2's: C1 has none
        "sex": "F",
        "home_postcode": "M1 1AE",  # C1's home whole, not C5's
        "home_easting": 400_000.0,
        "home_northing": 400_000.0,
        "school_id": "L2",
        "ehcp": "Y",
    }
    assert people.loc[["C3", "C4"], ["given_name", "row"]].to_numpy().tolist() == [["Ben", 4], ["Cyd", 5]]
    assert rows(merged, "associations", "row", "person_a", "person_b", "kind", "source_id") == [
        [3, "C1", "C3", "peer", "S1"],
        [5, "C3", "C4", "peer", "S1"],
        [6, "C4", "C1", "peer", "S2"],
    ]
    assert rows(merged, "participation", "row", "event_id", "person_id", "role") == [
        [2, "E1", "C1", "present"],
        [4, "E1", "C1", "harmed"],
        [5, "E1", "C4", "present"],
    ]
    assert rows(merged, "presence", "row", "person_id") == [[2, "C1"], [3, "C4"]]
    assert rows(merged, "thing_use", "row", "thing_id", "person_id") == [[2, "T1", "C1"], [3, "T1", "C4"]]
    assert rows(merged, "missing", "episode_id", "person_id") == [["M1", "C1"]]
    assert rows(merged, "placements", "person_id", "location_id") == [["C1", "L2"]]
    assert rows(merged, "referrals", "referral_id", "person_id") == [["R1", "C1"], ["R2", "C1"]]
    assert merged.rejected[["table", "row", "reason", "restricted"]].to_numpy().tolist() == [
        ["associations", 2, "ties two records that were judged to be of one person; nobody is linked to themselves", False],
        ["associations", 4, "says the same as row 3 now that two records were judged to be of one person; that row is kept", False],
        ["participation", 3, "says the same as row 2 now that two records were judged to be of one person; that row is kept", False],
    ]  # fmt: skip
    assert merged.counts["people"] == {"read": 5, "kept": 3, "set_aside": 0, "faults": 0, "merged": 2}
    assert merged.counts["associations"] == {"read": 5, "kept": 3, "set_aside": 2, "faults": 2}
    assert merged.counts["presence"] == {"read": 2, "kept": 2, "set_aside": 0, "faults": 0}
    assert merged.notes == (
        "2 records of people are read as another record of the same person, because somebody judged so: C2 as C1, C5 as C1.",
        "C1, C2, C5 are read as one person, but differ in given_name, home: what C1 says is used, where it says anything.",
    )


def test_the_records_as_read_stay_as_they_are(write_case) -> None:
    records = read_case(write_case(**CASE))
    before = {name: records.table(name) for name in records.tables}
    branch = records.branch()
    merge_people(branch, ONE)
    branch.forget()
    for name, table in before.items():
        pd.testing.assert_frame_equal(records.table(name), table)
    assert merge_people(records, Identities()) is records
    assert merge_people(records, Identities(different=(("C1", "C2"),))) is records


def test_a_merged_case_is_the_case_with_one_id_in_place_of_the_others(write_case) -> None:
    """Written by hand with C1 wherever C2 or C5 stood, less what is then said twice: the same links and groups."""
    judged = read_case(write_case(**CASE))
    swapped = {
        name: text.replace("C2", "C1").replace("C5", "C1") for name, text in CASE.items() if name != "people"
    }
    swapped["people"] = """
        person_id,given_name,family_name,date_of_birth,sex,home_postcode,home_easting,home_northing,school_id,ehcp
        C1,Ada,Quill,2009-05-04,F,M1 1AE,400000,400000,L2,Y
        C3,Ben,Ember,2008-02-01,M,M2 2BB,401000,400000,,
        C4,Cyd,Wren,2010-10-10,,,,,,N
    """
    by_hand = read_case(write_case("by_hand", **swapped))
    one = analyse_records(judged, None, Settings(identities=ONE))
    other = analyse_records(by_hand, None, Settings())
    for name in ("links", "link_items", "groups", "group_summary", "shared_contacts"):
        pd.testing.assert_frame_equal(one.fetch(name), other.fetch(name))
    assert one.links[["person_a", "person_b"]].to_numpy().tolist() == [
        ["C1", "C3"],
        ["C1", "C4"],
        ["C3", "C4"],
    ]
    assert one.summary["results"]["people_merged"] == 2
    assert one.summary["settings"]["identities"] == {"same": 2, "different": 0}
    account = one.summary["rows"]["people"]
    assert account == {"read": 5, "set_aside": 0, "not_known_yet": 0, "used": 3, "merged": 2}
    assert [note for note in one.summary["notes"] if "judged" in note]


def test_what_a_viewer_may_not_see_is_not_there_to_be_merged(write_case) -> None:
    """S2 is for analysts: a social worker's C1 has no link to C4 from it, merged or not."""
    records = read_case(write_case(**CASE))
    worker = Settings(viewer=Viewer("social_worker"), identities=ONE)
    seen = analyse_records(records, None, worker)
    assert "S2" not in set(seen.link_items("C1", "C4")["source_id"])
    without = {**CASE, "sources": CASE["sources"].replace("S2,intelligence,C,2025-05-02", "")}
    without["associations"] = CASE["associations"].replace("C4,C2,peer,harmful,S2", "")
    same = analyse_records(read_case(write_case("without", **without)), None, worker)
    for name in ("links", "groups", "shared_contacts", "rejected"):
        pd.testing.assert_frame_equal(seen.fetch(name), same.fetch(name))


def test_a_planner_counts_the_same_people_and_is_told_of_nobody() -> None:
    truth = pd.read_csv(DEMO / "truth" / "duplicates.csv")
    same = truth[truth["judgement"] == "same"]
    found = Identities(same=tuple(zip(same["person_a"], same["person_b"], strict=True)))
    planner, worker = (
        analyse(DEMO, viewer=Viewer(role), identities=found) for role in ("planner", "social_worker")
    )
    pd.testing.assert_frame_equal(planner.wards, worker.wards)
    assert not any("P00" in note for note in planner.summary["notes"])
    assert planner.records.execute("SELECT count(*) FROM {people}")[0][0] == 3_579


def test_decisions_that_contradict_each_other_merge_nobody_of_theirs(write_case) -> None:
    found = Identities(same=(("C1", "C2"), ("C2", "C5"), ("C3", "C4")), different=(("C1", "C5"),))
    assert clusters(found, ["C1", "C2", "C3", "C4", "C5"]) == Clusters(
        {"C4": "C3"}, ((("C1", "C2", "C5"), (("C1", "C5"),)),)
    )
    merged = merge_people(read_case(write_case(**CASE)), found)
    assert merged.table("people")["person_id"].tolist() == ["C1", "C2", "C3", "C5"]
    assert merged.notes[0] == (
        "C1, C2, C5 are not merged: they were judged to be one person two by two, but C1 and C5 to be different. "
        "Decide again about one of these pairs."
    )
    alone = Identities(found.same[:2], found.different)
    kept = merge_people(read_case(write_case(**CASE)), alone)
    assert len(kept.table("people")) == 5
    assert len(kept.notes) == 1


def test_decisions_about_people_who_are_not_in_the_case_are_passed_over(write_case) -> None:
    records = read_case(write_case(**CASE))
    merged = merge_people(records, Identities(same=(("C1", "X9"), ("X8", "X9"))))
    assert merged.table("people")["person_id"].tolist() == ["C1", "C2", "C3", "C4", "C5"]
    assert merged.notes == ()


IDS = [f"P{number}" for number in range(8)]
PAIRS = st.lists(
    st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).filter(lambda p: p[0] < p[1]), max_size=10
)


@settings(max_examples=200, deadline=None)
@given(PAIRS, PAIRS)
def test_clusters_are_what_is_joined_by_pairs(
    same: list[tuple[str, str]], different: list[tuple[str, str]]
) -> None:
    """Checked against reachability by repeated squaring of the relation."""
    found = clusters(Identities(tuple(same), tuple(different)), IDS)
    reach = {person: {person} for person in IDS}
    for _ in IDS:
        for a, b in same:
            reach[a] = reach[b] = reach[a] | reach[b]
            for person in reach[a]:
                reach[person] = reach[a]
    apart = {pair for pair in different if pair[1] in reach[pair[0]]}
    barred = {person for pair in apart for person in reach[pair[0]]}
    assert dict(found.merged) == {
        person: min(reach[person]) for person in IDS if person not in barred and person != min(reach[person])
    }
    assert {person for members, _ in found.contradicted for person in members} == barred
    assert {pair for _, pairs in found.contradicted for pair in pairs} == apart


def test_the_decisions_that_stand_say_who_is_who() -> None:
    standing = pd.DataFrame(
        [("B", "A", "same"), ("A", "C", "different"), ("A", "D", "unsure")],
        columns=["person_a", "person_b", "judgement"],
    )
    assert identities(standing) == Identities((("A", "B"),), (("A", "C"),))


def test_taking_a_decision_back_gives_the_analysis_of_before(tmp_path: Path, write_case) -> None:
    case = write_case(**CASE)
    before = analyse(case)
    with open_store(store_url(case)) as store:
        judge(store, "C1", "C5", "same", by="Jo", why="one home")
        merged = analyse(case)
        judge(store, "C1", "C5", "withdrawn", by="Jo", why="two homes")
    after = analyse(case)
    assert len(merged.people) == 4
    for name in RESULTS:
        pd.testing.assert_frame_equal(after.fetch(name), before.fetch(name))
    assert {**after.summary, "stages": None} == {**before.summary, "stages": None}


def test_where_decisions_are_looked_for(tmp_path: Path, write_case, monkeypatch: pytest.MonkeyPatch) -> None:
    case = write_case(**CASE)
    assert load_identities(case) == Identities()
    assert load_decisions(case).empty
    assert not beside(case).exists()
    other = tmp_path / "other.sqlite"
    for path, pair in ((beside(case), ("C1", "C2")), (other, ("C3", "C4"))):
        with open_store(store_url(case, path)) as store:
            judge(store, *pair, "same", by="Jo", why="one home")
    assert load_identities(case).same == (("C1", "C2"),)
    assert load_identities(case, other).same == (("C3", "C4"),)
    monkeypatch.setenv("CONTEXTMAP_STORE", str(other))
    assert load_identities(case).same == (("C3", "C4"),)
    with pytest.raises(FileNotFoundError, match=r"There is no store of decisions .*nowhere\.sqlite"):
        load_identities(case, tmp_path / "nowhere.sqlite")


def test_merging_comes_after_access(write_case) -> None:
    """Nobody's fields are taken from a row the viewer does not see: people rest on no source, and all see them."""
    records = read_case(write_case(**CASE))
    worker = merge_people(visible(records.branch(), Viewer("social_worker")), ONE)
    analyst = merge_people(visible(records.branch(), Viewer("analyst")), ONE)
    pd.testing.assert_frame_equal(worker.table("people"), analyst.table("people"))
    assert set(worker.table("associations")["source_id"]) == {"S1"}
