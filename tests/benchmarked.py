"""A benchmark's results without any training, for tests of tables, verdicts, charts and reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from core.benchmark.arms import Arm
from core.benchmark.results import Results, Trial

HOSTILE = "<script>alert(1)</script>|$x_1$'\"><img src=x onerror=alert(2)>"
ARMS = {
    arm.key: arm
    for arm in (
        Arm("newest", "Newest first", "rule", "Calls the latest leads first."),
        Arm("lightgbm", "LightGBM", "tree", "Boosted trees on the fields."),
        Arm("deepfm", "DeepFM", "click", "A network over the fields."),
        Arm("deepfm+text", "DeepFM + text", "click", "The same with the text.", "deepfm"),
        Arm("asllr", "asLLR base", "asllr", "Learns from orders alone."),
        Arm("hpro", "asLLR + HPRO", "asllr", "Learns from pairs too.", "asllr"),
        Arm("hpro-no-margin", "HPRO, margins at zero", "ablation", "No margins.", "hpro"),
        Arm("hpro-only-key", "HPRO, tier key alone", "ablation", "One tier.", "asllr"),
        Arm("lora", "asLLR base, LoRA", "lora", "Tuned with LoRA.", "asllr"),
    )
}
STRENGTH = {
    "newest": 0.1,
    "lightgbm": 1.2,
    "deepfm": 1.0,
    "deepfm+text": 1.1,
    "asllr": 1.0,
    "hpro": 1.1,
    "hpro-no-margin": 1.1,
    "hpro-only-key": 0.4,
}
"""How far apart the two outcomes stand in each arm's score, in standard deviations."""
ONCE = ("newest", "lightgbm")
"""Arms that no seed changes."""
READS = ("deepfm+text", "asllr", "hpro", "hpro-no-margin", "hpro-only-key", "lora")


def made_results(
    strength: Mapping[str, float] = STRENGTH, *, leads: int = 1200, seeds: int = 3, seed: int = 0, **changes: Any
) -> Results:
    """Leads of which a tenth converted, and scores that know the outcome as well as `strength` says."""
    rng = np.random.default_rng(seed)
    converted = (np.arange(leads) % 10 == 0).astype(int)
    shared = rng.normal(size=leads)
    trials = []
    for arm, apart in strength.items():
        own = rng.normal(size=leads)
        for number in range(1 if arm in ONCE else seeds):
            score = apart * converted + 0.7 * shared + 0.6 * own + (0 if arm in ONCE else 0.4) * rng.normal(size=leads)
            trials.append(
                Trial(arm, number, score, 0.2 + apart / 10, 60.0 * (1 + number), 0.5, arm in READS, {"epochs": 3})
            )
    test = pd.DataFrame(
        {
            "lead_id": [f"L{n}" for n in range(leads)],
            "customer_id": [f"C{n}" for n in range(leads)],
            "converted": converted,
            "stage": 3 * converted,
        }
    )
    tier = {"name": "key", "summary": "key: 100 pairs", "warning": "tier 'key' pulls the wrong way"}
    settings: dict[str, Any] = {
        "test": test,
        "stages": ("new", "call", "drive", "order"),
        "arms": ARMS,
        "trials": tuple(trials),
        "left_out": {"lora": "there is no accelerator"},
        "waiting": (),
        "shared": {
            "leads": 5 * leads,
            "split": {"train": 3 * leads, "calibration": leads, "test": leads},
            "converted": {"train": leads // 3, "calibration": leads // 10, "test": leads // 10},
            "seeds": seeds,
            "trials": 5,
            "tiers": [tier],
            "read_seconds_per_1000": 40.0,
            "notes": ["Leads of the last 30 days are left out."],
        },
        "capacity": 0.1,
    }
    return Results(**settings | changes)
