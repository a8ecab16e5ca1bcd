from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from core.charts import style
from core.charts.heads import cohorts_chart
from core.data.leads import Leads
from core.data.schema import Split
from core.errors import NotComputable
from core.lift import cohorts as of_cohorts
from core.lift.cohorts import cohorts
from core.lift.lineup import Lineup, RunScores
from core.scores import Scores
from tests.made import make_leads

MONTHS = 4


def followed(chance: np.ndarray, ordered: np.ndarray, months: int = MONTHS, maturity: float = 0) -> Lineup:
    """Leads spread evenly over so many months from January 2025 on."""
    n = len(chance)
    made = make_leads(n)
    time = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(n) * months * 30 / n, unit="D")
    roles = made.roles.assign(converted=ordered.astype(float), snapshot_time=time.astype("datetime64[us]"))
    leads = Leads(roles, made.features, replace(made.schema, split=Split(maturity_days=maturity)))
    return Lineup.of(leads, [RunScores("m", {"m": Scores.ranked(leads.lead_id, chance, chance)})])


def drawn(n: int = 2000, late: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Chances, and orders that come at that rate; in the last quarter of the leads `late` times as often."""
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0.02, 0.3, n)
    true = chance * np.where(np.arange(n) < 0.75 * n, 1, late)
    return chance, rng.random(n) < true


def test_a_newest_month_that_falls_short_is_flagged_and_the_others_are_not() -> None:
    chance, ordered = drawn(late=0.4)
    found = cohorts(followed(chance, ordered))
    assert found.by == "month" and [one.off for one in found.cohorts] == [False, False, False, True]
    new = found.newest
    assert new.name == "April 2025" and f"In April 2025 the chances promised {new.promised:.1%}" in found.words
    assert "too high by now" in found.words
    assert sum(one.leads for one in found.cohorts) + found.left_out == 2000
    bounds = binomtest(new.orders, new.leads).proportion_ci(0.95, "wilson")
    assert (new.low, new.high) == (bounds.low, bounds.high)
    figure = cohorts_chart(found)
    assert style.spoken(figure).startswith("1 of 4 months off") and len(figure.data) == 3
    assert found.to_frame()["off"].sum() == 1


def test_right_chances_are_rarely_flagged() -> None:
    flagged = [any(one.off for one in cohorts(followed(*drawn(600, seed=s))).cohorts) for s in range(25)]
    assert sum(flagged) <= 4  # 5% of 25, and what luck adds
    assert "within what luck explains" in cohorts(followed(*drawn())).words


def test_late_orders_of_the_newest_month_are_not_taken_for_all_that_came() -> None:
    """The test holds mature leads alone: were its last weeks taken for young ones, those that ordered would be left."""
    chance, ordered = drawn(2000)
    assert cohorts(followed(chance, ordered, maturity=30)) == cohorts(followed(chance, ordered))


def test_p_is_the_exact_tail_and_the_normal_one_is_near_it(monkeypatch) -> None:
    chance, ordered = np.full(400, 0.1), np.arange(400) < 55
    exact = of_cohorts._p(chance, int(ordered.sum()))
    assert exact == pytest.approx(2 * binomtest(55, 400, 0.1, alternative="greater").pvalue)
    monkeypatch.setattr(of_cohorts, "EXACT", 10)
    assert of_cohorts._p(chance, 55) == pytest.approx(exact, rel=0.3)


def test_small_months_are_told_by_quarter_and_undated_leads_are_left_out() -> None:
    found = cohorts(followed(*drawn(300), months=6))
    assert found.by == "quarter" and [one.name for one in found.cohorts] == ["Q1 2025", "Q2 2025"]
    chance, ordered = drawn(2000)
    lineup = followed(chance, ordered)
    roles = lineup.leads.roles.assign(snapshot_time=pd.Series([pd.NaT] * 2000, dtype="datetime64[us]"))
    with pytest.raises(NotComputable, match="followed over time"):
        cohorts(replace(lineup, leads=Leads(roles, lineup.leads.features, lineup.leads.schema)))
