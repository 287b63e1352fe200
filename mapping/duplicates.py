"""Suggest which people may be recorded twice, each pair with its reasons; a person decides."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from mapping.codes import load_codes
from mapping.comparisons import (
    BLOCKING,
    BLOCKING_FORMS,
    NOT_RECORDED,
    PEOPLE,
    SURE,
    Comparison,
    other_text,
)
from mapping.nicknames import load_nicknames
from mapping.records import Records, open_connection

if TYPE_CHECKING:
    import duckdb
    from splink import Linker

# Bits from which a pair is suggested: nought is as likely as not, by what was compared.
THRESHOLD_WEIGHT = 0.0
# Bits from which a pair is remembered, because somebody may have decided about it when it weighed more.
FAR_WEIGHT = -10.0
# One person in a hundred is expected to be recorded twice, where a case does not say more.
EXPECTED_TWICE = 0.01
# Pairs of people drawn to see how often two agree by chance; the usual shares count as so many more.
DRAWN, USUAL_OTHER = 500_000, 1_000
# With fewer sure pairs than this nothing is learnt of how records of one person differ; the usual shares
# count as so many pairs.
ENOUGH_SURE, USUAL_SAME = 200, 100
# Up to so many people every two are compared; beyond, those that agree in one of the ways of BLOCKING.
EVERY_PAIR = 1_000
# Rounds after which the share of pairs that are one person has long settled.
MOST_ROUNDS = 200
# Characters of a name that are compared.
LONGEST = 80
PAIR = ("person_a", "person_b")
# What must be equal among the pairs from which the rest of the comparisons is learnt.
TRAINED_ON = (("given", "family"), ("born",), ("given", "postcode"))
COLUMNS = ("person_id", "given_name", "family_name", "date_of_birth", "home_postcode", "sex")


class Accuracy(NamedTuple):
    """How well suggested pairs agree with the true ones: shares of pairs, and the pairs they are shares of."""

    precision: float
    recall: float
    f1: float
    suggested: int
    true: int


@dataclass(frozen=True)
class Model:
    """How often records agree: the share of pairs that are of one person, and of each level among them and others.

    Attributes
    ----------
    prior : share of all pairs that are expected to be records of one person.
    same, other : (comparison, level) to the share at that level; levels are counted from the closest.
    """

    prior: float
    same: Mapping[tuple[str, int], float]
    other: Mapping[tuple[str, int], float]


def suggest_pairs(
    records: Records,
    *,
    threshold_weight: float = THRESHOLD_WEIGHT,
    judgements: pd.DataFrame | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Suggest pairs of people in a case who may be one person recorded twice.

    Parameters
    ----------
    records : what the viewer may see, before any two are merged.
    threshold_weight : bits; pairs below it are left out.
    judgements : person_a, person_b, judgement; what somebody has decided so far.
    seed : as in `score_pairs`.

    Returns
    -------
    The columns of `score_pairs`, then linked_otherwise (what says that they were two; "" where nothing
    does) and judgement ("" where nobody has judged the pair).
    """
    found = score_pairs(compared(records), threshold_weight=threshold_weight, seed=seed)
    return judged(with_contradictions(records, found), judgements)


def compared(records: Records) -> pd.DataFrame:
    """Return what is compared of the people of a case, one row a person, in the order of their ids."""
    found: pd.DataFrame = records.sql(f"SELECT {', '.join(COLUMNS)} FROM {{people}} ORDER BY person_id").df()
    return found


