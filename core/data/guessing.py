"""A lead file -> a proposed schema: roles by name, type and content, features without leaks, and the reasons.

A guess is a draft for a person to read: `dump_schema(guess.schema, guess.reasons)` writes the reasons as comments.

    names and cells -> roles -> the other columns: leak? id? date? constant? -> features -> funnel, split
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.data.changeable import guess_changeable
from core.data.columns import Column
from core.data.leaks import leak
from core.data.names import LEAK_NAME, LOST_STAGES, OUTCOME_WORDS, PERSON_NAMES, ROLE_NAMES, WON_STAGES, plain_name
from core.data.schema import ROW_NUMBER, Features, Roles, Schema, Split
from core.data.values import to_numbers, to_outcomes, to_times
from core.errors import SchemaError
from core.funnel import OUTCOME_TIER, PRESETS, SOFT_TIER, Funnel, three_tiers


@dataclass(frozen=True)
class Guess:
    """A proposed schema and why."""

    schema: Schema
    reasons: dict[str, str]
    """By place in the schema (`roles.stage`, `features.numeric`); under `features`, what was left out."""
    leaks: tuple[tuple[str, str], ...]
    """Columns left out of the features as known only after the outcome, each with the reason."""


def guess_schema(frame_sample: pd.DataFrame, *, preset: str | None = None) -> Guess:
    """Propose a schema for a table of leads, or for a sample of its rows in the file's order.

    `preset`: the funnel of `core.funnel.PRESETS` to try first.

    Raises:
        SchemaError: there is no such preset, or the table is empty.
    """
    if preset is not None and preset not in PRESETS:
        raise SchemaError(f"preset must be one of {list(PRESETS)}, however: got='{preset}'")
    if frame_sample.empty:
        raise SchemaError("a schema can be guessed from leads only, however: the table has no rows or no columns")
    columns = [Column(str(name), frame_sample[name]) for name in frame_sample]
    reasons: dict[str, str] = {}
    roles = _guess_roles(columns, reasons)
    taken = set(roles.columns())
    features, leaks = _guess_features([c for c in columns if c.name not in taken], _outcome(columns, roles), reasons)
    if roles.call_seconds is not None:
        leaks = ((roles.call_seconds, "a call's length is known only after the call: it may only make pairs"), *leaks)
    funnel = _guess_funnel(columns, roles, preset, reasons)
    schema = Schema(roles, features, _guess_split(columns, roles, reasons), funnel)
    return Guess(schema, reasons, leaks)


def guess_funnel(frame_sample: pd.DataFrame, roles: Roles, *, preset: str | None = None) -> tuple[Funnel, str]:
    """A funnel for leads whose roles are known, and why; `preset` as in `guess_schema`."""
    wanted = {roles.stage, roles.converted}
    columns = [Column(str(name), frame_sample[name]) for name in frame_sample if name in wanted]
    reasons: dict[str, str] = {}
    return _guess_funnel(columns, roles, preset, reasons), reasons["funnel"]


def _guess_roles(columns: list[Column], reasons: dict[str, str]) -> Roles:
    rows, free = len(columns[0].text), list(columns)

    def named(role: str, fits: str, test: Callable[[Column], bool]) -> str | None:
        for name in ROLE_NAMES[role]:
            for column in free:
                if column.plain == name and test(column):
                    return take(role, column, f"by its name, and {fits}")
        return None

    def take(role: str, column: Column, why: str) -> str:
        free.remove(column)
        reasons[f"roles.{role}"] = f"'{column.name}': {why}"
        return column.name

    found: dict[str, str | None] = {}
    found["converted"] = named("converted", "it holds two outcomes", lambda c: c.is_outcome)
    if found["converted"] is None:
        candidates = [c for c in free if c.words & OUTCOME_WORDS and c.is_outcome]
        if candidates:
            found["converted"] = take("converted", candidates[0], "a word of its name, and it holds two outcomes")
    if found["converted"] is None:
        # Else a few bad cells would make a feature of the outcome itself.
        fits = "it holds two outcomes but for a few cells; mend those"
        found["converted"] = named("converted", fits, lambda c: c.nearly_outcome)
    found["stage"] = named("stage", "it holds few values", lambda c: 2 <= c.distinct <= 15 and not c.is_outcome)
    if found["stage"] is None:
        staged = [c for c in free if 2 <= c.distinct <= 15 and _fitting_preset(c.values, tuple(PRESETS))]
        if staged:
            found["stage"] = take("stage", staged[0], "its values are the stages of a known funnel")
    found["snapshot_time"] = named("snapshot_time", "it holds dates", lambda c: c.is_date)
    if found["snapshot_time"] is None:
        dates = [c for c in free if c.is_date and not LEAK_NAME.search(c.plain)]
        if dates:
            why = "the first column of dates; is it the day of scoring?"
            found["snapshot_time"] = take("snapshot_time", dates[0], why)
    talks = sorted((c for c in free if c.is_dialogue), key=lambda c: _number(c.plain))
    if talks:
        for column in talks:
            take("dialogue", column, "")
        names = ", ".join(f"'{column.name}'" for column in talks)
        more = "; taken to be oldest first" if len(talks) > 1 else ""
        reasons["roles.dialogue"] = f"{names}: by name or by lines that begin with a speaker{more}"
    seconds = named("call_seconds", "it holds numbers", lambda c: c.numeric)
    if seconds is not None:
        reasons["roles.call_seconds"] += "; LEAK as a feature, since known only after the call: it may only make pairs"
    found["call_seconds"] = seconds
    lead_id = named("lead_id", "no two rows share a value", lambda c: c.is_unique)
    if lead_id is None:
        fits = "few rows share a value; mend those, since each lead needs a number of its own"
        lead_id = named("lead_id", fits, lambda c: c.nearly_unique)
    if lead_id is None:
        ids = [c for c in free if c.is_unique and c.is_code]
        lead_id = take("lead_id", ids[0], "codes, and no two rows share one") if ids else None
    if lead_id is None:
        reasons["roles.lead_id"] = (
            "no column is a unique id, so the id is the place in the file: 1, 2, ... Do not sort this file anew"
        )
    if found["snapshot_time"] is None:
        reasons["roles"] = "no column of dates: the order of the file stands for time, oldest first"
    if found["converted"] is None:
        missing = "no outcome column found: name it under roles.converted before training"
        reasons["roles"] = "\n".join(filter(None, [reasons.get("roles"), missing]))
    found["customer_id"] = named("customer_id", "it holds many values", lambda c: c.distinct > max(1, rows / 20))
    found["owner"] = named("owner", "values repeat", lambda c: 2 <= c.distinct <= rows / 2 and not c.is_outcome)
    return Roles(lead_id=lead_id or ROW_NUMBER, dialogue=tuple(c.name for c in talks), **found)


def _number(name: str) -> int:
    found = re.search(r"(\d+)$", name)
    return int(found[1]) if found else 0


def _guess_features(
    columns: list[Column], outcome: np.ndarray | None, reasons: dict[str, str]
) -> tuple[Features, tuple[tuple[str, str], ...]]:
    kinds: dict[str, list[str]] = {"numeric": [], "categorical": [], "text": []}
    whys: dict[str, list[str]] = {"numeric": [], "categorical": [], "text": [], "out": []}
    leaks = []
    for column in columns:
        leaking = leak(column, outcome)
        kind, why = _kind(column) if leaking is None else ("out", f"LEAK: {leaking}")
        if leaking is not None:
            leaks.append((column.name, leaking))
        elif kind != "out":
            kinds[kind].append(column.name)
        whys[kind].append(f"{column.name}: {why}")
    reasons |= {f"features.{kind}": "\n".join(whys[kind]) for kind in kinds if whys[kind]}
    if whys["out"]:
        reasons["features"] = "\n".join(["Left out:", *whys["out"]])
    fields = [*kinds["numeric"], *kinds["categorical"]]
    can = guess_changeable(fields)
    if fields:
        reasons["features.changeable"] = (
            "what somebody can change, by name: tried where it is asked what would move a lead; left out: "
            f"{', '.join(name for name in fields if name not in can) or 'none'}"
        )
    features = Features(**{kind: tuple(names) for kind, names in kinds.items()}, changeable=can if fields else None)
    return features, tuple(leaks)


def _kind(column: Column) -> tuple[str, str]:
    rows = len(column.text)
    many = column.distinct > max(100, rows / 5)
    if column.distinct <= 1:
        return "out", "the same value in every lead" if column.filled else "empty"
    if column.plain in PERSON_NAMES:
        return "out", "it names or reaches a person"
    if column.is_date:
        return "out", "a date; count days to the snapshot from it if it is known by then"
    if column.is_prose:
        return "text", f"several words each, {column.distinct:,} different"
    if column.is_label or not column.numeric:
        if many:
            return "out", f"an id or free code: {column.distinct:,} values in {rows:,} leads"
        return "categorical", f"{column.distinct:,} values"
    if column.is_unique and column.is_code:
        return "out", "it counts the rows"
    return "numeric", f"numbers, {column.distinct:,} different"


def _outcome(columns: list[Column], roles: Roles) -> np.ndarray | None:
    for column in columns:
        if column.name == roles.converted:
            return to_outcomes(column.cells)[0].to_numpy()
    return None


def _fitting_preset(values: list[str], presets: tuple[str, ...]) -> str | None:
    wanted = {plain_name(value) for value in values}
    fitting = (name for name in presets if wanted <= {plain_name(stage) for stage in PRESETS[name].stages})
    return next(fitting, None)


def _guess_funnel(columns: list[Column], roles: Roles, preset: str | None, reasons: dict[str, str]) -> Funnel:
    soft = roles.call_seconds is not None
    column = next((c for c in columns if c.name == roles.stage), None)
    if column is None:
        what = "longer over shorter calls" if soft else ""
        pairs = " and ".join(filter(None, ["converted over not converted", what]))
        ignored = f", so preset '{preset}' is of no use" if preset else ""
        reasons["funnel"] = f"no stage column found{ignored}: leads are paired as {pairs}"
        return Funnel((), (OUTCOME_TIER, SOFT_TIER)) if soft else Funnel()
    values = column.values
    name = _fitting_preset(values, (preset,) if preset else tuple(PRESETS))
    if name is not None:
        funnel = PRESETS[name]
        reasons["funnel"] = f"the stages of preset '{name}', which holds every value of '{column.name}'"
        return Funnel(funnel.stages, tuple(t for t in funnel.tiers if soft or t.kind != "signal"))
    stages, why = _ordered(column, values, _outcome(columns, roles))
    missed = f"preset '{preset}' does not hold every value of '{column.name}'; " if preset else ""
    reasons["funnel"] = f"{missed}order of stages {why}; check it: shallow to deep"
    return three_tiers(stages, key=(len(stages) + 1) // 2, soft=soft)


def _ordered(column: Column, values: list[str], outcome: np.ndarray | None) -> tuple[tuple[str, ...], str]:
    """Stages from shallow to deep and by what."""
    numbers, bad = to_numbers(pd.Series(values))
    if not bad.any() and numbers.notna().all():
        return tuple(np.array(values)[numbers.argsort()].tolist()), "by number"
    rates = pd.Series(0.0, index=values)
    if outcome is not None:
        rates = pd.Series(outcome).groupby(column.text).mean().reindex(values).fillna(0.0)

    def depth(place: int) -> tuple[int, float, int]:
        name = plain_name(values[place])
        return ((name in WON_STAGES) - (name in LOST_STAGES), rates[values[place]], place)

    how = "by the names for lost and won, then by " + ("conversion, then " if outcome is not None else "")
    return tuple(values[place] for place in sorted(range(len(values)), key=depth)), how + "how rare they are"


def _guess_split(columns: list[Column], roles: Roles, reasons: dict[str, str]) -> Split:
    split = Split()
    column = next((c for c in columns if c.name == roles.snapshot_time), None)
    if column is None:
        return split
    times = to_times(column.cells)[0]
    days = (times.max() - times.min()) / pd.Timedelta(days=1)
    # With more, what is too young and the gap would take over half of the training part.
    if split.maturity_days <= 0.2 * days:
        return split
    lower = float(int(0.15 * days))
    reasons["split"] = (
        f"these leads span only {days:.0f} days, so maturity_days is {lower:g} instead of {split.maturity_days:g}: "
        "outcomes that take longer count as not converted"
    )
    return replace(split, maturity_days=lower)
