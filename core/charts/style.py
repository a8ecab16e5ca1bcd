"""One look for all charts, fit for light and dark: the page's theme colours text and grid, we colour the marks alone.

No meaning by colour alone: every series has a dash or marker of its own too. Colours: Okabe & Ito 2008, those of them
that stand out on white and on near-black.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from core.ranking import Figure

BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
GREY = "#888888"
"""For what is only there to compare with: chance, the diagonal, baselines."""
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MARKERS = ("circle", "diamond", "square", "triangle-up", "cross", "x")
TITLE_WIDTH = 40
"""Characters a line of a title: what 390 px hold."""
LABEL_WIDTH, LABEL_LINES = 22, 3
"""Characters a line, and lines, of a label beside an axis."""
FIRST_LINE = 22
"""Pixels from the top of a chart to the base of its title's first line."""
HEIGHT = 400
"""Pixels; charts with a row for each thing grow with the rows."""


def cut(value: object, width: int | None = None) -> str:
    """Plain text on one line, cut to `width`.

    Example:
        >>> cut("a  long\\nstory", 8)
        'a long…'
    """
    shown = " ".join(str(value).split())
    return shown if width is None or len(shown) <= width else shown[: width - 1].rstrip() + "…"


def text(value: object, width: int | None = None) -> str:
    """Text from outside for any place of a figure: cut to `width`, markup shown as it was written.

    Plotly reads a part of HTML in labels, titles, legends and hover texts. It knows no &quot;, so quotes stay.

    Example:
        >>> text("<b>Bold</b> & co", 12)
        '&lt;b&gt;Bold&lt;/b&gt;…'
    """
    return html.escape(cut(value, width), quote=False)


def wrapped(value: object, width: int, lines: int | None = None) -> str:
    """Text from outside broken into lines, cut after so many, markup shown as it was written.

    Example:
        >>> wrapped("one <two> three four", 9, 2)
        'one &lt;two&gt;<br>three…'
    """
    broken = textwrap.wrap(cut(value), width, max_lines=lines, placeholder="…")
    return "<br>".join(text(line) for line in broken) or " "


def title(words: str) -> str:
    """A title from plain words, in lines that a phone holds."""
    return wrapped(words, TITLE_WIDTH)


def spoken(figure: go.Figure) -> str:
    """The figure's title as plain words: the name of the chart for a screen reader."""
    return html.unescape(re.sub("<br>", " ", figure.layout.title.text or ""))


def colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def dash(place: int) -> str:
    return DASHES[place % len(DASHES)]


def marker(place: int) -> str:
    return MARKERS[place % len(MARKERS)]


def faint(hexadecimal: str, opacity: float = 0.18) -> str:
    """A colour for bands and fills.

    Example:
        >>> faint("#0072B2", 0.5)
        'rgba(0,114,178,0.5)'
    """
    parts = (int(hexadecimal[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({','.join(str(part) for part in parts)},{opacity})"


def chart(words: str, *, x: str, y: str, height: int = HEIGHT, legend: bool = True) -> go.Figure:
    """An empty figure with our look. `words`: the title, plain; `x`, `y`: axis titles with units, plain."""
    lines = title(words)
    return go.Figure(
        layout={
            "title": {
                "text": lines,
                "font": {"size": 16},
                "x": 0,
                "xanchor": "left",
                "xref": "container",
                # The base of the first line, from above: Plotly hangs further lines below it.
                "y": 1 - FIRST_LINE / height,
                "yanchor": "bottom",
                "yref": "container",
                "pad": {"l": 4},
            },
            "height": height,
            "margin": {"l": 8, "r": 16, "t": FIRST_LINE + 21 * lines.count("<br>") + 18, "b": 8},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "hovermode": "closest",
            "showlegend": legend,
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 0,
                "yanchor": "bottom",
                "yref": "container",
                "bgcolor": "rgba(0,0,0,0)",
                "title": {"text": ""},
            },
            "xaxis": axis(x),
            "yaxis": axis(y),
            "dragmode": False,
        }
    )


def axis(words: str) -> dict[str, Any]:
    """An axis whose title and labels find their own room; without `words` it has no title."""
    return {
        "title": {"text": wrapped(words, TITLE_WIDTH), "standoff": 14},
        "automargin": True,
        "zeroline": False,
        "fixedrange": True,
    }


def percent(figure: go.Figure, *, x: bool = False, y: bool = False) -> None:
    """Ticks of an axis as percent."""
    if x:
        figure.update_xaxes(tickformat=",.0%", rangemode="tozero")
    if y:
        figure.update_yaxes(tickformat=",.0%", rangemode="tozero")


def label(words: object) -> str:
    """A label beside an axis, in lines."""
    return wrapped(words, LABEL_WIDTH, LABEL_LINES)


def row_chart(words: str, labels: Sequence[str], *, x: str, each: int = 34, legend: bool = True) -> go.Figure:
    """An empty figure with a row for each label, the first on top: row number is y. `each`: pixels a row, at least.

    Positions, not names, are the axis: names that look like numbers or dates, or are alike when cut, stay apart.
    """
    shown = [label(one) for one in labels]
    lines = max((one.count("<br>") + 1 for one in shown), default=1)
    figure = chart(words, x="", y="", height=160 + max(each, 18 * lines + 8) * max(len(shown), 2), legend=legend)
    # The labels take half of a phone's width, and the title of the axis stands below the rest.
    figure.update_xaxes(title_text=wrapped(x, LABEL_WIDTH + 4))
    figure.update_yaxes(
        tickmode="array", tickvals=list(range(len(shown))), ticktext=shown, range=[len(shown) - 0.4, -0.6]
    )
    return figure


def share(value: float) -> str:
    """A share in words: `41%`, below ten with a decimal where it has one.

    Example:
        >>> share(0.41), share(0.0451), share(0.1)
        ('41%', '4.5%', '10%')
    """
    rounded = round(100 * value, 1)
    return f"{rounded:.1f}%" if 0 < rounded < 10 and rounded != round(rounded) else f"{100 * value:.0f}%"


def interval(figures: Sequence[Figure]) -> dict:
    """Error bars of a horizontal dot."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [one.high - one.value for one in figures],
        "arrayminus": [one.value - one.low for one in figures],
        "thickness": 2,
        "width": 5,
    }


def between(low: float, high: float) -> str:
    """An interval in words for a hover text."""
    return f"likely between {share(low)} and {share(high)}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "order"), counted(1200, "lead")
        ('1 order', '1,200 leads')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
