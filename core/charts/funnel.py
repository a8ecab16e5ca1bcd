"""Open leads by stage of the funnel."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from core.charts import style
from core.data.prompts import shown_name

UNKNOWN = "not known"


def funnel_chart(counts: Sequence[tuple[str, int]], what: str = "open lead") -> go.Figure:
    """A bar for each stage, shallow first. `counts`: (stage, leads), stage "" = not known; `what`: one such lead.

    Data: `funnel_frame(counts)`.
    """
    frame = funnel_frame(counts)
    total = int(frame["leads"].sum())
    if total:
        stage, most, _ = frame.iloc[int(frame["leads"].argmax())]
        how = "most of them" if 2 * most > total else "the most"
        words = f"{style.counted(total, what)}, " + (
            f"all at {stage}" if most == total else f"{how} at {stage} ({most:,})"
        )
    else:
        words = f"No {what}s"
    figure = style.row_chart(words, list(frame["stage"]), x="Leads", each=38, legend=False)
    figure.add_bar(
        x=frame["leads"],
        y=list(range(len(frame))),
        orientation="h",
        width=0.7,
        marker={"color": style.BLUE},
        text=[f"{leads:,}" for leads in frame["leads"]],
        textposition="auto",
        hovertext=[
            f"{style.text(stage)}: {style.counted(int(leads), 'lead')}, {style.share(part)} of all"
            for stage, leads, part in frame.itertuples(index=False)
        ],
        hoverinfo="text",
    )
    figure.update_xaxes(rangemode="tozero", tickformat=",d")
    return figure


def funnel_frame(counts: Sequence[tuple[str, int]]) -> pd.DataFrame:
    """Stage in words, leads and share of all, shallow first."""
    leads = [int(number) for _, number in counts]
    names = [shown_name(stage) or UNKNOWN for stage, _ in counts]
    return pd.DataFrame({"stage": names, "leads": leads, "share": [one / max(sum(leads), 1) for one in leads]})
