import numpy as np

from core.charts import style
from core.charts.hits import picture_chart, thresholds_chart
from core.decisions.economics.hits import at_threshold, picture, thresholds

CHANCE, TRUTH = [0.9, 0.6, 0.4, 0.3, 0.1], [1, 0, 1, 0, 0]


def test_every_lead_of_the_picture_is_one_mark_of_its_kind() -> None:
    hits = at_threshold(CHANCE, TRUTH, 0.5)
    figure = picture_chart(picture(CHANCE, TRUTH, 0.5), hits)
    assert style.spoken(figure) == "Calling 2 leads finds 1 of 2 orders"
    assert [list(trace.x) for trace in figure.data] == [[0], [1], [2], [3, 4]], "five across, best first"
    assert len({trace.marker.symbol for trace in figure.data}) == 4, "told apart without colour too"
    assert figure.data[1].hovertext == ("Place 2, chance 60%<br>Called, no order: a false alarm",)


def test_a_picture_of_25_leads_has_five_rows_of_five() -> None:
    chance = np.linspace(0.9, 0.1, 25)
    truth = np.arange(25) % 2
    figure = picture_chart(picture(chance, truth, 0.5), at_threshold(chance, truth, 0.5))
    places = {(x, y) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert places == {(x, y) for x in range(5) for y in range(5)}


def test_figures_over_the_chance_leave_out_what_has_no_value() -> None:
    hits = at_threshold(CHANCE, TRUTH, 0.5)
    figure = thresholds_chart(thresholds(CHANCE, TRUTH, 11), hits)
    assert style.spoken(figure) == "Calling from a chance of 50% on: what is right, and what is found"
    lines = {trace.name: trace for trace in figure.data if trace.name}
    assert len(lines["Of all, right"].x) == 11
    assert max(lines["Of those called, ordered"].x) == 0.9, "from 100% on nobody is called"
    assert list(lines["Of all orders, called"].y)[:2] == [1, 1]
    assert figure.layout.shapes[0].x0 == 0.5
