"""The gradient of a whole batch, pairs across all of its leads included, in bounded memory and by several processes.

    leads of the batch, longest first, dealt into shares, each cut into short passes; shares dealt out to the processes
      |
      v  own passes  ----------------->  answers (5, own)  --sum over processes-->  answers (5, batch)
      |                                                                                   |
      |                                              loss over all leads and pairs, gradient by each answer (5, batch)
      v                                                                                   |
    own passes backward, from the gradients of their own answers  <-----------------------'
      '--> gradients of adapters and heads --sum over processes--> those of the whole batch

By the chain rule this is exact. Where the activations of all own passes fit in memory, each lead is read once; else it
is read again on the way back, with the same dropout. That is drawn by the step and by the pass; passes are the same for
any number of processes up to SHARES, in batches of enough tokens, so what is learned is the same to rounding.
Source: GradCache (arXiv 2101.06983), see `hpro.output_gradients`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from core.config import Config
from core.data.pairs import Pairs
from core.neural.asllr import AsLLR, Outputs
from core.neural.hpro import HproLoss, output_gradients
from core.neural.lesson import Lesson
from core.neural.plans import Plan, plan_of
from core.neural.states import PASS_TOKENS, out_of_memory
from core.neural.workers import ALONE, Workers

SHARES = 8
"""Into so many shares a batch is dealt, however many processes there are, where each then fills a quarter of a pass:
eight processes, four, two or one then have equally much to do."""
ANSWERS = tuple(Outputs.__dataclass_fields__)


def gradients(
    model: AsLLR,
    lesson: Lesson,
    rows: np.ndarray,
    pairs: Pairs,
    config: Config,
    *,
    step: int,
    budget: int,
    workers: Workers = ALONE,
) -> dict[str, float]:
    """Add the batch's gradient to the parameters and return its figures, the same on every process.

    Args:
        rows: leads of the batch; pairs: positions within `rows`.
        step: its number, which seeds dropout.
        budget: most tokens whose activations this process holds at once.

    Raises:
        torch.OutOfMemoryError: on every process, where the memory of one has run out.
        RunError: another process has ended.
    """
    assert model.reader is not None
    device = next(model.heads.parameters()).device
    plan = plan_of(model.reader, device)
    if plan.layout == "alone":
        # Scores must not depend on the leads beside; what is learned from may, and short leads together go faster.
        plan = replace(plan, layout="padded")
    lengths = np.array([len(lesson.prompts[row]) for row in rows])
    own = own_passes(plan, lengths, min(budget, PASS_TOKENS[device.type]), workers)
    passes = workers.in_step(own, np.array([lengths.argmin()]))
    once = len(own) == 1 or sum(int(lengths[part].sum()) for part in own) <= budget
    if workers.shards:
        once = not workers.any(not once)
    model.train()

    def answers(part: np.ndarray) -> Tensor:
        torch.manual_seed(_seed(config.seed, step, int(part[0])))
        batch, tower = plan.collate([lesson.prompts[row] for row in rows[part]]), lesson.tower[rows[part]].to(device)
        with plan.autocast():
            said = model(batch.ids, batch.lengths, batch.body, tower, batch.begun)
        return torch.stack([getattr(said, name).float() for name in ANSWERS])

    with _memory_of_all(workers), torch.set_grad_enabled(once):
        said = [answers(part) for part in passes]
    outputs = torch.zeros(len(ANSWERS), len(rows), device=device)
    for part, values in zip(own, said, strict=False):
        outputs[:, torch.from_numpy(part).to(device)] = values.detach()
    workers.sum(outputs)
    converted = torch.from_numpy(lesson.converted[rows]).to(device)
    terms, by_answer = output_gradients(
        dict(zip(ANSWERS, outputs, strict=True)), converted, pairs, HproLoss(config.loss)
    )
    wanted = torch.stack([by_answer[name] for name in ANSWERS])
    with _memory_of_all(workers):
        for number, part in enumerate(passes):
            again = said[number] if once else answers(part)
            again.backward(wanted[:, torch.from_numpy(part).to(device)] * (number < len(own)))
            # Its graph goes with it.
            said[number] = again.detach()
    _sum_gradients(model, workers)
    figures = {name: getattr(terms, name).item() for name in ("total", "pointwise", "pairwise", "semantic")}
    for tier, accuracy in zip(pairs.tiers, terms.tier_accuracy.tolist(), strict=True):
        if math.isfinite(accuracy):
            figures[f"pair_accuracy.{tier.name}"] = accuracy
    return figures


def own_passes(plan: Plan, lengths: np.ndarray, budget: int, workers: Workers) -> list[np.ndarray]:
    """Positions of the leads of each pass that this process computes.

    Args:
        lengths: (n,) tokens of the batch's leads.
        budget: most tokens of a pass.
    """
    shares = max(min(SHARES, 4 * int(lengths.sum()) // budget), 1, workers.count)
    order = np.argsort(-lengths, kind="stable")
    dealt = [order[share::shares] for share in range(shares)][workers.slice(shares)]
    return [own[part] for own in dealt if len(own) for part in plan.passes(lengths[own].tolist(), budget)]


def _seed(seed: int, step: int, first: int) -> int:
    """Of one pass: of the lead that it begins with, so that it is the same whichever process computes it."""
    return int(np.random.SeedSequence((seed, step, first)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _sum_gradients(model: AsLLR, workers: Workers) -> None:
    """Sum what the processes have found, as one long vector; a process without a lead in the batch has found zeros."""
    if workers.count == 1:
        return
    learning = [value for value in model.parameters() if value.requires_grad]
    for value in learning:
        value.grad = torch.zeros_like(value) if value.grad is None else value.grad
    grads = [value.grad for value in learning if value.grad is not None]
    whole = workers.sum(torch.cat([grad.flatten() for grad in grads]))
    for grad, part in zip(grads, whole.split([grad.numel() for grad in grads]), strict=True):
        grad.copy_(part.view_as(grad))


@contextmanager
def _memory_of_all(workers: Workers) -> Iterator[None]:
    """Memory that runs out on one process runs out on all, so that they try again together."""
    failed: RuntimeError | None = None
    try:
        with workers.gathering():
            yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        failed = error
    if workers.any(failed is not None):
        raise torch.OutOfMemoryError("a process of this training has too little memory for the batch") from failed
