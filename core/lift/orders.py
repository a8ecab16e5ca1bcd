"""How far the two orders of a model agree: by its ranking score, and by its chance of an order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm, spearmanr

from core.errors import LeadRankError, NotComputable
from core.lift.lineup import Lineup
from core.ranking import Figure

LEVEL = 0.95
DRAWN = 2_000
"""Most leads that a picture shows."""
LISTED = 20
"""Leads of either kind in the list of those furthest apart."""
CLOSE = 0.1
"""Places that differ by less than this share of all leads count as about the same."""
FEWEST = 10


@dataclass(frozen=True)
class TwoOrders:
    """Each lead's place by score and by chance, 1 = first."""

    places: pd.DataFrame
    """lead_id, by_score, by_chance (ties share their mean place), score, probability; and ordered (1, 0 or NaN) where
    outcomes are given."""
    agreement: Figure
    """Spearman's rank correlation, -1..1, with its 95% interval for leads like these."""
    apart: float
    """Share of leads whose two places differ by `CLOSE` of all leads or more."""

    @property
    def words(self) -> str:
        """How far the orders agree, in a sentence."""
        said = self.agreement
        strong = next(word for least, word in _WORDS if said.value >= least)
        return (
            f"The two orders {strong} (rank correlation {said.value:.2f}, likely {said.low:.2f} to {said.high:.2f}; 1 "
            f"is the same order). The places of {self.apart:.0%} of the leads lie a tenth of the list apart or more."
        )

    def furthest(self, each: int = LISTED) -> pd.DataFrame:
        """The leads of `places` whose places lie furthest apart, `each` of them higher by score, then as many higher by
        chance; `higher_by` is `score` or `chance`. Furthest first; fewer where fewer differ at all."""
        gap = self.places["by_chance"] - self.places["by_score"]
        parts = []
        for name, sign in (("score", 1), ("chance", -1)):
            order = (gap * sign).sort_values(ascending=False, kind="stable")
            rows = self.places.loc[order.index[order > 0][:each]]
            parts.append(rows.assign(higher_by=name))
        return pd.concat(parts, ignore_index=True)

    def drawn(self, most: int = DRAWN, seed: int = 0) -> pd.DataFrame:
        """At most so many of `places`, at random, in their order."""
        return self.places if len(self.places) <= most else self.places.sample(most, random_state=seed).sort_index()


_WORDS = ((0.95, "are nearly the same"), (0.8, "largely agree"), (0.5, "agree in part"), (-1.0, "hardly agree"))


def two_orders(frame: pd.DataFrame, outcome: np.ndarray | None = None) -> TwoOrders:
    """Hold the order by score against the order by chance.

    The interval is Bonett and Wright's (2000) on Fisher's scale.

    Args:
        frame: lead_id, score, probability, a row a lead; leads without a chance are left out.
        outcome: 1, 0 or NaN of each, shape (n,).

    Raises:
        NotComputable: fewer than 10 leads have a chance, or all have the same one, or the same score.
    """
    known = np.isfinite(frame["probability"].to_numpy(dtype=float))
    if known.sum() < FEWEST:
        raise NotComputable(f"comparing two orders needs {FEWEST} leads with a chance, however: got={known.sum()}")
    kept = frame.loc[known, ["lead_id", "score", "probability"]].reset_index(drop=True)
    by = {name: kept[column].rank(ascending=False) for name, column in (("score", "score"), ("chance", "probability"))}
    if any(places.nunique() == 1 for places in by.values()):
        raise NotComputable("comparing two orders needs leads that differ, however: all have the same score or chance")
    places = kept.assign(by_score=by["score"], by_chance=by["chance"])
    if outcome is not None:
        places["ordered"] = np.asarray(outcome, dtype=float)[known]
    n = len(places)
    apart = float((np.abs(by["score"] - by["chance"]) >= CLOSE * n).mean())
    return TwoOrders(places, _interval(float(spearmanr(by["score"], by["chance"]).statistic), n), apart)


def orders_of_tested(lineup: Lineup) -> TwoOrders:
    """The first model's two orders of the tested leads, with their outcomes. Raises NotComputable as `two_orders`."""
    columns = {"lead_id": lineup.leads.lead_id, "score": lineup.score(), "probability": lineup.probability()}
    return two_orders(pd.DataFrame(columns), lineup.sample.outcome)


def queue_orders(path: Path) -> TwoOrders:
    """The two orders of a queue file.

    Raises:
        LeadRankError: the file is missing or damaged.
        NotComputable: as `two_orders`.
    """
    try:
        return two_orders(pd.read_parquet(path, columns=["lead_id", "score", "probability"]))
    except (OSError, ValueError) as error:
        raise LeadRankError("this ranking's file is missing or damaged; score the leads again") from error


def _interval(value: float, n: int) -> Figure:
    """
    Example:
        >>> _interval(0.5, 103).high > 0.6
        True
    """
    inside = min(max(value, -1 + 1e-12), 1 - 1e-12)
    half = float(norm.ppf((1 + LEVEL) / 2)) * math.sqrt((1 + inside**2 / 2) / (n - 3))
    low, high = (math.tanh(math.atanh(inside) + sign * half) for sign in (-1, 1))
    return Figure(value, min(low, value), max(high, value))
