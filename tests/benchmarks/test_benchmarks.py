"""Each script runs as its README says and gives ratios that can be true; how large they are is measured elsewhere."""

from __future__ import annotations

import importlib.util

import pytest

from benchmarks.padding import measure
from core.neural.states import PASS_TOKENS
from tests.smoke import run


def test_padding_lies_between_its_bounds() -> None:
    result = run("padding", "--budgets", "32768", "512000000")
    mean = result["mean_tokens"]
    assert 330 < mean < 440
    assert result["pad_to_2000"] == pytest.approx(2_000 / mean, rel=1e-3)
    assert result["pad_to_3600"] == pytest.approx(3_600 / mean, rel=1e-3)
    assert 1 <= result["packed_32768"] < 1.01
    assert result["bucketed_32768"] < result["bucketed_512000000"] < result["random_batches_of_32"]
    assert result["random_batches_of_32"] < result["pad_to_2000"]


def test_what_a_gpu_computes_beyond_the_leads_own_tokens() -> None:
    result = measure(20_000, [PASS_TOKENS["cuda"]], seed=0)
    assert 1 <= result["packed_32768"] <= 1.02
    assert result["packed_32768"] < result["bucketed_32768"] <= 1.10


def test_scoring_is_faster_than_padding_and_says_the_same() -> None:
    result = run("scoring", "--budgets", "600", "--bf16")
    rates, ratios = result["leads_per_second"], result["ours_over"]
    assert ratios.keys() | {"ours"} == rates.keys()
    for name, ratio in ratios.items():
        assert ratio == pytest.approx(rates["ours"] / rates[name])
    # Nine and five times the tokens: even a busy machine does not make up for that.
    assert ratios["padded_to_3600"] > 2
    assert ratios["padded_to_2000"] > 1.5
    assert result["largest_score_difference"] < 1e-3 < result["bf16"]["largest_step"]


def test_frozen_layers_kept_on_disk_change_nothing() -> None:
    (row,) = run("prefix")["rows"]
    assert row["largest_difference"] < 1e-4 and row["validation"] == row["validation_without"]
    assert row["ratio"] == pytest.approx(row["seconds_without"] / row["seconds"])


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


def test_a_training_run_holds_a_share_of_its_leads() -> None:
    (size,) = run("training_memory", "--memory-gb", "0.0001").values()
    assert size["leads"] == 600 and {"read", "fit heads", "baselines"} <= set(size["steps"])
    assert all(step["resident_mib"] >= step["held_mib"] > 50 for step in size["steps"].values())
    assert f"of {size['split']['train']} leads (memory_gb)" in size["decisions"]["probed"]
