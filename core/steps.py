"""The options of verbs that have steps of their own: `trial plan`, `economics deals`, ..."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from core.benchmark.arms import FAMILIES, catalogue
from core.config import PRESETS
from core.decisions.field_trial.choices import KINDS, LOOKS, METHODS
from core.funnel import PRESETS as FUNNELS


def benchmark_options(to: argparse.ArgumentParser) -> None:
    """What `benchmark` takes beside the leads."""
    to.add_argument("--out", type=Path, required=True, help="folder for the results; the same again goes on with them")
    to.add_argument(
        "--arms",
        nargs="+",
        default=["default"],
        metavar="ARM",
        help="what to compare: names or families, see below; default = all but ablation and lora; all",
    )
    to.add_argument("--seeds", type=int, default=3, help="times that each is trained (default: %(default)s)")
    to.add_argument(
        "--trials", type=int, default=5, help="settings tried for each network and seed (default: %(default)s)"
    )
    to.add_argument("--budget", type=float, metavar="MIN", help="begin nothing new after so many minutes")
    to.add_argument(
        "--capacity", type=float, default=0.05, help="share of the leads that the team can call (default: %(default)s)"
    )
    to.add_argument(
        "--known-stage",
        default="",
        metavar="COLUMN",
        help="feature that says how far a lead has come when it is scored, for the funnel rules",
    )
    to.add_argument(
        "--recency", default="", metavar="COLUMN", help="feature with days since the last contact, for the funnel rule"
    )
    to.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="COLUMN",
        help="feature that looks as if it told the future, and does not; may be repeated",
    )
    to.add_argument("--preset", choices=sorted(PRESETS), default="cpu-quick", help="settings of the language model")
    to.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="assignments",
        help="one setting of the language model, as in `train --help`; may be repeated",
    )


def arms_told() -> str:
    """Every arm of `benchmark` by family, with the three tiers of the automotive funnel."""
    known = catalogue(FUNNELS["automotive"]).values()
    lines = []
    for family, words in FAMILIES.items():
        lines.append(f"{family}: {words}")
        lines += [f"  {arm.key:<26} {arm.title}. {arm.why}" for arm in known if arm.family == family]
    return "\n".join(lines)


def trial_steps(parser: argparse.ArgumentParser) -> None:
    """`trial` and its own verbs."""
    step = adder(parser)

    def promise(to: argparse.ArgumentParser) -> None:
        to.add_argument("--uplift", type=float, default=0.095, help="effect to find, 0.095 = +9.5%% (default)")
        to.add_argument("--power", type=float, default=0.8, help="chance of finding it (default: %(default)s)")
        to.add_argument("--alpha", type=float, default=0.05, help="chance of a false alarm (default: %(default)s)")

    def design(to: argparse.ArgumentParser) -> None:
        to.add_argument(
            "--design",
            choices=KINDS,
            default=KINDS[0],
            help="how arms are drawn",
        )
        to.add_argument(
            "--accept", type=float, default=0.01, help="share of draws balanced enough (default: %(default)s)"
        )
        to.add_argument("--seed", type=int, default=0)
        looked(to)

    def looked(to: argparse.ArgumentParser) -> None:
        to.add_argument(
            "--looks",
            choices=LOOKS,
            default=LOOKS[0],
            help="one look at the end, four planned looks, or a look at any time (default: %(default)s)",
        )

    plan = step("plan", "How many leads, sales people and days a trial takes, or what a team can see.")
    promise(plan)
    looked(plan)
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
    leads_and_schema(plan)

    assign = step("assign", "Draw sales people into the two arms and freeze the protocol.")
    leads_and_schema(assign)
    assign.add_argument("--specialists", type=Path, help="file with a row per sales person, in place of --leads")
    assign.add_argument("--out", type=Path, required=True, help="where to write the protocol (.json)")
    assign.add_argument("--start", required=True, metavar="DATE", help="first day, such as 2026-12-01")
    assign.add_argument("--days", type=int, default=132, help="length of the trial (default: %(default)s)")
    assign.add_argument("--name", default="Field trial")
    assign.add_argument("--by", required=True, help="who freezes it")
    assign.add_argument("--maturity-days", type=float, help="until an outcome is final; else from --schema, or 30")
    assign.add_argument("--treatment", default="the new ranking", help="what it is, in words")
    assign.add_argument("--control", default="the old ranking", help="what it is, in words")
    assign.add_argument("--region", metavar="COLUMN", help="column to stratify by besides the capability tier")
    assign.add_argument("--follow-ups", metavar="COLUMN", help="column whose sum is the follow-up volume")
    assign.add_argument("--tiers", type=int, help="capability tiers worked out from --leads (default: 4)")
    assign.add_argument("--leads-per-specialist", type=float, help="in the whole trial; else measured on --leads")
    assign.add_argument("--icc", type=float, help="how alike one person's leads are, 0..1; else measured, or 0")
    assign.add_argument(
        "--headline",
        choices=METHODS,
        default=METHODS[0],
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
    leads_and_schema(read, required=True)
    read.add_argument("--until", metavar="DATE", help="as of this day (default: the newest lead)")
    read.add_argument("--stopped", metavar="DATE", help="where it was stopped early: leads of this day on are left out")
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


def adder(parser: argparse.ArgumentParser) -> Callable[..., argparse.ArgumentParser]:
    """Of steps by name, what each does and, where it is not the verb's, the module that does it."""
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")

    def step(name: str, does: str, home: str | None = None) -> argparse.ArgumentParser:
        added = steps.add_parser(name, help=does, description=does)
        added.add_argument("--json", action="store_true", help="answer as JSON on stdout")
        if home is not None:
            added.set_defaults(home=home)
        return added

    return step


def leads_and_schema(to: argparse.ArgumentParser, required: bool = False) -> None:
    """The options that name a lead file."""
    to.add_argument("--leads", type=Path, required=required, help="lead file: CSV, Parquet or Excel")
    to.add_argument("--schema", type=Path, required=required, help="schema file (TOML)")
