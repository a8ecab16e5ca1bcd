"""How much work a lead takes until its outcome: calls, minutes and the like, expected and with a range, for each lead.

Three sets of boosted trees a measure, on the lead's fields: one for the mean (Poisson loss), two for the ends of the
range (quantiles). Ends learned so are too narrow for leads that were not learned from; a part of the leads is held back
and both ends are moved out (or in) until they hold `RANGE` of it, which makes them hold as much of new leads.

Only leads whose outcome is final teach effort: give leads old enough that all of them are, or long stories are missing.
Minutes on the phone are `Leads.call_seconds / 60`; calls come from a column of the file outside of the fields.

Source: conformalised quantile regression, Romano, Patterson & Candes 2019.
# DIFF: both ends are moved by one amount in units of the square root of one more than the expected effort, as counts
spread, so that leads of little effort keep narrow ranges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from core.data.problems import Findings
from core.data.values import to_numbers
from core.decisions.economics.encoding import Encoding
from core.errors import NotComputable

RANGE = 0.8
"""Share of leads whose effort lies between low and high."""
ENDS = ("_low", "_high")
"""What the names of a range's columns end in."""
HELD_BACK = 0.25
"""Share of the leads that sets the ranges' width. Source: ours."""
FEWEST = 100
"""Leads that a model of effort needs. Source: ours; trees with leaves of 20 leads learn nothing from fewer."""
TREES = 60
LEAVES = 8
RATE = 0.1
"""Small trees, few of them: effort is noisy, and its range is what counts. Source: ours."""


@dataclass(frozen=True, eq=False)
class _Measure:
    name: str
    mean: HistGradientBoostingRegressor
    low: HistGradientBoostingRegressor
    high: HistGradientBoostingRegressor
    wider: float
    """By how many units of `_unit` both ends are moved out; below 0: in."""

    def expected(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, low, high, shape (n,) each; the mean always lies between the ends."""
        mean, low, high = (model.predict(x) for model in (self.mean, self.low, self.high))
        move = self.wider * _unit(mean)
        # Two quantiles learned apart may cross, and a mean of few long stories lies above nearly all of them.
        return mean, np.clip(np.minimum(low - move, mean), 0, None), np.maximum(high + move, mean)


@dataclass(frozen=True, eq=False)
class EffortModel:
    """A fitted model of effort; make it with `fit_effort`."""

    encoding: Encoding
    measures: tuple[_Measure, ...]
    leads: int

    @property
    def how(self) -> str:
        """The computation in a sentence."""
        names = " and ".join(measure.name for measure in self.measures)
        return (
            f"Learned from the {names} of {self.leads:,} leads with a final outcome; {RANGE:.0%} of leads like this "
            "one need between the low and the high end."
        )

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Effort of each lead. Shape (n, fields) -> (n, 3 measures): <name>, <name>_low, <name>_high; index as given.

        Raises:
            ValidationError: a field that was learned from is missing.
        """
        x = self.encoding.columns(features)
        table: dict[str, np.ndarray] = {}
        for measure in self.measures:
            ends = measure.expected(x) if len(x) else (np.empty(0),) * 3
            table |= dict(zip((measure.name, *(f"{measure.name}{end}" for end in ENDS)), ends, strict=True))
        return pd.DataFrame(table, index=features.index)


def fit_effort(features: pd.DataFrame, effort: pd.DataFrame, *, seed: int = 0) -> EffortModel:
    """Learn how much work leads take.

    Args:
        features: Fields known when the lead came, shape (n, fields), numbers or text.
        effort: Shape (n, measures), such as columns calls and minutes: all that went into each lead until its outcome.
        seed: Which leads are held back.

    Raises:
        ValidationError: effort that is missing, negative or no number, with rows; or two measures of which one is named
            as an end of the other's range.
        NotComputable: unequal lengths, fewer than 100 leads, effort that is 0 throughout, or no field varies.
    """
    if len(features) != len(effort):
        raise NotComputable(
            f"features and effort must have one row per lead, however: got={len(features)} and {len(effort)}"
        )
    if len(features) < FEWEST:
        raise NotComputable(
            f"a model of effort needs {FEWEST} leads or more with a final outcome, however: got={len(features)}; give "
            "more leads, or of a longer time"
        )
    spent = _read(effort)
    encoding = Encoding.fit(features)
    x = encoding.columns(features)
    held = np.random.default_rng(seed).permutation(len(x)) < round(HELD_BACK * len(x))
    measures = tuple(_measure(name, x, spent[name].to_numpy(), held) for name in spent.columns)
    return EffortModel(encoding, measures, len(x))


def _read(effort: pd.DataFrame) -> pd.DataFrame:
    found, spent = Findings(), {}
    for name in effort.columns:
        column = effort[name].reset_index(drop=True)
        values, bad = to_numbers(column)
        found.rows("error", name, bad, "not a number", "write a plain number", cells=column)
        found.rows("error", name, values.isna() & ~bad, "the effort is missing", "write it, 0 where there was none")
        found.rows("error", name, values < 0, "a negative effort", "write 0 or more", cells=column)
        spent[name] = values
    for name in sorted({f"{one}{end}" for one in spent for end in ENDS} & set(spent)):
        found.note("error", name, "named as the end of another measure's range", "name the column otherwise")
    if not spent:
        found.note("error", "", "there is no column of effort", "name one, such as calls or minutes")
    found.refuse()
    table = pd.DataFrame(spent).astype(np.float64)
    if idle := [name for name in table.columns if not table[name].any()]:
        raise NotComputable(f"effort must be above 0 for some leads, however: {', '.join(idle)} is 0 for all of them")
    return table


def _measure(name: str, x: np.ndarray, spent: np.ndarray, held: np.ndarray) -> _Measure:
    """Learn from the leads that are not held back, and set the width by those that are."""
    ends = ((1 - RANGE) / 2, (1 + RANGE) / 2)
    low, high = (_trees(loss="quantile", quantile=end).fit(x[~held], spent[~held]) for end in ends)
    mean = _trees(loss="poisson").fit(x[~held], spent[~held])
    outside = np.maximum(low.predict(x[held]) - spent[held], spent[held] - high.predict(x[held]))
    return _Measure(name, mean, low, high, _widening(outside / _unit(mean.predict(x[held]))))


def _trees(**loss: object) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        **loss, max_iter=TREES, max_leaf_nodes=LEAVES, learning_rate=RATE, early_stopping=False, random_state=0
    )


def _unit(mean: np.ndarray) -> np.ndarray:
    return np.sqrt(1 + np.maximum(mean, 0))


def _widening(outside: np.ndarray) -> float:
    """The amount that holds `RANGE` of one more lead like these, on average over samples of them."""
    place = math.ceil(RANGE * (len(outside) + 1)) - 1
    return float(np.sort(outside)[min(place, len(outside) - 1)])
