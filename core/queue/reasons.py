"""The strongest reasons of each lead as text: exact additive parts of its score, beside the values they came from."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.data.prompts import shown_name, shown_value

MOST = 5
"""Reasons kept per lead. Source: the issue; more are not read in a table, the page of one lead tells them all."""
LENGTH = 80
"""Characters of a value that are kept."""


def reason_texts(parts: Sequence[str], values: np.ndarray, leads: Leads) -> list[str]:
    """JSON `[[name, value text, contribution], ...]` per lead, strongest first, at most `MOST`; "" without any.

    Shape: values (n leads, n parts), NaN where a part did not count; `parts` are names of features, or of what was said
    (`core.scores.DIALOGUE`), which has no value to show. A part that moved nothing is no reason. Contributions keep
    four significant digits.

    Example:
        >>> from core.data.schema import Features, Roles, Schema
        >>> features = pd.DataFrame({"days_left": [3.0]})
        >>> leads = Leads(pd.DataFrame({"lead_id": ["a"]}), features, Schema(Roles("id"), Features(("days_left",))))
        >>> reason_texts(["days_left", "dialogue"], np.array([[0.25, -1.5]]), leads)
        ['[["dialogue", "", -1.5], ["days left", "3", 0.25]]']
    """
    if not parts:
        return [""] * len(leads)
    size = np.where(np.isfinite(values), np.abs(values), 0.0)
    order = np.argsort(-size, axis=1, kind="stable")[:, :MOST]
    strength = np.take_along_axis(size, order, axis=1)
    # Each distinct value is written once, and only where some lead needs it.
    opened: list[np.ndarray] = []
    for place, part in enumerate(parts):
        texts = np.full(len(leads), "", dtype=object)
        needed = np.flatnonzero(((order == place) & (strength > 0)).any(axis=1))
        texts[needed] = _openings(part, leads, needed)
        opened.append(texts)
    told = []
    for row, (places, strengths) in enumerate(zip(order.tolist(), strength.tolist(), strict=True)):
        reasons = [
            f"{opened[place][row]}{values[row, place]:.4g}]"
            for place, s in zip(places, strengths, strict=True)
            if s > 0
        ]
        told.append("[" + ", ".join(reasons) + "]" if reasons else "")
    return told


def _openings(part: str, leads: Leads, rows: np.ndarray) -> np.ndarray:
    """`["name", "value", ` for each of `rows`."""
    if part not in leads.features:
        return np.full(len(rows), f"[{json.dumps(part, ensure_ascii=False)}, {json.dumps('')}, ", dtype=object)
    name = json.dumps(shown_name(part), ensure_ascii=False)
    codes, distinct = pd.factorize(leads.features[part].iloc[rows], use_na_sentinel=False)
    pieces = np.empty(len(distinct), dtype=object)
    for code, value in enumerate(distinct):
        pieces[code] = f"[{name}, {json.dumps(_shortened(shown_value(value)), ensure_ascii=False)}, "
    return pieces[codes]


def _shortened(text: str) -> str:
    return text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"
