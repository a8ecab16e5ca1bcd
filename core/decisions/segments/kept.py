"""What is kept of a segmentation: both stages, the uplift model where a control arm was drawn at random, the card.

segmenter.json, networks.safetensors   see `core.neural.segments.folder`
uplift.json                            fields and trees of the uplift model, as text; only with a control arm
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.data.segment_rules import Rules, inputs
from core.decisions.segments.uplift import XLearner, x_learner_from_dict
from core.errors import RunError
from core.neural.segments.folder import load_segmenter, save_segmenter
from core.neural.segments.segmenter import Segmenter
from core.progress import Watch, nobody

UPLIFT_FILE = "uplift.json"
ASKED_AT_ONCE = 100_000
"""Leads whose fields an uplift model is asked about at once."""


@dataclass(frozen=True, eq=False)
class UpliftModel:
    """An uplift model with the fields that it learned from: those of the segments, and those of `Rules.before`."""

    rules: Rules
    encoder: FeatureEncoder
    learner: XLearner

    def columns(self, leads: Leads) -> pd.DataFrame:
        """uplift, what the campaign adds to the chance to come; anyway, the chance without it. A row a lead."""
        found = [self._block(leads.take(rows)) for rows in _blocks(len(leads))]
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame({"uplift": [], "anyway": []}, dtype=float)

    def _block(self, leads: Leads) -> pd.DataFrame:
        table = self.encoder.table(inputs(leads, self.rules, uplift=True))
        return pd.DataFrame({"uplift": self.learner(table), "anyway": self.learner.anyway(table)})


@dataclass(frozen=True, eq=False)
class Kept:
    """See the head of this module."""

    segmenter: Segmenter
    uplift: UpliftModel | None
    card: dict[str, Any]
    """JSON-able: see `training.train_segments`."""

    def assign(self, leads: Leads, watch: Watch = nobody) -> pd.DataFrame:
        """As `Segmenter.assign`, with the columns of the uplift model where there is one."""
        assigned = self.segmenter.assign(leads, watch)
        return assigned if self.uplift is None else assigned.join(self.uplift.columns(leads))


def save_kept(folder: Path, kept: Kept) -> None:
    """Write the folder. Raises RunError where it is not empty."""
    save_segmenter(folder, kept.segmenter, kept.card)
    if kept.uplift is not None:
        document = {"encoder": kept.uplift.encoder.to_dict(), "learner": kept.uplift.learner.to_dict()}
        (folder / UPLIFT_FILE).write_text(json.dumps(document), "utf-8")


def load_kept(folder: Path) -> Kept:
    """What `save_kept` wrote. Raises RunError where it is incomplete or altered."""
    segmenter, card = load_segmenter(folder)
    if not card["uplift_kept"]:
        return Kept(segmenter, None, card)
    try:
        document = json.loads((folder / UPLIFT_FILE).read_text("utf-8"))
        encoder, learner = FeatureEncoder.from_dict(document["encoder"]), x_learner_from_dict(document["learner"])
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"'{folder.name}' holds no uplift model that can be read: {error}; train it again") from error
    return Kept(segmenter, UpliftModel(segmenter.rules, encoder, learner), card)


def _blocks(n: int) -> Iterator[np.ndarray]:
    for start in range(0, n, ASKED_AT_ONCE):
        yield np.arange(start, min(start + ASKED_AT_ONCE, n))
