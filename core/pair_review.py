"""What a model made of the pairs that it learns from: by tier the share in order and the share far enough apart, and
the pairs that it gets most wrong.

Every pair of a tier is counted, and none is made: within a block of leads that all meet, a sort and a binary search
tell of each lead how many of its pairs are right, so a million leads take seconds and a few arrays of their length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from core.data.contests import sides
from core.data.leads import Leads
from core.data.pairs import Pairing, Reviewed, meetings
from core.data.reviews import TIER
from core.errors import NotComputable
from core.funnel import Tier
from core.ranking import Figure

PER_LEAD = 3
"""Worst pairs that one lead may stand in, so that one odd lead does not fill the list."""
Blocks = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class TierView:
    """One tier under one model; shares are of all its pairs, their intervals of its leads, which pairs share."""

    name: str
    words: str
    """What it teaches, in plain words."""
    margin: float
    pairs: int
    chosen_leads: int
    rejected_leads: int
    in_order: Figure | None
    """Share with the chosen lead above the rejected one, ties half; None without pairs."""
    satisfied: Figure | None
    """Share with the chosen lead above by the margin or more."""


@dataclass(frozen=True)
class PairView:
    """All tiers, and the worst pairs of each: columns tier, chosen, rejected (lead ids), chosen_score, rejected_score,
    margin, short (how far s_c - s_r lies below the margin, above 0), the worst of a tier first."""

    tiers: tuple[TierView, ...]
    worst: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """One row a tier; NaN where it has no pairs."""
        return pd.DataFrame(
            [
                {
                    "tier": tier.name,
                    "margin": tier.margin,
                    "pairs": tier.pairs,
                    "chosen_leads": tier.chosen_leads,
                    "rejected_leads": tier.rejected_leads,
                    **_columns("in_order", tier.in_order),
                    **_columns("satisfied", tier.satisfied),
                }
                for tier in self.tiers
            ]
        )


def view_pairs(
    leads: Leads, score: np.ndarray, pairing: Pairing, reviewed: Reviewed | None = None, *, worst: int = 50
) -> PairView:
    """Hold the pairs of `leads` against a ranking score.

    Args:
        leads: Of the training part, or any others.
        score: Of each lead, (n,) float; margins are in its units. NaN: the lead makes no pairs.
        pairing: The funnel, with bounds from the training part.
        reviewed: Of the same leads: those left out make no pairs, and reviewed pairs are a tier of their own. Single
            pairs that were left out are kept from the list of the worst; the shares count them, few as they are.
        worst: How many pairs of each tier to list.

    Raises:
        NotComputable: no lead has a score.
    """
    score = np.asarray(score, dtype=np.float64)
    known = np.isfinite(score)
    if not known.any():
        raise NotComputable(
            "pairs are held against the model's scores, however: none of these leads has one; score them"
        )
    views, found = [], []
    for tier, blocks in _blocks(leads, known, pairing, reviewed):
        views.append(_tier_view(tier, blocks, score))
        found.append(_worst(tier, blocks, score, worst, reviewed))
    if reviewed is not None and len(reviewed.chosen):
        blocks = [(reviewed.chosen[k : k + 1], reviewed.rejected[k : k + 1]) for k in range(len(reviewed.chosen))]
        blocks = [block for block in blocks if known[np.concatenate(block)].all()]
        views.append(_tier_view(reviewed.tier, blocks, score))
        found.append(_worst(reviewed.tier, blocks, score, worst, None))
    listed = pd.concat(found, ignore_index=True)
    ids = leads.lead_id.to_numpy(dtype=object)
    return PairView(tuple(views), listed.assign(chosen=ids[listed["chosen"]], rejected=ids[listed["rejected"]]))


def _blocks(
    leads: Leads, known: np.ndarray, pairing: Pairing, reviewed: Reviewed | None
) -> Iterator[tuple[Tier, Blocks]]:
    """Each tier of the funnel with its leads that meet."""
    stage, converted, seconds = leads.stage, leads.converted, leads.call_seconds
    absent = ~known if reviewed is None else ~known | reviewed.left_out
    for tier in pairing.funnel.effective_tiers():
        side = sides(tier, pairing.funnel, stage, converted, seconds, pairing.bounds)
        side[absent] = 0
        blocks = meetings(tier, side, stage, converted)
        yield tier, [block for block in blocks if len(block[0]) and len(block[1])]


def _tier_view(tier: Tier, blocks: Blocks, score: np.ndarray) -> TierView:
    pairs = sum(len(better) * len(worse) for better, worse in blocks)
    chosen, rejected = (_members([block[side] for block in blocks]) for side in (0, 1))

    def above(low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Sorted `low`: how many of it lie below each of `high`, ties half."""
        return (np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")) / 2

    def far(low: np.ndarray, high: np.ndarray) -> np.ndarray:
        # s_c - s_r >= m is s_r <= s_c - m; a rounding apart counts as reached.
        return np.searchsorted(low, high - tier.margin + 1e-9, "right").astype(np.float64)

    def near(low: np.ndarray, high: np.ndarray) -> np.ndarray:
        return len(low) - np.searchsorted(low, high + tier.margin - 1e-9, "left").astype(np.float64)

    def below(low: np.ndarray, high: np.ndarray) -> np.ndarray:
        return len(low) - above(low, high)

    return TierView(
        tier.name,
        "what people put in order" if tier.name == TIER else tier.words,
        tier.margin,
        pairs,
        len(chosen),
        len(rejected),
        _share(blocks, score, above, below) if pairs else None,
        _share(blocks, score, far, near) if pairs else None,
    )


def _share(
    blocks: Blocks,
    score: np.ndarray,
    of_chosen: Callable[[np.ndarray, np.ndarray], np.ndarray],
    of_rejected: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Figure:
    """Share of right pairs among all of the blocks, with an interval over leads.

    Leads are what varies: a pair that shares a lead with others tells nothing new of it. So each lead's pull on the
    share is worked out (how many of its pairs are right, less how many would be by the share), which is the bootstrap
    over leads without drawing it; the interval is Wilson's at as many independent pairs as have that variance.

    Source: infinitesimal jackknife (Jaeckel 1972), for one block DeLong et al. 1988; design effect (Kish 1965).
    """
    right, total = np.zeros(len(score)), np.zeros(len(score))
    for better, worse in blocks:
        high, low = score[better], score[worse]
        right[better] += of_chosen(np.sort(low), high)
        right[worse] += of_rejected(np.sort(high), low)
        total[better] += len(worse)
        total[worse] += len(better)
    pairs = total.sum() / 2
    share = float(right.sum() / 2 / pairs)
    variance = float(((right - share * total) ** 2).sum() / pairs**2)
    fewest = min(len(_members([block[side] for block in blocks])) for side in (0, 1))
    # Where every pair is right, or one lead is all of a side, the pulls say nothing: then its leads are counted.
    alike = share * (1 - share) / variance if variance > 1e-12 and fewest > 1 else float(fewest)
    low, high = proportion_confint(share * alike, alike, method="wilson")
    return Figure(share, min(float(low), share), max(float(high), share))


def _worst(tier: Tier, blocks: Blocks, score: np.ndarray, most: int, reviewed: Reviewed | None) -> pd.DataFrame:
    """Pairs by how far they lie below the margin, by position: of each block the lowest chosen and highest rejected
    leads alone, among whom the worst pairs are."""
    frames = []
    for better, worse in blocks:
        low = better[np.argsort(score[better], kind="stable")[: most + PER_LEAD]]
        high = worse[np.argsort(-score[worse], kind="stable")[: most + PER_LEAD]]
        chosen, rejected = (side.ravel() for side in np.meshgrid(low, high, indexing="ij"))
        if reviewed is not None:
            kept = reviewed.kept(chosen, rejected)
            chosen, rejected = chosen[kept], rejected[kept]
        frames.append(pd.DataFrame({"chosen": chosen, "rejected": rejected}))
    pairs = pd.concat(frames) if frames else pd.DataFrame({"chosen": [], "rejected": []}, dtype=np.int64)
    chosen_score, rejected_score = (score[pairs[side].to_numpy()] for side in ("chosen", "rejected"))
    short = tier.margin - (chosen_score - rejected_score)
    told = pairs.assign(
        tier=tier.name, chosen_score=chosen_score, rejected_score=rejected_score, margin=tier.margin, short=short
    )
    return _few_per_lead(told[short > 1e-9], most)


def _few_per_lead(pairs: pd.DataFrame, most: int) -> pd.DataFrame:
    """The worst of them, a lead in at most `PER_LEAD`."""
    pairs = pairs.sort_values(["short", "chosen", "rejected"], ascending=[False, True, True], kind="stable")
    seen: dict[int, int] = {}
    kept: list[int] = []
    for place, (one, other) in enumerate(zip(pairs["chosen"].tolist(), pairs["rejected"].tolist(), strict=True)):
        if len(kept) == most:
            break
        if max(seen.get(one, 0), seen.get(other, 0)) < PER_LEAD:
            kept.append(place)
            seen[one], seen[other] = seen.get(one, 0) + 1, seen.get(other, 0) + 1
    columns = ["tier", "chosen", "rejected", "chosen_score", "rejected_score", "margin", "short"]
    return pairs.iloc[kept][columns].reset_index(drop=True)


def _members(rows: list[np.ndarray]) -> np.ndarray:
    return np.unique(np.concatenate(rows)) if rows else np.empty(0, dtype=np.int64)


def _columns(name: str, figure: Figure | None) -> dict[str, float]:
    values = (figure.value, figure.low, figure.high) if figure else (nan, nan, nan)
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
