"""How long leads take to order: the chance of an order within so many days, and when it comes, for each lead.

A Cox model: chance within h days = 1 - exp(-H(h) e^(x b)), where x are the lead's standardised fields, e^b says how
many times as fast leads order whose field is one standard deviation higher, and H is the baseline hazard added up over
the days. A lead that has not ordered counts as waiting for as long as it was watched (censored), also when somebody
wrote it off: what is asked is how many leads order within h days of all that come, not of those still pursued.

What a lead file has to offer: the day a lead came (`Leads.roles["snapshot_time"]`) and, outside of the fields that a
model learns from, a column with the day it ordered, empty where it did not; `read_waits` makes days of them. Fields are
`Leads.features`, without free texts.

Cox rather than a discrete hazard (logistic regression over every lead's every day): on simulated leads both find the
true chances alike where the fields act alike on each day, and where they do not, while one row per lead and day takes
the discrete one many times the memory and seconds.

Source: Cox 1972; ties after Efron 1977; the variance of a predicted hazard after Tsiatis 1981 and Link 1984.
# DIFF: a normal prior of mean 0 and standard deviation `PRIOR_SD` on each b keeps a field that parts ordered from other
leads perfectly, or one that repeats another, from running away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from statsmodels.duration.hazard_regression import PHReg

from core.decisions.economics.baseline import Baseline, baseline
from core.decisions.economics.encoding import Encoding
from core.errors import ConfigError, NotComputable
from core.ranking import Z

PRIOR_SD = 1.0
"""Log hazard ratio per standard deviation of a field that is taken for large: e = 2.7 times as fast. Source: ours."""
FEWEST = 10
"""Orders that a model of time needs. Source: ours; ten an effect is the old rule, the prior guards the rest."""
SLOPE = 1e-4
"""Steepest log-likelihood per order at which its summit counts as found."""
RANGE = 0.8
"""Share of the orders of such leads that fall between `days_low` and `days_high`."""


@dataclass(frozen=True, eq=False)
class TimeModel:
    """A fitted model of the time to an order; make it with `fit_time`."""

    encoding: Encoding
    effects: np.ndarray
    """Shape (p,): b, the log hazard ratio per standard deviation of each column."""
    covariance: np.ndarray
    """Shape (p, p), of `effects`."""
    baseline: Baseline
    leads: int
    orders: int
    watched: float
    """Days that the lead watched longest was watched: no forecast reaches further."""

    @property
    def how(self) -> str:
        """The computation in a sentence."""
        return (
            f"Learned from {self.leads:,} leads, {self.orders:,} of which ordered, watched for up to "
            f"{self.watched:,.0f} days; leads without an order count for as long as they were watched."
        )

    def influence(self) -> pd.DataFrame:
        """What speeds orders up, strongest first. Columns: column, times_as_fast, low, high.

        `times_as_fast` compares a lead whose column is one standard deviation higher, all else equal.
        """
        error = Z * np.sqrt(np.diag(self.covariance))
        ends = {"times_as_fast": self.effects, "low": self.effects - error, "high": self.effects + error}
        table = pd.DataFrame({"column": self.encoding.names} | {name: np.exp(end) for name, end in ends.items()})
        return table.iloc[np.argsort(-np.abs(self.effects), kind="stable")].reset_index(drop=True)

    def predict(
        self, features: pd.DataFrame, horizon: float = 30.0, *, waited: ArrayLike | None = None
    ) -> pd.DataFrame:
        """Chances within `horizon` days and times, one row a lead. Shape (n, fields) -> (n, 7), index as given.

        `waited`: (n,), days for which each lead has waited without an order, 0 or more. All figures then are of such
        leads and count from today; NaN for leads whose days ahead nobody was watched for, or in which nobody ordered,
        and where `waited` is NaN. Without it, from the day the lead came.

        Columns: chance_within with its 95% interval low, high; median_days, by which half of all such leads have
        ordered, NaN where that is not seen within the time watched; days, by which half of those have ordered that do
        so within the horizon, and days_low, days_high, between which 80% of their orders fall.

        Raises:
            ConfigError: the horizon is no positive number, or `waited` is no list of 0 or more for each lead.
            NotComputable: it reaches beyond the time that leads were watched, or no order came within it: for all.
            ValidationError: a field that was learned from is missing.
        """
        wait, start, upto = self._window(horizon, waited, len(features))
        x = self.encoding.columns(features)
        times = np.exp(x @ self.effects)
        held = [np.concatenate([line[:1] * 0, line]) for line in (self.baseline.hazard, self.baseline.noise)]
        step, noise = (line[upto] - line[start] for line in held)
        step[np.isnan(wait)] = np.nan
        drift = np.concatenate([self.baseline.drift[:1] * 0, self.baseline.drift])
        toward = (drift[upto] - drift[start]) / step[:, None] - x
        widen = np.exp(Z * np.sqrt(noise / step**2 + ((toward @ self.covariance) * toward).sum(axis=1)))
        chance = -np.expm1(-step * times)
        columns = {
            "chance_within": chance,
            "low": -np.expm1(-step * times / widen),
            "high": -np.expm1(-step * times * widen),
            "median_days": self._day_of(np.full(len(x), 0.5), times, start) - wait,
        }
        for name, share in (("days", 0.5), ("days_low", (1 - RANGE) / 2), ("days_high", (1 + RANGE) / 2)):
            columns[name] = self._day_of(share * chance, times, start) - wait
        return pd.DataFrame(columns, index=features.index)

    def curve(self, features: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Days (K,) and the chance of an order by each, (n, K): for a chart of a few leads."""
        times = np.exp(self.encoding.columns(features) @ self.effects)
        return self.baseline.days, -np.expm1(-times[:, None] * self.baseline.hazard)

    def _window(
        self, horizon: float, waited: ArrayLike | None, leads: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Days waited, NaN where nothing can be told; days with orders before the window, and to its end; each (n,)."""
        if not 0 < horizon < np.inf:
            raise ConfigError(f"the horizon must be a number of days above 0, however: got={horizon!r}")
        wait = np.zeros(leads) if waited is None else np.asarray(waited, dtype=np.float64)
        if wait.shape != (leads,) or (wait < 0).any():
            raise ConfigError(
                f"waited must hold one number of days, 0 or more, for each of {leads:,} leads, however: got shape "
                f"{wait.shape}, least {np.nanmin(wait, initial=np.inf):g}"
            )
        days = self.baseline.days
        # Who has waited 0 days has seen the first day out; before that, its orders are still to come.
        start = np.zeros(leads, dtype=np.int64) if waited is None else np.searchsorted(days, wait, side="right")
        upto = np.searchsorted(days, wait + horizon, side="right")
        seen, orders = wait + horizon <= self.watched, upto > start
        least = 0.0 if waited is None or not (wait >= 0).any() else float(np.nanmin(wait))
        if least + horizon > self.watched or (leads and not seen.any()):
            beside = f" beside the {least:g} already waited" if least else ""
            raise NotComputable(
                f"a chance within {horizon:g} days{beside} needs leads that were watched as long, however: the longest "
                f"was {self.watched:g} days; ask for fewer days, or give older leads"
            )
        if (leads and not (seen & orders).any()) or (waited is None and days[0] > horizon):
            after = "" if waited is None else " of those already waited"
            raise NotComputable(
                f"no lead ordered within {horizon:g} days{after}, the first did after {days[0]:g}; ask for more days"
            )
        return np.where(seen & orders, wait, np.nan), start, upto

    def _day_of(self, chance: np.ndarray, times: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The first day by which `chance` (n,) is reached at `times` (n,) the baseline hazard after `start` (n,) days
        with orders; NaN where never."""
        before = np.concatenate([[0.0], self.baseline.hazard])[start]
        # The small factor: a chance turned into a hazard and back may miss its own day by a rounding error.
        more = -np.log1p(-chance) / times * (1 - 1e-9)
        place = np.maximum(np.searchsorted(self.baseline.hazard, before + more), start)
        return np.append(self.baseline.days, np.nan)[place]


def fit_time(features: pd.DataFrame, days: ArrayLike, ordered: ArrayLike) -> TimeModel:
    """Learn how fast leads order.

    Args:
        features: Fields known when the lead came, shape (n, fields), numbers or text.
        days: Shape (n,): from there to the order, or to the last look where there is none; 0 or more.
        ordered: Shape (n,), bool.

    Raises:
        NotComputable: unequal lengths, days that are negative or missing, fewer than ten orders, or no field varies.
    """
    waited, event = _checked(features, days, ordered)
    encoding = Encoding.fit(features)
    x = encoding.columns(features)
    model = _Shrunk(waited, x, status=event.astype(np.int64), ties="efron")
    effects = np.asarray(model.fit(method="newton", maxiter=100).params, dtype=np.float64)
    if not np.abs(model.score(effects)).max() < SLOPE * event.sum():
        raise NotComputable(
            "the fields' effects on time did not settle on these leads; give fewer fields or more leads"
        )
    covariance = np.linalg.inv(-model.hessian(effects))
    base = baseline(x, waited, event, effects)
    return TimeModel(encoding, effects, covariance, base, len(x), int(event.sum()), float(waited.max()))


class _Shrunk(PHReg):
    """Cox's partial likelihood times the prior of the effects."""

    def loglike(self, params: np.ndarray) -> float:
        return float(super().loglike(params) - (params @ params) / (2 * PRIOR_SD**2))

    def score(self, params: np.ndarray) -> np.ndarray:
        return super().score(params) - params / PRIOR_SD**2

    def hessian(self, params: np.ndarray) -> np.ndarray:
        return super().hessian(params) - np.eye(len(params)) / PRIOR_SD**2


def _checked(features: pd.DataFrame, days: ArrayLike, ordered: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    waited, event = np.asarray(days, dtype=np.float64), np.asarray(ordered)
    if not len(features) == len(waited) == len(event) or waited.ndim != 1 or event.ndim != 1:
        raise NotComputable(
            f"features, days and ordered must have one row per lead, however: got={len(features)}, "
            f"{waited.shape} and {event.shape}"
        )
    if not np.isin(event, (0, 1)).all():
        raise NotComputable("ordered must say yes or no for each lead; leave out leads of which that is not known")
    wrong = np.flatnonzero(~(np.isfinite(waited) & (waited >= 0)))
    if len(wrong):
        raise NotComputable(
            f"days must be 0 or more, however: got={waited[wrong[0]]} at position {wrong[0]} ({len(wrong)} in all)"
        )
    if event.sum() < FEWEST:
        raise NotComputable(
            f"a model of the time to an order needs {FEWEST} orders or more, however: {int(event.sum())} of "
            f"{len(event):,} leads ordered; give more leads, or of a longer time"
        )
    return waited, event.astype(bool)
