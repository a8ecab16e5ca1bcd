"""What each verb of the command line does: arguments in, an `Answer` for people and for programs out."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core import scoring, trust
from core.answers import Answer, as_json
from core.bulk.local import score_locally
from core.bulk.whole import score_file
from core.charts.style import counted
from core.config import load_config, with_settings
from core.console import load, load_mapped, reading, tell
from core.data import simulation
from core.data.guessing import guess_schema as propose
from core.data.leads import Leads
from core.data.reading import read_table
from core.data.reviews import read_reviews
from core.data.schema import dump_schema, load_schema
from core.data.splitting import open_rows, split_by_time
from core.data.validation import examine_file
from core.errors import ConfigError, LeadRankError, RunError, ValidationError
from core.evaluation import evaluate as hold_against_outcomes
from core.lift.likely import Likely, TooLittle, likely_of
from core.lift.promises import broken
from core.ordering import TOGETHER, queue_by
from core.progress import Event, Phase
from core.scores import PART, read_scores
from core.unfinished import begun

GUESS_ROWS = 200_000
"""Rows that a schema is guessed from."""


def sample(leads: int, seed: int, out: Path, base_rate: float, alignment: float) -> Answer:
    """Simulate leads into a folder."""
    if leads < 1:
        raise ConfigError(f"--leads must be at least 1, however: got={leads}")
    known = simulation.write_sample(out, leads, seed, base_rate, alignment, Phase("simulate leads", tell).at)
    text = f"{counted(leads, 'lead')}, schema and truth in {out}; best possible AUC {known['best_possible_auc']}"
    return Answer({**known, "out": str(out)}, text)


def guess_schema(file: Path, out: Path | None, preset: str | None) -> Answer:
    """Propose a schema."""
    guess = propose(read_table(file, rows=GUESS_ROWS, on_progress=reading(file)), preset=preset)
    toml = dump_schema(guess.schema, guess.reasons)
    leaks = [f"left out as a leak: {column}: {why}" for column, why in guess.leaks]
    if out is not None:
        if out.exists():
            raise ConfigError(f"'{out}' exists already; give another --out, so that nothing is lost")
        out.write_text(toml, "utf-8")
    document = {"schema": toml, "reasons": guess.reasons, "leaks": [list(leak) for leak in guess.leaks]}
    text = "\n".join([f"Wrote {out}. Read the remarks in it, then run `validate`.", *leaks]) if out else toml
    return Answer(document, text)


def validate(leads: Path, schema: Path) -> Answer:
    """List every problem of a lead file; the exit code is 2 where it cannot be used."""
    plan = load_schema(schema)
    found, report = examine_file(leads, plan, need_outcome=plan.roles.converted is not None, on_progress=reading(leads))
    lines = [f"error: {problem}" for problem in report.errors] + [f"note: {problem}" for problem in report.warnings]
    document = report.to_dict()
    if found is not None and plan.roles.converted is not None:
        try:
            parts = split_by_time(found)
            document["split"] = {name: len(getattr(parts, name)) for name in ("train", "calibration", "test")}
            document["split_notes"] = list(parts.notes)
            lines += [f"note: {note}" for note in parts.notes]
            lines.append("Split: " + ", ".join(f"{name} {count:,}" for name, count in document["split"].items()))
        except ValidationError as error:
            lines += [f"error: {problem}" for problem in error.problems]
            document["errors"] += [
                {"column": "", "message": p, "remedy": "", "rows": [], "count": 0} for p in error.problems
            ]
    document["valid"] = not document["errors"]
    state = "ready" if document["valid"] else "not usable before the errors are mended"
    lines.append(f"{counted(report.leads, 'lead')}; {state}.")
    return Answer(document, "\n".join(lines), code=0 if document["valid"] else 2)


def train(
    leads: Path,
    schema: Path,
    out: Path,
    preset: str,
    config: Path | None,
    assignments: list[str],
    reviews: Path | None,
    resume: bool,
) -> Answer:
    """Train a run; where a launcher started several processes, all but the first help out and say nothing."""
    from core.training import help_train, model_card, started
    from core.training import train as train_whole

    wanted = with_settings(load_config(config, preset), assignments)
    with started() as workers:
        if not workers.first:
            help_train(out, workers)
            raise SystemExit(0)
        plan, said = load_schema(schema), read_reviews(reviews) if reviews else ()
        with begun(out, resume) as work:
            found = load_mapped(leads, plan, work / "leads")
            card = train_whole(found, wanted, out, reviews=said, resume=True, watch=tell, workers=workers)
    check = f"python -m core faithfulness --model {out} --leads {leads}"
    return Answer(card, model_card(card) + f"\nThe run is in {out}. Next, whether its reasons are its own: {check}")


def score(
    model: Path,
    leads: Path,
    out: Path,
    device: str,
    backbone: str | None,
    parts: bool,
    only_open: bool,
    workers: int,
    engine: str,
    work: Path | None,
) -> Answer:
    """Score a lead file of any size, shard by shard; see `core.bulk`."""
    if engine == "ray":
        from core.bulk.on_ray import on_ray

        means = on_ray(device)
    else:
        means = score_locally
    done = score_file(
        model,
        leads,
        out,
        device=device,
        backbone=backbone,
        parts=parts,
        only_open=only_open,
        workers=workers,
        means=means,
        work=work,
        watch=tell,
    )
    if parts and not any(str(name).startswith(PART) for name in done.top):
        tell(Event("note: this run's scores are no sums of parts, so there are no such columns"))
    if known := done.leads - done.scored:
        tell(Event(f"{known:,} of {counted(done.leads, 'lead')} scored before, {done.scored:,} read now"))
    top = done.top[["rank", "lead_id", "probability", "score"]]
    table = top.assign(probability=top["probability"].map("{:.1%}".format), score=top["score"].map("{:.3f}".format))
    text = f"{counted(done.leads, 'lead')} ranked in {out}; call first:\n{table.to_string(index=False)}"
    document = {"out": str(out), "leads": done.leads, "scored_now": done.scored, "top": top.to_dict("records")}
    return Answer(document, text)


def evaluate(scores: Path, leads: Path, schema: Path, split: str) -> Answer:
    """Hold a score file against the outcomes."""
    found = load(leads, load_schema(schema), need_outcome=True, least_of_each_class=1)
    rows = None
    if split == "test":
        rows = split_by_time(found).test
        if not len(rows):
            raise LeadRankError(
                "split.train_share is 1, so there is no test part; use --split all, knowing that these leads trained"
            )
    result = hold_against_outcomes(read_scores(scores), found, rows=rows)
    document = {"split": split, **result.to_dict()}
    return Answer(document, _figures(document))


def explain(
    model: Path, leads: Path, lead_id: str, head: str | None, quick: bool, device: str, backbone: str | None
) -> Answer:
    """Explain one lead's score, each reason proved by leaving it out."""
    from core.attribution import as_text, to_dict
    from core.proofs import prove

    found = load(leads, scoring.run_schema(model))
    lead = found.take(np.array([found.row_of(lead_id)]))
    scorer = scoring.load_scorer(model, device=device, backbone=backbone, tell=lambda text: tell(Event(text)))
    if quick:
        attribution = scoring.first_reasons(scorer, lead, lead_id, head=head)
    else:
        attribution = scoring.explain(scorer, lead, lead_id, head=head, watch=tell)
    attribution = prove(scoring.rescorer(scorer, lead), attribution)
    card = json.loads((model / "card.json").read_text("utf-8"))
    likely = _likely(model, card, found, attribution.unchanged.probability if attribution.unchanged else None)
    off, order = broken(card), queue_by(card)
    caution = trust.caution(trust.read(model))
    document = {**to_dict(attribution), "likely": as_json(likely), "queue_by": order, "caution": caution}
    explained = f"This explains the {attribution.head} score. {order} {TOGETHER}"
    told = [caution, as_text(attribution), likely.words if likely else "", off.words if off else "", explained]
    return Answer(document, "\n".join(filter(None, told)))


