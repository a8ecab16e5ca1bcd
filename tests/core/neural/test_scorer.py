"""The scorer: order and grouping of leads do not matter, each head can rank, nobody is lost."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import LeadRankError
from core.neural import scorer as module
from core.neural.scorer import Answers, apply_ranking, pick_device
from core.neural.trainer import Trained
from tests.made import make_leads

NEW = make_leads(50, seed=4)


def test_chunks_and_order_do_not_change_a_score(probed: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = probed.scorer.score(NEW).frame.set_index("lead_id")["score"]
    monkeypatch.setattr(module, "CHUNK_LEADS", 7)
    backwards = NEW.take(np.arange(50)[::-1])
    chunked = probed.scorer.score(backwards).frame.set_index("lead_id")["score"]
    np.testing.assert_allclose(chunked.loc[whole.index], whole, atol=1e-4)


def test_one_row_a_lead_ranked_from_one(probed: Trained) -> None:
    frame = probed.scorer.score(NEW).frame
    assert sorted(frame["lead_id"]) == sorted(NEW.lead_id) and frame["rank"].tolist() == list(range(1, 51))
    assert frame["score"].is_monotonic_decreasing and frame["probability"].between(0, 1).all()


def test_no_leads_give_no_rows(probed: Trained) -> None:
    assert len(probed.scorer.score(NEW.take(np.arange(0)))) == 0


def test_each_head_can_rank(probed: Trained) -> None:
    answers = Answers(np.array([0.0, 2.0, 1.0]), np.array([3.0, 1.0, 2.0]), np.zeros(3))
    ranking = replace(probed.run.ranking, rank_by="pairwise")
    assert apply_ranking(ranking, answers)[0].argmax() == 0
    assert apply_ranking(replace(ranking, rank_by="pointwise"), answers)[0].argmax() == 1
    even = replace(
        ranking, rank_by="blend", pointwise_mean=1, pointwise_deviation=1, pairwise_mean=2, pairwise_deviation=1
    )
    np.testing.assert_allclose(apply_ranking(even, answers)[0], [0, 0, 0], atol=1e-12)


def test_a_gpu_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(LeadRankError, match="device=auto"):
        pick_device("cuda")
    assert pick_device("auto").type == "cpu"
