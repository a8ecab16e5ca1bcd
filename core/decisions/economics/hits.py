"""Hits and misses at a threshold: what calling every lead of that chance or more gets right, and what it misses.

hit: called, ordered. False alarm: called, no order. Miss: not called, ordered. Right no: not called, no order.
Source: Kakatkar, de Langhe & Puntoni (2020), "Machine Learning for Lead Management", the example of 25 leads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from core.decisions.economics.money import checked_chances
from core.errors import ConfigError
from core.evaluation import Missing, wilson
from core.ranking import Figure, equal_length

KINDS = ("hit", "false alarm", "miss", "right no")
FIGURES = ("accuracy", "precision", "recall")


@dataclass(frozen=True)
class Hits:
    """Counts at one threshold, and the shares that follow from them."""

    threshold: float
    """Leads of this chance or more are called, 0..1."""
    tp: int
    """Hits."""
    fp: int
    """False alarms."""
    fn: int
    """Misses."""
    tn: int
    """Right noes."""

    @property
    def leads(self) -> int:
        return self.tp + self.fp + self.fn + self.tn

    @property
    def called(self) -> int:
        return self.tp + self.fp

    @property
    def accuracy(self) -> Figure | Missing:
        """(tp + tn) / all, with Wilson's 95% interval, as the two below."""
        return _share(self.tp + self.tn, self.leads, "there are no leads")

    @property
    def precision(self) -> Figure | Missing:
        """tp / (tp + fp); missing where no lead is called."""
        return _share(self.tp, self.called, f"no lead has a chance of {self.threshold:g} or more")

    @property
    def recall(self) -> Figure | Missing:
        """tp / (tp + fn); missing where no lead ordered."""
        return _share(self.tp, self.tp + self.fn, "no lead ordered")

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        counts = {name: getattr(self, name) for name in ("threshold", "leads", "called", "tp", "fp", "fn", "tn")}
        return counts | {name: getattr(self, name).to_dict() for name in FIGURES}


def at_threshold(probability: ArrayLike, outcome: ArrayLike, threshold: float) -> Hits:
    """What calling every lead with `probability >= threshold` gets right. Shapes (n,), (n,), 0..1 and 0 or 1.

    Raises:
        ConfigError: a threshold outside 0..1.
        NotComputable, ValidationError: no leads, chances outside 0..1, or outcomes that are not 0 or 1.

    Example:
        >>> hits = at_threshold([0.9, 0.6, 0.4, 0.1], [1, 0, 1, 0], 0.5)
        >>> hits.tp, hits.fp, hits.fn, hits.tn, hits.accuracy.value
        (1, 1, 1, 1, 0.5)
    """
    chance, truth = _checked(probability, outcome)
    return _counted(chance, truth, np.array([_threshold(threshold)]))[0]


def thresholds(probability: ArrayLike, outcome: ArrayLike, points: int = 101) -> pd.DataFrame:
    """The same at even steps of the threshold from 0 to 1, for a chart; (`points`, 15).

    Columns: threshold, called, tp, fp, fn, tn; accuracy, precision, recall, each followed by its ends, such as
    precision_low and precision_high; NaN where it has no value.

    Raises:
        As `at_threshold`; ConfigError below 2 points.
    """
    if points < 2:
        raise ConfigError(f"a chart needs 2 points or more, however: got={points}")
    rows = []
    for hits in _counted(*_checked(probability, outcome), np.linspace(0, 1, points)):
        row = {name: getattr(hits, name) for name in ("threshold", "called", "tp", "fp", "fn", "tn")}
        for name in FIGURES:
            figure = getattr(hits, name).to_dict()
            row |= {name: figure["value"], f"{name}_low": figure["low"], f"{name}_high": figure["high"]}
        rows.append(row)
    frame = pd.DataFrame(rows)
    shares = [name for name in frame.columns if name.startswith(FIGURES)]
    return frame.astype(dict.fromkeys(shares, np.float64))


def picture(probability: ArrayLike, outcome: ArrayLike, threshold: float) -> pd.DataFrame:
    """One row a lead, best first: the article's picture of hits and misses. Shapes (n,), (n,) -> (n, 5).

    Columns: place (1 = highest chance; ties in the given order), lead (0-based position as given), probability, outcome
    (0 or 1), kind (one of `KINDS`). Raises as `at_threshold`.
    """
    chance, truth = _checked(probability, outcome)
    lead = np.argsort(-chance, kind="stable")
    called, ordered = chance[lead] >= _threshold(threshold), truth[lead] == 1
    kind = np.select([called & ordered, called, ordered], KINDS[:3], KINDS[3])
    return pd.DataFrame(
        {
            "place": np.arange(1, len(lead) + 1),
            "lead": lead,
            "probability": chance[lead],
            "outcome": truth[lead].astype(np.int64),
            "kind": kind,
        }
    )


def _checked(probability: ArrayLike, outcome: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    truth, chance = equal_length(outcome, checked_chances(probability))
    return chance, truth


def _threshold(value: float) -> float:
    if not 0 <= value <= 1:
        raise ConfigError(f"a threshold is a chance from 0 to 1, however: got={value!r}")
    return float(value)


def _counted(chance: np.ndarray, truth: np.ndarray, at: np.ndarray) -> list[Hits]:
    n, ordered = len(chance), np.sort(chance[truth == 1])
    called = n - np.searchsorted(np.sort(chance), at)
    hit = len(ordered) - np.searchsorted(ordered, at)
    return [
        Hits(float(one), int(tp), int(all_called - tp), len(ordered) - int(tp), n - len(ordered) - int(all_called - tp))
        for one, all_called, tp in zip(at, called, hit, strict=True)
    ]


def _share(hits: int, trials: int, otherwise: str) -> Figure | Missing:
    return wilson(hits, trials) if trials else Missing(otherwise)
