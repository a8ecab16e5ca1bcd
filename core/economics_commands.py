"""What the steps of `economics` on many leads do: arguments in, an `Answer` for people and for programs out.

Steps that tell something of each lead are in `core.lead_worth_commands`.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.answers import Answer, as_json
from core.charts.style import counted
from core.console import load
from core.data.schema import load_schema
from core.data.splitting import final_outcomes
from core.decisions.economics.allocation import allocate, thompson_split
from core.decisions.economics.campaigns import feedback, read_costs
from core.decisions.economics.deals import better, break_evens, good_shares, read_deals
from core.decisions.economics.depth import against, cost_of_wrong_order, one_more_person, profit_curve
from core.decisions.economics.dispatch import dispatch, greedy, round_robin
from core.decisions.economics.money import Terms, told
from core.decisions.economics.packages import Wishes
from core.decisions.economics.packages import package as make_package
from core.decisions.economics.people import read_people
from core.decisions.economics.profile import Question, priority, profile
from core.decisions.economics.qualify import qualify as qualified
from core.decisions.economics.response import fit, read_history
from core.decisions.economics.risk import CORRELATION
from core.economics_files import chances_of, columns_of, new_file, outcomes_of, table_of, weights_of, write_table

OWN = ("lead_id", "converted", "snapshot_time", "probability")
"""Columns of the leads that a feature of the same name would hide."""


def deals(file: Path, scores: Path | None, correlation: float | None, currency: str, period: str) -> Answer:
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
        alike = CORRELATION if correlation is None else correlation
        table = better(found, good_shares(chances_of(scores)["probability"], correlation=alike))
        document["correlation"] = alike
        document["deals"] = as_json(table)
        lines += ["", *(_deal(row, terms) for row in table.to_dict("records"))]
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
    chance, chosen = frame["probability"].to_numpy(), curve.best_depth if now is None else now
    outcome = None if leads is None else outcomes_of(leads, schema, frame["lead_id"])
    basis, known = _basis(outcome)
    if outcome is not None and known.any():
        chance, outcome = chance[known], outcome[known]
        chosen = round(chosen / len(frame) * len(chance))
    else:
        outcome = None
    lines = against(chance, margin, cost_per_call, fixed_cost, outcome=outcome, at=(chosen,))
    wrong = cost_of_wrong_order(lines, chosen)
    document = {**as_json(curve.to_dict()), "against": as_json(wrong), "terms": terms.to_dict()}
    document |= {"against_basis": basis, "against_leads": len(chance), "against_depth": chosen}
    best = curve.best_profit
    told_lines = [
        f"Call the best {curve.best_depth:,} of {counted(curve.leads, 'lead')}: expected profit "
        f"{told(best.value, terms)} (likely {told(best.low, terms)} to {told(best.high, terms)}).",
        f"Depths from {curve.best_from:,} to {curve.best_to:,} cannot be told from it.",
    ]
    if now is not None:
        here = curve.at(now)
        document["at_capacity"] = here.to_dict()
        told_lines.append(f"At your {counted(now, 'call')}: {told(here.value, terms)}.")
        if calls_per_person:
            more = one_more_person(curve, now, calls_per_person)
            document["one_more_person"] = more.to_dict()
            told_lines.append(
                f"One more person ({counted(calls_per_person, 'call')}) brings "
                f"{told(more.value, terms, per_period=True)} before their pay "
                f"(likely {told(more.low, terms)} to {told(more.high, terms)})."
            )
    measured = f"The best {chosen:,} of {counted(len(chance), 'lead')} against other orders, {basis}:"
    return Answer(document, "\n".join([*told_lines, "", measured, wrong.to_string(index=False)]))


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
    new_file(out)
    contract = load_schema(schema)
    found = load(leads, contract)
    wanted = [*([ordered_on] if ordered_on else []), *effort]
    more = columns_of(leads, contract.roles.lead_id, wanted, found.lead_id) if wanted else pd.DataFrame()
    learned = qualified(
        found,
        chances_of(scores),
        ordered_on=more[ordered_on] if ordered_on else None,
        effort=more[effort] if effort else None,
        horizon=horizon,
    )
    table, measures = learned.frame, learned.measures
    questions = [Question("conversion", "probability", scale="as it is")]
    questions += [Question("speed", "days", more_is_better=False)] if "days" in table else []
    questions += [Question(name, name, more_is_better=False) for name in measures]
    given = weights_of(weights) if weights else {each.name: 1.0 for each in questions}
    ranked = priority(profile(table, questions), given)
    table = table.join(ranked.frame).sort_values("priority", ascending=False, kind="stable", ignore_index=True)
    write_table(table, out)
    shown = table[["lead_id", "priority", "probability", *table.columns.intersection(["days", *measures])]].head(10)
    text = f"{counted(len(table), 'lead')} in {out}; what counts: {ranked.how}\n{shown.to_string(index=False)}"
    return Answer({"out": str(out), "leads": len(table), "how": ranked.how, "top": as_json(shown)}, text)


def campaigns(
    costs: Path, by: str, scores: Path | None, margin: float, leads: Path, schema: Path, currency: str, period: str
) -> Answer:
    """What each campaign, channel or message brings for its cost."""
    found = load(leads, load_schema(schema))
    table = found.roles[["lead_id", "converted", "snapshot_time"]].join(
        found.features.drop(columns=OWN, errors="ignore")
    )
    table["converted"] = final_outcomes(found)
    if table["snapshot_time"].isna().all():
        table = table.drop(columns="snapshot_time")
    if scores is not None:
        table = table.merge(chances_of(scores)[["lead_id", "probability"]], on="lead_id", how="left")
    result = feedback(table, read_costs(table_of(costs)), by, margin, terms=Terms(currency, period))
    shown = ["leads", "orders", "open_orders", "cost", "roi", "roi_low", "roi_high", "advice"]
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
    likely = f"likely {told(found.gain.low, terms)} to {told(found.gain.high, terms)}"
    gain = f"{told(found.gain.value, terms, per_period=True)} ({likely})"
    text = f"{found.frame.to_string(index=False)}\nGain over the spend of now: {gain}.\n{found.how}"
    return Answer(as_json(found.to_dict()), text)


def plan(leads: Path, people: Path, fairness: float | None, out: Path | None, currency: str, period: str) -> Answer:
    """Who calls which lead."""
    new_file(out)
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
    correlation: float | None,
    currency: str,
    period: str,
) -> Answer:
    """A portfolio of leads for a buyer's wishes."""
    terms = Terms(currency, period)
    wishes = Wishes(leads=number, budget=budget, min_expected_orders=orders)
    found = make_package(table_of(leads), wishes, CORRELATION if correlation is None else correlation)
    text = (
        f"{counted(len(found.frame), 'lead')} for {told(found.price, terms)}, "
        f"{found.expected_orders:.1f} orders expected.\n"
        f"{found.regions.to_string(index=False)}\n{found.how}"
    )
    return Answer(as_json(found.to_dict()) | {"terms": terms.to_dict()}, text)


def _basis(outcome: np.ndarray | None) -> tuple[str, np.ndarray]:
    """What the orders of a list are measured on, in words, and which leads have a final outcome. Shape (n,)."""
    if outcome is None:
        return "by the chances alone", np.zeros(0, dtype=bool)
    known = np.isfinite(outcome)
    if not known.any():
        return "by the chances alone, as no scored lead has a final outcome", known
    left = f"; {int((~known).sum()):,} without one are left out" if not known.all() else ""
    return f"by their final outcomes{left}", known


def _deal(row: dict[Hashable, Any], terms: Terms) -> str:
    return (
        f"{row['name']}: expected {told(row['expected_profit'], terms)} (likely {told(row['low'], terms)} to "
        f"{told(row['high'], terms)}), the best one with a chance of {row['chance_best']:.0%}"
    )
