"""Scores against outcomes: one model's figures, and several models side by side on the same leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from core.data.leads import Leads
from core.errors import NotComputable
from core.metrics import auc_from_stage, auc_interval, auc_of_reaching, gains
from core.ranking import LEVEL, Figure, Ranking, deep_enough, ranking
from core.reliability import calibration_intervals, calibration_line, chance_calibration_error
from core.resampling import percentile, resampled
from core.scores import Scores

PRECISION_SHARES = (0.001, 0.01, 0.05)
"""Depths for precision and lift, as shares of the leads. Source: the paper's P@0.1%, 1% and 5%."""
RECALL_SHARES = (0.01, 0.05)
"""Depths for recall. Source: the paper's R@1% and 5%."""
GAINS_DEPTHS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, *(n / 10 for n in range(1, 11)))
"""Depths at which the gains curve is reported; those of less than one lead are left out."""


@dataclass(frozen=True)
class Missing:
    """A figure that has no value on these leads, and why."""

    reason: str

    def to_dict(self) -> dict[str, Any]:
        return {"value": None, "low": None, "high": None, "reason": self.reason}


@dataclass(frozen=True)
class Evaluation:
    """How one model did. Every figure is a `Figure` or, where it cannot be computed, a `Missing` that says why."""

    leads: int
    """Leads with a known outcome."""
    converted: int
    unknown_outcome: int
    """Leads left out, since their outcome is not known."""
    customers: int
    resamples: int
    seed: int
    auc: Figure | Missing
    average_precision: Figure | Missing
    precision_at: dict[str, Figure | Missing]
    recall_at: dict[str, Figure | Missing]
    lift_at: dict[str, Figure | Missing]
    calibration: dict[str, Figure | Missing]
    stage_auc: dict[str, dict[str, Figure | Missing]]
    """By stage: `conversion`, among leads that reached it; `reaching`, of it or a deeper one, among all."""
    gains: tuple[dict[str, float], ...]
    """Points `depth, captured, lift`."""

    @property
    def base_rate(self) -> float:
        return self.converted / self.leads

    @property
    def resampled_by(self) -> str:
        """`customer` where some customer has several leads, else `lead`."""
        return "customer" if self.customers < self.leads else "lead"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; a missing figure is nulls and a `reason`."""
        counts = {
            name: getattr(self, name) for name in ("leads", "converted", "base_rate", "unknown_outcome", "customers")
        }
        interval = {"level": LEVEL, "resamples": self.resamples, "seed": self.seed, "by": self.resampled_by}
        names = (
            "auc",
            "average_precision",
            "precision_at",
            "recall_at",
            "lift_at",
            "calibration",
            "stage_auc",
            "gains",
        )
        return {**counts, "interval": interval, **{name: plain(getattr(self, name)) for name in names}}


@dataclass(frozen=True)
class Sample:
    """The leads that are evaluated; arrays of shape (n,)."""

    lead_id: pd.Series
    outcome: np.ndarray
    stage: np.ndarray
    clusters: np.ndarray | None
    """Customer codes; None where no customer repeats."""
    customers: int
    unknown: int

    @staticmethod
    def of(leads: Leads, rows: np.ndarray | None) -> Sample:
        rows = np.arange(len(leads)) if rows is None else np.asarray(rows)
        known = rows[np.isfinite(leads.converted[rows])]
        if len(known) == 0:
            raise NotComputable(
                f"evaluation needs leads whose outcome is known, however: none of the {len(rows)} leads has one; "
                "name the outcome's column under roles.converted, or wait until the leads are mature"
            )
        code, names = pd.factorize(leads.roles["customer_id"].iloc[known])
        repeated = len(names) < len(known)
        return Sample(
            leads.lead_id.iloc[known].reset_index(drop=True),
            leads.converted[known],
            leads.stage[known],
            np.asarray(code) if repeated else None,
            len(names),
            len(rows) - len(known),
        )


@dataclass(frozen=True)
class Measure:
    """A figure that is resampled: average precision, or precision, recall or lift among the best `share` of leads."""

    kind: str
    """`average_precision`, `precision_at`, `recall_at` or `lift_at`: the method of `Ranking`."""
    share: float | None = None

    @property
    def name(self) -> str:
        return self.kind if self.share is None else f"{self.kind}_{self.share:g}"

    def of(self, one: Ranking) -> np.ndarray:
        """Its value for a ranking, or for every resample of one."""
        method = getattr(one, self.kind)
        return method() if self.share is None else method(self.share)

    def figure(self, one: Ranking, drawn: np.ndarray) -> Figure:
        """Value and interval. Raises NotComputable where the share is less than one lead."""
        if self.share is not None:
            deep_enough(one, self.share)
        figure = percentile(float(self.of(one)), drawn)
        if self.share is None or figure.low < figure.high:
            return figure
        # All resamples alike, with no hit or hits only: no width would claim too much, Wilson's interval does not.
        expected, deep = one.captured(self.share)
        captured, calls, won, leads = float(expected), int(deep), int(one.won[-1]), int(one.seen[-1])
        if captured not in (0.0, float(calls), float(won)):
            return figure
        trials = won if captured == won else calls
        worth = {"precision_at": 1 / calls, "recall_at": 1 / won, "lift_at": leads / (calls * won)}[self.kind]
        share = wilson(int(captured), trials)
        low, high = (min(bound * trials, calls, won) * worth for bound in (share.low, share.high))
        return Figure(figure.value, low, high)


def wilson(hits: int, trials: int) -> Figure:
    """A share with Wilson's interval, which has a width even where all trials came out alike.

    Example:
        >>> one = wilson(0, 10)
        >>> one.value, one.low, round(one.high, 3)
        (0.0, 0.0, 0.278)
    """
    bounds = binomtest(hits, trials).proportion_ci(LEVEL, method="wilson")
    return Figure(hits / trials, float(bounds.low), float(bounds.high))


RANKING_MEASURES = (
    Measure("average_precision"),
    *(Measure("precision_at", share) for share in PRECISION_SHARES),
    *(Measure("recall_at", share) for share in RECALL_SHARES),
)
"""What models are compared by, beside the AUC; lift is left out, as it is precision over a base rate that all share."""


def evaluate(
    scores: Scores, leads: Leads, *, rows: np.ndarray | None = None, resamples: int = 2000, seed: int = 0
) -> Evaluation:
    """One model's figures, each with its 95% interval: ranking by `score`, calibration by `probability`.

    `rows`: positions in `leads` to evaluate, such as the test part; None = all. Leads without a known outcome are left
    out and counted. Where a customer has several leads, intervals are by customer.

    Raises:
        NotComputable: no lead has a known outcome. Single figures that have no value are `Missing`, not an error.
        LeadRankError: a lead has no score.
    """
    sample = Sample.of(leads, rows)
    table = scores.aligned(sample.lead_id)
    score, probability = (table[name].to_numpy(dtype=np.float64) for name in ("score", "probability"))
    truth, clusters = sample.outcome, sample.clusters
    measures = [*RANKING_MEASURES, *(Measure("lift_at", share) for share in PRECISION_SHARES)]
    figures = measured(sample, {"": score}, measures, resamples, seed)[0][""]

    def by_share(kind: str) -> dict[str, Figure | Missing]:
        return {f"{m.share:g}": figures[m.name] for m in measures if m.kind == kind}

    return Evaluation(
        leads=len(truth),
        converted=int(truth.sum()),
        unknown_outcome=sample.unknown,
        customers=sample.customers,
        resamples=resamples,
        seed=seed,
        auc=figures["auc"],
        average_precision=figures["average_precision"],
        precision_at=by_share("precision_at"),
        recall_at=by_share("recall_at"),
        lift_at=by_share("lift_at"),
        calibration=_calibration(truth, probability, clusters, resamples, seed),
        stage_auc={
            name: {
                "conversion": _or_missing(partial(auc_from_stage, truth, score, sample.stage, position, clusters)),
                "reaching": _or_missing(partial(auc_of_reaching, score, sample.stage, position, clusters)),
            }
            for position, name in enumerate(leads.schema.funnel.stages)
        },
        gains=_gains(truth, score),
    )


def measured(
    sample: Sample, score: Mapping[str, np.ndarray], measures: Sequence[Measure], resamples: int, seed: int
) -> tuple[dict[str, dict[str, Figure | Missing]], dict[str, np.ndarray]]:
    """Every figure of every model, AUC first, and the resamples behind them: (resamples, models) by measure."""
    try:
        drawn = resampled(
            sample.outcome, list(score.values()), {m.name: m.of for m in measures}, resamples, seed, sample.clusters
        )
    except NotComputable as error:
        nothing: dict[str, Figure | Missing] = {
            name: Missing(str(error)) for name in ("auc", *(m.name for m in measures))
        }
        return {model: dict(nothing) for model in score}, {}
    figures: dict[str, dict[str, Figure | Missing]] = {}
    for place, (model, values) in enumerate(score.items()):
        one = ranking(sample.outcome, values)
        row = {"auc": _or_missing(partial(auc_interval, sample.outcome, values, sample.clusters))}
        row |= {m.name: _or_missing(partial(m.figure, one, drawn[m.name][:, place])) for m in measures}
        figures[model] = row
    return figures, drawn


def _calibration(
    truth: np.ndarray, probability: np.ndarray, clusters: np.ndarray | None, resamples: int, seed: int
) -> dict[str, Figure | Missing]:
    found: dict[str, Figure | Missing] = {}
    try:
        found["slope"], found["intercept"] = calibration_line(truth, probability, clusters)
    except NotComputable as error:
        found["slope"] = found["intercept"] = Missing(str(error))
    try:
        found |= calibration_intervals(truth, probability, resamples=resamples, seed=seed, clusters=clusters)
        # A yardstick computed from the probabilities alone: it has no sampling error.
        chance = chance_calibration_error(probability)
        found["calibration_error_by_chance"] = Figure(chance, chance, chance)
    except NotComputable as error:
        names = (
            "expected_calibration_error",
            "brier",
            "log_loss",
            "observed_over_expected",
            "calibration_error_by_chance",
        )
        found |= {name: Missing(str(error)) for name in names}
    return found


def _gains(truth: np.ndarray, score: np.ndarray) -> tuple[dict[str, float], ...]:
    try:
        curve = gains(truth, score)
    except NotComputable:
        return ()
    depths = [depth for depth in GAINS_DEPTHS if depth * len(truth) + 1e-9 >= 1]
    return tuple(
        {"depth": depth, "captured": float(share), "lift": float(share) / depth}
        for depth, share in zip(depths, curve.at(depths), strict=True)
    )


def _or_missing(compute: Callable[[], Figure]) -> Figure | Missing:
    try:
        return compute()
    except NotComputable as error:
        return Missing(str(error))


def plain(value: Any) -> Any:
    """Figures and what holds them as JSON takes it."""
    if isinstance(value, Figure | Missing):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, tuple | list) else value
