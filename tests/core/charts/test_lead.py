import pandas as pd

from core.charts import style
from core.charts.lead import contributions_chart, contributions_frame, history_chart
from core.scores import Contribution

PARTS = (
    Contribution("field", "days_since_last_call", "2", 0.41),
    Contribution("turn", "turn 3", "Can I <b>drive</b> it?", -0.77, 2, "<i>Customer</i>"),
    Contribution("field", "<a href=javascript:alert(1)>x</a>", "<u>v</u>", 0.3),
    Contribution("field", "tiny", "0", 0.001),
)


def test_for_and_against_by_side_pattern_and_sign_strongest_on_top() -> None:
    figure = contributions_chart(PARTS)
    speaks_for, against = figure.data
    assert against.x == (-0.77,) and against.y == (0,) and speaks_for.x == (0.41, 0.3) and speaks_for.y == (1, 2)
    assert against.marker.pattern.shape == "/" and against.text == ("-0.77",)
    assert len(figure.layout.yaxis.ticktext) == 3, "what would read 0.00 is no reason"
    assert "against" in style.spoken(figure)


def test_hostile_names_and_words_are_shown_as_written() -> None:
    figure = contributions_chart(PARTS)
    told = [figure.layout.title.text, *figure.layout.yaxis.ticktext]
    told += [text for trace in figure.data for text in trace.hovertext]
    assert all("<" not in text.replace("<br>", "") for text in told)


def test_a_lead_that_nothing_moves_and_the_table_behind() -> None:
    assert style.spoken(contributions_chart(())) == "Nothing moves the score of this lead"
    table = contributions_frame(PARTS)
    assert table["contribution"].tolist() == [-0.77, 0.41, 0.3, 0.001]
    assert list(contributions_frame(()).columns) == list(table.columns)


def history(*chances: float) -> pd.DataFrame:
    made = pd.to_datetime("2026-11-01") + pd.to_timedelta(range(len(chances)), unit="D")
    run = ["<b>old</b>", *["new"] * len(chances)][: len(chances)]
    return pd.DataFrame({"made": made, "run": run, "score": chances, "probability": chances, "rank": 4, "of": 90})


def test_history_tells_from_where_to_where_and_marks_models_by_shape() -> None:
    figure = history_chart(history(0.12, 0.15, 0.18))
    assert style.spoken(figure) == "The chance rose from 12% to 18%, now place 4 of 90"
    models = [trace for trace in figure.data if trace.mode == "markers"]
    assert [trace.name for trace in models] == ["&lt;b&gt;old&lt;/b&gt;", "new"]
    assert models[0].marker.symbol != models[1].marker.symbol


def test_scorings_without_a_chance_are_neither_drawn_nor_told() -> None:
    nan = float("nan")
    figure = history_chart(history(0.12, 0.18, nan))
    assert style.spoken(figure) == "The chance rose from 12% to 18%, now place 4 of 90"
    assert [len(trace.x) for trace in figure.data] == [2, 1, 1] and "nan" not in figure.to_json().lower()
    assert style.spoken(history_chart(history(nan, 0.2))) == "A chance of 20%, now place 4 of 90"
    none = history_chart(history(nan, nan))
    assert style.spoken(none) == "No chance is known for this lead, now place 4 of 90" and len(none.data[0].x) == 0


def test_history_of_one_or_none() -> None:
    assert style.spoken(history_chart(history(0.5, 0.4))).startswith("The chance fell from 50% to 40%")
    assert style.spoken(history_chart(history(0.2, 0.2))).startswith("The chance stayed at 20%")
    assert style.spoken(history_chart(history(0.2))) == "A chance of 20%, now place 4 of 90"
    assert style.spoken(history_chart(history())) == "This lead has not been scored yet"
