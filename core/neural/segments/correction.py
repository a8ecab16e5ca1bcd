"""Stage 2: campaign or organic among the engaged, where the label of some campaign customers is missing.

    warm up on the labels as given, until the later slice's average precision is flat
       --> the teacher (mean of the weights) scores everybody
       --> its surest unlabelled, no more than are believed to be missing, count as campaign for one epoch
       --> one epoch, decide anew, ... until the decisions stand still

A label is never corrected for good: each epoch decides again, and how many were taken back is logged.
Source: SPLC (arXiv 2112.07368) with the guards of method 2.2.
# DIFF: SPLC corrects from the second epoch on whatever lies above 0.6; in a table of two classes that is most of what
# looks alike. Here the surest ones up to the number that is believed to be missing are corrected, by a teacher.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from core.errors import ConfigError, NotComputable
from core.metrics import average_precision
from core.missing_labels import Labelling, Line, Share, share_audited, share_labelled
from core.neural.segments.losses import CORRECTS, LOSSES
from core.neural.segments.perceptron import Teacher, epoch, logits, perceptron
from core.neural.segments.three_classes import LEAST, batch_of
from core.progress import Phase, Watch, nobody

WIDTHS = (128, 64)
FLAT = 0.002
"""Gain of average precision on the later slice below which it counts as flat. Source: ours."""
STILL = 0.02
"""Share of the corrections that may be taken back in an epoch once they stand still. Source: ours."""
MOST_POSITIVE = 0.95
"""Largest share of campaign customers that nnPU is told of; with all, it would learn nothing. Source: ours."""


@dataclass(frozen=True)
class Correcting:
    """How stage 2 learns."""

    loss: str = "splc"
    """One of `losses.LOSSES`."""
    epochs: int = 30
    """At most, of the warm-up and of the correction each."""
    patience: int = 4
    """Epochs without gain after which the warm-up ends, and decisions at rest after which the correction does."""
    precision: float = 0.8
    """Of those whose label is corrected in the end, the share that should be right."""

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ConfigError(f"the loss must be one of {', '.join(LOSSES)}, however: got={self.loss!r}")
        if self.epochs < 1 or self.patience < 1:
            raise ConfigError(f"epochs and patience must be 1 or more, however: got={self.epochs}, {self.patience}")
        if not 0.5 <= self.precision < 1:
            raise ConfigError(f"the precision must be at least 0.5 and below 1, however: got={self.precision}")


@dataclass(frozen=True, eq=False)
class Correction:
    """A fitted stage 2."""

    network: nn.Sequential
    labelling: Labelling
    """How many labels are missing, and how they lie over the answers of the later slice."""
    line: Line
    """From which answer on a lead without a label counts as campaign."""
    log: tuple[dict[str, float], ...] = ()
    """An epoch each: average_precision on the later slice by the labels given; corrected, how many missing labels are
    filled in; reverted, how many of those of the epoch before were taken back."""

    def answers(self, x: np.ndarray) -> np.ndarray:
        """What ranks the leads, higher = rather campaign. Shape: (n, T) -> (n,)."""
        return logits(self.network, x)[:, 0]


@dataclass(frozen=True, eq=False)
class Engaged:
    """Engaged leads: x (n, T), and label (n,) 1 where the campaign is known to have brought them, else 0."""

    x: np.ndarray
    label: np.ndarray
    audited: np.ndarray | None = None
    """Whether it did, where that was looked up: 1, 0, or NaN, (n,); None without an audit."""

    def check(self, part: str) -> None:
        """Raises NotComputable where too few carry a label, or too few do not."""
        known = int(self.label.sum())
        if min(known, len(self.label) - known) < LEAST:
            raise NotComputable(
                f"correcting labels needs at least {LEAST} engaged leads with a campaign's label and {LEAST} without "
                f"in the {part} part, however: {known:,} with and {len(self.label) - known:,} without; widen the rule "
                "of the campaign, or give more leads"
            )


def labels_carried(train: Engaged, later: Engaged) -> Share:
    """How many campaign customers carry their label: by the audit, where there is one, else by the surest leads.

    Raises:
        NotComputable: too few leads with, or without, a label in one of the parts; an audit that is too small.
    """
    train.check("training")
    later.check("calibration")
    label = np.concatenate([train.label, later.label])
    if train.audited is None or later.audited is None:
        return share_labelled(np.concatenate([train.x, later.x]), label)
    audited = np.concatenate([train.audited, later.audited])
    known = np.isfinite(audited)
    return share_audited(label[known], audited[known])


def fit_correction(
    train: Engaged,
    later: Engaged,
    how: Correcting | None = None,
    *,
    share: Share | None = None,
    seed: int = 0,
    watch: Watch = nobody,
) -> Correction:
    """Fit on `train`; the later slice ends the warm-up and draws the line. `share`: where it is known already.

    Raises:
        NotComputable: as `labels_carried`.
    """
    learner = _Learner(train, later, how or Correcting(), share or labels_carried(train, later), seed, watch)
    learner.warm_up()
    if learner.how.loss in CORRECTS:
        learner.correct()
    return learner.done()


class _Learner:
    """The network on its way: `warm_up`, then `correct`."""

    def __init__(self, train: Engaged, later: Engaged, how: Correcting, share: Share, seed: int, watch: Watch) -> None:
        self.train, self.later, self.how, self.share = train, later, how, share
        self.prior = min(float(train.label.mean()) / share.value, MOST_POSITIVE)
        torch.manual_seed(seed)
        self.network = perceptron(train.x.shape[1], WIDTHS, 1)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=1e-3, weight_decay=1e-2)
        self.rng, self.batch = np.random.default_rng(seed), batch_of(len(train.x))
        self.given = torch.from_numpy(train.label).float()
        self.filled = np.zeros(len(train.x), dtype=bool)
        self.teacher = Teacher(self.network, len(train.x) // self.batch)
        self.phase, self.log = Phase("stage 2", watch), list[dict[str, float]]()

    def warm_up(self) -> None:
        """By the labels as given; ends with the teacher of the best epoch."""
        best, kept, since = -np.inf, self.teacher.state, 0
        for _ in range(self.how.epochs):
            value = self._epoch(0)
            since = since + 1 if value <= best + FLAT else 0
            if value > best:
                best, kept = value, self.teacher.copy()
            if since >= self.how.patience:
                break
        self.teacher.state = kept
        self.network.load_state_dict(kept)

    def correct(self) -> None:
        """With missing labels filled in, decided anew before each epoch; ends when the decisions stand still."""
        missing = round(self.train.label.sum() * self.share.missing)
        if not missing:
            return
        resting = 0
        for _ in range(self.how.epochs):
            before, self.filled = self.filled, self._surest(missing)
            reverted = int((before & ~self.filled).sum())
            self._epoch(reverted)
            resting = resting + 1 if before.any() and reverted <= STILL * before.sum() else 0
            if resting >= self.how.patience:
                break

    def done(self) -> Correction:
        """The teacher, and its line."""
        self.network.load_state_dict(self.teacher.state)
        said = self._later()
        labelling = Labelling.fit(self.later.label, said, self.share)
        line = labelling.line(said[self.later.label == 0], self.how.precision)
        return Correction(self.network.eval(), labelling, line, tuple(self.log))

    def _epoch(self, reverted: int) -> float:
        now = torch.where(torch.from_numpy(self.filled), torch.ones_like(self.given), self.given)
        loss = LOSSES[self.how.loss]
        epoch(
            self.network,
            self.optimiser,
            self.train.x,
            lambda said, rows: loss(said[:, 0], self.given[rows], now[rows], self.prior),
            self.rng,
            self.batch,
            after=lambda: self.teacher.follow(self.network),
        )
        value = average_precision(self.later.label, self._later())
        corrected = float(self.filled.sum())
        self.log.append({"average_precision": value, "corrected": corrected, "reverted": float(reverted)})
        self.phase.at(len(self.log), 2 * self.how.epochs, {"validation_average_precision": value})
        return value

    def _later(self) -> np.ndarray:
        return self.teacher.said(self.network, self.later.x)[:, 0]

    def _surest(self, missing: int) -> np.ndarray:
        """The `missing` leads without a label whom the teacher takes most for campaign. Shape (n,), bool."""
        said = self.teacher.said(self.network, self.train.x)[:, 0]
        without = np.flatnonzero(self.train.label == 0)
        order = without[np.argsort(-said[without], kind="stable")]
        filled = np.zeros(len(said), dtype=bool)
        filled[order[:missing]] = True
        return filled
