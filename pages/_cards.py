"""A model card on the screen: its figures in words and tables, never as Markdown, since names in it come from files."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.errors import RunError
from core.funnel import OUTCOME_TIER, Funnel
from pages._card_words import plain_note, plain_tier
from pages._text import literal

TOP = "0.05"
"""The share of the leads at which the list of models tells precision."""

FIGURES = {
    "auc": ("Area under the curve (AUC)", "Chance that an order stands above another lead; 0.5 is chance"),
    "average_precision": ("Average precision", "Share of orders among the called, over all depths of the list"),
    "precision_at": ("Orders among the top {share}", "Share of the called that order"),
    "recall_at": ("Of all orders, in the top {share}", "Share of the orders that are found there"),
    "lift_at": ("Times calling at random, top {share}", "Orders there over those of as many calls at random"),
}
PARTS = {"train": "Trained on", "calibration": "Tuned on", "test": "Tested on"}


def dig(card: Any, *keys: str) -> Any:
    """What lies under `keys`, None where the card, which may have come from elsewhere, does not have it.

    >>> dig({"metrics": {"auc": 1}}, "metrics", "auc"), dig({"metrics": 3}, "metrics", "auc")
    (1, None)
    """
    for key in keys:
        card = card.get(key) if isinstance(card, dict) else None
    return card


def interval(entry: Any, form: str = ".3f") -> str:
    """A figure with its 95% interval, or why there is none.

    >>> interval({"value": 0.789, "low": 0.744, "high": 0.835}), interval({"value": 0.5, "low": 0.25, "high": 1}, ".0%")
    ('0.789 (0.744 to 0.835)', '50% (25% to 100%)')
    >>> interval({"value": 4.86, "low": 1.21, "high": 8.51}, form=".1f")
    '4.9 (1.2 to 8.5)'
    >>> interval({"value": None, "reason": "too few orders"}), interval(None)
    ('too few orders', 'not measured')
    """
    found = [dig(entry, key) for key in ("value", "low", "high")]
    if not all(isinstance(each, int | float) for each in found):
        return str(dig(entry, "reason") or "not measured")
    value, low, high = (f"{each:{form}}" for each in found)
    return f"{value} ({low} to {high})"


def measured(card: dict[str, Any], key: str, share: str = "") -> Any:
    """A figure of the model: as in the comparison with simple models where that holds it, so that a table and the
    comparison's verdict tell one interval; else the model's own.

    >>> own = {"value": 0.3, "low": 0.2, "high": 0.4}
    >>> measured({"name": "m", "comparison": {"figures": {"m": {"auc": own}}}, "metrics": {"auc": {}}}, "auc") == own
    True
    """
    found = dig(card, "comparison", "figures", str(card.get("name")), f"{key}_{share}" if share else key)
    return found or dig(card, "metrics", key, *([share] if share else []))


def against_best(card: dict[str, Any]) -> str:
    """The model's AUC less that of the best simple model, in words.

    >>> against_best({})
    'not compared'
    """
    aucs = {name: dig(card, "comparison", "figures", name, "auc", "value") for name in _simple(card)}
    told = {name: auc for name, auc in aucs.items() if isinstance(auc, int | float)}
    apart = dig(card, "comparison", "differences", max(told, key=told.__getitem__), "auc") if told else None
    found = [dig(apart, key) for key in ("value", "low", "high", "p_holm")]
    if not all(isinstance(each, int | float) for each in found):
        return "not compared"
    less, low, high, p = found
    words = "no clear difference" if p >= 0.05 else "better" if less < 0 else "worse"
    return f"{-less:+.3f} ({-high:+.3f} to {-low:+.3f}), {words}"


def _simple(card: dict[str, Any]) -> list[str]:
    names = dig(card, "comparison", "baselines")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def figures(card: dict[str, Any]) -> pd.DataFrame:
    """One row a figure: name, value, interval, what it means."""
    rows = []
    for key, (name, meaning) in FIGURES.items():
        entry = card["metrics"][key]
        shares = {"": entry} if "value" in entry else entry
        form = ".3f" if shares == {"": entry} else ".1f" if key == "lift_at" else ".0%"
        for share, one in shares.items():
            title = name.format(share=f"{float(share):.1%}") if share else name
            told = interval(measured(card, key, share) or one, form)
            rows.append({"Figure": title, "Value (95% interval)": told, "Meaning": meaning})
    return pd.DataFrame(rows)


def split(card: dict[str, Any]) -> pd.DataFrame:
    """One row a part: leads, orders, first and last snapshot."""
    bounds = card["split"]["boundaries"]
    return pd.DataFrame(
        {
            "Part": words,
            "Leads": card["data"]["split"][part],
            "Orders": card["data"]["converted"][part],
            "From": pd.Timestamp(bounds[part][0]) if part in bounds else pd.NaT,
            "To": pd.Timestamp(bounds[part][1]) if part in bounds else pd.NaT,
        }
        for part, words in PARTS.items()
        if part in card["data"]["split"]
    )


def show_card(card: dict[str, Any], funnel: Funnel) -> None:
    """The whole card: figures, split, preference tiers, what was decided on the way, limits, settings. `funnel`: that
    of the run.

    Raises:
        RunError: the card is not one that training wrote.
    """
    try:
        _show(card, {tier.name: tier.words for tier in (*funnel.tiers, OUTCOME_TIER)})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"a model card must have the figures that training writes, however: this one lacks or spoils {error}; "
            "load the model again from where it came"
        ) from error


def _show(card: dict[str, Any], tiers: dict[str, str]) -> None:
    later = card["tested_on"] == "test"
    on = "leads later than those it learned from" if later else "leads that also calibrated it, so too good"
    st.markdown(f"**How good it is**, measured on {int(card['metrics']['leads']):,} {on}")
    st.dataframe(figures(card), hide_index=True, alt="Figures of the model with their 95% intervals")
    verdict = dig(card, "comparison", "verdict")
    if verdict:
        st.markdown("**Against simple models on the same leads**")
        st.text(verdict)
    st.markdown("**What it learned from**")
    dates = st.column_config.DateColumn(format="D MMM YYYY")
    whole = st.column_config.NumberColumn(format="localized")
    columns = {"Leads": whole, "Orders": whole, "From": dates, "To": dates}
    st.dataframe(split(card), hide_index=True, column_config=columns, alt="Parts of the leads")
    for note in card["split"]["notes"]:
        st.caption(literal(plain_note(note)))
    if card.get("tiers"):
        st.markdown("**Pairs of leads that it was shown**, by tier of the funnel")
        for tier in card["tiers"]:
            st.text(plain_tier(tier, tiers))
    if told := dig(card, "reviews", "summary"):
        st.text(told)
    st.markdown("**What to keep in mind**")
    for limit in card.get("limits", ()):
        if limit != verdict:
            st.text(limit)
    with st.expander("Decided on the way, and every setting", icon=":material/settings:"):
        st.json({"decisions": card.get("decisions"), "settings": card.get("config"), "backbone": card.get("backbone")})