def with_contradictions(records: Records, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return pairs with `linked_otherwise`: in words, what records both of them side by side, as nobody is with themselves."""
    if pairs.empty:
        return pairs.assign(linked_otherwise=pd.Series(dtype="str"))
    with records.connection.cursor() as cursor:
        cursor.register("arriving_pairs", pairs[list(PAIR)])
        found = cursor.execute(_TOGETHER.format_map(records.tables)).df()
    said = {(row["person_a"], row["person_b"]): _together(row) for row in found.to_dict("records")}
    return pairs.assign(
        linked_otherwise=[
            said.get(pair, "") for pair in zip(pairs["person_a"], pairs["person_b"], strict=True)
        ]
    )


_TOGETHER = """WITH pairs AS (SELECT d.person_a, d.person_b, a.person_n AS a_n, b.person_n AS b_n FROM arriving_pairs d
        JOIN {people} a ON a.person_id = d.person_a JOIN {people} b ON b.person_id = d.person_b),
    met AS (SELECT p.a_n, p.b_n, count(DISTINCT one.event_n) AS events FROM pairs p
        JOIN {participation} one ON one.person_n = p.a_n
        JOIN {participation} other ON other.person_n = p.b_n AND other.event_n = one.event_n GROUP BY ALL),
    stated AS (SELECT p.a_n, p.b_n, string_agg(DISTINCT s.kind, '|' ORDER BY s.kind) AS kinds FROM pairs p
        JOIN {associations} s ON (s.person_a_n = p.a_n AND s.person_b_n = p.b_n)
            OR (s.person_a_n = p.b_n AND s.person_b_n = p.a_n) GROUP BY ALL)
    SELECT p.person_a, p.person_b, coalesce(m.events, 0) AS events, coalesce(s.kinds, '') AS kinds
    FROM pairs p LEFT JOIN met m USING (a_n, b_n) LEFT JOIN stated s USING (a_n, b_n)"""


def _together(row: Mapping[Hashable, Any]) -> str:
    events, words = int(row["events"]), load_codes()["association_kind"]
    parts = []
    if events:
        parts.append("at one event together" if events == 1 else f"at {events:,} events together")
    if row["kinds"]:
        kinds = ", ".join(words.get(kind, kind) for kind in row["kinds"].split("|"))
        parts.append(f"stated to know each other: {kinds}")
    return "; ".join(parts)


def judged(pairs: pd.DataFrame, judgements: pd.DataFrame | None) -> pd.DataFrame:
    """Return pairs with `judgement`, what somebody has decided of each; "" where nobody has."""
    said: dict[tuple[str, str], str] = {}
    if judgements is not None:
        columns = (judgements[name].astype("str") for name in (*PAIR, "judgement"))
        said = {(a, b): judgement for a, b, judgement in zip(*columns, strict=True)}
    pairs_of = zip(pairs["person_a"], pairs["person_b"], strict=True)
    return pairs.assign(
        judgement=pd.Series([said.get(pair, "") for pair in pairs_of], index=pairs.index, dtype="str")
    )


def accuracy(pairs: pd.DataFrame, true: Iterable[tuple[str, str]]) -> Accuracy:
    """Compare suggested pairs with the true ones: precision, recall and their harmonic mean, pair by pair.

    Parameters
    ----------
    pairs : person_a < person_b, one row a pair.
    true : the pairs that are one person, each with the lower id first.
    """
    wanted = set(true)
    hits = len(wanted.intersection(zip(pairs["person_a"], pairs["person_b"], strict=True)))
    precision = hits / len(pairs) if len(pairs) else 0.0
    recall = hits / len(wanted) if wanted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return Accuracy(precision, recall, f1, len(pairs), len(wanted))


def score_pairs(
    people: pd.DataFrame,
    *,
    others: Sequence[str] = (),
    threshold_weight: float = THRESHOLD_WEIGHT,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare people with each other and return the pairs that may be one person.

    Each comparison adds its weight in bits: log2 of how much more often records of one person stand so
    to each other than records of two people do (Fellegi and Sunter 1969, Journal of the American
    Statistical Association 64, 1183-1210; by Splink, Linacre and others 2022, International Journal of
    Population Data Science 7, 1794). What is not recorded in both adds nothing. Chance agreement is
    counted in the case; how records of one person differ is learnt by expectation maximisation where
    ENOUGH_SURE pairs are sure, and each share is drawn towards its usual value, the more the smaller the case.

    Parameters
    ----------
    people : person_id and any of given_name, family_name, date_of_birth (a date, or text such as
        2009-05-04), home_postcode, sex.
    others : further columns of text to compare.
    threshold_weight : bits; pairs below it are left out.
    seed : which people are drawn where not all pairs can be counted.

    Returns
    -------
    One row a pair: person_a < person_b, match_weight (bits; the sum of what follows, in hundredths),
    match_probability (of that weight, if the comparisons were independent), prior_bits, and for each
    comparison its level in words and, under NAME_bits, its bits. The heaviest first, then by id.
    """
    comparisons = (*PEOPLE, *map(other_text, others))
    connection = open_connection()
    try:
        _prepare(connection, people, others)
        recorded = _recorded(connection, comparisons)
        used = [comparison for comparison in comparisons if recorded[comparison.name] > 1]
        if not used:
            return _worded(pd.DataFrame(columns=[*PAIR, "total"]), comparisons, 0)
        with _quiet():
            model = _learnt(connection, used, seed=seed)
            predicted = _linker(connection, used, model).inference.predict(warning_mode="never")
        _add_up(connection, predicted.physical_name, used)
        prior = _prior(connection, model.prior)
        least = round(100 * threshold_weight) - prior
        scored = connection.execute(f"SELECT * FROM added WHERE total >= {least}").df()
    finally:
        connection.close()
    return _worded(scored, comparisons, prior)


# Preparing --------------------------------------------------------------------------------------


def _prepare(connection: duckdb.DuckDBPyConnection, people: pd.DataFrame, others: Sequence[str]) -> None:
    """Write the table `persons`: what is compared, without capitals, accents and marks."""
    text = people.reindex(columns=[*COLUMNS, *others])
    if pd.api.types.is_datetime64_any_dtype(text["date_of_birth"]):
        text = text.assign(date_of_birth=text["date_of_birth"].dt.strftime("%Y-%m-%d"))
    _arrive(connection, "arrived", {str(name): text[name].astype("str") for name in text})
    more = "".join(f", {_plain(name)} AS {name}" for name in others)
    connection.execute(
        f"""CREATE TABLE plain AS SELECT person_id, {_plain("given_name")} AS given_all,
            {_plain("family_name")} AS family_all, CASE WHEN length(date_of_birth) = 10 THEN date_of_birth END AS born,
            nullif(replace(upper(home_postcode), ' ', ''), '') AS postcode,
            CASE WHEN sex IN ('F', 'M') THEN sex END AS sex{more} FROM arrived"""
    )
    _write_names(connection)
    connection.execute(
        f"""CREATE TABLE persons AS SELECT person_id, given, family, born, postcode, sex, given_forms,
            list_filter(string_split(given, ' '), lambda part: length(part) > 2) AS given_parts,
            list_filter(string_split(family, ' '), lambda part: length(part) > 2) AS family_parts,
            left(given, 1) AS given_first, left(family, 1) AS family_first,
            left(given, 3) AS given_start, left(family, 3) AS family_start,
            left(born, 4) AS birth_year, left(born, 7) AS birth_month,
            left(born, 5) || right(born, 2) || '-' || substr(born, 6, 2) AS born_turned,
            CASE WHEN {_BRITISH} THEN left(postcode, -2) END AS sector,
            CASE WHEN {_BRITISH} THEN left(postcode, -3) END AS district{"".join(f", {name}" for name in others)}
        FROM plain LEFT JOIN given_names USING (given_all) LEFT JOIN family_names USING (family_all)"""
    )


# A postcode of the United Kingdom without its space; only these have sectors and districts.
_BRITISH = "regexp_full_match(postcode, '[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}')"
_EACH = "SELECT DISTINCT {0} FROM plain WHERE {0} IS NOT NULL ORDER BY 1"


def _plain(column: str) -> str:
    """Return the SQL for text in small letters without accents, marks and doubled spaces; null where nothing is left."""
    small = f"translate(lower(strip_accents(left({column}, {LONGEST}))), 'łøđı', 'lodi')"
    bare = f"regexp_replace({small}, '[''’`´.]', '', 'g')"
    return f"nullif(trim(regexp_replace({bare}, '[^\\p{{L}}\\p{{N}}]+', ' ', 'g')), '')"


def _write_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the names that are names, each once, given names with the names they may be forms of."""
    listed = load_nicknames()
    for column in ("given", "family"):
        every = [str(name) for (name,) in connection.execute(_EACH.format(f"{column}_all")).fetchall()]
        known = [name for name in every if listed.is_name(name.split())]
        forms = {"given_forms": [listed.forms([name, *name.split()[:1]]) for name in known]}
        values = {f"{column}_all": known, column: known, **(forms if column == "given" else {})}
        _arrive(connection, f"{column}_names", values)


def _arrive(connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, Any]) -> None:
    """Write a table of text, lists of text among it, whether or not there is any."""
    kinds = {
        column: pa.list_(pa.string()) if column.endswith("_forms") else pa.string() for column in columns
    }
    arriving = pa.table(
        {
            column: pa.array(list(values), kinds[column], from_pandas=True)
            for column, values in columns.items()
        }
    )
    connection.register("arriving", arriving)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arriving")
    connection.unregister("arriving")


def _recorded(connection: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison]) -> dict[str, int]:
    """Return for each comparison how many people have a value."""
    counted = ", ".join(f"count({comparison.column})" for comparison in comparisons)
    row = connection.execute(f"SELECT {counted} FROM persons").fetchall()[0]
    return {comparison.name: int(count) for comparison, count in zip(comparisons, row, strict=True)}


# Learning ---------------------------------------------------------------------------------------


def _learnt(connection: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], *, seed: int) -> Model:
    """Learn from the case what it is large enough to teach, drawn towards the usual shares."""
    people = int(connection.execute("SELECT count(*) FROM persons").fetchall()[0][0])
    pairs = people * (people - 1) / 2
    sure = _sure(connection)
    prior = min(EXPECTED_TWICE * people / pairs, 0.5)
    other = _by_chance(connection, comparisons, min(pairs, DRAWN), seed)
    same = {(c.name, level): c.levels[level].same for c in comparisons for level in range(len(c.levels))}
    if sure >= ENOUGH_SURE:
        same = _of_one_person(connection, comparisons, Model(prior, same, other), sure)
    return Model(prior, same, other)


def _sure(connection: duckdb.DuckDBPyConnection) -> int:
    """Count the pairs that agree in enough to be taken as one person."""
    each = " UNION ".join(
        f"SELECT l.person_id, r.person_id FROM persons l JOIN persons r ON l.person_id < r.person_id AND {rule}"
        for rule in SURE
    )
    return int(connection.execute(f"SELECT count(*) FROM ({each})").fetchall()[0][0])


def _by_chance(
    connection: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], pairs: float, seed: int
) -> dict[tuple[str, int], float]:
    """Return how often two people stand at each level, counted among pairs drawn by a hash of their ids."""
    linker = _linker(connection, comparisons)
    linker.training.estimate_u_using_random_sampling(
        max_pairs=DRAWN, seed=seed, min_count_per_level=None, num_chunks=1
    )
    found, recorded = _shares(linker, "u_probability"), _recorded(connection, comparisons)
    people = int(connection.execute("SELECT count(*) FROM persons").fetchall()[0][0])
    shares = {}
    for comparison in comparisons:
        drawn = pairs * (recorded[comparison.name] / people) ** 2
        for place, level in enumerate(comparison.levels):
            key = (comparison.name, place)
            share = _towards(found.get(key, 0.0), drawn, level.other, USUAL_OTHER)
            shares[key] = max(share, level.other) if level.habit else share
    return shares


def _of_one_person(
    connection: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], begun: Model, sure: int
) -> dict[tuple[str, int], float]:
    """Return how often records of one person stand at each level, by expectation maximisation."""
    linker = _linker(connection, comparisons, begun)
    names = {comparison.column for comparison in comparisons}
    for columns in TRAINED_ON:
        if names.issuperset(columns):
            rule = " AND ".join(f"l.{column} = r.{column}" for column in columns)
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = _shares(linker, "m_probability")
    return {
        key: _towards(found.get(key, usual), sure, usual, USUAL_SAME) for key, usual in begun.same.items()
    }


def _towards(found: float, pairs: float, usual: float, weight: float) -> float:
    """Return a share found among so many pairs, drawn towards the usual one as if that rested on `weight` pairs."""
    return round((found * pairs + usual * weight) / (pairs + weight), 9)


def _shares(linker: Linker, share: str) -> dict[tuple[str, int], float]:
    """Return the shares a linker has learnt, by comparison and level; levels nobody was seen at are absent."""
    return {
        (comparison["output_column_name"], level): float(state[share])
        for comparison in linker.misc.save_model_to_json()["comparisons"]
        for level, state in enumerate(comparison["comparison_levels"][1:])
        if share in state
    }


# Splink -----------------------------------------------------------------------------------------


def _linker(
    connection: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], model: Model | None = None
) -> Linker:
    """Return Splink's linker over `persons`; without a model it knows no shares yet."""
    from splink import DuckDBAPI, Linker  # only where people are compared: it takes a while to load

    people = int(connection.execute("SELECT count(*) FROM persons").fetchall()[0][0])
    blocking = ("1 = 1",) if people <= EVERY_PAIR else BLOCKING
    rules: list[dict[str, Any]] = [{"blocking_rule": rule, "sql_dialect": "duckdb"} for rule in blocking]
    if people > EVERY_PAIR:
        rules.append(
            {"blocking_rule": BLOCKING_FORMS, "sql_dialect": "duckdb", "arrays_to_explode": ["given_forms"]}
        )
    settings = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "person_id",
        "comparisons": [_settings(comparison, model) for comparison in comparisons],
        "blocking_rules_to_generate_predictions": rules,
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
        **({} if model is None else {"probability_two_random_records_match": model.prior}),
    }
    return Linker(DuckDBAPI(connection=connection).register("persons"), settings, log_level=None)


