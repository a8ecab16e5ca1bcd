"""Charts of a trial that is planned: what they draw is what the frames hold."""

import numpy as np
import pandas as pd
import pytest

from core.charts import style
from core.charts.trials import detectable_chart, love_plot, power_chart, rehearsal_chart

POWER = pd.DataFrame(
    {"uplift": [0.05, 0.095, 0.2], "power": [0.1, 0.31, 0.91], "power_adjusted": [0.15, 0.44, 0.99]},
)
DETECTABLE = pd.DataFrame(
    {"days": [30, 90, 132], "detectable": [np.nan, 0.5, 0.31], "detectable_adjusted": [0.8, 0.4, 0.24]}
)
BALANCE = pd.DataFrame(
    {
        "column": ["leads", "lock_ins_30", "<b>x</b>"],
        "treatment": [200.0, 3.1, 2.0],
        "control": [201.0, 3.0, 1.0],
        "standardised": [-0.02, 0.05, 0.31],
    }
)
REHEARSED = pd.DataFrame(
    {
        "uplift": [0.12, 0.02, -0.2, 0.3, np.nan],
        "low": [0.01, -0.1, -0.4, 0.1, np.nan],
        "high": [0.2, 0.2, -0.1, 0.5, np.nan],
    }
)


def test_power_tells_the_share_at_the_effect_that_was_asked_for() -> None:
    figure = power_chart(POWER, 0.095)
    assert style.spoken(figure) == "If +9.5% is true, 31% of such trials show it, 44% with past results counted"
    assert list(figure.data[0].y) == [0.1, 0.31, 0.91] and list(figure.data[1].y) == [0.15, 0.44, 0.99]
    assert figure.data[0].line.dash != figure.data[1].line.dash, "lines differ without colour too"
    assert {note.text for note in figure.layout.annotations} == {"wanted: 80%", "+9.5%"}
    assert figure.data[0].hovertext[0].endswith("+5% is shown by 10% of such trials")


def test_power_between_points_is_read_off_the_line_and_beyond_them_it_is_not_told() -> None:
    assert "61% of such trials" in style.spoken(power_chart(POWER, 0.1475))
    assert style.spoken(power_chart(POWER, 0.4)) == "How often such a trial shows +40% cannot be told"


def test_equal_lines_are_told_once() -> None:
    same = POWER.assign(power_adjusted=POWER["power"])
    assert style.spoken(power_chart(same, 0.2)) == "If +20% is true, 91% of such trials show it"


def test_detectable_tells_the_smallest_effect_or_that_there_is_none() -> None:
    figure = detectable_chart(DETECTABLE, 132)
    assert style.spoken(figure) == "In 132 days this team can see +31% or more, +24% with past results counted"
    assert list(figure.data[0].x) == [90, 132] and list(figure.data[1].x) == [30, 90, 132]
    assert "+80% or more, with past results counted" in style.spoken(detectable_chart(DETECTABLE, 30))
    none = DETECTABLE.assign(detectable=np.nan, detectable_adjusted=np.nan)
    assert style.spoken(detectable_chart(none, 30)) == "In 30 days this team can see no effect, however large"


def test_love_plot_names_what_differs_and_marks_it_without_colour_too() -> None:
    figure = love_plot(BALANCE)
    assert style.spoken(figure) == "1 of 3 measures differs between the arms: <b>x</b>"
    dots = figure.data[0]
    assert list(dots.x) == [-0.02, 0.05, 0.31] and dots.marker.symbol == ("circle", "circle", "diamond")
    assert figure.layout.yaxis.ticktext[:2] == ("Leads", "Orders, last 30 days")
    assert "<b>" not in "".join((*figure.layout.yaxis.ticktext, *dots.hovertext, figure.layout.title.text))
    band = figure.layout.shapes[0]
    assert (band.x0, band.x1) == (-0.1, 0.1)
    low, high = figure.layout.xaxis.range
    assert low == -high and high > 0.31


def test_love_plot_of_arms_that_are_alike_says_so() -> None:
    assert style.spoken(love_plot(BALANCE.iloc[:2])).startswith("The arms are alike")


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        (0.095, "A true +9.5% was found in 40% of 5 rehearsed trials"),
        (-0.1, "A true -10% was found in 20% of 5 rehearsed trials"),
        (0.0, "With no true effect, 60% of 5 rehearsed trials cried wolf"),
    ],
)
def test_rehearsal_counts_what_was_found_in_the_true_direction(truth: float, words: str) -> None:
    figure = rehearsal_chart(REHEARSED, truth)
    assert style.spoken(figure) == words
    called, chance = figure.data
    assert sum(called.y) == 3 and sum(chance.y) == 1
    assert called.marker.pattern.shape != chance.marker.pattern.shape
    assert figure.layout.shapes[0].x0 == truth and figure.layout.barmode == "stack"


def test_a_rehearsal_without_any_reading_says_so() -> None:
    assert style.spoken(rehearsal_chart(REHEARSED.iloc[4:], 0.1)) == "No rehearsed trial could be read"