def _likely(model: Path, card: Mapping[str, Any], leads: Leads, chance: float | None) -> Likely | TooLittle | None:
    """What came of those of `leads` that the model was tested on, with about such a chance; None without a chance."""
    if chance is None or not np.isfinite(chance):
        return None
    return likely_of(model, card, leads, chance)


def backbone() -> Answer:
    """Convert, check and cache the embedded language model."""
    from core.neural.backbones import DEFAULT, load_backbone

    began = time.monotonic()
    identity = load_backbone(DEFAULT, depth=1, on_progress=lambda text: tell(Event(text))).identity
    seconds = time.monotonic() - began
    return Answer(
        {"name": identity.name, "source": identity.source, "sha256": identity.sha256, "seconds": seconds},
        f"language model {identity.name} ({identity.source}) is ready after {seconds:.0f} s",
    )


def tour() -> Answer:
    """The main job on what ships: how good the model is on its test part, new leads ranked, the first one explained."""
    from core.attribution import as_text, to_dict
    from core.proofs import prove

    home = Path(__file__).resolve().parent.parent / "sample_data"
    model = home / "model"
    if not model.is_dir():
        raise RunError("sample_data/model is missing; `make sample-model` trains it")
    scorer = scoring.load_scorer(model, tell=lambda text: tell(Event(text)))
    found = load(home / "leads.csv", scorer.schema)
    tested = split_by_time(found).test
    document = hold_against_outcomes(read_scores(model / "test_scores.parquet"), found, rows=tested).to_dict()
    days = found.schema.split.maturity_days
    open_leads = found.take(open_rows(found))
    scores = scoring.score(open_leads, scorer, tell)
    first = str(scores.frame["lead_id"].iat[0])
    lead = open_leads.take(np.array([open_leads.row_of(first)]))
    reasons = prove(scoring.rescorer(scorer, lead), scoring.explain(scorer, lead, first, watch=tell))
    top = scores.frame.head(10).assign(probability=lambda frame: frame["probability"].map("{:.1%}".format))
    text = "\n".join(
        [
            "How good the shipped model is on the sample's test part:",
            _figures(document),
            "",
            f"The {counted(len(open_leads), 'open lead')} of the last {days:g} days, ranked; call these first:",
            top[["rank", "lead_id", "probability"]].to_string(index=False),
            "",
            as_text(reasons),
            "",
            "Next: README.md, with your own file: guess-schema, validate, train, score, evaluate, explain.",
        ]
    )
    return Answer(
        {"metrics": document, "top": scores.frame.head(10).to_dict("records"), "explained": to_dict(reasons)}, text
    )


def _figures(document: dict[str, Any]) -> str:
    """The main figures as lines for a person."""

    def line(name: str, entry: dict[str, Any], percent: bool) -> str:
        if entry["value"] is None:
            return f"  {name:34s} cannot be computed: {entry['reason']}"
        form = "{:.1%}" if percent else "{:.3f}"
        value, low, high = (form.format(entry[key]) for key in ("value", "low", "high"))
        return f"  {name:34s} {value:>8s}   95% interval {low} to {high}"

    lines = [f"{counted(document['leads'], 'lead')}, {document['converted']:,} ordered ({document['base_rate']:.2%})"]
    lines.append(line("AUC", document["auc"], False))
    lines.append(line("average precision", document["average_precision"], False))
    for key, words, percent in (
        ("precision_at", "precision among the top", True),
        ("recall_at", "orders found in the top", True),
        ("lift_at", "times better than random, top", False),
    ):
        lines += [line(f"{words} {float(share):.1%}", entry, percent) for share, entry in document[key].items()]
    lines += [
        line(f"calibration: {name.replace('_', ' ')}", entry, False) for name, entry in document["calibration"].items()
    ]
    return "\n".join(lines)