def _settings(comparison: Comparison, model: Model | None) -> dict[str, Any]:
    column = comparison.column
    levels: list[dict[str, Any]] = [
        {"sql_condition": f"{column}_l IS NULL OR {column}_r IS NULL", "is_null_level": True}
    ]
    for place, level in enumerate(comparison.levels):
        state: dict[str, Any] = {"sql_condition": level.when or "ELSE"}
        if model is not None:
            key = (comparison.name, place)
            state |= {"m_probability": model.same[key], "u_probability": model.other[key]}
        if place == 0 and comparison.by_frequency:
            state["tf_adjustment_column"] = column
        levels.append(state)
    return {"output_column_name": comparison.name, "comparison_levels": levels}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Splink's own messages to programmers from the user."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


# Adding up --------------------------------------------------------------------------------------


def _add_up(connection: duckdb.DuckDBPyConnection, predicted: str, comparisons: Sequence[Comparison]) -> None:
    """Write the table `added`: each pair, its level of each comparison, and weights in whole hundredths of a bit."""
    parts = {
        c.name: f"CAST(round(100 * (mw_{c.name}{f' + mw_tf_adj_{c.name}' if c.by_frequency else ''})) AS BIGINT)"
        for c in comparisons
    }
    units = ", ".join(f"{part} AS units_{name}, gamma_{name}" for name, part in parts.items())
    connection.execute(
        f"""CREATE TABLE added AS SELECT person_id_l AS person_a, person_id_r AS person_b, {units},
            {" + ".join(parts.values())} AS total FROM {predicted}"""
    )


