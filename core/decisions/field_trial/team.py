"""A team as its own leads show it: its people, how many leads they get, and how alike one person's leads are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from core.data.leads import Leads
from core.decisions.field_trial.choices import MOST_DAYS
from core.decisions.field_trial.history import leads_per_day, pre_period_correlation, specialists_from_leads
from core.decisions.field_trial.planning import Situation
from core.decisions.field_trial.specialists import measured
from core.errors import ConfigError, NotComputable


@dataclass(frozen=True, eq=False)
class Team:
    """People and what a trial with them would work with."""

    specialists: pd.DataFrame
    """As specialists.py says, one row a person."""
    situation: Situation
    """For a trial of `days`."""
    leads_per_day: float
    """New leads of one person a day."""
    days: float
    halves: float
    """Correlation of the order rates of everybody in two halves of the time before."""
    before: float
    """Leads of one person in that time, on average."""
    notes: tuple[str, ...] = ()
    """What could not be measured, in words."""

    @property
    def per_arm(self) -> int:
        """People in the smaller arm."""
        return len(self.specialists) // 2

    def over(self, days: float) -> Team:
        """The same team in a trial of another length."""
        leads = max(1.0, days * self.leads_per_day)
        correlation = _over(self.halves, self.situation.icc, self.before, leads)
        situation = replace(self.situation, leads_per_specialist=leads, correlation=correlation)
        return replace(self, situation=situation, days=days)


def team_of(
    leads: Leads,
    days: float,
    *,
    until: pd.Timestamp | None = None,
    follow_ups: str | None = None,
    region: str | None = None,
    tiers: int = 4,
) -> Team:
    """The team of a file of leads, for a trial of `days`; other arguments as `specialists_from_leads`, which raises.

    Raises:
        ConfigError: the days are out of their range.
        ValidationError, NotComputable: the leads name no people, no times or no outcomes.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ConfigError(f"days must lie in [1, {MOST_DAYS}], however: got={days!r}")
    people = specialists_from_leads(leads, until, follow_ups=follow_ups, region=region, tiers=tiers)
    each, a_day = measured(people), leads_per_day(leads, until)
    notes: tuple[str, ...] = ()
    try:
        halves = pre_period_correlation(leads, until)
    except NotComputable as error:
        halves, notes = 0.0, (str(error),)
    situation = Situation(each.base_rate, max(1.0, days * a_day), each.icc, each.cv)
    return Team(people, situation, a_day, days, halves, each.leads_per_specialist, notes).over(days)


def _over(halves: float, icc: float, before: float, during: float) -> float:
    """The correlation of rates over `before` leads and `during` leads, from that of two halves of the time before.

    Rates of n leads share icc / (icc + (1 - icc) / n) of their variance with the person; more leads, less chance in it.
    """

    def variance(leads: float) -> float:
        return icc + (1 - icc) / max(leads, 1.0)

    return min(0.95, halves * variance(before / 2) / (variance(before) * variance(during)) ** 0.5) if icc else 0.0
