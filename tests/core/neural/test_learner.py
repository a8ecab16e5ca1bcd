"""The copy that learns: the same to the last bit in half the memory, and the model itself stays as it is."""

import numpy as np
import torch

from core.neural.asllr import AsLLR, Encoded
from core.neural.learner import learner_of
from core.neural.lesson import Lesson
from core.neural.plans import prepare
from core.neural.prefix import continued
from core.neural.states import encode, token_budget
from core.neural.whole_batch import gradients
from tests.core.neural.test_finetune import LEADS, PAIRING, model_and_lesson
from tests.made import tiny_config

CPU = torch.device("cpu")
BF16 = tiny_config("engine.precision=bf16", "lora.dropout=0.1", "loss.semantic=1")


def learnt(model: AsLLR, lesson: Lesson) -> dict[str, torch.Tensor]:
    """Gradients of one batch, in several passes."""
    rows = np.arange(24)
    pairs = PAIRING.pairs(LEADS.stage[rows], LEADS.converted[rows], LEADS.call_seconds[rows])
    gradients(model, lesson, rows, pairs, BF16, step=1, budget=1_000)
    return {name: value.grad for name, value in model.named_parameters() if value.grad is not None}


def made() -> tuple[AsLLR, Lesson]:
    model, lesson = model_and_lesson(BF16)
    assert model.reader is not None
    model.reader.engine = BF16.engine
    for head in (model.heads.pointwise, model.heads.pairwise):
        torch.nn.init.normal_(head.get_parameter("weight"), std=0.1)
    return model, lesson


def test_what_is_learned_and_read_in_bf16_is_the_same_to_the_last_bit() -> None:
    model, lesson = made()
    learner = learner_of(model, CPU)
    assert learner.reader is not None and model.reader is not None
    found = learnt(learner, lesson)
    prepare(model.reader, CPU, learning=True)
    wanted = learnt(model, lesson)
    assert found.keys() == wanted.keys() and any("lora_A" in name for name in found)
    for name, value in wanted.items():
        assert torch.equal(found[name], value) and value.abs().sum() > 0, name
    read, whole = (encode(one, lesson.prompts[:8], device=CPU) for one in (learner.reader, model.reader))
    for name in Encoded.__dataclass_fields__:
        assert torch.equal(getattr(read, name), getattr(whole, name))


def test_frozen_layers_alone_take_half_the_memory_and_the_model_stays_whole() -> None:
    model, lesson = made()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    learner = learner_of(model, CPU)
    for name, value in model.state_dict().items():
        assert value.dtype == torch.float32 and torch.equal(value, before[name])
    assert learner.reader is not None and model.reader is not None
    assert continued(learner.reader, 1, lesson.prompts[0]) is not None, "frozen layers can still run once"
    for name, value in learner.named_parameters():
        halved = ".layers." in name and "lora_" not in name and "norm" not in name
        assert value.dtype == (torch.bfloat16 if halved else torch.float32), name
    assert token_budget(learner.reader, CPU, learning_layers=2) > token_budget(model.reader, CPU, learning_layers=2)


def test_in_fp32_the_model_learns_itself() -> None:
    model, _ = model_and_lesson(tiny_config())
    assert model.reader is not None
    model.reader.engine = tiny_config().engine
    assert learner_of(model, CPU) is model
