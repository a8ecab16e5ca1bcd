"""What a lead's priority is made of: one lead's answers, and the parts of many leads beside each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts import style

PART = "part:"
PATTERNS = ("", "/", "x", ".", "-", "+")


def profile_chart(answers: pd.Series, names: Mapping[str, str], lead: str) -> go.Figure:
    """One lead: each question's answer from 0, the worst, to 1, the best, with its range. Data: `answers`.

    Args:
        answers: A row of `profile.profile`: <name>, <name>_low, <name>_high.
        names: Question in words by its name.
        lead: The lead's id.
    """
    known = {name: float(answers[name]) for name in names if np.isfinite(answers[name])}
    words = f"Nothing of lead {style.cut(lead, 30)} is known"
    if known:
        best = max(known, key=lambda name: known[name])
        words = f"Lead {style.cut(lead, 30)} is strongest in {names[best]}: {100 * known[best]:.0f} of 100"
    figure = style.row_chart(words, list(names.values()), x="0 worst, 100 best", legend=False)
    rows = {name: row for row, name in enumerate(names)}
    values = np.array(list(known.values()))
    ends = [answers[[f"{name}{end}" for name in known]].to_numpy(dtype=float) for end in ("_low", "_high")]
    low, high = (np.where(np.isnan(end), values, end) for end in ends)
    figure.add_bar(
        x=100 * values,
        y=[rows[name] for name in known],
        orientation="h",
        width=0.6,
        marker={"color": style.BLUE},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": 100 * (high - values),
            "arrayminus": 100 * (values - low),
            "color": style.GREY,
        },
        hovertext=[f"{style.text(names[name])}: {100 * value:.0f} of 100" for name, value in known.items()],
        hoverinfo="text",
    )
    for name in names.keys() - known.keys():
        figure.add_annotation(x=0, xref="x", y=rows[name], text="not known", showarrow=False, xanchor="left")
    figure.update_xaxes(range=[0, 102])
    return figure


def parts_chart(frame: pd.DataFrame, names: Mapping[str, str]) -> go.Figure:
    """What the priority of each lead is made of, the first on top. Data: `frame`.

    Args:
        frame: Rows of `Priority.frame` with lead_id, first one first.
        names: Question in words by its name.
    """
    first = frame.iloc[0]
    words = f"{style.cut(first['lead_id'], 30)} comes first: a priority of {100 * first['priority']:.0f} of 100"
    figure = style.row_chart(words, frame["lead_id"].tolist(), x="Priority (0 to 100)")
    parts = [column for column in frame.columns if column.startswith(PART)]
    for place, column in enumerate(parts):
        name = names[column.removeprefix(PART)]
        figure.add_bar(
            x=100 * frame[column],
            y=list(range(len(frame))),
            name=style.text(name, 30),
            orientation="h",
            width=0.6,
            marker={"color": style.colour(place), "pattern": {"shape": PATTERNS[place % len(PATTERNS)]}},
            hovertext=[
                f"{style.text(lead)}: {100 * part:.1f} points from {style.text(name)}<br>"
                f"of {100 * whole:.0f}, range {100 * low:.0f} to {100 * high:.0f}"
                for lead, part, whole, low, high in frame[["lead_id", column, "priority", "low", "high"]].itertuples(
                    index=False
                )
            ],
            hoverinfo="text",
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(rangemode="tozero")
    return figure
