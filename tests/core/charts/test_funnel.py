from core.charts import style
from core.charts.funnel import funnel_chart, funnel_frame


def test_stages_keep_their_order_and_the_title_tells_the_largest() -> None:
    counts = [("lost", 3), ("store_visit", 6), ("", 1)]
    figure = funnel_chart(counts)
    assert style.spoken(figure) == "10 open leads, most of them at store visit (6)"
    assert list(figure.data[0].x) == [3, 6, 1] and figure.layout.yaxis.ticktext == ("lost", "store visit", "not known")
    assert funnel_frame(counts)["share"].tolist() == [0.3, 0.6, 0.1]


def test_titles_of_other_counts() -> None:
    assert style.spoken(funnel_chart([("a", 4), ("b", 3), ("c", 3)])) == "10 open leads, the most at a (4)"
    assert style.spoken(funnel_chart([("a", 0), ("b", 2)], "new lead")) == "2 new leads, all at b"
    assert style.spoken(funnel_chart([("a", 0)])) == "No open leads"
    assert style.spoken(funnel_chart([])) == "No open leads"


def test_a_hostile_stage_is_shown_as_written() -> None:
    figure = funnel_chart([("<img src=x>", 1), ("2020-01-01", 1)])
    assert figure.layout.yaxis.ticktext == ("&lt;img src=x&gt;", "2020-01-01")
    assert "<img" not in figure.data[0].hovertext[0]
