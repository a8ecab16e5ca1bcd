"""What a protocol must keep: settings in their ranges, looks that can show something, everybody in one arm."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from core.data.problems import Findings
from core.decisions.field_trial.assignment import ARMS
from core.decisions.field_trial.specialists import COLUMNS, check_found, read_specialists
from core.errors import ConfigError, ValidationError

HEADLINES = ("adjusted", "t_test", "permutation", "ratio")
LOOKS = ("fixed", "obrien_fleming", "always_valid")
DIRECTIONS = ("lower", "higher")


def check_settings(given: Mapping[str, Any]) -> None:
    """Each setting in its range. Raises ConfigError."""
    rules: dict[str, tuple[bool, str]] = {
        "name": (bool(str(given["name"]).strip()), "not be empty"),
        "start": (_is_date(given["start"]), "be a day such as 2026-03-01"),
        "days": (_is_whole(given["days"]) and given["days"] >= 1, "be a whole number, 1 or more"),
        "maturity_days": (0 <= given["maturity_days"] < math.inf, "be 0 or more"),
        "headline": (given["headline"] in HEADLINES, f"be one of {', '.join(HEADLINES)}"),
        "looks": (given["looks"] in LOOKS, f"be one of {', '.join(LOOKS)}"),
        "alpha": (0 < given["alpha"] < 1, "lie between 0 and 1"),
        "power": (0 < given["power"] < 1, "lie between 0 and 1"),
        "uplift": (0 < given["uplift"] < math.inf, "be above 0"),
        "icc": (0 <= given["icc"] < 1, "lie in [0, 1)"),
        "leads_per_specialist": (0 < given["leads_per_specialist"] < math.inf, "be above 0"),
        "arms": (set(given["arms"]) == set(ARMS), f"say what {' and '.join(ARMS)} call by"),
        "guardrails": (
            all(bad in DIRECTIONS for _, bad in given["guardrails"]),
            f"say for each column which direction is bad: {' or '.join(DIRECTIONS)}",
        ),
    }
    for name, (sound, rule) in rules.items():
        if not sound:
            raise ConfigError(f"the protocol's {name} must {rule}, however: got={given[name]!r}")


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
    check_found(found)
    read_specialists(frame)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except (TypeError, ValueError):
        return False


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
