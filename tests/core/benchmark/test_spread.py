"""Do intervals over leads and seeds hold what they promise?"""

import numpy as np
import pytest
from scipy.stats import binom, nct, ttest_ind
from scipy.stats import t as student

from core.benchmark.spread import HALF, Contrast, Spread
from core.errors import NotComputable
from core.evaluation import Measure
from core.ranking import Z, ranking
from core.resampling import resampled

REPEATS = 300
RANKINGS = (Measure("auc"), Measure("average_precision"), Measure("precision_at", 0.1))


def test_leads_alone_give_the_usual_bootstrap_interval() -> None:
    drawn = np.random.default_rng(0).normal(0.8, 0.02, (4000, 2))
    spread = Spread.of([np.array([0.8]), np.array([0.7])], [drawn[:, :1], drawn[:, 1:] - 0.1])
    one = spread.contrast(np.array([1, -1]))
    assert one.seeds == 0 and one.freedom == np.inf
    assert one.figure().value == pytest.approx(0.1)
    assert one.figure().high - one.figure().value == pytest.approx(Z * 0.02 * np.sqrt(2), rel=0.05)


def test_seeds_alone_give_the_usual_welch_test() -> None:
    """Where no resample moves anything, what is left is the test of two samples of seeds."""
    a, b = np.array([0.81, 0.84, 0.80]), np.array([0.75, 0.77, 0.81])
    still = np.ones((50, 1))
    one = Spread.of([a, b], [still * a, still * b]).contrast(np.array([1, -1]))
    welch = ttest_ind(a, b, equal_var=False)
    assert one.p() == pytest.approx(float(welch.pvalue)) and one.freedom == pytest.approx(float(welch.df))


def test_a_hit_among_few_calls_is_not_taken_for_certain() -> None:
    same = np.ones((50, 1))
    one = Spread.of([np.array([1.0]), np.array([0.0])], [same, 0 * same], hit=1.0).contrast(np.array([1, -1]))
    assert one.error == pytest.approx(np.sqrt(2 * HALF)) and one.p() > 0.3
    many = Spread.of([np.array([1.0]), np.array([0.0])], [same, 0 * same], hit=0.001).contrast(np.array([1, -1]))
    assert many.p() < 0.001


def test_what_nothing_spreads_is_no_difference_or_has_no_interval() -> None:
    same = np.ones((50, 1))
    twins = Spread.of([np.array([0.5])] * 2, [same, same]).contrast(np.array([1, -1]))
    assert (twins.p(), twins.figure().low, twins.figure().high) == (1.0, 0.0, 0.0)
    with pytest.raises(NotComputable, match="no interval"):
        Spread.of([np.array([1.0]), np.array([0.5])], [same, 0.5 * same]).contrast(np.array([1, -1])).figure()


def test_leads_needed_give_the_power_they_promise() -> None:
    one = Contrast(0.01, 0.0001, 0.00001, np.inf)
    needed = one.leads_needed(1000)
    error = np.sqrt(0.0001 * 1000 / needed + 0.00001)
    drawn = np.random.default_rng(0).normal(0.01, error, 20_000)
    assert np.mean(drawn / error > Z) == pytest.approx(0.8, abs=0.01)


def test_leads_needed_for_a_difference_that_matters_do_not_hang_on_the_one_seen() -> None:
    none, some = (Contrast(value, 0.0001, 0.0, np.inf).leads_needed(1000, 0.01) for value in (0.0, 0.02))
    assert none == some == Contrast(0.01, 0.0001, 0.0, np.inf).leads_needed(1000)


@pytest.mark.parametrize("freedom", [3.0, 6.0])
def test_leads_needed_hold_their_promise_with_the_few_seeds_at_hand(freedom: float) -> None:
    """The t test of a difference whose error is itself an estimate of so many degrees of freedom."""
    needed = Contrast(0.01, 0.0001, 0.0, freedom).leads_needed(1000)
    assert needed > 1.3 * Contrast(0.01, 0.0001, 0.0, np.inf).leads_needed(1000)
    error = np.sqrt(0.0001 * 1000 / needed)
    assert nct.sf(student.isf(0.025, freedom), freedom, 0.01 / error) == pytest.approx(0.8, abs=0.02)


