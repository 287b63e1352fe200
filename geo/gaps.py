"""Compare referrals with what the numbers of children lead one to expect, and find where silence is unlikely to be chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.rates import Floats, to_floats

Flags = npt.NDArray[np.bool_]
TEXT = pd.StringDtype(na_value=np.nan)

COLUMNS = {
    "dimension": "str",
    "group_code": "str",
    "group": "str",
    "base": "str",
    "children": "int64",
    "referrals": "int64",
    "children_referred": "int64",
    "expected": "float64",
    "ratio": "float64",
    "ratio_low": "float64",
    "ratio_high": "float64",
    "p_value": "float64",
    "q_value": "float64",
    "finding": "str",
    "children_not_recorded": "float64",
    "referred_not_recorded": "float64",
}
DIMENSIONS = ("ward", "school", "sex", "ethnicity", "sex and ethnicity", "sex and background")
FEWER, MORE = "fewer than expected", "more than expected"
IN_RECORDS, LIVE_THERE = "children in the records", "children aged 10 to 17 who live there"
SEXES = {"F": "girls", "M": "boys", "X": "another sex"}
ETHNICITIES = {
    "White": ("WBRI", "WIRI", "WIRT", "WROM", "WOTH"),
    "dual heritage": ("MWBC", "MWBA", "MWAS", "MOTH"),
    "Asian": ("AIND", "APKN", "ABAN", "CHNE", "AOTH"),
    "Black": ("BCRB", "BAFR", "BOTH"),
    "another ethnic group": ("OOTH",),
}
MINORITY = "Black, dual heritage and other minority ethnic"
NOT_RECORDED = ("REFU", "NOBT", "U")
BANDS = (0, 10, 12, 14, 16, 18)
CAUTION = (
    "Expected is what the number of children leads one to expect if every group had the same need and were noticed as "
    "readily. A gap is a question, not an answer: it may be need, or who is noticed, or who is recorded."
)
BLIND = (
    "Except for wards, children are those in the records. A group that nobody records at all is missing from both "
    "sides and shows no gap."
)
NO_POPULATION = "No population aged 10 to 17 is there for wards: children in the records stand in for it."


@dataclass(frozen=True, eq=False)
class Gaps:
    """Where referrals are fewer or more than expected.

    Attributes
    ----------
    table : one row a group, with the columns of `COLUMNS`, in the order of `DIMENSIONS` and of the groups' codes.
    since, until : the period that referrals are of.
    notes : what the figures rest on, and what they cannot show.
    """

    table: pd.DataFrame
    since: date
    until: date
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Base:
    """Children who could have been referred, and those who were.

    Attributes
    ----------
    people : the rows of children, numbered from 0; labels : what they were on the index they came with.
    referred : whether each was referred in the period; referrals : how often.
    age : at the middle of the period, missing where not known; age_referred : at the first referral of the period.
    """

    people: pd.DataFrame
    labels: pd.Index
    referred: Flags
    referrals: npt.NDArray[np.int64]
    age: Floats
    age_referred: Floats


def build_gaps(
    people: pd.DataFrame,
    referrals: pd.DataFrame,
    *,
    until: date,
    since: date | None = None,
    wards: pd.DataFrame | None = None,
    homes: pd.Series[str] | None = None,
    schools: pd.Series[str] | None = None,
    share_false: float = 0.05,
) -> Gaps:
    """Compare the children referred with those expected, by ward, school, sex and ethnicity, in both directions.

    Each child counts once, however often they were referred; referrals are counted beside. For a group of n
    children, expected is the sum over them of the rate of all children of their age and sex (of their age alone in
    the comparison of sexes). For wards it is the ward's share of all children aged 10 to 17 who live in the wards, and
    only children of that age at their first referral count.

    ratio = children referred / expected. Its interval is the exact one of a share of n (Clopper and Pearson) divided
    by expected / n, and the p-value is twice the smaller exact binomial tail, so both agree. Children of a group differ
    in age, which makes both a little cautious. A finding is a group whose p-value passes Benjamini and Hochberg's
    procedure over all groups of the table: among the findings about `share_false` are expected to be chance.

    Parameters
    ----------
    people : person_id, date_of_birth, sex, ethnicity, school_id (missing where not recorded) and is_child. Children of
        the period are those under 18 on its first day, or of unknown age and marked as a child.
    referrals : person_id, received_on.
    until, since : the period; by default from the first referral.
    wards : ward_code, ward_name, children_10_17 (the wards table); without it wards are not compared.
    homes : the ward each person's home is in (`homes["home_ward"]`), on the index of `people`.
    schools : names by location_id.

    Returns
    -------
    Gaps. `children_not_recorded` and `referred_not_recorded` are the shares of all children and of the children referred
    for whom the dimension is not recorded (or refused), and so are in no row of it; a finding must be read against them.

    Raises
    ------
    ValueError
        A column is missing, or the homes are not on the index of `people`.

    Source: Clopper and Pearson 1934, Biometrika 26, 404-413; Benjamini and Hochberg 1995, Journal of the Royal
    Statistical Society B 57, 289-300. Refusals and "not obtained" count as not recorded.
    """
    _validate(people, referrals, homes)
    received = referrals["received_on"]
    first = received.min().date() if since is None and received.notna().any() else since or until
    base = _base(people, referrals, first, until)
    rows = [_compared(base, name, codes, labels) for name, codes, labels in _dimensions(base.people, schools)]
    notes = [CAUTION, BLIND]
    if wards is not None and homes is not None:
        where = homes.loc[base.labels].reset_index(drop=True)
        known = wards["children_10_17"].notna().any()
        rows.insert(0, _wards(base, where, wards) if known else _wards_of_records(base, where, wards))
        notes += [] if known else [NO_POPULATION]
    table = pd.concat(rows, ignore_index=True)
    table = _with_findings(table, share_false)
    return Gaps(table[[*COLUMNS]].astype(COLUMNS), first, until, tuple(notes))


def _validate(people: pd.DataFrame, referrals: pd.DataFrame, homes: pd.Series[str] | None) -> None:
    wanted = {"people": ["person_id", "date_of_birth", "sex", "ethnicity", "school_id", "is_child"]}
    wanted["referrals"] = ["person_id", "received_on"]
    lost = [
        f"{name}.{column}"
        for name, table in (("people", people), ("referrals", referrals))
        for column in wanted[name]
        if column not in table
    ]
    if lost:
        msg = f"Gaps cannot be worked out without {', '.join(lost)}. Give the tables of the case with these columns."
        raise ValueError(msg)
    if homes is not None and not homes.index.equals(people.index):
        msg = (
            "Homes and people are not on the same index. Give the homes of the same people in the same order."
        )
        raise ValueError(msg)


def _base(people: pd.DataFrame, referrals: pd.DataFrame, since: date, until: date) -> Base:
    """Keep the children of a period, and say who of them was referred in it."""
    born = people["date_of_birth"]
    under = born > pd.Timestamp(since) - pd.DateOffset(years=18)
    unknown = born.isna() & people["is_child"].fillna(False).astype(bool)
    chosen = (under & (born <= pd.Timestamp(until))) | unknown
    # A column in which nothing is recorded has no type of its own, and could not be joined to another.
    traits = dict.fromkeys(("sex", "ethnicity", "school_id"), TEXT)
    kept = people[chosen].reset_index(drop=True).astype(traits)
    days = referrals["received_on"]
    counted = referrals[(days >= pd.Timestamp(since)) & (days < pd.Timestamp(until) + pd.Timedelta(days=1))]
    by_person = counted.groupby("person_id")["received_on"].agg(["size", "min"]).reindex(kept["person_id"])
    times = by_person["size"].fillna(0).to_numpy(dtype=np.int64)
    middle = pd.Timestamp(since) + (pd.Timestamp(until) - pd.Timestamp(since)) / 2
    birth = kept["date_of_birth"]
    return Base(
        kept,
        people.index[chosen],
        np.asarray(times > 0),
        times,
        _years(birth, pd.Series(middle, index=birth.index)),
        _years(birth, by_person["min"].set_axis(birth.index)),
    )


def _years(born: pd.Series[pd.Timestamp], when: pd.Series[pd.Timestamp]) -> Floats:
    return to_floats((when - born).dt.days / 365.25)


def _dimensions(
    people: pd.DataFrame, schools: pd.Series[str] | None
) -> list[tuple[str, pd.Series[str], Callable[[str], str]]]:
    """Return what children are compared by: the name, each child's group, and how a group is called."""
    recorded = people["ethnicity"]
    ethnicity = recorded.map({code: name for name, codes in ETHNICITIES.items() for code in codes})
    ethnicity = ethnicity.astype(TEXT)
    # A code list of one's own may hold other codes: they stand as they are.
    ethnicity = ethnicity.fillna(recorded.where(~recorded.isin(NOT_RECORDED)))
    sex = people["sex"].where(~people["sex"].isin(NOT_RECORDED))
    background = ethnicity.mask(ethnicity.notna() & ethnicity.ne("White"), MINORITY)
    names = {} if schools is None else schools.dropna().to_dict()
    return [
        ("school", people["school_id"], lambda code: str(names.get(code, code))),
        ("sex", sex, lambda code: SEXES.get(code, code)),
        ("ethnicity", ethnicity, str),
        ("sex and ethnicity", sex + " " + ethnicity, _called),
        ("sex and background", sex + " " + background, _called),
    ]


