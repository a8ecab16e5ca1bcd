"""What the steps of one training run share: leads and their rows, encoder, pairs, language model, caches."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import torch

from core.config import Config
from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.data.pairs import Pairing, Reviewed
from core.data.prompts import PromptWriter
from core.data.sampling import evenly, mostly_won
from core.devices import memory
from core.errors import NotComputable
from core.funnel import whole_funnel
from core.neural.asllr import Encoded, Reader
from core.neural.backbones import Backbone, load_backbone
from core.neural.lesson import Lesson
from core.neural.probe import ProbeData
from core.neural.scorer import make_reader, make_writer, pick_device
from core.neural.states import Shelf, encode
from core.neural.token_store import TokenStore, write
from core.progress import Event, Phase, Watch

HELD_SHARE = 0.4
"""Of the machine's memory, where the setting `memory_gb` does not say how much. Source: ours."""
COPIES = 5
"""Of it at once: as read and joined, as the heads take it, and of the fold that a head is fitted to. Source: ours."""


def has_words(leads: Leads, rows: np.ndarray) -> bool:
    """Whether there is anything for a language model to read in these leads; a column of text always counts."""
    said = (leads.dialogue != "").to_numpy(dtype=bool)
    return bool(said[rows].any()) or bool(leads.schema.features.text)


class Material:
    """The training part `train`, the later slice `later`, and all that is fitted on the former alone.

    Raises:
        NotComputable: there is neither a field that varies nor a word to learn from.
    """

    def __init__(
        self,
        leads: Leads,
        train: np.ndarray,
        calibration: np.ndarray,
        config: Config,
        work: Path,
        watch: Watch,
        shelf: Shelf | None = None,
        reviewed: Reviewed | None = None,
    ) -> None:
        """`shelf`: where states are kept; None = in `work`. `reviewed`: of pairs among all `leads`."""
        self.leads, self.train, self.config, self.work, self.watch = leads, train, config, work, watch
        self.shelf, self.reviewed = shelf or Shelf(work / "states"), reviewed
        self.device = pick_device(config.device)
        self.later = calibration
        learned_from = leads.without_words().take(train)
        self.encoder = FeatureEncoder.fit(learned_from)
        self.pairing = Pairing.fit(learned_from)
        if config.pairs == "funnel":
            self.pairing = Pairing(whole_funnel(leads.schema.funnel.stages), {})
        self.has_text = has_words(leads, train)
        if not self.has_text and self.encoder.width == 0:
            raise NotComputable(
                "training needs something to learn from, however: the schema names no features that vary and no "
                "dialogue has words; name columns under [features] or roles.dialogue"
            )
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

    def fresh_backbone(self) -> None:
        """Forget the language model, adapters and all; the next use loads it again."""
        self._backbone = None

    def reader(self) -> Reader:
        """The language model with its read-out."""
        return make_reader(self.backbone(), self.config.readout, self.config.readout_layers, self.config.engine)

    def held(self) -> int:
        """Of how many leads memory holds what the language model says, while heads are fitted to it.

        Asked once for all attempts at a run, which must take the same leads, on whatever machine.
        """
        note = self.work / "held.json"
        if not note.exists():
            reader = self.reader()
            one = COPIES * 4 * (reader.width + reader.hidden + 3)
            room = 1e9 * self.config.memory_gb or HELD_SHARE * memory()
            self.work.mkdir(parents=True, exist_ok=True)
            note.with_suffix(".part").write_text(json.dumps(max(int(room / one), 2)), "utf-8")
            os.replace(note.with_suffix(".part"), note)
        return int(json.loads(note.read_text("utf-8")))

    def prompts(self, rows: np.ndarray, fields: str) -> TokenStore:
        """These leads as tokens, from disk where they were written before; `fields` as in `Config.fields`."""
        backbone = self.backbone()
        identity = f"{backbone.identity.sha256} {backbone.identity.seed}"
        return write(self.leads, rows, self.writer(fields), self.work / "tokens", tokenizer=identity)

    def writer(self, fields: str) -> PromptWriter:
        """What makes prompts of leads; `fields` as in `Config.fields`."""
        return make_writer(self.backbone(), self.config.max_tokens, fields)

    def reads(self, fields: str) -> bool:
        """Whether the language model is needed: not where there is no text and fields go through the tower alone."""
        return self.has_text or fields != "tower"

    def read(self, rows: np.ndarray, fields: str, phase: str) -> Encoded:
        """Frozen states of these leads, from the cache where they were read before."""
        if not self.reads(fields):
            return Encoded.empty(len(rows))
        told = Phase(phase, self.watch, rate="tokens_per_second")
        prompts = self.prompts(rows, fields)
        return encode(self.reader(), prompts, device=self.device, cache=self.shelf, on_progress=told.at)

    def tower_of(self, rows: np.ndarray, fields: str) -> np.ndarray:
        """Encoded fields (n, T), width 0 where fields go through the prompt alone."""
        if fields == "prompt":
            return np.zeros((len(rows), 0), dtype=np.float32)
        return self.encoder.transform(self.leads.without_words().take(rows))

    def probe_data(self, rows: np.ndarray, encoded: Encoded, fields: str) -> ProbeData:
        """These leads as the probe takes them."""
        leads = self.leads
        return ProbeData(
            encoded,
            torch.from_numpy(self.tower_of(rows, fields)),
            leads.converted[rows],
            leads.stage[rows],
            leads.call_seconds[rows],
            leads.roles["customer_id"].to_numpy(dtype=object)[rows],
            self.reviewed_among(rows),
        )

    def lesson(self, rows: np.ndarray, fields: str) -> Lesson:
        """These leads as LoRA takes them."""
        leads = self.leads
        return Lesson(
            self.prompts(rows, fields),
            torch.from_numpy(self.tower_of(rows, fields)),
            leads.converted[rows],
            leads.stage[rows],
            leads.call_seconds[rows],
            self.reviewed_among(rows),
        )

    def reviewed_among(self, rows: np.ndarray) -> Reviewed | None:
        """What people said of pairs of these leads, by position in `rows`."""
        return self.reviewed.among(rows) if self.reviewed else None

    def shorten_later(self) -> None:
        """Keep half of `encode_limit`, or of what is `held`, of the later slice, at its own rate of conversions, since
        it calibrates."""
        most = min(self.config.encode_limit or self.held(), self.held()) // 2
        self.later = evenly(self.later, most, self.config.seed)

    def sample(self, limit: int, rows: np.ndarray | None = None) -> np.ndarray:
        """At most `limit` of the training rows, or of `rows` among them, up to half of them converted, the rest drawn
        evenly; ascending."""
        return mostly_won(self.train if rows is None else rows, self.leads.converted, limit, self.config.seed)
