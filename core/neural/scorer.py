"""A run folder as a Scorer: leads in, ranked scores with calibrated probabilities out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from core.calibration import prior_shift
from core.data.leads import Leads
from core.data.masking import masked_leads
from core.data.prompts import PromptWriter
from core.data.schema import Schema
from core.engine import Engine
from core.errors import LeadRankError, RunError
from core.neural.asllr import AsLLR, Encoded, Heads, Reader
from core.neural.backbones import Backbone, reload_backbone, yes_no_tokens
from core.neural.batches import tokenize_with
from core.neural.checkpoints import Ranking, Run, add_lora, load_adapter, load_run
from core.neural.merging import merge
from core.neural.parts import Additive
from core.neural.plans import arithmetic
from core.neural.states import Shelf, encode
from core.progress import Phase, Watch, nobody
from core.scores import PART, Scores

CHUNK_LEADS = 4096
"""Leads held as prompts and states at once."""


@dataclass(frozen=True)
class Answers:
    """The heads' answers, each (n,) float64: pointwise logit, ranking score, Yes over No logit."""

    logit: np.ndarray
    score: np.ndarray
    semantic: np.ndarray


def pick_device(name: str) -> torch.device:
    """cpu, cuda, or the GPU where there is one. Raises LeadRankError where cuda is asked for and absent."""
    if name == "cuda" and not torch.cuda.is_available():
        raise LeadRankError(
            "device=cuda needs a GPU that torch can see, however: there is none; use device=auto or device=cpu"
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def make_reader(backbone: Backbone, readout: str, layers: tuple[int, ...], engine: Engine | None = None) -> Reader:
    """The backbone with its read-out; `engine` says how it is computed."""
    return Reader(backbone.model, yes_no_tokens(backbone.tokenizer), readout, layers, engine)


def make_writer(backbone: Backbone, max_tokens: int, fields: str) -> PromptWriter:
    """Prompts as this way of handing over fields needs them, never longer than the backbone's own context."""
    limit = min(max_tokens, int(getattr(backbone.model.config, "max_position_embeddings", max_tokens)))
    return PromptWriter(tokenize_with(backbone.tokenizer.backend_tokenizer), limit, include_fields=fields != "tower")


def heads_answers(heads: Heads, encoded: Encoded, tower: np.ndarray) -> Answers:
    """What the heads say of leads that were read already."""
    with torch.inference_mode():
        said = heads.cpu().eval()(encoded, torch.from_numpy(tower))
    logit, score, semantic = (v.double().numpy() for v in (said.logit, said.score, said.yes - said.no))
    return Answers(logit, score, semantic)


def apply_ranking(ranking: Ranking, answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """The score that orders the queue and the calibrated probability, each (n,)."""
    logit = prior_shift(answers.logit, ranking.sampled_rate, ranking.true_rate)
    probability = ranking.platt(logit)
    if ranking.rank_by == "pairwise":
        return answers.score, probability
    if ranking.rank_by == "pointwise":
        return logit, probability
    point = (answers.logit - ranking.pointwise_mean) / ranking.pointwise_deviation
    pair = (answers.score - ranking.pairwise_mean) / ranking.pairwise_deviation
    return (point + pair) / 2, probability


def to_scores(ranking: Ranking, lead_ids: np.ndarray, answers: Answers, **more: np.ndarray) -> Scores:
    """Ranked, with each head's answer beside, and `more` columns (n,)."""
    score, probability = apply_ranking(ranking, answers)
    return Scores.ranked(
        lead_ids,
        score,
        probability,
        pointwise_logit=answers.logit,
        pairwise_score=answers.score,
        semantic_logit=answers.semantic,
        **more,
    )


class NeuralScorer:
    """A trained run that scores leads. Make it with `load`."""

    def __init__(self, run: Run, model: AsLLR, writer: PromptWriter | None, device: torch.device, name: str) -> None:
        self.run, self.model, self.writer, self.device, self.name = run, model, writer, device, name

    @staticmethod
    def load(
        folder: Path,
        *,
        device: str = "auto",
        backbone: str | None = None,
        engine: Engine | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> NeuralScorer:
        """Rebuild the model of a run folder.

        Args:
            backbone: where its language model lies now, if it has moved.
            engine: how the language model is computed here; None = as in training.

        Raises:
            RunError: the folder is incomplete, altered or does not fit its backbone.
            BackboneError: the language model cannot be had.
        """
        run, target = load_run(folder), pick_device(device)
        reader, writer = None, None
        if run.ranking.reads:
            if run.identity is None:
                raise RunError(f"'{folder.name}' reads text but names no backbone; train again")
            base = reload_backbone(run.identity, name=backbone, on_progress=tell)
            reader = make_reader(base, run.config.readout, run.config.readout_layers, engine or run.config.engine)
            writer = make_writer(base, run.config.max_tokens, run.ranking.fields)
            if run.adapter:
                load_adapter(add_lora(base.model, run.config), run.adapter)
                if arithmetic(reader.engine, target) == torch.float32:
                    merge(base.model)
        heads = Heads(
            reader.width if reader else 0,
            reader.hidden if reader else 0,
            0 if run.ranking.fields == "prompt" else run.encoder.width,
            run.config.heads,
        )
        try:
            heads.load_state_dict(run.heads)
        except RuntimeError as error:
            raise RunError(f"'{folder.name}': the heads do not fit the model: {error}; train again") from error
        return NeuralScorer(run, AsLLR(reader, heads).to(target).eval(), writer, target, folder.name)

    def tower(self, leads: Leads) -> np.ndarray:
        """Encoded fields (n, T); width 0 where fields go through the prompt alone."""
        if self.run.ranking.fields == "prompt":
            return np.zeros((len(leads), 0), dtype=np.float32)
        return self.run.encoder.transform(leads)

    @property
    def schema(self) -> Schema:
        """Of the leads that it was trained on."""
        return self.run.schema

    def as_read(self, leads: Leads) -> Leads:
        """The leads as this run reads them: masked, unless the run was trained with mask=false."""
        return masked_leads(leads) if self.run.config.mask else leads

    def answers(self, leads: Leads, watch: Watch = nobody, cache: Shelf | None = None) -> Answers:
        """The heads' answers, in the order of `leads`; a chunk of leads is in memory at a time."""
        return _joined([heads_answers(self.model.heads, *chunk) for chunk in self._chunks(leads, watch, cache)])

    def read(self, leads: Leads, watch: Watch = nobody) -> tuple[Encoded, np.ndarray]:
        """What the language model says of these leads, on the CPU, and their encoded fields (n, T)."""
        encoded, towers = zip(*self._chunks(leads, watch), strict=True)
        joined = (torch.cat([getattr(part, name) for part in encoded]) for name in Encoded.__dataclass_fields__)
        return Encoded(*joined), np.concatenate(towers)

    def score(self, leads: Leads, watch: Watch = nobody, *, parts: bool = False) -> Scores:
        """Rank the leads; `parts` adds what each field and the words add to the score, see `core.scoring.score`."""
        lead_ids, additive, answers = leads.lead_id.to_numpy(dtype=object), None, []
        if parts:
            additive = Additive.of(self.model.heads, self.run.ranking, self.run.encoder)
        told: dict[str, list[np.ndarray]] = {}
        for encoded, tower in self._chunks(leads, watch):
            answers.append(heads_answers(self.model.heads, encoded, tower))
            for name, values in additive.parts(self.model.heads, encoded, tower).items() if additive else ():
                told.setdefault(PART + name, []).append(values)
        more = {name: np.concatenate(values) for name, values in told.items()}
        return to_scores(self.run.ranking, lead_ids, _joined(answers), **more)

    def _chunks(self, leads: Leads, watch: Watch, cache: Shelf | None = None) -> Iterator[tuple[Encoded, np.ndarray]]:
        """What the language model says of each chunk of leads, on the CPU, and their encoded fields."""
        phase = Phase("read leads", watch)
        for start in range(0, len(leads), CHUNK_LEADS):
            part = leads.take(np.arange(start, min(start + CHUNK_LEADS, len(leads))))
            encoded = Encoded.empty(len(part))
            if self.model.reader is not None and self.writer is not None:

                def tell(done: int, total: int, finished: int = start, size: int = len(part)) -> None:
                    phase.at(finished + size * done // max(total, 1), len(leads))

                prompts = self.writer.write(self.as_read(part))
                encoded = encode(self.model.reader, prompts, device=self.device, cache=cache, on_progress=tell)
            yield encoded, self.tower(part)


def _joined(parts: list[Answers]) -> Answers:
    """One after the other."""
    if not parts:
        return Answers(np.empty(0), np.empty(0), np.empty(0))
    return Answers(*(np.concatenate([getattr(p, name) for p in parts]) for name in Answers.__dataclass_fields__))
