"""What was found: sizes, what tells the segments apart, how far to believe them, months."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.customer_proofs import came_true_chart, qini_chart, qini_frame, recovery_chart
from core.charts.customers import drift_chart, flow_chart, profile_chart
from core.decisions.segments.telling import METHOD_WORDS, SEGMENT_WORDS, arms_sentence, headline, notes, readable, sizes
from core.errors import NotComputable
from core.exports import safe_csv
from core.workspace.segmentations import Segmentation
from core.workspace.tables import Dataset
from pages import _shared as shared
from pages._segment_data import drift_of, profile_of


def head(found: Segmentation) -> None:
    """The sizes and what the segments promise, in sentences."""
    with st.container(horizontal=True):
        for name, count in sizes(found.card).items():
            share = f"{style.share(count / found.card['leads'])} of {found.card['leads']:,}"
            st.metric(
                SEGMENT_WORDS[name], f"{count:,}", share, delta_color="off", delta_arrow="off", border=True, width=240
            )
    with st.container(border=True):
        for sentence in headline(found.card):
            st.markdown(f"- {shared.literal(sentence)}")


def sizes_section(dataset: Dataset, found: Segmentation) -> None:
    """From the rules to the segments, what tells them apart, and all of it to download."""
    counts = pd.DataFrame(found.card["counts"])
    figure = flow_chart(counts)
    shared.chart(figure, counts, "segment_flow", style.spoken(figure))
    try:
        rows = profile_of(found.id, str(shared.workspace().folder), dataset.id, found)
    except NotComputable as error:
        st.info(shared.literal(error))
    else:
        figure = profile_chart(rows)
        shared.chart(figure, rows, "segment_profile", style.spoken(figure))
        st.caption(
            "How far a segment lies from the rest, in standard deviations: 0.2 is little, 0.5 middling, 0.8 much; "
            "blue: more, orange: less, ≈: no difference beyond chance. It tells them apart, not why they came."
        )
    st.caption("From the next scoring on, the Queue shows the segment of each open lead and can be filtered by it.")
    shared.download(
        "Download every lead's segment",
        lambda: safe_csv(readable(found.assigned()), "utf-8-sig"),
        "segments.csv",
        "text/csv",
        f"segments of {dataset.id}, {style.counted(found.card['leads'], 'lead')}",
        "manager",
        key="segments_all",
    )


def proof_section(found: Segmentation) -> None:
    """Hidden labels found again, chances that come true, and the ranking against customers left out by chance."""
    card = found.card
    chances, *others = notes(card)
    st.subheader("Are missing labels found?", anchor=False)
    if card["recovery"]:
        rows = pd.DataFrame(card["recovery"])
        left, right = st.columns(2, gap="large")
        for place, name in ((left, "recall"), (right, "precision")):
            with place:
                figure = recovery_chart(rows, name, card["settings"]["loss"])
                shared.chart(figure, rows, f"segment_{name}", style.spoken(figure))
        st.dataframe(_table(rows), hide_index=True, alt="Hidden labels found again, by method")
        st.caption(
            "Known labels are hidden, the segments learned anew without them, and the hidden ones looked for among "
            "later leads. Others that are filled in may be right too: their label may have been missing to begin "
            "with, and the fewer carry theirs, the fewer of those filled in are hidden ones. Ranges: 95%, over the "
            "repetitions."
        )
    else:
        st.info(shared.literal(f"This could not be tested: {card['recovery_why']}."))
    for sentence in others:
        st.caption(shared.literal(sentence))
    st.subheader("Do the chances to come at all come true?", anchor=False)
    st.markdown(shared.literal(chances))
    if card["engaged"]:
        figure = came_true_chart(card["engaged"])
        shared.chart(figure, pd.DataFrame(card["engaged"]["groups"]), "segment_chances", style.spoken(figure))
    st.subheader("Does the campaign move them?", anchor=False)
    st.markdown(shared.literal(arms_sentence(card)))
    if card["arms"]:
        figure = qini_chart(card["arms"])
        shared.chart(figure, qini_frame(card["arms"]), "segment_qini", style.spoken(figure))
        st.caption(
            f"Of {card['arms']['treated']:,} leads that the campaign reached and {card['arms']['control']:,} left out "
            "by chance, all later than those learned from. The higher above the dotted line, the better the order."
        )


def months_section(dataset: Dataset, found: Segmentation) -> None:
    """Segments month by month."""
    try:
        over = drift_of(found.id, str(shared.workspace().folder), dataset.id, found)
    except NotComputable as error:
        st.info(shared.literal(error))
        return
    figure = drift_chart(over)
    shared.chart(figure, over.months, "segment_months", style.spoken(figure))
    if over.left_out:
        st.caption(f"{style.counted(over.left_out, 'lead')} without a date, or of a month with too few, left out.")


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    shown = rows.assign(method=rows["method"].map(METHOD_WORDS))
    made: dict[str, pd.Series | list[str]] = {"Method": shown["method"], "Hidden": shown["hidden"].map(style.share)}
    for words, name in (("Found, of 100 hidden", "recall"), ("Hidden ones, of 100 filled in", "precision")):
        made[words] = [
            _ranged(*three) for three in shown[[name, f"{name}_low", f"{name}_high"]].astype(float).to_numpy()
        ]
    return pd.DataFrame(made)


def _ranged(value: float, low: float, high: float) -> str:
    if pd.isna(value):
        return "none filled in"
    return f"{100 * value:.0f}" + ("" if pd.isna(low) else f" ({100 * low:.0f} to {100 * high:.0f})")
