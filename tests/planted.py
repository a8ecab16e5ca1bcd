"""Leads whose order a planted word and a planted field decide, and a tiny model that learned it, for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from core import funnel
from core.config import PRESETS, with_settings
from core.data.leads import Leads
from core.data.schema import Features, Roles, Schema
from core.neural.scorer import NeuralScorer
from core.neural.trainer import train_run

FILLERS = ["hello", "there", "well", "maybe", "some", "other", "week", "fine", "then"]
PLANTED = "zigzag"


def leads_of(n: int = 180, seed: int = 0, told: bool = True) -> Leads:
    """Leads whose order follows the word `zigzag` and the field `drives`, and nothing else that is there."""
    rng = np.random.default_rng(seed)
    drives, noise, said = rng.normal(size=n), rng.normal(size=n), rng.random(n) < 0.5
    won = rng.random(n) < 1 / (1 + np.exp(-(1.5 * drives + 5 * (said - 0.5) * told)))
    dialogues = []
    for planted in said:
        words = rng.choice(FILLERS, 8).tolist()
        words[rng.integers(8)] = PLANTED if planted else "week"
        dialogues.append(f"Agent: {' '.join(words[:3])}\nCustomer: {' '.join(words[3:])}" if told else "")
    noise[::10] = np.nan
    ids = [f"L{i:03d}" for i in range(n)]
    fixed = {"owner": "", "snapshot_time": pd.NaT, "call_seconds": np.nan, "converted": won.astype(float)}
    stage = np.where(won, 4, 0)
    roles = pd.DataFrame({"lead_id": ids, "customer_id": ids, "stage": stage, "dialogue": dialogues, **fixed})
    features = pd.DataFrame({"drives": drives, "noise_level": noise, "city": rng.choice(list("xy"), n), "title": ""})
    features.loc[::2, "title"] = "a blue van"
    text = ("title",) if told else ()
    schema = Schema(Roles("lead_id", dialogue=("dialogue",)), Features(("drives", "noise_level"), ("city",), text))
    return Leads(roles, features, replace(schema, funnel=funnel.PRESETS["automotive"]))


def trained(leads: Leads, work: Path, *settings: str) -> NeuralScorer:
    fixed = ["backbone=tiny", "depth=2", "device=cpu", "engine.precision=fp32"]
    config = with_settings(PRESETS["cpu-quick"], [*fixed, *settings])
    n = len(leads)
    return train_run(leads, np.arange(n - 40), np.arange(n - 40, n), config, work, lambda event: None).scorer


def planted_ids(leads: Leads, count: int) -> list[str]:
    said = leads.dialogue.str.contains(PLANTED)
    return leads.lead_id[said].iloc[:count].tolist()
