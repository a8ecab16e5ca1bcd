import inspect
import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import beta, multivariate_normal, norm

from core.answers import as_json
from core.data.reading import read_table
from core.decisions.economics.deals import (
    believed_shares,
    better,
    break_evens,
    good_shares,
    keep_or_sell,
    lines,
    read_deals,
)
from core.decisions.economics.risk import CORRELATION, risk
from core.errors import ConfigError, NotComputable, ValidationError

AMOUNT = st.integers(-10_000, 10_000).map(float)


def deals(**ends: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame([(name, *pair) for name, pair in ends.items()], columns=["name", "profit_at_0", "profit_at_1"])


def test_a_file_of_deals_is_read_and_answered() -> None:
    text = 'name,profit_at_0,profit_at_1,note\nWork them,"-2.000,00 €","8.000,50 €",ours\nSell them,1000,1000,\n'
    read = read_deals(read_table(io.BytesIO(text.encode()).getvalue()))
    assert read.to_numpy().tolist() == [["Work them", -2000.0, 8000.5], ["Sell them", 1000.0, 1000.0]]
    pd.testing.assert_frame_equal(read_deals(read), read)
    (answer,) = json.loads(json.dumps(as_json(break_evens(read))))
    assert answer == {
        "deal_a": "Work them",
        "deal_b": "Sell them",
        "break_even": pytest.approx(3000 / 10_000.5),
        "inside": True,
        "better_below": "Sell them",
        "better_above": "Work them",
        "reason": "",
    }


def test_every_problem_of_a_file_is_named_with_its_rows() -> None:
    with pytest.raises(ValidationError) as caught:
        read_deals(read_table(b"name,profit_at_0,profit_at_1\nA,1,2\nA,many,2\n,3,\n"))
    said = "\n".join(caught.value.problems)
    for part in (
        "'profit_at_0': not an amount of money, such as 'many' (row 3)",
        "'profit_at_1': the amount is missing",
    ):
        assert part in said
    assert "the name is empty (row 4)" in said and "several rows, such as 'A' (rows 2, 3)" in said
    with pytest.raises(ValidationError, match="two deals or more are compared, however: got=1"):
        read_deals(deals(A=(1, 2)))
    with pytest.raises(ValidationError, match="no such column; the table has deal, profit_at_0"):
        read_deals(deals(A=(1, 2), B=(3, 4)).rename(columns={"name": "deal"}))


def test_pairs_stand_in_file_order() -> None:
    found = break_evens(deals(A=(0, 10), B=(5, 5), C=(8, -2)))
    assert found[["deal_a", "deal_b"]].to_numpy().tolist() == [["A", "B"], ["A", "C"], ["B", "C"]]
    assert found["break_even"].tolist() == pytest.approx([0.5, 0.4, 0.3])


@given(AMOUNT, AMOUNT, AMOUNT, AMOUNT)
def test_both_deals_bring_the_same_at_the_break_even(a0: float, a1: float, b0: float, b1: float) -> None:
    assume(a1 - a0 != b1 - b0)
    row = break_evens(deals(A=(a0, a1), B=(b0, b1))).iloc[0]

    def profit(share: float) -> dict[str, float]:
        return {"A": a0 + (a1 - a0) * share, "B": b0 + (b1 - b0) * share}

    share = float(row["break_even"])
    there, under, over = profit(share), profit(share - 1), profit(share + 1)
    assert there["A"] == pytest.approx(there["B"], abs=1e-6 * (1 + abs(share)) * 1e4)
    assert max(under, key=lambda name: under[name]) == row["better_below"]
    assert max(over, key=lambda name: over[name]) == row["better_above"]
    assert row["inside"] == (0 <= share <= 1) == (row["reason"] == "")
    if not row["inside"]:  # one deal is better from 0 to 1: the one that the reason names
        best = {max(profit(at), key=lambda name: profit(at)[name]) for at in (0.0, 1.0)}
        assert {str(row["reason"])[0]} == best


def test_deals_that_never_cross_say_so() -> None:
    found = break_evens(deals(A=(0.1, 1.1), B=(0.3, 1.3), C=(0.1, 1.1)))
    assert found["break_even"].isna().all() and not found["inside"].any()
    assert found["reason"].tolist() == [
        "the lines are parallel: B brings 0.20 more at every share of good leads",
        "both deals bring the same at every share of good leads",
        "the lines are parallel: B brings 0.20 more at every share of good leads",
    ]
    assert found["better_below"].tolist() == ["B", "", "B"]
    assert as_json(found)[0]["break_even"] is None
    assert break_evens(deals(A=(0, 1), B=(2, 4)))["reason"][0].startswith("B is better at every share")


@pytest.mark.parametrize("n", [1, 12, 200, 900])
def test_shares_of_independent_leads_follow_the_poisson_binomial_law(n: int) -> None:
    chance = np.random.default_rng(n).beta(1, 4, n)
    drawn = np.round(good_shares(chance, correlation=0.0, draws=40_000) * n)
    law = np.ones(1)
    for p in chance:
        law = np.convolve(law, [1 - p, p])
    sd = np.sqrt((chance * (1 - chance)).sum())
    assert drawn.mean() == pytest.approx(chance.sum(), abs=4 * sd / 200)
    assert drawn.std() == pytest.approx(sd, rel=0.03)
    for count in range(n + 1):
        assert (drawn <= count).mean() == pytest.approx(law[: count + 1].sum(), abs=0.012)


def test_correlated_leads_are_good_together_as_the_copula_says() -> None:
    drawn = good_shares([0.3, 0.3], correlation=0.4, draws=60_000)
    both = multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]]).cdf(norm.ppf([0.3, 0.3]))
    assert (drawn == 1).mean() == pytest.approx(both, abs=0.008)
    assert drawn.mean() == pytest.approx(0.3, abs=0.008)
    many = np.full(5_000, 0.1)
    assert good_shares(many, correlation=0.1).std() > 5 * good_shares(many, correlation=0.0).std()


