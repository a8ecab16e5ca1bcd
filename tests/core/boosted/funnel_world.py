"""A funnel with a known truth: four stages, the last the sale, which depth follows intent or something else."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit


@dataclass(frozen=True)
class World:
    x: pd.DataFrame
    stage: np.ndarray
    converted: np.ndarray
    logit: np.ndarray
    """The truth that no model sees: log odds of a sale."""


def world(n: int, seed: int, *, aligned: bool = True, intercept: float = -4.6) -> World:
    """Twelve fields: four make intent, four make leads talkative, four say nothing; about 3% buy.

    Leads that do not buy come deeper with more intent (`aligned`) or with more talk alone.
    """
    rng = np.random.default_rng(seed)
    fields = rng.normal(size=(n, 12))
    intent, talk = fields[:, :4].sum(axis=1) / 2, fields[:, 4:8].sum(axis=1) / 2
    logit = intercept + 1.5 * intent
    converted = (rng.random(n) < expit(logit)).astype(float)
    progress = (intent if aligned else talk) + rng.normal(0, 0.6, n)
    stage = np.where(converted == 1, 3, np.searchsorted([0.0, 1.0], progress))
    return World(pd.DataFrame(fields, columns=[f"f{i}" for i in range(12)]), stage, converted, logit)
