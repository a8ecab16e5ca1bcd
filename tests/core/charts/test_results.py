"""Charts of core.lift's results: what they draw is what the results hold."""

import numpy as np
import pytest

from core.charts import style
from core.charts.capacity import capacity_chart
from core.charts.chances import calibration_chart, spread_chart
from core.charts.comparison import comparison_chart
from core.charts.gains import gains_chart, lift_chart
from core.charts.segments import segments_chart
from core.data.leads import Leads
from core.lift.capacity import at_capacity
from core.lift.chances import calibration, spread
from core.lift.gains import gain_lines
from core.lift.lineup import Lineup
from core.lift.models import capacity_measure, side_by_side
from core.lift.segments import by_segment
from core.ranking import Figure
from tests.lineups import HOSTILE, lined_up, owned_leads, run_scores


def texts(figure) -> str:
    """Everything that Plotly could read as markup: titles, names, labels, hover texts, notes."""
    told = [
        figure.layout.title.text,
        *(figure.layout.yaxis.ticktext or ()),
        *(n.text for n in figure.layout.annotations),
    ]
    for trace in figure.data:
        told += [trace.name, *(trace.hovertext if trace.hovertext is not None else ())]
    return " ".join(str(one) for one in told if one)


def test_gains_draw_every_line_and_the_title_tells_the_orders_at_the_capacity() -> None:
    lines = gain_lines(lined_up())
    figure = gains_chart(lines, 0.2)
    assert style.spoken(figure) == f"Calling the best 20% reaches {style.share(lines.orders.at(0.2))} of the orders"
    assert [trace.name for trace in figure.data][: len(lines.lines)] == [line.name for line in lines.lines]
    np.testing.assert_array_equal(figure.data[0].y, lines.orders.captured)
    dashes = [trace.line.dash for trace in figure.data if trace.mode == "lines"]
    assert len(set(dashes)) == len(dashes), "lines differ without colour too"
    assert figure.data[-1].x == (0.2,) and figure.data[-1].y[0] == pytest.approx(lines.orders.at(0.2))


def test_lift_is_told_from_enough_calls_on_and_without_the_best_possible() -> None:
    lines = gain_lines(lined_up())
    figure = lift_chart(lines, 0.2)
    assert f"{lines.orders.at(0.2) / 0.2:.1f} times" in style.spoken(figure)
    assert "Best possible" not in [trace.name for trace in figure.data]
    assert min(figure.data[0].x) == pytest.approx(lines.first_depth, abs=0.006) and min(figure.data[0].x) >= 10 / 600
    np.testing.assert_allclose(figure.data[0].y[-1], 1)


def test_capacity_tells_orders_found_and_draws_bands() -> None:
    found = at_capacity(lined_up(), 60, resamples=50)
    figure = capacity_chart(found)
    assert f"Calling 60 leads finds {found.found:.0f} of {found.converted} orders" in style.spoken(figure)
    recall = next(trace for trace in figure.data if trace.name == "Of all orders, how many are found")
    table = found.to_frame()
    np.testing.assert_allclose(recall.y, table["recall"])
    assert sum(trace.fill == "toself" for trace in figure.data) == 2
    assert figure.layout.shapes[0].x0 == 60 and figure.layout.annotations[0].text == "your capacity"


def test_capacity_of_leads_without_orders_says_that_nothing_can_be_told() -> None:
    leads = owned_leads(60)
    none = Leads(leads.roles.assign(converted=0.0), leads.features, leads.schema)
    figure = capacity_chart(at_capacity(Lineup.of(none, [run_scores(leads)]), 5, resamples=20))
    assert style.spoken(figure) == "What calling 5 leads brings cannot be told"


def test_calibration_tells_expected_and_observed_orders() -> None:
    found = calibration(lined_up(), resamples=50)
    figure = calibration_chart(found)
    assert f"{found.expected:,.0f} orders expected, {found.converted} came" in style.spoken(figure)
    points = figure.data[1]
    assert points.y == tuple(point.came for point in found.points)
    assert points.error_y.array[0] == pytest.approx(found.points[0].high - found.points[0].came)


def test_spread_draws_shares_of_each_kind() -> None:
    found = spread(lined_up())
    figure = spread_chart(found)
    assert style.share(found.median_ordered) in style.spoken(figure)
    ordered, others = figure.data
    assert sum(ordered.y[:-1]) == pytest.approx(1) and sum(others.y[:-1]) == pytest.approx(1)
    assert ordered.line.dash != others.line.dash


def test_segments_show_groups_with_intervals_and_small_ones_in_words() -> None:
    found = by_segment(lined_up(), "owner", 0.2, resamples=50)
    figure = segments_chart(found)
    values = [group.precision.value for group in found.groups if isinstance(group.precision, Figure)]
    dots = figure.data[1]
    assert list(dots.x) == values and style.share(min(values)) in style.spoken(figure)
    assert [note.text for note in figure.layout.annotations] == ["too few leads (12)"]
    assert "<b>" not in texts(figure) and "<a" not in texts(figure) and "&lt;b&gt;x&lt;/b&gt;" in texts(figure)
    assert segments_chart(found, "auc").layout.xaxis.range == (0, 1.02)


def test_many_small_groups_are_one_row() -> None:
    leads = owned_leads(300)
    owners = [f"S{number % 60}" for number in range(300)]
    many = Lineup.of(Leads(leads.roles.assign(owner=owners), leads.features, leads.schema), [run_scores(leads)])
    figure = segments_chart(by_segment(many, "owner", 0.1, resamples=20))
    assert style.spoken(figure) == "By owner: every group has too few leads to tell"
    assert figure.layout.yaxis.ticktext == ("60 other groups",)


def test_comparison_puts_the_best_on_top_and_says_whether_it_is_chance() -> None:
    lineup = lined_up()
    found = side_by_side(lineup, 60, resamples=50)
    figure = comparison_chart(found, "auc", "Right order (%)")
    assert style.spoken(figure) == "model is ahead of simple, by more than chance"
    assert figure.layout.yaxis.ticktext == ("model", "simple")
    assert [trace.marker.symbol for trace in figure.data] == ["circle", "square"]
    leads = owned_leads(200)
    twins = Lineup.of(leads, [run_scores(leads, HOSTILE), run_scores(leads, "twin", seed=2)])
    metric = capacity_measure("recall_at", twins, 20).name
    figure = comparison_chart(side_by_side(twins, 20, resamples=50), metric, "Orders found (%)")
    assert "more than chance" not in style.spoken(figure)
    assert "<b>" not in texts(figure) and "<a" not in texts(figure)
