"""Rehearsed trials: what a design finds where the truth is known, and how often it cries wolf.

The time before the start is simulated too, with the old queue for everybody, so tiers and covariates are real.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from core.decisions.field_trial.assignment import Design, accepted, assign
from core.decisions.field_trial.choices import LOOKS
from core.decisions.field_trial.estimates import adjusted, permutation, ratio, t_test
from core.decisions.field_trial.fieller import Estimate
from core.decisions.field_trial.history import tiers_of
from core.decisions.field_trial.outcomes import Outcomes
from core.decisions.field_trial.protocol import look_days
from core.decisions.field_trial.rules import check_looks
from core.decisions.field_trial.scenario import Scenario, work
from core.decisions.field_trial.sequential import always_valid, information_share, obrien_fleming
from core.decisions.field_trial.specialists import COLUMNS, WINDOWS
from core.errors import ConfigError, NotComputable
from core.progress import Phase, Watch, nobody

BEFORE_DAYS = 60
"""Days before the start whose outcomes are known when people are drawn. Days."""
START = "2026-01-01"
"""First day of every rehearsed trial."""


def one_trial(scenario: Scenario, design: Design, seed: int) -> Outcomes:
    """One trial from its first lead to its last final outcome; no two seeds alike.

    Raises:
        NotComputable: as `Scenario.truth` and `assign`.
    """
    rng = np.random.default_rng([scenario.seed, seed])
    skill = rng.standard_normal(scenario.specialists)
    old = np.full(len(skill), scenario.old_quality)
    people = _people(*work(scenario, rng, skill, old, BEFORE_DAYS))
    frame = assign(people, replace(design, seed=int(rng.integers(2**31)))).frame
    treated = (frame["arm"] == "treatment").to_numpy()
    quality = np.where(treated, scenario.truth.new_quality, old)
    leads, orders, _ = work(scenario, rng, skill, quality, scenario.days)
    until = pd.Timestamp(START) + pd.Timedelta(days=scenario.days + math.ceil(scenario.maturity_days))
    return Outcomes(frame, treated, leads, orders, {}, 0, {}, until, scenario.days)


def _people(leads: np.ndarray, orders: np.ndarray, calls: np.ndarray) -> pd.DataFrame:
    """Everybody's time before the start, as specialists.py says; follow-ups are calls."""
    names = pd.Series([f"S{number:04d}" for number in range(len(leads))], dtype="str")
    people = pd.DataFrame({"specialist": names, "region": "", "leads": leads.sum(axis=1), "orders": orders.sum(axis=1)})
    for days in WINDOWS:
        people[f"lock_ins_{days}"] = orders[:, -days:].sum(axis=1)
    people["follow_ups"] = calls.sum(axis=1).astype(np.float64)
    people["tier"] = tiers_of(people, 4)
    return people[list(COLUMNS)]


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """What became of the rehearsed trials."""

    scenario: Scenario
    looks: str
    frame: pd.DataFrame
    """One row a trial and read-out: trial, method, uplift, low, high, p (NaN where not computable), day (of the look
    that ended it, days after the start), early (before the last look)."""

    @property
    def summary(self) -> pd.DataFrame:
        """One row a read-out: method, trials; as shares of the trials: found (a difference in the true direction;
        found_low, found_high: where it lies with 95% for this number of trials), false_alarm (a difference where the
        scenario has none; false_alarm_low, false_alarm_high), covered (the interval holds the truth), early; width
        (mean, of the intervals), day (mean)."""
        groups = self.frame.groupby("method", sort=False)
        return pd.DataFrame([{"method": method} | self._shares(group) for method, group in groups])

    def _shares(self, group: pd.DataFrame) -> dict[str, float]:
        truth, trials = self.scenario.uplift, len(group)
        differs = (group["low"] > 0) if truth else (group["low"] > 0) | (group["high"] < 0)
        seen = (differs.mean(), *proportion_confint(differs.sum(), trials, method="wilson"))
        unseen = (np.nan,) * 3
        shares = {"trials": float(trials)}
        for name, values in {"found": seen if truth else unseen, "false_alarm": unseen if truth else seen}.items():
            shares |= dict(zip((name, f"{name}_low", f"{name}_high"), map(float, values), strict=True))
        computed = group.dropna(subset=["low", "high"])
        covered = computed["low"].le(truth) & computed["high"].ge(truth)
        shares |= {"covered": float(covered.mean()), "width": float((computed["high"] - computed["low"]).mean())}
        return shares | {"early": float(group["early"].mean()), "day": float(group["day"].mean())}


