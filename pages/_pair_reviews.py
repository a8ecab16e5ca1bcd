"""What people said of pairs and leads of a dataset: the list, taking back, the file, and who was right."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.prompts import shown_name
from core.data.reviews import to_frame
from core.exports import safe_csv
from core.pair_outcomes import who_was_right
from core.workspace import reviews
from core.workspace.tables import Dataset, Review
from pages import _shared as shared

WHEN = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")


def list_reviews(dataset: Dataset) -> None:
    """Every review, newest first, with the way to take one back and to take all away as a file."""
    ws = shared.workspace()
    st.subheader("What people said", anchor=False)
    found = reviews.reviews_of(ws, dataset.id, withdrawn=True)
    if not found:
        st.caption("Nothing yet. Look at a pair above and say what is wrong with it; the next training can use it.")
        return
    active = [each for each in found if each.withdrawn is None]
    st.dataframe(
        pd.DataFrame(
            {
                "When (UTC)": each.at,
                "What": in_words(each),
                "Why": reviews.REASONS.get(each.reason, each.reason),
                "Note": each.note,
                "Who": each.by,
                "Taken back": f"by {each.withdrawn_by}" if each.withdrawn else "",
            }
            for each in reversed(found)
        ),
        hide_index=True,
        column_config={"When (UTC)": WHEN},
        alt="Reviews of pairs and leads, newest first",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = {each.id: f"{number}. {in_words(each)}" for number, each in enumerate(active, 1)}
        chosen = st.selectbox(
            "Take one back",
            list(names),
            index=None,
            format_func=names.__getitem__,
            placeholder="Choose a review" if names else "All were taken back",
            disabled=not names,
            key=f"withdraw_{dataset.id}_{len(active)}",
            width=420,
        )
        if st.button("Take it back", icon=":material/undo:", disabled=chosen is None) and chosen is not None:
            with shared.guard():
                reviews.withdraw(ws, chosen, shared.need("analyst").email)
                st.toast("Taken back. The list keeps both.", icon=":material/undo:")
                st.rerun()
        shared.download(
            "Download",
            lambda: safe_csv(to_frame(reviews.as_said(active)), "utf-8"),
            f"reviews-{dataset.id[:8]}.csv",
            "text/csv",
            f"reviews of {dataset.id}, {len(active)}",
            role="analyst",
            help="For the command line: python -m core train --reviews FILE. Those taken back are left out.",
        )


def in_words(review: Review) -> str:
    """What was said, on one line."""
    if review.action == "prefer":
        return f"{review.chosen} above {review.rejected}"
    if review.action == "skip_pair":
        return f"{review.chosen} and {review.rejected} not compared"
    if review.action == "skip_lead":
        return f"{review.lead_id} in no pair"
    told = [f"reached {shown_name(review.stage)}"] if review.stage else []
    told += [] if review.converted is None else ["ordered" if review.converted else "did not order"]
    return f"{review.lead_id} {' and '.join(told)}"


def show_who_was_right(dataset: Dataset) -> None:
    """Corrections held against what came since."""
    ws = shared.workspace()
    made = [each for each in reviews.reviews_of(ws, dataset.id) if each.action == "prefer"]
    if not made:
        return
    st.subheader("Who was right", anchor=False)
    ids = sorted({lead_id for each in made for lead_id in (each.chosen, each.rejected)})
    corrections = pd.DataFrame(
        {
            "chosen": [each.chosen for each in made],
            "rejected": [each.rejected for each in made],
            "chosen_score": [each.chosen_score for each in made],
            "rejected_score": [each.rejected_score for each in made],
            "known_before": [each.decided for each in made],
        }
    )
    found = who_was_right(corrections, reviews.outcomes_since(ws, dataset.id, ids))
    st.write(found.verdict)
    if found.aside:
        st.caption(found.aside)
    st.dataframe(
        pd.DataFrame(
            {
                "Put above": found.table["chosen"],
                "Put below": found.table["rejected"],
                "What came": found.table["ended"].str.capitalize(),
                "Analyst": found.table["analyst"],
                "Model": found.table["model"],
                "Outcome known before": found.table["known_before"],
            }
        ),
        hide_index=True,
        alt="Corrections, what came of their leads, and who was right",
    )
