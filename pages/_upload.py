"""The box that takes a file of leads in, and what to do where there is none yet."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import drafts
from core.errors import LeadRankError
from pages import _shared as shared
from pages._draft import first_rows

SAMPLE = Path(__file__).parent.parent / "sample_data" / "leads.csv"


def upload_box() -> None:
    """Take a file in and go on to its draft, or say why it cannot be used."""
    limit = int(st.get_option("server.maxUploadSize"))
    turn = st.session_state.setdefault("upload_turn", 0)
    if refused := st.session_state.get("upload_refused"):
        st.error(shared.literal(refused), title="This file cannot be used", icon=":material/error:")
    file = st.file_uploader(
        f"Bring in a file of leads: CSV (any separator), Excel or Parquet, at most {limit:,} MB",
        key=f"file_{turn}",
        help="One lead a row, below a header. CSV may be gzipped. For a million leads, Parquet is smallest.",
    )
    if file is not None:
        st.session_state["upload_refused"] = None
        by = shared.need("analyst").email
        try:
            with st.spinner("Keeping the file and reading its first rows"):
                most = limit << 20
                ws = shared.workspace()
                made = drafts.take_in(ws, file.name, file, by=by, limit_bytes=most, check=first_rows)
            st.query_params["upload"] = made.id
        except LeadRankError as error:
            st.session_state["upload_refused"] = shared.without_folders(str(error))
        # The next run draws another box: Streamlit then lets go of the file, which it holds in memory.
        st.session_state["upload_turn"] = turn + 1
        st.rerun()
    if SAMPLE.is_file():
        shared.download(
            "Download a sample file",
            SAMPLE.read_bytes,
            "leads.csv",
            "text/csv",
            "sample leads",
            role="analyst",
            type="tertiary",
        )


def nothing_yet() -> None:
    """Said where the workspace holds neither datasets nor uploads."""
    st.info(
        "Nothing is here yet. Drop a file in the box above: its columns are recognised, and you can correct what was "
        "guessed before anything is kept. To see what a file may look like, download the sample.",
        icon=":material/info:",
    )
