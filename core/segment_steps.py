"""The options of `segment` and its own verbs: `segment rules`, `segment train`, ..."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.decisions.segments.telling import COLUMNS, METHOD_WORDS, WAYS
from core.steps import adder, leads_and_schema


def segment_steps(parser: argparse.ArgumentParser) -> None:
    """`segment` and its own verbs."""
    step = adder(parser)

    rules = step("rules", "Write rules to begin with: who was engaged, and whom a campaign is known to have brought.")
    leads_and_schema(rules, required=True)
    rules.add_argument("--out", type=Path, required=True, help="where to write the rules (.toml)")

    train = step("train", "Find the segments, prove them, and keep the model in a folder.")
    leads_and_schema(train, required=True)
    _rules(train)
    _loss(train)
    train.add_argument("--seeds", type=int, default=5, help="times that labels are hidden (default: %(default)s)")
    _methods(train)
    train.add_argument("--epochs", type=int, default=30, help="at most, of each phase (default: %(default)s)")
    train.add_argument("--out", type=Path, required=True, help="new folder for the model and the assigned leads")

    assign = step("assign", "Segment and chances of each lead, by a trained model.")
    assign.formatter_class = argparse.RawDescriptionHelpFormatter
    assign.epilog = "columns:\n" + "\n".join(f"  {name:<22} {words}" for name, words in COLUMNS.items())
    _model(assign)
    assign.add_argument("--out", type=Path, required=True, help="a name ending in .csv or .parquet")

    evaluate = step("evaluate", "Hide known campaign customers, and see how many each method finds again.")
    leads_and_schema(evaluate, required=True)
    _rules(evaluate)
    evaluate.add_argument("--hide", type=float, default=0.4, help="share that is hidden (default: %(default)s)")
    evaluate.add_argument("--seeds", type=int, default=5, help="times that it is done (default: %(default)s)")
    evaluate.add_argument("--precision", type=float, default=0.8, help="share that should be right (default: 0.8)")
    _methods(evaluate)

    plan = step("plan", "Whom to send a campaign to, for a budget: by the value that it is expected to add.")
    _model(plan)
    plan.add_argument("--budget", type=float, required=True, help="what may be spent, in the currency")
    plan.add_argument("--cost", type=float, required=True, help="of one contact, in the currency")
    plan.add_argument("--margin", type=float, required=True, help="of a customer who comes, in the currency")
    plan.add_argument(
        "--anyway",
        type=float,
        default=0.5,
        help="leave out whose chance to come anyway is above it, beside those who came already; 1 = nobody else "
        "(default: %(default)s)",
    )
    plan.add_argument("--contacts", type=int, help="leave out who was contacted so often already")
    plan.add_argument("--contacts-column", metavar="COLUMN", help="column of the leads that counts contacts")
    plan.add_argument(
        "--by",
        choices=tuple(WAYS),
        help="chance of these segments, or the model's uplift model (default: the uplift model where the model's own "
        "test showed it to be better, else the segments)",
    )
    plan.add_argument("--only-open", action="store_true", help="only leads whose outcome is not known, or not final")
    plan.add_argument("--out", type=Path, help="where to write the list (.csv or .parquet)")


def _model(to: argparse.ArgumentParser) -> None:
    to.add_argument("--model", type=Path, required=True, help="folder that `segment train` made")
    to.add_argument("--leads", type=Path, required=True, help="lead file with the columns of the model's schema")


def _rules(to: argparse.ArgumentParser) -> None:
    to.add_argument("--rules", type=Path, help="rules (TOML), as `segment rules` writes them (default: its guess)")


def _methods(to: argparse.ArgumentParser) -> None:
    named = list(METHOD_WORDS)
    to.add_argument("--methods", nargs="+", default=named, choices=named, help="that are tested (default: all)")


def _loss(to: argparse.ArgumentParser) -> None:
    to.add_argument("--loss", choices=list(METHOD_WORDS), default="splc", help="how labels are filled in (%(default)s)")
    to.add_argument(
        "--precision", type=float, default=0.8, help="share of the labels filled in that should be right (default: 0.8)"
    )
