"""The Campaigns page as AppTest opens it, costs as somebody would send them, and outcomes of the shipped leads."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from core.data.splitting import open_rows
from core.decisions.economics.campaigns import read_costs
from tests.field_trials import sample_leads

APP = Path(__file__).resolve().parents[1] / "app.py"
SECTIONS = (
    "What to reinforce or cut",
    "Where the money should go",
    "The next split",
    "What learning is worth",
    "Which leads pay",
)
WEEKLY = {"website": 2400.0, "app": 900.0, "marketplace": 6500.0, "hotline": 700.0}
HOSTILE = "<script>x</script> **bold**"


def cost_table() -> pd.DataFrame:
    """Weekly costs of four channels as somebody would send them, and one that always cost the same."""
    rng = np.random.default_rng(1)
    rows = [
        {"Channel": name, "Week": f"{day:%d.%m.%Y}", "Spend": f"{usual * rng.uniform(0.5, 1.5):.2f}".replace(".", ",")}
        for day in pd.date_range("2025-01-06", "2025-11-24", freq="7D")
        for name, usual in WEEKLY.items()
    ]
    flat = [{"Channel": "referral", "Week": f"{day:%d.%m.%Y}", "Spend": "300"} for day in (pd.Timestamp("2025-03-03"),)]
    return pd.DataFrame(rows + flat)


def cost_file(frame: pd.DataFrame) -> bytes:
    out = io.StringIO()
    frame.to_csv(out, sep=";", index=False)
    return out.getvalue().encode()


def kept_costs(frame: pd.DataFrame) -> pd.DataFrame:
    return read_costs(frame.rename(columns={"Channel": "channel", "Week": "period", "Spend": "cost"}))


def outcomes() -> pd.DataFrame:
    """Channel, day and final outcome of the shipped leads, put together anew."""
    leads = sample_leads()
    outcome = leads.converted.copy()
    young = leads.roles["snapshot_time"] > leads.roles["snapshot_time"].max() - timedelta(days=30)
    outcome[young & (outcome == 0)] = np.nan
    assert np.isnan(outcome).sum() == len(open_rows(leads))
    return pd.DataFrame({"channel": leads.features["channel"], "at": leads.roles["snapshot_time"], "won": outcome})


def opened(section: str | None = None, email: str | None = None, **state) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=120)
    if email:
        at.secrets["auth"] = {"x": "y"}
        at.user = {"is_logged_in": True, "email": email}
    at.switch_page("pages/campaigns.py")
    if section:
        at.session_state["campaign_section"] = section
    for name, value in state.items():
        at.session_state[name] = value
    at.run()
    assert not at.exception, [e.message for e in at.exception]
    return at
