"""Preference pairs: which lead is chosen over which; whether that serves the sale; batches that hold them.

Three kinds of tier (core/funnel.py), each a set of contests in which every chosen lead meets every rejected lead:

    stage     leads in the chosen stages            >  leads in the rejected stages
    signal    top share of the outcome-window call  >  bottom share, each stage a contest of its own
    outcome   converted                             >  not converted

A pair whose rejected lead converted and whose chosen lead did not contradicts the outcome and is never formed.

Source: HPRO (arXiv 2606.04387), hierarchical preferences; every lead is encoded once and meets all others of its batch.
# DIFF: in the authors' code funnel stages never reach the loss, "key action" is stage 2 over stage 1 alone and the soft
# signal is no call length at all but the outcome within a stage; here each tier is what the paper says it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from core.data.leads import Leads
from core.errors import NotComputable
from core.funnel import Funnel, Tier

DRAWS = 4000
"""Posterior draws behind the interval of an agreement. Source: ours, its ends then vary by about 2% of its width."""
WEAK = 0.55
"""A tier that orders no more than this share of its pairs rightly, within the interval, is warned of. Source: ours."""


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
class Pairing:
    """The funnel together with the call lengths that count as long and short, fixed on the training part."""

    funnel: Funnel
    bounds: Mapping[str, np.ndarray]
    """For each signal tier by name: `signal_bounds` of the training leads."""

    @staticmethod
    def fit(leads: Leads) -> Pairing:
        """Learn the bounds of every signal tier from `leads`, the training part."""
        return Pairing(leads.schema.funnel, _fit_bounds(leads.stage, leads.call_seconds, leads.schema.funnel))

    def pairs(
        self,
        stage: np.ndarray,
        converted: np.ndarray,
        call_seconds: np.ndarray,
        *,
        limit: int | None = None,
        seed: int = 0,
        group: np.ndarray | None = None,
    ) -> Pairs:
        """All valid pairs of a batch; see `make_pairs`."""
        return make_pairs(
            stage, converted, call_seconds, self.funnel, bounds=self.bounds, limit=limit, seed=seed, group=group
        )

    def roles(self, leads: Leads) -> np.ndarray:
        """The part of each lead in each tier, shape (n, tiers) int8: 1 chosen side, -1 rejected side, 0 neither."""
        tiers = self.funnel.effective_tiers()
        sides = [
            _sides(tier, self.funnel, leads.stage, leads.converted, leads.call_seconds, self.bounds) for tier in tiers
        ]
        return np.stack(sides, axis=1)

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


def signal_bounds(stage: np.ndarray, call_seconds: np.ndarray, tier: Tier, stages: int) -> np.ndarray:
    """Call lengths up to which a call is short and from which it is long, for each stage.

    Low is always below high. Where one length is so common that it is both (most calls 0 s), the split lies beside it,
    on the side with more leads.

    Shape: stage (n,) int64, call_seconds (n,) float64 seconds; result (stages + 1, 2) float64, columns low and high,
    the last row for leads of unknown stage, NaN for a stage whose known calls are none or all equal.

    Example:
        >>> tier = Tier("soft_signal", 0.1, by="call_seconds", top=0.25, bottom=0.5)
        >>> signal_bounds(np.zeros(5, int), np.array([0.0, 1, 2, 3, 4]), tier, stages=1).tolist()
        [[2.0, 3.0], [nan, nan]]
    """
    bounds = np.full((stages + 1, 2), np.nan)
    for position in range(-1, stages):  # -1, unknown, is also the last row
        known = call_seconds[(stage == position) & np.isfinite(call_seconds)]
        if len(known) == 0 or known.min() == known.max():
            continue
        low, high = np.quantile(known, [tier.bottom, 1 - tier.top])
        if low >= high:
            below, above = known[known < low], known[known > low]
            low, high = (low, above.min()) if len(above) >= len(below) else (below.max(), low)
        bounds[position] = low, high
    return bounds


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
) -> Pairs:
    """All valid pairs of the given leads, or `limit` of each tier drawn uniformly without replacement.

    A lead whose stage, outcome or call is unknown makes no pair in a tier that asks for it; to the signal tier, leads
    of unknown stage are a stage of their own. Memory grows with the pairs returned, not with the pairs possible: give
    a `limit` for more leads than a batch.

    Shape: stage (n,) int64 positions in funnel.stages, -1 unknown; converted (n,) float64 1, 0 or NaN; call_seconds
    (n,) float64 seconds or NaN; bounds as in `Pairing`, None = from the given leads; group (n,): pairs stay inside one
    group, for example one week.

    Example:
        >>> pairs = make_pairs(np.full(3, -1), np.array([0., 1, 0]), np.full(3, np.nan), Funnel())
        >>> pairs.chosen.tolist(), pairs.rejected.tolist()
        ([1, 1], [0, 2])
    """
    stage, converted = np.asarray(stage, dtype=np.int64), np.asarray(converted, dtype=np.float64)
    call_seconds = np.asarray(call_seconds, dtype=np.float64)
    if bounds is None:
        bounds = _fit_bounds(stage, call_seconds, funnel)
    tiers = funnel.effective_tiers()
    chosen, rejected = [], []
    for number, tier in enumerate(tiers):
        side = _sides(tier, funnel, stage, converted, call_seconds, bounds)
        blocks = [
            block
            for better, worse in _contests(side, _key(tier, stage, group))
            for block in _without_contradictions(better, worse, converted)
        ]
        c, r = _draw(blocks, limit, np.random.default_rng((seed, number)))
        chosen.append(c)
        rejected.append(r)
    tier_of = np.repeat(np.arange(len(tiers), dtype=np.int16), [len(c) for c in chosen])
    margins = np.array([tier.margin for tier in tiers], dtype=np.float32)
    return Pairs(np.concatenate(chosen), np.concatenate(rejected), margins[tier_of], tier_of, tiers)


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

    Shape: score (n,) float, any scale, higher = more likely to convert.
    Source: intervals from Jeffreys' posterior of each side's rates and, for the likeness, DeLong et al. 1988.
    """
    stage, converted = leads.stage, leads.converted
    reports = []
    for number, tier in enumerate(pairing.funnel.effective_tiers()):
        side = _sides(tier, pairing.funnel, stage, converted, leads.call_seconds, pairing.bounds)
        contests = list(_contests(side, _key(tier, stage, None)))
        counts = [(*_outcomes(converted[better]), *_outcomes(converted[worse])) for better, worse in contests]
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
                likeness=None if score is None else _likeness(contests, converted, np.asarray(score, dtype=np.float64)),
            )
        )
    return tuple(reports)


