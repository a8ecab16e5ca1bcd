"""Arm by arm and seed by seed: the first seed of every arm comes first, so that a benchmark says something early."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.benchmark.arms import Arm, choose, held_against
from core.benchmark.asked import Asked, check_columns, identity, refuse_leaks
from core.benchmark.forecast import seconds_left
from core.benchmark.holding import held
from core.benchmark.measuring import clusters, rangeless
from core.benchmark.recipes import Bench, learn
from core.benchmark.results import Results, Trial
from core.benchmark.store import (
    add_to_shared,
    claim,
    leave_out,
    left_out,
    read_results,
    read_shared,
    read_trial,
    same_request,
    write_json,
    write_test,
    write_trial,
)
from core.benchmark.wording import in_minutes
from core.config import Config
from core.data.alignment import TierReport
from core.data.leads import Leads
from core.data.masking import masked_leads
from core.data.splitting import Parts, split_by_time
from core.errors import BackboneError, LeadRankError, NotComputable, without_folders
from core.metrics import average_precision
from core.neural.rivals import Rivals
from core.progress import Event, Watch, with_memory
from core.ranking import Ranking
from core.resampling import resampled
from core.tiers import check_tiers

NO_TEST = "There is no test part: the figures are of the later slice, by which choices were made, and too good."
RESAMPLES = 200
"""Of the later slice, for the error of what choices are made by: rough is enough."""


def run_benchmark(
    leads: Leads,
    config: Config,
    asked: Asked,
    out: Path,
    *,
    minutes: float | None = None,
    data_notes: Sequence[str] = (),
    watch: Watch,
    tell: Callable[[Path], None] = lambda out: None,
) -> Results:
    """Run what is not done yet, and return all there is.

    Args:
        minutes: no arm is begun after so many, counted from the first one; at least one is run. What waits then is run
            by the next call on the same `out`.
        data_notes: what the check of the file warned of, for the report.
        tell: called with `out` after each arm; `read_results` gives what there is.

    An arm that these leads cannot teach is left out for good; one that something else holds up, such as a language
    model that cannot be fetched, waits, and the next call tries it again.

    Raises:
        ValidationError: the leads cannot be split, a part has one outcome alone, or a column seems to tell the future.
        ConfigError, RunError: see `choose`, `claim`, `held`; or a setting does not fit the language model.
    """
    with held(out):
        return _run_all(leads, config, asked, out, minutes, data_notes, with_memory(watch), tell)


def _run_all(
    leads: Leads,
    config: Config,
    asked: Asked,
    out: Path,
    minutes: float | None,
    data_notes: Sequence[str],
    watch: Watch,
    tell: Callable[[Path], None],
) -> Results:
    check_columns(leads.schema, asked)
    arms = choose(asked.arms, leads.schema.funnel)
    watch(Event("split the leads in time and look for columns that tell the future"))
    parts = split_by_time(leads)
    tested = parts.test if len(parts.test) else parts.calibration
    refuse_leaks(leads, parts, asked)
    request = identity(leads, config, asked)
    same_request(out, request)
    if config.mask:
        watch(Event("mask names and numbers"))
        leads = masked_leads(leads)
    watch(Event("look at the stage pairs"))
    tiers = check_tiers(leads, parts.train, seed=config.seed)
    rivals = Rivals(leads, parts, tested, config, out / "work", asked.trials, watch)
    plan = [(arm, seed) for seed in range(asked.seeds) for arm in arms.values() if seed == 0 or arm.seeded]
    reading = {arm.key: arm.title for arm, seed in plan if arm.reads and rivals.reads and _to_do(out, arm, seed)}
    if reading:
        watch(Event("load the model"))
    model, held_up = _language_model(rivals, reading, watch)
    claim(out, {**request, **model})
    _write_test(leads, tested, out, watch)
    _write_shared(leads, parts, tested, asked, arms, tiers, rivals, held_up, data_notes, out)
    bench = Bench(leads, parts, tested, rivals, asked.known_stage, asked.recency)
    began = None
    for number, (arm, seed) in enumerate(plan):
        if arm.key in held_up or not _to_do(out, arm, seed):
            continue
        if began is None:
            began = time.monotonic()
        elif minutes is not None and time.monotonic() - began > 60 * minutes:
            watch(Event(f"the budget of {in_minutes(minutes)} is spent: run the same command again to go on"))
            break
        left = seconds_left(read_results(out))
        watch(Event(f"compare: {arm.title}, seed {seed}", number, len(plan), left))
        _run(arm, seed, bench, held_up, out)
        add_to_shared(out, {"held_up": held_up, **_reading(rivals)})
        _tell(tell, out, watch)
    return read_results(out)


def _to_do(out: Path, arm: Arm, seed: int) -> bool:
    return left_out(out, arm.key) is None and read_trial(out, arm.key, seed) is None


def _language_model(rivals: Rivals, reading: dict[str, str], watch: Watch) -> tuple[dict[str, Any], dict[str, str]]:
    """Which language model is to read, for the request; and of the arms that wait for it, `reading`, those that have to
    go on waiting, with the reason.

    Raises:
        ConfigError: `depth` or `max_tokens` does not fit the language model.
    """
    if not reading:
        return {}, {}
    try:
        rivals.material.reader()
        nobody = rivals.material.leads.take(rivals.rows.train[:0])
        rivals.material.writer("tower").write(nobody)  # raises where max_tokens has no room for the question
        model = rivals.material.backbone().identity
    except BackboneError as error:
        watch(Event(f"without the language model, {', '.join(reading.values())} wait for the next call: {error}"))
        return {}, dict.fromkeys(reading, without_folders(str(error)))
    return {"backbone": {"sha256": model.sha256, "layers": model.layers}}, {}


def _run(arm: Arm, seed: int, bench: Bench, held_up: dict[str, str], out: Path) -> None:
    """Keep what the arm finds, or why it never can; where another call may do what this could not, tell `held_up`."""
    watch = bench.rivals.watch
    try:
        write_trial(out, _trial(arm, seed, bench))
    except NotComputable as error:
        leave_out(out, arm.key, str(error))
        watch(Event(f"{arm.title} is left out: {error}"))
    except LeadRankError as error:
        held_up[arm.key] = without_folders(str(error))
        watch(Event(f"{arm.title} waits for the next call: {error}"))


def _tell(tell: Callable[[Path], None], out: Path, watch: Watch) -> None:
    try:
        tell(out)
    except Exception as error:
        # Whatever the listener meets, the work goes on: what was found is kept.
        watch(Event(f"what is done so far could not be told ({type(error).__name__}): {error}"))


def _trial(arm: Arm, seed: int, bench: Bench) -> Trial:
    # In full, also for what an arm before it has made already; but for reading, which is told apart.
    learned, train_seconds = bench.rivals.costs.alone(lambda: learn(arm, bench, seed))
    began = time.perf_counter()
    score = np.asarray(learned.test(), dtype=np.float64)
    score_seconds = time.perf_counter() - began
    if not np.isfinite(score).all():
        raise NotComputable(f"{int((~np.isfinite(score)).sum())} of {len(score)} tested leads got no score")
    later = bench.part.later
    known = np.isfinite(later.converted)
    said = learned.later()[known]
    return Trial(
        arm.key,
        seed,
        score[np.isfinite(bench.part.test.converted)],
        average_precision(later.converted[known], said),
        train_seconds,
        1000 * score_seconds / len(score),
        bench.rivals.reads and arm.reads,
        learned.notes,
        _spread(later.converted[known], said, clusters(later.roles[known])),
    )


def _spread(outcome: np.ndarray, score: np.ndarray, customers: np.ndarray | None) -> float | None:
    """Standard error of the average precision over leads; None where there are too few of a kind."""
    try:
        metrics = {"precision": Ranking.average_precision}
        drawn = resampled(outcome, [score], metrics, RESAMPLES, clusters=customers)["precision"]
    except NotComputable:
        return None
    return float(drawn.std(ddof=1))


def _write_test(leads: Leads, tested: np.ndarray, out: Path, watch: Watch) -> None:
    known = tested[np.isfinite(leads.converted[tested])]
    roles = leads.roles.iloc[known]
    test = pd.DataFrame({name: roles[name].astype(str).to_numpy() for name in ("lead_id", "customer_id")})
    test = test.assign(converted=leads.converted[known].astype(int), stage=leads.stage[known])
    if untold := rangeless(test):
        watch(Event(f"figures will come without ranges, as how far chance spreads them cannot be told: {untold}"))
    write_test(out, test)


def _write_shared(
    leads: Leads,
    parts: Parts,
    tested: np.ndarray,
    asked: Asked,
    arms: dict[str, Arm],
    tiers: Sequence[TierReport],
    rivals: Rivals,
    held_up: dict[str, str],
    data_notes: Sequence[str],
    out: Path,
) -> None:
    counts = {name: len(getattr(parts, name)) for name in ("train", "calibration", "test")}
    read = {"train": len(rivals.read_rows.train), "of": len(parts.train)}
    fair = held_against(arms, words=rivals.reads, whole=read["train"] == read["of"])
    document: dict[str, Any] = {
        "arms": [asdict(arm) for arm in fair.values()],
        "stages": list(leads.schema.funnel.stages),
        "capacity": asked.capacity,
        "leads": len(leads),
        "split": counts,
        "boundaries": parts.boundaries,
        "converted": {name: int(np.nansum(leads.converted[getattr(parts, name)])) for name in counts},
        "base_rate": float(np.nanmean(leads.converted[tested])),
        "seeds": asked.seeds,
        "seeds_of": {key: list(range(asked.seeds if arm.seeded else 1)) for key, arm in arms.items()},
        "trials": asked.trials,
        "reads": rivals.reads,
        "read": read,
        "backbone": rivals.config.backbone if rivals.reads else None,
        "depth": rivals.config.depth,
        "tiers": [{**asdict(tier), "summary": tier.summary, "warning": tier.warning} for tier in tiers],
        "notes": [*parts.notes, *([] if len(parts.test) else [NO_TEST])],
        "data_notes": list(data_notes),
        "held_up": held_up,
    }
    # What reading took by an earlier call holds, though its working files may be gone.
    before = {"read_seconds_per_1000": read_shared(out).get("read_seconds_per_1000")}
    write_json(out / "shared.json", {**before, **document, **_reading(rivals)})


def _reading(rivals: Rivals) -> dict[str, float]:
    """What reading takes, as far as this call knows."""
    seconds = rivals.read_seconds_per_1000
    return {} if seconds is None else {"read_seconds_per_1000": seconds}
