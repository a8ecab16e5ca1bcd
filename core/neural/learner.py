"""The language model as it learns: what does not learn takes as little memory as the arithmetic allows.

    model    fp32, whole: probed, tested, explained              stays in the computer's memory meanwhile
      | copy
      v
    learner  weights of frozen linear layers in bf16             where the device computes in bf16: autocast, under
                                                                 which each pass runs, would round them just so
             frozen weights of a layer shared out (FSDP)         where the launcher asks for it: a layer is whole as
                                                                 long as it is computed
             adapters, heads, norms, embeddings in fp32, whole

Where neither holds the model learns itself. What is learned is the same to the last bit in bf16, to rounding with FSDP.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from core.data.prompts import Tokens
from core.neural.asllr import AsLLR, Encoded, Reader
from core.neural.plans import arithmetic, plan_of, prepare
from core.neural.states import token_budget
from core.neural.token_store import lengths_of
from core.neural.workers import ALONE, Workers


def learner_of(model: AsLLR, device: torch.device, workers: Workers = ALONE) -> AsLLR:
    """The model set up to learn on this device, itself or as a copy; each of its passes runs under `Plan.autocast`.

    Args:
        model: LoRA injected. Where it is copied, it is left on the CPU, and only the first process keeps it: on all
            others it becomes the copy.
        workers: have joined.
    """
    assert model.reader is not None
    rounds = arithmetic(model.reader.engine, device) == torch.bfloat16
    if rounds or workers.shards:
        # What is rounded anyway is not copied before.
        kept = {id(layer.weight): layer.weight for layer in _frozen(model.reader)} if rounds else {}
        model = copy.deepcopy(model.cpu(), kept) if workers.first else model.cpu()
        torch.cuda.empty_cache()
    assert model.reader is not None
    if rounds:
        for layer in _frozen(model.reader):
            layer.weight = nn.Parameter(layer.weight.detach().to(torch.bfloat16), requires_grad=False)
    if workers.shards:
        _share_out(model.reader, device, workers)
    prepare(model.reader, device, learning=True)
    return model.to(device)


def _frozen(reader: Reader) -> list[nn.Linear]:
    """Linear layers of the decoder's layers that do not learn. Autocast rounds nothing else of a layer, and keeps no
    copy of a bias."""
    parts = reader.model.get_decoder().layers.modules()
    return [part for part in parts if type(part) is nn.Linear and not part.weight.requires_grad]


def _share_out(reader: Reader, device: torch.device, workers: Workers) -> None:
    """Leave to this process its part of each frozen weight of the layers, on the device.

    What learns stays whole: its gradients are summed by `whole_batch`, pairs across the whole batch and all.
    """
    mesh = init_device_mesh(device.type, (workers.count,))
    decoder = reader.model.get_decoder()
    for layer in decoder.layers:
        fully_shard(layer, mesh=mesh, ignored_params={value for value in layer.parameters() if value.requires_grad})
    for below, above in pairwise(decoder.layers):
        # torch's own guess is wrong where several passes wait for their way back.
        above.set_modules_to_backward_prefetch([below])
    fully_shard(decoder, mesh=mesh, ignored_params=set(decoder.parameters()))


def read_in_step(
    reader: Reader, leads: Sequence[Tokens], device: torch.device, workers: Workers
) -> Iterator[tuple[np.ndarray, Encoded]]:
    """Yield (rows, what the language model says of them, on the CPU) for this process's share of the leads.

    All processes make equally many passes, so that the weights that are shared out can be gathered for each.
    """
    lengths, plan = lengths_of(leads), plan_of(reader, device)
    own = np.arange(len(leads))[workers.slice(len(leads))]
    passes = [own[part] for part in plan.passes(lengths[own].tolist(), token_budget(reader, device))]
    reader.eval()
    for number, rows in enumerate(workers.in_step(passes, np.array([lengths.argmin()]))):
        batch = plan.collate([leads[row] for row in rows])
        # Not in inference mode: through weights that were gathered in it nothing could be learned.
        with workers.gathering(), torch.no_grad(), plan.autocast():
            said = reader(batch.ids, batch.lengths, batch.body, batch.begun)
        if number < len(passes):
            yield rows, Encoded(*(getattr(said, name).cpu() for name in Encoded.__dataclass_fields__))
