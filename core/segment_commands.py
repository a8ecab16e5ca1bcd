"""What the steps of `segment` do: arguments in, an `Answer` for people and for programs out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.answers import Answer, as_json
from core.charts.style import counted
from core.console import load, tell
from core.data.leads import Leads
from core.data.schema import load_schema
from core.data.segment_rules import Rules, first_guess, load_rules
from core.data.splitting import open_rows
from core.data.values import to_numbers
from core.decisions.segments.arms import against_arms, fit_effects
from core.decisions.segments.budget import Campaign, Plan, came_by, plan_campaign
from core.decisions.segments.kept import load_kept, save_kept
from core.decisions.segments.recovery import Hiding, recover, summary
from core.decisions.segments.telling import (
    COLUMNS,
    METHOD_WORDS,
    WAYS,
    arms_sentence,
    headline,
    notes,
    of_hundred,
    plan_by,
)
from core.decisions.segments.training import counts, train_segments
from core.economics_files import columns_of, new_file, write_table
from core.errors import ConfigError, NotComputable
from core.neural.segments.correction import Correcting
from core.neural.segments.material import Material
from core.neural.segments.segmenter import fit_segmenter
from core.progress import Event
from core.segment_files import rules_text


def rules(leads: Path, schema: Path, out: Path) -> Answer:
    """The first guess of the rules, with the leads that each finds."""
    if out.suffix != ".toml" or out.exists():
        raise ConfigError(f"--out must be a new file whose name ends in .toml, however: got='{out}'")
    found = load(leads, load_schema(schema))
    guess = first_guess(found)
    text = rules_text(guess, found)
    out.write_text(text, "utf-8")
    return Answer({"rules": guess.to_dict(), "out": str(out)}, f"{text}\nWritten to {out}; read it, and change it.")


def train(
    leads: Path,
    schema: Path,
    rules: Path | None,
    loss: str,
    precision: float,
    seeds: int,
    methods: list[str],
    epochs: int,
    out: Path,
) -> Answer:
    """A segmentation in a new folder, its leads with their segments beside it."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"--out must be a new folder, however: '{out}' is there and not empty")
    how = Correcting(loss, epochs, precision=precision)
    hiding = Hiding(methods=tuple(methods), seeds=seeds)
    found = load(leads, load_schema(schema))
    trained = train_segments(found, _rules(rules, found), how, hiding, watch=tell)
    save_kept(out, trained.kept)
    for ending in ("parquet", "csv"):
        write_table(trained.assigned, out / f"assigned.{ending}")
    card = trained.card
    return Answer(card, "\n".join([*headline(card), *notes(card), arms_sentence(card), f"Kept in {out}."]))


def assign(model: Path, leads: Path, out: Path) -> Answer:
    """Segment and chances of each lead."""
    new_file(out)
    kept = load_kept(model)
    assigned = kept.assign(load(leads, kept.segmenter.schema), tell)
    write_table(assigned, out)
    told = {name: int((assigned["segment"] == name).sum()) for name in assigned["segment"].unique()}
    columns = {name: COLUMNS[name] for name in assigned.columns}
    text = ", ".join(f"{name} {count:,}" for name, count in told.items())
    document = {"leads": len(assigned), "out": str(out), "counts": as_json(counts(assigned)), "columns": columns}
    return Answer(document, f"{counted(len(assigned), 'lead')} in {out}: {text}")


def evaluate(
    leads: Path,
    schema: Path,
    rules: Path | None,
    hide: float,
    seeds: int,
    precision: float,
    methods: list[str],
) -> Answer:
    """How well each method finds hidden campaign customers; against the arms, where there are two."""
    how, hiding = Correcting(methods[0], precision=precision), Hiding((hide,), tuple(methods), seeds)
    found = load(leads, load_schema(schema))
    material = Material.of(found, _rules(rules, found))
    proof = recover(material, hiding, how, watch=tell)
    rows = as_json(summary(proof.rows))
    document: dict[str, Any] = {"hidden": hide, "leads": proof.leads, "rows": rows, "arms": None, "arms_why": ""}
    try:
        if material.rules.control is None:
            raise NotComputable("no rule names customers left out by chance")
        fitted, (effects, _) = fit_segmenter(material, how, watch=tell), fit_effects(material)
        document["arms"] = against_arms(material, fitted.assign(found, tell), effects)
    except NotComputable as error:
        document["arms_why"] = str(error)
    lines = [f"{hide:.0%} of the known campaign customers hidden, {seeds} times:", *map(_found, rows)]
    return Answer(document, "\n".join([*lines, arms_sentence(document)]))


