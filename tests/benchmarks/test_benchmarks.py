"""Each script runs as its README says and gives ratios that can be true; how large they are is measured elsewhere."""

from __future__ import annotations

import importlib.util

import pytest

from tests.smoke import run


def test_padding_lies_between_its_bounds() -> None:
    result = run("padding", "--budgets", "2000", "512000000")
    mean = result["mean_tokens"]
    assert 330 < mean < 440
    assert result["pad_to_2000"] == pytest.approx(2_000 / mean, rel=1e-3)
    assert result["pad_to_3600"] == pytest.approx(3_600 / mean, rel=1e-3)
    assert 1 <= result["token_budget_2000"] < 1.05
    assert result["token_budget_2000"] < result["token_budget_512000000"] < result["random_batches_of_32"]
    assert result["random_batches_of_32"] < result["pad_to_2000"]


def test_scoring_is_faster_than_padding_and_says_the_same() -> None:
    result = run("scoring", "--budgets", "600")
    rates, ratios = result["leads_per_second"], result["ours_over"]
    assert ratios.keys() | {"ours"} == rates.keys()
    for name, ratio in ratios.items():
        assert ratio == pytest.approx(rates["ours"] / rates[name])
    # Nine and five times the tokens: even a busy machine does not make up for that.
    assert ratios["padded_to_3600"] > 2
    assert ratios["padded_to_2000"] > 1.5
    assert result["largest_score_difference"] < 1e-3


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is installed for the benchmarks alone")
def test_more_pairs_a_second_than_trl_and_no_claim_of_faster_training() -> None:
    result = run("pairs")
    for what in ("pairs", "leads"):
        rate = result[f"{what}_per_second"]
        assert min(rate.values()) > 0
        assert result[f"{what}_ratio"] == pytest.approx(rate["ours"] / rate["trl"])
    # A step of 64 leads holds hundreds of pairs; TRL forms 32 of as many readings.
    assert result["pairs_ratio"] > 5 * result["leads_ratio"]
    assert len(result["time_to_same_loss_ratio_by_seed"]) == 1
    assert result["time_to_same_loss_ratio"] > 0
    assert "not training speed" in result["note"]
