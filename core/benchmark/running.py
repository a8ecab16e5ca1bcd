"""Arm by arm and seed by seed: the first seed of every arm comes first, so that a benchmark says something early."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.benchmark.arms import Arm, choose
from core.benchmark.forecast import seconds_left
from core.benchmark.recipes import Bench, learn, seeded
from core.benchmark.results import Results, Trial
from core.benchmark.store import (
    add_to_shared,
    claim,
    leave_out,
    left_out,
    read_results,
    read_trial,
    write_json,
    write_test,
    write_trial,
)
from core.config import Config, config_to_dict
from core.data.alignment import TierReport
from core.data.leads import Leads
from core.data.leaks import future_columns
from core.data.masking import masked_leads
from core.data.schema import schema_to_dict
from core.data.splitting import Parts, split_by_time
from core.errors import ConfigError, NotComputable, ValidationError
from core.metrics import average_precision
from core.neural.rivals import Rivals
from core.progress import Event, Watch, with_memory
from core.tiers import check_tiers

NO_TEST = "There is no test part: the figures are of the later slice, by which choices were made, and too good."


@dataclass(frozen=True)
class Asked:
    """What is to be compared, and how."""

    arms: tuple[str, ...] = ("default",)
    """Keys, families, `default` or `all`; see `core.benchmark.arms.choose`."""
    seeds: int = 3
    trials: int = 5
    """Settings tried for each network and seed, the default among them."""
    capacity: float = 0.05
    """Share of the leads that the team can call, 0..1."""
    known_stage: str = ""
    recency: str = ""
    allowed: tuple[str, ...] = ()
    """Columns that look as if they told the future, and that the user vouches for."""

    def __post_init__(self) -> None:
        if self.seeds < 1 or self.trials < 1:
            raise ConfigError(f"seeds and trials must be 1 or more, however: got={self.seeds} and {self.trials}")
        if not 0 < self.capacity <= 1:
            raise ConfigError(f"capacity is a share of the leads, above 0 and at most 1, however: got={self.capacity}")


def run_benchmark(
    leads: Leads,
    config: Config,
    asked: Asked,
    out: Path,
    *,
    minutes: float | None = None,
    watch: Watch,
    tell: Callable[[Path], None] = lambda out: None,
) -> Results:
    """Run what is not done yet, and return all there is.

    Args:
        minutes: no arm is begun after so many; what waits then is run by the next call on the same `out`.
        tell: called with `out` after each arm; `read_results` gives what there is.

    Raises:
        ValidationError: the leads cannot be split, or a column seems to tell the future.
        ConfigError, RunError: see `choose`, `claim`.
    """
    began, watch = time.monotonic(), with_memory(watch)
    _check_columns(leads, asked)
    arms = choose(asked.arms, leads.schema.funnel)
    parts = split_by_time(leads)
    tested = parts.test if len(parts.test) else parts.calibration
    _refuse_leaks(leads, parts, asked)
    settings = {name: value for name, value in asdict(asked).items() if name not in ("arms", "seeds", "capacity")}
    request = {"leads": leads.content_hash, "schema": schema_to_dict(leads.schema), "settings": config_to_dict(config)}
    claim(out, {**request, **settings})
    if config.mask:
        watch(Event("mask names and numbers"))
        leads = masked_leads(leads)
    tiers = check_tiers(leads.take(parts.train), config.seed)
    seeds_of = {key: list(range(asked.seeds if seeded(arm) else 1)) for key, arm in arms.items()}
    rivals = Rivals(leads, parts, tested, config, out / "work", asked.trials, watch)
    _write_shared(leads, parts, tested, asked, arms, tiers, seeds_of, rivals, out)
    bench = Bench(leads, parts, tested, rivals, asked.known_stage, asked.recency)
    plan = [(arm, seed) for seed in range(asked.seeds) for arm in arms.values() if seed in seeds_of[arm.key]]
    for number, (arm, seed) in enumerate(plan):
        if read_trial(out, arm.key, seed) is not None or left_out(out, arm.key) is not None:
            continue
        if minutes is not None and time.monotonic() - began > 60 * minutes:
            watch(Event(f"the budget of {minutes:g} minutes is spent: run the same command again to go on"))
            break
        left = seconds_left(read_results(out))
        watch(Event(f"compare: {arm.title}, seed {seed}", number, len(plan), left))
        try:
            write_trial(out, _trial(arm, seed, bench))
        except NotComputable as error:
            leave_out(out, arm.key, str(error))
            watch(Event(f"{arm.title} is left out: {error}"))
        add_to_shared(out, {"read_seconds_per_1000": rivals.read_seconds_per_1000})
        tell(out)
    return read_results(out)


def _trial(arm: Arm, seed: int, bench: Bench) -> Trial:
    shared = bench.rivals.shared_seconds
    began = time.perf_counter()
    learned = learn(arm, bench, seed)
    trained = time.perf_counter()
    score = np.asarray(learned.test(), dtype=np.float64)
    scored = time.perf_counter()
    if not np.isfinite(score).all():
        raise NotComputable(f"{int((~np.isfinite(score)).sum())} of {len(score)} tested leads got no score")
    later = bench.part.later.converted
    known = np.isfinite(later)
    return Trial(
        arm.key,
        seed,
        score[np.isfinite(bench.part.test.converted)],
        average_precision(later[known], learned.later()[known]),
        # What this arm was the first to need, such as reading, is every arm's and is told apart.
        max(trained - began - (bench.rivals.shared_seconds - shared), 0.0),
        1000 * (scored - trained) / len(score),
        bench.rivals.reads and arm.reads,
        learned.notes,
    )


def _check_columns(leads: Leads, asked: Asked) -> None:
    features = leads.schema.features
    for option, column, fitting in (
        ("--known-stage", asked.known_stage, (*features.numeric, *features.categorical)),
        ("--recency", asked.recency, features.numeric),
    ):
        if column and column not in fitting:
            raise ConfigError(
                f"{option} takes a feature that is known at scoring time, one of {', '.join(fitting)}, however: "
                f"got='{column}'; what is known only afterwards, such as the stage reached in the end, cannot be used"
            )


def _refuse_leaks(leads: Leads, parts: Parts, asked: Asked) -> None:
    found = {column: why for column, why in future_columns(leads, parts.train).items() if column not in asked.allowed}
    if found:
        raise ValidationError(
            tuple(
                f"column '{column}' seems to be known only after the outcome: {why}. Take it out of [features], or "
                f"vouch for it with --allow {column}"
                for column, why in found.items()
            )
        )


def _write_shared(
    leads: Leads,
    parts: Parts,
    tested: np.ndarray,
    asked: Asked,
    arms: dict[str, Arm],
    tiers: Sequence[TierReport],
    seeds_of: dict[str, list[int]],
    rivals: Rivals,
    out: Path,
) -> None:
    known = tested[np.isfinite(leads.converted[tested])]
    roles = leads.roles.iloc[known]
    test = pd.DataFrame({name: roles[name].astype(str).to_numpy() for name in ("lead_id", "customer_id")})
    test = test.assign(converted=leads.converted[known].astype(int), stage=leads.stage[known])
    write_test(out, test)
    counts = {name: len(getattr(parts, name)) for name in ("train", "calibration", "test")}
    won = {name: int(np.nansum(leads.converted[getattr(parts, name)])) for name in counts}
    document: dict[str, Any] = {
        "arms": [asdict(arm) for arm in arms.values()],
        "stages": list(leads.schema.funnel.stages),
        "capacity": asked.capacity,
        "leads": len(leads),
        "split": counts,
        "boundaries": parts.boundaries,
        "converted": won,
        "base_rate": float(leads.converted[known].mean()),
        "seeds": asked.seeds,
        "seeds_of": seeds_of,
        "trials": asked.trials,
        "reads": rivals.reads,
        "read": {"train": len(rivals.read_rows.train), "of": len(parts.train)},
        "backbone": rivals.config.backbone if rivals.reads else None,
        "depth": rivals.config.depth,
        "tiers": [{**asdict(tier), "summary": tier.summary, "warning": tier.warning} for tier in tiers],
        "notes": [*parts.notes, *([] if len(parts.test) else [NO_TEST])],
    }
    write_json(out / "shared.json", {**document, "read_seconds_per_1000": rivals.read_seconds_per_1000})
