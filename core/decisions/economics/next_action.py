"""What to do next with each lead, and why: rules by stage, chance and days since the last contact, the first that fits.

    1. at the funnel's last stage             wait         it has ordered
    2. at its first stage                     drop         it is lost
    3. cold, and long without contact         drop         chance below `cold` x the mean, `drop_after_days` or more
    4. contacted within `rest_days`           wait
    5. hot, and its stage has a next step     that step    chance `hot` x the mean or more
    6. otherwise                              call now

Chances are compared with the mean chance of the list: 4% is much where 1.3% order, and little where 20% do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd

from core.data.problems import Findings
from core.data.values import to_numbers, to_text
from core.decisions.economics.money import checked_chances
from core.errors import ConfigError
from core.funnel import PRESETS, Funnel

CALL, WAIT, DROP = "call now", "wait", "drop"
STEPS = MappingProxyType({"call": "book test drive", "store_visit": "book test drive", "test_drive": "send offer"})


@dataclass(frozen=True)
class Rules:
    """When to do what. Source of all defaults: ours; set them to the team's habits."""

    funnel: Funnel = PRESETS["automotive"]
    steps: Mapping[str, str] = field(default_factory=lambda: STEPS)
    """By stage of the funnel, what brings a hot lead further."""
    hot: float = 1.5
    """Times the mean chance, above 0."""
    cold: float = 0.25
    """Times the mean chance, at most `hot`."""
    rest_days: float = 3.0
    """Days to leave a lead alone after a contact."""
    drop_after_days: float = 30.0
    """Days without contact, `rest_days` or more."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.steps) - set(self.funnel.stages))
        if unknown:
            raise ConfigError(f"steps name stages {unknown} that the funnel {list(self.funnel.stages)} does not hold")
        if len(self.funnel.stages) < 2:
            raise ConfigError(f"the funnel needs a first and a last stage, however: got={list(self.funnel.stages)}")
        if not 0 <= self.cold <= self.hot < math.inf or self.hot == 0:
            raise ConfigError(f"cold must be 0 or more and at most hot, however: got={self.cold!r} and {self.hot!r}")
        if not 0 <= self.rest_days <= self.drop_after_days < math.inf:
            raise ConfigError(
                "rest_days must be 0 or more and at most drop_after_days, however: "
                f"got={self.rest_days!r} and {self.drop_after_days!r}"
            )


def next_best_action(leads: pd.DataFrame, rules: Rules | None = None) -> pd.DataFrame:
    """An action with its reason for each lead. Shape (n, >= 4) -> (n, 3): lead_id, action, reason, in the given order.

    Columns: lead_id, stage (a name of the funnel, "" unknown), probability (0..1), days_since_contact (NaN: never).

    Raises:
        ValidationError: every problem of the table, with rows.
        NotComputable: there are no leads.

    Example:
        >>> leads = pd.DataFrame({"lead_id": ["a", "b"], "stage": ["test_drive", "call"], "probability": [0.06, 0.02]})
        >>> next_best_action(leads.assign(days_since_contact=[5, 1]))["action"].tolist()
        ['send offer', 'wait']
    """
    rules = rules or Rules()
    read = _read(leads, rules)
    chance, days, stage = read["probability"], read["days"], read["stage"]
    mean = chance.mean()
    times = chance / mean if mean > 0 else chance * 0 + 1
    step = stage.map(dict(rules.steps))
    since = _days(days)
    much = times.map("{:.1f}".format) + " times the mean"
    told = "chance " + chance.map("{:.1%}".format) + ", " + much
    dead = (times < rules.cold) & (days >= rules.drop_after_days)
    never = days.isna()
    otherwise: pd.Series = told + np.where(never, "; never contacted", "; last contact " + since)
    choices = [
        (stage == rules.funnel.stages[-1], WAIT, "it has ordered: nothing is left to sell"),
        (stage == rules.funnel.stages[0], DROP, "it is lost"),
        (dead, DROP, told + "; last contact " + since),
        (days < rules.rest_days, WAIT, "last contact " + since + f"; leave it {rules.rest_days:g} days"),
        ((times >= rules.hot) & step.notna(), step, told + "; stage " + stage.str.replace("_", " ")),
    ]
    masks = [np.asarray(mask, dtype=bool) for mask, _, _ in choices]
    actions = [np.broadcast_to(np.asarray(action, dtype=object), len(read)) for _, action, _ in choices]
    reasons = [np.broadcast_to(np.asarray(reason, dtype=object), len(read)) for _, _, reason in choices]
    return pd.DataFrame(
        {
            "lead_id": read["lead_id"],
            "action": np.select(masks, actions, CALL),
            "reason": np.select(masks, reasons, otherwise.to_numpy(dtype=object)),
        }
    )


def _days(days: pd.Series) -> pd.Series:
    """As words: "today", "1 day ago"."""
    whole = np.floor(days.fillna(0)).astype(np.int64)
    words = whole.map("{:,} days ago".format)
    return words.mask(whole == 1, "1 day ago").mask(whole == 0, "today")


def _read(frame: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    found = Findings()
    for name in ("lead_id", "stage", "probability", "days_since_contact"):
        if name not in frame.columns:
            has = ", ".join(map(str, frame.columns))
            found.note("error", name, f"there is no such column; the table has {has}", "name the column so")
    found.refuse()
    frame = frame.reset_index(drop=True)
    stage = to_text(frame["stage"])
    strange = ~stage.isin(["", *rules.funnel.stages])
    remedy = f"write one of {', '.join(rules.funnel.stages)}, or nothing"
    found.rows("error", "stage", strange, "a stage that the funnel does not hold", remedy, cells=stage)
    days, bad = to_numbers(frame["days_since_contact"])
    name = "days_since_contact"
    found.rows("error", name, bad, "not a number", "write days, or nothing for never", cells=frame[name])
    found.rows("error", name, days < 0, "a contact in the future", "write 0 or more", cells=frame[name])
    found.refuse()
    chances = checked_chances(frame["probability"])
    return pd.DataFrame(
        {"lead_id": to_text(frame["lead_id"]), "stage": stage, "probability": chances, "days": days.astype(float)}
    )
