"""What the steps of `economics` do: arguments in, an `Answer` for people and for programs out."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.answers import Answer, as_json
from core.console import load
from core.data.schema import load_schema
from core.decisions.economics import pricing
from core.decisions.economics.allocation import allocate, thompson_split
from core.decisions.economics.campaigns import feedback, read_costs
from core.decisions.economics.deals import better, break_evens, good_shares, read_deals
from core.decisions.economics.depth import against, cost_of_wrong_order, one_more_person, profit_curve
from core.decisions.economics.dispatch import dispatch, greedy, round_robin
from core.decisions.economics.hits import at_threshold
from core.decisions.economics.money import Terms, told
from core.decisions.economics.packages import Wishes
from core.decisions.economics.packages import package as make_package
from core.decisions.economics.people import read_people
from core.decisions.economics.profile import Question, priority, profile
from core.decisions.economics.qualify import qualify as qualified
from core.decisions.economics.response import fit, read_history
from core.economics_files import chances_of, columns_of, outcomes_of, table_of, weights_of, write_table
from core.errors import ConfigError, LeadRankError


def deals(file: Path, scores: Path | None, correlation: float, currency: str, period: str) -> Answer:
    """Break-even of each pair of deals; with scores, how likely each is the better one."""
    terms = Terms(currency, period)
    found = read_deals(table_of(file))
    pairs = break_evens(found)
    document: dict[str, Any] = {"break_even": as_json(pairs), "terms": terms.to_dict()}
    lines = []
    for row in pairs.to_dict("records"):
        if np.isfinite(row["break_even"]) and row["inside"]:
            below, above = (row[name] or "neither" for name in ("better_below", "better_above"))
            share = f"{row['break_even']:.1%}"
            lines.append(f"below {share} good leads {below} is better, above {above}")
        else:
            lines.append(f"{row['deal_a']} and {row['deal_b']}: {row['reason']}")
    if scores is not None:
        table = better(found, good_shares(chances_of(scores)["probability"], correlation=correlation))
        document["deals"] = as_json(table)
        lines += ["", *(_deal(row, terms) for row in table.to_dict("records"))]
    return Answer(document, "\n".join(lines))


def price(
    chance: float | None,
    scores: Path | None,
    out: Path | None,
    revenue_high: float,
    cost_high: float,
    revenue_low: float,
    cost_low: float,
    wished_profit: float,
    cost_of_lead: float,
    currency: str,
    period: str,
) -> Answer:
    """Expected profit of one lead, its prices and its levers; or a price for each lead of a score file."""
    if (chance is None) == (scores is None):
        raise ConfigError("give either --chance, of one lead, or --scores, a file of leads")
    terms = Terms(currency, period)
    frame = None if scores is None else chances_of(scores)
    mean = float(frame["probability"].mean()) if frame is not None else float(chance or 0.0)
    levers = pricing.Levers(mean, revenue_high, cost_high, revenue_low, cost_low)
    document = {
        "expected_profit": pricing.expected_profit(levers),
        "price_ceiling": pricing.price_ceiling(levers, wished_profit),
        "price_floor": pricing.price_floor(levers, wished_profit, cost_of_lead),
        "tornado": as_json(pricing.tornado(levers)),
        "terms": terms.to_dict(),
    }
    lines = [
        f"{'expected profit of a lead':32s} {told(document['expected_profit'], terms):>16s}",
        f"{'a buyer may pay at most':32s} {told(document['price_ceiling'], terms):>16s}",
        f"{'a seller must ask at least':32s} {told(document['price_floor'], terms):>16s}",
        "",
        "what moves it, each lever a fifth up or down:",
        *(
            f"  {row['lever']:14s} {told(row['profit_low'], terms):>14s} to {told(row['profit_high'], terms):>14s}"
            for row in pricing.tornado(levers).to_dict("records")
        ),
    ]
    if frame is not None:
        prices = pricing.lead_prices(frame["probability"].to_numpy(), levers, wished_profit)
        each = pd.concat([frame[["lead_id", "probability"]], prices.reset_index(drop=True)], axis=1)
        document["leads"] = len(each)
        if out is not None:
            write_table(each, out)
            lines += ["", f"{len(each):,} prices are in {out}."]
            document["out"] = str(out)
        else:
            document["prices"] = as_json(each)
    return Answer(document, "\n".join(lines))


def depth(
    scores: Path,
    margin: float,
    cost_per_call: float,
    fixed_cost: float,
    capacity: int | None,
    calls_per_person: int | None,
    leads: Path | None,
    schema: Path | None,
    currency: str,
    period: str,
) -> Answer:
    """The depth of the list at which calling brings most, and what a wrong order costs."""
    terms = Terms(currency, period)
    frame = chances_of(scores)
    now = None if capacity is None else min(capacity, len(frame))
    at = () if now is None else (now, min(now + (calls_per_person or 0), len(frame)))
    curve = profit_curve(frame["probability"].to_numpy(), margin, cost_per_call, fixed_cost, at=at)
    outcome = None if leads is None else outcomes_of(leads, schema, frame["lead_id"])
    chosen = curve.best_depth if now is None else now
    lines = against(frame["probability"].to_numpy(), margin, cost_per_call, fixed_cost, outcome=outcome, at=(chosen,))
    wrong = cost_of_wrong_order(lines, chosen)
    document = {**as_json(curve.to_dict()), "against": as_json(wrong), "terms": terms.to_dict()}
    best = curve.best_profit
    told_lines = [
        f"Call the best {curve.best_depth:,} of {curve.leads:,} leads: expected profit {told(best.value, terms)} "
        f"(likely {told(best.low, terms)} to {told(best.high, terms)}).",
        f"Depths from {curve.best_from:,} to {curve.best_to:,} cannot be told from it.",
    ]
    if now is not None:
        here = curve.at(now)
        document["at_capacity"] = here.to_dict()
        told_lines.append(f"At your {now:,} calls: {told(here.value, terms)}.")
        if calls_per_person:
            more = one_more_person(curve, now, calls_per_person)
            document["one_more_person"] = more.to_dict()
            told_lines.append(
                f"One more person ({calls_per_person:,} calls) brings {told(more.value, terms)} before their pay "
                f"(likely {told(more.low, terms)} to {told(more.high, terms)})."
            )
    return Answer(document, "\n".join([*told_lines, "", wrong.to_string(index=False)]))


def hits(scores: Path, threshold: float, leads: Path, schema: Path) -> Answer:
    """Hits and misses of a score file at a threshold."""
    frame = chances_of(scores)
    outcome = outcomes_of(leads, schema, frame["lead_id"])
    known = np.isfinite(outcome)
    if not known.any():
        raise LeadRankError("none of the scored leads has a known outcome, so there are no hits and misses to count")
    found = at_threshold(frame["probability"].to_numpy()[known], outcome[known], threshold)
    document = as_json(found.to_dict())
    lines = [f"hits {found.tp:,}, false alarms {found.fp:,}, misses {found.fn:,}, rightly left {found.tn:,}"]
    for name in ("accuracy", "precision", "recall"):
        entry = document[name]
        value = "cannot be computed" if entry.get("value") is None else f"{entry['value']:.1%}"
        lines.append(f"{name:10s} {value}")
    return Answer(document, "\n".join(lines))


def qualify(
    scores: Path,
    ordered_on: str | None,
    effort: list[str],
    horizon: float,
    weights: str | None,
    out: Path,
    leads: Path,
    schema: Path,
) -> Answer:
    """Each scored lead with what else is known of it, and one priority."""
    contract = load_schema(schema)
    found = load(leads, contract)
    wanted = [*([ordered_on] if ordered_on else []), *effort]
    more = columns_of(leads, contract.roles.lead_id, wanted, found.lead_id) if wanted else pd.DataFrame()
    table = qualified(
        found,
        chances_of(scores),
        ordered_on=more[ordered_on] if ordered_on else None,
        effort=more[effort] if effort else None,
        horizon=horizon,
    )
    measures = [name for name in table.columns[2:] if not name.endswith(("_low", "_high")) and name != "days"]
    questions = [Question("conversion", "probability", scale="as it is")]
    questions += [Question("speed", "days", more_is_better=False)] if "days" in table else []
    questions += [Question(name, name, more_is_better=False) for name in measures]
    given = weights_of(weights) if weights else {each.name: 1.0 for each in questions}
    ranked = priority(profile(table, questions), given)
    table = table.join(ranked.frame).sort_values("priority", ascending=False, kind="stable", ignore_index=True)
    write_table(table, out)
    shown = table[["lead_id", "priority", "probability", *table.columns.intersection(["days", *measures])]].head(10)
    text = f"{len(table):,} leads in {out}; what counts: {ranked.how}\n{shown.to_string(index=False)}"
    return Answer({"out": str(out), "leads": len(table), "how": ranked.how, "top": as_json(shown)}, text)


def campaigns(
    costs: Path, by: str, scores: Path | None, margin: float, leads: Path, schema: Path, currency: str, period: str
) -> Answer:
    """What each campaign, channel or message brings for its cost."""
    found = load(leads, load_schema(schema))
    table = found.roles[["lead_id", "converted"]].join(found.features)
    if scores is not None:
        table = table.merge(chances_of(scores)[["lead_id", "probability"]], on="lead_id", how="left")
    result = feedback(table, read_costs(table_of(costs)), by, margin, terms=Terms(currency, period))
    shown = ["leads", "orders", "cost", "roi", "roi_low", "roi_high", "advice"]
    names = [name for name in result.frame.columns if name not in ("period",)]
    text = result.frame[[name for name in names if name in (by, *shown)]].to_string(index=False)
    return Answer(as_json(result.to_dict()), f"{text}\n{result.how}")


def budget(history: Path, weekly: bool, seed: int, budget: float, margin: float, currency: str, period: str) -> Answer:
    """A budget spread over channels."""
    terms = Terms(currency, period)
    responses = fit(read_history(table_of(history)), seed=seed)
    if weekly:
        split = thompson_split(responses, budget, margin, seed=seed)
        return Answer({"split": as_json(split), "terms": terms.to_dict()}, split.to_string(index=False))
    found = allocate(responses, budget, margin, terms=terms)
    gain = f"{told(found.gain.value, terms)} (likely {told(found.gain.low, terms)} to {told(found.gain.high, terms)})"
    text = f"{found.frame.to_string(index=False)}\nGain over the spend of now: {gain}.\n{found.how}"
    return Answer(as_json(found.to_dict()), text)


def plan(leads: Path, people: Path, fairness: float | None, out: Path | None, currency: str, period: str) -> Answer:
    """Who calls which lead."""
    terms = Terms(currency, period)
    frame, team = table_of(leads), read_people(table_of(people))
    best = dispatch(frame, team, fairness)
    others = [greedy(frame, team), round_robin(frame, team)]
    document = {**as_json(best.to_dict()), "others": {each.kind: each.total for each in others}}
    lines = [f"{each.kind:14s} {told(each.total, terms):>18s}" for each in (best, *others)]
    if out is not None:
        write_table(best.frame, out)
        document["out"] = str(out)
        lines.append(f"The plan is in {out}.")
    lines += ["", best.by_person.to_string(index=False)]
    return Answer(document | {"terms": terms.to_dict()}, "\n".join(lines))


def package(
    leads: Path,
    number: int | None,
    budget: float | None,
    orders: float | None,
    correlation: float,
    currency: str,
    period: str,
) -> Answer:
    """A portfolio of leads for a buyer's wishes."""
    terms = Terms(currency, period)
    wishes = Wishes(leads=number, budget=budget, min_expected_orders=orders)
    found = make_package(table_of(leads), wishes, correlation)
    text = (
        f"{len(found.frame):,} leads for {told(found.price, terms)}, {found.expected_orders:.1f} orders expected.\n"
        f"{found.regions.to_string(index=False)}\n{found.how}"
    )
    return Answer(as_json(found.to_dict()) | {"terms": terms.to_dict()}, text)


def _deal(row: dict[Hashable, Any], terms: Terms) -> str:
    return (
        f"{row['name']}: expected {told(row['expected_profit'], terms)} (likely {told(row['low'], terms)} to "
        f"{told(row['high'], terms)}), the best one with a chance of {row['chance_best']:.0%}"
    )
