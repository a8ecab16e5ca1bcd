"""Time to an order: against simulated truth, closed forms, statsmodels, and what may be wrong with the input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight

from core.decisions.economics.encoding import Encoding
from core.decisions.economics.time_to_order import FEWEST, TimeModel, baseline, fit_time
from core.errors import ConfigError, NotComputable, ValidationError

RATE, SHAPE, EFFECT = 0.01, 0.9, 0.8


def market(seed: int, n: int = 1200, last: int = 90) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """Fields, days, ordered, and how many times as fast each lead truly is; whole days, watched for 5 to `last`."""
    rng = np.random.default_rng(seed)
    budget, channel = rng.normal(size=n), rng.choice(["web", "shop", "friend"], n)
    times = np.exp(EFFECT * budget + 0.6 * (channel == "friend"))
    waits = np.ceil((rng.exponential(size=n) / (RATE * times)) ** (1 / SHAPE))
    watched = np.ceil(rng.uniform(5, last, n))
    fields = pd.DataFrame({"budget": 20_000 + 5_000 * budget, "channel": channel, "noise": rng.normal(size=n)})
    return fields, np.minimum(waits, watched), waits <= watched, times


def truth(times: np.ndarray, horizon: float | np.ndarray) -> np.ndarray:
    return 1 - np.exp(-RATE * times * horizon**SHAPE)


@pytest.fixture(scope="module")
def model() -> TimeModel:
    return fit_time(*market(0, 4000)[:3])


def test_finds_the_true_chances_and_effects_though_most_waits_are_censored(model: TimeModel) -> None:
    fields, _, _, times = market(1, 2000)
    found = model.predict(fields, 30)
    assert model.orders < 0.5 * model.leads
    assert np.sqrt(np.mean((found["chance_within"] - truth(times, 30)) ** 2)) < 0.03
    fastest = model.influence().set_index("column").loc["budget"]
    assert fastest["low"] < np.exp(EFFECT) < fastest["high"]
    assert (found[["low", "high"]].sub(found["chance_within"], axis=0) * [-1, 1] > 0).all(axis=None)


def test_an_interval_holds_the_true_chance_as_often_as_it_says() -> None:
    held = []
    for seed in range(25):
        fields, days, ordered, _ = market(100 + seed, 700)
        new, _, _, times = market(200 + seed, 200)
        found = fit_time(fields, days, ordered).predict(new, 30)
        chance = truth(times, 30)
        held.append(((found["low"] <= chance) & (chance <= found["high"])).mean())
    assert 0.90 < np.mean(held) < 0.99


def test_ignoring_censoring_would_be_wrong() -> None:
    fields, days, ordered, times = market(3, 4000, last=40)
    chance = fit_time(fields, days, ordered).predict(fields, 30)["chance_within"].mean()
    naive = np.mean(ordered & (days <= 30))
    assert abs(chance - truth(times, 30).mean()) < 0.02 < truth(times, 30).mean() - naive


def test_days_are_those_by_which_the_shares_ordered(model: TimeModel) -> None:
    fields, _, _, times = market(4, 500)
    found = model.predict(fields, 60)
    half = (-np.log1p(-truth(times, 60) / 2) / (RATE * times)) ** (1 / SHAPE)
    assert np.abs(found["days"] - half).mean() < 2
    assert (found["days_low"] <= found["days"]).all() and (found["days"] <= found["days_high"]).all()
    assert (found["days_high"] <= 60).all()
    median = (np.log(2) / (RATE * times)) ** (1 / SHAPE)
    known = found["median_days"].notna()
    assert known[median < 60].mean() > 0.9 and not known[median > 130].any()
    assert np.abs(found["median_days"] / median - 1)[median < 60].median() < 0.1


def test_leads_that_have_waited_are_told_from_today_on(model: TimeModel) -> None:
    fields, _, _, times = market(6, 2000)
    waited = np.tile([0.0, 5.0, 20.0, 45.0], 500)
    found = model.predict(fields, 30, waited=waited)
    # The chance of those who have not ordered by then, from the law itself.
    true = 1 - (1 - truth(times, waited + 30)) / (1 - truth(times, waited))
    assert np.sqrt(np.mean((found["chance_within"] - true) ** 2)) < 0.04
    assert ((found["low"] <= true) & (true <= found["high"])).mean() > 0.85
    half = (((1 / RATE / times) * (RATE * times * waited**SHAPE - np.log1p(-true / 2))) ** (1 / SHAPE)) - waited
    assert np.abs(found["days"] - half).mean() < 2
    assert (found["days"] > 0).all() and (found["days_high"] <= 30).all()


def test_chance_then_and_chance_now_multiply(model: TimeModel) -> None:
    fields = market(7, 40)[0]
    first, both = (model.predict(fields, horizon)["chance_within"] for horizon in (20, 50))
    later = model.predict(fields, 30, waited=np.full(40, 20))["chance_within"]
    np.testing.assert_allclose((1 - first) * (1 - later), 1 - both)


def test_a_wait_of_which_nothing_is_known_is_not_told(model: TimeModel) -> None:
    fields = market(8, 3)[0]
    found = model.predict(fields, 30, waited=[10, 80, np.nan])
    assert found["chance_within"].isna().tolist() == [False, True, True] == found["days"].isna().tolist()
    with pytest.raises(NotComputable, match="within 30 days beside the 80 already waited"):
        model.predict(fields, 30, waited=[80, 85, 90])
    for wrong in ([1, 2], [1, 2, -3]):
        with pytest.raises(ConfigError, match="one number of days, 0 or more, for each of 3 leads"):
            model.predict(fields, 30, waited=wrong)


def test_the_curve_passes_through_the_prediction_and_rises(model: TimeModel) -> None:
    fields = market(5, 20)[0]
    days, chance = model.curve(fields)
    at = np.searchsorted(days, 30, side="right") - 1
    np.testing.assert_allclose(chance[:, at], model.predict(fields, 30)["chance_within"])
    assert (np.diff(chance, axis=1) > 0).all()


def test_effects_are_statsmodels_own_where_the_prior_is_outweighed() -> None:
    fields, days, ordered, _ = market(6, 5000)
    fields = fields[["budget", "noise"]]
    found = fit_time(fields, days, ordered)
    plain = PHReg(days, Encoding.fit(fields).columns(fields), status=ordered.astype(int), ties="efron").fit()
    np.testing.assert_allclose(found.effects, plain.params, rtol=0.01, atol=1e-3)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), plain.bse, rtol=0.01)


def test_without_effects_the_hazard_and_its_variance_are_the_survival_curves() -> None:
    rng = np.random.default_rng(7)
    days, ordered = rng.permutation(300).astype(float), rng.random(300) < 0.4
    found = baseline(np.zeros((300, 1)), days, ordered, np.zeros(1))
    curve = SurvfuncRight(days, ordered.astype(int))
    np.testing.assert_array_equal(found.days, curve.surv_times)
    np.testing.assert_allclose(found.hazard, np.cumsum(1 / curve.n_risk))
    np.testing.assert_allclose(found.noise, np.cumsum(1 / curve.n_risk.astype(float) ** 2))


def test_the_baseline_is_statsmodels_own_a_day_later() -> None:
    fields, days, ordered, _ = market(8, 300)
    days = days + np.random.default_rng(8).uniform(0, 0.1, 300)  # no ties: there Efron's and Breslow's steps agree
    x, effects = Encoding.fit(fields[["budget"]]).columns(fields[["budget"]]), np.array([0.5])
    found = baseline(x, days, ordered, effects)
    plain = PHReg(days, x, status=ordered.astype(int))
    when, hazard, _ = plain.baseline_cumulative_hazard(effects)[0]
    np.testing.assert_allclose(found.days, when)
    np.testing.assert_allclose(found.hazard[:-1], hazard[1:])
    mean = plain.weighted_covariate_averages(effects)[0]
    np.testing.assert_allclose(found.drift[1:-1, 0], np.cumsum(mean[:, 0] * np.diff(found.hazard, prepend=0))[1:-1])


def test_ties_step_as_efron_counts_them() -> None:
    found = baseline(np.zeros((4, 1)), np.full(4, 2.0), np.array([True, True, True, False]), np.zeros(1))
    assert found.hazard.tolist() == pytest.approx([1 / 4 + 1 / 3 + 1 / 2])


def test_an_order_on_the_first_day_counts() -> None:
    fields, days, ordered, _ = market(9)
    found = fit_time(fields, np.where(ordered & (days < 5), 0, days), ordered)
    assert found.baseline.days[0] == 0
    share = np.mean(ordered & (days < 5))
    assert found.predict(fields, 1)["chance_within"].mean() == pytest.approx(share, rel=0.1)


def test_a_field_that_parts_all_orders_and_one_that_repeats_it_stay_finite() -> None:
    fields, days, ordered, _ = market(10, 400)
    fields = fields.assign(gave_it_away=np.where(ordered, "yes", "no"), again=fields["budget"] * 2, same=1.0)
    found = fit_time(fields, days, ordered)
    assert np.abs(found.effects).max() < 5
    assert not any(name.startswith("same") for name in found.encoding.names)
    assert np.isfinite(found.predict(fields, 30)[["chance_within", "low", "high"]]).all(axis=None)


def test_new_leads_may_lack_values_and_bring_new_ones(model: TimeModel) -> None:
    odd = pd.DataFrame({"budget": [np.nan, 1e12, -np.inf], "channel": ["", "radio", None], "noise": [0.0, 0.0, 0.0]})
    odd.index = [7, 8, 9]
    found = model.predict(odd, 30)
    assert found.index.tolist() == [7, 8, 9]
    assert found["chance_within"].between(0, 1).all()
    assert len(model.predict(odd.iloc[:0], 30)) == 0
    with pytest.raises(ValidationError, match="column 'budget' was learned from"):
        model.predict(odd.drop(columns="budget"))


def test_impossible_questions_are_told(model: TimeModel) -> None:
    fields = market(11, 5)[0]
    with pytest.raises(ConfigError, match="above 0, however: got=-1"):
        model.predict(fields, -1)
    with pytest.raises(NotComputable, match="the longest was 90 days"):
        model.predict(fields, 365)
    with pytest.raises(NotComputable, match=r"no lead ordered within 0\.5 days"):
        model.predict(fields, 0.5)


def test_impossible_input_is_told() -> None:
    fields, days, ordered, _ = market(12, 100)
    few = np.zeros(100, dtype=bool)
    few[: FEWEST - 1] = True
    with pytest.raises(NotComputable, match="needs 10 orders or more, however: 9 of 100"):
        fit_time(fields, days, few)
    with pytest.raises(NotComputable, match=r"got=-3.0 at position 4 \(1 in all\)"):
        fit_time(fields, np.where(np.arange(100) == 4, -3, days), ordered)
    with pytest.raises(NotComputable, match="one row per lead"):
        fit_time(fields, days[1:], ordered)
    with pytest.raises(NotComputable, match="yes or no"):
        fit_time(fields, days, np.where(ordered, np.nan, 0.0))
    with pytest.raises(NotComputable, match="fields that differ"):
        fit_time(fields.assign(budget=1.0, channel="web", noise=np.nan), days, ordered)
