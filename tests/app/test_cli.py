"""Tests of the command line: what it prints, what it writes, and its exit codes."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest

from app import analysis as analysing
from app import cli

RESULTS = ("links", "link_items", "groups", "group_summary", "shared_contacts", "wards", "rejected")
COMMANDS = ("demo", "check", "analyse", "serve", "export")


@pytest.fixture
def case(write_case: Any) -> Path:
    folder: Path = write_case(
        people="person_id,given_name,date_of_birth\nC1,Ada,2010-01-01\nC2,Bea,2011-01-01\nC3,Cay,2012-01-01\n",
        sources="source_id,kind,information_grade,source_grade,handling\nS1,health,A,1,P\nS2,health,D,1,C\n",
        associations="""
        person_a,person_b,kind,last_seen,source_id
        C1,C2,peer,2025-01-01,S1
        C2,C3,peer,2025-02-01,S2
        """,
    )
    return folder


@pytest.fixture
def faulty(write_case: Any) -> Path:
    folder: Path = write_case(
        "faulty", people="person_id,sex,date_of_birth\nC1,Q,2010-01-01\nC2,F,03/04/2011\n,F,\n"
    )
    return folder


def links(out: Path) -> list[tuple[str, str]]:
    return list(
        pd.read_parquet(out / "links.parquet")[["person_a", "person_b"]].itertuples(index=False, name=None)
    )


# Usage ----------------------------------------------------------------------------------------


def test_every_command_has_help(run: Any) -> None:
    whole = run("--help")
    assert whole.code == 0
    for command in COMMANDS:
        assert command in whole.out
        each = run(command, "--help")
        assert each.code == 0
        assert "--help" in each.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], ""),
        (["nonsense"], "No such command"),
        (["check"], "Missing argument"),
        (["analyse", "CASE"], "Missing option"),
        (["analyse", "CASE", "--out", "OUT", "--as-of", "31/12/2025"], "does not match the format"),
        (
            ["analyse", "CASE", "--out", "OUT", "--engine", "spark"],
            "--engine spark is not there yet. Use duckdb",
        ),
        (["analyse", "CASE", "--out", "OUT", "--engine", "polars"], "Invalid value"),
        (["analyse", "CASE", "--out", "OUT", "--dates", "mdy"], "Invalid value"),
        (["analyse", "CASE", "--out", "OUT", "--grades", "A-D"], "Invalid value"),
        (["analyse", "CASE", "--out", "OUT", "--viewer", "admin"], "Invalid value"),
        (
            ["analyse", "CASE", "--out", "OUT", "--half-life", "soon"],
            "'soon' is not a number of days above zero",
        ),
        (["analyse", "CASE", "--out", "OUT", "--half-life", "0"], "'0' is not a number of days above zero"),
        (
            ["analyse", "CASE", "--out", "OUT", "--half-life", "nan"],
            "'nan' is not a number of days above zero",
        ),
        (
            ["analyse", "CASE", "--out", "OUT", "--half-life", "inf"],
            "'inf' is not a number of days above zero",
        ),
        (
            ["analyse", "CASE", "--out", "OUT", "--window", "nan"],
            "--window nan is not a number of hours above zero",
        ),
        (
            ["analyse", "CASE", "--out", "OUT", "--window", "inf"],
            "--window inf is not a number of hours above zero",
        ),
        (
            ["analyse", "CASE", "--out", "OUT", "--window", "-1"],
            "--window -1.0 is not a number of hours above zero",
        ),
        (
            ["analyse", "CASE", "--out", "OUT", "--resolution", "0"],
            "--resolution 0.0 is not a number above zero.",
        ),
        (["export", "CASE", "OUT"], "Missing option"),
        (["export", "CASE", "OUT", "--format", "docx"], "Invalid value"),
        (["export", "CASE", "OUT", "--format", "csv", "--names"], "--names needs --reason"),
        (
            ["export", "CASE", "OUT", "--format", "csv", "--names", "--reason", " x "],
            "--names needs --reason",
        ),
        (
            ["export", "CASE", "OUT", "--format", "svg", "--group", "g", "--around", "C1"],
            "two ways of choosing whom to show",
        ),
        (["export", "CASE", "OUT", "--format", "gpkg", "--group", "g"], "is the map of the whole case"),
        (["demo", "OUT", "--children", "3"], "Invalid value"),
    ],
)
def test_wrong_usage_is_exit_2_and_writes_nothing(
    run: Any, case: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    named = {"CASE": str(case), "OUT": str(tmp_path / "out")}
    ran = run(*[named.get(each, each) for each in arguments])
    assert (ran.code, message in ran.out + ran.err) == (2, True)
    assert not (tmp_path / "out").exists()


# check ----------------------------------------------------------------------------------------


def test_check_of_a_case_without_faults(run: Any, case: Path) -> None:
    ran = run("check", case)
    assert (ran.code, ran.out) == (0, "7 rows read in 3 tables; no faults.\n")


def test_check_prints_each_fault_with_table_row_column_value_and_reason(run: Any, faulty: Path) -> None:
    (faulty / "notes.csv").write_text("a\n1\n")
    ran = run("check", faulty)
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "Note: notes.csv is not a table of the contract and was not read.",
        "people row 2 sex: 'Q' is not one of F, M, X, U",
        "people row 3 date_of_birth: '03/04/2011' is a date whose order is not certain: "
        "if the day comes first in this case, say --dates dmy",
        "people row 4 person_id: '' is empty; every row needs it",
        "3 rows read in 1 table; 3 faults.",
    ]
    assert run("check", faulty, "--dates", "dmy").out.splitlines()[-1] == "3 rows read in 1 table; 2 faults."


def test_check_as_json(run: Any, faulty: Path) -> None:
    ran = run("check", faulty, "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["readable"], told["notes"]) == (1, True, [])
    assert told["faults"][0] == {
        "table": "people",
        "row": 2,
        "column": "sex",
        "value": "Q",
        "reason": "is not one of F, M, X, U",
    }
    assert [(fault["row"], fault["column"]) for fault in told["faults"]] == [
        (2, "sex"),
        (3, "date_of_birth"),
        (4, "person_id"),
    ]
    assert told["rows"]["people"] == {"read": 3, "kept": 2, "set_aside": 1, "faults": 3}


def test_check_of_a_case_that_cannot_be_read(run: Any, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("")
    reason = f"{tmp_path} has no table people: add people.csv or people.parquet."
    ran = run("check", tmp_path)
    assert (ran.code, ran.out) == (1, f"people: {reason}\n")
    ran = run("check", tmp_path, "--json")
    assert (ran.code, json.loads(ran.out)) == (
        1,
        {
            "readable": False,
            "faults": [{"table": "people", "row": None, "column": None, "value": None, "reason": reason}],
            "rows": {},
            "notes": [],
        },
    )
    assert run("check", tmp_path / "nowhere").code == 1


def test_hostile_values_names_and_columns_are_printed_harmlessly(run: Any, write_case: Any) -> None:
    """Keeps out text that moves the cursor, hides itself, turns its direction or fills the screen."""
    case = write_case(
        people=[
            {"person_id": "C1", "sex": "\x1b[2J\u202eF", "mood\x1b[31m": ""},
            {"person_id": "C2", "sex": "x" * 10_000, "mood\x1b[31m": ""},
            {"person_id": "C3", "sex": "<img src=x onerror=alert(1)>", "mood\x1b[31m": ""},
            {"person_id": "C4", "sex": "two\nlines", "mood\x1b[31m": ""},
        ]
    )
    (case / "bad\u202e\nname.csv").write_text("a\n")
    ran = run("check", case)
    assert (ran.code, len(ran.out.splitlines())) == (1, 7)
    assert not [c for c in ran.out if c != "\n" and (ord(c) < 32 or c == "\u202e")]
    assert max(map(len, ran.out.splitlines())) < 200
    assert "<img src=x onerror=alert(1)>" in ran.out


def test_a_terminal_that_cannot_show_a_letter_gets_it_written_out(write_case: Any) -> None:
    case = write_case(people="person_id,sex\nC1,Zo\u00eb \u202e\n")
    command = "import sys; from app.cli import main; sys.argv = ['contextmap', 'check', sys.argv[1]]; main()"
    ran = subprocess.run(
        [sys.executable, "-c", command, str(case)],
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        cwd=Path(cli.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.splitlines()[0].startswith(
        "people row 2 sex: 'Zo\\xeb \\u27e8U+202E\\u27e9' is not one of"
    )


# analyse --------------------------------------------------------------------------------------


def test_analyse_writes_every_result(run: Any, case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = run("analyse", case, "--out", out)
    assert ran.code == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [*(f"{name}.parquet" for name in RESULTS), "summary.json"]
    )
    assert links(out) == [("C1", "C2"), ("C2", "C3")]
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["as_of"], summary["results"]["links"]) == ("2025-02-01", 2)
    assert {"version", "settings", "rows", "rejected", "stages"} <= set(summary)
    assert all({"stage", "seconds", "peak_memory_mb"} == set(stage) for stage in summary["stages"])
    assert "As of 2025-02-01: 2 links" in ran.out
    assert [line.rsplit(maxsplit=2)[0].strip() for line in ran.err.splitlines()] == [
        stage["stage"] for stage in summary["stages"]
    ]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--as-of", "2025-01-31"], [("C1", "C2")]),
        (["--as-of", "2024-01-01"], []),
        (["--grades", "A-B"], [("C1", "C2")]),
        (["--grades", "A-C"], [("C1", "C2")]),
        (["--viewer", "social_worker"], [("C1", "C2")]),
        (["--viewer", "planner"], []),
        (["--half-life", "none", "--seed", "7", "--window", "0.5", "--resolution", "0.1"], None),
    ],
)
def test_options_of_analyse(run: Any, case: Path, tmp_path: Path, options: list[str], found: Any) -> None:
    out = tmp_path / "out"
    assert run("analyse", case, "--out", out, *options).code == 0
    assert links(out) == ([("C1", "C2"), ("C2", "C3")] if found is None else found)
    asked = json.loads((out / "summary.json").read_text())["settings"]
    given = dict(zip(options[::2], options[1::2], strict=True))
    for option, value in given.items():
        name = {"--window": "window_hours"}.get(option, option.removeprefix("--").replace("-", "_"))
        assert str(asked[name]).lower() == value.lower()


def test_rows_of_evidence_are_all_accounted_for(run: Any, case: Path, tmp_path: Path) -> None:
    with (case / "associations.csv").open("a") as file:
        file.write(
            "C1,C3,peer,2024-01-01,\nC1,C9,peer,2024-01-01,\nC1,C3,peer,2025-01-20,S2\nC1,C3,peer,2026-01-01,\n"
        )
    out = tmp_path / "out"
    options = ("--grades", "A-B", "--as-of", "2025-06-01")
    assert run("analyse", case, "--out", out, *options).code == 0
    assert json.loads((out / "summary.json").read_text())["rows"]["associations"] == {
        "read": 6,
        "set_aside": 1,
        "not_known_yet": 1,
        "used": 1,
        "ungraded": 1,
        "graded_lower": 2,
    }


def test_faults_are_set_aside_or_refused_when_strict(run: Any, faulty: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = run("analyse", faulty, "--out", out, "--strict")
    assert ran.code == 1
    assert ran.out.splitlines()[0] == "people row 2 sex: 'Q' is not one of F, M, X, U"
    assert not out.exists()
    assert run("analyse", faulty, "--out", out, "--dates", "dmy").code == 0
    found = pd.read_parquet(out / "rejected.parquet")
    assert list(found.columns) == ["table", "row", "column", "value", "reason"]
    assert found[["table", "row", "column", "value"]].values.tolist() == [
        ["people", 2, "sex", "Q"],
        ["people", 4, "person_id", ""],
    ]


def test_results_are_the_same_bytes_each_time(run: Any, case: Path, tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        assert run("analyse", case, "--out", tmp_path / name).code == 0
        files = sorted((tmp_path / name).glob("*.parquet"))
        summary = json.loads((tmp_path / name / "summary.json").read_text())
        del summary["stages"]
        made.append(({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}, summary))
    assert made[0] == made[1]


def test_an_earlier_result_is_replaced_and_nothing_else_ever(run: Any, case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("analyse", case, "--out", out).code == 0
    assert run("analyse", case, "--out", out, "--as-of", "2025-01-31").code == 0
    assert links(out) == [("C1", "C2")]
    (out / "notes.txt").write_text("mine")
    ran = run("analyse", case, "--out", out)
    assert (ran.code, ran.err) == (
        1,
        f"contextmap: {out} holds other things than an earlier result. Give --out a new or empty folder.\n",
    )
    assert (out / "notes.txt").read_text() == "mine"
    assert run("analyse", case, "--out", case).code == 1
    assert (case / "people.csv").exists()


def test_nothing_half_written_is_left_when_writing_fails(
    run: Any, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert run("analyse", case, "--out", out).code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    write = analysing._write

    def fail(analysis: Any, name: str, path: Path) -> None:
        if name == "shared_contacts":
            raise OSError("No space left on device")
        write(analysis, name, path)

    monkeypatch.setattr(analysing, "_write", fail)
    ran = run("analyse", case, "--out", out, "--as-of", "2025-01-31")
    assert (ran.code, ran.err.splitlines()[-1]) == (1, "contextmap: No space left on device")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert run("analyse", case, "--out", tmp_path / "new").code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case", "out"]


def test_folders_with_quotes_and_braces_in_their_names(run: Any, case: Path, tmp_path: Path) -> None:
    """Keeps out a path that is read as part of a query."""
    odd = case.rename(tmp_path / "o'brien's {people} [case]")
    out = tmp_path / "o'brien's [*] out"
    assert run("analyse", odd, "--out", out).code == 0
    assert links(out) == [("C1", "C2"), ("C2", "C3")]


def test_out_may_be_a_link_or_the_folder_one_is_in(
    run: Any, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keeps out an earlier result that is emptied and not written again."""
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    for _ in range(2):
        assert run("analyse", case, "--out", tmp_path / "link").code == 0
        assert links(tmp_path / "out") == [("C1", "C2"), ("C2", "C3")]
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert run("analyse", case, "--out", ".").code == 0
    assert links(tmp_path / "here") == [("C1", "C2"), ("C2", "C3")]


