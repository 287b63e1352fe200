"""Recognise what the columns of an official open file hold, and of which year, from their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# The words publishers use for an area; the year follows as two or four digits, or in brackets at the end.
AREAS = {
    "ward": "wd|ward|electoral ward|admin ward",
    "lsoa": "lsoa|lower layer super output area",
    "authority": "lad|ltla|la|local authority|local authority district|authority|admin district",
    "upper_authority": "utla|ctyua",
    "area": "area",
}
ENDINGS = {"code": "cd|code", "name": "nm|name"}
ROLES = [
    (f"{area}_{what}", re.compile(rf"(?:{words}) ?(\d\d|\d{{4}})? ?(?:{ending})(?: ?\((\d{{4}})\))?"))
    for area, words in AREAS.items()
    for what, ending in ENDINGS.items()
]
IMD = r"(?:index of multiple deprivation|imd|imd ?score)(?: ?(\d{4}))?(?: \(imd\))? ?"
ROLES += [
    ("imd_rank", re.compile(IMD + r"rank(?:\b.*)?")),
    ("imd_decile", re.compile(IMD + r"decile?(?:\b.*)?")),
    ("change", re.compile(r"change code|chgind|chngind|change indicator|change flag")),
    ("children_10_17", re.compile(r"(?:children|aged?|population)? ?10 (?:to )?17")),
    ("total", re.compile(r"total|all ages|all persons|population|total pop(?:ulation)?(?:: mid (\d{4}).*)?")),
    ("age", re.compile(r"(?:aged? )?\d\d?\+?|(?:aged? )?90 (?:and over|plus)")),
    ("age_female", re.compile(r"(?:f|females? )(?:aged? )?\d\d?\+?")),
    ("age_male", re.compile(r"(?:m|males? )(?:aged? )?\d\d?\+?")),
    ("postcode", re.compile(r"postcode|pcds|pcd")),
    ("postcode_other", re.compile(r"pcd[278]")),
    ("easting", re.compile(r"eastings?|oseast1m|east1m|bng e|x")),
    ("northing", re.compile(r"northings?|osnrth1m|north1m|bng n|y")),
    # Short forms that postcode directories use; other files mean something else by them.
    ("postcode_ward", re.compile(r"osward|ward")),
    ("postcode_authority", re.compile(r"oslaua|laua|lad")),
    ("postcode_lsoa", re.compile(r"lsoa(\d\d)?")),
]
LABELS = {"ward": "WD", "lsoa": "LSOA", "authority": "LAD", "postcode_ward": "WD", "postcode_lsoa": "LSOA"}
UNKNOWN = "unknown vintage"
# What the first three characters of a nine-character code say of the area it names.
LEVELS = {"E05": "ward", "W05": "ward", "S13": "ward", "N08": "ward", "E01": "lsoa", "W01": "lsoa"}


@dataclass(frozen=True)
class Column:
    """One recognised column: its name in the file, what it holds, and the year its name gives ("" where none)."""

    name: str
    role: str
    year: str = ""

    @property
    def vintage(self) -> str:
        """The vintage as it is written elsewhere (WD25, LSOA21), or "unknown vintage"."""
        return vintage(self.role.removesuffix("_code").removesuffix("_name"), self.year)

    @property
    def age(self) -> int:
        """The single year of age that an age column counts; 90 stands for 90 and over."""
        return int("".join(re.findall(r"\d+", self.name)))


def vintage(area: str, year: str) -> str:
    """Write a vintage from an area and a year: ("ward", "2025") gives WD25."""
    return f"{LABELS.get(area, area.upper())}{year[-2:]}" if year else UNKNOWN


def recognise(names: Iterable[str]) -> list[Column]:
    """Recognise the columns of a file whatever the case of their names; those that mean nothing here are left out.

    Parameters
    ----------
    names : the column names as the file gives them; a byte-order mark on the first is ignored.

    Returns
    -------
    The recognised columns in file order.
    """
    found = []
    for name in names:
        plain = re.sub(r"[\s_.\-]+", " ", name.replace("\ufeff", "").strip().lower()).strip()
        for role, pattern in ROLES:
            match = pattern.fullmatch(plain)
            if match:
                year = next((group for group in match.groups() if group), "") if pattern.groups else ""
                found.append(Column(name, role, year))
                break
    return found


def choose(columns: Iterable[Column], role: str) -> Column | None:
    """Choose the column of a role: the one with the latest year where there are several, then the first."""
    held = [column for column in columns if column.role == role]
    return max(held, key=lambda column: int(column.year[-2:] or -1)) if held else None


def code_level(code: str) -> str:
    """Tell what a nine-character code names: "ward", "lsoa", or "" for anything else (larger areas, totals)."""
    return LEVELS.get(code[:3], "")


def year_in_name(name: str, words: str) -> str:
    """Find a year that follows one of `words` in a file name ("gm_wd16_mid2016" and "wd" give 16), or ""."""
    match = re.search(rf"(?<![a-z])(?:{words})[ _\-]?(\d{{4}}|\d\d)(?!\d)", name.lower())
    return match.group(1) if match else ""
