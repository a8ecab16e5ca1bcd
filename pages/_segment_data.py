"""What the page Segments reads again and again: the leads of a dataset, and what was found of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.data.leads import Leads
from core.data.segment_rules import inputs, rules_from_dict
from core.data.splitting import open_rows, young_rows
from core.decisions.segments.budget import Campaign, Plan, came_by, plan_campaign
from core.decisions.segments.drift import Drift, drift
from core.decisions.segments.profile import profile
from core.decisions.segments.telling import WAYS
from core.workspace import datasets
from core.workspace.segmentations import Segmentation
from pages import _shared as shared

MOST_VALUES = 200
"""Values of a column that a rule offers, the most frequent first."""


@st.cache_resource(max_entries=2, show_spinner="Reading the leads")
def leads_for(folder: str, dataset_id: str) -> Leads:
    """The leads without what was said, which no segment is made from. Shared between visitors: not to be changed."""
    leads = datasets.leads_of(shared.workspace(), dataset_id)
    return Leads(leads.roles.assign(dialogue=""), leads.features, leads.schema)


@st.cache_data(max_entries=50, show_spinner=False)
def values_of(folder: str, dataset_id: str, column: str) -> list[str]:
    """The values of a category, most frequent first."""
    counts = leads_for(folder, dataset_id).features[column].value_counts()
    return [str(value) for value in counts.index[: MOST_VALUES + 1] if value]


@st.cache_data(max_entries=50, show_spinner=False)
def numbers_of(folder: str, dataset_id: str, column: str) -> list[float]:
    """The numbers of a column, most frequent first."""
    counts = leads_for(folder, dataset_id).features[column].value_counts()
    return [float(value) for value in counts.index[:MOST_VALUES]]


@st.cache_data(max_entries=5, show_spinner=False)
def constant_fields(folder: str, dataset_id: str) -> list[str]:
    """Fields of one value alone: nothing can be learned from them."""
    leads = leads_for(folder, dataset_id)
    named = (*leads.schema.features.numeric, *leads.schema.features.categorical)
    return [name for name in named if leads.features[name].nunique() < 2]


@st.cache_resource(max_entries=2, show_spinner="Reading the segments")
def assigned_of(id: str, _found: Segmentation) -> pd.DataFrame:
    """Every lead with its segment, in the order of the dataset. Shared between visitors: not to be changed."""
    return _found.assigned()


@st.cache_data(max_entries=5, show_spinner="Comparing the segments")
def profile_of(id: str, folder: str, dataset_id: str, _found: Segmentation) -> pd.DataFrame:
    """What tells each segment from the rest, beside the rules. Raises as `profile` does."""
    leads = inputs(leads_for(folder, dataset_id), rules_from_dict(_found.card["rules"]))
    return profile(leads, assigned_of(id, _found)["segment"].to_numpy())


@st.cache_data(max_entries=5, show_spinner=False)
def drift_of(id: str, folder: str, dataset_id: str, _found: Segmentation) -> Drift:
    """Segments month by month, of those who can no longer come late. Raises as `drift` does."""
    leads = leads_for(folder, dataset_id)
    final = np.setdiff1d(np.arange(len(leads)), young_rows(leads))
    time = leads.roles["snapshot_time"].iloc[final].reset_index(drop=True)
    return drift(assigned_of(id, _found)["segment"].to_numpy()[final], time)


@st.cache_data(max_entries=10, show_spinner="Planning the campaign")
def plan_of(
    id: str,
    folder: str,
    dataset_id: str,
    campaign: Campaign,
    by: str,
    contacts: str | None,
    only_open: bool,
    _found: Segmentation,
) -> Plan:
    """Whom to reach. `by`: one of `telling.WAYS`; `contacts`: the column that counts earlier contacts."""
    assigned, leads = assigned_of(id, _found), leads_for(folder, dataset_id)
    rows = open_rows(leads) if only_open else np.arange(len(leads))
    taken = assigned.iloc[rows]
    contacted = leads.features[contacts].to_numpy(dtype=float)[rows] if contacts else None
    customer = leads.roles["customer_id"].to_numpy(dtype=object)[rows]
    lead_id, chance, anyway = (taken[name].to_numpy() for name in ("lead_id", *WAYS[by]))
    return plan_campaign(lead_id, chance, anyway, campaign, contacted, customer, came_by(taken))
