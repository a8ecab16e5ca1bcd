"""A segmentation as a user asks for it: both stages, what they find, and how far they can be believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from core.answers import as_json
from core.data.leads import Leads
from core.data.segment_rules import Rules
from core.decisions.segments.arms import against_arms, fit_effects
from core.decisions.segments.calibration import engaged_calibration
from core.decisions.segments.kept import Kept
from core.decisions.segments.recovery import Hiding, recover, summary
from core.errors import NotComputable
from core.neural.segments.correction import Correcting
from core.neural.segments.material import Material
from core.neural.segments.segmenter import fit_segmenter
from core.progress import Event, Watch, nobody


@dataclass(frozen=True, eq=False)
class Trained:
    """A segmentation and its leads with their segments."""

    kept: Kept
    assigned: pd.DataFrame
    """As `Kept.assign`, of all leads."""

    @property
    def card(self) -> dict[str, Any]:
        return self.kept.card


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

    The card holds: settings (of `how`), counts (leads by observed and by corrected segment), parts, engaged (whether
    stage 1's chances come true: see `engaged_calibration`), share (`missing_labels.Share`), audited (leads looked up),
    corrected, line, log, recovery (see `recovery.summary`; null with the reason in `recovery_why`),
    recovery_skipped (shares that were not tested, and why), recovery_leads, arms (see `against_arms`; null likewise),
    uplift_kept (whether an uplift model is kept).

    Raises:
        NotComputable, ValidationError, ConfigError: there is too little of a segment, or leads that cannot be split.
    """
    material, how = Material.of(leads, rules), how or Correcting()
    segmenter = fit_segmenter(material, how, seed=seed, watch=watch)
    assigned = segmenter.assign(leads, watch)
    stage2 = segmenter.stage2
    card: dict[str, Any] = {
        "leads": len(leads),
        "settings": {**asdict(how), "seed": seed},
        "parts": {name: len(getattr(material.parts, name)) for name in ("train", "calibration", "test")},
        "notes": list(material.parts.notes),
        "counts": as_json(counts(assigned)),
        "share": asdict(stage2.labelling.share),
        "audited": int(pd.notna(rules.audited(leads)).sum()),
        "corrected": int(assigned["corrected"].sum()),
        "line": as_json(stage2.line),
        "log": list(stage2.log),
        "rules": rules.to_dict(),
    }
    card |= _told("engaged", lambda: engaged_calibration(material, assigned), watch)

    def proof() -> Any:
        found = recover(material, hiding, how, watch=watch)
        card["recovery_leads"] = found.leads
        card["recovery_skipped"] = {f"{share:g}": why for share, why in found.skipped.items()}
        return as_json(summary(found.rows))

    card |= _told("recovery", proof, watch)
    uplift = None

    def arms() -> dict[str, Any]:
        nonlocal uplift, assigned
        effects, uplift = fit_effects(material, seed=seed)
        assigned = assigned.join(uplift.columns(leads))
        return against_arms(material, assigned, effects, seed=seed)

    card |= _told("arms", arms, watch)
    return Trained(Kept(segmenter, uplift, {**card, "uplift_kept": uplift is not None}), assigned)


def counts(assigned: pd.DataFrame) -> pd.DataFrame:
    """Leads by what the rules say and what they are taken for: observed, segment, leads; for the Sankey."""
    return assigned.groupby(["observed", "segment"], sort=False).size().rename("leads").reset_index()


def _told(name: str, compute: Callable[[], Any], watch: Watch) -> dict[str, Any]:
    """What was computed, or None and why not."""
    try:
        return {name: compute(), f"{name}_why": ""}
    except NotComputable as error:
        watch(Event(f"{name}: {error}"))
        return {name: None, f"{name}_why": str(error)}
