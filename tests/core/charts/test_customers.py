"""What the charts of customer segments say, that nothing is left out, and that no name is read as markup."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.charts import style
from core.charts.customer_proofs import came_true_chart, qini_chart, qini_frame, recovery_chart
from core.charts.customers import budget_chart, drift_chart, flow_chart, profile_chart
from core.decisions.economics.money import Terms
from core.decisions.segments.budget import Campaign, plan_campaign
from core.decisions.segments.drift import drift
from core.decisions.segments.profile import profile
from core.decisions.segments.telling import TWO_STAGE, UPLIFT
from tests.customers import small_world


@pytest.fixture(scope="module")
def world():
    return small_world()


def test_the_flow_holds_every_customer():
    counts = pd.DataFrame(
        {"observed": ["campaign", "organic", "organic", ""], "segment": ["campaign", "campaign", "organic", "low"]}
    ).assign(leads=[5, 2, 9, 4])
    figure = flow_chart(counts)
    assert style.spoken(figure) == "2 missing campaign labels filled in"
    (sankey,) = figure.data
    assert sum(sankey.link.value) == 20 and len(sankey.node.label) == 6
    assert sankey.link.source[3] == 2 and sankey.node.label[2].startswith("Not known")


def test_the_profile_shows_the_most_telling_field_first(world):
    rows = profile(world.leads, world.truth)
    figure = profile_chart(rows, most=5)
    (heat,) = figure.data
    assert np.shape(heat.z) == (5, 3) and "tells most" in style.spoken(figure)
    assert abs(np.array(heat.z, dtype=float)[0]).max() == pytest.approx(rows["effect"].abs().max())
    hostile = replace(world.leads, features=world.leads.features.assign(region=["<b>x</b>", "y"] * 2500))
    shown = profile_chart(profile(hostile, world.truth), most=50)
    assert any("&lt;b&gt;" in label for label in shown.layout.yaxis.ticktext)
    assert not any("<b>" in label for label in shown.layout.yaxis.ticktext)


def test_recovery_marks_the_method_in_use_and_leaves_out_what_found_nothing():
    rows = pd.DataFrame(
        [
            {"method": method, "hidden": share, "recall": value, "recall_low": None, "recall_high": None}
            for method, value in (("splc", 0.7), ("bce", 0.5), ("nnpu", None))
            for share in (0.2, 0.4)
        ]
    )
    figure = recovery_chart(rows, "recall", "splc")
    assert style.spoken(figure) == "The method in use: 70 found, of 100 hidden"
    assert [trace.name for trace in figure.data] == ["Self-paced (SPLC) (in use)", "Labels as they are"]
    assert "not known" in style.spoken(recovery_chart(rows, "recall", "nnpu"))


def test_qini_curves_begin_at_nobody_and_say_both_figures():
    curve = {"share": [0.5, 1.0], "gained": [8.0, 10.0]}
    rows = [{"name": TWO_STAGE, "qini": [2.0, 1.0, 3.0]}, {"name": UPLIFT, "qini": [3.1, 2.0, 4.0]}]
    arms = {"rows": rows, "curves": {TWO_STAGE: curve, UPLIFT: curve}}
    figure = qini_chart(arms)
    assert "these segments 2.0, the uplift model 3.1" in style.spoken(figure)
    assert figure.data[0].y[-1] == 10 and figure.data[1].y[0] == 0
    assert len(qini_frame(arms)) == 4


def test_chances_that_come_true_lie_on_the_line():
    groups = [{"promised": p, "came": p, "low": p - 0.05, "high": p + 0.05, "leads": 90} for p in (0.1, 0.3)]
    figure = came_true_chart({"groups": groups, "error": 0.012})
    assert style.spoken(figure) == "Chances to come are off by 1.2 of 100 on average"
    assert figure.data[1].error_y.array == pytest.approx((0.05, 0.05)) and "90 leads" in figure.data[1].hovertext[0]


def test_months_and_money_say_what_they_show(world):
    figure = drift_chart(drift(world.truth, world.leads.roles["snapshot_time"]))
    assert len(figure.data) == 3 and "beyond chance" in style.spoken(figure)
    campaign = Campaign(100, 2, 50)
    made = plan_campaign(world.leads.lead_id.to_numpy(), world.effect / 2, np.zeros(5000), campaign)
    chart = budget_chart(made, campaign, Terms())
    assert style.spoken(chart).startswith("1,150 EUR added for 100 EUR spent; ")
    assert chart.data[1].x == (100,) and chart.data[1].y == (made.added,)
