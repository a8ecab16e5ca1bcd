"""The networks of a benchmark: what they share is computed once, and each learns from it by its own method.

training part --> encoder --> fields x
              --> language model, once a lead --> states --> asLLR's heads over frozen states
                                                    |
                   principal components, and the heads' answers out of fold --> embedding for the other networks
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.config import Config
from core.data.leads import Leads
from core.data.splitting import Parts
from core.errors import NotComputable
from core.funnel import Tier
from core.neural.asllr import Encoded
from core.neural.costs import Costs
from core.neural.ctr.layers import Fields
from core.neural.ctr.models import CTR, click_answer, click_loss
from core.neural.embedding import Three, embed, principal_components
from core.neural.frozen import Frozen, Variant, answer_of, loss_of, need_pairs
from core.neural.funnel_networks.aitm import AITM, aitm_loss
from core.neural.funnel_networks.esmm import ESMM, esmm_loss
from core.neural.funnel_networks.steps import Steps, conversion_answer
from core.neural.learned import Learned
from core.neural.material import Material, has_words
from core.neural.networks import Answer, Fitted, Loss, Make, Part, Recipe, Scale, answers, precision_on, search
from core.neural.probe import fit_probe
from core.neural.starts import Starts
from core.neural.states import SHARD_LEADS, Shelf
from core.neural.trainer import train_run
from core.neural.tuning import FROZEN
from core.progress import Event, Watch


class Rivals:
    """What networks share in one benchmark. It is made when an arm first asks for it."""

    def __init__(
        self, leads: Leads, parts: Parts, tested: np.ndarray, config: Config, work: Path, trials: int, watch: Watch
    ) -> None:
        self.leads, self.config, self.work, self.trials, self.watch = leads, config, work, trials, watch
        self.rows = Three(parts.train, parts.calibration, tested)
        self.costs, self.shelf = Costs(), Shelf(work / "states")
        self.reads = has_words(leads, parts.train)
        limit = config.encode_limit if self.reads else 0
        self.read_rows = replace(self.rows, train=self.material.sample(limit)) if limit else self.rows

    @property
    def material(self) -> Material:
        """Fitted on the training part: encoder, pairs; and the language model.

        Raises:
            NotComputable: there is neither a field that varies nor a word to learn from.
        """
        # Each arm says itself which pairs teach it; the setting would change them under its name.
        config = replace(self.config, pairs="tiers")
        rows = self.rows.train, self.rows.later
        return self.costs.once(
            "material", lambda: Material(self.leads, *rows, config, self.work, self.watch, self.shelf)
        )

    @property
    def encoder(self) -> Any:
        """Fitted on the training part."""
        return self.material.encoder

    @property
    def fields(self) -> Three:
        """Every lead's fields, without words."""
        return self.costs.once(
            "fields", lambda: self.rows.map(lambda rows: self._part(rows, torch.zeros(len(rows), 0)))
        )

    @property
    def encoded(self) -> Three:
        """What the language model says of the leads it reads; each is read once and kept on disk."""
        if not self.reads:
            raise NotComputable("the language model has nothing to read: these leads have neither dialogue nor text")
        names = ("train", "later", "test")
        return self.costs.once("reading", lambda: Three(*map(self._read, names)), free=True)

    @property
    def components(self) -> Three:
        """The first principal components of each lead's states, (n, K) fp32."""
        return self.costs.once("components", lambda: principal_components(self.encoded, self.config.seed))

    @property
    def states(self) -> Three:
        """Fields and components of the leads that are read; where nothing is, all leads' fields alone."""
        return self.costs.once("states", self._states) if self.reads else self.fields

    def _states(self) -> Three:
        three = zip(*(vars(one).values() for one in (self.read_rows, self.components, self.encoded)), strict=True)
        return Three(*(self._part(rows, text, said) for rows, text, said in three))

    @property
    def starts(self) -> Starts:
        """Where asLLR's networks begin."""
        customers = self.leads.roles["customer_id"].to_numpy(dtype=object)[self.read_rows.train]
        return self.costs.once("starts", lambda: Starts(self.states.train, customers, self.config, self.costs))

    def embedding(self, seed: int) -> Three:
        """What the language model tells other methods of each lead: see `core.neural.embedding.embed`."""

        def make() -> Three:
            self.watch(Event("fit heads for the embedding"))
            data = self.material.probe_data(self.read_rows.train, self.encoded.train, "prompt")
            probe = fit_probe(data, self.material.pairing, replace(self.config, seed=seed))
            return embed(self.encoded, self.components, probe)

        return self.costs.once(("embedding", seed), make)

    def embedded(self, seed: int) -> Three:
        """Fields and embedding of the leads that are read."""
        pairs = zip(vars(self.read_rows).values(), vars(self.embedding(seed)).values(), strict=True)
        return Three(*(self._part(rows, torch.from_numpy(one)) for rows, one in pairs))

    def click(self, key: str, seed: int, *, text: bool = False, groups: np.ndarray | None = None) -> Learned:
        """A click-through model on the fields, with the `text` embedding, or with `groups` (all leads,) as a field; a
        group that no training lead is in is told as none."""
        parts = self.embedded(seed) if text else self.fields
        of_columns = self.encoder.groups
        if groups is not None:
            levels = np.unique(groups[self.rows.train])
            one_hot = torch.from_numpy((groups[:, None] == levels).astype(np.float32))
            wide = zip(vars(self.rows).values(), vars(parts).values(), strict=True)
            parts = Three(*(replace(part, x=torch.cat([part.x, one_hot[rows]], dim=1)) for rows, part in wide))
            of_columns = np.append(of_columns, np.full(len(levels), of_columns.max(initial=-1) + 1))
        fields = Fields(tuple(of_columns.tolist()), parts.train.text.shape[1])
        return self._learn(lambda recipe: CTR[key](fields, recipe), parts, seed, click_loss, click_answer)

    def funnel(self, key: str, seed: int, *, text: bool = False) -> Learned:
        """A multi-task network over the stages of the funnel.

        Raises:
            NotComputable: the training leads know of no step but the order itself.
        """
        parts = self.embedded(seed) if text else self.fields
        fields = Fields(tuple(self.encoder.groups.tolist()), parts.train.text.shape[1])
        steps = Steps.of(parts.train)
        if not steps.stages:
            raise NotComputable(
                "a funnel network learns the steps before the order, however: the stages of the training leads tell of "
                "none (unknown, all alike, or the order itself); name roles.stage and funnel.stages"
            )
        network, loss = {"esmm": (ESMM, esmm_loss), "aitm": (AITM, aitm_loss)}[key]
        return self._learn(lambda recipe: network(fields, recipe, steps), parts, seed, loss, conversion_answer)

    def asllr(self, variant: Variant, seed: int) -> Learned:
        """asLLR over frozen states. Variants that differ in what ranks alone are one network, fitted once."""
        alike = replace(variant, rank_by="auto")
        fitted, values = self.costs.once(("asllr", alike, seed), lambda: self._fit_asllr(alike, seed))
        rank_by = variant.rank_by if variant.rank_by in values else max(values, key=lambda name: values[name])
        answer, parts = answer_of(rank_by), self.states
        by_tier = variant.pair_loss == "hpro" and "pairwise" in values
        tiers = variant.pairing(self.material.pairing).funnel.effective_tiers() if by_tier else ()
        told = {"rank_by": rank_by, "validation_by_head": values, "tiers": [tier.name for tier in tiers]}
        return self._learned(fitted, parts, answer, told)

    def tuned(self, changes: dict[str, Any], seed: int, *, plain_pairs: bool = False) -> Learned:
        """A whole training run with LoRA: `changes` to the settings; `plain_pairs`: outcome pairs without margin.

        It learns from the leads that asLLR over frozen states reads. The states that it begins from are read once for
        all arms where their prompts are the same, and charged here, since this arm's own cost holds all its reading.

        Raises:
            NotComputable: the language model reads nothing, so that there is nothing to tune.
        """
        if not self.reads:
            raise NotComputable("LoRA tunes the language model, however: it has nothing to read in these leads")
        leads, spared = self.leads, self.shelf.spared
        if plain_pairs:
            funnel = replace(leads.schema.funnel, tiers=(Tier("conversion", margin=0.0),))
            leads = Leads(leads.roles, leads.features, replace(leads.schema, funnel=funnel))
        config = replace(self.config, seed=seed, **changes)
        folder = self.work / f"tuned-{hashlib.sha256(repr((config, plain_pairs)).encode()).hexdigest()[:16]}"
        rows = self.read_rows.train, self.rows.later
        trained = train_run(leads, *rows, config, folder, self.watch, self.shelf)
        self.costs.charge(self.shelf.spared - spared)
        # Tens of gigabytes for each arm and seed, which none of the others can use.
        shutil.rmtree(folder / FROZEN, ignore_errors=True)

        def said(rows: np.ndarray) -> np.ndarray:
            part = leads.take(rows)
            scores = trained.scorer.score(part, self.watch).aligned(part.lead_id)
            return scores["score"].to_numpy(dtype=np.float64)

        tiers = leads.schema.funnel.effective_tiers() if config.loss.pairwise else ()
        notes = {**trained.decisions, "tiers": [tier.name for tier in tiers]}
        return Learned(lambda: said(self.rows.test), lambda: said(self.rows.later), notes)

    @property
    def read_seconds_per_1000(self) -> float | None:
        """Time of the language model's reading for 1,000 leads; None before it has read."""
        kept = self._reading()
        leads = sum(len(getattr(self.read_rows, name)) for name in kept)
        return 1000 * sum(kept.values()) / leads if leads else None

    def _reading(self) -> dict[str, float]:
        path = self.work / "reading.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else {}

    def _read(self, name: str) -> Encoded:
        """One part's states. How long reading took is kept, since a second run finds them on disk."""
        phases = {"train": "training leads", "later": "leads of the later slice", "test": "tested leads"}
        began, spared = time.perf_counter(), self.shelf.spared
        rows, shard = getattr(self.read_rows, name), SHARD_LEADS[self.material.device.type]
        kept_as = f"what is read is kept every {shard:,} leads, so that a stop loses no more than those"
        self.watch(Event(f"the language model reads {len(rows):,} {phases[name]}; {kept_as}"))
        said = self.material.read(rows, "tower", f"read {phases[name]}, in tokens")
        seconds = time.perf_counter() - began + self.shelf.spared - spared
        kept = self._reading()
        if name not in kept:
            self.work.mkdir(parents=True, exist_ok=True)
            (self.work / "reading.json").write_text(json.dumps({**kept, name: seconds}), "utf-8")
        return said

    def _part(self, rows: np.ndarray, text: Tensor, said: Encoded | None = None) -> Part:
        leads = self.leads
        words = None if said is None else torch.stack([said.yes, said.no, said.other], dim=1)
        tower = torch.from_numpy(self.material.tower_of(rows, "tower"))
        return Part(tower, text, leads.converted[rows], leads.stage[rows], leads.call_seconds[rows], words)

    def _learn(self, make: Make, parts: Three, seed: int, loss: Loss, answer: Answer) -> Learned:
        return self._learned(self._tune(make, parts, seed, loss, answer), parts, answer, {})

    def _learned(self, fitted: Fitted, parts: Three, answer: Answer, more: dict[str, Any]) -> Learned:
        """A fitted network; several answers are measured by the later slice."""
        network, scale = fitted.network, Scale.of(fitted.network, parts.later, answer)
        return Learned(
            lambda: answers(network, parts.test, answer, scale),
            lambda: answers(network, parts.later, answer, scale),
            {**_told(fitted), **more},
        )

    def _tune(
        self,
        make: Make,
        parts: Three,
        seed: int,
        loss: Loss,
        answer: Answer,
        stratify: bool = True,
        begun: bool = False,
    ) -> Fitted:
        """The best of `trials` recipes, by the later slice."""
        tune = partial(search, trials=self.trials, watch=self.watch, stratify=stratify, begun=begun)
        return tune(make, parts.train, parts.later, seed=seed, loss=loss, answer=answer)

    def _fit_asllr(self, variant: Variant, seed: int) -> tuple[Fitted, dict[str, float]]:
        """The network and, by head that may rank, the average precision on the later slice."""
        parts = self.states
        pairing, top = variant.pairing(self.material.pairing), len(self.leads.schema.funnel.stages)
        need_pairs(variant, pairing, parts.train, top)
        loss = loss_of(variant, pairing, top)
        start = self.starts.of(variant, pairing, seed)
        inputs = parts.train.text.shape[1] + parts.train.x.shape[1]

        def make(recipe: Recipe) -> nn.Module:
            return Frozen(start, inputs, recipe, variant)

        taught = _taught(variant)
        answer = answer_of("blend" if len(taught) > 1 else taught[0])
        fitted = self._tune(make, parts, seed, loss, answer, stratify=variant.stratify, begun=True)
        heads = (*taught, "blend") if len(taught) > 1 else taught
        values = {name: precision_on(fitted.network, parts.later, answer_of(name)) for name in heads}
        return fitted, values


def _taught(variant: Variant) -> tuple[str, ...]:
    """The heads that this variant trains to rank."""
    pairwise = variant.weights.pairwise > 0 and variant.pair_loss != "rcr" and not variant.frozen_pairwise
    heads = {"pointwise": variant.weights.pointwise > 0, "pairwise": pairwise}
    return tuple(name for name, trained in heads.items() if trained)


def _told(fitted: Fitted) -> dict[str, Any]:
    recipe = fitted.recipe
    names = ("learning_rate", "weight_decay", "dropout", "hidden", "dimension")
    return {"epochs": fitted.epochs, **{name: getattr(recipe, name) for name in names}}
