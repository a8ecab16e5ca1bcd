"""Customer segments: labels corrected, what tells segments apart, months, what a budget brings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts import style
from core.charts.customer_proofs import ranges
from core.data.prompts import shown_name
from core.decisions.economics.money import Terms, told
from core.decisions.segments.budget import Campaign, Plan
from core.decisions.segments.drift import Drift
from core.decisions.segments.telling import OBSERVED_WORDS, SEGMENT_WORDS
from core.ranking import LEVEL

SEGMENT_COLOURS = {"campaign": style.BLUE, "organic": style.GREEN, "low": style.GREY, "": style.ORANGE}
MOST = 14
"""Rows of the heat map, the most telling."""
FULL = 1.2
"""Effect at which a colour of the heat map is full; 0.8 is large (Cohen 1988)."""


def flow_chart(counts: pd.DataFrame) -> go.Figure:
    """From what the rules say to the segments, as bands as wide as they hold customers. Data: `counts`, columns
    observed, segment, leads."""
    left = [name for name in OBSERVED_WORDS if (counts["observed"] == name).any()]
    right = [name for name in SEGMENT_WORDS if (counts["segment"] == name).any()]
    sums = [counts.loc[counts["observed"] == name, "leads"].sum() for name in left]
    sums += [counts.loc[counts["segment"] == name, "leads"].sum() for name in right]
    names = [OBSERVED_WORDS[name] for name in left] + [SEGMENT_WORDS[name] for name in right]
    moved = counts[(counts["observed"] == "organic") & (counts["segment"] == "campaign")]["leads"].sum()
    words = f"{style.counted(int(moved), 'missing campaign label')} filled in"
    figure = style.chart(words, x="", y="", legend=False)
    figure.add_sankey(
        arrangement="snap",
        domain={"y": [0, 0.94]},  # the first label stands above its band
        textfont={"size": 13, "shadow": "none"},
        node={
            "label": [f"{style.wrapped(name, 14)}<br>{total:,}" for name, total in zip(names, sums, strict=True)],
            "color": [SEGMENT_COLOURS[name] for name in (*left, *right)],
            "pad": 26,
            "thickness": 14,
            "line": {"width": 0},
            "hovertemplate": "%{label}<extra></extra>",
        },
        link={
            "source": [left.index(name) for name in counts["observed"]],
            "target": [len(left) + right.index(name) for name in counts["segment"]],
            "value": counts["leads"],
            "color": [style.faint(SEGMENT_COLOURS[name], 0.25) for name in counts["segment"]],
            "customdata": [f"{leads:,}" for leads in counts["leads"]],
            "hovertemplate": "%{source.label} → %{target.label}<br>%{customdata} customers<extra></extra>",
        },
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def profile_chart(rows: pd.DataFrame, most: int = MOST) -> go.Figure:
    """What tells each segment from the rest, the most telling fields on top. Data: `rows`, as `profile` gives them."""
    named = rows.assign(label=[_field(one) for one in rows.to_dict("records")], size=rows["effect"].abs())
    order = named.groupby("label")["size"].max().sort_values(ascending=False).head(most).index.tolist()
    segments = [name for name in SEGMENT_WORDS if (rows["segment"] == name).any()]
    first = named[named["label"].isin(order)].sort_values("size", ascending=False).iloc[0]
    way = "higher" if first["effect"] > 0 else "lower"
    if first["value"]:
        way = "more frequent" if first["effect"] > 0 else "rarer"
    words = f"“{first['label']}” tells most: {way} in “{SEGMENT_WORDS[first['segment']]}”"
    figure = style.row_chart(words, order, x="", legend=False)
    found = {(one["label"], one["segment"]): one for one in named.to_dict("records")}
    cells = [[found.get((label, name)) for name in segments] for label in order]
    figure.add_heatmap(
        x=list(range(len(segments))),
        y=list(range(len(order))),
        z=[[one["effect"] if one else None for one in line] for line in cells],
        text=[[_cell(one) for one in line] for line in cells],
        texttemplate="%{text}",
        hovertext=[[_cell_hover(one) if one else "not enough customers" for one in line] for line in cells],
        hoverinfo="text",
        colorscale=[[0, style.VERMILLION], [0.5, "#E6E6E6"], [1, style.BLUE]],
        zmin=-FULL,
        zmax=FULL,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    figure.update_xaxes(
        tickmode="array",
        tickvals=list(range(len(segments))),
        ticktext=[style.wrapped(SEGMENT_WORDS[name], 10) for name in segments],
        tickangle=0,
        showgrid=False,
    )
    return figure


def drift_chart(found: Drift) -> go.Figure:
    """The share of each segment month by month, with 95% ranges. Data: `found.months`."""
    changed = found.changed.loc[found.changed["changed"], "segment"].tolist()
    words = "No segment changed beyond chance"
    if changed:
        words = f"Changed beyond chance: {', '.join(SEGMENT_WORDS[name].lower() for name in changed)}"
    figure = style.chart(words, x="Month", y="Customers (%)")
    for place, (name, label) in enumerate(SEGMENT_WORDS.items()):
        rows = found.months[found.months["segment"] == name]
        figure.add_scatter(
            x=rows["month"],
            y=rows["share"],
            name=label,
            mode="lines+markers",
            line={"color": SEGMENT_COLOURS[name], "dash": style.dash(place), "width": 2.5},
            marker={"symbol": style.marker(place), "size": 8},
            error_y=ranges(rows.rename(columns={"low": "share_low", "high": "share_high"}), "share"),
            hovertext=[
                f"{label}<br>{one['month']:%B %Y}: {style.share(one['share'])} of {one['of']:,} customers<br>"
                f"{style.between(one['low'], one['high'])}"
                for one in rows.to_dict("records")
            ],
            hoverinfo="text",
        )
    style.percent(figure, y=True)
    figure.update_xaxes(tickformat="%b %Y")
    return figure


def budget_chart(made: Plan, campaign: Campaign, terms: Terms) -> go.Figure:
    """What a smaller or larger budget would add beyond its cost. Data: `made.curve`."""
    curve = made.curve
    best = curve.iloc[int(np.argmax(curve["added"].round(6)))]
    words = f"{told(made.added, terms)} added for {told(made.spent, terms)} spent"
    if best["added"] > made.added:
        words += f"; {told(best['added'], terms)} at a budget of {told(best['budget'], terms)}"
    figure = style.chart(words, x=f"Budget ({terms.currency})", y=f"Added beyond the cost ({terms.currency})")
    figure.add_scatter(
        x=curve["budget"],
        y=curve["added"],
        name="Expected",
        mode="lines",
        line={"color": style.BLUE, "width": 3},
        hovertext=[
            f"{told(one['budget'], terms)}: {style.counted(int(one['reached']), 'customer')} reached<br>"
            f"{one['expected']:,.1f} more come, {told(one['added'], terms)} added"
            for one in curve.to_dict("records")
        ],
        hoverinfo="text",
    )
    figure.add_scatter(
        x=[campaign.budget],
        y=[made.added],
        name="Your budget",
        mode="markers",
        marker={"symbol": "diamond", "size": 14, "color": style.ORANGE},
        hovertext=f"Your budget: {told(campaign.budget, terms)}, {told(made.added, terms)} added",
        hoverinfo="text",
    )
    figure.update_xaxes(rangemode="tozero", tickformat=",~r")
    figure.update_yaxes(rangemode="tozero", tickformat=",~r")
    return figure


def _field(row: dict) -> str:
    return shown_name(row["field"]) + (f": {row['value']}" if row["value"] else "")


def _cell(one: dict | None) -> str:
    if one is None:
        return ""
    return f"{one['effect']:+.1f}".replace("-", "−") if one["p"] < 1 - LEVEL else "≈"


def _cell_hover(one: dict) -> str:
    inside, rest = one["in_segment"], one["in_rest"]
    shown = (style.share(inside), style.share(rest)) if one["value"] else (f"{inside:,.3g}", f"{rest:,.3g}")
    return (
        f"{style.text(one['label'])}<br>{SEGMENT_WORDS[one['segment']]}: {shown[0]}, the rest: {shown[1]}<br>"
        f"effect {one['effect']:+.2f}, likely {one['low']:+.2f} to {one['high']:+.2f}"
    )
