"""What LoRA learns from, and the batches in which it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from core.config import Config
from core.data.pairs import Pairing, Pairs, Reviewed
from core.data.prompts import Tokens
from core.data.sampling import strata, stratified_batches, with_partners


@dataclass(frozen=True)
class Lesson:
    """What LoRA learns from. Shapes: tower (n, T); converted, stage, call_seconds (n,); prompts: n leads, as tokens."""

    prompts: Sequence[Tokens]
    tower: Tensor
    converted: np.ndarray
    stage: np.ndarray
    call_seconds: np.ndarray
    reviewed: Reviewed | None = None
    """What people said of pairs of these leads."""

    def pairs(self, rows: np.ndarray, pairing: Pairing) -> Pairs:
        """All pairs of a batch, by position in `rows`; a reviewed one where both of its leads are in the batch."""
        reviewed = self.reviewed.among(rows) if self.reviewed else None
        return pairing.pairs(self.stage[rows], self.converted[rows], self.call_seconds[rows], reviewed=reviewed)


def batches_of(lesson: Lesson, config: Config, epoch: int) -> list[np.ndarray]:
    """The epoch's batches: stratified so that every tier appears, or plainly shuffled; leads of a reviewed pair come
    together at least once."""
    if config.stratify:
        groups = strata(lesson.stage, lesson.converted)
        batches = stratified_batches(groups, config.batch_leads, seed=config.seed, epoch=epoch)
    else:
        order = np.random.default_rng((config.seed, epoch)).permutation(len(lesson.prompts))
        batches = np.array_split(order, -(-len(order) // config.batch_leads))
    return with_partners(batches, lesson.reviewed.chosen, lesson.reviewed.rejected) if lesson.reviewed else batches
