"""Do the read-outs of a field trial keep their promises? Simulated trials of people whose true rates are known.

Each person has a rate of orders for good (beta-binomial, so that a person's leads are alike), a time before the trial
and the trial itself; in treatment the rate is (1 + uplift) as high. Every ten trials share their people, drawn into
arms anew each time. Per team and way of drawing: how often a read-out claims a difference where there is none (type I
error), how often its interval holds the truth, how often it finds the uplift for which the planner promises 80%; what
the adjustment takes off the variance; and what looking again and again does.

    python -m benchmarks.field_trial [--trials 2000] [--draws 199] [--rehearsals 200] [--smoke] [--json]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from core.data.leads import Leads
from core.data.market import MATURITY_DAYS
from core.data.schema import Features, Roles, Schema, Split
from core.decisions.field_trial.assignment import Design, accepted, assign
from core.decisions.field_trial.estimates import adjusted, permutation, ratio, t_test
from core.decisions.field_trial.fieller import Estimate
from core.decisions.field_trial.history import tiers_of
from core.decisions.field_trial.outcomes import Trial, covariates
from core.decisions.field_trial.planning import Situation, detectable
from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.reading import read
from core.decisions.field_trial.rehearsal import Scenario, rehearse
from core.decisions.field_trial.sequential import always_valid, information_share, obrien_fleming
from core.decisions.field_trial.specialists import COLUMNS, WINDOWS
from core.errors import NotComputable

RATE = 0.0133
WEEKS = 19
TOGETHER = 10
"""Trials of the same people."""
DESIGNS = {"one draw": Design("stratified", strata=()), "rerandomised": Design()}
READ: dict[str, Callable[..., Estimate]] = {"adjusted": adjusted, "t_test": t_test, "ratio": ratio}
METHODS = (*READ, "permutation")
PROMISED = 0.8
"""Power at the uplift that is tried: what the planner says each read-out finds with that."""
LOOKED = ("adjusted", "t_test")
"""Read-outs that are looked at again and again; ratio differs little from t_test."""


@dataclass(frozen=True)
class Team:
    """People of a kind; `leads` and `before` are means per person, in the trial and the time before it."""

    per_arm: int
    leads: int
    before: int
    icc: float
    cv: float

    def __str__(self) -> str:
        return f"{2 * self.per_arm} people, {self.leads:,} leads each, ICC {self.icc:g}, CV {self.cv:g}"

    @property
    def situation(self) -> Situation:
        noise, earlier = (self.icc + (1 - self.icc) / leads for leads in (self.leads, self.before))
        return Situation(RATE, self.leads, self.icc, self.cv, self.icc / np.sqrt(noise * earlier))


TEAMS = (
    Team(10, 2_500, 1_000, 0.002, 0.0),
    Team(30, 2_500, 1_000, 0.002, 0.3),
    Team(30, 2_500, 1_000, 0.005, 0.0),
    Team(200, 200, 100, 0.005, 0.5),
)


def people(team: Team, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The time before, as specialists.py says; true rate and volume (mean 1) of each person."""
    count = 2 * team.per_arm
    prior = (1 - team.icc) / team.icc if team.icc else np.inf
    rate = rng.beta(RATE * prior, (1 - RATE) * prior, count) if team.icc else np.full(count, RATE)
    spread = np.log1p(team.cv**2)
    volume = rng.lognormal(-spread / 2, np.sqrt(spread), count)
    leads = rng.poisson(team.before * volume) + 1
    frame = pd.DataFrame({"specialist": [f"S{n}" for n in range(count)], "region": "", "leads": leads})
    frame["orders"] = left = rng.binomial(leads, rate)
    for days in sorted(WINDOWS, reverse=True):
        frame[f"lock_ins_{days}"] = left = rng.binomial(left, 0.5)
    frame["follow_ups"] = rng.poisson(0.3 * leads).astype(float)
    frame["tier"] = tiers_of(frame, 4)
    return frame[list(COLUMNS)], rate, volume


def outcomes(
    team: Team, rng: np.random.Generator, rate: np.ndarray, volume: np.ndarray, treated: np.ndarray, uplift: float
) -> tuple[np.ndarray, np.ndarray]:
    """Leads and orders of each person and week. Shapes (k, WEEKS)."""
    leads = rng.poisson(team.leads / WEEKS * volume[:, None], (len(rate), WEEKS))
    chance = np.minimum(rate * np.where(treated, 1 + uplift, 1), 1)
    return leads, rng.binomial(leads, chance[:, None])


