"""Today: what is loaded, how fresh it is, the figures that matter, and the leads to call first."""

from __future__ import annotations

import streamlit as st

from core.charts import funnel, style
from core.data.schema import schema_from_dict
from core.lift.promises import broken
from core.queue.view import View
from core.workspace import runs
from pages import _scored as scored
from pages import _shared as shared
from pages._figures import figure
from pages._queue_head import capacity_boxes
from pages._words import reason_line

FIRST = 10

shared.need("viewer")
title, action = st.columns([3, 1], vertical_alignment="bottom")
title.title("Today", anchor=False)

with shared.guard():
    ws = shared.workspace()
    dataset = shared.pick_dataset("today_dataset")
    if dataset is None:
        shared.empty(
            "No leads yet",
            "Bring in a file of leads: CSV, Excel or Parquet. Its columns are recognised and checked on the way.",
            "leads",
            "Bring in leads",
        )
        st.stop()
    scoring = scored.pick_scoring(dataset)
    if scoring is None:
        st.subheader("These leads have no scores yet", anchor=False)
        st.write("A model ranks them, best first; after that this page shows whom to call.")
        scored.score_now(dataset, "Score the leads")
        scored.scoring_failed(dataset)
        st.stop()
    run = runs.run(ws, scoring.run_id)
    if action.button("Open the queue", type="primary", icon=":material/arrow_forward:", width="stretch"):
        st.switch_page("pages/queue.py", query_params={"dataset": dataset.id})
    newest = ""
    if dataset.newest:
        newest = f", the newest of {dataset.newest.day} {dataset.newest:%B %Y} ({shared.ago(dataset.newest)})"
    st.text(
        f"{dataset.leads:,} leads{newest}. {scoring.leads:,} of them were scored {shared.ago(scoring.made)} "
        f"by the model {run.name}."
    )
    if scoring.part == "test":
        st.info(
            "The outcome of every lead in this file is known. Shown is how the model would have had those of its test "
            "called.",
            icon=":material/history:",
        )
    elif scoring.part == "all":
        st.info(scored.ALL_KNOWN, icon=":material/history:")

    queue = scored.open_queue(ws, scoring)
    with st.container(horizontal=True):
        calls, per_owner = capacity_boxes(queue)
    summary = queue.summary(View(), calls, per_owner)
    if not summary.open_leads:
        shared.empty(
            "Nobody left to call", "Each of these leads is called, won, lost or put off.", "leads", "Bring in leads"
        )
        st.stop()
    with st.container(horizontal=True):
        figure(
            "Leads to call",
            lambda: f"{summary.open_leads:,}",
            lambda: "Scored leads that nobody has marked as called, won, lost or not now.",
        )
        figure(
            "Expected orders",
            lambda: f"{summary.expected_orders:.1f}",
            lambda: (
                f"From {style.counted(summary.to_call, 'call')} today: the chances of the leads at the head of the "
                "queue added up."
            ),
        )
        figure(
            "Against random",
            lambda: f"{summary.lift:.1f} times",
            lambda: (
                f"Orders a call, against calling at random: the leads to call today have a chance of "
                f"{summary.call_rate:.1%} on average, all open ones {summary.random_rate:.1%}. The chances are the "
                "model's own; the Lift page shows what was measured on leads with known outcome."
            ),
        )
        figure(
            "Age of the model",
            lambda: shared.ago(shared.trained(run)).removesuffix(" ago"),
            lambda: "Since it was trained. Train again when the market or the way of selling changes.",
        )

    if off := broken(run.card):
        st.caption(off.words, help="Measured when the model was tested, on leads of known outcome. It touches no rank.")
    first = queue.page(View(), 1, FIRST).to_dict("records")
    st.subheader(f"Call these {len(first)} first" if len(first) > 1 else "Call this one first", anchor=False)
    st.caption(
        "The rank compares leads with each other; the chance is that of one lead by itself, so it need not fall from "
        "row to row."
    )
    for lead in first:
        card = st.container(border=True, gap="xsmall")
        head = card.container(horizontal=True, vertical_alignment="center")
        head.text(f"{lead['rank']}", width=28)
        head.text(lead["lead_id"], width=130)
        head.text(lead.get("owner") or "nobody", width=100)
        if lead["probability"] == lead["probability"]:  # NaN where the model gives no chances
            head.progress(lead["probability"], f"{lead['probability']:.0%} chance", width=150)
        if head.button("Why", key=f"why_{lead['lead_id']}", icon=":material/psychology_alt:"):
            st.switch_page("pages/why.py", query_params={"lead": lead["lead_id"], "dataset": dataset.id})
        card.caption(shared.literal(reason_line(lead["reasons"])) or "Open it for the reasons.")

    counts = dict(queue.facets("stage"))
    stages = [*schema_from_dict(dataset.schema).funnel.stages, ""]
    reached = [(stage, counts.get(stage, 0)) for stage in stages if stage or counts.get("")]
    if any(number for stage, number in reached if stage):
        st.subheader("How far they have come", anchor=False)
        moving = " These leads may still move on." if scoring.part == "open" else ""
        st.caption(f"By the stage in the file of leads.{moving}")
        drawn = funnel.funnel_chart(reached, "scored lead")
        shared.chart(drawn, funnel.funnel_frame(reached), "leads_by_stage", style.spoken(drawn))
