"""Train: choose leads, language model and settings, start, watch, and see how good the model became."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.config import load_config, with_settings
from core.devices import devices
from core.errors import ConfigError
from core.jobs import records
from core.workspace.reviews import reviews_of
from pages import _shared as shared
from pages._settings import PLAIN, edit_settings, pick_backbone, pick_preset
from pages._training import list_trainings, show_training

shared.need("analyst")
st.title("Train", anchor=False)

if job_id := st.query_params.get("job"):
    if st.button("All trainings", icon=":material/arrow_back:", type="tertiary"):
        st.query_params.pop("job", None)
        st.rerun()
    with shared.guard():
        show_training(job_id)
    st.stop()

with shared.guard():
    ws = shared.workspace()
    dataset = shared.pick_dataset()
    if dataset is None:
        shared.empty(
            "No leads to learn from yet",
            "A model learns from leads whose outcome is known: bring in a file of them first.",
            "leads",
            "Bring in leads",
        )
        list_trainings()
        st.stop()
    if not dataset.converted:
        st.warning(
            "No order is known in these leads, so there is nothing to learn from. Choose others, or bring in a file "
            "with a column that says which leads ordered.",
            icon=":material/warning:",
        )
    else:
        st.caption(
            f"{dataset.leads:,} leads, {dataset.converted:,} orders. The older ones train, the newer ones test; the "
            f"{dataset.open_leads:,} whose outcome is still open take no part."
        )
    preset = pick_preset()
    backbone = pick_backbone()
    found = devices()
    machine = ", ".join(f"{each.name} with {each.memory / 1e9:,.0f} GB" for each in found if each.usable)
    no_gpu = "" if any(each.kind == "cuda" for each in found) else " No GPU was found."
    st.caption(shared.literal(f"This server: {machine}.{no_gpu}"))
    for each in found:
        if not each.usable:
            st.warning(shared.literal(f"{each.name}: {each.remark}."), icon=":material/warning:")
    changed = edit_settings(preset) | {"backbone": backbone}
    wrong = None
    try:
        with_settings(load_config(None, preset), [f"{key}={value}" for key, value in changed.items()])
        if not backbone:
            raise ConfigError("name the folder or hub model of the other language model, or take the built-in one")
    except ConfigError as error:
        wrong = str(error)
        st.error(shared.literal(wrong), title="A setting has to be mended", icon=":material/error:")

    said = [each.id for each in reviews_of(ws, dataset.id)]
    use_reviews = bool(said) and st.checkbox(
        "Use the review of a pair or lead" if len(said) == 1 else f"Use the {len(said):,} reviews of pairs and leads",
        key=f"reviews_{dataset.id}",
        help="What people said on the Pairs page: pairs put in order or left out, leads with other data. Those of "
        "leads that take no part in training are left out and counted; the model card says what was used.",
    )
    row = st.container(horizontal=True, vertical_alignment="bottom")
    usual = f"{dataset.name[:150]}, {PLAIN.get(preset, (preset,))[0].split(',')[0].lower()}"
    name = row.text_input("Name of the model", usual, key=f"name_{dataset.id}_{preset}", max_chars=200, width=380)
    blocked = wrong is not None or not dataset.converted
    if row.button("Start training", type="primary", icon=":material/play_arrow:", disabled=blocked):
        request: dict[str, Any] = {"dataset_id": dataset.id, "name": name, "preset": preset, "settings": changed}
        request |= {"reviews": said} if use_reviews else {}
        started = records.submit(ws, "train", request, by=shared.need("analyst").email, label=f"Training {name}")
        st.query_params["job"] = started.id
        st.rerun()
    st.page_link("pages/models.py", label="Or load a model that was trained elsewhere", icon=":material/upload:")
    list_trainings()
