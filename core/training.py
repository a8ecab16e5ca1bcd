"""A whole training run as a user asks for it: split, tiers, model, baselines, test, model card, run folder."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core import trust
from core.boosted.scorer import train_boosted
from core.comparison import Comparison, compare
from core.config import Config, config_to_dict
from core.data.alignment import TierReport
from core.data.leads import Leads
from core.data.masking import masked_on_disk
from core.data.reviews import Applied, Review, apply_reviews
from core.data.sampling import evenly, mostly_won
from core.data.splitting import Parts, split_by_time
from core.errors import NotComputable
from core.evaluation import Evaluation, evaluate
from core.neural.checkpoints import save_run
from core.neural.joining import help_out
from core.neural.trainer import Trained, train_run
from core.neural.workers import ALONE, Workers
from core.progress import Event, Watch, nobody, with_memory
from core.scores import Scorer, Scores, joined
from core.tiers import check_tiers
from core.unfinished import WORK, begun, claim
from core.words import READ_LEADS, train_logistic, train_words

SCORED_LEADS = 65_536
"""Leads whose words are in memory at once while a part is scored."""


def train(
    leads: Leads,
    config: Config,
    out: Path,
    *,
    reviews: Sequence[Review] = (),
    resume: bool = False,
    watch: Watch,
    workers: Workers = ALONE,
) -> dict[str, Any]:
    """Train on `leads` and write the run folder `out`; returns the model card.

    `reviews`: what people said of pairs and leads, oldest first. They change the training part alone.
    `workers`: processes that `help_out` with fine-tuning; this is the first of them.

    Raises:
        RunError: `out` holds a finished run, or an interrupted one and `resume` is not set, or one of other data or
            settings.
        ValidationError, NotComputable: the leads cannot be split or learned from.
    """
    with begun(out, resume) as work:
        parts = split_by_time(leads)
        claim(work, leads, config, reviews)
        return _train(leads, parts, config, out, work, reviews, with_memory(watch), workers)


def _train(
    leads: Leads,
    parts: Parts,
    config: Config,
    out: Path,
    work: Path,
    reviews: Sequence[Review],
    watch: Watch,
    workers: Workers,
) -> dict[str, Any]:
    began = time.monotonic()
    as_given, applied, judged = leads, None, parts.train
    if reviews:
        applied = apply_reviews(
            leads, parts.train, reviews, margin=config.reviewed_margin, weight=config.reviewed_weight
        )
        leads, judged = applied.leads, parts.train[~applied.reviewed.left_out[parts.train]]
        watch(Event(applied.summary))
    if config.mask:
        leads = masked_on_disk(leads, work / "masked", watch)
    if not leads.schema.funnel.tiers:
        watch(Event("the schema declares no tiers: pairs are converted over not converted"))
    watch(Event("check the preference tiers"))
    tiers = check_tiers(leads, judged, seed=config.seed)
    for tier in tiers:
        watch(Event(tier.warning or tier.summary))
    reviewed = applied.reviewed if applied else None
    trained = train_run(leads, parts.train, parts.calibration, config, work, watch, reviewed=reviewed, workers=workers)
    tested = parts.test if len(parts.test) else parts.calibration
    named: dict[str, Scores] = {trained.scorer.name: _scored(trained.scorer, leads, tested, watch)}
    if config.baselines:
        named |= _baselines(leads, parts, tested, config.seed, trained.decisions, watch)
    watch(Event("test"))
    evaluation = evaluate(named[trained.scorer.name], leads, rows=tested)
    comparison = compare(named, leads, rows=tested, baselines=list(named)[1:]) if len(named) > 1 else None
    card = _card(as_given, parts, config, tiers, trained, evaluation, comparison, time.monotonic() - began, applied)
    run = trained.run
    run.card.update(card)
    save_run(out, run, _test_scores(named, leads, tested), model_card(card))
    # Windows takes no mapped file away.
    shutil.rmtree(work, ignore_errors=True)
    return card


@contextmanager
def started() -> Iterator[Workers]:
    """The processes that `accelerate launch` or `torchrun` has started, or this one alone; see `core.neural.workers`.

    At the end those that still wait are told that there is nothing to help with.
    """
    workers = Workers.started()
    try:
        yield workers
    finally:
        if workers.first:
            workers.dismiss()


def help_train(out: Path, workers: Workers) -> None:
    """What a process other than the first does instead of `train`: it waits, and shares the fine-tuning.

    Raises:
        RunError: another process has ended.
    """
    help_out(out / WORK, workers)


def _baselines(
    leads: Leads, parts: Parts, tested: np.ndarray, seed: int, decisions: dict[str, Any], watch: Watch
) -> dict[str, Scores]:
    """Scores of the strong simple models, fitted on the same rows; one that cannot be fitted is left out and said.

    Words are learned from a sample where there are too many leads for memory; `decisions` then say so.
    """
    silent = leads.without_words()
    fitted, later = silent.take(parts.train), silent.take(parts.calibration)
    spoken = mostly_won(parts.train, leads.converted, READ_LEADS, seed)
    heard = evenly(parts.calibration, READ_LEADS, seed)
    if len(spoken) < len(parts.train):
        few = f"{len(spoken):,} of {len(parts.train):,} training leads, converted ones first"
        decisions["baselines"] = f"those that read words learned from {few}"
    words, later_words = leads.take(spoken), leads.take(heard)
    recipes: tuple[Callable[[], Any], ...] = (
        lambda: train_boosted(fitted, later, seed=seed),
        lambda: train_logistic(fitted, later, seed=seed),
        lambda: train_words(words, later_words, fields=False, seed=seed),
        lambda: train_words(words, later_words, fields=True, seed=seed),
    )
    named = {}
    for number, recipe in enumerate(recipes):
        watch(Event("baselines", number, len(recipes)))
        try:
            scorer = recipe()
        except NotComputable as error:
            watch(Event(f"a baseline is left out: {error}"))
            continue
        named[scorer.name] = _scored(scorer, leads, tested, nobody)
    return named


def _scored(scorer: Scorer, leads: Leads, rows: np.ndarray, watch: Watch) -> Scores:
    """The scores of these rows, of which a share is in memory at a time."""
    blocks = np.array_split(rows, -(-len(rows) // SCORED_LEADS))
    return joined([scorer.score(leads.take(block), watch) for block in blocks])


def _test_scores(named: dict[str, Scores], leads: Leads, tested: np.ndarray) -> pd.DataFrame:
    """The model's scores of the test part, with the baselines' beside."""
    first, *others = named.items()
    frame = first[1].frame.copy()
    for name, scores in others:
        frame[name] = scores.aligned(frame["lead_id"])["score"].to_numpy()
    return frame


def _card(
    leads: Leads,
    parts: Parts,
    config: Config,
    tiers: tuple[TierReport, ...],
    trained: Trained,
    evaluation: Evaluation,
    comparison: Comparison | None,
    seconds: float,
    applied: Applied | None,
) -> dict[str, Any]:
    counts = {name: len(getattr(parts, name)) for name in ("train", "calibration", "test")}
    won = {name: int(np.nansum(leads.converted[getattr(parts, name)])) for name in counts}
    return {
        "name": trained.scorer.name,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds),
        "data": {"sha256": leads.content_hash, "leads": len(leads), "split": counts, "converted": won},
        "split": {"boundaries": {k: list(v) for k, v in parts.boundaries.items()}, "notes": list(parts.notes)},
        "config": config_to_dict(config),
        "backbone": asdict(trained.run.identity) if trained.run.identity else None,
        "tiers": [{**asdict(tier), "summary": tier.summary, "warning": tier.warning} for tier in tiers],
        **({"reviews": applied.to_dict()} if applied else {}),
        "decisions": trained.decisions,
        "tested_on": "test" if counts["test"] else "calibration",
        "metrics": evaluation.to_dict(),
        "comparison": comparison.to_dict() if comparison else None,
        "comparison_table": comparison.to_markdown() if comparison else "",
        "limits": _limits(evaluation, counts["test"], comparison, trained.decisions.get("baselines")),
    }


def _limits(evaluation: Evaluation, tested: int, comparison: Comparison | None, sampled: str | None) -> list[str]:
    """What a reader must not conclude from this run."""
    said = [
        "Figures hold for leads like those of the test period; a change of market, script or source needs a new test."
    ]
    if not tested:
        said.append(
            "There is no test part: the figures are of the slice that stopped and calibrated training, and too good."
        )
    if evaluation.converted < 100:
        few = f"Only {evaluation.converted} tested leads converted"
        said.append(f"{few}: intervals are wide and small differences mean nothing.")
    if comparison is not None:
        said.append(comparison.verdict)
    if sampled:
        said.append(f"Of the baselines {sampled}: with all leads they might rank better.")
    said.append("Scores order leads for calls; they were not made for decisions about credit, insurance or employment.")
    return said


def model_card(card: dict[str, Any]) -> str:
    """The card as Markdown."""
    metrics, split = card["metrics"], card["data"]["split"]

    def figure(entry: dict[str, Any]) -> str:
        if entry["value"] is None:
            return f"cannot be computed: {entry['reason']}"
        return f"{entry['value']:.4f} ({entry['low']:.4f} to {entry['high']:.4f})"

    rows = [("AUC", metrics["auc"]), ("average precision", metrics["average_precision"])]
    for name, words in (
        ("precision_at", "precision among the top"),
        ("recall_at", "recall among the top"),
        ("lift_at", "lift of the top"),
    ):
        rows += [(f"{words} {float(share):.1%}", entry) for share, entry in metrics[name].items()]
    rows += [(name.replace("_", " "), entry) for name, entry in metrics["calibration"].items()]
    lines = [
        "# Model card",
        "",
        f"Made {card['made']}, in {card['seconds']:,} s. Leads sha256 `{card['data']['sha256']}`.",
        f"Train {split['train']:,}, calibration {split['calibration']:,}, test {split['test']:,} leads; "
        f"converted {', '.join(f'{v:,}' for v in card['data']['converted'].values())}.",
        *(f"- {name}: {first} to {last}" for name, (first, last) in card["split"]["boundaries"].items()),
        *(f"- {note}" for note in card["split"]["notes"]),
        "",
        f"## On the {card['tested_on']} part, with 95% intervals",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {figure(entry)} |" for name, entry in rows),
        "",
        "## Against the baselines",
        "",
        card["comparison_table"] or "No baseline was fitted (setting baselines=false).",
        "## Decided on the way",
        "",
        *(
            f"- {name}: {value if isinstance(value, str) else json.dumps(value)}"
            for name, value in card["decisions"].items()
        ),
        "",
        "## Preference tiers",
        "",
        *(f"- {tier['summary']}{'. WARNING: ' + tier['warning'] if tier['warning'] else ''}" for tier in card["tiers"]),
        *([f"- {card['reviews']['summary']}"] if "reviews" in card else []),
        "",
        f"## {trust.TITLE}",
        "",
        trust.NOT_MEASURED,
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card["limits"]),
    ]
    return "\n".join(lines) + "\n"
