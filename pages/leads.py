"""Leads: bring in a file, say what its columns are, see what the funnel would teach, check it and keep it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from core.data.drafting import PARTS, schema_of
from core.data.masking import masked_cells
from core.data.schema import schema_to_dict
from core.errors import SchemaError
from core.jobs import records
from core.jobs.ledger import ACTIVE
from pages import _datasets as lists
from pages import _draft as drafts
from pages import _report as reports
from pages import _shared as shared
from pages._funnel import edit_funnel
from pages._roles import edit_roles, explain_guess, used_fields
from pages._saved import show_saved
from pages._split import edit_split
from pages._unmask import names_switch
from pages._upload import nothing_yet, upload_box

shared.need("analyst")
st.title("Leads", anchor=False)
upload_id = st.query_params.get("upload")

if not upload_id:
    with shared.guard():
        upload_box()
        if not lists.list_uploads() + lists.list_datasets():
            nothing_yet()
    st.stop()

if st.button("All datasets", icon=":material/arrow_back:", type="tertiary"):
    st.query_params.pop("upload", None)
    st.rerun()

with shared.guard():
    ws = shared.workspace()
    job = lists.import_job(upload_id)
    if job is not None and (job.result or {}).get("dataset_id"):
        show_saved(job)
        st.stop()
    upload, first, draft = drafts.upload_of(upload_id), drafts.first_rows(upload_id), drafts.current(upload_id)
    rows = f"{len(first.frame):,} leads" if first.whole else f"more than {len(first.frame):,} leads"
    st.text(f"{upload.name}: {rows}, {len(first.names)} columns, {upload.bytes / 1e6:,.1f} MB")
    with st.expander("The first 20 rows", icon=":material/table:"):
        top = first.frame.head(20).astype(str)
        if not names_switch(f"{upload_id}_top", upload_id, {"file": upload.name, "rows": "the first 20"}):
            top = masked_cells(top)
        st.dataframe(top, hide_index=True, alt="The first rows of the file")

    st.subheader("1. What the columns are", anchor=False)
    seen = "all" if first.whole else "the first"
    st.caption(
        f"Guessed from {seen} {len(first.frame):,} rows. Mend what is wrong under 'Use it as'; changes are kept."
    )
    draft = edit_roles(upload_id, first, draft)
    explain_guess(upload_id, first)

    st.subheader("2. What the model should learn to prefer", anchor=False)
    counted = st.empty()
    draft, places = edit_funnel(upload_id, first, draft)
    draft = replace(draft, split=edit_split(upload_id, draft.split))
    drafts.change(upload_id, draft)
    schema = None
    try:
        schema = schema_of(draft, drafts.leaks(upload_id, draft.column("converted"), draft.column("call_seconds")))
        look = drafts.looked(upload_id, schema)
        reports.show_pairs(look, places)
        counted.caption(reports.look_words(first, look))
        reports.show_errors(look)
    except SchemaError as error:
        for line in str(error).splitlines():
            st.error(shared.literal(reports.in_words(line)), icon=":material/error:")

    st.subheader("3. Check and save", anchor=False)
    if draft.column("converted") is None:
        st.warning(
            f"No column is set as '{PARTS['converted']}': these leads can be scored, but no model can learn from them.",
            icon=":material/warning:",
        )
    talk = " and the conversation" if "dialogue" in draft.parts.values() else ""
    st.caption(f"The whole file is read and checked. A model will look at {used_fields(draft)} fields{talk}.")
    running = job is not None and job.state in ACTIVE
    row = st.container(horizontal=True, vertical_alignment="bottom")
    usual = (upload.name.rpartition(".")[0] or upload.name)[:200]
    name = row.text_input("Name of the dataset", usual, key=f"save_{upload_id}", width=320)
    if row.button("Check and save", type="primary", icon=":material/task_alt:", disabled=schema is None or running):
        assert schema is not None
        request = {"upload_id": upload_id, "name": name, "schema": schema_to_dict(schema), "shown": draft.shown()}
        records.submit(ws, "import", request, by=shared.need("analyst").email, label=f"Checking {upload.name}")
        st.rerun()
    if st.button("Delete this file", icon=":material/delete:", type="tertiary", disabled=running):
        drafts.forget(upload_id)
        st.query_params.pop("upload", None)
        st.rerun()
    if job is not None:
        if job.result:
            st.warning("The file was read to its end, and there is something to mend.", icon=":material/warning:")
            reports.show_report(job.result["report"], partial(drafts.rows_at, upload_id), upload_id)
        else:
            shared.watch_job(job.id, role="analyst")
