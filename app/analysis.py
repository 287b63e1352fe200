"""Compute everything a case shows one viewer at one date, once, for the command line, pages, notebooks and documents."""

from __future__ import annotations

import resource
import sys
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from app.results import swapped_in, write_summary
from geo.files import Geography, read_geography
from geo.lookups import validate_lookups
from geo.population import ward_population
from geo.wards import WardTable, build_wards
from mapping import contacts, evidence, groups, items, links, people
from mapping.access import Viewer, visible
from mapping.additions import Addition, load_additions
from mapping.merging import Identities, load_identities, merge_people
from mapping.records import Dates, Records, read_case, rejected_faults
from mapping.scope import at_date, latest_date
from mapping.tables import CaseError

if TYPE_CHECKING:
    from mapping.certainty import Certainty, Written
    from mapping.omissions import Omissions
    from mapping.operations import Operations

Progress = Callable[[str, float], None]
# The results `contextmap analyse` writes, in this order.
# Above this many links their items are written only when asked for: they are most of the output.
ITEMS_UP_TO = 1_000_000
RESULTS = ("links", "link_items", "groups", "group_summary", "shared_contacts", "wards", "rejected")
FILES = (*(f"{name}.parquet" for name in RESULTS), "summary.json")
ON_GROUPS = ("groups", "group_summary", "shared_contacts")
TESTED = ("links", "shared_contacts")
# Up to this many people, groups are resampled this many times unless something else is asked for.
CAREFUL_UP_TO, RESAMPLES = 5_000, 100
# Geography dated by nothing: a case without any date is mapped as if nothing had ended.
UNDATED = date(2100, 1, 1)


@dataclass(frozen=True)
class Settings:
    """What an analysis was asked for. Two analyses with equal settings of one case are equal.

    Attributes
    ----------
    as_of : the day whose knowledge counts; None for the latest date in the records.
    grades : grade band of the items that link people ("A-B", "A-C" or "all").
    half_life : days after which an item counts half; None for no ageing.
    window_hours : how far apart two sightings at a place may be.
    resolution : of the Constant Potts Model.
    seed : wherever chance enters.
    viewer : who is looking.
    identities : which records somebody judged to be of one person; they are merged after what the viewer may see is chosen.
    resamples : how often reports are resampled to say how sure groups are; without any, confidence,
        stability and rests_on are empty. None for RESAMPLES up to CAREFUL_UP_TO people and none above.
    chance : whether links and contacts are tested against chance; else p_value and validated are empty.
        None for up to CAREFUL_UP_TO people.
    """

    as_of: date | None = None
    grades: evidence.Band = "all"
    half_life: float | None = links.HALF_LIFE
    window_hours: float = links.WINDOW_HOURS
    resolution: float = groups.RESOLUTION
    seed: int = 0
    viewer: Viewer = field(default_factory=Viewer)
    identities: Identities = field(default_factory=Identities)
    resamples: int | None = 0
    chance: bool | None = False


@dataclass(frozen=True)
class Chance:
    """The names of the tables of tests against chance: of links, and of contacts."""

    links: str
    contacts: str


@dataclass(frozen=True, eq=False)
class Network:
    """What links people, and the groups that are being settled beside other work."""

    evidence: evidence.Evidence
    links: links.Links
    ties: contacts.Ties
    settling: groups.Settling


