import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decisions.economics.hits import KINDS, at_threshold, picture, thresholds
from core.errors import ConfigError, NotComputable, ValidationError
from core.evaluation import Missing, wilson
from core.ranking import Figure

ARTICLE = np.repeat([1, 0, 1, 0], [6, 2, 3, 14])
"""25 leads: eight called, six of which order; of the seventeen others three do."""
CHANCE = np.concatenate([np.linspace(0.95, 0.55, 8), np.linspace(0.45, 0.02, 17)])


def value(figure: Figure | Missing) -> float:
    assert isinstance(figure, Figure)
    return figure.value


def test_the_articles_25_leads() -> None:
    hits = at_threshold(CHANCE, ARTICLE, 0.5)
    assert (hits.tp, hits.fp, hits.fn, hits.tn, hits.leads, hits.called) == (6, 2, 3, 14, 25, 8)
    assert value(hits.accuracy) == pytest.approx(0.80)
    assert value(hits.precision) == pytest.approx(0.75)
    assert round(value(hits.recall), 2) == 0.67
    assert hits.recall == wilson(6, 9)


def test_the_articles_picture() -> None:
    shuffled = np.random.default_rng(1).permutation(25)
    found = picture(CHANCE[shuffled], ARTICLE[shuffled], 0.5)
    assert found["kind"].value_counts().to_dict() == dict(zip(KINDS, (6, 2, 3, 14), strict=True))
    assert found["place"].tolist() == list(range(1, 26)) and found["probability"].is_monotonic_decreasing
    assert (shuffled[found["lead"]] == np.arange(25)).all()
    assert (found["outcome"] == ARTICLE).all()


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 1)), min_size=1, max_size=40), st.integers(0, 10))
def test_counts_are_those_of_counting_one_by_one(leads: list[tuple[int, int]], tenths: int) -> None:
    chance, outcome = np.array(leads).T
    hits = at_threshold(chance / 10, outcome, tenths / 10)
    pairs = [(one >= tenths, bool(won)) for one, won in leads]
    expected = [pairs.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False))]
    assert [hits.tp, hits.fp, hits.fn, hits.tn] == expected
    assert picture(chance / 10, outcome, tenths / 10)["kind"].isin(KINDS[:2]).sum() == hits.called


def test_every_threshold_of_the_chart_is_that_threshold_alone() -> None:
    found = thresholds(CHANCE, ARTICLE, points=11)
    for row in found.to_dict("records"):
        hits = at_threshold(CHANCE, ARTICLE, row["threshold"])
        assert (row["tp"], row["fp"], row["fn"], row["tn"]) == (hits.tp, hits.fp, hits.fn, hits.tn)
        assert row["recall"] == value(hits.recall) and row["recall_low"] <= row["recall"] <= row["recall_high"]
    assert np.isnan(found["precision"].iloc[-1]) and found["called"].iloc[0] == 25
    with pytest.raises(ConfigError, match="2 points or more"):
        thresholds(CHANCE, ARTICLE, points=1)


def test_a_share_without_leads_says_why() -> None:
    hits = at_threshold([0.2, 0.3], [0, 0], 0.9)
    assert hits.precision == Missing("no lead has a chance of 0.9 or more")
    assert hits.recall == Missing("no lead ordered") and value(hits.accuracy) == 1
    document = json.loads(json.dumps(hits.to_dict()))
    assert document["recall"]["value"] is None and document["accuracy"]["low"] < 1 and document["tn"] == 2


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(7)
    held = []
    for _ in range(600):
        chance = rng.beta(2, 3, 300)
        figure = at_threshold(chance, rng.random(300) < chance, 0.5).precision
        assert isinstance(figure, Figure)
        held.append(figure.low <= chance[chance >= 0.5].mean() <= figure.high)
    assert np.mean(held) == pytest.approx(0.955, abs=0.025)


def test_impossible_input_is_refused() -> None:
    with pytest.raises(ConfigError, match="a chance from 0 to 1, however: got=50"):
        at_threshold([0.5], [1], 50)
    with pytest.raises(ValidationError, match=r"outside 0\.\.1, such as '60.0' \(row 2\)"):
        at_threshold([60], [1], 0.5)
    with pytest.raises(NotComputable, match="must be 0 or 1, however: got=nan"):
        at_threshold([0.5, 0.4], [1, np.nan], 0.5)
    with pytest.raises(NotComputable, match="two lists of one length"):
        picture([0.5, 0.4], [1], 0.5)
