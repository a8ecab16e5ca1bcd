"""One lead that is read again and again, each time with something changed: only what follows the change is computed.

    held:      instruction | fields | turn 1 | turn 2 | turn 3 | question      keys, values and states of every token
    changed:   instruction | fields | turn 1 | turn 3 | question
               '------ the same tokens ------'  '-- computed --'

Attention is causal, so nothing before the first token that differs can be another. What is held is only ever sliced:
the next change starts from the same lead.

Always in fp32, on a GPU too, where scoring a queue computes in bf16: what is wanted here is the difference that a
change makes, and bf16 alone moves it by up to 0.04 logits (own measurement, 17 turns left out of 4 leads), fp32 by
1e-6. So what is told must be a difference to the lead read here, never to a score from the queue.

Memory, kept while the lead is held, in numbers of 4 bytes:

    2 x layers x key-value heads x head width  +  (depths read off, + 1 where the last layer is not one) x hidden

per token. Qwen2.5-1.5B (28 layers, 2 key-value heads of 128, hidden 1,536) and 2,000 tokens: 115 MB of keys and values
and 12 MB of states for each depth; about as much again while a change is read. Of each of the last 256 changes stays
what was read off it, a few KB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from transformers import DynamicCache

from core.data.changing import Unit, one_table
from core.data.leads import Leads
from core.data.prompts import Prompt
from core.errors import LeadRankError
from core.neural.asllr import Encoded, Reader
from core.neural.batches import collate
from core.neural.scorer import NeuralScorer, apply_ranking, heads_answers
from core.neural.states import out_of_memory, token_budget
from core.neural.units import units_of

WASTE = 1.25
"""Times the tokens that a CPU may read so as to read several changes in one pass. A pass of 20 tokens takes a quarter
of one of 400 (own measurement, two cores), most of it for fetching the weights. Source: ours."""
KNOWN = 256
"""Changes of which it is remembered how they were read, so that a second look reads nothing. Source: ours."""


class Rereader:
    """Holds one prompt as it was read whole, and reads others by what they share with it.

    Args:
        reader: on `device`, with or without LoRA.
        held: the prompt that the others are changes of; read at once.

    Example: `Rereader(reader, device, prompt).read([changed])` equals `encode(reader, [changed])` in fp32.
    """

    def __init__(self, reader: Reader, device: torch.device, held: Prompt) -> None:
        self.reader, self.device, self.held = reader.to(device).eval(), device, held
        batch = collate([held], device)
        with torch.inference_mode():
            cache = DynamicCache()
            self._states = reader.states(input_ids=batch.ids, past_key_values=cache, use_cache=True)
            self._encoded = _on_cpu(reader.read_off(self._states, batch.lengths, batch.body))
        self._known: dict[bytes, Encoded] = {}
        self._keys = [(layer.keys, layer.values) for layer in cache.layers]
        # A layer that keeps something else than a key for every token (a state, a window) cannot be cut short.
        self._sliceable = bool(self._keys) and all(
            isinstance(keys, Tensor) and keys.ndim == 4 and keys.shape[2] == len(held) for keys, _ in self._keys
        )

    def read(self, prompts: Sequence[Prompt]) -> Encoded:
        """One row per prompt, in order, on the CPU.

        What was read before is not read again. Several are read together, from where the first of them differs: on a
        GPU, whose passes are not busy with one, as many as it holds; on a CPU those that differ from about the same
        place on, so that hardly anything is read twice.
        """
        keys = [prompt.ids.tobytes() for prompt in prompts]
        new = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if self._new(key)}
        changed = list(new.values())
        starts = [self._shared(prompt) for prompt in changed]
        waste = np.inf if self.device.type == "cuda" else WASTE
        lengths = [len(prompt) for prompt in changed]
        waiting = alike(starts, lengths, waste, token_budget(self.reader, self.device)) if changed else []
        while waiting:
            rows = waiting.pop(0)
            try:
                encoded = self._read([changed[row] for row in rows])
            except RuntimeError as error:
                if not out_of_memory(error) or len(rows) == 1:
                    raise
                waiting = [*np.array_split(rows, 2), *waiting]
                continue
            for at, row in enumerate(rows):
                self._known[changed[row].ids.tobytes()] = encoded.rows(torch.tensor([at]))
        parts = [self._known.get(key, self._encoded) for key in keys]
        for key in list(self._known)[:-KNOWN]:
            del self._known[key]
        parts = parts or [self._encoded.rows(torch.tensor([], dtype=torch.long))]
        return Encoded(*(torch.cat([getattr(p, name) for p in parts]) for name in Encoded.__dataclass_fields__))

    def readings(self, prompts: Sequence[Prompt]) -> np.ndarray:
        """Tokens that `read` would compute for each prompt, shape (n,), over those of the held one; 0 where it is known
        by now, or stands among the prompts before it."""
        counted: set[bytes] = set()
        found = np.zeros(len(prompts))
        for row, prompt in enumerate(prompts):
            key = prompt.ids.tobytes()
            if self._new(key) and key not in counted:
                found[row] = (len(prompt) - self._shared(prompt)) / len(self.held)
                counted.add(key)
        return found

    def _shared(self, prompt: Prompt) -> int:
        return shared_start(self.held.ids, prompt.ids) if self._sliceable else 0

    def _new(self, key: bytes) -> bool:
        return key not in self._known and key != self.held.ids.tobytes()

    def _read(self, prompts: Sequence[Prompt]) -> Encoded:
        """Prompts that differ from the held one, in one pass."""
        batch = collate(prompts, self.device)
        n = len(prompts)
        shared = min(self._shared(prompt) for prompt in prompts)
        with torch.inference_mode():
            cache = DynamicCache([tuple(_start(held, shared, n) for held in pair) for pair in self._keys if shared])
            rest = self.reader.states(input_ids=batch.ids[:, shared:], past_key_values=cache, use_cache=bool(shared))
            whole = tuple(
                torch.cat([held[:, :shared].expand(n, -1, -1), new], dim=1)
                for held, new in zip(self._states, rest, strict=True)
            )
            return _on_cpu(self.reader.read_off(whole, batch.lengths, batch.body))


def alike(starts: Sequence[int], lengths: Sequence[int], waste: float, budget: int) -> list[np.ndarray]:
    """Positions in groups that are worth reading together: from their first start on, and padded, a group takes at most
    `waste` times the tokens that its prompts take alone, and at most `budget` in all.

    Example:
        >>> [group.tolist() for group in alike([90, 10, 90, 20], [100, 100, 101, 100], 1.25, 4096)]
        [[1, 3], [0, 2]]
    """
    groups: list[list[int]] = []
    for row in sorted(range(len(starts)), key=lambda row: (starts[row], lengths[row])):
        group = [*groups[-1], row] if groups else []
        longest = max((lengths[one] for one in group), default=0)
        taken = len(group) * (longest - starts[group[0]]) if group else np.inf
        alone = sum(lengths[one] - starts[one] for one in group)
        if taken <= waste * alone and len(group) * longest <= budget:
            groups[-1] = group
        else:
            groups.append([row])
    return [np.array(group) for group in groups]


def shared_start(held: np.ndarray, other: np.ndarray) -> int:
    """Tokens at the start that are the same; always one less than `other` has, for its last has to be read.

    Example:
        >>> shared_start(np.array([1, 2, 3, 9]), np.array([1, 2, 9])), shared_start(np.array([1, 2]), np.array([1, 2]))
        (2, 1)
    """
    n = min(len(held), len(other))
    different = np.flatnonzero(held[:n] != other[:n])
    return min(int(different[0]) if len(different) else n, len(other) - 1)


class NeuralRescorer:
    """Changed copies of one lead, scored as the run scores any lead. The lead is read at the first call."""

    def __init__(self, scorer: NeuralScorer, lead: Leads) -> None:
        self.scorer, self.lead = scorer, scorer.as_read(lead)
        self._rereader: Rereader | None = None

    def score(self, changed: Leads) -> pd.DataFrame:
        """See `core.scores.Rescorer`."""
        leads = one_table([changed])
        return self._answered(self._read(leads), self.scorer.tower(leads))

    def blanked(self, units: Sequence[Unit], text: str) -> pd.DataFrame:
        """See `core.scores.Rescorer`."""
        rereader = self._held()
        held = None if rereader is None else rereader.held
        found, of_token, of_column = units_of(self.scorer, self.lead, held)
        place = {(unit.kind, unit.name, unit.turn): number for number, unit in enumerate(found)}
        try:
            rows = [place[unit.kind, unit.name, unit.turn] for unit in units]
        except KeyError as error:
            raise LeadRankError(
                f"expected fields and turns that the model reads of lead '{self.lead.lead_id.iat[0]}', however: got "
                f"{error}"
            ) from None
        tower = np.repeat(self.scorer.tower(self.lead), len(rows), axis=0)
        tower[np.array(rows, dtype=np.int64)[:, None] == of_column] = 0
        if rereader is None or held is None:
            return self._answered(Encoded.empty(len(rows)), tower)
        assert self.scorer.writer is not None
        token = self.scorer.writer.tokenize([text])[0][0][-1]
        ids = [np.where(of_token == row, token, held.ids) for row in rows]
        return self._answered(rereader.read([replace(held, ids=one) for one in ids]), tower)

    def readings(self, changed: Leads) -> np.ndarray:
        """See `core.scores.Rescorer`."""
        rereader = self._held()
        return np.zeros(len(changed)) if rereader is None else rereader.readings(self._prompts(one_table([changed])))

    def unmet(self, changed: Leads) -> list[tuple[str, ...]]:
        """See `core.scores.Rescorer`."""
        rare = self.scorer.run.encoder.rare(changed)
        return [tuple(rare.columns[row]) for row in rare.to_numpy(dtype=bool)]

    def _answered(self, encoded: Encoded, tower: np.ndarray) -> pd.DataFrame:
        answers = heads_answers(self.scorer.model.heads, encoded, tower)
        score, probability = apply_ranking(self.scorer.run.ranking, answers)
        heads = {"pointwise_logit": answers.logit, "pairwise_score": answers.score}
        return pd.DataFrame({"score": score, "probability": probability, **heads})

    def _read(self, leads: Leads) -> Encoded:
        rereader = self._held()
        return Encoded.empty(len(leads)) if rereader is None else rereader.read(self._prompts(leads))

    def _held(self) -> Rereader | None:
        scorer = self.scorer
        if self._rereader is None and scorer.model.reader is not None and scorer.writer is not None:
            held = scorer.writer.write(self.lead)[0]
            self._rereader = Rereader(scorer.model.reader, scorer.device, held)
        return self._rereader

    def _prompts(self, leads: Leads) -> list[Prompt]:
        """A prompt per lead; those that read alike are masked and written once."""
        writer, features = self.scorer.writer, leads.schema.features
        assert writer is not None
        told = leads.features[list(features.columns() if writer.include_fields else features.text)]
        alike = told.assign(**{"\0": leads.dialogue}).groupby(["\0", *told], sort=False, dropna=False).ngroup()
        first = np.flatnonzero(~alike.duplicated().to_numpy())
        prompts = writer.write(self.scorer.as_read(leads.take(first)))
        return [prompts[group] for group in alike]


def _start(held: Tensor, shared: int, n: int) -> Tensor:
    """The first `shared` tokens of keys or values (1, heads, L, width) for n leads; a view."""
    return held[:, :, :shared].expand(n, -1, -1, -1)


def _on_cpu(encoded: Encoded) -> Encoded:
    return Encoded(*(getattr(encoded, name).cpu() for name in Encoded.__dataclass_fields__))
