"""What a protocol must keep: settings in their ranges, looks that can show something, everybody in one arm."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from core.data.problems import Findings
from core.decisions.field_trial.choices import (
    ARMS,
    DIRECTIONS,
    LEAST_UPLIFT,
    LOOKS,
    METHODS,
    MOST_DAYS,
    MOST_LEADS,
    MOST_UPLIFT,
)
from core.decisions.field_trial.specialists import COLUMNS, read_specialists
from core.errors import ConfigError, ValidationError

YEARS = (1900, 2200)
"""Of a first day."""


def check_settings(given: Mapping[str, Any]) -> None:
    """Each setting in its range. Raises ConfigError."""
    rules: dict[str, tuple[bool, str]] = {
        "name": (bool(str(given["name"]).strip()), "not be empty"),
        "made": (_is_moment(given["made"]), "be a time such as 2026-02-20T09:00:00+00:00"),
        "made_by": (bool(str(given["made_by"]).strip()), "say who freezes it"),
        "start": (
            is_date(given["start"]) and YEARS[0] <= int(given["start"][:4]) <= YEARS[1],
            "be a day such as 2026-03-01",
        ),
        "days": (
            _is_whole(given["days"]) and 1 <= given["days"] <= MOST_DAYS,
            f"be a whole number in [1, {MOST_DAYS}]",
        ),
        "maturity_days": (0 <= given["maturity_days"] <= MOST_DAYS, f"lie in [0, {MOST_DAYS}]"),
        "headline": (given["headline"] in METHODS, f"be one of {', '.join(METHODS)}"),
        "looks": (given["looks"] in LOOKS, f"be one of {', '.join(LOOKS)}"),
        "alpha": (0 < given["alpha"] < 1, "lie between 0 and 1"),
        "power": (0 < given["power"] < 1, "lie between 0 and 1"),
        "uplift": (LEAST_UPLIFT <= given["uplift"] <= MOST_UPLIFT, f"lie in [{LEAST_UPLIFT:g}, {MOST_UPLIFT:g}]"),
        "icc": (0 <= given["icc"] < 1, "lie in [0, 1)"),
        "leads_per_specialist": (0 < given["leads_per_specialist"] <= MOST_LEADS, f"lie in (0, {MOST_LEADS:,}]"),
        "arms": (set(given["arms"]) == set(ARMS), f"say what {' and '.join(ARMS)} call by"),
        "guardrails": (
            all(bad in DIRECTIONS for _, bad in given["guardrails"]),
            f"say for each column which direction is bad: {' or '.join(DIRECTIONS)}",
        ),
    }
    for name, (sound, rule) in rules.items():
        if not sound:
            raise ConfigError(f"the protocol's {name} must {rule}, however: got={_short(given[name])}")
    if given["headline"] == "permutation" and given["looks"] != "fixed":
        raise ConfigError(
            "the protocol's headline permutation is read once, with the looks fixed, however: "
            f"looks={given['looks']!r}; a permutation has no bound for looks before the end; take the headline "
            "adjusted, or the looks fixed"
        )


def check_looks(looks: str, look_days: tuple[int, ...], days: int, maturity_days: float) -> None:
    """Looks where outcomes are there to see, up to the day when all are final. Raises ConfigError."""
    if looks != "obrien_fleming":
        if look_days:
            raise ConfigError(f"look_days belong to the looks obrien_fleming, however: looks={looks!r}")
        return
    last = days + math.ceil(maturity_days)
    ascending = all(_is_whole(day) for day in look_days) and list(look_days) == sorted(set(look_days))
    if not (look_days and ascending and look_days[0] > maturity_days and look_days[-1] == last):
        raise ConfigError(
            f"look_days must ascend from after maturity_days = {maturity_days:g} to {last}, the day when all "
            f"outcomes are final, however: got={look_days}"
        )


def check_specialists(frame: pd.DataFrame) -> None:
    """Everybody once, in one of the arms, two or more in each. Raises ValidationError with the rows."""
    missing = [name for name in (*COLUMNS, "stratum", "arm") if name not in frame.columns]
    if missing:
        raise ValidationError((f"the protocol's specialists must have the columns {', '.join(missing)}; assign them",))
    found, names, arms = Findings(), frame["specialist"], frame["arm"]
    both = arms.groupby(names).transform("nunique") > 1
    found.rows("error", "specialist", both, "a specialist in both arms", "keep one row each", cells=names)
    strange = ~arms.isin(ARMS)
    found.rows("error", "arm", strange, "no arm", f"write {' or '.join(ARMS)}", cells=arms)
    for arm in ARMS:
        if (members := int((arms == arm).sum())) < 2:
            found.note("error", "arm", f"{arm} has {members} specialists", "every arm needs two or more")
    found.refuse()
    read_specialists(frame)


def is_date(text: Any) -> bool:
    """
    Example:
        >>> is_date("2026-03-01"), is_date("20260301"), is_date("2026-02-30")
        (True, False, False)
    """
    try:
        return date.fromisoformat(text).isoformat() == text
    except (TypeError, ValueError):
        return False


def _is_moment(text: Any) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except (TypeError, ValueError):
        return False


def _short(value: Any) -> str:
    """A number of hundreds of digits is as hard to read as it is wrong."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:100]}..."


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
