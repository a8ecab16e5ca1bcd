"""Preference pairs: which lead is chosen over which.

Each tier (core/funnel.py) is a set of contests (core/data/contests.py) in which every chosen lead meets every rejected
lead. A pair whose rejected lead converted and whose chosen lead did not contradicts the outcome and is never formed.
What people said of single pairs and leads (core/data/reviews.py) comes on top: pairs of a tier of their own, and pairs
and leads that are left out.

Source: HPRO (arXiv 2606.04387), hierarchical preferences; every lead is encoded once and meets all others of its batch.
# DIFF: in the authors' code funnel stages never reach the loss, "key action" is stage 2 over stage 1 alone and the soft
# signal is no call length at all but the outcome within a stage; here each tier is what the paper says it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.data.contests import contests, fit_bounds, sides
from core.data.leads import Leads
from core.funnel import Funnel, Tier


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs as equal-length arrays; `chosen[k]` should outrank `rejected[k]` by `margin[k]`.

    Shape: chosen, rejected (p,) int64 positions in the given leads; margin (p,) float32, in units of the ranking score;
    tier (p,) int16, position in `tiers`, ascending.
    """

    chosen: np.ndarray
    rejected: np.ndarray
    margin: np.ndarray
    tier: np.ndarray
    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        lengths = {len(self.chosen), len(self.rejected), len(self.margin), len(self.tier)}
        if len(lengths) != 1:
            raise ValueError(f"the four arrays must be equally long, however: got lengths {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def counts(self) -> np.ndarray:
        """Pairs in each tier, shape (tiers,)."""
        return np.bincount(self.tier, minlength=len(self.tiers))


@dataclass(frozen=True, eq=False)
class Reviewed:
    """What people said of single pairs and leads, by position in the leads at hand.

    Shape: chosen, rejected (p,) int64, pairs of `tier`, whatever the outcome says; without (q, 2) int64, pairs that no
    tier makes, in either order; left_out (n,) bool, leads that make no pair.
    """

    chosen: np.ndarray
    rejected: np.ndarray
    without: np.ndarray
    left_out: np.ndarray
    tier: Tier

    @property
    def members(self) -> np.ndarray:
        """Leads of the reviewed pairs, ascending, each once."""
        return np.unique(np.concatenate([self.chosen, self.rejected]))

    def among(self, rows: np.ndarray) -> Reviewed:
        """The same for the leads at `rows` alone, by position in them; a pair needs both of its leads there."""
        place = np.full(len(self.left_out), -1)
        place[rows] = np.arange(len(rows))
        pairs = place[np.column_stack([self.chosen, self.rejected])]
        without = place[self.without]
        chosen, rejected = pairs[(pairs >= 0).all(axis=1)].T
        return Reviewed(
            chosen, rejected, without[(without >= 0).all(axis=1)], np.asarray(self.left_out)[rows], self.tier
        )

    def kept(self, chosen: np.ndarray, rejected: np.ndarray) -> np.ndarray:
        """Which of the tiers' pairs stay: none that was left out, none that is the reverse of a reviewed one; bool."""
        n, (first, second) = len(self.left_out), self.without.T
        gone = np.concatenate([first * n + second, second * n + first, self.rejected * n + self.chosen])
        return ~np.isin(chosen * n + rejected, gone)


@dataclass(frozen=True, eq=False)
class Pairing:
    """The funnel together with the call lengths that count as long and short, fixed on the training part."""

    funnel: Funnel
    bounds: Mapping[str, np.ndarray]
    """For each signal tier by name: `contests.signal_bounds` of the training leads."""

    @staticmethod
    def fit(leads: Leads) -> Pairing:
        """Learn the bounds of every signal tier from `leads`, the training part."""
        return Pairing(leads.schema.funnel, fit_bounds(leads.stage, leads.call_seconds, leads.schema.funnel))

    def pairs(
        self,
        stage: np.ndarray,
        converted: np.ndarray,
        call_seconds: np.ndarray,
        *,
        limit: int | None = None,
        seed: int = 0,
        group: np.ndarray | None = None,
        reviewed: Reviewed | None = None,
    ) -> Pairs:
        """All valid pairs of a batch; see `make_pairs`."""
        return make_pairs(
            stage,
            converted,
            call_seconds,
            self.funnel,
            bounds=self.bounds,
            limit=limit,
            seed=seed,
            group=group,
            reviewed=reviewed,
        )

    def roles(self, leads: Leads) -> np.ndarray:
        """The part of each lead in each tier, shape (n, tiers) int8: 1 chosen side, -1 rejected side, 0 neither."""
        tiers = self.funnel.effective_tiers()
        found = [
            sides(tier, self.funnel, leads.stage, leads.converted, leads.call_seconds, self.bounds) for tier in tiers
        ]
        return np.stack(found, axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a run folder's JSON; `from_dict` reads them back."""
        return {
            "stages": list(self.funnel.stages),
            "tiers": [asdict(tier) for tier in self.funnel.tiers],
            "bounds": {
                name: [None if np.isnan(row).any() else row.tolist() for row in rows]
                for name, rows in self.bounds.items()
            },
        }

    @staticmethod
    def from_dict(document: Mapping[str, Any]) -> Pairing:
        """Inverse of `to_dict`. Raises SchemaError where the funnel is not a valid one."""
        tiers = tuple(
            Tier(**{**tier, "chosen": tuple(tier["chosen"]), "rejected": tuple(tier["rejected"])})
            for tier in document["tiers"]
        )
        bounds = {
            name: np.array([(np.nan, np.nan) if row is None else row for row in rows], dtype=np.float64)
            for name, rows in document["bounds"].items()
        }
        return Pairing(Funnel(tuple(document["stages"]), tiers), bounds)


def make_pairs(
    stage: np.ndarray,
    converted: np.ndarray,
    call_seconds: np.ndarray,
    funnel: Funnel,
    *,
    bounds: Mapping[str, np.ndarray] | None = None,
    limit: int | None = None,
    seed: int = 0,
    group: np.ndarray | None = None,
    reviewed: Reviewed | None = None,
) -> Pairs:
    """All valid pairs of the given leads, or `limit` of each tier drawn uniformly without replacement.

    A lead whose stage, outcome or call is unknown makes no pair in a tier that asks for it; to the signal tier, leads
    of unknown stage are a stage of their own. Memory grows with the pairs returned, not with the pairs possible: give
    a `limit` for more leads than a batch.

    Shape: stage (n,) int64 positions in funnel.stages, -1 unknown; converted (n,) float64 1, 0 or NaN; call_seconds
    (n,) float64 seconds or NaN; bounds as in `Pairing`, None = from the given leads; group (n,): pairs stay inside one
    group, for example one week; reviewed: of the same leads, its pairs make one more tier, the last, and are neither
    drawn nor grouped.

    Example:
        >>> pairs = make_pairs(np.full(3, -1), np.array([0., 1, 0]), np.full(3, np.nan), Funnel())
        >>> pairs.chosen.tolist(), pairs.rejected.tolist()
        ([1, 1], [0, 2])
    """
    stage, converted = np.asarray(stage, dtype=np.int64), np.asarray(converted, dtype=np.float64)
    call_seconds = np.asarray(call_seconds, dtype=np.float64)
    if bounds is None:
        bounds = fit_bounds(stage, call_seconds, funnel)
    tiers = funnel.effective_tiers()
    chosen, rejected = [], []
    for number, tier in enumerate(tiers):
        side = sides(tier, funnel, stage, converted, call_seconds, bounds)
        if reviewed is not None:
            side = np.where(reviewed.left_out, 0, side)
        blocks = meetings(tier, side, stage, converted, group)
        c, r = _draw(blocks, limit, np.random.default_rng((seed, number)))
        if reviewed is not None:
            kept = reviewed.kept(c, r)
            c, r = c[kept], r[kept]
        chosen.append(c)
        rejected.append(r)
    if reviewed is not None:
        tiers = (*tiers, reviewed.tier)
        chosen.append(reviewed.chosen)
        rejected.append(reviewed.rejected)
    tier_of = np.repeat(np.arange(len(tiers), dtype=np.int16), [len(c) for c in chosen])
    margins = np.array([tier.margin for tier in tiers], dtype=np.float32)
    return Pairs(np.concatenate(chosen), np.concatenate(rejected), margins[tier_of], tier_of, tiers)


def meetings(
    tier: Tier, side: np.ndarray, stage: np.ndarray, converted: np.ndarray, group: np.ndarray | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Blocks (chosen rows, rejected rows), in each of which every chosen lead makes a pair with every rejected one.

    Shape: side (n,) as `contests.sides` gives it. No pair is in two blocks.
    """
    return [
        block
        for better, worse in contests(tier, side, stage, group)
        for block in _without_contradictions(better, worse, converted)
    ]


def _without_contradictions(
    better: np.ndarray, worse: np.ndarray, converted: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """At most two blocks, in each of which all may meet: leads that did not convert face none that did."""
    lost, won = converted[better] == 0, converted[worse] == 1
    return [(better[~lost], worse), (better[lost], worse[~won])]


def _draw(
    blocks: list[tuple[np.ndarray, np.ndarray]], limit: int | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of the blocks, or `limit` of them; pairs are numbered through, so none is made that is not drawn."""
    blocks = [(better, worse) for better, worse in blocks if len(better) and len(worse)]
    if not blocks:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    ends = np.cumsum([len(better) * len(worse) for better, worse in blocks])
    total = int(ends[-1])
    drawn = np.arange(total) if limit is None or limit >= total else np.sort(rng.choice(total, limit, replace=False))
    cuts = np.searchsorted(drawn, ends)
    chosen, rejected = [], []
    for number, (better, worse) in enumerate(blocks):
        start, first = (ends[number - 1], cuts[number - 1]) if number else (0, 0)
        row, column = np.divmod(drawn[first : cuts[number]] - start, len(worse))
        chosen.append(better[row])
        rejected.append(worse[column])
    return np.concatenate(chosen), np.concatenate(rejected)
