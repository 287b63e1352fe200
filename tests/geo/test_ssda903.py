"""SSDA903 returns: what is read, what is told, and the made-up return whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.ssda903 import PARTS, Return, read_return
from mapping.codes import load_codes
from mapping.records import read_case

HEADER = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n"
EPISODES = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"
MISSING = "CHILD,DOB,MISSING,MIS_START,MIS_END\n"
ADA = "1,2,04/05/2008,WBRI,A123456789012,,\n"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a return of these rows; children 1 and 2 are in the header unless it is given."""

    def folder(
        episodes: str = "", *, header: str = ADA + "2,1,01/02/2010,REFU,,,\n", missing: str | None = None
    ) -> Path:
        place = tmp_path / "return"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        (place / "header.csv").write_text(HEADER + header, encoding="utf-8")
        (place / "episodes.csv").write_text(EPISODES + episodes, encoding="utf-8")
        if missing is not None:
            (place / "missing.csv").write_text(MISSING + missing, encoding="utf-8")
        return place

    return folder


def episode(child: str = "1", start: str = "01/03/2020", end: str = "", **given: str) -> str:
    """A row of the episodes file: in a children's home in Bury, unless something else is given."""
    plain = {
        "RNE": "S", "LS": "C2", "CIN": "N1", "PLACE": "K2", "PLACE_PROVIDER": "PR4", "DEC": end, "REC": "X1" if end else "",
        "REASON_PLACE_CHANGE": "", "HOME_POST": "M1 1AA", "PL_POST": "BL9 0AA", "URN": "1234567",
    }  # fmt: skip
    return ",".join([child, start, *{**plain, **given}.values()]) + "\n"


def told(found: Return) -> list[tuple[str, int, str, str]]:
    """Where each fault is, and its value."""
    return list(found.faults[["table", "row", "column", "value"]].itertuples(index=False, name=None))


# The made-up return ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(realdata: Path) -> Return:
    return read_return(realdata / "ssda903", authority="E08000010")


def test_every_row_of_the_made_up_return_is_read(real: Return) -> None:
    assert real.counts == {
        "header": {"read": 2675, "kept": 2675, "set_aside": 0, "faults": 0},
        "episodes": {"read": 5050, "kept": 5050, "set_aside": 0, "faults": 9273, "short_breaks": 803},
        "missing": {"read": 43, "kept": 43, "set_aside": 0, "faults": 0},
    }
    sizes = {name: len(getattr(real, name)) for name in ("people", "locations", "placements", "missing")}
    assert sizes == {"people": 2675, "locations": 3690, "placements": 5050 - 803, "missing": 43}


def test_the_faults_of_the_made_up_return_are_those_that_pandas_finds(real: Return, realdata: Path) -> None:
    plain = pd.read_csv(realdata / "ssda903" / "episodes.csv", dtype=str, keep_default_na=False)
    areas = load_codes().postcode_areas
    unknown = {
        name: int((~plain[name].str.extract("^([A-Z]+)")[0].isin(areas) & plain[name].ne("")).sum())
        for name in ("HOME_POST", "PL_POST")
    }
    start = pd.to_datetime(plain["DECOM"], dayfirst=True)
    end = pd.to_datetime(plain["DEC"], dayfirst=True)
    order = plain.assign(start=start, end=end).sort_values(["CHILD", "start"])
    following = order.groupby("CHILD")["start"].shift(-1)
    expected = {
        "HOME_POST": unknown["HOME_POST"],
        "PL_POST": unknown["PL_POST"],
        "DEC": int((following < order["end"]).sum() + (order["end"].isna() & following.notna()).sum()),
        "REC": int((order["end"].isna() & following.isna() & order["REC"].ne("")).sum()),
    }

    found = real.faults.groupby("column").size().to_dict()

    assert found == expected == {"HOME_POST": 4292, "PL_POST": 3506, "DEC": 62 + 10, "REC": 1403}
    assert set(real.faults["table"]) == {"episodes"}
    assert real.faults["row"].between(2, 5051).all()
    assert real.faults.iloc[0][["row", "column", "value"]].tolist() == [3, "HOME_POST", "EG19 7TT"]


