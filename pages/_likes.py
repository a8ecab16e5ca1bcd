"""Leads like this one whose outcome is known. Apart from the rest: it alone needs scikit-learn, a second to import."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.leads import Leads
from core.data.masking import masked_leads
from core.data.prompts import shown_value
from core.errors import NotComputable
from core.queue.titles import column_words
from core.similar import MOST, similar_leads
from core.workspace.datasets import decided_leads, leads_of
from core.workspace.tables import Dataset
from pages import _shared as shared


@st.cache_resource(max_entries=1, show_spinner=False)
def _decided(dataset_id: str, sha256: str) -> Leads:
    """What leads are compared with, masked; a dataset's leads never change, so its id and content hash say which."""
    return masked_leads(decided_leads(shared.workspace(), dataset_id, MOST))


@st.cache_data(max_entries=200, show_spinner=False)
def _likes(dataset_id: str, sha256: str, lead_id: str, _lead: Leads) -> pd.DataFrame:
    return similar_leads(masked_leads(_lead), _decided(dataset_id, sha256))


def likes(dataset: Dataset, lead: Leads) -> None:
    """Leads with a known outcome that are most like this one, and whether they ordered."""
    with st.spinner("Looking for leads like this one …"):
        try:
            found = _likes(dataset.id, dataset.sha256, str(lead.lead_id.iat[0]), lead)
        except NotComputable as error:
            st.caption(shared.literal(error))
            return
    ordered = int(found["converted"].sum())
    st.write(f"{ordered} of the {len(found)} most similar leads with a known outcome ordered.")
    others = masked_leads(leads_of(shared.workspace(), dataset.id, found["lead_id"].tolist()))
    table = pd.DataFrame(
        {
            "Lead": found["lead_id"],
            "Likeness": 100 * found["likeness"],
            "Stage reached": found["stage"],
            "Outcome": found["converted"].map({1.0: "✓ ordered", 0.0: "– did not order"}),
            **{
                column_words(f"field:{name}"): others.features[name].map(shown_value)
                for name in (*lead.schema.features.categorical, *lead.schema.features.numeric)[:6]
            },
            "Said last": [text.rsplit("\n", 1)[-1] for text in others.dialogue.tolist()],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={"Likeness": st.column_config.ProgressColumn(format="%.0f%%", min_value=0, max_value=100)},
        alt="Similar leads with their likeness and outcome",
    )
    st.caption("Alike in their fields and in what was said. Names and numbers are hidden.")
