"""All of a trial as one result: the effect as far as the plan lets it be seen, checks, and a verdict in plain words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from core.answers import as_json
from core.data.leads import Leads
from core.decisions.field_trial.assignment import accepted
from core.decisions.field_trial.choices import METHODS
from core.decisions.field_trial.estimates import (
    WEEK,
    Trial,
    adjusted,
    by_day,
    by_tier,
    by_week,
    permutation,
    ratio,
    t_test,
)
from core.decisions.field_trial.fieller import Estimate
from core.decisions.field_trial.looks import Look, information, look_now, stop_words, waiting
from core.decisions.field_trial.outcomes import Outcomes, outcomes
from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.sequential import always_valid
from core.decisions.field_trial.watching import Check, checks
from core.errors import NotComputable

DRAWS = 999
"""Assignments of the permutation test; they leave a p of 0.05 uncertain by 0.007. Source: ours."""
COLUMNS = ("method", "uplift", "low", "high", "p", "treatment", "control", "reason")


@dataclass(frozen=True, eq=False)
class TrialResult:
    """A trial as read at one moment."""

    name: str
    protocol_sha256: str
    until: pd.Timestamp
    """Up to when the outcomes that are shown were known, UTC."""
    state: str
    """running (no effect is shown), look (an effect before the end), final."""
    headline: Estimate | None
    """By the method that the plan names; None while no effect may be shown, or none can be computed."""
    methods: pd.DataFrame
    """One row a method, columns COLUMNS; `reason` says why there is no figure. Empty while running, as the next three.
    p holds for the looks of the plan: below alpha exactly where the interval leaves out 0."""
    tiers: pd.DataFrame
    """`by_tier`."""
    weeks: pd.DataFrame
    """`by_week`."""
    days: pd.DataFrame
    """`by_day`."""
    sequence: pd.DataFrame
    """Where the plan lets an effect be read at any time: day (every seventh), uplift, low, high as they were read then,
    with the bound that holds for all of them together; else empty."""
    checks: tuple[Check, ...]
    verdict: str
    """In plain words."""
    extra_orders: tuple[float, float, float] | None
    """Orders that treatment had beyond the control arm's rate, with interval; None without headline."""
    stopped: pd.Timestamp | None = None
    """When it was stopped before its last day, UTC; leads that came later do not count."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what has no value is null."""
        return as_json(self)


@dataclass(frozen=True, eq=False)
class _Shown:
    """The parts of a result that tell an effect."""

    headline: Estimate | None
    methods: pd.DataFrame
    tiers: pd.DataFrame
    weeks: pd.DataFrame
    days: pd.DataFrame
    sequence: pd.DataFrame
    extra_orders: tuple[float, float, float] | None = None


def read(
    protocol: Protocol,
    leads: Leads,
    until: pd.Timestamp | None = None,
    earlier: Leads | None = None,
    draws: int = DRAWS,
    *,
    shown: pd.DataFrame | None = None,
    stopped: pd.Timestamp | None = None,
    now: pd.Timestamp | None = None,
) -> TrialResult:
    """Read the trial, as far as its plan allows now.

    Args:
        until: Up to when outcomes were known, UTC; the newest snapshot by default.
        earlier: An older file of the same leads, by which moved ones are found.
        draws: Assignments of the permutation test.
        shown: Leads as they were served: columns lead_id, arm, by which lists that met the other arm are found.
        stopped, now: As `outcomes`.

    Raises:
        ConfigError, NotComputable, ValidationError: as `outcomes`.
    """
    known = outcomes(protocol, leads, until, stopped=stopped, now=now)
    look = look_now(protocol, leads, known)
    if look is None:
        empty = replace(known, leads=known.leads[:, :0], orders=known.orders[:, :0], observed_days=0)
        told = _Shown(
            None,
            pd.DataFrame(columns=COLUMNS),
            by_tier(empty)[:0],
            by_week(empty),
            by_day(empty),
            _sequence(protocol, empty, ratio),
        )
        verdict, until, state = waiting(protocol, known), known.until, "running"
    else:
        told = _shown(protocol, look, draws)
        verdict = _verdict(protocol, look, told) + stop_words(known.stopped)
        until, state = look.seen.until, look.state
    return TrialResult(
        name=protocol.name,
        protocol_sha256=protocol.sha256,
        until=until,
        state=state,
        checks=checks(known, protocol, leads, earlier, shown),
        verdict=verdict,
        stopped=known.stopped,
        **vars(told),
    )


