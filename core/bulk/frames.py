"""From frame to frame: leads in, one row of scores for each out, in their order. All means to score call this.

In Spark, with the run's folder where each worker finds it:

    from core.bulk.frames import score_frames

    columns = "lead_id string, score double, probability double, "
    columns += "pointwise_logit double, pairwise_score double, semantic_logit double"
    scores = leads.mapInPandas(lambda frames: score_frames(frames, "models/run"), schema=columns)

`leads` is a table with the columns of the run's schema, typed: what a comma or 03/04 means is decided frame by frame.
Tried with PySpark 4.3 and two partitions on one machine: what one process says, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from core import scoring
from core.data.leads import Leads
from core.data.validation import validate
from core.progress import Watch, nobody
from core.scores import Scorer


def score_leads(leads: Leads, scorer: Scorer, watch: Watch = nobody, *, parts: bool = False) -> pd.DataFrame:
    """lead_id, score, probability, then what the model adds of its own; no rank, which only the whole file can tell.

    Args:
        parts: also what each score is the sum of, see `core.scoring.score`.
    """
    frame = scoring.score(leads, scorer, watch, parts=parts).aligned(leads.lead_id)
    return frame.drop(columns="rank").astype({"lead_id": "str"})


def score_frames(
    frames: Iterable[pd.DataFrame],
    run: str | Path,
    *,
    device: str = "auto",
    backbone: str | None = None,
    parts: bool = False,
) -> Iterator[pd.DataFrame]:
    """`score_leads` for tables as people have them; the model is loaded once. Lead ids are checked within a frame.

    Raises:
        RunError, BackboneError: the model cannot be loaded.
        ValidationError: a frame does not fit the run's schema.
    """
    scorer: Scorer | None = None
    for frame in frames:
        scorer = scorer or scoring.load_scorer(Path(run), device=device, backbone=backbone)
        if len(frame):
            yield score_leads(validate(frame, scorer.schema)[0], scorer, parts=parts)


def content_of(leads: Leads) -> np.ndarray:
    """Shape (n,), uint64: a hash of all that a model reads of each lead, its dialogue and its fields.

    It is only ever compared for one lead id: that a change goes unseen has a chance of 2^-64.
    """
    read = pd.concat([leads.dialogue, leads.features], axis=1)
    return pd.util.hash_pandas_object(read, index=False).to_numpy()
