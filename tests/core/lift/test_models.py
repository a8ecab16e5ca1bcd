import pytest

from core.comparison import compare
from core.errors import LeadRankError
from core.lift.lineup import Lineup
from core.lift.models import capacity_measure, plain_verdict, side_by_side
from core.ranking import Figure
from tests.lineups import lined_up, owned_leads, run_scores


def test_precision_and_recall_at_the_capacity_stand_beside_the_usual_figures() -> None:
    found = lined_up()
    result = side_by_side(found, 75, resamples=100)
    assert result.reference == "model" and result.baselines == ("simple",)
    recall = result.figures["simple"][capacity_measure("recall_at", found, 75).name]
    best = found.score("simple").argsort()[::-1][:75]
    assert isinstance(recall, Figure) and recall.value == pytest.approx(
        found.leads.converted[best].sum() / found.converted
    )
    usual = compare(found.scores, found.leads, baselines=("simple",), resamples=100)
    assert result.figures["model"]["auc"] == usual.figures["model"]["auc"]
    with pytest.raises(LeadRankError, match="between 1 and"):
        side_by_side(found, 601)


def test_a_capacity_that_is_one_of_the_usual_depths_is_counted_once() -> None:
    found = lined_up()
    metrics = list(side_by_side(found, 30, resamples=50).figures["model"])
    assert len(metrics) == len(set(metrics)) and "precision_at_0.05" in metrics


def test_the_verdict_is_plain_and_follows_the_test() -> None:
    found = lined_up()
    result = side_by_side(found, 120, resamples=200)
    said = plain_verdict(result, "auc")
    assert result.differences["simple"]["auc"].shown  # type: ignore[union-attr]
    assert said.endswith("That is more than chance: model is better here.")
    assert "the simple method simple" in said and "AUC" not in said
    leads = owned_leads(200)
    level = Lineup.of(leads, [run_scores(leads), run_scores(leads, "twin")])
    said = plain_verdict(side_by_side(level, 20, resamples=100), "auc")
    assert "twin" in said and said.endswith("this test cannot tell the two apart.") and "(+0 points" in said


def test_the_verdict_says_when_the_model_is_worse() -> None:
    leads = owned_leads()
    good, poor = run_scores(leads), run_scores(leads, "poor", noise=20)
    said = plain_verdict(side_by_side(Lineup.of(leads, [poor, good]), 60, resamples=50), "auc")
    assert said.endswith("more than chance: poor is worse here.")


def test_one_model_alone_is_no_comparison() -> None:
    found = lined_up(100)
    alone = Lineup(found.leads, {"model": found.scores["model"]})
    with pytest.raises(LeadRankError, match="at least two models"):
        side_by_side(alone, 10)
