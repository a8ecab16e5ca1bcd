"""The search: its first trial is plain, a draw never lowers it, and array-level trees equal those of the scorer."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import average_precision_score, roc_auc_score

from core.boosted import tuning
from core.boosted.tuning import FIRST_TRIAL, draw_settings, fit_binary, search
from core.errors import NotComputable


def world(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """A number, a number of no use, and a category, with names that LightGBM refuses by itself."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame({'"a": [1]': rng.normal(size=n), "b,c": rng.normal(size=n)})
    x["city"] = pd.Categorical(rng.choice(["york", "hull"], n), categories=["york", "hull"])
    logit = -1.5 + 1.5 * x['"a": [1]'].to_numpy() + (x["city"] == "york").to_numpy()
    return x, (rng.random(n) < expit(logit)).astype(float)


def test_search_takes_the_first_of_the_best_and_draws_no_more_than_it_was_given() -> None:
    tried: list[dict] = []

    def attempt(settings: dict) -> SimpleNamespace:
        tried.append(settings)
        return SimpleNamespace(validation=[0.1, 0.3, 0.3, 0.2][len(tried) - 1], number=len(tried))

    best = search(attempt, draw_settings, FIRST_TRIAL, trials=4, rng=np.random.default_rng(0))
    assert best.number == 2
    assert tried[0] == FIRST_TRIAL and len(tried) == 4
    rng = np.random.default_rng(0)
    assert tried[1:] == [draw_settings(rng) for _ in range(3)]
    assert all(settings.keys() == FIRST_TRIAL.keys() for settings in tried)
    with pytest.raises(NotComputable, match="trials must be 1 or more"):
        search(attempt, draw_settings, FIRST_TRIAL, trials=0, rng=rng)


def test_trees_learn_report_their_precision_and_repeat_themselves() -> None:
    (x, y), (later, won), (new, outcome) = world(1500, 0), world(500, 1), world(1000, 2)
    trees, again = (fit_binary(x, y, later, won, seed=4, trials=3) for _ in range(2))
    assert roc_auc_score(outcome, trees.score(new)) > 0.78
    assert trees.validation == pytest.approx(average_precision_score(won, trees.score(later)))
    assert trees.chosen["rounds"] == trees.booster.best_iteration
    np.testing.assert_array_equal(trees.score(new), again.score(new))
    assert trees.score(new.iloc[:0]).shape == (0,)


def test_leads_of_unknown_outcome_change_nothing() -> None:
    (x, y), (later, won) = world(1200, 0), world(400, 1)
    seen, held = np.arange(1200) % 3 > 0, np.arange(400) % 2 > 0
    whole = fit_binary(x, np.where(seen, y, np.nan), later, np.where(held, won, np.nan), trials=1)
    part = fit_binary(x[seen], y[seen], later[held], won[held], trials=1)
    np.testing.assert_array_equal(whole.score(later), part.score(later))
    assert whole.validation == part.validation


def test_a_shuffled_outcome_teaches_nothing() -> None:
    areas = []
    for seed in range(5):
        (x, y), (later, won), (new, outcome) = world(800, seed), world(400, seed + 50), world(2000, seed + 90)
        rng = np.random.default_rng(seed)
        trees = fit_binary(x, rng.permutation(y), later, rng.permutation(won), seed=seed, trials=2)
        areas.append(roc_auc_score(outcome, trees.score(new)))
    assert abs(np.mean(areas) - 0.5) < 0.08


def test_a_search_on_a_part_ends_with_all_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "TUNING_LEADS", 300)
    (x, y), (later, won) = world(1500, 0), world(400, 1)
    trees = fit_binary(x, y, later, won, trials=2)
    assert trees.booster.num_trees() == trees.chosen["rounds"]
    assert trees.booster.dump_model()["tree_info"][0]["tree_structure"]["internal_count"] > 300


def test_refuses_what_it_cannot_do() -> None:
    (x, y), (later, won) = world(200, 0), world(100, 1)
    with pytest.raises(NotComputable, match="no numeric or categorical"):
        fit_binary(x.iloc[:, :0], y, later.iloc[:, :0], won)
    with pytest.raises(NotComputable, match=r"training part.* 0 of 200"):
        fit_binary(x, np.zeros(200), later, won)
    with pytest.raises(NotComputable, match=r"calibration part.* 0 of 0"):
        fit_binary(x, y, later, np.full(100, np.nan))
