"""How long a benchmark takes: before it begins from what was measured elsewhere, then from its own trials."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from core.benchmark.arms import Arm
from core.benchmark.results import Results, Trial

FIXED = {"rule": 0.1, "words": 4.0, "tree": 4.0}
"""Seconds for 1,000 leads to learn from, settings tried included. Source: measured on the sample, two busy cores."""
PER_SETTING = {"click": 1.2, "funnel": 2.0, "asllr": 1.6, "ablation": 1.6}
"""The same for each setting that is tried. Source: as FIXED."""
TUNED = 3000.0
"""Seconds to tune the language model itself on 1,000 leads without a GPU. Source: three passes at a lead a second."""
READING = 200.0
"""Seconds in which the language model reads 1,000 leads, roughly: talks of half a page, 12 layers. Source: between the
70 of two free cores and the 570 of cores shared with much else, both on the sample."""


def seconds_of(arm: Arm, leads: int, settings: int) -> float:
    """One training of an arm on so many leads, `settings` tried, without reading.

    Example:
        >>> seconds_of(Arm("lightgbm", "LightGBM", "tree", "Trees."), 2000, 5)
        8.0
    """
    # The one rule with a network within is no quicker than the network.
    family = "click" if arm.family == "rule" and arm.seeded else arm.family
    each = FIXED.get(family) or settings * PER_SETTING[family] if family != "lora" else TUNED
    return each * leads / 1000


def seconds_needed(arms: Iterable[Arm], leads: int, seeds: int, settings: int, *, words: bool) -> float:
    """The whole comparison, roughly; `leads`: with a known outcome; `words`: whether they have any to read."""
    asked = list(arms)
    reading = READING * leads / 1000 if words and any(arm.shares_states for arm in asked) else 0.0
    return reading + sum((seeds if arm.seeded else 1) * seconds_of(arm, leads, settings) for arm in asked)


def seconds_left(results: Results) -> float:
    """What the trainings still to come take: as long as the same arm's, else its family's, else as forecast."""
    shared = results.shared
    learnt = sum(shared["split"].get(part, 0) for part in ("train", "calibration"))

    def took(trials: Iterable[Trial]) -> float | None:
        found = [one.train_seconds + one.score_seconds * len(results.test) / 1000 for one in trials]
        return float(np.mean(found)) if found else None

    total = 0.0
    waiting = [key for key in results.waiting if key not in results.held_up]
    for key in waiting:
        arm, own = results.arms[key], results.of(key)
        kin = [one for one in results.trials if results.arms[one.arm].family == arm.family]
        each = took(own) or took(kin) or seconds_of(arm, learnt, shared["trials"])
        total += each * (len(shared["seeds_of"][key]) - len(own))
    unread = shared.get("reads") and not any(
        results.arms[one.arm].shares_states and one.reads for one in results.trials
    )
    if unread and any(results.arms[key].shares_states for key in waiting):
        total += READING * sum(shared["split"].values()) / 1000
    return total
