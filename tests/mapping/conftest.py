"""Share what tests need: a case read, linked and settled; a store in a file and on a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from mapping.cipher import KEY_FILE, write_key
from mapping.contacts import Ties, build_ties
from mapping.evidence import mentions
from mapping.groups import Settling, start_groups
from mapping.links import build_links
from mapping.people import age_bands
from mapping.records import Records, read_case
from mapping.scope import latest_date
from mapping.store import store_url


@dataclass(frozen=True)
class Settled:
    """A case whose groups are known: what certainty starts from."""

    records: Records
    settling: Settling
    ties: Ties
    groups: str

    def members(self) -> dict[int, str]:
        """person_id by person_n."""
        return dict(self.records.execute("SELECT person_n, person_id FROM {people}"))

    def people(self) -> dict[int, frozenset[str]]:
        """The people of each community."""
        names: dict[int, set[str]] = {}
        for person, community in self.records.execute(
            f"SELECT person_id, community FROM {self.groups} JOIN {{people}} USING (person_n)"
        ):
            names.setdefault(community, set()).add(person)
        return {community: frozenset(people) for community, people in names.items()}


class Settle:
    """What the fixture `settle` gives: a case folder in, the case settled out."""

    def __call__(self, case: Path, **options: float) -> Settled:
        records = read_case(case)
        as_of = latest_date(records)
        bands = age_bands(records, as_of)
        evidence = mentions(records, as_of=as_of)
        links = build_links(evidence, as_of=as_of)
        settling = start_groups(links, bands, **options)
        return Settled(records, settling, build_ties(evidence, links, bands), settling.write())


@pytest.fixture
def settle() -> Settle:
    """A function that reads, links and settles a case folder; options are those of `start_groups`."""
    return Settle()


class Told:
    """What the fixture `told` gives: reports in short, the tables of a case out."""

    def __call__(self, reports: dict[str, tuple[str, ...]], *, people: str = "") -> dict[str, pd.DataFrame]:
        """Write a case in which each report says who is linked.

        `reports` is source id to an agency and then pairs of people ("A-B"), all last seen on one day.
        `people` names children, one letter each, whom no report need name.
        """
        day = "2025-06-30"
        pairs = [
            {"person_a": pair.split("-")[0], "person_b": pair.split("-")[1], "source_id": source}
            for source, (_, *said) in reports.items()
            for pair in said
        ]
        named = {*people, *(row[side] for row in pairs for side in ("person_a", "person_b"))}
        return {
            "people": pd.DataFrame({"person_id": sorted(named), "date_of_birth": "2010-01-01"}),
            "sources": pd.DataFrame(
                [(source, "intelligence", agency, day) for source, (agency, *_) in reports.items()],
                columns=["source_id", "kind", "agency", "recorded_on"],
            ),
            "associations": pd.DataFrame(pairs, columns=["person_a", "person_b", "source_id"]).assign(
                kind="peer", last_seen=day
            ),
        }


@pytest.fixture
def told() -> Told:
    """A function that writes the tables of a case in which reports say who is linked."""
    return Told()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A real PostgreSQL server of its own, as the URL of a database on it."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
        Path(found).resolve().parent for found in [shutil.which("pg_ctl")] if found
    ]
    if not programs:
        pytest.skip("PostgreSQL is not installed; .ci/run installs it")
    # A server may not run as root.
    other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="contextmap-postgresql-"))
    if other:
        shutil.chown(folder, "postgres")

    def run(program: str, *arguments: str) -> None:
        command = [*other, str(programs[-1] / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    data = str(folder / "data")
    run("initdb", "-D", data, "-A", "trust", "-U", "hub", "-E", "UTF8", "--no-sync")
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", settings, "start")
    try:
        yield f"postgresql+psycopg://hub@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "encrypted", "postgresql"])
def url(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Where a store may be: in a file beside a case, plain or encrypted, or a new database on a server."""
    if request.param == "encrypted":
        monkeypatch.setenv(KEY_FILE, str(tmp_path_factory.mktemp("keys") / "hub.key"))
        write_key()
    if request.param != "postgresql":
        return store_url(tmp_path / "case")
    server = str(request.getfixturevalue("postgresql"))
    name = f"hub_{uuid.uuid4().hex}"
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")
