"""Models of what a campaign changes, from two arms drawn at random, and plain response models beside them.

    T-learner   mu1(x) on the treated, mu0(x) on the control arm; effect = mu1 - mu0
    X-learner   the effect itself is learned: y - mu0(x) on the treated, mu1(x) - y on the control arm, mixed by the
                share treated
    response    mu1(x): who comes when reached, whatever made them come

Source: Kuenzel et al. 2019 (arXiv 1706.03461). Learners are LightGBM's trees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor

from core.errors import NotComputable

TREES: dict[str, Any] = {
    "n_estimators": 150,
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_child_samples": 200,
    "subsample": 0.8,
    "subsample_freq": 1,
    "reg_lambda": 10.0,
    "verbose": -1,
    "n_jobs": 1,  # on a busy machine two wait for each other
}
"""Small, slow trees: effects are far fainter than responses. Source: ours."""

Effect = Callable[[pd.DataFrame], np.ndarray]
"""Fields as `FeatureEncoder.table` has them -> what ranks the customers, (n,)."""


def t_learner(table: pd.DataFrame, treated: np.ndarray, came: np.ndarray, seed: int = 0) -> Effect:
    """Shapes: table (n, fields), treated (n,) bool, came (n,) 1 or 0. Raises NotComputable: an arm of one outcome."""
    with_it, without = _responses(table, treated, came, seed)
    return lambda fields: with_it(fields) - without(fields)


def x_learner(table: pd.DataFrame, treated: np.ndarray, came: np.ndarray, seed: int = 0) -> Effect:
    """As `t_learner`."""
    with_it, without = _responses(table, treated, came, seed)
    gained = _regression(table[treated], came[treated] - without(table[treated]), seed)
    missed = _regression(table[~treated], with_it(table[~treated]) - came[~treated], seed)
    share = float(treated.mean())
    return lambda fields: share * missed(fields) + (1 - share) * gained(fields)


def response(table: pd.DataFrame, treated: np.ndarray, came: np.ndarray, seed: int = 0) -> Effect:
    """As `t_learner`, but of the treated alone: what most campaigns are sent by."""
    return _chance(table[treated], came[treated], seed, "campaign")


LEARNERS = {"T-learner": t_learner, "X-learner": x_learner, "response model": response}
"""By the name that tables and charts give them."""


def _responses(table: pd.DataFrame, treated: np.ndarray, came: np.ndarray, seed: int) -> tuple[Effect, Effect]:
    return (
        _chance(table[treated], came[treated], seed, "campaign"),
        _chance(table[~treated], came[~treated], seed, "control"),
    )


def _chance(table: pd.DataFrame, came: np.ndarray, seed: int, arm: str) -> Effect:
    if not 0 < came.sum() < len(came):
        raise NotComputable(
            f"an effect needs customers who came and who did not in each arm, however: of {len(came):,} in the {arm} "
            f"arm {int(came.sum()):,} came"
        )
    model = LGBMClassifier(random_state=seed, **TREES).fit(table, came)
    return lambda fields: np.asarray(model.predict_proba(fields))[:, 1]


def _regression(table: pd.DataFrame, target: np.ndarray, seed: int) -> Effect:
    model = LGBMRegressor(random_state=seed, **TREES).fit(table, target)
    return lambda fields: np.asarray(model.predict(fields))
