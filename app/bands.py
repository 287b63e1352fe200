"""Keep what was chosen, and where it is drawn, from one band of grades to another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from app import answers, charts, data, network, state
from app.data import EVERY_GRADE, Loaded, kept
from app.text import short

FEWEST_SHARED = 2
"""A group of one band is taken for a group of another from this many members in common."""

GROUP_GONE = "The group you chose is not there with these grades: no group of three or more has two of its members. Choose other grades to see it again."

CONTACT_GONE = "The contact you chose is not tied to two or more children with these grades and filters, so the first that is, is shown. Choose other grades to see it again."

INITIALS, HALF_A_LETTER = 16, 3.6
"""Letters of the initials and id of a person, and half the width of one on a chart."""

NO_NAMES = pd.Series(dtype=object)


def whole(loaded: Loaded) -> Loaded:
    """Return the case with all grades, from which every band takes the places in its pictures.

    For the top of a page: it takes up one place on the page whether there is anything to load or not, so
    that pictures below are not drawn anew.
    """
    if loaded.question.grades != EVERY_GRADE:
        return data.load(grades=EVERY_GRADE)
    st.empty()
    return loaded


def chosen_group(loaded: Loaded, every: Loaded) -> str | None:
    """Return the group chosen, or in another band the one that shares most members with it; None where there is none.

    Parameters
    ----------
    every
        the case with all grades, from `whole`.
    """
    now, known = state.chosen("group"), answers.group_labels(loaded).index
    if now is None:
        return None
    meant = state.meant("group")
    if meant is None or meant["shown"] != now:
        # Chosen just now, in this band or on a page seen in another.
        seen = loaded if now in known else every
        meant = {"band": seen.question.grades, "chosen": now, "members": _inside(seen, now), "shown": now}
    same = meant["chosen"] if meant["chosen"] in known and meant["band"] == loaded.question.grades else None
    found = same or same_group(loaded, meant["members"])
    if found is None:
        state.mean("group", meant)
        return None
    state.mean("group", {**meant, "shown": found})
    if found != now:
        state.choose("group", found, by="band")
    return found


def note(loaded: Loaded) -> str:
    """Return what to say of a picture whose places are those of all grades."""
    every = loaded.question.grades == EVERY_GRADE
    return "" if every else " Circles and dots stay where they are with all grades."


def anchor(group_id: str) -> str:
    """Return the group that was chosen, in whatever band, of which this one is shown."""
    meant = state.meant("group")
    return str(meant["chosen"]) if meant is not None and meant["shown"] == group_id else group_id


def same_group(loaded: Loaded, people: Iterable[str]) -> str | None:
    """Return the listed group that shares most members with these people, the first by id of several; None below FEWEST_SHARED."""
    inside = answers.members(loaded)
    shared = inside.loc[inside["person_id"].isin(list(people)), "group_id"].value_counts()
    shared = shared[shared.index.isin(answers.group_labels(loaded).index) & (shared >= FEWEST_SHARED)]
    if shared.empty:
        return None
    return str(min(shared.index[shared == shared.max()]))


def _inside(loaded: Loaded, group_id: str) -> list[str]:
    inside = answers.members(loaded)
    return sorted(inside.loc[inside["group_id"] == group_id, "person_id"])


def group_places(loaded: Loaded, every: Loaded, group_id: str) -> pd.DataFrame | None:
    """Return where the members of a group, and what they share, are drawn with all grades: x, y on node id.

    A group of another band is drawn where the group of all grades that shares most members with it is; None
    where there is none.
    """
    same = group_id if every is loaded else same_group(every, _inside(loaded, group_id))
    return None if same is None else _group_places(every, same)


@kept
def _group_places(loaded: Loaded, group_id: str) -> pd.DataFrame:
    inside = answers.members(loaded)
    inside = inside[inside["group_id"] == group_id]
    links = answers.group_links(loaded, group_id)
    common = answers.group_places(loaded, group_id, EVERY_GRADE)
    nodes, _, _ = network.group(loaded, inside, links, common, NO_NAMES)
    return _where(nodes)


@kept
def contact_places(every: Loaded, contact_type: str, contact_id: str) -> pd.DataFrame:
    """Return where a contact and its children are drawn with all grades: x, y on node id."""
    key = f"{contact_type}:{contact_id}"
    row = {"key": key, "kind": "", "called": "", "contact_type": contact_type, "contact_id": contact_id}
    children = answers.contact_children(every, contact_type, contact_id)
    nodes, _, _ = network.contact(every, row, children, NO_NAMES)
    return _where(nodes)


@kept
def peer_places(
    every: Loaded, child: str, steps: int, shown: tuple[str, ...], days: int | None
) -> pd.DataFrame:
    """Return where everyone and everything around a child is drawn with all grades: x, y on node id."""
    around = answers.around(every, child, steps, shown, days, EVERY_GRADE)
    nodes, _ = network.peer_map(every, child, network.pictured(around), NO_NAMES)
    return _where(nodes)


@dataclass(frozen=True)
class Circles:
    """The circles and dots of the picture of all groups: members with their slots, circles, and what has to fit in."""

    members: pd.DataFrame
    centres: pd.DataFrame
    frame: pd.DataFrame


def circles(loaded: Loaded, every: Loaded, shown: tuple[str, ...]) -> Circles:
    """Return the picture of some groups, in order, with each circle and dot where it is with all grades.

    A group has the circle of the group of all grades that shares most members with it, one for one; where
    that is another's, it stands on a free spot beside. A member who belongs to both has the same dot in both.
    """
    centres, slots = _all_circles(every)
    inside = answers.members(loaded)
    inside = inside[inside["group_id"].isin(shown)]
    same, near = _one_for_one(loaded, every)
    same = {group: other for group, other in same.items() if other in centres.index}
    near = {group: other for group, other in near.items() if other in centres.index}
    sizes = inside["group_id"].value_counts()
    order = charts.drawn_groups(pd.DataFrame({"group_id": shown}), sizes) if len(inside) else []
    meant = inside["group_id"].map(same)
    place = slots.reindex(inside["person_id"]).set_axis(inside.index)
    stays = (place["group_id"] == meant) & meant.notna()
    taken = meant.map(slots.groupby("group_id").size()).fillna(0)
    late = (~stays).groupby(inside["group_id"]).cumsum() - 1
    slot = place["slot"].where(stays, taken + late).astype(int)
    return Circles(inside.assign(slot=slot), charts.held(centres, same, near, sizes.loc[order]), centres)


@kept
def _all_circles(loaded: Loaded) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the circle of each group, and on person_id the group and the slot in its circle of each member."""
    listed = answers.group_table(loaded)
    inside = answers.members(loaded)
    inside = inside[inside["group_id"].isin(listed["group_id"])].sort_values(["group_id", "person_id"])
    sizes = inside["group_id"].value_counts()
    order = charts.drawn_groups(listed, sizes) if len(inside) else []
    centres = charts.packed(order, sizes) if order else pd.DataFrame({"x": [], "y": [], "radius": []})
    slots = inside.assign(slot=inside.groupby("group_id").cumcount()).set_index("person_id")
    return centres, slots[["group_id", "slot"]]


