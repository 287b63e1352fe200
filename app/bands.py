"""Keep what was chosen, and where it is drawn, from one band of grades to another."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from app import answers, data, network, state
from app.data import Loaded, kept

EVERY_GRADE = "all"

FEWEST_SHARED = 2
"""A group of one band is taken for a group of another from this many members in common."""

NO_NAMES = pd.Series(dtype=object)


def whole(loaded: Loaded) -> Loaded:
    """Return the case with all grades, from which every band takes the places in its pictures."""
    return loaded if loaded.question.grades == EVERY_GRADE else data.load(grades=EVERY_GRADE)


def chosen_group(loaded: Loaded) -> str | None:
    """Return the group chosen, or in another band the one that shares most members with it; None where there is none."""
    now, known = state.chosen("group"), answers.group_labels(loaded).index
    if now is None:
        return None
    meant = state.meant("group")
    if meant is None or meant["shown"] != now:
        # Chosen just now, in this band or on a page seen in another.
        seen = loaded if now in known else whole(loaded)
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


def group_places(loaded: Loaded, group_id: str) -> pd.DataFrame | None:
    """Return where the members of a group, and what they share, are drawn with all grades: x, y on node id.

    A group of another band is drawn where the group of all grades that shares most members with it is; None
    where there is none.
    """
    every = whole(loaded)
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
def _contact_places(loaded: Loaded, contact_type: str, contact_id: str) -> pd.DataFrame:
    key = f"{contact_type}:{contact_id}"
    row = {"key": key, "kind": "", "called": "", "contact_type": contact_type, "contact_id": contact_id}
    children = answers.contact_children(loaded, contact_type, contact_id)
    nodes, _, _ = network.contact(loaded, row, children, NO_NAMES)
    return _where(nodes)


def contact_places(loaded: Loaded, contact_type: str, contact_id: str) -> pd.DataFrame:
    """Return where a contact and its children are drawn with all grades: x, y on node id."""
    return _contact_places(whole(loaded), contact_type, contact_id)


def peer_places(
    loaded: Loaded, child: str, steps: int, shown: tuple[str, ...], days: int | None
) -> pd.DataFrame:
    """Return where everyone and everything around a child is drawn with all grades: x, y on node id."""
    return _peer_places(whole(loaded), child, steps, shown, days)


@kept
def _peer_places(
    loaded: Loaded, child: str, steps: int, shown: tuple[str, ...], days: int | None
) -> pd.DataFrame:
    around = answers.around(loaded, child, steps, shown, days, EVERY_GRADE)
    nodes, _ = network.peer_map(loaded, child, around, NO_NAMES)
    return _where(nodes)


def _where(nodes: pd.DataFrame) -> pd.DataFrame:
    return nodes.set_index("id")[["x", "y"]].astype(float)
