"""Charts of campaigns: what they draw is what the results hold."""

import numpy as np
import pandas as pd
import pytest

from core.charts import style
from core.charts.campaigns import allocation_chart, feedback_chart, response_chart, thompson_chart, weeks_chart
from core.decisions.economics.allocation import allocate, thompson_split
from core.decisions.economics.campaigns import Feedback, feedback, read_costs
from core.decisions.economics.money import Terms, told
from core.decisions.economics.response import Responses
from core.decisions.economics.simulation import gains, simulate

TERMS = Terms("USD", "week")
NOW = np.array([2000.0, 4000.0, 1000.0])
FOUND = Responses(
    ("search", "<b>fairs</b>", "radio"),
    np.array([[60.0, 30, 15], [50.0, 34, 9]]),
    np.array([[8000.0, 3000, 1500], [7000.0, 3500, 1800]]),
    NOW,
    1.2 * NOW,
)


def judged(**campaigns: tuple[int, int, float]) -> Feedback:
    """From (leads, orders, cost) of each campaign."""
    parts = [
        pd.DataFrame({"campaign": name, "converted": (np.arange(leads) < orders).astype(float)})
        for name, (leads, orders, _) in campaigns.items()
    ]
    costs = pd.DataFrame({"campaign": list(campaigns), "cost": [cost for *_, cost in campaigns.values()]})
    return feedback(pd.concat(parts, ignore_index=True), read_costs(costs), "campaign", 1000.0, terms=TERMS)


def drawn(figure) -> dict:
    """Traces that the legend names."""
    return {trace.name: trace for trace in figure.data if trace.name}


def test_feedback_stands_by_advice_with_range_and_break_even() -> None:
    found = judged(good=(400, 60, 20_000), bad=(400, 8, 19_000), young=(20, 6, 100))
    figure = feedback_chart(found)
    assert style.spoken(figure) == "Of 3 campaigns: reinforce 1, cut 1"
    traces = drawn(figure)
    assert set(traces) == {"Needed to pay for itself", "Reinforce", "Cut", "Too few leads to tell"}
    assert len({trace.marker.symbol for trace in traces.values()}) == 4, "told apart without colour too"
    good = found.frame.set_index("campaign").loc["good"]
    assert traces["Reinforce"].x == pytest.approx([100 * good["rate"]]) and list(traces["Reinforce"].y) == [0]
    assert traces["Reinforce"].error_x.array == pytest.approx([100 * (good["high"] - good["rate"])])
    assert traces["Needed to pay for itself"].x == pytest.approx([5.0, 4.75, 0.5]), "cost of a lead / margin"
    assert figure.layout.yaxis.ticktext == ("good", "bad", "young")
    assert "60 orders of 400 known" in traces["Reinforce"].hovertext[0] and "USD" in traces["Reinforce"].hovertext[0]


def test_feedback_without_sure_advice_and_under_hostile_names() -> None:
    found = judged(**{"<i>x</i>": (400, 21, 20_000), "free": (100, 5, 0.0)})
    figure = feedback_chart(found)
    assert style.spoken(figure) == "Of 2 campaigns: reinforce 1"
    assert "<i>" not in str(figure.to_json()).replace("\\u003c", "<")
    young = feedback_chart(judged(a=(10, 1, 10.0)))
    assert style.spoken(young) == "Of 1 campaign, none is surely worth more money or less"


def test_a_curve_tells_orders_now_and_then_and_what_was_never_tried() -> None:
    figure = response_chart(FOUND, "search", 3500.0, TERMS)
    orders = {
        money: float(np.mean([60 * -np.expm1(-money / 8000), 50 * -np.expm1(-money / 7000)])) for money in (2000, 3500)
    }
    assert style.spoken(figure) == (
        f"search: {orders[2000]:.1f} orders a week for 2,000 USD now, {orders[3500]:.1f} for 3,500 USD then"
    )
    traces = drawn(figure)
    assert traces["Spend now"].y == pytest.approx([orders[2000]])
    assert traces["Spend then"].y == pytest.approx([orders[3500]]) and list(traces["Spend then"].x) == [3500]
    seen, unseen = traces["Spend tried before"], traces["Never tried"]
    assert max(seen.x) <= 2400 < unseen.x[1] and seen.x[-1] == unseen.x[0], "one line, dashed from there on"
    assert seen.line.dash != unseen.line.dash
    assert "<b>" not in response_chart(FOUND, "<b>fairs</b>", 1.0, TERMS).layout.title.text


def test_the_split_shows_money_now_and_then_and_marks_guesses() -> None:
    found = allocate(FOUND, 7000.0, 400.0, terms=TERMS)
    figure = allocation_chart(found)
    assert f"earns {told(found.gain.value, TERMS)} a week more than the spend of now" in style.spoken(figure)
    traces = drawn(figure)
    assert list(traces["Now"].x) == NOW.tolist() and traces["Then"].x == pytest.approx(found.frame["spend"])
    beyond = found.frame["beyond"].tolist()
    assert beyond[0] and not all(beyond), "the case that the test is about"
    assert [symbol == "diamond-open" for symbol in traces["Then"].marker.symbol] == beyond
    assert ["a guess" in words for words in traces["Then"].hovertext] == beyond
    assert figure.layout.yaxis.ticktext[1] == "&lt;b&gt;fairs&lt;/b&gt;"


def test_a_split_that_gains_nothing_is_not_praised() -> None:
    best = allocate(FOUND, 7000.0, 400.0).frame["spend"].to_numpy()
    there = Responses(FOUND.channels, FOUND.ceiling, FOUND.scale, best, best)
    found = allocate(there, float(best.sum()) * 0.5, 400.0, terms=TERMS)
    assert found.gain.value < 0
    assert style.spoken(allocation_chart(found)) == "No split of this budget earns more than the spend of now"


def test_a_draw_has_the_range_of_all_draws() -> None:
    split = thompson_split(FOUND, 7000.0, 400.0)
    figure = thompson_chart(split, TERMS)
    most = split["channel"].iloc[int(split["spend"].argmax())]
    assert style.spoken(figure).startswith(f"This week most goes to {most}: ")
    then = drawn(figure)["Then"]
    assert then.x == pytest.approx(split["spend"])
    assert np.add(then.x, then.error_x.array) == pytest.approx(np.maximum(split["high"], split["spend"]))


def test_ways_of_budgeting_are_drawn_by_their_mean_profit() -> None:
    world = FOUND.draw(0)
    played = simulate(world, 8, 7000.0, 400.0, seeds=2)
    gained = gains(played)
    figure = weeks_chart(played, gained, TERMS)
    gain = gained.set_index("how")["gain"].to_dict()["thompson"]
    verb = "earns" if gain > 0 else "costs"
    assert style.spoken(figure).startswith(f"Splitting anew {verb} {told(abs(gain), TERMS)} a week")
    traces = drawn(figure)
    assert set(traces) == {"Budgets kept as they are", "Split anew each period", "Best, if all were known"}
    third = played[(played["how"] == "thompson") & (played["week"] == 3)]["profit"].mean()
    assert traces["Split anew each period"].y[2] == pytest.approx(third)
    assert len({trace.line.dash for trace in traces.values()}) == 3
