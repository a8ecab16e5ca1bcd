"""The proof of stage 2: known campaign customers are hidden among the others, and found again.

    engaged with a label --> a share hidden, in every part --> learned, line drawn --> the later, untouched test part:
       precision = hidden among those whose label is filled in;  recall = filled in among the hidden

What the rules call organic may hold campaign customers whose label was missing to begin with, so on real data the
precision is a floor; where the truth is given it is exact. Intervals are Student's over seeds, each of which hides and
learns anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import t

from core.errors import ConfigError, NotComputable
from core.neural.segments.correction import Correcting, fit_correction
from core.neural.segments.losses import LOSSES
from core.neural.segments.segmenter import Material
from core.progress import Phase, Watch, nobody

FIGURES = ("precision", "recall", "recall_at_precision")
LEAST = 20
"""Fewest hidden customers of the test part that can prove anything. Source: ours."""


@dataclass(frozen=True)
class Hiding:
    """What is hidden, and how the methods are to find it."""

    shares: tuple[float, ...] = (0.2, 0.4, 0.6)
    methods: tuple[str, ...] = tuple(LOSSES)
    seeds: int = 5

    def __post_init__(self) -> None:
        unknown = [name for name in self.methods if name not in LOSSES]
        if unknown or not self.methods:
            raise ConfigError(f"methods are among {', '.join(LOSSES)}, however: got={unknown or 'none'}")
        if self.seeds < 1 or not all(0 < share < 1 for share in self.shares) or not self.shares:
            raise ConfigError(
                f"hiding needs 1 seed or more and shares between 0 and 1, however: got={self.seeds}, {self.shares}"
            )


def recover(
    material: Material,
    hiding: Hiding | None = None,
    how: Correcting | None = None,
    *,
    truth: np.ndarray | None = None,
    watch: Watch = nobody,
) -> pd.DataFrame:
    """A row for each share hidden, method and seed: hidden, method, seed, customers (hidden, in the test part), filled
    (labels filled in there), `FIGURES`, promised (precision as the line was drawn for), label_share (estimated c).

    recall_at_precision: of the hidden, those found were the line drawn with the truth known: the ranking alone.

    Args:
        how: how the methods learn, but for the loss; its precision is the one promised.
        truth: whether each lead is a campaign customer, (n,) bool, where that is known.

    Raises:
        NotComputable: too few known campaign customers.
    """
    hiding, how = hiding or Hiding(), how or Correcting()
    phase, rows = Phase("hide and find", watch), []
    total = len(hiding.shares) * hiding.seeds * len(hiding.methods)
    for share in hiding.shares:
        for seed in range(hiding.seeds):
            for row in _once(material, hiding, how, share, seed, truth):
                rows.append(row)
                phase.at(len(rows), total)
    return pd.DataFrame(rows)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each share hidden and method: the mean of each figure with `_low` and `_high`, 95%, over seeds.

    NaN where a method filled in nothing: precision then has no value, recall is 0.
    """
    found = []
    for (share, method), own in rows.groupby(["hidden", "method"], sort=False):
        row: dict[str, object] = {"method": method, "hidden": share, "seeds": len(own)}
        for figure in FIGURES:
            row |= _interval(figure, own[figure].dropna().to_numpy(dtype=float))
        found.append({**row, "customers": own["customers"].mean(), "filled": own["filled"].mean()})
    return pd.DataFrame(found)


def _once(
    material: Material, hiding: Hiding, how: Correcting, share: float, seed: int, truth: np.ndarray | None
) -> Iterator[dict[str, object]]:
    rng = np.random.default_rng((seed, round(1000 * share)))
    known = material.labels == "campaign"
    hidden = known & (rng.random(len(known)) < share)
    parts = material.parts
    if not len(parts.test):
        raise NotComputable("a proof needs later leads that nothing was chosen by: set split.train_share below 1")
    rows = parts.test
    train, later, test = (material.engaged(r, hidden) for r in (parts.train, parts.calibration, rows))
    rows = material.engaged_rows(rows)
    without = test.label == 0
    target = (hidden if truth is None else truth)[rows][without]
    if target.sum() < LEAST:
        raise NotComputable(
            f"the proof needs {LEAST} hidden campaign customers in the test part, however: there are "
            f"{int(target.sum())}; give more leads, or widen the rule of the campaign"
        )
    for method in hiding.methods:
        found = fit_correction(train, later, replace(how, loss=method), seed=seed)
        answer = found.answers(test.x[without])
        filled = answer >= found.line.threshold
        yield {
            "hidden": share,
            "method": method,
            "seed": seed,
            "customers": int(target.sum()),
            "filled": int(filled.sum()),
            "precision": float(target[filled].mean()) if filled.any() else float("nan"),
            "recall": float((target & filled).sum() / target.sum()),
            "recall_at_precision": _at_precision(answer, target, how.precision),
            "promised": how.precision,
            "label_share": found.labelling.share,
        }


def _at_precision(answer: np.ndarray, target: np.ndarray, precision: float) -> float:
    right = np.cumsum(target[np.argsort(-answer, kind="stable")])
    good = np.flatnonzero(right / np.arange(1, len(right) + 1) >= precision)
    return float(right[good[-1]] / target.sum()) if len(good) else 0.0


def _interval(figure: str, values: Sequence[float] | np.ndarray) -> dict[str, float]:
    if not len(values):
        return {figure: float("nan"), f"{figure}_low": float("nan"), f"{figure}_high": float("nan")}
    mean = float(np.mean(values))
    if len(values) < 2:
        return {figure: mean, f"{figure}_low": float("nan"), f"{figure}_high": float("nan")}
    wide = float(t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return {figure: mean, f"{figure}_low": max(mean - wide, 0.0), f"{figure}_high": min(mean + wide, 1.0)}
