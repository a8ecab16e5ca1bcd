"""Every layout, arithmetic and way to spend memory reads the same leads the same, and learns the same from them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BloomConfig, BloomForCausalLM, GPT2Config

from core.config import Config
from core.data.prompts import Tokens
from core.engine import Engine
from core.neural import plans
from core.neural.asllr import AsLLR, Encoded, Heads, Reader
from core.neural.attention import LEADS, packs
from core.neural.backbones import load_backbone
from core.neural.checkpoints import add_lora
from core.neural.plans import Plan, plan_for, plan_of, prepare
from core.neural.rereading import Rereader
from core.neural.states import Shelf, encode

CPU, GPU = torch.device("cpu"), torch.device("cuda")
FP32 = Engine(precision="fp32")
ALONE = Plan(CPU, "alone", "sdpa", torch.float32)
PADDED = replace(ALONE, layout="padded")
PACKED = replace(ALONE, layout="packed", attention="flash")


@pytest.fixture(scope="module")
def prompts() -> list[Tokens]:
    rng = np.random.default_rng(0)
    return [Tokens(rng.integers(2, 250, length), 4) for length in (9, 40, 7, 130, 25, 40)]


def make(attention: str = "sdpa", engine: Engine = FP32) -> Reader:
    model = load_backbone("tiny").model
    model.set_attn_implementation(attention)
    return Reader(model, (1, 2), "both", (1, 2), engine).eval()


def assert_alike(one: Encoded, other: Encoded, atol: float = 1e-5) -> None:
    for name in Encoded.__dataclass_fields__:
        torch.testing.assert_close(getattr(one, name), getattr(other, name), atol=atol, rtol=1e-5)


def test_what_is_read_of_a_lead_on_a_processor_depends_on_nothing_beside_it(prompts) -> None:
    reader = make()
    whole = encode(reader, prompts, device=CPU)
    turned = encode(reader, prompts[::-1], device=CPU, budget=64)
    for row, prompt in enumerate(prompts):
        alone = encode(reader, [prompt], device=CPU)
        for name in Encoded.__dataclass_fields__:
            assert torch.equal(getattr(alone, name)[0], getattr(whole, name)[row])
            assert torch.equal(getattr(alone, name)[0], getattr(turned, name)[-1 - row])


@pytest.mark.parametrize(
    "plan, attention",
    [(PADDED, "sdpa"), (PACKED, "sdpa"), (PACKED, LEADS), (PADDED, LEADS), (PACKED, "flex_attention")],
    ids=lambda value: value if isinstance(value, str) else value.layout,
)
def test_every_layout_reads_as_each_lead_alone(prompts, plan: Plan, attention: str) -> None:
    with torch.compiler.set_stance("force_eager"):
        assert_alike(
            encode(make(attention), prompts, device=CPU, budget=160, plan=plan), encode(make(), prompts, device=CPU)
        )


def _learned(prompts: list[Tokens], plan: Plan, attention: str, engine: Engine = FP32) -> dict[str, torch.Tensor]:
    """Gradients of a loss over all leads, by parameter."""
    torch.manual_seed(0)
    reader = make(attention, engine)
    add_lora(reader.model, Config(lora=replace(Config().lora, dropout=0.0)))
    for name, value in reader.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=0.1)
    prepare(reader, CPU, learning=True)
    model = AsLLR(reader, Heads(reader.width, reader.hidden, 0)).train()
    for value in model.heads.parameters():
        torch.nn.init.normal_(value)
    for rows in plan.passes([len(prompt) for prompt in prompts], 160):
        batch = plan.collate([prompts[row] for row in rows])
        said = model(batch.ids, batch.lengths, batch.body, torch.zeros(len(rows), 0))
        (said.logit.tanh() + said.score.sin() + said.other.cos()).sum().backward()
    return {name: value.grad for name, value in model.named_parameters() if value.grad is not None}


@pytest.mark.parametrize(
    "plan, attention, engine",
    [
        (PADDED, "sdpa", FP32),
        (PACKED, "sdpa", FP32),
        (PACKED, LEADS, FP32),
        (ALONE, "sdpa", replace(FP32, checkpointing=True)),
        (PACKED, LEADS, replace(FP32, checkpointing=True)),
    ],
    ids=["padded", "packed-sdpa", "packed", "checkpointed", "packed-checkpointed"],
)
# torch has no backward pass of flex attention on a processor.
def test_every_layout_learns_as_each_lead_alone(prompts, plan: Plan, attention: str, engine: Engine) -> None:
    with torch.compiler.set_stance("force_eager"):
        found, wanted = _learned(prompts, plan, attention, engine), _learned(prompts, ALONE, "sdpa")
    assert found.keys() == wanted.keys() and any("lora_A" in name for name in found)
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, atol=1e-5 * float(value.abs().max().clamp(min=1)), rtol=1e-4)


def test_reading_again_from_a_change_on_needs_no_other_attention(prompts) -> None:
    changed = Tokens(np.concatenate([prompts[3].ids[:90], prompts[1].ids]), 4)
    held = Rereader(make(LEADS), CPU, prompts[3])
    assert_alike(held.read([changed]), encode(make(), [changed], device=CPU))  # type: ignore[list-item]


def test_bf16_moves_what_is_read_a_little_and_is_never_taken_for_fp32(prompts, tmp_path) -> None:
    shelf = Shelf(tmp_path)
    exact = encode(make(), prompts, device=CPU, cache=shelf)
    rounded = encode(make(engine=Engine(precision="bf16")), prompts, device=CPU, cache=shelf)
    assert len(list(tmp_path.iterdir())) == 2
    assert not torch.equal(rounded.states, exact.states)
    assert rounded.states.dtype == rounded.yes.dtype == torch.float32
    assert_alike(rounded, exact, atol=0.1)


def test_a_processor_computes_in_bf16_where_it_has_the_instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_backbone("tiny").model.config
    for has, dtype in ((False, torch.float32), (True, torch.bfloat16)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda has=has: {"avx512_bf16": has})
        assert plan_for(Engine(), CPU, config) == Plan(CPU, "alone", "sdpa", dtype)
        assert plan_for(FP32, CPU, config).dtype == torch.float32


@pytest.mark.parametrize(
    "engine, bf16, layout, attention",
    [
        (Engine(), True, "packed", "flash"),
        (Engine(attention="flash"), True, "packed", "flash"),
        (Engine(attention="sdpa"), True, "padded", "sdpa"),
        (Engine(attention="flex"), False, "packed", "flex"),
        (Engine(), False, "padded", "sdpa"),
        (FP32, True, "padded", "sdpa"),
    ],
)
def test_a_gpu_packs_where_a_kernel_can(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, bf16: bool, layout: str, attention: str
) -> None:
    monkeypatch.setattr(plans, "runs_bf16", lambda device: bf16)
    config = load_backbone("tiny").model.config
    plan = plan_for(engine, GPU, config)
    assert (plan.layout, plan.attention) == (layout, attention)
    config.sliding_window = 64
    assert not packs(config) and plan_for(engine, GPU, config).layout == "padded"


def test_attention_that_is_dropped_is_not_packed() -> None:
    assert not packs(GPT2Config()) and packs(GPT2Config(attn_pdrop=0.0))


def test_a_model_that_keeps_its_own_attention_is_padded(prompts, monkeypatch: pytest.MonkeyPatch) -> None:
    # As a GPU would plan it: this model has one attention alone, by which packed leads would see each other.
    monkeypatch.setattr(plans, "plan_for", lambda *asked: PACKED)
    model = BloomForCausalLM(BloomConfig(vocab_size=260, hidden_size=32, n_layer=2, n_head=2)).eval()
    reader = Reader(model, (1, 2), "both", (), FP32)
    plan = prepare(reader, CPU)
    assert plan == plan_of(reader, CPU) == PADDED
    assert_alike(encode(reader, prompts, device=CPU), encode(reader, prompts, device=CPU, plan=ALONE))


def test_a_processor_compiles_nothing() -> None:
    reader = make(engine=replace(FP32, compile=True))
    prepare(reader, CPU)
    assert all(layer._compiled_call_impl is None for layer in reader.model.get_decoder().layers)
