import numpy as np
import pandas as pd
import pytest

from core.charts import style
from core.charts.deals import BINS, deals_chart, keep_chart
from core.decisions.economics.deals import better, break_evens, lines
from core.decisions.economics.money import Terms

EUR = Terms()
HOSTILE = "<b>Work</b>"
DEALS = pd.DataFrame({"name": [HOSTILE, "Sell"], "profit_at_0": [-100.0, 50.0], "profit_at_1": [900.0, 50.0]})
SHARES = np.array([0.1, 0.1, 0.2, 0.3])


def drawn(offered: pd.DataFrame = DEALS, shares: np.ndarray = SHARES):
    return deals_chart(lines(offered), break_evens(offered), shares, better(offered, shares), EUR)


def named(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def test_the_title_tells_the_likeliest_best_deal_and_names_are_shown_as_written() -> None:
    figure = drawn()
    # -100 + 1000 p against 50: better from 0.15 on, which half of the shares reach; ties go to the first.
    assert style.spoken(figure) == f"“{HOSTILE}” is the best deal with a chance of 50%"
    assert "<b>W" not in str(figure.to_dict())


def test_the_break_even_is_marked_where_the_lines_cross() -> None:
    mark = named(drawn(), "Break-even")
    assert list(mark.x) == [pytest.approx(0.15)] and list(mark.y) == [pytest.approx(50)]
    assert "below, Sell is better,<br>above, &lt;b&gt;Work" in mark.hovertext[0]


def test_parallel_deals_have_no_mark() -> None:
    apart = DEALS.assign(profit_at_0=[0.0, 10.0], profit_at_1=[100.0, 110.0])
    figure = drawn(apart)
    assert "Break-even" not in {trace.name for trace in figure.data}
    assert style.spoken(figure) == "“Sell” is the best deal with a chance of over 99%"


def test_bars_hold_every_share_once_and_the_axis_holds_bars_and_crossing() -> None:
    figure = drawn()
    bars = named(figure, "How likely each share is")
    assert sum(bars.y) == pytest.approx(1) and bars.yaxis == "y2"
    assert bars.y[0] == pytest.approx(0.5)
    assert figure.layout.xaxis.range == (0, pytest.approx(0.42))
    low, high = figure.layout.yaxis.range
    assert low < -100 and 320 < high < 400, "the profits that are seen, not those of all leads good"
    shares = np.random.default_rng(0).binomial(373, 0.1, 5_000) / 373
    many = named(drawn(DEALS, shares), "How likely each share is")
    width = np.round(np.asarray(many.width) * 373).astype(int)
    assert len(many.x) <= 2 * BINS and len(set(width)) == 1, "each bar stands for as many shares that can come"
    assert sum(many.y) == pytest.approx(1)


def test_one_share_alone_has_a_bar() -> None:
    assert sum(named(drawn(DEALS, np.full(5, 0.4)), "How likely each share is").y) == pytest.approx(1)


def test_keep_sell_and_drop_are_counted() -> None:
    figure = keep_chart({"keep": 3, "drop": 1}, EUR, 60)
    assert style.spoken(figure) == "At 60 EUR a lead, 3 leads of 4 are worth keeping"
    assert list(figure.data[0].x) == [3, 0, 1]
    assert figure.data[0].hovertext[2] == "Drop: 1 lead, 25%"
