"""How a trained model stands beside simple ones on the same leads, by its card."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages import _shared as shared
from pages._cards import TOP, against_best, dig, interval


def verdict(card: dict[str, Any]) -> None:
    """Who ranks best on the test leads, said plainly where it is not this model."""
    compared = card.get("comparison")
    if not compared:
        st.info("No simple models were trained to compare with (setting baselines).", icon=":material/info:")
        return
    words = against_best(card)
    if words.endswith("worse"):
        st.warning(shared.literal(compared["verdict"]), title="A simple model ranks better", icon=":material/warning:")
    elif words.endswith("better"):
        st.success(shared.literal(compared["verdict"]), title="Better than the simple models", icon=":material/check:")
    else:
        st.info(shared.literal(compared["verdict"]), title="No clear difference to the best simple model")


def standing(card: dict[str, Any]) -> pd.DataFrame:
    """One row a model, best first: the right order of pairs and precision, with intervals, on the same test leads."""
    found = (card.get("comparison") or {}).get("figures") or {card["name"]: card["metrics"]}
    ranked = sorted(found.items(), key=lambda item: -(item[1]["auc"].get("value") or 0))
    return pd.DataFrame(
        {
            "Model": f"{name} (this model)" if name == card["name"] else name,
            "Right order of two leads (AUC; 0.5 is chance)": interval(figures.get("auc")),
            "Average precision": interval(figures.get("average_precision")),
            "Orders among the top 5%": interval(_precision(figures), ".0%"),
        }
        for name, figures in ranked
    )


def _precision(figures: dict[str, Any]) -> Any:
    """Precision among the best 5%: a comparison names it in one, the card's own metrics by share."""
    return figures.get(f"precision_at_{TOP}") or dig(figures, "precision_at", TOP)
