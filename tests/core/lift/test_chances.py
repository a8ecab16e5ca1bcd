from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from core.charts import style
from core.charts.chances import calibration_chart
from core.data.leads import Leads
from core.errors import NotComputable
from core.evaluation import Missing
from core.lift.chances import calibration, spread
from core.lift.lineup import Lineup, RunScores
from core.ranking import Figure
from core.scores import Scores
from tests.lineups import lined_up, run_scores
from tests.made import make_leads


def with_chances(chance: np.ndarray, converted: np.ndarray) -> Lineup:
    made = make_leads(len(chance))
    leads = Leads(made.roles.assign(converted=converted.astype(float)), made.features, made.schema)
    return Lineup.of(leads, [RunScores("m", {"m": Scores.ranked(leads.lead_id, chance, chance)})])


def test_points_count_every_lead_once_and_have_wilsons_interval() -> None:
    found = lined_up()
    result = calibration(found, resamples=100)
    table = result.to_frame()
    assert table["leads"].sum() == 600 and table["orders"].sum() == found.converted and len(table) == 10
    assert table["promised"].is_monotonic_increasing
    order = np.argsort(found.probability(), kind="stable")[:60]
    assert result.points[0].promised == pytest.approx(found.probability()[order].mean())
    assert result.points[0].orders == int(found.leads.converted[order].sum())
    bounds = binomtest(result.points[4].orders, result.points[4].leads).proportion_ci(0.95, "wilson")
    assert (result.points[4].low, result.points[4].high) == (bounds.low, bounds.high)


def test_the_verdict_tells_right_from_too_high_and_too_low() -> None:
    rng = np.random.default_rng(0)
    chance = rng.uniform(0.02, 0.4, 3000)
    came = rng.random(3000) < chance
    assert calibration(with_chances(chance, came), resamples=300).verdict == "right"
    assert calibration(with_chances(np.minimum(1, 1.6 * chance), came), resamples=300).verdict == "too high"
    low = calibration(with_chances(0.6 * chance, came), resamples=300)
    assert low.verdict == "too low" and isinstance(low.ratio, Figure)
    assert low.ratio.value == pytest.approx(came.sum() / (0.6 * chance.sum()))
    assert low.expected == pytest.approx(0.6 * chance.sum())


def test_few_orders_prove_no_chances_right() -> None:
    """6 orders came of 6 expected, which 2 or 12 would have been as well: that is no proof."""
    chance = np.full(120, 0.05)
    chance[:60] += 0.001
    result = calibration(with_chances(chance, np.arange(120) % 20 == 0), resamples=300)
    assert isinstance(result.ratio, Figure) and result.ratio.low < 1 < result.ratio.high
    assert result.verdict == "not refuted"
    title = style.spoken(calibration_chart(result))
    assert "Nothing speaks against the chances" in title and "come true" not in title


def test_equal_chances_stay_in_one_group() -> None:
    chance = np.repeat([0.1, 0.5], [150, 50])
    result = calibration(with_chances(chance, np.arange(200) % 3 == 0), resamples=50)
    assert [point.leads for point in result.points] == [150, 50]
    assert [point.promised for point in result.points] == pytest.approx([0.1, 0.5])


def test_what_cannot_be_compared_says_why() -> None:
    with pytest.raises(NotComputable, match="at least 40 leads, however: got=30"):
        calibration(lined_up(30))
    found = lined_up(100)
    with pytest.raises(NotComputable, match="no chances"):
        calibration(replace(found, scores={"simple": found.scores["simple"]}))
    nothing = calibration(with_chances(np.zeros(100), np.arange(100) < 3), resamples=20)
    assert isinstance(nothing.ratio, Missing) and nothing.verdict == "unknown"


def test_spread_counts_both_kinds_over_all_chances() -> None:
    found = lined_up()
    result = spread(found)
    assert result.ordered.sum() == found.converted and result.others.sum() == 600 - found.converted
    chance = found.probability()
    assert result.median_ordered == np.median(chance[found.leads.converted == 1]) > result.median_others
    inside = (chance >= result.edges[3]) & (chance < result.edges[4]) & (found.leads.converted == 1)
    assert result.ordered[3] == inside.sum()
    table = result.to_frame()
    assert table.groupby("outcome")["share"].sum().tolist() == pytest.approx([1, 1])
    made = make_leads(50)
    with pytest.raises(NotComputable, match="0 of 50 ordered"):
        none = Leads(made.roles.assign(converted=0.0), made.features, made.schema)
        spread(Lineup.of(none, [run_scores(made)]))