def drawn(team: Team, design: Design, uplift: float, times: int, draws: int) -> Iterator[tuple[Trial, np.ndarray]]:
    """Trials by week with the further assignments of each; the same for the same arguments."""
    rng = np.random.default_rng([team.per_arm, team.leads, round(team.icc * 1e6), round(uplift * 1e6)])
    for _ in range(times // TOGETHER):
        frame, rate, volume = people(team, rng)
        arms = accepted(frame, design, TOGETHER + draws, int(rng.integers(2**31)))
        for treated in arms[:TOGETHER]:
            leads, orders = outcomes(team, rng, rate, volume, treated, uplift)
            yield Trial(treated, leads, orders, covariates(frame), frame["tier"].to_numpy()), arms[TOGETHER:]


def through(trial: Trial, weeks: int = WEEKS) -> Trial:
    """What is known after so many weeks."""
    return replace(trial, leads=trial.leads[:, :weeks].sum(axis=1), orders=trial.orders[:, :weeks].sum(axis=1))


def readings(
    team: Team, design: Design, uplift: float, times: int, draws: int, methods: Collection[str]
) -> pd.DataFrame:
    """One row a trial and read-out; NaN where it could not be computed."""
    rows = []
    for trial, arms in drawn(team, design, uplift, times, draws):
        whole = through(trial)
        ways = READ | {"permutation": partial(permutation, assignments=arms)}
        for name in methods:
            try:
                seen = ways[name](whole)
                row = (seen.p, seen.low, seen.high, seen.treatment / seen.control - 1, seen.treatment - seen.control)
            except NotComputable:
                row = (np.nan,) * 5
            rows.append((name, *row))
    return pd.DataFrame(rows, columns=["method", "p", "low", "high", "uplift", "difference"])


def fixed(team: Team, name: str, times: int, draws: int) -> pd.DataFrame:
    """One row a read-out: type I error, coverage with and without an effect, power and what was promised."""
    none = readings(team, DESIGNS[name], 0.0, times, draws, METHODS)
    plain = none.loc[none["method"] == "t_test", "difference"].var()
    rows = []
    for methods, better in ((METHODS[:1], True), (METHODS[1:], False)):
        uplift = detectable(team.situation, team.per_arm, PROMISED, adjusted=better)
        some = readings(team, DESIGNS[name], uplift, times, draws, methods)
        for method in methods:
            at_0, at_uplift = (seen[seen["method"] == method] for seen in (none, some))
            row: dict[str, Any] = {"team": str(team), "design": name, "method": method, "uplift": uplift}
            row["type_1"] = (at_0["p"] <= 0.05).mean()
            row["covered_at_0"] = at_0["low"].le(0).mul(at_0["high"].ge(0)).mean()
            row["covered"] = at_uplift["low"].le(uplift).mul(at_uplift["high"].ge(uplift)).mean()
            row["power"] = ((at_uplift["p"] <= 0.05) & (at_uplift["uplift"] > 0)).mean()
            row["variance_left"] = at_0["difference"].var() / plain
            # Rerandomised, the simple difference varies less as well.
            cut = better and name == "one draw"
            row["variance_promised"] = 1 - team.situation.correlation**2 if cut else np.nan
            rows.append(row)
    return pd.DataFrame(rows)


def looking(team: Team, times: int) -> pd.DataFrame:
    """How often a trial without an effect claims one at any look: by kind of looks and read-out."""
    shares = [information_share(week / WEEKS * team.leads, team.leads, team.icc) for week in range(1, WEEKS + 1)]
    some = [round(WEEKS * number / 4) for number in range(1, 5)]
    bounds = obrien_fleming([shares[week - 1] for week in some], information=some)
    # |t| passes the bound, turned into a quantile of t, exactly where p falls below this.
    least = {
        "four looks, O'Brien-Fleming": pd.Series(2 * norm.sf(bounds), some),
        "every week, always valid": pd.Series(
            [2 * norm.sf(always_valid(share)) for share in shares], range(1, WEEKS + 1)
        ),
        "every week, at 5% (peeking)": pd.Series(0.05, range(1, WEEKS + 1)),
    }
    claimed = {(kind, name): 0 for kind in least for name in LOOKED}
    for trial, _ in drawn(team, DESIGNS["one draw"], 0, times, 0):
        for name in LOOKED:
            seen = pd.Series({week: _p(READ[name], through(trial, week)) for week in range(1, WEEKS + 1)})
            for kind, most in least.items():
                claimed[kind, name] += bool((seen[most.index] < most).any())
    rows = [{"looks": kind, "method": name, "type_1": count / times} for (kind, name), count in claimed.items()]
    return pd.DataFrame(rows).assign(team=str(team))


def _p(how: Callable[..., Estimate], trial: Trial) -> float:
    """1 where there is no estimate."""
    try:
        return how(trial).p
    except NotComputable:
        return 1.0


def large(specialists: int = 1_000, days: int = 132, leads_per_day: int = 5) -> dict[str, float]:
    """Seconds to read a trial of so many people and days from its leads."""
    rng = np.random.default_rng(0)
    frame, rate, _ = people(Team(specialists // 2, days * leads_per_day, 300, 0.002, 0.0), rng)
    arms = assign(frame, Design())
    rows = specialists * days * leads_per_day
    owner = np.tile(np.arange(specialists), rows // specialists)
    start = pd.Timestamp("2026-01-01")
    moment = start + pd.to_timedelta(rng.integers(0, days * 24 * 60, rows), unit="min")
    ids = pd.Series([f"L{n:07d}" for n in range(rows)], dtype="str")
    roles = pd.DataFrame({"lead_id": ids, "customer_id": ids, "owner": frame["specialist"].to_numpy()[owner]})
    raised = np.where(arms.frame["arm"] == "treatment", 1.095, 1.0)
    roles["snapshot_time"] = moment.astype("datetime64[us]")
    roles["converted"] = (rng.random(rows) < (rate * raised)[owner]).astype(float)
    roles = roles.assign(stage=-1, call_seconds=np.nan, dialogue="")
    features = pd.DataFrame({"follow_ups": rng.poisson(2, rows).astype(float)})
    roles_of = Roles("lead_id", customer_id="customer_id", owner="owner", snapshot_time="t", converted="converted")
    leads = Leads(roles, features, Schema(roles_of, Features(("follow_ups",)), Split(maturity_days=MATURITY_DAYS)))
    protocol = Protocol(
        name="large", made="2025-12-31T00:00:00+00:00", made_by="benchmark", start="2026-01-01", days=days,
        maturity_days=MATURITY_DAYS, leads_per_specialist=days * leads_per_day, draws=arms.draws,
        arms={"treatment": "new", "control": "old"}, guardrails=(("follow_ups", "lower"),), specialists=arms.frame,
    )  # fmt: skip
    begun = time.perf_counter()
    result = read(protocol, leads, start + pd.Timedelta(days=days + MATURITY_DAYS + 1))
    took = time.perf_counter() - begun
    assert result.headline is not None
    return {"specialists": specialists, "days": days, "leads": rows, "seconds": took}


def rehearsed(times: int) -> pd.DataFrame:
    """What the app's own rehearsal says, through leads, queues and calls, and how long it takes."""
    tables = []
    for uplift in (0.095, 0.0):
        begun = time.perf_counter()
        summary = rehearse(Scenario(uplift=uplift), Design(), times).summary
        tables.append(summary.assign(uplift=uplift, seconds=time.perf_counter() - begun))
    return pd.concat(tables, ignore_index=True)


def chance(share: float, times: int) -> float:
    """Two standard errors of a share of so many trials."""
    return 2 * float(np.sqrt(share * (1 - share) / times))


def out_of_bounds(results: dict[str, Any], times: int) -> list[str]:
    """What does not keep its promise, beyond what chance explains in so many trials."""
    wrong = []
    for row in results["fixed"]:
        where = f"{row['method']}, {row['design']}, {row['team']}"
        # An unadjusted test does not know that the arms were made alike, it errs on the safe side; permutation does
        # know, and so finds more than a plan without adjustment promises.
        knows, alike = row["method"] in ("adjusted", "permutation"), row["design"] == "rerandomised"
        bounds = {
            "type_1": (0.0 if alike and not knows else 0.04, 0.06),
            "covered_at_0": (0.93, 1.0 if alike and not knows else 0.97),
            "covered": (0.93, 1.0 if alike and not knows else 0.97),
            "power": (PROMISED - 0.03, 1.0 if alike and row["method"] != "adjusted" else PROMISED + 0.03),
        }
        for name, (low, high) in bounds.items():
            if not low - chance(low, times) <= row[name] <= high + chance(high, times):
                wrong.append(f"{name} {row[name]:.3f} is not in [{low:.3f}, {high:.3f}]: {where}")
    for row in results["looking"]:
        if "peeking" not in row["looks"] and row["type_1"] > 0.05 + chance(0.05, times):
            wrong.append(f"type_1 {row['type_1']:.3f} is above 0.05: {row['method']}, {row['looks']}, {row['team']}")
    if results["large"]["seconds"] > 5:
        wrong.append(f"a large trial took {results['large']['seconds']:.1f} s to read")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=199, help="assignments of the permutation test")
    parser.add_argument("--rehearsals", type=int, default=200)
    parser.add_argument("--smoke", action="store_true", help="tiny, only to see that it runs")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    times, draws, rehearsals = (20, 39, 3) if options.smoke else (options.trials, options.draws, options.rehearsals)
    teams = TEAMS[:1] if options.smoke else TEAMS
    tables = {
        "fixed": pd.concat(fixed(team, name, times, draws) for team in teams for name in DESIGNS),
        "looking": pd.concat(looking(team, times) for team in teams if team.per_arm < 100),
        "rehearsed": rehearsed(rehearsals),
    }
    results: dict[str, Any] = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
    results["large"] = large(40, 30) if options.smoke else large()
    results["out_of_bounds"] = out_of_bounds(results, times)
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for name in ("fixed", "looking", "rehearsed"):
        print(f"\n{tables[name].to_string(index=False, float_format='{:.3f}'.format)}")
    print("\n{specialists:,} people, {days} days, {leads:,} leads: read in {seconds:.1f} s".format(**results["large"]))
    print(f"\nout of bounds beyond chance: {'; '.join(results['out_of_bounds']) or 'nothing'}")


if __name__ == "__main__":
    main()
