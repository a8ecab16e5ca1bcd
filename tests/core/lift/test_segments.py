import numpy as np
import pytest

from core.data.leads import Leads
from core.errors import LeadRankError
from core.evaluation import Missing
from core.lift import segments as module
from core.lift.lineup import Lineup
from core.lift.segments import by_segment, segment_columns
from core.metrics import auc_interval
from core.ranking import Figure
from tests.lineups import HOSTILE, lined_up, owned_leads, run_scores


def test_a_groups_figures_are_those_of_its_own_leads() -> None:
    found = lined_up()
    result = by_segment(found, "city", 0.2, resamples=100)
    group = next(one for one in result.groups if one.name == "x")
    inside = (found.leads.features["city"] == "x").to_numpy()
    truth, score = found.leads.converted[inside], found.score()[inside]
    best = np.argsort(-score, kind="stable")[: int(0.2 * inside.sum())]
    assert (group.leads, group.orders) == (inside.sum(), truth.sum())
    assert isinstance(group.precision, Figure) and isinstance(group.base_rate, Figure) and isinstance(group.auc, Figure)
    assert group.precision.value == pytest.approx(truth[best].mean())
    assert group.base_rate.value == pytest.approx(truth.mean())
    assert group.auc == auc_interval(truth, score)
    assert sum(one.leads for one in result.groups) == 600
    assert [one.leads for one in result.groups] == sorted((one.leads for one in result.groups), reverse=True)


def test_small_groups_have_no_figures_and_say_so() -> None:
    result = by_segment(lined_up(), "owner", 0.1, resamples=50)
    small = next(one for one in result.groups if one.name == "small")
    assert not small.told and isinstance(small.auc, Missing) and "too few leads: 12" in small.auc.reason
    rows = {row["owner"]: row for row in result.to_frame().to_dict("records")}
    assert rows["small"]["leads"] == 12 and np.isnan(rows["small"]["precision"])
    assert "too few leads" in rows["small"]["precision_reason"]
    assert rows[HOSTILE]["precision"] > 0 and rows[HOSTILE]["precision_reason"] == ""


def test_values_that_are_missing_and_groups_beyond_the_largest(monkeypatch) -> None:
    leads = owned_leads()
    features = leads.features.assign(city=leads.features["city"].replace("x", ""))
    found = Lineup.of(Leads(leads.roles, features, leads.schema), [run_scores(leads)])
    assert "not known" in [one.name for one in by_segment(found, "city", 0.2, resamples=20).groups]
    monkeypatch.setattr(module, "MOST_GROUPS", 2)
    groups = by_segment(found, "city", 0.2, resamples=20).groups
    assert [one.told for one in groups] == [True, True, False]
    assert isinstance(groups[2].auc, Missing) and "not among the 2 largest" in groups[2].auc.reason


def test_columns_to_group_by() -> None:
    found = lined_up()
    assert segment_columns(found) == ("owner", "city")
    alone = Leads(found.leads.roles.assign(owner=""), found.leads.features, found.leads.schema)
    assert segment_columns(Lineup.of(alone, [run_scores(alone)])) == ("city",)
    with pytest.raises(LeadRankError, match="can be grouped by"):
        by_segment(found, "a", 0.1)
    with pytest.raises(LeadRankError, match="must lie in"):
        by_segment(found, "city", 0.0)
