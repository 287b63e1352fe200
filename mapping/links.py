"""Turn evidence into links: who is linked to whom, on how many items, how lately and how specifically."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import narwhals as nw

from mapping.codes import load_codes
from mapping.evidence import EPOCH, Evidence, Frame, grade_text
from mapping.partition import UNIT
from mapping.records import Records

HALF_LIFE = 180.0
WINDOW_HOURS = 2.0
# An occasion with more people than this links nobody: 1/(n-1) of a link each, for n(n-1)/2 pairs.
CROWD = 50
TABLES = ("associations", "participation", "presence", "thing_use", "missing")
OCCASION_KINDS = ("event", "presence", "thing", "missing")


@dataclass(frozen=True)
class Links:
    """The links of a network and the items they rest on, as coded tables in DuckDB.

    `items` has person_a_n < person_b_n, kind_k, table_k, row_a, row_b, source_a_n, source_b_n, grade,
    first_day, last_day, harm_by_a, harm_by_b, protective, neutral, thing_n, event_n, location_n, share, units.
    `links` has person_a_n < person_b_n, units, items, first_day, last_day, grade, nature, and the least and the
    greatest of its sources; the table `sources` beside it counts those of links that have several.
    `in_event` has event_n, person_n: who took part in which event, each once.

    Attributes
    ----------
    kinds : the names of `kind_k`, in order.
    present : those of them that occur, each a yes-or-no column `kind_K` of `links`.
    crowds : how many occasions were larger than CROWD and linked nobody, by kind.
    as_of, half_life : how items were aged.
    """

    records: Records
    items: str
    links: str
    in_event: str
    kinds: Sequence[str]
    present: frozenset[str]
    crowds: dict[str, int]
    as_of: date | None
    half_life: float | None

    def count(self) -> int:
        """Return how many links there are."""
        return int(self.records.execute(f"SELECT count(*) FROM {self.links}")[0][0])

    def table(self, chance: str | None = None) -> str:
        """Return the query for the `links` result: ids, dates and words in place of numbers.

        Parameters
        ----------
        chance : the table that `mapping.chance.validate_links` wrote; without it p_value and validated are empty.
        """
        tested, joined = "NULL::DOUBLE AS p_value, NULL::BOOLEAN AS validated", ""
        if chance is not None:
            tested = "c.p_value, c.validated"
            joined = f"LEFT JOIN {chance} c ON c.person_a_n = l.person_a_n AND c.person_b_n = l.person_b_n"
        words = [
            f"CASE WHEN l.kind_{k} THEN '|{name}' ELSE '' END"
            for k, name in sorted(enumerate(self.kinds), key=lambda kind: kind[1])
            if name in self.present
        ]
        kinds = " || ".join(words) or "''"
        return f"""SELECT a.person_id AS person_a, b.person_id AS person_b, l.units / {UNIT}.0 AS weight, l.items,
            coalesce(n.sources, CASE WHEN l.least_source IS NULL THEN 0 ELSE 1 END) AS sources, substr({kinds}, 2) AS kinds, l.nature,
            DATE '1970-01-01' + CAST(l.first_day AS INTEGER) AS first_seen, DATE '1970-01-01' + CAST(l.last_day AS INTEGER) AS last_seen,
            {grade_text("l.grade")} AS best_grade, {tested}
        FROM {self.links} l JOIN {{people}} a ON a.person_n = l.person_a_n JOIN {{people}} b ON b.person_n = l.person_b_n
        LEFT JOIN {self.links.split(".")[0]}.sources n ON n.person_a_n = l.person_a_n AND n.person_b_n = l.person_b_n {joined}"""


def build_links(
    evidence: Evidence,
    *,
    as_of: date | None,
    half_life: float | None = HALF_LIFE,
    window_hours: float = WINDOW_HOURS,
    crowd: int = CROWD,
) -> Links:
    """Build links from evidence.

    Each item counts by how specific it is and how lately it was seen:

    - a stated association counts 1;
    - n people at one event, seen at one place within the window, using one thing, or found at one place
      after overlapping missing episodes, are each linked by 1 / (n - 1), so that an occasion adds at most
      one whole link to each person (Newman 2001, Physical Review E 64, 016132);
    - times 0.5 ** (age / half_life), age in days from the item's last date to `as_of`; an item without
      any date is not aged.

    For sightings and episodes, n is taken for each of the two people and the larger counts. Several
    sightings of the same two people at one place within one stretch of the window count once.

    Parameters
    ----------
    half_life : days; None does not age items.
    window_hours : how far apart two sightings at a place may be.
    crowd : occasions with more people than this link nobody; `crowds` counts them.

    Raises
    ------
    ValueError
        A half-life or window that is not above zero.
    """
    if half_life is not None and half_life <= 0:
        msg = f"The half-life is {half_life} days; it must be above zero, or none at all."
        raise ValueError(msg)
    if window_hours <= 0:
        msg = f"The window is {window_hours} hours; it must be above zero."
        raise ValueError(msg)
    records = evidence.records
    builder = _Builder(
        records, records.new_schema(), crowd, [*load_codes()["association_kind"], *OCCASION_KINDS]
    )
    found = [
        builder.stated(evidence.frame("stated")),
        builder.events(evidence.frame("events")),
        builder.presence(evidence.frame("presence"), window=max(1, round(window_hours * 60))),
        builder.things(evidence.frame("things")),
        builder.missing(evidence.frame("missing")),
    ]
    items = builder.keep(_weighed(nw.concat(found), as_of=as_of, half_life=half_life), "items")
    present = frozenset(items.select("kind_k").unique().collect().to_native().column("kind_k").to_pylist())
    links = builder.keep(_gathered(items, present), "links")
    builder.keep(_sources(links, items), "sources")
    return Links(
        records,
        f"{builder.schema}.items",
        f"{builder.schema}.links",
        f"{builder.schema}.in_event",
        builder.kinds,
        frozenset(builder.kinds[k] for k in present),
        builder.crowds,
        as_of,
        half_life,
    )


ITEM_COLUMNS = (
    *("person_a_n", "person_b_n", "kind_k", "table_k", "row_a", "row_b", "source_a_n", "source_b_n", "grade"),
    *(
        "first_day",
        "last_day",
        "harm_by_a",
        "harm_by_b",
        "protective",
        "neutral",
        "thing_n",
        "event_n",
        "location_n",
        "share",
    ),
)


@dataclass
class _Builder:
    """Pairs the people of each kind of mention. Every method takes mentions and returns items."""

    records: Records
    schema: str
    crowd: int
    kinds: list[str]
    crowds: dict[str, int] = field(default_factory=dict)

    def keep(self, frame: Frame, name: str) -> Frame:
        """Compute a frame once and return it read back from its table."""
        frame.to_native().create(f"{self.schema}.{name}")
        return nw.from_native(self.records.connection.table(f"{self.schema}.{name}"))

    def kind(self, name: str) -> int:
        return self.kinds.index(name)

    def stated(self, mentions: Frame) -> Frame:
        """One item a statement, of weight 1."""
        kind = nw.lit(None, dtype=nw.Int32)
        for name in self.kinds:
            kind = (
                nw.when(nw.col("kind") == name).then(nw.lit(self.kind(name), dtype=nw.Int32)).otherwise(kind)
            )
        return _items(
            mentions,
            kind_k=kind,
            table_k=_code("associations"),
            row_a=nw.col("row"),
            row_b=nw.col("row"),
            source_a_n=nw.col("source_n"),
            source_b_n=nw.col("source_n"),
            harm_by_a=nw.col("nature") == "harmful",
            harm_by_b=nw.col("nature") == "harmful",
            protective=nw.col("nature") == "protective",
            neutral=nw.col("nature") == "neutral",
            share=nw.lit(1.0),
        )

    def events(self, mentions: Frame) -> Frame:
        """People who took part in one event; someone in two roles there is one person."""
        roles = ("harmed", "may_have_harmed", "of_concern", "protective")
        present = self.keep(
            _each_once(
                mentions, "event_n", *(nw.col(role).any() for role in roles), nw.col("location_n").min()
            ),
            "in_event",
        )
        present = self._sized(present, "event_n", "event")
        pairs = _pairs(present, "event_n")

        def one(role: str) -> nw.Expr:
            return nw.col(role)

        def other(role: str) -> nw.Expr:
            return nw.col(f"{role}_right")

        return _items(
            pairs,
            **_both_rows("participation"),
            kind_k=nw.lit(self.kind("event"), dtype=nw.Int32),
            first_day=nw.min_horizontal("first_day", "first_day_right"),
            last_day=nw.max_horizontal("last_day", "last_day_right"),
            harm_by_a=_harms(one, other),
            harm_by_b=_harms(other, one),
            protective=one("protective") | other("protective"),
            neutral=nw.lit(False),
            event_n=nw.col("event_n"),
            location_n=nw.col("location_n"),
            share=1.0 / (nw.col("people") - 1),
        )

    def presence(self, mentions: Frame, *, window: int) -> Frame:
        """People seen at one place within `window` minutes of each other."""
        stretch = nw.col("minute") // window
        seen = mentions.filter(~nw.col("minute").is_null()).with_columns(stretch=stretch)
        together = seen.group_by("location_n", "stretch").agg(nw.col("person_n").n_unique().alias("people"))
        # More than a crowd within one stretch is more than a crowd within the window.
        quiet = together.filter(nw.col("people") <= self.crowd).select("location_n", "stretch")
        seen = self.keep(seen.join(quiet, on=["location_n", "stretch"]), "seen")
        near = nw.concat([seen.with_columns(stretch=nw.col("stretch") + step) for step in (-1, 0, 1)])
        apart = nw.col("minute") - nw.col("minute_right")
        met = seen.join(near, on=["location_n", "stretch"], suffix="_right").filter(
            (nw.col("person_n") != nw.col("person_n_right")) & (apart <= window) & (apart >= -window)
        )
        met = self._company(self.keep(met, "met"), "presence", more=self._crowded(together))
        # The same two at one place several times within a stretch: one item.
        met = met.with_columns(stretch=nw.min_horizontal("minute", "minute_right") // window)
        best = met.group_by("person_n", "person_n_right", "location_n", "stretch").agg(
            *(
                nw.col(name).min()
                for name in ("row", "row_right", "source_n", "source_n_right", "grade", "grade_right")
            ),
            *(nw.col(name).min() for name in ("first_day", "first_day_right", "people")),
            *(nw.col(name).max() for name in ("last_day", "last_day_right")),
        )
        return _items(
            best,
            **_both_rows("presence"),
            kind_k=nw.lit(self.kind("presence"), dtype=nw.Int32),
            first_day=nw.min_horizontal("first_day", "first_day_right"),
            last_day=nw.max_horizontal("last_day", "last_day_right"),
            location_n=nw.col("location_n"),
            share=1.0 / (nw.col("people") - 1),
        )

    def things(self, mentions: Frame) -> Frame:
        """People who used one phone, vehicle or account; dated by the time both had used it."""
        used = self.keep(_each_once(mentions, "thing_n"), "used")
        pairs = _pairs(self._sized(used, "thing_n", "thing"), "thing_n")
        first = nw.max_horizontal("first_day", "first_day_right")
        return _items(
            pairs,
            **_both_rows("thing_use"),
            kind_k=nw.lit(self.kind("thing"), dtype=nw.Int32),
            first_day=first,
            last_day=nw.max_horizontal(first, nw.min_horizontal("last_day", "last_day_right")),
            thing_n=nw.col("thing_n"),
            share=1.0 / (nw.col("people") - 1),
        )

    def missing(self, mentions: Frame) -> Frame:
        """People missing at the same time and found at the same place."""
        known = ("location_n", "from_minute", "to_minute")
        gone = mentions.filter(*(~nw.col(name).is_null() for name in known))
        overlap = (nw.col("from_minute") <= nw.col("to_minute_right")) & (
            nw.col("from_minute_right") <= nw.col("to_minute")
        )
        met = gone.join(gone, on="location_n", suffix="_right").filter(
            (nw.col("person_n") != nw.col("person_n_right")) & overlap
        )
        met = self._company(self.keep(met, "gone"), "missing", more=0)
        return _items(
            met,
            **_both_rows("missing"),
            kind_k=nw.lit(self.kind("missing"), dtype=nw.Int32),
            first_day=nw.max_horizontal("first_day", "first_day_right"),
            last_day=nw.min_horizontal("last_day", "last_day_right"),
            location_n=nw.col("location_n"),
            share=1.0 / (nw.col("people") - 1),
        )

    def _sized(self, present: Frame, on: str, kind: str) -> Frame:
        """Add how many people each occasion has, leaving out crowds (counted) and people on their own."""
        sizes = present.group_by(on).agg(nw.len().alias("people")).filter(nw.col("people") > 1)
        sizes = self.keep(sizes, f"{kind}_sizes")
        self.crowds[kind] = self._crowded(sizes)
        return present.join(sizes.filter(nw.col("people") <= self.crowd), on=on)

    def _crowded(self, sizes: Frame) -> int:
        return int(sizes.filter(nw.col("people") > self.crowd).select(nw.len()).collect().item())

    def _company(self, met: Frame, kind: str, *, more: int) -> Frame:
        """Add how many people were there around each of two mentions, the larger of the two; keep each pair once."""
        around = met.group_by("row").agg((nw.col("person_n_right").n_unique() + 1).alias("people"))
        self.crowds[kind] = more + self._crowded(around)
        pairs = met.filter(nw.col("person_n") < nw.col("person_n_right"))
        pairs = pairs.join(around, on="row").join(
            around, left_on="row_right", right_on="row", suffix="_other"
        )
        return pairs.with_columns(people=nw.max_horizontal("people", "people_other")).filter(
            nw.col("people") <= self.crowd
        )


def _harms(one: Callable[[str], nw.Expr], other: Callable[[str], nw.Expr]) -> nw.Expr:
    """Whether one person's role at an event is harm, or a concern, to the other."""
    harmed = one("may_have_harmed") & other("harmed")
    concern = one("of_concern") & ~other("of_concern") & ~other("protective")
    return harmed | concern


