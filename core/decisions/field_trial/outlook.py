"""What a team may hope for: days until an effect shows, the smallest effect that does, the plain answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from core.decisions.field_trial.choices import MOST_DAYS, MOST_LEADS
from core.decisions.field_trial.planning import Situation, detectable, plan
from core.decisions.field_trial.planning import power as power_of
from core.errors import ConfigError, NotComputable


def days_needed(
    situation: Situation,
    specialists_per_arm: int,
    leads_per_day: float,
    uplift: float,
    power: float = 0.8,
    *,
    adjusted: bool = False,
) -> int | None:
    """Whole days until so many specialists see `uplift`; None where ten years would not do.

    `leads_per_day`: of one specialist; it takes the place of the situation's `leads_per_specialist`.

    Raises:
        ConfigError: as `power`, or `leads_per_day` is not above 0.
    """

    def found(days: int) -> bool:
        here = _after(situation, leads_per_day, days)
        return here is not None and power_of(here, specialists_per_arm, uplift, adjusted=adjusted) >= power

    if not found(MOST_DAYS):
        return None
    short, enough = 0, MOST_DAYS
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if found(middle) else (middle, enough)
    return enough


def power_curve(situation: Situation, specialists_per_arm: int, uplifts: Sequence[float]) -> pd.DataFrame:
    """One row for each uplift: uplift, power, power_adjusted. Raises ConfigError as `power`."""
    rows = [
        (one, *(power_of(situation, specialists_per_arm, one, adjusted=adjusted) for adjusted in (False, True)))
        for one in uplifts
    ]
    return pd.DataFrame(rows, columns=["uplift", "power", "power_adjusted"])


def detectable_by_days(
    situation: Situation, specialists_per_arm: int, leads_per_day: float, days: Sequence[int], power: float = 0.8
) -> pd.DataFrame:
    """One row for each number of days: days, detectable, detectable_adjusted; NaN where no effect would be found.

    `leads_per_day`: of one specialist. Raises ConfigError as `detectable` and `days_needed`.
    """
    rows = []
    for count in days:
        here = _after(situation, leads_per_day, count)
        rows.append((count, *(_least(here, specialists_per_arm, power, adjusted) for adjusted in (False, True))))
    return pd.DataFrame(rows, columns=["days", "detectable", "detectable_adjusted"])


def verdict(situation: Situation, specialists_per_arm: int, uplift: float, days: int, power: float = 0.8) -> str:
    """One or two sentences: is a trial of so many days, in which each specialist gets the situation's leads, enough?

    Where the situation has a correlation, the reading that adjusts for the time before is the one that is promised;
    where it has looks before the end, the last of them.

    Raises:
        ConfigError: as `plan` and `detectable`, or the days are out of their range.

    Example:
        >>> verdict(Situation(0.05, 400), 20, 0.095, 132).split(";")[0]
        'This team can only see effects above 21% in 132 days'
    """
    if not 1 <= days <= MOST_DAYS:
        raise ConfigError(f"days must lie in [1, {MOST_DAYS}], however: got={days!r}")
    needed = people_needed(situation, uplift, power)
    least = _least(situation, specialists_per_arm, power, adjusted=True)
    if least <= uplift:
        return (
            f"{days:,} days are enough: this team finds effects above {least:.1%}, and so the {uplift:+.1%} that you "
            f"plan for, in at least {power:.0%} of such trials."
        )
    daily = situation.leads_per_specialist / days
    longer = days_needed(situation, specialists_per_arm, daily, uplift, power, adjusted=True)
    shown = f"{least:.0%}" if least > 0.2 else f"{least:.1%}"
    sees = "cannot see any effect" if math.isnan(least) else f"can only see effects above {shown}"
    wait = f", or {longer:,} days" if longer else ""
    takes = f"to see {uplift:+.1%} it would take {needed:,} sales people in each half{wait}"
    return f"This team {sees} in {days:,} days; {takes}."


def people_needed(situation: Situation, uplift: float, power: float) -> int:
    """In each arm, by the t-test itself: the normal formula promises a few too little."""
    short = enough = max(2, plan(situation, uplift, power).specialists_per_arm_adjusted)

    def found(count: int) -> bool:
        return power_of(situation, count, uplift, adjusted=True) >= power

    while not found(enough):
        short, enough = enough, enough + math.ceil(enough / 8)
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if found(middle) else (middle, enough)
    return enough


def _after(situation: Situation, leads_per_day: float, days: int) -> Situation | None:
    """The situation after so many days; None while a specialist has less than one lead."""
    if not 0 < leads_per_day <= MOST_LEADS / MOST_DAYS:
        most = MOST_LEADS / MOST_DAYS
        raise ConfigError(f"leads_per_day must lie in (0, {most:,.0f}], however: got={leads_per_day!r}")
    leads = leads_per_day * days
    return replace(situation, leads_per_specialist=leads) if leads >= 1 else None


def _least(situation: Situation | None, specialists_per_arm: int, power: float, adjusted: bool) -> float:
    try:
        return detectable(situation, specialists_per_arm, power, adjusted=adjusted) if situation else math.nan
    except NotComputable:
        return math.nan
