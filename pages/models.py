"""Models: what each was trained on and how good it is, the one in use, rankings that can be put back, people."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.archives import pack_run
from core.workspace import datasets, runs, scorings
from pages import _arrivals as arrivals
from pages import _cards as cards
from pages import _people as people
from pages import _scored as scored
from pages import _shared as shared

REASONS = {"first": "first scores", "new model": "a new model", "manual": "asked for", "schedule": "on schedule"}

shared.need("analyst")
st.title("Models", anchor=False)

with shared.guard():
    ws = shared.workspace()
    names = {each.id: each.name for each in datasets.datasets(ws, archived=True)}
    found = runs.runs(ws, archived=True)
    kept = [each for each in found if not each.archived]
    if not kept:
        shared.empty(
            "No models yet",
            "Train one on your leads, or load one below that was trained elsewhere.",
            "train",
            "Train a model",
        )
    else:
        st.dataframe(
            pd.DataFrame(
                {
                    "Model": each.name,
                    "In use": each.in_use,
                    "Leads": names.get(each.dataset_id or "", "not in this workspace"),
                    "Trained": shared.trained(each),
                    "AUC (95% interval)": cards.interval(cards.dig(each.card, "metrics", "auc")),
                    "Orders in the top 5%": cards.interval(
                        cards.dig(each.card, "metrics", "precision_at", cards.TOP), ".0%"
                    ),
                    "AUC against the best simple model": cards.against_best(each.card),
                }
                for each in kept
            ),
            hide_index=True,
            alt="Trained models with their figures",
            column_config={
                "Trained": st.column_config.DateColumn(format="D MMM YYYY"),
                "AUC (95% interval)": st.column_config.TextColumn(help=cards.FIGURES["auc"][1]),
                "Orders in the top 5%": st.column_config.TextColumn(
                    help="Of the twentieth that the model puts first, the share that ordered, on its test leads."
                ),
            },
        )

run = None
with shared.guard():
    run = shared.pick_run()
    if run is not None:
        row = st.container(horizontal=True, vertical_alignment="center")
        if run.in_use:
            row.badge("In use", icon=":material/check:", color="green")
        elif row.button("Use this model", type="primary", icon=":material/check:"):
            runs.use_run(ws, run.id, shared.need("analyst").email)
            st.toast("The model is in use. Score the leads again below.", icon=":material/check:")
            st.rerun()
        if row.button("Compare on the Lift page", icon=":material/trending_up:"):
            st.switch_page("pages/lift.py", query_params={"model": run.id})
        with row:
            folder = runs.run_folder(ws, run.id)
            shared.download("Download", lambda: pack_run(folder), f"model-{run.id[:8]}.zip", "application/zip", run.id)
        with row.popover("Rename", icon=":material/edit:"):
            name = st.text_input("New name", run.name, max_chars=200, key=f"name_{run.id}")
            if st.button("Save the name", type="primary") and name != run.name:
                runs.rename_run(ws, run.id, name, shared.need("analyst").email)
                st.rerun()
        if shared.may("admin") and not run.in_use and row.button("Archive", icon=":material/archive:"):
            runs.archive_run(ws, run.id, shared.need("admin").email)
            st.toast("The model is archived. Nothing of it is deleted.", icon=":material/archive:")
            st.rerun()

if run is not None:
    with shared.guard(), st.expander("Model card", icon=":material/description:", expanded=True):
        cards.show_card(run.card)

with shared.guard():
    if run is not None and (dataset := shared.pick_dataset()) is not None:
        st.subheader("Rankings of these leads", anchor=False)
        used, current = scorings.scoring_in_use(ws, dataset.id), runs.run_in_use(ws)
        if current is not None and (used is None or used.run_id != current.id):
            st.info(
                f"The model in use, {shared.literal(current.name)}, has not ranked these leads yet.",
                icon=":material/info:",
            )
            scored.score_now(dataset, "Score the leads with it")
            scored.scoring_failed(dataset)
        people_of = {each.id: each.name for each in found}
        listed = scorings.scorings(ws, dataset.id)
        if listed:
            st.dataframe(
                pd.DataFrame(
                    {
                        "Made": each.made,
                        "Model": people_of.get(each.run_id, ""),
                        "Reason": REASONS.get(each.reason, each.reason),
                        "Leads": each.leads,
                        "By": each.made_by,
                        "In use": each.in_use,
                    }
                    for each in listed
                ),
                hide_index=True,
                alt="Rankings of the leads, newest first",
                column_config={
                    "Made": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", help="Times are UTC."),
                    "Leads": st.column_config.NumberColumn(format="localized"),
                },
            )
        earlier = {each.id: each for each in listed if not each.in_use and each.part != "test"}
        if earlier:
            chosen = st.selectbox(
                "An earlier ranking",
                list(earlier),
                format_func=lambda id: f"{earlier[id].made:%d %b %Y, %H:%M} by {people_of.get(earlier[id].run_id, '')}",
            )
            if st.button("Put it back", icon=":material/settings_backup_restore:"):
                scorings.use_scoring(ws, chosen, shared.need("manager").email)
                st.toast("The earlier ranking is the queue again.", icon=":material/check:")
                st.rerun()

with shared.guard():
    arrivals.load_a_model(ws)

if shared.may("admin"):
    with shared.guard():
        people.archived(ws, [each for each in found if each.archived])
        people.people_and_roles(ws)
        people.trail(ws)
