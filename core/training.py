"""A whole training run as a user asks for it: split, tiers, model, baselines, test, model card, run folder."""

from __future__ import annotations

import json
import os
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
from core.data.masking import masked_leads
from core.data.reviews import Applied, Review, apply_reviews
from core.data.schema import schema_to_dict
from core.data.splitting import Parts, split_by_time
from core.errors import NotComputable, RunError
from core.evaluation import Evaluation, evaluate
from core.neural.checkpoints import save_run
from core.neural.joining import help_out
from core.neural.trainer import Trained, train_run
from core.neural.workers import ALONE, Workers
from core.progress import Event, Watch, with_memory
from core.scores import Scores
from core.tiers import check_tiers
from core.words import train_logistic, train_words

WORK = ".work"
"""Folder inside the run folder for what an interrupted run needs; removed at the end."""
SAVING = {"checkpointing", "compile", "cache_gb"}
"""Of the settings `engine`, those that an interrupted run may go on without or with."""


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
    began, watch = time.monotonic(), with_memory(watch)
    parts = split_by_time(leads)
    work = _claim(out, leads, config, reviews, resume)
    as_given, applied, judged = leads, None, parts.train
    if reviews:
        applied = apply_reviews(
            leads, parts.train, reviews, margin=config.reviewed_margin, weight=config.reviewed_weight
        )
        leads, judged = applied.leads, parts.train[~applied.reviewed.left_out[parts.train]]
        watch(Event(applied.summary))
    if config.mask:
        watch(Event("mask names and numbers"))
        leads = masked_leads(leads)
    if not leads.schema.funnel.tiers:
        watch(Event("the schema declares no tiers: pairs are converted over not converted"))
    tiers = check_tiers(leads.take(judged), config.seed)
    for tier in tiers:
        watch(Event(tier.warning or tier.summary))
    reviewed = applied.reviewed if applied else None
    trained = train_run(leads, parts.train, parts.calibration, config, work, watch, reviewed=reviewed, workers=workers)
    tested = parts.test if len(parts.test) else parts.calibration
    named: dict[str, Scores] = {trained.scorer.name: trained.scorer.score(leads.take(tested), watch)}
    if config.baselines:
        named |= _baselines(leads, parts, tested, config.seed, watch)
    watch(Event("test"))
    evaluation = evaluate(named[trained.scorer.name], leads, rows=tested)
    comparison = compare(named, leads, rows=tested, baselines=list(named)[1:]) if len(named) > 1 else None
    card = _card(as_given, parts, config, tiers, trained, evaluation, comparison, time.monotonic() - began, applied)
    run = trained.run
    run.card.update(card)
    save_run(out, run, _test_scores(named, leads, tested), model_card(card))
    shutil.rmtree(work)
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


def _claim(out: Path, leads: Leads, config: Config, reviews: Sequence[Review], resume: bool) -> Path:
    """The work folder, after making sure that nothing a user has is overwritten."""
    schema = schema_to_dict(leads.schema)
    asked: dict[str, Any] = {"leads": leads.content_hash, "schema": schema, "config": config_to_dict(config)}
    asked |= {"reviews": [asdict(review) for review in reviews]} if reviews else {}
    request = json.loads(json.dumps(asked))
    note = out / WORK / "request.json"
    if (out / "manifest.json").exists():
        raise RunError(f"'{out.name}' already holds a finished run; give another --out, or delete that folder first")
    if note.exists():
        if not resume:
            raise RunError(f"'{out.name}' holds an interrupted run; add --resume to continue it, or give another --out")
        if _decides(json.loads(note.read_text("utf-8"))) != _decides(request):
            raise RunError(
                f"'{out.name}' was begun with other leads, settings or reviews; continue it with those, or give "
                "another --out"
            )
    elif out.exists() and any(out.iterdir()):
        raise RunError(f"'{out.name}' is not empty and holds no run; give a new folder as --out")
    note.parent.mkdir(parents=True, exist_ok=True)
    partial = note.with_suffix(".part")
    partial.write_text(json.dumps(request), "utf-8")
    os.replace(partial, note)
    return out / WORK


def _decides(request: dict[str, Any]) -> dict[str, Any]:
    """What of a request decides the result: not what only saves memory, time or disk, which a second try may change."""
    engine = {name: value for name, value in request["config"].get("engine", {}).items() if name not in SAVING}
    return {**request, "config": {**request["config"], "engine": engine}}


def _baselines(leads: Leads, parts: Parts, tested: np.ndarray, seed: int, watch: Watch) -> dict[str, Scores]:
    """Scores of the strong simple models, fitted on the same rows; one that cannot be fitted is left out and said."""
    fitted, later, test = leads.take(parts.train), leads.take(parts.calibration), leads.take(tested)
    recipes: tuple[Callable[[], Any], ...] = (
        lambda: train_boosted(fitted, later, seed=seed),
        lambda: train_logistic(fitted, later, seed=seed),
        lambda: train_words(fitted, later, fields=False, seed=seed),
        lambda: train_words(fitted, later, fields=True, seed=seed),
    )
    named = {}
    for number, recipe in enumerate(recipes):
        watch(Event("baselines", number, len(recipes)))
        try:
            scorer = recipe()
        except NotComputable as error:
            watch(Event(f"a baseline is left out: {error}"))
            continue
        named[scorer.name] = scorer.score(test)
    return named


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
        "limits": _limits(evaluation, counts["test"], comparison),
    }


def _limits(evaluation: Evaluation, tested: int, comparison: Comparison | None) -> list[str]:
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
