"""A ranking score as a sum of parts, exactly, where the heads are linear: what each field adds, and what is said.

    score = sum over tower columns of w_j x_j  +  sum over states of w_k x_k  +  constant
            '-- by field: part:<field>           '-- part:dialogue

Standardised fields are 0 at the training mean, so a field's part is its difference from the average training lead. The
states are no longer centred once LoRA has moved them: their part is centred by the mean score of the later slice, which
the run keeps. All parts of a lead sum to its score less that mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from core.calibration import prior_shift
from core.data.features import FeatureEncoder
from core.neural.asllr import Encoded, Heads
from core.neural.checkpoints import Ranking
from core.scores import DIALOGUE, TEXT


@dataclass(frozen=True)
class Additive:
    """The weights of the ranking score: `weights` (D + T,) over states beside tower columns, and what they add up to.

    `average` is the score that parts are told against: with a language model the mean of the later slice, else that of
    a lead with average fields.
    """

    weights: np.ndarray
    constant: float
    average: float
    states: int
    """D, how many of the weights are the states'; 0 where no language model reads the lead."""
    encoder: FeatureEncoder
    text: str
    """What the states' part is called: `dialogue`, or `what the text says` where the prompt tells the fields too."""

    @staticmethod
    def of(heads: Heads, ranking: Ranking, encoder: FeatureEncoder) -> Additive | None:
        """None where the score is no sum: two-layer heads, or fields that only the language model reads."""
        pointwise, pairwise = heads.pointwise, heads.pairwise
        if not isinstance(pointwise, nn.Linear) or not isinstance(pairwise, nn.Linear) or ranking.fields == "prompt":
            return None
        point, point_bias = _of_head(pointwise)
        pair, pair_bias = _of_head(pairwise)
        point_mean, pair_mean = ranking.pointwise_mean, ranking.pairwise_mean
        if ranking.rank_by == "pairwise":
            weights, constant, average = pair, pair_bias, pair_mean
        elif ranking.rank_by == "pointwise":
            bias, mean = prior_shift(np.array([point_bias, point_mean]), ranking.sampled_rate, ranking.true_rate)
            weights, constant, average = point, float(bias), float(mean)
        else:
            a, b = 0.5 / ranking.pointwise_deviation, 0.5 / ranking.pairwise_deviation
            weights, average = a * point + b * pair, 0.0
            constant = a * (point_bias - point_mean) + b * (pair_bias - pair_mean)
        states = heads.widths[0]
        clash = ranking.fields != "tower" or DIALOGUE in encoder.fields
        return Additive(
            weights, constant, average if states else constant, states, encoder, TEXT if clash else DIALOGUE
        )

    def parts(self, heads: Heads, encoded: Encoded, tower: np.ndarray) -> dict[str, np.ndarray]:
        """By field that varies, and by `text` where there are states: shape (n,) each, float64, in units of the score.

        Their sum is the score less `average`.
        """
        with torch.inference_mode():
            x = heads.features(encoded, torch.from_numpy(tower)).double().numpy()
        told = x[:, self.states :] * self.weights[self.states :]
        groups = self.encoder.groups
        by_field = {
            self.encoder.fields[group]: _row_sums(told[:, groups == group]) for group in np.unique(groups).tolist()
        }
        if self.states:
            said = _row_sums(x[:, : self.states] * self.weights[: self.states])
            by_field[self.text] = said + self.constant - self.average
        return by_field


def _row_sums(x: np.ndarray) -> np.ndarray:
    """(n, width) -> (n,), of a row the same to the last bit whatever rows stand beside it: a matrix product, and a sum
    of what lies column by column in memory, add up in an order that depends on how many there are."""
    return np.ascontiguousarray(x).sum(axis=1)


def _of_head(head: nn.Linear) -> tuple[np.ndarray, float]:
    """Weights and bias in float64."""
    return head.weight.detach().double().cpu().numpy()[0], float(head.bias.detach().double())
