"""Several processes that fine-tune together, as `accelerate launch` or `torchrun` starts them; one alone otherwise.

    process 0      reads, splits, probes ... lays the lesson down -- call --> fine-tunes a slice --> tests, keeps
    all others     wait ------------------------------------------- called -> fine-tune theirs  --> end

All that they ever exchange is a sum. What one process knows of its slice stands among zeros, so that a sum also joins
slices: the answers of a batch's leads, gradients, validation. Every process therefore knows the same and decides alike.
With FSDP they also gather the frozen weights, layer by layer, in passes that they make in step (`core.neural.learner`).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from core.errors import ConfigError, RunError
from core.neural.states import out_of_memory

PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others' next sum. One that has ended is noticed at once; one that hangs, or ends in
the middle of a sum on GPUs, after this."""
CALL = "call"
"""What the first process says to those that wait: TRAIN or END."""
TRAIN, END = "train", "end"
LEFT = "left"
"""Where those that were dismissed are counted."""
FAREWELL = 5.0
"""Seconds that the first process waits for them to go."""
LOST = (
    "this run is fine-tuned by {count} processes, however: another one has ended or does not answer ({error}); look at "
    "what it said, then give the same command again with --resume: it goes on from the last checkpoint"
)
NO_ROOM = (
    "this process has too little memory for a pass, and with FSDP no other can go on without its part of the weights "
    "({error}); give the same command again with --resume and --set engine.checkpointing=true, or begin anew with a "
    "smaller micro_tokens"
)
T = TypeVar("T")


@dataclass(eq=False)
class Workers:
    """The processes that train together, seen from one of them: this is number `rank` of `count`."""

    rank: int = 0
    count: int = 1
    store: dist.Store | None = field(default=None, repr=False)
    shards: bool = False
    """Whether the frozen weights are shared out among them (FSDP)."""

    @staticmethod
    def started(environment: Mapping[str, str] = os.environ) -> Workers:
        """The processes that the launcher has started, this one alone without a launcher.

        Raises:
            ConfigError: the launcher asks for DeepSpeed.
            RunError: the first process cannot be reached.
        """
        count = int(environment.get("WORLD_SIZE", "1"))
        if _asked(environment, "ACCELERATE_USE_DEEPSPEED"):
            raise ConfigError(
                "weights are shared out among processes by FSDP, however: the launcher asks for DeepSpeed; launch with "
                "--use_fsdp instead, or with --multi_gpu where each GPU has room for the whole language model"
            )
        if count == 1:
            return ALONE
        if torch.cuda.is_available():
            torch.cuda.set_device(int(environment.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
        signal.signal(signal.SIGTERM, partial(_told_to_end, count=count))
        try:
            store, rank, count = next(dist.rendezvous("env://", timeout=PATIENCE))
        except (RuntimeError, ValueError) as error:
            raise _lost(count, error) from error
        return Workers(rank, count, store, _asked(environment, "ACCELERATE_USE_FSDP"))

    @property
    def first(self) -> bool:
        """Whether this process tells and keeps what all have found."""
        return self.rank == 0

    def slice(self, n: int) -> slice:
        """Which of n things that lie in a row this process takes: every `count`-th one."""
        return slice(self.rank, n, self.count)

    def call(self) -> None:
        """The first process to the others: the lesson lies ready."""
        if self.store is not None:
            self.store.set(CALL, TRAIN)

    def dismiss(self) -> None:
        """The first process to the others, where they still wait: nothing is to be fine-tuned (any more)."""
        if self.store is None or self.store.check([CALL]):
            return
        self.store.set(CALL, END)
        # Where this process keeps the store itself, nobody could ask once it has ended.
        until = time.monotonic() + FAREWELL
        while self.store.add(LEFT, 0) < self.count - 1 and time.monotonic() < until:
            time.sleep(0.1)

    def called(self) -> bool:
        """Wait for the first process to say whether there is something to fine-tune.

        Raises:
            RunError: it has ended.
        """
        assert self.store is not None
        try:
            # Whoever keeps the store is the first process or its launcher: asking is how its end is noticed.
            while not self.store.check([CALL]):
                time.sleep(0.5)
            if self.store.get(CALL).decode() == TRAIN:
                return True
            self.store.add(LEFT, 1)
            return False
        except RuntimeError as error:
            raise _lost(self.count, error) from error

    def join(self, device: torch.device) -> None:
        """Meet the others. All processes call it, once the lesson lies ready."""
        if self.count > 1 and not dist.is_initialized():
            backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
            try:
                dist.init_process_group(
                    backend, store=self.store, rank=self.rank, world_size=self.count, timeout=PATIENCE
                )
            except (RuntimeError, ValueError) as error:
                raise _lost(self.count, error) from error

    def leave(self) -> None:
        """Go on alone. All processes call it, at the end of fine-tuning."""
        if self.count > 1 and dist.is_initialized():
            dist.destroy_process_group()

    def sum(self, values: Tensor) -> Tensor:
        """`values`, in place, summed over all processes; the same to the last bit on each.

        Raises:
            RunError: another process has ended.
        """
        if self.count > 1 and values.numel():
            try:
                if values.is_cuda:
                    # NCCL notices a lost process by the timeout alone, gloo at once.
                    dist.all_reduce(torch.zeros(1))
                dist.all_reduce(values)
            except RuntimeError as error:
                raise _lost(self.count, error) from error
        return values

    def as_first(self, values: Tensor) -> Tensor:
        """`values`, in place, as the first process has them."""
        return self.sum(values if self.first else values.zero_())

    def any(self, here: bool) -> bool:
        """Whether it is so on any process; returns once all of them have asked."""
        return bool(self.sum(torch.tensor(float(here))) > 0) if self.count > 1 else here

    def in_step(self, own: list[T], spare: T) -> list[T]:
        """`own` passes; where weights are gathered for each, then `spare` ones until every process makes as many."""
        if not self.shards:
            return own
        passes = torch.zeros(self.count)
        passes[self.rank] = len(own)
        return own + [spare] * (int(self.sum(passes).max()) - len(own))

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Passes for which weights may be gathered: no process can make up for what goes wrong in another.

        Raises:
            RunError: weights are shared out, and memory runs out or another process has ended.
        """
        try:
            yield
        except RuntimeError as error:
            if self.shards and out_of_memory(error):
                raise RunError(NO_ROOM.format(error=_first_words(error))) from error
            if self.shards and (isinstance(error, dist.DistError) or "gloo" in str(error)):
                raise _lost(self.count, error) from error
            raise


def _asked(environment: Mapping[str, str], wish: str) -> bool:
    return environment.get(wish, "false").lower() in ("1", "true")


def _told_to_end(*_: object, count: int) -> None:
    """What a launcher makes of all other processes when one is lost: they say so, rather than vanish."""
    raise _lost(count, "the launcher ends this one")


def _lost(count: int, error: object) -> RunError:
    # Said once: a launcher that now ends this process may do so.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return RunError(LOST.format(count=count, error=_first_words(error)))


def _first_words(error: object) -> str:
    return str(error).strip().partition("\n")[0].partition(". ")[0] or type(error).__name__


ALONE = Workers()
"""One process, which is first and last."""
