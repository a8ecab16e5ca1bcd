"""Fields: how much each moves scores, and what each of its values does."""

from __future__ import annotations

import streamlit as st

from core.charts import style
from core.charts.talk import MOST, curve_chart, fields_chart
from core.data.prompts import shown_name
from core.talk.findings import Findings, rows_of
from core.talk.sentences import field_sentence
from pages import _shared as shared


def fields_section(found: Findings) -> None:
    """Bars, then one field of choice."""
    if found.fields.empty:
        st.info("This model reads no fields: it goes by what is said alone.")
        return
    figure = fields_chart(found)
    shared.chart(figure, found.fields, "fields", style.spoken(figure))
    if len(found.fields) > MOST:
        st.caption(f"The {MOST} strongest of {len(found.fields)}; the data have all of them.")
    curves = set(found.curves["name"])
    names = [name for name in found.fields["name"] if name in curves]
    if not names:
        return
    words = shared.told_apart({name: shown_name(name) for name in names})
    chosen = st.selectbox(
        "One field, value by value", names, format_func=words.__getitem__, key="talk_field", width=420
    )
    st.write(shared.literal(next(field_sentence(row) for row in rows_of(found.fields) if row["name"] == chosen)))
    own = found.curves[found.curves["name"] == chosen]
    if own["mean"].isna().all():
        st.caption("Each value has too few leads to tell what it does.")
        return
    figure = curve_chart(found, chosen)
    shared.chart(figure, own, "field_values", style.spoken(figure))
    st.caption("Right of the dotted line the value lifts the score, left of it it lowers it. Bars are likely ranges.")
