"""Boosted trees on the outcome as a Scorer: tuned and calibrated on the slice after the training part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm

from core.boosted.tuning import fit_binary, raw_score
from core.calibration import Platt
from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.data.schema import Schema
from core.progress import Watch, nobody
from core.scores import Scores


@dataclass(frozen=True)
class BoostedScorer:
    """LightGBM on numbers and categories; text and dialogue are not looked at."""

    schema: Schema
    encoder: FeatureEncoder
    booster: lightgbm.Booster
    platt: Platt
    parameters: dict[str, Any]
    """What the search chose, with `rounds`, the number of trees, and `average_precision` on the calibration slice."""
    name: str = "LightGBM (fields)"

    def score(self, leads: Leads, watch: Watch = nobody) -> Scores:
        """Rank by the raw logit; `probability` is Platt-scaled on the calibration slice."""
        logit = raw_score(self.booster, self.encoder.table(leads))
        return Scores.ranked(leads.lead_id, score=logit, probability=self.platt(logit))


def train_boosted(train: Leads, calibration: Leads, *, seed: int = 0, trials: int = 20) -> BoostedScorer:
    """Tune LightGBM within the budget of `tuning` and calibrate it; leads without an outcome are left out.

    Raises:
        NotComputable: there are no fields or trials, or a part lacks one of the two outcomes.
    """
    train, calibration = train.labelled("training"), calibration.labelled("calibration")
    encoder = FeatureEncoder.fit(train)
    x, held_out = encoder.table(train), encoder.table(calibration)
    trees = fit_binary(x, train.converted, held_out, calibration.converted, seed=seed, trials=trials)
    platt = Platt.fit(trees.score(held_out), calibration.converted)
    chosen = {**trees.chosen, "average_precision": trees.validation}
    return BoostedScorer(train.schema, encoder, trees.booster, platt, chosen)
