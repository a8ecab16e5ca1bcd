"""One shard scored and kept: what a worker does, whichever engine it belongs to."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core import scoring
from core.bulk.frames import content_of, score_leads
from core.bulk.plan import open_plan
from core.data.stored import literal_name
from core.errors import LeadRankError
from core.progress import Watch, nobody
from core.scores import Scorer


@dataclass(frozen=True)
class Order:
    """What a worker has to know; plain values, so that it can be sent to one."""

    plan: Path
    run: Path
    device: str = "auto"
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
    """Scores shards of one plan; the model is loaded once, at the first lead that needs it."""

    def __init__(self, order: Order, tell: Callable[[str], None] | None = None) -> None:
        plan = open_plan(order.plan)
        if plan is None:
            raise LeadRankError(f"expected the shards of a lead file in '{order.plan}', however: there are none")
        self.order, self.plan, self.tell = order, plan, tell

    @cached_property
    def scorer(self) -> Scorer:
        order = self.order
        return scoring.load_scorer(order.run, device=order.device, backbone=order.backbone, tell=self.tell)

    @cached_property
    def earlier(self) -> list[Path]:
        return self.plan.earlier()

    def __call__(self, shard: int, watch: Watch = nobody) -> Done:
        """Score a shard and write the file of its scores in one step: it is there whole or not at all."""
        leads = self.plan.leads(shard)
        content = content_of(leads)
        known = _known(self.earlier, leads.lead_id, content)
        new = np.flatnonzero(~leads.lead_id.isin(known["lead_id"]))
        told = [known]
        if len(new):
            scored = score_leads(leads.take(new), self.scorer, watch, parts=self.order.parts)
            scored.insert(1, "content", content[new])
            told = [known, scored] if len(known) else [scored]
        frame = pd.concat(told, ignore_index=True)
        if sorted(frame["lead_id"]) != sorted(leads.lead_id):
            raise LeadRankError(f"shard {shard} has {len(leads):,} leads, however: other ones were scored")
        _keep(frame, self.plan.scores(shard))
        return Done(shard, len(leads), len(known))


def _known(files: list[Path], lead_id: pd.Series, content: np.ndarray) -> pd.DataFrame:
    """Rows of earlier scores for leads that are as they were; columns as in the files."""
    if not files:
        return pd.DataFrame({"lead_id": pd.Series(dtype="str")})
    query = "SELECT old.* FROM read_parquet(?) AS old SEMI JOIN now ON old.lead_id = now.lead_id "
    query += "AND old.content = now.content"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("now", pa.table({"lead_id": pa.array(lead_id, pa.string()), "content": content}))
        found = connection.sql(query, params=[[literal_name(path) for path in files]]).to_arrow_table()
    # By place: DuckDB takes no notice of case in names, and those of parts may differ in nothing else.
    frame = found.to_pandas().set_axis(pq.read_schema(files[0]).names, axis=1)
    return frame.drop_duplicates("lead_id", ignore_index=True)


def _keep(frame: pd.DataFrame, path: Path) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")  # two workers may have the same shard for a while
    try:
        frame.to_parquet(partial, index=False, compression="zstd")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
