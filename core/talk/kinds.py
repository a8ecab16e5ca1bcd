"""Kinds of talk: turns that use the same words and phrases, put together and called by a typical one.

    turns of a side --TF-IDF--> (turns, phrases) --SVD, unit length--> (turns, <= 100) --k-means--> kinds, nearest first

Customer and specialist are kept apart: the same words mean another thing from the other end of the line. Turns that are
near no centre, and kinds that few leads know, are "other talk", -1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import normalize

from core.errors import NotComputable
from core.talk.naming import typical
from core.talk.phrases import telling
from core.talk.turns import SIDES

OTHER = -1
TURNS_EACH = 20
"""There are as many kinds on a side as the root of its turns divided by this, LEAST_KINDS to MOST_KINDS of them: kinds
and turns of each grow alike. Source: the rule sqrt(n / 2) of Mardia et al. 1979, for fewer and broader kinds."""
LEAST_KINDS, MOST_KINDS = 8, 40
FITTED = 30_000
"""Turns that kinds are found on; the others are put to the nearest."""
DIMENSIONS = 100
NEAR = 0.35
"""Cosine to the centre below which a turn is other talk. Source: measured on the sample: half of what lies below has
no phrase in common with the centre."""
FEWEST, FEWEST_SHARE = 10, 0.005
"""A kind of talk is known to so many leads, and to this share of those with a conversation, at least."""


@dataclass(frozen=True)
class Kinds:
    """What was found."""

    names: pd.DataFrame
    """A row a kind, index 0..: side, name."""
    kind: np.ndarray
    """(turns,), the kind of each, or OTHER."""
    likeness: np.ndarray
    """(turns,), cosine to the centre of its kind; NaN for other talk."""


def find_kinds(turns: pd.DataFrame, seed: int = 0) -> Kinds:
    """Kinds of the turns of `core.talk.turns.turns_of`; the same turns and seed give the same.

    Raises:
        NotComputable: there are no conversations, or too few that say alike.
    """
    leads = turns["row"].nunique()
    fewest = max(FEWEST, int(np.ceil(FEWEST_SHARE * leads)))
    if leads < fewest:
        told = "no lead has a conversation" if not leads else f"only {leads} of the leads have a conversation"
        raise NotComputable(f"kinds of talk need {fewest} leads with a conversation at least, however: {told}")
    kind, likeness = np.full(len(turns), OTHER), np.full(len(turns), np.nan)
    names: list[tuple[str, str]] = []
    for side in SIDES:
        rows = np.flatnonzero((turns["side"] == side).to_numpy())
        for name, own, near in _of_side(turns.iloc[rows], seed):
            if turns["row"].iloc[rows[own]].nunique() >= fewest:
                kind[rows[own]], likeness[rows[own]] = len(names), near
                names.append((side, name))
    if not names:
        raise NotComputable(
            f"kinds of talk need words that {fewest} leads use alike, however: no two of these conversations have "
            "enough in common; bring in more leads with conversations"
        )
    return Kinds(pd.DataFrame(names, columns=["side", "name"]), kind, likeness)


def _of_side(turns: pd.DataFrame, seed: int) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, places among `turns` and cosines of each kind, the largest first."""
    weighs = telling(turns["words"]) if len(turns) else None
    if weighs is None:
        return []
    said = weighs.transform(turns["words"])
    some = np.flatnonzero(said.getnnz(axis=1))
    said = said[some]
    place, near = _clusters(said, seed)
    place = np.where(near < NEAR, OTHER, place)
    words = turns["words"].to_numpy(dtype=object)[some]
    found: dict[str, list[np.ndarray]] = {}
    for one in sorted(set(place.tolist()) - {OTHER}, key=lambda one: (-int((place == one).sum()), one)):
        own = np.flatnonzero(place == one)
        name = typical(weighs, words[own].tolist(), np.asarray(said[own].mean(axis=0)).ravel())
        found.setdefault(name, []).append(own)
    merged = {name: np.concatenate(parts) for name, parts in found.items()}
    return [(name, some[own], near[own]) for name, own in merged.items()]


def _clusters(said, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cluster (n,) of each row of TF-IDF `said` (n, phrases), and its cosine to that centre."""
    rng = np.random.default_rng(seed)
    fitted = np.sort(rng.permutation(said.shape[0])[:FITTED])
    if min(said.shape) > DIMENSIONS:
        shorter = TruncatedSVD(DIMENSIONS, random_state=seed).fit(said[fitted])
        z = normalize(shorter.transform(said))
    else:
        z = said.toarray()
    wanted = int(np.clip(round(np.sqrt(len(fitted) / TURNS_EACH)), LEAST_KINDS, MOST_KINDS))
    distinct = len(np.unique(z[fitted].round(6), axis=0))
    means = KMeans(min(wanted, distinct), n_init=3, random_state=seed).fit(z[fitted])
    cosine = z @ normalize(means.cluster_centers_).T
    place = cosine.argmax(axis=1)
    return place, cosine[np.arange(len(z)), place]
