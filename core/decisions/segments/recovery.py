"""The proof of stage 2: known campaign customers are hidden among the others, and found again.

    engaged with a label --> a share hidden, in every part --> learned, line drawn --> the later, untouched test part:
       precision = hidden among those whose label is filled in;  recall = filled in among the hidden

What the rules call organic may hold campaign customers whose label was missing to begin with, so on real data the
precision is a floor; where the truth is given it is exact. Intervals are Student's over seeds, each of which hides and
learns anew. Fields are encoded once, and how many labels are missing is asked once for all methods.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import t

from core.errors import ConfigError, NotComputable
from core.neural.segments.correction import Correcting, Engaged, fit_correction, labels_carried
from core.neural.segments.losses import LOSSES
from core.neural.segments.material import Material
from core.progress import Phase, Watch, nobody

FIGURES = ("precision", "recall", "recall_at_precision")
LEAST = 20
"""Fewest hidden customers of the test part that can prove anything. Source: ours."""
PROVED = 4_000
"""Engaged leads of a part that the proof learns from and looks among, drawn by chance where there are more: a hundred
networks are fitted, and so many tell a share to two percent."""


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


@dataclass(frozen=True, eq=False)
class Recovery:
    """What was found again."""

    rows: pd.DataFrame
    """A row for each share hidden, method and seed: hidden, method, seed, customers (hidden, in the test part), filled
    (labels filled in there), `FIGURES`, promised (precision as the line was drawn for), label_share (estimated c)."""
    skipped: dict[float, str]
    """Why a share was not tested, by the share."""
    leads: int
    """Engaged leads that took part."""


@dataclass(frozen=True, eq=False)
class _Part:
    """Engaged leads of a part, and which leads they are."""

    rows: np.ndarray
    engaged: Engaged

    def without(self, hidden: np.ndarray) -> Engaged:
        """The labels of `hidden` (all leads, bool) count as missing."""
        return replace(self.engaged, label=np.where(hidden[self.rows], 0, self.engaged.label))


def recover(
    material: Material,
    hiding: Hiding | None = None,
    how: Correcting | None = None,
    *,
    truth: np.ndarray | None = None,
    watch: Watch = nobody,
) -> Recovery:
    """Hide, fill in and count, for each share, seed and method. recall_at_precision: of the hidden, those found were
    the line drawn with the truth known: the ranking alone.

    Args:
        how: how the methods learn, but for the loss; its precision is the one promised.
        truth: whether each lead is a campaign customer, (n,) bool, where that is known.

    Raises:
        NotComputable: too few known campaign customers for any of the shares.
    """
    hiding, how = hiding or Hiding(), how or Correcting()
    if not len(material.parts.test):
        raise NotComputable("a proof needs later leads that nothing was chosen by: set split.train_share below 1")
    parts = [_part(material, getattr(material.parts, name)) for name in ("train", "calibration", "test")]
    phase, rows, skipped = Phase("hide and find", watch), list[dict[str, object]](), dict[float, str]()
    total = len(hiding.shares) * hiding.seeds * len(hiding.methods)
    for share in hiding.shares:
        own = list[dict[str, object]]()
        try:
            for seed in range(hiding.seeds):
                for row in _once(material, parts, hiding, how, share, seed, truth):
                    own.append(row)
                    phase.at(len(rows) + len(own), total)
        except NotComputable as error:
            skipped[share] = str(error)
            total -= hiding.seeds * len(hiding.methods)
        else:
            rows += own
    if not rows:
        raise NotComputable(skipped[max(skipped)])
    return Recovery(pd.DataFrame(rows), skipped, sum(len(part.rows) for part in parts))


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each share hidden and method: the mean of each figure with `_low` and `_high`, 95%, over seeds.

    NaN where no seed filled in anything: precision then has no value, recall is 0; and where one seed alone did, which
    makes no interval. `reason` says so, "" where every figure is there.
    """
    found = []
    for (share, method), own in rows.groupby(["hidden", "method"], sort=False):
        row: dict[str, object] = {"method": method, "hidden": share, "seeds": len(own)}
        for figure in FIGURES:
            row |= _interval(figure, own[figure].dropna().to_numpy(dtype=float))
        sizes = {"customers": own["customers"].mean(), "filled": own["filled"].mean()}
        found.append({**row, **sizes, "reason": _missing(int((own["filled"] > 0).sum()), len(own))})
    return pd.DataFrame(found)


def _part(material: Material, rows: np.ndarray) -> _Part:
    rows = material.engaged_rows(rows, PROVED)
    return _Part(rows, material.engaged(rows))


def _once(
    material: Material,
    parts: Sequence[_Part],
    hiding: Hiding,
    how: Correcting,
    share: float,
    seed: int,
    truth: np.ndarray | None,
) -> Iterator[dict[str, object]]:
    rng = np.random.default_rng((seed, round(1000 * share)))
    known = material.labels == "campaign"
    hidden = known & (rng.random(len(known)) < share)
    train, later, test = (part.without(hidden) for part in parts)
    without = test.label == 0
    target = (hidden if truth is None else truth)[parts[-1].rows][without]
    if target.sum() < LEAST:
        raise NotComputable(
            f"the proof needs {LEAST} hidden campaign customers in the test part, however: with {share:.0%} hidden "
            f"there are {int(target.sum())}; give more leads, or widen the rule of the campaign"
        )
    carried = labels_carried(train, later)
    for method in hiding.methods:
        found = fit_correction(train, later, replace(how, loss=method), share=carried, seed=seed)
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
            "label_share": carried.value,
        }


def _at_precision(answer: np.ndarray, target: np.ndarray, precision: float) -> float:
    right = np.cumsum(target[np.argsort(-answer, kind="stable")])
    good = np.flatnonzero(right / np.arange(1, len(right) + 1) >= precision)
    return float(right[good[-1]] / target.sum()) if len(good) else 0.0


def _missing(filled: int, seeds: int) -> str:
    if filled > 1:
        return ""
    if filled:
        return f"an interval needs two times or more that something was filled in, however: it was 1 of {seeds}"
    nothing = "nothing was filled in, so precision has no value"
    return nothing if seeds > 1 else f"{nothing}; one seed makes no interval"


def _interval(figure: str, values: Sequence[float] | np.ndarray) -> dict[str, float]:
    if not len(values):
        return {figure: float("nan"), f"{figure}_low": float("nan"), f"{figure}_high": float("nan")}
    mean = float(np.mean(values))
    if len(values) < 2:
        return {figure: mean, f"{figure}_low": float("nan"), f"{figure}_high": float("nan")}
    wide = float(t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return {figure: mean, f"{figure}_low": max(mean - wide, 0.0), f"{figure}_high": min(mean + wide, 1.0)}
