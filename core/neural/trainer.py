"""One training run: probe first, then LoRA if asked for, keep what the later slice prefers, calibrate.

    training part --> choose how fields enter (pilot, out of fold) --> read each lead once --> probe
                                                                                                |
    later slice  --> validates each epoch <-- LoRA from the probe's heads (epochs > 0) <--------'
         |
         '--> which of the two ranks better, which head ranks, Platt calibration --> Trained

What was decided on the way is told in `Trained.decisions`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core import metrics
from core.calibration import Platt, prior_shift
from core.config import Config
from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.data.pairs import Pairing
from core.data.prompts import Prompt
from core.data.sampling import sampled_rate
from core.errors import NotComputable
from core.neural.asllr import AsLLR, Encoded, Heads, Reader
from core.neural.backbones import Backbone, load_backbone
from core.neural.checkpoints import Ranking, Run, adapter_state, add_lora
from core.neural.finetune import Lesson, batches_of, finetune, restore
from core.neural.probe import Probe, ProbeData, fit_probe
from core.neural.scorer import (
    Answers,
    NeuralScorer,
    apply_ranking,
    heads_answers,
    make_reader,
    make_writer,
    pick_device,
)
from core.neural.states import encode
from core.progress import Event, Phase, Watch

PILOT_LEADS = 600
"""Leads on which the ways of handing over fields are compared before all are read."""


@dataclass(frozen=True)
class Trained:
    """A finished run, ready to score, and what was decided on the way, in plain words."""

    run: Run
    scorer: NeuralScorer
    decisions: dict[str, Any]


class Trainer:
    """Holds what one run shares among its steps: leads, backbone, encoder, pairs, caches."""

    def __init__(
        self, leads: Leads, train: np.ndarray, calibration: np.ndarray, config: Config, work: Path, watch: Watch
    ) -> None:
        self.leads, self.config, self.work, self.watch = leads, config, work, watch
        self.device = pick_device(config.device)
        rng = np.random.default_rng(config.seed)
        # The later slice keeps its own rate: it calibrates.
        most = config.encode_limit // 2
        self.later = (
            np.sort(rng.choice(calibration, most, replace=False)) if most and len(calibration) > most else calibration
        )
        self.train = train
        self.encoder = FeatureEncoder.fit(leads.take(train))
        self.pairing = Pairing.fit(leads.take(train))
        self.tower = self.encoder.transform(leads)
        self.has_text = bool((leads.dialogue.iloc[train] != "").any()) or bool(leads.schema.features.text)
        if not self.has_text and self.encoder.width == 0:
            raise NotComputable(
                "training needs something to learn from, however: the schema names no features that vary and no "
                "dialogue has words; name columns under [features] or roles.dialogue"
            )
        self.decisions: dict[str, Any] = {}
        self._backbone: Backbone | None = None

    def backbone(self) -> Backbone:
        """The language model, loaded at its first use."""
        if self._backbone is None:
            self._backbone = load_backbone(
                self.config.backbone,
                depth=self.config.depth or None,
                seed=self.config.seed,
                on_progress=lambda text: self.watch(Event(text)),
            )
        return self._backbone

    def reader(self) -> Reader:
        return make_reader(self.backbone(), self.config.readout, self.config.readout_layers)

    def prompts(self, rows: np.ndarray, fields: str) -> list[Prompt]:
        return make_writer(self.backbone(), self.config.max_tokens, fields).write(self.leads.take(rows))

    def read(self, rows: np.ndarray, fields: str, name: str) -> Encoded:
        """Frozen states of these leads, from the cache where they were read before."""
        if not self.reads(fields):
            return Encoded.empty(len(rows))
        phase = Phase(name, self.watch)
        prompts = self.prompts(rows, fields)
        return encode(self.reader(), prompts, device=self.device, cache=self.work / "states", on_progress=phase.at)

    def reads(self, fields: str) -> bool:
        """Whether the language model is needed: not where there is no text and fields go through the tower alone."""
        return self.has_text or fields != "tower"

    def tower_of(self, rows: np.ndarray, fields: str) -> np.ndarray:
        return self.tower[rows, :0] if fields == "prompt" else self.tower[rows]

    def probe_data(self, rows: np.ndarray, encoded: Encoded, fields: str) -> ProbeData:
        leads = self.leads
        return ProbeData(
            encoded,
            torch.from_numpy(self.tower_of(rows, fields)),
            leads.converted[rows],
            leads.stage[rows],
            leads.call_seconds[rows],
            leads.roles["customer_id"].to_numpy(dtype=object)[rows],
        )

    def choose_fields(self) -> str:
        """`prompt`, `tower` or `both`: the cheapest unless another is better out of fold by over a standard error."""
        wanted = self.config.fields
        if wanted != "auto":
            return "prompt" if self.encoder.width == 0 else wanted
        if self.encoder.width == 0:
            self.decisions["fields"] = "prompt: the schema names no numeric or categorical field that varies"
            return "prompt"
        rows = sample_rows(self.leads.converted, self.train, PILOT_LEADS, self.config.seed)
        plain = self.read(rows, "tower", "pilot: dialogue alone")
        told = self.read(rows, "both", "pilot: fields in the prompt")
        trials = {"tower": plain, "both": told, "prompt": told}
        probes = {
            mode: fit_probe(self.probe_data(rows, states, mode), self.pairing, self.config)
            for mode, states in trials.items()
        }
        outcome = self.leads.converted[rows]
        chosen = "tower"
        for mode in ("both", "prompt"):
            gain, _ = metrics.auc_difference(
                outcome, probes[mode].out_of_fold["pointwise"], probes[chosen].out_of_fold["pointwise"]
            )
            if gain.value > (gain.high - gain.low) / (2 * 1.96):
                chosen = mode
        values = ", ".join(f"{mode} {probe.auc['pointwise']:.3f}" for mode, probe in probes.items())
        self.decisions["fields"] = f"{chosen}: out-of-fold AUC on {len(rows)} training leads: {values}"
        return chosen

    def fit(self) -> Trained:
        """The whole run."""
        config = self.config
        fields = self.choose_fields()
        reads = self.reads(fields)
        rows = self.train
        if reads and config.encode_limit and len(rows) > config.encode_limit:
            rows = sample_rows(self.leads.converted, rows, config.encode_limit, config.seed)
            self.decisions["read"] = (
                f"{len(rows):,} of {len(self.train):,} training leads are read (encode_limit), converted ones first"
            )
        probe = None
        if config.probe or not reads:
            data = self.probe_data(rows, self.read(rows, fields, "read training leads"), fields)
            self.watch(Event("fit heads"))
            probe = fit_probe(data, self.pairing, config)
            self.decisions["probe"] = {"out_of_fold_auc": probe.auc, "strengths": probe.strengths}
        model = AsLLR(self.reader() if reads else None, probe.heads if probe else self._fresh_heads(fields))
        later = self.read(self.later, fields, "read later slice")
        tower = self.tower_of(self.later, fields)
        rates = (float(np.nanmean(self.leads.converted[rows])), float(np.nanmean(self.leads.converted[self.train])))
        before = heads_answers(model.heads, later, tower)
        kept, history = "probe", []
        ranking = self._rank(before, probe, rates, fields, reads)
        if config.epochs and reads:
            tuned = self._finetune(model, rows, fields)
            after = tuned[0]
            lora_ranking = self._rank(after, None, (tuned[2], rates[1]), fields, reads)
            outcome = self.leads.converted[self.later]
            value = {
                "probe": metrics.auc(outcome, apply_ranking(ranking, before)[0]) if probe else 0.0,
                "lora": metrics.auc(outcome, apply_ranking(lora_ranking, after)[0]),
            }
            history = tuned[1]
            if value["lora"] > value["probe"]:
                kept, ranking = "lora", lora_ranking
            else:
                model = AsLLR(None if not reads else self._plain_reader(), probe.heads)  # type: ignore[union-attr]
            self.decisions["kept"] = (
                f"{kept}: validation AUC {value['probe']:.4f} for the probe, {value['lora']:.4f} after LoRA"
                if probe
                else f"lora: validation AUC {value['lora']:.4f}; no probe was fitted"
            )
        elif config.epochs:
            self.decisions["kept"] = "probe: the language model reads nothing here, so there is nothing to fine-tune"
        self.decisions["rank_by"] = ranking.rank_by
        if ranking.platt.reversed:
            self.decisions["warning"] = (
                "on the later slice higher scores went with fewer conversions: do not rely on this run"
            )
        run = Run(
            config,
            self.leads.schema,
            self.encoder,
            self.backbone().identity if reads else None,
            {name: value.detach().cpu().clone() for name, value in model.heads.state_dict().items()},
            adapter_state(model.reader.model) if kept == "lora" and model.reader else {},
            ranking,
            self.backbone().tokenizer.backend_tokenizer if reads else None,
            history,
            {},
        )
        writer = make_writer(self.backbone(), config.max_tokens, fields) if reads else None
        return Trained(
            run, NeuralScorer(run, model.to(self.device).eval(), writer, self.device, "asLLR + HPRO"), self.decisions
        )

    def _fresh_heads(self, fields: str) -> Heads:
        torch.manual_seed(self.config.seed)
        reader = self.reader()
        return Heads(reader.width, reader.hidden, 0 if fields == "prompt" else self.encoder.width, self.config.heads)

    def _plain_reader(self) -> Reader:
        """The reader without the adapters that were not kept."""
        self._backbone = None
        return self.reader()

    def _finetune(self, model: AsLLR, rows: np.ndarray, fields: str) -> tuple[Answers, list[dict[str, Any]], float]:
        leads, config = self.leads, self.config
        lesson = Lesson(
            self.prompts(rows, fields),
            torch.from_numpy(self.tower_of(rows, fields)),
            leads.converted[rows],
            leads.stage[rows],
            leads.call_seconds[rows],
        )
        reader = model.reader
        assert reader is not None
        torch.manual_seed(config.seed)
        add_lora(reader.model, config)
        prompts, tower, outcome = (
            self.prompts(self.later, fields),
            self.tower_of(self.later, fields),
            leads.converted[self.later],
        )

        def validate(current: AsLLR) -> dict[str, float]:
            inner: AsLLR = getattr(current, "module", current)
            assert inner.reader is not None
            phase = Phase("validate", self.watch)
            encoded = encode(inner.reader, prompts, device=self.device, on_progress=phase.at)
            where = next(inner.heads.parameters()).device
            answers = heads_answers(inner.heads, encoded, tower)
            inner.heads.to(where)
            blend = _z(answers.logit) + _z(answers.score)
            values = {
                name: metrics.auc(outcome, s)
                for name, s in (("logit", answers.logit), ("score", answers.score), ("blend", blend))
            }
            return {
                "auc": max(values.values()),
                "pointwise_auc": values["logit"],
                "pairwise_auc": values["score"],
                "semantic_auc": metrics.auc(outcome, answers.semantic),
                "average_precision": metrics.average_precision(outcome, blend),
            }

        tuned = finetune(model, lesson, self.pairing, config, validate=validate, work=self.work, watch=self.watch)
        restore(model, tuned.state)
        model.eval()
        encoded = encode(reader, prompts, device=self.device)
        prior = sampled_rate(lesson.converted, batches_of(lesson, config, 0))
        return heads_answers(model.heads, encoded, tower), tuned.history, prior

    def _rank(
        self, later: Answers, probe: Probe | None, rates: tuple[float, float], fields: str, reads: bool
    ) -> Ranking:
        """Which head ranks, by AUC on the later slice and, for the probe, out of fold; then Platt on that slice."""
        outcome = self.leads.converted[self.later]
        said = [(outcome, later.logit, later.score)]
        if probe is not None and {"pointwise", "pairwise"} <= set(probe.out_of_fold):
            said.append(
                (
                    self.leads.converted[self._probed(probe)],
                    probe.out_of_fold["pointwise"],
                    probe.out_of_fold["pairwise"],
                )
            )
        measures: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
            "blend": lambda logit, score: _z(logit) + _z(score),
            "pairwise": lambda logit, score: score,
            "pointwise": lambda logit, score: logit,
        }
        values = {
            name: sum(np.nansum(y) * metrics.auc(y[np.isfinite(y)], measure(z, s)[np.isfinite(y)]) for y, z, s in said)
            for name, measure in measures.items()
        }
        best = max(values, key=lambda name: values[name]) if self.config.rank_by == "auto" else self.config.rank_by
        logit = prior_shift(later.logit, *rates)
        return Ranking(
            best,
            fields,
            reads,
            *rates,
            Platt.fit(logit, outcome),
            float(later.logit.mean()),
            float(later.logit.std()) or 1.0,
            float(later.score.mean()),
            float(later.score.std()) or 1.0,
        )

    def _probed(self, probe: Probe) -> np.ndarray:
        rows = self.train
        limit = self.config.encode_limit
        if limit and len(rows) > limit and len(probe.out_of_fold["pointwise"]) == limit:
            rows = sample_rows(self.leads.converted, rows, limit, self.config.seed)
        return rows


def sample_rows(converted: np.ndarray, rows: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """At most `limit` of `rows`, up to half of them converted, the rest drawn evenly; ascending."""
    if len(rows) <= limit:
        return rows
    rng = np.random.default_rng(seed)
    won, others = rows[converted[rows] == 1], rows[converted[rows] != 1]
    kept = won if len(won) <= limit // 2 else rng.choice(won, limit // 2, replace=False)
    return np.sort(np.concatenate([kept, rng.choice(others, min(limit - len(kept), len(others)), replace=False)]))


def _z(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / (values.std() or 1.0)


def train_run(
    leads: Leads, train: np.ndarray, calibration: np.ndarray, config: Config, work: Path, watch: Watch
) -> Trained:
    """Train on the rows `train`, stop, choose and calibrate on the later rows `calibration`; caches live in `work`."""
    return Trainer(leads, train, calibration, replace(config), work, watch).fit()