def _called(code: str) -> str:
    sex, _, rest = code.partition(" ")
    return f"{SEXES.get(sex, sex)}, {rest}"


def _compared(base: Base, name: str, codes: pd.Series[str], called: Callable[[str], str]) -> pd.DataFrame:
    """Compare groups of the children in the records, allowing for age and (but for sexes) for sex."""
    strata = pd.Series(np.digitize(np.nan_to_num(base.age, nan=-1), BANDS)).astype(str)
    if name != "sex":
        strata = strata + base.people["sex"].fillna("U")
    counts = pd.DataFrame({"children": 1, "children_referred": base.referred, "referrals": base.referrals})
    stratum = counts.groupby(strata).sum()
    codes = codes.set_axis(counts.index)
    groups = counts.groupby(codes).sum().sort_index()
    # Children of each group and stratum, times the rate of the stratum, added up in the order of the strata.
    members = counts.groupby([codes, strata])["children"].sum().unstack(fill_value=0)
    rates = stratum["children_referred"] / stratum["children"]
    groups["expected"] = members.reindex(index=groups.index, columns=rates.index, fill_value=0).dot(rates)
    groups.insert(0, "group", [called(str(code)) for code in groups.index])
    return _row(groups, name, IN_RECORDS, codes.isna().to_numpy(), base.referred)


