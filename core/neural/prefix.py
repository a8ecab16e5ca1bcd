"""Layers that do not learn run once: what they say of each lead is kept on disk, and every epoch goes on from there.

    ids --> layers 1..below, frozen --> states (L, H) --disk, mapped--> layers below+1..depth, LoRA --> read-out, heads
            '------ once ------'                                        '--------------- each epoch --------------'

`below` is where the first layer learns or the first state is read off, whichever comes first. States are kept as the
frozen layers give them, so that learning from disk equals learning without it. What has no room on disk is read whole.
"""

from __future__ import annotations

import copy
import hashlib
import os
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from core.data.prompts import Tokens
from core.neural.asllr import Encoded, Reader
from core.neural.batches import Begun, token_batches
from core.neural.plans import Plan, plan_of
from core.neural.states import out_of_memory, token_budget
from core.neural.token_store import lengths_of
from core.neural.workers import ALONE, Workers
from core.progress import Phase

SHARD_BYTES = 1 << 28
"""Of states in one file: what a killed run computes again at most, and what is in memory while it is made."""
TRIED = 64
"""Tokens on which it is seen whether a language model can be run in two parts."""


class Continued(Reader):
    """A reader that can also begin where its frozen layers end; made by `continued`.

    Its weights are the whole reader's own, under the same names.
    """

    def __init__(self, whole: Reader, below: int) -> None:
        super().__init__(whole.model, whole.yes_no, whole.readout, whole.layers, whole.engine)
        depth = whole.model.config.num_hidden_layers
        lower, upper = _part(whole.model, 0, below), _part(whole.model, below, depth)
        shifted = tuple(at - below for at in whole.layers)
        # Not as submodules: torch would count the same weights twice.
        self._parts = (
            Reader(lower, whole.yes_no, "last", (), whole.engine),
            Reader(upper, whole.yes_no, whole.readout, shifted, whole.engine),
        )

    @property
    def lower(self) -> Reader:
        """The frozen layers alone: `states` gives what the next layer takes."""
        return self._parts[0]

    def forward(self, ids: Tensor, lengths: Tensor, body: Tensor, embeddings: Tensor | None = None) -> Encoded:
        """As `Reader`; `embeddings`: what the frozen layers gave."""
        if embeddings is None:
            return super().forward(ids, lengths, body)
        return self._parts[1](ids, lengths, body, embeddings)


def continued(reader: Reader, learning_layers: int, sample: Tokens) -> Continued | None:
    """The reader as one that can begin above its frozen layers.

    Args:
        reader: on the device that trains, set up for it.
        learning_layers: deepest layers that learn; 0 = all.
        sample: a lead on which it is tried.

    Returns:
        None where no layer lies below what learns and is read off, or where the language model, run in two parts, does
        not say the same: some change what enters their first layer.
    """
    depth = reader.model.config.num_hidden_layers
    below = min(depth - learning_layers if learning_layers else 0, *reader.layers, depth)
    if below <= 0:
        return None
    device = next(reader.parameters()).device
    ids = torch.from_numpy(sample.ids[:TRIED])[None].to(device)
    was = reader.training
    try:
        with torch.inference_mode(), plan_of(reader, device).autocast():
            # All depths are asked for, so that transformers marks its layers before they stand in two models.
            reader.eval().model.get_decoder()(input_ids=ids, use_cache=False, output_hidden_states=True)
            whole = reader.states(input_ids=ids, use_cache=False)
            made = Continued(reader, below)
            begun = made.lower.states(input_ids=ids, use_cache=False)[-1]
            again = made._parts[1].states(inputs_embeds=begun, use_cache=False)
    except (AttributeError, TypeError, ValueError, IndexError):
        return None
    finally:
        reader.train(was)
    same = all(torch.allclose(one, two, rtol=1e-4, atol=1e-5) for one, two in zip(whole, again, strict=True))
    return made if same else None


def _part(model: Any, start: int, stop: int) -> Any:
    """The language model with only the layers start..stop of its decoder, sharing their weights."""
    decoder = model.get_decoder()
    config = copy.deepcopy(model.config)
    config.num_hidden_layers = stop - start
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[start:stop]
    part = _alias(decoder, config)
    part.layers = nn.ModuleList(decoder.layers[start:stop])
    if stop < len(decoder.layers):
        part.norm = nn.Identity()
    whole = _alias(model, config)
    setattr(whole, model.base_model_prefix, part)
    if whole.get_decoder() is not part:
        raise AttributeError(f"{type(model).__name__} keeps its decoder in a place of its own")
    return whole


def _alias(module: Any, config: Any) -> Any:
    """The module under another name: same weights, its own list of parts."""
    alias = copy.copy(module)
    alias._modules, alias.config = dict(module._modules), config
    return alias


