"""Both stages of a segmentation together: labels from rules, chances for each lead.

rules --> campaign / organic / low --> stage 1 --> P(engaged) ------------------.
                |                                                               +--> campaign, organic, low
                '--> engaged alone --> stage 2 --> P(campaign | engaged) -------'
                                          '--> line: from where on a missing label is filled in
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.data.schema import Schema
from core.data.segment_rules import SEGMENTS, Rules, inputs
from core.neural.segments.correction import Correcting, Correction, fit_correction
from core.neural.segments.material import Material
from core.neural.segments.three_classes import ThreeClasses, fit_classes
from core.progress import Phase, Watch, nobody

ENCODED_AT_ONCE = 100_000
"""Leads held as encoded fields at once when segments are assigned: 40 MB at a hundred columns."""


@dataclass(frozen=True, eq=False)
class Segmenter:
    """A fitted segmentation."""

    rules: Rules
    schema: Schema
    encoder: FeatureEncoder
    blind_encoder: FeatureEncoder
    """Of stage 2: without the columns that only tell whether a campaign could be seen."""
    stage1: ThreeClasses
    stage2: Correction

    def assign(self, leads: Leads, watch: Watch = nobody) -> pd.DataFrame:
        """Segments and chances, a row a lead in the order of `leads`.

        Columns: lead_id; observed, what the rules say (campaign, organic, low, "" unknown); segment, campaign, organic
        or low: of an engaged lead without a label by its audit, else by stage 2 and its line, of one whose engagement
        is unknown the likeliest; corrected, whether a missing label was filled in; by, `rules` where what is known of
        the lead decided the segment (its audit too), `model` where a label was filled in or engagement is unknown;
        p_campaign, p_organic, p_low, before anything is known of the lead's response; p_campaign_if_engaged; answer,
        what stage 2 ranks by.

        Raises:
            ConfigError: the leads lack columns that the rules ask for.
            ValidationError: they lack fields that were learned from.
        """
        phase, found = Phase("assign segments", watch), []
        observed = self.rules.labels(leads)  # of all at once: who may still come hangs on the newest lead
        for rows in _blocks(len(leads)):
            found.append(self._block(leads.take(rows), observed[rows]))
            phase.at(int(rows[-1]) + 1, len(leads))
        return pd.concat(found, ignore_index=True) if found else self._block(leads, observed)

    def _block(self, leads: Leads, observed: np.ndarray) -> pd.DataFrame:
        chance = self.stage1.chances(self.encoder.transform(inputs(leads, self.rules)))
        answer = self.stage2.answers(self.blind_encoder.transform(inputs(leads, self.rules, blind=True)))
        campaign = self.stage2.labelling.positive(answer)
        engaged = 1 - chance[:, SEGMENTS.index("low")]
        p = np.column_stack([engaged * campaign, engaged * (1 - campaign), 1 - engaged])
        audited = self.rules.audited(leads)
        sure = np.where(np.isfinite(audited), audited == 1, answer >= self.stage2.line.threshold)
        corrected = (observed == "organic") & sure & (self.rules.arm(leads) != 0)
        likeliest = np.array(SEGMENTS, dtype=object)[p.argmax(axis=1)] if len(p) else observed
        segment = np.where(observed == "", likeliest, np.where(corrected, "campaign", observed))
        by_model = (observed == "") | (corrected & ~np.isfinite(audited))
        return pd.DataFrame(
            {
                "lead_id": leads.lead_id.to_numpy(dtype=object),
                "observed": observed,
                "segment": segment,
                "corrected": corrected,
                "by": np.where(by_model, "model", "rules").astype(object),
                "p_campaign": p[:, 0],
                "p_organic": p[:, 1],
                "p_low": p[:, 2],
                "p_campaign_if_engaged": campaign,
                "answer": answer,
            }
        )


def fit_segmenter(
    material: Material, how: Correcting | None = None, *, seed: int = 0, watch: Watch = nobody
) -> Segmenter:
    """Fit both stages on the reached of the training part; the later slice stops, scales and draws the line.

    Raises:
        NotComputable: a segment is too small to be learned.
    """
    train, later = (material.labelled(rows) for rows in (material.parts.train, material.parts.calibration))
    stage1 = fit_classes(train, later, names=SEGMENTS, seed=seed, watch=watch)
    del train, later  # encoded fields of one stage at a time
    before, after = (material.engaged(rows) for rows in (material.parts.train, material.parts.calibration))
    stage2 = fit_correction(before, after, how, seed=seed, watch=watch)
    return Segmenter(material.rules, material.leads.schema, material.encoder, material.blind_encoder, stage1, stage2)


def _blocks(n: int) -> Iterator[np.ndarray]:
    for start in range(0, n, ENCODED_AT_ONCE):
        yield np.arange(start, min(start + ENCODED_AT_ONCE, n))