def _prior(connection: duckdb.DuckDBPyConnection, least: float) -> int:
    """Return, in hundredths of a bit, the odds that two people drawn at random are one, by maximum likelihood.

    Given the weight of every pair compared, the share of pairs that are one person is the one under which
    the expected number of such pairs agrees with itself. It is never below `least`.
    """
    people = int(connection.execute("SELECT count(*) FROM persons").fetchall()[0][0])
    counted = connection.execute("SELECT total, count(*) AS n FROM added GROUP BY total ORDER BY total").df()
    times, number = np.exp2(counted["total"].to_numpy(float) / 100), counted["n"].to_numpy(float)
    share = least
    for _ in range(MOST_ROUNDS):
        one = share * times / (1 - share + share * times)
        found = max(least, float((one * number).sum()) / (people * (people - 1) / 2))
        if abs(found - share) < 1e-6 * share:
            break
        share = min(found, 0.5)
    return round(100 * log2(share / (1 - share)))


def _worded(scored: pd.DataFrame, comparisons: Sequence[Comparison], prior: int) -> pd.DataFrame:
    """Return the result of `score_pairs`: levels in words, weights in bits."""
    weight = (scored["total"].astype("float64") + prior) / 100
    out = scored[list(PAIR)].assign(
        match_weight=weight, match_probability=(1 / (1 + np.exp2(-weight))).round(6), prior_bits=prior / 100
    )
    for comparison in comparisons:
        said = [NOT_RECORDED] * len(scored)
        if f"gamma_{comparison.name}" in scored:
            words = [*(level.words for level in reversed(comparison.levels)), NOT_RECORDED]
            said = [words[level] for level in scored[f"gamma_{comparison.name}"]]
        bits = scored.get(f"units_{comparison.name}", pd.Series(0, index=scored.index))
        out[comparison.name] = pd.Series(said, index=scored.index, dtype="str")
        out[f"{comparison.name}_bits"] = bits.astype("float64") / 100
    return out.sort_values(["match_weight", *PAIR], ascending=[False, True, True], ignore_index=True)
