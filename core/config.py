"""Every setting of a training run, with its meaning, range and where its default comes from.

The text lives in the dataclass itself, so that the command line and the app show the same words.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from core.bounds import Checked, setting
from core.engine import Engine
from core.errors import ConfigError


@dataclass(frozen=True)
class LossWeights(Checked):
    """Weights of the three losses, each a mean over its leads or pairs."""

    pointwise: float = setting(2.0, "Weight of the conversion loss. Source: authors' code, src/train.py.", low=0)
    pairwise: float = setting(1.0, "Weight of the preference loss. Source: authors' code, src/train.py.", low=0)
    semantic: float = setting(0.5, "Weight of the Yes/No next-token loss. Source: authors' code, src/train.py.", low=0)
    center: float = setting(
        0.0, "Pull of ranking scores towards zero; 0 = none. Source: TRL's center_rewards_coefficient.", low=0
    )


@dataclass(frozen=True)
class Lora(Checked):
    """The low-rank adapters on the language model."""

    rank: int = setting(16, "Rank of each adapter. Source: authors' code, src/layers.py.", low=1, high=512)
    alpha: float = setting(16.0, "Scale is alpha / rank, so 16 / 16 = 1. Source: authors' code, scale 1.0.", low=0)
    dropout: float = setting(
        0.05, "Dropout before each adapter. Source: common practice; the authors use none.", low=0, high=0.9
    )
    targets: str = setting(
        "all",
        "Layers that get an adapter: attention (q, k, v, o; the paper) or all linear ones (TRL, LoRA Without Regret).",
        choices=("attention", "all"),
    )
    last_layers: int = setting(
        0, "Adapt only this many of the deepest layers; 0 = every layer. Source: ours, for speed.", low=0
    )
    learning_rate: float = setting(1e-4, "Step size of the adapters. Source: ours; the paper's is 5e-6.", low=0, high=1)


@dataclass(frozen=True)
class Config(Checked):
    """One training run."""

    preset: str = setting("cpu-quick", "The preset that these settings started from.")
    backbone: str = setting(
        "smollm2-135m",
        "Language model: smollm2-135m, tiny, a local folder or a hub id. Source: the paper has Qwen2.5-1.5B.",
    )
    depth: int = setting(
        12, "Decoder layers used, from the first; 0 = all. Source: measured, depth 12-16 loses nothing.", low=0
    )
    max_tokens: int = setting(
        2000, "Longest prompt in tokens; the oldest talk is dropped first. Source: the paper.", low=48
    )
    fields: str = setting(
        "auto",
        "How fields reach the model: in the prompt (the paper), through a field tower, both, or chosen on validation.",
        choices=("auto", "prompt", "tower", "both"),
    )
    readout: str = setting(
        "both",
        "What is read off the language model: the last token (the paper), the mean over the lead's tokens, or both.",
        choices=("last", "mean", "both"),
    )
    readout_layers: tuple[int, ...] = setting(
        (), "Depths to read off; empty = the deepest layer in use. Source: the paper reads the last layer.", low=1
    )
    heads: str = setting(
        "linear", "Heads: linear (the paper) or two-layer (authors' code).", choices=("linear", "two-layer")
    )
    pairs: str = setting(
        "auto",
        "Pairs for the ranking head: the funnel's tiers (the paper), its whole depth, or auto = the tiers unless the "
        "whole depth is better out of fold by more than chance.",
        choices=("auto", "tiers", "funnel"),
    )
    reviewed_margin: float = setting(
        0.5, "How far apart a pair that a person put in order should stand, in units of the ranking score.", low=0
    )
    reviewed_weight: float = setting(
        1.0, "Weight of reviewed pairs beside a tier's, reached at 50 of them; fewer count in proportion.", low=0.01
    )
    train_pairwise: bool = setting(
        True, "Whether the ranking head learns; false = it stays as drawn, as in the authors' code by accident."
    )
    loss: LossWeights = field(default_factory=LossWeights)
    lora: Lora = field(default_factory=Lora)
    engine: Engine = field(default_factory=Engine)
    probe: bool = setting(True, "Fit the heads on the frozen language model first and start from them. Source: ours.")
    encode_limit: int = setting(
        0, "Most training leads that are read by the language model; converted ones are kept first; 0 = all.", low=0
    )
    memory_gb: float = setting(
        0.0,
        "Memory, in GB, for what the language model says of the leads to which heads are fitted; where it does not "
        "hold all training leads, the converted ones come first, and LoRA learns from all; 0 = two fifths of the "
        "machine's.",
        low=0,
    )
    epochs: int = setting(0, "Passes of LoRA fine-tuning over the training part; 0 = the probe alone.", low=0)
    patience: int = setting(2, "Epochs without a better validation AUC before training stops.", low=1)
    batch_leads: int = setting(
        64, "Leads per optimiser step; all valid pairs among them count. Source: method 1.7.", low=2
    )
    micro_tokens: int = setting(
        0, "Most tokens in memory at once; larger batches are split exactly; 0 = from the machine's memory.", low=0
    )
    learning_rate: float = setting(1e-4, "Step size of the heads. Source: authors' code.", low=0, high=1)
    schedule: str = setting(
        "cosine",
        "Step size over time: warm-up then cosine to 10%, or the authors' x0.999 a step.",
        choices=("cosine", "decay"),
    )
    warmup_share: float = setting(0.03, "Share of the steps that warm up. Source: method 1.7.", low=0, high=1)
    clip: float = setting(1.0, "Largest gradient norm. Source: method 1.7.", low=0)
    stratify: bool = setting(True, "Batches in which every tier appears; the prior is corrected afterwards.")
    rank_by: str = setting(
        "auto",
        "What orders the queue: the ranking score, the probability, a blend, or the best of them on validation.",
        choices=("auto", "pairwise", "pointwise", "blend"),
    )
    seed: int = setting(0, "Seed of everything random.", low=0, high=2**32 - 1)
    device: str = setting("auto", "cpu, cuda, or auto = the GPU where there is one.", choices=("auto", "cpu", "cuda"))
    mask: bool = setting(
        True,
        "Read names, phone numbers, e-mail addresses, number plates and identity numbers in the talk as [name] and the "
        "like, in training and whenever the run scores or explains. Source: ours.",
    )
    baselines: bool = setting(True, "Fit LightGBM, logistic regression and TF-IDF on the same leads and say who wins.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.probe and not self.epochs:
            raise ConfigError(
                "probe=false with epochs=0 trains nothing: set epochs to 1 or more, or leave probe at true"
            )
        if self.probe and not self.train_pairwise:
            raise ConfigError(
                "train_pairwise=false keeps the ranking head as drawn, which the probe would fit: set probe to false"
            )
        if not self.loss.pointwise and not self.loss.pairwise:
            raise ConfigError("loss.pointwise and loss.pairwise are both 0, so nothing would rank: raise one of them")


PRESETS: dict[str, Config] = {
    "cpu-quick": Config(max_tokens=512, encode_limit=6000),
    # DIFF: batches are stratified rather than one converted lead and 31 others, gradients are clipped at 1.0, and the
    # backbone is the embedded one unless another is named: set backbone=Qwen/Qwen2.5-1.5B for the paper's.
    "paper": Config(
        preset="paper",
        depth=0,
        fields="prompt",
        readout="last",
        probe=False,
        pairs="tiers",
        epochs=10,
        patience=10,
        batch_leads=32,
        lora=Lora(dropout=0.0, targets="attention", learning_rate=5e-6),
        rank_by="pointwise",
        schedule="decay",
    ),
    "gpu": Config(preset="gpu", depth=16, epochs=3, batch_leads=256, learning_rate=1e-4, lora=Lora(learning_rate=1e-4)),
}
"""A laptop in minutes, the paper's settings, and probe-then-LoRA on a GPU."""


