"""How each arm learns and scores; one that cannot on these leads raises NotComputable, and is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from core.benchmark.arms import Arm
from core.boosted.chain import fit_chain
from core.boosted.graded import doubling_gains, fit_graded, grades, queries, steep_gains
from core.boosted.scorer import train_boosted
from core.boosted.tuning import fit_binary
from core.config import Config, Lora, LossWeights
from core.data.leads import Leads
from core.data.splitting import Parts
from core.data.validation import plain_stage
from core.errors import NotComputable
from core.heuristics import funnel_recency, newest, two_stage
from core.neural.embedding import Three
from core.neural.frozen import Variant
from core.neural.learned import Learned
from core.neural.rivals import Rivals
from core.scores import Scorer
from core.words import train_logistic, train_words

TREE_TRIALS = 20
"""Settings tried for each tree model; trees are quick. Source: core.boosted."""
GROUPS = 10
"""Most funnel groups that a numeric column makes; one with more values is cut at its quantiles. Source: ours."""
_SUMS = LossWeights(pointwise=64.0, pairwise=1.0, semantic=16.0)
"""What the three terms weigh in the authors' code at 32 leads, where two of them are sums."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What every arm gets: leads, their parts, and what the networks share."""

    leads: Leads
    parts: Parts
    tested: np.ndarray
    rivals: Rivals
    known_stage: str = ""
    """A feature that says how far a lead had come when it was scored; "" where none does."""
    recency: str = ""
    """A numeric feature, the less the more recent (days since the last contact); "" = the snapshot time."""

    @property
    def rows(self) -> Three:
        return Three(self.parts.train, self.parts.calibration, self.tested)

    @property
    def part(self) -> Three:
        """Leads of each part."""
        return self.rivals.costs.once("part", lambda: self.rows.map(self.leads.take))

    @property
    def table(self) -> Three:
        """Fields as trees take them."""
        if not self.rivals.encoder.fields:
            raise NotComputable("trees need fields, however: the schema names no numeric or categorical feature")
        return self.rivals.costs.once("table", lambda: self.part.map(self.rivals.encoder.table))

    @property
    def groups(self) -> np.ndarray:
        """How far each lead had come when it was scored, (n,) float64 over all leads; higher = deeper, -1 = unknown."""
        if not self.known_stage:
            raise NotComputable(
                "nothing says how far a lead had come when it was scored; name the column that does (--known-stage), "
                "never the stage reached in the end, which would give the answer away"
            )
        column, train = self.known_stage, self.parts.train
        return self.rivals.costs.once(("groups", column), lambda: funnel_groups(self.leads, column, train))


def funnel_groups(leads: Leads, column: str, train: np.ndarray) -> np.ndarray:
    """Groups of a feature, (n,) float64, -1 = unknown: a category by its place among the funnel's stages; a number by
    its value or, where the rows `train` have more than GROUPS values, by their quantiles.

    Raises:
        NotComputable: a category names no stage of the funnel.
    """
    values = leads.features[column]
    if column in leads.schema.features.categorical:
        place = {plain_stage(stage): number for number, stage in enumerate(leads.schema.funnel.stages)}
        found = values.map(lambda value: place.get(plain_stage(str(value)), -1)).to_numpy(dtype=np.float64)
        if (found < 0).all():
            raise NotComputable(
                f"column '{column}' holds none of the funnel's stages {list(leads.schema.funnel.stages)}; name a "
                "column that does, or a number that grows along the funnel"
            )
        return found
    numbers = values.to_numpy(dtype=np.float64)
    seen = numbers[train][np.isfinite(numbers[train])]
    edges = np.unique(seen)[1:]
    if len(edges) >= GROUPS:
        edges = np.unique(np.quantile(seen, np.arange(1, GROUPS) / GROUPS))
    return np.where(np.isfinite(numbers), np.searchsorted(edges, numbers, side="right"), -1.0)


