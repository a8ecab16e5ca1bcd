"""How a training run goes: losses by head, pair accuracy by tier, validation AUC, over steps.

All take one tidy table: `phase` (str), `step` (int), `name` (str), `value` (float), as the run reports its figures:
losses `total`, `pointwise`, `pairwise`, `semantic`; `pair_accuracy.<tier>`; `validation_auc`. Rows of other names are
left alone, so that one table serves all three.
"""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.charts import style
from core.data.prompts import shown_name

LOSSES = {
    "total": "All together",
    "pointwise": "Chance of an order",
    "pairwise": "Order of pairs",
    "semantic": "Yes or no in words",
}
PAIRS = "pair_accuracy."
AUC = "validation_auc"


def losses_chart(history: pd.DataFrame) -> go.Figure:
    """Loss of each head over steps, running means. Data: the rows of `history` with these names."""
    total = _series(history, "total")
    words = "Losses: no step is done yet"
    if len(total):
        first, last = float(total["value"].iloc[0]), float(total["value"].iloc[-1])
        change = "fell" if last < first else "rose" if last > first else "stayed"
        words = f"The loss {change} from {first:.2f} to {last:.2f}" if change != "stayed" else f"The loss is {last:.2f}"
    figure = style.chart(words, x="Step", y="Loss (nats)")
    for place, (name, label) in enumerate(LOSSES.items()):
        _add(figure, _series(history, name), label, place, ".3f")
    return figure


def pair_accuracy_chart(history: pd.DataFrame) -> go.Figure:
    """Share of preference pairs that the model puts in the right order, by tier, over steps."""
    names = [name for name in history["name"].unique() if str(name).startswith(PAIRS)]
    latest = {name: float(_series(history, name)["value"].iloc[-1]) for name in names}
    words = "Pairs in the right order: no step is done yet"
    if latest:
        least, most = style.share(min(latest.values())), style.share(max(latest.values()))
        words = f"{most} of pairs are in the right order"
        if least != most:
            words = f"{least} to {most} of pairs are in the right order, by tier"
    figure = style.chart(words, x="Step", y="Pairs in the right order (%)")
    for place, name in enumerate(names):
        _add(figure, _series(history, name), shown_name(str(name).removeprefix(PAIRS)), place, ".1%")
    style.percent(figure, y=True)
    figure.update_yaxes(range=[0, 1.03])
    return figure


def validation_chart(history: pd.DataFrame) -> go.Figure:
    """AUC on the later slice over steps, a point for each time that it was measured."""
    series = _series(history, AUC)
    words = "On leads it has not seen: not measured yet"
    if len(series):
        step, best = series.iloc[int(series["value"].argmax())]
        words = f"On leads it has not seen, {style.share(best)} of pairs are right at best (step {int(step):,})"
    figure = style.chart(words, x="Step", y="Pairs in the right order (%; 50% = chance)", legend=False)
    _add(figure, series, "On leads it has not seen", 0, ".1%", mode="lines+markers")
    figure.add_hline(y=0.5, line={"color": style.GREY, "width": 1.5, "dash": "dot"})
    figure.update_yaxes(tickformat=",.0%")
    return figure


def _series(history: pd.DataFrame, name: str) -> pd.DataFrame:
    return history.loc[history["name"] == name, ["step", "value"]].sort_values("step", kind="stable")


def _add(figure: go.Figure, series: pd.DataFrame, label: str, place: int, form: str, mode: str = "lines") -> None:
    if series.empty:
        return
    # A single point draws no line.
    figure.add_scatter(
        x=series["step"],
        y=series["value"],
        name=style.text(label, 30),
        mode=mode if len(series) > 1 else "lines+markers",
        line={"color": style.colour(place), "width": 2.5, "dash": style.dash(place)},
        marker={"symbol": style.marker(place), "size": 8, "color": style.colour(place)},
        hovertext=[
            f"Step {int(step):,}<br>{style.text(label)}: {value:{form}}"
            for step, value in series.itertuples(index=False)
        ],
        hoverinfo="text",
    )
