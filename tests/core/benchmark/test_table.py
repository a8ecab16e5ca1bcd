"""The table of a benchmark: figures, differences and costs, against what other parts of the house compute."""

import re
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.benchmark.choosing import best_by_validation
from core.benchmark.measuring import AUC
from core.benchmark.spread import Point
from core.benchmark.table import Table, build_table
from core.benchmark.verdict import verdict
from core.benchmark_report.files import html_report, markdown_report
from core.comparison import Difference, holm
from core.errors import LeadRankError, NotComputable
from core.evaluation import Measure, Missing
from core.metrics import auc, auc_difference, precision_at
from core.ranking import Figure
from tests.benchmarked import ARMS, STRENGTH, made_results

CAPACITY = Measure("precision_at", 0.1)


@pytest.fixture(scope="module")
def table() -> Table:
    return build_table(made_results(), resamples=400)


def gap(table: Table, arm: str, measure: Measure) -> Difference:
    found = table.row(arm, measure).apart
    assert isinstance(found, Difference)
    return found


def value(table: Table, arm: str, measure: Measure) -> float:
    found = table.row(arm, measure).figure
    assert isinstance(found, Figure)
    return found.value


def test_figures_are_means_over_seeds(table: Table) -> None:
    truth = table.results.test["converted"].to_numpy()
    for arm in ("lightgbm", "hpro"):
        scores = [one.score for one in table.results.of(arm)]
        assert value(table, arm, AUC) == pytest.approx(np.mean([auc(truth, one) for one in scores]))
        assert value(table, arm, CAPACITY) == pytest.approx(np.mean([precision_at(truth, one, 0.1) for one in scores]))
    spread = np.std([auc(truth, one.score) for one in table.results.of("hpro")], ddof=1)
    assert table.row("hpro", AUC).between == pytest.approx(spread)
    assert np.isnan(table.row("lightgbm", AUC).between) and table.row("lightgbm", AUC).seeds == 1


def test_without_seeds_a_difference_in_auc_is_that_of_delong(table: Table) -> None:
    one = gap(table, "newest", AUC)
    scores = [table.results.of(arm)[0].score for arm in ("newest", "lightgbm")]
    expected, _ = auc_difference(table.results.test["converted"], *scores)
    assert one.value == pytest.approx(expected.value)
    assert one.high - one.low == pytest.approx(expected.high - expected.low, rel=0.1)


def test_the_reference_is_the_best_baseline_by_validation_and_not_by_the_test() -> None:
    results = made_results({"lightgbm": 0.5, "deepfm": 1.5, "hpro": 3.0})
    swapped = [replace(one, validation=0.9 if one.arm == "lightgbm" else 0.1) for one in results.trials]
    table = build_table(replace(results, trials=tuple(swapped)), resamples=50)
    assert table.reference == "lightgbm" and value(table, "deepfm", AUC) > value(table, "lightgbm", AUC)
    assert table.row("lightgbm", AUC).apart is None and gap(table, "deepfm", AUC).value > 0
    assert table.language == "hpro"


def test_a_validation_that_is_no_number_is_never_the_best() -> None:
    results = made_results()
    trials = [replace(one, validation=np.nan) if one.arm == "lightgbm" else one for one in results.trials]
    assert best_by_validation(replace(results, trials=tuple(trials)), ["lightgbm", "newest"]) == "newest"
    assert best_by_validation(results, ["lora"]) is None


def test_p_is_corrected_over_the_arms_and_apart_over_the_variants(table: Table) -> None:
    rows = [table.row(arm, CAPACITY) for arm in table.arms]
    apart = {row.arm: row.apart for row in rows if isinstance(row.apart, Difference)}
    assert set(apart) == set(table.arms) - {"lightgbm"}
    own = {row.arm: row.from_own for row in rows if isinstance(row.from_own, Difference)}
    assert set(own) == {"deepfm+text", "hpro", "hpro-no-margin", "hpro-only-key"}
    for found in (apart, own):
        corrected = holm({arm: one.p for arm, one in found.items()})
        assert {arm: one.p_holm for arm, one in found.items()} == pytest.approx(corrected)
    assert own["hpro"].value == pytest.approx(value(table, "hpro", CAPACITY) - value(table, "asllr", CAPACITY))


def test_relative_is_the_paper_s_lift(table: Table) -> None:
    row = table.row("hpro", AUC)
    assert row.relative == pytest.approx(value(table, "hpro", AUC) / value(table, "lightgbm", AUC) - 1)


def test_a_share_of_less_than_one_lead_is_missing_with_its_reason() -> None:
    table = build_table(made_results(leads=300), resamples=50)
    row = table.row("hpro", Measure("precision_at", 0.001))
    assert isinstance(row.figure, Missing) and "at least 1,000" in row.figure.reason
    assert np.isnan(row.relative) and row.apart is None
    frame = table.to_frame().query("arm == 'hpro' and measure == 'precision_at_0.001'")
    assert "at least 1,000" in frame["reason"].item()
    with pytest.raises(NotComputable, match="at least 1,000"):
        table.contrast(Measure("precision_at", 0.001), {"hpro": 1})


def test_the_frame_holds_every_row_and_what_the_table_says(table: Table) -> None:
    frame = table.to_frame()
    assert len(frame) == len(table.arms) * len(table.measures) == len(STRENGTH) * 8
    assert not frame.duplicated(["arm", "measure"]).any()
    (one,) = frame.query("arm == 'hpro' and measure == 'auc'").to_dict("records")
    told = gap(table, "hpro", AUC)
    assert [one["difference"], one["difference_low"], one["difference_p_holm"]] == [told.value, told.low, told.p_holm]
    assert one["own_reference"] == "asllr" and one["reference"] == "lightgbm"


