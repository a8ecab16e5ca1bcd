"""A whole run on the tiny backbone: what it learns, what it decides, and what it keeps."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core import metrics
from core.data.leads import Leads
from core.data.schema import Schema
from core.errors import NotComputable
from core.neural import material
from core.neural.asllr import Heads
from core.neural.teaching import REST
from core.neural.trainer import Trained, train_run
from core.progress import Event, nobody
from tests.made import make_leads, tiny_config

TRAIN, LATER = np.arange(160), np.arange(160, 240)
NEW = make_leads(200, seed=9)


def run(tmp_path: Path, *settings: str, leads: Leads | None = None, watch=nobody) -> Trained:
    return train_run(leads or make_leads(), TRAIN, LATER, tiny_config(*settings), tmp_path, watch)


def auc(trained: Trained, leads: Leads) -> float:
    return metrics.auc(leads.converted, trained.scorer.score(leads).aligned(leads.lead_id)["score"].to_numpy())


def test_a_run_ranks_leads_that_it_never_saw(probed: Trained) -> None:
    assert auc(probed, NEW) > 0.72
    assert probed.run.identity is not None and not probed.run.adapter


def test_lora_never_ends_below_the_probe(tmp_path: Path) -> None:
    hopeless = run(tmp_path, "epochs=1", "lora.learning_rate=1", "learning_rate=1", "batch_leads=16")
    assert hopeless.decisions["kept"].startswith("probe:") and not hopeless.run.adapter
    alone = run(tmp_path / "alone")
    ours, theirs = (t.scorer.score(NEW).frame for t in (hopeless, alone))
    np.testing.assert_allclose(ours["score"], theirs["score"], rtol=1e-6)


def test_heads_are_fitted_to_the_leads_that_memory_holds_and_lora_learns_from_all(
    tmp_path: Path, probed: Trained
) -> None:
    reader = probed.scorer.model.reader
    assert reader is not None and "probed" not in probed.decisions
    room = 60.5 * material.COPIES * 4 * (reader.width + reader.hidden + 3) / 1e9
    small = run(tmp_path, "epochs=1", "batch_leads=16", f"memory_gb={room}")
    assert small.decisions["probed"].startswith("60 of 160 leads")
    assert small.run.history[-1]["step"] >= 160 / 16


def test_fields_alone_need_no_language_model(tmp_path: Path) -> None:
    trained = run(tmp_path, leads=make_leads(words=False))
    assert not trained.run.ranking.reads and trained.run.identity is None
    assert auc(trained, make_leads(200, seed=9, words=False)) > 0.65


def test_words_alone_and_no_tiers(tmp_path: Path) -> None:
    trained = run(tmp_path, "fields=auto", leads=make_leads(fields=False, tiers=False))
    assert trained.run.ranking.fields == "prompt"
    assert auc(trained, make_leads(200, seed=9, fields=False)) > 0.6


def test_the_pilot_chooses_and_says_why(tmp_path: Path) -> None:
    trained = run(tmp_path, "fields=auto")
    assert trained.run.ranking.fields in ("tower", "prompt", "both")
    assert all(f"{mode} 0." in trained.decisions["fields"] for mode in ("tower", "prompt", "both"))


def test_fewer_leads_are_read_and_the_prior_is_corrected(tmp_path: Path) -> None:
    trained = run(tmp_path, "encode_limit=90")
    ranking = trained.run.ranking
    assert ranking.sampled_rate > ranking.true_rate and "90 of 160" in trained.decisions["read"]
    probability = trained.scorer.score(NEW).frame["probability"]
    assert abs(probability.mean() - NEW.converted.mean()) < 0.12


def test_the_paper_preset_runs_without_a_probe(tmp_path: Path) -> None:
    trained = run(tmp_path, "probe=false", "fields=prompt", "readout=last", "epochs=1", "rank_by=pointwise")
    assert trained.decisions["kept"].startswith("LoRA") and trained.run.adapter
    assert trained.run.teaching and REST not in trained.run.teaching
    assert trained.run.ranking.rank_by == "pointwise"


def test_a_frozen_ranking_head_stays_as_drawn(tmp_path: Path) -> None:
    fixed = ("probe=false", "heads=two-layer", "epochs=1", "learning_rate=0.01", "rank_by=pointwise")
    trained = run(tmp_path, *fixed, "train_pairwise=false")
    torch.manual_seed(trained.run.config.seed)
    reader = trained.scorer.model.reader
    assert reader is not None
    drawn = Heads(reader.width, reader.hidden, trained.run.encoder.width, "two-layer").state_dict()
    ours = {name: value for name, value in trained.run.heads.items() if name.startswith(("pairwise", "pointwise"))}
    same = {name for name, value in ours.items() if torch.equal(value, drawn[name])}
    assert same == {name for name in ours if name.startswith("pairwise")} != set()
    # Frozen as it is, the pairs reach the adapters through it.
    assert any(value.any() for name, value in trained.run.adapter.items() if "lora_B" in name)


def test_the_same_seed_gives_the_same_scores_and_another_does_not(tmp_path: Path) -> None:
    settings = ("epochs=1", "lora.learning_rate=0.001")
    one, two, other = (
        run(tmp_path / name, *settings, f"seed={seed}").scorer.score(NEW).frame.set_index("lead_id")["score"]
        for name, seed in (("1", 3), ("2", 3), ("3", 4))
    )
    assert one.equals(two) and not one.equals(other)


def test_shuffled_outcomes_teach_nothing(tmp_path: Path) -> None:
    leads = make_leads(400)
    rng = np.random.default_rng(0)
    roles = leads.roles.assign(converted=rng.permutation(leads.converted), stage=-1, call_seconds=np.nan)
    trained = train_run(
        Leads(roles, leads.features, leads.schema), np.arange(300), np.arange(300, 400), tiny_config(), tmp_path, nobody
    )
    assert abs(auc(trained, NEW) - 0.5) < 0.2


def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotComputable, match="something to learn from"):
        run(tmp_path, leads=make_leads(words=False, fields=False))


def test_progress_names_its_phases(tmp_path: Path) -> None:
    seen: list[Event] = []
    run(tmp_path, "epochs=1", watch=seen.append)
    assert {"read training leads", "fit heads", "fine-tune", "validate"} <= {event.phase for event in seen}
    last = [event for event in seen if event.phase == "fine-tune"][-1]
    assert last.done == last.total and "validation_auc" in last.figures


def test_schema_without_outcome_columns_does_not_reach_the_features(probed: Trained) -> None:
    schema: Schema = probed.run.schema
    assert not {"stage", "call_seconds", "converted"} & set(probed.run.encoder.fields)
    assert set(probed.run.encoder.fields) <= set(schema.features.columns())
