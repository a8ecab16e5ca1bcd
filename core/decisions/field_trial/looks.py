"""When the frozen plan lets an effect be seen, on which data, and by which bound.

fixed            nothing before every outcome is final
obrien_fleming   at the last planned look that has passed, on what was known then, with that look's bound
always_valid     at any time, with a bound that holds at any time
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from core.data.leads import Leads
from core.decisions.field_trial.fieller import Estimate
from core.decisions.field_trial.moments import DAY, mature_days
from core.decisions.field_trial.outcomes import Outcomes, outcomes
from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.sequential import (
    always_valid,
    information_share,
    obrien_fleming,
    p_always,
    p_obrien_fleming,
)


@dataclass(frozen=True, eq=False)
class Look:
    """What counts at one moment: the data, the bound, and p as it holds there."""

    seen: Outcomes
    state: str
    """look (before the end) or final."""
    bound: float | None = None
    """Of |z|; None for that of alpha."""
    share: float = 1.0
    """Information so far, of what was planned."""
    shares: tuple[float, ...] = ()
    """Planned information at each look up to this, by which alpha is spent."""
    information: tuple[float, ...] = ()
    """What it came out as, in leads."""

    def p(self, estimate: Estimate, alpha: float) -> float:
        """p that holds at this look: below alpha exactly where the bound is passed."""
        z = float(norm.isf(estimate.p / 2))
        if self.shares:
            return p_obrien_fleming(z, self.shares, alpha, self.information)
        return estimate.p if self.bound is None else p_always(z, self.share, alpha)


def look_now(protocol: Protocol, leads: Leads, now: Outcomes) -> Look | None:
    """What the plan lets be seen; None where that is nothing."""
    final = now.observed_days == now.leads.shape[1]
    if protocol.looks == "fixed":
        return Look(now, "final") if final else None
    if protocol.looks == "always_valid":
        share = information(protocol, now.leads)
        if not share:
            return None
        return Look(now, "final" if final else "look", always_valid(share, protocol.alpha), share)
    moments = _moments(protocol, now.stopped)
    passed = [moment for moment in moments if moment <= now.until]
    if not passed:
        return None
    seen = outcomes(protocol, leads, passed[-1], stopped=now.stopped, now=now.until)
    final = len(passed) == len(moments)
    leads_by = [seen.leads[:, : mature_days(protocol, moment, now.stopped)] for moment in passed]
    counted = [information(protocol, known) for known in leads_by]
    # A look without new leads since the one before tells nothing and spends nothing; leads beyond the plan must leave
    # something to spend for the looks to come.
    spent = np.minimum(counted, np.linspace(0.9, 1.0, len(moments))[: len(counted)])
    kept = np.diff(counted, prepend=0.0) > 0
    if not kept.any():
        return None
    # The plan's icc says how alpha is spent, but leads alone stand for information: what an adjustment leaves lasts
    # less than icc says, and looks that are less alike than assumed err too often (8% for 5%, benchmarks/field_trial).
    brought = [float(known.sum()) for known, one in zip(leads_by, kept, strict=True) if one]
    shares = spent[kept].tolist()
    shares = [*shares[:-1], 1.0] if final else shares
    bound = float(obrien_fleming(shares, protocol.alpha, brought)[-1])
    return Look(seen, "final" if final else "look", bound, brought[-1], tuple(shares), tuple(brought))


def waiting(protocol: Protocol, now: Outcomes) -> str:
    """Why nothing is shown, and when something will be."""
    known = f"Outcomes are known up to {now.until.date().isoformat()}.{stop_words(now.stopped)}"
    if protocol.looks == "always_valid":
        return f"No effect is shown yet: no lead of the trial has a final outcome. {known}"
    coming = [moment for moment in _moments(protocol, now.stopped) if moment > now.until]
    if not coming:
        return f"No effect is shown: no lead of the trial has a final outcome. {known}"
    left = math.ceil((coming[0] - now.until) / DAY)
    when = f"in {left:,} {'day' if left == 1 else 'days'}, on {coming[0].date().isoformat()}"
    if protocol.looks == "fixed":
        return (
            f"No effect is shown yet: by its plan the trial is read once, when every outcome is final, {when}. A look "
            f"before would mistake chance for an effect more often than planned. {known}"
        )
    return f"No effect is shown yet: the first look that was planned comes {when}. {known}"


def stop_words(stopped: pd.Timestamp | None) -> str:
    """A sentence more where the trial was stopped early, else none.

    Example:
        >>> stop_words(pd.Timestamp("2026-03-10 14:00"))
        ' The trial was stopped early, on 2026-03-10: leads that came later do not count.'
    """
    if stopped is None:
        return ""
    return f" The trial was stopped early, on {stopped.date().isoformat()}: leads that came later do not count."


def _moments(protocol: Protocol, stopped: pd.Timestamp | None) -> list[pd.Timestamp]:
    """When the plan lets an effect be read: its looks, the last when all is final. A stop makes that come sooner."""
    start, wait = pd.Timestamp(protocol.start), math.ceil(protocol.maturity_days)
    last = start + (protocol.days + wait) * DAY if stopped is None else stopped + protocol.maturity_days * DAY
    before = [moment for day in protocol.look_days if (moment := start + day * DAY) < last]
    return [*before, last]


def information(protocol: Protocol, leads: np.ndarray) -> float:
    """Share of the planned information that so many leads bring. Shape (k, D) -> 0..1."""
    return information_share(leads.sum() / len(leads), protocol.leads_per_specialist, protocol.icc)
