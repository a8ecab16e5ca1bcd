"""A segmentation as a user asks for it: both stages, what they find, and how far they can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.answers import as_json
from core.data.leads import Leads
from core.data.segment_rules import SEGMENTS, Rules
from core.decisions.segments.qini import hold_against_arms
from core.decisions.segments.recovery import Hiding, recover, summary
from core.decisions.segments.uplift import LEARNERS
from core.errors import NotComputable
from core.metrics import auc
from core.neural.segments.correction import Correcting
from core.neural.segments.segmenter import Material, Segmenter, fit_segmenter
from core.progress import Event, Watch, nobody
from core.ranking import Figure

TWO_STAGE = "two-stage segments"
"""How tables and charts name the segmentation beside uplift models."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A segmentation, its leads with their segments, and its card."""

    segmenter: Segmenter
    assigned: pd.DataFrame
    """As `Segmenter.assign`, of all leads."""
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

    The card holds: counts (leads by observed and by corrected segment), parts, engaged_auc (stage 1 on the test part),
    label_share, corrected, line, log, recovery (see `recovery.summary`; null with the reason in `recovery_why`), arms
    (see `against_arms`; null likewise).

    Raises:
        NotComputable, ValidationError, ConfigError: there is too little of a segment, or leads that cannot be split.
    """
    material = Material.of(leads, rules)
    segmenter = fit_segmenter(material, how, seed=seed, watch=watch)
    assigned = segmenter.assign(leads, watch)
    rows = material.parts.test if len(material.parts.test) else material.parts.calibration
    stage2 = segmenter.stage2
    card: dict[str, Any] = {
        "leads": len(leads),
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
    card |= _told("recovery", lambda: as_json(summary(recover(material, hiding, watch=watch))), watch)
    card |= _told("arms", lambda: against_arms(material, assigned, seed=seed), watch)
    return Trained(segmenter, assigned, card)


def counts(assigned: pd.DataFrame) -> pd.DataFrame:
    """Leads by what the rules say and what they are taken for: observed, segment, leads; for the Sankey."""
    return assigned.groupby(["observed", "segment"], sort=False).size().rename("leads").reset_index()


def against_arms(material: Material, assigned: pd.DataFrame, *, seed: int = 0, resamples: int = 500) -> dict[str, Any]:
    """The segmentation's P(campaign), uplift models and a response model, held against both arms of the test part.

    Uplift models learn from both arms of the training part, the response model and the segmentation from its treated
    alone. JSON-able: {rows: [{name, qini, auuc, top: each [value, low, high], against: Qini less that of the two-stage
    segments}], curves: {name: {share, gained}}, random: where all are 0}.

    Raises:
        NotComputable: there is no control arm, or it is too small.
    """
    rules, parts = material.rules, material.parts
    if rules.control is None:
        raise NotComputable(
            "the effect of a campaign shows only against customers left out by chance: no rule names any"
        )
    control = rules.in_control(material.leads)
    engaged = (material.labels != "low").astype(float)
    rows = parts.test if len(parts.test) else parts.calibration
    table = material.encoder.table(material.leads)
    scores = {TWO_STAGE: assigned["p_campaign"].to_numpy()[rows]}
    for name, learner in LEARNERS.items():
        effect = learner(table.iloc[parts.train], ~control[parts.train], engaged[parts.train], seed)
        scores[name] = effect(table.iloc[rows])
    found, gaps = hold_against_arms(
        scores, ~control[rows], engaged[rows], seed=seed, resamples=resamples, against=TWO_STAGE
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
    return {"rows": told, "curves": curves, "treated": int((~control[rows]).sum()), "control": int(control[rows].sum())}


def _three(figure: Figure) -> list[float]:
    return [figure.value, figure.low, figure.high]


def _told(name: str, compute: Any, watch: Watch) -> dict[str, Any]:
    """What was computed, or None and why not."""
    try:
        return {name: compute(), f"{name}_why": ""}
    except NotComputable as error:
        watch(Event(f"{name}: {error}"))
        return {name: None, f"{name}_why": str(error)}


def observed_segments(labels: np.ndarray) -> dict[str, int]:
    """Leads of each observed segment, for the editor of rules; "" are those of whom it cannot be told."""
    return {name: int((labels == name).sum()) for name in (*SEGMENTS, "")}
