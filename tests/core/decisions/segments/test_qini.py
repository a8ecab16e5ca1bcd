"""Qini: by hand on a handful, zero for a random order, and the true effect ranks best."""

import numpy as np
import pytest

from core.decisions.segments.qini import hold_against_arms
from core.errors import NotComputable


def arms(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True effect, treated, came."""
    rng = np.random.default_rng(seed)
    effect, treated = rng.uniform(0, 0.4, n), rng.random(n) < 0.5
    return effect, treated, (rng.random(n) < 0.2 + effect * treated).astype(float)


def test_the_curve_by_hand() -> None:
    treated = np.tile([True, False], 100)
    came = np.where(treated, np.arange(200) < 150, np.arange(200) < 100).astype(float)
    found, _ = hold_against_arms({"order": -np.arange(200.0)}, treated, came, resamples=50)
    one = found["order"]
    assert one.share[-1] == 1 and one.gained[-1] == pytest.approx(1000 * (75 - 50) / 100)
    # After 150 of 200: 75 of 75 treated came, 50 of 75 in the control arm.
    assert one.gained[149] == pytest.approx(1000 * (75 - 50) / 100)
    assert one.gained[99] == pytest.approx(0)


def test_the_true_effect_beats_a_random_order_and_chance_is_near_zero() -> None:
    effect, treated, came = arms(8000)
    rng = np.random.default_rng(1)
    scores = {"truth": effect, "chance": rng.random(len(effect)), "same for all": np.zeros(len(effect))}
    found, gaps = hold_against_arms(scores, treated, came, resamples=200, against="chance")
    assert found["truth"].qini.low > 0 and gaps["truth"].low > 0
    for name in ("chance", "same for all"):
        assert found[name].qini.low < 0 < found[name].qini.high
    assert found["truth"].top.value == pytest.approx(effect[effect > 0.28].mean(), abs=0.05)


def test_intervals_hold_what_they_promise() -> None:
    inside = 0
    big, treated, came = arms(200_000, 99)
    true = hold_against_arms({"it": big}, treated, came, resamples=2)[0]["it"].qini.value
    for seed in range(40):
        effect, treated, came = arms(1500, seed)
        figure = hold_against_arms({"it": effect}, treated, came, resamples=150, seed=seed)[0]["it"].qini
        inside += figure.low <= true <= figure.high
    assert inside >= 34


def test_leads_of_one_customer_are_drawn_together() -> None:
    effect, treated, came = arms(1000)
    copies = [np.repeat(one, 4) for one in (effect, treated, came)]
    score = {"it": copies[0]}
    apart = hold_against_arms(score, copies[1], copies[2])[0]["it"].qini
    whole = hold_against_arms(score, copies[1], copies[2], customers=np.repeat(np.arange(1000), 4))[0]["it"].qini
    assert whole.value == apart.value and 1.6 < (whole.high - whole.low) / (apart.high - apart.low) < 2.5


def test_too_small_an_arm_is_refused() -> None:
    effect, treated, came = arms(200)
    with pytest.raises(NotComputable, match="control arm 0 came"):
        hold_against_arms({"it": effect}, np.ones_like(treated), came)
