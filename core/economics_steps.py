"""The options of `economics` and its own verbs: `economics deals`, `economics price`, ..."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.steps import adder, leads_and_schema

LEADS = "core.lead_worth_commands"
"""Home of the steps that tell something of each lead."""
FAIRNESS = (
    "by how much a call of a person may be worth less than the team's average, 0..1; 0: as much as the average, 0.2: "
    "a fifth less; without it the plan is worth the most"
)


def economics_steps(parser: argparse.ArgumentParser) -> None:
    """`economics` and its own verbs."""
    step = adder(parser)

    def money(to: argparse.ArgumentParser, *names: str) -> None:
        for name in names:
            to.add_argument(f"--{name}", type=float, required=True, help=f"{name.replace('-', ' ')}, in the currency")
        to.add_argument("--currency", default="EUR", help="three letters (default: %(default)s)")
        to.add_argument("--period", default="month", help="day, week, month, quarter or year (default: %(default)s)")

    deals = step("deals", "Compare deals as lines of profit over the share of good leads; break-even of each pair.")
    deals.add_argument("--file", type=Path, required=True, help="columns name, profit_at_0, profit_at_1")
    deals.add_argument("--scores", type=Path, help="what `score` wrote: how likely each deal is the better one")
    _correlation(deals)
    money(deals)

    price = step("price", "Expected profit of a lead, what it may cost, and which lever moves it most.", LEADS)
    price.add_argument("--chance", type=float, help="that the lead is good, 0..1; else of each lead in --scores")
    price.add_argument("--scores", type=Path, help="what `score` wrote: a price for each lead")
    price.add_argument("--out", type=Path, help="where to write the prices of --scores (.csv or .parquet)")
    money(price, "revenue-high", "cost-high")
    price.add_argument("--revenue-low", type=float, default=0.0, help="of a lead that is not good")
    price.add_argument("--cost-low", type=float, default=0.0, help="of a lead that is not good")
    price.add_argument("--wished-profit", type=float, default=0.0)
    price.add_argument("--cost-of-lead", type=float, default=0.0, help="what the seller paid for it")

    depth = step("depth", "How deep into the list calling pays.")
    _scores(depth)
    money(depth, "margin", "cost-per-call")
    depth.add_argument("--fixed-cost", type=float, default=0.0)
    depth.add_argument("--capacity", type=int, help="calls that the team can make now")
    depth.add_argument("--calls-per-person", type=int, help="calls of one more person")
    leads_and_schema(depth)

    hits = step("hits", "Hits and misses at a threshold: accuracy, precision, recall.", LEADS)
    _scores(hits)
    hits.add_argument("--threshold", type=float, default=0.5, help="chance from which a lead counts as good")
    leads_and_schema(hits, required=True)

    returns = step("returns", "What each lead returns on the cost of converting it, against an objective.", LEADS)
    _scores(returns)
    money(returns, "margin", "cost-to-convert")
    returns.add_argument("--objective", default="profit", help="profit, growth or share (default: %(default)s)")
    returns.add_argument(
        "--target", type=float, default=0.0, help="profit, growth: return, 0.2 for 20%%; share: of the leads, 0.3"
    )
    _out(returns)

    keep = step("keep", "Keep, sell or drop each lead: whichever brings most.", LEADS)
    _scores(keep)
    money(keep, "margin", "cost-per-call", "sale-price")
    _out(keep)

    tranches = step("tranches", "Leads cut into classes of equal size, AAA to B, with the orders of each.", LEADS)
    _scores(tranches)
    _correlation(tranches)

    changes = step("changes", "What changed between two scorings and why, and which leads were due.", LEADS)
    changes.add_argument("--before", type=Path, required=True, help="what `score` wrote first")
    changes.add_argument("--after", type=Path, required=True, help="what `score` wrote later")
    changes.add_argument("--leads-before", type=Path, help="the leads of --before, to tell what became of each")
    changes.add_argument("--leads-after", type=Path, help="the leads of --after")
    changes.add_argument("--schema", type=Path, help="schema file (TOML) of both")
    changes.add_argument("--days-since", type=float, default=0.0, help="from the first to the second scoring")
    changes.add_argument("--every", type=float, default=7.0, help="days after which all are due (default: %(default)s)")
    _out(changes)

    following = step("next", "What to do next with each lead, and why.", LEADS)
    _scores(following)
    following.add_argument(
        "--contact", required=True, metavar="COLUMN", help="days since the last contact, or its date; empty: never"
    )
    _out(following)
    leads_and_schema(following, required=True)

    qualify = step("qualify", "How likely, how soon, how much work: each open lead with ranges, and one priority.")
    _scores(qualify)
    qualify.add_argument("--ordered-on", metavar="COLUMN", help="day of the order: how soon a lead orders")
    qualify.add_argument(
        "--effort", action="append", default=[], metavar="COLUMN", help="work until the outcome; may be repeated"
    )
    qualify.add_argument("--horizon", type=float, default=30.0, help="days (default: %(default)s)")
    qualify.add_argument(
        "--weights", metavar="NAME=N,...", help="such as conversion=3,speed=1; own columns: effort:COLUMN=1"
    )
    qualify.add_argument("--out", type=Path, required=True, help="where to write the leads (.csv or .parquet)")
    leads_and_schema(qualify, required=True)

    campaigns = step("campaigns", "What each campaign, channel or message brings for its cost: reinforce, hold or cut.")
    campaigns.add_argument("--costs", type=Path, required=True, help="columns campaign, channel or message, and cost")
    campaigns.add_argument("--by", default="channel", help="column of the leads (default: %(default)s)")
    campaigns.add_argument("--scores", type=Path, help="what `score` wrote: open leads then count by their chance")
    money(campaigns, "margin")
    leads_and_schema(campaigns, required=True)

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
    plan.add_argument("--fairness", type=float, help=FAIRNESS)
    plan.add_argument("--out", type=Path, help="where to write the plan (.csv or .parquet)")
    money(plan)

    package = step("package", "A portfolio of leads for a buyer's wishes, with its risk.")
    package.add_argument("--leads", type=Path, required=True, help="columns lead_id, probability, price; region")
    package.add_argument("--number", type=int, help="leads wished for")
    package.add_argument("--budget", type=float, help="most that all may cost")
    package.add_argument("--orders", type=float, help="expected orders wished for, at least")
    _correlation(package)
    money(package)


def _scores(to: argparse.ArgumentParser) -> None:
    to.add_argument("--scores", type=Path, required=True, help="what `score` wrote")


def _out(to: argparse.ArgumentParser) -> None:
    to.add_argument("--out", type=Path, help="where to write a row a lead (.csv or .parquet)")


def _correlation(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--correlation",
        type=float,
        help="how alike leads fare, 0..1; 0: each on its own (default: as on the page Value)",
    )
