"""Returns of leads, and thresholds that reach each objective and no more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decisions.economics.returns import lead_roi, threshold_for
from core.errors import ConfigError, NotComputable, ValidationError

LEADS = st.lists(st.tuples(st.floats(0, 1), st.sampled_from([50.0, 100.0, 400.0])), min_size=1, max_size=9)


def test_a_return_is_the_expected_margin_over_the_cost_with_the_ends_of_the_chance() -> None:
    rows = lead_roi([0.1, 0.5], [2000.0, 300.0], 100.0, low=[0.05, 0.2], high=[0.2, 0.6])
    assert rows["expected_value"].tolist() == [200.0, 150.0]
    assert rows[["low", "roi", "high"]].to_numpy().round(12).tolist() == [[0.0, 1.0, 3.0], [-0.4, 0.5, 0.8]]
    assert lead_roi([0.1], 2000.0, 100.0)[["low", "high"]].isna().all(axis=None)


@given(LEADS)
def test_the_objective_profit_works_the_set_of_most_profit(leads: list[tuple[float, float]]) -> None:
    chance, cost = map(np.array, zip(*leads, strict=True))
    rows = lead_roi(chance, 1000.0, cost)
    profit = 1000.0 * chance - cost
    best = max(
        profit[[bool(number >> place & 1) for place in range(len(leads))]].sum() for number in range(2 ** len(leads))
    )
    assert profit[rows["worth"]].sum() == pytest.approx(best)


@given(LEADS, st.sampled_from([-0.5, 0.0, 0.5]))
def test_growth_works_the_most_leads_that_still_return_the_target_together(
    leads: list[tuple[float, float]], target: float
) -> None:
    chance, cost = map(np.array, zip(*leads, strict=True))
    roi = 1000.0 * chance / cost - 1
    together = {float(t): float(roi[roi >= t] @ cost[roi >= t] / cost[roi >= t].sum()) for t in np.unique(roi)}
    borne = [t for t, mean in together.items() if mean >= target]
    if borne:
        assert threshold_for("growth", target, roi, cost) == pytest.approx(min(borne), abs=1e-6)
    else:
        with pytest.raises(NotComputable, match="the best of them returns"):
            threshold_for("growth", target, roi, cost)


@given(st.integers(1, 200), st.floats(0.001, 1))
def test_a_share_works_so_many_leads(leads: int, share: float) -> None:
    rows = lead_roi(np.linspace(0, 1, leads), 1000.0, 100.0, objective="share", target=share)
    assert rows["worth"].sum() == max(int(share * leads + 1e-9), 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"margin": -1.0}, "margin must be a number of at least 0, however: got=-1"),
        ({"cost_to_convert": [100.0, 0.0]}, "cost_to_convert must be above 0, however: got=0 in row 3"),
        ({"objective": "fame"}, "objective must be one of profit, growth, share, however: got='fame'"),
        ({"objective": "share", "target": 0.0}, r"target of the objective share must lie in \(0, 1\]"),
        ({"target": -2.0}, "target must be a return of -1"),
        ({"low": [0.1]}, "low chance must be given for each of the 2 leads, however: got=1"),
    ],
)
def test_settings_out_of_range_are_named(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        lead_roi(**{"probability": [0.1, 0.2], "margin": 1000.0, "cost_to_convert": 100.0} | settings)


def test_a_chance_outside_its_range_is_named_with_its_row() -> None:
    with pytest.raises(ValidationError, match=r"column 'probability': .* \(row 3\)"):
        lead_roi([0.1, 1.2], 1000.0, 100.0)
    with pytest.raises(NotComputable, match="at least one lead"):
        threshold_for("profit", 0.0, [], 1.0)
