"""The parts of a score sum to it exactly, however leads are ranked, and are told only where the score is a sum."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import scoring
from core.data.leads import Leads
from core.neural import scorer as module
from core.neural.asllr import Encoded, Heads
from core.neural.parts import Additive
from core.neural.scorer import NeuralScorer, apply_ranking
from core.neural.trainer import Trained, train_run
from core.progress import nobody
from core.scores import PART
from tests.made import make_leads, tiny_config

NEW = make_leads(50, seed=4)


def changed(scorer: NeuralScorer, **ranking: Any) -> NeuralScorer:
    run = replace(scorer.run, ranking=replace(scorer.run.ranking, **ranking))
    return NeuralScorer(run, scorer.model, scorer.writer, scorer.device, scorer.name)


def part_columns(scorer: NeuralScorer, leads: Leads = NEW) -> list[str]:
    frame = scoring.score(leads, scorer, parts=True).frame
    return [str(name) for name in frame if str(name).startswith(PART)]


@pytest.mark.parametrize("rank_by", ["pairwise", "pointwise", "blend"])
def test_parts_sum_to_the_score_less_the_average_leads(
    probed: Trained, rank_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_LEADS", 20)
    scorer = changed(probed.scorer, rank_by=rank_by, sampled_rate=0.4, true_rate=0.1)
    frame = scoring.score(NEW, scorer, parts=True).frame
    parts = frame[["part:a", "part:city", "part:dialogue"]].sum(axis=1)
    later = make_leads().take(np.arange(160, 240))  # the run's later slice, whose mean score the parts are told against
    average = apply_ranking(scorer.run.ranking, scorer.answers(later))[0].mean()
    np.testing.assert_allclose(parts, frame["score"] - average, atol=1e-5)
    assert frame["part:dialogue"].std() > 0.1 and frame["part:a"].std() > 0.1
    plain = scoring.score(NEW, scorer).frame
    np.testing.assert_array_equal(plain["score"], frame["score"])
    assert not [name for name in plain if str(name).startswith(PART)]


def test_parts_are_the_same_to_the_last_bit_however_the_leads_are_split(probed: Trained) -> None:
    rng = np.random.default_rng(0)
    heads, encoder = probed.scorer.model.heads, probed.run.encoder
    additive = Additive.of(heads, probed.run.ranking, encoder)
    assert additive is not None
    encoded = Encoded.empty(37).rows(torch.arange(37))
    encoded = replace(encoded, states=torch.from_numpy(rng.normal(size=(37, additive.states))))
    tower = rng.normal(size=(37, encoder.width)).astype(np.float32)
    whole = additive.parts(heads, encoded, tower)
    for size in (1, 4, 5):
        blocks = [np.arange(start, min(start + size, 37)) for start in range(0, 37, size)]
        told = [additive.parts(heads, encoded.rows(torch.from_numpy(rows)), tower[rows]) for rows in blocks]
        for name, values in whole.items():
            np.testing.assert_array_equal(np.concatenate([part[name] for part in told]), values)


def test_a_fields_part_depends_on_that_field_alone(probed: Trained) -> None:
    before = scoring.score(NEW, probed.scorer, parts=True).frame.set_index("lead_id").loc[NEW.lead_id]
    other = replace(NEW, features=NEW.features.assign(a=NEW.features["a"] + 1))
    after = scoring.score(other, probed.scorer, parts=True).frame.set_index("lead_id").loc[NEW.lead_id]
    np.testing.assert_allclose(after["part:city"], before["part:city"], atol=1e-9)
    np.testing.assert_allclose(after["part:dialogue"], before["part:dialogue"], atol=1e-5)
    np.testing.assert_allclose(after["part:a"] - before["part:a"], after["score"] - before["score"], atol=1e-5)


def test_fields_alone_are_told_against_a_lead_with_average_fields(tmp_path: Path) -> None:
    leads = make_leads(words=False)
    trained = train_run(leads, np.arange(160), np.arange(160, 240), tiny_config(), tmp_path, nobody)
    train = leads.take(np.arange(160))
    frame = scoring.score(train, trained.scorer, parts=True).frame
    assert part_columns(trained.scorer, train) == ["part:a", "part:city"]
    parts = frame[["part:a", "part:city"]]
    np.testing.assert_allclose(parts.mean(), 0, atol=1e-5)
    np.testing.assert_allclose(parts.sum(axis=1), frame["score"] - frame["score"].mean(), atol=1e-5)


def test_there_are_no_parts_where_a_score_is_no_sum(probed: Trained) -> None:
    scorer = probed.scorer
    two = Heads(*scorer.model.heads.widths, kind="two-layer")
    assert Additive.of(two, scorer.run.ranking, scorer.run.encoder) is None
    told = replace(scorer.run.ranking, fields="prompt")
    assert Additive.of(scorer.model.heads, told, scorer.run.encoder) is None


def test_text_that_tells_the_fields_too_is_not_called_dialogue(probed: Trained) -> None:
    assert part_columns(changed(probed.scorer, fields="both")) == ["part:a", "part:city", "part:what the text says"]


def test_no_leads_have_no_parts(probed: Trained) -> None:
    assert part_columns(probed.scorer, NEW.take(np.arange(0))) == []
