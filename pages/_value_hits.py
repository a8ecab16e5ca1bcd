"""Hits and misses: what calling from a chance on gets right, on leads whose outcome is known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.hits import picture_chart, thresholds_chart
from core.decisions.economics.hits import Hits, at_threshold, picture, thresholds
from core.decisions.economics.money import Terms
from core.evaluation import Missing
from core.lift.lineup import Lineup
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._value_data import held_out
from pages._value_figures import RANGE_HINT, WIDTH

LEAST, MOST = 25, 400
"""Leads in the picture."""
STEP = 0.1
"""Percentage points between two chances of the slider."""
MEANING = {
    "accuracy": ("Right", "Of all leads, how many were rightly called or rightly left; experts call it accuracy."),
    "precision": ("Of those called, ordered", "Hits / leads called; experts call it precision."),
    "recall": ("Of all orders, called", "Hits / all that ordered; experts call it recall."),
}


def hits_section(dataset: Dataset, scoring: Scoring, terms: Terms) -> None:
    """A chance to call from, the three figures, the picture, and the figures over every chance."""
    found = held_out(scoring)
    if isinstance(found, Missing):
        shared.empty("No outcomes to compare with", shared.literal(f"This section needs them: {found.reason}"))
        return
    chance, truth = found.probability(), found.sample.outcome
    highest = max(STEP, math.ceil(1_000 * chance.max()) / 10)
    usual = math.floor(1_000 * float(np.quantile(chance, 0.9))) / 10
    asked = st.slider(
        "Call leads from this chance of an order on (%)",
        0.0,
        highest,
        usual,
        STEP,
        format="%.1f",
        key=f"value_threshold_{scoring.id}",
    )
    hits = at_threshold(chance, truth, asked / 100)
    st.caption(
        f"On {style.counted(hits.leads, 'lead')} whose outcome is known: {style.counted(hits.called, 'lead')} called, "
        f"{hits.tp:,} of them ordered; {hits.fn:,} that ordered were not called."
    )
    _figures(hits)
    shown = min(hits.leads, MOST, max(LEAST, 2 * hits.called))
    drawn = picture(chance, truth, asked / 100).head(shown)
    figure = picture_chart(drawn, hits)
    shared.chart(figure, drawn, "picture", style.spoken(figure))
    st.caption(f"A mark is a lead, best first, row by row: the first {shown:,} of {hits.leads:,}.")
    over = _over(str(shared.workspace().folder), scoring.id, highest, found)
    figure = thresholds_chart(over, hits)
    shared.chart(figure, over, "thresholds", style.spoken(figure))


@st.cache_data(max_entries=8, show_spinner=False)
def _over(folder: str, scoring_id: str, highest: float, _found: Lineup) -> pd.DataFrame:
    """The figures at about a hundred steps up to the highest chance that a lead has."""
    steps = min(1_000, round(100 / (highest / 100)))
    frame = thresholds(_found.probability(), _found.sample.outcome, steps + 1)
    return frame[frame["threshold"] <= highest / 100]


def _figures(hits: Hits) -> None:
    row = st.container(horizontal=True)
    for name, (label, meaning) in MEANING.items():
        one = getattr(hits, name)
        if isinstance(one, Missing):
            row.metric(label, "not known", help=shared.literal(one.reason), border=True, width=WIDTH)
            continue
        row.metric(
            label,
            style.share(one.value),
            f"likely {style.share(one.low)} to {style.share(one.high)}",
            delta_color="off",
            delta_arrow="off",
            help=f"{meaning} {RANGE_HINT}",
            border=True,
            width=WIDTH,
        )
