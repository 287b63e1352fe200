"""Compare two groupings of the same people: which community matches each group best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mapping.partition import Floats, Integers

# A group whose best match is no more similar than this is dissolved (Hennig 2008).
DISSOLVED = 0.5


@dataclass(frozen=True)
class Matches:
    """The best match of each group among the communities of another grouping.

    Attributes
    ----------
    jaccard : similarity of each group with its best match, shape (g,).
    core : the community that holds its core: of those that hold two or more of its members, the one that
        matches it best; -1 where there is none or several are equally good, shape (g,).
    """

    jaccard: Floats
    core: Integers

    @property
    def there(self) -> npt.NDArray[np.bool_]:
        """Whether each group is still there: its best match has a Jaccard similarity above a half."""
        return self.jaccard > DISSOLVED


def best_matches(group: Integers, community: Integers, *, groups: int) -> Matches:
    """Match each group with the community of highest Jaccard similarity: people in both over people in either.

    Only one community can have a similarity above a half with a group, so no order decides which it is.

    Parameters
    ----------
    group : group of each person, 0 to `groups` - 1, or -1 for in none, shape (n,).
    community : community of each person in the other grouping, shape (n,); -1 for in none.
    groups : how many groups there are.

    Source: Hennig 2007, Computational Statistics & Data Analysis 52, 258-271.
    """
    both = (group >= 0) & (community >= 0)
    found = int(community.max(initial=-1)) + 1
    pairs, shared = np.unique(group[both] * found + community[both], return_counts=True)
    g, c = pairs // max(found, 1), pairs % max(found, 1)
    sizes = np.bincount(group[group >= 0], minlength=groups), np.bincount(community[community >= 0])
    similar = shared / (sizes[0][g] + sizes[1][c] - shared)
    jaccard = np.zeros(groups)
    np.maximum.at(jaccard, g, similar)
    several = shared > 1
    g, c, similar = g[several], c[several], similar[several]
    best = np.zeros(groups)
    np.maximum.at(best, g, similar)
    first = similar == best[g]
    alone = np.bincount(g[first], minlength=groups) == 1
    core = np.full(groups, -1)
    core[g[first]] = c[first]
    return Matches(jaccard, np.where(alone, core, -1))
