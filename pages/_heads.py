"""The section "Lately, and two orders" of the Lift page: where score and chance disagree, and whether the
chances still come true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.heads import cohorts_chart, orders_chart
from core.lift.cohorts import ALPHA, FEWEST, Cohorts
from core.lift.orders import TwoOrders, queue_orders
from core.workspace import scorings
from pages import _shared as shared
from pages._lift_parts import Chosen, result

NOW, TESTED = "The list as it is now", "The tested leads"
COLUMNS = {
    "lead_id": "Lead",
    "by_score": "By score",
    "by_chance": "By chance",
    "probability": "Chance",
    "ordered": "Ordered",
}


def two_heads(chosen: Chosen) -> None:
    """Both halves of the section, each of the first model of `chosen`."""
    with shared.guard():
        _recent(result(chosen, "cohorts"))
    with shared.guard():
        _orders(chosen)


def _recent(found: Cohorts) -> None:
    st.subheader("Do the chances still come true?", anchor=False)
    note = st.warning if found.newest.off else st.info
    note(found.words, icon=":material/event_busy:" if found.newest.off else ":material/event_available:")
    figure = cohorts_chart(found)
    shared.chart(figure, found.to_frame(), "chances_by_month", style.spoken(figure))
    left = f" {style.counted(found.left_out, 'lead')} left out: no date, or too few in their "
    st.caption(
        f"Tested leads by the {found.by} of their data; at least {FEWEST} in each. Off means: were the chances right, "
        f"as many or as few orders would come less than {ALPHA:.0%} of the time (exact test on the sum of the chances, "
        f"told more strictly since {len(found.cohorts)} {found.by}s are looked at, by Holm's rule)."
        + (f"{left}{found.by}." if found.left_out else "")
    )


def _orders(chosen: Chosen) -> None:
    st.subheader("The two orders of the model", anchor=False)
    st.write(
        "The list goes by the rank score, in which leads are compared with each other. The chance judges each lead by "
        "itself and would put some of them elsewhere."
    )
    ws, run_id = shared.workspace(), chosen.labels[0][0]
    ranking = next((one for one in scorings.scorings(ws, chosen.dataset_id) if one.run_id == run_id), None)
    now = ranking is not None and ranking.part == "open"
    if now:
        asked = st.segmented_control("Leads", [NOW, TESTED], default=NOW, required=True, key="heads_which")
        now = asked == NOW
    if ranking is not None and now:
        found = _queue_orders(ranking.id, scorings.scoring_path(ws, ranking.id))
    else:
        found = result(chosen, "orders_of_tested")
    st.info(found.words, icon=":material/compare_arrows:")
    figure = orders_chart(found)
    shared.chart(figure, found.drawn().drop(columns="score"), "two_orders", style.spoken(figure))
    _furthest(found)


def _furthest(found: TwoOrders) -> None:
    rows = found.furthest()
    for column, (name, words) in zip(
        st.columns(2), (("score", "Higher by rank score"), ("chance", "Higher by chance")), strict=True
    ):
        some = rows[rows["higher_by"] == name]
        with column:
            st.markdown(f"**{words}**, furthest apart first")
            if some.empty:
                st.caption("None.")
                continue
            _table(some)
            if "ordered" in some:
                known = some["ordered"].dropna()
                st.caption(f"Of these {style.counted(len(known), 'lead')} {int(known.sum()):,} ordered.")


def _table(rows: pd.DataFrame) -> None:
    shown = rows[[name for name in COLUMNS if name in rows]].rename(columns=COLUMNS)
    # Widths that fit a telephone: what lies beyond the edge is not seen there.
    config: dict[str, Any] = {
        "Lead": st.column_config.TextColumn(width=82),
        "By score": st.column_config.NumberColumn(format="%.0f", width=62, help="Place by rank score."),
        "By chance": st.column_config.NumberColumn(format="%.0f", width=70, help="Place by the chance of an order."),
        "Chance": st.column_config.NumberColumn(format="percent", width=62),
        "Ordered": st.column_config.TextColumn(width=62),
    }
    if "Ordered" in shown:
        shown["Ordered"] = shown["Ordered"].map({1.0: "yes", 0.0: "no"}).fillna("not known")
    st.dataframe(shown, hide_index=True, column_config=config, alt="Leads furthest apart")


@st.cache_resource(max_entries=8, show_spinner="Comparing the two orders")
def _queue_orders(scoring_id: str, _path: Path) -> TwoOrders:
    """A ranking never changes, so its id is the key."""
    return queue_orders(_path)
