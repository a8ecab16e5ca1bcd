"""Effort: against simulated truth, coverage of the range, and what may be wrong with the input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.decisions.economics.effort import FEWEST, RANGE, fit_effort
from core.errors import NotComputable, ValidationError


def desk(seed: int, n: int) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Fields, effort, and the calls truly expected: doubts cost calls, calls cost minutes."""
    rng = np.random.default_rng(seed)
    fields = pd.DataFrame({"doubts": rng.integers(0, 6, n), "channel": rng.choice(["web", "shop"], n)})
    expected = np.exp(0.3 + 0.3 * fields["doubts"] + 0.5 * (fields["channel"] == "web")).to_numpy()
    calls = rng.poisson(expected * rng.gamma(4, 1 / 4, n))
    return fields, pd.DataFrame({"calls": calls, "minutes": rng.gamma(2, 2.5 * np.maximum(calls, 0.2))}), expected


def test_expected_effort_is_near_the_truth_and_lies_in_its_range() -> None:
    fields, effort, _ = desk(0, 3000)
    new, _, expected = desk(1, 1000)
    found = fit_effort(fields, effort).predict(new)
    assert list(found.columns) == ["calls", "calls_low", "calls_high", "minutes", "minutes_low", "minutes_high"]
    assert np.mean(np.abs(found["calls"] / expected - 1)) < 0.12
    for name in ("calls", "minutes"):
        assert (found[f"{name}_low"] >= 0).all()
        assert (found[f"{name}_low"] <= found[name]).all() and (found[name] <= found[f"{name}_high"]).all()
    width = found["calls_high"] - found["calls_low"]
    assert width[expected > 6].mean() > 2 * width[expected < 2.5].mean()


@pytest.mark.parametrize("n", [120, 600])
def test_the_range_holds_as_many_new_leads_as_it_says(n: int) -> None:
    held = []
    for seed in range(6):
        fields, effort, _ = desk(10 + seed, n)
        new, spent, _ = desk(50 + seed, 1500)
        found = fit_effort(fields, effort[["minutes"]], seed=seed).predict(new)
        held.append(spent["minutes"].between(found["minutes_low"], found["minutes_high"]).mean())
    assert RANGE - 0.06 < np.mean(held) < RANGE + 0.08


def test_same_seed_same_model_index_kept_and_no_leads_no_rows() -> None:
    fields, effort, _ = desk(2, 200)
    new = desk(3, 4)[0].set_axis(list("abcd"))
    model = fit_effort(fields, effort, seed=5)
    pd.testing.assert_frame_equal(model.predict(new), fit_effort(fields, effort, seed=5).predict(new))
    assert model.predict(new).index.tolist() == list("abcd")
    assert len(model.predict(new.iloc[:0])) == 0
    assert "calls and minutes of 200 leads" in model.how


def test_impossible_input_is_told_with_rows() -> None:
    fields, effort, _ = desk(4, FEWEST)
    with pytest.raises(NotComputable, match="100 leads or more with a final outcome, however: got=99"):
        fit_effort(fields[1:], effort[1:])
    with pytest.raises(NotComputable, match="one row per lead"):
        fit_effort(fields[1:], effort)
    with pytest.raises(NotComputable, match="calls is 0 for all"):
        fit_effort(fields, effort.assign(calls=0))
    wrong = effort.astype(object).set_axis(range(7, 7 + FEWEST))
    wrong.iloc[0, 0], wrong.iloc[1, 0], wrong.iloc[2, 1] = "many", -1, None
    with pytest.raises(ValidationError) as caught:
        fit_effort(fields, wrong)
    assert "column 'calls': not a number, such as 'many' (row 2)" in str(caught.value)
    assert "column 'calls': a negative effort, such as '-1' (row 3)" in str(caught.value)
    assert "column 'minutes': the effort is missing (row 4)" in str(caught.value)
    with pytest.raises(ValidationError, match="no column of effort"):
        fit_effort(fields, effort[[]])