def plan(
    model: Path,
    leads: Path,
    budget: float,
    cost: float,
    margin: float,
    anyway: float,
    contacts: int | None,
    contacts_column: str | None,
    by: str | None,
    only_open: bool,
    out: Path | None,
) -> Answer:
    """Whom to send a campaign to, and what a larger or smaller budget would bring."""
    campaign = Campaign(budget, cost, margin, anyway, contacts)
    new_file(out)
    kept = load_kept(model)
    by = by or plan_by(kept.card)
    if by == "uplift" and kept.uplift is None:
        raise ConfigError(
            "--by uplift needs a model that was trained with customers left out by chance, however: this one was not "
            "(its rules name no [control], or an arm was too small); plan --by segments"
        )
    found = load(leads, kept.segmenter.schema)
    assigned = kept.assign(found, tell)
    rows = open_rows(found) if only_open else np.arange(len(found))
    contacted = None if contacts_column is None else _contacted(leads, found, contacts_column)[rows]
    customer = found.roles["customer_id"].to_numpy(dtype=object)[rows]
    lead_id, chance, anyway_chance = (assigned[name].to_numpy()[rows] for name in ("lead_id", *WAYS[by]))
    came = came_by(assigned)[rows]
    made = plan_campaign(lead_id, chance, anyway_chance, campaign, contacted, customer, came)
    if out is not None:
        write_table(made.chosen, out)
    document = {
        "campaign": asdict(campaign),
        "by": by,
        "reached": len(made.chosen),
        "spent": made.spent,
        "expected": made.expected,
        "added": made.added,
        "left_out": made.left_out,
        "curve": as_json(made.curve),
        "chosen": None if out is not None else as_json(made.chosen),
        "out": None if out is None else str(out),
    }
    return Answer(document, _planned(made, out))


def _rules(path: Path | None, leads: Leads) -> Rules:
    if path is not None:
        return load_rules(path)
    guess = first_guess(leads)
    told = "; ".join(
        f"{name}: " + " or ".join(f"{one.column} {one.test} {one.value}" for one in getattr(guess, name))
        for name in ("engaged", "campaign")
    )
    tell(Event(f"note: no --rules are given, so a first guess is taken ({told}); `segment rules` writes it to a file"))
    return guess


def _found(row: dict[str, Any]) -> str:
    right = "none" if row["precision"] is None else of_hundred(row, "precision")
    found = of_hundred(row, "recall")
    why = f" ({row['reason']})" if row["reason"] else ""
    return f"  {METHOD_WORDS[row['method']]:<28} of 100 hidden found {found}; of 100 filled in hidden ones {right}{why}"


def _contacted(path: Path, leads: Leads, column: str) -> np.ndarray:
    told = columns_of(path, leads.schema.roles.lead_id, [column], leads.lead_id)[column]
    numbers, bad = to_numbers(told)
    if bad.any():
        raise ConfigError(f"--contacts-column must hold numbers, however: '{column}' has {told[bad].iloc[0]!r}")
    return numbers.to_numpy(dtype=np.float64)


def _planned(made: Plan, out: Path | None) -> str:
    lines = [
        f"Reach {len(made.chosen):,} for {made.spent:,.2f}: {made.expected:,.1f} customers more are expected, who add "
        f"{made.added:,.2f} beyond the cost.",
        "Left out: " + ", ".join(f"{why} {count:,}" for why, count in made.left_out.items()),
    ]
    if out is not None:
        return "\n".join([*lines, f"The list is in {out}."])
    return "\n".join([*lines, "", made.chosen.head(20).to_string(index=False, float_format="{:.3f}".format)])
