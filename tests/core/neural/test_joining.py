"""Two processes that fine-tune together: as one alone would, weights shared out or not; a lost one is made up for."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributed import TCPStore
from torch.distributed.tensor import DTensor

from core.config import Config, with_settings
from core.data.pairs import Reviewed
from core.errors import ConfigError, RunError
from core.funnel import Tier
from core.neural import finetune as loop
from core.neural import tuning
from core.neural import workers as joined
from core.neural.asllr import AsLLR, Heads
from core.neural.checkpoints import add_lora
from core.neural.joining import lay_down, take_up
from core.neural.learner import learner_of
from core.neural.material import Material
from core.neural.plans import Plan
from core.neural.scorer import Answers
from core.neural.tuning import FROZEN, Course, tune
from core.neural.whole_batch import own_passes
from core.neural.workers import ALONE, Workers
from core.progress import Event, Watch, nobody
from tests.made import make_leads, tiny_config

ROOT = Path(__file__).parents[3]
CPU = torch.device("cpu")
LEADS = make_leads(60)
CONFIG = tiny_config(
    "epochs=2", "batch_leads=10", "lora.last_layers=1", "lora.dropout=0.1", "lora.learning_rate=0.002", "device=cpu"
)
OTHER = (
    "import sys; from pathlib import Path; from core.neural.joining import help_out; "
    "from core.neural.workers import Workers; help_out(Path(sys.argv[1]), Workers.started())"
)


def begun(work: Path, config: Config = CONFIG, n: int = 43) -> tuple[Material, AsLLR, Course]:
    rows, later = np.arange(n), np.arange(43, 60)
    material = Material(LEADS, rows, later, config, work, nobody)
    reader = material.reader()
    torch.manual_seed(config.seed)
    add_lora(reader.model, config)
    heads = Heads(reader.width, reader.hidden, material.encoder.width)
    torch.manual_seed(1)
    for head in (heads.pointwise, heads.pairwise, heads.semantic_offset):
        torch.nn.init.normal_(head.get_parameter("weight"), std=0.05)
    train, after = (material.lesson(part, "tower") for part in (rows, later))
    return material, AsLLR(reader, heads), Course(train, after, material.pairing, config, work)


def learnt(model: AsLLR) -> dict[str, torch.Tensor]:
    """Without the ranking head's bias, whose gradient is rounding alone."""
    return {n: v.detach() for n, v in model.named_parameters() if v.requires_grad and n != "heads.pairwise.bias"}


Learnt = tuple[dict[str, torch.Tensor], Answers, list[dict]]
"""Weights, answers on the later slice, history."""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    _, model, course = begun(tmp_path_factory.mktemp("alone"))
    answers, history = tune(model, course, CPU, nobody)
    return learnt(model), answers, history


