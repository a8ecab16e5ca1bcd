"""Where the scores come from that pairs are held against: a ranking of all leads by this model, or its own test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import streamlit as st

from core.data.contests import fit_bounds
from core.data.leads import Leads
from core.data.pairs import Pairing
from core.data.reviews import apply_reviews
from core.data.schema import Schema, schema_from_dict
from core.data.splitting import split_by_time
from core.funnel import whole_funnel
from core.jobs import records
from core.jobs.ledger import ACTIVE
from core.jobs.rankings import unfit
from core.pair_review import PairView, view_pairs
from core.workspace import reviews, runs, scorings
from core.workspace.datasets import outcomes_of
from core.workspace.tables import Dataset, Run
from pages import _shared as shared
from pages._cards import dig

PARTS = {"train": "Leads it learned from", "test": "Later leads, unseen", "all": "All these leads"}
OTHERS = "The model learned from other leads than these. What counts as a long call is told by these."
OTHER_STAGES = (
    "The model's own stages are others than those of this file, so the kinds of pairs are those of this file."
)


@dataclass(frozen=True)
class Source:
    """A file of scores, never changed, and the parts of the leads that it tells of."""

    path: Path
    parts: tuple[str, ...]
    own: bool
    """Whether the model learned from leads of this dataset."""
    same_stages: bool
    """Whether the model's funnel has the stages of this dataset: its tiers are taken then, else the dataset's."""

    @property
    def notes(self) -> list[str]:
        """What has to be known of the pairs, in plain words."""
        return [*([] if self.own else [OTHERS]), *([] if self.same_stages else [OTHER_STAGES])]


def scores_of(dataset: Dataset, run: Run) -> Source | None:
    """The newest ranking of all leads, else of the test part, else what training left; None where there is none."""
    ws = shared.workspace()
    made = [each for each in scorings.scorings(ws, dataset.id, run.id) if scorings.scoring_path(ws, each.id).is_file()]
    own = run.dataset_id == dataset.id or dig(run.card, "data", "sha256") == dataset.sha256
    same = _schema_of(run.id).funnel.stages == schema_from_dict(dataset.schema).funnel.stages
    for part, parts in (("all", ("train", "test") if own else ("all",)), ("test", ("test",))):
        for each in made:
            if each.part == part:
                return Source(scorings.scoring_path(ws, each.id), parts, own, same)
    left = runs.run_folder(ws, run.id) / "test_scores.parquet"
    return Source(left, ("test",), own, same) if own and left.is_file() else None


def _schema_of(run_id: str) -> Schema:
    return schema_from_dict(
        json.loads((runs.run_folder(shared.workspace(), run_id) / "schema.json").read_text("utf-8"))
    )


def ask_for_scores(dataset: Dataset, run: Run, why: str) -> None:
    """A button that has all leads scored, beside everybody's queue, and the progress of that job."""
    ws = shared.workspace()
    request = {"run_id": run.id, "dataset_id": dataset.id, "part": "all", "reason": "manual", "use": False}
    job = next((job for job in records.jobs(ws, kind="score") if job.request == request), None)
    if job is not None and job.state != "done":
        shared.watch_job(job.id, "The leads are scored.", role="analyst")
        if job.state in ACTIVE:
            return
    if lacks := unfit(ws, dataset, run.id):
        named = ", ".join(lacks[:3]) + (f" and {len(lacks) - 3} more" if len(lacks) > 3 else "")
        st.info(shared.literal(f"This model reads columns that these leads do not have: {named}. Choose another."))
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.text(why, width="stretch")
        if st.button("Score all these leads", type="primary", icon=":material/play_arrow:"):
            by = shared.need("analyst").email
            records.submit(ws, "score", request, by=by, label=f"Score all leads of {dataset.name}")
            st.rerun()


def pairs_under(dataset: Dataset, run: Run, source: Source, part: str) -> PairView:
    """All tiers of a part of the leads under the model's scores, with what people have said until now."""
    said = tuple(each.id for each in reviews.reviews_of(shared.workspace(), dataset.id))
    whole = str(dig(run.card, "decisions", "pairs") or "").startswith("funnel")
    return _viewed(dataset.id, run.id, source, part, said, whole)


@st.cache_data(max_entries=16, show_spinner="Counting the pairs")
def _viewed(dataset_id: str, run_id: str, source: Source, part: str, said: tuple[int, ...], whole: bool) -> PairView:
    ws, schema = shared.workspace(), _schema_of(run_id)
    leads = outcomes_of(ws, dataset_id)
    if part == "all":
        rows = train = np.arange(len(leads))
    else:
        parts = split_by_time(leads, schema.split if source.own else None)
        rows, train = {"train": parts.train, "test": parts.test}[part], parts.train
    applied = apply_reviews(leads, rows, reviews.as_said(reviews.reviews_by_id(ws, dataset_id, said)))
    leads = applied.leads
    funnel = schema.funnel if source.same_stages else leads.schema.funnel
    bounds = fit_bounds(leads.stage[train], leads.call_seconds[train], funnel)
    pairing = Pairing(whole_funnel(funnel.stages), {}) if whole else Pairing(funnel, bounds)
    taken = leads.take(rows)
    return view_pairs(taken, _scores(source.path, taken), pairing, applied.reviewed.among(rows))


def _scores(path: Path, leads: Leads) -> np.ndarray:
    """The ranking head's score of each lead, NaN where there is none; the score of the queue where it has no head."""
    column = "pairwise_score" if "pairwise_score" in pq.read_schema(path).names else "score"
    frame = pd.read_parquet(path, columns=["lead_id", column])
    if frame[column].isna().all():
        frame[column] = pd.read_parquet(path, columns=["score"])["score"]
    told = frame.set_index("lead_id")[column]
    return told.reindex(leads.lead_id.to_numpy(dtype=object)).to_numpy(dtype=np.float64)
