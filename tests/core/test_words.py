"""TF-IDF and logistic regression: what it hears, what it adds, and when it has nothing to say."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from core.data.leads import Leads
from core.data.schema import Features, Roles, Schema
from core.errors import NotComputable
from core.scores import Scorer
from core.words import LogisticScorer, lead_text, train_logistic, train_words

ENGLISH = {
    "keen": "when could I drive it home",
    "cool": "please stop calling me",
    "fill": "well er yes I see so then right ok",
}
CHINESE = {"keen": "什么时候可以提车", "cool": "请不要再打电话", "fill": "嗯好的知道了我看看再说吧"}


def world(words: dict[str, str] = ENGLISH, n: int = 2500, dialogue: bool = True, title: bool = False) -> Leads:
    """Words tell one half of the intent, fields the other."""
    rng = np.random.default_rng(0)
    said, budget = rng.normal(size=n), rng.normal(size=n)
    filler = words["fill"].split(" ") if " " in words["fill"] else list(words["fill"])
    joint = " " if " " in words["fill"] else ""
    turns = []
    for value in said + 0.5 * rng.normal(size=n):
        meant = words["keen"] if value > 0.5 else words["cool"] if value < -0.5 else ""
        turns.append("Customer: " + joint.join([*rng.choice(filler, 6), meant]))
    ids = [f"L{i:05d}" for i in range(n)]
    roles = pd.DataFrame(
        {
            "lead_id": ids,
            "customer_id": ids,
            "owner": "",
            "snapshot_time": pd.NaT,
            "converted": (rng.random(n) < expit(1.5 * said + 1.5 * budget - 2)).astype(float),
            "stage": -1,
            "call_seconds": np.nan,
            "dialogue": turns if dialogue else "",
        }
    )
    features = pd.DataFrame({"budget": budget})
    if title:
        features["title"] = turns
    return Leads(roles, features, Schema(Roles("lead_id"), Features(("budget",), (), ("title",) if title else ())))


def parts(leads: Leads) -> tuple[Leads, Leads, Leads]:
    return leads.take(np.arange(1000)), leads.take(np.arange(1000, 1500)), leads.take(np.arange(1500, 2500))


@cache
def trained(fields: bool) -> tuple[LogisticScorer, Leads]:
    """One scorer of each kind for all tests, and its test part."""
    train, calibration, test = parts(world())
    return train_words(train, calibration, fields=fields), test


def auc(scorer: Scorer, test: Leads) -> float:
    return float(roc_auc_score(test.converted, scorer.score(test).aligned(test.lead_id)["score"]))


def test_words_fields_and_both_each_add() -> None:
    train, calibration, test = parts(world())
    words, both = trained(fields=False)[0], trained(fields=True)[0]
    fields = train_logistic(train, calibration)
    assert words.name == "TF-IDF + logistic regression (words)"
    assert fields.name == "Logistic regression (fields)"
    assert both.name == "TF-IDF + logistic regression (words and fields)"
    assert auc(words, test) > 0.65 and auc(fields, test) > 0.7
    assert auc(both, test) > max(auc(words, test), auc(fields, test)) + 0.05


def test_probabilities_match_the_rate_and_the_order() -> None:
    scorer, test = trained(fields=True)
    scores = scorer.score(test).frame
    assert scores["probability"].is_monotonic_decreasing
    assert scores["probability"].mean() == pytest.approx(test.converted.mean(), abs=0.04)


def test_chinese_goes_by_characters() -> None:
    train, calibration, test = parts(world(CHINESE))
    scorer = train_words(train, calibration, fields=False)
    assert scorer.words is not None and scorer.words.analyzer == "char" and "提车" in scorer.words.vocabulary_
    assert auc(scorer, test) > 0.65
    english = trained(fields=False)[0]
    assert english.words is not None and "drive it" in english.words.vocabulary_


def test_text_features_count_as_words() -> None:
    train, calibration, test = parts(world(dialogue=False, title=True))
    assert auc(train_words(train, calibration, fields=False), test) > 0.65
    said = world(n=2, title=True)
    assert lead_text(said)[0] == said.dialogue[0] + "\n" + said.features["title"][0]


def test_the_same_leads_give_the_same_scores_and_no_leads_none() -> None:
    train, calibration, test = parts(world())
    again = train_words(train, calibration, fields=False)
    pd.testing.assert_frame_equal(again.score(test).frame, trained(fields=False)[0].score(test).frame)
    scorer = train_logistic(train, calibration)
    assert len(scorer.score(test.take(np.array([], dtype=int)))) == 0


def test_a_lead_without_words_is_still_scored() -> None:
    scorer, test = trained(fields=False)
    silent = Leads(test.roles.assign(dialogue=""), test.features, test.schema)
    scores = scorer.score(silent).frame
    assert len(scores) == len(test) and scores["score"].nunique() == 1


def test_refuses_what_it_cannot_do() -> None:
    train, calibration, _ = parts(world(dialogue=False))
    for fields in (False, True):
        with pytest.raises(NotComputable, match="no words"):
            train_words(train, calibration, fields=fields)
    heard, later, _ = parts(world())
    bare = Leads(heard.roles, pd.DataFrame(index=heard.roles.index), Schema(Roles("lead_id")))
    with pytest.raises(NotComputable, match="no fields"):
        train_logistic(bare, later)
    with pytest.raises(NotComputable, match="calibration part"):
        train_words(heard, later.take(np.flatnonzero(later.converted == 0)), fields=False)
