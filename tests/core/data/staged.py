"""Leads of given stages, outcomes and calls, for the tests of pairs and of what is built on them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.data.leads import ROLE_COLUMNS, Leads
from core.data.schema import Roles, Schema
from core.funnel import PRESETS, Funnel, Tier

AUTOMOTIVE = PRESETS["automotive"]
MIXED = Funnel(
    ("lost", "offer", "deal"),
    (
        Tier("global_dominance", 1.0, chosen=("deal",), rejected=("lost",)),
        Tier("soft_signal", 0.1, by="call_seconds", top=0.4, bottom=0.4),
        Tier("conversion", 0.7),
    ),
)


def make_leads(stage, converted, call_seconds=None, funnel=AUTOMOTIVE) -> Leads:
    n = len(stage)
    roles = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "customer_id": "",
            "owner": "",
            "snapshot_time": pd.NaT,
            "converted": np.asarray(converted, dtype=float),
            "stage": np.asarray(stage, dtype=np.int64),
            "call_seconds": np.full(n, np.nan) if call_seconds is None else np.asarray(call_seconds, dtype=float),
            "dialogue": "",
        },
        columns=list(ROLE_COLUMNS),
    )
    return Leads(roles, pd.DataFrame(index=roles.index), Schema(Roles("lead_id"), funnel=funnel))


@st.composite
def lead_arrays(draw, stages=3, most=24):
    n = draw(st.integers(0, most))
    stage = draw(hnp.arrays(np.int64, n, elements=st.integers(-1, stages - 1)))
    converted = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0, np.nan])))
    seconds = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 0.0, 5.0, 30.0, 31.5, 600.0, np.nan])))
    return stage, converted, seconds
