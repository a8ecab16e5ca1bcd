"""Shards scored on this machine: in this process, or by several that may die while the work goes on.

parent  -- shard -->  worker          one at a time, so that a dead worker's shard is known
        <-- at, done, failed --       how far it is; that it is finished; what went wrong, which would again
        <-- end of the line --        it died: its shard goes to another, and from now on there is one fewer
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import psutil

from core.bulk.worker import Done, Order, ShardScorer
from core.devices import cores, devices
from core.errors import LeadRankError
from core.progress import Event, Watch
from core.scoring import Reading

MOST_DEATHS = 3
"""Workers that may die over one shard before it is given up."""
CORES_EACH = 2
"""Of a worker on a processor."""
PROCESS_BYTES = 1 << 30
"""What a worker takes beside the weights of its language model: Python, torch and one pass."""
KEPT = "What is done is kept, and the same work goes on with it when it is started again"
TICK_SECONDS = 1.0
"""How often it is told how far each is while nothing is heard: whoever watches may stop the work then."""
Progress = Callable[[int, int], None]
"""Called with (shard, leads of it that are read)."""
Means = Callable[[Order, list[int], int, Progress, Watch], Iterator[Done]]
"""(what to do, shards, workers, how far each is, what else is told) -> shards as they are finished."""


def sensible_workers(reading: Reading) -> int:
    """Processes that score at a time on this machine: one where fields alone are read; with a language model one for
    each GPU, or for every `CORES_EACH` cores, as far as free memory holds their models."""
    if reading.engine is None:
        return 1
    if reading.device == "cuda":
        return max(1, len(_gpus()))
    fit = psutil.virtual_memory().available // (reading.weights + PROCESS_BYTES)
    return max(1, min(cores() // CORES_EACH, fit))


def score_locally(order: Order, shards: list[int], workers: int, at: Progress, watch: Watch) -> Iterator[Done]:
    """Shards as they are finished, in this process or by several."""
    workers = min(workers, len(shards))
    return score_in_processes(order, shards, workers, at) if workers > 1 else score_here(order, shards, at, watch)


def score_here(order: Order, shards: list[int], at: Progress, watch: Watch) -> Iterator[Done]:
    """One shard after the other in this process."""
    scorer = ShardScorer(order, tell=lambda text: watch(Event(text)))
    for shard in shards:
        yield scorer(shard, _forwarded(shard, at))


def score_in_processes(order: Order, shards: list[int], workers: int, at: Progress) -> Iterator[Done]:
    """Shards as they are finished, by `workers` processes that share the machine's cores and its GPUs.

    Most who die do so for want of memory: with each there is one fewer, at least one.

    Raises:
        LeadRankError: the model, a lead or the program is at fault, or workers die over the same shard again and again.
    """
    waiting, deaths = deque(shards), Counter[int]()
    crew: dict[Connection, _Worker] = {}
    started: list[BaseProcess] = []
    try:
        while waiting or crew:
            while waiting and len(crew) < workers:
                place = min(set(range(workers)) - {worker.place for worker in crew.values()})
                worker = _start(order, place, workers)
                started.append(worker.process)
                crew[worker.line] = worker
                worker.give(waiting.popleft())
            ready = wait(list(crew), timeout=TICK_SECONDS)
            if not ready:
                worker = next(iter(crew.values()))
                at(worker.shard, worker.read)
            for worker in [worker for line, worker in crew.items() if line in ready]:
                try:
                    kind, said = worker.line.recv()
                except (EOFError, OSError):
                    del crew[worker.line]
                    deaths[worker.shard] += 1
                    _give_up(worker, deaths[worker.shard])
                    workers = max(1, workers - 1)
                    waiting.appendleft(worker.shard)
                    continue
                if kind == "at":
                    worker.read = said
                    at(worker.shard, said)
                elif kind == "failed":
                    raise LeadRankError(said)
                else:
                    if waiting:
                        worker.give(waiting.popleft())
                    else:
                        del crew[worker.line]
                        worker.line.close()
                    yield said
    finally:
        for worker in crew.values():
            worker.process.terminate()
        for process in started:
            process.join()


@dataclass
class _Worker:
    process: BaseProcess
    line: Connection
    place: int
    shard: int = -1
    read: int = 0
    """Leads of the shard."""

    def give(self, shard: int) -> None:
        self.shard, self.read = shard, 0
        with suppress(OSError):  # it died meanwhile, which the next look at its line tells
            self.line.send(shard)

    def died(self) -> str:
        """How, in words."""
        self.process.join()
        code = self.process.exitcode or 0
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _start(order: Order, place: int, workers: int) -> _Worker:
    # Not a fork: torch does not outlive one.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    more = {"OMP_NUM_THREADS": str(max(1, cores() // workers))}
    if order.device != "cpu" and (several := _gpus())[1:]:
        more["CUDA_VISIBLE_DEVICES"] = several[place % len(several)]
    process = context.Process(target=_serve, args=(theirs, order, more), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours, place)


def _gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    stated = os.environ.get("CUDA_VISIBLE_DEVICES")
    if stated is not None:
        return [name for name in stated.split(",") if name.strip()]
    return [str(n) for n in range(sum(device.kind == "cuda" and device.usable for device in devices()))]


def _serve(line: Connection, order: Order, more_environment: dict[str, str]) -> None:
    """Runs in a worker until the parent closes the line, or is gone itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends its workers
    os.environ.update(more_environment)  # before torch is imported, which reads it then
    shard = -1
    try:
        scorer = ShardScorer(order)
        while True:
            shard = line.recv()
            line.send(("done", scorer(shard, _forwarded(shard, lambda _, read: line.send(("at", read))))))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except LeadRankError as error:
        line.send(("failed", str(error)))
    except OSError as error:
        line.send(("failed", f"{error.strerror or error}: {error.filename or 'while scores were written'}"))
    except MemoryError:  # a death like any other for want of memory
        raise
    except Exception as error:
        traceback.print_exc()
        line.send(("failed", f"shard {shard} could not be scored, however: {type(error).__name__}: {error}. {KEPT}"))


def _forwarded(shard: int, at: Progress) -> Watch:
    """A watcher that hands on how many leads of a shard are read."""

    def watch(event: Event) -> None:
        if event.total:
            at(shard, event.done)

    return watch


def _give_up(worker: _Worker, deaths: int) -> None:
    """Raises LeadRankError where too many workers died over one shard."""
    if deaths >= MOST_DEATHS:
        raise LeadRankError(
            f"{deaths} workers, one after the other, had to score shard {worker.shard}, however: the last one "
            f"{worker.died()}; most often memory is too small for as many at a time: close other programs, or let "
            f"fewer work where that can be set. {KEPT}"
        )