def test_rare_high_chances_are_not_averaged_away() -> None:
    chance = np.append(np.full(20_000, 1e-4), np.full(30, 0.9))
    sd = np.sqrt((chance * (1 - chance)).sum())
    assert good_shares(chance, correlation=0.0).std() * len(chance) == pytest.approx(sd, rel=0.05)
    orders = risk(chance, 0.3, seed=1).orders
    assert (good_shares(chance, correlation=0.3, draws=len(orders), seed=1) * len(chance)).round().tolist() == (
        orders.tolist()
    ), "one sampler for both"


def test_leads_are_alike_by_the_same_measure_everywhere() -> None:
    default = inspect.signature(good_shares).parameters["correlation"].default
    assert default == inspect.signature(risk).parameters["correlation"].default == CORRELATION


def test_sure_leads_stay_sure() -> None:
    assert set(good_shares([0, 1, 1, 0], correlation=0.5)) == {0.5}


@pytest.mark.parametrize("correlation", [-0.1, 1.0, np.nan])
def test_an_impossible_correlation_is_refused(correlation: float) -> None:
    with pytest.raises(ConfigError, match=r"must lie in \[0, 1\)"):
        good_shares([0.5], correlation=correlation)


def test_what_a_person_believes_has_its_mean_and_width() -> None:
    shares = believed_shares(0.3, 0.2, 0.45)
    assert shares.mean() == pytest.approx(0.3, abs=1e-4)
    assert np.ptp(np.quantile(shares, [0.025, 0.975])) == pytest.approx(0.25, abs=1e-3)
    with pytest.raises(ConfigError, match=r"0 < low < mean < high < 1, however: got low=0.4"):
        believed_shares(0.3, 0.4, 0.5)
    with pytest.raises(ConfigError, match=r"too wide around 0.5"):
        believed_shares(0.5, 0.001, 0.999)