def _code(table: str) -> nw.Expr:
    return nw.lit(TABLES.index(table), dtype=nw.Int32)


def _both_rows(table: str) -> dict[str, nw.Expr]:
    """Name the row and source on each side of a pair."""
    return {
        "person_a_n": nw.col("person_n"),
        "person_b_n": nw.col("person_n_right"),
        "table_k": _code(table),
        "row_a": nw.col("row"),
        "row_b": nw.col("row_right"),
        "source_a_n": nw.col("source_n"),
        "source_b_n": nw.col("source_n_right"),
        # Two mentions are as well graded as the weaker of them; where one has no grade, neither has the item.
        "grade": nw.when(~nw.col("grade").is_null() & ~nw.col("grade_right").is_null()).then(
            nw.max_horizontal("grade", "grade_right")
        ),
    }


def _items(pairs: Frame, **columns: nw.Expr) -> Frame:
    """Give items the columns of ITEM_COLUMNS, with what a kind of evidence does not have left empty."""
    defaults: dict[str, nw.Expr] = {
        **{name: nw.col(name) for name in ("person_a_n", "person_b_n", "grade", "first_day", "last_day")},
        **{name: nw.lit(False) for name in ("harm_by_a", "harm_by_b", "protective", "neutral")},
        **{name: nw.lit(None, dtype=nw.Int32) for name in ("thing_n", "event_n", "location_n")},
    }
    chosen = {**defaults, **columns}
    return pairs.select(**{name: chosen[name] for name in ITEM_COLUMNS})


