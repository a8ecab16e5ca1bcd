"""The segments held against customers left out of the campaign by chance, beside uplift and response models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from core.data.features import FeatureEncoder
from core.data.segment_rules import inputs
from core.decisions.segments.kept import UpliftModel
from core.decisions.segments.qini import hold_against_arms
from core.decisions.segments.telling import TWO_STAGE, UPLIFT
from core.decisions.segments.uplift import LEARNERS, XLearner
from core.errors import NotComputable
from core.neural.segments.material import Material
from core.ranking import Figure


def fit_effects(material: Material, *, seed: int = 0) -> tuple[dict[str, np.ndarray], UpliftModel]:
    """What each of `LEARNERS`, fitted on both arms of the training part, says of every lead, (n,), by its name; and the
    one that is kept, `telling.UPLIFT`.

    Raises:
        NotComputable: there is no control arm, or an arm in which all came or nobody did.
    """
    arm, rows = _arm(material), material.parts.train
    rows = rows[np.isfinite(arm[rows])]
    leads = inputs(material.leads, material.rules, uplift=True)
    encoder = FeatureEncoder.fit(leads.take(rows))
    table, came = encoder.table(leads), (material.labels != "low").astype(float)
    learned = {name: learner(table.iloc[rows], arm[rows] == 1, came[rows], seed) for name, learner in LEARNERS.items()}
    kept = learned[UPLIFT]
    assert isinstance(kept, XLearner)
    return {name: one(table) for name, one in learned.items()}, UpliftModel(material.rules, encoder, kept)


def against_arms(
    material: Material,
    assigned: pd.DataFrame,
    effects: Mapping[str, np.ndarray],
    *,
    seed: int = 0,
    resamples: int = 500,
) -> dict[str, Any]:
    """The segmentation's P(campaign), uplift models and a response model, held against both arms of the test part.

    Uplift models learn from both arms of the training part, the response model and the segmentation from its treated
    alone; `effects`: as `fit_effects` gives them. Customers are resampled with all their leads. JSON-able: {rows:
    [{name, qini, auuc, top: each [value, low, high], against: Qini less that of the two-stage segments}], curves:
    {name: {share, gained}}, treated, control: leads of each arm}.

    Raises:
        NotComputable: there is no control arm, or it is too small.
    """
    arm, rows = _arm(material), _tested(material)
    rows = rows[np.isfinite(arm[rows])]
    scores = {TWO_STAGE: assigned["p_campaign"].to_numpy()[rows]}
    scores |= {name: values[rows] for name, values in effects.items()}
    found, gaps = hold_against_arms(
        scores,
        arm[rows] == 1,
        (material.labels[rows] != "low").astype(float),
        customers=material.leads.roles["customer_id"].to_numpy(dtype=object)[rows],
        seed=seed,
        resamples=resamples,
        against=TWO_STAGE,
    )
    told = [
        {
            "name": name,
            **{figure: _three(getattr(one, figure)) for figure in ("qini", "auuc", "top")},
            "against": _three(gaps[name]) if name in gaps else None,
        }
        for name, one in found.items()
    ]
    curves = {name: {"share": one.share.tolist(), "gained": one.gained.tolist()} for name, one in found.items()}
    return {"rows": told, "curves": curves, "treated": int(arm[rows].sum()), "control": int((arm[rows] == 0).sum())}


def _arm(material: Material) -> np.ndarray:
    """1 reached, 0 left out by chance, NaN unknown. Shape (n,)."""
    if material.rules.control is None:
        raise NotComputable(
            "the effect of a campaign shows only against customers left out by chance: no rule names any"
        )
    return material.rules.arm(material.leads)


def _tested(material: Material) -> np.ndarray:
    """The test part. Raises NotComputable where there is none: the later slice drew the line."""
    if not len(material.parts.test):
        raise NotComputable("a proof needs later leads that nothing was chosen by: set split.train_share below 1")
    return material.parts.test


def _three(figure: Figure) -> list[float]:
    return [figure.value, figure.low, figure.high]
