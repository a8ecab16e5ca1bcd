"""Where the scores come from that pairs are held against: a ranking of all leads by this model, or its own test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import streamlit as st

from core.data.leads import Leads
from core.data.pairs import Pairing
from core.data.reviews import apply_reviews
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

PARTS = {"train": "Leads it learned from", "test": "Later leads, unseen"}


@dataclass(frozen=True)
class Source:
    """A file of scores, never changed, and the parts of the leads that it tells of."""

    path: Path
    parts: tuple[str, ...]


def scores_of(dataset: Dataset, run: Run) -> Source | None:
    """The newest ranking of all leads, else of the test part, else what training left; None where there is none."""
    ws = shared.workspace()
    made = [each for each in scorings.scorings(ws, dataset.id, run.id) if scorings.scoring_path(ws, each.id).is_file()]
    for part, parts in (("all", ("train", "test")), ("test", ("test",))):
        for each in made:
            if each.part == part:
                return Source(scorings.scoring_path(ws, each.id), parts)
    left = runs.run_folder(ws, run.id) / "test_scores.parquet"
    own = run.dataset_id == dataset.id or dig(run.card, "data", "sha256") == dataset.sha256
    return Source(left, ("test",)) if own and left.is_file() else None


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
    return _viewed(dataset.id, str(source.path), part, said, whole)


@st.cache_data(max_entries=16, show_spinner="Counting the pairs")
def _viewed(dataset_id: str, path: str, part: str, said: tuple[int, ...], whole: bool) -> PairView:
    ws = shared.workspace()
    leads = outcomes_of(ws, dataset_id)
    parts = split_by_time(leads)
    rows = {"train": parts.train, "test": parts.test}[part]
    applied = apply_reviews(leads, rows, reviews.as_said(reviews.reviews_by_id(ws, dataset_id, said)))
    leads, train = applied.leads, applied.leads.take(parts.train)
    pairing = Pairing(whole_funnel(leads.schema.funnel.stages), {}) if whole else Pairing.fit(train)
    taken = leads.take(rows)
    return view_pairs(taken, _scores(Path(path), taken), pairing, applied.reviewed.among(rows))


def _scores(path: Path, leads: Leads) -> np.ndarray:
    """The ranking head's score of each lead, NaN where there is none; the score of the queue where it has no head."""
    column = "pairwise_score" if "pairwise_score" in pq.read_schema(path).names else "score"
    frame = pd.read_parquet(path, columns=["lead_id", column])
    if frame[column].isna().all():
        frame[column] = pd.read_parquet(path, columns=["score"])["score"]
    told = frame.set_index("lead_id")[column]
    return told.reindex(leads.lead_id.to_numpy(dtype=object)).to_numpy(dtype=np.float64)
