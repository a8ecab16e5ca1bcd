"""How long a comparison takes: from measured constants first, then from its own trainings."""

from dataclasses import replace

import pytest

from core.benchmark.arms import choose
from core.benchmark.forecast import READING, TUNED, seconds_left, seconds_needed, seconds_of
from core.funnel import Funnel
from tests.benchmarked import ARMS, made_results


def begun(keep):
    """Results of which only the trials are there that `keep` says."""
    whole = made_results()
    seeds_of = {key: [0] if key in ("newest", "lightgbm") else [0, 1, 2] for key in ARMS}
    trials = tuple(one for one in whole.trials if keep(one))
    waiting = tuple(key for key in ARMS if key != "lora" and sum(t.arm == key for t in trials) < len(seeds_of[key]))
    return replace(whole, trials=trials, waiting=waiting, shared={**whole.shared, "seeds_of": seeds_of, "reads": True})


def test_reading_counts_once_and_only_where_something_reads():
    without = choose(["lightgbm", "deepfm"], Funnel()).values()
    reading = choose(["lightgbm", "deepfm", "deepfm+text"], Funnel()).values()
    plain = seconds_needed(without, 2000, 3, 5, words=True)
    assert plain == seconds_needed(without, 2000, 3, 5, words=False)
    more = seconds_needed(reading, 2000, 3, 5, words=True) - seconds_needed(reading, 2000, 3, 5, words=False)
    assert more == pytest.approx(2 * READING)


def test_more_seeds_cost_only_what_seeds_change():
    arms = choose(["newest", "logistic", "deepfm"], Funnel())
    once, thrice = (seconds_needed(arms.values(), 1000, seeds, 5, words=False) for seeds in (1, 3))
    assert thrice - once == pytest.approx(2 * seconds_of(arms["deepfm"], 1000, 5))


def test_the_rule_with_a_network_within_is_trained_with_every_seed():
    (arm,) = choose(["two-stage"], Funnel()).values()
    assert seconds_of(arm, 1000, 5) == seconds_of(choose(["deepfm"], Funnel())["deepfm"], 1000, 5)
    once, thrice = (seconds_needed([arm], 1000, seeds, 5, words=False) for seeds in (1, 3))
    assert thrice == pytest.approx(3 * once)


def test_tuning_reads_by_itself_and_waits_for_no_reading():
    tuned = choose(["lora"], Funnel()).values()
    assert seconds_needed(tuned, 2000, 1, 5, words=True) == seconds_needed(tuned, 2000, 1, 5, words=False)


def test_what_is_held_up_is_not_waited_for():
    some = begun(lambda one: one.arm == "newest")
    held_up = dict.fromkeys((key for key in some.waiting if key != "lightgbm"), "no weights")
    left = seconds_left(replace(some, shared={**some.shared, "held_up": held_up}))
    assert 0 < left < READING


def test_tuning_the_language_model_takes_longest():
    arms = choose(["all"], Funnel())
    longest = max(arms.values(), key=lambda arm: seconds_of(arm, 1000, 5))
    assert longest.family == "lora" and seconds_of(longest, 1000, 5) == TUNED


def test_what_is_left_is_taken_from_the_same_way_first():
    left = seconds_left(begun(lambda one: one.arm != "deepfm" or one.seed < 2))
    assert left == pytest.approx((60 + 120) / 2 + 0.5 * 1.2)  # the mean of its two, and the scoring of 1,200 leads


def test_what_is_left_falls_to_nothing():
    assert seconds_left(begun(lambda one: True)) == 0
    early = seconds_left(begun(lambda one: one.arm == "newest"))
    later = seconds_left(begun(lambda one: one.seed == 0))
    assert early > READING and later > 0
