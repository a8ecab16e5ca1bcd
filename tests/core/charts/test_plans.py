"""Charts of plans: who calls how much, packages with their risk, tranches."""

import numpy as np
import pandas as pd
import pytest

from core.charts import style
from core.charts.plans import ALL_SHOWN, by_person, composition_chart, orders_chart, people_chart, tranches_chart
from core.decisions.economics.dispatch import dispatch, greedy, round_robin
from core.decisions.economics.money import Terms
from core.decisions.economics.packages import Wishes, package
from core.decisions.economics.risk import risk, tranches

HOSTILE = "<b>Bo</b>"
TERMS = Terms("CHF", "week")
LEADS = pd.DataFrame({"lead_id": list("abcd"), "value": [100.0, 90, 80, 10], "region": ["n", "n", "s", "s"]})
PEOPLE = pd.DataFrame({"person": ["An", HOSTILE], "capacity": [1, 2], "regions": ["", "n"]})


def drawn():
    return tuple(way(LEADS, PEOPLE) for way in (dispatch, greedy, round_robin))


def test_people_are_shown_by_each_way_and_the_title_tells_the_gain() -> None:
    found = drawn()
    # An, who may call everywhere, is kept for c by the best plan alone.
    assert [one.total for one in found] == [270, 190, 190]
    figure = people_chart(found[::2], TERMS)
    assert style.spoken(figure) == "3 calls worth 270 CHF, 80 CHF more than the next way"
    assert style.spoken(people_chart((found[1], found[2]), TERMS)) == "2 calls worth 190 CHF, as much as the next way"
    by_name = {trace.name: trace for trace in figure.data}
    assert figure.data[-1].name == "This plan", "on top of the others"
    assert list(by_name["This plan"].x) == [190, 80] and list(by_name["In turn"].x) == [90, 100]
    assert len({trace.marker.symbol for trace in figure.data}) == 2, "told apart without colour too"
    assert figure.layout.yaxis.ticktext == ("&lt;b&gt;Bo&lt;/b&gt;", "An")
    assert by_name["This plan"].hovertext[0] == "&lt;b&gt;Bo&lt;/b&gt;, this plan:<br>2 calls worth 190 CHF"


def test_many_people_are_cut_to_the_first_and_the_mean_of_the_others() -> None:
    n = ALL_SHOWN + 5
    leads = pd.DataFrame({"lead_id": [f"L{i}" for i in range(n)], "value": np.arange(n, 0, -1.0)})
    people = pd.DataFrame({"person": [f"P{i}" for i in range(n)], "capacity": 1})
    table = by_person([dispatch(leads, people)])
    assert len(table) == ALL_SHOWN and table["person"].iloc[-1] == "6 others, on average"
    assert table["value, best"].iloc[-1] == np.arange(1, 7).mean()
    assert table["value, best"].iloc[:-1].tolist() == list(range(n, 6, -1))


def test_composition_tells_where_the_leads_come_from() -> None:
    leads = pd.DataFrame(
        {
            "lead_id": list("abcde"),
            "probability": [0.5, 0.4, 0.3, 0.2, 0.1],
            "price": 10.0,
            "region": [HOSTILE, HOSTILE, "", "s", "s"],
        }
    )
    found = package(leads, Wishes(leads=3))
    figure = composition_chart(found, TERMS)
    assert style.spoken(figure) == "3 leads with 1.2 orders to expect for 30 CHF: 67% from <b>Bo</b>"
    assert list(figure.data[0].x) == pytest.approx([2 / 3, 1 / 3])
    assert figure.layout.yaxis.ticktext == ("&lt;b&gt;Bo&lt;/b&gt;", "not known")
    assert "<b>" not in "".join(figure.data[0].hovertext)


def test_orders_tell_the_range_and_how_sure_the_wish_is() -> None:
    found = risk(np.full(30, 0.2), 0.05)
    figure = orders_chart(found, "week", 4)
    sure = style.share(float((found.orders >= 4).mean()))
    title = f"{sure} sure of 4 orders or more; in 19 of 20 cases {found.low:.0f} to {found.high:.0f} orders, 6.0"
    assert style.spoken(figure).startswith(title)
    bars = figure.data[0]
    assert sum(bars.y) == pytest.approx(1)
    assert dict(zip(bars.x, bars.y, strict=True))[6] == pytest.approx(float((found.orders == 6).mean()))
    inside = {x for x, shape in zip(bars.x, bars.marker.pattern.shape, strict=True) if not shape}
    assert min(inside) == found.low and max(inside) == found.high
    assert style.spoken(orders_chart(found, "week")).startswith("In 19 of 20 cases")


def test_many_orders_are_drawn_in_few_bars_that_lose_nothing() -> None:
    found = risk(np.full(5_000, 0.2), 0.05)
    bars = orders_chart(found, "week").data[0]
    assert len(bars.x) <= 41 and sum(bars.y) == pytest.approx(1)
    assert "simulated weeks" in bars.hovertext[0] and " to " in bars.hovertext[0]


def test_tranches_tell_the_rate_of_the_best_and_the_last() -> None:
    table = tranches(np.repeat([0.6, 0.1], 100), ("AAA", "B"))
    figure = tranches_chart(table)
    assert style.spoken(figure) == "Of 100 leads of AAA, 60 order; of B, 10"
    dots = figure.data[0]
    assert list(dots.x) == pytest.approx([0.6, 0.1])
    assert list(dots.x + dots.error_x.array) == pytest.approx(table["rate_high"].tolist())
    assert list(dots.x - dots.error_x.arrayminus) == pytest.approx(table["rate_low"].tolist())
    assert figure.layout.yaxis.ticktext == ("AAA (100 leads)", "B (100 leads)")
