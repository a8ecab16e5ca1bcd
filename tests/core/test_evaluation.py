import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from core.data.leads import Leads
from core.data.schema import Roles, Schema
from core.errors import LeadRankError, NotComputable
from core.evaluation import Missing, evaluate
from core.funnel import Funnel
from core.metrics import auc_from_stage, auc_interval, average_precision, lift_at, precision_at, recall_at
from core.ranking import Figure
from core.scores import Scores

STAGES = ("lost", "call", "visit", "deal")


def leads_of(converted: np.ndarray, stage: np.ndarray | None = None, customer: np.ndarray | None = None) -> Leads:
    n = len(converted)
    ids = np.array([f"L{i:05d}" for i in range(n)], dtype=object)
    roles = pd.DataFrame(
        {
            "lead_id": ids,
            "customer_id": ids if customer is None else [f"C{c}" for c in customer],
            "owner": "",
            "snapshot_time": pd.Timestamp("2024-01-01"),
            "converted": np.asarray(converted, dtype=float),
            "stage": np.full(n, -1) if stage is None else stage,
            "call_seconds": np.nan,
            "dialogue": "",
        }
    )
    return Leads(roles, pd.DataFrame(index=roles.index), Schema(Roles("lead_id"), funnel=Funnel(STAGES)))


