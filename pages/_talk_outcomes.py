"""Won and lost leads, and talk month by month."""

from __future__ import annotations

import streamlit as st

from core.charts import style
from core.charts.talk import kind_label, months_chart, outcomes_chart
from core.data.prompts import shown_name
from core.ranking import LEVEL
from core.talk.findings import Findings, named, rows_of
from core.talk.sentences import alone, drifting
from pages import _shared as shared

LINES = 4
"""Lines that a chart of months holds at once."""


def outcomes_section(found: Findings) -> None:
    """What went with orders, what moved scores of won against lost leads, and where the model stands alone."""
    odd = alone(found)
    for sentence in odd:
        st.warning(shared.literal(sentence), icon=":material/balance:")
    if found.outcomes.empty:
        _untold(found, "outcomes", "kinds")
    elif found.outcomes["ratio_high"].isna().all():
        st.info("Each kind of talk was said in too few leads to compare won with lost ones.", icon=":material/info:")
    else:
        figure = outcomes_chart(found)
        shared.chart(figure, named(found, found.outcomes), "won_and_lost", style.spoken(figure))
        st.caption(
            f"{found.outcomes['won'].iat[0]:,} won and {found.outcomes['lost'].iat[0]:,} lost leads with a "
            "conversation. What goes with orders need not cause them."
            + ("" if odd else " Nowhere does the model lean on talk that orders do not go with, as far as can be told.")
        )
    st.subheader("What set won leads apart in the model's eyes", anchor=False)
    if found.moved.empty:
        _untold(found, "moved")
        return
    sure = found.moved[found.moved["p_holm"] < 1 - LEVEL]
    sure = sure.iloc[sure["value"].abs().argsort()[::-1]].head(8)
    lines = [
        f"- {shared.literal(_named(row))}: {abs(row['value']):.2f} points {'more' if row['value'] > 0 else 'less'} in "
        f"won leads ({row['low']:+.2f} to {row['high']:+.2f})"
        for row in rows_of(sure)
    ]
    st.markdown("\n".join(lines).replace("(-", "(−") or "Nothing that could not be chance.")
    st.caption(
        f"Of the leads looked at, {found.moved['won'].iat[0]:,} were won and {found.moved['lost'].iat[0]:,} lost."
    )


def months_section(found: Findings) -> None:
    """What changed, then chosen kinds of talk as lines."""
    if found.months.empty:
        _untold(found, "months", "kinds")
        return
    changed = drifting(found)
    st.markdown(
        "\n".join(f"- {shared.literal(one)}" for one in changed[:5]) or "No kind of talk changed beyond chance."
    )
    kinds = {row["kind"]: row for row in rows_of(found.kinds)}
    words = shared.told_apart({str(kind): kind_label(row) for kind, row in kinds.items()})
    usual = found.trends.iloc[(found.trends["first"] - found.trends["last"]).abs().argsort()[::-1]]
    drifts = usual.loc[usual["drifts"], "kind"].tolist() or list(kinds)
    chosen = st.multiselect(
        "Kinds of talk",
        list(kinds),
        drifts[: LINES - 1],
        format_func=lambda kind: words[str(kind)],
        max_selections=LINES,
        key="talk_months",
    )
    if chosen:
        figure = months_chart(found, chosen)
        own = found.months[found.months["kind"].isin(chosen)]
        shared.chart(figure, named(found, own), "months", style.spoken(figure))
        st.caption("▲ changed beyond chance over all months. Months with few conversations are left out.")


def _untold(found: Findings, *tables: str) -> None:
    reason = next((found.untold[table] for table in tables if table in found.untold), "There is nothing to tell.")
    st.info(shared.literal(reason), title="It cannot be told", icon=":material/info:")


def _named(row: dict) -> str:
    return shown_name(row["name"]) if row["what"] == "field" else f"talk like “{row['name']}”"
