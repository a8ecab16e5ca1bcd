from dataclasses import replace

import numpy as np
import pytest

from core.data.leads import Leads
from core.errors import LeadRankError
from core.evaluation import Missing
from core.lift.capacity import at_capacity
from core.lift.lineup import Lineup
from core.ranking import Figure, Ranking
from core.resampling import bootstrap
from tests.lineups import lined_up, owned_leads, run_scores


def test_the_best_calls_are_counted_and_their_interval_is_the_bootstraps() -> None:
    found = lined_up()
    result = at_capacity(found, 90, resamples=400, seed=3)
    best = np.argsort(-found.score(), kind="stable")[:90]
    orders = found.leads.converted[best].sum()
    here = result.here
    assert isinstance(here.precision, Figure) and isinstance(here.recall, Figure) and isinstance(here.lift, Figure)
    assert result.found == pytest.approx(orders) and here.precision.value == pytest.approx(orders / 90)
    assert here.recall.value == pytest.approx(orders / found.converted)
    assert here.lift.value == pytest.approx(here.precision.value / result.base_rate)
    alone = bootstrap(found.leads.converted, found.score(), lambda r: Ranking.precision_at(r, 90 / 600), 400, 3)
    assert (here.precision.low, here.precision.high) == (alone.low, alone.high)
    assert result.found_at_random == pytest.approx(90 * found.converted / 600)
    assert result.most == min(90, found.converted) and result.share == pytest.approx(0.15)


def test_the_curve_holds_the_capacity_and_ends_at_all_leads() -> None:
    result = at_capacity(lined_up(300), 37, resamples=100)
    table = result.to_frame()
    assert 37 in table["calls"].tolist() and table["calls"].iloc[-1] == 300
    assert table["calls"].is_monotonic_increasing
    assert table["recall"].iloc[-1] == 1 and table["precision"].iloc[-1] == pytest.approx(result.base_rate)
    assert (table["precision_low"] <= table["precision"]).all() and (
        table["precision"] <= table["precision_high"]
    ).all()


def test_another_model_of_the_same_leads() -> None:
    found = lined_up()
    other = replace(found, scores={"simple": found.scores["simple"]})
    assert at_capacity(other, 60, resamples=50).found != at_capacity(found, 60, resamples=50).found


def test_impossible_capacities_and_missing_figures_say_why() -> None:
    found = lined_up(60)
    for calls in (0, 61):
        with pytest.raises(LeadRankError, match="between 1 and the 60 tested leads"):
            at_capacity(found, calls)
    leads = owned_leads(60)
    none = Leads(leads.roles.assign(converted=0.0), leads.features, leads.schema)
    result = at_capacity(Lineup.of(none, [run_scores(leads)]), 5, resamples=50)
    assert isinstance(result.here.precision, Missing) and "none of the 60" in result.here.precision.reason
    assert result.found is None and result.to_frame()["precision"].isna().all()
    assert at_capacity(lined_up(60), 60, resamples=50).share == 1
