"""Leads as both stages take them: labels by the rules, parts by time, fields encoded on the training part."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.data.segment_rules import SEGMENTS, Rules, inputs
from core.data.splitting import Parts, split_by_time
from core.errors import ConfigError, NotComputable
from core.neural.segments.correction import Engaged
from core.neural.segments.three_classes import Labelled

LEARNED = 200_000
"""Leads of a part that a stage learns from, drawn by chance where there are more: so many encoded fields are held at
once, 80 MB at a hundred columns."""


@dataclass(frozen=True, eq=False)
class Material:
    """See the head of this module."""

    leads: Leads
    rules: Rules
    labels: np.ndarray
    """As `Rules.labels`, (n,)."""
    parts: Parts
    encoder: FeatureEncoder
    blind_encoder: FeatureEncoder
    """Without the columns that only tell whether a campaign could be seen."""

    @staticmethod
    def of(leads: Leads, rules: Rules) -> Material:
        """Raises ConfigError, ValidationError, NotComputable: nothing to learn from, or leads that cannot be split."""
        gone = [name for name in rules.blind if name not in leads.schema.features.columns()]
        if gone:
            raise ConfigError(f"`blind` names fields of these leads, however: there is no '{gone[0]}'")
        labels = rules.labels(leads)
        counts = {name: int((labels == name).sum()) for name in SEGMENTS}
        if min(counts.values()) == 0:
            told = ", ".join(f"{name} {count:,}" for name, count in counts.items())
            raise NotComputable(f"the rules must find leads of each kind, however: {told}; look at their values")
        engaged = np.where(labels == "", np.nan, (labels != "low").astype(np.float64))
        parts = split_by_time(replace(leads, roles=leads.roles.assign(converted=engaged)))
        train = leads.take(parts.train)
        encoders = [FeatureEncoder.fit(inputs(train, rules, blind=blind)) for blind in (False, True)]
        if min(encoder.width for encoder in encoders) == 0:
            raise NotComputable("segments need a field that varies, however: none does beside those of the rules")
        return Material(leads, rules, labels, parts, *encoders)

    def encoded(self, rows: np.ndarray, *, blind: bool) -> np.ndarray:
        """Fields of these leads (n, T) fp32."""
        encoder, taken = self.blind_encoder if blind else self.encoder, self.leads.take(rows)
        return encoder.transform(inputs(taken, self.rules, blind=blind))

    def reached(self, rows: np.ndarray, most: int = LEARNED) -> np.ndarray:
        """Those of `rows` whom the campaign could bring: known not to be of the control arm; `most` drawn by chance."""
        return _drawn(rows[self.rules.arm(self.leads.take(rows)) == 1], most)

    def engaged_rows(self, rows: np.ndarray, most: int = LEARNED) -> np.ndarray:
        """The reached and engaged among `rows`; `most` drawn by chance."""
        rows = self.reached(rows, len(rows))
        return _drawn(rows[np.isin(self.labels[rows], SEGMENTS[:2])], most)

    def labelled(self, rows: np.ndarray) -> Labelled:
        """The reached among `rows` with the place of their label in `SEGMENTS`."""
        rows = self.reached(rows)
        return Labelled(self.encoded(rows, blind=False), np.array([SEGMENTS.index(name) for name in self.labels[rows]]))

    def engaged(self, rows: np.ndarray, most: int = LEARNED) -> Engaged:
        """The reached and engaged among `rows`, as `engaged_rows` has them."""
        rows = self.engaged_rows(rows, most)
        label = (self.labels[rows] == "campaign").astype(np.int64)
        audited = self.rules.audited(self.leads.take(rows)) if self.rules.audit else None
        return Engaged(self.encoded(rows, blind=True), label, audited)


def _drawn(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of them, in their order, the same ones each time."""
    return rows if len(rows) <= most else np.sort(np.random.default_rng(0).permutation(rows)[:most])
