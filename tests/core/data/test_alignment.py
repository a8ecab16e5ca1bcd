"""Tier reports count the pairs that are made and tell tiers that follow the sale from those that do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from core.data.alignment import tier_report
from core.data.pairs import Pairing
from core.funnel import Funnel, Tier
from tests.core.data.staged import MIXED, lead_arrays, make_leads


@settings(max_examples=60, deadline=None)
@given(lead_arrays())
def test_report_counts_without_making_pairs(arrays):
    stage, converted, seconds = arrays
    leads = make_leads(stage, converted, seconds, MIXED)
    pairing = Pairing.fit(leads)
    pairs = pairing.pairs(stage, converted, seconds)
    for number, report in enumerate(tier_report(leads, pairing)):
        here = pairs.tier == number
        agreeing = (converted[pairs.chosen[here]] == 1) & (converted[pairs.rejected[here]] == 0)
        assert report.pairs == here.sum()
        assert report.agreeing == agreeing.sum()
        assert (report.warning is not None) or report.pairs > 0
        if report.agreement:
            value, low, high = report.agreement
            assert value == pytest.approx(report.agreeing / (report.agreeing + report.contradicting))
            assert 0 <= low <= value <= high <= 1


def simulated(alignment: float, decided: bool, n: int = 20_000):
    """Stages driven by purchase intent as far as `alignment` says; `decided`: the last stage is the sale itself."""
    rng = np.random.default_rng(7)
    intent, other, noise = rng.normal(size=(3, n))
    reach = alignment * intent + np.sqrt(1 - alignment**2) * other
    stage = np.digitize(reach, [0.0, 0.6, 1.2])
    converted = (intent + rng.normal(size=n) > 2.2).astype(float)
    if decided:
        stage[converted == 1] = 4
    return make_leads(stage, converted, rng.exponential(60, n)), intent + noise


def test_report_where_stages_and_outcome_are_apart():
    leads, _ = simulated(0.8, decided=False)
    key = tier_report(leads, Pairing.fit(leads))[1]
    chosen, rejected = leads.stage == 3, np.isin(leads.stage, [1, 2])
    assert key.chosen_rate == pytest.approx(leads.converted[chosen].mean())
    assert key.rejected_rate == pytest.approx(leads.converted[rejected].mean())
    assert key.agreement is not None and key.agreement[1] > 0.5
    assert key.warning is None and not key.by_definition
    odds = [rate / (1 - rate) for rate in (leads.converted[chosen].mean(), leads.converted[rejected].mean())]
    assert key.agreement[0] == pytest.approx(odds[0] / (odds[0] + odds[1]))

    leads, _ = simulated(-0.8, decided=False)
    key = tier_report(leads, Pairing.fit(leads))[1]
    assert key.warning is not None and "wrong way" in key.warning
    leads, _ = simulated(0.0, decided=False)
    key = tier_report(leads, Pairing.fit(leads))[1]
    assert key.warning is not None and "hardly follows" in key.warning


def test_report_where_the_last_stage_is_the_sale_needs_a_score():
    leads, score = simulated(0.8, decided=True)
    overall, key, soft = tier_report(leads, Pairing.fit(leads))
    assert overall.by_definition and overall.warning is None and overall.agreement is not None
    assert key.by_definition and key.warning is not None and "cannot be checked" in key.warning
    assert soft.agreement is None and soft.warning is not None and "cannot be checked" in soft.warning

    _, key, soft = tier_report(leads, Pairing.fit(leads), score)
    assert key.likeness is not None and key.likeness[1] > 0.5 and key.warning is None
    assert soft.likeness is not None and soft.likeness[1] < 0.5 < soft.likeness[2]
    assert soft.warning is not None and "hardly follows" in soft.warning
    leads, score = simulated(0.1, decided=True)
    key = tier_report(leads, Pairing.fit(leads), score)[1]
    assert key.warning is not None and "hardly follows" in key.warning
    leads, score = simulated(-0.8, decided=True)
    key = tier_report(leads, Pairing.fit(leads), score)[1]
    assert key.warning is not None and "wrong way" in key.warning


def test_likeness_is_the_auc_over_pairs_of_equal_outcome():
    leads, score = simulated(0.5, decided=True, n=300)
    score = score.round(1)  # ties
    pairing = Pairing.fit(leads)
    pairs = pairing.pairs(leads.stage, leads.converted, leads.call_seconds)
    for number, report in enumerate(tier_report(leads, pairing, score)):
        same = (pairs.tier == number) & (leads.converted[pairs.chosen] == leads.converted[pairs.rejected])
        if report.likeness is None:
            assert not same.any()
        else:
            gap = np.sign(score[pairs.chosen[same]] - score[pairs.rejected[same]])
            assert report.likeness[0] == pytest.approx((gap + 1).mean() / 2)


def test_interval_of_the_agreement_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    funnel = Funnel(("a", "b"), (Tier("t", 0.5, ("b",), ("a",)),))
    rates = np.array([0.05, 0.1])
    odds = rates / (1 - rates)
    truth = odds[1] / odds.sum()
    held = 0
    for _ in range(100):
        stage = np.repeat([0, 1], [400, 200])
        leads = make_leads(stage, rng.random(600) < rates[stage], funnel=funnel)
        agreement = tier_report(leads, Pairing.fit(leads))[0].agreement
        assert agreement is not None
        held += agreement[1] <= truth <= agreement[2]
    assert held >= 88  # 95 expected; 88 or fewer once in about 250


def test_a_tier_without_leads_says_so():
    leads = make_leads([0, 0, 1], [0, 0, 0])
    overall = tier_report(leads, Pairing.fit(leads))[0]
    assert (overall.pairs, overall.agreement, overall.chosen_rate) == (0, None, None)
    assert overall.warning is not None and "no pairs" in overall.warning
    assert "0 pairs" in overall.summary
