"""Say who is meant: by initials and id, or by name where a reason has been given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from app.text import plain, short
from mapping.text import NO_INITIALS, initials


def labels(people: pd.DataFrame, *, names: bool) -> pd.Series:
    """Return one label a person, on person_id: "AQ (C0001)", with `names` "Ada Quill (C0001)", the id alone without any.

    Parameters
    ----------
    people
        person_id, given_name, family_name.
    names
        whether full names are shown.
    """
    shown = [
        _label(given, family, person, names=names)
        for person, given, family in zip(
            people["person_id"], people["given_name"], people["family_name"], strict=True
        )
    ]
    return pd.Series(
        shown, index=pd.Index(people["person_id"].astype(str), name="person_id"), name="label", dtype=object
    )


def _label(given: object, family: object, person: object, *, names: bool) -> str:
    who = short(person, limit=24)
    full = short(f"{plain(given)[:200]} {plain(family)[:200]}".strip(), limit=60) if names else ""
    said = full or initials(given, family)
    # Of somebody without a name on record there is only the id to say.
    return who if said == NO_INITIALS else f"{said} ({who})"


def label_of(person: str, known: Mapping[str, str] | pd.Series) -> str:
    """Return the label of one person, or the id where the people table has none."""
    found = known.get(person)
    return str(found) if found is not None else short(person, limit=24)


def masked(text: str, people: Iterable[tuple[object, object]]) -> str:
    """Return free text with the given and family names of these people cut to initials.

    Only names as they stand in the people table are found; a nickname in a
    report stays as it was written.
    """
    known = [(plain(given), plain(family)) for given, family in people]
    whole = [f"{given} {family}" for given, family in known]
    single = [name for pair in known for name in pair]
    for name in [*whole, *single]:
        if len(name) > 2 and any(letter.isalnum() for letter in name):
            initial = ".".join(part[0].upper() for part in name.split()) + "."
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda _, initial=initial: initial, text)
    return text


def group_labels(group_ids: pd.Series) -> pd.Series:
    """Return what to call each group: "Group 3FA9", as much of its id as tells it from the others."""
    ids = pd.Series(sorted(set(group_ids.astype(str))), dtype=object)
    called = ids.str[1:]
    for length in range(12, 3, -1):
        part = ids.str[1 : 1 + length]
        called = called.where(part.duplicated(keep=False), part)
    index = pd.Index(ids, name="group_id")
    return pd.Series(("Group " + called.str.upper()).to_numpy(), index=index, name="label", dtype=object)


@dataclass(frozen=True)
class MapNames:
    """What to call everybody and everything on a map: people by id, places and things by type and id."""

    people: pd.Series
    called: Mapping[str, pd.Series]
    initials: pd.Series

    def kept(self, node: str) -> str:
        """Return what to call a node in what is kept: by initials, whoever looks at names now."""
        kind, _, ref = node.partition(":")
        return label_of(ref, self.initials) if kind == "person" else self.of(node)

    def of(self, node: str) -> str:
        """Return what to call a node."""
        kind, _, ref = node.partition(":")
        if kind == "person":
            return label_of(ref, self.people)
        return str(self.called[kind].get(ref, ref)) if kind in self.called else ref

    def every(self) -> list[str]:
        """Return every node that has a name here: people, then places and things."""
        kinds = {"person": self.people, **self.called}
        return [f"{kind}:{ref}" for kind, known in kinds.items() for ref in known.index]

    def knows(self, node: str) -> bool:
        """Say whether a node has a name here."""
        kind, _, ref = node.partition(":")
        return ref in (self.people if kind == "person" else self.called.get(kind, {}))

    def called_so(self, text: str) -> list[str]:
        """Return the nodes that have a text, whatever its capitals, as their id or as all they are called."""
        return self._found(lambda known: known == text.casefold())

    def like(self, text: str) -> list[str]:
        """Return the nodes that have a text in their id or name, and people who have its initials, people first."""
        words = text.split()
        first = f"{initials(words[0], words[-1] if len(words) > 1 else '')} (".casefold()
        within = self._found(lambda known: known.str.contains(text.casefold(), regex=False))
        alike = self.people.index[self.people.str.casefold().str.startswith(first)]
        return list(dict.fromkeys([*(f"person:{person}" for person in alike), *within]))

    def _found(self, matches: Callable[[pd.Series], pd.Series]) -> list[str]:
        out = []
        for kind, known in {"person": self.people, **self.called}.items():
            ids = pd.Series(known.index.astype(str), index=known.index).str.casefold()
            there = matches(ids) | matches(known.astype(str).str.casefold())
            out += [f"{kind}:{ref}" for ref in known.index[there]]
        return out
