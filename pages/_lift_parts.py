"""The sections of the Lift page: each asks core.lift for one result, and shows it with hints and downloads.

Results are kept by the ids of models and dataset, whose files never change, and by what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.charts import capacity, chances, comparison, gains, segments, style
from core.data.prompts import shown_name
from core.evaluation import Missing
from core.lift.capacity import at_capacity
from core.lift.chances import calibration, spread
from core.lift.cohorts import cohorts
from core.lift.gains import gain_lines
from core.lift.lineup import Lineup, read_run_scores
from core.lift.models import capacity_measure, plain_verdict, side_by_side
from core.lift.orders import orders_of_tested
from core.lift.segments import by_segment, segment_columns
from core.ranking import Figure
from core.workspace import datasets, runs
from core.workspace.tables import Run
from pages import _shared as shared
from pages._likely import home

FUNCTIONS = {
    f.__name__: f
    for f in (gain_lines, at_capacity, calibration, cohorts, orders_of_tested, spread, by_segment, side_by_side)
}
MEASURES = {
    "precision": "Of 100 called, how many order",
    "base_rate": "Of 100 called at random",
    "auc": "Right order of pairs",
}
HINTS = {
    "precision": "Of 100 leads at the top of the list, how many order; experts call it precision.",
    "recall": "Of all orders of the period, how many are among the leads that you call; experts call it recall.",
    "lift": "Orders per call, divided by orders per call when calling at random; experts call it lift.",
    "auc": "Take one lead that ordered and one that did not: how often the first stands higher on the list. 50% is "
    "chance, 100% is perfect. Experts call it AUC.",
    "interval": "“Likely”: 95 of 100 such ranges hold the true figure; with few orders, chance plays along.",
}


@dataclass(frozen=True)
class Chosen:
    """What the page is about; every part of it that names files is an id."""

    folder: str
    """The workspace, so that two of them never share an answer."""
    labels: tuple[tuple[str, str], ...]
    """Id and shown name of each model, the one looked at first."""
    dataset_id: str


def comparable(run: Run, dataset_id: str) -> dict[str, str]:
    """Other models tested on leads of the same dataset: name with date by id."""
    others = [one for one in runs.runs(shared.workspace()) if one.id != run.id and home(one) == dataset_id]
    return shared.told_apart({one.id: f"{one.name}, {one.made:%d %b %Y %H:%M:%S}" for one in others})


@st.cache_resource(max_entries=4, show_spinner="Reading the tested leads")
def lined_up(chosen: Chosen) -> Lineup:
    ws = shared.workspace()
    found = [read_run_scores(runs.run_folder(ws, id), name, runs.run(ws, id).card) for id, name in chosen.labels]
    return Lineup.of(datasets.leads_of(ws, chosen.dataset_id, found[0].lead_ids.tolist()), found)


@st.cache_resource(max_entries=40, show_spinner="Counting orders")
def result(chosen: Chosen, what: str, *choices: Any) -> Any:
    """One result of core.lift: `what` names the function, `choices` are what it takes beside the leads."""
    return FUNCTIONS[what](lined_up(chosen), *choices)


def better(chosen: Chosen, calls: int) -> None:
    """How much better than calling at random."""
    lines = result(chosen, "gain_lines")
    share = calls / lines.leads
    left, right = st.columns(2, gap="large")
    with left:
        _show(gains.gains_chart(lines, share), lines.to_frame(), "gains")
    with right:
        _show(gains.lift_chart(lines, share), lines.to_frame(), "lift")
    st.caption(
        "“Or further” counts every lead known to have come to that stage or to a later one. “Best possible” knows the "
        "outcome beforehand: no list can do better. The dot is your number of calls."
    )
    for name, why in lines.left_out.items():
        st.caption(shared.literal(f"No line for {name}: {why}."))


def bring(chosen: Chosen, calls: int) -> None:
    """At our capacity."""
    found = result(chosen, "at_capacity", calls)
    here, row = found.here, st.container(horizontal=True)
    if found.found is not None:
        hint = (
            f"At random, as many calls find {found.found_at_random:,.0f}; the best possible list finds {found.most:,}."
        )
        told = f"{found.found_at_random:,.0f} at random"
        _metric(row, "Orders found", f"{found.found:,.0f} of {found.converted:,}", told, hint)
    if isinstance(one := here.precision, Figure):
        told = f"likely {100 * one.low:.0f} to {100 * one.high:.0f}"
        _metric(row, "Of 100 called, order", f"{100 * one.value:.0f}", told, _hint("precision"))
    if isinstance(one := here.recall, Figure):
        told = f"likely {one.low:.0%} to {one.high:.0%}"
        _metric(row, "Of all orders, found", f"{one.value:.0%}", told, _hint("recall"))
    if isinstance(one := here.lift, Figure):
        told = f"likely {one.low:.1f} to {one.high:.1f}"
        _metric(row, "Against calling at random", f"{one.value:.1f} times", told, _hint("lift"))
    for reason in dict.fromkeys(one.reason for one in (here.precision, here.recall) if isinstance(one, Missing)):
        st.caption(shared.literal(f"Why a figure is missing: {reason}."))
    _show(capacity.capacity_chart(found), found.to_frame(), "capacity")


def come_true(chosen: Chosen) -> None:
    """Do the chances come true."""
    left, right = st.columns(2, gap="large")
    with left, shared.guard():
        found = result(chosen, "calibration")
        _show(chances.calibration_chart(found), found.to_frame(), "chances")
        if found.verdict in ("too high", "too low"):
            way = "less" if found.verdict == "too high" else "more"
            st.caption(
                f"Read the chances as {way} than they say: about {found.ratio.value:.0%} of what was promised came. "
                "The order of the list is not touched by that. Training again with newer leads may mend it."
            )
    with right, shared.guard():
        apart = result(chosen, "spread")
        _show(chances.spread_chart(apart), apart.to_frame(), "chances_by_outcome")
        st.caption("The further the two are apart, the better the model tells buyers from others.")


def by_group(chosen: Chosen, calls: int) -> None:
    """By group."""
    lineup = lined_up(chosen)
    columns = segment_columns(lineup)
    if not columns:
        st.info("These leads have no column to group by: no owner, and no field with a few fixed values.")
        return
    usual = next((place for place, name in enumerate(columns) if name != "owner"), 0)
    names = list(shared.told_apart({name: shown_name(name) for name in columns}).values())
    place = st.selectbox("Group by", range(len(names)), usual, format_func=names.__getitem__, key="lift_group")
    measure = st.segmented_control(
        "Figure",
        list(MEASURES),
        format_func=MEASURES.__getitem__,
        default="precision",
        required=True,
        key="lift_measure",
        help=HINTS["auc"],
    )
    found = result(chosen, "by_segment", columns[place], calls / len(lineup))
    _show(segments.segments_chart(found, measure), found.to_frame(), f"by_{place}")
    st.caption(
        f"Of each group, its own best {style.share(found.share)} count as called. A group needs 50 leads and 5 orders: "
        "below that, its figure would be chance."
    )


def beside(chosen: Chosen, calls: int) -> None:
    """Models side by side."""
    lineup = lined_up(chosen)
    if len(lineup.models) < 2:
        st.info(
            "There is nothing to compare with: this model was trained without simple methods beside it. Train "
            "another one on the same leads, and choose it above."
        )
        return
    metrics = {
        capacity_measure("recall_at", lineup, calls).name: f"Of all orders, found with {calls:,} calls (%)",
        capacity_measure("precision_at", lineup, calls).name: f"Of the {calls:,} called, how many order (%)",
        "auc": "Pairs in the right order (%)",
    }
    metric = st.segmented_control(
        "Figure",
        list(metrics),
        format_func=metrics.__getitem__,
        default=next(iter(metrics)),
        required=True,
        key="lift_metric",
    )
    found = result(chosen, "side_by_side", calls)
    _show(comparison.comparison_chart(found, metric, metrics[metric]), found.to_frame(), "models")
    st.text(plain_verdict(found, metric))
    st.caption(
        f"{HINTS['interval']} The bars are these ranges. Simple methods learned from the same leads, to hold a model "
        "against."
    )


def _show(figure: Any, data: Any, name: str) -> None:
    shared.chart(figure, data, name, style.spoken(figure))


def _hint(name: str) -> str:
    return f"{HINTS[name]} {HINTS['interval']}"


def _metric(row: Any, label: str, value: str, told: str, hint: str) -> None:
    """A figure with what to hold it against below."""
    row.metric(label, value, told, delta_color="off", delta_arrow="off", help=hint, border=True, width=225)
