import numpy as np
import pytest

from core.data.leads import Leads
from core.data.schema import Schema
from core.errors import NotComputable
from core.lift.gains import gain_lines
from core.lift.lineup import Lineup
from tests.lineups import lined_up, owned_leads, run_scores


def test_each_line_is_a_count_among_the_best_leads() -> None:
    found = lined_up()
    lines = gain_lines(found)
    best = np.argsort(-found.score(), kind="stable")[:150]
    truth, stage = found.leads.converted, found.leads.stage
    assert lines.orders.at(0.25) == pytest.approx(truth[best].sum() / truth.sum())
    names = {line.name: line for line in lines.lines}
    deep = stage >= 3
    assert names["Test drive or further"].at(0.25) == pytest.approx(deep[best].sum() / deep.sum())
    assert names["Test drive or further"].reached == int(deep.sum())
    assert "Lock in or further" not in names, "the last stage is the order itself"
    assert names["At random"].at(0.25) == pytest.approx(0.25)
    assert names["Best possible"].at(truth.mean()) == pytest.approx(1)
    assert names["Best possible"].at(truth.mean() / 2) == pytest.approx(0.5)
    assert [line.kind for line in lines.lines] == ["orders", *["stage"] * 3, "random", "ideal"]


def test_the_table_has_lift_as_reached_over_called() -> None:
    table = gain_lines(lined_up()).to_frame()
    assert table.loc[table["share_called"] == 0, "lift"].isna().all()
    told = table[table["share_called"] > 0]
    np.testing.assert_allclose(told["lift"], told["share_reached"] / told["share_called"])
    assert (table.groupby("line")["share_reached"].last() == 1).all()


def test_a_stage_counts_leads_of_known_stage_and_one_without_a_line_says_why() -> None:
    leads = owned_leads(200)
    stage = leads.stage.copy()
    stage[:50] = -1
    stage[stage == 1] = 2
    stage[stage == 0] = 1  # now every known lead reached stage 1
    partly = Leads(leads.roles.assign(stage=stage), leads.features, leads.schema)
    lines = gain_lines(Lineup.of(partly, [run_scores(leads)]))
    names = {line.name: line.reached for line in lines.lines}
    assert names["Lock in or further"] == int((stage == 4).sum()) < int(leads.converted.sum())
    assert "every one of the 150" in lines.left_out["Call"]


def test_depth_is_a_share_of_all_leads_also_where_stages_are_unknown() -> None:
    """Half of the stages unknown: the best tenth is 60 leads to call on each line, not 30."""
    leads = owned_leads(600)
    stage = leads.stage.copy()
    stage[::2] = -1
    lineup = Lineup.of(Leads(leads.roles.assign(stage=stage), leads.features, leads.schema), [run_scores(leads)])
    (line,) = (line for line in gain_lines(lineup).lines if line.name == "Test drive or further")
    best, deep = np.argsort(-lineup.score(), kind="stable"), stage >= 3
    for calls in (60, 150):
        assert line.at(calls / 600) == pytest.approx(deep[best[:calls]].sum() / deep.sum())
    assert line.reached == deep.sum()


def test_where_no_stage_is_known_each_line_says_why_it_is_left_out() -> None:
    leads = owned_leads(100)
    unknown = Leads(leads.roles.assign(stage=-1), leads.features, leads.schema)
    lines = gain_lines(Lineup.of(unknown, [run_scores(leads)]))
    assert [line.kind for line in lines.lines] == ["orders", "random", "ideal"] and len(lines.left_out) == 4


def test_without_a_funnel_or_with_one_class() -> None:
    leads = owned_leads(100)
    plain = Leads(leads.roles.assign(stage=-1), leads.features, Schema(leads.schema.roles))
    lines = gain_lines(Lineup.of(plain, [run_scores(leads)]))
    assert [line.kind for line in lines.lines] == ["orders", "random", "ideal"]
    none = Leads(leads.roles.assign(converted=0.0), leads.features, leads.schema)
    with pytest.raises(NotComputable, match="none of the 100"):
        gain_lines(Lineup.of(none, [run_scores(leads)]))
