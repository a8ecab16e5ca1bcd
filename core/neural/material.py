"""What the steps of one training run share: leads and their rows, encoder, pairs, language model, caches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
import torch

from core.config import Config
from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.data.pairs import Pairing, Reviewed
from core.data.prompts import PromptWriter
from core.data.sampling import mostly_won
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


def has_words(leads: Leads, rows: np.ndarray) -> bool:
    """Whether there is anything for a language model to read in these leads; a column of text always counts."""
    return bool((leads.dialogue.iloc[rows] != "").any()) or bool(leads.schema.features.text)


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
        self.encoder = FeatureEncoder.fit(leads.take(train))
        self.pairing = Pairing.fit(leads.take(train))
        if config.pairs == "funnel":
            self.pairing = Pairing(whole_funnel(leads.schema.funnel.stages), {})
        self.tower = self.encoder.transform(leads)
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

    def warn_of_memory(self, leads: int) -> None:
        """Say so where the states of so many leads will not fit in the memory that is free."""
        reader = self.reader()
        # Twice: shards are joined while they are still there.
        one = 2 * 4 * (reader.width + reader.hidden + 3)
        free = psutil.virtual_memory().available
        if leads * one > free:
            self.watch(
                Event(
                    f"what the language model says of {leads:,} leads takes {leads * one / 1e9:,.1f} GB of memory, "
                    f"however: {free / 1e9:,.1f} GB are free; if this run ends for want of memory, set encode_limit to "
                    f"{free // (2 * one):,} or fewer, or read off less (readout, readout_layers)"
                )
            )

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
        return self.tower[rows, :0] if fields == "prompt" else self.tower[rows]

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
        """Keep half of `encode_limit` of the later slice, at its own rate of conversions, since it calibrates."""
        most = self.config.encode_limit // 2
        if most and len(self.later) > most:
            drawn = np.random.default_rng(self.config.seed).choice(self.later, most, replace=False)
            self.later = np.sort(drawn)

    def sample(self, limit: int) -> np.ndarray:
        """At most `limit` training rows, up to half of them converted, the rest drawn evenly; ascending."""
        return mostly_won(self.train, self.leads.converted, limit, self.config.seed)
