"""Models of what a campaign changes, from two arms drawn at random, and plain response models beside them.

    T-learner   mu1(x) on the treated, mu0(x) on the control arm; effect = mu1 - mu0
    X-learner   the effect itself is learned: y - mu0(x) on the treated, mu1(x) - y on the control arm, mixed by the
                share treated
    response    mu1(x): who comes when reached, whatever made them come

Source: Kuenzel et al. 2019 (arXiv 1706.03461). Learners are LightGBM's trees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import Booster, LGBMClassifier, LGBMRegressor
from lightgbm.basic import LightGBMError

from core.errors import NotComputable, RunError

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


@dataclass(frozen=True)
class XLearner:
    """A fitted X-learner: fields -> effect."""

    without: Booster
    """Who comes in the control arm: who comes anyway."""
    gained: Booster
    missed: Booster
    share: float
    """Of the customers learned from, those treated."""

    def __call__(self, fields: pd.DataFrame) -> np.ndarray:
        missed, gained = (np.asarray(one.predict(fields)) for one in (self.missed, self.gained))
        return self.share * missed + (1 - self.share) * gained

    def anyway(self, fields: pd.DataFrame) -> np.ndarray:
        """Chance to come without the campaign. -> (n,)."""
        return np.asarray(self.without.predict(fields))

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `x_learner_from_dict` reads it back."""
        return {"share": self.share, **{name: getattr(self, name).model_to_string() for name in BOOSTERS}}


BOOSTERS = ("without", "gained", "missed")


def x_learner_from_dict(document: Mapping[str, Any]) -> XLearner:
    """Inverse of `XLearner.to_dict`. Raises RunError where it is not what was written."""
    try:
        without, gained, missed = (Booster(model_str=document[name]) for name in BOOSTERS)
        return XLearner(without, gained, missed, float(document["share"]))
    except (KeyError, TypeError, ValueError, LightGBMError) as error:
        raise RunError(f"the uplift model is not what was written: {error!r}; train the segments again") from error


def t_learner(table: pd.DataFrame, treated: np.ndarray, came: np.ndarray, seed: int = 0) -> Effect:
    """Shapes: table (n, fields), treated (n,) bool, came (n,) 1 or 0. Raises NotComputable: an arm of one outcome."""
    with_it, without = _responses(table, treated, came, seed)
    return lambda fields: np.asarray(with_it.predict(fields)) - np.asarray(without.predict(fields))


def x_learner(table: pd.DataFrame, treated: np.ndarray, came: np.ndarray, seed: int = 0) -> XLearner:
    """As `t_learner`."""
    with_it, without = _responses(table, treated, came, seed)
    gained = _regression(table[treated], came[treated] - np.asarray(without.predict(table[treated])), seed)
    missed = _regression(table[~treated], np.asarray(with_it.predict(table[~treated])) - came[~treated], seed)
    return XLearner(without, gained, missed, float(treated.mean()))


def response(table: pd.DataFrame, treated: np.ndarray, came: np.ndarray, seed: int = 0) -> Effect:
    """As `t_learner`, but of the treated alone: what most campaigns are sent by."""
    model = _chance(table[treated], came[treated], seed, "campaign")
    return lambda fields: np.asarray(model.predict(fields))


LEARNERS: dict[str, Callable[..., Effect]] = {
    "T-learner": t_learner,
    "X-learner": x_learner,
    "response model": response,
}
"""By the name that tables and charts give them."""


def _responses(table: pd.DataFrame, treated: np.ndarray, came: np.ndarray, seed: int) -> tuple[Booster, Booster]:
    return (
        _chance(table[treated], came[treated], seed, "campaign"),
        _chance(table[~treated], came[~treated], seed, "control"),
    )


def _chance(table: pd.DataFrame, came: np.ndarray, seed: int, arm: str) -> Booster:
    if not 0 < came.sum() < len(came):
        raise NotComputable(
            f"an effect needs customers who came and who did not in each arm, however: of {len(came):,} in the {arm} "
            f"arm {int(came.sum()):,} came"
        )
    return LGBMClassifier(random_state=seed, **TREES).fit(table, came).booster_


def _regression(table: pd.DataFrame, target: np.ndarray, seed: int) -> Booster:
    return LGBMRegressor(random_state=seed, **TREES).fit(table, target).booster_
