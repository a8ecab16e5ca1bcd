"""Prompts in batches that pad almost nothing, and the tokenizer as a plain function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from core.data.prompts import Prompt, Tokenize


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


@dataclass(frozen=True)
class Batch:
    """Right-padded prompts. Shapes: ids (B, L), lengths and body (B,), all int64."""

    ids: Tensor
    lengths: Tensor
    body: Tensor


def collate(prompts: Sequence[Prompt], device: torch.device | str = "cpu") -> Batch:
    """Pad to the longest prompt of this batch, never to a maximum."""
    lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
    ids = torch.zeros(len(prompts), int(lengths.max()), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, : len(prompt)] = torch.from_numpy(prompt.ids)
    return Batch(ids.to(device), lengths, torch.tensor([prompt.body for prompt in prompts], device=device))
