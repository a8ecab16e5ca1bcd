import numpy as np
import pytest

from core.charts import style
from core.charts.value import likely, order_chart, profit_chart, tornado_chart
from core.decisions.economics.depth import against, profit_curve
from core.decisions.economics.money import Terms
from core.decisions.economics.pricing import Levers, expected_profit, tornado
from core.ranking import Figure

EUR = Terms()
CHANCE = np.array([0.9, 0.5, 0.3, 0.05, 0.01])


def marks(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def test_the_title_tells_the_best_depth_and_its_profit_which_is_marked() -> None:
    figure = profit_chart(profit_curve(CHANCE, 1_000, 100), EUR, calls=1)
    # 900 - 100 + 500 - 100 + 300 - 100: the fourth lead brings 50 and costs 100.
    assert style.spoken(figure) == "Calling the best 3 leads brings most: 1,400 EUR"
    best, now = marks(figure, "Best depth"), marks(figure, "Your calls now")
    assert (best.x[0], best.y[0], now.x[0], now.y[0]) == (3, 1_400, 1, 800)
    assert best.marker.symbol != now.marker.symbol, "told apart without colour too"
    assert marks(figure, "Expected profit").hovertext[1].startswith("1 lead called:<br>800 EUR<br>likely ")
    band = figure.layout.shapes[0]
    curve = profit_curve(CHANCE, 1_000, 100)
    assert (band.x0, band.x1) == (curve.best_from, curve.best_to)


def test_the_band_is_the_curves_range() -> None:
    curve = profit_curve(CHANCE, 1_000, 100, low=CHANCE / 2, high=np.minimum(2 * CHANCE, 1))
    band = marks(profit_chart(curve, EUR), "Likely range")
    assert np.allclose(band.y[:6], curve.low) and np.allclose(band.y[6:], curve.high[::-1])


def test_where_no_lead_is_worth_its_cost_the_title_says_so() -> None:
    figure = profit_chart(profit_curve(CHANCE, 10, 100), EUR)
    assert style.spoken(figure) == "No lead is worth its cost at this margin"
    assert {trace.name for trace in figure.data} == {"Likely range", "Expected profit"}


def test_orders_are_told_as_what_came_where_outcomes_are_known() -> None:
    lines = against(CHANCE, 1_000, 100, outcome=[1, 0, 1, 0, 0], at=(1,))
    figure = order_chart(lines, 1, Terms("USD"), known=True)
    # This list finds the order: 900. A random lead is one in 40%: 400 - 100.
    assert style.spoken(figure) == "With 1 call this list brought 600 USD more than calling at random"
    assert list(marks(figure, "Perfect, known only afterwards").y) == [0, 900, 1_800, 1_700, 1_600, 1_500]
    assert len({trace.line.dash for trace in figure.data}) == 3
    promised = order_chart(against(CHANCE, 1_000, 100, at=(1,)), 1, EUR, known=False)
    assert style.spoken(promised) == "With 1 call this list should bring 548 EUR more than calling at random"
    assert len(promised.data) == 2


def test_a_list_that_is_worse_than_chance_says_less() -> None:
    lines = against(CHANCE, 1_000, 100, outcome=[0, 0, 0, 1, 1], at=(1,))
    assert "brought 400 EUR less" in style.spoken(order_chart(lines, 1, EUR, known=True))


def test_the_tornado_starts_from_now_and_names_the_widest_lever() -> None:
    levers = Levers(0.25, revenue_high=2_000, cost_high=400, cost_low=40)
    now = expected_profit(levers)
    figure = tornado_chart(tornado(levers, 0.2), now, EUR)
    assert style.spoken(figure) == "“Revenue of a good lead” moves a lead's worth most: 270 EUR to 470 EUR"
    lower, higher = figure.data
    assert list(lower.base if isinstance(lower.base, tuple) else [lower.base]) == [now]
    assert lower.x[0] == pytest.approx(-100) and higher.x[0] == pytest.approx(100)
    costs = list(figure.layout.yaxis.ticktext).index("Cost of a good lead")
    assert lower.x[costs] > 0 > higher.x[costs], "a lower cost is a higher profit"
    assert lower.marker.pattern.shape != higher.marker.pattern.shape
    assert any(text == "Chance of a good lead at 20%:<br>288 EUR a lead" for text in lower.hovertext)


def test_a_range_has_its_currency_once() -> None:
    assert likely(Figure(1, -20, 3_000_000), Terms("CHF")) == "likely -20 to 3,000,000 CHF"
