"""Several models side by side on the same leads: figures, paired differences, and a verdict in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.errors import LeadRankError, NotComputable
from core.evaluation import RANKING_MEASURES, Measure, Missing, Sample, measured, plain
from core.metrics import auc_difference
from core.ranking import LEVEL, Figure
from core.resampling import difference
from core.scores import Scores


@dataclass(frozen=True)
class Difference:
    """A model's figure less that of the reference, on the same leads and resamples."""

    value: float
    low: float
    high: float
    p: float
    """Two-sided, for this pair alone."""
    p_holm: float
    """The same, corrected for the number of models compared (Holm 1979)."""

    @property
    def shown(self) -> bool:
        """Whether this test set can show the difference, at 1 - LEVEL over all models compared."""
        return self.p_holm < 1 - LEVEL

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Comparison:
    """Several models on the same leads, each against `reference`."""

    leads: int
    converted: int
    unknown_outcome: int
    reference: str
    figures: dict[str, dict[str, Figure | Missing]]
    """By model, then by metric."""
    differences: dict[str, dict[str, Difference | Missing]]
    """By model other than the reference, then by metric: the model less the reference."""
    baselines: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Which model is best by AUC and by average precision, and whether this test set can show it. Plain words."""
        seen = f"On {self.leads:,} leads, {self.converted:,} of them converted:"
        return " ".join([seen, self._best("auc", "AUC"), self._best("average_precision", "average precision")])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; a missing figure is nulls and a `reason`."""
        names = ("leads", "converted", "unknown_outcome", "reference", "baselines", "verdict", "figures")
        differences = {name: {m: gap.to_dict() for m, gap in row.items()} for name, row in self.differences.items()}
        return {**{name: plain(getattr(self, name)) for name in names}, "differences": differences}

    def to_markdown(self) -> str:
        """Two tables, figures and differences, and the verdict."""
        metrics = list(self.figures[self.reference])
        head = [
            "| model | " + " | ".join(name.replace("_", " ") for name in metrics) + " |",
            "|---|" + "---|" * len(metrics),
        ]
        rows = [
            f"| {name} | " + " | ".join(_cell(row[m]) for m in metrics) + " |" for name, row in self.figures.items()
        ]
        title = f"Less {self.reference}, on the same resamples (p after Holm's correction over models):"
        apart = [
            f"| {name} | " + " | ".join(_cell(row[m]) for m in metrics) + " |" for name, row in self.differences.items()
        ]
        return "\n".join([*head, *rows, "", title, "", *head, *apart, "", self.verdict]) + "\n"

    def to_frame(self) -> pd.DataFrame:
        """One row for each model and metric: the figure, its interval, and its difference to the reference."""
        rows = []
        for model, figures in self.figures.items():
            for metric, figure in figures.items():
                row = {"model": model, "baseline": model in self.baselines, "metric": metric, **figure.to_dict()}
                gap = self.differences.get(model, {}).get(metric)
                rows.append(row | {f"difference_{k}": v for k, v in (gap.to_dict() if gap else {}).items()})
        return pd.DataFrame(rows)

    def _best(self, metric: str, words: str) -> str:
        found = {name: row[metric] for name, row in self.figures.items()}
        values = {name: figure.value for name, figure in found.items() if isinstance(figure, Figure)}
        if len(values) < 2:
            reasons = [figure.reason for figure in found.values() if isinstance(figure, Missing)]
            return f"By {words} the models cannot be compared: {reasons[0]}."
        # A tie goes to the reference, so that a rival is never called better for its place in the list.
        best = max(values, key=lambda name: (values[name], name == self.reference))
        others = {name: value for name, value in values.items() if name != best}
        rival = max(others, key=lambda name: others[name]) if best == self.reference else self.reference
        what = f"the baseline {best}" if best in self.baselines else best
        start = f"By {words} {what} is best at {_cell(found[best])}"
        if rival not in values:
            return f"{start}; {rival} has none."
        gap = self.differences[best if rival == self.reference else rival][metric]
        if isinstance(gap, Missing):
            return f"{start}; its difference to {rival} has no interval: {gap.reason}."
        low, high = (gap.low, gap.high) if rival == self.reference else (-gap.high, -gap.low)
        if gap.value == 0:
            return f"{start}, level with {rival} (difference {low:.3f} to {high:.3f})."
        says = "this test set can show that difference" if gap.shown else "this test set cannot tell the two apart"
        return f"{start}, {abs(gap.value):.3f} above {rival} ({low:.3f} to {high:.3f}, p = {gap.p_holm:.2g}): {says}."


