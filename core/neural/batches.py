"""Prompts in batches that pad almost nothing, and the tokenizer as a plain function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from core.data.prompts import Tokenize, Tokens


def tokenize_with(engine: Tokenizer) -> Tokenize:
    """A tokenizer as `Tokenize`; special tokens written in a lead's text stay plain text."""
    engine.encode_special_tokens = True
    engine.no_padding()
    engine.no_truncation()

    def tokenize(texts: Sequence[str]) -> tuple[list[list[int]], list[list[tuple[int, int]]]]:
        encodings = engine.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings], [encoding.offsets for encoding in encodings]

    return tokenize


def token_batches(lengths: Sequence[int], budget: int, at_most: int = 256) -> list[np.ndarray]:
    """Positions grouped so that leads x longest lead stays within `budget` tokens; longest first.

    Longest first, so that memory runs out at once or never. A lead longer than the budget is a batch of its own.

    Example:
        >>> [batch.tolist() for batch in token_batches([3, 9, 4, 2], budget=9)]
        [[1], [2, 0], [3]]
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    batches: list[np.ndarray] = []
    start = 0
    for position in range(1, len(order) + 1):
        longest = lengths[order[start]]
        full = position == len(order) or (position - start + 1) * longest > budget or position - start >= at_most
        if full:
            batches.append(order[start:position])
            start = position
    return batches


ROW_STEP = 128
"""A packed row is filled up to a multiple of so many tokens: few shapes, and whole blocks of attention."""


@dataclass(frozen=True, eq=False)
class Begun(Tokens):
    """A lead whose frozen lower layers were computed before; `states` fetches what they gave, (L, H)."""

    states: Callable[[], Tensor]


@dataclass(frozen=True)
class Batch:
    """Prompts of one pass. Shapes: ids (B, L) right-padded, or (1, T) one behind another; lengths and body (B,); all
    int64. `core.neural.asllr.Reader` tells the two apart by the shapes. `begun`, (B, L, H) or (1, T, H), where every
    lead comes with the states of its lower layers: what `Reader` takes in place of embeddings."""

    ids: Tensor
    lengths: Tensor
    body: Tensor
    begun: Tensor | None = None


def collate(prompts: Sequence[Tokens], device: torch.device | str = "cpu", *, packed: bool = False) -> Batch:
    """Pad to the longest prompt of this batch, never to a maximum; or pack them into one row."""
    sizes = [len(prompt) for prompt in prompts]
    if packed:
        ids = torch.zeros(1, -(-sum(sizes) // ROW_STEP) * ROW_STEP, dtype=torch.long)
        ids[0, : sum(sizes)] = torch.from_numpy(np.concatenate([prompt.ids for prompt in prompts]))
    else:
        ids = torch.zeros(len(prompts), max(sizes), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, : len(prompt)] = torch.from_numpy(prompt.ids)
    body = torch.tensor([prompt.body for prompt in prompts], device=device)
    return Batch(ids.to(device), torch.tensor(sizes, device=device), body, _begun(prompts, ids, packed, device))


def _begun(prompts: Sequence[Tokens], ids: Tensor, packed: bool, device: torch.device | str) -> Tensor | None:
    """The states of all lower layers, laid out as `ids` are; None where a lead has none."""
    known = [prompt for prompt in prompts if isinstance(prompt, Begun)]
    if len(known) < len(prompts):
        return None
    states = [prompt.states() for prompt in known]
    rows = [torch.cat(states)] if packed else states
    begun = rows[0].new_zeros(*ids.shape, rows[0].shape[-1])
    for row, found in enumerate(rows):
        begun[row, : len(found)] = found
    return begun.to(device)