def learn(arm: Arm, bench: Bench, seed: int) -> Learned:
    """Teach one arm with one seed.

    Raises:
        NotComputable: these leads lack what it needs.
    """
    key, rivals = arm.key, bench.rivals
    text = key.endswith("+text")
    if key in _PLAIN:
        return _PLAIN[key](bench, seed)
    if key == "direct":
        return rivals.click("deepfm", seed, groups=bench.groups)
    if arm.family == "click":
        return rivals.click(key.removesuffix("+text"), seed, text=text)
    if arm.family == "funnel":
        return rivals.funnel(key.removesuffix("+text"), seed, text=text)
    if arm.family == "lora":
        return rivals.tuned(_LORA[key](rivals.config), seed, plain_pairs=key == "lora-frozen")
    variant = variant_of(key)
    if variant.weights.semantic and not rivals.reads:
        if key == "asllr-semantic":
            raise NotComputable("the semantic head needs words, however: these leads have neither dialogue nor text")
        variant = replace(variant, weights=replace(variant.weights, semantic=0.0))
    return rivals.asllr(variant, seed)


def variant_of(key: str) -> Variant:
    """What an arm of the families asllr and ablation learns from."""
    hpro = LossWeights()
    if key.startswith("hpro-only-"):
        return Variant(replace(hpro, semantic=0.0), tiers=(key.removeprefix("hpro-only-"),))
    return {
        "asllr-base": Variant(LossWeights(pairwise=0.0, semantic=0.0)),
        "asllr-semantic": Variant(LossWeights(pairwise=0.0)),
        "hpro": Variant(hpro),
        "hpro-funnel": Variant(hpro, pairs="funnel"),
        "hpro-no-margin": Variant(hpro, margins="zero"),
        "hpro-weights": Variant(hpro, margins="weights"),
        "hpro-unstratified": Variant(hpro, stratify=False),
        "hpro-pointwise": Variant(hpro, rank_by="pointwise"),
        "hpro-pairwise": Variant(hpro, rank_by="pairwise"),
        "hpro-blend": Variant(hpro, rank_by="blend"),
        "pair-bpr": Variant(hpro, pair_loss="bpr"),
        "pair-lambdarank": Variant(hpro, pair_loss="lambdarank"),
        "pair-listmle": Variant(hpro, pair_loss="listmle"),
        "pair-rcr": Variant(hpro, pair_loss="rcr"),
        "pair-frozen": Variant(_SUMS, pair_loss="bpr", stratify=False, frozen_pairwise=True, rank_by="pointwise"),
    }[key]


def _of_scorer(scorer: Scorer, bench: Bench, notes: dict[str, Any]) -> Learned:
    def said(leads: Leads) -> np.ndarray:
        return scorer.score(leads).aligned(leads.lead_id)["score"].to_numpy(dtype=np.float64)

    return Learned(lambda: said(bench.part.test), lambda: said(bench.part.later), notes)


def _of_values(bench: Bench, values: np.ndarray) -> Learned:
    """A rule's score of every lead, (leads,)."""
    return Learned(lambda: values[bench.tested], lambda: values[bench.rows.later], {})


def _recent(bench: Bench) -> np.ndarray:
    """The newer the higher, (leads,); without any date the order of the file stands for time, as in the split."""
    time = bench.leads.roles["snapshot_time"]
    return np.arange(len(time), dtype=np.float64) if time.isna().all() else newest(time.to_numpy())


def _newest(bench: Bench, seed: int) -> Learned:
    return _of_values(bench, _recent(bench))


def _funnel_recency(bench: Bench, seed: int) -> Learned:
    days = bench.leads.features[bench.recency].to_numpy(dtype=np.float64) if bench.recency else -_recent(bench)
    return _of_values(bench, funnel_recency(bench.groups, -days))


def _two_stage(bench: Bench, seed: int) -> Learned:
    inner = bench.rivals.click("deepfm", seed)
    test, later = bench.groups[bench.tested], bench.groups[bench.rows.later]
    return Learned(lambda: two_stage(test, inner.test()), lambda: two_stage(later, inner.later()), inner.notes)


def _logistic(bench: Bench, seed: int) -> Learned:
    scorer = train_logistic(bench.part.train, bench.part.later, seed=seed)
    return _of_scorer(scorer, bench, {"C": scorer.model.C})


