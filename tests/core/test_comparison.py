import json

import numpy as np
import pandas as pd
import pytest

from core.comparison import Difference, compare, holm
from core.data.leads import Leads
from core.data.schema import Roles, Schema
from core.errors import LeadRankError
from core.evaluation import Measure, Missing
from core.metrics import auc_difference
from core.ranking import Figure, Ranking
from core.resampling import paired_bootstrap
from core.scores import Scores


def leads_of(converted: np.ndarray) -> Leads:
    n = len(converted)
    ids = [f"L{i:05d}" for i in range(n)]
    columns = {"owner": "", "snapshot_time": pd.NaT, "stage": -1, "call_seconds": np.nan, "dialogue": ""}
    roles = pd.DataFrame({"lead_id": ids, "customer_id": ids, "converted": np.asarray(converted, float), **columns})
    return Leads(roles, pd.DataFrame(index=roles.index), Schema(Roles("lead_id")))


def world(seed: int, n: int = 1500) -> tuple[Leads, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.1
    signal = rng.normal(size=n) + 1.5 * truth
    raw = {"model": signal, "near": signal + 0.05 * rng.normal(size=n), "far": signal + 3 * rng.normal(size=n)}
    return leads_of(truth), raw


def scored(leads: Leads, raw: dict[str, np.ndarray]) -> dict[str, Scores]:
    return {name: Scores.ranked(leads.lead_id, score, np.full(len(leads), 0.1)) for name, score in raw.items()}


def test_differences_are_those_of_the_paired_tests_and_corrected_over_models() -> None:
    leads, raw = world(0)
    found = compare(scored(leads, raw), leads, resamples=300, seed=1)
    assert found.reference == "model" and set(found.differences) == {"near", "far"}
    gap = found.differences["far"]["auc"]
    exact, p = auc_difference(leads.converted, raw["far"], raw["model"])
    assert isinstance(gap, Difference)
    assert (gap.value, gap.low, gap.high, gap.p) == (exact.value, exact.low, exact.high, p)
    assert gap.p_holm == pytest.approx(2 * p) and gap.shown
    close = found.differences["near"]["average_precision"]
    boot, _ = paired_bootstrap(leads.converted, raw["near"], raw["model"], Ranking.average_precision, 2000)
    assert isinstance(close, Difference)
    assert close.value == pytest.approx(boot.value)
    assert close.high - close.low == pytest.approx(boot.high - boot.low, rel=0.25)
    figure, base = found.figures["far"]["recall_at_0.05"], found.figures["model"]["recall_at_0.05"]
    apart = found.differences["far"]["recall_at_0.05"]
    assert isinstance(figure, Figure) and isinstance(base, Figure) and isinstance(apart, Difference)
    assert apart.value == pytest.approx(figure.value - base.value)


def test_the_verdict_says_what_the_test_set_can_and_cannot_show() -> None:
    leads, raw = world(1)
    apart = compare(scored(leads, {name: raw[name] for name in ("model", "far")}), leads, resamples=200).verdict
    assert apart.startswith("On 1,500 leads, ")
    assert "By AUC model is best" in apart and "above far" in apart and "can show that difference" in apart
    near = compare(scored(leads, {name: raw[name] for name in ("model", "near")}), leads, resamples=200).verdict
    assert "cannot tell the two apart" in near.split("By average precision")[0]


def test_a_baseline_that_wins_is_called_so_with_the_difference_the_right_way_round() -> None:
    leads, raw = world(2)
    named = scored(leads, {"ours": raw["far"], "fields": raw["model"]})
    found = compare(named, leads, baselines=["fields"], resamples=200)
    assert "By AUC the baseline fields is best" in found.verdict and "above ours" in found.verdict
    gap = found.differences["fields"]["auc"]
    assert isinstance(gap, Difference) and gap.low > 0
    assert f"({gap.low:.3f} to {gap.high:.3f}" in found.verdict
    other = compare(named, leads, reference="fields", resamples=200)
    mirrored = other.differences["ours"]["auc"]
    assert isinstance(mirrored, Difference) and mirrored.value == pytest.approx(-gap.value)
    assert f"({gap.low:.3f} to {gap.high:.3f}" in other.verdict


def test_equal_models_are_level() -> None:
    leads, raw = world(3)
    found = compare(scored(leads, {"a": raw["model"], "b": 2 * raw["model"]}), leads, resamples=50)
    assert "By AUC a is best" in found.verdict and "level with b" in found.verdict
    gap = found.differences["b"]["average_precision"]
    assert isinstance(gap, Difference) and (gap.value, gap.p_holm, gap.shown) == (0.0, 1.0, False)


def test_models_of_equal_skill_are_seldom_told_apart_even_several_at_once() -> None:
    rng = np.random.default_rng(4)
    shown = []
    for _ in range(60):
        truth = rng.random(400) < 0.15
        signal = rng.normal(size=400) + truth
        leads = leads_of(truth)
        raw = {name: signal + rng.normal(size=400) for name in "abcd"}
        found = compare(scored(leads, raw), leads, resamples=5)
        gaps = [row["auc"] for row in found.differences.values()]
        shown.append(any(isinstance(gap, Difference) and gap.shown for gap in gaps))
    assert np.mean(shown) <= 0.14


def test_json_and_markdown_hold_every_model_and_metric() -> None:
    leads, raw = world(5, 500)
    found = compare(scored(leads, raw), leads, resamples=50)
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["verdict"] == found.verdict
    assert set(document["figures"]) == set(raw)
    assert set(document["differences"]["far"]["auc"]) == {"value", "low", "high", "p", "p_holm"}
    assert document["differences"]["far"]["precision_at_0.001"]["value"] is None
    lines = found.to_markdown().splitlines()
    assert sum(line.startswith("| far |") for line in lines) == 2
    assert sum(line.startswith("| model |") for line in lines) == 3  # two heads and the reference's own row
    width = lines[0].count("|")
    assert all(line.count("|") == width for line in lines if line.startswith("|"))
    assert lines[-1] == found.verdict


def test_one_class_is_said_in_the_verdict() -> None:
    _, raw = world(6, 100)
    leads = leads_of(np.zeros(100))
    found = compare(scored(leads, raw), leads, resamples=50)
    assert isinstance(found.differences["far"]["auc"], Missing)
    assert "cannot be compared: converted and other leads are both needed" in found.verdict


def test_too_few_or_unknown_models_are_refused() -> None:
    leads, raw = world(7, 100)
    with pytest.raises(LeadRankError, match="at least two"):
        compare(scored(leads, {"a": raw["model"]}), leads)
    with pytest.raises(LeadRankError, match="'b'"):
        compare(scored(leads, raw), leads, reference="b")


def test_holm_is_monotone_and_never_below_the_raw_p() -> None:
    p = {"a": 0.02, "b": 0.02, "c": 0.9, "d": 0.001}
    corrected = holm(p)
    assert corrected == pytest.approx({"d": 0.004, "a": 0.06, "b": 0.06, "c": 0.9})
    assert holm({}) == {}


def test_other_measures_can_be_compared_and_the_table_holds_figures_with_their_differences() -> None:
    leads, raw = world(2)
    measures = (Measure("recall_at", 0.2), Measure("average_precision"))
    found = compare(scored(leads, raw), leads, measures=measures, baselines=("far",), resamples=100)
    assert list(found.figures["near"]) == ["auc", "recall_at_0.2", "average_precision"]
    rows = {(row["model"], row["metric"]): row for row in found.to_frame().to_dict("records")}
    assert len(rows) == 9
    far, figure, gap = (
        rows["far", "recall_at_0.2"],
        found.figures["far"]["auc"],
        found.differences["far"]["recall_at_0.2"],
    )
    assert isinstance(gap, Difference) and isinstance(figure, Figure)
    assert far["baseline"] and far["difference_value"] == gap.value and far["difference_p_holm"] == gap.p_holm
    assert rows["far", "auc"]["low"] == figure.low
    assert np.isnan(rows["model", "auc"]["difference_value"]) and not rows["near", "auc"]["baseline"]
