"""LightGBM on the fields: it learns, repeats itself, calibrates, and refuses what it cannot do."""

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from scipy.special import expit
from sklearn.metrics import average_precision_score, roc_auc_score

from core.boosted import tuning
from core.boosted.scorer import train_boosted
from core.data.leads import Leads
from core.data.schema import Features, Roles, Schema
from core.errors import NotComputable
from core.scores import Scorer


def world(n: int = 3000, seed: int = 0) -> Leads:
    """An interaction, a category and gaps: trees can learn it, a line cannot."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    city = rng.choice(["york", "leeds", "hull"], n)
    z = -2.2 + 1.5 * np.sign(x[:, 0] * x[:, 1]) + (city == "york") + 0.5 * x[:, 2]
    x[rng.random(n) < 0.2, 2] = np.nan
    ids = [f"L{i:05d}" for i in range(n)]
    roles = pd.DataFrame(
        {
            "lead_id": ids,
            "customer_id": ids,
            "owner": "",
            "snapshot_time": pd.NaT,
            "converted": (rng.random(n) < expit(z)).astype(float),
            "stage": -1,
            "call_seconds": np.nan,
            "dialogue": "",
        }
    )
    # Names with signs that LightGBM refuses by itself.
    features = pd.DataFrame({"a": x[:, 0], 'b: "quoted"': x[:, 1], "c": x[:, 2], "d,e": x[:, 3], "city": city})
    return Leads(roles, features, Schema(Roles("lead_id"), Features(tuple(features.columns[:4]), ("city",))))


def parts() -> tuple[Leads, Leads, Leads]:
    leads = world()
    return leads.take(np.arange(1500)), leads.take(np.arange(1500, 2000)), leads.take(np.arange(2000, 3000))


def test_learns_and_calibrates() -> None:
    train, calibration, test = parts()
    scorer: Scorer = train_boosted(train, calibration, trials=4)
    scores = scorer.score(test).aligned(test.lead_id)
    untuned = LGBMClassifier(verbosity=-1, n_jobs=1, random_state=0)
    untuned.fit(train.features.iloc[:, :4].to_numpy(), train.converted)
    assert scorer.name == "LightGBM (fields)"
    assert roc_auc_score(test.converted, scores["score"]) > 0.75
    # Without the category, and untuned, a plain LightGBM must lie below.
    plain = np.asarray(untuned.predict_proba(test.features.iloc[:, :4].to_numpy()))[:, 1]
    assert average_precision_score(test.converted, scores["score"]) > average_precision_score(test.converted, plain)
    assert scores["probability"].mean() == pytest.approx(test.converted.mean(), abs=0.04)
    assert scores["probability"].corr(scores["score"], method="spearman") == pytest.approx(1)


def test_more_trials_never_end_lower_on_the_slice() -> None:
    train, calibration, _ = parts()
    found = [train_boosted(train, calibration, trials=t).parameters["average_precision"] for t in (1, 3)]
    assert found[1] >= found[0]


def test_the_reported_precision_is_that_of_the_scores() -> None:
    train, calibration, _ = parts()
    scorer = train_boosted(train, calibration, trials=2)
    score = scorer.score(calibration).aligned(calibration.lead_id)["score"]
    expected = average_precision_score(calibration.converted, score)
    assert scorer.parameters["average_precision"] == pytest.approx(expected)


def test_the_same_seed_gives_the_same_scores() -> None:
    train, calibration, test = parts()
    first, second = (train_boosted(train, calibration, seed=3, trials=2).score(test).frame for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_large_files_are_tuned_on_a_part_and_refitted_on_all(monkeypatch: pytest.MonkeyPatch) -> None:
    train, calibration, test = parts()
    monkeypatch.setattr(tuning, "TUNING_LEADS", 400)
    scorer = train_boosted(train, calibration, trials=2)
    assert scorer.booster.num_trees() == scorer.parameters["rounds"]
    assert scorer.booster.dump_model()["tree_info"][0]["tree_structure"]["internal_count"] > 400
    score = scorer.score(test).aligned(test.lead_id)["score"]
    assert roc_auc_score(test.converted, score) > 0.65


def test_unknown_outcomes_are_left_out_and_unseen_cities_scored() -> None:
    train, calibration, test = parts()
    gaps = train.roles.assign(converted=train.roles["converted"].where(np.arange(len(train)) % 2 == 0))
    half = train_boosted(Leads(gaps, train.features, train.schema), calibration, trials=1)
    other = train_boosted(train.take(np.arange(0, len(train), 2)), calibration, trials=1)
    pd.testing.assert_frame_equal(half.score(test).frame, other.score(test).frame)
    moved = Leads(test.roles, test.features.assign(city="paris"), test.schema)
    assert len(half.score(moved)) == len(test)
    assert len(half.score(test.take(np.array([], dtype=int)))) == 0


def test_refuses_what_it_cannot_do() -> None:
    train, calibration, _ = parts()
    lost = calibration.take(np.flatnonzero(calibration.converted == 0))
    with pytest.raises(NotComputable, match="calibration part"):
        train_boosted(train, lost)
    with pytest.raises(NotComputable, match="training part"):
        train_boosted(lost, calibration)
    bare = Leads(train.roles, pd.DataFrame(index=train.roles.index), Schema(Roles("lead_id")))
    with pytest.raises(NotComputable, match="no numeric or categorical"):
        train_boosted(bare, calibration)
