"""The editor of funnel and preferences: stages in order, and which leads are preferred to which by how much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data import drafting, sketches
from core.data.drafting import Draft
from core.data.sketches import Sketch
from core.funnel import PRESETS
from pages import _draft as drafts
from pages import _shared as shared

INDUSTRIES = {
    "automotive": "Cars",
    "property": "Property",
    "b2b_software": "Business software",
    "telemarketing": "Selling by phone",
    "recruiting": "Recruiting",
}
KINDS = {"stage": "Stages", "signal": "Longer over shorter calls", "outcome": "Ordered over not ordered"}
MARGIN = "How far apart the two should stand, in units of the ranking score: 1.0 clearly, 0.5 somewhat, 0.1 a little."
WEIGHT = "How much this preference counts against the others in training; 1 is usual."


def edit_funnel(upload_id: str, first: Sketch, draft: Draft) -> tuple[Draft, list[DeltaGenerator]]:
    """Draw the editor; returns the changed draft, and a place below each preference for what it would teach."""
    _presets(upload_id, draft)
    column = draft.column("stage")
    if column is not None:
        _stages(upload_id, first, draft, column)
    elif draft.stages:
        st.warning(
            "No column is set as 'Deepest stage reached', so preferences between stages make no pairs. Set one in the "
            "table above, or take those preferences out.",
            icon=":material/warning:",
        )
    st.markdown("**Preferences**: which of two leads the model should learn to put first")
    if not draft.tiers:
        st.info("Without any, leads that ordered are preferred to leads that did not.", icon=":material/info:")
    tiers, places = [], []
    for number, tier in enumerate(draft.tiers):
        with st.container(border=True):
            tiers.append(_tier(upload_id, number, tier, draft.stages))
            places.append(st.container())
    with st.container(horizontal=True):
        _act(upload_id, "Add a preference", "add", lambda draft: replace(draft, tiers=(*draft.tiers, _new(draft))))
        _act(upload_id, "The three usual ones", "auto_fix_high", drafting.with_usual_tiers)
    return replace(draft, tiers=tuple(tiers)), places


def _presets(upload_id: str, draft: Draft) -> None:
    row = st.container(horizontal=True, vertical_alignment="bottom")
    preset = row.selectbox(
        "Ready-made funnel",
        list(PRESETS),
        format_func=lambda name: f"{INDUSTRIES.get(name, name)}: {', '.join(PRESETS[name].stages)}",
        index=None,
        placeholder="Choose an industry",
        key=f"preset_{upload_id}_{drafts.drawn(upload_id)}",
    )
    with row:
        _act(
            upload_id,
            "Use it",
            "check",
            lambda draft: drafting.with_preset(draft, str(preset)),
            disabled=preset is None,
            help="Replaces the stages and preferences below.",
        )


def _stages(upload_id: str, first: Sketch, draft: Draft, column: str) -> None:
    st.markdown("**Stages**, from lost at the top to the sale at the bottom")
    for place, stage in enumerate(draft.stages):
        row = st.container(horizontal=True, vertical_alignment="center", gap="small")
        row.text(f"{place + 1}. {stage}", width=150)
        with row:
            for words, by, last in (("Up", -1, 0), ("Down", 1, len(draft.stages) - 1)):
                end = place == last
                _act(upload_id, words, "", _moved(stage, by), key=f"{words}_{place}", disabled=end, type="tertiary")
            _act(upload_id, "Remove", "", _removed(stage), key=f"less_{place}", type="tertiary")
    strange = sketches.strange_stages(first.frame, column, draft.stages)
    if strange:
        listed = ", ".join(f"{value} ({count:,} leads)" for value, count in list(strange.items())[:5])
        st.warning(
            shared.literal(f"The column '{column}' holds values that are no stage yet: {listed}."),
            icon=":material/warning:",
        )
    row = st.container(horizontal=True, vertical_alignment="bottom")
    new = row.selectbox(
        "Add a stage",
        list(strange)[:200],
        index=None,
        accept_new_options=True,
        placeholder="Choose a value or type one",
        key=f"stage_new_{upload_id}_{drafts.drawn(upload_id)}",
        width=300,
    )
    with row:
        _act(upload_id, "Add", "add", lambda draft: drafting.with_stage(draft, new or ""), key="stage_add")
        _act(
            upload_id,
            "Order by the leads",
            "sort",
            lambda draft: drafting.with_found_stages(draft, first.frame),
            help="Takes the values of the column, ordered by their names and by how many of their leads ordered.",
        )


def _tier(upload_id: str, number: int, tier: dict[str, Any], stages: tuple[str, ...]) -> dict[str, Any]:
    def key(name: str) -> str:
        return f"tier_{name}_{number}_{upload_id}_{drafts.drawn(upload_id)}"

    row = st.container(horizontal=True, vertical_alignment="bottom")
    kind = "signal" if "by" in tier else "stage" if {"chosen", "rejected"} & set(tier) else "outcome"
    made = {"name": row.text_input("Name", tier["name"], key=key("name"), max_chars=60, width=200).strip()}
    kind = row.selectbox(
        "Prefers by", list(KINDS), list(KINDS).index(kind), format_func=KINDS.__getitem__, key=key("kind"), width=230
    )
    made["margin"] = row.number_input(
        "Apart by", 0.0, 100.0, float(tier["margin"]), 0.1, key=key("margin"), help=MARGIN, width=130
    )
    weight = row.number_input(
        "Counts", 0.01, 100.0, float(tier.get("weight", 1.0)), 0.5, key=key("weight"), help=WEIGHT, width=130
    )
    made |= {} if weight == 1 else {"weight": weight}
    with row:
        _act(upload_id, "Remove", "delete", _less(number), key=f"tier_less_{number}", type="tertiary")
    if kind == "stage":
        left, right = st.columns(2)
        for place, name, words in ((left, "chosen", "Prefer leads that reached"), (right, "rejected", "over leads at")):
            usual = [stage for stage in tier.get(name, ()) if stage in stages]
            made[name] = place.multiselect(words, stages, usual, key=key(name), placeholder="Choose stages")
    elif kind == "signal":
        left, right = st.columns(2)
        longest, shortest = "Prefer the longest share of calls (%)", "over the shortest share (%)"
        for place, name, words in ((left, "top", longest), (right, "bottom", shortest)):
            value = round(100 * tier.get(name, 1 / 3), 1)
            share = place.number_input(words, 1.0, 50.0, value, 5.0, key=key(name), format="%.1f")
            made[name] = round(share / 100, 4)
        made["by"] = "call_seconds"
    return made


def _new(draft: Draft) -> dict[str, Any]:
    names = {tier["name"] for tier in draft.tiers}
    name = next(name for n in range(1, len(names) + 2) if (name := f"preference {n}") not in names)
    return {"name": name, "margin": 0.5} | ({"chosen": [], "rejected": []} if draft.stages else {})


def _moved(stage: str, by: int) -> Callable[[Draft], Draft]:
    return lambda draft: drafting.with_stage_moved(draft, stage, by)


def _removed(stage: str) -> Callable[[Draft], Draft]:
    return lambda draft: drafting.without_stage(draft, stage)


def _less(number: int) -> Callable[[Draft], Draft]:
    return lambda draft: replace(draft, tiers=(*draft.tiers[:number], *draft.tiers[number + 1 :]))


def _act(upload_id: str, words: str, icon: str, how: Callable[[Draft], Draft], key: str | None = None, **more) -> None:
    """A button that changes the draft as it is at the click, and draws the widgets anew from it."""

    def clicked() -> None:
        with shared.guard():
            drafts.change(upload_id, how(drafts.current(upload_id)), redraw=True)

    symbol = f":material/{icon}:" if icon else None
    st.button(words, key=f"{key or words}_{upload_id}", icon=symbol, on_click=clicked, **more)