def test_customers_who_repeat_widen_the_interval() -> None:
    results = made_results(leads=600)
    twice = pd.concat([results.test, results.test], ignore_index=True)
    trials = tuple(replace(one, score=np.tile(one.score, 2)) for one in results.trials)
    alone = build_table(replace(results, test=twice.assign(customer_id=range(1200)), trials=trials), resamples=300)
    by_customer = build_table(replace(results, test=twice, trials=trials), resamples=300)
    narrow, wide = (gap(one, "newest", AUC) for one in (alone, by_customer))
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(np.sqrt(2), rel=0.15)


def test_costs_count_the_reading_where_an_arm_reads(table: Table) -> None:
    assert table.cost("deepfm").train_seconds == 120 and table.cost("deepfm").score_seconds == 0.5
    assert table.cost("hpro").score_seconds == 40.5
    assert table.cost("hpro").train_seconds == pytest.approx(120 + 40 * 4.8)  # 3,600 + 1,200 leads are read
    sampled = {**table.results.shared, "read": {"train": 1000, "of": 3600}}
    one = replace(table, results=replace(table.results, shared=sampled))
    assert one.cost("hpro").train_seconds == pytest.approx(120 + 40 * 2.2)
    with pytest.raises(KeyError):
        table.cost("lora")
    # LoRA changes what is read, so its own figures hold its reading.
    tuned = build_table(made_results({"lora": 1.0}, leads=50, left_out={}), resamples=10).cost("lora")
    assert (tuned.train_seconds, tuned.score_seconds) == (120, 0.5)


def test_a_perfect_order_has_a_wide_interval_by_auc() -> None:
    results = made_results({"lightgbm": 1.0, "hpro": 50.0}, leads=60)
    row = build_table(results, resamples=50).row("hpro", AUC)
    assert isinstance(row.figure, Figure) and row.figure.value == 1 and row.figure.low < 0.7


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"converted": (np.arange(100) == 10).astype(int)}, "but one lead with"),
        ({"converted": (np.arange(100) != 10).astype(int)}, "but one lead without"),
        ({"customer_id": ["C"] * 41 + [f"C{n}" for n in range(59)], "converted": np.arange(100) < 40}, "one customer"),
        ({"customer_id": np.arange(100) // 2, "converted": np.arange(100) % 100 > 0}, "some resamples have no value"),
    ],
    ids=["one converted", "one other", "one customer", "one other among customers who all have one converted"],
)
def test_too_few_of_a_kind_leave_figures_without_ranges(changes: dict, why: str) -> None:
    results = made_results({"newest": 0.1, "lightgbm": 1.2, "hpro": 1.1}, leads=100)
    results = replace(results, test=results.test.assign(**changes))
    table = build_table(results, resamples=50)
    truth = results.test["converted"].to_numpy(dtype=float)
    for arm in table.arms:
        figure = table.row(arm, AUC).figure
        assert isinstance(figure, Point) and why in figure.reason
        assert figure.value == pytest.approx(np.mean([auc(truth, one.score) for one in results.of(arm)]))
    gaps = [row.apart for row in table.rows if row.measure == AUC and row.arm != table.reference]
    assert all(isinstance(gap, Missing) and why in gap.reason for gap in gaps) and len(gaps) == 2
    frame = table.to_frame().query("measure == 'auc'")
    assert frame["value"].notna().all() and frame[["low", "high", "difference"]].isna().all(axis=None)
    assert frame["reason"].str.contains(why).all()
    report = markdown_report(table, verdict(table))
    assert why in report and not re.search(r"\bnan\b", report) and "Likely range" in html_report(table, verdict(table))


def test_what_cannot_be_compared_is_refused() -> None:
    results = made_results(leads=100)
    with pytest.raises(NotComputable, match="no arm has finished"):
        build_table(replace(results, trials=()))
    with pytest.raises(NotComputable, match="converted"):
        build_table(replace(results, test=results.test.assign(converted=0)))
    score = np.where(np.arange(100) == 3, np.nan, 0.0)
    broken = (replace(results.trials[0], score=score), *results.trials[1:])
    with pytest.raises(LeadRankError, match="1 of them not finite"):
        build_table(replace(results, trials=broken))
    table = build_table(results, resamples=20)
    with pytest.raises(LeadRankError, match="lora"):
        table.contrast(AUC, {"lora": 1.0})


def test_scores_without_meaning_differ_from_nothing() -> None:
    """Shuffled outcomes: every arm at an AUC of 0.5, and none better than another."""
    table = build_table(made_results(dict.fromkeys(STRENGTH, 0.0), leads=2000), resamples=200)
    for arm in table.arms:
        figure = table.row(arm, AUC).figure
        assert isinstance(figure, Figure) and figure.low < 0.5 < figure.high
    assert not any(gap(table, arm, AUC).shown for arm in table.arms if arm != table.reference)


def test_forty_arms_on_16_000_leads_take_little_time() -> None:
    """A tenth of the usual resamples: the whole takes under 2 minutes of one core where this takes under 12 seconds."""
    many = {f"arm {n}": replace(ARMS["asllr"], key=f"arm {n}") for n in range(39)} | {"lightgbm": ARMS["lightgbm"]}
    results = made_results(dict.fromkeys(many, 1.0), leads=16_000, arms=many)
    began = time.process_time()
    table = build_table(results, resamples=100)
    assert time.process_time() - began < 12
    assert len(table.rows) == 40 * 8
