"""Shards scored by actors of Ray Data, each of which loads the model once: on one machine, or on a cluster.

The run's folder and the folder of shards must lie where every machine finds them by the same path, and this product
must be importable there. Tried with two actors on one machine, one of which was killed: its shard went to another.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.bulk.local import Means, Progress
from core.bulk.worker import Done, Order, ShardScorer
from core.errors import ConfigError, LeadRankError
from core.progress import Watch

try:
    import ray
    import ray.data
    import ray.exceptions
except ImportError:
    ray = None


class Actor:
    """Scores the shards that Ray hands to it: {"shard": (n,)} -> {"shard": (n,), "leads": (n,), "reused": (n,)}."""

    def __init__(self, order: Order) -> None:
        self.score = ShardScorer(order)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[int]]:
        done = [asdict(self.score(int(shard))) for shard in batch["shard"]]
        return {name: [one[name] for one in done] for name in Done.__dataclass_fields__}


def on_ray(device: str) -> Means:
    """Ray as the means to score, on the cluster that RAY_ADDRESS names; without it one is started here.

    Raises:
        ConfigError: Ray is not installed, or a cluster is named and `device` is left to be found out: what this machine
            has says nothing of that one's.
    """
    if device == "auto" and os.environ.get("RAY_ADDRESS"):
        raise ConfigError(
            "--engine ray on a cluster (RAY_ADDRESS) needs --device cpu or --device cuda, however: got=auto, which "
            "this machine alone would decide"
        )
    if ray is None:
        raise ConfigError(
            "--engine ray needs Ray, however: it is not installed; `pip install -r requirements-cluster.txt` brings it"
        )
    return score_on_ray


def score_on_ray(order: Order, shards: list[int], workers: int, at: Progress, watch: Watch) -> Iterator[Done]:
    """Shards as they are finished, by `workers` actors; where one died Ray starts it again, with its shard.

    Got by `on_ray`.

    Raises:
        LeadRankError: an actor failed again and again.
    """
    if not ray.is_initialized():
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "include_dashboard": False}
        ray.init(**quiet, runtime_env={"env_vars": _environment()})
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = ray.data.from_items([{"shard": shard} for shard in shards], override_num_blocks=len(shards))
    done = rows.map_batches(
        Actor,
        fn_constructor_args=(order,),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(shards))),
        num_gpus=1 if order.device == "cuda" else None,
    )
    try:
        for row in done.iter_rows():
            yield Done(**row)
    except ray.exceptions.RayError as error:
        why = str(error).strip().splitlines()[-1]
        raise LeadRankError(
            f"the work on Ray ended: {why}; what is done is kept, and the same command goes on with it"
        ) from error


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    return {"PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
