"""Boosted trees on the fields: the baseline that a language model has to earn its cost against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np

from core.calibration import Platt
from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.data.schema import Schema
from core.errors import NotComputable
from core.progress import Watch, nobody
from core.scores import Scores

MAX_ROUNDS = 1000
"""Most trees per trial. Source: ours."""
PATIENCE = 50
"""Trees without a better average precision before a trial stops. Source: ours."""
TUNING_LEADS = 100_000
"""Trials see at most this many training leads, drawn by seed; the best is then refitted on all. Source: ours."""
FIXED: dict[str, Any] = {
    "objective": "binary",
    "metric": "average_precision",
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,  # on a busy machine two wait for each other: 32 s against 2 s for five trials on 23,000 leads
    "verbosity": -1,
}
FIRST_TRIAL: dict[str, Any] = {
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_child_samples": 20,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "lambda_l2": 1.0,
}
"""Plain settings that every search starts from, so that tuning never ends below them on the calibration slice."""


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
        table = _table(self.encoder, leads)
        logit = np.asarray(self.booster.predict(table, raw_score=True)) if len(leads) else np.empty(0)
        return Scores.ranked(leads.lead_id, score=logit, probability=self.platt(logit))


def train_boosted(train: Leads, calibration: Leads, *, seed: int = 0, trials: int = 20) -> BoostedScorer:
    """Tune LightGBM by random search and calibrate it; leads without an outcome are left out.

    The budget is `trials` settings of at most MAX_ROUNDS trees on at most TUNING_LEADS leads. Each trial stops early,
    and the trials are compared, by average precision on the calibration slice. The same seed and leads give the same
    trees.

    Raises:
        NotComputable: there are no fields, or a part lacks one of the two outcomes.
    """
    if trials < 1:
        raise NotComputable(f"trials must be 1 or more, however: got={trials}")
    train, calibration = train.labelled("training"), calibration.labelled("calibration")
    encoder = FeatureEncoder.fit(train)
    if not encoder.fields:
        raise NotComputable("LightGBM needs fields, however: the schema names no numeric or categorical feature")
    rng = np.random.default_rng(seed)
    fixed = {**FIXED, "seed": seed}
    x, y = _table(encoder, train), train.converted
    held_out = _table(encoder, calibration)
    rows = np.sort(rng.permutation(len(x))[:TUNING_LEADS])
    # Without this the first trial's smallest leaf would decide which fields the later ones may use.
    binning = {"feature_pre_filter": False, "verbosity": -1}
    data = lightgbm.Dataset(x.iloc[rows], y[rows], free_raw_data=False, params=binning)
    valid = lightgbm.Dataset(held_out, calibration.converted, reference=data, free_raw_data=False, params=binning)

    best: tuple[float, dict[str, Any], lightgbm.Booster] | None = None
    for trial in range(trials):
        chosen = FIRST_TRIAL if trial == 0 else _draw(rng)
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        parameters = {**fixed, **chosen}
        booster = lightgbm.train(parameters, data, MAX_ROUNDS, valid_sets=[valid], callbacks=[stop])
        precision = float(booster.best_score["valid_0"]["average_precision"])
        if best is None or precision > best[0]:
            best = (precision, {**chosen, "rounds": booster.best_iteration}, booster)
    assert best is not None
    precision, found, booster = best
    if len(rows) < len(x):
        settings = {key: value for key, value in found.items() if key != "rounds"}
        booster = lightgbm.train({**fixed, **settings}, lightgbm.Dataset(x, y), found["rounds"])
    logit = np.asarray(booster.predict(held_out, raw_score=True))
    platt = Platt.fit(logit, calibration.converted)
    return BoostedScorer(train.schema, encoder, booster, platt, {**found, "average_precision": precision})


def _draw(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "num_leaves": int(rng.choice([4, 7, 15, 31, 63])),
        "learning_rate": float(np.exp(rng.uniform(np.log(0.02), np.log(0.2)))),
        "min_child_samples": int(rng.choice([5, 10, 20, 50, 100, 200])),
        "feature_fraction": float(rng.uniform(0.4, 1.0)),
        "bagging_fraction": float(rng.uniform(0.6, 1.0)),
        "lambda_l2": float(np.exp(rng.uniform(np.log(0.01), np.log(100)))),
    }


def _table(encoder: FeatureEncoder, leads: Leads) -> Any:
    # LightGBM refuses names that hold characters of JSON; positions serve it as well.
    return encoder.table(leads).set_axis([f"field_{i}" for i in range(len(encoder.fields))], axis="columns")
