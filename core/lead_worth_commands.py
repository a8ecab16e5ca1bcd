"""What the steps of `economics` that tell something of each lead do: its worth, its return, what to do with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.answers import Answer, as_json
from core.charts.style import counted
from core.console import load
from core.data.schema import Schema, load_schema
from core.data.splitting import as_open
from core.data.values import to_numbers, to_times
from core.decisions.economics import pricing
from core.decisions.economics import risk as orders
from core.decisions.economics.changes import STAGE, changed, due
from core.decisions.economics.deals import keep_or_sell
from core.decisions.economics.depth import profit_curve
from core.decisions.economics.hits import at_threshold
from core.decisions.economics.money import Terms, told
from core.decisions.economics.next_action import STEPS, Rules, next_best_action
from core.decisions.economics.returns import lead_roi
from core.economics_files import chances_of, columns_of, new_file, outcomes_of, write_table
from core.errors import ConfigError, LeadRankError
from core.funnel import PRESETS

SHOWN = 10
"""Rows of a long table that the answer shows; the file has all."""


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
    new_file(out)
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


def returns(
    scores: Path,
    margin: float,
    cost_to_convert: float,
    objective: str,
    target: float,
    out: Path | None,
    currency: str,
    period: str,
) -> Answer:
    """What each lead returns on the cost of converting it, and which are worth it for an objective."""
    new_file(out)
    terms, frame = Terms(currency, period), chances_of(scores)
    table = lead_roi(frame["probability"], margin, cost_to_convert, objective=objective, target=target)
    least, worth = float(table["threshold"].iloc[0]), int(table["worth"].sum())
    spent = worth * cost_to_convert
    profit = float(table.loc[table["worth"], "expected_value"].sum()) - spent
    document = {"objective": objective, "target": target, "threshold": least, "leads": len(table), "worth": worth}
    document |= {"expected_profit": profit, "cost": spent, "terms": terms.to_dict()}
    line = (
        f"{worth:,} of {counted(len(table), 'lead')} {'returns' if worth == 1 else 'return'} {least:.0%} or more of "
        f"what converting one costs; working {'it' if worth == 1 else 'these'} costs {told(spent, terms)} and should "
        f"leave {told(profit, terms)}."
    )
    return _each(frame[["lead_id", "rank", "probability"]].join(table), document, [line], out)


def keep(
    scores: Path,
    margin: float,
    cost_per_call: float,
    sale_price: float,
    out: Path | None,
    currency: str,
    period: str,
) -> Answer:
    """Keep, sell or drop each lead."""
    new_file(out)
    terms, frame = Terms(currency, period), chances_of(scores)
    chance = frame["probability"].to_numpy()
    table = keep_or_sell(chance, margin, cost_per_call, sale_price)
    counts = {kind: int((table["decision"] == kind).sum()) for kind in ("keep", "sell", "drop")}
    worth = float(table["value"].sum())
    document: dict[str, Any] = {"counts": counts, "worth": worth, "terms": terms.to_dict()}
    line = f"Keep {counts['keep']:,}, sell {counts['sell']:,}, drop {counts['drop']:,}: worth {told(worth, terms)}"
    if counts["keep"]:
        kept = profit_curve(chance[table["decision"] == "keep"], margin, cost_per_call).at(counts["keep"])
        document["low"], document["high"] = (worth + end - kept.value for end in (kept.low, kept.high))
        line += f" (likely {told(document['low'], terms)} to {told(document['high'], terms)})"
    return _each(frame[["lead_id", "rank", "probability"]].join(table.dropna(axis=1)), document, [line + "."], out)


def tranches(scores: Path, correlation: float | None) -> Answer:
    """All leads cut into classes of equal size by chance, AAA to B, with the orders of each."""
    alike = orders.CORRELATION if correlation is None else correlation
    table = orders.tranches(chances_of(scores)["probability"], correlation=alike)
    text = f"{table.to_string(index=False)}\nlow and high hold 19 of 20 simulated cases, at a correlation of {alike:g}."
    return Answer({"tranches": as_json(table), "correlation": alike}, text)


def changes(
    before: Path,
    after: Path,
    leads_before: Path | None,
    leads_after: Path | None,
    schema: Path | None,
    days_since: float,
    every: float,
    out: Path | None,
) -> Answer:
    """What changed between two scorings of leads and why, and which leads were due."""
    new_file(out)
    if (leads_before or leads_after) and not (leads_before and leads_after and schema):
        raise ConfigError("--leads-before, --leads-after and --schema go together; give all three, or none")
    contract = load_schema(schema) if schema else None
    earlier, later = (
        _stood(scores, leads, contract) for scores, leads in ((before, leads_before), (after, leads_after))
    )
    table = changed(earlier, later)
    was, now = (frame.drop(columns=["probability", "rank"]) for frame in (earlier, later))
    waiting = due(was, now, days_since, every)
    document = {"changed": len(table), "due": len(waiting), "why_due": as_json(waiting.head(SHOWN))}
    were = "was" if len(waiting) == 1 else "were"
    line = f"{counted(len(table), 'lead')} changed; {len(waiting):,} of {len(later):,} {were} due to be scored again."
    return _each(table, document, [line], out)


def next(scores: Path, contact: str, out: Path | None, leads: Path, schema: Path) -> Answer:
    """What to do next with each scored lead, and why."""
    new_file(out)
    contract, frame = load_schema(schema), chances_of(scores)
    found = as_open(load(leads, contract))
    told_days = columns_of(leads, contract.roles.lead_id, [contact], found.lead_id)[contact]
    funnel = contract.funnel if len(contract.funnel.stages) > 1 else PRESETS["automotive"]
    table = pd.DataFrame(
        {
            "lead_id": found.lead_id,
            "stage": _stages(found.roles["stage"], contract),
            "days_since_contact": _days(told_days, found.roles["snapshot_time"].max()),
        }
    )
    table = frame[["lead_id", "rank", "probability"]].merge(table, on="lead_id", how="left")
    if table["stage"].isna().any():
        row = table.loc[table["stage"].isna(), "lead_id"].iloc[0]
        raise LeadRankError(f"the lead file has no lead '{row}', however: it was scored; give the file that was scored")
    rules = Rules(funnel, {stage: step for stage, step in STEPS.items() if stage in funnel.stages})
    made = next_best_action(table, rules)
    counts = {str(action): int(count) for action, count in made["action"].value_counts().items()}
    line = ", ".join(f"{action}: {count:,}" for action, count in counts.items())
    return _each(table[["rank", "probability"]].join(made), {"counts": counts}, [line], out)


def _each(table: pd.DataFrame, document: dict[str, Any], lines: list[str], out: Path | None) -> Answer:
    """The answer with its rows: all of them in the file, or in the document; the first of them for people."""
    if out is not None:
        write_table(table, out)
        document, lines = document | {"out": str(out)}, [*lines, f"{counted(len(table), 'row')} in {out}."]
    else:
        document = document | {"rows": as_json(table)}
    return Answer(document, "\n".join(lines if table.empty else [*lines, "", table.head(SHOWN).to_string(index=False)]))


def _stood(scores: Path, leads: Path | None, schema: Schema | None) -> pd.DataFrame:
    """The scored leads with their stage and fields, as `changed` compares them."""
    frame = chances_of(scores)[["lead_id", "probability", "rank"]]
    if leads is None or schema is None:
        return frame
    found = as_open(load(leads, schema))
    own = {name: f"{name} (field)" for name in (*frame.columns, STAGE)}
    fields = found.features.drop(columns=list(schema.features.text)).rename(columns=own)
    fields[STAGE] = _stages(found.roles["stage"], schema)
    return frame.merge(fields.assign(lead_id=found.lead_id), on="lead_id", how="left")


def _stages(stage: pd.Series, schema: Schema) -> np.ndarray:
    return np.array([*schema.funnel.stages, ""], dtype=object)[stage]


def _days(contact: pd.Series, newest: pd.Timestamp) -> pd.Series:
    """Days from the last contact to the newest snapshot, of days or of dates; NaN where there was none."""
    days, wrong = to_numbers(contact)
    if not wrong.any():
        return days
    times, wrong = to_times(contact)
    if wrong.any() or pd.isna(newest):
        raise ConfigError(
            f"--contact must name a column of days since the last contact, or of its date in leads with a "
            f"snapshot_time, however: '{contact.name}' holds {contact[wrong].iloc[0] if wrong.any() else 'dates'!r}"
        )
    return (newest - times).dt.total_seconds() / 86_400