@contextmanager
def another(work: Path, **more: str) -> Iterator[tuple[Workers, subprocess.Popen[str]]]:
    """This process as the first of two; the other is started here, with `more` in its environment."""
    # Processes that do not make the same passes would wait for each other.
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(joined, "PATIENCE", timedelta(minutes=1))
    store = TCPStore("127.0.0.1", 0, 2, is_master=True, wait_for_workers=False)
    started = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port)}
    environment = {**os.environ, **started, **more, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", OTHER, str(work)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        yield Workers(0, 2, store, shards="ACCELERATE_USE_FSDP" in more), process
    finally:
        process.kill()
        process.communicate()
        monkeypatch.undo()


def tuned_by_two(work: Path, workers: Workers, watch: Watch = nobody, config: Config = CONFIG, n: int = 43) -> Learnt:
    material, model, course = begun(work, config, n)
    lay_down(model, course, material.backbone().identity)
    workers.call()
    answers, history = tune(model, course, CPU, watch, workers)
    return learnt(model), answers, history


@pytest.mark.slow
def test_two_learn_what_one_does(tmp_path: Path, alone: Learnt) -> None:
    weights, answers, history = alone
    with another(tmp_path) as (workers, process):
        ours, said, told = tuned_by_two(tmp_path, workers)
        assert process.wait(60) == 0, process.communicate()[1]
    for name, value in weights.items():
        torch.testing.assert_close(ours[name], value, atol=1e-5, rtol=1e-4)
    np.testing.assert_allclose(said.logit, answers.logit, atol=1e-4)
    assert [one["step"] for one in told] == [one["step"] for one in history] == [5, 10]
    assert list((tmp_path / FROZEN).glob("*.safetensors"))


@pytest.mark.slow
def test_halves_of_weights_in_bf16_teach_what_whole_ones_do(tmp_path: Path) -> None:
    config = with_settings(CONFIG, ["engine.precision=bf16", "lora.last_layers=0", "epochs=1"])
    found = []
    for name, more in (("whole", {}), ("halves", {"ACCELERATE_USE_FSDP": "true"})):
        with another(tmp_path / name, **more) as (workers, process):
            found.append(tuned_by_two(tmp_path / name, workers, config=config, n=20))
            assert process.wait(60) == 0, process.communicate()[1]
    (whole, theirs, _), (halves, ours, _) = found
    for name, value in whole.items():
        torch.testing.assert_close(halves[name], value, atol=1e-6, rtol=1e-5)
    np.testing.assert_allclose(ours.logit, theirs.logit, atol=1e-5)


@pytest.mark.slow
def test_two_of_which_each_holds_half_the_weights_learn_what_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_otherwise = "batch_leads=13", "lora.last_layers=0", "micro_tokens=400", "engine.checkpointing=true"
    config, plan = with_settings(CONFIG, list(set_otherwise)), Plan(CPU, "padded", "sdpa", torch.float32)
    _, model, course = begun(tmp_path / "alone", config, 13)
    lengths = np.array([len(lead) for lead in course.train.prompts])
    counts = [len(own_passes(plan, lengths, 400, Workers(rank, 2))) for rank in range(2)]
    assert counts[0] > counts[1] > 1 and lengths.sum() > 2 * 400, "one has to wait, and both to read again"
    answers, _ = tune(model, course, CPU, nobody)
    weights, held = learnt(model), list[nn.Module]()

    def noted(*asked: Any) -> AsLLR:
        made = learner_of(*asked)
        held.extend(made.reader.model.get_decoder().layers if made.reader else ())
        return made

    monkeypatch.setattr(tuning, "learner_of", noted)
    with another(tmp_path, ACCELERATE_USE_FSDP="true") as (workers, process):
        ours, said, _ = tuned_by_two(tmp_path, workers, config=config, n=13)
        assert process.wait(60) == 0, process.communicate()[1]
    for name, value in weights.items():
        torch.testing.assert_close(ours[name], value, atol=1e-5, rtol=1e-4)
    np.testing.assert_allclose(said.logit, answers.logit, atol=1e-4)
    frozen = [each for layer in held for each in layer.parameters() if not each.requires_grad]
    kept = sum(each.to_local().untyped_storage().nbytes() for each in frozen if isinstance(each, DTensor))
    assert kept == sum(each.numel() * each.element_size() for each in frozen) / 2 > 0


@pytest.mark.slow
def test_a_lost_process_is_noticed_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: Learnt
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    with another(tmp_path) as (workers, process):

        def watch(event: Event) -> None:
            if event.phase == "fine-tune" and event.done == 3:
                process.kill()

        with pytest.raises(RunError, match="another one has ended"):
            tuned_by_two(tmp_path, workers, watch)
    _, model, course = begun(tmp_path)
    tune(model, course, CPU, nobody)
    for name, value in learnt(model).items():
        torch.testing.assert_close(value, alone[0][name], atol=1e-5, rtol=1e-4)


def test_what_is_laid_down_is_taken_up(tmp_path: Path) -> None:
    material, model, course = begun(tmp_path, tiny_config("heads=two-layer", "probe=false", "epochs=1"))
    pairs = np.array([3, 5]), np.array([30, 40]), np.empty((0, 2), np.int64), np.zeros(43, dtype=bool)
    course = replace(course, train=replace(course.train, reviewed=Reviewed(*pairs, Tier("reviewed", 0.5))))
    model.heads = Heads(*model.heads.widths, course.config.heads)
    lay_down(model, course, material.backbone().identity)
    again, taken = take_up(tmp_path)
    for (name, one), (_, two) in zip(model.state_dict().items(), again.state_dict().items(), strict=True):
        assert torch.equal(one, two), name
    assert taken.config == course.config
    rows = np.array([3, 7, 30, 41, 5, 40])
    one, two = (each.train.pairs(rows, each.pairing) for each in (course, taken))
    np.testing.assert_array_equal(np.stack([one.chosen, one.rejected]), np.stack([two.chosen, two.rejected]))
    assert [lead.ids.tolist() for lead in taken.later.prompts] == [lead.ids.tolist() for lead in course.later.prompts]


def test_the_arithmetic_is_that_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    material, model, course = begun(tmp_path, tiny_config("epochs=1", "device=cpu", "engine.precision=auto"))
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    lay_down(model, course, material.backbone().identity)
    assert take_up(tmp_path)[1].config.engine.precision == "bf16"


@pytest.mark.parametrize("lengths", [np.full(64, 40), np.arange(1, 41) * 30], ids=["few tokens", "many"])
def test_passes_are_the_same_for_any_number_of_processes(lengths: np.ndarray) -> None:
    plan = Plan(CPU, "padded", "sdpa", torch.float32)
    made = {}
    for count in (1, 2, 4):
        each = [own_passes(plan, lengths, 2048, Workers(rank, count)) for rank in range(count)]
        made[count] = sorted(tuple(part.tolist()) for own in each for part in own)
        assert all(each)
    assert made[1] == made[2] == made[4]
    assert sorted(row for part in made[1] for row in part) == list(range(len(lengths)))


def test_a_launcher_is_understood() -> None:
    assert Workers.started({}) is ALONE and ALONE.first and ALONE.slice(5) == slice(0, 5, 1)
    assert Workers.started({"WORLD_SIZE": "1", "RANK": "0"}) is ALONE
    assert Workers.started({"WORLD_SIZE": "1", "ACCELERATE_USE_FSDP": "true"}) is ALONE
    with pytest.raises(ConfigError, match="DeepSpeed"):
        Workers.started({"WORLD_SIZE": "2", "RANK": "0", "ACCELERATE_USE_DEEPSPEED": "true"})
    assert list(range(5))[Workers(1, 2).slice(5)] == [1, 3]


@pytest.mark.parametrize(
    "shards, error, wanted, match",
    [
        (True, torch.OutOfMemoryError("CUDA out of memory. Tried"), RunError, "engine.checkpointing=true"),
        (True, RuntimeError("[gloo/tcp/pair.cc:553] Connection closed by peer"), RunError, "another one has ended"),
        (True, RuntimeError("shapes cannot be multiplied"), RuntimeError, "multiplied"),
        (False, torch.OutOfMemoryError("CUDA out of memory"), torch.OutOfMemoryError, "out of memory"),
    ],
    ids=["no memory", "lost", "a bug", "whole weights"],
)
def test_what_goes_wrong_while_weights_are_gathered(
    shards: bool, error: RuntimeError, wanted: type[Exception], match: str
) -> None:
    with pytest.raises(wanted, match=match), Workers(0, 2, shards=shards).gathering():
        raise error


def test_those_who_are_not_needed_are_told() -> None:
    # Processes that do not make the same passes would wait for each other.
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(joined, "PATIENCE", timedelta(minutes=1))
    store = TCPStore("127.0.0.1", 0, 2, is_master=True, wait_for_workers=False)
    other = Workers(1, 2, TCPStore("127.0.0.1", store.port, 2, is_master=False))
    first = Workers(0, 2, store)
    store.add("left", 1)  # as if it had heard already: both are in one process here
    first.dismiss()
    assert not other.called()
    first.dismiss()
