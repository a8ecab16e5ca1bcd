"""Does a tier's order follow the sale? Its pairs are counted without being made, and held against the outcome.

A tier whose order does not follow the sale teaches something else, and may cost much of the AUC: it is warned of before
any training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.contests import contests, sides
from core.data.leads import Leads
from core.data.pairs import Pairing

DRAWS = 4000
"""Posterior draws behind the interval of an agreement. Source: ours, its ends then vary by about 2% of its width."""
WEAK = 0.55
"""A tier that orders no more than this share of its pairs rightly, within the interval, is warned of. Source: ours."""


@dataclass(frozen=True)
class TierReport:
    """What one tier would teach: how many pairs, and whether its order is the order of the sale.

    Shares are (value, low, high) with 95% intervals. `agreement` equals OR / (1 + OR), OR being the odds ratio of
    conversion between the two sides, so that its interval against 0.5 also tests which side converts more often.
    """

    name: str
    kind: str
    pairs: int
    """Pairs that are formed."""
    agreeing: int
    """Of these, pairs whose chosen lead converted and whose rejected lead did not."""
    contradicting: int
    """Pairs that the outcome contradicts: not formed, and not counted in `pairs`."""
    chosen_leads: int
    rejected_leads: int
    chosen_rate: float | None
    """Conversion rate of the chosen side, each stage weighed as on the other side; None where no outcome is known."""
    rejected_rate: float | None
    agreement: tuple[float, float, float] | None
    """Share agreeing / (agreeing + contradicting); None where no pair has opposite outcomes."""
    by_definition: bool
    """Stages decide the outcome here (as where the last stage is the sale): the agreement says nothing of its own."""
    likeness: tuple[float, float, float] | None
    """Of the pairs of equal outcome, the share whose chosen lead looks more like a buyer by the given score."""

    @property
    def warning(self) -> str | None:
        """In plain words, why this tier may do harm or nothing; None where there is no such reason."""
        if self.pairs == 0:
            return f"tier '{self.name}' has no pairs and teaches nothing: no lead of one side may meet one of the other"
        evidence = [share for share in (None if self.by_definition else self.agreement, self.likeness) if share]
        if any(high < 0.5 for _, _, high in evidence):
            return f"tier '{self.name}' pulls the wrong way: {self._evidence()}; leave it out or turn it round"
        if evidence and all(low <= WEAK for _, low, _ in evidence):
            return f"tier '{self.name}' hardly follows the sale: {self._evidence()}; compare a run without it"
        if not evidence and self.pairs > self.agreeing:
            return (
                f"tier '{self.name}' cannot be checked by stage and outcome: {self.pairs - self.agreeing:,} of its "
                f"{self.pairs:,} pairs are of leads that the outcome does not tell apart; compare a run without it"
            )
        return None

    @property
    def summary(self) -> str:
        """One sentence for a person."""
        sides = f"{self.chosen_leads:,} chosen and {self.rejected_leads:,} rejected leads"
        rates = ""
        if self.chosen_rate is not None and self.rejected_rate is not None:
            rates = f"; chosen leads convert in {self.chosen_rate:.2%}, rejected in {self.rejected_rate:.2%} of cases"
        return f"{self.name}: {self.pairs:,} pairs of {sides}{rates}; {self._evidence()}"

    def _evidence(self) -> str:
        told = []
        if self.agreement and self.by_definition:
            told.append("where outcomes differ it agrees with them by definition of the stages")
        elif self.agreement:
            told.append(f"where outcomes differ the chosen lead is the buyer in {_percent(self.agreement)} of pairs")
        if self.likeness:
            told.append(f"at equal outcome the chosen lead looks more like a buyer in {_percent(self.likeness)}")
        return ", and ".join(told) or "no pair has opposite outcomes"


def tier_report(
    leads: Leads, pairing: Pairing, score: np.ndarray | None = None, *, seed: int = 0
) -> tuple[TierReport, ...]:
    """Count each tier's pairs without making them, and hold its order against the outcome.

    Where the last stage is the sale itself, stage and outcome cannot tell whether the steps before it lead to a sale.
    A `score` can: any estimate of conversion made without the lead's own outcome (cross-fitted on the features). If
    leads of deeper stage that did not buy look no more like buyers than those of shallow stage, the tier teaches
    something else than the sale, and may cost much of the AUC.

    Shape: score (n,) float, any scale, higher = more likely to convert; NaN where there is none.
    Source: intervals from Jeffreys' posterior of each side's rates and, for the likeness, DeLong et al. 1988.
    """
    stage, converted = leads.stage, leads.converted
    reports = []
    for number, tier in enumerate(pairing.funnel.effective_tiers()):
        side = sides(tier, pairing.funnel, stage, converted, leads.call_seconds, pairing.bounds)
        held = list(contests(tier, side, stage))
        counts = [(*_outcomes(converted[better]), *_outcomes(converted[worse])) for better, worse in held]
        tally = np.array(counts, dtype=np.int64).reshape(-1, 6)
        c1, c0, c, r1, r0, r = tally.T
        agreeing, contradicting = int((c1 * r0).sum()), int((c0 * r1).sum())
        rates = _rates(tally)
        reports.append(
            TierReport(
                name=tier.name,
                kind=tier.kind,
                pairs=int((c * r).sum()) - contradicting,
                agreeing=agreeing,
                contradicting=contradicting,
                chosen_leads=int(c.sum()),
                rejected_leads=int(r.sum()),
                chosen_rate=rates[0] if rates else None,
                rejected_rate=rates[1] if rates else None,
                agreement=_agreement(tally, np.random.default_rng((seed, number))),
                by_definition=tier.kind == "outcome" or _decided(stage[side != 0], converted[side != 0]),
                likeness=None if score is None else _likeness(held, converted, np.asarray(score, dtype=np.float64)),
            )
        )
    return tuple(reports)


def _outcomes(converted: np.ndarray) -> tuple[int, int, int]:
    """How many bought, did not, and how many there are with those of unknown outcome."""
    return int((converted == 1).sum()), int((converted == 0).sum()), len(converted)


def _decided(stage: np.ndarray, converted: np.ndarray) -> bool:
    """Whether each stage holds one outcome alone."""
    won, lost = (np.unique(stage[converted == outcome]) for outcome in (1, 0))
    return len(np.intersect1d(won, lost)) == 0


def _rates(tally: np.ndarray) -> tuple[float, float] | None:
    """Conversion rates of both sides, contests weighed alike on both (Mantel-Haenszel weights)."""
    c1, c0, _, r1, r0, _ = tally.T.astype(np.float64)
    known = (c1 + c0 > 0) & (r1 + r0 > 0)
    if not known.any():
        return None
    c1, c0, r1, r0 = c1[known], c0[known], r1[known], r0[known]
    weight = (c1 + c0) * (r1 + r0) / (c1 + c0 + r1 + r0)
    better = np.average(c1 / (c1 + c0), weights=weight)
    worse = np.average(r1 / (r1 + r0), weights=weight)
    return float(better), float(worse)


def _agreement(tally: np.ndarray, rng: np.random.Generator) -> tuple[float, float, float] | None:
    """Share of opposite-outcome pairs that the tier orders rightly. Pairs share leads, so the leads are what varies."""
    c1, c0, _, r1, r0, _ = tally.T.astype(np.float64)
    told = c1 * r0 + c0 * r1 > 0
    if not told.any():
        return None
    c1, c0, r1, r0 = c1[told], c0[told], r1[told], r0[told]
    value = float((c1 * r0).sum() / (c1 * r0 + c0 * r1).sum())
    better = rng.beta(c1 + 0.5, c0 + 0.5, size=(DRAWS, len(c1)))
    worse = rng.beta(r1 + 0.5, r0 + 0.5, size=(DRAWS, len(c1)))
    weight = (c1 + c0) * (r1 + r0)
    right, wrong = (weight * better * (1 - worse)).sum(1), (weight * (1 - better) * worse).sum(1)
    low, high = np.quantile(right / (right + wrong), [0.025, 0.975])
    return value, min(float(low), value), max(float(high), value)


def _likeness(
    held: list[tuple[np.ndarray, np.ndarray]], converted: np.ndarray, score: np.ndarray
) -> tuple[float, float, float] | None:
    """P(score of chosen > score of rejected) over the pairs of equal known outcome, ties half."""
    weights, values, variances, known = [], [], [], np.isfinite(score)
    for better, worse in held:
        for outcome in (0, 1):
            high, low = (np.sort(score[rows[known[rows] & (converted[rows] == outcome)]]) for rows in (better, worse))
            if min(len(high), len(low)) < 2:  # a variance takes two
                continue
            beats = (np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")) / (2 * len(low))
            beaten = (np.searchsorted(high, low, "left") + np.searchsorted(high, low, "right")) / (2 * len(high))
            weights.append(len(high) * len(low))
            values.append(beats.mean())
            variances.append(beats.var(ddof=1) / len(high) + beaten.var(ddof=1) / len(low))
    if not weights:
        return None
    share = np.array(weights) / np.sum(weights)
    value = float(share @ np.array(values))
    spread = 1.96 * float(np.sqrt(share**2 @ np.array(variances)))
    return value, max(value - spread, 0.0), min(value + spread, 1.0)


def _percent(share: tuple[float, float, float]) -> str:
    value, low, high = share
    return f"{value:.1%} ({low:.1%} to {high:.1%})"