def _shown(protocol: Protocol, look: Look, draws: int) -> _Shown:
    estimates, methods = _methods(protocol, look, draws)
    headline = estimates.get(protocol.headline)
    # Parts of a team have no assignments of their own to be compared with.
    simple = {"adjusted": adjusted, "t_test": t_test}.get(protocol.headline, ratio)
    tiers, weeks = (by(look.seen, partial(simple, bound=look.bound), protocol.alpha) for by in (by_tier, by_week))
    extra = None if headline is None else _extra(headline, look.seen)
    return _Shown(headline, methods, tiers, weeks, by_day(look.seen), _sequence(protocol, look.seen, simple), extra)


def _sequence(protocol: Protocol, seen: Outcomes, method: Callable[..., Estimate]) -> pd.DataFrame:
    rows = []
    for day in range(WEEK, seen.observed_days + 1, WEEK) if protocol.looks == "always_valid" else ():
        row = {"day": float(day), "uplift": np.nan, "low": np.nan, "high": np.nan}
        share = information(protocol, seen.leads[:, :day])
        try:
            bound = always_valid(share, protocol.alpha) if share else None
            estimate = partial(method, bound=bound)(seen.trial(slice(day)), protocol.alpha)
        except NotComputable:
            rows.append(row)  # too few orders yet: a day without a range
            continue
        rows.append(row | {name: getattr(estimate, name) for name in ("uplift", "low", "high")})
    return pd.DataFrame(rows, columns=["day", "uplift", "low", "high"], dtype=np.float64)


def _methods(protocol: Protocol, look: Look, draws: int) -> tuple[dict[str, Estimate], pd.DataFrame]:
    """The effect by every method that has one, and the table of all."""
    trial = look.seen.trial()

    # Another stream than that of the trial's own draw, which would come first in it.
    arms = accepted(protocol.specialists, protocol.design, draws, seed=(protocol.design.seed, 1))

    def permuted(trial: Trial, alpha: float, bound: float | None) -> Estimate:
        return permutation(trial, arms, alpha, bound)

    ways = dict(zip(METHODS, (adjusted, t_test, permuted, ratio), strict=True))
    found: dict[str, Estimate] = {}
    rows = []
    for name, way in ways.items():
        try:
            estimate = way(trial, protocol.alpha, look.bound)
            found[name] = replace(estimate, p=look.p(estimate, protocol.alpha))
            rows.append({column: getattr(found[name], column, "") for column in COLUMNS})
        except NotComputable as error:
            rows.append({"method": name, **dict.fromkeys(COLUMNS[1:-1], np.nan), "reason": str(error)})
    return found, pd.DataFrame(rows, columns=list(COLUMNS))


def _extra(headline: Estimate, seen: Outcomes) -> tuple[float, float, float]:
    base = float(seen.leads[seen.treated].sum()) * headline.control
    return base * headline.uplift, base * headline.low, base * headline.high


def _verdict(protocol: Protocol, look: Look, shown: _Shown) -> str:
    early, headline = look.state == "look", shown.headline
    if headline is None:
        reason = shown.methods.set_index("method")["reason"][protocol.headline]
        return f"The effect cannot be told{' yet' if early else ''}: {reason}."
    between = f"(likely between {headline.low:+.1%} and {headline.high:+.1%})"
    if headline.shown:
        change = f"{abs(headline.uplift):.1%} {'more' if headline.uplift > 0 else 'fewer'} orders"
        said = f"The new ranking brought {change} {between}; the plan's test calls this a real difference."
        return f"{said} By its plan the trial may end here." if early else said
    if early:
        return f"Not settled yet: {headline.uplift:+.1%} orders so far {between}. The trial goes on as planned."
    return (
        f"No difference that this trial can show: {headline.uplift:+.1%} orders {between}; effects above "
        f"{headline.high:+.1%} or below {headline.low:+.1%} are unlikely."
    )
