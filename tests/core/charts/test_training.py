import pandas as pd

from core.charts import style
from core.charts.training import losses_chart, pair_accuracy_chart, validation_chart

HISTORY = pd.DataFrame(
    [
        ("fine-tune", 2, "total", 1.5),
        ("fine-tune", 1, "total", 2.0),
        ("fine-tune", 1, "pairwise", 0.7),
        ("fine-tune", 1, "pair_accuracy.key_action", 0.5),
        ("fine-tune", 2, "pair_accuracy.key_action", 0.7),
        ("fine-tune", 2, "pair_accuracy.<b>soft</b>", 0.6),
        ("fine-tune", 1, "validation_auc", 0.7),
        ("fine-tune", 2, "validation_auc", 0.76),
        ("fine-tune", 3, "validation_auc", 0.75),
        ("fine-tune", 1, "tokens_per_second", 900.0),
    ],
    columns=["phase", "step", "name", "value"],
)


def test_losses_by_head_in_the_order_of_the_steps() -> None:
    figure = losses_chart(HISTORY)
    assert style.spoken(figure) == "The loss fell from 2.00 to 1.50"
    assert [trace.name for trace in figure.data] == ["All together", "Order of pairs"]
    assert list(figure.data[0].x) == [1, 2] and list(figure.data[0].y) == [2.0, 1.5]
    assert figure.data[1].mode == "lines+markers", "a single step is a dot"


def test_pair_accuracy_by_tier() -> None:
    figure = pair_accuracy_chart(HISTORY)
    assert style.spoken(figure) == "60% to 70% of pairs are in the right order, by tier"
    assert [trace.name for trace in figure.data] == ["key action", "&lt;b&gt;soft&lt;/b&gt;"]
    assert figure.data[0].line.dash != figure.data[1].line.dash


def test_validation_tells_the_best_step() -> None:
    figure = validation_chart(HISTORY)
    assert style.spoken(figure) == "On leads it has not seen, 76% of pairs are right at best (step 2)"
    assert list(figure.data[0].y) == [0.7, 0.76, 0.75]


def test_before_the_first_step_the_charts_say_so() -> None:
    nothing = HISTORY.iloc[:0]
    for draw, words in (
        (losses_chart, "no step is done yet"),
        (pair_accuracy_chart, "no step is done yet"),
        (validation_chart, "not measured yet"),
    ):
        figure = draw(nothing)
        assert words in style.spoken(figure) and len(figure.data) == 0