def test_the_made_up_return_is_a_case_without_a_fault(real: Return, tmp_path: Path) -> None:
    real.save(tmp_path / "case")

    records = read_case(tmp_path / "case")

    assert len(records.rejected) == 0
    kept = {name: records.counts[name]["kept"] for name in ("people", "locations", "placements", "missing")}
    assert kept == {"people": 2675, "locations": 3690, "placements": 4247, "missing": 43}


def test_postcodes_that_exist_are_those_of_the_postcode_file(realdata: Path) -> None:
    there = pd.read_csv(realdata / "postcodes" / "gm_codepoint_open_may2025.csv", dtype=str)["postcode"]
    plain = pd.read_csv(realdata / "ssda903" / "episodes.csv", dtype=str, keep_default_na=False)
    districts = set(there.str.split(" ").str[0])
    inside = plain["PL_POST"].str.split(" ").str[0].isin(districts)

    found = read_return(realdata / "ssda903", postcodes=there)

    absent = found.faults[found.faults["reason"].str.contains("postcode file")]
    assert (len(absent), int(inside.sum())) == (70, 82)
    assert set(absent["value"]) == set(plain.loc[inside, "PL_POST"]) - set(there)
    placed = set(found.locations["postcode"].dropna()) & set(there)
    short = plain["LS"].isin(["V3", "V4"])
    assert placed == set(plain.loc[inside & ~short, "PL_POST"]) & set(there)


# What a return becomes ------------------------------------------------------------------------


def test_a_return_becomes_tables_of_a_case(write: Write) -> None:
    rows = episode(end="01/06/2020") + episode(
        start="01/06/2020",
        PLACE="U4",
        PLACE_PROVIDER="PR1",
        HOME_POST="m11ab",
        PL_POST="bl90ab",
        URN="XXXXXXX",
    )
    gone = "1,04/05/2008,M,05/05/2020,07/05/2020\n1,,A,09/07/2020,\n"

    found = read_return(write(rows, missing=gone), authority="E08000003")

    assert len(found.faults) == 0
    assert found.people.astype(object).where(found.people.notna(), None).values.tolist() == [
        ["1", "2008-05-04", "F", "WBRI", "E08000003", "M1 1AB", "cla"],
        ["2", "2010-02-01", "M", "REFU", "E08000003", None, None],
    ]
    assert found.locations.astype(object).where(found.locations.notna(), None).values.tolist() == [
        ["BL9 0AB", "foster_home", None, "BL9 0AB", "the authority itself"],
        ["URN 1234567 BL9 0AA", "childrens_home", "URN 1234567", "BL9 0AA", "private provider"],
    ]
    assert found.placements.astype(object).where(found.placements.notna(), None).values.tolist() == [
        ["1", "URN 1234567 BL9 0AA", "2020-03-01", "2020-06-01", "E08000003", "K2"],
        ["1", "BL9 0AB", "2020-06-01", None, "E08000003", "U4"],
    ]
    assert found.missing.astype(object).where(found.missing.notna(), None).values.tolist() == [
        ["1 2020-05-05", "1", "2020-05-05", "2020-05-07"],
        ["1 2020-07-09", "1", "2020-07-09", None],
    ]
    assert found.notes == (
        "1 of 2 children of the header have no episode.",
        "1 children have more than one home postcode; the newest is used.",
        "1 of 2 missing episodes are away without authorisation (A); all are counted.",
    )


def test_short_breaks_are_read_but_are_no_placements(write: Write) -> None:
    found = read_return(write(episode(LS="V4") + episode("2", LS="C1")))

    assert found.counts["episodes"] == {"read": 2, "kept": 2, "set_aside": 0, "faults": 0, "short_breaks": 1}
    assert found.placements["person_id"].tolist() == ["2"]
    assert found.people.set_index("person_id")["care_status"].to_dict()["2"] == "cla"


