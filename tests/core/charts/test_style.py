import pytest

from core.charts import style
from core.ranking import Figure


@pytest.mark.parametrize("value", ["<b>x</b>", "<a href=javascript:alert(1)>y</a>", "a < b & c", "<script>"])
def test_markup_is_shown_as_it_was_written(value: str) -> None:
    shown = style.text(value)
    assert "<" not in shown and ">" not in shown
    figure = style.chart(f"About {value}", x=value, y=value)
    told = (figure.layout.title.text, figure.layout.xaxis.title.text, figure.layout.yaxis.title.text)
    assert all("<" not in text.replace("<br>", "") for text in told)
    assert style.spoken(figure) == f"About {value}"


def test_a_cut_never_leaves_half_an_escaped_sign() -> None:
    for width in range(2, 12):
        assert "&" not in style.text("<<<<<<<<<<", width).replace("&lt;", "")
        assert "&" not in style.wrapped("<<<< <<<<<<< <<", width, 2).replace("&lt;", "")


def test_titles_and_labels_break_into_lines_that_a_phone_holds() -> None:
    title = style.title("Calling the best 10% reaches 41% of the orders, and of the test drives 33%")
    assert title.count("<br>") >= 1 and max(len(line) for line in title.split("<br>")) <= style.TITLE_WIDTH
    label = style.label("word " * 60)
    assert label.count("<br>") == style.LABEL_LINES - 1 and label.endswith("…")
    assert style.label("") == " "


def test_the_title_has_room_above_the_plot_whatever_its_length() -> None:
    short, long = (style.chart("word " * n, x="", y="") for n in (2, 40))
    lines = long.layout.title.text.count("<br>")
    assert long.layout.margin.t - short.layout.margin.t == 21 * lines > 0


def test_text_and_background_are_left_to_the_theme() -> None:
    layout = style.chart("t", x="x", y="y").layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.font.color is None and layout.title.font.color is None and layout.xaxis.color is None


def test_series_differ_by_more_than_colour() -> None:
    assert len(set(style.COLOURS)) == len(set(style.DASHES)) == len(set(style.MARKERS)) == 6
    assert style.colour(6) == style.colour(0) and style.dash(7) == style.dash(1) and style.marker(8) == style.marker(2)


def test_rows_that_look_like_numbers_or_are_alike_when_cut_stay_apart() -> None:
    names = ["2015", "2015-01-01", "a" * 90 + "1", "a" * 90 + "2"]
    figure = style.row_chart("t", names, x="x")
    assert figure.layout.yaxis.tickvals == (0, 1, 2, 3) and figure.layout.yaxis.range == (3.6, -0.6)
    assert figure.layout.yaxis.ticktext[0] == "2015"
    assert figure.layout.height > style.row_chart("t", ["a", "b", "c", "d"], x="x").layout.height


def test_words_for_figures() -> None:
    assert style.share(0.0) == "0%" and style.share(0.0996) == "10%" and style.share(1.0) == "100%"
    assert style.between(0.1, 0.25) == "likely between 10% and 25%"
    assert style.counted(2, "try", "tries") == "2 tries"
    bars = style.interval([Figure(0.5, 0.4, 0.7)])
    assert bars["array"] == pytest.approx([0.2]) and bars["arrayminus"] == pytest.approx([0.1])
