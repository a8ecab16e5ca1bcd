"""One training run: probe first, then LoRA if asked for, keep what the later slice prefers, calibrate.

    training part --> choose how fields enter (pilot, out of fold) --> read each lead once --> probe
                                                                                                |
    later slice  --> validates each epoch <-- LoRA from the probe's heads (epochs > 0) <--------'
         |
         '--> which of the two ranks better, which head ranks, Platt calibration --> Trained

What was decided on the way is told in `Trained.decisions`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core import metrics
from core.config import Config
from core.data.leads import Leads
from core.data.pairs import Reviewed
from core.data.sampling import sampled_rate
from core.neural.asllr import AsLLR, Heads
from core.neural.checkpoints import Ranking, Run, adapter_state, add_lora
from core.neural.choices import choose_fields, choose_pairs, choose_ranking
from core.neural.joining import lay_down
from core.neural.lesson import batches_of
from core.neural.material import Material
from core.neural.probe import Probe, fit_probe
from core.neural.scorer import Answers, NeuralScorer, apply_ranking, heads_answers, make_writer
from core.neural.states import Shelf
from core.neural.teaching import PUSHING_LEADS, pushed_by_tier, taught_by_tier
from core.neural.tuning import Course, tune
from core.neural.workers import ALONE, Workers
from core.progress import Event, Phase, Watch

NAME = "asLLR + HPRO"


@dataclass(frozen=True)
class Trained:
    """A finished run, ready to score, and what was decided on the way, in plain words."""

    run: Run
    scorer: NeuralScorer
    decisions: dict[str, Any]


def train_run(
    leads: Leads,
    train: np.ndarray,
    calibration: np.ndarray,
    config: Config,
    work: Path,
    watch: Watch,
    shelf: Shelf | None = None,
    reviewed: Reviewed | None = None,
    workers: Workers = ALONE,
) -> Trained:
    """Train on the rows `train`; stop, choose and calibrate on the later rows `calibration`.

    Args:
        work: folder for checkpoints and, unless there is a `shelf` for them, the language model's states.
        reviewed: what people said of pairs among `leads`.
        workers: processes that wait to fine-tune with this one, the first; see `core.neural.joining`.

    Raises:
        NotComputable: nothing to learn from, or one outcome only.
        BackboneError: the language model cannot be had.
    """
    material = Material(leads, train, calibration, config, work, watch, shelf, reviewed)
    decisions: dict[str, Any] = {}
    fields, decisions["fields"] = choose_fields(material)
    reads = material.reads(fields)
    if reads:
        material.shorten_later()
    rows = material.sample(config.encode_limit) if reads and config.encode_limit else train
    probed = material.sample(material.held(), rows) if reads else rows
    if reviewed is not None:
        rows, probed = (np.union1d(part, reviewed.members) for part in (rows, probed))
    if len(rows) < len(train):
        decisions["read"] = f"{len(rows):,} of {len(train):,} training leads (encode_limit), converted ones first"
    if len(probed) < len(rows):
        decisions["probed"] = f"{len(probed):,} of {len(rows):,} leads (memory_gb), converted ones first"
    true_rate = float(leads.converted[train].mean())
    tower = material.tower_of(material.later, fields)
    probe: Probe | None = None
    teaching: dict[str, Tensor] = {}
    best: tuple[float, Ranking] | None = None
    if config.probe or not reads:
        data = material.probe_data(probed, material.read(probed, fields, "read training leads"), fields)
        watch(Event("fit heads"))
        probe = fit_probe(data, material.pairing, config, phase=Phase("fit heads", watch))
        probe, decisions["pairs"] = choose_pairs(material, data, probe)
        teaching = taught_by_tier(probe, data, material.pairing, config)
        decisions["probe"] = {"out_of_fold_auc": probe.auc, "strengths": probe.strengths}
        answers = heads_answers(probe.heads, material.read(material.later, fields, "read later slice"), tower)
        prior = float(leads.converted[probed].mean())
        ranking = choose_ranking(material, answers, probe, sampled_rate=prior, true_rate=true_rate, fields=fields)
        best = _later_auc(material, ranking, answers), ranking
        figures = {f"pair_accuracy.{tier}": share for tier, share in probe.pair_accuracy.items()}
        watch(Event("probe", figures={"validation_auc": best[0], **figures}))
    heads = probe.heads if probe else _fresh_heads(material, fields)
    kept = {name: value.clone() for name, value in heads.state_dict().items()}
    adapter: dict[str, Tensor] = {}
    history: list[dict[str, Any]] = []
    model = AsLLR(material.reader() if reads else None, heads)
    if config.epochs and not reads:
        decisions["kept"] = "probe: the language model reads nothing here, so there is nothing to fine-tune"
    elif config.epochs:
        answers, prior, history = _finetune(material, model, rows, fields, workers)
        ranking = choose_ranking(material, answers, None, sampled_rate=prior, true_rate=true_rate, fields=fields)
        value = _later_auc(material, ranking, answers)
        won = int(leads.converted[material.later].sum())
        unsure = f" (on {len(material.later):,} leads, {won:,} converted: small gaps mean nothing)"
        if best is None or value > best[0]:
            against = f"{value - best[0]:+.4f} against the probe{unsure}" if best else "no probe was fitted"
            decisions["kept"] = f"LoRA: validation AUC {value:.4f}, {against}"
            best = value, ranking
            assert model.reader is not None
            kept, adapter = model.heads.cpu().state_dict(), adapter_state(model.reader.model)
        else:
            decisions["kept"] = f"probe: validation AUC {best[0]:.4f}, {best[0] - value:+.4f} against LoRA{unsure}"
            material.fresh_backbone()
            model = AsLLR(material.reader(), heads)
            heads.load_state_dict(kept)
    assert best is not None
    ranking = best[1]
    decisions["rank_by"] = ranking.rank_by
    if ranking.platt.reversed:
        decisions["warning"] = "on the later slice higher scores went with fewer conversions: do not rely on this run"
    backbone = material.backbone() if reads else None
    run = Run(
        config,
        leads.schema,
        material.encoder,
        backbone.identity if backbone else None,
        {name: value.detach().cpu().clone() for name, value in kept.items()},
        adapter,
        ranking,
        backbone.tokenizer.backend_tokenizer if backbone else None,
        history,
        {},
        {} if adapter else teaching,
    )
    writer = make_writer(backbone, config.max_tokens, fields) if backbone else None
    scorer = NeuralScorer(run, model.to(material.device).eval(), writer, material.device, NAME)
    if adapter:
        scorer.run = run = replace(run, teaching=_pushes(material, scorer))
    return Trained(run, scorer, decisions)


def _pushes(material: Material, scorer: NeuralScorer) -> dict[str, Tensor]:
    rows, reviewed = material.sample(PUSHING_LEADS), material.reviewed
    rows = rows if reviewed is None else np.union1d(rows, reviewed.members)
    material.watch(Event("ask which tiers push where"))
    leads = material.leads.take(rows)
    return pushed_by_tier(scorer, leads, material.pairing, material.reviewed_among(rows), material.watch)


def _fresh_heads(material: Material, fields: str) -> Heads:
    torch.manual_seed(material.config.seed)
    reader = material.reader()
    width = 0 if fields == "prompt" else material.encoder.width
    heads = Heads(reader.width, reader.hidden, width, material.config.heads)
    heads.pairwise.requires_grad_(material.config.train_pairwise)
    return heads


def _later_auc(material: Material, ranking: Ranking, answers: Answers) -> float:
    return metrics.auc(material.leads.converted[material.later], apply_ranking(ranking, answers)[0])


def _finetune(
    material: Material, model: AsLLR, rows: np.ndarray, fields: str, workers: Workers
) -> tuple[Answers, float, list[dict[str, Any]]]:
    """Fine-tune in place; answers on the later slice, the sampling prior and the history of the epochs."""
    config = material.config
    assert model.reader is not None
    torch.manual_seed(config.seed)
    add_lora(model.reader.model, config)
    train, later = (material.lesson(part, fields) for part in (rows, material.later))
    course = Course(train, later, material.pairing, config, material.work)
    if workers.count > 1:
        lay_down(model, course, material.backbone().identity)
        workers.call()
    answers, history = tune(model, course, material.device, material.watch, workers)
    return answers, sampled_rate(train.converted, batches_of(train, config, 0)), history