def test_an_episode_without_any_place_is_at_a_place_of_its_own(write: Write) -> None:
    rows = episode(PL_POST="", URN="") + episode("2", PL_POST="", URN="", PLACE="H5")

    found = read_return(write(rows))

    assert found.placements["location_id"].tolist() == [
        "not given, child 1 from 2020-03-01",
        "not given, child 2 from 2020-03-01",
    ]
    assert found.locations["kind"].tolist() == ["childrens_home", "semi_independent"]


# Faults ---------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_told_and_the_row_kept(write: Write) -> None:
    header = "1,7,31/02/2008,XXXX,B1,2,x\n"
    rows = episode(RNE="Z", LS="Q1", CIN="N9", PLACE="ZZ", PLACE_PROVIDER="PR9", HOME_POST="no", PL_POST="QQ1 1AA", URN="x")  # fmt: skip

    found = read_return(write(rows, header=header))

    assert told(found) == [
        ("episodes", 2, "CIN", "N9"),
        ("episodes", 2, "HOME_POST", "no"),
        ("episodes", 2, "LS", "Q1"),
        ("episodes", 2, "PLACE", "ZZ"),
        ("episodes", 2, "PLACE_PROVIDER", "PR9"),
        ("episodes", 2, "PL_POST", "QQ1 1AA"),
        ("episodes", 2, "RNE", "Z"),
        ("episodes", 2, "URN", "x"),
        ("header", 2, "DOB", "31/02/2008"),
        ("header", 2, "ETHNIC", "XXXX"),
        ("header", 2, "MC_DOB", "x"),
        ("header", 2, "MOTHER", "2"),
        ("header", 2, "SEX", "7"),
        ("header", 2, "UPN", "B1"),
    ]
    reasons = found.faults.set_index("column")["reason"]
    assert reasons["LS"] == (
        "is not one of C1, C2, D1, E1, V2, V3, V4, L1, L2, L3, J1, J2, J3: correct the code"
    )
    assert reasons["DOB"] == "is not a date written day first, such as 31/03/2025: correct it"
    assert reasons["PL_POST"] == "is not a known postcode: check it against the address"
    assert {name: part["set_aside"] for name, part in found.counts.items()} == {
        "header": 0,
        "episodes": 0,
        "missing": 0,
    }
    assert found.placements["placement_type"].isna().all()


def test_a_row_is_set_aside_where_nothing_can_be_said_without_the_value(write: Write) -> None:
    rows = (
        episode("")
        + episode(start="")
        + episode(start="2020/01/01")
        + episode(end="99/99/2020")
        + episode("7")
        + episode(start="02/03/2020", end="01/03/2020")
        + episode("2")
    )

    found = read_return(write(rows, missing="1,,M,05/05/2020,04/05/2020\n2,,M,05/05/2020,soon\n"))

    told_of = found.faults[["table", "row", "column", "value"]].astype(object)
    assert told_of.where(told_of.notna(), None).values.tolist() == [
        ["episodes", 2, "CHILD", None],
        ["episodes", 3, "DECOM", None],
        ["episodes", 4, "DECOM", "2020/01/01"],
        ["episodes", 5, "DEC", "99/99/2020"],
        ["episodes", 6, "CHILD", "7"],
        ["episodes", 7, "DEC", "01/03/2020"],
        ["missing", 2, "MIS_END", "04/05/2020"],
        ["missing", 3, "MIS_END", "soon"],
    ]
    assert found.faults["reason"].str.endswith("The row is set aside").all()
    assert {name: (part["read"], part["kept"]) for name, part in found.counts.items()} == {
        "header": (2, 2),
        "episodes": (7, 1),
        "missing": (2, 0),
    }


