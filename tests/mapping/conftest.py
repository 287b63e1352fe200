"""Share what tests of certainty need: a case read, linked and settled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from mapping.contacts import Ties, build_ties
from mapping.evidence import mentions
from mapping.groups import Settling, start_groups
from mapping.links import build_links
from mapping.people import age_bands
from mapping.records import Records, read_case
from mapping.scope import latest_date


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