def rehearse(
    scenario: Scenario,
    design: Design,
    times: int,
    *,
    looks: str = "fixed",
    days: Sequence[int] = (),
    alpha: float = 0.05,
    draws: int = 199,
    watch: Watch = nobody,
) -> Rehearsal:
    """Run the trial `times` over, each with other people, leads and arms.

    Args:
        looks: As `Protocol.looks`: fixed, obrien_fleming or always_valid, which looks every week.
        days: Of the looks of obrien_fleming, as `Protocol.look_days`; four equally spaced ones by default.
        draws: Accepted assignments of the permutation test, which reads fixed trials alone.

    Raises:
        ConfigError: `looks` is none of these, `days` are no looks of this trial, or `times` is below 1.
        NotComputable: as `one_trial`.
    """
    if times < 1:
        raise ConfigError(f"times must be 1 or more, however: got={times!r}")
    bounds = _bounds(scenario, looks, days, alpha)
    rows, phase = [], Phase("rehearse", watch)
    for number in range(times):
        trial, ways = one_trial(scenario, design, number), dict(READ)
        if looks == "fixed":
            ways["permutation"] = partial(permutation, assignments=accepted(trial.specialists, design, draws, number))
        rows += [{"trial": number, "method": name} | _read(trial, way, bounds, alpha) for name, way in ways.items()]
        phase.at(number + 1, times)
    return Rehearsal(scenario, looks, pd.DataFrame(rows))


READ: dict[str, Callable[..., Estimate]] = {"adjusted": adjusted, "t_test": t_test, "ratio": ratio}
"""Read-outs by name, the recommended one first; the permutation test needs the design besides."""


def _bounds(scenario: Scenario, looks: str, days: Sequence[int], alpha: float) -> dict[int, float | None]:
    """The looks: days of leads that are mature by then -> the bound on z, None for that of a single look."""
    wait = math.ceil(scenario.maturity_days)
    if looks == "fixed":
        return {scenario.days: None}
    if looks == "obrien_fleming":
        days = tuple(days) or look_days(scenario.days, scenario.maturity_days)
        check_looks(looks, days, scenario.days, scenario.maturity_days)
        mature = [day - wait for day in days]
    elif looks == "always_valid":
        mature = [*range(7, scenario.days, 7), scenario.days]
    else:
        raise ConfigError(f"looks must be one of {', '.join(LOOKS)}, however: got={looks!r}")
    planned = scenario.leads_per_day * scenario.days
    shares = [information_share(scenario.leads_per_day * day, planned, scenario.truth.icc) for day in mature]
    if looks == "obrien_fleming":
        # Leads stand for information: too little for people whose differences last, which errs on the safe side.
        return dict(zip(mature, map(float, obrien_fleming(shares, alpha, mature)), strict=True))
    return {day: always_valid(share, alpha) for day, share in zip(mature, shares, strict=True)}


def _read(trial: Outcomes, way: Callable[..., Estimate], bounds: dict[int, float | None], alpha: float) -> dict:
    """The estimate at the first look that shows a difference, or at the last one."""
    wait = (trial.until - pd.Timestamp(START)).days - trial.observed_days
    row: dict[str, float] = {}
    for day, bound in bounds.items():
        row = dict.fromkeys(("uplift", "low", "high", "p"), np.nan)
        row |= {"day": day + wait, "early": day < max(bounds)}
        try:
            seen = way(trial.trial(slice(0, day)), alpha=alpha, bound=bound)
        except NotComputable:
            continue
        row |= {"uplift": seen.uplift, "low": seen.low, "high": seen.high, "p": seen.p}
        if seen.shown:
            break
    return row