def world(seed: int, n: int) -> tuple[Leads, Scores, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logit = rng.normal(-2.5, 1.2, n)
    intent = logit + rng.logistic(size=n)
    leads = leads_of(intent > 0, np.digitize(intent, [-3, -1.5, 0]))
    return leads, Scores.ranked(leads.lead_id, logit, expit(logit)), leads.converted, logit


def test_every_figure_is_that_of_the_metrics_and_lies_in_its_interval() -> None:
    leads, scores, truth, logit = world(0, 3000)
    found = evaluate(scores, leads, resamples=300)
    assert (found.leads, found.converted, found.unknown_outcome) == (3000, int(truth.sum()), 0)
    assert found.resampled_by == "lead"
    assert found.auc == auc_interval(truth, logit)
    assert isinstance(found.average_precision, Figure)
    assert found.average_precision.value == pytest.approx(average_precision(truth, logit))
    for figures, metric, shares in (
        (found.precision_at, precision_at, {"0.001", "0.01", "0.05"}),
        (found.recall_at, recall_at, {"0.01", "0.05"}),
        (found.lift_at, lift_at, {"0.001", "0.01", "0.05"}),
    ):
        assert set(figures) == shares
        for share, figure in figures.items():
            assert isinstance(figure, Figure)
            assert figure.value == pytest.approx(metric(truth, logit, float(share)))
            assert figure.low <= figure.value <= figure.high and figure.low < figure.high
    assert found.stage_auc["visit"]["conversion"] == auc_from_stage(truth, logit, leads.stage, 2)
    slope = found.calibration["slope"]
    assert isinstance(slope, Figure) and slope.low < 1 < slope.high
    depths = {point["depth"]: point for point in found.gains}
    assert depths[1.0] == {"depth": 1.0, "captured": 1.0, "lift": 1.0}
    assert depths[0.05]["captured"] == pytest.approx(recall_at(truth, logit, 0.05))


def test_json_holds_value_low_and_high_of_each_figure_and_no_nan() -> None:
    leads, scores, truth, _ = world(1, 400)
    document = json.loads(json.dumps(evaluate(scores, leads, resamples=100, seed=3).to_dict(), allow_nan=False))
    assert set(document) == {
        *("leads", "converted", "base_rate", "unknown_outcome", "customers", "interval", "auc", "average_precision"),
        *("precision_at", "recall_at", "lift_at", "calibration", "stage_auc", "gains"),
    }
    assert document["interval"] == {"level": 0.95, "resamples": 100, "seed": 3, "by": "lead"}
    assert document["base_rate"] == pytest.approx(truth.mean())
    assert set(document["auc"]) == set(document["calibration"]["slope"]) == {"value", "low", "high"}
    assert {"slope", "intercept", "expected_calibration_error", "brier"} < set(document["calibration"])
    none = document["precision_at"]["0.001"]
    assert (none["value"], none["low"], none["high"]) == (None, None, None)
    assert "at least 1000 leads" in none["reason"]
    assert document["precision_at"]["0.01"]["value"] is not None
    assert "every one" in document["stage_auc"]["lost"]["reaching"]["reason"]


def test_rows_choose_the_leads_and_unknown_outcomes_are_counted_out() -> None:
    leads, scores, truth, logit = world(2, 1200)
    roles = leads.roles.copy()
    roles.loc[:99, "converted"] = np.nan
    partly = Leads(roles, leads.features, leads.schema)
    rows = np.arange(1000)[::-1]
    found = evaluate(scores, partly, rows=rows, resamples=50)
    assert (found.leads, found.unknown_outcome) == (900, 100)
    expected = auc_interval(truth[100:1000], logit[100:1000])
    again = evaluate(scores, leads.take(np.arange(100, 1000)), resamples=50)
    assert isinstance(again.auc, Figure) and isinstance(found.auc, Figure)
    for figure in (found.auc, again.auc):
        assert figure.to_dict() == pytest.approx(expected.to_dict())


def test_copies_of_a_customers_lead_narrow_no_interval() -> None:
    leads, scores, truth, logit = world(3, 600)
    many = leads_of(np.repeat(truth, 4), np.repeat(leads.stage, 4), np.repeat(np.arange(600), 4))
    repeated = Scores.ranked(many.lead_id, np.repeat(logit, 4), np.repeat(expit(logit), 4))
    alone, copied = evaluate(scores, leads, resamples=500), evaluate(repeated, many, resamples=500)
    assert (copied.leads, copied.customers, copied.resampled_by) == (2400, 600, "customer")
    pairs = [(alone.auc, copied.auc), (alone.average_precision, copied.average_precision)]
    pairs.append((alone.calibration["brier"], copied.calibration["brier"]))
    for one, four in pairs:
        assert isinstance(one, Figure) and isinstance(four, Figure)
        assert (four.high - four.low) / (one.high - one.low) == pytest.approx(1, abs=0.2)


def test_no_hit_among_few_calls_is_not_taken_for_certainty() -> None:
    rng = np.random.default_rng(4)
    truth = np.r_[np.zeros(500), np.ones(20), np.zeros(1480)]
    leads = leads_of(truth)
    score = -np.arange(2000.0)
    found = evaluate(Scores.ranked(leads.lead_id, score, rng.random(2000)), leads, resamples=100)
    none = found.precision_at["0.01"]
    assert isinstance(none, Figure) and (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(0.161, abs=0.001)  # Wilson, 0 of 20
    lift, recall = found.lift_at["0.01"], found.recall_at["0.01"]
    assert isinstance(lift, Figure) and isinstance(recall, Figure)
    assert lift.high == pytest.approx(none.high / 0.01)
    assert recall.high == pytest.approx(none.high)  # 20 calls, 20 conversions
    best = evaluate(Scores.ranked(leads.lead_id, truth, rng.random(2000)), leads, resamples=100)
    sure, all_of_them = best.precision_at["0.001"], best.recall_at["0.05"]
    assert isinstance(sure, Figure) and sure.value == sure.high == 1.0 and 0.3 < sure.low < 0.4  # Wilson, 2 of 2
    assert isinstance(all_of_them, Figure)
    assert all_of_them.value == all_of_them.high == 1.0 and 0.8 < all_of_them.low < 0.9  # Wilson, 20 of 20


def test_one_class_leaves_the_figures_that_exist() -> None:
    leads = leads_of(np.zeros(60))
    found = evaluate(Scores.ranked(leads.lead_id, np.arange(60.0), np.full(60, 0.1)), leads, resamples=50)
    assert isinstance(found.auc, Missing) and "none of the 60 leads" in found.auc.reason
    assert found.precision_at["0.05"] == found.auc
    assert isinstance(found.calibration["brier"], Figure)
    assert isinstance(found.calibration["slope"], Missing)
    assert found.gains == ()
    json.dumps(found.to_dict(), allow_nan=False)


def test_no_outcome_and_no_score_are_errors_that_say_so() -> None:
    leads, scores, _, _ = world(5, 50)
    unknown = leads_of(np.full(50, np.nan))
    with pytest.raises(NotComputable, match="none of the 50 leads"):
        evaluate(scores, unknown)
    with pytest.raises(NotComputable, match="none of the 0 leads"):
        evaluate(scores, leads, rows=np.array([], dtype=int))
    with pytest.raises(LeadRankError, match="have no score"):
        evaluate(Scores(scores.frame.head(10)), leads)
