"""A segmentation as a user asks for it: both stages, what they find, and how far they can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.answers import as_json
from core.data.leads import Leads
from core.data.segment_rules import Rules
from core.decisions.segments.qini import hold_against_arms
from core.decisions.segments.recovery import Hiding, recover, summary
from core.decisions.segments.telling import TWO_STAGE, UPLIFT
from core.decisions.segments.uplift import LEARNERS
from core.errors import NotComputable
from core.metrics import auc
from core.neural.segments.correction import Correcting
from core.neural.segments.segmenter import Material, Segmenter, fit_segmenter
from core.progress import Event, Watch, nobody
from core.ranking import Figure


@dataclass(frozen=True, eq=False)
class Trained:
    """A segmentation, its leads with their segments, and its card."""

    segmenter: Segmenter
    assigned: pd.DataFrame
    """As `Segmenter.assign`, of all leads; with a control arm also uplift, what `telling.UPLIFT` says of each."""
    card: dict[str, Any]
    """JSON-able: see `train_segments`."""


def train_segments(
    leads: Leads,
    rules: Rules,
    how: Correcting | None = None,
    hiding: Hiding | None = None,
    *,
    seed: int = 0,
    watch: Watch = nobody,
) -> Trained:
    """Fit both stages, assign every lead, prove stage 2 by hiding, and hold it against the arms where there are two.

    The card holds: settings (of `how`), counts (leads by observed and by corrected segment), parts, engaged_auc (of
    stage 1 on the test part), label_share, corrected, line, log, recovery (see `recovery.summary`; null with the reason
    in `recovery_why`), arms (see `against_arms`; null likewise).

    Raises:
        NotComputable, ValidationError, ConfigError: there is too little of a segment, or leads that cannot be split.
    """
    material, how = Material.of(leads, rules), how or Correcting()
    segmenter = fit_segmenter(material, how, seed=seed, watch=watch)
    assigned = segmenter.assign(leads, watch)
    rows = material.parts.test if len(material.parts.test) else material.parts.calibration
    stage2 = segmenter.stage2
    card: dict[str, Any] = {
        "leads": len(leads),
        "settings": {**asdict(how), "seed": seed},
        "parts": {name: len(getattr(material.parts, name)) for name in ("train", "calibration", "test")},
        "notes": list(material.parts.notes),
        "counts": as_json(counts(assigned)),
        "engaged_auc": auc((material.labels[rows] != "low").astype(float), 1 - assigned["p_low"].to_numpy()[rows]),
        "label_share": stage2.labelling.share,
        "corrected": int(assigned["corrected"].sum()),
        "line": as_json(stage2.line),
        "log": list(stage2.log),
        "rules": rules.to_dict(),
    }
    card |= _told("recovery", lambda: as_json(summary(recover(material, hiding, how, watch=watch))), watch)

    def arms() -> dict[str, Any]:
        effect = effects(material, seed=seed)
        assigned["uplift"] = effect[UPLIFT]
        return against_arms(material, assigned, effect, seed=seed)

    card |= _told("arms", arms, watch)
    return Trained(segmenter, assigned, card)


def counts(assigned: pd.DataFrame) -> pd.DataFrame:
    """Leads by what the rules say and what they are taken for: observed, segment, leads; for the Sankey."""
    return assigned.groupby(["observed", "segment"], sort=False).size().rename("leads").reset_index()


def effects(material: Material, *, seed: int = 0) -> dict[str, np.ndarray]:
    """What each of `LEARNERS`, fitted on the training part, says of every lead, (n,), by its name.

    Raises:
        NotComputable: there is no control arm, or an arm in which all came or nobody did.
    """
    arm, train = _arm(material), material.parts.train
    engaged, train = (material.labels != "low").astype(float), train[np.isfinite(arm[train])]
    table = material.encoder.table(material.leads)
    return {
        name: learner(table.iloc[train], arm[train] == 1, engaged[train], seed)(table)
        for name, learner in LEARNERS.items()
    }


def against_arms(
    material: Material,
    assigned: pd.DataFrame,
    effect: Mapping[str, np.ndarray] | None = None,
    *,
    seed: int = 0,
    resamples: int = 500,
) -> dict[str, Any]:
    """The segmentation's P(campaign), uplift models and a response model, held against both arms of the test part.

    Uplift models learn from both arms of the training part, the response model and the segmentation from its treated
    alone; `effect`: what `effects` gave, where it was asked already. JSON-able: {rows: [{name, qini, auuc, top: each
    [value, low, high], against: Qini less that of the two-stage segments}], curves: {name: {share, gained}}, treated,
    control: customers of each arm}.

    Raises:
        NotComputable: there is no control arm, or it is too small.
    """
    arm, rows = _arm(material), _tested(material)
    engaged, rows = (material.labels != "low").astype(float), rows[np.isfinite(arm[rows])]
    scores = {TWO_STAGE: assigned["p_campaign"].to_numpy()[rows]}
    scores |= {name: values[rows] for name, values in (effect or effects(material, seed=seed)).items()}
    found, gaps = hold_against_arms(
        scores, arm[rows] == 1, engaged[rows], seed=seed, resamples=resamples, against=TWO_STAGE
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


def _told(name: str, compute: Any, watch: Watch) -> dict[str, Any]:
    """What was computed, or None and why not."""
    try:
        return {name: compute(), f"{name}_why": ""}
    except NotComputable as error:
        watch(Event(f"{name}: {error}"))
        return {name: None, f"{name}_why": str(error)}
