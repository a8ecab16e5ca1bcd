"""Reading each lead once: order kept, shards reused, memory that runs out survived."""

import time
from pathlib import Path

import pytest
import torch

from core.data.prompts import PromptWriter
from core.neural import states
from core.neural.asllr import Reader
from core.neural.backbones import load_backbone, yes_no_tokens
from core.neural.batches import tokenize_with
from core.neural.plans import Plan
from tests.made import make_leads

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def made():
    backbone = load_backbone("tiny")
    prompts = PromptWriter(tokenize_with(backbone.tokenizer.backend_tokenizer)).write(make_leads(20))
    return Reader(backbone.model, yes_no_tokens(backbone.tokenizer), "both"), prompts


def test_what_was_read_is_not_read_again(made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, prompts = made
    monkeypatch.setattr(states, "SHARD_LEADS", {"cpu": 8})
    shelf = states.Shelf(tmp_path)
    began = time.perf_counter()
    first = states.encode(reader, prompts[:16], device=CPU, cache=shelf)
    took = time.perf_counter() - began
    kept = sorted(tmp_path.iterdir())
    assert len(kept) == 2
    kept[0].unlink()
    before = kept[1].stat().st_mtime_ns
    assert shelf.spared == 0
    again = states.encode(reader, prompts[:16], device=CPU, cache=shelf)
    once = shelf.spared
    assert 0 < once < took
    states.encode(reader, prompts[:16], device=CPU, cache=shelf)
    assert once < shelf.spared - once  # both shards now, and what the second one took when it was read again
    assert sorted(tmp_path.iterdir()) == kept and kept[1].stat().st_mtime_ns == before
    torch.testing.assert_close(again.states, first.states)


def test_memory_that_runs_out_halves_the_batch(made, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, prompts = made
    sizes: list[int] = []

    class Small(Reader):
        def forward(self, ids, lengths, body, embeddings=None):
            sizes.append(len(ids))
            if len(ids) > 3:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(ids, lengths, body, embeddings)

    small = Small(reader.model, reader.yes_no, reader.readout)
    padded = Plan(CPU, "padded", "sdpa", torch.float32)
    halved = states.encode(small, prompts, device=CPU, budget=100_000, plan=padded)
    assert max(sizes) == 20 and min(sizes) <= 3
    torch.testing.assert_close(halved.states, states.encode(reader, prompts, device=CPU).states, atol=3e-5, rtol=1e-3)


def test_nothing_to_read(made) -> None:
    assert len(states.encode(made[0], [], device=CPU)) == 0