def test_geography_that_is_not_there_is_refused(run: Any, case: Path, tmp_path: Path) -> None:
    ran = run("analyse", case, "--out", tmp_path / "out", "--geography", tmp_path / "maps")
    assert (ran.code, ran.err.splitlines()[-1]) == (
        1,
        f"contextmap: There is no geography folder {tmp_path / 'maps'}. Check the path, or leave --geography out.",
    )


# demo -----------------------------------------------------------------------------------------


def test_demo_refuses_a_folder_that_holds_anything_else(run: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    ran = run("demo", tmp_path / "mine", "--children", "60")
    assert ran.code == 1
    assert "it is not empty and holds no earlier demo. Name another folder." in ran.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_demo_writes_a_case_that_checks_out(run: Any, tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    ran = run("demo", demo, "--children", "60", "--seed", "3")
    assert (ran.code, str(demo) in ran.out) == (0, True)
    assert run("check", demo).code == 0
    assert run("demo", demo, "--children", "60", "--seed", "4").code == 0


# export ---------------------------------------------------------------------------------------


def test_export_of_graphml_reads_back(
    run: Any, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTEXTMAP_LOG_DIR", str(tmp_path / "log"))
    out = tmp_path / "network.graphml"
    assert run("export", case, out, "--format", "graphml").code == 0
    graph = nx.read_graphml(out)
    assert set(graph.nodes) == {"person:C1", "person:C2", "person:C3"}
    assert {frozenset(pair) for pair in graph.edges()} == {
        frozenset({"person:C1", "person:C2"}),
        frozenset({"person:C2", "person:C3"}),
    }
    assert "Ada" not in out.read_text()
    asked = ("--names", "--reason", "to plan a visit", "--viewer", "social_worker")
    assert run("export", case, out, "--format", "graphml", *asked).code == 0
    assert len(nx.read_graphml(out).edges) == 1
    assert "Ada" in out.read_text()


def test_export_of_html_asks_nobody(run: Any, case: Path, tmp_path: Path) -> None:
    out = tmp_path / "network.html"
    assert run("export", case, out, "--format", "html").code == 0
    page = out.read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "Ada" not in page


def test_export_says_what_it_cannot_do(run: Any, case: Path, tmp_path: Path) -> None:
    ran = run("export", case, tmp_path / "x.html", "--format", "html", "--group", "nonsense")
    assert (ran.code, "There is no group nonsense" in ran.err) == (1, True)
    ran = run("export", case, tmp_path / "x.html", "--format", "html", "--viewer", "planner")
    assert (ran.code, ran.err) == (1, "contextmap: This viewer sees wards, not people.\n")
    assert not (tmp_path / "x.html").exists()


# serve ----------------------------------------------------------------------------------------


def test_serve_opens_on_this_machine_only(
    run: Any, case: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    called: dict[str, Any] = {}

    class Started:
        """An app that ends when it is told to, and was told so at once."""

        returncode: int | None = None

        def __init__(self, command: list[str], **options: Any) -> None:
            called.update(command=command, **options)

        def __enter__(self) -> Started:
            return self

        def __exit__(self, *raised: object) -> None:
            signal.raise_signal(signal.SIGTERM)
            assert self.returncode == 0

        def terminate(self) -> None:
            self.returncode = 0

    monkeypatch.setattr(subprocess, "Popen", Started)
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        # The URL of a store may have a password, which nobody should see in the list of programs.
        monkeypatch.setenv("CONTEXTMAP_CASE", str(case))
        assert run("serve").code == 0
        assert called.pop("env")["CONTEXTMAP_CASE"] == str(case)
        monkeypatch.setenv("CONTEXTMAP_CASE", str(tmp_path))
        assert run("serve", case, "--port", "9000", "--dates", "dmy").code == 0
    finally:
        for number, usual in before:
            signal.signal(number, usual)
    assert {"--server.address=127.0.0.1", "--server.port=9000"} <= set(called["command"])
    assert called["env"]["CONTEXTMAP_CASE"] == str(case)
    assert called["env"]["CONTEXTMAP_DATES"] == "dmy"
    ran = run("serve", tmp_path / "nowhere")
    assert (ran.code, ran.err) == (
        1,
        f"contextmap: There is no case {tmp_path / 'nowhere'}. Write one with: contextmap demo DIR\n",
    )