def compare(
    named: Mapping[str, Scores],
    leads: Leads,
    *,
    rows: np.ndarray | None = None,
    reference: str | None = None,
    baselines: Sequence[str] = (),
    measures: Sequence[Measure] = RANKING_MEASURES,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Several models on the same leads and resamples, each against `reference` (None = the first of `named`).

    `baselines`: names that the verdict calls baselines; `measures`: what is compared beside the AUC (the verdict needs
    average precision among them). Differences in AUC by paired DeLong, all others by paired bootstrap; p corrected
    after Holm over the models, within a metric. Leads are chosen as in `evaluate`.

    Raises:
        NotComputable: no lead has a known outcome.
        LeadRankError: fewer than two models, an unknown name, or a lead without a score.
    """
    if len(named) < 2:
        raise LeadRankError(f"a comparison needs at least two models, however: got={list(named)}")
    reference = next(iter(named)) if reference is None else reference
    unknown = [name for name in (reference, *baselines) if name not in named]
    if unknown:
        raise LeadRankError(f"{unknown} must be among the models compared, {list(named)}")
    sample = Sample.of(leads, rows)
    score = {name: one.aligned(sample.lead_id)["score"].to_numpy(dtype=np.float64) for name, one in named.items()}
    figures, drawn = measured(sample, score, measures, resamples, seed)
    place = {name: position for position, name in enumerate(score)}
    others = [name for name in score if name != reference]
    differences: dict[str, dict[str, Difference | Missing]] = {name: {} for name in others}
    for metric in figures[reference]:
        pairs: dict[str, tuple[Figure, float]] = {}
        for name in others:
            theirs, ours = figures[name][metric], figures[reference][metric]
            try:
                if isinstance(theirs, Missing) or isinstance(ours, Missing):
                    raise NotComputable(next(f.reason for f in (theirs, ours) if isinstance(f, Missing)))
                if metric == "auc":
                    pairs[name] = auc_difference(sample.outcome, score[name], score[reference], sample.clusters)
                else:
                    apart = drawn[metric][:, place[name]] - drawn[metric][:, place[reference]]
                    pairs[name] = difference(theirs.value - ours.value, apart)
            except NotComputable as error:
                differences[name][metric] = Missing(str(error))
        corrected = holm({name: p for name, (_, p) in pairs.items()})
        for name, (gap, p) in pairs.items():
            differences[name][metric] = Difference(gap.value, gap.low, gap.high, p, corrected[name])
    return Comparison(
        leads=len(sample.outcome),
        converted=int(sample.outcome.sum()),
        unknown_outcome=sample.unknown,
        reference=reference,
        figures=figures,
        differences=differences,
        baselines=tuple(baselines),
    )


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Step-down corrected p by name. Source: Holm 1979.

    Example:
        >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
        {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    corrected: dict[str, float] = {}
    highest = 0.0
    for place, name in enumerate(sorted(p, key=lambda name: p[name])):
        highest = max(highest, min(1.0, (len(p) - place) * p[name]))
        corrected[name] = highest
    return corrected


def _cell(figure: Figure | Missing | Difference) -> str:
    if isinstance(figure, Missing):
        return "none"
    text = f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
    return f"{text} p = {figure.p_holm:.2g}" if isinstance(figure, Difference) else text
