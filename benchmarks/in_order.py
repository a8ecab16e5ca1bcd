"""transformers' Trainer over leads in an order that is given, so that it learns what another side learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch.utils.data import Sampler
from transformers import Trainer

from core.neural.lesson import Lesson


class InOrder(Trainer):
    """Trainer that takes the leads in a given order, epoch by epoch."""

    def __init__(self, order: Sequence[Sequence[np.ndarray]], **more: Any) -> None:
        self.order = [np.concatenate(batches).tolist() for batches in order]
        super().__init__(**more)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return _Epochs(iter(self.order), len(self.order[0]))


class _Epochs(Sampler[int]):
    def __init__(self, orders: Iterator[list[int]], length: int) -> None:
        self.orders, self.length = orders, length

    def __iter__(self) -> Iterator[int]:
        return iter(next(self.orders))

    def __len__(self) -> int:
        return self.length


def told(lesson: Lesson) -> Any:
    """The leads as Trainer takes them."""
    pairs = zip(lesson.prompts, lesson.converted, strict=True)
    return [{"input_ids": prompt.ids.tolist(), "labels": [float(label)]} for prompt, label in pairs]
