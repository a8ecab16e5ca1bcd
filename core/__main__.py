"""The command line: `python -m core <verb>`; every verb takes --help, and --json for an answer that programs read."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from core.config import PRESETS, settings
from core.errors import LeadRankError
from core.funnel import PRESETS as FUNNELS

HOMES = {"job": "core.chores", "rescore": "core.chores", "prepare": "core.chores", "trial": "core.trial_commands"}
"""Where the verbs live that are not in `core.commands`."""


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
    explain.add_argument("--head", choices=("pointwise", "pairwise"), default="pairwise")
    _where(explain)

    verb("backbone", "Prepare the embedded language model: convert, check and cache it.")
    job = verb("job", "Do one queued piece of long work; the app starts this.")
    job.add_argument("job_id", metavar="ID")

    rescore = verb("rescore", "Score the open leads of a workspace again: for a schedule, such as cron.")
    rescore.add_argument("--dataset", metavar="ID", help="one dataset (default: all that the model can read)")
    rescore.add_argument("--run", metavar="ID", help="model (default: the one in use)")

    _trial(verbs.add_parser("trial", help="Field trials: plan one, draw the arms, read it, rehearse one."))

    verb("prepare", "Make the workspace ready for the app; brings in the sample where nothing is there yet.")
    verb("tour", "The main job on the shipped sample and model: score, evaluate, explain.")
    return parser


def _where(to: argparse.ArgumentParser) -> None:
    to.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    to.add_argument("--backbone", help="folder or hub id of the run's language model, where it has moved")


def _trial(parser: argparse.ArgumentParser) -> None:
    """`trial` and its own verbs."""
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")

    def step(name: str, does: str) -> argparse.ArgumentParser:
        added = steps.add_parser(name, help=does, description=does)
        added.add_argument("--json", action="store_true", help="answer as JSON on stdout")
        return added

    def team(to: argparse.ArgumentParser, required: bool) -> None:
        to.add_argument("--leads", type=Path, required=required, help="lead file: CSV, Parquet or Excel")
        to.add_argument("--schema", type=Path, required=required, help="schema file (TOML)")

    def promise(to: argparse.ArgumentParser) -> None:
        to.add_argument("--uplift", type=float, default=0.095, help="effect to find, 0.095 = +9.5%% (default)")
        to.add_argument("--power", type=float, default=0.8, help="chance of finding it (default: %(default)s)")
        to.add_argument("--alpha", type=float, default=0.05, help="chance of a false alarm (default: %(default)s)")

    def design(to: argparse.ArgumentParser) -> None:
        to.add_argument(
            "--design",
            choices=("rerandomised", "pairs", "stratified"),
            default="rerandomised",
            help="how arms are drawn",
        )
        to.add_argument(
            "--accept", type=float, default=0.01, help="share of draws balanced enough (default: %(default)s)"
        )
        to.add_argument("--seed", type=int, default=0)
        to.add_argument(
            "--looks",
            choices=("fixed", "obrien_fleming", "always_valid"),
            default="fixed",
            help="one look at the end, planned looks, or a look at any time (default: %(default)s)",
        )

    plan = step("plan", "How many leads, sales people and days a trial takes, or what a team can see.")
    promise(plan)
    plan.add_argument("--base-rate", type=float, help="share of leads that order; else measured on --leads")
    plan.add_argument("--leads-per-specialist", type=float, help="in the whole trial; else measured on --leads")
    plan.add_argument(
        "--icc", type=float, help="how alike one person's leads are, 0..1; else measured on --leads, or 0"
    )
    plan.add_argument("--cv", type=float, help="spread of leads per person: SD / mean; else measured on --leads, or 0")
    plan.add_argument(
        "--correlation", type=float, help="of order rates before and during, 0..1; else measured on --leads, or 0"
    )
    plan.add_argument("--specialists", type=int, help="people in each arm; else half of those in --leads")
    plan.add_argument("--days", type=int, default=132, help="length of the trial (default: %(default)s)")
    team(plan, required=False)

    assign = step("assign", "Draw sales people into the two arms and freeze the protocol.")
    team(assign, required=False)
    assign.add_argument("--specialists", type=Path, help="file with a row per sales person, in place of --leads")
    assign.add_argument("--out", type=Path, required=True, help="where to write the protocol (.json)")
    assign.add_argument("--start", required=True, metavar="DATE", help="first day, such as 2026-12-01")
    assign.add_argument("--days", type=int, default=132, help="length of the trial (default: %(default)s)")
    assign.add_argument("--name", default="Field trial")
    assign.add_argument("--by", default="", help="who freezes it")
    assign.add_argument("--maturity-days", type=float, help="until an outcome is final; else from --schema, or 30")
    assign.add_argument("--treatment", default="the new ranking", help="what it is, in words")
    assign.add_argument("--control", default="the old ranking", help="what it is, in words")
    assign.add_argument("--region", metavar="COLUMN", help="column to stratify by besides the capability tier")
    assign.add_argument("--follow-ups", metavar="COLUMN", help="column whose sum is the follow-up volume")
    assign.add_argument("--tiers", type=int, default=4, help="capability tiers (default: %(default)s)")
    assign.add_argument(
        "--headline",
        choices=("adjusted", "t_test", "permutation", "ratio"),
        default="adjusted",
        help="the figure that counts (default: %(default)s)",
    )
    assign.add_argument(
        "--guardrail",
        action="append",
        default=[],
        metavar="COLUMN:lower|higher",
        dest="guardrails",
        help="column that must not get worse, and which way is worse; may be repeated",
    )
    promise(assign)
    design(assign)

    read = step("read", "The effect of a trial, as far as its protocol lets it be seen.")
    read.add_argument("--protocol", type=Path, required=True, help="what `trial assign` wrote")
    team(read, required=True)
    read.add_argument("--until", metavar="DATE", help="as of this day (default: the newest lead)")
    read.add_argument("--earlier", type=Path, help="an earlier lead file, to see which leads changed hands")
    read.add_argument("--report", type=Path, help="also write a report: a name ending in .html or .pdf")

    rehearse = step("rehearse", "Simulated trials: how often a design finds the effect, and how often it cries wolf.")
    rehearse.add_argument("--specialists", type=int, default=60, help="in both arms together (default: %(default)s)")
    rehearse.add_argument("--days", type=int, default=132, help="(default: %(default)s)")
    rehearse.add_argument("--leads-per-day", type=float, default=20.0, help="per person (default: %(default)s)")
    rehearse.add_argument("--calls-per-day", type=float, default=5.0, help="per person (default: %(default)s)")
    rehearse.add_argument("--base-rate", type=float, default=0.0133, help="(default: %(default)s)")
    rehearse.add_argument("--uplift", type=float, default=0.095, help="true effect; 0: none (default: %(default)s)")
    rehearse.add_argument("--times", type=int, default=200, help="simulated trials (default: %(default)s)")
    design(rehearse)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 = done, 2 = a user error, told in one line on stderr."""
    options = vars(build_parser().parse_args(arguments))
    verb, as_json = options.pop("verb"), options.pop("json")
    try:
        # Each is read when it is needed: `prepare` runs before every start of the app.
        home = import_module(HOMES.get(verb, "core.commands"))
        answer = getattr(home, options.pop("step", verb).replace("-", "_"))(**options)
    except LeadRankError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (OSError, MemoryError) as error:
        print(f"error: {_reason(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; `train --resume` continues where it was", file=sys.stderr)
        return 130
    if as_json:
        json.dump(answer.document, sys.stdout, ensure_ascii=False, indent=1, allow_nan=False, default=_plain)
        print()
    elif answer.text:
        print(answer.text)
    return answer.code


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