class BegunLeads(Sequence[Tokens]):
    """Leads with what the frozen layers say of them, in files of consecutive leads; made by `begin`."""

    def __init__(self, tokens: Sequence[Tokens], lengths: np.ndarray, first: np.ndarray, files: Sequence[Path]) -> None:
        """Shapes: lengths (n,) tokens; first (files,) the first lead of each. A file that does not exist holds none."""
        self.tokens, self.first = tokens, first
        self.end = np.cumsum(lengths)
        self.start = self.end - lengths
        self.kept = [safe_open(file, "pt") if file.exists() else None for file in files]
        self.bytes = sum(file.stat().st_size for file in files if file.exists())

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each lead, shape (n,) int64."""
        return self.end - self.start

    @overload
    def __getitem__(self, index: int) -> Tokens: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tokens]: ...
    def __getitem__(self, index: int | slice) -> Tokens | list[Tokens]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        row = int(index)
        tokens, number = self.tokens[row], int(np.searchsorted(self.first, row, side="right")) - 1
        file = self.kept[number]
        if file is None:
            return tokens
        origin = self.start[self.first[number]]
        start, end = int(self.start[row] - origin), int(self.end[row] - origin)
        return Begun(tokens.ids, tokens.body, lambda: file.get_slice("states")[start:end])


def begin(
    reader: Continued,
    tokens: Sequence[Tokens],
    folder: Path,
    *,
    most_bytes: float,
    phase: Phase,
    workers: Workers = ALONE,
) -> BegunLeads:
    """Run the frozen layers over these leads, once: files that are there already stay.

    Args:
        reader: on its device.
        most_bytes: on disk; the leads that come first are kept.
        workers: share the work, and the folder.
    """
    lengths = lengths_of(tokens)
    per_token = reader.hidden * next(reader.parameters()).element_size()
    starts = np.cumsum(lengths) - lengths
    # A file ends with the lead with which it is full.
    first = np.flatnonzero(np.diff(starts * per_token // SHARD_BYTES, prepend=-1))
    bounds = [*first.tolist(), len(lengths)]
    size = np.add.reduceat(lengths, first) * per_token if len(first) else first
    plan = plan_of(reader, next(reader.parameters()).device)
    made_by = _made_by(reader, plan)
    files = [folder / f"states-{_key(made_by, tokens, *between)}.safetensors" for between in pairwise(bounds)]
    wanted = np.flatnonzero(np.cumsum(size) <= most_bytes)[workers.slice(len(size))]
    folder.mkdir(parents=True, exist_ok=True)
    for done, number in enumerate(wanted):
        if shutil.disk_usage(folder).free < 2 * size[number]:
            break
        if not files[number].exists():
            states = _states(reader, plan, tokens[bounds[number] : bounds[number + 1]])
            save_file({"states": states}, files[number].with_suffix(".part"))
            os.replace(files[number].with_suffix(".part"), files[number])
        phase.at(done + 1, len(wanted))
    workers.any(False)
    return BegunLeads(tokens, lengths, first, files)


def _states(reader: Continued, plan: Plan, leads: Sequence[Tokens]) -> Tensor:
    """What the frozen layers give in eval mode, (tokens of all leads, H)."""
    was = reader.training
    # The layers are the same in both, what stands around them is not.
    reader.eval()
    reader.lower.eval()
    try:
        return _given(reader, plan, leads)
    finally:
        reader.train(was)
        reader.lower.train(was)


def _given(reader: Continued, plan: Plan, leads: Sequence[Tokens]) -> Tensor:
    device = plan.device
    lengths = [len(lead) for lead in leads]
    starts = np.cumsum(lengths) - lengths
    layout = plan.passes if plan.layout == "alone" else token_batches
    waiting = layout(lengths, token_budget(reader, device))
    found: Tensor | None = None
    while waiting:
        rows = waiting.pop(0)
        ids = nn.utils.rnn.pad_sequence([torch.from_numpy(leads[row].ids) for row in rows], batch_first=True)
        try:
            with torch.inference_mode(), plan.autocast():
                given = reader.lower.states(input_ids=ids.to(device), use_cache=False)[-1].cpu()
        except RuntimeError as error:
            if not out_of_memory(error) or len(rows) == 1:
                raise
            waiting = [*np.array_split(rows, 2), *waiting]
            continue
        if found is None:
            found = given.new_empty(sum(lengths), given.shape[-1])
        for row, states in zip(rows, given, strict=True):
            found[starts[row] : starts[row] + lengths[row]] = states[: lengths[row]]
    assert found is not None
    return found


def _made_by(reader: Continued, plan: Plan) -> bytes:
    """A hash of all that decides what the frozen layers give: their weights, their settings, the arithmetic."""
    decoder = reader.lower.model.get_decoder()
    said = decoder.config.to_json_string(), plan.device.type, plan.layout, plan.attention, plan.dtype
    digest = hashlib.sha256(repr(said).encode())
    for name, value in decoder.state_dict().items():
        digest.update(name.encode() + value.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.digest()


def _key(made_by: bytes, tokens: Sequence[Tokens], start: int, end: int) -> str:
    digest = hashlib.sha256(made_by)
    for row in range(start, end):
        ids = tokens[row].ids
        digest.update(len(ids).to_bytes(8, "little") + ids.tobytes())
    return digest.hexdigest()[:24]
