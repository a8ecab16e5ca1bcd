"""The model that ships: whole, small, better than the baselines on the sample's test part, and it scores as it did."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import metrics
from core.data.schema import load_schema
from core.data.splitting import split_by_time
from core.data.validation import load_leads
from core.neural.checkpoints import load_run
from core.neural.scorer import NeuralScorer
from core.scoring import load_scorer

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data"
MODEL = SAMPLE / "model"


@pytest.fixture(scope="module")
def leads():
    return load_leads(SAMPLE / "leads.csv", load_schema(SAMPLE / "schema.toml"), need_outcome=True)[0]


def test_it_is_whole_and_small_and_of_these_leads(leads) -> None:
    run = load_run(MODEL)
    assert sum(path.stat().st_size for path in MODEL.rglob("*")) < 20e6
    assert run.card["data"]["sha256"] == leads.content_hash
    assert run.identity is not None and run.identity.name == "smollm2-135m"


def test_it_is_at_least_as_good_as_trees_on_fields_and_words_with_fields(leads) -> None:
    test = leads.take(split_by_time(leads).test)
    scores = pd.read_parquet(MODEL / "test_scores.parquet").set_index("lead_id").loc[test.lead_id]
    ours = metrics.auc(test.converted, scores["score"])
    for baseline in ("LightGBM (fields)", "TF-IDF + logistic regression (words and fields)"):
        assert ours >= metrics.auc(test.converted, scores[baseline]), baseline


def test_it_scores_leads_as_when_it_was_trained(leads) -> None:
    kept = pd.read_parquet(MODEL / "test_scores.parquet").head(12)
    position = {lead: row for row, lead in enumerate(leads.lead_id)}
    few = leads.take(np.array([position[lead] for lead in kept["lead_id"]]))
    scorer = load_scorer(MODEL, device="cpu")
    assert isinstance(scorer, NeuralScorer) and scorer.run.config.mask
    again = scorer.score(few).frame.set_index("lead_id").loc[kept["lead_id"]]
    np.testing.assert_allclose(again["score"], kept["score"], atol=1e-3)
    np.testing.assert_allclose(again["probability"], kept["probability"], atol=1e-3)
