"""A run as a folder: everything that scores leads again, and what is known about how good it is.

    backbone.json      which language model, verified by hash      heads.safetensors    standardiser and heads
    adapter/           LoRA weights, named as in the backbone      tokenizer.json       the tokenizer that the run used
    config.json        every setting                               schema.json          roles, features, split, funnel
    encoder.json       fields -> numbers                           ranking.json         what ranks, prior, calibration
    history.json       losses and validation by epoch              test_scores.parquet  scores of the test part
    card.json, README.md   the model card                          manifest.json        sha256 of each file, comes last
    faithfulness.json  whether its reasons are its own, where that was measured
    teaching.safetensors   what each tier taught the ranking head, or where it pushes it, where that is known

Tensors are safetensors, all else is JSON and Parquet: nothing in a run is executed when it is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from peft import LoraConfig, get_peft_model_state_dict, inject_adapter_in_model, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file, save, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedModel

from core.calibration import Platt
from core.config import Config, config_from_dict, config_to_dict
from core.data.features import FeatureEncoder
from core.data.schema import Schema, schema_from_dict, schema_to_dict
from core.errors import BackboneError, LeadRankError, RunError
from core.neural.backbones import BackboneIdentity

FORMAT = 1
ADAPTER = "adapter/adapter_model.safetensors"
TEACHING = "teaching.safetensors"
AMENDED = frozenset({"README.md", "faithfulness.json", TEACHING})
"""Files that may be written after training: they tell of the run, nothing is computed with them."""
BESIDE = AMENDED | {"card.json", "history.json", "test_scores.parquet"}
"""Files that tell of a run: without them it would score and explain leads all the same."""
ATTENTION = {"q_proj", "k_proj", "v_proj", "o_proj"}


@dataclass(frozen=True)
class Ranking:
    """How the heads' answers become a queue.

    `rank_by` is pairwise, pointwise or blend; a blend adds both heads' z-scores, whose mean and deviation on the later
    slice are kept. `sampled_rate` is the share of converted leads that the heads were trained on, `true_rate` that of
    all training leads; the probability is Platt's on the pointwise logit after that shift.
    """

    rank_by: str
    fields: str
    reads: bool
    sampled_rate: float
    true_rate: float
    platt: Platt
    pointwise_mean: float = 0.0
    pointwise_deviation: float = 1.0
    pairwise_mean: float = 0.0
    pairwise_deviation: float = 1.0


@dataclass(frozen=True)
class Run:
    """What a run folder holds, in memory."""

    config: Config
    schema: Schema
    encoder: FeatureEncoder
    identity: BackboneIdentity | None
    heads: dict[str, Tensor]
    adapter: dict[str, Tensor]
    ranking: Ranking
    tokenizer: Tokenizer | None
    history: list[dict[str, Any]]
    card: dict[str, Any]
    teaching: dict[str, Tensor] = field(default_factory=dict)
    """By tier what it taught the ranking head, or, without `teaching.REST` among them, where it pushes it at the end;
    {} where that is not known."""


def add_lora(model: PreTrainedModel, config: Config) -> PreTrainedModel:
    """Inject LoRA layers into the backbone; every other weight is frozen."""
    settings = config.lora
    layers = [name for name, part in model.named_modules() if isinstance(part, nn.Linear) and "lm_head" not in name]
    short = {name.rsplit(".", 1)[-1] for name in layers}
    targets = sorted(short & ATTENTION) if settings.targets == "attention" and short & ATTENTION else sorted(short)
    depth = model.config.num_hidden_layers
    chosen = list(range(depth - settings.last_layers, depth)) if 0 < settings.last_layers < depth else None
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    peft = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=targets,
        layers_to_transform=chosen,
    )
    if not targets:
        raise BackboneError("LoRA needs linear layers, however: this backbone has none under that name; use epochs=0")
    inject_adapter_in_model(peft, model)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.float()
    return model


def adapter_state(model: PreTrainedModel) -> dict[str, Tensor]:
    """The LoRA weights alone, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in get_peft_model_state_dict(model).items()}


def load_adapter(model: PreTrainedModel, state: dict[str, Tensor]) -> None:
    """Put LoRA weights back. Raises RunError where they do not fit."""
    answer = set_peft_model_state_dict(model, state)
    if answer is not None and answer.unexpected_keys:
        raise RunError(f"the adapter holds weights that this model has no place for: {answer.unexpected_keys[:3]}")