def _one_for_one(loaded: Loaded, every: Loaded) -> tuple[dict[str, str], dict[str, str]]:
    """Return the group of all grades each group is the same as, none taken twice, and the one it shares most members with."""
    if loaded is every:
        listed = answers.group_labels(loaded).index
        return dict(zip(listed, listed, strict=True)), {}
    both = answers.members(loaded).merge(answers.members(every), on="person_id", suffixes=("", "_every"))
    shared = both.groupby(["group_id", "group_id_every"]).size().rename("shared").reset_index()
    shared = shared[shared["shared"] >= FEWEST_SHARED].sort_values(
        ["shared", "group_id", "group_id_every"], ascending=[False, True, True]
    )
    same: dict[str, str] = {}
    near: dict[str, str] = {}
    taken: set[str] = set()
    for group, other in zip(shared["group_id"], shared["group_id_every"], strict=True):
        near.setdefault(group, other)
        if group not in same and other not in taken:
            same[group] = other
            taken.add(other)
    return same, near


def _where(nodes: pd.DataFrame) -> pd.DataFrame:
    """Return x, y and half the width of the name of each node; people are named by initials and id."""
    person = nodes["id"].str.startswith("person:")
    letters = nodes["name"].map(lambda name: len(short(name, limit=34))).where(~person, INITIALS)
    return nodes.assign(half=letters * HALF_A_LETTER).set_index("id")[["x", "y", "half"]].astype(float)
