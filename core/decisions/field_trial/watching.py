"""What may have gone wrong while the trial ran. Nothing here tells the effect, so looking every day spoils nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from core.data.leads import Leads
from core.data.prompts import shown_name
from core.decisions.field_trial.choices import ARMS
from core.decisions.field_trial.moments import DAY, last_moment
from core.decisions.field_trial.outcomes import UNKNOWN, Outcomes
from core.decisions.field_trial.protocol import Protocol

MISMATCH = 0.001
"""p below which the arms' leads, or a guardrail, are too far apart for chance. Source: Fabijan et al. 2019."""
DOUBT = 0.05
"""p below which a guardrail is worth a look; looked at daily it cries wolf, which is cheap here."""
MIXED, SPOILT = 0.01, 0.05
"""Shares of customers or leads that met both arms from which to look, and to stop. Source: ours: 5% mixed hides about a
twentieth of an effect or more."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: str
    """fine, look, or stop: the effect cannot be trusted."""
    words: str
    """What was found, in a plain sentence, and what to do."""
    figures: dict[str, Any]
    """What it rests on, for JSON."""


def checks(
    outcomes: Outcomes,
    protocol: Protocol,
    leads: Leads,
    earlier: Leads | None = None,
    shown: pd.DataFrame | None = None,
) -> tuple[Check, ...]:
    """All checks.

    Args:
        leads: Those that `outcomes` counted.
        earlier: The leads as an older file had them, by which moved leads are found.
        shown: Leads as they were served: columns lead_id, arm.
    """
    return (
        sample_ratio(outcomes),
        contamination(protocol, leads, earlier, shown),
        maturity(outcomes, protocol),
        missing(outcomes),
        *guardrails(outcomes, protocol),
    )


def sample_ratio(outcomes: Outcomes) -> Check:
    """Whether both arms get the leads that they got before the start; the specialist is the unit.

    Welch's test on leads per lead of the time before (per specialist, where that time is not known).
    """
    came, before = outcomes.came.sum(axis=1), outcomes.specialists["leads"].to_numpy(dtype=np.float64)
    treated = outcomes.treated
    if not (before[treated].any() and before[~treated].any()):
        before = np.ones(len(came))
    share = before[treated].sum() / before.sum()
    p = _apart(came, before, treated)[3] if came.any() else 1.0
    counts = [int(came[treated].sum()), int(came[~treated].sum())]
    expected = [share * sum(counts), (1 - share) * sum(counts)]
    words = (
        f"{counts[0]:,} leads went to people with the new ranking and {counts[1]:,} to the others; {expected[0]:,.0f} "
        f"and {expected[1]:,.0f} were to be expected"
    )
    figures = dict(zip(ARMS, counts, strict=True)) | {"expected_treatment": expected[0], "p": p}
    if p < MISMATCH:
        remedy = "chance does not explain that: find out who hands out leads, and how, before the effect is believed"
        return Check("Share of leads", "stop", f"{words}; {remedy}.", figures)
    return Check("Share of leads", "fine", f"{words}, as far as chance goes.", figures)


def contamination(
    protocol: Protocol, leads: Leads, earlier: Leads | None = None, shown: pd.DataFrame | None = None
) -> Check:
    """Customers and leads of the trial that met both arms: dealt with, moved since an earlier file, or served."""
    now = _in_trial(protocol, leads)
    met = now[["customer_id", "arm"]].drop_duplicates()["customer_id"].duplicated()
    mixed = {"customers": (int(met.sum()), int((~met).sum()))}
    if earlier is not None:
        mixed["moved leads"] = _moved(now, _in_trial(protocol, earlier))
    if shown is not None:
        mixed["leads shown to the other arm"] = _moved(now, shown)
    share = max(part / whole if whole else 0.0 for part, whole in mixed.values())
    state = "stop" if share > SPOILT else "look" if share > MIXED else "fine"
    words = f"{mixed['customers'][0]:,} of {mixed['customers'][1]:,} customers have leads in both arms"
    if earlier is not None:
        part, whole = mixed["moved leads"]
        words += f"; {part:,} of {whole:,} leads moved to the other arm since the earlier file"
    if shown is not None and len(shown):
        part, whole = mixed["leads shown to the other arm"]
        words += f"; {part:,} of {whole:,} leads that were shown belong to somebody in the other arm"
    remedies = {
        "fine": "",
        "look": "; keep leads with the people who have them",
        "stop": "; both arms saw the same leads, which hides an effect: the trial does not compare what was planned",
    }
    figures = {name.replace(" ", "_"): {"mixed": part, "of": whole} for name, (part, whole) in mixed.items()}
    return Check("Arms kept apart", state, f"{words}{remedies[state]}.", figures | {"share": share})


def guardrails(outcomes: Outcomes, protocol: Protocol) -> tuple[Check, ...]:
    """Each guardrail's mean per lead in both arms; a surely worse one is to be looked at, a far worse one stops."""
    return tuple(_guardrail(outcomes, column, bad) for column, bad in protocol.guardrails)