def test_the_chance_of_being_best_is_the_chance_of_lying_beyond_the_break_even() -> None:
    shares = believed_shares(0.35, 0.2, 0.5)
    two = deals(Work=(-2000, 8000), Sell=(1000, 1000))
    work, sell = better(two, shares).to_dict("records")
    assert work["chance_best"] == pytest.approx((shares > 0.3).mean(), abs=1e-3)
    assert work["chance_best"] + sell["chance_best"] == pytest.approx(1)
    assert work["expected_profit"] == pytest.approx(-2000 + 10_000 * shares.mean())
    low, high = np.quantile(-2000 + 10_000 * shares, [0.025, 0.975])
    assert (work["low"], work["high"]) == pytest.approx((low, high))
    assert (sell["low"], sell["high"]) == pytest.approx((1000, 1000))


def test_deals_that_tie_share_the_chance_and_a_falling_line_has_its_range_the_right_way_round() -> None:
    found = better(deals(A=(100, 0), B=(100, 0), C=(0, 0)), [0.1, 0.5, 0.9])
    assert found["chance_best"].tolist() == [0.5, 0.5, 0.0]
    assert (found["low"] <= found["expected_profit"]).all() and (found["expected_profit"] <= found["high"]).all()


def test_the_interval_holds_what_happens_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    chance = rng.beta(2, 6, 400)
    row = better(deals(A=(-500, 4000), B=(0, 0)), good_shares(chance, correlation=0.0, seed=1)).iloc[0]
    happened = -500 + 4500 * (rng.random((4_000, 400)) < chance).mean(axis=1)
    assert ((happened >= row["low"]) & (happened <= row["high"])).mean() == pytest.approx(0.95, abs=0.015)


def test_lines_run_from_no_good_lead_to_all() -> None:
    found = lines(deals(A=(-10, 30), B=(5, 5)), points=5)
    assert found[found["name"] == "A"]["profit"].tolist() == [-10, 0, 10, 20, 30]
    assert found["share"].tolist() == [0, 0.25, 0.5, 0.75, 1] * 2
    with pytest.raises(ConfigError, match="2 points or more"):
        lines(deals(A=(1, 2), B=(3, 4)), points=1)


def test_each_lead_is_kept_sold_or_dropped() -> None:
    found = keep_or_sell([0.5, 0.02, 0.01, 0.1], 1000, 40, [100, 15, 0, 60])
    assert found["decision"].tolist() == ["keep", "sell", "drop", "keep"]
    assert found["value_keep"].tolist() == pytest.approx([460, -20, -30, 60])
    assert found["value"].tolist() == pytest.approx([460, 15, 0, 60])
    assert found["low"].isna().all() and found["holds"].isna().all()
    assert as_json(found)[0]["holds"] is None


def test_a_decision_that_the_range_of_the_chance_may_turn_is_told() -> None:
    found = keep_or_sell([0.5, 0.1], 1000, 40, 50, low=[0.4, 0.05], high=[0.6, 0.2])
    assert found["holds"].tolist() == [True, False]
    assert found["low"].tolist() == pytest.approx([360, 10]) and found["high"].tolist() == pytest.approx([560, 160])


def test_impossible_leads_and_prices_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"outside 0\.\.1, such as '1.5' \(row 3\)"):
        keep_or_sell([0.5, 1.5], 1000, 40, 50)
    with pytest.raises(ConfigError, match="sale_price must be a number of at least 0, however: got=-1"):
        keep_or_sell([0.5], 1000, 40, -1)
    with pytest.raises(ConfigError, match="two ends"):
        keep_or_sell([0.5], 1000, 40, 5, low=[0.1])
    with pytest.raises(ValidationError, match=r"outside its range \(row 2\)"):
        keep_or_sell([0.5], 1000, 40, 5, low=[0.6], high=[0.7])
    with pytest.raises(NotComputable):
        good_shares([])


def test_a_flat_belief_is_the_widest_that_has_one_peak() -> None:
    assert believed_shares(0.5, 0.026, 0.974).std() == pytest.approx(beta(1, 1).std(), abs=0.005)
