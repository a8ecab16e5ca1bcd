"""How a dataset is divided by time: folded, since the usual values fit most files."""

from __future__ import annotations

import streamlit as st

from pages import _draft as drafts


def edit_split(upload_id: str, split: dict[str, float]) -> dict[str, float]:
    """Draw the settings; returns them."""

    def key(name: str) -> str:
        return f"split_{name}_{upload_id}_{drafts.drawn(upload_id)}"

    def share(words: str, name: str, most: float, hint: str) -> float:
        percent = round(100 * split[name], 1)
        return round(st.number_input(words, 1.0, most, percent, 5.0, key=key(name), help=hint, width=220) / 100, 4)

    with st.expander("How the leads are divided for training and testing", icon=":material/event:"):
        st.caption(
            "By time, never by chance: the model learns from older leads and is tested on newer ones, as in real use. "
            "Without dates, the order of the file stands for time."
        )
        with st.container(horizontal=True):
            train = share(
                "Share that trains (%)",
                "train_share",
                100.0,
                "The oldest leads whose outcome is known; the rest tests. 100 leaves nothing to test on.",
            )
            days = st.number_input(
                "Days until an outcome counts",
                0.0,
                3650.0,
                float(split["maturity_days"]),
                1.0,
                key=key("maturity_days"),
                help="Younger leads are not yet won or lost: they are the ones to call, and are not learned from. "
                "Also the gap between training and test.",
                width=240,
            )
            later = share(
                "Share that calibrates (%)",
                "calibration_share",
                49.0,
                "The latest part of the training leads: decides when training stops and makes the chances honest.",
            )
    return {"train_share": train, "maturity_days": days, "calibration_share": later}