def _wards_of_records(base: Base, homes: pd.Series[str], wards: pd.DataFrame) -> pd.DataFrame:
    names = dict(zip(wards["ward_code"], wards["ward_name"], strict=True))
    inside = homes.where(homes.isin(wards["ward_code"]))
    return _compared(base, "ward", inside, lambda code: str(names.get(code, code)))


def _wards(base: Base, homes: pd.Series[str], wards: pd.DataFrame) -> pd.DataFrame:
    """Compare wards by the children who live in them, whether or not anybody recorded them."""
    of_age = np.isnan(base.age_referred) | ((base.age_referred >= 10) & (base.age_referred < 18))
    referred = base.referred & of_age
    counts = pd.DataFrame({"children_referred": referred, "referrals": np.where(referred, base.referrals, 0)})
    groups = wards[wards["children_10_17"] > 0].set_index("ward_code").sort_index()
    sums = counts.groupby(homes).sum().reindex(groups.index, fill_value=0)
    people = to_floats(groups["children_10_17"])
    table = sums.assign(
        group=groups["ward_name"],
        children=people,
        expected=sums["children_referred"].sum() * people / people.sum(),
    )
    return _row(table, "ward", LIVE_THERE, ~homes.isin(groups.index).to_numpy(), referred)


def _row(groups: pd.DataFrame, name: str, base: str, lost: Flags, referred: Flags) -> pd.DataFrame:
    """Add ratio, interval, p-value and the shares not recorded to the groups of a dimension."""
    children, seen, expected = (
        to_floats(groups[column]) for column in ("children", "children_referred", "expected")
    )
    share = expected / children
    low, high, p_value = _exact(seen, children, share)
    there = np.where(share > 0, share, np.nan)
    return groups.assign(
        dimension=name,
        group_code=groups.index.astype(str),
        base=base,
        ratio=seen / children / there,
        ratio_low=low / there,
        ratio_high=high / there,
        p_value=p_value,
        children_not_recorded=float(lost.mean()) if len(lost) else np.nan,
        referred_not_recorded=float(lost[referred].mean()) if referred.any() else np.nan,
    )


def _exact(seen: Floats, children: Floats, share: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the exact 95% interval of a share, and the chance of a count so far from the expected share."""
    from scipy.stats import beta, binom

    rest = children - seen
    low = np.where(seen == 0, 0.0, beta.ppf(0.025, np.maximum(seen, 1), rest + 1))
    high = np.where(rest == 0, 1.0, beta.ppf(0.975, seen + 1, np.maximum(rest, 1)))
    tails = np.minimum(binom.cdf(seen, children, share), binom.sf(seen - 1, children, share))
    return low, high, np.minimum(1.0, 2 * tails)


def _with_findings(table: pd.DataFrame, share_false: float) -> pd.DataFrame:
    """Mark the groups that pass Benjamini and Hochberg's procedure over the whole table."""
    from scipy.stats import false_discovery_control

    q_value = false_discovery_control(table["p_value"]) if len(table) else np.array([])
    finding = np.where(table["ratio"] < 1, FEWER, MORE)
    return table.assign(q_value=q_value, finding=np.where(q_value <= share_false, finding, ""))
