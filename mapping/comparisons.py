"""State how the records of two people are compared: the levels of each comparison, in words and in SQL."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """One way in which two values can stand to each other.

    Attributes
    ----------
    words : what is said of it, after the name of the comparison: "date of birth: one figure different".
    when : SQL over the prepared columns of the two records, `born_l` and `born_r`; the first level that holds counts.
    same, other : the share of pairs of records of one person, and of two different people, that are expected
        at this level where a case is too small to tell (m and u in the words of Fellegi and Sunter).
    habit : whether it comes of how somebody writes, such as an initial for a name. Few pairs at such a level
        say that few write so, not that it means much: `other` is then never taken to be lower than it is here.
    """

    words: str
    when: str
    same: float
    other: float
    habit: bool = False


@dataclass(frozen=True)
class Comparison:
    """One thing that is compared.

    Attributes
    ----------
    name : the column it is in results.
    label : what to call it.
    column : the prepared column whose absence, on either side, makes the comparison say nothing.
    levels : from the closest to "different", whose condition is empty.
    by_frequency : whether an equal value counts by how rare it is in the case.
    """

    name: str
    label: str
    column: str
    levels: tuple[Level, ...]
    by_frequency: bool = False


NOT_RECORDED = "not recorded in both"
_ALIKE = "jaro_winkler_similarity({0}_l, {0}_r) >= {1}"
_FIGURES = "hamming(born_l, born_r)"


def _slip(column: str) -> str:
    """Return the condition for text with one character left out, put in or exchanged; of very short text any two would be."""
    # A case in place of AND, whose order the database chooses: the distance is slow and only the nearly alike need it.
    close = f"least(length({column}_l), length({column}_r)) > 3 AND {_ALIKE.format(column, 0.75)}"
    return f"CASE WHEN {close} THEN levenshtein({column}_l, {column}_r) <= 1 ELSE false END"


def _nearly(column: str) -> str:
    """Return the condition for text that is the same but for a slip or two letters the wrong way round."""
    return f"{_ALIKE.format(column, 0.92)} OR {_slip(column)}"


GIVEN_NAME = Comparison(
    "given_name",
    "given name",
    "given",
    (
        Level("the same", "given_l = given_r", 0.62, 0.008),
        Level(
            "a short form or another spelling",
            "list_has_any(given_forms_l, given_forms_r)",
            0.12,
            0.0015,
            habit=True,
        ),
        Level("the other's family name", "given_l = family_r", 0.02, 0.0004, habit=True),
        Level("one part the same", "list_has_any(given_parts_l, given_parts_r)", 0.03, 0.0015, habit=True),
        Level("nearly the same spelling", _nearly("given"), 0.1, 0.003),
        Level("a similar spelling", _ALIKE.format("given", 0.82), 0.03, 0.01),
        Level(
            "an initial that fits",
            "least(length(given_l), length(given_r)) = 1 AND given_first_l = given_first_r",
            0.02,
            0.002,
            habit=True,
        ),
        Level("different", "", 0.06, 0.9736),
    ),
    by_frequency=True,
)

FAMILY_NAME = Comparison(
    "family_name",
    "family name",
    "family",
    (
        Level("the same", "family_l = family_r", 0.7, 0.004),
        Level("the other's given name", "family_l = given_r", 0.02, 0.0004, habit=True),
        Level("one part the same", "list_has_any(family_parts_l, family_parts_r)", 0.05, 0.002, habit=True),
        Level("nearly the same spelling", _nearly("family"), 0.12, 0.002),
        Level("a similar spelling", _ALIKE.format("family", 0.82), 0.03, 0.008),
        Level("different", "", 0.08, 0.9836),
    ),
    by_frequency=True,
)

DATE_OF_BIRTH = Comparison(
    "date_of_birth",
    "date of birth",
    "born",
    (
        Level("the same", "born_l = born_r", 0.8, 0.0003),
        Level("day and month the other way round", "born_turned_l = born_r", 0.03, 0.0001, habit=True),
        Level("one figure different", f"{_FIGURES} = 1", 0.1, 0.004),
        Level("two figures different", f"{_FIGURES} = 2", 0.03, 0.03),
        Level("different", "", 0.04, 0.9656),
    ),
)

HOME_POSTCODE = Comparison(
    "home_postcode",
    "home postcode",
    "postcode",
    (
        Level("the same", "postcode_l = postcode_r", 0.6, 0.001),
        Level("one character different", _slip("postcode"), 0.08, 0.003),
        Level("the same sector", "sector_l = sector_r", 0.07, 0.01),
        Level("the same district", "district_l = district_r", 0.1, 0.06),
        Level("different", "", 0.15, 0.926),
    ),
)

SEX = Comparison(
    "sex",
    "sex",
    "sex",
    (Level("the same", "sex_l = sex_r", 0.97, 0.5), Level("different", "", 0.03, 0.5)),
)

PEOPLE = (GIVEN_NAME, FAMILY_NAME, DATE_OF_BIRTH, HOME_POSTCODE, SEX)


def other_text(column: str) -> Comparison:
    """Return the comparison of a column of text that the contract does not have, such as a street or a town."""
    return Comparison(
        column,
        column.replace("_", " "),
        column,
        (
            Level("the same", f"{column}_l = {column}_r", 0.7, 0.01),
            Level("nearly the same spelling", _nearly(column), 0.12, 0.005),
            Level("a similar spelling", _ALIKE.format(column, 0.82), 0.05, 0.02),
            Level("different", "", 0.13, 0.965),
        ),
        by_frequency=True,
    )


# Pairs that agree in one of these ways are compared; any other is taken to be two people.
# Each is written for Splink: l and r are the two records.
BLOCKING = (
    "l.given = r.given AND l.family = r.family",
    "l.given = r.family AND l.family = r.given",
    "l.born = r.born",
    "l.born_turned = r.born AND l.given_first = r.given_first",
    "l.family = r.family AND l.birth_year = r.birth_year",
    "l.given = r.given AND l.birth_year = r.birth_year AND l.family_first = r.family_first",
    "l.postcode = r.postcode AND l.given_first = r.given_first",
    "l.given_start = r.given_start AND l.family_start = r.family_start",
    "l.birth_month = r.birth_month AND l.given_first = r.given_first AND l.family_first = r.family_first",
)
# A short form and the name it stands for: one blocking key for each name a given name may stand for.
BLOCKING_FORMS = "l.given_forms = r.given_forms AND l.family = r.family"
# Pairs that agree in all of this are taken to be one person when it is asked whether there are enough to learn from.
SURE = (
    "l.given = r.given AND l.family = r.family AND l.born = r.born",
    "l.given = r.given AND l.born = r.born AND l.postcode = r.postcode",
)
