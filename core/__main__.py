"""The command line: `python -m core <verb>`; every verb takes --help, and --json for an answer that programs read."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from core.config import PRESETS, settings
from core.economics_steps import economics_steps
from core.errors import LeadRankError
from core.funnel import PRESETS as FUNNELS
from core.segment_steps import segment_steps
from core.steps import arms_told, benchmark_options, trial_steps

HOMES = {
    **dict.fromkeys(("job", "rescore", "prepare"), "core.chores"),
    "trial": "core.trial_commands",
    "economics": "core.economics_commands",
    "segment": "core.segment_commands",
    "benchmark": "core.benchmark_commands",
    "sheet": "core.disclosure_commands",
    **dict.fromkeys(("compare", "faithfulness", "moves", "talk"), "core.reasons_commands"),
}
"""Where the verbs live that are not in `core.commands`; a step may name a home of its own."""
KEPT = {
    "train": (".work/request.json",),
    "score": ("*/leads-*.parquet",),
    "benchmark": ("arms/*/*", "work/*"),
    "talk": ("*.parquet",),
}
"""What lies in the folder of a verb that can go on after it was stopped, as soon as there is anything to go on with."""


def build_parser() -> argparse.ArgumentParser:
    """Every verb with its options."""
    parser = argparse.ArgumentParser(prog="python -m core", description="Rank sales leads: who to call first, and why.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, does: str, **more: Any) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=does, description=does, **more)
        added.add_argument("--json", action="store_true", help="answer as JSON on stdout")
        return added

    def leads_and_schema(to: argparse.ArgumentParser) -> None:
        to.add_argument("--leads", type=Path, required=True, help="lead file: CSV, Parquet or Excel")
        to.add_argument("--schema", type=Path, required=True, help="schema file (TOML)")

    sample = verb("sample", "Simulate leads with a known truth.")
    sample.add_argument("--leads", type=int, required=True, help="how many")
    sample.add_argument("--seed", type=int, default=0)
    sample.add_argument("--out", type=Path, required=True, help="folder for leads, schema and truth")
    sample.add_argument(
        "--base-rate", type=float, default=0.0133, help="share of leads that order (default: %(default)s)"
    )
    sample.add_argument(
        "--alignment", type=float, default=0.9, help="how closely stages follow intent, 0..1 (default: %(default)s)"
    )

    guess = verb("guess-schema", "Propose a schema for a lead file and explain each guess.")
    guess.add_argument("file", type=Path, help="lead file: CSV, Parquet or Excel")
    guess.add_argument("--out", type=Path, help="where to write the schema (default: stdout)")
    guess.add_argument("--preset", choices=sorted(FUNNELS), help="funnel to try first")

    validate = verb("validate", "Check a lead file against its schema and list every problem.")
    leads_and_schema(validate)

    train = verb(
        "train",
        "Train a model on leads with known outcomes.",
        epilog="settings for --set (value of cpu-quick):\n"
        + "\n".join(f"  {key} = {value}\n      {meaning}" for key, value, meaning in settings(PRESETS["cpu-quick"])),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    leads_and_schema(train)
    train.add_argument("--out", type=Path, required=True, help="folder for the run")
    train.add_argument(
        "--preset", choices=sorted(PRESETS), default="cpu-quick", help="starting settings (default: %(default)s)"
    )
    train.add_argument("--config", type=Path, help="TOML file of settings on top of the preset")
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="assignments",
        help="one setting; may be repeated",
    )
    train.add_argument(
        "--reviews", type=Path, metavar="FILE", help="what people said of pairs and leads, as the page Pairs gives it"
    )
    train.add_argument("--resume", action="store_true", help="continue a run that was interrupted")

    score = verb("score", "Score leads with a trained model.")
    score.add_argument("--model", type=Path, required=True, help="run folder")
    score.add_argument("--leads", type=Path, required=True, help="lead file with the columns of the run's schema")
    score.add_argument("--out", type=Path, required=True, help="scores: a name ending in .csv or .parquet")
    score.add_argument(
        "--parts", action="store_true", help="add columns with what each field and the words add to the score"
    )
    score.add_argument(
        "--only-open", action="store_true", help="only leads to call: outcome not known, or not final yet"
    )
    score.add_argument(
        "--workers", type=int, default=1, help="processes that score at a time (default: %(default)s); the same scores"
    )
    score.add_argument(
        "--work",
        type=Path,
        metavar="FOLDER",
        help="keep the scores there: of the next file only leads that changed are read (default: beside --out, gone "
        "at the end). One folder for an export that comes again, with any number of models; one command at a time for "
        "each model. A command that was stopped goes on in either case",
    )
    score.add_argument("--engine", choices=("local", "ray"), default="local", help="ray: on a cluster, see README.md")
    _where(score)

    evaluate = verb("evaluate", "Hold scores against outcomes.")
    evaluate.add_argument("--scores", type=Path, required=True, help="what `score` wrote")
    leads_and_schema(evaluate)
    evaluate.add_argument(
        "--split", choices=("test", "all"), default="test", help="test = the later part that did not train"
    )

    explain = verb("explain", "Which fields and words moved a lead's score.")
    explain.add_argument("--model", type=Path, required=True, help="run folder")
    explain.add_argument("--leads", type=Path, required=True, help="lead file")
    explain.add_argument("--lead-id", required=True)
    explain.add_argument("--head", choices=("pointwise", "pairwise"), help="default: the one that the queue goes by")
    explain.add_argument(
        "--quick", action="store_true", help="first reasons: six readings of the lead at most, and the checks"
    )
    _where(explain)

    compare = verb(
        "compare", "Why one lead stands above another: the difference of their ranking scores, part by part."
    )
    compare.add_argument("--model", type=Path, required=True, help="run folder")
    compare.add_argument("--leads", type=Path, required=True, help="lead file")
    compare.add_argument("--lead-a", required=True, metavar="ID", help="the lead that should stand above")
    compare.add_argument("--lead-b", required=True, metavar="ID", help="the lead that it is compared with")
    _where(compare)

    sheet = verb("sheet", "What the person concerned may be told about one lead, in plain words: HTML or PDF.")
    sheet.add_argument("--model", type=Path, required=True, help="run folder")
    sheet.add_argument("--leads", type=Path, required=True, help="lead file")
    sheet.add_argument("--lead-id", required=True)
    sheet.add_argument("--out", type=Path, required=True, help="the sheet: a name ending in .html or .pdf")
    sheet.add_argument(
        "--scores", type=Path, help="what `score` wrote, for the lead's place (default: its chance alone)"
    )
    sheet.add_argument("--contact", default="", help="whom the person can turn to (default: $LEADRANK_CONTACT)")
    sheet.add_argument("--no-reasons", action="store_true", help="do not work out the reasons")
    _where(sheet)

    talk = verb("talk", "Which fields and which kinds of talk move scores, over many leads.")
    talk.add_argument("--model", type=Path, required=True, help="run folder")
    talk.add_argument("--leads", type=Path, required=True, help="lead file")
    talk.add_argument(
        "--sample", type=int, default=200, help="leads whose reasons are worked out, 20 to 5,000 (default: %(default)s)"
    )
    talk.add_argument("--out", type=Path, help="folder for the reasons; the same command again goes on with them")
    _where(talk)

    moves = verb("moves", "What would move one lead up or down: changes of fields and turns, as the model sees them.")
    moves.add_argument("--model", type=Path, required=True, help="run folder")
    moves.add_argument("--leads", type=Path, required=True, help="lead file; the lead is ranked among its leads")
    moves.add_argument("--lead-id", required=True, metavar="ID")
    moves.add_argument("--top", type=int, default=20, help="leads that the team can call (default: %(default)s)")
    moves.add_argument("--down", action="store_true", help="what would take it down instead of up")
    moves.add_argument("--keep", nargs="+", default=[], metavar="FIELD", help="fields that nobody can change")
    moves.add_argument("--sentence", default="", help="what the customer could say, in your own words")
    moves.add_argument(
        "--scores", type=Path, help="what `score` wrote of these leads with this model (default: score them now)"
    )
    _where(moves)

    faithful = verb("faithfulness", "Check on test leads whether a model's reasons are its own; its card will tell.")
    faithful.add_argument("--model", type=Path, required=True, help="run folder")
    faithful.add_argument("--leads", type=Path, required=True, help="lead file that it was trained and tested on")
    faithful.add_argument("--sample", type=int, default=20, help="test leads (default: %(default)s)")
    faithful.add_argument("--draws", type=int, default=20, help="random orders of each lead (default: %(default)s)")
    faithful.add_argument(
        "--methods", nargs="+", default=[], metavar="NAME", help="ways to give reasons (default: those in use)"
    )
    faithful.add_argument("--head", choices=("pointwise", "pairwise"), help="default: the one that the queue goes by")
    _where(faithful)

    verb("backbone", "Prepare the embedded language model: convert, check and cache it.")
    job = verb("job", "Do one queued piece of long work; the app starts this.")
    job.add_argument("job_id", metavar="ID")

    rescore = verb("rescore", "Score the open leads of a workspace again: for a schedule, such as cron.")
    rescore.add_argument("--dataset", metavar="ID", help="one dataset (default: all that the model can read)")
    rescore.add_argument("--run", metavar="ID", help="model (default: the one in use)")

    compared = verb(
        "benchmark",
        "Compare many ways to rank the same leads: is the language model worth it here?",
        epilog=arms_told(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    leads_and_schema(compared)
    benchmark_options(compared)
    trial_steps(verbs.add_parser("trial", help="Field trials: plan one, draw the arms, read it, rehearse one."))
    economics_steps(verbs.add_parser("economics", help="From a score to money: deals, prices, depth, plans."))
    segment_steps(
        verbs.add_parser("segment", help="Who came because of the campaign, who anyway; whom to send the next.")
    )

    verb("prepare", "Make the workspace ready for the app; brings in the sample where nothing is there yet.")
    verb("tour", "The main job on the shipped sample and model: score, evaluate, explain.")
    return parser


def _where(to: argparse.ArgumentParser) -> None:
    to.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    to.add_argument("--backbone", help="folder or hub id of the run's language model, where it has moved")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 = done, 2 = a user error, told in one line on stderr."""
    options = vars(build_parser().parse_args(arguments))
    verb, as_json = options.pop("verb"), options.pop("json")
    try:
        # Each is read when it is needed: `prepare` runs before every start of the app.
        home = import_module(options.pop("home", HOMES.get(verb, "core.commands")))
        answer = getattr(home, options.pop("step", verb).replace("-", "_"))(**options)
    except LeadRankError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (OSError, MemoryError) as error:
        print(f"error: {_reason(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(_stopped(verb, options), file=sys.stderr)
        return 130
    text = answer.text
    if as_json:
        text = json.dumps(answer.document, ensure_ascii=False, indent=1, allow_nan=False, default=_plain)
    try:
        if text:
            print(text, flush=True)
    except BrokenPipeError:
        # `| head` has read enough: the work is done, and what is left of its words must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return answer.code


def _stopped(verb: str, given: dict[str, Any]) -> str:
    out = given.get("out")
    folder = given["work"] or Path(f"{out}.work") if verb == "score" else out
    if folder is None or not any(next(folder.glob(pattern), None) for pattern in KEPT.get(verb, ())):
        return "stopped"
    return f"stopped; the same `{verb}` again{', with --resume,' if verb == 'train' else ''} goes on where it was"


def _reason(error: OSError | MemoryError) -> str:
    if isinstance(error, MemoryError):
        return "this machine's memory is too small for these leads; give fewer at a time"
    return f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON value")


if __name__ == "__main__":
    sys.exit(main())