@dataclass(frozen=True, eq=False)
class Linking:
    """What links people, worked out when first asked for: a command about places never asks.

    Attributes
    ----------
    records : what the viewer may see, known by `as_of`.
    settings, as_of : what was asked, and the date that counts.
    bands : the table of age bands.
    clock : times the stages.
    """

    records: Records
    settings: Settings
    as_of: date | None
    bands: str
    clock: Clock

    @cached_property
    def evidence(self) -> evidence.Evidence:
        """Every row that can link people."""
        with self.clock.stage("gathering evidence"):
            return evidence.mentions(self.records, grades=self.settings.grades, as_of=self.as_of)

    @cached_property
    def network(self) -> Network:
        """Links and ties; groups begin to be settled."""
        return _network(self)


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything computed from a case for one viewer and date.

    Tables are computed when the analysis is made and fetched as pandas frames when first asked for.

    Attributes
    ----------
    records : what the viewer may see, known by `as_of`.
    settings : what was asked.
    as_of : the date that counts; None where nothing in the records has a date.
    geography : where homes, events and places lie.
    bands, homes : the tables of age bands and of the wards people live in.
    linking : what links people; None for a viewer who sees no people.
    read : of each table, how many rows were read, kept and set aside.
    clock, notes : what else the summary is made of.
    """

    records: Records
    settings: Settings
    as_of: date | None
    geography: WardTable
    bands: str
    homes: str
    linking: Linking | None
    read: Mapping[str, Mapping[str, int]]
    clock: Clock
    notes: tuple[str, ...]

    @property
    def network(self) -> Network | None:
        """Links, ties and the groups that are being settled; None for a viewer who sees no people."""
        return None if self.linking is None else self.linking.network

    def link(self) -> None:
        """Link people and count what contacts reach, where this viewer sees people and it has not been done."""
        if self.linking is not None:
            _ = self.found_contacts

    @property
    def stamp(self) -> dict[str, str | None]:
        """What every summary begins with: the version, and the date that counts."""
        as_of = None if self.as_of is None else self.as_of.isoformat()
        return {"version": version("contextmap"), "as_of": as_of}

    @property
    def everybody(self) -> pd.DataFrame:
        """Everybody on record, with whether each is a child."""
        asked = f"SELECT person_id, age_band = 'child' AS is_child FROM {self.bands} JOIN {{people}} USING (person_n)"
        return self.records.table("people").merge(self.records.sql(asked).df(), on="person_id", how="left")

    @property
    def happened(self) -> dict[str, pd.DataFrame | None]:
        """The tables that what happened is counted from, on their names; who took part is not a planner's to know."""
        names = ["locations", "events", "missing", "placements", "referrals"]
        took_part = self.records.table("participation") if self.settings.viewer.sees_people else None
        tables = {name: self.records.table(name) for name in names}
        return {**tables, "people": self.everybody, "participation": took_part}

    @cached_property
    def counts(self) -> Mapping[str, Any]:
        """Where the rows of every table went, faults by table, and notes."""
        return {
            "rows": {name: _row_account(name, self) for name in self.read},
            "rejected": {name: rows["faults"] for name, rows in self.read.items() if rows["faults"]},
            "notes": list(self.notes),
        }

    def query(self, result: str, *, plain: bool = False) -> str:
        """Return the query for one result, in a fixed order of rows; empty results keep their columns.

        Parameters
        ----------
        plain : leave what says how sure it is empty, whatever was asked for.
        """
        if self.network is None:
            return EMPTY[result]
        built = self.network.links
        tested = self._tested if not plain and result in TESTED else None
        sure = self._sure if not plain and result in ON_GROUPS else None
        if result == "links":
            return f"{built.table(tested and tested.links)} ORDER BY l.person_a_n, l.person_b_n"
        if result == "link_items":
            return (
                f"{items.all_items(built)} ORDER BY i.person_a_n, i.person_b_n, i.table_k, i.row_a, i.row_b"
            )
        if result == "groups":
            return f"{groups.groups_query(self.group_table, sure and sure.members)} ORDER BY p.person_n"
        if result == "group_summary":
            return f"{groups.summary_query(self.group_table, built, sure and sure.groups)} ORDER BY group_id"
        found = self.found_contacts.table(
            self.homes, chance=tested and tested.contacts, sure=sure and sure.contacts
        )
        return f"{found} ORDER BY c.type_k, n.contact_id"

    @cached_property
    def everyone(self) -> int:
        """How many people the viewer's records know by the date."""
        with self.records.connection.cursor() as cursor:
            counted = cursor.execute("SELECT count(*) FROM {people}".format_map(self.records.tables))
            return int(counted.fetchall()[0][0])

    @property
    def resamples(self) -> int:
        """How often reports are resampled."""
        asked = self.settings.resamples
        return asked if asked is not None else RESAMPLES * (self.everyone <= CAREFUL_UP_TO)

    @property
    def tests_chance(self) -> bool:
        """Whether co-presence and contacts are tested against chance."""
        asked = self.settings.chance
        return asked if asked is not None else self.everyone <= CAREFUL_UP_TO

    def certainty(
        self,
        *,
        resamples: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> Certainty:
        """Return how sure groups, memberships and contacts are; see `mapping.certainty.certainty`."""
        from mapping.certainty import certainty

        built, table = self._built, self.group_table
        return certainty(
            built.settling,
            built.ties,
            table,
            resamples=resamples,
            seed=self.settings.seed,
            progress=progress,
        )

    def omissions(self, *, progress: Callable[[int, int], None] | None = None) -> Omissions:
        """Leave people out and say what would not be seen; see `mapping.omissions.omissions`."""
        from mapping.omissions import omissions

        built, table = self._built, self.group_table
        return omissions(built.settling, built.ties, table, seed=self.settings.seed, progress=progress)

    def surely(
        self,
        *,
        progress: Callable[[int, int], None] | None = None,
        turn: AbstractContextManager[Any] | None = None,
    ) -> Analysis:
        """Return this analysis with what says how sure it is, as `analyse` at the command line has it of up to CAREFUL_UP_TO people.

        Parameters
        ----------
        progress : called with how many resamples are done, and of how many.
        turn : held while the connection that all share is asked.
        """
        settings = replace(self.settings, resamples=RESAMPLES, chance=True)
        sure = replace(self, settings=settings)
        # What is worked out is gone when this analysis is, so the other one holds on to it.
        sure.__dict__.update(plain=self, group_table=self.group_table, found_contacts=self.found_contacts)
        with turn or nullcontext():
            sure.__dict__["_tested"] = sure.chance()
        found = sure.certainty(resamples=sure.resamples, progress=progress)
        sure.__dict__["_sure"] = found.write(sure.records)
        return sure

    def chance(self) -> Chance:
        """Test links of co-presence only, and contacts, against chance; see `mapping.chance`."""
        from mapping.chance import build_occasions, contact_chance, validate_links

        built = self._built
        occasions = build_occasions(built.links, built.evidence, window_hours=self.settings.window_hours)
        validated = validate_links(occasions)
        return Chance(validated, contact_chance(built.ties, occasions, validated))

    @cached_property
    def _tested(self) -> Chance | None:
        if self.network is None or not self.tests_chance:
            return None
        with self.clock.stage("testing against chance"):
            return self.chance()

    @cached_property
    def _sure(self) -> Written | None:
        if self.network is None or not self.resamples:
            return None
        _ = self.found_contacts
        with self.clock.stage("resampling reports"):
            return self.certainty(resamples=self.resamples).write(self.records)

    @cached_property
    def group_table(self) -> str:
        """The table of groups, waiting for them where they are still being settled."""
        with self.clock.stage("finding groups"):
            return self._built.settling.write()

    @cached_property
    def found_contacts(self) -> contacts.Contacts:
        """The shared contacts, once groups are known."""
        table = self.group_table
        with self.clock.stage("counting what contacts reach"):
            return contacts.shared_contacts(self._built.ties, table)

    @cached_property
    def operations(self) -> Operations:
        """Candidate multi-victim operations; see `mapping.operations.operations`."""
        from mapping.operations import operations

        found, built = self.found_contacts, self._built
        with self.clock.stage("finding candidate operations"):
            return operations(
                found,
                built.links,
                self.group_table,
                evidence=built.evidence,
                bands=self.bands,
                as_of=self.as_of,
            )

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """Counts in and out, settings, and time and memory of each stage."""
        return _summary(self)

    def fetch(self, result: str) -> pd.DataFrame:
        """Return one result as a pandas frame."""
        if result == "wards":
            return self.geography.wards
        if result == "rejected":
            return self.records.rejected.drop(columns="restricted")
        with self.records.connection.cursor() as cursor:
            return cursor.execute(self.query(result).format_map(self.records.tables)).df()

    @cached_property
    def links(self) -> pd.DataFrame:
        """The `links` result, ordered by person_a, person_b."""
        return self.fetch("links")

    @cached_property
    def groups(self) -> pd.DataFrame:
        """The `groups` result, ordered by person_id."""
        return self.fetch("groups")

    @cached_property
    def group_summary(self) -> pd.DataFrame:
        """The `group_summary` result, ordered by group_id."""
        return self.fetch("group_summary")

    @cached_property
    def shared_contacts(self) -> pd.DataFrame:
        """The `shared_contacts` result, ordered by type and id."""
        return self.fetch("shared_contacts")

    @property
    def wards(self) -> pd.DataFrame:
        """The `wards` result, in code order."""
        return self.geography.wards

    @property
    def rejected(self) -> pd.DataFrame:
        """The `rejected` result."""
        return self.fetch("rejected")

    @cached_property
    def people(self) -> pd.DataFrame:
        """Everyone the viewer may see, with age, age_band, of_concern and the ward they live in."""
        if not self.settings.viewer.sees_people:
            return (
                self.records.table("people")
                .iloc[0:0]
                .assign(age=None, age_band=None, of_concern=None, group_id=None)
            )
        bands = self.records.sql(
            f"SELECT person_id, age, age_band, of_concern FROM {self.bands} JOIN {{people}} USING (person_n)"
        ).df()
        homes = self.geography.homes.drop_duplicates("person_id").drop(columns="home_lsoa")
        found = (
            self.records.table("people")
            .merge(bands, on="person_id", how="left")
            .merge(homes, on="person_id", how="left")
        )
        found = found.merge(self.groups[["person_id", "group_id"]], on="person_id", how="left")
        return found.sort_values("person_id", ignore_index=True)

    def link_items(self, person_a: str, person_b: str) -> pd.DataFrame:
        """Return the items one link rests on; see `mapping.items.link_items`."""
        return items.link_items(self._built.links, person_a, person_b)

    def person_items(self, person_id: str) -> pd.DataFrame:
        """Return the items of every link of one person, with the other person."""
        return items.person_items(self._built.links, person_id)

    def group_items(self, group_id: str) -> pd.DataFrame:
        """Return the items of every link within one group."""
        return items.group_items(self._built.links, self.group_table, group_id)

    def contact_items(self, contact_type: str, contact_id: str) -> pd.DataFrame:
        """Return the rows that tie children to one contact; see `mapping.items.contact_items`."""
        return items.contact_items(self.found_contacts, contact_type, contact_id)

    def contact_children(self, contact_type: str, contact_id: str) -> list[str]:
        """Return the children one contact is tied to, by id."""
        found = self.contact_items(contact_type, contact_id)
        return sorted(found["person_id"].unique())

    def contact_groups(self) -> pd.DataFrame:
        """Return the groups each contact of two or more groups reaches: contact_type, contact_id, group_id, in that order."""
        _ = self.found_contacts
        query = contacts.reached_query(self._built.ties, self.group_table)
        with self.records.connection.cursor() as cursor:
            return cursor.execute(query.format_map(self.records.tables)).df()

    def contact_ties(self, types: Sequence[str]) -> pd.DataFrame:
        """Return one row for each child and shared contact; see `mapping.items.contact_ties`."""
        return items.contact_ties(self.found_contacts, types)

    @property
    def _built(self) -> Network:
        if self.network is None:
            raise PermissionError(NO_PEOPLE)
        return self.network

    def save(self, out: Path) -> None:
        """Write every result to a folder, whole or not at all.

        Raises
        ------
        FileExistsError
            The folder holds something that is not an earlier result.
        """
        save_results(self, out)


NO_PEOPLE = "This viewer sees wards, not people."

EMPTY = {
    "links": "SELECT NULL::VARCHAR AS person_a, NULL::VARCHAR AS person_b, NULL::DOUBLE AS weight, NULL::BIGINT AS items, NULL::BIGINT AS sources, NULL::VARCHAR AS kinds, NULL::VARCHAR AS nature, NULL::DATE AS first_seen, NULL::DATE AS last_seen, NULL::VARCHAR AS best_grade, NULL::DOUBLE AS p_value, NULL::BOOLEAN AS validated WHERE false",
    "link_items": "SELECT NULL::VARCHAR AS person_a, NULL::VARCHAR AS person_b WHERE false",
    "groups": "SELECT NULL::VARCHAR AS person_id, NULL::VARCHAR AS group_id, NULL::VARCHAR AS age_band, NULL::DOUBLE AS confidence, NULL::VARCHAR AS rests_on WHERE false",
    "group_summary": "SELECT NULL::VARCHAR AS group_id, NULL::BIGINT AS size, NULL::BIGINT AS children, NULL::BIGINT AS young_adults, NULL::BIGINT AS unknown_age, NULL::BIGINT AS links, NULL::DOUBLE AS density, NULL::DOUBLE AS weight, NULL::DATE AS first_seen, NULL::DATE AS last_seen, NULL::DOUBLE AS stability, NULL::BIGINT AS held, NULL::VARCHAR AS rests_on, NULL::VARCHAR AS rests_on_agency WHERE false",
    "shared_contacts": "SELECT NULL::VARCHAR AS contact_type, NULL::VARCHAR AS contact_id, NULL::VARCHAR AS contact_kind, NULL::VARCHAR AS nature, NULL::BIGINT AS children, NULL::BIGINT AS groups, NULL::BIGINT AS wards, NULL::BIGINT AS authorities, NULL::BIGINT AS sources, NULL::DATE AS first_seen, NULL::DATE AS last_seen, NULL::BOOLEAN AS not_otherwise_linked, NULL::DOUBLE AS p_value, NULL::VARCHAR AS rests_on, NULL::VARCHAR AS rests_on_agency WHERE false",
}


def analyse(
    case: Path | str,
    *,
    geography: Path | str | None = None,
    decisions: Path | str | None = None,
    dates: Dates = "iso",
    strict: bool = False,
    wait: bool = True,
    linked: bool = True,
    progress: Progress | None = None,
    **settings: Any,
) -> Analysis:
    """Read a case and compute everything from it.

    Parameters
    ----------
    case : case folder or workbook.
    geography : folder of official open files; by default `geography/` inside the case folder.
    decisions : the store of what people decide and enter about the case; by default the one `mapping.merging.load_identities` finds.
    dates : as in `read_case`.
    strict : refuse a case with faults in what the viewer may see.
    wait : whether to wait for groups; if not, whoever asks for them first does.
    linked : whether to link people now; if not, whoever asks for what links them first waits for it. For what is
        about places only.
    progress : called with each stage's name as it ends and the seconds it took.
    **settings : fields of `Settings`.

    Raises
    ------
    CaseError
        The case cannot be read, or has faults that the viewer may see and `strict` is set.
    GeographyMismatch
        Files of the geography folder do not join.
    """
    clock = Clock(progress)
    settings = {"identities": load_identities(case, decisions), **settings}
    with clock.stage("reading geography"):
        places = load_geography(Path(case), geography)
    with clock.stage("reading records"):
        entered = load_additions(case, decisions)
        records = load_case(case, places, dates=dates, additions=entered)
    asked = Settings(**settings)
    if strict:
        _refuse_faults(records, asked.viewer)
    return analyse_records(records, places, asked, wait=wait, linked=linked, clock=clock)


def _refuse_faults(records: Records, viewer: Viewer) -> None:
    """Refuse records with faults; those in rows that the viewer may not see are not theirs to be told of."""
    branch = records.branch()
    faults = rejected_faults(visible(branch, viewer).rejected)
    branch.forget()
    if faults:
        raise CaseError(faults)


def load_geography(case: Path, folder: Path | str | None = None) -> Geography | None:
    """Read the geography folder given, or the one inside the case folder; None where there is none.

    Raises
    ------
    FileNotFoundError
        The folder given does not exist.
    GeographyMismatch
        Its files do not join.
    """
    if folder is not None and not Path(folder).is_dir():
        msg = f"There is no geography folder {folder}. Check the path, or leave --geography out."
        raise FileNotFoundError(msg)
    chosen = Path(folder) if folder is not None else case / "geography"
    if not chosen.is_dir():
        return None
    places = read_geography(chosen)
    # Files that do not join are refused before anything is computed.
    validate_lookups(places)
    if places.wards is not None:
        ward_population(places)
    return places


def load_case(
    case: Path | str,
    places: Geography | None,
    *,
    dates: Dates = "iso",
    additions: Sequence[Addition] | None = None,
) -> Records:
    """Read a case, checking its postcodes against those of the geography folder where it has any.

    Parameters
    ----------
    additions : what people entered by hand; by default what the store of the case holds.
    """
    postcodes = places.postcodes if places is not None else None
    known = None if postcodes is None else postcodes["postcode"]
    entered = load_additions(case) if additions is None else additions
    return read_case(case, dates=dates, postcodes=known, additions=entered)


def analyse_records(
    records: Records,
    places: Geography | None,
    settings: Settings,
    *,
    wait: bool = True,
    linked: bool = True,
    clock: Clock | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Compute everything from records already read; `records` stays as it is. Parameters are those of `analyse`."""
    clock = clock or Clock(progress)
    records = records.branch()
    with clock.stage("choosing what the viewer may see"):
        # A planner's day and people are those of colleagues who see people, or the same wards would show other figures.
        colleague = settings.viewer if settings.viewer.sees_people else Viewer("social_worker")
        shown = visible(records, colleague)
        seen = merge_people(shown, settings.identities)
        as_of = settings.as_of or latest_date(seen)
        if not settings.viewer.sees_people:
            # Who was merged with whom is not a planner's to know.
            seen = visible(seen, settings.viewer).with_tables({}, notes=shown.notes)
        known = at_date(seen, as_of)
        bands = people.age_bands(known, as_of)
    linking = Linking(known, settings, as_of, bands, clock) if settings.viewer.sees_people else None
    if linking is not None and linked:
        # Before the map, so that groups settle while it is made.
        _ = linking.network
    with clock.stage("placing on the map"):
        placed = _place(known, places, bands, as_of)
        homes = _keep_homes(known, placed)
    analysis = Analysis(
        known, settings, as_of, placed, bands, homes, linking, dict(seen.counts), clock, tuple(seen.notes)
    )
    weakref.finalize(analysis, records.forget)
    if wait and linked:
        analysis.link()
    return analysis


def _network(linking: Linking) -> Network:
    records, settings, clock = linking.records, linking.settings, linking.clock
    everyone = int(records.execute("SELECT count(*) FROM {people}")[0][0])
    apart = groups.open_settler() if everyone > groups.APART_ABOVE else None
    cited = linking.evidence
    with clock.stage("linking people"):
        built = links.build_links(
            cited, as_of=linking.as_of, half_life=settings.half_life, window_hours=settings.window_hours
        )
        settling = groups.start_groups(
            built, linking.bands, resolution=settings.resolution, seed=settings.seed, apart=apart
        )
    with clock.stage("finding shared contacts"):
        ties = contacts.build_ties(cited, built, linking.bands)
    return Network(cited, built, ties, settling)


# What geography reads of each table; a case may hold a great deal more.
PLACED = {
    "people": (
        *("person_id", "date_of_birth", "responsible_authority"),
        *("home_postcode", "home_easting", "home_northing", "home_lsoa"),
    ),
    "locations": ("location_id", "postcode", "easting", "northing", "longitude", "latitude"),
    "events": ("kind", "started_at", "location_id", "easting", "northing"),
    "missing": ("person_id", "reported_at", "missing_from"),
    "placements": ("person_id", "location_id", "started_on", "ended_on", "placing_authority"),
}


def _place(records: Records, places: Geography | None, bands: str, as_of: date | None) -> WardTable:
    tables = {
        name: f"SELECT {', '.join(columns)} FROM ({records.decoded(name)}) ORDER BY row"
        for name, columns in PLACED.items()
    }
    tables[
        "people"
    ] = f"""SELECT {", ".join(f"p.{name}" for name in PLACED["people"])}, b.age_band = 'child' AS is_child
        FROM {{people}} p JOIN {bands} b USING (person_n) ORDER BY p.row"""
    frames = {name: records.sql(query).df() for name, query in tables.items()}
    return build_wards(places, as_of=as_of or UNDATED, **frames)


def _keep_homes(records: Records, placed: WardTable) -> str:
    """Keep the ward each person lives in beside the coded tables: person_n, ward_code."""
    schema = records.new_schema()
    homes = placed.homes[["person_id", "lives_in_ward"]].astype({"person_id": "str", "lives_in_ward": "str"})
    records.connection.register("arriving", homes)
    records.execute(
        f"""CREATE TABLE {schema}.homes AS SELECT p.person_n, h.lives_in_ward AS ward_code
        FROM arriving h JOIN {{people}} p USING (person_id) WHERE h.lives_in_ward IS NOT NULL"""
    )
    records.connection.unregister("arriving")
    return f"{schema}.homes"


def _summary(analysis: Analysis) -> dict[str, Any]:
    settings, records, placed = analysis.settings, analysis.records, analysis.geography

    def count(table: str) -> int:
        return int(records.execute(f"SELECT count(*) FROM {table}")[0][0])

    out: dict[str, Any] = {"wards": len(placed.wards), "rejected": len(records.rejected)}
    if (network := analysis.network) is not None:
        out |= {
            "links": count(network.links.links),
            "link_items": count(network.links.items),
            "shared_contacts": count(analysis.found_contacts.contacts),
            "groups": count(f"(SELECT DISTINCT community FROM {analysis.group_table})"),
            "people_merged": analysis.counts["rows"]["people"].get("merged", 0),
            "occasions_too_large_to_link": network.links.crowds,
            "age_bands": dict(
                records.execute(f"SELECT age_band, count(*) FROM {analysis.bands} GROUP BY 1 ORDER BY 1")
            ),
        }
    asked = asdict(settings) | {
        "viewer": settings.viewer.role,
        "as_of": None if settings.as_of is None else settings.as_of.isoformat(),
        "identities": {name: len(pairs) for name, pairs in asdict(settings.identities).items()},
    }
    return {
        **analysis.stamp,
        "settings": asked,
        "rows": analysis.counts["rows"],
        "results": out,
        "certainty": _how_sure(analysis),
        "rejected": analysis.counts["rejected"],
        "geography": {
            "coverage": {kind: dict(counts) for kind, counts in placed.coverage.items()},
            "notes": list(placed.notes),
        },
        "notes": analysis.counts["notes"],
        "stages": analysis.clock.stages,
    }


def _how_sure(analysis: Analysis) -> dict[str, Any]:
    """Say what was done to find out how sure the results are, and why no more."""
    if analysis.linking is None:
        return {}
    said = []
    if analysis.settings.resamples is None and not analysis.resamples:
        said.append(
            f"Groups were not resampled: there are more than {CAREFUL_UP_TO:,} people. Ask for it with --resamples {RESAMPLES}."
        )
    if analysis.settings.chance is None and not analysis.tests_chance:
        said.append(
            f"Links and contacts were not tested against chance: there are more than {CAREFUL_UP_TO:,} people. Ask for it with --chance."
        )
    return {"resamples": analysis.resamples, "tested_against_chance": analysis.tests_chance, "notes": said}


def _row_account(name: str, analysis: Analysis) -> dict[str, int]:
    """Say where every row of a table went: read = set_aside + not_known_yet + outside_grades + used, and of people + merged."""
    counts, linking = analysis.read[name], analysis.linking
    in_time = int(analysis.records.execute(f"SELECT count(*) FROM {{{name}}}")[0][0])
    account = {
        "read": counts["read"],
        "set_aside": counts["set_aside"],
        "not_known_yet": counts["kept"] - in_time,
        "used": in_time,
    }
    if counts.get("merged"):
        account["merged"] = counts["merged"]
    if linking is not None and name in linking.evidence.counts:
        tally = linking.evidence.counts[name]
        account |= {
            "used": tally["used"],
            "ungraded": tally["ungraded"],
            "graded_lower": tally["graded_lower"],
        }
        if tally.get("untimed"):
            account["of_which_without_a_time_of_day"] = tally["untimed"]
    return account


@dataclass
class Clock:
    """Times stages and notes the peak of memory by the end of each."""

    progress: Progress | None = None
    stages: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside as one stage."""
        start = time.perf_counter()
        yield
        seconds = round(time.perf_counter() - start, 3)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (
            1024 * 1024 if sys.platform == "darwin" else 1024
        )
        self.stages.append({"stage": name, "seconds": seconds, "peak_memory_mb": peak})
        if self.progress is not None:
            self.progress(name, seconds)


def save_results(analysis: Analysis, out: Path, *, with_items: bool | None = None) -> None:
    """Write every result of an analysis to a folder, whole or not at all; an earlier result there is replaced.

    Parameters
    ----------
    with_items : whether to write `link_items`; by default up to ITEMS_UP_TO links. The summary says which.

    Raises
    ------
    FileExistsError
        The folder holds something that is not an earlier result.
    """
    if with_items is None:
        with_items = analysis.network is None or analysis.network.links.count() <= ITEMS_UP_TO
    results = [name for name in RESULTS if name != "link_items" or with_items]
    with swapped_in(out, FILES) as folder:
        with analysis.clock.stage("writing results"):
            # What rests on groups comes last: they may still be being settled.
            for name in sorted(results, key=ON_GROUPS.__contains__):
                _write(analysis, name, folder / f"{name}.parquet")
        write_summary(folder, {**analysis.summary, "files": results})


def _write(analysis: Analysis, name: str, path: Path) -> None:
    if name in ("wards", "rejected"):
        analysis.fetch(name).to_parquet(path, index=False)
        return
    quoted = str(path).replace("'", "''")
    query = analysis.query(name).format_map(analysis.records.tables)
    analysis.records.connection.execute(f"COPY ({query}) TO '{quoted}' (FORMAT parquet)")
