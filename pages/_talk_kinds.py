"""Kinds of talk: what each does to scores, and one of choice with examples and by group of leads."""

from __future__ import annotations

import streamlit as st

from core.charts import style
from core.charts.talk import MOST, groups_chart, kind_label, kinds_chart
from core.data.prompts import shown_name
from core.ranking import LEVEL
from core.talk.findings import Findings, named, rows_of
from core.talk.sentences import kind_sentence
from pages import _shared as shared


def kinds_section(found: Findings) -> None:
    """All kinds, then one of choice; why there are none where there are none."""
    if found.kinds.empty:
        st.info(shared.literal(found.untold["kinds"]), title="No kinds of talk", icon=":material/info:")
        return
    if found.kinds["value"].notna().any():
        figure = kinds_chart(found)
        shared.chart(figure, found.kinds, "kinds_of_talk", style.spoken(figure))
    else:
        st.info(
            "Of each kind of talk too few of the leads looked at said something to tell what it does to scores. Below "
            "you can have more leads looked at.",
            icon=":material/info:",
        )
    sure = int((found.kinds["p_holm"] < 1 - LEVEL).sum())
    shown = f"The {MOST} strongest of {len(found.kinds)} are shown. " if len(found.kinds) > MOST else ""
    st.caption(
        f"Turns that use the same words are one kind, called by what is most typically said. {shown}{sure} of "
        f"{len(found.kinds)} move scores beyond chance, so many looks at once allowed for."
    )
    kinds = {row["kind"]: row for row in rows_of(found.kinds)}
    words = shared.told_apart({str(kind): kind_label(row) for kind, row in kinds.items()})
    chosen = st.selectbox("One kind of talk", list(kinds), format_func=lambda kind: words[str(kind)], key="talk_kind")
    st.write(shared.literal(kind_sentence(kinds[chosen])))
    _examples(found, chosen)
    _groups(found, chosen)


def _examples(found: Findings, kind: int) -> None:
    st.subheader("How it sounds", anchor=False)
    for row in rows_of(found.examples[found.examples["kind"] == kind]):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"“{row['words']}”", width="stretch")
            st.caption(shared.literal(f"lead {row['lead_id']}"), width="content")
    st.caption("The most typical ones, of different leads. Names and numbers are hidden.")


def _groups(found: Findings, kind: int) -> None:
    columns = found.groups["column"].drop_duplicates().tolist() if len(found.groups) else []
    if not columns:
        return
    st.subheader("By group of leads", anchor=False)
    words = shared.told_apart({name: shown_name(name) for name in columns})
    column = st.selectbox("Group by", columns, format_func=words.__getitem__, key="talk_column", width=300)
    own = found.groups[(found.groups["kind"] == kind) & (found.groups["column"] == column)]
    if own["mean"].isna().all():
        st.caption("Every group has too few leads to tell.")
        return
    figure = groups_chart(found, kind, column)
    shared.chart(figure, named(found, own), "groups", style.spoken(figure))