def maturity(outcomes: Outcomes, protocol: Protocol) -> Check:
    """How many outcomes are final, and when the last will be."""
    final, missing = int(outcomes.leads.sum()), outcomes.left_out.get(UNKNOWN, 0)
    end = last_moment(protocol, outcomes.stopped) + protocol.maturity_days * DAY
    figures = {"final": final, "waiting": outcomes.immature, "missing": missing, "last": end.date().isoformat()}
    words = f"{final:,} leads have a final outcome and {outcomes.immature:,} wait for theirs"
    words += (
        f"; the last is final on {end.date().isoformat()}" if outcomes.until < end else "; the waiting time is over"
    )
    if missing > MIXED * (final + missing):
        words += f"; {missing:,} leads are old enough but have none: fill in what became of them"
        return Check("Final outcomes", "look", f"{words}.", figures)
    return Check("Final outcomes", "fine", f"{words}.", figures)


def missing(outcomes: Outcomes) -> Check:
    """Whether outcomes are missing alike in both arms: where one arm's "no" goes unwritten, its rate looks better."""
    name, treated, final = "Missing outcomes", outcomes.treated, outcomes.leads.sum(axis=1)
    lacking = np.zeros(len(final), dtype=np.int64) if outcomes.unknown is None else outcomes.unknown
    due = final + lacking
    if not (due[treated].any() and due[~treated].any()):
        return Check(name, "fine", "No leads of both arms are old enough yet to compare missing outcomes.", {})
    difference, low, high, p = _apart(lacking, due, treated)
    shares = [float(lacking[arm].sum() / due[arm].sum()) for arm in (treated, ~treated)]
    state = "stop" if p < MISMATCH else "look" if p < DOUBT else "fine"
    verdict = {
        "fine": "no sign that one arm's go missing more often",
        "look": "a little further apart than chance explains: fill in what became of these leads",
        "stop": "far further apart than chance explains: fill in what became of these leads before you believe it",
    }[state]
    words = (
        f"Of leads old enough, {shares[0]:.1%} with the new ranking and {shares[1]:.1%} with the old have no outcome; "
        f"{verdict}."
    )
    figures = {"treatment": shares[0], "control": shares[1], "difference": difference, "low": low, "high": high, "p": p}
    return Check(name, state, words, figures)


def _guardrail(outcomes: Outcomes, column: str, bad: str) -> Check:
    treated = outcomes.treated
    came, total = outcomes.came.sum(axis=1), outcomes.guardrails[column].sum(axis=1)
    what = shown_name(column)
    name = f"Guardrail: {what}"
    if not (came[treated].any() and came[~treated].any()):
        return Check(name, "fine", f"No leads of both arms yet to compare {what}.", {"column": column, "bad": bad})
    difference, low, high, p = _apart(total, came, treated)
    means = [float(total[arm].sum() / came[arm].sum()) for arm in (treated, ~treated)]
    worse = difference > 0 if bad == "higher" else difference < 0
    state = "stop" if worse and p < MISMATCH else "look" if worse and p < DOUBT else "fine"
    verdict = {
        "fine": "no sign that it suffers",
        "look": f"{bad}, a little more than chance explains: watch it",
        "stop": f"{bad}, far more than chance explains: think of stopping the trial",
    }[state]
    words = f"{what} per lead: {means[0]:.3g} with the new ranking, {means[1]:.3g} with the old; {verdict}."
    figures = {"column": column, "bad": bad, "treatment": means[0], "control": means[1]}
    return Check(name, state, words, figures | {"difference": difference, "low": low, "high": high, "p": p})


def _apart(part: np.ndarray, whole: np.ndarray, treated: np.ndarray) -> tuple[float, float, float, float]:
    """Difference of the arms' ratios, treatment less control, with its 95% interval and p. Shapes (k,) each.

    Each specialist's share in the ratio (the delta method's linear form), then Welch's test on those.
    """
    busy = whole > 0
    arms = []
    for arm in (treated & busy, ~treated & busy):
        ratio = part[arm].sum() / whole[arm].sum()
        arms.append(ratio + (part[arm] - ratio * whole[arm]) / whole[arm].mean())
    difference = float(arms[0].mean() - arms[1].mean())
    if min(map(len, arms)) < 2:
        return difference, -math.inf, math.inf, 1.0
    if max(arm.std() for arm in arms) <= 1e-12 * max(abs(arm).max() for arm in arms):
        return difference, difference, difference, 1.0 if np.isclose(arms[0].mean(), arms[1].mean()) else 0.0
    test = stats.ttest_ind(*arms, equal_var=False)
    interval = test.confidence_interval(0.95)
    return difference, float(interval.low), float(interval.high), float(test.pvalue)


def _in_trial(protocol: Protocol, leads: Leads) -> pd.DataFrame:
    """lead_id, customer_id and arm of the leads of the trial."""
    start = pd.Timestamp(protocol.start)
    roles = leads.roles.assign(arm=leads.roles["owner"].map(protocol.arm_of()))
    since = (roles["snapshot_time"] >= start) & (roles["snapshot_time"] < start + protocol.days * DAY)
    return roles.loc[since & roles["arm"].notna(), ["lead_id", "customer_id", "arm"]]


def _moved(now: pd.DataFrame, before: pd.DataFrame) -> tuple[int, int]:
    """Leads that stood in another arm too, of those known in both tables."""
    both = before[["lead_id", "arm"]].merge(now[["lead_id", "arm"]], on="lead_id", suffixes=("_before", ""))
    moved = both.loc[both["arm_before"] != both["arm"], "lead_id"]
    return int(moved.nunique()), int(both["lead_id"].nunique())