def strata(stage: np.ndarray, converted: np.ndarray) -> np.ndarray:
    """Stratum of each lead, shape (n,) int64: its stage and whether it converted.

    Example:
        >>> strata(np.array([0, 1, -1]), np.array([0.0, 1.0, np.nan])).tolist()
        [2, 5, 0]
    """
    return 2 * (np.asarray(stage, dtype=np.int64) + 1) + (np.asarray(converted) == 1)


def stratified_batches(
    strata: np.ndarray,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    minimum: int | None = None,
    max_repeats: int = 10,
) -> list[np.ndarray]:
    """One epoch of batches: every lead at least once, each stratum spread evenly, rare ones repeated to fill `minimum`.

    No lead stands twice in a batch, nor more than `max_repeats` times in an epoch: a stratum too rare for that is
    absent from some batches. Batches hold `batch_size` leads on average at most; each one differs from the average by
    less than the number of strata. The same seed and epoch give the same batches.

    Shape: strata (n,) any labels; result arrays of int64 positions.
    Args: minimum: leads of each stratum in each batch; None = 1/16 of the batch (4 of 64), less where that would fill
        half of it. max_repeats: as in the authors' code, where a converted lead comes 10 times an epoch.

    Example:
        >>> batches = stratified_batches(np.array([0] * 15 + [1]), 8, seed=0, epoch=0, minimum=1)
        >>> [(len(batch), 15 in batch) for batch in batches]
        [(6, True), (6, True), (6, True)]
    """
    if batch_size < 1 or max_repeats < 1:
        raise ValueError(f"batch_size and max_repeats must be 1 or more, however: got={batch_size}, {max_repeats}")
    if len(strata) == 0:
        return []
    _, code, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    if minimum is None:
        minimum = max(1, min(batch_size // 16, batch_size // (2 * len(sizes))))
    batches = -(-len(code) // batch_size)
    while True:
        wanted = np.minimum(np.minimum(minimum, sizes) * batches, max_repeats * sizes)
        quota = np.maximum(sizes, wanted)
        needed = -(-int(quota.sum()) // batch_size)
        if needed <= batches:
            break
        batches = needed
    rng = np.random.default_rng((seed, epoch))
    parts: list[list[np.ndarray]] = [[] for _ in range(batches)]
    for number, draws in enumerate(quota):
        # One permutation walked round and round: a lead comes again only when all others of its stratum have come.
        members = rng.permutation(np.flatnonzero(code == number))
        edges = (np.arange(batches + 1) * draws + rng.integers(batches)) // batches
        for batch, (start, stop) in enumerate(pairwise(edges)):
            parts[batch].append(members[np.arange(start, stop) % len(members)])
    return [np.concatenate(part) for part in parts if sum(map(len, part))]


def sampled_rate(converted: np.ndarray, batches: list[np.ndarray]) -> float:
    """Share of converted leads among those of known outcome that an epoch of batches shows: the sampling prior.

    Correcting for it mends the overall rate. Leads of rare stages that did not convert were oversampled as well; what
    that leaves is for the calibration on a slice that was not resampled.

    Raises:
        NotComputable: no lead of the batches has a known outcome.
    """
    seen = converted[np.concatenate(batches)] if batches else np.empty(0)
    if not np.isfinite(seen).any():
        raise NotComputable("the sampling prior needs leads of known outcome in the batches, however: there are none")
    return float(np.nanmean(seen))


def _fit_bounds(stage: np.ndarray, call_seconds: np.ndarray, funnel: Funnel) -> dict[str, np.ndarray]:
    signal_tiers = [tier for tier in funnel.effective_tiers() if tier.kind == "signal"]
    return {tier.name: signal_bounds(stage, call_seconds, tier, len(funnel.stages)) for tier in signal_tiers}


def _sides(
    tier: Tier,
    funnel: Funnel,
    stage: np.ndarray,
    converted: np.ndarray,
    call_seconds: np.ndarray,
    bounds: Mapping[str, np.ndarray],
) -> np.ndarray:
    """1 for the chosen side, -1 for the rejected side, 0 for neither, shape (n,) int8."""
    if tier.kind == "stage":
        better, worse = (
            np.isin(stage, [funnel.stages.index(name) for name in names]) for names in (tier.chosen, tier.rejected)
        )
    elif tier.kind == "signal":
        low, high = bounds[tier.name][stage].T
        better, worse = call_seconds >= high, call_seconds <= low
    else:
        better, worse = converted == 1, converted == 0
    return better.astype(np.int8) - worse.astype(np.int8)


def _key(tier: Tier, stage: np.ndarray, group: np.ndarray | None) -> np.ndarray:
    """Leads of different keys never meet, shape (n,) int64."""
    key = stage + 1 if tier.kind == "signal" else np.zeros_like(stage)
    if group is None:
        return key
    names, code = np.unique(group, return_inverse=True)
    return key * max(len(names), 1) + code


def _contests(side: np.ndarray, key: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of the chosen and of the rejected side, for each key that has both."""

    def by_key(rows: np.ndarray) -> dict[int, np.ndarray]:
        rows = rows[np.argsort(key[rows], kind="stable")]
        values, starts = np.unique(key[rows], return_index=True)
        return dict(zip(values.tolist(), np.split(rows, starts[1:]), strict=False))

    better, worse = by_key(np.flatnonzero(side == 1)), by_key(np.flatnonzero(side == -1))
    return ((better[value], worse[value]) for value in better if value in worse)


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
    contests: list[tuple[np.ndarray, np.ndarray]], converted: np.ndarray, score: np.ndarray
) -> tuple[float, float, float] | None:
    """P(score of chosen > score of rejected) over the pairs of equal known outcome, ties half."""
    weights, values, variances = [], [], []
    for better, worse in contests:
        for outcome in (0, 1):
            high, low = (np.sort(score[rows[converted[rows] == outcome]]) for rows in (better, worse))
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
