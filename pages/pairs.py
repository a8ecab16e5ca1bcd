"""Pairs: which leads the model learns to put above which, and where it disagrees; what people say of that."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.pairs import tiers_chart
from core.pair_review import PairView, TierView
from core.workspace.tables import Dataset, Run
from pages import _shared as shared
from pages._pair_beside import beside
from pages._pair_reviews import list_reviews, show_who_was_right
from pages._pair_scores import PARTS, Source, ask_for_scores, pairs_under, scores_of

NUMBER = st.column_config.NumberColumn(format="%.2f")
LEARN = (
    "A model learns from pairs of past leads: of two, which one should stand above the other. Here you see which pairs "
    "it took in and which it did not, and can say where the pairs are wrong."
)

LEARNED = (
    "The pairs that it learned from show once all these leads are scored: until then you see pairs of the leads that "
    "it was tested on. The queue stays as it is."
)
ALL = "To see all pairs, all leads have to be scored; the queue stays as it is."
TEST = (
    "These leads came after those that it learned from, so none of these pairs taught it anything. What is said of "
    "them changes no training on this dataset, which keeps them for its test."
)


def tiers_told(view: PairView) -> None:
    """The chart, and the table behind it."""
    shared.chart(tiers_chart(list(view.tiers)), view.to_frame(), "pairs", style.spoken(tiers_chart(list(view.tiers))))
    empty = [tier.words for tier in view.tiers if not tier.pairs]
    if empty:
        st.caption(shared.literal(f"Without a pair here: {'; '.join(empty)}."))
    st.dataframe(
        pd.DataFrame(
            {
                "Which over which": tier.words[:1].upper() + tier.words[1:],
                "Apart by": tier.margin,
                "Pairs": tier.pairs,
                "In the right order": _percent(tier, "in_order"),
                "Far enough apart": _percent(tier, "satisfied"),
            }
            for tier in view.tiers
        ),
        hide_index=True,
        column_config={
            "Apart by": st.column_config.NumberColumn(
                format="%.1f", help="How far apart the two should stand, in points of the ranking score."
            ),
            "Pairs": st.column_config.NumberColumn(format="localized"),
            "Far enough apart": st.column_config.TextColumn(help="The right one above, by that much or more."),
        },
        alt="Kinds of pairs with the share that the model gets right",
    )


def _percent(tier: TierView, name: str) -> str:
    one = getattr(tier, name)
    return "no pairs" if one is None else f"{one.value:.1%} ({one.low:.1%} to {one.high:.1%})"


def worst_pairs(dataset: Dataset, run: Run, view: PairView, key: str) -> None:
    """The pairs that the model gets most wrong, one of them side by side."""
    st.subheader("Where it disagrees most", anchor=False)
    tiers = {tier.name: tier for tier in view.tiers if (view.worst["tier"] == tier.name).any()}
    if not tiers:
        st.success("Every pair is far enough apart: the model agrees with all of them.", icon=":material/check:")
        return
    name = st.segmented_control(
        "Kind of pair",
        list(tiers),
        format_func=lambda name: shared.literal(tiers[name].words),
        default=next(iter(tiers)),
        required=True,
        key=f"pair_tier_{key}",
    )
    tier = tiers.get(str(name)) or next(iter(tiers.values()))
    listed = view.worst[view.worst["tier"] == tier.name].reset_index(drop=True)
    chosen = st.dataframe(
        pd.DataFrame(
            {
                "A, should be first": listed["chosen"],
                "B, should come after": listed["rejected"],
                "Score of A": listed["chosen_score"],
                "Score of B": listed["rejected_score"],
                "Short by": listed["short"],
            }
        ),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"pair_list_{key}_{tier.name}_{len(listed)}_{listed['chosen'].iat[0]}_{listed['rejected'].iat[0]}",
        height=250,
        column_config={"Score of A": NUMBER, "Score of B": NUMBER, "Short by": NUMBER},
        alt="Pairs that the model gets most wrong, worst first",
    )
    rows = [row for row in chosen.selection.rows if row < len(listed)]
    st.caption("Choose a row to see both leads; the first is shown. One lead stands in three of the rows at most.")
    pair = {str(column): value for column, value in listed.iloc[rows[0] if rows else 0].items()}
    beside(dataset, run.id, pair, tier)


def shown_part(source: Source) -> str:
    """Which leads are looked at."""
    if len(source.parts) == 1:
        return source.parts[0]
    part = st.segmented_control(
        "Which leads",
        list(source.parts),
        format_func=PARTS.__getitem__,
        default=source.parts[0],
        required=True,
        key="pair_part",
    )
    return part or source.parts[0]


shared.need("analyst")
st.title("Pairs", anchor=False)
st.write(LEARN)
with shared.guard():
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = shared.pick_dataset("pairs_dataset")
        run = shared.pick_run("pairs_model") if dataset else None
    if dataset is None:
        shared.empty("No leads yet", "Pairs are made of leads whose outcome is known.", "leads", "Bring in leads")
    elif run is None:
        shared.empty("No model yet", "Train one, and see what it made of its pairs.", "train", "Train a model")
    elif not dataset.converted:
        shared.empty("No order is known in these leads", "Pairs need leads that ordered.", "leads", "Bring in others")
    else:
        source = scores_of(dataset, run)
        if source is None or source.parts == ("test",):
            ask_for_scores(dataset, run, LEARNED if source and source.own else ALL)
        if source is not None:
            part = shown_part(source)
            for note in source.notes:
                st.caption(note)
            if part == "test":
                st.info(TEST, title="Pairs of later leads, unseen", icon=":material/history:")
            view = pairs_under(dataset, run, source, part)
            tiers_told(view)
            worst_pairs(dataset, run, view, f"{source.path.stem[:12]}_{part}")
if dataset is not None:
    with shared.guard():
        list_reviews(dataset)
        show_who_was_right(dataset)
