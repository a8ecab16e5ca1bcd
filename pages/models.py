"""Models: what each was trained on and how good it is, the one in use, rankings that can be put back, people."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.archives import pack_run
from core.scoring import run_schema
from core.workspace import datasets, runs
from pages import _arrivals as arrivals
from pages import _cards as cards
from pages import _people as people
from pages import _shared as shared
from pages import _trust as trust
from pages._rankings import rankings

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
                    "AUC (95% interval)": cards.interval(cards.measured(each.card, "auc")),
                    "Orders in the top 5%": cards.interval(cards.measured(each.card, "precision_at", cards.TOP), ".0%"),
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
            st.toast("The model is in use. Below you can have it rank the leads.", icon=":material/check:")
            st.rerun()
        if row.button("Compare on the Lift page", icon=":material/trending_up:"):
            st.switch_page("pages/lift.py", query_params={"model": run.id})
        with row:
            folder = runs.run_folder(ws, run.id)
            what = f"model {run.id} '{run.name}'"
            file_name = f"model-{run.id[:8]}.zip"
            shared.download("Download", lambda: pack_run(folder), file_name, "application/zip", what, role="analyst")
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
        cards.show_card(run.card, run_schema(runs.run_folder(ws, run.id)).funnel)
        trust.reasons(run)

with shared.guard():
    if run is not None and (dataset := shared.pick_dataset()) is not None:
        st.subheader("Rankings of these leads", anchor=False)
        rankings(dataset, found)

with shared.guard():
    arrivals.load_a_model(ws)

if shared.may("admin"):
    with shared.guard():
        people.archived(ws, [each for each in found if each.archived])
        people.people_and_roles(ws)
        people.trail(ws)