def _each_once(mentions: Frame, occasion: str, *more: nw.Expr) -> Frame:
    """One mention for each person at each occasion: its first row, best grade, and whole span of days."""
    least = (nw.col(name).min() for name in ("row", "source_n", "grade", "first_day"))
    return mentions.group_by(occasion, "person_n").agg(*least, nw.col("last_day").max(), *more)


def _pairs(present: Frame, on: str) -> Frame:
    """Pair the people of each occasion, each pair once, the lower number first."""
    right = present.drop("people")
    return present.join(right, on=on, suffix="_right").filter(nw.col("person_n") < nw.col("person_n_right"))


def _weighed(items: Frame, *, as_of: date | None, half_life: float | None) -> Frame:
    """Weigh items by specificity and age, in whole billionths."""
    weight = nw.col("share")
    if half_life is not None and as_of is not None:
        age = (nw.lit((as_of - EPOCH).days) - nw.col("last_day")).cast(nw.Float64)
        age = nw.when(age > 0).then(age).otherwise(0.0)
        weight = weight * (age * (-math.log(2) / half_life)).exp()
    return items.with_columns(units=(weight * UNIT).round(0).cast(nw.Int64))


def _gathered(items: Frame, present: frozenset[int]) -> Frame:
    """Gather the items of each pair into one link."""
    pair = ["person_a_n", "person_b_n"]
    kinds = [(nw.col("kind_k") == k).any().alias(f"kind_{k}") for k in sorted(present)]
    links = items.group_by(*pair).agg(
        nw.col("units").sum(),
        nw.len().alias("items"),
        nw.col("first_day").min(),
        nw.col("last_day").max(),
        nw.col("grade").min(),
        (nw.col("harm_by_a") | nw.col("harm_by_b")).any().alias("harmful"),
        *(nw.col(name).any() for name in ("protective", "neutral")),
        nw.min_horizontal("source_a_n", "source_b_n").min().alias("least_source"),
        nw.max_horizontal("source_a_n", "source_b_n").max().alias("most_source"),
        *kinds,
    )
    return links.with_columns(nature=_nature())


def _sources(links: Frame, items: Frame) -> Frame:
    """Count the sources of links that rest on more than one; the others need no counting."""
    pair = ["person_a_n", "person_b_n"]
    several = links.filter(nw.col("least_source") < nw.col("most_source")).select(*pair)
    named = items.join(several, on=pair, how="semi")
    each = [named.select(*pair, source_n=nw.col(side)) for side in ("source_a_n", "source_b_n")]
    distinct = nw.concat(each).filter(~nw.col("source_n").is_null()).unique(subset=[*pair, "source_n"])
    return distinct.group_by(*pair).agg(nw.len().alias("sources"))


def _nature() -> nw.Expr:
    """Say what kind of link it is: harm outweighs neutral statements; harm and protection side by side are "mixed"."""
    harmful, protective, neutral = nw.col("harmful"), nw.col("protective"), nw.col("neutral")
    plain = nw.when(neutral).then(nw.lit("neutral")).otherwise(nw.lit("unknown"))
    kind = nw.when(protective).then(nw.lit("protective")).otherwise(plain)
    kind = nw.when(harmful).then(nw.lit("harmful")).otherwise(kind)
    return nw.when(harmful & protective).then(nw.lit("mixed")).otherwise(kind)
