"""One shard scored and kept: what a worker does, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd

from core import scoring
from core.bulk.earlier import known_before
from core.bulk.frames import content_of, score_leads
from core.bulk.shards import open_shards
from core.data.keeping import put
from core.engine import Engine
from core.errors import LeadRankError
from core.progress import Watch, nobody
from core.scores import Scorer


@dataclass(frozen=True)
class Order:
    """What a worker has to know; plain values, so that it can be sent to one."""

    shards: Path
    run: Path
    device: str = "auto"
    engine: Engine | None = None
    """How the language model is computed: decided once, so that unlike machines compute alike."""
    backbone: str | None = None
    parts: bool = False


@dataclass(frozen=True)
class Done:
    """A shard that is finished."""

    shard: int
    leads: int
    reused: int
    """Leads whose scores were known from an earlier file."""


class ShardScorer:
    """Scores shards of one file; the model is loaded once, at the first lead that needs it."""

    def __init__(self, order: Order, tell: Callable[[str], None] | None = None) -> None:
        shards = open_shards(order.shards)
        if shards is None:
            raise LeadRankError(f"expected the shards of a lead file in '{order.shards}', however: there are none")
        self.order, self.shards, self.tell = order, shards, tell

    @cached_property
    def scorer(self) -> Scorer:
        order = self.order
        return scoring.load_scorer(
            order.run, device=order.device, backbone=order.backbone, engine=order.engine, tell=self.tell
        )

    def __call__(self, shard: int, watch: Watch = nobody) -> Done:
        """Score a shard and write the file of its scores in one step: it is there whole or not at all."""
        leads = self.shards.leads(shard)
        content = content_of(leads)
        known = known_before(self.shards.folder, shard, leads.lead_id, content)
        new = np.flatnonzero(~leads.lead_id.isin(known["lead_id"]))
        told = [known]
        if len(new):
            scored = score_leads(leads.take(new), self.scorer, watch, parts=self.order.parts)
            scored.insert(1, "content", content[new])
            told = [known, scored] if len(known) else [scored]
        frame = pd.concat(told, ignore_index=True)
        if sorted(frame["lead_id"]) != sorted(leads.lead_id):
            raise LeadRankError(f"shard {shard} has {len(leads):,} leads, however: other ones were scored")
        _keep(frame, self.shards.scores(shard))
        return Done(shard, len(leads), len(known))


def _keep(frame: pd.DataFrame, path: Path) -> None:
    partial = path.with_name(f".{path.name}.{uuid4().hex}.part")  # two workers may have the same shard for a while
    try:
        frame.to_parquet(partial, index=False, compression="zstd")
        put(partial, path)
    finally:
        partial.unlink(missing_ok=True)