def settings(config: Config | None = None) -> Iterator[tuple[str, Any, str]]:
    """Every setting as (key for --set, value, meaning)."""
    config = config or Config()
    for f in fields(config):
        value = getattr(config, f.name)
        if is_dataclass(value):
            yield from ((f"{f.name}.{g.name}", getattr(value, g.name), g.metadata["meaning"]) for g in fields(value))
        else:
            yield f.name, value, f.metadata["meaning"]


@dataclass(frozen=True)
class Limits:
    """What a setting may be: bounds (both inclusive, None = none) or one of `choices`."""

    low: float | None
    high: float | None
    choices: tuple


def limits(key: str) -> Limits:
    """The limits of the setting that `settings` calls `key`."""
    table, _, name = key.rpartition(".")
    owner = getattr(Config(), table) if table else Config()
    rule = {f.name: f.metadata for f in fields(owner)}[name]
    return Limits(rule["low"], rule["high"], rule["choices"])


def with_settings(config: Config, assignments: Sequence[str]) -> Config:
    """Apply `key=value` assignments, all at once.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range, or settings that do not go together.
    """
    changes = {}
    for assignment in assignments:
        key, separator, text = (part.strip() for part in assignment.partition("="))
        if not separator:
            raise ConfigError(f"--set takes key=value, however: got={assignment!r}")
        if key == "preset":
            raise ConfigError("preset names the starting point: give it as --preset, or in the settings file")
        changes[key] = text
    return _changed(config, changes)