def test_rows_that_say_the_same_or_name_a_child_twice_are_told(write: Write) -> None:
    header = ADA + "1,2,,WBRI,,,\n" + ADA
    found = read_return(write(episode() + episode(), header=header))

    assert told(found) == [
        ("episodes", 3, "CHILD", "1"),
        ("header", 3, "CHILD", "1"),
        ("header", 4, "CHILD", "1"),
    ]
    assert found.faults["reason"].tolist() == [
        "says the same as row 2, which is kept. The row is set aside",
        "is also the child of row 2, which says more or comes first and is kept: give each child one row. The row is set aside",
        "says the same as row 2, which is kept. The row is set aside",
    ]
    assert found.people["date_of_birth"].tolist() == ["2008-05-04"]


def test_episodes_over_each_other_end_where_the_next_begins_and_are_told(write: Write) -> None:
    rows = (
        episode(start="01/01/2020", end="01/04/2020")
        + episode(start="01/03/2020")
        + episode(start="01/06/2020", PLACE="U4", URN="7654321")
        + episode(start="01/06/2020", PLACE="U5", URN="7654322")
    )

    found = read_return(write(rows))

    assert list(found.faults[["row", "column", "reason"]].itertuples(index=False, name=None)) == [
        (
            2,
            "DEC",
            "is after the begin of row 3 of this child: correct one of the two. It is taken to end when that one begins",
        ),
        (
            3,
            "DEC",
            "is empty although row 4 of this child begins later: fill in the day it ended. It is taken to end when that one begins",
        ),
        (
            5,
            "DECOM",
            "is also the begin of row 4 of this child: correct one of the two. Both are kept",
        ),
    ]
    ends = found.placements.set_index("started_on")["ended_on"]
    assert ends["2020-01-01"] == "2020-03-01"
    assert ends["2020-03-01"] == "2020-06-01"
    assert ends["2020-06-01"].isna().tolist() == [True, True]


def test_dates_are_held_against_the_date_of_birth_and_reasons_against_ends(write: Write) -> None:
    rows = episode(start="01/01/2001", REC="X1")
    found = read_return(write(rows, missing="1,05/05/2008,M,01/01/2002,02/01/2002\n"))

    assert told(found) == [
        ("episodes", 2, "DECOM", "01/01/2001"),
        ("episodes", 2, "REC", "X1"),
        ("missing", 2, "DOB", "05/05/2008"),
        ("missing", 2, "MIS_START", "01/01/2002"),
    ]
    assert (len(found.placements), len(found.missing)) == (1, 1)


def test_cells_beyond_the_columns_and_short_rows_are_read(write: Write) -> None:
    rows = episode().replace("\n", ",lost\n") + "2,01/03/2020,S\n"

    found = read_return(write(rows))

    assert told(found) == [("episodes", 2, "", "lost")]
    assert found.counts["episodes"]["kept"] == 2


# Files ----------------------------------------------------------------------------------------


def test_files_are_known_by_their_columns(write: Write) -> None:
    folder = write(episode())
    (folder / "header.csv").rename(folder / "903 2024 children.CSV")
    text = (folder / "episodes.csv").read_text(encoding="utf-8")
    (folder / "episodes.csv").write_bytes(text.lower().encode("utf-8-sig").replace(b",", b" ,"))
    (folder / "uasc.csv").write_text("CHILD,SEX,DOB,DUC\n1,2,04/05/2008,\n", encoding="utf-8")

    found = read_return(folder)

    assert (found.counts["header"]["kept"], found.counts["episodes"]["kept"]) == (2, 1)
    assert found.notes == (
        "No authority was given, so nothing can be said about who is placed outside it.",
        "1 of 2 children of the header have no episode.",
        "The return has no missing file.",
        "Not read: uasc.csv.",
    )


