"""The effect of the new ranking with its interval, in four ways, and by tier, week and day.

An effect is the relative uplift of orders per lead, 0.095 = +9.5%. The specialist is the unit throughout: leads of one
person are alike, so thousands of leads of a few people are few observations. Those without mature leads are left out.

    t_test        the paper's: every specialist's rate counts alike; Welch's test
    ratio         all orders over all leads of each arm: rates weighted by leads
    adjusted      the same, less what the time before and the tier explain
    permutation   the same ratio against further assignments that the design would have accepted

An interval holds exactly the uplifts that the method's own test does not refuse (Fieller 1954), so that p and interval
never contradict each other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.regression.linear_model import WLS

from core.decisions.field_trial.assignment import ARMS
from core.decisions.field_trial.fieller import Estimate, critical_t, fieller, rates_words
from core.decisions.field_trial.outcomes import Outcomes, Trial
from core.errors import NotComputable

EACH = 10
"""Specialists of each arm that a column of the adjustment takes: a team of 20 adjusts for one. Source: ours; with 5, an
arm of 10 people of unequal volume had a standard error 20% larger and now and then no interval at all."""
WEEK = 7

Method = Callable[[Trial, float], "Estimate"]
"""A read-out: trial, alpha -> estimate."""


def t_test(trial: Trial, alpha: float = 0.05, bound: float | None = None) -> Estimate:
    """Welch's two-sided t-test on the specialists' order rates, each counting alike.

    Args:
        bound: A normal quantile of `sequential`, which takes the place of that of alpha.

    Raises:
        NotComputable: fewer than two specialists of an arm have leads, rates do not vary, or the control arm has too
            few orders for a relative effect.

    Source: the paper's field trial. # DIFF: Welch's, as arms may vary unequally, where the paper names no variant.
    """
    trial = _both_arms(trial)
    rates = trial.orders / trial.leads
    arms = [rates[trial.treated], rates[~trial.treated]]
    means, variances = ([float(f(arm)) for arm in arms] for f in (np.mean, lambda arm: arm.var(ddof=1) / len(arm)))
    spread = sum(v**2 / (len(arm) - 1) for v, arm in zip(variances, arms, strict=True))
    df = sum(variances) ** 2 / spread if spread else np.nan
    return fieller("t_test", means, np.diag(variances), df, critical_t(df, alpha, bound))


def ratio(trial: Trial, alpha: float = 0.05, bound: float | None = None) -> Estimate:
    """Orders over leads of each arm, with the variance between specialists. Arguments and errors as `t_test`.

    This is the delta method's linearised ratio with the small-sample correction HC2, as weighted least squares.
    """
    trial = _both_arms(trial)
    nothing = trial.covariates[:, :0]
    return _regression("ratio", trial, nothing, nothing, alpha, bound)


def adjusted(trial: Trial, alpha: float = 0.05, bound: float | None = None) -> Estimate:
    """Lin's (2013) regression: rates on arm, centred covariates, and their products; tiers as further constants.

    Weighted by leads, one row a specialist, errors HC2 (robust by cluster, as a cluster is a row). Arguments and errors
    as `t_test`. As many columns as the smaller arm bears, EACH specialists a column: covariates in their order, then
    all tiers or none, without products, which would cost a column more each. Tiers with fewer than two specialists in
    an arm share a constant. Which columns count thus follows from the team alone, never from the outcomes.
    """
    trial = _both_arms(trial)
    room = min(trial.treated.sum(), (~trial.treated).sum()) // EACH
    varies = [np.ptp(trial.covariates[arm], axis=0) > 0 for arm in (trial.treated, ~trial.treated)]
    columns = trial.covariates[:, np.all(varies, axis=0)][:, : int(room)]
    dummies = _dummies(trial)
    tiers = dummies if columns.shape[1] + dummies.shape[1] <= room else dummies[:, :0]
    return _regression("adjusted", trial, columns, tiers, alpha, bound)


def permutation(trial: Trial, assignments: np.ndarray, alpha: float = 0.05, bound: float | None = None) -> Estimate:
    """Orders over leads of each arm against other assignments: exact for any design that these were drawn by.

    With orders of treatment divided by 1 + uplift, both arms would be alike; an uplift is in the interval while that
    many assignments show as large a difference. Each does so between two values of 1 / (1 + uplift), found in closed
    form.

    Args:
        assignments: `assignment.accepted`, shape (B, k), bool.

    Raises:
        NotComputable: as `t_test`, or too few assignments for alpha.
    """
    busy = len(_both_arms(trial).leads)
    leads, orders = (part.astype(np.float64) for part in (trial.leads, trial.orders))
    fixed, scaled = np.where(trial.treated, 0, orders), np.where(trial.treated, orders, 0)
    total, arm = leads.sum(), assignments.astype(np.float64)
    # Shares of each lead in "rate of treatment less rate of control" of every assignment.
    size = arm @ leads
    possible = (size > 0) & (size < total)
    weight = arm[possible] / size[possible, None] - (1 - arm[possible]) / (total - size[possible, None])
    constant, slope = weight @ fixed, weight @ scaled
    control, treatment = orders[~trial.treated].sum(), orders[trial.treated].sum()
    control, treatment = control / leads[~trial.treated].sum(), treatment / leads[trial.treated].sum()
    if not control or not treatment:
        raise NotComputable(f"a relative effect needs orders in both arms, however: {rates_words(treatment, control)}")
    first, last = _ranges(constant, slope, control, treatment)
    level = alpha if bound is None else 2 * float(stats.norm.sf(bound))
    least = int(level * (len(first) + 1) + 1e-9)
    if least < 1:
        raise NotComputable(
            f"at this level a permutation needs {int(np.ceil(1 / level)) - 1:,} assignments or more, however: "
            f"got={len(first):,}"
        )
    low, high = np.sort(first)[least - 1], np.sort(last)[-least]
    if low <= 0 or not np.isfinite(high):
        raise NotComputable(
            f"too few of the {busy:,} specialists, or orders, to bound an effect by permutation; give more days"
        )
    p = (1 + int(((first <= 1) & (last >= 1)).sum())) / (len(first) + 1)
    error = float(np.std(constant + slope))
    uplift, low, high = (float(one) - 1 for one in (treatment / control, 1 / high, 1 / low))
    rates = float(treatment), float(control)
    return Estimate("permutation", uplift, low, high, p, *rates, error, np.inf, draws=len(first))


def by_tier(outcomes: Outcomes, method: Method = adjusted, alpha: float = 0.05) -> pd.DataFrame:
    """One row a tier: tier, leads, orders_treatment, orders_control, uplift, low, high (NaN where not computable)."""
    trial = outcomes.trial()
    groups = {str(tier): trial.take(trial.tier == tier) for tier in np.unique(trial.tier)}
    return _groups("tier", groups, method, alpha)


def by_week(outcomes: Outcomes, method: Method = adjusted, alpha: float = 0.05) -> pd.DataFrame:
    """One row a week of arrival with mature leads, from 1; columns as `by_tier`, with week. A fading effect shows."""
    weeks = range(-(-outcomes.leads.shape[1] // WEEK))
    groups = {week + 1: outcomes.trial(slice(WEEK * week, WEEK * (week + 1))) for week in weeks}
    return _groups("week", {week: trial for week, trial in groups.items() if trial.leads.any()}, method, alpha)


def by_day(outcomes: Outcomes) -> pd.DataFrame:
    """One row a day of which all leads are mature, from 1: cumulative figures of either arm, the paper's Figure 2.

    Columns: day; treatment, control (orders per 1,000 leads, NaN while an arm has none); orders_treatment,
    orders_control, leads_treatment, leads_control.
    """
    days = outcomes.observed_days
    table: dict[str, np.ndarray] = {"day": np.arange(1, days + 1)}
    arms = {"treatment": outcomes.treated, "control": ~outcomes.treated}
    sums = {
        f"{name}_{arm}": counted[rows, :days].sum(axis=0).cumsum()
        for name, counted in (("orders", outcomes.orders), ("leads", outcomes.leads))
        for arm, rows in arms.items()
    }
    for arm in arms:
        leads = sums[f"leads_{arm}"]
        table[arm] = 1000 * np.divide(sums[f"orders_{arm}"], leads, out=np.full(days, np.nan), where=leads > 0)
    return pd.DataFrame(table | sums)


def _both_arms(trial: Trial) -> Trial:
    """Those who had leads. Raises NotComputable where fewer than two of an arm had."""
    busy = trial.take(trial.leads > 0)
    for arm, size in zip(ARMS, (int(busy.treated.sum()), int((~busy.treated).sum())), strict=True):
        if size < 2:
            raise NotComputable(
                f"an effect needs two specialists or more with mature leads in each arm, however: {arm} has {size}"
            )
    return busy


def _groups(name: str, groups: dict, method: Method, alpha: float) -> pd.DataFrame:
    rows = []
    for group, trial in groups.items():
        row = {name: group, "leads": int(trial.leads.sum())}
        row["orders_treatment"] = int(trial.orders[trial.treated].sum())
        row["orders_control"] = int(trial.orders[~trial.treated].sum())
        effect = dict.fromkeys(("uplift", "low", "high"), np.nan)
        try:
            seen = method(trial, alpha)
            effect = {"uplift": seen.uplift, "low": seen.low, "high": seen.high}
        except NotComputable:
            pass  # the row says so with NaN, beside its counts
        rows.append(row | effect)
    columns = [name, "leads", "orders_treatment", "orders_control", "uplift", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _dummies(trial: Trial) -> np.ndarray:
    """Tiers but for the first as columns of 0 and 1. Shape (k, tiers - 1)."""
    sound = [
        trial.tier == tier
        for tier in np.unique(trial.tier)
        if min((trial.treated & (trial.tier == tier)).sum(), (~trial.treated & (trial.tier == tier)).sum()) >= 2
    ]
    rest = ~np.any(sound, axis=0) if sound else np.zeros(len(trial.tier), dtype=bool)
    # Where tiers too small for a constant remain, they are the reference.
    return np.column_stack([*(sound if rest.any() else sound[1:]), np.empty((len(trial.tier), 0))]).astype(np.float64)


def _regression(
    method: str, trial: Trial, columns: np.ndarray, tiers: np.ndarray, alpha: float, bound: float | None
) -> Estimate:
    leads, arm = trial.leads.astype(np.float64), trial.treated.astype(np.float64)[:, None]
    columns, tiers = (part - np.average(part, axis=0, weights=leads) for part in (columns, tiers))
    design = np.hstack([1 - arm, arm, columns, arm * columns, tiers])
    fitted = WLS(trial.orders / leads, design, weights=leads).fit(cov_type="HC2", use_t=True)
    control, treatment = fitted.params[:2]
    covariance = fitted.cov_params()[:2, :2][::-1, ::-1]
    df = _freedom(design * np.sqrt(leads)[:, None])
    return fieller(method, [treatment, control], covariance, df, critical_t(df, alpha, bound))


def _freedom(design: np.ndarray) -> float:
    """Degrees of freedom of the HC2 variance of column 1 less column 0 (Bell & McCaffrey 2002). Shape (k, columns).

    Robust errors vary more than k - columns lets expect, the more so the more some rows weigh.
    """
    inverse = np.linalg.pinv(design)
    left = np.eye(len(design)) - design @ inverse
    spare = np.clip(np.diag(left), 1e-9, None)
    weight = (inverse[1] - inverse[0]) ** 2 / spare
    return float((weight @ np.diag(left)) ** 2 / (weight @ left**2 @ weight))


def _ranges(constant: np.ndarray, slope: np.ndarray, control: float, treatment: float) -> tuple[np.ndarray, np.ndarray]:
    """Between which values f of 1 / (1 + uplift) |constant + f slope| >= |f treatment - control|. Shapes (B,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack([(constant + control) / (treatment - slope), (control - constant) / (treatment + slope)])
    # An assignment as the trial's own, or its mirror image, always differs as much.
    same = (np.abs(treatment - np.abs(slope)) < 1e-9 * treatment) | (np.abs(slope) > treatment)
    return np.where(same, -np.inf, ends.min(axis=0)), np.where(same, np.inf, ends.max(axis=0))