def load_config(path: Path | None, preset: str = "cpu-quick") -> Config:
    """A preset, overlaid with a TOML file of the same keys; the file may name its own `preset`.

    Raises:
        ConfigError: unknown preset, unreadable file, unknown key, wrong type or out of range.
    """
    document: dict[str, Any] = {}
    if path is not None:
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"cannot read the settings file '{path.name}': {error}") from error
    name = document.pop("preset", preset)
    if name not in PRESETS:
        raise ConfigError(f"preset must be one of {', '.join(PRESETS)}, however: got={name!r}")
    return _changed(PRESETS[name], _flat(document))


def config_to_dict(config: Config) -> dict[str, Any]:
    """Nested plain values; `config_from_dict` reads them back."""
    return json.loads(json.dumps(asdict(config)))


def config_from_dict(document: dict[str, Any]) -> Config:
    """Inverse of `config_to_dict`. Raises ConfigError."""
    return _changed(Config(), _flat(document))


def _flat(document: dict[str, Any]) -> dict[str, str]:
    """Nested values as text by dotted key."""
    flat: dict[str, str] = {}
    for key, value in document.items():
        for place, entry in (
            {f"{key}.{k}": v for k, v in value.items()}.items() if isinstance(value, dict) else [(key, value)]
        ):
            flat[place] = entry if isinstance(entry, str) else json.dumps(entry)
    return flat


def _changed(config: Config, changes: dict[str, str]) -> Config:
    known = {name: value for name, value, _ in settings(config)}
    tables: dict[str, dict[str, Any]] = {}
    for key, text in changes.items():
        if key not in known:
            raise ConfigError(f"'{key}' is not a setting; expected one of {', '.join(known)}")
        table, _, name = key.rpartition(".")
        tables.setdefault(table, {})[name] = _parse(key, text, known[key])
    own = tables.pop("", {})
    parts = {table: replace(getattr(config, table), **values) for table, values in tables.items()}
    return replace(config, **own, **parts)


def _parse(key: str, text: str, old: Any) -> Any:
    """The text as a value of the type that the setting has now."""
    kinds = {bool: "true or false", int: "a whole number", float: "a number", tuple: "whole numbers such as 8,12"}
    try:
        if isinstance(old, bool):
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
        if isinstance(old, int):
            return int(text)
        if isinstance(old, float):
            value = float(text)
            if value != value:
                raise ValueError
            return value
        if isinstance(old, tuple):
            return tuple(int(part) for part in text.strip("[]()").split(",") if part.strip())
        return text
    except (KeyError, ValueError):
        raise ConfigError(f"{key} must be {kinds[type(old)]}, however: got={text!r}") from None
