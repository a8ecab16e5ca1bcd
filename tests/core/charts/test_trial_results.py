"""Charts of a trial that ran: what they draw is what the frames hold."""

import numpy as np
import pandas as pd
import pytest

from core.charts import style
from core.charts.trial_results import daily_chart, groups_chart, looks_chart, methods_chart

DAYS = pd.DataFrame({"day": [1, 2, 3], "treatment": [np.nan, 9.0, 14.6], "control": [5.0, 8.0, 13.3]})
METHODS = pd.DataFrame(
    {
        "method": ["t_test", "adjusted", "ratio"],
        "uplift": [0.07, 0.091, np.nan],
        "low": [-0.05, 0.02, np.nan],
        "high": [0.2, 0.16, np.nan],
        "reason": ["", "", "no orders <in> the old arm"],
    }
)
TIERS = pd.DataFrame(
    {
        "tier": ["1", "2", "<b>"],
        "leads": [1000, 900, 5],
        "orders_treatment": [12, 9, 0],
        "orders_control": [10, 8, 0],
        "uplift": [0.2, -0.03, np.nan],
        "low": [-0.1, -0.3, np.nan],
        "high": [0.6, 0.3, np.nan],
    }
)
LOOKS = pd.DataFrame(
    {"day": [30, 60, 90], "uplift": [np.nan, 0.2, 0.1], "low": [np.nan, -0.3, 0.02], "high": [np.nan, 0.8, 0.19]}
)


def test_daily_tells_the_rates_of_the_last_day() -> None:
    figure = daily_chart(DAYS)
    assert style.spoken(figure) == "Orders per 1,000 leads by day 3: 14.6 by the new ranking, 13.3 by the old"
    new, old = figure.data
    assert list(new.y) == [9.0, 14.6] and list(old.y) == [8.0, 13.3] and list(new.x) == [2, 3]
    assert new.line.dash != old.line.dash and new.name != old.name
    assert "No day has leads" in style.spoken(daily_chart(DAYS.iloc[:1]))


def test_methods_puts_the_planned_one_on_top_marked_by_word_and_symbol() -> None:
    figure = methods_chart(METHODS, "adjusted")
    assert style.spoken(figure) == "Named in the plan: +9.1% orders, likely between +2% and +16%"
    assert "named in the plan" in figure.layout.yaxis.ticktext[0].replace("<br>", " ")
    planned, others = figure.data
    assert list(planned.x) == [0.091] and list(planned.y) == [0] and list(others.y) == [1]
    assert planned.marker.symbol != others.marker.symbol and planned.name == "Named in the plan"
    assert planned.error_x.array[0] == pytest.approx(0.069) and planned.error_x.arrayminus[0] == pytest.approx(0.071)
    (note,) = figure.layout.annotations
    assert (note.y, note.text, note.hovertext) == (2, "cannot be told", "no orders &lt;in&gt; the old arm")


def test_a_planned_method_that_cannot_tell_is_said_in_the_title() -> None:
    figure = methods_chart(METHODS, "ratio")
    assert style.spoken(figure) == "Named in the plan: the effect cannot be told"
    assert figure.layout.annotations[0].y == 0


def test_tiers_are_rows_with_intervals_and_small_ones_in_words() -> None:
    figure = groups_chart(TIERS, 0.09)
    assert style.spoken(figure) == "By tier: from -3% to +20% orders"
    assert list(figure.data[0].x) == [0.2, -0.03] and list(figure.data[0].y) == [0, 1]
    assert "1,000 leads; orders: 12 by the new ranking, 10 by the old" in figure.data[0].hovertext[0]
    assert figure.data[1].name == "Overall: +9%" and 0.09 in [shape.x0 for shape in figure.layout.shapes]
    assert figure.layout.annotations[0].text == "cannot be told"
    assert figure.layout.yaxis.ticktext[2] == "Tier &lt;b&gt;"


def test_weeks_stand_along_the_axis() -> None:
    weeks = TIERS.rename(columns={"tier": "week"}).assign(week=[1, 2, 3])
    figure = groups_chart(weeks, 0.09)
    assert style.spoken(figure) == "By week: from -3% to +20% orders"
    assert list(figure.data[0].x) == [1, 2] and list(figure.data[0].y) == [0.2, -0.03]
    assert 0.09 in [shape.y0 for shape in figure.layout.shapes]
    assert style.spoken(groups_chart(weeks.iloc[2:])) == "By week: every group is too small to tell"


def test_looks_draw_the_band_of_the_days_that_can_tell() -> None:
    figure = looks_chart(LOOKS)
    assert style.spoken(figure) == "By day 90: +10% orders, likely between +2% and +19%"
    band, line = figure.data
    assert list(band.x) == [60, 90, 90, 60] and list(band.y) == [-0.3, 0.02, 0.19, 0.8]
    assert list(line.x) == [60, 90] and figure.layout.shapes[0].y0 == 0
    assert style.spoken(looks_chart(LOOKS.iloc[:1])) == "No day can tell the effect yet"
