import pandas as pd

from core.charts import style
from core.charts.lead import history_chart


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