def save_run(folder: Path, run: Run, test_scores: pd.DataFrame, readme: str) -> None:
    """Write the folder; the manifest comes last, so that a killed save leaves a folder that is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").unlink(missing_ok=True)
    documents = {
        "config.json": config_to_dict(run.config),
        "schema.json": schema_to_dict(run.schema),
        "encoder.json": run.encoder.to_dict(),
        "ranking.json": asdict(run.ranking),
        "history.json": run.history,
        "card.json": run.card,
        **({"backbone.json": asdict(run.identity)} if run.identity else {}),
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
    save_file({k: v.contiguous() for k, v in run.heads.items()}, folder / "heads.safetensors")
    names = [*documents, "heads.safetensors", "test_scores.parquet", "README.md"]
    if run.adapter:
        (folder / "adapter").mkdir(exist_ok=True)
        save_file({k: v.contiguous() for k, v in run.adapter.items()}, folder / ADAPTER)
        names.append(ADAPTER)
    if run.teaching:
        (folder / TEACHING).write_bytes(teaching_bytes(run.teaching))
        names.append(TEACHING)
    if run.tokenizer is not None:
        run.tokenizer.save(str(folder / "tokenizer.json"))
        names.append("tokenizer.json")
    test_scores.to_parquet(folder / "test_scores.parquet", index=False)
    (folder / "README.md").write_text(readme, "utf-8")
    hashes = {name: _sha256(folder / name) for name in sorted(names)}
    manifest = {"format": FORMAT, "adapted": bool(run.adapter), "files": hashes}
    _write_manifest(folder, manifest)


def teaching_bytes(teaching: Mapping[str, Tensor]) -> bytes:
    """`Run.teaching` as the file `TEACHING` holds it."""
    return save({name: part.contiguous() for name, part in teaching.items()})


def amend_run(folder: Path, documents: Mapping[str, str | bytes]) -> None:
    """Write files into a finished run, such as a new model card, and note their hashes in its manifest.

    The manifest first forgets the old ones and knows the new ones last: whenever it is killed, the run still loads.

    Raises:
        RunError: there is no run that this version can read, or a file would replace what the run computes with.
    """
    load_run(folder)
    if wrong := sorted(set(documents) - AMENDED):
        raise RunError(f"only {', '.join(sorted(AMENDED))} of a run may be written anew, however: got={wrong}")
    manifest = _read_json(folder, "manifest.json")
    kept = {name: digest for name, digest in manifest["files"].items() if name not in documents}
    _write_manifest(folder, {**manifest, "files": kept})
    for name, content in documents.items():
        partial = folder / f"{name}.part"
        partial.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        os.replace(partial, folder / name)
    new = {name: _sha256(folder / name) for name in documents}
    _write_manifest(folder, {**manifest, "files": dict(sorted((kept | new).items()))})


def computing(folder: Path) -> str:
    """sha256 of the files that a finished run scores and explains leads with: no document written later changes it.

    Raises:
        RunError: there is no manifest, or it is damaged.
    """
    files = _read_json(folder, "manifest.json")["files"]
    used = {name: digest for name, digest in files.items() if name not in BESIDE}
    return hashlib.sha256(json.dumps(used, sort_keys=True).encode()).hexdigest()


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    partial = folder / "manifest.json.part"
    partial.write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    os.replace(partial, folder / "manifest.json")


def load_run(folder: Path) -> Run:
    """Read a run folder after checking each file against the manifest.

    Raises:
        RunError: no run, an unfinished one, or one with missing or altered files; names them.
    """
    if not folder.is_dir():
        raise RunError(f"expected a run folder at '{folder}', however: there is none; `train` makes one")
    if not (folder / "manifest.json").exists():
        raise RunError(
            f"'{folder.name}' is not a finished run: manifest.json is missing; finish it with `train --resume`"
        )
    manifest = _read_json(folder, "manifest.json")
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict) or manifest.get("format") != FORMAT:
        raise RunError(f"'{folder.name}': manifest.json must be of format {FORMAT}; train again with this version")
    needed = {
        "config.json",
        "schema.json",
        "encoder.json",
        "ranking.json",
        "history.json",
        "card.json",
        "heads.safetensors",
    }
    if manifest.get("adapted"):
        needed.add(ADAPTER)
    wrong = [f"{name} is not listed" for name in sorted(needed - set(files))]
    for name, digest in files.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            wrong.append(f"{name!r} lies outside the folder")
        elif not path.is_file():
            wrong.append(f"{name} is missing")
        elif _sha256(path) != digest:
            wrong.append(f"{name} was altered")
    if wrong:
        raise RunError(
            f"'{folder.name}' is not the run that was saved: {'; '.join(wrong)}; copy it again or train again"
        )
    try:
        ranking = _read_json(folder, "ranking.json")
        return Run(
            config_from_dict(_read_json(folder, "config.json")),
            schema_from_dict(_read_json(folder, "schema.json")),
            FeatureEncoder.from_dict(_read_json(folder, "encoder.json")),
            BackboneIdentity(**_read_json(folder, "backbone.json")) if "backbone.json" in files else None,
            load_file(folder / "heads.safetensors"),
            load_file(folder / ADAPTER) if ADAPTER in files else {},
            Ranking(**{**ranking, "platt": Platt.from_dict(ranking["platt"])}),
            Tokenizer.from_file(str(folder / "tokenizer.json")) if "tokenizer.json" in files else None,
            _read_json(folder, "history.json"),
            _read_json(folder, "card.json"),
            load_file(folder / TEACHING) if TEACHING in files else {},
        )
    except (KeyError, TypeError, ValueError, SafetensorError, LeadRankError) as error:
        raise RunError(f"'{folder.name}' cannot be understood by this version: {error}; train again") from error


def _read_json(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / name).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RunError(f"'{folder.name}': {name} cannot be read: {error}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
