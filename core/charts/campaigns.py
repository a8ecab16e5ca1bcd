"""Campaigns: what each brought and what to do about it, how orders follow the money, and where the money should go."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from core.charts import style
from core.decisions.economics.allocation import Allocation
from core.decisions.economics.campaigns import Feedback
from core.decisions.economics.money import Terms, told
from core.decisions.economics.response import Responses
from core.ranking import Figure

ADVICE = {
    "reinforce": ("Reinforce", style.GREEN, "triangle-up"),
    "hold": ("Hold", style.BLUE, "circle"),
    "cut": ("Cut", style.VERMILLION, "triangle-down"),
    "too few leads": ("Too few leads to tell", style.GREY, "circle-open"),
    "no leads came": ("No leads came", style.VERMILLION, "x-open"),
    "cost not known": ("Cost not known", style.GREY, "square-open"),
}
"""By advice: words, colour, marker."""
WAYS = {
    "fixed": ("Budgets kept as they are", style.GREY),
    "thompson": ("Split anew each period", style.BLUE),
    "known": ("Best, if all were known", style.GREEN),
}
"""By way of the simulation: words, colour."""


def feedback_chart(found: Feedback) -> go.Figure:
    """Orders per 100 leads of each campaign with the 95% range, beside what would pay for itself, marked by advice.

    Data: `found.frame`.
    """
    rows = found.frame
    figure = style.row_chart(_advice_title(found), rows[found.by].astype(str).tolist(), x="Orders per 100 leads")
    paid = rows[rows["cost_per_lead"].notna()]
    figure.add_scatter(
        x=100 * paid["cost_per_lead"] / found.margin,
        y=paid.index,
        name="Needed to pay for itself",
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 18, "color": style.GREY, "line": {"width": 2.5}},
        hovertext=[
            f"{style.text(row[found.by])}: pays for itself from<br>{100 * row['cost_per_lead'] / found.margin:.2f} "
            f"orders per 100 leads on, at {told(row['cost_per_lead'], found.terms)} a lead"
            for row in paid.to_dict("records")
        ],
        hoverinfo="text",
    )
    for advice, (name, colour, symbol) in ADVICE.items():
        these = rows[rows["advice"] == advice]
        if these.empty:
            continue
        figure.add_scatter(
            x=100 * these["rate"],
            y=these.index,
            error_x=style.interval(
                [Figure(*(100 * value for value in one)) for one in these[["rate", "low", "high"]].to_numpy()]
            ),
            name=name,
            mode="markers",
            marker={"symbol": symbol, "size": 12, "color": colour},
            hovertext=[_feedback_hover(found, row) for row in these.to_dict("records")],
            hoverinfo="text",
        )
    figure.update_xaxes(rangemode="tozero")
    return figure


def response_chart(responses: Responses, channel: str, spend: float, terms: Terms) -> go.Figure:
    """Orders by the money spent in a channel, with the 95% band, and where spend is now and then; the part beyond what
    was ever spent is dashed. Data: `responses.curve(channel)`.

    `spend`: the channel's money a period in the new split.
    """
    curve = responses.curve(channel)
    place = responses.channels.index(channel)
    points = {"now": float(responses.spend_now[place]), "then": float(spend)}
    reached = {name: _orders(responses, place, money) for name, money in points.items()}
    words = (
        f"{channel}: {reached['now']:.1f} orders a {terms.period} for {told(points['now'], terms)} now, "
        f"{reached['then']:.1f} for {told(points['then'], terms)} then"
    )
    figure = style.chart(words, x=f"Spend ({terms.currency} a {terms.period})", y=f"Orders a {terms.period}")
    figure.add_scatter(
        x=[*curve["spend"], *curve["spend"][::-1]],
        y=[*curve["low"], *curve["high"][::-1]],
        fill="toself",
        fillcolor=style.faint(style.BLUE),
        line={"width": 0},
        mode="lines",
        name="Likely range",
        hoverinfo="skip",
    )
    last = int(curve["seen"].sum())
    parts = ((curve.iloc[:last], "Spend tried before", "solid"), (curve.iloc[last - 1 :], "Never tried", "dot"))
    for part, name, dash in parts:
        figure.add_scatter(
            x=part["spend"],
            y=part["orders"],
            name=name,
            mode="lines",
            line={"color": style.BLUE, "width": 2.5, "dash": dash},
            hovertext=[
                f"{told(row['spend'], terms)}: {row['orders']:.1f} orders a {terms.period}<br>"
                f"likely {row['low']:.1f} to {row['high']:.1f}"
                for row in part.to_dict("records")
            ],
            hoverinfo="text",
        )
    for (name, money), symbol, colour in zip(
        points.items(), ("circle", "diamond"), (style.GREY, style.ORANGE), strict=True
    ):
        figure.add_scatter(
            x=[money],
            y=[reached[name]],
            name=f"Spend {name}",
            mode="markers",
            marker={"symbol": symbol, "size": 13, "color": colour},
            hovertext=f"{name.capitalize()}: {told(money, terms)}, {reached[name]:.1f} orders a {terms.period}",
            hoverinfo="text",
            cliponaxis=False,
        )
    figure.update_xaxes(rangemode="tozero", tickformat=",~r")
    figure.update_yaxes(rangemode="tozero")
    return figure


def allocation_chart(found: Allocation) -> go.Figure:
    """Money of each channel now and then; what was never tried so high is drawn open. Data: `found.frame`."""
    gain, terms = found.gain, found.terms
    more = told(gain.value, terms, per_period=True)
    words = (
        f"The new split earns {more} more than the spend of now, likely {told(gain.low, terms)} to "
        f"{told(gain.high, terms)}"
        if gain.value > 0
        else "No split of this budget earns more than the spend of now"
    )
    beyond = found.frame["beyond"].tolist()
    return _split_chart(words, found.frame, terms, ["diamond-open" if far else "diamond" for far in beyond])


def thompson_chart(split: pd.DataFrame, terms: Terms) -> go.Figure:
    """Money of each channel now and in this period's draw, with the range of all draws. Data: `split`.

    Args:
        split: Columns channel, spend_now, spend, low, high, of `allocation.thompson_split`.
    """
    most = max(split.to_dict("records"), key=lambda row: row["spend"])
    words = f"This {terms.period} most goes to {most['channel']}: {told(most['spend'], terms)}"
    return _split_chart(words, split, terms, ["diamond"] * len(split), ranges=True)


def weeks_chart(simulated: pd.DataFrame, gained: pd.DataFrame, terms: Terms) -> go.Figure:
    """Expected profit period by period of each way to set budgets, mean over all repetitions. Data: `simulated`.

    Args:
        simulated, gained: Of `simulation.simulate` and `simulation.gains`.
    """
    learned = gained.set_index("how")[["gain", "low", "high"]].astype(float).to_dict("index")["thompson"]
    sure = f"{told(learned['low'], terms)} to {told(learned['high'], terms)}"
    words = f"Splitting anew earns {told(learned['gain'], terms, True)} more than fixed budgets, likely {sure}"
    if learned["gain"] < 0:
        words = f"Splitting anew costs {told(-learned['gain'], terms, True)} against fixed budgets, likely {sure}"
    figure = style.chart(words, x=f"{terms.period.capitalize()}", y=f"Profit ({terms.currency} a {terms.period})")
    means = simulated.pivot_table(index="week", columns="how", values="profit")
    for number, (way, (name, colour)) in enumerate(WAYS.items()):
        if way not in means:
            continue
        line = means[way]
        figure.add_scatter(
            x=line.index,
            y=line,
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2.5, "dash": style.dash(number)},
            marker={"symbol": style.marker(number), "size": 6, "color": colour},
            hovertext=[
                f"{name}<br>{terms.period.capitalize()} {week}: {told(profit, terms)}" for week, profit in line.items()
            ],
            hoverinfo="text",
        )
    figure.update_xaxes(tickformat=",d")
    figure.update_yaxes(tickformat=",~r")
    return figure


def _advice_title(found: Feedback) -> str:
    counts = found.frame["advice"].value_counts()
    of = style.counted(len(found.frame), found.by)
    parts = [
        f"{verb} {counts[advice]}" for advice, verb in (("reinforce", "reinforce"), ("cut", "cut")) if advice in counts
    ]
    if not parts:
        return f"Of {of}, none is surely worth more money or less"
    return f"Of {of}: {', '.join(parts)}"


def _feedback_hover(found: Feedback, row: dict) -> str:
    return (
        f"<b>{style.text(row[found.by])}</b>: {ADVICE[row['advice']][0].lower()}<br>"
        f"{100 * row['rate']:.2f} orders per 100 leads, likely {100 * row['low']:.2f} to {100 * row['high']:.2f}<br>"
        f"{style.counted(int(row['leads']), 'lead')}, {row['orders']:,.0f} orders of {row['known']:,} known<br>"
        f"cost {told(row['cost'], found.terms)}, an order {told(row['cost_per_order'], found.terms)}"
    )


def _orders(responses: Responses, place: int, money: float) -> float:
    spend = responses.spend_now.copy()
    spend[place] = money
    return float(responses.orders(spend)[:, place].mean())


def _split_chart(
    words: str, split: pd.DataFrame, terms: Terms, symbols: Sequence[str], *, ranges: bool = False
) -> go.Figure:
    rows = split.to_dict("records")
    figure = style.row_chart(words, split["channel"].tolist(), x=f"{terms.currency} a {terms.period}")
    if not ranges:  # they would lie upon each other
        for number, row in enumerate(rows):
            line = {"color": style.faint(style.ORANGE, 0.6), "width": 3}
            x = [row["spend_now"], row["spend"]]
            figure.add_scatter(x=x, y=[number] * 2, mode="lines", line=line, hoverinfo="skip", showlegend=False)
    reach = [Figure(row["spend"], min(row["low"], row["spend"]), max(row["high"], row["spend"])) for row in rows]
    drawn = {"Now": ("spend_now", style.GREY, "circle"), "Then": ("spend", style.ORANGE, list(symbols))}
    for name, (column, colour, symbol) in drawn.items():
        figure.add_scatter(
            x=split[column],
            y=list(range(len(rows))),
            error_x=style.interval(reach) if ranges and column == "spend" else None,
            name=name,
            mode="markers",
            marker={"symbol": symbol, "size": 12, "color": colour, "line": {"width": 2, "color": colour}},
            hovertext=[_split_hover(name, row, column, terms) for row in rows],
            hoverinfo="text",
            cliponaxis=False,
        )
    figure.update_xaxes(rangemode="tozero", tickformat=",~r")
    return figure


def _split_hover(name: str, row: dict, column: str, terms: Terms) -> str:
    line = f"{style.text(row['channel'])}, {name.lower()}: {told(row[column], terms, per_period=True)}"
    return line + ("<br>more than was ever tried: a guess" if column == "spend" and row.get("beyond") else "")