def test_the_made_up_xml_return_is_read_whole(realdata: Path) -> None:
    text = (realdata / "ssda903" / "fake_903.xml").read_text(encoding="utf-8")

    found = read_return(realdata / "ssda903" / "fake_903.xml", authority="E08000010")

    read = {name: (part["read"], part["kept"]) for name, part in found.counts.items()}
    expected = {"header": "<CHILDID>", "episodes": "<EPISODE>", "missing": "<AMISSING>"}
    assert read == {name: (text.count(tag), text.count(tag)) for name, tag in expected.items()}
    assert read == {"header": (253, 253), "episodes": (459, 459), "missing": (6, 6)}
    first = found.people.set_index("person_id").loc["907440"]
    assert first[["date_of_birth", "sex", "ethnicity"]].tolist() == ["2010-07-28", "F", "BAFR"]
    placed = found.placements[found.placements["person_id"] == "907440"]
    assert placed[["location_id", "started_on", "ended_on", "placement_type"]].values.tolist() == [
        ["URN 1465167 E7 5YR", "2017-01-06", "2017-10-06", "R5"],
        ["URN 8809927", "2017-10-06", "2018-03-07", "P2"],
    ]


def test_xml_that_is_no_return_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "return.xml"
    for text, said in {
        "<a><CHILD>": r"return.xml is not whole XML",
        "<a/>": r"return.xml is not an SSDA903 return: it names no CHILD",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>': r"return.xml declares a document type",
    }.items():
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=said):
            read_return(path)


def test_what_is_no_return_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no folder .*nowhere"):
        read_return(tmp_path / "nowhere")
    folder = write(episode())
    (folder / "again.csv").write_text(EPISODES, encoding="utf-8")
    with pytest.raises(ValueError, match=r"again.csv and episodes.csv are both the episodes of a return"):
        read_return(folder)
    (folder / "again.csv").unlink()
    with pytest.raises(ValueError, match="Bury is not the GSS code of an authority"):
        read_return(folder, authority="Bury")
    (folder / "header.csv").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"is not an SSDA903 return: .* header, with CHILD, DOB, ETHNIC, SEX"
    ):
        read_return(folder)


def test_other_code_lists_can_be_used(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from geo.ssda903 import BUNDLED

    lists = BUNDLED.read_text(encoding="utf-8").replace('V2 = "acc', 'V9 = "acc')
    (tmp_path / "lists.toml").write_text(lists, encoding="utf-8")
    monkeypatch.setenv("CONTEXTMAP_SSDA903", str(tmp_path / "lists.toml"))

    found = read_return(write(episode(LS="V2") + episode("2", LS="V9")))

    assert told(found) == [("episodes", 2, "LS", "V2")]


cells = {
    "CHILD": st.sampled_from(["1", "2", "9", ""]),
    "DECOM": st.sampled_from(["01/01/2020", "05/02/2020", "1/3/2020", "", "x"]),
    "PLACE": st.sampled_from(["K2", "zz", ""]),
    "DEC": st.sampled_from(["05/02/2020", "01/01/2021", "", "x"]),
    "PL_POST": st.sampled_from(["BL9 0AA", "ZQ1 1AA", ""]),
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries(cells), max_size=8), seed=st.integers(0, 99))
def test_no_row_is_lost_and_their_order_does_not_matter(
    rows: list[dict[str, str]], seed: int, write: Write
) -> None:
    frame = pd.DataFrame(rows, columns=[*EPISODES.strip().split(",")]).fillna("")
    folder = write()

    def read(table: pd.DataFrame) -> Return:
        table.to_csv(folder / "episodes.csv", index=False)
        return read_return(folder, authority="E08000003")

    first, other = read(frame), read(frame.sample(frac=1, random_state=np.random.RandomState(seed)))

    blank = int(frame.eq("").all(axis=1).sum())
    counts = first.counts["episodes"]
    assert counts["read"] == len(frame) - blank
    assert counts["read"] == counts["kept"] + counts["set_aside"]
    aside = first.faults[first.faults["reason"].str.endswith("set aside")]
    assert aside["row"].nunique() == counts["set_aside"]
    assert len(first.placements) == counts["kept"]
    assert first.placements.equals(other.placements)
    assert first.locations.equals(other.locations)
    assert first.people.equals(other.people)


def test_every_column_has_a_reader_and_every_list_is_there() -> None:
    from geo.ssda903 import _READERS, _codes

    for part in PARTS:
        for column in part.columns:
            assert column.kind in _READERS
            assert not column.codes or _codes(column.codes)