def test_without_resamples_there_is_a_value_and_no_more() -> None:
    values, none = [np.array([0.8, 0.9]), np.array([0.7])], [np.empty((0, 2)), np.empty((0, 1))]
    one = Spread.of(values, none, untold="too few leads").contrast(np.array([1, -1]))
    assert one.value == pytest.approx(0.15)
    for asked in (one.figure, one.p, lambda: one.leads_needed(100)):
        with pytest.raises(NotComputable, match="too few leads"):
            asked()


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (Contrast(0.0, 0.0001, 0.0, np.inf), "too small beside its range"),
        (Contrast(0.0001, 0.0001, 0.0, np.inf), "too small beside its range"),
        (Contrast(0.01, 0.0001, 0.0001, 4.0), "more seeds"),
        (Contrast(0.04, 0.0001, 0.0001, 1.5), "more seeds"),
    ],
)
def test_no_number_of_leads_settles_what_leads_cannot(one: Contrast, why: str) -> None:
    with pytest.raises(NotComputable, match=why):
        one.leads_needed(1000)


def equal_procedures(rng: np.random.Generator, outcome: np.ndarray, kind: str) -> list[np.ndarray]:
    """Three trainings each of two procedures that are alike: what differs are leads, seeds, or their interplay."""
    leads, seeds, interplay = {"leads": (0.7, 0, 0), "both": (0.5, 0.25, 0.4), "interplay": (0, 0, 0.7)}[kind]
    common = 0.7 * rng.normal(size=len(outcome))
    scores = []
    for _ in range(2):
        own = leads * rng.normal(size=len(outcome))
        for _ in range(3):
            strength = 1.2 + seeds * rng.normal()
            scores.append(strength * outcome + common + own + interplay * rng.normal(size=len(outcome)))
    return scores


@pytest.mark.parametrize("kind", ["leads", "both", "interplay"])
def test_two_equal_procedures_are_called_equal_about_95_times_of_100(kind: str) -> None:
    """`both`: seeds spread the AUC about as much as leads do; resamples of the leads alone would then be too sure.

    Bounds: what so many repeats of a share of 0.95 give in all but 1 of 1,000 cases; above, more where interplay is
    counted on the safe side.
    """
    rng = np.random.default_rng(7)
    outcome = (np.arange(300) % 10 == 0).astype(float)
    equal = dict.fromkeys(RANKINGS, 0)
    naive = 0
    for repeat in range(REPEATS):
        scores = equal_procedures(rng, outcome, kind)
        drawn = resampled(outcome, scores, {m.name: m.of for m in RANKINGS}, 100, repeat)
        counts = [ranking(outcome, score) for score in scores]
        for m in RANKINGS:
            values = np.array([float(m.of(one)) for one in counts])
            again = drawn[m.name]
            hit = 1 / 30 if m.kind == "precision_at" else 0.0
            spread = Spread.of([values[:3], values[3:]], [again[:, :3], again[:, 3:]], hit)
            one = spread.contrast(np.array([1.0, -1.0]))
            equal[m] += one.p() >= 0.05
            if m.kind == "auc":
                naive += abs(one.value) < Z * np.sqrt(one.leads)
    lowest = binom.ppf(0.001, REPEATS, 0.95) / REPEATS
    highest = 1.0 if kind == "interplay" else binom.ppf(0.999, REPEATS, 0.96) / REPEATS
    for m, count in equal.items():
        assert lowest <= count / REPEATS <= highest, (m.name, count / REPEATS)
    if kind == "both":
        assert naive / REPEATS < lowest, "without the seeds' part the test would be too sure"
