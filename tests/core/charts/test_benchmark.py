"""Charts of a benchmark: what they draw is what the table holds."""

from dataclasses import replace

import numpy as np
import pytest

from core.benchmark.arms import FAMILIES
from core.benchmark.curves import arm_lines
from core.benchmark.measuring import AUC
from core.benchmark.table import Table, build_table
from core.charts import style
from core.charts.benchmark import LOOKS, arm_gains_chart, cost_chart, forest_chart
from core.comparison import Difference
from core.evaluation import Measure
from core.ranking import Figure
from tests.benchmarked import ARMS, HOSTILE, made_results


@pytest.fixture(scope="module")
def table() -> Table:
    return build_table(made_results(), resamples=100)


def hostile() -> Table:
    arms = {key: replace(arm, title=f"{HOSTILE} {key}") for key, arm in ARMS.items()}
    return build_table(made_results(arms=arms), resamples=20)


def texts(figure) -> str:
    told = [figure.layout.title.text, *(figure.layout.yaxis.ticktext or ())]
    told += [figure.layout.xaxis.title.text, figure.layout.yaxis.title.text]
    for trace in figure.data:
        told += [trace.name, *(trace.hovertext if trace.hovertext is not None else ())]
    return " ".join(str(one) for one in told if one)


def test_forest_draws_a_row_for_each_arm_but_the_reference_best_first(table: Table) -> None:
    figure = forest_chart(table, table.at_capacity)
    drawn = {int(y): x for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert sorted(drawn) == list(range(len(table.arms) - 1))
    assert [drawn[row] for row in sorted(drawn)] == sorted(drawn.values(), reverse=True)
    gaps = [table.row(arm, table.at_capacity).apart for arm in table.arms]
    expected = [1000 * gap.value for gap in gaps if isinstance(gap, Difference)]
    np.testing.assert_allclose(sorted(drawn.values()), sorted(expected))
    assert "LightGBM" not in figure.layout.yaxis.ticktext and figure.layout.shapes[0].x0 == 0
    assert {trace.name for trace in figure.data} == {FAMILIES[f] for f in ("rule", "click", "asllr", "ablation")}


def test_forest_says_how_many_beat_the_reference_by_more_than_chance(table: Table) -> None:
    gaps = [table.row(arm, AUC).apart for arm in table.arms]
    lose = sum(gap.shown and gap.value < 0 for gap in gaps if isinstance(gap, Difference))
    title = style.spoken(forest_chart(table, AUC))
    assert title == f"Of 7 ways to rank, 0 beat LightGBM by more than chance, {lose} lose" and lose >= 5
    equal = build_table(made_results({"lightgbm": 1.0, "hpro": 1.0}), resamples=100)
    assert "none differs from LightGBM" in style.spoken(forest_chart(equal, AUC))


def test_forest_grows_with_its_rows_and_says_what_cannot_be_told() -> None:
    many = {f"arm {n}": replace(ARMS["asllr"], key=f"arm {n}", title=f"Arm {n}") for n in range(44)}
    arms = many | {"lightgbm": ARMS["lightgbm"]}
    table = build_table(made_results(dict.fromkeys(arms, 1.0), leads=200, seeds=1, arms=arms), resamples=10)
    figure = forest_chart(table, AUC)
    assert figure.layout.height >= 44 * 26 and len(figure.layout.yaxis.ticktext) == 44
    figure = forest_chart(table, Measure("precision_at", 0.001))
    assert not figure.data and len(figure.layout.annotations) == 44
    assert "Nothing can be held against" in style.spoken(figure)


def test_families_differ_by_more_than_colour() -> None:
    assert set(LOOKS) == set(FAMILIES) and len(set(LOOKS.values())) == len(LOOKS)
    assert len({symbol for _, symbol in LOOKS.values()}) == len(LOOKS)


def test_gains_tell_and_mark_the_capacity(table: Table) -> None:
    lines = arm_lines(table.results, ["lightgbm", "hpro"])
    figure = arm_gains_chart(lines, 0.1)
    shares = [f"{100 * line.at(0.1):.1f}%" for line in lines.values()]
    assert style.spoken(figure) == (
        f"Of the orders, calling the best 10% reaches {shares[0]} with LightGBM and {shares[1]} with asLLR + HPRO"
    )
    np.testing.assert_array_equal(figure.data[1].y, lines["hpro"].captured)
    assert len({trace.line.dash for trace in figure.data}) == 3
    assert figure.layout.shapes[0].x0 == 0.1 and figure.layout.annotations[0].text == "your capacity"


def test_cost_draws_every_arm_against_its_seconds(table: Table) -> None:
    figure = cost_chart(table, table.at_capacity)
    drawn = sorted((x, y) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True))
    figures = {arm: table.row(arm, table.at_capacity).figure for arm in table.arms}
    expected = [
        (table.cost(arm).score_seconds, 1000 * one.value) for arm, one in figures.items() if isinstance(one, Figure)
    ]
    np.testing.assert_allclose(drawn, sorted(expected))
    assert style.spoken(figure).startswith("The highest, ") and "by LightGBM, takes 0.5 s" in style.spoken(figure)


@pytest.mark.parametrize("measure", [AUC, Measure("recall_at", 0.05), Measure("precision_at", 0.1)])
def test_titles_from_outside_are_shown_as_written_and_every_title_has_its_room(measure: Measure) -> None:
    table = hostile()
    figures = [forest_chart(table, measure), cost_chart(table, measure)]
    figures.append(arm_gains_chart(arm_lines(table.results, list(table.arms)), 0.1))
    for figure in figures:
        assert "<script" not in texts(figure) and "<img" not in texts(figure) and "&lt;" in texts(figure)
        lines = figure.layout.title.text.split("<br>")
        assert figure.layout.margin.t >= 21 * (len(lines) - 1) + style.FIRST_LINE, "no line of the title is cut"
        assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)" and figure.layout.font.color is None, "light and dark"
