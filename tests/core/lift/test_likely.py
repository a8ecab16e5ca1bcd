"""The range of a chance: what came of earlier leads near it, and silence where they are too few."""

import json

import numpy as np
import pytest
from scipy.stats import binomtest

from core.lift.likely import LEAST_LEADS, LITTLE, Likely, Past, TooLittle, likely_of
from tests.lineups import owned_leads, run_scores


def test_the_nearest_on_either_side_are_counted_with_wilsons_interval() -> None:
    rng = np.random.default_rng(0)
    chance = np.sort(rng.uniform(0.01, 0.4, 3000))
    ordered = (rng.random(3000) < chance).astype(float)
    past = Past(chance, ordered)
    found = past.near((chance[1499] + chance[1500]) / 2)
    came = int(ordered[1400:1600].sum())
    bounds = binomtest(came, 200).proportion_ci(0.95, "wilson")
    assert found == Likely(200, came, bounds.low, bounds.high)
    assert f"of the 200 earlier leads with the nearest chances, {came} did" in found.words


def test_leads_of_the_outermost_chance_are_all_taken() -> None:
    chance = np.repeat([0.1, 0.2, 0.3], 400)
    ordered = np.tile([1.0, 0, 0, 0], 300)
    found = Past(chance, ordered).near(0.2)
    assert isinstance(found, Likely) and (found.leads, found.orders) == (1200, 300)
    shuffled = np.random.default_rng(1).permutation(1200)
    assert Past(chance[shuffled], ordered[shuffled]).near(0.2) == Past(chance, ordered).near(0.2)


def test_too_little_is_said_outside_at_the_ends_and_where_no_order_can_be_expected() -> None:
    chance = np.linspace(0.05, 0.5, 1000)
    past = Past(chance, np.arange(1000) % 4 == 0)
    for asked, words in ((0.6, "so high a chance"), (0.01, "so low"), (chance[-10], "only 1"), (chance[5], "only 1")):
        found = past.near(asked)
        assert isinstance(found, TooLittle) and words in found.words and found.words.startswith(LITTLE)
    low = Past(np.linspace(1e-4, 2e-4, 1000), np.zeros(1000)).near(1.5e-4)
    assert isinstance(low, TooLittle) and "hardly any order" in low.words
    nothing = Past(np.array([]), np.array([])).near(0.1)
    assert isinstance(nothing, TooLittle) and "no earlier lead" in nothing.words
    # A lead that nobody ordered like, where some were promised, is told: 0 of many is knowledge.
    none = past.near(0.2), Past(chance, np.zeros(1000)).near(0.2)
    assert isinstance(none[1], Likely) and none[1].orders == 0 and 0 == none[1].low < none[1].high < 0.05


@pytest.mark.parametrize(("n", "base"), [(1000, 0.08), (20_000, 0.0133)])
def test_the_range_holds_the_true_mean_chance_of_such_leads(n: int, base: float) -> None:
    """The model's chances are wrong here, all too high and too alike; the ranges hold what is true all the same: the
    mean chance of leads that have such a score. What one lead does, no range can hold."""
    rng = np.random.default_rng(7)
    centre = np.log(base / (1 - base)) - 0.5
    held, asked, silent = 0, 0, 0
    for _ in range(25):
        worth = 1.2 * rng.normal(size=n)
        true, shown = 1 / (1 + np.exp(-worth - centre)), 1 / (1 + np.exp(-0.8 * worth - centre - 0.3))
        past = Past(shown, (rng.random(n) < true).astype(float))
        for one in 1.2 * rng.normal(size=40):
            asked += 1
            found = past.near(1 / (1 + np.exp(-0.8 * one - centre - 0.3)))
            if isinstance(found, TooLittle):
                silent += 1
            else:
                held += found.low <= 1 / (1 + np.exp(-one - centre)) <= found.high
    assert silent < 0.2 * asked
    assert held >= 0.9 * (asked - silent)


def test_the_leads_that_a_run_was_tested_on_are_its_past(tmp_path) -> None:
    leads = owned_leads(600)
    run_scores(leads).scores["model"].frame.to_parquet(tmp_path / "test_scores.parquet")
    chance = float(np.median(run_scores(leads).scores["model"].frame["probability"]))
    found = likely_of(tmp_path, json.loads("{}"), leads, chance)
    assert (
        isinstance(found, Likely) and found.leads >= LEAST_LEADS and found.low < found.orders / found.leads < found.high
    )
    for card, folder, words in (
        ({"tested_on": "calibration"}, tmp_path, "had learned from"),
        ({}, tmp_path / "gone", "no scores of its test part"),
    ):
        little = likely_of(folder, card, leads, chance)
        assert isinstance(little, TooLittle) and words in little.why
    tested = len(run_scores(leads).scores["model"].frame)
    last = leads.take(np.arange(len(leads) - 20, len(leads)))
    few, none = likely_of(tmp_path, {}, last, 0.99), likely_of(tmp_path, {}, leads.take(np.arange(20)), chance)
    assert isinstance(few, TooLittle) and f"of the {tested} leads that the model was tested on are in" in few.words
    assert isinstance(none, TooLittle) and "give the one that it was trained on" in none.words
    whole = likely_of(tmp_path, {}, leads, 0.9999)
    assert isinstance(whole, TooLittle) and "no earlier lead had so high a chance" in whole.words
