"""The options of verbs that have steps of their own: `trial plan`, `economics deals`, ..."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def trial_steps(parser: argparse.ArgumentParser) -> None:
    """`trial` and its own verbs."""
    step = _adder(parser)

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
    _leads(plan)

    assign = step("assign", "Draw sales people into the two arms and freeze the protocol.")
    _leads(assign)
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
    _leads(read, required=True)
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


def economics_steps(parser: argparse.ArgumentParser) -> None:
    """`economics` and its own verbs."""
    step = _adder(parser)

    def money(to: argparse.ArgumentParser, *names: str) -> None:
        for name in names:
            to.add_argument(f"--{name}", type=float, required=True, help=f"{name.replace('-', ' ')}, in the currency")
        to.add_argument("--currency", default="EUR", help="three letters (default: %(default)s)")
        to.add_argument("--period", default="month", help="day, week, month, quarter or year (default: %(default)s)")

    deals = step("deals", "Compare deals as lines of profit over the share of good leads; break-even of each pair.")
    deals.add_argument("--file", type=Path, required=True, help="columns name, profit_at_0, profit_at_1")
    deals.add_argument("--scores", type=Path, help="what `score` wrote: how likely each deal is the better one")
    deals.add_argument("--correlation", type=float, default=0.0, help="of the leads' outcomes (default: %(default)s)")
    money(deals)

    price = step("price", "Expected profit of a lead, what it may cost, and which lever moves it most.")
    price.add_argument("--chance", type=float, help="that the lead is good, 0..1; else of each lead in --scores")
    price.add_argument("--scores", type=Path, help="what `score` wrote: a price for each lead")
    price.add_argument("--out", type=Path, help="where to write the prices of --scores (.csv or .parquet)")
    money(price, "revenue-high", "cost-high")
    price.add_argument("--revenue-low", type=float, default=0.0, help="of a lead that is not good")
    price.add_argument("--cost-low", type=float, default=0.0, help="of a lead that is not good")
    price.add_argument("--wished-profit", type=float, default=0.0)
    price.add_argument("--cost-of-lead", type=float, default=0.0, help="what the seller paid for it")

    depth = step("depth", "How deep into the list calling pays.")
    depth.add_argument("--scores", type=Path, required=True, help="what `score` wrote")
    money(depth, "margin", "cost-per-call")
    depth.add_argument("--fixed-cost", type=float, default=0.0)
    depth.add_argument("--capacity", type=int, help="calls that the team can make now")
    depth.add_argument("--calls-per-person", type=int, help="calls of one more person")
    _leads(depth)

    hits = step("hits", "Hits and misses at a threshold: accuracy, precision, recall.")
    hits.add_argument("--scores", type=Path, required=True, help="what `score` wrote")
    hits.add_argument("--threshold", type=float, default=0.5, help="chance from which a lead counts as good")
    _leads(hits, required=True)

    qualify = step("qualify", "How likely, how soon, how much work: each open lead with ranges, and one priority.")
    qualify.add_argument("--scores", type=Path, required=True, help="what `score` wrote")
    qualify.add_argument("--ordered-on", metavar="COLUMN", help="day of the order: how soon a lead orders")
    qualify.add_argument(
        "--effort", action="append", default=[], metavar="COLUMN", help="work until the outcome; may be repeated"
    )
    qualify.add_argument("--horizon", type=float, default=30.0, help="days (default: %(default)s)")
    qualify.add_argument("--weights", metavar="NAME=N,...", help="such as conversion=3,speed=1,effort=1")
    qualify.add_argument("--out", type=Path, required=True, help="where to write the leads (.csv or .parquet)")
    _leads(qualify, required=True)

    campaigns = step("campaigns", "What each campaign, channel or message brings for its cost: reinforce, hold or cut.")
    campaigns.add_argument("--costs", type=Path, required=True, help="columns campaign, channel or message, and cost")
    campaigns.add_argument("--by", default="channel", help="column of the leads (default: %(default)s)")
    campaigns.add_argument("--scores", type=Path, help="what `score` wrote: open leads then count by their chance")
    money(campaigns, "margin")
    _leads(campaigns, required=True)

    budget = step("budget", "Spread a budget over channels by what more money brings in each.")
    budget.add_argument("--history", type=Path, required=True, help="columns channel, spend, orders; a row a period")
    budget.add_argument(
        "--weekly", action="store_true", help="a Thompson split, which also learns, in place of the best"
    )
    budget.add_argument("--seed", type=int, default=0)
    money(budget, "budget", "margin")

    plan = step("plan", "Who calls which lead, under capacity, region and skill.")
    plan.add_argument(
        "--leads", type=Path, required=True, help="columns lead_id, value; region and skill where they count"
    )
    plan.add_argument("--people", type=Path, required=True, help="columns person, capacity; regions and skills")
    plan.add_argument("--fairness", type=float, help="0: each call of a person is worth as much as the team's; 1: any")
    plan.add_argument("--out", type=Path, help="where to write the plan (.csv or .parquet)")
    money(plan)

    package = step("package", "A portfolio of leads for a buyer's wishes, with its risk.")
    package.add_argument("--leads", type=Path, required=True, help="columns lead_id, probability, price; region")
    package.add_argument("--number", type=int, help="leads wished for")
    package.add_argument("--budget", type=float, help="most that all may cost")
    package.add_argument("--orders", type=float, help="expected orders wished for, at least")
    package.add_argument(
        "--correlation", type=float, default=0.05, help="of the leads' outcomes (default: %(default)s)"
    )
    money(package)


def _adder(parser: argparse.ArgumentParser) -> Callable[[str, str], argparse.ArgumentParser]:
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")

    def step(name: str, does: str) -> argparse.ArgumentParser:
        added = steps.add_parser(name, help=does, description=does)
        added.add_argument("--json", action="store_true", help="answer as JSON on stdout")
        return added

    return step


def _leads(to: argparse.ArgumentParser, required: bool = False) -> None:
    to.add_argument("--leads", type=Path, required=required, help="lead file: CSV, Parquet or Excel")
    to.add_argument("--schema", type=Path, required=required, help="schema file (TOML)")
