import numpy as np
import pytest

from core.talk.sample import choose, pool


def test_the_rare_best_and_all_times_are_in_and_weights_stand_for_all():
    rng = np.random.default_rng(0)
    score, time = rng.normal(size=4000), np.datetime64("2025-01-01", "h") + np.arange(4000)
    chosen = choose(score, time, 200)
    assert len(chosen) == 200 and chosen["row"].is_unique
    assert chosen["weight"].sum() == pytest.approx(4000)
    rank = np.argsort(np.argsort(-score))[chosen["row"]]
    assert (rank < 40).sum() >= 10 and (rank < 200).sum() >= 25  # 2 and 10 by chance
    for band in range(4):
        quarter = chosen.loc[chosen["band"] == band, "row"] // 1000
        assert quarter.nunique() == 4
    mean = np.average(score[chosen["row"]], weights=chosen["weight"])
    assert abs(mean) < 0.2 < score[chosen["row"]].mean()


def test_a_small_file_is_taken_whole_and_without_dates():
    chosen = choose(np.arange(30.0), np.full(30, np.datetime64("NaT")), 200)
    assert chosen["row"].tolist() == list(range(30)) and (chosen["weight"] == 1).all()
    assert sorted(pool(30, 200)) == list(range(30))
    assert len(choose(np.array([]), np.array([], dtype="datetime64[us]"), 200)) == 0
