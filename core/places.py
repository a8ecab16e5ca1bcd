"""Where one lead stands among others, and where it would stand once its ranking score moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.progress import Watch, nobody
from core.scores import Scorer, Scores

DRAWN = 300
"""Other leads that are read where no scores are at hand: a place is then known to about 1 in 300 of all, after half a
minute on two cores. Source: ours."""


@dataclass(frozen=True)
class Places:
    """One lead beside others."""

    score: float
    """Its ranking score."""
    others: np.ndarray
    """Ranking scores of others, shape (n,); all of them, or some drawn at random."""
    leads: int
    """All leads, that one among them."""
    rank: int | None = None
    """Its own, where all were ranked: ties are broken by more than the score."""

    def place(self, move: float) -> int:
        """Its rank among all once its score moves so far.

        Example:
            >>> Places(1.0, np.array([0.5, 1.5, 2.5, 3.5]), 9).place(0.0)
            7
        """
        if self.rank is not None and not move:
            return self.rank
        above = float((self.others > self.score + move).mean()) if len(self.others) else 0.0
        return 1 + round(above * (self.leads - 1))

    @property
    def note(self) -> str:
        """That ranks are estimates; "" where they are none."""
        if len(self.others) >= self.leads - 1:
            return ""
        return (
            f"Ranks are estimated from {len(self.others):,} of the other {self.leads - 1:,} leads, drawn at random; "
            "score all of them once with `score` and give the file as --scores for exact ones."
        )


def places_among(ranked: Scores, lead_id: str) -> Places:
    """Of a lead among leads that were ranked.

    Raises:
        LeadRankError: it has no score.
    """
    score, rank = ranked.aligned(pd.Series([lead_id]))[["score", "rank"]].to_numpy(dtype=float)[0].tolist()
    others = ranked.frame.loc[ranked.frame["lead_id"] != lead_id, "score"].to_numpy(dtype=float)
    return Places(score, others, len(ranked), int(rank))


def places_drawn(scorer: Scorer, leads: Leads, lead_id: str, watch: Watch = nobody, *, seed: int = 0) -> Places:
    """Of a lead among leads that have no scores yet: it and `DRAWN` others are read, or all where there are fewer.

    Raises:
        LeadRankError: there is no lead of this id.
    """
    row = leads.row_of(lead_id)
    rest = np.delete(np.arange(len(leads)), row)
    drawn = np.sort(np.random.default_rng(seed).choice(rest, min(DRAWN, len(rest)), replace=False))
    found = places_among(scorer.score(leads.take(np.array([row, *drawn])), watch), lead_id)
    return Places(found.score, found.others, len(leads), found.rank if len(drawn) == len(rest) else None)