def _words(bench: Bench, seed: int, *, fields: bool) -> Learned:
    scorer = train_words(bench.part.train, bench.part.later, fields=fields, seed=seed)
    return _of_scorer(scorer, bench, {"C": scorer.model.C})


def _lightgbm(bench: Bench, seed: int) -> Learned:
    scorer = train_boosted(bench.part.train, bench.part.later, seed=seed, trials=TREE_TRIALS)
    return _of_scorer(scorer, bench, scorer.parameters)


def _lightgbm_text(bench: Bench, seed: int) -> Learned:
    said, rows = bench.rivals.embedding(seed), bench.rivals.read_rows
    encoder = bench.rivals.encoder

    def wide(rows: np.ndarray, text: np.ndarray) -> pd.DataFrame:
        more = pd.DataFrame(text, columns=[f"text {i}" for i in range(text.shape[1])])
        return pd.concat([encoder.table(bench.leads.take(rows)), more], axis="columns")

    train, later, test = (wide(r, t) for r, t in zip(vars(rows).values(), vars(said).values(), strict=True))
    converted = rows.map(lambda one: bench.leads.converted[one])
    found = fit_binary(train, converted.train, later, converted.later, seed=seed, trials=TREE_TRIALS)
    return Learned(lambda: found.score(test), lambda: found.score(later), found.chosen)


def _lambdarank(bench: Bench, seed: int, *, steep: bool) -> Learned:
    train = bench.part.train
    grade = grades(train.stage, train.converted, len(train.schema.funnel.stages))
    week = train.roles["snapshot_time"].to_numpy()
    found = fit_graded(
        bench.table.train,
        grade,
        bench.table.later,
        bench.part.later.converted,
        gains=(steep_gains if steep else doubling_gains)(int(grade.max()) + 1),
        query=queries(week, seed=seed),
        seed=seed,
        trials=TREE_TRIALS,
    )
    return Learned(lambda: found.score(bench.table.test), lambda: found.score(bench.table.later), found.chosen)


def _chain(bench: Bench, seed: int) -> Learned:
    train, later = bench.part.train, bench.part.later
    found = fit_chain(
        bench.table.train,
        train.stage,
        train.converted,
        bench.table.later,
        later.stage,
        later.converted,
        seed=seed,
        trials=TREE_TRIALS,
    )
    return Learned(lambda: found.score(bench.table.test), lambda: found.score(bench.table.later), found.chosen)


_PLAIN: dict[str, Callable[[Bench, int], Learned]] = {
    "newest": _newest,
    "funnel-recency": _funnel_recency,
    "two-stage": _two_stage,
    "logistic": _logistic,
    "tfidf": partial(_words, fields=False),
    "tfidf-fields": partial(_words, fields=True),
    "lightgbm": _lightgbm,
    "lightgbm+text": _lightgbm_text,
    "lambdarank": partial(_lambdarank, steep=False),
    "lambdarank-steep": partial(_lambdarank, steep=True),
    "chain": _chain,
}


def _tuned(config: Config, loss: LossWeights) -> dict[str, Any]:
    """Fields and pairs reach it as they reach asLLR over frozen states, so that the tuning alone is what differs."""
    return {"epochs": max(config.epochs, 1), "loss": loss, "baselines": False, "pairs": "tiers", "fields": "tower"}


_LORA: dict[str, Callable[[Config], dict[str, Any]]] = {
    "lora-base": lambda config: _tuned(config, LossWeights(pairwise=0.0, semantic=0.0)),
    "lora-semantic": lambda config: _tuned(config, LossWeights(pairwise=0.0)),
    "lora-hpro": lambda config: _tuned(config, LossWeights()),
    "lora-frozen": lambda config: {
        **_tuned(config, _SUMS),
        "fields": "prompt",
        "readout": "last",
        "probe": False,
        "train_pairwise": False,
        "stratify": False,
        "batch_leads": 32,
        "clip": 0.0,
        "schedule": "decay",
        "rank_by": "pointwise",
        "heads": "two-layer",
        "lora": Lora(dropout=0.0, targets="attention", learning_rate=5e-6),
    },
}
