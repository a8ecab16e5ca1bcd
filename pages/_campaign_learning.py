"""What splitting a budget anew each period earns against fixed budgets, played through."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.campaigns import weeks_chart
from core.decisions.economics.money import Terms, told
from core.decisions.economics.response import FEWEST, Responses
from core.decisions.economics.simulation import gains
from pages import _campaign_data as data
from pages import _shared as shared
from pages._campaign_budget import budget_box


def learn_section(asked: data.Asked, found: Responses, costs: pd.DataFrame, margin: float, terms: Terms) -> None:
    """What splitting anew each period earns against fixed budgets, played through."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        budget = budget_box(found, terms)
        periods = st.number_input(
            f"{terms.period.capitalize()}s", 8, 30, 20, key="campaign_periods", width=120, persist_state="session"
        )
    played = data.simulated(asked, int(periods), budget, margin, costs)
    gained = gains(played)
    figure = weeks_chart(played, gained, terms)
    shared.chart(figure, played, "simulation", style.spoken(figure))
    learned = gained.set_index("how").loc["thompson"]
    if learned["high"] < 0:
        st.info(
            "On these curves your spend is near the best already: keep it, learning would cost more than it finds.",
            icon=":material/flag:",
        )
    elif learned["low"] > 0:
        st.info("On these curves it pays to split anew each period.", icon=":material/flag:")
    else:
        st.info("On these curves it makes no difference that can be told.", icon=":material/flag:")
    most = gained.set_index("how")["gain"].to_dict()["known"]
    st.caption(
        shared.literal(
            f"Played through {data.REPEATS} times in a world where each channel follows the middle one of its curves, "
            f"with orders by chance. The first {FEWEST} of {periods} only try each channel up and down. Somebody who "
            f"knew it would earn {told(most, terms, per_period=True)} more than fixed budgets."
        )
    )
