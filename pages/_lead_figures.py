"""Where a lead stands: its rank, its chance with a range, its score, and whether the two orders disagree."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from core.lift.likely import LITTLE, Likely, TooLittle
from core.lift.promises import Broken
from core.queue.store import Queue
from core.queue.view import View
from pages import _shared as shared
from pages._words import TRENDS

FAR_APART = 0.1
"""Share of the queue between the place by rank and the place by chance from which the page says so."""


def figures(queue: Queue, row: dict[str, Any], likely: Likely | TooLittle | None, off: Broken | None) -> None:
    """Rank, chance and rank score side by side, and notes where chances were off lately and where the two orders
    disagree. `likely`: what came of earlier leads with about this chance."""
    rank, of, chance = int(row["rank"]), len(queue), row["probability"]
    known = chance is not None and math.isfinite(chance)
    with st.container(horizontal=True):
        st.metric(
            "Rank",
            f"{rank:,} of {of:,}",
            TRENDS.get(row.get("trend") or "", None),
            delta_color="off",
            delta_arrow="off",
        )
        st.metric(
            "Chance of an order",
            f"{chance:.1%}" if known else "Not known",
            _range(likely),
            delta_color="off",
            delta_arrow="off",
            help=f"Calibrated on leads of the past. {_range_hint(likely)}".strip(),
        )
        st.metric("Rank score", f"{row['score']:.2f}", help="What the queue is ordered by. Higher is first; no unit.")
    if not known:
        return
    if off is not None:
        st.caption(f":material/event_busy: {off.words} Ranks are not touched by it.")
    by_chance = 1 + queue.count(View(probability=(math.nextafter(chance, 2), 1.0), statuses=())) if chance < 1 else 1
    if abs(by_chance - rank) > max(FAR_APART * of, 1):
        st.info(
            f"By its chance alone this lead would stand at {by_chance:,}, by its rank score it stands at {rank:,}. "
            "The rank score compares leads with each other, the chance judges each by itself. "
            f"This is noted where the two places lie more than {FAR_APART:.0%} of the queue apart.",
            icon=":material/compare_arrows:",
        )


def _range(likely: Likely | TooLittle | None) -> str | None:
    if isinstance(likely, Likely):
        return "{} to {} of 100 such leads order".format(*likely.per_hundred)
    return None if likely is None else f"Range: {LITTLE[0].lower()}{LITTLE[1:]}"


def _range_hint(likely: Likely | TooLittle | None) -> str:
    if likely is None:
        return ""
    covers = " 95 of 100 such ranges hold the true share among leads with such a chance. This one may do otherwise."
    return shared.literal(likely.words) + (covers if isinstance(likely, Likely) else "")
