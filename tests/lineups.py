"""Lineup leads with scores of a model and of a baseline, for tests of lift, charts and the Lift page."""

from __future__ import annotations

import numpy as np

from core.data.leads import Leads
from core.lift.lineup import Lineup, RunScores
from core.scores import Scores
from tests.made import make_leads

HOSTILE = "<b>x</b><a href=javascript:alert(1)>y</a>"


def owned_leads(n: int = 600, seed: int = 0) -> Leads:
    """Leads of three owners, one of them with a hostile name and one with few leads."""
    leads = make_leads(n, seed)
    owner = np.where(np.arange(n) < 12, "small", np.where(np.arange(n) % 2, "Ann", HOSTILE))
    return Leads(leads.roles.assign(owner=owner), leads.features, leads.schema)


def run_scores(leads: Leads, name: str = "model", noise: float = 0.5, seed: int = 1) -> RunScores:
    """A model that knows `a` and the wish, and a baseline that knows `a` alone."""
    a, wish = leads.features["a"].to_numpy(), leads.dialogue.str.contains("Yes").to_numpy(dtype=float)
    score = 1.2 * a + 2 * wish - 2.2 + noise * np.random.default_rng(seed).normal(size=len(leads))
    nothing = np.full(len(leads), np.nan)
    return RunScores(
        name,
        {
            name: Scores.ranked(leads.lead_id, score, 1 / (1 + np.exp(-score))),
            "simple": Scores.ranked(leads.lead_id, a, nothing),
        },
        ("simple",),
    )


def lined_up(n: int = 600, seed: int = 0) -> Lineup:
    leads = owned_leads(n, seed)
    return Lineup.of(leads, [run_scores(leads)])
